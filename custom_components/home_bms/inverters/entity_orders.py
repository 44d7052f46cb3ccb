"""Moves entities of another integration through Home Assistant's actions until they show it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import floor, inf, isfinite
from typing import Any, ClassVar, Final, cast, override

from homeassistant.components.number import ATTR_MAX, ATTR_MIN, ATTR_STEP, ATTR_VALUE
from homeassistant.components.number.const import SERVICE_SET_VALUE
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_UNIT_OF_MEASUREMENT,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    Platform,
)
from homeassistant.core import HomeAssistant

from ..hw.driver import DriverError
from ..loose import spawn
from ..packs.entity_states import PackEntities
from ..packs.roles import CURRENT, SLOTS, STATE_OF, Role, measured

READ_BACK_WITHIN: Final = 10.0
"""s from an order until it must show: ESPHome components and integrations that poll tell every 2 to 10 s."""
RENEW_EVERY: Final = 60.0
"""s after which a limit is written again, and before which none rises: what takes it may forget it, or wear out."""

type Position = bool | float | str
"""Where an entity can stand: on or off, at a number in its own unit, at one of its options."""
NUMBERS: Final = (int, float)
"""As what a file tells a number; a truth is neither."""


@dataclass(slots=True, kw_only=True)
class Order:
    """What an entity was told and has not shown yet."""

    wish: Position
    since: float
    """When it began not to show what is wished."""
    sent: float
    call: asyncio.Task[None]

    @property
    def error(self) -> BaseException | None:
        """What the action said, if it failed."""
        return self.call.exception() if self.call.done() and not self.call.cancelled() else None


class Actuator(ABC):
    """One entity that can be moved.

    An order that does not show is given again every READ_BACK_WITHIN. One whose action is still busy is not given
    again, but another one is not kept waiting for it.
    """

    kinds: ClassVar[tuple[type, ...]]
    """Of what it can stand at."""

    def __init__(self, hass: HomeAssistant, entities: PackEntities, role: str, *, restored: bool = True) -> None:
        self.role = role
        self._hass = hass
        self._entities = entities
        self._restored = restored
        self._order: Order | None = None
        self.found: Position | None = None
        """Where it was before it was first moved, if it is to be put back there."""

    @property
    def busy(self) -> asyncio.Task[None] | None:
        """The action that has not come back yet."""
        return None if self._order is None or self._order.call.done() else self._order.call

    @property
    @abstractmethod
    def shown(self) -> Position | None:
        """Where it is, as it tells itself; `None` while that is not known."""

    @property
    def name(self) -> str:
        """What a person knows it by."""
        return self._entities.entity_id(self.role) or f"the entity for {self.role}"

    @property
    def underway(self) -> Position | None:
        """What it was told, does not show, and may still come to."""
        return None if self._order is None or self._order.error is not None else self._order.wish

    @property
    def back(self) -> bool:
        """Whether it is where it was found and stays there, or need not be."""
        if self.found is None:
            return True
        astray = self.underway is not None and not self._same(self.underway, self.found)
        return self._same(self.shown, self.found) and not astray

    @property
    def restore_due(self) -> bool:
        """Whether it was not told a moment ago to go back."""
        return self.found is not None and self._due(self.found)

    def restore(self) -> None:
        """Put it back to where it was found. Raises DriverError if it is gone."""
        if self.found is not None and not self.back:
            self._send(self.found)

    def forget(self) -> None:
        """Take it as it is from now on."""
        self._order = self.found = None

    def complain(self) -> None:
        """Raise DriverError if the last order was refused or has not shown in time."""
        self._look()
        if (order := self._order) is None:
            return
        if (error := order.error) is not None:
            raise DriverError("refused", f"{self.name}: {error}") from error
        if self._hass.loop.time() - order.since >= READ_BACK_WITHIN:
            raise DriverError("not_effective", f"{self.name} took no notice of {order.wish}")

    @abstractmethod
    def _same(self, one: Position | None, other: Position) -> bool:
        """Tell whether two positions are the same."""

    @abstractmethod
    def _action(self, wish: Position) -> tuple[str, str, dict[str, Any]]:
        """Return domain, name and data of the action for an order."""

    def _look(self) -> Position | None:
        """Return where it is, and drop an order that shows."""
        shown = self.shown
        if self._order is not None and self._same(shown, self._order.wish):
            self._order = None
        return shown

    def _due(self, wish: Position) -> bool:
        """Tell whether an order is new, or was given in vain long enough ago."""
        order = self._order
        if order is None or not self._same(order.wish, wish):
            return True
        return order.call.done() and self._hass.loop.time() - order.sent >= READ_BACK_WITHIN

    def _send(self, wish: Position) -> None:
        """Give an order, in the background: it is never cancelled, for who serves it may be half-way.

        Raises DriverError `no_answer` if the entity is gone.
        """
        if (entity_id := self._entities.entity_id(self.role)) is None:
            raise DriverError("no_answer", f"{self.name} is no longer in Home Assistant")
        if self._restored and self.found is None:
            self.found = self.shown
        now = self._hass.loop.time()
        domain, action, data = self._action(wish)
        call = spawn(
            self._hass, self._call(domain, action, {ATTR_ENTITY_ID: entity_id, **data}), f"{action} {entity_id}"
        )
        since = now if self._order is None else self._order.since
        self._order = Order(wish=wish, since=since, sent=now, call=call)

    async def _call(self, domain: str, action: str, data: dict[str, Any]) -> None:
        await self._hass.services.async_call(domain, action, data, blocking=True)


class SwitchActuator(Actuator):
    """A switch entity, and the sensor that shows where the switch really is."""

    kinds = (bool,)

    @property
    def commanded(self) -> bool | None:
        """Where it was told to be; an entity that merely assumes so does not tell."""
        return self._entities.position(self.role)

    @property
    def position(self) -> bool | None:
        """Where it is: by its sensor, else as it tells itself."""
        sensor = STATE_OF.get(Role(self.role))
        return self.commanded if sensor is None or not self._entities.has(sensor) else self._entities.position(sensor)

    @property
    @override
    def shown(self) -> bool | None:
        commanded = self.commanded
        return self.position if commanded is None else commanded

    def ask(self, wish: bool | None) -> None:
        """Move it where it should be; one that is not known to be off is not turned on.

        One that is off, but may still come to an order to turn on, is told to stay off. Raises DriverError `no_answer`
        while it does not tell where it is.
        """
        shown = self._look()
        if wish is None or (shown is wish and (wish or not self.underway)):
            self._order = None
            return
        if self._due(wish) and (shown is not None or not wish):
            self._send(wish)
        if shown is None:
            raise DriverError("no_answer", f"{self.name} does not tell where it is")

    @override
    def _same(self, one: Position | None, other: Position) -> bool:
        return one is other

    @override
    def _action(self, wish: Position) -> tuple[str, str, dict[str, Any]]:
        return Platform.SWITCH, SERVICE_TURN_ON if wish else SERVICE_TURN_OFF, {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Where a number entity stands and can stand, in its own unit."""

    value: float
    lowest: float
    highest: float
    step: float
    unit: str

    def nearest_below(self, limit: float) -> float:
        """Return what it can be set to for a limit in A, rounded down; its lowest, where it cannot go as low."""
        wanted = min(CURRENT.convert(limit, CURRENT.unit, self.unit), self.highest)
        # A hair more, so that 0.3 is three steps of 0.1.
        steps = floor((wanted - self.lowest) / self.step + 1e-6)
        # Rounded, for the entity refuses what lies a hair beyond its end.
        return min(self.highest, round(self.lowest + max(0, steps) * self.step, 6))


class LimitActuator(Actuator):
    """A number entity that takes the most current that may flow.

    What falls is written at once; what rises, and what stays as a renewal, every RENEW_EVERY. It is never set beyond
    where it was found: that is the pack's own limit, also where its user moves it meanwhile.
    """

    kinds = NUMBERS

    def __init__(self, hass: HomeAssistant, entities: PackEntities, role: Role) -> None:
        super().__init__(hass, entities, role)
        self._written = -inf
        self._ours: float | None = None
        """Where home_bms has left it."""

    @property
    def dial(self) -> Dial | None:
        """Where it stands and can stand; `None` while that is not known."""
        state = self._entities.state(self.role)
        if state is None or measured(SLOTS[Role(self.role)], state) is None:
            return None
        told = state.attributes
        try:
            lowest, highest, step = (float(told[name]) for name in (ATTR_MIN, ATTR_MAX, ATTR_STEP))
        except KeyError, TypeError, ValueError:
            return None
        if step <= 0:
            return None
        unit = told[ATTR_UNIT_OF_MEASUREMENT]
        return Dial(value=float(state.state), lowest=lowest, highest=highest, step=step, unit=unit)

    @property
    @override
    def shown(self) -> float | None:
        return None if (dial := self.dial) is None else dial.value

    def ask(self, limit: float) -> None:
        """Write a limit in A. Raises DriverError `no_answer` while the entity does not tell where it stands."""
        self._look()
        if (dial := self.dial) is None:
            raise DriverError("no_answer", f"{self.name} does not tell where it stands")
        self._heed(dial.value)
        most = dial.value if self.found is None else min(dial.highest, float(self.found))
        wish, now = replace(dial, highest=most).nearest_below(limit), self._hass.loop.time()
        falls = wish < dial.value and not self._same(dial.value, wish)
        if (falls and self._due(wish)) or now - self._written >= RENEW_EVERY:
            self._written, self._ours = now, wish
            self._send(wish)

    @override
    def restore(self) -> None:
        self._look()
        if (shown := self.shown) is not None:
            self._heed(shown)
        super().restore()

    @override
    def forget(self) -> None:
        super().forget()
        self._written, self._ours = -inf, None

    def _heed(self, shown: float) -> None:
        """Take what somebody else has set for where it was found.

        What stands at first is where an earlier run has left it, unless that lies beyond where it was found.
        """
        if self._ours is None:
            self._ours = shown
            if self.found is not None:
                self.found = max(float(self.found), shown)
        elif self._order is None and not self._same(shown, self._ours):
            self.found = self._ours = shown

    @override
    def _same(self, one: Position | None, other: Position) -> bool:
        """Tell whether two values are less than half a step apart, for entities round."""
        dial = self.dial
        return dial is not None and one is not None and abs(float(one) - float(other)) < dial.step / 2

    @override
    def _action(self, wish: Position) -> tuple[str, str, dict[str, Any]]:
        return Platform.NUMBER, SERVICE_SET_VALUE, {ATTR_VALUE: wish}


def where_found(actuators: Iterable[Actuator]) -> dict[str, Position]:
    """Return by role where those were found that are to be put back, to be kept on the disk."""
    return {str(one.role): one.found for one in actuators if one.found is not None}


def recall(actuators: Iterable[Actuator], kept: object) -> None:
    """Take over where an earlier run has found them, from whatever a file holds.

    At what an entity cannot stand it was never found; an infinite limit would bound nothing.
    """
    for one in actuators:
        place = kept.get(one.role) if isinstance(kept, Mapping) else None
        stands = type(place) in one.kinds and not (isinstance(place, float) and not isfinite(place))
        one.found = cast("Position", place) if stands else None
