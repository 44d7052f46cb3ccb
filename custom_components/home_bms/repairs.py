"""Lets a user mend what a person must decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .commissioning.keeper import COMMISSIONING_CHANGED
from .commissioning.repair import CommissionRepairFlow
from .energy_offer import OFFER
from .flow.energy import EnergyOfferRepairFlow
from .flow.harmless import HarmlessRepairsFlow
from .inspections.issues import OVERDUE
from .inspections.repair import InspectionRepairFlow
from .packs.replacement import async_take
from .programmes.issues import REFUSED
from .programmes.repair import ProgrammeRefusedRepairFlow
from .runtime import HomeBmsConfigEntry
from .store import ISSUE_STORE_LOST
from .subentries import async_is_set_up
from .watching import Trouble


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


class IdentityChangedRepairFlow(HarmlessRepairsFlow):
    """The user has given the pack another BMS, or put another pack in its place."""

    def __init__(self, entry: HomeBmsConfigEntry, subentry_id: str, serial_number: str) -> None:
        self._entry = entry
        self._subentry_id = subentry_id
        self._serial_number = serial_number

    async def async_step_init(
        self,
        user_input: dict[str, str] | None = None,  # noqa: ARG002
    ) -> RepairsFlowResult:
        """Ask which of the two it is."""
        placeholders = {"name": self._entry.subentries[self._subentry_id].title, "error": self._serial_number}
        return self.async_show_menu(
            step_id="init", menu_options=["same_pack", "other_pack"], description_placeholders=placeholders
        )

    async def async_step_same_pack(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:  # noqa: ARG002
        """Take the new BMS with all that is known of the pack."""
        return await self._async_take(same_pack=True)

    async def async_step_other_pack(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:  # noqa: ARG002
        """Take the new pack, of which nothing is known."""
        return await self._async_take(same_pack=False)

    async def _async_take(self, *, same_pack: bool) -> RepairsFlowResult:
        if async_is_set_up(self.hass, self._serial_number):
            return self.async_abort(reason="already_configured")
        await async_take(self.hass, self._entry, self._subentry_id, self._serial_number, same_pack=same_pack)
        return self.async_create_entry(data={})


class NotLoadedRepairFlow(HarmlessRepairsFlow):
    """The system must run before its repair can be made."""

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:  # noqa: ARG002
        """Say so; the issue stays."""
        return self.async_abort(reason="not_loaded")


type _Data = Mapping[str, str | int | float | None]


class _Mend(NamedTuple):
    """How an issue is mended."""

    flow: Callable[[HomeBmsConfigEntry, _Data], RepairsFlow]
    of_part: bool = True
    """Only while the part of the system is there that the issue is of."""


# By how the id of an issue begins. What is not here needs only a nod, also while the system is not loaded.
_MENDS: Final[Mapping[str, _Mend]] = {
    ISSUE_STORE_LOST: _Mend(lambda entry, _: StoreLostRepairFlow(entry), of_part=False),
    OFFER: _Mend(lambda entry, _: EnergyOfferRepairFlow(entry), of_part=False),
    OVERDUE: _Mend(lambda entry, data: InspectionRepairFlow(entry, str(data["place"])), of_part=False),
    COMMISSIONING_CHANGED: _Mend(lambda entry, data: CommissionRepairFlow(entry, str(data["subentry_id"]))),
    REFUSED: _Mend(lambda entry, data: ProgrammeRefusedRepairFlow(entry, str(data["subentry_id"]))),
    Trouble.IDENTITY_CHANGED: _Mend(
        lambda entry, data: IdentityChangedRepairFlow(entry, str(data["subentry_id"]), str(data["error"]))
    ),
}


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return the flow of an issue; one whose entry or part has gone needs only a nod."""
    data = data or {}
    entry = hass.config_entries.async_get_entry(str(data.get("entry_id")))
    mend = next((mend for begins, mend in _MENDS.items() if issue_id.startswith(begins)), None)
    if entry is None or mend is None or (mend.of_part and data.get("subentry_id") not in entry.subentries):
        return ConfirmRepairFlow()
    return mend.flow(entry, data) if entry.state is ConfigEntryState.LOADED else NotLoadedRepairFlow()
