"""Notices an open sense wire by two neighbours that move against each other with the current."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Final

from .model import NO_WIRES, PackReading, Trust, whole

# An open sense wire between two cells moves them against each other by what its own resistance drops
# (leaps-and-pains.md L2): judged on load steps of this size, from this deviation on, and believed the second time.
_WIRE_STEP: Final = 10.0
_WIRE_SWING: Final = 0.030
_WIRE_TIMES: Final = 2


def wires_apart(
    trust: Trust, cells: tuple[float | None, ...], current: float | None, reading: PackReading
) -> Mapping[int, int]:
    """Count, on load steps, the neighbours that moved against each other; a step in which they did not counts back."""
    last = trust.cells
    if current is None or trust.current is None or reading.cells_time == trust.cells_time:
        return trust.wires
    step = current - trust.current
    if abs(step) < _WIRE_STEP or not whole(cells) or len(last) != len(cells) or not whole(last):
        return trust.wires
    moves = [now - before for now, before in zip(cells, last, strict=True)]
    middle = median(moves)
    swings = [(move - middle) if step > 0 else (middle - move) for move in moves]
    wires = {index: times - 1 for index, times in trust.wires.items() if times > 1}
    for index in range(len(swings) - 1):
        one, other = swings[index], swings[index + 1]
        if min(abs(one), abs(other)) > _WIRE_SWING and one * other < 0 and abs(one + other) < 0.5 * abs(one):
            wires[index] = min(trust.wires.get(index, 0) + 1, 2 * _WIRE_TIMES)
    return wires or NO_WIRES


def without_open_wires(
    cells: tuple[float | None, ...], wires: Mapping[int, int], doubts: dict[str, str]
) -> tuple[float | None, ...]:
    """Take out both cells beside a wire that is open: their sum is right, neither of them is."""
    beside = {index + side for index, times in wires.items() if times >= _WIRE_TIMES for side in (0, 1)}
    if not beside:
        return cells
    doubts.update({f"cell_{index + 1}": "open_wire" for index in beside})
    return tuple(None if index in beside else value for index, value in enumerate(cells))
