"""A soak lives through hours that nobody waits for, and tells what grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from ..night import by_night
from . import soak
from .clock import Clock
from .result import Result

DAYS = 1.0


def hours(count: int, **grows: float) -> list[dict[str, Any]]:
    """Return samples that only scatter, but for what grows so much an hour."""
    chance = Random(1)
    level = {
        "rss": 300.0,
        "tasks": 6,
        "threads": 10,
        "files": 37,
        "ours": 15e3,
        "objects": 5e5,
        "rows": 4e5,
        "cpu": 5.0,
    }
    done = {"polls": 0, "failed_reads": 0, "failed_writes": 0, "faults": 0}
    return [
        {
            "hour": hour,
            **done,
            **{key: value * chance.uniform(0.999, 1.001) + grows.get(key, 0.0) * hour for key, value in level.items()},
            "kinds": {
                "custom_components.home_bms.a.Kept": 10,
                "custom_components.home_bms.b.Lost": 10 + round(grows.get("lost", 0.0) * hour),
            },
        }
        for hour in range(1, count + 1)
    ]


def told(samples: list[dict[str, Any]]) -> Mapping[str, Result]:
    """Return what is judged, each slope by the name of what it is of."""
    results = list(soak.judged(samples, 20.0))
    named = {result.name: result for result in results}
    means = [at for at, result in enumerate(results) if result.name.endswith(", mean")]
    # The slope in the calmer half follows the slope, which follows the mean.
    return named | {results[at].name.removesuffix(", mean"): results[at + 2] for at in means}


def test_a_line_goes_through_its_points_and_knows_how_sure_it_is() -> None:
    line = soak.fit([0, 1, 2, 3], [1, 3, 5, 7])
    assert (line.slope, line.error, line.mean) == (2.0, 0.0, 4.0)
    # By hand: the points lie 0.2 and 0.4 beside the line of 0.2.
    assert soak.fit([0, 1, 2], [0, 1, 0.4]).error == pytest.approx(0.461880)


def test_blocks_are_means_of_neighbours_and_leave_the_odd_ones_at_the_end() -> None:
    assert soak.blocks([1, 3, 5, 7, 100], 2) == [2, 6]
    assert soak.blocks([1, 2, 3]) == [1, 2, 3]


def test_what_only_scatters_is_flat() -> None:
    assert [result.name for result in soak.judged(hours(240), 20.0) if result.ok is False] == []


@pytest.mark.parametrize(
    ("key", "name", "hourly"),
    [
        ("rss", "resident memory", 0.05),
        ("tasks", "tasks", 0.01),
        ("files", "file handles", 0.01),
        ("ours", "objects of home_bms", 5.0),
        ("cpu", "CPU of a simulated hour", 0.01),
    ],
)
def test_what_grows_is_told_with_its_slope(key: str, name: str, hourly: float) -> None:
    result = told(hours(240, **{key: hourly}))[name]
    assert result.ok is False
    assert result.value == pytest.approx(24 * hourly, rel=0.3)


def test_what_falls_is_no_leak() -> None:
    assert told(hours(240, rss=-0.05))["resident memory"].ok is True


def test_the_kind_of_object_that_is_kept_is_named() -> None:
    judged = told(hours(240, lost=1.0))
    assert judged["  b.Lost grows a day"].value == pytest.approx(24.0, rel=0.01)
    assert "  a.Kept grows a day" not in judged


def test_a_kind_that_is_kept_up_to_a_bound_may_grow_up_to_there() -> None:
    kind = "custom_components.home_bms.core.past.Session"
    for count, told_of in ((soak.BOUNDED["core.past.Session"], False), (2 * soak.BOUNDED["core.past.Session"], True)):
        samples = hours(240)
        for sample in samples:
            sample["kinds"][kind] = round(count * sample["hour"] / 240)
        assert ("  core.past.Session grows a day" in told(samples)) is told_of


def test_a_step_is_no_leak() -> None:
    samples = hours(240)
    for sample in samples[160:]:
        sample["rss"] += 5.0
    assert told(samples)["resident memory"].ok is True


def test_what_was_before_the_recorder_purged_is_not_looked_at() -> None:
    samples = hours(240)
    for sample in samples[: soak.PURGED]:
        sample["rss"] -= 100.0
    assert told(samples)["resident memory"].ok is True


def test_a_warning_about_home_bms_is_told_and_misses() -> None:
    samples = hours(240)
    samples[-1]["warnings"] = ["sensor.recorder: Entity %s is not strictly increasing"]
    result = told(samples)["  kinds of warnings about it"]
    assert (result.value, result.ok) == (1, False)
    assert "not strictly increasing" in result.why


async def test_a_day_of_waiting_is_left_out_and_each_clock_has_moved_on_by_it() -> None:
    clock, loop = Clock(), asyncio.get_running_loop()
    selector = loop._selector
    with patch("time.monotonic", clock.monotonic):
        clock.lead(loop)
        began, wall, real = time.monotonic(), clock.time(), clock._monotonic()
        await asyncio.sleep(86_400)
        assert time.monotonic() - began >= 86_400
        assert clock.time() - wall >= 86_399
        assert clock.utcnow().timestamp() == pytest.approx(clock.time(), abs=60)
        assert clock._monotonic() - real < 3600
        # Whatever works outside of the loop takes the time that it takes.
        sleeping = asyncio.create_task(asyncio.sleep(3600))
        await asyncio.to_thread(time.sleep, 0.02)
        assert not sleeping.done()
        clock.busy = lambda: True
        loop.call_later(0.02, setattr, clock, "busy", lambda: False)
        await sleeping
        loop._selector = selector
        del loop.run_in_executor
        now = clock.monotonic()
    # What is left in the loop was scheduled by the clock that is gone.
    loop.time = lambda real=clock._monotonic, skipped=clock.skipped: real() + skipped
    assert loop.time() >= now


@by_night
async def test_hours_in_a_real_home_assistant_pass_without_a_failed_read(socket_enabled: None) -> None:
    results = {result.name: result async for result in soak.measure(DAYS, 60.0)}
    assert results["  polls"].value >= soak.PACKS * 60 * 24 * DAYS
    idle = "packs that may neither charge nor discharge at the end"
    for name in ("failed reads", "failed writes", "faults", "kinds of warnings about it", idle):
        assert results[f"  {name}"].ok is True, results[f"  {name}"]
    assert results["tasks, mean"].value > 0
    assert results["rows in the recorder, mean"].value > 0
