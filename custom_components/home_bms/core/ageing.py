"""Follows each cell's capacity and resistance over months, and foretells when it will be worn out."""

from __future__ import annotations

from math import hypot, sqrt
from typing import Final, NamedTuple

from . import kalman
from .battery import Ageing, Knowledge, Trend
from .cells import capacity
from .resistance import CELL, ENOUGH

# The unknowns of a trend: a share of what the cell had, and its change in a year.
VALUE, YEARLY = range(2)

SIZE_END: Final = 0.8
"""Of the rated capacity at which a home pack counts as worn (leaps-and-pains.md L22)."""
OHMS_END: Final = 2.0
"""Times its first resistance at which a cell counts as worn (leaps-and-pains.md L22)."""

# Home packs lose 2-3 % a year (estimation.md, RWTH); that resistance grows by about as much again is an assumption.
_SIZE_YEARLY: Final = (-0.025, 0.02)
_OHMS_YEARLY: Final = (0.05, 0.06)
# What a day's value may be off by on its own, beside what it says of itself, and the doubt of the very first one.
_SIZE_NOISE: Final = 0.004
_OHMS_NOISE: Final = 0.05
_FIRST: Final = 1.0
_DAY: Final = 24.0
_YEAR: Final = 365.25 * _DAY
_BAND: Final = 1.96
_FAR: Final = 30.0


class Forecast(NamedTuple):
    """Years from now until a cell is worn: as it goes, and the band; beyond 30 years counts as 30."""

    years: float
    soonest: float
    latest: float
    by: str
    """`capacity` or `resistance`."""


def follow(before: Ageing, knowledge: Knowledge, rated: float) -> Ageing:
    """Add what is known of each cell today; the same object comes back until another day is over."""
    hours = knowledge.typical.hours
    if hours - before.hours < _DAY:
        return before
    years, count = (hours - before.hours) / _YEAR, len(knowledge.cells)
    middle, doubt = knowledge.typical.capacity, knowledge.typical.capacity_doubt / rated
    nothing = (None,) * count
    ohms = [cell.state[CELL] if cell.steps >= ENOUGH else None for cell in knowledge.resistances]
    first = tuple([now if then is None else then for then, now in zip(before.first or nothing, ohms, strict=True)])
    return Ageing(
        hours=hours,
        first=first,
        sizes=tuple(
            [
                _entered(trend, capacity(cell, middle) / rated, years, hypot(doubt, _SIZE_NOISE), _SIZE_YEARLY)
                for trend, cell in zip(before.sizes or nothing, knowledge.cells, strict=True)
            ]
        ),
        ohms=tuple(
            [
                trend if now is None or then is None else _entered(trend, now / then, years, _OHMS_NOISE, _OHMS_YEARLY)
                for trend, now, then in zip(before.ohms or nothing, ohms, first, strict=True)
            ]
        ),
    )


def _entered(trend: Trend | None, value: float, years: float, noise: float, yearly: tuple[float, float]) -> Trend:
    if trend is None:
        trend = Trend(state=(value, yearly[0]), covariance=kalman.diagonal((_FIRST, yearly[1])))
    else:
        covariance = kalman.shift(trend.covariance, VALUE, ((YEARLY, years),))
        trend = Trend(
            state=(trend.state[VALUE] + years * trend.state[YEARLY], trend.state[YEARLY]), covariance=covariance
        )
    state, covariance = kalman.update(
        trend.state, trend.covariance, ((VALUE, 1.0),), value - trend.state[VALUE], noise * noise
    )
    return Trend(state=state, covariance=covariance)


def forecast(ageing: Ageing, cell: int) -> Forecast | None:
    """Return when a cell will be worn, by what comes first; `None` before its first day is over."""
    trends = ((ageing.sizes, -1.0, SIZE_END, "capacity"), (ageing.ohms, 1.0, OHMS_END, "resistance"))
    found = [
        _until(trend, sign, end, by)
        for each, sign, end, by in trends
        if cell < len(each) and (trend := each[cell]) is not None
    ]
    return min(found, default=None)


def _until(trend: Trend, sign: float, end: float, by: str) -> Forecast:
    """Return the years until a trend crosses `end`, upwards or downwards by `sign`."""
    value, yearly = trend.state
    room = sign * (end - value)
    near = _BAND * sqrt(max(0.0, trend.covariance[VALUE][VALUE]))
    steep = _BAND * sqrt(max(0.0, trend.covariance[YEARLY][YEARLY]))
    return Forecast(
        years=_years(room, sign * yearly),
        soonest=_years(room - near, sign * yearly + steep),
        latest=_years(room + near, sign * yearly - steep),
        by=by,
    )


def _years(room: float, speed: float) -> float:
    if room <= 0:
        return 0.0
    return min(_FAR, room / speed) if speed > 0 else _FAR
