"""What takes no hands is checked without any."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.home_bms.core.commissioning import Outcome
from custom_components.home_bms.core.lint import lint
from custom_components.home_bms.core.model import HardwareRing
from custom_components.home_bms.core.selftest import CHECKS, Seen, selftest

from .conftest import Story, make_config, with_cell


def seen(story: Story, count: int = 3, **changes: Any) -> Seen:
    looks = []
    for _ in range(count):
        story.tell(1, **changes)
        assert story.snapshot is not None
        looks.append(story.snapshot)
    return Seen(config=story.config, looks=tuple(looks), cells=16)


def test_a_healthy_pack_passes_all(story: Story) -> None:
    found = selftest(seen(story))
    assert set(found) == set(CHECKS)
    assert {finding.outcome for finding in found.values()} == {Outcome.PASSED}
    assert dict(found["sum_of_cells"].numbers) == {"sum": 52.8, "voltage": 52.8, "difference": 0.0}


def test_a_pack_that_is_not_heard_passes_nothing(story: Story) -> None:
    found = selftest(seen(story, 2))
    assert {(finding.outcome, finding.reason) for finding in found.values()} == {(Outcome.FAILED, "not_heard")}


@pytest.mark.parametrize(
    ("check", "changes", "outcome", "reason"),
    [
        ("cell_count", {"cells": (3.3,) * 15}, Outcome.FAILED, "other_count"),
        ("polarity", {"cells": with_cell(3, -3.3)}, Outcome.FAILED, "odd_cells"),
        ("polarity", {"cells": with_cell(3, None)}, Outcome.FAILED, "odd_cells"),
        ("polarity", {"cells": ()}, Outcome.FAILED, "odd_cells"),
        ("polarity", {"cells": (None,) * 16}, Outcome.FAILED, "odd_cells"),
        ("sum_of_cells", {"voltage": 49.5}, Outcome.FAILED, "sum_differs"),
        ("sum_of_cells", {"voltage": None}, Outcome.PARTLY, "no_pack_voltage"),
        ("sum_of_cells", {"cells": with_cell(3, None)}, Outcome.PARTLY, "no_pack_voltage"),
        ("sensors", {"temperatures": (22.0, None)}, Outcome.FAILED, "silent_sensors"),
        ("sensors", {"temperatures": (22.0, 40.0)}, Outcome.FAILED, "far_apart"),
        ("sign", {"current": None}, Outcome.PARTLY, "current_unknown"),
        ("sign", {"current": 9000.0}, Outcome.FAILED, "current_doubted"),
    ],
)
def test_what_is_wrong_is_found(
    story: Story, check: str, changes: dict[str, Any], outcome: Outcome, reason: str
) -> None:
    finding = selftest(seen(story, **changes))[check]
    assert (finding.outcome, finding.reason) == (outcome, reason)


def test_the_cell_that_is_wired_the_wrong_way_round_is_named(story: Story) -> None:
    assert selftest(seen(story, cells=with_cell(3, -3.3)))["polarity"].numbers["cells"] == "4"


def test_a_device_that_counts_other_cells_is_found_out(story: Story) -> None:
    finding = selftest(replace(seen(story), cells=15))["cell_count"]
    assert (finding.reason, dict(finding.numbers)) == ("other_count", {"expected": 16, "read": "16", "told": 15})
    assert selftest(replace(seen(story), cells=None))["cell_count"].outcome is Outcome.PASSED


def test_a_pack_without_temperature_sensors_fails(story: Story) -> None:
    story = Story(make_config(temperature_sensors=0))
    assert selftest(seen(story, temperatures=()))["sensors"].reason == "no_sensors"


def test_settings_are_told_by_what_they_put_at_risk(story: Story) -> None:
    def judged(ring: HardwareRing) -> tuple[Outcome, str | None]:
        finding = selftest(replace(seen(story), settings=lint(story.config, ring)))["settings"]
        return finding.outcome, finding.reason

    assert judged(HardwareRing(charge_undertemperature=-20.0)) == (Outcome.FAILED, "settings_grave")
    assert judged(HardwareRing(charge_overcurrent_delay=300.0)) == (Outcome.PARTLY, "settings_odd")
