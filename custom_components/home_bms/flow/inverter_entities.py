"""Asks which entities of another integration an inverter is told by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, CONF_TYPE
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er

from ..const import CONF_MODEL, CONF_POWER_SIGN, CONF_ROLES, CONF_WORKS, TYPE_ENTITIES
from ..inverters.entity_mode import offered_by
from ..inverters.power import missing_power, missing_work
from ..inverters.roles import INVERTER_SLOTS, ORDERED, InverterRole, Work
from ..texts import word
from .inverter_end import InverterSteps
from .inverter_forms import ENTITIES_SCHEMA, chosen_roles, shown_roles, works_schema
from .role_choice import owners


class EntityInverterSteps(InverterSteps):
    """Add an inverter that Home Assistant has already, or change one."""

    def __init__(self) -> None:
        """Start with nothing chosen."""
        super().__init__()
        self._chosen: dict[str, str] = {}
        self._form: dict[str, Any] = {}

    async def async_step_entities(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which entities of another integration take which limit or power."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        await self._async_words("tells_entities")
        if user_input is not None:
            chosen = chosen_roles(user_input)
            place, key, placeholders = self._wrong(chosen) or self._wrong_power(chosen, user_input)
            if key:
                errors[place] = key
            else:
                self._chosen, self._form = chosen, user_input
                if InverterRole.WORK_MODE in chosen:
                    return await self.async_step_works()
                return await self._async_entities_found({})
        told = user_input or (
            shown_roles(self._data, self._entity_ids(self._data[CONF_ROLES])) if CONF_ROLES in self._data else {}
        )
        return self.async_show_form(
            step_id="entities",
            data_schema=self.add_suggested_values_to_schema(ENTITIES_SCHEMA, told),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_works(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask what the options of the work mode do."""
        errors: dict[str, str] = {}
        entity_id = self._chosen[InverterRole.WORK_MODE]
        offered = self._offered(entity_id)
        placeholders = {"entity": entity_id}
        if user_input is not None:
            works = {Work(key): option for key, option in user_input.items()}
            wrong = missing_work(set(self._chosen), works, self._form.get(CONF_POWER_SIGN))
            if wrong is None:
                return await self._async_entities_found({work.value: option for work, option in works.items()})
            work, key, role = wrong
            errors[work.value] = key
            names = {"field": word(self.hass, "work", work.value)}
            placeholders |= names | ({} if role is None else {"other": word(self.hass, "inverter_role", role)})
        before = {work: option for work, option in self._data.get(CONF_WORKS, {}).items() if option in offered}
        return self.async_show_form(
            step_id="works",
            data_schema=self.add_suggested_values_to_schema(works_schema(offered), user_input or before),
            errors=errors,
            description_placeholders=placeholders,
        )

    @callback
    def _offered(self, entity_id: str) -> tuple[str, ...]:
        state = self.hass.states.get(entity_id)
        return () if state is None else offered_by(state)

    @callback
    def _entity_ids(self, roles: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Return what the entities of the settings are called now, without those that are gone."""
        registry = er.async_get(self.hass)
        found = {role: er.async_resolve_entity_id(registry, refs[0]) for role, refs in roles.items()}
        return {role: [entity_id] for role, entity_id in found.items() if entity_id is not None}

    @callback
    def _wrong(self, chosen: Mapping[str, str]) -> tuple[str, str, dict[str, str]] | None:
        """Return what is wrong with an entity: the field, the error's key, and what its text names."""
        if not any(role in chosen for role in ORDERED):
            return "base", "nothing_to_move", {}
        inverter = self._changed()
        taken = owners(self.hass, None if inverter is None else inverter.subentry_id)
        seen: dict[str, str] = {}
        for role, entity_id in chosen.items():
            named = {"field": word(self.hass, "inverter_role", role), "entity": entity_id}
            if entity_id in seen:
                return role, "entity_twice", {**named, "other": word(self.hass, "inverter_role", seen[entity_id])}
            seen[entity_id] = role
            if entity_id in taken:
                return role, "entity_taken", {**named, "name": taken[entity_id]}
            slot = INVERTER_SLOTS[InverterRole(role)]
            state = self.hass.states.get(entity_id)
            if state is None:
                return role, "entity_gone", named
            unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
            if slot.quantities and slot.quantity(unit) is None:
                permitted = ", ".join(sorted({str(one) for each in slot.quantities for one in each.units if one}))
                return role, "entity_unit", {**named, "unit": unit or "-", "permitted": permitted}
            if slot.role is InverterRole.WORK_MODE and not offered_by(state):
                return role, "no_options", named
        return None

    @callback
    def _wrong_power(self, chosen: Mapping[str, str], form: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
        """Return what is wrong with the ways to ask for a power, in the same way; empty if nothing is."""
        wrong = missing_power(set(chosen), form.get(CONF_POWER_SIGN))
        if wrong is None:
            return "", "", {}
        field, key, role, other = wrong
        names = {"field": role, "other": other}
        return field, key, {name: word(self.hass, "inverter_role", each) for name, each in names.items() if each}

    async def _async_entities_found(self, works: Mapping[str, str]) -> SubentryFlowResult:
        """Go on with the entities, kept by the ids that outlive a new name."""
        form, chosen = self._form, self._chosen
        registry = er.async_get(self.hass)
        refs = {
            role: [entity_id if (entry := registry.async_get(entity_id)) is None else entry.id]
            for role, entity_id in chosen.items()
        }
        options = {key: value for key, value in form.items() if key not in chosen}
        names = [
            word(self.hass, "inverter_role", role) + f": {entity}" for role, entity in chosen.items() if role in ORDERED
        ]
        names += [word(self.hass, "work", work) + f": “{option}”" for work, option in works.items()]
        self._called = await self._async_words("entities")
        self._tells = "\n".join([await self._async_words("tells_entities"), *(f"- {name}" for name in names)])
        data = {CONF_TYPE: TYPE_ENTITIES, CONF_MODEL: self._called, CONF_ROLES: refs, **options}
        if works:
            data[CONF_WORKS] = dict(works)
        first = next(role for role in ORDERED if role in refs)
        return await self._async_take(data, f"entities-{refs[first][0]}")
