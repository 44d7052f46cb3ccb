"""Tells one stretch of charging or discharging from the next, so that neither a cloud nor a kettle cuts one in two."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .extremes import widen
from .past import NOTHING, Mark, Session, Sessions, Values, Way

HOLD: Final = 900.0
"""s without going its way after which a session is over; it then ended where it last did."""
# Capacities per hour from which on a session begins, and above which one goes on: 140 W and 70 W of a pack of 14 kWh.
_BEGIN: Final = 0.01
_KEEP: Final = 0.005
# s that a session must go on to be one, and the share of the capacity that it must move to be kept.
_SURE: Final = 60.0
_LEAST: Final = 0.005
KEPT: Final = 50
"""Sessions: about a month of a house with sun."""
# Share of the energy charged by which what is stored may differ at the ends of a pair.
_CLOSED: Final = 0.1
# Percent between which a pair's efficiency lies; beyond, the charge was corrected in between.
_EFFICIENCY: Final = (50.0, 100.0)


def follow(
    before: Sessions,
    *,
    mean: float,
    elapsed: float,
    last: Mark,
    mark: Mark,
    size: float,
    seen: Values,
    met: tuple[str | None, str | None],
) -> Sessions:
    """Take along `elapsed` s between two marks, in which `mean` A flowed of a pack of `size` Ah.

    `met` names the rule that holds charging down at this moment, and the one that holds discharging down.
    """
    session = before.open
    way = _way(mean / size, session)
    if session is None:
        begun = None if way is None else Session(way=way, start=last, end=mark, seconds=elapsed, peaks=seen)
        return before if begun is None else _with(before, open_=begun)
    if before.quiet >= HOLD:
        # Nobody looked for so long: what has flowed meanwhile belongs to no session.
        return _with(_ended(before, session, size), open_=None)
    rule = met[session.way is Way.DISCHARGE]
    if rule is not None:
        session = replace(session, limits=_added(session.limits, rule, elapsed))
    if way is session.way:
        peaks = widen(session.peaks, widen(before.tail, seen))
        seconds = session.seconds + before.quiet + elapsed
        return _with(before, open_=replace(session, end=mark, seconds=seconds, peaks=peaks))
    if session.seconds < _SURE:
        return _with(before, open_=None)
    quiet, tail = before.quiet + elapsed, widen(before.tail, seen)
    if quiet < HOLD:
        return _with(before, open_=session, quiet=quiet, tail=tail)
    # What came after it may be a session of its own, that began when this one ended.
    net = mark.charge_in - session.end.charge_in - mark.charge_out + session.end.charge_out
    turned = _way(net * 3600 / quiet / size, None)
    later = None if turned is None else Session(way=turned, start=session.end, end=mark, seconds=quiet, peaks=tail)
    return _with(_ended(before, session, size), open_=later)


def peaked(before: Sessions, seen: Values) -> Sessions:
    """Take the extremes of a moment between two looks along."""
    session = before.open
    if session is None:
        return before
    if before.quiet:
        tail = widen(before.tail, seen)
        return before if tail is before.tail else _with(before, open_=session, quiet=before.quiet, tail=tail)
    peaks = widen(session.peaks, seen)
    return before if peaks is session.peaks else _with(before, open_=_peaking(session, peaks))


def _peaking(session: Session, peaks: Values) -> Session:
    """Return the same with other peaks; at nearly each tick of charging, so without the search of `replace`."""
    return Session(
        way=session.way,
        start=session.start,
        end=session.end,
        seconds=session.seconds,
        peaks=peaks,
        limits=session.limits,
        efficiency=session.efficiency,
    )


def _with(before: Sessions, *, open_: Session | None, quiet: float = 0.0, tail: Values = NOTHING) -> Sessions:
    return Sessions(done=before.done, ended=before.ended, open=open_, quiet=quiet, tail=tail)


def _way(rate: float, session: Session | None) -> Way | None:
    """Return which way so many capacities per hour go; less keeps a session going than begins one."""
    if session is not None and (rate if session.way is Way.CHARGE else -rate) >= _KEEP:
        return session.way
    if rate >= _BEGIN:
        return Way.CHARGE
    return Way.DISCHARGE if rate <= -_BEGIN else None


def _added(limits: tuple[tuple[str, float], ...], rule: str, seconds: float) -> tuple[tuple[str, float], ...]:
    known = dict(limits)
    known[rule] = known.get(rule, 0.0) + seconds
    return tuple(known.items())


def _ended(before: Sessions, session: Session, size: float) -> Sessions:
    """Put the open session to those that are done, where it moved enough to be one."""
    moved = session.charge_in if session.way is Way.CHARGE else session.charge_out
    if moved < _LEAST * size:
        return before
    if session.way is Way.DISCHARGE:
        session = replace(session, efficiency=_efficiency(before.done, session))
    return Sessions(done=(*before.done, session)[-KEPT:], ended=before.ended + 1)


def _efficiency(done: tuple[Session, ...], session: Session) -> float | None:
    """Return the percent that came back since the last charging that began with about as much stored as is now."""
    now = session.end
    for pair in reversed(done):
        then = pair.start
        if pair.way is not Way.CHARGE or then.stored is None or now.stored is None:
            continue
        charged, left = now.energy_in - then.energy_in, now.stored - then.stored
        if abs(left) <= _CLOSED * charged:
            low, high = _EFFICIENCY
            percent = 100 * (now.energy_out - then.energy_out + left) / charged
            return percent if low <= percent <= high else None
    return None
