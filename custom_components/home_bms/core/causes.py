"""Orders alarms into roots and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from .model import Alarm

# What may stand behind an alarm, the likeliest first; nothing stands behind what has no row.
CAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    # One cell that runs ahead fills the pack before the others are full.
    "cell_overvoltage": ("command_ignored", "cell_difference"),
    "pack_overvoltage": ("command_ignored", "cell_overvoltage"),
    "cell_undervoltage": ("command_ignored", "cell_difference"),
    "pack_undervoltage": ("command_ignored", "cell_undervoltage"),
    "deep_discharge": ("cell_undervoltage",),
    "soc_reserve": ("cell_undervoltage", "pack_undervoltage"),
    "charge_overcurrent": ("short_circuit", "command_ignored"),
    "discharge_overcurrent": ("short_circuit", "command_ignored"),
    # One part that warms alone makes the spread, and then the heat.
    "temperature_spread": ("temperature_rise",),
    "charge_overtemperature": ("temperature_rise", "temperature_spread"),
    "discharge_overtemperature": ("temperature_rise", "temperature_spread", "charge_overtemperature"),
    "discharge_undertemperature": ("charge_undertemperature",),
    "communication_lost": ("loop_late",),
    "data_missing": ("communication_lost", "sensor_failed"),
    "sensor_failed": ("communication_lost",),
    "command_ignored": ("contactor_welded", "contactor_not_opening"),
    "contactor_not_opening": ("contactor_welded",),
    "contactor_not_closing": ("precharge_failed",),
    # The device sees what home_bms sees.
    "device_alarm": (
        "short_circuit",
        "cell_overvoltage",
        "cell_undervoltage",
        "pack_overvoltage",
        "pack_undervoltage",
        "charge_overcurrent",
        "discharge_overcurrent",
        "charge_overtemperature",
        "charge_undertemperature",
        "discharge_overtemperature",
        "discharge_undertemperature",
        "switch_overtemperature",
        "cell_difference",
        "temperature_rise",
    ),
}


def explain(alarms: tuple[Alarm, ...]) -> tuple[Alarm, ...]:
    """Return the alarms, each with the standing one that it follows from, roots first within a level."""
    standing = {alarm.key for alarm in alarms}
    explained = [_caused(alarm, standing) for alarm in alarms]
    return tuple(sorted(explained, key=lambda alarm: (-alarm.level, alarm.cause is not None)))


def _caused(alarm: Alarm, standing: set[str]) -> Alarm:
    for cause in CAUSES.get(alarm.key, ()):
        if cause in standing:
            return replace(alarm, cause=cause)
    return alarm if alarm.cause is None else replace(alarm, cause=None)


def root(alarm: Alarm, alarms: tuple[Alarm, ...]) -> Alarm:
    """Return the alarm at the beginning of `alarm`'s chain."""
    by_key = {each.key: each for each in alarms}
    while alarm.cause is not None and alarm.cause in by_key:
        alarm = by_key[alarm.cause]
    return alarm
