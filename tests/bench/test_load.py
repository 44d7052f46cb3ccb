"""The load is told in the units that it says, the loop's stalls are seen, and the page shows what was measured."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from ..night import by_night
from . import document, frames, load
from .parts import BY_NIGHT, PARTS
from .result import Result
from .serve import served
from .turns import Collector, waits, watched

LIFE: dict[str, Any] = {
    "cpu": 3.0,
    "seconds": 100.0,
    "recorded": 100.0,
    "polls": 400,
    "entities": 480,
    "changed": 200,
    "reported": 200,
    "rows": 100,
    "bytes": 40_000,
    "disk": 400_000,
    "walls": {"longest": 0.004, "usual": 0.001},
    "worked": {"longest": 0.002, "usual": 0.0005},
    "own": {"longest": 0.001, "usual": 0.0005},
}


@pytest.mark.parametrize(
    ("turns", "seconds", "share", "waited"),
    [
        ([0.010], 1.0, 0.999, 0.009),
        ([0.010, 0.010], 1.0, 0.999, 0.0095),
        ([0.010, 0.002], 1.0, 0.995, 0.005),
        ([0.010, 0.008], 1.0, 0.996, 0.007),
        ([0.001] * 10, 1.0, 0.9, 0.0),
        ([], 1.0, 0.999, 0.0),
    ],
)
def test_who_comes_at_any_moment_waits_for_what_is_left_of_a_turn(
    turns: list[float], seconds: float, share: float, waited: float
) -> None:
    assert waits(turns, seconds, share) == pytest.approx(waited)


async def test_a_callback_that_blocks_the_loop_is_its_longest_turn_and_sleeping_is_no_work() -> None:
    with watched(asyncio.get_running_loop()) as turns:
        asyncio.get_running_loop().call_soon(time.sleep, 0.02)
        await asyncio.sleep(0.05)
    assert max(turns.walls) >= 0.02
    assert len(turns.walls) == len(turns.worked)
    assert max(turns.worked) < max(turns.walls)
    assert turns.seconds >= 0.05


async def test_what_pythons_collector_takes_is_told_apart() -> None:
    with watched(asyncio.get_running_loop()) as turns:
        asyncio.get_running_loop().call_soon(gc.collect)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    turn = turns.worked.index(max(turns.worked))
    assert turns.own[turn] < turns.worked[turn] / 2


async def test_garbage_that_another_thread_looks_for_is_not_counted_to_the_loop() -> None:
    collector = Collector()
    with collector.heard():
        await asyncio.to_thread(gc.collect)
    assert collector.seconds == 0.0
    assert collector not in gc.callbacks


def test_the_load_of_an_idle_home_assistant_is_not_ours() -> None:
    results = {result.name: result for result in load._loop(LIFE, still=0.01)}
    assert results["16 packs of 16 cells each second, of a core"].value == pytest.approx(2.0)
    assert results["longest stall of the loop"].value == 4.0
    assert all(result.ok for result in results.values())


def test_what_is_told_beside_the_other_integration_is_of_one_pack() -> None:
    theirs = LIFE | {"rows": 1000, "entities": 164}
    results = {result.name: result for result in load._beside(LIFE, theirs, still=0.01)}
    assert results["CPU of one poll of one pack"].value == pytest.approx(5.0)
    rows = results["  of them changed, which are rows"]
    assert (rows.value, rows.peer, rows.ratio) == (900.0, 9000.0, 0.1)
    assert results["the recorder's file grows for one pack, statistics included"].value == pytest.approx(360.0)
    assert rows.peer_name == "modbus integration, 41 sensors at 1 s"


@by_night
async def test_home_assistant_reads_packs_of_another_process_and_tells_what_that_costs(
    socket_enabled: None, tmp_path: Path
) -> None:
    async with served(1) as ports:
        life = await load._run(str(tmp_path), "home_bms", ports, 0.0, 3.0)
    assert life["polls"] >= 2
    assert life["entities"] > 100
    assert life["cpu"] > 0
    assert life["changed"] > 0
    assert all(start["cpu"] > 0 for start in life["starts"])


def test_a_frame_says_the_same_to_both_that_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "ROUNDS", 1)
    monkeypatch.setattr(frames, "REPEATS", 1)
    results = list(frames.measure())
    assert [result.unit for result in results] == ["frames/s", "frames/s", "%"]
    ours, plain = frames.decoders()
    frame = frames.said()[2]
    theirs = plain(frame)
    assert theirs["current"] == ours(frame)["current"]
    assert theirs["voltage"] == ours(frame)["voltage"]


def test_the_page_shows_floor_peer_and_the_cause_of_what_is_missed() -> None:
    results = [
        {"name": "a time", "value": 7.0, "unit": "us", "most": 5.0, "why": "the moon"},
        {"name": "  of it", "value": 0.25, "unit": "s", "peer": 0.5, "peer_name": "theirs"},
    ]
    page = document.page({"step": {"date": "2026-01-02", "machine": "an abacus", "load": 1.5, "results": results}})
    assert "| a time | 7 µs | ≤ 5 | **no** |  |  |" in page
    assert "| &emsp;of it | 0.250 s |  |  | 0.500 s (theirs) | 0.50 |" in page
    assert "- Not met, *a time*: the moon." in page
    assert "2026-01-02: an abacus; 1.5 processes" in page


def test_the_page_is_what_was_measured_last() -> None:
    kept = json.loads(document.KEPT.read_text())
    assert document.PAGE.read_text() == document.page(kept)
    assert set(kept) <= set(PARTS)


async def test_a_part_is_kept_without_touching_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(document, "KEPT", tmp_path / "kept.json")
    monkeypatch.setattr(document, "PAGE", tmp_path / "page.md")
    document.keep("step", [Result(name="one", value=1.0)])
    document.keep("can", [Result(name="two", value=2.0)])
    document.keep("step", [Result(name="three", value=3.0)])
    document.write()
    page = document.PAGE.read_text()
    assert ("one" in page.splitlines(), "| two | 2 |" in page, "| three | 3 |" in page) == (False, True, True)


def test_what_takes_hours_is_a_part_that_has_to_be_named() -> None:
    assert set(BY_NIGHT) == {"soak"} < set(PARTS)
    assert PARTS["soak"].measure(Namespace(days=1, period=20, trace=False)) is not None
