"""When the pack's own switches open and close."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core import bms, contactors
from custom_components.home_bms.core.model import ContactorConfig, ContactorState, Switches

from .conftest import CLOSED, Story, make_config, make_reading

OPEN_CHARGE = Switches(charge=False, discharge=True, balance=False)
HOT: dict[str, Any] = {"temperatures": (55.0, 56.0)}


def wish(story: Story, **changes: Any) -> None:
    story.state = bms.wish(story.config, story.state, replace(story.state.wishes, **changes))


def test_a_healthy_pack_is_left_as_it_was_found(story: Story) -> None:
    assert (story.decision.switches.charge, story.decision.switches.discharge) == (None, None)
    story.tell(1, switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.decision.switches.charge is None
    assert story.snapshot is not None
    assert story.snapshot.contactors.charge.state is ContactorState.OPEN


def test_a_trip_opens_the_direction_that_it_stops() -> None:
    story = Story()
    story.tell(1, **HOT)
    assert (story.decision.switches.charge, story.decision.switches.discharge) == (False, None)
    assert story.state.contactors.charge.state is ContactorState.OPENING


def test_after_a_reset_home_bms_closes_what_it_opened_once_all_is_known_and_permitted() -> None:
    story = Story()
    story.tell(1, **HOT)
    story.tell(1, switches=OPEN_CHARGE, commanded=OPEN_CHARGE, temperatures=(42.0, 43.0))
    story.tell(60, switches=OPEN_CHARGE, commanded=OPEN_CHARGE, temperatures=(29.0, 30.0))
    assert story.decision.switches.charge is False
    story.state, standing = bms.reset_trips(story.config, story.state, make_reading(story.time + 1))
    assert standing == ()
    story.tell(1, switches=OPEN_CHARGE, commanded=OPEN_CHARGE, cells=(3.3,) * 15 + (None,), voltage=52.8)
    assert story.decision.switches.charge is False
    story.tell(1, switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.decision.switches.charge is True
    assert story.state.contactors.charge.state is ContactorState.CLOSING
    story.tell(2)
    assert story.decision.switches.charge is None
    assert story.state.contactors.charge.state is ContactorState.CLOSED


@pytest.mark.parametrize("same", [True, False])
def test_what_was_opened_of_one_device_is_not_closed_of_the_next_in_its_place(same: bool) -> None:
    story = Story()
    cold: dict[str, Any] = {"temperatures": (-1.0, 10.0), "current": 30.0}
    story.tell(1, temperatures=(10.0, 15.0), current=30.0)
    story.tell(15, **cold)
    assert story.decision.switches.charge is False
    assert story.state.contactors.charge.ours
    wish(story, discharge=True)
    story.state = bms.change_device(story.state) if same else bms.forget(story.config, story.state)
    both = Switches(charge=False, discharge=False, balance=False)
    story.tell(300, switches=both, commanded=both)
    assert (story.decision.switches.charge, story.decision.switches.discharge) == (None, None)


def test_current_that_ignores_a_limit_of_zero_opens_the_switch(story: Story) -> None:
    """Protect takes the limit to zero; an inverter that charges on is stopped at the pack."""
    cold: dict[str, Any] = {"temperatures": (-1.0, 10.0), "current": 30.0}
    story.tell(1, temperatures=(10.0, 15.0), current=30.0)
    story.tell(10, **cold)
    assert story.decision.switches.charge is None
    story.tell(1, **cold)
    assert (story.decision.switches.charge, story.decision.switches.discharge) == (False, None)
    story.tell(30, temperatures=(1.0, 10.0), switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.decision.switches.charge is False
    story.tell(1, temperatures=(4.0, 10.0), switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.decision.switches.charge is True


def test_current_that_obeys_keeps_the_switch_closed(story: Story) -> None:
    story.tell(1, temperatures=(10.0, 15.0))
    story.tell(60, temperatures=(-1.0, 10.0), current=-30.0)
    assert story.decision.switches.charge is None


@pytest.mark.parametrize(("current", "opens"), [(40.0, False), (4.0, None)])
def test_a_pack_running_blind_is_opened_and_an_idle_one_is_not(
    story: Story, current: float, opens: bool | None
) -> None:
    """30 s without data while current flowed (thresholds.md 2.12), from when they were last known."""
    story.tell(1, current=current)
    story.silence(29)
    assert (story.decision.switches.charge, story.decision.switches.discharge) == (None, None)
    story.silence(1)
    assert (story.decision.switches.charge, story.decision.switches.discharge) == (opens, opens)


@pytest.mark.parametrize("first", [0, 3, 8])
def test_the_pack_runs_blind_from_the_first_that_is_not_known(story: Story, first: int) -> None:
    """Cells that are lost before the current count: what is lost after them begins no new 30 s."""
    story.tell(1, current=40.0)
    for _ in range(first):
        story.silence(1, current_time=story.time + 1)
    story.silence(29 - first)
    assert story.decision.switches.charge is None
    story.silence(1)
    assert story.decision.switches.charge is False


def test_a_current_that_begins_long_after_the_cells_were_lost_has_its_time(story: Story) -> None:
    """Minutes without cells cost the limits, not the switches of a pack that rests; what flows then is waited for."""
    blind: dict[str, Any] = {"cells": (), "voltage": 16 * 3.3}
    story.tell(600, **blind)
    story.tell(1, current=7.0, **blind)
    story.silence(9)
    assert story.decision.switches.charge is None
    story.silence(1)
    assert story.decision.switches.charge is False


def test_time_that_nobody_saw_opens_no_switch_before_the_pack_could_be_heard_again(story: Story) -> None:
    """A host that slept for an hour finds old data, and waits for new ones before it takes the house's power."""
    story.tell(1, current=40.0)
    story.time += 3600
    story.silence(10)
    assert story.decision.switches.charge is None
    assert story.tell(1).switches.charge is None


def test_a_pack_of_which_all_is_not_known_yet_has_as_long_from_the_start() -> None:
    """A bus on which the voltage comes late is no reason to take the house's power at each start."""
    story = Story()
    story.tell(30, current=40.0, voltage=None)
    assert story.decision.switches.charge is None
    story.tell(1, current=40.0, voltage=None)
    assert story.decision.switches.charge is False


@given(st.integers(2, 30), st.integers(1, 30), st.integers(1, 240), st.floats(5.1, 100) | st.floats(-150, -5.1))
def test_whatever_the_ages_a_blind_pack_is_opened_when_the_setting_says(
    derate: int, stop: int, after: int, current: float
) -> None:
    ages = {"age_derate": derate, "age_stop": max(5, derate + stop), "open_after": max(10, derate + stop + after)}
    story = Story(make_config(overrides={key: float(value) for key, value in ages.items()}))
    story.tell(ages["open_after"] + 10)
    story.tell(1, current=current)
    story.silence(ages["open_after"] - 1)
    assert (story.decision.switches.charge, story.decision.switches.discharge) == (None, None)
    story.silence(1)
    assert (story.decision.switches.charge, story.decision.switches.discharge) == (False, False)


def test_a_blind_pack_recovers_by_itself(story: Story) -> None:
    story.tell(1, current=40.0)
    story.silence(60)
    both = Switches(charge=False, discharge=False, balance=False)
    story.tell(2, switches=both, commanded=both)
    assert story.decision.switches.charge is False
    story.tell(10, switches=both, commanded=both)
    assert (story.decision.switches.charge, story.decision.switches.discharge) == (True, True)


def test_the_user_opens_at_once_and_it_stays_open(story: Story) -> None:
    wish(story, discharge=False)
    story.tell()
    assert (story.decision.switches.charge, story.decision.switches.discharge) == (None, False)
    opened = Switches(charge=True, discharge=False, balance=False)
    story.tell(600, switches=opened, commanded=opened)
    assert story.decision.switches.discharge is False


def test_the_users_close_is_done_once_and_then_forgotten(story: Story) -> None:
    wish(story, charge=True)
    story.tell(1, switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.decision.switches.charge is True
    story.tell(1)
    assert story.state.wishes.charge is None
    story.tell(1, switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.decision.switches.charge is None


def test_a_trip_outranks_the_users_close(story: Story) -> None:
    story.tell(1, temperatures=(35.0, 36.0))
    story.tell(1, temperatures=(49.0, 50.0))
    story.tell(1, **HOT)
    wish(story, charge=True)
    story.tell(1, switches=OPEN_CHARGE, commanded=OPEN_CHARGE, **HOT)
    assert story.decision.switches.charge is False


def test_a_switch_that_does_not_follow_has_failed() -> None:
    story = Story()
    story.tell(5, **HOT)
    assert story.state.contactors.charge.state is ContactorState.OPENING
    story.tell(2, **HOT)
    assert story.state.contactors.charge.state is ContactorState.FAILED
    story.tell(2, **HOT)
    assert story.state.contactors.charge.state is ContactorState.FAILED
    story.tell(1, switches=OPEN_CHARGE, commanded=OPEN_CHARGE, **HOT)
    assert story.state.contactors.charge.state is ContactorState.OPEN


def test_a_device_that_tells_no_position_has_none(story: Story) -> None:
    story.tell(1, switches=Switches(), commanded=Switches())
    assert story.state.contactors.charge.state is ContactorState.UNKNOWN


def test_a_write_not_yet_read_back_is_asked_for_again(story: Story) -> None:
    """The MOSFET still conducts through the old setting: the wish stands until the setting agrees."""
    wish(story, charge=True)
    story.tell(1, switches=CLOSED, commanded=OPEN_CHARGE)
    assert story.decision.switches.charge is True


@pytest.mark.parametrize(("current", "failure"), [(20.0, "contactor_welded"), (0.0, "contactor_not_opening")])
def test_a_switch_that_was_told_to_open_and_does_not_has_failed_until_somebody_says_so(
    story: Story, current: float, failure: str
) -> None:
    """With current it conducts on; without, only its position tells."""
    story.tell(2, current=current, **HOT)
    story.tell(6, current=current, commanded=OPEN_CHARGE, **HOT)
    assert story.state.contactors.charge.failure == failure
    assert story.state.contactors.discharge.failure is None
    assert story.decision.switches.charge is False
    story.tell(1, switches=OPEN_CHARGE, commanded=OPEN_CHARGE, temperatures=(42.0, 43.0))
    story.tell(60, switches=OPEN_CHARGE, commanded=OPEN_CHARGE, temperatures=(29.0, 30.0))
    assert story.decision.switches.charge is False
    reading = make_reading(story.time + 1, switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    story.state, standing = bms.reset_trips(story.config, story.state, reading)
    assert standing == ()
    assert story.state.contactors.charge.failure is None
    story.tell(2, switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.decision.switches.charge is True


def test_a_command_that_never_reached_the_device_is_no_failure_of_its_switch() -> None:
    """So it is while control is not allowed: nothing is written, and nothing has broken."""
    story = Story()
    story.tell(60, **HOT)
    assert story.state.contactors.charge.state is ContactorState.FAILED
    assert story.state.contactors.charge.failure is None
    story.tell(3, commanded=OPEN_CHARGE, **HOT)
    assert story.state.contactors.charge.state is ContactorState.OPENING
    assert story.state.contactors.charge.failure is None


def test_a_switch_that_home_bms_can_only_see_fails_in_nothing_and_its_trip_can_be_reset() -> None:
    """A pack on CAN tells where its switches are, and nothing of a command: it was taken for one that does not open."""
    story = Story(contactors.only_read(make_config()))
    unheard: dict[str, Any] = {"commanded": Switches()}
    story.tell(60, **HOT, **unheard)
    assert story.level("contactor_not_opening") == "OK"
    story.tell(60, temperatures=(29.0, 30.0), **unheard)
    reading = make_reading(story.time + 1, **unheard)
    story.state, standing = bms.reset_trips(story.config, story.state, reading)
    assert standing == ()
    story.tell(200, **unheard)
    assert story.decision.charge_permitted
    assert story.decision.ccl.value > 0


def test_a_switch_that_does_not_close_is_tried_three_times(story: Story) -> None:
    wish(story, charge=True)
    commanded, told = OPEN_CHARGE, []
    for _ in range(60):
        story.tell(1, switches=OPEN_CHARGE, commanded=commanded)
        assert story.decision.switches.charge is not None
        commanded = replace(commanded, charge=story.decision.switches.charge)
        told.append(story.decision.switches.charge)
    assert sum(now and not before for before, now in zip([False, *told], told, strict=False)) == 3
    assert story.state.contactors.charge.failure == "contactor_not_closing"
    assert told[-1] is False


def test_the_packs_own_protection_may_keep_a_switch_open_without_it_having_failed(story: Story) -> None:
    wish(story, charge=True)
    closing = Switches(charge=True, discharge=True, balance=False)
    story.tell(60, switches=OPEN_CHARGE, commanded=closing, alarms=frozenset({"gps_lost"}))
    assert story.state.contactors.charge.failure is None
    assert story.decision.switches.charge is True


def test_current_through_a_switch_that_reports_open_is_a_weld(story: Story) -> None:
    """Nobody asked for anything: current with the switch open is danger enough."""
    story.tell(2, current=20.0, switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.state.contactors.charge.failure is None
    story.tell(2, current=20.0, switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.state.contactors.charge.failure == "contactor_welded"
    wish(story, charge=True)
    story.tell(60, switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.decision.switches.charge is False


def test_discharging_past_an_open_charge_switch_is_no_weld(story: Story) -> None:
    story.tell(60, current=-20.0, switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.state.contactors.charge.failure is None


def test_one_sample_of_current_through_an_open_switch_is_none(story: Story) -> None:
    for current in (20.0, 0.0) * 5:
        story.tell(1, current=current, switches=OPEN_CHARGE, commanded=OPEN_CHARGE)
    assert story.state.contactors.charge.failure is None


def test_mosfets_that_are_told_to_may_wait_for_the_current_too() -> None:
    patient = replace(make_config(), contactors=ContactorConfig(break_within=2.0))
    story = Story(patient)
    story.tell(100)
    story.tell(1, current=20.0, alarms=frozenset({"charge_short_circuit"}))
    assert story.decision.switches.charge is None
    story.tell(2, current=20.0, alarms=frozenset({"charge_short_circuit"}))
    assert story.decision.switches.charge is False
