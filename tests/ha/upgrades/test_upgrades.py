"""What every earlier version has written is read."""

from __future__ import annotations

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.commissioning import Outcome
from custom_components.home_bms.core.leases import Part
from custom_components.home_bms.core.model import ConfigError, Level
from custom_components.home_bms.core.record import RecordError, load
from custom_components.home_bms.packs.transfer import checked
from custom_components.home_bms.store import STORAGE_VERSION, STORAGE_VERSION_MINOR

from ..conftest import ENTRY_ID, PACK_ID, ScriptedDriver
from ..inverter_house import INVERTER_ID
from ..test_services import call
from .house import (
    FOLDER,
    FORMATS,
    GAP,
    KEY,
    LEARNED,
    OTHER_ID,
    Past,
    issues,
    read,
    start,
)

every_format = pytest.mark.parametrize("name", FORMATS)
with_learning = pytest.mark.parametrize("name", FORMATS[2:])


# What is promised to survive.


@every_format
async def test_nothing_is_lost_and_control_stays_as_it_was(hass: HomeAssistant, past: Past) -> None:
    await start(hass, past)
    assert not issues(hass) & {"store_lost", "learned_lost", "learned_too_new", "entry_too_new", "inspections_lost"}
    assert past.data["control_allowed"] is True
    assert past.entry.runtime_data.control_allowed


async def test_control_that_was_off_stays_off(
    hass: HomeAssistant, past: Past, hass_storage: dict[str, Any], drivers: list[ScriptedDriver]
) -> None:
    hass_storage[KEY]["data"]["control_allowed"] = False
    await start(hass, past)
    assert not past.entry.runtime_data.control_allowed
    assert [driver.applied for driver in drivers] == [[], []]


@every_format
async def test_latched_trips_stay_latched(hass: HomeAssistant, past: Past, drivers: list[ScriptedDriver]) -> None:
    await start(hass, past)
    decision = past.pack().latest.decision
    tripped = {alarm.key for alarm in decision.alarms if alarm.level is Level.TRIP}
    assert tripped == set(past.kept(PACK_ID)["trips"]) == {"charge_overtemperature", "discharge_overtemperature"}
    assert (decision.ccl.value, decision.dcl.value) == (0, 0)
    assert not decision.charge_permitted
    assert not drivers[0].switches.charge
    assert not any(alarm.level is Level.TRIP for alarm in past.pack(OTHER_ID).latest.decision.alarms)


@every_format
@pytest.mark.parametrize("pack_id", [PACK_ID, OTHER_ID])
async def test_counters_and_charge_go_on(hass: HomeAssistant, past: Past, pack_id: str) -> None:
    await start(hass, past)
    before, after = past.kept(pack_id)["estimate"], past.pack(pack_id).latest.estimate
    for counter in ("charge_in", "charge_out", "energy_in", "energy_out"):
        assert before[counter] > 0
        assert getattr(after, counter) == pytest.approx(before[counter], rel=1e-3)
    assert after.soc == pytest.approx(before["soc"], abs=0.1)


@every_format
async def test_wishes_and_leases_go_on_with_what_is_left_of_them(hass: HomeAssistant, past: Past) -> None:
    await start(hass, past)
    wishes = past.pack(OTHER_ID).latest.wishes
    assert (wishes.charge_current_cap, wishes.leased_charge_current) == (42, 30)
    assert wishes.lease_until is not None
    left = wishes.lease_until - hass.loop.time()
    assert left == pytest.approx(past.kept(OTHER_ID)["wishes"]["lease_until"] - GAP, abs=30)
    assert past.pack().config.soc_min == 12


@every_format
async def test_every_entity_is_who_it_was(hass: HomeAssistant, past: Past) -> None:
    await start(hass, past)
    registry = er.async_get(hass)
    for platform, known in past.entities.items():
        for unique_id, entity_id in known.items():
            assert registry.async_get_entity_id(platform, DOMAIN, unique_id) == f"{platform}.{entity_id}"
            state = hass.states.get(f"{platform}.{entity_id}")
            assert state is not None, entity_id
            # Home Assistant shows what nobody provides any more as restored.
            assert "restored" not in state.attributes, entity_id


@every_format
async def test_the_file_is_this_versions_from_then_on(
    hass: HomeAssistant, past: Past, hass_storage: dict[str, Any]
) -> None:
    await start(hass, past)
    assert await hass.config_entries.async_unload(ENTRY_ID)
    now = hass_storage[KEY]
    assert (now["version"], now["minor_version"]) == (STORAGE_VERSION, STORAGE_VERSION_MINOR)
    assert now["data"]["packs"][PACK_ID]["trips"].keys() == past.kept(PACK_ID)["trips"].keys()
    assert not {"full", "empty"} & now["data"]["packs"][PACK_ID]["estimate"].keys()
    assert past.entry.subentries[PACK_ID].unique_id == "JK-0001"
    # What this version has written it reads again.
    await start(hass, past)
    assert past.entry.runtime_data.control_allowed
    assert past.pack(OTHER_ID).latest.wishes.charge_current_cap == 42


@with_learning
async def test_what_took_weeks_to_learn_is_known(hass: HomeAssistant, past: Past) -> None:
    await start(hass, past)
    known = past.pack(OTHER_ID).latest.estimate.knowledge
    assert known is not None
    # What the lesson of the fixture had put there: the shunt's offset, cell 3 that is weak, and 1.5 Ah from each cell.
    assert known.typical.state[1] == pytest.approx(0.123, abs=0.01)
    assert known.cells[2].state[2] == pytest.approx(-0.05, abs=0.001)
    assert past.pack(OTHER_ID).latest.balance.budget.charge == pytest.approx((1.5,) * 10, abs=0.01)


@pytest.mark.parametrize("name", FORMATS[3:])
async def test_leases_of_the_whole_battery_and_what_an_inverter_had_are_known(
    hass: HomeAssistant, past: Past, hass_storage: dict[str, Any]
) -> None:
    await start(hass, past)
    system = past.entry.runtime_data.system
    assert {lease.owner: lease.reserve for lease in system.leases.book.leases}["Storm"] == 35
    # Where the battery rests as well, that keeps a little more.
    assert system.leases.in_force.claims[Part.RESERVE].value in (35, 40)
    part = f"inverter_{INVERTER_ID}"
    found = {name: row["found"] for name, row in past.data["system"][part]["memory"]["leases"].items()}
    kept = hass_storage[KEY]["data"]["system"][part]["memory"]["leases"]
    assert {name: kept[name]["found"] for name in found} == found


async def test_storage_inspections_commissioning_and_changes_are_known(hass: HomeAssistant, past: Past) -> None:
    await start(hass, past)
    runtime, pack = past.entry.runtime_data, past.pack(OTHER_ID)
    assert runtime.system.storage.state.rest is not None
    assert [record.note for record in runtime.inspections.book[f"{PACK_ID}/look"].records] == ["Nothing loose"]
    assert pack.commissioning.record.by == "Ada"
    assert {result.outcome for result in pack.commissioning.record.results.values()} == {Outcome.SKIPPED}
    first = pack.changes.log.changes[0]
    assert (first.before, first.after) == ("15.30", "15.31")


# Files that people keep.


@pytest.mark.parametrize("name", ["learned", "several", "rooms"])
def test_black_boxes_are_read(name: str) -> None:
    recording = load((FOLDER / name / "black_box.jsonl.gz").read_bytes())
    assert "charge_overtemperature" in {trigger.alarm.key for trigger in recording.header.triggers}
    assert len(recording.ticks) > 10


def test_a_black_box_of_before_is_refused_with_words() -> None:
    with pytest.raises(RecordError, match="format 1 is not known here, only 2"):
        load((FOLDER / "protections" / "black_box.jsonl.gz").read_bytes())


def test_a_pack_document_is_read_and_a_newer_one_is_refused() -> None:
    document = read("rooms", "pack.json")["pack"]
    assert checked(document)["capacity"] == 280
    for field, value, key in (("version", 2, "import_version"), ("data", {"aura": 1}, "import_unknown")):
        with pytest.raises(ConfigError) as refused:
            checked({**document, field: value})
        assert refused.value.key == key


@with_learning
async def test_learning_that_was_exported_is_imported_and_a_newer_one_refused(
    hass: HomeAssistant, past: Past, hass_storage: dict[str, Any], name: str
) -> None:
    learned = hass_storage.pop(LEARNED)["data"]["packs"][OTHER_ID]
    await start(hass, past)
    await call(hass, "import_learned", OTHER_ID, learned=learned)
    known = past.pack(OTHER_ID).latest.estimate.knowledge
    assert known is not None
    assert known.cells[2].state[2] == pytest.approx(-0.05, abs=0.001)
    with pytest.raises(ServiceValidationError):
        await call(hass, "import_learned", OTHER_ID, learned={**learned, "format": 2})
