"""How long the core takes to judge one reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Final

from custom_components.home_bms.core import bms, protection
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import PackConfig, PackReading
from custom_components.home_bms.hw.virtual import VirtualPack

from .result import Result

READINGS: Final = 300
REPEATS: Final = 7
# performance.md B4: the targets of a full tick and of its protection, for 16 cells.
FULL_STEP: Final = 60.0
PROTECTION: Final = 5.0


def measure() -> Iterator[Result]:
    """Yield µs per step and what of it is protection, for three sizes of pack."""
    for cells in (16, 64, 256):
        config, readings = _charging(cells)
        full = _best(lambda config=config, readings=readings: _steps(config, readings)) / READINGS * 1e6
        watched = _watched(config, readings)
        alone = _best(lambda watched=watched: _protect(watched)) / READINGS * 1e6
        floored = cells == 16
        yield Result(name=f"full step, {cells} cells", value=full, unit="us", most=FULL_STEP if floored else None)
        yield Result(
            name=f"  of it protection, {cells} cells", value=alone, unit="us", most=PROTECTION if floored else None
        )
        yield Result(name=f"  share of protection, {cells} cells", value=100 * alone / full, unit="%")


def _charging(cells: int) -> tuple[PackConfig, list[PackReading]]:
    """Return five minutes of a pack that charges in the middle of its range."""
    pack = VirtualPack(cells=cells, seed=1)
    pack.demand = 50.0
    config = configure(
        chemistry="lfp", cells=cells, capacity=280, charge_current=140, discharge_current=140, temperature_sensors=4
    )
    readings = []
    for second in range(READINGS):
        pack.step(1.0)
        readings.append(pack.reading(float(second)))
    return config, readings


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
    """Return the shortest of several runs in s: what disturbs only ever adds."""
    times = []
    for _ in range(REPEATS):
        began = perf_counter()
        run()
        times.append(perf_counter() - began)
    return min(times)
