"""Tells when the intervals of an OpenADR 3 event are."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil, inf, isinf
from typing import Any, Final
from zlib import crc32

from ..core.lease_times import DAY
from ..core.leases import writable

AHEAD: Final = DAY
"""s ahead of now that are looked at."""
MOST_READ: Final = 1000
"""Events, and intervals of each, that are looked at."""

_DURATION: Final = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?|P0S"
)
# The last is the specification's own slip.
_SECONDS: Final = (365 * DAY, 30 * DAY, 7 * DAY, DAY, 3600.0, 60.0, 1.0)
# "P9999Y" and, up to 3.0.1, "PT0S" have no end.
_ENDLESS: Final = 1000 * 365 * DAY
# The beginning of time stands for now: "0001-01-01" since 3.1, "0000-00-00" before, which is no date.
_NOW: Final = ("0000-", "0001-")


class EventError(ValueError):
    """An event, or a part of one, that is not followed, and why."""


@dataclass(frozen=True, slots=True)
class Interval:
    """One interval of an event; times in s since 1970."""

    name: str
    """What tells it from all others of its event ..."""
    number: int
    """... and how the event calls it, which is the same in every round of one that comes round."""
    place: int
    """From 0, counted on through the rounds."""
    start: float
    end: float
    """Infinite for one without an end."""
    payloads: tuple[tuple[str, Any], ...] = ()
    """Types with their one value."""


def intervals(event: Mapping[str, Any], now: float, dividing: Container[str] = ()) -> list[Interval]:
    """Return the intervals of an event; one without a start follows the one before.

    An event's own period gives the start of the first and the duration of all that have none of their own. Its own
    duration cuts them short, or lets them come round: of those only the round before now and what is ahead. Several
    values of a type that is `dividing` hold in turn, each for its share of the interval. Raises EventError, or what a
    wrong shape raises.
    """
    if event.get("reportDescriptors") and not event.get("intervals"):
        return []
    once = [part for interval in _once(event, now) for part in _divided(interval, dividing)]
    lifespan = event.get("duration")
    # One of nothing is what a server puts where none was given.
    bounded = once and lifespan is not None and _seconds(lifespan) > 0
    return _rounds(once, duration(lifespan), now) if bounded else _placed(once, 0)


@dataclass(frozen=True, slots=True)
class _Raw:
    number: int
    start: float
    length: float
    payloads: tuple[tuple[str, tuple[Any, ...]], ...]


def _once(event: Mapping[str, Any], now: float) -> Iterator[_Raw]:
    """Give each interval as it is written."""
    period = event.get("intervalPeriod") or {}
    begin = start_of(period, event, now) if period.get("start") is not None else None
    for interval in event["intervals"][:MOST_READ]:
        own = interval.get("intervalPeriod") or {}
        if own.get("start") is not None and not (_is_now(own) and begin is not None):
            begin = start_of(own, event, now)
        if begin is None:
            raise EventError("no start")
        text = own.get("duration") or period.get("duration")
        if _is_now(own or period) and text is not None and _seconds(text) == 0:
            raise EventError("cancelled")
        length = duration(text)
        values = tuple([(str(each["type"]), tuple(each["values"])) for each in interval["payloads"]])
        yield _Raw(int(interval["id"]), begin, length, values)
        begin += length


def _divided(raw: _Raw, dividing: Container[str]) -> Iterator[Interval]:
    """Give the parts of an interval in which each type has one value; an alert may have none."""
    parts = max([len(values) for kind, values in raw.payloads if kind in dividing], default=1) or 1
    if parts > MOST_READ:
        raise EventError("too many values")
    if parts > 1 and isinf(raw.length):
        raise EventError("several values and no end")
    length = raw.length / parts
    for part in range(parts):
        begin = raw.start + (part * length if part else 0.0)
        payloads = tuple([(kind, _single(values, part)) for kind, values in raw.payloads])
        name = f"{raw.number}" if parts == 1 else f"{raw.number}.{part + 1}"
        yield Interval(name, raw.number, 0, begin, begin + length, payloads)


def _single(values: tuple[Any, ...], part: int) -> Any:  # noqa: ANN401 - the specification lets it be anything
    return values[min(part, len(values) - 1)] if values else None


def _rounds(once: list[Interval], lifespan: float, now: float) -> list[Interval]:
    """Return the intervals as often as the lifespan of their event lets them come."""
    begin = once[0].start
    over, whole = begin + lifespan, max(each.end for each in once) - begin
    rounds = range(1)
    if 0 < whole < lifespan:
        first = max(0, int((now - begin) // whole) - 1)
        rounds = range(first, max(1, ceil((min(over, now + AHEAD) - begin) / whole)))
    found: list[Interval] = []
    for number in rounds:
        later = number * whole if number else 0.0
        for each in once:
            if each.start + later < over and len(found) < MOST_READ:
                name = f"{each.name}+{number}" if number else each.name
                end = min(over, each.end + later)
                found.append(replace(each, name=name, start=each.start + later, end=end))
        if len(found) >= MOST_READ:
            break
    return _placed(found, rounds.start * len(once))


def _placed(found: list[Interval], first: int) -> list[Interval]:
    return [replace(each, place=first + place) for place, each in enumerate(found)]


def start_of(period: Mapping[str, Any], event: Mapping[str, Any], now: float) -> float:
    """Return when a period starts: now, or later by a share of what the programme lets it vary by, the same each time.

    The time of now is that of the event's making, or it would begin anew whenever it is read.
    """
    if _is_now(period):
        made = event.get("createdDateTime")
        return now if made is None else timestamp(datetime.fromisoformat(str(made)))
    begin = timestamp(datetime.fromisoformat(str(period["start"])))
    spread = period.get("randomizeStart")
    share = crc32(writable(str(event.get("id", ""))).encode()) / 0xFFFFFFFF
    # Without one there is none, and so says "PT0S".
    return begin + share * min(DAY, _seconds(spread) if spread is not None else 0.0)


def _is_now(period: Mapping[str, Any]) -> bool:
    return str(period.get("start", "")).startswith(_NOW)


def timestamp(time: datetime) -> float:
    """Return s since 1970; a time without a zone is UTC."""
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def duration(text: object) -> float:
    """Return the s of a duration of ISO 8601; without one, or with none at all, it has no end. Raises EventError."""
    seconds = 0.0 if text is None else _seconds(text)
    return seconds if 0 < seconds < _ENDLESS else inf


def _seconds(text: object) -> float:
    found = _DURATION.fullmatch(str(text))
    if found is None:
        raise EventError(f"{text} is no duration")
    return sum([float(part or 0) * unit for part, unit in zip(found.groups(), _SECONDS, strict=True)])
