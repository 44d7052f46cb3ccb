"""JK's active balancer with RS485 (B1A24S and its kind): what its values mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, NumberField, gauge

from ...core.model import HardwareRing, PackReading, Switches
from ..channels import Channels
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Kind, Series, Values
from .jk_balancer_frames import CELLS, DIALECT, WIDTHS

MANUFACTURER: Final = "Jikong"
MODEL: Final = "Active balancer"
MILLI: Final = 0.001
BALANCE_CURRENT_MAX: Final = 2.0
"""A of the balancer that was recorded; what a virtual one is set to."""
ON_OFF: Final = {0: False, 1: True}
CELL_COUNT_MISMATCH: Final = "cell_count_mismatch"
"""Alarm bit 0, the only one whose meaning is told."""


def number(register: int) -> NumberField[int]:
    """Return a field of a plain number."""
    return NumberField(register, signed=False)


class Status(Component):
    """Everything, in one answer."""

    register_ranges = ((0, len(WIDTHS) - 1),)

    voltage = gauge(0, 0.01, signed=False, unit="V")
    cell_average = gauge(1, MILLI, signed=False, unit="V")
    cells_detected = number(2)
    cell_max_index = number(3)
    cell_min_index = number(4)
    state = number(5)
    alarm_bits = number(6)
    cell_difference = gauge(7, MILLI, signed=False, unit="V")
    balance_current = gauge(8, MILLI, unit="A")
    balance_difference = gauge(9, MILLI, signed=False, unit="V")
    balance_current_max = gauge(10, MILLI, signed=False, unit="A")
    balance = NumberField[bool](11, signed=False, convert=ON_OFF)
    cell_count = number(12)
    cells = Series(13, count=CELLS, unit="V")
    board_temperature = gauge(13 + CELLS, 0.1, unit="°C")


class Details(Component):
    """What home_bms does not judge by."""

    cell_average = Status.cell_average
    cells_detected = Status.cells_detected
    cell_max_index = Status.cell_max_index
    cell_min_index = Status.cell_min_index
    state = Status.state
    cell_difference = Status.cell_difference
    balance_difference = Status.balance_difference
    balance_current_max = Status.balance_current_max
    cell_count = Status.cell_count


def info(values: Values) -> DeviceInfo:
    """Return what the balancer says of itself. Raises ValueError where no balancer speaks like that."""
    cells = values.get("cell_count")
    if not cells or cells > CELLS:
        raise ValueError(f"a JK balancer has 1 to {CELLS} cells, not {cells}")
    ring = HardwareRing(balance_difference=values.get("balance_difference") or None)
    return DeviceInfo(manufacturer=MANUFACTURER, model=MODEL, serial_number="", cells=cells, hardware_ring=ring)


def reading(values: Values, found: Values) -> PackReading:  # noqa: ARG001 - it tells every time how many cells it has
    """Return the live values in home_bms's words; a cell that is set up and not measured is `None`."""
    state, bits = values.get("state"), values.get("alarm_bits")
    return PackReading(
        time=0.0,
        cells=tuple(cell or None for cell in values.get("cells", ())[: values.get("cell_count", CELLS)]),
        voltage=values.get("voltage"),
        # It sits on the balancer and not on a cell.
        switch_temperature=values.get("board_temperature"),
        commanded=Switches(balance=values.get("balance")),
        balancing=None if state is None else state != 0,
        balance_current=values.get("balance_current"),
        alarms=None if bits is None else frozenset(_alarm(bit) for bit in range(8) if bits >> bit & 1),
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the values of a balancer on cells that read so."""
    whole = list(reading.cells)[:CELLS]
    cells = [cell for cell in whole if cell is not None]
    alarms = reading.alarms or ()
    return {
        "voltage": reading.voltage,
        "cell_average": sum(cells) / len(cells) if cells else None,
        "cells_detected": len(cells),
        "cell_max_index": whole.index(max(cells)) if cells else None,
        "cell_min_index": whole.index(min(cells)) if cells else None,
        "state": int(bool(reading.balancing)),
        "alarm_bits": sum(1 << bit for bit in range(8) if _alarm(bit) in alarms),
        "cell_difference": max(cells) - min(cells) if cells else None,
        "balance_current": reading.balance_current,
        "balance_difference": info.hardware_ring.balance_difference,
        "balance_current_max": BALANCE_CURRENT_MAX,
        "balance": reading.commanded.balance,
        "cell_count": len(whole),
        "cells": whole,
        "board_temperature": reading.switch_temperature,
    }


def _alarm(bit: int) -> str:
    """Return the key of an alarm bit."""
    return f"alarm_{bit}" if bit else CELL_COUNT_MISMATCH


DEVICE: Final = Device(
    key="jk_balancer",
    name="JK active balancer",
    manufacturer=MANUFACTURER,
    kind=Kind.CELLS,
    channels=Channels(cells=CELLS, voltages=1),
    baudrate=9600,
    unit_ids=range(1, 17),
    dialect=DIALECT,
    spacing=0.05,
    timeout=1.0,
    identity=(),
    passport=(Status,),
    settings=(),
    live=MappingProxyType({Status: ("cells_time", "temperatures_time", "current_time")}),
    pages=MappingProxyType({"details": (Details,)}),
    areas=(range(len(WIDTHS)),),
    info=info,
    reading=reading,
    values=values,
)
