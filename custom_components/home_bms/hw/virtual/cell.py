"""One cell made of physics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import copysign, exp
from typing import Final

from ...core.presets import CHEMISTRIES

POLARISATION_TIME: Final = 60.0
"""s; time constant of the RC branch."""
COOLING_TIME: Final = 3 * 3600.0
"""s; time constant of a cell towards its surroundings inside a closed pack."""
# 10 W warm a 280 Ah cell by 0.11 K a minute (safety.md C2): 5450 J/K, so 19.5 J/K for each Ah.
_HEAT_CAPACITY_PER_AH: Final = 19.5
# Resistance rises in the cold with an activation temperature of 4300 K (estimation.md, the stack's point 7).
_ACTIVATION: Final = 4300.0
_WARM: Final = 298.15
_ZERO: Final = 273.15
# Full swing of the hysteresis within some 5 % of charge.
_HYSTERESIS_PER_PERCENT: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Electrics:
    """What the open-circuit curve does not tell of a chemistry's cell.

    Beyond full and empty the curve bends away as `a * (exp(k * percent) - 1)` volts. For LFP the two pairs follow the
    voltage rates of safety.md C2: 3.45 to 3.55 V in 70 s, on to 3.65 V in 34 s at 0.5 C; 2.8 to 2.5 V in 60 to 100 s.
    """

    beyond_full: tuple[float, float]
    beyond_empty: tuple[float, float]
    hysteresis: float
    """V between the mean curve and the charging (or discharging) one."""
    resistance: float
    """Ω·Ah of the direct, and again of the polarisation resistance.

    For LFP 0.5 mΩ in all at 280 Ah (10 W at 140 A, safety.md C2).
    """
    ceiling: float
    """V at which overcharge decomposes the cell instead of charging it further."""


ELECTRICS: Final[Mapping[str, Electrics]] = {
    "lfp": Electrics(
        beyond_full=(0.0565, 1.05), beyond_empty=(0.25, 1.0), hysteresis=0.012, resistance=0.070, ceiling=5.0
    ),
    "nmc": Electrics(
        beyond_full=(0.05, 0.25), beyond_empty=(0.20, 0.8), hysteresis=0.004, resistance=0.070, ceiling=5.2
    ),
    "lto": Electrics(
        beyond_full=(0.06, 1.0), beyond_empty=(0.10, 0.6), hysteresis=0.004, resistance=0.040, ceiling=3.6
    ),
    # 20 mV of hysteresis above 35 % and more below (estimation.md, "OCV tables").
    "na_ion": Electrics(
        beyond_full=(0.05, 0.5), beyond_empty=(0.30, 0.5), hysteresis=0.020, resistance=0.090, ceiling=4.8
    ),
}


class OpenCircuit:
    """A chemistry's open-circuit voltage over the state of charge, continued beyond full and empty."""

    __slots__ = ("_ceiling", "_empty", "_full", "_rises", "_voltages")

    def __init__(self, chemistry: str) -> None:
        """Take the 21 points of `chemistry` (`ocv_tables.json`); raises ValueError naming the permitted ones."""
        if chemistry not in ELECTRICS:
            raise ValueError(f"no chemistry {chemistry!r}; there are: {', '.join(ELECTRICS)}")
        voltages = CHEMISTRIES[chemistry].voltages
        self._voltages = voltages
        self._rises = tuple(above - below for below, above in pairwise(voltages))
        self._full = ELECTRICS[chemistry].beyond_full
        self._empty = ELECTRICS[chemistry].beyond_empty
        self._ceiling = ELECTRICS[chemistry].ceiling

    def at(self, soc: float) -> tuple[float, float]:
        """Return the voltage at `soc` percent, and its rise in V per percent."""
        if 0.0 <= soc < 100.0:
            place = soc * 0.2
            index = int(place)
            rise = self._rises[index]
            return self._voltages[index] + rise * (place - index), rise * 0.2
        if soc >= 100.0:
            size, rate = self._full
            # A cell this far over is past every protection; the exponent ends before it overflows.
            grown = size * exp(rate * min(soc - 100.0, 40.0))
            voltage = self._voltages[-1] + grown - size
            return (voltage, grown * rate) if voltage < self._ceiling else (self._ceiling, 0.0)
        size, rate = self._empty
        grown = size * exp(rate * min(-soc, 40.0))
        voltage = self._voltages[0] - grown + size
        return (voltage, grown * rate) if voltage > 0.0 else (0.0, 0.0)


@dataclass(slots=True, kw_only=True)
class Cell:
    """A cell and its state; current is positive when charging, `soc` goes below 0 and above 100 when it is abused."""

    curve: OpenCircuit
    capacity: float
    """Ah."""
    resistance: float
    """Ω at 25 °C, direct."""
    polarisation_resistance: float
    hysteresis: float
    """V, half of the loop's width."""
    leakage: float
    """A of self-discharge."""
    place: float
    """K by which its surroundings are warmer than the pack's."""
    soc: float
    temperature: float
    joint: float = 0.0
    """Ω of a bad connection, inside what the sense wires see."""
    heater: float = 0.0
    """W of heat that comes from elsewhere."""
    polarisation: float = 0.0
    """V over the RC branch."""
    lean: float = 0.0
    """-1 to 1: which branch of the hysteresis loop it is on."""
    voltage: float = 0.0
    """V at the terminals in the last step."""

    def __post_init__(self) -> None:
        self.voltage = self.curve.at(self.soc)[0]

    @property
    def heat_capacity(self) -> float:
        """J/K."""
        return _HEAT_CAPACITY_PER_AH * self.capacity

    def step(self, current: float, dt: float, ambient: float, fade: float, cool: float) -> None:
        """Carry `current` for `dt` seconds.

        `fade` and `cool` are what is left of the polarisation and of the difference to the surroundings after `dt`;
        both are the exact solution for a constant current, so that long steps stay stable.
        """
        direct, branch = self._resistances()
        moved = (current - self.leakage) * dt / (36.0 * self.capacity)
        self.soc += moved
        kept = exp(-_HYSTERESIS_PER_PERCENT * abs(moved))
        self.lean = self.lean * kept + copysign(1.0 - kept, moved)
        polarisation = self.polarisation * fade + current * branch * (1.0 - fade)
        self.polarisation = polarisation
        heat = current * current * direct + polarisation * polarisation / branch + self.heater
        end = ambient + self.place + heat * COOLING_TIME / (_HEAT_CAPACITY_PER_AH * self.capacity)
        self.temperature = end + (self.temperature - end) * cool
        self.voltage = self.curve.at(self.soc)[0] + self.hysteresis * self.lean + polarisation + current * direct

    def ahead(self, dt: float, fade: float) -> tuple[float, float]:
        """Return where a step of `dt` would leave the voltage without current, and what each ampere would add (Ω)."""
        direct, branch = self._resistances()
        open_voltage, rise = self.curve.at(self.soc)
        rest = open_voltage + self.hysteresis * self.lean + self.polarisation * fade
        return rest, direct + branch * (1.0 - fade) + rise * dt / (36.0 * self.capacity)

    def _resistances(self) -> tuple[float, float]:
        """Return the direct and the polarisation resistance at the cell's temperature."""
        factor = exp(_ACTIVATION * (1.0 / (self.temperature + _ZERO) - 1.0 / _WARM))
        return self.resistance * factor + self.joint, self.polarisation_resistance * factor
