"""Tells a pack as a SunSpec battery: one string of modules, with a scale for each kind of value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import batched
from types import MappingProxyType
from typing import Any, Final

from ...core.model import AskedLimits, PackReading
from ..driver import DeviceInfo
from ..registers import Values
from ..sunspec.driver import CHARGING, DISCHARGING
from ..sunspec.memory import Points, exponent_for
from ..sunspec.models import BANK, BATTERY, COMMON, MODULE, STRING
from .sunspec_events import events_of

CHAIN: Final = (COMMON, BATTERY, BANK, STRING, MODULE)
"""The models in their order."""
MODULE_CELLS: Final = 8
HOLDING: Final = 6
"""The charge state of a battery at rest (802.ChaSt)."""
STATES: Final[Mapping[tuple[bool | None, bool | None], int]] = MappingProxyType({(True, True): 3, (False, False): 1})
"""Connected and disconnected, by (charge, discharge); a battery with one switch open is neither and stands by."""
STANDBY: Final = 4
LITHIUM_ION: Final = 4
LOCAL: Final = 1
"""Nobody controls it from here (802.LocRemCtl)."""
# A cell of any chemistry, V; the exponents of 1 mV, 0.1 °C, 0.01 % and 0.1 % of health.
_CELL_MOST: Final = 5.0
_CELL_EXPONENT: Final = -3
_TEMPERATURE_EXPONENT: Final = -1
_SOC_EXPONENT: Final = -2
_SOH_EXPONENT: Final = -1
_UNSIGNED: Final = 0xFFFE


def points_of(reading: PackReading, info: DeviceInfo, *, sign: int) -> Values:
    """Return the models of a pack that reads and is set up so, by their titles.

    `sign` is 1 if a charging current is to be positive, -1 if negative. A sensor is told at the first cell of those
    that it stands for.
    """
    scales = _scales(reading, info)
    current = None if reading.current is None else sign * reading.current
    modules, ring, limits = _modules(reading), info.hardware_ring, reading.asked or AskedLimits()
    balanced = None if reading.balancing is None else int(reading.balancing)
    connected = reading.switches.charge is True and reading.switches.discharge is True
    none = None if reading.alarms is None else 0
    events = {"Evt1": events_of(reading.alarms), "Evt2": none, "EvtVnd1": none, "EvtVnd2": none}
    common = {"SoC": reading.soc, "SoH": reading.soh, "A": current, **extremes("Cell", reading.cells, "V")}
    modules_temperatures = extremes("Mod", reading.temperatures, "Tmp")
    string = {
        **{f"Str{name}": value for name, value in (common | modules_temperatures | events).items()},
        "StrNMod": len(modules),
        "StrSt": 1 | connected << 1,
    }
    return {
        COMMON.title: [{"Mn": info.manufacturer, "Md": info.model, "Vr": info.firmware, "SN": info.serial_number}],
        BATTERY.title: [
            {
                **scales,
                **common,
                **events,
                "AHRtg": info.capacity,
                "VMax": limits.cvl,
                "AChaMax": _limit(ring.charge_current if limits.ccl is None else limits.ccl, reading.switches.charge),
                "ADisChaMax": _limit(
                    ring.discharge_current if limits.dcl is None else limits.dcl, reading.switches.discharge
                ),
                "NCyc": reading.cycles,
                "ChaSt": HOLDING if not reading.current else CHARGING if reading.current > 0 else DISCHARGING,
                "LocRemCtl": LOCAL,
                "Hb": int(reading.time) % 0xFFFF,
                "AlmRst": 0,
                "Typ": LITHIUM_ION,
                "State": STATES.get((reading.switches.charge, reading.switches.discharge), STANDBY),
                "V": reading.voltage,
                "W": None if current is None or reading.voltage is None else current * reading.voltage,
            }
        ],
        BANK.title: [
            {
                **scales,
                **modules_temperatures,
                "NStr": 1,
                "NStrCon": int(connected),
                "StrVMax": reading.voltage,
                "StrVMin": reading.voltage,
                "StrVAvg": reading.voltage,
                "StrAMax": current,
                "StrAMin": current,
                "StrAAvg": current,
                "NCellBal": balanced,
                BANK.part: [string],
            }
        ],
        STRING.title: [
            {
                **scales,
                **common,
                **events,
                **modules_temperatures,
                "Idx": 1,
                "NMod": len(modules),
                "St": 1 | connected << 1,
                "NCellBal": balanced,
                "NCyc": reading.cycles,
                "V": reading.voltage,
                STRING.part: [_summary(module) for module in modules],
            }
        ],
        MODULE.title: [{**scales, **module} for module in modules],
    }


def _modules(reading: PackReading) -> list[Points]:
    """Return the modules, without their scale factors."""
    cells, sensors = reading.cells, reading.temperatures
    sensed = {number * len(cells) // len(sensors): value for number, value in enumerate(sensors)} if cells else {}
    bleed = reading.switches.bleed
    parts = [
        {
            "CellV": cell,
            "CellTmp": sensed.get(number),
            "CellSt": None if bleed is None else int(bleed[number]),
        }
        for number, cell in enumerate(cells)
    ]
    return [
        {
            "StrIdx": 1,
            "ModIdx": number,
            "NCell": len(row),
            "V": total([cell["CellV"] for cell in row]),
            **extremes("Cell", [cell["CellV"] for cell in row], "V"),
            **extremes("Cell", [cell["CellTmp"] for cell in row if cell["CellTmp"] is not None], "Tmp"),
            MODULE.part: list(row),
        }
        for number, row in enumerate(batched(parts, MODULE_CELLS, strict=False), 1)
    ]


def _summary(module: Points) -> Points:
    """Return what a string tells of one of its modules."""
    names = [name for name in module if name.startswith("Cell")]
    return {"ModNCell": module["NCell"], **{f"Mod{name}": module[name] for name in names}}


def extremes(what: str, values: Sequence[float | None], unit: str) -> dict[str, float | None]:
    """Return the highest, lowest and mean value under their names; unknown while any value is."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return {f"{what}{unit}{end}": None for end in ("Max", "Min", "Avg")}
    return {
        f"{what}{unit}Max": max(known),
        f"{what}{unit}Min": min(known),
        f"{what}{unit}Avg": sum(known) / len(known),
    }


def total(values: Sequence[float | None]) -> float | None:
    """Return the sum, unknown while any value is."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _limit(setting: float | None, closed: bool | None) -> float | None:
    """Return the current that the pack lets through in one direction."""
    return 0.0 if closed is False else setting


def _scales(reading: PackReading, info: DeviceInfo) -> dict[str, Any]:
    """Return the scale factors: as fine as the pack's size leaves room for, and the same at every moment."""
    ring = info.hardware_ring
    # Twice what the pack lets through by itself; of one that does not tell, what empties it in an hour.
    limits = [limit for limit in (ring.charge_current, ring.discharge_current) if limit] or [info.capacity or 0.0]
    volts, amps = _CELL_MOST * max(1, len(reading.cells)), 2 * max(limits)
    return {
        "AHRtg_SF": exponent_for(info.capacity or 0.0, -2, _UNSIGNED),
        "SoC_SF": _SOC_EXPONENT,
        "SoH_SF": _SOH_EXPONENT,
        "V_SF": exponent_for(volts, -2, _UNSIGNED),
        "CellV_SF": _CELL_EXPONENT,
        "A_SF": exponent_for(amps, -2),
        "AMax_SF": exponent_for(max(limits), -2, _UNSIGNED),
        "W_SF": exponent_for(volts * amps, 0),
        "ModTmp_SF": _TEMPERATURE_EXPONENT,
        "Tmp_SF": _TEMPERATURE_EXPONENT,
    }
