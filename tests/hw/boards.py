"""One board on a real link, for the tests of everything that a pack can be built from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.hw.raw_coil import able
from custom_components.home_bms.hw.registers import RegisterMap
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer

KINDS = ("tcp", "rtu+tcp")


@asynccontextmanager
async def linked(port: int, kind: str = "tcp", unit: int = 1) -> AsyncIterator[ModbusUnit]:
    """Give a unit on loopback as a link of Home Assistant's gives it."""
    connection = ModbusConnection(
        ModbusTcpParams(host="127.0.0.1", port=port)
        if kind == "tcp"
        else ModbusSerialParams(device=f"socket://127.0.0.1:{port}", framer="rtu", baudrate=115200)
    )
    try:
        yield able(connection.for_unit(unit))
    finally:
        await connection.close()


@asynccontextmanager
async def served(
    device: RegisterMap, pack: VirtualPack, kind: str = "tcp", unit: int = 1
) -> AsyncIterator[tuple[VirtualServer, ModbusUnit]]:
    """Serve what a device on this pack would tell; give the server and the unit."""
    server = VirtualServer(pack, device, unit_id=unit)
    port = await (server.start_tcp() if kind == "tcp" else server.start_rtu_over_tcp())
    try:
        async with linked(port, kind, unit) as found:
            yield server, found
    finally:
        await server.stop()


def rounded(values: tuple[float | None, ...], digits: int) -> tuple[float | None, ...]:
    return tuple(None if value is None else round(value, digits) for value in values)


def asked(server: VirtualServer) -> list[tuple[int, int, int]]:
    """Return what was asked of a server: function, address, count."""
    return [(entry.function, entry.address, entry.count) for entry in server.requests]


def taken(names: tuple[str, ...], values: Any) -> tuple[Any, ...]:
    return tuple(values.get(name) for name in names)
