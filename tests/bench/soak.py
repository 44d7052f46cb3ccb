"""Whether a Home Assistant with four packs stays as it is over days: a line through what it holds, with its error."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from .home import KEPT
from .result import Result
from .serve import ROOT

PACKS: Final = 4
PERIOD: Final = 20.0
"""s between two polls, 1 s in life: all that goes by the calendar is there, of the polls a twentieth."""
SIGMAS: Final = 3.0
SETTLED: Final = 1 / 3
"""Of the time, before which caches fill."""
PURGED: Final = 24 * (KEPT + 1)
"""h after which the recorder purges as much as it writes; looked at from there on, if that leaves a third of them."""
BLOCKS: Final = 20
"""Means that the line goes through: neighbours among hours are too alike to count each for itself."""
KINDS: Final = 5.0
"""Objects of one kind a day that come and go with what a pack happens to do."""
LEAST: Final = 3
"""Points of a line whose error can be told."""
BOUNDED: Final[Mapping[str, int]] = {
    # The last sessions of each pack, with where they began and ended (`core.sessions`).
    "core.past.Session": 60 * PACKS,
    "core.past.Mark": 240 * PACKS,
    # What the virtual packs keep of their links (`hw.virtual.server`).
    "hw.virtual.server.Request": 10_000 * PACKS,
    "hw.virtual.server.Write": 10_000 * PACKS,
    "core.model.Switches": 11_000 * PACKS,
}
"""Objects that there may be so many of, which takes longer than a short soak."""
DAY: Final = 24.0


HEAP: Final = (
    "looked at too briefly, or it grows: steps, as with a first purge or a first black box, are over after some days;"
    " what is left then, `--trace` tells"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Something that must not grow; `floor` is the slope a day below which nobody minds, whatever its error."""

    key: str
    name: str
    unit: str
    floor: float
    why: str = "it grows; `--trace` tells where"


WATCHED: Final = (
    Watched(key="rss", name="resident memory", unit="MB", floor=0.2, why=HEAP),
    Watched(key="tasks", name="tasks", unit="", floor=0.02),
    Watched(key="threads", name="threads", unit="", floor=0.1),
    Watched(key="files", name="file handles", unit="", floor=0.1),
    Watched(key="ours", name="objects of home_bms", unit="", floor=50.0),
    Watched(key="objects", name="objects in all", unit="", floor=1000.0),
    Watched(key="rows", name="rows in the recorder", unit="", floor=1000.0),
    Watched(key="cpu", name="CPU of a simulated hour", unit="s", floor=0.02),
)
SHOWN: Final = tuple(watched.key for watched in WATCHED)
WHY: Final = "it grows; `--trace` tells where"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through points: its slope, and one standard error of that."""

    slope: float
    error: float
    mean: float


def fit(xs: Sequence[float], ys: Sequence[float]) -> Line:
    """Return the line of least squares; its error is what the points' distance from it tells. Needs `LEAST` points."""
    middle, mean = fmean(xs), fmean(ys)
    spread = sum((x - middle) ** 2 for x in xs)
    slope = sum((x - middle) * (y - mean) for x, y in zip(xs, ys, strict=True)) / spread
    rest = sum((y - mean - slope * (x - middle)) ** 2 for x, y in zip(xs, ys, strict=True))
    return Line(slope=slope, error=sqrt(rest / (len(xs) - 2) / spread), mean=mean)


def blocks(values: Sequence[float], count: int = BLOCKS) -> list[float]:
    """Return the means of so many neighbours each, or as they are if there are no more than that."""
    size = max(1, len(values) // count)
    return [fmean(values[at : at + size]) for at in range(0, size * (len(values) // size), size)]


def calmer(xs: Sequence[float], ys: Sequence[float]) -> Line:
    """Return the line through the half that grows less: a leak grows in both, a cache that is filled once in one."""
    middle = len(xs) // 2
    halves = [(xs[:middle], ys[:middle]), (xs[middle:], ys[middle:])]
    return min(
        (fit(*half) for half in halves if len(half[0]) >= LEAST), key=lambda line: line.slope, default=fit(xs, ys)
    )


def flat(line: Line, floor: float) -> bool:
    """Whether a slope is none that the points prove, or too small to mind."""
    return line.slope < max(SIGMAS * line.error, floor)


async def measure(days: float, period: float = PERIOD, *, trace: bool = False) -> AsyncIterator[Result]:
    """Live and yield the slope of everything; what it holds is printed each simulated day. Needs three hours."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "hass.out"
        with out.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.bench.soak_life", folder),
                *("--days", str(days), "--period", str(period), "--packs", str(PACKS), *["--trace"] * trace),
                stdout=asyncio.subprocess.PIPE,
                stderr=None if trace else errors,
                cwd=ROOT,
                limit=2**20,
            )
        assert process.stdout is not None
        hours = []
        async for line in process.stdout:
            if not line.startswith(b"{"):
                continue
            hours.append(json.loads(line))
            if hours[-1]["hour"] % DAY == 0:
                print("  " + ", ".join(f"{name} {hours[-1][name]:g}" for name in ("hour", *SHOWN)), flush=True)
        if await process.wait() or len(hours) < LEAST:
            raise RuntimeError(out.read_text()[-2000:])
    for result in judged(hours, period):
        yield result


def judged(hours: Sequence[Mapping[str, Any]], period: float) -> Iterator[Result]:
    """Yield the slopes of what comes after settling, and of each kind of our objects that grows."""
    last = hours[-1]
    days = last["hour"] / DAY
    yield Result(name=f"lived through with {PACKS} packs polled every {period:g} s", value=days, unit="days")
    yield Result(name="  polls", value=last["polls"])
    for name in ("failed_reads", "failed_writes", "faults"):
        yield Result(name=f"  {name.replace('_', ' ')}", value=last[name], most=0)
    if "refused" in last:
        yield Result(name="  packs that may neither charge nor discharge at the end", value=last["refused"], most=0)
    settled = max(round(SETTLED * len(hours)), min(PURGED, 2 * len(hours) // 3))
    late = hours[min(settled, len(hours) - LEAST) :]
    if "warnings" in last:
        yield Result(
            name="  kinds of warnings about it",
            value=len(last["warnings"]),
            most=0,
            why="; ".join(last["warnings"]),
        )
    yield Result(name="  looked at", value=len(late) / DAY, unit="days")
    xs = blocks([hour["hour"] / DAY for hour in late])
    for watched in WATCHED:
        yield from _told(watched, xs, [hour[watched.key] for hour in late])
    kinds = {kind for hour in (late[0], last) for kind in hour["kinds"]}
    for kind in sorted(kinds):
        short = kind.removeprefix("custom_components.home_bms.")
        calm = calmer(xs, blocks([hour["kinds"].get(kind, 0) for hour in late]))
        if not flat(calm, KINDS) and last["kinds"].get(kind, 0) > BOUNDED.get(short, 0):
            yield Result(name=f"  {short} grows a day", value=calm.slope, most=KINDS, why=WHY)


def _told(watched: Watched, xs: Sequence[float], values: Sequence[float]) -> Iterator[Result]:
    ys, unit = blocks(values), f"{watched.unit}/day" if watched.unit else "/day"
    line, calm = fit(xs, ys), calmer(xs, ys)
    yield Result(name=f"{watched.name}, mean", value=line.mean, unit=watched.unit)
    yield Result(name=f"  grows, +- {line.error:.2g}", value=line.slope, unit=unit)
    bound = float(f"{max(SIGMAS * calm.error, watched.floor):.2g}")
    yield Result(
        name=f"  in the calmer half, +- {calm.error:.2g}", value=calm.slope, unit=unit, most=bound, why=watched.why
    )


def main() -> int:
    """Judge hours that were printed before, as `soak_life` prints them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--period", type=float, default=PERIOD)
    options = parser.parse_args()
    hours = [json.loads(line) for line in options.file.read_text().splitlines() if line.startswith("{")]
    print(*judged(hours, options.period), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
