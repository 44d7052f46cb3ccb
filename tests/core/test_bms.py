"""One word for what the pack does."""

from typing import Any

import pytest

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.battery import Estimate

from .conftest import Story, make_reading


@pytest.mark.parametrize(
    ("changes", "mode"),
    [
        ({}, "idle"),
        ({"current": 10.0}, "charging"),
        ({"current": -10.0}, "discharging"),
        ({"temperatures": (50.0, 51.0)}, "protected"),
        ({"temperatures": (55.0, 56.0)}, "tripped"),
        ({"cells": (None,) * 16, "voltage": 52.8}, "starting"),
    ],
)
def test_the_gravest_that_is_true(changes: dict[str, Any], mode: str) -> None:
    story = Story()
    story.tell(1, **changes)
    assert story.decision.mode == mode


def test_an_empty_pack_at_rest_is_empty() -> None:
    story = Story()
    story.tell(14, cell=2.895, current=-30.0)
    story.tell(2, cell=3.15, current=0.0)
    assert story.decision.mode == "empty"


def test_a_lost_pack_is_lost(story: Story) -> None:
    story.silence(12)
    assert story.decision.mode == "lost"


def test_step_gives_the_decision_that_observe_shows(story: Story) -> None:
    reading = make_reading(story.time + 1, current=12.0)
    state, decision = bms.step(story.config, story.state, reading)
    assert (state, decision) == (bms.observe(story.config, story.state, reading)[0], story.show(reading))


def test_another_pack_is_known_from_nothing_but_its_trips_stay_latched(story: Story) -> None:
    story.tell(60, cell=3.7, current=20.0)
    assert story.decision.worst.name == "TRIP"
    assert story.state.estimate.energy_in > 0
    story.state = bms.forget(story.config, story.state)
    assert story.state.estimate == bms.start(story.config).estimate
    assert story.state.history == bms.start(story.config).history
    story.tell(5)
    assert story.decision.worst.name == "TRIP"


def test_the_limits_of_another_pack_begin_at_zero(story: Story) -> None:
    story.tell(300)
    assert story.decision.ccl.value > 0
    story.state = bms.forget(story.config, story.state)
    story.tell(1)
    assert (story.decision.ccl.value, story.decision.dcl.value) == (0, 0)


def test_no_alarm_is_level_ok(story: Story) -> None:
    assert story.decision.worst.name == "OK"


def test_a_pack_of_unknown_capacity_counts_no_cycles() -> None:
    assert Estimate().cycles is None
