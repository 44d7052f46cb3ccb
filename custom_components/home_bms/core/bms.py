"""Takes a pack from one reading to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any

from . import estimation, history, learned, protection
from .asked import refused
from .balancing import balance
from .battery import NO_CELLS, Estimate
from .contactors import acknowledge_failures, switch
from .learning import surplus
from .limits import limit
from .memory import restore, save
from .model import (
    BalanceState,
    Believed,
    ConfigError,
    Decision,
    Flow,
    Join,
    Level,
    Mode,
    PackConfig,
    PackReading,
    PackState,
    Reaction,
    Snapshot,
    Switches,
    Wishes,
)
from .motion import approach, follow
from .plausibility import believe
from .power import foresee

__all__ = [
    "calibrate",
    "clear_lease",
    "deliver",
    "join",
    "load_learned",
    "observe",
    "replace_cell",
    "reset_trips",
    "restore",
    "save",
    "save_learned",
    "start",
    "step",
    "wish",
]

# Current in A below which a pack is at rest, for people: the idle draw of a JK and the noise of its shunt.
_IDLE = 0.5


def start(config: PackConfig) -> PackState:
    """Return the state of a pack of which nothing is known yet."""
    return PackState(estimate=Estimate(capacity=config.capacity))


def step(config: PackConfig, state: PackState, reading: PackReading) -> tuple[PackState, Decision]:
    """Take the pack from one reading to the next.

    Total: any reading gives a decision. Deterministic: the same inputs give the same decision.
    """
    state, snapshot = observe(config, state, reading)
    return state, snapshot.decision


def observe(config: PackConfig, state: PackState, reading: PackReading) -> tuple[PackState, Snapshot]:
    """As `step`, with all that a user may want to see."""
    now = reading.time
    started = now if state.started is None else state.started
    trust, believed = believe(config, state.trust, reading)
    known = estimation.estimate(config, state.estimate, believed, reading)
    tracks = protection.protect(state.tracks, _sight(config, state, believed, reading, known), started)
    alarms = protection.alarms(tracks) if tracks else ()
    wishes = _expire(state.wishes, now)
    knowledge = known.knowledge
    motion = follow(config, state.motion, believed)
    seen = foresee(config, believed, NO_CELLS if knowledge is None else knowledge.now, known.life.heat, state.reaction)
    near = approach(config, motion, believed, state.reaction)
    limits, cvl, ccl, dcl, permitted = limit(
        config,
        state.limits,
        wishes,
        believed,
        known,
        alarms,
        ring=reading.hardware,
        delivered=state.delivered,
        coming=(seen[0] + near[0], seen[1] + near[1]),
    )
    ahead, doubt = ((), ()) if knowledge is None else (surplus(knowledge), knowledge.surplus_doubt)
    balancing = balance(config, state.balance, wishes, believed, reading, ahead, doubt)
    contactors, charge, discharge, relays = switch(
        config,
        state.contactors,
        believed,
        reading,
        alarms,
        permitted,
        (wishes.charge, wishes.discharge),
        trust.current,
        started,
        state.join,
    )
    forbidden = refused(believed.asked)
    decision = Decision(
        time=now,
        cvl=cvl,
        ccl=ccl,
        dcl=dcl,
        charge_permitted=Flow.CHARGE in permitted and Flow.CHARGE not in forbidden,
        discharge_permitted=Flow.DISCHARGE in permitted and Flow.DISCHARGE not in forbidden,
        switches=_switches(config, charge, discharge, balancing),
        alarms=alarms,
        mode=_mode(state, believed, known, alarms[0].level if alarms else Level.OK),
        relays=relays,
        balance=balancing.decision,
    )
    lived = history.live(config, state.history, believed, reading, known, (ccl, dcl))
    new = PackState(
        started=started,
        trust=trust,
        estimate=known,
        tracks=tracks,
        limits=limits,
        balance=balancing,
        contactors=contactors,
        wishes=_fulfil(wishes, reading, balancing),
        join=state.join,
        delivered=state.delivered,
        reaction=state.reaction,
        motion=motion,
        history=lived,
    )
    return new, Snapshot(
        reading=reading,
        believed=believed,
        estimate=known,
        decision=decision,
        wishes=new.wishes,
        contactors=contactors,
        balance=balancing,
        history=lived,
    )


def _switches(config: PackConfig, charge: bool | None, discharge: bool | None, balancing: BalanceState) -> Switches:
    """Return all wishes; where home_bms says which cells are bled, it is the mask that pauses."""
    balances = balancing.active if config.balance.masked else balancing.flows
    return Switches(charge=charge, discharge=discharge, balance=balances, bleed=balancing.decision.cells)


def _sight(
    config: PackConfig, state: PackState, believed: Believed, reading: PackReading, known: Estimate
) -> protection.Sight:
    return protection.Sight(
        config=config,
        believed=believed,
        reading=reading,
        estimate=known,
        contactors=state.contactors,
        limits=state.limits,
    )


def deliver(state: PackState, *, delivered: bool, reaction: Reaction | None = None) -> PackState:
    """Take note whether somebody who drives the current is told the limits, and how soon they are obeyed.

    What is no longer known of that is the worst of what is usual and what it was: knowing less permits nothing more.
    """
    if reaction is None:
        usual, was = Reaction(), state.reaction
        reaction = Reaction(charge=max(usual.charge, was.charge), discharge=max(usual.discharge, was.discharge))
    if (delivered, reaction) == (state.delivered, state.reaction):
        return state
    return replace(state, delivered=delivered, reaction=reaction)


def join(state: PackState, permission: Join | None) -> PackState:
    """Take over the permission to close onto the bus that the pack shares with others; `None` takes it back."""
    return state if state.join == permission else replace(state, join=permission)


def _mode(state: PackState, believed: Believed, known: Estimate, worst: Level) -> Mode:
    """Return one word for people, the gravest that is true."""
    if worst is Level.TRIP:
        return Mode.TRIPPED
    if believed.age == inf:
        return Mode.LOST if "communication_lost" in state.tracks else Mode.STARTING
    if worst is Level.PROTECT:
        return Mode.LOST if "communication_lost" in state.tracks else Mode.PROTECTED
    current = believed.current or 0.0
    if abs(current) > _IDLE:
        return Mode.CHARGING if current > 0 else Mode.DISCHARGING
    if known.full:
        return Mode.FULL
    return Mode.EMPTY if known.empty else Mode.IDLE


def _expire(wishes: Wishes, now: float) -> Wishes:
    """Drop leased limits, and balancing on demand, whose time is over."""
    if wishes.lease_until is not None and now >= wishes.lease_until:
        wishes = clear_lease(wishes)
    if wishes.balance_until is not None and now >= wishes.balance_until:
        wishes = replace(wishes, balance_now=False, balance_now_mode=None, balance_until=None)
    return wishes


def clear_lease(wishes: Wishes) -> Wishes:
    """Return the wishes without leased limits; the caps and switches stay."""
    return replace(
        wishes,
        leased_charge_current=None,
        leased_discharge_current=None,
        leased_charge_voltage=None,
        leased_soc_min=None,
        leased_soc_max=None,
        lease_until=None,
    )


def _fulfil(wishes: Wishes, reading: PackReading, balancing: BalanceState) -> Wishes:
    """Drop the wishes that have come true, or were given up: a closed switch is closed, a balanced pack is balanced."""
    charge = None if wishes.charge and reading.switches.charge else wishes.charge
    discharge = None if wishes.discharge and reading.switches.discharge else wishes.discharge
    if wishes.balance_now and not balancing.requested:
        wishes = replace(wishes, balance_now=False, balance_now_mode=None, balance_until=None)
    if (charge, discharge) == (wishes.charge, wishes.discharge):
        return wishes
    return replace(wishes, charge=charge, discharge=discharge)


# What a wish may be, by field: minimum, and maximum as the attribute of the pack's configuration that bounds it.
_CURRENTS = {
    "charge_current_cap": "charge_current",
    "leased_charge_current": "charge_current",
    "discharge_current_cap": "discharge_current",
    "leased_discharge_current": "discharge_current",
}
_VOLTAGES = ("charge_voltage_cap", "leased_charge_voltage")
_SOCS = ("leased_soc_min", "leased_soc_max")


def wish(config: PackConfig, state: PackState, wishes: Wishes) -> PackState:
    """Take over what the user asks for.

    Raises ConfigError `out_of_range` (value, minimum, maximum), or `levels_out_of_order` where the window is upside
    down.
    """
    for field, bound in _CURRENTS.items():
        _check(field, getattr(wishes, field), 0.0, getattr(config, bound))
    for field in _VOLTAGES:
        lowest, highest = config.cells * config.cell_voltage_empty, config.cells * config.cell_voltage_full
        _check(field, getattr(wishes, field), lowest, highest)
    for field in _SOCS:
        _check(field, getattr(wishes, field), 0.0, 100.0)
    low, high = wishes.leased_soc_min, wishes.leased_soc_max
    if low is not None and high is not None and not low < high:
        raise ConfigError(
            "levels_out_of_order",
            "leased_soc_max",
            lower="soc_min",
            lower_value=f"{low:g}",
            upper="soc_max",
            upper_value=f"{high:g}",
        )
    return replace(state, wishes=wishes)


def _check(field: str, value: float | None, minimum: float, maximum: float) -> None:
    if value is not None and not minimum <= value <= maximum:
        raise ConfigError("out_of_range", field, value=value, minimum=round(minimum, 2), maximum=round(maximum, 2))


def calibrate(config: PackConfig, state: PackState, soc: float) -> PackState:
    """Take over the charge in percent that a person knows. Raises ConfigError `out_of_range` or `nothing_known`."""
    return replace(state, estimate=estimation.calibrate(config, state.estimate, soc))


def replace_cell(config: PackConfig, state: PackState, cell: int) -> PackState:
    """Forget one cell, for another is in its place. Raises ConfigError `out_of_range`."""
    return replace(state, estimate=learned.replace_cell(config, state.estimate, cell))


def change_device(state: PackState) -> PackState:
    """Return the state with another device in the pack's place: home_bms opened nothing of it, and so closes nothing.

    A wish to close was meant for the one before. Latched trips and the other wishes stay, for people set them.
    """
    charge, discharge = state.contactors.charge, state.contactors.discharge
    wishes = state.wishes
    return replace(
        state,
        contactors=replace(
            state.contactors, charge=replace(charge, ours=False), discharge=replace(discharge, ours=False)
        ),
        wishes=replace(wishes, charge=wishes.charge and None, discharge=wishes.discharge and None),
    )


def forget(config: PackConfig, state: PackState) -> PackState:
    """Return the state of another pack in the place of this one: its limits begin at zero, like any pack's."""
    fresh = start(config)
    return replace(
        change_device(state),
        trust=fresh.trust,
        limits=fresh.limits,
        estimate=fresh.estimate,
        balance=fresh.balance,
        motion=fresh.motion,
        history=fresh.history,
    )


def save_learned(config: PackConfig, state: PackState) -> dict[str, Any] | None:
    """Return what takes weeks to learn as JSON values; `None` before there is anything."""
    return learned.save(config, state.estimate, state.history)


def load_learned(
    config: PackConfig, state: PackState, saved: Mapping[str, Any], *, now: float, gap: float | None
) -> PackState:
    """Take over what `save_learned` returned; `now` and `gap` as for `restore`. Raises LearnedError, HistoryError."""
    watched = state.started is not None
    return replace(
        state,
        estimate=learned.load(config, state.estimate, saved, now=now, gap=gap),
        history=history.load(saved.get("history"), state.history, state.estimate, gap=gap, watched=watched),
    )


def reset_trips(config: PackConfig, state: PackState, reading: PackReading) -> tuple[PackState, tuple[str, ...]]:
    """Release the latched trips whose cause is gone; return the keys of those that stand."""
    _, believed = believe(config, state.trust, reading)
    state = replace(state, contactors=acknowledge_failures(config, state.contactors, believed, reading))
    tracks, standing = protection.reset(state.tracks, _sight(config, state, believed, reading, state.estimate))
    return replace(state, tracks=tracks), standing
