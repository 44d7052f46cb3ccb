"""Shows the last sessions of a pack, and its extremes, as sensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfRatio,
    UnitOfTemperature,
)

from ..core.past import PEAKS, Extremes, History, Session, Way
from ..entity import PackEntity, PackEntityDescription
from .words import place, session_facts


@dataclass(frozen=True, kw_only=True)
class HistorySensorDescription(SensorEntityDescription, PackEntityDescription):
    """Describes a sensor of what a pack has lived through."""

    value_fn: Callable[[History], float | None]
    details_fn: Callable[[History], Mapping[str, Any]]


def _last(way: Way, history: History) -> Session | None:
    """Return the last session that went this way."""
    return next((session for session in reversed(history.sessions.done) if session.way is way), None)


def _energy(way: Way, history: History) -> float | None:
    """Return the kWh that went its way in the last session."""
    session = _last(way, history)
    if session is None:
        return None
    return (session.energy_in if way is Way.CHARGE else session.energy_out) / 1000


def _pair(history: History) -> Session | None:
    """Return the last discharge that closed a pair."""
    return next((each for each in reversed(history.sessions.done) if each.efficiency is not None), None)


def _efficiency(history: History) -> float | None:
    session = _pair(history)
    return None if session is None else session.efficiency


def _facts(session: Session | None) -> Mapping[str, Any]:
    return {} if session is None else session_facts(session)


def _extreme(number: int, scale: float, of: Callable[[History], Extremes], history: History) -> float | None:
    value = of(history).values[number]
    return None if value is None else value * scale


_MEASURED: Final[dict[str, Any]] = {
    "state_class": SensorStateClass.MEASUREMENT,
    "entity_category": EntityCategory.DIAGNOSTIC,
}
# Of no device class: an energy would have to be a counter, and this one is an amount that rises and falls.
_ENERGY: Final = _MEASURED | {
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 2,
}
_VOLTS: Final = _MEASURED | {
    "device_class": SensorDeviceClass.VOLTAGE,
    "native_unit_of_measurement": UnitOfElectricPotential.VOLT,
    "suggested_display_precision": 3,
}
_MILLIVOLTS: Final = _VOLTS | {
    "native_unit_of_measurement": UnitOfElectricPotential.MILLIVOLT,
    "suggested_display_precision": 0,
}
_DEGREES: Final = _MEASURED | {
    "device_class": SensorDeviceClass.TEMPERATURE,
    "native_unit_of_measurement": UnitOfTemperature.CELSIUS,
    "suggested_display_precision": 1,
}
_AMPERES: Final = _MEASURED | {
    "device_class": SensorDeviceClass.CURRENT,
    "native_unit_of_measurement": UnitOfElectricCurrent.AMPERE,
    "suggested_display_precision": 1,
}
# How each extreme is shown, and how many of its unit are one of core's.
_LOOKS: Final[Mapping[str, tuple[Mapping[str, Any], float]]] = {
    "cell_high": (_VOLTS, 1.0),
    "cell_low": (_VOLTS, 1.0),
    "temperature_high": (_DEGREES, 1.0),
    "temperature_low": (_DEGREES, 1.0),
    "charge_current": (_AMPERES, 1.0),
    "discharge_current": (_AMPERES, 1.0),
    "spread": (_MILLIVOLTS, 1000.0),
}
_ENABLED: Final = frozenset({"ever_cell_high", "ever_cell_low", "ever_temperature_high", "ever_temperature_low"})
_STRETCHES: Final[Mapping[str, Callable[[History], Extremes]]] = {
    "ever": lambda history: history.ever,
    "today": lambda history: history.today,
}

HISTORY_SENSORS: Final = (
    *(
        HistorySensorDescription(
            key=f"last_{way}_energy",
            translation_key=f"last_{way}_energy",
            **_ENERGY,
            value_fn=partial(_energy, way),
            details_fn=lambda history, way=way: _facts(_last(way, history)),  # type: ignore[misc] # a bound default
        )
        for way in Way
    ),
    HistorySensorDescription(
        key="pair_efficiency",
        translation_key="pair_efficiency",
        **_MEASURED,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=1,
        value_fn=_efficiency,
        details_fn=lambda history: _facts(_pair(history)),
    ),
    *(
        HistorySensorDescription(
            key=f"{stretch}_{name}",
            translation_key=f"{stretch}_{name}",
            **_LOOKS[name][0],
            entity_registry_enabled_default=f"{stretch}_{name}" in _ENABLED,
            value_fn=partial(_extreme, number, _LOOKS[name][1], of),
            details_fn=lambda history, number=number, of=of: place(number, of(history)),  # type: ignore[misc]
        )
        for stretch, of in _STRETCHES.items()
        for number, (name, _) in enumerate(PEAKS)
    ),
)


class HistorySensor(PackEntity, SensorEntity):
    """A sensor of what one pack has lived through; it changes seldom, so each change is told."""

    entity_description: HistorySensorDescription
    _unrecorded_attributes = frozenset({"limited_minutes"})

    @property
    @override
    def shown(self) -> float | None:
        description = self.entity_description
        value = description.value_fn(self.snapshot.history)
        return None if value is None else round(value, description.suggested_display_precision or 0)

    @property
    @override
    def native_value(self) -> float | None:
        """Return the value."""
        return self.shown

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return when and where, or the whole session."""
        return dict(self.entity_description.details_fn(self.snapshot.history))
