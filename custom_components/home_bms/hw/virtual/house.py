"""The house around a virtual pack: sun, load, and an inverter that obeys its limits, or does not."""

from __future__ import annotations

from collections import deque
from math import pi, sin
from typing import Final

from ...core.presets import CHEMISTRIES
from .pack import VirtualPack

_DAY: Final = 86400.0
_SUNRISE: Final = 6.0
_SUNSET: Final = 20.0
_MASK: Final = (1 << 64) - 1

# What the house draws beside its base load, as shares of the inverter's power: how often a quarter of an hour is so.
_APPLIANCES: Final = ((0.06, 0.60), (0.18, 0.35), (0.45, 0.10), (1.0, 0.0))
_BASE_LOAD: Final = 0.06
_FLICKER: Final = 0.03


class House:
    """Wants a current of the pack each step, from what the sun leaves over or the load lacks.

    Everything is a pure function of the seed and the time, so a day is the same however finely it is stepped.
    """

    def __init__(
        self,
        pack: VirtualPack,
        *,
        seed: int = 0,
        start_hour: float = 10.0,
        power: float | None = None,
        obeys: bool = True,
        dead_time: float = 0.0,
        lease: float | None = None,
        own_limits: bool = True,
    ) -> None:
        """Put a house around `pack` that begins at `start_hour` of its day.

        `power` in W of the inverter and of the sun's peak: 0.35 C of the pack by default, 5 kW for 16 cells of 280 Ah.
        With `obeys=False` given limits are ignored; they act `dead_time` seconds late and lapse after `lease` seconds.
        Without `own_limits` the inverter has no voltage settings of its own.
        """
        preset = CHEMISTRIES[pack.chemistry]
        cells = len(pack.cells)
        self.seed = seed
        self.start_hour = start_hour
        self.power = 0.35 * pack.capacity * cells * preset.voltages[10] if power is None else power
        self.obeys = obeys
        self.dead_time = dead_time
        self.lease = lease
        self.own_charge_voltage = preset.full * cells if own_limits else None
        self.own_discharge_voltage = preset.undervoltage_derate * cells if own_limits else None
        self._pack = pack
        self._given: deque[tuple[float, tuple[float | None, float | None, float | None]]] = deque(
            [(0.0, (None, None, None))]
        )

    def obey(self, cvl: float | None, ccl: float | None, dcl: float | None) -> None:
        """Give the inverter limits in V and A of the pack, both currents positive; `None` limits nothing."""
        self._given.append((self._pack.time, (cvl, ccl, dcl)))

    def sun(self, time: float) -> float:
        """Return the W of the solar panels at `time` seconds."""
        hour = self._hour(time)
        height = sin(pi * (hour - _SUNRISE) / (_SUNSET - _SUNRISE)) if _SUNRISE < hour < _SUNSET else 0.0
        clouds = self._smooth(1, time, 600.0)
        day = 0.5 + 0.5 * self._chance(2, int((time / 3600.0 + self.start_hour) // 24))
        share: float = max(0.0, height) ** 1.3
        return self.power * share * day * (1.0 - 0.7 * clouds * clouds)

    def load(self, time: float) -> float:
        """Return the W that the house uses at `time` seconds."""
        chance = self._chance(3, int(time // 900.0))
        share = next(power for below, power in _APPLIANCES if chance < below)
        flicker = 1.0 + _FLICKER * (2.0 * self._smooth(4, time, 5.0) - 1.0)
        return self.power * (_BASE_LOAD + share) * flicker

    def step(self, dt: float) -> None:
        """Set the pack's demand for the next `dt` seconds."""
        pack = self._pack
        surplus = self.sun(pack.time) - self.load(pack.time)
        current = max(-self.power, min(self.power, surplus)) / max(1.0, pack.voltage)
        pack.demand = self._limited(current, dt)

    def _limited(self, current: float, dt: float) -> float:
        pack = self._pack
        if "inverter_disobeys" in pack.faults:
            return current
        cvl, ccl, dcl = self._standing() if self.obeys else (None, None, None)
        if current > 0:
            if ccl is not None:
                current = min(current, max(0.0, ccl))
            ceilings = [limit for limit in (cvl, self.own_charge_voltage) if limit is not None]
            return max(0.0, min(current, pack.current_at(min(ceilings), dt))) if ceilings else current
        if dcl is not None:
            current = max(current, -max(0.0, dcl))
        if self.own_discharge_voltage is None:
            return current
        return min(0.0, max(current, pack.current_at(self.own_discharge_voltage, dt)))

    def _standing(self) -> tuple[float | None, float | None, float | None]:
        """Return the limits that act now: the newest older than the dead time, unless its lease is over."""
        now = self._pack.time
        while len(self._given) > 1 and self._given[1][0] + self.dead_time <= now:
            self._given.popleft()
        since, limits = self._given[0]
        lapsed = self.lease is not None and now > since + self.dead_time + self.lease
        return (None, None, None) if lapsed else limits

    def _hour(self, time: float) -> float:
        return (time / 3600.0 + self.start_hour) % 24.0

    def _chance(self, stream: int, slot: int) -> float:
        """Return a number from 0 to 1 that depends on seed, stream and slot alone (the mixing steps of splitmix64)."""
        mixed = (self.seed * 0x9E3779B97F4A7C15 + stream * 0xD1B54A32D192ED03 + slot * 0x8CB92BA72F3D8DD7) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((mixed ^ (mixed >> 31)) >> 11) / (1 << 53)

    def _smooth(self, stream: int, time: float, width: float) -> float:
        """Return such a number that glides from one slot of `width` seconds to the next."""
        slot, part = divmod(time / width, 1.0)
        before, after = self._chance(stream, int(slot)), self._chance(stream, int(slot) + 1)
        return before + (after - before) * part * part * (3.0 - 2.0 * part)
