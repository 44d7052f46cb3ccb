"""A CAN bus as home_bms uses it: it listens, comes back after a loss, and sends only what it may."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from .can_capture import CanCapture
from .can_claim import CanClaim, Claims, Echoes
from .can_controller import CanController
from .can_error import CanLinkError
from .can_frame import CanFrame, spelled
from .can_params import CanParams, Interface
from .can_sender import CanSender
from .can_statistics import CanStatistics
from .can_subscribers import Subscribers

if TYPE_CHECKING:
    from .can_bus import CanBus

BACK_OFF: Final = 0.5
"""s after which a bus that could not be opened is tried again; each time in vain doubles it."""
BACK_OFF_MOST: Final = 5.0
"""s. More would outlast the patience of the limits (thresholds.md 2.12)."""
FLUSH_EVERY: Final = 0.02
"""s for which the reader gathers frames before it wakes the event loop."""
WAITING_MOST: Final = 4096
"""Frames that wait for the event loop; the oldest give way."""
BUS_OFF_FOR: Final = 2.0
"""s after which a controller that does not come back by itself is opened anew."""
CLAIM_AFTER: Final = 5.0
"""s to listen before an identifier is sent; the slowest frames of the 48 V families come every 2 s (`can/*.md`)."""
LOOK_EVERY: Final = 0.1


class CanState(StrEnum):
    """How a bus is."""

    CLOSED = "closed"
    """Not opened yet, or closed again."""
    LOST = "lost"
    """The interface is gone, and is tried again and again."""
    BUS_OFF = "bus_off"
    """The controller has left the bus after too many errors: bit rate, wiring or termination."""
    SILENT = "silent"
    """Nobody acknowledges what is sent."""
    PASSIVE = "passive"
    """The controller has seen many errors."""
    ACTIVE = "active"


class CanLink:
    """One bus, for all who share it; everything here is called on the event loop, and nothing here blocks it."""

    def __init__(
        self,
        params: CanParams,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        bus: Callable[..., CanBus] | None = None,
    ) -> None:
        """`wall` dates captures; `bus` makes the open bus, in a thread: python-can's through `CanBus`."""
        self.params = params
        self.statistics = CanStatistics()
        self.controller = CanController()
        self.reconnects = 0
        self.dropped = 0
        """Frames that the event loop was too late for."""
        self._clock = clock
        self._wall = wall
        self._make = bus
        self._bus: CanBus | None = None
        self._dropping: asyncio.Future[None] | None = None
        self._opened = 0.0
        self._opening = asyncio.Lock()
        self._closed = False
        self._keeper: asyncio.Task[None] | None = None
        self._failure: CanLinkError | None = None
        self._back_off = BACK_OFF
        self._closed_until = float("-inf")
        self._subscribers = Subscribers()
        self._watchers: list[Callable[[CanState], None]] = []
        self._echoes = Echoes() if params.interface is Interface.UDP_MULTICAST else None
        self._waiting: deque[CanFrame] = deque()
        self._flushing = False
        self._timers: set[asyncio.TimerHandle] = set()
        """Of what is due soon and must not outlive the link."""
        self._captures: list[CanCapture] = []
        self._sender = CanSender(clock, lambda: self._bus, sending=self._sending, sent=self._sent, lost=self._lose)
        self._claims = Claims(self._sender)
        self._told = CanState.CLOSED

    # --- The link --------------------------------------------------------------------------------------------------

    @property
    def state(self) -> CanState:
        """How the bus is now."""
        if self._bus is None:
            return CanState.LOST if self._failure is not None and not self._closed else CanState.CLOSED
        if self.controller.bus_off_since is not None:
            return CanState.BUS_OFF
        if self._sender.silent:
            return CanState.SILENT
        return CanState.PASSIVE if self.controller.passive else CanState.ACTIVE

    @property
    def failure(self) -> CanLinkError | None:
        """Why it is lost."""
        return self._failure

    @property
    def refused(self) -> frozenset[int]:
        """Keys that were to be sent and lately were not, for another node sends them."""
        return self._claims.refused(self._clock())

    @property
    def load(self) -> float:
        """Percent of the bus's time that was taken lately."""
        return self.statistics.load(self.params.bitrate, self._clock())

    @property
    def rate(self) -> float:
        """Frames a second that passed lately."""
        return self.statistics.rate(self._clock())

    async def open(self) -> None:
        """Open the bus unless it is open; from then on it is kept open.

        Raises CanLinkError, at once while it is being tried again after a loss.
        """
        async with self._opening:
            if self._closed:
                raise CanLinkError("cannot_connect", f"{self.params.key} is closed")
            if self._bus is not None:
                return
            if self._failure is not None and (self._keeper is not None or self._clock() < self._closed_until):
                raise self._failure
            await self._open()

    async def close(self) -> None:
        """Close the bus for good."""
        self._closed = True
        await self._sender.stop()
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        async with self._opening:
            await self._drop()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._waiting.clear()
        self._tell()

    async def look(self) -> None:
        """Ask the kernel how the controller is, where there is one: not all of it is told by error frames."""
        bus = self._bus
        if bus is None:
            return
        details = await asyncio.get_running_loop().run_in_executor(None, bus.details)
        if details is not None and bus is self._bus:
            self.controller.looked_at(details)
            self._tell()

    async def _open(self) -> None:
        """Open the bus in a thread. Raises CanLinkError."""
        loop = asyncio.get_running_loop()
        making = loop.run_in_executor(None, self._made, loop)
        try:
            bus = await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(_discard)
            raise
        except CanLinkError as err:
            self._failure = err
            self._closed_until = self._clock() + self._back_off
            self._back_off = min(2 * self._back_off, BACK_OFF_MOST)
            self._tell()
            raise
        self._bus, self._failure, self._back_off = bus, None, BACK_OFF
        self._opened = self._clock()
        self.controller.opened()
        self._sender.heard()
        self._tell()

    def _made(self, loop: asyncio.AbstractEventLoop) -> CanBus:
        """Return the open bus; python-can is loaded with the first one. Raises CanLinkError."""
        make: Callable[..., CanBus] = self._make or import_module(".can_bus", __package__).CanBus

        def hear(frame: CanFrame) -> None:
            self._waiting.append(frame)
            if not self._flushing:
                self._flushing = True
                with suppress(RuntimeError):
                    # The loop may have ended before the reader has.
                    loop.call_soon_threadsafe(self._later, FLUSH_EVERY, self._flush)

        def lose(error: Exception) -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._lose, bus, error)

        bus = make(self.params, hear, lose, self._clock)
        return bus

    def _later(self, seconds: float, action: Callable[..., None], *args: object) -> None:
        """Have something done soon, unless the link is closed by then."""
        if self._closed:
            return

        def act() -> None:
            self._timers.discard(timer)
            action(*args)

        timer = asyncio.get_running_loop().call_later(seconds, act)
        self._timers.add(timer)

    async def _drop(self) -> None:
        """Close the bus if it is open, or wait until it is closed."""
        bus, self._bus = self._bus, None
        if bus is not None:
            self._dropping = asyncio.get_running_loop().run_in_executor(None, bus.close)
        if self._dropping is not None:
            # Who is told to stop waiting must not leave the reader's thread behind.
            await asyncio.shield(self._dropping)

    def _lose(self, bus: CanBus | None, error: Exception) -> None:
        """Begin to open the bus anew, unless that is being done, or it is another bus by now."""
        if self._closed or self._keeper is not None or bus is None or bus is not self._bus:
            return
        self._failure = CanLinkError(
            "cannot_connect", f"{self.params.key} was lost: {error}", channel=self.params.channel, error=error
        )
        self._keeper = asyncio.get_running_loop().create_task(self._reopen())

    async def _reopen(self) -> None:
        """Open the bus again and again until it is open."""
        async with self._opening:
            await self._drop()
        self._tell()
        try:
            while True:
                await asyncio.sleep(self._back_off)
                with suppress(CanLinkError):
                    async with self._opening:
                        await self._open()
                    self.reconnects += 1
                    return
        finally:
            self._keeper = None

    # --- Listening -------------------------------------------------------------------------------------------------

    def subscribe(
        self, callback: Callable[[CanFrame], object], keys: Iterable[int] | None = None, mask: int = -1
    ) -> Callable[[], None]:
        """Have the data frames of other nodes told, all or those with these keys; returns what ends that.

        A frame is wanted if its key, of which only the bits of `mask` count, is among `keys`.
        """
        return self._subscribers.add(callback, keys, mask)

    def on_state(self, watcher: Callable[[CanState], None]) -> Callable[[], None]:
        """Have each change of `state` told; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher) if watcher in self._watchers else None

    async def capture(self, seconds: float) -> str:
        """Return all that passes in so many seconds, our own frames too, as `candump -L` would write it.

        It ends sooner where that is more than `CAPTURE_MOST` frames, or the link is closed. Raises CanLinkError if the
        bus is not open.
        """
        await self.open()
        began = self._clock()
        capture = CanCapture(self.params.channel, self._wall() - began)
        self._captures.append(capture)
        try:
            while (left := began + seconds - self._clock()) > 0 and not (capture.full or self._closed):  # noqa: ASYNC110
                await asyncio.sleep(min(left, LOOK_EVERY))
            self._flush()
        finally:
            self._captures.remove(capture)
        return capture.text

    def shown(self) -> dict[str, Any]:
        """Return how the bus is, for diagnostics, as plain JSON values."""
        bus = self._bus
        return {
            "state": str(self.state),
            "failure": None if self._failure is None else str(self._failure),
            "open_for": None if bus is None else round(self._clock() - self._opened, 1),
            "reconnects": self.reconnects,
            "bus_offs": self.controller.bus_offs,
            "transmit_errors": self.controller.transmit_errors,
            "receive_errors": self.controller.receive_errors,
            "refused": [spelled(key) for key in sorted(self.refused)],
            "garbled": None if bus is None else bus.garbled,
            "dropped": self.dropped,
            "unsent": self._sender.unsent,
            **self.statistics.shown(self.params.bitrate, self._clock()),
        }

    def _flush(self) -> None:
        """Pass on what the reader has gathered."""
        self._flushing = False
        waiting = self._waiting
        while len(waiting) > WAITING_MOST:
            waiting.popleft()
            self.dropped += 1
        while waiting:
            self._hear(waiting.popleft())
        self._tell()

    def _hear(self, frame: CanFrame) -> None:
        """Pass on one frame."""
        if self._echoes is not None and self._echoes.ours(frame):
            return
        self.statistics.heard(frame)
        for capture in self._captures:
            capture.take(frame)
        if frame.error:
            if self.controller.told(frame):
                self._later(BUS_OFF_FOR, self._still_off, self._bus, frame.time)
            return
        self.controller.heard()
        self._sender.heard()
        self._claims.heard(frame)
        if not frame.remote:
            self._subscribers.pass_on(frame)

    # --- Sending ---------------------------------------------------------------------------------------------------

    async def claim(self, keys: Iterable[int], seconds: float = CLAIM_AFTER, *, yields: bool = False) -> CanClaim:
        """Return the right to send these identifiers, once nobody else was heard with one for so many seconds.

        What was listened before counts. With `yields` it is all right if somebody else sends them; else that stands in
        `refused`. Raises CanLinkError: `can_ids_in_use`, `can_listen_only`, or why there is no bus.
        """
        if self.params.listen_only:
            raise CanLinkError("can_listen_only", f"{self.params.key} is only listened to")
        await self.open()
        claim = self._claims.make(keys, self._clock(), yields=yields)
        try:
            await self._listen(claim, seconds)
        except BaseException:
            claim.release()
            raise
        return claim

    async def _listen(self, claim: CanClaim, seconds: float) -> None:
        """Wait until the bus was listened to for so long. Raises CanLinkError if somebody is heard, or it is lost."""
        while True:
            if self._bus is None:
                raise self._failure or CanLinkError("cannot_connect", f"{self.params.key} is closed")
            now, ids = self._clock(), self.statistics.ids
            lately = {key for key in claim.keys if key in ids and now - ids[key].last < seconds}
            if lately or claim.contested:
                raise self._claims.refusal(claim, lately | claim.contested, now)
            if (left := self._opened + seconds - now) <= 0:
                return
            await asyncio.sleep(min(left, LOOK_EVERY))

    def _sending(self, frame: CanFrame) -> None:
        """Note a frame that is about to leave: its echo may be here before we know that it has."""
        if self._echoes is not None:
            self._echoes.sent(frame, self._clock())

    def _sent(self, frame: CanFrame) -> None:
        """Note a frame that has left."""
        gone = replace(frame, time=self._clock())
        self.statistics.told(gone)
        for capture in self._captures:
            capture.take(gone)

    def _still_off(self, bus: CanBus | None, since: float) -> None:
        """Open a bus anew whose controller has not come back."""
        if self.controller.bus_off_since == since:
            self._lose(bus, ConnectionError("the controller is bus-off"))

    def _tell(self) -> None:
        """Tell those who watch, if the state has changed."""
        if (state := self.state) is not self._told:
            self._told = state
            for watcher in tuple(self._watchers):
                watcher(state)


def _discard(making: asyncio.Future[CanBus]) -> None:
    """Close a bus that was opened for somebody who did not wait; where all is ending, the process closes it."""
    with suppress(asyncio.CancelledError, CanLinkError, RuntimeError):
        asyncio.get_running_loop().run_in_executor(None, making.result().close)
