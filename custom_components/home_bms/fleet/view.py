"""Shows a battery system to a remote operator."""

from __future__ import annotations

from typing import Final

from homeassistant.const import CONF_TYPE
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_loaded_integration

from ..const import DOMAIN, PUBLISH_LATEST, TYPE_VIRTUAL
from ..coordinator import PackCoordinator
from ..core.lease_force import Change
from ..core.model import Alarm
from ..helpers import device_name, device_of
from ..runtime import HomeBmsConfigEntry
from ..story import facts, tell
from ..system_coordinator import SystemCoordinator
from ..web.pack import pack_shown
from ..web.system import system_shown
from ..web.why import Clock, alarm_shown
from .schema import FORMAT, PackEvent, PackIdentity, PackState, SystemEvent, SystemIdentity, SystemState, Will
from .settings import FleetSettings

# A look that is late is no reason to worry; three in a row are.
EXPIRES: Final = 3 * PUBLISH_LATEST
"""s after which what was told has to be taken for unknown."""


def identity(
    hass: HomeAssistant, entry: HomeBmsConfigEntry, settings: FleetSettings, will: Will | None
) -> SystemIdentity:
    """Return who the system and its packs are; serial numbers only where the user wants that."""
    packs = entry.runtime_data.packs
    return SystemIdentity(
        format=FORMAT,
        id=entry.entry_id,
        name=device_name(device_of(hass, entry.entry_id, entry.entry_id), entry.title),
        version=str(async_get_loaded_integration(hass, DOMAIN).version),
        will=will,
        commands=settings.commands,
        owner=settings.owner,
        longest=60.0 * settings.longest,
        packs=[_pack(hass, entry, key, pack, hardware=settings.hardware) for key, pack in packs.items()],
    )


def _pack(
    hass: HomeAssistant, entry: HomeBmsConfigEntry, key: str, pack: PackCoordinator, *, hardware: bool
) -> PackIdentity:
    config, device = pack.config, pack.device_info
    return PackIdentity(
        id=key,
        name=device_name(device_of(hass, entry.entry_id, key), pack.name),
        manufacturer=device.get("manufacturer"),
        model=device.get("model"),
        firmware=device.get("sw_version"),
        serial_number=device.get("serial_number") if hardware else None,
        chemistry=config.chemistry,
        cells=config.cells,
        sensors=config.temperature_sensors,
        capacity=config.capacity,
        charge_current=config.charge_current,
        discharge_current=config.discharge_current,
        virtual=pack.subentry.data[CONF_TYPE] == TYPE_VIRTUAL,
    )


def pack_state(clock: Clock, pack: PackCoordinator) -> PackState:
    """Return one look at a pack."""
    return PackState(expires=clock.now() + EXPIRES, now=pack_shown(clock, pack))


def system_state(hass: HomeAssistant, clock: Clock, system: SystemCoordinator) -> SystemState:
    """Return one look at the battery."""
    return SystemState(expires=clock.now() + EXPIRES, now=system_shown(hass, clock, system))


def pack_event(clock: Clock, pack: PackCoordinator, became: str, alarm: Alarm, root: Alarm) -> PackEvent:
    """Return what became of a protection."""
    told = facts(alarm, became, root, acting=pack.control_allowed, device_alarms=pack.latest.reading.alarms)
    return PackEvent(
        time=clock.now(),
        became=became,
        severity=told["severity"],
        acting=told["acting"],
        alarm=alarm_shown(clock, alarm),
        root=root.key,
        words=tell(pack.hass, told),
    )


def system_event(clock: Clock, change: Change) -> SystemEvent:
    """Return what became of a lease."""
    lease = change.held.lease
    return SystemEvent(
        time=clock.now(),
        became=change.became.value,
        owner=lease.owner,
        name=lease.name,
        reason=lease.reason,
        until=change.held.span.end,
        part=None if change.part is None else change.part.value,
        by=None if change.by is None else change.by.owner,
    )
