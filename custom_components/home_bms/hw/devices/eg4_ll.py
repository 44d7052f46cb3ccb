"""EG4's LL and LifePower4 V2 packs, each asked for itself: what their registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ...core.model import AskedLimits, PackReading
from .. import alarm_bits
from ..asked_limits import asked, fits
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Memory, RegisterMap, Values
from ..serial_numbers import telling
from . import eg4_ll_master
from .eg4_registers import (
    CELLS,
    ERRORS,
    MILLIAMPERE_SECONDS,
    PROBES,
    PROTECTIONS,
    WARNINGS,
    About,
    Settings,
    State,
)

FIRST_PROBES: Final = 4
"""Sensors that every recorded pack has; of the other two a 0 means that there is none."""
SMALL: Final = 4
"""Cells of a 12 V pack, whose current may be in tenths of an ampere: its scale is not known on RS485."""
BITS: Final = (
    ("warning_bits", WARNINGS, "warning"),
    ("protection_bits", PROTECTIONS, "protection"),
    ("error_bits", ERRORS, "error"),
)


def info(values: Values) -> DeviceInfo:
    """Return who the pack says it is. Raises ValueError where no EG4 speaks like that, or only a master."""
    model = values.get("model")
    if not model:
        raise ValueError("the device tells no model where an EG4 LL has it")
    if eg4_ll_master.is_empty(_head(values)):
        raise ValueError("this is a master that tells of all packs together, not of one")
    cells = values.get("cell_count", 0)
    if not 0 < cells <= CELLS:
        raise ValueError(f"an EG4 LL has 1 to {CELLS} cells, not {cells}")
    return DeviceInfo(
        manufacturer=eg4_ll_master.MANUFACTURER,
        model=model,
        serial_number=telling(values.get("serial_number")),
        firmware=values.get("firmware") or None,
        cells=cells,
        capacity=values.get("design_capacity") or None,
        temperature_sensors=_probes(values, {}),
    )


def reading(values: Values, found: Values) -> PackReading:
    """Return the live values in home_bms's words; a sensor that was there when the pack was found still counts."""
    cells, count, mask = values.get("cells", ()), values.get("cell_count", CELLS), values.get("balance_mask")
    full = values.get("full_capacity_raw")
    known = [(values[name], names, unknown) for name, names, unknown in BITS if name in values]
    return PackReading(
        time=0.0,
        cells=cells[:count],
        temperatures=values.get("temperatures", ())[: _probes(values, found)],
        current=values.get("current") if count > SMALL else None,
        voltage=values.get("voltage"),
        switch_temperature=values.get("mos_temperature"),
        soc=values.get("soc"),
        soh=values.get("soh"),
        capacity=None if full is None else full / MILLIAMPERE_SECONDS,
        cycles=values.get("cycles"),
        balancing=None if mask is None else mask != 0,
        alarms=frozenset(key for told in known for key in alarm_bits.keys(*told)) if known else None,
        asked=asked(ccl=values["charge_current_max"]) if fits(values, found, ("charge_current_max",)) else None,
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads and is set up so."""
    capacity, soc = reading.capacity or 0.0, reading.soc or 0.0
    known = [temperature for temperature in reading.temperatures if temperature is not None]
    return {
        "voltage": reading.voltage,
        "current": reading.current,
        "cells": reading.cells,
        "mos_temperature": reading.switch_temperature,
        "temperature_19": sum(known) / len(known) if known else None,
        "temperature_20": max(known, default=None),
        "remaining_capacity": soc if capacity == 100 else capacity * soc / 100,
        "charge_current_max": (reading.asked or AskedLimits()).ccl or 0,
        "soh": reading.soh,
        "soc": reading.soc,
        "status": 0 if not reading.current else 1 if reading.current > 0 else 2,
        **{name: alarm_bits.bits(reading.alarms or (), names, unknown) for name, names, unknown in BITS},
        "cycles": reading.cycles,
        "full_capacity_raw": MILLIAMPERE_SECONDS * capacity,
        "temperatures": reading.temperatures,
        "cell_count": len(reading.cells),
        "design_capacity": info.capacity,
        "balance_mask": int(bool(reading.balancing)),
        "model": info.model,
        "firmware": info.firmware,
        "serial_number": info.serial_number,
    }


def _head(values: Values) -> list[float]:
    """Return what registers 0 to 18 hold, as far as they were read."""
    alone = [values[name] for name in ("voltage", "current", "mos_temperature") if name in values]
    return [*alone, *values.get("cells", ())]


def _probes(values: Values, found: Values) -> int:
    """Return how many sensors there are, counted as far as the last beyond the first four that ever showed anything."""
    told = [values.get("temperatures", ()), found.get("temperatures", ())]
    beyond = [number for row in told for number, value in enumerate(row, 1) if value and number > FIRST_PROBES]
    return min(PROBES, max(beyond, default=FIRST_PROBES))


def relative(memory: Memory) -> RegisterMap | None:
    """Return the master's map where a recorded memory tells of many packs: hardly anything stands in 0 to 18."""
    head = [memory[address] for address in range(19) if address in memory]
    bank = any(address in memory for address in range(19, 42))
    return eg4_ll_master.DEVICE if bank and eg4_ll_master.is_empty(head) else None


DEVICE: Final = Device(
    key="eg4_ll",
    name="EG4 LL",
    manufacturer=eg4_ll_master.MANUFACTURER,
    baudrate=9600,
    unit_ids=range(1, 17),
    spacing=0.1,
    timeout=2.0,
    identity=(About,),
    passport=(About,),
    settings=(),
    live=MappingProxyType({State: ("cells_time", "temperatures_time", "current_time", "asked_time")}),
    pages=MappingProxyType({"settings": (Settings,), "identity": (About,), "details": (State,)}),
    areas=(range(39), range(45, 136)),
    info=info,
    reading=reading,
    values=values,
    relative=relative,
)
