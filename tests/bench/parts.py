"""The parts of the benchmark, each with what runs it."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from . import balance, beside, bus, dashboard, frames, load, reaction, sample, soak, step
from .result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some measurements under one title."""

    title: str
    measure: Callable[[Namespace], AsyncIterator[Result]]


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


async def _each(results: Iterable[Result]) -> AsyncIterator[Result]:
    for result in results:
        yield result


async def _reaction(options: Namespace) -> AsyncIterator[Result]:
    for result in await reaction.measure(options.runs):
        yield result


async def _bus(options: Namespace) -> AsyncIterator[Result]:
    for result in await bus.measure(options.bus):
        yield result


async def _beside(options: Namespace) -> AsyncIterator[Result]:
    with _folder() as folder:
        async for result in beside.measure(folder, options.seconds):
            yield result


async def _dashboard(options: Namespace) -> AsyncIterator[Result]:
    with _folder() as folder:
        async for result in dashboard.measure(folder, options.browser):
            yield result


PARTS: Final[Mapping[str, Part]] = {
    "step": Part(title="One reading judged by the core", measure=lambda _: _each(step.measure())),
    "sample": Part(title="Learning a battery, of it", measure=lambda _: _each(sample.measure())),
    "reaction": Part(
        title=f"From a register beyond its trip level to the write that opens the switch, polled every"
        f" {reaction.PERIOD} s, more seldom beyond {reaction.CROWD} packs",
        measure=_reaction,
    ),
    "bus": Part(
        title=f"{bus.PACKS} packs on one bus at {bus.BAUDRATE} baud, each thinking for {bus.TURNAROUND * 1000:.0f} ms",
        measure=_bus,
    ),
    "can": Part(title="Frames of CAN, on a processor", measure=lambda _: _each(frames.measure())),
    "balance": Part(
        title="Evening out two cells that are ahead, on a virtual pack", measure=lambda _: _each(balance.measure())
    ),
    "beside": Part(
        title="In a real Home Assistant, beside its modbus integration with a sensor per value", measure=_beside
    ),
    "load": Part(
        title="The load on a real Home Assistant, packs served by another process",
        measure=lambda options: load.measure(options.seconds),
    ),
    "dashboard": Part(title="In a browser in front of a real Home Assistant", measure=_dashboard),
    "soak": Part(
        title=f"{soak.PACKS} packs in a Home Assistant whose clocks skip all waiting",
        measure=lambda options: soak.measure(options.days, options.period, trace=options.trace),
    ),
}
BY_NIGHT: Final = ("soak",)
"""Those that take hours, so only where they are named."""
