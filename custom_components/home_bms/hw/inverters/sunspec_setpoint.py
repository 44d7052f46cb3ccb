"""Sets an inverter's power through SunSpec's model 704."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, trunc
from typing import Final, Literal

from modbus_connection.decode import decode_int16
from modbus_connection.encode import encode_int

from ..driver import DriverError
from ..sunspec.memory import SCALES, Points
from .sunspec_model import LeasedModel
from .sunspec_storage import LEASE, RENEW_EVERY

GROUP: Final = ("WSetEna", 11)
"""What is written as one, up to WSetRvrtTms: the models of 7xx want it so (`modbus/08_sunspec.md`)."""
ENABLED: Final = 1
WATTS: Final = 1
"""WSetMod: in W instead of in percent."""
_MOST: Final = 0x7FFFFFFF
_POINTS: Final = ("WSet", "WSetMod", "WSetEnaRvrt", "WSetRvrtTms", "WSetEna")


class SetpointControl:
    """What home_bms asks of one model of controls. Errors are DriverError."""

    def __init__(self, model: LeasedModel, *, sign: Literal[1, -1], clock: Callable[[], float]) -> None:
        """Set the power behind `model`; `sign` is -1 where a negative one charges, which the sheet calls usual."""
        self._model = model
        self._sign = sign
        self._clock = clock
        self._renew_at = -inf

    async def look(self) -> Points:
        """Read the model."""
        return await self._model.look()

    def problem(self, points: Points) -> str | None:
        """Return the key of why these points cannot be used, `None` if they can."""
        if points["WSetEna"] is None or points["WSetMod"] is None:
            return "no_setpoint"
        if self._exponent() not in SCALES:
            return "no_scale"
        timed = points["WSetRvrtTms"] is not None and points["WSetEnaRvrt"] is not None
        return None if timed else "no_reversion_timer"

    def power(self, points: Points) -> float | None:
        """Return the W into the battery that are asked for now; `None` if none are."""
        if points["WSetEna"] != ENABLED or points["WSetMod"] != WATTS or points["WSet"] is None:
            return None
        return float(self._sign * points["WSet"])

    async def ask(self, watts: float) -> None:
        """Ask for a power in W into the battery, as a lease; rounded towards zero."""
        points = await self._model.look()
        if problem := self.problem(points):
            raise DriverError("nonsense", f"the set-point cannot be used: {problem}")
        raw = trunc(self._sign * watts / 10.0 ** self._exponent())
        wanted = {
            "WSetEna": [ENABLED],
            "WSetMod": [WATTS],
            "WSet": encode_int(min(_MOST, max(-_MOST, raw)), count=2),
            # What it goes back to is off.
            "WSetEnaRvrt": [0],
            "WSetRvrtTms": encode_int(LEASE, count=2),
        }
        for point, words in wanted.items():
            self._model.found(point, len(words))
        now = self._clock()
        anew = now >= self._renew_at
        await self._model.put(wanted, anew=anew)
        if anew:
            self._renew_at = now + RENEW_EVERY

    async def release(self) -> None:
        """Put back what was found."""
        self._renew_at = -inf
        await self._model.put_back(*_POINTS)

    def _exponent(self) -> int:
        return decode_int16(self._model.stands("WSet_SF"))
