"""What a pack would have learned in weeks, put into it at once."""

from __future__ import annotations

from dataclasses import replace

from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core import charge, kalman
from custom_components.home_bms.core.battery import Ageing, Estimate, Finding, Kind, Knowledge, Life, Plating, Trend
from custom_components.home_bms.core.cycles import Cycles
from custom_components.home_bms.core.model import Budget

# Cell 3 is the weak one, cell 5 leaks, cell 7 has a bad joint, and cell 9 holds more charge than the others.
WEAK, LEAKY, LOOSE, AHEAD = 2, 4, 6, 8
SURE = kalman.diagonal((0.1, 0.001, 0.002, 0.0005))


def knowledge_of(pack: PackCoordinator) -> Knowledge:
    """Return what a pack knows, which must be something."""
    knowledge = pack.supervisor.state.estimate.knowledge
    assert knowledge is not None
    return knowledge


def teach(pack: PackCoordinator, **changes: object) -> Knowledge:
    """Let a pack know all its cells for sure; `changes` are fields of the knowledge. It is told at the next tick."""
    known = knowledge_of(pack)
    typical = known.typical
    sure = tuple(
        tuple(0.0004 if row == column == charge.OFFSET else value for column, value in enumerate(line))
        for row, line in enumerate(typical.covariance)
    )
    state = list(typical.state)
    state[charge.OFFSET] = 0.123
    cells = [replace(cell, state=(0.0, 0.0, 0.0, 0.0), covariance=SURE) for cell in known.cells]
    cells[WEAK] = replace(cells[WEAK], state=(0.0, 0.0, -0.05, 0.0))
    cells[LEAKY] = replace(cells[LEAKY], state=(0.0, 0.010, 0.0, 0.0))
    ohms = [replace(cell, state=(0.0003, 0.0001), steps=500, measured=0.0004) for cell in known.resistances]
    ohms[LOOSE] = replace(ohms[LOOSE], state=(0.0003, 0.0005))
    count = len(cells)
    known = replace(
        known,
        typical=replace(typical, state=tuple(state), covariance=sure, capacity=270.0, capacity_doubt=3.0, hours=500.0),
        cells=tuple(cells),
        resistances=tuple(ohms),
        surplus=tuple(1.25 if cell == AHEAD else 0.0 for cell in range(count)),
        surplus_doubt=(0.1,) * count,
    )
    known = replace(known, **changes)
    live(pack, knowledge=known)
    return known


def live(pack: PackCoordinator, **changes: object) -> None:
    """Change what a pack estimates; fields of the estimate."""
    state = pack.supervisor.state
    pack.supervisor.state = replace(state, estimate=replace(state.estimate, **changes))


def bleed(pack: PackCoordinator, charge_ah: tuple[float, ...]) -> None:
    """Let balancing have taken so much from each cell."""
    state = pack.supervisor.state
    nothing = (0.0,) * len(charge_ah)
    budget = Budget(
        charge=charge_ah, seconds=nothing, energy=nothing, today=nothing, daily=nothing, days=nothing, day=None
    )
    pack.supervisor.state = replace(state, balance=replace(state.balance, budget=budget))


def aged(estimate: Estimate, yearly: float = -0.02) -> Life:
    """Return a life in which the weak cell's capacity ends in ten years, and the others' later."""

    def trend(value: float) -> Trend:
        return Trend(state=(value, yearly), covariance=kalman.diagonal((0.01, 0.002)))

    return replace(
        estimate.life,
        ageing=Ageing(
            hours=500.0,
            sizes=tuple(trend(1.0 if cell == WEAK else 1.1) for cell in range(16)),
            ohms=(None,) * 16,
            first=(None,) * 16,
        ),
        cycling=Cycles(points=(20.0, 80.0), counted=(1.0,) + (0.0,) * 8 + (2.0,), depth=205.0),
        plating=Plating(ah=4.5, seconds=600.0),
        stored_energy=8000.0,
        stored_first=8000.0,
    )


def finding(kind: Kind, cell: int | None, value: float, threshold: float) -> Finding:
    """Return a finding that is sure."""
    return Finding(kind=kind, cell=cell, since=3600.0, confidence=0.99, value=value, threshold=threshold)
