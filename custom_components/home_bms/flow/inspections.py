"""Asks which inspections apply to a battery system, and how often."""

from __future__ import annotations

from typing import Any, Final

import probatio as vol
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode

from ..const import SUBENTRY_PACK
from ..core.inspection_table import INSPECTIONS
from ..helpers import pack_config
from ..inspections.settings import CONF_EVERY, CONF_INSPECTIONS, CONF_LEFT_OUT, InspectionSettings
from .harmless import HarmlessOptionsFlow
from .selectors import number

# A form has one field for each; those that only a condition calls for have no interval.
INTERVALS: Final = {f"every_{key}": row for key, row in INSPECTIONS.items() if row.every is not None}

INSPECTIONS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_LEFT_OUT, default=list): SelectSelector(
            SelectSelectorConfig(
                options=list(INSPECTIONS),
                translation_key="inspection",
                multiple=True,
                mode=SelectSelectorMode.LIST,
            )
        ),
        **{
            vol.Required(field, default=row.every): number(row.shortest, row.longest, 1, "d")
            for field, row in INTERVALS.items()
        },
    }
)


class InspectionSteps(HarmlessOptionsFlow):
    """The step for inspections."""

    async def async_step_inspections(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask, and keep it with the system; of the intervals only what differs from the table."""
        if user_input is not None:
            every = {
                row.key: int(user_input[field]) for field, row in INTERVALS.items() if user_input[field] != row.every
            }
            told = {CONF_LEFT_OUT: sorted(user_input[CONF_LEFT_OUT]), CONF_EVERY: every}
            return self.async_create_entry(data={**self.config_entry.options, CONF_INSPECTIONS: told})
        settings = InspectionSettings.of(self.config_entry.options)
        shown: dict[str, Any] = {field: settings.every.get(row.key, row.every) for field, row in INTERVALS.items()}
        shown[CONF_LEFT_OUT] = sorted(settings.left_out(contactor=self._contactor()))
        return self.async_show_form(
            step_id="inspections",
            data_schema=self.add_suggested_values_to_schema(INSPECTIONS_SCHEMA, shown),
        )

    def _contactor(self) -> bool:
        """Tell whether home_bms drives a contactor of any pack."""
        packs = self.config_entry.get_subentries_of_type(SUBENTRY_PACK)
        return any(pack_config(pack.data).contactors.relays for pack in packs)
