"""Entities hear what matters at once and noise seldom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import system_coordinator
from custom_components.home_bms.core import bms
from custom_components.home_bms.core.battery import Finding, Kind
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import (
    Alarm,
    Bound,
    Flow,
    Level,
    Mode,
    PackReading,
    Reason,
    Snapshot,
    Switches,
)
from custom_components.home_bms.publish import due, pressing

from .conftest import PACK_ID

CONFIG = configure(
    chemistry="lfp", cells=16, capacity=280, charge_current=140, discharge_current=140, temperature_sensors=4
)


@pytest.fixture(scope="module")
def told() -> Snapshot:
    """Return what was told at 100 s, with limits of 100 A."""
    _, snapshot = bms.observe(
        CONFIG,
        bms.start(CONFIG),
        PackReading(time=100.0, cells=(3.3,) * 16, cells_time=100.0, current=10.0, voltage=52.8, current_time=100.0),
    )
    hundred = Bound(value=100.0, reason=Reason(rule="rated"))
    return replace(snapshot, decision=replace(snapshot.decision, ccl=hundred, dcl=hundred))


def after(told: Snapshot, seconds: float, **changes: Any) -> Snapshot:
    """Return the snapshot `seconds` later with parts of its decision changed."""
    return replace(told, decision=replace(told.decision, time=told.decision.time + seconds, **changes))


def amps(value: float) -> Bound:
    return Bound(value=value, reason=Reason(rule="cell_voltage"))


def alarm(level: Level) -> tuple[Alarm, ...]:
    return (Alarm(key="cell_overvoltage", level=level, flow=Flow.CHARGE, reason=Reason(rule="cell_overvoltage")),)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"mode": Mode.TRIPPED}, True, id="mode"),
        pytest.param({"charge_permitted": True}, True, id="permission"),
        pytest.param({"alarms": alarm(Level.WARN)}, True, id="alarm"),
        pytest.param({"ccl": amps(0.0)}, True, id="limit to zero"),
        pytest.param({"dcl": amps(89.0)}, True, id="limit falls by a tenth"),
        pytest.param({"dcl": amps(95.0)}, False, id="limit falls a little"),
        pytest.param({"ccl": amps(140.0)}, False, id="limit rises"),
    ],
)
def test_a_second_later_only_what_matters_is_told(told: Snapshot, changes: dict[str, Any], expected: bool) -> None:
    assert due(told, after(told, 1.0, **changes)) is expected


def test_a_limit_that_comes_back_from_zero_is_told_at_once(told: Snapshot) -> None:
    zero = after(told, 0.0, ccl=amps(0.0))
    assert due(zero, after(told, 1.0, ccl=amps(0.1)))


def test_a_trip_that_grows_out_of_a_warning_is_told_at_once(told: Snapshot) -> None:
    assert due(after(told, 0.0, alarms=alarm(Level.WARN)), after(told, 1.0, alarms=alarm(Level.TRIP)))


def test_a_switch_that_moved_is_told_at_once(told: Snapshot) -> None:
    moved = replace(after(told, 1.0), reading=replace(told.reading, switches=Switches(charge=False)))
    assert due(told, moved)


def test_noise_waits_for_ten_seconds_and_two_millivolts(told: Snapshot) -> None:
    def with_cell(seconds: float, voltage: float | None) -> Snapshot:
        believed = replace(told.believed, cells=(voltage, *told.believed.cells[1:]))
        return replace(after(told, seconds), believed=believed)

    assert not due(told, with_cell(9.0, 3.4))
    assert not due(told, with_cell(11.0, 3.3015))
    assert due(told, with_cell(11.0, 3.3025))
    assert due(told, with_cell(11.0, None))


def test_other_values_have_bands_of_their_own(told: Snapshot) -> None:
    def with_current(current: float) -> Snapshot:
        return replace(after(told, 11.0), believed=replace(told.believed, current=current))

    assert not due(told, with_current(10.4))
    assert due(told, with_current(10.6))


def test_the_band_of_the_charge_is_told_when_it_has_moved_by_half_a_percent(told: Snapshot) -> None:
    def with_low(low: float) -> Snapshot:
        return replace(after(told, 11.0), estimate=replace(told.estimate, soc_low=low))

    at = with_low(50.0)
    assert not due(at, replace(with_low(50.4), decision=after(told, 22.0).decision))
    assert due(at, replace(with_low(50.6), decision=after(told, 22.0).decision))


def test_a_finding_and_a_reason_of_balancing_are_told_at_once(told: Snapshot) -> None:
    weak = Finding(kind=Kind.WEAK_CELL, cell=3, since=0.0, confidence=0.99, value=13.0, threshold=9.0)
    knowledge = told.estimate.knowledge
    assert knowledge is not None
    found = replace(told.estimate, knowledge=replace(knowledge, findings=(weak,)))
    assert due(told, replace(after(told, 1.0), estimate=found))
    balance = replace(told.decision.balance, reason=Reason(rule="by_charge"))
    assert due(told, after(told, 1.0, balance=balance))


def test_a_cell_that_appears_is_a_change(told: Snapshot) -> None:
    fewer = replace(told, believed=replace(told.believed, cells=told.believed.cells[1:]))
    assert due(fewer, after(told, 11.0))


def test_after_a_minute_even_nothing_is_told(told: Snapshot) -> None:
    assert not due(told, after(told, 59.0))
    assert due(told, after(told, 60.0))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"ccl": amps(99.9)}, True, id="a charge limit that falls, however little"),
        pytest.param({"dcl": amps(99.9)}, True, id="a discharge limit that falls"),
        pytest.param({"cvl": amps(1.0)}, True, id="a charge voltage that falls"),
        pytest.param({"ccl": amps(140.0), "dcl": amps(140.0)}, False, id="limits that rise"),
        pytest.param({"alarms": alarm(Level.WARN)}, True, id="an alarm"),
        pytest.param({"mode": Mode.TRIPPED}, True, id="a trip"),
    ],
)
def test_what_lowers_a_limit_is_reckoned_with_at_once(told: Snapshot, changes: dict[str, Any], expected: bool) -> None:
    assert pressing(told, after(told, 1.0, **changes)) is expected


async def test_of_many_packs_that_tick_only_what_presses_has_all_of_them_looked_at(
    entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = entry.runtime_data.system
    await entry.runtime_data.packs[PACK_ID].supervisor.async_stop()
    monkeypatch.setattr(system_coordinator, "POLL_PERIOD", 3600.0)
    before = system.async_heed(at_once=True)
    assert system.async_heed(at_once=False) is before
    assert system.async_heed(at_once=True) is not before
    monkeypatch.setattr(system_coordinator, "POLL_PERIOD", 0.0)
    newest = system.newest
    assert system.async_heed(at_once=False) is not newest
