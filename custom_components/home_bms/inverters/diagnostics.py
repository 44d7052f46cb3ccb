"""Collects what a bug report about an inverter needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from homeassistant.components.diagnostics import async_redact_data

from ..can.diagnostics import bus_facts
from ..documents import plain
from .coordinator import InverterCoordinator


def inverter_facts(inverter: InverterCoordinator, redacted: Iterable[str]) -> dict[str, Any]:
    """Return all that is known of one inverter, without the settings that identify it."""
    opened, can = inverter.opened, inverter.opened.can
    return {
        "settings": async_redact_data(dict(inverter.subentry.data), redacted),
        "kind": opened.name,
        "abilities": [ability.name for ability in inverter.link.abilities],
        "problems": sorted(inverter.link.problems),
        "shown": plain(getattr(inverter.link, "facts", {})),
        "memory": plain(inverter.link.memory),
        "delivers": inverter.delivers,
        "share": inverter.share,
        "view": plain(inverter.data),
        "statistics": plain(inverter.statistics),
        "can": None if can is None else bus_facts(can),
        "link_quality": None if opened.meter is None else opened.meter.quality,
    }
