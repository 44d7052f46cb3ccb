"""Reads and writes a pack over Modbus, as its device's register map says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, override

from modbus_connection import (
    GatewayPathUnavailableError,
    GatewayTargetError,
    IllegalDataAddressError,
    IllegalFunctionError,
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
    ModbusTimeoutError,
    ModbusUnit,
)
from modbus_connection.model import Component

from ..core.model import Decision, PackReading, Switches
from .byte_addressed import ByteAddressedUnit
from .driver import Capability, DeviceInfo, Driver, DriverError, IdentityChangedError
from .lane import Lane
from .registers import RegisterMap, Values
from .roundabout import Roundabout
from .sense import senseless

SETTINGS_EVERY: Final = 60.0
"""s between two looks at the settings and the serial number."""
SPREAD: Final = 16
"""Unit ids over which the first look at the settings is spread."""
PASSPORT_EVERY: Final = 10.0
"""s between two looks at the serial number alone: two packs on one address take turns (faults.md 32)."""
SETTINGS_RETRY: Final = 10.0
"""s before settings that could not be read are tried again."""
NEVER: Final = float("-inf")
FORGET_AFTER: Final = 10.0
"""s after which what a block told is unknown where no time of the reading tells its age, as with any other value."""

ERROR_KEYS: Final[tuple[tuple[type[ModbusError], str], ...]] = (
    (ModbusConnectionError, "cannot_connect"),
    (ModbusTimeoutError, "no_answer"),
    (GatewayTargetError, "no_answer"),
    (GatewayPathUnavailableError, "no_answer"),
    (ModbusExceptionError, "refused"),
    (ModbusError, "nonsense"),
)
"""The first row that fits tells what a failed request means to the user."""


def driver_error(error: ModbusError) -> DriverError:
    """Return what a failed request means, by `ERROR_KEYS`."""
    return DriverError(next(key for kind, key in ERROR_KEYS if isinstance(error, kind)), str(error))


def lacks(error: DriverError) -> bool:
    """Tell whether a device has refused for good: it does not know the function, or does not have the address.

    One that is busy or has failed just now is asked again; what it did not tell stays unknown.
    """
    return isinstance(error.__cause__, (IllegalFunctionError, IllegalDataAddressError))


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(RegisterMap):
    """A pack device on Modbus: its register map, and how its bus wants to be treated."""

    baudrate: int
    spacing: float
    """s of silence that its serial bus needs between two requests."""
    timeout: float
    """s within which it answers."""
    stopbits: Literal[1, 2] = 1
    wakes: bool = False
    """Asleep, it takes the first request as a call to wake up and does not answer it."""

    def driver(
        self,
        unit: ModbusUnit,
        *,
        clock: Callable[[], float] = time.monotonic,
        spacing: float | None = None,
    ) -> Driver:
        """Return the driver of the pack behind `unit`.

        `spacing` in s replaces the device's own. Nothing tells a Modbus TCP gateway in front of an RS485 bus from a
        device that speaks TCP itself, so only who knows that there is no bus (a virtual pack on loopback) may pass 0.
        """
        return ModbusDriver(self, unit, clock=clock, spacing=self.spacing if spacing is None else spacing)


class ModbusDriver(Driver):
    """One pack on Modbus; keeps the last values of each block, its time, and no opinion."""

    def __init__(self, device: Device, unit: ModbusUnit, *, clock: Callable[[], float], spacing: float) -> None:
        unit.set_message_spacing(spacing)
        unit.require_timeout(device.timeout)
        self.capabilities: Capability = device.capabilities
        self._device = device
        self._clock = clock
        # Who comes without a lane has the link to itself, as far as home_bms knows.
        self._lane = unit if isinstance(unit, Lane) else Lane(unit, Roundabout(), 0)
        self._unit = self._lane.unit
        addressed = ByteAddressedUnit(self._unit, device.address_step)
        self._components: dict[type[Component], Component] = {kind: kind(addressed) for kind in device.components}
        self._values: dict[str, Any] = {}
        self._times: dict[str, float] = {}
        self._found: Values = {}
        self._info: DeviceInfo | None = None
        self._sure = False
        """Whether it is known to be the same pack since the link last failed."""
        self._settings_due = NEVER
        self._passport_due = NEVER
        self._called = False
        """Whether it was called to wake up since it last answered."""
        self._refused: set[type[Component]] = set()
        """What this device does not have, although others of its kind do."""
        self._present: set[type[Component]] = set()
        """Extras that it has answered for ..."""
        self._unanswered: set[type[Component]] = set()
        """... and those that it once did not answer for, which may have been the line's fault."""
        self._balance_found: bool | None = None
        """Where the balance switch was before the first write to it."""

    @property
    @override
    def info(self) -> DeviceInfo:
        if self._info is None:
            raise DriverError("no_answer", "the pack has not been identified yet")
        return self._info

    @property
    def values(self) -> Values:
        """What was last read, by field."""
        return self._values

    @property
    def times(self) -> Mapping[str, float]:
        """When each group that the map's `live` names was last read."""
        return self._times

    @override
    async def async_identify(self) -> DeviceInfo:
        self._lane.begin()
        device = self._device
        for kind in (*device.identity, *device.settings, *device.live):
            if kind not in device.extras:
                await self._update(kind)
        await self._read_extras()
        told = self._told()
        if self._info is None or told.fingerprint != self._info.fingerprint:
            # What is known of a pack outlasts a lost link, and is not carried over to another pack.
            self._found = dict(self._values)
            self._balance_found = None
        self._info = told
        self._sure = True
        self._looked(with_settings=True)
        # Packs that were found together on one bus do not all read their settings in the same round again.
        self._settings_due -= SETTINGS_EVERY / 2 * (self._lane.unit_id % SPREAD) / SPREAD
        return told

    @override
    async def async_read(self) -> PackReading:
        if self._info is None:
            await self.async_identify()
        self._lane.begin()
        if self._clock() >= self._settings_due:
            await self._look_again(with_settings=True)
        elif self._clock() >= self._passport_due:
            await self._look_again(with_settings=False)
        positions = self._positions()
        await self._read_live()
        if self._positions() != positions:
            # Somebody moved a switch, perhaps with the maker's app: what was commanded is worth another look.
            self._settings_due = NEVER
        reading, now = self._device.reading(self._values, self._found), self._clock()
        if (why := senseless(reading)) is not None:
            self._sure = False
            self._settings_due = NEVER
            raise DriverError("nonsense", why)
        passed = now - self._times.get("sleep_time", now)
        return replace(
            reading,
            time=now,
            hardware=self.info.hardware_ring,
            sleep_in=None if reading.sleep_in is None else max(0.0, reading.sleep_in - passed),
            cells_time=self._times.get("cells_time"),
            temperatures_time=self._times.get("temperatures_time"),
            current_time=self._times.get("current_time"),
            asked_time=None if reading.asked is None else self._times.get("asked_time"),
        )

    @override
    async def async_apply(self, decision: Decision) -> None:
        await self._move(decision.switches)

    @override
    async def async_release(self) -> None:
        if self._balance_found is not None:
            await self._move(Switches(balance=self._balance_found))
            self._balance_found = None

    async def _update(self, kind: type[Component]) -> None:
        """Read one component and take its values over. Raises DriverError."""
        component = self._components[kind]
        try:
            await self._ask(component)
        except ModbusError as err:
            raise driver_error(err) from err
        self._values.update({name: getattr(component, name) for name in component.declared_fields})

    async def _ask(self, component: Component) -> None:
        """Read one component; of a device that may have been asleep the second answer counts. Raises ModbusError."""
        try:
            await component.async_update(notify=False)
        except ModbusError as err:
            called = self._called or not self._device.wakes
            if called or driver_error(err).key not in ("no_answer", "nonsense"):
                raise
            self._called = True
            await component.async_update(notify=False)
        self._called = False

    async def _read_live(self) -> None:
        """Read every live block; one that fails keeps its values and times. Raises DriverError if all do."""
        failure: DriverError | None = None
        arrived = False
        for kind, groups in self._device.live.items():
            if kind in self._device.extras and kind not in self._present:
                continue
            try:
                await self._update(kind)
            except DriverError as err:
                failure = failure or err
                self._forget(kind, groups)
                continue
            arrived = True
            self._times.update(dict.fromkeys(groups or (kind.__name__,), self._clock()))
        if failure and not arrived:
            # Whatever answers next may be another pack.
            self._sure = False
            self._settings_due = NEVER
            raise failure

    def _forget(self, kind: type[Component], groups: tuple[str, ...]) -> None:
        """Take back what a block told long ago, where nothing else would tell that it is old."""
        if not groups and self._clock() - self._times.get(kind.__name__, NEVER) >= FORGET_AFTER:
            for name in kind.declared_fields:
                self._values.pop(name, None)

    async def _read_extras(self) -> None:
        """Read what not every device of this kind has; what it lacks is not asked for again."""
        for kind, groups in self._device.extras.items():
            if kind in self._refused:
                continue
            try:
                await self._update(kind)
            except DriverError as err:
                mute = err.key == "no_answer" and kind in self._device.mute - self._present
                if lacks(err) or (mute and kind in self._unanswered):
                    self._refused.add(kind)
                if mute:
                    self._unanswered.add(kind)
            else:
                self._present.add(kind)
                self._times.update(dict.fromkeys(groups, self._clock()))

    async def _look_again(self, *, with_settings: bool) -> None:
        """See that it is still the same pack, and read the settings.

        Raises DriverError if it is another, or if that cannot be told after the link had failed.
        """
        device = self._device
        try:
            # Who it is comes first, so that another one's settings are not even asked for.
            told = await self._look_at(device.passport)
            if with_settings:
                told = await self._look_at(device.settings)
                await self._read_extras()
                told = self._told()
        except IdentityChangedError:
            self._sure = False
            self._settings_due = NEVER
            raise
        except DriverError:
            if not self._sure:
                raise
            self._passport_due = self._settings_due = self._clock() + SETTINGS_RETRY
            return
        self._info = told
        self._sure = True
        self._looked(with_settings=with_settings)

    async def _look_at(self, kinds: tuple[type[Component], ...]) -> DeviceInfo:
        """Read components that tell who the pack is, and return that. Raises DriverError if it is another."""
        for kind in kinds:
            await self._update(kind)
        told = self._told()
        if told.fingerprint != self.info.fingerprint:
            raise IdentityChangedError(self.info.fingerprint, told.fingerprint)
        return told

    def _looked(self, *, with_settings: bool) -> None:
        """Note when the pack is to be looked at again."""
        now = self._clock()
        self._passport_due = now + PASSPORT_EVERY
        if with_settings:
            self._settings_due = now + SETTINGS_EVERY

    def _told(self) -> DeviceInfo:
        """Return who the pack says it is. Raises DriverError."""
        try:
            return self._device.info(self._values)
        except ValueError as err:
            raise DriverError("nonsense", str(err)) from err

    def _positions(self) -> tuple[Any, ...]:
        """Return where the switches really are."""
        return tuple(self._values.get(name) for name in self._device.positions)

    async def _move(self, wishes: Switches) -> None:
        """Move the switches that are not where they should be, opening before closing, and read them back.

        After a lost link opening waits for nobody, and nothing is closed of a pack before it was recognised. The
        read-back alone judges: a write whose acknowledgement was lost has still taken effect. Raises DriverError.
        """
        if self._info is None:
            await self.async_identify()
        moves = {
            name: wish
            for name in self._device.orders
            if (wish := getattr(wishes, name)) is not None and wish is not self._values.get(name)
        }
        if not moves or self._device.commands is None:
            return
        trouble: ModbusError | None = None
        for name in sorted(moves, key=moves.__getitem__):
            if moves[name] and not self._sure:
                await self._look_again(with_settings=False)
            if name == "balance" and self._balance_found is None:
                self._balance_found = self._values.get(name)
            try:
                await self._device.orders[name].send(self._unit, moves[name])
            except ModbusError as err:
                trouble = trouble or err
        await self._update(self._device.commands)
        missed = [name for name, wish in moves.items() if self._values.get(name) is not wish]
        if missed and trouble:
            raise driver_error(trouble) from trouble
        if missed:
            raise DriverError("not_effective", f"the pack took no notice of the {' and '.join(missed)} switch")
