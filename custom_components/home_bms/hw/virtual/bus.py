"""Puts virtual packs on one RS485 bus, whose every bit takes its time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ..frames import EXCEPTION, crc16, valid
from ..registers import READS, WRITES
from .server import VirtualServer

BITS: Final = 11
"""A character on the wire with its start, parity and stop bits (performance.md B2)."""
GAP: Final = 3.5
"""Characters of silence between two frames (Modbus over serial line, 2.5.1.1)."""
GAP_LEAST: Final = 0.00175
"""s; what it is above 19,200 baud."""
PATIENCE: Final = 0.3
"""s that the bus waits for the software of a unit, which is no part of what it simulates."""
_LOG_LENGTH: Final = 10_000
_SHORTEST: Final = 8


class BusFault(StrEnum):
    """What can be wrong with a unit on the bus; some take a value in s."""

    DEAD = "dead"
    SLOW = "slow"
    """It takes so much longer to answer."""
    FOREIGN = "foreign"
    """The next unit id stands in its answers."""
    CUT = "cut"
    """The second half of its answers is missing."""
    SWAPPED = "swapped"
    """The two words of each pair in its answers to reads have changed places."""
    STRICT = "strict"
    """It takes no request before which the bus was silent for less than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A request and its answer as they were on the wire."""

    time: float
    """s of the event loop when its first bit was sent."""
    unit_id: int
    function: int
    sent: int
    """Characters."""
    answered: int
    """Characters; 0 of an answer that never came."""
    turnaround: float
    """s that the unit thinks before it answers."""


@dataclass(slots=True, kw_only=True)
class _Unit:
    server: VirtualServer
    port: int
    faults: dict[BusFault, float] = field(default_factory=dict)
    line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def answer(self, request: bytes) -> bytes:
        """Return what the unit's own server answers, nothing if it does not."""
        reader, writer = self.line = self.line or await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        with suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
            async with asyncio.timeout(PATIENCE):
                head = await reader.readexactly(3)
                if head[1] & EXCEPTION:
                    return head + await reader.readexactly(2)
                return head + await reader.readexactly(2 + head[2] if head[1] in READS else 5)
        # Whatever comes later belongs to no request.
        self.close()
        return b""

    def close(self) -> None:
        """Forget the connection."""
        if self.line is not None:
            self.line[1].close()
            self.line = None


class VirtualBus:
    """A half-duplex line behind a transparent gateway: RTU frames over TCP, one at a time, each as long as on copper.

    The answers are the servers' own bytes. What is not there does not answer, or is refused by the gateway with
    `absent_code`.
    """

    def __init__(
        self,
        servers: Iterable[VirtualServer],
        *,
        baudrate: int = 9600,
        turnaround: float = 0.02,
        absent_code: int | None = None,
    ) -> None:
        """Wire units up, each by its unit id; `turnaround` in s is that of every unit."""
        self.baudrate = baudrate
        self.absent_code = absent_code
        self.transactions: deque[Transaction] = deque(maxlen=_LOG_LENGTH)
        self._servers = {server.unit_id: server for server in servers}
        self._turnaround = turnaround
        self._units: dict[int, _Unit] = {}
        self._listener: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._line = asyncio.Lock()
        self._silent_since = float("-inf")

    @property
    def port(self) -> int:
        """The TCP port that it listens on."""
        return 0 if self._listener is None else int(self._listener.sockets[0].getsockname()[1])

    @property
    def character(self) -> float:
        """How many s a character takes."""
        return BITS / self.baudrate

    @property
    def gap(self) -> float:
        """How many s are between two frames."""
        return max(GAP * self.character, GAP_LEAST)

    def minimum(self, transactions: Iterable[Transaction]) -> float:
        """Return how many s these take at the least: their bits, the units' turnaround, a gap behind each answer."""
        return sum(
            (each.sent + each.answered) * self.character + max(each.turnaround, self.gap) + self.gap
            for each in transactions
            if each.answered
        )

    def inject(self, unit_id: int, fault: BusFault, value: float = 0.0) -> None:
        """Let a fault of a unit begin."""
        self._units[unit_id].faults[fault] = value

    def clear(self, unit_id: int) -> None:
        """End the faults of a unit."""
        self._units[unit_id].faults.clear()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen for RTU frames on TCP, and return the port. Raises OSError."""
        for unit_id, server in self._servers.items():
            self._units[unit_id] = _Unit(server=server, port=await server.start_rtu_over_tcp())
        self._listener = await asyncio.start_server(self._met, host, port)
        return self.port

    @property
    def servers(self) -> tuple[VirtualServer, ...]:
        """Who is on the bus."""
        return tuple(self._servers.values())

    def server(self, unit_id: int) -> VirtualServer:
        """Return who is behind a unit id."""
        return self._servers[unit_id]

    def drop(self) -> None:
        """Close all connections, as a gateway does that restarts."""
        if self._listener is not None:
            self._listener.abort_clients()

    async def stop(self) -> None:
        """Close everything; leaves no task and no socket behind."""
        if self._listener is not None:
            self._listener.close()
            self._listener.abort_clients()
            await self._listener.wait_closed()
            self._listener = None
        for task in self._talks:
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        for unit in self._units.values():
            unit.close()
            await unit.server.stop()
        self._units.clear()

    def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a client."""
        talk = asyncio.create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry the frames of one client."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    request = await _request(reader)
                    async with self._line:
                        answer = await self._carry(request)
                    writer.write(answer)
        finally:
            writer.close()

    async def _carry(self, request: bytes) -> bytes:
        """Send a request along the line; return the answer when its last bit has arrived."""
        loop = asyncio.get_running_loop()
        silence = loop.time() - self._silent_since
        begun = max(loop.time(), self._silent_since + self.gap)
        over = begun + len(request) * self.character
        await _until(over)
        unit_id, answer, turnaround = request[0], b"", self._turnaround
        unit = self._units.get(unit_id)
        if unit is None and self.absent_code is not None:
            body = bytes((unit_id, request[1] | EXCEPTION, self.absent_code))
            answer = body + crc16(body)
        elif unit is not None and BusFault.DEAD not in unit.faults:
            turnaround += unit.faults.get(BusFault.SLOW, 0.0)
            if silence >= unit.faults.get(BusFault.STRICT, 0.0):
                answer = _spoilt(await unit.answer(request), unit.faults)
        if answer:
            over = max(loop.time(), over + max(turnaround, self.gap)) + len(answer) * self.character
            await _until(over)
        self._silent_since = over
        self.transactions.append(
            Transaction(
                time=begun,
                unit_id=unit_id,
                function=request[1],
                sent=len(request),
                answered=len(answer),
                turnaround=turnaround,
            )
        )
        return answer


async def _until(moment: float) -> None:
    """Wait until a time of the loop; a grid of absolute times adds up no delays."""
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Return the next sound request; units do not hear what is none. Raises IncompleteReadError at the end."""
    frame = bytearray()
    while True:
        if len(frame) < _SHORTEST:
            frame += await reader.readexactly(_SHORTEST - len(frame))
        if frame[1] in READS or frame[1] in WRITES:
            size = _SHORTEST + 1 + frame[6] if frame[1] in (15, 16) else _SHORTEST
            frame += await reader.readexactly(max(0, size - len(frame)))
            if valid(bytes(frame[:size])):
                return bytes(frame[:size])
        del frame[0]


def _spoilt(answer: bytes, faults: dict[BusFault, float]) -> bytes:
    """Return what arrives of an answer."""
    if not answer:
        return answer
    if BusFault.FOREIGN in faults:
        body = bytes((answer[0] + 1,)) + answer[1:-2]
        answer = body + crc16(body)
    if BusFault.SWAPPED in faults and answer[1] in READS:
        words = [answer[at : at + 2] for at in range(3, len(answer) - 2, 2)]
        body = answer[:3] + b"".join(b"".join(reversed(words[at : at + 2])) for at in range(0, len(words), 2))
        answer = body + crc16(body)
    return answer[: len(answer) // 2] if BusFault.CUT in faults else answer
