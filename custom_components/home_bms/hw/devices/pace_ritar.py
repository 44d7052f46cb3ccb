"""Ritar's packs with a PACE BMS (R-LFP51.2V100Ah): what their registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, NumberField, gauge, integer, uint32

from ...core.model import PackReading
from .. import alarm_bits
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Series, Values
from .pace_registers import CELLS, NAMES, Head, thresholds

MANUFACTURER: Final = "Ritar"
OFFSET: Final = -50.0
"""°C that 0 stands for: the project that reads these packs takes 726 for 22.6 °C (mamontuka/ritar-bms-ha)."""
APART: Final = 0.05
"""V by which the highest and the lowest cell may differ from the cells, which are read at another moment."""
BITS: Final = (("warning_bits", "warning"), ("protection_bits", "protection"))
"""Which alarm each bit stands for is not known."""


def probe(register: int) -> NumberField[float]:
    """Return a field of tenths of a degree above -50 °C."""
    return gauge(register, 0.1, offset=OFFSET, signed=False, unit="°C")


class General(Head):
    """The pack; 0, 16 registers."""

    register_ranges = ((0, 15),)

    soc = gauge(2, 0.1, signed=False, unit="%")
    soh_raw = integer(3, signed=False)
    warning_bits = uint32(9)
    protection_bits = uint32(11)
    status_bits = uint32(13)
    balance_mask = integer(15, signed=False)


class Cells(Component):
    """The cells; 40, 16 registers."""

    register_ranges = ((40, 55),)

    cells = Series(40, count=CELLS, unit="V")


class Temperatures(Component):
    """The cells' temperatures; 120, 4 registers."""

    register_ranges = ((120, 123),)

    temperature_1 = probe(120)
    temperature_2 = probe(121)
    temperature_3 = probe(122)
    temperature_4 = probe(123)


class Extremes(Component):
    """The board's temperatures, and the highest and lowest of each kind; 145, 10 registers."""

    register_ranges = ((145, 154),)

    mos_temperature = probe(145)
    environment_temperature = probe(146)
    cell_max = gauge(147, 0.001, signed=False, unit="V")
    cell_max_number = integer(148, signed=False)
    cell_min = gauge(149, 0.001, signed=False, unit="V")
    cell_min_number = integer(150, signed=False)
    temperature_max = probe(151)
    temperature_max_number = integer(152, signed=False)
    temperature_min = probe(153)
    temperature_min_number = integer(154, signed=False)


class Poles(Component):
    """The temperatures of the poles."""

    positive_pole_temperature = probe(155)
    negative_pole_temperature = probe(156)


class Inverter(Component):
    """Which protocol it speaks to an inverter."""

    inverter_protocol = integer(32, signed=False)


Thresholds: Final = thresholds(
    160, "The settings; whether its temperatures count from -50 °C too is not known.", degrees=False
)


def info(values: Values) -> DeviceInfo:
    """Return who the pack is. Raises ValueError where the registers are not laid out as Ritar's."""
    if (soc := values.get("soc", 0.0)) > 100:
        raise ValueError(f"{soc} % is no charge")
    cells = [cell for cell in values.get("cells", ()) if cell]
    if not cells:
        raise ValueError("the device tells no cell where a Ritar has them")
    for name, found in (("cell_max", max(cells)), ("cell_min", min(cells))):
        if abs(values.get(name, 0.0) - found) > APART:
            raise ValueError(f"{values.get(name, 0.0)} V is not the {name.replace('_', ' ')} of these cells: {found} V")
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model="R-LFP",
        serial_number="",
        cells=_count(values),
        capacity=values.get("design_capacity") or None,
        temperature_sensors=len(NAMES),
    )


def reading(values: Values, found: Values) -> PackReading:
    """Return the live values in home_bms's words; as many cells as there were when the pack was found, or more."""
    mask, soh = values.get("balance_mask"), values.get("soh_raw", 0)
    known = [(values[name], unknown) for name, unknown in BITS if name in values]
    return PackReading(
        time=0.0,
        cells=values.get("cells", ())[: max(_count(found), _count(values))],
        temperatures=tuple(values[name] for name in NAMES if name in values),
        current=values.get("current"),
        voltage=values.get("voltage"),
        switch_temperature=values.get("mos_temperature"),
        soc=values.get("soc"),
        # Tenths where it cannot be whole percent; the sheet tells it of the charge alone.
        soh=soh / 10 if soh > 100 else None,
        capacity=values.get("full_capacity"),
        cycles=values.get("cycles"),
        balancing=None if mask is None else mask != 0,
        alarms=frozenset(key for bits, unknown in known for key in alarm_bits.keys(bits, (), unknown))
        if known
        else None,
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads and is set up so."""
    cells = [cell for cell in reading.cells if cell]
    return {
        "current": reading.current,
        "voltage": reading.voltage,
        "soc": reading.soc,
        "soh_raw": 10 * (reading.soh or 0.0),
        "remaining_capacity": (reading.capacity or 0.0) * (reading.soc or 0.0) / 100,
        "full_capacity": reading.capacity,
        "design_capacity": info.capacity,
        "cycles": reading.cycles,
        **{name: alarm_bits.bits(reading.alarms or (), (), unknown, 32) for name, unknown in BITS},
        "balance_mask": int(bool(reading.balancing)),
        "cells": reading.cells,
        **dict(zip(NAMES, reading.temperatures, strict=False)),
        "mos_temperature": reading.switch_temperature,
        "cell_max": max(cells, default=0.0),
        "cell_min": min(cells, default=0.0),
    }


def _count(values: Values) -> int:
    """Return how many cells there are: as far as the last that shows a voltage."""
    return max((number for number, cell in enumerate(values.get("cells", ()), 1) if cell), default=0)


DEVICE: Final = Device(
    key="pace_ritar",
    name="Ritar (PACE)",
    manufacturer=MANUFACTURER,
    baudrate=9600,
    unit_ids=range(1, 17),
    spacing=0.1,
    timeout=0.5,
    identity=(),
    passport=(),
    settings=(),
    live=MappingProxyType(
        {
            General: ("current_time",),
            Cells: ("cells_time",),
            Temperatures: ("temperatures_time",),
            Extremes: (),
        }
    ),
    pages=MappingProxyType({"settings": (Thresholds, Inverter), "details": (General, Temperatures, Extremes, Poles)}),
    areas=(range(16), range(32, 33), range(40, 56), range(120, 124), range(145, 157), range(160, 215)),
    info=info,
    reading=reading,
    values=values,
)
