"""The steps of the config flow to a pack on a CAN bus."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Final, override

import probatio as vol
from homeassistant.const import CONF_TYPE
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowContext, FlowResult
from homeassistant.helpers.selector import SelectOptionDict
from homeassistant.helpers.translation import async_get_translations

from ..can.lines import async_held_can
from ..can.look import async_heard_on
from ..can.pack import MODEL_DBC, PACKS, async_can_look, can_params
from ..const import (
    CONF_CAN,
    CONF_DBC,
    CONF_INVERTED,
    CONF_MODEL,
    CONF_NODE,
    CONF_POLLING,
    CONF_SERIAL_NUMBER,
    DOMAIN,
    TYPE_CAN,
)
from ..core.model import ConfigError
from ..hw.can_device import CanDevice
from ..hw.can_frame import spelled
from ..hw.can_params import SETS_BITRATE, CanParams, params_from_data
from ..hw.can_probe import Found, async_probe
from ..hw.driver import DeviceInfo, DriverError
from ..texts import word
from .bus import IDS_SHOWN, LISTEN_FOR, BusSteps
from .can_forms import TRIED, bus_data, options_schema, shown_bus
from .pack_end import PackSteps
from .selectors import pick

OPTIONS: Final = (CONF_NODE, CONF_INVERTED, CONF_POLLING)
WORDS: Final = {key: f"can_{key}" for key in ("cannot_connect", "no_answer", "link_in_use")}
"""Failures that mean something else to a person than on a Modbus link."""
BOUNDS: Final = {"minimum": "min", "maximum": "max"}


class CanSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    BusSteps[ContextT, ResultT, HandlerT], PackSteps[ContextT, ResultT, HandlerT]
):
    """Ask for a bus, listen to it, and have one of those that are heard picked."""

    _can_params: CanParams
    _can_step: str
    _can_form: dict[str, Any]
    _can_auto: bool
    """Whether the bit rate is to be found."""
    _can_device: CanDevice
    _can_listening: asyncio.Task[Found] | None = None

    @override
    async def _async_can_bus(self, step_id: str, user_input: dict[str, Any] | None) -> ResultT:
        """Ask for a bus and begin to listen."""
        if user_input is None:
            known: Mapping[str, Any] = {}
            if CONF_CAN in self._data and (shown := shown_bus(can_params(self._data)))[0] == step_id:
                known = shown[1]
            return await self._async_can_form(step_id, known)
        data, auto = bus_data(step_id, user_input)
        try:
            self._can_params = params_from_data(data)
        except ConfigError as err:
            place = err.field if err.field in user_input else "base"
            return await self._async_can_form(step_id, user_input, {place: err.key}, err.placeholders)
        self._can_step, self._can_form, self._can_auto = step_id, user_input, auto
        self._can_listening = self.hass.async_create_task(
            self._async_can_listen(), f"{DOMAIN} CAN search", eager_start=False
        )
        return await self.async_step_can_listening()

    async def async_step_can_listening(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> ResultT:
        """Show that we listen, until that has ended."""
        assert self._can_listening is not None  # noqa: S101 - the step before has begun it
        if self._can_listening.done():
            return self.async_show_progress_done(next_step_id="can_found")
        return self.async_show_progress(
            step_id="can_listening", progress_action="can_listening", progress_task=self._can_listening
        )

    async def _async_can_listen(self) -> Found:
        """Listen to the bus; one that is in use already is not opened a second time. Raises DriverError."""
        params = self._can_params
        async with nullcontext() if self._can_auto else self._clear_of({CONF_CAN: params.data}):
            link = async_held_can(self.hass, params)
            if link is None:
                return await async_probe(params, TRIED if self._can_auto else (), LISTEN_FOR)
            if not self._can_auto and link.params != params:
                raise DriverError("link_in_use", f"{params.key} is open with other settings")
            return await async_heard_on(link, LISTEN_FOR)

    async def async_step_can_found(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Have the device picked, those that were recognised first."""
        assert self._can_listening is not None  # noqa: S101 - the step before has ended it
        try:
            found = self._can_listening.result()
        except DriverError as err:
            errors, placeholders = can_refusal(err)
            return await self._async_can_form(self._can_step, self._can_form, errors, placeholders)
        # Before the first pack is set up nobody has loaded home_bms's own words.
        await async_get_translations(self.hass, self.hass.config.language, "selector", {DOMAIN})
        self._can_params = found.params
        if user_input is not None:
            if user_input[CONF_MODEL] == MODEL_DBC:
                # Who only moves to another bus has the file already.
                return await (self.async_step_can_mapping() if CONF_DBC in self._data else self.async_step_can_dbc())
            self._can_device = PACKS[user_input[CONF_MODEL]]
            return await self.async_step_can_options()
        likely = [device.key for device in found.devices]
        keys = [*likely, *(key for key in PACKS if key not in likely)]
        options = [SelectOptionDict(value=key, label=self._can_label(key, likely)) for key in keys]
        options.append(SelectOptionDict(value=MODEL_DBC, label=word(self.hass, "can_told", "own_file")))
        before = self._data.get(CONF_MODEL)
        proposed = likely[0] if likely else MODEL_DBC if found.keys else keys[0]
        field = vol.Required(CONF_MODEL, default=before if before in (*keys, MODEL_DBC) else proposed)
        return self.async_show_form(
            step_id="can_found",
            data_schema=vol.Schema({field: pick(options)}),
            description_placeholders={"told": self._can_told(found)},
            last_step=False,
        )

    @abstractmethod
    async def async_step_can_dbc(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask for a file that describes a device."""

    @abstractmethod
    async def async_step_can_mapping(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask what its signals mean."""

    async def async_step_can_options(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask what the device does not tell, and look at it."""
        errors: dict[str, str] = {}
        placeholders: Mapping[str, str] = {}
        device = self._can_device
        await async_get_translations(self.hass, self.hass.config.language, "selector", {DOMAIN})
        if user_input is not None:
            link = self._can_link({CONF_MODEL: device.key, **user_input})
            try:
                info, _ = await self._async_can_look(link)
            except DriverError as err:
                errors, placeholders = can_refusal(err)
            else:
                return await self._async_can_take(info, link)
        told = user_input or {key: self._data[key] for key in OPTIONS if key in self._data}
        notes = [*(["polls"] if device.polls else []), *([] if device.cells else ["no_cells"])]
        note = "\n\n".join(word(self.hass, "can_told", key) for key in notes)
        return self.async_show_form(
            step_id="can_options",
            data_schema=self.add_suggested_values_to_schema(options_schema(device), told),
            errors=errors,
            description_placeholders={"device": device.name, "note": note, **placeholders},
        )

    async def async_step_can_change(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> ResultT:
        """Ask what is to be changed: the bus, or what was said of the device."""
        self._can_params = can_params(self._data)
        if self._data[CONF_MODEL] == MODEL_DBC:
            return self.async_show_menu(step_id="can_change", menu_options=("can", "can_dbc", "can_mapping"))
        self._can_device = PACKS[self._data[CONF_MODEL]]
        return self.async_show_menu(step_id="can_change", menu_options=("can", "can_options"))

    @callback
    def _can_link(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that lead to the device."""
        return {CONF_TYPE: TYPE_CAN, CONF_CAN: self._can_params.data, **options}

    async def _async_can_look(self, link: Mapping[str, Any]) -> tuple[DeviceInfo, dict[str, Any]]:
        """Listen to the device; return who it is and all that it tells. Raises DriverError, ConfigError."""
        async with self._clear_of(link), async_can_look(self.hass, link) as driver:
            info = await driver.async_identify()
            return info, driver.shown()

    async def _async_can_take(self, info: DeviceInfo, link: Mapping[str, Any]) -> ResultT:
        """Take the device, unless it is another one than the pack that is being changed."""
        pack = self._pack()
        before = None if pack is None else pack.data.get(CONF_SERIAL_NUMBER)
        if before and info.serial_number and before != info.serial_number:
            named = {"expected": before, "found": info.serial_number}
            return self.async_abort(reason="can_wrong_device", description_placeholders=named)
        result = await self._async_found(info, link)
        if not info.serial_number:
            # What else it tells of itself comes in its own time, and says no more than who its twins are.
            self._data.pop(CONF_SERIAL_NUMBER, None)
        return result

    @override
    def _called(self, info: DeviceInfo) -> str:
        """Return what is known of a device on CAN; most tell no serial number."""
        if self._can_listening is None or info.serial_number:
            return super()._called(info)
        return f"{info.manufacturer} {info.model}"

    def _can_label(self, key: str, likely: list[str]) -> str:
        name = PACKS[key].name
        return word(self.hass, "can_told", "recognised", device=name) if key in likely else name

    def _can_told(self, found: Found) -> str:
        """Return what was heard, a line each."""
        lines = []
        if found.keys:
            shown = ", ".join(spelled(key) for key in sorted(found.keys)[:IDS_SHOWN])
            more = " …" if len(found.keys) > IDS_SHOWN else ""
            lines.append(word(self.hass, "can_told", "heard", count=len(found.keys), ids=f"{shown}{more}"))
        else:
            lines.append(word(self.hass, "can_told", "silent"))
        if found.params.interface in SETS_BITRATE and found.keys:
            lines.append(word(self.hass, "can_told", "bitrate", bitrate=found.params.bitrate // 1000))
        if found.error_frames:
            lines.append(word(self.hass, "can_told", "errors", count=found.error_frames))
        return "\n".join(f"- {line}" for line in lines)


def can_refusal(err: DriverError | ConfigError) -> tuple[dict[str, str], dict[str, str]]:
    """Return a form's error and what its text shows."""
    placeholders: dict[str, str] = dict(getattr(err, "placeholders", {}))
    if isinstance(err, ConfigError):
        # Ranges have long names in texts.
        bounds = {name: placeholders.pop(short) for name, short in BOUNDS.items() if short in placeholders}
        placeholders |= {**bounds, "field": err.field}
    return {"base": WORDS.get(err.key, err.key)}, placeholders
