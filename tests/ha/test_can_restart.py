"""After a restart a CAN link only listens for some seconds, and nobody disobeys what was not said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.core import HomeAssistant

from custom_components.home_bms.core import escalation
from custom_components.home_bms.core.escalation import Step
from custom_components.home_bms.core.obedience import Response
from custom_components.home_bms.hw.can import CanLink
from custom_components.home_bms.hw.can_params import CanParams, Interface
from custom_components.home_bms.hw.inverters.can_inverter import CanInverter
from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.can_inverter import VirtualCanInverter
from custom_components.home_bms.hw.virtual.inverter import Manner, VirtualInverter

from .conftest import ScriptedDriver, make_entry, nimble, pack_subentry, set_up, until
from .inverter_house import inverter_of, inverter_subentry, quick_inverters

STEP = 0.05
LISTEN = 1.5
"""s; the ladder is short beside it, so that listening that counted would be seen."""
PATIENCE = 0.3
_numbers = count()


@pytest.fixture(autouse=True)
def quick(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_inverters(monkeypatch)
    defaults: dict[str, Any] = dict(CanInverter.__init__.__kwdefaults__ or {})
    hasty = {**defaults, "listen_for": LISTEN, "release_for": 0.2}
    monkeypatch.setattr(CanInverter.__init__, "__kwdefaults__", hasty)
    ladder = tuple(replace(rung, after=PATIENCE * rung.step) for rung in escalation.LADDER)
    monkeypatch.setattr(escalation, "LADDER", ladder)


@pytest.fixture
def params() -> CanParams:
    return CanParams(interface=Interface.VIRTUAL, channel=f"restart {next(_numbers)}")


@pytest.fixture
async def other(params: CanParams) -> AsyncIterator[VirtualCanInverter]:
    """Return an inverter that charges with 4 kW as long as it may, and lets its own time pass."""
    link = CanLink(params)
    other = VirtualCanInverter(VirtualInverter(VirtualPack(soc=60.0), wants=lambda _: 4000.0), link, "sma", period=STEP)
    await other.start()

    async def live() -> None:
        while True:
            other.inverter.advance(STEP)
            await asyncio.sleep(STEP)

    life = asyncio.get_running_loop().create_task(live())
    yield other
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    await other.stop()
    await link.close()


async def test_current_that_flows_while_home_bms_only_listens_is_no_disobedience(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, params: CanParams, other: VirtualCanInverter
) -> None:
    can = {"type": "can", "model": "sma_sunny_island", "can": params.data, "options": {}}
    entry = make_entry(hass, pack_subentry(), inverter_subentry(can))
    with patch("custom_components.home_bms.pack_config", nimble):
        await set_up(hass, entry)
        await entry.runtime_data.async_allow_control(True)
        await until(lambda: other.limits is not None and other.limits[1] > 100)
        await until(lambda: (inverter_of(entry).data.reading.current or 0) > 50)
        assert await hass.config_entries.async_unload(entry.entry_id)
        # Meanwhile it has become too cold to charge, and the inverter goes on with what it wants.
        other.limits, other.inverter.manner = None, Manner.IGNORES_ALL
        driver.temperatures = [-12.0] * 4
        driver.cells = [other.inverter.pack.voltage / 16] * 16
        await set_up(hass, entry)

    inverter = inverter_of(entry)
    assert entry.runtime_data.control_allowed
    steps: list[tuple[Step, bool]] = []
    inverter.add_step_listener(lambda _, now, __: steps.append((now.step, inverter.link.tells)))
    listening = []

    def look() -> bool:
        charge = inverter.data.obedience.charge
        if not inverter.link.tells and inverter.data.reading is not None and inverter.data.order is not None:
            current = inverter.data.reading.current or 0.0
            listening.append((current > 50, inverter.data.order.bank.ccl, charge.response, charge.escalation.step))
            assert not inverter.delivers
            assert other.limits is None
        return bool(steps)

    await until(look, within=20)
    # It was seen to charge against a limit of zero for far longer than the ladder waits ...
    assert listening.count((True, 0.0, Response.UNKNOWN, Step.CCL_DCL)) > 10
    # ... and judged by none of it: the first step came after it had been told.
    assert {(response, step) for _, _, response, step in listening} == {(Response.UNKNOWN, Step.CCL_DCL)}
    assert steps[0] == (Step.CVL, True)
    assert other.limits is not None
    against = inverter.data.obedience.charge.against
    assert against is not None
    assert against >= PATIENCE
    assert await hass.config_entries.async_unload(entry.entry_id)
