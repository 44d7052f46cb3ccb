"""Decides what else is done where an inverter goes on against its limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from .model import Flow, Reason


class Step(IntEnum):
    """What is used to make the current obey; each includes those before it."""

    CCL_DCL = 0
    """The current limits, which are always told."""
    CVL = 1
    """A charge voltage below the battery's own."""
    SETPOINT = 2
    """A power of zero in this direction."""
    SWITCH = 3
    """The pack's own charge or discharge switch."""
    CONTACTOR = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of the ladder: from when it is taken, in which direction it can help."""

    step: Step
    after: float
    """s of current against the limit."""
    ignored: str
    """The rule that the next step's reason names: what this one did not bring about."""
    flow: Flow = Flow.BOTH
    stopped: float = 0.0
    """s of these against a limit of zero: only where nothing may flow, a circuit is opened."""
    latches: bool = False
    """Stands until a person resets it."""


# An inverter takes 3 to 8 s, 10 s at worst (thresholds.md 2.6), and current against a limit of zero opens the pack's
# own switch after 10 s (PackConfig.obey_within). What comes before it costs nothing if it was too early.
LADDER: Final = (
    Rung(step=Step.CCL_DCL, after=0.0, ignored="current_limit_ignored"),
    Rung(step=Step.CVL, after=5.0, ignored="charge_voltage_ignored", flow=Flow.CHARGE),
    Rung(step=Step.SETPOINT, after=8.0, ignored="setpoint_ignored"),
    Rung(step=Step.SWITCH, after=10.0, ignored="switch_ignored", stopped=5.0),
    Rung(step=Step.CONTACTOR, after=15.0, ignored="contactor_ignored", stopped=5.0, latches=True),
)
"""CCL/DCL, CVL, set-point, switch, contactor (`leaps-and-pains.md` L12), in rising order."""
ESCALATION_RULES: Final = tuple(rung.ignored for rung in LADDER[:-1])
"""Every rule that the reason of a step may name."""

HOLD: Final = 60.0
"""s of obedience after which the current limits alone are trusted again ..."""
HOLD_GROWTH: Final = 10.0
"""... and how many s longer for each s of disobedience, so that it does not come round every minute ..."""
HOLD_MOST: Final = 3600.0
"""... up to this; after so long all is forgiven."""
# Share of the battery's voltage to which the charge voltage is lowered: 0.26 V of 52 V, more than the 0.1 V in which
# inverters take it and little enough that none discharges much to reach it.
_BELOW: Final = 0.995


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """How far it has come in one direction, and why."""

    step: Step = Step.CCL_DCL
    reason: Reason | None = None
    """Of the step; `None` while the limits are enough."""
    held: float = 0.0
    """s on this step."""
    stopped: float | None = None
    """s for which current has flowed against a limit of zero; `None` while it does not."""
    calm: float = 0.0
    """s of obedience in a row."""
    disobeyed: float = 0.0
    """s of disobedience that are not forgiven."""
    ceiling: float | None = None
    """V to charge to at most, from the step on that lowers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is seen in one direction at one moment."""

    time: float
    passed: float
    """s since the look before."""
    flow: Flow
    against: float | None
    """s for which the current has been against the limit; `None` while it is not, as far as is known."""
    known: bool
    """Whether the current is known now."""
    current: float | None
    limit: float | None
    """A that were told."""
    voltage: float | None
    levers: frozenset[Step]
    """What there is beside the current limits."""


def escalate(state: Escalation, look: Look) -> Escalation:
    """Take one direction's escalation on: up by a step at a time, down only after known obedience.

    What is not known counts for nothing: it neither calms nor brings a step back.
    """
    state = replace(state, held=state.held + look.passed)
    if look.against is None:
        return _calmer(state, look) if look.known else state
    late = look.against >= LADDER[1].after
    state = replace(
        state,
        calm=0.0,
        stopped=_stopped(state, look),
        disobeyed=state.disobeyed + look.passed if late else state.disobeyed,
    )
    return _lowered(_higher(state, look, look.against), look)


def restored(state: Escalation) -> Escalation:
    """Return what a restart must not forget: the step, and how long it is to be held."""
    return Escalation(step=state.step, reason=state.reason, disobeyed=state.disobeyed, ceiling=state.ceiling)


def acknowledged(state: Escalation) -> Escalation:
    """Return the state after a person has reset what latches; what still flows comes round again."""
    return Escalation(disobeyed=state.disobeyed) if LADDER[state.step].latches else state


def _calmer(state: Escalation, look: Look) -> Escalation:
    """Count obedience, and go back to the current limits after enough of it."""
    calm = state.calm + look.passed
    state = replace(state, calm=calm, stopped=None)
    if calm >= HOLD_MOST:
        state = replace(state, disobeyed=0.0)
    hold = min(HOLD_MOST, HOLD + HOLD_GROWTH * state.disobeyed)
    if state.step is Step.CCL_DCL or LADDER[state.step].latches or calm < hold:
        return state
    return Escalation(calm=calm, disobeyed=state.disobeyed)


def _stopped(state: Escalation, look: Look) -> float | None:
    """Count from the look on at which the limit is zero for the first time."""
    if look.limit is None or look.limit > 0.0:
        return None
    return 0.0 if state.stopped is None else state.stopped + look.passed


def _higher(state: Escalation, look: Look, against: float) -> Escalation:
    """Take the next step that there is and that can help, once the present one had its time."""
    there = [rung for rung in LADDER if rung.step in look.levers and rung.flow & look.flow and rung.step > state.step]
    if not there:
        return state
    now, rung = LADDER[state.step], there[0]
    if against < rung.after or state.held < rung.after - now.after or (state.stopped or 0.0) < rung.stopped:
        return state
    reason = Reason(rule=now.ignored, value=look.current, threshold=look.limit, since=look.time)
    return replace(state, step=rung.step, reason=reason, held=0.0)


def _lowered(state: Escalation, look: Look) -> Escalation:
    """Lower the voltage to charge to, from its step on, while the current goes on; with it gone it stays where it is.

    A battery under charge stands above its rest, so once is not enough; at rest it must not be chased down.
    """
    if state.step < Step.CVL or look.voltage is None or look.flow is not Flow.CHARGE:
        return state
    lower = _BELOW * look.voltage
    return state if state.ceiling is not None and state.ceiling <= lower else replace(state, ceiling=lower)
