"""Raises a repair for each inspection that is overdue, and withdraws it once it is done, put off or over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..core.inspection_book import Item
from ..repair_issues import async_raise, async_withdraw
from .words import instructions, reasons, title

if TYPE_CHECKING:
    from ..runtime import HomeBmsConfigEntry

OVERDUE: Final = "inspection_overdue"
LOST: Final = "inspections_lost"


class InspectionIssues:
    """The repairs of one system's inspections."""

    def __init__(self, hass: HomeAssistant, entry: HomeBmsConfigEntry) -> None:
        self._hass = hass
        self._entry = entry

    @callback
    def async_judge(self, items: tuple[Item, ...], name_of: Callable[[Item], str]) -> None:
        """Call a person for what is overdue and called for by nothing else."""
        calling = {self._issue(item): item for item in items if item.calls}
        mine = f"_{self._entry.entry_id}"
        for domain, issue_id in list(ir.async_get(self._hass).issues):
            ours = domain == DOMAIN and issue_id.startswith(f"{OVERDUE}_") and issue_id.endswith(mine)
            if ours and issue_id not in calling:
                async_withdraw(self._hass, issue_id)
        for issue_id, item in calling.items():
            async_raise(
                self._hass,
                issue_id,
                data={"entry_id": self._entry.entry_id, "subentry_id": item.subject or None, "place": item.place},
                is_fixable=True,
                translation_key=OVERDUE,
                shown={
                    "name": name_of(item),
                    "inspection": title(self._hass, item.row.key),
                    "how": instructions(self._hass, item),
                    "why": reasons(self._hass, item),
                },
            )

    @callback
    def async_lost(self, error: str) -> None:
        """Say once that what was done so far cannot be read."""
        async_raise(
            self._hass,
            f"{LOST}_{self._entry.entry_id}",
            data={"entry_id": self._entry.entry_id, "subentry_id": None},
            is_fixable=True,
            is_persistent=True,
            translation_key=LOST,
            shown={"name": self._entry.title, "error": error},
        )

    def _issue(self, item: Item) -> str:
        return f"{OVERDUE}_{item.place}_{self._entry.entry_id}"
