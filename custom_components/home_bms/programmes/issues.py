"""Raises a repair issue while a grid programme cannot be read."""

from __future__ import annotations

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..hw.openadr_http import VtnError
from ..repair_issues import IssueData, async_raise, async_withdraw

UNREACHABLE_FOR: Final = 3600.0
"""s after which a person should look; what was read stays in force meanwhile."""
REFUSALS_TO_TELL: Final = 2
"""In a row: a server that starts anew may refuse once."""
UNREACHABLE: Final = "programme_unreachable"
REFUSED: Final = "programme_refused"


class ProgrammeIssues:
    """The issues of one programme."""

    def __init__(self, hass: HomeAssistant, *, entry_id: str, subentry_id: str, name: str) -> None:
        self._hass = hass
        self._data: IssueData = {"entry_id": entry_id, "subentry_id": subentry_id}
        self._name = name
        self._since: float | None = None

    @callback
    def async_judge(self, now: float, error: VtnError | None, refusals: int) -> None:
        """Raise or withdraw what a reading gives reason for; `refusals` are those in a row, `now` is in s."""
        if error is None:
            self._since = None
        elif self._since is None:
            self._since = now
        refused = refusals >= REFUSALS_TO_TELL
        long = self._since is not None and now - self._since >= UNREACHABLE_FOR
        self._set(REFUSED, error if refused else None, is_fixable=True)
        self._set(UNREACHABLE, error if long and not refused else None, is_fixable=False)

    def _set(self, key: str, error: VtnError | None, *, is_fixable: bool) -> None:
        issue_id = f"{key}_{self._data['subentry_id']}"
        if error is None:
            async_withdraw(self._hass, issue_id)
            return
        async_raise(
            self._hass,
            issue_id,
            data=self._data,
            is_fixable=is_fixable,
            severity=ir.IssueSeverity.ERROR if is_fixable else ir.IssueSeverity.WARNING,
            translation_key=key,
            shown={"name": self._name, "error": str(error)},
        )
