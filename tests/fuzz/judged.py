"""Says what must hold of a reading, wherever it came from."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from math import isfinite
from typing import Any, Final

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.model import Decision, PackConfig, PackReading
from tests.core.conftest import make_config

LOOKS: Final = 12
"""Looks at a pack, `APART` s from one to the next, after which one whose values are sound is permitted something."""
APART: Final = 5.0
CELL_VOLTS: Final = (0.5, 5.0)
"""V between which every chemistry's cells are, alive or not: nothing is permitted on the word of any other."""


@cache
def config_for(cells: int, sensors: int) -> PackConfig:
    # A pack of more is not set up.
    return make_config(cells=min(400, max(1, cells)), temperature_sensors=min(64, max(1, sensors)))


def numbers_in(value: Any) -> list[float]:
    """Return every number of a reading."""
    if isinstance(value, bool) or value is None or isinstance(value, str | frozenset):
        return []
    if isinstance(value, int | float):
        return [float(value)]
    if isinstance(value, tuple):
        return [number for each in value for number in numbers_in(each)]
    return [number for field in fields(value) for number in numbers_in(getattr(value, field.name))]


def judge(reading: PackReading, cells: int, sensors: int) -> Decision:
    """Return what core makes of a reading that stays as it is, for a pack with so many cells and sensors."""
    config = config_for(cells, sensors)
    state = bms.start(config)
    for look in range(LOOKS):
        time = look * APART
        state, decision = bms.step(
            config, state, replace(reading, time=time, cells_time=time, temperatures_time=time, current_time=time)
        )
    return decision


def sound(reading: PackReading, cells: int, sensors: int) -> None:
    """Assert what must hold of a reading: numbers are numbers, and where one is missing or none nothing may flow."""
    assert all(map(isfinite, numbers_in(reading))), reading
    config = config_for(cells, sensors)
    decision = judge(reading, cells, sensors)
    for bound, most in (
        (decision.cvl, config.cells * config.cell_voltage_full),
        (decision.ccl, config.charge_current),
        (decision.dcl, config.discharge_current),
    ):
        assert 0 <= bound.value <= most
    low, high = CELL_VOLTS
    whole = len(reading.cells) == config.cells and all(
        cell is not None and low <= cell <= high for cell in reading.cells
    )
    if not whole:
        assert not decision.charge_permitted, reading
        assert not decision.discharge_permitted, reading
        assert decision.ccl.value == decision.dcl.value == 0, reading
