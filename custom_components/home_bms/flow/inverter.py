"""Adds an inverter to a battery system: looks at it first, and says what will be written before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT, CONF_TYPE

from ..const import CONF_MODEL, CONF_PEERS, CONF_SERVER, TYPE_CAN, TYPE_ENTITIES, TYPE_SERVER
from ..hw.read_server import PEERS_MOST, networks
from ..hw.sunspec_server import SunSpecServer
from ..inverters.sources import server_config
from .inverter_can import CanInverterSteps
from .inverter_entities import EntityInverterSteps
from .inverter_forms import (
    CONF_BASE,
    CONF_FIRST_REGISTER,
    MODBUS_FORMS,
    SERVER_SCHEMA,
)
from .inverter_modbus import ModbusInverterSteps

WAYS: Final = (*MODBUS_FORMS, "can", "entities", "server")
"""The steps of the menu; each begins a way to an inverter."""


class InverterFlow(ModbusInverterSteps, CanInverterSteps, EntityInverterSteps):
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
        ways = {
            TYPE_CAN: self.async_step_can,
            TYPE_ENTITIES: self.async_step_entities,
            TYPE_SERVER: self.async_step_server,
        }
        return await ways.get(self._data[CONF_TYPE], self._async_modbus_change)()

    # The server.

    async def async_step_server(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where the battery is to be served, and try it."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            told = {key: value for key, value in user_input.items() if key != CONF_FIRST_REGISTER}
            base = int(user_input[CONF_FIRST_REGISTER])
            served = {**told, CONF_BASE: base, CONF_HOST: told[CONF_HOST].strip()}
            try:
                networks(served.get(CONF_PEERS, ""))
                await self._async_try(served)
            except OSError as err:
                errors["base"] = "cannot_listen"
                placeholders = {"error": str(err)}
            except ValueError as err:
                field = CONF_PEERS if served[CONF_HOST] else CONF_HOST
                errors[field] = "no_networks" if served[CONF_HOST] else "no_address"
                placeholders = {"value": str(err), "maximum": str(PEERS_MOST)}
            else:
                self._called = "SunSpec"
                self._tells = await self._async_words("tells_server")
                data = {CONF_TYPE: TYPE_SERVER, CONF_MODEL: TYPE_SERVER, CONF_SERVER: served}
                return await self._async_take(data, f"server-{served[CONF_HOST]}-{served[CONF_PORT]}")
        known = self._data.get(CONF_SERVER, {})
        shown = user_input or {**known, **({CONF_FIRST_REGISTER: str(known[CONF_BASE])} if known else {})}
        return self.async_show_form(
            step_id="server",
            data_schema=self.add_suggested_values_to_schema(SERVER_SCHEMA, shown),
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
