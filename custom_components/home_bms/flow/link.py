"""The steps of the config flow to a pack on a link of its own: network, serial port, or simulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import probatio as vol
from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TYPE
from homeassistant.data_entry_flow import FlowContext, FlowResult
from homeassistant.exceptions import HomeAssistantError

from ..const import (
    CONF_CAPACITY,
    CONF_CELLS,
    CONF_CHEMISTRY,
    CONF_MODEL,
    CONF_SEED,
    CONF_SERIAL_NUMBER,
    CONF_SPEED,
    CONF_UNIT_ID,
    TYPE_SERIAL,
    TYPE_TCP,
    TYPE_VIRTUAL,
)
from ..helpers import link_params
from ..hw.devices import DEVICES
from ..hw.driver import DeviceInfo, DriverError
from ..hw.virtual import VirtualHost
from ..links.lines import FramingError, async_keep_off, async_temporary_line
from ..links.order import on_lane
from ..links.users import async_clash, async_told
from .forms import NETWORK_SCHEMA, SERIAL_SCHEMA, VIRTUAL_SCHEMA
from .pack_end import PackSteps

# Ah; the usual cell of a home pack.
VIRTUAL_CAPACITY: Final = 280.0


class LinkSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](PackSteps[ContextT, ResultT, HandlerT]):
    """Ask for a link and look who is behind it."""

    async def async_step_network(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle a pack behind a network address."""
        if user_input is not None:
            # One connection is shared per host and port, so spelling matters.
            user_input[CONF_HOST] = user_input[CONF_HOST].strip().lower()
        return await self._async_link("network", NETWORK_SCHEMA, user_input)

    async def async_step_serial(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle a pack on a serial port."""
        if user_input is not None:
            user_input[CONF_TYPE] = TYPE_SERIAL
        return await self._async_link("serial", SERIAL_SCHEMA, user_input)

    async def _async_link(self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None) -> ResultT:
        """Ask for a link and look who is behind it."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            # People know the number of a board, the wire its unit id.
            user_input[CONF_UNIT_ID] = DEVICES[user_input[CONF_MODEL]].unit(user_input[CONF_UNIT_ID])
            pack = self._pack()
            # Who changes all that share a link begins with a pack, so only a further one must agree with the others.
            clash = async_clash(self.hass, user_input) if pack is None else None
            if clash is not None:
                errors[clash.field if clash.field in user_input else "base"] = "link_in_use_by"
                placeholders = await async_told(self.hass, clash)
            else:
                try:
                    info = await self._async_identify(user_input)
                except DriverError as err:
                    errors["base"] = err.key
                else:
                    if pack is None or pack.data[CONF_SERIAL_NUMBER] == info.fingerprint:
                        return await self._async_found(info, user_input)
                    errors["base"] = "wrong_device"
                    placeholders = {"expected": pack.data[CONF_SERIAL_NUMBER], "found": info.fingerprint}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self._data),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_identify(self, link: Mapping[str, Any]) -> DeviceInfo:
        """Ask the pack behind a link who it is, without writing. Raises DriverError."""
        params, unit_id, device = link_params(link), link[CONF_UNIT_ID], DEVICES[link[CONF_MODEL]]
        try:
            if device.own_line:
                async with async_temporary_line(self.hass, link, device) as unit:
                    return await device.driver(unit).async_identify()
            async_keep_off(self.hass, params)
            async with async_get_temporary_unit(self.hass, params, unit_id) as borrowed:
                with on_lane(self.hass, params, borrowed, unit_id) as unit:
                    return await device.driver(unit).async_identify()
        except FramingError as err:
            raise DriverError("needs_serial_frames", str(err)) from err
        except HomeAssistantError as err:
            # Another integration, or another pack, uses this link at another speed.
            raise DriverError("link_in_use", str(err)) from err

    async def async_step_virtual(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle a virtual pack, which Home Assistant serves to itself."""
        errors: dict[str, str] = {}
        if user_input is not None:
            made = {CONF_MODEL: next(iter(DEVICES)), CONF_CAPACITY: VIRTUAL_CAPACITY, **self._data, **user_input}
            try:
                info = await self._async_identify_virtual(made)
            except DriverError as err:
                errors["base"] = err.key
            else:
                link = {key: made[key] for key in (CONF_MODEL, CONF_SEED, CONF_SPEED)}
                # A pack tells its chemistry only roughly; of this one it is known.
                info = replace(info, chemistry=made[CONF_CHEMISTRY])
                return await self._async_found(info, {CONF_TYPE: TYPE_VIRTUAL, **link})
        schema = VIRTUAL_SCHEMA
        if self._pack() is not None:
            # Its seed is its identity: with another one it would be another pack.
            schema = vol.Schema({key: value for key, value in schema.schema.items() if key == CONF_SPEED})
        return self.async_show_form(
            step_id="virtual",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or self._data),
            errors=errors,
        )

    async def _async_identify_virtual(self, made: Mapping[str, Any]) -> DeviceInfo:
        """Serve the pack for a moment and ask it like any other. Raises DriverError."""
        host = VirtualHost(
            device_key=made[CONF_MODEL],
            chemistry=made[CONF_CHEMISTRY],
            cells=made[CONF_CELLS],
            capacity=made[CONF_CAPACITY],
            seed=made[CONF_SEED],
            speed=made[CONF_SPEED],
            serial_number=f"VIRTUAL-{made[CONF_SEED]}",
        )
        try:
            link = {CONF_TYPE: TYPE_TCP, CONF_HOST: "127.0.0.1", CONF_PORT: await host.async_start(), CONF_UNIT_ID: 1}
            return await self._async_identify({**link, CONF_MODEL: made[CONF_MODEL]})
        except OSError as err:
            raise DriverError("cannot_connect", str(err)) from err
        finally:
            await host.async_stop()
