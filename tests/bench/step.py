"""How long the core takes to judge one reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from time import thread_time
from typing import Final

from custom_components.home_bms.core import bms, protection
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import PackConfig, PackReading, Stage
from custom_components.home_bms.hw.virtual import VirtualPack

from .growth import growth
from .result import Result

CELLS: Final = (16, 64, 256, 1024)
READINGS: Final = 300
REPEATS: Final = 7
MOST_CELLS: Final = 256
"""Of one virtual pack; more are several of it in a row."""
# performance.md B4: the targets of a full tick and of its protection, for 16 cells.
FULL_STEP: Final = 60.0
PROTECTION: Final = 5.0
WHY_FULL: Final = (
    "some 200 fields of frozen objects are set at each tick, at 85 to 90 ns each; believing, estimating and limiting"
    " take 50 µs, and each looks at every value for its reason"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a pack does for five minutes."""

    name: str
    demand: float
    """A that the outside wants to flow, positive charging."""
    soc: float = 50.0
    ahead: float = 0.0
    """Percent by which one cell is fuller than the others."""
    hot: float | None = None
    """°C that one sensor tells."""


CHARGING: Final = Situation(name="charging", demand=50.0)
OTHERS: Final = (
    Situation(name="at rest", demand=0.0),
    Situation(name="balancing at the top", demand=12.0, soc=99.4, ahead=0.5),
    Situation(name="with alarms standing", demand=0.0, hot=58.0),
)


def measure() -> Iterator[Result]:
    """Yield µs per step and what of it is protection, by the size of the pack; then in other situations."""
    times = {}
    for cells in CELLS:
        config, readings = _minutes(CHARGING, cells)
        full = times[cells] = _best(partial(_steps, config, readings))
        watched = _watched(config, readings)
        alone = _best(partial(_protect, watched))
        floored = cells == CELLS[0]
        yield Result(
            name=f"full step, {cells} cells", value=full, unit="us", most=FULL_STEP if floored else None, why=WHY_FULL
        )
        yield Result(
            name=f"  of it protection, {cells} cells", value=alone, unit="us", most=PROTECTION if floored else None
        )
        yield Result(name=f"  share of protection, {cells} cells", value=100 * alone / full, unit="%")
    yield growth("full step", times, 64, 16)
    yield growth("full step", times, 1024, 256)
    for situation in OTHERS:
        config, readings = _minutes(situation, CELLS[0])
        full = _best(partial(_steps, config, readings))
        yield Result(name=f"full step, {CELLS[0]} cells, {situation.name}", value=full, unit="us")


def _minutes(situation: Situation, cells: int) -> tuple[PackConfig, list[PackReading]]:
    """Return a pack's configuration, and what it tells every second for five minutes."""
    built = min(cells, MOST_CELLS)
    pack = VirtualPack(cells=built, seed=1, soc=situation.soc)
    pack.demand = situation.demand
    pack.cells[3].soc += situation.ahead
    if situation.hot is not None:
        pack.inject("temperature_sentinel", cell=1, value=situation.hot)
    config = configure(
        chemistry="lfp", cells=built, capacity=280, charge_current=140, discharge_current=140, temperature_sensors=4
    )
    readings = []
    for second in range(READINGS):
        pack.step(1.0)
        readings.append(pack.reading(float(second)))
    return _in_a_row(config, readings, cells // built)


def _in_a_row(config: PackConfig, readings: list[PackReading], times: int) -> tuple[PackConfig, list[PackReading]]:
    """Return the same with its cells `times` over: longer than any pack at home, to see how the time grows."""

    def higher(stage: Stage) -> Stage:
        return replace(stage, at=stage.at * times, release=stage.release * times)

    stages = {
        key: tuple(map(higher, stages)) if key in ("pack_overvoltage", "pack_undervoltage") else stages
        for key, stages in config.stages.items()
    }
    config = replace(
        config, cells=config.cells * times, stages=stages, energy=tuple(energy * times for energy in config.energy)
    )
    return config, [
        replace(each, cells=each.cells * times, voltage=None if each.voltage is None else each.voltage * times)
        for each in readings
    ]


def _steps(config: PackConfig, readings: list[PackReading]) -> None:
    state = bms.start(config)
    for reading in readings:
        state, _ = bms.step(config, state, reading)


def _watched(config: PackConfig, readings: list[PackReading]) -> list[protection.Sight]:
    """Return what the protections looked at in each step."""
    state, sights = bms.start(config), []
    for reading in readings:
        before = state
        state, snapshot = bms.observe(config, state, reading)
        sights.append(
            protection.Sight(
                config=config,
                believed=snapshot.believed,
                reading=reading,
                estimate=snapshot.estimate,
                contactors=before.contactors,
                limits=before.limits,
            )
        )
    return sights


def _protect(sights: list[protection.Sight]) -> None:
    tracks = bms.start(sights[0].config).tracks
    for sight in sights:
        tracks = protection.protect(tracks, sight, 0.0)
        if tracks:
            protection.alarms(tracks)


def _best(run: Callable[[], None]) -> float:
    """Return the shortest of several runs, µs of the processor a reading: what disturbs only ever adds."""
    times = []
    for _ in range(REPEATS):
        began = thread_time()
        run()
        times.append(thread_time() - began)
    return min(times) / READINGS * 1e6
