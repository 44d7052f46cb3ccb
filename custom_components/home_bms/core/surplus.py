"""Finds which cells hold more charge than the others, and how long it takes to even them out."""

from __future__ import annotations

from itertools import pairwise
from math import hypot, isfinite
from typing import Final, NamedTuple

from .model import BalanceConfig, PackConfig, whole

# Standard deviations by which a charge must lie beyond a threshold to do so surely.
_SURE: Final = 2.0
# And by which a cell that is being bled must still: one that is bled too far makes all the others wait for it.
_GO_ON: Final = 1.0
# Share of the capacity per hour up to which a difference at the top is one of charge (Victron: 4 %; estimation.md).
_TAIL: Final = 0.04


class Evidence(NamedTuple):
    """All that a judgement of the cells rests on."""

    config: PackConfig
    cells: tuple[float, ...]
    high: float
    low: float
    current: float
    surplus: tuple[float | None, ...]
    """Ah that each cell holds above the one that will be full last; `None`, or empty, where that is not known ..."""
    sigma: tuple[float | None, ...]
    """... and one standard deviation of it."""
    active: bool
    """It balances already."""
    at_top: bool
    begun: tuple[int, ...]
    """Cells that are being evened out by charge."""
    spent: tuple[float, ...]
    """Ah taken from each cell, ever; empty before the first."""
    plan: tuple[float | None, ...]
    """What of it must not be passed (`BalanceState.plan`)."""


class Verdict(NamedTuple):
    """What follows for balancing, and from what."""

    rule: str
    run: bool = False
    cells: tuple[int, ...] = ()
    """Those to even out, the most urgent first; of a device that chooses by itself the one that it takes from."""
    cell: int | None = None
    sensor: int | None = None
    value: float | None = None
    threshold: float | None = None
    remaining: float | None = None
    level: bool = False
    """Surely no cell is ahead."""
    begun: tuple[int, ...] | None = None
    """Those of `cells` by charge; `None` as it was."""
    plan: tuple[float | None, ...] | None = None
    """What the next judgement must keep to; `None` as it was."""


class _Lead(NamedTuple):
    """A cell that is ahead of the others."""

    cell: int
    rule: str
    value: float
    """Ah or V, after the rule."""
    threshold: float
    left: float = 0.0
    """Ah to take from it; by voltage only good enough to put the most urgent first."""


def judge(evidence: Evidence) -> Verdict:
    """Return which cells to even out: by charge where that is sure, else by voltage, and that at the top only.

    On a plateau a difference in voltage says nothing, and nowhere does one in charge that may be an error.
    """
    volts = evidence.config.balance_off if evidence.active else evidence.config.balance_on
    leads = _all_ahead(evidence, volts) if evidence.config.balance.masked else _highest(evidence, volts)
    plan = _plan(evidence, leads)
    if not leads:
        even = evidence.at_top and evidence.high - evidence.low <= volts
        level = _level(evidence, even=even)
        return Verdict("balanced" if level or even else "uncertain", level=level, begun=(), plan=plan)
    leads.sort(key=lambda lead: -lead.left)
    first, right = leads[0], leads[0].rule != "wrong_cell"
    return Verdict(
        first.rule,
        run=right,
        cells=tuple([lead.cell for lead in leads]) if right else (),
        cell=first.cell,
        value=first.value,
        threshold=first.threshold,
        remaining=_remaining(evidence, leads) if right else None,
        begun=tuple([lead.cell for lead in leads if lead.rule == "by_charge"]),
        plan=plan,
    )


def _all_ahead(evidence: Evidence, volts: float) -> list[_Lead]:
    """Return the cells to be bled: any that is surely ahead, and of the uncertain those that show it at the top."""
    config, surplus, sigma, low = evidence.config, evidence.surplus, evidence.sigma, evidence.low
    level = config.balance.charge_off * config.capacity
    uneven = evidence.at_top and evidence.high - low > volts
    if not len(surplus) == len(sigma) == config.cells:
        surplus = sigma = (None,) * config.cells if uneven else ()
    # The aggregates first: where they are quiet every cell is.
    if not uneven and (not surplus or (whole(surplus) and max(surplus) <= level)):
        return []
    leads = []
    per_volt = config.balance.charge_on * config.capacity / config.balance_on
    for cell, (charge, doubt, volt) in enumerate(zip(surplus, sigma, evidence.cells, strict=True)):
        if charge is not None and doubt is not None:
            if (lead := _ahead(evidence, cell, charge, doubt)) is not None:
                leads.append(lead)
                continue
            if charge + _SURE * doubt < level:
                continue
        if uneven and volt - low > volts:
            leads.append(_Lead(cell, "by_voltage", volt - low, volts, (volt - low) * per_volt))
    return leads


def _ahead(evidence: Evidence, cell: int, charge: float, doubt: float) -> _Lead | None:
    """Return a cell that is surely ahead, unless all that was seen at the top has already been taken from it."""
    setup, capacity = evidence.config.balance, evidence.config.capacity
    starts, margin = (setup.charge_off, _GO_ON) if cell in evidence.begun else (setup.charge_on, _SURE)
    if not charge - margin * doubt > starts * capacity or _spent(evidence, cell):
        return None
    left = charge - _GO_ON * doubt - setup.charge_off * capacity
    return _Lead(cell, "by_charge", charge, starts * capacity, left)


def _highest(evidence: Evidence, volts: float) -> list[_Lead]:
    """Return the cell that a device would take from: it chooses by voltage, and charge can only confirm its choice."""
    level = evidence.config.balance.charge_off * evidence.config.capacity
    gap = evidence.high - evidence.low
    if gap <= volts:
        return []
    giver = evidence.cells.index(evidence.high)
    charge, doubt = _apart(evidence, giver, evidence.cells.index(evidence.low))
    if charge is not None and (lead := _ahead(evidence, giver, charge, doubt)) is not None:
        return [lead]
    if charge is not None and charge + _SURE * doubt < level:
        return [_Lead(giver, "wrong_cell", charge, level)]
    return [_Lead(giver, "by_voltage", gap, volts)] if evidence.at_top else []


def _apart(evidence: Evidence, one: int, other: int) -> tuple[float | None, float]:
    """Return the Ah by which one cell is ahead of another, and its standard deviation."""
    if not len(evidence.surplus) == len(evidence.sigma) == evidence.config.cells:
        return None, 0.0
    high, low = evidence.surplus[one], evidence.surplus[other]
    doubts = evidence.sigma[one], evidence.sigma[other]
    return (high - low, hypot(*doubts)) if high is not None and low is not None and whole(doubts) else (None, 0.0)


def _spent(evidence: Evidence, cell: int) -> bool:
    """Whether all that was seen at the top has already been taken from a cell."""
    limit = evidence.plan[cell] if evidence.plan and not evidence.at_top else None
    return limit is not None and bool(evidence.spent) and evidence.spent[cell] >= limit


def _plan(evidence: Evidence, leads: list[_Lead]) -> tuple[float | None, ...]:
    """Return how much may have been taken from each cell before the top must tell anew."""
    if evidence.at_top or not leads:
        return () if evidence.at_top else evidence.plan
    plan = list(evidence.plan) or [None] * len(evidence.cells)
    for lead in leads:
        if plan[lead.cell] is None and lead.rule == "by_charge":
            plan[lead.cell] = lead.value + (evidence.spent[lead.cell] if evidence.spent else 0.0)
    return tuple(plan)


def _level(evidence: Evidence, *, even: bool) -> bool:
    """Whether surely no cell is ahead: their charge says so, or all of them are full and the current has tailed off."""
    config, surplus, sigma = evidence.config, evidence.surplus, evidence.sigma
    if len(surplus) == len(sigma) == config.cells and whole(surplus) and whole(sigma):
        most = max(surplus) + _SURE * max(sigma)
        # A sum is a number only if each of its parts is.
        if most <= config.balance.charge_on * config.capacity and isfinite(sum(surplus) + sum(sigma)):
            return True
    return even and evidence.low >= config.window_top and abs(evidence.current) <= _TAIL * config.capacity


def choose(setup: BalanceConfig, cells: tuple[int, ...]) -> tuple[int, ...]:
    """Return the cells to bleed at once, of those that wait with the most urgent first."""
    chosen: list[int] = []
    for cell in cells:
        if len(chosen) == setup.at_once:
            break
        if setup.neighbours or not (cell - 1 in chosen or cell + 1 in chosen):
            chosen.append(cell)
    return tuple(chosen)


def working(setup: BalanceConfig) -> float:
    """Return the s of each period in which charge may be moved."""
    return max(0.0, min(setup.duty * setup.period, setup.period - setup.pause))


def _remaining(evidence: Evidence, leads: list[_Lead]) -> float | None:
    """Return the s until all are level; `None` where voltage alone tells that they are not."""
    config, setup, surplus = evidence.config, evidence.config.balance, evidence.surplus
    if any(lead.rule == "by_voltage" for lead in leads) or not working(setup):
        return None
    if not setup.masked:
        if not whole(surplus):
            return None
        # Each cell above the mean gives, one after the other.
        mean = sum(surplus) / config.cells
        hardest = sum([max(0.0, charge - mean) for charge in surplus])
    else:
        left = [0.0] * config.cells
        for lead in leads:
            left[lead.cell] = lead.left
        hardest = max(left)
        if not setup.neighbours:
            hardest = max(hardest, *[one + other for one, other in pairwise(left)])
        if setup.at_once is not None:
            hardest = max(hardest, sum(left) / setup.at_once)
    return 3600.0 * hardest / setup.current * setup.period / working(setup)
