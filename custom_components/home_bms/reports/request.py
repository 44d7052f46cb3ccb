"""Makes reports when a person or an automation asks for one."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import date
from typing import Any, Final

import probatio as vol
from homeassistant.components import persistent_notification
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.recorder import async_migration_in_progress
from homeassistant.helpers.service import async_get_device_and_config_entry
from homeassistant.util.hass_dict import HassKey
from sqlalchemy.exc import SQLAlchemyError

from ..const import DOMAIN
from ..coordinator import PackCoordinator
from ..harmless import harmless
from ..helpers import device_name
from ..runtime import HomeBmsConfigEntry
from .account import Account, async_account
from .files import ReportFile, TooLargeError, file_name, folder_of, write
from .markup import render
from .page import period_name, report_document
from .period import NotThenError, Span
from .words import Wording, async_wording

ATTR_PERIOD: Final = "period"
ATTR_DATE: Final = "date"
ATTR_SERIAL_NUMBERS: Final = "serial_numbers"
KIND: Final = "report"

REPORT: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_PERIOD, default=Span.MONTH.value): vol.In([span.value for span in Span]),
    vol.Optional(ATTR_DATE): cv.date,
    vol.Optional(ATTR_SERIAL_NUMBERS, default=False): cv.boolean,
}
# One at a time: each reads much of the recorder's database.
_TURN: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_report")


async def async_report(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Make a report of a pack or a whole system, and say where it is. Raises HomeAssistantError."""
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    packs: dict[str, PackCoordinator] = entry.runtime_data.packs
    if device.config_subentry_id is None:
        about, title = list(packs.values()), entry.title
    elif (pack := packs.get(device.config_subentry_id)) is not None:
        about, title = [pack], device_name(device, pack.subentry.title)
    else:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_pack")
    file, _, _ = await _make(
        hass,
        entry,
        about,
        Span(call.data[ATTR_PERIOD]),
        call.data.get(ATTR_DATE),
        serials=call.data[ATTR_SERIAL_NUMBERS],
        title=title,
        identity=device.config_subentry_id or entry.entry_id,
    )
    return {"path": str(folder_of(hass) / file.name), **asdict(file)}


async def async_report_of_last_month(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> None:
    """Make a report of a whole system and tell everybody that it is there. Raises HomeAssistantError."""
    packs = list(entry.runtime_data.packs.values())
    file, account, wording = await _make(
        hass, entry, packs, Span.MONTH, None, serials=False, title=entry.title, identity=entry.entry_id
    )
    persistent_notification.async_create(
        hass,
        wording("notice", path=harmless(str(folder_of(hass) / file.name)), address=file.url),
        wording("notice_title", name=entry.title, period=period_name(wording, account.period)),
        f"{DOMAIN}_report_{entry.entry_id}",
    )


async def _make(
    hass: HomeAssistant,
    entry: HomeBmsConfigEntry,
    packs: list[PackCoordinator],
    span: Span,
    day: date | None,
    *,
    serials: bool,
    title: str,
    identity: str,
) -> tuple[ReportFile, Account, Wording]:
    """Collect, build and write. Raises HomeAssistantError for what cannot be, in words."""
    if async_migration_in_progress(hass):
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="recorder_busy")
    async with hass.data.setdefault(_TURN, asyncio.Lock()):
        try:
            account, wording = await async_account(hass, entry, packs, span, day, serials=serials, title=title)
        except NotThenError as err:
            raise await _refused(hass, err) from err
        except SQLAlchemyError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="recorder_failed",
                translation_placeholders={"error": str(err)},
            ) from err
        about = (title, identity[-6:], account.period.name, *(["serials"] if serials else []))
        name = file_name(KIND, about, account.made.date())
        try:
            return await hass.async_add_executor_job(_write, hass, wording, account, name), account, wording
        except TooLargeError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="report_too_large",
                translation_placeholders={"error": str(err)},
            ) from err
        except OSError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="report_not_written",
                translation_placeholders={"error": str(err)},
            ) from err


def _write(hass: HomeAssistant, wording: Wording, account: Account, name: str) -> ReportFile:
    """Build and write a report; not for the event loop."""
    return write(folder_of(hass), name, render(report_document(wording, account)))


async def _refused(hass: HomeAssistant, err: NotThenError) -> ServiceValidationError:
    """Say which days there can be a report about."""
    wording = await async_wording(hass)
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="out_of_range",
        translation_placeholders={
            "field": ATTR_DATE,
            "value": wording.day(err.day),
            "minimum": wording.day(err.first),
            "maximum": wording.day(err.last),
        },
    )
