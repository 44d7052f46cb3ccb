"""The logbook tells in a sentence what a protection did, and to which pack."""

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
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, until


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.EVENT]


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
