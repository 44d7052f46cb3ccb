"""Leads from what has changed of a pack to the steps that must be taken again."""

from __future__ import annotations

from typing import Any, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlowResult
from homeassistant.components.repairs.const import FlowType
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, SubentryFlowContext

from ..const import SUBENTRY_COMMISSIONING


class CommissionRepairFlow(ConfirmRepairFlow):
    """Opens the commissioning of the pack; what was changed stays told until the steps are taken."""

    def __init__(self, entry: ConfigEntry[Any], subentry_id: str) -> None:
        self._entry = entry
        self._subentry_id = subentry_id

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask, then go on in the other flow."""
        if user_input is None:
            return await super().async_step_confirm()
        begun = await self.hass.config_entries.subentries.async_init(
            (self._entry.entry_id, SUBENTRY_COMMISSIONING),
            context=SubentryFlowContext(source=SOURCE_USER, subentry_id=self._subentry_id),
        )
        return self.async_abort(reason="commission", next_flow=(FlowType.CONFIG_SUBENTRIES_FLOW, begun["flow_id"]))
