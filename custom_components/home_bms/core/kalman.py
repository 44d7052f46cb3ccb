"""Takes one measured number into a small set of correlated unknowns."""

from __future__ import annotations

from collections.abc import Sequence

type Vector = tuple[float, ...]
type Matrix = tuple[Vector, ...]
"""A covariance: symmetric, its diagonal the variances."""
type Row = Sequence[tuple[int, float]]
"""The few unknowns that a measurement or a step rests on: (index, factor), the others have none."""


def diagonal(deviations: Sequence[float]) -> Matrix:
    """Return the covariance of unknowns that know nothing of each other, from their standard deviations."""
    return tuple(
        tuple(deviation * deviation if row == column else 0.0 for column in range(len(deviations)))
        for row, deviation in enumerate(deviations)
    )


def variance(covariance: Matrix, row: Row) -> float:
    """Return the variance of the sum that `row` makes of the unknowns."""
    # Rounding may leave a little less than nothing.
    return max(0.0, sum([factor * covariance[first][second] * other for first, factor in row for second, other in row]))


def update(state: Vector, covariance: Matrix, row: Row, innovation: float, noise: float) -> tuple[Vector, Matrix]:
    """Return what is known after a measurement.

    `innovation` is what was measured less what was expected, `noise` the variance of the measurement.
    """
    spread = _spread(covariance, row)
    total = noise + max(0.0, sum([factor * spread[index] for index, factor in row]))
    gains = [value / total for value in spread]
    moved = tuple([value + gain * innovation for value, gain in zip(state, gains, strict=True)])
    narrowed = tuple(
        [
            tuple([value - gain * other for value, other in zip(line, spread, strict=True)])
            for line, gain in zip(covariance, gains, strict=True)
        ]
    )
    return moved, narrowed


def shift(covariance: Matrix, index: int, row: Row) -> Matrix:
    """Return the covariance after the unknown at `index` moved by the sum that `row` makes of others."""
    added = _spread(covariance, row)
    lines = [list(line) for line in covariance]
    for place, value in enumerate(added):
        lines[place][index] += value
        lines[index][place] += value
    lines[index][index] += sum([factor * added[place] for place, factor in row])
    return tuple(map(tuple, lines))


def widen(covariance: Matrix, index: int, by: float) -> Matrix:
    """Return the covariance with a greater variance of one unknown."""
    line = covariance[index]
    wider = (*line[:index], line[index] + by, *line[index + 1 :])
    return (*covariance[:index], wider, *covariance[index + 1 :])


def _spread(covariance: Matrix, row: Row) -> list[float]:
    """Return the covariance of every unknown with the sum that `row` makes."""
    return [sum([line[index] * factor for index, factor in row]) for line in covariance]
