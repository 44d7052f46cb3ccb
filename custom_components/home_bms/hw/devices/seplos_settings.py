"""The parameters of Seplos V3, 0x1300 to 0x1369, one register each, as `modbus/03_seplos_v3.md` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from modbus_connection.model import Component, NumberField

FIRST: Final = 0x1300
BLOCK: Final = 0x35
"""Registers in each of the two blocks that the maker's app reads."""

type Kind = Mapping[str, Any]


def _kind(scale: float, unit: str | None, **more: Any) -> Kind:  # noqa: ANN401 - what a field takes
    return MappingProxyType({"scale": scale, "unit": unit, "signed": False, **more})


NUMBER: Final = _kind(1, None)
PACK_VOLTS: Final = _kind(0.01, "V")
VOLTS: Final = _kind(0.001, "V")
AMPS: Final = _kind(1, "A", signed=True)
MILLIAMPS: Final = _kind(0.001, "A", signed=True)
AMP_HOURS: Final = _kind(0.01, "Ah")
PERCENT: Final = _kind(0.1, "%")
TENTHS: Final = _kind(0.1, "s")
MILLISECONDS: Final = _kind(0.001, "s")
MICROSECONDS: Final = _kind(0.000001, "s")
MINUTES: Final = _kind(60, "s")
HOURS: Final = _kind(3600, "s")
KELVIN: Final = _kind(0.1, "°C", offset=-273.1)
"""Tenths of a kelvin: 2731 is 0 °C."""

type Rows = tuple[tuple[str, Kind], ...]


def _levels(name: str, kind: Kind) -> Rows:
    """Return the four settings on one side, in the order in which they stand."""
    return tuple((f"{name}{ending}", kind) for ending in ("_warning_release", "_warning", "_release", ""))


def _both(over: str, under: str, kind: Kind) -> Rows:
    return (*_levels(over, kind), *_levels(under, kind))


def _flow(flow: str) -> Rows:
    """Return the settings of one direction's current."""
    return (
        (f"{flow}_current_release", AMPS),
        (f"{flow}_current_warning", AMPS),
        (f"{flow}_current", AMPS),
        (f"{flow}_overcurrent_delay", TENTHS),
        (f"{flow}_current_second", AMPS),
        (f"{flow}_overcurrent_second_delay", MILLISECONDS),
    )


ROWS: Final[Rows] = (
    ("sensor_count", NUMBER),
    ("cell_count", NUMBER),
    *_both("pack_overvoltage", "pack_undervoltage", PACK_VOLTS),
    *_both("cell_overvoltage", "cell_undervoltage", VOLTS),
    ("cell_undervoltage_fault", VOLTS),
    ("cell_difference", VOLTS),
    ("cell_difference_release", VOLTS),
    *_flow("charge"),
    *_flow("discharge"),
    ("short_circuit_current", AMPS),
    ("short_circuit_delay", MICROSECONDS),
    ("overcurrent_release_time", TENTHS),
    ("overcurrent_lock_count", NUMBER),
    ("charge_limiting_time", TENTHS),
    ("pulse_current", AMPS),
    ("pulse_time", TENTHS),
    ("float_lock_voltage", VOLTS),
    ("float_release_voltage", VOLTS),
    ("float_lock_current", MILLIAMPS),
    ("precharge_share_short", PERCENT),
    ("precharge_share_done", PERCENT),
    ("precharge_share_fault", PERCENT),
    # Seconds in one edition of the maker's paper, tenths in another.
    ("precharge_time_raw", NUMBER),
    *_both("charge_overtemperature", "charge_undertemperature", KELVIN),
    *_both("discharge_overtemperature", "discharge_undertemperature", KELVIN),
    *_both("environment_overtemperature", "environment_undertemperature", KELVIN),
    *_levels("switch_overtemperature", KELVIN),
    ("heater_stop", KELVIN),
    ("heater_start", KELVIN),
    ("balance_temperature_max", KELVIN),
    ("balance_temperature_min", KELVIN),
    ("static_balancing_time", HOURS),
    ("balance_start_voltage", VOLTS),
    ("balance_difference", VOLTS),
    ("balance_stop_difference", VOLTS),
    ("full_release_soc", PERCENT),
    ("low_charge_warning_release", PERCENT),
    ("low_charge_warning", PERCENT),
    ("low_charge_release", PERCENT),
    ("low_charge", PERCENT),
    ("rated_capacity", AMP_HOURS),
    ("total_capacity", AMP_HOURS),
    ("residual_capacity", AMP_HOURS),
    ("sleep_after", HOURS),
    ("forced_output_delay", TENTHS),
    ("forced_output_interval", MINUTES),
    ("forced_output_count", NUMBER),
    ("compensation_cell_1", NUMBER),
    ("compensation_resistance_1_raw", NUMBER),
    ("compensation_cell_2", NUMBER),
    ("compensation_resistance_2_raw", NUMBER),
    ("cell_difference_warning", VOLTS),
    ("cell_difference_warning_release", VOLTS),
    ("charge_request_voltage", PACK_VOLTS),
    ("charge_request_current", AMPS),
    ("discharge_request_current", AMPS),
    ("unnamed_1368", NUMBER),
    ("unnamed_1369", NUMBER),
)
"""Every parameter with its unit, in the order in which they stand."""

Settings: Final[type[Component]] = type(
    "Settings",
    (Component,),
    {
        "__doc__": "The parameters, in two blocks.",
        "register_space": "input",
        "register_ranges": ((FIRST, FIRST + BLOCK - 1), (FIRST + BLOCK, FIRST + 2 * BLOCK - 1)),
        **{name: NumberField(FIRST + index, **kind) for index, (name, kind) in enumerate(ROWS)},
    },
)
