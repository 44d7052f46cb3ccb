"""Keeps the last half hour of a pack and freezes what surrounds a protection."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import dropwhile, takewhile
from typing import Final

from .model import Alarm, Decision, Level, PackConfig, PackReading, PackState

KEEP: Final = 1800.0
"""s of readings, states and decisions that are at hand (leaps-and-pains.md L19)."""
AROUND: Final = 60.0
"""s before and after a protection or trip that are frozen (leaps-and-pains.md L19)."""
LONGEST: Final = 600.0
"""s after which a window that triggers keep open is closed, so that a flapping alarm fills no memory."""
# Twice what a tick a second makes: a bound that holds whatever the times say.
_MOST: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One look at the pack and what was made of it."""

    reading: PackReading
    decision: Decision | None = None
    """`None` in a recording of readings alone."""
    state: PackState | None = None
    """What the step was given, where it is not what the step before left: at the start, and after a change from
    outside (a wish, a reset, a restart)."""
    drill: str | None = None
    """What a drill pretended meanwhile: what was told was then less than this decision, which is the true one."""
    error: str | None = None
    """What broke core, which then left the state as it was; the decision is the fail-safe one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A protection that rose to protect or trip."""

    time: float
    alarm: Alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Frozen ticks, the first with its state; empty `triggers` where nobody but a person asked for them.

    A window is frozen more than once: at a trip, when it is over, and again when another trigger lengthens it. All
    these boxes begin with the same trigger, and the later one holds all of the earlier.
    """

    config: PackConfig
    triggers: tuple[Trigger, ...]
    ticks: tuple[Tick, ...]

    @property
    def gravest(self) -> Trigger | None:
        """The first of the worst triggers."""
        return max(self.triggers, key=lambda trigger: trigger.alarm.level, default=None)


class BlackBox:
    """The ring buffer of one pack and one configuration; readings, states and decisions are kept by reference."""

    def __init__(self, config: PackConfig) -> None:
        self._config = config
        self._ring: deque[tuple[Tick, PackState]] = deque(maxlen=_MOST)
        self._after: PackState | None = None
        self._levels: dict[str, Level] | None = None
        self._triggers: tuple[Trigger, ...] = ()
        self._until = 0.0
        self._open = False

    def __len__(self) -> int:
        """Return how many ticks are at hand."""
        return len(self._ring)

    def record(
        self,
        before: PackState,
        reading: PackReading,
        decision: Decision,
        after: PackState,
        *,
        error: str | None = None,
        drill: str | None = None,
    ) -> tuple[Box, ...]:
        """Take one tick; return what is to be written now."""
        outside = None if before is self._after else before
        self._after = after
        self._ring.append((Tick(reading=reading, decision=decision, state=outside, error=error, drill=drill), before))
        while self._ring[0][0].reading.time < reading.time - KEEP:
            self._ring.popleft()
        return self._watch(reading.time, self._risen(before, decision))

    def close(self) -> tuple[Box, ...]:
        """Return the window that is still open, as far as it goes; it does no harm to go on afterwards."""
        if not self._open:
            return ()
        self._open = False
        return (self._freeze(),)

    def everything(self) -> Box:
        """Return all that is at hand."""
        return Box(config=self._config, triggers=(), ticks=self._ticks(float("-inf"), float("inf")))

    def _risen(self, before: PackState, decision: Decision) -> tuple[Alarm, ...]:
        """Return what has just risen to protect or trip; what was restored at the start is no news."""
        levels = self._levels
        if levels is None:
            levels = {key: track.level for key, track in before.tracks.items()}
        self._levels = {alarm.key: alarm.level for alarm in decision.alarms}
        return tuple(
            alarm
            for alarm in decision.alarms
            if alarm.level >= Level.PROTECT and alarm.level > levels.get(alarm.key, Level.OK)
        )

    def _watch(self, now: float, risen: tuple[Alarm, ...]) -> tuple[Box, ...]:
        """Open, lengthen or close the window."""
        if not risen:
            return self.close() if self._open and now >= self._until else ()
        done: tuple[Box, ...] = ()
        overlaps = self._triggers and now - AROUND <= self._until
        if not overlaps or now + AROUND > self._triggers[0].time + LONGEST:
            done = self.close()
            self._triggers = ()
        self._triggers += tuple(Trigger(time=now, alarm=alarm) for alarm in risen)
        self._until = now + AROUND
        self._open = True
        # A trip may take the house's power and Home Assistant with it: what led to it is safe before that.
        tripped = any(alarm.level is Level.TRIP for alarm in risen)
        return (*done, self._freeze()) if tripped else done

    def _freeze(self) -> Box:
        ticks = self._ticks(self._triggers[0].time - AROUND, self._until)
        return Box(config=self._config, triggers=self._triggers, ticks=ticks)

    def _ticks(self, begin: float, end: float) -> tuple[Tick, ...]:
        """Return the ticks of a stretch of time, the first with its state."""
        later = dropwhile(lambda entry: entry[0].reading.time < begin, self._ring)
        entries = list(takewhile(lambda entry: entry[0].reading.time <= end, later))
        if not entries:
            return ()
        first, state = entries[0]
        return (replace(first, state=state), *(tick for tick, _ in entries[1:]))
