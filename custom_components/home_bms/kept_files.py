"""Keeps files in a folder: each whole or not at all, and only so many; not for the event loop."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """One file."""

    name: str
    """Without its folder."""
    time: str
    """When it was written, ISO 8601."""
    size: int
    """Bytes."""
    url: str


class Found(NamedTuple):
    """A file whose name says that it belongs to a folder."""

    told: re.Match[str]
    """What its name says."""
    time: str
    """When it was written, ISO 8601."""
    size: int
    """Bytes."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, into a folder that need not be there yet. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        # A link in its place would have something else written over.
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Take away what a process that was killed has left behind."""
    for torn in folder.glob("*.tmp"):
        torn.unlink(missing_ok=True)


def found(folder: Path, name: re.Pattern[str]) -> list[Found]:
    """Return the files with such a name, the newest first; none of a folder that is not there. Raises OSError."""
    if not folder.is_dir():
        return []
    files = []
    for path in folder.iterdir():
        # A link could hand out anything that Home Assistant may read.
        if (told := name.fullmatch(path.name)) is not None and path.is_file() and not path.is_symlink():
            state = path.stat()
            files.append(Found(told, datetime.fromtimestamp(state.st_mtime, UTC).isoformat(), state.st_size))
    return sorted(files, key=lambda file: (file.time, file.told[0]), reverse=True)


def path_of(name: str, folder: Path, files: Sequence[KeptFile]) -> Path | None:
    """Return where a file is that somebody named: one of those that are there, so that no name leads elsewhere."""
    return folder / name if name in {file.name for file in files} else None


def drop(folder: Path, files: Sequence[KeptFile], newest: str, *, most_files: int, most_bytes: float = inf) -> None:
    """Delete files in their order until no more are left than may be; the newest stays in any case. Raises OSError."""
    count, size = len(files), sum(file.size for file in files)
    for file in files:
        if count <= most_files and size <= most_bytes:
            return
        if file.name != newest:
            (folder / file.name).unlink(missing_ok=True)
            count, size = count - 1, size - file.size
