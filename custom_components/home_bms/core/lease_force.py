"""Settles what holds of all that was asked: the strictest limits, the highest reserve, one set-point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from types import MappingProxyType
from typing import Final, NamedTuple

from .lease_times import Now, Span, span
from .leases import USER, Key, Lease, LeaseBook, Part

# Of the time that is left until a charge is to be reached this much is planned with: what is promised for six is not
# missing because a cloud came by at a quarter to.
_PLANNED: Final = 0.9
# Percent before the charge to reach over which charging fades, so that a set-point does not hunt around it ...
_FADE: Final = 1.0
# ... and from which on it is reached: what fades never ends by itself.
_REACHED: Final = 0.05
_HOUR: Final = 3600.0


class Charge(NamedTuple):
    """What is known of the battery's charge; `None` is not."""

    soc: float | None
    """Percent."""
    energy: float | None
    """Wh that one percent of it takes."""
    most: float
    """W that the battery is rated to be charged with."""


class Claim(NamedTuple):
    """One thing that is asked by one lease which holds now."""

    part: Part
    value: float
    """As in `Lease`."""
    key: Key
    reason: str = ""
    priority: int = 0
    made: float = inf
    until: float | None = None
    """s since 1970; `None` for what has no end."""


class Overridden(NamedTuple):
    """What is asked and does not count now, because of whom."""

    claim: Claim
    by: Key


class Holding(NamedTuple):
    """A lease that holds now, and from when until when it does this time."""

    lease: Lease
    span: Span


NO_CLAIMS: Final[Mapping[Part, Claim]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What counts now, from whom, until when, and what does not."""

    holding: tuple[Holding, ...] = ()
    """The gravest first."""
    claims: Mapping[Part, Claim] = NO_CLAIMS
    overridden: tuple[Overridden, ...] = ()


# How claims of one part are put in order; the first counts. Of equals the newest does: whoever asked for it last reads
# their own name.
_ORDER: Final[Mapping[Part, Callable[[Claim], float]]] = {
    Part.CHARGE_POWER: lambda claim: claim.value,
    Part.DISCHARGE_POWER: lambda claim: claim.value,
    Part.CHARGE_CURRENT: lambda claim: claim.value,
    Part.DISCHARGE_CURRENT: lambda claim: claim.value,
    Part.RESERVE: lambda claim: -claim.value,
    Part.POWER: lambda claim: -claim.priority,
}
_VALUES: Final = (
    Part.CHARGE_POWER,
    Part.DISCHARGE_POWER,
    Part.CHARGE_CURRENT,
    Part.DISCHARGE_CURRENT,
    Part.RESERVE,
)


def resolve(book: LeaseBook, now: Now, charge: Charge) -> InForce:
    """Return what counts of a book now.

    The strictest limit of each kind counts, and the highest reserve, whatever their priority. Of set-points that of the
    highest priority counts, of equals the newest.
    """
    holding = _holding(book, now)
    asked = [claim for each in holding for claim in _claims(each, now, charge)]
    if book.reserve > 0.0:
        asked.append(Claim(Part.RESERVE, book.reserve, Key(USER, "")))
    claims: dict[Part, Claim] = {}
    overridden: list[Overridden] = []
    for part, order in _ORDER.items():
        ranked = sorted(
            [claim for claim in asked if claim.part is part],
            key=lambda claim: (order(claim), -claim.made, claim.key),
        )
        if ranked:
            claims[part] = ranked[0]
            overridden += [Overridden(claim, ranked[0].key) for claim in ranked[1:] if claim.value != ranked[0].value]
    return InForce(holding=holding, claims=claims, overridden=tuple(overridden))


def _holding(book: LeaseBook, now: Now) -> tuple[Holding, ...]:
    """Return the leases that hold now, by priority, then the newest first."""
    spans = [(lease, span(lease.rhythm, now)) for lease in book.leases]
    found = [Holding(lease, held) for lease, held in spans if held is not None and held.holds(now)]
    return tuple(sorted(found, key=lambda each: (-each.lease.priority, -each.lease.made, each.lease.key)))


def _claims(held: Holding, now: Now, charge: Charge) -> list[Claim]:
    lease = held.lease
    key = lease.key
    values = [(part, getattr(lease, part)) for part in _VALUES]
    return [
        Claim(part, value, key, lease.reason, lease.priority, lease.made, held.span.end)
        for part, value in (*values, (Part.POWER, _setpoint(held, now, charge)))
        if value is not None
    ]


def _setpoint(held: Holding, now: Now, charge: Charge) -> float | None:
    """Return the W that a lease asks for now; one whose charge is reached, or not known, asks for none."""
    lease = held.lease
    if lease.charge_to is None:
        return lease.power
    if charge.soc is None or charge.soc > lease.charge_to - _REACHED:
        return None
    missing = lease.charge_to - charge.soc
    most = charge.most if lease.power is None else min(charge.most, lease.power)
    fading = most * min(1.0, missing / _FADE)
    left = 0.0 if lease.within is None else _PLANNED * (held.span.start + lease.within - now.time)
    if left <= 0.0:
        return fading
    return None if charge.energy is None else min(fading, missing * charge.energy / (left / _HOUR))


class Became(StrEnum):
    """What may become of a lease."""

    BEGUN = "begun"
    CHANGED = "changed"
    """It asks for something else than before."""
    OVERRIDDEN = "overridden"
    ENDED = "ended"
    RELEASED = "released"
    """It was ended before its time."""


class Change(NamedTuple):
    """What became of one lease."""

    became: Became
    held: Holding
    part: Part | None = None
    """What of it does not count any more ..."""
    by: Key | None = None
    """... because of whom."""


def changes(before: InForce, after: InForce, now: Now) -> tuple[Change, ...]:
    """Return what became of the leases between two looks, in the order in which it is told."""
    was = {each.lease.key: each for each in before.holding}
    holds = {each.lease.key: each for each in after.holding}
    gone = [
        Change(Became.ENDED if now.time >= each.span.end else Became.RELEASED, each)
        for key, each in was.items()
        if key not in holds
    ]
    new = [Change(Became.BEGUN, each) for key, each in holds.items() if key not in was]
    other = [
        Change(Became.CHANGED, each)
        for key, each in holds.items()
        if key in was and was[key].lease is not each.lease and was[key].lease.asks != each.lease.asks
    ]
    known = {(each.claim.part, each.claim.key) for each in before.overridden}
    lost = [
        Change(Became.OVERRIDDEN, holds[each.claim.key], each.claim.part, each.by)
        for each in after.overridden
        if (each.claim.part, each.claim.key) not in known and each.claim.key in holds
    ]
    return (*gone, *new, *other, *lost)
