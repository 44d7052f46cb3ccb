"""Collects what a bug report about CAN needs, without where a bus is."""

from __future__ import annotations

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..const import CONF_CAN
from ..hw.can import CanLink
from ..hw.can_driver import CanDriver
from ..hw.can_params import CanParams
from .captures import Capture, async_kept
from .pack import can_params


def bus_facts(link: CanLink) -> dict[str, Any]:
    """Return how a bus is and who speaks there."""
    # In words its failure names the bus, which may be somebody's address.
    return {**link.shown(), "failure": None if link.failure is None else link.failure.key}


def pack_facts(driver: CanDriver | None) -> dict[str, Any] | None:
    """Return how the bus of a pack is, and what the pack says there, if it is on one."""
    if driver is None:
        return None
    return {
        **bus_facts(driver.link),
        "node": driver.node,
        "nodes": sorted(driver.nodes),
        "contested": driver.contested,
        "broken": driver.broken,
        # Texts are names and serial numbers.
        "told": {name: value for name, value in driver.shown().items() if _no_name(name, value)},
    }


def captures(hass: HomeAssistant, entry: ConfigEntry[Any]) -> list[dict[str, Any]]:
    """Return the newest record of each bus of a battery system."""
    buses = [can_params(part.data) for part in entry.subentries.values() if CONF_CAN in part.data]
    found = {bus.key: (bus, kept) for bus in buses if (kept := async_kept(hass, bus.key)) is not None}
    return [_capture(bus, kept) for bus, kept in found.values()]


def _capture(bus: CanParams, kept: Capture) -> dict[str, Any]:
    lines = kept.candump.splitlines()
    return {
        "interface": str(bus.interface),
        "bitrate": bus.bitrate,
        "at": kept.at.isoformat(),
        "frames": len(lines),
        "complete": kept.complete,
        "candump": [_anonymous(line) for line in lines],
    }


def _anonymous(line: str) -> str:
    """Return a line without the name of the bus, which may be an address or a serial number."""
    time, _, frame = line.split(" ", 2)
    return f"{time} can {frame}"


def _no_name(name: str, value: object) -> bool:
    return not isinstance(value, str) and "serial" not in name
