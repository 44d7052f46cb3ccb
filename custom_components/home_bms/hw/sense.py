"""Tells a reading that no pack can have from one that is only doubtful."""

from __future__ import annotations

from typing import Final

from ..core.model import PackReading

HIGHEST_VOLTAGE: Final = 2000.0
"""V; home packs end at 1000 V, and with its two words swapped even 1 mV reads as 65 V."""
HIGHEST_CURRENT: Final = 10_000.0
"""A."""


def senseless(reading: PackReading) -> str | None:
    """Return why a whole answer makes no sense, as when the words of a 32-bit value have changed places.

    A single value that is out of range is the business of `core.plausibility`; here the answer itself is at fault, and
    with it every other value of the same block.
    """
    if reading.voltage is not None and abs(reading.voltage) > HIGHEST_VOLTAGE:
        return f"the pack tells {reading.voltage:g} V; the words of its answer may be swapped"
    if reading.current is not None and abs(reading.current) > HIGHEST_CURRENT:
        return f"the pack tells {reading.current:g} A; the words of its answer may be swapped"
    return None
