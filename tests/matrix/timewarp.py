"""Lets an event loop with real sockets live through minutes in seconds: where it would only wait, time is moved on."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

GRACE = 0.0007
"""Real s without anything to do, after which nothing is under way on loopback either."""
GRACE_TERMINAL = 0.002
"""The same where a pseudo terminal is in the way, which the kernel serves later."""


class Warp:
    """The clock of one test: the real one, and all the waiting that was left out.

    It never moves while an executor works, so that a file takes the real time that it takes.
    """

    def __init__(self, real: Callable[[], float], grace: float) -> None:
        self._real = real
        self.grace = grace
        self.skipped = 0.0
        self.working = 0
        self._held_until = 0.0

    def now(self) -> float:
        """Return the monotonic time that everything in the test sees."""
        return self._real() + self.skipped

    def hold(self, seconds: float) -> None:
        """Stand by for so many real s at most: a thread is about to bring something. None ends that."""
        self._held_until = self._real() + seconds if seconds else 0.0

    @property
    def held(self) -> float:
        """The real s for which time still stands by."""
        return max(0.0, self._held_until - self._real()) if self._held_until else 0.0

    def jump(self, seconds: float) -> None:
        """Move on at once, as after a suspended machine or a blocked loop."""
        self.skipped += seconds


class _Selector:
    """The loop's selector; it asks twice before it takes waiting for idleness."""

    def __init__(self, real: selectors.BaseSelector, warp: Warp) -> None:
        self._real = real
        self._warp = warp

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what is ready, at once or after moving time on to the next timer."""
        if timeout is None or timeout <= 0:
            return self._real.select(timeout)
        if self._warp.working:
            return self._real.select(timeout)
        if held := self._warp.held:
            return self._real.select(min(timeout, held))
        if ready := self._real.select(min(timeout, self._warp.grace)):
            return ready
        self._warp.jump(max(0.0, timeout - self._warp.grace))
        return []


@contextmanager
def warped(loop: asyncio.AbstractEventLoop, grace: float = GRACE) -> Generator[Warp]:
    """Warp a running loop's time; afterwards it goes on from there at its own pace."""
    inner: Any = loop
    warp = Warp(time.monotonic, grace)
    selector, run = inner._selector, inner.run_in_executor

    def run_in_executor(executor: Any, work: Any, *args: Any) -> Any:
        warp.working += 1
        future = run(executor, work, *args)
        future.add_done_callback(lambda _: setattr(warp, "working", warp.working - 1))
        return future

    inner._selector = _Selector(selector, warp)
    inner.run_in_executor = run_in_executor
    try:
        with patch("time.monotonic", warp.now):
            yield warp
    finally:
        inner._selector = selector
        del inner.run_in_executor
        # What is left in the loop was scheduled by the warped clock.
        inner.time = partial(_later, time.monotonic, warp.skipped)


def _later(clock: Callable[[], float], seconds: float) -> float:
    return clock() + seconds
