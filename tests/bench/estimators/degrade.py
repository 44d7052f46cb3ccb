"""Makes worse recordings from a clean one, row by row and the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from random import Random
from typing import Final

from .recording import Row, Sample
from .stretch import DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What a poor BMS does to what is there; unless said, as good a one as people own."""

    offset: float = 0.0
    """A added to the current."""
    gain: float = 1.0
    current_noise: float = 0.1
    """Standard deviation in A."""
    cell_noise: float = 0.0005
    """Standard deviation in V of each sample."""
    cell_offset: float = 0.001
    """Standard deviation in V of what each cell is always wrong by: 3 mV are three of them."""
    period: float = 0.0
    """Least s between two samples; 0 takes each of the recording."""
    lost: float = 0.0
    """Share of the samples that never arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A harm, and what else is done to the recording or to the installer's settings."""

    name: str
    harm: Harm = Harm()
    capacity: float | None = None
    """Configured capacity as a multiple of the true mean one; `None` is the label's."""
    skip: float = 0.0
    """s that are cut from the beginning, so that it begins in the middle of the plateau."""
    dull: float = 0.0
    """s without a full charge that there must be."""


VARIANTS: Final[Mapping[str, Variant]] = {
    variant.name: variant
    for variant in (
        Variant(name="base"),
        Variant(name="offset -1 A", harm=Harm(offset=-1.0)),
        Variant(name="offset +1 A", harm=Harm(offset=1.0)),
        Variant(name="gain +2 %", harm=Harm(gain=1.02)),
        Variant(name="gain -2 %", harm=Harm(gain=0.98)),
        Variant(name="cell noise 5 mV", harm=Harm(cell_noise=0.005)),
        Variant(name="60 s sampling", harm=Harm(period=60.0)),
        Variant(name="20 % lost", harm=Harm(lost=0.2)),
        Variant(name="capacity 20 % too high", capacity=1.2),
        Variant(name="capacity 20 % too low", capacity=0.8),
        Variant(name="start unknown", skip=0.2 * DAY),
        # With the current error that any BMS has: without one, nothing drifts and the days are no test.
        Variant(name="21 days not full", harm=Harm(offset=0.2, gain=1.005), dull=21 * DAY),
    )
}


def degrade(samples: Iterable[Sample], harm: Harm, seed: int) -> Iterator[Sample]:
    """Yield what arrives of `samples`, in the steps of a usual BMS: 1 mV, 0.1 A, 1 °C."""
    random = Random(seed)
    offsets: tuple[float, ...] = ()
    due = -inf
    for row, truth in samples:
        if not offsets:
            offsets = tuple(random.gauss(0.0, harm.cell_offset) for _ in row.cells)
        if row.time < due:
            continue
        due = row.time + harm.period
        if random.random() >= harm.lost:
            yield _worse(row, harm, offsets, random), truth


def _worse(row: Row, harm: Harm, offsets: tuple[float, ...], random: Random) -> Row:
    current = row.current
    if current is not None:
        current = round(harm.gain * current + harm.offset + random.gauss(0.0, harm.current_noise), 1)
    cells = tuple(
        None if cell is None else round(cell + offset + random.gauss(0.0, harm.cell_noise), 3)
        for cell, offset in zip(row.cells, offsets, strict=True)
    )
    temperatures = tuple(None if value is None else float(round(value)) for value in row.temperatures)
    return replace(row, current=current, cells=cells, temperatures=temperatures)


def skip(samples: Iterable[Sample], seconds: float) -> Iterator[Sample]:
    """Yield what comes later than `seconds` after the first."""
    begin = None
    for row, truth in samples:
        begin = row.time if begin is None else begin
        if row.time >= begin + seconds:
            yield row, truth
