"""Daly's BMSs that answer as unit 0xD2, dialect "D2": what their registers mean to home_bms."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, NumberField

from ...core.model import HardwareRing, PackReading
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Order, SparseSeries, Text, Values
from . import daly
from .daly import Faults, Temperatures

MODEL: Final = "D2"
UNIT: Final = 0xD2
"""Fixed: there can be one on a bus."""
CELLS: Final = 32
CHEMISTRIES: Final = {0: "lfp", 1: "nmc", 2: "lto"}
RING: Final = MappingProxyType(
    {
        "cell_overvoltage": "cell_overvoltage",
        "cell_undervoltage": "cell_undervoltage",
        "charge_current": "charge_overcurrent",
        "discharge_current": "discharge_overcurrent",
        "charge_overtemperature": "charge_overtemperature",
        "charge_undertemperature": "charge_undertemperature",
        "discharge_overtemperature": "discharge_overtemperature",
        "switch_overtemperature": "switch_overtemperature",
        "balance_start_voltage": "balance_start_voltage",
        "balance_difference": "balance_difference",
    }
)
"""home_bms's name of a setting and the field that holds it; of two levels the second, which protects."""
WARNED: Final = (
    "cell_overvoltage",
    "cell_undervoltage",
    "charge_overcurrent",
    "discharge_overcurrent",
    "charge_overtemperature",
    "charge_undertemperature",
    "discharge_overtemperature",
)
"""Settings whose two levels are alike in a virtual pack."""


class Passport(Component):
    """What the pack is made of; 0x31."""

    register_ranges = ((0x31, 0x32),)

    cell_count = daly.number(0x31)
    sensor_count = daly.number(0x32)


class Details(Component):
    """Live values that home_bms does not judge by."""

    cell_max = daly.cell_volts(0x2B)
    cell_min = daly.cell_volts(0x2C)
    temperature_max = daly.degrees(0x2D)
    temperature_min = daly.degrees(0x2E)
    state = daly.number(0x2F)
    remaining_capacity = daly.amp_hours(0x30)
    balance_state = daly.number(0x34)
    cell_average = daly.cell_volts(0x37)
    cell_difference = daly.cell_volts(0x38)
    power = daly.number(0x39)


class Live(Passport, Details):
    """All that changes; the 62 words that every firmware answers."""

    register_ranges = ((0x00, 0x3D),)
    max_span = daly.LONGEST

    cells = SparseSeries(0x00, count=CELLS, unit="V")
    temperatures = Temperatures(0x20, count=daly.SENSORS, unit="°C")
    voltage = daly.volts(0x28)
    current = daly.amps(0x29)
    soc = daly.percent(0x2A)
    cycles = daly.number(0x33)
    charge_on = daly.switch(0x35)
    discharge_on = daly.switch(0x36)
    faults = Faults(0x3A)


class Tail(Component):
    """What newer firmware has behind it, in the block that was recorded; old firmware gives no answer at all."""

    register_ranges = ((0x3E, 0x46),)

    balancing_cells_low = NumberField[int](0x3E, signed=False)
    balancing_cells_high = NumberField[int](0x3F, signed=False)
    balance_current = daly.balance_amps(0x40)
    unnamed_0041 = NumberField[int](0x41, signed=False)
    mos_temperature = daly.board_degrees(0x42)
    board_temperature = daly.board_degrees(0x43)
    unnamed_0044 = NumberField[int](0x44, count=3, signed=False)


class Commands(Component):
    """Where the switches were commanded to; 0xA5."""

    register_ranges = ((0xA5, 0xA6),)

    charge = daly.switch(0xA5)
    discharge = daly.switch(0xA6)


class Settings(Commands):
    """The protection settings; 41 words at 0x80 with the switches in them."""

    register_ranges = ((0x80, 0xA8),)
    max_span = daly.LONGEST

    rated_capacity = daly.amp_hours(0x80)
    cell_reference_voltage = daly.cell_volts(0x81)
    board_count = daly.number(0x82)
    cells_of_board_1 = daly.number(0x83)
    cells_of_board_2 = daly.number(0x84)
    cells_of_board_3 = daly.number(0x85)
    sensors_of_board_1 = daly.number(0x86)
    sensors_of_board_2 = daly.number(0x87)
    sensors_of_board_3 = daly.number(0x88)
    cell_type = daly.number(0x89)
    sleep_delay = daly.number(0x8A)
    cell_overvoltage_warning = daly.cell_volts(0x8B)
    cell_overvoltage = daly.cell_volts(0x8C)
    cell_undervoltage_warning = daly.cell_volts(0x8D)
    cell_undervoltage = daly.cell_volts(0x8E)
    pack_overvoltage_warning = daly.volts(0x8F)
    pack_overvoltage = daly.volts(0x90)
    pack_undervoltage_warning = daly.volts(0x91)
    pack_undervoltage = daly.volts(0x92)
    charge_overcurrent_warning = daly.amps(0x93)
    charge_overcurrent = daly.amps(0x94)
    discharge_overcurrent_warning = daly.amps(0x95)
    discharge_overcurrent = daly.amps(0x96)
    charge_overtemperature_warning = daly.degrees(0x97)
    charge_overtemperature = daly.degrees(0x98)
    charge_undertemperature_warning = daly.degrees(0x99)
    charge_undertemperature = daly.degrees(0x9A)
    discharge_overtemperature_warning = daly.degrees(0x9B)
    discharge_overtemperature = daly.degrees(0x9C)
    discharge_undertemperature_warning = daly.degrees(0x9D)
    discharge_undertemperature = daly.degrees(0x9E)
    cell_difference_limit_warning = daly.cell_volts(0x9F)
    cell_difference_limit = daly.cell_volts(0xA0)
    temperature_difference_limit_warning = daly.number(0xA1)
    temperature_difference_limit = daly.number(0xA2)
    balance_start_voltage = daly.cell_volts(0xA3)
    balance_difference = daly.cell_volts(0xA4)
    soc_setting = daly.percent(0xA7)
    switch_overtemperature = daly.degrees(0xA8)


class About(Component):
    """Who it is; 32 words at 0xA9. The password behind them has no field, here or anywhere."""

    register_ranges = ((0xA9, 0xC8),)

    firmware = Text(0xA9, count=8)
    hardware = Text(0xB1, count=8)
    machine_code = Text(0xB9, count=16)


def info(values: Values) -> DeviceInfo:
    """Return who the pack says it is. Raises ValueError where no Daly speaks like that."""
    cells = values.get("cell_count")
    if not cells or cells > CELLS:
        raise ValueError(f"a Daly D2 has 1 to {CELLS} cells, not {cells}")
    return DeviceInfo(
        manufacturer=daly.MANUFACTURER,
        model=MODEL,
        # Nothing says that the machine code differs from board to board.
        serial_number="",
        hardware=values.get("hardware") or None,
        firmware=values.get("firmware") or None,
        cells=cells,
        capacity=values.get("rated_capacity") or None,
        temperature_sensors=min(values.get("sensor_count") or 0, daly.SENSORS),
        hardware_ring=HardwareRing(**{name: _setting(values.get(field), name) for name, field in RING.items()}),
        chemistry=CHEMISTRIES.get(values.get("cell_type", -1)),
    )


def reading(values: Values, found: Values) -> PackReading:  # noqa: ARG001 - it tells every time what it is made of
    """Return the live values in home_bms's words."""
    return replace(daly.reading(values), capacity=values.get("rated_capacity") or None)


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads and is set up so."""
    ring = {field: getattr(info.hardware_ring, name) for name, field in RING.items()}
    cells = info.cells or len(reading.cells)
    return {
        **daly.values(reading),
        **ring,
        **{f"{name}_warning": ring[name] for name in WARNED},
        "pack_overvoltage": cells * (ring["cell_overvoltage"] or 0.0),
        "pack_undervoltage": cells * (ring["cell_undervoltage"] or 0.0),
        "rated_capacity": info.capacity,
        "board_count": 1,
        "cells_of_board_1": cells,
        "sensors_of_board_1": info.temperature_sensors,
        "cell_type": next((code for code, key in CHEMISTRIES.items() if key == info.chemistry), None),
        "soc_setting": reading.soc,
        "firmware": info.firmware,
        "hardware": info.hardware,
    }


def _setting(value: float | None, name: str) -> float | None:
    """Return a setting as home_bms means it; zero is a temperature and nothing else.

    Which sign the boards give a current differs, even between the two levels of one limit; its size does not.
    """
    if value is None or (not value and not name.endswith("temperature")):
        return None
    return abs(value) if name.endswith("_current") else value


DEVICE: Final = Device(
    key="daly_d2",
    name="Daly (Modbus D2)",
    manufacturer=daly.MANUFACTURER,
    baudrate=daly.BAUDRATE,
    unit_ids=range(UNIT, UNIT + 1),
    spacing=daly.SPACING,
    timeout=daly.TIMEOUT,
    identity=(),
    passport=(Passport,),
    settings=(Settings,),
    extras=MappingProxyType({Tail: (), About: (), daly.Balancer: ()}),
    mute=frozenset({Tail, About, daly.Balancer}),
    live=MappingProxyType({Live: ("cells_time", "temperatures_time", "current_time"), Tail: ()}),
    pages=MappingProxyType(
        {"settings": (Settings, daly.Balancer), "identity": (About,), "details": (Passport, Details, Tail)}
    ),
    commands=Commands,
    orders=MappingProxyType(
        {
            "charge": Order(address=0xA5, on=(1,), off=(0,), function=6),
            "discharge": Order(address=0xA6, on=(1,), off=(0,), function=6),
        }
    ),
    positions=("charge_on", "discharge_on"),
    areas=(range(0x50), range(0x80, 0xC9), range(0xCF, 0xD0)),
    unread=MappingProxyType(
        {
            range(0xC9, 0xCC): "the password",
            range(0xCC, 0xCE): "a date",
            range(0xF0, 0xF4): "restart, shutdown, zero current, factory reset",
        }
    ),
    info=info,
    reading=reading,
    values=values,
)
