"""Charge, energy and the ends."""

import pytest

from custom_components.home_bms.core.estimation import soc_at, stored_energy

from .conftest import Story, make_config, make_reading


def test_an_hour_at_a_tenth_of_the_capacity_is_ten_percent() -> None:
    story = Story()
    story.tell(3600, current=28.0, cell=3.30)
    assert story.state.estimate.soc == pytest.approx(60, abs=0.01)
    assert story.state.estimate.charge_in == pytest.approx(28, abs=0.01)
    assert story.state.estimate.energy_in == pytest.approx(28 * 52.8, rel=1e-3)
    assert story.state.estimate.charge_out == 0
    story.tell(3600, current=-28.0)
    assert story.state.estimate.soc == pytest.approx(50, abs=0.01)
    assert story.state.estimate.energy_out == pytest.approx(28 * 52.8, rel=1e-3)
    assert story.state.estimate.cycles == pytest.approx(0.1, rel=1e-3)


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


@pytest.mark.parametrize("soc", [None, -3.0, 255.0, float("nan")])
def test_a_pack_that_does_not_tell_begins_with_its_resting_voltage(soc: float | None) -> None:
    story = Story()
    story.tell(1, soc=soc, cell=3.24)
    assert story.state.estimate.soc == pytest.approx(30)


def test_under_load_the_voltage_tells_nothing() -> None:
    story = Story()
    story.tell(1, soc=None, current=50.0)
    assert story.state.estimate.soc is None
    assert story.state.estimate.stored_energy is None
    story.tell(1, soc=None, current=0.0, cells=(3.3,) * 15 + (None,), voltage=52.8)
    assert story.state.estimate.soc is None


def test_full_is_the_top_with_the_current_tailed_off() -> None:
    story = Story()
    story.tell(100, cell=3.445, current=50.0, soc=90.0)
    assert not story.state.estimate.full
    story.tell(30, cell=3.445, current=5.0)
    story.tell(1, cell=3.445, current=50.0)
    story.tell(59, cell=3.445, current=5.0)
    assert not story.state.estimate.full
    story.tell(3, cell=3.445, current=5.0)
    assert (story.state.estimate.full, story.state.estimate.soc) == (True, 100)
    story.tell(10, cell=3.445, current=0.0)
    assert story.decision.mode == "full"
    story.tell(3600, cell=3.33, current=-20.0)
    assert not story.state.estimate.full
    assert story.state.estimate.since_full == pytest.approx(3600, abs=2)


def test_empty_is_the_lowest_cell_at_the_end_under_load_for_a_while() -> None:
    story = Story()
    story.tell(8, cell=2.895, current=-30.0)
    story.tell(1, cell=3.0, current=-30.0)
    story.tell(8, cell=2.895, current=-30.0)
    assert story.state.estimate.soc == pytest.approx(50, abs=0.2)
    story.tell(5, cell=2.895, current=-30.0)
    assert (story.state.estimate.empty, story.state.estimate.soc) == (True, 0)


def test_at_rest_a_low_cell_is_not_empty() -> None:
    story = Story()
    story.tell(30, cell=2.895, current=0.0)
    assert not story.state.estimate.empty


def test_the_devices_health_is_shown_if_it_can_be() -> None:
    story = Story()
    story.tell(1, soh=97.0)
    story.tell(1, soh=255.0)
    assert story.state.estimate.soh == 97


@pytest.mark.parametrize(
    ("voltage", "soc"), [(2.0, 0), (2.833, 0), (3.24, 30), (3.246, 32.5), (3.392, 100), (4.0, 100)]
)
def test_voltage_to_charge_follows_the_curve_and_ends_at_its_ends(voltage: float, soc: float) -> None:
    assert soc_at(make_config(), voltage) == pytest.approx(soc)


def test_stored_energy_rises_from_nothing_to_the_whole() -> None:
    config = make_config()
    assert stored_energy(config, 0) == 0
    assert stored_energy(config, 52) > stored_energy(config, 50) > 0
    assert stored_energy(config, 100) == pytest.approx(280 * 16 * 3.24, rel=0.01)
