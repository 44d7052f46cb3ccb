"""Enepaq's TinyBMS s516 over its Modbus-compatible UART: what its registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ...core.model import HardwareRing, PackReading
from ..driver import DeviceInfo
from ..frames import FrameError, RefusedError, Request, valid
from ..modbus import Device
from ..registers import Memory, Values
from .tinybms_registers import (
    CELLS,
    CHARGING,
    DISCHARGING,
    FAULT,
    IDLE,
    STATUS,
    About,
    Events,
    History,
    Live,
    Passport,
    Settings,
)

MANUFACTURER: Final = "Enepaq"
UNIT: Final = 0xAA
REFUSAL: Final = 0x00
"""Where others have the function, in an answer that refuses."""
REFUSAL_SIZE: Final = 6
REASONS: Final = MappingProxyType({0: "it does not know the command", 1: "the checksum was wrong"})
OVERVOLTAGES: Final = (1.2, 4.5)
"""V between which the over-voltage cut-off can be set."""
SURE: Final = 1.0
"""A from which on a current that flows against what the device says of itself is not believed."""
PROBES: Final = ("temperature_1", "temperature_2")
PRESET: Final = MappingProxyType({"cell_overvoltage": 4.2, "cell_undervoltage": 2.9, "full_voltage": 4.15})
"""What a recorded device was set to."""


def info(values: Values) -> DeviceInfo:
    """Return who the device says it is. Raises ValueError where no TinyBMS speaks like that."""
    cells, status = values.get("series_cells", 0), values.get("status")
    if not 4 <= cells <= CELLS:
        raise ValueError(f"a TinyBMS is set up for 4 to {CELLS} cells, not {cells}")
    if status not in STATUS:
        raise ValueError(f"{status} is no state of a TinyBMS")
    over = values.get("cell_overvoltage", 0.0)
    if not OVERVOLTAGES[0] <= over <= OVERVOLTAGES[1]:
        raise ValueError(f"a TinyBMS cuts off between {OVERVOLTAGES[0]} and {OVERVOLTAGES[1]} V, not at {over}")
    heat = values.get("overtemperature")
    own = {name: values.get(name) for name in HardwareRing.__slots__}
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model="TinyBMS s516",
        serial_number=values.get("serial_number", ""),
        hardware=f"{values.get('hardware_version', 0)}.{values.get('hardware_change', 0)}",
        firmware=f"{values.get('firmware_version', 0)}.{values.get('firmware_build', 0)}",
        cells=cells,
        capacity=values.get("design_capacity") or None,
        temperature_sensors=len(_probes(values, {})),
        # One setting cuts off both ways.
        hardware_ring=HardwareRing(**{**own, "charge_overtemperature": heat, "discharge_overtemperature": heat}),
    )


def reading(values: Values, found: Values) -> PackReading:
    """Return the live values in home_bms's words; a sensor that was there when found and is gone is `None`."""
    status, mask = values.get("status"), values.get("balance_mask")
    return PackReading(
        time=0.0,
        cells=_cells(values),
        temperatures=tuple(values.get(name) for name in _probes(values, found)),
        current=_current(values.get("current"), status),
        voltage=values.get("voltage"),
        switch_temperature=values.get("board_temperature"),
        soc=values.get("soc"),
        soh=values.get("soh"),
        balancing=None if mask is None else mask != 0,
        alarms=None if status is None else frozenset({"device_fault"} if status == FAULT else ()),
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads and is set up so."""
    ring = {name: value for name in HardwareRing.__slots__ if (value := getattr(info.hardware_ring, name)) is not None}
    known = [cell for cell in reading.cells if cell]
    flow = round(reading.current or 0.0)
    faulty = "device_fault" in (reading.alarms or ())
    hardware, _, change = (info.hardware or "").partition(".")
    firmware, _, build = (info.firmware or "").partition(".")
    return {
        **PRESET,
        **ring,
        "overtemperature": info.hardware_ring.discharge_overtemperature,
        "cell_row": reading.cells,
        "cell_count": len(reading.cells),
        "series_cells": info.cells,
        "voltage": reading.voltage,
        "current": reading.current,
        "cell_min": min(known, default=0.0),
        "cell_max": max(known, default=0.0),
        **dict.fromkeys(PROBES),
        **dict(zip(PROBES, reading.temperatures, strict=False)),
        "soh": reading.soh,
        "soc": reading.soc,
        "board_temperature": reading.switch_temperature,
        "status": FAULT if faulty else CHARGING if flow > 0 else DISCHARGING if flow < 0 else IDLE,
        "balance_mask": int(bool(reading.balancing)),
        "design_capacity": info.capacity,
        "hardware_version": _number(hardware),
        "hardware_change": _number(change),
        "firmware_version": _number(firmware),
        "firmware_build": _number(build),
        "serial_number": info.serial_number,
    }


def frame(answer: bytes, _request: Request | None) -> Memory:
    """Return nothing: the answers are those of Modbus, except where the device refuses. Raises RefusedError."""
    if len(answer) != REFUSAL_SIZE or answer[:2] != bytes((UNIT, REFUSAL)):
        return {}
    if not valid(answer):
        raise FrameError("the refusal's checksum is wrong")
    reason = REASONS.get(answer[3], f"error {answer[3]}")
    raise RefusedError(None, f"the device refuses the command 0x{answer[2]:02X}: {reason}")


def _cells(values: Values) -> tuple[float | None, ...]:
    """Return the cells, the first first.

    With fewer than 16 some firmware fills the row from its end and counts backwards: then nothing stands before them.
    Where something stands on both sides of them nobody knows which is which.
    """
    row: tuple[float, ...] = values.get("cell_row", ())
    count: int = values.get("cell_count", values.get("series_cells", len(row)))
    if len(row) < CELLS or not any(row[count:]):
        return row[:count]
    if any(row[: CELLS - count]):
        return (None,) * count
    return row[: CELLS - count - 1 : -1]


def _current(current: float | None, status: int | None) -> float | None:
    """Return the current unless it flows the other way than the device says of itself.

    The sign is not documented; with an external sensor it is a setting, too.
    """
    against = (current or 0.0) * {CHARGING: -1, DISCHARGING: 1}.get(status or 0, 0)
    return None if against > SURE else current


def _probes(values: Values, found: Values) -> list[str]:
    """Return the sensors that are there or were when the pack was found."""
    return [name for name in PROBES if values.get(name) is not None or found.get(name) is not None]


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


DEVICE: Final = Device(
    key="tinybms",
    name="TinyBMS s516",
    manufacturer=MANUFACTURER,
    baudrate=115200,
    unit_ids=range(UNIT, UNIT + 1),
    spacing=0.01,
    timeout=0.5,
    wakes=True,
    cell_resolution=0.0001,
    identity=(About, Passport),
    passport=(Passport,),
    settings=(Settings,),
    live=MappingProxyType({Live: ("cells_time", "temperatures_time", "current_time")}),
    pages=MappingProxyType(
        {
            "settings": (Settings,),
            "identity": (About, Passport),
            "details": (Live, History),
            "events": (Events,),
        }
    ),
    # The board switches by its own thresholds; no register opens or closes a switch at once.
    areas=(range(54), range(100, 118), range(200, 298), range(300, 344), range(500, 510)),
    info=info,
    reading=reading,
    values=values,
    frame=frame,
)
