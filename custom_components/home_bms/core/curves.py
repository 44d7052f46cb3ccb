"""How the voltage of a resting cell follows its charge, as published, and how far the publications disagree."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import erf, exp, hypot, inf, isinf, pi, sqrt
from typing import Final, NamedTuple

# (SoC in %, V, how many points of SoC the published curves lie apart at this voltage, as a standard deviation).
#
# LFP: the mean of four published curves: Libre Solar's bms_common.c (ocv_tables.json), a measured A123 cell
# (JetiLuaDFM, A123.lua), the firmware table of Meshtastic and the chart that vendors of 12 V batteries print (3.0 V at
# 10 %, 3.2 V at 20 %, 3.22 V at 30 %). From 85 % on the two measured ones alone: the charts draw straight lines there.
# The last percents are a charge that ends at 3.45 V with its tail. The step near 70 % lies where a maker's share of
# graphite puts it, so it is doubted more than four curves show.
_LFP: Final = (
    (0.0, 2.808, 3.0), (2.5, 2.910, 3.5), (5.0, 3.011, 4.0), (7.5, 3.064, 4.0), (10.0, 3.117, 4.0),
    (12.5, 3.139, 4.0), (15.0, 3.161, 4.0), (17.5, 3.183, 4.0), (20.0, 3.205, 4.0), (25.0, 3.219, 5.0),
    (30.0, 3.232, 5.5), (35.0, 3.244, 6.0), (40.0, 3.256, 6.0), (45.0, 3.260, 6.0), (50.0, 3.264, 6.0),
    (55.0, 3.268, 6.0), (60.0, 3.272, 6.0), (65.0, 3.279, 6.0), (70.0, 3.288, 6.0), (75.0, 3.301, 6.0),
    (80.0, 3.308, 5.0), (85.0, 3.311, 4.0), (90.0, 3.314, 2.0), (95.0, 3.320, 0.8), (97.0, 3.333, 0.6),
    (98.0, 3.355, 0.5), (99.0, 3.405, 0.4), (100.0, 3.480, 0.4),
)  # fmt: skip
# NMC and NCA: the mean of Libre Solar's table and five parameter sets of the literature (ocv_tables.json). They agree
# near the top and differ by an eighth of the charge in the middle, where cathodes differ.
_NMC: Final = (
    (0.0, 2.750, 1.0), (2.5, 3.050, 3.0), (5.0, 3.286, 4.0), (10.0, 3.410, 7.0), (15.0, 3.482, 9.0),
    (20.0, 3.530, 10.0), (25.0, 3.578, 11.0), (30.0, 3.621, 12.0), (35.0, 3.657, 13.0), (40.0, 3.688, 13.0),
    (45.0, 3.715, 13.0), (50.0, 3.744, 12.0), (55.0, 3.777, 10.0), (60.0, 3.819, 6.5), (65.0, 3.865, 4.4),
    (70.0, 3.912, 3.8), (75.0, 3.958, 3.4), (80.0, 4.005, 2.9), (85.0, 4.047, 2.5), (90.0, 4.086, 1.6),
    (95.0, 4.134, 1.0), (100.0, 4.200, 1.0),
)  # fmt: skip
# LTO: doi 10.3390/batteries5010031 by way of Libre Solar (ocv_tables.json); one source, so the disagreement is taken to
# be LFP's.
_LTO: Final = (
    (0.0, 2.000, 2.0), (5.0, 2.105, 4.0), (10.0, 2.125, 4.0), (15.0, 2.141, 4.0), (20.0, 2.154, 4.0),
    (25.0, 2.166, 4.0), (30.0, 2.177, 4.0), (35.0, 2.187, 4.0), (40.0, 2.198, 4.0), (45.0, 2.210, 4.0),
    (50.0, 2.224, 4.0), (55.0, 2.240, 4.0), (60.0, 2.259, 3.5), (65.0, 2.282, 3.5), (70.0, 2.309, 3.0),
    (75.0, 2.340, 3.0), (80.0, 2.376, 2.5), (85.0, 2.415, 2.5), (90.0, 2.458, 2.0), (95.0, 2.513, 2.0),
    (100.0, 2.800, 1.0),
)  # fmt: skip
# Na-ion: a measured NFM 18650 (CC0) and Chayambuka's NVPF cell (ocv_tables.json) lie a sixth of the charge apart; the
# layered oxide is what home packs are made of, so its curve is taken and the distance kept.
_NA_ION: Final = (
    (0.0, 1.500, 2.0), (5.0, 2.284, 4.0), (10.0, 2.507, 6.0), (15.0, 2.670, 8.0), (20.0, 2.763, 8.0),
    (25.0, 2.815, 8.0), (30.0, 2.851, 8.0), (35.0, 2.905, 8.0), (40.0, 2.996, 8.0), (45.0, 3.092, 8.0),
    (50.0, 3.194, 8.0), (55.0, 3.296, 8.0), (60.0, 3.389, 8.0), (65.0, 3.472, 8.0), (70.0, 3.550, 8.0),
    (75.0, 3.632, 8.0), (80.0, 3.725, 8.0), (85.0, 3.832, 7.0), (90.0, 3.929, 5.0), (95.0, 3.988, 4.0),
    (100.0, 4.099, 2.0),
)  # fmt: skip
# Share of the range over which two curves that lie apart go on lying apart, so that one that is stretched as a whole
# is no surprise: half, as the four LFP curves do.
_STRETCH: Final = 0.5
# V by which a curve differs locally (hysteresis, temperature, rounding), and over which share of the range.
_RIPPLE: Final = 0.004
_RIPPLE_LENGTH: Final = 0.1

# Standard deviations within which a place is looked for; costs beyond which a piece has no weight; the share of a
# normal distribution that is next to nothing; and of a variance that is always left.
_REACH: Final = 6.0
_FAR: Final = 1400.0
_LITTLE: Final = 1e-9
_NARROW: Final = 1e-12
_ROOT: Final = sqrt(2.0)
_ROUND: Final = sqrt(2.0 * pi)
# Points around a mean, in standard deviations, and their shares: the Gauss-Hermite rule of five points.
_AROUND: Final = (
    (-2.8569700138728056, 0.011257411327720691),
    (-1.355626179974266, 0.22207592200561264),
    (0.0, 0.5333333333333333),
    (1.355626179974266, 0.22207592200561264),
    (2.8569700138728056, 0.011257411327720691),
)

DEPTHS: Final = (
    *(0.0, 0.01, 0.02, 0.03, 0.05),
    *(number / 20 for number in range(2, 14)),
    *(number / 40 for number in range(27, 45)),
)
"""The knots of a pack's own curve: Ah below full as shares of the rated capacity; finer where knees may lie."""
AGED: Final = 0.95
"""Share of its rated capacity that a pack probably has: some years old, 2-3 % lost in each (`estimation.md`, RWTH),
against labels that new cells exceed a little."""
_AGED_DOUBT: Final = 0.08


@dataclass(frozen=True, slots=True)
class Published:
    """A chemistry's published curve: SoC as 0-1 in rising order, V, and the doubt in SoC at each point."""

    socs: tuple[float, ...]
    volts: tuple[float, ...]
    doubts: tuple[float, ...]

    def voltage(self, soc: float) -> tuple[float, float]:
        """Return V at `soc` (0-1), and its slope in V per whole charge; beyond the ends the last piece goes on."""
        return along(self.socs, self.volts, soc)

    def soc(self, volts: float) -> float:
        """Return where the curve passes `volts`, as 0-1; the last piece goes on beyond an end."""
        return along(self.volts, self.socs, volts)[0]

    def doubt(self, soc: float) -> float:
        """Return the doubt at `soc`, both as 0-1."""
        return max(self.doubts[-1], along(self.socs, self.doubts, soc)[0])


def along(places: Sequence[float], values: Sequence[float], at: float) -> tuple[float, float]:
    """Return the value and the slope at `at` of straight lines between points; the outer ones go on."""
    index = min(max(bisect_right(places, at) - 1, 0), len(places) - 2)
    slope = (values[index + 1] - values[index]) / (places[index + 1] - places[index])
    return values[index] + slope * (at - places[index]), slope


def settle(
    places: Sequence[float], values: Sequence[float], before: float, spread: float, value: float, noise: float
) -> tuple[float, float]:
    """Return where one is after `value` was seen, and its standard deviation.

    `before` is uncertain by the standard deviation `spread`, `value` by the variance `noise`. Within each straight
    piece the answer is a piece of a normal distribution; their mean and variance are exact, so a knee is neither leapt
    over nor taken for a slope where only one side of it is excluded. The outer pieces go on.
    """
    last = len(places) - 2
    first = min(max(0, bisect_right(places, before - _REACH * spread) - 1), last)
    until = max(first, min(last, bisect_right(places, before + _REACH * spread) - 1))
    trust, sight = 1 / (spread * spread), 1 / noise
    pieces = []
    for index in range(first, until + 1):
        begin, end = places[index], places[index + 1]
        slope = (values[index + 1] - values[index]) / (end - begin)
        across = value - values[index] + slope * begin
        tight = trust + sight * slope * slope
        middle = (trust * before + sight * slope * across) / tight
        cost = trust * (middle - before) ** 2 + sight * (across - slope * middle) ** 2
        pieces.append(_cut(cost, middle, sqrt(1 / tight), begin if index else -inf, end if index < last else inf))
    least = min(piece.cost for piece in pieces)
    weights = [piece.mass * exp(-0.5 * min(piece.cost - least, _FAR)) for piece in pieces]
    total = sum(weights)
    mean = sum([weight * piece.mean for weight, piece in zip(weights, pieces, strict=True)]) / total
    square = [
        weight * (piece.variance + (piece.mean - mean) ** 2) for weight, piece in zip(weights, pieces, strict=True)
    ]
    return mean, sqrt(max(_NARROW * spread * spread, sum(square) / total))


class _Cut(NamedTuple):
    """What of a normal distribution lies in a piece: least cost there, mass, mean and variance."""

    cost: float
    mass: float
    mean: float
    variance: float


def _cut(cost: float, middle: float, width: float, begin: float, end: float) -> _Cut:
    low, high = (begin - middle) / width, (end - middle) / width
    share = 0.5 * (erf(high / _ROOT) - erf(low / _ROOT))
    if share < _LITTLE:
        # So far in the tail that all of it lies at the nearer edge.
        off, edge = (low, begin) if low > 0 else (high, end)
        return _Cut(cost + off * off, width / (max(1.0, abs(off)) * _ROUND), edge, 0.0)
    at_low, at_high = (0.0 if isinf(edge) else exp(-0.5 * edge * edge) / _ROUND for edge in (low, high))
    shifted = (at_low - at_high) / share
    inner = ((0.0 if isinf(low) else low * at_low) - (0.0 if isinf(high) else high * at_high)) / share
    off = max(0.0, low) if low > 0 else min(0.0, high)
    # Counted from the least cost inside, so that nothing overflows.
    mass = width * share * exp(0.5 * off * off)
    return _Cut(cost + off * off, mass, middle + width * shifted, max(0.0, width * width * (1 + inner - shifted**2)))


def straightened(
    places: Sequence[float], values: Sequence[float], mean: float, deviation: float
) -> tuple[float, float, float]:
    """Return the straight line that follows the curve best around `mean`, as far as the `deviation` reaches.

    It is given by its level at `mean` and its slope; the last number is the variance that it leaves.
    """
    levels = [(share, step, along(places, values, mean + step * deviation)[0]) for step, share in _AROUND]
    level = sum([share * value for share, _, value in levels])
    slope = sum([share * step * value for share, step, value in levels]) / deviation
    left = sum([share * (value - level) ** 2 for share, _, value in levels]) - (slope * deviation) ** 2
    return level, slope, max(0.0, left)


@cache
def published(chemistry: str) -> Published:
    """Return the published curve of a chemistry."""
    socs, volts, doubts = zip(*CURVES[chemistry], strict=True)
    return Published(tuple(soc / 100 for soc in socs), volts, tuple(doubt / 100 for doubt in doubts))


@cache
def expected(chemistry: str) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Return what a pack's own curve probably is: V at each of DEPTHS, and the covariance of what it may differ by."""
    curve = published(chemistry)
    socs = [1 - depth / AGED for depth in DEPTHS]
    levels = [curve.voltage(soc) for soc in socs]
    # A curve that is shifted or stretched by so much charge lies above or below by the slope times that.
    shifts = [
        slope * hypot(curve.doubt(soc), _AGED_DOUBT * (1 - soc)) for (_, slope), soc in zip(levels, socs, strict=True)
    ]
    covariance = tuple(
        tuple(
            one * other * exp(-abs(here - there) / _STRETCH)
            + _RIPPLE * _RIPPLE * exp(-abs(here - there) / _RIPPLE_LENGTH)
            for other, there in zip(shifts, socs, strict=True)
        )
        for one, here in zip(shifts, socs, strict=True)
    )
    return tuple(volt for volt, _ in levels), covariance


CURVES: Final[Mapping[str, tuple[tuple[float, float, float], ...]]] = {
    "lfp": _LFP,
    "nmc": _NMC,
    "lto": _LTO,
    "na_ion": _NA_ION,
}
