"""Tells in the logbook what protections did, what estimation corrected and what changed in a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.components.logbook.models import LazyEventPartialState
from homeassistant.const import ATTR_ENTITY_ID, ATTR_NAME
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN, EVENT_CORRECTION, EVENT_DEVICE_CHANGED, EVENT_PROTECTION
from .story import tell, tell_change, tell_correction


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[LazyEventPartialState], dict[str, Any]]], None],
) -> None:
    """Name the events that have a description, and who describes them."""

    @callback
    def describe(event: LazyEventPartialState) -> dict[str, Any]:
        """Return one event in a sentence."""
        data = event.data
        return {
            LOGBOOK_ENTRY_NAME: data[ATTR_NAME],
            LOGBOOK_ENTRY_MESSAGE: tell(hass, data),
            LOGBOOK_ENTRY_ENTITY_ID: data[ATTR_ENTITY_ID],
        }

    @callback
    def describe_correction(event: LazyEventPartialState) -> dict[str, Any]:
        """Return one correction in a sentence."""
        return {
            LOGBOOK_ENTRY_NAME: event.data[ATTR_NAME],
            LOGBOOK_ENTRY_MESSAGE: tell_correction(hass, event.data),
        }

    @callback
    def describe_change(event: LazyEventPartialState) -> dict[str, Any]:
        """Return one change of a device in a sentence."""
        return {
            LOGBOOK_ENTRY_NAME: event.data[ATTR_NAME],
            LOGBOOK_ENTRY_MESSAGE: tell_change(hass, event.data),
            LOGBOOK_ENTRY_ENTITY_ID: event.data[ATTR_ENTITY_ID],
        }

    async_describe_event(DOMAIN, EVENT_PROTECTION, describe)
    async_describe_event(DOMAIN, EVENT_CORRECTION, describe_correction)
    async_describe_event(DOMAIN, EVENT_DEVICE_CHANGED, describe_change)
