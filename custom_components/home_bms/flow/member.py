"""The steps of the config flow that look at one member of a pack, try its relays and give them tasks."""

from __future__ import annotations

from abc import ABC
from typing import Any, Final, override

from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowContext, FlowResult

from ..const import DOMAIN
from ..core.model import ConfigError
from ..helpers import link_params
from ..hw.driver import Capability, DriverError
from ..hw.parts import PartsDriver
from ..hw.parts_config import Member, Parts, parts_from_data
from ..hw.relay_trial import Trial
from ..packs.parts_look import async_try_relay
from ..packs.parts_words import mapped_text, refusal_text, roles_text, trouble_text
from ..texts import word
from .parts import MEMBERS, PartsSteps
from .parts_forms import CONF_RELAY, CONF_SURE, CONF_SWITCH, pick_schema, relay_schema, switch_row, switch_schema

SWITCHES: Final = "switches"
RESTARTS: Final = "pulse_restarts"


class MemberSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    PartsSteps[ContextT, ResultT, HandlerT], ABC
):
    """Let the user see that a member is what they think, and what its relays do."""

    _outcome: str
    """Of the last trial."""
    _again: tuple[str, ...]
    """The step that makes another one."""

    @override
    async def async_step_parts_one(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Show what a member tells of the pack, and offer what can be done with it."""
        row = self._member()
        try:
            self._look = await self._async_ask(parts_from_data(self._parts), row.name)
        except DriverError as err:
            self._look = None
            told = trouble_text(self.hass, err.key)
        else:
            told = mapped_text(self.hass, row, self._look)
        options = ["parts", "parts_one", "parts_channels"]
        if row.channels.pulse is not None:
            options += ["parts_try", "parts_bench"] if _free(row) else ["parts_try"]
            options.append("parts_switch")
        if row.switches:
            options.append("parts_unswitch")
        return self.async_show_menu(
            step_id="parts_one",
            menu_options=[*options, "parts_device", "parts_remove"],
            description_placeholders={"name": row.name, "roles": roles_text(self.hass, row), "told": told},
        )

    async def async_step_parts_remove(self, user_input: dict[str, Any] | None = None) -> ResultT:  # noqa: ARG002
        """Take a member out."""
        self._parts = {**self._parts, MEMBERS: [row for row in self._rows() if row[CONF_NAME] != self._name]}
        return await self.async_step_parts()

    # Relays.

    async def async_step_parts_try(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Close a relay for a second, once the user is sure."""
        row = self._member()
        errors: dict[str, str] = {}
        if user_input is not None and (errors := self._unsure(row, user_input)) == {}:
            relay = int(user_input[CONF_RELAY]) - 1
            try:
                trial = await async_try_relay(self.hass, parts_from_data(self._parts).links, row, relay)
            except DriverError as err:
                errors["base"] = err.key
            else:
                self._outcome, self._again = _trial_text(self.hass, relay, trial), ("parts_try",)
                return await self.async_step_parts_tried()
        schema = relay_schema(range(row.channels.relays))
        return self.async_show_form(
            step_id="parts_try",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or {}),
            errors=errors,
            description_placeholders={"name": row.name, "roles": roles_text(self.hass, row)},
        )

    async def async_step_parts_bench(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Find out, on a relay that drives nothing, whether a second pulse starts the running one anew."""
        row = self._member()
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None and (errors := self._unsure(row, user_input)) == {}:
            try:
                restarts = await self._async_bench(row, int(user_input[CONF_RELAY]) - 1)
            except ConfigError as err:
                # Only a set that is a pack has a driver, and only that knows the test.
                errors["base"] = "parts_incomplete"
                placeholders["problem"] = refusal_text(self.hass, err)
            except DriverError as err:
                errors["base"] = err.key
            else:
                self._keep({**self._row(), RESTARTS: restarts})
                told = "restarts" if restarts else "ends"
                self._outcome, self._again = word(self.hass, "parts_told", told, name=row.name), ()
                return await self.async_step_parts_tried()
        return self.async_show_form(
            step_id="parts_bench",
            data_schema=self.add_suggested_values_to_schema(relay_schema(_free(row)), user_input or {}),
            errors=errors,
            description_placeholders={"name": row.name, **placeholders},
        )

    async def _async_bench(self, row: Member, relay: int) -> bool:
        """Return whether the board restarts a pulse. Raises ConfigError for a set that is no pack, and DriverError."""
        parts = parts_from_data(self._parts)
        async with self._borrowed(parts) as units:
            driver = PartsDriver(parts, lambda member, unit_id: units[member.link, unit_id])
            return await driver.async_test_pulse(row.name, relay)

    async def async_step_parts_tried(self, user_input: dict[str, Any] | None = None) -> ResultT:  # noqa: ARG002
        """Show what came of a trial."""
        return self.async_show_menu(
            step_id="parts_tried",
            menu_options=["parts_one", *self._again, "parts_channels"],
            description_placeholders={"told": self._outcome},
        )

    def _unsure(self, row: Member, user_input: dict[str, Any]) -> dict[str, str]:
        """Return the error of a trial that the user has not confirmed, or that would meddle with a running pack."""
        if not user_input[CONF_SURE]:
            return {CONF_SURE: "parts_not_sure"}
        if _driven(self.hass, parts_from_data(self._parts), row):
            return {"base": "parts_in_control"}
        return {}

    # Additional relays.

    async def async_step_parts_switch(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Give relays of a member to people, as a switch."""
        row = self._member()
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                added = [*self._row().get(SWITCHES, []), switch_row(user_input)]
                changed = {**self._row(), SWITCHES: added}
                self._draft(changed)
            except ConfigError as err:
                errors, placeholders = self._refusal(err, user_input)
            else:
                self._keep(changed)
                return await self.async_step_parts_one()
        return self.async_show_form(
            step_id="parts_switch",
            data_schema=self.add_suggested_values_to_schema(switch_schema(row.channels), user_input or {}),
            errors=errors,
            description_placeholders={"name": row.name, **placeholders},
        )

    async def async_step_parts_unswitch(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Take a switch away again."""
        rows = self._row().get(SWITCHES, [])
        if user_input is not None:
            kept = [row for row in rows if row[CONF_NAME] != user_input[CONF_SWITCH]]
            self._keep({**self._row(), SWITCHES: kept})
            return await self.async_step_parts_one()
        schema = pick_schema(CONF_SWITCH, [row[CONF_NAME] for row in rows])
        return self.async_show_form(step_id="parts_unswitch", data_schema=schema)


def _free(row: Member) -> list[int]:
    """Return the relays of a member that have no task, from 0."""
    used = {relay for relays in row.outputs.values() for relay in relays}
    return [relay for relay in range(row.channels.relays) if relay not in used]


def _driven(hass: HomeAssistant, parts: Parts, row: Member) -> bool:
    """Tell whether a running system may write to a member now."""
    ours = link_params(parts.links[row.link]).endpoint
    return any(
        row.unit_ids == other.unit_ids and link_params(running.links[other.link]).endpoint == ours
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if entry.runtime_data.control_allowed
        for pack in entry.runtime_data.packs.values()
        if pack.parts is not None and Capability.RELAYS in pack.capabilities
        for running in [pack.parts.parts]
        for other in running.members
    )


def _trial_text(hass: HomeAssistant, relay: int, trial: Trial) -> str:
    """Return what came of a trial."""
    told = ["closed" if trial.closed else "not_closed", "opened" if trial.opened else "not_opened"]
    lines = [word(hass, "parts_trial", key, relay=relay + 1) for key in told]
    if trial.moved:
        inputs = ", ".join(str(channel + 1) for channel in trial.moved)
        lines.append(word(hass, "parts_trial", "moved", inputs=inputs))
    else:
        lines.append(word(hass, "parts_trial", "nothing_moved"))
    return "\n".join(f"- {line}" for line in lines)
