"""The steps of the config flow that look for packs on a link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import probatio as vol
from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PORT, CONF_TYPE
from homeassistant.data_entry_flow import FlowContext, FlowResult
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig, SelectSelectorMode
from homeassistant.helpers.translation import async_get_translations
from modbus_connection import ModbusUnit

from ..const import CONF_BAUDRATE, CONF_MODEL, CONF_UNIT_ID, DOMAIN, TYPE_SERIAL
from ..helpers import link_params, place
from ..hw.detect import Search, Units, baudrates, detect, unit_ids
from ..hw.detection import Detection, Finding
from ..hw.devices import DEVICES, Device
from ..hw.driver import DriverError
from ..hw.registers import Kind
from ..links.lines import FramingError, async_keep_off, async_temporary_line, links_of
from ..links.order import on_lane
from ..subentries import all_subentries, async_is_set_up
from ..texts import word
from .forms import CONF_UNITS, DETECT_NETWORK_SCHEMA, DETECT_SERIAL_SCHEMA
from .pack_end import PackSteps

CONF_FOUND: Final = "found"

# Boards that are part of a pack have a way of their own.
PACKS: Final = tuple(device for device in DEVICES.values() if device.kind is Kind.PACK)


class DetectSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    PackSteps[ContextT, ResultT, HandlerT]
):
    """Look for packs on a link and have one picked."""

    _detect_link: dict[str, Any]
    _detect_step: str
    _searching: asyncio.Task[Detection] | None = None

    async def async_step_detect(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> ResultT:
        """Ask where to look."""
        return self.async_show_menu(step_id="detect", menu_options=("detect_network", "detect_serial"))

    async def async_step_detect_network(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Look behind a network address."""
        if user_input is not None:
            # One connection is shared per host and port, so spelling matters.
            user_input[CONF_HOST] = user_input[CONF_HOST].strip().lower()
        return await self._async_detect_on("detect_network", user_input)

    async def async_step_detect_serial(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Look on a serial port."""
        if user_input is not None:
            user_input[CONF_TYPE] = TYPE_SERIAL
        return await self._async_detect_on("detect_serial", user_input)

    async def _async_detect_on(self, step_id: str, user_input: dict[str, Any] | None) -> ResultT:
        """Ask for a link and begin to look."""
        if user_input is None:
            return self._detect_form(step_id, {})
        try:
            unit_ids(user_input.get(CONF_UNITS, ""))
        except ValueError:
            return self._detect_form(step_id, user_input, {CONF_UNITS: "not_unit_ids"})
        self._detect_link, self._detect_step = user_input, step_id
        self._searching = self.hass.async_create_task(self._async_detect(), f"{DOMAIN} search", eager_start=False)
        return await self.async_step_detecting()

    def _detect_form(self, step_id: str, told: Mapping[str, Any], errors: dict[str, str] | None = None) -> ResultT:
        """Show the form of a link."""
        schema = DETECT_SERIAL_SCHEMA if step_id == "detect_serial" else DETECT_NETWORK_SCHEMA
        return self.async_show_form(
            step_id=step_id, data_schema=self.add_suggested_values_to_schema(schema, told), errors=errors
        )

    async def async_step_detecting(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> ResultT:
        """Show that the search goes on, until it has ended."""
        assert self._searching is not None  # noqa: S101 - the step before has begun it
        if self._searching.done():
            return self.async_show_progress_done(next_step_id="detected")
        return self.async_show_progress(step_id="detecting", progress_action="detecting", progress_task=self._searching)

    async def async_step_detected(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Have one of the packs picked, or say what else answered."""
        assert self._searching is not None  # noqa: S101 - the step before has ended it
        try:
            found = self._searching.result()
        except DriverError as err:
            return self._detect_form(self._detect_step, self._detect_link, {"base": err.key})
        # Before the first pack is set up nobody has loaded home_bms's own words.
        await async_get_translations(self.hass, self.hass.config.language, "selector", {DOMAIN})
        packs = {str(number): pack for number, pack in enumerate(found.findings) if not self._is_set_up(pack)}
        if not packs:
            return await self.async_step_detected_nothing()
        if user_input is not None:
            pack = packs[user_input[CONF_FOUND]]
            return await self._async_found(pack.info, self._link_to(pack))
        options = [SelectOptionDict(value=number, label=self._found_label(pack)) for number, pack in packs.items()]
        config = SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
        return self.async_show_form(
            step_id="detected",
            data_schema=vol.Schema({vol.Required(CONF_FOUND, default=next(iter(packs))): SelectSelector(config)}),
            description_placeholders={"count": str(len(packs)), "told": self._detect_told(found)},
        )

    async def async_step_detected_nothing(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> ResultT:
        """Say what else answered, and offer to look again or to go without looking."""
        assert self._searching is not None  # noqa: S101 - as above
        return self.async_show_menu(
            step_id="detected_nothing",
            menu_options=(self._detect_step, "network", "serial"),
            description_placeholders={"told": self._detect_told(self._searching.result())},
        )

    async def _async_detect(self) -> Detection:
        """Look for packs; what is set up on this link already is not disturbed. Raises DriverError."""
        rates: tuple[int | None, ...] = (None,)
        if self._detect_link[CONF_TYPE] == TYPE_SERIAL:
            rates = (
                (self._detect_link[CONF_BAUDRATE],) if CONF_BAUDRATE in self._detect_link else tuple(baudrates(PACKS))
            )
        return await detect(
            Search(
                open_link=self._detect_on_link,
                open_line=self._detect_on_line,
                devices=PACKS,
                rates=rates,
                unit_ids=unit_ids(self._detect_link.get(CONF_UNITS, "")),
                skip=self._units_taken(),
                progress=lambda share, _: self.async_update_progress(share),
            )
        )

    def _link_at(self, rate: int | None, *, unit_id: int = 1, model: str | None = None) -> dict[str, Any]:
        """Return the link's settings at a baud rate, with who is there."""
        keys = (CONF_TYPE, CONF_HOST, CONF_PORT, CONF_DEVICE)
        kept = {key: self._detect_link[key] for key in keys if key in self._detect_link}
        told = {CONF_BAUDRATE: rate, CONF_UNIT_ID: unit_id, CONF_MODEL: model}
        return kept | {key: value for key, value in told.items() if value is not None}

    @asynccontextmanager
    async def _detect_on_link(self, rate: int | None) -> AsyncIterator[Units]:
        """Share the link with whoever uses it, in turns."""
        params = link_params(self._link_at(rate))
        async with AsyncExitStack() as stack:

            async def connect(unit_id: int) -> ModbusUnit:
                async_keep_off(self.hass, params)
                borrowed = await stack.enter_async_context(async_get_temporary_unit(self.hass, params, unit_id))
                return stack.enter_context(on_lane(self.hass, params, borrowed, unit_id))

            yield _once(connect)

    @asynccontextmanager
    async def _detect_on_line(self, device: Device, rate: int | None) -> AsyncIterator[Units]:
        """Have the link as a line of home_bms's own."""
        async with AsyncExitStack() as stack:

            async def connect(unit_id: int) -> ModbusUnit:
                link = self._link_at(rate, unit_id=unit_id)
                return await stack.enter_async_context(async_temporary_line(self.hass, link, device))

            yield _once(connect)

    def _units_taken(self) -> frozenset[int]:
        """Return the unit ids on this link that some system watches already, at whatever speed."""
        wanted = link_params(self._link_at(PACKS[0].baudrate)).endpoint
        return frozenset(
            link[CONF_UNIT_ID]
            for subentry in all_subentries(self.hass)
            for link in links_of(subentry.data)
            if link_params(link).endpoint == wanted
        )

    def _link_to(self, pack: Finding) -> dict[str, Any]:
        """Return the settings of a pack that was found."""
        return self._link_at(pack.baudrate, unit_id=pack.unit_id, model=pack.device.key)

    def _is_set_up(self, pack: Finding) -> bool:
        """Whether some system has the pack, perhaps on another link."""
        return async_is_set_up(self.hass, pack.info.serial_number or place(self._link_to(pack)))

    def _detect_word(self, key: str, **values: object) -> str:
        return word(self.hass, "detected", key, **values)

    def _found_label(self, pack: Finding) -> str:
        """Return what tells a pack from the others that were found."""
        key = "pack" if pack.sure else "guess"
        return self._detect_word(key, device=pack.device.name, unit=pack.unit_id, told=pack.info.fingerprint)

    def _detect_told(self, found: Detection) -> str:
        """Return what else a person should know of a search, a line each."""
        lines = [
            self._detect_word(answer.reply, unit=answer.unit_id, code=answer.code, devices=", ".join(answer.devices))
            for answer in found.answers
        ]
        lines += [
            self._detect_word("known", told=self._found_label(pack)) for pack in found.findings if self._is_set_up(pack)
        ]
        lines += [self._detect_word("taken", unit=unit) for unit in sorted(self._units_taken())]
        lines += [self._detect_word("in_use", rate=rate) for rate in found.in_use]
        if not found.complete:
            lines.append(self._detect_word("incomplete"))
        if found.not_asked:
            lines.append(self._detect_word("not_asked", devices=", ".join(found.not_asked)))
        return "\n".join(f"- {line}" for line in lines) or self._detect_word("nothing")


def _once(connect: Callable[[int], Any]) -> Units:
    """Return the same with each unit taken once, and refusals as the search knows them."""
    units: dict[int, ModbusUnit] = {}

    async def unit(unit_id: int) -> ModbusUnit:
        if unit_id not in units:
            try:
                units[unit_id] = await connect(unit_id)
            except FramingError as err:
                raise DriverError("needs_serial_frames", str(err)) from err
            except HomeAssistantError as err:
                raise DriverError("link_in_use", str(err)) from err
        return units[unit_id]

    return unit
