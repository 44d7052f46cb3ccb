"""What is shown from end to end: a runaway that trips, a spike that does not, and a threshold that changes a replay."""

from __future__ import annotations

from pathlib import Path

import pytest
from homeassistant.core import HomeAssistant

from custom_components.home_bms.core.model import Level
from custom_components.home_bms.core.replay import Outcome, reconfigure, replay

from .bench import Bench, bench, charge_of
from .rows import ROWS
from .table import Scene, play, ready
from .test_fault_matrix import recording_of

RUNAWAY, OTHERS = 3.95, 3.40


def set_cells(b: Bench, others: float, runaway: float | None = None) -> None:
    """Let the cells rest at a voltage, and the ninth at another."""
    b.world.catch_up()
    for index, cell in enumerate(b.pack.cells):
        cell.soc = charge_of(runaway if index == 8 and runaway is not None else others)
        cell.lean = cell.polarisation = 0.0
    b.pack.changed()


async def test_one_cell_at_3_95_v_among_3_40_v_trips(hass: HomeAssistant, tmp_path: Path) -> None:
    """foxBMS masks it where its plausibility takes the cell for a broken sensor (thresholds.md 3.1)."""
    async with bench(hass, tmp_path, soc=90.0) as b:
        await ready(Scene(control=True), b)
        set_cells(b, OTHERS)
        await b.poll(3)
        assert b.now.decision.worst < Level.PROTECT
        set_cells(b, OTHERS, RUNAWAY)
        took = await b.until(lambda: b.level("cell_overvoltage") is Level.TRIP, 3)
        assert took <= 3
        reason = b.alarm("cell_overvoltage").reason
        assert reason.cell == 8
        assert reason.value == pytest.approx(RUNAWAY, abs=0.05)
        await b.until(lambda: b.pack.commanded.charge is False, 2)
        assert b.now.decision.ccl.value == 0
        assert not await b.reset()


async def test_one_sample_at_65_5_v_trips_nothing_and_moves_no_limit(hass: HomeAssistant, tmp_path: Path) -> None:
    """It trips Libre Solar and others, which compare the raw value (thresholds.md 3.1)."""
    async with bench(hass, tmp_path) as b:
        await ready(Scene(wanted=60.0), b)
        before = b.now.decision
        b.inject("cell_sentinel", 8, 65.5)
        await b.poll()
        assert b.now.believed.doubts == {"cell_9": "out_of_range"}
        b.clear()
        for _ in range(20):
            assert b.now.decision.worst < Level.DERATE, b.tell()
            assert (b.now.decision.ccl.value, b.now.decision.dcl.value) == (before.ccl.value, before.dcl.value)
            await b.poll()
        assert b.now.decision.charge_permitted


@pytest.mark.parametrize("seconds", [0.0, 3.0, 30.0, 600.0])
async def test_a_jump_in_time_does_not_lengthen_a_reaction(hass: HomeAssistant, tmp_path: Path, seconds: float) -> None:
    """It takes two looks to believe a leap of 35 K, however far apart they are."""
    async with bench(hass, tmp_path) as b:
        await ready(Scene(wanted=60.0), b)
        b.inject("hot_cell_now", 6, 57.0)
        await b.poll()
        b.warp.jump(seconds)
        assert await b.until(lambda: b.level("charge_overtemperature") is Level.TRIP, 2) <= 2
        assert await b.until(lambda: b.pack.switches.charge is False, 2) <= 2


def trips_in(outcomes: list[Outcome], key: str) -> bool:
    return any(
        alarm.key == key and alarm.level is Level.TRIP
        for outcome in outcomes
        if outcome.decision is not None
        for alarm in outcome.decision.alarms
    )


@pytest.mark.parametrize(
    ("name", "key", "change", "stays"),
    [
        ("34c", "charge_overtemperature", {"charge_overtemperature_trip": 59.0}, False),
        ("34b", "charge_overtemperature", {"charge_overtemperature_trip": 51.0}, True),
        ("23c", "cell_overvoltage", {"cell_overvoltage_trip": 3.62}, False),
        ("24b", "cell_undervoltage", {"cell_undervoltage_trip": 2.60}, False),
    ],
)
async def test_a_changed_threshold_changes_what_a_black_box_decides(
    hass: HomeAssistant, tmp_path: Path, name: str, key: str, change: dict[str, float], stays: bool
) -> None:
    """A wider one does not trip where it did, a tighter one does where it did not."""
    row = next(row for row in ROWS if row.name == name)
    async with bench(hass, tmp_path, soc=row.scene.soc) as b:
        await play(row, b)
        recording = recording_of(b)
    changed = reconfigure(recording.header, change)
    as_recorded = list(replay(recording.header.config, recording.ticks))
    otherwise = list(replay(recording.header.config, recording.ticks, changed=changed))
    assert all(outcome.same for outcome in as_recorded)
    assert trips_in(as_recorded, key) is not stays
    assert trips_in(otherwise, key) is stays
