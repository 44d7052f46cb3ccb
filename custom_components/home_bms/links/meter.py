"""Counts the transactions with a device, and how many of the last ones failed, for statistics."""

from __future__ import annotations

from collections import deque
from typing import Any, Final, cast

from modbus_connection import ModbusError, ModbusUnit

# Transactions by which a link is judged: fifty polls of two requests, so that a lost one in a hundred is no news.
_WINDOW: Final = 100


class LinkMeter:
    """Counts the transactions of a pack and how many of the last ones failed, for its statistics."""

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=_WINDOW)
        self.transactions = 0

    @property
    def quality(self) -> float | None:
        """Percent of the last transactions that were answered soundly, `None` until there are enough to tell."""
        last = self._last
        return 100 * sum(last) / len(last) if len(last) == _WINDOW else None

    def around(self, unit: ModbusUnit) -> ModbusUnit:
        """Return the same unit, counted."""
        return cast("ModbusUnit", CountedUnit(unit, self))

    def begun(self) -> None:
        """Count a transaction."""
        self.transactions += 1

    def ended(self, sound: bool) -> None:
        """Note how a transaction went."""
        self._last.append(sound)


class CountedUnit:
    """A Modbus unit whose transactions a meter counts."""

    def __init__(self, unit: ModbusUnit, meter: LinkMeter) -> None:
        self._unit = unit
        self._meter = meter

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the unit has
        """Pass everything on; reading and writing is what counts."""
        found = getattr(self._unit, name)
        if not name.startswith(("read_", "write_")):
            return found

        async def counted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the unit does it
            self._meter.begun()
            try:
                answer = await found(*args, **kwargs)
            except ModbusError:
                self._meter.ended(False)
                raise
            self._meter.ended(True)
            return answer

        return counted
