"""Every row of the fault matrix, played over a real Modbus link; and every black box that it left, replayed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from homeassistant.core import HomeAssistant

from custom_components.home_bms.core.record import Recording, dump, load
from custom_components.home_bms.core.replay import replay

from .bench import Bench, bench
from .rows import ALL, ELSEWHERE, ROWS
from .table import Outcome, Row, play

RIGGED = [pytest.param(row, id=row.name) for row in ROWS if row.rig]
RECORDED = [pytest.param(row, id=row.name) for row in ROWS if row.scene.recorder]
PLAIN = [pytest.param(row, id=row.name) for row in ROWS if not row.rig and not row.scene.recorder]


@pytest.mark.parametrize("row", PLAIN)
async def test_row(hass: HomeAssistant, tmp_path: Path, row: Row) -> None:
    await play_and_replay(hass, tmp_path, row)


@pytest.mark.parametrize("row", RECORDED)
async def test_row_beside_a_recorder(recorder_mock: object, hass: HomeAssistant, tmp_path: Path, row: Row) -> None:
    await play_and_replay(hass, tmp_path, row)


@pytest.mark.parametrize("row", RIGGED)
async def test_row_of_the_plant(row: Row) -> None:
    assert row.rig is not None
    note(row, await play(row, row.rig()), 0)


def test_every_row_of_the_sheet_is_here_once() -> None:
    names = [row.name for row in ALL]
    assert len(names) == len(set(names))
    assert {row.number for row in ALL} | set(ELSEWHERE) >= set(range(1, 73))
    assert not {row.number for row in ALL} & set(ELSEWHERE)


async def play_and_replay(hass: HomeAssistant, folder: Path, row: Row) -> None:
    """Play a row, write down how long it took if somebody asks for it, and replay what it left behind."""
    scene = row.scene
    async with bench(hass, folder, kind=scene.kind, soc=scene.soc, two=scene.two, **dict(scene.changes)) as b:
        outcome = await play(row, b)
        replays_as_recorded(recording_of(b))
    files = black_boxes_in(folder)
    for recording in files:
        replays_as_recorded(recording)
    note(row, outcome, len(files))


def black_boxes_in(folder: Path) -> list[Recording]:
    """Return what was written to the disk."""
    return [load(file.read_bytes()) for file in sorted(folder.glob("home_bms/**/*.jsonl.gz"))]


def recording_of(b: Bench) -> Recording:
    """Return all that the pack's ring buffer holds, as it comes back from a file."""
    boxes, ring = b.coordinator.black_boxes, b.coordinator.supervisor.black_box
    return load(dump(boxes.recording(ring.everything())))


def replays_as_recorded(recording: Recording) -> None:
    """See that core makes the same of the same, bit for bit."""
    assert recording.ticks
    outcomes = list(replay(recording.header.config, recording.ticks))
    assert len(outcomes) == len(recording.ticks)
    assert not [outcome for outcome in outcomes if not outcome.same]


def note(row: Row, outcome: Outcome, files: int) -> None:
    """Write an outcome down, where somebody asks for it."""
    if not (results := os.environ.get("FAULT_MATRIX_RESULTS")):
        return
    told = {"row": row.name, "react": outcome.react, "recover": outcome.recover, "files": files}
    with Path(results).open("a") as file:
        file.write(json.dumps(told) + "\n")
