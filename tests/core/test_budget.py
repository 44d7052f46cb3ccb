"""What balancing costs each cell, and who always needs it."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.budget import DAY, Need, count, duty, needs
from custom_components.home_bms.core.model import BalanceConfig, Budget, Switches, Trust
from custom_components.home_bms.core.plausibility import believe

from .conftest import CLOSED, make_config, make_reading, with_cell

BLEEDING = replace(make_config(), balance=BalanceConfig(masked=True, current=0.2))
MOVING = replace(make_config(), balance=BalanceConfig(current=1.0))
HOUR = 3600.0


def bled(*cells: int, on: bool | None = True) -> Switches:
    return replace(CLOSED, balance=on, bleed=tuple(cell in cells for cell in range(16)))


class Account:
    """A pack whose budget is kept."""

    def __init__(self, config: Any) -> None:
        self.config = config
        self.budget = Budget()
        self.time = 1000.0

    def live(self, seconds: float, every: float = 10.0, **changes: Any) -> Budget:
        for _ in range(round(seconds / every)):
            self.time += every
            reading = make_reading(self.time, **changes)
            _, believed = believe(self.config, Trust(), reading)
            self.budget = count(self.config, self.budget, believed, reading)
        return self.budget


def test_what_is_bled_is_counted_for_each_cell_as_charge_time_and_heat() -> None:
    account = Account(BLEEDING)
    account.live(10)
    budget = account.live(2 * HOUR, cell=3.30, switches=bled(2, 5))
    budget = account.live(10, switches=bled())
    assert budget.charge[2] == budget.charge[5] == pytest.approx(0.4)
    assert budget.seconds[2] == pytest.approx(2 * HOUR)
    assert budget.energy[2] == pytest.approx(0.4 * 3.30)
    assert budget.today[2] == pytest.approx(0.4)
    assert {budget.charge[3], budget.seconds[3], budget.energy[3]} == {0.0}
    assert budget.flow == ()


def test_it_knows_what_flows_now() -> None:
    account = Account(BLEEDING)
    assert account.live(10, switches=bled(2)).flow == tuple(0.2 if cell == 2 else 0.0 for cell in range(16))
    account = Account(MOVING)
    flow = account.live(10, cells=with_cell(2, 3.46, 3.44), voltage=55.06, balancing=True, balance_current=0.7).flow
    assert (flow[2], flow[0]) == (0.7, -0.7)


@pytest.mark.parametrize(
    "changes",
    [
        {"switches": bled()},
        {"switches": bled(2, on=False)},
        {"switches": replace(CLOSED, balance=True)},
        {"switches": replace(CLOSED, balance=True, bleed=(True,))},
    ],
)
def test_what_the_device_does_not_confirm_did_not_flow(changes: dict[str, Any]) -> None:
    assert Account(BLEEDING).live(HOUR, **changes) == Budget()


def test_a_device_that_moves_charge_gives_to_one_what_it_takes_from_another() -> None:
    account = Account(MOVING)
    top = {"cells": with_cell(2, 3.46, 3.44), "voltage": 55.06}
    account.live(HOUR, balancing=True, balance_current=-2.0, **top)
    budget = account.live(10, balancing=False, **top)
    assert budget.charge[2] == pytest.approx(2.0)
    assert (budget.today[2], budget.today[0]) == (pytest.approx(2.0), pytest.approx(-2.0))
    assert budget.charge[0] == 0.0
    assert budget.energy[2] == pytest.approx(2.0 * 0.02), "only the step down in voltage is lost for certain"


@pytest.mark.parametrize(
    ("changes", "charge"),
    [
        ({"balance_current": None}, 1.0),
        ({"balance_current": float("nan")}, 1.0),
        ({"balance_current": 65.5}, 1.0),
        ({"balance_current": 2.0}, 2.0),
        ({"balancing": False}, None),
        ({"balancing": None}, None),
        ({"cells": (None,) * 16}, None),
        ({"cells": (3.4,) * 16}, None),
    ],
)
def test_a_current_that_is_nonsense_is_taken_as_the_balancers_own(
    changes: dict[str, Any], charge: float | None
) -> None:
    facts = {"cells": with_cell(2, 3.46, 3.44), "voltage": 55.06, "balancing": True, "balance_current": 1.0} | changes
    account = Account(MOVING)
    account.live(HOUR, **facts)
    account.live(10, **(facts | {"balancing": False}))
    assert account.budget.charge[2:3] == (() if charge is None else (pytest.approx(charge),))


def test_a_cell_whose_voltage_is_lost_is_counted_with_a_usual_one() -> None:
    account = Account(BLEEDING)
    account.live(HOUR, switches=bled(2), cells=with_cell(2, None))
    account.live(10, switches=bled())
    assert account.budget.energy[2] == pytest.approx(0.2 * 3.35, rel=0.001)


def test_what_nobody_saw_is_counted_for_a_minute_at_most() -> None:
    account = Account(BLEEDING)
    account.live(1, every=1, switches=bled(2))
    account.live(5 * HOUR, every=5 * HOUR, switches=bled(2))
    assert account.budget.charge[2] == pytest.approx(0.2 / 60)


def test_nothing_changes_where_nothing_flows() -> None:
    account = Account(BLEEDING)
    before = account.live(100)
    assert account.live(100) is before
    flowing = account.live(1, every=1, switches=bled(2))
    assert account.live(9, every=1, switches=bled(2)) is flowing


# Days


def after(days: int, hours: dict[int, float], *, quiet: int = 0, config: Any = BLEEDING) -> Account:
    """Let the cells be bled so many hours on each day."""
    account = Account(config)
    for _ in range(days):
        rest = DAY
        done = 0.0
        for cell in sorted(hours, key=hours.__getitem__):
            longer = tuple(other for other in hours if hours[other] >= hours[cell])
            account.live((hours[cell] - done) * HOUR, every=50.0, switches=bled(*longer))
            rest -= (hours[cell] - done) * HOUR
            done = hours[cell]
        account.live(rest, every=rest, switches=bled())
    account.live(quiet * DAY, every=DAY)
    account.live(50, every=50)
    return account


def test_a_cell_that_is_always_bled_more_than_others_is_named() -> None:
    account = after(10, {2: 4.0, 5: 0.5})
    need = needs(BLEEDING, account.budget)
    assert need == Need(2, pytest.approx(0.8 * (1 - 0.9**10), rel=0.01))
    assert duty(BLEEDING, account.budget)[2] == pytest.approx(4 / 24 * (1 - 0.9**10), rel=0.01)
    assert needs(BLEEDING, after(5, {2: 4.0}).budget) is None, "some days make no habit"


def test_a_cell_for_which_all_the_others_are_bled_loses_charge_by_itself() -> None:
    account = after(10, {cell: 4.0 for cell in range(16) if cell != 7})
    assert needs(BLEEDING, account.budget) == Need(7, pytest.approx(-0.8 * (1 - 0.9**10), rel=0.01))


def test_one_great_imbalance_is_no_habit() -> None:
    account = after(1, {2: 23.0})
    assert account.budget.daily[2] == pytest.approx(4.6 / 10, rel=0.01)
    assert needs(BLEEDING, account.budget) is None


def test_a_habit_is_forgotten_in_quiet_days() -> None:
    account = after(10, {2: 4.0}, quiet=5)
    assert account.budget.daily[2] == pytest.approx(0.8 * (1 - 0.9**10) * 0.9**5, rel=0.01)
    assert needs(BLEEDING, account.budget) is None
    assert account.budget.charge[2] == pytest.approx(8.0, rel=0.01)


def test_days_in_which_nobody_looked_were_quiet() -> None:
    seen, unseen = after(10, {2: 4.0}), after(10, {2: 4.0})
    seen.live(5 * DAY, every=DAY)
    unseen.live(5 * DAY, every=5 * DAY)
    assert unseen.budget.daily == pytest.approx(seen.budget.daily)
    assert unseen.budget.days == pytest.approx(seen.budget.days)
    assert unseen.budget.day == seen.budget.day


def test_a_day_that_begins_with_the_first_flow_may_end_before_anything_is_counted() -> None:
    account = Account(BLEEDING)
    account.live(1, every=1, switches=bled(2))
    assert account.live(2 * DAY, every=2 * DAY, switches=bled()).daily == pytest.approx((0.0,) * 16)


def test_what_all_cells_need_is_nobodys_habit() -> None:
    account = after(10, dict.fromkeys(range(16), 4.0))
    assert needs(BLEEDING, account.budget) is None


@pytest.mark.parametrize("cells", [0, 1, 2])
def test_of_few_cells_none_is_named(cells: int) -> None:
    budget = Budget(daily=(0.0, 5.0)[:cells], days=(0.0, 1.0)[:cells])
    assert needs(BLEEDING, budget) is None


@given(st.lists(st.tuples(st.floats(0, 3 * DAY), st.sets(st.integers(0, 15))), max_size=12))
def test_no_past_gives_charge_back_or_bleeds_more_than_the_resistors_can(past: list[tuple[float, set[int]]]) -> None:
    account = Account(BLEEDING)
    before = [Budget()]
    for seconds, cells in past:
        if seconds > 0:
            account.live(seconds, every=seconds, switches=bled(*cells))
        before.append(account.budget)
    for earlier, later in pairwise(before):
        if earlier.charge:
            assert all(new >= old for old, new in zip(earlier.charge, later.charge, strict=True))
    for charge, seconds in zip(account.budget.charge, account.budget.seconds, strict=True):
        assert charge == pytest.approx(0.2 * seconds / HOUR)
        assert seconds <= account.time
