"""A few cells of which all is known, seen by a cheap board, and the estimator that lives with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, field
from functools import cache
from math import exp, pi, sin
from random import Random
from typing import Any

from custom_components.home_bms.core import estimation
from custom_components.home_bms.core.battery import Estimate, Knowledge
from custom_components.home_bms.core.charge import warmth
from custom_components.home_bms.core.curves import published
from custom_components.home_bms.core.model import PackConfig, PackReading, Switches, Trust
from custom_components.home_bms.core.plausibility import believe

from .conftest import make_config

RATED = 100.0
"""Ah on the label; the cells hold less."""
COUNT = 6
HOLDS = 94.0
"""Ah."""
OHMS = 0.0012
"""Of each cell at 25 °C at once, ..."""
SLOW = 0.0018
"""... as much again within minutes ..."""
JOINT = 0.00015
RELAXES = 600.0
HYSTERESIS = 0.005
TURNS = 3.0
"""Ah that turn the hysteresis round."""
NOISE = 0.0006
EVERY = 30.0
SOON = 2.0
"""s after a load step at which the board looks for the first time."""


@dataclass(slots=True)
class Cell:
    """`depth` is Ah below full, `error` V of its sensor, `leak` A."""

    size: float = HOLDS
    depth: float = 0.5 * HOLDS
    leak: float = 0.0
    joint: float = JOINT
    error: float = 0.0
    slow: float = 0.0
    lean: float = 0.0


@dataclass(slots=True, kw_only=True)
class World:
    """Cells in series; `cells` maps a cell to what is different about it."""

    count: int = COUNT
    rated: float = RATED
    chemistry: str = "lfp"
    soc: float = 0.5
    offset: float = 0.1
    """A measured while none flows."""
    temperature: float = 25.0
    cells: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    each: list[Cell] = field(init=False)
    time: float = 1000.0
    random: Random = field(default_factory=lambda: Random(7))

    def __post_init__(self) -> None:
        """Build the cells; `behind` is Ah by which one is below the others at first."""
        share = self.rated / RATED
        self.each = []
        for number in range(self.count):
            odd = dict(self.cells.get(number, {}))
            behind, size = odd.pop("behind", 0.0), HOLDS * share
            self.each.append(Cell(**{"size": size, "depth": (1 - self.soc) * size + behind} | odd))

    @property
    def truth(self) -> float:
        """Return percent of what can be taken out between the first cell full and the first one empty."""
        left, room = min(cell.size - cell.depth for cell in self.each), min(cell.depth for cell in self.each)
        return 100 * left / (left + room)

    def open_circuit(self, cell: Cell) -> float:
        """Return V at rest: another curve than the published one, by two points of charge and some millivolts."""
        soc = 1 - cell.depth / cell.size
        return published(self.chemistry).voltage(soc + 0.02 * sin(2 * pi * soc))[0] + 0.002 * sin(7 * soc)

    def volts(self, cell: Cell, current: float) -> float:
        """Return V under a current."""
        at_once = OHMS * warmth(self.temperature) * RATED / self.rated + cell.joint
        return self.open_circuit(cell) + cell.slow + HYSTERESIS * cell.lean + current * at_once

    def flow(self, current: float, seconds: float, bleed: Mapping[int, float]) -> None:
        """Let a current flow; `bleed` is A taken from single cells."""
        faded, hours = exp(-seconds / RELAXES), seconds / 3600
        slow = SLOW * warmth(self.temperature) * RATED / self.rated * current * (1 - faded)
        turned = exp(-abs(current) * hours / TURNS)
        side = (current > 0) - (current < 0)
        for number, cell in enumerate(self.each):
            cell.depth -= (current - cell.leak - bleed.get(number, 0.0)) * hours
            cell.slow = cell.slow * faded + slow
            cell.lean = cell.lean * turned + side * (1 - turned)
        self.time += seconds

    def reading(self, current: float, bleed: Mapping[int, float], **changes: Any) -> PackReading:
        """Return what the board tells: millivolts, a noise, its errors."""
        seen = tuple(
            round(self.volts(cell, current) + cell.error + self.random.gauss(0, NOISE), 3) for cell in self.each
        )
        facts: dict[str, Any] = {
            "cells": seen,
            "cells_time": self.time,
            "temperatures": (self.temperature,),
            "temperatures_time": self.time,
            "current": round(current + self.offset + self.random.gauss(0, 0.02), 2),
            "voltage": sum(seen),
            "current_time": self.time,
            "switches": Switches(charge=True, discharge=True, bleed=tuple(n in bleed for n in range(self.count))),
            "balancing": bool(bleed),
            "balance_current": max(bleed.values(), default=0.0),
        }
        return PackReading(time=self.time, **(facts | changes))


class Life:
    """A world, and what home_bms knows of it."""

    def __init__(self, world: World | None = None, *, told: float | None = None, **world_is: Any) -> None:
        """`told` is the percent that the device itself counts; nothing where it counts none."""
        self.world = world or World(**world_is)
        self.told = told
        self.config: PackConfig = make_config(
            chemistry=self.world.chemistry,
            cells=self.world.count,
            capacity=self.world.rated,
            charge_current=self.world.rated / 2,
            discharge_current=self.world.rated / 2,
            temperature_sensors=1,
            confirmed=True,
        )
        self.estimate = Estimate(capacity=self.world.rated)
        self.trust = Trust()
        self.shown: list[tuple[float, float, bool]] = []
        """Since it was last emptied: percent of error, half the band, whether the band holds the truth."""

    @property
    def known(self) -> Knowledge:
        assert self.estimate.knowledge is not None
        return self.estimate.knowledge

    @property
    def error(self) -> float:
        """Return percent by which the estimate is beside the truth."""
        assert self.estimate.truth is not None
        return self.estimate.truth - self.world.truth

    def take(self, reading: PackReading) -> Estimate:
        """Take in a reading as `bms.step` does, without all that limits and protects."""
        self.trust, believed = believe(self.config, self.trust, reading)
        self.estimate = estimation.estimate(self.config, self.estimate, believed, reading)
        known = self.estimate
        if known.soc is not None and known.soc_low is not None and known.soc_high is not None:
            truth = self.world.truth
            inside = known.soc_low <= min(100.0, max(0.0, truth)) <= known.soc_high
            self.shown.append((known.soc - truth, (known.soc_high - known.soc_low) / 2, inside))
        return known

    def live(
        self, hours: float, current: float = 0.0, *, bleed: Mapping[int, float] | None = None, **changes: Any
    ) -> None:
        """Let a current flow for so long; the board looks soon after it has changed, then regularly."""
        left, step, taken = 3600 * hours, SOON, bleed or {}
        while left > 1e-6:
            step = min(step, left)
            self.world.flow(current, step, taken)
            self.take(self.world.reading(current, taken, soc=self.told, **changes))
            left, step = left - step, EVERY

    def away(self, hours: float, current: float = 0.0) -> None:
        """Nobody looks for so long."""
        for _ in range(60):
            self.world.flow(current, 60 * hours, {})

    def fill(self, current: float = 25.0, *, rest: float = 0.5) -> None:
        """Charge until the highest cell is at the limit and the current has tailed off, then rest."""
        for flowing in self._held(current):
            self.live(EVERY / 3600, flowing)
        self.live(rest)

    def _held(self, current: float) -> Iterator[float]:
        """Yield the current that holds the highest cell at the limit, until it is a fiftieth of the capacity."""
        full, ohms = self.config.cell_voltage_full, (OHMS + JOINT) * RATED / self.world.rated
        for _ in range(10_000):
            highest = max(self.world.volts(cell, 0.0) for cell in self.world.each)
            current = min(current, (full - highest) / ohms)
            if current < 0.02 * self.world.rated:
                return
            yield current

    def drain(self, current: float = -15.0, *, to: float = 10.0) -> None:
        """Discharge down to so many percent in truth, every ten minutes a kettle."""
        for _ in range(1000):
            if self.world.truth <= to:
                return
            self.live(0.05, current)
            self.live(0.01, current - 20)

    def days(self, count: int, *, to: float = 15.0, full: bool = True) -> None:
        """Live so many days: a night's rest, the sun fills the pack (or half of it), the evening takes it out."""
        for _ in range(count):
            began = self.world.time
            if full:
                self.fill()
            else:
                self.live(1.5, 25.0)
            self.drain(to=to)
            self.live(max(0.1, 24 - (self.world.time - began) / 3600), -0.3)

    def fork(self) -> Life:
        """Return another life with the same past."""
        twin = copy(self)
        twin.world, twin.shown = deepcopy(self.world), []
        return twin


@cache
def _three_days() -> Life:
    life = Life(told=50.0, cells={1: {"size": 91.0}, 2: {"error": 0.004}, 4: {"behind": 1.5}})
    life.days(3)
    return life


def after_three_days() -> Life:
    """Return a sound pack that was full three times; cell 2 holds 3 Ah less, cell 3 reads 4 mV high, 5 is behind."""
    return _three_days().fork()


@cache
def _ailing() -> Life:
    life = Life(told=50.0, count=8, cells={1: {"size": 88.0}, 2: {"error": 0.014}, 3: {"leak": 0.02}})
    life.days(4)
    life.world.each[4].leak += 0.05
    life.world.each[5].joint += 0.0006
    life.days(3)
    return life


def ailing() -> Life:
    """Return a pack after a week.

    Cell 2 is weak, the sensor of 3 reads 14 mV high, 4 leaks; on the fifth day a short of 50 mA began in 5 and the
    joint of 6 came loose. 1, 7 and 8 are sound.
    """
    return _ailing().fork()
