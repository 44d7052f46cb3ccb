"""A year of the virtual pack: what ages, comes loose or drifts is named at its place, before a protection trips."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from custom_components.home_bms.core.model import Level

from ..night import NIGHTLY
from .virtual_year import DRIFTING, LOOSE, WORN, VirtualYear, ail
from .virtual_year_table import NAMED, rows

SOUND: Final = (14, 3) if NIGHTLY else (28,)
AILING: Final = (14, 3) if NIGHTLY else (14,)
"""Days that are lived as one; more are lived by night."""
BY_THE_CALENDAR: Final = {("look", ""), ("contactor_exercise", "")}
FAULTS: Final = {
    ("cells", f"cell_{WORN + 1}"),
    ("torque", f"cell_{LOOSE + 1}"),
    ("sensors", f"cell_{DRIFTING + 1}"),
}
FOLLOWS: Final = {("cells", f"cell_{LOOSE + 1}")}
"""Months after a loose joint was named and left, where many days are lived: the balancer goes by a voltage that it
lifts, and drains its cell, which then counts as one that leaks."""
BY_THE_WINTER: Final = {("full_charge", "")}
"""Where enough of its dull days are lived, the pack is not full for a month."""
PAGE: Final = Path(__file__).parents[2] / "docs" / "estimation.md"


@pytest.fixture(scope="module", params=SOUND)
def sound(request: pytest.FixtureRequest) -> VirtualYear:
    year = VirtualYear(every=request.param)
    year.live()
    return year


@pytest.fixture(scope="module", params=AILING)
def ailing(request: pytest.FixtureRequest) -> VirtualYear:
    year = VirtualYear(ail, every=request.param)
    year.live()
    return year


def test_a_sound_pack_is_left_alone_all_year(sound: VirtualYear) -> None:
    assert sound.due.keys() - BY_THE_WINTER == BY_THE_CALENDAR
    assert sound.alarms == {}
    assert sound.state.estimate.knowledge is not None
    assert sound.state.estimate.knowledge.findings == ()


def test_the_year_is_a_hard_one(sound: VirtualYear) -> None:
    """It is filled and emptied, hot and cold: else it would be no wonder that nothing trips."""
    assert max(day.soc[1] for day in sound.margins) > 99
    assert min(day.soc[0] for day in sound.margins) < 17
    warmth = [max(day.warmest) for day in sound.margins]
    assert (min(warmth) < 16, max(warmth) > 25) == (True, True)
    assert {max(map(round, day.heat)) for day in sound.margins} == {0}


def test_each_fault_is_named_at_its_place_and_no_other_is(ailing: VirtualYear) -> None:
    named = ailing.due.keys() - BY_THE_WINTER - BY_THE_CALENDAR
    assert named >= FAULTS
    assert named - FAULTS <= (FOLLOWS if ailing.every < AILING[0] else set())
    assert all(ailing.due[later] > max(ailing.due[fault] for fault in FAULTS) for later in named - FAULTS)


def test_they_are_named_long_before_any_protection_so_much_as_warns(ailing: VirtualYear) -> None:
    """Nobody sees to them all year, and at its end the pack still runs."""
    warned = ailing.first(Level.WARN)
    assert warned is not None, "or the faults were too small to matter"
    assert max(ailing.due[fault] for fault in FAULTS) + 30 < warned[0]
    assert ailing.first(Level.PROTECT) is None


def test_a_joint_is_named_before_it_is_hot(ailing: VirtualYear) -> None:
    """A loose lug of 1 mΩ makes 20 W at 140 A (safety.md C2)."""
    named = ailing.due["torque", f"cell_{LOOSE + 1}"]
    day = next(day for day in ailing.margins if day.day == named)
    assert 0.3 < day.heat[LOOSE] < 3.0
    others = [warm for cell, warm in enumerate(day.warmest) if cell != LOOSE]
    assert day.warmest[LOOSE] < max(others) + 3.0


def test_what_a_drifting_sensor_hides_stays_far_from_the_packs_own_protection(ailing: VirtualYear) -> None:
    hardware = ailing.pack.info.hardware_ring.cell_overvoltage
    assert hardware is not None
    assert max(day.highest[DRIFTING] for day in ailing.margins) < hardware - 0.1


def test_a_cell_that_ages_is_no_loose_joint_though_its_resistance_grows_as_one(ailing: VirtualYear) -> None:
    worn, loose = ailing.pack.cells[WORN], ailing.pack.cells[LOOSE]
    assert worn.resistance > 1.35 * loose.resistance
    assert ("torque", f"cell_{WORN + 1}") not in ailing.due


def test_the_page_tells_the_dates_and_margins_as_they_are(ailing: VirtualYear) -> None:
    if ailing.every == AILING[0]:
        assert "\n".join(rows(ailing)) in PAGE.read_text()
    assert {(named.inspection, f"cell_{named.cell + 1}") for named in NAMED} == FAULTS
