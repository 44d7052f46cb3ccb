"""What a supervisor tells of the pack that it watches, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from .core.blackbox import Box
from .core.model import Snapshot
from .hw.driver import DeviceInfo


class Link(StrEnum):
    """How the pack answers."""

    CONNECTING = "connecting"
    ANSWERING = "answering"
    SILENT = "silent"
    FOREIGN = "foreign"
    """Another pack answers in its place."""


class Trouble(StrEnum):
    """What a person is told of and can mend; also the keys of the repair issues."""

    IDENTITY_CHANGED = "identity_changed"
    ADDRESS_SHARED = "address_shared"
    """Ours and another pack answer in turn."""
    WRITE_FAILED = "write_failed"
    INTERNAL_ERROR = "internal_error"


@dataclass(slots=True, kw_only=True)
class Statistics:
    """How the loop is doing since it was set up."""

    link: Link = Link.CONNECTING
    polls: int = 0
    failed_reads: int = 0
    slow_reads: int = 0
    """Ticks that were judged on an aged reading because the pack had not answered yet."""
    late_ticks: int = 0
    """Ticks that were left out because the one before took too long."""
    failed_writes: int = 0
    faults: int = 0
    """Errors of home_bms itself that were survived."""
    transactions: int = 0
    """Modbus requests of this pack."""
    link_quality: float | None = None
    """Percent of the last requests that were answered soundly."""
    cycle_time: float | None = None
    """s from the tick to its end."""
    between_readings: float | None = None
    """s between two readings, of the last few, or since the last if that is longer; a crowded bus brings fewer."""
    last_error: str | None = None
    """The key of the last read or write error."""


class Watcher(Protocol):
    """Who is told what a supervisor finds, and says whether it may act."""

    @property
    def control_allowed(self) -> bool:
        """Whether anything may be written."""

    def async_identified(self, info: DeviceInfo) -> None:
        """Take who the pack says it is."""

    def async_judged(self, snapshot: Snapshot) -> None:
        """Take one tick's result."""

    def async_frozen(self, box: Box) -> None:
        """Take what the black box froze around a protection."""

    def async_trouble(self, trouble: Trouble, stands: bool, error: str = "") -> None:
        """Take note that something needs a person, or no longer does."""

    async def async_latched(self) -> None:
        """Keep a trip that has just latched; the next tick waits for it, but not for ever."""
