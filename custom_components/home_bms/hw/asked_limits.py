"""Says in home_bms's words what limits a pack asks for, by what it tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, Final, NamedTuple

from ..core.model import AskedLimits, PackReading
from .can_device import Heard
from .registers import Values

LIMITS: Final = ("cvl", "ccl", "dcl")
"""What frame maps call them; the names of `AskedLimits`."""
_NAMES: Final = tuple(field.name for field in fields(AskedLimits))


class Flag(NamedTuple):
    """A signal that forbids a direction."""

    field: str
    """Of `AskedLimits`."""
    signal: str
    forbids: int
    """The value that says no; any other permits."""


def asked(**told: float | bool | None) -> AskedLimits | None:
    """Return the limits that are told; `None` where there are none."""
    return None if all(value is None for value in told.values()) else AskedLimits(**told)  # type: ignore[arg-type]


def heard_limits(heard: Heard, *flags: Flag) -> dict[str, Any]:
    """Return the fields of a `PackReading` for a device on CAN whose map calls the limits as `LIMITS` does.

    A limit that was not heard lately is none; one of discharging counts by its size, for some tell it below zero.
    """
    told: dict[str, Any] = {name: heard.get(name) for name in LIMITS}
    if told["dcl"] is not None:
        told["dcl"] = abs(told["dcl"])
    for flag in flags:
        value = heard.get(flag.signal)
        told[flag.field] = None if value is None else value != flag.forbids
    limits = asked(**told)
    if limits is None:
        return {}
    counted = [name for name in (*LIMITS, *(flag.signal for flag in flags)) if heard.get(name) is not None]
    return {"asked": limits, "asked_time": heard.since(counted)}


def standing(told: PackReading, before: PackReading | None) -> PackReading:
    """Return what one member tells, with what it asked for before and tells nothing of now.

    Its silence must not leave the word to a member that asks for less caution.
    """
    if before is None or before.asked is None:
        return told
    if told.asked is None:
        return replace(told, asked=before.asked, asked_time=before.asked_time)
    kept = {name: getattr(before.asked, name) for name in _NAMES if getattr(told.asked, name) is None}
    return replace(told, asked=replace(told.asked, **kept))


def together(readings: Iterable[PackReading], cells: int) -> dict[str, Any]:
    """Return the fields of a `PackReading` for a pack of so many cells whose members told these: the lowest rules.

    A charge voltage is that of the pack only where the member sees all of its cells.
    """
    telling = [reading for reading in readings if reading.asked is not None]
    told: dict[str, list[Any]] = {}
    for reading in telling:
        for name in _NAMES:
            value = getattr(reading.asked, name)
            if value is not None and (name != "cvl" or len(reading.cells) == cells):
                told.setdefault(name, []).append(value)
    limits = asked(**{name: min(values) for name, values in told.items()})
    if limits is None:
        return {}
    times = [reading.asked_time for reading in telling]
    return {"asked": limits, "asked_time": None if None in times else min(time for time in times if time is not None)}


def fits(values: Values, found: Values, names: Iterable[str]) -> bool:
    """Whether a device tells these limits at all: of one that puts zeros where it has nothing to tell, none ever shows.

    `found` is what it told when it was found.
    """
    return any(known.get(name) for known in (values, found) for name in names)
