"""The blueprints that care for a battery do what they promise, with a pack that tells by itself what is the matter."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final

import pytest
from homeassistant.components.blueprint.importer import fetch_blueprint_from_url
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.battery import Finding, Kind

from ..blueprint_house import FOLDER, Wall, gathers, inject, use
from ..conftest import ENTRY_ID, PACK_ID, ScriptedDriver, ticks, until
from ..entities import show, state_of
from ..inspection_house import DUE
from ..inspection_house import EVENT as INSPECTION
from ..lessons import live, teach
from ..test_services import call as call_action
from ..test_services import device_id

ALL: Final = sorted(FOLDER.glob("*.yaml"))
EVENT: Final = "event.pack_1_protection"
HIGHEST: Final = "sensor.pack_1_highest_temperature"
SINCE_FULL: Final = "sensor.pack_1_time_since_full"
FINDING: Final = "binary_sensor.pack_1_finding"
QUALITY: Final = "sensor.pack_1_data_quality"
FAN: Final = "input_boolean.fan"
TELL: Final = [{"action": "test.tell", "data": {"message": "{{ message }}"}}]


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.BINARY_SENSOR, Platform.EVENT, Platform.NUMBER, Platform.SENSOR, Platform.TODO]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
async def test_every_blueprint_is_imported_from_its_address(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, path: Path
) -> None:
    text = await hass.async_add_executor_job(path.read_text)
    where = f"main/blueprints/automation/home_bms/{path.name}"
    aioclient_mock.get(f"https://raw.githubusercontent.com/home-bms/home_bms/{where}", text=text)
    imported = await fetch_blueprint_from_url(hass, f"https://github.com/home-bms/home_bms/blob/{where}")
    assert imported.blueprint.domain == "automation"
    assert imported.blueprint.validate() is None
    assert imported.blueprint.name.startswith("Home BMS - ")
    assert imported.blueprint.metadata["homeassistant"]["min_version"] == "2026.10.0"
    assert imported.blueprint.metadata["description"]


def test_every_blueprint_is_in_the_readme() -> None:
    readme = (FOLDER.parents[2] / "README.md").read_text()
    assert [path.name for path in ALL if f"(blueprints/automation/home_bms/{path.name})" not in readme] == []


# --- a hot battery ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def cooled(hass: HomeAssistant, virtual: PackCoordinator, news: None) -> PackCoordinator:
    """Return a virtual pack with a fan."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"fan": {}}})
    return virtual


async def test_a_hot_cell_starts_the_fan_and_is_told_and_the_fan_ends_once_it_is_cool_and_quiet(
    hass: HomeAssistant, cooled: PackCoordinator, wall: Wall
) -> None:
    told = async_mock_service(hass, "test", "tell")
    # The threshold is out of reach: it is the event that starts the fan.
    inputs = {"temperatures": [HIGHEST], "fans": [FAN], "cool_from": 150, "cool_until": 50}
    await use(hass, "overtemperature", protection_event=[EVENT], then=TELL, **inputs)
    assert state_of(hass, FAN) == "off"
    await inject(hass, "hot_cell_now", 57, cell=3)
    await until(lambda: told)
    await hass.async_block_till_done()
    assert state_of(hass, FAN) == "on"
    assert all(call.data["message"].startswith("Pack 1: ") for call in told)
    assert any("°C" in call.data["message"] for call in told)

    await hass.services.async_call(DOMAIN, "clear_faults", {"device_id": device_id(hass, PACK_ID)}, blocking=True)
    await until(lambda: (cooled.latest.believed.temperature_max or 99) < 45)
    await show(hass, cooled)
    await wall.strikes(5)
    assert state_of(hass, FAN) == "on", "a protection has said something just now"
    heard = len(told)
    await wall.passes(timedelta(minutes=16))
    assert state_of(hass, FAN) == "off"
    assert len(told) == heard, "that it is cool again calls nobody"


async def test_a_warm_pack_starts_the_fan_before_any_protection_and_an_unknown_one_does_not_end_it(
    hass: HomeAssistant, wall: Wall, cooled: PackCoordinator
) -> None:
    told = async_mock_service(hass, "test", "tell")
    await show(hass, cooled)
    inputs = {"temperatures": [HIGHEST], "fans": [FAN], "cool_from": 10, "cool_until": 5}
    await use(hass, "overtemperature", protection_event=[EVENT], then=TELL, **inputs)
    await wall.strikes(5)
    assert state_of(hass, FAN) == "on"
    assert told == []
    hass.states.async_set(HIGHEST, "unavailable")
    await wall.strikes(5)
    assert state_of(hass, FAN) == "on"


# --- told by severity ------------------------------------------------------------------------------------------------


async def test_a_real_protection_is_told_as_loudly_as_it_deserves(
    hass: HomeAssistant, virtual: PackCoordinator
) -> None:
    told = async_mock_service(hass, "test", "tell")
    siren = async_mock_service(hass, "test", "siren")
    say = [{"action": "test.tell", "data": {"message": "{{ message }}", "severity": "{{ severity }}"}}]
    await use(hass, "notify_protection", protection_event=[EVENT], then=say, loudest=[{"action": "test.siren"}])
    await inject(hass, "hot_cell_now", 57, cell=3)
    await until(lambda: siren)
    await hass.async_block_till_done()
    assert told[-1].data["severity"] == "critical"
    assert told[-1].data["message"].startswith("Pack 1: ")


# --- maintenance -----------------------------------------------------------------------------------------------------

A_MINUTE: Final = timedelta(seconds=61)
WEAK: Final = Finding(kind=Kind.WEAK_CELL, cell=2, since=0.0, value=20.0, threshold=10.0, confidence=1.0)


@pytest.fixture
async def known(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver, news: None
) -> PackCoordinator:
    """Return a pack that has been learned, with nothing found."""
    teach(pack, findings=())
    await show(hass, pack)
    assert state_of(hass, FINDING) == "off"
    return pack


async def test_what_is_found_is_told_once_with_all_else_that_is_due(
    hass: HomeAssistant, known: PackCoordinator, wall: Wall
) -> None:
    told = async_mock_service(hass, "test", "tell")
    await use(
        hass,
        "maintenance_due",
        findings=[FINDING],
        since_full=[SINCE_FULL],
        quality=[QUALITY],
        then=TELL,
    )
    live(known, since_full=40 * 86400.0)
    await show(hass, known)
    teach(known, findings=(WEAK,))
    await ticks(known)
    known.async_set_updated_data(known.latest)
    await until(lambda: gathers(hass))
    assert state_of(hass, FINDING) == "on"
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"finding_weak_cell_3_{PACK_ID}") is not None
    assert told == [], "a finding and its repair come together, and are told together"
    await wall.passes(A_MINUTE)
    (message,) = [call.data["message"] for call in told]
    assert message.splitlines() == [
        "Pack 1: weak cell (cell 3)",
        "Pack 1: not full for 40 days",
        "Open repairs of Home BMS: 1",
    ]


async def test_an_inspection_is_told_when_it_becomes_due_and_reminded_of_until_it_is_done(
    hass: HomeAssistant, entry: MockConfigEntry, known: PackCoordinator, wall: Wall
) -> None:
    told = async_mock_service(hass, "test", "tell")
    # The plan began on the day of the zone in which the system was set up, which may be the one before.
    day = dt_util.now().date() + timedelta(days=182)
    await hass.config.async_set_time_zone("UTC")
    inputs = {"findings": [FINDING], "inspections": [DUE], "inspection_event": [INSPECTION]}
    await use(hass, "maintenance_due", weekdays=["sat"], then=TELL, repairs=False, **inputs)
    wall.move_to(datetime.combine(day, time(12), UTC))
    entry.runtime_data.inspections.async_judge()
    await until(lambda: gathers(hass))
    await wall.passes(A_MINUTE)
    line = f"Pack 1: Look at the pack (due since {day})"
    assert [call.data["message"] for call in told] == [line]
    hass.states.async_set(INSPECTION, "unavailable")
    await entry.runtime_data.inspections.async_postpone(
        entry.runtime_data.inspections.find(f"{PACK_ID}/look"), day + timedelta(days=1)
    )
    await wall.passes(A_MINUTE)
    assert len(told) == 1, "neither a restart nor that it was put off is news"

    saturday = day + timedelta(days=(5 - day.weekday()) % 7 + 21)
    wall.move_to(datetime.combine(saturday, time(9, 59, 30), UTC))
    entry.runtime_data.inspections.async_judge()
    await wall.passes(A_MINUTE)
    assert told[-1].data["message"] == f"Pack 1: Look at the pack (overdue since {day + timedelta(days=1)})"
    heard = len(told)
    await call_action(hass, "inspection_done", item="look")
    wall.move_to(datetime.combine(saturday + timedelta(days=7), time(9, 59, 30), UTC))
    await wall.passes(A_MINUTE)
    assert len(told) == heard, "what is done is told no more"


async def test_doubted_values_are_told_with_the_reminder(
    hass: HomeAssistant, known: PackCoordinator, driver: ScriptedDriver, wall: Wall
) -> None:
    told = async_mock_service(hass, "test", "tell")
    await hass.config.async_set_time_zone("UTC")
    wall.move_to(datetime.fromisoformat("2026-11-27 09:59:30+00:00"))
    await use(hass, "maintenance_due", findings=[FINDING], quality=[QUALITY], weekdays=["fri"], then=TELL)
    driver.temperatures[1] = None
    await ticks(known, 10)
    await show(hass, known)
    assert state_of(hass, QUALITY) in ("doubtful", "poor")
    await wall.passes(A_MINUTE)
    assert [call.data["message"] for call in told] == [f"Pack 1: data quality is {state_of(hass, QUALITY)}"]


@pytest.mark.parametrize(
    ("day", "found", "times"),
    [
        pytest.param("2026-11-28", True, 1, id="on a Saturday it reminds"),
        pytest.param("2026-11-27", True, 0, id="on a Friday it does not"),
        pytest.param("2026-11-28", False, 0, id="nor where nothing is due"),
    ],
)
async def test_it_reminds_on_the_days_that_were_chosen(
    hass: HomeAssistant, known: PackCoordinator, wall: Wall, day: str, found: bool, times: int
) -> None:
    told = async_mock_service(hass, "test", "tell")
    await hass.config.async_set_time_zone("UTC")
    teach(known, findings=(WEAK,) if found else ())
    await show(hass, known)
    wall.move_to(datetime.fromisoformat(f"{day} 09:59:30+00:00"))
    await use(hass, "maintenance_due", findings=[FINDING], then=TELL, repairs=False)
    await wall.passes(A_MINUTE)
    assert [call.data["message"] for call in told] == ["Pack 1: weak cell (cell 3)"] * times


async def test_neither_a_restart_nor_an_offer_nor_what_was_ignored_calls_anybody(
    hass: HomeAssistant, known: PackCoordinator, wall: Wall
) -> None:
    told = async_mock_service(hass, "test", "tell")
    await use(hass, "maintenance_due", findings=[FINDING], then=TELL)

    def raise_issue(issue_id: str) -> None:
        ir.async_create_issue(
            hass, DOMAIN, issue_id, is_fixable=False, severity=ir.IssueSeverity.WARNING, translation_key="link_poor"
        )

    raise_issue(f"energy_dashboard_{ENTRY_ID}")
    await wall.passes(A_MINUTE)
    raise_issue(f"link_poor_{PACK_ID}")
    ir.async_ignore_issue(hass, DOMAIN, f"link_poor_{PACK_ID}", ignore=True)
    await until(lambda: gathers(hass))
    await wall.passes(A_MINUTE)
    hass.states.async_set(FINDING, "unavailable")
    hass.states.async_set(FINDING, "on", {"kinds": [], "cells": []})
    await wall.passes(A_MINUTE)
    assert told == []
    hass.states.async_set(FINDING, "off")
    raise_issue(f"store_lost_{ENTRY_ID}")
    await until(lambda: gathers(hass))
    await wall.passes(A_MINUTE)
    assert "Open repairs of Home BMS: 1" in told[0].data["message"], "the guard: another repair is told"
