"""Tells what becomes of inspections as events, for automations and the logbook."""

from __future__ import annotations

from typing import Any, Final, override

from homeassistant.core import CALLBACK_TYPE, callback

from ..core.inspection_book import Item
from ..entity import SystemEntity
from ..event_entity import TellingDescription, TellingEntity
from .keeper import BECAME, DONE, InspectionKeeper
from .words import day_text, reasons, record_facts, title

INSPECTION: Final = TellingDescription(key="inspection", translation_key="inspection", event_types=list(BECAME))


class InspectionEvent(TellingEntity, SystemEntity):
    """What becomes of the inspections of a system."""

    entity_description: TellingDescription

    @override
    def _listen(self) -> CALLBACK_TYPE:
        return self._keeper.add_listener(self._async_tell)

    @property
    def _keeper(self) -> InspectionKeeper:
        return self.coordinator.config_entry.runtime_data.inspections

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
        self._async_happened(became, told)
