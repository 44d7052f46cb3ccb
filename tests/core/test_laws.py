"""What must hold for every pack, every past and every reading."""

from dataclasses import replace
from functools import cache
from math import inf, nan
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.model import (
    Decision,
    Level,
    PackConfig,
    PackReading,
    PackState,
    Reaction,
    Switches,
)

from .conftest import make_config, make_reading

CELLS = 4
CONFIG = make_config(cells=CELLS)
WINDOWED = make_config(cells=CELLS, overrides={"soc_min": 20.0, "soc_max": 80.0})

anything = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 65.535, -40.0, 85.0, inf, -inf, nan]))
positions = st.builds(
    Switches,
    charge=st.sampled_from([None, True, False]),
    discharge=st.sampled_from([None, True, False]),
    balance=st.sampled_from([None, True, False]),
    bleed=st.none() | st.lists(st.booleans(), max_size=CELLS + 1).map(tuple),
)


@st.composite
def wild_readings(draw: st.DrawFn) -> PackReading:
    """Any reading at all, nonsense included."""
    time = st.one_of(st.none(), st.floats(0, 100), st.sampled_from([nan, inf, -inf]))
    return PackReading(
        time=draw(st.floats(0, 100)),
        cells=tuple(draw(st.lists(anything, max_size=6))),
        cells_time=draw(time),
        temperatures=tuple(draw(st.lists(anything, max_size=4))),
        temperatures_time=draw(time),
        current=draw(anything),
        voltage=draw(anything),
        current_time=draw(time),
        switch_temperature=draw(anything),
        soc=draw(anything),
        soh=draw(anything),
        switches=draw(positions),
        commanded=draw(positions),
        balancing=draw(st.none() | st.booleans()),
        balance_current=draw(anything),
    )


@st.composite
def real_readings(draw: st.DrawFn) -> dict[str, Any]:
    """What a pack may really show, from far below to far above its limits."""
    cells = tuple(draw(st.lists(st.floats(2.4, 3.9), min_size=CELLS, max_size=CELLS)))
    return {
        "cells": cells,
        "temperatures": (draw(st.floats(-25, 65)), draw(st.floats(-25, 65))),
        "current": draw(st.floats(-250, 250)),
        "voltage": sum(cells),
        "switch_temperature": draw(st.floats(0, 95)),
        "soc": draw(st.one_of(st.none(), st.floats(0, 100))),
        "switches": draw(positions),
        "commanded": draw(positions),
    }


@cache
def rested(windowed: bool) -> PackState:
    """A pack that has run quietly until its limits are the rated ones: it has something to lose."""
    config, state = (WINDOWED if windowed else CONFIG), bms.start(CONFIG)
    for time in range(2, 102, 2):
        state, decision = bms.step(config, state, make_reading(float(time), cells=(3.3,) * CELLS, voltage=3.3 * CELLS))
    assert limits(decision) == (CELLS * 3.45, 100, 150)
    return state


def live(config: PackConfig, past: list[dict[str, Any]]) -> tuple[PackState, float]:
    """Let the rested pack live through `past`, a second each."""
    state, time = rested(config is WINDOWED), 100.0
    for changes in past:
        time += 1
        state, _ = bms.step(config, state, make_reading(time, **changes))
    return state, time


def limits(decision: Decision) -> tuple[float, float, float]:
    return decision.cvl.value, decision.ccl.value, decision.dcl.value


pasts = st.lists(real_readings(), max_size=4)
windows = st.sampled_from([CONFIG, WINDOWED])


@given(st.lists(wild_readings(), min_size=1, max_size=4), windows)
def test_any_reading_gives_a_decision_inside_the_rated_limits(readings: list[PackReading], config: PackConfig) -> None:
    state = bms.start(config)
    for reading in readings:
        state, decision = bms.step(config, state, reading)
        assert 0 <= decision.ccl.value <= config.charge_current
        assert 0 <= decision.dcl.value <= config.discharge_current
        assert 0 < decision.cvl.value <= config.cells * config.cell_voltage_full
        bms.restore(config, bms.save(state), now=0.0, gap=None)


@given(st.lists(wild_readings(), min_size=1, max_size=3), pasts)
def test_the_same_past_and_reading_give_the_same_decision(
    readings: list[PackReading], past: list[dict[str, Any]]
) -> None:
    first, _ = live(CONFIG, past)
    second, _ = live(CONFIG, past)
    for reading in readings:
        first, one = bms.step(CONFIG, first, reading)
        second, other = bms.step(CONFIG, second, reading)
        assert repr((one, first)) == repr((other, second))


@given(pasts, real_readings(), st.data())
def test_taking_information_away_raises_no_limit_and_closes_nothing(
    past: list[dict[str, Any]], present: dict[str, Any], data: st.DataObject
) -> None:
    state, time = live(WINDOWED, past)
    before = (state.limits.voltage.value, state.limits.charge.value, state.limits.discharge.value)
    full = make_reading(time + 1, **present)
    lost = data.draw(st.sampled_from(["cell", "temperature", "current", "voltage", "old_cells", "old_all", "count"]))
    index = data.draw(st.integers(0, CELLS - 1))
    poorer = {
        "cell": replace(full, cells=tuple(None if n == index else value for n, value in enumerate(full.cells))),
        "temperature": replace(full, temperatures=(None, full.temperatures[1])),
        "current": replace(full, current=None),
        "voltage": replace(full, voltage=None),
        "old_cells": replace(full, cells_time=time - 20),
        "old_all": replace(full, cells_time=None, temperatures_time=None, current_time=None),
        "count": replace(full, cells=full.cells[1:]),
    }[lost]
    _, rich = bms.step(WINDOWED, state, full)
    _, poor = bms.step(WINDOWED, state, poorer)
    for was, known, unknown in zip(before, limits(rich), limits(poor), strict=True):
        assert unknown <= max(was, known) + 1e-9
    assert poor.switches.charge is not True
    assert poor.switches.discharge is not True
    assert not poor.charge_permitted
    assert not poor.discharge_permitted


@given(st.floats(1, 3600), st.floats(0, 30))
def test_silence_never_permits_more_and_ends_at_zero(silence: float, current: float) -> None:
    state, time = live(CONFIG, [{"cells": (3.3,) * CELLS, "voltage": 3.3 * CELLS, "current": current}])
    last = make_reading(time, cells=(3.3,) * CELLS, voltage=3.3 * CELLS, current=current)
    _, before = bms.step(CONFIG, state, last)
    _, after = bms.step(CONFIG, state, replace(last, time=time + silence))
    assert limits(after) <= limits(before)
    if silence > 10:
        assert (after.ccl.value, after.dcl.value) == (0, 0)


def small(past: list[dict[str, Any]], present: dict[str, Any], worse: dict[str, Any]) -> tuple[Decision, Decision]:
    state, time = live(WINDOWED, [*past, present, present])
    _, mild = bms.step(WINDOWED, state, make_reading(time + 1, **present))
    _, harsh = bms.step(WINDOWED, state, make_reading(time + 1, **worse))
    return mild, harsh


@given(real_readings(), st.floats(0.0, 0.05))
def test_charging_falls_towards_the_upper_edge(present: dict[str, Any], more: float) -> None:
    cells = present["cells"]
    high = max(cells)
    raised = tuple(value + more if value == high else value for value in cells)
    mild, harsh = small([], present, present | {"cells": raised, "voltage": sum(raised)})
    assert harsh.ccl.value <= mild.ccl.value
    assert harsh.cvl.value <= mild.cvl.value + 1e-9


@given(real_readings(), st.floats(0.0, 0.05))
def test_discharging_falls_towards_the_lower_edge(present: dict[str, Any], less: float) -> None:
    cells = present["cells"]
    low = min(cells)
    lowered = tuple(value - less if value == low else value for value in cells)
    mild, harsh = small([], present, present | {"cells": lowered, "voltage": sum(lowered)})
    assert harsh.dcl.value <= mild.dcl.value


@given(real_readings(), st.floats(0.0, 10.0), st.booleans())
def test_currents_fall_towards_heat_and_cold(present: dict[str, Any], step: float, hotter: bool) -> None:
    temperatures = present["temperatures"]
    edge = max(temperatures) if hotter else min(temperatures)
    # Between the slopes a colder or hotter sensor is no nearer to an edge.
    assume(edge >= 40 if hotter else edge <= 10)
    moved = tuple(value + (step if hotter else -step) if value == edge else value for value in temperatures)
    mild, harsh = small([], present, present | {"temperatures": moved})
    assert harsh.ccl.value <= mild.ccl.value
    assert harsh.dcl.value <= mild.dcl.value


@given(pasts, st.lists(real_readings(), min_size=1, max_size=5))
def test_a_trip_never_releases_by_itself(past: list[dict[str, Any]], future: list[dict[str, Any]]) -> None:
    state, time = live(CONFIG, past)
    hot = {"cells": (3.3,) * CELLS, "voltage": 3.3 * CELLS, "temperatures": (64.0, 64.0)}
    for _ in range(2):
        time += 1
        state, _ = bms.step(CONFIG, state, make_reading(time, **hot))
    assert state.tracks["charge_overtemperature"].level is Level.TRIP
    for changes in future:
        time += 100
        state, decision = bms.step(CONFIG, state, make_reading(time, **changes))
        assert state.tracks["charge_overtemperature"].level is Level.TRIP
        assert decision.ccl.value == 0
        assert decision.switches.charge is False


@given(pasts, real_readings(), st.floats(0, 100), st.floats(0, 150))
def test_a_wish_never_widens(past: list[dict[str, Any]], present: dict[str, Any], charge: float, dis: float) -> None:
    state, time = live(CONFIG, past)
    wished = bms.wish(CONFIG, state, replace(state.wishes, charge_current_cap=charge, discharge_current_cap=dis))
    _, free = bms.step(CONFIG, state, make_reading(time + 1, **present))
    _, narrowed = bms.step(CONFIG, wished, make_reading(time + 1, **present))
    assert narrowed.ccl.value <= min(free.ccl.value, charge)
    assert narrowed.dcl.value <= min(free.dcl.value, dis)


reactions = st.builds(Reaction, charge=st.floats(1, 60), discharge=st.floats(1, 60))


@given(pasts, real_readings(), reactions, st.floats(0, 60), st.floats(0, 60))
def test_a_slower_inverter_or_an_unknown_one_is_never_given_more(
    past: list[dict[str, Any]], present: dict[str, Any], quick: Reaction, charge: float, discharge: float
) -> None:
    state, time = live(CONFIG, past)
    reading = make_reading(time + 1, **present)
    state = bms.deliver(state, delivered=True, reaction=quick)
    _, best = bms.step(CONFIG, state, reading)
    slow = Reaction(charge=quick.charge + charge, discharge=quick.discharge + discharge)
    for worse in (bms.deliver(state, delivered=True, reaction=slow), bms.deliver(state, delivered=True)):
        _, decision = bms.step(CONFIG, worse, reading)
        assert all(after <= before for after, before in zip(limits(decision), limits(best), strict=True))


@given(pasts, real_readings(), st.floats(1, 100_000))
def test_a_jump_in_time_lengthens_no_reaction(past: list[dict[str, Any]], present: dict[str, Any], jump: float) -> None:
    """What a second of a fault brings about, a day of it does too."""
    state, time = live(CONFIG, [*past, present, present])
    soon, _ = bms.step(CONFIG, state, make_reading(time + 1, **present))
    later, jumped = bms.step(CONFIG, state, make_reading(time + jump, **present))
    # What is on its way out may be gone after a longer time, and a rise is one per minute.
    standing = {
        key: track
        for key, track in soon.tracks.items()
        if track.level and track.safe_since is None and key != "temperature_rise"
    }
    for key, track in standing.items():
        assert later.tracks[key].level >= track.level
    if jump > CONFIG.age_derate:
        # While nobody looked, nothing was known: no limit rises over a gap.
        stood = (state.limits.voltage.value, state.limits.charge.value, state.limits.discharge.value)
        assert all(after <= before for after, before in zip(limits(jumped), stood, strict=True))


@given(real_readings(), st.integers(0, CELLS - 1), st.floats(3.66, 3.9))
def test_doubting_a_sensor_never_hides_an_overvoltage(present: dict[str, Any], index: int, high: float) -> None:
    """However it came about, a cell that stays too high trips with the second sample."""
    cells = tuple(high if n == index else 3.3 for n in range(CELLS))
    state, time = live(CONFIG, [present, present])
    for _ in range(2):
        time += 1
        reading = make_reading(time, cells=cells, voltage=sum(cells), current=present["current"])
        state, decision = bms.step(CONFIG, state, reading)
    assert state.tracks["cell_overvoltage"].level is Level.TRIP
    assert decision.ccl.value == 0
