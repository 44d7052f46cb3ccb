"""What may be believed of a reading."""

from math import inf, nan
from typing import Any

import pytest

from custom_components.home_bms.core.model import Believed, LinkState, Quality, Switches, Trust
from custom_components.home_bms.core.plausibility import believe

from .conftest import Story, make_config, make_reading, with_cell

CONFIG = make_config()


@pytest.mark.parametrize(
    ("changes", "name", "reason"),
    [
        ({"cells": with_cell(6, None)}, "cell_7", "missing"),
        ({"cells": with_cell(6, 0.0)}, "cell_7", "out_of_range"),
        ({"cells": with_cell(6, 65.535), "voltage": 52.8}, "cell_7", "out_of_range"),
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


@pytest.mark.parametrize("wild", [nan, inf, -inf])
@pytest.mark.parametrize("sensor", [0, 1])
def test_a_temperature_that_is_no_number_is_unknown_in_whichever_place_it_stands(
    story: Story, sensor: int, wild: float
) -> None:
    """A NaN behind another value is neither the highest nor the lowest: the pack would charge without that sensor."""
    told = [22.0, 23.0]
    told[sensor] = wild
    story.tell(1, temperatures=tuple(told))
    assert story.snapshot is not None
    assert story.snapshot.believed.temperatures[sensor] is None
    assert story.snapshot.believed.doubts == {f"temperature_{sensor + 1}": "out_of_range"}
    assert not story.decision.charge_permitted
    story.tell(2, temperatures=tuple(told))
    assert story.decision.ccl.value == story.decision.dcl.value == 0.0


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
    story.tell(temperatures=(22.0, 84.0))
    assert story.snapshot is not None
    assert story.snapshot.believed.doubts == {"temperature_2": "jump"}
    story.tell(temperatures=(22.0, 30.0))
    assert story.snapshot.believed.doubts == {}


def test_a_second_wild_value_unlike_the_first_is_doubted_too(story: Story) -> None:
    story.tell(temperatures=(22.0, 84.0))
    story.tell(temperatures=(22.0, 60.0))
    assert story.snapshot is not None
    assert story.snapshot.believed.doubts == {"temperature_2": "jump"}


def test_a_time_stamp_from_the_future_is_no_fresh_data() -> None:
    _, believed = believe(CONFIG, Trust(), make_reading(10.0, cells_time=99.0))
    assert believed.cells_age == inf
    assert believed.age == inf


@pytest.mark.parametrize("group", ["cells_time", "temperatures_time", "current_time"])
@pytest.mark.parametrize("time", [nan, inf, -inf])
def test_a_time_that_is_none_is_never_now(story: Story, group: str, time: float) -> None:
    story.tell(12, **{group: time})
    assert story.decision.ccl.value == story.decision.dcl.value == 0.0
    assert not story.decision.charge_permitted


def test_groups_age_apart(story: Story) -> None:
    now = story.time + 4
    story.show(make_reading(now, temperatures_time=now - 4))
    assert story.snapshot is not None
    believed = story.snapshot.believed
    assert (believed.cells_age, believed.temperatures_age, believed.link_age) == (0, 4, 0)
    assert believed.age == 4


@pytest.mark.parametrize(
    ("apart", "voltage", "believed"),
    [(0.0, 53.2, True), (0.0, 53.4, False), (0.08, 53.2, True), (0.08, 53.4, False), (1.5, 56.0, True)],
)
def test_pack_voltage_is_compared_with_the_cells_of_about_the_same_moment(
    apart: float, voltage: float, believed: bool
) -> None:
    """A JK tells its cells and its current in two answers some 80 ms apart."""
    _, sight = believe(CONFIG, Trust(current=0.0), make_reading(10.0, cells_time=10.0 - apart, voltage=voltage))
    assert (sight.voltage == voltage) is believed


def test_a_load_step_between_the_two_answers_is_no_contradiction(story: Story) -> None:
    story.tell(1)
    story.show(make_reading(story.time + 1, cells_time=story.time + 0.92, current=-100.0, voltage=51.4))
    assert story.snapshot is not None
    assert story.snapshot.believed.doubts == {}


def test_a_pack_voltage_that_no_cells_could_make_is_out_of_range_whatever_they_say(story: Story) -> None:
    """Words swapped after a firmware update: 3467 kV (faults.md 72)."""
    story.tell(1, voltage=3_467_000.0, cells_time=story.time - 3)
    assert story.snapshot is not None
    assert story.snapshot.believed.doubts["voltage"] == "out_of_range"
    assert story.level("pack_overvoltage") == "OK"


def test_more_sensors_than_promised_are_all_used() -> None:
    _, believed = believe(CONFIG, Trust(), make_reading(10.0, temperatures=(22.0, 23.0, 41.0)))
    assert believed.temperature_max == 41.0


def believed(story: Story) -> Believed:
    assert story.snapshot is not None
    return story.snapshot.believed


def test_what_a_sensor_says_before_it_has_measured_is_not_heat() -> None:
    """A DS18B20 powers up with exactly 85.0 °C, however often it is asked."""
    story = Story()
    story.tell(5, temperatures=(22.0, 85.0))
    assert believed(story).doubts == {"temperature_2": "sentinel"}
    assert story.level("charge_overtemperature") == "OK"
    assert story.level("sensor_failed") == "PROTECT"


def test_a_sensor_that_warms_up_to_85_is_heat(story: Story) -> None:
    for warmth in (36.0, 50.0, 64.0, 78.0, 84.5, 85.0):
        story.tell(temperatures=(warmth, warmth))
    assert believed(story).temperature_max == 85.0


def test_a_sensor_that_disagrees_is_pointed_out_and_its_danger_kept() -> None:
    story = Story()
    story.tell(2, temperatures=(22.0, 23.0, 60.0))
    assert believed(story).doubts == {"temperature_3": "disagrees"}
    assert believed(story).quality is Quality.DOUBTFUL
    assert story.level("charge_overtemperature") == "TRIP"


def test_current_through_two_open_switches_is_pointed_out(story: Story) -> None:
    story.tell(1, current=5.0, switches=Switches(charge=False, discharge=False))
    assert believed(story).doubts == {"current": "current_while_open"}
    assert believed(story).current == 5.0


def swing(up: float, base: float = 3.30) -> tuple[float, ...]:
    """Cells 6 and 7 moved against each other: the wire between them drops voltage."""
    return tuple(base + (up if n == 5 else -up if n == 6 else 0.0) for n in range(16))


def test_a_wire_open_between_two_cells_takes_both_out_on_the_second_load_step(story: Story) -> None:
    story.tell(1, current=0.0)
    story.tell(1, current=40.0, cells=swing(0.06))
    assert believed(story).doubts == {}
    story.tell(1, current=0.0)
    assert believed(story).doubts == {"cell_6": "open_wire", "cell_7": "open_wire"}
    assert believed(story).cells[5] is None
    story.tell(3, current=0.0)
    assert story.level("sensor_failed") == "PROTECT"
    assert story.decision.ccl.value == story.decision.dcl.value == 0


def test_a_mended_wire_is_believed_again_after_as_many_quiet_steps(story: Story) -> None:
    story.tell(1, current=0.0)
    story.tell(1, current=40.0, cells=swing(0.06))
    story.tell(1, current=0.0)
    for _ in range(3):
        story.tell(1, current=40.0)
        story.tell(1, current=0.0)
    assert believed(story).doubts == {}


def test_a_single_weak_cell_is_no_open_wire(story: Story) -> None:
    for _ in range(4):
        story.tell(1, current=0.0)
        story.tell(1, current=40.0, cells=with_cell(5, 3.38))
    assert believed(story).doubts == {}


def frozen(story: Story, seconds: int, **changes: Any) -> None:
    """Let a device that hangs repeat itself, answering every second."""
    for _ in range(seconds):
        story.time += 1
        story.show(make_reading(story.time, **changes))


def test_a_device_that_only_repeats_itself_under_load_grows_old(story: Story) -> None:
    frozen(story, 60, current=20.0)
    assert believed(story).doubts == {}
    frozen(story, 2, current=20.0)
    assert believed(story).doubts == {"pack": "frozen"}
    frozen(story, 12, current=20.0)
    assert story.level("data_missing") == "PROTECT"
    assert believed(story).link is LinkState.CONNECTED
    assert believed(story).quality is Quality.POOR


def test_a_pack_at_rest_may_repeat_itself(story: Story) -> None:
    frozen(story, 300, current=0.0)
    assert believed(story).doubts == {}


def under_load(story: Story, minutes: int) -> None:
    """Load that comes and goes; cell 4 does not move."""
    for minute in range(minutes):
        drop = 0.01 * (minute % 2)
        cells = tuple(3.31 if n == 3 else 3.30 - drop for n in range(16))
        story.tell(60, every=20, cells=cells, current=-40.0 - minute % 2)


def test_a_cell_that_never_moves_is_pointed_out_and_later_not_used(story: Story) -> None:
    under_load(story, 9)
    assert believed(story).doubts == {}
    under_load(story, 3)
    assert believed(story).doubts == {"cell_4": "frozen"}
    assert believed(story).cells[3] == 3.31
    under_load(story, 22)
    assert believed(story).cells[3] is None
    story.tell(60, every=20, current=-40.0, cell=3.28)
    assert believed(story).doubts == {}


def test_at_rest_no_cell_needs_to_move(story: Story) -> None:
    story.tell(3600, every=20)
    assert believed(story).doubts == {}


def test_the_link_is_connected_then_late_then_lost() -> None:
    story = Story()
    nothing: dict[str, Any] = {"cells": (), "cells_time": None, "temperatures_time": None, "current_time": None}
    story.tell(5, **nothing)
    assert believed(story).link is LinkState.STARTING
    story.tell(6, **nothing)
    assert believed(story).link is LinkState.LOST
    story.tell(1)
    assert believed(story).link is LinkState.CONNECTED
    story.silence(4)
    assert believed(story).link is LinkState.LATE
    story.silence(6)
    assert believed(story).link is LinkState.LOST


def test_a_pack_that_said_it_would_sleep_sleeps() -> None:
    story = Story()
    story.tell(1, sleep_in=30.0)
    story.silence(20)
    assert believed(story).link is LinkState.LOST
    story.silence(15)
    assert believed(story).link is LinkState.SLEEPING


def test_quality_is_the_worst_of_all() -> None:
    story = Story()
    story.tell(1, temperatures=(None, None))
    assert believed(story).quality is Quality.NONE
    story.tell(1)
    assert believed(story).quality is Quality.GOOD
    story.tell(1, cells=with_cell(2, None), voltage=52.8)
    assert believed(story).quality is Quality.DOUBTFUL
    story.tell(6, cells=with_cell(2, None), voltage=52.8)
    assert believed(story).quality is Quality.POOR
