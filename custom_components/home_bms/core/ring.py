"""What a pack's own protection settings should be, and between which values they can be meant at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from .model import HardwareRing, PackConfig
from .presets import Chemistry

type Number = Callable[[PackConfig, Chemistry], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One setting of a device: its unit, what it should be, and between which values it can be meant at all."""

    name: str
    unit: str
    advice: Number
    span: tuple[float, float]
    """In `unit`; of a current in multiples of the capacity."""


# K by which the pack's own cut-off for heat may lie beyond home_bms's trip; JK's factory has 60 °C for LFP (2.4).
HEAT_MARGIN: Final = 5.0
# A pack's own current limit: a tenth above what its user wants, so that home_bms's limits come first (2.8, YamBMS).
_CURRENT_MARGIN: Final = 1.1
_VOLTAGES: Final = (1.0, 5.0)
# Nothing at home is charged in more than fifty hours or less than five minutes.
_CURRENTS: Final = (0.02, 12.0)
_HEAT: Final = (30.0, 110.0)
_COLD: Final = (-45.0, 20.0)
_TIMES: Final = (0.0, 3600.0)


def _registers() -> Mapping[str, Register]:
    """Return what every setting should be; voltages of `thresholds.md` 2.12, the rest beside the preset it follows."""
    rows: tuple[tuple[str, str, Number, tuple[float, float]], ...] = (
        ("cell_overvoltage", "V", lambda _, p: p.hardware_overvoltage, _VOLTAGES),
        ("cell_overvoltage_release", "V", lambda _, p: p.overvoltage_release, _VOLTAGES),
        ("cell_undervoltage", "V", lambda _, p: p.hardware_undervoltage, _VOLTAGES),
        ("cell_undervoltage_release", "V", lambda _, p: p.undervoltage_release, _VOLTAGES),
        # JK's presets: 0.1 V below its under-voltage (2.1).
        ("power_off_voltage", "V", lambda _, p: p.hardware_undervoltage - 0.1, _VOLTAGES),
        ("charge_voltage", "V", lambda c, _: c.cell_voltage_full, _VOLTAGES),
        ("float_voltage", "V", lambda c, _: c.cell_voltage_float, _VOLTAGES),
        ("charge_current", "A", lambda c, _: _CURRENT_MARGIN * c.charge_current, _CURRENTS),
        ("charge_overcurrent_delay", "s", lambda *_: 10.0, _TIMES),
        ("discharge_current", "A", lambda c, _: _CURRENT_MARGIN * c.discharge_current, _CURRENTS),
        ("discharge_overcurrent_delay", "s", lambda *_: 10.0, _TIMES),
        ("charge_overtemperature", "°C", lambda _, p: p.charge_overtemperature_trip + HEAT_MARGIN, _HEAT),
        ("charge_overtemperature_release", "°C", lambda _, p: p.charge_overtemperature_trip, _HEAT),
        ("charge_undertemperature", "°C", lambda _, p: p.charge_temperature[0], _COLD),
        ("charge_undertemperature_release", "°C", lambda _, p: p.charge_temperature[0] + 5.0, _COLD),
        ("discharge_overtemperature", "°C", lambda _, p: p.discharge_overtemperature_trip + HEAT_MARGIN, _HEAT),
        ("discharge_overtemperature_release", "°C", lambda _, p: p.discharge_overtemperature_trip, _HEAT),
        ("switch_overtemperature", "°C", lambda *_: 90.0, _HEAT),
        ("switch_overtemperature_release", "°C", lambda *_: 80.0, _HEAT),
        ("balance_start_voltage", "V", lambda _, p: p.balance_start, _VOLTAGES),
        # JK and Libre Solar: 10 mV (2.7).
        ("balance_difference", "V", lambda *_: 0.010, (0.001, 1.0)),
    )
    return {name: Register(name=name, unit=unit, advice=advice, span=span) for name, unit, advice, span in rows}


REGISTERS: Final = _registers()
FACTS: Final[Mapping[str, str]] = {"cells": "", "capacity": "Ah", "chemistry": ""}
"""What a device says of itself beside its settings, with the unit."""


def advice(name: str, config: PackConfig, preset: Chemistry) -> float:
    """Return what a register should be for a pack."""
    return round(REGISTERS[name].advice(config, preset), 3)


def meant(ring: HardwareRing) -> HardwareRing:
    """Return a ring without the voltages and temperatures that cannot be meant as they read: nothing follows them."""
    unmeant = {
        name: None
        for name, register in REGISTERS.items()
        if register.unit != "A"
        and (value := getattr(ring, name)) is not None
        and not register.span[0] <= value <= register.span[1]
    }
    return replace(ring, **unmeant) if unmeant else ring
