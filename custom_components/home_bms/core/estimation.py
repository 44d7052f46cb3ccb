"""Counts charge, energy and cycles, and knows when the pack is full or empty."""

from __future__ import annotations

from bisect import bisect
from itertools import pairwise
from typing import Final

from .model import Believed, Estimate, PackConfig, PackReading, whole

# Longer than this between two samples and what flowed in between is not known; it is not made up either (faults.md 57).
_GAP: Final = 30.0
# Full: highest cell at the charge voltage limit and the current tailed off, for a minute (Victron: 4 % for 3 min;
# estimation.md).
_TAIL: Final = 0.04
_FULL_MARGIN: Final = 0.010
_FULL_FOR: Final = 60.0
# Empty: lowest cell at the end under load. dbus-serialbattery waits 60 s, and forgets that two glitches are not one
# (estimation.md).
_EMPTY_FOR: Final = 10.0
# Below this share of the capacity per hour the voltage is near the open-circuit voltage.
_REST: Final = 0.02
# Full or empty until the charge has really moved away.
_LEAVE: Final = 3.0


def estimate(config: PackConfig, before: Estimate, believed: Believed, reading: PackReading) -> Estimate:
    """Take the estimate to the new sample; a sample seen before counts nothing."""
    at, current, voltage = reading.current_time, believed.current, believed.voltage
    if at is None or current is None or at == before.time:
        return before
    elapsed = at - before.time if before.time is not None else 0.0
    if not 0 < elapsed <= _GAP:
        elapsed = 0.0
    charge = current * elapsed / 3600
    energy = charge * voltage if voltage is not None else 0.0
    soc = before.soc
    if soc is None:
        soc = _first(config, believed, reading)
    else:
        soc = min(100.0, max(0.0, soc + 100 * charge / config.capacity))
    full_since = _since(before.full_since, at, holds=_looks_full(config, believed, current))
    empty_since = _since(before.empty_since, at, holds=_looks_empty(config, believed, current))
    is_full = before.full and soc is not None and soc > 100 - _LEAVE
    is_empty = before.empty and soc is not None and soc < _LEAVE
    since_full = None if before.since_full is None else before.since_full + elapsed
    if full_since is not None and at - full_since >= _FULL_FOR:
        soc, is_full, since_full = 100.0, True, 0.0
    elif empty_since is not None and at - empty_since >= _EMPTY_FOR:
        soc, is_empty = 0.0, True
    return Estimate(
        time=at,
        soc=soc,
        capacity=config.capacity,
        charge_in=before.charge_in + max(0.0, charge),
        charge_out=before.charge_out - min(0.0, charge),
        energy_in=before.energy_in + max(0.0, energy),
        energy_out=before.energy_out - min(0.0, energy),
        stored_energy=None if soc is None else stored_energy(config, soc),
        soh=reading.soh if reading.soh is not None and 0 < reading.soh <= 100 else before.soh,
        full_since=full_since,
        empty_since=empty_since,
        full=is_full,
        empty=is_empty,
        since_full=since_full,
    )


def _since(before: float | None, at: float, *, holds: bool) -> float | None:
    """Return since when a sign stands without a break."""
    if not holds:
        return None
    return at if before is None else before


def _first(config: PackConfig, believed: Believed, reading: PackReading) -> float | None:
    """Return where to begin to count: what the device says, else what a resting pack's voltage says."""
    if reading.soc is not None and 0 <= reading.soc <= 100:
        return reading.soc
    at_rest = believed.current is not None and abs(believed.current) <= _REST * config.capacity
    if not at_rest or not whole(believed.cells):
        return None
    return soc_at(config, sum(believed.cells) / len(believed.cells))


def soc_at(config: PackConfig, voltage: float) -> float:
    """Return the SoC in percent whose open-circuit voltage is `voltage` in V; coarse on a plateau."""
    curve = config.ocv
    if voltage <= curve[0][1]:
        return curve[0][0]
    for (soc, low), (above, high) in pairwise(curve):
        if voltage < high:
            return soc + (above - soc) * (voltage - low) / (high - low)
    return curve[-1][0]


def _looks_full(config: PackConfig, believed: Believed, current: float) -> bool:
    high = believed.cell_max
    if high is None or not whole(believed.cells) or high < config.cell_voltage_full - _FULL_MARGIN:
        return False
    return abs(current) <= _TAIL * config.capacity


def _looks_empty(config: PackConfig, believed: Believed, current: float) -> bool:
    low = believed.cell_min
    return low is not None and low <= config.cell_voltage_empty and current < 0


def stored_energy(config: PackConfig, soc: float) -> float:
    """Return the energy in Wh between empty and `soc`: the capacity at the open-circuit voltages passed on the way."""
    curve = config.ocv
    index = max(1, min(bisect(curve, (soc,)), len(curve) - 1))
    (below, low), (above, high) = curve[index - 1], curve[index]
    end = low + (high - low) * (soc - below) / (above - below)
    return config.energy[index - 1] + (soc - below) / 100 * (low + end) / 2 * config.capacity * config.cells
