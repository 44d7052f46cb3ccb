"""Keeps what was measured last of each part, and writes it as docs/benchmarks.md."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from homeassistant import const

from .parts import PARTS
from .result import Result

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = DOCS / "benchmarks.md"
KEPT: Final = DOCS / "benchmarks.json"
HEAD: Final = """\
# Benchmarks

What home_bms costs and how fast it reacts, beside what it has to be (*floor*) and beside others (*peer*) that did the
same in the same run. `scripts/bench --write` makes this page, `scripts/bench PART --write` one part of it; no number
here was written by hand.

Each part says when and where it was measured. What others do on the same machine only ever adds to a time: shortest
times, medians and seconds of a processor are told where they can be, and what is left is told as the cause. Ratios
travel to your machine, times do not: a Raspberry Pi 4 is about six times slower than a server, a Pi 5 three times.
"""


def machine() -> str:
    """Return where this runs, in a line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    python = f"CPython {platform.python_version()}, Home Assistant {const.__version__}"
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, {python}"


def keep(name: str, results: Sequence[Result]) -> None:
    """Take a part's results in place of older ones."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept[name] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "load": round(os.getloadavg()[2], 1),
        "results": [asdict(result) for result in results],
    }
    KEPT.write_text(json.dumps(kept, indent=2) + "\n")


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(json.loads(KEPT.read_text())))


def page(kept: Mapping[str, Any]) -> str:
    """Return the page that shows what was kept."""
    return HEAD + "".join(f"{line}\n" for name in PARTS if name in kept for line in _part(name, kept[name]))


def _part(name: str, kept: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a part."""
    results = [Result(**result) for result in kept["results"]]
    peers = any(result.ratio is not None for result in results)
    yield from ("", f"## {PARTS[name].title}", "")
    yield f"`scripts/bench {name}`, {kept['date']}: {kept['machine']}; {kept['load']:g} processes wanted to run."
    yield from (
        "",
        "| | measured | floor | met |" + " peer | ratio |" * peers,
        "| --- | ---: | ---: | --- |" + " ---: | ---: |" * peers,
    )
    for result in results:
        met = {None: "", True: "yes", False: "**no**"}[result.ok]
        cells = [_indented(result.name), _told(result.value, result.unit), _sign(result.floor), met]
        if peers:
            known = result.peer is not None and result.ratio is not None
            cells += (
                [f"{_told(result.peer, result.unit)} ({result.peer_name})", f"{result.ratio:.2f}"]
                if known
                else ["", ""]
            )
        yield f"| {' | '.join(cells)} |"
    missed = [result for result in results if result.ok is False]
    if missed:
        yield ""
        yield from (f"- Not met, *{result.name.strip()}*: {result.why or 'not looked into yet'}." for result in missed)


def _indented(name: str) -> str:
    depth = (len(name) - len(name.lstrip())) // 2
    return "&emsp;" * depth + name.strip()


def _told(value: float, unit: str) -> str:
    """Return a value with three digits that count."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 or not value else 3
    text = f"{value:.{digits}f}" if value != int(value) or (abs(value) < 1e-9 and value) else f"{value:.0f}"
    return f"{text} {unit}".strip().replace("us", "µs")


def _sign(floor: str) -> str:
    return floor.replace("<=", "≤").replace(">=", "≥")
