"""Tells what is leased, and what counts of it, to people and automations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.const import WEEKDAYS
from homeassistant.util import dt as dt_util

from ..core.lease_force import Change, Claim, Overridden
from ..core.lease_times import Now, Span, span
from ..core.leases import RANGES, Lease
from .keeper import LeaseKeeper, wall_clock

NONE: Final = "none"


def shown_time(time: float) -> str:
    """Return a time as a person in Home Assistant's time zone reads it."""
    return dt_util.as_local(dt_util.utc_from_timestamp(time)).isoformat(" ", "seconds")


def claim_facts(claim: Claim) -> dict[str, Any]:
    """Return what one claim asks, who makes it, why and until when."""
    return {
        "part": claim.part.value,
        "value": round(claim.value, 1),
        "owner": claim.key.owner,
        "name": claim.key.name,
        "reason": claim.reason,
        "until": None if claim.until is None else shown_time(claim.until),
    }


def overridden_facts(overridden: Iterable[Overridden]) -> list[dict[str, Any]]:
    """Return what is asked and does not count, and because of whom."""
    return [claim_facts(lost.claim) | {"by": lost.by.owner, "by_name": lost.by.name} for lost in overridden]


def lease_facts(lease: Lease, held: Span, now: Now) -> dict[str, Any]:
    """Return one lease whole, with its present or next time."""
    facts: dict[str, Any] = {"owner": lease.owner, "name": lease.name, "reason": lease.reason}
    facts |= {field: value for field in RANGES if (value := getattr(lease, field)) is not None}
    facts |= {"start": shown_time(held.start), "end": shown_time(held.end), "in_force": held.holds(now)}
    if lease.within is not None:
        facts["ready_by"] = shown_time(held.start + lease.within)
    if lease.days:
        facts["days"] = [WEEKDAYS[day] for day in lease.days]
    if lease.last is not None:
        facts["last_day"] = shown_time(lease.last)
    return facts


def in_force_facts(keeper: LeaseKeeper) -> dict[str, Any]:
    """Return what counts now, what does not, and whether it reaches anybody."""
    return {
        "acting": keeper.acting,
        "asks": [claim_facts(claim) for claim in keeper.in_force.claims.values()],
        "overridden": overridden_facts(keeper.in_force.overridden),
    }


def book_facts(keeper: LeaseKeeper) -> dict[str, Any]:
    """Return all of it: what counts, what does not, and every lease whether it holds now or will."""
    now = wall_clock()
    spans = [(lease, span(lease.rhythm, now)) for lease in sorted(keeper.book.leases, key=lambda lease: lease.key)]
    return in_force_facts(keeper) | {
        "setpoint": keeper.setpoint,
        "reserve": keeper.book.reserve,
        "leases": [lease_facts(lease, held, now) for lease, held in spans if held is not None],
    }


def change_facts(change: Change) -> Mapping[str, Any]:
    """Return what became of a lease, for an event."""
    lease = change.held.lease
    facts = {
        "owner": lease.owner,
        "name": lease.name,
        "reason": lease.reason,
        "until": shown_time(change.held.span.end),
    }
    if change.part is not None and change.by is not None:
        facts |= {"part": change.part.value, "by": change.by.owner}
    return facts
