"""Shows how far a pack's commissioning is as a sensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import EntityCategory

from ..core.commissioning import Aspect, State
from ..entity import PackEntity, PackEntityDescription


@dataclass(frozen=True, kw_only=True)
class CommissioningDescription(SensorEntityDescription, PackEntityDescription):
    """Describes it."""


COMMISSIONING: Final = CommissioningDescription(
    key="commissioning",
    translation_key="commissioning",
    device_class=SensorDeviceClass.ENUM,
    options=[state.value for state in State],
    entity_category=EntityCategory.DIAGNOSTIC,
)


class CommissioningSensor(PackEntity, SensorEntity):
    """How far it is, and what came of each step; whether a drill is on."""

    entity_description: CommissioningDescription
    _unrecorded_attributes = frozenset({"steps", "changed", "self_test", "self_test_at", "report"})

    @property
    @override
    def shown(self) -> str:
        return self.coordinator.commissioning.state.value

    @property
    @override
    def native_value(self) -> str:
        """Return the state."""
        return self.shown

    @property
    @override
    def remark(self) -> object:
        """Return all that the attributes are made of."""
        commissioning = self.coordinator.commissioning
        return self.snapshot.drill, commissioning.record, commissioning.basis, commissioning.selftest_at

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the steps, what has changed since, and whether something is pretended now."""
        commissioning = self.coordinator.commissioning
        record = commissioning.record
        changed = frozenset[Aspect]().union(*commissioning.stale.values())
        tested = commissioning.selftest
        return {
            "commissioned_on": record.commissioned_on,
            "steps": {
                step.key: record.results[step.key].outcome.value if step.key in record.results else None
                for step in commissioning.steps
            },
            "changed": sorted(changed),
            "report": record.report,
            "self_test": None if tested is None else {key: found.outcome.value for key, found in tested.items()},
            "self_test_at": commissioning.selftest_at,
            "drill": self.snapshot.drill,
        }
