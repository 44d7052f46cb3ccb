"""What must survive a restart does, whatever happens to the process, the disk or the clock."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import coordinator, store
from custom_components.home_bms.const import CONF_STORED, DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import Level
from custom_components.home_bms.store import HomeBmsStore

from .conftest import ENTRY_ID, PACK_ID, PERIOD, ScriptedDriver, lost, make_entry, set_up, ticks, until

KEY = f"{DOMAIN}.{ENTRY_ID}"


def issue(hass: HomeAssistant, key: str) -> ir.IssueEntry | None:
    """Return a repair issue of the system."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{ENTRY_ID}")


def saved_trips(hass_storage: dict[str, Any]) -> set[str]:
    """Return the trips that are on the disk."""
    return set(hass_storage[KEY]["data"]["packs"][PACK_ID]["trips"])


async def trip(pack: PackCoordinator, driver: ScriptedDriver) -> set[str]:
    """Heat a sensor until something latches; return what."""
    driver.temperatures[2] = 70.0
    await until(lambda: pack.latest.decision.worst is Level.TRIP)
    await ticks(pack)
    return {alarm.key for alarm in pack.latest.decision.alarms if alarm.level is Level.TRIP}


async def test_a_first_start_loses_nothing_and_leaves_a_file_and_a_mark(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    assert KEY in hass_storage
    assert (hass_storage[KEY]["version"], hass_storage[KEY]["minor_version"]) == (2, 1)
    assert entry.data[CONF_STORED] is True
    assert issue(hass, "store_lost") is None
    assert entry.state is ConfigEntryState.LOADED


async def test_a_latched_trip_is_on_the_disk_at_once(
    pack: PackCoordinator, driver: ScriptedDriver, hass_storage: dict[str, Any]
) -> None:
    assert not saved_trips(hass_storage)
    trips = await trip(pack, driver)
    assert trips
    assert saved_trips(hass_storage) == trips


async def test_a_latched_trip_survives_a_reload(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    trips = await trip(pack, driver)
    driver.temperatures[2] = 25.0
    assert await hass.config_entries.async_reload(entry.entry_id)
    again: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    told: list[str] = []
    again.news.add_event_listener(lambda key, became, *_: told.append(f"{key} {became}"))
    await ticks(again)
    assert trips <= {alarm.key for alarm in again.latest.decision.alarms if alarm.level is Level.TRIP}
    assert not [event for event in told if event.endswith(" trip")]


async def test_a_latched_trip_and_permission_survive_a_hard_kill(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    hass_storage: dict[str, Any],
) -> None:
    await entry.runtime_data.async_allow_control(True)
    trips = await trip(pack, driver)
    left_behind = deepcopy(hass_storage[KEY])
    assert await hass.config_entries.async_unload(entry.entry_id)
    driver.temperatures[2] = 25.0
    # What an orderly end wrote is taken away again: the process had no time for it.
    hass_storage[KEY] = left_behind
    await set_up(hass, entry)
    again: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await ticks(again)
    assert trips <= {alarm.key for alarm in again.latest.decision.alarms}
    assert entry.runtime_data.control_allowed


async def test_what_stops_a_resting_pack_is_on_disk_within_a_second_and_survives_a_kill(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    hass_storage: dict[str, Any],
) -> None:
    """It stops what moves the counters, too, so that those alone would leave it to the quarter hour."""
    driver.current = 0.0
    await ticks(pack, 3)
    await pack._store.async_save()
    await ticks(pack, 2)
    assert pack._store._write_due is not None
    assert pack._store._write_due - hass.loop.time() > store.SAVE_WITHIN
    driver.temperatures[:] = [-2.0] * len(driver.temperatures)
    await until(lambda: pack.latest.decision.worst is Level.PROTECT)
    assert pack._store._write_due - hass.loop.time() <= coordinator.SAVE_STOPS
    await until(lambda: "charge_undertemperature" in hass_storage[KEY]["data"]["packs"][PACK_ID]["stops"])
    left_behind = deepcopy(hass_storage[KEY])
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[KEY] = left_behind
    # Back beyond where it stops, and not yet where it lets go.
    driver.temperatures[:] = [1.0] * len(driver.temperatures)
    await set_up(hass, entry)
    again: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await ticks(again, 3)
    assert "charge_undertemperature" in {alarm.key for alarm in again.latest.decision.alarms}


async def test_counters_are_saved_though_every_tick_asks_for_it(
    pack: PackCoordinator,
    driver: ScriptedDriver,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`Store.async_delay_save` asked at every tick would never write (safety.md C4)."""
    monkeypatch.setattr(coordinator, "SAVE_WITHIN", 5 * PERIOD)
    driver.current = 100.0
    await ticks(pack, 2)
    # The write that was scheduled before the patch is half a minute away.
    pack._store._write_due = None
    pack._store._store._async_cleanup_delay_listener()
    before = hass_storage[KEY]["data"]["packs"][PACK_ID]["estimate"]["charge_in"]
    await until(lambda: hass_storage[KEY]["data"]["packs"][PACK_ID]["estimate"]["charge_in"] > before)
    first = hass_storage[KEY]["data"]["packs"][PACK_ID]["estimate"]["charge_in"]
    await until(lambda: hass_storage[KEY]["data"]["packs"][PACK_ID]["estimate"]["charge_in"] > first)


async def test_moving_counters_are_due_within_half_a_minute_and_resting_ones_within_a_quarter_hour(
    hass: HomeAssistant, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    kept = pack._store
    driver.current = 0.0
    await ticks(pack, 3)
    await kept.async_save()
    await ticks(pack, 2)
    assert kept._write_due is not None
    resting = kept._write_due - hass.loop.time()
    driver.current = 100.0
    await ticks(pack, 3)
    assert kept._write_due - hass.loop.time() <= store.SAVE_WITHIN
    assert resting <= coordinator.SAVE_RESTING
    assert store.SAVE_WITHIN <= 60


async def test_a_changed_wish_is_on_the_disk_at_once(pack: PackCoordinator, hass_storage: dict[str, Any]) -> None:
    await pack.async_wish(charge_current_cap=42.0)
    assert hass_storage[KEY]["data"]["packs"][PACK_ID]["wishes"]["charge_current_cap"] == 42.0


async def test_a_lease_ends_in_time_though_the_pack_was_never_heard(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    driver.error = lost()
    entry = make_entry(hass)
    await set_up(hass, entry)
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await pack.async_wish(leased_charge_current=20.0, lease_until=hass.loop.time() + 600)
    assert await hass.config_entries.async_reload(entry.entry_id)
    wishes = entry.runtime_data.packs[PACK_ID].supervisor.state.wishes
    assert wishes.leased_charge_current == 20.0
    assert wishes.lease_until == pytest.approx(hass.loop.time() + 600, abs=60)


async def test_a_store_that_is_gone_is_reported_and_takes_control_away_until_confirmed(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await entry.runtime_data.async_allow_control(True)
    assert await hass.config_entries.async_unload(entry.entry_id)
    del hass_storage[KEY]
    await set_up(hass, entry)
    assert issue(hass, "store_lost") is not None
    assert not entry.runtime_data.control_allowed
    with pytest.raises(HomeAssistantError) as refused:
        await entry.runtime_data.async_allow_control(True)
    assert refused.value.translation_key == "store_lost"

    # Neither does a restart make it good: the new file says that it knows nothing.
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert issue(hass, "store_lost") is not None
    await entry.runtime_data.store.async_confirm_lost()
    assert issue(hass, "store_lost") is None
    await entry.runtime_data.async_allow_control(True)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.runtime_data.control_allowed


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"saved_at": 0.0}, id="keys missing"),
        pytest.param(
            {"saved_at": 0.0, "control_allowed": True, "lost": False, "packs": {PACK_ID: ["spoilt"]}}, id="pack spoilt"
        ),
    ],
)
async def test_content_that_makes_no_sense_counts_as_lost(
    hass: HomeAssistant,
    driver: ScriptedDriver,
    scripted: None,
    hass_storage: dict[str, Any],
    content: dict[str, Any],
) -> None:
    hass_storage[KEY] = {"version": 1, "minor_version": 1, "key": KEY, "data": content}
    entry = make_entry(hass)
    await set_up(hass, entry)
    assert issue(hass, "store_lost") is not None
    assert not entry.runtime_data.control_allowed


async def test_a_file_that_cannot_be_read_counts_as_lost(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, caplog: pytest.LogCaptureFixture
) -> None:
    entry = make_entry(hass, data={CONF_STORED: True})
    with patch.object(store._ToldStore, "async_load", side_effect=HomeAssistantError("permission denied")):
        await set_up(hass, entry)
    assert issue(hass, "store_lost") is not None
    assert "cannot be read" in caplog.text


async def test_a_file_of_a_newer_version_is_not_touched(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, hass_storage: dict[str, Any]
) -> None:
    newer = {"version": 3, "minor_version": 1, "key": KEY, "data": {"what": "ever"}}
    hass_storage[KEY] = deepcopy(newer)
    entry = make_entry(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "store_too_new"
    assert hass_storage[KEY] == newer


async def test_a_full_disk_is_told_and_the_write_is_tried_again(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, hass_storage: dict[str, Any]
) -> None:
    """Home Assistant's store only logs a write that failed (safety.md C4)."""
    with patch.object(Store, "_async_write_data", side_effect=WriteError("no space left")):
        assert not await entry.runtime_data.store.async_save()
        assert not await entry.runtime_data.store.async_save()
    assert issue(hass, "store_failed") is not None
    assert entry.runtime_data.store.failed
    assert entry.runtime_data.store._write_due is not None
    assert await entry.runtime_data.store.async_save()
    assert issue(hass, "store_failed") is None
    assert not entry.runtime_data.store.failed


async def test_the_gap_is_not_believed_where_the_clock_went_backwards(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    assert await hass.config_entries.async_unload(entry.entry_id)
    freezer.tick(timedelta(minutes=5))
    read = HomeBmsStore(hass, entry)
    await read.async_load()
    assert read.gap == pytest.approx(300, abs=60)
    freezer.tick(-timedelta(hours=1))
    assert read.gap is None
    assert HomeBmsStore(hass, entry).gap is None


async def test_a_removed_system_leaves_nothing_behind(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    with patch.object(Store, "_async_write_data", side_effect=WriteError("no space left")):
        await entry.runtime_data.store.async_save()
    entry.runtime_data.store.async_declare_lost()
    await hass.config_entries.async_remove(entry.entry_id)
    assert KEY not in hass_storage
    assert issue(hass, "store_lost") is None
    assert issue(hass, "store_failed") is None
