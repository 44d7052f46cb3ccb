"""What a pack has been through is counted once, and only what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.model import Alarm, Flow, Level, Reason, Snapshot, Switches
from custom_components.home_bms.core.upkeep import Upkeep, count, note_settings

from .conftest import make_config, make_reading

TODAY = 740_000
TRIP = Alarm(key="cell_overvoltage", level=Level.TRIP, flow=Flow.CHARGE, reason=Reason(rule="cell_overvoltage"))
CONFIG = make_config()
_, CALM = bms.observe(CONFIG, bms.start(CONFIG), make_reading(1000.0))


def look(time: float = 1000.0, *, tripped: bool = False, closed: bool | None = True, **believed: Any) -> Snapshot:
    """Return a look at a pack; `believed` are fields of what is believed."""
    return replace(
        CALM,
        decision=replace(CALM.decision, time=time, alarms=(TRIP,) if tripped else ()),
        reading=replace(CALM.reading, switches=Switches(charge=closed)),
        believed=replace(CALM.believed, **({"doubts": {}} | believed)),
    )


def days(upkeep: Upkeep, count_of: int, begin: int = TODAY, *, hours: int = 2, **believed: Any) -> Upkeep:
    """Watch a pack some hours of each day, each minute, and let the next one begin."""
    for day in range(begin, begin + count_of):
        for minute in range(60 * hours):
            upkeep = count(upkeep, look(86400.0 * (day - TODAY) + 60.0 * minute, **believed), today=day)
    return count(upkeep, look(86400.0 * (begin + count_of - TODAY)), today=begin + count_of)


def test_a_trip_counts_when_it_happens_and_not_while_it_lasts() -> None:
    upkeep = Upkeep()
    for tripped in (False, True, True, False, True):
        upkeep = count(upkeep, look(tripped=tripped), today=TODAY)
    assert upkeep.trips == 2


def test_what_is_found_at_the_first_look_began_before_it() -> None:
    upkeep = count(Upkeep(), look(tripped=True, closed=True), today=TODAY)
    assert (upkeep.trips, upkeep.cycles) == (0, 0)


@pytest.mark.parametrize(
    ("positions", "cycles"),
    [
        ((True, False, True), 1),
        ((False, True, False, True), 2),
        ((True, None, True), 0),
        ((True, False, None, True), 1),
        ((None, True), 0),
    ],
)
def test_a_contactor_counts_when_it_is_seen_to_close(positions: tuple[bool | None, ...], cycles: int) -> None:
    upkeep = Upkeep()
    for position in positions:
        upkeep = count(upkeep, look(closed=position), today=TODAY)
    assert upkeep.cycles == cycles


def test_between_two_samples_nothing_is_made_anew() -> None:
    upkeep = count(Upkeep(), look(1000.0), today=TODAY)
    assert count(upkeep, look(1059.9), today=TODAY) is upkeep
    assert count(upkeep, look(1060.0), today=TODAY).samples == upkeep.samples + 1
    # After a restart the monotonic clock begins anew.
    assert count(upkeep, look(3.0), today=TODAY).samples == upkeep.samples + 1


def test_a_sensor_that_is_doubted_day_after_day_rises_and_fades() -> None:
    doubted: Mapping[str, str] = {"cell_7": "frozen"}
    bad = days(Upkeep(), 7, doubts=doubted)
    assert bad.doubts["cell_7"] == pytest.approx(1 - 0.9**7)
    assert bad.doubts.keys() == {"cell_7"}
    good = days(bad, 60, TODAY + 7)
    assert good.doubts == {}, "what is long over is not carried along"


def test_a_lost_frame_is_no_doubted_day() -> None:
    upkeep = count(Upkeep(), look(0.0, doubts={"cell_7": "jump"}), today=TODAY)
    assert days(upkeep, 1).doubts == {}


def test_a_day_that_was_hardly_watched_says_nothing() -> None:
    upkeep = days(Upkeep(), 1, hours=0, doubts={"cell_7": "frozen"})
    for minute in range(30):
        upkeep = count(upkeep, look(86400.0 + 60 * minute, doubts={"cell_7": "frozen"}), today=TODAY + 1)
    assert count(upkeep, look(2 * 86400.0), today=TODAY + 2).doubts == {}


def test_the_spread_of_a_day_is_its_worst_that_lasted() -> None:
    warm = {"temperature_max": 34.0, "temperature_max_index": 2, "temperature_min": 22.0}
    upkeep = days(Upkeep(), 1, **warm)
    assert (upkeep.spread, upkeep.warmest) == (pytest.approx(1.2), 2)
    calm = Upkeep()
    for minute in range(120):
        spike = {"temperature_max": 90.0} if minute == 40 else {}
        calm = count(calm, look(60.0 * minute, **spike), today=TODAY)
    assert count(calm, look(86400.0), today=TODAY + 1).spread < 0.2, "a spike is no spread"


def test_a_pack_without_temperatures_has_no_spread() -> None:
    assert days(Upkeep(), 1, temperature_max=None, temperature_min=None).spread == 0


def test_changed_settings_and_firmware_count_once() -> None:
    told = note_settings(Upkeep(), "1.0", {"cell_overvoltage": 3.65})
    assert told.changes == 0, "what is told for the first time nobody has moved"
    assert note_settings(told, "1.0", {"cell_overvoltage": 3.65}) is told
    assert note_settings(told, None, {}) is told, "a pack that is silent has not changed"
    moved = note_settings(told, "1.0", {"cell_overvoltage": 3.7})
    assert moved.changes == 1
    assert note_settings(moved, "1.0", {"cell_overvoltage": 3.7}).changes == 1
    assert note_settings(told, "1.0", {"cell_overvoltage": 3.65, "cell_undervoltage": 2.5}).changes == 0
    assert note_settings(told, "1.1", {"cell_overvoltage": 3.65}).changes == 1
    assert note_settings(note_settings(told, None, {}), "1.1", {"cell_overvoltage": 3.7}).changes == 1
    assert note_settings(Upkeep(settings={"cell_overvoltage": 3.65}), "1.0", {}).firmware == "1.0"
