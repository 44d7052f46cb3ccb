"""Adds a pack to a battery system: looks at it first, by whichever way it is reached."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, override

from homeassistant.config_entries import ConfigSubentry, SubentryFlowContext, SubentryFlowResult
from homeassistant.const import CONF_NAME, CONF_TYPE
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowContext, FlowResult

from ..const import (
    CONF_PARTS,
    SUBENTRY_PACK,
    TYPE_BLUETOOTH,
    TYPE_CAN,
    TYPE_ENTITIES,
    TYPE_PARTS,
    TYPE_VIRTUAL,
)
from ..hw.driver import DeviceInfo
from ..links.users import async_clear_of
from .bluetooth import BluetoothSteps
from .dbc import DbcSteps
from .detect import DetectSteps
from .entities import EntitySteps
from .harmless import HarmlessSubentryFlow
from .link import LinkSteps
from .member import MemberSteps

WAYS: Final = ("virtual", "detect", "network", "serial", "can", "nearby", "entities", "parts")
"""The steps of the menu; each begins a way to a pack."""


class Ways[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    LinkSteps[ContextT, ResultT, HandlerT],
    BluetoothSteps[ContextT, ResultT, HandlerT],
    EntitySteps[ContextT, ResultT, HandlerT],
    MemberSteps[ContextT, ResultT, HandlerT],
    DetectSteps[ContextT, ResultT, HandlerT],
    DbcSteps[ContextT, ResultT, HandlerT],
):
    """Every way to a pack."""


class PackFlow(Ways[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], HarmlessSubentryFlow):
    """Add a pack to a battery system, or change one."""

    @override
    def _pack(self) -> ConfigSubentry | None:
        return self._changed()

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
