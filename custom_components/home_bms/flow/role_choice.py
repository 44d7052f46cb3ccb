"""Looks at the entities that a user has chosen for a pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from homeassistant.const import ATTR_ASSUMED_STATE, ATTR_UNIT_OF_MEASUREMENT, CONF_TYPE
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from ..const import CONF_ROLES, DOMAIN, TYPE_ENTITIES
from ..packs.entity_states import PackEntities
from ..packs.role_names import Candidate, plain, propose
from ..packs.roles import SERIES, SLOTS, STATE_OF, TOLD_BACK, Role, Slot, measured, series, split
from ..subentries import all_subentries
from ..texts import word

type Choice = Mapping[Role, Sequence[str]]
"""The entity ids of each role that is filled."""

# s after which a value counts as old, unless the pack's thresholds say otherwise (thresholds.md 2.12).
_OLD: Final = 5.0
# Share by which the cells' sum may differ from the pack's voltage before a cell is missing or one too many.
_SUM_APART: Final = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a choice cannot be: the error's key, the role that it is about, and what its message names."""

    key: str
    role: Role
    placeholders: Mapping[str, str]


@callback
def entities_of(hass: HomeAssistant, device_id: str) -> list[er.RegistryEntry]:
    """Return the entities of a device and its child devices that may be chosen."""
    children = [child.id for child in dr.async_get(hass).child_devices if child.parent_device_id == device_id]
    registry = er.async_get(hass)
    return [
        entry
        for one in (device_id, *children)
        for entry in er.async_entries_for_device(registry, one)
        if entry.platform != DOMAIN
    ]


@callback
def proposed(hass: HomeAssistant, device: dr.AnyDeviceEntry) -> dict[Role, tuple[str, ...]]:
    """Return which of a device's entities seem to be what, those of other packs apart."""
    names = tuple(name for name in (device.name, device.name_by_user) if name)
    candidates = [_candidate(hass, entry, names) for entry in entities_of(hass, device.id)]
    return propose(candidates, set(owners(hass)))


def _candidate(hass: HomeAssistant, entry: er.RegistryEntry, devices: tuple[str, ...]) -> Candidate:
    state = hass.states.get(entry.entity_id)
    told = () if state is None else (measured(slot, state) for slot in SLOTS.values())
    names = (entry.name, entry.original_name, entry.entity_id.partition(".")[2])
    return Candidate(
        entity_id=entry.entity_id,
        names=tuple(plain(name, *devices) for name in names if name),
        unit=_unit(entry, state),
        device_class=entry.device_class or entry.original_device_class,
        value=next((value for value in told if value is not None), None),
        series=frozenset(
            slot.series for slot in SLOTS.values() if slot.series and state is not None and series(state, slot.series)
        ),
    )


def _unit(entry: er.RegistryEntry | None, state: State | None) -> str | None:
    """Return the unit that is shown, or the one that would be if the entity told anything."""
    unit = None if state is None else state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    return entry.unit_of_measurement if unit is None and entry is not None else unit


@callback
def owners(hass: HomeAssistant, but: str | None = None) -> dict[str, str]:
    """Return the entities that packs are made of, each with its pack's name; `but` is the id of one to leave out."""
    registry = er.async_get(hass)
    return {
        entity_id: pack.title
        for pack in all_subentries(hass, but)
        if pack.data.get(CONF_TYPE) == TYPE_ENTITIES
        for refs in pack.data[CONF_ROLES].values()
        for ref in refs
        if (entity_id := er.async_resolve_entity_id(registry, split(ref)[0])) is not None
    }


@callback
def shown(hass: HomeAssistant, roles: Mapping[str, Sequence[str]]) -> dict[Role, tuple[str, ...]]:
    """Return the entity ids of a pack's settings, without those that are gone."""
    registry = er.async_get(hass)
    found = {
        Role(role): tuple(
            entity_id for ref in refs if (entity_id := er.async_resolve_entity_id(registry, split(ref)[0])) is not None
        )
        for role, refs in roles.items()
    }
    return {role: entities for role, entities in found.items() if entities}


@callback
def kept(hass: HomeAssistant, choice: Choice, before: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return a choice as the settings keep it: by the ids of the entity registry, which outlive a new name.

    An entity that keeps all values of its role in a list is meant by that list; `before` tells it while the list is not
    there.
    """
    registry = er.async_get(hass)

    def ref(slot: Slot, entity_id: str) -> str:
        entry = registry.async_get(entity_id)
        plain_ref = entity_id if entry is None else entry.id
        if slot.series is None or len(choice[slot.role]) > 1:
            return plain_ref
        state, listed = hass.states.get(entity_id), f"{plain_ref}{SERIES}{slot.series}"
        has_list = state is not None and series(state, slot.series) is not None
        return listed if has_list or listed in before.get(slot.role, ()) else plain_ref

    return {str(role): [ref(SLOTS[role], entity_id) for entity_id in entities] for role, entities in choice.items()}


@callback
def problem(hass: HomeAssistant, choice: Choice, taken: Mapping[str, str]) -> Problem | None:
    """Return the first thing that is wrong with a choice; `taken` are the entities of other packs.

    What is merely missing is refused only where nothing could be watched without it.
    """
    return next(_problems(hass, choice, taken), None)


def _problems(hass: HomeAssistant, choice: Choice, taken: Mapping[str, str]) -> Iterator[Problem]:
    for role, key in ((Role.CELLS, "cells_not_chosen"), (Role.CURRENT, "current_not_chosen")):
        if not choice.get(role):
            yield Problem(key=key, role=role, placeholders={})
    for role, given in TOLD_BACK.items():
        if choice.get(role) and choice.get(given):
            names = {"field": word(hass, "role", role), "other": word(hass, "role", given)}
            yield Problem(key="limit_told_back", role=role, placeholders=names)
    used: dict[str, Role] = {}
    for role, entities in choice.items():
        for entity_id in entities:
            named = {"field": word(hass, "role", role), "entity": entity_id}
            if entity_id in used:
                yield Problem(
                    key="entity_twice", role=role, placeholders={**named, "other": word(hass, "role", used[entity_id])}
                )
            used[entity_id] = role
            if entity_id in taken:
                yield Problem(key="entity_taken", role=role, placeholders={**named, "name": taken[entity_id]})
            yield from _unfit(hass, SLOTS[role], entity_id, choice, named)


def _unfit(
    hass: HomeAssistant, slot: Slot, entity_id: str, choice: Choice, named: Mapping[str, str]
) -> Iterator[Problem]:
    """Tell what is wrong with one entity in its role."""
    state = hass.states.get(entity_id)
    if slot.platform == "switch" and state is not None and state.attributes.get(ATTR_ASSUMED_STATE):
        sensor = STATE_OF.get(slot.role)
        if sensor is None or not choice.get(sensor):
            yield Problem(key="entity_assumed", role=slot.role, placeholders=named)
    quantity = slot.quantity
    listed = state is not None and slot.series is not None and series(state, slot.series) is not None
    if quantity is None or (listed and len(choice[slot.role]) == 1):
        return
    unit = _unit(er.async_get(hass).async_get(entity_id), state)
    if unit not in quantity.units:
        permitted = ", ".join(sorted(str(one) for one in quantity.units if one))
        yield Problem(
            key="entity_unit", role=slot.role, placeholders={**named, "unit": unit or "-", "permitted": permitted}
        )
    value = None if state is None else measured(slot, state)
    if value is not None and not slot.span[0] <= value <= slot.span[1]:
        numbers = {"value": value, "minimum": slot.span[0], "maximum": slot.span[1]}
        shown_numbers = {key: f"{number:g} {quantity.unit or ''}".strip() for key, number in numbers.items()}
        yield Problem(key="entity_value", role=slot.role, placeholders={**named, **shown_numbers})


@callback
def preview(hass: HomeAssistant, choice: Choice, *, inverted: bool) -> str:
    """Return what the chosen entities tell now, a line for each role."""
    entities = PackEntities(hass=hass, roles=kept(hass, choice, {}))
    lines = [f"- {word(hass, 'role', role)}: {_tells(hass, entities, role, inverted=inverted)}" for role in choice]
    if (age := _age(hass, entities)) is not None:
        lines.append(f"- {word(hass, 'told', 'age', age=f'{age:.0f}')}")
    return "\n".join(lines)


def _tells(hass: HomeAssistant, entities: PackEntities, role: Role, *, inverted: bool) -> str:
    slot = SLOTS[role]
    if slot.quantity is None:
        position = entities.position(role)
        return word(hass, "told", "missing" if position is None else "on" if position else "off")
    values = entities.told(role).values
    known = [value for value in values if value is not None]
    if not known:
        return word(hass, "told", "missing")
    unit, digits = slot.quantity.unit or "", 3 if role is Role.CELLS else 1
    if slot.many:
        missing = len(values) - len(known)
        span = f"{len(values)} × {min(known):.{digits}f} – {max(known):.{digits}f} {unit}"
        return f"{span}, {word(hass, 'told', 'some_missing', count=missing)}" if missing else span
    value = 0.0 - known[0] if inverted and role is Role.CURRENT else known[0]
    told = f"{value:.{digits}f} {unit}".strip()
    if role is not Role.CURRENT:
        return told
    return f"{told} ({word(hass, 'told', 'resting' if value == 0 else 'charging' if value > 0 else 'discharging')})"


def _age(hass: HomeAssistant, entities: PackEntities) -> float | None:
    """Return how long ago the oldest value was told that limits rest on, in s."""
    roles = (Role.CELLS, Role.TEMPERATURES, Role.CURRENT, Role.VOLTAGE)
    times = [oldest for role in roles if (oldest := entities.told(role).oldest) is not None]
    return hass.loop.time() - min(times) if times else None


@callback
def gaps(hass: HomeAssistant, choice: Choice) -> str:
    """Return what the choice lacks for control and what follows from that, a line each."""
    entities = PackEntities(hass=hass, roles=kept(hass, choice, {}))
    cells, voltage = entities.told(Role.CELLS).values, entities.told(Role.VOLTAGE).value
    total = sum(cell for cell in cells if cell is not None)
    age = _age(hass, entities)
    lacking = {
        "temperatures": not choice.get(Role.TEMPERATURES),
        "voltage": not choice.get(Role.VOLTAGE),
        "sum": None not in cells and voltage is not None and abs(total - voltage) > _SUM_APART * voltage,
        "charge": not (choice.get(Role.CHARGE_SWITCH) or choice.get(Role.CHARGE_LIMIT)),
        "discharge": not (choice.get(Role.DISCHARGE_SWITCH) or choice.get(Role.DISCHARGE_LIMIT)),
        "old": age is not None and age > _OLD,
    }
    keys = [key for key, lacks in lacking.items() if lacks] or ["none"]
    return "\n".join(f"- {word(hass, 'gap', key)}" for key in keys)
