"""Adds a grid programme to a battery system: asks its server before it is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import (
    SubentryFlowResult,
)
from homeassistant.const import CONF_CLIENT_ID, CONF_CLIENT_SECRET, CONF_NAME, CONF_URL

from ..const import SUBENTRY_PROGRAMME
from ..hw.openadr_client import VtnClient
from ..hw.openadr_http import VtnError, VtnTrouble, server_url
from ..leases.programme import OWNER_LETTERS
from ..programmes.settings import (
    CONF_PROGRAMME,
    CONF_PROGRAMME_NAME,
    CONF_TOKEN_URL,
    CONF_VEN_NAME,
    async_client,
    targets_of,
)
from ..subentries import async_is_set_up
from .harmless import HarmlessSubentryFlow
from .programme_forms import (
    MORE,
    programme_data,
    programme_name,
    programme_schema,
    server_data,
    server_error,
    server_schema,
    shown_server,
)

PATIENCE: Final = 45.0
"""s that somebody in front of a form waits for a server."""
MOST_LETTERS: Final = 128
"""Of the name of a client, as the specification has it."""


class ProgrammeFlow(HarmlessSubentryFlow):
    """Add a programme to a battery system, or change one."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._before: Mapping[str, Any] = {}
        self._server: dict[str, Any] = {}
        self._listed: list[Mapping[str, Any]] = []

    async def async_step_reconfigure(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> SubentryFlowResult:
        """Let the user change all of it; the secret only where it is given anew."""
        self._before = self._get_reconfigure_subentry().data
        return await self.async_step_user()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where the programme is, and look what is there."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {"error": "", "maximum": str(MOST_LETTERS)}
        if user_input is not None:
            self._server = server_data(user_input, self._before)
            errors = _wrong(self._server)
            if not errors:
                try:
                    async with asyncio.timeout(PATIENCE):
                        self._listed = await self._async_look()
                except TimeoutError:
                    errors = {CONF_URL: "unreachable"}
                    placeholders["error"] = f"{PATIENCE:.0f} s"
                except VtnError as err:
                    errors, named = server_error(err)
                    placeholders |= named
                else:
                    return await self.async_step_programme()
        told = user_input or shown_server(self._before)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(server_schema(opened=bool(told[MORE])), told),
            errors=errors,
            description_placeholders=placeholders,
            last_step=False,
        )

    @property
    def _client(self) -> VtnClient:
        return async_client(self.hass, self._server)

    async def _async_look(self) -> list[Mapping[str, Any]]:
        """Return what the server lists, without writing anything. Raises VtnError."""
        client = self._client
        await client.async_version()
        ven = await client.async_find_ven(self._server[CONF_VEN_NAME])
        return await client.async_programmes(targets_of(self._server, ven))

    async def async_step_programme(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which programme it is, and what it may do."""
        errors: dict[str, str] = {}
        placeholders = {"ven": self._server[CONF_VEN_NAME], "maximum": str(OWNER_LETTERS), "error": ""}
        if user_input is not None:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._async_take(user_input)
            except _FieldError as err:
                errors[err.place] = err.key
            except TimeoutError:
                errors["base"] = "unreachable"
                placeholders["error"] = f"{PATIENCE:.0f} s"
            except VtnError as err:
                found, named = server_error(err)
                errors["base"] = next(iter(found.values()))
                placeholders |= named
        return self.async_show_form(
            step_id="programme",
            data_schema=self.add_suggested_values_to_schema(
                programme_schema(self._listed), user_input or dict(self._before)
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_take(self, form: Mapping[str, Any]) -> SubentryFlowResult:
        """Take a programme whose events can be read. Raises _FieldError and VtnError."""
        client, changed = self._client, self._changed()
        programme = await self._async_find(client, form[CONF_PROGRAMME].strip())
        name = (form.get(CONF_NAME) or programme_name(programme)[:OWNER_LETTERS]).strip()
        if not 0 < len(name) <= OWNER_LETTERS:
            raise _FieldError(CONF_NAME, "name_length")
        ours = None if changed is None else changed.subentry_id
        others = [one for one in self._get_entry().subentries.values() if one.subentry_id != ours]
        if any(one.subentry_type == SUBENTRY_PROGRAMME and one.data[CONF_NAME] == name for one in others):
            raise _FieldError(CONF_NAME, "name_taken")
        data = self._server | programme_data(form, programme, name)
        unique_id = f"programme-{data[CONF_URL]}-{data[CONF_PROGRAMME]}-{data[CONF_VEN_NAME]}"
        if async_is_set_up(self.hass, unique_id, but=ours):
            return self.async_abort(reason="already_configured")
        await client.async_events(data[CONF_PROGRAMME], targets_of(data, None))
        if changed is None:
            return self.async_create_entry(title=name, data=data, unique_id=unique_id)
        await self._async_rename(client, changed.data[CONF_VEN_NAME])
        return self.async_update_and_abort(self._get_entry(), changed, title=name, data=data, unique_id=unique_id)

    async def _async_find(self, client: VtnClient, told: str) -> Mapping[str, Any]:
        """Return the programme of this id or name. Raises _FieldError."""
        for each in self._listed:
            if told in (str(each["id"]), each.get("programName")):
                return each
        try:
            found = await client.async_programme(told)
        except VtnError as err:
            if err.trouble in (VtnTrouble.NOT_FOUND, VtnTrouble.REFUSED) or err.status == 400:
                raise _FieldError(CONF_PROGRAMME, "no_such_programme") from err
            raise
        return {CONF_PROGRAMME_NAME: told, **found, "id": told}

    async def _async_rename(self, client: VtnClient, before: str) -> None:
        """Have the server know us by the new name, if it knows us by the old one."""
        if before != self._server[CONF_VEN_NAME] and (ven := await client.async_find_ven(before)) is not None:
            try:
                await client.async_rename(ven, self._server[CONF_VEN_NAME])
            except VtnError as err:
                if err.status is None or err.status >= 500:
                    raise
                raise _FieldError("base", "rename_refused") from err


class _FieldError(Exception):
    """A field of the form, and what is wrong with it."""

    def __init__(self, place: str, key: str) -> None:
        super().__init__(key)
        self.place = place
        self.key = key


def _wrong(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with the settings of a server before it is asked."""
    # What is in a section cannot be pointed at: the text names it.
    for key, place, prefix in ((CONF_URL, CONF_URL, ""), (CONF_TOKEN_URL, "base", "token_")):
        try:
            if key in data:
                server_url(data[key])
        except ValueError as err:
            return {place: f"{prefix}{err}"}
    if CONF_URL not in data:
        return {CONF_URL: "invalid_url"}
    if not 0 < len(data.get(CONF_VEN_NAME, "")) <= MOST_LETTERS:
        return {CONF_VEN_NAME: "ven_name_length"}
    if (CONF_CLIENT_ID in data) != (CONF_CLIENT_SECRET in data):
        return {CONF_CLIENT_SECRET if CONF_CLIENT_ID in data else CONF_CLIENT_ID: "credentials_incomplete"}
    return {}
