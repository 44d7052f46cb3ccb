"""A trip is reset by a person, and only when its cause is gone."""

from __future__ import annotations

import pytest
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.coordinator import PackCoordinator

from .conftest import ScriptedDriver, ticks, until
from .entities import offered

RESET = "button.pack_1_reset_trips"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.BUTTON]


async def press(hass: HomeAssistant) -> None:
    await hass.services.async_call("button", "press", {ATTR_ENTITY_ID: RESET}, blocking=True)


def test_the_button_a_user_gets(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    told = offered(hass, Platform.BUTTON)
    assert told[RESET] == ""
    assert told["button.pack_1_self_test"] == "diagnostic"
    assert told["button.home_battery_make_report"] == "diagnostic"


async def test_a_trip_is_reset_when_its_cause_is_gone_and_not_before(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    driver.temperatures[0] = 57.0
    await until(lambda: pack.latest.decision.mode == "tripped")
    with pytest.raises(ServiceValidationError) as refusal:
        await press(hass)
    assert refusal.value.translation_key == "trips_stand"
    assert pack.latest.decision.mode == "tripped"

    driver.temperatures[0] = 25.0
    await ticks(pack, 5)
    assert pack.latest.decision.mode == "tripped"
    await press(hass)
    await ticks(pack)
    assert pack.latest.decision.mode != "tripped"
