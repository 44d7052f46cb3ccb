"""What takes weeks to learn survives a restart and a rebuilt pack, and a spoilt file of it costs no safety."""

from __future__ import annotations

import json
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import prepare_save_json
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms import learned_store
from custom_components.home_bms.const import DOMAIN, SAVE_LEARNED
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core import bms, learning

from .conftest import ENTRY_ID, PACK_ID, PERIOD, ScriptedDriver, lost, make_entry, pack_subentry, set_up, ticks, until
from .lessons import WEAK, knowledge_of, teach

KEY = f"{DOMAIN}.{ENTRY_ID}.learned"
ISSUE = f"learned_lost_{PACK_ID}"


def pack_of(entry: MockConfigEntry) -> PackCoordinator:
    """Return the one pack of a system that was set up anew."""
    return entry.runtime_data.packs[PACK_ID]


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return what is said of something lost."""
    return ir.async_get(hass).async_get_issue(DOMAIN, ISSUE)


async def again(hass: HomeAssistant, entry: MockConfigEntry) -> PackCoordinator:
    """Set the system up anew; return its pack."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    return pack_of(entry)


async def test_what_was_learned_is_known_after_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, hass_storage: dict[str, Any]
) -> None:
    known = teach(pack)
    after = knowledge_of(await again(hass, entry))
    assert after.typical.state[1:] == known.typical.state[1:]
    assert (after.cells, after.resistances) == (known.cells, known.resistances)
    assert hass_storage[KEY]["data"]["packs"].keys() == {PACK_ID}
    assert (hass_storage[KEY]["version"], hass_storage[KEY]["minor_version"]) == (2, 1)
    assert issue(hass) is None


async def test_what_is_learned_is_written_beside_the_loop_as_home_assistant_writes_it(pack: PackCoordinator) -> None:
    """Tuples of numbers are left as they are, for there are thousands; Home Assistant's own writer must take them."""
    teach(pack)
    content = pack._learned._content()
    assert not pack._learned._store._serialize_in_event_loop
    mode, written = prepare_save_json(content, encoder=None)
    assert mode == "wb"
    read = json.loads(written)["packs"][PACK_ID]
    loaded = bms.load_learned(pack.config, bms.start(pack.config), read, now=0.0, gap=0.0)
    assert loaded.estimate.knowledge is not None
    assert loaded.estimate.knowledge.cells == knowledge_of(pack).cells


async def test_it_is_written_by_itself_and_no_oftener_than_said(
    hass: HomeAssistant, pack: PackCoordinator, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = pack._learned
    await ticks(pack)
    due = kept._pending_until
    assert 0 < due - hass.loop.time() <= SAVE_LEARNED
    assert KEY not in hass_storage
    await ticks(pack)
    assert kept._pending_until == due
    monkeypatch.setattr(learned_store, "SAVE_LEARNED", 5 * PERIOD)
    kept._pending_until = 0.0
    await until(lambda: KEY in hass_storage)
    assert hass_storage[KEY]["data"]["packs"][PACK_ID]["rated"] == 280.0


async def test_a_file_that_is_not_there_says_nothing(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert issue(hass) is None
    assert pack_of(entry)._learned.unreadable is None


async def test_a_pack_that_is_silent_keeps_what_was_learned_of_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    hass_storage: dict[str, Any],
) -> None:
    known = teach(pack)
    driver.error = lost()
    await again(hass, entry)
    await again(hass, entry)
    driver.error = None
    assert knowledge_of(pack_of(entry)).cells == known.cells


async def test_the_charge_goes_on_from_the_counters_which_are_written_oftener(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, hass_storage: dict[str, Any]
) -> None:
    teach(pack)
    truth = pack.supervisor.state.estimate.truth
    assert truth is not None
    assert await hass.config_entries.async_unload(entry.entry_id)
    # A hard kill: the counters went on for a quarter of an hour.
    hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["packs"][PACK_ID]["estimate"]["truth"] = truth - 7.0
    await set_up(hass, entry)
    assert 100 * learning.soc(knowledge_of(pack_of(entry))) == pytest.approx(truth - 7.0, abs=0.5)


async def test_without_the_counters_the_charge_is_in_doubt_since_it_was_learned(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    teach(pack)
    doubt = learning.doubt(knowledge_of(pack))
    assert await hass.config_entries.async_unload(entry.entry_id)
    del hass_storage[f"{DOMAIN}.{ENTRY_ID}"]
    freezer.tick(3600.0)
    await set_up(hass, entry)
    assert learning.doubt(knowledge_of(pack_of(entry))) > doubt + 0.05


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        pytest.param({"capacity": 314.0}, 16, id="larger cells"),
        pytest.param({"cells": 15}, 15, id="a cell fewer"),
        pytest.param({"cells": 18}, 16, id="two cells more"),
    ],
)
async def test_a_pack_that_was_rebuilt_keeps_what_still_holds(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    changes: dict[str, Any],
    same: int,
) -> None:
    teach(pack)
    subentry = entry.subentries[PACK_ID]
    driver.cells = [3.30] * changes.get("cells", 16)
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, **changes})
    await hass.async_block_till_done()
    rebuilt = pack_of(entry)
    await ticks(rebuilt)
    known = knowledge_of(rebuilt)
    assert len(known.cells) == len(known.resistances) == rebuilt.config.cells
    assert known.typical.state[1] == pytest.approx(0.123, abs=0.01)
    assert known.cells[WEAK].state[2] == pytest.approx(-0.05, abs=0.001)
    assert [cell.state[2] for cell in known.cells[same:]] == [0.0] * (rebuilt.config.cells - same)
    assert issue(hass) is None


SPOILT = [
    pytest.param({"saved_at": 0.0}, id="keys missing"),
    pytest.param({"saved_at": "yesterday", "packs": {}}, id="no time"),
    pytest.param({"saved_at": 0.0, "packs": ["spoilt"]}, id="packs spoilt"),
    pytest.param({"saved_at": 0.0, "packs": {PACK_ID: ["spoilt"]}}, id="pack spoilt"),
    pytest.param({"saved_at": 0.0, "packs": {PACK_ID: {"format": 0}}}, id="format that never was"),
]


@pytest.mark.parametrize("content", SPOILT)
async def test_content_that_makes_no_sense_is_told_and_takes_no_control_away(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
    content: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await entry.runtime_data.async_allow_control(True)
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[KEY] = {"version": 2, "minor_version": 1, "key": KEY, "data": content}
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.control_allowed
    assert not entry.runtime_data.store.lost
    told = issue(hass)
    assert told is not None
    assert told.severity is ir.IssueSeverity.WARNING
    assert told.is_fixable
    assert told.translation_placeholders is not None
    assert told.translation_placeholders["name"] == "Pack 1"
    assert "What was learned about" in caplog.text
    # It learns anew, and what is new takes the place of what was spoilt.
    again = pack_of(entry)
    await until(lambda: again.latest.estimate.knowledge is not None)
    await again._learned.async_save()
    assert hass_storage[KEY]["data"]["packs"][PACK_ID]["format"] == 1


async def test_what_cannot_be_taken_over_stays_until_there_is_something_new(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, hass_storage: dict[str, Any]
) -> None:
    spoilt = {"format": 0}
    content = {"saved_at": 0.0, "packs": {PACK_ID: spoilt}}
    hass_storage[KEY] = {"version": 2, "minor_version": 1, "key": KEY, "data": content}
    driver.error = lost()
    entry = make_entry(hass)
    await set_up(hass, entry)
    await pack_of(entry)._learned.async_save()
    assert hass_storage[KEY]["data"]["packs"][PACK_ID] == spoilt


async def test_a_file_that_cannot_be_read_is_told_of_every_pack(
    hass: HomeAssistant,
    drivers: list[ScriptedDriver],
    driver: ScriptedDriver,
    scripted: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = "01PACK0000000000000000000B"
    drivers.append(ScriptedDriver("JK-0002"))
    load = Store.async_load

    async def denied(self: Store[Any]) -> Any:
        if self.key == KEY:
            raise HomeAssistantError("permission denied")
        return await load(self)

    monkeypatch.setattr(Store, "async_load", denied)
    await set_up(hass, make_entry(hass, pack_subentry(), pack_subentry(other, "Pack 2", serial_number="JK-0002")))
    issues = ir.async_get(hass).issues
    assert {(DOMAIN, ISSUE), (DOMAIN, f"learned_lost_{other}")} <= issues.keys()
    assert issues[DOMAIN, ISSUE].translation_placeholders == {"name": "Pack 1", "error": "permission denied"}


async def test_a_person_takes_note_and_the_matter_is_closed(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
) -> None:
    pack._issues.async_learned_lost("it is spoilt")
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    answer = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": ISSUE})
    form = await answer.json()
    assert form["description_placeholders"] == {"name": "Pack 1", "error": "it is spoilt"}
    answer = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    assert (await answer.json())["type"] == "create_entry"
    assert issue(hass) is None


async def test_a_removed_system_leaves_nothing_behind(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, hass_storage: dict[str, Any]
) -> None:
    await pack._learned.async_save()
    pack._issues.async_learned_lost("it is spoilt")
    assert KEY in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    assert KEY not in hass_storage
    assert issue(hass) is None
