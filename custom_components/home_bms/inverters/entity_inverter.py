"""Tells an inverter that Home Assistant has already what the battery permits and what is asked of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, override

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State

from ..const import CONF_INVERTED, CONF_LEAST_RISE, CONF_MODEL, CONF_RISE_AFTER, CONF_ROLES
from ..core.bank import Bank
from ..core.model import Flow
from ..hw.driver import DriverError
from ..hw.inverters.inverter import (
    NO_MEMORY,
    Ability,
    Inverter,
    InverterInfo,
    InverterReading,
    Keep,
    Limits,
    Memory,
    SetpointError,
    charge_current,
    charge_power,
    discharge_current,
    discharge_power,
)
from ..packs.entity_states import PackEntities
from ..packs.roles import number_told
from .entity_numbers import InverterNumber
from .entity_orders import Actuator, SwitchActuator, recall, where_found
from .entity_setpoint import EntitySetpoint
from .roles import INVERTER_SLOTS, InverterRole

RISE_AFTER: Final = 60.0
"""s after which a limit may rise again: many an inverter keeps its settings in flash, which each write wears."""
LEAST_RISE: Final = 5.0
"""Percent of the entity's range by which it must rise to be worth a write."""
RELEASE_WITHIN: Final = 1.5
"""s that handing back waits until it shows; less than is granted for it."""
SILENT_AFTER: Final = 60.0
"""s after which what a sensor told is not known any more."""
_LOOK_EVERY: Final = 0.05


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
        self,
        hass: HomeAssistant,
        data: Mapping[str, Any],
        *,
        memory: Memory = NO_MEMORY,
        keep: Keep | None = None,
        on_lacking: Callable[[str, tuple[str, ...]], None] | None = None,
    ) -> None:
        """Take the inverter's settings; `memory` tells where an earlier link found its entities.

        `on_lacking` is called with the work mode's name and the chosen options that it no longer offers, when these
        change.
        """
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
        self._numbers = {role: InverterNumber(hass, entities, role, **pace) for role in _LIMITS if entities.has(role)}
        self._switches = {role: InverterSwitch(hass, entities, role) for role in _SWITCHES if entities.has(role)}
        self._setpoint = EntitySetpoint(hass, entities, data, pace)
        self._lacking: tuple[str, ...] = ()
        self._on_lacking = on_lacking
        self.abilities = Ability.SETPOINT if self._setpoint.able else Ability.NONE
        for role, slot in INVERTER_SLOTS.items():
            if entities.has(role):
                self.abilities |= slot.ability
        recall(self._actuators, memory.get("found"))

    @property
    @override
    def info(self) -> InverterInfo:
        return self._info

    @property
    @override
    def memory(self) -> Memory:
        places = where_found(self._actuators)
        return {"found": places} if places else NO_MEMORY

    @property
    def facts(self) -> Mapping[str, Any]:
        """What its entities show and are told, for diagnostics."""
        return {
            "entities": {
                str(one.role): {"shown": one.shown, "found": one.found, "underway": one.underway}
                for one in self._actuators
            },
            "setpoint": self._setpoint.facts(),
        }

    @property
    def _actuators(self) -> tuple[Actuator, ...]:
        return (*self._permitting, *self._setpoint.actuators)

    @property
    def _permitting(self) -> tuple[InverterNumber | InverterSwitch, ...]:
        return (*self._switches.values(), *self._numbers.values())

    @override
    async def async_identify(self) -> InverterInfo:
        if all(actuator.shown is None for actuator in self._actuators):
            raise DriverError("no_answer", "none of its entities tells where it stands")
        return self._info

    @override
    async def async_tell(self, bank: Bank, setpoint: float | None) -> None:
        """Move the entities. Raises DriverError once everything was tried, of limits before that of a set-point."""
        plan = self._setpoint.decide(bank, setpoint)
        await self._note()
        trouble: list[DriverError] = []
        unasked: list[DriverError] = []
        narrowed, carriers = self._setpoint.narrowed(bank), self._setpoint.carriers()
        for role, number in self._numbers.items():
            try:
                number.ask(_limit(role, narrowed, power=number.takes_power))
            except DriverError as err:
                ended = err.key == "refused" and self._ended(role, bank)
                if not ended and not (role in carriers and self._limited(role, bank)):
                    trouble.append(err)
                elif role in carriers:
                    unasked.append(err)
        for role, switch in self._switches.items():
            try:
                switch.permit(_current(role, bank) > 0.0)
            except DriverError as err:
                trouble.append(err)
        for actuator in self._permitting:
            try:
                actuator.complain()
            except DriverError as err:
                role = InverterRole(actuator.role)
                (unasked if role in carriers and self._limited(role, bank) else trouble).append(err)
        if plan is None:
            unasked += self._setpoint.end()
        else:
            unasked += self._setpoint.ask(plan, limited=all(self._limited(role, narrowed) for role in carriers))
        if trouble:
            raise trouble[0]
        if unasked:
            raise SetpointError.of(unasked[0])

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

        def carried(role: InverterRole) -> float | None:
            current = stands[role]
            return None if voltage is None or current is None else voltage * current

        self._tell_lacking()
        return InverterReading(
            time=self._hass.loop.time(),
            voltage=voltage,
            current=current,
            power=None if voltage is None or current is None else voltage * current,
            accepted=Limits(cvl=cvl, ccl=ccl, dcl=dcl, setpoint=self._setpoint.asked(carried)),
        )

    @override
    async def async_release(self, held: Flow = Flow.NONE) -> None:
        """Put every entity back to where it was found, but those that limit what is held, and see that it shows."""
        self._setpoint.plan = None
        trouble: list[DriverError] = []
        kept = {role for role, flow in _FLOWS.items() if flow in held}
        moved = [one for one in self._permitting if one.found is not None and one.role not in kept]
        for actuator in moved:
            try:
                actuator.restore()
            except DriverError as err:
                trouble.append(err)
        deadline = self._hass.loop.time() + RELEASE_WITHIN
        while True:
            failed = self._setpoint.end()
            left: list[Actuator] = [one for one in (*moved, *self._setpoint.actuators) if not one.back]
            if not left:
                break
            if self._hass.loop.time() >= deadline:
                names = ", ".join(actuator.name for actuator in left)
                failed.append(DriverError("not_effective", f"{names} did not go back to where it was found"))
                break
            await asyncio.sleep(_LOOK_EVERY)
        for actuator in moved:
            if actuator not in left:
                actuator.forget()
        self._kept = self.memory
        if self._keep is not None:
            await self._keep(self._kept)
        if trouble := trouble + failed:
            raise trouble[0]

    async def _note(self) -> None:
        """Note where every entity that may be moved was found, and have it kept before anything is moved."""
        asked = self._setpoint.actuators if self._setpoint.possible else ()
        for actuator in (*self._permitting, *asked):
            if actuator.found is None:
                actuator.found = actuator.shown
        if self._keep is not None and (memory := self.memory) != self._kept:
            self._kept = memory
            await self._keep(memory)

    def _ended(self, role: InverterRole, bank: Bank) -> bool:
        """Tell whether a switch ends the current that a number leaves, for none is permitted."""
        switch = _SWITCH_OF.get(role)
        return switch in self._switches and _current(switch, bank) <= 0.0

    def _limited(self, role: InverterRole, bank: Bank) -> bool:
        """Tell whether a limit is there and known to be low enough."""
        number = self._numbers.get(role)
        with suppress(DriverError):
            return number is not None and number.within(_limit(role, bank, power=number.takes_power))
        return False

    def _tell_lacking(self) -> None:
        """Tell once which options are gone, and when they are back."""
        mode = self._setpoint.mode
        if mode is None or mode.shown is None or mode.lacking == self._lacking:
            return
        self._lacking = mode.lacking
        if self._on_lacking is not None:
            self._on_lacking(mode.name, self._lacking)

    def _measured(self, role: InverterRole) -> float | None:
        """Return what a sensor told lately, in its base unit."""
        if (state := self._entities.state(role)) is None:
            return None
        unit, value = _unit(state), number_told(state)
        quantity = INVERTER_SLOTS[role].quantity(unit)
        late = time.time() - state.last_reported_timestamp > SILENT_AFTER
        return None if quantity is None or value is None or late else quantity.convert(value, unit, quantity.unit)


_LIMITS: Final = (InverterRole.CHARGE_LIMIT, InverterRole.DISCHARGE_LIMIT, InverterRole.CHARGE_VOLTAGE)
_FLOWS: Final = {
    InverterRole.CHARGE_LIMIT: Flow.CHARGE,
    InverterRole.CHARGE_VOLTAGE: Flow.CHARGE,
    InverterRole.CHARGE_SWITCH: Flow.CHARGE,
    InverterRole.DISCHARGE_LIMIT: Flow.DISCHARGE,
    InverterRole.DISCHARGE_SWITCH: Flow.DISCHARGE,
}
"""The direction that an entity limits."""
_SWITCHES: Final = (InverterRole.CHARGE_SWITCH, InverterRole.DISCHARGE_SWITCH)
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
