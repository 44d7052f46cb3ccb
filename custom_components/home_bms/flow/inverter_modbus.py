"""The steps of the config flow to an inverter on Modbus, over the network or a serial port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.exceptions import HomeAssistantError

from ..const import CONF_MODEL, CONF_SERIAL_NUMBER, CONF_UNIT_ID
from ..helpers import link_params, place
from ..hw.driver import DriverError
from ..hw.inverters.inverter import InverterInfo
from ..hw.inverters.modbus import MODBUS_INVERTERS
from ..inverters.sources import modbus_options
from ..links.lines import async_keep_off
from ..links.order import on_lane
from ..links.users import async_clash, async_clear_of, async_told
from ..texts import word
from .inverter_end import InverterSteps
from .inverter_forms import MODBUS_FORMS, modbus_data, shown_modbus


class ModbusInverterSteps(InverterSteps):
    """Ask for a link, see that nobody has it otherwise, and look who is behind it."""

    async def async_step_victron_gx(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Handle a Victron GX."""
        return await self._async_modbus("victron_gx", user_input)

    async def async_step_sunspec(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Handle an inverter that speaks SunSpec behind a network address."""
        return await self._async_modbus("sunspec", user_input)

    async def async_step_sunspec_serial(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Handle such an inverter on a serial port."""
        return await self._async_modbus("sunspec_serial", user_input)

    async def _async_modbus_change(self) -> SubentryFlowResult:
        """Ask for another link: at once where there is one kind of it, else which."""
        steps = [step for step, form in MODBUS_FORMS.items() if form.model == self._data[CONF_MODEL]]
        if len(steps) > 1:
            return self.async_show_menu(step_id="reconfigure", menu_options=steps)
        return await self._async_modbus(steps[0], None)

    async def _async_modbus(self, step_id: str, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        """Ask for a link and look who is behind it."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            data = modbus_data(step_id, user_input)
            inverter = self._changed()
            before = None if inverter is None else inverter.data.get(CONF_SERIAL_NUMBER)
            clash = async_clash(self.hass, data, None if inverter is None else inverter.subentry_id)
            if clash is not None:
                errors[clash.field if clash.field in user_input else "base"] = "link_in_use_by"
                placeholders = await async_told(self.hass, clash)
            else:
                try:
                    async with async_clear_of(self.hass, self._get_entry(), data):
                        info, problems = await self._async_identify(data)
                except DriverError as err:
                    errors["base"] = err.key
                else:
                    if before is None or before == info.fingerprint:
                        return await self._async_modbus_found(data, info, problems)
                    errors["base"] = "wrong_device"
                    placeholders = {"expected": before, "found": info.fingerprint}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                MODBUS_FORMS[step_id].schema, user_input or (shown_modbus(self._data) if self._data else {})
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
        self._called = f"{info.manufacturer} {info.model} {info.serial_number}".strip()
        tells = await self._async_words(f"tells_{data[CONF_MODEL]}")
        lacks = [word(self.hass, "inverter_problem", problem) for problem in sorted(problems)]
        self._tells = "\n".join([tells, *(f"- {each}" for each in lacks)])
        return await self._async_take(data, info.serial_number or place(data))

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
                    return info, link.problems
        except HomeAssistantError as err:
            raise DriverError("link_in_use", str(err)) from err
