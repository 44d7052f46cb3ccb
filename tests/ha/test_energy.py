"""The energy dashboard takes the system as a battery and has nothing to complain of."""

from __future__ import annotations

import pytest
from homeassistant.components.recorder import Recorder
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.home_bms.coordinator import PackCoordinator

from .conftest import ScriptedDriver
from .entities import everything_is_news, show


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR]


@pytest.mark.parametrize("device", ["home_battery", "pack_1"])
async def test_the_energy_dashboard_accepts_the_battery(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    hass_ws_client: WebSocketGenerator,
    monkeypatch: pytest.MonkeyPatch,
    device: str,
) -> None:
    everything_is_news(monkeypatch)
    assert await async_setup_component(hass, "energy", {})
    driver.current = 50.0
    await show(hass, pack, 5)
    driver.current = -50.0
    await show(hass, pack, 5)
    client = await hass_ws_client(hass)
    battery = {
        "type": "battery",
        "stat_energy_from": f"sensor.{device}_energy_discharged",
        "stat_energy_to": f"sensor.{device}_energy_charged",
        # Home Assistant counts discharging as positive, home_bms charging.
        "power_config": {"stat_rate_inverted": f"sensor.{device}_power"},
        "stat_soc": f"sensor.{device}_state_of_charge",
        "capacity": 14.3,
    }
    await client.send_json_auto_id({"type": "energy/save_prefs", "energy_sources": [battery]})
    answer = await client.receive_json()
    assert answer["success"], answer
    await hass.async_block_till_done()
    await async_wait_recording_done(hass)
    state = hass.states.get(battery["stat_energy_to"])
    assert state is not None
    told = state.last_updated
    do_adhoc_statistics(hass, start=told.replace(minute=told.minute // 5 * 5, second=0, microsecond=0))
    await async_wait_recording_done(hass)

    await client.send_json_auto_id({"type": "energy/validate"})
    answer = await client.receive_json()
    assert answer["success"], answer
    assert answer["result"]["energy_sources"] == [[]]

    # The guard of this test: a sensor that is none of energy would be told.
    wrong = battery | {"stat_energy_from": f"sensor.{device}_voltage"}
    await client.send_json_auto_id({"type": "energy/save_prefs", "energy_sources": [wrong]})
    assert (await client.receive_json())["success"]
    await client.send_json_auto_id({"type": "energy/validate"})
    (issues,) = (await client.receive_json())["result"]["energy_sources"]
    assert issues
