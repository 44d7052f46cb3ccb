"""The house of `recordings.py`: sun, loads and the charger's rules, drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from scripts.recording_chemistry import Array

DAY: Final = 86400
PACK_POWER: Final = 51.2
"""V of the pack that the powers below are meant for, at 280 Ah; another pack's follow its voltage."""
STANDBY: Final = -0.55
"""A that the charger takes from a pack that it does not charge."""
CHARGER_LIMIT: Final = 100.0
"""A in either direction."""
CHARGES: Final = 0.96
"""Efficiency; DISCHARGES that of the other direction."""
DISCHARGES: Final = 0.94
EAGER: Final = 1100.0
"""A for each V that a cell has to go: two thirds of the way in each step, where a cell has 0.6 mΩ."""
ABSORPTION: Final = 2100
"""s at the full voltage before the charger turns to float; it begins anew each midnight."""
EASE: Final = 0.12
"""V above `empty` from which on the deep visit goes on with less current."""
NEAR: Final = 0.006
"""V below the full voltage from which on absorption counts."""
SHORTEST: Final = 3
"""Days, so that the deep visit and two sunny days after it have their place."""
DULL_FROM: Final = 12
"""Days from which on there is a dull spell."""
# Hour, spread of it, s, W, and how often a day: kettle, cooker, oven, washing, something large.
HABITS: Final = (
    (6.9, 0.4, 240, 1900, 1.0),
    (12.3, 0.7, 1500, 1600, 0.6),
    (18.4, 0.8, 1500, 1700, 0.9),
    (10.5, 2.5, 1200, 2000, 0.7),
    (19.0, 0.9, 700, 3000, 0.6),
    (14.0, 5.0, 420, 1500, 2.0),
    (18.0, 1.5, 240, 4200, 0.3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voltages:
    """What the charger keeps to; V of one cell."""

    nominal: float
    full: float
    """Mean of the cells in absorption."""
    float_: float
    stop: float
    """Of the highest cell; it holds the current back as the mean does."""
    empty: float
    """No discharge once a cell was there, until charging brought the lowest back to `restart`."""
    restart: float
    balance: float
    """Balancing from here on."""


VOLTAGES: Final[Mapping[str, Voltages]] = {
    "lfp": Voltages(nominal=3.2, full=3.455, float_=3.375, stop=3.53, empty=3.0, restart=3.17, balance=3.40),
    "lfp_other": Voltages(nominal=3.2, full=3.455, float_=3.375, stop=3.53, empty=3.0, restart=3.17, balance=3.40),
    "nmc": Voltages(nominal=3.7, full=4.10, float_=4.05, stop=4.16, empty=3.2, restart=3.4, balance=3.95),
    "lto": Voltages(nominal=2.3, full=2.55, float_=2.44, stop=2.65, empty=2.05, restart=2.12, balance=2.45),
}


def plan(days: int, rng: np.random.Generator) -> list[bool]:
    """Return for each day whether it is sunny: two at the end, before them about a week that is not."""
    sunny = [bool(rng.random() < 0.75) for _ in range(days)]
    if days >= DULL_FROM:
        dull = int(rng.integers(6, 9))
        sunny[-2 - dull : -2] = [False] * dull
        sunny[0] = True
    sunny[-3:] = [False, True, True]
    return sunny


def sunshine(sunny: list[bool], taken: Array, step: int, rng: np.random.Generator) -> Array:
    """Return W of the roof in each step; a dull day brings about what the loads take, `taken` in W."""
    hour = np.arange(0, DAY, step) / 3600
    clear = np.clip(np.sin(np.pi * (hour - 6.4) / 12.6), 0, None) ** 1.3
    clear[(hour < 6.4) | (hour > 19.0)] = 0.0
    peak = rng.uniform(4800, 6500)
    days = []
    for fine, needed in zip(sunny, taken.reshape(len(sunny), -1), strict=True):
        clouds = wander(hour.size, step, 600.0, rng)
        if fine:
            # Now and then a cloud.
            sky = rng.uniform(0.85, 1.0) * (1 - 0.5 * np.clip(clouds - 1.5, 0, 1))
            sky += 0.02 * wander(hour.size, step, 60.0, rng)
        else:
            sky = np.exp(0.35 * clouds) * (1 + 0.1 * wander(hour.size, step, 40.0, rng))
            sky *= rng.uniform(0.80, 1.25) * needed.sum() / peak / (clear * sky).sum()
        days.append(peak * clear * np.clip(sky, 0, 1))
    return np.concatenate(days)


def wander(count: int, step: int, seconds: float, rng: np.random.Generator) -> Array:
    """Return noise of unit size that forgets itself in `seconds`."""
    kept = np.exp(-step / seconds)
    pushes = rng.standard_normal(count) * np.sqrt(1 - kept**2)
    values = np.empty(count)
    value = rng.standard_normal()
    for row, push in enumerate(pushes):
        value = kept * value + push
        values[row] = value
    return values


def loads(days: int, step: int, rng: np.random.Generator) -> Array:
    """Return W that the house takes in each step."""
    count = days * DAY // step
    time = np.arange(count) * step
    hour = time % DAY / 3600
    watts = rng.uniform(170, 260) * (1 + 0.12 * wander(count, step, 30.0, rng))
    fridge, on = rng.uniform(2400, 3600), rng.uniform(0.3, 0.45)
    watts += np.where(time % fridge < on * fridge, 90, 0)
    watts += np.where((hour > 17.5) & (hour < 22.8), rng.uniform(120, 350), 0)
    for day in range(days):
        for at, spread, lasts, power, often in HABITS:
            for _ in range(rng.poisson(often)):
                start = day * DAY + rng.normal(at, spread) * 3600
                rows = (time >= start) & (time < start + lasts * rng.uniform(0.6, 1.6))
                watts[rows] += power * rng.uniform(0.8, 1.2)
    return np.clip(watts, 60, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deep:
    """The evening that empties the pack: from `start`, s, a load of `current`, A, until `soc` percent."""

    start: int
    current: float
    soc: float


def deep_visit(days: int, rng: np.random.Generator) -> Deep:
    """Return the evening of the last dull day."""
    start = (days - 3) * DAY + int(rng.uniform(17.0, 19.0) * 3600)
    return Deep(start=start, current=float(rng.uniform(25, 60)), soc=float(rng.uniform(6, 13)))


class Charger:
    """Decides the current from what it sees of the pack, as an inverter with a battery does."""

    def __init__(self, voltages: Voltages, deep: Deep) -> None:
        """Begin in bulk."""
        self.voltages, self.deep = voltages, deep
        self.current = 0.0
        self.empty = self.floating = self.emptied = False
        self._absorbed = 0

    def decide(self, time: int, step: int, watts: float, cells: Array, soc: float) -> float:
        """Return A for the next step; `watts` is what sun and loads leave over, `soc` the pack's in percent."""
        rules, mean, low, high = self.voltages, float(cells.mean()), float(cells.min()), float(cells.max())
        wish = watts / (mean * cells.size) * (CHARGES if watts > 0 else 1 / DISCHARGES)
        if time >= self.deep.start and not self.emptied:
            wish = -self.deep.current * (1.0 if low > rules.empty + EASE else 0.3)
            self.emptied = self.empty = soc <= self.deep.soc or low < rules.empty
        self._change_stage(time, step, min(rules.full - mean, rules.stop - high))
        self.empty = self._is_empty(low, wish)
        if self.empty:
            wish = max(wish, STANDBY)
        target = rules.float_ if self.floating else rules.full
        held = self.current + min(target - mean, rules.stop - high) * EAGER
        self.current = float(np.clip(min(wish, max(held, STANDBY)), -CHARGER_LIMIT, CHARGER_LIMIT))
        return self.current

    def _change_stage(self, time: int, step: int, missing: float) -> None:
        if time % DAY < step:
            self.floating, self._absorbed = False, 0
        if missing < NEAR:
            self._absorbed += step
        self.floating |= self._absorbed >= ABSORPTION

    def _is_empty(self, lowest: float, wish: float) -> bool:
        if self.empty:
            return not (lowest > self.voltages.restart and wish > 0)
        return lowest < self.voltages.empty
