"""What all event entities share: each listens to one thing, tells it at once, and shows nothing in between."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, ATTR_NAME
from homeassistant.core import CALLBACK_TYPE, callback

from .entity import HomeBmsEntityDescription, PackEntity, PackEntityDescription
from .helpers import device_name


@dataclass(frozen=True, kw_only=True)
class TellingDescription(EventEntityDescription, HomeBmsEntityDescription):
    """Describes the event entity of a system or an inverter."""


@dataclass(frozen=True, kw_only=True)
class PackTellingDescription(EventEntityDescription, PackEntityDescription):
    """Describes the event entity of a pack."""


class TellingEntity(EventEntity):
    """An event entity; whose it is comes from the class that stands behind it."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self._listen())

    @abstractmethod
    def _listen(self) -> CALLBACK_TYPE:
        """Begin to listen; returns what ends it."""

    @property
    def shown(self) -> object:
        """Nothing that a look of the coordinator could change."""
        return None

    @callback
    def _async_happened(self, event_type: str, told: Mapping[str, Any]) -> None:
        """Tell it as a state, for automations."""
        self._trigger_event(event_type, dict(told))
        self.async_write_ha_state()


class PackTellingEntity(TellingEntity, PackEntity):
    """An event entity of one pack."""

    entity_description: PackTellingDescription

    @callback
    def _async_fire(self, event: str, told: Mapping[str, Any]) -> None:
        """Tell it on the bus, for the logbook."""
        device = self.device_entry
        data = {
            ATTR_ENTITY_ID: self.entity_id,
            ATTR_DEVICE_ID: device and device.id,
            ATTR_NAME: device_name(device, self.coordinator.name),
            **told,
        }
        self.hass.bus.async_fire(event, data, context=self._context)
