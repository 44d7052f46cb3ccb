"""The table of inspections in the docs is the one that is planned by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from custom_components.home_bms.core.inspection_table import INSPECTIONS

ROOT: Final = Path(__file__).parent.parent
NAMES: Final = json.loads((ROOT / "custom_components/home_bms/translations/en.json").read_text())["selector"]
PAGE: Final = (ROOT / "docs" / "maintenance.md").read_text()


def test_the_page_lists_every_inspection_as_it_is_planned() -> None:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]
    told = [(name, about, every, measured) for name, about, every, _, measured in rows[2:]]
    assert told == [
        (
            NAMES["inspection"]["options"][row.key],
            row.about.value,
            "" if row.every is None else f"{row.every} d",
            "" if row.measure is None else row.measure.unit,
        )
        for row in INSPECTIONS.values()
    ]


def test_what_is_called_for_by_a_condition_alone_says_by_which() -> None:
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and cells[2] == "":
            assert cells[3], cells[0]


def test_every_inspection_condition_and_sensor_has_words() -> None:
    keys = set(INSPECTIONS)
    assert set(NAMES["inspection"]["options"]) == set(NAMES["inspection_how"]["options"]) == keys
    conditions = {key for row in INSPECTIONS.values() for key in row.conditions}
    told = set(NAMES["inspection_why"]["options"])
    assert told == conditions | {"calendar", "first", "postponed", "measure"}


def test_the_page_names_every_key_of_the_action() -> None:
    for key in INSPECTIONS:
        assert f"`{key}`" in PAGE, key
