"""A contactor with precharge, seen from its coil to its contacts, and what breaks on the way."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.contactors import CONTACTOR
from custom_components.home_bms.core.model import ContactorState, Join, Reason

from .plant import Plant, RelayStory

# Trips at the first look, unlike a temperature, which has to come twice.
TRIP: dict[str, Any] = {"alarms": frozenset({"discharge_short_circuit"})}


def closed_story(**changes: Any) -> RelayStory:
    story = RelayStory(**changes)
    story.until(ContactorState.CLOSED)
    story.live(60)
    assert story.plant.main
    return story


def test_closing_goes_through_a_proven_precharge_and_leaves_no_coil_on_that_is_not_needed() -> None:
    story = RelayStory(poll=0.1)
    states = [story.live(0.1)]
    while story.contactor is not ContactorState.CLOSED and len(states) < 100:
        states.append(story.live(0.1))
        if states[-1] is ContactorState.CLOSING and states[-2] is ContactorState.PRECHARGE:
            assert story.plant.link >= 0.95 * 52.8
            assert abs(story.plant.current) < 0.2
    assert list(dict.fromkeys(states)) == [ContactorState.PRECHARGE, ContactorState.CLOSING, ContactorState.CLOSED]
    story.live(0.2)
    assert [coils[1:] for coils in story.plant.coils] == [(False, False), (False, True), (True, True), (True, False)]
    assert story.state.wishes.charge is None


def test_a_contactor_found_open_stays_open_and_one_found_closed_stays_closed() -> None:
    story = RelayStory(wish=False)
    assert story.live(30) is ContactorState.OPEN
    assert (story.relays.main, story.relays.pulse_until) == (False, None)
    found = RelayStory(wish=False)
    found.plant.main = found.plant.relays.main
    found.plant.apply(replace(found.plant.relays, main=True, pulse_until=found.time + 10))
    assert found.live(30) is ContactorState.CLOSED
    assert found.plant.main


def test_nothing_is_told_to_the_outputs_before_the_contactor_has_been_seen() -> None:
    story = RelayStory(plant=Plant(blind=True))
    story.live(5)
    assert story.decision.relays is None
    assert story.decision.switches.charge is None


@pytest.mark.parametrize(
    "fault",
    [{"load": 3.0}, {"precharge_resistance": 5000.0}, {"load": 200.0, "precharge_resistance": 9.0}],
    ids=["short", "open_resistor", "load_on"],
)
def test_a_precharge_that_is_not_proven_is_tried_three_times_and_then_rests(fault: dict[str, float]) -> None:
    story = RelayStory(plant=Plant(**fault))
    assert story.until(ContactorState.FAILED, within=60) <= 40
    assert story.failure == "precharge_failed"
    assert story.level("precharge_failed") == "OK"
    story.live(1)
    assert story.level("precharge_failed") == "TRIP"
    precharges = [at for at, _, precharge in story.plant.coils if precharge]
    assert len(precharges) == 3
    assert all(later - earlier >= CONTACTOR.open_least for earlier, later in pairwise(precharges))
    assert not any(main for _, main, _ in story.plant.coils)
    for at in precharges:
        off = next(when for when, _, precharge in story.plant.coils if when > at and not precharge)
        assert off - at <= 2 + story.poll + 0.02


def test_a_failed_precharge_is_tried_again_only_when_acknowledged_and_cooled_down() -> None:
    story = RelayStory(plant=Plant(load=3.0))
    story.until(ContactorState.FAILED, within=60)
    story.live(2)
    story.plant.load = 5000.0
    story.live(700)
    assert story.contactor is ContactorState.FAILED
    story.state, standing = bms.reset_trips(story.config, story.state, story.plant.reading())
    assert standing == ()
    story.until(ContactorState.CLOSED)
    again = RelayStory(plant=Plant(load=3.0))
    again.until(ContactorState.FAILED, within=60)
    failed = again.time
    again.live(2)
    again.plant.load = 5000.0
    again.state, _ = bms.reset_trips(again.config, again.state, again.plant.reading())
    again.until(ContactorState.PRECHARGE, within=700)
    assert again.time - failed >= CONTACTOR.rest


def test_a_link_without_a_capacitor_is_noticed_and_closed_only_by_option() -> None:
    bare: dict[str, Any] = {"poll": 0.05, "precharge_soonest": 0.3}
    story = RelayStory(plant=Plant(capacitance=0.0001), tries=1, **bare)
    story.until(ContactorState.FAILED)
    assert story.failure == "precharge_failed"
    assert story.state.contactors.charge.too_fast
    allowed = RelayStory(plant=Plant(capacitance=0.0001), fast_allowed=True, **bare)
    allowed.until(ContactorState.CLOSED)
    assert allowed.state.contactors.charge.too_fast
    proper = RelayStory(**bare)
    proper.until(ContactorState.CLOSED)
    assert not proper.state.contactors.charge.too_fast


def test_a_link_that_is_still_charged_is_not_too_fast() -> None:
    story = RelayStory(poll=0.05, precharge_soonest=0.3, plant=Plant(link=51.0))
    story.until(ContactorState.CLOSED)
    assert not story.state.contactors.charge.too_fast


def test_a_contactor_that_does_not_close_is_let_go_and_tried_three_times() -> None:
    story = RelayStory(plant=Plant(stuck_open=True))
    story.until(ContactorState.FAILED, within=60)
    assert story.failure == "contactor_not_closing"
    story.live(1)
    mains = [index for index, (_, main, _) in enumerate(story.plant.coils) if main]
    assert len(mains) == 3
    for index in mains:
        assert story.plant.coils[index + 1][0] - story.plant.coils[index][0] <= 3.05
    story.live(20)
    assert not story.relays.main
    assert story.level("contactor_not_closing") == "WARN"
    story.plant.stuck_open = False
    story.state, _ = bms.reset_trips(story.config, story.state, story.plant.reading())
    story.until(ContactorState.CLOSED, within=700)


def test_an_auxiliary_contact_that_lies_is_found_out_by_the_voltage_behind_it() -> None:
    """It says closed as soon as the coil has power, while the contacts have not met and the capacitor empties."""
    story = RelayStory(poll=0.25, plant=Plant(stuck_open=True))
    story.until(ContactorState.CLOSING)
    story.plant.aux_stuck = True
    story.plant.load = 20.0
    assert {story.live(0.25) for _ in range(7)} == {ContactorState.CLOSING}
    assert story.live(0.25) is ContactorState.OPEN
    assert not story.relays.main


def test_a_trip_at_rest_opens_at_the_same_look() -> None:
    story = closed_story()
    story.live(1, **TRIP)
    assert not story.relays.main
    assert story.decision.switches.charge is False
    assert story.live(1, **TRIP) is ContactorState.OPEN
    assert not story.plant.main


def test_a_trip_under_load_waits_for_the_current_but_never_long() -> None:
    story = closed_story()
    story.plant.demand = 40.0
    story.live(2)
    story.live(1, **TRIP)
    assert story.relays.main
    assert story.decision.switches.charge is None
    story.plant.demand = 0.0
    story.live(1, **TRIP)
    assert not story.relays.main
    stubborn = closed_story()
    stubborn.plant.demand = 40.0
    stubborn.live(2)
    stubborn.live(1, **TRIP)
    assert stubborn.when(lambda: not stubborn.relays.main, **TRIP) <= 2
    assert stubborn.live(1, **TRIP) is ContactorState.OPEN


def test_a_trip_withholds_the_pulse_at_once() -> None:
    story = closed_story()
    story.plant.demand = 40.0
    story.live(2)
    before = story.relays.pulse_until
    story.live(1, **TRIP)
    assert story.relays.pulse_until == before


def test_silence_of_home_bms_opens_the_contactor() -> None:
    story = closed_story()
    story.plant.run(story.time + CONTACTOR.pulse + 0.1)
    assert not story.plant.main


def test_a_pack_that_is_not_heard_any_more_gets_no_pulse_and_recovers_by_itself() -> None:
    story = closed_story()
    story.mute(29)
    assert story.relays.main
    assert story.relays.pulse_until is not None
    # A current that is not known has to be waited for as one that is too high.
    story.mute(4)
    assert (story.relays.main, story.relays.pulse_until) == (False, None)
    story.plant.run(story.time + 1)
    story.until(ContactorState.CLOSED, within=60)


def test_a_position_that_gets_lost_keeps_a_closed_contactor_for_a_while() -> None:
    story = closed_story()
    story.plant.blind = True
    assert story.live(25) is ContactorState.UNKNOWN
    assert story.plant.main
    story.live(10)
    assert not story.relays.main
    assert not story.plant.main


def test_a_position_that_gets_lost_on_the_way_ends_the_closing() -> None:
    story = RelayStory()
    story.until(ContactorState.CLOSING)
    story.plant.blind = True
    assert story.live(1) is ContactorState.UNKNOWN
    assert (story.relays.main, story.relays.precharge) == (False, False)


@pytest.mark.parametrize("during", [ContactorState.PRECHARGE, ContactorState.CLOSING])
def test_a_trip_on_the_way_ends_the_closing(during: ContactorState) -> None:
    story = RelayStory()
    story.until(during)
    story.live(1, **TRIP)
    assert (story.relays.main, story.relays.precharge) == (False, False)


def test_values_that_go_missing_on_the_way_end_the_closing() -> None:
    story = RelayStory()
    story.until(ContactorState.PRECHARGE)
    story.live(1, cells=(3.3,) * 15 + (None,), voltage=52.8)
    assert (story.relays.main, story.relays.precharge) == (False, False)


def test_a_weld_is_found_by_its_current_within_five_seconds_and_never_closed_onto() -> None:
    story = closed_story()
    story.plant.demand = 40.0
    story.live(2)
    story.plant.welded = True
    story.live(1, **TRIP)
    assert story.when(lambda: story.failure is not None, **TRIP) <= 5 + CONTACTOR.break_within
    assert story.failure == "contactor_welded"
    story.live(2)
    assert story.level("contactor_welded") == "TRIP"
    story.plant.demand = 0.0
    story.live(5)
    _, standing = bms.reset_trips(story.config, story.state, story.plant.reading())
    assert "contactor_welded" in standing
    story.wish(charge=True)
    story.live(60)
    assert not story.relays.main


def test_a_weld_without_current_is_found_by_the_voltage_that_stays_behind_it() -> None:
    """The auxiliary contact says open, the link says otherwise."""
    story = closed_story()
    story.plant.welded = True
    story.plant.aux_stuck = False
    story.live(1, **TRIP)
    assert story.when(lambda: story.failure is not None, **TRIP) <= 6
    assert story.failure == "contactor_welded"


def test_a_capacitor_that_empties_slowly_is_no_weld() -> None:
    story = closed_story()
    story.plant.load = 1e4
    story.plant.capacitance = 0.002
    story.live(1, **TRIP)
    story.live(60, **TRIP)
    assert story.failure is None


def test_a_weld_is_forgotten_only_on_proof() -> None:
    story = closed_story()
    story.plant.welded = True
    story.live(10, **TRIP)
    assert story.failure is not None
    story.plant.welded = False
    story.live(60)
    story.state, standing = bms.reset_trips(story.config, story.state, story.plant.reading())
    assert standing == ()
    story.until(ContactorState.CLOSED, within=60)


def test_a_weld_that_is_acknowledged_is_no_way_around_the_precharge() -> None:
    story = RelayStory(wish=False)
    story.live(3)
    story.live(10, link_voltage=52.8)
    assert story.failure == "contactor_welded"
    story.live(1)
    story.wish(charge=True)
    story.state, standing = bms.reset_trips(story.config, story.state, story.plant.reading())
    assert standing == ()
    assert story.live(1) is ContactorState.PRECHARGE


def test_a_contactor_that_does_not_open_is_told_on_until_it_does() -> None:
    story = closed_story(link_decay=None)
    story.plant.welded = True
    story.live(1, **TRIP)
    assert story.when(lambda: story.failure is not None, **TRIP) <= 6
    assert story.failure == "contactor_not_opening"
    story.live(1, **TRIP)
    assert story.level("contactor_not_opening") == "TRIP"
    story.plant.welded = False
    assert story.live(2, **TRIP) is ContactorState.OPEN
    assert story.failure is None
    assert story.level("contactor_not_opening") == "TRIP"


def test_a_contactor_that_closes_untold_is_told_to_open() -> None:
    story = RelayStory(wish=False)
    story.live(5)
    story.plant.welded = True
    assert story.live(1) is ContactorState.OPENING
    story.wish(charge=True)
    story.live(10)
    assert story.failure == "contactor_welded"
    assert not any(main for _, main, _ in story.plant.coils)


def test_one_that_is_found_closed_although_its_coil_has_no_power_is_given_none() -> None:
    story = RelayStory(wish=False, plant=Plant(welded=True))
    assert story.live(1) is ContactorState.OPENING
    story.live(10)
    assert story.failure in ("contactor_welded", "contactor_not_opening")
    assert not any(main for _, main, _ in story.plant.coils)


def test_one_that_shows_closed_while_it_only_precharges_is_welded() -> None:
    story = RelayStory()
    story.until(ContactorState.PRECHARGE)
    story.plant.welded = True
    story.live(2)
    assert story.failure in ("contactor_welded", None)
    story.live(5)
    assert story.failure == "contactor_welded"
    assert not story.relays.main


def test_one_that_falls_open_by_itself_rests_before_it_is_closed_again() -> None:
    story = closed_story()
    story.plant.stuck_open = True
    story.live(1)
    fell = story.time
    story.plant.stuck_open = False
    story.wish(charge=True)
    story.until(ContactorState.PRECHARGE)
    assert story.time - fell >= CONTACTOR.open_least


def test_the_user_opens_both_directions_of_one_contactor() -> None:
    story = closed_story()
    story.wish(discharge=False)
    story.live(2)
    assert not story.plant.main
    story.wish(discharge=None, charge=True)
    opened = story.time
    story.until(ContactorState.CLOSED)
    assert story.time - opened >= CONTACTOR.open_least - story.poll


def test_a_pack_on_a_shared_bus_waits_for_permission_and_stops_when_it_ends() -> None:
    story = RelayStory(asks=True)
    story.live(20)
    assert story.contactor is ContactorState.OPEN
    matched = Reason(rule="bus_matched")
    story.state = bms.join(story.state, Join(allowed=True, reason=matched, until=story.time + 1.5))
    assert story.live(1) is ContactorState.PRECHARGE
    assert story.live(1) is ContactorState.OPEN
    story.state = bms.join(story.state, Join(allowed=False, reason=matched, until=story.time + 100))
    assert story.live(20) is ContactorState.OPEN
    story.state = bms.join(story.state, Join(allowed=True, reason=matched, until=story.time + 100))
    story.until(ContactorState.CLOSED)
    story.state = bms.join(story.state, None)
    assert story.live(20) is ContactorState.CLOSED


def test_without_precharge_the_same_machine_closes_at_once() -> None:
    story = RelayStory(precharge=False, link_decay=None, plant=Plant(load=1e9))
    assert story.live(1) is ContactorState.CLOSING
    assert story.live(1) is ContactorState.CLOSED
    assert story.relays.precharge is False


def test_a_link_voltage_that_is_no_number_proves_no_precharge() -> None:
    story = RelayStory()
    story.live(10, link_voltage=float("nan"))
    assert story.contactor is not ContactorState.CLOSED
    assert not story.plant.main
