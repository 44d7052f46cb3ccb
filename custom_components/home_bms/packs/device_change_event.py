"""Tells what has changed in a pack's device as an event: its firmware, its settings, or the device itself."""

from __future__ import annotations

from typing import Final, override

from homeassistant.const import EntityCategory
from homeassistant.core import CALLBACK_TYPE, callback

from ..const import EVENT_DEVICE_CHANGED
from ..core.device_log import Change, Kind
from ..event_entity import PackTellingDescription, PackTellingEntity
from .device_changes import change_facts

DEVICE_CHANGE: Final = PackTellingDescription(
    key="device_change",
    translation_key="device_change",
    event_types=[kind.value for kind in Kind],
    entity_category=EntityCategory.DIAGNOSTIC,
)


class DeviceChangeEvent(PackTellingEntity):
    """The changes of one pack's device; the type is what kind of thing changed."""

    @override
    def _listen(self) -> CALLBACK_TYPE:
        return self.coordinator.changes.add_listener(self._async_tell)

    @callback
    def _async_tell(self, change: Change) -> None:
        """Tell a change: as a state for automations, and on the bus for the logbook."""
        told = change_facts(self.hass, change)
        self._async_happened(change.kind.value, told)
        self._async_fire(EVENT_DEVICE_CHANGED, told)
