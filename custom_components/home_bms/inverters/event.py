"""Tells as an event what home_bms resorts to where an inverter goes on against its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import callback

from ..core.escalation import Escalation, Step
from ..core.model import Flow
from ..entity import HomeBmsEntityDescription, InverterEntity
from ..story import FLOW_NAMES, evidence

ESCALATED: Final = "escalated"
CALMED: Final = "calmed"


@dataclass(frozen=True, kw_only=True)
class EscalationEventDescription(EventEntityDescription, HomeBmsEntityDescription):
    """Describes the event entity of an inverter."""


ESCALATION: Final = EscalationEventDescription(
    key="escalation", translation_key="escalation", event_types=[ESCALATED, CALMED]
)


class EscalationEvent(InverterEntity, EventEntity):
    """What is resorted to for one inverter, and that it is no longer."""

    entity_description: EscalationEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the inverter."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.add_step_listener(self._async_tell))

    @property
    @override
    def shown(self) -> object:
        return None

    @callback
    def _async_tell(self, flow: Flow, now: Escalation, before: Step) -> None:
        """Tell the step, and what the one before did not bring about."""
        told = {"direction": FLOW_NAMES[flow], "step": now.step.name.lower(), "before": before.name.lower()}
        if now.reason is not None:
            told |= {"reason": now.reason.rule, **evidence(now.reason)}
        self._trigger_event(ESCALATED if now.step > before else CALMED, told)
        self.async_write_ha_state()
