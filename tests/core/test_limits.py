"""What the pack may be given, and why."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.home_bms.core import bms, learning
from custom_components.home_bms.core.model import HardwareRing, Switches, Wishes

from .conftest import Story, make_config, with_cell
from .parallel import Battery, unit


def wish(story: Story, **changes: Any) -> None:
    story.state = bms.wish(story.config, story.state, replace(story.state.wishes, **changes))


def test_a_pack_begins_at_zero_and_rises_slowly_after_a_hold() -> None:
    story = Story()
    story.tell(1)
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (0, "starting")
    assert story.decision.cvl.value == pytest.approx(16 * 3.35)
    story.tell(29)
    assert story.decision.ccl.value == 0
    story.tell(2)
    assert 0 < story.decision.ccl.value < 10
    assert story.decision.ccl.reason.rule == "recovering"
    assert story.decision.ccl.reason.threshold == 100
    story.tell(60)
    assert (story.decision.ccl.value, story.decision.dcl.value) == (100, 150)
    assert story.decision.cvl.value == pytest.approx(55.2)
    assert {bound.reason.rule for bound in (story.decision.ccl, story.decision.dcl, story.decision.cvl)} == {"rated"}


@pytest.mark.parametrize(
    ("changes", "ccl", "dcl", "rule"),
    [
        ({"cell": 3.40}, 100, 150, "rated"),
        ({"cell": 3.475}, 25, 150, "cell_voltage"),
        ({"cell": 3.549}, 0.33, 150, "cell_voltage"),
        ({"cell": 3.10}, 100, 150, "rated"),
        ({"cell": 3.00}, 100, 37.5, "cell_voltage"),
        ({"temperatures": (5.0, 22.0)}, 50, 150, "temperature"),
        ({"temperatures": (44.0, 45.0)}, 50, 150, "temperature"),
        ({"temperatures": (52.0, 53.0)}, 0, 75, "charge_overtemperature"),
        ({"temperatures": (-15.0, 5.0)}, 0, 75, "charge_undertemperature"),
    ],
)
def test_the_curves_take_current_away(changes: dict[str, Any], ccl: float, dcl: float, rule: str) -> None:
    story = Story()
    story.tell(200, **changes)
    assert story.decision.ccl.value == pytest.approx(ccl, abs=0.35)
    assert story.decision.dcl.value == pytest.approx(dcl, abs=0.35)
    reduced = story.decision.ccl if ccl < 100 else story.decision.dcl
    assert reduced.reason.rule == rule


def test_a_limit_falls_at_once(story: Story) -> None:
    story.tell(1, cell=3.42)
    story.tell(1, cell=3.475)
    assert story.decision.ccl.value == pytest.approx(25)
    reason = story.decision.ccl.reason
    assert (reason.rule, reason.cell, reason.value) == ("cell_voltage", 0, 3.475)
    assert reason.threshold == pytest.approx(3.40)


def test_a_limit_waits_and_then_rises_by_its_ramp(story: Story) -> None:
    story.tell(1, temperatures=(34.0, 35.0))
    story.tell(1, temperatures=(44.0, 45.0))
    assert story.decision.ccl.value == pytest.approx(50)
    story.tell(30)
    assert story.decision.ccl.value == pytest.approx(50)
    assert story.decision.ccl.reason.rule == "recovering"
    story.tell(10)
    assert story.decision.ccl.value == pytest.approx(70, abs=2)
    story.tell(20)
    assert story.decision.ccl.value == 100


def test_noise_at_the_edge_begins_no_new_hold(story: Story) -> None:
    story.tell(1, temperatures=(34.0, 35.0))
    story.tell(40, temperatures=(44.0, 45.0))
    story.tell(1, temperatures=(44.0005, 45.0005))
    story.tell(1, temperatures=(43.0, 44.0))
    assert story.decision.ccl.value > 50


def test_a_reason_stands_since_it_first_ruled(story: Story) -> None:
    story.tell(1, temperatures=(34.0, 35.0))
    story.tell(1, temperatures=(44.0, 45.0))
    began = story.time
    story.tell(5, temperatures=(45.0, 46.0))
    assert story.decision.ccl.reason.since == began
    assert story.decision.ccl.reason.sensor == 1
    assert story.decision.ccl.reason.value == 46.0


def test_while_a_value_is_missing_nothing_rises(story: Story) -> None:
    story.tell(1, temperatures=(34.0, 35.0))
    story.tell(1, temperatures=(44.0, 45.0))
    story.tell(28)
    before = story.decision.ccl.value
    story.tell(4, cells=with_cell(3, None), voltage=52.8)
    assert story.decision.ccl.value == before
    assert story.decision.ccl.reason.rule == "value_missing"
    assert not story.decision.charge_permitted
    assert not story.decision.discharge_permitted


def test_a_cell_that_runs_ahead_lowers_the_voltage_for_all(story: Story) -> None:
    story.tell(1, cells=with_cell(2, 3.44, 3.40))
    story.tell(1, cells=with_cell(2, 3.49, 3.40))
    assert story.decision.cvl.value == pytest.approx(16 * 3.41)
    assert (story.decision.cvl.reason.rule, story.decision.cvl.reason.cell) == ("cell_voltage", 2)
    story.tell(1, cells=with_cell(2, 3.54, 3.40))
    assert story.decision.cvl.value == pytest.approx(16 * 3.36)


def test_the_voltage_limit_never_falls_below_a_resting_full_pack(story: Story) -> None:
    """A limit of nought would make some inverters dump the battery into the grid (thresholds.md 2.8)."""
    story.tell(4, cells=with_cell(2, 3.64, 3.40), voltage=54.64)
    assert story.decision.cvl.value == pytest.approx(16 * 3.35)
    assert story.decision.cvl.reason.rule == "cell_overvoltage"


def test_the_user_narrows_and_never_widens(story: Story) -> None:
    wish(story, charge_current_cap=40.0, discharge_current_cap=60.0, charge_voltage_cap=54.0)
    story.tell()
    decision = story.decision
    assert (decision.ccl.value, decision.dcl.value, decision.cvl.value) == (40, 60, 54)
    assert {bound.reason.rule for bound in (decision.ccl, decision.dcl, decision.cvl)} == {"user_cap"}
    wish(story, charge_current_cap=100.0)
    story.tell(100)
    assert decision.ccl.value <= story.decision.ccl.value <= 100


def test_leased_limits_end_by_themselves(story: Story) -> None:
    wish(story, leased_charge_current=10.0, leased_charge_voltage=53.0, lease_until=story.time + 5)
    story.tell(4)
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (10, "leased")
    assert story.decision.cvl.value == 53
    story.tell(1)
    assert story.state.wishes == Wishes()
    story.tell(100)
    assert story.decision.ccl.value == 100


@pytest.mark.parametrize(
    ("soc", "ccl", "dcl"), [(50, 100, 150), (79.5, 50, 150), (80, 0, 150), (20.25, 100, 37.5), (15, 100, 0)]
)
def test_a_charge_window_ends_softly(soc: float, ccl: float, dcl: float) -> None:
    story = Story(make_config(overrides={"soc_min": 20.0, "soc_max": 80.0}))
    story.tell(120, soc=soc)
    assert (story.decision.ccl.value, story.decision.dcl.value) == (pytest.approx(ccl), pytest.approx(dcl))


def test_a_leased_window_narrows_the_configured_one(story: Story) -> None:
    wish(story, leased_soc_min=60.0, leased_soc_max=70.0, lease_until=story.time + 500)
    story.tell()
    assert (story.decision.dcl.value, story.decision.dcl.reason.rule) == (0, "soc_window")
    assert story.decision.ccl.value == 100


def test_a_window_without_a_known_charge_permits_nothing() -> None:
    """The cells are, but nobody saw what flowed for hours."""
    story = Story(make_config(overrides={"soc_min": 20.0, "soc_max": 80.0}))
    story.tell(1)
    story.time += 12 * 3600
    story.tell(120, current=1.0)
    assert story.state.estimate.soc is None
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (0, "value_missing")
    assert (story.decision.dcl.value, story.decision.dcl.reason.rule) == (0, "value_missing")


@pytest.mark.parametrize(("truth", "limits"), [(15.0, (100, 0)), (85.0, (0, 150))])
def test_a_window_heeds_a_corrected_charge_before_it_is_shown(truth: float, limits: tuple[float, float]) -> None:
    """What is shown moves by a point a minute."""
    story = Story(make_config(overrides={"soc_min": 20.0, "soc_max": 80.0}))
    story.tell(100, soc=50.0)
    estimate = story.state.estimate
    assert estimate.knowledge is not None
    corrected = learning.moved_to(estimate.knowledge, truth / 100)
    debt = estimate.soc - truth
    story.state = replace(story.state, estimate=replace(estimate, knowledge=corrected, truth=truth, debt=debt))
    story.tell(1, soc=50.0)
    assert story.state.estimate.soc == pytest.approx(50, abs=1)
    assert (story.decision.ccl.value, story.decision.dcl.value) == limits


def test_a_switch_that_the_user_opened_takes_the_limit_to_zero(story: Story) -> None:
    wish(story, charge=False)
    story.tell()
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (0, "switched_off")
    assert story.decision.cvl.reason.rule == "charging_stopped"
    assert story.decision.dcl.value == 150


def test_the_gravest_rule_gives_the_reason(story: Story) -> None:
    story.tell(1, cell=3.44)
    story.tell(1, cell=3.50)
    story.tell(1, cell=3.55)
    assert story.decision.ccl.reason.rule == "cell_overvoltage"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"charge_current_cap": 101.0}, "charge_current_cap"),
        ({"charge_current_cap": -1.0}, "charge_current_cap"),
        ({"leased_discharge_current": 151.0}, "leased_discharge_current"),
        ({"charge_voltage_cap": 60.0}, "charge_voltage_cap"),
        ({"leased_charge_voltage": 1.0}, "leased_charge_voltage"),
        ({"leased_soc_min": -5.0}, "leased_soc_min"),
        ({"leased_soc_max": float("nan")}, "leased_soc_max"),
        ({"leased_soc_min": 70.0, "leased_soc_max": 60.0}, "leased_soc_max"),
    ],
)
def test_a_wish_out_of_range_is_refused_by_name(story: Story, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(bms.ConfigError) as refused:
        wish(story, **changes)
    assert refused.value.field == field
    assert story.state.wishes == Wishes()


def test_a_pack_of_another_chemistry_than_was_said_is_not_charged_by_its_levels() -> None:
    """NMC is set, the pack cuts off as LFP does (faults.md 59)."""
    story = Story(make_config(chemistry="nmc"))
    story.tell(100, hardware=HardwareRing(cell_overvoltage=3.65, cell_undervoltage=2.5))
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (0, "settings_out_of_order")
    assert story.decision.dcl.value == 0
    assert story.decision.cvl.value == pytest.approx(16 * 3.60)


def test_a_cut_off_of_zeros_is_none_and_no_charge_voltage_is_below_zero() -> None:
    """A pack whose settings read as zeros left a limit of -0.8 V (found by fuzzing)."""
    story = Story()
    story.tell(100, hardware=HardwareRing(cell_overvoltage=0.0))
    assert story.decision.cvl.value == pytest.approx(16 * 3.35)


def ahead(story: Story, seconds: float, high: float, current: float = 20.0) -> float:
    """Let one cell stand so high under a current; return the charge voltage limit."""
    cells = with_cell(2, high, 3.40)
    return story.tell(seconds, cells=cells, current=current).cvl.value


def test_a_cell_that_stays_ahead_lowers_the_voltage_further_while_it_is_charged(story: Story) -> None:
    ahead(story, 1, 3.44)
    first = ahead(story, 1, 3.46)
    later = ahead(story, 60, 3.46)
    assert first - later == pytest.approx(60 * 0.2 * 0.01, abs=0.01)
    assert story.decision.cvl.reason.rule == "cell_voltage"
    assert ahead(story, 3600, 3.46) == pytest.approx(16 * 3.35), "never below a resting full pack"


def test_a_full_pack_at_rest_does_not_wind_the_voltage_down(story: Story) -> None:
    ahead(story, 1, 3.44)
    before = ahead(story, 2, 3.46, 0.0)
    assert ahead(story, 600, 3.46, 0.0) == before


def test_an_unknown_current_is_taken_for_one_that_charges(story: Story) -> None:
    ahead(story, 1, 3.44)
    before = ahead(story, 2, 3.46)
    assert story.tell(4, cells=with_cell(2, 3.46, 3.40), current=None).cvl.value < before


def test_what_was_taken_off_is_given_back_slowly_and_only_while_all_is_known(story: Story) -> None:
    ahead(story, 1, 3.44)
    ahead(story, 60, 3.46)
    lowered = story.state.limits.lowered
    assert lowered > 0.1
    story.tell(4, cells=with_cell(3, None, 3.40), voltage=54.4)
    assert story.state.limits.lowered == lowered
    story.tell(1, cells=(None,) * 16, voltage=54.4)
    assert story.state.limits.lowered == lowered
    story.tell(60, cell=3.43)
    assert lowered - story.state.limits.lowered == pytest.approx(60 * 0.001, abs=0.003)
    story.tell(600, cell=3.43)
    assert story.state.limits.lowered == 0
    assert story.decision.cvl.value == pytest.approx(16 * 3.45)


@pytest.mark.parametrize("charge", [2.0, 4.0])
def test_the_highest_cell_settles_at_its_limit_behind_an_inverter_that_is_late(charge: float) -> None:
    """A cell some percent ahead of the others, no balancer, and as much current as the pack may have."""
    battery = Battery(units={"only": unit(seed=3, soc=94.0, shared=False)})
    pack = battery.units["only"].pack
    pack.apply(Switches(balance=False))
    pack.cells[6].soc += charge
    battery.demand = 140.0
    highest = []
    for _ in battery.live(2400):
        pack.apply(Switches(balance=False))
        highest.append(pack.cells[6].voltage)
    assert max(highest) < 3.51, "far from the 3.55 V at which charging stops"
    assert highest[-1] < 3.485
    assert battery.units["only"].decision.cvl.value > 16 * 3.35
