"""Counts charge that went in faster than a cold cell takes it up, which may have plated metal onto its anode."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Final

from .battery import Plating
from .model import Curve

# In capacities per hour over °C: YamBMS's from 0 to 20 °C, between the standard and the fast rate of the one
# manufacturer's table that there is, and from 25 °C that table's fast rate (thresholds.md 2.4, YB and Alpha).
_GRAPHITE: Final = Curve(points=((-0.1, 0.0), (0.0, 0.05), (5.0, 0.12), (10.0, 0.30), (20.0, 0.50), (25.0, 0.75)))
_RATES: Final[Mapping[str, Curve]] = {
    "lfp": _GRAPHITE,
    # No sheet at hand gives a home cell's rate over temperature. The anode is graphite as well, so the same careful
    # numbers; power cells stand more.
    "nmc": _GRAPHITE,
    # Its anode lies 1.5 V above lithium: other limits end the charge before anything can plate.
    "lto": Curve(points=((0.0, inf),)),
    # Hard carbon fills its pores close to the voltage of sodium, and no sheet at hand gives a rate. Chosen to be
    # careful: nothing at -5 °C and at most 0.1 C below 0 °C as in the preset (thresholds.md 2.12), then as graphite.
    "na_ion": Curve(points=((-5.0, 0.0), (0.0, 0.10), (10.0, 0.30), (20.0, 0.50), (25.0, 0.75))),
}
# The fuller an anode, the closer it is to the metal's voltage. No sheet at hand says by how much; chosen to be careful:
# from 80 % on in a straight line down to half of the rate.
_FILLING: Final = 80.0
_FULL_SHARE: Final = 0.5
# Longer than this between two samples and what flowed in between is not known, as in the estimate (faults.md 57).
_GAP: Final = 120.0


def permitted_rate(chemistry: str, temperature: float, soc: float | None) -> float:
    """Return the charge rate, in capacities per hour, that plates nothing at the coldest cell; infinite for LTO.

    A SoC that is not known counts as full. Raises KeyError for a chemistry without a preset.
    """
    filling = 1.0 if soc is None else min(1.0, max(0.0, (soc - _FILLING) / (100.0 - _FILLING)))
    return _RATES[chemistry].at(temperature) * (1.0 - (1.0 - _FULL_SHARE) * filling)


def expose(
    before: Plating,
    *,
    chemistry: str,
    current: float,
    temperature: float | None,
    soc: float | None,
    capacity: float,
    elapsed: float,
) -> Plating:
    """Add what `elapsed` seconds of `current` did to the coldest cell; the same object comes back for nothing.

    Without a temperature nothing is counted, for nothing is known, and nothing is taken back.
    """
    if not current > 0.0 or temperature is None or not 0.0 < elapsed <= _GAP:
        return before
    excess = current - permitted_rate(chemistry, temperature, soc) * capacity
    if not excess > 0.0:
        return before
    return Plating(ah=before.ah + excess * elapsed / 3600, seconds=before.seconds + elapsed)
