"""Asks a user for a battery system together with its first pack, and later what is to be changed of it."""

from __future__ import annotations

from typing import Any, Final, override

import probatio as vol
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryData,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig

from .const import (
    CONF_THRESHOLDS,
    DOMAIN,
    SUBENTRY_COMMISSIONING,
    SUBENTRY_INVERTER,
    SUBENTRY_PACK,
    SUBENTRY_PROGRAMME,
)
from .core.model import ConfigError
from .flow.bluetooth import BluetoothDiscovery
from .flow.commission import CommissionFlow
from .flow.fleet import FleetSteps
from .flow.forms import GROUP_OF, async_refusal, moved_thresholds, shown_thresholds, thresholds_schema
from .flow.inspections import InspectionSteps
from .flow.inverter import InverterFlow
from .flow.pack import WAYS, PackFlow, Ways
from .flow.programme import ProgrammeFlow
from .helpers import pack_config

TITLE: Final = "Home battery"
OPTIONS: Final = ("pack", "inspections", "fleet")
"""The steps of the menu of what can be changed."""


class HomeBmsConfigFlow(Ways[ConfigFlowContext, ConfigFlowResult, str], BluetoothDiscovery, ConfigFlow, domain=DOMAIN):
    """Set up a battery system together with its first pack."""

    VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> SystemOptionsFlow:
        """Return the flow for what can be changed of a system that is set up."""
        return SystemOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what a battery system is made of."""
        return {
            SUBENTRY_PACK: PackFlow,
            SUBENTRY_INVERTER: InverterFlow,
            SUBENTRY_PROGRAMME: ProgrammeFlow,
            SUBENTRY_COMMISSIONING: CommissionFlow,
        }

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user pick how the first pack is reached."""
        return self.async_show_menu(step_id="user", menu_options=WAYS)

    @callback
    @override
    def _finish(self) -> ConfigFlowResult:
        name = self._data.pop(CONF_NAME)
        if self._system is not None:
            return self._join(self._system, name)
        # What was discovered is the pack; the system outlives it.
        self.context.pop("unique_id", None)
        pack = ConfigSubentryData(data=self._data, subentry_type=SUBENTRY_PACK, title=name, unique_id=self._unique_id)
        return self.async_create_entry(title=TITLE, data={}, subentries=[pack])


class SystemOptionsFlow(FleetSteps, InspectionSteps, OptionsFlow):
    """Let the user move a pack's thresholds, choose inspections, and let an operator take part."""

    _pack: ConfigSubentry

    async def async_step_init(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> ConfigFlowResult:
        """Let the user pick what to change."""
        return self.async_show_menu(step_id="init", menu_options=OPTIONS)

    async def async_step_pack(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Pick the pack, where there are several."""
        packs = {pack.subentry_id: pack for pack in self.config_entry.get_subentries_of_type(SUBENTRY_PACK)}
        if not packs:
            return self.async_abort(reason="no_packs")
        if user_input is not None or len(packs) == 1:
            self._pack = packs[user_input[SUBENTRY_PACK]] if user_input else next(iter(packs.values()))
            return await self.async_step_thresholds()
        options = [SelectOptionDict(value=key, label=pack.title) for key, pack in packs.items()]
        schema = vol.Schema({vol.Required(SUBENTRY_PACK): SelectSelector(SelectSelectorConfig(options=options))})
        return self.async_show_form(step_id="pack", data_schema=schema, last_step=False)

    async def async_step_thresholds(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the thresholds; kept with the pack and only where they differ from what its chemistry proposes."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        opened = None
        data = dict(self._pack.data)
        if user_input is not None:
            data[CONF_THRESHOLDS] = moved_thresholds(data, user_input)
            try:
                pack_config(data)
            except ConfigError as err:
                errors, placeholders = await async_refusal(self.hass, err)
                opened = GROUP_OF.get(err.field)
            else:
                self.hass.config_entries.async_update_subentry(self.config_entry, self._pack, data=data)
                return self.async_create_entry(data=self.config_entry.options)
        return self.async_show_form(
            step_id="thresholds",
            data_schema=self.add_suggested_values_to_schema(
                thresholds_schema(opened), user_input or shown_thresholds(data)
            ),
            errors=errors,
            description_placeholders={"name": self._pack.title, **placeholders},
        )
