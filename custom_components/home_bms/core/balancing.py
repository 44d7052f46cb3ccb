"""Decides whether and which cells are balanced, and says why."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Final

from .balance_rules import at_the_top, facts, flowing_since, forbidden, mode_of, standing
from .budget import DAY, count
from .model import (
    BalanceConfig,
    BalanceDecision,
    BalanceMode,
    BalanceState,
    Believed,
    PackConfig,
    PackReading,
    Reason,
    Wishes,
)
from .surplus import Evidence, Verdict, choose, judge, working

BALANCE_REASONS: Final = (
    "starting",
    "by_charge",
    "by_voltage",
    "balanced",
    "uncertain",
    "wrong_cell",
    "not_at_top",
    "not_charging",
    "not_at_rest",
    "cell_low",
    "pausing",
    "mode_off",
    "switched_off",
    "value_missing",
    "too_hot",
    "too_cold",
    "board_too_hot",
)
"""Every rule that the reason of a decision may name; only `by_charge` and `by_voltage` balance.

`uncertain` waits until the cells show their charge at the top; `wrong_cell`: the device would take from a cell that is
not ahead; `pausing`: it has only just stopped.
"""
BALANCE_OUTCOMES: Final = ("done", "given_up", "ended")
"""How balancing on demand or on schedule may end; the last by the user or by its time."""

# These are not cured by waiting at the top, whatever the charge control does.
_NO_HOLD: Final = frozenset({"mode_off", "switched_off", "value_missing", "too_hot", "too_cold", "board_too_hot"})
# s after a stop before it starts again: some devices keep the switch's position in flash.
_AGAIN: Final = 60.0
# s at the top from which on, and up to which, they are counted at once towards giving up.
_COUNTED: Final = (10.0, 60.0)
# s after which a pack that stays balanced is noted again.
_NOTED: Final = 3600.0


def balance(
    config: PackConfig,
    state: BalanceState,
    wishes: Wishes,
    believed: Believed,
    reading: PackReading,
    surplus: tuple[float | None, ...] = (),
    sigma: tuple[float | None, ...] = (),
) -> BalanceState:
    """Return whether and what to balance; the same state while nothing changes.

    `surplus` is the charge in Ah that each cell holds above the one that will be full last, less what was bled since,
    and `sigma` its standard deviation. Unknown cells or temperatures, heat and the user's switch stop it.
    """
    setup, now = config.balance, believed.time
    mode = mode_of(setup, wishes)
    top = at_the_top(config, believed, active=state.active)
    since = flowing_since(config, state, believed, mode)
    budget = count(config, state.budget, believed, reading)
    state = (
        state
        if budget is state.budget and since == state.flow_since
        else replace(state, budget=budget, flow_since=since)
    )
    verdict = _verdict(config, state, wishes, believed, reading, mode, (surplus, sigma), top=top)
    asked = wishes.balance_now or _due(setup, state, wishes, now)
    if not asked and _unchanged(setup, state, verdict, mode, now):
        return state
    held, seen = _held(state, now, counts=asked and top and verdict.rule not in _NO_HOLD)
    outcome = _outcome(setup, state, verdict, held, asked=asked)
    waits = asked and outcome is None
    fresh = verdict.run and not _in_slot(setup, state, now)
    slot = now if fresh else state.slot if verdict.run else None
    chosen = _chosen(config, state, verdict, fresh=fresh)
    flows = _flows(setup, slot, now)
    new = replace(
        state,
        decision=BalanceDecision(
            mode=mode,
            active=verdict.run,
            cells=chosen if flows else _none(config),
            reason=_reason(state.decision.reason, verdict, now, fresh=fresh),
            remaining=verdict.remaining if fresh or not verdict.run else state.decision.remaining,
            hold_top=waits and verdict.rule not in _NO_HOLD and (top or verdict.rule != "by_charge"),
            outcome=outcome,
        ),
        since=state.since if verdict.run is state.active else now,
        slot=slot,
        chosen=chosen,
        flows=flows,
        begun=state.begun if verdict.begun is None else verdict.begun,
        plan=state.plan if verdict.plan is None else verdict.plan,
        requested=waits,
        held=held if waits else 0.0,
        seen=seen,
        completed=_completed(state, verdict, now),
        gave_up=now if asked and outcome == "given_up" else state.gave_up,
    )
    return state if new == state else new


def _verdict(
    config: PackConfig,
    state: BalanceState,
    wishes: Wishes,
    believed: Believed,
    reading: PackReading,
    mode: BalanceMode,
    charges: tuple[tuple[float | None, ...], tuple[float | None, ...]],
    *,
    top: bool,
) -> Verdict:
    """Return what forbids to balance, else what the cells say, or said in the last pause."""
    if not wishes.balance:
        return Verdict("switched_off")
    if mode is BalanceMode.OFF:
        return Verdict("mode_off")
    if (known := facts(config, believed, reading)) is None:
        return Verdict("value_missing")
    rule = state.decision.reason.rule
    if (no := forbidden(config, rule, known, believed, mode, state.flow_since, top=top)) is not None:
        return no
    setup, now = config.balance, believed.time
    # Cells that are being bled show less than they hold.
    if _in_slot(setup, state, now) and (setup.masked or working(setup) < setup.period):
        return Verdict(rule, run=True)
    verdict = judge(Evidence(config, *known, *charges, state.active, top, state.begun, state.budget.charge, state.plan))
    if verdict.run and not state.active and state.since is not None and 0 <= now - state.since < _AGAIN:
        return Verdict("pausing")
    return verdict


def _unchanged(setup: BalanceConfig, state: BalanceState, verdict: Verdict, mode: BalanceMode, now: float) -> bool:
    """Whether it still balances, or does not, for the same reason."""
    before = state.decision
    return (
        verdict.rule == before.reason.rule
        and mode is before.mode
        and not state.requested
        and (verdict.begun is None or verdict.begun == state.begun)
        and (verdict.plan is None or verdict.plan == state.plan)
        and (not verdict.run or (_in_slot(setup, state, now) and state.flows is _flows(setup, state.slot, now)))
        and _completed(state, verdict, now) == state.completed
    )


def _in_slot(setup: BalanceConfig, state: BalanceState, now: float) -> bool:
    """Whether the slot goes on that began while balancing."""
    return state.slot is not None and 0 <= now - state.slot < setup.period


def _flows(setup: BalanceConfig, slot: float | None, now: float) -> bool:
    """Whether this is no pause."""
    return slot is not None and now - slot < working(setup)


def _due(setup: BalanceConfig, state: BalanceState, wishes: Wishes, now: float) -> bool:
    """Whether the schedule asks for balancing, because it was neither seen to be done nor given up for long."""
    if setup.every <= 0 or standing(setup, wishes) is BalanceMode.OFF:
        return False
    last = max(-inf if at is None else at for at in (state.completed, state.gave_up))
    return now - last >= setup.every * DAY


def _held(state: BalanceState, now: float, *, counts: bool) -> tuple[float, float | None]:
    """Return the s that a request has been at the top, and when that was last counted."""
    if not counts:
        return state.held, None
    if state.seen is None:
        return state.held, now
    every, most = _COUNTED
    passed = now - state.seen
    return (state.held, state.seen) if 0 <= passed < every else (state.held + max(0.0, min(passed, most)), now)


def _outcome(setup: BalanceConfig, state: BalanceState, verdict: Verdict, held: float, *, asked: bool) -> str | None:
    """Return how the request has ended; without one how the last did."""
    if not asked:
        return "ended" if state.requested else state.decision.outcome
    if verdict.level:
        return "done"
    return "given_up" if held >= setup.give_up * 3600.0 else None


def _chosen(config: PackConfig, state: BalanceState, verdict: Verdict, *, fresh: bool) -> tuple[bool, ...] | None:
    """Return the cells of this slot."""
    if not config.balance.masked or not verdict.run:
        return None
    if not fresh:
        return state.chosen
    cells = choose(config.balance, verdict.cells)
    return tuple([cell in cells for cell in range(config.cells)])


def _none(config: PackConfig) -> tuple[bool, ...] | None:
    return (False,) * config.cells if config.balance.masked else None


def _reason(before: Reason, verdict: Verdict, now: float, *, fresh: bool) -> Reason:
    """Return why; as long as a rule rules its numbers are those of the last slot."""
    same = before.rule == verdict.rule
    if same and not fresh:
        return before
    return Reason(
        rule=verdict.rule,
        cell=verdict.cell,
        sensor=verdict.sensor,
        value=verdict.value,
        threshold=verdict.threshold,
        since=before.since if same else now,
    )


def _completed(state: BalanceState, verdict: Verdict, now: float) -> float | None:
    """Return when the pack was last seen to be balanced; one that stays so is noted now and then."""
    before = state.completed
    if not verdict.level or (before is not None and 0 <= now - before < _NOTED):
        return before
    return now
