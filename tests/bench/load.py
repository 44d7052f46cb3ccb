"""What home_bms costs Home Assistant with one to sixteen packs, beside the modbus integration with the same values."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

from .home import CELLS
from .result import Result
from .serve import ROOT, served

MOST: Final = 16
MIDDLE: Final = 4
"""Packs beside the modbus integration."""
SETTLE: Final = 75.0
"""s until limits have risen and the black box's minute is full."""
PREPARE: Final = 15.0
"""s of a first start, in which Home Assistant writes down each entity; what is measured comes after the second."""
# The floors.
CPU: Final = 10.0
STALL: Final = 5.0
START: Final = 1.0
GROWN: Final = 2.0

WHY_WALL: Final = (
    "others on the machine, and the recorder's thread that holds the interpreter, stretch it; work stands below"
)
WHY_WORK: Final = "Python's collector comes upon whoever allocates; what is done without it stands below"
WHY_OWN: Final = "one pack that tells its entities: most of it is Home Assistant's writing of states"
STALLS: Final = (
    ("walls", "", WHY_WALL),
    ("worked", ", on a processor", WHY_WORK),
    ("own", ", without the collector", WHY_OWN),
)
"""What `turns.Turns` holds, what that is called, and why it may be too long."""
WHY_START: Final = (
    "a BMS on RS485 wants silence between requests, 0.6 s in all before the first reading; the rest is work, most of it"
    " Home Assistant's own, which adds 122 entities a pack one after the other, and Python's collector"
)
WHY_GROWN: Final = (
    "122 entities a pack, of which Home Assistant keeps registry entries, states and their JSON, by tracemalloc some"
    " 14 kB each; home_bms's own files asked for 0.4 MB a pack"
)


async def measure(seconds: float) -> AsyncIterator[Result]:
    """Yield all of it, each window `seconds` long; packs and each Home Assistant have processes of their own."""
    idle = await _live("nothing", 0, seconds)
    still = idle["cpu"] / idle["seconds"]
    one, middle, most = [await _live("home_bms", packs, seconds) for packs in (1, MIDDLE, MOST)]
    for result in _loop(most, still):
        yield result
    for packs, life in ((MIDDLE, middle), (MOST, most)):
        started = [start["wall"] for start in life["starts"]]
        quickest = min(life["starts"], key=lambda start: float(start["wall"]))
        name = f"start-up with {packs} reachable packs, best of {len(started)}"
        yield Result(name=name, value=min(started), unit="s", most=START, why=WHY_START)
        for part, where in (("cpu", "on a processor"), ("collected", "in Python's collector")):
            yield Result(name=f"  of it {where}", value=quickest[part], unit="s")
    theirs = await _live("modbus", MIDDLE, seconds)
    grown = (most["resident"] - one["resident"]) / (MOST - 1)
    entities = (most["entities"] - one["entities"]) / (MOST - 1)
    sensor = (theirs["resident"] - idle["resident"]) / theirs["entities"]
    beside = {"peer": entities * sensor, "peer_name": f"{entities:.0f} sensors of the modbus integration"}
    name = f"memory for each pack more, from 1 to {MOST}"
    yield Result(name=name, value=grown, unit="MB", most=GROWN, why=WHY_GROWN, **beside)
    for result in _beside(middle, theirs, still):
        yield result


def _loop(life: dict[str, Any], still: float) -> Iterator[Result]:
    """Tell what sixteen packs do to the event loop."""
    cpu = 100 * (life["cpu"] / life["seconds"] - still)
    yield Result(name=f"{MOST} packs of {CELLS} cells each second, of a core", value=cpu, unit="%", most=CPU)
    for key, name in (("longest", "longest stall of the loop"), ("usual", "99.9 % of all moments wait at most")):
        for part, how, why in STALLS:
            indent = "  " if how else ""
            yield Result(name=f"{indent}{name}{how}", value=1000 * life[part][key], unit="ms", most=STALL, why=why)


def _beside(ours: dict[str, Any], theirs: dict[str, Any], still: float) -> Iterator[Result]:
    """Tell what one pack costs, with both integrations reading it each second."""
    rows = {
        "CPU of one poll of one pack": (
            1000,
            "ms",
            lambda life: (life["cpu"] - still * life["seconds"]) / life["polls"],
        ),
        "states written for one pack": (3600 / MIDDLE, "/hour", lambda life: _rate(life, "changed", "reported")),
        "  of them changed, which are rows": (3600 / MIDDLE, "/hour", lambda life: _rate(life, "rows")),
        "the recorder's file grows for one pack, statistics included": (
            3.6 / MIDDLE,
            "kB/hour",
            lambda life: _rate(life, "bytes"),
        ),
        "written to the disk for one pack": (0.0036 / MIDDLE, "MB/hour", lambda life: _rate(life, "disk")),
    }
    for name, (scale, unit, of) in rows.items():
        peer = f"modbus integration, {theirs['entities'] // MIDDLE} sensors at 1 s"
        yield Result(name=name, value=scale * of(ours), unit=unit, peer=scale * of(theirs), peer_name=peer)


def _rate(life: dict[str, Any], *names: str) -> float:
    """Return what came each second, until it was committed."""
    return sum(life[name] for name in names) / life["recorded"]


async def _live(way: str, packs: int, seconds: float) -> dict[str, Any]:
    """Run one Home Assistant, for home_bms the second time, and return what it told of itself."""
    async with served(packs) as ports:
        with tempfile.TemporaryDirectory() as folder:
            if way == "home_bms":
                await _run(folder, way, ports, PREPARE, 0.0)
            return await _run(folder, way, ports, SETTLE, seconds)


async def _run(folder: str, way: str, ports: list[int], settle: float, seconds: float) -> dict[str, Any]:
    options = ["--way", way, "--settle", str(settle), "--seconds", str(seconds), "--ports", *map(str, ports)]
    with (Path(folder) / "hass.out").open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.load_life", folder, *options),
            stdout=asyncio.subprocess.PIPE,
            stderr=out,
            cwd=ROOT,
        )
        told, _ = await process.communicate()
    if not told:
        raise RuntimeError((Path(folder) / "hass.out").read_text()[-2000:])
    life: dict[str, Any] = json.loads(told.splitlines()[-1])
    return life
