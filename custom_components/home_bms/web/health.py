"""Tells the browser what is learned of a pack."""

from __future__ import annotations

from datetime import date
from typing import Final

from homeassistant.util import dt as dt_util

from .. import publish
from ..coordinator import PackCoordinator
from ..core import learning
from ..core.ageing import forecast
from ..core.battery import Finding, Knowledge
from ..core.cycles import histogram
from ..core.inspection_book import SYSTEM, Item, Standing
from ..core.model import Snapshot
from ..figures import from_one
from ..issues import FINDINGS
from ..learned_view import cell_balanced
from .schema import CellHealth, FindingShown, HealthShown, InspectionShown
from .why import Clock

# Standard deviations between a capacity and either end of its band, which holds it nineteen times of twenty.
_BAND: Final = 1.96
_HOUR: Final = 3600.0


def health_shown(clock: Clock, pack: PackCoordinator) -> HealthShown:
    """Return what is learned of a pack until now."""
    snapshot = pack.latest
    estimate, knowledge = snapshot.estimate, snapshot.estimate.knowledge
    worn = pack.view.worn(estimate.life.ageing)
    return HealthShown(
        time=clock.at(snapshot.decision.time),
        rated=pack.config.capacity,
        capacity=estimate.capacity,
        capacity_deviation=None if knowledge is None else knowledge.typical.capacity_doubt,
        soh=estimate.life.soh,
        cycles=estimate.cycles,
        depths=list(histogram(estimate.life.cycling)),
        charge_in=estimate.charge_in,
        charge_out=estimate.charge_out,
        energy_in=estimate.energy_in,
        energy_out=estimate.energy_out,
        efficiency=estimate.efficiency,
        plating=estimate.life.plating.ah,
        since_full=estimate.since_full,
        cells=[_cell(pack, snapshot, cell) for cell in range(pack.config.cells)],
        findings=[_finding(clock, snapshot, finding) for finding in publish.findings(snapshot)],
        inspections=[
            _inspection(item, due)
            for item in pack.config_entry.runtime_data.inspections.items
            if (due := item.due) is not None
            and item.standing is not Standing.LATER
            and item.subject in (SYSTEM, pack.identity)
        ],
        weakest=None if worn is None else from_one(worn[0]),
    )


def _inspection(item: Item, due: int) -> InspectionShown:
    return InspectionShown(
        item=item.row.key,
        standing=item.standing.value,
        due=dt_util.start_of_local_day(date.fromordinal(due)).timestamp(),
        cells=[each.sign.cell + 1 for each in item.evidence if each.sign.cell is not None],
        whole_system=item.subject == SYSTEM,
    )


def _cell(pack: PackCoordinator, snapshot: Snapshot, cell: int) -> CellHealth:
    view, knowledge = pack.view, snapshot.estimate.knowledge
    worn = forecast(snapshot.estimate.life.ageing, cell)
    capacity = view.cell_capacity(snapshot, cell)
    return CellHealth(
        capacity=capacity,
        capacity_deviation=None if capacity is None or knowledge is None else _deviation(knowledge, cell),
        resistance=view.cell_resistance(snapshot, cell),
        joint=view.cell_joint(snapshot, cell),
        surplus=view.cell_surplus(snapshot, cell),
        self_discharge=view.cell_self_discharge(snapshot, cell),
        balanced=cell_balanced(snapshot, cell),
        worn_in=None if worn is None else worn.years,
        worn_soonest=None if worn is None else worn.soonest,
        worn_latest=None if worn is None else worn.latest,
    )


def _deviation(knowledge: Knowledge, cell: int) -> float:
    """Return Ah, one standard deviation of a cell's capacity."""
    low, _, high = learning.cell_capacity(knowledge, cell)
    return (high - low) / (2 * _BAND)


def _finding(clock: Clock, snapshot: Snapshot, finding: Finding) -> FindingShown:
    """Return a finding; core counts its beginning over the time that was watched, so it is that old at least."""
    knowledge = snapshot.estimate.knowledge
    watched = None if knowledge is None else _HOUR * knowledge.typical.hours
    return FindingShown(
        kind=FINDINGS[finding.kind, finding.cell is not None].key.removeprefix("finding_"),
        cell=from_one(finding.cell),
        since=None if watched is None else clock.at(snapshot.decision.time - max(0.0, watched - finding.since)),
        confidence=finding.confidence,
    )
