"""What surrounds a protection is frozen, all of it and not much more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.blackbox import AROUND, KEEP, LONGEST, BlackBox, Box
from custom_components.home_bms.core.model import Alarm, Flow, Level, Reason, Track

from .conftest import make_config, make_reading

CONFIG = make_config()
START = bms.start(CONFIG)
_, CALM = bms.step(CONFIG, START, make_reading(0.0))


def alarm(level: Level, key: str = "cell_overvoltage") -> Alarm:
    return Alarm(key=key, level=level, flow=Flow.CHARGE, reason=Reason(rule=key, cell=3))


class Watch:
    """A black box that is told of one look a second."""

    def __init__(self) -> None:
        self.box = BlackBox(CONFIG)
        self.time = 0.0
        self.state = START

    def calm(self, until: float) -> list[Box]:
        return self.stand((), until)

    def stand(self, alarms: tuple[Alarm, ...], until: float) -> list[Box]:
        """Let alarms stand up to and with a time; return what was frozen."""
        frozen: list[Box] = []
        while self.time < until:
            self.time += 1
            frozen += self.tick(*alarms)
        return frozen

    def tick(self, *alarms: Alarm, error: str | None = None) -> tuple[Box, ...]:
        before, self.state = self.state, replace(self.state, started=self.time)
        decision = replace(CALM, time=self.time, alarms=alarms)
        return self.box.record(before, make_reading(self.time), decision, self.state, error=error)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def span(box: Box) -> tuple[float, float]:
    return box.ticks[0].reading.time, box.ticks[-1].reading.time


def test_a_calm_pack_freezes_nothing(watch: Watch) -> None:
    assert watch.calm(300) == []
    assert watch.stand((alarm(Level.WARN), alarm(Level.DERATE, "soc")), 600) == []
    assert watch.box.close() == ()


def test_a_protection_is_frozen_from_a_minute_before_to_a_minute_after(watch: Watch) -> None:
    watch.calm(299)
    (box,) = watch.stand((alarm(Level.PROTECT),), 500)
    assert span(box) == (300 - AROUND, 300 + AROUND)
    assert [trigger.time for trigger in box.triggers] == [300]
    assert box.triggers[0].alarm.reason.cell == 3
    assert [tick.reading.time for tick in box.ticks] == list(range(240, 361))


def test_the_first_tick_brings_the_state_and_the_others_follow_from_it(watch: Watch) -> None:
    watch.calm(299)
    (box,) = watch.stand((alarm(Level.PROTECT),), 500)
    first, *others = box.ticks
    assert first.state is not None
    assert first.state.started == 239
    assert all(tick.state is None for tick in others)


def test_a_trip_is_frozen_at_once_and_again_when_its_minute_is_over(watch: Watch) -> None:
    watch.calm(299)
    at_once, complete = watch.stand((alarm(Level.TRIP),), 500)
    assert span(at_once) == (240, 300)
    assert span(complete) == (240, 360)
    assert at_once.triggers == complete.triggers


def test_a_protection_that_becomes_a_trip_is_one_story_named_after_the_trip(watch: Watch) -> None:
    watch.calm(299)
    assert watch.stand((alarm(Level.PROTECT),), 329) == []
    at_once, complete = watch.stand((alarm(Level.TRIP),), 500)
    assert span(at_once) == (240, 330)
    assert span(complete) == (240, 390)
    gravest = complete.gravest
    assert gravest is not None
    assert (gravest.time, gravest.alarm.level) == (330, Level.TRIP)


def test_windows_that_overlap_become_one_even_after_the_first_was_closed(watch: Watch) -> None:
    watch.calm(299)
    (first,) = watch.stand((alarm(Level.PROTECT),), 400)
    assert span(first) == (240, 360)
    (both,) = watch.stand((alarm(Level.PROTECT), alarm(Level.PROTECT, "pack_overvoltage")), 600)
    assert span(both) == (240, 461)
    assert [trigger.time for trigger in both.triggers] == [300, 401]


def test_windows_apart_are_two_stories(watch: Watch) -> None:
    watch.calm(299)
    watch.stand((alarm(Level.PROTECT),), 421)
    (second,) = watch.stand((alarm(Level.PROTECT), alarm(Level.PROTECT, "pack_overvoltage")), 600)
    assert span(second) == (422 - AROUND, 422 + AROUND)


def test_a_flapping_alarm_makes_windows_of_bounded_length(watch: Watch) -> None:
    frozen: list[Box] = []
    for begin in range(0, 1800, 60):
        frozen += watch.stand((alarm(Level.PROTECT),), begin + 30)
        frozen += watch.calm(begin + 60)
    frozen += watch.box.close()
    assert len(frozen) > 2
    assert all(span(box)[1] - span(box)[0] <= LONGEST + AROUND for box in frozen)
    told = {trigger.time for box in frozen for trigger in box.triggers}
    assert told == {begin + 1 for begin in range(0, 1800, 60)}


def test_a_trip_that_was_restored_is_no_news(watch: Watch) -> None:
    latched = Track(level=Level.TRIP, since=-50, reason=Reason(rule="cell_overvoltage"))
    watch.state = replace(START, tracks={"cell_overvoltage": latched})
    assert watch.stand((alarm(Level.TRIP),), 100) == []


def test_a_trip_that_comes_back_after_its_reset_is_news(watch: Watch) -> None:
    watch.calm(299)
    watch.stand((alarm(Level.TRIP),), 350)
    watch.calm(351)
    (again, *_) = watch.stand((alarm(Level.TRIP),), 500)
    assert [trigger.time for trigger in again.triggers] == [300, 352]


def test_a_window_that_is_still_open_is_given_out_once_as_far_as_it_goes(watch: Watch) -> None:
    watch.calm(299)
    watch.stand((alarm(Level.PROTECT),), 320)
    (box,) = watch.box.close()
    assert span(box) == (240, 320)
    assert watch.box.close() == ()


def test_a_change_from_outside_stands_where_it_happened(watch: Watch) -> None:
    watch.calm(299)
    watch.stand((alarm(Level.PROTECT),), 310)
    watch.state = bms.wish(CONFIG, watch.state, replace(watch.state.wishes, charge=False))
    (box,) = watch.stand((alarm(Level.PROTECT),), 500)
    told = {tick.reading.time: tick.state for tick in box.ticks if tick.state is not None}
    assert list(told) == [240, 311]
    assert told[311].wishes.charge is False


def test_a_tick_that_broke_core_is_kept_with_its_error(watch: Watch) -> None:
    watch.calm(10)
    watch.time += 1
    watch.tick(alarm(Level.PROTECT, "internal_error"), error="ZeroDivisionError()")
    (box,) = watch.box.close()
    assert box.ticks[-1].error == "ZeroDivisionError()"


def test_half_an_hour_is_at_hand_and_no_more(watch: Watch) -> None:
    watch.calm(2 * KEEP)
    everything = watch.box.everything()
    assert everything.triggers == ()
    assert everything.gravest is None
    assert span(everything) == (KEEP, 2 * KEEP)
    assert len(watch.box) == KEEP + 1
    assert everything.ticks[0].state is not None


def test_memory_is_bounded_even_while_time_stands_still(watch: Watch) -> None:
    for _ in range(10_000):
        watch.tick()
    assert len(watch.box) == 2 * KEEP


def test_an_empty_box_is_no_error() -> None:
    assert BlackBox(CONFIG).everything().ticks == ()
