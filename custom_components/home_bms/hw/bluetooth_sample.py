"""Says in home_bms's words what a sample of aiobmsble holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import float_info
from typing import TYPE_CHECKING, Any, Final

from ..core.model import PackReading, Switches
from .driver import DriverError

if TYPE_CHECKING:
    from aiobmsble import BMSSample, TempSensor

CELL_SENSORS: Final = frozenset({"CELL", "CELL_MAX", "CELL_MIN", "GENERIC"})
"""The kinds of temperature sensor that count as the cells'; `GENERIC` is a probe of which no more is known."""
CELLS_MOST: Final = 400
"""Of a pack: one that tells of more must not fill the memory with cells that are missing."""
SWITCH_SENSORS: Final = frozenset({"MOSFET"})


def one_pack(sample: BMSSample) -> Mapping[str, Any]:
    """Return the values of the only pack behind a connection.

    Some families tell of each pack in a system; the sum of several is no pack that could be judged. Raises DriverError.
    """
    if not sample:
        raise DriverError("nonsense", "the pack answered nothing that is understood")
    packs = sample.get("packs", [])
    count = max(len(packs), sample.get("pack_count", 0))
    if count > 1:
        raise DriverError("several_packs", f"{count} packs answer as one")
    return {**(packs[0] if packs else {}), **sample}


def reading(values: Mapping[str, Any], *, cells: int, sensors: int, measured: float) -> PackReading:
    """Return the live values of a pack that was seen with so many cells and sensors, measured at `measured`.

    aiobmsble leaves out what reads zero and closes the gap. So a list that is shorter than it was, or than the pack
    says, does not tell which cell or sensor is missing: then none of them is known.
    """
    return PackReading(
        time=measured,
        cells=_all_of(
            _numbers(values.get("cell_voltages", ())), max(cells, min(CELLS_MOST, values.get("cell_count", 0)))
        ),
        cells_time=measured,
        temperatures=_all_of(_temperatures(values, CELL_SENSORS), sensors),
        temperatures_time=measured,
        current=_number(values.get("current")),
        voltage=_number(values.get("voltage")),
        current_time=measured,
        switch_temperature=_highest(_temperatures(values, SWITCH_SENSORS)),
        soc=_percent(values.get("battery_level")),
        soh=_percent(values.get("battery_health")),
        capacity=_number(values.get("design_capacity")) or None,
        cycles=_number(values.get("cycles")),
        switches=Switches(charge=values.get("chrg_mosfet"), discharge=values.get("dischrg_mosfet")),
        balancing=None if (balancer := values.get("balancer")) is None else bool(balancer),
        balance_current=_number(values.get("balance_current")),
        alarms=_alarms(values),
    )


def _alarms(values: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the alarms that stand; aiobmsble tells their bits and not what they mean."""
    code, problem = values.get("problem_code"), values.get("problem")
    if code is None and problem is None:
        return None
    bits = {f"alarm_{bit}" for bit in range((code or 0).bit_length()) if (code or 0) >> bit & 1}
    return frozenset(bits | ({"problem"} if problem else set()))


def _all_of(found: tuple[float | None, ...], expected: int) -> tuple[float | None, ...]:
    """Return what was found where that is all that should be there."""
    return found if len(found) >= expected else (None,) * expected


def _temperatures(values: Mapping[str, Any], kinds: frozenset[str]) -> tuple[float | None, ...]:
    """Return °C of the sensors of these kinds."""
    sensors: Iterable[TempSensor] = values.get("temp_values", ())
    return _numbers(sensor.value for sensor in sensors if sensor.type.name in kinds)


def _highest(found: tuple[float | None, ...]) -> float | None:
    """Return the highest of values that are all known."""
    known = [value for value in found if value is not None]
    return max(known) if known and len(known) == len(found) else None


def _numbers(values: Iterable[object]) -> tuple[float | None, ...]:
    return tuple(_number(value) for value in values)


def _number(value: object) -> float | None:
    """Return a number that is one."""
    return float(value) if isinstance(value, int | float) and abs(value) <= float_info.max else None


def _percent(value: object) -> float | None:
    """Return a percentage that can be."""
    number = _number(value)
    return number if number is not None and 0 <= number <= 100 else None
