"""Counts charge and energy, shows the charge that is learned, and knows when the pack is full or empty."""

from __future__ import annotations

from bisect import bisect
from dataclasses import replace
from functools import cache
from math import hypot, isfinite
from typing import Final, NamedTuple

from . import cycles, heat, learning
from .ageing import follow
from .battery import Estimate, Knowledge, Life, Sample
from .cells import capacity
from .curves import published
from .findings import find
from .model import Believed, ConfigError, PackConfig, PackReading, whole
from .plating import expose

# Longer than this between two samples and what flowed in between is not known; counters do not make it up (faults.md
# 57).
_GAP: Final = 120.0
# Full: highest cell at the charge voltage limit and the current tailed off, for a minute (Victron: 4 % for 3 min;
# estimation.md).
_TAIL: Final = 0.04
_FULL_MARGIN: Final = 0.010
_FULL_FOR: Final = 60.0
# Empty: lowest cell at the end under a load, in capacities per hour, that does not pull it there by itself.
# dbus-serialbattery waits 60 s, and forgets that two glitches are not one (estimation.md).
_EMPTY_FOR: Final = 10.0
_EMPTY_LOAD: Final = 0.2
# Percent that have to flow until full is no longer full, or empty empty.
_LEAVE: Final = 3.0
# Percent of an end within which the end is shown: a pack that is charged to less than its cells hold is full at less.
_ENDS: Final = 8.0
# Percent a second by which what is shown follows a new truth, and percent from which on a look has corrected the count
# (estimation.md: never more than 1 point a minute on screen).
_FOLLOW: Final = 1.0 / 60
_JUMP: Final = 1.0
# Percent that no filter knows of: where exactly 0 and 100 % are, at the least.
_DEFINITION: Final = 0.6
# Standard deviations that hold 95 %, and percent of doubt from which on a charge counts as unknown.
_BAND: Final = 1.96
_UNKNOWN: Final = 20.0
# Times the balancer's own current beyond which a told one is nonsense, as in `budget`.
_WILD: Final = 10.0
# s between two looks at what changes slowly.
_EVERY: Final = 10.0
# s over which the load that forecasts rest on is averaged.
_RECENT: Final = 900.0
# Doubt of the capacity, as a share of it, below which it has been learned.
_LEARNED: Final = 0.045


def estimate(config: PackConfig, before: Estimate, believed: Believed, reading: PackReading) -> Estimate:
    """Take the estimate to the new sample; a sample seen before counts nothing."""
    at, current, voltage = reading.current_time, believed.current, believed.voltage
    if at is None or current is None or at == before.time or not isfinite(at):
        return before
    elapsed = at - before.time if before.time is not None else 0.0
    if not 0 < elapsed <= _GAP:
        elapsed = 0.0
    moved = current * elapsed / 3600
    energy = moved * voltage if voltage is not None else 0.0
    knowledge = _learn(config, before, believed, reading, at, current)
    shown = _show(config, before, knowledge, elapsed, moved)
    full_since = _since(before.full_since, at, holds=_looks_full(config, believed, current))
    empty_since = _since(before.empty_since, at, holds=_looks_empty(config, believed, current))
    full_at = _left(before.full_at, shown.truth, -_LEAVE)
    empty_at = _left(before.empty_at, shown.truth, _LEAVE)
    since_full = None if before.since_full is None else before.since_full + elapsed
    if full_since is not None and at - full_since >= _FULL_FOR:
        since_full = 0.0
        if full_at is None and shown.truth is not None:
            full_at, shown = shown.truth, shown.snapped(100.0)
    elif empty_since is not None and at - empty_since >= _EMPTY_FOR and shown.truth is not None:
        empty_at = shown.truth if empty_at is None else empty_at
        shown = shown.snapped(0.0)
    looked = knowledge is not None and knowledge is not before.knowledge and knowledge.tally.hours == 0
    wanted = looked or before.lived_at is None or not 0 <= at - before.lived_at < _EVERY
    flowed = before.flowed + moved
    life = _live(config, before, believed, reading, knowledge, shown, at, flowed) if wanted else None
    return Estimate(
        time=at,
        soc=shown.soc,
        soc_low=shown.low,
        soc_high=shown.high,
        truth=shown.truth,
        debt=shown.debt,
        jump=shown.jump or before.jump,
        jumps=before.jumps + (shown.jump != 0.0),
        capacity=config.capacity if knowledge is None else knowledge.left + knowledge.room,
        charge_in=before.charge_in + max(0.0, moved),
        charge_out=before.charge_out - min(0.0, moved),
        energy_in=before.energy_in + max(0.0, energy),
        energy_out=before.energy_out - min(0.0, energy),
        full_since=full_since,
        empty_since=empty_since,
        full_at=full_at,
        empty_at=empty_at,
        since_full=since_full,
        load=_load(before, current, elapsed),
        knowledge=knowledge,
        lived_at=before.lived_at if life is None else at,
        flowed=flowed if life is None else 0.0,
        life=before.life if life is None else life,
    )


def _live(
    config: PackConfig,
    before: Estimate,
    believed: Believed,
    reading: PackReading,
    knowledge: Knowledge | None,
    shown: _Shown,
    at: float,
    flowed: float,
) -> Life:
    """Return what the pack has lived through, with the last seconds in which `flowed` Ah went in."""
    life = before.life
    elapsed = 0.0 if before.lived_at is None or not at > before.lived_at else at - before.lived_at
    current = flowed * 3600 / elapsed if elapsed else 0.0
    size = config.capacity if knowledge is None else knowledge.left + knowledge.room
    stored = None if shown.soc is None else stored_energy(config, shown.soc) * size / config.capacity
    return Life(
        stored_energy=stored,
        stored_first=stored if life.stored_first is None else life.stored_first,
        soh=_health(config, life, knowledge, reading),
        cycling=_cycling(before, shown),
        plating=expose(
            life.plating,
            chemistry=config.chemistry,
            current=current,
            temperature=believed.temperature_min,
            soc=shown.soc,
            capacity=size,
            elapsed=elapsed,
        ),
        heat=heat.learn(
            life.heat or heat.Heat(scale=config.capacity),
            current=current,
            temperature=believed.temperature_max,
            elapsed=elapsed,
        ),
        ageing=life.ageing if knowledge is None else follow(life.ageing, knowledge, config.capacity),
    )


def _learn(
    config: PackConfig, before: Estimate, believed: Believed, reading: PackReading, at: float, current: float
) -> Knowledge | None:
    """Return what is known after this sample; nothing is until all cells were seen once."""
    sample = Sample(time=at, current=current, cells=believed.cells if whole(believed.cells) else ())
    knowledge = before.knowledge
    if knowledge is None:
        device = reading.soc if reading.soc is not None and 0 <= reading.soc <= 100 else None
        # What was counted before a restart is worth more, also where what was learned is lost.
        counted = next((soc for soc in (before.truth, before.soc, device) if soc is not None), None)
        return learning.begin(config.chemistry, config.capacity, sample, counted) if sample.cells else None
    if not sample.time > knowledge.last.time:
        # The clock began anew, or is none; what flowed meanwhile was put in doubt when the state was restored.
        return replace(knowledge, last=sample, window=replace(knowledge.window, began=at))
    switches, bleed = reading.switches, reading.balance_current
    new = learning.observe(
        knowledge,
        sample,
        chemistry=config.chemistry,
        rated=config.capacity,
        temperature=_middle(believed),
        bleeding=_bleeding(config, reading),
        bleed=bleed if bleed is not None and 0 <= bleed <= _WILD * config.balance.current else config.balance.current,
        opened=switches.charge is False and switches.discharge is False,
    )
    return replace(new, findings=find(new, config.capacity)) if new.tally.hours == 0 else new


def _bleeding(config: PackConfig, reading: PackReading) -> tuple[bool, ...]:
    """Return which cells lose charge to their balancer; none where that is not told of each."""
    mask = reading.switches.bleed
    return () if mask is None or len(mask) != config.cells or reading.balancing is False else mask


def _middle(believed: Believed) -> float | None:
    """Return the temperature in °C between the coldest and the hottest sensor."""
    cold, hot = believed.temperature_min, believed.temperature_max
    return None if cold is None or hot is None else (cold + hot) / 2


class _Shown(NamedTuple):
    """A charge for people, in percent."""

    truth: float | None = None
    soc: float | None = None
    low: float | None = None
    high: float | None = None
    debt: float = 0.0
    jump: float = 0.0

    def snapped(self, soc: float) -> _Shown:
        """Return the same shown as `soc`, from where it follows the truth again; what is far from there stays."""
        if self.truth is None or self.low is None or self.high is None or abs(self.truth - soc) > _ENDS:
            return self
        return self._replace(soc=soc, low=min(self.low, soc), high=max(self.high, soc), debt=soc - self.truth)


def _show(config: PackConfig, before: Estimate, knowledge: Knowledge | None, elapsed: float, moved: float) -> _Shown:
    """Return what is shown: it moves with the charge that flows, and to a new truth slowly."""
    if knowledge is None:
        return _Shown(soc=before.soc)
    truth = 100 * learning.soc(knowledge)
    spread = _BAND * hypot(100 * learning.doubt(knowledge), _definition(config.chemistry, config.cell_voltage_full))
    if spread > _BAND * _UNKNOWN:
        return _Shown(truth=truth)
    jump, debt = 0.0, before.debt
    if before.truth is not None and before.soc is not None and knowledge is not before.knowledge:
        expected = before.truth + 100 * moved / (knowledge.left + knowledge.room)
        if knowledge.tally.hours == 0:
            jump = truth - expected
            debt -= jump
    followed = _FOLLOW * elapsed
    debt = max(0.0, debt - followed) if debt > 0 else min(0.0, debt + followed)
    soc = min(100.0, max(0.0, truth + debt))
    return _Shown(
        truth,
        soc,
        max(0.0, min(soc, truth - spread)),
        min(100.0, max(soc, truth + spread)),
        debt,
        jump if abs(jump) >= _JUMP else 0.0,
    )


@cache
def _definition(chemistry: str, full: float) -> float:
    """Return how many percent are in doubt about where a pack stands that was charged to `full` V a cell."""
    curve = published(chemistry)
    return max(_DEFINITION, 100 * curve.doubt(min(1.0, curve.soc(full))))


def _cycling(before: Estimate, shown: _Shown) -> cycles.Cycles:
    """Count turns of the charge; a correction is no cycle."""
    cycling = before.life.cycling
    if shown.truth is None:
        return cycling
    if shown.jump:
        cycling = cycles.corrected(cycling, shown.jump)
    return cycles.count(cycling, min(100.0, max(0.0, shown.truth)))


def _health(config: PackConfig, life: Life, knowledge: Knowledge | None, reading: PackReading) -> float | None:
    """Return the weakest cell's capacity in percent of the rated one, once it is learned; else what the device says."""
    if knowledge is None or knowledge.typical.capacity_doubt > _LEARNED * knowledge.typical.capacity:
        return reading.soh if reading.soh is not None and 0 < reading.soh <= 100 else life.soh
    middle = knowledge.typical.capacity
    return 100 * min([capacity(cell, middle) for cell in knowledge.cells]) / config.capacity


def calibrate(config: PackConfig, before: Estimate, soc: float) -> Estimate:
    """Take in the charge in percent that a person knows to be true; it is shown at once.

    Raises ConfigError `out_of_range`, and `nothing_known` before the first reading with all cells.
    """
    if not 0 <= soc <= 100:
        raise ConfigError("out_of_range", "soc", value=soc, minimum=0, maximum=100)
    if before.knowledge is None:
        raise ConfigError("nothing_known", "soc")
    knowledge = learning.calibrate(before.knowledge, config.capacity, soc / 100)
    shown = _show(config, replace(before, truth=None, debt=0.0), knowledge, 0.0, 0.0)
    by = 0.0 if shown.truth is None or before.truth is None else shown.truth - before.truth
    return replace(
        before,
        knowledge=knowledge,
        truth=shown.truth,
        soc=shown.soc,
        soc_low=shown.low,
        soc_high=shown.high,
        debt=0.0,
        life=replace(before.life, cycling=cycles.corrected(before.life.cycling, by)),
    )


def _load(before: Estimate, current: float, elapsed: float) -> float:
    """Return the mean current in A of about the last quarter of an hour."""
    return current if before.time is None else before.load + min(1.0, elapsed / _RECENT) * (current - before.load)


def _since(before: float | None, at: float, *, holds: bool) -> float | None:
    """Return since when a sign stands without a break."""
    if not holds:
        return None
    # A clock that began anew has no past.
    return at if before is None or before > at else before


def _left(at: float | None, truth: float | None, by: float) -> float | None:
    """Return where the pack was found full (or empty), `None` once it has moved away from there by `by`."""
    if at is None or truth is None:
        return None
    return None if (truth - at) / by > 1 else at


def _looks_full(config: PackConfig, believed: Believed, current: float) -> bool:
    high = believed.cell_max
    if high is None or high < config.cell_voltage_full - _FULL_MARGIN or not whole(believed.cells):
        return False
    return abs(current) <= _TAIL * config.capacity


def _looks_empty(config: PackConfig, believed: Believed, current: float) -> bool:
    low = believed.cell_min
    return low is not None and low <= config.cell_voltage_empty and -_EMPTY_LOAD * config.capacity <= current < 0


def stored_energy(config: PackConfig, soc: float) -> float:
    """Return the energy in Wh between empty and `soc`: the capacity at the open-circuit voltages passed on the way."""
    curve = config.ocv
    index = max(1, min(bisect(curve, (soc,)), len(curve) - 1))
    (below, low), (above, high) = curve[index - 1], curve[index]
    end = low + (high - low) * (soc - below) / (above - below)
    return config.energy[index - 1] + (soc - below) / 100 * (low + end) / 2 * config.capacity * config.cells
