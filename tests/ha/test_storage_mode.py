"""A battery that a user puts to rest is moved by a lease like any other, through restarts, until its time is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.leases import MOST_LEASES, LeaseBook
from custom_components.home_bms.core.storage import Phase
from custom_components.home_bms.system_coordinator import SystemCoordinator

from .conftest import ENTRY_ID, PACK_ID, ScriptedDriver, lost, make_entry, nimble, set_up, until
from .test_leases import attributes, later, limits, shown
from .test_services import call

MODE = "select.home_battery_storage_mode"
PHASE = "sensor.home_battery_storage_mode_now"
LEASE = "sensor.home_battery_lease_in_force"
SETPOINT = "sensor.home_battery_set_point"
STORE = f"{DOMAIN}.{ENTRY_ID}"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.SELECT, Platform.SENSOR]


@pytest.fixture
async def entry(hass: HomeAssistant, driver: ScriptedDriver, scripted: None) -> MockConfigEntry:
    entry = make_entry(hass)
    with patch("custom_components.home_bms.pack_config", nimble):
        await set_up(hass, entry)
    return entry


@pytest.fixture
async def system(entry: MockConfigEntry, pack: PackCoordinator) -> SystemCoordinator:
    """Return a battery that holds 60 % and permits all of its 140 A in both directions."""
    system: SystemCoordinator = entry.runtime_data.system
    await until(lambda: limits(system) == (140, 140))
    return system


async def choose(hass: HomeAssistant, option: str) -> None:
    await hass.services.async_call("select", "select_option", {"entity_id": MODE, "option": option}, blocking=True)
    await hass.async_block_till_done()


async def test_chosen_storage_lowers_a_full_battery_gently_and_says_who_asks(
    hass: HomeAssistant, system: SystemCoordinator
) -> None:
    assert (shown(hass, MODE), shown(hass, PHASE)) == ("off", "off")
    await choose(hass, "storage")
    assert (shown(hass, MODE), shown(hass, PHASE)) == ("storage", "lowering")
    # A tenth of 280 Ah an hour.
    assert limits(system) == (0, 28)
    assert system.async_combine().ccl.reason.rule == "leased"
    assert shown(hass, LEASE) == "storage"
    asks = {ask["part"]: ask for ask in attributes(hass, LEASE)["asks"]}
    assert asks["charge_current"]["reason"] == "Bringing the charge down"
    assert system.setpoint is not None
    assert -0.11 * 280 * 54 < system.setpoint < -0.09 * 280 * 50
    facts = attributes(hass, PHASE)
    assert (facts["lowest"], facts["highest"], facts["until"]) == (50, 50, None)
    # Nobody has allowed control: it shows what it would do.
    assert facts["acting"] is False


async def test_ending_it_gives_the_battery_back(hass: HomeAssistant, system: SystemCoordinator) -> None:
    await choose(hass, "storage")
    assert limits(system)[0] == 0
    await choose(hass, "off")
    await until(lambda: limits(system) == (140, 140))
    assert (system.setpoint, shown(hass, MODE), shown(hass, LEASE)) == (None, "off", "none")
    await choose(hass, "winter")
    await call(hass, "stop_storage", ENTRY_ID)
    assert shown(hass, MODE) == "off"


async def test_a_battery_below_the_charge_is_charged_to_it_and_not_used(
    hass: HomeAssistant, system: SystemCoordinator
) -> None:
    await call(hass, "start_storage", PACK_ID, soc=70)
    await hass.async_block_till_done()
    assert shown(hass, PHASE) == "topping_up"
    await until(lambda: limits(system) == (28, 0))
    assert system.setpoint is not None
    assert system.setpoint > 0


async def test_winter_keeps_a_reserve_and_takes_all_the_sun(hass: HomeAssistant, system: SystemCoordinator) -> None:
    await call(hass, "start_storage", ENTRY_ID, purpose="winter", lowest=60)
    assert system.storage.state.phase is Phase.WORKING
    # The reserve is what the scripted pack holds.
    assert limits(system)[0] == 140
    assert limits(system)[1] < 1
    assert system.setpoint is None


async def test_it_ends_at_its_time_and_tells_what_it_did(hass: HomeAssistant, system: SystemCoordinator) -> None:
    end = dt_util.now() + timedelta(days=30)
    await call(hass, "start_storage", ENTRY_ID, purpose="absence", until=str(end))
    await hass.async_block_till_done()
    assert attributes(hass, PHASE)["until"] == end.isoformat(" ", "seconds")
    # Its lease lasts for a day only and is renewed as long as home_bms runs.
    for days in (0.6, 1.2, 1.8, 29.9):
        with later(days=days):
            system.async_combine()
            assert limits(system)[0] == 0
    # A clock that is put back leaves no gap.
    with later(days=28):
        system.async_combine()
        assert system.leases.in_force.holding
    with later(days=30.1):
        system.async_combine()
        assert system.storage.state.phase is Phase.OFF
        assert not system.leases.book.leases
    await until(lambda: shown(hass, MODE) == "off")


async def test_it_survives_a_restart_however_long(
    hass: HomeAssistant, entry: MockConfigEntry, system: SystemCoordinator
) -> None:
    await call(hass, "start_storage", ENTRY_ID, soc=50)
    assert await hass.config_entries.async_unload(entry.entry_id)
    with later(days=3):
        await set_up(hass, entry)
        again: SystemCoordinator = entry.runtime_data.system
        await until(lambda: again.storage.state.phase is Phase.LOWERING)
        assert again.async_combine().ccl.value == 0
        assert again.leases.in_force.holding[0].lease.owner == "storage"


async def test_a_battery_that_is_not_heard_is_neither_charged_nor_used(
    hass: HomeAssistant, entry: MockConfigEntry, system: SystemCoordinator, driver: ScriptedDriver
) -> None:
    await call(hass, "start_storage", ENTRY_ID)
    assert await hass.config_entries.async_unload(entry.entry_id)
    driver.error = lost()
    await set_up(hass, entry)
    again: SystemCoordinator = entry.runtime_data.system
    decision = again.async_combine()
    assert (decision.ccl.value, decision.dcl.value) == (0, 0)


async def test_whoever_releases_its_lease_ends_it(hass: HomeAssistant, system: SystemCoordinator) -> None:
    await choose(hass, "storage")
    await call(hass, "release", ENTRY_ID, owner="storage")
    await hass.async_block_till_done()
    assert system.storage.state.phase is Phase.OFF
    assert not system.leases.book.leases


async def test_what_cannot_be_meant_names_the_field_and_its_range(
    hass: HomeAssistant, system: SystemCoordinator
) -> None:
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, "start_storage", ENTRY_ID, soc=5)
    assert err.value.translation_placeholders == {
        "field": "lowest",
        "value": "5.0",
        "minimum": "20.0",
        "maximum": "90.0",
    }
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, "start_storage", ENTRY_ID, until="2020-01-01 08:00:00")
    placeholders = err.value.translation_placeholders
    assert placeholders is not None
    assert (placeholders["field"], placeholders["value"][:10]) == ("until", "2020-01-01")
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, "start_storage", ENTRY_ID, soc=50, lowest=40)
    assert err.value.translation_key == "two_charges"
    assert system.storage.state.phase is Phase.OFF


async def test_without_room_for_its_lease_it_does_not_begin(hass: HomeAssistant, system: SystemCoordinator) -> None:
    for number in range(MOST_LEASES):
        await call(hass, "request_power", owner=f"Owner {number}", charge_power=5000, duration="01:00:00")
    with pytest.raises(ServiceValidationError):
        await choose(hass, "storage")
    assert system.storage.state.phase is Phase.OFF


async def test_a_place_that_others_took_meanwhile_is_told_once_and_awaited(
    hass: HomeAssistant, system: SystemCoordinator, caplog: pytest.LogCaptureFixture
) -> None:
    await choose(hass, "storage")
    await call(hass, "request_power", owner="Owner", charge_power=5000, duration={"days": 10})
    other = next(lease for lease in system.leases.book.leases if lease.owner == "Owner")
    others = tuple(replace(other, name=str(number)) for number in range(MOST_LEASES))
    with later(days=2):
        system.leases.book = LeaseBook(leases=others)
        system.async_combine()
        system.async_combine()
        assert caplog.text.count("storage mode cannot be kept") == 1
        system.leases.book = LeaseBook()
        system.async_combine()
        assert [lease.owner for lease in system.leases.book.leases] == ["storage"]


async def test_a_battery_that_cannot_be_topped_up_calls_a_person(
    hass: HomeAssistant, system: SystemCoordinator
) -> None:
    def stands() -> bool:
        return (DOMAIN, f"storage_in_vain_{ENTRY_ID}") in ir.async_get(hass).issues

    await call(hass, "start_storage", ENTRY_ID, soc=70)
    with later(days=2.9):
        system.async_combine()
        assert not stands()
    with later(days=3.1):
        system.async_combine()
        assert stands()
    await call(hass, "stop_storage", ENTRY_ID)
    assert not stands()


async def test_a_pack_about_to_switch_off_calls_a_person_at_once(
    hass: HomeAssistant, system: SystemCoordinator, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await choose(hass, "absence")
    driver.cells = [3.30] * 15 + [2.93]
    await until(lambda: (DOMAIN, f"storage_in_danger_{ENTRY_ID}") in ir.async_get(hass).issues)
    issue = ir.async_get(hass).issues[DOMAIN, f"storage_in_danger_{ENTRY_ID}"]
    assert issue.severity is ir.IssueSeverity.CRITICAL
    assert system.storage.state.phase is Phase.TOPPING_UP
    driver.cells = [3.30] * 16
    await until(lambda: (DOMAIN, f"storage_in_danger_{ENTRY_ID}") not in ir.async_get(hass).issues)


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param({"phase": 7}, id="not readable"),
        pytest.param(
            {
                "rest": {"purpose": "storage", "lowest": 1.0, "highest": 50.0, "until": None},
                "phase": "holding",
                "waiting_since": None,
                "waiting_soc": None,
            },
            id="cannot be",
        ),
    ],
)
async def test_a_spoilt_state_takes_control_away_rather_than_being_taken_for_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, system: SystemCoordinator, hass_storage: dict[str, Any], spoilt: Any
) -> None:
    await entry.runtime_data.async_allow_control(True)
    await choose(hass, "storage")
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[STORE]["data"]["system"]["storage"] = spoilt
    await set_up(hass, entry)
    assert entry.runtime_data.store.lost
    assert not entry.runtime_data.control_allowed
    assert entry.runtime_data.system.storage.state.phase is Phase.OFF
