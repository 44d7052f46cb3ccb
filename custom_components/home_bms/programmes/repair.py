"""Lets a user give a grid programme's server the credentials that it takes."""

from __future__ import annotations

import asyncio

import probatio as vol
from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_URL

from ..flow.harmless import HarmlessRepairsFlow
from ..flow.programme import PATIENCE
from ..flow.programme_forms import CREDENTIALS, server_error
from ..hw.openadr_http import VtnError
from ..runtime import HomeBmsConfigEntry
from .settings import CONF_PROGRAMME, async_client


class ProgrammeRefusedRepairFlow(HarmlessRepairsFlow):
    """The user has new credentials; a subentry has no re-authentication of Home Assistant's own."""

    def __init__(self, entry: HomeBmsConfigEntry, subentry_id: str) -> None:
        self._entry = entry
        self._subentry_id = subentry_id

    async def async_step_init(
        self,
        user_input: dict[str, str] | None = None,  # noqa: ARG002
    ) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask, try, and keep what the server takes; the entry is set up again by its update listener."""
        subentry = self._entry.subentries.get(self._subentry_id)
        if subentry is None:
            return self.async_abort(reason="programme_gone")
        errors: dict[str, str] = {}
        shown = {"name": subentry.title, "url": subentry.data[CONF_URL], "error": ""}
        if user_input is not None:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._async_try(subentry, user_input)
            except TimeoutError:
                errors["base"] = "unreachable"
                shown["error"] = f"{PATIENCE:.0f} s"
            except VtnError as err:
                (place, key), *_ = server_error(err)[0].items()
                errors[place if place in (CONF_CLIENT_ID, CONF_CLIENT_SECRET) else "base"] = key
                shown["error"] = str(err)
            else:
                self.hass.config_entries.async_update_subentry(
                    self._entry, subentry, data={**subentry.data, **user_input}
                )
                return self.async_create_entry(data={})
        schema = vol.Schema({vol.Required(str(key)): selector for key, selector in CREDENTIALS.items()})
        known = {CONF_CLIENT_ID: subentry.data.get(CONF_CLIENT_ID, "")}
        return self.async_show_form(
            step_id="confirm",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or known),
            errors=errors,
            description_placeholders=shown,
        )

    async def _async_try(self, subentry: ConfigSubentry, told: dict[str, str]) -> None:
        """Read the events as somebody. Raises VtnError."""
        await async_client(self.hass, {**subentry.data, **told}).async_events(subentry.data[CONF_PROGRAMME])
