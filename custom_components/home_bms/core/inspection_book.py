"""What is kept of inspections, and how one stands on a day; days are ordinals of the house's own calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from .inspection_signs import Condition, Seen, Sign
from .inspection_table import Inspection
from .upkeep import NOTHING

SYSTEM: Final = ""
"""The subject of what is about the whole system; else it is a pack's key."""


class Standing(StrEnum):
    """How an inspection stands."""

    LATER = "later"
    COMING = "coming"
    DUE = "due"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Somebody has done an inspection."""

    day: int
    at: float
    """s since 1970 at which it was told."""
    by: str | None
    """The user's name; `None` for an automation."""
    note: str = ""
    value: float | None = None
    unit: str | None = None
    serial_number: str = ""
    """Of the pack that it was about."""
    lows: Mapping[str, float] = NOTHING
    """What growth was measured from until then, by place."""
    withdrawn: bool = False
    """Undone: it stays in the history, and counts no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What has become of one inspection so far."""

    began: int
    """The day from which the first interval counts."""
    serial_number: str = ""
    """Of the pack that it is about now; records of another one stay, and do not count."""
    records: tuple[Record, ...] = ()
    """By day."""
    lows: Mapping[str, float] = NOTHING
    """What growth is measured from: the lowest values since it was last done, by place."""
    seen: Mapping[str, float] = NOTHING
    """Evidence that somebody has seen to and that still stands, by place with its value then."""
    raised: Mapping[str, int] = MappingProxyType({})
    """The day on which each evidence was first seen, by place."""
    postponed: int | None = None
    """The day until which it is put off ..."""
    postponed_on: int | None = None
    """... and the day on which somebody did: evidence that comes later is not meant."""
    told: int | None = None
    """The day for which it was last told to be due."""


class Placed(NamedTuple):
    """A sign at its place."""

    where: str
    condition: Condition
    sign: Sign


class Evidence(NamedTuple):
    """Why an inspection is due."""

    condition: Condition
    sign: Sign
    since: int
    """Day."""


class Item(NamedTuple):
    """One inspection as it stands."""

    row: Inspection
    subject: str
    """SYSTEM, or a pack's key."""
    due: int | None
    """Day; `None` while nothing calls for it."""
    regular: int | None
    """The day on which the calendar alone would have it due."""
    following: int | None
    """The day on which it would be due again if it were done today."""
    standing: Standing
    evidence: tuple[Evidence, ...]
    last: Record | None
    began: int
    postponed: bool
    latest: int | None
    """The last day to which it may be put off."""
    signs: tuple[Placed, ...]
    """All that was looked at, whether it calls or not."""

    @property
    def place(self) -> str:
        """What tells it from all others."""
        return place(self.row.key, self.subject)

    @property
    def is_due(self) -> bool:
        """Whether it waits for somebody today."""
        return self.standing in (Standing.DUE, Standing.OVERDUE)

    @property
    def calls(self) -> bool:
        """Whether a person is to be called, because it is overdue and nothing else calls for the same."""
        if self.standing is not Standing.OVERDUE:
            return False
        regular = self.regular is not None and self.due is not None and self.regular <= self.due
        return regular or not all(each.condition.told for each in self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What inspections may be about: a pack, or the whole system without anything to see."""

    key: str = SYSTEM
    serial_number: str = ""
    seen: Seen | None = None
    intervals: Mapping[str, int | None] = MappingProxyType({})
    """By inspection that applies, days or `None`; the bounds of the table hold for whatever stands here."""


type Book = Mapping[str, Course]
"""The courses by place."""


def place(key: str, subject: str) -> str:
    """Return what tells an inspection of a pack, or of the system, from all others."""
    return f"{subject}/{key}" if subject else key
