"""The limits that a pack's own BMS asks for are heeded, never trusted to permit, and never forgotten in silence."""

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.asked import ASKED_FOR
from custom_components.home_bms.core.codec import codec
from custom_components.home_bms.core.model import (
    AskedLimits,
    ContactorState,
    Decision,
    PackReading,
    Quality,
    Switches,
)

from .conftest import CLOSED, Story, make_config, make_reading


def tell(story: Story, seconds: float = 1.0, **changes: Any) -> Decision:
    """Let the pack ask for something, each second anew."""
    asked = changes.pop("asked")
    for _ in range(round(seconds)):
        story.tell(1, **({"asked": asked, "asked_time": story.time + 1} | changes))
    return story.decision


def test_a_pack_that_asks_for_nothing_is_as_it_was(story: Story) -> None:
    assert (story.snapshot.believed.asked, story.snapshot.believed.doubts) == (None, {})
    assert {story.decision.ccl.reason.rule, story.decision.cvl.reason.rule} == {"rated"}


@pytest.mark.parametrize(
    ("asked", "limits", "rules"),
    [
        (AskedLimits(ccl=20.0), (55.2, 20, 150), ("rated", "asked_by_pack", "rated")),
        (AskedLimits(dcl=30.0), (55.2, 100, 30), ("rated", "rated", "asked_by_pack")),
        (AskedLimits(cvl=54.0), (54.0, 100, 150), ("asked_by_pack", "rated", "rated")),
        # Below float as well: it is the pack's own voltage.
        (AskedLimits(cvl=50.0), (50.0, 100, 150), ("asked_by_pack", "rated", "rated")),
        (AskedLimits(cvl=60.0, ccl=500.0, dcl=500.0), (55.2, 100, 150), ("rated", "rated", "rated")),
        (AskedLimits(cvl=55.2, ccl=100.0, dcl=150.0), (55.2, 100, 150), ("rated", "rated", "rated")),
        (AskedLimits(ccl=0.0), (53.6, 0, 150), ("charging_stopped", "asked_by_pack", "rated")),
        (AskedLimits(charge_allowed=False), (53.6, 0, 150), ("charging_stopped", "refused_by_pack", "rated")),
        (AskedLimits(ccl=80.0, charge_allowed=False), (53.6, 0, 150), ("charging_stopped", "refused_by_pack", "rated")),
        (AskedLimits(discharge_allowed=False), (55.2, 100, 0), ("rated", "rated", "refused_by_pack")),
        (AskedLimits(charge_allowed=True, discharge_allowed=True), (55.2, 100, 150), ("rated", "rated", "rated")),
    ],
)
def test_what_a_pack_asks_for_only_lowers_at_once_and_says_so(
    story: Story, asked: AskedLimits, limits: tuple[float, ...], rules: tuple[str, ...]
) -> None:
    decision = tell(story, asked=asked)
    bounds = (decision.cvl, decision.ccl, decision.dcl)
    assert tuple(bound.value for bound in bounds) == pytest.approx(limits)
    assert tuple(bound.reason.rule for bound in bounds) == rules
    for bound in bounds:
        if bound.reason.rule == "asked_by_pack":
            assert (bound.reason.threshold, bound.reason.since) == (bound.value, story.time)
    assert (decision.charge_permitted, decision.discharge_permitted) == (limits[1] > 0, limits[2] > 0)


def test_a_graver_reason_of_our_own_speaks_first(story: Story) -> None:
    decision = tell(story, 20, asked=AskedLimits(ccl=0.0), cell=3.56)
    assert (decision.ccl.value, decision.ccl.reason.rule) == (0, "cell_overvoltage")


def test_it_rises_again_slowly(story: Story) -> None:
    tell(story, asked=AskedLimits(ccl=20.0))
    tell(story, 25, asked=AskedLimits(ccl=80.0))
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (20, "recovering")
    tell(story, 60, asked=AskedLimits(ccl=80.0))
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (80, "asked_by_pack")


@pytest.mark.parametrize(
    "asked",
    [
        AskedLimits(cvl=-1.0),
        # Below what the cells may be emptied to: a charger would empty the pack.
        AskedLimits(cvl=30.0),
        AskedLimits(cvl=0.0),
        AskedLimits(cvl=6553.5),
        AskedLimits(cvl=nan),
        AskedLimits(ccl=-0.1),
        AskedLimits(ccl=inf),
        AskedLimits(ccl=nan),
        AskedLimits(dcl=-3276.8),
        AskedLimits(dcl=10_001.0),
    ],
)
def test_what_cannot_be_asked_for_is_doubted_and_bears_on_nothing(story: Story, asked: AskedLimits) -> None:
    decision = tell(story, asked=asked)
    name = next(name for name in ("cvl", "ccl", "dcl") if getattr(asked, name) is not None)
    believed = story.snapshot.believed
    assert believed.doubts == {f"asked_{name}": "implausible"}
    assert believed.quality is Quality.DOUBTFUL
    assert believed.broken_for == 0
    assert (decision.cvl.value, decision.ccl.value, decision.dcl.value) == (pytest.approx(55.2), 100, 150)


@pytest.mark.parametrize(
    ("later", "doubt"),
    [
        ({"asked": None, "asked_time": None}, "missing"),
        ({"asked": AskedLimits(dcl=100.0)}, "missing"),
        ({"asked": AskedLimits(ccl=nan)}, "implausible"),
        ({"asked": AskedLimits(ccl=90.0), "asked_time": 1000.0}, "old"),
        ({"asked": AskedLimits(ccl=90.0), "asked_time": None}, "old"),
        ({"asked": AskedLimits(ccl=90.0), "asked_time": 1e9}, "old"),
    ],
)
def test_what_was_asked_for_stands_until_something_else_is_believed(
    story: Story, later: dict[str, Any], doubt: str
) -> None:
    tell(story, asked=AskedLimits(ccl=20.0))
    tell(story, 300, **later)
    assert story.decision.ccl.value == 20
    assert story.decision.ccl.reason.rule == "asked_by_pack"
    assert story.snapshot.believed.doubts["asked_ccl"] == doubt
    tell(story, 100, asked=AskedLimits(ccl=90.0))
    assert story.decision.ccl.value == 90
    assert "asked_ccl" not in story.snapshot.believed.doubts


def test_a_limit_does_not_rise_while_the_pack_is_silent_about_it(story: Story) -> None:
    tell(story, asked=AskedLimits(ccl=80.0))
    tell(story, 2, asked=None, asked_time=None, temperatures=(5.0, 6.0))
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (50, "temperature")
    tell(story, 100, asked=None, asked_time=None)
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (50, "value_missing")
    assert story.decision.dcl.value == 150
    tell(story, 100, asked=AskedLimits(ccl=80.0))
    assert story.decision.ccl.value == 80


def test_a_limit_counts_for_a_minute() -> None:
    story = Story()
    story.tell(ASKED_FOR, asked=AskedLimits(ccl=20.0), asked_time=1000.0)
    assert story.snapshot.believed.asked_unsure == frozenset()
    story.tell(1, asked=AskedLimits(ccl=20.0), asked_time=1000.0)
    assert story.snapshot.believed.asked_unsure == {"ccl"}


def test_a_switch_that_home_bms_has_opened_is_closed_again_though_the_pack_asks_for_nothing_meanwhile() -> None:
    """A BMS whose charge switch is open commonly asks for 0 A: taken as a permission refused, it would stay open."""
    story = Story()
    story.tell(100)
    tripped = {"temperatures": (52.0, 53.0), "current": 20.0}
    told = 0
    while story.decision.switches.charge is not False:
        story.tell(1, **tripped)
        told += 1
        assert told < 100
    opened = Switches(charge=False, discharge=True, balance=False)
    tell(story, 5, asked=AskedLimits(ccl=0.0), switches=opened, commanded=opened)
    assert story.state.contactors.charge.state is ContactorState.OPEN
    tell(story, 5, asked=AskedLimits(ccl=0.0), switches=opened, commanded=opened)
    assert story.decision.switches.charge is True
    assert not story.decision.charge_permitted
    tell(story, 100, asked=AskedLimits(ccl=100.0), switches=CLOSED, commanded=CLOSED)
    assert story.decision.ccl.value == 100
    assert story.decision.charge_permitted


def test_an_old_recording_without_such_limits_is_still_read() -> None:
    ways = codec(PackReading)
    plain = ways.encode(make_reading(5.0))
    assert not {"asked", "asked_time"} & plain.keys()
    assert ways.decode(plain) == make_reading(5.0)
    asking = make_reading(5.0, asked=AskedLimits(ccl=20.0, charge_allowed=False), asked_time=4.5)
    assert ways.decode(ways.encode(asking)) == asking


wild = st.none() | st.floats() | st.sampled_from([0.0, -1.0, 20.0, 54.0, 6553.5, nan, inf])
flags = st.none() | st.booleans()
asking = st.none() | st.builds(AskedLimits, cvl=wild, ccl=wild, dcl=wild, charge_allowed=flags, discharge_allowed=flags)
sane = st.builds(
    AskedLimits,
    cvl=st.none() | st.floats(48, 60),
    ccl=st.none() | st.floats(0, 200),
    dcl=st.none() | st.floats(0, 200),
    charge_allowed=flags,
    discharge_allowed=flags,
)
ages = st.none() | st.floats(-10, 100)
seen = st.fixed_dictionaries({"cell": st.floats(2.9, 3.6), "current": st.floats(-100, 100)})


def step(story: Story, asked: AskedLimits | None, age: float | None, changes: dict[str, Any]) -> Decision:
    at = None if age is None else story.time + 1 - age
    return story.tell(1, asked=asked, asked_time=at, **changes)


def values(decision: Decision) -> tuple[float, float, float]:
    return decision.cvl.value, decision.ccl.value, decision.dcl.value


@given(past=st.lists(st.tuples(asking, ages, seen), max_size=4), asked=asking, age=ages, present=seen)
def test_nothing_that_a_pack_asks_for_raises_a_limit(
    past: list[tuple[AskedLimits | None, float | None, dict[str, Any]]],
    asked: AskedLimits | None,
    age: float | None,
    present: dict[str, Any],
) -> None:
    story = Story()
    story.tell(100)
    for one in past:
        step(story, *one)
    quiet = replace(story.state, trust=replace(story.state.trust, asked=None))
    now = make_reading(story.time + 1, **present)
    at = None if age is None else now.time - age
    _, without = bms.step(story.config, quiet, now)
    _, heeding = bms.step(story.config, story.state, replace(now, asked=asked, asked_time=at))
    assert all(known <= free + 1e-9 for known, free in zip(values(heeding), values(without), strict=True))
    assert heeding.charge_permitted <= without.charge_permitted
    assert heeding.discharge_permitted <= without.discharge_permitted
    assert min(values(heeding)) >= 0


@given(last=sane, silence=st.lists(st.tuples(asking, ages, seen), min_size=1, max_size=5), data=st.data())
def test_what_is_not_told_any_more_permits_no_more_than_what_was_told_last(
    last: AskedLimits, silence: list[tuple[AskedLimits | None, float | None, dict[str, Any]]], data: st.DataObject
) -> None:
    """The pack goes on telling the same, or tells less and less of it: that never raises a limit."""
    rich = Story()
    rich.tell(100)
    step(rich, last, 0.0, {})
    poor = Story()
    poor.state, poor.time, poor.snapshot = rich.state, rich.time, rich.snapshot
    names = ("cvl", "ccl", "dcl", "charge_allowed", "discharge_allowed")
    for _, _, changes in silence:
        lost = data.draw(st.sets(st.sampled_from(names)))
        whole = data.draw(st.sampled_from(["part", "all", "old"]))
        part = replace(last, **dict.fromkeys(lost, None))
        told, age = {"part": (part, 0.0), "all": (None, None), "old": (last, 100.0)}[whole]
        known, unknown = step(rich, last, 0.0, changes), step(poor, told, age, changes)
        assert all(less <= more + 1e-9 for less, more in zip(values(unknown), values(known), strict=True))


@given(wished=sane, config=st.just(make_config()))
def test_no_limit_is_above_what_the_pack_asks_for(wished: AskedLimits, config: Any) -> None:
    story = Story(config)
    story.tell(100)
    cvl, ccl, dcl = values(step(story, wished, 0.0, {}))
    assert cvl <= (inf if wished.cvl is None else wished.cvl)
    assert ccl <= (inf if wished.ccl is None else wished.ccl)
    assert dcl <= (inf if wished.dcl is None else wished.dcl)
    assert not (wished.charge_allowed is False and ccl)
    assert not (wished.discharge_allowed is False and dcl)
