"""The blueprints for sunny days and for the winter ask the battery for what they promise, and end it."""

from __future__ import annotations

from typing import Any, Final

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from custom_components.home_bms.coordinator import PackCoordinator

from ..blueprint_house import Wall, inject, leases, use
from ..conftest import ENTRY_ID, until
from ..entities import show, state_of
from ..lessons import live
from ..test_services import device_id

LOWEST: Final = "sensor.pack_1_lowest_temperature"
SINCE_FULL: Final = "sensor.pack_1_time_since_full"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.BINARY_SENSOR, Platform.EVENT, Platform.NUMBER, Platform.SENSOR]


# --- a full charge on a sunny day ------------------------------------------------------------------------------------

SUN: Final = "sensor.sun"


@pytest.fixture
async def noon(hass: HomeAssistant, wall: Wall) -> None:
    """Let it be noon."""
    await hass.config.async_set_time_zone("UTC")
    wall.move_to(wall.utcnow().replace(hour=12, minute=2, second=0))


@pytest.mark.parametrize(("power", "charges"), [(0, False), (2000, True)])
async def test_a_pack_that_was_never_full_is_charged_and_balanced_when_the_sun_shines(
    noon: None, hass: HomeAssistant, wall: Wall, virtual: PackCoordinator, power: int, charges: bool
) -> None:
    await until(lambda: hass.states.get(SINCE_FULL) is not None)
    assert state_of(hass, SINCE_FULL) == "unknown"
    hass.states.async_set(SUN, "20", {"unit_of_measurement": "kWh"})
    battery = device_id(hass, ENTRY_ID)
    await use(hass, "full_charge", battery=battery, since_full=[SINCE_FULL], sun=SUN, sunny_from=15, power=power)
    await wall.strikes(10)
    asked = await leases(hass)
    assert asked["spare"]["owner"] == "Full charge"
    assert asked["spare"]["discharge_power"] == 0
    assert asked["spare"]["reason"] == "20 kWh"
    assert ("charge" in asked) is charges
    if charges:
        assert (asked["charge"]["power"], asked["charge"]["charge_to"]) == (power, 100)
    assert virtual.supervisor.state.wishes.balance_now
    assert virtual.supervisor.state.wishes.balance_now_mode == "top"
    await until(lambda: virtual.latest.decision.balance.hold_top)


@pytest.mark.parametrize(
    ("since_full", "sun", "hour"),
    [
        pytest.param(3 * 86400.0, "20", 12, id="it was full three days ago"),
        pytest.param(20 * 86400.0, "14", 12, id="the sun does not shine"),
        pytest.param(20 * 86400.0, "unavailable", 12, id="nobody knows of the sun"),
        pytest.param(20 * 86400.0, "20", 17, id="it is late"),
    ],
)
async def test_nothing_is_asked_while_it_is_not_due_or_not_sunny(
    noon: None,
    hass: HomeAssistant,
    virtual: PackCoordinator,
    news: None,
    wall: Wall,
    since_full: float,
    sun: str,
    hour: int,
) -> None:
    wall.move_to(wall.utcnow().replace(hour=hour))
    live(virtual, since_full=since_full)
    await show(hass, virtual)
    hass.states.async_set(SUN, sun)
    await use(hass, "full_charge", battery=device_id(hass, ENTRY_ID), since_full=[SINCE_FULL], sun=SUN, sunny_from=15)
    await wall.strikes(10)
    assert await leases(hass) == {}
    assert not virtual.supervisor.state.wishes.balance_now


async def test_once_it_is_full_the_lease_ends_and_balancing_goes_on(
    noon: None, hass: HomeAssistant, wall: Wall, virtual: PackCoordinator, news: None
) -> None:
    live(virtual, since_full=15 * 86400.0)
    await show(hass, virtual)
    hass.states.async_set(SUN, "20")
    battery = device_id(hass, ENTRY_ID)
    await use(hass, "full_charge", battery=battery, since_full=[SINCE_FULL], sun=SUN, sunny_from=15)
    await wall.strikes(10)
    assert set(await leases(hass)) == {"spare"}
    live(virtual, since_full=0.0)
    await show(hass, virtual)
    await wall.strikes(10)
    assert await leases(hass) == {}
    assert virtual.supervisor.state.wishes.balance_now


async def test_another_unit_of_the_time_since_full_means_the_same(
    noon: None, hass: HomeAssistant, wall: Wall, virtual: PackCoordinator, news: None
) -> None:
    er.async_get(hass).async_update_entity_options(SINCE_FULL, "sensor", {"unit_of_measurement": "h"})
    live(virtual, since_full=15 * 86400.0)
    await hass.async_block_till_done()
    await show(hass, virtual)
    state = hass.states.get(SINCE_FULL)
    assert state is not None
    assert state.attributes["unit_of_measurement"] == "h"
    hass.states.async_set(SUN, "20")
    battery = device_id(hass, ENTRY_ID)
    inputs = {"battery": battery, "since_full": [SINCE_FULL], "sun": SUN, "sunny_from": 15}
    await use(hass, "full_charge", every=16, **inputs)
    await wall.strikes(10)
    assert await leases(hass) == {}, "15 days are 360 hours, and less than 16 days"


# --- winter ----------------------------------------------------------------------------------------------------------

WEATHER: Final = "weather.home"
RESERVE: Final = "sensor.home_battery_reserve_in_force"


class Forecast:
    """A weather service."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.lows: list[float | None] = []
        self.error: Exception | None = None
        hass.services.async_register("weather", "get_forecasts", self._answer, supports_response=SupportsResponse.ONLY)

    async def _answer(self, call: Any) -> Any:
        assert call.data["type"] == "daily"
        if self.error is not None:
            raise self.error
        return {WEATHER: {"forecast": [{"temperature": 9.0, "templow": low} for low in self.lows]}}


async def test_a_cold_forecast_raises_the_reserve_until_it_is_clearly_warmer(
    hass: HomeAssistant, wall: Wall, virtual: PackCoordinator
) -> None:
    forecast = Forecast(hass)
    forecast.lows = [3.0, -4.0, -9.0]
    battery = device_id(hass, ENTRY_ID)
    await use(hass, "winter_reserve", battery=battery, weather=[WEATHER], charge_up=True)
    await wall.strikes(10)
    held = (await leases(hass))["reserve"]
    assert (held["owner"], held["reserve"], held["charge_to"], held["reason"]) == ("Winter", 40, 40, "-4.0°")
    system = virtual.config_entry.runtime_data.system
    system.async_set_updated_data(system.async_combine())
    await hass.async_block_till_done()
    assert float(state_of(hass, RESERVE)) == 40

    forecast.lows = [1.0, 1.5]
    await wall.strikes(10)
    assert (await leases(hass))["reserve"]["reason"] == "1.0°", "a degree more is no spring, and is renewed"
    forecast.error = HomeAssistantError("down")
    await wall.strikes(10)
    assert set(await leases(hass)) == {"reserve"}, "what is not known ends nothing"
    forecast.error = None
    forecast.lows = [2.5, 4.0]
    await wall.strikes(10)
    assert await leases(hass) == {}
    forecast.lows = [1.0, 1.5]
    await wall.strikes(10)
    assert await leases(hass) == {}, "and a degree less is no winter"


async def test_of_two_weather_services_one_that_is_silent_ends_nothing(
    hass: HomeAssistant, wall: Wall, virtual: PackCoordinator
) -> None:
    forecast = Forecast(hass)
    forecast.lows = [-4.0]
    battery = device_id(hass, ENTRY_ID)
    await use(hass, "winter_reserve", battery=battery, weather=[WEATHER, "weather.silent"])
    await wall.strikes(10)
    assert set(await leases(hass)) == {"reserve"}, "one that foretells frost is enough"
    forecast.lows = [9.0]
    await wall.strikes(10)
    assert set(await leases(hass)) == {"reserve"}


async def test_a_cold_pack_keeps_more_and_is_charged_gently(
    hass: HomeAssistant, wall: Wall, virtual: PackCoordinator, news: None
) -> None:
    await show(hass, virtual)
    battery = device_id(hass, ENTRY_ID)
    inputs = {"battery": battery, "temperatures": [LOWEST], "pack_temperatures": [LOWEST]}
    await use(hass, "winter_reserve", cold_below=5, gentle_power=700, reserve=55, **inputs)
    await wall.strikes(10)
    assert await leases(hass) == {}
    await inject(hass, "cold_pack", 2)
    await until(lambda: (virtual.latest.believed.temperature_min or 99) < 4)
    await show(hass, virtual)
    await wall.strikes(10)
    held = await leases(hass)
    assert (held["reserve"]["reserve"], held["gentle"]["charge_power"]) == (55, 700)
    assert "charge_to" not in held["reserve"]
    hass.states.async_set(LOWEST, "unavailable")
    await wall.strikes(10)
    assert set(await leases(hass)) == {"reserve", "gentle"}, "what is not known ends nothing"
    hass.states.async_set(LOWEST, "25")
    await wall.strikes(10)
    assert await leases(hass) == {}
