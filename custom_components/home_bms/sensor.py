"""Shows what is measured, estimated and decided as sensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from math import isfinite
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
    UnitOfPower,
    UnitOfRatio,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from . import figures
from .can.sensors import can_sensors
from .commissioning.sensors import COMMISSIONING, CommissioningSensor
from .coordinator import PackCoordinator
from .core import learning
from .core.balancing import BALANCE_REASONS
from .core.charging import CHARGE_RULES
from .core.cycles import full_cycles, histogram
from .core.limits import RULES
from .core.model import Bound, ChargeStage, ContactorState, LinkState, Mode, PackConfig, Quality, Reason, Snapshot
from .core.outlook import hours_to
from .core.power import Power
from .core.system import SYSTEM_RULES
from .entity import (
    EVIDENCE,
    SOONEST_CELL,
    SOONEST_COUNTER,
    HomeBmsEntityDescription,
    PackEntity,
    PackEntityDescription,
    SystemEntity,
    cells_heard,
    current_heard,
    pack_heard,
    temperatures_heard,
)
from .history.sensors import HISTORY_SENSORS, HistorySensor
from .hw.driver import Capability
from .hw.parts_lint import Severity
from .inspections.sensors import inspection_sensors
from .inverters.sensors import inverter_sensors
from .learned_view import LearnedView, cell_balanced
from .leases.sensors import lease_sensors
from .packs.parts_words import problem_text
from .programmes.sensors import programme_sensors
from .runtime import HomeBmsConfigEntry
from .storage.entities import STORAGE_PHASE, StorageSensor
from .story import evidence
from .system_coordinator import SystemCoordinator
from .watching import Trouble

# Nothing is fetched: the supervisors push.
PARALLEL_UPDATES = 0

# Home Assistant has no unit of electric charge (home-assistant.md 1.4).
AMPERE_HOURS: Final = "Ah"
# Nor does it know of small resistances.
MILLIOHM: Final = "mΩ"

REASONS: Final = [*RULES, Trouble.INTERNAL_ERROR.value]
"""Every rule that may limit a pack, and what is named when home_bms itself broke."""
SYSTEM_REASONS: Final = [*REASONS, *SYSTEM_RULES]
"""Every rule that may limit the battery."""


@dataclass(frozen=True, kw_only=True)
class PackSensorDescription(SensorEntityDescription, PackEntityDescription):
    """Describes a sensor of a pack."""

    value_fn: Callable[[PackCoordinator], StateType | datetime]
    reason_fn: Callable[[PackCoordinator], Reason] | None = None
    """What the attributes explain."""
    details_fn: Callable[[PackCoordinator], Mapping[str, Any]] | None = None
    """What stands beside the state and is of no use to the recorder; their names are of DETAILS."""
    doubt: str | None = None
    """The name by which plausibility doubts what is shown."""
    doubts_fn: Callable[[PackCoordinator], Mapping[str, str]] | None = None
    """All that is doubted, by name, with the reason."""


DETAILS: Final = frozenset(
    {"rule", "cell", "sensor", "low", "high", "soonest", "latest", "by", "cycles_by_depth", "reasons"}
)


@dataclass(frozen=True, kw_only=True)
class SystemSensorDescription(SensorEntityDescription, HomeBmsEntityDescription):
    """Describes a sensor of all packs together."""

    value_fn: Callable[[SystemCoordinator], StateType]
    reason_fn: Callable[[SystemCoordinator], Reason] | None = None
    limiting_fn: Callable[[SystemCoordinator], Limiting] | None = None
    """What the attributes explain, where they name a pack and a direction too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limiting:
    """The rule that leaves the least of what the packs are rated for: in which direction, and of which pack."""

    bound: Bound
    direction: str
    pack: str | None


def _limiting(system: SystemCoordinator) -> Limiting:
    """Return what limits the battery most: of both directions the one that has less of its rated current left."""
    packs = system.packs.values()
    charge = _share(system.data.ccl, sum(pack.config.charge_current for pack in packs))
    discharge = _share(system.data.dcl, sum(pack.config.discharge_current for pack in packs))
    if charge <= discharge:
        bound, direction, key = system.data.ccl, "charge", system.data.weakest_charge
    else:
        bound, direction, key = system.data.dcl, "discharge", system.data.weakest_discharge
    return Limiting(bound=bound, direction=direction, pack=_name(system, key))


def _share(bound: Bound, rated: float) -> float:
    return bound.value / rated if rated else 0.0


def _energy_share(pack: PackCoordinator) -> float | None:
    """Return what is stored in percent of what the pack holds when full."""
    estimate, config = pack.data.estimate, pack.config
    whole = config.energy[-1] * estimate.capacity / config.capacity
    return _scaled(estimate.life.stored_energy, 100 / whole)


def _difference(pack: PackCoordinator) -> float | None:
    """Return the cell difference in mV."""
    return _scaled(figures.difference(pack.data), 1000)


def _cell(index: int, pack: PackCoordinator) -> float | None:
    cells = figures.cells(pack.config, pack.data)
    return cells[index] if index < len(cells) else None


def _temperature(index: int, pack: PackCoordinator) -> float | None:
    temperatures = pack.data.believed.temperatures
    return temperatures[index] if index < len(temperatures) else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None or not isfinite(value) else value * factor


def _hours_to(soc: float, pack: PackCoordinator) -> float | None:
    """Return the hours to the tenth: a countdown has no use for more, and the recorder would keep it."""
    hours = hours_to(pack.data.estimate, soc)
    return None if hours is None else round(hours, 1)


def _available(place: int, pack: PackCoordinator) -> Power:
    """Return what the pack can do, by the place that core gives to a direction and a time."""
    return pack.view.power(pack.data)[place]


def _watts(place: int, pack: PackCoordinator) -> float | None:
    """Return the power to 10 W: more is the noise of the voltages."""
    power = _available(place, pack).power
    return None if power is None else round(power, -1)


def _power_details(place: int, pack: PackCoordinator) -> dict[str, Any]:
    power = _available(place, pack)
    kind = "sensor" if power.rule == "temperature" else "cell"
    return {"rule": power.rule} | ({} if power.place is None else {kind: power.place + 1})


def _day_in(years: float) -> datetime:
    """Return the day so many years from now: forecasts move by days, and by noise within them."""
    return dt_util.start_of_local_day(dt_util.now() + timedelta(days=365.25 * years))


def _worn_out(pack: PackCoordinator) -> datetime | None:
    """Return the day on which the first cell will be worn."""
    found = pack.view.worn(pack.data.estimate.life.ageing)
    return None if found is None else _day_in(found[1].years)


def _worn_details(pack: PackCoordinator) -> dict[str, Any]:
    found = pack.view.worn(pack.data.estimate.life.ageing)
    if found is None:
        return {}
    cell, worn = found
    ends = {"soonest": worn.soonest, "latest": worn.latest}
    return {"cell": cell + 1, "by": worn.by} | {name: _day_in(years).date().isoformat() for name, years in ends.items()}


def _cycles_by_depth(pack: PackCoordinator) -> dict[str, Any]:
    """Return the cycles of each depth, from those up to 10 % to those above 90 %."""
    return {"cycles_by_depth": list(histogram(pack.data.estimate.life.cycling))}


def _capacity_band(index: int, pack: PackCoordinator) -> dict[str, Any]:
    """Return the ends of the band that holds a cell's capacity nineteen times of twenty."""
    knowledge = pack.data.estimate.knowledge
    if knowledge is None:
        return {}
    low, _, high = learning.cell_capacity(knowledge, index)
    return {"low": round(low, 1), "high": round(high, 1)}


def _weakest(system: SystemCoordinator) -> str | None:
    """Return the name of the pack that sets the limits."""
    return _name(system, system.data.weakest)


def _name(system: SystemCoordinator, key: str | None) -> str | None:
    return system.packs[key].name if key in system.packs else None


VOLTS: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.VOLTAGE,
    "native_unit_of_measurement": UnitOfElectricPotential.VOLT,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 2,
    "dead_band": 0.05,
}
CELL_EXTREME: Final = VOLTS | {"suggested_display_precision": 3, "dead_band": 0.002}
CELL_VOLTS: Final = CELL_EXTREME | {"soonest": SOONEST_CELL}
AMPERES: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.CURRENT,
    "native_unit_of_measurement": UnitOfElectricCurrent.AMPERE,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 1,
    "dead_band": 0.5,
}
WATTS: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 0,
    "dead_band": 20.0,
}
VOLTS_LIMIT: Final = VOLTS | {"falls_at_once": True}
AMPERES_LIMIT: Final = AMPERES | {"falls_at_once": True}
DEGREES: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.TEMPERATURE,
    "native_unit_of_measurement": UnitOfTemperature.CELSIUS,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 1,
    "dead_band": 0.5,
}
CHARGE_STATE: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.BATTERY,
    "native_unit_of_measurement": UnitOfRatio.PERCENTAGE,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 1,
    "dead_band": 0.1,
    "soonest": SOONEST_CELL,
}
HEALTH: Final[dict[str, Any]] = {
    "native_unit_of_measurement": UnitOfRatio.PERCENTAGE,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 0,
}
STORED: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY_STORAGE,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 2,
    "dead_band": 0.02,
    "soonest": SOONEST_COUNTER,
}
COUNTED_ENERGY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "state_class": SensorStateClass.TOTAL_INCREASING,
    "suggested_display_precision": 2,
    "dead_band": 0.01,
    "soonest": SOONEST_COUNTER,
}
CHARGE: Final[dict[str, Any]] = {
    "native_unit_of_measurement": AMPERE_HOURS,
    "suggested_display_precision": 1,
    "dead_band": 0.1,
    "soonest": SOONEST_COUNTER,
}
REASON: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENUM,
    "options": REASONS,
    "entity_category": EntityCategory.DIAGNOSTIC,
}
RARE: Final[dict[str, Any]] = {
    "entity_category": EntityCategory.DIAGNOSTIC,
    "entity_registry_enabled_default": False,
}
COUNT: Final[dict[str, Any]] = RARE | {"state_class": SensorStateClass.TOTAL_INCREASING}
DIAGNOSTIC: Final[dict[str, Any]] = {"entity_category": EntityCategory.DIAGNOSTIC}
PERCENT: Final[dict[str, Any]] = {
    "native_unit_of_measurement": UnitOfRatio.PERCENTAGE,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 1,
    "dead_band": 0.1,
    "soonest": SOONEST_COUNTER,
}
# Not of the battery's device class: a pack has one charge, and these are its ends.
BAND: Final = PERCENT | {"suggested_display_precision": 0, "dead_band": 0.5}
TIME_LEFT: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.DURATION,
    "native_unit_of_measurement": UnitOfTime.HOURS,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 1,
    "dead_band": 0.1,
    "soonest": SOONEST_COUNTER,
}
WATTS_AHEAD: Final = WATTS | {"dead_band": 50.0, "soonest": SOONEST_COUNTER}
LEARNED_CHARGE: Final = CHARGE | RARE | {"state_class": SensorStateClass.MEASUREMENT}
LEARNED_OHMS: Final[dict[str, Any]] = RARE | {
    "native_unit_of_measurement": MILLIOHM,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 2,
    "dead_band": 0.01,
    "soonest": SOONEST_COUNTER,
}
LEARNED_LEAK: Final[dict[str, Any]] = RARE | {
    "device_class": SensorDeviceClass.CURRENT,
    "native_unit_of_measurement": UnitOfElectricCurrent.MILLIAMPERE,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 1,
    "dead_band": 0.1,
    "soonest": SOONEST_COUNTER,
}


def _asked(limit: str, pack: PackCoordinator) -> float | None:
    """Return a limit that the pack asks for: 0 A where it allows nothing in that direction."""
    asked = pack.data.believed.asked
    if asked is None:
        return None
    allowed = {"ccl": asked.charge_allowed, "dcl": asked.discharge_allowed}.get(limit)
    value: float | None = 0.0 if allowed is False else getattr(asked, limit)
    return value


PACK_SENSORS: Final = (
    PackSensorDescription(
        key="voltage", **VOLTS, heard=current_heard, value_fn=lambda pack: pack.data.believed.voltage
    ),
    PackSensorDescription(
        key="current", **AMPERES, heard=current_heard, value_fn=lambda pack: pack.data.believed.current
    ),
    PackSensorDescription(key="power", **WATTS, heard=current_heard, value_fn=lambda pack: figures.power(pack.data)),
    PackSensorDescription(
        key="soc", translation_key="soc", **CHARGE_STATE, heard=pack_heard, value_fn=lambda pack: pack.data.estimate.soc
    ),
    PackSensorDescription(
        key="soc_low",
        translation_key="soc_low",
        **BAND,
        heard=pack_heard,
        value_fn=lambda pack: pack.data.estimate.soc_low,
    ),
    PackSensorDescription(
        key="soc_high",
        translation_key="soc_high",
        **BAND,
        heard=pack_heard,
        value_fn=lambda pack: pack.data.estimate.soc_high,
    ),
    PackSensorDescription(
        key="time_to_full",
        translation_key="time_to_full",
        **TIME_LEFT,
        heard=pack_heard,
        value_fn=partial(_hours_to, 100.0),
    ),
    PackSensorDescription(
        key="time_to_empty",
        translation_key="time_to_empty",
        **TIME_LEFT,
        heard=pack_heard,
        value_fn=partial(_hours_to, 0.0),
    ),
    PackSensorDescription(
        key="soh", translation_key="soh", **HEALTH, value_fn=lambda pack: pack.data.estimate.life.soh
    ),
    PackSensorDescription(
        key="stored_energy",
        **STORED,
        heard=pack_heard,
        value_fn=lambda pack: _scaled(pack.data.estimate.life.stored_energy, 0.001),
    ),
    PackSensorDescription(
        key="soe",
        translation_key="soe",
        **BAND,
        heard=pack_heard,
        value_fn=_energy_share,
    ),
    PackSensorDescription(
        key="energy_in",
        translation_key="energy_in",
        **COUNTED_ENERGY,
        value_fn=lambda pack: pack.data.estimate.energy_in / 1000,
    ),
    PackSensorDescription(
        key="energy_out",
        translation_key="energy_out",
        **COUNTED_ENERGY,
        value_fn=lambda pack: pack.data.estimate.energy_out / 1000,
    ),
    PackSensorDescription(
        key="capacity",
        translation_key="capacity",
        **CHARGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda pack: pack.data.estimate.capacity,
    ),
    PackSensorDescription(
        key="charge_in",
        translation_key="charge_in",
        **CHARGE,
        **COUNT,
        value_fn=lambda pack: pack.data.estimate.charge_in,
    ),
    PackSensorDescription(
        key="charge_out",
        translation_key="charge_out",
        **CHARGE,
        **COUNT,
        value_fn=lambda pack: pack.data.estimate.charge_out,
    ),
    PackSensorDescription(
        key="cell_max",
        translation_key="cell_max",
        **CELL_EXTREME,
        heard=cells_heard,
        value_fn=lambda pack: pack.data.believed.cell_max,
    ),
    PackSensorDescription(
        key="cell_min",
        translation_key="cell_min",
        **CELL_EXTREME,
        heard=cells_heard,
        value_fn=lambda pack: pack.data.believed.cell_min,
    ),
    PackSensorDescription(
        key="highest_cell",
        translation_key="highest_cell",
        dead_band=1,
        soonest=SOONEST_CELL,
        heard=cells_heard,
        value_fn=lambda pack: figures.from_one(pack.data.believed.cell_max_index),
    ),
    PackSensorDescription(
        key="lowest_cell",
        translation_key="lowest_cell",
        dead_band=1,
        soonest=SOONEST_CELL,
        heard=cells_heard,
        value_fn=lambda pack: figures.from_one(pack.data.believed.cell_min_index),
    ),
    PackSensorDescription(
        key="cell_difference",
        translation_key="cell_difference",
        device_class=SensorDeviceClass.VOLTAGE,
        native_unit_of_measurement=UnitOfElectricPotential.MILLIVOLT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        dead_band=2,
        soonest=SOONEST_CELL,
        heard=cells_heard,
        value_fn=_difference,
    ),
    PackSensorDescription(
        key="temperature_max",
        translation_key="temperature_max",
        **DEGREES,
        heard=temperatures_heard,
        value_fn=lambda pack: pack.data.believed.temperature_max,
    ),
    PackSensorDescription(
        key="temperature_min",
        translation_key="temperature_min",
        **DEGREES,
        heard=temperatures_heard,
        value_fn=lambda pack: pack.data.believed.temperature_min,
    ),
    PackSensorDescription(
        key="switch_temperature",
        translation_key="switch_temperature",
        **DEGREES,
        entity_category=EntityCategory.DIAGNOSTIC,
        heard=temperatures_heard,
        value_fn=lambda pack: pack.data.believed.switch_temperature,
    ),
    PackSensorDescription(
        key="cvl", translation_key="cvl", **VOLTS_LIMIT, value_fn=lambda pack: pack.data.decision.cvl.value
    ),
    PackSensorDescription(
        key="ccl", translation_key="ccl", **AMPERES_LIMIT, value_fn=lambda pack: pack.data.decision.ccl.value
    ),
    PackSensorDescription(
        key="dcl", translation_key="dcl", **AMPERES_LIMIT, value_fn=lambda pack: pack.data.decision.dcl.value
    ),
    *(
        PackSensorDescription(
            key=f"asked_{limit}",
            translation_key=f"asked_{limit}",
            **kind,
            **DIAGNOSTIC,
            entity_registry_enabled_default=False,
            doubt=f"asked_{limit}",
            value_fn=partial(_asked, limit),
        )
        for limit, kind in (("cvl", VOLTS_LIMIT), ("ccl", AMPERES_LIMIT), ("dcl", AMPERES_LIMIT))
    ),
    PackSensorDescription(
        key="cvl_reason",
        translation_key="cvl_reason",
        **REASON,
        value_fn=lambda pack: pack.data.decision.cvl.reason.rule,
        reason_fn=lambda pack: pack.data.decision.cvl.reason,
    ),
    PackSensorDescription(
        key="ccl_reason",
        translation_key="ccl_reason",
        **REASON,
        value_fn=lambda pack: pack.data.decision.ccl.reason.rule,
        reason_fn=lambda pack: pack.data.decision.ccl.reason,
    ),
    PackSensorDescription(
        key="dcl_reason",
        translation_key="dcl_reason",
        **REASON,
        value_fn=lambda pack: pack.data.decision.dcl.reason.rule,
        reason_fn=lambda pack: pack.data.decision.dcl.reason,
    ),
    PackSensorDescription(
        key="mode",
        translation_key="mode",
        device_class=SensorDeviceClass.ENUM,
        options=[mode.value for mode in Mode],
        value_fn=lambda pack: pack.data.decision.mode,
    ),
    PackSensorDescription(
        key="data_quality",
        translation_key="data_quality",
        device_class=SensorDeviceClass.ENUM,
        options=[quality.value for quality in Quality],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda pack: pack.data.believed.quality,
        doubts_fn=lambda pack: pack.data.believed.doubts,
    ),
    PackSensorDescription(
        key="link",
        translation_key="link",
        device_class=SensorDeviceClass.ENUM,
        options=[link.value for link in LinkState],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda pack: pack.data.believed.link,
    ),
    PackSensorDescription(
        key="cycles",
        translation_key="cycles",
        # Not an increasing one: who learns that the pack holds more knows that it went through fewer of them.
        state_class=SensorStateClass.TOTAL,
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=1,
        dead_band=0.1,
        soonest=SOONEST_COUNTER,
        value_fn=lambda pack: pack.data.estimate.cycles,
    ),
    PackSensorDescription(
        key="full_cycles",
        translation_key="full_cycles",
        **DIAGNOSTIC,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=1,
        dead_band=0.1,
        soonest=SOONEST_COUNTER,
        value_fn=lambda pack: full_cycles(pack.data.estimate.life.cycling),
        details_fn=_cycles_by_depth,
    ),
    PackSensorDescription(
        key="efficiency",
        translation_key="efficiency",
        **PERCENT,
        **DIAGNOSTIC,
        value_fn=lambda pack: pack.data.estimate.efficiency,
    ),
    PackSensorDescription(
        key="plating",
        translation_key="plating",
        **CHARGE,
        **DIAGNOSTIC,
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda pack: pack.data.estimate.life.plating.ah,
    ),
    PackSensorDescription(
        key="current_offset",
        translation_key="current_offset",
        **AMPERES | {"suggested_display_precision": 2, "dead_band": 0.01, "soonest": SOONEST_COUNTER},
        **DIAGNOSTIC,
        value_fn=lambda pack: pack.view.offset(pack.data),
    ),
    PackSensorDescription(
        key="worn_out",
        translation_key="worn_out",
        device_class=SensorDeviceClass.TIMESTAMP,
        **DIAGNOSTIC,
        value_fn=_worn_out,
        details_fn=_worn_details,
    ),
    *(
        PackSensorDescription(
            key=f"{way}_power_{time}",
            translation_key=f"{way}_power_{time}",
            **WATTS_AHEAD,
            **DIAGNOSTIC,
            # What a peak can draw is for automations of who knows that; ten minutes is what a household asks for.
            entity_registry_enabled_default=time == "10min",
            heard=pack_heard,
            value_fn=partial(_watts, place),
            details_fn=partial(_power_details, place),
        )
        for place, (way, time) in enumerate(product(("charge", "discharge"), ("10s", "1min", "10min")))
    ),
    PackSensorDescription(
        key="balance_reason",
        translation_key="balance_reason",
        **REASON | {"options": list(BALANCE_REASONS)},
        value_fn=lambda pack: pack.data.decision.balance.reason.rule,
        reason_fn=lambda pack: pack.data.decision.balance.reason,
    ),
    PackSensorDescription(
        key="balance_remaining",
        translation_key="balance_remaining",
        **TIME_LEFT,
        **DIAGNOSTIC,
        value_fn=lambda pack: _scaled(pack.data.decision.balance.remaining, 1 / 3600),
    ),
    PackSensorDescription(
        key="since_full",
        translation_key="since_full",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.HOURS,
        suggested_unit_of_measurement=UnitOfTime.DAYS,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        dead_band=0.5,
        soonest=SOONEST_COUNTER,
        value_fn=lambda pack: _scaled(pack.data.estimate.since_full, 1 / 3600),
    ),
    PackSensorDescription(
        key="balance_current",
        translation_key="balance_current",
        **AMPERES | {"suggested_display_precision": 2, "dead_band": 0.1, "soonest": SOONEST_CELL},
        **RARE,
        heard=current_heard,
        value_fn=lambda pack: pack.data.reading.balance_current,
    ),
    PackSensorDescription(
        key="data_age",
        translation_key="data_age",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=1,
        dead_band=0.5,
        **RARE,
        value_fn=lambda pack: _scaled(pack.data.believed.age, 1),
    ),
    PackSensorDescription(
        key="cycle_time",
        translation_key="cycle_time",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        dead_band=10,
        **RARE,
        value_fn=lambda pack: _scaled(pack.statistics.cycle_time, 1000),
    ),
    PackSensorDescription(
        key="between_readings",
        translation_key="between_readings",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        dead_band=0.2,
        **DIAGNOSTIC,
        value_fn=lambda pack: pack.statistics.between_readings,
    ),
    PackSensorDescription(
        key="link_quality",
        translation_key="link_quality",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        dead_band=1,
        **RARE,
        value_fn=lambda pack: pack.statistics.link_quality,
    ),
    PackSensorDescription(
        key="failed_reads",
        translation_key="failed_reads",
        **COUNT,
        value_fn=lambda pack: pack.statistics.failed_reads,
    ),
    PackSensorDescription(
        key="slow_reads", translation_key="slow_reads", **COUNT, value_fn=lambda pack: pack.statistics.slow_reads
    ),
    PackSensorDescription(
        key="late_ticks", translation_key="late_ticks", **COUNT, value_fn=lambda pack: pack.statistics.late_ticks
    ),
    PackSensorDescription(
        key="failed_writes",
        translation_key="failed_writes",
        **COUNT,
        value_fn=lambda pack: pack.statistics.failed_writes,
    ),
)

SYSTEM_SENSORS: Final = (
    SystemSensorDescription(key="voltage", **VOLTS, value_fn=lambda system: system.data.voltage),
    SystemSensorDescription(key="current", **AMPERES, value_fn=lambda system: system.data.current),
    SystemSensorDescription(key="power", **WATTS, value_fn=lambda system: system.data.power),
    SystemSensorDescription(key="soc", translation_key="soc", **CHARGE_STATE, value_fn=lambda system: system.data.soc),
    SystemSensorDescription(key="soh", translation_key="soh", **HEALTH, value_fn=lambda system: system.data.soh),
    SystemSensorDescription(
        key="stored_energy", **STORED, value_fn=lambda system: _scaled(system.data.stored_energy, 0.001)
    ),
    SystemSensorDescription(
        key="energy_in",
        translation_key="energy_in",
        **COUNTED_ENERGY,
        value_fn=lambda system: system.data.energy_in / 1000,
    ),
    SystemSensorDescription(
        key="energy_out",
        translation_key="energy_out",
        **COUNTED_ENERGY,
        value_fn=lambda system: system.data.energy_out / 1000,
    ),
    SystemSensorDescription(
        key="capacity",
        translation_key="capacity",
        **CHARGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda system: system.data.capacity,
    ),
    SystemSensorDescription(
        key="cvl",
        translation_key="cvl",
        **VOLTS_LIMIT,
        value_fn=lambda system: system.data.cvl.value,
        reason_fn=lambda system: system.data.cvl.reason,
    ),
    SystemSensorDescription(
        key="ccl",
        translation_key="ccl",
        **AMPERES_LIMIT,
        value_fn=lambda system: system.data.ccl.value,
        reason_fn=lambda system: system.data.ccl.reason,
    ),
    SystemSensorDescription(
        key="dcl",
        translation_key="dcl",
        **AMPERES_LIMIT,
        value_fn=lambda system: system.data.dcl.value,
        reason_fn=lambda system: system.data.dcl.reason,
    ),
    SystemSensorDescription(
        key="charge_stage",
        translation_key="charge_stage",
        device_class=SensorDeviceClass.ENUM,
        options=[stage.value for stage in ChargeStage],
        value_fn=lambda system: system.data.charging.stage,
    ),
    SystemSensorDescription(
        key="charge_stage_reason",
        translation_key="charge_stage_reason",
        **REASON | {"options": list(CHARGE_RULES)},
        value_fn=lambda system: system.data.charging.reason.rule,
        reason_fn=lambda system: system.data.charging.reason,
    ),
    SystemSensorDescription(
        key="limiting_reason",
        translation_key="limiting_reason",
        **REASON | {"options": SYSTEM_REASONS},
        value_fn=lambda system: _limiting(system).bound.reason.rule,
        limiting_fn=_limiting,
    ),
    SystemSensorDescription(
        key="weakest_pack",
        translation_key="weakest_pack",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_weakest,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFigure:
    """A number that is learned of every cell."""

    key: str
    """After `cell_1_`, and after `cell_` in the translations."""
    look: Mapping[str, Any]
    """How it is shown; its digits are kept and no more, so that the recorder has few rows of what changes slowly."""
    figure: Callable[[LearnedView, Snapshot, int], float | None]
    details: Callable[[int, PackCoordinator], Mapping[str, Any]] | None = None


CELL_FIGURES: Final = (
    CellFigure(key="soc", look=PERCENT | RARE | {"dead_band": 0.5}, figure=LearnedView.cell_soc),
    CellFigure(key="capacity", look=LEARNED_CHARGE, figure=LearnedView.cell_capacity, details=_capacity_band),
    CellFigure(key="resistance", look=LEARNED_OHMS, figure=LearnedView.cell_resistance),
    CellFigure(key="joint", look=LEARNED_OHMS, figure=LearnedView.cell_joint),
    CellFigure(key="self_discharge", look=LEARNED_LEAK, figure=LearnedView.cell_self_discharge),
    CellFigure(
        key="surplus",
        look=LEARNED_CHARGE | {"suggested_display_precision": 2},
        figure=LearnedView.cell_surplus,
    ),
    CellFigure(
        key="balanced",
        look=CHARGE | COUNT | {"suggested_display_precision": 2},
        figure=lambda _, snapshot, cell: cell_balanced(snapshot, cell),
    ),
)


def _figure(row: CellFigure, index: int, pack: PackCoordinator) -> float | None:
    value = row.figure(pack.view, pack.data, index)
    return None if value is None else round(value, row.look["suggested_display_precision"])


def _cell_figure(row: CellFigure, index: int) -> PackSensorDescription:
    """Return the sensor of one number of one cell."""
    return PackSensorDescription(
        key=f"cell_{index + 1}_{row.key}",
        translation_key=f"cell_{row.key}",
        placeholders={"cell": str(index + 1)},
        **row.look,
        value_fn=partial(_figure, row, index),
        details_fn=None if row.details is None else partial(row.details, index),
    )


def numbered_sensors(config: PackConfig) -> list[PackSensorDescription]:
    """Return the sensors of every cell and every cell temperature of a pack."""
    cells = [
        PackSensorDescription(
            key=f"cell_{index + 1}",
            translation_key="cell",
            placeholders={"cell": str(index + 1)},
            **CELL_VOLTS,
            heard=cells_heard,
            value_fn=partial(_cell, index),
            doubt=f"cell_{index + 1}",
        )
        for index in range(config.cells)
    ]
    temperatures = [
        PackSensorDescription(
            key=f"temperature_{index + 1}",
            translation_key="temperature",
            placeholders={"sensor": str(index + 1)},
            **DEGREES,
            soonest=SOONEST_CELL,
            heard=temperatures_heard,
            value_fn=partial(_temperature, index),
            doubt=f"temperature_{index + 1}",
        )
        for index in range(config.temperature_sensors)
    ]
    return cells + temperatures + [_cell_figure(row, index) for row in CELL_FIGURES for index in range(config.cells)]


CONTACTOR: Final = PackSensorDescription(
    key="contactor",
    translation_key="contactor",
    device_class=SensorDeviceClass.ENUM,
    options=[state.value for state in ContactorState],
    value_fn=lambda pack: pack.data.contactors.charge.state,
)
PARTS_CONTROL: Final = PackSensorDescription(
    key="parts_control",
    translation_key="parts_control",
    device_class=SensorDeviceClass.ENUM,
    options=["possible", "watched_only"],
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=lambda pack: "watched_only" if watched_because(pack) else "possible",
    details_fn=lambda pack: {"reasons": watched_because(pack)},
)


def watched_because(pack: PackCoordinator) -> list[str]:
    """Return why a pack that is built from parts can only be watched, one sentence each."""
    problems = () if pack.parts is None else pack.parts.problems
    return [problem_text(pack.hass, problem) for problem in problems if problem.severity is not Severity.ADVICE]


def sensors_of(pack: PackCoordinator) -> list[PackSensorDescription]:
    """Return every sensor of a pack; what it is built from tells which there are."""
    contactor = [CONTACTOR] if Capability.RELAYS in pack.capabilities else []
    parts = [] if pack.parts is None else [PARTS_CONTROL]
    return [*PACK_SENSORS, *contactor, *parts, *numbered_sensors(pack.config)]


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of the system and of each pack."""
    system = entry.runtime_data.system
    async_add_entities(SystemSensor(system, description) for description in SYSTEM_SENSORS)
    async_add_entities([*lease_sensors(system), StorageSensor(system, STORAGE_PHASE)])
    async_add_entities(inspection_sensors(system))
    for subentry_id, pack in entry.runtime_data.packs.items():
        async_add_entities(
            [PackSensor(pack, description) for description in sensors_of(pack)],
            config_subentry_id=subentry_id,
        )
        async_add_entities([CommissioningSensor(pack, COMMISSIONING)], config_subentry_id=subentry_id)
        async_add_entities(
            [HistorySensor(pack, description) for description in HISTORY_SENSORS], config_subentry_id=subentry_id
        )
        if pack.can is not None:
            async_add_entities(can_sensors(pack, pack.can.link), config_subentry_id=subentry_id)
    for subentry_id, inverter in entry.runtime_data.inverters.items():
        async_add_entities(inverter_sensors(inverter), config_subentry_id=subentry_id)
        if inverter.opened.can is not None:
            async_add_entities(can_sensors(inverter, inverter.opened.can), config_subentry_id=subentry_id)
    for subentry_id, programme in entry.runtime_data.programmes.items():
        async_add_entities(programme_sensors(programme), config_subentry_id=subentry_id)


def _tidy[ValueT: StateType | datetime](value: ValueT, precision: int | None) -> ValueT | float:
    """Return a number with one digit more than is shown: statistics lose nothing and the recorder keeps no noise."""
    return round(value, precision + 1) if isinstance(value, float) and precision is not None else value


class PackSensor(PackEntity, SensorEntity):
    """A sensor of one pack."""

    entity_description: PackSensorDescription
    _unrecorded_attributes = EVIDENCE | DETAILS | {"doubt", "doubts"}

    @property
    @override
    def shown(self) -> StateType | datetime:
        description = self.entity_description
        return _tidy(description.value_fn(self.coordinator), description.suggested_display_precision)

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value."""
        return self.shown

    @property
    @override
    def remark(self) -> object:
        """Why what is shown is doubted, or all that is."""
        description = self.entity_description
        if description.doubt is not None:
            return self.snapshot.believed.doubts.get(description.doubt)
        return None if description.doubts_fn is None else dict(description.doubts_fn(self.coordinator))

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return what a reason rests on, what stands beside a value, or what is doubted."""
        description = self.entity_description
        if description.reason_fn is not None:
            return evidence(description.reason_fn(self.coordinator))
        if description.details_fn is not None:
            return dict(description.details_fn(self.coordinator))
        if description.doubts_fn is not None:
            return {"doubts": self.remark}
        return None if self.remark is None else {"doubt": self.remark}


class SystemSensor(SystemEntity, SensorEntity):
    """A sensor of all packs together."""

    entity_description: SystemSensorDescription
    _unrecorded_attributes = EVIDENCE | {"reason", "limit"}

    @property
    @override
    def shown(self) -> StateType:
        description = self.entity_description
        return _tidy(description.value_fn(self.coordinator), description.suggested_display_precision)

    @property
    @override
    def native_value(self) -> StateType:
        """Return the value."""
        return self.shown

    @property
    @override
    def remark(self) -> object:
        """Where the rule that limits most does so."""
        limiting_fn = self.entity_description.limiting_fn
        if limiting_fn is None:
            return None
        limiting = limiting_fn(self.coordinator)
        reason = limiting.bound.reason
        return limiting.pack, limiting.direction, reason.cell, reason.sensor

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return why a limit is what it is."""
        description, reason_fn = self.entity_description, self.entity_description.reason_fn
        if description.limiting_fn is not None:
            limiting = description.limiting_fn(self.coordinator)
            return {
                "pack": limiting.pack,
                "direction": limiting.direction,
                "limit": round(limiting.bound.value, 1),
                **evidence(limiting.bound.reason),
            }
        if reason_fn is None:
            return None
        reason = reason_fn(self.coordinator)
        return {"reason": reason.rule, **evidence(reason)}
