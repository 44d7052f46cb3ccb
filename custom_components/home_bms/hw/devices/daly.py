"""What Daly's dialects share: numbers in a register, fault bits (`modbus/02_daly_modbus.md`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, override

from modbus_connection.model import Component, NumberField, RegisterField, gauge

from ...core.model import PackReading, Switches
from ..registers import Values

MANUFACTURER: Final = "Daly"
BAUDRATE: Final = 9600
SPACING: Final = 0.05
"""s; the sheet has 20 to 50 ms between two requests."""
TIMEOUT: Final = 1.0
LONGEST: Final = 80
"""Words: the largest block that both dialects were seen to answer."""

ABSENT: Final = 0xFFFF
ABSENT_SENSOR: Final = (255, ABSENT)
ZERO_CURRENT: Final = 30000
TENTH: Final = 0.1
MILLI: Final = 0.001
ON_OFF: Final = {0: False, 1: True}
BALANCING: Final = {0: False, 1: True, 2: True}
"""Passive or active; 7 was seen while nothing balanced, so any other state is not known."""
SENSORS: Final = 8

# From bit 0 of a word on. The recorded alarms prove that order; the sheet calls the low byte of a word the high one.
FAULTS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "cell_overvoltage_warning",
        "cell_overvoltage",
        "cell_undervoltage_warning",
        "cell_undervoltage",
        "pack_overvoltage_warning",
        "pack_overvoltage",
        "pack_undervoltage_warning",
        "pack_undervoltage",
    ),
    (
        "charge_overtemperature_warning",
        "charge_overtemperature",
        "charge_undertemperature_warning",
        "charge_undertemperature",
        "discharge_overtemperature_warning",
        "discharge_overtemperature",
        "discharge_undertemperature_warning",
        "discharge_undertemperature",
    ),
    (
        "charge_overcurrent_warning",
        "charge_overcurrent",
        "discharge_overcurrent_warning",
        "discharge_overcurrent",
        "soc_high_warning",
        "soc_high",
        "soc_low_warning",
        "soc_low",
    ),
    ("cell_difference_warning", "cell_difference", "temperature_spread_warning", "temperature_spread"),
    (
        "charge_switch_overtemperature",
        "discharge_switch_overtemperature",
        "charge_switch_sensor_fault",
        "discharge_switch_sensor_fault",
        "charge_switch_stuck",
        "discharge_switch_stuck",
        "charge_switch_open_circuit",
        "discharge_switch_open_circuit",
    ),
    (
        "afe_fault",
        "cell_sampling_lost",
        "temperature_sensor_fault",
        "memory_fault",
        "clock_fault",
        "precharge_failed",
        "vehicle_communication_lost",
        "internal_communication_lost",
    ),
    (
        "current_sensor_fault",
        "voltage_sensor_fault",
        "short_circuit",
        "low_voltage_charge_inhibited",
        "switches_off_remotely",
        "charging_cabinet_lost",
    ),
    (),
)
"""Eight bits at a time of the four fault words; level 1 of a pair is the warning."""


class Faults(RegisterField[frozenset[str]]):
    """The four fault words as the keys of what stands, those of unknown bits too."""

    def __init__(self, address: int) -> None:
        super().__init__(address, count=4)

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> frozenset[str]:
        return frozenset(
            FAULTS[index][bit] if bit < len(FAULTS[index]) else f"alarm_{8 * index + bit}"
            for index, bit in set_bits(words)
        )

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        return packed([sum(1 << bit for bit, name in enumerate(names) if name in (value or ())) for names in FAULTS])


class Temperatures(RegisterField[tuple[float | None, ...]]):
    """A row of sensors in °C + 40; absent ones are `None`."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> tuple[float | None, ...]:
        return tuple([None if word in ABSENT_SENSOR else word - 40.0 for word in words])

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        told = [
            ABSENT_SENSOR[0] if item is None else round(min(max(item + 40, 0), ABSENT_SENSOR[0] - 1)) for item in value
        ]
        return [*told, *[0] * self.count][: self.count]


def volts(address: int) -> NumberField[float]:
    """Return a field of tenths of a volt."""
    return gauge(address, TENTH, signed=False, nan=ABSENT, unit="V")


def cell_volts(address: int) -> NumberField[float]:
    """Return a field of millivolts."""
    return gauge(address, MILLI, signed=False, nan=ABSENT, unit="V")


def amps(address: int) -> NumberField[float]:
    """Return a field of tenths of an ampere around 30000, charge positive as in every capture.

    A word of 0 would be 3000 A: nothing was measured.
    """
    return gauge(address, TENTH, offset=-ZERO_CURRENT * TENTH, signed=False, nan=(0, ABSENT), unit="A")


def balance_amps(address: int) -> NumberField[float]:
    """Return a field of mA around 30000; boards without such a sensor tell 0."""
    return gauge(address, MILLI, offset=-ZERO_CURRENT * MILLI, signed=False, nan=(0, ABSENT), unit="A")


def amp_hours(address: int) -> NumberField[float]:
    """Return a field of tenths of an ampere-hour."""
    return gauge(address, TENTH, signed=False, nan=ABSENT, unit="Ah")


def percent(address: int) -> NumberField[float]:
    """Return a field of tenths of a percent."""
    return gauge(address, TENTH, signed=False, nan=ABSENT, unit="%")


def degrees(address: int, *, absent: Iterable[int] = ABSENT_SENSOR) -> NumberField[float]:
    """Return a field of °C + 40."""
    return NumberField(address, offset=-40.0, signed=False, nan=absent, unit="°C")


def board_degrees(address: int) -> NumberField[float]:
    """Return a field of °C + 40 of a sensor on the board, which tells 0 where it is not fitted."""
    return degrees(address, absent=(0, *ABSENT_SENSOR))


def number(address: int) -> NumberField[int]:
    """Return a field of a plain number."""
    return NumberField(address, signed=False, nan=ABSENT)


def switch(address: int) -> NumberField[bool]:
    """Return a field of a switch; anything but 0 and 1 is not known."""
    return NumberField(address, signed=False, nan=ABSENT, convert=ON_OFF)


def set_bits(words: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the byte and the bit of each bit that is set, the low byte of a word first."""
    for index, byte in enumerate(unpacked(words)):
        for bit in range(8):
            if byte >> bit & 1:
                yield index, bit


def unpacked(words: Sequence[int]) -> bytes:
    """Return words as bytes, the low one of each first."""
    return b"".join(word.to_bytes(2, "little") for word in words)


def packed(data: Sequence[int]) -> list[int]:
    """Return bytes as words, the first byte as the low one."""
    return [low | high << 8 for low, high in zip(data[::2], data[1::2], strict=True)]


def counted(values: Values, name: str, count: str) -> tuple[Any, ...]:
    """Return as many of a row as the device says there are; without a word of it, up to the last that is not zero."""
    row = values.get(name, ())
    if (told := values.get(count)) is not None:
        return tuple(row[:told])
    return tuple(row[: max((index + 1 for index, item in enumerate(row) if item), default=0)])


class Balancer(Component):
    """Whether the balancer is switched on; boards that cannot tell have 0xFFFF here."""

    register_ranges = ((0xCF, 0xCF),)

    balancer = switch(0xCF)


def reading(values: Values) -> PackReading:
    """Return the live values that all dialects tell, in home_bms's words."""
    state = values.get("balance_state")
    return PackReading(
        time=0.0,
        cells=counted(values, "cells", "cell_count"),
        temperatures=counted(values, "temperatures", "sensor_count"),
        current=values.get("current"),
        voltage=values.get("voltage"),
        switch_temperature=values.get("mos_temperature"),
        soc=values.get("soc"),
        cycles=values.get("cycles"),
        switches=Switches(charge=values.get("charge_on"), discharge=values.get("discharge_on")),
        commanded=Switches(
            charge=values.get("charge"), discharge=values.get("discharge"), balance=values.get("balancer")
        ),
        balancing=None if state is None else BALANCING.get(state),
        balance_current=values.get("balance_current"),
        alarms=values.get("faults"),
    )


def values(reading: PackReading) -> dict[str, Any]:
    """Return the registers' values that several dialects have, of a pack that reads so."""
    cells = [cell for cell in reading.cells if cell is not None]
    temperatures = [temperature for temperature in reading.temperatures if temperature is not None]
    current = reading.current or 0.0
    return {
        "cells": reading.cells,
        "cell_count": len(reading.cells),
        "cell_max": max(cells, default=None),
        "cell_max_number": _place(reading.cells, max(cells, default=None)),
        "cell_min": min(cells, default=None),
        "cell_min_number": _place(reading.cells, min(cells, default=None)),
        "cell_average": sum(cells) / len(cells) if cells else None,
        "cell_difference": max(cells) - min(cells) if cells else None,
        "temperatures": reading.temperatures,
        "sensor_count": len(reading.temperatures),
        "temperature_max": max(temperatures, default=None),
        "temperature_max_number": _place(reading.temperatures, max(temperatures, default=None)),
        "temperature_min": min(temperatures, default=None),
        "temperature_min_number": _place(reading.temperatures, min(temperatures, default=None)),
        "current": reading.current,
        "voltage": reading.voltage,
        "power": abs(current * (reading.voltage or 0.0)),
        "state": 1 if current > 0 else 2 if current < 0 else 0,
        "mos_temperature": reading.switch_temperature,
        "board_temperature": None,
        "soc": reading.soc,
        "remaining_capacity": None
        if reading.capacity is None or reading.soc is None
        else reading.capacity * reading.soc / 100,
        "cycles": reading.cycles,
        "charge_on": reading.switches.charge,
        "discharge_on": reading.switches.discharge,
        "charge": reading.commanded.charge,
        "discharge": reading.commanded.discharge,
        "balancer": reading.commanded.balance,
        "balance_state": None if reading.balancing is None else 2 * reading.balancing,
        "balance_current": reading.balance_current,
        "faults": reading.alarms,
    }


def _place(row: Sequence[float | None], value: float | None) -> int:
    """Return the number, from 1, of a value in a row."""
    return 0 if value is None else row.index(value) + 1
