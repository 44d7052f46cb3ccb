"""Notices a current sensor that contradicts the voltage: stuck, or mounted the wrong way round."""

from __future__ import annotations

from typing import Final

from .model import Shunt

# A step in current moves every cell the same way by R·ΔI; 10 A through a tenth of a milliohm is a millivolt.
_STEP: Final = 10.0
_MOVE: Final = 0.001
# A whole pack that moves by this much a cell within a few seconds is under a changing load, whatever the sensor says.
_LOAD_MOVE: Final = 0.003
_WITHIN: Final = 5.0
# Load steps that speak against the sign more than for it (faults.md 28: told within 20), and samples in which a stuck
# one lied.
_AGAINST: Final = 10
_STUCK: Final = 5
# With the limits at zero nothing can prove a mended sensor right; after this time without a contradiction it is tried
# again.
_FORGET: Final = 600.0


def watch(
    shunt: Shunt | None, current: float | None, voltage: float | None, cells: int, now: float | None
) -> tuple[Shunt | None, str | None]:
    """Return what is remembered, and the reason to doubt the current if there is one.

    `current` in A and `voltage` of the pack in V were measured together at `now`.
    """
    if current is None or voltage is None or now is None:
        return shunt, _reason(shunt)
    if shunt is None:
        return Shunt(time=now, current=current, voltage=voltage), None
    if now == shunt.time:
        return shunt, _reason(shunt)
    step, move = current - shunt.current, (voltage - shunt.voltage) / cells
    against, stuck, lied = shunt.against, shunt.stuck, shunt.lied
    if abs(step) >= _STEP and abs(move) >= _MOVE:
        agrees = (step > 0) == (move > 0)
        against = max(0, against - 1) if agrees else min(against + 1, 2 * _AGAINST)
        lied = lied if agrees else now
    if step:
        stuck = 0
    elif abs(move) >= _LOAD_MOVE and now - shunt.time <= _WITHIN:
        stuck, lied = min(stuck + 1, 2 * _STUCK), now
    if lied is not None and now - lied > _FORGET:
        against, stuck, lied = 0, 0, None
    new = Shunt(time=now, current=current, voltage=voltage, against=against, stuck=stuck, lied=lied)
    return new, _reason(new)


def _reason(shunt: Shunt | None) -> str | None:
    if shunt is None:
        return None
    if shunt.stuck >= _STUCK:
        return "frozen"
    return "disagrees" if shunt.against >= _AGAINST else None
