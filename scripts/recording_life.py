"""The life of a pack in `recordings.py`: what flows, what is bled, what is warmed and what is seen, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from scripts.recording_cells import Cells
from scripts.recording_chemistry import Array, Chemistry
from scripts.recording_house import DAY, PACK_POWER, VOLTAGES, Charger, deep_visit, loads, plan, sunshine
from scripts.recording_pack import LABEL, Build, usable

BLEED: Final = 0.30
"""A of passive balancing."""
UNEVEN: Final = 0.008
"""V above the lowest cell from which on a cell is bled."""
SLOW: Final = 60
"""s between two decisions of the balancer, and between two of the temperatures."""
SENSORS: Final = 4
# 10 W warm a 280 Ah cell by 0.11 K a minute (safety.md C2); inside a closed pack it cools within three hours.
HEAT_CAPACITY: Final = 19.5 * LABEL
COOLING_TIME: Final = 3 * 3600.0
ZERO: Final = 273.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step; V, A, °C, and SoC in percent."""

    time: int
    current: float
    voltages: Array
    temperatures: Array
    balancing: Array
    pack_soc: float
    soc: Array


def weather(days: int, step: int, rng: np.random.Generator) -> Array:
    """Return °C around the pack in each step: a day's wave on what changes from day to day, colder towards the end."""
    time = np.arange(days * DAY // step) * step
    levels = rng.uniform(17, 24) + np.cumsum(rng.normal(0, 0.8, days + 1))
    levels[days // 2 :] -= np.linspace(0, rng.uniform(2, 9), days + 1 - days // 2)
    wave = rng.uniform(1.5, 3.0) * np.sin(2 * np.pi * (time / DAY - 10 / 24))
    slow: Array = np.interp(time, np.arange(days + 1) * DAY, levels)
    return slow + wave


class Pack:
    """Cells in series with their faults; currents are A at the pack, positive when charging."""

    def __init__(self, chemistry: Chemistry, made: Build, around: float) -> None:
        """Begin as warm as the surroundings, K, and after a discharge."""
        count = made.soc.size
        self.made, self.chemistry = made, chemistry
        self.cells = Cells(
            chemistry,
            capacity=made.capacity,
            resistance=made.resistance,
            soc=made.soc / 100,
            hysteresis=made.hysteresis,
        )
        self.cells.swing -= 1.0
        self.cells.warm(around + made.place)
        self.leakage, self.joint = made.leakage.copy(), made.joint.copy()
        self.bled, self._heat, self._inner = np.zeros(count, dtype=bool), np.zeros(count), np.zeros(count)
        self._due = [fault for fault in made.faults if fault["since_s"]]

    def fail(self, time: int) -> None:
        """Let the faults begin whose time has come."""
        for fault in [fault for fault in self._due if fault["since_s"] <= time]:
            self._due.remove(fault)
            self.leakage[fault["cell"] - 1] += fault.get("extra_leak_a", 0.0)
            self.joint[fault["cell"] - 1] += fault.get("extra_mohm", 0.0) / 1000

    def balance(self, seen: Array, start: float) -> None:
        """Decide which cells are bled: those above `start` V and above their neighbours."""
        self.bled = (seen > start) & (seen > seen.min() + UNEVEN)

    def see(self, current: float) -> Array:
        """Return V that the sense wires show."""
        self._inner = self.cells.voltage(self._flow(current))
        return self._inner + current * self.joint

    def advance(self, current: float, seconds: int) -> None:
        """Let it flow after `see`."""
        flow = self._flow(current)
        self.cells.advance(flow, seconds, self.made.bend)
        self._heat += flow * (self._inner - self.chemistry.equilibrium(self.cells.soc)) * seconds

    def warm(self, around: float) -> None:
        """Spread the heat of the last `SLOW` seconds."""
        temperature = self.cells.temperature
        cooled = (around + self.made.place - temperature) * SLOW / COOLING_TIME
        self.cells.warm(temperature + cooled + self._heat / HEAT_CAPACITY)
        self._heat[:] = 0.0

    def _flow(self, current: float) -> Array:
        return current - BLEED * self.bled - self.leakage


def live(kind: str, chemistry: Chemistry, made: Build, days: int, step: int, rng: np.random.Generator) -> Iterator[Row]:
    """Yield what happens, step by step."""
    rules, count = VOLTAGES[kind], made.soc.size
    taken = loads(days, step, rng)
    left = (sunshine(plan(days, rng), taken, step, rng) - taken) * count * rules.nominal / PACK_POWER
    around = weather(days, step, rng) + ZERO
    charger, pack = Charger(rules, deep_visit(days, rng)), Pack(chemistry, made, float(around[0]))
    sensed = np.linspace(0, count - 1, SENSORS).round().astype(int)
    seen = pack.see(0.0)
    for row, watts in enumerate(left):
        time, slow = row * step, row * step % SLOW < step
        pack.fail(time)
        down, up = usable(pack.cells.soc, made.capacity)
        soc = 100 * down / (down + up)
        current = charger.decide(time, step, float(watts), seen, soc)
        if slow:
            pack.balance(seen, rules.balance)
        seen = pack.see(current)
        yield Row(
            time=time,
            current=current,
            voltages=seen,
            temperatures=pack.cells.temperature[sensed] - ZERO,
            balancing=pack.bled,
            pack_soc=soc,
            soc=100 * pack.cells.soc,
        )
        pack.advance(current, step)
        if slow:
            pack.warm(float(around[row]))
