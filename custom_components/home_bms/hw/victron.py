"""Steers a Victron GX within bounds, with leases that end in what was found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from math import floor, isfinite
from types import MappingProxyType
from typing import Any, Final, cast

from modbus_connection import IllegalDataAddressError, ModbusError, ModbusUnit
from modbus_connection.decode import combine_words
from modbus_connection.encode import encode_int
from modbus_connection.model import NumberField, RegisterField

from ..core.model import Flow
from .devices.victron_registers import Overrides, Settings
from .driver import DriverError
from .leases import NO_LEASES, Lease
from .modbus import driver_error

RENEW_WITHIN: Final = 30.0
"""s after which the volatile set-point is to be told again.

A GX wants external set-points anew every 60 s (`modbus/07_victron_gx.md`); when this one lapses is not documented.
"""
STEERED: Final = (1, 2)
"""The modes of the energy storage system (register 2902) in which the GX follows a set-point."""
# What is lost when a decimal number becomes a binary one must not cost a step of a register.
_SLACK: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """A register that is written: within which bounds, how it is rounded, how it is handed back.

    Bounds are those of the register where the sheet names none.
    """

    address: int
    count: int
    """Words."""
    scale: float
    """Of one step, in the unit of the values."""
    signed: bool
    low: float
    high: float
    flow: Flow
    """The direction that it limits: rounded down, kept by the GX in flash, and so written only if it changes.

    What limits none is rounded to the nearest step and lapses.
    """

    @property
    def limits(self) -> bool:
        """Whether it is a limit."""
        return bool(self.flow)

    def words(self, value: float) -> list[int]:
        """Return the words of a value. Raises ValueError beyond the bounds."""
        if not (isfinite(value) and self.low <= value <= self.high):
            raise ValueError(f"register {self.address} takes {self.low:g} to {self.high:g}, not {value}")
        steps = value / self.scale
        return encode_int(floor(steps + _SLACK) if self.limits else round(steps), count=self.count)

    def value(self, words: list[int]) -> float:
        """Return the value of words."""
        raw, span = combine_words(words), 1 << 16 * self.count
        return self.scale * (raw - span if self.signed and raw >= span // 2 else raw)

    def within(self, words: list[int], found: list[int]) -> list[int]:
        """Return the words of the stricter of two limits; what was found may be none at all: -1, or 0 V."""
        asked, stood = (combine_words(each) for each in (words, found))
        none = stood >> (16 * self.count - 1) if self.signed else stood == 0
        return words if none or asked < stood else found


_WORD: Final = 0x7FFF
_LONG: Final = 0x7FFFFFFF


def _handle(field: RegisterField[Any], low: float, high: float, flow: Flow) -> Handle:
    """Return the handle of a register of the map."""
    number = cast("NumberField[Any]", field)
    return Handle(
        address=number.address,
        count=number.count,
        scale=number.scale,
        signed=number.signed,
        low=low,
        high=high,
        flow=flow,
    )


HANDLES: Final[Mapping[str, Handle]] = MappingProxyType(
    {
        "charge_current_max": _handle(Settings.charge_current_max, 0, _WORD, Flow.CHARGE),
        # 0 V would mean that there is no limit, or an empty battery; nobody who limits wants either.
        "charge_voltage_max": _handle(Settings.charge_voltage_max, 0.1, 6553.4, Flow.CHARGE),
        "discharge_power_max": _handle(Settings.discharge_power_max, 0, _LONG, Flow.DISCHARGE),
        "coarse_discharge_power_max": _handle(Settings.coarse_discharge_power_max, 0, 10 * _WORD, Flow.DISCHARGE),
        "volatile_grid_setpoint": _handle(Overrides.volatile_grid_setpoint, -_LONG, _LONG, Flow.NONE),
    }
)
"""By the names that the registers have in the map."""


class VictronControl:
    """What home_bms asks of one GX. Each write is read back, and only what is read counts.

    Errors: ValueError for what is beyond a register's bounds, DriverError for what did not take effect.
    """

    def __init__(
        self,
        system: ModbusUnit,
        *,
        leases: Mapping[str, Lease] = NO_LEASES,
        steering: bool = False,
        keep: Callable[[], Awaitable[None]] | None = None,
        clock: Callable[[], float],
    ) -> None:
        """Steer the GX behind `system`, its unit 100.

        `leases` are those of an earlier run that could not hand back, `steering` whether it left a set-point behind.
        `keep` is awaited before each write that changes either.
        """
        self._unit = system
        self._clock = clock
        self._leases = dict(leases)
        self._coarse = False
        """Whether this GX has only the discharge limit in steps of 10 W."""
        self._keep = keep
        self._renew_at: float | None = clock() if steering else None

    @property
    def leases(self) -> Mapping[str, Lease]:
        """What is to be put back, by register; to be kept where a restart cannot reach it."""
        return self._leases

    @property
    def renew_at(self) -> float | None:
        """When the set-point is to be told again, on the clock; `None` while none stands."""
        return self._renew_at

    async def async_limit_charge_current(self, amperes: float) -> None:
        """Limit what all chargers together may charge with, in whole A."""
        await self._put("charge_current_max", amperes)

    async def async_limit_charge_voltage(self, volts: float) -> None:
        """Limit the charge voltage, in steps of 0.1 V."""
        await self._put("charge_voltage_max", volts)

    async def async_limit_discharge_power(self, watts: float) -> None:
        """Limit what the inverters may draw from the battery, in W, on older firmware in steps of 10 W."""
        if not self._coarse:
            try:
                await self._put("discharge_power_max", watts)
            except DriverError as err:
                if not isinstance(err.__cause__, IllegalDataAddressError):
                    raise
                self._coarse = True
            else:
                return
        name = "coarse_discharge_power_max"
        if name not in self._leases and await self._read(name) == [0]:
            # -1 W, which is no limit, is rounded to 0 here: put back, it would forbid to discharge at all.
            raise DriverError("refused", "the GX does not tell its discharge limit finely enough to put it back")
        await self._put(name, watts)

    async def async_set_grid_power(self, watts: float) -> None:
        """Ask for a power at the grid in W, positive when taken from it; to be told again until `renew_at`."""
        await self._steered()
        if self._renew_at is None:
            # From here on there may be one that stands.
            self._renew_at = self._clock()
            await self._remember()
        await self._put("volatile_grid_setpoint", watts)
        self._renew_at = self._clock() + RENEW_WITHIN

    async def async_end_grid_power(self) -> None:
        """Let the volatile set-point be the lasting one, which is what the GX does without it."""
        if self._renew_at is None:
            return
        (lasting,) = await self._words(Settings.grid_setpoint.address, 1)
        await self._write("volatile_grid_setpoint", _stretched(lasting))
        self._renew_at = None
        await self._remember()

    async def async_release(self, held: Flow = Flow.NONE) -> None:
        """Put back what was found, unless somebody else has changed it since; the limits of `held` stay for later.

        The volatile set-point ends too. Everything is tried before an error is raised; what failed is tried again the
        next time.
        """
        trouble: DriverError | None = None
        for name in [name for name in self._leases if not HANDLES[name].flow & held]:
            try:
                await self._put_back(name)
            except DriverError as err:
                trouble = trouble or err
        try:
            await self.async_end_grid_power()
        except DriverError as err:
            trouble = trouble or err
        await self._remember()
        if trouble:
            raise trouble

    async def _steered(self) -> None:
        """Raise DriverError if the GX would take no notice of a set-point."""
        (mode,) = await self._words(Settings.ess_mode.address, 1)
        if mode not in STEERED:
            raise DriverError("not_effective", f"in mode {mode} of its energy storage system the GX heeds no set-point")

    async def _put(self, name: str, value: float) -> None:
        """Bring a register to a value, which counts as given from here; a limit never widens the one that was found."""
        handle = HANDLES[name]
        words = handle.words(value)
        if not handle.limits:
            await self._write(name, words)
            return
        lease, stands = self._leases.get(name), await self._read(name)
        if lease is None or stands not in lease.ours:
            # Whatever home_bms did not write is somebody's wish, also while home_bms is at it.
            lease = self._leases[name] = Lease(found=stands, ours=[stands])
        words = handle.within(words, lease.found)
        if stands != words:
            await self._write(name, words)

    async def _put_back(self, name: str) -> None:
        """Bring a register back to what was found."""
        lease, stands = self._leases[name], await self._read(name)
        if stands in lease.ours and stands != lease.found:
            await self._write(name, lease.found)
        del self._leases[name]

    async def _remember(self) -> None:
        """Have what is to be put back kept."""
        if self._keep is not None:
            await self._keep()

    async def _read(self, name: str) -> list[int]:
        handle = HANDLES[name]
        return await self._words(handle.address, handle.count)

    async def _words(self, address: int, count: int) -> list[int]:
        """Return the words of a register."""
        try:
            return list(await self._unit.read_holding_registers(address, count))
        except ModbusError as err:
            raise driver_error(err) from err

    async def _write(self, name: str, words: list[int]) -> None:
        """Write and read back; a write whose acknowledgement was lost may have taken effect all the same."""
        address = HANDLES[name].address
        lease = self._leases.get(name)
        if lease is not None:
            self._leases[name] = replace(lease, ours=[*lease.ours, words])
            await self._remember()
        trouble: ModbusError | None = None
        try:
            if len(words) == 1:
                await self._unit.write_register(address, words[0])
            else:
                await self._unit.write_registers(address, words)
        except ModbusError as err:
            trouble = err
        stands = await self._read(name)
        if lease is not None:
            self._leases[name] = replace(lease, ours=[stands])
        if stands == words:
            return
        if trouble:
            raise driver_error(trouble) from trouble
        raise DriverError("not_effective", f"the GX took no notice of register {address}")


def _stretched(word: int) -> list[int]:
    """Return a signed word as two."""
    return encode_int(word - 0x10000 if word & 0x8000 else word, count=2)
