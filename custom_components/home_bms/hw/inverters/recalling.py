"""An inverter on Modbus that knows who it is, and has kept what a restart must know."""

from __future__ import annotations

from typing import override

from ..driver import DriverError
from .inverter import Inverter, InverterInfo, Keep


class RecallingInverter(Inverter):
    """What the links over Modbus share; `_info` is set by `async_identify`."""

    def __init__(self, keep: Keep | None) -> None:
        self._keep = keep
        self._info: InverterInfo | None = None

    @property
    @override
    def info(self) -> InverterInfo:
        if self._info is None:
            raise DriverError("no_answer", "the inverter has not been identified yet")
        return self._info

    async def _remember(self) -> None:
        """Have the memory kept; awaited before the write that it is about."""
        if self._keep is not None:
            await self._keep(self.memory)
