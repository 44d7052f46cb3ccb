"""Collects what a bug report needs, without what identifies the user's hardware."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import CONF_ADDRESS, CONF_DEVICE, CONF_HOST
from homeassistant.core import HomeAssistant

from .black_boxes import URL
from .can.diagnostics import captures, pack_facts
from .const import CONF_DBC, CONF_HARDWARE_RING, CONF_PEERS, CONF_SERIAL_NUMBER
from .coordinator import PackCoordinator
from .core.battery import Ageing, Estimate
from .core.device_log import Kind
from .core.model import PackState, Snapshot
from .documents import plain
from .flow.can_forms import CONF_CHANNEL
from .inspections.actions import inspection_facts
from .inverters.diagnostics import inverter_facts
from .learned_view import summary
from .leases.words import book_facts
from .programmes.diagnostics import programme_facts
from .reports.files import URL as REPORTS_URL
from .reports.files import async_files
from .runtime import HomeBmsConfigEntry
from .storage.entities import storage_details

TO_REDACT: Final = {
    CONF_SERIAL_NUMBER,
    CONF_ADDRESS,
    CONF_HOST,
    CONF_DEVICE,
    CONF_CHANNEL,
    CONF_DBC,
    CONF_PEERS,
    "unique_id",
    "fingerprint",
}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant,
    entry: HomeBmsConfigEntry,
) -> dict[str, Any]:
    """Return the system's decision and everything about each pack."""
    runtime = entry.runtime_data
    return {
        "control_allowed": runtime.control_allowed,
        "store": {"lost": runtime.store.lost, "failed": runtime.store.failed, "gap": runtime.store.gap},
        "system": plain(runtime.system.data),
        "leases": book_facts(runtime.system.leases),
        "storage": storage_details(runtime.system),
        "inspections": async_redact_data(inspection_facts(hass, runtime), TO_REDACT | {"by", "note"}),
        "inverters": [inverter_facts(inverter, TO_REDACT) for inverter in runtime.inverters.values()],
        "programmes": [programme_facts(programme) for programme in runtime.programmes.values()],
        "packs": [
            {**_pack(pack), "can": pack_facts(pack.can), "black_boxes": await _black_boxes(pack)}
            for pack in runtime.packs.values()
        ],
        "can_captures": captures(hass, entry),
        "reports": {"address": REPORTS_URL, "files": plain(tuple(await async_files(hass)))},
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
        "parts": _parts(pack),
        "changes": _changes(pack),
    }


def _changes(pack: PackCoordinator) -> list[Any]:
    """Return what has changed in the device; serial numbers only as that they did."""
    return [
        plain(replace(change, before=REDACTED, after=REDACTED) if change.kind is Kind.SERIAL_NUMBER else change)
        for change in pack.changes.log.changes
    ]


def _parts(pack: PackCoordinator) -> dict[str, Any] | None:
    """Return what a pack is built from, if it is, and what is wrong with that."""
    if (driver := pack.parts) is None:
        return None
    return {
        "problems": [plain(problem) for problem in driver.problems],
        # The settings have the kind of each device redacted, for it is called as a serial port is.
        "devices": {row.name: row.device for row in driver.parts.members},
        "troubles": {name: err.key for name, err in driver.troubles.items()},
        "switches": {name: plain(relay) for name, relay in driver.extra_switches.items()},
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
