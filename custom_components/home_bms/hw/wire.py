"""A serial line or socket of home_bms's own, for devices that no Modbus link can speak to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, Literal, cast, override

from modbus_connection import (
    ClientClosedError,
    ModbusConnectionError,
    ModbusExceptionError,
    ModbusProtocolError,
    ModbusTimeoutError,
    ModbusUnit,
)
from serialx import BaseSerialTransport, SerialException, StopBits, create_serial_connection

from .dialect import Dialect
from .frames import FrameError, RefusedError, Request
from .registers import READS, SPACES, Memory

CONNECT_WITHIN: Final = 5.0
"""s."""
CLOSE_WITHIN: Final = 2.0
BACK_OFF: Final = 0.5
"""s after a port that could not be opened is tried again; each time in vain doubles it."""
BACK_OFF_MOST: Final = 5.0
"""s. More would outlast the patience of the limits (thresholds.md 2.12)."""
TIMEOUT: Final = 1.0
REST_MOST: Final = 1.0
"""s that a request waits for a line to fall silent on which somebody else talks on and on."""
HEARD_MOST: Final = 4096
"""Bytes kept while an answer is looked for in them; the longest answer has some three hundred."""


class Wire:
    """One line: half duplex, one request at a time, or none at all where it only listens.

    It opens with the first request and again after a loss: an adapter is plugged out and in, a gateway starts anew.
    What was heard before a request was sent is never taken for its answer, and what is heard afterwards is searched
    for the answer byte by byte, so that another unit's late words, an echo and noise cost time and nothing else.
    """

    def __init__(
        self,
        url: str,
        *,
        baudrate: int,
        stopbits: Literal[1, 2] = 1,
        listens: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name a serial port, or a socket as `socket://host:port`; a line that `listens` never sends a byte."""
        self.url = url
        self.listens = listens
        self._baudrate = baudrate
        self._stopbits = StopBits(stopbits)
        self._clock = clock
        self._transport: BaseSerialTransport | None = None
        self._opening = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._heard = bytearray()
        self._news = asyncio.Event()
        self._last = float("-inf")
        """When the line was last not silent."""
        self._back_off = BACK_OFF
        self._closed_until = float("-inf")
        self._closed = False
        self._listeners: list[Callable[[bytes, float], None]] = []
        self._mourners: list[Callable[[], None]] = []

    @property
    def connected(self) -> bool:
        """Whether the line is open."""
        return self._transport is not None

    def for_unit(self, unit_id: int, dialect: Dialect | None = None) -> ModbusUnit:
        """Return a unit of the line as what it looks like; without a dialect it is only listened to."""
        return cast("ModbusUnit", WireUnit(self, unit_id, dialect))

    def listen(self, listener: Callable[[bytes, float], None]) -> Callable[[], None]:
        """Have whatever is heard told, with the time of its last byte; returns what ends that."""
        return _subscribe(self._listeners, listener)

    def on_connection_lost(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have it told when the line is taken away; returns what ends that."""
        return _subscribe(self._mourners, callback)

    async def connect(self) -> None:
        """Open the line unless it is open. Raises ModbusConnectionError, at once while it is too soon to try again."""
        async with self._opening:
            if self._closed:
                raise ClientClosedError(f"{self.url} is closed")
            if self._transport is not None:
                return
            if self._clock() < self._closed_until:
                raise ModbusConnectionError(f"{self.url} could not be opened, and is tried again soon")
            try:
                await self._open()
            except (OSError, SerialException, ValueError) as err:
                self._closed_until = self._clock() + self._back_off
                self._back_off = min(2 * self._back_off, BACK_OFF_MOST)
                raise ModbusConnectionError(f"{self.url} could not be opened: {err}") from err
            self._back_off = BACK_OFF

    async def disconnect(self) -> None:
        """Drop the line; the next request opens it anew."""
        async with self._opening:
            transport, self._transport = self._transport, None
            self._news.set()
            if transport is None:
                return
            transport.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_WITHIN):
                    await transport.wait_closed()

    async def close(self) -> None:
        """Close the line for good."""
        self._closed = True
        await self.disconnect()

    async def exchange[T](
        self,
        request: bytes,
        take: Callable[[bytes], T | None],
        *,
        timeout: float,  # noqa: ASYNC109 - it ends in an error of its own
        spacing: float = 0.0,
    ) -> T:
        """Send a request and return what `take` makes of the answer.

        `take` gets what was heard from some byte on: it returns `None` while the answer may still become whole, and
        raises FrameError if no answer begins there. `timeout` in s is from the request to the whole answer, `spacing`
        in s the silence before the request. Raises ModbusError.
        """
        if self.listens:
            raise ModbusConnectionError(f"{self.url} is only listened to")
        async with self._asking:
            await self.connect()
            await self._rest(spacing)
            if (transport := self._transport) is None:
                raise ModbusConnectionError(f"{self.url} was lost")
            self._heard.clear()
            try:
                transport.write(request)
            except (OSError, SerialException) as err:
                raise ModbusConnectionError(f"{self.url} takes no bytes: {err}") from err
            self._last = self._clock()
            return await self._answer(take, timeout)

    async def _open(self) -> None:
        """Open the transport. Raises OSError, SerialException or ValueError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_WITHIN):
            transport, _ = await create_serial_connection(
                loop, partial(_Ear, self), self.url, self._baudrate, stopbits=self._stopbits, exclusive=True
            )
        if transport.is_closing():
            raise ConnectionError("it was closed at once")
        self._transport = transport

    async def _rest(self, spacing: float) -> None:
        """Wait until the line was silent for `spacing`; for a line that never is, not for ever."""
        patience = self._clock() + max(REST_MOST, spacing)
        while (wait := self._last + spacing - (now := self._clock())) > 0 and now < patience:  # noqa: ASYNC110
            await asyncio.sleep(wait)

    async def _answer[T](self, take: Callable[[bytes], T | None], timeout: float) -> T:  # noqa: ASYNC109
        """Look for the answer in what is heard. Raises ModbusError."""
        trouble: FrameError | None = None
        try:
            async with asyncio.timeout(timeout):
                while True:
                    while self._heard:
                        try:
                            found = take(bytes(self._heard))
                        except FrameError as err:
                            trouble = trouble or err
                            del self._heard[0]
                            continue
                        if found is None:
                            break
                        return found
                    self._news.clear()
                    await self._news.wait()
                    if self._transport is None:
                        raise ModbusConnectionError(f"{self.url} was lost while an answer was awaited")
        except TimeoutError as err:
            if trouble is not None:
                raise ModbusProtocolError(f"no answer was found in what {self.url} said: {trouble}") from err
            if self._heard:
                raise ModbusProtocolError(f"the answer on {self.url} broke off after {len(self._heard)} bytes") from err
            raise ModbusTimeoutError(f"{self.url} stayed silent for {timeout} s") from err

    def _hear(self, data: bytes) -> None:
        """Take bytes from the transport."""
        self._last = now = self._clock()
        if not self.listens:
            self._heard += data
            del self._heard[:-HEARD_MOST]
            self._news.set()
        for listener in tuple(self._listeners):
            listener(data, now)

    def _lose(self, transport: BaseSerialTransport) -> None:
        """Note that the transport was taken away, unless we let it go ourselves."""
        if self._transport is not transport:
            return
        self._transport = None
        self._news.set()
        for mourner in tuple(self._mourners):
            mourner()


class _Ear(asyncio.Protocol):
    """Passes on what one transport brings."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._transport: BaseSerialTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("BaseSerialTransport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        self._wire._hear(data)  # noqa: SLF001 - one class in two

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._wire._lose(self._transport)  # noqa: SLF001


class WireUnit:
    """One unit on a wire, spoken to in its dialect; what a driver needs of a `ModbusUnit`."""

    def __init__(self, wire: Wire, unit_id: int, dialect: Dialect | None) -> None:
        self.unit_id = unit_id
        self._wire = wire
        self._dialect = dialect
        self._spacing = 0.0
        self._timeout = TIMEOUT
        self._told: dict[int, int] = {}
        """What it told last, for a dialect whose answers depend on it."""

    @property
    def connected(self) -> bool:
        """Whether the line is open."""
        return self._wire.connected

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read registers. Raises ModbusError."""
        return await self._read(3, address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Read input registers. Raises ModbusError."""
        return await self._read(4, address, count)

    async def write_register(self, address: int, value: int) -> None:
        """Write one register. Raises ModbusError."""
        await self._ask(6, address, (value,))

    async def write_registers(self, address: int, values: list[int]) -> None:
        """Write registers. Raises ModbusError."""
        await self._ask(16, address, tuple(values))

    def set_message_spacing(self, seconds: float) -> None:
        """Set the silence before a request in s."""
        self._spacing = seconds

    def require_timeout(self, seconds: float | None) -> None:
        """Set how long an answer may take in s; `None` is the usual."""
        self._timeout = TIMEOUT if seconds is None else seconds

    def on_connection_lost(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have it told when the line is taken away; returns what ends that."""
        return self._wire.on_connection_lost(callback)

    def listen(self, listener: Callable[[bytes, float], None]) -> Callable[[], None]:
        """Have whatever is heard on the line told; returns what ends that."""
        return self._wire.listen(listener)

    async def connect(self) -> None:
        """Open the line. Raises ModbusConnectionError."""
        await self._wire.connect()

    async def disconnect(self) -> None:
        """Drop the line; the next request opens it anew."""
        await self._wire.disconnect()

    async def _read(self, function: int, address: int, count: int) -> list[int]:
        memory = await self._ask(function, address, count=count)
        start = SPACES[READS[function]] + address
        try:
            return [memory[at] for at in range(start, start + count)]
        except KeyError as err:
            raise ModbusProtocolError(f"the answer of unit {self.unit_id} lacks register {err}") from err

    async def _ask(self, function: int, address: int, values: tuple[int, ...] = (), count: int = 0) -> Memory:
        """Ask and return what the answer brings. Raises ModbusError."""
        question = Request(
            unit=self.unit_id, function=function, address=address, count=count or len(values), values=values
        )
        if self._dialect is None:
            raise ModbusConnectionError(f"unit {self.unit_id} is only listened to")
        try:
            request = self._dialect.ask(question)
            if self._dialect.narrow is not None:
                question = self._dialect.narrow(question, self._told)
        except FrameError as err:
            raise ModbusProtocolError(str(err)) from err
        take: Callable[[bytes], Memory | RefusedError | None] = partial(_taken, self._dialect, question)
        answer: Memory | RefusedError = await self._wire.exchange(
            request, take, timeout=self._timeout, spacing=self._spacing
        )
        if isinstance(answer, RefusedError):
            raise ModbusExceptionError.from_code(answer.code, str(answer)) from answer
        if self._dialect.narrow is not None:
            self._told.update(answer)
        return answer


def _taken(dialect: Dialect, question: Request, heard: bytes) -> Memory | RefusedError | None:
    """Return what the answer brings that begins what was heard. Raises FrameError if none does."""
    size = dialect.size(question, heard)
    if size is None or len(heard) < size:
        return None
    try:
        return dialect.unwrap(question, heard[:size])
    except RefusedError as refusal:
        return refusal


def _subscribe[T](listeners: list[T], listener: T) -> Callable[[], None]:
    """Add a listener; return what takes it away again."""
    listeners.append(listener)

    def unsubscribe() -> None:
        if listener in listeners:
            listeners.remove(listener)

    return unsubscribe
