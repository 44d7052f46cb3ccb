"""Tells the whole battery as SunSpec: each pack is a string of one module, down to its cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import floor
from types import MappingProxyType
from typing import Any, Final

from ..core.bank import Bank, Extreme
from .devices.sunspec_shown import HOLDING, LITHIUM_ION, LOCAL, STANDBY, STATES, extremes, total
from .inverters.inverter import charge_current, discharge_current
from .shown_pack import ShownPack, unheard
from .sunspec.block import Block
from .sunspec.driver import CHARGING, DISCHARGING
from .sunspec.memory import Points, exponent_for
from .sunspec.models import BANK, BATTERY, COMMON, MODULE, STRING

MODULE_NUMBER: Final = 1
"""A pack is a string of one module."""
OFF: Final = 1
"""The charge state of a battery that is not connected (802.ChaSt)."""
CONNECTED: Final = STATES[True, True]
DISCONNECTED: Final = STATES[False, False]
FAULT: Final = 99
"""The state of a battery of which nothing is known any more (802.State): SunSpec has no word that is nearer."""
OTHER_TYPE: Final = 99
NOT_LITHIUM_ION: Final = frozenset({"na_ion"})
COMMUNICATION_ERROR: Final = 1
"""Bit 0 of Evt1."""
HEARTBEATS: Final = 0xFFFF
"""Numbers of the heartbeat, which begins anew at 0 behind them."""
_UNSIGNED: Final = 0xFFFE
# V that no cell of any chemistry has; the exponents of 1 mV, 0.1 °C, 0.01 % and 0.1 % of health.
_CELL_MOST: Final = 5.0
_CELL_EXPONENT: Final = -3
_TEMPERATURE_EXPONENT: Final = -1
_SOC_EXPONENT: Final = -2
_SOH_EXPONENT: Final = -1

OTHER_EVENT: Final = (25, 26)
EVENT_BITS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "communication_lost": (0, 0),
        "data_missing": (0, 0),
        "charge_overtemperature": (1, 2),
        "discharge_overtemperature": (1, 2),
        "switch_overtemperature": (1, 2),
        "temperature_rise": (1, 2),
        "charge_undertemperature": (3, 4),
        "discharge_undertemperature": (3, 4),
        "charge_overcurrent": (5, 6),
        "discharge_overcurrent": (7, 8),
        "short_circuit": (7, 8),
        "cell_overvoltage": (9, 10),
        "pack_overvoltage": (9, 10),
        "cell_undervoltage": (11, 12),
        "pack_undervoltage": (11, 12),
        "deep_discharge": (11, 12),
        "soc_reserve": (13, 14),
        # SunSpec knows a difference of voltages as a warning only.
        "cell_difference": (25, 17),
        "temperature_spread": (18, 19),
        "contactor_not_opening": (20, 20),
        "contactor_not_closing": (20, 20),
        "contactor_welded": (20, 20),
        "precharge_failed": (20, 20),
        "insulation_low": (22, 26),
        "settings_out_of_order": (28, 29),
    }
)
"""The bits of Evt1 (`modbus/08_sunspec.md`) of a protection that stops, and of one that warns or lowers a limit.

Any other is `OTHER_EVENT`.
"""
FAILURES: Final[Mapping[str, int]] = MappingProxyType(
    {"precharge_failed": 7, "contactor_not_closing": 6, "contactor_not_opening": 6, "contactor_welded": 6}
)
"""Why a string could not be connected (804.ConFail), by the protection."""


def chain(
    bank: Bank, packs: Sequence[ShownPack], *, unit_id: int, sign: int, heartbeat: int, fresh: bool
) -> list[tuple[type[Block], Points]]:
    """Return the models of the battery in their order: 1, 802, 803, 804 for each pack, 805 for each pack.

    `sign` is 1 where a charging current is to be positive and -1 where negative, for SunSpec leaves that open. While
    it is not `fresh` nothing is told but what the battery is made of, a communication error and limits of zero.
    """
    seen = [pack if fresh and pack.heard else unheard(pack) for pack in packs]
    scales = _scales(seen)
    strings = [_string(number, pack, sign) for number, pack in enumerate(seen, 1)]
    modules = [_module(number, pack) for number, pack in enumerate(seen, 1)]
    common = {
        "Mn": "home_bms",
        "Md": bank.name,
        "Vr": bank.firmware,
        "SN": bank.serial_number,
        "DA": unit_id,
    }
    return [
        (COMMON, common),
        (BATTERY, {**scales, **_battery(bank, seen, scales, sign, heartbeat, fresh=fresh)}),
        (BANK, {**scales, **_bank(seen, strings)}),
        *[
            (STRING, {**scales, **string, STRING.part: [_called("Mod", module)]})
            for string, module in zip(strings, modules, strict=True)
        ],
        *[(MODULE, {**scales, **module}) for module in modules],
    ]


def _battery(
    bank: Bank, packs: Sequence[ShownPack], scales: Mapping[str, int], sign: int, heartbeat: int, *, fresh: bool
) -> Points:
    """Return what the battery as a whole tells (802), without its scale factors."""
    full = sum(pack.energy for pack in packs) / max(1.0, sum(pack.capacity for pack in packs))
    events = _events(bank.alarms, bank.warnings) | (0 if fresh else COMMUNICATION_ERROR)
    points: dict[str, Any] = {
        "AHRtg": sum(pack.capacity for pack in packs),
        "WHRtg": sum(pack.energy for pack in packs),
        # Of the nameplate: the rated current at the voltage in the middle.
        "WChaRteMax": full * sum(pack.charge_current for pack in packs),
        "WDisChaRteMax": full * sum(pack.discharge_current for pack in packs),
        "SoCMax": 100.0,
        "SoCMin": 0.0,
        "LocRemCtl": LOCAL,
        "Hb": heartbeat % HEARTBEATS,
        "AlmRst": 0,
        "Typ": OTHER_TYPE if bank.chemistry in NOT_LITHIUM_ION else LITHIUM_ION,
        "State": FAULT,
        "AChaMax": 0.0,
        "ADisChaMax": 0.0,
        **_event_words(events),
    }
    if not fresh:
        return points
    current = None if bank.current is None else sign * bank.current
    values = [cell for pack in packs for cell in pack.cells]
    return points | {
        "SoC": bank.soc,
        "DoD": None if bank.soc is None else 100.0 - bank.soc,
        "SoH": bank.soh,
        "NCyc": bank.cycles,
        "ChaSt": _charge_state(bank),
        "State": _state(bank),
        "V": bank.voltage,
        "VMax": _within(bank.cvl, scales["V_SF"]),
        "VMin": -_within(-bank.dvl, scales["V_SF"]),
        **_extreme("CellVMax", bank.cell_max),
        **_extreme("CellVMin", bank.cell_min),
        "CellVAvg": extremes("Cell", values, "V")["CellVAvg"],
        "A": current,
        "AChaMax": _within(charge_current(bank), scales["AMax_SF"]),
        "ADisChaMax": _within(discharge_current(bank), scales["AMax_SF"]),
        "W": None if current is None or bank.voltage is None else current * bank.voltage,
    }


def _within(limit: float, exponent: int) -> float:
    """Return a limit as its scale can tell it, never more; what was lost to binary numbers costs no step."""
    return floor(limit / 10.0**exponent + 1e-6) * 10.0**exponent


def _charge_state(bank: Bank) -> int | None:
    """Return the charge state (802.ChaSt)."""
    if not bank.packs:
        return OFF
    if bank.current is None:
        return None
    return HOLDING if not bank.current else CHARGING if bank.current > 0 else DISCHARGING


def _state(bank: Bank) -> int:
    """Return the state (802.State): connected only where any current may flow."""
    if not bank.packs:
        return DISCONNECTED
    return CONNECTED if bank.charge_permitted or bank.discharge_permitted else STANDBY


def _extreme(name: str, found: Extreme | None) -> Points:
    """Return a cell's voltage with the string and the module that it is in."""
    if found is None:
        return {}
    return {name: found.value, f"{name}Str": found.pack + 1, f"{name}Mod": MODULE_NUMBER}


def _bank(packs: Sequence[ShownPack], strings: Sequence[Points]) -> Points:
    """Return what the bank tells of its strings (803), without its scale factors."""
    counted = [string["NCellBal"] for string in strings]
    voltages, currents = [string["V"] for string in strings], [string["A"] for string in strings]
    return {
        "NStr": len(packs),
        "NStrCon": sum(pack.connected for pack in packs),
        "ModTmpMaxStr": _hottest(packs, max),
        "ModTmpMinStr": _hottest(packs, min),
        **extremes("Mod", [value for pack in packs for value in pack.temperatures], "Tmp"),
        **extremes("Str", voltages, "V"),
        **extremes("Str", currents, "A"),
        "NCellBal": total(counted),
        BANK.part: [_called("Str", string) for string in strings],
    }


def _string(number: int, pack: ShownPack, sign: int) -> dict[str, Any]:
    """Return what a string tells of itself (804), without its scale factors."""
    events = _events(pack.alarms, pack.warnings) | (0 if pack.heard else COMMUNICATION_ERROR)
    return {
        "Idx": number,
        "NMod": 1,
        "St": 1 | pack.connected << 1,
        "ConFail": max((FAILURES[key] for key in pack.alarms & FAILURES.keys()), default=0),
        "NCellBal": None if pack.balancing is None else sum(pack.balancing),
        "SoC": pack.soc,
        "DoD": None if pack.soc is None else 100.0 - pack.soc,
        "NCyc": pack.cycles,
        "SoH": pack.soh,
        "A": None if pack.current is None else sign * pack.current,
        "V": pack.voltage,
        **extremes("Cell", pack.cells, "V"),
        "CellVMaxMod": MODULE_NUMBER,
        "CellVMinMod": MODULE_NUMBER,
        **extremes("Mod", pack.temperatures, "Tmp"),
        "ModTmpMaxMod": MODULE_NUMBER,
        "ModTmpMinMod": MODULE_NUMBER,
        **_event_words(events),
    }


def _module(number: int, pack: ShownPack) -> dict[str, Any]:
    """Return the module of a string (805), without its scale factors.

    A sensor is told at the first cell of those that it stands for.
    """
    cells, sensors = pack.cells, pack.temperatures
    sensed = {place * len(cells) // len(sensors): value for place, value in enumerate(sensors)} if cells else {}
    bled = pack.balancing
    return {
        "StrIdx": number,
        "ModIdx": MODULE_NUMBER,
        "NCell": len(cells),
        "SoC": pack.soc,
        "DoD": None if pack.soc is None else 100.0 - pack.soc,
        "SoH": pack.soh,
        "NCyc": pack.cycles,
        "V": pack.voltage,
        **extremes("Cell", cells, "V"),
        "CellVMaxCell": _place(cells, max),
        "CellVMinCell": _place(cells, min),
        **extremes("Cell", sensors, "Tmp"),
        "NCellBal": None if bled is None else sum(bled),
        "SN": pack.serial_number,
        MODULE.part: [
            {"CellV": cell, "CellTmp": sensed.get(place), "CellSt": None if bled is None else int(bled[place])}
            for place, cell in enumerate(cells)
        ],
    }


def _called(prefix: str, points: Points) -> Points:
    """Return points as the model one above tells of them: what it has no name for is left out on the way."""
    return {f"{prefix}{name}": value for name, value in points.items()}


def _events(alarms: frozenset[str], warnings: frozenset[str]) -> int:
    """Return the word Evt1."""
    bits = {EVENT_BITS.get(key, OTHER_EVENT)[0] for key in alarms}
    bits |= {EVENT_BITS.get(key, OTHER_EVENT)[1] for key in warnings - alarms}
    return sum(1 << bit for bit in bits)


def _event_words(events: int) -> dict[str, int]:
    return {"Evt1": events, "Evt2": 0, "EvtVnd1": 0, "EvtVnd2": 0}


def _place(values: Sequence[float | None], worst: Callable[[list[float]], float]) -> int | None:
    """Return the number, from 1, of the highest or the lowest value; unknown while any value is."""
    known = [value for value in values if value is not None]
    return values.index(worst(known)) + 1 if known and len(known) == len(values) else None


def _hottest(packs: Sequence[ShownPack], worst: Callable[[list[float]], float]) -> int | None:
    """Return the number of the string with the highest or the lowest temperature; unknown while any is."""
    values = [(number, value) for number, pack in enumerate(packs, 1) for value in pack.temperatures]
    place = _place([value for _, value in values], worst)
    return None if place is None else values[place - 1][0]


def _scales(packs: Sequence[ShownPack]) -> dict[str, int]:
    """Return the scale factors: as fine as the battery's size leaves room for, and the same at every moment."""
    limits = [sum(pack.charge_current for pack in packs), sum(pack.discharge_current for pack in packs), 0.0]
    volts, amps = _CELL_MOST * max((len(pack.cells) for pack in packs), default=1), 2 * max(limits)
    return {
        "AHRtg_SF": exponent_for(sum(pack.capacity for pack in packs), -2, _UNSIGNED),
        "WHRtg_SF": exponent_for(sum(pack.energy for pack in packs), 0, _UNSIGNED),
        "WChaDisChaMax_SF": exponent_for(volts * amps, 0, _UNSIGNED),
        "SoC_SF": _SOC_EXPONENT,
        "DoD_SF": _SOC_EXPONENT,
        "SoH_SF": _SOH_EXPONENT,
        "V_SF": exponent_for(volts, -2, _UNSIGNED),
        "CellV_SF": _CELL_EXPONENT,
        "A_SF": exponent_for(amps, -2),
        "AMax_SF": exponent_for(amps, -2, _UNSIGNED),
        "W_SF": exponent_for(volts * amps, 0),
        "ModTmp_SF": _TEMPERATURE_EXPONENT,
        "Tmp_SF": _TEMPERATURE_EXPONENT,
    }
