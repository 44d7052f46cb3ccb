"""Heltec's smart BMS (YYBMS), used as a monitor of cells: what its registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ...core.model import HardwareRing, PackReading, Switches
from ..channels import Channels, Current
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Kind, Values
from .heltec_registers import (
    CELLS,
    About,
    Balancing,
    Cells,
    Condition,
    Name,
    RunState,
    Settings,
    State,
    Warmth,
    Warned,
)

MANUFACTURER: Final = "Heltec"
CHEMISTRIES: Final = ("nmc", "lfp", "lto")
RING: Final = ("cell_overvoltage", "cell_undervoltage", "charge_current", "discharge_current")
ZERO_AT: Final = 40
"""What a byte with a temperature holds at 0 °C."""
SENSOR_BYTES: Final = range(1, 191)
"""Bytes that a sensor can tell; 0 and the highest are none (faults.md 21)."""
PROBES: Final = ("temperature_1", "temperature_2")


def info(values: Values) -> DeviceInfo:
    """Return who the board is. Raises ValueError where no Heltec speaks like that."""
    if not (model := values.get("model")):
        raise ValueError("the device tells no type where a Heltec has it")
    if not 0 < (cells := values.get("cell_count") or 0) <= CELLS:
        raise ValueError(f"a Heltec has 1 to {CELLS} cells, not {cells}")
    chemistry = values.get("chemistry", len(CHEMISTRIES))
    hardware = values.get("hardware_version")
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model=model,
        serial_number=values.get("serial_number") or "",
        hardware=None if hardware is None else str(hardware),
        cells=cells,
        capacity=values.get("total_capacity") or None,
        temperature_sensors=len(PROBES),
        hardware_ring=HardwareRing(**{name: values.get(name) or None for name in RING}),
        chemistry=CHEMISTRIES[chemistry] if chemistry < len(CHEMISTRIES) else None,
    )


def reading(values: Values, found: Values) -> PackReading:
    """Return the live values in home_bms's words."""
    current, state, warnings = values.get("current"), values.get("run_state"), values.get("warnings")
    count = values.get("cell_count", found.get("cell_count", CELLS))
    mask = values.get("balancing_mask")
    return PackReading(
        time=0.0,
        cells=values.get("cells", ())[:count],
        temperatures=tuple(_warmth(values[name]) for name in PROBES if name in values),
        # The board counts current positive when it discharges.
        current=None if current is None else -current or 0.0,
        voltage=values.get("voltage"),
        switch_temperature=_warmth(values.get("mos_temperature")),
        soc=_percent(values.get("soc")),
        soh=_percent(values.get("soh")),
        capacity=values.get("learned_capacity") or values.get("total_capacity") or None,
        switches=Switches()
        if state is None
        else Switches(charge=RunState.CHARGE_OFF not in state, discharge=RunState.DISCHARGE_OFF not in state),
        balancing=None if mask is None else mask != 0,
        alarms=None if warnings is None else frozenset(_alarms(warnings)),
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a board on a pack that reads and is set up so."""
    ring = info.hardware_ring
    capacity = reading.capacity or 0.0
    off = (not reading.switches.charge and RunState.CHARGE_OFF) | (
        not reading.switches.discharge and RunState.DISCHARGE_OFF
    )
    return {
        "serial_number": info.serial_number,
        "model": info.model,
        "hardware_version": int(hardware) if (hardware := info.hardware or "").isdecimal() else 0,
        "device_name": "home_bms",
        "chemistry": CHEMISTRIES.index(info.chemistry) if info.chemistry in CHEMISTRIES else len(CHEMISTRIES),
        "cell_count": len(reading.cells),
        "voltage": reading.voltage,
        "current": -(reading.current or 0.0),
        "cells": reading.cells,
        "mos_temperature": _byte(reading.switch_temperature),
        "balancer_temperature": _byte(reading.switch_temperature),
        **{
            name: _byte(reading.temperatures[index] if index < len(reading.temperatures) else None)
            for index, name in enumerate(PROBES)
        },
        "total_capacity": info.capacity or capacity,
        "remaining_capacity": capacity * (reading.soc or 0.0) / 100,
        "learned_capacity": capacity,
        "soc": reading.soc,
        "soh": reading.soh,
        "balancing_mask": int(bool(reading.balancing)),
        "run_state": off,
        "warnings": sum(bit for bit in Warned if _key(bit) in (reading.alarms or ())),
        **{name: getattr(ring, name) for name in RING},
    }


def _warmth(byte: int | None) -> float | None:
    """Return a temperature in °C."""
    return float(byte - ZERO_AT) if byte in SENSOR_BYTES and byte is not None else None


def _byte(warmth: float | None) -> int:
    """Return the byte that tells a temperature, 0 where there is none."""
    return 0 if warmth is None else min(max(round(warmth) + ZERO_AT, SENSOR_BYTES[0]), SENSOR_BYTES[-1])


def _percent(told: int | None) -> int | None:
    return told if told is not None and told <= 100 else None


def _key(bit: Warned) -> str:
    return (bit.name or "").lower()


def _alarms(warnings: Warned) -> list[str]:
    """Return the keys of the warnings that stand, those of unknown bits too."""
    known = {bit.bit_length() - 1: _key(bit) for bit in Warned}
    return [known.get(bit, f"alarm_{bit}") for bit in range(warnings.bit_length()) if warnings >> bit & 1]


DEVICE: Final = Device(
    key="heltec",
    name="Heltec BMS",
    manufacturer=MANUFACTURER,
    kind=Kind.CELLS,
    channels=Channels(cells=CELLS, temperatures=len(PROBES), voltages=1, current=Current.SIGNED),
    baudrate=9600,
    unit_ids=range(1, 17),
    spacing=0.03,
    timeout=0.5,
    identity=(About, Name),
    passport=(About,),
    settings=(Settings,),
    live=MappingProxyType(
        {
            State: ("current_time",),
            Cells: ("cells_time",),
            Warmth: ("temperatures_time",),
            Balancing: (),
            Condition: (),
        }
    ),
    pages=MappingProxyType(
        {"settings": (Settings,), "identity": (About, Name), "details": (State, Warmth, Balancing, Condition)}
    ),
    areas=(
        *(range(2, 6), range(7, 20), range(38, 39), range(41, 47), range(75, 80), range(81, 114), range(118, 121)),
        *(range(126, 127), range(139, 141), range(152, 154), range(156, 158), range(169, 170), range(172, 173)),
        *(range(191, 192), range(194, 195)),
    ),
    unread=MappingProxyType({range(47, 49): "the Bluetooth password"}),
    info=info,
    reading=reading,
    values=values,
)
