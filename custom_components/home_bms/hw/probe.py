"""A unit that can only be read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, cast

from modbus_connection import ModbusError, ModbusUnit

from .driver import DriverError

TIMEOUT: Final = 1.0
"""s that a unit has for an answer; the slowest first answer of a sheet (modbus/01_jk_pb.md)."""
READS: Final = ("read_coils", "read_discrete_inputs", "read_holding_registers", "read_input_registers")
"""All that is ever sent: functions 1 to 4, which change nothing in any device."""
BARRED: Final = ("write_", "mask_", "read_write", "diagnostics")


class Probe:
    """A unit behind which somebody may be: keeps the bus's manners whatever a driver wants, and notes how it went."""

    def __init__(self, unit: ModbusUnit, spacing: float, timeout: float = TIMEOUT) -> None:
        """Ask `unit` with `spacing` s of silence, the longest that any device on the bus may want."""
        unit.set_message_spacing(spacing)
        unit.require_timeout(timeout)
        self._unit = unit
        self.answered = False
        """Whether any request was answered soundly."""
        self._error: ModbusError | None = None

    @property
    def unit(self) -> ModbusUnit:
        """The probe as what it looks like."""
        return cast("ModbusUnit", self)

    def set_message_spacing(self, seconds: float) -> None:
        """Keep the silence."""

    def require_timeout(self, seconds: float | None) -> None:
        """Keep the time-out: a unit that is not there costs it each time."""

    def cause(self, err: Exception) -> ModbusError | None:
        """Return what was wrong with the answer for which a driver gave up, nothing if only its values were."""
        told = next((each for each in (err, err.__cause__) if isinstance(each, ModbusError)), None)
        nonsense = not isinstance(err, DriverError) or err.key == "nonsense"
        return told or (None if nonsense else self._error)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the unit has
        """Pass reads on and note how they went; nothing that writes can pass."""
        if name.startswith(BARRED):
            raise AttributeError(f"a probe does not {name}")
        found = getattr(self._unit, name)
        if name not in READS:
            return found

        async def read(address: int, count: int) -> Any:  # noqa: ANN401 - as the unit does it
            try:
                answer = await _whole(found(address, count))
            except ModbusError as err:
                self._error = err
                raise
            self.answered = True
            return answer

        return read


async def _whole[T](request: Awaitable[T]) -> T:
    """Wait for a request, and for its end also when nobody wants it any more: half of one can confuse the link."""
    task = asyncio.ensure_future(request)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()
        raise
    return task.result()
