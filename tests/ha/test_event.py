"""A protection that rises is an event with a name of its own, so that a user's automation can wait for just that."""

from __future__ import annotations

import pytest
from homeassistant.const import Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, ServiceCall, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
)

from custom_components.home_bms.const import DOMAIN, EVENT_PROTECTION, WRITES_TO_TELL
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.protection import PROTECTION_KEYS
from custom_components.home_bms.hw.driver import DriverError

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, ticks, until
from .entities import offered

PROTECTION = "event.pack_1_protection"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.EVENT]


@pytest.fixture
def told(hass: HomeAssistant) -> list[tuple[str, str, str]]:
    """Collect the events: type, protection and level."""
    events: list[tuple[str, str, str]] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is not None and new.entity_id == PROTECTION and new.attributes.get("event_type"):
            told = new.attributes
            events.append((told["event_type"], told["protection"], told["level"]))

    hass.bus.async_listen("state_changed", note)
    return events


def test_the_event_a_user_gets(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    events = (PROTECTION, "event.home_battery_lease", "event.home_battery_inspection", "event.pack_1_session")
    assert offered(hass, Platform.EVENT) == {**dict.fromkeys(events, ""), "event.pack_1_device_change": "diagnostic"}
    state = hass.states.get(PROTECTION)
    assert state is not None
    types = state.attributes["event_types"]
    assert types == [*PROTECTION_KEYS, "write_failed", "internal_error", "released", "reset"]


async def test_an_automation_of_the_user_reacts_to_a_hot_cell(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    calls: list[ServiceCall] = async_mock_service(hass, "notify", "phone")
    trigger = {
        "trigger": "state",
        "entity_id": PROTECTION,
        "not_from": "unavailable",
    }
    condition = "{{ trigger.to_state.attributes.event_type == 'charge_overtemperature' }}"
    message = "Sensor {{ trigger.to_state.attributes.sensor }} is at {{ trigger.to_state.attributes.value }} °C"
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": trigger,
                "conditions": {"condition": "template", "value_template": condition},
                "actions": {"action": "notify.phone", "data": {"message": message}},
            }
        },
    )
    driver.temperatures[2] = 52.0
    await until(lambda: calls)
    assert calls[0].data["message"] == "Sensor 3 is at 52.0 °C"
    # Cooling down is not another alarm.
    driver.temperatures[2] = 25.0
    await until(lambda: not pack.latest.decision.alarms)
    await hass.async_block_till_done()
    assert len(calls) == 1


async def test_an_event_says_how_grave_it_is_what_it_stops_and_what_began_it(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    fired = async_capture_events(hass, EVENT_PROTECTION)
    driver.cells = [3.30] * 15 + [3.57]
    driver.current = 10.0
    await until(lambda: any(event.data["protection"] == "cell_overvoltage" for event in fired))
    await hass.async_block_till_done()
    (told,) = [event.data for event in fired if event.data["protection"] == "cell_overvoltage"][:1]
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, PACK_ID), ENTRY_ID)
    assert device is not None
    assert dict(told) == {
        "entity_id": PROTECTION,
        "device_id": device.id,
        "name": "Pack 1",
        "protection": "cell_overvoltage",
        "level": "protect",
        "severity": "serious",
        "flow": "charge",
        "cell": 16,
        "sensor": None,
        "value": 3.57,
        "threshold": 3.55,
        "cause": "cell_overvoltage",
        "acting": False,
    }
    state = hass.states.get(PROTECTION)
    assert state is not None
    assert "message" in state.attributes
    assert "message" in state.state_info["unrecorded_attributes"]


async def test_a_protection_that_rises_trips_and_is_reset_tells_each_step(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    told: list[tuple[str, str, str]],
) -> None:
    driver.temperatures[0] = 52.0
    await until(lambda: told)
    driver.temperatures[0] = 57.0
    await until(lambda: pack.latest.decision.mode == "tripped")
    driver.temperatures[0] = 25.0
    await ticks(pack, 5)
    await pack.async_reset_trips()
    await until(lambda: told[-1][0] == "reset")
    key = "charge_overtemperature"
    mine = [event for event in told if event[1] == key]
    assert mine == [(key, key, "protect"), (key, key, "trip"), ("reset", key, "reset")]


async def test_a_protection_that_lets_go_is_told_apart_from_one_that_rises(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    told: list[tuple[str, str, str]],
) -> None:
    driver.temperatures[0] = 52.0
    await until(lambda: told)
    driver.temperatures[0] = 25.0
    await until(lambda: told[-1][0] == "released")
    assert told[-1] == ("released", "charge_overtemperature", "released")


async def test_a_pack_that_takes_no_commands_is_told(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    told: list[tuple[str, str, str]],
) -> None:
    driver.apply_error = DriverError("not_effective", "the switch did not move")
    await entry.runtime_data.async_allow_control(True)
    await until(lambda: told)
    assert told == [("write_failed", "write_failed", "protect")]
    state = hass.states.get(PROTECTION)
    assert state is not None
    assert state.attributes["threshold"] == WRITES_TO_TELL
    assert state.attributes["cause"] == "write_failed"
