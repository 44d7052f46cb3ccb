"""Tells an inverter that Home Assistant has already its limits, through the entities of another integration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from math import floor, inf
from typing import Any, Final, override

from homeassistant.components.number import ATTR_MAX, ATTR_MIN, ATTR_STEP, ATTR_VALUE
from homeassistant.components.number.const import SERVICE_SET_VALUE
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, Platform
from homeassistant.core import HomeAssistant, State

from .const import CONF_INVERTED, CONF_LEAST_RISE, CONF_MODEL, CONF_RISE_AFTER, CONF_ROLES
from .core.bank import Bank
from .entity_orders import Actuator, SwitchActuator
from .entity_states import PackEntities
from .hw.driver import DriverError
from .hw.inverters.inverter import (
    NO_MEMORY,
    Ability,
    Inverter,
    InverterInfo,
    InverterReading,
    Keep,
    Limits,
    Memory,
    charge_current,
    charge_power,
    discharge_current,
    discharge_power,
)
from .inverter_roles import INVERTER_SLOTS, ORDERED, POWER, InverterRole
from .roles import number_told

RISE_AFTER: Final = 60.0
"""s after which a limit may rise again: many an inverter keeps its settings in flash, which each write wears."""
LEAST_RISE: Final = 5.0
"""Percent of the entity's range by which it must rise to be worth a write."""
RELEASE_WITHIN: Final = 1.5
"""s that handing back waits until it shows; less than is granted for it."""
SILENT_AFTER: Final = 60.0
"""s after which what a sensor told is not known any more."""
_LOOK_EVERY: Final = 0.05


class InverterNumber(Actuator):
    """A number entity that takes a limit in A, W or V: down at once, up seldom, and never again what it shows.

    It is never set beyond where it was found: that is its user's own limit, also where they move it meanwhile.
    """

    def __init__(
        self, hass: HomeAssistant, entities: PackEntities, role: InverterRole, *, rise_after: float, least_rise: float
    ) -> None:
        super().__init__(hass, entities, role)
        self._slot = INVERTER_SLOTS[role]
        self._rise_after = rise_after
        self._least_rise = least_rise
        self._written = -inf
        self._ours: float | None = None
        """Where home_bms has left it."""

    @property
    @override
    def shown(self) -> float | None:
        """In the entity's own unit."""
        state = self._entities.state(self.role)
        return None if state is None else number_told(state)

    @property
    def unit(self) -> str | None:
        """The unit in which it takes its limit."""
        state = self._entities.state(self.role)
        return None if state is None else state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)

    @property
    def takes_power(self) -> bool:
        """Whether its limit is one of power."""
        return self.unit in POWER.units

    def in_base(self, voltage: float | None) -> float | None:
        """Return where it stands in A or V; a power needs the voltage for that."""
        shown, quantity = self.shown, self._slot.quantity(self.unit)
        if shown is None or quantity is None:
            return None
        value = quantity.convert(shown, self.unit, quantity.unit)
        if quantity is POWER:
            return value / voltage if voltage else None
        return value

    def ask(self, limit: float) -> None:
        """Bring it to a limit in the base unit of its kind, rounded down to its step.

        Raises DriverError: `no_answer` while it does not tell where it stands, `refused` where it cannot go as low.
        """
        self._look()
        state = self._entities.state(self.role)
        shown, span = self.shown, None if state is None else _span(state)
        quantity = self._slot.quantity(self.unit)
        if shown is None or span is None or quantity is None:
            raise DriverError("no_answer", f"{self.name} does not tell where it stands")
        lowest, highest, step = span
        self._heed(shown)
        most = highest if self.found is None else min(highest, float(self.found))
        wanted = min(quantity.convert(limit, quantity.unit, self.unit), most)
        # A hair more, so that 0.3 is three steps of 0.1; rounded, for the entity refuses what lies beyond its end.
        wish = min(most, round(lowest + max(0, floor((wanted - lowest) / step + 1e-6)) * step, 6))
        now = self._hass.loop.time()
        falls = wish < shown and not self._same(shown, wish)
        least = max(step / 2, (highest - lowest) * self._least_rise / 100.0)
        rises = wish > shown and now - self._written >= self._rise_after and (wish - shown >= least or wish == most)
        if (falls or rises) and not self._same(shown, wish) and self._due(wish):
            self._written, self._ours = now, wish
            self._send(wish)
        if wanted < lowest - step / 2:
            raise DriverError("refused", f"{self.name} cannot go below {lowest:g} {self.unit}")

    def _heed(self, shown: float) -> None:
        """Take note where somebody else has moved it; what stands at first is where an earlier link has left it."""
        if self._ours is None:
            self._ours = shown
        elif self._order is None and not self._same(shown, self._ours):
            self.found = self._ours = shown

    @override
    def forget(self) -> None:
        super().forget()
        self._written, self._ours = -inf, None

    @override
    def _same(self, one: bool | float | None, other: bool | float) -> bool:
        """Tell whether two values are less than half a step apart, for entities round."""
        state = self._entities.state(self.role)
        span = None if state is None else _span(state)
        return span is not None and one is not None and abs(one - other) < span[2] / 2

    @override
    def _action(self, wish: bool | float) -> tuple[str, str, dict[str, Any]]:
        return Platform.NUMBER, SERVICE_SET_VALUE, {ATTR_VALUE: wish}


class InverterSwitch(SwitchActuator):
    """A switch entity that is turned off where nothing may flow; on again only where home_bms turned it off."""

    @property
    @override
    def position(self) -> bool | None:
        return self.commanded

    def permit(self, permitted: bool) -> None:
        """Turn it off, or back to where it was found. Raises DriverError."""
        if not permitted:
            self.ask(False)
        elif self.found is not None:
            self.ask(bool(self.found))


class EntityInverter(Inverter):
    """One inverter by its entities."""

    lease = None

    def __init__(
        self, hass: HomeAssistant, data: Mapping[str, Any], *, memory: Memory = NO_MEMORY, keep: Keep | None = None
    ) -> None:
        """Take the inverter's settings; `memory` tells where an earlier link found its entities."""
        self._hass = hass
        self._keep = keep
        self._kept: Memory = memory
        self._inverted = bool(data.get(CONF_INVERTED))
        self._info = InverterInfo(model=data.get(CONF_MODEL, ""))
        self._entities = entities = PackEntities(hass=hass, roles=data[CONF_ROLES])
        pace = {
            "rise_after": float(data.get(CONF_RISE_AFTER, RISE_AFTER)),
            "least_rise": float(data.get(CONF_LEAST_RISE, LEAST_RISE)),
        }
        present = [role for role in ORDERED if entities.has(role)]
        self._numbers = {
            role: InverterNumber(hass, entities, role, **pace)
            for role in present
            if INVERTER_SLOTS[role].platform is Platform.NUMBER
        }
        self._switches = {
            role: InverterSwitch(hass, entities, role)
            for role in present
            if INVERTER_SLOTS[role].platform is Platform.SWITCH
        }
        self.abilities = Ability.NONE
        for role, slot in INVERTER_SLOTS.items():
            if entities.has(role):
                self.abilities |= slot.ability
        found = memory.get("found", {})
        for actuator in self._actuators:
            actuator.found = found.get(actuator.role)

    @property
    @override
    def info(self) -> InverterInfo:
        return self._info

    @property
    @override
    def memory(self) -> Memory:
        found = {str(actuator.role): actuator.found for actuator in self._actuators if actuator.found is not None}
        return {"found": found} if found else NO_MEMORY

    @property
    def _actuators(self) -> tuple[InverterNumber | InverterSwitch, ...]:
        return (*self._switches.values(), *self._numbers.values())

    @override
    async def async_identify(self) -> InverterInfo:
        if all(actuator.shown is None for actuator in self._actuators):
            raise DriverError("no_answer", "none of its entities tells where it stands")
        return self._info

    @override
    async def async_tell(self, bank: Bank, setpoint: float | None) -> None:
        """Move the entities; there is no set-point here. Raises DriverError once everything was tried."""
        del setpoint
        await self._note()
        trouble: list[DriverError] = []
        for role, number in self._numbers.items():
            try:
                number.ask(_limit(role, bank, power=number.takes_power))
            except DriverError as err:
                # A number that cannot go to zero is no trouble where a switch ends what is left.
                if err.key != "refused" or _SWITCH_OF.get(role) not in self._switches:
                    trouble.append(err)
        for role, switch in self._switches.items():
            try:
                switch.permit(_current(role, bank) > 0.0)
            except DriverError as err:
                trouble.append(err)
        for actuator in self._actuators:
            try:
                actuator.complain()
            except DriverError as err:
                trouble.append(err)
        if trouble:
            raise trouble[0]

    @override
    async def async_read(self) -> InverterReading:
        """Look what the entities show. Raises DriverError while none shows anything."""
        await self.async_identify()
        voltage, current = (
            self._measured(role) for role in (InverterRole.BATTERY_VOLTAGE, InverterRole.BATTERY_CURRENT)
        )
        if current is not None and self._inverted:
            current = 0.0 - current
        stands = {
            role: None if (number := self._numbers.get(role)) is None else number.in_base(voltage)
            for role in (InverterRole.CHARGE_VOLTAGE, InverterRole.CHARGE_LIMIT, InverterRole.DISCHARGE_LIMIT)
        }
        cvl, ccl, dcl = stands.values()
        return InverterReading(
            time=self._hass.loop.time(),
            voltage=voltage,
            current=current,
            power=None if voltage is None or current is None else voltage * current,
            accepted=Limits(cvl=cvl, ccl=ccl, dcl=dcl),
        )

    @override
    async def async_release(self) -> None:
        """Put every entity back to where it was found, and see that it shows."""
        trouble: list[DriverError] = []
        moved = [actuator for actuator in self._actuators if actuator.found is not None]
        for actuator in moved:
            try:
                actuator.restore()
            except DriverError as err:
                trouble.append(err)
        deadline = self._hass.loop.time() + RELEASE_WITHIN
        while left := [actuator for actuator in moved if not actuator.back]:
            if self._hass.loop.time() >= deadline:
                names = ", ".join(actuator.name for actuator in left)
                trouble.append(DriverError("not_effective", f"{names} did not go back to where it was found"))
                break
            await asyncio.sleep(_LOOK_EVERY)
        for actuator in moved:
            if actuator not in left:
                actuator.forget()
        self._kept = self.memory
        if self._keep is not None:
            await self._keep(self._kept)
        if trouble:
            raise trouble[0]

    async def _note(self) -> None:
        """Note where every entity was found, and have it kept before anything is moved."""
        for actuator in self._actuators:
            if actuator.found is None:
                actuator.found = actuator.shown
        if self._keep is not None and (memory := self.memory) != self._kept:
            self._kept = memory
            await self._keep(memory)

    def _measured(self, role: InverterRole) -> float | None:
        """Return what a sensor told lately, in its base unit."""
        if (state := self._entities.state(role)) is None:
            return None
        unit, value = _unit(state), number_told(state)
        quantity = INVERTER_SLOTS[role].quantity(unit)
        late = time.time() - state.last_reported_timestamp > SILENT_AFTER
        return None if quantity is None or value is None or late else quantity.convert(value, unit, quantity.unit)


_SWITCH_OF: Final = {
    InverterRole.CHARGE_LIMIT: InverterRole.CHARGE_SWITCH,
    InverterRole.DISCHARGE_LIMIT: InverterRole.DISCHARGE_SWITCH,
}
"""What ends the current that a number leaves."""


def _limit(role: InverterRole, bank: Bank, *, power: bool) -> float:
    """Return what a number is to take, in A, W or V."""
    if role is InverterRole.CHARGE_VOLTAGE:
        return bank.cvl
    if role is InverterRole.CHARGE_LIMIT:
        return charge_power(bank) if power else charge_current(bank)
    return discharge_power(bank) if power else discharge_current(bank)


def _current(role: InverterRole, bank: Bank) -> float:
    return charge_current(bank) if role is InverterRole.CHARGE_SWITCH else discharge_current(bank)


def _unit(state: State) -> str | None:
    return state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)


def _span(state: State) -> tuple[float, float, float] | None:
    """Return the lowest and highest value and the step of a number entity."""
    try:
        lowest, highest, step = (float(state.attributes[name]) for name in (ATTR_MIN, ATTR_MAX, ATTR_STEP))
    except KeyError, TypeError, ValueError:
        return None
    return (lowest, highest, step) if step > 0 else None
