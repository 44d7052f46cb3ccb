"""Reads events of OpenADR 3 as leases of a battery.

Versions 3.0.1 and 3.1 of the specification. What is not understood without doubt is named and not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from types import MappingProxyType
from typing import Any, Final

from ..core.lease_times import DAY, Now, Span
from ..core.leases import Lease, writable
from .openadr_times import AHEAD, MOST_READ, EventError, Interval, intervals

# Ends that move with the time do so by the hour: what is read each minute is not to be written each minute.
_STEP: Final = 3600.0
MOST_INTERVALS: Final = 24
"""Of all events of a programme that are followed at once; the soonest."""
# Names are shown, and an event's own may be longer than a lease's.
_ID_LETTERS: Final = 48
_WHY_LETTERS: Final = 200
"""Of a reason, which may cite what the event says."""
_PRIORITY_STEPS: Final = 9
"""Priorities of events, from 0, that are told apart above that of their programme."""
_HIGHEST: Final = 100

_WATTS: Final[Mapping[str, float]] = {"W": 1.0, "KW": 1000.0}
_PERCENT: Final[Mapping[str, float]] = {"PERCENT": 1.0, "PERCENTAGE": 1.0}
# Since 3.1 a percentage is a number from 0 to 1. Nobody asks for less than one percent of charge.
_SHARE: Final = 1.0
_STORM: Final = ("ALERT_POSSIBLE_OUTAGE", "ALERT_FIRE", "ALERT_FREEZING", "ALERT_WIND", "ALERT_TSUNAMI")
_SCARCE: Final = ("ALERT_GRID_EMERGENCY", "ALERT_BLACK_START", "ALERT_FLEX_ALERT")
PRICE: Final = "PRICE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Who sends the events, and what its customer has agreed to."""

    owner: str
    priority: int = 60
    outage_reserve: float = 80.0
    """Percent to charge to and hold while an outage may come."""
    setpoints: bool = True
    """Whether it may have the battery charge and discharge, or only narrow what it does."""
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Of payloads whose event names none."""
    names: frozenset[str] | None = None
    """To whom an event may be addressed to be meant for this battery; `None` where the server gives no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What events come to."""

    leases: tuple[Lease, ...]
    ignored: tuple[tuple[str, str], ...]
    """Event, and what of it is not followed."""
    prices: tuple[tuple[Span, float], ...]
    """Of now and a day ahead, in the unit that the programme has agreed on."""

    def price_at(self, now: float) -> float | None:
        """Return the price at a time; of several the one that was told last."""
        return next((price for span, price in reversed(self.prices) if span.holds(Now(now))), None)


type _Reader = Callable[[Programme, Any, str | None], dict[str, float]]


def plan(programme: Programme, events: object, now: float) -> Plan:
    """Return the leases that the events of one programme ask for, the soonest first; `now` in s since 1970.

    One event that makes no sense keeps nothing from the others. Raises EventError for what is no list of events.
    """
    if not isinstance(events, list | tuple):
        raise EventError("no list of events")
    leases: list[Lease] = []
    ignored: list[tuple[str, str]] = []
    prices: list[tuple[Span, float]] = []
    for event in events[:MOST_READ]:
        name = writable(str(event.get("id", ""))) if isinstance(event, Mapping) else ""
        if isinstance(event, Mapping) and not is_meant(programme, event):
            ignored.append((name, "is meant for others"))
            continue
        try:
            for interval in intervals(event, now, _DIVIDING):
                if interval.end <= now or interval.start >= now + AHEAD:
                    continue
                asks, told, odd = _asks(programme, event, interval)
                ignored += [(name, why) for why in odd]
                if told is not None:
                    prices.append((Span(interval.start, interval.end), told))
                if asks:
                    leases.append(_lease(programme, event, name, interval, asks, now))
        except (EventError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as err:
            ignored.append((name, str(err) or type(err).__name__))
    leases.sort(key=lambda lease: (lease.start, -lease.priority, lease.name))
    ignored += [(lease.name, "too many at once") for lease in leases[MOST_INTERVALS:]]
    reasons = dict.fromkeys((name, writable(why)[:_WHY_LETTERS]) for name, why in ignored)
    return Plan(leases=tuple(leases[:MOST_INTERVALS]), ignored=tuple(reasons), prices=tuple(prices))


def is_meant(programme: Programme, event: object) -> bool:
    """Tell whether an event is meant for this battery; one that names nobody is for all, and one that is none is not.

    It names texts since 3.1, and types with their values before.
    """
    if not isinstance(event, Mapping):
        return False
    targets = event.get("targets")
    if programme.names is None or not targets:
        return True
    rows = targets if isinstance(targets, list | tuple) else ()
    named = [row.get("values") if isinstance(row, Mapping) else [row] for row in rows]
    told = [value for values in named if isinstance(values, list | tuple) for value in values]
    return not programme.names.isdisjoint(map(str, told))


def _lease(
    programme: Programme, event: Mapping[str, Any], name: str, interval: Interval, asks: Mapping[str, Any], now: float
) -> Lease:
    return Lease(
        owner=programme.owner,
        name=f"{name[-_ID_LETTERS:]}/{interval.name}",
        reason=writable(str(event.get("eventName") or ""))[:200],
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


def descriptor_units(described: Mapping[str, Any]) -> dict[str, str]:
    """Return the units of payloads that an event or a programme describes; a row that is none describes nothing."""
    rows = described.get("payloadDescriptors")
    named = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []
    return {str(row.get("payloadType")): str(row["units"]) for row in named if row.get("units") is not None}


def _asks(
    programme: Programme, event: Mapping[str, Any], interval: Interval
) -> tuple[dict[str, float], float | None, list[str]]:
    """Return what an interval asks of a battery, the price that it tells, and what of it is not followed."""
    units = {**programme.units, **descriptor_units(event)}
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
                asked = reader(programme, value, units.get(kind))
                if not programme.setpoints and asked.keys() & _SETPOINTS:
                    odd.append(f"{kind}: no set-points are permitted")
                    asked = {part: number for part, number in asked.items() if part not in _SETPOINTS}
                asks |= asked
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
    percent = _scaled(value, unit, _PERCENT)
    return {"charge_to": 100.0 * percent if 0 <= percent <= _SHARE else percent}


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
_DIVIDING: Final = FOLLOWED | {PRICE}
_SETPOINTS: Final = frozenset({"power", "charge_to"})
