"""Compares what home_bms permits with what is true, twice a second."""

from __future__ import annotations

import logging
import re
from collections import deque
from dataclasses import dataclass, field
from typing import override

from custom_components.home_bms.core.model import Flow, Level
from custom_components.home_bms.hw.virtual.inverter import Manner
from custom_components.home_bms.watching import Link

from ..ha.inverter_house import inverter_of
from .counters import KEPT, Counters, Flows, Moment
from .house import House
from .rules import RING, RULES, Truth
from .schedule import Happening

SETTLED = 15.0
"""s after the last fault from which on all counts as sound."""
PATIENCE = 4.5
"""s: the inverter's own, a look, and a second until it is told."""
AFTERMATH = 8.0
"""s for which others' words may still be heard, and believed, after they have spoken."""
HELPLESS = 60.0
"""s for which what stops an inverter that does not obey may have been out of reach."""
BACK_WITHIN = 180.0
"""s in which home_bms must be back by itself: the longest is an identity that is looked at, and limits of zero."""
RESET_SHOWS = 3.0
"""s until a judgement shows that a person has reset trips."""
LOST_SIGHT = frozenset({"communication_lost", "data_missing", "sensor_failed"})


@dataclass(slots=True, kw_only=True)
class Standing:
    """A fault that stands or stood."""

    happening: Happening
    begun: float
    ended: float | None = None
    back: float | None = None
    """s until all was well again, where no other fault came between."""
    broken: list[str] = field(default_factory=list)
    """What was broken meanwhile."""


class Judge:
    """Sees all that happens; what must not be is noted and ends nothing."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.standing: list[Standing] = []
        self.past: list[Standing] = []
        self.violations: list[str] = []
        self.looks = 0
        self.trips: set[str] = set()
        """Those that stand until a person resets them."""
        self.tripped = 0
        self.blind = 0.0
        """s at most in which nothing true was heard."""
        self._pressed = float("-inf")
        self._pending: list[Standing] = []
        """Those whose end nobody has recovered from yet."""
        self._for: dict[tuple[str, str], float] = {}
        self._last = house.now
        self._stalled = house.stalled
        self._stalls: deque[float] = deque(maxlen=1000)
        """When the loop stood still, once for each second."""
        self._ring: frozenset[str] = frozenset()
        self._restless = self._others = self._lies = self._helpless = self._disk = float("-inf")
        self._garbled = self._full_since = float("-inf")
        self.counters = Counters(self.broken)
        house.killed = self.killed

    def begin(self, happening: Happening) -> Standing:
        """Note that a fault begins."""
        stands = Standing(happening=happening, begun=self.house.now)
        self.standing.append(stands)
        if not happening.fault.danger:
            self._pending.clear()
        return stands

    def end(self, stands: Standing) -> None:
        """Note that it is over."""
        stands.ended = self.house.now
        self.standing.remove(stands)
        self.past.append(stands)
        if not stands.happening.fault.danger:
            self._pending.append(stands)

    def press(self) -> None:
        """Note that a person presses reset, so that trips may go for as long as a judgement takes."""
        self._pressed = self.house.now

    def killed(self) -> None:
        """Note that what was not on the disk is gone."""
        lately = KEPT
        if self.house.now - self._disk < KEPT:
            self.trips.clear()
            lately += self.house.now - self._full_since
        # While the loop stands still nothing is counted, and nothing written either.
        for at in reversed(self._stalls):
            if self.house.now - at <= lately:
                lately += 1.0
        self.counters.killed(lately)

    def broken(self, text: str) -> None:
        """Note what must not be, with all that was going on."""
        faults = [stands.happening.fault.key for stands in self.standing]
        lately = [stands.happening.fault.key for stands in self.past[-3:]]
        for stands in self.standing:
            stands.broken.append(text)
        self.violations.append(f"{self.house.now:.1f}: {text}; standing {faults}, lately {lately}; {self._tell()}")

    def look(self) -> None:
        """Look once."""
        house = self.house
        house.look()
        now = house.now
        dt, self._last = now - self._last, now
        stalled, self._stalled = house.stalled != self._stalled, house.stalled
        if stalled:
            self._stalls.append(now)
        self.looks += 1
        truth = self._truth(now)
        self.blind = max(self.blind, truth.unheard)
        self._note_faults(now, truth)
        for source, permitted in self._permissions(now):
            self._hold(source, permitted, truth, now, 0.0 if stalled and source == "home_bms" else dt)
        self._see_ring(now)
        self._see_trips()
        self._see_counters(now, truth)
        self._see_return(now)

    def finish(self) -> None:
        """Compare what was counted with what flowed."""
        self.counters.finish()

    def _truth(self, now: float) -> Truth:
        pack = self.house.pack
        voltages = [cell.voltage for cell in pack.cells]
        warmths = [max(pack.cells[index].temperature for index in group) for group in pack.sensor_groups()]
        return Truth(
            highest=max(voltages),
            lowest=min(voltages),
            hottest=max(warmths),
            coldest=min(warmths),
            current=pack.current,
            unheard=now - self.house.last_heard,
        )

    def _note_faults(self, now: float, truth: Truth) -> None:
        """Note when what excuses something was so last."""
        faults = [stands.happening.fault for stands in self.standing]
        if any(not fault.danger for fault in faults) or not self.house.loaded:
            self._restless = now
        if any(fault.hears_others for fault in faults):
            self._others = now
        if any(fault.lies for fault in faults):
            self._lies = now
        if any(fault.garbles or fault.lies for fault in faults):
            self._garbled = now
        if any(fault.forgets for fault in faults):
            self._full_since = self._full_since if now - self._disk < KEPT else now
            self._disk = now
        blind = truth.unheard > 3.0 or not self.house.loaded
        if blind or self.house.pack_wire is not None or any(fault.key == "writes" for fault in faults):
            self._helpless = now

    def _permissions(self, now: float) -> list[tuple[str, dict[Flow, bool]]]:
        """Return who permits which direction: home_bms, and what the inverter goes by."""
        permissions = []
        house = self.house
        if house.loaded and now - self._lies > AFTERMATH:
            decision = house.coordinator.latest.decision
            permissions.append(
                ("home_bms", {Flow.CHARGE: decision.ccl.value > 0, Flow.DISCHARGE: decision.dcl.value > 0})
            )
        inverter = house.mains.inverter
        others = max(self._others, self._lies)
        if inverter.manner is Manner.OBEYS and now - others > AFTERMATH:
            told = inverter.told
            permissions.append(
                ("the inverter", {Flow.CHARGE: (told.ccl or 0.0) > 0, Flow.DISCHARGE: (told.dcl or 0.0) > 0})
            )
        return permissions

    def _hold(self, source: str, permitted: dict[Flow, bool], truth: Truth, now: float, dt: float) -> None:
        """See that no danger and its permission stand together for longer than is promised."""
        for rule in RULES:
            place = rule.key, source
            if not (permitted[rule.flow] and rule.danger(truth)):
                self._for[place] = 0.0
                continue
            before = self._for.get(place, 0.0)
            self._for[place] = before + dt
            most = rule.soon if now - self._restless > SETTLED else rule.late
            most += PATIENCE if source == "the inverter" else 0.0
            if before <= most < self._for[place]:
                self.broken(f"{rule.text} for {self._for[place]:.1f} s, by {source}: {truth}")

    def _see_ring(self, now: float) -> None:
        """See that the pack's own protection had nothing to do."""
        alarms, before = self.house.pack.alarms & RING, self._ring
        self._ring = alarms
        excused = now - self._helpless < HELPLESS and now - self._others < HELPLESS
        if (new := alarms - before) and not excused and now - self._lies > HELPLESS:
            self.broken(f"the pack's own protection had to act: {', '.join(sorted(new))}")

    def _see_trips(self) -> None:
        if not self.house.loaded:
            if self.house.now - self._pressed <= RESET_SHOWS:
                # There is no judgement that could show it.
                self._pressed = self.house.now
            return
        now = {alarm.key for alarm in self.house.coordinator.latest.decision.alarms if alarm.level is Level.TRIP}
        if (lost := self.trips - now) and self.house.now - self._pressed > RESET_SHOWS:
            self.broken(f"a trip was lost: {', '.join(sorted(lost))}")
        self.trips -= lost
        self.tripped += len(now - self.trips)
        self.trips |= now

    def _see_counters(self, now: float, truth: Truth) -> None:
        """See that all that flows is counted, and stays so."""
        house, mains = self.house, self.house.mains
        energy = mains.energy_charged / 1000, mains.energy_discharged / 1000
        moment = Moment(
            now=now,
            flows=Flows(mains.charged, mains.discharged, *energy),
            current=truth.current,
            restless=now - self._restless < SETTLED,
            garbled=now - self._garbled < AFTERMATH,
        )
        if house.loaded:
            self.counters.look(moment, house.coordinator, house.coordinator.latest.estimate)
        else:
            self.counters.look(moment, None, None)

    def _see_return(self, now: float) -> None:
        """See that home_bms is back by itself before long."""
        if not self._pending or any(not stands.happening.fault.danger for stands in self.standing):
            return
        ended = max(stands.ended or 0.0 for stands in self._pending)
        if self.well():
            for stands in self._pending:
                stands.back = now - ended
            self._pending.clear()
        elif now - ended > BACK_WITHIN:
            for stands in self._pending:
                stands.broken.append("not back")
            self.broken(f"not back {BACK_WITHIN:.0f} s after {[s.happening.fault.key for s in self._pending]}")
            self._pending.clear()

    def well(self) -> bool:
        """Return whether pack and inverter are heard and told as ever."""
        house = self.house
        if not house.loaded:
            return False
        pack, inverter = house.coordinator, inverter_of(house.entry)
        told_at = house.shown._told_at
        return (
            pack.statistics.link is Link.ANSWERING
            and pack.latest.believed.age < 2.5
            and not any(a.key in LOST_SIGHT and a.level >= Level.PROTECT for a in pack.latest.decision.alarms)
            and inverter.data.link is Link.ANSWERING
            and told_at is not None
            and house.now - told_at < 2.5
        )

    def _tell(self) -> str:
        """Return where all stands, in a line."""
        house = self.house
        told = house.mains.inverter.told
        line = f"inverter told {told.ccl} {told.dcl}, current {house.pack.current:.1f}, {house.pack.switches}"
        if not house.loaded:
            return f"{line}, not loaded: {house.entry.state}"
        decision, believed = house.coordinator.latest.decision, house.coordinator.latest.believed
        return (
            f"{line}, ccl {decision.ccl.value:.1f} ({decision.ccl.reason.rule}), dcl {decision.dcl.value:.1f}"
            f" ({decision.dcl.reason.rule}), alarms {[(a.key, a.level.name) for a in decision.alarms]}, doubts"
            f" {dict(believed.doubts)}, age {believed.age:.1f}, {believed.cell_min} to {believed.cell_max} V,"
            f" {house.coordinator.statistics}, inverter {inverter_of(house.entry).data.link}"
            f" {inverter_of(house.entry).complaint}"
        )


class LogWatch(logging.Handler):
    """Notes each error in the log that no fault which stands, or has just stood, accounts for."""

    def __init__(self, judge: Judge) -> None:
        super().__init__(logging.WARNING)
        self._judge = judge

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.ERROR and not record.exc_info:
            return
        now = self._judge.house.now
        lately = [stands for stands in self._judge.past if now - (stands.ended or 0.0) < HELPLESS]
        patterns = [p for stands in (*self._judge.standing, *lately) for p in stands.happening.fault.log]
        text = self.format(record)
        if not any(re.search(pattern, text) for pattern in patterns):
            self._judge.broken(f"in the log, {record.name}: {text[-1500:]}")
