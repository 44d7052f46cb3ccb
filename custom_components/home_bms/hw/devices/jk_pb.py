"""JK's PB series of inverter BMSs (PB1A and PB2A, 8 and 16 cells): what its registers mean to home_bms."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ...core.model import AskedLimits, HardwareRing, PackReading, Switches
from ..asked_limits import asked
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Order, Values
from .jk_bulk import bulk
from .jk_registers import (
    CELLS,
    ON_OFF,
    About,
    Alarm,
    Balancing,
    Cells,
    Commands,
    Details,
    History,
    MoreSettings,
    Passport,
    Settings,
    Sleep,
    State,
)

MANUFACTURER: Final = "Jikong"

PROBES: Final = MappingProxyType({1: "temperature_1", 2: "temperature_2", 4: "temperature_4", 5: "temperature_5"})
"""The cells' sensors by their bit in the mask 0x12D0; the third shows the MOSFETs' temperature once more."""

CHEMISTRIES: Final = ((2.4, 3.0, "lto"), (3.4, 3.9, "lfp"), (4.0, 4.4, "nmc"))
"""Which chemistry an over-voltage setting between two voltages speaks of (V, V, key)."""

PRESET: Final = MappingProxyType(
    {
        "smart_sleep_voltage": 3.5,
        "cell_undervoltage": 2.58,
        "cell_undervoltage_release": 2.62,
        "cell_overvoltage": 3.65,
        "cell_overvoltage_release": 3.58,
        "balance_difference": 0.01,
        "full_voltage": 3.59,
        "empty_voltage": 2.6,
        "charge_voltage": 3.6,
        "float_voltage": 3.5,
        "power_off_voltage": 2.5,
        "charge_current": 40.0,
        "charge_overcurrent_delay": 3,
        "charge_overcurrent_release_time": 60,
        "discharge_current": 150.0,
        "discharge_overcurrent_delay": 300,
        "discharge_overcurrent_release_time": 60,
        "short_circuit_release_time": 5,
        "balance_current_max": 1.0,
        "charge_overtemperature": 70.0,
        "charge_overtemperature_release": 60.0,
        "discharge_overtemperature": 70.0,
        "discharge_overtemperature_release": 60.0,
        "charge_undertemperature": 2.0,
        "charge_undertemperature_release": 7.0,
        "switch_overtemperature": 80.0,
        "switch_overtemperature_release": 70.0,
        "short_circuit_delay": 0.0015,
        "balance_start_voltage": 3.4,
        "device_address": 1,
        "battery_overtemperature": 60,
        "battery_overtemperature_release": 50,
        "smart_sleep_hours": 24,
    }
)
"""The settings of a PB2A after its LFP preset, as recorded (`frames/jk_pb.json`, jk_fc03_0x1000)."""

RELEASES: Final = MappingProxyType(
    {
        "cell_overvoltage": -0.05,
        "cell_undervoltage": 0.05,
        "charge_overtemperature": -10.0,
        "discharge_overtemperature": -10.0,
        "charge_undertemperature": 5.0,
    }
)
"""How far from a setting a release lies that nobody has set."""


def info(values: Values) -> DeviceInfo:
    """Return who the pack says it is. Raises ValueError where no JK speaks like that."""
    model, serial_number, cells = (values.get(name) for name in ("model", "serial_number", "cell_count"))
    if not model or not serial_number:
        raise ValueError("the device tells no model and serial number where a JK PB has them")
    if not cells or cells > CELLS:
        raise ValueError(f"a JK PB has 1 to {CELLS} cells, not {cells}")
    return DeviceInfo(
        manufacturer=MANUFACTURER,
        model=model,
        serial_number=serial_number,
        hardware=values.get("hardware") or None,
        firmware=values.get("firmware") or None,
        cells=cells,
        capacity=values.get("design_capacity") or None,
        temperature_sensors=len(probes(values, {})),
        hardware_ring=HardwareRing(**{name: values.get(name) for name in HardwareRing.__slots__}),
        chemistry=chemistry(values.get("cell_overvoltage") or 0.0),
    )


def reading(values: Values, found: Values) -> PackReading:
    """Return the live values in home_bms's words.

    A cell that is set up and not wired, and a sensor that was there when the pack was found and is gone, read `None`.
    """
    cells = values.get("cells", ())
    mask = values.get("cell_mask", sum(1 << index for index, cell in enumerate(cells) if cell))
    cells = cells[: max(mask.bit_length(), values.get("cell_count", 0))]
    here = values.get("sensors", 0)
    state = values.get("balance_state")
    alarms = values.get("alarm_bits")
    return PackReading(
        time=0.0,
        cells=tuple(cell if mask >> index & 1 else None for index, cell in enumerate(cells)),
        temperatures=tuple(values.get(PROBES[bit]) if here >> bit & 1 else None for bit in probes(values, found)),
        current=values.get("current"),
        voltage=values.get("voltage"),
        switch_temperature=values.get("mos_temperature"),
        soc=values.get("soc"),
        soh=values.get("soh"),
        capacity=values.get("full_capacity"),
        cycles=values.get("cycles"),
        switches=Switches(charge=_switch(values, "charge_on"), discharge=_switch(values, "discharge_on")),
        commanded=Switches(**{name: values.get(name) for name in ("charge", "discharge", "balance")}),
        balancing=None if state is None else state != 0,
        balance_current=values.get("balance_current"),
        alarms=None if alarms is None else frozenset(_alarms(alarms)),
        # Every recorded pack with smart sleep tells a time; 0 is no time at all.
        sleep_in=values.get("time_to_sleep") or None,
        asked=_asked(values),
    )


def _asked(values: Values) -> AskedLimits | None:
    """Return the charge voltage that the pack is set to request; it tells no limit that changes."""
    volts, cells = values.get("charge_voltage"), values.get("cell_count")
    return asked(cvl=round(volts * cells, 3)) if volts and cells else None


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a pack that reads and is set up so."""
    ring = {name: value for name in HardwareRing.__slots__ if (value := getattr(info.hardware_ring, name)) is not None}
    releases = {f"{name}_release": ring[name] + step for name, step in RELEASES.items() if name in ring}
    cells = [cell or 0.0 for cell in reading.cells]
    temperatures = dict(zip(PROBES.items(), reading.temperatures, strict=False))
    balance = reading.balance_current or 0.0
    capacity = reading.capacity or 0.0
    return {
        **PRESET,
        **releases,
        **ring,
        "charge": bool(reading.commanded.charge),
        "discharge": bool(reading.commanded.discharge),
        "balance": bool(reading.commanded.balance),
        "cell_count": info.cells or len(cells),
        "design_capacity": info.capacity,
        "cells": cells,
        "cell_mask": sum(1 << index for index, cell in enumerate(reading.cells) if cell is not None),
        "cell_average": sum(cells) / len(cells) if cells else 0.0,
        "cell_difference": max(cells) - min(cells) if cells else 0.0,
        "cell_max_index": cells.index(max(cells)) if cells else 0,
        "cell_min_index": cells.index(min(cells)) if cells else 0,
        "mos_temperature": reading.switch_temperature,
        "temperature_3": reading.switch_temperature,
        **{name: value for (_, name), value in temperatures.items()},
        "sensors": 1 | sum(1 << bit for (bit, _), value in temperatures.items() if value is not None),
        "voltage": reading.voltage,
        "coarse_voltage": reading.voltage,
        "current": reading.current,
        "power": abs((reading.voltage or 0.0) * (reading.current or 0.0)),
        "alarm_bits": sum(bit for bit in Alarm if (bit.name or "").lower() in (reading.alarms or ())),
        "balance_current": balance,
        "balance_state": 0 if not reading.balancing else 1 if balance >= 0 else 2,
        "soc": reading.soc,
        "soh": reading.soh,
        "full_capacity": capacity,
        "remaining_capacity": capacity * (reading.soc or 0.0) / 100,
        "cycles": reading.cycles,
        "cycled_capacity": capacity * (reading.cycles or 0.0),
        "charge_on": bool(reading.switches.charge),
        "discharge_on": bool(reading.switches.discharge),
        "run_time": reading.time,
        "time_to_sleep": reading.sleep_in,
        "model": info.model,
        "serial_number": info.serial_number,
        "hardware": info.hardware,
        "firmware": info.firmware,
    }


def chemistry(overvoltage: float) -> str | None:
    """Return the chemistry that an over-voltage setting speaks of."""
    return next((key for lowest, highest, key in CHEMISTRIES if lowest <= overvoltage <= highest), None)


def probes(values: Values, found: Values) -> list[int]:
    """Return the bits of the cells' sensors that are there or were when the pack was found."""
    mask = values.get("sensors", 0) | found.get("sensors", 0)
    return [bit for bit in PROBES if mask >> bit & 1]


def _switch(values: Values, name: str) -> bool | None:
    """Return a MOSFET's state; anything but 0 and 1 is not known."""
    return ON_OFF.get(values.get(name, -1))


def _alarms(alarms: Alarm) -> list[str]:
    """Return the keys of the alarms that stand, those of unknown bits too."""
    known = {bit.bit_length() - 1: (bit.name or "").lower() for bit in Alarm}
    return [known.get(bit, f"alarm_{bit}") for bit in range(alarms.bit_length()) if alarms >> bit & 1]


DEVICE: Final = Device(
    key="jk_pb",
    name="JK PB",
    manufacturer=MANUFACTURER,
    baudrate=115200,
    unit_ids=range(16),
    spacing=0.075,
    timeout=1.0,
    address_step=2,
    identity=(About, Passport),
    passport=(Passport,),
    settings=(Settings,),
    extras=MappingProxyType({Balancing: (), Sleep: ("sleep_time",)}),
    live=MappingProxyType({Cells: ("cells_time",), State: ("temperatures_time", "current_time", "asked_time")}),
    pages=MappingProxyType(
        {
            "settings": (Settings, Balancing, MoreSettings),
            "identity": (About, Passport, History),
            "details": (Details, Sleep),
        }
    ),
    commands=Commands,
    # Function 16 with both words is the only write that a JK takes.
    orders=MappingProxyType(
        {
            "charge": Order(address=0x1070, on=(0, 1), off=(0, 0)),
            "discharge": Order(address=0x1074, on=(0, 1), off=(0, 0)),
            "balance": Order(address=0x1078, on=(0, 1), off=(0, 0)),
        }
    ),
    positions=("charge_on", "discharge_on"),
    areas=(range(0x1000, 0x111A), range(0x1200, 0x130E), range(0x1400, 0x1506)),
    info=info,
    reading=reading,
    values=values,
    frame=bulk,
)
