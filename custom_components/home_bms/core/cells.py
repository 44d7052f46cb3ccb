"""Learns how each cell differs from the middle one: in charge, self-discharge, capacity and sensor error.

Only differences are looked at, so what all cells share (the curve, the hysteresis, the current sensor) drops out. The
plateau teaches a sensor's error, the knees teach charge, and both knees together teach capacity.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Final, NamedTuple

from . import kalman
from .battery import CellCharge
from .curves import DEPTHS, along, settle, straightened

# The unknowns: Ah below the middle cell, A of self-discharge beyond the middle cell's, ln(capacity / the middle
# cell's), V of the sensor's error.
UNKNOWNS: Final = 4
DEPTH, LEAK, CAPACITY, ERROR = range(UNKNOWNS)

# Cells that were put together without care differ by some percent in charge; those of one batch by 1-2 % in capacity,
# old ones by more.
_DEPTH_DOUBT: Final = 0.02
_CAPACITY_DOUBT: Final = 0.03
# A per Ah: a cell loses 1-3 % a month by itself, and cells differ by as much.
_LEAK_DOUBT: Final = 3e-5
# A per Ah and root hour by which that wanders, and what a short may add in one leap (estimation.md: 0.1 A at 280 Ah).
_LEAK_WANDERS: Final = 4e-7
_LEAK_LEAP: Final = 5e-4
_DEPTH_LEAP: Final = 0.01
# V: 3 mV is what cheap boards are off by.
_ERROR_DOUBT: Final = 0.003
# V² an hour by which that wanders: 10 mV in a year; and squared share an hour by which a cell ages apart from the
# others: 1.5 % in a year, where a pack as a whole loses 2-3 % (estimation.md, RWTH).
_ERROR_WANDERS: Final = 0.010**2 / 8766
_CAPACITY_WANDERS: Final = 0.015**2 / 8766
# V of a mean that no model explains, and the shares of what the curve and the resistance explain that are uncertain.
_RIPPLE: Final = 0.001
_UNSURE_CURVE: Final = 0.25
_UNSURE_DROP: Final = 0.15
# A curve that was not seen bends more than it is expected to: by so much its variance is raised.
_UNSEEN: Final = 4.0
# Standard deviations from which on a cell has changed rather than been measured badly: summed over the looks that show
# charge, of which each keeps so much of the sum before it.
_LEAPT: Final = 6.0
_KEPT: Final = 0.7
# A per Ah by which a cell may lose less than the middle one: as much as that one loses; and more: it would be empty
# within two days.
_LEAST_LEAK: Final = -4e-5
_MOST_LEAK: Final = 0.02
# V that the leap would have to make where it is noticed, else it is a sensor that errs.
_LEAP_SHOWS: Final = 0.005
# Share of the rated capacity, and ln of the ratio, by which two cells of a pack may differ: what was measured beyond is
# nonsense, and must not take a life to forget.
_APART: Final = 1.0
UNLIKE: Final = 1.0
# Share of the capacity: what rounding may leave of a doubt.
_NARROW: Final = 1e-6


def begin(rated: float) -> CellCharge:
    """Return what is known of a cell that nobody has looked at; `rated` in Ah."""
    doubts = (_DEPTH_DOUBT * rated, _LEAK_DOUBT * rated, _CAPACITY_DOUBT, _ERROR_DOUBT)
    return CellCharge(state=(0.0, 0.0, 0.0, 0.0), covariance=kalman.diagonal(doubts))


def scaled(cell: CellCharge, rated: float, factor: float) -> CellCharge:
    """Return the same in a pack whose capacity is `factor` times what it was, now `rated` in Ah.

    How it compares with the others and how its sensor errs is kept, as little sure as at the beginning.
    """
    state = (cell.state[DEPTH] * factor, cell.state[LEAK] * factor, *cell.state[CAPACITY:])
    return CellCharge(state=state, covariance=begin(rated).covariance)


def count(cell: CellCharge, rated: float, hours: float, bleed: float) -> CellCharge:
    """Let time pass; `bleed` in Ah is what the cell's balancer took beyond the middle cell's."""
    state = cell.state
    covariance = kalman.shift(cell.covariance, DEPTH, ((LEAK, hours),))
    covariance = kalman.widen(covariance, LEAK, (_LEAK_WANDERS * rated) ** 2 * hours)
    covariance = kalman.widen(covariance, DEPTH, (0.1 * bleed) ** 2)
    covariance = kalman.widen(covariance, ERROR, _ERROR_WANDERS * hours)
    covariance = kalman.widen(covariance, CAPACITY, _CAPACITY_WANDERS * hours)
    return CellCharge(
        state=(state[DEPTH] + state[LEAK] * hours + bleed, *state[1:]),
        covariance=covariance,
        leak_since=cell.leak_since,
        strain=cell.strain,
    )


def look(
    cell: CellCharge,
    own: kalman.Vector,
    doubts: kalman.Vector,
    *,
    rated: float,
    depth: float,
    difference: float,
    drop: float,
    hours: float,
) -> CellCharge:
    """Take in a look.

    `own` is the pack's own curve in V at each of DEPTHS and `doubts` its variance in V², `depth` in Ah where the middle
    cell is on it; `difference` in V is the cell's voltage less the middle cell's, `drop` in V what the current makes of
    the resistance, `hours` the time watched so far.
    """
    sight = _Sight(own, doubts, rated, depth, difference, drop)
    state, covariance, surprise = _fit(cell.state, cell.covariance, sight)
    since, strain = cell.leak_since, cell.strain if surprise is None else _KEPT * cell.strain + surprise
    if abs(strain) > _LEAPT:
        # It lost or gained more than was thought possible: so what was thought is loosened, once.
        loose = kalman.widen(cell.covariance, LEAK, (_LEAK_LEAP * rated) ** 2)
        loose = kalman.widen(loose, DEPTH, (_DEPTH_LEAP * rated) ** 2)
        state, covariance, _ = _fit(cell.state, loose, sight)
        since, strain = hours, 0.0
    return CellCharge(state=_bounded(state, rated), covariance=covariance, leak_since=since, strain=strain)


def _bounded(state: kalman.Vector, rated: float) -> kalman.Vector:
    """Return the unknowns within what there is."""
    depth, leak, size, error = state
    return (
        max(-_APART * rated, min(_APART * rated, depth)),
        max(_LEAST_LEAK * rated, min(_MOST_LEAK * rated, leak)),
        max(-UNLIKE, min(UNLIKE, size)),
        error,
    )


class _Sight(NamedTuple):
    own: kalman.Vector
    doubts: kalman.Vector
    rated: float
    depth: float
    difference: float
    drop: float


def _fit(
    before: kalman.Vector, covariance: kalman.Matrix, sight: _Sight
) -> tuple[kalman.Vector, kalman.Matrix, float | None]:
    """Return the new unknowns, and by how many deviations what was seen surprises; `None` where it shows no charge."""
    own, doubts, rated, depth, difference, drop = sight
    middle, known = along(DEPTHS, own, depth / rated)[0], along(DEPTHS, doubts, depth / rated)[0]
    # A larger cell that has given as much stands higher on the curve.
    size = exp(before[CAPACITY]) * rated
    place = (depth + before[DEPTH]) / size
    spread = max(_NARROW, sqrt(kalman.variance(covariance, ((DEPTH, 1 / size), (CAPACITY, -place)))))
    value = middle + difference - before[ERROR]
    noise = _RIPPLE**2 + (_UNSURE_DROP * drop) ** 2
    there, left = settle(DEPTHS, own, place, spread, value, noise + covariance[ERROR][ERROR])
    level, slope, bend = straightened(DEPTHS, own, there, left)
    # Beyond where the middle cell has been the curve is hardly known.
    unknown = max(0.0, along(DEPTHS, doubts, there)[0] - known)
    noise += (_UNSURE_CURVE * (level - middle)) ** 2 + _UNSEEN * unknown + bend
    row = ((DEPTH, slope / size), (CAPACITY, -slope * place), (ERROR, 1.0))
    miss = value - level - slope * (place - there)
    surprise = None
    if abs(slope) * _DEPTH_LEAP > _LEAP_SHOWS:
        surprise = miss / sqrt(noise + kalman.variance(covariance, row))
    return (*kalman.update(before, covariance, row, miss, noise), surprise)


def capacity(cell: CellCharge, middle: float) -> float:
    """Return the cell's capacity in Ah, given the middle cell's."""
    return middle * exp(cell.state[CAPACITY])


def deviation(cell: CellCharge, unknown: int) -> float:
    """Return the standard deviation of one unknown."""
    return sqrt(max(0.0, cell.covariance[unknown][unknown]))
