"""Shows what is leased of a battery system as sensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfPower, UnitOfRatio
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .coordinator import SystemCoordinator
from .core.lease_force import Claim, Holding
from .core.leases import Part
from .entity import HomeBmsEntityDescription, SystemEntity
from .lease_words import NONE, in_force_facts


@dataclass(frozen=True, kw_only=True)
class LeaseSensorDescription(SensorEntityDescription, HomeBmsEntityDescription):
    """Describes a sensor of what is leased."""

    value_fn: Callable[[SystemCoordinator], StateType | datetime]
    remark_fn: Callable[[SystemCoordinator], object] | None = None
    """What in the attributes is news whenever it changes."""
    details_fn: Callable[[SystemCoordinator], Mapping[str, Any]] | None = None


def _lead(system: SystemCoordinator) -> Holding | None:
    """Return the lease of the highest priority that holds, of equals the newest."""
    return next(iter(system.leases.in_force.holding), None)


def _owner(system: SystemCoordinator) -> str:
    lead = _lead(system)
    return NONE if lead is None else lead.lease.owner


def _until(system: SystemCoordinator) -> datetime | None:
    lead = _lead(system)
    return None if lead is None else dt_util.utc_from_timestamp(lead.span.end)


def _claim(system: SystemCoordinator, part: Part) -> Claim | None:
    return system.leases.in_force.claims.get(part)


def _reserve(system: SystemCoordinator) -> float:
    claim = _claim(system, Part.RESERVE)
    return 0.0 if claim is None else claim.value


def _who(system: SystemCoordinator, part: Part) -> Mapping[str, Any]:
    """Return who asks for what counts, and why."""
    claim = _claim(system, part)
    return {} if claim is None else {"owner": claim.key.owner, "name": claim.key.name, "reason": claim.reason}


def _news(system: SystemCoordinator) -> object:
    """Return what counts and what does not; a set-point that leads to a charge moves all the time and is none."""
    found = system.leases.in_force
    counts = [(claim.part, claim.key, claim.part is not Part.POWER and claim.value) for claim in found.claims.values()]
    return system.leases.acting, counts, [(lost.claim.part, lost.claim.key, lost.by) for lost in found.overridden]


LEASE_SENSORS: Final = (
    LeaseSensorDescription(
        key="lease",
        translation_key="lease",
        value_fn=_owner,
        remark_fn=_news,
        details_fn=lambda system: in_force_facts(system.leases),
    ),
    LeaseSensorDescription(
        key="lease_until",
        translation_key="lease_until",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_until,
    ),
    LeaseSensorDescription(
        key="setpoint",
        translation_key="setpoint",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        dead_band=20.0,
        value_fn=lambda system: system.leases.setpoint,
        details_fn=lambda system: _who(system, Part.POWER),
    ),
    LeaseSensorDescription(
        key="reserve",
        translation_key="reserve",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=0,
        value_fn=_reserve,
        details_fn=lambda system: _who(system, Part.RESERVE),
    ),
)


def lease_sensors(system: SystemCoordinator) -> list[LeaseSensor]:
    """Return the sensors of what is leased of a system."""
    return [LeaseSensor(system, description) for description in LEASE_SENSORS]


class LeaseSensor(SystemEntity, SensorEntity):
    """A sensor of what is leased."""

    entity_description: LeaseSensorDescription
    _unrecorded_attributes = frozenset({"acting", "asks", "overridden", "owner", "name", "reason"})

    @property
    @override
    def shown(self) -> StateType | datetime:
        value = self.entity_description.value_fn(self.coordinator)
        return round(value, 1) if isinstance(value, float) else value

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value."""
        return self.shown

    @property
    @override
    def remark(self) -> object:
        """What stands beside the state and is news whenever it changes."""
        remark_fn = self.entity_description.remark_fn
        return None if remark_fn is None else remark_fn(self.coordinator)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return who asks for it, and why."""
        details_fn = self.entity_description.details_fn
        return None if details_fn is None else dict(details_fn(self.coordinator))
