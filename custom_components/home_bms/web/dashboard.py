"""Serves the dashboard to browsers, and has Home Assistant's frontend load it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http.server import StaticPathConfig
from homeassistant.core import HomeAssistant

from ..const import DOMAIN, LOGGER

FILE: Final = Path(__file__).parents[1] / "frontend" / "home-bms.js"
# Of the file's hash in its address: enough that no two versions share one.
_DIGITS: Final = 12


async def async_register_dashboard(hass: HomeAssistant) -> None:
    """Serve the dashboard at an address that changes with its content, so that no browser keeps an old one."""
    try:
        content = await hass.async_add_executor_job(FILE.read_bytes)
    except OSError as err:
        LOGGER.error("The dashboard is missing, install home_bms anew: %s", err)
        return
    url = f"/{DOMAIN}/{sha256(content).hexdigest()[:_DIGITS]}/{FILE.name}"
    await hass.http.async_register_static_paths([StaticPathConfig(url, str(FILE), cache_headers=True)])
    if "frontend" in hass.config.components:
        add_extra_js_url(hass, url)
