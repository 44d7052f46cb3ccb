"""When the balancer runs."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.home_bms.core import bms

from .conftest import Story, with_cell

TOP = {"cells": with_cell(2, 3.46, 3.44), "voltage": 55.06}


@pytest.mark.parametrize(
    ("changes", "runs"),
    [
        (TOP, True),
        ({"cells": with_cell(2, 3.449, 3.44)}, False),
        ({"cells": with_cell(2, 3.38, 3.30)}, False),
        ({"cells": with_cell(2, 3.46, 3.05)}, False),
        (TOP | {"temperatures": (50.0, 51.0)}, False),
        (TOP | {"temperatures": (22.0, None)}, False),
        (TOP | {"cells": with_cell(2, None, 3.44)}, False),
    ],
)
def test_it_runs_at_the_top_with_a_difference_and_all_known(changes: dict[str, Any], runs: bool) -> None:
    story = Story()
    story.tell(**changes)
    assert story.decision.switches.balance is runs


def test_it_stops_at_a_smaller_difference_than_it_starts() -> None:
    story = Story()
    story.tell(**TOP)
    began = story.time
    story.tell(5, cells=with_cell(2, 3.447, 3.44))
    assert story.state.balance.active
    assert story.state.balance.since == began
    story.tell(cells=with_cell(2, 3.444, 3.44))
    assert not story.state.balance.active


def test_the_users_switch_stops_it() -> None:
    story = Story()
    story.state = bms.wish(story.config, story.state, replace(story.state.wishes, balance=False))
    story.tell(**TOP)
    assert story.decision.switches.balance is False


def test_on_demand_it_runs_anywhere_until_done() -> None:
    story = Story()
    story.state = bms.wish(story.config, story.state, replace(story.state.wishes, balance_now=True))
    story.tell(cells=with_cell(2, 3.33, 3.30))
    assert story.decision.switches.balance is True
    assert story.state.wishes.balance_now
    story.tell(cells=with_cell(2, 3.304, 3.30))
    assert story.decision.switches.balance is False
    assert not story.state.wishes.balance_now


def test_on_demand_waits_for_what_it_cannot_see() -> None:
    story = Story()
    story.state = bms.wish(story.config, story.state, replace(story.state.wishes, balance_now=True))
    story.tell(cells=(None,) * 16, voltage=52.8)
    assert story.decision.switches.balance is False
    assert story.state.wishes.balance_now
