"""The steps of the config flow to an inverter on a CAN bus, to which home_bms will be the battery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import SubentryFlowContext, SubentryFlowResult
from homeassistant.const import CONF_TYPE

from .can_forms import BUS_SCHEMAS, bus_data, kernel_interfaces, shown_bus
from .can_lines import async_held_can
from .can_look import async_heard_on
from .const import CONF_CAN, CONF_MODEL, CONF_OPTIONS, TYPE_CAN
from .core.model import ConfigError
from .flow_bus import IDS_SHOWN, LISTEN_FOR, BusSteps
from .flow_can import WORDS
from .flow_inverter_end import InverterSteps
from .hw.can_frame import spelled
from .hw.can_params import CanParams, params_from_data
from .hw.can_probe import Found, async_probe
from .hw.driver import DriverError
from .hw.inverters.can_protocol import options_from_data
from .hw.inverters.presets import PRESETS, Preset
from .inverter_forms import MODEL_SCHEMA


class CanInverterSteps(BusSteps[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], InverterSteps):
    """Ask for a bus, listen to it, and have the make of inverter picked."""

    _found: Found | None = None
    _can_params: CanParams

    @override
    async def _async_can_bus(self, step_id: str, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        """Ask for a bus, and listen who is on it."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        told: Mapping[str, Any] = user_input or {}
        if user_input is not None:
            data, _ = bus_data(step_id, user_input)
            try:
                self._can_params = params_from_data(data)
                self._found = await self._async_listen()
            except ConfigError as err:
                errors[err.field if err.field in user_input else "base"] = err.key
                placeholders = {**err.placeholders, "field": err.field}
            except DriverError as err:
                errors["base"] = WORDS.get(err.key, err.key)
                placeholders = getattr(err, "placeholders", {})
            else:
                return await self.async_step_can_model()
        elif CONF_CAN in self._data and (known := shown_bus(params_from_data(self._data[CONF_CAN])))[0] == step_id:
            told = known[1]
        schema = BUS_SCHEMAS[step_id][1](await self.hass.async_add_executor_job(kernel_interfaces))
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, told),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_listen(self) -> Found:
        """Return who is heard on the bus; one that is in use is not opened a second time. Raises DriverError."""
        link = async_held_can(self.hass, self._can_params)
        if link is None:
            return await async_probe(self._can_params, (), LISTEN_FOR)
        if link.params != self._can_params and self._inverter() is None:
            raise DriverError("link_in_use", f"{self._can_params.key} is open with other settings")
        return await async_heard_on(link, LISTEN_FOR)

    async def async_step_can_model(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Have the make picked; refused where another battery already tells it something."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        assert self._found is not None  # noqa: S101 - the step before has listened
        heard = self._found.keys
        if user_input is not None:
            preset = PRESETS[user_input[CONF_MODEL]]
            keys = _keys(preset)
            if taken := sorted(keys & heard):
                errors[CONF_MODEL] = "can_ids_in_use"
                placeholders["ids"] = _named(taken)
            else:
                return await self._async_can_found(preset)
        none = await self._async_words("heard_nothing")
        return self.async_show_form(
            step_id="can_model",
            data_schema=self.add_suggested_values_to_schema(MODEL_SCHEMA, user_input or self._data),
            errors=errors,
            description_placeholders={"heard": _named(sorted(heard)) or none, **placeholders},
            last_step=False,
        )

    async def _async_can_found(self, preset: Preset) -> SubentryFlowResult:
        """Go on with a make of inverter."""
        kept = self._data.get(CONF_OPTIONS, {}) if self._data.get(CONF_MODEL) == preset.key else {}
        data = {
            CONF_TYPE: TYPE_CAN,
            CONF_MODEL: preset.key,
            CONF_CAN: self._can_params.data,
            CONF_OPTIONS: dict(kept),
        }
        self._called = preset.name
        tells = await self._async_words("tells_can", ids=_named(sorted(_keys(preset))))
        self._tells = "\n\n".join(part for part in (tells, preset.setting, preset.note) if part)
        return await self._async_take(data, f"can-{self._can_params.key}-{preset.protocol.key}")


def _keys(preset: Preset) -> frozenset[int]:
    """Return the identifiers that home_bms would send."""
    options = options_from_data(preset.protocol.options, preset.options)
    return frozenset(row.key for row in preset.protocol.rows(options))


def _named(keys: list[int]) -> str:
    more = " …" if len(keys) > IDS_SHOWN else ""
    return ", ".join(spelled(key) for key in keys[:IDS_SHOWN]) + more
