"""Batteries that speak SunSpec (models 802 to 805): what their points mean to home_bms."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final, override

from modbus_connection import ModbusUnit

from ...core.model import AskedLimits, PackReading, Switches
from ..asked_limits import asked, fits
from ..driver import DeviceInfo, Driver
from ..modbus import Device
from ..registers import Memory, Values
from ..sunspec.driver import SunSpecDriver, direction
from ..sunspec.memory import BASES, Points, found_in, memory_with
from ..sunspec.models import MODELS
from .sunspec_events import alarms
from .sunspec_shown import CHAIN, points_of

NOTHING: Final[Points] = MappingProxyType({})
MOST_CELLS: Final = 400
"""A module does not have more; a larger number is nonsense."""
POSITIONS: Final = MappingProxyType({1: False, 3: True})
"""Whether the battery is connected, by its state (802.State); the others do not tell."""
MOST: Final = -2
LEAST: Final = -1
CURRENTS: Final = ("AChaMax", "ADisChaMax")
"""The points of the currents that a battery permits at this moment."""
"""Where the hottest and the coldest sensor of a module, string or bank have their place among the cells'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SunSpec(Device):
    """A device whose registers are found by walking its chain of models instead of standing in a map."""

    @override
    def driver(
        self, unit: ModbusUnit, *, clock: Callable[[], float] = time.monotonic, spacing: float | None = None
    ) -> Driver:
        return SunSpecDriver(self, unit, clock=clock, spacing=self.spacing if spacing is None else spacing)

    @override
    def encode(self, reading: PackReading, info: DeviceInfo) -> dict[int, int]:
        values = self.values(reading, info)
        return memory_with((kind, points) for kind in CHAIN for points in values[kind.title])

    @override
    def decode(self, memory: Memory) -> dict[str, Any]:
        values = found_in(memory)
        if battery := _first(values, "battery"):
            values["agrees"] = direction(battery)
        return values

    @override
    def shown(self, values: Values) -> dict[str, Any]:
        titles = ("sunspec", *(kind.title for kind in MODELS.values()))
        return {title: values[title] for title in titles if title in values}


def info(values: Values) -> DeviceInfo:
    """Return who the device says it is. Raises ValueError where it tells of no battery."""
    common, battery = _first(values, "common"), _first(values, "battery")
    if not battery and not _string(values):
        raise ValueError("the device tells of no battery, nor of a single string of one")
    return DeviceInfo(
        manufacturer=_text(common, "Mn") or "SunSpec",
        model=_text(common, "Md") or "battery",
        serial_number=_text(common, "SN"),
        firmware=_text(common, "Vr") or None,
        cells=len(_cells(values)) or None,
        capacity=_more(battery, "AHRtg"),
        temperature_sensors=len(_probes(values)),
    )


def reading(values: Values, found: Values, *, sign: int) -> PackReading:
    """Return the live values in home_bms's words.

    `sign` is 1 where a positive current charges, -1 where it discharges, and 0 where only the charge state may say so.
    Zeros that a device puts where it has nothing to tell read as unknown; so does the current while its sign is.
    """
    battery, string = _first(values, "battery"), _string(values)
    voltage = _more(string, "V") or _more(battery, "V")
    here, there = _probes(values), _probes(found)
    known = sign or int(values.get("agrees") is True)
    position = POSITIONS.get(battery.get("State", 0))
    return PackReading(
        time=0.0,
        cells=_cells(values),
        temperatures=tuple(here.get(place) for place in sorted({*here, *there})),
        current=_signed(_told(battery, string, "A"), known, voltage),
        voltage=voltage,
        soc=_share(_told(battery, string, "SoC"), voltage),
        soh=_share(_more(battery, "SoH") or _more(string, "SoH"), voltage),
        capacity=_more(battery, "AHRtg"),
        cycles=_told(battery, string, "NCyc"),
        switches=Switches(charge=position, discharge=position),
        balancing=_balancing(values),
        alarms=alarms(values),
        asked=_asked(battery, _first(found, "battery")),
    )


def _asked(battery: Points, found: Points) -> AskedLimits | None:
    """Return the limits of this moment that the battery tells."""
    currents = fits(battery, found, CURRENTS)
    charge, discharge = (battery.get(name) if currents else None for name in CURRENTS)
    return asked(cvl=_more(battery, "VMax"), ccl=charge, dcl=discharge)


def _first(values: Values, title: str) -> Points:
    """Return the first model of a kind, empty if there is none."""
    found: list[Points] = values.get(title, [])
    return found[0] if found else NOTHING


def _told(battery: Points, string: Points, name: str) -> Any:  # noqa: ANN401 - as the point is
    """Return what the battery tells, or else its only string."""
    value = battery.get(name)
    return string.get(name) if value is None else value


def _more(points: Points, name: str) -> float | None:
    """Return a value that is never 0 of a battery that is there."""
    value: float | None = points.get(name)
    return value if value is not None and value > 0 else None


def _share(value: float | None, voltage: float | None) -> float | None:
    """Return a percentage; 0 counts only beside a voltage."""
    if value is None or not 0 <= value <= 100 or (value == 0 and voltage is None):
        return None
    return value


def _signed(current: float | None, sign: int, voltage: float | None) -> float | None:
    """Return the current, positive when charging; unknown while its sign is, and 0 counts only beside a voltage."""
    if current is None or (current == 0 and voltage is None) or (current != 0 and sign == 0):
        return None
    return current * sign if current else 0.0


def _text(points: Points, name: str) -> str:
    """Return a text, empty where it cannot be shown."""
    text = str(points.get(name) or "").strip()
    return text if text.isprintable() else ""


def _modules(values: Values) -> list[Points]:
    """Return the modules in their order in the battery."""
    return sorted(values.get("modules", ()), key=lambda module: (module["StrIdx"] or 0, module["ModIdx"] or 0))


def _string(values: Values) -> Points:
    """Return the only string of the battery, empty if there are more or none."""
    return _first(values, "strings") if _count(values) == 1 else NOTHING


def _count(values: Values) -> int:
    """Return how many strings there are, as far as anything tells."""
    told = _first(values, "bank").get("NStr") or 0
    numbers = {module["StrIdx"] for module in _modules(values)}
    return max(int(told), len(values.get("strings", ())), len(numbers))


def _parts(module: Points) -> list[Points]:
    """Return a module's cells; one that it counts and does not tell of is empty."""
    cells: list[Points] = module["cell"]
    count = min(int(module["NCell"] or len(cells)), MOST_CELLS)
    return [*cells[:count], *[NOTHING] * (count - len(cells))]


def _cells(values: Values) -> tuple[float | None, ...]:
    """Return the cells' voltages; of strings beside each other none, for a pack is one row of cells."""
    if _count(values) > 1:
        return ()
    return tuple(_more(cell, "CellV") for module in _modules(values) for cell in _parts(module))


def _probes(values: Values) -> dict[tuple[int, int], float]:
    """Return what the sensors tell, by (module, cell): the cells', else the hottest and the coldest of each part."""
    modules = _modules(values)
    cells = {
        (number, place): cell["CellTmp"]
        for number, module in enumerate(modules)
        for place, cell in enumerate(_parts(module))
        if cell.get("CellTmp") is not None
    }
    if cells:
        return cells
    rows, names = (modules, "CellTmp") if modules else (values.get("strings") or values.get("bank", []), "ModTmp")
    return {
        (number, place): row[f"{names}{end}"]
        for number, row in enumerate(rows)
        for place, end in ((MOST, "Max"), (LEAST, "Min"))
        if row[f"{names}{end}"] is not None
    }


def _balancing(values: Values) -> bool | None:
    """Return whether any cell is being balanced."""
    modules = _modules(values)
    states = [cell["CellSt"] for module in modules for cell in module["cell"] if cell["CellSt"] is not None]
    if states:
        return any(state & 1 for state in states)
    rows = (*values.get("bank", ()), *values.get("strings", ()), *modules)
    counts = [row["NCellBal"] for row in rows if row["NCellBal"] is not None]
    return any(counts) if counts else None


_SIGNS: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "sunspec": (0, "SunSpec battery"),
        "sunspec_charging_negative": (-1, "SunSpec battery, charging current told as negative"),
        "sunspec_charging_positive": (1, "SunSpec battery, charging current told as positive"),
    }
)
"""SunSpec leaves the sign of the current to the maker: either the charge state tells it, or the user does."""

DEVICES: Final = tuple(
    SunSpec(
        key=key,
        name=name,
        manufacturer="SunSpec",
        baudrate=9600,
        unit_ids=range(1, 248),
        spacing=0.02,
        timeout=2.0,
        identity=(),
        passport=(),
        settings=(),
        live=MappingProxyType({}),
        pages=MappingProxyType({}),
        areas=(range(BASES[0], 0x10000),),
        info=info,
        reading=partial(reading, sign=sign),
        values=partial(points_of, sign=sign or 1),
    )
    for key, (sign, name) in _SIGNS.items()
)
