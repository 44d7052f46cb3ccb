"""Shows what is leased of a battery system as sensors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.const import UnitOfPower, UnitOfRatio
from homeassistant.util import dt as dt_util

from ..core.lease_force import Claim, Holding
from ..core.leases import Part
from ..described_sensor import DescribedSensor, DescribedSensorDescription
from ..system_coordinator import SystemCoordinator
from .words import NONE, in_force_facts

type LeaseSensorDescription = DescribedSensorDescription[SystemCoordinator]


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


LEASE_SENSORS: Final[tuple[LeaseSensorDescription, ...]] = (
    DescribedSensorDescription(
        key="lease",
        translation_key="lease",
        value_fn=_owner,
        remark_fn=_news,
        details_fn=lambda system: in_force_facts(system.leases),
    ),
    DescribedSensorDescription(
        key="lease_until",
        translation_key="lease_until",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_until,
    ),
    DescribedSensorDescription(
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
    DescribedSensorDescription(
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


class LeaseSensor(DescribedSensor[SystemCoordinator]):
    """A sensor of what is leased."""

    digits = 1
    _unrecorded_attributes = frozenset({"acting", "asks", "overridden", "owner", "name", "reason"})
