"""Makes a recording's longest time without a full charge longer, by living a piece of it again and again.

A piece may be repeated where the pack at its end is what it was at its beginning: each cell's true SoC, current, cell
voltages and temperatures agree within the limits below, no cell is being balanced, and neither a full charge nor the
beginning of a fault lies in between. What of the mean SoC still differs is put into the current, a few mA, so that
charge is conserved over all repetitions. What is not physical: how the cells drift apart in one piece (hundredths of a
percent) is taken back at each seam, so a leak does not add up, and no finding may be judged by such a recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from typing import Final

from .recording import Facts, Row, Sample, Truth

DAY: Final = 86400.0
FULL: Final = 98.5
"""True SoC of the pack in percent above which it counts as full."""

# A piece shorter than this is no day's story; points are looked for in this raster. Both in s.
_SHORTEST: Final = 0.5 * DAY
_RASTER: Final = 300.0
# How far both ends may differ: percent, percent of a cell, A, V of a cell, °C.
_SOC: Final = 0.1
_CELL_SOC: Final = 0.2
_CURRENT: Final = 1.0
_VOLTAGE: Final = 0.001
_TEMPERATURE: Final = 1.0


class NoLoopError(ValueError):
    """The recording has no piece that could honestly be repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """The piece after `begin` up to and with `end`, how often it is lived again, and the A that close its charge."""

    begin: float
    end: float
    times: int
    current: float

    @property
    def added(self) -> float:
        """Return by how many s the recording grows."""
        return self.times * (self.end - self.begin)


def find_loop(samples: Iterable[Sample], facts: Facts, seconds: float) -> Loop | None:
    """Return how to get `seconds` without a full charge; `None` where they are there already."""
    known = [(row, truth) for row, truth in samples if truth is not None]
    fulls = [known[0][0].time, *(row.time for row, truth in known if truth.soc > FULL), known[-1][0].time]
    stretches = sorted(((end - begin, begin, end) for begin, end in pairwise(fulls)), reverse=True)
    if stretches[0][0] >= seconds:
        return None
    for length, begin, end in stretches:
        pair = _closest([(row, truth) for row, truth in known if begin <= row.time <= end], facts)
        if pair is not None:
            return _loop(*pair, facts, seconds - length)
    raise NoLoopError("the pack is nowhere twice the same without a full charge in between")


type Point = tuple[Row, Truth]


def _closest(points: Sequence[Point], facts: Facts) -> tuple[Point, Point] | None:
    """Return the two points that differ least, where any two are alike and no fault begins in between."""
    raster: list[Point] = []
    for row, truth in points:
        due = not raster or row.time >= raster[-1][0].time + _RASTER
        if due and truth.soc <= FULL and not any(row.balancing):
            raster.append((row, truth))
    alike = [
        (difference, at, later)
        for at, first in enumerate(raster)
        for later in range(at + 1, len(raster))
        if (difference := _difference(first, raster[later])) is not None
        and not any(first[0].time < fault.since <= raster[later][0].time for fault in facts.faults)
    ]
    if not alike:
        return None
    _, at, later = min(alike)
    return raster[at], raster[later]


def _difference(first: Point, second: Point) -> float | None:
    """Return how far two points differ as the largest share of what is allowed; `None` beyond."""
    (row, truth), (other, later) = first, second
    if other.time - row.time < _SHORTEST or abs(truth.soc - later.soc) > _SOC:
        return None
    pairs = (
        ((row.current,), (other.current,), _CURRENT),
        (truth.cells, later.cells, _CELL_SOC),
        (row.cells, other.cells, _VOLTAGE),
        (row.temperatures, other.temperatures, _TEMPERATURE),
    )
    share = max(_apart(values, others) / allowed for values, others, allowed in pairs)
    return share if share <= 1 else None


def _apart(values: Sequence[float | None], others: Sequence[float | None]) -> float:
    return max(
        float("inf") if value is None or other is None else abs(value - other)
        for value, other in zip(values, others, strict=True)
    )


def _loop(first: Point, second: Point, facts: Facts, missing: float) -> Loop:
    (row, truth), (other, later) = first, second
    length = other.time - row.time
    gained = [
        capacity * (after - before) / 100
        for capacity, before, after in zip(facts.capacities, truth.cells, later.cells, strict=True)
    ]
    current = -sum(gained) / len(gained) / (length / 3600)
    return Loop(begin=row.time, end=other.time, times=ceil(missing / length), current=current)


def repeat(samples: Iterable[Sample], loop: Loop) -> Iterator[Sample]:
    """Yield the samples with the piece lived again; each of its lives carries the current that closes its charge."""
    piece: list[Sample] = []
    for row, truth in samples:
        if row.time <= loop.end:
            yield row, truth
            if row.time > loop.begin:
                piece.append((_closing(row, loop.current), truth))
        else:
            yield from _lives(piece, loop)
            piece = []
            yield replace(row, time=row.time + loop.added), truth
    yield from _lives(piece, loop)


def _lives(piece: list[Sample], loop: Loop) -> Iterator[Sample]:
    for life in range(1, loop.times + 1):
        later = life * (loop.end - loop.begin)
        for row, truth in piece:
            yield replace(row, time=row.time + later), truth


def _closing(row: Row, current: float) -> Row:
    return row if row.current is None else replace(row, current=row.current + current)


def moved(facts: Facts, loop: Loop) -> Facts:
    """Return the facts with those faults later that begin after the piece."""
    faults = tuple(
        replace(fault, since=fault.since + loop.added) if fault.since > loop.end else fault for fault in facts.faults
    )
    return replace(facts, faults=faults)
