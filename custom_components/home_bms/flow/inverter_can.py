"""The steps of the config flow to an inverter on a CAN bus, to which home_bms will be the battery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import SubentryFlowContext, SubentryFlowResult
from homeassistant.const import CONF_TYPE
from homeassistant.core import callback
from homeassistant.helpers.translation import async_get_translations

from ..can.lines import async_held_can
from ..can.look import async_heard_on
from ..const import CONF_CAN, CONF_MODEL, CONF_OPTIONS, DOMAIN, TYPE_CAN
from ..core.model import ConfigError
from ..hw.can_frame import spelled
from ..hw.can_params import CanParams, params_from_data
from ..hw.can_probe import Found, async_probe
from ..hw.driver import DriverError
from ..hw.inverters.can_protocol import moved_options, options_from_data
from ..hw.inverters.presets import PRESETS, Preset
from ..texts import word
from .bus import IDS_SHOWN, LISTEN_FOR, BusSteps
from .can import WORDS
from .can_forms import bus_data, shown_bus
from .inverter_end import InverterSteps
from .inverter_forms import MODEL_SCHEMA, options_schema, shown_options, told_options


class CanInverterSteps(BusSteps[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], InverterSteps):
    """Ask for a bus, listen to it, and have the make of inverter picked."""

    _found: Found | None = None
    _can_params: CanParams
    _preset: Preset

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
        return await self._async_can_form(step_id, told, errors, placeholders)

    async def _async_listen(self) -> Found:
        """Return who is heard on the bus; one that is in use is not opened a second time. Raises DriverError."""
        link = async_held_can(self.hass, self._can_params)
        if link is None:
            return await async_probe(self._can_params, (), LISTEN_FOR)
        if link.params != self._can_params and self._changed() is None:
            raise DriverError("link_in_use", f"{self._can_params.key} is open with other settings")
        return await async_heard_on(link, LISTEN_FOR)

    async def async_step_can_model(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Have the make picked; refused where another battery already tells it something."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        assert self._found is not None  # noqa: S101 - the step before has listened
        if user_input is not None:
            self._preset = PRESETS[user_input[CONF_MODEL]]
            if not (taken := self._taken({})):
                return await self.async_step_can_options()
            errors[CONF_MODEL] = "can_ids_in_use"
            placeholders["ids"] = _named(taken)
        none = await self._async_words("heard_nothing")
        return self.async_show_form(
            step_id="can_model",
            data_schema=self.add_suggested_values_to_schema(MODEL_SCHEMA, user_input or self._data),
            errors=errors,
            description_placeholders={"heard": _named(sorted(self._found.keys)) or none, **placeholders},
            last_step=False,
        )

    async def async_step_can_options(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show what the make's user should know, and what of its protocol may be moved."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        preset = self._preset
        protocol = preset.protocol
        if user_input is not None:
            try:
                moved = moved_options(protocol.options, preset.options, told_options(protocol, user_input))
            except ConfigError as err:
                errors["base"] = err.key
                placeholders = {**err.placeholders, "field": await self._async_option_name(err.field)}
            else:
                if not (taken := self._taken(moved)):
                    return await self._async_can_found(moved)
                errors["base"] = "can_ids_in_use"
                placeholders["ids"] = _named(taken)
        kept = self._data.get(CONF_OPTIONS, {}) if self._data.get(CONF_MODEL) == preset.key else {}
        return self.async_show_form(
            step_id="can_options",
            data_schema=self.add_suggested_values_to_schema(
                options_schema(protocol, opened=bool(errors or kept)),
                user_input or shown_options(protocol, preset.options, kept),
            ),
            errors=errors,
            description_placeholders={**await self._async_make(), **placeholders},
            last_step=False,
        )

    async def _async_can_found(self, moved: Mapping[str, Any]) -> SubentryFlowResult:
        """Go on with a make of inverter and the options in which this one differs."""
        preset = self._preset
        data = {
            CONF_TYPE: TYPE_CAN,
            CONF_MODEL: preset.key,
            CONF_CAN: self._can_params.data,
            CONF_OPTIONS: dict(moved),
        }
        self._called = word(self.hass, "can_make", preset.key)
        self._tells = await self._async_words("tells_can", ids=_named(sorted(self._keys(moved))))
        return await self._async_take(data, f"can-{self._can_params.key}-{preset.protocol.key}")

    async def _async_make(self) -> dict[str, str]:
        """Return what the make is called, and what its user should know."""
        await self._async_load_words()
        key = self._preset.key
        setting, note = (word(self.hass, group, key) for group in ("can_setting", "can_note"))
        # A key without a word stands for itself: some makes need no setting, of some nothing is known.
        told = [word(self.hass, "inverter", "can_set_to", setting=setting)] if setting != key else []
        return {
            "make": word(self.hass, "can_make", key),
            "about": "\n\n".join([*told, *([note] if note != key else [])]),
        }

    async def _async_option_name(self, name: str) -> str:
        """Return what the form calls an option of the protocol."""
        words = await async_get_translations(self.hass, self.hass.config.language, "config_subentries", {DOMAIN})
        options = f"component.{DOMAIN}.config_subentries.inverter.step.can_options.sections"
        return words.get(f"{options}.{self._preset.protocol.key}.data.{name}", name)

    @callback
    def _keys(self, moved: Mapping[str, Any]) -> frozenset[int]:
        """Return the identifiers that home_bms would send."""
        protocol = self._preset.protocol
        options = options_from_data(protocol.options, {**self._preset.options, **moved})
        return frozenset(row.key for row in protocol.rows(options))

    @callback
    def _taken(self, moved: Mapping[str, Any]) -> list[int]:
        """Return those of them that somebody else on the bus already sends."""
        assert self._found is not None  # noqa: S101 - a step before has listened
        return sorted(self._keys(moved) & self._found.keys)


def _named(keys: list[int]) -> str:
    more = " …" if len(keys) > IDS_SHOWN else ""
    return ", ".join(spelled(key) for key in keys[:IDS_SHOWN]) + more
