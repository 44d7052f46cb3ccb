"""Keeps exports as files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant

from ..const import DOMAIN
from ..kept_files import KeptFile, drop, found
from .export_files import Format

URL: Final = f"/api/{DOMAIN}/exports"
MOST_FILES: Final = 20
MOST_BYTES: Final = 1_000_000_000
"""Of all exports together; a single one that grows beyond is given up."""

_NAME: Final = re.compile(rf"[a-z0-9_]+_\d{{8}}T\d{{6}}Z_\d{{8}}T\d{{6}}Z_[a-z0-9]+\.({'|'.join(Format)})")


def folder_of(hass: HomeAssistant) -> Path:
    """Return where all exports are."""
    return Path(hass.config.path(DOMAIN, "exports"))


def rotate(folder: Path, newest: str) -> None:
    """Drop the oldest files beyond the bounds."""
    drop(folder, files(folder)[::-1], newest, most_files=MOST_FILES, most_bytes=MOST_BYTES)


def files(folder: Path) -> list[KeptFile]:
    """Return the files that are exports by their names, the newest first; not for the event loop."""
    return [
        KeptFile(name=file.told[0], time=file.time, size=file.size, url=f"{URL}/{file.told[0]}")
        for file in found(folder, _NAME)
    ]
