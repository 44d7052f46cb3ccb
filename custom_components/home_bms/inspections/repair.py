"""Lets a user say what was done about an inspection that is overdue, with a note and what was measured."""

from __future__ import annotations

from typing import Any, Final

import probatio as vol
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.helpers.http import current_request
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig

from ..core.inspection_book import Item
from ..core.inspection_table import Measure
from ..core.model import ConfigError
from ..flow.harmless import HarmlessRepairsFlow
from ..flow.selectors import number
from ..runtime import HomeBmsConfigEntry
from .keeper import InspectionKeeper, Told
from .words import instructions, reasons, title

FIELD_NOTE: Final = "note"
FIELD_VALUE: Final = "value"


class InspectionRepairFlow(HarmlessRepairsFlow):
    """The user has done an inspection."""

    def __init__(self, entry: HomeBmsConfigEntry, place: str) -> None:
        self._entry = entry
        self._place = place

    async def async_step_init(
        self,
        user_input: dict[str, str] | None = None,  # noqa: ARG002
    ) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask what was found, and take it down."""
        keeper: InspectionKeeper = self._entry.runtime_data.inspections
        if (item := keeper.find(self._place)) is None:
            return self.async_abort(reason="not_planned")
        errors: dict[str, str] = {}
        shown = self._shown(keeper, item)
        if user_input is not None:
            told = Told(by=_user(), note=user_input.get(FIELD_NOTE, ""), value=user_input.get(FIELD_VALUE))
            try:
                await keeper.async_done(item, told)
            except ConfigError as err:
                errors, shown = {err.field: err.key}, shown | err.placeholders
            else:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=self.add_suggested_values_to_schema(_schema(item.row.measure), user_input or {}),
            errors=errors,
            description_placeholders=shown,
        )

    def _shown(self, keeper: InspectionKeeper, item: Item) -> dict[str, str]:
        return {
            "name": keeper.name_of(item),
            "inspection": title(self.hass, item.row.key),
            "how": instructions(self.hass, item),
            "why": reasons(self.hass, item),
        }


def _schema(measure: Measure | None) -> vol.Schema:
    fields: dict[Any, Any] = {vol.Optional(FIELD_NOTE): TextSelector(TextSelectorConfig(multiline=True))}
    if measure is not None:
        fields[vol.Optional(FIELD_VALUE)] = number(measure.lowest, measure.highest, 0.01, measure.unit)
    return vol.Schema(fields)


def _user() -> str | None:
    """Return the name of whoever clicks through the repair."""
    request = current_request.get()
    user = None if request is None else request.get(KEY_HASS_USER)
    return None if user is None else user.name
