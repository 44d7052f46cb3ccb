"""Makes a pack's configuration from its chemistry, its make and what the user moved, every level in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any, Final

from .levels import levels
from .model import BalanceConfig, ChargeConfig, ConfigError, Curve, HardwareRing, PackConfig
from .presets import CHEMISTRIES, SOC, Chemistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One threshold that a user may move, and between which bounds."""

    key: str
    group: str
    unit: str
    minimum: float
    maximum: float
    step: float


def _settings() -> tuple[Setting, ...]:
    rows = (
        ("cell_voltage", "V", 1.0, 4.5, 0.005, "cell_voltage_full"),
        ("cell_voltage", "V", 1.0, 4.5, 0.005, "cell_voltage_float"),
        ("cell_voltage", "V", 1.0, 4.5, 0.005, "cell_overvoltage_derate"),
        ("cell_voltage", "V", 1.0, 4.5, 0.005, "cell_overvoltage_release"),
        ("cell_voltage", "V", 1.0, 4.5, 0.005, "cell_overvoltage_protect"),
        ("cell_voltage", "V", 1.0, 4.5, 0.005, "cell_overvoltage_trip"),
        ("cell_voltage", "V", 1.0, 4.5, 0.005, "cell_undervoltage_derate"),
        ("cell_voltage", "V", 1.0, 4.5, 0.005, "cell_undervoltage_release"),
        ("cell_voltage", "V", 1.0, 4.5, 0.005, "cell_undervoltage_protect"),
        ("cell_voltage", "V", 1.0, 4.5, 0.005, "cell_undervoltage_trip"),
        ("cell_voltage", "V", 0.005, 0.5, 0.001, "cell_difference_warn"),
        ("cell_voltage", "V", 0.005, 1.0, 0.001, "cell_difference_derate"),
        ("current", "A", 0.1, 4000.0, 0.1, "charge_overcurrent_protect"),
        ("current", "A", 0.1, 4000.0, 0.1, "charge_overcurrent_trip"),
        ("current", "A", 0.1, 4000.0, 0.1, "discharge_overcurrent_protect"),
        ("current", "A", 0.1, 4000.0, 0.1, "discharge_overcurrent_trip"),
        ("temperature", "°C", -40.0, 90.0, 0.5, "charge_overtemperature_derate"),
        ("temperature", "°C", -40.0, 90.0, 0.5, "charge_overtemperature_protect"),
        ("temperature", "°C", -40.0, 90.0, 0.5, "charge_overtemperature_trip"),
        ("temperature", "°C", -40.0, 90.0, 0.5, "charge_undertemperature_derate"),
        ("temperature", "°C", -40.0, 90.0, 0.5, "charge_undertemperature_protect"),
        ("temperature", "°C", -40.0, 90.0, 0.5, "discharge_overtemperature_protect"),
        ("temperature", "°C", -40.0, 90.0, 0.5, "discharge_overtemperature_trip"),
        ("temperature", "°C", -40.0, 90.0, 0.5, "discharge_undertemperature_protect"),
        ("balancing", "V", 1.0, 4.5, 0.005, "balance_start"),
        ("balancing", "V", 0.001, 0.5, 0.001, "balance_on"),
        ("balancing", "V", 0.001, 0.5, 0.001, "balance_off"),
        ("temperature", "K", 2.0, 40.0, 0.5, "temperature_spread"),
        ("data", "s", 2.0, 30.0, 1.0, "age_derate"),
        ("data", "s", 5.0, 60.0, 1.0, "age_stop"),
        ("data", "s", 10.0, 300.0, 1.0, "open_after"),
        ("soc", "%", 0.0, 50.0, 1.0, "soc_reserve"),
        ("soc", "%", 0.0, 100.0, 1.0, "soc_min"),
        ("soc", "%", 0.0, 100.0, 1.0, "soc_max"),
    )
    return tuple(
        Setting(key=key, group=group, unit=unit, minimum=low, maximum=high, step=step)
        for group, unit, low, high, step, key in rows
    )


type _Field = tuple[Setting, str, float]
"""A setting, its field in a part of PackConfig, and how many of the setting's unit are one of the field's."""


def _fields(group: str, *rows: tuple[str, float, float, float, str, str, float]) -> tuple[_Field, ...]:
    return tuple(
        (Setting(key=key, group=group, unit=unit, minimum=low, maximum=high, step=step), field, scale)
        for unit, low, high, step, key, field, scale in rows
    )


_BALANCING: Final = _fields(
    "balancing",
    ("%", 0.02, 5.0, 0.01, "balance_charge_on", "charge_on", 100.0),
    ("%", 0.01, 2.0, 0.01, "balance_charge_off", "charge_off", 100.0),
    ("°C", -40.0, 30.0, 0.5, "balance_temperature_min", "temperature_min", 1.0),
    ("°C", 20.0, 70.0, 0.5, "balance_temperature_max", "temperature_max", 1.0),
    ("°C", 30.0, 100.0, 0.5, "balance_board_temperature", "board_temperature", 1.0),
    ("d", 0.0, 365.0, 1.0, "balance_every", "every", 1.0),
    ("h", 1.0, 72.0, 1.0, "balance_give_up", "give_up", 1.0),
)
_CHARGING: Final = _fields(
    "charging",
    ("min", 1.0, 600.0, 1.0, "absorption_hold", "hold", 1 / 60),
    ("h", 0.5, 72.0, 0.5, "absorption_longest", "longest", 1 / 3600),
    ("V", 0.001, 0.1, 0.001, "absorption_difference", "difference", 1.0),
    ("%", 1.0, 50.0, 1.0, "recharge_after", "again", 1.0),
)

SETTINGS: Final = (*_settings(), *(setting for setting, _, _ in (*_BALANCING, *_CHARGING)))

# Each row must rise from left to right, strictly; `hardware_` keys are the pack's own settings where it tells them.
_RISING: Final = (
    ("cell_voltage_full", "cell_overvoltage_protect"),
    ("cell_overvoltage_derate", "cell_overvoltage_protect", "cell_overvoltage_trip", "hardware_cell_overvoltage"),
    ("cell_overvoltage_release", "cell_overvoltage_protect"),
    ("hardware_cell_undervoltage", "cell_undervoltage_trip", "cell_undervoltage_protect", "cell_undervoltage_derate"),
    ("cell_undervoltage_protect", "cell_undervoltage_release"),
    ("cell_undervoltage_derate", "cell_overvoltage_derate"),
    ("cell_undervoltage_release", "cell_voltage_full"),
    ("cell_difference_warn", "cell_difference_derate"),
    ("charge_overcurrent_protect", "charge_overcurrent_trip"),
    ("discharge_overcurrent_protect", "discharge_overcurrent_trip"),
    (
        "charge_undertemperature_protect",
        "charge_undertemperature_derate",
        "charge_overtemperature_derate",
        "charge_overtemperature_protect",
        "charge_overtemperature_trip",
        "hardware_charge_overtemperature",
    ),
    (
        "discharge_undertemperature_protect",
        "discharge_overtemperature_protect",
        "discharge_overtemperature_trip",
        "hardware_discharge_overtemperature",
    ),
    ("balance_off", "balance_on"),
    ("balance_charge_off", "balance_charge_on"),
    ("balance_temperature_min", "balance_temperature_max"),
    ("soc_min", "soc_max"),
    ("age_derate", "age_stop", "open_after"),
)

# The gap that software keeps to the pack's own cut-off, so that it acts first (thresholds.md 2.12, "Ordering rule").
_RING_GAP: Final = 0.050
_PROTECT_GAP: Final = 0.030
_TEMPERATURE_GAP: Final = 2.0


def defaults(
    chemistry: str, *, charge_current: float, discharge_current: float, hardware: HardwareRing | None = None
) -> dict[str, float]:
    """Return the preset's value of every setting, drawn inside the pack's own protection where that is tighter."""
    preset = CHEMISTRIES[chemistry]
    ring = hardware or HardwareRing()
    over = preset.overvoltage_trip
    if ring.cell_overvoltage is not None:
        over = min(over, ring.cell_overvoltage - _RING_GAP)
    over_protect = min(preset.overvoltage_protect, over - _PROTECT_GAP)
    over_release = min(preset.overvoltage_release, over_protect - _PROTECT_GAP)
    under = preset.undervoltage_trip
    if ring.cell_undervoltage is not None:
        under = max(under, ring.cell_undervoltage + _RING_GAP)
    under_protect = max(preset.undervoltage_protect, under + _PROTECT_GAP)
    cold, cool, warm, hot = preset.charge_temperature
    charge_trip = _inside(preset.charge_overtemperature_trip, ring.charge_overtemperature)
    discharge_trip = _inside(preset.discharge_overtemperature_trip, ring.discharge_overtemperature)
    charge_protect = min(hot, charge_trip - _TEMPERATURE_GAP)
    return {
        "cell_voltage_full": min(preset.full, over_release),
        "cell_voltage_float": preset.float_,
        "cell_overvoltage_derate": min(preset.overvoltage_derate, over_protect - 2 * _PROTECT_GAP),
        "cell_overvoltage_release": over_release,
        "cell_overvoltage_protect": over_protect,
        "cell_overvoltage_trip": over,
        "cell_undervoltage_derate": max(preset.undervoltage_derate, under_protect + 2 * _PROTECT_GAP),
        "cell_undervoltage_release": max(preset.undervoltage_release, under_protect + _PROTECT_GAP),
        "cell_undervoltage_protect": under_protect,
        "cell_undervoltage_trip": under,
        "cell_difference_warn": preset.difference_warn,
        "cell_difference_derate": preset.difference_alarm,
        # Seplos: warn at rated, protect 5 % above after 10 s (thresholds.md 2.3); trip at 1.2 times (faults.md 37).
        "charge_overcurrent_protect": round(1.05 * charge_current, 1),
        "charge_overcurrent_trip": round(1.2 * charge_current, 1),
        "discharge_overcurrent_protect": round(1.05 * discharge_current, 1),
        "discharge_overcurrent_trip": round(1.2 * discharge_current, 1),
        "charge_overtemperature_derate": min(warm, charge_protect - _TEMPERATURE_GAP),
        "charge_overtemperature_protect": charge_protect,
        "charge_overtemperature_trip": charge_trip,
        "charge_undertemperature_derate": cool,
        "charge_undertemperature_protect": cold,
        "discharge_overtemperature_protect": min(preset.discharge_temperature[1], discharge_trip - _TEMPERATURE_GAP),
        "discharge_overtemperature_trip": discharge_trip,
        "discharge_undertemperature_protect": preset.discharge_temperature[0],
        "balance_start": preset.balance_start,
        # JK and Libre Solar: 10 mV; stop at half of it so that the switch does not chatter (thresholds.md 2.7).
        "balance_on": 0.010,
        "balance_off": 0.005,
        # Battery-Emulator warns of a spread of 15 K (thresholds.md 2.4).
        "temperature_spread": 15.0,
        # thresholds.md 2.12.
        "age_derate": 5.0,
        "age_stop": 10.0,
        "open_after": 30.0,
        "soc_reserve": 10.0,
        "soc_min": 0.0,
        "soc_max": 100.0,
        **_values(_BALANCING, BalanceConfig()),
        **_values(_CHARGING, ChargeConfig()),
    }


def _values(rows: tuple[_Field, ...], config: BalanceConfig | ChargeConfig) -> dict[str, float]:
    """Return what stands in a part of the configuration of each of its settings, in the setting's unit."""
    return {setting.key: round(getattr(config, field) * scale, 6) for setting, field, scale in rows}


def _moved(rows: tuple[_Field, ...], overrides: Mapping[str, float]) -> dict[str, Any]:
    """Return the fields of a part of the configuration that the user moved."""
    return {field: overrides[setting.key] / scale for setting, field, scale in rows if setting.key in overrides}


def _inside(trip: float, hardware: float | None) -> float:
    return trip if hardware is None else min(trip, hardware - _TEMPERATURE_GAP)


# What a pack may be made of: field, minimum, maximum. 400 cells is a 1300 V LFP string, the most that a home inverter
# takes.
FACTS: Final = (
    ("cells", 1, 400),
    ("capacity", 1, 10_000),
    ("charge_current", 1, 2_000),
    ("discharge_current", 1, 2_000),
    ("temperature_sensors", 0, 64),
)


def configure(
    *,
    chemistry: str,
    cells: int,
    capacity: float,
    charge_current: float,
    discharge_current: float,
    temperature_sensors: int,
    hardware: HardwareRing | None = None,
    overrides: Mapping[str, float] | None = None,
    confirmed: bool = False,
    balance: BalanceConfig | None = None,
    cell_resolution: float = 0.001,
) -> PackConfig:
    """Return a pack's configuration, every level in order; `balance` is how its device does that.

    `cell_resolution` is in V.

    `overrides` are settings by key where the user moved them. Raises ConfigError that names the field and what it
    permits: `unknown_chemistry`, `confirm_datasheet`, `unknown_setting`, `out_of_range` (value, minimum, maximum) or
    `levels_out_of_order` (lower, lower_value, upper, upper_value).
    """
    if chemistry not in CHEMISTRIES:
        raise ConfigError("unknown_chemistry", "chemistry", value=chemistry, permitted=", ".join(CHEMISTRIES))
    preset = CHEMISTRIES[chemistry]
    if preset.confirm and not confirmed:
        raise ConfigError("confirm_datasheet", "confirmed", chemistry=preset.name)
    given = {
        "cells": cells,
        "capacity": capacity,
        "charge_current": charge_current,
        "discharge_current": discharge_current,
        "temperature_sensors": temperature_sensors,
    }
    for field, minimum, maximum in FACTS:
        _check_range(field, given[field], minimum, maximum)
    balance = balance or BalanceConfig()
    values = (
        defaults(chemistry, charge_current=charge_current, discharge_current=discharge_current, hardware=hardware)
        | _values(_BALANCING, balance)
        | dict(overrides or {})
    )
    ranges = {setting.key: setting for setting in SETTINGS}
    for key, value in values.items():
        if key not in ranges:
            raise ConfigError("unknown_setting", key, value=value)
        _check_range(key, value, ranges[key].minimum, ranges[key].maximum)
    ring = hardware or HardwareRing()
    _check_order(values, ring, moved=overrides or {})
    config = _build(
        chemistry, preset, cells, capacity, charge_current, discharge_current, temperature_sensors, ring, values
    )
    told = overrides or {}
    return replace(
        config,
        balance=replace(balance, **_moved(_BALANCING, told)),
        charging=replace(config.charging, **_moved(_CHARGING, told)),
        cell_resolution=cell_resolution,
    )


def _check_range(field: str, value: float, minimum: float, maximum: float) -> None:
    # A NaN compares false with everything, so it is refused here too.
    if not minimum <= value <= maximum:
        raise ConfigError("out_of_range", field, value=value, minimum=minimum, maximum=maximum)


def _check_order(values: Mapping[str, float], ring: HardwareRing, moved: Mapping[str, float]) -> None:
    """Refuse levels out of order, pointing at the one that the user moved."""
    known = dict(values)
    for name in ("cell_overvoltage", "cell_undervoltage", "charge_overtemperature", "discharge_overtemperature"):
        if (setting := getattr(ring, name)) is not None:
            known[f"hardware_{name}"] = setting
    for chain in _RISING:
        present = [key for key in chain if key in known]
        for lower, upper in pairwise(present):
            if not known[lower] < known[upper]:
                raise ConfigError(
                    "levels_out_of_order",
                    next((key for key in (upper, lower) if key in moved), upper),
                    lower=lower,
                    lower_value=f"{known[lower]:g}",
                    upper=upper,
                    upper_value=f"{known[upper]:g}",
                )


def _build(
    chemistry: str,
    preset: Chemistry,
    cells: int,
    capacity: float,
    charge_current: float,
    discharge_current: float,
    temperature_sensors: int,
    ring: HardwareRing,
    values: Mapping[str, float],
) -> PackConfig:
    value = values.__getitem__
    return PackConfig(
        chemistry=chemistry,
        cells=cells,
        temperature_sensors=temperature_sensors,
        capacity=capacity,
        charge_current=charge_current,
        discharge_current=discharge_current,
        cell_voltage_full=value("cell_voltage_full"),
        cell_voltage_float=min(value("cell_voltage_float"), value("cell_voltage_full")),
        cell_voltage_empty=value("cell_undervoltage_protect"),
        stages=levels(preset, cells, ring, value),
        charge_by_cell_voltage=_falling(value("cell_overvoltage_derate"), value("cell_overvoltage_protect")),
        discharge_by_cell_voltage=_rising(value("cell_undervoltage_protect"), value("cell_undervoltage_derate")),
        charge_by_temperature=Curve(
            points=(
                (value("charge_undertemperature_protect"), 0.0),
                (value("charge_undertemperature_derate"), 1.0),
                (value("charge_overtemperature_derate"), 1.0),
                (value("charge_overtemperature_protect"), 0.0),
            )
        ),
        discharge_by_temperature=_plateau(
            value("discharge_undertemperature_protect"), value("discharge_overtemperature_protect"), 10.0
        ),
        ocv=tuple(zip(SOC, preset.voltages, strict=True)),
        energy=_energy(preset, cells * capacity),
        window_top=preset.window_top,
        window_bottom=preset.window_bottom,
        balance_start=value("balance_start"),
        balance_on=value("balance_on"),
        balance_off=value("balance_off"),
        soc_min=value("soc_min"),
        soc_max=value("soc_max"),
        age_derate=value("age_derate"),
        age_stop=value("age_stop"),
        open_after=value("open_after"),
    )


def _energy(preset: Chemistry, charge: float) -> tuple[float, ...]:
    """Return the Wh at each point of the open-circuit-voltage curve, for `charge` in Ah times cells."""
    steps = (
        (above - below) / 100 * (low + high) / 2 * charge
        for (below, low), (above, high) in pairwise(zip(SOC, preset.voltages, strict=True))
    )
    return tuple(accumulate(steps, initial=0.0))


def _falling(start: float, end: float) -> Curve:
    """Full up to `start`, nothing from `end`; steep first, as voltage runs away at the end (`thresholds.md` 2.8)."""
    middle = start + (end - start) / 2
    return Curve(points=((start, 1.0), (middle, 0.25), (end, 0.0)))


def _rising(end: float, start: float) -> Curve:
    """Mirror `_falling`: nothing up to `end`, full from `start`."""
    middle = end + (start - end) / 2
    return Curve(points=((end, 0.0), (middle, 0.25), (start, 1.0)))


def _plateau(low: float, high: float, width: float) -> Curve:
    """Nothing at `low` and `high`, full in between, with slopes of `width` degrees or less where there is no room."""
    slope = min(width, (high - low) / 2.5)
    return Curve(points=((low, 0.0), (low + slope, 1.0), (high - slope, 1.0), (high, 0.0)))
