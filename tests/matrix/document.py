"""Writes docs/fault-matrix.md from the table and from what was measured."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from .rows import DEFECTS, ELSEWHERE, ROWS
from .table import Due, Outcome, Row

PATH = Path(__file__).parents[2] / "docs" / "fault-matrix.md"

INTRODUCTION = """# The fault matrix

Each row is a fault, injected while a virtual pack is watched over a real Modbus link: the register map, the driver, the
supervisor and Home Assistant are the real ones, and only the waiting is left out (`tests/matrix`). A poll is one
judgement, a second after the last. *Expected* says what must hold and after how many polls at the latest; *took* is the
measured number of polls, in the same order; *never* is watched at every poll from the fault's begin until it is mended.
A trip that *latches* must stand by itself after its cause has gone, refuse a reset before, and take one after.

*Where* tells where the fault sits: on the *link* (in a register, a frame or the connection), in *HA* (Home Assistant,
its host, clock or files), in the *reading* (what no register can hold is put into what the driver has read), or in the
*plant* (the coils and contacts of a contactor, simulated without a wire, for no driver has outputs yet).

At the end of each row on a link all that the black box holds is replayed, and every file that it wrote: each decision
comes out bit for bit as it was recorded. Where a row asks for less than, or something else than, the sheet of faults
that the matrix was made from, a note says why.

This file is written by `scripts/fault_matrix`; a test holds that it agrees with the table.
"""


def write(outcomes: Mapping[str, Outcome]) -> str:
    """Return the whole document; what was not measured shows as a dash."""
    lines = [
        INTRODUCTION,
        "| # | fault | injected | expected, within polls | took | back, within polls | took | where |",
        "|--:|---|---|---|--:|---|--:|---|",
        *(_row(row, outcomes.get(row.name)) for row in ROWS),
        "",
        "## Notes",
        "",
        *(f"- **{row.name}** {row.why}" for row in ROWS if row.why),
    ]
    if DEFECTS:
        lines += [
            "",
            "## Known defects",
            "",
            "Expected, and not so yet.",
            "",
            "| # | fault | injected | expected, within polls | what is so |",
            "|--:|---|---|---|---|",
            *(f"| {row.name} | {row.fault} | {row.injected} | {_expected(row)} | {row.defect} |" for row in DEFECTS),
        ]
    lines += [
        "",
        "## Held elsewhere",
        "",
        "Rows that are not played on a link, and what holds them instead.",
        "",
        "| # | fault | held by |",
        "|--:|---|---|",
        *(f"| {number} | {fault} | {held} |" for number, (fault, held) in ELSEWHERE.items()),
        "",
    ]
    return "\n".join(lines)


def _row(row: Row, outcome: Outcome | None) -> str:
    cells = (
        row.name,
        row.fault,
        row.injected,
        _expected(row),
        "–" if outcome is None else _took(outcome.react),
        _dues(row.recover),
        "–" if outcome is None else _took(outcome.recover),
        row.where,
    )
    return f"| {' | '.join(cells)} |"


def _expected(row: Row) -> str:
    parts = [_dues(row.react)] if row.react else []
    if row.never:
        parts.append(f"never: {', '.join(check.text for check in row.never)}")
    if row.latches:
        parts.append("latches: " + ", ".join(f"`{key}`" for key in row.latches))
    return "; ".join(parts)


def _dues(dues: tuple[Due, ...]) -> str:
    return "; ".join(f"{due.check.text} ≤ {due.within}" for due in dues)


def _took(polls: tuple[int, ...]) -> str:
    return " · ".join(map(str, polls))


def measured(document: str) -> dict[str, Outcome]:
    """Return the outcomes that a document tells."""
    outcomes = {}
    for line in document.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 8 and cells[0][:1].isdigit() and "–" not in (cells[4], cells[6]):
            outcomes[cells[0]] = Outcome(react=_polls(cells[4]), recover=_polls(cells[6]))
    return outcomes


def _polls(cell: str) -> tuple[int, ...]:
    return tuple(int(part) for part in cell.split("·") if part.strip())


def main() -> None:
    """Write the document from the results named on the command line."""
    told = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    outcomes = {each["row"]: Outcome(react=tuple(each["react"]), recover=tuple(each["recover"])) for each in told}
    PATH.write_text(write(outcomes))


if __name__ == "__main__":
    main()
