"""Actions do what they say on the pack or the system they are called for, and refuse the rest in words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from unittest.mock import patch

import pytest
import voluptuous as vol
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components import home_bms
from custom_components.home_bms import services
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import Level
from custom_components.home_bms.hw.virtual import FAULTS

from .conftest import (
    ENTRY_ID,
    PACK_ID,
    VIRTUAL,
    ScriptedDriver,
    make_entry,
    pack_subentry,
    set_up,
    ticks,
    until,
)

OTHER_ID = "01PACK0000000000000000000B"


def device_id(hass: HomeAssistant, key: str) -> str:
    """Return the id of a pack's or the system's device."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key), ENTRY_ID)
    assert device is not None
    return device.id


async def call(hass: HomeAssistant, action: str, key: str = PACK_ID, /, **data: Any) -> None:
    """Call an action for a pack or the system."""
    await hass.services.async_call(DOMAIN, action, {"device_id": device_id(hass, key), **data}, blocking=True)


@pytest.fixture
async def two_packs(
    hass: HomeAssistant, drivers: list[ScriptedDriver], driver: ScriptedDriver, scripted: None
) -> tuple[PackCoordinator, PackCoordinator]:
    """Return two packs, one of 280 Ah and one of 140 Ah."""
    drivers.append(ScriptedDriver("JK-0002"))
    small = pack_subentry(
        OTHER_ID, "Pack 2", serial_number="JK-0002", capacity=140.0, charge_current=70.0, discharge_current=70.0
    )
    entry = make_entry(hass, pack_subentry(), small)
    await set_up(hass, entry)
    packs = entry.runtime_data.packs
    return packs[PACK_ID], packs[OTHER_ID]


@pytest.fixture
async def virtual(hass: HomeAssistant, socket_enabled: None, quick: None) -> AsyncGenerator[PackCoordinator]:
    """Return a virtual pack."""
    entry = make_entry(hass, {**pack_subentry(), "data": dict(VIRTUAL), "unique_id": "VIRTUAL-0001"})
    with patch("custom_components.home_bms.PLATFORMS", []):
        await set_up(hass, entry)
        yield entry.runtime_data.packs[PACK_ID]
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_leased_limits_narrow_at_once_and_end_by_themselves(
    hass: HomeAssistant, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    await call(
        hass, "set_limits", charge_current=20, discharge_current=30, charge_voltage=54.4, duration={"seconds": 1}
    )
    await ticks(pack)
    assert pack.latest.wishes.leased_charge_current == 20
    assert pack.latest.decision.ccl.value <= 20
    assert pack.latest.decision.dcl.value <= 30
    assert pack.latest.decision.cvl.value <= 54.4
    assert pack.data.wishes.leased_charge_current == 20
    await until(lambda: pack.latest.wishes.lease_until is None)
    assert pack.latest.wishes.leased_charge_current is None


async def test_limits_not_named_again_end_with_the_next_lease_and_clearing_ends_all(
    hass: HomeAssistant, pack: PackCoordinator
) -> None:
    await pack.async_wish(charge_current_cap=100.0)
    await call(hass, "set_limits", charge_current=20, duration="01:00:00")
    await call(hass, "set_limits", soc_min=20, soc_max=80, duration="01:00:00")
    wishes = pack.supervisor.state.wishes
    assert (wishes.leased_charge_current, wishes.leased_soc_min, wishes.leased_soc_max) == (None, 20, 80)
    await call(hass, "clear_limits")
    wishes = pack.supervisor.state.wishes
    assert (wishes.leased_soc_min, wishes.leased_soc_max, wishes.lease_until) == (None, None, None)
    assert wishes.charge_current_cap == 100.0


async def test_a_systems_currents_are_shared_by_capacity(
    hass: HomeAssistant, two_packs: tuple[PackCoordinator, PackCoordinator]
) -> None:
    await call(hass, "set_limits", ENTRY_ID, charge_current=90, charge_voltage=54.4, duration="01:00:00")
    large, small = (pack.supervisor.state.wishes for pack in two_packs)
    assert (large.leased_charge_current, small.leased_charge_current) == (60, 30)
    assert (large.leased_charge_voltage, small.leased_charge_voltage) == (54.4, 54.4)


async def test_what_one_pack_refuses_none_takes(
    hass: HomeAssistant, two_packs: tuple[PackCoordinator, PackCoordinator]
) -> None:
    large, small = two_packs
    object.__setattr__(small.config, "charge_current", 10.0)
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "set_limits", ENTRY_ID, charge_current=90, duration="01:00:00")
    assert refused.value.translation_key == "out_of_range"
    assert refused.value.translation_placeholders == {
        "field": "charge_current",
        "value": "30.0",
        "minimum": "0.0",
        "maximum": "10.0",
    }
    assert large.supervisor.state.wishes.leased_charge_current is None


async def test_a_lease_without_a_limit_is_refused(hass: HomeAssistant, pack: PackCoordinator) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "set_limits", duration="01:00:00")
    assert refused.value.translation_key == "no_limit_given"


@pytest.mark.parametrize("duration", ["00:00:00", {"days": 2}])
async def test_a_lease_lasts_from_a_second_to_a_day(
    hass: HomeAssistant, pack: PackCoordinator, duration: object
) -> None:
    with pytest.raises(vol.Invalid):
        await call(hass, "set_limits", charge_current=20, duration=duration)


async def test_balancing_on_demand_begins_and_ends(hass: HomeAssistant, pack: PackCoordinator) -> None:
    with patch.object(pack.supervisor, "_judge", return_value=pack.latest):
        await call(hass, "start_balancing")
        assert pack.supervisor.state.wishes.balance_now
        await call(hass, "stop_balancing")
        assert not pack.supervisor.state.wishes.balance_now


async def test_a_trip_is_reset_only_once_its_cause_is_gone(
    hass: HomeAssistant, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    events: list[tuple[str, str]] = []
    pack.add_event_listener(lambda key, became, *_: events.append((key, became)))
    driver.temperatures[2] = 70.0
    await until(lambda: pack.latest.decision.worst is Level.TRIP)
    await ticks(pack)
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "reset_trips", ENTRY_ID)
    assert refused.value.translation_key == "trips_stand"
    assert refused.value.translation_placeholders is not None
    assert "Too hot to charge" in refused.value.translation_placeholders["protections"]
    await ticks(pack)
    assert pack.latest.decision.worst is Level.TRIP
    assert not [became for _, became in events if became == "reset"]

    driver.temperatures[2] = 25.0
    await ticks(pack)
    assert pack.latest.decision.worst is Level.TRIP
    await call(hass, "reset_trips")
    await until(lambda: pack.latest.decision.worst < Level.TRIP)
    assert ("charge_overtemperature", "reset") in events


async def test_a_protection_that_lets_go_by_itself_is_released(
    hass: HomeAssistant, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    events: list[tuple[str, str]] = []
    pack.add_event_listener(lambda key, became, *_: events.append((key, became)))
    driver.temperatures[2] = 47.0
    await until(lambda: any(key == "charge_overtemperature" for key, _ in events))
    driver.temperatures[2] = 25.0
    await until(lambda: ("charge_overtemperature", "released") in events, within=90)


async def test_faults_are_injected_into_a_simulation_and_mended(hass: HomeAssistant, virtual: PackCoordinator) -> None:
    await call(hass, "inject_fault", fault="hot_cell_now", cell=3, value=60, duration="01:00:00")
    await until(lambda: (virtual.latest.believed.temperature_max or 0.0) > 50)
    await call(hass, "clear_faults", fault="hot_cell_now")
    await until(lambda: (virtual.latest.believed.temperature_max or 99.0) < 50)
    await call(hass, "clear_faults")


@pytest.mark.parametrize(
    ("action", "data"),
    [
        pytest.param("inject_fault", {"fault": "gremlins"}, id="unknown fault"),
        pytest.param("inject_fault", {"fault": "hot_cell", "cell": 17}, id="cell that is not there"),
        pytest.param("clear_faults", {"fault": "gremlins"}, id="unknown fault to mend"),
    ],
)
async def test_a_fault_that_cannot_be_is_refused(
    hass: HomeAssistant, virtual: PackCoordinator, action: str, data: dict[str, Any]
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, action, **data)
    assert refused.value.translation_key == "unknown_fault"


async def test_the_last_cell_has_the_number_of_cells_and_there_is_no_cell_0(
    hass: HomeAssistant, virtual: PackCoordinator
) -> None:
    await call(hass, "inject_fault", fault="hot_cell", cell=16)
    with pytest.raises(vol.Invalid):
        await call(hass, "inject_fault", fault="hot_cell", cell=0)


@pytest.mark.parametrize("key", [PACK_ID, ENTRY_ID])
async def test_a_real_pack_has_no_faults_to_inject(hass: HomeAssistant, pack: PackCoordinator, key: str) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "inject_fault", key, fault="hot_cell")
    assert refused.value.translation_key == "not_virtual"


async def test_a_device_that_is_not_ours_is_refused(hass: HomeAssistant, pack: PackCoordinator) -> None:
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(DOMAIN, "clear_limits", {"device_id": "nobody"}, blocking=True)


@pytest.mark.parametrize("action", sorted(name for name, row in services.ACTIONS.items() if row.admin))
async def test_what_lets_more_energy_through_is_for_administrators(
    hass: HomeAssistant, pack: PackCoordinator, hass_read_only_user: MockUser, action: str
) -> None:
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": device_id(hass, PACK_ID)} | ({"fault": "spike"} if action == "inject_fault" else {}),
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )


def test_only_what_narrows_is_for_everybody() -> None:
    assert {name for name, row in services.ACTIONS.items() if not row.admin} == {"set_limits", "stop_balancing"}


async def test_actions_exist_without_an_entry(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "http", {})
    assert await home_bms.async_setup(hass, {})
    assert set(hass.services.async_services_for_domain(DOMAIN)) == set(services.ACTIONS)


async def test_the_description_names_every_action_and_field(hass: HomeAssistant) -> None:
    described = await hass.async_add_executor_job(
        load_yaml_dict, str(services.__file__).replace("services.py", "services.yaml")
    )
    assert described.keys() == services.ACTIONS.keys()
    for name, action in services.ACTIONS.items():
        fields = {str(marker) for marker in action.schema} | {"device_id"}
        assert described[name]["fields"].keys() == fields
    for name in ("inject_fault", "clear_faults"):
        assert described[name]["fields"]["fault"]["selector"]["select"]["options"] == list(FAULTS)


async def test_an_entry_that_is_not_loaded_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    device = device_id(hass, PACK_ID)
    assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(DOMAIN, "clear_limits", {"device_id": device}, blocking=True)
