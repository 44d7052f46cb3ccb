"""Puts the limits that are and those that might be side by side."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

from ..core.replay import Event
from ..core.what_if import MOST_EVENTS, Direction, Tally


def merged(tallies: Iterable[Tally]) -> Tally:
    """Return what several stretches come to together."""
    whole = Tally()
    for tally in tallies:
        whole.seconds += tally.seconds
        whole.protects += tally.protects
        whole.trips += tally.trips
        whole.events = (whole.events + tally.events)[:MOST_EVENTS]
        _add(whole.charge, tally.charge)
        _add(whole.discharge, tally.discharge)
    return whole


def _add(one: Direction, other: Direction) -> None:
    one.derated += other.derated
    one.stopped += other.stopped
    one.held += other.held
    one.lost += other.lost
    for rule, seconds in other.rules.items():
        one.rules[rule] = one.rules.get(rule, 0.0) + seconds


def table(present: Tally, proposed: Tally) -> list[Any]:
    """Return one line for each figure: `what`, `unit`, `present` and `proposed`."""
    both = (present, proposed)
    lines = [_line("watched", "h", [_hours(tally.seconds) for tally in both])]
    for way in ("charge", "discharge"):
        one, other = (getattr(tally, way) for tally in both)
        lines += [
            _line(f"{way}_{what}", "h", [_hours(getattr(each, what)) for each in (one, other)])
            for what in ("derated", "stopped", "held")
        ]
        lines.append(_line(f"{way}_lost", "kWh", [round(each.lost / 1000, 3) for each in (one, other)]))
        lines += [
            _line(f"{way}_by_{rule}", "h", [_hours(each.rules.get(rule, 0.0)) for each in (one, other)])
            for rule in sorted({*one.rules, *other.rules})
        ]
    lines.append(_line("protections", "", [tally.protects for tally in both]))
    lines.append(_line("trips", "", [tally.trips for tally in both]))
    return lines


def _hours(seconds: float) -> float:
    return round(seconds / 3600, 2)


def _line(what: str, unit: str, values: list[float]) -> dict[str, Any]:
    return {"what": what, "unit": unit, "present": values[0], "proposed": values[1]}


def event_facts(event: Event, time: str | float) -> dict[str, Any]:
    """Return a protection or trip; cells and sensors count from 1."""
    reason = event.alarm.reason
    return {
        "time": time,
        "protection": event.alarm.key,
        "level": event.level.name.lower(),
        "cell": None if reason.cell is None else reason.cell + 1,
        "sensor": None if reason.sensor is None else reason.sensor + 1,
        "value": _told(reason.value),
        "threshold": _told(reason.threshold),
    }


def _told(value: float | None) -> float | None:
    """Return a number as JSON can tell it: what was never heard is infinitely old."""
    return None if value is None or not isfinite(value) else round(value, 4)
