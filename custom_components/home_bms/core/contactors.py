"""Decides where the pack's charge and discharge switch should be."""

from __future__ import annotations

from typing import Final

from .model import Alarm, Believed, ContactorsState, ContactorState, Flow, Level, PackConfig, PackReading, SwitchTrack

# Current that counts as flowing; inverters leave 0.4-0.6 A at a limit of zero (leaps-and-pains.md, row 2).
_FLOWING: Final = 1.0
# Current above which a pack may not be left running blind (thresholds.md 2.12).
_BLIND: Final = 5.0
# A switch that has not followed for this long has failed; a MOSFET moves at once, a poll and its retry are 2 s
# (faults.md 39, 41).
_MOVES_WITHIN: Final = 5.0


def switch(
    config: PackConfig,
    state: ContactorsState,
    believed: Believed,
    reading: PackReading,
    alarms: tuple[Alarm, ...],
    permitted: Flow,
    wishes: tuple[bool | None, bool | None],
    last_current: float | None,
) -> tuple[ContactorsState, bool | None, bool | None]:
    """Return both switches' new tracks and wishes; `None` leaves a switch as it is.

    A switch opens at once for a trip or the user, and when current ignores a limit of zero for `obey_within` or flows
    unseen for
    `open_after`. home_bms closes only what it opened itself or the user asks to close, and only while that direction
    is permitted.
    `wishes` are the user's for charge and discharge; `last_current` is the last one believed.
    """
    charge, charge_wish = _one(
        config, state.charge, believed, alarms, permitted, wishes[0], last_current,
        flow=Flow.CHARGE, position=reading.switches.charge, commanded=reading.commanded.charge,
    )  # fmt: skip
    discharge, discharge_wish = _one(
        config, state.discharge, believed, alarms, permitted, wishes[1], last_current,
        flow=Flow.DISCHARGE, position=reading.switches.discharge, commanded=reading.commanded.discharge,
    )  # fmt: skip
    if charge is state.charge and discharge is state.discharge:
        return state, charge_wish, discharge_wish
    return ContactorsState(charge=charge, discharge=discharge), charge_wish, discharge_wish


def _one(
    config: PackConfig,
    track: SwitchTrack,
    believed: Believed,
    alarms: tuple[Alarm, ...],
    permitted: Flow,
    wish: bool | None,
    last_current: float | None,
    *,
    flow: Flow,
    position: bool | None,
    commanded: bool | None,
) -> tuple[SwitchTrack, bool | None]:
    now = believed.time
    level = max((alarm.level for alarm in alarms if alarm.flow & flow), default=Level.OK)
    seen = believed.current is not None and believed.current_age < config.age_derate
    against = level >= Level.PROTECT and _flows(believed.current if seen else None, last_current, flow)
    since = None if not against else now if track.against_since is None else track.against_since
    patience = config.obey_within if seen else config.open_after
    ignored = since is not None and now - since >= patience
    wanted: bool | None = None
    ours = track.ours
    if level is Level.TRIP or ignored or (ours and level is Level.PROTECT):
        wanted, ours = False, True
    elif wish is False:
        wanted = False
    elif (ours or wish) and permitted & flow:
        wanted = True
    elif ours:
        # Not permitted, but no longer dangerous: stay open until all is known again.
        wanted = False
    if wanted and position and commanded is not False:
        ours = False
    state, changed = _state(track, wanted, position, now)
    if (state, since, ours) == (track.state, track.against_since, track.ours):
        return track, wanted
    return SwitchTrack(state=state, since=changed, against_since=since, ours=ours), wanted


def _flows(current: float | None, last_current: float | None, flow: Flow) -> bool:
    """Tell whether current flows in this direction, or may still flow unseen in any."""
    if current is None:
        return last_current is not None and abs(last_current) > _BLIND
    return (current if flow is Flow.CHARGE else -current) > _FLOWING


def _state(track: SwitchTrack, wanted: bool | None, position: bool | None, now: float) -> tuple[ContactorState, float]:
    """Return the switch's state and since when."""
    if position is None:
        state = ContactorState.UNKNOWN
    elif wanted is None or wanted == position:
        state = ContactorState.CLOSED if position else ContactorState.OPEN
    else:
        state = ContactorState.CLOSING if wanted else ContactorState.OPENING
        if track.state is ContactorState.FAILED or (track.state is state and now - track.since >= _MOVES_WITHIN):
            state = ContactorState.FAILED
    return state, track.since if state is track.state else now
