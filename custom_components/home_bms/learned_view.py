"""Turns what is learned about a pack into what entities and diagnostics show of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import sqrt
from typing import Any, Final

from .core import cells, charge, learning, outlook, resistance
from .core.ageing import Forecast, forecast
from .core.battery import Ageing, CellResistance, Estimate, Finding, Knowledge
from .core.cycles import full_cycles, histogram
from .core.findings import explain
from .core.model import PackConfig, Snapshot
from .core.power import Power

# What is less sure than this is a guess, and shown as unknown. As a share of itself: a capacity, at 95 %.
_CAPACITY_KNOWN: Final = 0.1
# Share of the rated capacity: Ah by which a cell is ahead, one standard deviation.
_SURPLUS_KNOWN: Final = 0.01
# A per Ah, one standard deviation: of the self-discharge as much as a healthy cell has, of the current sensor's offset
# less than a bad one has (estimation.md).
_LEAK_KNOWN: Final = 2e-5
_OFFSET_KNOWN: Final = 1e-3


class _Once[**Args, ValueT]:
    """Remembers what was reckoned for the object that was asked about last."""

    def __init__(self, reckon: Callable[Args, ValueT]) -> None:
        self._reckon = reckon
        self._last: tuple[object, ValueT] | None = None

    def __call__(self, about: object, *args: Args.args, **kwargs: Args.kwargs) -> ValueT:
        """Return it; `about` is what it follows from, and whose identity tells whether it is still true."""
        if self._last is None or self._last[0] is not about:
            self._last = about, self._reckon(*args, **kwargs)
        return self._last[1]


class LearnedView:
    """What a pack's entities show of its estimate: what many of them need is reckoned once for all.

    Cells count from 0; whatever is not known well enough is `None`.
    """

    def __init__(self, config: PackConfig) -> None:
        self._rated = config.capacity
        self._power = _Once(partial(outlook.power, config))
        self._socs = _Once(learning.cell_socs)
        self._surplus = _Once(self._reckon_surplus)
        self._leaks = _Once(self._reckon_leaks)
        self._worn = _Once(partial(_first_worn, config.cells))

    def power(self, snapshot: Snapshot) -> tuple[Power, ...]:
        """Return what the pack can do for ten seconds, a minute and ten minutes: charging, then discharging."""
        return self._power(snapshot, snapshot)

    def worn(self, ageing: Ageing) -> tuple[int, Forecast] | None:
        """Return the cell that will be worn first, and when."""
        return self._worn(ageing, ageing)

    def offset(self, snapshot: Snapshot) -> float | None:
        """Return A by which the current sensor reads too much."""
        knowledge = snapshot.estimate.knowledge
        if knowledge is None or _deviation(knowledge, charge.OFFSET) > _OFFSET_KNOWN * self._rated:
            return None
        return knowledge.typical.state[charge.OFFSET]

    def cell_soc(self, snapshot: Snapshot, cell: int) -> float | None:
        """Return a cell's charge in percent of its own capacity."""
        estimate = snapshot.estimate
        if estimate.knowledge is None or estimate.soc is None:
            return None
        return 100 * self._socs(estimate.knowledge, estimate.knowledge)[cell]

    def cell_capacity(self, snapshot: Snapshot, cell: int) -> float | None:
        """Return a cell's capacity in Ah."""
        knowledge = snapshot.estimate.knowledge
        if knowledge is None:
            return None
        _, size, high = learning.cell_capacity(knowledge, cell)
        return size if high - size <= _CAPACITY_KNOWN * size else None

    def cell_resistance(self, snapshot: Snapshot, cell: int) -> float | None:
        """Return a cell's resistance at 25 °C in mΩ, joints apart."""
        ohms = _resistance(snapshot.estimate.knowledge, cell)
        return None if ohms is None else 1000 * ohms.state[resistance.CELL]

    def cell_joint(self, snapshot: Snapshot, cell: int) -> float | None:
        """Return the resistance of a cell's joints in mΩ."""
        ohms = _resistance(snapshot.estimate.knowledge, cell)
        return None if ohms is None else 1000 * resistance.joint(ohms)

    def cell_self_discharge(self, snapshot: Snapshot, cell: int) -> float | None:
        """Return mA that a cell loses by itself."""
        knowledge = snapshot.estimate.knowledge
        return None if knowledge is None else self._leaks(knowledge.cells, knowledge)[cell]

    def cell_surplus(self, snapshot: Snapshot, cell: int) -> float | None:
        """Return Ah that a cell holds above the one that will be full last."""
        knowledge = snapshot.estimate.knowledge
        return None if knowledge is None else self._surplus(knowledge, knowledge)[cell]

    def _reckon_leaks(self, knowledge: Knowledge) -> tuple[float | None, ...]:
        """Return the mA of all cells; they change when a look was taken, and not from sample to sample."""
        doubt = _LEAK_KNOWN * self._rated
        return tuple(
            1000 * learning.self_discharge(knowledge, number) if cells.deviation(cell, cells.LEAK) <= doubt else None
            for number, cell in enumerate(knowledge.cells)
        )

    def _reckon_surplus(self, knowledge: Knowledge) -> tuple[float | None, ...]:
        """Return the Ah of all cells, which are empty in core before the first look."""
        if not knowledge.surplus:
            return (None,) * len(knowledge.cells)
        doubt = _SURPLUS_KNOWN * self._rated
        return tuple(
            ahead if deviation <= doubt else None
            for ahead, deviation in zip(learning.surplus(knowledge), knowledge.surplus_doubt, strict=True)
        )


def cell_balanced(snapshot: Snapshot, cell: int) -> float:
    """Return Ah that balancing took from a cell, ever; nothing is counted before the first."""
    charges = snapshot.balance.budget.charge
    return charges[cell] if charges else 0.0


def _first_worn(count: int, ageing: Ageing) -> tuple[int, Forecast] | None:
    found = [(worn, cell) for cell in range(count) if (worn := forecast(ageing, cell)) is not None]
    if not found:
        return None
    worn, cell = min(found)
    return cell, worn


def _resistance(knowledge: Knowledge | None, cell: int) -> CellResistance | None:
    """Return what is known of a cell's resistance, once its current has stepped often enough."""
    if knowledge is None or knowledge.resistances[cell].steps < resistance.ENOUGH:
        return None
    return knowledge.resistances[cell]


def _deviation(knowledge: Knowledge, unknown: int) -> float:
    return sqrt(max(0.0, knowledge.typical.covariance[unknown][unknown]))


def summary(estimate: Estimate) -> dict[str, Any] | None:
    """Return what is learned for a bug report, without the covariances; cells count from 1."""
    knowledge = estimate.knowledge
    if knowledge is None:
        return None
    typical = knowledge.typical
    return {
        "hours": round(typical.hours, 2),
        "soc": [_rounded(value) for value in (estimate.soc_low, estimate.truth, estimate.soc_high)],
        "corrections": estimate.jumps,
        "capacity_ah": round(estimate.capacity, 2),
        "middle_capacity_ah": [round(typical.capacity, 2), round(typical.capacity_doubt, 2)],
        "current_offset_a": [round(typical.state[charge.OFFSET], 4), round(_deviation(knowledge, charge.OFFSET), 4)],
        "own_curve_v": [round(volts, 4) for volts in typical.state[charge.CURVE :]],
        "load_a": round(estimate.load, 2),
        "cells": [_cell(estimate, knowledge, number) for number in range(len(knowledge.cells))],
        "findings": [_told(finding) for finding in knowledge.findings],
        "full_cycles": round(full_cycles(estimate.life.cycling), 3),
        "cycles_by_depth": list(histogram(estimate.life.cycling)),
        "plating_ah": round(estimate.life.plating.ah, 3),
        "efficiency": _rounded(estimate.efficiency),
    }


def _cell(estimate: Estimate, knowledge: Knowledge, number: int) -> dict[str, Any]:
    """Return what is learned of one cell."""
    known, ohms = knowledge.cells[number], knowledge.resistances[number]
    worn = forecast(estimate.life.ageing, number)
    return {
        "cell": number + 1,
        "capacity_ah": [round(value, 2) for value in learning.cell_capacity(knowledge, number)],
        "resistance_25c_mohm": round(1000 * ohms.state[resistance.CELL], 4),
        "joint_mohm": round(1000 * resistance.joint(ohms), 4),
        "steps": ohms.steps,
        "self_discharge_ma": round(1000 * learning.self_discharge(knowledge, number), 2),
        "sensor_error_mv": round(1000 * known.state[cells.ERROR], 2),
        "surplus_ah": round(knowledge.surplus[number], 3) if knowledge.surplus else None,
        "worn_in_years": None if worn is None else round(worn.years, 1),
    }


def _told(finding: Finding) -> dict[str, Any]:
    """Return a finding."""
    return {
        "kind": finding.kind.value,
        "cell": None if finding.cell is None else finding.cell + 1,
        "since_h": round(finding.since / 3600, 1),
        "confidence": finding.confidence,
        "why": explain(finding),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
