"""Limits an inverter's storage through SunSpec's model 124."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, inf
from typing import Final

from modbus_connection.decode import decode_int16

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
NONE_16: Final = 0xFFFF
"""An unsigned point that is not implemented."""
_NONE_SIGNED: Final = 0x8000
_SLACK: Final = 1e-6
_FULL: Final = 100.0
# Rates before the mode that makes them count.
_ORDER: Final = ("OutWRte", "InWRte", "InOutWRte_RvrtTms", "StorCtl_Mod")


class StorageControl:
    """What home_bms asks of one storage model. Errors are DriverError."""

    def __init__(self, model: LeasedModel, *, discharge_max: float | None, clock: Callable[[], float]) -> None:
        """Limit the storage behind `model`.

        `discharge_max` in W is what the discharge rate is a share of; the sheet names a maximum that no point tells, so
        without it that of charging counts.
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
        mode, charge_max, discharge_max = points["StorCtl_Mod"] or 0, *self._most(points)
        charge, discharge = points["InWRte"], points["OutWRte"]
        return (
            charge * charge_max / _FULL if mode & CHARGE and charge is not None else None,
            discharge * discharge_max / _FULL if mode & DISCHARGE and discharge is not None else None,
        )

    def own(self, points: Points) -> tuple[float | None, float | None]:
        """Return the W that the inverter can charge and discharge with, as far as it tells."""
        most = self._most(points)
        return most[0] or None, most[1] or None

    async def limit(self, charge: float, discharge: float) -> None:
        """Limit the powers, in W, with a lease; rounded down, never above limits that others have set to stay."""
        points = await self._model.look()
        if problem := self.problem(points):
            raise DriverError("nonsense", f"the storage model cannot be used: {problem}")
        charge_max, discharge_max = self._most(points)
        mode = self._model.found("StorCtl_Mod")[0]
        timer = self._model.found("InOutWRte_RvrtTms")[0]
        wanted = {
            "OutWRte": [self._within("OutWRte", self._rate(discharge, discharge_max), mode & DISCHARGE, timer)],
            "InWRte": [self._within("InWRte", self._rate(charge, charge_max), mode & CHARGE, timer)],
            "InOutWRte_RvrtTms": [LEASE],
            "StorCtl_Mod": [mode | BOTH],
        }
        now = self._clock()
        anew = now >= self._renew_at
        await self._model.put(wanted, anew=anew)
        if anew:
            self._renew_at = now + RENEW_EVERY

    async def release(self) -> None:
        """Put back what was found."""
        self._renew_at = -inf
        await self._model.put_back(*_ORDER)

    def _most(self, points: Points) -> tuple[float, float]:
        charge = points["WChaMax"] or 0.0
        return charge, charge if self._discharge_max is None else self._discharge_max

    def _exponent(self) -> int:
        return decode_int16(self._model.stands("InOutWRte_SF"))

    def _rate(self, watts: float, most: float) -> int:
        """Return the word of a power as a share."""
        return floor(min(_FULL, _FULL * watts / most) / 10.0 ** self._exponent() + _SLACK)

    def _within(self, point: str, rate: int, counts: int, timer: int) -> int:
        """Return the stricter of ours and a rate that was found in force.

        One that was found with a timer counts until that would have been over: it is not ours to prolong.
        """
        found, now = self._model.found(point), self._clock()
        before, until = self._heeded.get(point, ([], 0.0))
        if before != found:
            until = now + timer if timer not in (0, NONE_16) else inf
            self._heeded[point] = (found, until)
        if not counts or now >= until or found[0] >= _NONE_SIGNED:
            return rate
        return min(rate, found[0])
