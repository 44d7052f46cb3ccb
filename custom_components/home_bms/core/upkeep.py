"""Counts what wears a pack and what troubles it day by day, for whoever inspects it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from .model import Level, Snapshot

# s between two samples of what lasts; trips and the contactor are looked at each time.
_EVERY: Final = 60.0
# Days that an average looks back, as that of balancing does.
_MEMORY: Final = 10.0
# Share of a day's samples that a sensor must be doubted in for the day to count: a lost frame is no news.
_DOUBTED: Final = 0.01
# Samples below which a day was hardly watched and says nothing.
_WATCHED: Final = 60

NOTHING: Final[Mapping[str, float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What a pack has been through; days are counted as the calendar does, ordinals of the house's own date."""

    trips: int = 0
    """Times that it tripped, ever."""
    cycles: int = 0
    """Times that its switch or contactor closed, ever."""
    changes: int = 0
    """Times that its firmware or its own settings were found changed, ever."""
    firmware: str | None = None
    settings: Mapping[str, float] = NOTHING
    """As it last told them."""
    doubts: Mapping[str, float] = NOTHING
    """0-1: on what share of the last ten days or so each sensor was doubted, by name as plausibility names it."""
    spread: float = 0.0
    """K between the warmest and the coldest sensor at a day's worst, over the last ten days or so ..."""
    warmest: int | None = None
    """... and the warmest sensor of the last day."""
    day: int | None = None
    """The day that is being counted."""
    samples: int = 0
    """Of this day, ..."""
    doubted: Mapping[str, float] = NOTHING
    """... in how many of them each sensor was doubted, ..."""
    widest: float = 0.0
    """... and K at its worst so far, as two samples in a row show it."""
    wide: float = 0.0
    """K in the last sample."""
    warm: int | None = None
    """The warmest sensor when it was at its worst."""
    sampled: float | None = None
    """Monotonic time of the last sample."""
    tripped: bool | None = None
    closed: bool | None = None


def count(upkeep: Upkeep, snapshot: Snapshot, *, today: int) -> Upkeep:
    """Return the counts after one look at the pack; the same object where there is nothing to count."""
    tripped = snapshot.decision.worst is Level.TRIP
    position = snapshot.reading.switches.charge
    # A position that is not known keeps the last one: not seeing a contactor does not move it.
    closed = upkeep.closed if position is None else position
    if (tripped, closed) != (upkeep.tripped, upkeep.closed):
        # What is found at the first look began before it, and was counted by whoever looked then.
        upkeep = replace(
            upkeep,
            trips=upkeep.trips + (tripped and upkeep.tripped is False),
            cycles=upkeep.cycles + (closed is True and upkeep.closed is False),
            tripped=tripped,
            closed=closed,
        )
    if upkeep.day != today:
        upkeep = _close_day(upkeep, today)
    now = snapshot.decision.time
    if upkeep.sampled is not None and 0 <= now - upkeep.sampled < _EVERY:
        return upkeep
    return _sample(upkeep, snapshot, now)


def note_settings(upkeep: Upkeep, firmware: str | None, settings: Mapping[str, float]) -> Upkeep:
    """Return the counts after a pack told its firmware and settings; `None`, or less than before, is no change.

    What is told for the first time, by a newer version of home_bms, nobody has moved either.
    """
    before = upkeep.settings
    moved = any(settings[name] != value for name, value in before.items() if name in settings)
    flashed = firmware is not None and upkeep.firmware is not None and firmware != upkeep.firmware
    now = MappingProxyType({**before, **settings})
    known = upkeep.firmware if firmware is None else firmware
    if (now, known) == (before, upkeep.firmware):
        return upkeep
    return replace(upkeep, changes=upkeep.changes + (moved or flashed), firmware=known, settings=now)


def _sample(upkeep: Upkeep, snapshot: Snapshot, now: float) -> Upkeep:
    believed = snapshot.believed
    high, low = believed.temperature_max, believed.temperature_min
    wide = 0.0 if high is None or low is None else high - low
    # A spike is no spread: it counts as far as the sample before shows it too.
    lasting = min(wide, upkeep.wide)
    worse = lasting > upkeep.widest
    doubted = upkeep.doubted
    if believed.doubts:
        doubted = MappingProxyType({**doubted, **{name: doubted.get(name, 0.0) + 1 for name in believed.doubts}})
    return replace(
        upkeep,
        samples=upkeep.samples + 1,
        doubted=doubted,
        widest=lasting if worse else upkeep.widest,
        warm=believed.temperature_max_index if worse else upkeep.warm,
        wide=wide,
        sampled=now,
    )


def _close_day(upkeep: Upkeep, today: int) -> Upkeep:
    """Return the counts with the day that is over taken into the averages; one that was hardly watched is left out."""
    fresh = replace(upkeep, day=today, samples=0, doubted=NOTHING, widest=0.0, wide=0.0, warm=None)
    if upkeep.samples < _WATCHED:
        return fresh
    share = 1.0 / _MEMORY
    names = upkeep.doubts.keys() | upkeep.doubted.keys()
    shares = {
        name: (1 - share) * upkeep.doubts.get(name, 0.0)
        + share * (upkeep.doubted.get(name, 0.0) > _DOUBTED * upkeep.samples)
        for name in names
    }
    return replace(
        fresh,
        doubts=MappingProxyType({name: value for name, value in shares.items() if value > share / _MEMORY}),
        spread=(1 - share) * upkeep.spread + share * upkeep.widest,
        warmest=upkeep.warm,
    )
