"""The registers of JK's PB series, field by field, as `modbus/01_jk_pb.md` lists them."""

from __future__ import annotations

from enum import IntFlag
from typing import Final

from modbus_connection.model import (
    Component,
    NumberField,
    PackedBitsField,
    bits,
    flags,
    gauge,
    int32,
    integer,
    uint32,
)

from ..registers import Series, Text

MILLI: Final = 0.001
CELLS: Final = 32
BLOCK: Final = 64
"""Words: the largest block that was seen to be answered."""
ON_OFF: Final = {0: False, 1: True}


class Alarm(IntFlag):
    """The alarm bits of 0x12A0; the names in lower case are home_bms's keys."""

    BALANCE_WIRE_RESISTANCE = 1 << 0
    SWITCH_OVERTEMPERATURE = 1 << 1
    CELL_COUNT_MISMATCH = 1 << 2
    CURRENT_SENSOR_FAULT = 1 << 3
    CELL_OVERVOLTAGE = 1 << 4
    PACK_OVERVOLTAGE = 1 << 5
    CHARGE_OVERCURRENT = 1 << 6
    CHARGE_SHORT_CIRCUIT = 1 << 7
    CHARGE_OVERTEMPERATURE = 1 << 8
    CHARGE_UNDERTEMPERATURE = 1 << 9
    INTERNAL_COMMUNICATION_LOST = 1 << 10
    CELL_UNDERVOLTAGE = 1 << 11
    PACK_UNDERVOLTAGE = 1 << 12
    DISCHARGE_OVERCURRENT = 1 << 13
    DISCHARGE_SHORT_CIRCUIT = 1 << 14
    DISCHARGE_OVERTEMPERATURE = 1 << 15
    CHARGE_SWITCH_FAULT = 1 << 16
    DISCHARGE_SWITCH_FAULT = 1 << 17
    GPS_LOST = 1 << 18
    CHANGE_PASSWORD = 1 << 19
    DISCHARGE_START_FAILED = 1 << 20
    BATTERY_OVERTEMPERATURE = 1 << 21
    TEMPERATURE_SENSOR_FAULT = 1 << 22
    PARALLEL_MODULE_FAULT = 1 << 23


def at(byte_address: int) -> int:
    """Return the ordinary register at one of JK's byte addresses."""
    return byte_address // 2


def span(first: int, last: int) -> tuple[int, int]:
    """Return a readable range, from the byte addresses of its first and last word."""
    return at(first), at(last)


def volts(byte_address: int) -> NumberField[float]:
    """Return a field of U32 millivolts."""
    return uint32(at(byte_address), scale=MILLI, unit="V")


def amps(byte_address: int) -> NumberField[float]:
    """Return a field of U32 milliamperes."""
    return uint32(at(byte_address), scale=MILLI, unit="A")


def amp_hours(byte_address: int) -> NumberField[float]:
    """Return a field of U32 milliampere-hours."""
    return uint32(at(byte_address), scale=MILLI, unit="Ah")


def degrees(byte_address: int) -> NumberField[float]:
    """Return a field of I32 tenths of a degree; signed, or a limit below zero would read as 429 million degrees."""
    return int32(at(byte_address), scale=0.1, unit="°C")


def probe(byte_address: int) -> NumberField[float]:
    """Return a field of I16 tenths of a degree."""
    return gauge(at(byte_address), 0.1, unit="°C")


def seconds(byte_address: int) -> NumberField[int]:
    """Return a field of U32 seconds."""
    return uint32(at(byte_address), unit="s")


def count(byte_address: int) -> NumberField[int]:
    """Return a field of a U32 number."""
    return uint32(at(byte_address))


def switch(byte_address: int) -> NumberField[bool]:
    """Return a U32 switch."""
    return NumberField(at(byte_address), count=2, signed=False, convert=ON_OFF)


def high(byte_address: int) -> PackedBitsField:
    """Return the first-named of two U8 in a word."""
    return bits(at(byte_address), 8, 8)


def low(byte_address: int) -> PackedBitsField:
    """Return the second-named of two U8 in a word."""
    return bits(at(byte_address), 0, 8)


class Commands(Component):
    """What the pack was last told; 0x1070."""

    register_ranges = (span(0x1070, 0x107A),)

    charge = switch(0x1070)
    discharge = switch(0x1074)
    balance = switch(0x1078)


class Settings(Commands):
    """The protection settings that home_bms must know; 0x1000, one block with the switches in it."""

    register_ranges = (span(0x1000, 0x107E),)
    max_span = BLOCK

    smart_sleep_voltage = volts(0x1000)
    cell_undervoltage = volts(0x1004)
    cell_undervoltage_release = volts(0x1008)
    cell_overvoltage = volts(0x100C)
    cell_overvoltage_release = volts(0x1010)
    balance_difference = volts(0x1014)
    full_voltage = volts(0x1018)
    empty_voltage = volts(0x101C)
    charge_voltage = volts(0x1020)
    float_voltage = volts(0x1024)
    power_off_voltage = volts(0x1028)
    charge_current = amps(0x102C)
    charge_overcurrent_delay = seconds(0x1030)
    charge_overcurrent_release_time = seconds(0x1034)
    discharge_current = amps(0x1038)
    discharge_overcurrent_delay = seconds(0x103C)
    discharge_overcurrent_release_time = seconds(0x1040)
    short_circuit_release_time = seconds(0x1044)
    balance_current_max = amps(0x1048)
    charge_overtemperature = degrees(0x104C)
    charge_overtemperature_release = degrees(0x1050)
    discharge_overtemperature = degrees(0x1054)
    discharge_overtemperature_release = degrees(0x1058)
    charge_undertemperature = degrees(0x105C)
    charge_undertemperature_release = degrees(0x1060)
    switch_overtemperature = degrees(0x1064)
    switch_overtemperature_release = degrees(0x1068)
    cell_count = count(0x106C)
    design_capacity = amp_hours(0x107C)


class Balancing(Component):
    """Where the balancer starts; 0x1080, behind the first block."""

    register_ranges = (span(0x1080, 0x1086),)

    short_circuit_delay = uint32(at(0x1080), scale=0.000001, unit="s")
    balance_start_voltage = volts(0x1084)


class MoreSettings(Component):
    """The settings beyond."""

    device_address = count(0x1108)
    precharge_time = seconds(0x110C)
    unnamed_1110 = count(0x1110)
    control_bits = integer(at(0x1114), signed=False)
    battery_overtemperature = high(0x1116)
    battery_overtemperature_release = low(0x1116)
    smart_sleep_hours = high(0x1118)
    field_enable = low(0x1118)


class Cells(Component):
    """The cells, with the mask of those that are wired; one block of 37 words at 0x1200."""

    register_ranges = (span(0x1200, 0x1248),)
    max_span = BLOCK

    cells = Series(at(0x1200), count=CELLS, unit="V")
    cell_mask = count(0x1240)
    cell_average = gauge(at(0x1244), MILLI, signed=False, unit="V")
    cell_difference = gauge(at(0x1246), MILLI, signed=False, unit="V")
    cell_max_index = high(0x1248)
    cell_min_index = low(0x1248)


class State(Component):
    """All else that changes; one block of 58 words at 0x128A."""

    register_ranges = (span(0x128A, 0x12FC),)
    max_span = BLOCK

    mos_temperature = probe(0x128A)
    voltage = volts(0x1290)
    current = int32(at(0x1298), scale=MILLI, unit="A")
    temperature_1 = probe(0x129C)
    temperature_2 = probe(0x129E)
    alarm_bits = flags(at(0x12A0), Alarm, count=2)
    balance_current = gauge(at(0x12A4), MILLI, unit="A")
    balance_state = high(0x12A6)
    soc = low(0x12A6)
    full_capacity = amp_hours(0x12AC)
    cycles = count(0x12B0)
    soh = high(0x12B8)
    charge_on = high(0x12C0)
    discharge_on = low(0x12C0)
    sensors = high(0x12D0)
    temperature_4 = probe(0x12FA)
    temperature_5 = probe(0x12FC)


class Details(Component):
    """Live values that home_bms does not judge by."""

    balance_wire_resistances = Series(at(0x124A), count=CELLS, unit="Ω")
    balance_wire_alarms = count(0x128C)
    power = uint32(at(0x1294), scale=MILLI, unit="W")
    remaining_capacity = int32(at(0x12A8), scale=MILLI, unit="Ah")
    cycled_capacity = amp_hours(0x12B4)
    precharge_state = low(0x12B8)
    run_time = seconds(0x12BC)
    heating = low(0x12D0)
    coarse_voltage = gauge(at(0x12E4), 0.01, signed=False, unit="V")
    heater_current = gauge(at(0x12E6), MILLI, unit="A")
    charger_plugged = low(0x12EE)
    temperature_3 = probe(0x12F8)


class Sleep(Component):
    """When it will fall asleep; 0x1308."""

    register_ranges = (span(0x1308, 0x130A),)

    time_to_sleep = seconds(0x1308)


class About(Component):
    """Who it is; 0x1400. The Bluetooth PIN and the passwords beyond have no fields, here or anywhere."""

    register_ranges = (span(0x1400, 0x141E),)

    model = Text(at(0x1400), count=8)
    hardware = Text(at(0x1410), count=4)
    firmware = Text(at(0x1418), count=4)


class Passport(Component):
    """The serial number; 0x1450, between the PIN and the passwords: never to be read in one block with them."""

    register_ranges = (span(0x1450, 0x145E),)

    serial_number = Text(at(0x1450), count=8)


class History(Component):
    """What else it tells of itself."""

    total_run_time = seconds(0x1420)
    power_on_count = count(0x1424)
    bluetooth_name = Text(at(0x1428), count=8)
    first_on = Text(at(0x1448), count=4)
