"""Makes the driver of a pack from its settings, however the pack is reached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.modbus import async_get_unit
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TYPE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady, HomeAssistantError

from .const import (
    CONF_CAPACITY,
    CONF_CELLS,
    CONF_CHEMISTRY,
    CONF_MODEL,
    CONF_SEED,
    CONF_SERIAL_NUMBER,
    CONF_SPEED,
    CONF_UNIT_ID,
    DOMAIN,
    TYPE_RTU_OVER_TCP,
    TYPE_SERIAL,
    TYPE_TCP,
    TYPE_VIRTUAL,
)
from .helpers import LinkMeter, link_params
from .hw.devices import DEVICES
from .hw.driver import Driver
from .hw.virtual import VirtualHost

if TYPE_CHECKING:
    from modbus_connection import ModbusUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How one pack is read and written."""

    driver: Driver
    meter: LinkMeter | None = None
    """Of its transactions, where there is a link of its own."""
    host: VirtualHost | None = None
    """The simulation behind a virtual pack."""


type Opener = Callable[[HomeAssistant, ConfigEntry[Any], ConfigSubentry, AsyncExitStack], Awaitable[Source]]
"""Opens a pack's source for as long as the entry is loaded; the stack undoes it should setting up fail half-way.

Raises ConfigEntryError or ConfigEntryNotReady.
"""


async def async_open_modbus(
    hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry, undo: AsyncExitStack
) -> Source:
    """Open a pack on Modbus."""
    del undo
    meter = LinkMeter()
    unit = meter.around(borrowed(hass, entry, subentry.title, subentry.data))
    return Source(driver=DEVICES[subentry.data[CONF_MODEL]].driver(unit), meter=meter)


async def async_open_virtual(
    hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry, undo: AsyncExitStack
) -> Source:
    """Serve a virtual pack on loopback and open it like any other."""
    data = subentry.data
    host = VirtualHost(
        device_key=data[CONF_MODEL],
        chemistry=data[CONF_CHEMISTRY],
        cells=data[CONF_CELLS],
        capacity=data[CONF_CAPACITY],
        seed=data[CONF_SEED],
        speed=data[CONF_SPEED],
        serial_number=data[CONF_SERIAL_NUMBER],
    )
    undo.push_async_callback(host.async_stop)
    # Registered before the unit is, for on_unload callbacks are called last one first: the link closes before the
    # server at its other end.
    entry.async_on_unload(host.async_stop)
    try:
        port = await host.async_start()
    except OSError as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="virtual_pack_not_served",
            translation_placeholders={"name": subentry.title, "error": str(err)},
        ) from err
    link = {CONF_TYPE: TYPE_TCP, CONF_HOST: "127.0.0.1", CONF_PORT: port, CONF_UNIT_ID: 1}
    meter = LinkMeter()
    unit = meter.around(borrowed(hass, entry, subentry.title, link))
    # Nobody shares the bus of a virtual pack, so there is no silence to keep on it.
    return Source(driver=DEVICES[data[CONF_MODEL]].driver(unit, spacing=0.0), meter=meter, host=host)


def borrowed(hass: HomeAssistant, entry: ConfigEntry[Any], name: str, link: Mapping[str, Any]) -> ModbusUnit:
    """Return a unit on the link that Home Assistant shares, given back when the entry unloads.

    Raises ConfigEntryError if the link is in use with other settings; `name` is the pack's.
    """
    try:
        return async_get_unit(hass, entry, link_params(link), link[CONF_UNIT_ID])
    except HomeAssistantError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="link_settings_in_use",
            translation_placeholders={"name": name, "error": str(err)},
        ) from err


SOURCES: Final[Mapping[str, Opener]] = MappingProxyType(
    {
        TYPE_VIRTUAL: async_open_virtual,
        TYPE_TCP: async_open_modbus,
        TYPE_RTU_OVER_TCP: async_open_modbus,
        TYPE_SERIAL: async_open_modbus,
    }
)
"""By the type of a pack's settings."""
