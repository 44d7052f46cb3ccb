"""Finds what a browser asks about, whether it is set up now or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from ..const import DOMAIN, SUBENTRY_PACK
from ..helpers import device_of

if TYPE_CHECKING:
    from ..coordinator import PackCoordinator
    from ..runtime import HomeBmsConfigEntry, HomeBmsRuntimeData
    from ..system_coordinator import SystemCoordinator


class Place(NamedTuple):
    """A battery system, or one of its packs."""

    entry_id: str
    pack_id: str = ""
    """Of the subentry; empty for the whole system."""


@callback
def pack_place(hass: HomeAssistant, device_id: str) -> Place | None:
    """Return where the pack of a device has its place; `None` where the device is no pack of ours."""
    device = dr.async_get(hass).async_get(device_id)
    for domain, key in () if device is None else device.identifiers:
        for entry in hass.config_entries.async_entries(DOMAIN) if domain == DOMAIN else ():
            if (subentry := entry.subentries.get(key)) is not None and subentry.subentry_type == SUBENTRY_PACK:
                return Place(entry.entry_id, key)
    return None


@callback
def system_place(hass: HomeAssistant, entry_id: str) -> Place | None:
    """Return the place of a battery system; `None` where the entry is not ours."""
    entry = hass.config_entries.async_get_entry(entry_id)
    return Place(entry_id) if entry is not None and entry.domain == DOMAIN else None


@callback
def loaded(hass: HomeAssistant) -> list[HomeBmsConfigEntry]:
    """Return the battery systems that are set up."""
    return hass.config_entries.async_loaded_entries(DOMAIN)


@callback
def pack_at(hass: HomeAssistant, place: Place) -> PackCoordinator | None:
    """Return a pack, while it is set up."""
    runtime = _runtime(hass, place)
    return None if runtime is None else runtime.packs.get(place.pack_id)


@callback
def system_at(hass: HomeAssistant, place: Place) -> SystemCoordinator | None:
    """Return a battery system, while it is set up."""
    runtime = _runtime(hass, place)
    return None if runtime is None else runtime.system


def _runtime(hass: HomeAssistant, place: Place) -> HomeBmsRuntimeData | None:
    entry: ConfigEntry[Any] | None = hass.config_entries.async_get_entry(place.entry_id)
    return None if entry is None or entry.state is not ConfigEntryState.LOADED else entry.runtime_data


@callback
def device_id(hass: HomeAssistant, entry: HomeBmsConfigEntry, key: str) -> str:
    """Return the id of the device of a system, pack or inverter; empty once a user has removed it."""
    device = device_of(hass, entry.entry_id, key)
    return "" if device is None else device.id
