"""Whatever changes in a pack's device is kept and told once; a new BMS takes the pack's history over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms.const import DOMAIN, EVENT_DEVICE_CHANGED
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.device_log import Change
from custom_components.home_bms.core.model import HardwareRing
from custom_components.home_bms.story import tell_change
from custom_components.home_bms.watching import Link

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, make_entry, pack_subentry, set_up, until
from .lessons import live
from .test_leases import attributes
from .test_services import answer, call

EVENT = "event.pack_1_device_change"
STORE = f"{DOMAIN}.{ENTRY_ID}"
RING = HardwareRing(cell_overvoltage=3.65, cell_undervoltage=2.6, charge_current=160.0)


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.EVENT]


async def changes(hass: HomeAssistant) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await answer(hass, "get_changes"))["changes"]
    return found


async def test_new_firmware_is_told_as_event_and_sentence_and_kept(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
) -> None:
    assert await changes(hass) == []
    events = async_capture_events(hass, EVENT_DEVICE_CHANGED)
    driver.identity = replace(driver.identity, firmware="16.01")
    await until(lambda: events)
    await hass.async_block_till_done()
    assert attributes(hass, EVENT)["event_type"] == "firmware"
    assert (attributes(hass, EVENT)["before"], attributes(hass, EVENT)["after"]) == ("15.30", "16.01")
    (event,) = events
    assert event.data["name"] == "Pack 1"
    assert tell_change(hass, event.data) == "Firmware changed from 15.30 to 16.01"
    (told,) = await changes(hass)
    assert (told["kind"], told["before"], told["after"]) == ("firmware", "15.30", "16.01")
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert found["packs"][0]["changes"][0]["after"] == "16.01"


async def test_a_listener_that_breaks_keeps_no_change_from_others_and_no_reading_from_the_pack(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    heard: list[Change] = []

    def broken(_: Change) -> None:
        raise ZeroDivisionError

    pack.changes.add_listener(broken)
    pack.changes.add_listener(heard.append)
    driver.identity = replace(driver.identity, firmware="16.01")
    await until(lambda: heard)
    assert pack.statistics.faults == 0
    assert pack.statistics.link is Link.ANSWERING


async def test_a_moved_setting_is_kept_with_its_unit_through_the_restart_that_it_causes(
    hass: HomeAssistant, drivers: list[ScriptedDriver], driver: ScriptedDriver, scripted: None
) -> None:
    driver.identity = replace(driver.identity, hardware_ring=RING)
    told = {name: getattr(RING, name) for name in ("cell_overvoltage", "cell_undervoltage", "charge_current")}
    entry = make_entry(hass, pack_subentry(hardware_ring=told))
    await set_up(hass, entry)
    first: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    driver.identity = replace(driver.identity, hardware_ring=replace(RING, charge_current=150.0))
    await until(lambda: entry.runtime_data.packs[PACK_ID] is not first)
    await hass.async_block_till_done()
    (row,) = await changes(hass)
    assert (row["kind"], row["setting"], row["before"], row["after"]) == (
        "setting",
        "charge_current",
        "160 A",
        "150 A",
    )
    assert row["what"] != "charge_current", "people read a name"


async def test_what_changed_while_home_assistant_was_away_is_told_when_it_is_back(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    events = async_capture_events(hass, EVENT_DEVICE_CHANGED)
    assert await hass.config_entries.async_unload(entry.entry_id)
    driver.identity = replace(driver.identity, hardware="15B")
    await set_up(hass, entry)
    await until(lambda: events)
    assert [event.data["kind"] for event in events] == ["hardware"]


async def test_a_spoilt_log_is_begun_anew(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, hass_storage: dict[str, Any]
) -> None:
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[STORE]["data"]["system"][f"changes_{PACK_ID}"] = {"facts": 5}
    await set_up(hass, entry)
    assert await changes(hass) == []
    assert not entry.runtime_data.store.lost


async def test_a_new_bms_takes_over_all_that_is_known_of_the_pack(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
) -> None:
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, "replace_bms")
    assert err.value.translation_key == "no_other_bms"
    live(pack, energy_in=12345.0)
    driver.identity = replace(driver.identity, serial_number="JK-9999")
    await until(lambda: pack.statistics.link is Link.FOREIGN)
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, "replace_bms", serial_number="JK-7777")
    assert err.value.translation_key == "another_bms"
    await call(hass, "replace_bms", serial_number="JK-9999")
    await hass.async_block_till_done()
    again: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await until(lambda: again.statistics.link is Link.ANSWERING)
    assert again.latest.estimate.energy_in == pytest.approx(12345, abs=1)
    assert entry.subentries[PACK_ID].unique_id == "JK-9999"
    (told,) = await changes(hass)
    assert (told["kind"], told["before"], told["after"]) == ("serial_number", "JK-0001", "JK-9999")
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert "JK-9999" not in str(found["packs"][0]["changes"])


async def test_a_bms_that_belongs_to_another_pack_is_not_taken(
    hass: HomeAssistant, drivers: list[ScriptedDriver], driver: ScriptedDriver, scripted: None
) -> None:
    drivers.append(ScriptedDriver("JK-0002"))
    other = pack_subentry("01PACK0000000000000000000B", "Pack 2", serial_number="JK-0002")
    entry = make_entry(hass, pack_subentry(), other)
    await set_up(hass, entry)
    driver.identity = drivers[1].identity
    await until(lambda: entry.runtime_data.packs[PACK_ID].statistics.link is Link.FOREIGN)
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, "replace_bms")
    assert err.value.translation_key == "pack_known"
