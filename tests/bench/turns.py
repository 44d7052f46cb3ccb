"""How long an event loop keeps everybody waiting: each turn, from when it knows what is ready until it asks again."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter, thread_time
from typing import Any


@dataclass(slots=True, kw_only=True)
class Turns:
    """The s that each turn took, by the wall and of the loop's own thread on a processor, which no others stretch."""

    walls: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    seconds: float = 0.0
    """In which they were watched."""


@contextmanager
def watched(loop: asyncio.AbstractEventLoop) -> Generator[Turns]:
    """Watch a running loop's turns."""
    inner: Any = loop
    turns, selector, began = Turns(), inner._selector, perf_counter()
    inner._selector = _Selector(selector, turns)
    try:
        yield turns
    finally:
        inner._selector = selector
        turns.seconds = perf_counter() - began


class _Selector:
    def __init__(self, real: selectors.BaseSelector, turns: Turns) -> None:
        self._real = real
        self._turns = turns
        self._wall: float | None = None
        self._worked = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def select(self, timeout: float | None = None) -> list[Any]:
        if self._wall is not None:
            self._turns.walls.append(perf_counter() - self._wall)
            self._turns.worked.append(thread_time() - self._worked)
        ready = self._real.select(timeout)
        self._wall, self._worked = perf_counter(), thread_time()
        return ready


def waits(turns: Sequence[float], seconds: float, share: float) -> float:
    """Return the s that whoever comes in `share` of all moments waits at most for the loop.

    A turn of d s keeps those waiting longer than x who come in its first d - x s.
    """
    left = (1.0 - share) * seconds
    ordered = sorted(turns, reverse=True)
    late = 0.0
    for count, turn in enumerate(ordered):
        # With x at this turn's length, those late are in the longer ones.
        if late - count * turn >= left:
            return (late - left) / count
        late += turn
    return max(0.0, (late - left) / max(1, len(ordered)))
