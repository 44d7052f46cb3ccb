"""What survives a restart."""

import json
from dataclasses import replace
from typing import Any

import pytest

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.model import Level, Wishes

from .conftest import Story


def restart(story: Story, gap: float | None = 10.0, **changes: Any) -> Story:
    """Go through JSON, as the store does, into a process with another monotonic clock."""
    saved = json.loads(json.dumps(bms.save(story.state))) | changes
    new = Story(story.config)
    new.time = 5.0
    new.state = bms.restore(story.config, saved, now=new.time, gap=gap)
    return new


def test_counters_and_charge_go_on_where_they_were(story: Story) -> None:
    story.tell(60, cell=3.445, current=5.0)
    story.tell(600, current=50.0, cell=3.31)
    before = story.state.estimate
    after = restart(story).state.estimate
    for name in ("soc", "charge_in", "energy_in", "charge_out", "capacity", "full"):
        assert getattr(after, name) == getattr(before, name)


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


def test_what_home_bms_opened_it_may_close_after_a_restart(story: Story) -> None:
    story.tell(1, temperatures=(35.0, 36.0))
    story.tell(1, temperatures=(49.0, 50.0))
    story.tell(1, temperatures=(55.0, 56.0))
    new = restart(story)
    assert new.state.contactors.charge.ours
    assert not new.state.contactors.discharge.ours


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
    "estimate", [{}, {"soc": "many"}, {"soc": 400}, {"soc": True}, {"soc": float("nan"), "charge_in": None}]
)
def test_numbers_that_are_none_are_dropped_and_a_trip_is_not(story: Story, estimate: dict[str, Any]) -> None:
    trips = {"cell_overvoltage": {"age": "long", "value": None}, "of_another_version": {"age": 1}}
    new = restart(story, estimate=estimate, trips=trips)
    assert new.state.estimate.soc is None
    assert new.state.estimate.charge_in == 0
    assert {key: track.level for key, track in new.state.tracks.items()} == {"cell_overvoltage": Level.TRIP}


def test_an_empty_file_is_a_new_pack(story: Story) -> None:
    assert bms.restore(story.config, {}, now=0.0, gap=None).tracks == {}
