"""The dates and margins of a simulated year as they stand in `docs/estimation.md`; run it as a module to print them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from custom_components.home_bms.core.model import Level

from .virtual_year import DRIFTING, LOOSE, WORN, Margins, VirtualYear, ail


class Named(NamedTuple):
    """What is said of one fault; cells count from 0."""

    fault: str
    inspection: str
    cell: int
    grown: Callable[[int], str]
    """By the day."""
    margin: Callable[[Margins], str]


def _since(first: int, most: float, day: int) -> float:
    return most * max(0, day - first) / (365 - first)


NAMED: Final = (
    Named(
        "cell 2 loses 12 % of its capacity and gains 40 % of its resistance, evenly",
        "cells",
        WORN,
        lambda day: f"{_since(0, 12.0, day):.1f} % lost",
        lambda day: f"lowest {day.lowest[WORN]:.2f} V; trips at 2.70 V",
    ),
    Named(
        "the joint of cell 11 gains 0.5 mΩ from May on",
        "torque",
        LOOSE,
        lambda day: f"{_since(120, 0.5, day):.2f} mΩ more",
        lambda day: f"{day.heat[LOOSE]:.1f} W in it at the most; a hot lug makes 20 W",
    ),
    Named(
        "the voltage of cell 6 comes to be measured 20 mV low from April on",
        "sensors",
        DRIFTING,
        lambda day: f"{_since(90, 20.0, day):.0f} mV low",
        lambda day: f"in truth {day.highest[DRIFTING]:.2f} V at the most; the pack's own protection stops at 3.65 V",
    ),
)


def rows(year: VirtualYear) -> list[str]:
    """Return the lines of the table below its head."""
    lines = []
    for named in NAMED:
        day = year.due[named.inspection, f"cell_{named.cell + 1}"]
        then = next(each for each in year.margins if each.day == day)
        cells = [
            named.fault,
            f"day {day}: {named.inspection}, cell {named.cell + 1}",
            named.grown(day),
            named.margin(then),
            *(_later(year.first(level), day) for level in (Level.WARN, Level.DERATE, Level.PROTECT)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _later(first: tuple[int, str] | None, day: int) -> str:
    return "not in this year" if first is None else f"{first[0] - day} days later, `{first[1]}`"


if __name__ == "__main__":
    lived = VirtualYear(ail)
    lived.live()
    print("\n".join(rows(lived)))
