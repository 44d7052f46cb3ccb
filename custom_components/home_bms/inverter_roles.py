"""Says what an entity can be to an inverter, each role with its units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from homeassistant.const import Platform, UnitOfPower
from homeassistant.util.unit_conversion import PowerConverter

from .hw.inverters.inverter import Ability
from .roles import CURRENT, POTENTIAL, Quantity


class InverterRole(StrEnum):
    """What an entity is to an inverter; also the key under which its settings keep it."""

    CHARGE_LIMIT = "charge_limit"
    DISCHARGE_LIMIT = "discharge_limit"
    CHARGE_VOLTAGE = "charge_voltage"
    CHARGE_SWITCH = "charge_switch"
    DISCHARGE_SWITCH = "discharge_switch"
    BATTERY_CURRENT = "battery_current"
    BATTERY_VOLTAGE = "battery_voltage"


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
    """What the inverter can do by it."""

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
        InverterSlot(role=role.BATTERY_CURRENT, platform=sensor, quantities=(CURRENT,), ability=Ability.MEASURES),
        InverterSlot(role=role.BATTERY_VOLTAGE, platform=sensor, quantities=(POTENTIAL,)),
    )


INVERTER_SLOTS: Final[Mapping[InverterRole, InverterSlot]] = MappingProxyType({slot.role: slot for slot in _slots()})
ORDERED: Final = tuple(slot.role for slot in _slots() if slot.platform is not Platform.SENSOR)
"""The roles whose entities are moved."""
