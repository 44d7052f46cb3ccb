"""Runs every measurement and prints each value beside its floor; a floor that is not met is told and fails nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from . import balance, beside, bus, dashboard, reaction, sample, step
from .result import Result


def main() -> int:
    """Return 0, unless a measurement breaks."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument("--runs", type=int, default=200, help="trips to measure the reaction with (%(default)s)")
    parser.add_argument("--seconds", type=float, default=120, help="of a real Home Assistant (%(default)s)")
    parser.add_argument("--bus", type=float, default=60, metavar="SECONDS", help="of a crowded bus (%(default)s)")
    parser.add_argument("--browser", type=float, default=30, metavar="SECONDS", help="of a dashboard (%(default)s)")
    options = parser.parse_args()

    # A server that is stopped while somebody asks says so at length.
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

    results: list[Result] = []
    results += _show(f"The core, CPython {platform.python_version()}", list(step.measure()))
    results += _show("Learning a battery, of it", list(sample.measure()))
    title = (
        f"From a register beyond its trip level to the write that opens the switch, polled every {reaction.PERIOD} s"
    )
    results += _show(title, list(asyncio.run(reaction.measure(options.runs))))
    title = f"{bus.PACKS} packs on one bus at {bus.BAUDRATE} baud, each thinking for {bus.TURNAROUND * 1000:.0f} ms"
    results += _show(title, list(asyncio.run(bus.measure(options.bus))))
    results += _show("Evening out two cells that are ahead, on a virtual pack", list(balance.measure()))
    title = (
        f"In a real Home Assistant over {options.seconds:.0f} s, beside its modbus integration with a sensor per value"
    )
    results += _show(title, asyncio.run(_beside(options.seconds)))
    results += _show("In a browser in front of a real Home Assistant", asyncio.run(_dashboard(options.browser)))
    if options.json:
        options.json.write_text(json.dumps([asdict(result) | {"ok": result.ok} for result in results], indent=2) + "\n")
    missed = [result.name for result in results if result.ok is False]
    print(f"\n{len(missed)} of {sum(result.ok is not None for result in results)} floors not met")
    return 0


def _show(title: str, results: list[Result]) -> list[Result]:
    print(f"\n{title}", *results, sep="\n", flush=True)
    return results


async def _beside(seconds: float) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        return [result async for result in beside.measure(Path(folder), seconds)]


async def _dashboard(seconds: float) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        return [result async for result in dashboard.measure(Path(folder), seconds)]


if __name__ == "__main__":
    sys.exit(main())
