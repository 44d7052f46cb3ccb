"""Actions do what they say on the pack or the system they are called for, and refuse the rest in words."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import probatio as vol
import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import home_bms
from custom_components.home_bms import services
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core import learning
from custom_components.home_bms.core.model import BalanceMode, Level
from custom_components.home_bms.hw.virtual import FAULTS

from .conftest import (
    ENTRY_ID,
    PACK_ID,
    VIRTUAL,
    ScriptedDriver,
    lost,
    make_entry,
    pack_subentry,
    set_up,
    ticks,
    until,
)
from .lessons import LEAKY, WEAK, knowledge_of, teach

OTHER_ID = "01PACK0000000000000000000B"
# What an action does not go without.
NEEDED: Mapping[str, dict[str, Any]] = {
    "export_history": {"from": "2026-01-01 00:00:00"},
    "what_if": {"limits": {"charge_current": 40}},
    "inject_fault": {"fault": "spike"},
    "calibrate_soc": {"soc": 50},
    "cell_replaced": {"cell": 1},
    "import_learned": {"learned": {}},
    "import_pack": {"pack": {}},
    "request_power": {"owner": "somebody"},
    "hold_reserve": {"owner": "somebody", "reserve": 20},
    "follow_openadr": {"programme": "Flexibility", "events": []},
}


def device_id(hass: HomeAssistant, key: str) -> str:
    """Return the id of a pack's or the system's device."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key), ENTRY_ID)
    assert device is not None
    return device.id


async def call(hass: HomeAssistant, action: str, key: str = PACK_ID, /, **data: Any) -> None:
    """Call an action for a pack or the system."""
    await hass.services.async_call(DOMAIN, action, {"device_id": device_id(hass, key), **data}, blocking=True)


async def answer(hass: HomeAssistant, action: str, key: str = PACK_ID, /, **data: Any) -> dict[str, Any]:
    """Call an action that answers."""
    told = await hass.services.async_call(
        DOMAIN, action, {"device_id": device_id(hass, key), **data}, blocking=True, return_response=True
    )
    assert isinstance(told, dict)
    return told


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
        wishes = pack.supervisor.state.wishes
        assert (wishes.balance_now, wishes.balance_now_mode, wishes.balance_until) == (True, None, None)
        await call(hass, "start_balancing", mode="rest", duration={"days": 7})
        wishes = pack.supervisor.state.wishes
        assert (wishes.balance_now, wishes.balance_now_mode) == (True, BalanceMode.REST)
        assert wishes.balance_until == pytest.approx(hass.loop.time() + 7 * 86400, abs=60)
        # What an earlier call said no longer holds.
        await call(hass, "start_balancing", mode="charging")
        wishes = pack.supervisor.state.wishes
        assert (wishes.balance_now_mode, wishes.balance_until) == (BalanceMode.CHARGING, None)
        await call(hass, "stop_balancing")
        wishes = pack.supervisor.state.wishes
        assert (wishes.balance_now, wishes.balance_now_mode, wishes.balance_until) == (False, None, None)


@pytest.mark.parametrize("zone", [True, False])
async def test_balancing_on_demand_ends_at_a_time_of_the_day(
    hass: HomeAssistant, pack: PackCoordinator, zone: bool
) -> None:
    until = dt_util.now() + timedelta(hours=5)
    await call(hass, "start_balancing", until=str(until if zone else until.replace(tzinfo=None)))
    assert pack.supervisor.state.wishes.balance_until == pytest.approx(hass.loop.time() + 5 * 3600, abs=60)


@pytest.mark.parametrize("apart", [timedelta(hours=-1), timedelta(days=8)])
async def test_a_time_that_is_over_or_too_far_is_refused_with_the_permitted_ones(
    hass: HomeAssistant, pack: PackCoordinator, apart: timedelta
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "start_balancing", until=str(dt_util.now() + apart))
    assert refused.value.translation_key == "out_of_range"
    placeholders = refused.value.translation_placeholders
    assert placeholders is not None
    assert placeholders["field"] == "until"
    assert placeholders["minimum"] < placeholders["maximum"]
    assert not pack.supervisor.state.wishes.balance_now


async def test_two_ends_at_once_are_refused(hass: HomeAssistant, pack: PackCoordinator) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "start_balancing", until=str(dt_util.now() + timedelta(hours=1)), duration="01:00:00")
    assert refused.value.translation_key == "two_ends"


@pytest.mark.parametrize("data", [{"mode": "off"}, {"duration": {"days": 8}}, {"duration": "00:00:00"}])
async def test_balancing_takes_no_nonsense(hass: HomeAssistant, pack: PackCoordinator, data: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await call(hass, "start_balancing", **data)


async def test_a_charge_that_a_person_knows_is_shown_and_kept_at_once(
    hass: HomeAssistant, pack: PackCoordinator, hass_storage: dict[str, Any]
) -> None:
    teach(pack)
    await call(hass, "calibrate_soc", soc=35)
    assert pack.data.estimate.soc == pytest.approx(35, abs=0.5)
    assert pack.latest.estimate.soc == pytest.approx(35, abs=0.5)
    await ticks(pack)
    assert pack.latest.estimate.soc == pytest.approx(35, abs=0.5)
    saved = hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["packs"][PACK_ID]["estimate"]
    assert saved["soc"] == pytest.approx(35, abs=0.5)
    assert PACK_ID in hass_storage[f"{DOMAIN}.{ENTRY_ID}.learned"]["data"]["packs"]


@pytest.mark.parametrize(
    ("action", "data", "field"),
    [
        ("calibrate_soc", {"soc": 101}, "soc"),
        ("calibrate_soc", {"soc": -1}, "soc"),
        ("cell_replaced", {"cell": 17}, "cell"),
        ("cell_replaced", {"cell": 0}, "cell"),
    ],
)
async def test_what_cannot_be_is_refused_with_what_can(
    hass: HomeAssistant, pack: PackCoordinator, action: str, data: dict[str, Any], field: str
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, action, **data)
    assert refused.value.translation_key == "out_of_range"
    assert refused.value.translation_placeholders is not None
    assert refused.value.translation_placeholders["field"] == field
    assert refused.value.translation_placeholders["value"] == str(float(data[field]) if field == "soc" else data[field])


async def test_a_charge_of_a_pack_that_was_never_heard_cannot_be_set(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    driver.error = lost()
    await set_up(hass, make_entry(hass))
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "calibrate_soc", soc=50)
    assert refused.value.translation_key == "nothing_known"
    assert await answer(hass, "export_learned") == {"learned": None}


async def test_a_replaced_cell_is_forgotten_and_the_others_are_not(hass: HomeAssistant, pack: PackCoordinator) -> None:
    known = teach(pack)
    await call(hass, "cell_replaced", cell=WEAK + 1)
    after = knowledge_of(pack)
    assert after.cells[WEAK].state == (0.0, 0.0, 0.0, 0.0)
    assert after.resistances[WEAK].steps == 0
    assert after.cells[LEAKY] == known.cells[LEAKY]
    assert pack.latest.estimate.knowledge == after


async def test_what_was_learned_is_exported_and_imported_into_a_pack_of_another_size(
    hass: HomeAssistant, two_packs: tuple[PackCoordinator, PackCoordinator]
) -> None:
    large, small = two_packs
    await ticks(small)
    teach(large)
    exported = (await answer(hass, "export_learned"))["learned"]
    assert exported == json.loads(json.dumps(exported))
    await call(hass, "cell_replaced", cell=WEAK + 1)
    await call(hass, "import_learned", learned=exported)
    assert knowledge_of(large).cells[WEAK].state[2] == -0.05

    before = small.latest.estimate
    assert before.truth is not None
    doubt = learning.doubt(knowledge_of(small))
    await call(hass, "import_learned", OTHER_ID, learned=exported)
    await ticks(small)
    after = small.latest.estimate
    assert after.knowledge is not None
    assert after.knowledge.cells[WEAK].state[2] == pytest.approx(-0.05, abs=0.001)
    # The charge is what it was, and no surer than that.
    assert after.truth == pytest.approx(before.truth, abs=0.5)
    assert learning.doubt(after.knowledge) >= 0.9 * doubt
    assert after.jumps == before.jumps


async def test_a_template_that_makes_tuples_of_lists_does_no_harm(hass: HomeAssistant, pack: PackCoordinator) -> None:
    teach(pack)
    exported = (await answer(hass, "export_learned"))["learned"]
    exported["knowledge"]["cells"] = tuple(exported["knowledge"]["cells"])
    await call(hass, "import_learned", learned=exported)
    assert len(knowledge_of(pack).cells) == 16


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(lambda learned: learned.update(format=7), "format 7", id="newer"),
        pytest.param(lambda learned: learned.update(chemistry="nmc"), "nmc", id="other chemistry"),
        pytest.param(lambda learned: learned["knowledge"].pop("cells"), "cells", id="a part is missing"),
        pytest.param(
            lambda learned: learned["knowledge"]["typical"].update(capacity="much"), "capacity", id="no number"
        ),
        pytest.param(lambda learned: learned["life"].update(plating=[1]), "plating", id="another shape"),
    ],
)
async def test_what_cannot_be_taken_over_is_refused_by_name(
    hass: HomeAssistant, pack: PackCoordinator, spoil: Callable[[dict[str, Any]], object], why: str
) -> None:
    known = teach(pack)
    exported = (await answer(hass, "export_learned"))["learned"]
    spoil(exported)
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "import_learned", learned=exported)
    assert refused.value.translation_key == "learned_refused"
    placeholders = refused.value.translation_placeholders
    assert placeholders is not None
    assert placeholders["name"] == "Pack 1"
    assert why in placeholders["error"]
    assert knowledge_of(pack).cells == known.cells


async def test_the_time_to_a_charge_is_answered(hass: HomeAssistant, pack: PackCoordinator) -> None:
    estimate = replace(pack.latest.estimate, soc=60.0, load=-50.0, capacity=250.0)
    with patch.object(pack, "latest", replace(pack.latest, estimate=estimate)):
        assert await answer(hass, "time_to_soc", soc=20) == {"hours": 2.0}
        assert await answer(hass, "time_to_soc", soc=80) == {"hours": None}
    with pytest.raises(vol.Invalid):
        await answer(hass, "time_to_soc", soc=120)


async def test_what_is_about_one_pack_is_refused_for_several(
    hass: HomeAssistant, two_packs: tuple[PackCoordinator, PackCoordinator]
) -> None:
    for action, data in (
        ("calibrate_soc", {"soc": 50}),
        ("cell_replaced", {"cell": 1}),
        ("import_learned", {"learned": {}}),
    ):
        with pytest.raises(ServiceValidationError) as refused:
            await call(hass, action, ENTRY_ID, **data)
        assert refused.value.translation_key == "one_pack_only"
    with pytest.raises(ServiceValidationError):
        await answer(hass, "export_learned", ENTRY_ID)


async def test_a_system_of_one_pack_means_that_pack(hass: HomeAssistant, pack: PackCoordinator) -> None:
    teach(pack)
    await call(hass, "calibrate_soc", ENTRY_ID, soc=35)
    assert pack.data.estimate.soc == pytest.approx(35, abs=0.5)


async def test_a_trip_is_reset_only_once_its_cause_is_gone(
    hass: HomeAssistant, pack: PackCoordinator, driver: ScriptedDriver
) -> None:
    events: list[tuple[str, str]] = []
    pack.news.add_event_listener(lambda key, became, *_: events.append((key, became)))
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
    pack.news.add_event_listener(lambda key, became, *_: events.append((key, became)))
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
    modes = described["start_balancing"]["fields"]["mode"]["selector"]["select"]["options"]
    assert modes == services.BALANCE_MODES


async def test_an_entry_that_is_not_loaded_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    device = device_id(hass, PACK_ID)
    assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(DOMAIN, "clear_limits", {"device_id": device}, blocking=True)


@pytest.mark.parametrize(
    ("action", "data", "field"),
    [
        ("start_balancing", {"until": "2026-12-01T00:00:00\ud800"}, "until"),
        ("start_balancing", {"until": "0001-01-01T00:00:00+14:00"}, "until"),
        ("start_balancing", {"duration": {"days": 1e300}}, "duration"),
        ("set_limits", {"duration": 3600, "charge_current": 10**400}, "charge_current"),
        ("request_power", {"owner": "a", "power": 5, "end": "9999-12-31T23:59:59-12:00"}, "end"),
        ("hold_reserve", {"owner": "a", "reserve": 5, "duration": 60, "last_day": "9999-12-31"}, "last_day"),
        ("export_history", {"from": "2026-01-01", "entity_id": True}, "entity_id"),
    ],
)
async def test_what_others_would_trip_over_is_refused_by_the_field(
    hass: HomeAssistant, pack: PackCoordinator, action: str, data: dict[str, Any], field: str
) -> None:
    """Half a character in a time ended the whole process; the others raised what nobody translates."""
    with pytest.raises(vol.Invalid, match=field):
        await call(hass, action, **data)


async def test_half_a_character_keeps_nothing_from_the_disk(hass: HomeAssistant, pack: PackCoordinator) -> None:
    await call(hass, "hold_reserve", ENTRY_ID, owner="a\ud800", reserve=20, duration=60, reason="\udfff")
    entry = hass.config_entries.async_get_entry(ENTRY_ID)
    assert entry is not None
    (kept,) = (await answer(hass, "get_leases", ENTRY_ID))["leases"]
    assert kept["owner"] == "a?"
    assert await entry.runtime_data.store.async_save()
