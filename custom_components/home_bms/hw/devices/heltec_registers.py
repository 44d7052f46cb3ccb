"""The registers of Heltec's smart BMS, field by field, as `modbus/10_diy_boards.md` lists them."""

from __future__ import annotations

from enum import IntFlag
from typing import Any, Final, override

from modbus_connection.model import Component, NumberField, RegisterField, bits

from ..registers import Series, Text

CELLS: Final = 31
"""Where a 32nd cell would be, the board has temperatures."""


def swapped(words: list[int]) -> list[int]:
    """Return words whose two bytes stand the other way round on the wire."""
    return [word >> 8 | (word & 0xFF) << 8 for word in words]


class Swapped[T](NumberField[T]):
    """A number of which the lowest byte comes first, whether it has one word or two."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> Any:
        return super().decode(swapped(words))

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        return swapped(super().encode(value))


class SwappedSeries(Series):
    """A row of such numbers in thousandths."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> tuple[float, ...]:
        return super().decode(swapped(words))

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        return swapped(super().encode(value))


class Serial(RegisterField[str]):
    """A serial number of four words, written in hexadecimal as its own app does; empty where there is none."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> str:
        told = any(word not in (0, 0xFFFF) for word in words)
        return "-".join(f"{word:04x}" for word in words) if told else ""

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        parts = (value or "").split("-")
        if len(parts) != self.count or not all(len(part) == 4 for part in parts):
            return [0] * self.count
        return [int(part, 16) for part in parts]


def word[T: (int, float)](register: int, scale: float = 1.0, unit: str | None = None) -> Swapped[T]:
    """Return a field of an unsigned word."""
    return Swapped(register, scale=scale, signed=False, unit=unit)


def long[T: (int, float)](
    register: int, scale: float = 1.0, unit: str | None = None, *, signed: bool = False
) -> Swapped[T]:
    """Return a field of two words, the lower one first."""
    return Swapped(register, count=2, scale=scale, signed=signed, word_order="little", unit=unit)


class Warned(IntFlag):
    """The bits of 156; the names in lower case are home_bms's keys."""

    CELL_OVERVOLTAGE = 1 << 0
    CELL_UNDERVOLTAGE = 1 << 1
    PACK_OVERVOLTAGE = 1 << 3
    PACK_UNDERVOLTAGE = 1 << 4
    CHARGE_OVERCURRENT = 1 << 5
    DISCHARGE_OVERCURRENT = 1 << 6
    DISCHARGE_OVERCURRENT_2 = 1 << 7
    DISCHARGE_SHORT_CIRCUIT = 1 << 8
    CHARGE_OVERTEMPERATURE = 1 << 9
    CHARGE_UNDERTEMPERATURE = 1 << 10
    DISCHARGE_OVERTEMPERATURE = 1 << 11
    DISCHARGE_UNDERTEMPERATURE = 1 << 12
    SWITCH_OVERTEMPERATURE = 1 << 13
    SOC_LOW = 1 << 14
    FULL = 1 << 15


class RunState(IntFlag):
    """The bits of 152 that are known."""

    CHARGE_OFF = 1 << 28
    DISCHARGE_OFF = 1 << 29


class About(Component):
    """Who it is; 2."""

    register_ranges = ((2, 5), (7, 19))

    serial_number = Serial(2, count=4)
    model = Text(7, count=13)


class Name(Component):
    """Its name and hardware; 38. The two words behind the name are its Bluetooth password."""

    register_ranges = ((38, 38), (41, 46))

    hardware_version = bits(38, 8, 8)
    device_name = Text(41, count=6)


class State(Component):
    """Cell count, chemistry, pack voltage and current; 75."""

    register_ranges = ((75, 79),)

    chemistry = bits(75, 0, 8)
    cell_count = bits(75, 8, 8)
    voltage: Swapped[float] = long(76, 0.001, "V", signed=True)
    current: Swapped[float] = long(78, 0.01, "A", signed=True)
    """Positive when discharging."""


class Cells(Component):
    """The cells' voltages; 81."""

    register_ranges = ((81, 80 + CELLS),)

    cells = SwappedSeries(81, count=CELLS)


class Warmth(Component):
    """Temperatures plus 40, capacities and charge; 112."""

    register_ranges = ((112, 113), (118, 120))

    mos_temperature = bits(112, 0, 8)
    balancer_temperature = bits(112, 8, 8)
    temperature_1 = bits(113, 0, 8)
    temperature_2 = bits(113, 8, 8)
    total_capacity: Swapped[float] = word(118, 0.1, "Ah")
    remaining_capacity: Swapped[float] = word(119, 0.1, "Ah")
    soh = bits(120, 0, 8)
    soc = bits(120, 8, 8)


class Balancing(Component):
    """Which cells are balanced; 139."""

    register_ranges = ((139, 140),)

    balancing_mask: Swapped[int] = long(139)


class Condition(Component):
    """The MOSFETs and the warnings; 152."""

    register_ranges = ((152, 153), (156, 157))

    run_state: Swapped[RunState] = Swapped(152, count=2, signed=False, word_order="little", convert=RunState)
    warnings: Swapped[Warned] = Swapped(156, count=2, signed=False, word_order="little", convert=Warned)


class Settings(Component):
    """What it guards, and the capacity that it has learned; 126."""

    register_ranges = ((126, 126), (169, 169), (172, 172), (191, 191), (194, 194))

    learned_capacity: Swapped[float] = word(126, 0.1, "Ah")
    cell_overvoltage: Swapped[float] = word(169, 0.001, "V")
    cell_undervoltage: Swapped[float] = word(172, 0.001, "V")
    charge_current: Swapped[float] = word(191, 0.01, "A")
    discharge_current: Swapped[float] = word(194, 0.01, "A")
