"""Tells Home Assistant's system page how home_bms is doing."""

from __future__ import annotations

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .core.model import Level
from .runtime import HomeBmsConfigEntry
from .watching import Link


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:  # noqa: ARG001
    """Register the information."""
    register.async_register_info(system_health_info)


async def system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return the figures over all battery systems; the cycle time is the slowest pack's, in ms."""
    entries: list[HomeBmsConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    packs = [pack for entry in entries for pack in entry.runtime_data.packs.values()]
    statistics = [pack.statistics for pack in packs]
    worst = max((pack.latest.decision.worst for pack in packs), default=Level.OK)
    cycle_time = max((figures.cycle_time or 0.0 for figures in statistics), default=0.0)
    return {
        "packs": len(packs),
        "packs_answering": sum(figures.link is Link.ANSWERING for figures in statistics),
        "control_allowed": sum(entry.runtime_data.control_allowed for entry in entries),
        "worst_level": worst.name.lower(),
        "cycle_time": f"{cycle_time * 1000:.0f} ms",
        "failed_reads": sum(figures.failed_reads for figures in statistics),
        "late_ticks": sum(figures.late_ticks for figures in statistics),
    }
