"""What a SunSpec battery's events mean in home_bms's words, as `modbus/08_sunspec.md` lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from ..registers import Values
from ..sunspec.memory import Points

EVENTS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "internal_communication_lost",
        1: "battery_overtemperature",
        2: "battery_overtemperature_warning",
        3: "battery_undertemperature",
        4: "battery_undertemperature_warning",
        5: "charge_overcurrent",
        6: "charge_overcurrent_warning",
        7: "discharge_overcurrent",
        8: "discharge_overcurrent_warning",
        9: "pack_overvoltage",
        10: "pack_overvoltage_warning",
        11: "pack_undervoltage",
        12: "pack_undervoltage_warning",
        13: "soc_below_minimum",
        14: "soc_below_minimum_warning",
        15: "soc_above_maximum",
        16: "soc_above_maximum_warning",
        17: "voltage_imbalance_warning",
        18: "temperature_spread",
        19: "temperature_spread_warning",
        20: "contactor_fault",
        21: "fan_fault",
        22: "ground_fault",
        23: "door_open",
        25: "other_alarm",
        26: "other_warning",
        28: "configuration_fault",
        29: "configuration_warning",
    }
)
"""By the bit of Evt1, which batteries and strings have in common."""
BATTERY_EVENTS: Final = MappingProxyType({**EVENTS, 24: "current_imbalance_warning"})
CONNECTION_FAILURES: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "connection_button_pushed",
        2: "ground_fault",
        3: "connection_voltage_out_of_range",
        4: "string_not_enabled",
        5: "fuse_open",
        6: "contactor_fault",
        7: "precharge_failed",
        8: "string_fault",
    }
)
"""Why a string could not be connected (804.ConFail, 803.StrConFail)."""
FAULT: Final = 99
"""The state of a battery that has one (802.State)."""
DISABLED_BY_FAULT: Final = 1
"""Why a string is disabled (803.StrDisRsn)."""
OTHER: Final = 25
"""The bit for what SunSpec has no event for."""

BITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        **{key: bit for bit, key in BATTERY_EVENTS.items()},
        "cell_overvoltage": 9,
        "cell_undervoltage": 11,
        "charge_overtemperature": 1,
        "discharge_overtemperature": 1,
        "charge_undertemperature": 3,
        "discharge_undertemperature": 3,
    }
)
"""The bit of Evt1 for an alarm of home_bms; SunSpec tells fewer apart."""

# Each word of events: whether its bits have names, what others are called, and the number of its first bit.
_WORDS: Final = (
    ("Evt1", True, "alarm", 0),
    ("Evt2", False, "alarm", 32),
    ("EvtVnd1", False, "vendor_alarm", 0),
    ("EvtVnd2", False, "vendor_alarm", 32),
)


def alarms(values: Values) -> frozenset[str] | None:
    """Return the alarms that stand, those of unknown bits too; `None` where no event is told at all."""
    batteries: list[Points] = values.get("battery", [])
    strings = _strings(values)
    rows = [(points, BATTERY_EVENTS) for points in batteries] + [(points, EVENTS) for points in strings]
    if not any(points[word] is not None for points, _ in rows for word, *_ in _WORDS):
        return None
    found = {key for row in rows for key in _events(*row)}
    found |= {"battery_fault" for points in batteries if points["State"] == FAULT}
    found |= {"string_fault" for points in strings if points.get("DisRsn") == DISABLED_BY_FAULT}
    failures = {points["ConFail"] for points in strings if points["ConFail"]}
    return frozenset(found | {CONNECTION_FAILURES.get(code, f"connection_failure_{code}") for code in failures})


def _strings(values: Values) -> list[Points]:
    """Return what strings tell of themselves, or else what their bank tells of them, in the same words."""
    strings: list[Points] = values.get("strings", [])
    banks: list[Points] = values.get("bank", [])
    banked = [string for bank in banks for string in bank["string"]]
    return strings or [{name.removeprefix("Str"): value for name, value in row.items()} for row in banked]


def _events(points: Points, names: Mapping[int, str]) -> Iterator[str]:
    """Return the keys of one battery's or string's events."""
    for word, named, other, first in _WORDS:
        bits = points[word] or 0
        for bit in range(bits.bit_length()):
            if bits >> bit & 1:
                yield (names.get(bit) if named else None) or f"{other}_{first + bit}"


def events_of(found: frozenset[str] | None) -> int | None:
    """Return the word Evt1 of alarms; `None` of none told."""
    return None if found is None else sum(1 << bit for bit in {BITS.get(key, OTHER) for key in found})
