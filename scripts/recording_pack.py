"""The packs of `recordings.py`: cells that differ, four of them with a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from scripts.recording_chemistry import Array

LABEL: Final = 280.0
"""Ah."""
FEWEST: Final = 4
"""Cells, for there are as many faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One pack's cells, in Ah, Ω, A, percent and K; a fault's `since_s` is when it begins."""

    capacity: Array
    resistance: Array
    """Factor to PyBaMM's own."""
    joint: Array
    leakage: Array
    place: Array
    """K above the pack's surroundings."""
    soc: Array
    hysteresis: float
    """V of half the loop."""
    bend: float
    """Loops that a whole charge would pass."""
    faults: list[dict[str, Any]]


def build(kind: str, count: int, days: int, rng: np.random.Generator) -> Build:
    """Draw a pack of `count` cells with one weak, one leaky, one that gets a micro short and one a loose joint."""
    weak, leaky, short, loose = (int(cell) for cell in rng.choice(count, 4, replace=False))
    mean = rng.uniform(0.935, 0.965)
    capacity = LABEL * (mean + 0.009 * spread(count, rng))
    capacity[weak] = LABEL * (mean - rng.uniform(0.04, 0.08))
    resistance = 1 + 0.05 * spread(count, rng)
    resistance[weak] *= rng.uniform(1.1, 1.3)
    leakage = 0.004 + rng.exponential(0.0017, count)
    leakage[leaky] = rng.uniform(0.015, 0.040)
    faults: list[dict[str, Any]] = [
        {"kind": "weak_cell", "cell": weak + 1, "since_s": 0},
        {"kind": "leaky_cell", "cell": leaky + 1, "since_s": 0},
        {"kind": "micro_short", "cell": short + 1, "since_s": begin(days, rng)},
        {"kind": "loose_joint", "cell": loose + 1, "since_s": begin(days, rng)},
    ]
    faults[2]["extra_leak_a"] = round(rng.uniform(0.10, 0.25), 3)
    faults[3]["extra_mohm"] = round(rng.uniform(0.3, 0.6), 2)
    # A pack that was balanced at the top once: what its cells miss to full differs by an Ah or so.
    missing = rng.uniform(0.30, 0.62) * LABEL + rng.uniform(0.3, 1.0) * spread(count, rng)
    return Build(
        capacity=capacity,
        resistance=resistance,
        joint=rng.uniform(0.12, 0.24, count) / 1000,
        leakage=leakage,
        place=1.7 * np.sin(np.pi * np.arange(count) / (count - 1)) + rng.uniform(-0.15, 0.15, count),
        soc=100 * (1 - missing / capacity),
        hysteresis=float(rng.uniform(0.007, 0.013)) if kind.startswith("lfp") else 0.0,
        bend=float(rng.uniform(20, 50)),
        faults=faults,
    )


def spread(count: int, rng: np.random.Generator) -> Array:
    """Return what a value of unit spread is for each cell; none is far out."""
    return np.clip(rng.standard_normal(count), -2, 2)


def begin(days: int, rng: np.random.Generator) -> int:
    """Return s at which a fault begins, at a full hour past the middle."""
    return int(rng.uniform(0.50, 0.72) * days * 24) * 3600


def usable(soc: Array, capacity: Array) -> tuple[float, float]:
    """Return Ah until the first cell is empty, and until the first is full; `soc` is 0 to 1."""
    return float(np.min(soc * capacity)), float(np.min((1 - soc) * capacity))
