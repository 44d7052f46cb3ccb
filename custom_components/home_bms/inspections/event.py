"""Tells what becomes of inspections as events, for automations and the logbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import callback

from ..core.inspection_book import Item
from ..entity import HomeBmsEntityDescription, SystemEntity
from .keeper import BECAME, DONE, InspectionKeeper
from .words import day_text, reasons, record_facts, title


@dataclass(frozen=True, kw_only=True)
class InspectionEventDescription(EventEntityDescription, HomeBmsEntityDescription):
    """Describes the event entity of a system's inspections."""


INSPECTION: Final = InspectionEventDescription(key="inspection", translation_key="inspection", event_types=list(BECAME))


class InspectionEvent(SystemEntity, EventEntity):
    """What becomes of the inspections of a system."""

    entity_description: InspectionEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the inspections."""
        await super().async_added_to_hass()
        self.async_on_remove(self._keeper.add_listener(self._async_tell))

    @property
    def _keeper(self) -> InspectionKeeper:
        return self.coordinator.config_entry.runtime_data.inspections

    @property
    @override
    def shown(self) -> object:
        return None

    @callback
    def _async_tell(self, became: str, item: Item) -> None:
        """Tell what became of an inspection."""
        told: dict[str, Any] = {
            "item": item.row.key,
            "name": title(self.hass, item.row.key),
            "about": self._keeper.name_of(item),
            "due": None if item.due is None else day_text(item.due),
            "reason": reasons(self.hass, item),
        }
        if became == DONE and item.last is not None:
            told |= {
                key: value for key, value in record_facts(item.last).items() if key in ("by", "note", "value", "unit")
            }
        self._trigger_event(became, told)
        self.async_write_ha_state()
