"""Says what entities, options and signs can mean to an inverter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from homeassistant.const import Platform, UnitOfPower
from homeassistant.util.unit_conversion import PowerConverter

from ..hw.inverters.inverter import Ability
from ..packs.roles import CURRENT, POTENTIAL, Quantity


class InverterRole(StrEnum):
    """What an entity is to an inverter; also the key under which its settings keep it."""

    CHARGE_LIMIT = "charge_limit"
    DISCHARGE_LIMIT = "discharge_limit"
    CHARGE_VOLTAGE = "charge_voltage"
    CHARGE_SWITCH = "charge_switch"
    DISCHARGE_SWITCH = "discharge_switch"
    WORK_MODE = "work_mode"
    SETPOINT = "setpoint"
    CHARGE_POWER = "charge_power"
    DISCHARGE_POWER = "discharge_power"
    BATTERY_CURRENT = "battery_current"
    BATTERY_VOLTAGE = "battery_voltage"


class Work(StrEnum):
    """What an inverter does in one of its work modes; also the key under which its settings keep the option."""

    NORMAL = "normal"
    """By itself, as it does while nobody asks for anything."""
    CHARGE = "charge"
    DISCHARGE = "discharge"
    STANDBY = "standby"
    """Nothing."""


class PowerSign(StrEnum):
    """Which way a number that takes a power goes."""

    POSITIVE_CHARGES = "positive_charges"
    NEGATIVE_CHARGES = "negative_charges"
    BY_MODE = "by_mode"
    """It has no sign: the work mode says which way."""


POWER: Final = Quantity(
    unit=UnitOfPower.WATT,
    units=frozenset(PowerConverter.VALID_UNITS),
    convert=PowerConverter.convert,
    device_class="power",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterSlot:
    """One role: what kind of entity fills it, and in which units it may tell."""

    role: InverterRole
    platform: Platform
    quantities: tuple[Quantity, ...] = ()
    ability: Ability = Ability.NONE
    """What the inverter can do by it alone."""

    def quantity(self, unit: str | None) -> Quantity | None:
        """Return the kind of number that a unit is of; `None` if it is none that is understood here."""
        return next((each for each in self.quantities if unit in each.units), None)


def _slots() -> tuple[InverterSlot, ...]:
    number, switch, sensor = Platform.NUMBER, Platform.SWITCH, Platform.SENSOR
    role = InverterRole
    flow = (CURRENT, POWER)
    return (
        InverterSlot(role=role.CHARGE_LIMIT, platform=number, quantities=flow, ability=Ability.CCL),
        InverterSlot(role=role.DISCHARGE_LIMIT, platform=number, quantities=flow, ability=Ability.DCL),
        InverterSlot(role=role.CHARGE_VOLTAGE, platform=number, quantities=(POTENTIAL,), ability=Ability.CVL),
        InverterSlot(role=role.CHARGE_SWITCH, platform=switch, ability=Ability.CCL),
        InverterSlot(role=role.DISCHARGE_SWITCH, platform=switch, ability=Ability.DCL),
        InverterSlot(role=role.WORK_MODE, platform=Platform.SELECT),
        InverterSlot(role=role.SETPOINT, platform=number, quantities=(POWER,)),
        InverterSlot(role=role.CHARGE_POWER, platform=number, quantities=(POWER,)),
        InverterSlot(role=role.DISCHARGE_POWER, platform=number, quantities=(POWER,)),
        InverterSlot(role=role.BATTERY_CURRENT, platform=sensor, quantities=(CURRENT,), ability=Ability.MEASURES),
        InverterSlot(role=role.BATTERY_VOLTAGE, platform=sensor, quantities=(POTENTIAL,)),
    )


INVERTER_SLOTS: Final[Mapping[InverterRole, InverterSlot]] = MappingProxyType({slot.role: slot for slot in _slots()})
ORDERED: Final = tuple(slot.role for slot in _slots() if slot.platform is not Platform.SENSOR)
"""The roles whose entities are moved."""
