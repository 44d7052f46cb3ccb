"""Other people's rules for the state of charge, in own words and code from their descriptions in `estimation.md`.

All get the same input hygiene and the same start, so that what differs is the rule alone. No rule drives a charger
here: a live one might hold the charge voltage for longer than this recording does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import exp, sqrt
from typing import Final, Protocol, override

from custom_components.home_bms.core.presets import CHEMISTRIES, SOC

from .hygiene import Hygiene

type Judgement = tuple[float, float, float]
"""SoC of the pack in percent, and the band that holds it: low, high."""


class Estimator(Protocol):
    """What looks at a pack sample by sample and says how full it is."""

    def sample(
        self,
        time: float,
        current: float | None,
        cells: tuple[float | None, ...],
        temperatures: tuple[float | None, ...],
    ) -> Judgement:
        """Take s, A, V and °C; return the SoC of the pack in percent, low and high (the SoC again without a band)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the installer would have configured; the capacity in Ah is the label's."""

    chemistry: str = "lfp"
    cells: int
    capacity: float
    balance_current: float = 0.0


class Rival(ABC):
    """Begins at the SoC whose generic open-circuit voltage is that of the first sample's mean cell."""

    UNKNOWN: Final = 50.0
    """Percent told before the first whole sample."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.soc = self.UNKNOWN
        self._voltages = CHEMISTRIES[setup.chemistry].voltages
        self._hygiene = Hygiene(setup.cells, setup.capacity)
        self._time: float | None = None

    def sample(
        self,
        time: float,
        current: float | None,
        cells: tuple[float | None, ...],
        temperatures: tuple[float | None, ...],
    ) -> Judgement:
        """Judge one sample; temperatures play no part in any of these rules."""
        believed = self._hygiene(current, cells)
        if believed is not None:
            if self._time is None:
                self.soc = self.soc_at(sum(believed[1]) / len(believed[1]))
                self._time = time
            self.step(time, max(0.0, time - self._time), *believed)
            self._time = time
        return self.judge()

    @abstractmethod
    def step(self, time: float, elapsed: float, current: float, cells: list[float]) -> None:
        """Take `soc` to this sample, `elapsed` s after the one before."""

    def judge(self) -> Judgement:
        """Return the SoC without a band."""
        return self.soc, self.soc, self.soc

    def count(self, elapsed: float, current: float) -> None:
        """Add what flowed, with the configured capacity, between 0 and 100 %."""
        self.soc = min(100.0, max(0.0, self.soc + current * elapsed / 36 / self.setup.capacity))

    def ocv(self, soc: float) -> tuple[float, float]:
        """Return the open-circuit voltage of a cell in V, and its slope in V per percent."""
        step = SOC[1] - SOC[0]
        at = min(len(SOC) - 2, max(0, int(soc / step)))
        slope = (self._voltages[at + 1] - self._voltages[at]) / step
        return self._voltages[at] + slope * (soc - SOC[at]), slope

    def soc_at(self, voltage: float) -> float:
        """Return the SoC in percent of a cell that rests at `voltage`."""
        for at, above in enumerate(self._voltages[1:]):
            if voltage < above:
                below = self._voltages[at]
                return max(0.0, SOC[at] + (SOC[at + 1] - SOC[at]) * (voltage - below) / (above - below))
        return 100.0


class Lasting:
    """Tells whether something held without a break for some time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def __call__(self, time: float, *, holds: bool) -> bool:
        """Return whether it has held for long enough."""
        if not holds:
            self._since = None
        elif self._since is None:
            self._since = time
        return self._since is not None and time - self._since >= self._seconds


class Counting(Rival):
    """Plain coulomb counting (rows A1): nothing ever corrects it but the ends of the scale."""

    @override
    def step(self, time: float, elapsed: float, current: float, cells: list[float]) -> None:
        self.count(elapsed, current)


class DbusSerialbattery(Rival):
    """Counting with the two resets of dbus-serialbattery's SOC_CALCULATION, as shipped (rows B1, spikes rejected).

    Without the hygiene, glitches would set it to 0 %. It forgets here that a cell was low once it recovers; the
    original keeps the old start of that time, which would only make it worse.
    """

    # estimation.md, "What peers implement".
    _FULL_CELL: Final = 3.45
    _FULL_SPREAD: Final = 0.010
    _FULL_FOR: Final = 900.0
    _EMPTY_CELL: Final = 2.90
    _EMPTY_FOR: Final = 60.0

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._full = Lasting(self._FULL_FOR)
        self._empty = Lasting(self._EMPTY_FOR)

    @override
    def step(self, time: float, elapsed: float, current: float, cells: list[float]) -> None:
        self.count(elapsed, current)
        lowest, highest = min(cells), max(cells)
        level = sum(cells) >= self._FULL_CELL * len(cells) and highest - lowest <= self._FULL_SPREAD
        if self._full(time, holds=level):
            self.soc = 100.0
        if self._empty(time, holds=lowest <= self._EMPTY_CELL and current < 0):
            self.soc = 0.0


class Bmv(Rival):
    """Counting as a Victron BMV does it, on the BMS's current (row C1)."""

    # estimation.md, "What peers implement": charge efficiency, tail current as a share of the capacity, current
    # threshold in A. Peukert 1.05 against the 20-hour current, the maker's advice for LFP.
    _PEUKERT: Final = 1.05
    _EFFICIENCY: Final = 0.99
    _TAIL: Final = 0.04
    _SYNC_FOR: Final = 180.0
    _THRESHOLD: Final = 0.1
    # The maker advises some 0.2 V below a 12 V battery's charge voltage: 50 mV a cell below the 3.45 V of every day.
    _BELOW_FULL: Final = 0.050

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._charged = (CHEMISTRIES[setup.chemistry].full - self._BELOW_FULL) * setup.cells
        self._sync = Lasting(self._SYNC_FOR)

    @override
    def step(self, time: float, elapsed: float, current: float, cells: list[float]) -> None:
        self.count(elapsed, self._effective(current))
        if self._sync(time, holds=sum(cells) > self._charged and abs(current) < self._TAIL * self.setup.capacity):
            self.soc = 100.0

    def _effective(self, current: float) -> float:
        if abs(current) <= self._THRESHOLD:
            return 0.0
        if current > 0:
            return current * self._EFFICIENCY
        strength: float = (-current / (self.setup.capacity / 20)) ** (self._PEUKERT - 1)
        return current * strength


class TextbookEkf(Rival):
    """An extended Kalman filter over SoC and the voltage of one RC on the mean cell, generic curve (row F1).

    `current` is the standard deviation in A that the current is believed with: it decides how much the voltage may say.
    """

    # One cell of LFP as a textbook has it, for 1 Ah: ohm, ohm, and s of the RC.
    _R0: Final = 0.14
    _R1: Final = 0.08
    _TAU: Final = 60.0
    # Standard deviations: V of a measured mean cell with its model; V that the RC strays in a step; percent and V at
    # the start.
    _VOLTAGE: Final = 0.010
    _STRAY: Final = 0.001
    _START: Final = (15.0, 0.010)

    def __init__(self, setup: Setup, current: float = 1.0) -> None:
        super().__init__(setup)
        self._deviation = current
        self._rc = 0.0
        soc, rc = self._START
        self._variance = (soc * soc, 0.0, rc * rc)

    @override
    def step(self, time: float, elapsed: float, current: float, cells: list[float]) -> None:
        self._predict(elapsed, current)
        self._correct(sum(cells) / len(cells), current)

    def _predict(self, elapsed: float, current: float) -> None:
        capacity = self.setup.capacity
        keep = exp(-elapsed / self._TAU)
        self.soc += current * elapsed / 36 / capacity
        self._rc = self._rc * keep + self._R1 / capacity * (1 - keep) * current
        soc, both, rc = self._variance
        drift = self._deviation * elapsed / 36 / capacity
        self._variance = (soc + drift * drift, both * keep, rc * keep * keep + self._STRAY**2)

    def _correct(self, voltage: float, current: float) -> None:
        soc, both, rc = self._variance
        ocv, slope = self.ocv(self.soc)
        surprise = voltage - ocv - self._rc - self._R0 / self.setup.capacity * current
        soc_seen, rc_seen = slope * soc + both, slope * both + rc
        spread = slope * soc_seen + rc_seen + self._VOLTAGE**2
        soc_gain, rc_gain = soc_seen / spread, rc_seen / spread
        self.soc = min(100.0, max(0.0, self.soc + soc_gain * surprise))
        self._rc += rc_gain * surprise
        self._variance = (soc - soc_gain * soc_seen, both - soc_gain * rc_seen, rc - rc_gain * rc_seen)

    @override
    def judge(self) -> Judgement:
        """Return the 95 % band that the filter believes in."""
        half = 1.96 * sqrt(max(0.0, self._variance[0]))
        return self.soc, max(0.0, self.soc - half), min(100.0, self.soc + half)
