"""A full disk and a reload together lose no trip, and what could not be written overwrites nothing newer."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.home_bms.const import SAVE_WITHIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import Level

from .conftest import PACK_ID, ScriptedDriver, ticks
from .test_store import KEY, saved_trips, trip


@contextmanager
def full_disk() -> Generator[None]:
    """Let nothing reach the disk."""
    with patch.object(Store, "_async_write_data", side_effect=WriteError("no space left on device")):
        yield


def tripped(pack: PackCoordinator) -> set[str]:
    return {alarm.key for alarm in pack.latest.decision.alarms if alarm.level is Level.TRIP}


async def test_a_trip_that_a_full_disk_could_not_keep_outlives_a_reload(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    with full_disk():
        trips = await trip(pack, driver)
        driver.temperatures[2] = 25.0
        assert await hass.config_entries.async_reload(entry.entry_id)
        again = entry.runtime_data.packs[PACK_ID]
        await ticks(again)
        assert trips
        assert trips <= tripped(again)


async def test_it_is_on_the_disk_as_soon_as_there_is_room(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    hass_storage: dict[str, Any],
) -> None:
    with full_disk():
        trips = await trip(pack, driver)
        assert await hass.config_entries.async_unload(entry.entry_id)
    assert not saved_trips(hass_storage)
    await time_passes(hass)
    assert saved_trips(hass_storage) == trips


async def test_a_system_that_was_unloaded_does_not_overwrite_what_came_after_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    hass_storage: dict[str, Any],
) -> None:
    with full_disk():
        assert await hass.config_entries.async_reload(entry.entry_id)
    trips = await trip(entry.runtime_data.packs[PACK_ID], driver)
    assert saved_trips(hass_storage) == trips
    # What is written after this one is gone can only come from the one before it.
    assert await hass.config_entries.async_unload(entry.entry_id)
    await time_passes(hass)
    assert saved_trips(hass_storage) == trips


async def test_a_removed_system_writes_no_file_anew(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, hass_storage: dict[str, Any]
) -> None:
    with full_disk():
        assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    await time_passes(hass)
    assert KEY not in hass_storage


async def time_passes(hass: HomeAssistant) -> None:
    """Let all that was put off happen."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=SAVE_WITHIN + 1), fire_all=True)
    await hass.async_block_till_done()
