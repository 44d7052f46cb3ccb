"""Judges a pack a second time as if something were wrong with it, and lets only what is worse of that come out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from . import bms
from .model import Alarm, Bound, Decision, Level, Mode, PackConfig, PackReading, PackState, Snapshot, Stage


class Pretence(StrEnum):
    """What is pretended."""

    LINK_LOST = "link_lost"
    """The pack has told nothing since the drill began."""
    CELL_OVERVOLTAGE = "cell_overvoltage"
    """One cell tells a voltage between the level that stops charging and the one that trips."""


LONGEST: Final = 30.0
"""s that anything is pretended: an inverter takes 10 s at worst (`thresholds.md` 2.6), the link's loss as long."""
RECOVERY: Final = 300.0
"""s after which a drill is over though its limits have not come back: hold and ramp take some 90."""
_BACK: Final = 0.99
"""Share of a true limit that counts as the whole of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A drill that is on: what is pretended until when, and the pack as it would be if that were true.

    `state` begins as a copy of the true one and is thrown away with the drill, so that nothing that was pretended is
    ever learned, counted, latched or kept.
    """

    pretence: Pretence
    began: float
    until: float
    """When pretending ends; the limits then come back as slowly as after the real thing."""
    held: PackReading
    """What the pack told last before it began."""
    cell: int | None = None
    voltage: float | None = None
    """V that `cell` tells at least."""
    state: PackState

    @property
    def name(self) -> str:
        """What is pretended, as attributes and files tell it."""
        return self.pretence.value


def begin(config: PackConfig, state: PackState, reading: PackReading, pretence: Pretence) -> Drill:
    """Return a drill that begins now."""
    cell = voltage = None
    known = [value for value in reading.cells if value is not None]
    if pretence is Pretence.CELL_OVERVOLTAGE and known:
        cell = reading.cells.index(max(known))
        voltage = _between(config.stages["cell_overvoltage"])
    return Drill(
        pretence=pretence,
        began=reading.time,
        until=reading.time + LONGEST,
        held=reading,
        cell=cell,
        voltage=voltage,
        # Nobody's disobedience: a drill is about limits, and switches are the truth's alone.
        state=bms.deliver(state, delivered=False, reaction=state.reaction),
    )


def _between(stages: tuple[Stage, ...]) -> float:
    """Return a voltage that stops charging and trips nothing."""
    stops = max(stage.at for stage in stages if stage.level is Level.PROTECT)
    trips = min(stage.at for stage in stages if stage.level is Level.TRIP)
    return (stops + trips) / 2


def end(drill: Drill, now: float) -> Drill:
    """Return the drill with nothing pretended from now on."""
    return replace(drill, until=min(drill.until, now))


def pretends(drill: Drill, now: float) -> bool:
    """Tell whether something is pretended now."""
    return drill.began <= now < drill.until


def pretended(drill: Drill, reading: PackReading) -> PackReading:
    """Return what the pack would have told."""
    if not pretends(drill, reading.time):
        return reading
    if drill.pretence is Pretence.LINK_LOST:
        # Time goes on, and with it the calendar.
        return replace(drill.held, time=reading.time, tick_late=reading.tick_late, clock=reading.clock, day=reading.day)
    cell, voltage = drill.cell, drill.voltage
    if cell is None or voltage is None or cell >= len(reading.cells):
        return reading
    told = reading.cells[cell]
    if told is None or told >= voltage:
        return reading
    cells = (*reading.cells[:cell], voltage, *reading.cells[cell + 1 :])
    # Their sum would follow.
    whole = None if reading.voltage is None else reading.voltage + voltage - told
    return replace(reading, cells=cells, voltage=whole)


def step(config: PackConfig, drill: Drill, true: Snapshot) -> tuple[Drill | None, Snapshot]:
    """Take a drill one tick further beside the truth; `None` once it is over."""
    reading = true.reading
    state, supposed = bms.observe(config, drill.state, pretended(drill, reading))
    going = replace(drill, state=state)
    worse = narrowed(true.decision, supposed.decision)
    back = not pretends(drill, reading.time) and _come_back(true.decision, worse)
    if back or reading.time >= drill.until + RECOVERY:
        return None, true
    return going, replace(true, decision=worse, drill=drill.name)


def narrowed(true: Decision, supposed: Decision) -> Decision:
    """Return the true decision with the lower limits and the graver alarms of another; switches stay the truth's."""
    decision = replace(
        true,
        cvl=_lower(true.cvl, supposed.cvl),
        ccl=_lower(true.ccl, supposed.ccl),
        dcl=_lower(true.dcl, supposed.dcl),
        charge_permitted=true.charge_permitted and supposed.charge_permitted,
        discharge_permitted=true.discharge_permitted and supposed.discharge_permitted,
        alarms=_graver(true.alarms, supposed.alarms),
    )
    if decision.worst <= true.worst:
        return decision
    # A drill trips nothing.
    return replace(decision, mode=Mode.PROTECTED if supposed.mode is Mode.TRIPPED else supposed.mode)


def _come_back(true: Decision, worse: Decision) -> bool:
    """Tell whether what a drill has left behind is no longer worth telling."""
    limits = ((worse.cvl, true.cvl), (worse.ccl, true.ccl), (worse.dcl, true.dcl))
    return len(worse.alarms) == len(true.alarms) and all(low.value >= _BACK * high.value for low, high in limits)


def _lower(true: Bound, supposed: Bound) -> Bound:
    return supposed if supposed.value < true.value else true


def _graver(true: tuple[Alarm, ...], supposed: tuple[Alarm, ...]) -> tuple[Alarm, ...]:
    """Return the graver of each, the gravest first; a drill trips nothing."""
    alarms = {alarm.key: alarm for alarm in true}
    for alarm in supposed:
        level = min(alarm.level, Level.PROTECT)
        if alarm.key not in alarms or level > alarms[alarm.key].level:
            alarms[alarm.key] = replace(alarm, level=level)
    return tuple(sorted(alarms.values(), key=lambda alarm: -alarm.level))
