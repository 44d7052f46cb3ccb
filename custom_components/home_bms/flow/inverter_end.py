"""What every way to an inverter ends with in the config flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME, CONF_TYPE
from homeassistant.core import callback
from homeassistant.helpers.translation import async_get_translations

from ..const import CONF_SHARE, DOMAIN, TYPE_SERVER
from ..subentries import async_is_set_up
from ..texts import word
from .harmless import HarmlessSubentryFlow
from .inverter_forms import settings_schema


class InverterSteps(HarmlessSubentryFlow):
    """Adds an inverter to a battery system, or changes one."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._data: dict[str, Any] = {}
        self._unique_id = ""
        self._called = ""
        self._tells = ""
        """What will be written or sent, in words."""

    async def _async_load_words(self) -> None:
        """Load home_bms's own words, which nobody may have done yet."""
        await async_get_translations(self.hass, self.hass.config.language, "selector", {DOMAIN})

    async def _async_words(self, key: str, **values: object) -> str:
        """Return some of them."""
        await self._async_load_words()
        return word(self.hass, "inverter", key, **values)

    async def _async_take(self, data: Mapping[str, Any], unique_id: str) -> SubentryFlowResult:
        """Take over how the inverter is reached, unless some system has it already."""
        inverter = self._changed()
        self._unique_id = unique_id = f"inverter-{unique_id}"
        if async_is_set_up(self.hass, unique_id, but=None if inverter is None else inverter.subentry_id):
            return self.async_abort(reason="already_configured")
        kept = {key: value for key, value in self._data.items() if key in (CONF_NAME, CONF_SHARE)}
        self._data = {CONF_NAME: self._called, **kept, **data}
        return await self.async_step_settings()

    async def async_step_settings(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Say what will be written, and ask for the name and the share."""
        if user_input is not None:
            self._data |= user_input
            return self._finish()
        schema = settings_schema(shares=self._data[CONF_TYPE] != TYPE_SERVER)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(schema, self._data),
            description_placeholders={"device": self._called, "tells": self._tells},
        )

    @callback
    def _finish(self) -> SubentryFlowResult:
        name = self._data.pop(CONF_NAME)
        if (inverter := self._changed()) is not None:
            return self.async_update_and_abort(
                self._get_entry(), inverter, title=name, data=self._data, unique_id=self._unique_id
            )
        return self.async_create_entry(title=name, data=self._data, unique_id=self._unique_id)
