"""Lets a virtual pack speak its maker's own frames on TCP, as behind a gateway that passes bytes through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from ..dialect import Broadcast, Dialect
from ..frames import FrameError, Request
from ..registers import Memory

type Answerer = Callable[[Request], Awaitable[Memory | None]]
"""Gives the memory that answers a request, nothing where nobody does. Raises ConnectionError where the line is cut."""


class DialectServer:
    """Answers requests, or talks by itself; it starts once."""

    def __init__(self, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]) -> None:
        """Have `talk` serve each connection; see `answering` and `broadcasting`."""
        self._talk = talk
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen and return the port. Raises OSError."""
        self._server = await asyncio.start_server(self._connected, host, port)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Close the link and whoever is connected; leaves no task and no socket behind."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        server.abort_clients()
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)
        await server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._talking.add(task)
        task.add_done_callback(self._talking.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        try:
            with suppress(ConnectionError):
                await self._talk(reader, writer)
        finally:
            writer.transport.abort()


def answering(dialect: Dialect, answer: Answerer) -> DialectServer:
    """Return a server that answers in a dialect with frames of its own."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = bytearray()
        while data := await reader.read(512):
            heard += data
            while question := _next(dialect, heard):
                memory = await answer(question)
                if memory is not None and dialect.wrap:
                    writer.write(dialect.wrap(question, memory))

    return DialectServer(talk)


def broadcasting(broadcast: Broadcast, unit: Callable[[], int], look: Callable[[], Memory | None]) -> DialectServer:
    """Return a server on which a bus is heard; what is sent to it disappears.

    `look` gives the memory of the pack that is there as `unit`, nothing while the pack is silent. Raises
    ConnectionError where the line is cut.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended = asyncio.ensure_future(reader.read())
        try:
            while not ended.done():
                memory = look()
                for words in () if memory is None else broadcast.talk(unit(), memory):
                    writer.write(words)
                # The quickest round that was seen takes a third of the slowest.
                await asyncio.wait({ended}, timeout=broadcast.period / 3)
        finally:
            ended.cancel()

    return DialectServer(talk)


def _next(dialect: Dialect, heard: bytearray) -> Request | None:
    """Take the next request out of what was heard; what is none is dropped byte by byte."""
    while heard and dialect.asked:
        try:
            found = dialect.asked(bytes(heard))
        except FrameError:
            del heard[0]
            continue
        if found is None:
            return None
        question, size = found
        del heard[:size]
        return question
    return None
