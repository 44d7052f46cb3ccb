"""Shows a virtual pack on a real Modbus link, through the register map that the driver reads."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, cast, override

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import SimData, SimDevice
from pymodbus.simulator.simcore import SimCore
from serialx import BaseSerialTransport, create_serial_connection

from ...core.model import Switches
from ..frames import Request as Question
from ..registers import READS, SPACES, WRITES, Memory, RegisterMap
from .dialect_server import DialectServer, answering, broadcasting
from .pack import VirtualPack
from .world import VirtualWorld

_LOG_LENGTH: Final = 10_000
# pymodbus answers no request that its trace has turned into nothing, which its types do not tell.
_UNHEARD: Final = cast("ModbusPDU", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it arrived; `values` are the words of a write."""

    time: float
    function: int
    address: int
    count: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write to the switches, and whether the device took it."""

    time: float
    switches: Switches
    accepted: bool


class VirtualServer:
    """A Modbus server for one virtual pack; it starts once and can be started again after `stop`."""

    def __init__(
        self,
        source: VirtualWorld | VirtualPack,
        device: RegisterMap,
        *,
        unit_id: int = 1,
        answer_delay: float = 0.0,
    ) -> None:
        """Serve `source` as `device`; a pack alone moves only when somebody steps it. `answer_delay` in s."""
        self.world = VirtualWorld(source, speed=0) if isinstance(source, VirtualPack) else source
        self.unit_id = unit_id
        self.answer_delay = answer_delay
        self.requests: deque[Request] = deque(maxlen=_LOG_LENGTH)
        self.writes: deque[Write] = deque(maxlen=_LOG_LENGTH)
        self._device = device
        self._server: ModbusTcpServer | ModbusSerialServer | None = None
        self._own: DialectServer | None = None
        self._port = 0
        self._answering: set[asyncio.Task[None]] = set()
        self._memory: Mapping[int, int] = {}
        self._memory_version: int | None = None

    @property
    def port(self) -> int:
        """The TCP port that it listens on."""
        return self._port

    async def start_tcp(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen for Modbus TCP and return the port. Raises OSError."""
        if self._device.own_line:
            raise OSError(f"a {self._device.name} speaks no Modbus TCP")
        return await self._listen(host, port, FramerType.SOCKET)

    async def start_rtu_over_tcp(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen for RTU frames, or the maker's own, on TCP, as from a transparent gateway, and return the port.

        Raises OSError.
        """
        dialect, broadcast = self._device.dialect, self._device.broadcast
        if broadcast is not None:
            return await self._start_own(broadcasting(broadcast, lambda: self.unit_id, self._spoken), host, port)
        if dialect is not None and dialect.asked is not None:
            return await self._start_own(answering(dialect, self._asked), host, port)
        return await self._listen(host, port, FramerType.RTU)

    async def start_serial(self, path: str, baudrate: int = 115200) -> None:
        """Answer RTU frames on a serial port. Raises OSError."""
        if self._device.broadcast or (self._device.dialect and self._device.dialect.asked):
            raise OSError(f"the frames of a {self._device.name} are served on TCP only")
        server = ModbusSerialServer(_NOTHING, port=path, baudrate=baudrate, framer=FramerType.RTU, trace_pdu=self._pass)
        # pymodbus opens serial ports with pyserial, which Home Assistant does not bring; serialx it does.
        connected = cast("Callable[[], asyncio.Protocol]", server.handle_new_connection)
        server.call_create = partial(create_serial_connection, asyncio.get_running_loop(), connected, path, baudrate)
        await self._start(server)

    async def stop(self) -> None:
        """Close the link and whoever is connected; leaves no task and no socket behind."""
        server, self._server = self._server, None
        own, self._own = self._own, None
        if own is not None:
            await own.stop()
        if server is None:
            return
        listener = cast("object", server.transport)
        await server.shutdown()  # type: ignore[no-untyped-call]
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        if isinstance(listener, asyncio.Server):
            listener.abort_clients()
            await listener.wait_closed()
        elif isinstance(listener, BaseSerialTransport):
            await listener.wait_closed()

    async def _listen(self, host: str, port: int, framer: FramerType) -> int:
        server = ModbusTcpServer(
            _NOTHING,
            address=(host, port),
            framer=framer,
            trace_pdu=self._pass,
            trace_connect=self._connected,
        )
        await self._start(server)
        self._port = cast("asyncio.Server", server.transport).sockets[0].getsockname()[1]
        return self._port

    async def _start_own(self, own: DialectServer, host: str, port: int) -> int:
        if self._own or self._server:
            raise OSError("the server is running already")
        self._port = await own.start(host, port)
        self._own = own
        return self._port

    async def _asked(self, question: Question) -> Memory | None:
        """Return the memory that answers a request in the maker's own frames, nothing if nobody answers it."""
        memory = self._spoken()
        if memory is None or question.unit != self.unit_id:
            return None
        self.requests.append(
            Request(
                time=time.monotonic(),
                function=question.function,
                address=question.address,
                count=question.count,
                values=question.values,
            )
        )
        await self._wait()
        return memory

    def _spoken(self) -> Memory | None:
        """Return the registers of a pack that speaks, nothing of one that does not.

        Raises ConnectionError where the cable is pulled.
        """
        memory = self._look()
        faults = self.world.pack.faults
        if "cable_pulled" in faults:
            raise ConnectionError("the cable is pulled")
        return None if "no_answer" in faults else memory

    async def _start(self, server: ModbusTcpServer | ModbusSerialServer) -> None:
        if self._server:
            raise OSError("the server is running already")
        server.context = _Memory(self)
        try:
            await server.serve_forever(background=True)
        except RuntimeError as err:
            raise OSError(f"the virtual pack cannot be served: {err}") from err
        self._server = server

    def _look(self) -> Mapping[int, int]:
        """Return the device's registers now; encoded anew only if anything changed since."""
        self.world.catch_up()
        pack = self.world.pack
        if self._memory_version != pack.version:
            self._memory_version = pack.version
            self._memory = self._device.encode(pack.reading(pack.time), pack.info)
        return self._memory

    def _pass(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        """Let answers and requests through, except those that a cable or another unit would keep away."""
        if sending:
            pdu.dev_id += self._device.answers_from
            return pdu
        self.world.catch_up()
        faults = self.world.pack.faults
        if "cable_pulled" in faults:
            asyncio.get_running_loop().call_soon(self._drop)
            return _UNHEARD
        if pdu.dev_id != self.unit_id or "no_answer" in faults:
            return _UNHEARD
        self.requests.append(
            Request(
                time=time.monotonic(),
                function=pdu.function_code,
                address=pdu.address,
                count=pdu.count,
                values=tuple(pdu.registers or ()),
            )
        )
        return pdu

    def _connected(self, connected: bool) -> None:
        """Close a connection that comes in where the cable is pulled."""
        if connected and "cable_pulled" in self.world.pack.faults:
            asyncio.get_running_loop().call_soon(self._drop)

    def _drop(self) -> None:
        """Close all connections; a serial cable just falls silent."""
        if isinstance(self._server, ModbusTcpServer):
            for connection in tuple(self._server.active_connections.values()):
                connection.close()

    async def read(self, function: int, address: int, count: int) -> list[int] | ExcCodes:
        """Answer a request to read."""
        await self._wait()
        if function not in self._device.functions or function not in READS:
            return ExcCodes.ILLEGAL_FUNCTION
        space = READS[function]
        step = self._device.address_step if space in ("holding", "input") else 1
        memory, start = self._look(), SPACES[space] + address
        wanted = range(start, start + step * count, step)
        return [memory[at] for at in wanted] if all(at in memory for at in wanted) else ExcCodes.ILLEGAL_ADDRESS

    async def write(self, function: int, address: int, words: list[int]) -> ExcCodes | None:
        """Carry a request to write out."""
        await self._wait()
        if function not in self._device.functions or function not in WRITES:
            return ExcCodes.ILLEGAL_FUNCTION
        try:
            switches = self._device.written(address, words, function)
        except ValueError:
            return ExcCodes.ILLEGAL_VALUE
        if switches == Switches():
            return ExcCodes.ILLEGAL_ADDRESS
        try:
            self.world.apply(switches)
        except ValueError:
            self.writes.append(Write(time=time.monotonic(), switches=switches, accepted=False))
            return ExcCodes.ILLEGAL_VALUE
        self.writes.append(Write(time=time.monotonic(), switches=switches, accepted=True))
        return None

    async def _wait(self) -> None:
        """Take the time that an answer takes. Raises CancelledError where nobody waits for it any more."""
        if self._server is None and self._own is None:
            raise asyncio.CancelledError
        delay = self.answer_delay + (self.world.pack.faults.value("slow_answer") or 0.0)
        task = asyncio.current_task()
        if delay <= 0 or task is None:
            return
        self._answering.add(task)
        try:
            await asyncio.sleep(delay)
        finally:
            self._answering.discard(task)


_NOTHING: Final = SimDevice(0, [SimData(0)])


class _Memory(SimCore):
    """What pymodbus asks for the values of a request; a single write it reads back for its answer."""

    def __init__(self, server: VirtualServer) -> None:
        super().__init__(_NOTHING)
        self._server = server
        self._written: list[int] = []

    @override
    def device_ids(self) -> list[int]:
        return [self._server.unit_id]

    @override
    async def async_getValues(
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        if func_code in WRITES:
            return self._written
        return await self._server.read(func_code, address, count)

    @override
    async def async_setValues(
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        self._written = [int(value) for value in values]
        return await self._server.write(func_code, address, self._written)
