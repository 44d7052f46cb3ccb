"""What is known is shown: all of it, never older than it is, and no more often than it moves."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from random import Random
from unittest.mock import patch

import pytest
from homeassistant.const import Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.home_bms import entity
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import AskedLimits, Bound, LinkState, Quality, Reason
from custom_components.home_bms.core.plausibility import DOUBTS
from custom_components.home_bms.core.system import combine

from .conftest import ScriptedDriver, lost, make_entry, pack_subentry, set_up, ticks, until
from .entities import everything_is_news, offered, show, state_of


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR]


@pytest.fixture
def everything_enabled() -> Generator[None]:
    """Show what a user would have to enable first, too."""
    with patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", return_value=True):
        yield


def number(hass: HomeAssistant, entity_id: str) -> float:
    return float(state_of(hass, f"sensor.{entity_id}"))


def test_the_sensors_a_user_gets(hass: HomeAssistant, entry: MockConfigEntry, snapshot: SnapshotAssertion) -> None:
    assert offered(hass, Platform.SENSOR) == snapshot


async def test_a_charging_pack_is_shown_whole(
    hass: HomeAssistant,
    everything_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything_is_news(monkeypatch)
    driver.cells = [3.300 + 0.001 * index for index in range(16)]
    driver.temperatures = [20.0, 21.5, 23.0, 19.0]
    driver.current = 20.0
    await show(hass, pack)
    assert number(hass, "pack_1_voltage") == pytest.approx(sum(cell for cell in driver.cells if cell), abs=0.01)
    assert number(hass, "pack_1_current") == 20.0
    assert number(hass, "pack_1_power") == pytest.approx(20.0 * 52.92, abs=1)
    assert number(hass, "pack_1_state_of_charge") == pytest.approx(60, abs=0.1)
    assert number(hass, "pack_1_cell_1") == 3.300
    assert number(hass, "pack_1_cell_16") == 3.315
    assert number(hass, "pack_1_highest_cell_voltage") == 3.315
    assert number(hass, "pack_1_highest_cell") == 16
    assert number(hass, "pack_1_lowest_cell_voltage") == 3.300
    assert number(hass, "pack_1_lowest_cell") == 1
    assert number(hass, "pack_1_cell_difference") == pytest.approx(15)
    assert number(hass, "pack_1_temperature_2") == 21.5
    assert number(hass, "pack_1_highest_temperature") == 23.0
    assert number(hass, "pack_1_lowest_temperature") == 19.0
    assert number(hass, "pack_1_switch_temperature") == 30.0
    assert number(hass, "pack_1_capacity") == pytest.approx(280, rel=0.1)
    assert state_of(hass, "sensor.pack_1_state") == "charging"
    assert number(hass, "pack_1_failed_reads") == 0
    assert number(hass, "pack_1_cycle_time") >= 0
    assert number(hass, "pack_1_data_age") < 5
    # The system of one pack shows that pack.
    assert number(hass, "home_battery_capacity") == 280.0
    for key in ("voltage", "current", "power", "state_of_charge", "stored_energy"):
        assert number(hass, f"home_battery_{key}") == pytest.approx(number(hass, f"pack_1_{key}"), rel=0.01), key
    assert state_of(hass, "sensor.home_battery_weakest_pack") == "Pack 1"


async def test_energy_is_counted_in_kilowatt_hours(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything_is_news(monkeypatch)
    driver.current = 100.0
    await ticks(pack, 10)
    driver.current = -100.0
    await show(hass, pack, 10)
    estimate = pack.latest.estimate
    assert estimate.energy_in > 0.1
    assert estimate.energy_out > 0.1
    for name, watt_hours in (("charged", estimate.energy_in), ("discharged", estimate.energy_out)):
        for device in ("pack_1", "home_battery"):
            assert number(hass, f"{device}_energy_{name}") == pytest.approx(watt_hours / 1000, abs=0.001)


async def test_a_dead_sense_wire_hides_its_own_cell_only(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything_is_news(monkeypatch)
    driver.cells[6] = None
    driver.temperatures[1] = None
    await show(hass, pack)
    assert state_of(hass, "sensor.pack_1_cell_7") == "unknown"
    assert number(hass, "pack_1_cell_8") == 3.3
    assert number(hass, "pack_1_highest_cell_voltage") == 3.3
    assert state_of(hass, "sensor.pack_1_temperature_2") == "unknown"
    assert number(hass, "pack_1_temperature_1") == 25.0


async def test_a_silent_pack_shows_no_old_values_but_keeps_its_counters_and_limits(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything_is_news(monkeypatch)
    monkeypatch.setattr(entity, "STALE_AFTER", 0.1)
    driver.error = lost()
    await until(lambda: pack.latest.believed.link_age > 0.2)
    await show(hass, pack)
    for key in ("voltage", "power", "cell_3", "highest_cell", "temperature_1", "state_of_charge", "stored_energy"):
        assert state_of(hass, f"sensor.pack_1_{key}") == "unavailable", key
    assert number(hass, "pack_1_energy_charged") == 0
    assert number(hass, "pack_1_charge_current_limit") == 0
    assert number(hass, "home_battery_energy_charged") == 0

    driver.error = None
    await until(lambda: pack.latest.believed.link_age < 0.05)
    await show(hass, pack)
    assert number(hass, "pack_1_voltage") == 52.8


async def test_a_limit_says_which_sensor_holds_it_down(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything_is_news(monkeypatch)
    driver.temperatures[2] = 51.0
    await until(lambda: pack.latest.decision.ccl.reason.rule == "charge_overtemperature")
    await show(hass, pack)
    reason = hass.states.get("sensor.pack_1_charge_current_limit_reason")
    assert reason is not None
    assert reason.state == "charge_overtemperature"
    assert (reason.attributes["sensor"], reason.attributes["cell"]) == (3, None)
    assert (reason.attributes["value"], reason.attributes["threshold"]) == (51.0, 50.0)
    limit = hass.states.get("sensor.home_battery_charge_current_limit")
    assert limit is not None
    assert (limit.state, limit.attributes["reason"]) == ("0.0", "charge_overtemperature")
    # Of no use to the recorder, which would keep a row for every change of theirs.
    assert {"cell", "sensor", "value", "threshold"} <= reason.state_info["unrecorded_attributes"]
    assert "reason" in limit.state_info["unrecorded_attributes"]


async def test_a_doubted_value_says_why_at_itself_and_in_the_quality_of_the_data(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything_is_news(monkeypatch)
    await show(hass, pack)
    assert state_of(hass, "sensor.pack_1_data_quality") == "good"
    assert state_of(hass, "sensor.pack_1_link") == "connected"
    driver.cells[6] = 65.535
    driver.temperatures[1] = -40.0
    await show(hass, pack)
    cell, sensor = hass.states.get("sensor.pack_1_cell_7"), hass.states.get("sensor.pack_1_temperature_2")
    assert cell is not None
    assert sensor is not None
    assert cell.state == sensor.state == "unknown"
    reasons = {"cell_7": cell.attributes["doubt"], "temperature_2": sensor.attributes["doubt"]}
    assert set(reasons.values()) <= set(DOUBTS)
    quality = hass.states.get("sensor.pack_1_data_quality")
    assert quality is not None
    assert quality.state == "doubtful"
    assert reasons.items() <= quality.attributes["doubts"].items()
    assert {"doubt", "doubts"} <= quality.state_info["unrecorded_attributes"]
    assert "doubt" not in hass.states.get("sensor.pack_1_cell_8").attributes  # type: ignore[union-attr]
    driver.cells[6], driver.temperatures[1] = 3.3, 25.0
    await until(lambda: not pack.latest.believed.doubts)
    await show(hass, pack)
    assert state_of(hass, "sensor.pack_1_data_quality") == "good"


async def test_a_doubt_is_news_though_the_value_stands(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    snapshot = pack.latest
    for doubts in ({}, {"temperature_1": "disagrees"}, {}):
        pack.async_set_updated_data(replace(snapshot, believed=replace(snapshot.believed, doubts=doubts)))
        state = hass.states.get("sensor.pack_1_temperature_1")
        assert state is not None
        assert state.state == "25.0"
        assert state.attributes.get("doubt") == doubts.get("temperature_1")


async def test_the_link_is_told_as_it_goes_and_comes(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything_is_news(monkeypatch)
    snapshot = pack.latest
    for link, quality in ((LinkState.LATE, Quality.DOUBTFUL), (LinkState.SLEEPING, Quality.POOR)):
        pack.async_set_updated_data(replace(snapshot, believed=replace(snapshot.believed, link=link, quality=quality)))
        assert state_of(hass, "sensor.pack_1_link") == link
        assert state_of(hass, "sensor.pack_1_data_quality") == quality


def limits(pack: PackCoordinator, ccl: float, dcl: float, why: Reason | None = None) -> None:
    """Let a pack have decided so."""
    decision = pack.latest.decision
    charge = Bound(value=ccl, reason=why or Reason(rule="rated"))
    discharge = Bound(value=dcl, reason=Reason(rule="soc_window"))
    pack.latest = replace(pack.latest, decision=replace(decision, ccl=charge, dcl=discharge))


async def test_the_system_says_what_limits_it_most_and_where(
    hass: HomeAssistant,
    drivers: list[ScriptedDriver],
    driver: ScriptedDriver,
    scripted: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything_is_news(monkeypatch)
    drivers.append(ScriptedDriver("JK-0002"))
    other = pack_subentry("01PACK0000000000000000000B", "Garage pack", serial_number="JK-0002")
    entry = make_entry(hass, pack_subentry(), other)
    await set_up(hass, entry)
    garage: PackCoordinator = entry.runtime_data.packs["01PACK0000000000000000000B"]
    hot = Reason(rule="charge_overtemperature", sensor=3, value=51.0, threshold=50.0)
    for pack in entry.runtime_data.packs.values():
        limits(pack, 140.0, 70.0)
    # Half of the discharge is left, and nothing of the charge.
    limits(garage, 0.0, 70.0, hot)
    system = entry.runtime_data.system
    system.async_set_updated_data(system.async_combine())
    limiting = hass.states.get("sensor.home_battery_limiting_reason")
    assert limiting is not None
    assert limiting.state == "charge_overtemperature"
    assert limiting.attributes["pack"] == "Garage pack"
    assert limiting.attributes["direction"] == "charge"
    assert limiting.attributes["limit"] == 0.0
    assert limiting.attributes["sensor"] == 4
    assert (limiting.attributes["value"], limiting.attributes["threshold"]) == (51.0, 50.0)
    assert {"pack", "limit"} & set(limiting.state_info["unrecorded_attributes"]) == {"limit"}


async def test_the_scarcer_direction_is_the_one_that_limits(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    system = pack.config_entry.runtime_data.system
    for ccl, dcl, direction in ((140.0, 70.0, "discharge"), (70.0, 140.0, "charge"), (140.0, 140.0, "charge")):
        limits(pack, ccl, dcl)
        # As at the end of their ramps.
        system.async_set_updated_data(combine({pack.identity: (pack.config, pack.latest)}))
        limiting = hass.states.get("sensor.home_battery_limiting_reason")
        assert limiting is not None
        assert limiting.attributes["direction"] == direction


class Clock:
    """What time it is for the entities."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(entity, "monotonic", lambda: self.now)


async def test_a_cell_speaks_when_it_has_moved_and_not_too_often(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)

    async def after(seconds: float, voltage: float) -> float:
        clock.now += seconds
        driver.cells[0] = voltage
        await show(hass, pack)
        return number(hass, "pack_1_cell_1")

    assert await after(61, 3.300) == 3.300
    # A millivolt is noise until nothing was said for a minute.
    assert await after(31, 3.301) == 3.300
    assert await after(30, 3.301) == 3.301
    # Two millivolts are news, but not within half a minute.
    assert await after(10, 3.305) == 3.301
    assert await after(21, 3.305) == 3.305


async def test_a_cell_that_dies_is_told_at_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    await show(hass, pack)
    assert number(hass, "pack_1_cell_1") == 3.3
    clock.now += 1
    driver.cells[0] = None
    await show(hass, pack)
    assert state_of(hass, "sensor.pack_1_cell_1") == "unknown"


async def test_while_a_protection_moves_every_changed_value_is_told(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A trip at 57 °C beside a temperature of 25 °C would be a riddle."""
    clock = Clock(monkeypatch)
    await show(hass, pack)
    clock.now += 1
    driver.temperatures[:] = [57.0] * len(driver.temperatures)
    await until(lambda: pack.latest.decision.mode == "tripped")
    await show(hass, pack, 1)
    assert number(hass, "pack_1_highest_temperature") == 57


async def test_a_limit_that_falls_is_told_at_once_and_its_rise_can_wait(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    clock.now += 61
    await pack.async_wish(charge_voltage_cap=52.0)
    await show(hass, pack)
    assert number(hass, "pack_1_charge_voltage_limit") == 52.0
    await pack.async_wish(charge_voltage_cap=51.0)
    await show(hass, pack)
    assert number(hass, "pack_1_charge_voltage_limit") == 51.0


async def test_a_current_limit_is_told_at_once_when_it_comes_to_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    snapshot = pack.latest
    for amperes in (0.3, 0.0):
        ccl = replace(snapshot.decision.ccl, value=amperes)
        pack.async_set_updated_data(replace(snapshot, decision=replace(snapshot.decision, ccl=ccl)))
        assert number(hass, "pack_1_charge_current_limit") == amperes


async def test_a_restless_pack_costs_the_recorder_two_rows_a_second_at_most(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    random = Random(1)
    rows: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        rows.append(event.data["entity_id"])

    hass.bus.async_listen("state_changed", note)
    await entry.runtime_data.async_allow_control(False)
    for _ in range(60):
        clock.now += 10
        driver.current = random.uniform(-100, 100)
        driver.cells = [random.uniform(3.25, 3.35) for _ in driver.cells]
        driver.temperatures = [random.uniform(20, 30) for _ in driver.temperatures]
        await show(hass, pack, 1)
    assert len({row for row in rows if row.startswith("sensor.pack_1_cell_")}) >= 16
    assert 60 < len(rows) <= 2 * 600


async def test_what_a_pack_asks_for_is_shown_and_why_it_limits(
    hass: HomeAssistant,
    everything_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything_is_news(monkeypatch)
    await show(hass, pack)
    assert state_of(hass, "sensor.pack_1_requested_charge_current") == "unknown"
    driver.asked = AskedLimits(cvl=54.0, ccl=20.0, dcl=60.0, discharge_allowed=False)
    await ticks(pack)
    await show(hass, pack)
    assert number(hass, "pack_1_requested_charge_voltage") == 54.0
    assert number(hass, "pack_1_requested_charge_current") == 20.0
    assert number(hass, "pack_1_requested_discharge_current") == 0.0
    assert number(hass, "pack_1_charge_voltage_limit") <= 54.0
    assert number(hass, "pack_1_discharge_current_limit") == 0.0
    reason = hass.states.get("sensor.pack_1_discharge_current_limit_reason")
    assert reason.state == "refused_by_pack"
    driver.asked = AskedLimits(cvl=54.0, ccl=-1.0)
    await ticks(pack)
    await show(hass, pack)
    shown = hass.states.get("sensor.pack_1_requested_charge_current")
    assert (float(shown.state), shown.attributes["doubt"]) == (20.0, "implausible")
    assert hass.states.get("sensor.pack_1_data_quality").attributes["doubts"]["asked_ccl"] == "implausible"
