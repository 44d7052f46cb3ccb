"""Shows whether the server of a grid programme can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory

from ..entity import HomeBmsEntity, HomeBmsEntityDescription
from .coordinator import ProgrammeCoordinator


@dataclass(frozen=True, kw_only=True)
class ProgrammeBinarySensorDescription(BinarySensorEntityDescription, HomeBmsEntityDescription):
    """Describes a binary sensor of a programme."""


CONNECTED: Final = ProgrammeBinarySensorDescription(
    key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


class ProgrammeConnected(HomeBmsEntity[ProgrammeCoordinator], BinarySensorEntity):
    """Whether the last reading succeeded."""

    entity_description: ProgrammeBinarySensorDescription

    @property
    @override
    def shown(self) -> object:
        return self.is_on, self.extra_state_attributes

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it did; nothing before the first."""
        return self.coordinator.data.connected

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what is wrong, and whether the server knows us."""
        complaint = self.coordinator.complaint
        return {
            "error": None if complaint is None else complaint.trouble.value,
            "registered": self.coordinator.registered,
        }
