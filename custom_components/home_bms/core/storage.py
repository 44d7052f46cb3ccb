"""Decides what a battery that nobody needs for a while is asked for: little charge, no use, and topped up in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite
from types import MappingProxyType
from typing import Final, NamedTuple

from .model import ConfigError, Level, PackConfig, Snapshot
from .roster import Packs

WAKE: Final = 10.0
"""Percent below what is kept at which the battery is topped up: 50 % and this stay within the 30 to 60 % that makers
ask for in storage (Hanchu Home-ESS-HV, 6.1)."""
REACHED: Final = 0.5
"""Percent at which a charge counts as reached: what fades towards its goal never ends by itself."""
AGAIN: Final = 2.0
"""Percent by which the charge must move before what has ended begins again."""
GENTLE: Final = 0.1
"""Share of the capacity an hour with which the battery is moved; makers permit twice that (Hanchu: 0.2 C)."""
GUARD: Final = 0.1
"""V above its under-voltage protection at which a cell calls for charge: beyond that the pack is cut off, first by
home_bms and then by its own electronics, and a pack that sleeps cannot be charged. Twice the gap between two rings."""
RECOVERED: Final = 0.1
"""V above that bound at which it no longer does; a cell that is charged gently stands some ten mV too high."""
TELL_AFTER: Final = 3 * 86400.0
"""s without success after which a person is told: days without sun are normal, a week is half of what is left."""
GAINED: Final = 0.5
"""Percent of charge that count as success."""
NO_CEILING: Final = 100.0
FARTHEST: Final = 731 * 86400.0
"""s ahead that it may last."""


class Purpose(StrEnum):
    """Why a battery rests."""

    STORAGE = "storage"
    """Nobody uses it: it is brought to one charge and stays there."""
    ABSENCE = "absence"
    """The house runs on its own: it works in the middle, where it ages least."""
    WINTER = "winter"
    """There is little sun: it never gets low, and takes what comes."""


class Band(NamedTuple):
    """Percent of charge between which the battery is kept."""

    lowest: float
    highest: float


# At least half for long storage (Deye SE-F12 manual, 8), 30 to 60 % up to six months (Hanchu Home-ESS-HV, 6.1). An
# empty battery in the cold can neither be charged nor used, so winter keeps what a day without sun takes.
BANDS: Final[Mapping[Purpose, Band]] = MappingProxyType(
    {
        Purpose.STORAGE: Band(50.0, 50.0),
        Purpose.ABSENCE: Band(40.0, 60.0),
        Purpose.WINTER: Band(30.0, NO_CEILING),
    }
)
LOWEST: Final = Band(20.0, 90.0)
"""What the lowest charge may be: topping up begins below it, and there must be something left for a week of waiting."""


class Phase(StrEnum):
    """What is being done."""

    OFF = "off"
    UNKNOWN = "unknown"
    """The charge is not known, so nothing is permitted that needs it."""
    LOWERING = "lowering"
    HOLDING = "holding"
    """Charging has ended; what the battery is kept at is reached."""
    WORKING = "working"
    """Within the band it works as ever."""
    TOPPING_UP = "topping_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What a person asks for."""

    purpose: Purpose
    lowest: float
    """Percent that is kept, however little sun there is ..."""
    highest: float
    """... and the most that is charged to; 100 is no bound."""
    until: float | None = None
    """s since 1970; `None` is until somebody ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageState:
    """What must outlive a restart; times in s since 1970."""

    rest: Rest | None = None
    phase: Phase = Phase.OFF
    waiting_since: float | None = None
    """Since when the battery has lacked charge without getting any."""
    waiting_soc: float | None = None
    """Percent that it had then."""


OFF: Final = StorageState()
# Before the first look, and after a time in which nothing was seen: it begins anew.
_FRESH: Final = (Phase.OFF, Phase.UNKNOWN)


class Seen(NamedTuple):
    """What must be known of the battery."""

    time: float
    """s since 1970."""
    soc: float | None
    """Percent."""
    margin: float | None
    """V by which the lowest known cell is above the voltage at which it calls for charge; `None` under load too."""


class Ask(NamedTuple):
    """What the lease asks for; `None` is not asked. Powers as share of the capacity an hour, positive when charging."""

    reserve: float
    charge: float | None
    discharge: float | None
    power: float | None
    charge_to: float | None


def begin(rest: Rest, time: float) -> StorageState:
    """Return the state at the beginning. Raises ConfigError `out_of_range` naming the field."""
    bounds = {
        "lowest": (rest.lowest, *LOWEST),
        "highest": (rest.highest, rest.lowest, NO_CEILING),
        "until": (rest.until, time + 1.0, time + FARTHEST),
    }
    for field, (value, minimum, maximum) in bounds.items():
        if value is not None and not (isfinite(value) and minimum <= value <= maximum):
            raise ConfigError("out_of_range", field, value=value, minimum=minimum, maximum=maximum)
    return StorageState(rest=rest)


def sound(state: StorageState) -> bool:
    """Tell whether a state that comes from outside has nothing in it that `begin` would never have let in."""
    if (rest := state.rest) is None:
        return state == OFF
    try:
        # Its end may have passed while nobody looked.
        begin(rest, 0.0 if rest.until is None else rest.until - 1.0)
    except ConfigError:
        return False
    return True


def seen(packs: Packs, soc: float | None, time: float) -> Seen:
    """Return what must be known of packs; a cell that is not known hides no other that is low."""
    margins = [margin for config, snapshot in packs.values() if (margin := _margin(config, snapshot)) is not None]
    return Seen(time, soc, min(margins, default=None))


def _margin(config: PackConfig, snapshot: Snapshot) -> float | None:
    """Return how far a pack's lowest cell is above what calls for charge; under load its voltage says nothing."""
    believed = snapshot.believed
    if believed.cell_min is None or believed.current is None or believed.current < -GENTLE * config.capacity:
        return None
    cut_off = next(stage.at for stage in config.stages["cell_undervoltage"] if stage.level is Level.PROTECT)
    return believed.cell_min - cut_off - GUARD


def step(state: StorageState, now: Seen) -> StorageState:
    """Return the state after a look."""
    rest = state.rest
    if rest is None or (rest.until is not None and now.time >= rest.until):
        return OFF
    phase = _phase(rest, state.phase, now)
    return _waiting(state if phase is state.phase else replace(state, phase=phase), now)


def _phase(rest: Rest, phase: Phase, now: Seen) -> Phase:
    if _lacks(rest, phase, now):
        return Phase.TOPPING_UP
    if now.soc is None:
        return Phase.UNKNOWN
    above = now.soc - rest.highest
    if rest.highest >= NO_CEILING:
        return Phase.WORKING
    if above > AGAIN or (phase in (Phase.LOWERING, *_FRESH) and above > REACHED):
        return Phase.LOWERING
    if above >= 0.0 or rest.highest - rest.lowest <= AGAIN or (phase is not Phase.WORKING and above > -AGAIN):
        return Phase.HOLDING
    return Phase.WORKING


def _lacks(rest: Rest, phase: Phase, now: Seen) -> bool:
    """Tell whether the battery is to be charged; a low cell says so whatever the charge is thought to be."""
    busy = phase is Phase.TOPPING_UP
    if now.margin is not None and now.margin <= (RECOVERED if busy else 0.0):
        return True
    if now.soc is None:
        return False
    # Who has just asked for a charge gets it; later it may fall a little, for topping up all the time wears.
    least = REACHED if busy or phase in _FRESH else WAKE
    return now.soc < rest.lowest - least


def _waiting(state: StorageState, now: Seen) -> StorageState:
    """Count how long the battery has lacked charge without getting any."""
    if state.phase not in (Phase.TOPPING_UP, Phase.UNKNOWN):
        return state if state.waiting_since is None else replace(state, waiting_since=None, waiting_soc=None)
    gained = now.soc is not None and state.waiting_soc is not None and now.soc >= state.waiting_soc + GAINED
    # A clock that was ahead when it began would else keep it from ever being told.
    if state.waiting_since is None or gained or not state.waiting_since <= now.time:
        return replace(state, waiting_since=now.time, waiting_soc=now.soc)
    if now.soc is not None and (state.waiting_soc is None or now.soc < state.waiting_soc):
        # What it loses meanwhile has to come back before it counts as gain: the lowest counts.
        return replace(state, waiting_soc=now.soc)
    return state


def in_vain(state: StorageState, now: Seen) -> bool:
    """Tell whether a person must help, for the battery lacks charge and gets none."""
    return state.waiting_since is not None and now.time - state.waiting_since >= TELL_AFTER


def in_danger(state: StorageState, now: Seen) -> bool:
    """Tell whether a pack is about to switch off, from where it may not come back by itself."""
    return state.rest is not None and now.margin is not None and now.margin <= -GUARD / 2.0


def asked(state: StorageState, now: Seen) -> Ask | None:
    """Return what is to be leased now; `None` is nothing."""
    rest = state.rest
    if rest is None or state.phase is Phase.OFF:
        return None
    # Who only stores is moved by home_bms, and gently; else the house moves the battery as it needs to.
    moved = GENTLE if rest.purpose is Purpose.STORAGE else None
    match state.phase:
        case Phase.TOPPING_UP:
            short = now.soc is not None and now.soc < rest.lowest
            return Ask(rest.lowest, moved, None, GENTLE, rest.lowest if short else None)
        case Phase.LOWERING:
            return Ask(rest.lowest, 0.0, moved, None if moved is None else -GENTLE, None)
        case Phase.WORKING:
            return Ask(rest.lowest, None, None, None, None)
        case _:
            bounded = rest.highest < NO_CEILING
            return Ask(rest.lowest, 0.0 if bounded else None, 0.0 if moved else None, 0.0 if moved else None, None)
