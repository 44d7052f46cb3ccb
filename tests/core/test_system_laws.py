"""What must hold for every battery of several packs, every past and every loss of sight."""

from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.memory import restore_system, save_system
from custom_components.home_bms.core.model import PackConfig, PackReading, PackState, Snapshot, Switches, SystemDecision
from custom_components.home_bms.core.system import SystemState, step

from .conftest import CLOSED, make_config, make_reading
from .test_laws import CELLS, real_readings, wild_readings

CONFIGS = (
    make_config(cells=CELLS),
    make_config(cells=CELLS, capacity=140.0, charge_current=50.0, discharge_current=70.0),
    make_config(cells=CELLS, charge_current=80.0, discharge_current=80.0),
)
COUNT = len(CONFIGS)
LOSSES = ("cell", "temperature", "current", "voltage", "old_cells", "old_all", "never")

type Told = list[PackReading]


class Battery:
    """Packs and what is remembered of them, handed from one look to the next; nothing in it is changed in place."""

    def __init__(
        self, states: tuple[PackState, ...], system: SystemState, time: float, last: SystemDecision | None = None
    ) -> None:
        self.states, self.system, self.time, self.last = states, system, time, last

    def show(self, told: Told) -> Battery:
        states: list[PackState] = []
        packs: dict[str, tuple[PackConfig, Snapshot]] = {}
        for number, (config, state, reading) in enumerate(zip(CONFIGS, self.states, told, strict=True)):
            new, snapshot = bms.observe(config, state, reading)
            states.append(new)
            packs[str(number)] = (config, snapshot)
        system, decision = step(self.system, packs)
        return Battery(tuple(states), system, told[0].time, decision)

    @property
    def limits(self) -> tuple[float, float, float]:
        assert self.last is not None
        return self.last.cvl.value, self.last.ccl.value, self.last.dcl.value


def quiet(time: float, current: float = 0.0) -> PackReading:
    return make_reading(time, cells=(3.3,) * CELLS, voltage=3.3 * CELLS, current=current, switches=CLOSED)


@cache
def rested() -> Battery:
    """Packs that have run until their limits are the rated ones, and have been seen to share their current."""
    battery = Battery(tuple(bms.start(config) for config in CONFIGS), SystemState(), 0.0)
    for time in range(2, 242, 2):
        current = 20.0 if time // 20 % 2 else -20.0
        battery = battery.show([quiet(float(time), current) for _ in CONFIGS])
    assert battery.limits[0] == CELLS * 3.45
    assert min(battery.limits) > 12
    return battery


presents = st.lists(real_readings(), min_size=COUNT, max_size=COUNT)
pasts = st.lists(presents, max_size=3)


def live(past: list[list[dict[str, Any]]]) -> Battery:
    battery = rested()
    for changes in past:
        time = battery.time + 1
        battery = battery.show([make_reading(time, **each) for each in changes])
    return battery


def poorer(reading: PackReading, loss: str, index: int) -> PackReading:
    old = reading.time - 20
    return {
        "cell": replace(reading, cells=tuple(None if n == index else v for n, v in enumerate(reading.cells))),
        "temperature": replace(reading, temperatures=(None, reading.temperatures[1])),
        "current": replace(reading, current=None),
        "voltage": replace(reading, voltage=None),
        "old_cells": replace(reading, cells_time=old),
        "old_all": replace(reading, cells_time=old, temperatures_time=old, current_time=old),
        "never": PackReading(time=reading.time, switches=reading.switches),
    }[loss]


@settings(max_examples=60)
@given(pasts, presents, st.integers(0, COUNT - 1), st.sampled_from(LOSSES), st.integers(0, CELLS - 1))
def test_taking_information_away_raises_no_limit_of_the_battery(
    past: list[list[dict[str, Any]]], present: list[dict[str, Any]], gone: int, loss: str, index: int
) -> None:
    battery = live(past)
    full = [make_reading(battery.time + 1, **changes) for changes in present]
    poor = [poorer(reading, loss, index) if number == gone else reading for number, reading in enumerate(full)]
    was = battery.limits if battery.last is not None else (0.0, 0.0, 0.0)
    for before, known, unknown in zip(was, battery.show(full).limits, battery.show(poor).limits, strict=True):
        assert unknown <= max(before, known) + 1e-9


@settings(max_examples=40)
@given(st.integers(0, COUNT - 1), st.integers(1, 90), st.floats(-40, 40), st.booleans())
def test_a_pack_that_falls_silent_never_raises_a_limit_while_the_others_stay(
    gone: int, seconds: int, current: float, hot: bool
) -> None:
    battery = rested()
    temperatures = (44.0, 45.0) if hot else (22.0, 23.0)
    told = [quiet(battery.time + 1, current) for _ in CONFIGS]
    told[gone] = replace(told[gone], temperatures=temperatures)
    battery = battery.show(told)
    last = [replace(reading, time=battery.time + 1, current_time=battery.time + 1) for reading in told]
    last = [replace(each, cells_time=each.time, temperatures_time=each.time) for each in last]
    battery = battery.show(last)
    before = battery.limits
    silent = last[gone]
    for _ in range(seconds):
        time = battery.time + 1
        look = [quiet(time, current) for _ in CONFIGS]
        look[gone] = replace(silent, time=time)
        battery = battery.show(look)
        assert all(now <= was + 1e-9 for now, was in zip(battery.limits, before, strict=True))


@given(st.lists(st.lists(wild_readings(), min_size=COUNT, max_size=COUNT), min_size=1, max_size=3))
def test_any_reading_gives_limits_inside_those_of_the_packs(looks: list[Told]) -> None:
    battery = Battery(tuple(bms.start(config) for config in CONFIGS), SystemState(), 0.0)
    for told in looks:
        battery = battery.show([replace(reading, time=told[0].time) for reading in told])
        cvl, ccl, dcl = battery.limits
        assert 0 < cvl <= CELLS * 3.45
        assert 0 <= ccl <= sum(config.charge_current for config in CONFIGS)
        assert 0 <= dcl <= sum(config.discharge_current for config in CONFIGS)
        saved = save_system(battery.system)
        restore_system({str(number): config for number, config in enumerate(CONFIGS)}, saved)


@settings(max_examples=60)
@given(pasts, presents)
def test_the_battery_is_never_asked_for_more_than_a_pack_on_it_tolerates(
    past: list[list[dict[str, Any]]], present: list[dict[str, Any]]
) -> None:
    battery = live(past)
    time = battery.time + 1
    packs: dict[str, tuple[PackConfig, Snapshot]] = {}
    for number, (config, state) in enumerate(zip(CONFIGS, battery.states, strict=True)):
        _, snapshot = bms.observe(config, state, make_reading(time, **present[number]))
        packs[str(number)] = (config, snapshot)
    _, decision = step(battery.system, packs)
    on_bus = [snapshot.decision for key, (_, snapshot) in packs.items() if decision.packs[key].charges]
    assert all(decision.cvl.value <= pack.cvl.value for pack in on_bus)
    assert decision.ccl.value <= sum(pack.ccl.value for pack in on_bus) + 1e-9
    if any(pack.ccl.value == 0 for pack in on_bus):
        assert decision.ccl.value == 0


@settings(max_examples=30)
@given(pasts, presents)
def test_the_same_past_gives_the_same_decision(past: list[list[dict[str, Any]]], present: list[dict[str, Any]]) -> None:
    first, second = live(past), live(past)
    told = [make_reading(first.time + 1, **changes) for changes in present]
    assert repr(first.show(told).last) == repr(second.show(told).last)


def test_the_packs_of_these_laws_are_open_now_and_then() -> None:
    battery = rested()
    told = [quiet(battery.time + 1) for _ in CONFIGS]
    told[0] = replace(told[0], switches=Switches(charge=False, discharge=False))
    after = battery.show(told)
    assert after.last is not None
    assert after.last.packs["0"].reason.rule == "open"
