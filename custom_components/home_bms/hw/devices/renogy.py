"""Renogy's smart lithium batteries on RS485: what their registers mean to home_bms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Any, Final

from ...core.model import AskedLimits, HardwareRing, PackReading, Switches
from .. import alarm_bits
from ..asked_limits import asked, fits
from ..driver import DeviceInfo
from ..modbus import Device
from ..registers import Values
from ..serial_numbers import telling
from .renogy_registers import (
    CELLS,
    EFFECTS,
    OTHERS,
    PROTECTIONS,
    SENSING,
    STATES,
    WARNINGS,
    About,
    Cells,
    Flags,
    Settings,
    State,
)

MANUFACTURER: Final = "Renogy"
CHARGE_ON, DISCHARGE_ON = 1, 2
DISCHARGE_ENABLED, CHARGE_ENABLED = 6, 7
CURRENTS: Final = ("charge_current_limit", "discharge_current_limit")
LOW, HIGH, OTHER = 1, 2, 3
"""What two bits of an alarm field say; 0 is that all is well."""
ENDINGS: Final = MappingProxyType({LOW: "low", HIGH: "high", OTHER: "fault"})
WHAT: Final = (
    ("cell_alarms", tuple(f"cell_{number}" for number in range(1, CELLS + 1))),
    ("temperature_alarms", tuple(f"temperature_{number}" for number in range(1, CELLS + 1))),
    ("other_alarms", OTHERS),
)
"""The registers of two bits for each thing, the first in the lowest bits, with what each is about."""


def info(values: Values) -> DeviceInfo:
    """Return who the battery says it is. Raises ValueError where no Renogy speaks like that."""
    model = values.get("model")
    if not model:
        raise ValueError("the device tells no model where a Renogy has it")
    cells, probes = values.get("cell_count", 0), values.get("sensor_count", 0)
    if not 0 < cells <= CELLS or probes > CELLS:
        raise ValueError(f"a Renogy has 1 to {CELLS} cells and {CELLS} sensors, not {cells} and {probes}")
    charge = values.get("charge_voltage_limit")
    return DeviceInfo(
        manufacturer=values.get("manufacturer") or MANUFACTURER,
        model=model,
        serial_number=telling(values.get("serial_number")),
        firmware=values.get("firmware") or None,
        cells=cells,
        capacity=values.get("full_capacity") or None,
        temperature_sensors=probes,
        # The cells' own limits are told in steps of 0.1 V, and are no more to be judged by than the cells.
        hardware_ring=HardwareRing(
            charge_voltage=charge / cells if charge else None,
            charge_current=values.get("charge_current"),
            discharge_current=_magnitude(values.get("discharge_current")),
            charge_overtemperature=values.get("charge_overtemperature"),
            charge_undertemperature=values.get("charge_undertemperature"),
            discharge_overtemperature=values.get("discharge_overtemperature"),
        ),
    )


def reading(values: Values, found: Values) -> PackReading:
    """Return the live values in home_bms's words; a cell or sensor that was there when found is still counted."""
    cells = max(values.get("cell_count", 0), found.get("cell_count", 0))
    probes = max(values.get("sensor_count", 0), found.get("sensor_count", 0))
    remaining, full = values.get("remaining_capacity"), values.get("full_capacity")
    states = values.get("status_1")
    return PackReading(
        time=0.0,
        cells=values.get("cells", ())[:cells],
        temperatures=values.get("temperatures", ())[:probes],
        current=values.get("current"),
        voltage=values.get("voltage"),
        switch_temperature=values.get("board_temperature"),
        # It tells no charge of its own.
        soc=None if remaining is None or not full else 100 * remaining / full,
        capacity=full,
        cycles=values.get("cycles"),
        switches=Switches(
            charge=None if states is None else bool(states >> CHARGE_ON & 1),
            discharge=None if states is None else bool(states >> DISCHARGE_ON & 1),
        ),
        alarms=frozenset(_alarms(values)) if states is not None else None,
        asked=_asked(values, found),
    )


def values(reading: PackReading, info: DeviceInfo) -> Values:
    """Return the registers' values of a battery that reads and is set up so."""
    alarms, ring = reading.alarms or frozenset(), info.hardware_ring
    capacity, cells, limits = reading.capacity or 0.0, len(reading.cells), reading.asked or AskedLimits()
    return {
        "cell_count": cells,
        "cells": reading.cells,
        "sensor_count": len(reading.temperatures),
        "temperatures": reading.temperatures,
        "board_temperature": reading.switch_temperature,
        "current": reading.current,
        "voltage": reading.voltage,
        "remaining_capacity": capacity * (reading.soc or 0.0) / 100,
        "full_capacity": capacity,
        "cycles": reading.cycles,
        "charge_voltage_limit": (ring.charge_voltage or 0.0) * cells if limits.cvl is None else limits.cvl,
        "charge_current_limit": limits.ccl or 0.0,
        "discharge_current_limit": -(limits.dcl or 0.0),
        "request_bits": bool(limits.charge_allowed) << CHARGE_ENABLED
        | bool(limits.discharge_allowed) << DISCHARGE_ENABLED,
        **{name: _pairs(alarms, things) for name, things in WHAT},
        "status_1": alarm_bits.bits(alarms, PROTECTIONS, "status") & ~STATES
        | bool(reading.switches.charge) << CHARGE_ON
        | bool(reading.switches.discharge) << DISCHARGE_ON,
        "status_2": alarm_bits.bits(alarms, WARNINGS, "warning") & ~EFFECTS,
        "sensing_errors": alarm_bits.bits(alarms, SENSING, "sensing"),
        "charge_current": ring.charge_current,
        "discharge_current": None if ring.discharge_current is None else -ring.discharge_current,
        "charge_overtemperature": ring.charge_overtemperature,
        "charge_undertemperature": ring.charge_undertemperature,
        "discharge_overtemperature": ring.discharge_overtemperature,
        "serial_number": info.serial_number,
        "model": info.model,
        "firmware": info.firmware,
        "manufacturer": info.manufacturer,
    }


def _asked(values: Values, found: Values) -> AskedLimits | None:
    """Return the limits of this moment that the battery tells."""
    currents, flags = fits(values, found, CURRENTS), fits(values, found, ("request_bits",))
    charge, discharge = (_magnitude(values.get(name)) if currents else None for name in CURRENTS)
    bits = values.get("request_bits") if flags else None
    return asked(
        cvl=values.get("charge_voltage_limit") or None,
        ccl=charge,
        dcl=discharge,
        charge_allowed=None if bits is None else bool(bits >> CHARGE_ENABLED & 1),
        discharge_allowed=None if bits is None else bool(bits >> DISCHARGE_ENABLED & 1),
    )


def _alarms(values: Values) -> Iterator[str]:
    """Yield the alarms that stand."""
    for name, things in WHAT:
        field = values.get(name, 0)
        for number, thing in enumerate(things):
            if ending := ENDINGS.get(field >> 2 * number & 3):
                yield f"{thing}_{ending}"
    yield from alarm_bits.keys(values.get("status_1", 0) & ~STATES, PROTECTIONS, "status")
    yield from alarm_bits.keys(values.get("status_2", 0) & ~EFFECTS, WARNINGS, "warning")
    yield from alarm_bits.keys(values.get("sensing_errors", 0), SENSING, "sensing")


def _pairs(alarms: frozenset[str], things: Sequence[str]) -> int:
    """Return the field of two bits for each thing."""
    told = {f"{thing}_{ending}": code << 2 * n for n, thing in enumerate(things) for code, ending in ENDINGS.items()}
    return sum(bits for key, bits in told.items() if key in alarms)


def _magnitude(value: Any) -> float | None:  # noqa: ANN401 - a field holds what it holds
    """Return a current as a limit of its direction."""
    return None if value is None else abs(value)


DEVICE: Final = Device(
    key="renogy",
    name="Renogy smart lithium",
    manufacturer=MANUFACTURER,
    baudrate=9600,
    # 247 from the factory, 48 after the maker's app has seen it.
    unit_ids=range(247, 47, -199),
    spacing=0.05,
    timeout=1.0,
    cell_resolution=0.1,
    identity=(About,),
    passport=(About,),
    settings=(Settings,),
    live=MappingProxyType(
        {Cells: ("cells_time", "temperatures_time"), State: ("current_time", "asked_time"), Flags: ()}
    ),
    pages=MappingProxyType({"settings": (Settings,), "identity": (About,), "details": (State, Flags)}),
    # No register switches a MOSFET; the one that shuts the battery down is never written.
    areas=(range(5000, 5034), range(5035, 5053), range(5100, 5142), range(5200, 5224)),
    info=info,
    reading=reading,
    values=values,
)
