"""Keeps reports as files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from pathlib import Path
from typing import Final

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import slugify

from ..const import DOMAIN
from ..harmless import Markdown
from ..kept_files import KeptFile, drop, found, write_whole

URL: Final = f"/api/{DOMAIN}/reports"
# Of one kind; the newest stay.
MOST_FILES: Final = 60
MOST_BYTES: Final = 5_000_000
"""Of one report: what a mail takes and a browser opens at once."""
# For which an address that was signed for somebody can be used.
_SIGNED: Final = timedelta(hours=1)

_NAME: Final = re.compile(r"([a-z]+)_([a-z0-9_.-]+)_(\d{4}-\d\d-\d\d)\.html")
# Letters of each thing that a report is about: what tells two of them apart comes last.
_PART_MOST: Final = 60


class TooLargeError(ValueError):
    """A report that is larger than MOST_BYTES."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile(KeptFile):
    """One file as its name tells it."""

    kind: str
    """What it is: `report` or what else keeps its files here."""


def folder_of(hass: HomeAssistant) -> Path:
    """Return where all reports are."""
    return Path(hass.config.path(DOMAIN, "reports"))


def file_name(kind: str, about: tuple[str, ...], day: date) -> str:
    """Return a name for a report of a kind about something; made again on the same day it replaces the one before."""
    slug = "_".join(slugify(part, separator="-")[:_PART_MOST] for part in about)
    return f"{kind}_{slug}_{day.isoformat()}.html"


def write(folder: Path, name: str, text: str) -> ReportFile:
    """Write a report whole or not at all, and drop the oldest of its kind; not for the event loop.

    Raises OSError and TooLargeError.
    """
    content = text.encode()
    if len(content) > MOST_BYTES:
        raise TooLargeError(f"{len(content)} bytes")
    write_whole(folder / name, content)
    there = files(folder)
    written = next(file for file in there if file.name == name)
    drop(folder, [file for file in reversed(there) if file.kind == written.kind], name, most_files=MOST_FILES)
    return written


def files(folder: Path) -> list[ReportFile]:
    """Return the files that are reports by their names, the newest first; not for the event loop."""
    return [
        ReportFile(name=file.told[0], kind=file.told[1], time=file.time, size=file.size, url=f"{URL}/{file.told[0]}")
        for file in found(folder, _NAME)
    ]


async def async_files(hass: HomeAssistant) -> list[ReportFile]:
    """Return the files that are there, the newest first."""
    try:
        return await hass.async_add_executor_job(files, folder_of(hass))
    except OSError:
        return []


@callback
def link(hass: HomeAssistant, url: str, words: str) -> Markdown:
    """Return a link to a file for Home Assistant's markdown, signed for who asks now; for nobody it opens nothing.

    Without a target Home Assistant's frontend would take the address for a page of its own.
    """
    return Markdown(f'<a href="{async_sign_path(hass, url, _SIGNED)}" target="_blank">{escape(words)}</a>')
