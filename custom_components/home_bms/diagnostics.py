"""Collects what a bug report needs, without what identifies the user's hardware."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_ADDRESS, CONF_DEVICE, CONF_HOST
from homeassistant.core import HomeAssistant

from .black_boxes import URL
from .const import CONF_HARDWARE_RING, CONF_SERIAL_NUMBER
from .coordinator import HomeBmsConfigEntry, PackCoordinator
from .core.battery import Ageing, Estimate
from .core.model import PackState, Snapshot
from .helpers import plain
from .learned_view import summary

TO_REDACT: Final = {CONF_SERIAL_NUMBER, CONF_ADDRESS, CONF_HOST, CONF_DEVICE, "unique_id"}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
) -> dict[str, Any]:
    """Return the system's decision and everything about each pack."""
    runtime = entry.runtime_data
    return {
        "control_allowed": runtime.control_allowed,
        "store": {"lost": runtime.store.lost, "failed": runtime.store.failed, "gap": runtime.store.gap},
        "system": plain(runtime.system.data),
        "packs": [{**_pack(pack), "black_boxes": await _black_boxes(pack)} for pack in runtime.packs.values()],
    }


def _pack(pack: PackCoordinator) -> dict[str, Any]:
    """Return all that is known of one pack; times are monotonic seconds, as core reckons them."""
    return {
        "settings": async_redact_data(dict(pack.subentry.data), TO_REDACT),
        "hardware_ring": plain(pack.subentry.data.get(CONF_HARDWARE_RING, {})),
        "capabilities": plain(pack.capabilities),
        "config": plain(pack.config),
        "snapshot": plain(_lean(pack.latest)),
        "state": plain(_lean(pack.supervisor.state)),
        "learned": plain(summary(pack.latest.estimate)),
        "power": plain(pack.view.power(pack.latest)),
        "statistics": plain(pack.statistics),
    }


def _lean[PartT: Snapshot | PackState](part: PartT) -> PartT:
    """Return the same without what is learned, thousands of numbers: `export_learned` gives them to who wants them."""
    estimate: Estimate = part.estimate
    life = replace(estimate.life, ageing=Ageing())
    return replace(part, estimate=replace(estimate, knowledge=None, life=life))


async def _black_boxes(pack: PackCoordinator) -> dict[str, Any]:
    """Return what a protection left behind, and where an administrator can fetch it."""
    return {
        "address": URL,
        "ticks": len(pack.supervisor.black_box),
        "failed": pack.black_boxes.failed,
        "files": plain(tuple(await pack.black_boxes.async_list())),
    }
