"""Judges the limits that a pack's own BMS asks for."""

from __future__ import annotations

from dataclasses import fields
from math import inf
from typing import Any, Final

from .model import AskedLimits, Flow, PackConfig, PackReading

ASKED_FOR: Final = 60.0
"""s for which what a pack has asked for counts as now: as long as SMA waits for 0x351 (`can/02_sma_victron_canbms.md`).

Drivers that know how often it is told let go of it sooner.
"""
# More is no home battery; a marker for "not available" is 6553.5 V, and below zero nothing can be asked for.
_VOLTS_MOST: Final = 2000.0
_AMPERES_MOST: Final = 10_000.0

_NAMES: Final = tuple(field.name for field in fields(AskedLimits))
_SURE: Final[frozenset[str]] = frozenset()


def heed(
    config: PackConfig, stands: AskedLimits | None, reading: PackReading, doubts: dict[str, str]
) -> tuple[AskedLimits | None, frozenset[str]]:
    """Return what the pack asks for, and which of it is not sure any more.

    What was asked for stands until something else is believed: a pack that falls silent, or speaks nonsense, has
    permitted nothing. One that never told such a limit asks for none.
    """
    told = reading.asked
    if told is None and stands is None:
        return None, _SURE
    at = reading.asked_time
    fresh = at is not None and 0 <= reading.time - at <= ASKED_FOR
    known: dict[str, Any] = {}
    unsure: set[str] = set()
    for name in _NAMES:
        value, stood = getattr(told, name, None), getattr(stands, name, None)
        doubt = _doubt(config, name, value, fresh=fresh)
        known[name] = stood if doubt else value
        if doubt and (value is not None or stood is not None):
            doubts[f"asked_{name}"] = doubt
        if doubt and stood is not None:
            unsure.add(name)
    return AskedLimits(**known), frozenset(unsure)


def _doubt(config: PackConfig, name: str, value: float | bool | None, *, fresh: bool) -> str | None:
    """Return why a value is not believed."""
    if value is None:
        return "missing"
    if not fresh:
        return "old"
    low, high = 0.0, inf
    if name == "cvl":
        # A charger that is asked for less would empty the pack.
        low, high = config.cells * config.cell_voltage_empty, _VOLTS_MOST
    elif name in ("ccl", "dcl"):
        high = _AMPERES_MOST
    return None if low <= value <= high else "implausible"


def refused(asked: AskedLimits | None) -> Flow:
    """Return the directions in which the pack asks for no current at all."""
    if asked is None:
        return Flow.NONE
    charge = asked.charge_allowed is False or asked.ccl == 0
    discharge = asked.discharge_allowed is False or asked.dcl == 0
    return (Flow.CHARGE if charge else Flow.NONE) | (Flow.DISCHARGE if discharge else Flow.NONE)
