"""Moves the work mode of an inverter that Home Assistant has already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.select.const import ATTR_OPTIONS
from homeassistant.const import ATTR_OPTION, SERVICE_SELECT_OPTION, Platform
from homeassistant.core import HomeAssistant, State

from ..const import LOGGER
from ..hw.driver import DriverError
from ..packs.entity_states import PackEntities
from .entity_orders import Actuator, Position
from .roles import InverterRole, Work


class WorkMode(Actuator):
    """A select entity that says what an inverter does; only the options that were chosen for a purpose are picked.

    What its user picks meanwhile is theirs until something else is asked.
    """

    kinds = (str,)

    def __init__(self, hass: HomeAssistant, entities: PackEntities, options: Mapping[Work, str]) -> None:
        super().__init__(hass, entities, InverterRole.WORK_MODE)
        self.options = options
        self.yields = False
        """Whether its user has picked something else since it was asked."""
        self._left: str | None = None
        """Where home_bms has left it; `None` while that is not known."""
        self._before: str | None = None
        """Where it was when the last order was given."""

    @property
    @override
    def shown(self) -> str | None:
        state = self._entities.state(self.role)
        return None if state is None else state.state

    @property
    def lacking(self) -> tuple[str, ...]:
        """The chosen options that the entity no longer offers; none while it tells nothing."""
        state = self._entities.state(self.role)
        offered = () if state is None else offered_by(state)
        return () if state is None else tuple(sorted(set(self.options.values()) - set(offered)))

    def shows(self, work: Work) -> bool:
        """Tell whether it stands at the option for a purpose, and not because its user has picked it."""
        wish = self.options.get(work)
        return wish is not None and self.shown == wish and not self.yields

    def begin(self) -> None:
        """Take what is asked from now on for something new."""
        self.yields = False

    def ask(self, work: Work) -> None:
        """Pick the option for a purpose.

        Raises DriverError: `no_answer` while it tells nothing, `refused` where there is no such option.
        """
        shown = self._heeded()
        if shown is None:
            raise DriverError("no_answer", f"{self.name} does not tell where it is")
        wish = self.options[work]
        if self.yields or (shown == wish and self.underway in (None, wish)):
            return
        if wish in self.lacking:
            raise DriverError("refused", f"{self.name} no longer offers “{wish}”")
        if self._due(wish):
            self._before, self._left = shown, wish
            self._send(wish)

    @override
    def restore(self) -> None:
        """Pick what was found, or the option for normal where that is not offered any more. Raises DriverError."""
        shown, state, normal = self._heeded(), self._entities.state(self.role), self.options.get(Work.NORMAL)
        if self.found is None or self.back:
            return
        if state is not None and self.found not in (offered := offered_by(state)):
            if normal not in offered:
                raise DriverError("refused", f"{self.name} no longer offers “{self.found}”, where it was found")
            self.found = normal
        self._before, self._left = shown, str(self.found)
        super().restore()

    @override
    def forget(self) -> None:
        super().forget()
        self.yields, self._left, self._before = False, None, None

    def _heeded(self) -> str | None:
        """Return where it is, and take note where somebody else has moved it.

        What it shows at first, and after it told nothing for a while, was left there by home_bms if it is one of the
        chosen options, and is where it was found or somebody's wish if not.
        """
        self._look()
        if (shown := self.shown) is None:
            self._left = None
            return None
        if self._left is None:
            ours = {self.found, *self.options.values()}
        else:
            ours = {self._left} if self._order is None else {self._left, self._before}
        # While an order may still come to something, what shows meanwhile is not judged.
        pending = self._order is not None and not self._due(self._order.wish)
        if shown not in ours and self.found is not None and not pending:
            LOGGER.info("%s was set to %s by somebody else, and is left there for now", self.name, shown)
            self._order, self.found, self.yields = None, shown, True
        if self._order is None:
            self._left = shown
        return shown

    @override
    def _same(self, one: Position | None, other: Position) -> bool:
        return one == other

    @override
    def _action(self, wish: Position) -> tuple[str, str, dict[str, Any]]:
        return Platform.SELECT, SERVICE_SELECT_OPTION, {ATTR_OPTION: wish}


def offered_by(state: State) -> tuple[str, ...]:
    """Return the options that a select entity offers."""
    options = state.attributes.get(ATTR_OPTIONS)
    return tuple(str(each) for each in options) if isinstance(options, list | tuple) else ()
