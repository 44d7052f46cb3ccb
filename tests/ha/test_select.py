"""When cells may be balanced is the user's choice, once control is allowed."""

from __future__ import annotations

import pytest
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import BalanceMode
from custom_components.home_bms.hw.driver import Capability

from .conftest import PACK_ID, ScriptedDriver, make_entry, set_up
from .entities import everything_is_news, offered, show, state_of

MODE = "select.pack_1_balancing_mode"
STORAGE = "select.home_battery_storage_mode"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SELECT]


@pytest.fixture(autouse=True)
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_news(monkeypatch)


async def choose(hass: HomeAssistant, mode: str) -> None:
    await hass.services.async_call("select", "select_option", {ATTR_ENTITY_ID: MODE, "option": mode}, blocking=True)


async def test_a_pack_whose_balancer_can_be_switched_has_a_choice(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert offered(hass, Platform.SELECT) == {MODE: "config", STORAGE: "config"}
    state = hass.states.get(MODE)
    assert state is not None
    assert state.attributes["options"] == [mode.value for mode in BalanceMode]
    # As the pack is configured.
    assert state.state == "top"


async def test_a_pack_whose_balancer_cannot_has_none(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    driver.capabilities = Capability.DISCHARGE_SWITCH
    await set_up(hass, make_entry(hass))
    assert offered(hass, Platform.SELECT) == {STORAGE: "config"}


async def test_nothing_is_chosen_before_control_is_allowed(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    with pytest.raises(ServiceValidationError) as refusal:
        await choose(hass, "always")
    assert refusal.value.translation_key == "control_not_allowed"
    assert refusal.value.translation_placeholders == {"name": "Home battery"}
    assert pack.supervisor.state.wishes.balance_mode is None


async def test_a_choice_is_heeded_shown_and_kept(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    await entry.runtime_data.async_allow_control(True)
    await choose(hass, "off")
    assert state_of(hass, MODE) == "off"
    await show(hass, pack)
    assert pack.latest.decision.balance.mode is BalanceMode.OFF
    assert pack.latest.decision.balance.reason.rule == "mode_off"
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, MODE) == "off"
    assert entry.runtime_data.packs[PACK_ID].supervisor.state.wishes.balance_mode is BalanceMode.OFF
