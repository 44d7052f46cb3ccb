"""The same core over the same recording decides the same; other settings change what follows from them, no more."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core import bms, chemistry
from custom_components.home_bms.core.blackbox import BlackBox, Box
from custom_components.home_bms.core.model import ConfigError, HardwareRing, Level, PackConfig, PackReading, Switches
from custom_components.home_bms.core.record import Header, Recording, dump, load
from custom_components.home_bms.core.replay import Outcome, reconfigure, replay

from .conftest import make_config, make_reading, with_cell

CONFIG = make_config()


class Recorder:
    """A pack that lives with a black box beside it."""

    def __init__(self, config: PackConfig = CONFIG) -> None:
        self.config = config
        self.box = BlackBox(config)
        self.state = bms.start(config)
        self.time = 1000.0
        self.last = make_reading(self.time)

    def tell(self, seconds: int = 1, **changes: Any) -> None:
        for _ in range(seconds):
            self.time += 1
            self.show(make_reading(self.time, **changes))

    def show(self, reading: PackReading) -> None:
        before, self.last = self.state, reading
        self.state, decision = bms.step(self.config, before, reading)
        self.box.record(before, reading, decision, self.state)

    def reset(self) -> None:
        self.state, _ = bms.reset_trips(self.config, self.state, self.last)

    def written(self, box: Box | None = None) -> Recording:
        """Return what is at hand after a way through a file."""
        box = box or self.box.everything()
        header = Header(home_bms="0.1.0", origin=1010.0, config=self.config)
        return load(dump(Recording(header=header, ticks=box.ticks)))


@pytest.fixture
def overcharged() -> Recorder:
    """Cell 7 runs away after 10 s, for 20 s; the user resets at 40 s."""
    story = Recorder()
    story.tell(9)
    story.tell(20, cells=with_cell(6, 3.66, 3.40))
    story.tell(11)
    story.reset()
    story.tell(20)
    return story


def through(recording: Recording, **changes: float) -> list[Outcome]:
    changed = reconfigure(recording.header, changes) if changes else None
    return list(replay(recording.header.config, recording.ticks, changed=changed))


def levels(outcomes: list[Outcome], key: str) -> list[tuple[float, str, str | None]]:
    """Return when a protection changed to what here, and what it was in the record."""
    return [
        (event.time - 1010, event.level.name, None if event.recorded is None else event.recorded.name)
        for outcome in outcomes
        for event in outcome.events
        if event.alarm.key == key
    ]


def test_a_recording_decides_again_what_it_decided(overcharged: Recorder) -> None:
    outcomes = through(overcharged.written())
    assert len(outcomes) == 60
    assert all(outcome.same for outcome in outcomes)
    told = levels(outcomes, "cell_overvoltage")
    assert [level for _, level, _ in told].count("TRIP") == 1
    assert told[-1][1] == "OK"
    assert all(level == recorded for _, level, recorded in told)


anything = st.one_of(st.none(), st.floats(2.0, 4.2), st.sampled_from([0.0, 65.535, -40.0, inf, -inf, nan]))


@st.composite
def moments(draw: st.DrawFn) -> dict[str, Any]:
    """What may be told next: something real, or nonsense, or nothing new."""
    return {
        "after": draw(st.sampled_from([0.0, 0.5, 1.0, 7.0, 60.0])),
        "cells": tuple(draw(st.lists(st.one_of(st.floats(2.4, 3.9), anything), min_size=15, max_size=17))),
        "temperatures": tuple(draw(st.lists(st.one_of(st.floats(-25, 80), anything), max_size=3))),
        "current": draw(st.one_of(st.none(), st.floats(-250, 250))),
        "soc": draw(st.one_of(st.none(), st.floats(-10, 110))),
        "switches": Switches(charge=draw(st.booleans()), discharge=draw(st.booleans())),
        "silent": draw(st.booleans()),
        "outside": draw(st.sampled_from([None, None, "wish", "reset", "restart"])),
    }


@settings(max_examples=60)
@given(st.lists(moments(), min_size=1, max_size=12))
def test_any_life_is_reproduced_to_the_last_bit(life: list[dict[str, Any]]) -> None:
    story = Recorder()
    for moment in life:
        story.time += moment.pop("after")
        match moment.pop("outside"):
            case "wish":
                story.state = bms.wish(CONFIG, story.state, replace(story.state.wishes, charge_current_cap=30.0))
            case "reset":
                story.reset()
            case "restart":
                saved = bms.save(story.state, story.time)
                story.state = bms.restore(CONFIG, saved, now=story.time, gap=5.0)
        if moment.pop("silent"):
            story.show(replace(story.last, time=story.time))
        else:
            story.show(make_reading(story.time, **moment))
    outcomes = through(story.written())
    assert len(outcomes) == len(life)
    assert [outcome.difference for outcome in outcomes if not outcome.same] == []
    assert all(event.level is event.recorded for outcome in outcomes for event in outcome.events)


def test_a_higher_trip_leaves_it_at_the_protection_before(overcharged: Recorder) -> None:
    outcomes = through(overcharged.written(), cell_overvoltage_trip=3.70)
    told = levels(outcomes, "cell_overvoltage")
    assert "TRIP" not in [level for _, level, _ in told]
    assert (told[0][1], told[-1][1]) == ("PROTECT", "OK")
    assert "TRIP" in [recorded for _, _, recorded in told]
    first = next(outcome for outcome in outcomes if not outcome.same)
    assert first.difference is not None
    assert first.time >= 1010


def test_a_trip_that_only_the_other_settings_make_outlives_the_users_wishes() -> None:
    story = Recorder()
    story.tell(9)
    story.tell(10, cells=with_cell(6, 3.57, 3.40))
    story.tell(5)
    story.state = bms.wish(CONFIG, story.state, replace(story.state.wishes, charge_current_cap=20.0))
    story.tell(5)
    recording = story.written()
    assert all(outcome.same for outcome in through(recording))
    outcomes = through(recording, **{"protection.cell_overvoltage.trip": 3.56})
    told = levels(outcomes, "cell_overvoltage")
    assert [level for _, level, _ in told if level in ("TRIP", "OK")] == ["TRIP"] + ["TRIP"] * (len(told) - 2)
    last = outcomes[-1].decision
    assert last is not None
    assert last.worst is Level.TRIP
    assert last.ccl.value == 0


def test_a_reset_of_the_users_resets_here_too() -> None:
    story = Recorder()
    story.tell(9)
    story.tell(20, cells=with_cell(6, 3.66, 3.40))
    story.tell(10)
    story.reset()
    story.tell(10)
    outcomes = through(story.written(), cell_overvoltage_trip=3.62)
    assert levels(outcomes, "cell_overvoltage")[-1][1] == "OK"


def test_bare_readings_tell_what_would_have_tripped() -> None:
    readings = [make_reading(float(second), cells=with_cell(6, 3.66 if second > 5 else 3.3)) for second in range(20)]
    outcomes = list(replay(CONFIG, readings))
    assert all(outcome.same for outcome in outcomes)
    trips = [event for outcome in outcomes for event in outcome.events if event.level is Level.TRIP]
    trip = next(event for event in trips if event.alarm.key == "cell_overvoltage")
    assert trip.recorded is None
    assert trip.alarm.reason.cell == 6
    assert trip.alarm.reason.value == 3.66


def test_what_stood_before_the_recording_is_no_event() -> None:
    before = Recorder()
    before.tell(9)
    before.tell(20, cells=with_cell(6, 3.66, 3.40))
    story = Recorder()
    story.state, story.time = before.state, before.time
    story.tell(5)
    outcomes = through(story.written())
    assert outcomes[-1].decision is not None
    assert outcomes[-1].decision.worst is Level.TRIP
    assert [event for outcome in outcomes for event in outcome.events if event.level is Level.TRIP] == []


def test_core_that_breaks_again_is_as_recorded_and_core_that_no_longer_does_differs() -> None:
    story = Recorder()
    story.tell(5)
    story.time += 1
    reading = make_reading(story.time)
    fail_safe = story.box.everything().ticks[0].decision
    assert fail_safe is not None
    story.box.record(story.state, reading, fail_safe, story.state, error="ZeroDivisionError()")
    story.tell(2)
    recording = story.written()

    mended = through(recording)
    assert [outcome.difference for outcome in mended] == [None] * 5 + ["error"] + [None] * 2

    real = bms.step

    def breaks(config: PackConfig, state: Any, reading: PackReading) -> Any:
        if reading.time == 1006:
            raise ZeroDivisionError
        return real(config, state, reading)

    with patch.object(bms, "step", breaks):
        broken = through(recording)
    assert all(outcome.same for outcome in broken)
    assert [outcome.error for outcome in broken] == [None] * 5 + ["ZeroDivisionError()"] + [None] * 2
    assert broken[5].decision is None


HEADER = Header(home_bms="0.1.0", config=CONFIG)


@pytest.mark.parametrize("key", [setting.key for setting in chemistry.SETTINGS])
def test_every_threshold_has_a_name_with_points(key: str) -> None:
    spoken = f"protection.{'.'.join(key.rsplit('_', 1))}"
    value = chemistry.defaults("lfp", charge_current=100.0, discharge_current=150.0)[key]
    assert reconfigure(HEADER, {spoken: value}) == CONFIG


def test_only_what_follows_from_a_change_differs_from_what_was_recorded() -> None:
    older = replace(CONFIG, ramp_hold=17.0, stages={**CONFIG.stages, "ancient": ()})
    header = Header(home_bms="0.0.1", config=older)
    moved = reconfigure(header, {"cell_overvoltage_trip": 3.70})
    assert moved.ramp_hold == 17.0
    assert moved.stages["ancient"] == ()
    different = {key for key in CONFIG.stages if moved.stages[key] != CONFIG.stages[key]}
    assert different == {"cell_overvoltage", "pack_overvoltage"}
    assert replace(moved, stages=older.stages) == older


def test_thresholds_that_the_user_had_moved_stay_moved() -> None:
    overrides = {"cell_overvoltage_trip": 3.63}
    header = Header(home_bms="0.1.0", config=make_config(overrides=overrides), overrides=overrides)
    moved = reconfigure(header, {"soc_min": 20.0})
    assert moved == make_config(overrides=overrides | {"soc_min": 20.0})


def test_facts_and_plain_numbers_of_the_pack_can_be_changed() -> None:
    moved = reconfigure(HEADER, {"charge_current": 50.0, "config.ramp_hold": 20.0, "cells": 8})
    assert moved == replace(make_config(charge_current=50.0, cells=8), ramp_hold=20.0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"protection.cell_overvoltage.tripp": 3.5}, "unknown_setting: protection.cell_overvoltage.tripp"),
        ({"stages": 1}, "unknown_setting: stages"),
        ({"chemistry": 1}, "unknown_setting: chemistry"),
        ({"cell_overvoltage_trip": 9}, "out_of_range: cell_overvoltage_trip (value=9, minimum=1.0, maximum=4.5)"),
        ({"cell_overvoltage_trip": nan}, "out_of_range: cell_overvoltage_trip (value=nan"),
        ({"ramp_hold": -1}, "out_of_range: ramp_hold (value=-1, minimum=0"),
        ({"ramp_hold": inf}, "out_of_range: ramp_hold (value=inf"),
        ({"cells": nan}, "out_of_range: cells (value=nan"),
        ({"cells": 0}, "out_of_range: cells (value=0, minimum=1, maximum=400)"),
        ({"cell_overvoltage_trip": 3.5}, "levels_out_of_order: cell_overvoltage_trip"),
    ],
)
def test_what_cannot_be_set_is_told_with_its_bounds(changes: dict[str, float], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        reconfigure(HEADER, changes)
    assert str(caught.value).startswith(told)


def test_the_packs_own_ring_bounds_what_can_be_set() -> None:
    header = Header(home_bms="0.1.0", config=CONFIG, hardware=HardwareRing(cell_overvoltage=3.65))
    with pytest.raises(ConfigError, match="hardware_cell_overvoltage"):
        reconfigure(header, {"cell_overvoltage_trip": 3.70})
