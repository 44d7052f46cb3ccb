"""Asks an inverter that Home Assistant has already for a power, by its work mode or numbers that take one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Final

from homeassistant.core import HomeAssistant

from ..const import CONF_POWER_SIGN, CONF_WORKS
from ..core.bank import Bank
from ..hw.driver import DriverError
from ..hw.inverters.inverter import bounded, charge_power, discharge_power
from ..packs.entity_states import PackEntities
from .entity_mode import WorkMode
from .entity_numbers import PowerNumber
from .power import LIMIT_OF, POWER_OF
from .roles import InverterRole, PowerSign, Work

_WAYS: Final = tuple(POWER_OF)
_POWERS: Final = (InverterRole.SETPOINT, *POWER_OF.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked of an inverter at one look."""

    work: Work
    watts: float
    """Into the battery."""
    least: float
    """W into the battery that are permitted at least, never above 0 ..."""
    most: float
    """... and at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Goal:
    """What one number is to be brought to, in W and in its own sign."""

    number: PowerNumber
    watts: float
    least: float
    most: float


class EntitySetpoint:
    """The entities by which a power is asked for.

    What takes power away comes first: a number falls before the mode is changed, and rises once the mode shows. Where a
    direction has no number of its own, its limit takes the power.
    """

    def __init__(
        self, hass: HomeAssistant, entities: PackEntities, data: Mapping[str, Any], pace: Mapping[str, float]
    ) -> None:
        """Take an inverter's settings, and how often its numbers may rise."""
        self._hass = hass
        self._hold = pace["rise_after"]
        self._sign = PowerSign(data.get(CONF_POWER_SIGN, PowerSign.POSITIVE_CHARGES))
        works = {Work(key): option for key, option in data.get(CONF_WORKS, {}).items()}
        self.mode = WorkMode(hass, entities, works) if entities.has(InverterRole.WORK_MODE) else None
        self.numbers = {role: PowerNumber(hass, entities, role, **pace) for role in _POWERS if entities.has(role)}
        self.plan: Plan | None = None
        """What is asked; `None` while nothing is."""
        self._since = -inf
        """When it began to ask for what it asks for."""
        self._idle_ways = frozenset(way for way in _WAYS if works.get(way) == works.get(Work.STANDBY))
        """The ways in which power flows in the mode for standby, unless that is set to zero."""

    @property
    def able(self) -> bool:
        """Whether it can be asked for a power, zero at least."""
        if self.mode is not None:
            return Work.STANDBY in self.mode.options
        both = {InverterRole.CHARGE_POWER, InverterRole.DISCHARGE_POWER} <= set(self.numbers)
        return both or (InverterRole.SETPOINT in self.numbers and self._sign is not PowerSign.BY_MODE)

    @property
    def possible(self) -> bool:
        """Whether there is something to do what is asked."""
        return self.plan is not None and (self.mode is None or self.plan.work in self.mode.options)

    @property
    def actuators(self) -> tuple[WorkMode | PowerNumber, ...]:
        """All that is moved, in the order in which it is put back: power that is set stays behind the mode."""
        return (*([] if self.mode is None else [self.mode]), *self.numbers.values())

    def decide(self, bank: Bank, setpoint: float | None) -> Plan | None:
        """Take what is wanted, in W into the battery, and return what is asked within what is permitted.

        From standby it is asked for more only after as long as a limit waits to rise.
        """
        if setpoint is None or not self.able:
            self.plan = None
            return None
        now, before = self._hass.loop.time(), self.plan
        watts = bounded(bank, setpoint)
        work = Work.CHARGE if watts > 0.0 else Work.DISCHARGE if watts < 0.0 else Work.STANDBY
        if before is not None and before.work is Work.STANDBY and now - self._since < self._hold:
            work, watts = Work.STANDBY, 0.0
        if before is None or before.work is not work:
            self._since = now
            for actuator in self.actuators:
                actuator.begin()
        self.plan = Plan(work=work, watts=watts, least=-discharge_power(bank), most=charge_power(bank))
        return self.plan

    def carriers(self) -> tuple[InverterRole, ...]:
        """Return the limits that take the power of what is asked, for want of a number of its own."""
        if self.plan is None or self.mode is None or InverterRole.SETPOINT in self.numbers:
            return ()
        ways = self._ways(self.plan)
        return tuple(LIMIT_OF[way] for way in _WAYS if way in ways and POWER_OF[way] not in self.numbers)

    def narrowed(self, bank: Bank) -> Bank:
        """Return the battery with the limits lowered that take the power of what is asked."""
        carriers = self.carriers()
        if self.plan is None or not carriers:
            return bank
        most = abs(self.plan.watts) / bank.voltage if bank.voltage else 0.0
        return replace(
            bank,
            ccl=min(bank.ccl, most) if InverterRole.CHARGE_LIMIT in carriers else bank.ccl,
            dcl=min(bank.dcl, most) if InverterRole.DISCHARGE_LIMIT in carriers else bank.dcl,
        )

    def ask(self, plan: Plan, *, limited: bool) -> list[DriverError]:
        """Move what has to be moved, and return what went wrong; `limited` is whether the limits are low enough."""
        mode = self.mode
        if mode is not None and not self.possible:
            return [DriverError("refused", f"no option of {mode.name} is chosen to {plan.work.value}"), *self.end()]
        trouble: list[DriverError] = []
        ready = mode is None or mode.shows(plan.work)
        if mode is None or not mode.yields:
            goals = self._goals(plan)
            fallen = [self._bring(goal, trouble, rises=False) for goal in goals]
            limited = limited and all(fallen)
            if limited and ready:
                for goal in goals:
                    self._bring(goal, trouble, rises=True)
        if mode is not None and limited:
            try:
                mode.ask(plan.work)
            except DriverError as err:
                trouble.append(err)
        return trouble + self._complaints()

    def end(self) -> list[DriverError]:
        """Put back what was found, the mode first, and return what went wrong."""
        trouble: list[DriverError] = []
        for actuator in self.actuators:
            if actuator.found is None:
                continue
            if actuator.shown is None:
                trouble.append(DriverError("no_answer", f"{actuator.name} does not tell where it stands"))
            elif actuator.restore_due:
                try:
                    actuator.restore()
                except DriverError as err:
                    trouble.append(err)
            if not actuator.back:
                # A power may only come back once the mode no longer uses it.
                break
        else:
            for actuator in self.actuators:
                actuator.forget()
        return trouble + self._complaints()

    def asked(self, carried: Callable[[InverterRole], float | None]) -> float | None:
        """Return the W into the battery that its entities show to be asked for; `carried` tells those of a limit.

        `None` while nothing is asked, or while it does not show.
        """
        if (plan := self.plan) is None or (self.mode is not None and not self.mode.shows(plan.work)):
            return None
        told = [(self._into_battery(goal.number.role, plan.work), goal.number.base) for goal in self._goals(plan)]
        told += [(1 if role is InverterRole.CHARGE_LIMIT else -1, carried(role)) for role in self.carriers()]
        powers = [None if power is None else sign * power for sign, power in told]
        known = [power for power in powers if power is not None]
        return sum(known, 0.0) if len(known) == len(powers) else None

    def facts(self) -> dict[str, Any]:
        """Return what is asked and what becomes of it, for diagnostics."""
        return {
            "asked": None if self.plan is None else {"work": self.plan.work.value, "watts": self.plan.watts},
            "left_to_its_user": self.mode is not None and self.mode.yields,
            "not_offered": list(() if self.mode is None else self.mode.lacking),
        }

    def _ways(self, plan: Plan) -> frozenset[Work]:
        """Return the ways in which power flows while the inverter does what is asked; none in a standby of its own."""
        if self.mode is None:
            return frozenset(_WAYS)
        return self._idle_ways if plan.work is Work.STANDBY else frozenset({plan.work})

    def _goals(self, plan: Plan) -> Sequence[_Goal]:
        """Return where each number that matters has to stand."""
        ways, goals = self._ways(plan), []
        for number in self.numbers.values():
            sign = self._into_battery(number.role, plan.work)
            ends = sorted((sign * plan.least, sign * plan.most))
            if number.role == InverterRole.SETPOINT and self._sign is not PowerSign.BY_MODE and ways:
                goals.append(_Goal(number=number, watts=sign * plan.watts, least=ends[0], most=ends[1]))
            elif any(number.role in (InverterRole.SETPOINT, POWER_OF[way]) for way in ways):
                goals.append(_Goal(number=number, watts=max(0.0, sign * plan.watts), least=0.0, most=ends[1]))
        return goals

    def _into_battery(self, role: str, work: Work) -> int:
        """Return 1 where a number is positive for charging, else -1."""
        if role != InverterRole.SETPOINT:
            return 1 if role == InverterRole.CHARGE_POWER else -1
        if self._sign is PowerSign.BY_MODE:
            return -1 if work is Work.DISCHARGE else 1
        return 1 if self._sign is PowerSign.POSITIVE_CHARGES else -1

    def _bring(self, goal: _Goal, trouble: list[DriverError], *, rises: bool) -> bool:
        try:
            return goal.number.ask(goal.watts, goal.least, goal.most, rises=rises)
        except DriverError as err:
            if not rises:
                trouble.append(err)
            return False

    def _complaints(self) -> list[DriverError]:
        trouble = []
        for actuator in self.actuators:
            try:
                actuator.complain()
            except DriverError as err:
                trouble.append(err)
        return trouble
