"""Runs core once more over what was recorded, as it was or with other settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from json import dumps
from math import inf
from typing import Any, Final, get_type_hints

from . import bms
from .blackbox import Tick
from .chemistry import SETTINGS, configure
from .codec import codec
from .model import Alarm, ConfigError, Decision, Flow, HardwareRing, Level, PackConfig, PackReading, PackState
from .record import Header, text

# What `configure` makes a configuration of, beside thresholds: a change of one may move others.
_FACTS: Final = ("cells", "capacity", "charge_current", "discharge_current", "temperature_sensors")
_WHOLE: Final = ("cells", "temperature_sensors")
_THRESHOLDS: Final = frozenset(setting.key for setting in SETTINGS)
_NUMBERS: Final = frozenset(name for name, kind in get_type_hints(PackConfig).items() if kind is float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A protection that changed its level, here or when it was recorded."""

    time: float
    was: Level
    level: Level
    recorded: Level | None
    """At the same moment; `None` where no decision was recorded."""
    alarm: Alarm
    """The evidence: of the replay while the protection stands there, else of the record, else as it last stood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one recorded tick became."""

    time: float
    decision: Decision | None
    """`None` where core broke."""
    error: str | None
    same: bool
    """Bit for bit what was recorded; true also where nothing was."""
    difference: str | None
    """The first field that is not as recorded."""
    events: tuple[Event, ...]


@dataclass(slots=True)
class _Run:
    """One configuration's way through the ticks."""

    config: PackConfig
    state: PackState
    decision: Decision | None = None
    error: str | None = None
    tripped: float | None = None
    """Since when a trip is latched."""
    limits: tuple[float, float] = (inf, inf)
    """A of charging and of discharging, as last decided."""

    def step(self, reading: PackReading) -> None:
        """Take one reading; core that breaks leaves the state as it was, as in a supervisor."""
        self.decision = self.error = None
        try:
            self.state, self.decision = bms.step(self.config, self.state, reading)
            self.limits = self.decision.ccl.value, self.decision.dcl.value
        except Exception as err:  # noqa: BLE001 - whatever broke it then is what is to be seen now
            self.error = repr(err)

    def obeyed(self, reading: PackReading) -> PackReading:
        """Return the reading with no more current than was last permitted."""
        current, (charge, discharge) = reading.current, self.limits
        if current is None or -discharge <= current <= charge:
            return reading
        return replace(reading, current=max(-discharge, min(charge, current)))

    def reset(self, reading: PackReading, after: float) -> None:
        """Reset trips like a person who comes so many s after the first; one whose cause stands is asked for again."""
        if self.decision is None or self.decision.worst is not Level.TRIP:
            self.tripped = None
        elif self.tripped is None:
            self.tripped = reading.time
        elif reading.time - self.tripped >= after:
            self.state, _ = bms.reset_trips(self.config, self.state, reading)
            self.tripped = None


@dataclass(slots=True)
class _Levels:
    """The alarms of one side at the tick before."""

    alarms: dict[str, Alarm] = field(default_factory=dict)

    def take(self, decision: Decision | None) -> dict[str, Alarm]:
        """Take over a decision's alarms; return those before."""
        before = self.alarms
        if decision is not None:
            self.alarms = {alarm.key: alarm for alarm in decision.alarms}
        return before


def replay(
    config: PackConfig,
    ticks: Iterable[Tick | PackReading],
    *,
    changed: PackConfig | None = None,
    reset_after: float | None = None,
    obeys: bool = False,
) -> Iterator[Outcome]:
    """Yield what core makes of each tick or bare reading, with `changed` in the place of the recorded `config`.

    A change from outside is handed on as the change that it was, so that what only the other settings did, a trip say,
    is not undone by it. With `reset_after` trips are reset so many s later; with
    `obeys` what was recorded of the current is no more than this configuration's limits let through.
    """
    truth = _Run(config, bms.start(config))
    run = truth if changed is None else _Run(changed, bms.start(changed))
    here, there = _Levels(), _Levels()
    for number, item in enumerate(ticks):
        tick = Tick(reading=item) if isinstance(item, PackReading) else item
        if tick.state is not None:
            run.state = tick.state if number == 0 or run is truth else _carry(truth.state, tick.state, run.state)
            truth.state = tick.state
        if number == 0:
            here.alarms = there.alarms = _standing(run.state)
        reading = run.obeyed(tick.reading) if obeys else tick.reading
        if run is not truth:
            truth.step(tick.reading)
        run.step(reading)
        if reset_after is not None:
            run.reset(tick.reading, reset_after)
        difference = _difference(tick, run)
        yield Outcome(
            time=tick.reading.time,
            decision=run.decision,
            error=run.error,
            same=difference is None,
            difference=difference,
            events=tuple(_events(tick, run.decision or tick.decision, here, there)),
        )


def _standing(state: PackState) -> dict[str, Alarm]:
    """Return the protections that stand before the first tick, so that they are no news."""
    return {
        key: Alarm(key=key, level=track.level, flow=Flow.NONE, reason=track.reason)
        for key, track in state.tracks.items()
        if track.reason is not None
    }


def _carry(before: PackState, after: PackState, onto: PackState) -> PackState:
    """Return `onto` with all that someone changed from `before` to `after`."""
    moved: dict[str, Any] = {}
    for part in fields(PackState):
        old, new = getattr(before, part.name), getattr(after, part.name)
        if old == new:
            continue
        if isinstance(new, Mapping):
            kept = {key: value for key, value in getattr(onto, part.name).items() if key in new or key not in old}
            new = kept | {key: value for key, value in new.items() if key not in old or old[key] != value}
        moved[part.name] = new
    return replace(onto, **moved)


def _difference(tick: Tick, run: _Run) -> str | None:
    """Return the first field of the decision that is not as recorded."""
    if tick.decision is None:
        return None
    if (tick.error is None) != (run.error is None):
        return "error"
    if run.decision is None or text(run.decision) == text(tick.decision):
        return None
    both = zip(_texts(run.decision), _texts(tick.decision), strict=True)
    first, *_ = (here[0] for here, there in both if here != there)
    return first


def _texts(decision: Decision) -> Iterator[tuple[str, str]]:
    """Yield a decision's fields as they are written."""
    for name, value in codec(Decision).encode(decision).items():
        yield name, dumps(value)


def _events(tick: Tick, decision: Decision | None, here: _Levels, there: _Levels) -> Iterator[Event]:
    """Yield what changed its level on either side."""
    before, recorded = here.take(decision), there.take(tick.decision)
    for key in dict.fromkeys((*here.alarms, *there.alarms, *before, *recorded)):
        was, level = _level(before, key), _level(here.alarms, key)
        other = _level(there.alarms, key) if tick.decision is not None else None
        if level is was and other in (None, _level(recorded, key)):
            continue
        sides = (here.alarms, there.alarms, before, recorded)
        yield Event(
            time=tick.reading.time,
            was=was,
            level=level,
            recorded=other,
            alarm=next(side[key] for side in sides if key in side),
        )


def _level(alarms: Mapping[str, Alarm], key: str) -> Level:
    return alarms[key].level if key in alarms else Level.OK


def reconfigure(header: Header, changes: Mapping[str, float]) -> PackConfig:
    """Return a recording's configuration with other settings.

    A name is a threshold's key, also as `protection.cell_overvoltage.trip`, a fact of the pack such as
    `charge_current`, or any other number of `PackConfig`. Only what follows from the change differs from what was
    recorded. Raises ConfigError as `configure` does, `out_of_range` also for a number below 0 or without end.
    """
    config = header.config
    facts: dict[str, float] = {name: getattr(config, name) for name in _FACTS}
    thresholds = dict(header.overrides)
    numbers: dict[str, float] = {}
    for name, value in changes.items():
        key = name.removeprefix("protection.").removeprefix("config.").replace(".", "_")
        kind = thresholds if key in _THRESHOLDS else facts if key in _FACTS else numbers
        if kind is numbers and key not in _NUMBERS:
            raise ConfigError("unknown_setting", name, value=value)
        if not 0 <= value < inf and kind is not thresholds:
            raise ConfigError("out_of_range", name, value=value, minimum=0, maximum=inf)
        kind[key] = value
    base = _configured(config, {name: getattr(config, name) for name in _FACTS}, header.hardware, header.overrides)
    moved = _configured(config, facts, header.hardware, thresholds)
    return replace(config, **{**_moved(config, base, moved), **numbers})


def _configured(
    config: PackConfig, facts: Mapping[str, float], hardware: HardwareRing, thresholds: Mapping[str, float]
) -> PackConfig:
    whole: dict[str, Any] = {name: int(facts[name]) for name in _WHOLE}
    return configure(
        **{**facts, **whole},
        chemistry=config.chemistry,
        hardware=hardware,
        overrides=thresholds,
        confirmed=True,
        balance=config.balance,
    )


def _moved(config: PackConfig, base: PackConfig, moved: PackConfig) -> dict[str, Any]:
    """Return the fields that a change of settings moved; of a table only the rows that it moved."""
    found: dict[str, Any] = {}
    for part in fields(PackConfig):
        old, new = getattr(base, part.name), getattr(moved, part.name)
        if old == new:
            continue
        if isinstance(new, Mapping):
            new = {**getattr(config, part.name), **{key: row for key, row in new.items() if old.get(key) != row}}
        found[part.name] = new
    return found
