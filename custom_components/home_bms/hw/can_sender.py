"""The way out onto a CAN bus: the newest frame of each identifier, as long as somebody acknowledges."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .can_frame import CanFrame

if TYPE_CHECKING:
    from .can_bus import CanBus

SILENT_FOR: Final = 1.0
"""s for which nothing is sent where nobody acknowledges; each time in vain doubles it, and any frame heard ends it."""
SILENT_MOST: Final = 10.0
OUTDATED: Final = 2.0
"""s after which a frame that could not be sent is worth nothing: what it says may have been taken back."""
LOOK_EVERY: Final = 0.01


class CanSender:
    """The way out of one link: no queue, only the newest frame of each identifier (`can/09...md` 9.3)."""

    def __init__(
        self,
        clock: Callable[[], float],
        bus: Callable[[], CanBus | None],
        *,
        sending: Callable[[CanFrame], None],
        sent: Callable[[CanFrame], None],
        lost: Callable[[CanBus, Exception], None],
    ) -> None:
        """`bus` gives the open bus, `sending` and `sent` are told of each frame, `lost` of a bus that is gone."""
        self.unsent = 0
        """Frames that were given up because they could not be sent in time."""
        self._clock = clock
        self._bus = bus
        self._sending = sending
        self._sent = sent
        self._lost = lost
        self._outbox: dict[int, tuple[CanFrame, float]] = {}
        self._on_the_way: frozenset[int] = frozenset()
        self._writer: asyncio.Task[None] | None = None
        self._silent_until: float | None = None
        self._silent_for = SILENT_FOR
        self._news = asyncio.Event()

    @property
    def silent(self) -> bool:
        """Whether nobody acknowledged the last frame."""
        return self._silent_until is not None

    def put(self, frame: CanFrame) -> None:
        """Have a frame sent, in place of one that waits with the same identifier."""
        self._outbox[frame.key] = frame, self._clock()
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    def withdraw(self, keys: Collection[int]) -> None:
        """Drop what waits with these keys."""
        for key in keys:
            self._outbox.pop(key, None)

    def heard(self) -> None:
        """Note that somebody else is on the bus."""
        self._silent_until = None
        self._silent_for = SILENT_FOR
        self._news.set()

    async def drained(self, keys: Collection[int], within: float) -> bool:
        """Wait until nothing with these keys waits, `within` s at most; tell whether that was reached."""
        until = self._clock() + within
        while self._outbox.keys() & keys or self._on_the_way & frozenset(keys):
            if self._clock() >= until:
                return False
            await asyncio.sleep(LOOK_EVERY)
        return True

    async def stop(self) -> None:
        """Drop what waits, and end what is being sent."""
        self._outbox.clear()
        if self._writer is not None:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer

    async def _write(self) -> None:
        """Send until nothing waits."""
        try:
            while self._outbox:
                await self._rest()
                now, bus = self._clock(), self._bus()
                fresh = [frame for frame, since in self._outbox.values() if now - since <= OUTDATED]
                self.unsent += len(self._outbox) - len(fresh)
                self._outbox.clear()
                if bus is None:
                    self.unsent += len(fresh)
                elif fresh:
                    await self._send(bus, fresh, now)
        finally:
            self._writer = None

    async def _send(self, bus: CanBus, frames: list[CanFrame], now: float) -> None:
        """Send a batch in a thread; what does not leave waits on, unless a newer one does."""
        for frame in frames:
            self._sending(frame)
        self._on_the_way = frozenset(frame.key for frame in frames)
        try:
            result = await asyncio.get_running_loop().run_in_executor(None, bus.send, frames)
        finally:
            self._on_the_way = frozenset()
        for frame in frames[: result.count]:
            self._sent(frame)
        if result.error is None:
            self._silent_until = None
            return
        for frame in frames[result.count :]:
            self._outbox.setdefault(frame.key, (frame, now))
        if result.silent:
            self._silent_until = self._clock() + self._silent_for
            self._silent_for = min(2 * self._silent_for, SILENT_MOST)
        else:
            self.unsent += len(self._outbox)
            self._outbox.clear()
            self._lost(bus, result.error)

    async def _rest(self) -> None:
        """Wait out the silence, or until somebody is heard."""
        while self._silent_until is not None and (left := self._silent_until - self._clock()) > 0:
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._news.wait()
