"""PACE's BMSs over their own Modbus protocol V1.3: what their registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ...core.model import HardwareRing, PackReading, Switches
from .. import alarm_bits
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Memory, RegisterMap, Values
from ..serial_numbers import telling
from . import pace_gobel, pace_ritar
from .pace_registers import (
    CHARGE_ON,
    DISCHARGE_ON,
    FAULTS,
    NAMES,
    PROTECTIONS,
    STATES,
    WARNINGS,
    About,
    Passport,
    Settings,
    State,
)

MANUFACTURER: Final = "PACE"
SENSIBLE: Final = (-40.0, 150.0)
"""°C between which a MOSFET's temperature is one."""
COUNTS: Final = range(1, 33)
"""mV that no cell has: where the first cell stands, a relative tells how many there are."""
BITS: Final = (("warning_bits", WARNINGS, "warning"), ("protection_bits", PROTECTIONS, "protection"))

POLLS: Final = (
    (range(59), pace_gobel.DEVICE),
    (range(170, 205), pace_gobel.DEVICE),
    (range(16), pace_ritar.DEVICE),
    (range(40, 56), pace_ritar.DEVICE),
    (range(120, 124), pace_ritar.DEVICE),
    (range(145, 155), pace_ritar.DEVICE),
    (range(160, 215), pace_ritar.DEVICE),
)
"""What only the relatives are asked for, and no PACE in one block."""


def info(values: Values) -> DeviceInfo:
    """Return who the pack says it is. Raises ValueError where the registers are not laid out as PACE's own."""
    firmware, model = values.get("firmware"), values.get("model")
    if not firmware or not model:
        raise ValueError("the device tells no version and model where a PACE has them")
    if (soc := values.get("soc", 0)) > 100:
        raise ValueError(f"{soc} is no charge in percent: this is a relative's map")
    cells = values.get("cells", ())
    if cells and round(1000 * cells[0]) in COUNTS:
        raise ValueError("where a PACE has its first cell stands a count: this is a relative's map")
    ring = {name: values.get(name) for name in HardwareRing.__slots__}
    discharge = ring["discharge_current"]
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model=model,
        serial_number=telling(values.get("serial_number")),
        firmware=firmware,
        cells=_count(values),
        capacity=values.get("design_capacity") or None,
        temperature_sensors=len(NAMES),
        hardware_ring=HardwareRing(**{**ring, "discharge_current": None if discharge is None else abs(discharge)}),
    )


def reading(values: Values, found: Values) -> PackReading:
    """Return the live values in home_bms's words; as many cells as there were when the pack was found, or more."""
    status, mask = values.get("status_bits"), values.get("balance_mask")
    cells = values.get("cells", ())
    return PackReading(
        time=0.0,
        cells=cells[: max(_count(found) or 0, _count(values) or 0)],
        temperatures=tuple(values[name] for name in NAMES if name in values),
        current=values.get("current"),
        voltage=values.get("voltage"),
        switch_temperature=sensible(values.get("mos_temperature")),
        soc=values.get("soc"),
        soh=values.get("soh"),
        capacity=values.get("full_capacity"),
        cycles=values.get("cycles"),
        switches=Switches(
            charge=None if status is None else bool(status >> CHARGE_ON & 1),
            discharge=None if status is None else bool(status >> DISCHARGE_ON & 1),
        ),
        balancing=None if mask is None else mask != 0,
        alarms=_alarms(values),
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads and is set up so."""
    alarms = reading.alarms or frozenset()
    ring = {name: getattr(info.hardware_ring, name) for name in HardwareRing.__slots__}
    status = alarm_bits.bits(alarms, FAULTS, "status") & ~STATES
    return {
        **{name: value for name, value in ring.items() if value is not None},
        "current": reading.current,
        "voltage": reading.voltage,
        "soc": reading.soc,
        "soh": reading.soh,
        "full_capacity": reading.capacity,
        "remaining_capacity": (reading.capacity or 0.0) * (reading.soc or 0.0) / 100,
        "design_capacity": info.capacity,
        "cycles": reading.cycles,
        **{name: alarm_bits.bits(alarms, names, unknown) for name, names, unknown in BITS},
        "status_bits": status
        | bool(reading.switches.charge) << CHARGE_ON
        | bool(reading.switches.discharge) << DISCHARGE_ON,
        "balance_mask": int(bool(reading.balancing)),
        "cells": reading.cells,
        **dict(zip(NAMES, reading.temperatures, strict=False)),
        "mos_temperature": reading.switch_temperature,
        "firmware": info.firmware,
        "model": info.model,
        "serial_number": info.serial_number,
    }


def sensible(temperature: float | None) -> float | None:
    """Return the MOSFETs' temperature; boards without that sensor tell 0 or anything (`modbus/04_pace.md`)."""
    return temperature if temperature and SENSIBLE[0] < temperature < SENSIBLE[1] else None


def relative(memory: Memory) -> RegisterMap | None:
    """Return the relative whose poll a recorded memory answers."""
    return next((device for poll, device in POLLS if memory.keys() == set(poll)), None)


def _count(values: Values) -> int | None:
    """Return how many cells there are: as far as the last that shows a voltage."""
    cells = values.get("cells", ())
    return max((number for number, cell in enumerate(cells, 1) if cell), default=len(cells)) or None


def _alarms(values: Values) -> frozenset[str] | None:
    """Return the alarms that stand, as far as their registers were read."""
    told = [alarm_bits.keys(values[name], names, unknown) for name, names, unknown in BITS if name in values]
    if (status := values.get("status_bits")) is not None:
        told.append(alarm_bits.keys(status & ~STATES, FAULTS, "status"))
    return frozenset(key for keys in told for key in keys) if told else None


DEVICE: Final = Device(
    key="pace",
    name="PACE",
    manufacturer=MANUFACTURER,
    baudrate=9600,
    unit_ids=range(1, 17),
    spacing=0.1,
    timeout=0.5,
    identity=(About, Passport),
    passport=(Passport,),
    settings=(Settings,),
    live=MappingProxyType({State: ("cells_time", "temperatures_time", "current_time")}),
    pages=MappingProxyType({"settings": (Settings,), "identity": (About, Passport), "details": (State,)}),
    # No register of this protocol switches a MOSFET.
    areas=(range(37), range(60, 115), range(150, 180)),
    info=info,
    reading=reading,
    values=values,
    relative=relative,
)
