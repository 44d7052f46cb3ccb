"""A whole system asks an inverter of template entities over helpers for a power."""

from __future__ import annotations

from collections.abc import AsyncIterator
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.escalation import Step
from custom_components.home_bms.diagnostics import async_get_config_entry_diagnostics

from .asked_inverter import OPTIONS, WORKS
from .conftest import ScriptedDriver, make_entry, nimble, pack_subentry, set_up, until
from .inverter_house import inverter_of, inverter_subentry, looks, quick_inverters


@pytest.fixture
async def helpers(hass: HomeAssistant) -> None:
    """Make an inverter of template entities over helpers, as people make them over Modbus or MQTT."""
    assert await async_setup_component(
        hass,
        "input_number",
        {"input_number": {"power": {"min": -5000, "max": 5000, "step": 10, "initial": 300}}},
    )
    assert await async_setup_component(hass, "input_select", {"input_select": {"mode": {"options": OPTIONS}}})
    number = {
        "name": "Hybrid power",
        "unit_of_measurement": "W",
        "min": -5000,
        "max": 5000,
        "step": 10,
        "state": "{{ states('input_number.power') }}",
        "set_value": {
            "action": "input_number.set_value",
            "target": {"entity_id": "input_number.power"},
            "data": {"value": "{{ value }}"},
        },
    }
    select = {
        "name": "Hybrid mode",
        "state": "{{ states('input_select.mode') }}",
        "options": "{{ state_attr('input_select.mode', 'options') }}",
        "select_option": {
            "action": "input_select.select_option",
            "target": {"entity_id": "input_select.mode"},
            "data": {"option": "{{ option }}"},
        },
    }
    assert await async_setup_component(hass, "template", {"template": [{"number": number, "select": select}]})
    await hass.async_block_till_done()


@pytest.fixture
async def entry(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, helpers: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MockConfigEntry]:
    quick_inverters(monkeypatch)
    data = {
        "type": "entities",
        "model": "Hybrid",
        "roles": {
            "work_mode": ["select.hybrid_mode"],
            "setpoint": ["number.hybrid_power"],
            "battery_current": ["sensor.battery_current"],
        },
        "works": WORKS,
        "power_sign": "negative_charges",
        "least_rise": 0,
    }
    entry = make_entry(hass, pack_subentry(), inverter_subentry(data))
    with patch("custom_components.home_bms.pack_config", nimble):
        await set_up(hass, entry)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


def is_at(hass: HomeAssistant, entity_id: str, state: str) -> bool:
    found = hass.states.get(entity_id)
    return found is not None and found.state == state


async def test_a_leased_power_reaches_it_with_permission_alone_and_unloading_puts_it_back(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    system = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)
    assert system is not None
    request = {"device_id": system.id, "owner": "Tariff", "power": -1500, "duration": "01:00:00"}
    await hass.services.async_call(DOMAIN, "request_power", request, blocking=True)
    await looks(inverter_of(entry))
    assert is_at(hass, "input_select.mode", "Self use")
    await entry.runtime_data.async_allow_control(True)
    await until(lambda: is_at(hass, "input_select.mode", "Force discharge"))
    await until(lambda: is_at(hass, "input_number.power", "1500.0"))
    facts = await async_get_config_entry_diagnostics(hass, entry)
    assert "Force discharge" in str(facts)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert is_at(hass, "input_select.mode", "Self use")
    assert is_at(hass, "input_number.power", "300.0")


async def test_one_that_charges_against_its_limit_is_asked_to_stop(
    hass: HomeAssistant, entry: MockConfigEntry, driver: ScriptedDriver
) -> None:
    # Too cold to be charged.
    driver.temperatures = [-12.0] * 4
    hass.states.async_set("sensor.battery_current", "40", {"unit_of_measurement": "A"})
    await entry.runtime_data.async_allow_control(True)
    assert is_at(hass, "input_select.mode", "Self use")
    await until(lambda: is_at(hass, "input_select.mode", "Stop"), within=20.0)
    assert inverter_of(entry).data.obedience.charge.escalation.step is Step.SETPOINT


async def test_an_option_that_is_gone_is_a_repair_until_it_is_back(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    issues = ir.async_get(hass)

    def raised() -> ir.IssueEntry | None:
        return next((each for (domain, key), each in issues.issues.items() if "option_gone" in key), None)

    async def offer(options: list[str]) -> None:
        await hass.services.async_call(
            "input_select", "set_options", {"entity_id": "input_select.mode", "options": options}, blocking=True
        )

    await looks(inverter_of(entry))
    assert raised() is None
    await offer(["Self use", "Stop"])
    await until(lambda: raised() is not None)
    issue = raised()
    assert issue is not None
    assert issue.domain == DOMAIN
    assert issue.translation_placeholders == {
        "name": "Inverter",
        "entity": "select.hybrid_mode",
        "options": "Force charge, Force discharge",
    }
    await offer(OPTIONS)
    await until(lambda: raised() is None)
    await offer(["Self use"])
    await until(lambda: raised() is not None)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert raised() is None
