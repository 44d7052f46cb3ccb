"""Serves the whole battery over SunSpec Modbus TCP, so that others can read it down to the cell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast, override

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.datastore import ModbusServerContext
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import SimData, SimDevice
from pymodbus.simulator.simcore import SimCore

from ..core.bank import Bank
from .shown_pack import ShownPack
from .sunspec.block import Block
from .sunspec.memory import BASES, Points, memory_with
from .sunspec_bank import chain

STALE_AFTER: Final = 10.0
"""s after which what was last told is no longer told as now (`thresholds.md` 2.12: 10 s, and nothing may flow)."""
IDLE_AFTER: Final = 60.0
"""s of silence after which a client loses its place to another."""
READ: Final = 3
"""The only function that is served; SunSpec reads holding registers."""
_UNIT_IDS: Final = range(1, 248)
_REGISTERS: Final = 0x10000
# The marker in front of a chain, and the end behind it.
_AROUND: Final = 4
_NOTHING: Final = SimDevice(0, [SimData(0)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Where the battery is served, and to how many; by default to this machine only."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes one that is free; 502 is Modbus TCP's own, which few systems let a program have."""
    unit_id: int = 1
    base: int = BASES[0]
    """Where the chain of models begins; clients look at 40000, 0 and 50000."""
    clients: int = 4
    """That may be connected at the same time."""
    sign: Literal[1, -1] = 1
    """Whether a charging current is told as positive (1) or negative; SunSpec leaves it open."""

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be."""
        if self.unit_id not in _UNIT_IDS:
            raise ValueError(f"a unit id is 1 to 247, not {self.unit_id}")
        if self.base not in BASES:
            raise ValueError(f"a chain begins at one of {BASES}, not {self.base}")
        if self.clients < 1:
            raise ValueError("at least one client must be let in")


class SunSpecServer:
    """A SunSpec Modbus TCP server of the battery, for reading only.

    Any request to write is refused with a Modbus exception. What was not told anew for `STALE_AFTER` is not shown any
    longer: the heartbeat stands, the limits are zero, and a communication error is told.
    """

    def __init__(self, config: ServerConfig, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.config = config
        self.refused = 0
        """Requests to write, or for anything else than to read, so far."""
        self._clock = clock
        self._bank: Bank | None = None
        self._packs: tuple[ShownPack, ...] = ()
        self._told_at = 0.0
        self._heartbeat = 0
        self._memory: dict[int, int] = {}
        self._shown: tuple[float, bool] | None = None
        """Of when the memory is, and whether that was fresh."""
        self._server: _Server | None = None

    @property
    def port(self) -> int:
        """The TCP port that it listens on, 0 while it does not."""
        if self._server is None:
            return 0
        return int(self._listener(self._server).sockets[0].getsockname()[1])

    @property
    def clients(self) -> int:
        """How many are connected."""
        return 0 if self._server is None else len(self._server.active_connections)

    def tell(self, bank: Bank, packs: Sequence[ShownPack]) -> None:
        """Show this from now on; called each cycle. The packs are in the bank's order. Raises ValueError."""
        now = self._clock()
        heartbeat = self._heartbeat + (max(1, round(now - self._told_at)) if self._bank else 0)
        size = sum(
            kind.size + kind.stride * len(points.get(kind.part, ())) for kind, points in self._chain(bank, packs)
        )
        if self.config.base + size + _AROUND > _REGISTERS:
            raise ValueError(f"{len(packs)} packs do not fit behind register {self.config.base}")
        self._bank, self._packs, self._told_at, self._heartbeat = bank, tuple(packs), now, heartbeat
        self._shown = None

    async def async_start(self) -> int:
        """Listen, and return the port. Raises OSError."""
        if self._server is not None:
            raise OSError("the server is running already")
        server = _Server(self)
        try:
            await server.serve_forever(background=True)
        except RuntimeError as err:
            raise OSError(f"{self.config.host}:{self.config.port} cannot be listened on: {err}") from err
        self._server = server
        return self.port

    async def async_stop(self) -> None:
        """Close the server and whoever is connected; leaves no task and no socket behind."""
        server, self._server = self._server, None
        if server is None:
            return
        listener = self._listener(server)
        await server.shutdown()  # type: ignore[no-untyped-call]
        listener.abort_clients()
        await listener.wait_closed()

    def read(self, address: int, count: int) -> list[int] | ExcCodes:
        """Return the words of registers, or why there are none."""
        memory = self._look()
        wanted = range(address, address + count)
        return [memory[at] for at in wanted] if all(at in memory for at in wanted) else ExcCodes.ILLEGAL_ADDRESS

    def _look(self) -> dict[int, int]:
        """Return the registers of now, made when they are first asked for; empty until anything was told."""
        if self._bank is None:
            return {}
        fresh = self._clock() - self._told_at <= STALE_AFTER
        if self._shown != (self._told_at, fresh):
            self._shown = (self._told_at, fresh)
            self._memory = memory_with(self._chain(self._bank, self._packs, fresh=fresh), self.config.base)
        return self._memory

    def _chain(self, bank: Bank, packs: Sequence[ShownPack], *, fresh: bool = True) -> list[tuple[type[Block], Points]]:
        return chain(
            bank,
            packs,
            unit_id=self.config.unit_id,
            sign=self.config.sign,
            heartbeat=self._heartbeat,
            fresh=fresh,
        )

    @staticmethod
    def _listener(server: ModbusTcpServer) -> asyncio.Server:
        return cast("asyncio.Server", server.transport)


class _Server(ModbusTcpServer):
    """The server of pymodbus, for a bounded number of clients."""

    def __init__(self, owner: SunSpecServer) -> None:
        config = owner.config
        super().__init__(_NOTHING, framer=FramerType.SOCKET, address=(config.host, config.port), trace_pdu=self._passed)
        self.context = _Memory(owner)
        self._owner = owner

    @override
    def callback_new_connection(self) -> ServerRequestHandler:
        """Take one more in; where there is no place, one that has long been silent has to go, or else the new one."""
        silent = sorted(cast("list[_Client]", list(self.active_connections.values())), key=lambda each: each.heard)
        full = len(silent) >= self._owner.config.clients
        if full and self.loop.time() - silent[0].heard > IDLE_AFTER:
            silent[0].close()
            full = False
        return _Client(self, welcome=not full)

    def _passed(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        """Let requests to read through, and put a refusal in the place of any other."""
        if sending or pdu.function_code == READ:
            return pdu
        self._owner.refused += 1
        return _Refused(pdu)


class _Client(ServerRequestHandler):
    """One connection, and when it was last heard."""

    def __init__(self, server: _Server, *, welcome: bool) -> None:
        super().__init__(server, None, server.trace_pdu, None)  # type: ignore[no-untyped-call]
        self.heard = server.loop.time()
        self._welcome = welcome

    @override
    def callback_connected(self) -> None:
        super().callback_connected()
        if not self._welcome:
            self.close()

    @override
    def callback_data(self, data: bytes, addr: tuple[str, int] | None = None) -> int:
        self.heard = self.loop.time()
        return super().callback_data(data, addr)


class _Refused(ModbusPDU):
    """A request for what is not served, whatever it asked for."""

    def __init__(self, request: ModbusPDU) -> None:
        super().__init__(dev_id=request.dev_id, transaction_id=request.transaction_id)
        self.function_code = request.function_code

    @override
    async def datastore_update(self, context: ModbusServerContext, device_id: int) -> ModbusPDU:
        return ExceptionResponse(self.function_code, ExcCodes.ILLEGAL_FUNCTION)


class _Memory(SimCore):
    """What pymodbus asks for the values of a request."""

    def __init__(self, owner: SunSpecServer) -> None:
        super().__init__(_NOTHING)
        self._owner = owner

    @override
    async def async_getValues(
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        if device_id != self._owner.config.unit_id:
            return ExcCodes.GATEWAY_NO_RESPONSE
        return self._owner.read(address, count)
