"""Keeps exports as files, and hands them out to administrators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import web
from homeassistant.components.http.decorators import require_admin
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from ..const import DOMAIN
from ..kept_files import drop, found, sweep
from .export_files import Format

URL: Final = f"/api/{DOMAIN}/exports"
MOST_FILES: Final = 20
MOST_BYTES: Final = 1_000_000_000
"""Of all exports together; a single one that grows beyond is given up."""

_NAME: Final = re.compile(rf"[a-z0-9_]+_\d{{8}}T\d{{6}}Z_\d{{8}}T\d{{6}}Z_[a-z0-9]+\.({'|'.join(Format)})")
_TYPES_OF: Final[Mapping[str, str]] = {
    Format.CSV: "text/csv",
    Format.SQLITE: "application/vnd.sqlite3",
    Format.PARQUET: "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """One file."""

    name: str
    time: str
    """When it was written, ISO 8601."""
    size: int
    """Bytes."""
    url: str


def folder_of(hass: HomeAssistant) -> Path:
    """Return where all exports are."""
    return Path(hass.config.path(DOMAIN, "exports"))


def rotate(folder: Path, newest: str) -> None:
    """Drop the oldest files beyond the bounds."""
    drop(folder, files(folder)[::-1], newest, most_files=MOST_FILES, most_bytes=MOST_BYTES)


def files(folder: Path) -> list[ExportFile]:
    """Return the files that are exports by their names, the newest first; not for the event loop."""
    return [
        ExportFile(name=file.told[0], time=file.time, size=file.size, url=f"{URL}/{file.told[0]}")
        for file in found(folder, _NAME)
    ]


@callback
def async_register_export_views(hass: HomeAssistant) -> None:
    """Let administrators list and fetch the files, and take away what a kill has left of one."""
    hass.http.register_view(ExportListView)
    hass.http.register_view(ExportView)
    hass.async_add_executor_job(sweep, folder_of(hass))


class ExportListView(HomeAssistantView):
    """Tells what there is."""

    url = URL
    name = f"api:{DOMAIN}:exports"

    @require_admin
    async def get(self, request: web.Request) -> web.Response:
        """Return the files, the newest first."""
        hass = request.app[KEY_HASS]
        there = await hass.async_add_executor_job(files, folder_of(hass))
        return self.json({"files": [asdict(file) for file in there]})


class ExportView(HomeAssistantView):
    """Hands out one file."""

    url = f"{URL}/{{name}}"
    name = f"api:{DOMAIN}:export"

    @require_admin
    async def get(self, request: web.Request, name: str) -> web.StreamResponse:
        """Return a file; a name is looked up among those that are there, so that it leads nowhere else."""
        hass = request.app[KEY_HASS]
        if name not in {file.name for file in await hass.async_add_executor_job(files, folder_of(hass))}:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        headers = {
            "Content-Type": _TYPES_OF[name.rpartition(".")[2]],
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        return web.FileResponse(folder_of(hass) / name, headers=headers)
