"""Makes one story of what the recorder and the black boxes tell of a pack's protections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ..core.causes import explain, root
from ..core.model import Level
from ..core.record import RecordError, load
from ..story import RELEASED, RESET, facts
from .data import Told
from .period import Period

# What both tell of one and the same lies no further apart.
_SAME: Final = timedelta(seconds=10)
# Episodes that a report shows of one pack: the gravest, and of those the newest.
MOST_EPISODES: Final = 150
_RANKS: Final[Mapping[str, int]] = {level.name.lower(): int(level) for level in Level}


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A protection from its rise to its end, at the gravest that it came to."""

    start: datetime
    protection: str
    level: str
    facts: Mapping[str, Any]
    end: datetime | None = None
    """`None` where nobody told: it stands yet, or Home Assistant was restarted."""
    box: str | None = None
    """The name of the black box that shows it."""

    @property
    def rank(self) -> int:
        """How grave it was."""
        return _RANKS.get(self.level, 0)


def episodes(recorded: Iterable[Told], boxed: Iterable[Told]) -> tuple[Episode, ...]:
    """Return what happened, by the time at which it began."""
    done: list[Episode] = []
    going: dict[str, Episode] = {}
    for told in sorted(recorded, key=lambda told: told.time):
        key, level = str(told.facts["protection"]), str(told.facts.get("level"))
        before = going.get(key)
        if level in (RELEASED, RESET):
            if before is not None:
                done.append(replace(going.pop(key), end=told.time))
        elif before is not None and _RANKS.get(level, 0) > before.rank:
            going[key] = replace(before, level=level, facts=told.facts)
        else:
            # One that rises again without having ended has done so while nobody watched.
            done.extend([] if before is None else [going.pop(key)])
            going[key] = Episode(start=told.time, protection=key, level=level, facts=told.facts)
    return tuple(sorted(_with_boxes([*done, *going.values()], boxed), key=lambda episode: episode.start))


def _with_boxes(known: list[Episode], boxed: Iterable[Told]) -> list[Episode]:
    """Name the black box of each episode, and add those that only a black box still knows."""
    for told in boxed:
        key = str(told.facts["protection"])
        places = [
            place
            for place, episode in enumerate(known)
            if episode.protection == key and episode.start - _SAME <= told.time <= (episode.end or told.time) + _SAME
        ]
        if places:
            known[places[-1]] = replace(known[places[-1]], box=told.box)
        else:
            level = str(told.facts["level"])
            known.append(Episode(start=told.time, protection=key, level=level, facts=told.facts, box=told.box))
    return known


def shown(found: tuple[Episode, ...]) -> tuple[Episode, ...]:
    """Return those for which a report has room, by time."""
    gravest = sorted(found, key=lambda episode: (episode.rank, episode.start), reverse=True)[:MOST_EPISODES]
    return tuple(sorted(gravest, key=lambda episode: episode.start))


def read_boxes(folder: Path, names: Iterable[str], period: Period) -> tuple[Told, ...]:
    """Return what the black boxes say began in a period, without those that cannot be read; not for the event loop."""
    found = []
    for name in names:
        try:
            header = load((folder / name).read_bytes()).header
        except OSError, RecordError:
            continue
        if header.time is None or (origin := dt_util.parse_datetime(header.time)) is None:
            continue
        alarms = explain(tuple(trigger.alarm for trigger in header.triggers))
        for trigger in header.triggers:
            alarm = next(alarm for alarm in alarms if alarm.key == trigger.alarm.key)
            time = dt_util.as_local(origin + timedelta(seconds=trigger.time - header.origin))
            if period.start <= time < period.end:
                level = trigger.alarm.level.name.lower()
                told = facts(trigger.alarm, level, root(alarm, alarms), acting=bool(header.acting))
                found.append(Told(time=time, facts=told, box=name))
    return tuple(found)
