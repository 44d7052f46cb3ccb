"""Makes the link to an inverter from its settings, however it is reached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TYPE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, HomeAssistantError

from ..can.lines import async_hold_can
from ..const import (
    CONF_CAN,
    CONF_DISCHARGE_POWER,
    CONF_MODEL,
    CONF_OPTIONS,
    CONF_PEERS,
    CONF_SERIAL_NUMBER,
    CONF_SERVER,
    CONF_SETPOINT_SIGN,
    CONF_UNIT_ID,
    DOMAIN,
    RELEASE_TIMEOUT,
    TYPE_CAN,
    TYPE_ENTITIES,
    TYPE_RTU_OVER_TCP,
    TYPE_SERIAL,
    TYPE_SERVER,
    TYPE_TCP,
)
from ..core.model import ConfigError
from ..hw.can import CanLink
from ..hw.can_params import params_from_data
from ..hw.devices import DEVICES
from ..hw.inverters.can_inverter import RELEASE_FOR
from ..hw.inverters.inverter import NO_MEMORY, Inverter, Keep, Memory
from ..hw.inverters.modbus import MODBUS_INVERTERS
from ..hw.inverters.presets import CAN_INVERTERS
from ..hw.read_server import networks
from ..hw.shown_pack import ShownPack, shown_pack
from ..hw.sunspec_server import ServerConfig, SunSpecServer
from ..links.meter import LinkMeter
from ..packs.sources import borrowed
from ..system_coordinator import SystemCoordinator
from ..texts import refusal_words
from .entity_inverter import EntityInverter
from .issues import async_judge_options
from .served_battery import ServedBattery


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """How one inverter is told and read."""

    link: Inverter
    name: str
    """What kind of inverter it is."""
    memory: Memory = NO_MEMORY
    """What the last link has left behind."""
    can: CanLink | None = None
    meter: LinkMeter | None = None
    release_within: float = RELEASE_TIMEOUT
    """s that the last hand-back may take."""
    reads_only: bool = False
    """Nothing is written to anybody, so that it needs no permission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What an opener has at hand; the stack undoes it should setting up fail half-way."""

    hass: HomeAssistant
    entry: ConfigEntry[Any]
    subentry: ConfigSubentry
    system: SystemCoordinator
    undo: AsyncExitStack
    memory: Memory
    keep: Keep

    @property
    def data(self) -> Mapping[str, Any]:
        """The settings."""
        return self.subentry.data


type Opener = Callable[[Opening], Awaitable[Opened]]
"""Opens an inverter for as long as the entry is loaded. Raises ConfigEntryError."""


async def async_open_modbus(opening: Opening) -> Opened:
    """Open an inverter on a Modbus link that Home Assistant shares."""
    data, meter = opening.data, LinkMeter()
    row = MODBUS_INVERTERS[data[CONF_MODEL]]
    unit = borrowed(opening.hass, opening.entry, opening.subentry.title, data, meter, DEVICES[row.key])
    link = row.create(
        unit, memory=opening.memory, keep=opening.keep, clock=opening.hass.loop.time, **modbus_options(data)
    )
    return Opened(link=link, name=row.name, memory=opening.memory, meter=meter)


def modbus_options(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what else a link on Modbus is made with."""
    if data[CONF_MODEL] != "sunspec":
        return {}
    sign = data.get(CONF_SETPOINT_SIGN)
    return {
        "discharge_max": data.get(CONF_DISCHARGE_POWER),
        "setpoint_sign": None if sign is None else int(sign),
    }


async def async_open_can(opening: Opening) -> Opened:
    """Open an inverter on a CAN bus, which all that are on it share."""
    data = opening.data
    row = CAN_INVERTERS[data[CONF_MODEL]]
    try:
        can, release = async_hold_can(opening.hass, params_from_data(data[CONF_CAN]))
    except ConfigError as err:
        raise _invalid(opening, err) from err
    except HomeAssistantError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="link_settings_in_use",
            translation_placeholders={"name": opening.subentry.title, "error": str(err)},
        ) from err
    opening.undo.push_async_callback(release)
    opening.entry.async_on_unload(release)
    try:
        link = row.create(can, options=data.get(CONF_OPTIONS, {}), clock=opening.hass.loop.time)
    except ConfigError as err:
        raise _invalid(opening, err) from err
    # Zero limits go on for a while before the silence, or some inverters never get to follow them.
    return Opened(link=link, name=row.name, can=can, release_within=RELEASE_FOR + RELEASE_TIMEOUT)


async def async_open_entities(opening: Opening) -> Opened:
    """Open an inverter that Home Assistant has already."""
    subentry = opening.subentry
    judge = partial(
        async_judge_options,
        opening.hass,
        entry_id=opening.entry.entry_id,
        subentry_id=subentry.subentry_id,
        name=subentry.title,
    )
    opening.entry.async_on_unload(partial(judge, entity="", gone=()))
    link = EntityInverter(
        opening.hass,
        opening.data,
        memory=opening.memory,
        keep=opening.keep,
        on_lacking=lambda entity, gone: judge(entity=entity, gone=gone),
    )
    return Opened(link=link, name=opening.data[CONF_MODEL], memory=opening.memory)


async def async_open_server(opening: Opening) -> Opened:
    """Open the SunSpec server; it listens from its first look on."""
    try:
        server = SunSpecServer(server_config(opening.data[CONF_SERVER]), clock=opening.hass.loop.time)
    except ValueError as err:
        raise _invalid(opening, err) from err
    opening.undo.push_async_callback(server.async_stop)
    opening.entry.async_on_unload(server.async_stop)

    def shown() -> list[ShownPack]:
        return [
            shown_pack(pack.config, pack.latest, pack.subentry.data.get(CONF_SERIAL_NUMBER, ""))
            for pack in opening.system.packs.values()
        ]

    link = ServedBattery(server, shown, opening.hass.loop.time)
    return Opened(link=link, name="SunSpec server", reads_only=True)


def server_config(data: Mapping[str, Any]) -> ServerConfig:
    """Return where the battery is served, and to whom. Raises ValueError."""
    return ServerConfig(
        host=data[CONF_HOST],
        port=int(data[CONF_PORT]),
        unit_id=int(data[CONF_UNIT_ID]),
        base=int(data["base"]),
        permitted=networks(data.get(CONF_PEERS, "")),
    )


def _invalid(opening: Opening, err: Exception) -> ConfigEntryError:
    error = refusal_words(opening.hass, err) if isinstance(err, ConfigError) else str(err)
    return ConfigEntryError(
        translation_domain=DOMAIN,
        translation_key="invalid_inverter",
        translation_placeholders={"name": opening.subentry.title, "error": error},
    )


OPENERS: Final[Mapping[str, Opener]] = MappingProxyType(
    {
        TYPE_TCP: async_open_modbus,
        TYPE_RTU_OVER_TCP: async_open_modbus,
        TYPE_SERIAL: async_open_modbus,
        TYPE_CAN: async_open_can,
        TYPE_ENTITIES: async_open_entities,
        TYPE_SERVER: async_open_server,
    }
)
"""By the type of an inverter's settings."""


async def async_open(opening: Opening) -> Opened:
    """Open an inverter by its settings. Raises ConfigEntryError."""
    return await OPENERS[opening.data[CONF_TYPE]](opening)
