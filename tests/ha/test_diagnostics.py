"""Diagnostics tell all that a bug report needs and nothing that names the user's hardware."""

from __future__ import annotations

import json

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.home_bms.coordinator import PackCoordinator

from .conftest import PACK, SERIAL, ScriptedDriver, lost, ticks


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
    assert first["state"]["estimate"]["capacity"] == 280.0
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
