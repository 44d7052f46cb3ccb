"""Inspections come round: due in the to-do list, told as an event, called for by a repair, done, and due again."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import pytest
from homeassistant.auth.models import Group
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.data_entry_flow import InvalidData
from homeassistant.exceptions import ServiceNotSupported, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.battery import Kind
from custom_components.home_bms.core.inspection_table import INSPECTIONS
from custom_components.home_bms.core.model import Alarm, Flow, Level, Reason
from custom_components.home_bms.diagnostics import async_get_config_entry_diagnostics
from custom_components.home_bms.inspections.repair import InspectionRepairFlow
from custom_components.home_bms.inspections.words import sensor_name

from .blueprint_house import Wall
from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, make_entry, pack_subentry, set_up, ticks, until
from .entities import everything_is_news, state_of
from .inspection_house import DUE, EVENT, LIST, NEXT, Calendar, items, update
from .lessons import finding, live, teach
from .test_repairs import fix
from .test_services import answer, call, device_id

BEGAN: Final = date(2027, 3, 1)
TRIP: Final = Alarm(key="cell_overvoltage", level=Level.TRIP, flow=Flow.CHARGE, reason=Reason(rule="cell_overvoltage"))
LOOK: Final = f"{PACK_ID}/look"
TORQUE: Final = f"{PACK_ID}/torque"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.EVENT, Platform.SENSOR, Platform.TODO]


@pytest.fixture
async def wall(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Wall:
    """Return the clock on the wall, at the beginning."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    everything_is_news(monkeypatch)
    wall = Wall(hass, monkeypatch)
    wall.move_to(wall.utcnow().replace(year=BEGAN.year, month=BEGAN.month, day=BEGAN.day, hour=12))
    return wall


@pytest.fixture
async def calendar(hass: HomeAssistant, wall: Wall, entry: MockConfigEntry) -> Calendar:
    """Return the calendar of a system that was set up on the first of March."""
    return Calendar(hass, entry, wall)


@pytest.fixture
async def erna(hass: HomeAssistant) -> Context:
    """Return the context of a user who is no administrator."""
    user = MockUser(id="erna", name="Erna", groups=[await _group(hass, "system-users")]).add_to_hass(hass)
    return Context(user_id=user.id)


async def test_the_calendar_is_looked_at_where_nobody_looks(
    hass: HomeAssistant, calendar: Calendar, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = calendar.entry.runtime_data.inspections
    looked: list[bool] = []
    monkeypatch.setattr(
        keeper, "async_judge", lambda: looked.append(threading.current_thread() is threading.main_thread())
    )
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=11))
    await hass.async_block_till_done()
    assert looked == [True], "in Home Assistant's own thread"


async def _group(hass: HomeAssistant, group_id: str) -> Group:
    group = await hass.auth.async_get_group(group_id)
    assert group is not None
    return group


def overdue(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the repairs for what is overdue, by place."""
    found = ir.async_get(hass).issues.items()
    return {
        key.removeprefix("inspection_overdue_").removesuffix(f"_{ENTRY_ID}"): issue
        for (domain, key), issue in found
        if domain == DOMAIN and key.startswith("inspection_overdue_")
    }


async def test_a_year_of_a_new_battery(hass: HomeAssistant, calendar: Calendar, erna: Context) -> None:
    """At first nothing is to be done; then it comes, is due, is called for, is done, and comes again."""
    assert await items(hass) == {}
    assert (state_of(hass, LIST), state_of(hass, DUE)) == ("0", "0")
    due = BEGAN + timedelta(days=182)
    assert state_of(hass, NEXT) == due.isoformat()

    await calendar.turn_to(due - timedelta(days=30))
    coming = (await items(hass))[LOOK]
    assert (coming["summary"], coming["due"]) == ("Look at the pack (Pack 1)", due.isoformat())
    assert "swollen cells" in coming["description"]
    assert "planned since 2027-03-01" in coming["description"]
    assert state_of(hass, DUE) == "0"
    assert state_of(hass, EVENT) == "unknown"

    await calendar.turn_to(due)
    assert state_of(hass, DUE) == "1"
    event = hass.states.get(EVENT)
    assert event is not None
    assert event.attributes["event_type"] == "due"
    assert (event.attributes["item"], event.attributes["about"]) == ("look", "Pack 1")
    assert overdue(hass) == {}, "nobody is called on the very day"

    await calendar.turn_to(due + timedelta(days=14))
    issue = overdue(hass)[LOOK]
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["inspection"] == "Look at the pack"
    assert "swollen cells" in issue.translation_placeholders["how"]
    waiting = hass.states.get(DUE)
    assert waiting is not None
    assert [(row["item"], row["overdue"]) for row in waiting.attributes["items"]] == [("look", True)]

    await update(hass, LOOK, erna, status="completed")
    assert overdue(hass) == {}
    assert (await items(hass))[LOOK]["status"] == "completed"
    assert state_of(hass, DUE) == "0"
    event = hass.states.get(EVENT)
    assert event is not None
    assert (event.attributes["event_type"], event.attributes["by"]) == ("done", "Erna")
    (record,) = await records(hass, "look")
    assert (record["done"], record["by"]) == ((due + timedelta(days=14)).isoformat(), "Erna")

    await calendar.turn_to(due + timedelta(days=22))
    assert LOOK not in await items(hass), "what is done leaves the list after a week"
    await calendar.turn_to(due + timedelta(days=14 + 182))
    assert (await items(hass))[LOOK]["status"] == "needs_action"


async def records(hass: HomeAssistant, key: str) -> list[dict[str, Any]]:
    """Return what was done of an inspection, the newest first."""
    told = await answer(hass, "get_inspections", ENTRY_ID)
    (found,) = [row for row in told["history"] if row["item"] == key]
    rows: list[dict[str, Any]] = found["records"]
    return rows


async def test_what_was_ticked_by_mistake_is_reopened_and_stays_in_the_history(
    hass: HomeAssistant, calendar: Calendar
) -> None:
    due = BEGAN + timedelta(days=182)
    await calendar.turn_to(due)
    await update(hass, LOOK, status="completed")
    assert (await items(hass))[LOOK]["status"] == "completed"
    await update(hass, LOOK, status="needs_action")
    again = (await items(hass))[LOOK]
    assert (again["status"], again["due"]) == ("needs_action", due.isoformat())
    (record,) = await records(hass, "look")
    assert record["withdrawn"]
    assert record["by"] is None


async def test_the_due_day_of_the_list_puts_off_within_bounds(hass: HomeAssistant, calendar: Calendar) -> None:
    due = BEGAN + timedelta(days=365)
    await calendar.turn_to(due)
    later = due + timedelta(days=30)
    await update(hass, TORQUE, due_date=later.isoformat())
    assert (await items(hass))[TORQUE]["due"] == later.isoformat()
    assert f"Put off until {later}" in (await items(hass))[TORQUE]["description"]
    event = hass.states.get(EVENT)
    assert event is not None
    assert event.attributes["event_type"] == "postponed"
    with pytest.raises(ServiceValidationError, match=f"until cannot be {later + timedelta(days=1)}"):
        await update(hass, TORQUE, due_date=(later + timedelta(days=1)).isoformat())
    await calendar.turn_to(later)
    await call(hass, "postpone_inspection", ENTRY_ID, item="fuses", until=later + timedelta(days=7))
    assert (await items(hass))["fuses"]["due"] == (later + timedelta(days=7)).isoformat()
    with pytest.raises(ServiceValidationError, match="30 days are the most"):
        await call(hass, "postpone_inspection", item="torque", until=later + timedelta(days=7))


async def test_the_list_is_the_plans_nobody_writes_in_it(hass: HomeAssistant, calendar: Calendar) -> None:
    await calendar.turn_to(BEGAN + timedelta(days=182))
    with pytest.raises(ServiceValidationError, match="come from the plan"):
        await update(hass, LOOK, rename="Something else")
    for action, data in (("add_item", {"item": "Mine"}), ("remove_item", {"item": [LOOK]})):
        with pytest.raises(ServiceNotSupported):
            await hass.services.async_call("todo", action, {"entity_id": LIST, **data}, blocking=True)
    # A date alone that is the same, or taken away, moves nothing.
    before = await items(hass)
    await update(hass, LOOK, due_date=before[LOOK]["due"])
    await update(hass, LOOK, due_date=None)
    assert await items(hass) == before


async def test_nothing_is_told_twice_nor_forgotten_over_restarts(
    hass: HomeAssistant, calendar: Calendar, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    due = BEGAN + timedelta(days=182)
    await calendar.turn_to(due)
    told = hass.states.get(EVENT)
    await call(hass, "inspection_done", item="torque", note="all tight", value=6.0, when=BEGAN + timedelta(days=100))
    kept = hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["system"]["inspections"]
    assert kept["version"] == 1
    assert kept["book"][TORQUE]["records"][0]["note"] == "all tight", "on the disk at once"
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, DUE) == "1"
    again = hass.states.get(EVENT)
    assert told is not None
    assert again is not None
    # An event entity restores its last event: it has told nothing new of what is due.
    assert again.attributes["event_type"] == "done"
    (record,) = await records(hass, "torque")
    assert (record["value"], record["unit"], record["done"]) == (6.0, "N·m", "2027-06-09")
    assert record["serial_number"] == "JK-0001"


async def test_another_pack_in_the_same_place_begins_anew_with_the_history_kept(
    hass: HomeAssistant, calendar: Calendar, entry: MockConfigEntry, driver: ScriptedDriver
) -> None:
    await calendar.turn_to(BEGAN + timedelta(days=300))
    await call(hass, "inspection_done", item="torque")
    subentry = entry.subentries[PACK_ID]
    driver.identity = ScriptedDriver("JK-9999").identity
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "serial_number": "JK-9999"})
    await hass.async_block_till_done()
    await calendar.turn_to(BEGAN + timedelta(days=301))
    item = calendar.keeper.find(TORQUE)
    assert item is not None
    assert item.last is None
    assert item.due == (BEGAN + timedelta(days=300 + 365)).toordinal()
    (record,) = await records(hass, "torque")
    assert record["serial_number"] == "JK-0001"


async def test_what_cannot_be_is_refused_with_what_can(hass: HomeAssistant, calendar: Calendar) -> None:
    for data, words in (
        ({"item": "torque", "value": 500}, "value cannot be 500.0; permitted is 0.5 to 200.0"),
        (
            {"item": "look", "when": date(2027, 3, 2)},
            "when cannot be 2027-03-02; permitted is 2017-03-03 to 2027-03-01",
        ),
        ({"item": "look", "note": "x" * 501}, "note has 501 letters; permitted are 500"),
        ({"item": "contactor_exercise"}, "“Exercise of the contactor” does not apply"),
    ):
        with pytest.raises(ServiceValidationError, match=words.replace("(", r"\(")):
            await call(hass, "inspection_done", **data)
    with pytest.raises(ServiceValidationError, match="nothing is due"):
        await call(hass, "postpone_inspection", item="cells", until=date(2027, 4, 1))


async def test_several_packs_are_told_apart(
    hass: HomeAssistant, wall: Wall, drivers: list[ScriptedDriver], driver: ScriptedDriver, scripted: None
) -> None:
    drivers.append(ScriptedDriver("JK-0002"))
    other = "01PACK0000000000000000000B"
    entry = make_entry(hass, pack_subentry(), pack_subentry(other, "Garage", serial_number="JK-0002"))
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError, match="one pack"):
        await call(hass, "inspection_done", ENTRY_ID, item="look")
    await call(hass, "inspection_done", other, item="look")
    await call(hass, "inspection_done", other, item="fuses")
    told = await answer(hass, "get_inspections", other)
    assert {row["about"] for row in told["inspections"]} == {"Garage"}
    whole = await answer(hass, "get_inspections", ENTRY_ID)
    assert {row["about"] for row in whole["inspections"]} == {"Garage", "Pack 1", "Home battery"}
    done = {(row["item"], row["pack"]) for row in whole["history"] if row["records"]}
    assert done == {("look", other), ("fuses", None)}


async def test_whoever_may_not_use_the_list_may_not_use_the_actions(
    hass: HomeAssistant, calendar: Calendar, erna: Context
) -> None:
    reader = MockUser(id="reader", name="Reader", groups=[await _group(hass, "system-read-only")]).add_to_hass(hass)
    for context, error in ((Context(user_id=reader.id), Unauthorized), (Context(user_id="nobody"), UnknownUser)):
        with pytest.raises(error):
            await hass.services.async_call(
                DOMAIN,
                "inspection_done",
                {"device_id": device_id(hass, PACK_ID), "item": "look"},
                blocking=True,
                context=context,
            )
    assert await records(hass, "look") == []
    await hass.services.async_call(
        DOMAIN, "inspection_done", {"device_id": device_id(hass, PACK_ID), "item": "look"}, blocking=True, context=erna
    )
    (record,) = await records(hass, "look")
    assert record["by"] == "Erna"


# --- what the pack itself calls for ----------------------------------------------------------------------------------


async def test_a_weak_cell_is_an_inspection_at_once_with_its_numbers_until_somebody_has_looked(
    hass: HomeAssistant, calendar: Calendar, pack: PackCoordinator
) -> None:
    weak = finding(Kind.WEAK_CELL, 2, 20.0, 10.0)
    teach(pack, findings=(weak,))
    await until(lambda: state_of(hass, DUE) == "1")
    cells = (await items(hass))[f"{PACK_ID}/cells"]
    assert cells["due"] == BEGAN.isoformat()
    assert "Cell 3 holds 20.0 Ah less than the middle one (from 10.0 Ah), since 2027-03-01." in cells["description"]
    told = await answer(hass, "get_inspections")
    (row,) = [row for row in told["inspections"] if row["item"] == "cells"]
    assert row["evidence"] == [
        {
            "condition": "weak_cell",
            "cell": 3,
            "sensor": None,
            "value": 20.0,
            "threshold": 10.0,
            "unit": "Ah",
            "since": "2027-03-01",
        }
    ]
    await calendar.turn_to(BEGAN + timedelta(days=60))
    assert state_of(hass, DUE) == "1"
    assert overdue(hass) == {}, "the finding is a repair of its own"
    await call(hass, "inspection_done", item="cells", note="Will be replaced in summer", value=260)
    assert state_of(hass, DUE) == "0"
    await calendar.turn_to(BEGAN + timedelta(days=90))
    assert state_of(hass, DUE) == "0", "who has looked is not told each day"
    teach(pack, findings=(replace(weak, value=31.0),))
    await until(lambda: state_of(hass, DUE) == "1")


async def test_a_pack_that_was_not_full_for_long_is_called_for_and_lets_go_by_itself(
    hass: HomeAssistant, calendar: Calendar, pack: PackCoordinator
) -> None:
    place = f"{PACK_ID}/full_charge"
    live(pack, since_full=40 * 86400.0)
    await ticks(pack)
    await calendar.turn_to(BEGAN)
    assert "not full for 40 days" in (await items(hass))[place]["description"]
    await calendar.turn_to(BEGAN + timedelta(days=14))
    assert place in overdue(hass)
    live(pack, since_full=0.0)
    await ticks(pack)
    await calendar.turn_to(BEGAN + timedelta(days=15))
    assert place not in await items(hass)
    assert place not in overdue(hass)


async def test_new_firmware_calls_for_a_look_at_the_settings(
    hass: HomeAssistant, calendar: Calendar, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await calendar.turn_to(BEGAN)
    assert f"{PACK_ID}/settings" not in await items(hass)
    pack.async_identified(replace(driver.identity, firmware="15.41"))
    await calendar.turn_to(BEGAN + timedelta(days=1))
    assert "firmware" in (await items(hass))[f"{PACK_ID}/settings"]["description"]


async def test_trips_are_counted_at_the_tick_in_which_they_happen(
    hass: HomeAssistant, calendar: Calendar, pack: PackCoordinator
) -> None:
    await ticks(pack)
    for _ in range(3):
        before = calendar.keeper.upkeep(PACK_ID).trips
        pack.async_judged(replace(pack.latest, decision=replace(pack.latest.decision, alarms=(TRIP,))))
        assert calendar.keeper.upkeep(PACK_ID).trips == before + 1
        pack.async_judged(replace(pack.latest, decision=replace(pack.latest.decision, alarms=())))
    assert "tripped 3 times" in (await items(hass))[f"{PACK_ID}/trips"]["description"]


@pytest.mark.parametrize(
    ("sensor", "name"),
    [
        ("cell_7", "the sensor of cell 7"),
        ("temperature_2", "temperature sensor 2"),
        ("current", "the current sensor"),
        ("switch_temperature", "the temperature sensor of the switches"),
        (None, "an unknown sensor"),
        ("something_new", "something_new"),
    ],
)
async def test_a_sensor_is_called_by_its_name(
    hass: HomeAssistant, calendar: Calendar, sensor: str | None, name: str
) -> None:
    assert sensor_name(hass, sensor) == name


# --- repairs ---------------------------------------------------------------------------------------------------------


async def test_a_repair_asks_for_a_note_and_a_value_and_is_over(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, socket_enabled: None, calendar: Calendar
) -> None:
    await calendar.turn_to(BEGAN + timedelta(days=365 + 14))
    issue_id = f"inspection_overdue_{TORQUE}_{ENTRY_ID}"
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    answered = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id})
    form = await answered.json()
    assert [field["name"] for field in form["data_schema"]] == ["note", "value"]
    assert form["description_placeholders"]["inspection"] == "Torque of the joints"
    address = f"/api/repairs/issues/fix/{form['flow_id']}"
    again = await (await client.post(address, json={"note": "x" * 501})).json()
    assert again["errors"] == {"note": "too_long"}
    assert again["description_placeholders"]["maximum"] == "500"
    done = await (await client.post(address, json={"note": "one was loose", "value": 6.5})).json()
    assert done["type"] == "create_entry"
    assert TORQUE not in overdue(hass)
    (record,) = await records(hass, "torque")
    assert (record["note"], record["value"], record["unit"]) == ("one was loose", 6.5, "N·m")
    assert record["by"] == "Mock User"


async def test_a_repair_of_what_is_left_out_by_then_is_over(hass: HomeAssistant, calendar: Calendar) -> None:
    flow = InspectionRepairFlow(calendar.entry, "gone")
    flow.hass = hass
    result = await flow.async_step_init()
    assert (result["type"], result["reason"]) == ("abort", "not_planned")
    flow = InspectionRepairFlow(calendar.entry, "fuses")
    flow.hass = hass
    form = await flow.async_step_init()
    assert form["data_schema"] is not None
    assert [str(field) for field in form["data_schema"].schema] == ["note"]
    assert (await flow.async_step_confirm({}))["type"] == "create_entry"
    (record,) = await records(hass, "fuses")
    assert record["by"] is None, "nobody clicked"


# --- what must not be lost -------------------------------------------------------------------------------------------


async def test_what_cannot_be_read_is_kept_told_and_takes_no_control_away(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    calendar: Calendar,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    await call(hass, "inspection_done", item="torque")
    assert await hass.config_entries.async_unload(entry.entry_id)
    stored = hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["system"]["inspections"]
    stored["version"] = 99
    stored = json.loads(json.dumps(stored))
    await set_up(hass, entry)
    runtime = entry.runtime_data
    assert not runtime.store.lost
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"inspections_lost_{ENTRY_ID}") is not None
    assert calendar.keeper.find(TORQUE).last is None
    for _ in range(2):
        await runtime.store.async_save()
        kept = hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["system"]["inspections"]
        assert kept["unreadable"] == stored
        assert kept["version"] == 1
        assert await hass.config_entries.async_reload(entry.entry_id)
        runtime = entry.runtime_data
    await fix(hass, hass_client, f"inspections_lost_{ENTRY_ID}")
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"inspections_lost_{ENTRY_ID}") is None


async def test_diagnostics_hold_the_plan_and_the_history_but_no_names(
    hass: HomeAssistant, calendar: Calendar, entry: MockConfigEntry, erna: Context
) -> None:
    await update_done(hass, erna)
    told = (await async_get_config_entry_diagnostics(hass, entry))["inspections"]
    (row,) = [row for row in told["history"] if row["item"] == "fuses"]
    assert row["records"][0]["done"] == BEGAN.isoformat()
    assert {row["item"] for row in told["inspections"]} == {
        key for key, each in INSPECTIONS.items() if not each.contactor
    }
    assert "Erna" not in json.dumps(told)
    assert "JK-0001" not in json.dumps(told)


async def update_done(hass: HomeAssistant, context: Context) -> None:
    data = {"device_id": device_id(hass, PACK_ID), "item": "fuses", "note": "Erna was here"}
    await hass.services.async_call(DOMAIN, "inspection_done", data, blocking=True, context=context)


async def test_a_clock_that_is_set_back_makes_nothing_due(hass: HomeAssistant, calendar: Calendar) -> None:
    await calendar.turn_to(BEGAN + timedelta(days=190))
    await call(hass, "inspection_done", item="look")
    for day in (BEGAN + timedelta(days=170), date(1970, 1, 2), date(2026, 3, 1)):
        await calendar.turn_to(day)
        assert [uid for uid, item in (await items(hass)).items() if item["status"] == "needs_action"] == [], day
        assert state_of(hass, DUE) == "0", day
        assert overdue(hass) == {}, day
    await calendar.turn_to(BEGAN + timedelta(days=191))
    item = calendar.keeper.find(LOOK)
    assert item is not None
    assert item.due == (BEGAN + timedelta(days=190 + 182)).toordinal()


# --- options ---------------------------------------------------------------------------------------------------------


async def test_what_applies_and_how_often_is_the_users(
    hass: HomeAssistant, calendar: Calendar, entry: MockConfigEntry
) -> None:
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert "inspections" in menu["menu_options"]
    form = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "inspections"})
    fields = {str(field): field.description["suggested_value"] for field in form["data_schema"].schema}
    assert fields["left_out"] == ["contactor_exercise", "contactor_wear"]
    assert fields["every_torque"] == 365
    chosen = {**fields, "left_out": ["smoke_detector"], "every_torque": 100}
    done = await hass.config_entries.options.async_configure(form["flow_id"], chosen)
    assert done["data"]["inspections"] == {"left_out": ["smoke_detector"], "every": {"torque": 100}}
    await hass.async_block_till_done()
    assert calendar.keeper.find("smoke_detector") is None
    assert calendar.keeper.find(f"{PACK_ID}/contactor_exercise") is not None
    torque = calendar.keeper.find(TORQUE)
    assert torque is not None
    assert torque.due == (BEGAN + timedelta(days=100)).toordinal()
    again = await hass.config_entries.options.async_init(entry.entry_id)
    form = await hass.config_entries.options.async_configure(again["flow_id"], {"next_step_id": "inspections"})
    fields = {str(field): field.description["suggested_value"] for field in form["data_schema"].schema}
    assert (fields["left_out"], fields["every_torque"]) == (["smoke_detector"], 100)


async def test_an_interval_out_of_bounds_is_refused(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    form = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "inspections"})
    with pytest.raises(InvalidData) as err:
        await hass.config_entries.options.async_configure(form["flow_id"], {"left_out": [], "every_torque": 6})
    assert "every_torque" in err.value.schema_errors


async def test_the_list_speaks_german_where_home_assistant_does(
    hass: HomeAssistant, wall: Wall, driver: ScriptedDriver, scripted: None
) -> None:
    hass.config.language = "de"
    entry = make_entry(hass)
    await set_up(hass, entry)
    await Calendar(hass, entry, wall).turn_to(BEGAN + timedelta(days=182))
    look = (await items(hass, "todo.home_battery_prufungen"))[LOOK]
    assert look["summary"] == "Sichtprüfung des Packs (Pack 1)"
    assert "Noch nie erledigt" in look["description"]
