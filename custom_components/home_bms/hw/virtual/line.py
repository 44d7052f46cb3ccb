"""A line with several virtual boards on it, served in their own frames over TCP."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from ...core.model import PackReading
from ..driver import DeviceInfo
from ..frames import BITS, EXCEPTION, FrameError, Request, crc16, from_tcp, parse_request
from ..registers import READS, SPACES, RegisterMap
from .dialect_server import DialectServer

_LOG_LENGTH: Final = 10_000
_SHORT: Final = 8
"""Bytes of a request that writes no list."""
_MBAP: Final = 6
"""Bytes before the unit id of a Modbus TCP frame."""
type _Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
REFUSALS: Final = {"function": 1, "address": 2, "value": 3}


class RefusalError(Exception):
    """The board answers with a Modbus exception; `code` is its number."""

    def __init__(self, why: str) -> None:
        self.code = REFUSALS[why]
        super().__init__(why)


class Board(Protocol):
    """One device on the line."""

    unit_id: int
    silent: bool
    """It does not answer, as if its plug were pulled."""

    def read(self, request: Request) -> Sequence[int]:
        """Return the words or bits that a request asks for. Raises RefusalError."""

    def write(self, request: Request, /) -> None:
        """Carry out what a request writes. Raises RefusalError."""


def cut(device: RegisterMap, request: Request, memory: dict[int, int]) -> list[int]:
    """Return what a request asks of a device's memory. Raises RefusalError."""
    if request.function not in device.functions:
        raise RefusalError("function")
    start = SPACES[request.space] + request.address
    step = 1 if request.space in BITS else device.address_step
    wanted = range(start, start + step * request.count, step)
    if not all(at in memory for at in wanted):
        raise RefusalError("address")
    return [memory[at] for at in wanted]


class MapBoard:
    """A board that shows a reading through its device's register map and takes no writes."""

    def __init__(
        self,
        device: RegisterMap,
        unit_id: int,
        look: Callable[[], tuple[PackReading, DeviceInfo]],
        version: Callable[[], object] = object,
    ) -> None:
        """Show what `look` returns, encoded anew only if `version` returns something else than before."""
        self.unit_id = unit_id
        self.silent = False
        self.info: DeviceInfo | None = None
        """Who it says it is, in place of what `look` says."""
        self.look = look
        self._device = device
        self._version = version
        self._shown: object = None
        self._memory: dict[int, int] = {}

    def read(self, request: Request) -> Sequence[int]:
        """Return the words or bits that a request asks for. Raises RefusalError."""
        shown = (self._version(), self.info)
        if shown != self._shown:
            reading, info = self.look()
            self._memory = self._device.encode(reading, self.info or info)
            self._shown = shown
        return cut(self._device, request, self._memory)

    def write(self, _: Request, /) -> None:
        """Refuse. Raises RefusalError."""
        raise RefusalError("function")


class Line:
    """Serves boards; it starts once and can be started again after `stop`."""

    def __init__(self, *boards: Board) -> None:
        """Put boards on the line; more may be added while it runs."""
        self.boards = list(boards)
        self.wire: deque[tuple[float, bytes]] = deque(maxlen=_LOG_LENGTH)
        """Every request that reached a board, as an RTU frame, with the time of `time.monotonic`."""
        self.port = 0
        """The TCP port that it listens on."""
        self._server: DialectServer | None = None

    @property
    def unit_id(self) -> int:
        """The unit id of the first board."""
        return self.boards[0].unit_id

    @unit_id.setter
    def unit_id(self, unit_id: int) -> None:
        self.boards[0].unit_id = unit_id

    async def start_tcp(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen for Modbus TCP and return the port. Raises OSError."""
        return await self._listen(self._tcp, host, port)

    async def start_rtu_over_tcp(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen for RTU frames on TCP, as from a transparent gateway, and return the port. Raises OSError."""
        return await self._listen(self._rtu, host, port)

    async def stop(self) -> None:
        """Close the line and whoever is connected."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def _listen(self, serve: _Serve, host: str, port: int) -> int:
        if self._server is not None:
            raise OSError("the line is served already")

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # What is no request ends the talk, as does whoever hangs up.
            with suppress(asyncio.IncompleteReadError, FrameError):
                while True:
                    await serve(reader, writer)

        server = DialectServer(talk)
        self.port = await server.start(host, port)
        self._server = server
        return self.port

    async def _rtu(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one RTU request."""
        frame = await reader.readexactly(_SHORT)
        if frame[1] in (15, 16):
            frame += await reader.readexactly(frame[6] + 1)
        if answer := self.answer(frame):
            writer.write(answer)
            await writer.drain()

    async def _tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one Modbus TCP request."""
        head = await reader.readexactly(_MBAP)
        body = await reader.readexactly(int.from_bytes(head[4:6], "big"))
        if answer := self.answer(from_tcp(head + body)):
            plain = answer[:-2]
            writer.write(head[:4] + len(plain).to_bytes(2, "big") + plain)
            await writer.drain()

    def answer(self, frame: bytes) -> bytes:
        """Return the RTU answer to an RTU request, nothing where nobody feels spoken to. Raises FrameError."""
        request = parse_request(frame)
        board = next((board for board in self.boards if board.unit_id == request.unit and not board.silent), None)
        if board is None:
            return b""
        self.wire.append((time.monotonic(), frame))
        try:
            if request.function in READS:
                body = frame[:2] + _listed(request, board.read(request))
            else:
                board.write(request)
                body = frame[:6]
        except RefusalError as err:
            body = bytes((request.unit, request.function | EXCEPTION, err.code))
        return body + crc16(body)


def _listed(request: Request, values: Sequence[int]) -> bytes:
    """Return the data of an answer with its length before it."""
    if request.space in BITS:
        size = (request.count + 7) // 8
        packed = sum(bool(bit) << index for index, bit in enumerate(values))
        return bytes((size,)) + packed.to_bytes(size, "little")
    return bytes((2 * len(values),)) + b"".join(word.to_bytes(2, "big") for word in values)
