"""Replays what was recorded of a pack under other limits when a person asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from math import isfinite
from pathlib import Path
from typing import Any, Final

import probatio as vol
from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.hass_dict import HassKey
from sqlalchemy.exc import SQLAlchemyError

from ..black_boxes import began_at
from ..const import CONF_THRESHOLDS, DOMAIN
from ..coordinator import PackCoordinator
from ..core.chemistry import SETTINGS
from ..core.model import ConfigError, PackConfig
from ..core.record import Header, RecordError, Recording, load
from ..core.replay import reconfigure
from ..core.series import Series, Value, wanted
from ..core.what_if import Tally, Trial
from ..harmless import harmless
from ..helpers import hardware_ring, refused
from ..texts import word
from .export_files import Row
from .exports import ATTR_FROM, ATTR_TO, span
from .recorder_rows import async_raw_readers, async_read_rows, async_settled, exported_of, stretches
from .what_if_table import event_facts, table
from .words import at

ATTR_LIMITS: Final = "limits"
ATTR_BLACK_BOX: Final = "black_box"
LONGEST: Final = timedelta(days=92)
"""A quarter of a year takes some minutes."""
_STRETCH: Final = timedelta(hours=1)
_TURN: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_what_if")

WHAT_IF: Final[dict[vol.Marker, Any]] = {
    vol.Required(ATTR_LIMITS): vol.All({cv.string: vol.Coerce(float)}, vol.Length(min=1, max=len(SETTINGS))),
    vol.Exclusive(ATTR_BLACK_BOX, "source"): vol.All(cv.string, vol.Length(max=255)),
    vol.Exclusive(ATTR_FROM, "source"): cv.datetime,
    vol.Optional(ATTR_TO): cv.datetime,
}


async def async_what_if(hass: HomeAssistant, call: ServiceCall, pack: PackCoordinator) -> ServiceResponse:
    """Compare a pack's limits with others. Raises HomeAssistantError."""
    if ATTR_BLACK_BOX not in call.data and ATTR_FROM not in call.data:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="what_if_source")
    lock = hass.data.setdefault(_TURN, asyncio.Lock())
    if lock.locked():
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="what_if_running")
    async with lock:
        if ATTR_BLACK_BOX in call.data:
            present, proposed, zero = await _async_box(hass, call, pack)
        else:
            present, proposed, zero = await _async_recorded(hass, call, pack)
    if not present.seconds:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="nothing_recorded")
    return {
        "table": table(present, proposed),
        "events": {
            name: [event_facts(event, at(event.time + zero) or "") for event in tally.events]
            for name, tally in (("present", present), ("proposed", proposed))
        },
    }


def _proposed(header: Header, call: ServiceCall) -> PackConfig:
    """Return the configuration under the other limits. Raises ServiceValidationError."""
    try:
        return reconfigure(header, call.data[ATTR_LIMITS])
    except ConfigError as err:
        raise refused(err) from err


async def _async_box(hass: HomeAssistant, call: ServiceCall, pack: PackCoordinator) -> tuple[Tally, Tally, float]:
    """Return both tallies of a black box, and the Unix time of its clock's zero."""
    name = call.data[ATTR_BLACK_BOX]
    path = await pack.black_boxes.async_find(name)
    if path is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="unknown_box", translation_placeholders={"name": name}
        )
    try:
        recording = await hass.async_add_executor_job(_load, path)
        began = began_at(recording.header)
    except (OSError, RecordError) as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="box_unreadable",
            translation_placeholders={"name": name, "error": str(err)},
        ) from err
    header = recording.header
    changed = _proposed(header, call)
    trials = Trial(header.config), Trial(changed, recorded=header.config, proposed=True)
    for trial in trials:
        await hass.async_add_executor_job(trial.take, recording.ticks)
    return trials[0].tally, trials[1].tally, 0.0 if began is None else began - header.origin


def _load(path: Path) -> Recording:
    return load(path.read_bytes())


async def _async_recorded(hass: HomeAssistant, call: ServiceCall, pack: PackCoordinator) -> tuple[Tally, Tally, float]:
    """Return both tallies of what the recorder has kept, whose clock is the Unix time."""
    begin, end = span(call, LONGEST)
    ring = hardware_ring(pack.settings)
    overrides = pack.settings.get(CONF_THRESHOLDS, {})
    changed = _proposed(Header(home_bms="", hardware=ring, overrides=overrides, config=pack.config), call)
    reader, later = await async_raw_readers(hass)
    parts = [each for each in exported_of(hass, pack.config_entry, pack.identity, None) if wanted(each.key)]
    trials, series = (Trial(pack.config), Trial(changed, proposed=True)), Series(pack.config, ring)
    notice = f"{DOMAIN}_what_if"
    percent = -1
    await async_settled(hass)
    try:
        for since, until in stretches(begin, end, _STRETCH):
            if (done := int(100 * ((since - begin) / (end - begin)))) > percent:
                percent = done
                message = word(hass, "export", "what_if", percent=percent, name=harmless(pack.name))
                persistent_notification.async_create(hass, message, word(hass, "export", "what_if_title"), notice)
            rows = await async_read_rows(hass, reader, parts, since, until)
            reader = later
            await hass.async_add_executor_job(_go_along, series, trials, rows, until.timestamp())
    except SQLAlchemyError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="recorder_failed", translation_placeholders={"error": str(err)}
        ) from err
    finally:
        persistent_notification.async_dismiss(hass, notice)
    return trials[0].tally, trials[1].tally, 0.0


def _go_along(series: Series, trials: tuple[Trial, ...], rows: Iterable[Row], until: float) -> None:
    """Let both trials go along with an hour of states."""
    for reading in series.readings(map(told, rows), until):
        for trial in trials:
            trial.take((reading,))


def told(row: Row) -> Value:
    """Return a row of an export of every state as a value of a series; what is no number is not known."""
    time, _, _, key, _, state = row
    value = None
    with suppress(TypeError, ValueError):
        value = float(state)  # type: ignore[arg-type] # what is none is suppressed
    known = value is not None and isfinite(value)
    return time.timestamp(), str(key), value if known else None  # type: ignore[union-attr] # the first column is a time
