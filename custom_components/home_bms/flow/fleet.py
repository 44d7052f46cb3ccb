"""Asks what a remote operator may see and do over MQTT."""

from __future__ import annotations

from typing import Any, Final

import probatio as vol
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import BooleanSelector, TextSelector

from ..core.model import ConfigError
from ..fleet.settings import (
    CONF_BASE,
    CONF_COMMANDS,
    CONF_ENABLED,
    CONF_FLEET,
    CONF_HARDWARE,
    CONF_LONGEST,
    CONF_OPERATOR,
    LONGEST,
    FleetSettings,
    fleet_data,
)
from .harmless import HarmlessOptionsFlow
from .selectors import number

_PROPOSED: Final = FleetSettings()
FLEET_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_ENABLED, default=False): BooleanSelector(),
        vol.Required(CONF_BASE, default=_PROPOSED.base): TextSelector(),
        vol.Required(CONF_HARDWARE, default=_PROPOSED.hardware): BooleanSelector(),
        vol.Required(CONF_COMMANDS, default=_PROPOSED.commands): BooleanSelector(),
        vol.Required(CONF_OPERATOR, default=_PROPOSED.operator): TextSelector(),
        vol.Required(CONF_LONGEST, default=_PROPOSED.longest): number(*LONGEST, 1, "min"),
    }
)


class FleetSteps(HarmlessOptionsFlow):
    """The step for a remote operator."""

    async def async_step_fleet(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask, and keep it with the system."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                fleet = fleet_data(user_input)
            except ConfigError as err:
                errors, placeholders = {err.field: err.key}, err.placeholders
            else:
                return self.async_create_entry(data={**self.config_entry.options, CONF_FLEET: fleet})
        return self.async_show_form(
            step_id="fleet",
            data_schema=self.add_suggested_values_to_schema(
                FLEET_SCHEMA, user_input or self.config_entry.options.get(CONF_FLEET, {})
            ),
            errors=errors,
            description_placeholders=placeholders,
        )
