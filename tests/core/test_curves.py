"""How voltage follows charge."""

from __future__ import annotations

from itertools import pairwise
from math import exp, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.curves import (
    CURVES,
    DEPTHS,
    along,
    expected,
    published,
    settle,
    straightened,
)
from custom_components.home_bms.core.presets import CHEMISTRIES

chemistries = st.sampled_from(sorted(CURVES))
PLACES, VALUES = (0.0, 1.0, 3.0), (5.0, 7.0, 6.0)


def rising(values: list[float]) -> bool:
    return all(before < after for before, after in pairwise(values))


def test_every_chemistry_has_a_curve() -> None:
    assert CURVES.keys() == CHEMISTRIES.keys()


@pytest.mark.parametrize("chemistry", CURVES)
def test_a_published_curve_rises_from_empty_to_full(chemistry: str) -> None:
    curve = published(chemistry)
    assert (curve.socs[0], curve.socs[-1]) == (0.0, 1.0)
    assert rising(list(curve.socs))
    assert rising(list(curve.volts))
    assert min(curve.doubts) > 0


@given(chemistries, st.floats(-0.2, 1.2))
def test_charge_to_voltage_and_back_is_the_same_charge(chemistry: str, soc: float) -> None:
    """Beyond the ends too, where a pack may be fuller than full."""
    curve = published(chemistry)
    assert curve.soc(curve.voltage(soc)[0]) == pytest.approx(soc, abs=1e-9)
    assert curve.voltage(soc)[1] > 0
    assert curve.doubt(soc) > 0


@pytest.mark.parametrize(
    ("at", "value", "slope"), [(-1, 3, 2), (0, 5, 2), (0.5, 6, 2), (1, 7, -0.5), (2, 6.5, -0.5), (5, 5, -0.5)]
)
def test_lines_between_points_go_on_beyond_them(at: float, value: float, slope: float) -> None:
    assert along(PLACES, VALUES, at) == (value, slope)


@pytest.mark.parametrize("chemistry", CURVES)
def test_what_a_pack_may_differ_by_is_a_covariance(chemistry: str) -> None:
    own, apart = expected(chemistry)
    assert len(own) == len(apart) == len(DEPTHS)
    # From full to empty.
    assert rising([-volt for volt in own])
    for row, line in enumerate(apart):
        assert len(line) == len(DEPTHS)
        assert line[row] > 0
        for column, value in enumerate(line):
            assert value == pytest.approx(apart[column][row])
            assert value**2 <= apart[row][row] * apart[column][column] * (1 + 1e-9)


def searched(own: tuple[float, ...], before: float, spread: float, value: float, noise: float) -> tuple[float, float]:
    """Return mean and deviation of the place by trying two thousand places."""
    places = [before + spread * (number / 166 - 6) for number in range(2000)]
    weights = [
        exp(-0.5 * ((place - before) / spread) ** 2 - 0.5 * (value - along(DEPTHS, own, place)[0]) ** 2 / noise)
        for place in places
    ]
    total = sum(weights)
    mean = sum(weight * place for weight, place in zip(weights, places, strict=True)) / total
    square = sum(weight * (place - mean) ** 2 for weight, place in zip(weights, places, strict=True)) / total
    return mean, sqrt(square)


@settings(max_examples=60)
@given(chemistries, st.floats(0.0, 1.0), st.floats(0.02, 0.2), st.floats(-2, 2), st.floats(0.006, 0.05))
def test_where_a_voltage_leads_is_where_a_fine_search_leads(
    chemistry: str, before: float, spread: float, off: float, volts: float
) -> None:
    own = expected(chemistry)[0]
    value, noise = along(DEPTHS, own, before + off * spread)[0], volts * volts
    mean, deviation = settle(DEPTHS, own, before, spread, value, noise)
    fine, wide = searched(own, before, spread, value, noise)
    assert mean == pytest.approx(fine, abs=0.02 * spread)
    assert deviation == pytest.approx(wide, abs=0.03 * spread)


@given(chemistries, st.floats(-0.5, 1.5), st.floats(0.001, 0.5), st.floats(0.5, 5.0), st.floats(0.001, 0.1))
def test_any_voltage_leads_somewhere_and_makes_nothing_less_sure_than_a_pack(
    chemistry: str, before: float, spread: float, value: float, volts: float
) -> None:
    own = expected(chemistry)[0]
    mean, deviation = settle(DEPTHS, own, before, spread, value, volts * volts)
    assert -10 < mean < 10
    assert 0 < deviation < 10


@pytest.mark.parametrize("spread", [1e-9, 1e3, 1e12])
def test_neither_certainty_nor_ignorance_breaks_the_search(spread: float) -> None:
    own = expected("lfp")[0]
    for volts in (2.9, 3.3, 3.5):
        mean, deviation = settle(DEPTHS, own, 0.5, spread, volts, 1e-6)
        assert abs(mean) < 10
        assert 0 <= deviation <= max(spread, 1)


def test_a_knee_pins_the_charge_and_a_plateau_does_not() -> None:
    own = expected("lfp")[0]
    for depth, surer in ((0.95, True), (0.5, False)):
        volts = along(DEPTHS, own, depth)[0]
        mean, deviation = settle(DEPTHS, own, depth, 0.05, volts, 0.005**2)
        assert mean == pytest.approx(depth, abs=0.02)
        assert (deviation < 0.015) is surer


@given(st.floats(-5, 5), st.floats(-3, 3), st.floats(-2, 6), st.floats(0.001, 2))
def test_a_straight_line_is_its_own_best_line(level: float, slope: float, mean: float, deviation: float) -> None:
    values = [level + slope * place for place in PLACES]
    there, steep, left = straightened(PLACES, values, mean, deviation)
    assert there == pytest.approx(level + slope * mean, abs=1e-9)
    assert steep == pytest.approx(slope, abs=1e-6)
    assert left == pytest.approx(0, abs=1e-9)


@given(chemistries, st.floats(-0.2, 1.3), st.floats(0.001, 0.4))
def test_what_bends_is_not_called_straight(chemistry: str, mean: float, deviation: float) -> None:
    own = expected(chemistry)[0]
    level, slope, left = straightened(DEPTHS, own, mean, deviation)
    assert slope < 0
    assert left >= 0
    assert min(own) - 5 < level < max(own) + 5


def test_over_a_knee_the_line_is_steeper_than_the_plateau_and_what_bends_is_left_over() -> None:
    own = expected("lfp")[0]
    _, flat, little = straightened(DEPTHS, own, 0.5, 0.02)
    _, steep, much = straightened(DEPTHS, own, 0.9, 0.1)
    assert -steep > 5 * -flat
    assert much > 100 * little
