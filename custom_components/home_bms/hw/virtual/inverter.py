"""An inverter at a virtual pack that does what it is told, late, in part or not at all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from .pack import VirtualPack


class Manner(StrEnum):
    """What an inverter makes of what it is told."""

    OBEYS = "obeys"
    IGNORES_CURRENT_LIMITS = "ignores_current_limits"
    """It follows the charge voltage and a set-point only, as chargers coupled to the battery's side do."""
    IGNORES_ALL = "ignores_all"
    SILENT = "silent"
    """It obeys what it was told last, and answers nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an inverter was told; `None` is nothing. Currents and powers of limits are never negative."""

    cvl: float | None = None
    """V."""
    ccl: float | None = None
    """A."""
    dcl: float | None = None
    charge_power: float | None = None
    """W."""
    discharge_power: float | None = None
    setpoint: float | None = None
    """W into the battery."""


NOTHING_TOLD: Final = Told()
STEP: Final = 1.0
"""s at most between two looks at what it was told."""


class VirtualInverter:
    """Moves power into and out of a pack as its house wants, within what it was told `dead_time` s ago.

    It knows nothing of protocols: whoever shows it on a link calls `tell`.
    """

    def __init__(
        self,
        pack: VirtualPack,
        *,
        wants: Callable[[float], float],
        power_max: float = 5000.0,
        manner: Manner = Manner.OBEYS,
        dead_time: float = 0.0,
    ) -> None:
        """Put it at `pack`. `wants` gives the W into the battery at a time; `power_max` in W, both ways."""
        self.pack = pack
        self.wants = wants
        self.power_max = power_max
        self.manner = manner
        self.dead_time = dead_time
        self.told = NOTHING_TOLD
        self._acts: deque[tuple[float, Told]] = deque([(pack.time, NOTHING_TOLD)])

    @property
    def answers(self) -> bool:
        """Whether it can be talked to."""
        return self.manner is not Manner.SILENT

    @property
    def power(self) -> float:
        """The W into the battery, now."""
        return self.pack.current * self.pack.voltage

    def tell(self, **changes: float | None) -> None:
        """Tell it something, by the names of `Told`; the rest stays."""
        self.told = replace(self.told, **changes)
        self._acts.append((self.pack.time, self.told))

    def step(self, dt: float) -> None:
        """Set the pack's demand for the next `dt` seconds."""
        pack, acts = self.pack, self._acting()
        power = self.wants(pack.time) if acts.setpoint is None else acts.setpoint
        power = max(-self.power_max, min(self.power_max, power))
        if self.manner is not Manner.IGNORES_CURRENT_LIMITS:
            volts = max(1.0, pack.voltage)
            most = _lowest(acts.charge_power, None if acts.ccl is None else acts.ccl * volts)
            least = _lowest(acts.discharge_power, None if acts.dcl is None else acts.dcl * volts)
            power = power if most is None else min(power, most)
            power = power if least is None else max(power, -least)
        current = power / max(1.0, pack.voltage)
        if current > 0 and acts.cvl is not None:
            current = max(0.0, min(current, pack.current_at(acts.cvl, dt)))
        pack.demand = current

    def advance(self, seconds: float) -> None:
        """Let time pass for the inverter and its pack."""
        while seconds > 0:
            dt = min(seconds, STEP)
            self.step(dt)
            self.pack.step(dt)
            seconds -= dt

    def _acting(self) -> Told:
        """Return what it goes by now: the newest that is older than the dead time."""
        if self.manner is Manner.IGNORES_ALL:
            return NOTHING_TOLD
        while len(self._acts) > 1 and self._acts[1][0] + self.dead_time <= self.pack.time:
            self._acts.popleft()
        return self._acts[0][1]


def _lowest(*values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return min(known) if known else None
