"""One fast clock for two processes: each takes its time from its own loop, and none runs ahead of the other."""

from __future__ import annotations

import asyncio
import selectors
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from mmap import mmap
from pathlib import Path
from typing import Any
from unittest.mock import patch

from custom_components.home_bms.hw import can_claim

SLACK = 0.5
"""s of the common time by which one may be ahead of the other: less than a tick."""
STRIDE = 0.25
"""s at most between two looks at the clock: a process that the machine keeps waiting finds that no time has passed."""
BEAT = 0.1
"""s after which a clock is looked at although nothing is due, or the other would wait for it."""
GIVEN_UP = 20.0
"""Real s after which nobody waits for another whose time stands still."""

_SLOTS = struct.Struct("dd")
_BASE = struct.Struct("d")


def new_clock(path: Path) -> None:
    """Make the file that both clocks share; their time begins with the machine's."""
    path.write_bytes(_SLOTS.pack(0.0, 0.0) + _BASE.pack(time.monotonic()))


class SharedClock:
    """A monotonic clock that runs `speed` times as fast as the machine's, as far as both keep up."""

    def __init__(self, path: Path, place: int, speed: float) -> None:
        """Take place 0 or 1 at the clock in the file `path`."""
        with path.open("r+b") as file:
            self._shared = mmap(file.fileno(), 0)
        (self._base,) = _BASE.unpack_from(self._shared, _SLOTS.size)
        self.speed = speed
        self.alone = False
        """Whether nobody is waited for."""
        self._place = place
        self._lock = threading.Lock()
        self._machine = time.monotonic
        self._seen = self._moved = self._machine()
        self._now = 0.0
        self.working = 0
        """Threads at work, which take the time that they take: meanwhile the clock stands."""

    def now(self) -> float:
        """Return the common time in s; any thread may ask."""
        with self._lock:
            machine = self._machine()
            later = self._now + min(STRIDE, (machine - self._seen) * self.speed)
            self._seen = machine
            if self.working and not self.alone:
                later = self._now
            if not self.alone:
                later = min(later, _SLOTS.unpack_from(self._shared)[1 - self._place] + SLACK)
            if later > self._now:
                self._now, self._moved = later, machine
                struct.pack_into("d", self._shared, 8 * self._place, later)
            elif machine - self._moved > GIVEN_UP:
                self.alone = True
            return self._base + self._now

    async def beat(self) -> None:
        """Look at the clock again and again."""
        while True:  # noqa: ASYNC110 - the loop itself looks at it when it wakes
            await asyncio.sleep(BEAT)


class _Selector:
    """The loop's selector, which waits for as long as the fast clock takes."""

    def __init__(self, real: selectors.BaseSelector, speed: float) -> None:
        self._real = real
        self._speed = speed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what is ready within `timeout` s of the fast clock."""
        return self._real.select(timeout if timeout is None or timeout <= 0 else timeout / self._speed)


@contextmanager
def lived_by(loop: asyncio.AbstractEventLoop, clock: SharedClock) -> Generator[None]:
    """Let a running loop, and all that asks for the monotonic time, go by `clock`."""
    inner: Any = loop
    selector, run, machine = inner._selector, inner.run_in_executor, time.monotonic

    def run_in_executor(executor: Any, work: Any, *args: Any) -> Any:
        clock.working += 1
        future = run(executor, work, *args)
        future.add_done_callback(lambda _: setattr(clock, "working", clock.working - 1))
        return future

    inner._selector = _Selector(selector, clock.speed)
    inner.run_in_executor = run_in_executor
    beating = loop.create_task(clock.beat())
    try:
        # The network between both is as slow as it is.
        slow = patch.object(can_claim, "ECHO_WITHIN", clock.speed * can_claim.ECHO_WITHIN)
        with patch("time.monotonic", clock.now), slow:
            yield
    finally:
        beating.cancel()
        inner._selector = selector
        del inner.run_in_executor
        # What is left in the loop was scheduled by the fast clock.
        inner.time = partial(_later, machine, clock.now() - machine())


def _later(machine: Callable[[], float], seconds: float) -> float:
    return machine() + seconds
