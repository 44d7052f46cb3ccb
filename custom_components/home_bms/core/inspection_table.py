"""Lists every inspection of a battery: what it is about, how often it is due, and what calls for it sooner.

Sources: leaps-and-pains.md L23 names the plan (torque, cables, fuses, smoke detector, backup of the settings; trips,
contact resistance, temperature spread) and L24 the yearly repetition of the commissioning test; safety.md C3 asks that
the way to a trip be tried. No standard that was at hand states intervals for a home battery. All of these are therefore
the project's own choice: yearly for what a person with a wrench or a test button does, half a year for what takes a
look. A datasheet or an insurer that asks for more goes into the options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

YEAR: Final = 365
COMMISSIONING_TEST: Final = "commissioning_test"


class About(StrEnum):
    """What an inspection is about."""

    SYSTEM = "system"
    PACK = "pack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What may be measured at an inspection."""

    unit: str
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """One inspection; times are days."""

    key: str
    about: About
    every: int | None = None
    """`None` is due only when a condition calls for it."""
    shortest: int = 7
    """What a user may choose in the place of `every`, from ..."""
    longest: int = 5 * YEAR
    """... to."""
    lead: int = 30
    """For how long before it is due it is shown as coming."""
    grace: int = 14
    """For how long after that nobody is called by a repair."""
    postpone: int = 90
    """By how much at most it may be put off beyond the day on which it became due."""
    conditions: tuple[str, ...] = ()
    """Of `inspection_signs.CONDITIONS`."""
    contactor: bool = False
    """It is about a contactor, which many packs have not."""
    measure: Measure | None = None


INSPECTIONS: Final[Mapping[str, Inspection]] = MappingProxyType(
    {
        row.key: row
        for row in (
            # What no sensor sees: swelling, smell, dust, water, vermin (README: "swelling, smell and noise need you").
            Inspection(key="look", about=About.PACK, every=182),
            Inspection(
                key="torque",
                about=About.PACK,
                every=YEAR,
                conditions=("loose_joint", "joint_risen"),
                postpone=30,
                # M6 studs of home cells want 4-8 N·m; lugs of M10 some 30.
                measure=Measure(unit="N·m", lowest=0.5, highest=200.0),
            ),
            Inspection(key="cables", about=About.SYSTEM, every=YEAR),
            Inspection(key="fuses", about=About.SYSTEM, every=YEAR),
            Inspection(key="smoke_detector", about=About.SYSTEM, every=YEAR, postpone=30),
            Inspection(key="extinguisher", about=About.SYSTEM, every=2 * YEAR),
            Inspection(
                key=COMMISSIONING_TEST,
                about=About.SYSTEM,
                every=YEAR,
                # s from the fault to the current that has stopped.
                measure=Measure(unit="s", lowest=0.0, highest=600.0),
            ),
            Inspection(key="backup", about=About.SYSTEM, every=YEAR),
            Inspection(key="contactor_exercise", about=About.PACK, every=182, contactor=True),
            Inspection(
                key="contactor_wear",
                about=About.PACK,
                conditions=("contactor_cycles",),
                contactor=True,
                measure=Measure(unit="mΩ", lowest=0.0, highest=1000.0),
            ),
            Inspection(
                key="cells",
                about=About.PACK,
                grace=7,
                postpone=30,
                conditions=(
                    *("micro_short", "weak_cell", "leaky_cell", "balancing"),
                    *("capacity_lost", "resistance_grown"),
                ),
                measure=Measure(unit="Ah", lowest=0.0, highest=10_000.0),
            ),
            Inspection(
                key="sensors",
                about=About.PACK,
                grace=7,
                postpone=30,
                conditions=("cell_sensor", "current_sensor", "doubted"),
                measure=Measure(unit="mV", lowest=-1000.0, highest=1000.0),
            ),
            Inspection(
                key="cooling",
                about=About.PACK,
                grace=7,
                conditions=("temperature_spread",),
                measure=Measure(unit="°C", lowest=-50.0, highest=150.0),
            ),
            Inspection(key="full_charge", about=About.PACK, conditions=("not_full",)),
            Inspection(key="trips", about=About.PACK, grace=7, postpone=30, conditions=("trips",)),
            Inspection(key="settings", about=About.PACK, grace=7, postpone=30, conditions=("changed",)),
        )
    }
)
