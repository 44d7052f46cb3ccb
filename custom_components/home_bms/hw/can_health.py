"""Judges when a trouble of a CAN bus has stood long enough to call a person, and when it is over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from .can import CanLink, CanState


class Trouble(StrEnum):
    """What may be wrong with a bus; what stands further up is told before what follows from it."""

    LOST = "can_lost"
    """The interface is gone and does not come back."""
    ERRORS = "can_errors"
    """The controller has left the bus, or is about to: wiring, termination or bit rate."""
    TAKEN = "can_taken"
    """Something was not sent, for somebody else sends these identifiers."""
    UNANSWERED = "can_unanswered"
    """Nobody acknowledges what is sent."""


STATES: Final[Mapping[CanState, Trouble]] = MappingProxyType(
    {
        CanState.LOST: Trouble.LOST,
        CanState.BUS_OFF: Trouble.ERRORS,
        CanState.PASSIVE: Trouble.ERRORS,
        CanState.SILENT: Trouble.UNANSWERED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a trouble is waited for, in s."""

    after: float
    """For which it must stand before a person is called ..."""
    gap: float
    """... where breaks of this length do not count ..."""
    calm: float
    """... and which must pass without it before it is over."""


PATIENCE: Final[Mapping[Trouble, Patience]] = MappingProxyType(
    {
        # A stick that is plugged again, and a gateway that starts anew, take some 10 s.
        Trouble.LOST: Patience(after=30.0, gap=0.0, calm=10.0),
        # The kernel restarts a controller after 100 ms, home_bms after 2 s, and each time it works for a moment.
        Trouble.ERRORS: Patience(after=60.0, gap=30.0, calm=60.0),
        # The link itself remembers for 30 s: one frame of a stranger is no second battery.
        Trouble.TAKEN: Patience(after=45.0, gap=0.0, calm=0.0),
        Trouble.UNANSWERED: Patience(after=60.0, gap=0.0, calm=10.0),
    }
)


def troubles(link: CanLink) -> frozenset[Trouble]:
    """Return what is wrong with a bus now."""
    found = {STATES[link.state]} if link.state in STATES else set()
    return frozenset(found | ({Trouble.TAKEN} if link.refused else set()))


@dataclass(slots=True)
class _Stretch:
    """A time of trouble."""

    began: float
    last: float
    stands: bool = False
    """Whether a person was called."""


class CanHealth:
    """The troubles of one bus; time comes in with each look, which are to be some seconds apart at most."""

    def __init__(self) -> None:
        self._stretches: dict[Trouble, _Stretch] = {}

    @property
    def troubled(self) -> bool:
        """Whether anything has been wrong so lately that it may not be over."""
        return bool(self._stretches)

    def look(self, now: float, seen: Collection[Trouble]) -> Trouble | None:
        """Take what is wrong now, and return what a person must be called for."""
        for trouble in seen:
            stretch = self._stretches.setdefault(trouble, _Stretch(now, now))
            stretch.last = now
            stretch.stands |= now - stretch.began >= PATIENCE[trouble].after
        for trouble, stretch in tuple(self._stretches.items()):
            patience = PATIENCE[trouble]
            if now - stretch.last > (patience.calm if stretch.stands else patience.gap):
                del self._stretches[trouble]
        standing = [trouble for trouble, stretch in self._stretches.items() if stretch.stands]
        return min(standing, key=list(Trouble).index, default=None)
