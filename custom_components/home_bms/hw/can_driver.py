"""Reads a device on a CAN bus by what is heard of it there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, override

from ..core.model import Decision, PackReading
from .can import CanLink
from .can_claim import CanClaim
from .can_device import STALE_LEAST, STALE_PERIODS, CanDevice, Heard
from .can_ear import Ear
from .can_error import CanLinkError
from .can_frame import CanFrame, frame_of
from .can_maps import async_frame_map
from .driver import Capability, DeviceInfo, Driver, DriverError

if TYPE_CHECKING:
    from .can_layout import FrameMap

IDENTIFY_WITHIN: Final = 8.0
"""s for a device to be heard."""
LOOK_EVERY: Final = 0.1
POLL_SPACING: Final = 0.05
"""s between two requests: requests of one identifier replace each other until they have left."""
CLAIM_EVERY: Final = 10.0
"""s after which it is tried again to ask, where somebody else does."""


class CanDriver(Driver):
    """One device on CAN. It listens; with `polling` it also asks, unless somebody else on the bus does already.

    The times of a reading are those at which its frames came. `node` says which of several alike is meant, `None` the
    one with the lowest number that is heard. `inverted` turns the sign of the current.
    """

    capabilities = Capability.NONE

    def __init__(
        self,
        device: CanDevice,
        link: CanLink,
        *,
        node: int | None = None,
        inverted: bool = False,
        polling: bool = False,
        frames: FrameMap | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`frames` is the frame map of a user; other devices bring theirs."""
        self._device = device
        self._link = link
        self._asked_node = node
        self._inverted = inverted
        self._polling = polling and bool(device.polls)
        self._frames = frames
        self._clock = clock
        self._ear: Ear | None = None
        self._node: int | None = node
        self._unsubscribe: Callable[[], None] | None = None
        self._claim: CanClaim | None = None
        self._claim_due = float("-inf")
        self._poll_due: list[float] = [float("-inf")] * len(device.polls)
        self._handles: list[asyncio.TimerHandle] = []
        self._info: DeviceInfo | None = None
        self._serial_numbers: set[str] = set()

    @property
    @override
    def info(self) -> DeviceInfo:
        if self._info is None:
            raise DriverError("no_answer", "the device has not been heard yet")
        return self._info

    @property
    def link(self) -> CanLink:
        """The bus on which it is heard."""
        return self._link

    @property
    def nodes(self) -> frozenset[int]:
        """The numbers of all alike that were heard."""
        return frozenset(() if self._ear is None else self._ear.nodes)

    @property
    def broken(self) -> int:
        """How many frames had a wrong checksum."""
        return 0 if self._ear is None else self._ear.broken

    @property
    def node(self) -> int | None:
        """The one that is read."""
        return self._node

    @property
    def contested(self) -> bool:
        """Whether it was to ask and somebody else does."""
        return self._polling and self._claim is None

    def shown(self) -> dict[str, Any]:
        """Return all that the device tells now, limits that it asks for too, in the words of its frame map."""
        heard = self._chosen(self._clock())
        return {} if heard is None else heard.shown()

    @override
    async def async_identify(self) -> DeviceInfo:
        """Listen until the device has told all it tells of itself. Raises DriverError."""
        await self._listen()
        began = self._clock()
        while True:
            await self._poll(self._clock())
            now = self._clock()
            heard = self._chosen(now)
            if heard is not None and self._tells(heard) and now - began >= self._device.listen:
                self._info = self._told(heard)
                return self._info
            if now - began >= IDENTIFY_WITHIN:
                raise DriverError("no_answer", f"no {self._device.name} was heard on {self._link.params.key}")
            await asyncio.sleep(LOOK_EVERY)

    @override
    async def async_read(self) -> PackReading:
        await self._listen()
        if self._info is None:
            await self.async_identify()
        now = self._clock()
        await self._poll(now)
        heard = self._chosen(now)
        patience = max(STALE_PERIODS * self._device.period, STALE_LEAST)
        if heard is None or now - heard.last_time > patience:
            raise DriverError("no_answer", f"nothing of {self._device.name} is heard on {self._link.params.key}")
        info = self._told(heard)
        if info != self._info:
            self._info = info
        return self._device.read(heard, info, inverted=self._inverted)

    @override
    async def async_apply(self, decision: Decision) -> None:
        """Do nothing: a device on CAN is only heard."""

    @override
    async def async_release(self) -> None:
        """Do nothing: nothing was taken."""

    async def async_close(self) -> None:
        """Stop listening and asking; the link stays open for others."""
        for handle in self._handles:
            handle.cancel()
        if self._claim is not None:
            self._claim.release()
            self._claim = None
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    async def _listen(self) -> None:
        """Open the link if it is not open, and begin to listen. Raises CanLinkError."""
        if self._ear is None:
            frames = self._frames or await async_frame_map(self._device.frames)
            self._ear = Ear(self._device, frames, self._asked_node)
        if self._unsubscribe is None:
            self._unsubscribe = self._link.subscribe(self._ear.take, self._ear.keys, self._device.mask)
        await self._link.open()

    def _chosen(self, now: float) -> Heard | None:
        """Return what was heard of the device that is meant."""
        nodes = {} if self._ear is None else self._ear.nodes
        if self._asked_node is None and nodes and self._info is None:
            # A stray frame may look like one of a device that is not there.
            self._node = min(nodes, key=lambda node: (not self._tells(nodes[node]), node))
        heard = None if self._node is None else nodes.get(self._node)
        if heard is not None:
            heard.now = now
        return heard

    def _tells(self, heard: Heard) -> bool:
        """Whether a device has told what such a one must."""
        return any(heard.known(names) for names in self._device.needs)

    def _told(self, heard: Heard) -> DeviceInfo:
        """Return who the device says it is. Raises DriverError."""
        try:
            info = self._device.info(heard)
        except ValueError as err:
            raise DriverError("nonsense", str(err)) from err
        if info.serial_number:
            self._serial_numbers.add(info.serial_number)
        if len(self._serial_numbers) > 1:
            raise DriverError("identity_changed", "different serial numbers were heard with the same identifiers")
        return info

    async def _poll(self, now: float) -> None:
        """Have the requests sent that are due, one after the other, unless somebody else asks."""
        if not self._polling or not await self._claimed(now):
            return
        claim, node = self._claim, self._device.first_node if self._node is None else self._node
        self._handles = [handle for handle in self._handles if not handle.cancelled() and handle.when() > _loop_time()]
        waiting = len(self._handles)
        for index, poll in enumerate(self._device.polls):
            if now < self._poll_due[index] or claim is None:
                continue
            # A little early, so that a look each second asks each second.
            self._poll_due[index] = now + 0.9 * poll.every
            frame = frame_of(poll.key_for(node), poll.data)
            delay = POLL_SPACING * waiting
            waiting += 1
            self._handles.append(asyncio.get_running_loop().call_later(delay, _send, claim, frame))

    async def _claimed(self, now: float) -> bool:
        """Whether it may ask; the first time that is known only after the bus was listened to for some seconds."""
        if self._claim is not None and self._claim.contested:
            self._claim.release()
            self._claim = None
            self._claim_due = now + CLAIM_EVERY
        if self._claim is None and now >= self._claim_due:
            node = self._device.first_node if self._asked_node is None else self._asked_node
            keys = {poll.key_for(node) for poll in self._device.polls}
            try:
                # Whoever asks, the answers are heard.
                self._claim = await self._link.claim(keys, yields=True)
            except CanLinkError as err:
                if err.key != "can_ids_in_use":
                    raise
                self._claim_due = self._clock() + CLAIM_EVERY
        return self._claim is not None


def _send(claim: CanClaim, frame: CanFrame) -> None:
    """Send a request; one that may not be sent any more is left."""
    with suppress(CanLinkError):
        claim.send(frame)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
