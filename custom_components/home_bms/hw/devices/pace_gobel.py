"""Gobel's packs with a PACE BMS (P4S200A, LA12): what their registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, NumberField, bits, integer

from ...core.model import PackReading, Switches
from .. import alarm_bits
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Series, Text, Values
from ..serial_numbers import telling
from .pace_registers import Head

MANUFACTURER: Final = "Gobel Power"
CELLS: Final = 30
"""Registers between the first cell and the number of sensors."""
PROBES: Final = 10
"""Registers between the first sensor and the MOSFETs' temperature."""
MOST_CELLS, MOST_PROBES = 16, 8
NO_SENSOR: Final = 0xFFFF
CHARGE_ON, DISCHARGE_ON = 0x4000, 0x8000
FLAGS: Final = ("flags_8", "flags_9", "flags_10")
"""What each of their bits means is not known."""


class State(Head):
    """All that changes, in one block of 59 registers."""

    register_ranges = ((0, 58),)

    soc = integer(2, signed=False, unit="%")
    soh = integer(3, signed=False, unit="%")
    flags_8 = integer(8, signed=False)
    flags_9 = integer(9, signed=False)
    flags_10 = integer(10, signed=False)
    switch_bits = integer(14, signed=False)
    cell_count = bits(15, 0, 8)
    cells = Series(16, count=CELLS, unit="V")
    sensor_count = bits(46, 0, 8)
    temperatures = Series(47, count=PROBES, per=10, signed=True, unit="°C")
    mos_temperature = NumberField[float](57, scale=0.1, nan=NO_SENSOR, unit="°C")
    unnamed_58 = integer(58, signed=False)


class About(Component):
    """Who it is; 0x00AA, 35 registers in one block."""

    register_ranges = ((170, 204),)

    firmware = Text(170, count=10)
    serial_number = Text(180, count=10)
    model = Text(190, count=15)


def info(values: Values) -> DeviceInfo:
    """Return who the pack says it is. Raises ValueError where the registers are not laid out as Gobel's."""
    firmware, model = values.get("firmware"), values.get("model")
    if not firmware or not model:
        raise ValueError("the device tells no version and model where a Gobel has them")
    cells, probes = values.get("cell_count", 0), values.get("sensor_count", 0)
    if not 0 < cells <= MOST_CELLS or probes > MOST_PROBES:
        raise ValueError(f"a Gobel has 1 to {MOST_CELLS} cells and {MOST_PROBES} sensors, not {cells} and {probes}")
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model=model,
        serial_number=telling(values.get("serial_number")),
        firmware=firmware,
        cells=cells,
        capacity=values.get("design_capacity") or None,
        temperature_sensors=probes,
    )


def reading(values: Values, found: Values) -> PackReading:
    """Return the live values in home_bms's words; a cell or sensor that was there when found is still counted."""
    cells = max(values.get("cell_count", 0), found.get("cell_count", 0))
    probes = max(values.get("sensor_count", 0), found.get("sensor_count", 0))
    switches = values.get("switch_bits")
    return PackReading(
        time=0.0,
        cells=values.get("cells", ())[:cells],
        # Where there is no sensor stands 0xFFFF, which is -0.1 °C.
        temperatures=tuple(None if told == -0.1 else told for told in values.get("temperatures", ())[:probes]),
        current=values.get("current"),
        voltage=values.get("voltage"),
        switch_temperature=values.get("mos_temperature"),
        soc=values.get("soc"),
        soh=values.get("soh"),
        capacity=values.get("full_capacity"),
        cycles=values.get("cycles"),
        switches=Switches(
            charge=None if switches is None else bool(switches & CHARGE_ON),
            discharge=None if switches is None else bool(switches & DISCHARGE_ON),
        ),
        alarms=_alarms(values),
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads and is set up so."""
    flags = alarm_bits.bits(reading.alarms or (), (), "alarm", 16 * len(FLAGS))
    return {
        "current": reading.current,
        "voltage": reading.voltage,
        "soc": reading.soc,
        "soh": reading.soh,
        "remaining_capacity": (reading.capacity or 0.0) * (reading.soc or 0.0) / 100,
        "full_capacity": reading.capacity,
        "design_capacity": info.capacity,
        "cycles": reading.cycles,
        **{name: flags >> 16 * number & 0xFFFF for number, name in enumerate(FLAGS)},
        "switch_bits": CHARGE_ON * bool(reading.switches.charge) | DISCHARGE_ON * bool(reading.switches.discharge),
        "cell_count": len(reading.cells),
        "cells": reading.cells,
        "sensor_count": len(reading.temperatures),
        "temperatures": [-0.1 if told is None else told for told in reading.temperatures],
        "mos_temperature": reading.switch_temperature,
        "firmware": info.firmware,
        "serial_number": info.serial_number,
        "model": info.model,
    }


def _alarms(values: Values) -> frozenset[str] | None:
    """Return a key for each flag that stands, numbered from the lowest bit of register 8."""
    known = [(16 * number, values[name]) for number, name in enumerate(FLAGS) if name in values]
    if not known:
        return None
    return frozenset(alarm_bits.keys(sum(word << shift for shift, word in known), (), "alarm"))


DEVICE: Final = Device(
    key="pace_gobel",
    name="Gobel (PACE)",
    manufacturer=MANUFACTURER,
    baudrate=9600,
    unit_ids=range(1, 17),
    spacing=0.1,
    timeout=0.5,
    identity=(About,),
    passport=(About,),
    settings=(),
    live=MappingProxyType({State: ("cells_time", "temperatures_time", "current_time")}),
    pages=MappingProxyType({"identity": (About,), "details": (State,)}),
    areas=(range(59), range(170, 205)),
    info=info,
    reading=reading,
    values=values,
)
