"""Lets a few others on the network read registers over Modbus TCP: who is not named is not heard, and nobody writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

READ: Final = 3
"""The only function that is served: to read holding registers."""
MOST_WORDS: Final = 125
"""That one request may ask for."""
IDLE_AFTER: Final = 60.0
"""s of silence after which a client loses its place to another."""
CLOSE_AFTER: Final = 300.0
"""s of silence after which a client is left, whoever else wants in."""
BURST: Final = 200.0
"""Requests of a client that are answered at once: a look at all registers of many packs ..."""
RATE: Final = 50.0
"""... and so many a second from then on; what comes faster waits, and costs nothing meanwhile."""
PEERS_MOST: Final = 16

# Of a Modbus TCP frame: transaction, protocol and length, before the unit id that the length begins with.
_HEAD: Final = 6
_LEAST, _MOST = 2, 254
_READ_LENGTH: Final = 6
_EXCEPTION: Final = 0x80
# Bytes that wait of a client: some requests that it has sent ahead.
_BUFFER: Final = 1024

type Network = IPv4Network | IPv6Network


class Refusal(IntEnum):
    """Why a request is not answered, as Modbus numbers it."""

    FUNCTION = 1
    ADDRESS = 2
    VALUE = 3
    NO_UNIT = 11


type Reads = Callable[[int, int, int], Sequence[int] | Refusal]
"""Gives the words of a unit from an address on, so many of them."""


def networks(text: str) -> tuple[Network, ...]:
    """Return the addresses and networks of a list. Raises ValueError with the part that is none."""
    found = [part for part in text.replace(",", " ").split() if part]
    if len(found) > PEERS_MOST:
        raise ValueError(f"{len(found)} > {PEERS_MOST}")
    return tuple(map(_network, found))


def _network(part: str) -> Network:
    try:
        return ip_network(part, strict=False)
    except ValueError:
        raise ValueError(part[:64]) from None


def welcome(peer: str, permitted: Sequence[Network]) -> bool:
    """Tell whether an address is permitted; where none is named, those that only this house can have are."""
    try:
        found = ip_address(peer)
    except ValueError:
        return False
    if permitted:
        return any(found in network for network in permitted)
    return found.is_private or found.is_loopback or found.is_link_local


@dataclass(slots=True, kw_only=True, eq=False)
class _Client:
    """One connection."""

    writer: asyncio.StreamWriter
    heard: float
    """When its last whole request came, or it came itself."""
    left: float = BURST
    """Requests that it may still make at once ..."""
    counted: float
    """... as of this time."""


class ReadServer:
    """A Modbus TCP server for reading; it can be started again once it was stopped."""

    def __init__(self, reads: Reads, *, permitted: Sequence[Network] = (), clients: int) -> None:
        """Answer with what `reads` gives, to so many at a time; see `welcome` for who is `permitted`."""
        self.refused = 0
        """Requests to write, or for anything else than to read, so far."""
        self.turned_away = 0
        """Connections of who is not permitted, or for whom there was no place, so far."""
        self._reads = reads
        self._permitted = tuple(permitted)
        self._places = clients
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Task[None], _Client] = {}

    @property
    def port(self) -> int:
        """The TCP port that it listens on, 0 while it does not."""
        return 0 if self._server is None else int(self._server.sockets[0].getsockname()[1])

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._clients)

    async def async_start(self, host: str, port: int) -> None:
        """Listen. Raises OSError."""
        if self._server is not None:
            raise OSError("the server is running already")
        try:
            self._server = await asyncio.start_server(self._connected, host, port, limit=_BUFFER)
        except OSError as err:
            raise OSError(f"{host}:{port} cannot be listened on: {err}") from err

    async def async_stop(self) -> None:
        """Close the server and whoever is connected; leaves no task and no socket behind."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        server.abort_clients()
        served = list(self._clients)
        for task in served:
            task.cancel()
        await asyncio.gather(*served, return_exceptions=True)
        await server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one more in, if it is permitted and there is a place for it."""
        peer = writer.get_extra_info("peername")
        if peer is None or not welcome(str(peer[0]), self._permitted) or not self._has_place():
            self.turned_away += 1
            writer.transport.abort()
            return
        now = asyncio.get_running_loop().time()
        client = _Client(writer=writer, heard=now, counted=now)
        task = asyncio.ensure_future(self._serve(reader, client))
        self._clients[task] = client
        task.add_done_callback(lambda ended: self._clients.pop(ended, None))

    def _has_place(self) -> bool:
        """See that there is a place; where all are taken, one that has long been silent has to go."""
        if len(self._clients) < self._places:
            return True
        task, silent = min(self._clients.items(), key=lambda item: item[1].heard)
        if asyncio.get_running_loop().time() - silent.heard <= IDLE_AFTER:
            return False
        task.cancel()
        del self._clients[task]
        return True

    async def _serve(self, reader: asyncio.StreamReader, client: _Client) -> None:
        """Answer one client until it goes, falls silent, or says what is no Modbus."""
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
                while await self._answered(reader, client):
                    await _pace(client)
        finally:
            client.writer.transport.abort()

    async def _answered(self, reader: asyncio.StreamReader, client: _Client) -> bool:
        """Answer one request, and tell whether it was one. Raises TimeoutError for who is silent or reads nothing."""
        # A client that sends a byte now and then is as silent as one that sends none.
        async with asyncio.timeout(CLOSE_AFTER):
            head = await reader.readexactly(_HEAD)
            length = int.from_bytes(head[4:])
            if head[2:4] != b"\0\0" or not _LEAST <= length <= _MOST:
                return False
            body = await reader.readexactly(length)
            client.heard = asyncio.get_running_loop().time()
            answer = self._answer(body)
            client.writer.write(head[:4] + len(answer).to_bytes(2) + answer)
            await client.writer.drain()
        return True

    def _answer(self, body: bytes) -> bytes:
        """Return the answer to a request, both from the unit id on."""
        unit, function = body[0], body[1]
        if function != READ:
            self.refused += 1
            found: Sequence[int] | Refusal = Refusal.FUNCTION
        elif len(body) != _READ_LENGTH or not 1 <= (count := int.from_bytes(body[4:])) <= MOST_WORDS:
            found = Refusal.VALUE
        else:
            found = self._reads(unit, int.from_bytes(body[2:4]), count)
        if isinstance(found, Refusal):
            return bytes((unit, (function | _EXCEPTION) & 0xFF, found))
        return bytes((unit, function, 2 * len(found))) + b"".join(word.to_bytes(2) for word in found)


async def _pace(client: _Client) -> None:
    """Let who asks too often wait; its requests wait in its own buffers meanwhile."""
    now = asyncio.get_running_loop().time()
    client.left = min(BURST, client.left + (now - client.counted) * RATE) - 1.0
    client.counted = now
    if client.left < 0.0:
        await asyncio.sleep(-client.left / RATE)
