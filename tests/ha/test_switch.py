"""Nothing is switched until a person allows it, a trip cannot be switched away, and a switch is shown where it is."""

from __future__ import annotations

import pytest
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.hw.driver import Capability

from .conftest import ScriptedDriver, make_entry, set_up, until
from .entities import everything_is_news, offered, show, state_of

ALLOW = "switch.home_battery_allow_control"
CHARGE = "switch.pack_1_charge"
DISCHARGE = "switch.pack_1_discharge"
BALANCE = "switch.pack_1_balance"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SWITCH]


@pytest.fixture(autouse=True)
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_news(monkeypatch)


async def turn(hass: HomeAssistant, entity_id: str, *, on: bool) -> None:
    await hass.services.async_call(
        "switch", "turn_on" if on else "turn_off", {ATTR_ENTITY_ID: entity_id}, blocking=True
    )


def test_the_switches_a_user_gets(hass: HomeAssistant, entry: MockConfigEntry, snapshot: SnapshotAssertion) -> None:
    assert offered(hass, Platform.SWITCH) == snapshot


async def test_a_pack_has_only_the_switches_that_it_really_has(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    driver.capabilities = Capability.DISCHARGE_SWITCH
    await set_up(hass, make_entry(hass))
    assert list(offered(hass, Platform.SWITCH)) == [ALLOW, DISCHARGE]


@pytest.mark.parametrize("entity_id", [CHARGE, DISCHARGE, BALANCE])
@pytest.mark.parametrize("on", [True, False])
async def test_nothing_is_switched_before_control_is_allowed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    driver: ScriptedDriver,
    entity_id: str,
    on: bool,
) -> None:
    assert state_of(hass, ALLOW) == "off"
    wishes = pack.latest.wishes
    with pytest.raises(ServiceValidationError) as refusal:
        await turn(hass, entity_id, on=on)
    assert refusal.value.translation_key == "control_not_allowed"
    assert refusal.value.translation_placeholders == {"name": "Home battery"}
    await show(hass, pack)
    assert pack.latest.wishes == wishes
    assert not driver.applied


async def test_allowing_control_is_shown_and_ending_it_hands_back(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await turn(hass, ALLOW, on=True)
    assert state_of(hass, ALLOW) == "on"
    await until(lambda: driver.applied)
    await turn(hass, ALLOW, on=False)
    assert state_of(hass, ALLOW) == "off"
    assert driver.released == 1


async def test_a_switch_opens_on_the_pack_and_closes_again(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await turn(hass, ALLOW, on=True)
    assert state_of(hass, CHARGE) == "on"
    await turn(hass, CHARGE, on=False)
    await until(lambda: driver.switches.charge is False)
    await show(hass, pack)
    assert state_of(hass, CHARGE) == "off"
    assert state_of(hass, DISCHARGE) == "on"
    await turn(hass, CHARGE, on=True)
    await until(lambda: driver.switches.charge is True)
    await show(hass, pack)
    assert state_of(hass, CHARGE) == "on"


async def test_what_is_shown_is_where_the_switch_is_not_where_it_should_be(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    driver.obeys = False
    await turn(hass, ALLOW, on=True)
    await turn(hass, CHARGE, on=False)
    await until(lambda: driver.commanded.charge is False)
    await show(hass, pack)
    assert state_of(hass, CHARGE) == "on"


async def test_balancing_can_be_kept_off(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await turn(hass, ALLOW, on=True)
    await turn(hass, BALANCE, on=False)
    assert pack.latest.wishes.balance is False
    await turn(hass, BALANCE, on=True)
    assert pack.latest.wishes.balance is True


async def test_a_trip_cannot_be_switched_away(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await turn(hass, ALLOW, on=True)
    driver.temperatures[0] = 57.0
    await until(lambda: driver.switches.charge is False)
    await show(hass, pack)
    assert state_of(hass, CHARGE) == "off"
    with pytest.raises(ServiceValidationError) as refusal:
        await turn(hass, CHARGE, on=True)
    assert refusal.value.translation_key == "trip_latched"
    placeholders = refusal.value.translation_placeholders
    assert placeholders == {"name": "Pack 1", "protections": "Too hot to charge"}
    # Discharging is another matter: 57 °C is still cool enough for it. Opening is always possible.
    await turn(hass, DISCHARGE, on=False)
    await turn(hass, DISCHARGE, on=True)
    await turn(hass, CHARGE, on=False)
    assert driver.switches.charge is False
