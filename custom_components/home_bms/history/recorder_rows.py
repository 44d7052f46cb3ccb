"""Reads what the recorder has kept, some entities and a stretch of time after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from operator import itemgetter
from types import ModuleType
from typing import Final

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.recorder import DATA_INSTANCE, async_migration_in_progress, get_instance
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..runtime import HomeBmsConfigEntry
from .export_files import Row

# Entities that are asked for in one query; more make it slow, fewer make many.
_TOGETHER: Final = 20
_RECORDER: Final = "homeassistant.components.recorder"
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


type Reader = Callable[[list[Exported], datetime, datetime], list[Row]]
"""Returns the rows of some entities from a moment on, up to another; for the recorder's own threads."""


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


async def async_reader(hass: HomeAssistant, resolution: Resolution) -> Reader:
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
    later = await async_reader(hass, Resolution.RAW)
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
