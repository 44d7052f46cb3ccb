"""Finds what a pack's entities tell, with the age of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from homeassistant.const import ATTR_ASSUMED_STATE, STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from .roles import SLOTS, Role, measured, series, split

# s by which a report may seem to come from the future: clocks are set by less all the time.
_CLOCK_JITTER: Final = 1.0

_POSITIONS: Final = {STATE_ON: True, STATE_OFF: False}


@dataclass(slots=True)
class _Heard:
    """The last report of one entity."""

    reported: float
    """s since the epoch, as Home Assistant notes it."""
    at: float | None
    """The same on the loop's clock; `None` where that cannot be told."""
    looked: float
    """When it was last looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the entities of one role tell: a value each, and when the oldest and the youngest known one was told."""

    values: tuple[float | None, ...] = ()
    oldest: float | None = None
    youngest: float | None = None

    @property
    def value(self) -> float | None:
        """The value, where the role has a single entity."""
        return self.values[0] if self.values else None


@dataclass(slots=True)
class PackEntities:
    """The entities of one pack by role.

    An entity is kept by its id in the entity registry, so that it is found again under another name; one that the
    registry does not know is kept by its name.
    """

    hass: HomeAssistant
    roles: Mapping[str, Sequence[str]]
    _heard: dict[str, _Heard] = field(default_factory=dict)

    def has(self, role: str) -> bool:
        """Tell whether the role is filled."""
        return bool(self.roles.get(role))

    def entity_id(self, role: str) -> str | None:
        """Return what the role's entity is called now; `None` without one, or if it was removed."""
        refs = self.roles.get(role)
        return er.async_resolve_entity_id(er.async_get(self.hass), split(refs[0])[0]) if refs else None

    def state(self, role: str) -> State | None:
        """Return the state of the role's entity; `None` while it tells nothing."""
        refs = self.roles.get(role)
        return self._state(refs[0]) if refs else None

    def gone(self) -> tuple[str, ...]:
        """Return the roles whose entities were removed from Home Assistant, with their number where there are many."""
        registry = er.async_get(self.hass)
        return tuple(
            f"{role} {number}" if SLOTS[Role(role)].many else str(role)
            for role, refs in self.roles.items()
            for number, ref in enumerate(refs, 1)
            if er.async_resolve_entity_id(registry, split(ref)[0]) is None
        )

    def position(self, role: str) -> bool | None:
        """Return whether the role's entity is on; one that merely assumes so is not known."""
        state = self.state(role)
        return None if state is None or state.attributes.get(ATTR_ASSUMED_STATE) else _POSITIONS.get(state.state)

    def told(self, role: Role) -> Told:
        """Return what the role's entities tell, in core's unit; a value whose age cannot be told is missing.

        Age is judged by the loop's clock: an entity's report is dated when it is first seen, no earlier than the look
        before, so that a wall clock that is set makes nothing younger.
        """
        now, wall = self.hass.loop.time(), time.time()
        values: list[float | None] = []
        times: list[float] = []
        for ref in self.roles.get(role, ()):
            state = self._state(ref)
            at = None if state is None else self._reported(state, now, wall)
            for value in _values(role, ref, None if at is None else state):
                values.append(value)
                if value is not None and at is not None:
                    times.append(at)
        return Told(values=tuple(values), oldest=min(times, default=None), youngest=max(times, default=None))

    def _state(self, ref: str) -> State | None:
        entity_id = er.async_resolve_entity_id(er.async_get(self.hass), split(ref)[0])
        state = None if entity_id is None else self.hass.states.get(entity_id)
        return None if state is None or state.state in (STATE_UNKNOWN, STATE_UNAVAILABLE) else state

    def _reported(self, state: State, now: float, wall: float) -> float | None:
        """Return when an entity last reported, on the loop's clock; `None` if its report comes from the future."""
        reported = state.last_reported_timestamp
        heard = self._heard.get(state.entity_id)
        if heard is None:
            age = wall - reported
            at = now - max(0.0, age) if age >= -_CLOCK_JITTER else None
            heard = self._heard[state.entity_id] = _Heard(reported=reported, at=at, looked=now)
        elif heard.reported != reported:
            heard.reported, heard.at = reported, min(now, max(heard.looked, now - (wall - reported)))
        heard.looked = now
        return heard.at


def _values(role: Role, ref: str, state: State | None) -> tuple[float | None, ...]:
    """Return what one entity tells; of a list that is not there it is not known how many values are missing."""
    attribute = split(ref)[1]
    if attribute:
        return (None if state is None else series(state, attribute)) or ()
    return (None if state is None else measured(SLOTS[role], state),)
