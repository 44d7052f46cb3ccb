"""Exports what the recorder has kept of a battery into a file, and hands it out to administrators."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from operator import itemgetter
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import voluptuous as vol
from aiohttp import web
from homeassistant.components import persistent_notification
from homeassistant.components.http.decorators import require_admin
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.recorder import DATA_INSTANCE, async_migration_in_progress, get_instance
from homeassistant.helpers.service import async_get_device_and_config_entry
from homeassistant.requirements import RequirementsNotFound, async_process_requirements
from homeassistant.util import dt as dt_util
from homeassistant.util import slugify
from homeassistant.util.hass_dict import HassKey
from sqlalchemy.exc import SQLAlchemyError

from .const import DOMAIN
from .coordinator import HomeBmsConfigEntry
from .export_files import RAW, STATISTICS, Format, Row, Writing, sweep
from .texts import word

ATTR_FROM: Final = "from"
ATTR_TO: Final = "to"
ATTR_RESOLUTION: Final = "resolution"
ATTR_FORMAT: Final = "format"

URL: Final = f"/api/{DOMAIN}/exports"
MOST_FILES: Final = 20
MOST_BYTES: Final = 1_000_000_000
"""Of all exports together; a single one that grows beyond is given up."""
LONGEST: Final = timedelta(days=25 * 366)
"""No battery is older."""
# Installed when somebody asks for it: 170 MB that few homes have a use for (docs/adr/0022-history-and-exports.md).
PYARROW: Final = "pyarrow==26.0.1"

# Entities that are asked for in one query; more make it slow, fewer make many.
_TOGETHER: Final = 20
_NAME: Final = re.compile(rf"[a-z0-9_]+_\d{{8}}T\d{{6}}Z_\d{{8}}T\d{{6}}Z_[a-z0-9]+\.({'|'.join(Format)})")
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_RECORDER: Final = "homeassistant.components.recorder"
_TURN: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_export")
_NOTHING: Final = frozenset({STATE_UNAVAILABLE, STATE_UNKNOWN, ""})
# A state exactly on the edge of a query is in none; this is less than any two moments of the recorder lie apart.
_EDGE: Final = timedelta(microseconds=1)
_TYPES: Final = {"mean", "min", "max", "state", "sum"}


class Resolution(StrEnum):
    """How fine it is: every state, or statistics."""

    RAW = "raw"
    FIVE_MINUTES = "5minute"
    HOUR = "hour"
    DAY = "day"


# What is read at once: some ten thousand rows of a pack of 16 cells at the most.
_STRETCHES: Final = {
    Resolution.RAW: timedelta(hours=1),
    Resolution.FIVE_MINUTES: timedelta(days=1),
    Resolution.HOUR: timedelta(days=7),
    Resolution.DAY: timedelta(days=90),
}

EXPORT_HISTORY: Final[dict[vol.Marker, Any]] = {
    vol.Required(ATTR_FROM): cv.datetime,
    vol.Optional(ATTR_TO): cv.datetime,
    vol.Optional(ATTR_RESOLUTION, default=Resolution.HOUR.value): vol.In([each.value for each in Resolution]),
    vol.Optional(ATTR_FORMAT, default=Format.CSV.value): vol.In([each.value for each in Format]),
    vol.Optional(ATTR_ENTITY_ID): cv.entity_ids,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One entity that is exported, and what stands in its rows."""

    entity_id: str
    pack: str | None
    """The pack's name; `None` for what belongs to the whole battery."""
    key: str
    unit: str | None

    def row(self, time: datetime, *values: float | str | None) -> Row:
        """Return a row of it."""
        return (time, self.entity_id, self.pack, self.key, self.unit, *values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """One file."""

    name: str
    time: str
    """When it was written, ISO 8601."""
    size: int
    """Bytes."""
    url: str


type Reader = Callable[[list[Exported], datetime, datetime], list[Row]]
"""Returns the rows of some entities from a moment on, up to another; for the recorder's own threads."""


def folder_of(hass: HomeAssistant) -> Path:
    """Return where all exports are."""
    return Path(hass.config.path(DOMAIN, "exports"))


async def async_export_history(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Export what was asked for, and say where it is. Raises HomeAssistantError."""
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    resolution, kind = Resolution(call.data[ATTR_RESOLUTION]), Format(call.data[ATTR_FORMAT])
    begin, end = span(hass, call, LONGEST)
    exported = exported_of(hass, entry, device.config_subentry_id, call.data.get(ATTR_ENTITY_ID))
    reader = await _async_reader(hass, resolution)
    if kind is Format.PARQUET:
        await _async_need_pyarrow(hass)
    title = slugify(device.name_by_user or device.name or entry.title)
    name = f"{title}_{begin.strftime(_STAMP)}_{end.strftime(_STAMP)}_{resolution}.{kind}"
    lock = hass.data.setdefault(_TURN, asyncio.Lock())
    if lock.locked():
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="export_running")
    async with lock:
        try:
            path = folder_of(hass) / name
            rows, size = await _async_write(hass, path, kind, resolution, reader, exported, begin, end)
        except SQLAlchemyError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="recorder_failed",
                translation_placeholders={"error": str(err)},
            ) from err
        # Errors of pyarrow are of these kinds, too.
        except (OSError, sqlite3.Error, ValueError) as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="export_failed", translation_placeholders={"error": str(err)}
            ) from err
    return {
        "path": str(path),
        "url": f"{URL}/{name}",
        "size": size,
        "rows": rows,
        "entities": len(exported),
        "from": begin.isoformat(),
        "to": end.isoformat(),
    }


def span(hass: HomeAssistant, call: ServiceCall, longest: timedelta) -> tuple[datetime, datetime]:  # noqa: ARG001
    """Return the stretch of time that is asked for, in UTC; its end is now at the latest.

    Raises ServiceValidationError naming the field and what it may be.
    """
    now = dt_util.utcnow()
    begin, end = dt_util.as_utc(call.data[ATTR_FROM]), dt_util.as_utc(call.data.get(ATTR_TO, now))
    for field, value, least, most in ((ATTR_TO, end, now - LONGEST, now), (ATTR_FROM, begin, end - longest, end)):
        if not least <= value <= most or begin == end:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="out_of_range",
                translation_placeholders={
                    "field": field,
                    "value": _shown(value),
                    "minimum": _shown(least),
                    "maximum": _shown(most),
                },
            )
    return begin, end


def _shown(time: datetime) -> str:
    return dt_util.as_local(time).isoformat(" ", "seconds")


def exported_of(
    hass: HomeAssistant, entry: HomeBmsConfigEntry, subentry_id: str | None, wanted: list[str] | None
) -> list[Exported]:
    """Return the entities of a pack, or of a whole system. Raises ServiceValidationError for others."""
    found = {}
    for row in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        if subentry_id is not None and row.config_subentry_id != subentry_id:
            continue
        owner = row.config_subentry_id or entry.entry_id
        subentry = entry.subentries.get(owner)
        state = hass.states.get(row.entity_id)
        found[row.entity_id] = Exported(
            entity_id=row.entity_id,
            pack=None if subentry is None else subentry.title,
            key=row.unique_id.removeprefix(f"{owner}_"),
            unit=row.unit_of_measurement or (None if state is None else state.attributes.get("unit_of_measurement")),
        )
    for entity_id in wanted or ():
        if entity_id not in found:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="not_exported",
                translation_placeholders={"entity": entity_id},
            )
    return [found[entity_id] for entity_id in sorted(found if wanted is None else set(wanted))]


async def _async_reader(hass: HomeAssistant, resolution: Resolution) -> Reader:
    """Return what reads the recorder. Raises HomeAssistantError while it cannot be read."""
    if DATA_INSTANCE not in hass.data:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="recorder_missing")
    if async_migration_in_progress(hass):
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="recorder_busy")
    if resolution is Resolution.RAW:
        return raw_reader(hass, await async_import_module(hass, f"{_RECORDER}.history"))
    return _statistics_reader(hass, await async_import_module(hass, f"{_RECORDER}.statistics"), resolution)


async def async_raw_readers(hass: HomeAssistant) -> tuple[Reader, Reader]:
    """Return what reads every state, at first with those that stood before. Raises HomeAssistantError."""
    later = await _async_reader(hass, Resolution.RAW)
    return raw_reader(hass, await async_import_module(hass, f"{_RECORDER}.history"), standing=True), later


def raw_reader(hass: HomeAssistant, history: ModuleType, *, standing: bool = False) -> Reader:
    """Return what reads every state; with `standing` also what stood at the beginning, as of then."""

    def read(entities: list[Exported], begin: datetime, end: datetime) -> list[Row]:
        found = history.get_significant_states(
            hass,
            begin - _EDGE,
            end + _EDGE,
            [each.entity_id for each in entities],
            include_start_time_state=standing,
            significant_changes_only=False,
            no_attributes=True,
        )
        return [
            each.row(max(begin, state.last_updated), None if state.state in _NOTHING else state.state)
            for each in entities
            for state in found.get(each.entity_id, ())
            if (standing or begin <= state.last_updated) and state.last_updated < end
        ]

    return read


def _statistics_reader(hass: HomeAssistant, statistics: ModuleType, resolution: Resolution) -> Reader:
    def read(entities: list[Exported], begin: datetime, end: datetime) -> list[Row]:
        found = statistics.statistics_during_period(
            # A day that begins at the end would count in full.
            hass,
            begin,
            end - _EDGE,
            {each.entity_id for each in entities},
            resolution.value,
            None,
            _TYPES,
        )
        return [
            each.row(
                dt_util.utc_from_timestamp(row["start"]),
                *(row.get(name) for name in ("mean", "min", "max", "state", "sum")),
            )
            for each in entities
            for row in found.get(each.entity_id, ())
        ]

    return read


async def async_read_rows(
    hass: HomeAssistant, reader: Reader, exported: list[Exported], begin: datetime, end: datetime
) -> list[Row]:
    """Return the rows of a stretch of time in order, read a few entities at a time so that nobody waits long."""
    rows: list[Row] = []
    for first in range(0, len(exported), _TOGETHER):
        together = exported[first : first + _TOGETHER]
        rows += await get_instance(hass).async_add_executor_job(reader, together, begin, end)
    rows.sort(key=itemgetter(0, 1))
    return rows


async def async_settled(hass: HomeAssistant) -> None:
    """Wait until the recorder has written down what it has been told."""
    if (writing := get_instance(hass).async_get_commit_future()) is not None:
        await writing


def stretches(begin: datetime, end: datetime, longest: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Yield what is read at once; all but the first begin with a local day where they are that long."""
    while begin < end:
        until = begin + longest
        if longest >= timedelta(days=1):
            until = dt_util.as_utc(dt_util.start_of_local_day(dt_util.as_local(until)))
            until = until if until > begin else begin + longest
        yield begin, min(until, end)
        begin = min(until, end)


async def _async_write(
    hass: HomeAssistant,
    path: Path,
    kind: Format,
    resolution: Resolution,
    reader: Reader,
    exported: list[Exported],
    begin: datetime,
    end: datetime,
) -> tuple[int, int]:
    """Write the file; return its rows and bytes. It leaves nothing behind that is not whole."""
    columns = RAW if resolution is Resolution.RAW else STATISTICS
    await async_settled(hass)
    notice = f"{DOMAIN}_export"
    writing = await hass.async_add_executor_job(Writing, path, kind, columns)
    percent = -1
    try:
        for since, until in stretches(begin, end, _STRETCHES[resolution]):
            if (done := int(100 * ((since - begin) / (end - begin)))) > percent:
                percent = done
                message = word(hass, "export", "progress", percent=percent, name=path.name)
                persistent_notification.async_create(hass, message, word(hass, "export", "title"), notice)
            rows = await async_read_rows(hass, reader, exported, since, until)
            if await hass.async_add_executor_job(_write, writing, rows) > MOST_BYTES:
                raise HomeAssistantError(translation_domain=DOMAIN, translation_key="export_too_large")
        size = await hass.async_add_executor_job(writing.finish)
    finally:
        persistent_notification.async_dismiss(hass, notice)
        await hass.async_add_executor_job(writing.abandon)
    await hass.async_add_executor_job(_rotate, path.parent, path.name)
    return writing.rows, size


def _write(writing: Writing, rows: list[Row]) -> int:
    """Write rows; return the bytes so far."""
    writing.write(rows)
    return writing.size


def _rotate(folder: Path, newest: str) -> None:
    """Drop the oldest files beyond the bounds."""
    found = files(folder)
    count, size = len(found), sum(file.size for file in found)
    for file in reversed([file for file in found if file.name != newest]):
        if count <= MOST_FILES and size <= MOST_BYTES:
            return
        (folder / file.name).unlink(missing_ok=True)
        count, size = count - 1, size - file.size


def files(folder: Path) -> list[ExportFile]:
    """Return the files that are exports by their names, the newest first; not for the event loop."""
    if not folder.is_dir():
        return []
    found = [
        ExportFile(
            name=path.name,
            time=datetime.fromtimestamp(told.st_mtime, UTC).isoformat(),
            size=told.st_size,
            url=f"{URL}/{path.name}",
        )
        for path in folder.iterdir()
        if _NAME.fullmatch(path.name) and (told := path.stat())
    ]
    return sorted(found, key=lambda file: (file.time, file.name), reverse=True)


async def _async_need_pyarrow(hass: HomeAssistant) -> None:
    """See that Parquet can be written. Raises HomeAssistantError where that cannot be."""
    try:
        await async_import_module(hass, "pyarrow.parquet")
    except ImportError:
        try:
            await async_process_requirements(hass, DOMAIN, [PYARROW], is_built_in=False)
            await async_import_module(hass, "pyarrow.parquet")
        except (RequirementsNotFound, ImportError) as err:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="parquet_missing") from err


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
        found = await hass.async_add_executor_job(files, folder_of(hass))
        return self.json({"files": [asdict(file) for file in found]})


_TYPES_OF: Final[Mapping[str, str]] = {
    Format.CSV: "text/csv",
    Format.SQLITE: "application/vnd.sqlite3",
    Format.PARQUET: "application/vnd.apache.parquet",
}


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
