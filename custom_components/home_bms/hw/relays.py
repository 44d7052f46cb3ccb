"""Closes relays for a time, reads them back, and tells what would move them behind home_bms's back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from modbus_connection import ModbusError, ModbusUnit
from modbus_connection.model import Component

from . import raw_coil
from .driver import DriverError
from .modbus import NEVER, Device, ModbusDriver, driver_error, lacks

FRESH: Final = 3.0
"""s up to which what was read last counts: two lost answers of a board that is polled each second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayBoard(Device):
    """A board of relays, and perhaps of digital inputs; its fields by channel."""

    relay_names: tuple[str, ...]
    contact_names: tuple[str, ...] = ()
    mode_names: tuple[str, ...] = ()
    """Fields that must be 0, or an input moves the relay."""
    coils: type[Component]
    """What the relays' fields belong to."""
    modes: type[Component] | None = None

    @override
    def driver(
        self,
        unit: ModbusUnit,
        *,
        clock: Callable[[], float] = time.monotonic,
        spacing: float | None = None,
    ) -> RelayDriver:
        return RelayDriver(self, unit, clock=clock, spacing=self.spacing if spacing is None else spacing)


class RelayDriver(ModbusDriver):
    """One relay board. It is written to by `async_pulse` and `async_open` alone."""

    def __init__(self, device: RelayBoard, unit: ModbusUnit, *, clock: Callable[[], float], spacing: float) -> None:
        super().__init__(device, unit, clock=clock, spacing=spacing)
        self._board = device
        pulse = device.channels.pulse
        if pulse is None:
            raise ValueError(f"a {device.name} has no relay that opens by itself")
        self._pulse = pulse

    @property
    def age(self) -> float:
        """How many s ago the relays were last read."""
        return self._clock() - self._times.get("relays_time", NEVER)

    def relay(self, channel: int) -> bool | None:
        """Return what a relay was told, as the board last said; `None` if that is long ago."""
        return self._position(self._board.relay_names[channel], "relays_time")

    def contact(self, channel: int) -> bool | None:
        """Return a digital input; `None` if it was last read long ago, or there is none."""
        return self._position(self._board.contact_names[channel], "contacts_time")

    def linked(self, channel: int) -> bool | None:
        """Tell whether a relay is moved by its input too; `None` until the board has said so."""
        if self._board.modes is None or self._board.modes in self._refused:
            return False
        mode = self.values.get(self._board.mode_names[channel])
        return None if mode is None else mode != 0

    async def async_look(self) -> None:
        """Read the relays now. Raises DriverError."""
        await self._update(self._board.coils)
        self._times["relays_time"] = self._clock()

    async def async_pulse(self, channel: int, seconds: float) -> None:
        """Close a relay for a time, after which it opens whatever becomes of us. Raises DriverError.

        A time shorter than the board's unit is none, and nothing is written.
        """
        if seconds >= self._pulse.unit:
            await self._write(self._pulse.address + channel, self._pulse.words(seconds))

    async def async_open(self, channel: int) -> None:
        """Open a relay now, and read it back. Raises DriverError."""
        trouble: DriverError | None = None
        for word in self._pulse.off:
            try:
                await self._write(self._pulse.off_address + channel, word)
            except DriverError as err:
                trouble = trouble or err
            await self.async_look()
            if self.relay(channel) is False:
                return
        raise trouble or DriverError("not_effective", f"relay {channel + 1} took no notice of the command to open")

    @override
    async def _update(self, kind: type[Component]) -> None:
        """Read one component; what is told to be missing is not asked for again."""
        if kind in self._refused:
            return
        try:
            await super()._update(kind)
        except DriverError as err:
            if not lacks(err) or kind not in self._device.extras:
                raise
            self._refused.add(kind)

    def _position(self, name: str, group: str) -> bool | None:
        age = self._clock() - self._times.get(group, NEVER)
        told = self.values.get(name)
        return bool(told) if told is not None and age <= FRESH else None

    async def _write(self, address: int, word: int) -> None:
        """Write one word as the board's sheet says. Raises DriverError."""
        try:
            if self._pulse.function == 5 and word:
                await raw_coil.async_write(self._unit, address, word)
            elif self._pulse.function == 5:
                await self._unit.write_coil(address, False)
            else:
                await self._unit.write_register(address, word)
        except ModbusError as err:
            raise driver_error(err) from err
