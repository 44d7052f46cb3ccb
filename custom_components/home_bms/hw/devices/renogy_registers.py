"""The registers of Renogy's smart lithium batteries, as `modbus/13_renogy.md` lists those of protocol V1.7."""

from __future__ import annotations

from typing import Final

from modbus_connection.model import Component, NumberField, gauge, integer, uint32

from ..registers import Series, Text

CELLS: Final = 16

PROTECTIONS: Final = (
    *("discharge_short_circuit", "", "", "", "charge_overcurrent_second", "discharge_overcurrent_second"),
    *("pack_overvoltage", "cell_undervoltage", "cell_overvoltage", "charge_overcurrent", "discharge_overcurrent"),
    *("discharge_undertemperature", "discharge_overtemperature", "charge_undertemperature", "charge_overtemperature"),
    "pack_undervoltage",
)
"""The bits of register 5106."""
STATES: Final = 1 << 1 | 1 << 2 | 1 << 3
"""Those of 5106 that are no alarms: both MOSFETs, and that it lives on its own power."""
WARNINGS: Final = (
    *("cell_undervoltage_warning", "cell_overvoltage_warning", "pack_undervoltage_warning", "pack_overvoltage_warning"),
    *("charge_undertemperature_warning", "charge_overtemperature_warning"),
    *("discharge_undertemperature_warning", "discharge_overtemperature_warning"),
)
"""The bits of register 5107."""
EFFECTS: Final = 1 << 8 | 1 << 11 | 1 << 13 | 1 << 14 | 1 << 15
"""Those of 5107 that are no alarms: buzzer, full, heater, and that current flows."""
SENSING: Final = tuple(f"cell_{number}_sensing_error" for number in range(1, CELLS + 1))
"""The bits of register 5108."""
OTHERS: Final = (
    *(f"other_{number}" for number in range(9)),
    *("discharge_current", "charge_current", "heater_2", "heater_1"),
    *("environment_2", "environment_1", "board_temperature"),
)
"""What the fields of registers 5104 and 5105 are about."""


def degrees(register: int) -> NumberField[float]:
    """Return a field of I16 tenths of a degree."""
    return gauge(register, 0.1, unit="°C")


def volts(register: int) -> NumberField[float]:
    """Return a field of tenths of a volt."""
    return gauge(register, 0.1, signed=False, unit="V")


def amps(register: int) -> NumberField[float]:
    """Return a field of I16 hundredths of an ampere."""
    return gauge(register, 0.01, unit="A")


class Cells(Component):
    """The cells and their sensors; 5000, 34 registers."""

    register_ranges = ((5000, 5033),)

    cell_count = integer(5000, signed=False)
    cells = Series(5001, count=CELLS, per=10, unit="V")
    sensor_count = integer(5017, signed=False)
    temperatures = Series(5018, count=CELLS, per=10, signed=True, unit="°C")


class State(Component):
    """The battery as a whole; 5035, 18 registers."""

    register_ranges = ((5035, 5052),)

    board_temperature = degrees(5035)
    environment_count = integer(5036, signed=False)
    environment_temperature_1 = degrees(5037)
    environment_temperature_2 = degrees(5038)
    heater_count = integer(5039, signed=False)
    heater_temperature_1 = degrees(5040)
    heater_temperature_2 = degrees(5041)
    current = amps(5042)
    voltage = volts(5043)
    remaining_capacity = uint32(5044, scale=0.001, unit="Ah")
    full_capacity = uint32(5046, scale=0.001, unit="Ah")
    cycles = integer(5048, signed=False)
    charge_voltage_limit = volts(5049)
    discharge_voltage_limit = volts(5050)
    charge_current_limit = amps(5051)
    discharge_current_limit = amps(5052)
    """Below zero."""


class Flags(Component):
    """Alarms and states; 5100, 10 registers."""

    register_ranges = ((5100, 5109),)

    cell_alarms = uint32(5100)
    temperature_alarms = uint32(5102)
    other_alarms = uint32(5104)
    status_1 = integer(5106, signed=False)
    status_2 = integer(5107, signed=False)
    sensing_errors = integer(5108, signed=False)
    request_bits = integer(5109, signed=False)
    """3 asks for a full charge, 4 and 5 for one at once; 6 and 7 say that discharge and charge are enabled."""


class About(Component):
    """Who it is; 5110, 30 registers."""

    register_ranges = ((5110, 5139),)

    serial_number = Text(5110, count=8)
    maker_version = Text(5118, count=1)
    mainline_version = Text(5119, count=2)
    protocol_version = Text(5121, count=1)
    model = Text(5122, count=8)
    firmware = Text(5130, count=2)
    manufacturer = Text(5132, count=8)


class Settings(Component):
    """The protection settings; 5200, up to the register that shuts the battery down."""

    register_ranges = ((5200, 5221),)

    cell_overvoltage = volts(5200)
    cell_overvoltage_warning = volts(5201)
    cell_undervoltage_warning = volts(5202)
    cell_undervoltage = volts(5203)
    charge_overtemperature = degrees(5204)
    charge_overtemperature_warning = degrees(5205)
    charge_undertemperature_warning = degrees(5206)
    charge_undertemperature = degrees(5207)
    charge_current_second = amps(5208)
    charge_current = amps(5209)
    charge_current_warning = amps(5210)
    pack_overvoltage = volts(5211)
    pack_overvoltage_warning = volts(5212)
    pack_undervoltage_warning = volts(5213)
    pack_undervoltage = volts(5214)
    discharge_overtemperature = degrees(5215)
    discharge_overtemperature_warning = degrees(5216)
    discharge_undertemperature_warning = degrees(5217)
    discharge_undertemperature = degrees(5218)
    discharge_current_second = amps(5219)
    discharge_current = amps(5220)
    discharge_current_warning = amps(5221)
