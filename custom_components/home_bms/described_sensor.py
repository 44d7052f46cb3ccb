"""A sensor that is all description: a value, what is news beside it, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.helpers.typing import StateType

from .entity import HomeBmsEntity, HomeBmsEntityDescription
from .inverters.coordinator import InverterCoordinator
from .programmes.coordinator import ProgrammeCoordinator
from .system_coordinator import SystemCoordinator


@dataclass(frozen=True, kw_only=True)
class DescribedSensorDescription[CoordinatorT](SensorEntityDescription, HomeBmsEntityDescription):
    """Describes a sensor by functions of its coordinator."""

    value_fn: Callable[[CoordinatorT], StateType | date]
    remark_fn: Callable[[CoordinatorT], object] | None = None
    """What in the attributes is news whenever it changes."""
    details_fn: Callable[[CoordinatorT], Mapping[str, Any]] | None = None


class DescribedSensor[CoordinatorT: SystemCoordinator | InverterCoordinator | ProgrammeCoordinator](
    HomeBmsEntity[CoordinatorT], SensorEntity
):
    """A sensor of the whole system, of an inverter or of a programme."""

    entity_description: DescribedSensorDescription[CoordinatorT]
    digits: ClassVar[int]
    """Behind the point of a number; more is noise."""

    @property
    @override
    def shown(self) -> StateType | date:
        value = self.entity_description.value_fn(self.coordinator)
        return round(value, self.digits) if isinstance(value, float) else value

    @property
    @override
    def native_value(self) -> StateType | date:
        """Return the value."""
        return self.shown

    @property
    @override
    def remark(self) -> object:
        """What stands beside the state and is news whenever it changes."""
        remark_fn = self.entity_description.remark_fn
        return None if remark_fn is None else remark_fn(self.coordinator)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what the state rests on."""
        details_fn = self.entity_description.details_fn
        return None if details_fn is None else dict(details_fn(self.coordinator))
