"""Makes the driver of a pack from its settings, however the pack is reached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.modbus import async_get_unit
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_ADDRESS, CONF_HOST, CONF_PORT, CONF_TYPE
from homeassistant.core import HassJob, HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady, HomeAssistantError

from ..can.lines import async_hold_can
from ..can.pack import async_can_driver, can_params
from ..const import (
    CONF_CAPACITY,
    CONF_CELLS,
    CONF_CHEMISTRY,
    CONF_MODEL,
    CONF_PARTS,
    CONF_SEED,
    CONF_SERIAL_NUMBER,
    CONF_SPEED,
    CONF_UNIT_ID,
    DOMAIN,
    TYPE_BLUETOOTH,
    TYPE_CAN,
    TYPE_ENTITIES,
    TYPE_PARTS,
    TYPE_RTU_OVER_TCP,
    TYPE_SERIAL,
    TYPE_TCP,
    TYPE_VIRTUAL,
)
from ..core.model import ConfigError
from ..helpers import link_params
from ..hw.devices import DEVICES, Device
from ..hw.driver import Driver
from ..hw.parts import PartsDriver
from ..hw.parts_config import Member, parts_from_data
from ..hw.raw_coil import able
from ..hw.virtual import VirtualHost
from ..links.lines import async_hold_line, async_keep_off
from ..links.meter import LinkMeter
from ..links.order import async_lane
from ..texts import refusal_words
from .bluetooth import bluetooth_driver
from .entity_pack import EntityDriver
from .parts_permit import permission

if TYPE_CHECKING:
    from modbus_connection import ModbusUnit

    from ..store import HomeBmsStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How one pack is read and written."""

    driver: Driver
    meter: LinkMeter | None = None
    """Of its transactions, where there is a link of its own."""
    host: VirtualHost | None = None
    """The simulation behind a virtual pack."""
    remember: Callable[[HomeBmsStore], None] | None = None
    """Takes over what an earlier run has kept of how it found the pack, and has that kept from now on."""


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
    device = DEVICES[subentry.data[CONF_MODEL]]
    unit = borrowed(hass, entry, subentry.title, subentry.data, meter, device)
    return Source(driver=device.driver(unit), meter=meter)


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
    unit = borrowed(hass, entry, subentry.title, link, meter, DEVICES[data[CONF_MODEL]])
    # Nobody shares the bus of a virtual pack, so there is no silence to keep on it.
    return Source(driver=DEVICES[data[CONF_MODEL]].driver(unit, spacing=0.0), meter=meter, host=host)


async def async_open_bluetooth(
    hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry, undo: AsyncExitStack
) -> Source:
    """Open a pack on Bluetooth; one that is not heard yet is looked for at every tick."""
    driver = bluetooth_driver(hass, subentry.data[CONF_ADDRESS], subentry.data[CONF_MODEL])
    undo.push_async_callback(driver.async_close)
    entry.async_on_unload(driver.async_close)
    # An adapter would go on holding the connection, and the pack would be silent at the next start.
    entry.async_on_unload(hass.async_add_shutdown_job(HassJob(driver.async_close, "home_bms Bluetooth")))
    return Source(driver=driver)


async def async_open_entities(
    hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry, undo: AsyncExitStack
) -> Source:
    """Open a pack that Home Assistant has already; its entities have no link of home_bms's own."""
    del entry, undo
    driver = EntityDriver(hass, subentry.data, identity=subentry.data[CONF_SERIAL_NUMBER])
    return Source(driver=driver, remember=partial(driver.async_remember, pack_id=subentry.subentry_id))


async def async_open_parts(
    hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry, undo: AsyncExitStack
) -> Source:
    """Open every member of a pack that is built from parts; one meter counts for all of them."""
    del undo
    meter = LinkMeter()

    def connect(member: Member, unit_id: int) -> ModbusUnit:
        link = {**parts.links[member.link], CONF_UNIT_ID: unit_id}
        return borrowed(hass, entry, subentry.title, link, meter, DEVICES[member.device])

    try:
        parts = parts_from_data(subentry.data[CONF_PARTS])
        driver = PartsDriver(parts, connect, permit=permission(entry, subentry.subentry_id))
    except ConfigError as err:
        raise _invalid(hass, subentry, err) from err
    return Source(driver=driver, meter=meter)


async def async_open_can(
    hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry, undo: AsyncExitStack
) -> Source:
    """Open a pack on a CAN bus, which all that are on it share; the last one closes it."""
    try:
        link, release = async_hold_can(hass, can_params(subentry.data))
    except ConfigError as err:
        raise _invalid(hass, subentry, err) from err
    except HomeAssistantError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="link_settings_in_use",
            translation_placeholders={"name": subentry.title, "error": str(err)},
        ) from err
    undo.push_async_callback(release)
    entry.async_on_unload(release)
    try:
        driver = await async_can_driver(hass, subentry.data, link)
    except ConfigError as err:
        raise _invalid(hass, subentry, err) from err
    undo.push_async_callback(driver.async_close)
    # Called last one first, so that the driver leaves the bus before it closes.
    entry.async_on_unload(driver.async_close)
    return Source(driver=driver)


def _invalid(hass: HomeAssistant, subentry: ConfigSubentry, err: ConfigError) -> ConfigEntryError:
    """Return what tells that a pack's settings cannot be."""
    return ConfigEntryError(
        translation_domain=DOMAIN,
        translation_key="invalid_pack",
        translation_placeholders={"name": subentry.title, "error": refusal_words(hass, err)},
    )


def borrowed(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    name: str,
    link: Mapping[str, Any],
    meter: LinkMeter,
    device: Device,
) -> ModbusUnit:
    """Return a unit on the link that Home Assistant shares, or on a line of home_bms's own where the device needs one.

    It is given back when the entry unloads. It takes turns with the other units there, and `meter` counts what it asks.
    Raises ConfigEntryError if the link is in use with other settings; `name` is the pack's.
    """
    params, unit_id = link_params(link), link[CONF_UNIT_ID]
    try:
        if device.own_line:
            unit, release = async_hold_line(hass, link, device)
            entry.async_on_unload(release)
        else:
            async_keep_off(hass, params)
            # Relay boards need coils with words of their own, which the link itself must send.
            unit = able(async_get_unit(hass, entry, params, unit_id))
    except HomeAssistantError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="link_settings_in_use",
            translation_placeholders={"name": name, "error": str(err)},
        ) from err
    if device.broadcast is not None:
        # It asks nothing, so it takes no turns.
        return unit
    lane = async_lane(hass, params, meter.around(unit), unit_id)
    entry.async_on_unload(lane.leave)
    return lane.unit


SOURCES: Final[Mapping[str, Opener]] = MappingProxyType(
    {
        TYPE_VIRTUAL: async_open_virtual,
        TYPE_TCP: async_open_modbus,
        TYPE_RTU_OVER_TCP: async_open_modbus,
        TYPE_SERIAL: async_open_modbus,
        TYPE_ENTITIES: async_open_entities,
        TYPE_BLUETOOTH: async_open_bluetooth,
        TYPE_CAN: async_open_can,
        TYPE_PARTS: async_open_parts,
    }
)
"""By the type of a pack's settings."""
