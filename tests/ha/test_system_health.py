"""The system page shows at a glance how home_bms is doing."""

from __future__ import annotations

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import Level

from .conftest import ScriptedDriver, lost, ticks, until


async def test_the_figures_are_those_of_all_packs(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    await ticks(pack)
    info = await get_system_health_info(hass, DOMAIN)
    assert info["packs"] == info["packs_answering"] == 1
    assert info["worst_level"] == "ok"
    assert info["control_allowed"] == info["failed_reads"] == 0
    assert info["cycle_time"].endswith(" ms")

    driver.temperatures[2] = 70.0
    await until(lambda: pack.latest.decision.worst is Level.TRIP)
    driver.error = lost()
    await until(lambda: pack.statistics.failed_reads)
    info = await get_system_health_info(hass, DOMAIN)
    assert info["worst_level"] == "trip"
    assert info["packs_answering"] == 0
    assert info["failed_reads"] >= 1


async def test_without_an_entry_there_is_nothing_to_worry_about(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    info = await get_system_health_info(hass, DOMAIN)
    assert info["packs"] == 0
    assert info["worst_level"] == "ok"
