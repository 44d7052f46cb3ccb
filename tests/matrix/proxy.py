"""A line between a Modbus client and its device on which everything can go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any

type Send = Callable[[bytes], None]
type Spoil = Callable[["Proxy", bytes, Send], Awaitable[None]]
"""Takes an answer of the device and what sends to the client."""


class Proxy:
    """Passes requests to the device, and its answers back as `spoil` makes them.

    The device answers in one piece on loopback, so each piece that arrives from it is one frame.
    """

    def __init__(self) -> None:
        self.spoil: Spoil | None = None
        self.refuses = False
        """New connections are closed as they come."""
        self.answers = 0
        self.connections = 0
        self._random = Random(3)
        self._target = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._kept: bytes | None = None

    async def start(self, target: int) -> int:
        """Listen on loopback in front of the port `target`; return the port."""
        self._target = target
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close everything."""
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Close every connection, as a peer that goes away does."""
        for writer in tuple(self._writers):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refuses:
            writer.close()
            return
        there, device = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, device}
        back = asyncio.create_task(self._back(there, writer))
        self._tasks |= {back, asyncio.current_task()}  # type: ignore[arg-type]
        try:
            while received := await reader.read(4096):
                device.write(received)
        except ConnectionError, asyncio.CancelledError:
            pass
        finally:
            back.cancel()
            with suppress(asyncio.CancelledError):
                await back
            for each in (writer, device):
                each.close()
                self._writers.discard(each)
            self._tasks -= {back, asyncio.current_task()}  # type: ignore[arg-type]

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def send(data: bytes) -> None:
            if not writer.is_closing():
                writer.write(data)

        with suppress(ConnectionError):
            while answer := await reader.read(4096):
                self.answers += 1
                if self.spoil is None:
                    send(answer)
                else:
                    await self.spoil(self, answer, send)
            writer.close()

    def chance(self, share: float) -> bool:
        """Return true in `share` of all calls, the same ones in every run."""
        return self._random.random() < share

    def place(self, length: int) -> int:
        """Return a number below `length`, the same in every run."""
        return self._random.randrange(length)

    def swap(self, answer: bytes) -> bytes | None:
        """Return the answer before this one; none the first time."""
        kept, self._kept = self._kept, answer
        return kept


async def _swallow(_proxy: Proxy, _answer: bytes, _send: Send) -> None:
    """Let nothing through."""


swallow: Spoil = _swallow


def close_after(count: int) -> Spoil:
    """Close the connection after `count` bytes of an answer."""

    async def spoil(proxy: Proxy, answer: bytes, send: Send) -> None:
        send(answer[:count])
        await asyncio.sleep(0)
        proxy.cut()

    return spoil


def trickle(pause: float) -> Spoil:
    """Send byte by byte, `pause` seconds apart."""

    async def spoil(_proxy: Proxy, answer: bytes, send: Send) -> None:
        for at in range(len(answer)):
            send(answer[at : at + 1])
            await asyncio.sleep(pause)

    return spoil


def late(seconds: float) -> Spoil:
    """Deliver every answer so late, also behind a request that has long been given up."""

    async def spoil(proxy: Proxy, answer: bytes, send: Send) -> None:
        asyncio.get_running_loop().call_later(seconds, send, answer)

    return spoil


def flip(share: float) -> Spoil:
    """Turn one bit around in this share of the answers."""

    async def spoil(proxy: Proxy, answer: bytes, send: Send) -> None:
        if proxy.chance(share):
            at = proxy.place(8 * len(answer))
            broken = bytearray(answer)
            broken[at // 8] ^= 1 << at % 8
            answer = bytes(broken)
        send(answer)

    return spoil


def changed(how: Callable[[bytes], bytes], share: float = 1.0) -> Spoil:
    """Send what `how` makes of this share of the answers."""

    async def spoil(proxy: Proxy, answer: bytes, send: Send) -> None:
        if sent := how(answer) if proxy.chance(share) else answer:
            send(sent)

    return spoil


truncate = partial(changed, lambda answer: answer[:-3])
"""The last three bytes are missing."""
lengthen = partial(changed, lambda answer: answer + answer[-3:])
"""Three bytes too many."""
duplicate = partial(changed, lambda answer: answer + answer)
"""Every frame comes twice."""


def previous() -> Spoil:
    """Deliver the answer to the request before instead of the one to this."""

    async def spoil(proxy: Proxy, answer: bytes, send: Send) -> None:
        if (kept := proxy.swap(answer)) is not None:
            send(kept)

    return spoil
