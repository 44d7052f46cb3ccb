"""The registers of PACE's BMSs, as `modbus/04_pace.md` lists those of its Modbus protocol V1.3."""

from __future__ import annotations

from typing import Any, Final

from modbus_connection.model import Component, NumberField, gauge, integer

from ..registers import Series, Text

CELLS: Final = 16
PROBES: Final = 4
NAMES: Final = tuple(f"temperature_{number}" for number in range(1, PROBES + 1))

WARNINGS: Final = (
    *("cell_overvoltage_warning", "cell_undervoltage_warning", "pack_overvoltage_warning", "pack_undervoltage_warning"),
    *("charge_overcurrent_warning", "discharge_overcurrent_warning", "", ""),
    *("charge_overtemperature_warning", "discharge_overtemperature_warning"),
    *("charge_undertemperature_warning", "discharge_undertemperature_warning"),
    *("environment_overtemperature_warning", "environment_undertemperature_warning"),
    *("switch_overtemperature_warning", "low_charge_warning"),
)
"""The bits of register 9."""
PROTECTIONS: Final = (
    *("cell_overvoltage", "cell_undervoltage", "pack_overvoltage", "pack_undervoltage"),
    *("charge_overcurrent", "discharge_overcurrent", "discharge_short_circuit", "charger_overvoltage"),
    *("charge_overtemperature", "discharge_overtemperature", "charge_undertemperature", "discharge_undertemperature"),
    *("switch_overtemperature", "environment_overtemperature", "environment_undertemperature"),
)
"""The bits of register 10."""
FAULTS: Final = (
    *("charge_switch_fault", "discharge_switch_fault", "temperature_sensor_fault", ""),
    *("cell_fault", "internal_communication_lost", "", ""),
    *("", "", "", "", "", "", "charger_reversed", ""),
)
"""The bits of register 11 that tell of a fault."""
STATES: Final = 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 15
"""Those of register 11 that are none: charging, discharging, both MOSFETs, limiter, heater."""
CHARGE_ON, DISCHARGE_ON = 10, 11

MILLI: Final = {"scale": 0.001, "unit": "V"}
AMPERES: Final = {"scale": 1.0, "unit": "A"}
TENTHS: Final = {"scale": 0.1, "unit": "s"}
DEGREES: Final = {"scale": 0.1, "unit": "°C"}
BEATS: Final = {"scale": 0.025, "unit": "s"}


def _guard(name: str, kind: dict[str, Any], delay: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return the settings of one protection in the order in which they stand: warning, protection, release, delay."""
    rows = [(f"{name}_warning", kind), (name, kind), (f"{name}_release", kind)]
    return [*rows, (delay, TENTHS)] if delay else rows


THRESHOLDS: Final = (
    *_guard("pack_overvoltage", MILLI, "pack_overvoltage_delay"),
    *_guard("cell_overvoltage", MILLI, "cell_overvoltage_delay"),
    *_guard("pack_undervoltage", MILLI, "pack_undervoltage_delay"),
    *_guard("cell_undervoltage", MILLI, "cell_undervoltage_delay"),
    ("charge_current_warning", AMPERES),
    ("charge_current", AMPERES),
    ("charge_overcurrent_delay", TENTHS),
    ("discharge_current_warning", AMPERES),
    ("discharge_current", AMPERES),
    ("discharge_overcurrent_delay", TENTHS),
    ("discharge_current_second", AMPERES),
    ("discharge_overcurrent_second_delay", BEATS),
    *_guard("charge_overtemperature", DEGREES),
    *_guard("discharge_overtemperature", DEGREES),
    *_guard("charge_undertemperature", DEGREES),
    *_guard("discharge_undertemperature", DEGREES),
    *_guard("switch_overtemperature", DEGREES),
    *_guard("environment_overtemperature", DEGREES),
    *_guard("environment_undertemperature", DEGREES),
    ("balance_start_voltage", MILLI),
    ("balance_difference", MILLI),
    ("full_voltage", MILLI),
    ("full_current", {"scale": 0.001, "unit": "A"}),
    ("sleep_voltage", MILLI),
    ("sleep_delay", {"scale": 60.0, "unit": "s"}),
    ("short_circuit_delay", {"scale": 0.000025, "unit": "s"}),
    ("low_charge_warning", {"scale": 1.0, "unit": "%"}),
    ("charge_current_second", AMPERES),
    ("charge_overcurrent_second_delay", BEATS),
)
"""Every setting with its unit, one register each, in the order in which they stand."""


def thresholds(first: int, doc: str, *, degrees: bool = True) -> type[Component]:
    """Return the settings that begin at a register, with or without those that are temperatures."""
    fields = {
        # A voltage is never below zero; a temperature is, and a current may be written with its sign.
        name: NumberField[float](first + index, signed=kind is not MILLI, **kind)
        for index, (name, kind) in enumerate(THRESHOLDS)
        if degrees or kind is not DEGREES
    }
    ranges = ((first, first + len(THRESHOLDS) - 1),)
    return type("Thresholds", (Component,), {"__doc__": doc, "register_ranges": ranges, **fields})


def probe(register: int) -> NumberField[float]:
    """Return a field of I16 tenths of a degree."""
    return gauge(register, 0.1, unit="°C")


class Head(Component):
    """What all of PACE's maps begin with, the charge apart."""

    register_ranges = ((0, 7),)

    current = gauge(0, 0.01, unit="A")
    voltage = gauge(1, 0.01, signed=False, unit="V")
    remaining_capacity = gauge(4, 0.01, signed=False, unit="Ah")
    full_capacity = gauge(5, 0.01, signed=False, unit="Ah")
    design_capacity = gauge(6, 0.01, signed=False, unit="Ah")
    cycles = integer(7, signed=False)


class State(Head):
    """All that changes, in one block of 37 registers."""

    register_ranges = ((0, 36),)

    soc = integer(2, signed=False, unit="%")
    soh = integer(3, signed=False, unit="%")
    warning_bits = integer(9, signed=False)
    protection_bits = integer(10, signed=False)
    status_bits = integer(11, signed=False)
    balance_mask = integer(12, signed=False)
    cells = Series(15, count=CELLS, unit="V")
    temperature_1 = probe(31)
    temperature_2 = probe(32)
    temperature_3 = probe(33)
    temperature_4 = probe(34)
    mos_temperature = probe(35)
    environment_temperature = probe(36)


Settings: Final = thresholds(60, "The protection settings; 60 to 114.")


class About(Component):
    """Who it is; 150 to 169."""

    register_ranges = ((150, 169),)

    firmware = Text(150, count=10)
    model = Text(160, count=10)


class Passport(Component):
    """The pack's serial number; 170 to 179."""

    register_ranges = ((170, 179),)

    serial_number = Text(170, count=10)
