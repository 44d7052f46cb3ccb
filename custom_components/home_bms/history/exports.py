"""Exports what the recorder has kept of a battery into a file."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import probatio as vol
from homeassistant.components import persistent_notification
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.service import async_get_device_and_config_entry
from homeassistant.requirements import RequirementsNotFound, async_process_requirements
from homeassistant.util import dt as dt_util
from homeassistant.util import slugify
from homeassistant.util.hass_dict import HassKey
from sqlalchemy.exc import SQLAlchemyError

from ..const import DOMAIN
from ..helpers import device_name
from ..leases.words import shown_time
from ..texts import word
from .export_files import RAW, STATISTICS, Format, Row, Writing
from .export_folder import MOST_BYTES, URL, folder_of, rotate
from .recorder_rows import (
    Exported,
    Reader,
    Resolution,
    async_read_rows,
    async_reader,
    async_settled,
    exported_of,
    stretches,
)

ATTR_FROM: Final = "from"
ATTR_TO: Final = "to"
ATTR_RESOLUTION: Final = "resolution"
ATTR_FORMAT: Final = "format"

LONGEST: Final = timedelta(days=25 * 366)
"""No battery is older."""
# Installed when somebody asks for it: 170 MB that few homes have a use for (docs/adr/0022-history-and-exports.md).
PYARROW: Final = "pyarrow==26.0.1"

_STAMP: Final = "%Y%m%dT%H%M%SZ"
# Letters of a name in that of its file, which a disk bounds; home_bms's own part is another 60.
_SLUG_MOST: Final = 100
_TURN: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_export")

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


async def async_export_history(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Export what was asked for, and say where it is. Raises HomeAssistantError."""
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    resolution, kind = Resolution(call.data[ATTR_RESOLUTION]), Format(call.data[ATTR_FORMAT])
    begin, end = span(call, LONGEST)
    exported = exported_of(hass, entry, device.config_subentry_id, call.data.get(ATTR_ENTITY_ID))
    reader = await async_reader(hass, resolution)
    if kind is Format.PARQUET:
        await _async_need_pyarrow(hass)
    title = slugify(device_name(device, entry.title))[:_SLUG_MOST]
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


def span(call: ServiceCall, longest: timedelta) -> tuple[datetime, datetime]:
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
                    "value": shown_time(value.timestamp()),
                    "minimum": shown_time(least.timestamp()),
                    "maximum": shown_time(most.timestamp()),
                },
            )
    return begin, end


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
    await hass.async_add_executor_job(rotate, path.parent, path.name)
    return writing.rows, size


def _write(writing: Writing, rows: list[Row]) -> int:
    """Write rows; return the bytes so far."""
    writing.write(rows)
    return writing.size
