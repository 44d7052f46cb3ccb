"""How long it takes to learn from one sample, looks included."""

from __future__ import annotations

from collections.abc import Iterator
from time import thread_time
from typing import Final

from custom_components.home_bms.core import estimation
from custom_components.home_bms.core.battery import Estimate
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import Believed, PackConfig, PackReading, Trust
from custom_components.home_bms.core.plausibility import believe
from custom_components.home_bms.hw.virtual import House, VirtualPack, VirtualWorld

from .growth import growth
from .result import Result

SAMPLES: Final = 2000
PERIOD: Final = 10.0
"""s between samples, as in recordings; Home Assistant looks ten times as often and learns as much from it."""
REPEATS: Final = 3
# The floor for 16 cells.
FLOOR: Final = 60.0


def measure() -> Iterator[Result]:
    """Yield µs per sample for three sizes of pack, the longest sample, and how 64 cells compare with 16, each cell."""
    times = {}
    for cells in (16, 64, 256):
        config, samples = _life(cells)
        mean, longest = min(_run(config, samples) for _ in range(REPEATS))
        times[cells] = mean
        yield Result(name=f"a sample, {cells} cells", value=mean, unit="us", most=FLOOR if cells == 16 else None)
        yield Result(name=f"  the longest, a look, {cells} cells", value=longest / 1000, unit="ms")
    yield growth("a sample", times, 64, 16)
    yield growth("a sample", times, 256, 64)


def _life(cells: int) -> tuple[PackConfig, list[tuple[Believed, PackReading]]]:
    """Return some hours of a pack in its house, as plausibility leaves them."""
    pack = VirtualPack(cells=cells, seed=1)
    world = VirtualWorld(pack, House(pack, seed=1, start_hour=6.0), speed=0.0)
    config = configure(
        chemistry="lfp", cells=cells, capacity=280, charge_current=140, discharge_current=140, temperature_sensors=4
    )
    trust, samples = Trust(), []
    for number in range(SAMPLES):
        world.advance(PERIOD)
        reading = pack.reading(number * PERIOD)
        trust, believed = believe(config, trust, reading)
        samples.append((believed, reading))
    return config, samples


def _run(config: PackConfig, samples: list[tuple[Believed, PackReading]]) -> tuple[float, float]:
    """Return µs of the processor per sample, and those of the longest."""
    known, longest, began = Estimate(capacity=config.capacity), 0.0, thread_time()
    for believed, reading in samples:
        before = thread_time()
        known = estimation.estimate(config, known, believed, reading)
        longest = max(longest, thread_time() - before)
    return (thread_time() - began) / len(samples) * 1e6, longest * 1e6
