"""Writes rows of history as CSV, SQLite or Parquet, whole or not at all, and reads them back; for no event loop."""

from __future__ import annotations

import csv
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime
from enum import StrEnum
from errno import ENOSPC
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Final, Protocol

from ..kept_files import sweep

RAW: Final = ("time", "entity_id", "pack", "key", "unit", "state")
"""Columns of states as they were told: `pack` is its name, `key` what home_bms calls the value."""
STATISTICS: Final = ("time", "entity_id", "pack", "key", "unit", "mean", "min", "max", "state", "sum")
"""Columns of statistics: `time` is where the stretch begins, numbers that it has no use for are empty."""
_NUMBERS: Final = frozenset({"mean", "min", "max", "sum"})

type Row = tuple[datetime | str | float | None, ...]
"""In the order of the columns."""

SPARED: Final = 256 * 2**20
"""Bytes of the disk that are left to Home Assistant, whose recorder must not be the one that finds it full."""
_BATCH: Final = 10_000


class Format(StrEnum):
    """What a file may be; the name is its ending."""

    CSV = "csv"
    SQLITE = "sqlite"
    PARQUET = "parquet"


class ExportError(ValueError):
    """A file that is no export; the message says why."""


class Writer(Protocol):
    """Puts rows into a file that is on its way."""

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""

    def close(self) -> None:
        """Finish the file; what is in it is on the disk then."""


class Writing:
    """A file that lies beside its place until it is whole. All may raise OSError and what the format's library does."""

    def __init__(self, path: Path, kind: Format, columns: tuple[str, ...]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        self._path = path
        self._temporary = path.with_name(f"{path.name}.tmp")
        self._open = False
        # Of a call that is cancelled a thread may still be writing, and no library bears a file closed under it.
        self._turn = Lock()
        self.rows = 0
        try:
            self._writer: Writer = _WRITERS[kind](self._temporary, numbers_in(columns), columns)
        except BaseException:
            self.abandon()
            raise
        self._open = True

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows, as long as that leaves the disk some room."""
        if shutil.disk_usage(self._path.parent).free < SPARED:
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        with self._turn:
            self._writer.write(rows)
        self.rows += len(rows)

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._temporary.stat().st_size

    def finish(self) -> int:
        """Put the file in its place; return its bytes."""
        with self._turn:
            self._open = False
            self._writer.close()
            with self._temporary.open("rb") as stream:
                os.fsync(stream.fileno())
            size = self.size
            self._temporary.replace(self._path)
        return size

    def abandon(self) -> None:
        """Leave nothing behind of a file that was not finished."""
        with self._turn:
            if self._open:
                self._open = False
                # What cannot be written cannot be closed in order either.
                with suppress(OSError, sqlite3.Error, ValueError):
                    self._writer.close()
            self._temporary.unlink(missing_ok=True)


def numbers_in(columns: tuple[str, ...]) -> frozenset[str]:
    """Return which columns hold numbers: a state as it was told is text."""
    return _NUMBERS | {"state"} if columns == STATISTICS else frozenset()


def _open(path: Path) -> BinaryIO:
    return path.open("wb")


def _text(value: datetime | str | float | None) -> str | float | None:
    """Return a value for formats that know no time."""
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value


class _Csv:
    def __init__(self, path: Path, _: frozenset[str], columns: tuple[str, ...]) -> None:
        self._stream = TextIOWrapper(_open(path), "utf-8", newline="")
        self._writer = csv.writer(self._stream)
        self._writer.writerow(columns)

    def write(self, rows: Sequence[Row]) -> None:
        """Write lines; nothing is an empty field, a number all of its digits."""
        self._writer.writerows([[_text(value) for value in row] for row in rows])

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class _Sqlite:
    def __init__(self, path: Path, numbers: frozenset[str], columns: tuple[str, ...]) -> None:
        # The file is nobody's until it is whole, so that it needs no journal beside it; and it is written by turns of
        # several threads, never by two at once.
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        kinds = ", ".join(f'"{name}" {"REAL" if name in numbers else "TEXT"}' for name in columns)
        self._database.execute(f"CREATE TABLE history ({kinds})")
        places = ", ".join("?" * len(columns))
        self._insert = f"INSERT INTO history VALUES ({places})"  # noqa: S608 - question marks, no values

    def write(self, rows: Sequence[Row]) -> None:
        """Insert rows, all or none."""
        self._database.execute("BEGIN")
        self._database.executemany(self._insert, [[_text(value) for value in row] for row in rows])
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Close the database."""
        self._database.close()


class _Parquet:
    def __init__(self, path: Path, numbers: frozenset[str], columns: tuple[str, ...]) -> None:
        self._arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
        arrow, times = self._arrow, self._arrow.timestamp("us", tz="UTC")
        self._schema = arrow.schema(
            [
                (name, times if name == "time" else arrow.float64() if name in numbers else arrow.string())
                for name in columns
            ]
        )
        self._stream = _open(path)
        self._writer = parquet.ParquetWriter(self._stream, self._schema, compression="zstd")

    def write(self, rows: Sequence[Row]) -> None:
        """Write one group of rows."""
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._writer.write_table(self._arrow.table(columns, schema=self._schema))

    def close(self) -> None:
        """Write the end and close the file."""
        try:
            self._writer.close()
        finally:
            self._stream.close()


_WRITERS: Final[dict[Format, type[_Csv | _Sqlite | _Parquet]]] = {
    Format.CSV: _Csv,
    Format.SQLITE: _Sqlite,
    Format.PARQUET: _Parquet,
}


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of an export by column, time as a datetime. Raises ExportError, OSError."""
    try:
        kind = Format(path.suffix.removeprefix("."))
    except ValueError:
        raise ExportError(f"{path.name} ends in none of: {', '.join(Format)}") from None
    columns: tuple[str, ...] | None = None
    for row in _READERS[kind](path):
        if columns is None:
            columns = tuple(row)
            if columns not in (RAW, STATISTICS):
                raise ExportError(f"{path.name} is no export: its columns are {', '.join(columns):.100}")
        try:
            yield row | {"time": _time(row["time"])}
        except ValueError as err:
            raise ExportError(f"{path.name}: {err}") from None


def _time(value: datetime | str | None) -> datetime:
    if isinstance(value, datetime):
        return value
    at = datetime.fromisoformat(value or "")
    if at.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    return at


def _read_csv(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            lines = csv.reader(stream)
            columns = tuple(next(lines, ()))
            numbers = numbers_in(columns)
            for line in lines:
                if len(line) != len(columns):
                    raise ExportError(f"{path.name}, line {lines.line_num}: {len(line)} values, not {len(columns)}")
                yield {
                    name: (float(text) if name in numbers else text) if text else None
                    for name, text in zip(columns, line, strict=True)
                }
    except (UnicodeDecodeError, csv.Error) as err:
        raise ExportError(f"{path.name} is no CSV: {err}") from None


def _read_sqlite(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            for row in database.execute("SELECT * FROM history ORDER BY rowid"):
                yield dict(row)
    except sqlite3.Error as err:
        raise ExportError(f"{path.name} is no export: {err}") from None


def _read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    try:
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise ExportError("Parquet needs pyarrow, which is not installed") from None
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                yield from batch.to_pylist()
    except arrow.lib.ArrowInvalid as err:
        raise ExportError(f"{path.name} is no Parquet file: {err}") from None


_READERS: Final = {Format.CSV: _read_csv, Format.SQLITE: _read_sqlite, Format.PARQUET: _read_parquet}
