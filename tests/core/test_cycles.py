"""Rainflow counting of the charge."""

import json
from itertools import pairwise
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.codec import codec
from custom_components.home_bms.core.cycles import GRAIN, TURN, Cycles, corrected, count, full_cycles, histogram

NEW = Cycles()


def lived(socs: list[float], state: Cycles = NEW) -> Cycles:
    for soc in socs:
        state = count(state, soc)
    return state


def turning_points(series: list[float]) -> list[float]:
    steady = [series[0]] + [after for before, after in pairwise(series) if after != before]
    inner = [
        now
        for before, now, after in zip(steady, steady[1:], steady[2:], strict=False)
        if (now > before) != (after > now)
    ]
    return [steady[0], *inner, steady[-1]] if len(steady) > 1 else steady


def standard(series: list[float]) -> list[tuple[float, float]]:
    """ASTM E1049-85 5.4.4 by the letter, on the whole series at once: (range, cycles) in the order of counting."""
    points, counted, latest = turning_points(series), [], 2
    while latest < len(points):
        x = abs(points[latest] - points[latest - 1])
        y = abs(points[latest - 1] - points[latest - 2])
        if x < y:
            latest += 1
        elif latest == 2:
            counted.append((y, 0.5))
            del points[0]
        else:
            counted.append((y, 1.0))
            del points[latest - 2 : latest]
            latest = max(2, latest - 2)
    return counted + [(abs(after - before), 0.5) for before, after in pairwise(points)]


def binned(counted: list[tuple[float, float]]) -> tuple[float, ...]:
    bins = [0.0] * 10
    for size, cycles in counted:
        bins[min(9, int(size // 10))] += cycles
    return tuple(bins)


# The series that the standard explains itself with, ten times as large and lifted into 0 to 100 %.
EXAMPLE = [10 * value + 40.0 for value in (-2, 1, -3, 5, -1, 3, -4, 4, -2)]
COUNTED = [(30, 0.5), (40, 1.5), (60, 0.5), (80, 1.0), (90, 0.5)]


def test_the_standards_own_example_is_counted_as_it_says() -> None:
    assert histogram(lived(EXAMPLE)) == (0, 0, 0, 0.5, 1.5, 0, 0.5, 0, 1.0, 0.5)
    assert full_cycles(lived(EXAMPLE)) == pytest.approx(sum(size * cycles for size, cycles in COUNTED) / 100)


def test_the_oracle_counts_the_standards_example_too() -> None:
    assert binned(standard(EXAMPLE)) == binned([(float(size), cycles) for size, cycles in COUNTED])


# Whole percents, so that every move is a turn or a move on and nothing is rounded.
walks = st.lists(st.integers(0, 100).map(float), min_size=1, max_size=60)


@given(walks)
def test_sample_by_sample_it_counts_what_the_standard_counts_at_the_end(series: list[float]) -> None:
    state, whole = lived(series), standard(series)
    assert histogram(state) == binned(whole)
    assert full_cycles(state) == pytest.approx(sum(size * cycles for size, cycles in whole) / 100)


@given(walks)
def test_the_cycles_sum_up_to_the_charge_that_moved(series: list[float]) -> None:
    moved = sum(abs(after - before) for before, after in pairwise(series))
    assert full_cycles(lived(series)) == pytest.approx(moved / 200)


@given(st.lists(st.integers(0, 20).map(lambda fifth: 5.0 * fifth), min_size=2, max_size=8), st.floats(0.01, 0.9))
def test_every_second_of_a_day_counts_as_its_turns_do(ends: list[float], step: float) -> None:
    socs = [ends[0]]
    for end in ends[1:]:
        way = end - socs[-1]
        steps = int(abs(way) / step)
        socs += [socs[-1] + way * number / steps for number in range(1, steps)] + [end]
    moved = sum(abs(after - before) for before, after in pairwise(ends))
    assert full_cycles(lived(socs)) * 200 == pytest.approx(moved, abs=2 * GRAIN * len(ends))


@given(walks, walks)
def test_what_is_counted_never_becomes_less(past: list[float], future: list[float]) -> None:
    before = lived(past)
    after = lived(future, before)
    assert all(now >= then for now, then in zip(after.counted, before.counted, strict=True))
    assert full_cycles(after) >= full_cycles(before) - 1e-9


def test_noise_is_no_cycle_and_costs_no_new_object() -> None:
    state = lived([50.0, 60.0])
    for noise in (60.0, 60.0 + 0.9 * GRAIN, 60.0 - 0.9 * TURN, 60.05, 59.5):
        assert count(state, noise) is state
    falling = lived([40.0], state)
    assert count(falling, 40.0 + 0.9 * TURN) is falling
    assert count(falling, 40.0 - 0.9 * GRAIN) is falling
    assert count(falling, 40.0 - 2 * GRAIN).points == (60.0, 39.8)


def test_a_pack_that_only_wobbles_has_not_been_cycled() -> None:
    state = lived([50.0, 50.4, 49.6, 50.9])
    assert state.points == (50.0,)
    assert full_cycles(state) == 0
    assert histogram(state) == (0,) * 10
    assert full_cycles(Cycles()) == 0


@pytest.mark.parametrize("soc", [nan, inf, -inf, -0.1, 100.1])
def test_what_is_no_charge_counts_nothing(soc: float) -> None:
    for state in (Cycles(), lived([50.0]), lived([50.0, 60.0])):
        assert count(state, soc) is state


def test_from_empty_to_full_and_back_is_one_cycle_of_the_deepest() -> None:
    state = lived([0.0, 100.0, 0.0])
    assert histogram(state)[9] == 1
    assert full_cycles(state) == 1


def test_a_corrected_estimate_is_no_charge_that_moved() -> None:
    drifted = lived([20.0, 80.0])
    set_right = corrected(drifted, 15.0)
    assert full_cycles(set_right) == full_cycles(drifted)
    assert full_cycles(count(set_right, 95.0)) == full_cycles(drifted)
    assert full_cycles(count(set_right, 100.0)) == pytest.approx(full_cycles(drifted) + 0.025)
    assert corrected(Cycles(), 15.0) == Cycles()


def test_turns_that_become_smaller_for_ever_take_no_more_room_and_lose_no_charge() -> None:
    ever_smaller = [number / 4 if number % 2 == 0 else 100 - number / 4 for number in range(180)]
    state = lived(ever_smaller)
    moved = sum(abs(after - before) for before, after in pairwise(ever_smaller))
    assert len(state.points) == 64
    assert full_cycles(state) == pytest.approx(moved / 200)
    assert sum(histogram(state)) == pytest.approx(sum(binned(standard(ever_smaller))), abs=0.5)
    # The full sweep that closes all that is open.
    swept = lived([0.0, 100.0, 0.0], state)
    assert len(swept.points) <= 3
    assert full_cycles(swept) == pytest.approx((moved + abs(ever_smaller[-1]) + 200) / 200)


@given(walks)
def test_it_is_remembered_as_it_was(series: list[float]) -> None:
    state, ways = lived(series), codec(Cycles)
    assert ways.decode(json.loads(json.dumps(ways.encode(state)))) == state
