"""Takes one switch from open to closed and back, a step at each look, and notices when it does not follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from .model import ContactorConfig, ContactorState, SwitchTrack

OPEN, PRECHARGE, CLOSING, CLOSED, OPENING, FAILED, UNKNOWN = (
    ContactorState.OPEN,
    ContactorState.PRECHARGE,
    ContactorState.CLOSING,
    ContactorState.CLOSED,
    ContactorState.OPENING,
    ContactorState.FAILED,
    ContactorState.UNKNOWN,
)

NOT_OPENING: Final = "contactor_not_opening"
NOT_CLOSING: Final = "contactor_not_closing"
WELDED: Final = "contactor_welded"
PRECHARGE_FAILED: Final = "precharge_failed"
FAILURES: Final = (NOT_OPENING, NOT_CLOSING, WELDED, PRECHARGE_FAILED)

# Current in A that no open switch lets through (faults.md 40), and how long it must last: the position and the current
# may be a sample apart, and the row asks for 5 s after the command.
_WELDED_CURRENT: Final = 2.0
_WELDED_FOR: Final = 3.0
JITTER: Final = 0.1
"""s by which a tick may come early: what is over but for that is over, and takes no further poll."""


class Look(NamedTuple):
    """What one step of one switch depends on."""

    rules: ContactorConfig
    now: float
    goal: bool | None
    """Where it should be; `None` leaves it as it is found."""
    position: bool | None
    commanded: bool | None
    """What the device says that it was told."""
    current: float | None
    """A through the switch in the direction that it can stop, either way where it stops both; `None` unknown or old."""
    gap: float | None
    """Share by which the voltage behind it differs from the pack's; `None` unknown or old."""
    behind: float | None
    """V behind it."""
    measured: float | None
    """When current and voltage were measured."""
    excused: bool
    """The device has alarms of its own, which may be why it does not close."""


def advance(track: SwitchTrack, look: Look) -> SwitchTrack:
    """Return the switch's next state: one transition at most, and none on the way lasts longer than its time."""
    heading = _HEADING[look.goal, look.position]
    track = _note(track, look)
    if track.failure is not None:
        return _enter(track, FAILED, look.now)
    if _live(track, look):
        return _fail(track, WELDED, look)
    for holds, outcome in _TRANSITIONS.get((track.state, heading), ()):
        if holds(track, look):
            if isinstance(outcome, ContactorState):
                return _enter(track, outcome, look.now)
            return _fail(track, outcome, look)
    if heading is CLOSING and look.rules.precharge:
        return _enter(replace(track, behind=look.behind), PRECHARGE, look.now)
    return _enter(track, heading, look.now)


def acknowledge(track: SwitchTrack, look: Look) -> SwitchTrack:
    """Forget a failure that a person has seen, unless it shows at this very moment.

    A weld is forgotten only on proof: the switch reports open, no current flows and no voltage follows. The rest after
    the last try to close is kept, for a resistor does not cool down by being told to.
    """
    closed = look.position is not False
    shows = {WELDED: closed or _carries(look) is not False, NOT_OPENING: closed}
    if track.failure is not None and shows.get(track.failure, False):
        return track
    return replace(track, failure=None, tries=0, live_since=None, too_fast=False)


def _note(track: SwitchTrack, look: Look) -> SwitchTrack:
    """Take down what this look tells, whatever comes of it."""
    taken = look.rules.told and look.goal is not None and look.commanded in (None, look.goal)
    # While home_bms drives the coil itself, nobody reads a wish to close back before the precharge is over.
    taken = taken or (look.goal is True and look.rules.relays)
    told = look.goal is False and look.position is not False
    open_ = look.goal is not True and (look.position is False or look.commanded is False)
    carries = _carries(look) if open_ else False
    return SwitchTrack(
        state=track.state,
        since=track.since,
        against_since=track.against_since,
        ours=track.ours,
        taken_since=_since(track.taken_since, look.now) if taken else None,
        opened=look.now if told else track.opened,
        live_since=track.live_since if carries is None else _since(track.live_since, look.now) if carries else None,
        tries=track.tries,
        rests_until=track.rests_until,
        behind=track.behind,
        too_fast=_too_fast(track, look) if track.state is PRECHARGE else track.too_fast,
        failure=None if track.failure == NOT_OPENING and look.position is False else track.failure,
    )


def _since(began: float | None, now: float) -> float:
    return now if began is None else began


def _enter(track: SwitchTrack, state: ContactorState, now: float) -> SwitchTrack:
    """Return the track in a state; leaving the way to closed counts as an opening."""
    if state is track.state:
        return track
    turned_back = track.state in _CLOSING_WAYS and state not in _CLOSING_WAYS and state is not CLOSED
    return replace(
        track,
        state=state,
        since=now,
        opened=now if turned_back else track.opened,
        tries=0 if state is CLOSED else track.tries,
    )


def _fail(track: SwitchTrack, failure: str, look: Look) -> SwitchTrack:
    """Return the track after a failure; closing is tried again a few times, after `open_least`."""
    if failure not in (NOT_CLOSING, PRECHARGE_FAILED):
        return _enter(replace(track, failure=failure), FAILED, look.now)
    tries = track.tries + 1
    if tries < look.rules.tries:
        return _enter(replace(track, tries=tries), OPEN, look.now)
    rests_until = look.now + look.rules.rest
    return _enter(replace(track, tries=tries, failure=failure, rests_until=rests_until), FAILED, look.now)


_CLOSING_WAYS: Final = (PRECHARGE, CLOSING)

# Where a switch is headed, by what is wanted and where it is seen.
_HEADING: Final[Mapping[tuple[bool | None, bool | None], ContactorState]] = {
    (None, None): UNKNOWN,
    (None, True): CLOSED,
    (None, False): OPEN,
    (True, None): UNKNOWN,
    (True, True): CLOSED,
    (True, False): CLOSING,
    (False, None): UNKNOWN,
    (False, True): OPENING,
    (False, False): OPEN,
}


def _carries(look: Look) -> bool | None:
    """Tell whether current or voltage passes a switch; `None` if neither shows and not both are known."""
    if look.current is not None and look.current > _WELDED_CURRENT:
        return True
    if look.rules.link_decay is None:
        return None if look.current is None else False
    if look.gap is not None and look.gap <= 1 - look.rules.precharge_share:
        return True
    return None if look.current is None or look.gap is None else False


def _live(track: SwitchTrack, look: Look) -> bool:
    """Tell whether an open switch has carried current, or the pack's voltage behind it, for too long."""
    if track.live_since is None or not _carries(look):
        return False
    flows = look.current is not None and look.current > _WELDED_CURRENT
    patience = _WELDED_FOR if flows or look.rules.link_decay is None else look.rules.link_decay
    return look.now - track.live_since >= patience


def _always(_: SwitchTrack, __: Look) -> bool:
    return True


def _filled(track: SwitchTrack, look: Look) -> bool:
    """Tell whether a sample of the present precharge shows voltage behind the switch and no more current."""
    return (
        look.measured is not None
        and look.measured > track.since
        and look.gap is not None
        and look.gap <= 1 - look.rules.precharge_share
        and look.current is not None
        and look.current <= look.rules.precharge_current
    )


def _too_fast(track: SwitchTrack, look: Look) -> bool:
    """Tell whether a link that was dead filled sooner than any capacitor does."""
    dead = track.behind is not None and look.behind is not None and track.behind < 0.5 * look.behind
    return dead and look.now - track.since < look.rules.precharge_soonest and _filled(track, look)


def _without_capacitor(track: SwitchTrack, look: Look) -> bool:
    return track.too_fast and not look.rules.fast_allowed


def _precharged_too_long(track: SwitchTrack, look: Look) -> bool:
    return look.now - track.since >= look.rules.precharge_within - JITTER


def _apart(_: SwitchTrack, look: Look) -> bool:
    """Tell whether a switch that says it is closed has not brought the pack's voltage behind it."""
    return look.gap is not None and look.gap > 1 - look.rules.precharge_share


def _told_for(track: SwitchTrack, look: Look) -> float:
    """Return for how long the device has known what is wanted in this state; -1 if it does not."""
    return -1.0 if track.taken_since is None else look.now - max(track.taken_since, track.since)


def _closes_too_long(track: SwitchTrack, look: Look) -> bool:
    return not look.excused and _told_for(track, look) >= look.rules.closes_within - JITTER


def _apart_too_long(track: SwitchTrack, look: Look) -> bool:
    # Whoever wished it closed may think that it is: what counts here is how long it has been on its way.
    return _apart(track, look) and look.now - track.since >= look.rules.closes_within - JITTER


def _opens_too_long(track: SwitchTrack, look: Look) -> bool:
    return _told_for(track, look) >= look.rules.opens_within


def _deaf(track: SwitchTrack, _: Look) -> bool:
    return track.taken_since is None


def _unheard(track: SwitchTrack, look: Look) -> bool:
    """Tell whether the command has not reached the device for long, which is no failure of the switch."""
    return _deaf(track, look) and look.now - track.since >= look.rules.opens_within


# By where it is and where it is headed: the first row that holds says what it becomes, or in what this try has failed.
# What is not listed goes where it is headed, through the precharge where there is one.
_TRANSITIONS: Final[
    Mapping[
        tuple[ContactorState, ContactorState],
        tuple[tuple[Callable[[SwitchTrack, Look], bool], ContactorState | str], ...],
    ]
] = {
    (PRECHARGE, CLOSING): (
        (_without_capacitor, PRECHARGE_FAILED),
        (_filled, CLOSING),
        (_precharged_too_long, PRECHARGE_FAILED),
        (_always, PRECHARGE),
    ),
    # Closed although its coil never had power.
    (PRECHARGE, CLOSED): ((_always, WELDED),),
    (CLOSING, CLOSING): ((_closes_too_long, NOT_CLOSING), (_unheard, FAILED), (_always, CLOSING)),
    (CLOSING, CLOSED): ((_apart_too_long, NOT_CLOSING), (_apart, CLOSING), (_always, CLOSED)),
    (OPENING, OPENING): ((_opens_too_long, NOT_OPENING), (_unheard, FAILED), (_always, OPENING)),
    (FAILED, CLOSING): ((_deaf, FAILED),),
    (FAILED, OPENING): ((_deaf, FAILED),),
}
