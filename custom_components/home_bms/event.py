"""Tells what becomes of protections, leases, inspections and sessions as events, at the tick in which it happens."""

from __future__ import annotations

from typing import Final, override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import EVENT_PROTECTION
from .core.lease_force import Became, Change
from .core.model import Alarm
from .core.protection import PROTECTION_KEYS
from .entity import SystemEntity
from .event_entity import PackTellingDescription, PackTellingEntity, TellingDescription, TellingEntity
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


LEASE: Final = TellingDescription(key="lease", translation_key="lease", event_types=[became.value for became in Became])
PROTECTION: Final = PackTellingDescription(key="protection", translation_key="protection", event_types=EVENT_TYPES)


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


class LeaseEvent(TellingEntity, SystemEntity):
    """What becomes of the leases of a system."""

    entity_description: TellingDescription

    @override
    def _listen(self) -> CALLBACK_TYPE:
        return self.coordinator.leases.add_listener(self._async_tell)

    @callback
    def _async_tell(self, change: Change) -> None:
        """Tell what became of a lease."""
        self._async_happened(change.became.value, change_facts(change))


class ProtectionEvent(PackTellingEntity):
    """The protections of one pack."""

    # It follows from the others.
    _unrecorded_attributes = frozenset({"message"})

    @override
    def _listen(self) -> CALLBACK_TYPE:
        return self.coordinator.news.add_event_listener(self._async_tell)

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
        self._async_happened(event_type, told | {"message": tell(self.hass, told)})
        self._async_fire(EVENT_PROTECTION, told)
