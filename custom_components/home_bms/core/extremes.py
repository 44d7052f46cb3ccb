"""Keeps the highest and the lowest of what was seen."""

from __future__ import annotations

from typing import Final

from .model import Believed
from .past import PEAKS, Extremes, Values

_UPWARD: Final = tuple(upward for _, upward in PEAKS)


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
    rows = _beyond(values, others)
    return _put(values, rows, others) if rows else values


def widened(before: Extremes, believed: Believed, now: Values, clock: float | None) -> Extremes:
    """Return the extremes with those of this moment; the same object where it adds nothing."""
    rows = _beyond(before.values, now)
    if not rows:
        return before
    high, low = believed.cell_max_index, believed.cell_min_index
    # Only the spread has two places; its higher cell is named.
    places = (high, low, believed.temperature_max_index, believed.temperature_min_index, None, None, high)
    return Extremes(
        values=_put(before.values, rows, now),
        at=_put(before.at, rows, (clock,) * len(now)),
        places=_put(before.places, rows, places),
    )


def joined(one: Extremes, other: Extremes) -> Extremes:
    """Return the extremes of two stretches of time."""
    rows = _beyond(one.values, other.values)
    return Extremes(
        values=_put(one.values, rows, other.values),
        at=_put(one.at, rows, other.at),
        places=_put(one.places, rows, other.places),
    )


def _beyond(values: Values, others: Values) -> list[int]:
    """Return the rows of PEAKS in which the others lie beyond."""
    return [
        row
        for row, other in enumerate(others)
        if other is not None
        and ((before := values[row]) is None or (other > before if _UPWARD[row] else other < before))
    ]


def _put[T](values: tuple[T, ...], rows: list[int], others: tuple[T, ...]) -> tuple[T, ...]:
    """Return the values with the others in some rows."""
    mixed = list(values)
    for row in rows:
        mixed[row] = others[row]
    return tuple(mixed)
