"""Shares each CAN bus between all of home_bms that is on it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..hw.can import CanLink
from ..hw.can_params import CanParams
from .watch import CanWatch

type Release = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True, kw_only=True)
class _Bus:
    """A bus, who looks after it, and how many hold it."""

    link: CanLink
    watch: CanWatch
    holds: int = 0


_BUSES: Final[HassKey[dict[str, _Bus]]] = HassKey(f"{DOMAIN}_can_buses")
"""By the key of their parameters."""


@callback
def async_hold_can(hass: HomeAssistant, params: CanParams) -> tuple[CanLink, Release]:
    """Return the link to a bus, and what gives it back, which may be called again; the last one closes the link.

    Raises HomeAssistantError if the bus is in use with other settings.
    """
    buses = hass.data.setdefault(_BUSES, {})
    bus = buses.get(params.key)
    if bus is None:
        link = CanLink(params)
        bus = buses[params.key] = _Bus(link=link, watch=CanWatch(hass, link))
    elif bus.link.params != params:
        raise HomeAssistantError(f"{params.key} is open with other settings: {bus.link.params.data}")
    bus.holds += 1
    held = True

    async def release() -> None:
        nonlocal held
        if not held:
            return
        held = False
        bus.holds -= 1
        if not bus.holds:
            del buses[params.key]
            await bus.watch.async_stop()
            await bus.link.close()

    return bus.link, release


@callback
def async_held_can(hass: HomeAssistant, params: CanParams) -> CanLink | None:
    """Return the link to a bus that is in use already."""
    bus = hass.data.get(_BUSES, {}).get(params.key)
    return None if bus is None else bus.link
