"""The blueprints for tariffs and grid events lease what they promise, and end it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import probatio as vol
import pytest
from homeassistant.components.blueprint.models import DomainBlueprints
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.services import ACTIONS

from .test_blueprints import load

FOLDER: Final = Path(__file__).parent.parent / "blueprints" / "automation" / "home_bms"
TARIFF: Final = FOLDER / "tariff_charging.yaml"
GRID_EVENT: Final = FOLDER / "grid_event.yaml"
BATTERY: Final = "0123456789abcdef0123456789abcdef"
PRICE: Final = "sensor.price"
ACTIVE: Final = "calendar.flexibility"
STORM: Final = "binary_sensor.storm_warning"
RENEWED: Final = timedelta(minutes=25)


class House:
    """A Home Assistant in which an automation asks something of a battery; what it asks must fit the real actions."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._heard: list[ServiceCall] = []
        for name in ("request_power", "hold_reserve", "release"):
            schema: Any = vol.Schema({vol.Required("device_id"): BATTERY, **ACTIONS[name].schema})
            hass.services.async_register(DOMAIN, name, self._hear, schema)

    @callback
    def _hear(self, call: ServiceCall) -> None:
        self._heard.append(call)

    async def set_up(self, path: Path, **inputs: Any) -> None:
        automation = {"use_blueprint": {"path": path.name, "input": {"battery": BATTERY, **inputs}}}
        with patch.object(DomainBlueprints, "_load_blueprint", lambda self, _: load(path)):
            assert await async_setup_component(self._hass, "automation", {"automation": automation})
            await self._hass.async_block_till_done()

    async def becomes(self, entity_id: str, state: str, **attributes: Any) -> None:
        self._hass.states.async_set(entity_id, state, attributes)
        await self._hass.async_block_till_done()

    async def ten_minutes_pass(self) -> None:
        now = dt_util.utcnow().replace(second=0)
        async_fire_time_changed(self._hass, now + timedelta(minutes=10 - now.minute % 10, seconds=1))
        await self._hass.async_block_till_done()

    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what was asked since the last look."""
        heard = [
            (call.service, {key: value for key, value in call.data.items() if key != "device_id"})
            for call in self._heard
        ]
        self._heard.clear()
        return heard


@pytest.fixture
async def house(hass: HomeAssistant) -> AsyncGenerator[House]:
    yield House(hass)
    # The automations look at the clock.
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


@pytest.mark.parametrize("path", [TARIFF, GRID_EVENT], ids=lambda path: path.stem)
def test_blueprint_is_one_that_home_assistant_takes(path: Path) -> None:
    blueprint = load(path)
    assert blueprint.validate() is None
    assert {"battery", "priority", "owner"} <= set(blueprint.inputs)


# --- tariff ----------------------------------------------------------------------------------------------------------

CHARGE: Final = {
    "owner": "Tariff",
    "name": "charge",
    "reason": "0.12 EUR/kWh",
    "priority": 40,
    "power": 3000,
    "charge_to": 90,
    "duration": RENEWED,
}
SPARE: Final = {
    "owner": "Tariff",
    "name": "spare",
    "reason": "0.12 EUR/kWh",
    "discharge_power": 0,
    "duration": RENEWED,
}
UNIT: Final = {"unit_of_measurement": "EUR/kWh"}


@pytest.mark.parametrize(("spare", "asked"), [(True, [CHARGE, SPARE]), (False, [CHARGE])])
async def test_while_energy_is_cheap_it_charges_and_renews_that(
    house: House, spare: bool, asked: list[dict[str, Any]]
) -> None:
    await house.set_up(TARIFF, price=PRICE, cheap_below=0.15, spare=spare)
    await house.becomes(PRICE, "0.12", **UNIT)
    assert house.asked() == [("request_power", data) for data in asked]
    await house.ten_minutes_pass()
    assert house.asked() == [("request_power", data) for data in asked]
    assert timedelta(minutes=10) < RENEWED <= timedelta(minutes=30)


async def test_once_energy_is_dear_all_of_it_ends(house: House) -> None:
    await house.set_up(TARIFF, price=PRICE, cheap_below=0.15)
    await house.becomes(PRICE, "0.12", **UNIT)
    house.asked()
    await house.becomes(PRICE, "0.15", **UNIT)
    assert house.asked() == [("release", {"owner": "Tariff"})]


@pytest.mark.parametrize("price", ["unknown", "unavailable", "cheap"])
async def test_a_price_that_is_not_known_renews_nothing(house: House, price: str) -> None:
    await house.set_up(TARIFF, price=PRICE, cheap_below=0.15)
    await house.becomes(PRICE, price)
    await house.ten_minutes_pass()
    assert house.asked() == []


# --- grid event ------------------------------------------------------------------------------------------------------

ENDS: Final = ("release", {"owner": "Grid event", "name": "event"})
NOT_PREPARED: Final = ("release", {"owner": "Grid event", "name": "prepare"})
EVENT: Final = {
    "owner": "Grid event",
    "name": "event",
    "reason": "Flexibility",
    "priority": 80,
    "duration": RENEWED,
}
PREPARE: Final = {
    "owner": "Grid event",
    "name": "prepare",
    "reason": "Announced",
    "priority": 80,
    "reserve": 90,
    "charge_to": 90,
    "duration": RENEWED,
}


@pytest.mark.parametrize(
    ("what", "asks"),
    [
        ("give", {"power": -3000, "charge_power": 0, "reserve": 20}),
        ("take", {"power": 3000, "discharge_power": 0}),
        ("no_charging", {"charge_power": 0}),
        ("no_discharging", {"discharge_power": 0}),
    ],
)
async def test_while_the_event_is_on_it_asks_for_what_was_chosen(house: House, what: str, asks: dict[str, Any]) -> None:
    await house.set_up(GRID_EVENT, active=ACTIVE, what=what)
    await house.becomes(ACTIVE, "on", friendly_name="Flexibility")
    assert house.asked() == [("request_power", EVENT | asks), NOT_PREPARED]
    await house.ten_minutes_pass()
    assert house.asked() == [("request_power", EVENT | asks), NOT_PREPARED]
    await house.becomes(ACTIVE, "off")
    assert house.asked() == [ENDS, NOT_PREPARED]


async def test_before_an_announced_event_it_charges_and_holds_that(house: House) -> None:
    await house.set_up(GRID_EVENT, active=ACTIVE, announced=[STORM])
    await house.becomes(ACTIVE, "off")
    await house.becomes(STORM, "off")
    house.asked()
    await house.becomes(STORM, "on")
    assert house.asked() == [ENDS, ("hold_reserve", PREPARE)]
    await house.becomes(ACTIVE, "on", friendly_name="Flexibility")
    told = house.asked()
    assert [name for name, _ in told] == ["request_power", "release"]
    assert told[1] == NOT_PREPARED
    await house.becomes(ACTIVE, "off")
    assert house.asked() == [ENDS, ("hold_reserve", PREPARE)]
    await house.becomes(STORM, "off")
    assert house.asked() == [ENDS, NOT_PREPARED]


@pytest.mark.parametrize("state", ["unknown", "unavailable"])
async def test_an_event_that_is_not_known_renews_nothing_and_ends_nothing(house: House, state: str) -> None:
    await house.set_up(GRID_EVENT, active=ACTIVE, announced=[STORM])
    await house.becomes(STORM, "on")
    house.asked()
    await house.becomes(STORM, state)
    await house.becomes(ACTIVE, state)
    await house.ten_minutes_pass()
    assert house.asked() == []
