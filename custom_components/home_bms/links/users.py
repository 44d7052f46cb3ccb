"""Tells who else is on a Modbus link, and in which setting they do not agree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.components.modbus.connection import DATA_MODBUS_CONNECTIONS
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_TYPE
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_translations
from modbus_connection import ModbusSerialParams, ModbusTcpParams

from ..can.lines import async_held_can
from ..const import (
    CONF_BAUDRATE,
    CONF_CAN,
    CONF_MODEL,
    CONF_PARITY,
    CONF_STOPBITS,
    DOMAIN,
    TYPE_RTU_OVER_TCP,
    TYPE_SERIAL,
    TYPE_TCP,
)
from ..helpers import PARITIES, link_params
from ..hw.can_params import params_from_data
from ..hw.devices import DEVICES
from ..texts import word
from .lines import SOCKET, end_of, links_of, way

PROTOCOL: Final = "protocol"
"""What no form asks for: whether Modbus is spoken on the link, or frames of a device's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A setting in which somebody else on the same link does not agree: a link can have only one."""

    name: str
    """Who it is."""
    field: str
    theirs: str
    ours: str


@callback
def async_clash(hass: HomeAssistant, link: Mapping[str, Any], but: str | None = None) -> Clash | None:
    """Return the first whose settings of the link to the same place differ; `but` is a subentry that does not count.

    Those of home_bms count whether they are loaded or not, or the link would fail at the next start.
    """
    params = link_params(link)
    ours = _settings(params, own_frames=DEVICES[link[CONF_MODEL]].own_line)
    for name, theirs in (*_packs_and_inverters(hass, params, but), *_other_integrations(hass, params)):
        for field, value in ours.items():
            if theirs.get(field, value) != value:
                return Clash(name=name, field=field, theirs=theirs[field], ours=value)
    return None


async def async_told(hass: HomeAssistant, clash: Clash) -> dict[str, str]:
    """Return a clash as the text of its error wants it."""
    await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    return {
        "name": clash.name,
        "field": word(hass, "link_field", clash.field),
        "theirs": word(hass, "link_value", clash.theirs),
        "ours": word(hass, "link_value", clash.ours),
    }


@asynccontextmanager
async def async_clear_of(hass: HomeAssistant, entry: ConfigEntry, link: Mapping[str, Any]) -> AsyncIterator[None]:
    """Step off a link whose settings change: it can have only one set of them at a time."""
    if not _in_the_way(hass, entry, link):
        yield
        return
    await hass.config_entries.async_unload(entry.entry_id)
    try:
        yield
    finally:
        await hass.config_entries.async_setup(entry.entry_id)


def _in_the_way(hass: HomeAssistant, entry: ConfigEntry, link: Mapping[str, Any]) -> bool:
    """Whether the system holds the endpoint of `link` open with other settings."""
    if entry.state not in (ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY):
        return False
    if CONF_CAN in link:
        params = params_from_data(link[CONF_CAN])
        bus = async_held_can(hass, params)
        return bus is not None and bus.params != params
    place, how = way(link)
    held = [way(link) for part in entry.subentries.values() for link in links_of(part.data)]
    return any(there == place and other != how for there, other in held)


def _packs_and_inverters(
    hass: HomeAssistant, params: ModbusSerialParams | ModbusTcpParams, but: str | None
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield those of home_bms on the same link, each with its settings of it."""
    for entry in hass.config_entries.async_entries(DOMAIN, include_disabled=False):
        for part in entry.subentries.values():
            for link in links_of(part.data) if part.subentry_id != but else ():
                theirs = link_params(link)
                if end_of(theirs.endpoint) == end_of(params.endpoint):
                    yield part.title, _settings(theirs, own_frames=DEVICES[link[CONF_MODEL]].own_line)


def _other_integrations(
    hass: HomeAssistant, params: ModbusSerialParams | ModbusTcpParams
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield those of other integrations that hold the same link open."""
    for shared in hass.data.get(DATA_MODBUS_CONNECTIONS, {}).values():
        theirs = shared.params
        if not isinstance(theirs, ModbusSerialParams | ModbusTcpParams):
            # Another kind of port by the same number.
            continue
        for entry_id in shared.units if end_of(theirs.endpoint) == end_of(params.endpoint) else ():
            entry = hass.config_entries.async_get_entry(entry_id)
            if entry is not None and entry.domain != DOMAIN:
                yield entry.title, _settings(theirs, own_frames=False)


def _settings(params: ModbusSerialParams | ModbusTcpParams, *, own_frames: bool) -> dict[str, str]:
    """Return the settings of a link as forms call them, the one that matters most first."""
    protocol = {PROTOCOL: "own_frames" if own_frames else "modbus"}
    if isinstance(params, ModbusTcpParams):
        return {CONF_TYPE: TYPE_TCP, **protocol}
    parities = {letter: name for name, letter in PARITIES.items()}
    return {
        CONF_TYPE: TYPE_RTU_OVER_TCP if params.device.startswith(SOCKET) else TYPE_SERIAL,
        **protocol,
        CONF_BAUDRATE: str(params.baudrate),
        CONF_PARITY: parities[params.parity],
        CONF_STOPBITS: str(params.stopbits),
    }
