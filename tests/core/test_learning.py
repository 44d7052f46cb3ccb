"""From samples to looks, and what is learned of all cells together."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core import cells, charge, learning, resistance
from custom_components.home_bms.core.battery import NO_CELLS, Knowledge, Sample

from .cells_world import COUNT, HOLDS, RATED, Life, after_three_days, ailing

REST = (3.3,) * COUNT


def begun() -> Knowledge:
    return learning.begin("lfp", RATED, Sample(time=0.0, current=0.0, cells=REST), 50.0)


def observed(knowledge: Knowledge, *samples: Sample, **changes: Any) -> Knowledge:
    facts: dict[str, Any] = {"temperature": 25.0, "bleeding": (), "bleed": 0.0, "opened": False}
    for sample in samples:
        knowledge = learning.observe(knowledge, sample, chemistry="lfp", rated=RATED, **(facts | changes))
    return knowledge


def steady(seconds: float, current: float, every: float = 10.0, volts: tuple[float, ...] = REST) -> list[Sample]:
    times = [every * number for number in range(1, round(seconds / every) + 1)]
    return [Sample(time=time, current=current, cells=volts) for time in times]


def test_the_charge_is_counted_between_looks() -> None:
    before = begun()
    # Slowly enough for no look to be due.
    after = observed(before, *steady(1800, -1.0))
    assert after.typical is before.typical
    assert learning.soc(before) - learning.soc(after) == pytest.approx(0.5 / learning_capacity(after))


def learning_capacity(knowledge: Knowledge) -> float:
    return knowledge.left + knowledge.room


def test_a_look_is_due_once_enough_has_flowed_or_an_hour_is_over() -> None:
    before = begun()
    assert observed(before, *steady(590, -10.0)).typical is before.typical
    assert observed(before, *steady(600, -10.0)).typical is not before.typical
    assert observed(before, *steady(3000, -0.5)).typical is before.typical
    assert observed(before, *steady(4200, -0.5)).typical is not before.typical


def test_a_window_without_all_cells_is_no_look_and_counts_all_the_same() -> None:
    before = begun()
    after = observed(before, *steady(700, -10.0, volts=()))
    assert after.typical is before.typical
    assert after.tally.charge == pytest.approx(-10 * 700 / 3600)


def test_samples_that_miss_cells_are_no_part_of_a_window() -> None:
    """Half of them tell nothing; what is learned is the same as from the others alone."""
    both = observed(begun(), *steady(600, -10.0))
    half = [sample if number % 2 else replace(sample, cells=()) for number, sample in enumerate(steady(600, -10.0))]
    assert learning.soc(observed(begun(), *half)) == pytest.approx(learning.soc(both), abs=5e-3)


@pytest.mark.parametrize(("apart", "counted"), [(10.0, True), (120.0, True), (900.0, True), (901.0, False)])
def test_what_flowed_in_a_long_silence_is_not_made_up_and_doubted(apart: float, counted: bool) -> None:
    before = observed(begun(), Sample(time=10.0, current=-2.0, cells=REST))
    after = observed(before, Sample(time=10.0 + apart, current=-2.0, cells=REST))
    moved = before.tally.charge - after.tally.charge
    assert moved == pytest.approx(2 * apart / 3600 if counted else 0)
    assert (learning.doubt(after) > learning.doubt(before) + 1e-6) is (apart > 30)


def test_the_longer_nobody_looked_the_more_may_have_flowed_but_never_more_than_a_pack_holds() -> None:
    doubts = [learning.unseen(RATED, hours) for hours in (0.0, 0.5, 1.0, 10.0, inf)]
    assert doubts == sorted(doubts)
    assert doubts[0] == 0
    assert doubts[-1] < RATED**2


def test_between_samples_that_are_far_apart_the_mean_flowed() -> None:
    before = observed(begun(), Sample(time=10.0, current=-10.0, cells=()))
    after = observed(before, Sample(time=70.0, current=0.0, cells=()))
    assert after.tally.charge - before.tally.charge == pytest.approx(-5 * 60 / 3600)


def test_a_current_that_leaps_while_no_voltage_moves_is_not_counted_at_once() -> None:
    """One sample of nonsense counts nothing; a second one like it is a fact."""
    quiet = observed(begun(), Sample(time=1.0, current=0.0, cells=REST))
    once = observed(quiet, Sample(time=2.0, current=200.0, cells=REST))
    assert once.tally.charge == quiet.tally.charge
    again = observed(once, Sample(time=3.0, current=200.0, cells=REST))
    assert again.tally.charge > quiet.tally.charge


def test_charging_alone_is_counted_apart_for_it_is_what_gets_lost() -> None:
    after = observed(begun(), Sample(time=10.0, current=36.0, cells=()), Sample(time=20.0, current=-36.0, cells=()))
    assert after.tally.charged == pytest.approx(0.1)
    assert after.tally.charge == pytest.approx(0, abs=1e-9)


def test_without_a_thermometer_a_pack_is_taken_to_stand_in_a_cellar() -> None:
    known = observed(begun(), *steady(600, -10.0), temperature=None)
    cellar = observed(begun(), *steady(600, -10.0), temperature=18.0)
    assert known == cellar


def test_bleeding_is_counted_for_each_cell() -> None:
    life = after_three_days()
    before = [cell.state[cells.DEPTH] for cell in life.known.cells]
    surplus = learning.surplus(life.known)
    life.live(5, -0.3, bleed={1: 0.2})
    gone = [cell.state[cells.DEPTH] - old for cell, old in zip(life.known.cells, before, strict=True)]
    assert gone[1] - gone[0] == pytest.approx(1.0, abs=0.25)
    ahead = learning.surplus(life.known)
    assert ahead[0] - ahead[1] == pytest.approx(surplus[0] - surplus[1] + 1.0, abs=0.3)


def test_what_is_bled_is_no_longer_ahead_before_the_next_look() -> None:
    life = after_three_days()
    life.live(0.9, -0.3)
    known, mask = life.known, (False, True) + (False,) * (COUNT - 2)
    ahead = learning.surplus(known)
    assert ahead == known.surplus
    # Counted until the first sample, and from there bled.
    time = known.last.time + 100
    bled = observed(known, Sample(time=time, current=-0.3, cells=()), bleeding=mask, bleed=0.36)
    assert learning.surplus(bled)[1] == pytest.approx(ahead[1] - 0.01)
    assert learning.surplus(bled)[0] == ahead[0]


def test_before_the_first_look_nobody_is_ahead_whatever_is_bled() -> None:
    known = observed(begun(), *steady(60, 0.0), bleeding=(True,) * COUNT, bleed=0.3)
    assert learning.surplus(known) == ()


def test_what_a_user_can_take_ends_with_the_first_empty_cell() -> None:
    """Cell 2 holds less than the others and cell 5 is behind: one is empty first, the other full last."""
    life = after_three_days()
    assert learning_capacity(life.known) < 0.99 * life.known.typical.capacity
    assert 100 * learning.soc(life.known) == pytest.approx(life.world.truth, abs=3)
    socs = learning.cell_socs(life.known)
    for number, cell in enumerate(life.world.each):
        assert socs[number] == pytest.approx(1 - cell.depth / cell.size, abs=0.04)


def test_cells_that_lie_apart_by_all_they_hold_leave_next_to_nothing() -> None:
    known = begun()
    state = known.cells[0].state
    each = [replace(cell, state=(0.0, *state[1:])) for cell in known.cells]
    each[0] = replace(each[0], state=(90.0, *state[1:]))
    each[1] = replace(each[1], state=(-90.0, *state[1:]))
    wrecked = learning.derive(replace(known, cells=tuple(each)))
    assert 0 < learning_capacity(wrecked) < 2
    assert learning.doubt(wrecked) > 0


def test_the_slopes_and_resistances_of_now_are_those_of_cells_that_have_stepped() -> None:
    now = after_three_days().known.now
    assert len(now.each) == COUNT
    assert None not in now.each
    for cell in now.each:
        assert cell is not None
        assert 0 <= cell.slope <= now.worst.slope
        assert 0.0010 < cell.resistance <= now.worst.resistance < 0.0025
    life = Life(told=50.0)
    life.live(0.4, -20.0)
    assert life.known.now.each == (None,) * COUNT


def test_the_band_of_a_cells_capacity_holds_it() -> None:
    life = after_three_days()
    for number in range(COUNT):
        low, size, high = learning.cell_capacity(life.known, number)
        assert low < size < high
        assert low < life.world.each[number].size < high


def test_a_sound_cells_self_discharge_is_a_sound_cells() -> None:
    life = ailing()
    for number in (0, 1, 5, 6, 7):
        assert learning.self_discharge(life.known, number) == pytest.approx(0.002, abs=0.002)
    assert learning.self_discharge(life.known, 3) > 0.012
    assert learning.self_discharge(life.known, 4) > 0.035


def test_a_person_who_knows_is_believed() -> None:
    life = Life(soc=0.8, told=50.0)
    life.live(1, -5.0)
    known = learning.calibrate(life.known, RATED, life.world.truth / 100)
    assert 100 * learning.soc(known) == pytest.approx(life.world.truth, abs=1.5)
    assert learning.doubt(known) < 0.3 * learning.doubt(life.known)
    assert known.tally.hours == 0


def test_a_person_is_believed_whatever_was_thought_before() -> None:
    life = after_three_days()
    life.fill()
    assert learning.doubt(life.known) < 0.02
    known = learning.calibrate(life.known, RATED, 0.5)
    assert learning.soc(known) == pytest.approx(0.5, abs=0.01)
    assert learning.doubt(known) > 0.009


def test_a_charge_that_was_counted_by_others_is_taken_over() -> None:
    life = after_three_days()
    moved = learning.moved_to(life.known, 0.42)
    assert learning.soc(moved) == pytest.approx(0.42)
    assert learning.depth(moved) == pytest.approx(moved.left - 0.42 * learning_capacity(moved))
    assert moved.typical.covariance == life.known.typical.covariance


def test_a_cell_that_was_replaced_is_forgotten_and_only_that() -> None:
    life = ailing()
    known = learning.forget(life.known, RATED, 3)
    assert known.cells[3] == cells.begin(RATED)
    assert known.resistances[3] == resistance.begin(RATED)
    for number in (0, 1, 2, 4, 5, 6, 7):
        assert known.cells[number] is life.known.cells[number]
        assert known.resistances[number] is life.known.resistances[number]
    assert {finding.cell for finding in known.findings} == {1, 2, 4, 5}
    assert known.typical is life.known.typical
    # Until the next look nothing is known of who is ahead, for that rests on the old cell.
    assert (known.surplus, known.surplus_doubt, known.now) == ((), (), NO_CELLS)


@pytest.mark.parametrize("count", [COUNT - 2, COUNT, COUNT + 2])
@pytest.mark.parametrize("rated", [RATED, 2.5 * RATED])
def test_of_a_pack_that_was_rebuilt_what_still_holds_is_kept(count: int, rated: float) -> None:
    old = after_three_days().known
    known = learning.resize(old, "lfp", RATED, rated, count)
    assert len(known.cells) == len(known.resistances) == len(known.tally.bleed) == count
    assert known.typical.state[charge.OFFSET] == old.typical.state[charge.OFFSET]
    assert known.typical.hours == old.typical.hours
    assert learning.soc(known) == pytest.approx(learning.soc(old), abs=0.08)
    assert learning.doubt(known) > 0.09
    for before, after in zip(old.cells, known.cells[:COUNT], strict=False):
        assert after.state[cells.CAPACITY] == before.state[cells.CAPACITY]
    for new in known.cells[COUNT:]:
        assert new == cells.begin(rated)
    assert (known.findings, known.surplus, known.now) == ((), (), NO_CELLS)


def test_one_cell_alone_is_a_pack() -> None:
    life = Life(count=1, told=50.0)
    life.days(1)
    assert life.error == pytest.approx(0, abs=4)
    assert learning.surplus(life.known) == (0.0,)
    assert life.known.findings == ()


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([1.0, 30.0, 601.0, 901.0, 1e6]),
            st.floats(-500, 500),
            st.floats(0.5, 5.0),
            st.floats(-0.5, 0.5),
        ),
        max_size=40,
    )
)
def test_no_sample_breaks_what_is_known(samples: list[tuple[float, float, float, float]]) -> None:
    known, time = begun(), 0.0
    for passed, current, volts, apart in samples:
        time += passed
        one = min(5.0, max(0.5, volts + apart))
        known = observed(known, Sample(time=time, current=current, cells=(one,) + (volts,) * (COUNT - 1)))
        assert learning_capacity(known) > 0
        assert 0 <= learning.doubt(known) < inf
        assert HOLDS / 100 < known.typical.capacity < 100 * HOLDS
