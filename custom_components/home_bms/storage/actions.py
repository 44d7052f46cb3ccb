"""Lets automations and people rest a battery system, and end it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import probatio as vol
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..core.model import ConfigError
from ..core.storage import BANDS, Purpose, Rest
from ..helpers import refused
from ..leases.words import shown_time
from ..targets import system_of

ATTR_PURPOSE: Final = "purpose"
ATTR_SOC: Final = "soc"
ATTR_LOWEST: Final = "lowest"
ATTR_HIGHEST: Final = "highest"
ATTR_UNTIL: Final = "until"

# Ranges are core's to judge, which names the permitted one.
START_STORAGE: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_PURPOSE, default=Purpose.STORAGE.value): vol.In([purpose.value for purpose in Purpose]),
    vol.Optional(ATTR_SOC): vol.Coerce(float),
    vol.Optional(ATTR_LOWEST): vol.Coerce(float),
    vol.Optional(ATTR_HIGHEST): vol.Coerce(float),
    vol.Optional(ATTR_UNTIL): cv.datetime,
}


async def async_start_storage(hass: HomeAssistant, call: ServiceCall) -> None:
    """Let a battery rest; what was asked before is asked no more."""
    rest = _rest(call.data)
    try:
        await system_of(hass, call).async_rest(rest)
    except ConfigError as err:
        raise refused(_readable(err)) from err


async def async_stop_storage(hass: HomeAssistant, call: ServiceCall) -> None:
    """Let a battery work again."""
    await system_of(hass, call).async_rest(None)


def _rest(data: Mapping[str, Any]) -> Rest:
    """Return what is asked for. Raises ServiceValidationError for two answers to one question."""
    purpose = Purpose(data[ATTR_PURPOSE])
    lowest, highest = BANDS[purpose]
    if (soc := data.get(ATTR_SOC)) is not None:
        if ATTR_LOWEST in data or ATTR_HIGHEST in data:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="two_charges")
        lowest = highest = soc
    until: datetime | None = data.get(ATTR_UNTIL)
    return Rest(
        purpose=purpose,
        lowest=data.get(ATTR_LOWEST, lowest),
        highest=data.get(ATTR_HIGHEST, highest),
        until=None if until is None else dt_util.as_utc(until).timestamp(),
    )


def _readable(err: ConfigError) -> ConfigError:
    """Return the same with times as times."""
    if err.field != ATTR_UNTIL:
        return err
    return ConfigError(err.key, err.field, **{key: shown_time(float(value)) for key, value in err.placeholders.items()})
