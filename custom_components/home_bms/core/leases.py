"""Keeps who has asked what of the battery, for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf, isfinite
from typing import Final, NamedTuple

from .lease_times import DAY, WEEK, Now, Rhythm, Span, span
from .model import ConfigError

MOST_LEASES: Final = 32
"""Leases that one battery has at once: a schedule of every hour, and programmes beside it."""
LONGEST: Final = 14 * DAY
"""s that a lease lasts at most: a storm with its outage."""
LONGEST_REPEATED: Final = DAY
"""s of one that comes round, so that it never holds twice at once."""
FARTHEST: Final = 366 * DAY
"""s ahead in which a lease begins at the latest, and after which one that comes round ends."""
SHORTEST: Final = 1.0

USER: Final = "user"
"""Who owns the reserve that stands without an end."""


class Part(StrEnum):
    """What can be asked."""

    CHARGE_POWER = "charge_power"
    DISCHARGE_POWER = "discharge_power"
    CHARGE_CURRENT = "charge_current"
    DISCHARGE_CURRENT = "discharge_current"
    RESERVE = "reserve"
    POWER = "power"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What somebody asks, why, and for how long; times in s since 1970, UTC. What is `None` is not asked."""

    owner: str
    name: str = ""
    """What tells several of one owner apart."""
    reason: str = ""
    """For people."""
    priority: int = 50
    """0 to 100; of several set-points that of the highest counts."""
    made: float
    """When it was asked; of equals the newest counts."""
    start: float
    end: float
    days: tuple[int, ...] = ()
    """Weekdays from 0, Monday, on which it begins anew; none for one that holds once."""
    offset: float = 0.0
    """s by which the clocks on the wall are ahead of UTC when it begins for the first time."""
    last: float | None = None
    """After which it does not begin any more; a year from now if that is not said."""
    charge_power: float | None = None
    """W, at most."""
    discharge_power: float | None = None
    """W, at most; never negative."""
    charge_current: float | None = None
    """A, at most."""
    discharge_current: float | None = None
    reserve: float | None = None
    """Percent of charge at which discharging ends."""
    power: float | None = None
    """W, the set-point; positive charges. With `charge_to` the most to charge with."""
    charge_to: float | None = None
    """Percent to charge to ..."""
    within: float | None = None
    """... in so many s from the beginning, as evenly as that permits; `None` is as fast as permitted."""

    @property
    def key(self) -> Key:
        """What another must have to take its place."""
        return Key(self.owner, self.name)

    @property
    def rhythm(self) -> Rhythm:
        """When it holds."""
        return Rhythm(Span(self.start, self.end), self.days, self.offset, self.last)

    @property
    def asks(self) -> tuple[float | None, ...]:
        """All that is asked, without why and how long; the time by which a charge is to be reached as that moment."""
        ready_by = None if self.within is None else float(round(self.start + self.within))
        return (*[getattr(self, field) for field in WISHES], ready_by)


class Key(NamedTuple):
    """Whose lease, and which of theirs."""

    owner: str
    name: str


class Range(NamedTuple):
    """What a field may be."""

    least: float
    most: float


# A megawatt and ten thousand amperes are beyond what a home has: a slip of the unit, not a plan.
RANGES: Final = {
    "priority": Range(0.0, 100.0),
    "charge_power": Range(0.0, 1e6),
    "discharge_power": Range(0.0, 1e6),
    "charge_current": Range(0.0, 1e4),
    "discharge_current": Range(0.0, 1e4),
    "reserve": Range(0.0, 100.0),
    "power": Range(-1e6, 1e6),
    "charge_to": Range(0.0, 100.0),
}
WISHES: Final = tuple([field for field in RANGES if field != "priority"])
# Letters: who and which are shown as states, and a state of Home Assistant has 255 at most.
LETTERS: Final = {"owner": Range(1, 64), "name": Range(0, 64), "reason": Range(0, 200)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseBook:
    """All leases of one battery, and the reserve that its user keeps without an end."""

    leases: tuple[Lease, ...] = ()
    reserve: float = 0.0
    """Percent."""


def add(book: LeaseBook, lease: Lease, now: Now) -> LeaseBook:
    """Take a lease over, in the place of one with the same owner and name.

    One that is only renewed keeps its age, so that two owners who renew theirs in turn do not take it from each other.
    Raises ConfigError with the field: `out_of_range` (value, minimum, maximum), `nothing_asked` (fields),
    `charge_needed`, `wrong_direction` (value) or `too_many_leases` (maximum).
    """
    if lease.days and lease.last is None:
        lease = replace(lease, last=now.time + FARTHEST)
    lease = replace(lease, owner=writable(lease.owner), name=writable(lease.name), reason=writable(lease.reason))
    _check(lease, now)
    book = expire(book, now)
    before = next((each for each in book.leases if each.key == lease.key), None)
    if before is None:
        if len(book.leases) >= MOST_LEASES:
            raise ConfigError("too_many_leases", "owner", maximum=MOST_LEASES)
        return replace(book, leases=(*book.leases, lease))
    if before.asks == lease.asks and before.priority == lease.priority:
        lease = replace(lease, made=before.made)
    return replace(book, leases=tuple([lease if each.key == lease.key else each for each in book.leases]))


def writable(text: str) -> str:
    """Return a text without what no file takes, half of a character: all that is kept could not be written any more."""
    return text.encode(errors="replace").decode()


def release(book: LeaseBook, owner: str | None = None, name: str | None = None) -> LeaseBook:
    """End the lease of this owner and name; without a name all of the owner, without an owner all of everybody."""

    def is_meant(lease: Lease) -> bool:
        return owner in (None, lease.owner) and name in (None, lease.name)

    return replace(book, leases=tuple([lease for lease in book.leases if not is_meant(lease)]))


def keep(book: LeaseBook, reserve: float) -> LeaseBook:
    """Keep a reserve in percent until it is told otherwise. Raises ConfigError `out_of_range`."""
    _in_range("reserve", reserve, *RANGES["reserve"])
    return replace(book, reserve=reserve)


def expire(book: LeaseBook, now: Now) -> LeaseBook:
    """Drop what is over for good."""
    left = tuple([lease for lease in book.leases if span(lease.rhythm, now) is not None])
    return book if len(left) == len(book.leases) else replace(book, leases=left)


def sound(book: LeaseBook) -> bool:
    """Tell whether a book that comes from outside has nothing in it that `add` and `keep` would never have let in."""
    try:
        for lease in book.leases:
            _check(lease, Now(min(lease.made, lease.end - SHORTEST)))
        _in_range("reserve", book.reserve, *RANGES["reserve"])
    except ConfigError:
        return False
    return len(book.leases) <= MOST_LEASES and len({lease.key for lease in book.leases}) == len(book.leases)


def _check(lease: Lease, now: Now) -> None:
    for field, (least, most) in LETTERS.items():
        _in_range(field, len(getattr(lease, field)), least, most)
    for field, (least, most) in RANGES.items():
        _in_range(field, getattr(lease, field), least, most)
    if all(getattr(lease, field) is None for field in WISHES):
        raise ConfigError("nothing_asked", "power", fields=", ".join(WISHES))
    _check_charging(lease)
    _check_times(lease, now)


def _check_charging(lease: Lease) -> None:
    """Refuse to charge by discharging, and a time in which no charge is to be reached."""
    if lease.charge_to is None:
        if lease.within is not None:
            raise ConfigError("charge_needed", "charge_to")
    elif lease.power is not None and lease.power <= 0.0:
        raise ConfigError("wrong_direction", "power", value=lease.power)


def _check_times(lease: Lease, now: Now) -> None:
    farthest = now.time + FARTHEST
    _in_range("made", lease.made, 0.0, inf)
    _in_range("offset", lease.offset, -DAY, DAY)
    _in_range("start", lease.start, 0.0, farthest)
    longest = LONGEST_REPEATED if lease.days else LONGEST
    earliest = lease.start if lease.days else max(lease.start, now.time)
    _in_range("end", lease.end, earliest + SHORTEST, lease.start + longest)
    for day in lease.days:
        _in_range("days", day, 0, WEEK - 1)
    _in_range("last", lease.last, lease.start, farthest)
    _in_range("within", lease.within, SHORTEST, lease.end - lease.start)


def _in_range(field: str, value: float | None, least: float, most: float) -> None:
    if value is not None and not (isfinite(value) and least <= value <= most):
        raise ConfigError("out_of_range", field, value=value, minimum=least, maximum=most)
