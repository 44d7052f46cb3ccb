"""The steps of the config flow to a pack that is built from parts: its links, its members, the check of the whole."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from time import monotonic
from typing import Any, Final, override
from uuid import uuid4

import probatio as vol
from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_NAME, CONF_TYPE, CONF_UNIQUE_ID
from homeassistant.data_entry_flow import FlowContext, FlowResult

from ..const import (
    CONF_CELLS,
    CONF_MODEL,
    CONF_PARTS,
    CONF_SERIAL_NUMBER,
    CONF_TEMPERATURE_SENSORS,
    TYPE_PARTS,
    TYPE_SERIAL,
)
from ..core.model import ConfigError
from ..hw.driver import DeviceInfo, DriverError
from ..hw.parts import PartsDriver
from ..hw.parts_config import Member, Parts, parts_from_data
from ..hw.parts_lint import Severity, lint_parts
from ..packs.parts_look import Look, Units, async_look, borrowed_units, taken
from ..packs.parts_words import async_load_words, member_text, problems_text, raw_text, trouble_text
from ..texts import word
from .pack_end import PackSteps
from .parts_forms import (
    BUS_SCHEMA,
    CONF_LINK,
    CONF_MEMBER,
    NETWORK_LINK_SCHEMA,
    SERIAL_LINK_SCHEMA,
    channels_row,
    channels_schema,
    member_row,
    member_schema,
    pick_schema,
    shown_channels,
    shown_member,
)

LINKS: Final = "links"
MEMBERS: Final = "members"
ASKED_FOR: Final = 5.0
"""s for which the members are asked who they are: some tell much, and one that is silent holds up its neighbours."""

ASKED_EVERY: Final = 0.1
"""s between two such questions."""


class PartsSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    PackSteps[ContextT, ResultT, HandlerT]
):
    """Let the user put a pack together; what is asked of a member begins at `async_step_parts_one`."""

    _met: DeviceInfo
    """Who the whole is, once the check lets it be taken."""

    def __init__(self) -> None:
        """Start without any part."""
        super().__init__()
        self._parts: dict[str, Any] = {LINKS: {}, MEMBERS: []}
        self._name = ""
        """Of the member that is being asked about; empty for a new one."""
        self._look: Look | None = None
        """What that member told when it was last asked."""

    def _take_apart(self, parts: Mapping[str, Any]) -> None:
        """Begin with the parts of a pack that is being changed."""
        self._parts = deepcopy(dict(parts))

    # Drafts.

    def _rows(self) -> list[dict[str, Any]]:
        """Return the members as they are kept."""
        rows: list[dict[str, Any]] = self._parts[MEMBERS]
        return rows

    def _row(self) -> dict[str, Any]:
        """Return the member that is being asked about, empty for a new one."""
        return next((row for row in self._rows() if row[CONF_NAME] == self._name), {})

    def _member(self) -> Member:
        """Return the same, typed."""
        return next(row for row in parts_from_data(self._parts).members if row.name == self._name)

    def _draft(self, row: Mapping[str, Any]) -> Parts:
        """Return the parts with the member that is being asked about replaced by `row`. Raises ConfigError."""
        return parts_from_data(self._with(row))

    def _with(self, row: Mapping[str, Any]) -> dict[str, Any]:
        known = any(one[CONF_NAME] == self._name for one in self._rows())
        rows = [row if one[CONF_NAME] == self._name else one for one in self._rows()]
        return {**self._parts, MEMBERS: rows if known else [*rows, row]}

    def _keep(self, row: Mapping[str, Any]) -> None:
        """Take a member's row over."""
        self._parts = self._with(row)
        self._name = row[CONF_NAME]

    # The hub, and the links.

    async def async_step_parts(self, user_input: dict[str, Any] | None = None) -> ResultT:  # noqa: ARG002
        """Show what there is and offer what may come next."""
        await async_load_words(self.hass)
        options = ["parts_network", "parts_serial"]
        if self._parts[LINKS]:
            options.append("parts_member")
        members: tuple[Member, ...] = ()
        if self._rows():
            members = parts_from_data(self._parts).members
            options.append("parts_pick")
            if any(row.main for row in members):
                options.append("parts_bus")
            options.append("parts_check")
        nothing = word(self.hass, "parts_told", "none")
        return self.async_show_menu(
            step_id="parts",
            menu_options=options,
            description_placeholders={
                "links": "\n".join(f"- **{name}**: {_where(link)}" for name, link in self._parts[LINKS].items())
                or nothing,
                "members": "\n".join(member_text(self.hass, row) for row in members) or nothing,
            },
        )

    async def async_step_parts_network(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Add a link over the network; one of the same name is replaced."""
        if user_input is not None:
            # One connection is shared per host and port, so spelling matters.
            user_input[CONF_HOST] = user_input[CONF_HOST].strip().lower()
        return await self._link_step("parts_network", NETWORK_LINK_SCHEMA, user_input)

    async def async_step_parts_serial(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Add a serial link; one of the same name is replaced."""
        if user_input is not None:
            user_input[CONF_TYPE] = TYPE_SERIAL
        return await self._link_step("parts_serial", SERIAL_LINK_SCHEMA, user_input)

    async def _link_step(self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None) -> ResultT:
        errors: dict[str, str] = {}
        if user_input is not None:
            if name := user_input[CONF_NAME].strip():
                link = {key: value for key, value in user_input.items() if key != CONF_NAME}
                self._parts = {**self._parts, LINKS: {**self._parts[LINKS], name: link}}
                return await self.async_step_parts()
            errors[CONF_NAME] = "parts_name_missing"
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, user_input or {}),
            errors=errors,
        )

    async def async_step_parts_bus(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask what is behind the contactor."""
        if user_input is not None:
            self._parts = {**self._parts, **user_input}
            return await self.async_step_parts()
        schema = self.add_suggested_values_to_schema(BUS_SCHEMA, self._parts)
        return self.async_show_form(step_id="parts_bus", data_schema=schema)

    # Members.

    async def async_step_parts_member(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Add a member: the device that is named must answer."""
        if user_input is None:
            self._name, self._look = "", None
        return await self._member_step("parts_member", user_input)

    async def async_step_parts_device(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Change which device a member is, or where."""
        return await self._member_step("parts_device", user_input)

    async def _member_step(self, step_id: str, user_input: dict[str, Any] | None) -> ResultT:
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                row = member_row(user_input, self._row())
                look = await self._async_ask(self._draft(row), row[CONF_NAME])
            except ConfigError as err:
                errors, placeholders = self._refusal(err, user_input)
            except DriverError as err:
                errors["base"] = err.key
            else:
                self._look = look
                prints = {info.fingerprint for info in look.infos}
                self._keep(row | ({"fingerprint": prints.pop()} if len(prints) == 1 else {}))
                return await self.async_step_parts_channels()
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                member_schema(self.hass, self._parts[LINKS]), user_input or shown_member(self._row())
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_parts_channels(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Map a member's channels; what they tell now stands above the form."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        row = self._member()
        if user_input is not None:
            try:
                changed = channels_row(user_input, self._row())
                self._draft(changed)
            except ConfigError as err:
                errors, placeholders = self._refusal(err, user_input)
            else:
                self._keep(changed)
                return await self.async_step_parts_one()
        told = "" if self._look is None else raw_text(self.hass, self._look)
        schema = channels_schema(row.channels)
        shown = user_input or {key: value for key, value in shown_channels(self._row()).items() if key in schema.schema}
        return self.async_show_form(
            step_id="parts_channels",
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders={"name": self._name, "told": told, **placeholders},
        )

    async def async_step_parts_pick(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Pick a member to look at or to change."""
        if user_input is not None:
            self._name = user_input[CONF_MEMBER]
            return await self.async_step_parts_one()
        names = [row[CONF_NAME] for row in self._rows()]
        return self.async_show_form(step_id="parts_pick", data_schema=pick_schema(CONF_MEMBER, names))

    @abstractmethod
    async def async_step_parts_one(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Show what a member tells of the pack."""

    # The whole.

    async def async_step_parts_check(self, user_input: dict[str, Any] | None = None) -> ResultT:  # noqa: ARG002
        """Say what is missing or unsafe, and who does not answer."""
        self._parts[LINKS] = {name: link for name, link in self._parts[LINKS].items() if self._used(name)}
        parts = parts_from_data(self._parts)
        problems = lint_parts(parts)
        told, options = [problems_text(self.hass, problems)], ["parts"]
        if not any(problem.severity is Severity.REFUSED for problem in problems):
            try:
                silent = await self._async_meet(parts)
            except DriverError as err:
                silent = [trouble_text(self.hass, err.key)]
            else:
                options = ["parts_take", "parts"]
            told = [*silent, *told]
        return self.async_show_menu(
            step_id="parts_check",
            menu_options=options,
            description_placeholders={"problems": "\n\n".join(told)},
        )

    async def async_step_parts_take(self, user_input: dict[str, Any] | None = None) -> ResultT:  # noqa: ARG002
        """Take the parts as they are."""
        for counted in (CONF_CELLS, CONF_TEMPERATURE_SENSORS):
            self._data.pop(counted, None)
        pack = self._pack()
        if taken(self.hass, parts_from_data(self._parts), None if pack is None else pack.subentry_id):
            return self.async_abort(reason="already_configured")
        number = uuid4().hex if pack is None else pack.data[CONF_UNIQUE_ID]
        link = {
            CONF_TYPE: TYPE_PARTS,
            CONF_MODEL: TYPE_PARTS,
            CONF_UNIQUE_ID: number,
            CONF_PARTS: self._parts,
            # Each member is recognised by itself.
            CONF_SERIAL_NUMBER: None,
        }
        return await self._async_found(self._met, link)

    def _used(self, link: str) -> bool:
        return any(row[CONF_LINK] == link for row in self._rows())

    async def _async_meet(self, parts: Parts) -> list[str]:
        """Ask every member who it is; return what is to be said of those that do not answer. Raises DriverError."""
        async with self._borrowed(parts) as units:
            driver = PartsDriver(parts, lambda row, unit_id: units[row.link, unit_id])
            self._met = await _identified(driver)
        return [f"**{name}**: {trouble_text(self.hass, err.key)}" for name, err in driver.troubles.items()]

    @asynccontextmanager
    async def _borrowed(self, parts: Parts) -> AsyncIterator[Units]:
        """Borrow the units of every member for a while. Raises DriverError."""
        async with AsyncExitStack() as stack:
            for row in parts.members:
                await stack.enter_async_context(self._clear_of({**parts.links[row.link], CONF_MODEL: row.device}))
            yield await stack.enter_async_context(borrowed_units(self.hass, parts.links, parts.members))

    async def _async_ask(self, parts: Parts, name: str) -> Look:
        """Look at one member of a draft. Raises DriverError."""
        row = next(row for row in parts.members if row.name == name)
        link = dict(parts.links[row.link])
        async with self._clear_of(link | {CONF_MODEL: row.device}):
            return await async_look(self.hass, parts.links, row)

    def _refusal(self, err: ConfigError, user_input: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        """Return a form's error and its placeholders."""
        field = err.field.rpartition(".")[2]
        named = word(self.hass, "parts_role", field)
        return {field if field in user_input else "base": err.key}, {**err.placeholders, "field": named}

    @override
    def _called(self, info: DeviceInfo) -> str:
        return info.model if self._data.get(CONF_TYPE) == TYPE_PARTS else super()._called(info)


async def _identified(driver: PartsDriver) -> DeviceInfo:
    """Ask the members who they are until all have answered, or for a while. Raises DriverError if none does."""
    patience = monotonic() + ASKED_FOR
    while True:
        try:
            info = await driver.async_identify()
        except DriverError as err:
            if err.key != "no_answer" or monotonic() >= patience:
                raise
        else:
            if not driver.troubles or monotonic() >= patience:
                return info
        # One that is left alone for a while says so at once.
        await asyncio.sleep(ASKED_EVERY)


def _where(link: Mapping[str, Any]) -> str:
    """Return where a link leads."""
    if link[CONF_TYPE] == TYPE_SERIAL:
        return str(link[CONF_DEVICE])
    return f"{link[CONF_HOST]}:{link['port']}"
