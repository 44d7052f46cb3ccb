"""When a pack will be worn."""

from __future__ import annotations

from dataclasses import replace
from math import log
from random import Random

import pytest

from custom_components.home_bms.core import cells, resistance
from custom_components.home_bms.core.ageing import Forecast, follow, forecast
from custom_components.home_bms.core.battery import Ageing, Knowledge

from .cells_world import RATED, Life

YEAR = 365.25


@pytest.fixture(scope="module")
def young() -> Knowledge:
    """Two cells, seen once."""
    life = Life(count=2, told=50.0)
    life.live(0.01)
    return life.known


class Years:
    """A pack whose values are known from day to day; by cell and year, in shares of the rated and the first one."""

    def __init__(self, known: Knowledge) -> None:
        self.known, self.ageing, self.day = known, Ageing(), 0
        self.random = Random(5)

    def pass_by(self, years: float, *, loses: tuple[float, float], grows: float = 0.0, doubt: float = 0.003) -> None:
        for _ in range(round(years * YEAR)):
            self.day += 1
            gone = self.day / YEAR
            typical = replace(self.known.typical, hours=24.0 * self.day, capacity=RATED, capacity_doubt=doubt * RATED)
            each = tuple(
                replace(cell, state=(0.0, 0.0, log(0.96 - lost * gone + self.random.gauss(0, 0.002)), 0.0))
                for cell, lost in zip(self.known.cells, loses, strict=True)
            )
            ohms = tuple(
                replace(cell, steps=resistance.ENOUGH, state=(0.001 * (1 + grows * gone), 0.0002))
                for cell in self.known.resistances
            )
            self.known = replace(self.known, typical=typical, cells=each, resistances=ohms)
            self.ageing = follow(self.ageing, self.known, RATED)


def certain(told: Forecast | None) -> Forecast:
    assert told is not None
    return told


def test_before_the_first_day_is_over_nothing_is_foretold(young: Knowledge) -> None:
    fresh = Ageing()
    assert follow(fresh, young, RATED) is fresh
    assert forecast(fresh, 0) is None


def test_within_a_day_the_same_object_comes_back(young: Knowledge) -> None:
    years = Years(young)
    years.pass_by(2 / YEAR, loses=(0.0, 0.0))
    typical = years.known.typical
    later = replace(years.known, typical=replace(typical, hours=typical.hours + 23.9))
    assert follow(years.ageing, later, RATED) is years.ageing


def test_after_one_day_a_home_packs_usual_fate_is_foretold(young: Knowledge) -> None:
    years = Years(young)
    years.pass_by(1 / YEAR, loses=(0.0, 0.0))
    told = certain(forecast(years.ageing, 0))
    assert told.by == "capacity"
    assert 3 < told.years < 12
    assert told.soonest < told.years < told.latest == 30


def test_a_cell_that_loses_steadily_is_foretold_to_the_year_and_its_band_holds_the_day(young: Knowledge) -> None:
    years = Years(young)
    years.pass_by(2.0, loses=(0.04, 0.01))
    told, other = certain(forecast(years.ageing, 0)), certain(forecast(years.ageing, 1))
    # From 96 % at 4 points a year: 80 % after four years, of which two are over.
    assert told.years == pytest.approx(2.0, abs=0.4)
    assert told.soonest < 2.0 < told.latest
    assert told.latest - told.soonest < 3
    assert other.years > 8
    assert told.by == other.by == "capacity"


def test_the_longer_it_is_watched_the_narrower_the_band(young: Knowledge) -> None:
    years, widths = Years(young), []
    for _ in range(3):
        years.pass_by(0.5, loses=(0.04, 0.04))
        told = certain(forecast(years.ageing, 0))
        widths.append(told.latest - told.soonest)
    assert widths == sorted(widths, reverse=True)


def test_a_resistance_that_doubles_wears_a_cell_out_too(young: Knowledge) -> None:
    years = Years(young)
    years.pass_by(2.0, loses=(0.0, 0.0), grows=0.25)
    told = certain(forecast(years.ageing, 0))
    assert told.by == "resistance"
    # Measured from the second day on, so a day less than two years to go.
    assert told.years == pytest.approx(2.0, abs=0.5)
    assert told.soonest <= told.years <= told.latest


def test_a_worn_cell_is_worn_now(young: Knowledge) -> None:
    years = Years(young)
    years.pass_by(0.8, loses=(0.4, 0.0))
    assert certain(forecast(years.ageing, 0)).years == 0


def test_a_cell_that_does_not_age_lasts_as_long_as_can_be_told(young: Knowledge) -> None:
    years = Years(young)
    years.pass_by(3.0, loses=(-0.001, 0.0))
    told = certain(forecast(years.ageing, 0))
    assert (told.years, told.latest) == (30, 30)


def test_a_resistance_that_was_not_measured_yet_is_left_out(young: Knowledge) -> None:
    typical = replace(young.typical, hours=25.0)
    ageing = follow(Ageing(), replace(young, typical=typical), RATED)
    assert (ageing.ohms, ageing.first) == ((None, None), (None, None))
    assert None not in ageing.sizes
    # The first that is measured later is what growth is measured against.
    measured = replace(young.resistances[0], steps=resistance.ENOUGH)
    later = replace(young, typical=replace(typical, hours=60.0), resistances=(measured, young.resistances[1]))
    ageing = follow(ageing, later, RATED)
    assert ageing.first == (measured.state[resistance.CELL], None)
    assert ageing.ohms[0] is not None
    assert ageing.ohms[0].state[0] == pytest.approx(1)
    assert ageing.ohms[1] is None


def test_a_cell_that_there_is_not_is_not_foretold(young: Knowledge) -> None:
    years = Years(young)
    years.pass_by(2 / YEAR, loses=(0.0, 0.0))
    assert forecast(years.ageing, 2) is None


def test_a_new_cell_begins_anew(young: Knowledge) -> None:
    years = Years(young)
    years.pass_by(0.1, loses=(0.04, 0.04))
    old = years.ageing
    years.ageing = replace(old, sizes=(None, old.sizes[1]), ohms=(None, old.ohms[1]), first=(None, old.first[1]))
    assert forecast(years.ageing, 0) is None
    assert forecast(years.ageing, 1) == forecast(old, 1)
    years.pass_by(1 / YEAR, loses=(0.0, 0.04))
    assert forecast(years.ageing, 0) is not None
    assert cells.capacity(years.known.cells[0], 1.0) == pytest.approx(0.96, abs=0.01)
