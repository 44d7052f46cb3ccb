"""Tells what has changed in a pack's device as an event: its firmware, its settings, or the device itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, ATTR_NAME, EntityCategory
from homeassistant.core import callback

from ..const import EVENT_DEVICE_CHANGED
from ..core.device_log import Change, Kind
from ..entity import PackEntity, PackEntityDescription
from .device_changes import change_facts


@dataclass(frozen=True, kw_only=True)
class DeviceChangeEventDescription(EventEntityDescription, PackEntityDescription):
    """Describes the event entity of what changes in a device."""


DEVICE_CHANGE: Final = DeviceChangeEventDescription(
    key="device_change",
    translation_key="device_change",
    event_types=[kind.value for kind in Kind],
    entity_category=EntityCategory.DIAGNOSTIC,
)


class DeviceChangeEvent(PackEntity, EventEntity):
    """The changes of one pack's device; the type is what kind of thing changed."""

    entity_description: DeviceChangeEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the log."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.changes.add_listener(self._async_tell))

    @property
    @override
    def shown(self) -> object:
        return None

    @callback
    def _async_tell(self, change: Change) -> None:
        """Tell a change: as a state for automations, and on the bus for the logbook."""
        told = change_facts(self.hass, change)
        self._trigger_event(change.kind.value, told)
        self.async_write_ha_state()
        device = self.device_entry
        name = self.coordinator.name if device is None else device.name_by_user or device.name
        where = {ATTR_ENTITY_ID: self.entity_id, ATTR_DEVICE_ID: device and device.id, ATTR_NAME: name}
        self.hass.bus.async_fire(EVENT_DEVICE_CHANGED, where | told, context=self._context)
