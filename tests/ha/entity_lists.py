"""The entities of devices that people have, by the names of the components' public examples."""

from __future__ import annotations

from collections.abc import Iterable

from custom_components.home_bms.packs.role_names import Candidate, plain
from custom_components.home_bms.packs.roles import Role

type Listed = tuple[str, str | None, str | None]
"""An entity's name, unit and device class."""

V, A, C, AH, PERCENT = ("V", "voltage"), ("A", "current"), ("°C", "temperature"), ("Ah", None), ("%", None)


def numbered(pattern: str, count: int, kind: tuple[str, str | None], width: int = 1) -> list[Listed]:
    return [(pattern.format(f"{number:0{width}}"), *kind) for number in range(1, count + 1)]


def plainly(*names: str) -> list[Listed]:
    return [(name, None, None) for name in names]


def candidates(
    device: str, platform: str, entities: Iterable[Listed], values: dict[str, float] | None = None, prefix: str = ""
) -> list[Candidate]:
    """Return entities as Home Assistant would call them; `prefix` is what ESPHome's substitution puts before a name."""
    found = []
    for name, unit, device_class in entities:
        object_id = plain(f"{device} {prefix}{name}").replace(" ", "_")
        found.append(
            Candidate(
                entity_id=f"{platform}.{object_id}",
                names=(plain(f"{prefix}{name}", device), plain(object_id, device)),
                unit=unit,
                device_class=device_class,
                value=(values or {}).get(name),
            )
        )
    return found


def named(found: dict[Role, tuple[str, ...]], device: str) -> dict[str, list[str]]:
    """Return the proposal by the entities' own names."""
    return {role.value: [plain(one.partition(".")[2], device) for one in ones] for role, ones in found.items()}


def cells(pattern: str, count: int) -> list[str]:
    return [pattern.format(number) for number in range(1, count + 1)]


JK_SENSORS = [
    *numbered("cell voltage {}", 24, V),
    *numbered("cell resistance {}", 24, ("Ω", None)),
    ("min cell voltage", *V),
    ("max cell voltage", *V),
    ("min voltage cell", None, None),
    ("max voltage cell", None, None),
    ("delta cell voltage", *V),
    ("average cell voltage", *V),
    ("total voltage", *V),
    ("current", *A),
    ("power", "W", "power"),
    ("charging power", "W", "power"),
    ("temperature sensor 1", *C),
    ("temperature sensor 2", *C),
    ("power tube temperature", *C),
    ("power tube temperature protection", *C),
    ("temperature sensor temperature protection", *C),
    ("charging high temperature protection", *C),
    ("state of charge", "%", "battery"),
    ("capacity remaining", *AH),
    ("total battery capacity setting", *AH),
    ("charging cycles", None, None),
    ("total charging cycle capacity", *AH),
    ("balancing current", *A),
    ("charging overcurrent protection", *A),
    ("cell voltage overvoltage protection", *V),
    ("cell voltage undervoltage recovery", *V),
    ("total voltage overvoltage protection", *V),
    ("balance starting voltage", *V),
    ("errors bitmask", None, None),
    ("total runtime", "s", "duration"),
]
JK_NUMBERS = [
    ("max charge current", *A),
    ("max discharge current", *A),
    ("max balance current", *A),
    ("current calibration", *A),
    ("cell voltage overvoltage protection", *V),
]
# Eight cells are wired; the firmware tells 0 V for the other inputs.
JK_VALUES = {f"cell voltage {number}": 3.3 if number <= 8 else 0.0 for number in range(1, 25)}

SEPLOS = [
    *numbered("cell voltage {}", 16, V),
    ("average cell voltage", *V),
    *numbered("cell temperature {}", 4, C),
    ("average cell temperature", *C),
    ("max cell temperature", *C),
    ("environment temperature", *C),
    ("mosfet temperature", *C),
    ("total voltage", *V),
    ("port voltage", *V),
    ("current", *A),
    ("remaining capacity", *AH),
    ("total capacity", *AH),
    ("total discharge capacity", *AH),
    ("state of charge", "%", "battery"),
    ("state of health", *PERCENT),
    ("cycle", "", None),
]
SEPLOS_NAMED = {
    "cells": cells("cell voltage {}", 16),
    "temperatures": cells("cell temperature {}", 4),
    "current": ["current"],
    "voltage": ["total voltage"],
    "switch_temperature": ["mosfet temperature"],
    "soc": ["state of charge"],
    "soh": ["state of health"],
    "full_capacity": ["total capacity"],
    "cycles": ["cycle"],
}


def ble(values: dict[str, list[float]]) -> list[Candidate]:
    """Return what BMS_BLE-HA makes of a battery that tells these lists."""
    device = "smartbat-a12345"
    sensors = [
        ("Voltage", *V),
        ("Battery", "%", "battery"),
        ("Battery health", *PERCENT),
        ("Temperature", *C),
        ("Current", *A),
        ("Stored energy", "Wh", "energy_storage"),
        ("Cycles", None, None),
        ("Power", "W", "power"),
        ("Runtime", "s", "duration"),
        ("Delta cell voltage", *V),
        ("Maximal cell voltage", *V),
        ("Minimal cell voltage", *V),
        ("Link quality", *PERCENT),
    ]
    lists = {"Delta cell voltage": "cell_voltages", "Temperature": "temperature_sensors"}
    found = []
    for listed, one in zip(sensors, candidates(device, "sensor", sensors), strict=True):
        held = {lists[listed[0]]} & set(values) if listed[0] in lists else set()
        found.append(
            Candidate(
                entity_id=one.entity_id,
                names=one.names,
                unit=one.unit,
                device_class=one.device_class,
                series=frozenset(held),
            )
        )
    flags = [
        ("Charging", None, "battery_charging"),
        ("Balancer", None, None),
        ("Charge MOSFET", None, "power"),
        ("Discharge MOSFET", None, "power"),
        ("Problem", None, "problem"),
    ]
    return [*found, *candidates(device, "binary_sensor", flags)]
