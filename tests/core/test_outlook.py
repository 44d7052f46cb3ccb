"""How long it lasts, and what it can do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from custom_components.home_bms.core.battery import Cell, Cells, Estimate
from custom_components.home_bms.core.model import Flow
from custom_components.home_bms.core.outlook import hours_to, power

from .conftest import Story, with_cell

HALF = Estimate(soc=50.0, capacity=280.0)


@pytest.mark.parametrize(
    ("load", "soc", "hours"),
    [
        (-28.0, 10.0, 4.0),
        (-28.0, 50.0, 0.0),
        (14.0, 100.0, 10.0),
        (-28.0, 100.0, None),
        (14.0, 10.0, None),
        (0.4, 100.0, None),
        (-0.4, 0.0, None),
    ],
)
def test_at_the_load_of_late_it_takes_so_long(load: float, soc: float, hours: float | None) -> None:
    assert hours_to(replace(HALF, load=load), soc) == (None if hours is None else pytest.approx(hours))


def test_without_a_charge_nothing_is_foretold() -> None:
    assert hours_to(Estimate(soc=None, capacity=280.0, load=-28.0), 0.0) is None


def test_a_story_of_a_quiet_evening(story: Story) -> None:
    story.tell(3600, current=-28.0)
    estimate = story.state.estimate
    assert estimate.soc is not None
    hours = hours_to(estimate, 20.0)
    assert hours == pytest.approx((estimate.soc - 20) / 100 * estimate.capacity / 28.0, rel=0.05)


def test_what_is_not_learned_promises_no_power(story: Story) -> None:
    assert story.snapshot is not None
    assert [one.rule for one in power(story.config, story.snapshot)] == ["value_missing"] * 6
    nothing = replace(story.snapshot, estimate=replace(story.snapshot.estimate, knowledge=None))
    assert [one.power for one in power(story.config, nothing)] == [None] * 6


def test_power_is_within_the_limits_that_stand_and_nothing_where_they_forbid(story: Story) -> None:
    known = story.state.estimate.knowledge
    assert known is not None
    now = Cells((Cell(0.0001, 0.0004),) * 16, Cell(0.0001, 0.0004))
    story.state = replace(story.state, estimate=replace(story.state.estimate, knowledge=replace(known, now=now)))
    story.tell(1, cell=3.30)
    assert story.snapshot is not None
    able = power(story.config, story.snapshot)
    assert [one.flow for one in able] == [Flow.CHARGE] * 3 + [Flow.DISCHARGE] * 3
    assert [one.current for one in able] == [100, 100, 100, 150, 150, 150]
    story.tell(6, cells=with_cell(3, 3.60), voltage=15 * 3.30 + 3.60)
    assert story.snapshot is not None
    assert not story.decision.charge_permitted
    assert [one.current for one in power(story.config, story.snapshot)[:3]] == [0, 0, 0]
