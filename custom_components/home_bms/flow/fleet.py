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

BASE_TOPIC: Final = "base_topic"
"""In the form, where `base` is the place of errors that belong to no field."""
_PROPOSED: Final = FleetSettings()
FLEET_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_ENABLED, default=False): BooleanSelector(),
        vol.Required(BASE_TOPIC, default=_PROPOSED.base): TextSelector(),
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
                fleet = fleet_data({**user_input, CONF_BASE: user_input[BASE_TOPIC]})
            except ConfigError as err:
                place = BASE_TOPIC if err.field == CONF_BASE else err.field
                errors, placeholders = {place: err.key}, err.placeholders
            else:
                return self.async_create_entry(data={**self.config_entry.options, CONF_FLEET: fleet})
        kept = self.config_entry.options.get(CONF_FLEET, {})
        shown = user_input or {**kept, **({BASE_TOPIC: kept[CONF_BASE]} if kept else {})}
        return self.async_show_form(
            step_id="fleet",
            data_schema=self.add_suggested_values_to_schema(FLEET_SCHEMA, shown),
            errors=errors,
            description_placeholders=placeholders,
        )
