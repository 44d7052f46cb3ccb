"""One measured number into a few unknowns that hang together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.kalman import Matrix, Row, Vector, diagonal, shift, update, variance, widen


@st.composite
def beliefs(draw: st.DrawFn) -> tuple[Vector, Matrix]:
    """What may be known of up to four unknowns: any root times itself is a covariance."""
    size = draw(st.integers(1, 4))
    numbers = st.floats(-3, 3)
    root = [[draw(numbers) for _ in range(size)] for _ in range(size)]
    covariance = tuple(
        tuple(
            sum(one * other for one, other in zip(root[row], root[column], strict=True)) + (0.1 if row == column else 0)
            for column in range(size)
        )
        for row in range(size)
    )
    return tuple(draw(numbers) for _ in range(size)), covariance


def rows(size: int) -> st.SearchStrategy[Row]:
    """A few of the unknowns, each with its factor."""
    factors = st.floats(0.1, 3) | st.floats(-3, -0.1)
    return st.dictionaries(st.integers(0, size - 1), factors, min_size=1).map(lambda row: tuple(row.items()))


def dense(row: Row, size: int) -> list[float]:
    return [dict(row).get(index, 0.0) for index in range(size)]


def times(one: list[list[float]], other: list[list[float]]) -> list[list[float]]:
    columns = list(zip(*other, strict=True))
    return [[sum(a * b for a, b in zip(line, column, strict=True)) for column in columns] for line in one]


def turned(matrix: list[list[float]]) -> list[list[float]]:
    return [list(column) for column in zip(*matrix, strict=True)]


def unit(size: int) -> list[list[float]]:
    return [[1.0 if row == column else 0.0 for column in range(size)] for row in range(size)]


def same(one: Matrix, other: list[list[float]]) -> bool:
    return all(
        a == pytest.approx(b, abs=1e-6, rel=1e-6)
        for line, expected in zip(one, other, strict=True)
        for a, b in zip(line, expected, strict=True)
    )


def test_two_opinions_of_the_same_weight_meet_in_the_middle() -> None:
    state, covariance = update((10.0,), diagonal((2.0,)), ((0, 1.0),), 6.0, 4.0)
    assert state == (13.0,)
    assert covariance == ((2.0,),)


def test_unknowns_that_know_nothing_of_each_other_stay_apart() -> None:
    assert diagonal((1.0, 2.0, 3.0)) == ((1, 0, 0), (0, 4, 0), (0, 0, 9))
    state, covariance = update((1.0, 1.0), diagonal((1.0, 5.0)), ((0, 1.0),), 1.0, 1.0)
    assert state == (1.5, 1.0)
    assert covariance == ((0.5, 0.0), (0.0, 25.0))


@settings(max_examples=100)
@given(st.data(), beliefs(), st.floats(-20, 20), st.floats(0.01, 10))
def test_it_is_what_the_textbook_says(
    data: st.DataObject, belief: tuple[Vector, Matrix], innovation: float, noise: float
) -> None:
    """Joseph's form of the update, all matrices written out."""
    state, covariance = belief
    size = len(state)
    row = data.draw(rows(size))
    seen, known = [dense(row, size)], [list(line) for line in covariance]
    total = times(times(seen, known), turned(seen))[0][0] + noise
    gain = [[value / total for value in line] for line in times(known, turned(seen))]
    left = [
        [one - other for one, other in zip(line, taken, strict=True)]
        for line, taken in zip(unit(size), times(gain, seen), strict=True)
    ]
    expected = [
        [one + noise * other for one, other in zip(line, added, strict=True)]
        for line, added in zip(times(times(left, known), turned(left)), times(gain, turned(gain)), strict=True)
    ]
    moved, narrowed = update(state, covariance, row, innovation, noise)
    for after, before, (share,) in zip(moved, state, gain, strict=True):
        assert after == pytest.approx(before + share * innovation, abs=1e-6)
    assert same(narrowed, expected)
    assert total == pytest.approx(variance(covariance, row) + noise)


@settings(max_examples=100)
@given(st.data(), beliefs(), st.lists(st.tuples(st.floats(-20, 20), st.floats(0.01, 10)), max_size=6))
def test_no_measurement_makes_anything_less_sure(
    data: st.DataObject, belief: tuple[Vector, Matrix], seen: list[tuple[float, float]]
) -> None:
    state, covariance = belief
    for innovation, noise in seen:
        before = covariance
        state, covariance = update(state, covariance, data.draw(rows(len(state))), innovation, noise)
        for number, line in enumerate(covariance):
            assert -1e-9 <= line[number] <= before[number][number] + 1e-9
            assert list(line) == pytest.approx([other[number] for other in covariance], abs=1e-9)


@settings(max_examples=100)
@given(st.data(), beliefs(), st.floats(0.01, 10))
def test_what_is_measured_is_surer_than_the_measurement(
    data: st.DataObject, belief: tuple[Vector, Matrix], noise: float
) -> None:
    state, covariance = belief
    row = data.draw(rows(len(state)))
    _, narrowed = update(state, covariance, row, 1.0, noise)
    assert variance(narrowed, row) <= noise + 1e-9


def test_what_rounding_left_below_nothing_is_nothing() -> None:
    rounded = ((-1e-18, 0.0), (0.0, 1.0))
    assert variance(rounded, ((0, 1.0),)) == 0
    state, _ = update((1.0, 2.0), rounded, ((0, 1.0),), 5.0, 1e-18)
    assert state == pytest.approx((-4.0, 2.0))


@settings(max_examples=100)
@given(st.data(), beliefs())
def test_an_unknown_that_moves_by_others_takes_their_doubt_along(
    data: st.DataObject, belief: tuple[Vector, Matrix]
) -> None:
    _, covariance = belief
    size = len(covariance)
    index, row = data.draw(st.integers(0, size - 1)), data.draw(rows(size))
    step = unit(size)
    step[index] = [one + other for one, other in zip(step[index], dense(row, size), strict=True)]
    assert same(shift(covariance, index, row), times(times(step, [list(line) for line in covariance]), turned(step)))


@settings(max_examples=100)
@given(st.data(), beliefs(), st.floats(0, 10))
def test_widening_doubts_one_unknown_and_no_other(
    data: st.DataObject, belief: tuple[Vector, Matrix], by: float
) -> None:
    _, covariance = belief
    index = data.draw(st.integers(0, len(covariance) - 1))
    wider = widen(covariance, index, by)
    for row, line in enumerate(wider):
        for column, value in enumerate(line):
            assert value == covariance[row][column] + (by if row == column == index else 0.0)
