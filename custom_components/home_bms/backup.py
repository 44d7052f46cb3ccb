"""Sees that a backup of Home Assistant holds what home_bms knows now, not what it wrote last."""

from __future__ import annotations

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .runtime import HomeBmsRuntimeData


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Write what is due later, up to a quarter of an hour of it; the files themselves are in the backup anyway."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        runtime: HomeBmsRuntimeData = entry.runtime_data
        await runtime.store.async_save()
        await runtime.learned.async_save()
        for pack in runtime.packs.values():
            await pack.black_boxes.async_settle()


async def async_post_backup(hass: HomeAssistant) -> None:
    """Nothing was held back for the backup, so there is nothing to let go."""
