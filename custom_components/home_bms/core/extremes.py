"""Keeps the highest and the lowest of what was seen."""

from __future__ import annotations

from .model import Believed
from .past import PEAKS, Extremes, Values


def seen(believed: Believed) -> Values:
    """Return what the rows of PEAKS are at this moment."""
    high, low, current = believed.cell_max, believed.cell_min, believed.current
    return (
        high,
        low,
        believed.temperature_max,
        believed.temperature_min,
        None if current is None or current <= 0 else current,
        None if current is None or current >= 0 else -current,
        None if high is None or low is None else high - low,
    )


def widen(values: Values, others: Values) -> Values:
    """Return the extremes of both; the same object where the others add nothing."""
    for before, other, (_, upward) in zip(values, others, PEAKS, strict=True):
        if other is not None and (before is None or (other > before if upward else other < before)):
            break
    else:
        return values
    return tuple(
        [
            before if other is None else other if before is None else (max if upward else min)(before, other)
            for before, other, (_, upward) in zip(values, others, PEAKS, strict=True)
        ]
    )


def widened(before: Extremes, believed: Believed, now: Values, clock: float | None) -> Extremes:
    """Return the extremes with those of this moment; the same object where it adds nothing."""
    values = widen(before.values, now)
    if values is before.values:
        return before
    high, low = believed.cell_max_index, believed.cell_min_index
    # Only the spread has two places; its higher cell is named.
    places = (high, low, believed.temperature_max_index, believed.temperature_min_index, None, None, high)
    kept = [old == new for old, new in zip(before.values, values, strict=True)]
    return Extremes(
        values=values,
        at=tuple([old if same else clock for same, old in zip(kept, before.at, strict=True)]),
        places=tuple([old if same else new for same, old, new in zip(kept, before.places, places, strict=True)]),
    )


def joined(one: Extremes, other: Extremes) -> Extremes:
    """Return the extremes of two stretches of time."""
    values = widen(one.values, other.values)
    mine = [old == new for old, new in zip(one.values, values, strict=True)]
    return Extremes(
        values=values,
        at=tuple([a if same else b for same, a, b in zip(mine, one.at, other.at, strict=True)]),
        places=tuple([a if same else b for same, a, b in zip(mine, one.places, other.places, strict=True)]),
    )
