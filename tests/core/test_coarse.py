"""Cells that a device tells in large steps are shown, and nothing is decided by them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.coarse import too_coarse
from custom_components.home_bms.core.codec import codec
from custom_components.home_bms.core.model import PackConfig, Trust
from custom_components.home_bms.core.plausibility import DOUBTS, believe
from custom_components.home_bms.core.protection import PROTECTION_KEYS
from custom_components.home_bms.core.record import Header
from custom_components.home_bms.core.replay import reconfigure

from .conftest import Story, make_config, make_reading

COARSE = make_config(cell_resolution=0.1)
CELL_RULES = [key for key in PROTECTION_KEYS if key.startswith("cell_")] + ["deep_discharge"]


@pytest.mark.parametrize(
    ("resolution", "coarse"), [(0.0001, False), (0.001, False), (0.02, False), (0.021, True), (0.1, True)]
)
def test_only_steps_beyond_what_levels_tell_apart_are_too_coarse(resolution: float, coarse: bool) -> None:
    config = make_config(cell_resolution=resolution)
    assert too_coarse(config) is coarse
    _, believed = believe(config, Trust(), make_reading(10.0))
    assert (believed.cells == (None,) * 16) is coarse


def test_every_coarse_cell_says_why_it_is_not_used() -> None:
    _, believed = believe(COARSE, Trust(), make_reading(10.0, cell=3.3))
    assert believed.doubts == {f"cell_{number}": "too_coarse" for number in range(1, 17)}
    assert "too_coarse" in DOUBTS
    assert believed.cell_max is believed.cell_min is None
    # The rest of the reading is as good as any other.
    assert (believed.voltage, believed.current, believed.temperatures) == (pytest.approx(52.8), 0.0, (22.0, 23.0))
    assert believed.current_age == 0


def test_a_wrong_number_of_coarse_cells_is_still_told_as_that() -> None:
    _, believed = believe(COARSE, Trust(), make_reading(10.0, cells=(3.3,) * 15))
    assert believed.doubts == {"cells": "wrong_count"}


@pytest.mark.parametrize("cell", [1.9, 2.4, 3.3, 3.7, 4.2])
def test_coarse_cells_raise_no_alarm_and_permit_nothing(cell: float) -> None:
    story = Story(COARSE)
    # The pack's own voltage is told finely and goes on being judged; here it is healthy.
    story.tell(200, cell=cell, voltage=52.8)
    assert [alarm.key for alarm in story.decision.alarms if alarm.key in CELL_RULES] == []
    assert (story.decision.ccl.value, story.decision.dcl.value) == (0, 0)
    assert not story.decision.charge_permitted
    assert not story.decision.discharge_permitted
    assert story.decision.ccl.reason.rule == story.decision.dcl.reason.rule == "data_missing"
    assert story.level("sensor_failed") == "OK"
    assert story.snapshot is not None
    assert story.snapshot.reading.cells == (cell,) * 16


def test_a_pack_with_coarse_cells_is_still_protected_by_its_voltage_and_heat() -> None:
    story = Story(COARSE)
    story.tell(60, cell=3.7, voltage=59.2)
    assert story.level("pack_overvoltage") != "OK"
    story.tell(60, cell=3.3, temperatures=(70.0, 71.0))
    assert story.level("charge_overtemperature") == "TRIP"


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(st.integers(0, 50).map(lambda raw: raw / 10), min_size=16, max_size=16).map(tuple),
    current=st.floats(-100, 90),
    seconds=st.integers(1, 60),
)
def test_no_reading_of_coarse_cells_ever_permits(cells: tuple[float, ...], current: float, seconds: int) -> None:
    story = Story(COARSE)
    story.tell(seconds, cells=cells, current=current)
    assert (story.decision.ccl.value, story.decision.dcl.value) == (0, 0)
    assert not story.decision.charge_permitted
    assert not story.decision.discharge_permitted


def test_the_resolution_is_recorded_and_an_older_record_means_a_millivolt() -> None:
    both = codec(PackConfig)
    written = json.loads(json.dumps(both.encode(COARSE)))
    assert both.decode(written) == COARSE
    del written["cell_resolution"]
    assert both.decode(written) == replace(COARSE, cell_resolution=0.001)


def test_a_replay_with_other_settings_keeps_the_resolution_and_can_change_it() -> None:
    header = Header(home_bms="1", config=COARSE)
    assert reconfigure(header, {"cell_overvoltage_trip": 3.61}).cell_resolution == 0.1
    assert reconfigure(header, {"cell_resolution": 0.001}) == make_config()
