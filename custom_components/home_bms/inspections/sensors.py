"""Shows as sensors what of the inspections is due, and when the next is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass

from ..core.inspection_book import Item, Standing
from ..described_sensor import DescribedSensor, DescribedSensorDescription
from ..system_coordinator import SystemCoordinator
from .keeper import InspectionKeeper
from .words import day_text, reasons, title

type InspectionSensorDescription = DescribedSensorDescription[SystemCoordinator]


def _keeper(system: SystemCoordinator) -> InspectionKeeper:
    return system.config_entry.runtime_data.inspections


def _due(system: SystemCoordinator) -> list[Item]:
    return [item for item in _keeper(system).items if item.is_due]


def _next(system: SystemCoordinator) -> date | None:
    """Return the day of the one that is due first; it lies in the past while something waits."""
    days = [item.due for item in _keeper(system).items if item.due is not None]
    return date.fromordinal(min(days)) if days else None


def _waiting(system: SystemCoordinator) -> Mapping[str, Any]:
    keeper = _keeper(system)
    return {
        "items": [
            {
                "item": item.row.key,
                "name": title(system.hass, item.row.key),
                "about": keeper.name_of(item),
                "due": None if item.due is None else day_text(item.due),
                "overdue": item.standing is Standing.OVERDUE,
                "reason": reasons(system.hass, item),
            }
            for item in _due(system)
        ]
    }


INSPECTION_SENSORS: Final[tuple[InspectionSensorDescription, ...]] = (
    DescribedSensorDescription(
        key="next_inspection",
        translation_key="next_inspection",
        device_class=SensorDeviceClass.DATE,
        value_fn=_next,
    ),
    DescribedSensorDescription(
        key="inspections_due",
        translation_key="inspections_due",
        value_fn=lambda system: len(_due(system)),
        remark_fn=lambda system: [(item.place, item.due, item.standing) for item in _due(system)],
        details_fn=_waiting,
    ),
)


def inspection_sensors(system: SystemCoordinator) -> list[InspectionSensor]:
    """Return the sensors of a system's inspections."""
    return [InspectionSensor(system, description) for description in INSPECTION_SENSORS]


class InspectionSensor(DescribedSensor[SystemCoordinator]):
    """A sensor of inspections."""

    digits = 0
    _unrecorded_attributes = frozenset({"items"})
