"""Asks a user for a battery system and its packs, and looks at each pack before it is taken."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, override

import probatio as vol
from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
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
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT, CONF_TYPE
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig

from .const import (
    CONF_CAPACITY,
    CONF_CELLS,
    CONF_CHEMISTRY,
    CONF_CONFIRMED,
    CONF_MODEL,
    CONF_SEED,
    CONF_SERIAL_NUMBER,
    CONF_SPEED,
    CONF_THRESHOLDS,
    CONF_UNIT_ID,
    DOMAIN,
    SUBENTRY_PACK,
    TYPE_SERIAL,
    TYPE_TCP,
    TYPE_VIRTUAL,
)
from .core.model import ConfigError
from .forms import (
    BATTERY_SCHEMA,
    GROUP_OF,
    NETWORK_SCHEMA,
    SERIAL_SCHEMA,
    USER_FACTS,
    VIRTUAL_SCHEMA,
    async_refusal,
    datasheet_schema,
    identity,
    moved_thresholds,
    proposal,
    shown_thresholds,
    thresholds_schema,
)
from .helpers import link_params, pack_config
from .hw.devices import DEVICES
from .hw.driver import DeviceInfo, DriverError
from .hw.virtual import VirtualHost

TITLE: Final = "Home battery"
# Ah; the usual cell of a home pack.
VIRTUAL_CAPACITY: Final = 280.0
LINK_STEPS: Final = ("virtual", "network", "serial")


class PackSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """The steps from a link to a pack: for the first one, for a further one, and for changing one."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._data: dict[str, Any] = {}
        self._told = ""

    def _pack(self) -> ConfigSubentry | None:
        """Return the pack that is being changed, if one is."""
        return None

    def _proposed_name(self) -> str:
        """Return a name that tells the pack from its neighbours."""
        return "Pack 1"

    @callback
    @abstractmethod
    def _finish(self) -> ResultT:
        """End the flow with `_data`."""

    async def async_step_network(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle a pack behind a network address."""
        if user_input is not None:
            # One connection is shared per host and port, so spelling matters.
            user_input[CONF_HOST] = user_input[CONF_HOST].strip().lower()
        return await self._async_link("network", NETWORK_SCHEMA, user_input)

    async def async_step_serial(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle a pack on a serial port."""
        if user_input is not None:
            user_input[CONF_TYPE] = TYPE_SERIAL
        return await self._async_link("serial", SERIAL_SCHEMA, user_input)

    async def _async_link(self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None) -> ResultT:
        """Ask for a link and look who is behind it."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                info = await self._async_identify(user_input)
            except DriverError as err:
                errors["base"] = err.key
            else:
                pack = self._pack()
                if pack is None or pack.unique_id == info.serial_number:
                    return await self._async_found(info, user_input)
                errors["base"] = "wrong_device"
                placeholders = {"expected": str(pack.unique_id), "found": info.serial_number}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self._data),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_identify(self, link: Mapping[str, Any]) -> DeviceInfo:
        """Ask the pack behind a link who it is, without writing. Raises DriverError."""
        try:
            async with async_get_temporary_unit(self.hass, link_params(link), link[CONF_UNIT_ID]) as unit:
                return await DEVICES[link[CONF_MODEL]].driver(unit).async_identify()
        except HomeAssistantError as err:
            # Another integration, or another pack, uses this link at another speed.
            raise DriverError("link_in_use", str(err)) from err

    async def async_step_virtual(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle a virtual pack, which Home Assistant serves to itself."""
        errors: dict[str, str] = {}
        if user_input is not None:
            made = {CONF_MODEL: next(iter(DEVICES)), CONF_CAPACITY: VIRTUAL_CAPACITY, **self._data, **user_input}
            try:
                info = await self._async_identify_virtual(made)
            except DriverError as err:
                errors["base"] = err.key
            else:
                link = {key: made[key] for key in (CONF_MODEL, CONF_SEED, CONF_SPEED)}
                # A pack tells its chemistry only roughly; of this one it is known.
                info = replace(info, chemistry=made[CONF_CHEMISTRY])
                return await self._async_found(info, {CONF_TYPE: TYPE_VIRTUAL, **link})
        schema = VIRTUAL_SCHEMA
        if self._pack() is not None:
            # Its seed is its identity: with another one it would be another pack.
            schema = vol.Schema({key: value for key, value in schema.schema.items() if key == CONF_SPEED})
        return self.async_show_form(
            step_id="virtual",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self._data),
            errors=errors,
        )

    async def _async_identify_virtual(self, made: Mapping[str, Any]) -> DeviceInfo:
        """Serve the pack for a moment and ask it like any other. Raises DriverError."""
        host = VirtualHost(
            device_key=made[CONF_MODEL],
            chemistry=made[CONF_CHEMISTRY],
            cells=made[CONF_CELLS],
            capacity=made[CONF_CAPACITY],
            seed=made[CONF_SEED],
            speed=made[CONF_SPEED],
            serial_number=f"VIRTUAL-{made[CONF_SEED]}",
        )
        try:
            link = {CONF_TYPE: TYPE_TCP, CONF_HOST: "127.0.0.1", CONF_PORT: await host.async_start(), CONF_UNIT_ID: 1}
            return await self._async_identify({**link, CONF_MODEL: made[CONF_MODEL]})
        except OSError as err:
            raise DriverError("cannot_connect", str(err)) from err
        finally:
            await host.async_stop()

    async def _async_found(self, info: DeviceInfo, link: Mapping[str, Any]) -> ResultT:
        """Take over what the pack told, unless some system has it already."""
        pack = self._pack()
        for entry in self.hass.config_entries.async_entries(DOMAIN):
            for other in entry.subentries.values():
                if other.unique_id == info.serial_number and (pack is None or other.subentry_id != pack.subentry_id):
                    return self.async_abort(reason="already_configured")
        kept = {key: value for key, value in self._data.items() if key in USER_FACTS}
        self._data = proposal(info) | {CONF_NAME: self._proposed_name()} | kept | identity(info) | dict(link)
        self._told = f"{info.manufacturer} {info.model} ({info.serial_number})"
        return await self.async_step_battery()

    async def async_step_battery(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Let the user correct what the pack told of itself."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_CHEMISTRY] != self._data[CONF_CHEMISTRY]:
                # What was set and confirmed for one chemistry says nothing about another.
                self._data.pop(CONF_THRESHOLDS, None)
                self._data.pop(CONF_CONFIRMED, None)
            self._data |= user_input
            try:
                pack_config(self._data)
            except ConfigError as err:
                if err.field == CONF_CONFIRMED:
                    return await self.async_step_datasheet()
                errors, placeholders = await async_refusal(self.hass, err)
            else:
                return self._finish()
        return self.async_show_form(
            step_id="battery",
            data_schema=self.add_suggested_values_to_schema(BATTERY_SCHEMA, self._data),
            errors=errors,
            description_placeholders={"device": self._told, **placeholders},
        )

    async def async_step_datasheet(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Have the thresholds compared with the datasheet, where cells of one chemistry differ much."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        opened = None
        if user_input is not None:
            confirmed = {
                CONF_CONFIRMED: user_input[CONF_CONFIRMED],
                CONF_THRESHOLDS: moved_thresholds(self._data, user_input),
            }
            try:
                pack_config(self._data | confirmed)
            except ConfigError as err:
                errors, placeholders = await async_refusal(self.hass, err)
                opened = GROUP_OF.get(err.field)
            else:
                self._data |= confirmed
                return self._finish()
        return self.async_show_form(
            step_id="datasheet",
            data_schema=self.add_suggested_values_to_schema(
                datasheet_schema(opened), user_input or shown_thresholds(self._data)
            ),
            errors=errors,
            description_placeholders={"name": self._data[CONF_NAME], **placeholders},
        )


class HomeBmsConfigFlow(PackSteps[ConfigFlowContext, ConfigFlowResult, str], ConfigFlow, domain=DOMAIN):
    """Set up a battery system together with its first pack."""

    VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> ThresholdsFlow:
        """Return the flow for thresholds."""
        return ThresholdsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what a battery system is made of."""
        return {SUBENTRY_PACK: PackFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user pick how the first pack is reached."""
        return self.async_show_menu(step_id="user", menu_options=LINK_STEPS)

    @callback
    @override
    def _finish(self) -> ConfigFlowResult:
        name = self._data.pop(CONF_NAME)
        pack = ConfigSubentryData(
            data=self._data, subentry_type=SUBENTRY_PACK, title=name, unique_id=self._data[CONF_SERIAL_NUMBER]
        )
        return self.async_create_entry(title=TITLE, data={}, subentries=[pack])


class PackFlow(PackSteps[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], ConfigSubentryFlow):
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
        return self.async_show_menu(step_id="user", menu_options=LINK_STEPS)

    async def async_step_reconfigure(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> SubentryFlowResult:
        """Let the user change how the pack is reached and what it is made of; a real pack may move to another link."""
        pack = self._get_reconfigure_subentry()
        self._data = {**pack.data, CONF_NAME: pack.title}
        if self._data[CONF_TYPE] == TYPE_VIRTUAL:
            return await self.async_step_virtual()
        return self.async_show_menu(step_id="reconfigure", menu_options=("network", "serial"))

    @override
    async def _async_identify(self, link: Mapping[str, Any]) -> DeviceInfo:
        """Ask as usual, but step off a link whose settings change: it can have only one set of them at a time."""
        entry = self._get_entry()
        if not _in_the_way(entry, link):
            return await super()._async_identify(link)
        await self.hass.config_entries.async_unload(entry.entry_id)
        try:
            return await super()._async_identify(link)
        finally:
            await self.hass.config_entries.async_setup(entry.entry_id)

    @callback
    @override
    def _finish(self) -> SubentryFlowResult:
        name = self._data.pop(CONF_NAME)
        if (pack := self._pack()) is not None:
            return self.async_update_and_abort(self._get_entry(), pack, title=name, data=self._data)
        return self.async_create_entry(title=name, data=self._data, unique_id=self._data[CONF_SERIAL_NUMBER])


def _in_the_way(entry: ConfigEntry, link: Mapping[str, Any]) -> bool:
    """Whether the system holds the endpoint of `link` open with other settings."""
    if entry.state not in (ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY):
        return False
    wanted = link_params(link)
    held = [link_params(pack.data) for pack in entry.subentries.values() if pack.data[CONF_TYPE] != TYPE_VIRTUAL]
    return any(params.endpoint == wanted.endpoint and params != wanted for params in held)


class ThresholdsFlow(OptionsFlow):
    """Let the user move a pack's thresholds."""

    _pack: ConfigSubentry

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Pick the pack, where there are several."""
        packs = {pack.subentry_id: pack for pack in self.config_entry.get_subentries_of_type(SUBENTRY_PACK)}
        if not packs:
            return self.async_abort(reason="no_packs")
        if user_input is not None or len(packs) == 1:
            self._pack = packs[user_input[SUBENTRY_PACK]] if user_input else next(iter(packs.values()))
            return await self.async_step_thresholds()
        options = [SelectOptionDict(value=key, label=pack.title) for key, pack in packs.items()]
        schema = vol.Schema({vol.Required(SUBENTRY_PACK): SelectSelector(SelectSelectorConfig(options=options))})
        return self.async_show_form(step_id="init", data_schema=schema, last_step=False)

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
