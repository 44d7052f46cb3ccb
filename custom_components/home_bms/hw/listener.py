"""A pack that is only listened to, because somebody else is the master of its bus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, cast, override

from modbus_connection import ModbusError, ModbusUnit

from ..core.model import Decision, PackReading
from .dialect import Broadcast, Told
from .driver import Capability, DeviceInfo, Driver, DriverError
from .modbus import Device, driver_error

if TYPE_CHECKING:
    from .wire import WireUnit

ROUNDS: Final = 2
"""Rounds of the bus without a word of the pack after which it does not answer."""
MARGIN: Final = 5.0
"""s beyond them."""
LOOK_EVERY: Final = 0.25
"""s; an acknowledgement that never comes is given up by the clock, which no byte announces."""
HEAR_FOR: Final = 1.2
"""Rounds in which the pack must be heard once when it is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenedDevice(Device):
    """A device that talks by itself; it has a `broadcast`."""

    @override
    def driver(
        self,
        unit: ModbusUnit,
        *,
        clock: Callable[[], float] = time.monotonic,
        spacing: float | None = None,
    ) -> Driver:
        """Return the driver of the pack that is heard as `unit`, a unit of a wire that listens."""
        del spacing
        if self.broadcast is None:
            raise TypeError(f"{self.key} cannot be listened to")
        return ListeningDriver(self, self.broadcast, cast("WireUnit", unit), clock=clock)


class ListeningDriver(Driver):
    """One pack on a bus, by what it says there; nothing is ever sent.

    The times of a reading are those at which its frames came. A page of identity passes only when somebody asks for
    it, so no serial number proves at the next start that it is the same pack: it is known by its unit id and what it
    is made of. Should it be heard to tell two serial numbers, it is no longer read until it is set up anew.
    """

    capabilities = Capability.NONE

    def __init__(self, device: Device, broadcast: Broadcast, unit: WireUnit, *, clock: Callable[[], float]) -> None:
        self._device = device
        self._broadcast = broadcast
        self._unit = unit
        self._clock = clock
        self._ear = broadcast.ear()
        self._values: dict[str, Any] = {}
        self._found: dict[str, Any] = {}
        self._heard_at: dict[int, float] = {}
        """When each page was heard last."""
        self._rounds = 0
        """How often the live page was heard since the pack was last looked for."""
        self._news = asyncio.Event()
        self._serial_numbers: set[str] = set()
        self._info: DeviceInfo | None = None
        self._since = clock()
        """When anything was last heard, or listening began."""
        unit.listen(self._hear)

    @property
    @override
    def info(self) -> DeviceInfo:
        if self._info is None:
            raise DriverError("no_answer", "the pack has not been heard yet")
        return self._info

    @override
    async def async_identify(self) -> DeviceInfo:
        """Wait until the pack was heard, and its settings with it or a second time without them.

        Never waits longer than a round of the bus takes.
        """
        self._rounds = 0
        until = self._clock() + HEAR_FOR * self._broadcast.period
        while True:
            await self._connect()
            self._look()
            if self._rounds > 1 or (self._rounds and self._broadcast.settings in self._heard_at):
                break
            if (left := until - self._clock()) <= 0:
                break
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOOK_EVERY)):
                    await self._news.wait()
        if not self._rounds:
            raise DriverError("no_answer", f"unit {self._unit.unit_id} was not heard in a whole round of the bus")
        self._found = dict(self._values)
        self._info = self._told()
        return self._info

    @override
    async def async_read(self) -> PackReading:
        await self._connect()
        if self._info is None:
            await self.async_identify()
        self._look()
        now, heard = self._clock(), self._heard_at[self._broadcast.live]
        await self._renew(now)
        if now - heard > ROUNDS * self._broadcast.period + MARGIN:
            raise DriverError("no_answer", f"unit {self._unit.unit_id} was last heard {now - heard:.0f} s ago")
        told = self._told()
        if told != self._info:
            self._info = told
        reading = self._device.reading(self._values, self._found)
        return replace(
            reading,
            time=now,
            hardware=told.hardware_ring,
            sleep_in=None if reading.sleep_in is None else max(0.0, reading.sleep_in - (now - heard)),
            cells_time=heard,
            temperatures_time=heard,
            current_time=heard,
            asked_time=None if reading.asked is None else heard,
        )

    @override
    async def async_apply(self, decision: Decision) -> None:
        """Do nothing: there is nothing that this driver can move."""

    @override
    async def async_release(self) -> None:
        """Do nothing: nothing was taken."""

    async def _connect(self) -> None:
        """Open the line if it is not open. Raises DriverError."""
        try:
            await self._unit.connect()
        except ModbusError as err:
            raise driver_error(err) from err

    async def _renew(self, now: float) -> None:
        """Drop a line on which nobody has said anything for long: a gateway may have forgotten us."""
        if now - self._since > ROUNDS * self._broadcast.period + MARGIN:
            self._since = now
            with suppress(ModbusError):
                await self._unit.disconnect()

    def _told(self) -> DeviceInfo:
        """Return who the pack seems to be. Raises DriverError."""
        if len(self._serial_numbers) > 1:
            raise DriverError("identity_changed", f"unit {self._unit.unit_id} has told different serial numbers")
        try:
            return self._device.info(self._values)
        except ValueError as err:
            raise DriverError("nonsense", str(err)) from err

    def _look(self) -> None:
        """See what the silence has settled."""
        self._take(self._ear.hear(b"", self._clock()))

    def _hear(self, data: bytes, now: float) -> None:
        """Take what passes on the bus."""
        self._since = now
        self._take(self._ear.hear(data, now))

    def _take(self, told: list[Told]) -> None:
        """Keep what is this pack's."""
        for page in told:
            if page.unit != self._unit.unit_id:
                continue
            values = self._device.decode(page.memory)
            if page.page == self._broadcast.identity and (serial_number := values.get("serial_number")):
                self._serial_numbers.add(serial_number)
            self._values |= values
            self._heard_at[page.page] = page.time
            self._rounds += page.page == self._broadcast.live
            self._news.set()
