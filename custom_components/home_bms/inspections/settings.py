"""Reads which inspections a user wants, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Self

from ..core.inspection_table import INSPECTIONS

CONF_INSPECTIONS: Final = "inspections"
"""The key of the entry's options."""
CONF_LEFT_OUT: Final = "left_out"
CONF_EVERY: Final = "every"

CONTACTOR: Final = frozenset(key for key, row in INSPECTIONS.items() if row.contactor)
"""What is about a contactor, which home_bms knows of only where it drives one itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionSettings:
    """What a user decided."""

    chosen: frozenset[str] | None = None
    """What does not apply; `None` while nobody has decided."""
    every: Mapping[str, int] = MappingProxyType({})
    """Days, of what the user wants otherwise than the table has it."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return what an entry's options say."""
        told = options.get(CONF_INSPECTIONS)
        if told is None:
            return cls()
        return cls(
            chosen=frozenset(told[CONF_LEFT_OUT]), every={key: int(days) for key, days in told[CONF_EVERY].items()}
        )

    def left_out(self, *, contactor: bool) -> frozenset[str]:
        """Return what does not apply; what is about a contactor, by default only to packs that have one."""
        if self.chosen is not None:
            return self.chosen
        return frozenset() if contactor else CONTACTOR
