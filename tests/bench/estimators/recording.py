"""Reads a recorded pack, as a BMS would have seen it, beside its truth."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One sample: s, A (positive when charging), V, °C; `None` is a value that was not delivered."""

    time: float
    current: float | None
    cells: tuple[float | None, ...]
    temperatures: tuple[float | None, ...]
    balancing: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the pack really was: usable SoC of the pack and SoC of each cell in percent."""

    time: float
    soc: float
    cells: tuple[float, ...]


type Sample = tuple[Row, Truth | None]
"""A row that was recorded where the truth is not known is fed but not scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault that was built into the pack; the cell counts from 0 here and from 1 in the file."""

    kind: str
    cell: int
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What does not change with time: capacities in Ah, and the faults with their beginning in s."""

    capacities: tuple[float, ...]
    faults: tuple[Fault, ...]
    balance_current: float
    """A that a cell loses while its `balancing` is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The files that begin with `prefix`: `_noisy.csv`, `_clean.csv` and `_truth.csv` (or .gz), `_truth.json`."""

    prefix: Path

    @property
    def name(self) -> str:
        """Return the name for tables."""
        return self.prefix.name

    def facts(self) -> Facts:
        """Read what was built into the pack."""
        told = json.loads(self._path("truth", ".json").read_text())
        faults = [
            Fault(kind=fault["kind"], cell=fault["cell"] - 1, since=float(fault["since_s"])) for fault in told["faults"]
        ]
        return Facts(
            capacities=tuple(told["capacity_ah"]),
            faults=tuple(faults),
            balance_current=told["balance_current_a"],
        )

    def noisy(self) -> Iterator[Sample]:
        """Yield what a BMS delivered; the truth has one row for each of them, and knows no jitter of the time."""
        return zip(rows(self._table("noisy")), truths(self._table("truth")), strict=True)

    def clean(self) -> Iterator[Sample]:
        """Yield the recording without errors; the truth is missing where the noisy one had lost its sample."""
        known = truths(self._table("truth"))
        truth = next(known, None)
        for row in rows(self._table("clean")):
            while truth is not None and truth.time < row.time:
                truth = next(known, None)
            yield row, truth if truth is not None and truth.time == row.time else None

    def _table(self, kind: str) -> Path:
        return self._path(kind, ".csv", ".csv.gz")

    def _path(self, kind: str, *endings: str) -> Path:
        paths = [self.prefix.with_name(f"{self.prefix.name}_{kind}{ending}") for ending in endings]
        for path in paths:
            if path.exists():
                return path
        raise FileNotFoundError(f"no {' or '.join(map(str, paths))}")


def rows(path: Path) -> Iterator[Row]:
    """Yield the samples of a table with the columns time, current, cell_1.., temperature_1.., perhaps balancing_1.."""
    table = _read(path)
    header = next(table)
    cells, temperatures, balancing = (_columns(header, kind) for kind in ("cell_", "temperature_", "balancing_"))
    time, current = header.index("time"), header.index("current")
    for line in table:
        yield Row(
            time=float(line[time]),
            current=_number(line[current]),
            cells=tuple(map(_number, line[cells])),
            temperatures=tuple(map(_number, line[temperatures])),
            balancing=tuple(value not in {"", "0"} for value in line[balancing]),
        )


def truths(path: Path) -> Iterator[Truth]:
    """Yield the truth of a table with the columns time, soc, soc_1.."""
    table = _read(path)
    header = next(table)
    cells = _columns(header, "soc_")
    time, soc = header.index("time"), header.index("soc")
    for line in table:
        yield Truth(time=float(line[time]), soc=float(line[soc]), cells=tuple(map(float, line[cells])))


def _read(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        yield from csv.reader(file)


def _columns(header: list[str], prefix: str) -> slice:
    """Return where the numbered columns stand, which are neighbours."""
    places = [place for place, name in enumerate(header) if name.startswith(prefix)]
    return slice(places[0], places[-1] + 1) if places else slice(0)


def _number(text: str) -> float | None:
    value = float(text) if text else None
    return value if value is not None and isfinite(value) else None
