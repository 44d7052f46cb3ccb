"""Tells a Victron GX the battery's limits over Modbus TCP."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import floor
from typing import Final, override

from modbus_connection import IllegalDataAddressError, ModbusError, ModbusUnit
from modbus_connection.model import Component, gauge, int32, integer

from ...core.bank import Bank
from ...core.model import Flow, whole
from ..devices.victron_registers import DECI, known
from ..driver import DriverError
from ..leases import leases_data, leases_of
from ..modbus import driver_error
from ..victron import HANDLES, VictronControl
from .inverter import (
    NO_MEMORY,
    Ability,
    InverterInfo,
    InverterReading,
    Keep,
    Limits,
    Memory,
    SetpointError,
    bounded,
    charge_current,
    discharge_power,
)
from .recalling import RecallingInverter

TIMEOUT: Final = 2.0
"""s within which a GX answers."""
RISE_AFTER: Final = 30.0
"""s after which a limit may rise again: a GX keeps limits in flash, which each write wears."""
FINE_RISE_AFTER: Final = 600.0
"""s after which it may rise by a single step."""
NO_LIMIT: Final = -1
"""What the GX holds where there is no limit of a current or power; of a voltage it is 0."""
FED: Final = (1, 3)
"""The inputs (register 826) at which there is a grid that a set-point is about: the grid itself, shore power."""
# W in which set-points are told: less than meters agree about.
_SETPOINT_STEP: Final = 10.0
_SLACK: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a limit was last brought to, and when."""

    value: float
    time: float


class Flows(Component):
    """What flows where, on unit 100 (`modbus/07_victron_gx.md`)."""

    register_ranges = ((820, 822), (826, 826), (840, 843))

    grid_l1 = integer(820, unit="W")
    grid_l2 = integer(821, unit="W")
    grid_l3 = integer(822, unit="W")
    active_input = integer(826)
    voltage = known(840, DECI, "V")
    current = gauge(841, DECI, unit="A")
    power = integer(842, unit="W")
    soc = known(843, unit="%")


class Heeded(Component):
    """The limits and the set-point that stand, on unit 100."""

    register_ranges = ((2705, 2705), (2710, 2710), (2716, 2717), (2720, 2721))

    charge_current = integer(2705, unit="A")
    charge_voltage = gauge(2710, DECI, signed=False, unit="V")
    setpoint = int32(2716, unit="W")
    discharge_power = int32(2720, unit="W")


class OlderHeeded(Component):
    """The same of firmware that has the discharge limit in steps of 10 W only."""

    register_ranges = ((2704, 2705), (2710, 2710), (2716, 2717))

    charge_current = integer(2705, unit="A")
    charge_voltage = gauge(2710, DECI, signed=False, unit="V")
    setpoint = int32(2716, unit="W")
    discharge_power = gauge(2704, 10, unit="W")


class VictronInverter(RecallingInverter):
    """One GX with all that it controls. Its limits stay until they are put back; its set-point is told again.

    A charge current limit, a charge voltage limit and a limit of the power drawn from the battery; the set-point of the
    battery becomes one at the grid, by what flows there now.
    """

    abilities = Ability.CVL | Ability.CCL | Ability.DCL | Ability.SETPOINT | Ability.MEASURES
    lease = None

    def __init__(
        self,
        unit: ModbusUnit,
        *,
        memory: Memory = NO_MEMORY,
        keep: Keep | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Tell the GX behind `unit`, its unit 100."""
        super().__init__(keep)
        unit.require_timeout(TIMEOUT)
        self._clock = clock
        self._control = VictronControl(
            unit,
            # A file may name a register that nothing here writes.
            leases={name: lease for name, lease in leases_of(memory.get("leases")).items() if name in HANDLES},
            steering=bool(memory.get("steering")),
            keep=self._remember,
            clock=clock,
        )
        self._flows = Flows(unit)
        self._heeded: Heeded | OlderHeeded = Heeded(unit)
        self._older = OlderHeeded(unit)
        self._given: dict[str, Given] = {}
        self._asked: tuple[float, float] | None = None
        """The set-point that stands: W into the battery, and W at the grid."""

    @property
    @override
    def memory(self) -> Memory:
        control = self._control
        steering = {"steering": True} if control.renew_at is not None else {}
        return {"leases": leases_data(control.leases), **steering} if control.leases or steering else NO_MEMORY

    @override
    async def async_identify(self) -> InverterInfo:
        await self._update(self._flows)
        await self._look()
        self._info = InverterInfo(manufacturer="Victron Energy", model="GX")
        return self._info

    @override
    async def async_tell(self, bank: Bank, setpoint: float | None) -> None:
        control = self._control
        orders: tuple[Callable[[], Awaitable[None]], ...] = (
            lambda: self._limit("discharge", discharge_power(bank), 100.0, control.async_limit_discharge_power),
            lambda: self._limit("charge", charge_current(bank), 1.0, control.async_limit_charge_current),
            lambda: self._limit("voltage", bank.cvl, DECI, control.async_limit_charge_voltage),
        )
        trouble: DriverError | None = None
        for order in orders:
            try:
                await order()
            except DriverError as err:
                trouble = trouble or err
        try:
            await self._steer(None if setpoint is None else bounded(bank, setpoint))
        except DriverError as err:
            raise trouble or SetpointError.of(err) from err
        if trouble:
            raise trouble

    @override
    async def async_read(self) -> InverterReading:
        await self._update(self._flows)
        await self._look()
        flows, heeded = self._flows, self._heeded
        voltage = flows.voltage
        stands = _limits(heeded.charge_voltage, heeded.charge_current, heeded.discharge_power, voltage)
        found = {name: HANDLES[name].value(lease.found) for name, lease in self._control.leases.items()}
        own = _limits(
            found.get("charge_voltage_max", heeded.charge_voltage),
            found.get("charge_current_max", heeded.charge_current),
            found.get("discharge_power_max", found.get("coarse_discharge_power_max", heeded.discharge_power)),
            voltage,
        )
        return InverterReading(
            time=self._clock(),
            voltage=voltage,
            # Without a battery a GX tells 0 of everything.
            current=None if voltage is None else flows.current,
            power=None if voltage is None else flows.power,
            soc=flows.soc,
            own=own,
            accepted=Limits(cvl=stands.cvl, ccl=stands.ccl, dcl=stands.dcl, setpoint=self._setpoint_that_stands()),
        )

    @override
    async def async_release(self, held: Flow = Flow.NONE) -> None:
        self._given.clear()
        self._asked = None
        await self._control.async_release(held)

    async def _limit(self, name: str, value: float, step: float, order: Callable[[float], Awaitable[None]]) -> None:
        """Bring a limit to a value: down at once, up seldom. What stands is looked at each time."""
        asked, now, given = step * floor(value / step + _SLACK), self._clock(), self._given.get(name)
        if given is not None and asked > given.value:
            passed = now - given.time
            if passed < (RISE_AFTER if asked - given.value > step * (1 + _SLACK) else FINE_RISE_AFTER):
                asked = given.value
        if given is None or asked != given.value:
            self._given[name] = Given(value=asked, time=now)
        try:
            await order(asked)
        except ValueError as err:
            raise DriverError("refused", str(err)) from err

    async def _steer(self, wanted: float | None) -> None:
        """Ask for a power of the battery, or end that."""
        if wanted is None:
            self._asked = None
            await self._control.async_end_grid_power()
            return
        await self._update(self._flows)
        flows = self._flows
        grid_and_battery: tuple[float | None, ...] = (flows.grid_l1, flows.grid_l2, flows.grid_l3, flows.power)
        if flows.active_input not in FED or flows.voltage is None or not whole(grid_and_battery):
            raise DriverError("not_effective", "the GX tells of no grid, so a set-point would be about nothing")
        # What the grid had to give if the battery did nothing: all that the house takes less all that the sun gives.
        *phases, battery = grid_and_battery
        rest = sum(phases) - battery
        grid = _SETPOINT_STEP * round((wanted + rest) / _SETPOINT_STEP)
        renew_at = self._control.renew_at
        if self._asked is None or grid != self._asked[1] or renew_at is None or self._clock() >= renew_at:
            await self._control.async_set_grid_power(grid)
        self._asked = (wanted, grid)

    def _setpoint_that_stands(self) -> float | None:
        """Return the W into the battery that are asked for, if the GX still holds what it was told."""
        if self._asked is None or self._heeded.setpoint != self._asked[1]:
            return None
        return self._asked[0]

    async def _look(self) -> None:
        """Read the limits that stand; older firmware refuses one of them."""
        try:
            await self._update(self._heeded)
        except DriverError as err:
            if self._heeded is self._older or not isinstance(err.__cause__, IllegalDataAddressError):
                raise
            await self._update(self._older)
            self._heeded = self._older

    async def _update(self, component: Component) -> None:
        try:
            await component.async_update(notify=False)
        except ModbusError as err:
            raise driver_error(err) from err


def _limits(volts: float | None, amperes: float | None, watts: float | None, voltage: float | None) -> Limits:
    """Return limits as the GX holds them; what is no limit is `None`."""
    return Limits(
        cvl=volts or None,
        ccl=None if amperes is None or amperes <= NO_LIMIT else amperes,
        dcl=None if watts is None or watts <= NO_LIMIT or voltage is None else watts / voltage,
    )
