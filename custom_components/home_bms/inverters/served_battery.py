"""Has the SunSpec server told each second, as if it were an inverter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import override

from ..core.bank import Bank
from ..core.model import Flow
from ..hw.driver import DriverError
from ..hw.inverters.inverter import NO_MEMORY, Ability, Inverter, InverterInfo, InverterReading, Memory
from ..hw.shown_pack import ShownPack
from ..hw.sunspec_server import SunSpecServer


class ServedBattery(Inverter):
    """Whoever reads the battery over SunSpec; home_bms writes nothing to anybody here."""

    abilities = Ability.NONE
    lease = None

    def __init__(
        self, server: SunSpecServer, packs: Callable[[], Sequence[ShownPack]], clock: Callable[[], float]
    ) -> None:
        """Serve by `server`; `packs` gives what is shown of each, in the battery's order."""
        self.server = server
        self._packs = packs
        self._clock = clock

    @property
    @override
    def info(self) -> InverterInfo:
        return InverterInfo(model="SunSpec server")

    @property
    @override
    def memory(self) -> Memory:
        return NO_MEMORY

    @override
    async def async_identify(self) -> InverterInfo:
        """Begin to listen. Raises DriverError."""
        if not self.server.port:
            try:
                await self.server.async_start()
            except OSError as err:
                raise DriverError("cannot_connect", str(err)) from err
        return self.info

    @override
    async def async_tell(self, bank: Bank, setpoint: float | None) -> None:
        del setpoint
        try:
            self.server.tell(bank, self._packs())
        except ValueError as err:
            raise DriverError("refused", str(err)) from err

    @override
    async def async_read(self) -> InverterReading:
        return InverterReading(time=self._clock())

    @override
    async def async_release(self, held: Flow = Flow.NONE) -> None:
        """Stop to serve."""
        del held
        await self.server.async_stop()
