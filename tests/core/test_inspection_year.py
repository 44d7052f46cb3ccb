"""Over a year a sound pack is left alone but for the calendar; each fault of its twin is named where it is, in time."""

from __future__ import annotations

import pytest

from .cells_world import Life, World
from .inspection_year import Year

BY_THE_CALENDAR = {"look", "contactor_exercise"}
"""What falls due within a year and belongs to a pack; the rest is due on the day after it."""


def ail(world: World, number: int) -> None:
    """Let cell 2 age, from summer on the joint of cell 4 come loose, and the sensor of cell 6 drift."""
    world.each[1].size *= 0.995
    if number > 8:
        world.each[3].joint += 0.00003
    if number > 6:
        world.each[5].error += 0.001


@pytest.fixture(scope="module")
def sound() -> Year:
    year = Year(Life(told=50.0))
    year.pass_by()
    return year


@pytest.fixture(scope="module")
def ailing() -> Year:
    year = Year(Life(told=50.0), ail)
    year.pass_by()
    return year


def test_nothing_but_the_calendar_is_named_on_a_sound_pack(sound: Year) -> None:
    assert sound.told.keys() == BY_THE_CALENDAR
    assert all(places == frozenset() for _, places in sound.told.values())
    assert sound.life.known.findings == ()


@pytest.mark.parametrize(
    ("inspection", "cell", "within"),
    [
        # 6 % of its capacity are gone by then.
        pytest.param("cells", 2, 250, id="the ageing cell"),
        # 0.5 mΩ more by the end of the year; a lug that gets hot has twice that (safety.md C2).
        pytest.param("torque", 4, 364, id="the joint that comes loose"),
        # 20 mV off by the end of the year.
        pytest.param("sensors", 6, 364, id="the sensor that drifts"),
    ],
)
def test_each_fault_leads_to_its_inspection_at_its_cell(ailing: Year, inspection: str, cell: int, within: int) -> None:
    day, places = ailing.told[inspection]
    assert {place.rpartition("@")[2] for place in places} == {f"cell_{cell}"}
    assert day <= within


def test_nothing_else_is_named_on_the_ailing_pack(ailing: Year) -> None:
    assert ailing.told.keys() == BY_THE_CALENDAR | {"cells", "torque", "sensors"}
