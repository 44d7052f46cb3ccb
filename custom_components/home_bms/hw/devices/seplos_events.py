"""The coils of Seplos V3: what stands, what is switched on, and which of its own functions are enabled."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from modbus_connection.model import Component, coil

CELLS: Final = 16
PROBES: Final = 8
EVENTS_START: Final = 0x1200
EVENTS_SIZE: Final = 0x90

STATE: Final = ("discharging", "charging", "floating", "full", "standby", "off")
VOLTAGE: Final = (
    *("cell_overvoltage_warning", "cell_overvoltage", "cell_undervoltage_warning", "cell_undervoltage"),
    *("pack_overvoltage_warning", "pack_overvoltage", "pack_undervoltage_warning", "pack_undervoltage"),
)
TEMPERATURE: Final = tuple(
    f"{flow}_{side}temperature{ending}"
    for flow in ("charge", "discharge")
    for side in ("over", "under")
    for ending in ("_warning", "")
)
ENVIRONMENT: Final = (
    *("environment_overtemperature_warning", "environment_overtemperature"),
    *("environment_undertemperature_warning", "environment_undertemperature"),
    *("switch_overtemperature_warning", "switch_overtemperature"),
)
CURRENT: Final = (
    *("charge_overcurrent_warning", "charge_overcurrent", "charge_overcurrent_second"),
    *("discharge_overcurrent_warning", "discharge_overcurrent", "discharge_overcurrent_second"),
    "discharge_short_circuit",
)
LOCKS: Final = (
    *("short_circuit_locked", "reverse_connection", "charge_overcurrent_locked", "discharge_overcurrent_locked"),
)
CAPACITY: Final = ("", "", "low_charge_warning", "low_charge", "cell_difference", "", "gyroscope_locked")
SWITCHES: Final = ("discharge", "charge", "limiter_on", "heater_on")
BALANCER: Final = ("balancer_on", "static_balancing", "static_balancing_timeout", "balancing_too_hot")
FAULTS: Final = (
    *("temperature_sensor_fault", "measurement_fault", "charge_switch_fault", "discharge_switch_fault"),
    *("cell_fault", "sense_wire_broken", "button_fault", "aerosol_alarm"),
)
FUNCTIONS: Final = (*("bluetooth", "cooling", "capacity_lights", "snmp", "wlan", "dhcp", "gyroscope"),)
CAPACITY_FUNCTIONS: Final = (
    *("low_charge_warning", "intermittent_charge", "external_switch", "sleep", "recording", "low_charge"),
    *("active_limiting", "passive_limiting"),
)
BALANCER_FUNCTIONS: Final = ("balancer", "static_balancing", "static_balancing_timeout", "balancing_temperature_limit")
INDICATORS: Final = (
    *("buzzer", "display", "manual_forced_output", "automatic_forced_output", "undervoltage_recovery"),
    *("aerosol_test", "aerosol_disconnect", "current_compensation"),
)


def _each(what: str, ending: str, count: int) -> tuple[str, ...]:
    return tuple(f"{what}_{number}_{ending}" for number in range(1, count + 1))


ALARM_TABLES: Final = MappingProxyType(
    {
        0x1200: _each("cell", "low", CELLS),
        0x1210: _each("cell", "high", CELLS),
        0x1220: _each("temperature", "low", PROBES),
        0x1228: _each("temperature", "high", PROBES),
        0x1248: VOLTAGE,
        0x1250: TEMPERATURE,
        # Heating is a state; it has a bit among the switches too.
        0x1258: (*ENVIRONMENT, None),
        0x1260: CURRENT,
        0x1268: LOCKS,
        0x1270: CAPACITY,
        0x1288: FAULTS,
    }
)
"""The alarms by the address of their first bit; `None` is none of them."""
STATE_TABLES: Final = MappingProxyType(
    {
        0x1230: _each("balancing", "on", CELLS),
        0x1240: STATE,
        0x125E: ("heating",),
        0x1278: SWITCHES,
        0x1280: BALANCER,
    }
)
FUNCTION_TABLES: Final = MappingProxyType(
    {
        0x1400: VOLTAGE,
        0x1408: TEMPERATURE,
        0x1410: (*ENVIRONMENT, "heating"),
        0x1418: FUNCTIONS,
        0x1420: CURRENT,
        0x1428: LOCKS,
        0x1430: CAPACITY_FUNCTIONS,
        0x1438: BALANCER_FUNCTIONS,
        0x1440: INDICATORS,
        0x1448: FAULTS,
    }
)
"""What the pack is told to do, not what it does: no alarm follows from these."""
BANK_TABLES: Final = MappingProxyType(
    {
        0x2200: STATE,
        0x2208: VOLTAGE,
        0x2210: TEMPERATURE,
        0x2218: (*ENVIRONMENT, "heating"),
        0x2220: CURRENT,
        0x2228: LOCKS,
        0x2230: CAPACITY,
        0x2238: SWITCHES,
        0x2240: BALANCER,
        0x2248: FAULTS,
    }
)


def _alarms() -> Iterator[tuple[int, str]]:
    """Yield the address and the key of every alarm; a bit that nobody named is called by its number."""
    for start, names in ALARM_TABLES.items():
        row = (*names, *[""] * (-len(names) % 8))
        for address, name in enumerate(row, start):
            if name is not None:
                yield address, name or f"alarm_{address - EVENTS_START}"


ALARMS: Final = MappingProxyType({f"stands_{key}": key for _, key in _alarms()})
"""The key of each alarm by the name of its field."""


def _rows(tables: MappingProxyType[int, tuple[str, ...]], name: str) -> dict[str, object]:
    """Return the fields of tables; `name` is how a bit's name makes that of its field."""
    return {
        name.format(bit): coil(address)
        for start, names in tables.items()
        for address, bit in enumerate(names, start)
        if bit
    }


def _block(title: str, doc: str, start: int, size: int, fields: dict[str, object]) -> type[Component]:
    """Return a component of coils that is read in one block."""
    body = {"__doc__": doc, "coil_ranges": ((start, start + size - 1),), "max_span": size, **fields}
    return type(title, (Component,), body)


Events: Final = _block(
    "Events",
    "Alarms, states and switches; 0x1200, 144 coils in one block, the first bit the lowest.",
    EVENTS_START,
    EVENTS_SIZE,
    {f"stands_{key}": coil(address) for address, key in _alarms()} | _rows(STATE_TABLES, "{}"),
)
Functions: Final = _block(
    "Functions", "Which of its functions are enabled; 0x1400.", 0x1400, 0x50, _rows(FUNCTION_TABLES, "{}_enabled")
)
BankEvents: Final = _block(
    "BankEvents", "What a master tells of all packs; 0x2200.", 0x2200, 0x50, _rows(BANK_TABLES, "bank_{}")
)
BALANCING: Final = STATE_TABLES[0x1230]
"""The fields that tell which cells are balanced."""
