"""The steps of a commissioning that a person takes part in, each shown, waited for and judged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import probatio as vol
from homeassistant.config_entries import ConfigEntryState, SubentryFlowResult
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
)

from ..commissioning.drill_run import async_drill
from ..commissioning.looks import PackGoneError, fresh, looks
from ..commissioning.self_test import async_self_test
from ..commissioning.switch_run import async_check_switches, refusal
from ..commissioning.words import step_name
from ..coordinator import PackCoordinator
from ..core.commissioning import Finding, Kind, Outcome, Step
from ..core.drill import Pretence
from ..core.hands import direction, enough, not_warmed, warmed
from ..core.selftest import SIGN
from ..hw.driver import Capability
from ..runtime import HomeBmsRuntimeData
from ..texts import word
from .harmless import HarmlessSubentryFlow

CONF_SURE: Final = "sure"
CONF_WHY: Final = "why"
CONF_RIGHT: Final = "right"

WARM_WITHIN: Final = 120.0
"""s in which a hand must have warmed a sensor."""
FLOW_WITHIN: Final = 180.0
"""s in which a person must have charged the pack, or switched a load on."""
LOOKS: Final = 3
"""Looks of which current and cells are averaged, before and after."""
HEARD_WITHIN: Final = 15.0
"""s in which those must have come."""

CONFIRM_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_RIGHT): SelectSelector(
            SelectSelectorConfig(options=["right", "wrong"], translation_key="commission_right")
        )
    }
)
SURE_SCHEMA: Final = vol.Schema({vol.Required(CONF_SURE, default=False): BooleanSelector()})
WHY_SCHEMA: Final = vol.Schema({vol.Required(CONF_WHY): TextSelector(TextSelectorConfig())})
_LONGEST_WHY: Final = 200

_DRILLS: Final[Mapping[Kind, Pretence]] = MappingProxyType(
    {Kind.DRILL_LINK: Pretence.LINK_LOST, Kind.DRILL_CELL: Pretence.CELL_OVERVOLTAGE}
)
# What home_bms writes once it is allowed to, by what the pack lets it do.
_WRITES: Final = (
    (Capability.CHARGE_SWITCH, "charge_switch"),
    (Capability.DISCHARGE_SWITCH, "discharge_switch"),
    (Capability.BALANCE_SWITCH, "balance_switch"),
    (Capability.RELAYS, "relays"),
)


class CommissionSteps(HarmlessSubentryFlow):
    """Every step with hands; `_step` is the one that is being taken."""

    _pack_id: str
    _step: Step
    _task: asyncio.Task[None] | None = None
    _gone = False
    """The pack was unloaded while the step was taken."""

    @property
    def _runtime(self) -> HomeBmsRuntimeData:
        """All that runs now: a system may be loaded anew while somebody sits before a form. Raises AbortFlow."""
        entry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("not_loaded")
        runtime: HomeBmsRuntimeData = entry.runtime_data
        return runtime

    @property
    def _pack(self) -> PackCoordinator:
        """The pack as it runs now. Raises AbortFlow."""
        if (pack := self._runtime.packs.get(self._pack_id)) is None:
            raise AbortFlow("no_packs")
        return pack

    def _shown(self, **more: str) -> dict[str, str]:
        """Return what the texts of a step show."""
        return {"name": self._pack.name, "step": step_name(self.hass, self._step), **more}

    def _menu(self, step_id: str, *options: str, **more: str) -> SubentryFlowResult:
        return self.async_show_menu(
            step_id=step_id, menu_options=[*options, "skip", "overview"], description_placeholders=self._shown(**more)
        )

    async def _took(self, finding: Finding) -> None:
        """Keep what the present step found."""
        await self._pack.commissioning.async_take({self._step.key: finding})

    async def _wait(self, step_id: str, work: Callable[[], Awaitable[None]]) -> SubentryFlowResult:
        """Show progress while something is waited for; who closes the form ends it."""
        if self._task is None:
            self._task = self.hass.async_create_task(self._guarded(work), f"home_bms commissioning {step_id}")
        if not self._task.done():
            return self.async_show_progress(
                step_id=step_id,
                progress_action=step_id,
                progress_task=self._task,
                description_placeholders=self._shown(),
            )
        task, self._task = self._task, None
        task.result()
        return self.async_show_progress_done(next_step_id="result")

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it; a pack that was unloaded meanwhile leaves the step untaken."""
        self._gone = False
        try:
            await work()
        except PackGoneError, AbortFlow:
            self._gone = True

    # Without hands.

    async def async_step_checking(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Look at all that takes no hands."""
        return await self._wait("checking", self._check)

    async def _check(self) -> None:
        found = await async_self_test(self._pack)
        commissioning = self._pack.commissioning
        await commissioning.async_take(
            {step.key: found[step.key] for step in commissioning.steps if step.row.automatic and step.key != SIGN}
        )

    # What a person says.

    async def async_step_cell_order(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Have the order of the sense wires confirmed: equal cells tell nothing of it."""
        cells = self._pack.latest.reading.cells
        told = " · ".join(f"{index}: {'–' if cell is None else f'{cell:.3f}'}" for index, cell in enumerate(cells, 1))
        return await self._confirm("cell_order", user_input, cells=told)

    async def async_step_battery(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Have chemistry and capacity confirmed."""
        config = self._pack.config
        return await self._confirm(
            "battery",
            user_input,
            chemistry=word(self.hass, "chemistry", config.chemistry),
            capacity=f"{config.capacity:g}",
            cells=str(config.cells),
            charge_current=f"{config.charge_current:g}",
            discharge_current=f"{config.discharge_current:g}",
        )

    async def _confirm(self, step_id: str, user_input: dict[str, Any] | None, **shown: str) -> SubentryFlowResult:
        if user_input is not None:
            right = user_input[CONF_RIGHT] == "right"
            outcome, reason = (Outcome.PASSED, None) if right else (Outcome.FAILED, "not_confirmed")
            await self._took(Finding(outcome=outcome, reason=reason))
            return await self.async_step_result()
        return self.async_show_form(
            step_id=step_id, data_schema=CONFIRM_SCHEMA, description_placeholders=self._shown(**shown), last_step=False
        )

    async def async_step_skip(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask why a step is left out."""
        errors = {}
        if user_input is not None:
            why = user_input[CONF_WHY].strip()[:_LONGEST_WHY]
            if why:
                await self._took(Finding(outcome=Outcome.SKIPPED, reason=why))
                return await self.async_step_result()
            errors[CONF_WHY] = "why_missing"
        return self.async_show_form(
            step_id="skip", data_schema=WHY_SCHEMA, errors=errors, description_placeholders=self._shown()
        )

    # Temperature sensors.

    async def async_step_temperature_sensor(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Say which sensor is to be warmed."""
        told = self._pack.latest.believed.temperatures
        shown = " · ".join(
            f"{index}: {'–' if value is None else f'{value:.1f} °C'}" for index, value in enumerate(told, 1)
        )
        return self._menu("temperature_sensor", "warming", number=str(self._step.number), temperatures=shown)

    async def async_step_warming(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Wait until a sensor warms."""
        return await self._wait("warming", self._warm)

    async def _warm(self) -> None:
        before: tuple[float | None, ...] | None = None
        now: tuple[float | None, ...] = ()
        finding = None
        async for look in looks(self._pack, WARM_WITHIN):
            now = look.reading.temperatures
            before = now if before is None else before
            progress, finding = warmed(before, now, self._step.number or 0)
            self.async_update_progress(progress)
            if finding is not None:
                break
        await self._took(finding or not_warmed(before or (), now))

    # The sign of the current.

    async def async_step_charge_sign(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Ask for charging."""
        return self._menu("charge_sign", "flowing", least=self._least())

    async def async_step_discharge_sign(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Ask for a load."""
        return self._menu("discharge_sign", "flowing", least=self._least())

    def _least(self) -> str:
        return f"{enough(self._rated()):.0f}"

    def _rated(self) -> float:
        config = self._pack.config
        return min(config.charge_current, config.discharge_current)

    async def async_step_flowing(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Wait until the current changes."""
        return await self._wait("flowing", self._flow)

    async def _flow(self) -> None:
        before = tuple(look.reading for look in await fresh(self._pack, LOOKS, HEARD_WITHIN))
        if not before:
            await self._took(Finding(outcome=Outcome.FAILED, reason="not_heard"))
            return
        rested = sum(reading.current or 0.0 for reading in before) / len(before)
        least = enough(self._rated())
        async for look in looks(self._pack, FLOW_WITHIN):
            changed = abs((look.reading.current or 0.0) - rested)
            self.async_update_progress(min(1.0, changed / least))
            if changed >= least:
                break
        after = tuple(look.reading for look in await fresh(self._pack, LOOKS, HEARD_WITHIN))
        charge = self._step.row.kind is Kind.CHARGE_SIGN
        await self._took(direction(before, after, charge=charge, rated=self._rated()))

    # Control.

    async def async_step_control(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Say what will be written, and let a person allow it."""
        pack, runtime = self._pack, self._runtime
        writes = [word(self.hass, "commission_writes", key) for has, key in _WRITES if has & pack.capabilities]
        drivers = [one.name for one in runtime.inverters.values() if not one.opened.reads_only]
        writes += [word(self.hass, "commission_writes", "inverter", name=name) for name in drivers]
        now = word(self.hass, "commission_writes", "allowed" if runtime.control_allowed else "read_only")
        told = "\n".join(f"- {text}" for text in writes) or word(self.hass, "commission_writes", "nothing")
        return self._menu("control", "allow", writes=told, now=now)

    async def async_step_allow(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Allow control, as the switch of the same name does."""
        try:
            await self._runtime.async_allow_control(True)
        except HomeAssistantError:
            await self._took(Finding(outcome=Outcome.FAILED, reason="store_lost"))
        else:
            await self._took(Finding(outcome=Outcome.PASSED))
        return await self.async_step_result()

    # Drills.

    async def async_step_drill_link(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Say what happens when the link is pretended to be lost."""
        return self._menu("drill_link", "drilling", least=self._least(), told=self._listeners())

    async def async_step_drill_cell(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Say what happens when a cell is pretended to be too high."""
        return self._menu("drill_cell", "drilling", least=self._least(), told=self._listeners())

    def _listeners(self) -> str:
        """Return who will be told, or that nobody will."""
        runtime, pack = self._runtime, self._pack
        names = [one.name for one in runtime.inverters.values() if not one.opened.reads_only]
        if pack.host is not None:
            names.append(word(self.hass, "commission_writes", "simulated"))
        if not names:
            return word(self.hass, "commission_writes", "nobody")
        if not runtime.control_allowed:
            return word(self.hass, "commission_writes", "silent")
        return ", ".join(names)

    async def async_step_drilling(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Run the drill."""
        return await self._wait("drilling", self._drill)

    async def _drill(self) -> None:
        pretence = _DRILLS[self._step.row.kind]
        await self._took(await async_drill(self._runtime, self._pack, pretence, self.async_update_progress))

    # Switches.

    async def async_step_contactor(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Say what will be opened and closed."""
        key = "contactor" if self._pack.config.contactors.relays else "switches"
        return self._menu("contactor", "contactor_sure", what=word(self.hass, "commission_writes", key))

    async def async_step_contactor_sure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask whether a person is sure, and whether it can begin."""
        errors = {}
        if user_input is not None:
            if not user_input[CONF_SURE]:
                errors[CONF_SURE] = "not_sure"
            elif (key := refusal(self._pack)) is not None:
                errors["base"] = key
            else:
                return await self.async_step_moving()
        return self.async_show_form(
            step_id="contactor_sure", data_schema=SURE_SCHEMA, errors=errors, description_placeholders=self._shown()
        )

    async def async_step_moving(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:  # noqa: ARG002
        """Open and close."""
        return await self._wait("moving", self._move)

    async def _move(self) -> None:
        await self._took(await async_check_switches(self._pack, self.async_update_progress))

    async def async_step_result(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show what came of it."""
        raise NotImplementedError
