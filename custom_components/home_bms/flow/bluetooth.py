"""The steps of the config flow to a pack over Bluetooth: one that Home Assistant found, or one that the user picks."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final, override

import probatio as vol
from homeassistant.components.bluetooth import BluetoothServiceInfoBleak
from homeassistant.config_entries import (
    SOURCE_BLUETOOTH,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
    ConfigSubentry,
)
from homeassistant.const import CONF_ADDRESS, CONF_TYPE
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowContext, FlowResult
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig

from ..const import CONF_MODEL, DOMAIN, SUBENTRY_PACK, TYPE_BLUETOOTH
from ..hw.driver import DeviceInfo, DriverError
from ..packs.bluetooth import HeardPack, async_heard, async_heard_packs, bluetooth_driver, bluetooth_ready
from ..subentries import all_subentries
from .pack_end import PackSteps

CONF_SYSTEM: Final = "system"
NEW_SYSTEM: Final = "new"

WORDS: Final = MappingProxyType({key: f"bluetooth_{key}" for key in ("cannot_connect", "no_answer", "refused")})
"""Failures that mean something else to a person than on a wire."""


class BluetoothSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    PackSteps[ContextT, ResultT, HandlerT]
):
    """Let the user pick a pack among those that are heard."""

    _heard: dict[str, HeardPack]
    """What the form offers, by address."""

    async def async_step_nearby(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle a pack that is heard."""
        if not bluetooth_ready(self.hass):
            return self.async_abort(reason="no_bluetooth")
        errors: dict[str, str] = {}
        if user_input is not None:
            pack = self._heard[user_input[CONF_ADDRESS]]
            try:
                info = await self._async_look_at(pack)
            except DriverError as err:
                errors["base"] = WORDS.get(err.key, err.key)
            else:
                _forget_discovery(self.hass, pack.address)
                return await self._async_found(info, _link(pack))
        known = _known(self.hass)
        heard = [pack for pack in await async_heard_packs(self.hass) if pack.address not in known]
        if not heard:
            return self.async_abort(reason="nothing_heard")
        self._heard = {pack.address: pack for pack in heard}
        options = [SelectOptionDict(value=pack.address, label=pack.label) for pack in heard]
        schema = vol.Schema({vol.Required(CONF_ADDRESS): SelectSelector(SelectSelectorConfig(options=options))})
        return self.async_show_form(
            step_id="nearby",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or {}),
            errors=errors,
        )

    async def _async_look_at(self, pack: HeardPack) -> DeviceInfo:
        """Take one sample of a pack, without writing. Raises DriverError."""
        driver = bluetooth_driver(self.hass, pack.address, pack.family.key)
        try:
            info = await driver.async_identify()
        finally:
            await driver.async_close()
        if not info.cells:
            raise DriverError("no_cells", f"{pack.label} does not tell the voltage of every cell")
        return info


class BluetoothDiscovery(BluetoothSteps[ConfigFlowContext, ConfigFlowResult, str], ConfigFlow):
    """Take a pack that Home Assistant found."""

    _pack_found: HeardPack
    _system: ConfigEntry | None = None
    """Which the pack joins; `None` for a new one."""

    @override
    async def async_step_bluetooth(self, discovery_info: BluetoothServiceInfoBleak) -> ConfigFlowResult:
        """Handle a device that announces itself somewhat like a pack."""
        address = discovery_info.address
        await self.async_set_unique_id(address)
        self._abort_if_unique_id_configured()
        if address in _known(self.hass):
            return self.async_abort(reason="already_configured")
        if (pack := await async_heard(discovery_info)) is None:
            return self.async_abort(reason="not_supported")
        self._pack_found = pack
        self.context["title_placeholders"] = {"name": pack.name}
        return await self.async_step_discovered()

    async def async_step_discovered(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which battery system the pack belongs to, and look at it."""
        errors: dict[str, str] = {}
        pack = self._pack_found
        entries = self.hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
        systems = {entry.entry_id: entry for entry in entries}
        if user_input is not None:
            self._system = systems.get(user_input.get(CONF_SYSTEM, NEW_SYSTEM))
            try:
                info = await self._async_look_at(pack)
            except DriverError as err:
                errors["base"] = WORDS.get(err.key, err.key)
            else:
                return await self._async_found(info, _link(pack))
        return self.async_show_form(
            step_id="discovered",
            data_schema=_systems_schema(systems),
            errors=errors,
            description_placeholders={"device": pack.label},
        )

    @override
    def _proposed_name(self) -> str:
        packs = self._system.get_subentries_of_type(SUBENTRY_PACK) if self._system else ()
        return f"Pack {len(packs) + 1}"

    @callback
    def _join(self, system: ConfigEntry, name: str) -> ConfigFlowResult:
        """End the flow with a further pack of a system."""
        pack = ConfigSubentry(
            data=MappingProxyType(self._data), subentry_type=SUBENTRY_PACK, title=name, unique_id=self._unique_id
        )
        self.hass.config_entries.async_add_subentry(system, pack)
        return self.async_abort(reason="pack_added", description_placeholders={"system": system.title})


def _systems_schema(systems: dict[str, ConfigEntry]) -> vol.Schema:
    """Return the form that asks for a system, which asks nothing where there is none."""
    if not systems:
        return vol.Schema({})
    options = [SelectOptionDict(value=key, label=system.title) for key, system in systems.items()]
    options.append(SelectOptionDict(value=NEW_SYSTEM, label=NEW_SYSTEM))
    config = SelectSelectorConfig(options=options, translation_key=CONF_SYSTEM)
    return vol.Schema({vol.Required(CONF_SYSTEM, default=next(iter(systems))): SelectSelector(config)})


def _link(pack: HeardPack) -> dict[str, Any]:
    """Return a pack's settings of how it is reached."""
    return {CONF_TYPE: TYPE_BLUETOOTH, CONF_ADDRESS: pack.address, CONF_MODEL: pack.family.key}


def _known(hass: HomeAssistant) -> set[str]:
    """Return the addresses of the packs that a system has already."""
    return {pack.data[CONF_ADDRESS] for pack in all_subentries(hass) if CONF_ADDRESS in pack.data}


@callback
def _forget_discovery(hass: HomeAssistant, address: str) -> None:
    """End the flow that Home Assistant began when it found this pack, for the user goes another way to it."""
    manager = hass.config_entries.flow
    context = {"source": SOURCE_BLUETOOTH, "unique_id": address}
    for flow in manager.async_progress_by_handler(DOMAIN, match_context=context):
        manager.async_abort(flow["flow_id"])
