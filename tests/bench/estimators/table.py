"""Shows scores as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from .score import Score

type Column = Callable[[Score], float | None]

COLUMNS: Final[Mapping[str, Column]] = {
    "RMSE all": lambda score: score.all.rms,
    "worst": lambda score: score.all.worst,
    "RMSE after anchors": lambda score: score.known.rms,
    "per-cell RMSE": lambda score: score.cells.rms,
    "coverage %": lambda score: score.band.coverage,
    "width": lambda score: score.band.width,
    "coverage % anchored": lambda score: score.band_anchored.coverage,
    "width anchored": lambda score: score.band_anchored.width,
}
LEARNED: Final[Mapping[str, Column]] = {
    "capacities told": lambda score: score.capacity.count,
    "mean error %": lambda score: score.capacity.mean,
    "RMS %": lambda score: score.capacity.rms,
    "worst %": lambda score: score.capacity.worst,
    "faults found": lambda score: score.findings.found,
    "missed": lambda score: score.findings.missed,
    "false": lambda score: score.findings.false,
    "mean days to finding": lambda score: score.findings.delays.mean,
}


def markdown(scores: Mapping[tuple[str, ...], Score], keys: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines: SoC in percentage points of all, then what those learned that know cells."""
    yield from _table(scores, keys, COLUMNS)
    learned = {key: score for key, score in scores.items() if score.cells.count}
    if learned:
        yield ""
        yield from _table(learned, keys, LEARNED)


def _table(
    scores: Mapping[tuple[str, ...], Score], keys: tuple[str, ...], columns: Mapping[str, Column]
) -> Iterator[str]:
    yield f"| {' | '.join((*keys, *columns))} |"
    yield f"|{' --- |' * len(keys)}{' ---: |' * len(columns)}"
    for key, score in scores.items():
        yield f"| {' | '.join((*key, *(_number(column(score)) for column in columns.values())))} |"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.2f}"
