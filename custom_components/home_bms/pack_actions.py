"""Lets people carry a pack's configuration elsewhere, change its BMS, and read what has changed in its device."""

from __future__ import annotations

from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry

from .const import DOMAIN
from .coordinator import HomeBmsConfigEntry, PackCoordinator
from .core.model import ConfigError
from .device_changes import change_facts
from .helpers import plain, refused
from .pack_transfer import async_import, export
from .replacement import async_replace_bms

ATTR_ADDRESSES: Final = "addresses"
ATTR_PACK: Final = "pack"
ATTR_SERIAL_NUMBER: Final = "serial_number"

EXPORT_PACK: Final[dict[vol.Marker, Any]] = {vol.Optional(ATTR_ADDRESSES, default=False): cv.boolean}
IMPORT_PACK: Final[dict[vol.Marker, Any]] = {vol.Required(ATTR_PACK): dict}
REPLACE_BMS: Final[dict[vol.Marker, Any]] = {vol.Optional(ATTR_SERIAL_NUMBER): cv.string}


def _place(hass: HomeAssistant, call: ServiceCall) -> tuple[HomeBmsConfigEntry, str | None]:
    """Return the system of a device, and its pack if it is one's. Raises ServiceValidationError for anything else."""
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    key = device.config_subentry_id
    if key is not None and key not in entry.runtime_data.packs:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_pack")
    return entry, key


def _pack(hass: HomeAssistant, call: ServiceCall) -> PackCoordinator:
    """Return the one pack that is meant. Raises ServiceValidationError for a system of several."""
    entry, key = _place(hass, call)
    packs: dict[str, PackCoordinator] = entry.runtime_data.packs
    meant = list(packs.values()) if key is None else [packs[key]]
    if len(meant) != 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="one_pack_only")
    return meant[0]


async def async_export_pack(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Answer with a pack's configuration."""
    return {ATTR_PACK: export(_pack(hass, call).subentry, addresses=call.data[ATTR_ADDRESSES])}


async def async_import_pack(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Take a configuration over: for a pack's device its own, for the system's a further pack."""
    entry, key = _place(hass, call)
    try:
        # A template makes tuples of lists.
        pack_id, created = await async_import(hass, entry, key, plain(call.data[ATTR_PACK]))
    except ConfigError as err:
        raise refused(err) from err
    return {"pack_id": pack_id, "created": created} if call.return_response else None


async def async_call_replace_bms(hass: HomeAssistant, call: ServiceCall) -> None:
    """Take the BMS that answers in a pack's place as its new one; all that is known of the pack is kept."""
    await async_replace_bms(hass, _pack(hass, call), call.data.get(ATTR_SERIAL_NUMBER))


async def async_get_changes(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Answer with what has changed in a pack's device, the newest first."""
    log = _pack(hass, call).changes.log
    return {"changes": [change_facts(hass, change) for change in reversed(log.changes)]}
