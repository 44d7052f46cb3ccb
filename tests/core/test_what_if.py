"""Other limits are put beside those that were, over readings, black boxes and what a recorder kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.blackbox import Tick
from custom_components.home_bms.core.model import HardwareRing, Level, PackConfig, PackReading
from custom_components.home_bms.core.record import Header
from custom_components.home_bms.core.replay import reconfigure
from custom_components.home_bms.core.series import EVERY, SILENT_AFTER, Series, Value, wanted
from custom_components.home_bms.core.what_if import MOST_EVENTS, RESET_AFTER, Tally, Trial

from .conftest import make_config, make_reading, with_cell
from .test_replay import Recorder

CONFIG = make_config()


def other(**changes: float) -> PackConfig:
    return reconfigure(Header(home_bms="", config=CONFIG), changes)


def day(current: float = 60.0, seconds: int = 1800, cell: float = 3.40, **changes: object) -> list[PackReading]:
    """Return a stretch of readings every 2 s that differ a little."""
    return [
        make_reading(
            1000.0 + second,
            **({"current": current, "cell": cell, "switch_temperature": 30 + second % 4 / 10} | changes),
        )
        for second in range(0, seconds, 2)
    ]


def tried(config: PackConfig, readings: list[PackReading]) -> Tally:
    trial = Trial(config, proposed=config is not CONFIG)
    trial.take(readings)
    return trial.tally


def test_a_lower_limit_costs_what_flowed_above_it() -> None:
    readings = day()
    present, proposed = tried(CONFIG, readings), tried(other(charge_current=40.0), readings)
    assert present.charge.lost == 0
    # The first two minutes are those of starting, and lost to neither.
    assert present.seconds == pytest.approx(1680, abs=2)
    over, voltage = 60.0 - 40.0, 16 * 3.40
    assert proposed.charge.lost == pytest.approx(over * voltage * 1680 / 3600, rel=0.01)
    assert proposed.charge.held == pytest.approx(1680, abs=10)
    assert proposed.discharge.lost == 0
    # An inverter would have obeyed: what was recorded above the limit is no overcurrent.
    assert proposed.protects == proposed.trips == 0


def test_discharging_is_counted_apart() -> None:
    proposed = tried(other(discharge_current=40.0), day(-60.0))
    assert proposed.discharge.lost > 0
    assert proposed.charge.lost == 0


def test_hours_derated_are_told_by_rule_also_where_nothing_was_lost() -> None:
    readings = day(0.0, temperatures=(7.0, 8.0))
    present, proposed = tried(CONFIG, readings), tried(other(charge_undertemperature_protect=9.0), readings)
    assert present.charge.rules.keys() == {"temperature"}
    assert present.charge.derated > 1500
    assert present.charge.stopped == 0
    assert proposed.charge.stopped > 1500
    assert proposed.charge.lost == 0
    assert proposed.discharge.derated == present.discharge.derated == 0


def test_protections_and_trips_are_told_with_their_time() -> None:
    readings = day(0.0, 60) + [replace(each, time=each.time + 60) for each in day(0.0, 60)]
    readings = [
        replace(each, cells_time=each.time, current_time=each.time, temperatures_time=each.time) for each in readings
    ]
    readings[40:50] = [replace(each, cells=with_cell(6, 3.55, 3.40)) for each in readings[40:50]]
    assert tried(CONFIG, readings).trips == 0
    proposed = tried(
        other(cell_overvoltage_trip=3.53, cell_overvoltage_protect=3.50, cell_overvoltage_derate=3.42,
              cell_overvoltage_release=3.41, cell_voltage_full=3.405),
        readings,
    )  # fmt: skip
    assert proposed.trips == 1
    (trip,) = [event for event in proposed.events if event.level is Level.TRIP]
    assert (trip.alarm.key, trip.alarm.reason.cell) == ("cell_overvoltage", 6)
    assert 1080 < trip.time < 1110


def test_a_trip_is_reset_by_somebody_and_does_not_stop_the_rest_of_the_year() -> None:
    calm, wild = day(0.0, 6000), day(0.0, 20, cells=with_cell(6, 3.70, 3.40))
    later = [
        replace(each, time=each.time + 20, cells_time=each.time + 20, temperatures_time=each.time + 20,
                current_time=each.time + 20)
        for each in calm
    ]  # fmt: skip
    tally = tried(CONFIG, wild + later)
    assert tally.trips == 1
    assert tally.charge.stopped == pytest.approx(RESET_AFTER, abs=120)


def test_a_black_box_is_gone_through_with_what_came_from_outside(overcharged: Recorder) -> None:
    recording = overcharged.written()
    changed = reconfigure(recording.header, {"cell_overvoltage_trip": 3.70})
    present, proposed = Trial(CONFIG), Trial(changed, recorded=CONFIG, proposed=True)
    present.take(recording.ticks)
    proposed.take(recording.ticks)
    assert present.tally.trips == 1
    assert proposed.tally.trips == 0
    assert proposed.tally.protects >= 1
    assert present.tally.seconds == proposed.tally.seconds == 59


@pytest.fixture
def overcharged() -> Recorder:
    story = Recorder()
    story.tell(9)
    story.tell(20, cells=with_cell(6, 3.66, 3.40))
    story.tell(11)
    story.reset()
    story.tell(20)
    return story


def test_of_very_many_events_the_first_are_kept_and_all_are_counted() -> None:
    trial = Trial(CONFIG)
    time = 1000.0
    for _ in range(MOST_EVENTS + 5):
        for cell in (3.59, 3.30):
            for _ in range(12):
                time += 30
                trial.take([make_reading(time, cells=with_cell(6, cell, 3.30), switch_temperature=time % 7)])
    assert len(trial.tally.events) == MOST_EVENTS
    assert trial.tally.protects + trial.tally.trips > MOST_EVENTS


def test_a_gap_is_not_watched_and_core_that_breaks_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(CONFIG)
    trial.take([make_reading(1000.0), make_reading(1120.0), make_reading(5000.0)])
    assert trial.tally.seconds == 120

    def broken(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr("custom_components.home_bms.core.replay.bms.step", broken)
    trial.take([Tick(reading=make_reading(5002.0))])
    assert trial.tally.seconds == 120


@settings(max_examples=25, deadline=None)
@given(
    rated=st.floats(10, 100),
    currents=st.lists(st.floats(-90, 90), min_size=20, max_size=80),
)
def test_law_a_lower_rated_current_never_loses_less(rated: float, currents: list[float]) -> None:
    readings = [make_reading(1000.0 + 4 * number, current=amps) for number, amps in enumerate(currents)]
    present, proposed = tried(CONFIG, readings), tried(other(charge_current=rated), readings)
    assert proposed.charge.lost >= present.charge.lost
    assert proposed.seconds == present.seconds
    for tally in (present, proposed):
        for way in (tally.charge, tally.discharge):
            assert sum(way.rules.values()) == pytest.approx(way.derated)
            assert way.stopped <= way.derated <= tally.seconds


# --- what a recorder kept -------------------------------------------------------------------------------------------


def whole(time: float, cell: float = 3.3, current: float = 0.0) -> Iterator[Value]:
    """Yield all values of a pack at a moment."""
    yield from ((time, f"cell_{number}", cell) for number in range(1, 17))
    yield from ((time, f"temperature_{number}", 20.0) for number in (1, 2))
    yield (time, "current", current)


def test_values_become_readings_every_few_seconds_that_stand_until_they_change() -> None:
    series = Series(CONFIG, HardwareRing(cell_overvoltage=3.65))
    values = [*whole(100.0), (110.0, "cell_3", 3.31), (118.0, "current", 5.0), (119.0, "nonsense", 1.0)]
    readings = list(series.readings(values, 130.0))
    assert [reading.time for reading in readings] == [100.0 + EVERY * number for number in range(8)]
    assert [reading.cells[2] for reading in readings] == [3.3] * 3 + [3.31] * 5
    assert [reading.current for reading in readings] == [0.0] * 5 + [5.0] * 3
    last = readings[-1]
    assert last.cells_time == last.current_time == last.temperatures_time == last.time
    assert last.voltage == pytest.approx(15 * 3.3 + 3.31)
    assert last.hardware == HardwareRing(cell_overvoltage=3.65)
    assert all(one.switch_temperature != other_.switch_temperature for one, other_ in pairwise(readings))


def test_it_goes_on_where_it_stopped() -> None:
    whole_day = [*whole(100.0), (110.0, "current", 5.0), (200.0, "current", 6.0)]
    at_once = list(Series(CONFIG).readings(whole_day, 300.0))
    series = Series(CONFIG)
    pieces = [*series.readings(whole_day[:-1], 150.0), *series.readings(whole_day[-1:], 300.0)]
    assert pieces == at_once


def test_what_is_told_of_the_pack_itself_is_taken_and_what_is_unknown_is_not_known() -> None:
    values = [*whole(100.0), (100.0, "voltage", 53.0), (100.0, "soc", 40.0), (100.0, "switch_temperature", 31.0)]
    reading, later = Series(CONFIG).readings([*values, (104.0, "cell_1", None), (104.0, "voltage", None)], 108.0)
    assert (reading.voltage, reading.soc, round(reading.switch_temperature or 0)) == (53.0, 40.0, 31)
    assert later.cells[0] is None
    assert later.voltage is None


def test_cells_and_sensors_that_the_pack_has_not_are_left_out() -> None:
    (reading,) = Series(CONFIG).readings([*whole(100.0), (100.0, "cell_17", 3.3), (100.0, "temperature_3", 3.3)], 104.0)
    assert len(reading.cells) == 16
    assert len(reading.temperatures) == 2


def test_nothing_comes_before_all_is_known_or_an_hour_has_passed() -> None:
    partly = [value for value in whole(100.0) if value[1] != "cell_9"]
    assert list(Series(CONFIG).readings(partly, 3000.0)) == []
    readings = list(Series(CONFIG).readings([*partly, (3700.0, "current", 1.0)], 3708.0))
    assert [reading.time for reading in readings] == [3700.0, 3704.0]
    assert readings[0].cells[8] is None


def test_while_nobody_was_there_nothing_comes() -> None:
    values = [*whole(100.0), (100_000.0, "current", 1.0)]
    readings = list(Series(CONFIG).readings(values, 100_008.0))
    assert [reading.time for reading in readings if reading.time > 100.0 + SILENT_AFTER + EVERY] == [
        100_000.0,
        100_004.0,
    ]


@pytest.mark.parametrize(
    ("key", "is_part"),
    [("cell_1", True), ("temperature_12", True), ("current", True), ("cell_0", False), ("cell_1_soc", False),
     ("cell_max", False), ("cell_one", False)],
)  # fmt: skip
def test_only_measured_values_are_part_of_a_reading(key: str, is_part: bool) -> None:
    assert wanted(key) is is_part


def test_a_quiet_day_of_a_recorder_is_no_fault_of_the_pack() -> None:
    """The recorder keeps what changed: a cell that moved little is not frozen, and a steady current is not stuck."""
    series, trial = Series(CONFIG), Trial(CONFIG)
    values = [*whole(0.0, 3.30, 30.0)]
    for minute in range(1, 240):
        values += [(60.0 * minute, f"cell_{1 + minute % 16}", round(3.30 + minute * 2e-5, 3))]
        if not minute % 15:
            values += [(60.0 * minute, "current", 30.0 + minute % 2)]
    trial.take(series.readings(values, 60.0 * 240))
    assert trial.tally.protects == trial.tally.trips == 0
    assert trial.tally.charge.stopped == 0
