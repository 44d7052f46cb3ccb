"""Proposes what the signals of a user's DBC mean, by their names and units."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .user_dbc_rows import NUMBERED, Quantity, SignalRow

if TYPE_CHECKING:
    from .can_layout import FrameMap, SignalLayout

UNITS: Final = MappingProxyType(
    {
        "v": ("V", 1.0, 0.0),
        "volt": ("V", 1.0, 0.0),
        "volts": ("V", 1.0, 0.0),
        "mv": ("V", 0.001, 0.0),
        "a": ("A", 1.0, 0.0),
        "amp": ("A", 1.0, 0.0),
        "amps": ("A", 1.0, 0.0),
        "ma": ("A", 0.001, 0.0),
        "%": ("%", 1.0, 0.0),
        "percent": ("%", 1.0, 0.0),
        "ah": ("Ah", 1.0, 0.0),
        "mah": ("Ah", 0.001, 0.0),
        "c": ("degC", 1.0, 0.0),
        "degc": ("degC", 1.0, 0.0),
        "°c": ("degC", 1.0, 0.0),
        "celsius": ("degC", 1.0, 0.0),
        "k": ("degC", 1.0, -273.15),
        "ohm": ("Ohm", 1.0, 0.0),
        "kohm": ("Ohm", 1000.0, 0.0),
    }
)
"""By the unit in the file: the unit here, factor and offset to it."""

WORDS: Final[tuple[tuple[Quantity, frozenset[str], re.Pattern[str]], ...]] = tuple(
    (quantity, frozenset(units.split()), re.compile(pattern))
    for quantity, units, pattern in (
        (Quantity.SOC, "%", r"(^|_)(soc|state_of_charge|charge_level)(_|$)"),
        (Quantity.SOH, "%", r"(^|_)(soh|state_of_health)(_|$)"),
        (Quantity.CCL, "A", r"(^|_)(ccl|charge_current_limit|max_charge_current|charge_limit)(_|$)"),
        (Quantity.DCL, "A", r"(^|_)(dcl|discharge_current_limit|max_discharge_current|discharge_limit)(_|$)"),
        (Quantity.CVL, "V", r"(^|_)(cvl|charge_voltage(_limit)?|max_charge_voltage)(_|$)"),
        (Quantity.DVL, "V", r"(^|_)(dvl|discharge_voltage(_limit)?|min_discharge_voltage)(_|$)"),
        (Quantity.LINK_VOLTAGE, "V", r"(^|_)(dc_?link|link|inverter|output)_?(volt|voltage)"),
        (Quantity.INSULATION, "Ohm", r"(isolation|insulation)"),
        (Quantity.SWITCH_TEMPERATURE, "degC", r"(^|_)(mos|mosfet|fet|heat_?sink|board)(_|$)"),
        (Quantity.CURRENT, "A", r"^(?!.*(max|min|limit|avg|average|target|set)).*(curr|amps|(^|_)i(_|$))"),
        (Quantity.VOLTAGE, "V", r"^(?!.*(max|min|limit|cell|module|target|set|avg|average)).*(volt|(^|_)[vu](_|$))"),
        (Quantity.CAPACITY, "Ah", r"^(?!.*(remain|left|used)).*(capacity|(^|_)(full|nominal|rated|total)(_|$))"),
    )
)
"""Quantity, units and pattern of the name; the first that fits."""
SERIES: Final[tuple[tuple[Quantity, str, re.Pattern[str]], ...]] = (
    (Quantity.CELL, "V", re.compile(r"cell|(^|_)(vc|cv|c|v|u)_?\d|zelle")),
    (Quantity.TEMPERATURE, "degC", re.compile(r"temp|therm|ntc|probe|(^|_)t_?\d")),
)
"""Quantity, unit and pattern of the names of many alike."""
RANGES: Final = MappingProxyType(
    {
        Quantity.CELL: (0.5, 5.0),
        Quantity.TEMPERATURE: (-50.0, 150.0),
        Quantity.SWITCH_TEMPERATURE: (-50.0, 200.0),
        Quantity.SOC: (0.0, 100.0),
        Quantity.SOH: (0.0, 110.0),
    }
)
"""Outside of which a value is none."""
CELL_NUMBER: Final = re.compile(r"cell.*(id|no|nr|num|number|index|idx)(_|$)")
CELL_VOLTAGE: Final = re.compile(r"^(?!.*(max|min|avg|average|high|low|open)).*cell.*volt|instant")
CELLS_USUAL: Final = 96
"""Cells that are proposed where one after the other is sent, until the user says how many there are."""


def plain(name: str) -> str:
    """Return a signal's name in small letters, its words apart."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")


def propose(frames: FrameMap) -> tuple[SignalRow, ...]:
    """Return a mapping for the user to correct; a row of cells is one row, and nothing is proposed twice."""
    rows = [*_series(frames), *_one_by_one(frames)]
    if sum(row.quantity is Quantity.CELL for row in rows) > 1:
        rows = [row for row in rows if not row.number_from]
    taken = {row.quantity for row in rows}
    for key, layout in frames.messages.items():
        for signal in layout.signals.values():
            quantity = _single(signal)
            if quantity is not None and quantity not in taken:
                taken.add(quantity)
                rows.append(_row(key, signal.name, quantity, signal))
    return tuple(rows)


def _unit(signal: SignalLayout) -> tuple[str, float, float]:
    return UNITS.get(signal.unit.strip().lower().replace(" ", ""), ("", 1.0, 0.0))


def _row(key: int | None, signal: str, quantity: Quantity, layout: SignalLayout) -> SignalRow:
    _, factor, offset = _unit(layout)
    if quantity is Quantity.CURRENT and plain(signal).startswith("discharge"):
        factor = -factor
    low, high = RANGES.get(quantity, (None, None))
    return SignalRow(
        message=key, signal=signal, quantity=quantity, factor=factor, offset=offset, minimum=low, maximum=high
    )


def _single(signal: SignalLayout) -> Quantity | None:
    """Return what one signal means."""
    unit, name = _unit(signal)[0], plain(signal.name)
    for quantity, units, pattern in WORDS:
        if unit in units and pattern.search(name):
            return quantity
    return None


def _series(frames: FrameMap) -> Iterable[SignalRow]:
    """Yield a row for each run of signals whose names differ by a number that counts up."""
    for quantity, unit, pattern in SERIES:
        runs: dict[str, dict[int, tuple[int, SignalLayout]]] = defaultdict(dict)
        for key, layout in frames.messages.items():
            for signal in layout.signals.values():
                if _unit(signal)[0] != unit or not pattern.search(plain(signal.name)):
                    continue
                for match in re.finditer(r"\d+", signal.name):
                    width = len(match[0])
                    place = f"{{n:0{width}}}" if match[0].startswith("0") and width > 1 else "{n}"
                    template = signal.name[: match.start()] + place + signal.name[match.end() :]
                    runs[template].setdefault(int(match[0]), (key, signal))
        yield from _best(quantity, _merged(runs))


def _merged(runs: dict[str, dict[int, tuple[int, SignalLayout]]]) -> dict[str, dict[int, tuple[int, SignalLayout]]]:
    """Take together what has leading zeros and what no longer needs them: cell_09 and cell_10."""
    for template in [template for template in runs if "{n:0" in template]:
        bare = re.sub(r"\{n:0\d\}", "{n}", template)
        width = int(template[template.index("{n:0") + 4])
        for number, place in runs.get(bare, {}).items():
            if len(str(number)) >= width:
                runs[template].setdefault(number, place)
    return runs


def _best(quantity: Quantity, runs: dict[str, dict[int, tuple[int, SignalLayout]]]) -> Iterable[SignalRow]:
    """Yield the longest run that counts up from 0 or 1."""
    found: list[tuple[int, SignalRow]] = []
    for template, numbers in runs.items():
        first = min(numbers)
        count = 0
        while first + count in numbers:
            count += 1
        if first > 1 or count < 2 or count > NUMBERED[quantity]:
            continue
        keys = {numbers[first + step][0] for step in range(count)}
        key = keys.pop() if len(keys) == 1 else None
        row = _row(key, template, quantity, numbers[first][1])
        found.append((count, replace(row, first=first, count=count)))
    if found:
        yield max(found, key=lambda one: one[0])[1]


def _one_by_one(frames: FrameMap) -> Iterable[SignalRow]:
    """Yield a row where a frame tells the number of a cell and its voltage."""
    for key, layout in frames.messages.items():
        numbers = [name for name in layout.signals if CELL_NUMBER.search(plain(name))]
        volts = [
            signal
            for signal in layout.signals.values()
            if _unit(signal)[0] == "V" and signal.selected_by is None and CELL_VOLTAGE.search(plain(signal.name))
        ]
        if len(numbers) == 1 and len(volts) == 1:
            row = _row(key, volts[0].name, Quantity.CELL, volts[0])
            yield replace(row, number_from=numbers[0], first=0, count=CELLS_USUAL)
            return
