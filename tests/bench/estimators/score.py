"""Scores what an estimator said against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, sqrt
from typing import Any, Final

from .recording import Facts, Fault, Truth
from .stretch import DAY, FULL

LOW: Final = 20.0
"""True SoC of the pack in percent below which it has shown what it holds; it counts after a full charge."""


@dataclass(slots=True)
class Errors:
    """Errors as they come: their root mean square, their mean and the worst."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    worst: float = 0.0

    def add(self, error: float) -> None:
        """Count one more error."""
        self.count += 1
        self.total += error
        self.squares += error * error
        self.worst = max(self.worst, abs(error))

    def merge(self, other: Errors) -> None:
        """Count another's errors too."""
        self.count += other.count
        self.total += other.total
        self.squares += other.squares
        self.worst = max(self.worst, other.worst)

    @property
    def mean(self) -> float | None:
        """Return the mean, signed; `None` of nothing."""
        return self.total / self.count if self.count else None

    @property
    def rms(self) -> float | None:
        """Return the root mean square; `None` of nothing."""
        return sqrt(self.squares / self.count) if self.count else None


@dataclass(slots=True)
class Band:
    """How often a band held the truth, and how wide it was."""

    count: int = 0
    inside: int = 0
    widths: float = 0.0

    def add(self, low: float, high: float, truth: float) -> None:
        """Count one more band; one without width is none, and holds nothing."""
        self.count += 1
        self.inside += low <= truth <= high
        self.widths += high - low

    def merge(self, other: Band) -> None:
        """Count another's bands too."""
        self.count += other.count
        self.inside += other.inside
        self.widths += other.widths

    @property
    def coverage(self) -> float | None:
        """Return in how many percent of the samples it held the truth; `None` without a band."""
        return 100 * self.inside / self.count if self.widths else None

    @property
    def width(self) -> float | None:
        """Return the mean width in percent of SoC; `None` without a band."""
        return self.widths / self.count if self.widths else None


@dataclass(slots=True)
class Findings:
    """How many labelled faults were found, how many not, and how many findings there were of no such fault."""

    found: int = 0
    missed: int = 0
    false: int = 0
    delays: Errors = field(default_factory=Errors)
    """Days from the beginning of each fault that was found to its finding."""

    def merge(self, other: Findings) -> None:
        """Count another's findings too."""
        self.found += other.found
        self.missed += other.missed
        self.false += other.false
        self.delays.merge(other.delays)


@dataclass(slots=True)
class Score:
    """All that is counted of one estimator, by what the pack had shown so far."""

    all: Errors = field(default_factory=Errors)
    known: Errors = field(default_factory=Errors)
    """After the first full charge and the first low SoC that followed it."""
    band: Band = field(default_factory=Band)
    band_anchored: Band = field(default_factory=Band)
    """After the first full charge."""
    cells: Errors = field(default_factory=Errors)
    capacity: Errors = field(default_factory=Errors)
    findings: Findings = field(default_factory=Findings)
    runs: int = 0
    """How many recordings were scored into this."""

    def merge(self, other: Score) -> None:
        """Count what another counted too."""
        self.all.merge(other.all)
        self.known.merge(other.known)
        self.band.merge(other.band)
        self.band_anchored.merge(other.band_anchored)
        self.cells.merge(other.cells)
        self.capacity.merge(other.capacity)
        self.findings.merge(other.findings)
        self.runs += other.runs


@dataclass(slots=True)
class Anchors:
    """Whether the pack was full once, and low after that; taken from the truth, so the same for all estimators."""

    full: bool = False
    low: bool = False

    def look(self, soc: float) -> None:
        """Take the true SoC of the pack in percent."""
        self.full = self.full or soc > FULL
        self.low = self.low or (self.full and soc < LOW)


def score_sample(score: Score, anchors: Anchors, judgement: tuple[float, float, float], truth: Truth) -> None:
    """Count one judgement: SoC, low, high."""
    soc, low, high = judgement
    error = soc - truth.soc
    score.all.add(error)
    score.band.add(low, high, truth.soc)
    if anchors.full:
        score.band_anchored.add(low, high, truth.soc)
    if anchors.low:
        score.known.add(error)


def score_cells(score: Score, cells: Iterable[Mapping[str, Any]], truth: Truth) -> None:
    """Count the SoC of each cell that tells one."""
    for cell in cells:
        if cell["soc"] is not None:
            score.cells.add(cell["soc"] - truth.cells[cell["cell"]])


def score_capacity(score: Score, cells: Iterable[Mapping[str, Any]], facts: Facts) -> None:
    """Count the error in percent of each capacity that was learned."""
    for cell in cells:
        if cell["capacity_ah"] is not None:
            score.capacity.add(100 * (cell["capacity_ah"] / facts.capacities[cell["cell"]] - 1))


class Watch:
    """Remembers when each finding was first seen, also of those that are taken back later."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, int | None], float] = {}

    def look(self, time: float, findings: Iterable[Mapping[str, Any]]) -> None:
        """Take what stands now; the cell counts from 0, or is `None` for the pack."""
        for finding in findings:
            self._first.setdefault((finding["kind"], finding["cell"]), time)

    def judge(self, faults: Sequence[Fault]) -> Findings:
        """Compare with what was built in: one that was seen before the fault began was of no fault."""
        labels: dict[tuple[str, int | None], float] = {(fault.kind, fault.cell): fault.since for fault in faults}
        result = Findings()
        for key, first in self._first.items():
            if first >= labels.get(key, inf):
                result.found += 1
                result.delays.add((first - labels[key]) / DAY)
            else:
                result.false += 1
        result.missed = len(labels) - result.found
        return result
