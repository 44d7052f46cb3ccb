"""What may be believed of a reading."""

from math import inf, nan
from typing import Any

import pytest

from custom_components.home_bms.core.model import Trust
from custom_components.home_bms.core.plausibility import believe

from .conftest import Story, make_config, make_reading, with_cell

CONFIG = make_config()


@pytest.mark.parametrize(
    ("changes", "name", "reason"),
    [
        ({"cells": with_cell(6, None)}, "cell_7", "missing"),
        ({"cells": with_cell(6, 0.0)}, "cell_7", "out_of_range"),
        ({"cells": with_cell(6, 65.535)}, "cell_7", "out_of_range"),
        ({"cells": with_cell(6, nan), "voltage": 52.8}, "cell_7", "out_of_range"),
        ({"cells": with_cell(6, -inf), "voltage": 52.8}, "cell_7", "out_of_range"),
        ({"cells": (3.3,) * 15}, "cells", "wrong_count"),
        ({"cells": (3.3,) * 17}, "cells", "wrong_count"),
        ({"temperatures": (22.0,)}, "temperature_2", "missing"),
        ({"temperatures": (22.0, -40.0)}, "temperature_2", "out_of_range"),
        ({"temperatures": (nan, 22.0)}, "temperature_1", "out_of_range"),
        ({"current": 900.0}, "current", "out_of_range"),
        ({"current": nan}, "current", "out_of_range"),
        ({"voltage": 0.0}, "voltage", "out_of_range"),
        ({"voltage": 56.0}, "voltage", "sum_of_cells"),
        ({"switch_temperature": -273.0}, "switch_temperature", "out_of_range"),
    ],
)
def test_a_value_that_cannot_be_is_unknown_with_its_reason(changes: dict[str, Any], name: str, reason: str) -> None:
    _, believed = believe(CONFIG, Trust(), make_reading(10.0, **changes))
    assert believed.doubts == {name: reason}


def test_a_healthy_reading_is_believed_whole_and_fresh() -> None:
    cells = tuple(3.30 + index / 1000 for index in range(16))
    _, believed = believe(CONFIG, Trust(), make_reading(10.0, cells=cells))
    assert believed.doubts == {}
    assert (believed.cell_max_index, believed.cell_min_index) == (15, 0)
    assert (believed.temperature_max_index, believed.temperature_min_index) == (1, 0)
    assert believed.age == believed.link_age == 0


def test_what_was_never_read_is_infinitely_old() -> None:
    _, believed = believe(CONFIG, Trust(), make_reading(10.0, cells=(), cells_time=None, voltage=None, current=None))
    assert believed.cells == (None,) * 16
    assert believed.cell_max is None
    assert believed.cells_age == believed.current_age == inf
    assert believed.doubts == {}


def test_a_dead_sense_wire_hides_no_high_cell() -> None:
    cells = list(with_cell(2, 3.70))
    cells[5] = None
    _, believed = believe(CONFIG, Trust(), make_reading(10.0, cells=tuple(cells)))
    assert (believed.cell_max, believed.cell_max_index) == (3.70, 2)
    assert believed.cells_age == inf


@pytest.mark.parametrize("glitch", [3.95, 2.90])
def test_a_spike_costs_one_sample(story: Story, glitch: float) -> None:
    story.tell()
    story.tell(cells=with_cell(3, glitch), voltage=16 * 3.3)
    assert story.snapshot is not None
    assert story.snapshot.believed.doubts == {"cell_4": "jump"}
    assert story.snapshot.believed.cells[3] is None
    story.tell()
    assert story.snapshot.believed.doubts == {}
    assert story.decision.alarms == ()


def test_a_jump_that_stays_is_believed_on_the_second_sample(story: Story) -> None:
    story.tell()
    story.tell(cells=with_cell(3, 3.95), voltage=16 * 3.3)
    assert story.level("cell_overvoltage") == "OK"
    story.tell(cells=with_cell(3, 3.96), voltage=16 * 3.3)
    assert story.level("cell_overvoltage") == "TRIP"


def test_the_same_sample_shown_twice_confirms_nothing(story: Story) -> None:
    story.tell(cells=with_cell(3, 3.95), voltage=16 * 3.3)
    story.silence(2)
    assert story.snapshot is not None
    assert story.snapshot.believed.doubts == {"cell_4": "jump"}


def test_a_load_step_moves_all_cells_at_once_and_is_no_spike(story: Story) -> None:
    story.tell(current=0.0)
    story.tell(current=-140.0, cell=3.10)
    assert story.snapshot is not None
    assert story.snapshot.believed.doubts == {}


def test_with_an_unknown_current_the_largest_step_is_supposed(story: Story) -> None:
    story.tell(current=None, cell=2.80)
    assert story.snapshot is not None
    assert story.snapshot.believed.doubts == {}


def test_a_temperature_that_leaps_is_doubted_once_and_a_rise_is_not(story: Story) -> None:
    story.tell(temperatures=(22.0, 85.0))
    assert story.snapshot is not None
    assert story.snapshot.believed.doubts == {"temperature_2": "jump"}
    story.tell(temperatures=(22.0, 30.0))
    assert story.snapshot.believed.doubts == {}


def test_a_second_wild_value_unlike_the_first_is_doubted_too(story: Story) -> None:
    story.tell(temperatures=(22.0, 85.0))
    story.tell(temperatures=(22.0, 60.0))
    assert story.snapshot is not None
    assert story.snapshot.believed.doubts == {"temperature_2": "jump"}


def test_a_time_stamp_from_the_future_is_no_fresh_data() -> None:
    _, believed = believe(CONFIG, Trust(), make_reading(10.0, cells_time=99.0))
    assert believed.cells_age == inf
    assert believed.age == inf


def test_groups_age_apart(story: Story) -> None:
    now = story.time + 4
    story.show(make_reading(now, temperatures_time=now - 4))
    assert story.snapshot is not None
    believed = story.snapshot.believed
    assert (believed.cells_age, believed.temperatures_age, believed.link_age) == (0, 4, 0)
    assert believed.age == 4


def test_pack_voltage_of_another_moment_is_not_compared_with_the_cells() -> None:
    _, believed = believe(CONFIG, Trust(), make_reading(10.0, cells_time=9.5, voltage=56.0))
    assert believed.voltage == 56.0


def test_more_sensors_than_promised_are_all_used() -> None:
    _, believed = believe(CONFIG, Trust(), make_reading(10.0, temperatures=(22.0, 23.0, 41.0)))
    assert believed.temperature_max == 41.0
