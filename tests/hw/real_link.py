"""Serves a virtual pack as a device on a real link, and compares what its driver tells with what the pack says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.core.model import Bound, Decision, Mode, PackReading, Reason, Switches
from custom_components.home_bms.hw.devices import Device
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer

NOTHING = Bound(value=0.0, reason=Reason(rule="test"))
NUMBERS = ("cells", "temperatures", "current", "voltage", "switch_temperature", "soc", "soh", "capacity", "cycles")
SILENCE = (None, (), Switches())


def decide(**wishes: bool) -> Decision:
    """Return a decision that wishes switches so."""
    return Decision(
        time=0.0,
        cvl=NOTHING,
        ccl=NOTHING,
        dcl=NOTHING,
        charge_permitted=False,
        discharge_permitted=False,
        switches=Switches(**wishes),
        alarms=(),
        mode=Mode.IDLE,
    )


def busy_pack(**changes: Any) -> VirtualPack:
    """Return a pack in the middle of something."""
    pack = VirtualPack(**({"seed": 2, "soc": 61.0} | changes))
    pack.demand = -37.0
    pack.step(5)
    return pack


@asynccontextmanager
async def served(
    device: Device, pack: VirtualPack, *, unit_id: int | None = None, rtu: bool = False
) -> AsyncIterator[tuple[ModbusUnit, VirtualServer]]:
    """Let a pack answer as a device over TCP, or in RTU frames over TCP, and give a unit that leads there."""
    number = device.unit(1) if unit_id is None else unit_id
    server = VirtualServer(pack, device, unit_id=number)
    port = await (server.start_rtu_over_tcp() if rtu else server.start_tcp())
    link = (
        ModbusSerialParams(device=f"socket://127.0.0.1:{port}", framer="rtu", baudrate=115200)
        if rtu
        else ModbusTcpParams(host="127.0.0.1", port=port)
    )
    connection = ModbusConnection(link)
    try:
        yield connection.for_unit(number), server
    finally:
        await connection.close()
        await server.stop()


def agrees(told: PackReading, truth: PackReading, steps: Mapping[str, float], untold: Collection[str]) -> None:
    """Hold that a device tells what the pack says within half a step of its registers, and nothing of `untold`."""
    for name in NUMBERS:
        here, there = getattr(told, name), getattr(truth, name)
        if name in untold:
            assert here in SILENCE, name
        else:
            assert here == pytest.approx(there, abs=steps[name] / 2 + 1e-6), name
    for name in ("balancing", "alarms"):
        assert getattr(told, name) == (None if name in untold else getattr(truth, name)), name
    for name in ("switches", "commanded"):
        here, there = getattr(told, name), getattr(truth, name)
        wanted = Switches() if name in untold else Switches(charge=there.charge, discharge=there.discharge)
        assert here == wanted, name
