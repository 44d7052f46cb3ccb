"""Runs measurements and prints each value beside its floor; a floor that is not met is told and fails nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

from . import document
from .parts import BY_NIGHT, PARTS
from .result import Result


def main() -> int:
    """Return 0, unless a measurement breaks."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    usual = [name for name in PARTS if name not in BY_NIGHT]
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all but {', '.join(BY_NIGHT)}"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument("--write", action="store_true", help="put the results into docs/benchmarks.md")
    parser.add_argument("--runs", type=int, default=200, help="trips to measure the reaction with (%(default)s)")
    parser.add_argument("--seconds", type=float, default=120, help="of a real Home Assistant (%(default)s)")
    parser.add_argument("--bus", type=float, default=60, metavar="SECONDS", help="of a crowded bus (%(default)s)")
    parser.add_argument("--browser", type=float, default=30, metavar="SECONDS", help="of a dashboard (%(default)s)")
    parser.add_argument("--days", type=float, default=30, help="to soak through (%(default)s)")
    parser.add_argument("--period", type=float, default=20, help="s between two polls of a soak (%(default)s)")
    parser.add_argument("--trace", action="store_true", help="tell where a soak's memory goes to; many times slower")
    options = parser.parse_args()
    if strangers := set(options.parts) - PARTS.keys():
        parser.error(f"no part {', '.join(sorted(strangers))}; there are {', '.join(PARTS)}")

    # A server that is stopped while somebody asks says so at length.
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

    measured: dict[str, list[Result]] = {}
    for name in options.parts or usual:
        part = PARTS[name]
        print(f"\n{part.title}", flush=True)
        measured[name] = asyncio.run(_collected(part.measure(options)))
        if options.write:
            document.keep(name, measured[name])
    results = [result for part in measured.values() for result in part]
    if options.json:
        options.json.write_text(json.dumps([asdict(result) | {"ok": result.ok} for result in results], indent=2) + "\n")
    if options.write:
        document.write()
    missed = [result.name for result in results if result.ok is False]
    print(f"\n{len(missed)} of {sum(result.ok is not None for result in results)} floors not met")
    return 0


async def _collected(results: AsyncIterator[Result]) -> list[Result]:
    """Return a part's results, each printed as it comes."""
    collected = []
    async for result in results:
        print(result, flush=True)
        collected.append(result)
    return collected


if __name__ == "__main__":
    sys.exit(main())
