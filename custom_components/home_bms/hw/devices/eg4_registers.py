"""The registers of EG4's LL and LifePower4 V2 packs, as `modbus/05_eg4.md` lists them."""

from __future__ import annotations

from typing import Any, Final, override

from modbus_connection.model import Component, NumberField, RegisterField, bits, gauge, integer, uint32

from ..registers import Series, Text

CELLS: Final = 16
PROBES: Final = 6
MILLIAMPERE_SECONDS: Final = 3_600_000
"""In 1 Ah."""
COLDEST: Final = -50.0
"""°C that a temperature setting of 0 stands for."""

WARNINGS: Final = (
    *("pack_overvoltage_warning", "cell_overvoltage_warning", "pack_undervoltage_warning", "cell_undervoltage_warning"),
    *("charge_overcurrent_warning", "discharge_overcurrent_warning", "environment_temperature_warning"),
    *("switch_overtemperature_warning", "charge_overtemperature_warning", "discharge_overtemperature_warning"),
    *("charge_undertemperature_warning", "discharge_undertemperature_warning", "low_charge_warning", "float_stopped"),
)
"""The bits of register 26, or of a master's 34."""
PROTECTIONS: Final = (
    *("pack_overvoltage", "cell_overvoltage", "pack_undervoltage", "cell_undervoltage"),
    *("charge_overcurrent", "discharge_overcurrent", "environment_temperature", "switch_overtemperature"),
    *("charge_overtemperature", "discharge_overtemperature", "charge_undertemperature", "discharge_undertemperature"),
    *("low_charge", "discharge_short_circuit"),
)
"""The bits of register 27, or of a master's 20."""
ERRORS: Final = ("voltage_fault", "temperature_sensor_fault", "current_sensor_fault", "", "cell_difference")
"""The bits of register 28."""


class Bytes(RegisterField[tuple[int, ...]]):
    """Two signed bytes in each register, the high one first."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> tuple[int, ...]:
        both = [byte for word in words for byte in (word >> 8, word & 0xFF)]
        return tuple([byte - 0x100 if byte & 0x80 else byte for byte in both])

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        told = [round(min(max(item or 0, -0x80), 0x7F)) & 0xFF for item in value or ()][: 2 * self.count]
        told += [0] * (2 * self.count - len(told))
        return [high << 8 | low for high, low in zip(told[::2], told[1::2], strict=True)]


def whole(register: int, unit: str) -> NumberField[int]:
    """Return a field of a whole number that may be below zero."""
    return integer(register, unit=unit)


def volts(register: int) -> NumberField[float]:
    """Return a field of millivolts of a cell."""
    return gauge(register, 0.001, signed=False, unit="V")


def pack_volts(register: int) -> NumberField[float]:
    """Return a field of hundredths of a volt of the pack."""
    return gauge(register, 0.01, signed=False, unit="V")


def amps(register: int) -> NumberField[float]:
    """Return a field of hundredths of an ampere."""
    return gauge(register, 0.01, unit="A")


def degrees(register: int) -> NumberField[float]:
    """Return a field of whole degrees above -50 °C."""
    return NumberField(register, offset=COLDEST, signed=False, unit="°C")


class State(Component):
    """All that changes, in one block of 39 registers."""

    register_ranges = ((0, 38),)

    voltage = pack_volts(0)
    current = amps(1)
    cells = Series(2, count=CELLS, unit="V")
    mos_temperature = whole(18, "°C")
    temperature_19 = whole(19, "°C")
    """Average or highest, they are swapped on some packs; so is the next."""
    temperature_20 = whole(20, "°C")
    remaining_capacity = integer(21, signed=False)
    """Ah, percent where register 37 says 100 Ah, tenths of an Ah in 12 V packs."""
    charge_current_max = integer(22, signed=False, unit="A")
    soh = integer(23, signed=False, unit="%")
    soc = integer(24, signed=False, unit="%")
    status = integer(25, signed=False)
    warning_bits = integer(26, signed=False)
    protection_bits = integer(27, signed=False)
    error_bits = integer(28, signed=False)
    cycles = uint32(29)
    full_capacity_raw = uint32(31, unit="mA·s")
    temperatures = Bytes(33, count=3, unit="°C")
    cell_count = integer(36, signed=False)
    design_capacity = gauge(37, 0.1, signed=False, unit="Ah")
    balance_mask = integer(38, signed=False)


class About(Component):
    """Who it is; 105, 23 registers in one block."""

    register_ranges = ((105, 127),)

    model = Text(105, count=12)
    firmware = Text(117, count=3)
    serial_number = Text(120, count=8)


class Settings(Component):
    """What another driver takes these registers for; the maker tells nothing of them."""

    register_ranges = ((45, 135),)

    balance_start_voltage = volts(56)
    balance_difference = volts(57)
    low_charge_warning = integer(58, signed=False)
    cell_undervoltage_warning = volts(61)
    cell_undervoltage = volts(62)
    cell_undervoltage_release = volts(63)
    pack_undervoltage_warning = pack_volts(64)
    pack_undervoltage = pack_volts(65)
    pack_undervoltage_release = pack_volts(66)
    cell_overvoltage_warning = volts(67)
    cell_overvoltage = volts(68)
    cell_overvoltage_release = volts(69)
    pack_overvoltage_warning = pack_volts(70)
    pack_overvoltage = pack_volts(71)
    pack_overvoltage_release = pack_volts(72)
    discharge_release = integer(78, signed=False)
    charge_release = integer(79, signed=False)
    charge_overcurrent = amps(80)
    discharge_overcurrent = amps(81)
    short_circuit_current = integer(82, signed=False)
    charge_overcurrent_second = amps(83)
    discharge_overcurrent_second = amps(84)
    charge_overcurrent_delay = integer(85, signed=False)
    charge_overcurrent_second_delay = integer(86, signed=False)
    discharge_overcurrent_delay = integer(87, signed=False)
    discharge_overcurrent_second_delay = integer(88, signed=False)
    charge_retries = bits(89, 8, 8)
    discharge_retries = bits(89, 0, 8)
    charge_undertemperature_warning = degrees(90)
    charge_undertemperature = degrees(91)
    charge_undertemperature_release = degrees(92)
    charge_overtemperature_warning = degrees(93)
    charge_overtemperature = degrees(94)
    charge_overtemperature_release = degrees(95)
    discharge_undertemperature_warning = degrees(96)
    discharge_undertemperature = degrees(97)
    discharge_undertemperature_release = degrees(98)
    discharge_overtemperature_warning = degrees(99)
    discharge_overtemperature = degrees(100)
    discharge_overtemperature_release = degrees(101)
    switch_overtemperature_warning = degrees(102)
    switch_overtemperature = degrees(103)
    switch_overtemperature_release = degrees(104)


class Bank(Component):
    """What a master tells of all packs together; 19 to 41."""

    register_ranges = ((19, 41),)

    status = integer(19, signed=False)
    protection_bits = integer(20, signed=False)
    soc = integer(21, signed=False, unit="%")
    voltage = pack_volts(22)
    """Of the pack whose voltage is lowest."""
    current = amps(23)
    """Sum of all packs."""
    temperature_max = whole(24, "°C")
    remaining_capacity_wrapped = gauge(26, 0.01, signed=False, unit="Ah")
    """Modulo 655.36 Ah, and so is the next."""
    full_capacity_wrapped = gauge(27, 0.01, signed=False, unit="Ah")
    firmware_major = bits(28, 8, 8)
    firmware_minor = bits(28, 0, 8)
    cycles = integer(30, signed=False)
    """The most that any pack has."""
    soh = integer(32, signed=False, unit="%")
    design_capacity = gauge(33, 0.05, signed=False, unit="Ah")
    warning_bits = integer(34, signed=False)
    cell_max = volts(37)
    cell_min = volts(38)
    cell_max_index = integer(39, signed=False)
    cell_min_index = integer(40, signed=False)
    cell_count = integer(41, signed=False)


class OwnCells(Component):
    """The cells of the master's own pack; 113 to 128."""

    register_ranges = ((113, 128),)

    cells = Series(113, count=CELLS, unit="V")


class Head(Component):
    """Where a pack tells of itself, which a master leaves empty."""

    register_ranges = ((0, 18),)

    head = Series(0, count=19, per=1)
