"""Records what passes on a CAN bus, as a person or a bug report wants it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import probatio as vol
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry
from homeassistant.util import dt as dt_util

from ..const import CONF_CAN, DOMAIN
from ..hw.can import CanLink
from ..hw.driver import DriverError
from .captures import async_keep, shortened
from .lines import async_held_can
from .pack import can_params

ATTR_DURATION: Final = "duration"
ATTR_KEEP: Final = "keep"
"""Whether the record goes into the diagnostics file too."""
DURATION: Final = timedelta(seconds=60)
"""As long as a bug report needs: the slowest frames come once a minute (`can/06_other_hv.md`)."""
DURATION_MOST: Final = timedelta(minutes=5)
TEXT_MOST: Final = 2_000_000
"""Characters of an answer, which goes through the browser."""

CAPTURE_CAN: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_DURATION, default=DURATION): vol.All(
        cv.time_period, vol.Range(min=timedelta(seconds=1), max=DURATION_MOST)
    ),
    vol.Optional(ATTR_KEEP, default=True): cv.boolean,
}


async def async_capture_can(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Return all that passes in a while, as `candump -L` writes it.

    Raises ServiceValidationError where no single bus is meant, HomeAssistantError if it is not open.
    """
    link, at = _bus(hass, call), dt_util.utcnow()
    try:
        text = await link.capture(call.data[ATTR_DURATION].total_seconds())
    except DriverError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="capture_failed", translation_placeholders={"error": str(err)}
        ) from err
    if call.data[ATTR_KEEP]:
        async_keep(hass, link.params.key, at, text)
    answer, complete = shortened(text, TEXT_MOST)
    return {"candump": answer, "frames": answer.count("\n"), "complete": complete}


@callback
def _bus(hass: HomeAssistant, call: ServiceCall) -> CanLink:
    """Return the bus of a device's pack or inverter, or the only one of a system. Raises ServiceValidationError."""
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    mine = device.config_subentry_id
    links = {
        link.params.key: link
        for key, subentry in entry.subentries.items()
        if mine in (None, key)
        and CONF_CAN in subentry.data
        and (link := async_held_can(hass, can_params(subentry.data))) is not None
    }
    if not links:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_can_bus")
    if len(links) > 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="several_can_buses")
    return next(iter(links.values()))
