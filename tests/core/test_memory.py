"""What survives a restart."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.model import (
    BalanceMode,
    BalanceState,
    Budget,
    Level,
    PackReading,
    Switches,
    Wishes,
)

from .conftest import Story, make_reading
from .test_laws import CONFIG, live, pasts, real_readings


def restart(story: Story, gap: float | None = 10.0, *, learned: bool = True, **changes: Any) -> Story:
    """Go through JSON, as the stores do, into a process with another monotonic clock."""
    saved = json.loads(json.dumps(bms.save(story.state))) | changes
    known = json.loads(json.dumps(bms.save_learned(story.config, story.state)))
    new = Story(story.config)
    new.time = 5.0
    new.state = bms.restore(story.config, saved, now=new.time, gap=gap)
    if learned:
        new.state = bms.load_learned(story.config, new.state, known, now=new.time, gap=gap)
    return new


def test_counters_and_charge_go_on_where_they_were(story: Story) -> None:
    story.tell(60, cell=3.445, current=5.0)
    story.tell(600, current=50.0, cell=3.31)
    before = story.state.estimate
    after = restart(story).state.estimate
    for name in ("soc", "charge_in", "energy_in", "charge_out", "capacity", "full"):
        assert getattr(after, name) == getattr(before, name)
    assert after.life == before.life


def test_without_what_was_learned_the_charge_goes_on_where_it_was(story: Story) -> None:
    """What was counted here is worth more than what the device says of itself."""
    story.tell(600, current=50.0, cell=3.31)
    before = story.state.estimate
    new = restart(story, learned=False)
    assert new.state.estimate.soc == before.soc
    assert new.state.estimate.charge_in == before.charge_in
    new.tell(2, soc=80.0)
    assert new.state.estimate.soc == pytest.approx(before.soc, abs=0.1)
    new.tell(600, soc=80.0)
    assert new.state.estimate.soc == pytest.approx(before.soc, abs=0.5)


def test_the_shown_charge_goes_on_after_a_restart_and_what_was_learned_too(story: Story) -> None:
    story.tell(1200, current=50.0, cell=3.31)
    before = story.state.estimate
    new = restart(story)
    new.tell(2, soc=20.0, cell=3.31)
    assert new.state.estimate.soc == pytest.approx(before.soc, abs=0.1)


@pytest.mark.parametrize("learned", [True, False])
def test_a_pack_that_is_shown_full_does_not_leap_back_at_a_restart(*, learned: bool) -> None:
    """What is shown follows a truth that is elsewhere by a point a minute, restarts or not."""
    story = Story()
    story.tell(100, cell=3.445, current=50.0, soc=94.0)
    story.tell(70, cell=3.445, current=5.0)
    before = story.state.estimate
    assert before.soc == pytest.approx(100, abs=0.2)
    assert before.truth == pytest.approx(95, abs=1)
    new = restart(story, learned=learned)
    new.tell(2, cell=3.445)
    assert new.state.estimate.soc == pytest.approx(before.soc, abs=0.1)
    assert new.state.estimate.truth == pytest.approx(before.truth, abs=0.1)
    new.tell(120, cell=3.445)
    assert new.state.estimate.soc == pytest.approx(before.soc - 2, abs=0.2)


def test_a_trip_stays_latched_with_its_evidence_and_age(story: Story) -> None:
    story.tell(1, temperatures=(35.0, 36.0))
    story.tell(1, temperatures=(49.0, 50.0))
    story.tell(1, temperatures=(55.0, 56.0))
    story.tell(20, temperatures=(44.0, 45.0))
    new = restart(story, gap=100.0)
    new.tell()
    assert new.level("charge_overtemperature") == "TRIP"
    reason = new.decision.alarms[0].reason
    assert (reason.sensor, reason.value, reason.threshold) == (1, 56.0, 55.0)
    assert reason.since == pytest.approx(5 - 100 - 20)
    assert new.decision.switches.charge is False
    assert new.decision.ccl.value == 0


def test_what_has_stopped_a_flow_still_needs_its_release_after_a_restart(story: Story) -> None:
    """A cell rebounds at rest: a restart let it be emptied anew below its release."""
    story.tell(3, cell=2.89)
    story.tell(60, cell=3.05)
    assert (story.level("cell_undervoltage"), story.decision.dcl.value) == ("PROTECT", 0)
    new = restart(story, gap=20.0)
    new.tell(120, cell=3.05)
    assert (new.level("cell_undervoltage"), new.decision.dcl.value) == ("PROTECT", 0)
    assert new.decision.ccl.value > 0
    reason = next(alarm.reason for alarm in new.decision.alarms if alarm.key == "cell_undervoltage")
    assert (reason.cell, reason.value, reason.threshold) == (0, 2.89, 2.9)
    assert reason.since == pytest.approx(5 - 20 - 61)
    new.tell(60, cell=3.11)
    assert new.level("cell_undervoltage") == "OK"
    assert new.decision.dcl.value > 0


def test_a_hold_begins_anew_with_a_restart(story: Story) -> None:
    story.tell(11, current=106.0)
    story.tell(50)
    new = restart(story)
    new.tell(60)
    assert new.level("charge_overcurrent") == "PROTECT"
    new.tell(1)
    assert new.level("charge_overcurrent") == "OK"


def test_an_inverter_that_ignored_its_limits_is_given_none_by_a_restart(story: Story) -> None:
    story.state = bms.deliver(bms.wish(story.config, story.state, Wishes(charge_current_cap=5.0)), delivered=True)
    story.tell(33, current=50.0)
    assert story.level("command_ignored") == "PROTECT"
    new = restart(story)
    new.tell(59)
    assert (new.level("command_ignored"), new.decision.ccl.value) == ("PROTECT", 0)
    new.tell(2)
    assert new.level("command_ignored") == "OK"


@pytest.mark.parametrize(
    "lost", [{"current": None}, {"temperatures_time": None, "cells_time": None, "current_time": None}]
)
def test_how_the_pack_was_heard_before_says_nothing_of_now(story: Story, lost: dict[str, Any]) -> None:
    story.tell(30, **lost)
    assert story.decision.alarms[0].key in ("data_missing", "communication_lost")
    new = restart(story)
    assert new.state.tracks == {}
    assert new.tell().alarms == ()


@given(pasts, real_readings())
def test_a_restart_makes_nothing_flow_again_that_was_stopped(
    past: list[dict[str, Any]], present: dict[str, Any]
) -> None:
    """Whatever comes next: what stopped before stops as it would have without the restart, by the same eyes."""
    state, time = live(CONFIG, past)
    saved = json.loads(json.dumps(bms.save(state, time)))
    # What is believed of a sample depends on those before it, which is not what this is about.
    restarted = replace(bms.restore(CONFIG, saved, now=time, gap=1.0), trust=state.trust)
    for second in (1, 2):
        reading = make_reading(time + second, **present)
        state, before = bms.step(CONFIG, state, reading)
        restarted, after = bms.step(CONFIG, restarted, reading)
    stopped = {alarm.key for alarm in before.alarms if alarm.level >= Level.PROTECT} & saved["stops"].keys()
    assert stopped <= {alarm.key for alarm in after.alarms if alarm.level >= Level.PROTECT}


def test_what_home_bms_opened_it_may_close_after_a_restart(story: Story) -> None:
    story.tell(1, temperatures=(35.0, 36.0))
    story.tell(1, temperatures=(49.0, 50.0))
    story.tell(1, temperatures=(55.0, 56.0))
    new = restart(story)
    assert new.state.contactors.charge.ours
    assert not new.state.contactors.discharge.ours


def test_a_welded_switch_is_still_welded_after_a_restart_until_it_is_proven_open(story: Story) -> None:
    """A restart made the reset of its trip need no proof, for whose weld it was had been forgotten."""
    opened = Switches(charge=False, discharge=True, balance=False)
    story.tell(10, current=20.0, switches=opened, commanded=opened)
    assert story.level("contactor_welded") == "TRIP"
    new = restart(story)
    new.show(PackReading(time=new.time))
    for reading in (PackReading(time=new.time), make_reading(new.time)):
        new.state, standing = bms.reset_trips(new.config, new.state, reading)
        assert standing == ("contactor_welded",)
    both = replace(opened, discharge=False)
    new.state, standing = bms.reset_trips(
        new.config, new.state, make_reading(new.time + 1, switches=both, commanded=both)
    )
    assert standing == ()


def test_a_switch_that_did_not_close_is_not_tried_anew_by_a_restart(story: Story) -> None:
    story.state = bms.wish(story.config, story.state, Wishes(charge=True))
    opened = Switches(charge=False, discharge=True, balance=False)
    story.tell(60, switches=opened, commanded=replace(opened, charge=True))
    assert story.level("contactor_not_closing") == "WARN"
    new = restart(story)
    for _ in range(60):
        assert new.tell(switches=opened, commanded=opened).switches.charge is not True
    assert new.level("contactor_not_closing") == "WARN"
    rests = new.state.contactors.charge.rests_until
    assert rests == pytest.approx(5.0 + new.config.contactors.rest)
    new.state, _ = bms.reset_trips(new.config, new.state, make_reading(new.time, switches=opened, commanded=opened))
    assert new.tell(switches=opened, commanded=opened).switches.charge is not True
    new.tell(600, switches=opened, commanded=opened)
    assert new.decision.switches.charge is True


def test_a_failure_that_is_not_known_here_is_no_failure_that_may_be_forgotten(story: Story) -> None:
    with pytest.raises(ValueError, match="is not known here"):
        restart(story, failures={"charge": "contactor_melted", "discharge": None})


def test_limits_begin_at_zero_again(story: Story) -> None:
    new = restart(story)
    new.tell()
    assert new.decision.ccl.value == 0


def test_a_lease_goes_on_with_what_is_left_of_it(story: Story) -> None:
    lease = Wishes(charge=False, charge_current_cap=50.0, leased_charge_current=5.0, lease_until=story.time + 60)
    story.state = bms.wish(story.config, story.state, lease)
    new = restart(story, gap=20.0)
    assert new.state.wishes == replace(lease, lease_until=pytest.approx(5 + 60 - 20))
    late = restart(story, gap=600.0)
    late.tell()
    assert late.state.wishes == Wishes(charge=False, charge_current_cap=50.0)


def test_a_clock_that_is_not_believed_ends_the_lease_and_forgets_the_last_full(story: Story) -> None:
    story.tell(70, cell=3.445, current=5.0)
    lease = Wishes(leased_charge_current=5.0, lease_until=story.time + 60)
    story.state = bms.wish(story.config, story.state, lease)
    assert restart(story, gap=10.0).state.estimate.since_full == pytest.approx(10, abs=2)
    new = restart(story, gap=None)
    assert new.state.estimate.since_full is None
    new.tell()
    assert new.state.wishes == Wishes()


@pytest.mark.parametrize(
    "estimate",
    [
        {},
        {"soc": "many"},
        {"soc": 400, "truth": 1e300},
        {"soc": True, "truth": -101},
        {"soc": float("nan"), "charge_in": None, "truth": float("inf")},
    ],
)
def test_numbers_that_are_none_are_dropped_and_a_trip_is_not(story: Story, estimate: dict[str, Any]) -> None:
    spoilt = {"age": "long", "value": None}
    new = restart(story, estimate=estimate, trips={"cell_overvoltage": spoilt}, stops={"pack_undervoltage": spoilt})
    assert (new.state.estimate.soc, new.state.estimate.truth) == (None, None)
    assert new.state.estimate.charge_in == 0
    levels = {key: track.level for key, track in new.state.tracks.items()}
    assert levels == {"cell_overvoltage": Level.TRIP, "pack_undervoltage": Level.PROTECT}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"trips": {"of_another_version": {"age": 1}}}, id="a trip of what is not known here"),
        pytest.param({"stops": {"of_another_version": {"age": 1}}}, id="a stop of what is not known here"),
        pytest.param({"stops": {"deep_discharge": {"age": 1}}}, id="a stop by what only trips"),
        pytest.param({"stops": {"communication_lost": {"age": 1}}}, id="a stop of the run before"),
        pytest.param({"wishes": {"charge_current_cap": "much"}}, id="a cap that is no number"),
        pytest.param({"wishes": {"charge": "never"}}, id="a switch that is neither on nor off"),
        pytest.param({"wishes": {"leased_charge_current": -5}}, id="a limit below zero"),
        pytest.param({"wishes": {"charge_voltage_cap": "nan"}}, id="a limit that is no number"),
    ],
)
def test_what_forbids_and_is_not_understood_is_refused_and_never_dropped(story: Story, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"of_another_version|charge|communication_lost"):
        restart(story, **changes)


def test_balancing_on_demand_goes_on_with_what_is_left_of_its_time(story: Story) -> None:
    asked = Wishes(
        balance_mode=BalanceMode.REST,
        balance_now=True,
        balance_now_mode=BalanceMode.TOP,
        balance_until=story.time + 60,
    )
    story.state = bms.wish(story.config, story.state, asked)
    assert restart(story, gap=20.0).state.wishes == replace(asked, balance_until=pytest.approx(5 + 60 - 20))
    for gap in (600.0, None):
        late = restart(story, gap=gap)
        late.tell()
        assert late.state.wishes == Wishes(balance_mode=BalanceMode.REST)


@pytest.mark.parametrize("mode", ["sideways", 7, None])
def test_a_mode_that_is_none_is_forgotten(story: Story, mode: object) -> None:
    wishes = {"balance": False, "balance_mode": mode, "balance_now_mode": mode}
    assert restart(story, wishes=wishes).state.wishes == Wishes(balance=False)


def spent(story: Story) -> BalanceState:
    """Return what balancing was like before."""
    each = {
        name: tuple(float(cell) for cell in range(16)) for name in ("charge", "seconds", "energy", "today", "daily")
    }
    budget = Budget(**each, days=(0.5,) * 16, day=story.time - 3600)
    return BalanceState(completed=story.time - 50, gave_up=story.time - 70, budget=budget)


def test_what_balancing_has_cost_is_known_after_a_restart(story: Story) -> None:
    story.state = replace(story.state, balance=spent(story))
    new = restart(story, gap=20.0).state.balance
    assert new == replace(
        spent(story),
        completed=pytest.approx(5 - 20 - 50),
        gave_up=pytest.approx(5 - 20 - 70),
        budget=replace(spent(story).budget, day=pytest.approx(5 - 20 - 3600)),
    )
    assert restart(story, gap=None).state.balance.completed == pytest.approx(5 - 50)


@pytest.mark.parametrize("charge", [None, [1.0] * 15, [1.0] * 15 + ["much"], 7.0, [float("nan")] * 16])
def test_a_budget_of_another_pack_is_forgotten_whole(story: Story, charge: object) -> None:
    story.state = replace(story.state, balance=spent(story))
    saved = bms.save(story.state)
    saved["balance"]["charge"] = charge
    new = bms.restore(story.config, saved, now=5.0, gap=0.0).balance
    assert new.budget == Budget()
    assert new.completed == pytest.approx(5 - 50)


def test_an_empty_file_is_a_new_pack(story: Story) -> None:
    assert bms.restore(story.config, {}, now=0.0, gap=None).tracks == {}
