"""Raises repair issues while an inverter cannot be told all that it should."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from homeassistant.core import HomeAssistant, callback

from ..const import LOGGER
from ..hw.driver import DriverError
from ..hw.inverters.can_inverter import LATE_AFTER, SILENT
from ..hw.inverters.inverter import InverterReading
from ..hw.inverters.sunspec_storage import NO_DISCHARGE_MAX
from ..repair_issues import IssueData, async_raise, async_withdraw
from ..story import FLOW_NAMES
from ..texts import protection_names, word
from .handback import Held

ISSUE: Final = "inverter_silent"
HELD_ISSUE: Final = "inverter_held"
DISCHARGE_ISSUE: Final = "inverter_discharge_power"
OPTION_ISSUE: Final = "inverter_option_gone"


class InverterIssues:
    """The issue of one inverter; it is told all the same, for silence is no reason to go silent."""

    def __init__(self, hass: HomeAssistant, *, entry_id: str, subentry_id: str, name: str) -> None:
        self._hass = hass
        self._data: IssueData = {"entry_id": entry_id, "subentry_id": subentry_id}
        self._issue_id = f"{ISSUE}_{subentry_id}"
        self._name = name
        self._held_id = f"{HELD_ISSUE}_{subentry_id}"
        self._since: float | None = None
        self._raised = False

    @callback
    def async_judge(self, now: float, error: DriverError | None, reading: InverterReading | None) -> None:
        """Raise it once the link has failed for LATE_AFTER s, or the inverter itself is late; withdraw it after."""
        late = reading is not None and SILENT in (reading.alarms or ())
        if error is None:
            self._since = None
        elif self._since is None:
            self._since = now
        stands = late or (self._since is not None and now - self._since >= LATE_AFTER)
        if stands is self._raised:
            return
        self._raised = stands
        if not stands:
            async_withdraw(self._hass, self._issue_id)
            return
        async_raise(
            self._hass,
            self._issue_id,
            translation_key=ISSUE,
            shown={"name": self._name, "error": "-" if error is None else str(error)},
            data=self._data,
        )

    @callback
    def async_held(self, held: Held) -> None:
        """Say why the inverter stays at zero although home_bms has stopped.

        It outlasts a restart, and the entry too: who has removed home_bms sets the inverter's limits by hand.
        """
        ways = ", ".join(word(self._hass, "work", FLOW_NAMES[flow]) for flow in held)
        why = protection_names(self._hass, dict.fromkeys(key for keys in held.values() for key in keys))
        LOGGER.warning("%s is left at zero (%s), for a protection stands: %s", self._name, ways, why)
        shown = {"name": self._name, "ways": ways, "why": why}
        async_raise(
            self._hass, self._held_id, translation_key=HELD_ISSUE, shown=shown, is_fixable=True, is_persistent=True
        )

    @callback
    def async_judge_problems(self, problems: Container[str]) -> None:
        """Raise an issue while the inverter may not discharge for want of a setting; withdraw it after."""
        issue_id = f"{DISCHARGE_ISSUE}_{self._data['subentry_id']}"
        if NO_DISCHARGE_MAX not in problems:
            async_withdraw(self._hass, issue_id)
            return
        shown = {"name": self._name}
        async_raise(self._hass, issue_id, translation_key=DISCHARGE_ISSUE, shown=shown, data=self._data)

    @callback
    def async_runs(self) -> None:
        """Withdraw what only counts while home_bms does not run."""
        async_withdraw(self._hass, self._held_id)


@callback
def async_judge_options(
    hass: HomeAssistant, *, entry_id: str, subentry_id: str, name: str, entity: str, gone: Sequence[str]
) -> None:
    """Raise an issue while options of a work mode are gone that were chosen for a purpose; withdraw it after."""
    issue_id = f"{OPTION_ISSUE}_{subentry_id}"
    if not gone:
        async_withdraw(hass, issue_id)
        return
    async_raise(
        hass,
        issue_id,
        translation_key=OPTION_ISSUE,
        shown={"name": name, "entity": entity, "options": ", ".join(gone)},
        data={"entry_id": entry_id, "subentry_id": subentry_id},
    )
