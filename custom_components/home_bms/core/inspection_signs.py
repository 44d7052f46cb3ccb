"""Gathers what is known of a pack that calls for an inspection, each with its place, value and threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import median
from types import MappingProxyType
from typing import Final, NamedTuple

from .ageing import VALUE
from .battery import Estimate, Finding, Kind, Trend
from .budget import needs
from .model import Budget, PackConfig
from .resistance import ENOUGH, own, threshold
from .upkeep import Upkeep

_DAY: Final = 86400.0
# Standard deviations by which a worn cell must lie beyond the threshold, as `findings` asks for.
_SURE: Final = 2.0
# Load steps after which what a cell has beside the middle one has settled, which is a mean over 400 of them.
_SETTLED: Final = 10 * ENOUGH

BALANCED_DAILY: Final = 0.001
"""Of the capacity a day, as `budget` tells it."""
LOST: Final = 0.15
"""Of the rated capacity: three quarters of the way to the end of life (leaps-and-pains.md L22)."""
GROWN: Final = 0.75
"""Of its first resistance, three quarters of the way to twice that (leaps-and-pains.md L22)."""
NOT_FULL: Final = 31.0
"""Days (faults.md 63: an anchor is needed after 30)."""
SPREAD: Final = 8.0
"""K, about half of what warns at once (thresholds.md: 15)."""
DOUBTED: Final = 5.0
"""Days of ten on which a sensor was doubted."""
TRIPS: Final = 3
"""leaps-and-pains.md L23 asks for "n"; one may be a mistake of settings, three are a habit (own choice)."""
CYCLES: Final = 10_000
"""Switchings that makers of DC contactors promise without load; under load it is far less (own choice)."""


class Sign(NamedTuple):
    """One value of a pack that may call for an inspection: larger is worse. Cells and sensors count from 0."""

    value: float
    threshold: float
    cell: int | None = None
    sensor: str | None = None
    """As plausibility names it: `cell_7`, `temperature_1`, `current` (from 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is looked at, and when it calls again after somebody looked."""

    key: str
    see: Callable[[Seen], Iterator[Sign]]
    unit: str = ""
    """Of value and threshold."""
    grows: bool = False
    """Judged by what has come since the inspection was last done, as a counter is; else by the value itself."""
    again: int = 30
    """Days after which the same evidence calls again although somebody looked; sooner if it is half as bad again."""
    told: bool = False
    """It is a repair of its own already, so that the inspection need not be one too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A pack as inspections see it."""

    config: PackConfig
    estimate: Estimate
    budget: Budget
    upkeep: Upkeep


def found(kind: Kind, *, cell: bool = True) -> Callable[[Seen], Iterator[Sign]]:
    """Return what yields the findings of a kind, about cells or about the current sensor."""

    def see(seen: Seen) -> Iterator[Sign]:
        for finding in _findings(seen.estimate):
            if finding.kind is kind and (finding.cell is not None) is cell:
                sensor = None if cell else "current"
                yield Sign(finding.value, finding.threshold, finding.cell, sensor)

    return see


def _findings(estimate: Estimate) -> tuple[Finding, ...]:
    return () if estimate.knowledge is None else estimate.knowledge.findings


def _joints(seen: Seen) -> Iterator[Sign]:
    """Yield by how much each cell's resistance lies beside the middle one's, over hundreds of load steps.

    What all have in common drops out: cold, age, the board. What creeps apart is metal first, so a wrench comes before
    anything else, unless it surely is the cell's own; what leaps is a finding already.
    """
    knowledge = seen.estimate.knowledge
    if knowledge is None or min(cell.steps for cell in knowledge.resistances) < _SETTLED:
        return
    measured = [cell.measured for cell in knowledge.resistances if cell.measured is not None]
    for number, cell in enumerate(knowledge.resistances):
        beside = cell.slow if cell.loose_since is None else cell.fast
        if beside is not None and measured:
            # No more is taken off than there is: what would come back later is no growth of the joint.
            taken = min(own(cell), max(0.0, beside))
            yield Sign(beside - taken, threshold(median(measured)), number)


def _need(seen: Seen) -> Iterator[Sign]:
    if (need := needs(seen.config, seen.budget)) is not None:
        yield Sign(abs(need.daily), BALANCED_DAILY * seen.config.capacity, need.cell)


def _worn(what: Callable[[Seen], tuple[Trend | None, ...]], sign: float, share: float) -> Callable[..., Iterator[Sign]]:
    """Return what yields each cell of which a trend has surely moved from 1 by a share, upwards or downwards."""

    def see(seen: Seen) -> Iterator[Sign]:
        for number, trend in enumerate(what(seen)):
            if trend is not None:
                moved = sign * (trend.state[VALUE] - 1)
                sure = _SURE * sqrt(max(0.0, trend.covariance[VALUE][VALUE]))
                if moved - sure >= share:
                    yield Sign(100 * moved, 100 * share, number)

    return see


def _not_full(seen: Seen) -> Iterator[Sign]:
    if seen.estimate.since_full is not None:
        yield Sign(seen.estimate.since_full / _DAY, NOT_FULL)


def _spread(seen: Seen) -> Iterator[Sign]:
    warmest = seen.upkeep.warmest
    sensor = None if warmest is None else f"temperature_{warmest + 1}"
    # By the protection's own threshold, of which this is the half: a fan that blows on one side makes some kelvins.
    yield Sign(seen.upkeep.spread, SPREAD, sensor=sensor)


def _doubts(seen: Seen) -> Iterator[Sign]:
    for name, share in seen.upkeep.doubts.items():
        yield Sign(10 * share, DOUBTED, sensor=name)


def _counted(what: Callable[[Upkeep], int], times: int) -> Callable[[Seen], Iterator[Sign]]:
    def see(seen: Seen) -> Iterator[Sign]:
        yield Sign(what(seen.upkeep), times)

    return see


CONDITIONS: Final[Mapping[str, Condition]] = MappingProxyType(
    {
        condition.key: condition
        for condition in (
            Condition(key="loose_joint", see=found(Kind.LOOSE_JOINT), unit="Ω", again=14, told=True),
            Condition(key="joint_risen", see=_joints, unit="Ω", grows=True),
            Condition(key="weak_cell", see=found(Kind.WEAK_CELL), unit="Ah", again=365, told=True),
            Condition(key="leaky_cell", see=found(Kind.LEAKY_CELL), unit="A", again=180, told=True),
            Condition(key="micro_short", see=found(Kind.MICRO_SHORT), unit="A", again=14, told=True),
            Condition(key="balancing", see=_need, unit="Ah", again=180, told=True),
            Condition(
                key="capacity_lost",
                see=_worn(lambda seen: seen.estimate.life.ageing.sizes, -1.0, LOST),
                unit="%",
                again=365,
            ),
            Condition(
                key="resistance_grown",
                see=_worn(lambda seen: seen.estimate.life.ageing.ohms, 1.0, GROWN),
                unit="%",
                again=365,
            ),
            Condition(key="cell_sensor", see=found(Kind.SENSOR_DRIFT), unit="V", again=90, told=True),
            Condition(key="current_sensor", see=found(Kind.SENSOR_DRIFT, cell=False), unit="A", again=90, told=True),
            Condition(key="doubted", see=_doubts, unit="d"),
            Condition(key="temperature_spread", see=_spread, unit="K", again=60),
            Condition(key="not_full", see=_not_full, unit="d"),
            Condition(key="trips", see=_counted(lambda upkeep: upkeep.trips, TRIPS), grows=True),
            Condition(key="contactor_cycles", see=_counted(lambda upkeep: upkeep.cycles, CYCLES), grows=True),
            Condition(key="changed", see=_counted(lambda upkeep: upkeep.changes, 1), grows=True),
        )
    }
)
