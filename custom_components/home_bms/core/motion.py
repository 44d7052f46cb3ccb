"""Foretells where the highest and the lowest cell will be once a limit that is told now is obeyed."""

from __future__ import annotations

from math import isinf
from typing import Final

from .limits import Candidate, Foresight
from .model import Believed, Motion, PackConfig, Reaction, whole

# s over which it is smoothed for each millivolt in which a cell is told, for such a step must not look like a rise; no
# longer, as a cell in the knee of LFP moves faster by half every 30 s or so at 0.5 C.
_SMOOTHED: Final = 10.0
_FINE: Final = 0.001
# V a second that one sample counts as at most: twice what a cell does at the very top at 1 C (thresholds.md 2.6).
_FASTEST: Final = 0.010
# Share of the capacity in A: a current that leapt moves the cells by their resistance, once, and says nothing of what
# they go on to do.
_LEAPT: Final = 0.02
# ... and below which none flows that a lower limit could take away.
_IDLE: Final = 0.005


def follow(config: PackConfig, motion: Motion, believed: Believed) -> Motion:
    """Take one look at the cells into account; while one of them or the current is not known, the motion stands."""
    high, low, current = believed.cell_max, believed.cell_min, believed.current
    if high is None or low is None or current is None or not whole(believed.cells) or isinf(believed.cells_age):
        return motion
    time, before = believed.time - believed.cells_age, motion.time
    if before is None:
        return Motion(time=time, high=high, low=low, current=current)
    passed = time - before
    if passed <= 0.0:
        return motion
    rising, falling = motion.rising, motion.falling
    if abs(current - motion.current) <= _LEAPT * config.capacity:
        weight = passed / (passed + _SMOOTHED * max(1.0, config.cell_resolution / _FINE))
        rising += weight * (_bounded((high - motion.high) / passed) - rising)
        falling += weight * (_bounded((motion.low - low) / passed) - falling)
    return Motion(time=time, high=high, low=low, current=current, rising=rising, falling=falling)


def _bounded(rate: float) -> float:
    return min(_FASTEST, max(-_FASTEST, rate))


def approach(config: PackConfig, motion: Motion, believed: Believed, reaction: Reaction) -> Foresight:
    """Return what the derating curves will permit where the outermost cells are by then, if they go on as they do.

    A cell that goes back promises nothing. A current that is not known is taken to flow.
    """
    current, idle = believed.current, _IDLE * config.capacity
    charge: tuple[Candidate, ...] = ()
    discharge: tuple[Candidate, ...] = ()
    high, low = believed.cell_max, believed.cell_min
    if high is not None and motion.rising > 0.0 and (current is None or current > idle):
        reached, curve = high + motion.rising * reaction.charge, config.charge_by_cell_voltage
        if reached > (start := curve.points[0][0]):
            left = config.charge_current * curve.at(reached)
            place = believed.cell_max_index
            charge = (Candidate(left, "inverter_reaction", place, reached, start, reaction.charge),)
    if low is not None and motion.falling > 0.0 and (current is None or current < -idle):
        reached, curve = low - motion.falling * reaction.discharge, config.discharge_by_cell_voltage
        if reached < (start := curve.points[-1][0]):
            left = config.discharge_current * curve.at(reached)
            place = believed.cell_min_index
            discharge = (Candidate(left, "inverter_reaction", place, reached, start, reaction.discharge),)
    return charge, discharge
