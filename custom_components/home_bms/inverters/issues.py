"""Raises repair issues while an inverter cannot be told all that it should."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..harmless import all_harmless
from ..hw.driver import DriverError
from ..hw.inverters.can_inverter import LATE_AFTER, SILENT
from ..hw.inverters.inverter import InverterReading

ISSUE: Final = "inverter_silent"
OPTION_ISSUE: Final = "inverter_option_gone"


class InverterIssues:
    """The issue of one inverter; it is told all the same, for silence is no reason to go silent."""

    def __init__(self, hass: HomeAssistant, *, entry_id: str, subentry_id: str, name: str) -> None:
        self._hass = hass
        self._data: dict[str, str | int | float | None] = {"entry_id": entry_id, "subentry_id": subentry_id}
        self._issue_id = f"{ISSUE}_{subentry_id}"
        self._name = name
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
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=ISSUE,
            translation_placeholders=all_harmless({"name": self._name, "error": "-" if error is None else str(error)}),
            data=self._data,
        )


@callback
def async_judge_options(
    hass: HomeAssistant, *, entry_id: str, subentry_id: str, name: str, entity: str, gone: Sequence[str]
) -> None:
    """Raise an issue while options of a work mode are gone that were chosen for a purpose; withdraw it after."""
    issue_id = f"{OPTION_ISSUE}_{subentry_id}"
    if not gone:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=OPTION_ISSUE,
        translation_placeholders=all_harmless({"name": name, "entity": entity, "options": ", ".join(gone)}),
        data={"entry_id": entry_id, "subentry_id": subentry_id},
    )
