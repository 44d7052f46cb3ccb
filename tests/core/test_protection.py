"""Every protection's levels, delays, hysteresis and latch."""

from math import inf, nan
from typing import Any

import pytest

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.model import Flow, HardwareRing, Level, Wishes
from custom_components.home_bms.core.protection import PROTECTIONS

from .conftest import Story, make_config, make_reading, with_cell


@pytest.mark.parametrize(
    ("key", "values", "seconds", "level"),
    [
        ("cell_overvoltage", {"cell": 3.49}, 9, "OK"),
        ("cell_overvoltage", {"cell": 3.50}, 4, "WARN"),
        ("cell_overvoltage", {"cell": 3.55}, 1, "PROTECT"),
        ("cell_overvoltage", {"cell": 3.60}, 3, "PROTECT"),
        ("cell_overvoltage", {"cell": 3.60}, 4, "TRIP"),
        ("cell_overvoltage", {"cell": 3.64}, 1, "TRIP"),
        ("cell_undervoltage", {"cell": 3.01}, 9, "OK"),
        ("cell_undervoltage", {"cell": 3.00}, 4, "WARN"),
        ("cell_undervoltage", {"cell": 2.90}, 1, "PROTECT"),
        ("cell_undervoltage", {"cell": 2.70}, 5, "PROTECT"),
        ("cell_undervoltage", {"cell": 2.70}, 6, "TRIP"),
        ("pack_overvoltage", {"voltage": 56.81, "cells": (3.549,) * 16}, 1, "PROTECT"),
        ("pack_undervoltage", {"voltage": 46.4, "cells": (2.91,) * 16}, 1, "PROTECT"),
        ("charge_overcurrent", {"current": 104.0}, 60, "OK"),
        ("charge_overcurrent", {"current": 106.0}, 10, "OK"),
        ("charge_overcurrent", {"current": 106.0}, 11, "PROTECT"),
        ("charge_overcurrent", {"current": 121.0}, 11, "TRIP"),
        ("charge_overcurrent", {"current": 151.0}, 2, "TRIP"),
        ("discharge_overcurrent", {"current": -151.0}, 60, "OK"),
        ("discharge_overcurrent", {"current": -158.0}, 11, "PROTECT"),
        ("discharge_overcurrent", {"current": -226.0}, 2, "TRIP"),
        ("charge_overtemperature", {"temperatures": (44.0, 45.0)}, 7, "WARN"),
        ("charge_overtemperature", {"temperatures": (49.0, 50.0)}, 2, "PROTECT"),
        ("charge_overtemperature", {"temperatures": (54.0, 55.0)}, 2, "TRIP"),
        ("discharge_overtemperature", {"temperatures": (54.0, 55.0)}, 2, "OK"),
        ("discharge_overtemperature", {"temperatures": (57.0, 58.0)}, 2, "PROTECT"),
        ("discharge_overtemperature", {"temperatures": (59.0, 60.0)}, 2, "TRIP"),
        ("charge_undertemperature", {"temperatures": (0.1, 22.0)}, 9, "OK"),
        ("charge_undertemperature", {"temperatures": (0.0, 22.0)}, 2, "PROTECT"),
        ("discharge_undertemperature", {"temperatures": (-20.0, 22.0)}, 2, "PROTECT"),
        ("switch_overtemperature", {"switch_temperature": 76.0}, 4, "DERATE"),
        ("switch_overtemperature", {"switch_temperature": 80.0}, 1, "PROTECT"),
        ("switch_overtemperature", {"switch_temperature": 90.0}, 1, "TRIP"),
        ("temperature_spread", {"temperatures": (14.0, 30.0)}, 62, "WARN"),
        ("temperature_spread", {"temperatures": (-2.0, 30.0)}, 62, "DERATE"),
        ("soc_reserve", {"soc": 9.0}, 62, "WARN"),
        ("deep_discharge", {"cell": 2.29}, 5, "OK"),
        ("deep_discharge", {"cell": 2.29}, 6, "TRIP"),
        ("short_circuit", {"alarms": frozenset({"discharge_short_circuit"})}, 1, "TRIP"),
        ("device_alarm", {"alarms": frozenset({"change_password"})}, 1, "OK"),
        ("device_alarm", {"alarms": frozenset({"cell_overvoltage"})}, 1, "WARN"),
        ("insulation_low", {"insulation": 100_000.0}, 12, "OK"),
        ("insulation_low", {"insulation": 20_000.0}, 12, "WARN"),
        ("insulation_low", {"insulation": 5_000.0}, 12, "TRIP"),
        ("settings_out_of_order", {"hardware": HardwareRing(cell_overvoltage=3.65)}, 1, "OK"),
        ("settings_out_of_order", {"hardware": HardwareRing(cell_overvoltage=3.60)}, 1, "WARN"),
        ("settings_out_of_order", {"hardware": HardwareRing(cell_undervoltage=2.80)}, 1, "WARN"),
        ("loop_late", {"tick_late": 4.0}, 1, "WARN"),
        ("sensor_failed", {"cells": with_cell(2, 0.0), "voltage": 52.8}, 2, "OK"),
        ("sensor_failed", {"cells": with_cell(2, 65.535), "voltage": 52.8}, 3, "PROTECT"),
        ("cell_difference", {"cells": with_cell(2, 3.46, 3.42)}, 60, "OK"),
        ("cell_difference", {"cells": with_cell(2, 3.46, 3.42)}, 62, "WARN"),
        ("cell_difference", {"cells": with_cell(2, 3.49, 3.42)}, 62, "DERATE"),
    ],
)
def test_each_level_begins_at_its_edge_and_after_its_delay(
    key: str, values: dict[str, Any], seconds: int, level: str
) -> None:
    story = Story()
    story.tell(seconds, **values)
    assert story.level(key) == level


def test_protections_that_stand_as_they_stood_cost_nothing_new() -> None:
    story = Story()
    story.tell(20, cell=3.60)
    before = story.state.tracks
    assert story.level("cell_overvoltage") == "TRIP"
    story.tell(1, cell=3.60)
    assert story.state.tracks is before


def test_a_protection_recovers_at_its_release_and_not_before() -> None:
    story = Story()
    story.tell(cell=3.56)
    assert story.level("cell_overvoltage") == "PROTECT"
    story.tell(5, cell=3.51)
    assert story.level("cell_overvoltage") == "PROTECT"
    story.tell(1, cell=3.46)
    assert story.level("cell_overvoltage") == "PROTECT"
    story.tell(1, cell=3.44)
    assert story.level("cell_overvoltage") == "OK"


def test_a_level_falls_to_the_next_that_still_stands() -> None:
    story = Story()
    story.tell(3, switch_temperature=85.0)
    assert story.level("switch_overtemperature") == "PROTECT"
    story.tell(1, switch_temperature=69.0)
    assert story.level("switch_overtemperature") == "WARN"
    story.tell(1, switch_temperature=60.0)
    assert story.level("switch_overtemperature") == "OK"


def test_a_hold_starts_anew_when_the_value_comes_back() -> None:
    story = Story()
    story.tell(11, current=106.0)
    assert story.level("charge_overcurrent") == "PROTECT"
    story.tell(50, current=0.0)
    story.tell(1, current=99.0)
    story.tell(59, current=0.0)
    assert story.level("charge_overcurrent") == "PROTECT"
    story.tell(2, current=0.0)
    assert story.level("charge_overcurrent") == "OK"


def test_a_short_excess_is_forgotten() -> None:
    story = Story()
    story.tell(9, current=106.0)
    story.tell(1, current=90.0)
    story.tell(9, current=106.0)
    assert story.level("charge_overcurrent") == "OK"
    story.tell(1, current=90.0)
    assert story.state.tracks == {}


def test_unknown_neither_raises_nor_releases() -> None:
    story = Story()
    story.tell(1, cell=3.56)
    story.tell(3, cells=with_cell(9, None, 3.30), voltage=16 * 3.3)
    assert story.level("cell_overvoltage") == "PROTECT"
    story.tell(1, cell=3.30)
    assert story.level("cell_overvoltage") == "OK"


def test_a_dead_sensor_elsewhere_does_not_hide_a_danger() -> None:
    cells = list(with_cell(2, 3.64))
    cells[9] = None
    story = Story()
    story.tell(1, cells=tuple(cells))
    assert story.level("cell_overvoltage") == "TRIP"


def test_a_cell_difference_on_the_plateau_says_nothing() -> None:
    story = Story()
    story.tell(300, cells=with_cell(2, 3.36, 3.28))
    assert story.level("cell_difference") == "OK"


def test_a_cell_difference_at_the_bottom_counts() -> None:
    story = Story()
    story.tell(62, cells=with_cell(2, 3.02, 3.12))
    assert story.level("cell_difference") == "DERATE"


@pytest.mark.parametrize(("odd", "others"), [(3.49, 3.42), (3.02, 3.12)])
def test_a_cell_difference_names_the_cell_that_lies_apart(odd: float, others: float) -> None:
    story = Story()
    story.tell(62, cells=with_cell(6, odd, others))
    (alarm,) = [alarm for alarm in story.decision.alarms if alarm.key == "cell_difference"]
    assert alarm.reason.cell == 6


def test_an_unknown_pack_has_no_difference() -> None:
    story = Story()
    story.tell(70, cells=(None,) * 16)
    assert story.level("cell_difference") == "OK"


def test_a_trip_latches_until_it_is_reset_and_its_cause_is_gone() -> None:
    story = Story()
    story.tell(1, temperatures=(55.0, 56.0))
    assert story.level("charge_overtemperature") == "TRIP"
    story.tell(1, temperatures=(46.0, 47.0))
    hot = make_reading(story.time + 1, temperatures=(46.0, 47.0))
    state, standing = bms.reset_trips(story.config, story.state, hot)
    assert standing == ("charge_overtemperature",)
    assert state.tracks["charge_overtemperature"].level is Level.TRIP
    story.tell(1, temperatures=(34.0, 35.0))
    story.tell(600)
    assert story.level("charge_overtemperature") == "TRIP"
    story.state, standing = bms.reset_trips(story.config, story.state, make_reading(story.time + 1))
    assert standing == ()
    story.tell()
    assert story.level("charge_overtemperature") == "OK"


def test_a_reset_leaves_lower_levels_alone() -> None:
    story = Story()
    story.tell(1, cell=3.56, temperatures=(55.0, 56.0))
    story.tell(1, cell=3.56, temperatures=(42.0, 43.0))
    story.tell(1, cell=3.56, temperatures=(29.0, 30.0))
    state, standing = bms.reset_trips(story.config, story.state, make_reading(story.time + 1, cell=3.56))
    assert standing == ()
    assert state.tracks["cell_overvoltage"].level is Level.PROTECT
    assert "charge_overtemperature" not in state.tracks


def test_a_trip_cannot_be_reset_blindly() -> None:
    story = Story()
    story.tell(1, temperatures=(55.0, 56.0))
    blind = make_reading(story.time + 1, temperatures=(None, 22.0))
    _, standing = bms.reset_trips(story.config, story.state, blind)
    assert standing == ("charge_overtemperature",)


@pytest.mark.parametrize(
    ("key", "danger", "unknown"),
    [
        ("short_circuit", {"alarms": frozenset({"short_circuit"})}, {"alarms": None}),
        ("insulation_low", {"insulation": 1000.0}, {"insulation": None}),
        ("insulation_low", {"insulation": 1000.0}, {"insulation": nan}),
        ("insulation_low", {"insulation": 1000.0}, {"insulation": inf}),
    ],
)
def test_a_trip_is_not_reset_while_what_tripped_is_not_told(
    key: str, danger: dict[str, Any], unknown: dict[str, Any]
) -> None:
    """All else is known and fresh: only the alarms, or the insulation, are not."""
    story = Story()
    story.tell(11, **danger)
    assert story.level(key) == "TRIP"
    story.tell(3, **unknown)
    story.state, standing = bms.reset_trips(story.config, story.state, make_reading(story.time, **unknown))
    assert standing == (key,)
    safe = {"alarms": frozenset()} if key == "short_circuit" else {"insulation": 1e6}
    _, standing = bms.reset_trips(story.config, story.state, make_reading(story.time, **safe))
    assert standing == ()


def test_a_hold_does_not_ripen_while_the_value_is_unknown() -> None:
    """Nobody knows what flowed in that minute: the hold begins anew with what is known."""
    story = Story()
    story.tell(11, current=106.0)
    assert story.level("charge_overcurrent") == "PROTECT"
    story.tell(2)
    story.tell(60, current=None)
    story.tell(59)
    assert story.level("charge_overcurrent") == "PROTECT"
    story.tell(3)
    assert story.level("charge_overcurrent") == "OK"


@pytest.mark.parametrize(("gap", "level"), [(5.0, "OK"), (5.1, "PROTECT"), (70.0, "PROTECT")])
def test_a_hold_does_not_ripen_while_nobody_looks(gap: float, level: str) -> None:
    """A loop that stalled saw nothing, however safe both ends of the gap are: the hold begins anew."""
    story = Story()
    story.tell(11, current=106.0)
    assert story.level("charge_overcurrent") == "PROTECT"
    story.tell(56)
    story.time += gap - 1
    story.tell(1)
    assert story.level("charge_overcurrent") == level
    story.tell(59)
    assert story.level("charge_overcurrent") == level
    story.tell(1)
    assert story.level("charge_overcurrent") == "OK"


@pytest.mark.parametrize("poll", [1, 4, 20, 30])
def test_a_pack_that_is_polled_slowly_recovers_all_the_same(poll: int) -> None:
    """What it told is looked at each second while it counts as now; its ages are set to its pace."""
    derate = max(5.0, poll + 1.0)
    story = Story(make_config(overrides={"age_derate": min(30.0, derate), "age_stop": 60.0, "open_after": 90.0}))
    story.tell(11, current=106.0)
    assert story.level("charge_overcurrent") == "PROTECT"
    for _ in range(60 // poll + 1):
        story.tell(1)
        story.silence(poll - 1)
    assert story.level("charge_overcurrent") == "OK"


def test_old_data_reset_and_release_nothing() -> None:
    story = Story()
    story.tell(1, temperatures=(55.0, 56.0))
    story.tell(1, temperatures=(42.0, 43.0))
    story.tell(11, temperatures=(29.0, 30.0), current=106.0)
    assert story.level("charge_overcurrent") == "PROTECT"
    story.tell(1, temperatures=(29.0, 30.0), current=0.0)
    story.silence(100)
    assert story.level("charge_overcurrent") == "PROTECT"
    assert story.snapshot is not None
    _, standing = bms.reset_trips(story.config, story.state, story.snapshot.reading)
    assert standing == ("charge_overtemperature",)


def test_the_evidence_names_cell_value_threshold_and_moment() -> None:
    story = Story()
    story.tell(1, cells=with_cell(4, 3.645))
    alarm = story.decision.alarms[0]
    assert (alarm.key, alarm.level, alarm.flow) == ("cell_overvoltage", Level.TRIP, Flow.CHARGE)
    reason = alarm.reason
    assert (reason.cell, reason.value, reason.threshold, reason.since) == (4, 3.645, 3.64, story.time)


def test_the_worst_alarm_comes_first() -> None:
    story = Story()
    story.tell(7, switch_temperature=72.0)
    story.tell(1, switch_temperature=72.0, temperatures=(35.0, 36.0))
    story.tell(1, switch_temperature=72.0, temperatures=(49.5, 50.5))
    assert [alarm.level for alarm in story.decision.alarms] == [Level.PROTECT, Level.WARN]
    assert story.decision.worst is Level.PROTECT


def test_a_lost_link_costs_a_quarter_then_all(story: Story) -> None:
    story.silence(4)
    assert story.decision.ccl.value == 100
    story.silence(1)
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (25, "communication_lost")
    story.silence(5)
    assert (story.decision.ccl.value, story.decision.dcl.value) == (0, 0)
    assert story.level("communication_lost") == "PROTECT"


def test_a_link_that_returns_recovers_by_itself(story: Story) -> None:
    story.silence(20)
    story.tell(4)
    assert story.level("communication_lost") == "OK"
    assert story.level("sensor_failed") == "OK"


def test_one_missing_cell_is_missing_data_and_not_a_lost_link(story: Story) -> None:
    story.tell(6, cells=with_cell(7, None), voltage=16 * 3.3)
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (25, "data_missing")
    story.tell(5, cells=with_cell(7, None), voltage=16 * 3.3)
    assert story.level("data_missing") == "PROTECT"
    assert story.level("communication_lost") == "OK"
    assert story.decision.ccl.value == 0


def test_a_pack_that_never_answers_is_lost_after_ten_seconds() -> None:
    story = Story()
    nothing = {"cells": (), "cells_time": None, "temperatures_time": None, "current": None, "current_time": None}
    story.tell(3, **nothing)
    assert story.level("communication_lost") == "OK"
    story.tell(10, **nothing)
    assert story.level("communication_lost") == "PROTECT"
    assert story.decision.mode == "lost"


def test_rows_are_unique_and_every_row_has_levels() -> None:
    keys = [row.key for row in PROTECTIONS]
    assert len(keys) == len(set(keys))
    assert set(keys) == set(make_config().stages)


def test_a_reading_beyond_all_sense_is_forgotten_when_it_was_one() -> None:
    story = Story()
    for _ in range(5):
        story.tell(1, cells=with_cell(2, 65.535), voltage=52.8)
        story.tell(1)
    assert story.level("sensor_failed") == "OK"


def test_a_failed_sensor_is_trusted_after_ten_good_samples() -> None:
    story = Story()
    story.tell(4, cells=with_cell(2, 0.0), voltage=52.8)
    story.tell(10)
    assert story.level("sensor_failed") == "PROTECT"
    story.tell(2)
    assert story.level("sensor_failed") == "OK"


def test_one_part_that_warms_alone_stops_everything() -> None:
    """5.5 K a minute at one sensor while the other stays (faults.md 36)."""
    story = Story()
    story.tell(70)
    warmth = 23.0
    for _ in range(60):
        warmth += 5.5 / 60
        story.tell(1, temperatures=(22.0, warmth))
    assert story.level("temperature_rise") == "PROTECT"
    assert (story.decision.ccl.value, story.decision.dcl.value) == (0, 0)
    for _ in range(60):
        warmth += 5.5 / 60
        story.tell(1, temperatures=(22.0, warmth))
    assert story.level("temperature_rise") == "TRIP"
    assert story.decision.alarms[0].reason.sensor == 1


def test_a_pack_that_warms_as_a_whole_is_no_anomaly() -> None:
    story = Story()
    warmth = 20.0
    for _ in range(180):
        warmth += 6 / 60
        story.tell(1, temperatures=(warmth, warmth + 1))
    assert story.level("temperature_rise") == "OK"


def test_one_sensor_alone_is_compared_with_itself() -> None:
    story = Story(make_config(temperature_sensors=1))
    story.tell(60, temperatures=(22.0,))
    story.tell(1, temperatures=(24.5,))
    story.tell(1, temperatures=(24.6,))
    assert story.level("temperature_rise") == "WARN"
    story.tell(1, temperatures=(21.0,))
    assert story.snapshot is not None
    assert story.snapshot.believed.temperature_rise == 0


def test_limits_that_nobody_is_told_are_disobeyed_by_nobody(story: Story) -> None:
    story.tell(1, temperatures=(44.0, 45.0), current=90.0)
    story.tell(120, temperatures=(44.0, 45.0), current=90.0)
    assert story.level("command_ignored") == "OK"


def test_an_inverter_that_ignores_its_limit_is_told_of_then_stopped(story: Story) -> None:
    """faults.md 38: 30 s, then limits at zero, then the pack's switch."""
    story.state = bms.deliver(story.state, delivered=True)
    story.tell(2, temperatures=(44.0, 45.0), current=90.0)
    story.tell(11, temperatures=(44.0, 45.0), current=90.0)
    assert story.level("command_ignored") == "WARN"
    story.tell(20, temperatures=(44.0, 45.0), current=90.0)
    assert story.level("command_ignored") == "PROTECT"
    story.tell(12, temperatures=(44.0, 45.0), current=90.0)
    assert story.decision.switches.charge is False


def test_a_link_that_is_lost_while_an_inverter_still_follows_is_no_disobedience(story: Story) -> None:
    """It tripped after a minute of silence, and a person had to come: nobody knew what flowed by then."""
    story.state = bms.deliver(story.state, delivered=True)
    story.state = bms.wish(story.config, story.state, Wishes(discharge_current_cap=20.0))
    story.tell(3, current=-80.0)
    story.silence(120)
    assert story.level("communication_lost") == "PROTECT"
    assert story.level("command_ignored") == "OK"
    story.tell(9, current=-80.0)
    assert story.level("command_ignored") == "WARN"


def test_an_inverter_that_is_slow_for_a_moment_is_forgiven(story: Story) -> None:
    story.state = bms.deliver(story.state, delivered=True)
    assert bms.deliver(story.state, delivered=True) is story.state
    story.tell(5, temperatures=(44.0, 45.0), current=90.0)
    story.silence(4)
    assert story.state.limits.exceeded_since is not None
    story.tell(1, temperatures=(44.0, 45.0), current=20.0)
    story.tell(30, temperatures=(44.0, 45.0), current=-20.0)
    assert story.state.limits.exceeded_since is None
    assert story.level("command_ignored") == "OK"


def test_a_count_takes_as_many_samples_however_long_they_last() -> None:
    story = Story()
    story.tell(2, every=10, cell=2.29)
    assert story.level("deep_discharge") == "OK"
    story.tell(20, every=10, cell=2.29)
    assert story.level("deep_discharge") == "TRIP"
