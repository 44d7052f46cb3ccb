"""Turns what must survive a restart into plain JSON values and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from math import isfinite
from typing import Any, Final

from .model import (
    NO_TRACKS,
    ContactorsState,
    Estimate,
    Level,
    PackConfig,
    PackState,
    Reason,
    SwitchTrack,
    Track,
    Wishes,
)
from .protection import PROTECTION_KEYS

# Monotonic times mean nothing after a restart, so these are saved as durations or not at all.
_COUNTERS: Final = ("soc", "charge_in", "charge_out", "energy_in", "energy_out", "since_full")
_LEASES: Final = "lease_until"


def save(state: PackState, now: float | None = None) -> dict[str, Any]:
    """Return what must survive: counters, SoC, latched trips, wishes, and which switches home_bms opened.

    Times are saved as seconds since or until `now`, the monotonic time of saving; without it the last estimate's, which
    stands still while the pack is not heard.
    """
    now = (state.estimate.time or 0.0) if now is None else now
    wishes = {field.name: getattr(state.wishes, field.name) for field in fields(Wishes)}
    if wishes[_LEASES] is not None:
        wishes[_LEASES] -= now
    return {
        "estimate": {name: getattr(state.estimate, name) for name in _COUNTERS}
        | {"full": state.estimate.full, "empty": state.estimate.empty},
        "trips": {
            key: {
                "age": max(0.0, now - track.since),
                "cell": track.reason.cell,
                "sensor": track.reason.sensor,
                "value": track.reason.value,
                "threshold": track.reason.threshold,
            }
            for key, track in state.tracks.items()
            if track.level is Level.TRIP and track.reason is not None
        },
        "ours": {"charge": state.contactors.charge.ours, "discharge": state.contactors.discharge.ours},
        "wishes": wishes,
    }


def restore(config: PackConfig, saved: Mapping[str, Any], *, now: float, gap: float | None) -> PackState:
    """Return a starting state with what was saved.

    `now` is the monotonic time and `gap` the wall-clock seconds since the save, `None` if the clock is not to be
    believed. Values that are no numbers are dropped one by one; a trip is never dropped.
    """
    past = gap or 0.0
    counters = saved.get("estimate", {})
    known: dict[str, Any] = {name: _number(counters.get(name)) for name in _COUNTERS}
    known |= {name: known[name] or 0.0 for name in ("charge_in", "charge_out", "energy_in", "energy_out")}
    if known["soc"] is not None and not 0 <= known["soc"] <= 100:
        known["soc"] = None
    if known["since_full"] is not None:
        known["since_full"] = None if gap is None else known["since_full"] + gap
    ours = saved.get("ours", {})
    return PackState(
        estimate=Estimate(
            capacity=config.capacity,
            full=counters.get("full") is True,
            empty=counters.get("empty") is True,
            **known,
        ),
        tracks=_trips(saved.get("trips", {}), now - past) or NO_TRACKS,
        contactors=ContactorsState(
            charge=SwitchTrack(ours=ours.get("charge") is True),
            discharge=SwitchTrack(ours=ours.get("discharge") is True),
        ),
        wishes=_wishes(saved.get("wishes", {}), now, gap),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) else None


def _trips(saved: Mapping[str, Mapping[str, Any]], then: float) -> dict[str, Track]:
    trips = {}
    for key, trip in saved.items():
        if key not in PROTECTION_KEYS:
            continue
        since = then - (_number(trip.get("age")) or 0.0)
        trips[key] = Track(
            level=Level.TRIP,
            since=since,
            reason=Reason(
                rule=key,
                cell=trip.get("cell"),
                sensor=trip.get("sensor"),
                value=_number(trip.get("value")),
                threshold=_number(trip.get("threshold")),
                since=since,
            ),
        )
    return trips


def _wishes(saved: Mapping[str, Any], now: float, gap: float | None) -> Wishes:
    """Return the saved wishes; a lease goes on with what is left of it, and a clock that is not believed ends it."""
    known = {field.name: saved[field.name] for field in fields(Wishes) if field.name in saved}
    wishes = Wishes(**known)
    if wishes.lease_until is None:
        return wishes
    # A lease that is over is dropped by the first step.
    return replace(wishes, lease_until=now if gap is None else now + wishes.lease_until - gap)
