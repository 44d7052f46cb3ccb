"""Learns each cell's resistance from the load steps of everyday life, and tells the cell's part from its joint's.

A step in current moves the voltage at once. What grows in the cold is the cell's; what does not is metal: busbars,
lugs, sense leads.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from statistics import median
from typing import Final, NamedTuple

from . import kalman
from .battery import Beside, CellResistance, Sample

# The unknowns: Ω of the cell at 25 °C, Ω of its joint and sense leads.
UNKNOWNS: Final = 2
CELL, JOINT = range(UNKNOWNS)

# Ω·Ah: prismatic LFP cells of 280 Ah measure 0.3-0.8 mΩ over ten seconds, a screwed joint 0.05-0.3 mΩ.
_CELL: Final = 0.12
_CELL_DOUBT: Final = 0.08
_JOINT: Final = 0.00015
_JOINT_DOUBT: Final = 0.00008
# A step: share of the capacity in A, least A, and s between two samples within which it is one (estimation.md: 5 A).
_STEP: Final = 0.02
_LEAST: Final = 4.0
_WITHIN: Final = 15.0
# V of two samples of a board that rounds to millivolts, and the share of a drop that moves with the moment in between.
_NOISE: Final = 0.0012
_TIMING: Final = 0.12
# Share of the expected drop below which the cells have not followed a step.
_FOLLOWED: Final = 0.25
# Steps over which the late and the early resistance are averaged, and how many must have been seen.
_FAST: Final = 25.0
_SLOW: Final = 400.0
ENOUGH: Final = 60
# Share of the middle cell's resistance by which one that parts from itself is loose (estimation.md: p99 of healthy ones
# is 3.7 %), at least 0.1 mΩ (a watt at 100 A); and the share below which it counts as mended.
LOOSE: Final = 0.2
_LEAST_LOOSE: Final = 0.0001
_MENDED: Final = 0.1
# Standard deviations of the late resistance by which it must lie beyond the early one: a poor board is no loose joint.
_SURE: Final = 3.0
# No source has the next five: they were chosen on the simulated year (docs/estimation.md), and lower no limit.
# Standard deviations by which a cell must sag on beyond the middle one for that to be its own.
_SURELY: Final = 2.0
# Ω² an hour by which a difference between two cells wanders: 0.5 mΩ in a year, so that a creep is followed within days.
_WANDERS: Final = 0.0005**2 / 8766
# V by which the means of two cells lie apart for what no model explains, and share of the capacity by which one may be
# deeper than thought.
_RIPPLE: Final = 0.0015
_DEEPER: Final = 0.02
# Share of its resistance at once by which a cell sags on within minutes, at the least: LFP cells double it.
_SAGS: Final = 0.6
# Squared A up to which the plain mean weighs what it has seen, so that it follows ageing: some thousand steps.
_MEMORY: Final = 1e6


def begin(rated: float) -> CellResistance:
    """Return what is known of a cell whose current has not stepped; `rated` in Ah."""
    doubts = (_CELL_DOUBT / rated, _JOINT_DOUBT)
    return CellResistance(state=(_CELL / rated, _JOINT), covariance=kalman.diagonal(doubts))


def stepped(before: Sample, now: Sample, rated: float) -> bool:
    """Tell whether the current stepped between two samples."""
    step = abs(now.current - before.current)
    return step >= _LEAST and step >= _STEP * rated and 0 < now.time - before.time <= _WITHIN


def followed(cells: tuple[CellResistance, ...], before: Sample, now: Sample, warm: float) -> bool:
    """Tell whether the cells moved as a step of the current makes them; where they did not, the sensor leapt alone."""
    expected = median([cell.state[CELL] * warm + cell.state[JOINT] for cell in cells])
    moved = median([new - old for new, old in zip(now.cells, before.cells, strict=True)])
    return moved / (now.current - before.current) > _FOLLOWED * expected


def learn(
    cells: tuple[CellResistance, ...], before: Sample, now: Sample, *, warm: float, hours: float
) -> tuple[CellResistance, ...]:
    """Take in a step that the cells followed.

    `warm` is by what the cells' resistance exceeds that at 25 °C, `hours` the time watched so far.
    """
    step = now.current - before.current
    seen = [(new - old) / step for new, old in zip(now.cells, before.cells, strict=True)]
    middle = median(seen)
    sight = _Step(middle, (_NOISE / step) ** 2 + (_TIMING * middle) ** 2, step * step, warm, hours)
    return tuple([_one(cell, ohms, sight) for cell, ohms in zip(cells, seen, strict=True)])


class _Step(NamedTuple):
    middle: float
    noise: float
    weight: float
    warm: float
    hours: float


def _one(cell: CellResistance, ohms: float, step: _Step) -> CellResistance:
    middle, noise, weight, warm, hours = step
    row = ((CELL, warm), (JOINT, 1.0))
    noise_of_two = _NOISE**2 / step.weight + (_TIMING * (ohms - middle)) ** 2
    # A spike is no step: far misses pull no more than near ones.
    reach = 3.0 * sqrt(noise + kalman.variance(cell.covariance, row))
    # What has come loose is no property of the cell.
    miss = ohms - loosened(cell) - cell.state[CELL] * warm - cell.state[JOINT]
    state, covariance = kalman.update(cell.state, cell.covariance, row, _within(miss, reach), noise)
    total = min(cell.weight + weight, _MEMORY)
    mean = ohms if cell.measured is None else cell.measured
    off = 0.0 if cell.fast is None else _within(ohms - middle - cell.fast, middle)
    fast = _follow(cell.fast, ohms - middle, max(1 / _FAST, 1 / (cell.steps + 1)), middle)
    slow = _follow(cell.slow, ohms - middle, max(1 / _SLOW, 1 / (cell.steps + 1)), middle)
    return CellResistance(
        state=state,
        covariance=covariance,
        measured=mean + weight / total * _within(ohms - mean, reach),
        weight=total,
        steps=cell.steps + 1,
        scatter=cell.scatter + max(1 / _FAST, 1 / (cell.steps + 1)) * (off * off - cell.scatter),
        fast=fast,
        slow=slow if cell.loose_since is None else cell.slow,
        loose_since=_loose(cell, fast - slow, middle, hours),
        at_once=_beside(cell.at_once, ohms - middle, 2 * noise_of_two, hours),
        in_minutes=cell.in_minutes,
        apart=cell.apart,
    )


def _beside(before: Beside, seen: float, noise: float, hours: float) -> Beside:
    """Take in a difference in Ω, of which `noise` is the variance; a far miss pulls no more than a near one."""
    doubt = before.doubt + _WANDERS * max(0.0, hours - before.hours)
    reach = 3.0 * sqrt(noise + doubt)
    gain = doubt / (doubt + noise)
    return Beside(ohms=before.ohms + gain * _within(seen - before.ohms, reach), doubt=(1 - gain) * doubt, hours=hours)


def dwell(cell: CellResistance, apart: float, step: float | None, slope: float, hours: float) -> CellResistance:
    """Take in the mean of a window.

    `apart` is V beside the middle cell's, `step` A by which the mean current has changed since the window before,
    `slope` the curve's there in V by share of the capacity.
    """
    beside = cell.in_minutes
    if step is not None and cell.apart is not None and abs(step) >= _LEAST:
        noise = (_RIPPLE**2 + (_DEEPER * slope) ** 2) / (step * step)
        beside = _beside(beside, (apart - cell.apart) / step, noise, hours)
    return replace(cell, in_minutes=beside, apart=apart)


def loosened(cell: CellResistance) -> float:
    """Return Ω that the cell's joint has more than it had."""
    return max(0.0, cell.fast - cell.slow) if cell.fast is not None and cell.slow is not None else 0.0


def own(cell: CellResistance) -> float:
    """Return Ω of what the cell has beside the middle one that are surely its own: metal does not sag on."""
    at_once, in_minutes = cell.at_once, cell.in_minutes
    doubt = sqrt(at_once.doubt + in_minutes.doubt)
    return max(0.0, in_minutes.ohms - at_once.ohms - _SURELY * doubt) / _SAGS


def joint(cell: CellResistance) -> float:
    """Return Ω of the cell's joint and sense leads now."""
    return max(0.0, cell.state[JOINT]) + (0.0 if cell.loose_since is None else loosened(cell))


def _within(value: float, reach: float) -> float:
    return max(-reach, min(reach, value))


def _follow(before: float | None, value: float, share: float, middle: float) -> float:
    """Return a mean that follows; one wild value moves it no more than a doubled resistance would."""
    if before is None:
        return _within(value, middle)
    return before + share * _within(value - before, middle)


def _loose(cell: CellResistance, parted: float, middle: float, hours: float) -> float | None:
    """Return since when a joint is loose; once told it stays so until it is like before."""
    if cell.loose_since is not None:
        return cell.loose_since if parted > _MENDED * middle else None
    surely = _SURE * sqrt(2 * cell.scatter / _FAST)
    return hours if cell.steps >= ENOUGH and parted > max(threshold(middle), surely) else None


def threshold(middle: float) -> float:
    """Return Ω more than before from which on a joint is loose; `middle` is the middle cell's resistance."""
    return max(_LEAST_LOOSE, LOOSE * middle)
