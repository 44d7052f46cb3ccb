"""Reckons what several places show of one look at a pack."""

from __future__ import annotations

from .core.coarse import too_coarse
from .core.model import PackConfig, Snapshot


def power(snapshot: Snapshot) -> float | None:
    """Return the W into the pack."""
    current, voltage = snapshot.believed.current, snapshot.believed.voltage
    return None if current is None or voltage is None else current * voltage


def difference(snapshot: Snapshot) -> float | None:
    """Return the V between the highest cell and the lowest."""
    high, low = snapshot.believed.cell_max, snapshot.believed.cell_min
    return None if high is None or low is None else high - low


def cells(config: PackConfig, snapshot: Snapshot) -> tuple[float | None, ...]:
    """Return the V of each cell: what is too coarse to judge by may still be looked at, with the doubt beside it."""
    return snapshot.reading.cells if too_coarse(config) else snapshot.believed.cells


def from_one(index: int | None) -> int | None:
    """Return an index as people count."""
    return None if index is None else index + 1
