"""Measures what an inverter makes of the limits that it is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from statistics import median
from typing import Final

from .bank import Bank
from .escalation import Escalation, Look, Step, acknowledged, escalate
from .escalation import restored as _escalation_restored
from .model import Flow, Reaction

# A tenth and what an inverter's own measurement is off by (faults.md 38), as in limits.
_OBEYED: Final = 1.1
_ALLOWANCE: Final = 2.0
# A by which a current must change before it says that somebody has heard.
_NOTICED: Final = 1.0
_NOTICED_SHARE: Final = 0.1

LATE_AFTER: Final = 5.0
"""s after which an inverter that does not obey is late, or ignores what it was told (`thresholds.md` 2.6: 3 to 8 s)."""
ASSUMED: Final = max(Reaction().charge, Reaction().discharge)
"""s that it is taken to need until it was seen often enough."""
ENOUGH: Final = 3
"""Changes that must have been seen."""
REMEMBERED: Final = 7
"""Changes of which the median counts."""
REACTION_MOST: Final = 60.0
"""s; also for how long limits that no longer stand are remembered."""
REACTION_LEAST: Final = 1.0
"""s of one look after another, below which nothing can be measured."""
GAP_MOST: Final = 5.0
"""s that count of a longer time in which nobody looked: what happened then is nobody's disobedience."""


class Response(StrEnum):
    """What the inverter makes of its limit in one direction."""

    UNKNOWN = "unknown"
    OBEYED = "obeyed"
    FOLLOWING = "following"
    """Beyond the limit for no longer than an inverter needs."""
    LATE = "late"
    """It has moved, and is still beyond the limit."""
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One direction. Currents are without a sign: what flows the other way is 0."""

    limit: float | None = None
    """A that it was last told."""
    fallen: tuple[tuple[float, float], ...] = ()
    """Higher limits and until when each stood, in falling order: it may still go by one of them."""
    current: float | None = None
    """A, as last known."""
    beyond: float | None = None
    """s for which the current has been beyond the limit that stood; `None` while it is not."""
    against: float | None = None
    """s for which the limit that the current still heeds has been over, at most `beyond`."""
    start: float | None = None
    """A at which it was told less; `None` if nobody told it, or not all of it was seen."""
    moved: float | None = None
    """s after which it began to follow."""
    share: float | None = None
    """0-1 of what was last asked that has come about."""
    dead_times: tuple[float, ...] = ()
    """s until it began to follow, of the last changes."""
    settlings: tuple[float, ...] = ()
    """s until it obeyed."""
    response: Response = Response.UNKNOWN
    escalation: Escalation = Escalation()

    @property
    def dead_time(self) -> float | None:
        """The s between a new limit and the first that is seen of it; `None` until a change was seen."""
        return median(self.dead_times) if self.dead_times else None

    @property
    def reaction(self) -> float:
        """The s that must be reckoned with between a new limit and its being obeyed."""
        known = self.settlings
        usual = median(known) if len(known) >= ENOUGH else max(ASSUMED, *known, 0.0)
        return min(REACTION_MOST, max(REACTION_LEAST, usual, self.against or 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Obedience:
    """All that is known of how one inverter obeys; a value to begin with, to store, and to restore."""

    time: float | None = None
    charge: Side = Side()
    discharge: Side = Side()

    @property
    def step(self) -> Step:
        """The higher step of both directions."""
        return max(self.charge.escalation.step, self.discharge.escalation.step)

    @property
    def reaction(self) -> float:
        """The s until a limit is obeyed, in the slower direction."""
        return max(self.charge.reaction, self.discharge.reaction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look at an inverter: what it was told by then, and what flows."""

    time: float
    ccl: float | None
    """A that it was told; `None` where it was told nothing new: the last one stands."""
    dcl: float | None
    current: float | None
    """A through it, positive when charging; `None` is not known."""
    voltage: float | None = None
    levers: frozenset[Step] = frozenset(Step)
    """What may be used beside the current limits; what does not exist is passed over."""


def observe(state: Obedience, seen: Seen) -> Obedience:
    """Take what is known of an inverter on by one look.

    A current that is not known neither obeys nor begins to disobey; one that was beyond its limit is taken to be so
    still.
    """
    elapsed = 0.0 if state.time is None else max(0.0, seen.time - state.time)
    passed = min(GAP_MOST, elapsed)
    return Obedience(
        time=seen.time,
        charge=_looked(state.charge, seen, Flow.CHARGE, passed, elapsed - passed),
        discharge=_looked(state.discharge, seen, Flow.DISCHARGE, passed, elapsed - passed),
    )


def restored(state: Obedience) -> Obedience:
    """Return what holds after a restart: what was measured, and what was resorted to."""
    return Obedience(charge=_side_restored(state.charge), discharge=_side_restored(state.discharge))


def acknowledge(state: Obedience) -> Obedience:
    """Return the state after a person has reset what latches."""
    return replace(
        state,
        charge=replace(state.charge, escalation=acknowledged(state.charge.escalation)),
        discharge=replace(state.discharge, escalation=acknowledged(state.discharge.escalation)),
    )


def narrowed(bank: Bank, state: Obedience) -> Bank:
    """Return what the inverter is to be told: the charge voltage lowered from that step on."""
    ceiling = state.charge.escalation.ceiling
    return bank if ceiling is None or ceiling >= bank.cvl else replace(bank, cvl=max(bank.dvl, ceiling))


def setpoint(state: Obedience, wanted: float | None) -> float | None:
    """Return the W into the battery to ask for: none in a direction whose escalation has come to that step."""
    if state.charge.escalation.step >= Step.SETPOINT:
        wanted = min(0.0, wanted or 0.0)
    if state.discharge.escalation.step >= Step.SETPOINT:
        wanted = max(0.0, wanted or 0.0)
    return wanted


def _side_restored(side: Side) -> Side:
    return Side(dead_times=side.dead_times, settlings=side.settlings, escalation=_escalation_restored(side.escalation))


def allowed(limit: float) -> float:
    """Return the A up to which a limit is obeyed."""
    return _OBEYED * limit + _ALLOWANCE


def _looked(side: Side, seen: Seen, flow: Flow, passed: float, unseen: float) -> Side:
    """Take one direction on; `passed` s count, `unseen` s more do not."""
    limit, current = seen.ccl, seen.current
    if flow is Flow.DISCHARGE:
        limit, current = seen.dcl, None if current is None else -current
    current = None if current is None else max(0.0, current)
    known = current is not None
    side = _judged(_followed(_told(side, limit, seen.time, unseen), current, seen.time, passed), known=known)
    look = Look(
        time=seen.time,
        passed=passed,
        flow=flow,
        against=side.against,
        known=known,
        current=side.current,
        limit=side.limit,
        voltage=seen.voltage,
        levers=seen.levers,
    )
    return replace(side, escalation=escalate(side.escalation, look))


def _told(side: Side, limit: float | None, now: float, unseen: float) -> Side:
    """Take a new limit over; `unseen` s in which nobody looked are as if they had not been."""
    limit = side.limit if limit is None else limit
    if limit is None:
        return side
    fallen = tuple(
        [
            (higher, until + unseen)
            for higher, until in side.fallen
            if higher > limit and now - until - unseen <= REACTION_MOST
        ]
    )
    before = inf if side.limit is None else side.limit
    if limit < before:
        fallen = (*fallen, (before, now))
    return replace(side, limit=limit, fallen=fallen)


def _followed(side: Side, current: float | None, now: float, passed: float) -> Side:
    """Measure how far the current has come."""
    limit, beyond = side.limit, side.beyond
    if current is None:
        if beyond is None or side.current is None:
            return replace(side, current=None)
        return replace(_timed(side, side.current, now, beyond + passed), start=None)
    side = replace(side, current=current)
    if limit is None or current <= allowed(limit):
        return _ended(side, passed)
    if beyond is None:
        fell = bool(side.fallen) and side.fallen[-1][1] == now
        return _timed(replace(side, start=current if fell else None, moved=None), current, now, 0.0)
    return _began(_timed(side, current, now, beyond + passed), current, limit)


def _timed(side: Side, current: float, now: float, beyond: float) -> Side:
    """Note for how long the current has been against the limits."""
    over = next((now - until for limit, until in reversed(side.fallen) if current <= allowed(limit)), inf)
    return replace(side, beyond=beyond, against=min(max(0.0, over), beyond))


def _began(side: Side, current: float, limit: float) -> Side:
    """Note what part of what was asked has come about, and when it was first seen."""
    if side.start is None:
        return replace(side, share=None)
    # The limit may have risen meanwhile.
    asked, done = max(_ALLOWANCE, side.start - limit), side.start - current
    moved = side.moved
    if moved is None and done >= max(_NOTICED, _NOTICED_SHARE * asked):
        moved = side.against
    return replace(side, moved=moved, share=min(1.0, max(0.0, done / asked)))


def _ended(side: Side, passed: float) -> Side:
    """Note that the current obeys, and how long that took if it was told to."""
    if side.against is None:
        return side
    done = replace(side, beyond=None, against=None, start=None, moved=None, share=1.0)
    if side.start is None:
        return done
    # At the look before it did not obey yet: what is between is counted too.
    settling = min(REACTION_MOST, side.against + passed)
    dead_time = settling if side.moved is None else min(REACTION_MOST, side.moved)
    return replace(
        done,
        dead_times=(*side.dead_times, dead_time)[-REMEMBERED:],
        settlings=(*side.settlings, settling)[-REMEMBERED:],
    )


def _judged(side: Side, *, known: bool) -> Side:
    """Say in a word what the inverter makes of its limit."""
    if side.against is None:
        response = Response.OBEYED if known and side.limit is not None else Response.UNKNOWN
    elif side.against < LATE_AFTER:
        response = Response.FOLLOWING
    else:
        response = Response.IGNORED if side.moved is None else Response.LATE
    return replace(side, response=response)
