"""Rejects spikes simply and for all rivals alike: by range, and by the median of three."""

from __future__ import annotations

from collections import deque
from typing import Final


class Spikes:
    """Rejects what cannot be; of a sudden jump it believes the median of the last three instead.

    A median of every sample would be unfair: of short loads, sampled each minute, it would lose some.
    """

    def __init__(self, most: float, least: float, jump: float) -> None:
        self._least, self._most, self._jump = least, most, jump
        self._last: deque[float] = deque(maxlen=3)
        self.value: float | None = None

    def __call__(self, value: float | None) -> float | None:
        """Return what to believe now; the last one of what was not delivered or cannot be."""
        if value is not None and self._least < value < self._most:
            self._last.append(value)
            middle = sorted(self._last)[len(self._last) // 2]
            self.value = value if abs(value - middle) <= self._jump else middle
        return self.value


class Hygiene:
    """Cleans the samples of a whole pack; the capacity in Ah says what current is possible."""

    # In capacities per hour: more than a home pack carries, and more than its load jumps in one sample.
    _CURRENT: Final = (2.0, 0.5)
    # In V: no cell of any chemistry leaves these while it lives, nor jumps so far.
    _CELL: Final = (4.5, 1.0, 0.1)

    def __init__(self, cells: int, capacity: float) -> None:
        most, jump = (factor * capacity for factor in self._CURRENT)
        self._current = Spikes(most, -most, jump)
        self._cells = [Spikes(*self._CELL) for _ in range(cells)]

    def __call__(self, current: float | None, cells: tuple[float | None, ...]) -> tuple[float, list[float]] | None:
        """Return current and cells, or `None` while one of them was never seen."""
        flow = self._current(current)
        told = [spikes(cell) for spikes, cell in zip(self._cells, cells, strict=True)]
        believed = [cell for cell in told if cell is not None]
        return (flow, believed) if flow is not None and len(believed) == len(told) else None
