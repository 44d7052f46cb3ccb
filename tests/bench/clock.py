"""Lets a process of its own live through days in minutes: all of its clocks skip what would only be waited for."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

BUSY: Final = 0.002
"""Real s between two looks while something works outside of the loop."""


class Clock:
    """The clocks of one process: the real ones, and all the waiting that was left out.

    They stand by while an executor works or `busy` says so. Both ends of every link have to be in the loop: what is
    sent over loopback has arrived by the time the loop asks what is ready.
    """

    def __init__(self) -> None:
        self._monotonic, self._wall = time.monotonic, time.time
        self.skipped = 0.0
        self.working = 0
        self.busy: Callable[[], bool] = lambda: False

    def monotonic(self) -> float:
        """Return what stands for `time.monotonic`."""
        return self._monotonic() + self.skipped

    def time(self) -> float:
        """Return what stands for `time.time`."""
        return self._wall() + self.skipped

    def utcnow(self) -> datetime:
        """Return what stands for Home Assistant's."""
        return datetime.fromtimestamp(self.time(), UTC)

    def install(self) -> None:
        """Take the place of the clocks; before anything of Home Assistant is imported, or others keep the real ones."""
        time.monotonic, time.time = self.monotonic, self.time
        from homeassistant.util import dt as dt_util  # noqa: PLC0415 - as above

        def now(time_zone: tzinfo | None = None) -> datetime:
            return datetime.fromtimestamp(self.time(), time_zone or dt_util.DEFAULT_TIME_ZONE)

        dt_util.utcnow, dt_util.now = self.utcnow, now  # type: ignore[assignment]

    def lead(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let a loop skip its waiting from now on."""
        inner: Any = loop
        run = inner.run_in_executor

        def run_in_executor(executor: Any, work: Any, *args: Any) -> Any:
            self.working += 1
            future = run(executor, work, *args)
            future.add_done_callback(self._worked)
            return future

        inner.run_in_executor = run_in_executor
        inner._selector = _Selector(inner._selector, self)

    def _worked(self, _: object) -> None:
        self.working -= 1


class _Selector:
    """A loop's selector that does not wait."""

    def __init__(self, real: selectors.BaseSelector, clock: Clock) -> None:
        self._real = real
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what is ready, at once or after moving the clocks on to the next timer."""
        if timeout is None or timeout <= 0:
            return self._real.select(timeout)
        if self._clock.working or self._clock.busy():
            return self._real.select(min(timeout, BUSY))
        if ready := self._real.select(0):
            return ready
        self._clock.skipped += timeout
        return []
