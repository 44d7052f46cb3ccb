"""What is either so or not is shown: flow, permission, contact, and every protection with its evidence."""

from __future__ import annotations

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.home_bms import entity
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.battery import Kind
from custom_components.home_bms.core.protection import PROTECTION_KEYS

from .conftest import ScriptedDriver, lost, until
from .entities import everything_is_news, offered, show, state_of
from .lessons import LEAKY, WEAK, finding, teach


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.BINARY_SENSOR]


@pytest.fixture(autouse=True)
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_news(monkeypatch)


def test_the_binary_sensors_a_user_gets(
    hass: HomeAssistant, entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    rows = offered(hass, Platform.BINARY_SENSOR)
    assert list(rows.values()).count("problem, diagnostic") == len(PROTECTION_KEYS)
    assert rows["binary_sensor.home_battery_problem"] == "problem"
    assert rows == snapshot


@pytest.mark.parametrize(("current", "state"), [(20.0, "on"), (0.1, "off"), (-20.0, "off"), (None, "unknown")])
async def test_charging_is_shown_from_the_current(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    current: float | None,
    state: str,
) -> None:
    driver.current = current
    await show(hass, pack)
    assert state_of(hass, "binary_sensor.pack_1_charging") == state


async def test_a_quiet_pack_permits_both_ways_and_has_no_problem(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    await show(hass, pack)
    assert state_of(hass, "binary_sensor.pack_1_charge_permitted") == "on"
    assert state_of(hass, "binary_sensor.pack_1_discharge_permitted") == "on"
    assert state_of(hass, "binary_sensor.pack_1_tripped") == "off"
    problems = [
        state for state in hass.states.async_all("binary_sensor") if state.attributes.get("device_class") == "problem"
    ]
    # One for each protection of the pack and one for what estimation finds, and one for the whole system.
    assert len(problems) == len(PROTECTION_KEYS) + 2
    assert {state.state for state in problems} == {"off"}


async def test_a_hot_cell_is_a_problem_with_its_evidence_and_then_a_trip(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    driver.temperatures[1] = 52.0
    await until(lambda: pack.latest.decision.alarms)
    await show(hass, pack)
    problem = hass.states.get("binary_sensor.pack_1_too_hot_to_charge")
    assert problem is not None
    assert problem.state == "on"
    assert problem.attributes["level"] == "protect"
    assert problem.attributes["sensor"] == 2
    assert problem.attributes["cell"] is None
    assert (problem.attributes["value"], problem.attributes["threshold"]) == (52.0, 50.0)
    assert state_of(hass, "binary_sensor.pack_1_charge_permitted") == "off"
    assert state_of(hass, "binary_sensor.pack_1_discharge_permitted") == "on"
    assert state_of(hass, "binary_sensor.pack_1_tripped") == "off"

    driver.temperatures[1] = 62.0
    await until(lambda: pack.latest.decision.mode == "tripped")
    await show(hass, pack)
    trip = hass.states.get("binary_sensor.pack_1_tripped")
    assert trip is not None
    assert (trip.state, trip.attributes["level"]) == ("on", "trip")

    # A trip stays when its cause goes.
    driver.temperatures[1] = 25.0
    await show(hass, pack, 10)
    assert state_of(hass, "binary_sensor.pack_1_tripped") == "on"


async def test_the_system_shows_the_gravest_problem_of_any_pack(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await show(hass, pack)
    problem = hass.states.get("binary_sensor.home_battery_problem")
    assert problem is not None
    assert (problem.state, problem.attributes.get("pack")) == ("off", None)
    driver.temperatures[1] = 52.0
    await until(lambda: pack.latest.decision.alarms)
    await show(hass, pack)
    problem = hass.states.get("binary_sensor.home_battery_problem")
    assert problem is not None
    assert problem.state == "on"
    told = {name: problem.attributes[name] for name in ("pack", "protection", "level", "sensor", "value", "threshold")}
    assert told == {
        "pack": "Pack 1",
        "protection": "charge_overtemperature",
        "level": "protect",
        "sensor": 2,
        "value": 52.0,
        "threshold": 50.0,
    }


async def test_what_estimation_finds_is_a_problem_with_its_kinds_and_cells(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    await show(hass, pack)
    state = hass.states.get("binary_sensor.pack_1_finding")
    assert state is not None
    assert (state.state, state.attributes["kinds"], state.attributes["cells"]) == ("off", [], [])
    teach(
        pack,
        findings=(
            finding(Kind.WEAK_CELL, WEAK, 13.2, 9.4),
            finding(Kind.LEAKY_CELL, LEAKY, 0.012, 0.008),
            finding(Kind.SENSOR_DRIFT, None, 0.9, 0.7),
        ),
    )
    await show(hass, pack)
    state = hass.states.get("binary_sensor.pack_1_finding")
    assert state is not None
    assert state.state == "on"
    assert state.attributes["kinds"] == ["leaky_cell", "sensor_drift", "weak_cell"]
    assert state.attributes["cells"] == [WEAK + 1, LEAKY + 1]
    assert {"kinds", "cells"} <= state.state_info["unrecorded_attributes"]
    teach(pack, findings=())
    await show(hass, pack)
    assert state_of(hass, "binary_sensor.pack_1_finding") == "off"


async def test_the_level_of_a_problem_is_recorded_and_its_numbers_are_not(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    state = hass.states.get("binary_sensor.pack_1_cell_over_voltage")
    assert state is not None
    unrecorded = state.state_info["unrecorded_attributes"]
    assert {"cell", "sensor", "value", "threshold"} <= unrecorded
    assert "level" not in unrecorded


async def test_a_silent_pack_is_told_and_shows_no_old_flow(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entity, "STALE_AFTER", 0.1)
    driver.error = lost()
    await until(lambda: pack.latest.believed.link_age > 0.2)
    await show(hass, pack)
    assert state_of(hass, "binary_sensor.pack_1_communication") == "off"
    assert state_of(hass, "binary_sensor.pack_1_charging") == "unavailable"
    assert state_of(hass, "binary_sensor.pack_1_balancing") == "unavailable"
    # What home_bms decides is known, with or without the pack.
    assert state_of(hass, "binary_sensor.pack_1_tripped") == "off"
    driver.error = None
    await until(lambda: pack.latest.believed.link_age < 0.05)
    await show(hass, pack)
    assert state_of(hass, "binary_sensor.pack_1_communication") == "on"
