"""Tells what other limits would have done to what was recorded: hours, energy, protections and trips."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from .blackbox import Tick
from .model import Bound, Level, PackConfig, PackReading
from .replay import Event, replay

# s between two readings above which nobody knows what was in between.
_GAP: Final = 120.0
# s after which a person has reset a trip: else one on the first day would stop the rest of the year.
RESET_AFTER: Final = 3600.0
# s in which limits rise from nothing where nobody knows how they stood: they say nothing of either configuration.
_SETTLES: Final = 120.0
MOST_EVENTS: Final = 100
"""That are kept; all are counted."""
# Limits that are no derating: the rated one, and that of the first minute.
_NO_DERATING: Final = frozenset({"rated", "starting"})


@dataclass(slots=True)
class Direction:
    """What became of charging, or of discharging."""

    derated: float = 0.0
    """s for which the limit was below the rated current ..."""
    stopped: float = 0.0
    """... and s of these for which it was zero."""
    held: float = 0.0
    """s for which more flowed than was permitted."""
    lost: float = 0.0
    """Wh that flowed beyond what was permitted."""
    rules: dict[str, float] = field(default_factory=dict)
    """s for which each rule derated."""

    def take(self, bound: Bound, rated: float, current: float, voltage: float, elapsed: float) -> None:
        """Take some s along in which so many A flowed this way."""
        rule = bound.reason.rule
        if bound.value < rated and rule not in _NO_DERATING:
            self.derated += elapsed
            self.rules[rule] = self.rules.get(rule, 0.0) + elapsed
            if bound.value <= 0:
                self.stopped += elapsed
        over = current - bound.value
        if over > 0 and rule != "starting":
            self.held += elapsed
            self.lost += over * voltage * elapsed / 3600


@dataclass(slots=True)
class Tally:
    """What one configuration came to."""

    seconds: float = 0.0
    charge: Direction = field(default_factory=Direction)
    discharge: Direction = field(default_factory=Direction)
    protects: int = 0
    trips: int = 0
    events: list[Event] = field(default_factory=list)
    """The first MOST_EVENTS protections and trips."""


class Trial:
    """One configuration's way through what was recorded, as far as that has been given."""

    def __init__(self, config: PackConfig, *, recorded: PackConfig | None = None, proposed: bool = False) -> None:
        """Begin; with `recorded` what comes are the ticks of a black box of that configuration.

        A `proposed` one is obeyed: the current that it sees is no more than it permits, as it would be.
        """
        self.tally = Tally()
        self._config = config
        self._waiting: deque[Tick] = deque()
        changed = None if recorded is None else config
        self._outcomes = replay(
            recorded or config, self._given(), changed=changed, reset_after=RESET_AFTER, obeys=proposed
        )
        self._last: float | None = None
        self._counts_from: float | None = None

    def _given(self) -> Iterator[Tick]:
        while True:
            yield self._waiting.popleft()

    def take(self, items: Iterable[Tick | PackReading]) -> None:
        """Go along with more; what is taken reaches the tally at once."""
        for item in items:
            tick = Tick(reading=item) if isinstance(item, PackReading) else item
            self._waiting.append(tick)
            outcome = next(self._outcomes)
            for event in outcome.events:
                self._note(event)
            reading, decision = tick.reading, outcome.decision
            elapsed = 0.0 if self._last is None else reading.time - self._last
            self._last = reading.time
            if self._counts_from is None:
                self._counts_from = reading.time + (_SETTLES if tick.state is None else 0.0)
            if decision is None or not 0 < elapsed <= _GAP or reading.time < self._counts_from:
                continue
            self.tally.seconds += elapsed
            current, voltage = reading.current or 0.0, reading.voltage or 0.0
            self.tally.charge.take(decision.ccl, self._config.charge_current, current, voltage, elapsed)
            self.tally.discharge.take(decision.dcl, self._config.discharge_current, -current, voltage, elapsed)

    def _note(self, event: Event) -> None:
        if event.level < Level.PROTECT or event.level <= event.was:
            return
        if event.level is Level.TRIP:
            self.tally.trips += 1
        else:
            self.tally.protects += 1
        if len(self.tally.events) < MOST_EVENTS:
            self.tally.events.append(event)
