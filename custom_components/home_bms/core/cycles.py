"""Counts how often and how deeply a pack was cycled, by the rainflow method of ASTM E1049."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

TURN: Final = 1.0
"""Percent of charge that the other way must go before it counts as a turn: less is noise of the estimate."""
GRAIN: Final = 0.1
"""Percent of charge below which a move on the same way is not looked at; an end is known to within it."""
DEPTHS: Final = 10
"""Bins of 10 % depth each; the last one holds full depth, too."""
# What is open are turns that became smaller and smaller; a real week leaves a dozen of them.
_OPEN_LIMIT: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycles:
    """What is counted of a pack's life, and what is still open."""

    points: tuple[float, ...] = ()
    """SoC in percent at the turns that are not counted yet, the last one still on its way.

    Each range is smaller than the one before it.
    """
    counted: tuple[float, ...] = (0.0,) * DEPTHS
    """Cycles by depth; a half is half a cycle."""
    depth: float = 0.0
    """Percent, the sum of depth times cycles over all that is counted."""


def count(state: Cycles, soc: float) -> Cycles:
    """Take the SoC in percent along; the same object comes back while it neither turned nor moved on by `GRAIN`.

    What lies outside 0 to 100 is no SoC and counts nothing.
    """
    points = state.points
    if len(points) > 1:
        end = points[-1]
        ahead = soc - end if end > points[-2] else end - soc
        if -TURN < ahead < GRAIN or not 0.0 <= soc <= 100.0:
            return state
        return _closed(state, [*points[:-1], soc] if ahead > 0.0 else [*points, soc])
    if not 0.0 <= soc <= 100.0 or (points and abs(soc - points[0]) < TURN):
        return state
    return Cycles(points=(*points, soc), counted=state.counted, depth=state.depth)


def corrected(state: Cycles, by: float) -> Cycles:
    """Take note that the estimate was set right by so many percent without any charge having moved."""
    return Cycles(points=tuple(point + by for point in state.points), counted=state.counted, depth=state.depth)


def histogram(state: Cycles) -> tuple[float, ...]:
    """Return the cycles by depth; each range that is open is half a cycle, as at the standard's end of the data."""
    counted = list(state.counted)
    for one, other in pairwise(state.points):
        counted[_bin(abs(one - other))] += 0.5
    return tuple(counted)


def full_cycles(state: Cycles) -> float:
    """Return the equivalent full cycles: half the charge moved, in capacities, without turns smaller than `TURN`."""
    still_open = sum(abs(one - other) for one, other in pairwise(state.points))
    return (state.depth + still_open / 2) / 100


def _closed(state: Cycles, points: list[float]) -> Cycles:
    """Count the ranges that the last one has reached (the standard's steps 3 to 5): it may still be growing.

    Where more stay open than there is room for, the smallest finished turn is counted as a cycle. No charge is lost by
    that, only the depth of what it was a part of falls short by as much.
    """
    counted, depth = list(state.counted), state.depth
    while len(points) > 2:
        size = abs(points[-2] - points[-3])
        if abs(points[-1] - points[-2]) < size and len(points) <= _OPEN_LIMIT:
            break
        from_start = len(points) == 3
        times = 0.5 if from_start else 1.0
        counted[_bin(size)] += times
        depth += times * size
        del points[-3 : -2 if from_start else -1]
    return Cycles(points=tuple(points), counted=tuple(counted), depth=depth)


def _bin(size: float) -> int:
    return min(DEPTHS - 1, int(size * DEPTHS / 100))
