"""Judges what a pack shows while a person warms a sensor, charges the pack or loads it."""

from __future__ import annotations

from statistics import fmean, median
from typing import Final

from .commissioning import Finding, Outcome
from .model import PackReading, whole

WARMER: Final = 1.5
"""K by which a sensor must warm more than its neighbours; a hand does that within half a minute."""
LEAD: Final = 0.7
"""K by which it must lead the next, so that two that sit side by side are told apart."""
# A that must flow to tell a direction: noise of a shunt and the idle draw of a house are below, and a share of the
# rated current moves the cells measurably.
_FLOW: Final = 3.0
_FLOW_SHARE: Final = 0.02
# V that the mean cell must move: ten times less than a device's step, for it is the mean of many.
_MOVE: Final = 0.0003


def warmed(
    before: tuple[float | None, ...], now: tuple[float | None, ...], number: int
) -> tuple[float, Finding | None]:
    """Return how far sensor `number` (from 1) is towards being warm, 0-1, and the finding once one sensor stands out.

    What all sensors do together is the room's doing, so each is compared with the middle of the others.
    """
    if len(before) != len(now):
        return 0.0, None
    rises = [
        (now_value - then, index + 1)
        for index, (then, now_value) in enumerate(zip(before, now, strict=True))
        if then is not None and now_value is not None
    ]
    apart = []
    for rise, sensor in rises:
        others = [other for other, which in rises if which != sensor]
        apart.append((rise - (median(others) if others else 0.0), sensor))
    apart.sort(reverse=True)
    if not apart:
        return 0.0, None
    rise, sensor = apart[0]
    ours = next((value for value, which in apart if which == number), 0.0)
    progress = min(1.0, max(0.0, ours / WARMER))
    second = apart[1][0] if len(apart) > 1 else 0.0
    if rise < WARMER or rise - second < LEAD:
        return progress, None
    numbers = {"rise": round(rise, 1), "sensor": float(sensor)}
    if sensor == number:
        return 1.0, Finding(outcome=Outcome.PASSED, numbers=numbers)
    return progress, Finding(outcome=Outcome.FAILED, reason="other_sensor", numbers=numbers)


def not_warmed(before: tuple[float | None, ...], now: tuple[float | None, ...]) -> Finding:
    """Return the finding where no sensor stood out in time."""
    pairs = zip(before, now, strict=False)
    rises = [after - then for then, after in pairs if then is not None and after is not None]
    return Finding(outcome=Outcome.FAILED, reason="none_warmed", numbers={"rise": round(max(rises, default=0.0), 1)})


def enough(rated: float) -> float:
    """Return the A by which the current must change for its direction to be told; `rated` in A."""
    return max(_FLOW, _FLOW_SHARE * rated)


def direction(
    before: tuple[PackReading, ...], after: tuple[PackReading, ...], *, charge: bool, rated: float
) -> Finding:
    """Judge the sign of the current by the change that a person made; what the device tells is taken as it comes.

    The cells know better than the shunt: charging raises every one of them, whichever way the shunt is wired.
    """
    current, move = _moved(_current(before), _current(after)), _moved(_mean(before), _mean(after))
    numbers = {"change": round(current, 1), "move": round(1000 * move, 1)}
    if abs(current) < enough(rated):
        return Finding(outcome=Outcome.FAILED, reason="nothing_flowed", numbers=numbers)
    if abs(move) < _MOVE:
        return Finding(outcome=Outcome.PARTLY, reason="cells_did_not_move", numbers=numbers)
    told, cells = (current > 0) == charge, (move > 0) == charge
    if told and cells:
        return Finding(outcome=Outcome.PASSED, numbers=numbers)
    reason = "sign_reversed" if cells else "cells_against" if told else "other_direction"
    return Finding(outcome=Outcome.FAILED, reason=reason, numbers=numbers)


def _moved(before: float | None, after: float | None) -> float:
    """Return the difference; what was not known before or after proves nothing."""
    return 0.0 if before is None or after is None else after - before


def _current(looks: tuple[PackReading, ...]) -> float | None:
    known = [look.current for look in looks if look.current is not None]
    return fmean(known) if known else None


def _mean(looks: tuple[PackReading, ...]) -> float | None:
    """Return the V of the mean cell."""
    known = [fmean(look.cells) for look in looks if look.cells and whole(look.cells)]
    return fmean(known) if known else None
