"""Collects what a bug report about a grid programme needs."""

from __future__ import annotations

from typing import Any

from homeassistant.components.diagnostics import async_redact_data

from ..documents import plain
from .coordinator import ProgrammeCoordinator
from .settings import PRIVATE


def programme_facts(programme: ProgrammeCoordinator) -> dict[str, Any]:
    """Return all that is known of one programme, without who follows it and where."""
    view = programme.data
    complaint = programme.complaint
    return {
        "settings": async_redact_data(dict(programme.settings), PRIVATE),
        "version": programme.version,
        "registered": programme.registered,
        "connected": view.connected,
        "read": None if view.read is None else view.read.isoformat(),
        "reported": None if view.reported is None else view.reported.isoformat(),
        "error": None if complaint is None else str(complaint),
        "faults": programme.faults,
        "in_force": [plain(lease) for lease, _ in view.held],
        "next": plain(view.coming),
        "price": view.price,
        "ignored": plain(view.ignored),
    }
