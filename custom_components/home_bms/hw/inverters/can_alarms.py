"""Which of the troubles that inverters have a bit for the protections of home_bms are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Trouble(StrEnum):
    """What inverters tell apart."""

    CELL_HIGH_VOLTAGE = "cell_high_voltage"
    CELL_LOW_VOLTAGE = "cell_low_voltage"
    HIGH_VOLTAGE = "high_voltage"
    """Of the whole battery or a module."""
    LOW_VOLTAGE = "low_voltage"
    HIGH_TEMPERATURE = "high_temperature"
    """While discharging."""
    LOW_TEMPERATURE = "low_temperature"
    HIGH_TEMPERATURE_CHARGE = "high_temperature_charge"
    LOW_TEMPERATURE_CHARGE = "low_temperature_charge"
    DISCHARGE_CURRENT = "discharge_current"
    CHARGE_CURRENT = "charge_current"
    CONTACTOR = "contactor"
    SHORT_CIRCUIT = "short_circuit"
    INTERNAL = "internal"
    """The battery cannot be seen or led as it must."""
    IMBALANCE = "imbalance"
    GENERAL = "general"
    """What no inverter has a bit for."""


_T = Trouble
TROUBLES: Final[Mapping[str, Trouble | None]] = MappingProxyType(
    {
        "cell_overvoltage": _T.CELL_HIGH_VOLTAGE,
        "cell_undervoltage": _T.CELL_LOW_VOLTAGE,
        "deep_discharge": _T.CELL_LOW_VOLTAGE,
        "pack_overvoltage": _T.HIGH_VOLTAGE,
        "pack_undervoltage": _T.LOW_VOLTAGE,
        "cell_difference": _T.IMBALANCE,
        # What the user keeps back is no trouble, and the discharge current limit tells of it.
        "soc_reserve": None,
        "charge_overcurrent": _T.CHARGE_CURRENT,
        "discharge_overcurrent": _T.DISCHARGE_CURRENT,
        "short_circuit": _T.SHORT_CIRCUIT,
        "charge_overtemperature": _T.HIGH_TEMPERATURE_CHARGE,
        "charge_undertemperature": _T.LOW_TEMPERATURE_CHARGE,
        "discharge_overtemperature": _T.HIGH_TEMPERATURE,
        "discharge_undertemperature": _T.LOW_TEMPERATURE,
        "switch_overtemperature": _T.HIGH_TEMPERATURE,
        "temperature_spread": _T.GENERAL,
        "temperature_rise": _T.HIGH_TEMPERATURE,
        "insulation_low": _T.GENERAL,
        "communication_lost": _T.INTERNAL,
        "data_missing": _T.INTERNAL,
        "sensor_failed": _T.INTERNAL,
        "contactor_not_opening": _T.CONTACTOR,
        "contactor_not_closing": _T.CONTACTOR,
        "contactor_welded": _T.CONTACTOR,
        "precharge_failed": _T.CONTACTOR,
        "command_ignored": _T.GENERAL,
        "device_alarm": _T.GENERAL,
        "settings_out_of_order": _T.GENERAL,
        "loop_late": _T.INTERNAL,
    }
)
"""Every protection of core; a key that is not here is a general trouble."""

type Group = frozenset[Trouble]
"""Troubles that one bit of an inverter stands for; none: the bit is the maker's own, or reserved."""


def group(*troubles: Trouble) -> Group:
    """Return troubles that share a bit."""
    return frozenset(troubles)


NOTHING: Final = group()
CELL_HIGH: Final = group(_T.CELL_HIGH_VOLTAGE)
CELL_LOW: Final = group(_T.CELL_LOW_VOLTAGE)
PACK_HIGH: Final = group(_T.HIGH_VOLTAGE)
PACK_LOW: Final = group(_T.LOW_VOLTAGE)
ANY_HIGH: Final = CELL_HIGH | PACK_HIGH
ANY_LOW: Final = CELL_LOW | PACK_LOW
HOT: Final = group(_T.HIGH_TEMPERATURE)
COLD: Final = group(_T.LOW_TEMPERATURE)
HOT_CHARGE: Final = group(_T.HIGH_TEMPERATURE_CHARGE)
COLD_CHARGE: Final = group(_T.LOW_TEMPERATURE_CHARGE)
ANY_HOT: Final = HOT | HOT_CHARGE
ANY_COLD: Final = COLD | COLD_CHARGE
DISCHARGE_CURRENT: Final = group(_T.DISCHARGE_CURRENT)
CHARGE_CURRENT: Final = group(_T.CHARGE_CURRENT)
CONTACTOR: Final = group(_T.CONTACTOR)
SHORT: Final = group(_T.SHORT_CIRCUIT)
INTERNAL: Final = group(_T.INTERNAL)
IMBALANCE: Final = group(_T.IMBALANCE)
GENERAL: Final = group(_T.GENERAL)
SYSTEM: Final = INTERNAL | CONTACTOR | GENERAL
"""A "system error" where there is one bit for all that is neither voltage, current nor temperature."""


def troubles(keys: Iterable[str]) -> Group:
    """Return the troubles that these protections are."""
    found = {TROUBLES.get(key, Trouble.GENERAL) for key in keys}
    return frozenset(trouble for trouble in found if trouble is not None)


def alarm_bits(keys: Iterable[str], table: Sequence[Group]) -> int:
    """Return the bits, the lowest first in the table, of what stands."""
    standing = troubles(keys)
    return sum(1 << bit for bit, meant in enumerate(table) if meant & standing)


def alarm_pairs(keys: Iterable[str], table: Sequence[Group]) -> int:
    """Return the bit pairs, the lowest first in the table: 1 what stands, 2 what does not, never 0.

    To SMA a pair is an event: what goes from 1 to 0 stands for ever (`can/02_sma_victron_canbms.md`).
    """
    standing = troubles(keys)
    return sum((1 if meant & standing else 2) << 2 * pair for pair, meant in enumerate(table))
