"""Learns the middle cell's charge, capacity and own curve, the current sensor's offset and gain: all from looks.

Between two looks charge is counted. A look is the mean voltage of some minutes. What it teaches follows from the slope
of the curve there and from how well everything else is known: on LFP's plateau next to nothing about the charge, much
about the plateau; at the knees the reverse. All unknowns are held in one covariance, so nothing is counted twice: the
pack's own curve is learned where the count is sure, and corrects the count where that is not (`estimation.md`:
learning the pack's own curve is the main lever, then the offset, then the capacity).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from math import exp, hypot, sqrt
from typing import Final

from . import kalman
from .battery import Tally, Typical
from .curves import AGED, DEPTHS, expected, published, settle, straightened

# The unknowns: Ah below full, A of offset (measured less true), share of charging current that is not stored or not
# there, Ω that slow currents see, V of hysteresis; then V of the pack's own curve at each of DEPTHS.
DEPTH, OFFSET, LOSS, RESISTANCE, HYSTERESIS, CURVE = range(6)

# Share of the capacity in A: 0.4 A at 280 Ah, twice what cheap BMSs are off by (estimation.md).
_OFFSET_DOUBT: Final = 0.0015
# A per root hour and Ah by which an offset wanders: 0.05 A in a day at 280 Ah.
_OFFSET_WANDERS: Final = 3.5e-5
# Charge that is counted in and cannot be taken out: lithium cells lose some 0.1 %, and two directions of a sensor
# differ by as much.
_LOSS_DOUBT: Final = 0.001
# Ω·Ah of steady current with slow diffusion: 1 mΩ at 280 Ah.
_RESISTANCE: Final = 0.3
_RESISTANCE_DOUBT: Final = 0.15
# V by which charging and discharging lie apart at rest, half of it, and its doubt (estimation.md: Na-ion 20-80 mV).
_HYSTERESIS: Final = {"lfp": (0.006, 0.005), "nmc": (0.003, 0.003), "lto": (0.003, 0.003), "na_ion": (0.015, 0.010)}
# Share of the capacity that turns the hysteresis round.
_TURN: Final = 0.03
# Share of the capacity: what rounding may leave of a doubt.
_NARROW: Final = 1e-6
# V of a window's mean that no model explains.
_RIPPLE: Final = 0.0025
# Shares of the resistance's drop that are uncertain: of the mean current, of its spread, of what it was before.
_UNSURE: Final = (0.4, 0.5, 0.3)
# A device's own count, in share of the capacity (estimation.md: ±15 % are typical in the field).
_DEVICE_DOUBT: Final = 0.15
# How sure a label is: mostly it is the pack's, within 4 % after ageing; one in ten is another pack's, or a guess.
_LABEL_DOUBT: Final = 0.05
_LABELS: Final = ((0.9, 0.04), (0.1, 0.25))
# Shares: of the rated capacity below which a knot says nothing about it; of the charge above which it says little, for
# where the step of graphite lies is the maker's choice; of the first variance from which on it counts as seen. V by
# which resting voltages differ between packs. What a capacity may be, as a share of the rated one.
_SEEN_FROM: Final = 0.2
_LOWER: Final = 0.45
_SEEN: Final = 0.25
_LEVEL: Final = 0.006
_SIZES: Final = (0.3, 2.0)
# Activation of ions and charge transfer in K (estimation.md: about 4300 K).
ACTIVATION: Final = 4300.0
_ZERO: Final = 273.15
_ROOM: Final = 298.15


def warmth(temperature: float) -> float:
    """Return by what a cell's resistance at `temperature` in °C exceeds that at 25 °C."""
    return exp(ACTIVATION * (1.0 / (_ZERO + min(60.0, max(-25.0, temperature))) - 1.0 / _ROOM))


def begin(chemistry: str, rated: float) -> Typical:
    """Return what is known of a pack that nobody has looked at; `rated` in Ah."""
    hysteresis, doubt = _HYSTERESIS[chemistry]
    scalars = (
        (0.5 * AGED * rated, 0.3 * rated),
        (0.0, _OFFSET_DOUBT * rated),
        (0.0, _LOSS_DOUBT),
        (_RESISTANCE / rated, _RESISTANCE_DOUBT / rated),
        (hysteresis, doubt),
    )
    own, apart = expected(chemistry)
    rest = (0.0,) * len(own)
    top = kalman.diagonal([each[1] for each in scalars])
    covariance = tuple((*line, *rest) for line in top) + tuple((*(0.0,) * CURVE, *line) for line in apart)
    return Typical(
        state=(*(each[0] for each in scalars), *own),
        covariance=covariance,
        capacity=AGED * rated,
        capacity_doubt=_LABEL_DOUBT * rated,
    )


def glance(chemistry: str, rated: float, *, volts: float, current: float) -> Typical:
    """Return the first guess from one sample of the middle cell, whose past load is as uncertain as it is large."""
    looked = look(begin(chemistry, rated), rated, volts=volts, current=current, spread=current, warm=1.0)
    return replace(looked, current=None)


def trust(chemistry: str, rated: float, soc: float) -> Typical:
    """Return the first guess from the device's own count; `soc` as 0-1."""
    return _at(begin(chemistry, rated), soc, _DEVICE_DOUBT)


def _at(typical: Typical, soc: float, doubt: float) -> Typical:
    """Return the same with another charge, `soc` and its standard deviation as 0-1."""
    size = typical.capacity
    by = (doubt * size) ** 2 - typical.covariance[DEPTH][DEPTH]
    covariance = kalman.widen(typical.covariance, DEPTH, by)
    return replace(typical, state=((1 - soc) * size, *typical.state[1:]), covariance=covariance)


def told(typical: Typical, soc: float, doubt: float) -> Typical:
    """Take in a charge that a person tells, whatever was thought before.

    `soc` and its standard deviation `doubt` as 0-1.
    """
    innovation = (1 - soc) * typical.capacity - typical.state[DEPTH]
    loose = kalman.widen(typical.covariance, DEPTH, typical.capacity * typical.capacity)
    noise = (doubt * typical.capacity) ** 2
    return _with(typical, *kalman.update(typical.state, loose, ((DEPTH, 1.0),), innovation, noise))


def count(typical: Typical, rated: float, tally: Tally, bleed: float) -> Typical:
    """Take in what the current sensor has counted; `bleed` in Ah is what the middle cell lost to its balancer."""
    state = typical.state
    flowed = tally.charge - state[OFFSET] * tally.hours - state[LOSS] * tally.charged - bleed
    covariance = kalman.shift(typical.covariance, DEPTH, ((OFFSET, tally.hours), (LOSS, tally.charged)))
    covariance = kalman.widen(covariance, DEPTH, tally.doubt)
    covariance = kalman.widen(covariance, OFFSET, (_OFFSET_WANDERS * rated) ** 2 * tally.hours)
    kept = exp(-abs(flowed) / (_TURN * rated))
    return replace(
        typical,
        state=(state[DEPTH] - flowed, *state[1:]),
        covariance=covariance,
        lean=typical.lean * kept + (1 - kept) * (1 if flowed > 0 else -1),
        hours=typical.hours + tally.hours,
    )


def known_zero(typical: Typical, rated: float, current: float) -> Typical:
    """Take in a mean current in A that was measured while every switch was open: all of it is offset."""
    noise = (0.1 * _OFFSET_DOUBT * rated) ** 2
    innovation = current - typical.state[OFFSET]
    return _with(typical, *kalman.update(typical.state, typical.covariance, ((OFFSET, 1.0),), innovation, noise))


def look(typical: Typical, rated: float, *, volts: float, current: float, spread: float, warm: float) -> Typical:
    """Take in a look: V of the middle cell, mean current and its standard deviation in A, `warmth`.

    The curve bends, so it is straightened over where the charge may be once the voltage is known (a posterior
    linearisation filter).
    """
    state, covariance = typical.state, typical.covariance
    drop = state[RESISTANCE] * warm
    changed = current - (current if typical.current is None else typical.current)
    unsure = zip(_UNSURE, (current, spread, changed), strict=True)
    noise = _RIPPLE**2 + sum([(share * drop * amperes) ** 2 for share, amperes in unsure])
    resting = volts - drop * current - state[HYSTERESIS] * typical.lean
    own, depth = state[CURVE:], state[DEPTH] / rated
    index, _ = _piece(depth)
    doubt = max(_NARROW, sqrt(max(0.0, covariance[DEPTH][DEPTH])) / rated)
    place, left = settle(DEPTHS, own, depth, doubt, resting, noise + covariance[CURVE + index][CURVE + index])
    level, slope, bend = straightened(DEPTHS, own, place, left)
    index, share = _piece(place)
    row = (
        (DEPTH, slope / rated),
        (RESISTANCE, current * warm),
        (HYSTERESIS, typical.lean),
        (CURVE + index, 1 - share),
        (CURVE + index + 1, share),
    )
    miss = resting - level - slope * (depth - place)
    state, covariance = kalman.update(state, covariance, row, miss, noise + bend)
    return replace(typical, state=state, covariance=covariance, current=current)


def _piece(depth: float) -> tuple[int, float]:
    """Return the knot of DEPTHS above `depth`, and the share of the way down to the next."""
    index = min(max(bisect_right(DEPTHS, depth) - 1, 0), len(DEPTHS) - 2)
    return index, (depth - DEPTHS[index]) / (DEPTHS[index + 1] - DEPTHS[index])


def measure(typical: Typical, chemistry: str, rated: float) -> Typical:
    """Lay the published curve over the pack's own: how far it must be stretched tells the capacity.

    Every knot that has been seen says a capacity. What the published curves disagree in they disagree in along half
    the curve, so all knots together count as one. What the label says is weighed with that; where both contradict each
    other the label was wrong.
    """
    curve, own = published(chemistry), typical.state[CURVE:]
    _, apart = expected(chemistry)
    total = squares = mean = 0.0
    for index, depth in enumerate(DEPTHS):
        seen = typical.covariance[CURVE + index][CURVE + index]
        if depth < _SEEN_FROM or seen > _SEEN * apart[index][index]:
            continue
        soc = curve.soc(own[index])
        if soc > _LOWER:
            continue
        slope = curve.voltage(soc)[1]
        doubt = hypot(curve.doubt(soc), sqrt(seen + _LEVEL * _LEVEL) / slope) / depth
        says = min(_SIZES[1], max(_SIZES[0], depth / (1 - soc)))
        weight = 1 / (doubt * says) ** 2
        total, squares, mean = total + weight, squares + weight * weight, mean + weight * says
    if not total:
        return typical
    size, doubt = _weigh(mean / total, total / squares)
    return replace(typical, capacity=size * rated, capacity_doubt=doubt * rated)


def _weigh(says: float, noise: float) -> tuple[float, float]:
    """Return the capacity and its standard deviation after what the curve says, as shares of the rated one."""
    total = mean = square = 0.0
    for share, doubt in _LABELS:
        together = doubt * doubt + noise
        odds = share / sqrt(together) * exp(-0.5 * (says - AGED) ** 2 / together)
        gain = doubt * doubt / together
        middle, left = AGED + gain * (says - AGED), doubt * doubt * (1 - gain)
        total, mean, square = total + odds, mean + odds * middle, square + odds * (left + middle * middle)
    mean /= total
    return mean, sqrt(max(0.0, square / total - mean * mean))


def _with(typical: Typical, state: kalman.Vector, covariance: kalman.Matrix) -> Typical:
    return replace(typical, state=state, covariance=covariance)
