"""Compares what home_bms has counted with what truly flowed, and with what it knew before each start."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from custom_components.home_bms.const import SAVE_LEARNED
from custom_components.home_bms.core.battery import Estimate
from custom_components.home_bms.core.cycles import full_cycles

KEPT = 62.0
"""s of counting that a kill may cost, and a little."""
LEARNED = SAVE_LEARNED
"""s that it may cost beyond that of what is written less often: of the turns of the charge."""
SETTLING = 10.0
"""s after a start in which the charge must be what it was, and what flowed since."""
LAG = 4.0
"""s by which a current that comes now may be old."""
UNCOUNTED = 100.0
"""s without a sample from which on home_bms may take what flowed meanwhile for unknown; it does from 120 s on."""
HIGHEST = 60.0
"""V of the pack."""
OFFSET = 0.2
"""A by which the pack's own sensor may be off, ..."""
SCALE = 0.02
"""... the share of what flowed by which it may, ..."""
BROKEN = 60.0
"""... and A, on average, while single values may be believed that were broken on the way."""
SOC_GRAIN = 1.0
"""Percent: what is shown is corrected by 0.2 in these seconds, the rest is the sensor and what is about to flow."""
TURNS_GRAIN = 0.005
"""Full cycles: turns of the charge have a grain of their own."""


class Flows(NamedTuple):
    """Counters as people see them: true ones, or home_bms's."""

    charge_in: float = 0.0
    """Ah."""
    charge_out: float = 0.0
    energy_in: float = 0.0
    """kWh."""
    energy_out: float = 0.0

    @property
    def net(self) -> float:
        return self.charge_in - self.charge_out

    @property
    def moved(self) -> float:
        return self.charge_in + self.charge_out

    def since(self, before: Flows) -> Flows:
        return Flows(*(is_ - was for is_, was in zip(self, before, strict=True)))


UNITS = Flows("Ah in", "Ah out", "kWh in", "kWh out")  # type: ignore[arg-type]
GRAIN = Flows(0.02, 0.02, 0.001, 0.001)
"""What is nothing."""
NOTHING = Flows()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is so at one look, and what excuses home_bms for not knowing it."""

    now: float
    flows: Flows
    current: float
    restless: bool = False
    """A fault stands, or has just stood."""
    garbled: bool = False
    """Single values may be believed that were broken on the way, or another's."""


class Counters:
    """Sees each counter from look to look; `broken` is told what must not be."""

    def __init__(self, broken: Callable[[str], None]) -> None:
        self.starts = self.kills = 0
        """How often home_bms went on with what it had written, and after how many kills."""
        self.lost = 0.0
        """s of counting that the worst kill cost."""
        self._broken = broken
        self._moments: deque[Moment] = deque()
        self._counter: object = None
        self._known: tuple[Moment, Estimate] | None = None
        """The last look at what home_bms knew."""
        self._begun: tuple[Flows, Flows] = (NOTHING, NOTHING)
        """What had flowed and was counted when this stretch without a start began."""
        self._doubt = 0.0
        """As by which the count may be off in this stretch."""
        self._past: deque[tuple[float, Flows, float]] = deque()
        """What was counted when, and how many full cycles."""
        self._may: tuple[Flows, float] | None = None
        """What a kill may cost of the counters, and the full cycles that it must leave."""
        self._charge: tuple[Moment, float, float] | None = None
        """A start, percent before it, and Ah by which it may be off."""

    def killed(self, lately: float = KEPT) -> None:
        """Note that what was counted in the last so many s may be gone."""
        then = self._moments[-1].now - lately - LEARNED
        left = max([turned for at, _, turned in self._past if at <= then], default=0.0)
        # A broken value that was believed is counted without any flow, and may go again.
        counts = [told for at, told, _ in self._past if at >= self._moments[-1].now - lately] or [NOTHING]
        self._may = Flows(*map(max, self._flowed(lately), counts[-1].since(counts[0]), strict=True)), left
        self.kills += 1

    def look(self, moment: Moment, counter: object, estimate: Estimate | None) -> None:
        """Look once; `counter` is another object after each start, the estimate none while home_bms is not loaded."""
        self._moments.append(moment)
        while self._moments[0].now < moment.now - 2 * LEARNED:
            self._moments.popleft()
        if estimate is None:
            return
        if counter is not self._counter:
            self.finish()
            if self._known is not None:
                self._see_start(moment, estimate, *self._known)
            self._counter, self._begun, self._doubt = counter, (moment.flows, counted(estimate)), 0.0
        elif self._known is not None:
            self._see_fall(counted(self._known[1]), counted(estimate), NOTHING)
            self._grow_doubt(moment, estimate, *self._known)
        self._see_charge(moment, estimate)
        self._known = moment, estimate
        self._past.append((moment.now, counted(estimate), full_cycles(estimate.life.cycling)))

    def finish(self) -> None:
        """Compare what was counted since the last start with what flowed."""
        if self._known is None or self._counter is None:
            return
        moment, estimate = self._known
        silent = moment.now - (moment.now if estimate.time is None else estimate.time)
        doubt = self._doubt + self._swing(moment, silent, 0.0)
        charge, energy = doubt / 3600, doubt / 3600 * HIGHEST / 1000
        flowed, known = moment.flows.since(self._begun[0]), counted(estimate).since(self._begun[1])
        unsure_of = charge, charge, energy, energy
        for unit, was, told, unsure, grain in zip(UNITS, flowed, known, unsure_of, GRAIN, strict=True):
            if abs(told - was) > 2 * grain + SCALE * was + unsure:
                self._broken(f"{told:.3f} {unit} were counted, {was:.3f} flowed, {unsure:.3f} are in doubt")

    def _flowed(self, lately: float) -> Flows:
        """Return what flowed in the last so many s, and a little more."""
        last = self._moments[-1]
        first = next(moment for moment in self._moments if moment.now >= last.now - lately)
        return Flows(*(1.05 * flow for flow in last.flows.since(first.flows)))

    def _see_start(self, moment: Moment, estimate: Estimate, last: Moment, known: Estimate) -> None:
        """See that nothing is lost at a start but what a kill may cost, and that nothing is made up."""
        self.starts += 1
        may, left = self._may or (NOTHING, full_cycles(known.life.cycling))
        before, after, size = counted(known), counted(estimate), 2 * estimate.capacity
        self._see_fall(before, after, may)
        if self._may is not None:
            self.lost = max(self.lost, self._seconds(last, before.moved - after.moved))
        since = self._flowed(moment.now - last.now + LAG)
        for unit, more, flow, grain in zip(UNITS, after.since(before), since, GRAIN, strict=True):
            if more > flow + grain:
                self._broken(f"{more:.3f} {unit} more after a start, {flow:.3f} flowed")
        # A kill may cost what was learned of the capacity, which changes the quotient and nothing that was counted.
        same = 1.0 if self._may is None else known.capacity / estimate.capacity
        fewer = (known.cycles or 0.0) * same - (estimate.cycles or 0.0)
        if fewer > (may.moved + 2 * GRAIN.moved) / size:
            self._broken(f"{fewer:.4f} cycles were lost, {may.moved / size:.4f} may be")
        if (turned := full_cycles(estimate.life.cycling)) < left - TURNS_GRAIN:
            self._broken(f"{turned:.4f} full cycles are left, {left:.4f} must be")
        if known.soc is not None:
            self._charge = moment, known.soc, may.moved + since.moved
        self._may = None

    def _see_fall(self, before: Flows, after: Flows, may: Flows) -> None:
        """See that no counter falls by more than may be."""
        for unit, fell, most, grain in zip(UNITS, before.since(after), may, GRAIN, strict=True):
            if fell > most + grain:
                self._broken(f"{fell:.3f} {unit} of the counters were lost, {most:.3f} may be")

    def _see_charge(self, moment: Moment, estimate: Estimate) -> None:
        """See that the charge goes on where it was before a start."""
        if self._charge is None:
            return
        start, soc, unsure = self._charge
        most = SOC_GRAIN + 100 * (abs(moment.flows.net - start.flows.net) + unsure) / estimate.capacity
        if estimate.soc is None or abs(estimate.soc - soc) > most:
            shown = "unknown" if estimate.soc is None else f"{estimate.soc:.2f} %"
            self._broken(f"the charge was {soc:.2f} % before a start and is {shown}, {most:.2f} % may be lost")
            self._charge = None
        elif moment.garbled or moment.now > start.now + SETTLING:
            self._charge = None

    def _seconds(self, last: Moment, lost: float) -> float:
        """Return in how many s up to this moment so many Ah were counted."""
        known = counted(self._known[1]).moved if self._known else 0.0
        gone = takewhile(lambda past: 0.0 <= known - past[1].moved <= lost, reversed(self._past))
        return last.now - min((at for at, _, _ in gone), default=last.now) if lost > GRAIN.charge_in else 0.0

    def _grow_doubt(self, moment: Moment, estimate: Estimate, last: Moment, known: Estimate) -> None:
        """Note how far off the count may be by now."""
        self._doubt += (moment.now - last.now) * (OFFSET + (BROKEN if moment.garbled else 0.0))
        if estimate.time is not None and known.time is not None:
            self._doubt += self._swing(moment, estimate.time - known.time)

    def _swing(self, moment: Moment, elapsed: float, *others: float) -> float:
        """Return the As by which a count over so many s may be off, with any current of that time and these others."""
        if not moment.restless:
            elapsed = min(elapsed, LAG)
        of_then = takewhile(lambda m: m.now >= moment.now - elapsed - LAG, reversed(self._moments))
        currents = [*(m.current for m in of_then), *others, *([0.0] if elapsed > UNCOUNTED else [])]
        return elapsed * (max(currents) - min(currents))


def counted(estimate: Estimate) -> Flows:
    """Return home_bms's own counters."""
    return Flows(estimate.charge_in, estimate.charge_out, estimate.energy_in / 1000, estimate.energy_out / 1000)
