"""When cells are balanced, which of them, and what is said about it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.balancing import BALANCE_OUTCOMES, BALANCE_REASONS, balance
from custom_components.home_bms.core.model import (
    BalanceConfig,
    BalanceDecision,
    BalanceMode,
    BalanceState,
    PackConfig,
    Reason,
    Switches,
    Trust,
    Wishes,
)
from custom_components.home_bms.core.plausibility import believe

from .conftest import CLOSED, Story, make_config, make_reading, with_cell

TOP = {"cells": with_cell(2, 3.46, 3.44), "voltage": 55.06}
EVEN = {"cell": 3.44, "voltage": 55.04}
CELLS = 16
HOUR = 3600.0
DAY = 24 * HOUR


def ahead(**cells: float) -> tuple[float, ...]:
    """Return the surplus of a pack of which these cells, as `c5`, are so many Ah ahead."""
    return tuple(cells.get(f"c{cell}", 0.0) for cell in range(CELLS))


def doubt(sigma: float) -> tuple[float, ...]:
    return (sigma,) * CELLS


def bled(*cells: int) -> tuple[bool, ...]:
    return tuple(cell in cells for cell in range(CELLS))


class Balancer:
    """A pack in which home_bms says which cells are bled, and knows something about their charge."""

    def __init__(self, config: PackConfig | None = None, **setup: Any) -> None:
        facts = {"mode": BalanceMode.ALWAYS, "masked": True, "current": 0.2, "pause": 6.0} | setup
        self.config = replace(config or make_config(), balance=BalanceConfig(**facts))
        self.state = BalanceState()
        self.wishes = Wishes()
        self.trust = Trust()
        self.time = 1000.0

    def live(
        self,
        seconds: float = 1.0,
        *,
        every: float = 1.0,
        surplus: tuple[float | None, ...] = (),
        sigma: tuple[float | None, ...] = (),
        **changes: Any,
    ) -> BalanceDecision:
        """Let the same reading arrive for so many seconds, from a device that does what it is told."""
        for _ in range(max(1, round(seconds / every))):
            self.time += every
            decision = self.state.decision
            switches = replace(CLOSED, balance=decision.active, bleed=decision.cells or bled())
            # A live device never says the same twice.
            breath = {"switches": switches, "switch_temperature": 30.0 + self.time / every % 2 / 10}
            reading = make_reading(self.time, **(breath | changes))
            self.trust, believed = believe(self.config, self.trust, reading)
            self.state = balance(self.config, self.state, self.wishes, believed, reading, surplus, sigma)
            self.wishes = replace(self.wishes, balance_now=self.wishes.balance_now and self.state.requested)
        return self.state.decision

    @property
    def rule(self) -> str:
        return self.state.decision.reason.rule


# By voltage, as far as nothing is known of the charge


@pytest.mark.parametrize(
    ("changes", "runs", "rule"),
    [
        (TOP, True, "by_voltage"),
        ({"cells": with_cell(2, 3.449, 3.44)}, False, "balanced"),
        ({"cells": with_cell(2, 3.38, 3.30)}, False, "not_at_top"),
        ({"cells": with_cell(2, 3.46, 3.05)}, False, "cell_low"),
        (TOP | {"temperatures": (50.0, 51.0)}, False, "too_hot"),
        (TOP | {"temperatures": (0.0, 22.0)}, False, "too_cold"),
        (TOP | {"switch_temperature": 65.0}, False, "board_too_hot"),
        (TOP | {"switch_temperature": None}, True, "by_voltage"),
        (TOP | {"switch_temperature": 900.0}, False, "value_missing"),
        (TOP | {"temperatures": (22.0, None)}, False, "value_missing"),
        (TOP | {"cells": with_cell(2, None, 3.44)}, False, "value_missing"),
        (TOP | {"current": None}, False, "value_missing"),
    ],
)
def test_it_runs_at_the_top_with_a_difference_and_all_known(changes: dict[str, Any], runs: bool, rule: str) -> None:
    story = Story()
    story.tell(**changes)
    assert story.decision.switches.balance is runs
    assert story.decision.switches.bleed is None
    assert story.decision.balance.reason.rule == rule


def test_it_says_which_cell_is_how_far_ahead_and_since_when() -> None:
    story = Story()
    story.tell(**TOP)
    reason = story.decision.balance.reason
    assert reason == Reason(
        rule="by_voltage", cell=2, value=pytest.approx(0.02), threshold=pytest.approx(0.01), since=story.time
    )
    assert story.snapshot is not None
    assert story.snapshot.balance is story.state.balance
    story.tell(temperatures=(36.0, 22.0), **TOP)
    story.tell(temperatures=(50.5, 22.0), **TOP)
    began = story.time
    story.tell(temperatures=(51.0, 22.0), **TOP)
    assert story.decision.balance.reason == Reason(rule="too_hot", sensor=0, value=50.5, threshold=50.0, since=began)


def test_it_stops_at_a_smaller_difference_than_it_starts() -> None:
    story = Story()
    story.tell(**TOP)
    began = story.time
    story.tell(5, cells=with_cell(2, 3.447, 3.44))
    assert story.state.balance.active
    assert story.state.balance.since == began
    story.tell(cells=with_cell(2, 3.444, 3.44))
    assert not story.state.balance.active


def test_the_drop_of_its_own_current_is_not_the_end_of_the_top() -> None:
    story = Story()
    story.tell(cells=with_cell(2, 3.401, 3.38))
    assert story.decision.balance.active
    story.tell(cells=with_cell(2, 3.393, 3.38))
    assert story.decision.balance.active
    story.tell(cells=with_cell(2, 3.389, 3.37))
    assert story.decision.balance.reason.rule == "not_at_top"


def test_a_switch_that_has_just_stopped_is_not_worn() -> None:
    story = Story()
    story.tell(**TOP)
    story.tell(**EVEN)
    story.tell(58, **TOP)
    assert story.decision.balance.reason.rule == "pausing"
    story.tell(2, **TOP)
    assert story.decision.balance.active


def test_what_was_too_hot_cools_clearly_before_it_goes_on() -> None:
    story = Story()
    story.tell(60, temperatures=(50.0, 50.0), **TOP)
    story.tell(60, temperatures=(48.5, 49.0), **TOP)
    assert story.decision.balance.reason.rule == "too_hot"
    story.tell(temperatures=(47.5, 47.9), **TOP)
    assert story.decision.balance.active


def test_the_users_switch_stops_it() -> None:
    story = Story()
    story.state = bms.wish(story.config, story.state, replace(story.state.wishes, balance=False))
    story.tell(**TOP)
    assert story.decision.switches.balance is False
    assert story.decision.balance.reason.rule == "switched_off"


def test_nothing_changes_where_nothing_happens() -> None:
    story = Story()
    for changes in ({}, EVEN, TOP):
        story.tell(2, **changes)
        before = story.state.balance
        story.tell(50, **changes)
        assert story.state.balance is before


@given(
    st.lists(st.floats(3.20, 3.38), min_size=CELLS, max_size=CELLS),
    st.lists(st.one_of(st.none(), st.floats(0.0, 5.0), st.just(nan)), min_size=CELLS, max_size=CELLS),
    st.sampled_from(list(BalanceMode)),
    st.booleans(),
)
def test_noise_of_the_plateau_never_balances(
    volts: list[float], charges: list[float | None], mode: BalanceMode, masked: bool
) -> None:
    balancer = Balancer(mode=mode, masked=masked)
    surplus = tuple(charges)
    unsure = tuple(None if charge is None else abs(charge) / 2 for charge in charges)
    for sigma in ((), unsure, doubt(nan), doubt(inf)):
        assert not balancer.live(3, surplus=surplus, sigma=sigma, cells=tuple(volts), voltage=sum(volts)).active


# By charge


@pytest.mark.parametrize(
    ("charge", "sigma", "rule"),
    [
        (1.2, 0.3, "by_charge"),
        (1.1, 0.3, "uncertain"),
        (0.6, 0.0, "by_charge"),
        (0.5, 0.0, "balanced"),
        (0.2, 0.1, "balanced"),
        (3.0, 2.0, "uncertain"),
        (None, 0.1, "uncertain"),
        (3.0, None, "uncertain"),
        (3.0, nan, "uncertain"),
        (nan, 0.1, "uncertain"),
    ],
)
def test_a_cell_that_is_surely_ahead_is_bled_anywhere_on_the_curve(
    charge: float | None, sigma: float | None, rule: str
) -> None:
    balancer = Balancer()
    surplus = (*doubt(0.0)[:5], charge, *doubt(0.0)[6:])
    decision = balancer.live(surplus=surplus, sigma=(*doubt(0.02)[:5], sigma, *doubt(0.02)[6:]))
    assert decision.reason.rule == rule
    assert decision.active is (rule == "by_charge")
    assert decision.cells == (bled(5) if decision.active else bled())
    assert not decision.hold_top


def test_it_says_by_how_many_ah_and_when_it_is_done() -> None:
    decision = Balancer().live(surplus=ahead(c5=3.0, c9=1.5), sigma=doubt(0.2))
    assert decision.reason == Reason(rule="by_charge", cell=5, value=3.0, threshold=pytest.approx(0.56), since=1001.0)
    assert decision.cells == bled(5, 9)
    # 3.0 Ah less one standard deviation and what is level, at 0.2 A for 54 s of each minute.
    assert decision.remaining == pytest.approx((3.0 - 0.2 - 0.14) / 0.2 / 0.9 * HOUR)


def test_a_cell_that_is_being_bled_goes_on_until_it_is_level() -> None:
    balancer = Balancer()
    balancer.live(60, surplus=ahead(c5=3.0, c9=1.0), sigma=doubt(0.3))
    balancer.live(60, surplus=ahead(c5=0.5, c9=1.0), sigma=doubt(0.3))
    assert balancer.state.chosen == bled(5)
    assert not balancer.live(60, surplus=ahead(c5=0.4, c9=1.0), sigma=doubt(0.3)).active
    assert balancer.rule == "uncertain"


def test_an_interruption_does_not_raise_the_bar_again() -> None:
    balancer = Balancer()
    balancer.live(60, surplus=ahead(c5=3.0), sigma=doubt(0.3))
    balancer.live(60, surplus=ahead(c5=0.8), sigma=doubt(0.3), temperatures=(None, 22.0))
    assert balancer.rule == "value_missing"
    assert balancer.live(60, surplus=ahead(c5=0.8), sigma=doubt(0.3)).active


def test_at_the_top_the_voltage_tells_of_cells_whose_charge_is_uncertain() -> None:
    balancer = Balancer()
    volts = (*with_cell(2, 3.46, 3.44)[:9], 3.47, *with_cell(2, 3.46, 3.44)[10:])
    known = ahead(c2=0.3, c9=0.0)
    sigma = (*doubt(0.2)[:9], 0.01, *doubt(0.2)[10:])
    decision = balancer.live(surplus=known, sigma=sigma, cells=volts, voltage=sum(volts))
    assert decision.cells == bled(2), "cell 9 shows more, and is surely level"
    assert decision.reason.rule == "by_voltage"
    assert decision.remaining is None


def test_a_pack_that_is_surely_level_is_balanced_whatever_the_voltage_shows() -> None:
    balancer = Balancer()
    assert not balancer.live(surplus=doubt(0.01), sigma=doubt(0.01), **TOP).active
    assert balancer.rule == "balanced"
    assert balancer.state.completed == balancer.time


def test_what_was_seen_at_the_top_is_taken_once() -> None:
    """Whatever an estimate says later: between two tops no more is bled than was surely too much."""
    balancer = Balancer(pause=0.0)
    balancer.live(10 * HOUR, every=10, surplus=ahead(c5=1.0), sigma=doubt(0.1))
    assert balancer.rule == "uncertain"
    assert balancer.state.budget.charge[5] == pytest.approx(1.0, abs=0.01)
    balancer.live(60, surplus=ahead(c5=1.0), sigma=doubt(0.1), **EVEN)
    assert balancer.live(70, surplus=ahead(c5=1.0), sigma=doubt(0.1)).active


@pytest.mark.parametrize("mask", [None, (True, False)])
def test_who_does_not_tell_what_is_bled_is_not_told_to_bleed(mask: tuple[bool, ...] | None) -> None:
    balancer = Balancer()
    switches = replace(CLOSED, bleed=mask)
    assert not balancer.live(surplus=ahead(c5=3.0), sigma=doubt(0.1), switches=switches).active
    assert balancer.rule == "value_missing"


def test_a_cell_that_is_nearly_empty_stops_it() -> None:
    balancer = Balancer()
    low = with_cell(3, 3.09)
    assert not balancer.live(surplus=ahead(c5=3.0), sigma=doubt(0.1), cells=low, voltage=sum(filter(None, low))).active
    reason = balancer.state.decision.reason
    assert (reason.rule, reason.cell, reason.value, reason.threshold) == ("cell_low", 3, 3.09, 3.1)


# A device that chooses its cells by itself


def by_device(
    charge: float, other: float = 0.0, sigma: float = 0.1, **changes: Any
) -> tuple[Balancer, BalanceDecision]:
    """Let cell 2 show the most."""
    balancer = Balancer(masked=False, current=1.0, pause=0.0)
    facts = {"cells": with_cell(2, 3.32, 3.30), "voltage": 52.82} | changes
    return balancer, balancer.live(surplus=ahead(c2=charge, c7=other), sigma=doubt(sigma), **facts)


def test_a_device_that_would_take_from_the_right_cell_may() -> None:
    balancer, decision = by_device(3.0, 1.0)
    assert decision.active
    assert decision.cells is None
    assert decision.reason.rule == "by_charge"
    # Both give what they have above the mean, one after the other.
    assert decision.remaining == pytest.approx((3.0 - 0.25 + 1.0 - 0.25) * HOUR)
    assert balancer.live(surplus=ahead(c2=0.4), sigma=doubt(0.1), cells=with_cell(2, 3.32), voltage=52.82).active
    assert not balancer.live(surplus=ahead(c2=0.2), sigma=doubt(0.1), cells=with_cell(2, 3.32), voltage=52.82).active


def test_a_device_that_would_take_from_the_wrong_cell_is_stopped_even_at_the_top() -> None:
    _, decision = by_device(0.0, 3.0, sigma=0.01, **TOP)
    assert not decision.active
    assert (decision.reason.rule, decision.reason.cell) == ("wrong_cell", 2)


def test_a_device_is_not_let_loose_on_what_is_uncertain() -> None:
    assert by_device(1.0, sigma=0.5)[1].reason.rule == "uncertain"
    assert by_device(3.0, cell=3.30, cells=(3.30,) * CELLS)[1].reason.rule == "uncertain", "it sees no difference"
    assert by_device(1.0, sigma=0.5, **TOP)[1].reason.rule == "by_voltage"


def test_a_part_of_the_charges_is_enough_to_confirm_a_device() -> None:
    balancer = Balancer(masked=False, pause=0.0)
    known = (0.0, 0.0, 3.0, *(None,) * 13)
    facts = {"cells": with_cell(2, 3.32, 3.30), "voltage": 52.82}
    decision = balancer.live(surplus=known, sigma=doubt(0.1), **facts)
    assert decision.active
    assert decision.remaining is None
    balancer = Balancer(masked=False, pause=0.0)
    assert not balancer.live(surplus=known, sigma=(None,) * CELLS, **facts).active


# Slots


def test_a_pause_in_each_minute_lets_the_cells_be_measured() -> None:
    balancer = Balancer()
    told = []
    for _ in range(120):
        told.append(balancer.live(surplus=ahead(c5=3.0), sigma=doubt(0.1)).cells == bled(5))
        assert balancer.state.active
    assert told == [*[True] * 54, *[False] * 6] * 2
    assert balancer.state.decision.cells == bled()


def test_what_is_measured_while_a_cell_is_bled_judges_nothing() -> None:
    balancer = Balancer()
    balancer.live(surplus=(), **TOP)
    sunk = {"cells": with_cell(2, 3.442, 3.44), "voltage": 55.04}
    assert balancer.live(58, **sunk).active
    assert not balancer.live(2, **sunk).active


def test_heat_and_the_user_wait_for_no_pause() -> None:
    for stop in ("heat", "user"):
        balancer = Balancer()
        balancer.live(5, surplus=ahead(c5=3.0), sigma=doubt(0.1))
        changes = {"temperatures": (60.0, 60.0)} if stop == "heat" else {}
        balancer.wishes = Wishes(balance=stop != "user")
        assert balancer.live(2, surplus=ahead(c5=3.0), sigma=doubt(0.1), **changes).cells == bled()


def test_the_duty_is_kept_also_by_a_device_that_chooses_by_itself() -> None:
    story = Story(replace(make_config(), balance=BalanceConfig(duty=0.5)))
    on = [story.tell(**TOP).switches.balance for _ in range(120)]
    assert on == [*[True] * 30, *[False] * 30] * 2
    assert story.decision.balance.active


def test_without_a_share_of_time_nothing_is_promised() -> None:
    balancer = Balancer(pause=60.0)
    decision = balancer.live(surplus=ahead(c5=3.0), sigma=doubt(0.1))
    assert decision.cells == bled()
    assert decision.remaining is None


def test_the_switch_of_a_bleeding_board_stays_on_while_its_mask_pauses() -> None:
    config = replace(make_config(), balance=BalanceConfig(masked=True, pause=6.0))
    story = Story(config)
    switches = replace(CLOSED, bleed=bled())
    told = [story.tell(**TOP, switches=switches).switches for _ in range(60)]
    assert all(switch.balance for switch in told)
    assert {switch.bleed for switch in told} == {bled(2), bled()}


@pytest.mark.parametrize(
    ("setup", "cells", "hours"),
    [
        ({}, (3, 4, 5, 9), 3.0),
        ({"neighbours": False}, (4, 9), 5.0),
        ({"at_once": 2}, (4, 5), 4.0),
        ({"at_once": 1}, (4,), 8.0),
        ({"at_once": 1, "neighbours": False}, (4,), 8.0),
    ],
)
def test_neighbours_and_the_heat_of_the_board_are_heeded(setup: Any, cells: tuple[int, ...], hours: float) -> None:
    balancer = Balancer(current=1.0, pause=0.0, charge_off=0.0, **setup)
    decision = balancer.live(surplus=ahead(c3=1.0, c4=3.0, c5=2.0, c9=2.0), sigma=doubt(0.0))
    assert decision.cells == bled(*cells)
    assert decision.remaining == pytest.approx(hours * HOUR)


def test_who_had_to_wait_has_his_turn_in_the_next_slot() -> None:
    balancer = Balancer(neighbours=False)
    balancer.live(59, surplus=ahead(c4=3.0, c5=2.0), sigma=doubt(0.1))
    assert balancer.live(2, surplus=ahead(c4=1.9, c5=2.0), sigma=doubt(0.1)).cells == bled(5)


# Modes


@pytest.mark.parametrize(
    ("mode", "changes", "seconds", "rule"),
    [
        (BalanceMode.OFF, TOP, 10, "mode_off"),
        (BalanceMode.TOP, {}, 10, "not_at_top"),
        (BalanceMode.TOP, {"cell": 3.41, "voltage": 54.56}, 10, "by_charge"),
        (BalanceMode.CHARGING, {"current": 20.0}, 59, "not_charging"),
        (BalanceMode.CHARGING, {"current": 20.0}, 61, "by_charge"),
        (BalanceMode.CHARGING, {"current": 0.4}, 100, "not_charging"),
        (BalanceMode.CHARGING, {"current": -20.0}, 100, "not_charging"),
        (BalanceMode.REST, {"current": -2.0}, 1799, "not_at_rest"),
        (BalanceMode.REST, {"current": -2.0}, 1802, "by_charge"),
        (BalanceMode.REST, {"current": -20.0}, 2000, "not_at_rest"),
        (BalanceMode.ALWAYS, {"current": -20.0}, 1, "by_charge"),
    ],
)
def test_a_mode_says_when(mode: BalanceMode, changes: dict[str, Any], seconds: float, rule: str) -> None:
    balancer = Balancer(mode=mode)
    assert balancer.live(seconds, surplus=ahead(c5=3.0), sigma=doubt(0.1), **changes).mode is mode
    assert balancer.rule == rule


def test_a_passing_cloud_begins_the_minute_of_charging_anew() -> None:
    balancer = Balancer(mode=BalanceMode.CHARGING)
    known = {"surplus": ahead(c5=3.0), "sigma": doubt(0.1)}
    balancer.live(70, current=20.0, **known)
    assert not balancer.live(current=-1.0, **known).active
    balancer.live(59, current=20.0, **known)
    assert balancer.rule == "not_charging"
    balancer.live(current=None, **known)
    assert balancer.live(59, current=20.0, **known).reason.rule == "not_charging"
    assert balancer.live(5, current=20.0, **known).active


def test_the_users_mode_goes_before_the_configured_one() -> None:
    balancer = Balancer(mode=BalanceMode.OFF)
    known = {"surplus": ahead(c5=3.0), "sigma": doubt(0.1)}
    balancer.live(**known)
    balancer.wishes = Wishes(balance_mode=BalanceMode.ALWAYS)
    assert balancer.live(**known).active
    balancer.wishes = Wishes(balance_mode=BalanceMode.REST)
    assert balancer.live(**known).mode is BalanceMode.REST


# On demand and on schedule


def test_on_demand_it_asks_to_be_held_at_the_top_until_done() -> None:
    story = Story()
    story.state = bms.wish(story.config, story.state, replace(story.state.wishes, balance_now=True))
    story.tell(cells=with_cell(2, 3.33, 3.30))
    told = story.decision.balance
    assert (told.active, told.hold_top, told.reason.rule, told.mode) == (False, True, "uncertain", BalanceMode.ALWAYS)
    story.tell(2, **TOP)
    assert story.decision.switches.balance is True
    assert story.decision.balance.hold_top
    assert story.state.wishes.balance_now
    story.tell(cells=with_cell(2, 3.444, 3.44))
    assert story.decision.switches.balance is False
    assert not story.decision.balance.hold_top
    assert story.decision.balance.outcome == "done"
    assert story.state.balance.completed == story.time
    assert story.state.wishes == Wishes()
    story.tell(100)
    assert story.decision.balance.outcome == "done"


def test_while_much_current_flows_a_small_difference_is_not_the_end() -> None:
    story = Story()
    story.state = bms.wish(story.config, story.state, replace(story.state.wishes, balance_now=True))
    story.tell(5, current=60.0, **EVEN)
    assert story.state.wishes.balance_now
    assert story.decision.balance.reason.rule == "balanced"
    assert story.decision.balance.hold_top
    story.tell(5, current=5.0, **EVEN)
    assert story.decision.balance.outcome == "done"


def test_by_charge_it_needs_no_top() -> None:
    balancer = Balancer(mode=BalanceMode.OFF)
    balancer.wishes = Wishes(balance_now=True)
    decision = balancer.live(surplus=ahead(c5=3.0), sigma=doubt(0.1))
    assert (decision.active, decision.hold_top) == (True, False)
    decision = balancer.live(70, surplus=ahead(c5=3.0), sigma=doubt(0.1), cell=3.45, voltage=55.2)
    assert (decision.active, decision.hold_top) == (True, True)


@pytest.mark.parametrize("mode", [BalanceMode.OFF, BalanceMode.REST, BalanceMode.TOP])
def test_on_demand_in_a_mode_of_its_own(mode: BalanceMode) -> None:
    balancer = Balancer()
    balancer.wishes = Wishes(balance_now=True, balance_now_mode=mode)
    decision = balancer.live(surplus=ahead(c5=3.0), sigma=doubt(0.1))
    assert (decision.mode, decision.active) == (mode, False)
    assert decision.hold_top is (mode is not BalanceMode.OFF)


def test_on_demand_waits_for_what_it_cannot_see_and_does_not_hold_blindly() -> None:
    story = Story()
    story.state = bms.wish(story.config, story.state, replace(story.state.wishes, balance_now=True))
    story.tell(cells=(None,) * 16, voltage=52.8)
    assert story.decision.switches.balance is False
    assert not story.decision.balance.hold_top
    assert story.state.wishes.balance_now


@pytest.mark.parametrize("how", ["time", "user"])
def test_on_demand_ends_at_its_time_or_when_the_user_says_so(how: str) -> None:
    story = Story()
    wishes = replace(
        story.state.wishes,
        balance_now=True,
        balance_now_mode=BalanceMode.TOP,
        balance_until=story.time + 50,
        balance_mode=BalanceMode.REST,
    )
    story.state = bms.wish(story.config, story.state, wishes)
    story.tell(49)
    assert story.decision.balance.mode is BalanceMode.TOP
    assert story.decision.balance.hold_top
    if how == "user":
        story.state = bms.wish(story.config, story.state, replace(story.state.wishes, balance_now=False))
    story.tell()
    assert story.decision.balance.outcome == "ended"
    assert not story.decision.balance.hold_top
    assert story.decision.balance.mode is BalanceMode.REST
    assert story.state.wishes.balance_mode is BalanceMode.REST
    assert not story.state.wishes.balance_now


def test_what_is_not_done_in_time_is_given_up_and_only_time_at_the_top_counts() -> None:
    balancer = Balancer(give_up=1.0, masked=False, pause=0.0)
    balancer.wishes = Wishes(balance_now=True)
    balancer.live(2 * HOUR, every=10)
    balancer.live(1800, every=10, **TOP)
    balancer.live(2 * HOUR, every=10)
    balancer.live(1700, every=10, **TOP)
    assert balancer.state.requested
    decision = balancer.live(200, every=10, **TOP)
    assert decision.outcome == "given_up"
    assert balancer.state.gave_up is not None
    assert decision.active, "that nobody waits for it does not end it"


def test_a_long_gap_gives_nothing_up() -> None:
    balancer = Balancer(give_up=1.0, masked=False, pause=0.0)
    balancer.wishes = Wishes(balance_now=True)
    balancer.live(2, **TOP)
    balancer.live(2 * HOUR, every=2 * HOUR, **TOP)
    assert balancer.state.held == 60.0
    assert balancer.state.requested


def test_on_schedule_it_asks_again_some_days_after_it_was_done() -> None:
    balancer = Balancer(every=10.0, mode=BalanceMode.TOP)
    assert balancer.live().hold_top, "never seen to be balanced"
    assert not balancer.live(2, **EVEN).hold_top
    assert balancer.state.decision.outcome == "done"
    assert not balancer.live(9.9 * DAY, every=9.9 * DAY).hold_top
    assert balancer.live(0.2 * DAY, every=0.2 * DAY).hold_top
    assert balancer.state.decision.outcome is None


def test_a_schedule_that_was_given_up_waits_for_its_next_turn() -> None:
    balancer = Balancer(every=10.0, give_up=1.0, mode=BalanceMode.TOP, masked=False)
    balancer.live(1.1 * HOUR, every=10, **TOP)
    assert balancer.state.decision.outcome == "given_up"
    assert not balancer.live(9 * DAY, every=9 * DAY).hold_top
    assert balancer.live(DAY, every=DAY).hold_top


@pytest.mark.parametrize(
    ("setup", "wishes"),
    [
        ({"every": 0.0}, Wishes()),
        ({"every": 10.0, "mode": BalanceMode.OFF}, Wishes()),
        ({"every": 10.0}, Wishes(balance_mode=BalanceMode.OFF)),
        ({"every": 10.0}, Wishes(balance=False)),
    ],
)
def test_who_wants_no_balancing_is_not_asked_to_hold(setup: dict[str, Any], wishes: Wishes) -> None:
    balancer = Balancer(**setup)
    balancer.wishes = wishes
    assert not balancer.live().hold_top


def test_a_pack_that_stays_balanced_is_noted_now_and_then() -> None:
    balancer = Balancer()
    balancer.live(100, **EVEN)
    first = balancer.state.completed
    assert first == 1001.0
    balancer.live(2 * HOUR, every=10, **EVEN)
    assert balancer.state.completed is not None
    assert balancer.time - HOUR - 10 < balancer.state.completed


# What must hold whatever happens

charges = st.lists(st.one_of(st.none(), st.floats(), st.floats(0, 5)), max_size=CELLS + 1)


@st.composite
def moments(draw: st.DrawFn) -> dict[str, Any]:
    cells = tuple(draw(st.lists(st.floats(3.0, 3.6), min_size=CELLS, max_size=CELLS)))
    return {
        "cells": cells,
        "voltage": sum(cells),
        "current": draw(st.floats(-100, 100)),
        "surplus": tuple(draw(charges)),
        "sigma": tuple(draw(charges)),
    }


wishes = st.builds(
    Wishes,
    balance=st.booleans(),
    balance_mode=st.sampled_from([None, *BalanceMode]),
    balance_now=st.booleans(),
    balance_now_mode=st.sampled_from([None, *BalanceMode]),
)
setups = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(list(BalanceMode)),
        "masked": st.booleans(),
        "neighbours": st.booleans(),
        "at_once": st.one_of(st.none(), st.integers(1, 4)),
        "pause": st.sampled_from([0.0, 6.0, 30.0]),
        "every": st.sampled_from([0.0, 1.0]),
    }
)


def lives(balancer: Balancer, past: list[dict[str, Any]], every: float) -> Iterator[BalanceDecision]:
    for moment in past:
        yield balancer.live(every, every=every, **moment)


@given(setups, wishes, st.lists(moments(), min_size=1, max_size=5), st.sampled_from([1.0, 60.0, 2 * DAY]))
def test_every_decision_has_a_reason_and_keeps_the_rules(
    setup: dict[str, Any], wish: Wishes, past: list[dict[str, Any]], every: float
) -> None:
    balancer = Balancer(**setup)
    balancer.wishes = wish
    for decision in lives(balancer, past, every):
        assert decision.reason.rule in BALANCE_REASONS
        assert decision.outcome in (None, *BALANCE_OUTCOMES)
        assert decision.active is (decision.reason.rule in ("by_charge", "by_voltage"))
        assert not (decision.active and not wish.balance)
        assert (decision.cells is None) is not setup["masked"]
        mask = decision.cells or ()
        assert not any(mask) or decision.active
        assert sum(mask) <= (setup["at_once"] or CELLS)
        assert setup["neighbours"] or not any(one and other for one, other in pairwise(mask))
        assert not decision.hold_top or wish.balance_now or setup["every"]


@given(
    setups, st.lists(moments(), max_size=3), moments(), st.sampled_from(["cell", "temperature", "current", "voltage"])
)
def test_taking_information_away_ends_it(
    setup: dict[str, Any], past: list[dict[str, Any]], present: dict[str, Any], lost: str
) -> None:
    balancer = Balancer(**setup)
    balancer.wishes = Wishes(balance_now=True)
    for _ in lives(balancer, past, 60.0):
        pass
    poorer = {
        "cell": {"cells": (None, *present["cells"][1:])},
        "temperature": {"temperatures": (22.0, None)},
        "current": {"current": None},
        "voltage": {"voltage": None},
    }[lost]
    decision = balancer.live(**(present | poorer))
    assert (decision.active, decision.hold_top, any(decision.cells or ())) == (False, False, False)


@given(setups, st.lists(moments(), max_size=3), moments())
def test_not_knowing_the_charge_bleeds_at_the_top_alone(
    setup: dict[str, Any], past: list[dict[str, Any]], present: dict[str, Any]
) -> None:
    balancer = Balancer(**setup)
    balancer.wishes = Wishes(balance_now=True)
    for _ in lives(balancer, past, 60.0):
        pass
    decision = balancer.live(60.0, every=60.0, **(present | {"surplus": (), "sigma": ()}))
    assert not decision.active or max(present["cells"]) >= balancer.config.balance_start - balancer.config.balance_on


def test_the_switches_say_nothing_of_cells_where_there_is_no_mask() -> None:
    assert Switches().bleed is None
