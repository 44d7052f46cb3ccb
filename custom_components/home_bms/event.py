"""Tells what becomes of protections, leases, inspections and sessions as events, at the tick in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, ATTR_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import EVENT_PROTECTION
from .core.lease_force import Became, Change
from .core.model import Alarm
from .core.protection import PROTECTION_KEYS
from .entity import HomeBmsEntityDescription, PackEntity, PackEntityDescription, SystemEntity
from .history.session_event import SESSION, SessionEvent
from .inspections.event import INSPECTION, InspectionEvent
from .inverters.event import ESCALATION, EscalationEvent
from .leases.words import change_facts
from .packs.device_change_event import DEVICE_CHANGE, DeviceChangeEvent
from .runtime import HomeBmsConfigEntry
from .story import RELEASED, RESET, facts, tell
from .watching import Trouble

# Nothing is fetched: the supervisors push.
PARALLEL_UPDATES = 0

# A rising protection has its own name, so that an automation can wait for just that one; its end has another.
EVENT_TYPES: Final = [*PROTECTION_KEYS, Trouble.WRITE_FAILED.value, Trouble.INTERNAL_ERROR.value, RELEASED, RESET]


@dataclass(frozen=True, kw_only=True)
class ProtectionEventDescription(EventEntityDescription, PackEntityDescription):
    """Describes the event entity of a pack."""


@dataclass(frozen=True, kw_only=True)
class LeaseEventDescription(EventEntityDescription, HomeBmsEntityDescription):
    """Describes the event entity of a system."""


LEASE: Final = LeaseEventDescription(
    key="lease", translation_key="lease", event_types=[became.value for became in Became]
)
PROTECTION: Final = ProtectionEventDescription(key="protection", translation_key="protection", event_types=EVENT_TYPES)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the event entity of the system, of each pack and of each inverter."""
    system = entry.runtime_data.system
    async_add_entities([LeaseEvent(system, LEASE), InspectionEvent(system, INSPECTION)])
    for subentry_id, pack in entry.runtime_data.packs.items():
        async_add_entities(
            [
                ProtectionEvent(pack, PROTECTION),
                SessionEvent(pack, SESSION),
                DeviceChangeEvent(pack, DEVICE_CHANGE),
            ],
            config_subentry_id=subentry_id,
        )
    for subentry_id, inverter in entry.runtime_data.inverters.items():
        if not inverter.opened.reads_only:
            async_add_entities([EscalationEvent(inverter, ESCALATION)], config_subentry_id=subentry_id)


class LeaseEvent(SystemEntity, EventEntity):
    """What becomes of the leases of a system."""

    entity_description: LeaseEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the leases."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.leases.add_listener(self._async_tell))

    @property
    @override
    def shown(self) -> object:
        return None

    @callback
    def _async_tell(self, change: Change) -> None:
        """Tell what became of a lease."""
        self._trigger_event(change.became.value, dict(change_facts(change)))
        self.async_write_ha_state()


class ProtectionEvent(PackEntity, EventEntity):
    """The protections of one pack."""

    entity_description: ProtectionEventDescription
    # It follows from the others.
    _unrecorded_attributes = frozenset({"message"})

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the pack."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.news.add_event_listener(self._async_tell))

    @property
    @override
    def shown(self) -> object:
        return None

    @callback
    def _async_tell(self, key: str, became: str, alarm: Alarm, root: Alarm) -> None:
        """Tell what became of a protection: as a state for automations, and on the bus for the logbook."""
        told = facts(
            alarm,
            became,
            root,
            acting=self.coordinator.control_allowed,
            device_alarms=self.coordinator.latest.reading.alarms,
        )
        if (drill := self.coordinator.latest.drill) is not None:
            told |= {"drill": drill}
        event_type = became if became in (RELEASED, RESET) else key
        self._trigger_event(event_type, told | {"message": tell(self.hass, told)})
        self.async_write_ha_state()
        device = self.device_entry
        name = self.coordinator.name if device is None else device.name_by_user or device.name
        where = {ATTR_ENTITY_ID: self.entity_id, ATTR_DEVICE_ID: device and device.id, ATTR_NAME: name}
        self.hass.bus.async_fire(EVENT_PROTECTION, where | told, context=self._context)
