"""Tells the end of each charge and discharge session as an event, for automations and the logbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import callback

from ..core.past import Session, Way
from ..entity import PackEntity, PackEntityDescription
from .words import session_facts


@dataclass(frozen=True, kw_only=True)
class SessionEventDescription(EventEntityDescription, PackEntityDescription):
    """Describes the event entity of a pack's sessions."""


SESSION: Final = SessionEventDescription(
    key="session", translation_key="session", event_types=[way.value for way in Way]
)


class SessionEvent(PackEntity, EventEntity):
    """The sessions of one pack; the type is the way that the one that ended went."""

    entity_description: SessionEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the pack."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.news.add_session_listener(self._async_tell))

    @property
    @override
    def shown(self) -> object:
        return None

    @callback
    def _async_tell(self, session: Session) -> None:
        """Tell what a session was."""
        self._trigger_event(session.way.value, session_facts(session))
        self.async_write_ha_state()
