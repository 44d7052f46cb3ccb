"""EG4's first LifePower4 (Narada, Tianpower), which speaks ASCII frames: what its values mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final, override

from modbus_connection.model import Component, NumberField, RegisterField, gauge, uint32

from ...core.model import PackReading, Switches
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import SparseSeries, Values
from .lifepower4_frames import ABSENT, ALARMS, ANALOG, CELLS, CELLS_AT, DIALECT, SENSORS, SENSORS_AT

MANUFACTURER: Final = "EG4"
MODEL: Final = "LifePower4"
CENTI: Final = 0.01
MILLI: Final = 0.001
ZERO: Final = 273.0
"""K at 0 °C, as the pack has it."""
UNTOLD: Final = (0, ABSENT)
DIRECTED: Final = 1.0
"""A from which the pack's own word for the direction must agree with the sign."""
CHARGING: Final = 1 << 1
DISCHARGING: Final = 1 << 0

EVENTS: Final = MappingProxyType(
    {
        "balance_events": (
            "balance_module_alarm",
            None,
            None,
            None,
            "cell_difference",
            "charge_switch_fault",
            "discharge_switch_fault",
        ),
        "voltage_events": (
            "cell_overvoltage_warning",
            "cell_overvoltage",
            "cell_undervoltage_warning",
            "cell_undervoltage",
            "pack_overvoltage_warning",
            "pack_overvoltage",
            "pack_undervoltage_warning",
            "pack_undervoltage",
        ),
        "temperature_events": (
            "charge_overtemperature_warning",
            "charge_overtemperature",
            "charge_undertemperature_warning",
            "charge_undertemperature",
            "discharge_overtemperature_warning",
            "discharge_overtemperature",
            "discharge_undertemperature_warning",
            "discharge_undertemperature",
            "environment_overtemperature_warning",
            "environment_overtemperature",
            "environment_undertemperature_warning",
            "environment_undertemperature",
            "switch_overtemperature",
            "fire",
        ),
        "current_events": (
            "charge_overcurrent_warning",
            "charge_overcurrent",
            "discharge_overcurrent_warning",
            "discharge_overcurrent",
            "discharge_overcurrent_2",
            "discharge_short_circuit",
            "discharge_overcurrent_2_lockout",
            "discharge_short_circuit_lockout",
        ),
        "capacity_events": ("soc_low",),
    }
)
"""By field, the alarms' keys from bit 0 on; the maker's "alarm" is a warning, its "protection" the alarm."""
WIDTHS: Final = MappingProxyType(
    {"balance_events": 8, "voltage_events": 8, "temperature_events": 16, "current_events": 8, "capacity_events": 8}
)


class Kelvins(RegisterField[tuple[float | None, ...]]):
    """A row of sensors in tenths of a kelvin; what is not told is `None`."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> tuple[float | None, ...]:
        return tuple([None if word in UNTOLD else round(word / 10 - ZERO, 1) for word in words])

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        told = [0 if item is None else round(min(max(10 * (item + ZERO), 1), ABSENT - 1)) for item in value or ()]
        return [*told, *[ABSENT] * self.count][: self.count]


def number(register: int, *, count: int = 1) -> NumberField[int]:
    """Return a field of a plain number."""
    return NumberField(register, count=count, signed=False, nan=(1 << 16 * count) - 1)


def degrees(register: int) -> NumberField[float]:
    """Return a field of tenths of a kelvin."""
    return gauge(register, 0.1, offset=-ZERO, signed=False, nan=UNTOLD, unit="°C")


def hundredths(register: int, unit: str) -> NumberField[float]:
    """Return a field of hundredths."""
    return gauge(register, CENTI, signed=False, nan=ABSENT, unit=unit)


def cell_volts(register: int) -> NumberField[float]:
    """Return a field of millivolts."""
    return gauge(register, MILLI, signed=False, nan=ABSENT, unit="V")


class Details(Component):
    """Live values that home_bms does not judge by."""

    environment_temperature = degrees(0x04)
    remaining_capacity = hundredths(0x08, "Ah")
    cell_max = cell_volts(0x0E)
    cell_min = cell_volts(0x0F)
    cell_difference = cell_volts(0x10)
    temperature_max = degrees(0x11)
    temperature_min = degrees(0x12)
    charged_capacity = uint32(0x13, nan=0xFFFFFFFF, scale=CENTI, unit="Ah")
    discharged_capacity = uint32(0x15, nan=0xFFFFFFFF, scale=CENTI, unit="Ah")
    charged_energy = number(0x17, count=2)
    discharged_energy = number(0x19, count=2)
    charging_time = number(0x1B, count=2)
    discharging_time = number(0x1D, count=2)
    charging_times = number(0x1F)
    discharging_times = number(0x20)


class Analog(Details):
    """The answer to command 0x42."""

    register_ranges = ((ANALOG.base, ANALOG.base + ANALOG.count - 1),)
    max_span = ANALOG.count

    cell_count = number(0x02)
    sensor_count = number(0x03)
    mos_temperature = degrees(0x05)
    current = gauge(0x06, CENTI, unit="A")
    voltage = hundredths(0x07, "V")
    full_capacity = hundredths(0x09, "Ah")
    cycles = number(0x0A)
    soc = number(0x0C)
    soh = number(0x0D)
    cells = SparseSeries(CELLS_AT, count=CELLS, unit="V")
    temperatures = Kelvins(SENSORS_AT, count=SENSORS, unit="°C")


class Alarms(Component):
    """The answer to command 0x44."""

    register_ranges = ((ALARMS.base, ALARMS.base + ALARMS.count - 1),)
    max_span = ALARMS.count

    balance_events = number(0x109)
    voltage_events = number(0x10A)
    temperature_events = number(0x10B)
    current_events = number(0x10C)
    capacity_events = number(0x10D)
    switch_state = number(0x10E)
    system_state = number(0x10F)
    balancing_cells = number(0x110, count=2)


class Frame(Component):
    """What the frame of the alarms repeats, for whoever shows a pack."""

    alarm_cell_count = number(ALARMS.base + 2)
    alarm_sensor_count = number(ALARMS.base + 3)


def info(values: Values) -> DeviceInfo:
    """Return who the pack says it is. Raises ValueError where no LifePower4 speaks like that."""
    cells = values.get("cell_count")
    if not cells or cells > CELLS:
        raise ValueError(f"a LifePower4 has 1 to {CELLS} cells, not {cells}")
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model=MODEL,
        serial_number="",
        cells=cells,
        capacity=values.get("full_capacity") or None,
        temperature_sensors=min(values.get("sensor_count") or 0, SENSORS),
    )


def reading(values: Values, found: Values) -> PackReading:  # noqa: ARG001 - it tells every time what it is made of
    """Return the live values in home_bms's words."""
    switches, balancing = values.get("switch_state"), values.get("balancing_cells")
    return PackReading(
        time=0.0,
        cells=tuple(values.get("cells", ())[: values.get("cell_count") or 0]),
        temperatures=tuple(values.get("temperatures", ())[: values.get("sensor_count") or 0]),
        current=_current(values),
        voltage=values.get("voltage"),
        switch_temperature=values.get("mos_temperature"),
        soc=values.get("soc"),
        soh=values.get("soh"),
        capacity=values.get("full_capacity") or None,
        cycles=values.get("cycles"),
        switches=Switches()
        if switches is None
        else Switches(charge=bool(switches & CHARGING), discharge=bool(switches & DISCHARGING)),
        balancing=None if balancing is None else balancing != 0,
        alarms=_alarms(values),
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:  # noqa: ARG001 - a frame tells no identity
    """Return the values of a pack that reads so."""
    cells, temperatures = list(reading.cells)[:CELLS], list(reading.temperatures)[:SENSORS]
    heights = [cell for cell in cells if cell is not None]
    known = [temperature for temperature in temperatures if temperature is not None]
    current, switches, alarms = reading.current or 0.0, reading.switches, reading.alarms or ()
    return {
        "cell_count": len(cells),
        "sensor_count": len(temperatures),
        "alarm_cell_count": len(cells),
        "alarm_sensor_count": len(temperatures),
        "cells": [*cells, *[None] * (CELLS - len(cells))],
        "temperatures": temperatures,
        "environment_temperature": None,
        "mos_temperature": reading.switch_temperature,
        "current": reading.current,
        "voltage": reading.voltage,
        "remaining_capacity": (reading.capacity or 0.0) * (reading.soc or 0.0) / 100,
        "full_capacity": reading.capacity,
        "cycles": reading.cycles,
        "soc": reading.soc,
        "soh": reading.soh,
        "cell_max": max(heights, default=None),
        "cell_min": min(heights, default=None),
        "cell_difference": max(heights) - min(heights) if heights else None,
        "temperature_max": max(known, default=None),
        "temperature_min": min(known, default=None),
        "switch_state": bool(switches.charge) * CHARGING | bool(switches.discharge) * DISCHARGING,
        "system_state": CHARGING if current > 0 else DISCHARGING if current < 0 else 1 << 3,
        "balancing_cells": (1 << len(cells)) - 1 if reading.balancing else 0,
        **{
            name: sum(1 << bit for bit in range(width) if _event(name, bit) in alarms) for name, width in WIDTHS.items()
        },
    }


def _current(values: Values) -> float | None:
    """Return the current, unless the pack itself says that it flows the other way.

    No source proves the sign of this dialect. Charging is positive in its EG4 sister.
    """
    current, state = values.get("current"), values.get("system_state") or 0
    if current is None or abs(current) < DIRECTED:
        return current
    against = DISCHARGING if current > 0 else CHARGING
    return None if state & (CHARGING | DISCHARGING) == against else current


def _event(name: str, bit: int) -> str:
    """Return the key of an event bit; those without a name have the event's."""
    keys = EVENTS[name]
    return (keys[bit] if bit < len(keys) else None) or f"{name.removesuffix('_events')}_alarm_{bit}"


def _alarms(values: Values) -> frozenset[str] | None:
    """Return the keys of the alarms that stand, `None` where none are told."""
    told = {name: bits for name in EVENTS if (bits := values.get(name)) is not None}
    found = frozenset(_event(name, bit) for name, bits in told.items() for bit in range(16) if bits >> bit & 1)
    return found if told else None


DEVICE: Final = Device(
    key="eg4_lifepower4_ascii",
    name="EG4 LifePower4 (first generation)",
    manufacturer=MANUFACTURER,
    baudrate=9600,
    unit_ids=range(1, 17),
    dialect=DIALECT,
    spacing=0.1,
    timeout=2.5,
    identity=(),
    passport=(Analog,),
    settings=(),
    extras=MappingProxyType({Alarms: ()}),
    mute=frozenset({Alarms}),
    live=MappingProxyType({Analog: ("cells_time", "temperatures_time", "current_time"), Alarms: ()}),
    pages=MappingProxyType({"details": (Details, Frame)}),
    areas=tuple(range(page.base, page.base + page.count) for page in (ANALOG, ALARMS)),
    info=info,
    reading=reading,
    values=values,
)
