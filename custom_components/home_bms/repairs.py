"""Lets a user mend what a person must decide."""

from __future__ import annotations

from typing import override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant

from .const import CONF_SERIAL_NUMBER
from .coordinator import HomeBmsConfigEntry
from .store import ISSUE_STORE_LOST
from .supervisor import Trouble


class StoreLostRepairFlow(ConfirmRepairFlow):
    """The user has looked at the packs and goes on without the lost state."""

    def __init__(self, entry: HomeBmsConfigEntry) -> None:
        self._entry = entry

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask, then let control be allowed again."""
        if user_input is not None:
            await self._entry.runtime_data.store.async_confirm_lost()
        return await super().async_step_confirm(user_input)


class IdentityChangedRepairFlow(ConfirmRepairFlow):
    """The user has put another pack in the place of the first."""

    def __init__(self, entry: HomeBmsConfigEntry, subentry_id: str, serial_number: str) -> None:
        self._entry = entry
        self._subentry_id = subentry_id
        self._serial_number = serial_number

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask, then take the new pack; the entry is set up again by its update listener."""
        if user_input is not None:
            if any(
                subentry.unique_id == self._serial_number
                for entry in self.hass.config_entries.async_entries(self._entry.domain)
                for subentry in entry.subentries.values()
            ):
                return self.async_abort(reason="already_configured")
            subentry = self._entry.subentries[self._subentry_id]
            self.hass.config_entries.async_update_subentry(
                self._entry,
                subentry,
                data={**subentry.data, CONF_SERIAL_NUMBER: self._serial_number},
                unique_id=self._serial_number,
            )
        return await super().async_step_confirm(user_input)


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return the flow of an issue; one whose entry or pack has gone needs only a nod."""
    data = data or {}
    entry = hass.config_entries.async_get_entry(str(data.get("entry_id")))
    if entry is None:
        return ConfirmRepairFlow()
    if issue_id.startswith(ISSUE_STORE_LOST):
        return StoreLostRepairFlow(entry)
    subentry_id = str(data.get("subentry_id"))
    if issue_id.startswith(Trouble.IDENTITY_CHANGED) and subentry_id in entry.subentries:
        return IdentityChangedRepairFlow(entry, subentry_id, str(data.get("error")))
    return ConfirmRepairFlow()
