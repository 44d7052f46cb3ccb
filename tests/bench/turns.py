"""How long an event loop keeps everybody waiting: each turn, from when it knows what is ready until it asks again."""

from __future__ import annotations

import asyncio
import gc
import selectors
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter, thread_time
from typing import Any


@dataclass(slots=True, kw_only=True)
class Turns:
    """The s that each turn took, by the wall and of the loop's own thread on a processor, which no others stretch."""

    walls: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    """As `worked`, without what Python's collector took to look for garbage."""
    seconds: float = 0.0
    """In which they were watched."""


class Collector:
    """The s of this thread that Python's collector has taken; whom it interrupts is chance, and not who is at fault."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._thread = threading.get_ident()
        self._began = 0.0

    def __call__(self, phase: str, _: Mapping[str, int]) -> None:
        """Take a word of the collector."""
        if threading.get_ident() != self._thread:
            return
        if phase == "start":
            self._began = thread_time()
        else:
            self.seconds += thread_time() - self._began

    @contextmanager
    def heard(self) -> Generator[None]:
        """Listen to the collector."""
        gc.callbacks.append(self)
        try:
            yield
        finally:
            gc.callbacks.remove(self)


@contextmanager
def watched(loop: asyncio.AbstractEventLoop) -> Generator[Turns]:
    """Watch a running loop's turns."""
    inner: Any = loop
    turns, collector, selector, began = Turns(), Collector(), inner._selector, perf_counter()
    inner._selector = _Selector(selector, turns, collector)
    try:
        with collector.heard():
            yield turns
    finally:
        inner._selector = selector
        turns.seconds = perf_counter() - began


class _Selector:
    def __init__(self, real: selectors.BaseSelector, turns: Turns, collector: Collector) -> None:
        self._real = real
        self._turns = turns
        self._collector = collector
        self._wall: float | None = None
        self._worked = 0.0
        self._collected = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def select(self, timeout: float | None = None) -> list[Any]:
        if self._wall is not None:
            self._turns.walls.append(perf_counter() - self._wall)
            self._turns.worked.append(worked := thread_time() - self._worked)
            self._turns.own.append(worked - self._collector.seconds + self._collected)
        ready = self._real.select(timeout)
        self._wall, self._worked, self._collected = perf_counter(), thread_time(), self._collector.seconds
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
