"""The benchmark measures what it says; how fast this machine is does not matter here."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.model import Mode, Quality, Snapshot

from ..matrix.timewarp import warped
from . import beside, bus, dashboard, reaction, sample, step
from .growth import growth
from .result import Result


@pytest.mark.parametrize(
    ("floor", "ok", "line"),
    [
        ({}, None, "a value"),
        ({"most": 3}, True, "ok"),
        ({"most": 1}, False, "NOT MET"),
        ({"least": 1}, True, "ok"),
        ({"least": 3}, False, "NOT MET"),
    ],
)
def test_a_value_is_judged_by_its_floor(floor: dict[str, Any], ok: bool | None, line: str) -> None:
    result = Result(name="a value", value=2.0, unit="ms", **floor)
    assert result.ok is ok
    assert line in str(result)


def test_every_size_of_pack_is_stepped_and_protection_is_a_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "REPEATS", 1)
    results = {result.name: result.value for result in step.measure()}
    for cells in (16, 64, 256, 1024):
        full = results[f"full step, {cells} cells"]
        assert 0 < results[f"  of it protection, {cells} cells"] < full
    assert results["full step, 1024 cells beside 256, each cell"] > 0


def test_the_packs_that_are_stepped_do_what_their_names_say() -> None:
    def ends(situation: step.Situation, cells: int = 16) -> Snapshot:
        config, readings = step._minutes(situation, cells)
        state = bms.start(config)
        for reading in readings:
            state, snapshot = bms.observe(config, state, reading)
        return snapshot

    charging, long = ends(step.CHARGING), ends(step.CHARGING, 1024)
    assert charging.decision.mode is long.decision.mode is Mode.CHARGING
    assert charging.decision.alarms == long.decision.alarms == ()
    assert len(long.believed.cells) == 1024
    assert long.believed.quality is Quality.GOOD
    rest, top, alarms = (ends(situation) for situation in step.OTHERS)
    assert rest.decision.mode is Mode.IDLE
    assert top.decision.balance.active
    assert len(alarms.decision.alarms) >= 3


def test_a_cell_that_costs_more_in_a_larger_pack_is_no_linear_growth() -> None:
    linear, square = {16: 60.0, 64: 80.0}, {16: 60.0, 64: 60.0 * 17}
    assert growth("step", linear, 64, 16).ok
    assert growth("step", square, 64, 16).ok is False


def test_every_size_of_pack_is_learned_from_and_a_look_is_the_longest_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "REPEATS", 1)
    monkeypatch.setattr(sample, "SAMPLES", 500)
    results = {result.name: result.value for result in sample.measure()}
    for cells in (16, 64, 256):
        assert 0 < results[f"a sample, {cells} cells"] < 1000 * results[f"  the longest, a look, {cells} cells"]
    assert results["a sample, 64 cells beside 16, each cell"] > 0


async def test_every_run_ends_with_the_switch_open_on_the_wire(socket_enabled: None) -> None:
    results = list(await reaction.measure(runs=4, packs=(1, 4)))
    assert [result.name for result in results[::5]] == ["1 pack: median of 4 trips", "4 packs: median of 4 trips"]
    assert all(result.value > 0 for result in results if result.unit == "periods")


async def test_packs_of_every_kind_share_a_bus_and_a_dead_unit_is_beside_them(socket_enabled: None) -> None:
    # On a bus all of it is waiting, which is left out here.
    with warped(asyncio.get_running_loop()):
        results = list(await bus.measure(seconds=10, packs=3))
    assert [result.unit for result in results] == ["s", "s", "s", "times", "s", "s", "s", "times", "a minute"]
    assert all(result.value > 0 for result in results if result.unit == "s")


def test_no_two_units_of_the_bench_have_one_address_and_none_one_that_its_kind_cannot_have() -> None:
    wired = bus.on_the_bus(17)
    assert len({unit for _, unit in wired}) == len(wired) == 17
    assert all(unit in device.unit_ids for device, unit in wired)
    assert len({device.key for device, _ in wired}) > 3


def test_the_other_integration_is_asked_for_the_same_values() -> None:
    values = list(beside._values())
    assert [name for name, _, _ in values][:2] == ["cell 1", "cell 2"]
    assert len(values) >= beside.READS_BESIDE
    assert len({(name, address) for name, address, _ in values}) == len(values)


def test_a_silence_parts_two_polls() -> None:
    assert list(beside._bursts([0.0, 0.1, 1.0, 1.1, 1.2])) == [[0.0, 0.1], [1.0, 1.1, 1.2]]


def test_a_browser_loads_no_more_than_the_dashboard_may_weigh() -> None:
    assert dashboard.size() <= dashboard.SIZE
