"""The virtual pack's own hardware protection, the last line that home_bms must act before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ...core.model import Flow, HardwareRing, Switches
from ...core.presets import CHEMISTRIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensed:
    """What the protection chip sees: the cells themselves.

    So an injected sensor fault tests home_bms, and the ring does not act first.
    """

    cell_max: float
    cell_min: float
    current: float
    temperature_max: float
    temperature_min: float
    switch_temperature: float


type _Measure = Callable[[Sensed], float]
"""Rises towards danger; a minimum is measured with its sign turned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One protection: beyond `at` for `delay` s it stops `flow`, inside `release` for `hold` s it lets go."""

    key: str
    flow: Flow
    measure: _Measure
    at: float
    release: float
    delay: float
    hold: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Where a chemistry's cell voltages let go again: JK's presets (thresholds.md 2.1), Na-ion by analogy."""

    over: float
    under: float


RECOVERIES: Final[Mapping[str, Recovery]] = {
    "lfp": Recovery(over=3.40, under=3.00),
    "nmc": Recovery(over=4.10, under=3.20),
    "lto": Recovery(over=2.40, under=2.00),
    "na_ion": Recovery(over=3.70, under=2.40),
}

# Kelvin by which the ring lies outside home_bms's own trips, and by which it lets go.
_BEYOND_TRIP: Final = 5.0
_COOL_DOWN: Final = 5.0
# JK switches itself off 0.1 V below its under-voltage (thresholds.md 2.1).
_POWER_OFF_BELOW: Final = 0.1
# Over-current is stopped after 10 s, as in common hardware (safety.md C2).
_CURRENT_DELAY: Final = 10.0
_SWITCH_OVERTEMPERATURE: Final = 100.0


def settings(chemistry: str, capacity: float) -> HardwareRing:
    """Return what such a pack's protection is set to: voltages as thresholds.md 2.12 asks, 0.5 C of current."""
    preset, back = CHEMISTRIES[chemistry], RECOVERIES[chemistry]
    hot, cold = preset.charge_overtemperature_trip + _BEYOND_TRIP, preset.charge_temperature[0]
    hot_discharge = preset.discharge_overtemperature_trip + _BEYOND_TRIP
    return HardwareRing(
        cell_overvoltage=preset.hardware_overvoltage,
        cell_overvoltage_release=back.over,
        cell_undervoltage=preset.hardware_undervoltage,
        cell_undervoltage_release=back.under,
        power_off_voltage=preset.hardware_undervoltage - _POWER_OFF_BELOW,
        charge_voltage=preset.full,
        float_voltage=preset.float_,
        charge_current=0.5 * capacity,
        charge_overcurrent_delay=_CURRENT_DELAY,
        discharge_current=0.5 * capacity,
        discharge_overcurrent_delay=_CURRENT_DELAY,
        charge_overtemperature=hot,
        charge_overtemperature_release=hot - _COOL_DOWN,
        charge_undertemperature=cold,
        charge_undertemperature_release=cold + _COOL_DOWN,
        discharge_overtemperature=hot_discharge,
        discharge_overtemperature_release=hot_discharge - _COOL_DOWN,
        switch_overtemperature=_SWITCH_OVERTEMPERATURE,
        switch_overtemperature_release=_SWITCH_OVERTEMPERATURE - _COOL_DOWN,
        balance_start_voltage=preset.balance_start,
        balance_difference=0.010,
    )


def guards(chemistry: str, ring: HardwareRing) -> tuple[Guard, ...]:
    """Return the protections with `ring`'s thresholds; one that is `None` guards nothing.

    Delays as in common hardware: voltages 2 s, currents 10 s with a release after a minute (safety.md C2).
    """
    back = RECOVERIES[chemistry]
    charge, discharge = Flow.CHARGE, Flow.DISCHARGE
    under, cold = _turned(ring.cell_undervoltage), _turned(ring.charge_undertemperature)
    voltages: tuple[tuple[str, Flow, _Measure, float | None, float], ...] = (
        ("cell_overvoltage", charge, lambda s: s.cell_max, ring.cell_overvoltage, back.over),
        ("cell_undervoltage", discharge, lambda s: -s.cell_min, under, -back.under),
    )
    currents: tuple[tuple[str, Flow, _Measure, float | None], ...] = (
        ("charge_overcurrent", charge, lambda s: s.current, ring.charge_current),
        ("discharge_overcurrent", discharge, lambda s: -s.current, ring.discharge_current),
    )
    temperatures: tuple[tuple[str, Flow, _Measure, float | None], ...] = (
        ("charge_overtemperature", charge, lambda s: s.temperature_max, ring.charge_overtemperature),
        ("charge_undertemperature", charge, lambda s: -s.temperature_min, cold),
        ("discharge_overtemperature", discharge, lambda s: s.temperature_max, ring.discharge_overtemperature),
        ("switch_overtemperature", Flow.BOTH, lambda s: s.switch_temperature, _SWITCH_OVERTEMPERATURE),
    )
    return (
        *(
            Guard(key=key, flow=flow, measure=measure, at=at, release=release, delay=2.0)
            for key, flow, measure, at, release in voltages
            if at is not None
        ),
        *(
            Guard(key=key, flow=flow, measure=measure, at=at, release=at, delay=_CURRENT_DELAY, hold=60.0)
            for key, flow, measure, at in currents
            if at is not None
        ),
        *(
            Guard(key=key, flow=flow, measure=measure, at=at, release=at - _COOL_DOWN, delay=2.0)
            for key, flow, measure, at in temperatures
            if at is not None
        ),
    )


def _turned(value: float | None) -> float | None:
    return None if value is None else -value


class Ring:
    """The protections at work."""

    def __init__(self, rows: tuple[Guard, ...]) -> None:
        """Start with nothing tripped."""
        self.alarms: frozenset[str] = frozenset()
        self.stopped: Flow = Flow.NONE
        """The directions that are held open."""
        self._rows = rows
        self._since = dict.fromkeys((row.key for row in rows), 0.0)

    def step(self, sensed: Sensed, dt: float) -> None:
        """Judge what was sensed after `dt` seconds."""
        alarms = self.alarms
        for row in self._rows:
            standing = row.key in alarms
            value = row.measure(sensed)
            if not (value <= row.release if standing else value > row.at):
                self._since[row.key] = 0.0
                continue
            self._since[row.key] += dt
            if self._since[row.key] >= (row.hold if standing else row.delay):
                self._since[row.key] = 0.0
                alarms = alarms - {row.key} if standing else alarms | {row.key}
        if alarms is not self.alarms:
            self.alarms = alarms
            self.stopped = Flow.NONE
            for row in self._rows:
                if row.key in alarms:
                    self.stopped |= row.flow

    def permitted(self, commanded: Switches) -> Switches:
        """Return `commanded` with every switch open that a standing alarm stops."""
        if not self.stopped:
            return commanded
        return replace(
            commanded,
            charge=commanded.charge and Flow.CHARGE not in self.stopped,
            discharge=commanded.discharge and Flow.DISCHARGE not in self.stopped,
        )
