"""How far charging is, as users see it and as it survives a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.charging import ChargeState
from custom_components.home_bms.core.model import ChargeStage, Reason
from custom_components.home_bms.core.sharing import Share

from .conftest import PACK_ID, ticks
from .entities import state_of

STAGE = "sensor.home_battery_charge_stage"
WHY = "sensor.home_battery_charge_stage_reason"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR]


async def test_a_battery_begins_in_bulk(hass: HomeAssistant, pack: PackCoordinator) -> None:
    await ticks(pack)
    await hass.async_block_till_done()
    assert (state_of(hass, STAGE), state_of(hass, WHY)) == ("bulk", "starting")


async def test_the_stage_and_the_shares_survive_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    runtime = pack.config_entry.runtime_data
    stage = ChargeState(stage=ChargeStage.FLOAT, reason=Reason(rule="cells_level"), soc=62.0)
    runtime.system.state = replace(runtime.system.state, charging=stage, shares={PACK_ID: Share(skew=1.2, seen=0.7)})
    await runtime.store.async_save()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    again = entry.runtime_data.system
    assert again is not runtime.system
    assert (again.state.charging.stage, again.state.charging.soc) == (ChargeStage.FLOAT, 62.0)
    assert again.state.shares[PACK_ID].skew == 1.2
    assert (state_of(hass, STAGE), state_of(hass, WHY)) == ("float", "cells_level")
    assert again.data.cvl.value <= 16 * 3.35
