"""The middle cell: its charge, its capacity and the current sensor."""

from __future__ import annotations

from math import exp

import pytest

from custom_components.home_bms.core import charge, learning
from custom_components.home_bms.core.battery import Knowledge, Sample, Tally
from custom_components.home_bms.core.model import Switches

from .cells_world import HOLDS, RATED, Life, after_three_days

OPEN = Switches(charge=False, discharge=False)


def first_guess(chemistry: str, volts: float, current: float = 0.0, soc: float | None = None) -> Knowledge:
    return learning.begin(chemistry, RATED, Sample(time=0.0, current=current, cells=(volts,) * 4), soc)


def offset(life: Life) -> tuple[float, float]:
    """Return A of offset that were learned, and their standard deviation."""
    typical = life.known.typical
    return typical.state[charge.OFFSET], typical.covariance[charge.OFFSET][charge.OFFSET] ** 0.5


def test_resistance_falls_with_warmth_and_stops_where_sensors_end() -> None:
    assert charge.warmth(25.0) == 1
    # Some 4300 K: about a doubling from 25 to 12 °C.
    assert charge.warmth(12.0) == pytest.approx(exp(4300 * (1 / 285.15 - 1 / 298.15)))
    assert charge.warmth(-25.0) == charge.warmth(-300.0)
    assert charge.warmth(60.0) == charge.warmth(1000.0) < 1


@pytest.mark.parametrize(
    ("chemistry", "volts", "soc"),
    [("lfp", 3.05, 7), ("lfp", 3.42, 99), ("nmc", 3.95, 73), ("nmc", 3.5, 20), ("lto", 2.35, 76), ("na_ion", 3.5, 67)],
)
def test_where_the_curve_is_steep_the_first_voltage_tells_the_charge(chemistry: str, volts: float, soc: float) -> None:
    guess = first_guess(chemistry, volts)
    assert 100 * learning.soc(guess) == pytest.approx(soc, abs=5)
    assert learning.doubt(guess) < 0.12


def test_under_load_the_first_voltage_tells_less() -> None:
    assert learning.doubt(first_guess("lfp", 3.05, -40.0)) > learning.doubt(first_guess("lfp", 3.05)) + 0.02


@pytest.mark.parametrize("volts", [0.5, 2.0, 4.9])
def test_an_impossible_first_voltage_is_some_charge_in_doubt(volts: float) -> None:
    guess = first_guess("lfp", volts)
    assert -0.5 < learning.soc(guess) < 1.5
    assert 0 < learning.doubt(guess) < 1


def test_the_devices_own_count_is_taken_with_a_pinch_of_salt() -> None:
    guess = first_guess("lfp", 3.30, soc=62.0)
    assert learning.soc(guess) == pytest.approx(0.62)
    assert learning.doubt(guess) == pytest.approx(0.15, abs=0.02)


def test_looking_longer_at_a_plateau_teaches_no_more_about_the_charge() -> None:
    life = Life(soc=0.45, told=55.0)
    life.live(2)
    soon = learning.doubt(life.known)
    life.live(10)
    assert learning.doubt(life.known) > 0.8 * soon
    assert soon > 0.04
    low, high = life.estimate.soc_low, life.estimate.soc_high
    assert low is not None
    assert high is not None
    assert low < life.world.truth < high
    assert high - low > 16


def test_a_wrong_start_is_forgotten_at_the_first_full_charge() -> None:
    life = Life(soc=0.5, told=75.0)
    life.live(0.02)
    assert life.error == pytest.approx(25, abs=0.5)
    life.fill()
    assert life.error == pytest.approx(0, abs=2)
    assert learning.doubt(life.known) < 0.02
    life.drain(to=40)
    assert life.error == pytest.approx(0, abs=4)


def test_the_offset_is_learned_from_full_to_full() -> None:
    life = Life(told=50.0, offset=0.12)
    life.fill()
    before = offset(life)[1]
    life.days(2)
    learned, doubt = offset(life)
    assert learned == pytest.approx(0.12, abs=0.03)
    assert doubt < before / 4


def test_a_current_while_both_switches_are_open_is_offset() -> None:
    life, other = Life(told=50.0), Life(told=50.0)
    life.live(2.5, switches=OPEN)
    other.live(2.5)
    assert offset(life)[0] == pytest.approx(0.1, abs=0.01)
    assert offset(life)[1] < 0.02
    assert abs(offset(other)[0]) < 0.02
    assert offset(other)[1] > 0.1


@pytest.mark.parametrize("chemistry", ["lfp", "nmc"])
def test_days_of_use_leave_charge_and_capacity_known(chemistry: str) -> None:
    life = after_three_days() if chemistry == "lfp" else Life(told=50.0, chemistry=chemistry)
    if chemistry != "lfp":
        life.days(2)
    assert life.error == pytest.approx(0, abs=3)
    typical = life.known.typical
    assert typical.capacity == pytest.approx(HOLDS, abs=2.5 * typical.capacity_doubt)
    assert typical.capacity_doubt < 0.05 * RATED


@pytest.mark.parametrize(("size", "lower", "upper"), [(84.0, 84.0, 93.0), (108.0, 97.0, 108.0)])
def test_a_label_that_is_wrong_is_found_out(size: float, lower: float, upper: float) -> None:
    """Not to the last: three years of labels say that most of them are right."""
    life = Life(told=50.0, cells={number: {"size": size, "depth": 0.5 * size} for number in range(6)})
    life.days(2, to=5)
    assert lower < life.known.typical.capacity < upper


def test_nothing_seen_tells_nothing_of_the_capacity() -> None:
    typical = charge.begin("lfp", RATED)
    assert charge.measure(typical, "lfp", RATED) is typical


def test_a_silence_widens_the_doubt_and_a_longer_one_more_up_to_an_end() -> None:
    life = after_three_days()
    life.fill()
    doubts = [learning.doubt(life.known)]
    for hours in (0.5, 1.0, 2.0, 30.0, 300.0):
        other = life.fork()
        other.away(hours)
        other.live(0.01)
        doubts.append(learning.doubt(other.known))
    assert doubts == sorted(doubts)
    assert doubts[1] > 3 * doubts[0]
    assert doubts[-2] == pytest.approx(doubts[-1])
    assert 0.3 < doubts[-1] < 0.6


def test_what_flows_moves_the_charge_and_leans_the_hysteresis() -> None:
    typical = charge.begin("lfp", RATED)
    after = charge.count(typical, RATED, Tally(charge=-20.0, hours=2.0), bleed=0.0)
    assert after.state[charge.DEPTH] == typical.state[charge.DEPTH] + 20
    assert after.lean == pytest.approx(-1, abs=0.01)
    assert after.hours == 2
    assert charge.count(after, RATED, Tally(charge=20.0, charged=20.0, hours=1.0), bleed=0.0).lean > 0.99
    bled = charge.count(typical, RATED, Tally(hours=1.0), bleed=0.5)
    assert bled.state[charge.DEPTH] == typical.state[charge.DEPTH] + 0.5


def test_each_hour_of_counting_adds_doubt() -> None:
    life = after_three_days()
    life.fill()
    fresh = life.known
    drifted = charge.count(fresh.typical, RATED, Tally(hours=500.0), bleed=0.0)
    assert drifted.covariance[charge.DEPTH][charge.DEPTH] > 4 * fresh.typical.covariance[charge.DEPTH][charge.DEPTH]
    assert drifted.covariance[charge.OFFSET][charge.OFFSET] > fresh.typical.covariance[charge.OFFSET][charge.OFFSET]
