"""Guides a person through the commissioning of a pack, and goes on where it was left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, override

import probatio as vol
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ..commissioning.report import async_write_report
from ..commissioning.words import MARKS, finding_text, overview_text, state_name, step_name
from ..const import SUBENTRY_PACK
from ..core.commissioning import Step
from ..packs.parts_words import async_load_words
from ..reports.files import link
from ..texts import word
from .commission_steps import CommissionSteps

CONF_BY: Final = "by"
CONF_STEP: Final = "step"
_LONGEST_NAME: Final = 100


class CommissionFlow(CommissionSteps):
    """Commission a pack; there is nothing that it adds or changes but what is kept of its steps."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which pack, and who is at it."""
        names = {key: pack.name for key, pack in self._runtime.packs.items()}
        if not names:
            return self.async_abort(reason="no_packs")
        await async_load_words(self.hass)
        errors = {}
        wanted = self.context.get("subentry_id")
        if user_input is not None:
            self._pack_id = user_input.get(SUBENTRY_PACK, next(iter(names)))
            if by := user_input[CONF_BY].strip()[:_LONGEST_NAME]:
                await self._pack.commissioning.async_begin(by)
                return await self.async_step_overview()
            errors[CONF_BY] = "by_missing"
        fields: dict[vol.Marker, Any] = {vol.Required(CONF_BY): TextSelector()}
        if len(names) > 1:
            options = [SelectOptionDict(value=key, label=name) for key, name in names.items()]
            fields = {
                vol.Required(SUBENTRY_PACK): SelectSelector(SelectSelectorConfig(options=options)),
                **fields,
            }
        known = [self._runtime.packs[key].commissioning.record.by for key in names]
        shown = {CONF_BY: next((by for by in known if by), ""), SUBENTRY_PACK: wanted or next(iter(names))}
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), user_input or shown),
            errors=errors,
            last_step=False,
        )

    async def async_step_overview(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Show every step with what came of it, and offer what may come next."""
        commissioning = self._pack.commissioning
        options = ["go_on"] if commissioning.due else []
        if commissioning.record.results:
            options += ["pick", "finish", "afresh"]
        return self.async_show_menu(
            step_id="overview",
            menu_options=[*options, "later"],
            description_placeholders={
                "name": self._pack.name,
                "state": state_name(self.hass, commissioning.state),
                "steps": overview_text(self.hass, commissioning.record, commissioning.steps, commissioning.stale),
            },
        )

    async def async_step_go_on(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Take the next step that is due; the overview once there is none."""
        due = self._pack.commissioning.due
        return await self._begin(due[0]) if due else await self.async_step_overview()

    async def async_step_pick(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Let a person pick a step to take again."""
        steps = {step.key: step for step in self._pack.commissioning.steps}
        if user_input is not None:
            return await self._begin(steps[user_input[CONF_STEP]])
        options = [SelectOptionDict(value=key, label=step_name(self.hass, step)) for key, step in steps.items()]
        picker = SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN))
        return self.async_show_form(
            step_id="pick",
            data_schema=vol.Schema({vol.Required(CONF_STEP): picker}),
            description_placeholders={"name": self._pack.name},
            last_step=False,
        )

    async def async_step_afresh(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Begin anew, as each year."""
        commissioning = self._pack.commissioning
        await commissioning.async_begin(commissioning.record.by, afresh=True)
        return await self.async_step_go_on()

    async def async_step_later(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Leave it for now; all is kept."""
        return self.async_abort(reason="paused")

    async def async_step_again(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Take the same step once more."""
        return await self._begin(self._step)

    async def async_step_finish(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Sign it off and write the report; what nobody took counts as skipped."""
        pack = self._pack
        if user_input is None:
            left = [step for step in pack.commissioning.steps if step.key not in pack.commissioning.record.results]
            return self.async_show_form(
                step_id="finish",
                data_schema=vol.Schema({}),
                description_placeholders={
                    "name": pack.name,
                    "by": pack.commissioning.record.by,
                    "left": ", ".join(step_name(self.hass, step) for step in left) or "–",
                },
            )
        await pack.commissioning.async_skip_rest()
        runtime = self._runtime
        written = await async_write_report(self.hass, pack, runtime)
        await runtime.inspections.async_commissioned(pack.commissioning.record.by)
        title = word(self.hass, "commission_report", "title")
        return self.async_abort(
            reason="commissioned" if written is not None else "commissioned_unwritten",
            description_placeholders={
                "name": pack.name,
                "state": state_name(self.hass, pack.commissioning.state),
                "report": "" if written is None else link(self.hass, written, title),
            },
        )

    async def _begin(self, step: Step) -> SubentryFlowResult:
        """Go to a step's first form."""
        self._step = step
        name = "checking" if step.row.automatic else step.row.kind.value
        start: Callable[[], Any] = getattr(self, f"async_step_{name}")
        result: SubentryFlowResult = await start()
        return result

    @override
    async def async_step_result(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show what came of the step, of all that took no hands for one of those."""
        commissioning = self._pack.commissioning
        taken = [self._step]
        if self._step.row.automatic:
            taken = [step for step in commissioning.steps if step.row.automatic]
        lines = [
            f"- {MARKS[result.outcome]} {step_name(self.hass, step)}: {finding_text(self.hass, result)}"
            for step in taken
            if (result := commissioning.record.results.get(step.key)) is not None
        ]
        return self.async_show_menu(
            step_id="result",
            menu_options=["go_on", "again", "skip", "overview"],
            description_placeholders={
                "name": self._pack.name,
                "told": word(self.hass, "commission_reason", "gone") if self._gone else "\n".join(lines),
            },
        )
