"""Diagnostics tell all that a bug report needs and nothing that names the user's hardware."""

from __future__ import annotations

import json

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.battery import Kind

from .conftest import PACK, SERIAL, ScriptedDriver, lost, make_entry, set_up, ticks
from .lessons import LEAKY, WEAK, aged, finding, live, teach


async def test_everything_is_told_except_who_and_where(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
) -> None:
    await ticks(pack)
    assert await async_setup_component(hass, "diagnostics", {})
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told["control_allowed"] is False
    assert told["store"]["lost"] is False
    assert told["system"]["ccl"]["reason"]["rule"]
    (first,) = told["packs"]
    assert first["settings"]["cells"] == 16
    assert first["settings"]["host"] == first["settings"]["serial_number"] == "**REDACTED**"
    assert first["capabilities"] == "charge_switch|discharge_switch|balance_switch"
    assert first["config"]["cells"] == 16
    assert len(first["snapshot"]["believed"]["cells"]) == 16
    assert first["state"]["estimate"]["capacity"] == pytest.approx(280, rel=0.1)
    assert first["statistics"]["link"] == "answering"
    assert first["statistics"]["polls"] > 0
    assert first["hardware_ring"] == {}
    text = json.dumps(told)
    assert SERIAL not in text
    assert PACK["host"] not in text


async def test_a_pack_that_was_never_heard_can_be_reported_too(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    driver: ScriptedDriver,
    entry: MockConfigEntry,
    pack: PackCoordinator,
) -> None:
    driver.error = lost()
    await ticks(pack)
    assert await async_setup_component(hass, "diagnostics", {})
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told["packs"][0]["statistics"]["last_error"] == "no_answer"


async def test_what_was_learned_is_told_in_short(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
) -> None:
    teach(pack, findings=(finding(Kind.WEAK_CELL, WEAK, 13.2, 9.4),))
    live(pack, life=aged(pack.supervisor.state.estimate))
    await ticks(pack)
    assert await async_setup_component(hass, "diagnostics", {})
    first = (await get_diagnostics_for_config_entry(hass, hass_client, entry))["packs"][0]
    learned = first["learned"]
    assert learned["hours"] == pytest.approx(500, abs=0.1)
    assert learned["current_offset_a"][0] == pytest.approx(0.123, abs=0.001)
    low, size, high = learned["cells"][WEAK]["capacity_ah"]
    assert low < size < high
    assert size == pytest.approx(256.8, abs=0.1)
    assert learned["cells"][LEAKY]["self_discharge_ma"] == pytest.approx(15.4, abs=0.1)
    assert learned["cells"][WEAK]["worn_in_years"] == pytest.approx(10, abs=0.1)
    (found,) = learned["findings"]
    assert (found["kind"], found["cell"]) == ("weak_cell", WEAK + 1)
    assert "13.2 Ah" in found["why"]
    assert len(first["power"]) == 6
    # The covariances are for the export, where who wants them finds them.
    assert first["state"]["estimate"]["knowledge"] is None
    assert first["snapshot"]["estimate"]["knowledge"] is None
    assert len(json.dumps(learned)) < 10_000


async def test_nothing_is_told_before_anything_is_learned(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    driver: ScriptedDriver,
    scripted: None,
) -> None:
    driver.error = lost()
    entry = make_entry(hass)
    await set_up(hass, entry)
    assert await async_setup_component(hass, "diagnostics", {})
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told["packs"][0]["learned"] is None
