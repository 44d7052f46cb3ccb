"""Decides where the pack's charge and discharge switch should be."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import Final, NamedTuple

from .machine import CLOSED, CLOSING, FAILED, JITTER, OPEN, OPENING, PRECHARGE, UNKNOWN, Look, acknowledge, advance
from .model import (
    Alarm,
    Believed,
    ContactorConfig,
    ContactorsState,
    Flow,
    Join,
    Level,
    PackConfig,
    PackReading,
    Relays,
    SwitchTrack,
)
from .plausibility import everything_known

MOSFETS: Final = ContactorConfig()
"""The device's own switches: they open under any load, at once."""
CONTACTOR: Final = ContactorConfig(relays=True, precharge=True, break_within=2.0, link_decay=5.0)
"""A contactor of a pack that has the bus to itself; with `asks` and no `link_decay` of one that shares it."""

# Current that counts as flowing; inverters leave 0.4-0.6 A at a limit of zero (leaps-and-pains.md, row 2).
_FLOWING: Final = 1.0
# Current above which a pack may not be left running blind (thresholds.md 2.12).
_BLIND: Final = 5.0


def only_read(config: PackConfig) -> PackConfig:
    """Return the configuration of a pack whose switches home_bms sees and cannot move."""
    return replace(config, contactors=replace(config.contactors, told=False))


class Ask(NamedTuple):
    """What protections and the user want of one direction's switch."""

    goal: bool | None
    against_since: float | None
    ours: bool


def switch(
    config: PackConfig,
    state: ContactorsState,
    believed: Believed,
    reading: PackReading,
    alarms: tuple[Alarm, ...],
    permitted: Flow,
    wishes: tuple[bool | None, bool | None],
    last_current: float | None,
    started: float,
    join: Join | None = None,
) -> tuple[ContactorsState, bool | None, bool | None, Relays | None]:
    """Return both switches' new tracks, their wishes (`None` leaves a switch as it is) and what outputs are told.

    A switch opens at once for a trip or the user, when current ignores a limit of zero for `obey_within`, and when it
    may flow unseen `open_after` s since all was last known; a contactor first waits `break_within` for a current that
    it can break. home_bms closes only what it opened itself or the user asks to close, and only while that direction
    is permitted, the position is known, nothing has failed, `open_least` is over and, on a shared bus, `join` allows
    it.
    `wishes` are the user's for charge and discharge, `last_current` is the last one believed, and at `started` the pack
    was first looked at.
    """
    asks = (
        _ask(config, state.charge, believed, alarms, permitted, wishes[0], last_current, started, Flow.CHARGE),
        _ask(config, state.discharge, believed, alarms, permitted, wishes[1], last_current, started, Flow.DISCHARGE),
    )
    if config.contactors.relays:
        return _contactor(config, state, believed, reading, alarms, asks, join)
    charge, charge_wish = _move(config, state.charge, asks[0], believed, reading, join, Flow.CHARGE)
    discharge, discharge_wish = _move(config, state.discharge, asks[1], believed, reading, join, Flow.DISCHARGE)
    if charge is state.charge and discharge is state.discharge:
        return state, charge_wish, discharge_wish, None
    return ContactorsState(charge=charge, discharge=discharge), charge_wish, discharge_wish, None


def acknowledge_failures(
    config: PackConfig, state: ContactorsState, believed: Believed, reading: PackReading
) -> ContactorsState:
    """Forget the failures that a person has seen and that do not show at this moment."""
    charge, discharge = state.charge, state.discharge
    if charge.failure is None and discharge.failure is None:
        return state
    if config.contactors.relays:
        forgotten = acknowledge(charge, _look(config, believed, reading, None, Flow.BOTH))
        return replace(state, charge=forgotten, discharge=_both(forgotten, discharge))
    return replace(
        state,
        charge=acknowledge(charge, _look(config, believed, reading, None, Flow.CHARGE)),
        discharge=acknowledge(discharge, _look(config, believed, reading, None, Flow.DISCHARGE)),
    )


def _ask(
    config: PackConfig,
    track: SwitchTrack,
    believed: Believed,
    alarms: tuple[Alarm, ...],
    permitted: Flow,
    wish: bool | None,
    last_current: float | None,
    started: float,
    flow: Flow,
) -> Ask:
    """Return what is wanted of one direction's switch before its own state is looked at."""
    now = believed.time
    level = max([alarm.level for alarm in alarms if flow in alarm.flow], default=Level.OK)
    since, ignored = None, False
    if level >= Level.PROTECT:
        seen = believed.current is not None and believed.current_age < config.age_derate
        if _flows(believed.current if seen else None, last_current, flow):
            since = now if track.against_since is None else track.against_since
            # Blind it is since all was last known; who is told of a limit of zero only then has time to obey it, too.
            blind = min(believed.age, now - started) >= config.open_after
            patience = config.obey_within if seen else min(config.obey_within, config.open_after - config.age_stop)
            ignored = (seen or blind) and now - since >= patience
    if level is Level.TRIP or ignored or track.failure or (track.ours and level is Level.PROTECT):
        return Ask(False, since, ours=True)
    if wish is False:
        return Ask(False, since, track.ours)
    if (track.ours or wish) and flow in permitted:
        return Ask(True, since, track.ours)
    # What is not permitted but no longer dangerous stays open until all is known again.
    return Ask(False if track.ours else None, since, track.ours)


def _flows(current: float | None, last_current: float | None, flow: Flow) -> bool:
    """Tell whether current flows in this direction, or may still flow unseen in any."""
    if current is None:
        return last_current is not None and abs(last_current) > _BLIND
    return (current if flow is Flow.CHARGE else -current) > _FLOWING


def _move(
    config: PackConfig,
    track: SwitchTrack,
    ask: Ask,
    believed: Believed,
    reading: PackReading,
    join: Join | None,
    flow: Flow,
) -> tuple[SwitchTrack, bool | None]:
    """Return one MOSFET's new track and wish."""
    if flow is Flow.CHARGE:
        position, commanded = reading.switches.charge, reading.commanded.charge
    else:
        position, commanded = reading.switches.discharge, reading.commanded.discharge
    if ask == (None, track.against_since, track.ours) and position and commanded and _quiet(track):
        return track, None
    rules, now = config.contactors, believed.time
    goal = _permit(rules, track, ask.goal, position, join, now)
    look = _look(config, believed, reading, goal, flow)
    moved = advance(track, look)
    ours = ask.ours and not (goal and position and commanded is not False)
    if (moved.against_since, moved.ours) != (ask.against_since, ours):
        moved = replace(moved, against_since=ask.against_since, ours=ours)
    wish = _wish(goal, moved)
    if wish is False and commanded is not False and _waits(rules, moved, look):
        wish = None
    return track if moved == track else moved, wish


def _quiet(track: SwitchTrack) -> bool:
    """Tell whether nothing can become of a switch that is closed and may be."""
    return track.state is CLOSED and track.live_since is None and track.taken_since is None


def _permit(
    rules: ContactorConfig, track: SwitchTrack, goal: bool | None, position: bool | None, join: Join | None, now: float
) -> bool | None:
    """Return the goal, without closing what may not be closed now; a position that is not known never closes."""
    if not goal:
        return goal
    if position is None:
        return None
    refused = rules.asks and not position and (join is None or not join.allowed or now >= join.until)
    return not (refused or rests(rules, track, now))


def rests(rules: ContactorConfig, track: SwitchTrack, now: float) -> bool:
    """Tell whether a switch may not close yet, or not before a person has seen why."""
    cooling = track.rests_until is not None and now < track.rests_until
    chatters = track.opened is not None and now - track.opened < rules.open_least
    return cooling or chatters or track.failure is not None


def _wish(goal: bool | None, moved: SwitchTrack) -> bool | None:
    """Return what the device is told: the goal, but open after a failed try, and nothing yet while precharging."""
    if moved.failure is not None or (goal and moved.state is OPEN):
        return False
    return None if moved.state is PRECHARGE else goal


def _waits(rules: ContactorConfig, moved: SwitchTrack, look: Look) -> bool:
    """Tell whether an opening still waits for a current that the contactor breaks without wear."""
    heavy = look.current is None or look.current > rules.break_current
    return moved.state is OPENING and heavy and look.now - moved.since < rules.break_within - JITTER


def _look(config: PackConfig, believed: Believed, reading: PackReading, goal: bool | None, flow: Flow) -> Look:
    """Return what one switch, or the contactor for both directions, is judged by."""
    if flow is Flow.DISCHARGE:
        position, commanded = reading.switches.discharge, reading.commanded.discharge
    else:
        position, commanded = reading.switches.charge, reading.commanded.charge
    fresh = believed.current_age < config.age_derate
    current = believed.current if fresh else None
    if current is not None and flow is not Flow.CHARGE:
        current = abs(current) if flow is Flow.BOTH else -current
    pack, behind = believed.voltage if fresh else None, reading.link_voltage
    if behind is not None and not isfinite(behind):
        behind = None
    gap = None if pack is None or behind is None else abs(pack - behind) / pack
    return Look(
        rules=config.contactors,
        now=believed.time,
        goal=goal,
        position=position,
        commanded=commanded,
        current=current,
        gap=gap,
        behind=behind,
        measured=reading.current_time,
        # No alarm of the pack's electronics keeps a contactor open whose coil home_bms drives.
        excused=bool(reading.alarms) and not config.contactors.relays,
    )


def _contactor(
    config: PackConfig,
    state: ContactorsState,
    believed: Believed,
    reading: PackReading,
    alarms: tuple[Alarm, ...],
    asks: tuple[Ask, Ask],
    join: Join | None,
) -> tuple[ContactorsState, bool | None, bool | None, Relays | None]:
    """Return the same for one contactor that serves both directions: what either must have open is open."""
    rules, now, track, last = config.contactors, believed.time, state.charge, state.relays
    position = reading.switches.charge
    known = position is not None and everything_known(config, believed)
    known_at = now - believed.age if known else now if state.known_at is None else state.known_at
    blind = now - known_at >= config.open_after
    goals = (asks[0].goal, asks[1].goal)
    # A contactor that closed although its coil has no power is told to stay open until it has been seen open; one that
    # is found so is not given power because its contact says that it had some.
    unpowered = reading.commanded.charge is False if last is None else not last.main
    untold = position is True and unpowered
    # One that fell open by itself rests like one that was opened.
    if position is False and last is not None and last.main and track.state is not CLOSING:
        track = replace(track, opened=now)
    goal = None
    if False in goals or (blind and last is not None) or untold:
        goal = False
    elif True in goals:
        goal = _permit(rules, track, True, position, join, now)
    look = _look(config, believed, reading, goal, Flow.BOTH)
    moved = advance(track, look)
    closed = goal is True and moved.state is CLOSED
    charge, discharge = (
        replace(moved, against_since=ask.against_since, ours=(ask.ours or (blind and goal is False)) and not closed)
        for ask in asks
    )
    tripped = any(alarm.level is Level.TRIP for alarm in alarms)
    relays = _drive(rules, last, moved, look, renew=not tripped and not blind)
    wish = _wish(goal, moved)
    if wish is False and relays is not None and relays.main:
        wish = None
    return ContactorsState(charge=charge, discharge=discharge, relays=relays, known_at=known_at), wish, wish, relays


# Main and precharge coil by state; OPENING and UNKNOWN depend on what they were told before.
_COILS: Final = {
    OPEN: (False, False),
    PRECHARGE: (False, True),
    CLOSING: (True, True),
    CLOSED: (True, False),
    FAILED: (False, False),
}


def _drive(
    rules: ContactorConfig, last: Relays | None, moved: SwitchTrack, look: Look, *, renew: bool
) -> Relays | None:
    """Return what the outputs are told; nothing until the contactor has been seen for the first time."""
    if moved.state is OPENING:
        main, precharge = (last is None or last.main) and _waits(rules, moved, look), False
    elif moved.state is UNKNOWN:
        if last is None:
            return None
        # A position that gets lost drops a contactor on its way, and keeps one that was closed.
        main, precharge = last.main and not last.precharge and look.goal is not False, False
    else:
        main, precharge = _COILS[moved.state]
    if not (main or precharge):
        return Relays(main=False, precharge=False, pulse_until=None)
    if renew and look.goal is not False:
        return Relays(main=main, precharge=precharge, pulse_until=look.now + rules.pulse)
    return Relays(main=main, precharge=precharge, pulse_until=None if last is None else last.pulse_until)


def _both(moved: SwitchTrack, other: SwitchTrack) -> SwitchTrack:
    """Return the other direction's track of a contactor that serves both."""
    return replace(moved, against_since=other.against_since, ours=other.ours)
