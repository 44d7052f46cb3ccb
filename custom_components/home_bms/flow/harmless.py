"""Shows in forms and menus what devices and people call things, without any of it being read as markup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.components.repairs.models import RepairsFlowContext
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigFlowContext,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryFlow,
    OptionsFlow,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult

from ..harmless import all_harmless


class HarmlessFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """A flow whose descriptions are told by others, too; `Markdown` alone is left as it is."""

    @callback
    @override
    def async_show_form(self, *, description_placeholders: Mapping[str, str] | None = None, **more: Any) -> ResultT:
        """Show a form."""
        return super().async_show_form(description_placeholders=_harmless(description_placeholders), **more)

    @callback
    @override
    def async_show_menu(self, *, description_placeholders: Mapping[str, str] | None = None, **more: Any) -> ResultT:
        """Show a menu."""
        return super().async_show_menu(description_placeholders=_harmless(description_placeholders), **more)

    @callback
    @override
    def async_abort(self, *, description_placeholders: Mapping[str, str] | None = None, **more: Any) -> ResultT:
        """End the flow, with what has come of it."""
        return super().async_abort(description_placeholders=_harmless(description_placeholders), **more)


class HarmlessSubentryFlow(HarmlessFlow[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], ConfigSubentryFlow):
    """For what a battery system is made of."""

    @callback
    def _changed(self) -> ConfigSubentry | None:
        """Return what is being changed, if something is."""
        return self._get_reconfigure_subentry() if self.source == SOURCE_RECONFIGURE else None


class HarmlessOptionsFlow(HarmlessFlow[ConfigFlowContext, ConfigFlowResult, str], OptionsFlow):
    """For what can be changed of a battery system."""


class HarmlessRepairsFlow(HarmlessFlow[RepairsFlowContext, RepairsFlowResult, str], RepairsFlow):
    """For what a person must decide."""


def _harmless(placeholders: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if placeholders is None else all_harmless(placeholders)
