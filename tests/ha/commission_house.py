"""A person who commissions a virtual pack on a real link, in a house that charges or loads it as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import supervisor
from custom_components.home_bms.commissioning import drill_run, switch_run
from custom_components.home_bms.const import SUBENTRY_COMMISSIONING
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core import drill
from custom_components.home_bms.core.model import Level, PackConfig, Stage
from custom_components.home_bms.flow import commission_steps as flow_commission_steps
from custom_components.home_bms.helpers import pack_config
from custom_components.home_bms.hw.virtual import VirtualHost

from .conftest import PACK_ID, until

DERATE, STOP = 1.0, 2.0


def hasty(data: Any) -> PackConfig:
    """Return the configuration of a pack whose limits rise at once, and whose data are old after two seconds."""
    config = pack_config(data)
    ages = (
        Stage(level=Level.DERATE, at=DERATE, release=0.5, hold=0.2),
        Stage(level=Level.PROTECT, at=STOP, release=0.5, hold=0.2),
    )
    return replace(
        config,
        ramp_hold=0.2,
        ramp_rate=1.0,
        age_derate=DERATE,
        age_stop=STOP,
        stages={**config.stages, "communication_lost": ages, "data_missing": ages},
        contactors=replace(config.contactors, open_least=0.2),
    )


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait longer than a test can."""
    monkeypatch.setattr(supervisor, "POLL_PERIOD", 0.1)
    monkeypatch.setattr("custom_components.home_bms.pack_config", hasty)
    for module, name, seconds in (
        (drill, "LONGEST", 6.0),
        (drill_run, "LONGEST", 6.0),
        (drill_run, "CURRENT_WITHIN", 3.0),
        (flow_commission_steps, "WARM_WITHIN", 4.0),
        (flow_commission_steps, "FLOW_WITHIN", 4.0),
        (switch_run, "STILL_FOR", 0.5),
    ):
        monkeypatch.setattr(module, name, seconds)


class Person:
    """Somebody before the flow."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self.hass = hass
        self.entry = entry
        self.result: SubentryFlowResult = {}  # type: ignore[typeddict-item]

    @property
    def pack(self) -> PackCoordinator:
        found: PackCoordinator = self.entry.runtime_data.packs[PACK_ID]
        return found

    @property
    def host(self) -> VirtualHost:
        assert self.pack.host is not None
        return self.pack.host

    @property
    def at(self) -> str:
        """The step that is shown."""
        return self.result["step_id"]

    @property
    def shown(self) -> Mapping[str, str]:
        """What the texts of the step show."""
        return self.result["description_placeholders"] or {}

    def outcome(self, key: str) -> tuple[str, str | None]:
        result = self.pack.commissioning.record.results[key]
        return result.outcome.value, result.reason

    def numbers(self, key: str) -> Mapping[str, Any]:
        return self.pack.commissioning.record.results[key].numbers

    async def begin(self, by: str = "Ada", **context: Any) -> None:
        """Open the flow and say who is at it."""
        self.result = await self.hass.config_entries.subentries.async_init(
            (self.entry.entry_id, SUBENTRY_COMMISSIONING), context={"source": SOURCE_USER, **context}
        )
        assert self.at == "user"
        await self.say(by=by)
        assert self.at == "overview"

    async def say(self, **told: Any) -> None:
        """Fill in a form."""
        self.result = await self.hass.config_entries.subentries.async_configure(self.result["flow_id"], told)

    async def choose(self, option: str) -> None:
        """Choose from a menu."""
        assert option in self.result["menu_options"], (option, self.result)
        await self.say(next_step_id=option)

    async def start(self, option: str) -> None:
        """Choose what takes a while."""
        await self.choose(option)
        assert self.result["type"] is FlowResultType.SHOW_PROGRESS

    async def wait(self, within: float = 30.0) -> None:
        """Wait until what was started is over."""
        flow_id = self.result["flow_id"]
        manager = self.hass.config_entries.subentries
        waiting = (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE)
        async with asyncio.timeout(within):
            while self.result["type"] in waiting:
                await asyncio.sleep(0.05)
                self.result = await manager.async_configure(flow_id)

    async def take(self, option: str) -> None:
        """Choose what takes a while, and wait for it."""
        await self.start(option)
        await self.wait()
        assert self.at == "result"

    async def skip(self, why: str) -> None:
        """Leave the step out."""
        await self.choose("skip")
        await self.say(why=why)
        assert self.at == "result"

    async def go_to(self, key: str) -> None:
        """Pick a step from the overview."""
        if self.at != "overview":
            await self.choose("overview")
        await self.choose("pick")
        await self.say(step=key)

    async def awake(self) -> None:
        """Wait until the pack's limits have risen."""
        await until(lambda: self.pack.latest.decision.ccl.value > 100 and self.pack.latest.decision.dcl.value > 100, 30)

    def flow(self, watts: float) -> None:
        """Let the house charge with so many W, or load the pack where that is negative."""
        house: Any = self.host.house
        house.sun = lambda _time: max(0.0, watts)
        house.load = lambda _time: max(0.0, -watts)
