"""What a pack has come to by the autumn of a simulated year stands in the to-do list and in repairs, by place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core import bms

from ..core.virtual_year import DRIFTING, LOOSE, WORN, VirtualYear, ail
from .conftest import PACK_ID, until
from .entities import everything_is_news, state_of
from .inspection_house import DUE, items
from .test_issues import issues, words

DAY = 252
EVERY = 28
"""Days that are lived as one: by this day all of them are named, at half the cost of a fortnight."""


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.EVENT, Platform.SENSOR, Platform.TODO]


@pytest.fixture(scope="module")
def year() -> VirtualYear:
    """Return a pack that has lived until autumn."""
    year = VirtualYear(ail, every=EVERY)
    year.live(DAY)
    return year


@pytest.fixture
async def stored(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, year: VirtualYear, monkeypatch: Any
) -> None:
    """Let the pack have learned what is in the file of that year."""
    everything_is_news(monkeypatch)
    saved = json.loads(json.dumps(bms.save_learned(year.config, year.state)))
    state = pack.supervisor.state
    assert state.estimate.time is not None
    pack.supervisor.state = bms.load_learned(pack.config, state, saved, now=state.estimate.time, gap=0.0)
    await until(lambda: state_of(hass, DUE) == "3")


async def test_each_fault_of_the_year_is_something_to_do_at_its_cell(hass: HomeAssistant, stored: None) -> None:
    found = await items(hass)
    assert found.keys() == {f"{PACK_ID}/{key}" for key in ("cells", "torque", "sensors")}
    for key, cell, says in (
        ("cells", WORN, "Ah less than the middle one"),
        ("torque", LOOSE, "mΩ more resistance than before"),
        ("sensors", DRIFTING, "mV"),
    ):
        text = found[f"{PACK_ID}/{key}"]["description"]
        assert says in text
        assert f"cell {cell + 1} " in text.lower()
        assert not [other for other in range(16) if other != cell and f"cell {other + 1} " in text.lower()]


async def test_each_is_a_repair_at_its_cell(hass: HomeAssistant, stored: None) -> None:
    wanted = {
        f"finding_weak_cell_{WORN + 1}": f"cell {WORN + 1} ",
        f"finding_loose_joint_{LOOSE + 1}": f"joint at cell {LOOSE + 1} ",
        f"finding_sensor_drift_{DRIFTING + 1}": f"voltage of cell {DRIFTING + 1} ",
    }
    await until(lambda: wanted.keys() <= issues(hass).keys())
    found = {key: issue for key, issue in issues(hass).items() if key.startswith("finding_")}
    assert found.keys() == wanted.keys()
    for key, place in wanted.items():
        assert place in (await words(hass, found[key])).lower()
