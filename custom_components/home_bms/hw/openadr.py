"""Reads events of OpenADR 3 as leases of a battery.

Versions 3.0.1 and 3.1 of the specification. What is not understood without doubt is named and not followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf, isfinite
from typing import Any, Final
from zlib import crc32

from ..core.lease_times import DAY
from ..core.leases import Lease

AHEAD: Final = DAY
"""s ahead within which an event becomes a lease, and that one without an end lasts until it is read again."""
# Ends that move with the time do so by the hour: what is read each minute is not to be written each minute.
_STEP: Final = 3600.0
MOST_INTERVALS: Final = 24
"""Of all events of a programme that are followed at once; the soonest."""
_MOST_READ: Final = 1000
"""Events, and intervals of each, that are looked at: this is done between two looks at the packs."""
# Names are shown, and an event's own may be longer than a lease's.
_ID_LETTERS: Final = 48
_PRIORITY_STEPS: Final = 9
"""Priorities of events, from 0, that are told apart above that of their programme."""
_HIGHEST: Final = 100

_DURATION: Final = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_SECONDS: Final = (365 * DAY, 30 * DAY, 7 * DAY, DAY, 3600.0, 60.0, 1.0)
# "P9999Y" and, up to 3.0.1, "PT0S" have no end.
_ENDLESS: Final = 1000 * 365 * DAY
# The year 1 stands for now.
_NOW_YEAR: Final = 1

_WATTS: Final[Mapping[str, float]] = {"W": 1.0, "KW": 1000.0}
_PERCENT: Final[Mapping[str, float]] = {"PERCENT": 1.0, "PERCENTAGE": 1.0}
_STORM: Final = ("ALERT_POSSIBLE_OUTAGE", "ALERT_FIRE", "ALERT_FREEZING", "ALERT_WIND", "ALERT_TSUNAMI")
_SCARCE: Final = ("ALERT_GRID_EMERGENCY", "ALERT_BLACK_START", "ALERT_FLEX_ALERT")
PRICE: Final = "PRICE"


class EventError(ValueError):
    """An event, or a part of one, that is not followed, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Who sends the events, and what its customer has agreed to."""

    owner: str
    priority: int = 60
    outage_reserve: float = 80.0
    """Percent to charge to and hold while an outage may come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What events come to."""

    leases: tuple[Lease, ...]
    ignored: tuple[tuple[str, str], ...]
    """Event, and what of it is not followed."""
    price: float | None
    """Of now, in the unit that the programme has agreed on."""


@dataclass(frozen=True, slots=True)
class _Interval:
    id: str
    start: float
    end: float
    """Infinite for one without an end."""
    payloads: tuple[tuple[str, Any], ...]


type _Reader = Callable[[Programme, Any, str | None], dict[str, float]]


def plan(programme: Programme, events: object, now: float) -> Plan:
    """Return the leases that the events of one programme ask for, the soonest first; `now` in s since 1970.

    One event that makes no sense keeps nothing from the others. Raises EventError for what is no list of events.
    """
    if not isinstance(events, list | tuple):
        raise EventError("no list of events")
    leases: list[Lease] = []
    ignored: list[tuple[str, str]] = []
    price: float | None = None
    for event in events[:_MOST_READ]:
        name = str(event.get("id", "")) if isinstance(event, Mapping) else ""
        try:
            for interval in _intervals(event, now):
                if interval.end <= now or interval.start >= now + AHEAD:
                    continue
                asks, told, odd = _asks(programme, event, interval)
                ignored += [(name, why) for why in odd]
                if told is not None and interval.start <= now:
                    price = told
                if asks:
                    leases.append(_lease(programme, event, name, interval, asks, now))
        except (EventError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as err:
            ignored.append((name, str(err) or type(err).__name__))
    leases.sort(key=lambda lease: (lease.start, -lease.priority, lease.name))
    ignored += [(lease.name, "too many at once") for lease in leases[MOST_INTERVALS:]]
    return Plan(leases=tuple(leases[:MOST_INTERVALS]), ignored=tuple(dict.fromkeys(ignored)), price=price)


def _lease(
    programme: Programme, event: Mapping[str, Any], name: str, interval: _Interval, asks: Mapping[str, Any], now: float
) -> Lease:
    return Lease(
        owner=programme.owner,
        name=f"{name[-_ID_LETTERS:]}/{interval.id}",
        reason=str(event.get("eventName") or "")[:200],
        priority=_priority(programme, event),
        made=now,
        start=max(interval.start, (now - DAY) // _STEP * _STEP),
        end=min(interval.end, (now + AHEAD) // _STEP * _STEP + _STEP),
        **asks,
    )


def _priority(programme: Programme, event: Mapping[str, Any]) -> int:
    """Return the priority of a lease; an event's own is the higher the lower its number."""
    own = event.get("priority")
    above = 0 if own is None else max(0, _PRIORITY_STEPS - int(own))
    return min(_HIGHEST, programme.priority + above)


def _intervals(event: Mapping[str, Any], now: float) -> Iterator[_Interval]:
    """Give the intervals of an event with their times; one without a start follows the one before.

    An event's own period gives the start of the first and the duration of all that have none of their own.
    """
    period = event.get("intervalPeriod") or {}
    start = _start(period, event, now) if period.get("start") is not None else None
    for interval in event["intervals"][:_MOST_READ]:
        own = interval.get("intervalPeriod") or {}
        if own.get("start") is not None:
            start = _start(own, event, now)
        if start is None:
            raise EventError("no start")
        length = _duration(own.get("duration") or period.get("duration"))
        values = tuple([(str(each["type"]), _single(each["values"])) for each in interval["payloads"]])
        yield _Interval(str(int(interval["id"])), start, start + length, values)
        start += length


def _start(period: Mapping[str, Any], event: Mapping[str, Any], now: float) -> float:
    """Return when a period starts: now, or later by a share of what the programme lets it vary by, the same each time.

    The time of now is that of the event's making, or it would begin anew whenever it is read.
    """
    begin = datetime.fromisoformat(str(period["start"]))
    if begin.year <= _NOW_YEAR:
        made = event.get("createdDateTime")
        return now if made is None else _timestamp(datetime.fromisoformat(str(made)))
    spread = period.get("randomizeStart")
    share = crc32(str(event.get("id", "")).encode()) / 0xFFFFFFFF
    return _timestamp(begin) + (0.0 if spread is None else share * min(DAY, _duration(spread)))


def _timestamp(time: datetime) -> float:
    """Return s since 1970; a time without a zone is UTC."""
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _duration(text: object) -> float:
    """Return the s of a duration of ISO 8601; without one, or with none at all, it has no end."""
    if text is None:
        return inf
    found = _DURATION.fullmatch(str(text))
    if found is None:
        raise EventError(f"{text} is no duration")
    seconds = sum([float(part or 0) * unit for part, unit in zip(found.groups(), _SECONDS, strict=True)])
    return seconds if 0 < seconds < _ENDLESS else inf


def _single(values: list[Any]) -> Any:  # noqa: ANN401 - the specification lets it be anything
    """Return the one value of a payload; an alert may have none."""
    return values[0] if values else None


def _asks(
    programme: Programme, event: Mapping[str, Any], interval: _Interval
) -> tuple[dict[str, float], float | None, list[str]]:
    """Return what an interval asks of a battery, the price that it tells, and what of it is not followed."""
    units = {str(each.get("payloadType")): each.get("units") for each in event.get("payloadDescriptors") or ()}
    asks: dict[str, float] = {}
    price: float | None = None
    odd = []
    for kind, value in interval.payloads:
        try:
            if kind == PRICE:
                price = _number(value)
            elif (reader := _READERS.get(kind)) is None:
                odd.append(f"{kind} is not followed")
            else:
                asks |= reader(programme, value, units.get(kind))
        except EventError as err:
            odd.append(f"{kind}: {err}")
    return asks, price, odd


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise EventError(f"{value} is no number")
    return float(value)


def _scaled(value: object, unit: str | None, scale: Mapping[str, float]) -> float:
    """Return a value in the unit of a lease; what has no unit, or another one, could mean anything."""
    factor = scale.get(str(unit).upper())
    if factor is None:
        raise EventError(f"its unit is {unit}, not {' or '.join(scale)}")
    return factor * _number(value)


def _dispatch(_: Programme, value: object, unit: str | None) -> dict[str, float]:
    """Take the absolute consumption of the resource for that of the battery: positive charges."""
    return {"power": _scaled(value, unit, _WATTS)}


def _charge_state(_: Programme, value: object, unit: str | None) -> dict[str, float]:
    return {"charge_to": _scaled(value, unit, _PERCENT)}


def _import_limit(_: Programme, value: object, unit: str | None) -> dict[str, float]:
    """Let the battery alone not take more than the whole site may."""
    return {"charge_power": _scaled(value, unit, _WATTS)}


def _level(_: Programme, value: object, __: str | None) -> dict[str, float]:
    """Of a load that is to be shed, a battery can leave its charging."""
    return {"charge_power": 0.0} if _number(value) > 0 else {}


def _scarce(_: Programme, __: object, ___: str | None) -> dict[str, float]:
    return {"charge_power": 0.0}


def _storm(programme: Programme, _: object, __: str | None) -> dict[str, float]:
    return {"reserve": programme.outage_reserve, "charge_to": programme.outage_reserve}


_READERS: Final[Mapping[str, _Reader]] = {
    "DISPATCH_SETPOINT": _dispatch,
    "CHARGE_STATE_SETPOINT": _charge_state,
    "IMPORT_CAPACITY_LIMIT": _import_limit,
    "SIMPLE": _level,
    **dict.fromkeys(_SCARCE, _scarce),
    **dict.fromkeys(_STORM, _storm),
}
FOLLOWED: Final = frozenset(_READERS)
"""The payloads that become leases; PRICE is told and nothing else."""
