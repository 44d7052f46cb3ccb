"""Tells the end of each charge and discharge session as an event, for automations and the logbook."""

from __future__ import annotations

from typing import Final, override

from homeassistant.core import CALLBACK_TYPE, callback

from ..core.past import Session, Way
from ..event_entity import PackTellingDescription, PackTellingEntity
from .words import session_facts

SESSION: Final = PackTellingDescription(
    key="session", translation_key="session", event_types=[way.value for way in Way]
)


class SessionEvent(PackTellingEntity):
    """The sessions of one pack; the type is the way that the one that ended went."""

    @override
    def _listen(self) -> CALLBACK_TYPE:
        return self.coordinator.news.add_session_listener(self._async_tell)

    @callback
    def _async_tell(self, session: Session) -> None:
        """Tell what a session was."""
        self._async_happened(session.way.value, session_facts(session))
