"""Tells what a pack has lived through in plain values: for attributes, events and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ..core.past import PEAKS, SOC_EDGES, TEMPERATURE_EDGES, Extremes, History, Session, Values

# Digits of each extreme that anybody measures.
_DIGITS: Final = {"cell_high": 3, "cell_low": 3, "spread": 3}
_SENSORS: Final = frozenset({"temperature_high", "temperature_low"})


def at(clock: float | None) -> str | None:
    """Return a moment as a person in Home Assistant's time zone reads it."""
    return None if clock is None else moment(clock).isoformat(timespec="seconds")


def moment(clock: float) -> datetime:
    """Return a moment in Home Assistant's time zone."""
    return dt_util.as_local(dt_util.utc_from_timestamp(clock))


def place(number: int, extremes: Extremes) -> dict[str, Any]:
    """Return when an extreme was reached, and on which cell or sensor; both count from 1."""
    where = extremes.places[number]
    kind = "sensor" if PEAKS[number][0] in _SENSORS else "cell"
    return {"at": at(extremes.at[number])} | ({} if where is None else {kind: where + 1})


def values(seen: Values) -> dict[str, float | None]:
    """Return extremes by name, in V, °C and A."""
    return {
        name: None if value is None else round(value, _DIGITS.get(name, 1))
        for (name, _), value in zip(PEAKS, seen, strict=True)
    }


def session_facts(session: Session) -> dict[str, Any]:
    """Return one session: Ah, kWh, percent, V, °C and A."""
    return {
        "way": session.way.value,
        "start": at(session.start.clock),
        "end": at(session.end.clock),
        "minutes": round(session.seconds / 60),
        "charged": round(session.charge_in, 2),
        "discharged": round(session.charge_out, 2),
        "energy_charged": round(session.energy_in / 1000, 3),
        "energy_discharged": round(session.energy_out / 1000, 3),
        "soc_start": _rounded(session.start.soc),
        "soc_end": _rounded(session.end.soc),
        "efficiency": _rounded(session.efficiency),
        **values(session.peaks),
        "limited_minutes": {rule: round(seconds / 60, 1) for rule, seconds in session.limits},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def extremes_facts(extremes: Extremes) -> dict[str, Any]:
    """Return the extremes by name, each with when and where."""
    known = values(extremes.values)
    return {
        name: {"value": known[name], **place(number, extremes)}
        for number, (name, _) in enumerate(PEAKS)
        if known[name] is not None
    }


def exposure_facts(history: History) -> list[dict[str, Any]]:
    """Return the hours in each bin of charge and temperature in which there were any; open ends are left away."""
    width = len(TEMPERATURE_EDGES) + 1
    found: list[dict[str, Any]] = []
    for number, seconds in enumerate(history.exposure):
        if not seconds:
            continue
        charge, warmth = divmod(number, width)
        low, high = (0.0, *SOC_EDGES)[charge], (*SOC_EDGES, 100.0)[charge]
        ends = {
            "temperature_from": (None, *TEMPERATURE_EDGES)[warmth],
            "temperature_to": (*TEMPERATURE_EDGES, None)[warmth],
        }
        found.append({"soc_from": low, "soc_to": high, **ends, "hours": round(seconds / 3600, 2)})
    return found


def history_facts(history: History) -> dict[str, Any]:
    """Return all that a pack has lived through, the newest session first."""
    sessions = history.sessions
    return {
        "sessions": [session_facts(session) for session in reversed(sessions.done)],
        "session_now": None if sessions.open is None else session_facts(sessions.open),
        "sessions_ever": sessions.ended,
        "today": extremes_facts(history.today),
        "yesterday": extremes_facts(history.yesterday),
        "ever": extremes_facts(history.ever),
        "exposure": exposure_facts(history),
    }
