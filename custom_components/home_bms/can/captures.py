"""Keeps the newest record of each CAN bus for the diagnostics file, in memory alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

KEPT_MOST: Final = 1_000_000
"""Characters of a record that is kept, some 20,000 frames."""
BUSES_MOST: Final = 4
"""Buses whose records are kept; the oldest gives way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A record as `candump -L` writes it."""

    at: datetime
    """When it was begun."""
    candump: str
    complete: bool
    """Whether nothing was cut off."""


_CAPTURES: Final[HassKey[dict[str, Capture]]] = HassKey(f"{DOMAIN}_can_captures")
"""By the key of the bus, the newest last."""


def shortened(text: str, most: int) -> tuple[str, bool]:
    """Return as many whole lines as fit into `most` characters, and whether those are all."""
    if len(text) <= most:
        return text, True
    return text[: text.rfind("\n", 0, most) + 1], False


@callback
def async_keep(hass: HomeAssistant, bus: str, at: datetime, text: str) -> None:
    """Keep the record of a bus in place of the one before."""
    captures = hass.data.setdefault(_CAPTURES, {})
    captures.pop(bus, None)
    candump, complete = shortened(text, KEPT_MOST)
    captures[bus] = Capture(at=at, candump=candump, complete=complete)
    while len(captures) > BUSES_MOST:
        del captures[next(iter(captures))]


@callback
def async_kept(hass: HomeAssistant, bus: str) -> Capture | None:
    """Return the newest record of a bus."""
    return hass.data.get(_CAPTURES, {}).get(bus)
