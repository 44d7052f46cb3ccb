"""The steps of the config flow from what a pack told of itself to its settings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowContext, FlowResult

from ..const import CONF_CHEMISTRY, CONF_CONFIRMED, CONF_THRESHOLDS
from ..core.model import ConfigError
from ..helpers import pack_config, place
from ..hw.driver import DeviceInfo
from ..subentries import async_is_set_up
from .forms import (
    GROUP_OF,
    USER_FACTS,
    async_refusal,
    battery_schema,
    datasheet_schema,
    identity,
    moved_thresholds,
    proposal,
    shown_thresholds,
)
from .harmless import HarmlessFlow


class PackSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    HarmlessFlow[ContextT, ResultT, HandlerT]
):
    """What every way to a pack ends with: for the first one, for a further one, and for changing one."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._data: dict[str, Any] = {}
        self._told = ""
        self._unique_id = ""

    def _pack(self) -> ConfigSubentry | None:
        """Return the pack that is being changed, if one is."""
        return None

    def _proposed_name(self) -> str:
        """Return a name that tells the pack from its neighbours."""
        return "Pack 1"

    def _called(self, info: DeviceInfo) -> str:
        """Return what the found pack is called in the forms."""
        return f"{info.manufacturer} {info.model} ({info.fingerprint})"

    @asynccontextmanager
    async def _clear_of(self, link: Mapping[str, Any]) -> AsyncIterator[None]:  # noqa: ARG002
        """Step off a link for a while, should what is changed hold it in another way."""
        yield

    @callback
    @abstractmethod
    def _finish(self) -> ResultT:
        """End the flow with `_data`."""

    async def _async_found(self, info: DeviceInfo, link: Mapping[str, Any]) -> ResultT:
        """Take over what the pack told, unless some system has it already."""
        pack = self._pack()
        self._unique_id = unique_id = info.serial_number or place(link)
        if async_is_set_up(self.hass, unique_id, but=None if pack is None else pack.subentry_id):
            return self.async_abort(reason="already_configured")
        kept = {key: value for key, value in self._data.items() if key in USER_FACTS}
        self._data = proposal(info) | {CONF_NAME: self._proposed_name()} | kept | identity(info) | dict(link)
        self._told = self._called(info)
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
            data_schema=self.add_suggested_values_to_schema(battery_schema(self._data), self._data),
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
