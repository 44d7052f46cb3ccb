"""Tells how long a pack will last at the load of late, and what power it can give and take."""

from __future__ import annotations

from .battery import NO_CELLS, Estimate
from .model import PackConfig, Snapshot
from .power import Power, available

# A below which the load of late leads nowhere: the idle draw of a JK and the noise of its shunt.
_IDLE = 0.5


def hours_to(estimate: Estimate, soc: float) -> float | None:
    """Return the hours until the pack is at `soc` percent; `None` if it is not on its way there."""
    if estimate.soc is None or abs(estimate.load) < _IDLE:
        return None
    hours = (soc - estimate.soc) / 100 * estimate.capacity / estimate.load
    # No hours towards an end in the other direction would be minus none.
    return abs(hours) if hours >= 0 else None


def power(config: PackConfig, snapshot: Snapshot) -> tuple[Power, ...]:
    """Return what the pack can do for ten seconds, a minute and ten minutes: charging, then discharging."""
    estimate, decision = snapshot.estimate, snapshot.decision
    return available(
        config,
        snapshot.believed,
        NO_CELLS if estimate.knowledge is None else estimate.knowledge.now,
        estimate.life.heat,
        soc=estimate.soc,
        charge=decision.ccl.value if decision.charge_permitted else 0.0,
        discharge=decision.dcl.value if decision.discharge_permitted else 0.0,
    )
