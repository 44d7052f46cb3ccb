"""An inverter that ignores its current limits is stopped by the charge voltage, and what was done is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.core.escalation import Step
from custom_components.home_bms.core.model import Flow
from custom_components.home_bms.core.obedience import Response
from custom_components.home_bms.hw.virtual.inverter import Manner

from .conftest import ScriptedDriver, until
from .inverter_house import House, gx, house, inverter_of, quick_inverters

CHARGE, VOLTAGE = 2705, 2710
STEP = 0.05


@pytest.fixture
async def home(socket_enabled: None) -> AsyncIterator[House]:
    """Return a charger that goes by the charge voltage alone, and lets its own time pass."""
    async with house(gx(manner=Manner.IGNORES_CURRENT_LIMITS), 100, model="victron_gx") as home:

        async def live() -> None:
            while True:
                home.inverter.advance(STEP)
                await asyncio.sleep(STEP)

        life = asyncio.get_running_loop().create_task(live())
        yield home
        life.cancel()


async def test_the_charge_voltage_is_lowered_until_the_current_ends(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_inverters(monkeypatch)
    entry: MockConfigEntry = await home.set_up(hass)
    inverter = inverter_of(entry)
    steps: list[tuple[Flow, Step]] = []
    inverter.add_step_listener(lambda flow, now, before: steps.append((flow, now.step)))
    await until(lambda: home.inverter.pack.current > 50)
    # The same battery, too cold to be charged.
    driver.cells = [home.inverter.pack.voltage / 16] * 16
    driver.temperatures = [-12.0] * 4
    await entry.runtime_data.async_allow_control(True)
    await until(lambda: home.front.settings[CHARGE] == 0 and home.front.settings[VOLTAGE] > 0)
    high = home.front.settings[VOLTAGE]
    # It goes on charging, for it does not know that limit.
    assert home.inverter.pack.current > 50
    await until(lambda: steps, within=15.0)
    assert steps == [(Flow.CHARGE, Step.CVL)]
    reason = inverter.data.obedience.charge.escalation.reason
    assert reason is not None
    assert reason.rule == "current_limit_ignored"
    await until(lambda: home.inverter.pack.current < 2, within=15.0)
    assert home.front.settings[VOLTAGE] < high
    await until(lambda: inverter.data.obedience.charge.response is Response.OBEYED)
    assert await hass.config_entries.async_unload(entry.entry_id)
    # It is still too cold: what keeps the current away stays when home_bms stops.
    assert home.front.settings[CHARGE] == 0
    assert 0 < home.front.settings[VOLTAGE] < high
