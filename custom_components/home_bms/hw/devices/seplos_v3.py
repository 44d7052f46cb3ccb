"""Seplos V3 boards (XZH, 16 cells): what their registers and coils mean to home_bms."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from ...core.model import AskedLimits, HardwareRing, PackReading, Switches
from ..asked_limits import asked, fits
from ..driver import DeviceInfo
from ..frames import Request, parse_answer
from ..modbus import Device
from ..registers import SPACES, Memory, Order, Values
from ..serial_numbers import telling
from .seplos_events import ALARMS, BALANCING, CELLS, BankEvents, Events, Functions
from .seplos_registers import About, BankExtremes, BankTotal, Cells, Inverter, Precharge, Status
from .seplos_settings import Settings

MANUFACTURER: Final = "Seplos"
FACTORY: Final = "XZH"
"""How the factory's name begins, by which such a board is known."""
PROBES: Final = ("temperature_1", "temperature_2", "temperature_3", "temperature_4")
CURRENTS: Final = ("discharge_current_max", "charge_current_max")
VIEWS: Final = (0xC0, 0xE0)
"""Unit ids under which a pack shows the same registers to the maker's display and app."""
RATING: Final = re.compile(r"S(\d{3})A")
"""Where a board's name tells what it is made for in A, as SG16S200A."""
COARSE: Final = 300
"""A from which on a board counts its current in tenths of an ampere (the maker's paper since V0.2)."""
ON, OFF = (0xAA55,), (0x55AA,)


def info(values: Values) -> DeviceInfo:
    """Return who the pack says it is. Raises ValueError where no Seplos V3 speaks like that."""
    if not values.get("factory", "").startswith(FACTORY):
        raise ValueError(f"the device does not name {FACTORY} as its factory, as a Seplos V3 does")
    cells = values.get("cell_count", 0)
    if not 0 < cells <= CELLS:
        raise ValueError(f"a Seplos V3 has 1 to {CELLS} cells, not {cells}")
    ring = {name: values.get(name) for name in HardwareRing.__slots__}
    discharge, charge = ring["discharge_current"], values.get("charge_request_voltage")
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model=values.get("model") or "V3",
        serial_number=telling(values.get("board_serial_number")) or telling(values.get("pack_serial_number")),
        firmware=values.get("firmware") or None,
        cells=cells,
        capacity=values.get("rated_capacity") or None,
        temperature_sensors=_probes(values),
        hardware_ring=HardwareRing(
            **{
                **ring,
                # Of the pack, and below zero, in the registers.
                "charge_voltage": charge / cells if charge else None,
                "discharge_current": None if discharge is None else abs(discharge),
            }
        ),
    )


def reading(values: Values, found: Values) -> PackReading:
    """Return the live values in home_bms's words; the four reserved temperatures are none."""
    current = values.get("current_raw")
    return PackReading(
        time=0.0,
        cells=values.get("cells", ())[: values.get("cell_count", CELLS)],
        temperatures=tuple(values[name] for name in PROBES[: _probes(values)] if name in values),
        current=None if current is None else round(_step(values.get("model")) * current, 2),
        voltage=values.get("voltage"),
        switch_temperature=values.get("mos_temperature"),
        soc=values.get("soc"),
        soh=values.get("soh"),
        capacity=values.get("full_capacity"),
        cycles=values.get("cycles"),
        switches=_switches(values),
        # It has no register for what it was told; its MOSFETs' state is what can be read back.
        commanded=_switches(values),
        balancing=any(values[name] for name in BALANCING) if BALANCING[0] in values else None,
        alarms=frozenset(key for name, key in ALARMS.items() if values.get(name)) if _events(values) else None,
        asked=_asked(values, found),
    )


def _asked(values: Values, found: Values) -> AskedLimits | None:
    """Return what the board asks for: currents as they change, and the charge voltage that it was set to ask for."""
    currents = fits(values, found, CURRENTS)
    discharge, charge = (values.get(name) if currents else None for name in CURRENTS)
    return asked(cvl=values.get("charge_request_voltage") or None, ccl=charge, dcl=discharge)


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads and is set up so."""
    ring = {name: value for name in HardwareRing.__slots__ if (value := getattr(info.hardware_ring, name)) is not None}
    discharge, charge = ring.pop("discharge_current", None), ring.pop("charge_voltage", 0.0)
    cells = [cell for cell in reading.cells if cell]
    known = [told for told in reading.temperatures if told is not None]
    capacity, alarms, limits = reading.capacity or 0.0, reading.alarms or (), reading.asked or AskedLimits()
    return {
        **ring,
        "discharge_current": None if discharge is None else -discharge,
        "charge_request_voltage": charge * (info.cells or 0) if limits.cvl is None else limits.cvl,
        "sensor_count": info.temperature_sensors,
        "cell_count": info.cells,
        "rated_capacity": info.capacity,
        "voltage": reading.voltage,
        "current_raw": (reading.current or 0.0) / _step(info.model),
        "remaining_capacity": capacity * (reading.soc or 0.0) / 100,
        "full_capacity": capacity,
        "soc": reading.soc,
        "soh": reading.soh,
        "cycles": reading.cycles,
        "cell_average": sum(cells) / len(cells) if cells else 0.0,
        "cell_max": max(cells, default=0.0),
        "cell_min": min(cells, default=0.0),
        "temperature_average": sum(known) / len(known) if known else None,
        "temperature_max": max(known, default=None),
        "temperature_min": min(known, default=None),
        "cells": reading.cells,
        **dict(zip(PROBES, reading.temperatures, strict=False)),
        "mos_temperature": reading.switch_temperature,
        "charge": bool(reading.switches.charge),
        "discharge": bool(reading.switches.discharge),
        "discharge_current_max": limits.dcl or 0,
        "charge_current_max": limits.ccl or 0,
        BALANCING[0]: bool(reading.balancing),
        **{name: key in alarms for name, key in ALARMS.items()},
        "factory": f"{FACTORY}-ElecTech Co.,Ltd",
        "model": info.model,
        "firmware": info.firmware,
        "board_serial_number": info.serial_number,
    }


def frame(answer: bytes, request: Request | None) -> Memory:
    """Return what an answer to the maker's display or app brings, empty if it is none. Raises FrameError."""
    return parse_answer(request, answer, 1) if request and request.unit in VIEWS else {}


def _events(values: Values) -> bool:
    """Whether the events were read."""
    return next(iter(ALARMS)) in values


def _switches(values: Values) -> Switches:
    return Switches(charge=values.get("charge"), discharge=values.get("discharge"))


def _probes(values: Values) -> int:
    """Return how many of the four sensors there are; a number that cannot be means all."""
    told = values.get("sensor_count", 0)
    return told if 0 < told < len(PROBES) else len(PROBES)


def _step(model: str | None) -> int:
    """Return what a hundredth of an ampere in the register stands for, in hundredths."""
    found = RATING.search(model or "")
    return 10 if found and int(found[1]) >= COARSE else 1


def _input(first: int, size: int) -> range:
    return range(SPACES["input"] + first, SPACES["input"] + first + size)


def _coil(first: int, size: int) -> range:
    return range(SPACES["coil"] + first, SPACES["coil"] + first + size)


DEVICE: Final = Device(
    key="seplos_v3",
    name="Seplos V3",
    manufacturer=MANUFACTURER,
    baudrate=19200,
    unit_ids=range(17),
    spacing=0.05,
    timeout=1.0,
    identity=(About,),
    passport=(About,),
    settings=(Settings,),
    live=MappingProxyType(
        {Status: ("current_time", "asked_time"), Cells: ("cells_time", "temperatures_time"), Events: ()}
    ),
    pages=MappingProxyType(
        {
            "settings": (Settings,),
            "identity": (About, Inverter),
            "details": (Status, Precharge, Cells, Events),
            "functions": (Functions,),
            "bank": (BankTotal, BankExtremes, BankEvents),
        }
    ),
    # The whole block, for it is the one that packs are known to answer.
    commands=Events,
    orders=MappingProxyType(
        {
            "charge": Order(address=0x1511, on=ON, off=OFF),
            "discharge": Order(address=0x1510, on=ON, off=OFF),
        }
    ),
    positions=("charge", "discharge"),
    areas=(
        *(_input(0x1000, 0x12), _input(0x1100, 0x1A), _input(0x1300, 0x6A), _input(0x1700, 0x33), _input(0x1800, 0x24)),
        *(_input(0x2000, 0x1A), _input(0x2100, 0x16)),
        *(_coil(0x1200, 0x90), _coil(0x1400, 0x50), _coil(0x2200, 0x50)),
    ),
    info=info,
    reading=reading,
    values=values,
    frame=frame,
)
