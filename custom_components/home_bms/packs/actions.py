"""Lets people carry a pack's configuration elsewhere, change its BMS, and read what has changed in its device."""

from __future__ import annotations

from typing import Any, Final

import probatio as vol
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..can.pack import DBC_MOST
from ..core.model import ConfigError
from ..documents import document
from ..helpers import refused
from ..targets import pack_of, place_of
from .device_changes import change_facts
from .replacement import async_replace_bms
from .transfer import async_import, export

ATTR_ADDRESSES: Final = "addresses"
ATTR_PACK: Final = "pack"
ATTR_SERIAL_NUMBER: Final = "serial_number"

PACK_MOST: Final = DBC_MOST + 100_000
"""Values and letters of a configuration; the frame map of a bus is most of it."""
_SERIAL_LETTERS: Final = 100

EXPORT_PACK: Final[dict[vol.Marker, Any]] = {vol.Optional(ATTR_ADDRESSES, default=False): cv.boolean}
IMPORT_PACK: Final[dict[vol.Marker, Any]] = {vol.Required(ATTR_PACK): dict}
REPLACE_BMS: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_SERIAL_NUMBER): vol.All(cv.string, vol.Length(max=_SERIAL_LETTERS))
}


async def async_export_pack(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Answer with a pack's configuration."""
    return {ATTR_PACK: export(pack_of(hass, call).subentry, addresses=call.data[ATTR_ADDRESSES])}


async def async_import_pack(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Take a configuration over: for a pack's device its own, for the system's a further pack."""
    entry, pack = place_of(hass, call)
    try:
        told = document(ATTR_PACK, call.data[ATTR_PACK], most=PACK_MOST)
        pack_id, created = await async_import(hass, entry, None if pack is None else pack.identity, told)
    except ConfigError as err:
        raise refused(err) from err
    return {"pack_id": pack_id, "created": created} if call.return_response else None


async def async_call_replace_bms(hass: HomeAssistant, call: ServiceCall) -> None:
    """Take the BMS that answers in a pack's place as its new one; all that is known of the pack is kept."""
    await async_replace_bms(hass, pack_of(hass, call), call.data.get(ATTR_SERIAL_NUMBER))


async def async_get_changes(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Answer with what has changed in a pack's device, the newest first."""
    log = pack_of(hass, call).changes.log
    return {"changes": [change_facts(hass, change) for change in reversed(log.changes)]}
