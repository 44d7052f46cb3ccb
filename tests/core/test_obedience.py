"""What is measured of an inverter that is told limits, and what is resorted to if it does not care."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.bank import Bank
from custom_components.home_bms.core.codec import codec
from custom_components.home_bms.core.escalation import (
    ESCALATION_RULES,
    HOLD,
    HOLD_GROWTH,
    HOLD_MOST,
    LADDER,
    Step,
)
from custom_components.home_bms.core.obedience import (
    ASSUMED,
    ENOUGH,
    GAP_MOST,
    LATE_AFTER,
    REACTION_LEAST,
    REACTION_MOST,
    REMEMBERED,
    Obedience,
    Response,
    Seen,
    acknowledge,
    allowed,
    narrowed,
    observe,
    restored,
    setpoint,
)

RATED = 100.0


def run(rows, state=None, start=1000.0, every=1.0, **more):
    """Return the states after each row of (CCL, current), one `every` so many s; the DCL is the rated one."""
    state, states = state or Obedience(), []
    for number, (ccl, current) in enumerate(rows):
        seen = Seen(time=start + every * number, ccl=ccl, dcl=RATED, current=current, voltage=53.0, **more)
        state = observe(state, seen)
        states.append(state)
    return states


def told(rows, **more):
    """Return the charge sides after each row."""
    return [state.charge for state in run(rows, **more)]


def change(dead, ramp=0, before=80.0, to=0.0):
    """Return the rows of an inverter that follows `dead` s late and then takes `ramp` s, each told at once."""
    down = [before - (before - to) * (step + 1) / (ramp + 1) for step in range(ramp + 1)]
    return [(RATED, before)] * 3 + [(to, before)] * (dead + 1) + [(to, current) for current in down] + [(to, to)] * 3


# What is measured


@pytest.mark.parametrize(("dead", "ramp"), [(0, 0), (2, 0), (4, 0), (1, 5), (3, 3)])
def test_the_dead_time_and_the_way_to_the_limit_are_measured_to_the_second(dead, ramp):
    side = told(change(dead, ramp))[-1]
    assert side.dead_time == dead + 1
    # The last of the way is within what counts as obedience only if the step before it was.
    assert side.settlings == (dead + 1 + ramp,)
    assert side.response is Response.OBEYED
    assert side.share == 1.0


def test_what_has_come_about_of_what_was_asked_is_told_on_the_way():
    rows = [(RATED, 80.0), (0.0, 80.0), (0.0, 80.0), (0.0, 60.0), (0.0, 20.0), (0.0, 0.0)]
    sides = told(rows)
    assert [side.share for side in sides] == [None, None, 0.0, 0.25, 0.75, 1.0]
    assert [side.response for side in sides[:2]] == [Response.OBEYED, Response.FOLLOWING]


def test_a_limit_that_falls_second_by_second_is_measured_as_it_is_followed():
    lag = 3
    limits = [RATED] * 5 + [RATED - 5.0 * step for step in range(1, 21)] + [0.0] * 6
    rows = [(limit, limits[max(0, number - lag)]) for number, limit in enumerate(limits)]
    states = run(rows)
    assert states[-1].charge.settlings
    assert max(states[-1].charge.settlings) <= lag + 1
    assert max(state.step for state in states) is Step.CCL_DCL
    assert {state.charge.response for state in states} <= {Response.OBEYED, Response.FOLLOWING}


def test_a_rising_limit_asks_nothing_and_measures_nothing():
    side = told([(10.0, 10.0)] * 3 + [(RATED, 10.0)] * 3 + [(RATED, 90.0)] * 3)[-1]
    assert (side.dead_times, side.settlings, side.response) == ((), (), Response.OBEYED)
    assert told([(10.0, 10.0)] + [(RATED, 10.0)] * 100)[-1].fallen == ()


def test_the_sun_that_rises_over_a_limit_of_old_is_no_dead_time_and_counts_from_then_on():
    rows = [(RATED, 0.0)] + [(0.0, 0.0)] * 200 + [(0.0, 50.0)] * 4 + [(0.0, 0.0)]
    states = run(rows)
    assert states[-2].charge.against == 3.0
    assert states[-2].charge.share is None
    assert (states[-1].charge.dead_times, states[-1].step) == ((), Step.CCL_DCL)


def test_what_is_within_an_inverters_own_error_is_obedience():
    # A Multi keeps 0.4 to 0.6 A at a charge limit of zero.
    assert told([(RATED, 50.0), (0.0, 0.6)])[-1].response is Response.OBEYED
    assert told([(20.0, allowed(20.0))])[-1].response is Response.OBEYED
    assert told([(20.0, allowed(20.0) + 0.1)])[-1].response is Response.FOLLOWING


def test_what_it_is_told_first_of_all_counts_as_a_change_too():
    side = told([(0.0, 80.0)] * 3 + [(0.0, 0.0)])[-1]
    assert side.settlings == (3.0,)


def test_one_that_moves_and_does_not_arrive_is_late_and_one_that_does_not_move_ignores():
    late = told([(RATED, 80.0)] + [(0.0, 80.0)] * 3 + [(0.0, 50.0)] * 10)[-1]
    assert (late.response, late.share) == (Response.LATE, 0.375)
    ignores = told([(RATED, 80.0)] + [(0.0, 80.0)] * 10)[-1]
    assert (ignores.response, ignores.share) == (Response.IGNORED, 0.0)


def test_a_limit_that_rises_on_the_way_asks_for_less_and_breaks_nothing():
    rows = [(RATED, 100.0), (50.0, 100.0), (99.0, 130.0), (100.0, 130.0), (150.0, 130.0)]
    sides = told(rows)
    assert [side.share for side in sides] == [None, None, 0.0, 0.0, 1.0]
    assert sides[-1].beyond is None


def test_both_directions_are_seen_apart():
    state = Obedience()
    for second in range(8):
        dcl = RATED if second < 2 else 0.0
        state = observe(state, Seen(time=second, ccl=RATED, dcl=dcl, current=-60.0))
    assert (state.charge.response, state.discharge.response) == (Response.OBEYED, Response.IGNORED)
    assert (state.discharge.current, state.charge.current) == (60.0, 0.0)


def test_nothing_is_said_of_one_that_was_told_nothing():
    state = observe(Obedience(), Seen(time=1.0, ccl=None, dcl=None, current=70.0))
    assert state.charge.response is Response.UNKNOWN
    assert state.charge.limit is None
    assert observe(state, Seen(time=2.0, ccl=None, dcl=None, current=None)).charge.response is Response.UNKNOWN


def test_what_was_told_stands_until_something_else_is_told():
    sides = told([(10.0, 5.0), (None, 60.0), (None, 60.0)])
    assert [side.limit for side in sides] == [10.0] * 3
    assert sides[-1].against == 1.0


# What must be reckoned with


def test_until_changes_were_seen_the_worst_that_is_usual_is_reckoned_with():
    state = Obedience()
    assert state.reaction == ASSUMED
    for times in range(1, ENOUGH + 1):
        state = run(change(2), state=state, start=1000.0 * times)[-1]
        assert state.charge.reaction == (ASSUMED if times < ENOUGH else 3.0)
    assert state.reaction == ASSUMED  # of discharging nothing is known yet


def test_one_that_was_seen_to_be_slower_than_usual_is_reckoned_with_before_it_was_seen_often():
    state = run(change(14))[-1]
    assert (state.charge.settlings, state.charge.reaction) == ((15.0,), 15.0)


def test_a_single_outlier_does_not_move_the_median_and_old_changes_are_forgotten():
    state = Obedience()
    for number, dead in enumerate((2, 2, 30, 2, 2, 2, 2, 2, 2, 2)):
        state = run(change(dead), state=state, start=1000.0 * (number + 1))[-1]
    assert state.charge.reaction == 3.0
    assert state.charge.settlings == (3.0,) * REMEMBERED


def test_one_that_is_at_it_longer_than_ever_is_reckoned_with_as_it_is_now():
    state = Obedience()
    for number in range(ENOUGH):
        state = run(change(0), state=state, start=1000.0 * (number + 1))[-1]
    assert state.charge.reaction == REACTION_LEAST
    state = run([(RATED, 80.0)] * 2 + [(0.0, 80.0)] * 31, state=state, start=9000.0)[-1]
    assert state.charge.reaction == 30.0
    state = run([(0.0, 80.0)] * 100, state=state, start=9033.0)[-1]
    assert state.charge.reaction == REACTION_MOST


# What is not known


def test_a_current_that_is_no_longer_heard_is_taken_to_be_beyond_its_limit_still():
    states = run([(RATED, 80.0), (0.0, 80.0)] + [(0.0, None)] * 20 + [(0.0, 0.0)])
    assert states[-2].charge.against == 20.0
    assert states[-2].step is Step.CONTACTOR
    # Not all of it was seen, so it measures nothing.
    assert states[-1].charge.settlings == ()


def test_a_current_that_obeyed_and_is_no_longer_heard_is_unknown():
    states = run([(RATED, 80.0)] + [(0.0, None)] * 20)
    assert states[-1].charge.response is Response.UNKNOWN
    assert states[-1].step is Step.CCL_DCL


def test_an_unseen_hour_is_not_an_hour_of_disobedience():
    state = run([(RATED, 80.0), (0.0, 80.0)])[-1]
    state = run([(0.0, 80.0)], state=state, start=5000.0)[-1]
    assert state.charge.against == GAP_MOST
    assert state.step is Step.CVL
    # Nor is one of obedience.
    state = run([(0.0, 0.0)], state=state, start=9000.0)[-1]
    assert state.charge.escalation.calm == GAP_MOST
    assert state.step is Step.CVL


def test_a_clock_that_goes_back_counts_nothing():
    state = run([(RATED, 80.0), (0.0, 80.0), (0.0, 80.0)])[-1]
    before = state.charge.against
    state = run([(0.0, 80.0)], state=state, start=500.0)[-1]
    assert (state.charge.against, state.time) == (0.0, 500.0)
    assert before == 1.0


# What is resorted to


def test_each_step_is_taken_in_its_turn_and_tells_what_was_ignored():
    states = run([(RATED, 80.0)] + [(0.0, 80.0)] * 20)
    taken = {}
    for number, state in enumerate(states):
        taken.setdefault(state.step, (number - 1, state.charge.escalation.reason))
    assert {step: seconds for step, (seconds, _) in taken.items() if step} == {
        Step.CVL: 5,
        Step.SETPOINT: 8,
        Step.SWITCH: 10,
        Step.CONTACTOR: 15,
    }
    assert [reason.rule for step, (_, reason) in taken.items() if step] == list(ESCALATION_RULES)
    reason = taken[Step.SETPOINT][1]
    assert (reason.value, reason.threshold, reason.since) == (80.0, 0.0, 1009.0)


def test_a_circuit_is_opened_only_where_nothing_may_flow():
    states = run([(RATED, 80.0)] + [(20.0, 80.0)] * 60)
    assert states[-1].step is Step.SETPOINT
    # Then it has its time to obey the zero.
    states = run([(0.0, 80.0)] * 20, state=states[-1], start=1061.0)
    assert [state.step for state in states].index(Step.SWITCH) == 5
    assert [state.step for state in states].index(Step.CONTACTOR) == 10
    # A limit that rises in between begins anew.
    states = run(([(0.0, 80.0)] * 4 + [(20.0, 80.0)]) * 5, state=run([(20.0, 80.0)] * 60)[-1], start=2000.0)
    assert states[-1].step is Step.SETPOINT


def test_what_does_not_exist_is_passed_over_and_not_sooner():
    states = run([(RATED, 80.0)] + [(0.0, 80.0)] * 20, levers=frozenset({Step.SETPOINT, Step.CONTACTOR}))
    steps = [state.step for state in states]
    assert (steps.index(Step.SETPOINT), steps.index(Step.CONTACTOR)) == (9, 16)
    assert Step.CVL not in steps
    assert states[-1].charge.escalation.reason.rule == "setpoint_ignored"
    assert run([(RATED, 80.0)] + [(0.0, 80.0)] * 40, levers=frozenset())[-1].step is Step.CCL_DCL


def test_a_charge_voltage_cannot_stop_a_discharge():
    state = Obedience()
    steps = []
    for second in range(20):
        seen = Seen(time=second, ccl=RATED, dcl=0.0 if second else RATED, current=-60.0, voltage=52.0)
        state = observe(state, seen)
        steps.append(state.discharge.escalation.step)
    assert Step.CVL not in steps
    assert steps[-1] is Step.CONTACTOR
    assert state.discharge.escalation.ceiling is None
    assert (setpoint(state, -500.0), setpoint(state, None), setpoint(state, 300.0)) == (0.0, 0.0, 300.0)


def test_obedience_is_trusted_again_after_a_while_that_grows_with_what_was_ignored():
    state = run([(RATED, 80.0)] + [(0.0, 80.0)] * 7)[-1]
    assert state.step is Step.CVL
    ignored = state.charge.escalation.disobeyed
    assert ignored == 2.0
    states = run([(0.0, 0.0)] * 200, state=state, start=1008.0)
    assert [state.step for state in states].index(Step.CCL_DCL) == HOLD + HOLD_GROWTH * ignored - 1
    assert states[-1].charge.escalation.reason is None
    assert narrowed(bank(), states[-1]) == bank()
    assert states[-1].charge.escalation.disobeyed == ignored
    # After long obedience it is forgiven.
    assert run([(0.0, 0.0)] * 4000, state=states[-1], start=1208.0)[-1].charge.escalation.disobeyed == 0.0


def test_the_hold_has_an_end():
    state = run([(RATED, 80.0)] + [(20.0, 80.0)] * 2000)[-1]
    states = run([(0.0, 0.0)] * 4000, state=state, start=3001.0)
    assert [state.step for state in states].index(Step.CCL_DCL) == HOLD_MOST - 1


def test_a_contactor_stays_until_a_person_has_seen_it():
    state = run([(RATED, 80.0)] + [(0.0, 80.0)] * 20)[-1]
    state = run([(0.0, 0.0)] * 5000, state=state, start=2000.0)[-1]
    assert state.step is Step.CONTACTOR
    assert acknowledge(state).step is Step.CCL_DCL
    below = run([(RATED, 80.0)] + [(0.0, 80.0)] * 8)[-1]
    assert acknowledge(below) == below


def bank(**changes):
    return replace(
        Bank(time=0.0, cvl=55.2, dvl=46.4, ccl=0.0, dcl=100.0, charge_permitted=False, discharge_permitted=True),
        **changes,
    )


def test_the_charge_voltage_is_lowered_until_the_current_goes_and_does_not_chase_the_battery_down():
    states = run([(RATED, 80.0)] + [(0.0, 80.0)] * 6)
    assert narrowed(bank(), states[4]) == bank()
    assert narrowed(bank(), states[-1]) == bank(cvl=0.995 * 53.0)
    assert narrowed(bank(dvl=53.0), states[-1]).cvl == 53.0
    assert narrowed(bank(cvl=50.0), states[-1]).cvl == 50.0

    def then(state, second, current, voltage):
        return observe(state, Seen(time=1000.0 + second, ccl=0.0, dcl=RATED, current=current, voltage=voltage))

    higher = then(states[-1], 7, 70.0, 54.0)
    assert narrowed(bank(), higher).cvl == 0.995 * 53.0
    lower = then(higher, 8, 40.0, 52.0)
    assert narrowed(bank(), lower).cvl == 0.995 * 52.0
    assert narrowed(bank(), then(lower, 9, 0.0, 50.0)).cvl == 0.995 * 52.0
    assert narrowed(bank(), then(lower, 9, None, None)).cvl == 0.995 * 52.0


def test_the_charge_voltage_waits_for_a_known_voltage():
    state = Obedience()
    for second in range(10):
        state = observe(state, Seen(time=second, ccl=0.0 if second else RATED, dcl=RATED, current=80.0))
    assert (state.step, narrowed(bank(), state)) == (Step.SETPOINT, bank())
    state = observe(state, Seen(time=10.0, ccl=0.0, dcl=RATED, current=80.0, voltage=53.0))
    assert narrowed(bank(), state).cvl == 0.995 * 53.0


def test_a_set_point_is_taken_away_only_in_the_direction_that_is_ignored():
    states = run([(RATED, 80.0)] + [(0.0, 80.0)] * 9)
    assert setpoint(states[2], 500.0) == 500.0
    assert setpoint(states[2], None) is None
    assert states[-1].step is Step.SETPOINT
    assert [setpoint(states[-1], wanted) for wanted in (500.0, -500.0, None)] == [0.0, -500.0, 0.0]


# What survives


def test_a_restart_forgets_times_and_keeps_what_was_measured_and_resorted_to():
    state = run(change(2))[-1]
    state = run([(RATED, 80.0)] + [(0.0, 80.0)] * 20, state=state, start=2000.0)[-1]
    kept = codec(Obedience)
    told_again = restored(kept.decode(json.loads(json.dumps(kept.encode(state)))))
    assert told_again.step is Step.CONTACTOR
    assert told_again.time is None
    assert told_again.charge.settlings == state.charge.settlings
    assert told_again.charge.escalation.reason == state.charge.escalation.reason
    assert told_again.charge.against is None
    later = run([(0.0, 0.0)] * 3, state=told_again, start=5.0)[-1]
    assert later.step is Step.CONTACTOR


def test_the_ladder_rises():
    assert [rung.step for rung in LADDER] == list(Step)
    assert [rung.after for rung in LADDER] == sorted(rung.after for rung in LADDER)
    assert LADDER[1].after >= LATE_AFTER


# Laws


seconds = st.sampled_from([0.5, 1.0, 2.0, 7.0])
amperes = st.floats(-150, 150)
rows = st.lists(st.tuples(seconds, st.sampled_from([0.0, 0.0, 0.0, 20.0, 60.0, 100.0]), amperes), max_size=120)


def taken(state, time, ccl, current):
    return observe(state, Seen(time=time, ccl=ccl, dcl=50.0, current=current, voltage=53.0))


@given(rows=rows, more=st.lists(st.floats(0, 100), min_size=120, max_size=120))
def test_more_charge_current_never_lowers_the_escalation(rows, more):
    time, less, worse = 0.0, Obedience(), Obedience()
    for (passed, ccl, current), extra in zip(rows, more, strict=False):
        time += passed
        less, worse = taken(less, time, ccl, current), taken(worse, time, ccl, current + extra)
        assert worse.charge.escalation.step >= less.charge.escalation.step


@given(rows=rows, extra=st.floats(0, 100))
def test_a_current_that_always_ignores_zero_is_never_let_off(rows, extra):
    time, state, step = 0.0, Obedience(), Step.CCL_DCL
    for passed, _, _ in rows:
        time += passed
        state = taken(state, time, 0.0, 3.0 + extra)
        assert state.charge.escalation.step >= step
        step = state.charge.escalation.step


@given(rows=rows, passed=seconds, limit=st.none() | st.sampled_from([0.0, 20.0, 100.0]))
def test_taking_information_away_never_takes_a_step_back(rows, passed, limit):
    time, state = 0.0, Obedience()
    for before, ccl, current in rows:
        time += before
        state = taken(state, time, ccl, current)
        unknown = observe(state, Seen(time=time + passed, ccl=limit, dcl=None, current=None))
        assert unknown.charge.escalation.step >= state.charge.escalation.step
        assert unknown.discharge.escalation.step >= state.discharge.escalation.step
        assert unknown.charge.response is not Response.OBEYED


@given(rows=rows)
def test_what_is_reckoned_with_is_bounded_and_what_is_remembered_too(rows):
    time, state = 0.0, Obedience()
    for passed, ccl, current in rows:
        time += passed
        state = taken(state, time, ccl, current)
        for side in (state.charge, state.discharge):
            assert REACTION_LEAST <= side.reaction <= REACTION_MOST
            assert side.share is None or 0.0 <= side.share <= 1.0
            assert side.against is None or 0.0 <= side.against <= side.beyond
            assert len(side.settlings) == len(side.dead_times) <= REMEMBERED
            higher = [limit for limit, _ in side.fallen]
            assert higher == sorted(set(higher), reverse=True)
            assert side.limit is None or all(limit > side.limit for limit in higher)
    assert codec(Obedience).decode(codec(Obedience).encode(state)) == state
