"""Daly's BMSs that speak the old protocol "A5": what its values mean to home_bms."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, NumberField, gauge, uint32, uint64

from ...core.model import PackReading
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import SparseSeries, Values
from . import daly
from .daly import Faults, Temperatures
from .daly_a5_frames import CELLS, DIALECT, PAGES, SENSORS, UNITS

MODEL: Final = "A5"
ABSENT: Final = 0xFF
"""What a value of one byte is that is not known."""
CHARGING: Final = MappingProxyType({1: True, 2: False})
"""Whether the pack charges, by the state that tells a direction."""
SURE: Final = 1.0
"""A below which the current is told whatever the state says: it was looked at a moment later."""


def byte(register: int) -> NumberField[int]:
    """Return a field of a number in one byte."""
    return NumberField(register, signed=False, nan=ABSENT)


def switch(register: int) -> NumberField[bool]:
    """Return a field of a switch in one byte; anything but 0 and 1 is not known."""
    return NumberField(register, signed=False, nan=ABSENT, convert=daly.ON_OFF)


def milliamp_hours(register: int) -> NumberField[float]:
    """Return a field of mAh in two words."""
    return uint32(register, nan=0xFFFFFFFF, scale=0.001, unit="Ah")


class Rated(Component):
    """What the board is set to; command 0x50."""

    register_ranges = ((0x5000, 0x5003),)

    rated_capacity = milliamp_hours(0x5000)
    cell_reference_voltage = daly.cell_volts(0x5003)


class Current(Component):
    """The current as the board tells it, before `reading` asks whether its state confirms it.

    Here, unlike in Daly's Modbus dialects, one above 30000 discharges in every recording that tells a direction.
    """

    current = gauge(
        0x9002, -daly.TENTH, offset=daly.ZERO_CURRENT * daly.TENTH, signed=False, nan=(0, daly.ABSENT), unit="A"
    )


class Measured(Current):
    """Command 0x90."""

    register_ranges = ((0x9000, 0x9003),)

    voltage = daly.volts(0x9000)
    soc = daly.percent(0x9003)


class Extremes(Component):
    """Commands 0x91 and 0x92, which home_bms never sends: cells and sensors tell the same."""

    cell_max = daly.cell_volts(0x9100)
    cell_max_number = byte(0x9101)
    cell_min = daly.cell_volts(0x9102)
    cell_min_number = byte(0x9103)
    temperature_max = daly.degrees(0x9200)
    temperature_max_number = byte(0x9201)
    temperature_min = daly.degrees(0x9202)
    temperature_min_number = byte(0x9203)


class Details(Component):
    """What command 0x93 tells beside the switches."""

    state = byte(0x9300)
    heartbeat = NumberField[int](0x9303, signed=False)
    remaining_capacity = milliamp_hours(0x9304)


class State(Details):
    """Command 0x93; some boards do not answer it."""

    register_ranges = ((0x9300, 0x9305),)

    charge_on = switch(0x9301)
    discharge_on = switch(0x9302)


class Layout(Component):
    """What the pack is made of; command 0x94."""

    register_ranges = ((0x9400, 0x9405),)

    cell_count = byte(0x9400)
    sensor_count = byte(0x9401)
    charger_connected = switch(0x9402)
    load_connected = switch(0x9403)
    inputs_outputs = byte(0x9404)
    cycles = daly.number(0x9405)


class Cells(Component):
    """Command 0x95, three cells a frame."""

    register_ranges = ((0x9500, 0x9500 + CELLS - 1),)

    cells = SparseSeries(0x9500, count=CELLS, unit="V")


class Sensors(Component):
    """Command 0x96, seven sensors a frame."""

    register_ranges = ((0x9600, 0x9600 + SENSORS - 1),)

    temperatures = Temperatures(0x9600, count=SENSORS, unit="°C")


class Balancing(Component):
    """Which cells are balanced, command 0x97; the sources do not agree on the bit of each."""

    register_ranges = ((0x9700, 0x9703),)

    balancing_cells = uint64(0x9700)


class Alarms(Component):
    """Command 0x98."""

    register_ranges = ((0x9800, 0x9803),)

    faults = Faults(0x9800)


def info(values: Values) -> DeviceInfo:
    """Return who the pack says it is. Raises ValueError where no Daly speaks like that."""
    cells = values.get("cell_count")
    if not cells or cells > CELLS:
        raise ValueError(f"a Daly A5 has 1 to {CELLS} cells, not {cells}")
    return DeviceInfo(
        manufacturer=daly.MANUFACTURER,
        model=MODEL,
        serial_number="",
        cells=cells,
        capacity=values.get("rated_capacity") or None,
        temperature_sensors=min(values.get("sensor_count") or 0, SENSORS),
    )


def reading(values: Values, found: Values) -> PackReading:  # noqa: ARG001 - it tells every time what it is made of
    """Return the live values in home_bms's words."""
    balancing = values.get("balancing_cells")
    return replace(
        daly.reading(values),
        current=_current(values),
        capacity=values.get("rated_capacity") or None,
        balancing=None if balancing is None else balancing != 0,
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads and is set up so."""
    return {
        **daly.values(reading),
        "rated_capacity": info.capacity,
        "balancing_cells": (1 << len(reading.cells)) - 1 if reading.balancing else 0,
        "charger_connected": False,
        "load_connected": False,
        "inputs_outputs": 0,
    }


def _current(values: Values) -> float | None:
    """Return the current where the pack's own state confirms its direction, or where hardly any flows.

    Boards are known that tell it the other way round (Louisvdw/dbus-serialbattery, issues 65 and 1075).
    """
    current = values.get("current")
    if current is None or abs(current) < SURE:
        return current
    return current if CHARGING.get(values.get("state", 0)) is (current > 0) else None


DEVICE: Final = Device(
    key="daly_a5",
    name="Daly (UART or RS485, A5)",
    manufacturer=daly.MANUFACTURER,
    baudrate=daly.BAUDRATE,
    unit_ids=UNITS,
    dialect=DIALECT,
    spacing=daly.SPACING,
    timeout=daly.TIMEOUT,
    # Without the layout nobody knows how many frames of cells to wait for.
    identity=(Layout,),
    passport=(Layout,),
    settings=(),
    extras=MappingProxyType({State: (), Sensors: ("temperatures_time",), Balancing: (), Alarms: (), Rated: ()}),
    mute=frozenset({Balancing, Alarms, Rated}),
    # The state right behind the current that it confirms.
    live=MappingProxyType(
        {
            Measured: ("current_time",),
            State: (),
            Cells: ("cells_time",),
            Sensors: ("temperatures_time",),
            Balancing: (),
            Alarms: (),
        }
    ),
    pages=MappingProxyType({"settings": (Rated,), "details": (Layout, Current, Details, Extremes)}),
    areas=tuple(page.registers for page in PAGES.values()),
    info=info,
    reading=reading,
    values=values,
)
