"""Hands the files that are kept to administrators: black boxes, exports and reports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from homeassistant.components.http.decorators import require_admin
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from .. import black_boxes
from ..const import DOMAIN
from ..core.record import dump
from ..history import export_folder
from ..history.export_files import Format
from ..kept_files import path_of, sweep
from ..reports import files as report_files
from ..reports.markup import POLICY
from .places import loaded

if TYPE_CHECKING:
    from ..coordinator import PackCoordinator

_TYPES: Final[Mapping[str, str]] = {
    Format.CSV: "text/csv",
    Format.SQLITE: "application/vnd.sqlite3",
    Format.PARQUET: "application/vnd.apache.parquet",
    "gz": "application/gzip",
    "html": "text/html; charset=utf-8",
}
"""By the end of a file's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The files of one kind."""

    url: str
    """Of the list."""
    one: str = "/{name}"
    """What stands behind it in the address of one file."""
    tell: Callable[[HomeAssistant], Awaitable[dict[str, Any]]]
    """Returns the list."""
    find: Callable[..., Awaitable[Path | bytes | None]]
    """Returns what has the names of an address: a file, or what is made of the moment; `None` if nothing has."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside what every file is sent with."""


async def _tell_boxes(hass: HomeAssistant) -> dict[str, Any]:
    """Return each pack's files, the newest first, and where what is in its ring now can be fetched."""
    told = [
        {
            "pack": pack_id,
            "name": pack.name,
            "now": f"{pack.black_boxes.url}/{black_boxes.NOW}",
            "files": [asdict(file) for file in await pack.black_boxes.async_list()],
        }
        for pack_id, pack in _packs(hass).items()
    ]
    return {"packs": told}


async def _find_box(hass: HomeAssistant, pack_id: str, name: str) -> Path | bytes | None:
    pack = _packs(hass).get(pack_id)
    if pack is None:
        return None
    if name == black_boxes.NOW:
        ring = pack.supervisor.black_box.everything()
        recording = pack.black_boxes.recording(ring, acting=pack.control_allowed)
        return await hass.async_add_executor_job(dump, recording)
    return await pack.black_boxes.async_find(name)


def _packs(hass: HomeAssistant) -> dict[str, PackCoordinator]:
    """Return the running packs of all systems by subentry id."""
    return {pack_id: pack for entry in loaded(hass) for pack_id, pack in entry.runtime_data.packs.items()}


async def _tell_exports(hass: HomeAssistant) -> dict[str, Any]:
    there = await hass.async_add_executor_job(export_folder.files, export_folder.folder_of(hass))
    return {"files": [asdict(file) for file in there]}


async def _find_export(hass: HomeAssistant, name: str) -> Path | None:
    folder = export_folder.folder_of(hass)
    return path_of(name, folder, await hass.async_add_executor_job(export_folder.files, folder))


async def _tell_reports(hass: HomeAssistant) -> dict[str, Any]:
    return {"reports": [asdict(file) for file in await report_files.async_files(hass)]}


async def _find_report(hass: HomeAssistant, name: str) -> Path | None:
    return path_of(name, report_files.folder_of(hass), await report_files.async_files(hass))


SHELVES: Final = (
    Shelf(url=black_boxes.URL, one="/{pack_id}/{name}", tell=_tell_boxes, find=_find_box),
    Shelf(url=export_folder.URL, tell=_tell_exports, find=_find_export),
    Shelf(
        url=report_files.URL,
        tell=_tell_reports,
        find=_find_report,
        headers={
            "Content-Security-Policy": f"{POLICY}; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    ),
)


@callback
def async_register_file_views(hass: HomeAssistant) -> None:
    """Let administrators list and fetch the files, and take away what a kill has left of one."""
    for shelf in SHELVES:
        hass.http.register_view(ListView(shelf))
        hass.http.register_view(FileView(shelf))
    for folder_of in (export_folder.folder_of, report_files.folder_of):
        hass.async_add_executor_job(sweep, folder_of(hass))


class ListView(HomeAssistantView):
    """Tells what there is."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.url = shelf.url
        self.name = f"api:{DOMAIN}:{shelf.url.rpartition('/')[2]}"

    @require_admin
    async def get(self, request: web.Request) -> web.Response:
        """Return the list."""
        return self.json(await self._shelf.tell(request.app[KEY_HASS]))


class FileView(HomeAssistantView):
    """Hands out one file."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.url = shelf.url + shelf.one
        self.name = f"api:{DOMAIN}:{shelf.url.rpartition('/')[2]}:file"

    @require_admin
    async def get(self, request: web.Request, /, **names: str) -> web.StreamResponse:
        """Return what has such names, to be saved rather than shown."""
        found = await self._shelf.find(request.app[KEY_HASS], **names)
        if found is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        name = names["name"]
        headers = {
            "Content-Type": _TYPES[name.rpartition(".")[2]],
            "Content-Disposition": f'attachment; filename="{name}"',
            **self._shelf.headers,
        }
        if isinstance(found, bytes):
            return web.Response(body=found, headers=headers)
        return web.FileResponse(found, headers=headers)
