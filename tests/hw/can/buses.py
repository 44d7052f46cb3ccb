"""CAN buses for the tests: one made of nothing, and real ones on loopback."""

from __future__ import annotations

import asyncio
import errno
import os
import pty
import socket
import tty
from collections.abc import Awaitable, Callable

import can

from custom_components.home_bms.hw.can_bus import Sent
from custom_components.home_bms.hw.can_frame import CanFrame
from custom_components.home_bms.hw.can_netlink import LinkDetails
from custom_components.home_bms.hw.can_params import CanParams, Interface

SOON = 5.0
"""s in which what must happen happens, also on a busy machine."""

PARAMS = CanParams(interface=Interface.VIRTUAL, channel="made of nothing")


async def until(condition: Callable[[], object], within: float = SOON) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def left_behind() -> list[str]:
    """Return what the event loop is still to do for a link, later."""
    handles = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return [repr(handle) for handle in handles if not handle.cancelled() and "CanLink" in repr(handle)]


class Nothing:
    """Makes open buses that a test speaks through, in place of `CanBus`."""

    def __init__(self) -> None:
        self.sent: list[CanFrame] = []
        self.opened = 0
        self.closed = 0
        self.trouble: Exception | None = None
        """What opening ends in."""
        self.refusal: Exception | None = None
        """What sending ends in ..."""
        self.taken = 0
        """... after so many frames of a batch."""
        self.garbled = 0
        self.kernel: LinkDetails | None = None
        """What the kernel tells of it."""
        self.hear: Callable[[CanFrame], None] = lambda _: None
        self.lose: Callable[[Exception], None] = lambda _: None

    def __call__(self, params: CanParams, hear, lose, clock) -> Nothing:
        self.opened += 1
        if self.trouble is not None:
            raise self.trouble
        self.hear, self.lose = hear, lose
        return self

    def send(self, frames: list[CanFrame]) -> Sent:
        frames = list(frames)
        if self.refusal is not None:
            self.sent += frames[: self.taken]
            return Sent(self.taken, self.refusal)
        self.sent += frames
        return Sent(len(frames))

    def details(self) -> LinkDetails | None:
        return self.kernel

    def close(self) -> None:
        self.closed += 1


def full() -> Exception:
    """Return what python-can says where nobody acknowledges (errno 105)."""
    return can.CanOperationError("Failed to transmit: No buffer space available", errno.ENOBUFS)


def gone() -> Exception:
    """Return what python-can says where the interface is gone."""
    error = can.CanOperationError("Failed to transmit: Network is down", errno.ENETDOWN)
    error.__cause__ = OSError(errno.ENETDOWN, "Network is down")
    return error


class SlcanStick:
    """An adapter that speaks the LAWICEL protocol on a pseudo terminal."""

    def __init__(self) -> None:
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        self.lines: list[str] = []
        """What it was told, line by line."""
        self._heard = bytearray()
        asyncio.get_running_loop().add_reader(self._ours, self._listen)

    def _listen(self) -> None:
        self._heard += os.read(self._ours, 512)
        while b"\r" in self._heard:
            line, _, rest = self._heard.partition(b"\r")
            self._heard[:] = rest
            self.lines.append(line.decode())

    def write(self, data: bytes) -> None:
        """Say something, sense or not."""
        os.write(self._ours, data)

    def say(self, frame: CanFrame) -> None:
        """Bring a frame of the bus."""
        head = f"T{frame.id:08X}" if frame.extended else f"t{frame.id:03X}"
        self.write(f"{head}{len(frame.data)}{frame.data.hex().upper()}\r".encode())

    def pull_out(self) -> None:
        """Be gone."""
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)
        os.close(self._theirs)
        self._ours = -1

    def close(self) -> None:
        if self._ours >= 0:
            self.pull_out()


class TextServer:
    """A gateway on TCP; `greet` is what it does with each connection."""

    def __init__(self, greet: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        self._greet = greet
        self.writers: list[asyncio.StreamWriter] = []
        self.port = 0

    async def __aenter__(self) -> TextServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            await self._greet(reader, writer)
        except ConnectionError, asyncio.CancelledError:
            writer.close()

    def say(self, data: bytes) -> None:
        self.writers[-1].write(data)

    def drop(self) -> None:
        """End every connection."""
        for writer in self.writers:
            writer.close()
        self.writers.clear()

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.drop()
        await self._server.wait_closed()


def free_port() -> int:
    """Return a UDP port that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
