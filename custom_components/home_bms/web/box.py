"""Tells the browser what a black box holds: what was measured around a trip, and what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from ..black_boxes import BlackBoxFile, began_at
from ..core.blackbox import Tick, Trigger
from ..core.model import Bound, Decision, Level
from ..core.record import Header, Recording, load
from ..story import FLOW_NAMES
from .encode import told
from .schema import BoxFile, BoxShown, DeedShown, TriggerShown
from .why import why

MOST: Final = 600
"""Moments that a picture shows: more than a phone has columns."""
# A limit that moves by less than this share of itself is on its ramp or its curve, which the picture shows.
_STEP: Final = 0.1


def box_file(file: BlackBoxFile) -> BoxFile:
    """Return a file as its name tells it."""
    return BoxFile(
        name=file.name,
        time=datetime.fromisoformat(file.time).timestamp(),
        cause=file.cause,
        level=file.level,
        size=file.size,
        url=file.url,
    )


def read_box(path: Path) -> dict[str, Any]:
    """Return what a file holds as JSON. Raises OSError and RecordError; not for the event loop."""
    return told(box_shown(path.name, load(path.read_bytes())))


def box_shown(name: str, recording: Recording) -> BoxShown:
    """Return what a recording holds, thinned out where nothing happened."""
    header, ticks = recording.header, recording.ticks
    wall = _wall(header)
    deeds = list(_deeds(ticks, wall))
    exact = (*(wall(trigger.time) for trigger in header.triggers), *(deed.time for deed in deeds))
    shown = _thinned(ticks, [wall(tick.reading.time) for tick in ticks], exact)
    readings, decisions = [tick.reading for tick in shown], [tick.decision for tick in shown]
    return BoxShown(
        name=name,
        time=wall(header.origin),
        acting=header.acting,
        triggers=[_trigger(trigger, wall) for trigger in header.triggers],
        deeds=deeds,
        times=[wall(reading.time) for reading in readings],
        voltages=_turned((reading.cells for reading in readings), header.config.cells),
        temperatures=_turned((reading.temperatures for reading in readings), header.config.temperature_sensors),
        current=[reading.current for reading in readings],
        charge_limit=[None if decision is None else decision.ccl.value for decision in decisions],
        discharge_limit=[None if decision is None else decision.dcl.value for decision in decisions],
    )


def _wall(header: Header) -> Callable[[float], float]:
    """Return what tells the time on the wall of a moment; where the file does not say, it counts from 1970.

    Raises RecordError.
    """
    began = began_at(header) or 0.0
    return lambda then: began + then - header.origin


def _trigger(trigger: Trigger, wall: Callable[[float], float]) -> TriggerShown:
    alarm = trigger.alarm
    return TriggerShown(
        time=wall(trigger.time),
        key=alarm.key,
        level=alarm.level.name.lower(),
        flow=FLOW_NAMES[alarm.flow],
        why=why(wall, alarm.reason),
    )


def _thinned(ticks: tuple[Tick, ...], times: list[float], exact: Iterable[float]) -> list[Tick]:
    """Return at most `MOST` ticks: those at which something happened, the first of it first, and others between."""
    if len(ticks) <= MOST:
        return list(ticks)
    wanted = set(exact)
    kept = {0, len(ticks) - 1, *[place for place, time in enumerate(times) if time in wanted][: MOST - 2]}
    rest, room = [place for place in range(len(ticks)) if place not in kept], MOST - len(kept)
    kept.update(rest[number * len(rest) // room] for number in range(room))
    return [ticks[place] for place in sorted(kept)]


def _turned(rows: Iterable[tuple[float | None, ...]], count: int) -> list[list[float | None]]:
    """Return a list of each cell's or sensor's values, from one of each moment's."""
    whole = [(*row, *(None,) * count)[:count] for row in rows]
    return [[row[place] for row in whole] for place in range(count)]


def _deeds(ticks: tuple[Tick, ...], wall: Callable[[float], float]) -> Iterator[DeedShown]:
    """Return what was done or changed from one look to the next."""
    for before, after in pairwise(ticks):
        for what, key, was, now in _changes(before, after):
            yield DeedShown(time=wall(after.reading.time), what=what, key=key, before=was, after=now)


def _changes(before: Tick, after: Tick) -> Iterator[tuple[str, str | None, str, str]]:
    was, now = before.decision, after.decision
    if was is not None and now is not None:
        yield from _alarms(was, now)
        if was.mode is not now.mode:
            yield "mode", None, was.mode.value, now.mode.value
        for what, old, new in (("charge_limit", was.ccl, now.ccl), ("discharge_limit", was.dcl, now.dcl)):
            if _stepped(old, new):
                yield what, None, f"{old.value:.1f}", f"{new.value:.1f}"
    closed, closes = before.reading.switches, after.reading.switches
    for what, open_before, open_after in (
        ("charge_switch", closed.charge, closes.charge),
        ("discharge_switch", closed.discharge, closes.discharge),
    ):
        if open_before is not open_after:
            yield what, None, _position(open_before), _position(open_after)


def _alarms(was: Decision, now: Decision) -> Iterator[tuple[str, str, str, str]]:
    old, new = ({alarm.key: alarm.level for alarm in decision.alarms} for decision in (was, now))
    for key in dict.fromkeys((*new, *old)):
        levels = old.get(key, Level.OK), new.get(key, Level.OK)
        if levels[0] is not levels[1]:
            yield "alarm", key, levels[0].name.lower(), levels[1].name.lower()


def _stepped(was: Bound, now: Bound) -> bool:
    """Whether a limit came to zero or back, or fell by a step."""
    return (was.value > 0) is not (now.value > 0) or now.value < was.value * (1 - _STEP)


def _position(closed: bool | None) -> str:
    return "unknown" if closed is None else "closed" if closed else "open"
