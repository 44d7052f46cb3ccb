"""Moves the numbers of an inverter that Home Assistant has already."""

from __future__ import annotations

from math import ceil, floor, inf
from typing import Any, NamedTuple, Self, override

from homeassistant.components.number import ATTR_MAX, ATTR_MIN, ATTR_STEP, ATTR_VALUE
from homeassistant.components.number.const import SERVICE_SET_VALUE
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, Platform
from homeassistant.core import HomeAssistant, State

from ..hw.driver import DriverError
from ..packs.entity_states import PackEntities
from ..packs.roles import Quantity, number_told
from .entity_orders import NUMBERS, Actuator, Position
from .roles import INVERTER_SLOTS, POWER, InverterRole

# A hair more, so that 0.3 is three steps of 0.1.
_HAIR = 1e-6


class Span(NamedTuple):
    """Where a number entity can stand, in its own unit."""

    lowest: float
    highest: float
    step: float

    @classmethod
    def of(cls, state: State) -> Self | None:
        """Return what an entity tells of itself; `None` if that makes no range."""
        try:
            lowest, highest, step = (float(state.attributes[name]) for name in (ATTR_MIN, ATTR_MAX, ATTR_STEP))
        except KeyError, TypeError, ValueError:
            return None
        return cls(lowest, highest, step) if step > 0 else None

    def below(self, wanted: float, most: float) -> float:
        """Return the highest step that is not above what is wanted, at most `most`; the lowest if none is."""
        steps = max(0, floor((wanted - self.lowest) / self.step + _HAIR))
        # Rounded, for an entity refuses what lies a hair beyond its end.
        return min(most, round(self.lowest + steps * self.step, 6))

    def towards_zero(self, wanted: float) -> float | None:
        """Return the step next to what is wanted, between it and zero; `None` where the range has none there."""
        near = min(self.highest, max(self.lowest, wanted))
        steps = (near - self.lowest) / self.step
        if near >= 0.0:
            value = max(0.0, self.lowest + floor(steps + _HAIR) * self.step)
        else:
            value = min(0.0, self.lowest + ceil(steps - _HAIR) * self.step)
        hair = _HAIR * self.step
        return round(value, 6) if min(0.0, wanted) - hair <= near <= max(0.0, wanted) + hair else None


class NumberActuator(Actuator):
    """A number entity that is moved towards less at once, towards more seldom, and never again to what it shows."""

    kinds = NUMBERS

    def __init__(
        self, hass: HomeAssistant, entities: PackEntities, role: InverterRole, *, rise_after: float, least_rise: float
    ) -> None:
        """Move the entity of a role: more at most every `rise_after` s, and by `least_rise` percent at least."""
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
        """The unit in which it takes its number."""
        state = self._entities.state(self.role)
        return None if state is None else state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)

    @property
    def span(self) -> Span | None:
        """Where it can stand; `None` while that is not known."""
        state = self._entities.state(self.role)
        return None if state is None else Span.of(state)

    @property
    def base(self) -> float | None:
        """Where it stands, in the base unit of its kind."""
        shown, quantity = self.shown, self._slot.quantity(self.unit)
        return None if shown is None or quantity is None else quantity.convert(shown, self.unit, quantity.unit)

    @override
    def forget(self) -> None:
        super().forget()
        self._written, self._ours = -inf, None

    def _known(self) -> tuple[float, Span, Quantity]:
        """Return where it stands, where it can stand, and in what. Raises DriverError `no_answer`."""
        shown, span, quantity = self.shown, self.span, self._slot.quantity(self.unit)
        if shown is None or span is None or quantity is None:
            raise DriverError("no_answer", f"{self.name} does not tell where it stands")
        return shown, span, quantity

    def _heed(self, shown: float) -> bool:
        """Take note where somebody else has moved it; what stands at first is where an earlier link has left it."""
        if self._ours is None:
            self._ours = shown
        elif self._order is None and not self._same(shown, self._ours):
            self.found = self._ours = shown
            return True
        return False

    def _may_rise(self, by: float, least: float) -> bool:
        """Tell whether it is time for more, and enough more to be worth a write."""
        return self._hass.loop.time() - self._written >= self._rise_after and by >= least

    def _bring(self, wish: float, *, counts: bool = True) -> None:
        """Set it, unless that was told a moment ago; what `counts` keeps the next rise waiting."""
        if self._due(wish):
            self._ours = wish
            if counts:
                self._written = self._hass.loop.time()
            self._send(wish)

    @override
    def _same(self, one: Position | None, other: Position) -> bool:
        """Tell whether two values are less than half a step apart, for entities round."""
        span = self.span
        return span is not None and one is not None and abs(float(one) - float(other)) < span.step / 2

    @override
    def _action(self, wish: Position) -> tuple[str, str, dict[str, Any]]:
        return Platform.NUMBER, SERVICE_SET_VALUE, {ATTR_VALUE: wish}


class InverterNumber(NumberActuator):
    """A number entity that takes a limit in A, W or V.

    It is never set beyond where it was found: that is its user's own limit, also where they move it meanwhile.
    """

    @property
    def takes_power(self) -> bool:
        """Whether its limit is one of power."""
        return self.unit in POWER.units

    def in_base(self, voltage: float | None) -> float | None:
        """Return where it stands in A or V; a power needs the voltage for that."""
        if self.takes_power and self.base is not None:
            return self.base / voltage if voltage else None
        return self.base

    def within(self, limit: float) -> bool:
        """Tell whether it shows no more than a limit in the base unit of its kind, and was told no more.

        Raises DriverError `no_answer` while that is not known.
        """
        shown, span, quantity = self._known()
        stands = max(shown, shown if self.underway is None else float(self.underway))
        return stands < quantity.convert(limit, quantity.unit, self.unit) + span.step / 2

    def ask(self, limit: float) -> None:
        """Bring it to a limit in the base unit of its kind, rounded down to its step.

        Raises DriverError: `no_answer` while it does not tell where it stands, `refused` where it cannot go as low.
        """
        self._look()
        shown, span, quantity = self._known()
        self._heed(shown)
        most = span.highest if self.found is None else min(span.highest, float(self.found))
        wanted = min(quantity.convert(limit, quantity.unit, self.unit), most)
        wish = span.below(wanted, most)
        # What it was told a moment ago it may still come to.
        stands = max(shown, shown if self.underway is None else float(self.underway))
        if not self._same(stands, wish):
            least = max(span.step / 2, (span.highest - span.lowest) * self._least_rise / 100.0)
            if wish < stands or self._may_rise(wish - shown, 0.0 if wish == most else least):
                self._bring(wish)
        if wanted < span.lowest - span.step / 2:
            raise DriverError("refused", f"{self.name} cannot go below {span.lowest:g} {self.unit}")


class PowerNumber(NumberActuator):
    """A number entity that takes a power, towards zero at once and away from it seldom.

    What its user sets meanwhile is theirs: it takes the place of what is asked, within what is permitted.
    """

    _theirs: float | None = None
    """What its user has set it to while something was asked."""

    def begin(self) -> None:
        """Take what is asked from now on for something new."""
        self._written, self._theirs = -inf, None

    def ask(self, watts: float, least: float, most: float, *, rises: bool) -> bool:
        """Bring it to W in its own sign, or only to where it is no more than that unless it `rises`.

        Between `least` and `most` W are permitted. Returns whether it is no more than what is wanted. Raises
        DriverError: `no_answer` while it does not tell where it stands, `refused` where it cannot go there; one whose
        range has nothing between that and zero is brought as near to zero as it goes.
        """
        if self._look() is None:
            # What comes back after that may have been started anew, and is nobody's wish.
            self._ours = None
        shown, span, quantity = self._known()
        if self._heed(shown):
            self._theirs = quantity.convert(shown, self.unit, quantity.unit)
        if self._theirs is not None:
            watts = min(most, max(least, self._theirs))
        wanted = quantity.convert(watts, quantity.unit, self.unit)
        wish = span.towards_zero(wanted)
        stands = shown if self.underway is None else float(self.underway)
        if wish is None:
            nearest = min(span.lowest, span.highest, key=abs)
            if not (self._same(shown, nearest) and self._same(stands, nearest)):
                self._bring(nearest, counts=False)
            raise DriverError("refused", f"{self.name} cannot be set to {wanted:g} {self.unit}")
        low, high = min(0.0, wish), max(0.0, wish)
        safe = all(self._same(each, min(high, max(low, each))) for each in (shown, stands))
        if not safe:
            self._bring(min(high, max(low, shown)), counts=False)
        elif rises and not self._same(shown, wish):
            least_rise = max(span.step / 2, abs(wish) * self._least_rise / 100.0)
            if self._may_rise(abs(wish - shown), least_rise):
                self._bring(wish)
        if wanted > 0.0 >= span.highest or wanted < 0.0 <= span.lowest:
            raise DriverError("refused", f"{self.name} cannot be set to {wanted:g} {self.unit}")
        return safe

    @override
    def restore(self) -> None:
        if (shown := self._look()) is not None:
            self._heed(float(shown))
        super().restore()

    @override
    def forget(self) -> None:
        super().forget()
        self._theirs = None
