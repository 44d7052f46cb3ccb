"""Tells each protection that rises, is released or is reset as an event, at the tick in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RELEASED, RESET, HomeBmsConfigEntry
from .core.model import Alarm, Reason
from .core.protection import PROTECTION_KEYS
from .entity import PackEntity, PackEntityDescription, evidence
from .supervisor import Trouble

# Nothing is fetched: the supervisors push.
PARALLEL_UPDATES = 0

# A rising protection has its own name, so that an automation can wait for just that one; its end has another.
EVENT_TYPES: Final = [*PROTECTION_KEYS, Trouble.WRITE_FAILED.value, Trouble.INTERNAL_ERROR.value, RELEASED, RESET]


@dataclass(frozen=True, kw_only=True)
class ProtectionEventDescription(EventEntityDescription, PackEntityDescription):
    """Describes the event entity of a pack."""


PROTECTION: Final = ProtectionEventDescription(key="protection", translation_key="protection", event_types=EVENT_TYPES)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the event entity of each pack."""
    for subentry_id, pack in entry.runtime_data.packs.items():
        async_add_entities([ProtectionEvent(pack, PROTECTION)], config_subentry_id=subentry_id)


class ProtectionEvent(PackEntity, EventEntity):
    """The protections of one pack."""

    entity_description: ProtectionEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the pack."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.add_event_listener(self._async_tell))

    @property
    @override
    def shown(self) -> object:
        return None

    @callback
    def _async_tell(self, key: str, became: str, reason: Reason, root: Alarm) -> None:
        """Tell what became of a protection."""
        event_type = became if became in (RELEASED, RESET) else key
        self._trigger_event(event_type, {"protection": key, "level": became, **evidence(reason), "cause": root.key})
        self.async_write_ha_state()
