"""Names the cells, joints and sensors that a person should look at, from what was learned of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import erf, exp, sqrt
from statistics import median
from typing import Final, NamedTuple

from . import cells, charge, resistance
from .battery import CellCharge, Finding, Kind, Knowledge

# Share of the middle cell's capacity below which a cell is weak: batches spread by 1-1.5 %.
_WEAK: Final = 0.965
# A per Ah that a cell loses beyond the middle one: a healthy one 1-3 % a month and so within 2e-5 of its neighbours.
_LEAKY: Final = 3e-5
# What begins in one leap and is this much is a short inside the cell (estimation.md: 0.1 A at 280 Ah within 3 days).
_SHORT: Final = 1.2e-4
# V by which a board is expected to err (3 mV), doubled and more; A per Ah for the current sensor.
_VOLTS: Final = 0.009
_AMPERES: Final = 2.5e-3
# Standard deviations by which a value must lie beyond its threshold before it is told, and the share of the threshold
# below which it is taken back.
_SURE: Final = 2.0
_KEPT: Final = 0.8
# Hours of watching before each is told, for the pack's own curve must be known first; and after a leap.
_PATIENCE: Final[Mapping[Kind, float]] = {
    Kind.WEAK_CELL: 24.0,
    Kind.LEAKY_CELL: 96.0,
    Kind.MICRO_SHORT: 72.0,
    Kind.LOOSE_JOINT: 24.0,
    Kind.SENSOR_DRIFT: 72.0,
}
_SETTLED: Final = 24.0


class Evidence(NamedTuple):
    """A value that is judged: larger is worse."""

    value: float
    deviation: float
    threshold: float
    since: float


def find(knowledge: Knowledge, rated: float) -> tuple[Finding, ...]:
    """Return what is wrong now; what was told before stays until it is clearly over, with the time that it began."""
    known = {(finding.kind, finding.cell): finding for finding in knowledge.findings}
    hours = knowledge.typical.hours
    found = []
    for kind, cell, evidence in _evidence(knowledge, rated):
        before = known.get((kind, cell))
        if hours < _PATIENCE[kind]:
            continue
        margin = (evidence.value - evidence.threshold) / max(evidence.deviation, 1e-9)
        if margin < _SURE and not (before is not None and evidence.value > _KEPT * evidence.threshold):
            continue
        found.append(
            Finding(
                kind=kind,
                cell=cell,
                since=3600 * evidence.since if before is None else before.since,
                confidence=round(0.5 * (1 + erf(max(0.0, margin) / sqrt(2))), 3),
                value=evidence.value,
                threshold=evidence.threshold,
            )
        )
    return tuple(found)


def _evidence(knowledge: Knowledge, rated: float) -> Iterator[tuple[Kind, int | None, Evidence]]:
    leaks = [cell.state[cells.LEAK] for cell in knowledge.cells]
    sizes = [exp(cell.state[cells.CAPACITY]) for cell in knowledge.cells]
    leak, size, middle = median(leaks), median(sizes), knowledge.typical.capacity
    shorted = {finding.cell for finding in knowledge.findings if finding.kind is Kind.MICRO_SHORT}
    for number, cell in enumerate(knowledge.cells):
        deviation = middle * size * cells.deviation(cell, cells.CAPACITY)
        missing = middle * (size - sizes[number])
        yield Kind.WEAK_CELL, number, Evidence(missing, deviation, middle * size * (1 - _WEAK), 0.0)
        settled = cell.leak_since is None or knowledge.typical.hours - cell.leak_since >= _SETTLED
        # One that leaps again is told all along.
        if settled or number in shorted:
            yield _leak(number, cell, leaks[number] - leak, rated)
        error = cell.state[cells.ERROR]
        yield Kind.SENSOR_DRIFT, number, Evidence(abs(error), cells.deviation(cell, cells.ERROR), _VOLTS, 0.0)
    offset = knowledge.typical.state[charge.OFFSET]
    doubt = sqrt(max(0.0, knowledge.typical.covariance[charge.OFFSET][charge.OFFSET]))
    yield Kind.SENSOR_DRIFT, None, Evidence(abs(offset), doubt, _AMPERES * rated, 0.0)
    yield from _joints(knowledge)


def _leak(number: int, cell: CellCharge, leak: float, rated: float) -> tuple[Kind, int, Evidence]:
    """Return the evidence of a cell that loses charge: a short where it began in a leap."""
    deviation, since = cells.deviation(cell, cells.LEAK), cell.leak_since
    if since is not None and leak > _SHORT * rated:
        return Kind.MICRO_SHORT, number, Evidence(leak, deviation, _SHORT * rated, since)
    return Kind.LEAKY_CELL, number, Evidence(leak, deviation, _LEAKY * rated, 0.0)


def _joints(knowledge: Knowledge) -> Iterator[tuple[Kind, int, Evidence]]:
    """Yield the evidence of joints that have become worse than they were."""
    known = [cell.measured for cell in knowledge.resistances if cell.measured is not None]
    if not known:
        return
    threshold = resistance.threshold(median(known))
    for number, cell in enumerate(knowledge.resistances):
        if cell.loose_since is not None:
            yield Kind.LOOSE_JOINT, number, Evidence(resistance.loosened(cell), 0.0, threshold / 2, cell.loose_since)


# By kind: what is said, and by what a value is multiplied to be shown.
_SENTENCES: Final[Mapping[Kind, tuple[str, float]]] = {
    Kind.WEAK_CELL: ("holds {value:.1f} Ah less than the middle cell, told from {threshold:.1f} Ah", 1.0),
    Kind.LEAKY_CELL: ("loses {value:.1f} mA more than the middle cell by itself, told from {threshold:.1f} mA", 1000.0),
    Kind.MICRO_SHORT: ("began to lose {value:.0f} mA more than the middle cell, told from {threshold:.0f} mA", 1000.0),
    Kind.LOOSE_JOINT: ("has {value:.2f} mOhm more in its joint than before, told from {threshold:.2f} mOhm", 1000.0),
    Kind.SENSOR_DRIFT: ("is measured {value:.3f} off, told from {threshold:.3f}", 1.0),
}


def explain(finding: Finding) -> str:
    """Return a sentence that begins with the cell, counted from 1, or the current sensor."""
    sentence, factor = _SENTENCES[finding.kind]
    subject = "the current" if finding.cell is None else f"cell {finding.cell + 1}"
    return f"{subject} {sentence.format(value=factor * finding.value, threshold=factor * finding.threshold)}"
