"""The workbench's `estimate`: streams a recording through the very core that Home Assistant runs."""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any, Final

from custom_components.home_bms.core import cells, charge, estimation, learning, resistance
from custom_components.home_bms.core.ageing import forecast
from custom_components.home_bms.core.battery import Estimate, Finding, Knowledge
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.findings import explain
from custom_components.home_bms.core.model import ConfigError, PackConfig, PackReading, Switches, Trust
from custom_components.home_bms.core.plausibility import believe
from custom_components.home_bms.core.presets import CHEMISTRIES

# A home pack's charger and inverter take half its capacity an hour at most; plausibility wants to know.
_RATE: Final = 0.5
_BAND: Final = 1.96
_BATCH: Final = 10_000

type Row = Mapping[str, float | None]


class RecordingError(ValueError):
    """What is no recording; the message names the row and the column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns a recording has, beside time and current."""

    cells: tuple[str, ...]
    temperatures: tuple[str, ...]
    balancing: tuple[str, ...]
    voltage: bool


def add_estimate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the workbench's."""
    parser = commands.add_parser(
        "estimate",
        help="learn charge, capacity and resistance from a recording (CSV or Parquet), print them as JSON",
        description="Exit code 0: estimated; 2: the recording or an option cannot be used, and why.",
    )
    parser.add_argument("recording", type=Path, help="columns time, current, cell_1 ..., temperature_1 ...")
    parser.add_argument("--chemistry", required=True, choices=sorted(CHEMISTRIES))
    parser.add_argument("--cells", required=True, type=int, help="cells in series")
    parser.add_argument("--capacity", required=True, type=float, help="Ah on the label")
    parser.add_argument("--balance-current", type=float, default=0.0, help="A that a bleeding cell loses (default: 0)")
    parser.add_argument("--soc", type=float, help="percent at the beginning, where it is known")
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write time, soc, soc_low, soc_high of every row")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Estimate a recording; return the exit code."""
    try:
        with ExitStack() as stack:
            columns, rows = open_recording(stack, given.recording, given.cells)
            estimator = Estimator(
                chemistry=given.chemistry,
                cells=given.cells,
                capacity=given.capacity,
                temperature_sensors=len(columns.temperatures),
                soc=given.soc,
            )
            write = writer(stack, given.out)
            for reading in readings(columns, rows, given.balance_current):
                estimate = estimator.take(reading)
                write(reading.time, estimate)
    except ConfigError as err:
        return refuse(f"--{err.field.replace('_', '-')}: {err}")
    except OSError as err:
        return refuse(f"{err.filename}: {err.strerror}")
    except RecordingError as err:
        return refuse(str(err))
    if estimator.estimate.knowledge is None:
        return refuse(f"{given.recording}: no row has all cells and the current")
    print(json.dumps(summary(estimator.estimate), indent=1))
    return 0


class Estimator:
    """The core's plausibility and estimation on their own, one reading after the other."""

    def __init__(
        self, *, chemistry: str, cells: int, capacity: float, temperature_sensors: int, soc: float | None = None
    ) -> None:
        """Begin with a pack of which nothing is known but its make. Raises ConfigError."""
        self.config: PackConfig = configure(
            chemistry=chemistry,
            cells=cells,
            capacity=capacity,
            charge_current=max(1.0, _RATE * capacity),
            discharge_current=max(1.0, _RATE * capacity),
            temperature_sensors=temperature_sensors,
            confirmed=True,
        )
        self.estimate = Estimate(capacity=capacity)
        self._soc = soc
        self._trust = Trust()

    def take(self, reading: PackReading) -> Estimate:
        """Take in a reading, and return what is known then."""
        self._trust, believed = believe(self.config, self._trust, reading)
        self.estimate = estimation.estimate(self.config, self.estimate, believed, reading)
        if self._soc is not None and self.estimate.knowledge is not None:
            self.estimate = estimation.calibrate(self.config, self.estimate, self._soc)
            self._soc = None
        return self.estimate


def summary(estimate: Estimate) -> dict[str, Any]:
    """Return what is known, as the command prints it; cells count from 1."""
    knowledge = estimate.knowledge
    assert knowledge is not None
    return {
        "soc": rounded(estimate.soc, 2),
        "soc_low": rounded(estimate.soc_low, 2),
        "soc_high": rounded(estimate.soc_high, 2),
        "current_offset_a": round(knowledge.typical.state[charge.OFFSET], 4),
        "capacity_ah": round(estimate.capacity, 2),
        "cells": [cell(estimate, knowledge, number) for number in range(len(knowledge.cells))],
        "findings": [told(finding) for finding in knowledge.findings],
        "cycles": rounded(estimate.cycles, 3),
        "energy_in_wh": round(estimate.energy_in, 1),
        "energy_out_wh": round(estimate.energy_out, 1),
        "plating_ah": round(estimate.life.plating.ah, 3),
    }


def cell(estimate: Estimate, knowledge: Knowledge, number: int) -> dict[str, Any]:
    """Return what is known of one cell."""
    known, ohms = knowledge.cells[number], knowledge.resistances[number]
    low, size, high = learning.cell_capacity(knowledge, number)
    worn = forecast(estimate.life.ageing, number)
    return {
        "cell": number + 1,
        "capacity_ah": round(size, 2),
        "capacity_low_ah": round(low, 2),
        "capacity_high_ah": round(high, 2),
        "resistance_mohm": None if ohms.measured is None else round(1000 * ohms.measured, 4),
        "resistance_25c_mohm": round(1000 * ohms.state[resistance.CELL], 4),
        "joint_mohm": round(1000 * resistance.joint(ohms), 4),
        "self_discharge_ma": round(1000 * learning.self_discharge(knowledge, number), 2),
        "soc": round(100 * learning.cell_socs(knowledge)[number], 2),
        "sensor_error_mv": round(1000 * known.state[cells.ERROR], 2),
        "worn_in_years": None if worn is None else round(worn.years, 1),
    }


def told(finding: Finding) -> dict[str, Any]:
    """Return a finding as the command prints it."""
    return {
        "kind": finding.kind.value,
        "cell": None if finding.cell is None else finding.cell + 1,
        "since_s": round(finding.since),
        "confidence": finding.confidence,
        "why": explain(finding),
    }


def rounded(value: float | None, digits: int) -> float | None:
    """Return a number with so many digits."""
    return None if value is None else round(value, digits)


def readings(columns: Columns, rows: Iterator[Row], balance_current: float) -> Iterator[PackReading]:
    """Turn rows into readings. Raises RecordingError where time is missing or runs backwards."""
    last = float("-inf")
    for number, row in enumerate(rows, 2):
        time = row["time"]
        if time is None or time < last:
            raise RecordingError(f"row {number}: time {'is missing' if time is None else f'{time:g} runs backwards'}")
        last = time
        volts = tuple(row[name] for name in columns.cells)
        whole = [volt for volt in volts if volt is not None]
        bleed = tuple(bool(row[name]) for name in columns.balancing) or None
        yield PackReading(
            time=time,
            cells=volts,
            cells_time=time,
            temperatures=tuple(row[name] for name in columns.temperatures),
            temperatures_time=time,
            current=row["current"],
            voltage=row["voltage"] if columns.voltage else sum(whole) if len(whole) == len(volts) else None,
            current_time=time,
            switches=Switches(bleed=bleed),
            balance_current=balance_current,
        )


def open_recording(stack: ExitStack, path: Path, count: int) -> tuple[Columns, Iterator[Row]]:
    """Return a recording's columns and rows. Raises RecordingError, OSError."""
    names, rows = _parquet(path) if path.suffix == ".parquet" else _csv(stack, path)
    wanted = tuple(f"cell_{number}" for number in range(1, count + 1))
    missing = [name for name in ("time", "current", *wanted) if name not in names]
    if missing:
        raise RecordingError(f"{path}: no column {', '.join(missing)}")
    if f"cell_{count + 1}" in names:
        raise RecordingError(f"{path}: there are more cells than --cells {count}")
    columns = Columns(
        cells=wanted,
        temperatures=_numbered(names, "temperature_"),
        balancing=tuple(name for name in (f"balancing_{number}" for number in range(1, count + 1)) if name in names),
        voltage="voltage" in names,
    )
    if columns.balancing and len(columns.balancing) != count:
        raise RecordingError(f"{path}: {len(columns.balancing)} columns balancing_ for {count} cells")
    return columns, rows


def _numbered(names: list[str], prefix: str) -> tuple[str, ...]:
    """Return the names that are `prefix` with a number, in the order of the numbers."""
    numbers = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    return tuple(f"{prefix}{number}" for number in sorted((text for text in numbers if text.isdigit()), key=int))


def _csv(stack: ExitStack, path: Path) -> tuple[list[str], Iterator[Row]]:
    unpack: Any = partial(gzip.open, path) if path.suffix == ".gz" else path.open
    reader = csv.reader(stack.enter_context(unpack("rt", newline="")))
    try:
        names = next(reader)
    except StopIteration:
        raise RecordingError(f"{path} is empty") from None
    except (UnicodeDecodeError, gzip.BadGzipFile, csv.Error) as err:
        raise RecordingError(f"{path} is no CSV: {err}") from None
    return names, _csv_rows(names, reader)


def _csv_rows(names: list[str], reader: Iterator[list[str]]) -> Iterator[Row]:
    number = 1
    try:
        for number, line in enumerate(reader, 2):
            if len(line) != len(names):
                raise RecordingError(f"row {number}: {len(line)} values for {len(names)} columns")
            try:
                yield {name: _number(text) for name, text in zip(names, line, strict=True)}
            except ValueError:
                bad = next(name for name, text in zip(names, line, strict=True) if not _reads(text))
                raise RecordingError(
                    f"row {number}, column {bad}: {line[names.index(bad)]!r:.30} is no number"
                ) from None
    except (UnicodeDecodeError, EOFError, OSError, csv.Error) as err:
        raise RecordingError(f"after row {number}: {err}") from None


def _number(text: str) -> float | None:
    """Return a number; blanks and what is not finite are missing samples."""
    if not text:
        return None
    value = float(text)
    return value if isfinite(value) else None


def _reads(text: str) -> bool:
    try:
        _number(text)
    except ValueError:
        return False
    return True


def _parquet(path: Path) -> tuple[list[str], Iterator[Row]]:
    parquet: Any = import_module("pyarrow.parquet")
    arrow: Any = import_module("pyarrow")
    try:
        file = parquet.ParquetFile(path)
    except arrow.lib.ArrowInvalid as err:
        raise RecordingError(f"{path} is no Parquet file: {err}") from None
    return list(file.schema_arrow.names), _parquet_rows(file)


def _parquet_rows(file: Any) -> Iterator[Row]:  # noqa: ANN401 - pyarrow is not typed
    for batch in file.iter_batches(batch_size=_BATCH):
        for row in batch.to_pylist():
            yield {name: None if value is None or not isfinite(value) else float(value) for name, value in row.items()}


def writer(stack: ExitStack, path: Path | None) -> Any:  # noqa: ANN401 - a function of a time and an estimate
    """Return what writes a row of the result; without a path it does nothing."""
    if path is None:
        return lambda _time, _estimate: None
    out = csv.writer(stack.enter_context(path.open("w", newline="")))
    out.writerow(("time", "soc", "soc_low", "soc_high"))

    def write(time: float, estimate: Estimate) -> None:
        soc = (estimate.soc, estimate.soc_low, estimate.soc_high)
        out.writerow(
            (f"{time:g}" if time == int(time) else time, *("" if value is None else f"{value:.3f}" for value in soc))
        )

    return write


def refuse(message: str) -> int:
    """Say why nothing is estimated; return the exit code."""
    print(f"bms: {message}", file=sys.stderr)
    return 2
