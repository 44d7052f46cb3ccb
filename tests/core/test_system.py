"""Several packs as one battery."""

from typing import Any

import pytest

from custom_components.home_bms.core.model import Switches
from custom_components.home_bms.core.system import combine

from .conftest import Story, make_config

NO_CHARGE = Switches(charge=False, discharge=True)


def pack(capacity: float = 280.0, **changes: Any) -> Story:
    story = Story(make_config(capacity=capacity, charge_current=100.0, discharge_current=100.0))
    story.tell(100)
    if changes:
        story.tell(1, **changes)
    return story


def system(**packs: Story) -> Any:
    return combine({key: (story.config, story.snapshot) for key, story in packs.items() if story.snapshot})


def test_two_equal_packs_carry_twice_the_current_at_the_lower_voltage() -> None:
    first, second = pack(), pack(cell=3.32)
    both = system(first=first, second=second)
    assert (both.ccl.value, both.dcl.value) == (200, 200)
    assert both.cvl.value == pytest.approx(55.2)
    assert both.voltage == pytest.approx(16 * 3.31)
    assert both.capacity == 560
    assert both.soc == pytest.approx(50)


def test_the_pack_that_permits_least_for_its_size_limits_all() -> None:
    both = system(first=pack(), second=pack(temperatures=(37.0, 38.0)), third=pack(capacity=140.0))
    assert both.ccl.value == pytest.approx(100 / 280 * 700)
    assert both.weakest == "first"


def test_one_pack_at_zero_with_its_switch_closed_stops_all() -> None:
    tired = pack()
    tired.silence(11)
    both = system(first=pack(), second=tired)
    assert (both.ccl.value, both.ccl.reason.rule, both.weakest) == (0, "communication_lost", "second")


def test_a_pack_whose_switch_is_open_takes_no_part() -> None:
    both = system(first=pack(), second=pack(switches=NO_CHARGE))
    assert (both.ccl.value, both.dcl.value) == (100, 200)


def test_with_every_switch_open_nothing_is_permitted_and_the_reason_stays() -> None:
    both = system(first=pack(switches=NO_CHARGE))
    assert (both.ccl.value, both.ccl.reason.rule, both.weakest) == (0, "rated", "first")


def test_one_unknown_makes_the_sum_unknown() -> None:
    both = system(first=pack(current=10.0), second=pack(current=None))
    assert (both.current, both.power) == (None, None)
    assert both.voltage is not None


def test_charge_and_health_weigh_by_capacity() -> None:
    both = system(first=pack(soh=100.0), second=pack(capacity=140.0, soh=85.0))
    assert both.soh == pytest.approx(95)
    assert system(first=pack(soh=100.0), second=pack()).soh is None


def test_old_current_is_in_no_sum() -> None:
    tired = pack(current=10.0)
    tired.silence(6)
    both = system(first=pack(current=10.0), second=tired)
    assert (both.current, both.voltage, both.power) == (None, None, None)


def test_power_and_energy_add_up() -> None:
    both = system(first=pack(current=10.0), second=pack(current=-4.0))
    assert both.current == pytest.approx(6)
    assert both.power == pytest.approx(6 * 52.8)
    assert both.energy_in > 0
    assert both.energy_out > 0


def test_no_pack_at_all_permits_nothing() -> None:
    empty = combine({})
    assert (empty.cvl.value, empty.ccl.value, empty.dcl.value, empty.soc, empty.weakest) == (0, 0, 0, None, None)
