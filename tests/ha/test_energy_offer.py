"""The energy dashboard is offered the battery once, gets it with one click, and keeps all else that it shows."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from unittest.mock import patch

import pytest
from homeassistant.components.energy.data import ENERGY_SOURCE_SCHEMA, EnergyManager, async_get_manager
from homeassistant.components.recorder import Recorder
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.home_bms import energy_offer
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator

from .conftest import ENTRY_ID, ScriptedDriver, make_entry, pack_subentry, set_up
from .entities import everything_is_news, show, state_of

ISSUE: Final = f"energy_dashboard_{ENTRY_ID}"
POWER: Final = "sensor.home_battery_power"
BATTERY: Final = {
    "type": "battery",
    "stat_energy_from": "sensor.home_battery_energy_discharged",
    "stat_energy_to": "sensor.home_battery_energy_charged",
    "power_config": {"stat_rate_inverted": POWER},
    # What Home Assistant calls the sensor that it makes of the inverted one.
    "stat_rate": f"{POWER}_inverted",
    "stat_soc": "sensor.home_battery_state_of_charge",
    "capacity": 13.8,
    "name": "Home battery",
}
SUN: Final = {"type": "solar", "stat_energy_from": "sensor.sun", "config_entry_solar_forecast": None}
INVERTER: Final = {
    "type": "battery",
    "stat_energy_from": "sensor.inverter_out",
    "stat_energy_to": "sensor.inverter_in",
}
WASHING: Final = [{"stat_consumption": "sensor.washing_machine"}]

type Fix = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SENSOR]


@pytest.fixture
async def energy(recorder_mock: Recorder, hass: HomeAssistant, socket_enabled: None) -> EnergyManager:
    """Return a dashboard that already shows the sun and a washing machine."""
    assert await async_setup_component(hass, "energy", {})
    assert await async_setup_component(hass, "repairs", {})
    manager = await async_get_manager(hass)
    await manager.async_update({"energy_sources": [SUN], "device_consumption": WASHING})
    return manager


@pytest.fixture
def fix(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Fix:
    """Return what clicks on the offer, and answers each of its steps."""

    async def click(*answers: dict[str, Any]) -> dict[str, Any]:
        client = await hass_client()
        answer = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": ISSUE})
        step = await answer.json()
        for given in answers:
            answer = await client.post(f"/api/repairs/issues/fix/{step['flow_id']}", json=given)
            step = await answer.json()
        await hass.async_block_till_done()
        return step

    return click


def offer(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, ISSUE)


def sources(manager: EnergyManager) -> list[Any]:
    assert manager.data is not None
    return list(manager.data["energy_sources"])


async def test_one_click_adds_the_battery_and_home_assistant_finds_no_fault_with_it(
    energy: EnergyManager,
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    fix: Fix,
    hass_ws_client: WebSocketGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offered = offer(hass)
    assert offered is not None
    assert (offered.is_fixable, offered.severity) == (True, "warning")
    form = await fix()
    assert (form["type"], form["step_id"]) == ("form", "confirm")
    assert form["description_placeholders"] == {
        "name": "Home battery",
        "energy_in": "Home battery Energy charged",
        "energy_out": "Home battery Energy discharged",
        "power": "Home battery Power",
        "soc": "Home battery State of charge",
        "capacity": "13.8 kWh",
        "others": "",
    }
    assert sources(energy) == [SUN], "nothing before the click"

    assert (await fix({}))["type"] == "create_entry"
    assert sources(energy) == [SUN, BATTERY]
    assert energy.data is not None
    assert energy.data["device_consumption"] == WASHING
    # What Home Assistant's own editor would let through.
    assert ENERGY_SOURCE_SCHEMA(sources(energy)) == sources(energy)
    assert offer(hass) is None

    everything_is_news(monkeypatch)
    driver.current = -50.0
    await show(hass, pack, 5)
    driver.current = 50.0
    await show(hass, pack, 5)
    assert float(state_of(hass, POWER)) > 2000, "home_bms counts charging as positive ..."
    assert float(state_of(hass, BATTERY["stat_rate"])) < -2000, "... and Home Assistant discharging"
    await async_wait_recording_done(hass)
    state = hass.states.get(BATTERY["stat_energy_to"])
    assert state is not None
    told = state.last_updated
    do_adhoc_statistics(hass, start=told.replace(minute=told.minute // 5 * 5, second=0, microsecond=0))
    await async_wait_recording_done(hass)
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "energy/validate"})
    of_the_sun, of_ours = (await client.receive_json())["result"]["energy_sources"]
    assert of_the_sun, "the guard: Home Assistant does complain of a sensor that does not exist"
    assert of_ours == []


async def test_whoever_starts_with_an_empty_dashboard_gets_the_battery_too(
    recorder_mock: Recorder, hass: HomeAssistant, socket_enabled: None, entry: MockConfigEntry, fix: Fix
) -> None:
    assert offer(hass) is None, "no dashboard, no offer"
    assert await async_setup_component(hass, "repairs", {})
    assert await async_setup_component(hass, "energy", {})
    await hass.async_block_till_done()
    assert offer(hass) is not None, "energy that comes later is noticed"
    assert (await fix({}))["type"] == "create_entry"
    assert sources(await async_get_manager(hass)) == [BATTERY]


@pytest.mark.parametrize("device", ["home_battery", "pack_1"])
async def test_a_battery_that_is_added_by_hand_ends_the_offer(
    energy: EnergyManager, hass: HomeAssistant, entry: MockConfigEntry, device: str
) -> None:
    await energy.async_update({"energy_sources": [SUN, INVERTER]})
    assert offer(hass) is not None, "somebody else's battery does not"
    by_hand = {
        "type": "battery",
        "stat_energy_from": f"sensor.{device}_energy_discharged",
        "stat_energy_to": f"sensor.{device}_energy_charged",
    }
    await energy.async_update({"energy_sources": [SUN, by_hand]})
    assert offer(hass) is None
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert offer(hass) is None


async def test_an_ignored_offer_stays_ignored(
    energy: EnergyManager, hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    ir.async_ignore_issue(hass, DOMAIN, ISSUE, ignore=True)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    ignored = offer(hass)
    assert ignored is not None
    assert ignored.active
    assert ignored.dismissed_version is not None


async def test_beside_another_battery_the_user_is_asked(
    energy: EnergyManager, hass: HomeAssistant, entry: MockConfigEntry, fix: Fix
) -> None:
    hass.states.async_set("sensor.inverter_in", "1", {"friendly_name": "Inverter charged"})
    third = INVERTER | {"stat_energy_to": "grid:third", "name": "Cellar"}
    await energy.async_update({"energy_sources": [INVERTER, third]})
    menu = await fix()
    assert (menu["type"], menu["step_id"], menu["menu_options"]) == ("menu", "beside", ["add", "leave"])
    assert menu["description_placeholders"]["others"] == "Inverter charged, Cellar"

    left = await fix({"next_step_id": "leave"})
    assert (left["type"], left["reason"]) == ("abort", "left")
    assert sources(energy) == [INVERTER, third]
    ignored = offer(hass)
    assert ignored is not None
    assert ignored.dismissed_version is not None

    assert (await fix({"next_step_id": "add"}))["type"] == "create_entry"
    assert sources(energy) == [INVERTER, third, BATTERY]


async def test_a_battery_that_was_added_while_the_form_was_open_is_not_added_twice(
    energy: EnergyManager, hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    answer = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": ISSUE})
    form = await answer.json()
    await energy.async_update({"energy_sources": [BATTERY]})
    answer = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    assert (await answer.json())["type"] == "create_entry"
    assert sources(energy) == [BATTERY]


async def test_several_packs_are_one_battery(
    energy: EnergyManager,
    hass: HomeAssistant,
    drivers: list[ScriptedDriver],
    driver: ScriptedDriver,
    scripted: None,
    fix: Fix,
) -> None:
    drivers.append(ScriptedDriver("JK-0002"))
    small = pack_subentry(
        "01PACK0000000000000000000B",
        "Pack 2",
        serial_number="JK-0002",
        capacity=140.0,
        charge_current=70.0,
        discharge_current=70.0,
    )
    await set_up(hass, make_entry(hass, pack_subentry(), small))
    assert (await fix({}))["type"] == "create_entry"
    assert sources(energy) == [SUN, BATTERY | {"capacity": 20.7}]


async def test_only_what_the_user_has_left_enabled_is_offered(
    energy: EnergyManager, hass: HomeAssistant, entry: MockConfigEntry, fix: Fix
) -> None:
    registry = er.async_get(hass)
    for entity_id in (POWER, BATTERY["stat_soc"]):
        registry.async_update_entity(entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    shown = (await fix())["description_placeholders"]
    assert (shown["power"], shown["soc"]) == ("–", "–")
    registry.async_update_entity(BATTERY["stat_energy_to"], disabled_by=er.RegistryEntryDisabler.USER)
    refused = await fix()
    assert (refused["type"], refused["reason"]) == ("abort", "not_now")
    assert refused["description_placeholders"] == {"name": "Home battery"}
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert offer(hass) is None


async def test_a_system_that_is_not_loaded_cannot_be_added(
    energy: EnergyManager, hass: HomeAssistant, entry: MockConfigEntry, fix: Fix
) -> None:
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await fix())["reason"] == "not_loaded"
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert offer(hass) is None


async def test_a_system_without_packs_is_not_offered(
    energy: EnergyManager, hass: HomeAssistant, scripted: None, driver: ScriptedDriver
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, title="Home battery", entry_id=ENTRY_ID, version=1, minor_version=1)
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    assert offer(hass) is None


async def test_an_energy_dashboard_that_breaks_keeps_no_battery_from_being_watched(
    energy: EnergyManager, hass: HomeAssistant, scripted: None, driver: ScriptedDriver, caplog: pytest.LogCaptureFixture
) -> None:
    entry = make_entry(hass)
    with patch.object(energy_offer, "shown_batteries", side_effect=KeyError("type")):
        await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert "Home battery could not be offered to the energy dashboard" in caplog.text
    caplog.clear()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("step", ["confirm", "beside"])
async def test_all_that_the_flow_says_is_filled_in(
    energy: EnergyManager, hass: HomeAssistant, entry: MockConfigEntry, fix: Fix, language: str, step: str
) -> None:
    if step == "beside":
        await energy.async_update({"energy_sources": [INVERTER]})
    shown = await fix()
    assert shown["step_id"] == step, shown
    texts = await async_get_translations(hass, language, "issues", {DOMAIN})
    place = f"component.{DOMAIN}.issues.energy_dashboard.fix_flow.step.{step}"
    for part in ("title", "description"):
        asked = set(re.findall(r"\{(\w+)\}", texts[f"{place}.{part}"]))
        assert asked <= set(shown["description_placeholders"])
    for option in shown.get("menu_options", []):
        assert texts[f"{place}.menu_options.{option}"]
