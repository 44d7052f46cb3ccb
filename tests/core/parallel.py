"""Virtual packs on one bus behind one inverter, and the core that looks after them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from custom_components.home_bms.core import bms, strings, system
from custom_components.home_bms.core.model import Decision, Join, PackConfig, PackState, Snapshot, SystemDecision
from custom_components.home_bms.hw.virtual.pack import VirtualPack

from .conftest import make_config

LAG = 3
"""s after which the inverter follows a limit."""


@dataclass(slots=True, kw_only=True)
class Unit:
    """One pack with its leads and its part of the core."""

    pack: VirtualPack
    config: PackConfig
    leads: float
    """Ω between its terminals and the bus."""
    state: PackState
    snapshot: Snapshot | None = None
    silent: bool = False
    """Nobody hears it, and it hears nobody."""

    @property
    def decision(self) -> Decision:
        assert self.snapshot is not None
        return self.snapshot.decision

    def line(self, dt: float) -> tuple[float, float]:
        """Return the V of the bus at which it carries nothing, and the A that each V more brings."""
        at_zero, at_one = self.pack.current_at(0.0, dt), self.pack.current_at(1.0, dt)
        ohms = 1.0 / (at_one - at_zero)
        return -at_zero * ohms, 1.0 / (ohms + self.leads)

    def through(self, current: float) -> float:
        """Return what its switches let through of a current."""
        switches = self.pack.switches
        return current if (switches.charge if current > 0 else switches.discharge) else 0.0

    def live(self, time: float) -> None:
        """Judge what is heard of it, and let it do what it is told."""
        if self.silent and self.snapshot is not None:
            reading = replace(self.snapshot.reading, time=time)
        else:
            reading = self.pack.reading(time)
        self.state, self.snapshot = bms.observe(self.config, bms.deliver(self.state, delivered=True), reading)
        if not self.silent:
            self.pack.apply(self.decision.switches)


def unit(
    *,
    seed: int = 0,
    capacity: float = 280.0,
    soc: float = 50.0,
    leads: float = 0.001,
    age: float = 1.0,
    shared: bool = True,
    **changes: Any,
) -> Unit:
    """Return a pack of 16 cells, rated for half its capacity an hour; `age` multiplies its resistance."""
    pack = VirtualPack(seed=seed, capacity=capacity, soc=soc)
    for cell in pack.cells:
        cell.resistance *= age
        cell.polarisation_resistance *= age
    facts = {"charge_current": capacity / 2, "discharge_current": capacity / 2, "temperature_sensors": 4}
    config = make_config(capacity=capacity, **(facts | changes))
    return Unit(
        pack=pack,
        config=strings.on_shared_bus(config) if shared else config,
        leads=leads,
        state=bms.start(config),
    )


@dataclass(slots=True, kw_only=True)
class Battery:
    """Packs in parallel; the inverter wants `demand` in A, positive charging."""

    units: dict[str, Unit]
    demand: float = 0.0
    time: float = 0.0
    current: float = 0.0
    """A that flow through the inverter."""
    state: system.SystemState = field(default_factory=system.SystemState)
    joins: Mapping[str, Join] = field(default_factory=dict)
    told: deque[tuple[float, float, float]] = field(default_factory=lambda: deque(maxlen=LAG + 1))

    def live(self, seconds: int) -> Iterator[SystemDecision]:
        """Let so many seconds pass; yield the decision of each."""
        for _ in range(seconds):
            self.time += 1.0
            self._flow(1.0)
            yield self._decide()

    def run(self, seconds: int) -> SystemDecision:
        """Let so many seconds pass; return the last decision."""
        *_, last = self.live(seconds)
        return last

    def wish(self, key: str, **changes: bool) -> None:
        """Ask for a pack's switches."""
        one = self.units[key]
        one.state = bms.wish(one.config, one.state, replace(one.state.wishes, **changes))

    def packs(self) -> dict[str, tuple[PackConfig, Snapshot]]:
        return {key: (one.config, one.snapshot) for key, one in self.units.items() if one.snapshot is not None}

    def _flow(self, dt: float) -> None:
        """Find the bus voltage at which the packs take what the inverter gives, and let time pass."""
        lines = {key: one.line(dt) for key, one in self.units.items()}

        def currents(voltage: float) -> dict[str, float]:
            return {key: self.units[key].through((voltage - rest) * gain) for key, (rest, gain) in lines.items()}

        cvl, ccl, dcl = self.told[0] if len(self.told) > LAG else (0.0, 0.0, 0.0)
        if self.demand > 0:
            self.current = max(0.0, min(self.demand, ccl, sum(currents(cvl).values())))
        else:
            self.current = max(self.demand, -dcl)
        low = min(rest for rest, _ in lines.values()) - 20.0
        high = max(rest for rest, _ in lines.values()) + 20.0
        for _ in range(50):
            middle = (low + high) / 2
            if sum(currents(middle).values()) < self.current:
                low = middle
            else:
                high = middle
        for key, current in currents(high).items():
            self.units[key].pack.demand = current
            self.units[key].pack.step(dt)

    def _decide(self) -> SystemDecision:
        for one in self.units.values():
            one.live(self.time)
        self.joins = strings.joins(self.packs(), self.time)
        for key, permission in self.joins.items():
            one = self.units[key]
            one.state = bms.join(one.state, permission if permission.allowed else None)
        self.state, decision = system.step(self.state, self.packs())
        self.told.append((decision.cvl.value, decision.ccl.value, decision.dcl.value))
        return decision
