"""Daly's H, K, M, S and ESS boards, dialect "P81": what their registers mean to home_bms."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, override

from modbus_connection.model import Component, NumberField, RegisterField

from ...core.model import PackReading
from ..dialect import rtu
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Order, SparseSeries, Text, Values
from . import daly
from .daly import Temperatures

MODEL: Final = "P81"
CELLS: Final = 48
BOARDS: Final = 16
ASKED: Final = 0x81
"""The unit id of board 1 ..."""
ANSWERS_FROM: Final = -0x30
"""... which answers as 0x51."""
UNPROVEN: Final = (range(0x74, 0xCF), range(0xD0, 0x121), range(0x123, 0x126), range(0x129, 0x178), range(0x18D, 0x300))
"""Settings of a layout that differs from board to board, and what nobody has explained."""

# Byte, the low one of a word first; from which bit, how many, and what for. Three bits are a level, one is on or off.
# Bits without a row have no meaning that anybody has told.
LEVELS: Final[tuple[tuple[int, int, int, str], ...]] = (
    (0, 0, 3, "cell_overvoltage"),
    (0, 3, 3, "cell_undervoltage"),
    (0, 6, 1, "smart_charger_present"),
    (0, 7, 1, "smart_charger_lost"),
    (1, 0, 3, "cell_difference"),
    (1, 3, 3, "charge_overtemperature"),
    (1, 6, 1, "smart_discharger_present"),
    (1, 7, 1, "smart_discharger_lost"),
    (2, 0, 3, "charge_undertemperature"),
    (2, 3, 3, "discharge_overtemperature"),
    (2, 6, 1, "charge_switch_overtemperature"),
    (2, 7, 1, "charge_switch_sensor_fault"),
    (3, 0, 3, "discharge_undertemperature"),
    (3, 3, 3, "temperature_spread"),
    (3, 6, 1, "discharge_switch_overtemperature"),
    (3, 7, 1, "discharge_switch_sensor_fault"),
    (4, 0, 3, "pack_overvoltage"),
    (4, 3, 3, "pack_undervoltage"),
    (4, 6, 1, "short_circuit"),
    (4, 7, 1, "upgrading"),
    (5, 0, 3, "charge_overcurrent"),
    (5, 3, 3, "discharge_overcurrent"),
    (5, 6, 1, "charge_undervoltage"),
    (5, 7, 1, "discharge_overvoltage"),
    (6, 0, 3, "soc_low"),
    (6, 3, 3, "soh_low"),
    (6, 6, 1, "parallel"),
    (6, 7, 1, "parallel_communication_lost"),
    (7, 0, 3, "switch_overtemperature"),
    (7, 3, 3, "thermal_runaway"),
    (11, 0, 1, "afe_fault"),
    (11, 1, 1, "afe_communication_lost"),
    (11, 2, 1, "afe_sampling_fault"),
    (11, 3, 1, "voltage_sensor_fault"),
    (11, 4, 1, "voltage_wire_fault"),
    (11, 5, 1, "pack_voltage_fault"),
    (11, 6, 1, "current_sensor_fault"),
    (11, 7, 1, "temperature_sensor_fault"),
    (12, 0, 1, "temperature_wire_fault"),
    (12, 1, 1, "memory_fault"),
    (12, 2, 1, "flash_fault"),
    (12, 3, 1, "clock_fault"),
    (12, 4, 1, "charge_switch_fault"),
    (12, 5, 1, "discharge_switch_fault"),
    (12, 6, 1, "precharge_switch_fault"),
    (12, 7, 1, "precharge_failed"),
    (13, 0, 1, "charge_off_by_bus"),
    (13, 1, 1, "discharge_off_by_bus"),
    (13, 2, 1, "charge_off_by_switch"),
    (13, 3, 1, "discharge_off_by_switch"),
    (13, 4, 1, "fan_on"),
    (13, 5, 1, "heater_on"),
    (13, 6, 1, "current_limited"),
    (13, 7, 1, "heater_fault"),
)
LEVEL: Final = re.compile(r"(.+)_level_(\d)")


class Levels(RegisterField[frozenset[str]]):
    """The seven words of levels as keys of what stands; which level protects, the maker does not tell."""

    def __init__(self, address: int) -> None:
        super().__init__(address, count=7)

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> frozenset[str]:
        data = daly.unpacked(words)
        found = [(name, size, data[byte] >> start & (1 << size) - 1) for byte, start, size, name in LEVELS]
        return frozenset(f"{name}_level_{level}" if size > 1 else name for name, size, level in found if level)

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        data, told = [0] * 14, value or ()
        levels = {match[1]: int(match[2]) for match in map(LEVEL.fullmatch, told) if match}
        for byte, start, size, name in LEVELS:
            data[byte] |= (int(name in told) if size == 1 else min(levels.get(name, 0), (1 << size) - 1)) << start
        return daly.packed(data)


class Passport(Component):
    """What the pack is made of; 0x3B. What 0x3B itself is, health or heartbeat, the sources do not agree on."""

    register_ranges = ((0x3B, 0x3D),)

    unnamed_003b = NumberField[int](0x3B, signed=False)
    cell_count = daly.number(0x3C)
    sensor_count = daly.number(0x3D)


class Details(Component):
    """Live values that home_bms does not judge by.

    The fault words are said to be those of D2; but read so, the one recorded board has a discharge MOSFET that failed
    open while it carries 9 A. The levels tell the same, and more.
    """

    cell_max = daly.cell_volts(0x3E)
    cell_max_number = daly.number(0x3F)
    cell_min = daly.cell_volts(0x40)
    cell_min_number = daly.number(0x41)
    cell_difference = daly.cell_volts(0x42)
    temperature_max = daly.degrees(0x43)
    temperature_max_number = daly.number(0x44)
    temperature_min = daly.degrees(0x45)
    temperature_min_number = daly.number(0x46)
    temperature_difference = daly.number(0x47)
    state = daly.number(0x48)
    remaining_capacity = daly.amp_hours(0x4B)
    balance_state = daly.number(0x4D)
    balancing_cells_low = NumberField[int](0x4F, signed=False)
    balancing_cells_middle = NumberField[int](0x50, signed=False)
    balancing_cells_high = NumberField[int](0x51, signed=False)
    precharge_on = daly.switch(0x54)
    heater_on = daly.switch(0x55)
    fan_on = daly.switch(0x56)
    cell_average = daly.cell_volts(0x57)
    power = daly.number(0x58)
    energy = daly.number(0x59)
    board_temperature = daly.board_degrees(0x5B)
    heater_temperature = daly.board_degrees(0x5C)
    faults_1 = NumberField[int](0x66, signed=False)
    faults_2 = NumberField[int](0x67, signed=False)
    faults_3 = NumberField[int](0x68, signed=False)
    faults_4 = NumberField[int](0x69, signed=False)


class Cells(Passport):
    """The cells with voltage, current and state of charge; 61 words at 0x00."""

    register_ranges = ((0x00, 0x3D),)
    max_span = daly.LONGEST

    cells = SparseSeries(0x00, count=CELLS, unit="V")
    temperatures = Temperatures(0x30, count=daly.SENSORS, unit="°C")
    voltage = daly.volts(0x38)
    current = daly.amps(0x39)
    soc = daly.percent(0x3A)


class State(Component):
    """All else that home_bms judges by; 40 words at 0x4C."""

    register_ranges = ((0x4C, 0x73),)
    max_span = daly.LONGEST

    cycles = daly.number(0x4C)
    balance_state = daly.number(0x4D)
    balance_current = daly.balance_amps(0x4E)
    charge_on = daly.switch(0x52)
    discharge_on = daly.switch(0x53)
    mos_temperature = daly.board_degrees(0x5A)
    levels = Levels(0x6D)


class Commands(Component):
    """Where the switches were commanded to; 0x121."""

    register_ranges = ((0x121, 0x122),)

    charge = daly.switch(0x121)
    discharge = daly.switch(0x122)


class About(Component):
    """Its versions; 21 words at 0x178."""

    register_ranges = ((0x178, 0x18C),)

    firmware = Text(0x178, count=14)
    hardware = Text(0x186, count=7)


def info(values: Values) -> DeviceInfo:
    """Return who the pack says it is. Raises ValueError where no Daly speaks like that."""
    cells = values.get("cell_count")
    if not cells or cells > CELLS:
        raise ValueError(f"a Daly P81 has 1 to {CELLS} cells, not {cells}")
    return DeviceInfo(
        manufacturer=daly.MANUFACTURER,
        model=MODEL,
        serial_number="",
        hardware=values.get("hardware") or None,
        firmware=values.get("firmware") or None,
        cells=cells,
        temperature_sensors=min(values.get("sensor_count") or 0, daly.SENSORS),
    )


def reading(values: Values, found: Values) -> PackReading:  # noqa: ARG001 - it tells every time what it is made of
    """Return the live values in home_bms's words."""
    return replace(daly.reading(values), alarms=values.get("levels"))


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads and is set up so."""
    told = daly.values(reading)
    return {
        **told,
        "levels": reading.alarms,
        "temperature_difference": None
        if told["temperature_max"] is None
        else told["temperature_max"] - told["temperature_min"],
        "precharge_on": False,
        "heater_on": False,
        "fan_on": False,
        "heater_temperature": None,
        "firmware": info.firmware,
        "hardware": info.hardware,
    }


DEVICE: Final = Device(
    key="daly_p81",
    name="Daly (RS485, P81)",
    manufacturer=daly.MANUFACTURER,
    baudrate=daly.BAUDRATE,
    unit_ids=range(ASKED, ASKED + BOARDS),
    answers_from=ANSWERS_FROM,
    dialect=rtu(ANSWERS_FROM),
    spacing=daly.SPACING,
    timeout=daly.TIMEOUT,
    identity=(),
    passport=(Passport,),
    settings=(Commands,),
    extras=MappingProxyType({About: (), daly.Balancer: ()}),
    mute=frozenset({About, daly.Balancer}),
    live=MappingProxyType({Cells: ("cells_time", "temperatures_time", "current_time"), State: ()}),
    pages=MappingProxyType({"settings": (daly.Balancer,), "identity": (About,), "details": (Passport, Details)}),
    commands=Commands,
    orders=MappingProxyType(
        {
            "charge": Order(address=0x121, on=(1,), off=(0,), function=6),
            "discharge": Order(address=0x122, on=(1,), off=(0,), function=6),
        }
    ),
    positions=("charge_on", "discharge_on"),
    areas=(range(0x74), range(0xCF, 0xD0), range(0x121, 0x123), range(0x178, 0x18D)),
    unread=MappingProxyType(
        {range(0x126, 0x129): "the password"} | dict.fromkeys(UNPROVEN, "nothing proves their meaning")
    ),
    info=info,
    reading=reading,
    values=values,
)
