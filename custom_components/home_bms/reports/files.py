"""Keeps reports as files, and hands them out to administrators."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import web
from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.http.decorators import require_admin
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView
from homeassistant.util import slugify

from ..const import DOMAIN
from ..harmless import Markdown
from ..kept_files import drop, found, sweep, write_whole
from .markup import POLICY

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
class ReportFile:
    """One file as its name tells it."""

    name: str
    kind: str
    """What it is: `report` or what else keeps its files here."""
    time: str
    """When it was written, ISO 8601."""
    size: int
    """Bytes."""
    url: str


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


@callback
def async_register_report_views(hass: HomeAssistant) -> None:
    """Let administrators list and fetch the files, and take away what a kill has left of one."""
    hass.http.register_view(ReportListView)
    hass.http.register_view(ReportView)
    hass.async_add_executor_job(sweep, folder_of(hass))


class ReportListView(HomeAssistantView):
    """Tells what there is."""

    url = URL
    name = f"api:{DOMAIN}:reports"

    @require_admin
    async def get(self, request: web.Request) -> web.Response:
        """Return the files, the newest first."""
        return self.json({"reports": [asdict(file) for file in await async_files(request.app[KEY_HASS])]})


class ReportView(HomeAssistantView):
    """Hands out one file."""

    url = f"{URL}/{{name}}"
    name = f"api:{DOMAIN}:report"

    @require_admin
    async def get(self, request: web.Request, name: str) -> web.StreamResponse:
        """Return a file; a name is looked up among those that are there, so that it leads nowhere else."""
        hass = request.app[KEY_HASS]
        if name not in {file.name for file in await async_files(hass)}:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": f"{POLICY}; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return web.FileResponse(folder_of(hass) / name, headers=headers)
