"""Asks a user for a battery system and its packs, and looks at each pack before it is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, override

import probatio as vol
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryData,
    ConfigSubentryFlow,
    OptionsFlow,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, CONF_TYPE
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowContext, FlowResult
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig

from .const import (
    CONF_PARTS,
    CONF_THRESHOLDS,
    DOMAIN,
    SUBENTRY_COMMISSIONING,
    SUBENTRY_INVERTER,
    SUBENTRY_PACK,
    SUBENTRY_PROGRAMME,
    TYPE_BLUETOOTH,
    TYPE_CAN,
    TYPE_ENTITIES,
    TYPE_PARTS,
    TYPE_VIRTUAL,
)
from .core.model import ConfigError
from .flow.bluetooth import BluetoothDiscovery, BluetoothSteps
from .flow.commission import CommissionFlow
from .flow.dbc import DbcSteps
from .flow.detect import DetectSteps
from .flow.entities import EntitySteps
from .flow.fleet import FleetSteps
from .flow.forms import GROUP_OF, async_refusal, moved_thresholds, shown_thresholds, thresholds_schema
from .flow.inspections import InspectionSteps
from .flow.inverter import InverterFlow
from .flow.link import LinkSteps
from .flow.member import MemberSteps
from .flow.programme import ProgrammeFlow
from .helpers import pack_config
from .hw.driver import DeviceInfo
from .links.users import async_clear_of

TITLE: Final = "Home battery"
WAYS: Final = ("virtual", "detect", "network", "serial", "can", "nearby", "entities", "parts")
"""The steps of the menu; each begins a way to a pack."""
OPTIONS: Final = ("pack", "inspections", "fleet")
"""The steps of the menu of what can be changed."""


class Ways[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    LinkSteps[ContextT, ResultT, HandlerT],
    BluetoothSteps[ContextT, ResultT, HandlerT],
    EntitySteps[ContextT, ResultT, HandlerT],
    MemberSteps[ContextT, ResultT, HandlerT],
    DetectSteps[ContextT, ResultT, HandlerT],
    DbcSteps[ContextT, ResultT, HandlerT],
):
    """Every way to a pack."""


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


class PackFlow(Ways[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], ConfigSubentryFlow):
    """Add a pack to a battery system, or change one."""

    @override
    def _pack(self) -> ConfigSubentry | None:
        return self._get_reconfigure_subentry() if self.source == SOURCE_RECONFIGURE else None

    @override
    def _proposed_name(self) -> str:
        return f"Pack {len(self._get_entry().get_subentries_of_type(SUBENTRY_PACK)) + 1}"

    async def async_step_user(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> SubentryFlowResult:
        """Let the user pick how the pack is reached."""
        return self.async_show_menu(step_id="user", menu_options=WAYS)

    async def async_step_reconfigure(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> SubentryFlowResult:
        """Let the user change how the pack is reached and what it is made of; a real pack may move to another link."""
        pack = self._get_reconfigure_subentry()
        self._data = {**pack.data, CONF_NAME: pack.title}
        if self._data[CONF_TYPE] == TYPE_VIRTUAL:
            return await self.async_step_virtual()
        if self._data[CONF_TYPE] == TYPE_BLUETOOTH:
            # Its address is its identity, and it is ours alone while the system is loaded: there is nothing to ask it.
            self._told = pack.title
            return await self.async_step_battery()
        if self._data[CONF_TYPE] == TYPE_ENTITIES:
            return await self.async_step_entities()
        if self._data[CONF_TYPE] == TYPE_PARTS:
            self._take_apart(pack.data[CONF_PARTS])
            return await self.async_step_parts()
        if self._data[CONF_TYPE] == TYPE_CAN:
            return await self.async_step_can_change()
        return self.async_show_menu(step_id="reconfigure", menu_options=("network", "serial"))

    @override
    async def _async_identify(self, link: Mapping[str, Any]) -> DeviceInfo:
        async with self._clear_of(link):
            return await super()._async_identify(link)

    @asynccontextmanager
    @override
    async def _clear_of(self, link: Mapping[str, Any]) -> AsyncIterator[None]:
        async with async_clear_of(self.hass, self._get_entry(), link):
            yield

    @callback
    @override
    def _finish(self) -> SubentryFlowResult:
        name = self._data.pop(CONF_NAME)
        if (pack := self._pack()) is not None:
            # One without a serial number is told by its place, which may be another now; all that is known is kept.
            unique_id = self._unique_id or pack.unique_id
            return self.async_update_and_abort(
                self._get_entry(), pack, title=name, data=self._data, unique_id=unique_id
            )
        return self.async_create_entry(title=name, data=self._data, unique_id=self._unique_id)


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
