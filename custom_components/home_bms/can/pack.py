"""Makes the driver of a pack on a CAN bus from its settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..const import CONF_CAN, CONF_DBC, CONF_DBC_NAME, CONF_INVERTED, CONF_MAPPING, CONF_MODEL, CONF_NODE, CONF_POLLING
from ..core.model import ConfigError
from ..hw.can import CanLink
from ..hw.can_device import CanDevice
from ..hw.can_devices import CAN_DEVICES
from ..hw.can_driver import CanDriver
from ..hw.can_maps import map_of
from ..hw.can_params import CanParams, params_from_data
from ..hw.driver import DriverError
from ..hw.registers import Kind
from ..hw.user_dbc import UserMap, user_device
from ..hw.user_dbc_rows import mapping_from_data
from .lines import async_hold_can

if TYPE_CHECKING:
    from ..hw.can_layout import FrameMap

MODEL_DBC: Final = "can_dbc"
"""The model of a pack that a user describes."""
DBC_MOST: Final = 250_000
"""Characters of a file that a config entry keeps: Home Assistant writes all entries whenever one of them changes."""

PACKS: Final[Mapping[str, CanDevice]] = MappingProxyType(
    {key: device for key, device in CAN_DEVICES.items() if device.kind is Kind.PACK}
    | {key: device for key, device in CAN_DEVICES.items() if device.kind is not Kind.PACK}
)
"""What can be watched as a pack, packs first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFile:
    """A user's DBC that was read."""

    frames: FrameMap
    notices: tuple[tuple[str, Mapping[str, str]], ...]
    """What was put right or left out: translation keys with what a message shows."""


def dbc_text(data: bytes) -> str:
    """Return the text of a user's file; blocks. Raises ConfigError with a key of `FrameMapError`."""
    dbc = import_module("..hw.can_dbc", __package__)
    try:
        text: str = dbc.text_of(data)
    except dbc.FrameMapError as err:
        raise ConfigError(err.key, CONF_DBC, **err.placeholders) from err
    if len(text) > DBC_MOST:
        raise ConfigError("dbc_too_long", CONF_DBC, most=DBC_MOST, length=len(text))
    return text


def read_dbc(name: str, text: str) -> UserFile:
    """Return what a user's file says; blocks. Raises ConfigError with a key of `FrameMapError`."""
    dbc = import_module("..hw.can_dbc", __package__)
    try:
        notices = tuple((notice.key, notice.placeholders) for notice in dbc.parse_dbc(text).notices)
        return UserFile(frames=map_of(name, text), notices=notices)
    except dbc.FrameMapError as err:
        raise ConfigError(err.key, CONF_DBC, **err.placeholders) from err


def can_params(data: Mapping[str, Any]) -> CanParams:
    """Return the bus of a pack's settings. Raises ConfigError."""
    return params_from_data(data[CONF_CAN])


def can_device(data: Mapping[str, Any]) -> tuple[CanDevice, UserMap | None]:
    """Return the device of a pack's settings, with its own frame map where a user brought one; blocks.

    Raises ConfigError.
    """
    if data[CONF_MODEL] != MODEL_DBC:
        try:
            return CAN_DEVICES[data[CONF_MODEL]], None
        except KeyError:
            raise ConfigError("can_unknown_device", CONF_MODEL, device=data[CONF_MODEL]) from None
    mapping = mapping_from_data(data[CONF_MAPPING])
    frames = UserMap(read_dbc(data[CONF_DBC_NAME], data[CONF_DBC]).frames, mapping)
    return user_device(MODEL_DBC, data[CONF_DBC_NAME], frames, mapping), frames


async def async_can_driver(hass: HomeAssistant, data: Mapping[str, Any], link: CanLink) -> CanDriver:
    """Return the driver of a pack's settings. Raises ConfigError."""
    device, frames = await hass.async_add_executor_job(can_device, data)
    return CanDriver(
        device,
        link,
        node=data.get(CONF_NODE),
        inverted=data.get(CONF_INVERTED, False),
        polling=data.get(CONF_POLLING, False),
        # The driver only decodes with it, which a user's map does the same way.
        frames=cast("FrameMap | None", frames),
    )


@asynccontextmanager
async def async_can_look(hass: HomeAssistant, data: Mapping[str, Any]) -> AsyncIterator[CanDriver]:
    """Have a driver for a while, on the bus that others may use too.

    Raises ConfigError, and DriverError if the bus is in use with other settings.
    """
    try:
        link, release = async_hold_can(hass, can_params(data))
    except HomeAssistantError as err:
        raise DriverError("link_in_use", str(err)) from err
    try:
        driver = await async_can_driver(hass, data, link)
        try:
            yield driver
        finally:
            await driver.async_close()
    finally:
        await release()
