"""Decides which measured values may be believed, and says why the others may not."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite
from statistics import median
from typing import Final

from .asked import heed
from .coarse import too_coarse
from .frozen import frame_frozen, still_cells
from .model import (
    NO_DOUBTS,
    NO_SUSPECTS,
    Believed,
    LinkState,
    PackConfig,
    PackReading,
    Quality,
    Trust,
    whole,
)
from .shunt import watch
from .warming import remember, rise
from .wires import wires_apart, without_open_wires

# What a lithium cell can show at all; 0 V is an open sense wire and 65.535 V a sentinel (faults.md 17, 18).
_CELL_RANGE: Final = (0.5, 5.0)
# Sensors for home packs end near -40 and 120 °C; -40, 127 and -273 are what broken ones tell (faults.md 21).
_TEMPERATURE_RANGE: Final = (-39.5, 120.0)
_SWITCH_TEMPERATURE_RANGE: Final = (-39.5, 150.0)
# What a digital sensor tells before it has measured (the list of sentinels; a DS18B20 powers up with it).
_POWER_UP: Final = 85.0
# A cell moves at once by R·ΔI and then by some mV/s (safety.md C2: 5.4 mV/s at 1 C). 5 mΩ is a bad home cell with its
# joint.
_CELL_JUMP: Final = 0.060
_CELL_RESISTANCE: Final = 0.005
_CELL_SLOPE: Final = 0.005
# A loose lug heats by about 1 K/s (safety.md C2); a sensor in a cell pack that jumps further is not measuring the pack.
_TEMPERATURE_JUMP: Final = 15.0
# A sensor this far from the middle of three or more is pointed out. Battery-Emulator warns of a spread of 15 K
# (thresholds.md 2.4).
_DISAGREES: Final = 25.0
# Measured by the same device, cells and pack differ by the busbars' drop and by rounding (faults.md 30: 0.5 V). Read
# one after the other they differ by what a load step moves meanwhile, too: 1 mΩ a cell is a cell and its joints.
_SUM_TOLERANCE: Final = 0.5
_SUM_SHARE: Final = 0.01
_SUM_RESISTANCE: Final = 0.001
_TOGETHER: Final = 1.0
# Times the larger rated current: beyond that the sensor speaks nonsense or the fuse has long spoken.
_CURRENT_FACTOR: Final = 5.0
# Current through two open switches (faults.md 40).
_LEAK: Final = 2.0
# Reasons that are no mere absence: the sensor tells what cannot be.
_BROKEN: Final = frozenset({"out_of_range", "sentinel", "wrong_count", "open_wire"})

LINK_FRESH: Final = 3.0
"""s of silence up to which the link counts as up: two lost answers of a pack that is polled each second."""

DOUBTS: Final = (
    "missing",
    "out_of_range",
    "sentinel",
    "jump",
    "sum_of_cells",
    "wrong_count",
    "too_coarse",
    "frozen",
    "disagrees",
    "open_wire",
    "current_while_open",
    "old",
    "implausible",
)
"""Every reason for which a value may be doubted."""


def believe(config: PackConfig, trust: Trust, reading: PackReading) -> tuple[Trust, Believed]:
    """Return what of `reading` may be used.

    A value outside its physical range is unknown. One that jumps faster than physics permits is unknown for one
    sample; when the next one is like it, it is believed. A device that only repeats itself under load grows old. A
    sensor that is merely odd (it disagrees, it does not move) is pointed out and its value kept: the sensor is
    doubted, the danger is not. A current that the voltage contradicts time and again is unknown. Nothing is invented
    in place of what is doubted.
    """
    doubts: dict[str, str] = {}
    suspects: dict[str, float] = {}
    now = reading.time
    current = _current(config, reading, doubts)
    shunt, contradiction = watch(trust.shunt, current, reading.voltage, config.cells, reading.current_time)
    cells = _cells(config, trust, reading, current, doubts, suspects)
    # What is compared with the next sample is what was measured, not what is left of it.
    measured = _remember(cells, trust.cells)
    wires = wires_apart(trust, cells, current, reading)
    still, cells = still_cells(config, trust.still, cells, current, now, doubts)
    cells = without_open_wires(cells, wires, doubts)
    temperatures = _temperatures(config, trust, reading, doubts, suspects)
    switch = _within(reading.switch_temperature, _SWITCH_TEMPERATURE_RANGE)
    if switch is None and reading.switch_temperature is not None:
        doubts["switch_temperature"] = "out_of_range"
    known, warmths = _known(cells), _known(temperatures)
    voltage = _voltage(config, known, reading, _step(config, trust, current), doubts)
    if contradiction:
        doubts["current"] = contradiction
        current = None
    asked, unsure = heed(config, trust.asked, reading, doubts)
    frame, repeats = frame_frozen(trust.frame, reading)
    if repeats:
        doubts["pack"] = "frozen"

    cells_whole, temperatures_whole, current_whole = trust.cells_whole, trust.temperatures_whole, trust.current_whole
    if not repeats:
        if len(known) == len(cells):
            cells_whole = reading.cells_time
        if temperatures and len(warmths) == len(temperatures):
            temperatures_whole = reading.temperatures_time
        if current is not None and voltage is not None:
            current_whole = reading.current_time
    broken = any(reason in _BROKEN for reason in doubts.values()) if doubts else False
    began = now if trust.began is None else trust.began
    new = Trust(
        cells=measured,
        temperatures=_remember(temperatures, trust.temperatures),
        current=current if current is not None else trust.current,
        cells_whole=cells_whole,
        temperatures_whole=temperatures_whole,
        current_whole=current_whole,
        cells_time=reading.cells_time,
        temperatures_time=reading.temperatures_time,
        suspects=suspects,
        began=began,
        sleeps_at=_sleeps_at(trust, reading),
        broken_since=(now if trust.broken_since is None else trust.broken_since) if broken else None,
        frame=frame,
        still=still,
        shunt=shunt,
        warmth=remember(trust, temperatures, now),
        wires=wires,
        asked=asked,
    )
    ends = (_extremes(cells, known), _extremes(temperatures, warmths))
    return new, _believed(new, reading, cells, temperatures, ends, current, voltage, switch, doubts, unsure, config)


def everything_known(config: PackConfig, believed: Believed) -> bool:
    """Tell whether all that a permission rests on is known and fresh."""
    return (
        believed.age < config.age_derate
        and believed.current is not None
        and believed.voltage is not None
        and whole(believed.cells)
        and len(believed.temperatures) >= max(1, config.temperature_sensors)
        and whole(believed.temperatures)
    )


def _remember(new: tuple[float | None, ...], old: tuple[float | None, ...]) -> tuple[float | None, ...]:
    """Keep the last believed value where the new one is unknown: the next sample is compared with it."""
    if whole(new) or len(old) != len(new):
        return new
    return tuple(now if now is not None else before for now, before in zip(new, old, strict=True))


def _known(values: tuple[float | None, ...]) -> tuple[float, ...]:
    """Return those that are known."""
    return values if whole(values) else tuple([value for value in values if value is not None])


def _within(value: float | None, bounds: tuple[float, float]) -> float | None:
    """Return `value` if it lies inside; a NaN lies nowhere."""
    return value if value is not None and bounds[0] < value < bounds[1] else None


def _current(config: PackConfig, reading: PackReading, doubts: dict[str, str]) -> float | None:
    current = reading.current
    if current is None:
        return None
    if not abs(current) <= _CURRENT_FACTOR * max(config.charge_current, config.discharge_current):
        doubts["current"] = "out_of_range"
        return None
    if abs(current) > _LEAK and reading.switches.charge is False and reading.switches.discharge is False:
        doubts["current"] = "current_while_open"
    return current


def _cells(
    config: PackConfig,
    trust: Trust,
    reading: PackReading,
    current: float | None,
    doubts: dict[str, str],
    suspects: dict[str, float],
) -> tuple[float | None, ...]:
    raw = reading.cells
    if len(raw) != config.cells:
        # Too few or too many: which is which cannot be known.
        if raw:
            doubts["cells"] = "wrong_count"
        return (None,) * config.cells
    if too_coarse(config):
        doubts.update(dict.fromkeys([f"cell_{number}" for number in range(1, len(raw) + 1)], "too_coarse"))
        return (None,) * config.cells
    last = trust.cells
    # After a gap the voltage may have gone on.
    gap = max(0.0, (reading.cells_time or 0.0) - trust.cells_whole) if trust.cells_whole is not None else 0.0
    jump = _CELL_JUMP + _CELL_RESISTANCE * _step(config, trust, current) + _CELL_SLOPE * gap
    # The aggregates first: while none of them moved far, no cell has left the band that all of them held.
    if whole(raw) and len(last) == len(raw) and whole(last) and not trust.suspects:
        high, low = max(raw), min(raw)
        inside = _CELL_RANGE[0] < low and high < _CELL_RANGE[1] and isfinite(sum(raw))
        if inside and high - max(last) < jump and min(last) - low < jump:
            return raw
    # A reading that only repeats the last sample confirms nothing.
    before = trust.suspects if reading.cells_time != trust.cells_time else NO_SUSPECTS
    cells: list[float | None] = []
    for index, value in enumerate(raw):
        known = last[index] if index < len(last) else None
        cells.append(_judge(f"cell_{index + 1}", value, known, _CELL_RANGE, jump, before, doubts, suspects))
    return tuple(cells)


def _temperatures(
    config: PackConfig, trust: Trust, reading: PackReading, doubts: dict[str, str], suspects: dict[str, float]
) -> tuple[float | None, ...]:
    raw, last = reading.temperatures, trust.temperatures
    # The aggregates first, as for cells; where the sensors agree none of them can have leapt inside the band unseen.
    if whole(raw) and len(raw) >= max(1, config.temperature_sensors) and len(last) == len(raw) and whole(last):
        high, low = max(raw), min(raw)
        calm = high - max(last) < _TEMPERATURE_JUMP and min(last) - low < _TEMPERATURE_JUMP and not trust.suspects
        inside = _TEMPERATURE_RANGE[0] < low and high < _POWER_UP and isfinite(sum(raw))
        if calm and inside and high - low < _TEMPERATURE_JUMP:
            return raw
    before = trust.suspects if reading.temperatures_time != trust.temperatures_time else NO_SUSPECTS
    temperatures: list[float | None] = []
    for index in range(max(config.temperature_sensors, len(raw))):
        value = raw[index] if index < len(raw) else None
        known = trust.temperatures[index] if index < len(trust.temperatures) else None
        name = f"temperature_{index + 1}"
        if value == _POWER_UP and (known is None or abs(known - value) > 1):
            doubts[name] = "sentinel"
            value = None
        else:
            value = _judge(name, value, known, _TEMPERATURE_RANGE, _TEMPERATURE_JUMP, before, doubts, suspects)
        temperatures.append(value)
    told = tuple(temperatures)
    known_ones = [value for value in told if value is not None]
    if len(known_ones) >= 3:
        middle = median(known_ones)
        for index, value in enumerate(told):
            if value is not None and abs(value - middle) > _DISAGREES:
                doubts[f"temperature_{index + 1}"] = "disagrees"
    return told


def _judge(
    name: str,
    value: float | None,
    known: float | None,
    bounds: tuple[float, float],
    jump: float,
    before: Mapping[str, float],
    doubts: dict[str, str],
    suspects: dict[str, float],
) -> float | None:
    """Return one value if it may be believed, else note the doubt."""
    if value is None:
        doubts[name] = "missing"
        return None
    if not bounds[0] < value < bounds[1]:
        doubts[name] = "out_of_range"
        return None
    if known is None or abs(value - known) < jump:
        return value
    if name in before and abs(value - before[name]) < jump:
        return value
    doubts[name] = "jump"
    suspects[name] = value
    return None


def _step(config: PackConfig, trust: Trust, current: float | None) -> float:
    """Return by how much the current has moved since the last sample; unknown, the most that the pack can make."""
    if current is None or trust.current is None:
        return config.charge_current + config.discharge_current
    return abs(current - trust.current)


def _voltage(
    config: PackConfig, known: tuple[float, ...], reading: PackReading, step: float, doubts: dict[str, str]
) -> float | None:
    voltage, count = reading.voltage, config.cells
    if voltage is None:
        return None
    if not 0 < voltage < _CELL_RANGE[1] * count:
        doubts["voltage"] = "out_of_range"
        return None
    if len(known) < count or reading.cells_time is None or reading.current_time is None:
        return voltage
    apart = abs(reading.cells_time - reading.current_time)
    tolerance = max(_SUM_TOLERANCE, _SUM_SHARE * voltage) + (_SUM_RESISTANCE * step * count if apart else 0.0)
    if apart <= _TOGETHER and abs(sum(known) - voltage) > tolerance:
        doubts["voltage"] = "sum_of_cells"
        return None
    return voltage


def _sleeps_at(trust: Trust, reading: PackReading) -> float | None:
    heard = reading.cells_time
    if heard is None or heard == trust.cells_time:
        return trust.sleeps_at
    return None if reading.sleep_in is None else heard + reading.sleep_in


type _Ends = tuple[float | None, int | None, float | None, int | None]
"""The highest known value, its index, the lowest and its index."""


def _extremes(values: tuple[float | None, ...], known: tuple[float, ...]) -> _Ends:
    if not known:
        return None, None, None, None
    high, low = max(known), min(known)
    return high, values.index(high), low, values.index(low)


def _link(config: PackConfig, trust: Trust, age: float, now: float) -> LinkState:
    if age <= LINK_FRESH:
        return LinkState.CONNECTED
    if age < config.age_stop:
        return LinkState.LATE
    if age == inf and now - (trust.began or 0.0) < config.age_stop:
        return LinkState.STARTING
    return LinkState.SLEEPING if trust.sleeps_at is not None and now >= trust.sleeps_at else LinkState.LOST


def _believed(
    trust: Trust,
    reading: PackReading,
    cells: tuple[float | None, ...],
    temperatures: tuple[float | None, ...],
    ends: tuple[_Ends, _Ends],
    current: float | None,
    voltage: float | None,
    switch: float | None,
    doubts: dict[str, str],
    unsure: frozenset[str],
    config: PackConfig,
) -> Believed:
    cell_max, cell_max_index, cell_min, cell_min_index = ends[0]
    temperature_max, temperature_max_index, temperature_min, temperature_min_index = ends[1]
    now = reading.time
    cells_age = _age(trust.cells_whole, now)
    temperatures_age = _age(trust.temperatures_whole, now)
    current_age = _age(trust.current_whole, now)
    age = max(cells_age, temperatures_age, current_age)
    link_age = min(_age(reading.cells_time, now), _age(reading.temperatures_time, now), _age(reading.current_time, now))
    warmer, warmer_index = rise(trust.warmth, temperatures)
    return Believed(
        time=now,
        cells=cells,
        temperatures=temperatures,
        current=current,
        voltage=voltage,
        switch_temperature=switch,
        cell_max=cell_max,
        cell_max_index=cell_max_index,
        cell_min=cell_min,
        cell_min_index=cell_min_index,
        temperature_max=temperature_max,
        temperature_max_index=temperature_max_index,
        temperature_min=temperature_min,
        temperature_min_index=temperature_min_index,
        temperature_rise=warmer,
        temperature_rise_index=warmer_index,
        broken_for=0.0 if trust.broken_since is None else now - trust.broken_since,
        link_age=link_age,
        cells_age=cells_age,
        temperatures_age=temperatures_age,
        current_age=current_age,
        age=age,
        link=_link(config, trust, link_age, now),
        quality=_quality(config, age, doubts),
        doubts=doubts or NO_DOUBTS,
        asked=trust.asked,
        asked_unsure=unsure,
    )


def _age(at: float | None, now: float) -> float:
    """Return the s since then; a time stamp from the future, or none at all, is a broken clock, not fresh data."""
    return now - at if at is not None and at <= now else inf


def _quality(config: PackConfig, age: float, doubts: Mapping[str, str]) -> Quality:
    if age == inf:
        return Quality.NONE
    if age >= config.age_derate:
        return Quality.POOR
    return Quality.DOUBTFUL if doubts else Quality.GOOD
