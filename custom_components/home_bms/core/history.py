"""Goes on with what a pack lives through: at each tick its extremes, every few seconds the rest."""

from __future__ import annotations

from bisect import bisect
from dataclasses import fields, is_dataclass, replace
from math import isfinite
from typing import Any, Final

from .battery import Estimate
from .codec import CodecError, codec
from .extremes import joined, seen, widened
from .model import Believed, Bound, PackConfig, PackReading
from .past import (
    BINS,
    PEAKS,
    SOC_EDGES,
    TEMPERATURE_EDGES,
    Extremes,
    History,
    Mark,
    Session,
)
from .sessions import HOLD, KEPT, follow, peaked

# s between two looks at what changes slowly, and above which nobody watched in between; both as in estimation.
_EVERY: Final = 10.0
_GAP: Final = 120.0
# A limit is met where the current is at it, but for what an inverter's own measurement is off by (faults.md 38).
_MET: Final = 0.9
_ALLOWANCE: Final = 2.0
# Waiting for the first readings limits nobody.
_NO_LIMIT: Final = frozenset({"rated", "starting"})


class HistoryError(ValueError):
    """What cannot be taken over; the message says why."""


def live(
    config: PackConfig,
    before: History,
    believed: Believed,
    reading: PackReading,
    estimate: Estimate,
    limits: tuple[Bound, Bound],
) -> History:
    """Take one tick along; `limits` are those of charging and of discharging.

    The same object comes back while nothing is new.
    """
    now, peaks = believed.time, seen(believed)
    day, today, yesterday, ever = before.day, before.today, before.yesterday, before.ever
    if reading.day is not None and reading.day != day:
        yesterday = Extremes() if day is None else today
        day, today = reading.day, Extremes()
    wider = widened(today, believed, peaks, reading.clock)
    if wider is not today:
        # What is no news of today is none of the pack's life.
        today, ever = wider, widened(ever, believed, peaks, reading.clock)
    last, sessions, exposure = before.time, before.sessions, before.exposure
    if last is not None and 0 <= now - last < _EVERY:
        sessions = peaked(sessions, peaks)
        if today is before.today and day == before.day and sessions is before.sessions:
            return before
        mark = before.mark
    else:
        mark = _mark(estimate, reading)
        elapsed = 0.0 if last is None else now - last
        if before.mark is not None and elapsed > 0:
            mean = (mark.charge_in - before.mark.charge_in - mark.charge_out + before.mark.charge_out) * 3600 / elapsed
            sessions = follow(
                sessions,
                mean=mean,
                elapsed=elapsed,
                last=before.mark,
                mark=mark,
                size=estimate.capacity or config.capacity,
                seen=peaks,
                met=(
                    _met(limits[0], config.charge_current, mean),
                    _met(limits[1], config.discharge_current, -mean),
                ),
            )
            exposure = _exposed(exposure, believed, estimate.soc, elapsed)
        last = now
    return History(
        time=last,
        mark=mark,
        day=day,
        today=today,
        yesterday=yesterday,
        ever=ever,
        sessions=sessions,
        exposure=exposure,
    )


def _mark(estimate: Estimate, reading: PackReading) -> Mark:
    return Mark(
        clock=reading.clock,
        soc=estimate.soc,
        stored=estimate.life.stored_energy,
        charge_in=estimate.charge_in,
        charge_out=estimate.charge_out,
        energy_in=estimate.energy_in,
        energy_out=estimate.energy_out,
    )


def _met(bound: Bound, rated: float, current: float) -> str | None:
    """Return the rule that holds the current in this direction down."""
    if bound.reason.rule in _NO_LIMIT or bound.value >= rated or current < _MET * bound.value - _ALLOWANCE:
        return None
    return bound.reason.rule


def _exposed(exposure: tuple[float, ...], believed: Believed, soc: float | None, elapsed: float) -> tuple[float, ...]:
    """Add the seconds to the bin of charge and temperature; those in which either was not known to none."""
    cold, hot = believed.temperature_min, believed.temperature_max
    if elapsed > _GAP or soc is None or cold is None or hot is None:
        return exposure
    place = bin_of(soc, (cold + hot) / 2)
    return (*exposure[:place], exposure[place] + elapsed, *exposure[place + 1 :])


def bin_of(soc: float, temperature: float) -> int:
    """Return the place in `exposure` of a charge in percent and a temperature in °C."""
    return bisect(SOC_EDGES, soc) * (len(TEMPERATURE_EDGES) + 1) + bisect(TEMPERATURE_EDGES, temperature)


def load(saved: object, before: History, estimate: Estimate, *, gap: float | None, watched: bool) -> History:
    """Return a history as JSON values kept it, which may be nothing; the estimate has the pack's own counters.

    `gap` is the seconds in which nobody looked, `None` if that is not known. What is taken over while the pack is
    `watched` ends its sessions, leaves today as it is, and lets no extreme shrink. Raises HistoryError.
    """
    if saved is None:
        return before
    try:
        history: History = codec(History).decode(saved)
    except CodecError as err:
        raise HistoryError(f"history: {err}") from None
    if not _is_sound(history):
        raise HistoryError("history: a part of it is out of range")
    history = _counted_on(history, estimate, watched=watched)
    sessions = history.sessions
    if sessions.open is not None:
        sessions = replace(sessions, quiet=sessions.quiet + (HOLD if gap is None else gap))
    history = replace(history, time=None, sessions=sessions)
    if not watched:
        return history
    return replace(
        history,
        day=before.day,
        today=before.today,
        yesterday=before.yesterday,
        ever=joined(before.ever, history.ever),
    )


_COUNTERS: Final = ("charge_in", "charge_out", "energy_in", "energy_out")


def _counted_on(history: History, estimate: Estimate, *, watched: bool) -> History:
    """Return the same on the pack's own counters, which may have begun anew, or be another pack's."""
    mark, sessions = history.mark, history.sessions
    if mark is None:
        return history
    by = {name: getattr(estimate, name) - getattr(mark, name) for name in _COUNTERS}
    if min(by.values()) >= 0 and not watched:
        return history

    def moved(then: Mark) -> Mark:
        return replace(then, **{name: getattr(then, name) + more for name, more in by.items()})

    def placed(session: Session) -> Session:
        return replace(session, start=moved(session.start), end=moved(session.end))

    return replace(
        history,
        mark=moved(mark),
        sessions=replace(
            sessions,
            done=tuple(placed(session) for session in sessions.done),
            open=None if sessions.open is None or watched else placed(sessions.open),
        ),
    )


def _is_sound(history: History) -> bool:
    """Tell whether it has the shape of a history, and nothing in it that no pack can live through."""
    sessions = history.sessions
    each = [*sessions.done, *([] if sessions.open is None else [sessions.open])]
    kept = (history.today, history.yesterday, history.ever)
    lists: list[tuple[Any, ...]] = [sessions.tail, *(session.peaks for session in each)]
    lists += [part for extremes in kept for part in (extremes.values, extremes.at, extremes.places)]
    flows = [getattr(session, name) for session in each for name in _COUNTERS]
    return (
        _is_finite(history)
        and len(history.exposure) == BINS
        and len(sessions.done) <= KEPT
        and all(len(part) == len(PEAKS) for part in lists)
        and min((*history.exposure, sessions.quiet, sessions.ended, *flows)) >= 0
    )


def _is_finite(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_finite, value))
    if is_dataclass(value):
        return all(_is_finite(getattr(value, field.name)) for field in fields(value))
    return not isinstance(value, float) or isfinite(value)
