"""Shows what an inverter is told and what it makes of it as sensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.const import (
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfPower,
    UnitOfTime,
)
from homeassistant.helpers.typing import StateType

from ..core.bank import Bank
from ..core.escalation import Escalation, Step
from ..core.obedience import Response, Side
from ..described_sensor import DescribedSensor, DescribedSensorDescription
from ..hw.inverters.inverter import InverterReading, charge_current, discharge_current
from ..story import evidence
from ..watching import Link
from .coordinator import InverterCoordinator

STEPS: Final = tuple(step.name.lower() for step in Step)
# The worst first.
_RESPONSES: Final = (Response.IGNORED, Response.LATE, Response.FOLLOWING, Response.OBEYED, Response.UNKNOWN)


type InverterSensorDescription = DescribedSensorDescription[InverterCoordinator]


def _told(value: Callable[[Bank], float]) -> Callable[[InverterCoordinator], StateType]:
    def found(inverter: InverterCoordinator) -> StateType:
        order = inverter.data.order
        return None if order is None else value(order.bank)

    return found


def _setpoint(inverter: InverterCoordinator) -> StateType:
    return None if inverter.data.order is None else inverter.data.order.setpoint


def _read(value: Callable[[InverterReading], float | None]) -> Callable[[InverterCoordinator], StateType]:
    def found(inverter: InverterCoordinator) -> StateType:
        reading = inverter.data.reading
        return None if reading is None else value(reading)

    return found


def _sides(inverter: InverterCoordinator) -> tuple[Side, Side]:
    return inverter.data.obedience.charge, inverter.data.obedience.discharge


def _response(inverter: InverterCoordinator) -> StateType:
    """Return the worse of both directions; what is not known is better than what is bad, and worse than nothing."""
    responses = {side.response for side in _sides(inverter)}
    return next(response for response in _RESPONSES if response in responses)


def _responses(inverter: InverterCoordinator) -> dict[str, Any]:
    charge, discharge = _sides(inverter)
    return {
        "acting": inverter.data.acting,
        "charge": charge.response.value,
        "discharge": discharge.response.value,
        "charge_share": _percent(charge.share),
        "discharge_share": _percent(discharge.share),
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100.0 * share)


def _dead_time(inverter: InverterCoordinator) -> StateType:
    return max((side.dead_time for side in _sides(inverter) if side.dead_time is not None), default=None)


def _dead_times(inverter: InverterCoordinator) -> dict[str, Any]:
    charge, discharge = _sides(inverter)
    return {
        "charge": charge.dead_time,
        "discharge": discharge.dead_time,
        "reaction": round(inverter.data.obedience.reaction, 1),
    }


def _escalation(inverter: InverterCoordinator) -> tuple[str, Escalation]:
    """Return the direction that has come further, and how far."""
    charge, discharge = (side.escalation for side in _sides(inverter))
    return ("charge", charge) if charge.step >= discharge.step else ("discharge", discharge)


def _step(inverter: InverterCoordinator) -> StateType:
    return _escalation(inverter)[1].step.name.lower()


def _why(inverter: InverterCoordinator) -> dict[str, Any]:
    direction, escalation = _escalation(inverter)
    if (reason := escalation.reason) is None:
        return {}
    return {"direction": direction, "reason": reason.rule, **evidence(reason)}


def _alarms(inverter: InverterCoordinator) -> dict[str, Any]:
    reading = inverter.data.reading
    return {
        "acting": inverter.data.acting,
        "error": None if inverter.complaint is None else inverter.complaint.key,
        "alarms": sorted(reading.alarms) if reading is not None and reading.alarms else [],
    }


_AMPERES: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.CURRENT,
    "native_unit_of_measurement": UnitOfElectricCurrent.AMPERE,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 1,
    "dead_band": 0.5,
    "falls_at_once": True,
}
_WATTS: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 0,
    "dead_band": 20.0,
}

TOLD_SENSORS: Final = (
    DescribedSensorDescription(
        key="inverter_link",
        translation_key="inverter_link",
        device_class=SensorDeviceClass.ENUM,
        options=[link.value for link in Link],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda inverter: inverter.data.link,
        remark_fn=_alarms,
        details_fn=_alarms,
    ),
    DescribedSensorDescription(
        key="cvl",
        translation_key="cvl",
        device_class=SensorDeviceClass.VOLTAGE,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        dead_band=0.05,
        falls_at_once=True,
        value_fn=_told(lambda bank: bank.cvl),
    ),
    DescribedSensorDescription(key="ccl", translation_key="ccl", **_AMPERES, value_fn=_told(charge_current)),
    DescribedSensorDescription(key="dcl", translation_key="dcl", **_AMPERES, value_fn=_told(discharge_current)),
)
"""Of whoever is told."""
DRIVER_SENSORS: Final = (
    DescribedSensorDescription(key="setpoint", translation_key="setpoint", **_WATTS, value_fn=_setpoint),
    DescribedSensorDescription(key="power", **_WATTS, value_fn=_read(lambda reading: reading.power)),
    DescribedSensorDescription(
        key="obedience",
        translation_key="obedience",
        device_class=SensorDeviceClass.ENUM,
        options=[response.value for response in Response],
        value_fn=_response,
        remark_fn=lambda inverter: (inverter.data.acting, *(side.response for side in _sides(inverter))),
        details_fn=_responses,
    ),
    DescribedSensorDescription(
        key="dead_time",
        translation_key="dead_time",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        dead_band=0.5,
        value_fn=_dead_time,
        details_fn=_dead_times,
    ),
    DescribedSensorDescription(
        key="escalation",
        translation_key="escalation",
        device_class=SensorDeviceClass.ENUM,
        options=list(STEPS),
        value_fn=_step,
        remark_fn=lambda inverter: _why(inverter).get("reason"),
        details_fn=_why,
    ),
)
"""Of who drives the current."""


def inverter_sensors(inverter: InverterCoordinator) -> list[InverterSensor]:
    """Return the sensors of an inverter; who only reads the battery drives nothing."""
    kinds = TOLD_SENSORS if inverter.opened.reads_only else TOLD_SENSORS + DRIVER_SENSORS
    return [InverterSensor(inverter, description) for description in kinds]


class InverterSensor(DescribedSensor[InverterCoordinator]):
    """A sensor of one inverter."""

    digits = 2
    _unrecorded_attributes = frozenset(
        {"charge_share", "discharge_share", "reaction", "cell", "sensor", "value", "threshold", "level"}
    )
