"""What a newer version has written is refused with words and left as it is, with nothing permitted."""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store, get_internal_store_manager
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import newer
from custom_components.home_bms.config_flow import HomeBmsConfigFlow
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.store import STORAGE_VERSION, STORAGE_VERSION_MINOR

from ..conftest import ENTRY_ID, PACK_ID, ScriptedDriver, until
from ..inverter_house import INVERTER_ID
from .house import (
    KEY,
    LEARNED,
    OTHER_ID,
    Past,
    issues,
    read,
    start,
)

# What the tests' own storage in memory takes the place of.
REAL: Final = {method: getattr(Store, method) for method in ("_async_load", "_async_write_data", "async_remove")}


async def refused(hass: HomeAssistant, past: Past, drivers: list[ScriptedDriver], state: ConfigEntryState) -> None:
    """Start this version, which must not; let Home Assistant stop, which writes whatever is still to be written."""
    assert not await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    assert past.entry.state is state
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert [driver.applied for driver in drivers] == [[], []]


def later(file: dict[str, Any], path: str, value: Any) -> None:
    """Put something at a path into a file."""
    *way, last = path.split("/")
    for step in way:
        file = file[int(step) if step.isdigit() else step]  # type: ignore[index] # a list's
    file[last] = value


NEWER: Final = [
    ("version", STORAGE_VERSION + 1, f"version {STORAGE_VERSION + 1}"),
    ("minor_version", STORAGE_VERSION_MINOR + 1, f"version {STORAGE_VERSION}.{STORAGE_VERSION_MINOR + 1}"),
    ("data/grid", {}, "grid"),
    (f"data/packs/{PACK_ID}/fire", {}, f"packs.{PACK_ID}.fire"),
    (f"data/packs/{PACK_ID}/trips/cell_on_fire", {"age": 1.0}, f"packs.{PACK_ID}.trips.cell_on_fire"),
    (f"data/packs/{PACK_ID}/trips/charge_overtemperature/proof", 1, "charge_overtemperature.proof"),
    (f"data/packs/{PACK_ID}/stops", {"cell_on_fire": {"age": 1.0}}, f"packs.{PACK_ID}.stops.cell_on_fire"),
    (f"data/packs/{OTHER_ID}/wishes/power_cap", 5.0, "wishes.power_cap"),
    (f"data/packs/{OTHER_ID}/wishes/balance_mode", "by_moon", "balance_mode: 'by_moon' is no BalanceMode"),
    (f"data/packs/{OTHER_ID}/estimate/spilt", 1.0, "estimate.spilt"),
    ("data/system/tariffs", {}, "system.tariffs"),
    ("data/system/leases/leases/0/ceiling", 50.0, "system.leases.leases[0].ceiling"),
    ("data/system/storage/phase", "hovering", "system.storage.phase: 'hovering' is no Phase"),
    (f"data/system/changes_{PACK_ID}/signed", True, f"changes_{PACK_ID}.signed"),
    (f"data/system/commissioning_{OTHER_ID}/record/results/polarity/outcome", "perfect", "'perfect' is no Outcome"),
    (f"data/system/inverter_{INVERTER_ID}/obedience/mood", 1, "obedience.mood"),
    ("data/system/inspections/book/fuses/promised", 1, "book.fuses.promised"),
    ("data/system/sharing/charging/queue", 1, "sharing.charging.queue"),
]


@pytest.mark.parametrize(("path", "value", "place"), NEWER, ids=[row[0] for row in NEWER])
@pytest.mark.parametrize("version", [1, STORAGE_VERSION])
async def test_a_newer_state_is_refused_with_words_and_stays_as_it_is(
    hass: HomeAssistant,
    past: Past,
    drivers: list[ScriptedDriver],
    hass_storage: dict[str, Any],
    version: int,
    path: str,
    value: Any,
    place: str,
) -> None:
    for estimate in (pack["estimate"] for pack in hass_storage[KEY]["data"]["packs"].values()):
        assert "full" not in estimate
    hass_storage[KEY]["version"] = version if path != "minor_version" else STORAGE_VERSION
    later(hass_storage[KEY], path, value)
    before = deepcopy(hass_storage)
    await refused(hass, past, drivers, ConfigEntryState.SETUP_ERROR)
    assert past.entry.error_reason_translation_key == "store_too_new"
    assert place in (past.entry.error_reason_translation_placeholders or {})["place"]
    assert "newer version" in (past.entry.reason or "")
    assert {key: hass_storage[key] for key in (KEY, LEARNED)} == {key: before[key] for key in (KEY, LEARNED)}


SETTINGS: Final = [
    (PACK_ID, "data", {"fuse": 100}, "fuse"),
    (PACK_ID, "data", {"type": "telepathy"}, "type telepathy"),
    (PACK_ID, "data", {"model": "jk_of_next_year"}, "model jk_of_next_year"),
    (PACK_ID, "data", {"hardware_ring": {"arc": 1.0}}, "hardware_ring arc"),
    (PACK_ID, "subentry_type", "supercapacitor", "supercapacitor"),
    (INVERTER_ID, "data", {"type": "telepathy"}, "type telepathy"),
    (INVERTER_ID, "data", {"model": "gx_of_next_year"}, "model gx_of_next_year"),
    (INVERTER_ID, "data", {"export_limit": 0}, "export_limit"),
    ("01PROGRAMME0000000000000AA", "data", {"may": "everything"}, "may everything"),
    ("01PROGRAMME0000000000000AA", "data", {"ceiling": 5}, "ceiling"),
]


@pytest.mark.parametrize(("subentry_id", "field", "change", "place"), SETTINGS)
async def test_newer_settings_are_refused_with_words(
    hass: HomeAssistant,
    past: Past,
    drivers: list[ScriptedDriver],
    hass_storage: dict[str, Any],
    subentry_id: str,
    field: str,
    change: Any,
    place: str,
) -> None:
    subentry = past.entry.subentries[subentry_id]
    # Home Assistant keeps them as they are, whoever wrote them.
    object.__setattr__(subentry, field, {**subentry.data, **change} if field == "data" else change)
    before = deepcopy(hass_storage)
    await refused(hass, past, drivers, ConfigEntryState.SETUP_ERROR)
    assert past.entry.error_reason_translation_key == "entry_too_new"
    assert past.entry.error_reason_translation_placeholders == {"place": f"{subentry.title}: {place}"}
    assert {key: hass_storage[key] for key in (KEY, LEARNED)} == {key: before[key] for key in (KEY, LEARNED)}


@pytest.mark.parametrize("version", [(1, 2), (2, 1)])
async def test_an_entry_of_a_newer_version_is_refused_with_words(
    hass: HomeAssistant,
    past: Past,
    drivers: list[ScriptedDriver],
    hass_storage: dict[str, Any],
    version: tuple[int, int],
) -> None:
    major, minor = version
    hass.config_entries.async_update_entry(past.entry, version=major, minor_version=minor)
    before = deepcopy(hass_storage)
    await refused(hass, past, drivers, ConfigEntryState.MIGRATION_ERROR)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"entry_too_new_{ENTRY_ID}")
    assert issue is not None
    assert issue.translation_placeholders == {"name": "Home battery", "place": f"version {major}.{minor}"}
    assert {key: hass_storage[key] for key in (KEY, LEARNED)} == {key: before[key] for key in (KEY, LEARNED)}


def test_entries_are_written_in_the_version_that_is_read() -> None:
    assert (HomeBmsConfigFlow.VERSION, HomeBmsConfigFlow.MINOR_VERSION) == newer.VERSION


LEARNED_NEWER: Final = [
    ("version", STORAGE_VERSION + 1, "version"),
    ("minor_version", STORAGE_VERSION_MINOR + 1, "version"),
    (f"data/packs/{OTHER_ID}/format", 2, f"packs.{OTHER_ID}.format: 2"),
    (f"data/packs/{OTHER_ID}/knowledge/intuition", 1, f"packs.{OTHER_ID}.knowledge.intuition"),
    (f"data/packs/{OTHER_ID}/history/dreams", 1, f"packs.{OTHER_ID}.history.dreams"),
]


@pytest.mark.parametrize(("path", "value", "place"), LEARNED_NEWER, ids=[row[0] for row in LEARNED_NEWER])
async def test_newer_learning_stays_as_it_is_and_takes_nothing_away(
    hass: HomeAssistant, past: Past, hass_storage: dict[str, Any], path: str, value: Any, place: str
) -> None:
    hass_storage[LEARNED]["version"] = STORAGE_VERSION
    later(hass_storage[LEARNED], path, value)
    before = deepcopy(hass_storage[LEARNED])
    await start(hass, past)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"learned_too_new_{ENTRY_ID}")
    assert issue is not None
    assert place in (issue.translation_placeholders or {})["place"]
    assert past.entry.runtime_data.control_allowed
    # There is something new by then, which would take its place.
    await until(lambda: past.pack(OTHER_ID).latest.estimate.knowledge is not None)
    await past.entry.runtime_data.learned.async_save()
    assert await hass.config_entries.async_unload(ENTRY_ID)
    assert hass_storage[LEARNED] == before
    # The newer version, or a backup, is put back: then it is read, and nobody needs to be told any more.
    hass_storage[LEARNED] = read("rooms", "learned.json.gz")
    await start(hass, past)
    assert "learned_too_new" not in issues(hass)


async def test_a_refused_file_is_the_same_byte_for_byte(hass: HomeAssistant, tmp_path: Path, scripted: None) -> None:
    """On a real disk, until Home Assistant has stopped."""
    hass.config.config_dir = str(tmp_path)
    folder = tmp_path / ".storage"
    state = read("protections", "storage.json")
    later(state, f"data/packs/{PACK_ID}/trips/cell_on_fire", {"age": 1.0})

    def put() -> None:
        folder.mkdir()
        (folder / KEY).write_text(json.dumps(state, indent=7))
        (folder / LEARNED).write_text("{}")

    def found() -> dict[str, bytes]:
        return {name: (folder / name).read_bytes() for name in (KEY, LEARNED)}

    await asyncio.to_thread(put)
    before = await asyncio.to_thread(found)
    for key in before:
        get_internal_store_manager(hass).async_invalidate(key)
    made = read("protections", "entry.json")
    entry = MockConfigEntry(domain=DOMAIN, entry_id=ENTRY_ID, subentries_data=made.pop("subentries"), **made)
    entry.add_to_hass(hass)
    with patch.multiple(Store, **REAL):
        assert not await hass.config_entries.async_setup(ENTRY_ID)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
        await hass.async_block_till_done()
    assert entry.error_reason_translation_key == "store_too_new"
    assert await asyncio.to_thread(found) == before
