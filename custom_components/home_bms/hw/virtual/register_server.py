"""A Modbus TCP server in front of anything that has registers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol, cast, override

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import SimData, SimDevice
from pymodbus.simulator.simcore import SimCore

_READ: Final = (3, 4)
_WRITE: Final = (6, 16)
_NOTHING: Final = SimDevice(0, [SimData(0)])
# pymodbus answers no request that its trace has turned into nothing, which its types do not tell.
_UNHEARD: Final = cast("ModbusPDU", None)


class Registers(Protocol):
    """Somebody behind a unit id."""

    @property
    def answers(self) -> bool:
        """Whether requests are answered now."""

    def memory(self) -> Mapping[int, int]:
        """Return the holding registers of now."""

    def write(self, address: int, words: list[int]) -> ExcCodes | None:
        """Take a write, or say why not."""


class RegisterServer:
    """Serves units by their ids on loopback; `writes` tells every write as (unit id, address, words)."""

    def __init__(self, units: Mapping[int, Registers], *, framer: FramerType = FramerType.SOCKET) -> None:
        """`framer` RTU makes it what stands behind a gateway that passes serial frames through."""
        self.units = units
        self._framer = framer
        self.writes: list[tuple[int, int, tuple[int, ...]]] = []
        self._server: ModbusTcpServer | None = None

    async def async_start(self) -> int:
        """Listen, and return the port."""
        server = ModbusTcpServer(_NOTHING, framer=self._framer, address=("127.0.0.1", 0), trace_pdu=self._pass)
        server.context = _Memory(self)
        await server.serve_forever(background=True)
        self._server = server
        return int(cast("asyncio.Server", server.transport).sockets[0].getsockname()[1])

    async def async_stop(self) -> None:
        """Close the server and whoever is connected."""
        server, self._server = self._server, None
        if server is None:
            return
        listener = cast("asyncio.Server", server.transport)
        await server.shutdown()  # type: ignore[no-untyped-call]
        listener.abort_clients()
        await listener.wait_closed()

    def _pass(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        """Let requests through, except those that nobody hears."""
        unit = self.units.get(pdu.dev_id)
        return pdu if sending or (unit is not None and unit.answers) else _UNHEARD


class _Memory(SimCore):
    """What pymodbus asks for the values of a request; a single write it reads back for its answer."""

    def __init__(self, server: RegisterServer) -> None:
        super().__init__(_NOTHING)
        self._server = server
        self._written: list[int] = []

    @override
    async def async_getValues(
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        if func_code in _WRITE:
            return self._written
        if func_code not in _READ:
            return ExcCodes.ILLEGAL_FUNCTION
        memory, wanted = self._server.units[device_id].memory(), range(address, address + count)
        return [memory[at] for at in wanted] if all(at in memory for at in wanted) else ExcCodes.ILLEGAL_ADDRESS

    @override
    async def async_setValues(
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        if func_code not in _WRITE:
            return ExcCodes.ILLEGAL_FUNCTION
        self._written = [int(value) for value in values]
        self._server.writes.append((device_id, address, tuple(self._written)))
        return self._server.units[device_id].write(address, self._written)
