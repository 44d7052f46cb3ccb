"""Charge and energy as people see them, and the ends."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from custom_components.home_bms.core import bms, estimation, learning
from custom_components.home_bms.core.battery import Estimate
from custom_components.home_bms.core.battery import Life as Lived
from custom_components.home_bms.core.cycles import full_cycles
from custom_components.home_bms.core.estimation import stored_energy
from custom_components.home_bms.core.model import ConfigError

from .cells_world import COUNT, EVERY, RATED, Life, after_three_days
from .conftest import Story, make_config, make_reading, with_cell


def known(value: float | None) -> float:
    assert value is not None
    return value


# Counting.


def test_what_flows_is_counted_each_way() -> None:
    story = Story()
    story.tell(3600, current=28.0, cell=3.30)
    estimate = story.state.estimate
    assert estimate.charge_in == pytest.approx(28, abs=0.01)
    assert estimate.energy_in == pytest.approx(28 * 52.8, rel=1e-3)
    assert estimate.charge_out == 0
    story.tell(3600, current=-28.0)
    estimate = story.state.estimate
    assert estimate.charge_in == pytest.approx(28, abs=0.01)
    assert estimate.energy_out == pytest.approx(28 * 52.8, rel=1e-3)
    assert estimate.cycles == pytest.approx(28 / estimate.capacity, rel=1e-3)


def test_an_hour_at_a_tenth_of_the_capacity_is_ten_percent() -> None:
    life = Life(soc=0.35, told=35.0, offset=0.0)
    life.live(0.01)
    before = known(life.estimate.soc)
    life.live(1, 0.1 * life.estimate.capacity)
    assert known(life.estimate.soc) - before == pytest.approx(10, abs=1.5)


def test_a_sample_that_is_only_shown_again_is_not_counted_again() -> None:
    story = Story()
    story.tell(2, current=100.0)
    counted = story.state.estimate.charge_in
    story.silence(20)
    assert story.state.estimate.charge_in == counted


def test_what_flowed_in_a_gap_is_not_made_up() -> None:
    story = Story()
    story.tell(2, current=100.0)
    counted = story.state.estimate.charge_in
    story.time += 600
    story.tell(1, current=100.0)
    assert story.state.estimate.charge_in == counted


def test_a_clock_that_runs_backwards_counts_nothing() -> None:
    story = Story()
    story.tell(2, current=100.0)
    counted = story.state.estimate.charge_in
    story.show(make_reading(story.time - 500, current=100.0))
    assert story.state.estimate.charge_in == counted


def test_without_a_pack_voltage_charge_counts_and_energy_waits() -> None:
    story = Story()
    story.tell(10, current=36.0, voltage=None)
    assert story.state.estimate.charge_in == pytest.approx(0.09)
    assert story.state.estimate.energy_in == 0


def test_the_load_of_late_is_that_of_a_quarter_of_an_hour() -> None:
    story = Story()
    story.tell(1, current=-20.0)
    assert story.state.estimate.load == -20
    story.tell(450, current=-60.0)
    assert story.state.estimate.load == pytest.approx(-36, abs=2)
    story.tell(3600, current=-60.0)
    assert story.state.estimate.load == pytest.approx(-60, abs=1)


# The first guess.


@pytest.mark.parametrize("soc", [None, -3.0, 255.0, float("nan")])
def test_a_pack_that_does_not_tell_begins_with_its_voltage(soc: float | None) -> None:
    story = Story()
    story.tell(1, soc=soc, cell=3.10)
    assert story.state.estimate.soc == pytest.approx(9, abs=4)


def test_until_all_cells_were_seen_once_nothing_is_known() -> None:
    story = Story()
    story.tell(20, cells=with_cell(3, None), voltage=52.8)
    estimate = story.state.estimate
    assert (estimate.knowledge, estimate.soc, estimate.life.stored_energy) == (None, None, None)
    assert estimate.capacity == 280
    story.tell(1)
    assert story.state.estimate.soc == pytest.approx(50, abs=1)
    assert known(story.state.estimate.soc_low) < 50 < known(story.state.estimate.soc_high)


# What is shown.


def test_the_band_holds_the_truth_nineteen_times_of_twenty() -> None:
    """From a wrong start through full days and days that end half way."""
    life = Life(soc=0.4, told=58.0, cells={1: {"size": 91.0}, 2: {"error": 0.004}, 4: {"behind": 1.5}})
    life.live(0.5, -5.0)
    life.days(1)
    life.days(2, full=False)
    life.days(1)
    inside = [holds for _, _, holds in life.shown]
    assert sum(inside) > 0.93 * len(inside)
    # And is no excuse.
    late = life.shown[len(life.shown) // 2 :]
    assert sum(half for _, half, _ in late) / len(late) < 9
    assert sum(abs(error) for error, _, _ in late) / len(late) < 4


def test_what_is_shown_moves_no_more_than_a_point_a_minute_beside_what_flows() -> None:
    """Except where the pack is found full or empty."""
    life = Life(soc=0.45, told=65.0)
    life.live(0.02)
    moves = []
    for current, hours in ((0.0, 1.0), (25.0, 2.6), (0.0, 0.5), (-25.0, 3.5), (10.0, 1.0)):
        for _ in range(round(hours * 3600 / EVERY)):
            before = life.estimate
            if current > 0 and max(life.trust.cells) > 3.44:
                break
            life.live(EVERY / 3600, current)
            after = life.estimate
            if (before.full, before.empty) != (after.full, after.empty):
                continue
            flowed = 100 * (after.charge_in - after.charge_out - before.charge_in + before.charge_out)
            flowed /= after.capacity
            moves.append(
                abs(known(after.soc) - known(before.soc) - flowed) * 60 / (known(after.time) - known(before.time))
            )
    assert max(moves) < 1.2
    assert life.estimate.jumps > 0
    assert abs(life.estimate.jump) >= 1


def test_in_time_it_is_the_truth_that_is_shown() -> None:
    life = Life(soc=0.05, told=25.0)
    life.live(0.02)
    assert life.estimate.soc == pytest.approx(25, abs=1)
    life.live(3, -0.3)
    assert known(life.estimate.soc) == pytest.approx(known(life.estimate.truth), abs=0.01)
    assert life.estimate.debt == 0
    assert life.estimate.truth == pytest.approx(life.world.truth, abs=5)
    # It was a correction and no cycle: but for an Ah nothing has flowed.
    assert life.estimate.jumps > 0
    assert full_cycles(life.estimate.life.cycling) < 0.03


def test_after_a_long_silence_the_charge_is_unknown_until_the_pack_tells_it() -> None:
    life = after_three_days()
    life.live(2, 25.0)
    life.away(3, -3.0)
    life.live(0.05)
    estimate = life.estimate
    assert (estimate.soc, estimate.soc_low, estimate.soc_high) == (None, None, None)
    assert estimate.life.stored_energy is None
    life.fill(rest=1.2)
    assert life.estimate.soc == pytest.approx(100, abs=3)
    assert life.error == pytest.approx(0, abs=2)


# The ends.


def test_full_is_the_top_with_the_current_tailed_off() -> None:
    story = Story()
    story.tell(100, cell=3.445, current=50.0, soc=94.0)
    assert not story.state.estimate.full
    story.tell(30, cell=3.445, current=5.0)
    story.tell(1, cell=3.445, current=50.0)
    story.tell(59, cell=3.445, current=5.0)
    assert not story.state.estimate.full
    story.tell(3, cell=3.445, current=5.0)
    assert story.state.estimate.full
    assert story.state.estimate.soc == pytest.approx(100, abs=0.1)
    assert story.state.estimate.soc_high == 100
    story.tell(10, cell=3.445, current=0.0)
    assert story.decision.mode == "full"
    story.tell(3600, cell=3.33, current=-20.0)
    assert not story.state.estimate.full
    assert story.state.estimate.since_full == pytest.approx(3600, abs=2)


def test_a_pack_that_is_charged_to_less_than_it_holds_is_full_all_the_same() -> None:
    life = after_three_days()
    life.fill()
    assert life.estimate.soc == pytest.approx(100, abs=2)
    assert life.estimate.full
    assert 1200 < known(life.estimate.since_full) < 2400
    life.drain(to=90)
    assert not life.estimate.full
    # It follows the truth again, from where it was shown.
    assert known(life.estimate.soc) == pytest.approx(life.world.truth, abs=5)


def test_where_full_is_shown_the_band_reaches_up_to_it() -> None:
    story = Story()
    story.tell(1, cell=3.30)
    story.state = bms.calibrate(story.config, story.state, 94.0)
    for _ in range(70):
        story.tell(1, cell=3.445, current=5.0)
        estimate = story.state.estimate
        assert known(estimate.soc_low) <= known(estimate.soc) <= known(estimate.soc_high)
    assert story.state.estimate.full
    assert known(story.state.estimate.soc) > 99


def test_the_signs_of_full_do_not_overrule_a_charge_that_is_far_from_it() -> None:
    story = Story()
    story.tell(100, cell=3.445, current=5.0, soc=50.0)
    assert story.state.estimate.full
    assert known(story.state.estimate.soc) < 60


def test_full_while_nothing_was_known_is_not_shown_without_a_band() -> None:
    life = after_three_days()
    life.away(30)
    life.world.each[:] = [replace(cell, depth=0.2) for cell in life.world.each]
    seen = False
    for _ in range(20):
        life.live(EVERY / 3600, 2.5)
        estimate = life.estimate
        assert (estimate.soc is None) is (estimate.soc_low is None) is (estimate.soc_high is None)
        seen = seen or estimate.full
    assert seen


def test_empty_is_the_lowest_cell_at_the_end_under_load_for_a_while() -> None:
    story = Story()
    story.tell(8, cell=2.895, current=-30.0, soc=4.0)
    story.tell(1, cell=3.0, current=-30.0)
    story.tell(8, cell=2.895, current=-30.0)
    assert story.state.estimate.soc == pytest.approx(4, abs=0.2)
    assert not story.state.estimate.empty
    story.tell(5, cell=2.895, current=-30.0)
    assert (story.state.estimate.empty, story.state.estimate.soc) == (True, 0)
    assert story.state.estimate.soc_low == 0
    story.tell(900, cell=3.2, current=60.0)
    assert not story.state.estimate.empty


def test_at_rest_a_low_cell_is_not_empty() -> None:
    story = Story()
    story.tell(30, cell=2.895, current=0.0)
    assert not story.state.estimate.empty


def test_under_a_load_that_pulls_it_down_a_low_cell_is_not_empty() -> None:
    story = Story()
    story.tell(30, cell=2.895, current=-100.0)
    assert not story.state.estimate.empty


def test_a_clock_that_begins_anew_makes_no_pack_full_and_delays_none() -> None:
    story = Story()
    story.tell(50, cell=3.445, current=5.0, soc=94.0)
    story.time = 5.0
    story.tell(50, cell=3.445, current=5.0)
    assert not story.state.estimate.full
    story.tell(15, cell=3.445, current=5.0)
    assert story.state.estimate.full


# Health, energy, life.


def test_the_devices_health_is_shown_until_there_is_a_better_one() -> None:
    story = Story()
    story.tell(11, soh=97.0)
    story.tell(11, soh=255.0)
    assert story.state.estimate.life.soh == 97


def test_the_health_of_a_pack_is_that_of_its_weakest_cell() -> None:
    life = after_three_days()
    assert life.estimate.life.soh == pytest.approx(91, abs=4)
    sizes = [learning.cell_capacity(life.known, number)[1] for number in range(COUNT)]
    assert life.estimate.life.soh == pytest.approx(100 * min(sizes) / RATED)


def test_stored_energy_rises_from_nothing_to_the_whole() -> None:
    config = make_config()
    assert stored_energy(config, 0) == 0
    assert stored_energy(config, 52) > stored_energy(config, 50) > 0
    assert stored_energy(config, 100) == pytest.approx(280 * 16 * 3.24, rel=0.01)


def test_what_came_back_of_the_energy_is_the_efficiency_once_enough_went_through() -> None:
    life = Lived(stored_energy=1000.0, stored_first=500.0)
    estimate = Estimate(energy_in=5000.0, energy_out=4250.0, life=life)
    assert estimate.efficiency == pytest.approx(95)
    assert replace(estimate, energy_in=4999.0).efficiency is None
    assert replace(estimate, energy_out=6000.0).efficiency == 100
    assert replace(estimate, life=Lived(stored_first=500.0)).efficiency is None
    empty = Lived(stored_first=0.0, stored_energy=0.0)
    assert replace(estimate, life=empty, energy_in=0.0).efficiency is None, "found empty, nothing has gone in yet"
    assert replace(estimate, life=Lived(stored_energy=500.0)).efficiency is None


def test_days_of_use_count_their_cycles_and_their_energy() -> None:
    life = after_three_days()
    # Down to 15 % each day.
    assert full_cycles(life.estimate.life.cycling) == pytest.approx(2.4, abs=0.2)
    assert known(life.estimate.cycles) == pytest.approx(full_cycles(life.estimate.life.cycling), abs=0.15)
    assert known(life.estimate.life.stored_energy) > 0
    life.days(2)
    assert known(life.estimate.efficiency) > 90


def test_charging_in_the_cold_is_remembered() -> None:
    warm, cold = Life(told=50.0), Life(told=50.0, temperature=0.0)
    warm.live(0.5, 25.0)
    cold.live(0.5, 25.0)
    assert warm.estimate.life.plating.ah == 0
    assert cold.estimate.life.plating.ah == pytest.approx(10, abs=1.5)
    assert cold.estimate.life.heat is not None


def test_ageing_is_looked_at_once_a_day() -> None:
    life = after_three_days()
    assert len(life.estimate.life.ageing.sizes) == COUNT
    assert life.estimate.life.ageing.hours == pytest.approx(72, abs=24)


# What a person tells.


def test_a_charge_that_a_person_tells_is_shown_at_once_and_is_no_cycle() -> None:
    life = Life(soc=0.8, told=50.0)
    life.live(0.5, -2.0)
    counted = full_cycles(life.estimate.life.cycling)
    life.estimate = estimation.calibrate(life.config, life.estimate, 80.0)
    assert life.estimate.soc == life.estimate.truth == pytest.approx(80, abs=1.5)
    assert known(life.estimate.soc_high) - known(life.estimate.soc_low) < 15
    life.live(1, -1.0)
    assert known(life.estimate.soc) == pytest.approx(life.world.truth, abs=4)
    assert full_cycles(life.estimate.life.cycling) - counted < 0.02


def test_a_charge_that_was_unknown_is_known_once_a_person_tells_it() -> None:
    life = after_three_days()
    life.away(30)
    life.live(0.02)
    assert life.estimate.soc is None
    life.estimate = estimation.calibrate(life.config, life.estimate, 30.0)
    assert life.estimate.soc == pytest.approx(30, abs=1.5)


@pytest.mark.parametrize("soc", [-0.1, 100.1, nan, inf])
def test_no_person_tells_more_than_full_or_less_than_empty(soc: float) -> None:
    story = Story()
    story.tell(1)
    with pytest.raises(ConfigError) as refused:
        bms.calibrate(story.config, story.state, soc)
    assert (refused.value.key, refused.value.field) == ("out_of_range", "soc")


def test_of_a_pack_that_was_never_seen_nothing_can_be_told() -> None:
    story = Story()
    with pytest.raises(ConfigError) as refused:
        bms.calibrate(story.config, story.state, 50.0)
    assert refused.value.key == "nothing_known"
    story.tell(1)
    told = bms.calibrate(story.config, story.state, 70.0)
    assert told.estimate.soc == pytest.approx(70, abs=1.5)


def test_a_charge_from_before_a_restart_is_shown_until_all_cells_were_seen_again() -> None:
    story = Story()
    story.tell(60, soc=72.0)
    counted = story.state.estimate.soc
    again = Story()
    again.state = bms.restore(again.config, bms.save(story.state), now=again.time, gap=5.0)
    again.tell(1, soc=20.0, cells=(3.3,) * 15 + (None,), voltage=52.8)
    assert again.state.estimate.soc == counted
    again.tell(1, soc=20.0)
    assert again.state.estimate.soc == pytest.approx(counted, abs=0.1)
