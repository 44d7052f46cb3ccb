"""Shows how a CAN bus is as sensors of each pack and inverter that is on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfRatio
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.typing import StateType

from ..coordinator import PackCoordinator
from ..entity import SOONEST_COUNTER, HomeBmsEntity, HomeBmsEntityDescription
from ..hw.can import CanLink, CanState
from ..hw.can_params import SETS_BITRATE, Interface
from ..inverters.coordinator import InverterCoordinator
from .watch import looked_at

STATES: Final = tuple(state.value for state in CanState)
"""The worst first."""
TELLS_ERRORS: Final = frozenset(Interface) - {Interface.SLCAN}
"""Whose adapters tell of errors on the bus."""
TELLS_COUNTERS: Final = frozenset({Interface.SOCKETCAN, Interface.GS_USB})
"""Whose error counters are told too."""


@dataclass(frozen=True, kw_only=True)
class CanSensorDescription(SensorEntityDescription, HomeBmsEntityDescription):
    """Describes a sensor of a bus."""

    value_fn: Callable[[CanLink], StateType]
    interfaces: frozenset[Interface] = frozenset(Interface)
    """Where it is known."""


def _while_open(value: Callable[[CanLink], float | None]) -> Callable[[CanLink], StateType]:
    """Return what is unknown of a bus that is away."""
    return lambda link: None if link.state in (CanState.LOST, CanState.CLOSED) else value(link)


_DIAGNOSTIC: Final[Mapping[str, Any]] = MappingProxyType({"entity_category": EntityCategory.DIAGNOSTIC})
_MEASURED: Final[Mapping[str, Any]] = MappingProxyType(
    {
        **_DIAGNOSTIC,
        "state_class": SensorStateClass.MEASUREMENT,
        "entity_registry_enabled_default": False,
        "soonest": SOONEST_COUNTER,
    }
)
_COUNTED: Final[Mapping[str, Any]] = MappingProxyType(
    {
        **_DIAGNOSTIC,
        "state_class": SensorStateClass.TOTAL_INCREASING,
        "dead_band": 1.0,
        "soonest": SOONEST_COUNTER,
    }
)

CAN_SENSORS: Final = (
    CanSensorDescription(
        key="can_state",
        translation_key="can_state",
        device_class=SensorDeviceClass.ENUM,
        options=list(STATES),
        **_DIAGNOSTIC,
        value_fn=lambda link: link.state.value,
    ),
    CanSensorDescription(
        key="can_error_frames",
        translation_key="can_error_frames",
        **_COUNTED,
        value_fn=lambda link: link.statistics.error_frames,
        interfaces=TELLS_ERRORS,
    ),
    CanSensorDescription(
        key="can_reconnects",
        translation_key="can_reconnects",
        **_COUNTED,
        value_fn=lambda link: link.reconnects,
    ),
    CanSensorDescription(
        key="can_load",
        translation_key="can_load",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=1,
        **_MEASURED,
        dead_band=0.5,
        value_fn=_while_open(lambda link: round(link.load, 1)),
        # Elsewhere nobody knows the bit rate of the far bus.
        interfaces=SETS_BITRATE,
    ),
    CanSensorDescription(
        key="can_frame_rate",
        translation_key="can_frame_rate",
        suggested_display_precision=0,
        **_MEASURED,
        dead_band=2.0,
        value_fn=_while_open(lambda link: round(link.rate, 1)),
    ),
    CanSensorDescription(
        key="can_transmit_errors",
        translation_key="can_transmit_errors",
        **_MEASURED,
        dead_band=8.0,
        value_fn=_while_open(lambda link: link.controller.transmit_errors),
        interfaces=TELLS_COUNTERS,
    ),
    CanSensorDescription(
        key="can_receive_errors",
        translation_key="can_receive_errors",
        **_MEASURED,
        dead_band=8.0,
        value_fn=_while_open(lambda link: link.controller.receive_errors),
        interfaces=TELLS_COUNTERS,
    ),
)


def can_sensors[CoordinatorT: PackCoordinator | InverterCoordinator](
    coordinator: CoordinatorT, link: CanLink
) -> list[CanSensor[CoordinatorT]]:
    """Return the sensors of the bus that a pack or an inverter is on."""
    return [CanSensor(coordinator, row, link) for row in CAN_SENSORS if link.params.interface in row.interfaces]


class CanSensor[CoordinatorT: PackCoordinator | InverterCoordinator](HomeBmsEntity[CoordinatorT], SensorEntity):
    """A sensor of one bus."""

    entity_description: CanSensorDescription

    def __init__(self, coordinator: CoordinatorT, description: CanSensorDescription, link: CanLink) -> None:
        super().__init__(coordinator, description)
        self._link = link

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the bus too: it may be in trouble while nothing of the pack changes."""
        await super().async_added_to_hass()
        followed = async_dispatcher_connect(self.hass, looked_at(self._link), self._handle_coordinator_update)
        self.async_on_remove(followed)

    @property
    @override
    def shown(self) -> StateType:
        return self.entity_description.value_fn(self._link)

    @property
    @override
    def native_value(self) -> StateType:
        """Return the value."""
        return self.shown

    @override
    def _is_news(self, told: tuple[bool, object, object], silence: float) -> bool:
        """Whether a state is worth a row: a controller may leave the bus and return ten times a second."""
        if not super()._is_news(told, silence):
            return False
        before = None if self._written is None else self._written[1]
        if before not in STATES or told[1] not in STATES or silence >= self.entity_description.soonest:
            return True
        return STATES.index(told[1]) < STATES.index(before)
