"""The logbook tells in a sentence what a protection did or estimation corrected, and to which pack."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

import pytest
from homeassistant.components.recorder import Recorder
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms.const import DOMAIN, EVENT_CORRECTION
from custom_components.home_bms.coordinator import PackCoordinator

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, ticks, until
from .lessons import live


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.EVENT]


async def test_a_correction_of_the_charge_is_told_once_in_log_and_logbook(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await async_setup_component(hass, "logbook", {})
    events = async_capture_events(hass, EVENT_CORRECTION)
    estimate = pack.supervisor.state.estimate
    live(pack, jump=-2.34, jumps=estimate.jumps + 1)
    await ticks(pack)
    await hass.async_block_till_done()
    await async_wait_recording_done(hass)
    assert caplog.text.count("Pack 1: the state of charge was corrected by -2.3 to 60.0 %") == 1
    (event,) = events
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, PACK_ID), ENTRY_ID)
    assert device is not None
    assert event.data == {"device_id": device.id, "name": "Pack 1", "change": -2.3, "soc": 60.0}

    client = await hass_client()
    answer = await client.get(f"/api/logbook/{(dt_util.utcnow() - timedelta(minutes=5)).isoformat()}")
    (told,) = [row for row in await answer.json() if row.get("domain") == DOMAIN]
    assert told["name"] == "Pack 1"
    assert told["message"] == "the state of charge was counted wrongly and corrected by -2.3 % to 60.0 %"


async def test_a_hot_cell_is_told_in_the_logbook_under_its_packs_name(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
) -> None:
    assert await async_setup_component(hass, "logbook", {})
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier((DOMAIN, PACK_ID), ENTRY_ID)
    assert device is not None
    registry.async_update_device(device.id, name_by_user="Garage pack")
    driver.temperatures[2] = 52.0
    await until(lambda: any(alarm.key == "charge_overtemperature" for alarm in pack.latest.decision.alarms))
    await hass.async_block_till_done()
    await async_wait_recording_done(hass)

    client = await hass_client()
    since = dt_util.utcnow() - timedelta(minutes=5)
    answer = await client.get(f"/api/logbook/{since.isoformat()}", params={"entity": "event.pack_1_protection"})
    assert answer.status == HTTPStatus.OK
    told = [row for row in await answer.json() if row.get("domain") == DOMAIN]
    hot = [row for row in told if "sensor 3" in row["message"]]
    assert hot, told
    assert hot[0]["name"] == "Garage pack"
    assert hot[0]["entity_id"] == "event.pack_1_protection"
    assert hot[0]["message"] == (
        "temperature sensor 3 reached 52 °C, above the stop of 50 °C; charging stopped (only a wish: control is off)"
    )
