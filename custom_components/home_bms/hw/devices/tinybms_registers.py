"""The registers of Enepaq's TinyBMS s516, as `modbus/06_tinybms.md` lists them."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any, Final, override

from modbus_connection.model import Component, FloatField, NumberField, RegisterField, bits, gauge, integer, uint32

from ..registers import Series

CELLS: Final = 16
ABSENT: Final = 0x8000
"""Where no sensor is connected."""
LARGEST: Final = 3.4028234e38
"""The largest 32-bit float."""

CHARGING, FULL, DISCHARGING, REGENERATION, IDLE, FAULT = 0x91, 0x92, 0x93, 0x96, 0x97, 0x9B
STATUS: Final = MappingProxyType(
    {
        CHARGING: "charging",
        FULL: "full",
        DISCHARGING: "discharging",
        REGENERATION: "regeneration",
        IDLE: "idle",
        FAULT: "fault",
    }
)
"""What register 50 tells."""
EVENTS: Final = MappingProxyType(
    {
        0x02: "cell_undervoltage",
        0x03: "cell_overvoltage",
        0x04: "overtemperature",
        0x05: "discharge_overcurrent",
        0x06: "charge_overcurrent",
        0x07: "regeneration_overcurrent",
        0x0A: "low_temperature",
        0x0B: "charger_switch_fault",
        0x0C: "load_switch_fault",
        0x0D: "single_port_switch_fault",
        0x0E: "current_sensor_disconnected",
        0x0F: "current_sensor_fault",
        0x31: "fully_discharged",
        0x37: "charge_in_the_cold",
        0x38: "charge_done",
        0x39: "charge_done",
    }
)
"""What the numbers in the log of events mean, as far as the sheet tells."""


class Real(FloatField):
    """A 32-bit float, low word first; what is no number is unknown."""

    def __init__(self, address: int, *, unit: str) -> None:
        super().__init__(address, count=2, word_order="little", unit=unit)

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> float | None:
        value: float | None = super().decode(words)
        # Seven digits are all that the register holds; more would be noise.
        return float(f"{value:.7g}") if value is not None and math.isfinite(value) else None

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        return super().encode(min(max(value or 0.0, -LARGEST), LARGEST))


class Serial(RegisterField[str]):
    """A number of 96 bits as hexadecimal digits."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> str:
        return "".join(f"{word:04X}" for word in words) if any(words) and set(words) != {0xFFFF} else ""

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        try:
            number = int(value or "0", 16)
        except ValueError:
            # A name of another make; its bytes are a number too.
            number = int.from_bytes(str(value).encode())
        return [number >> 16 * place & 0xFFFF for place in reversed(range(self.count))]


class Log(RegisterField[tuple[tuple[int, str], ...]]):
    """Events as (seconds of the device's life, what it was), two registers each; empty places are left out."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> tuple[tuple[int, str], ...]:
        pairs = zip(words[::2], words[1::2], strict=True)
        return tuple(
            ((high & 0xFF) << 16 | low, EVENTS.get(high >> 8, f"event_{high >> 8}")) for low, high in pairs if high >> 8
        )

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        return [0] * self.count


def low32(register: int, scale: float = 1.0, unit: str | None = None) -> NumberField[float]:
    """Return a field of U32, low word first."""
    return uint32(register, scale=scale, word_order="little", unit=unit)


def probe(register: int) -> NumberField[float]:
    """Return a field of I16 tenths of a degree."""
    return gauge(register, 0.1, nan=ABSENT, unit="°C")


def millivolts(register: int) -> NumberField[float]:
    """Return a field of U16 millivolts."""
    return gauge(register, 0.001, signed=False, unit="V")


def number(register: int, unit: str | None = None) -> NumberField[int]:
    """Return a field of a U16."""
    return integer(register, signed=False, unit=unit)


class Live(Component):
    """All that changes, in one block of 54 registers; those that are reserved are answered too."""

    register_ranges = ((0, 53),)

    cell_row = Series(0, count=CELLS, per=10000, unit="V")
    run_time = low32(32, unit="s")
    time_left = low32(34, unit="s")
    voltage = Real(36, unit="V")
    current = Real(38, unit="A")
    cell_min = millivolts(40)
    cell_max = millivolts(41)
    temperature_1 = probe(42)
    temperature_2 = probe(43)
    distance_left = number(44, "km")
    soh = gauge(45, 0.002, signed=False, unit="%")
    soc = low32(46, 0.000001, "%")
    board_temperature = probe(48)
    status = number(50)
    unbalanced_mask = number(51)
    balance_mask = number(52)
    cell_count = number(53)


class History(Component):
    """What it has counted; 100 to 117."""

    register_ranges = ((100, 117),)

    distance = low32(100, 0.01, "km")
    discharge_current_max = gauge(102, 0.1, signed=False, unit="A")
    charge_current_max = gauge(103, 0.1, signed=False, unit="A")
    cell_difference_max = gauge(104, 0.0001, signed=False, unit="V")
    undervoltage_count = number(105)
    overvoltage_count = number(106)
    discharge_overcurrent_count = number(107)
    charge_overcurrent_count = number(108)
    overtemperature_count = number(109)
    charge_count = number(111)
    full_charge_count = number(112)
    temperature_highest = bits(113, 8, 8)
    temperature_lowest = bits(113, 0, 8)
    last_wake_up = bits(114, 8, 8)
    last_reset = bits(114, 0, 8)
    cleared_at = low32(116, unit="s")


class Events(Component):
    """The log of the last 49 events; 200 to 297."""

    register_ranges = ((200, 297),)

    events = Log(200, count=98)


class Settings(Component):
    """The protection settings; 300 to 343."""

    register_ranges = ((300, 343),)

    full_voltage = millivolts(300)
    empty_voltage = millivolts(301)
    balance_start_voltage = millivolts(303)
    charge_finished_current = gauge(304, 0.001, signed=False, unit="A")
    discharge_current_peak = number(305, "A")
    design_capacity = gauge(306, 0.01, signed=False, unit="Ah")
    series_cells = number(307)
    balance_difference = millivolts(308)
    charger_start_delay = number(310, "s")
    charger_disable_delay = number(311, "s")
    cell_overvoltage = millivolts(315)
    cell_undervoltage = millivolts(316)
    discharge_current = number(317, "A")
    charge_current = number(318, "A")
    overtemperature = integer(319, unit="°C")
    charge_undertemperature = integer(320, unit="°C")
    restart_level = number(321, "%")
    cycles_most = number(322)
    soh_setting = number(323)
    soc_setting = number(328)
    option_bits = number(329)
    charger_type = number(330)
    load_switch_type = number(331)
    recovery = number(332)
    charger_switch_type = number(333)
    ignition = number(334)
    charger_detection = number(335)
    precharge_pin = number(337)
    precharge_time = number(338)
    ports = number(340)
    single_port_switch = number(341)
    broadcast = number(342)
    protocol = number(343)


class About(Component):
    """Its versions; 500 to 503."""

    register_ranges = ((500, 503),)

    hardware_change = bits(500, 8, 8)
    hardware_version = bits(500, 0, 8)
    firmware_version = bits(501, 0, 8)
    firmware_build = number(502)
    map_version = bits(503, 8, 8)
    bootloader_version = bits(503, 0, 8)


class Passport(Component):
    """Its number of 96 bits; 504 to 509."""

    register_ranges = ((504, 509),)

    serial_number = Serial(504, count=6)
