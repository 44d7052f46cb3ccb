"""Limits an inverter's storage through SunSpec's model 124."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, inf
from typing import Final

from modbus_connection.decode import decode_int16

from ...core.model import Flow
from ..driver import DriverError
from ..sunspec.memory import SCALES, Points
from .sunspec_model import LeasedModel

LEASE: Final = 60
"""s after which the inverter goes back to its own settings (InOutWRte_RvrtTms).

A restart of Home Assistant takes less: until it is back the last limits hold, which are seconds old.
"""
RENEW_EVERY: Final = 15.0
"""s after which the lease is renewed."""
CHARGE: Final = 1
DISCHARGE: Final = 2
BOTH: Final = CHARGE | DISCHARGE
"""The bits of StorCtl_Mod that make the limits count."""
_BIT: Final = {Flow.CHARGE: CHARGE, Flow.DISCHARGE: DISCHARGE, Flow.BOTH: BOTH}
NO_TIMER: Final = 0
"""What makes limits stay (InOutWRte_RvrtTms)."""
NONE_16: Final = 0xFFFF
"""An unsigned point that is not implemented."""
_NONE_SIGNED: Final = 0x8000
_SLACK: Final = 1e-6
_FULL: Final = 100.0
# Rates before the mode that makes them count.
_ORDER: Final = ("OutWRte", "InWRte", "InOutWRte_RvrtTms", "StorCtl_Mod")


NO_DISCHARGE_MAX: Final = "discharge_power_unknown"
"""The key of why nothing may be discharged, although the model can be used."""


class StorageControl:
    """What home_bms asks of one storage model. Errors are DriverError."""

    def __init__(self, model: LeasedModel, *, discharge_max: float | None, clock: Callable[[], float]) -> None:
        """Limit the storage behind `model`.

        `discharge_max` in W is what the discharge rate is a share of; the sheet names a maximum that no point tells, so
        without it the rate is zero.
        """
        self._model = model
        self._discharge_max = discharge_max
        self._clock = clock
        self._renew_at = -inf
        self._heeded: dict[str, tuple[list[int], float]] = {}
        """Whose rates were found, and until when they count."""

    async def look(self) -> Points:
        """Read the model."""
        return await self._model.look()

    def problem(self, points: Points) -> str | None:
        """Return the key of why these points cannot be used, `None` if they can."""
        if not points["WChaMax"]:
            return "no_charge_power_max"
        if self._exponent() not in SCALES:
            return "no_scale"
        if points["InWRte"] is None or points["OutWRte"] is None:
            return "no_rates"
        return "no_reversion_timer" if points["InOutWRte_RvrtTms"] is None else None

    def power(self, points: Points) -> tuple[float | None, float | None]:
        """Return the W that charging and discharging are limited to now; `None` is no limit."""
        mode = points["StorCtl_Mod"] or 0
        return (
            _share(points["InWRte"], points["WChaMax"]) if mode & CHARGE else None,
            _share(points["OutWRte"], self._discharge_max) if mode & DISCHARGE else None,
        )

    def own(self, points: Points) -> tuple[float | None, float | None]:
        """Return the W that the inverter can charge and discharge with, as far as it tells."""
        return points["WChaMax"] or None, self._discharge_max

    async def limit(self, charge: float, discharge: float) -> None:
        """Limit the powers, in W, with a lease; rounded down, never above limits that others have set to stay."""
        points = await self._model.look()
        if problem := self.problem(points):
            raise DriverError("nonsense", f"the storage model cannot be used: {problem}")
        mode = self._model.found("StorCtl_Mod")[0]
        timer = self._model.found("InOutWRte_RvrtTms")[0]
        wanted = {
            "OutWRte": [self._within("OutWRte", self._rate(discharge, self._discharge_max), mode & DISCHARGE, timer)],
            "InWRte": [self._within("InWRte", self._rate(charge, points["WChaMax"]), mode & CHARGE, timer)],
            "InOutWRte_RvrtTms": [LEASE],
            "StorCtl_Mod": [mode | BOTH],
        }
        now = self._clock()
        anew = now >= self._renew_at
        await self._model.put(wanted, anew=anew)
        if anew:
            self._renew_at = now + RENEW_EVERY

    async def release(self, held: Flow = Flow.NONE) -> None:
        """Put back what was found; of the directions in `held` the zero stays, without a timer that would end it."""
        self._renew_at = -inf
        if not held:
            await self._model.put_back(*_ORDER)
            return
        await self._model.look()
        found = {point: self._model.found(point) for point in _ORDER}
        await self._model.put(
            {
                "OutWRte": [0] if held & Flow.DISCHARGE else found["OutWRte"],
                "InWRte": [0] if held & Flow.CHARGE else found["InWRte"],
                "InOutWRte_RvrtTms": [NO_TIMER],
                "StorCtl_Mod": [found["StorCtl_Mod"][0] | _BIT[held]],
            },
            anew=True,
        )

    def _exponent(self) -> int:
        return decode_int16(self._model.stands("InOutWRte_SF"))

    def _rate(self, watts: float, most: float | None) -> int:
        """Return the word of a power as a share of the most that there is; zero where that is not known."""
        if most is None:
            return 0
        return floor(min(_FULL, _FULL * watts / most) / 10.0 ** self._exponent() + _SLACK)

    def _within(self, point: str, rate: int, counts: int, timer: int) -> int:
        """Return the stricter of ours and a rate that was found in force.

        One that was found with a timer counts until that would have been over: it is not ours to prolong.
        """
        found, now = self._model.found(point), self._clock()
        before, until = self._heeded.get(point, ([], 0.0))
        if before != found:
            until = now + timer if timer not in (NO_TIMER, NONE_16) else inf
            self._heeded[point] = (found, until)
        if not counts or now >= until or found[0] >= _NONE_SIGNED:
            return rate
        return min(rate, found[0])


def _share(rate: float | None, most: float | None) -> float | None:
    """Return the W of a rate in percent; of a maximum that is not known only nothing is."""
    if rate is None or (most is None and rate):
        return None
    return rate * (most or 0.0) / _FULL
