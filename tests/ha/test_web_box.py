"""What happened around a trip is shown to the moment, however long the recording."""

from __future__ import annotations

from dataclasses import replace

import pytest

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.blackbox import Tick, Trigger
from custom_components.home_bms.core.model import (
    Alarm,
    Bound,
    Decision,
    Flow,
    Level,
    Mode,
    PackReading,
    Reason,
    Switches,
)
from custom_components.home_bms.core.record import Header, RecordError, Recording
from custom_components.home_bms.helpers import pack_config
from custom_components.home_bms.web.box import MOST, box_shown
from custom_components.home_bms.web.schema import BoxShown

from .conftest import PACK

BEGAN = 1_760_000_000.0
CONFIG = pack_config(PACK)
_, NOTHING = bms.step(CONFIG, bms.start(CONFIG), PackReading(time=0.0))
QUIET = replace(NOTHING, alarms=(), mode=Mode.IDLE, ccl=Bound(value=100.0, reason=Reason(rule="rated")))
HOT = Alarm(key="charge_overtemperature", level=Level.TRIP, flow=Flow.CHARGE, reason=Reason(rule="x", since=40.0))


def tick(time: float, decision: Decision | None = QUIET, **reading: object) -> Tick:
    told = {"cells": (3.3,) * 16, "temperatures": (25.0,) * 4, "current": 5.0} | reading
    return Tick(reading=PackReading(time=time, **told), decision=decision)


def shown(*ticks: Tick, triggers: tuple[Trigger, ...] = (), **header: object) -> BoxShown:
    told = {"home_bms": "1", "time": "2025-10-09T08:53:20+00:00", "origin": 50.0, "config": CONFIG} | header
    return box_shown("a", Recording(header=Header(triggers=triggers, **told), ticks=ticks))


def test_what_happens_in_a_long_recording_is_shown_to_the_moment() -> None:
    risen = replace(QUIET, alarms=(HOT,), mode=Mode.TRIPPED, ccl=Bound(value=0.0, reason=Reason(rule="x")))
    ticks = [tick(0.31 * number, risen if number >= 1234 else QUIET) for number in range(3000)]
    when = 0.31 * 1234
    box = shown(*ticks, triggers=(Trigger(time=when, alarm=HOT),))
    assert len(box.times) == MOST == len(box.current) == len(box.voltages[0])
    assert box.triggers[0].time in box.times
    assert {deed.what for deed in box.deeds} == {"alarm", "mode", "charge_limit"}
    assert all(deed.time in box.times for deed in box.deeds)
    assert box.times == sorted(box.times)
    assert (box.times[0], box.times[-1]) == (BEGAN - 50.0, BEGAN - 50.0 + 0.31 * 2999)
    # Nowhere is a hole.
    assert max(after - before for before, after in zip(box.times, box.times[1:], strict=False)) < 3.0


def test_a_flapping_pack_fills_no_more_than_a_picture() -> None:
    on = replace(QUIET, mode=Mode.CHARGING)
    box = shown(*[tick(float(number), on if number % 2 else QUIET) for number in range(2000)])
    assert len(box.times) == MOST


def test_a_short_recording_is_shown_whole() -> None:
    box = shown(tick(50.0), tick(51.0), tick(52.5))
    assert box.times == [BEGAN, BEGAN + 1.0, BEGAN + 2.5]
    assert box.time == BEGAN
    assert box.acting is None
    assert shown(tick(50.0), acting=True).acting is True


def test_a_reason_keeps_the_time_at_which_it_took_hold() -> None:
    box = shown(tick(50.0), triggers=(Trigger(time=50.0, alarm=HOT),))
    assert box.triggers[0].why.since == BEGAN - 10.0


def test_a_recording_that_does_not_know_the_time_counts_from_1970() -> None:
    assert shown(tick(50.0), tick(51.0), time=None).times == [0.0, 1.0]


def test_a_recording_of_nothing_is_empty() -> None:
    box = shown()
    assert (box.times, box.voltages, box.deeds) == ([], [[]] * 16, [])


def test_a_recording_of_readings_alone_has_no_limits() -> None:
    box = shown(tick(50.0, None), tick(51.0, QUIET), tick(52.0, None))
    assert box.charge_limit == [None, 100.0, None]
    assert box.deeds == []


def test_cells_that_were_not_told_are_not_known() -> None:
    box = shown(tick(50.0, cells=(), temperatures=(20.0,)), tick(51.0))
    assert box.voltages[15] == [None, 3.3]
    assert [row[0] for row in box.temperatures] == [20.0, None, None, None]


def test_switches_limits_and_alarms_are_deeds_and_a_ramp_is_none() -> None:
    def limited(value: float) -> Decision:
        return replace(QUIET, ccl=Bound(value=value, reason=Reason(rule="x")))

    ticks = (
        tick(1.0, limited(100.0), switches=Switches(charge=True)),
        tick(2.0, limited(98.0), switches=Switches(charge=True)),
        tick(3.0, limited(50.0), switches=Switches(charge=False)),
        tick(4.0, limited(0.0), switches=Switches(charge=None)),
        tick(5.0, replace(limited(2.0), alarms=(HOT,)), switches=Switches(discharge=True)),
        tick(6.0, limited(4.0), switches=Switches(discharge=True)),
    )
    told = [(deed.time - BEGAN + 50.0, deed.what, deed.key, deed.before, deed.after) for deed in shown(*ticks).deeds]
    assert told == [
        (3.0, "charge_limit", None, "98.0", "50.0"),
        (3.0, "charge_switch", None, "closed", "open"),
        (4.0, "charge_limit", None, "50.0", "0.0"),
        (4.0, "charge_switch", None, "open", "unknown"),
        (5.0, "alarm", "charge_overtemperature", "ok", "trip"),
        (5.0, "charge_limit", None, "0.0", "2.0"),
        (5.0, "discharge_switch", None, "unknown", "closed"),
        (6.0, "alarm", "charge_overtemperature", "trip", "ok"),
    ]


@pytest.mark.parametrize("time", ["yesterday", "", "0001-01-01"])
def test_a_file_whose_time_is_none_is_refused_as_a_file(time: str) -> None:
    with pytest.raises(RecordError, match="line 1: time"):
        shown(tick(50.0), time=time)
