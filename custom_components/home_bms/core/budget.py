"""Counts what balancing costs each cell, and names the one that always needs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from statistics import median
from typing import Final, NamedTuple

from .model import Believed, Budget, PackConfig, PackReading

DAY: Final = 86400.0
# Days that an average looks back.
_MEMORY: Final = 10.0
# Share of the capacity a day from which a cell's need is more than the spread of a batch: 12 mA at 280 Ah, where a soft
# short of some tens of Ω takes 0.1 A (estimation.md).
_NEED: Final = 0.001
# Share of these days from which it is always so.
_ALWAYS: Final = 0.5
# s for which the same flows before it is counted, and that are counted at once: nobody knows what flowed for longer.
_EVERY: Final = 10.0
_LONGEST: Final = 60.0
# A told current beyond this multiple of the balancer's is nonsense.
_WILD: Final = 10.0


class Need(NamedTuple):
    """A cell that is balanced more than others day by day."""

    cell: int
    daily: float
    """Ah a day that it gives more than the middle cell; less than zero is what it loses by itself."""


def count(config: PackConfig, budget: Budget, believed: Believed, reading: PackReading) -> Budget:
    """Return the budget with what has flowed since it was last counted."""
    now = believed.time
    if budget.day is not None and now - budget.day >= DAY:
        budget = _close_days(config, budget, budget.day, now)
    flow = _flow(config, believed, reading)
    if not budget.flow and not flow:
        return budget
    passed = 0.0 if budget.time is None else min(_LONGEST, max(0.0, now - budget.time))
    if flow == budget.flow and passed < _EVERY:
        return budget
    if budget.flow:
        budget = _add(config, budget, believed, passed)
    return replace(budget, flow=flow, time=now if flow else None, day=now if budget.day is None else budget.day)


def needs(config: PackConfig, budget: Budget) -> Need | None:
    """Return the cell that needed balancing on most of the last ten days or so, beside what the others needed."""
    # Of two cells none can be told from the other.
    if len(budget.daily) < 3:
        return None
    middle = median(budget.daily)
    apart = [daily - middle for daily in budget.daily]
    cell = max(range(len(apart)), key=lambda index: abs(apart[index]))
    if abs(budget.days[cell]) < _ALWAYS or abs(apart[cell]) < _NEED * config.capacity:
        return None
    return Need(cell, apart[cell])


def duty(config: PackConfig, budget: Budget) -> tuple[float, ...]:
    """Return the share of the last ten days or so, 0-1, for which each cell was taken from."""
    return tuple(max(0.0, daily) / (24.0 * config.balance.current) for daily in budget.daily)


def _flow(config: PackConfig, believed: Believed, reading: PackReading) -> tuple[float, ...]:
    """Return the A taken from each cell now, as the device tells; what was only wished for did not flow."""
    setup = config.balance
    if setup.masked:
        mask = reading.switches.bleed
        if reading.switches.balance is False or mask is None or len(mask) != config.cells or not any(mask):
            return ()
        return tuple([setup.current if bled else 0.0 for bled in mask])
    giver, taker = believed.cell_max_index, believed.cell_min_index
    if not reading.balancing or giver is None or taker is None or giver == taker:
        return ()
    told = reading.balance_current
    current = abs(told) if told is not None and abs(told) <= _WILD * setup.current else setup.current
    flow = [0.0] * config.cells
    flow[giver], flow[taker] = current, -current
    return tuple(flow)


def _add(config: PackConfig, budget: Budget, believed: Believed, passed: float) -> Budget:
    """Return the budget after the flow has gone on for `passed` s."""
    nothing = (0.0,) * config.cells
    hours = passed / 3600.0
    flow = budget.flow
    # What is moved arrives in another cell, and only the step down to its voltage is lost at the least.
    kept = (believed.cell_min or 0.0) if min(flow) < 0 else 0.0
    volts = [config.cell_voltage_float if volt is None else volt for volt in believed.cells]
    return replace(
        budget,
        charge=_sum(budget.charge or nothing, (max(0.0, current) * hours for current in flow)),
        seconds=_sum(budget.seconds or nothing, (passed if current > 0 else 0.0 for current in flow)),
        energy=_sum(
            budget.energy or nothing,
            (max(0.0, current) * hours * max(0.0, volt - kept) for current, volt in zip(flow, volts, strict=True)),
        ),
        today=_sum(budget.today or nothing, (current * hours for current in flow)),
    )


def _sum(before: tuple[float, ...], more: Iterable[float]) -> tuple[float, ...]:
    return tuple([old + new for old, new in zip(before, more, strict=True)])


def _close_days(config: PackConfig, budget: Budget, began: float, now: float) -> Budget:
    """Return the budget with the days that are over taken into the averages."""
    over = int((now - began) / DAY)
    nothing = (0.0,) * config.cells
    today = budget.today or nothing
    middle, need = median(today), _NEED * config.capacity
    kept, share = 1.0 - 1.0 / _MEMORY, 1.0 / _MEMORY
    # After the first of them nothing flowed, or it would have been counted.
    faded = kept ** (over - 1)
    sides = [(moved - middle > need) - (middle - moved > need) for moved in today]
    return replace(
        budget,
        today=nothing,
        daily=tuple(
            [faded * (kept * old + share * new) for old, new in zip(budget.daily or nothing, today, strict=True)]
        ),
        days=tuple(
            [faded * (kept * old + share * new) for old, new in zip(budget.days or nothing, sides, strict=True)]
        ),
        day=began + over * DAY,
    )
