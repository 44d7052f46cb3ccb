"""Load steps tell resistance."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core import resistance
from custom_components.home_bms.core.battery import CellResistance, Sample
from custom_components.home_bms.core.charge import warmth
from custom_components.home_bms.core.resistance import CELL, ENOUGH, JOINT

from .cells_world import OHMS, RATED, after_three_days

TRUE = (0.0012, 0.0012, 0.0015, 0.0012, 0.0011)
METAL = 0.00015


class Kettle:
    """Cells at rest whose load is switched on and off; `joints` is Ω that one of them has more in its joint."""

    def __init__(self, noise: float = 0.0004) -> None:
        self.random, self.noise = Random(3), noise
        self.known: tuple[CellResistance, ...] = (resistance.begin(RATED),) * len(TRUE)
        self.joints = [METAL] * len(TRUE)
        self.hours = 0.0

    def boil(self, times: int, temperature: float = 25.0, amperes: float = -20.0, drift: float = 0.0) -> None:
        for _ in range(times):
            self.hours += 0.1
            before, after = self.sample(0.0, temperature, 0.0), self.sample(amperes, temperature, drift)
            warm = warmth(temperature)
            if resistance.followed(self.known, before, after, warm):
                self.known = resistance.learn(self.known, before, after, warm=warm, hours=self.hours)

    def sample(self, current: float, temperature: float, drift: float) -> Sample:
        warm = warmth(temperature)
        volts = [
            round(3.3 + drift + current * (ohms * warm + joint) + self.random.gauss(0, self.noise), 3)
            for ohms, joint in zip(TRUE, self.joints, strict=True)
        ]
        return Sample(time=0.0 if current == 0 else 2.0, current=current, cells=tuple(volts))


@pytest.mark.parametrize(
    ("amperes", "seconds", "is_step"),
    [
        (20.0, 2.0, True),
        (-20.0, 2.0, True),
        (4.1, 15.0, True),
        (3.9, 2.0, False),
        (20.0, 16.0, False),
        (20.0, 0.0, False),
        (20.0, -2.0, False),
        (20.0, float("nan"), False),
    ],
)
def test_only_what_is_large_and_sudden_is_a_step(amperes: float, seconds: float, is_step: bool) -> None:
    before, after = Sample(time=100.0, current=1.0, cells=()), Sample(time=100.0 + seconds, current=1.0, cells=())
    assert not resistance.stepped(before, after, RATED)
    moved = Sample(time=100.0 + seconds, current=1.0 + amperes, cells=())
    assert resistance.stepped(before, moved, RATED) is is_step
    # In a large pack that is little.
    assert not resistance.stepped(before, moved, 100 * RATED)


def test_every_step_makes_each_cells_resistance_surer() -> None:
    kettle = Kettle()
    kettle.boil(5)
    early = kettle.known[2].covariance[CELL][CELL]
    kettle.boil(100)
    assert kettle.known[2].covariance[CELL][CELL] < early
    for cell, ohms in zip(kettle.known, TRUE, strict=True):
        assert cell.measured == pytest.approx(ohms + METAL, rel=0.03)
        assert cell.steps == 105


def test_cold_and_warm_steps_tell_the_cell_from_its_joint() -> None:
    kettle = Kettle()
    kettle.joints[1] = 0.00040
    for temperature in (25.0, 5.0, 15.0) * 40:
        kettle.boil(5, temperature)
    for cell, ohms, joint in zip(kettle.known, TRUE, kettle.joints, strict=True):
        assert cell.state[CELL] == pytest.approx(ohms, rel=0.06)
        assert cell.state[JOINT] == pytest.approx(joint, abs=0.0001)


def test_a_lived_pack_knows_its_resistances() -> None:
    for cell in after_three_days().known.resistances:
        assert cell.measured == pytest.approx(OHMS + METAL, rel=0.05)
        assert cell.steps >= ENOUGH


@pytest.mark.parametrize("drift", [0.2, 0.03])
def test_a_step_that_the_cells_did_not_follow_teaches_nothing(drift: float) -> None:
    """Charge moved them more, or the current sensor leapt alone."""
    kettle = Kettle()
    kettle.boil(20)
    before = kettle.known
    kettle.boil(1, drift=drift)
    assert kettle.known is before
    kettle.boil(1)
    assert kettle.known[0].steps == 21


@settings(max_examples=30)
@given(st.floats(0.5, 4.9))
def test_a_spike_pulls_no_more_than_what_may_be(volts: float) -> None:
    kettle = Kettle()
    kettle.boil(100)
    before = kettle.known
    rest, load = kettle.sample(0.0, 25.0, 0.0), kettle.sample(-20.0, 25.0, 0.0)
    wild = Sample(time=2.0, current=-20.0, cells=(volts, *load.cells[1:]))
    after = resistance.learn(before, rest, wild, warm=1.0, hours=20.0)
    assert after[0].state[CELL] == pytest.approx(before[0].state[CELL], rel=0.05)
    assert after[0].measured == pytest.approx(before[0].measured, rel=0.05)
    sane = resistance.learn(before, rest, load, warm=1.0, hours=20.0)
    for cell, same in zip(after[1:], sane[1:], strict=True):
        assert cell.measured == pytest.approx(same.measured, rel=1e-3)


def test_a_spike_in_the_very_first_step_is_no_more_than_a_doubled_resistance() -> None:
    kettle = Kettle()
    rest, load = kettle.sample(0.0, 25.0, 0.0), kettle.sample(-20.0, 25.0, 0.0)
    wild = Sample(time=2.0, current=-20.0, cells=(0.6, *load.cells[1:]))
    first = resistance.learn(kettle.known, rest, wild, warm=1.0, hours=1.0)[0]
    assert resistance.loosened(first) == 0
    assert first.fast == pytest.approx(OHMS + METAL, rel=0.1)


def test_a_joint_that_comes_loose_is_dated_and_stays_told() -> None:
    kettle = Kettle()
    kettle.boil(150)
    assert [cell.loose_since for cell in kettle.known] == [None] * 5
    kettle.joints[3] += 0.0006
    came = kettle.hours
    kettle.boil(40)
    since = kettle.known[3].loose_since
    assert since is not None
    assert came < since <= kettle.hours
    healthy = kettle.known[3].slow
    kettle.boil(600)
    assert (kettle.known[3].loose_since, kettle.known[3].slow) == (since, healthy)
    assert [cell.loose_since for cell in kettle.known[:3]] == [None] * 3


def test_a_poor_board_is_no_loose_joint() -> None:
    kettle = Kettle(noise=0.012)
    for _ in range(30):
        kettle.boil(50)
        assert [cell.loose_since for cell in kettle.known] == [None] * 5


def test_a_joint_that_was_tightened_is_told_no_more() -> None:
    kettle = Kettle()
    kettle.boil(150)
    kettle.joints[3] += 0.0006
    kettle.boil(60)
    kettle.joints[3] -= 0.0006
    kettle.boil(100)
    assert kettle.known[3].loose_since is None
    assert resistance.joint(kettle.known[3]) < METAL + 0.0001


def test_what_has_come_loose_is_of_the_joint_and_not_of_the_cell() -> None:
    kettle = Kettle()
    kettle.boil(300, 25.0)
    assert resistance.loosened(resistance.begin(RATED)) == 0
    cell, joint = kettle.known[3].state[CELL], resistance.joint(kettle.known[3])
    kettle.joints[3] += 0.0006
    kettle.boil(300, 25.0)
    assert kettle.known[3].state[CELL] == pytest.approx(cell, rel=0.05)
    assert resistance.joint(kettle.known[3]) - joint == pytest.approx(0.0006, abs=0.0001)


class Dweller:
    """One cell beside the middle one: `own` Ω of it double within minutes, `metal` Ω do not."""

    def __init__(self, own: float = 0.0, metal: float = 0.0) -> None:
        self.random, self.own, self.metal = Random(5), own, metal
        self.cell, self.hours, self.current = resistance.begin(RATED), 0.0, 0.0

    def live(self, days: int, slope: float = 0.05) -> CellResistance:
        for _ in range(24 * days):
            self.hours += 1.0
            current = self.random.uniform(-30.0, 30.0)
            step, seen = current - self.current, self.own + self.metal + self.random.gauss(0, 0.00005)
            before, after = (Sample(time=at, current=at * 20.0, cells=()) for at in (0.0, 1.0))
            three = [self.cell, resistance.begin(RATED), resistance.begin(RATED)]
            volts = (0.02 + 20.0 * seen, 0.02, 0.02)
            (self.cell, *_) = resistance.learn(
                tuple(three),
                replace(before, cells=(0.0, 0.0, 0.0)),
                replace(after, cells=volts),
                warm=1.0,
                hours=self.hours,
            )
            apart = 0.004 + current * (2 * self.own + self.metal) + self.random.gauss(0, 0.001)
            self.cell = resistance.dwell(self.cell, apart, step, slope, self.hours)
            self.current = current
        return self.cell


@pytest.mark.parametrize(("own", "metal"), [(0.0004, 0.0), (0.0, 0.0004), (0.0, 0.0), (0.0003, 0.0003)])
def test_what_sags_on_within_minutes_is_the_cells_own_and_what_does_not_is_metal(own: float, metal: float) -> None:
    cell = Dweller(own, metal).live(10)
    assert cell.at_once.ohms == pytest.approx(own + metal, abs=0.00005)
    assert cell.in_minutes.ohms == pytest.approx(2 * own + metal, abs=0.0001)
    if own:
        assert own < resistance.own(cell) < 2 * own, "rather too much: no wrench for a cell"
    else:
        assert resistance.own(cell) < 0.00005


def test_a_creep_is_followed_from_month_to_month() -> None:
    dweller = Dweller()
    for month in range(1, 7):
        dweller.metal = 0.0001 * month
        assert dweller.live(30).at_once.ohms == pytest.approx(dweller.metal, abs=0.00004)
        assert resistance.own(dweller.cell) < 0.00005


def test_where_the_curve_is_steep_a_window_says_little_and_where_the_current_is_the_same_nothing() -> None:
    known = Dweller(0.0, 0.0004).live(10)
    steep = resistance.dwell(known, 1.0, 20.0, 3.0, 241.0)
    assert steep.in_minutes.ohms == pytest.approx(known.in_minutes.ohms, abs=0.00003)
    for step in (None, 0.0, 1.0):
        idle = resistance.dwell(known, 0.012, step, 0.05, 241.0)
        assert (idle.in_minutes, idle.apart) == (known.in_minutes, 0.012)
    fresh = resistance.begin(RATED)
    assert resistance.dwell(fresh, 0.012, 20.0, 0.05, 1.0).in_minutes == fresh.in_minutes


def test_before_enough_was_seen_no_joint_is_loose() -> None:
    kettle = Kettle()
    kettle.boil(ENOUGH // 2)
    kettle.joints[3] += 0.002
    kettle.boil(ENOUGH // 4)
    assert kettle.known[3].loose_since is None


def test_a_small_resistance_is_no_reason_to_tell_of_microohms() -> None:
    assert resistance.threshold(0.0002) == resistance.threshold(0.0001) == pytest.approx(0.0001)
    assert resistance.threshold(0.001) == pytest.approx(0.0002)
