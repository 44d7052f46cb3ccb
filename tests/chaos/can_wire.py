"""A CAN bus between home_bms and the nodes of a house, on which everything can go wrong.

home_bms is on it through python-can, as on any bus, inside the process or in a UDP multicast group; the house's nodes
are on its far side.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from random import Random
from threading import Lock
from typing import Any, override

import can
from can.interfaces.udp_multicast import UdpMulticastBus
from can.interfaces.virtual import VirtualBus

from custom_components.home_bms.hw.can_bus import CanBus, Sent
from custom_components.home_bms.hw.can_error import CanLinkError
from custom_components.home_bms.hw.can_frame import CanFrame
from custom_components.home_bms.hw.can_params import CanParams, Interface

from ..hw.can.buses import free_port
from ..matrix.timewarp import Warp

DELIVERED_WITHIN = 0.01
"""Real s that time stands by for python-can's reader, which is a thread."""
ECHOED_WITHIN = 0.05
"""The same where that also brings what was sent: an echo that comes late looks like another's frame."""
GROUP = "239.74.163.91"

type Pass = Callable[[CanFrame], None]
type Spoil = Callable[["CanWire", CanFrame, Pass], None]
"""Takes a frame and what passes it on, in either direction."""


class _Inbox:
    """What python-can takes for a node's queue."""

    def __init__(self, take: Callable[[can.Message], None]) -> None:
        self._take = take

    def put(self, message: can.Message, block: bool = True, timeout: float | None = None) -> None:
        self._take(message)


class _Tap(VirtualBus):
    """The far side's node: it is told of each message in the thread that sends it, and reads none."""

    def __init__(self, channel: str, take: Callable[[can.Message], None]) -> None:
        super().__init__(channel)
        inbox: Any = _Inbox(take)
        self.channel[self.channel.index(self.queue)] = self.queue = inbox


class _GroupTap:
    """The far side's node in a multicast group; the event loop reads it, so that no time passes before a frame."""

    def __init__(self, params: CanParams, take: Callable[[can.Message], None]) -> None:
        self._bus = UdpMulticastBus(params.channel, port=params.port, fd=False)
        _keep_here(self._bus)
        self._take = take
        self._echoes = Counter[tuple[int, bytes]]()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._bus.fileno(), self._read)

    def send(self, message: can.Message) -> None:
        self._echoes[message.arbitration_id, bytes(message.data)] += 1
        self._bus.send(message)

    def shutdown(self) -> None:
        self._loop.remove_reader(self._bus.fileno())
        self._bus.shutdown()

    def _read(self) -> None:
        while (message := self._bus.recv(0)) is not None:
            key = message.arbitration_id, bytes(message.data)
            if self._echoes[key]:
                self._echoes[key] -= 1
            else:
                self._take(message)


def has_multicast() -> bool:
    """Return whether this machine lets anybody join a group."""
    try:
        UdpMulticastBus(GROUP, port=free_port(), fd=False).shutdown()
    except OSError, can.CanError:
        return False
    return True


def _keep_here(bus: UdpMulticastBus) -> None:
    """Let nothing that is sent leave this machine."""
    bus._multicast._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)


class _Opened(CanBus):
    """The bus as home_bms opens it; the wire knows when a frame has arrived, and can pull it out."""

    def __init__(
        self,
        wire: CanWire,
        params: CanParams,
        hear: Callable[[CanFrame], None],
        lose: Callable[[Exception], None],
        clock: Callable[[], float],
    ) -> None:
        def heard(frame: CanFrame) -> None:
            hear(frame)
            wire.arrived()

        super().__init__(params, heard, lose, clock)
        if isinstance(self._bus, UdpMulticastBus):
            _keep_here(self._bus)
        self._wire = wire
        wire.lose = lose
        wire.opened(there=True)

    @override
    def send(self, frames: Iterable[CanFrame]) -> Sent:
        if self._wire.gone:
            return Sent(0, _gone())
        frames = tuple(frames)
        if isinstance(self._bus, UdpMulticastBus):
            self._wire.expect(len(frames))
        return super().send(frames)

    @override
    def close(self) -> None:
        self._wire.opened(there=False)
        super().close()


def _gone() -> can.CanError:
    error = can.CanOperationError("Failed to transmit: No such device", errno.ENODEV)
    error.__cause__ = OSError(errno.ENODEV, "No such device")
    return error


class _Voice:
    """The right of a node of the house to send; it is not watched over."""

    def __init__(self, wire: CanWire) -> None:
        self.send = wire.say

    def release(self) -> None:
        """Send no more."""
        self.send = lambda _: None


class CanWire:
    """One bus; towards the house's nodes it behaves as their `CanLink`."""

    def __init__(self, channel: str, warp: Warp, random: Random, *, grouped: bool = False) -> None:
        """Prepare it, in a multicast group of its own where that is wanted."""
        self.params = CanParams(interface=Interface.VIRTUAL, channel=channel)
        if grouped:
            self.params = CanParams(interface=Interface.UDP_MULTICAST, channel=GROUP, port=free_port())
        self.spoil: Spoil | None = None
        self.gone = False
        """home_bms's adapter is pulled out."""
        self.random = random
        self.heard_at = warp.now()
        """When home_bms was last brought a frame as its node had said it."""
        self.lose: Callable[[Exception], None] = lambda _: None
        self._warp = warp
        self._ears: list[Callable[[CanFrame], object]] = []
        self._timers: set[asyncio.TimerHandle] = set()
        self._bus: _Tap | _GroupTap | None = None
        self._there = False
        """home_bms has opened it."""
        self._flying = 0
        """Frames on their way to home_bms."""
        self._lock = Lock()

    def start(self) -> None:
        """Put the far side on the bus."""
        loop = asyncio.get_running_loop()

        def take(message: can.Message) -> None:
            frame = CanFrame(
                id=message.arbitration_id, data=bytes(message.data), extended=message.is_extended_id, time=0.0
            )
            loop.call_soon_threadsafe(self._carry, frame, self._to_house)

        if self.params.interface is Interface.UDP_MULTICAST:
            self._bus = _GroupTap(self.params, take)
        else:
            self._bus = _Tap(self.params.channel, take)

    def stop(self) -> None:
        """Leave the bus."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._bus is not None:
            self._bus.shutdown()
            self._bus = None

    def make(
        self,
        params: CanParams,
        hear: Callable[[CanFrame], None],
        lose: Callable[[Exception], None],
        clock: Callable[[], float],
    ) -> CanBus:
        """Open the bus for home_bms; blocks. Raises CanLinkError while the adapter is gone."""
        if self.gone:
            raise CanLinkError("cannot_connect", f"{params.key} is gone", channel=params.channel, error="gone")
        return _Opened(self, params, hear, lose, clock)

    def pull_out(self) -> None:
        """Take home_bms's adapter away."""
        self.gone = True
        error = _gone()
        self.lose(error)

    async def claim(self, keys: Collection[int], seconds: float) -> Any:
        """Let a node of the house send."""
        return _Voice(self)

    def subscribe(self, callback: Callable[[CanFrame], object], keys: Any = None, mask: int = -1) -> Callable[[], None]:
        """Tell a node of the house what comes from home_bms."""
        self._ears.append(callback)
        return lambda: self._ears.remove(callback)

    def say(self, frame: CanFrame) -> None:
        """Have a node of the house say something."""
        said = frame

        def brought(frame: CanFrame) -> None:
            if not self.gone and frame == said:
                self.heard_at = self._warp.now()
            self.to_home(frame)

        self._carry(frame, brought)

    def intrude(self, frame: CanFrame) -> None:
        """Have somebody say something who does not belong there: both sides hear it."""
        self.to_home(frame)
        self._to_house(frame)

    def later(self, seconds: float, pass_on: Pass, frame: CanFrame) -> None:
        """Pass a frame on after a while."""

        def act() -> None:
            self._timers.discard(timer)
            pass_on(frame)

        timer = asyncio.get_running_loop().call_later(seconds, act)
        self._timers.add(timer)

    def chance(self, share: float) -> bool:
        """Return true in this share of all calls."""
        return self.random.random() < share

    def opened(self, *, there: bool) -> None:
        """Note that home_bms is on the bus, or no longer."""
        with self._lock:
            self._there, self._flying = there, 0

    def expect(self, count: int = 1) -> None:
        """Stand by until home_bms has so many frames more."""
        with self._lock:
            self._flying = max(0, self._flying) + count
            grouped = self.params.interface is Interface.UDP_MULTICAST
            self._warp.hold(ECHOED_WITHIN if grouped else DELIVERED_WITHIN)

    def arrived(self) -> None:
        """Note, in python-can's thread, that home_bms has a frame."""
        with self._lock:
            self._flying -= 1
            if self._flying <= 0:
                self._warp.hold(0.0)

    def to_home(self, frame: CanFrame) -> None:
        """Bring home_bms a frame, if its adapter is there."""
        if self.gone or self._bus is None:
            return
        if self._there:
            self.expect()
        self._bus.send(can.Message(arbitration_id=frame.id, data=frame.data, is_extended_id=frame.extended))

    def _to_house(self, frame: CanFrame) -> None:
        for ear in tuple(self._ears):
            ear(frame)

    def _carry(self, frame: CanFrame, pass_on: Pass) -> None:
        if self.spoil is None:
            pass_on(frame)
        else:
            self.spoil(self, frame, pass_on)
