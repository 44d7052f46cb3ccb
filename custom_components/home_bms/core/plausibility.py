"""Decides which measured values may be believed, and says why the others may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite
from typing import Final, TypeIs

from .model import NO_DOUBTS, NO_SUSPECTS, Believed, PackConfig, PackReading, Trust

# What a lithium cell can show at all; 0 V is an open sense wire and 65.535 V a sentinel (faults.md 17, 18).
_CELL_RANGE: Final = (0.5, 5.0)
# Sensors for home packs end near -40 and 120 °C; -40, 127 and -273 are what broken ones tell (faults.md 21).
_TEMPERATURE_RANGE: Final = (-39.5, 120.0)
_SWITCH_TEMPERATURE_RANGE: Final = (-39.5, 150.0)
# A cell moves at once by R·ΔI and then by some mV/s (safety.md C2: 5.4 mV/s at 1 C). 5 mΩ is a bad home cell with its
# joint.
_CELL_JUMP: Final = 0.060
_CELL_RESISTANCE: Final = 0.005
# A loose lug heats by about 1 K/s (safety.md C2); a sensor in a cell pack that jumps further is not measuring the pack.
_TEMPERATURE_JUMP: Final = 15.0
# Measured by the same device, cells and pack differ by the busbars' drop and by rounding (faults.md 30: warn at 0.5 V).
_SUM_TOLERANCE: Final = 0.5
# Times the larger rated current: beyond that the sensor speaks nonsense or the fuse has long spoken.
_CURRENT_FACTOR: Final = 5.0


FRESH: Final = 5.0
"""Seconds up to which a value counts as now; from then on its absence is judged (thresholds.md 2.12)."""


def believe(config: PackConfig, trust: Trust, reading: PackReading) -> tuple[Trust, Believed]:
    """Return what of `reading` may be used.

    A value outside its physical range is unknown. One that jumps faster than physics permits is unknown for one
    sample; when
    the next one is like it, it is believed. Nothing is invented in place of what is doubted.
    """
    doubts: dict[str, str] = {}
    suspects: dict[str, float] = {}
    current = _current(config, reading, doubts)
    cells = _cells(config, trust, reading, current, doubts, suspects)
    temperatures = _temperatures(config, trust, reading, doubts, suspects)
    switch = _within(reading.switch_temperature, _SWITCH_TEMPERATURE_RANGE)
    if switch is None and reading.switch_temperature is not None:
        doubts["switch_temperature"] = "out_of_range"
    voltage = _voltage(cells, reading, doubts)

    cells_whole = reading.cells_time if whole(cells) else trust.cells_whole
    temperatures_whole = reading.temperatures_time if temperatures and whole(temperatures) else trust.temperatures_whole
    current_whole = reading.current_time if current is not None and voltage is not None else trust.current_whole
    believed = _believed(
        reading, cells, temperatures, current, voltage, switch, (cells_whole, temperatures_whole, current_whole), doubts
    )
    return Trust(
        cells=_remember(cells, trust.cells),
        temperatures=_remember(temperatures, trust.temperatures),
        current=current if current is not None else trust.current,
        cells_whole=cells_whole,
        temperatures_whole=temperatures_whole,
        current_whole=current_whole,
        cells_time=reading.cells_time,
        temperatures_time=reading.temperatures_time,
        suspects=suspects,
    ), believed


def whole(values: tuple[float | None, ...]) -> TypeIs[tuple[float, ...]]:
    """Tell whether every value is known."""
    return None not in values


def everything_known(config: PackConfig, believed: Believed) -> bool:
    """Tell whether all that a permission rests on is known and fresh."""
    return (
        believed.age < FRESH
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


def _within(value: float | None, bounds: tuple[float, float]) -> float | None:
    """Return `value` if it lies inside; a NaN lies nowhere."""
    return value if value is not None and bounds[0] < value < bounds[1] else None


def _current(config: PackConfig, reading: PackReading, doubts: dict[str, str]) -> float | None:
    current = reading.current
    if current is None:
        return None
    if abs(current) <= _CURRENT_FACTOR * max(config.charge_current, config.discharge_current):
        return current
    doubts["current"] = "out_of_range"
    return None


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
    last = trust.cells
    # Unknown current: suppose the largest step that the pack can make.
    largest = config.charge_current + config.discharge_current
    step = abs(current - trust.current) if current is not None and trust.current is not None else largest
    # After a gap the voltage may have gone on at 5 mV/s, the slope of 1 C at the very top (safety.md C2).
    gap = max(0.0, (reading.cells_time or 0.0) - trust.cells_whole) if trust.cells_whole is not None else 0.0
    jump = _CELL_JUMP + _CELL_RESISTANCE * step + 0.005 * gap
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
    raw = reading.temperatures
    if raw == trust.temperatures and whole(raw) and len(raw) >= config.temperature_sensors:
        return raw
    before = trust.suspects if reading.temperatures_time != trust.temperatures_time else NO_SUSPECTS
    temperatures: list[float | None] = []
    for index in range(max(config.temperature_sensors, len(raw))):
        value = raw[index] if index < len(raw) else None
        known = trust.temperatures[index] if index < len(trust.temperatures) else None
        name = f"temperature_{index + 1}"
        temperatures.append(_judge(name, value, known, _TEMPERATURE_RANGE, _TEMPERATURE_JUMP, before, doubts, suspects))
    return tuple(temperatures)


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


def _voltage(cells: tuple[float | None, ...], reading: PackReading, doubts: dict[str, str]) -> float | None:
    voltage = reading.voltage
    if voltage is None:
        return None
    if not 0 < voltage < inf:
        doubts["voltage"] = "out_of_range"
        return None
    # Only what was measured together can be compared.
    together = reading.cells_time == reading.current_time
    if together and whole(cells) and abs(sum(cells) - voltage) > _SUM_TOLERANCE + 0.01 * voltage:
        doubts["voltage"] = "sum_of_cells"
        return None
    return voltage


def _extremes(values: tuple[float | None, ...]) -> tuple[float | None, int | None, float | None, int | None]:
    """Return the highest known value, its index, the lowest and its index."""
    known: Sequence[float] = values if whole(values) else [value for value in values if value is not None]
    if not known:
        return None, None, None, None
    high, low = max(known), min(known)
    return high, values.index(high), low, values.index(low)


def _believed(
    reading: PackReading,
    cells: tuple[float | None, ...],
    temperatures: tuple[float | None, ...],
    current: float | None,
    voltage: float | None,
    switch: float | None,
    times: tuple[float | None, float | None, float | None],
    doubts: dict[str, str],
) -> Believed:
    cell_max, cell_max_index, cell_min, cell_min_index = _extremes(cells)
    temperature_max, temperature_max_index, temperature_min, temperature_min_index = _extremes(temperatures)
    now = reading.time
    # A time stamp from the future is a broken clock, not fresh data.
    ages = [inf if at is None or at > now else now - at for at in times]
    heard = [
        now - at
        for at in (reading.cells_time, reading.temperatures_time, reading.current_time)
        if at is not None and at <= now
    ]
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
        link_age=min(heard, default=inf),
        cells_age=ages[0],
        temperatures_age=ages[1],
        current_age=ages[2],
        age=max(ages),
        doubts=doubts or NO_DOUBTS,
    )
