"""Says what an entity can be to a pack, each role with its units and bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite
from sys import float_info
from types import MappingProxyType
from typing import Any, Final

from homeassistant.const import Platform, UnitOfElectricCurrent, UnitOfElectricPotential, UnitOfRatio, UnitOfTemperature
from homeassistant.core import State
from homeassistant.util.unit_conversion import (
    BaseUnitConverter,
    ElectricCurrentConverter,
    ElectricPotentialConverter,
    TemperatureConverter,
)


class Role(StrEnum):
    """What an entity is to a pack; also the key under which its settings keep it."""

    CELLS = "cells"
    TEMPERATURES = "temperatures"
    CURRENT = "current"
    VOLTAGE = "voltage"
    SWITCH_TEMPERATURE = "switch_temperature"
    SOC = "soc"
    SOH = "soh"
    CAPACITY = "full_capacity"
    CYCLES = "cycles"
    ASKED_VOLTAGE = "asked_voltage"
    ASKED_CHARGE = "asked_charge"
    ASKED_DISCHARGE = "asked_discharge"
    CHARGE_SWITCH = "charge_switch"
    DISCHARGE_SWITCH = "discharge_switch"
    BALANCE_SWITCH = "balance_switch"
    CHARGE_STATE = "charge_state"
    DISCHARGE_STATE = "discharge_state"
    BALANCE_STATE = "balance_state"
    CHARGE_LIMIT = "charge_limit"
    DISCHARGE_LIMIT = "discharge_limit"


class Group(StrEnum):
    """Where a role stands in the form."""

    MEASURED = "measured"
    MORE = "more"
    CONTROL = "control"


type Convert = Callable[[float, str | None, str | None], float]
"""A value, the unit it is in, the unit it is wanted in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A kind of number: the unit that core reckons in, and those that can be turned into it."""

    unit: str | None
    units: frozenset[str | None]
    convert: Convert
    device_class: str | None = None


def _converted(unit: str, converter: type[BaseUnitConverter], device_class: str) -> Quantity:
    units = frozenset(converter.VALID_UNITS)
    return Quantity(unit=unit, units=units, convert=converter.convert, device_class=device_class)


def _scaled(factors: Mapping[str | None, float], device_class: str | None = None) -> Quantity:
    """Return a quantity without a converter of Home Assistant's own; the first unit is core's."""

    def convert(value: float, from_unit: str | None, to_unit: str | None) -> float:
        return value * factors[from_unit] / factors[to_unit]

    return Quantity(unit=next(iter(factors)), units=frozenset(factors), convert=convert, device_class=device_class)


POTENTIAL: Final = _converted(UnitOfElectricPotential.VOLT, ElectricPotentialConverter, "voltage")
CURRENT: Final = _converted(UnitOfElectricCurrent.AMPERE, ElectricCurrentConverter, "current")
TEMPERATURE: Final = _converted(UnitOfTemperature.CELSIUS, TemperatureConverter, "temperature")
SHARE: Final = _scaled({UnitOfRatio.PERCENTAGE.value: 1.0}, "battery")
# Home Assistant has no converter for charge.
CHARGE: Final = _scaled({"Ah": 1.0, "mAh": 0.001})
COUNT: Final = _scaled(dict.fromkeys((None, "", "cycles", "cycle", "Zyklen", "x", "#"), 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One role: what kind of entity fills it, and between which values it can be meant at all."""

    role: Role
    group: Group
    platform: Platform = Platform.SENSOR
    quantity: Quantity | None = None
    """`None` for what is on or off."""
    span: tuple[float, float] = (-inf, inf)
    """In core's unit. What lies outside was picked by mistake; whether to believe a value is core's matter."""
    many: bool = False
    series: str | None = None
    """The attribute in which some integrations keep all values of one kind, in core's unit (BMS_BLE-HA)."""


def _slots() -> tuple[Slot, ...]:
    """Return every role; the spans are those of `plausibility`, made wider."""
    switch, flag, number = Platform.SWITCH, Platform.BINARY_SENSOR, Platform.NUMBER
    measured, more, control = Group.MEASURED, Group.MORE, Group.CONTROL
    return (
        Slot(role=Role.CELLS, group=measured, quantity=POTENTIAL, span=(0.0, 5.0), many=True, series="cell_voltages"),
        Slot(
            role=Role.TEMPERATURES,
            group=measured,
            quantity=TEMPERATURE,
            span=(-60.0, 150.0),
            many=True,
            series="temperature_sensors",
        ),
        Slot(role=Role.CURRENT, group=measured, quantity=CURRENT, span=(-4000.0, 4000.0)),
        Slot(role=Role.VOLTAGE, group=measured, quantity=POTENTIAL, span=(0.0, 2000.0)),
        Slot(role=Role.SWITCH_TEMPERATURE, group=more, quantity=TEMPERATURE, span=(-60.0, 200.0)),
        Slot(role=Role.SOC, group=more, quantity=SHARE, span=(0.0, 100.0)),
        Slot(role=Role.SOH, group=more, quantity=SHARE, span=(0.0, 120.0)),
        Slot(role=Role.CAPACITY, group=more, quantity=CHARGE, span=(1.0, 10_000.0)),
        Slot(role=Role.CYCLES, group=more, quantity=COUNT, span=(0.0, 100_000.0)),
        Slot(role=Role.ASKED_VOLTAGE, group=more, quantity=POTENTIAL, span=(0.0, 2000.0)),
        Slot(role=Role.ASKED_CHARGE, group=more, quantity=CURRENT, span=(0.0, 4000.0)),
        # Some tell it below zero.
        Slot(role=Role.ASKED_DISCHARGE, group=more, quantity=CURRENT, span=(-4000.0, 4000.0)),
        Slot(role=Role.CHARGE_SWITCH, group=control, platform=switch),
        Slot(role=Role.DISCHARGE_SWITCH, group=control, platform=switch),
        Slot(role=Role.BALANCE_SWITCH, group=control, platform=switch),
        Slot(role=Role.CHARGE_STATE, group=control, platform=flag),
        Slot(role=Role.DISCHARGE_STATE, group=control, platform=flag),
        Slot(role=Role.BALANCE_STATE, group=control, platform=flag),
        Slot(role=Role.CHARGE_LIMIT, group=control, platform=number, quantity=CURRENT, span=(0.0, 4000.0)),
        Slot(role=Role.DISCHARGE_LIMIT, group=control, platform=number, quantity=CURRENT, span=(0.0, 4000.0)),
    )


SLOTS: Final[Mapping[Role, Slot]] = MappingProxyType({slot.role: slot for slot in _slots()})

STATE_OF: Final[Mapping[Role, Role]] = MappingProxyType(
    {Role.CHARGE_SWITCH: Role.CHARGE_STATE, Role.DISCHARGE_SWITCH: Role.DISCHARGE_STATE}
)
"""The role that shows where a switch really is; that a balancer rests does not say that it is switched off."""

TOLD_BACK: Final[Mapping[Role, Role]] = MappingProxyType(
    {Role.ASKED_CHARGE: Role.CHARGE_LIMIT, Role.ASKED_DISCHARGE: Role.DISCHARGE_LIMIT}
)
"""What a pack asks for, and the role by which it is given a limit: one that told that back would never let it rise."""

SERIES: Final = "#"
"""Parts an entity from the attribute that is meant of it, in the settings."""


def split(ref: str) -> tuple[str, str]:
    """Return a setting's entity and its attribute; without one the state is meant."""
    entity, _, attribute = ref.partition(SERIES)
    return entity, attribute


def measured(slot: Slot, state: State) -> float | None:
    """Return what an entity tells in core's unit; `None` if it tells no number, or in no unit that is understood."""
    quantity, unit = slot.quantity, state.attributes.get("unit_of_measurement")
    if quantity is None or unit not in quantity.units:
        return None
    value = number_told(state)
    return None if value is None else quantity.convert(value, unit, quantity.unit)


def number_told(state: State) -> float | None:
    """Return the number that an entity tells, in its own unit."""
    try:
        value = float(state.state)
    except ValueError:
        return None
    return value if isfinite(value) else None


def series(state: State, attribute: str) -> tuple[float | None, ...] | None:
    """Return the values that an entity keeps in an attribute; `None` if there is no such list."""
    values = state.attributes.get(attribute)
    return tuple(_number(value) for value in values) if isinstance(values, list | tuple) else None


def _number(value: Any) -> float | None:  # noqa: ANN401 - an attribute may be anything
    sound = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= float_info.max
    return float(value) if sound else None
