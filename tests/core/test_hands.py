"""A hand's warmth names its sensor, and the cells tell whether the current has the right sign."""

import pytest

from custom_components.home_bms.core.commissioning import Outcome
from custom_components.home_bms.core.hands import direction, enough, not_warmed, warmed
from custom_components.home_bms.core.model import PackReading

from .conftest import make_reading

BEFORE = (20.0, 20.0, 21.0, 20.5)


def test_the_sensor_under_the_hand_is_recognised() -> None:
    progress, finding = warmed(BEFORE, (20.0, 20.1, 22.7, 20.5), 3)
    assert progress == 1
    assert finding is not None
    assert (finding.outcome, dict(finding.numbers)) == (Outcome.PASSED, {"rise": 1.7, "sensor": 3.0})


def test_another_sensor_that_warms_is_named() -> None:
    progress, finding = warmed(BEFORE, (21.8, 20.1, 21.0, 20.5), 3)
    assert progress < 0.1
    assert finding is not None
    assert (finding.outcome, finding.reason, finding.numbers["sensor"]) == (Outcome.FAILED, "other_sensor", 1.0)


def test_a_room_that_warms_up_is_no_hand() -> None:
    _, finding = warmed(BEFORE, tuple(value + 5.0 for value in BEFORE), 3)
    assert finding is None


def test_two_sensors_side_by_side_are_not_told_apart_by_a_tenth_of_a_degree() -> None:
    progress, finding = warmed(BEFORE, (20.0, 21.7, 22.8, 20.5), 3)
    assert finding is None
    assert progress == 1


def test_a_single_sensor_needs_no_neighbour() -> None:
    _, finding = warmed((20.0,), (21.6,), 1)
    assert finding is not None
    assert finding.outcome is Outcome.PASSED


def test_half_the_way_is_half_the_progress() -> None:
    assert warmed((20.0, 20.0), (20.75, 20.0), 1)[0] == pytest.approx(0.5)


@pytest.mark.parametrize("now", [(20.0,), (None, None, None, None)])
def test_sensors_that_tell_nothing_warm_nothing(now: tuple[float | None, ...]) -> None:
    assert warmed(BEFORE, now, 1) == (0.0, None)


def test_a_sensor_that_is_silent_is_not_the_warm_one() -> None:
    progress, finding = warmed(BEFORE, (None, 20.0, 21.0, 20.5), 1)
    assert (progress, finding) == (0.0, None)


def test_what_did_not_warm_says_how_far_it_came() -> None:
    finding = not_warmed(BEFORE, (20.4, None, 21.0, 20.5))
    assert (finding.outcome, finding.reason, finding.numbers["rise"]) == (Outcome.FAILED, "none_warmed", 0.4)
    assert not_warmed((), ()).numbers["rise"] == 0


def looks(current: float | None, cell: float | None) -> tuple[PackReading, ...]:
    return tuple(make_reading(float(time), current=current, cell=cell) for time in range(3))


@pytest.mark.parametrize(
    ("charge", "current", "cell", "outcome", "reason"),
    [
        (True, 20.0, 3.305, Outcome.PASSED, None),
        (False, -20.0, 3.295, Outcome.PASSED, None),
        (True, -20.0, 3.305, Outcome.FAILED, "sign_reversed"),
        (False, 20.0, 3.295, Outcome.FAILED, "sign_reversed"),
        (True, 20.0, 3.295, Outcome.FAILED, "cells_against"),
        (True, -20.0, 3.295, Outcome.FAILED, "other_direction"),
        (False, 20.0, 3.305, Outcome.FAILED, "other_direction"),
        (True, 20.0, 3.3001, Outcome.PARTLY, "cells_did_not_move"),
        (True, 1.0, 3.305, Outcome.FAILED, "nothing_flowed"),
    ],
)
def test_the_cells_tell_which_way_the_current_goes(
    charge: bool, current: float, cell: float, outcome: Outcome, reason: str | None
) -> None:
    finding = direction(looks(0.0, 3.3), looks(current, cell), charge=charge, rated=100.0)
    assert (finding.outcome, finding.reason) == (outcome, reason)
    assert finding.numbers["change"] == current


def test_it_is_the_change_that_counts_so_that_a_house_need_not_rest() -> None:
    finding = direction(looks(-10.0, 3.29), looks(-5.0, 3.292), charge=True, rated=100.0)
    assert finding.outcome is Outcome.PASSED


def test_what_is_not_known_is_no_current() -> None:
    assert direction(looks(None, None), looks(None, None), charge=True, rated=100.0).reason == "nothing_flowed"


@pytest.mark.parametrize(
    ("before", "after", "outcome", "reason"),
    [
        # A house that charges anyway: without the current before, nothing is known of a change.
        (looks(None, 3.300), looks(50.0, 3.305), Outcome.FAILED, "nothing_flowed"),
        (looks(-50.0, 3.300), looks(None, 3.305), Outcome.FAILED, "nothing_flowed"),
        # Cells that come into sight have not risen.
        (looks(0.0, None), looks(20.0, 3.300), Outcome.PARTLY, "cells_did_not_move"),
    ],
)
def test_what_was_not_known_before_or_after_proves_no_direction(
    before: tuple[PackReading, ...], after: tuple[PackReading, ...], outcome: Outcome, reason: str
) -> None:
    finding = direction(before, after, charge=True, rated=100.0)
    assert (finding.outcome, finding.reason) == (outcome, reason)


def test_a_large_battery_needs_more_current() -> None:
    assert (enough(100.0), enough(400.0)) == (3.0, 8.0)
