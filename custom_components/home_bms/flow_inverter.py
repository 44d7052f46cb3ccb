"""Adds an inverter to a battery system: looks at it first, and says what will be written before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT, CONF_TYPE
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from .const import (
    CONF_MODEL,
    CONF_ROLES,
    CONF_SERIAL_NUMBER,
    CONF_SERVER,
    CONF_UNIT_ID,
    TYPE_CAN,
    TYPE_ENTITIES,
    TYPE_SERVER,
)
from .flow_inverter_can import CanInverterSteps
from .helpers import link_params
from .hw.driver import DriverError
from .hw.inverters.inverter import InverterInfo
from .hw.inverters.modbus import MODBUS_INVERTERS
from .hw.sunspec_server import SunSpecServer
from .inverter_forms import (
    CONF_BASE,
    ENTITIES_SCHEMA,
    MODBUS_SCHEMAS,
    SERVER_SCHEMA,
    chosen_roles,
    modbus_data,
    shown_modbus,
    shown_roles,
)
from .inverter_roles import INVERTER_SLOTS, ORDERED, InverterRole
from .inverters import modbus_options, server_config
from .lines import async_keep_off
from .links import on_lane
from .role_choice import owners
from .texts import word

WAYS: Final = ("victron_gx", "sunspec", "can", "entities", "server")


class InverterFlow(CanInverterSteps):
    """Add an inverter to a battery system, or change one."""

    async def async_step_user(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> SubentryFlowResult:
        """Let the user pick how the inverter is reached."""
        return self.async_show_menu(step_id="user", menu_options=WAYS)

    async def async_step_reconfigure(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> SubentryFlowResult:
        """Let the user change how the inverter is reached, and its share."""
        inverter = self._get_reconfigure_subentry()
        self._data = {**inverter.data, CONF_NAME: inverter.title}
        kind = self._data[CONF_TYPE]
        if kind == TYPE_CAN:
            return await self.async_step_can()
        if kind == TYPE_ENTITIES:
            return await self.async_step_entities()
        if kind == TYPE_SERVER:
            return await self.async_step_server()
        return await self._async_modbus(self._data[CONF_MODEL], None)

    # Modbus.

    async def async_step_victron_gx(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Handle a Victron GX."""
        return await self._async_modbus("victron_gx", user_input)

    async def async_step_sunspec(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Handle an inverter that speaks SunSpec."""
        return await self._async_modbus("sunspec", user_input)

    async def _async_modbus(self, model: str, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        """Ask for a link and look who is behind it."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            data = modbus_data(model, user_input)
            inverter = self._inverter()
            before = None if inverter is None else inverter.data.get(CONF_SERIAL_NUMBER)
            try:
                info, problems = await self._async_identify(data)
            except DriverError as err:
                errors["base"] = err.key
            else:
                if before is None or before == info.fingerprint:
                    return await self._async_modbus_found(data, info, problems)
                errors["base"] = "wrong_device"
                placeholders = {"expected": before, "found": info.fingerprint}
        return self.async_show_form(
            step_id=model,
            data_schema=self.add_suggested_values_to_schema(
                MODBUS_SCHEMAS[model], user_input or (shown_modbus(self._data) if self._data else {})
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_modbus_found(
        self, data: dict[str, Any], info: InverterInfo, problems: frozenset[str]
    ) -> SubentryFlowResult:
        """Go on with who has answered."""
        if info.serial_number:
            data[CONF_SERIAL_NUMBER] = info.fingerprint
        place = f"{data[CONF_HOST]}-{data[CONF_PORT]}-{data[CONF_UNIT_ID]}"
        self._called = f"{info.manufacturer} {info.model} {info.serial_number}".strip()
        tells = await self._async_words(f"tells_{data[CONF_MODEL]}")
        lacks = [word(self.hass, "inverter_problem", problem) for problem in sorted(problems)]
        self._tells = "\n".join([tells, *(f"- {each}" for each in lacks)])
        return await self._async_take(data, info.serial_number or place)

    async def _async_identify(self, data: Mapping[str, Any]) -> tuple[InverterInfo, frozenset[str]]:
        """Ask the inverter behind a link who it is and what it lacks, without writing. Raises DriverError."""
        params, unit_id = link_params(data), data[CONF_UNIT_ID]
        row = MODBUS_INVERTERS[data[CONF_MODEL]]
        try:
            async_keep_off(self.hass, params)
            async with async_get_temporary_unit(self.hass, params, unit_id) as borrowed:
                with on_lane(self.hass, params, borrowed, unit_id) as unit:
                    link = row.create(unit, clock=self.hass.loop.time, **modbus_options(data))
                    info = await link.async_identify()
                    return info, getattr(link, "problems", frozenset())
        except HomeAssistantError as err:
            raise DriverError("link_in_use", str(err)) from err

    # Entities.

    async def async_step_entities(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which entities of another integration take which limit."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        await self._async_words("tells_entities")
        if user_input is not None:
            chosen = chosen_roles(user_input)
            place, key, placeholders = self._wrong(chosen)
            if key:
                errors[place] = key
            else:
                return await self._async_entities_found(user_input, chosen)
        told = user_input or (
            shown_roles(self._data, self._entity_ids(self._data[CONF_ROLES])) if CONF_ROLES in self._data else {}
        )
        return self.async_show_form(
            step_id="entities",
            data_schema=self.add_suggested_values_to_schema(ENTITIES_SCHEMA, told),
            errors=errors,
            description_placeholders=placeholders,
        )

    @callback
    def _entity_ids(self, roles: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Return what the entities of the settings are called now, without those that are gone."""
        registry = er.async_get(self.hass)
        found = {role: er.async_resolve_entity_id(registry, refs[0]) for role, refs in roles.items()}
        return {role: [entity_id] for role, entity_id in found.items() if entity_id is not None}

    @callback
    def _wrong(self, chosen: Mapping[str, str]) -> tuple[str, str, dict[str, str]]:
        """Return what is wrong with a choice: the field, the error's key, and what its text names."""
        if not any(role in chosen for role in ORDERED):
            return "base", "nothing_to_move", {}
        inverter = self._inverter()
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
            unit = state.attributes.get("unit_of_measurement")
            if slot.quantities and slot.quantity(unit) is None:
                permitted = ", ".join(sorted({str(one) for each in slot.quantities for one in each.units if one}))
                return role, "entity_unit", {**named, "unit": unit or "-", "permitted": permitted}
        return "", "", {}

    async def _async_entities_found(self, form: Mapping[str, Any], chosen: Mapping[str, str]) -> SubentryFlowResult:
        """Go on with the entities, kept by the ids that outlive a new name."""
        registry = er.async_get(self.hass)
        refs = {
            role: [entity_id if (entry := registry.async_get(entity_id)) is None else entry.id]
            for role, entity_id in chosen.items()
        }
        options = {key: value for key, value in form.items() if key not in chosen}
        names = [
            word(self.hass, "inverter_role", role) + f": {entity}" for role, entity in chosen.items() if role in ORDERED
        ]
        self._called = await self._async_words("entities")
        self._tells = "\n".join([await self._async_words("tells_entities"), *(f"- {name}" for name in names)])
        data = {CONF_TYPE: TYPE_ENTITIES, CONF_MODEL: self._called, CONF_ROLES: refs, **options}
        first = next(role for role in ORDERED if role in refs)
        return await self._async_take(data, f"entities-{refs[first][0]}")

    # The server.

    async def async_step_server(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where the battery is to be served, and try it."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            served = {**user_input, CONF_BASE: int(user_input[CONF_BASE]), CONF_HOST: user_input[CONF_HOST].strip()}
            try:
                await self._async_try(served)
            except OSError as err:
                errors["base"] = "cannot_listen"
                placeholders = {"error": str(err)}
            else:
                self._called = "SunSpec"
                self._tells = await self._async_words("tells_server")
                data = {CONF_TYPE: TYPE_SERVER, CONF_MODEL: TYPE_SERVER, CONF_SERVER: served}
                return await self._async_take(data, f"server-{served[CONF_HOST]}-{served[CONF_PORT]}")
        known = self._data.get(CONF_SERVER, {})
        told = user_input or {**known, **({CONF_BASE: str(known[CONF_BASE])} if known else {})}
        return self.async_show_form(
            step_id="server",
            data_schema=self.add_suggested_values_to_schema(SERVER_SCHEMA, told),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_try(self, served: Mapping[str, Any]) -> None:
        """Listen for a moment, unless our own server is there already. Raises OSError."""
        before = self._data.get(CONF_SERVER, {})
        if all(before.get(key) == served[key] for key in (CONF_HOST, CONF_PORT)):
            return
        server = SunSpecServer(server_config(served), clock=self.hass.loop.time)
        await server.async_start()
        await server.async_stop()
