"""Tells as an event what home_bms resorts to where an inverter goes on against its limits."""

from __future__ import annotations

from typing import Final, override

from homeassistant.core import CALLBACK_TYPE, callback

from ..core.escalation import Escalation, Step
from ..core.model import Flow
from ..entity import InverterEntity
from ..event_entity import TellingDescription, TellingEntity
from ..story import FLOW_NAMES, evidence

ESCALATED: Final = "escalated"
CALMED: Final = "calmed"


ESCALATION: Final = TellingDescription(key="escalation", translation_key="escalation", event_types=[ESCALATED, CALMED])


class EscalationEvent(TellingEntity, InverterEntity):
    """What is resorted to for one inverter, and that it is no longer."""

    entity_description: TellingDescription

    @override
    def _listen(self) -> CALLBACK_TYPE:
        return self.coordinator.add_step_listener(self._async_tell)

    @callback
    def _async_tell(self, flow: Flow, now: Escalation, before: Step) -> None:
        """Tell the step, and what the one before did not bring about."""
        told = {"direction": FLOW_NAMES[flow], "step": now.step.name.lower(), "before": before.name.lower()}
        if now.reason is not None:
            told |= {"reason": now.reason.rule, **evidence(now.reason)}
        self._async_happened(ESCALATED if now.step > before else CALMED, told)
