"""How one cell differs from the middle one."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest

from custom_components.home_bms.core import cells, learning
from custom_components.home_bms.core.battery import CellCharge
from custom_components.home_bms.core.curves import expected

from .cells_world import HOLDS, RATED, Life, after_three_days, ailing


def apart(life: Life, unknown: int) -> list[float]:
    """Return by what each cell differs from the middle one."""
    values = [cell.state[unknown] for cell in life.known.cells]
    return [value - median(values) for value in values]


def test_a_cell_that_holds_less_is_measured_against_its_neighbours() -> None:
    life = after_three_days()
    ratios = [cells.capacity(cell, 1.0) for cell in life.known.cells]
    middle = median(ratios)
    assert ratios[1] / middle == pytest.approx(91 / HOLDS, abs=0.01)
    for number in (0, 2, 3, 5):
        assert ratios[number] / middle == pytest.approx(1, abs=0.01)


def test_a_sensor_that_errs_is_not_taken_for_charge() -> None:
    life = after_three_days()
    assert apart(life, cells.ERROR)[2] == pytest.approx(0.004, abs=0.001)
    assert apart(life, cells.DEPTH)[2] == pytest.approx(0, abs=0.2)


def test_a_cell_that_is_behind_is_not_taken_for_a_smaller_one() -> None:
    life = after_three_days()
    assert apart(life, cells.DEPTH)[4] == pytest.approx(1.5, abs=1)
    assert cells.capacity(life.known.cells[4], 1.0) == pytest.approx(1, abs=0.015)


def test_self_discharge_shows_from_full_to_full() -> None:
    life = ailing()
    leaks = [1000 * leak for leak in apart(life, cells.LEAK)]
    assert leaks[3] == pytest.approx(20, abs=6)
    assert leaks[4] == pytest.approx(50, abs=12)
    for number in (0, 1, 2, 5, 6, 7):
        assert leaks[number] == pytest.approx(0, abs=2.5)


def test_a_leap_loosens_what_was_thought_and_is_dated() -> None:
    life = ailing()
    hours = [cell.leak_since for cell in life.known.cells]
    assert hours[4] is not None
    assert 4 * 24 < hours[4] < 6 * 24
    for number in (0, 1, 5, 6, 7):
        assert hours[number] is None


def test_charge_that_was_lost_at_once_is_seen_at_the_next_knees() -> None:
    life = after_three_days()
    life.world.each[0].depth += 4.0
    life.days(2)
    assert apart(life, cells.DEPTH)[0] == pytest.approx(4, abs=0.8)


def test_no_cell_loses_less_than_nothing() -> None:
    """One that gains charge has been given some; no leak is that far below the middle one's."""
    life = after_three_days()
    life.world.each[0].leak = -0.05
    life.days(2)
    assert life.known.cells[0].state[cells.LEAK] >= -0.0041 * RATED / 100


def test_nonsense_takes_no_cell_beyond_what_a_cell_can_be() -> None:
    """However long it lasts: nobody waits a year for it to be forgotten."""
    own, apart = expected("lfp")
    doubts = tuple(line[number] for number, line in enumerate(apart))
    for difference in (-2.5, 1.5):
        cell = cells.begin(RATED)
        for hour in range(300):
            cell = cells.count(cell, RATED, 1.0, 0.0)
            depth = 90.0 * (hour % 2)
            cell = cells.look(
                cell, own, doubts, rated=RATED, depth=depth, difference=difference, drop=0.0, hours=float(hour)
            )
            assert abs(cell.state[cells.DEPTH]) <= RATED
            assert abs(cell.state[cells.CAPACITY]) <= cells.UNLIKE
            assert -0.001 * RATED < cell.state[cells.LEAK] < 0.03 * RATED


def test_what_a_current_makes_of_a_known_poor_joint_is_neither_charge_nor_a_sensors_error() -> None:
    life, more = after_three_days(), 0.004
    life.world.each[0].joint += more
    ohms = list(life.known.resistances)
    ohms[0] = replace(ohms[0], fast=more, slow=more)
    life.estimate = replace(life.estimate, knowledge=replace(life.known, resistances=tuple(ohms)))
    # Steady current, so that no load step gives it away.
    life.live(2.5, 25.0)
    assert apart(life, cells.ERROR)[0] == pytest.approx(0, abs=0.001)
    assert apart(life, cells.DEPTH)[0] == pytest.approx(0, abs=0.15)
    assert apart(life, cells.CAPACITY)[0] == pytest.approx(0, abs=0.005)


def test_on_the_plateau_the_doubt_about_charge_stays() -> None:
    life = Life(soc=0.45, told=45.0)
    life.live(8)
    for cell in life.known.cells:
        assert cells.deviation(cell, cells.DEPTH) > 0.6 * cells.deviation(cells.begin(RATED), cells.DEPTH)


def test_what_the_balancer_took_is_missing_and_slightly_in_doubt() -> None:
    before = cells.begin(RATED)
    after = cells.count(before, RATED, 2.0, 0.8)
    assert after.state[cells.DEPTH] == pytest.approx(0.8)
    assert cells.deviation(after, cells.DEPTH) > cells.deviation(before, cells.DEPTH)
    assert cells.deviation(after, cells.LEAK) > cells.deviation(before, cells.LEAK)


def test_in_another_pack_the_ratios_stay_and_are_as_unsure_as_at_first() -> None:
    cell = learning.resize(after_three_days().known, "lfp", RATED, 2 * RATED, 6).cells[1]
    before = after_three_days().known.cells[1]
    assert cell.state[cells.CAPACITY] == before.state[cells.CAPACITY]
    assert cell.state[cells.ERROR] == before.state[cells.ERROR]
    assert cell.state[cells.DEPTH] == 2 * before.state[cells.DEPTH]
    assert cell.covariance == cells.begin(2 * RATED).covariance


def test_a_deviation_is_never_less_than_nothing() -> None:
    rounded = CellCharge(state=(0.0,) * 4, covariance=((-1e-18, 0.0, 0.0, 0.0),) * 4)
    assert cells.deviation(rounded, cells.DEPTH) == 0
