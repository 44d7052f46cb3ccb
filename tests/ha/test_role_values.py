"""What an entity tells in its role: in core's unit, or nothing at all."""

from __future__ import annotations

import pytest
from homeassistant.core import State

from custom_components.home_bms.packs.roles import SLOTS, Role, measured, series, split


@pytest.mark.parametrize(
    ("role", "told", "unit", "value"),
    [
        (Role.CELLS, "3.312", "V", 3.312),
        (Role.CELLS, "3312", "mV", 3.312),
        (Role.CURRENT, "-1500", "mA", -1.5),
        (Role.VOLTAGE, "0.0528", "kV", 52.8),
        (Role.TEMPERATURES, "77", "°F", 25.0),
        (Role.TEMPERATURES, "298.15", "K", 25.0),
        (Role.SOC, "88", "%", 88.0),
        (Role.CAPACITY, "280000", "mAh", 280.0),
        (Role.CYCLES, "12", None, 12.0),
        (Role.CYCLES, "12", "Zyklen", 12.0),
    ],
)
def test_units_are_turned_into_cores(role: Role, told: str, unit: str | None, value: float) -> None:
    assert measured(SLOTS[role], State("sensor.one", told, {"unit_of_measurement": unit})) == pytest.approx(value)


@pytest.mark.parametrize("told", ["unknown", "unavailable", "", "on", "nan", "inf", "-inf", "3,3"])
def test_what_is_no_number_is_missing(told: str) -> None:
    assert measured(SLOTS[Role.CELLS], State("sensor.one", told, {"unit_of_measurement": "V"})) is None


@pytest.mark.parametrize("unit", [None, "", "A", "%", "volts"])
def test_a_unit_that_is_not_understood_is_no_guess(unit: str | None) -> None:
    assert measured(SLOTS[Role.CELLS], State("sensor.one", "3.3", {"unit_of_measurement": unit})) is None


def test_what_is_on_or_off_is_no_number() -> None:
    assert measured(SLOTS[Role.CHARGE_SWITCH], State("switch.one", "1")) is None


def test_a_list_in_an_attribute() -> None:
    state = State("sensor.one", "0.01", {"cell_voltages": [3.3, 3, None, "3.3", True, float("nan")], "other": "3.3"})
    assert series(state, "cell_voltages") == (3.3, 3.0, None, None, None, None)
    assert series(state, "other") is None
    assert series(state, "none") is None
    assert split("0123#cell_voltages") == ("0123", "cell_voltages")
    assert split("sensor.one") == ("sensor.one", "")
