"""The master of a bank of EG4 packs, which tells of all of them together: what its registers mean to home_bms."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from ...core.model import PackReading
from .. import alarm_bits
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Values
from .eg4_registers import CELLS, PROTECTIONS, WARNINGS, Bank, Head, OwnCells

MANUFACTURER: Final = "EG4"
FEW: Final = 2
"""Registers of 0 to 18 that are not empty, at most (`modbus/05_eg4.md`)."""
WRAP: Final = 655.36
"""Ah that a capacity register counts modulo."""
PACKS: Final = 16
LARGEST: Final = 400.0
"""Ah of one pack; larger ones are not made."""
WORN: Final = 0.1
"""Share by which packs may differ from what they were made for."""
POINT: Final = 1.0
"""Percentage points by which the charge may differ from what the capacities give: it is whole percent."""
BITS: Final = (("warning_bits", WARNINGS, "warning"), ("protection_bits", PROTECTIONS, "protection"))


def is_empty(head: Sequence[float]) -> bool:
    """Whether hardly any of the registers 0 to 18 tells anything, as in a master."""
    return sum(word != 0 for word in head) <= FEW


def info(values: Values) -> DeviceInfo:
    """Return what the bank is. Raises ValueError where the device tells of itself and so is no master."""
    if not is_empty(values.get("head", ())):
        raise ValueError("this pack tells of itself: it is no master of a bank")
    cells = values.get("cell_count", 0)
    if not 0 < cells <= CELLS:
        raise ValueError(f"an EG4 LL has 1 to {CELLS} cells, not {cells}")
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model="LL master",
        serial_number="",
        firmware=f"{values.get('firmware_major', 0)}.{values.get('firmware_minor', 0)}",
        cells=cells,
        capacity=_capacity(values),
    )


def reading(values: Values, _found: Values) -> PackReading:
    """Return the bank's values beside the cells of the master's own pack.

    It tells the highest temperature and no other, so there are none: nothing may be permitted by them.
    """
    known = [(values[name], names, unknown) for name, names, unknown in BITS if name in values]
    return PackReading(
        time=0.0,
        cells=values.get("cells", ())[: values.get("cell_count", CELLS)],
        current=values.get("current"),
        voltage=values.get("voltage"),
        soc=values.get("soc"),
        soh=values.get("soh"),
        capacity=_capacity(values),
        cycles=values.get("cycles"),
        alarms=frozenset(key for told in known for key in alarm_bits.keys(*told)) if known else None,
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a bank that reads so."""
    capacity = reading.capacity or 0.0
    major, _, minor = (info.firmware or "").partition(".")
    cells = [cell for cell in reading.cells if cell]
    return {
        "head": (),
        **{name: alarm_bits.bits(reading.alarms or (), names, unknown) for name, names, unknown in BITS},
        "soc": reading.soc,
        "voltage": reading.voltage,
        "current": reading.current,
        "temperature_max": max((told for told in reading.temperatures if told is not None), default=None),
        "remaining_capacity_wrapped": capacity * (reading.soc or 0.0) / 100 % WRAP,
        "full_capacity_wrapped": capacity % WRAP,
        "firmware_major": int(major) if major.isdigit() else 0,
        "firmware_minor": int(minor) if minor.isdigit() else 0,
        "cycles": reading.cycles,
        "soh": reading.soh,
        "design_capacity": info.capacity,
        "cell_max": max(cells, default=0.0),
        "cell_min": min(cells, default=0.0),
        "cell_count": len(reading.cells),
        "cells": reading.cells,
    }


def _capacity(values: Values) -> float | None:
    """Return the full capacity in Ah: the smallest that agrees with the charge and with what the packs are made for."""
    soc, design = values.get("soc"), values.get("design_capacity")
    remaining: float | None = values.get("remaining_capacity_wrapped")
    full: float | None = values.get("full_capacity_wrapped")
    if soc is None or remaining is None or not full:
        # A bank of exactly so many times the modulus is less likely than one that does not tell.
        return None
    turns = range(int(PACKS * LARGEST / WRAP) + 1)
    for whole in [full + WRAP * turn for turn in turns]:
        shares = [100 * (remaining + WRAP * turn) / whole for turn in turns]
        if any(share <= 100 and abs(share - soc) <= POINT for share in shares) and _fits(whole, design):
            return round(whole, 2)
    return None


def _fits(capacity: float, design: float | None) -> bool:
    """Whether a capacity is about that of so many packs of one kind; `design` is told for one, or for all of them."""
    if not design:
        return True
    packs = round(capacity / design)
    return 1 <= packs <= PACKS and abs(capacity - packs * design) <= WORN * packs * design


DEVICE: Final = Device(
    key="eg4_ll_master",
    name="EG4 LL (master of a bank)",
    manufacturer=MANUFACTURER,
    baudrate=9600,
    unit_ids=range(1, 17),
    spacing=0.1,
    timeout=2.0,
    identity=(Head,),
    passport=(Head,),
    settings=(),
    live=MappingProxyType({Bank: ("current_time",), OwnCells: ("cells_time",)}),
    pages=MappingProxyType({"bank": (Bank,), "head": (Head,)}),
    areas=(range(42), range(113, 129)),
    info=info,
    reading=reading,
    values=values,
)
