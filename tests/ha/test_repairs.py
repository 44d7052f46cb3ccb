"""What only a person can decide is offered as a repair, and takes effect once it is confirmed."""

from __future__ import annotations

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.repairs import async_create_fix_flow
from custom_components.home_bms.watching import Link

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, make_entry, pack_subentry, set_up, until
from .lessons import live, teach


async def fix(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, issue_id: str, choice: str | None = None
) -> dict[str, Any]:
    """Click through an issue's repair; `choice` is what to pick of its menu, if it has one."""
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    answer = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id})
    form = await answer.json()
    assert form["step_id"] == ("confirm" if choice is None else "init")
    assert form["description_placeholders"]["name"]
    picked = {} if choice is None else {"next_step_id": choice}
    answer = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json=picked)
    await hass.async_block_till_done()
    return await answer.json()


async def test_a_lost_store_is_confirmed_and_control_can_be_allowed_again(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, socket_enabled: None, entry: MockConfigEntry
) -> None:
    entry.runtime_data.store.async_declare_lost()
    result = await fix(hass, hass_client, f"store_lost_{ENTRY_ID}")
    assert result["type"] == "create_entry"
    assert not entry.runtime_data.store.lost
    await entry.runtime_data.async_allow_control(True)
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"store_lost_{ENTRY_ID}") is None


@pytest.mark.parametrize(("choice", "kept"), [("same_pack", True), ("other_pack", False)])
async def test_a_new_bms_keeps_what_is_known_of_the_pack_and_a_new_pack_does_not(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    choice: str,
    kept: bool,
) -> None:
    live(pack, energy_in=12345.0)
    teach(pack)
    await entry.runtime_data.learned.async_save()
    driver.identity = ScriptedDriver("JK-9999").identity
    await until(lambda: pack.statistics.link is Link.FOREIGN)
    result = await fix(hass, hass_client, f"identity_changed_{PACK_ID}", choice)
    assert result["type"] == "create_entry"
    subentry = entry.subentries[PACK_ID]
    assert subentry.unique_id == subentry.data["serial_number"] == "JK-9999"
    again: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    assert again is not pack
    await until(lambda: again.statistics.link is Link.ANSWERING)
    assert (again.latest.estimate.energy_in > 12000) is kept
    knowledge = again.supervisor.state.estimate.knowledge
    assert (knowledge is not None and knowledge.typical.hours > 400) is kept


async def test_a_pack_that_is_set_up_elsewhere_is_not_taken_twice(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    drivers: list[ScriptedDriver],
    driver: ScriptedDriver,
    scripted: None,
) -> None:
    drivers.append(ScriptedDriver("JK-0002"))
    other = pack_subentry("01PACK0000000000000000000B", "Pack 2", serial_number="JK-0002")
    entry = make_entry(hass, pack_subentry(), other)
    await set_up(hass, entry)
    driver.identity = drivers[1].identity
    await until(lambda: entry.runtime_data.packs[PACK_ID].statistics.link is Link.FOREIGN)
    result = await fix(hass, hass_client, f"identity_changed_{PACK_ID}", "other_pack")
    assert (result["type"], result["reason"]) == ("abort", "already_configured")
    assert entry.subentries[PACK_ID].unique_id == "JK-0001"


@pytest.mark.parametrize(
    ("issue_id", "data"),
    [
        pytest.param("store_lost_gone", None, id="no data"),
        pytest.param("store_lost_gone", {"entry_id": "gone"}, id="entry gone"),
        pytest.param("identity_changed_gone", {"entry_id": ENTRY_ID, "subentry_id": "gone"}, id="pack gone"),
    ],
)
async def test_an_issue_of_something_that_has_gone_needs_only_a_nod(
    hass: HomeAssistant, entry: MockConfigEntry, issue_id: str, data: dict[str, Any] | None
) -> None:
    flow = await async_create_fix_flow(hass, issue_id, data)
    assert type(flow).__name__ == "ConfirmRepairFlow"


async def test_what_needs_the_running_system_waits_for_it_and_stays(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, socket_enabled: None, entry: MockConfigEntry
) -> None:
    entry.runtime_data.store.async_declare_lost()
    assert await hass.config_entries.async_unload(ENTRY_ID)
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    lost = {"handler": DOMAIN, "issue_id": f"store_lost_{ENTRY_ID}"}
    answer = await (await client.post("/api/repairs/issues/fix", json=lost)).json()
    assert (answer["type"], answer["reason"]) == ("abort", "not_loaded")
    assert ir.async_get(hass).async_get_issue(DOMAIN, lost["issue_id"]) is not None
