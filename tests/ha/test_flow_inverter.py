"""An inverter is looked at before it is added, and whoever adds it reads what will be written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.can.lines import async_hold_can
from custom_components.home_bms.const import (
    SUBENTRY_COMMISSIONING,
    SUBENTRY_INVERTER,
    SUBENTRY_PACK,
    SUBENTRY_PROGRAMME,
)
from custom_components.home_bms.flow import inverter_can as flow_inverter_can
from custom_components.home_bms.flow.can_forms import BUS_SCHEMAS
from custom_components.home_bms.flow.inverter_forms import (
    ENTITIES_SCHEMA,
    MODBUS_FORMS,
    MODEL_SCHEMA,
    SERVER_SCHEMA,
    settings_schema,
    works_schema,
)
from custom_components.home_bms.hw.can import CanLink
from custom_components.home_bms.hw.can_frame import frame_of
from custom_components.home_bms.hw.can_params import params_from_data
from custom_components.home_bms.hw.inverters.modbus import MODBUS_INVERTERS
from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.inverter import Manner, VirtualInverter
from custom_components.home_bms.hw.virtual.inverter_fronts import VirtualSunSpec
from custom_components.home_bms.inverters.roles import INVERTER_SLOTS, PowerSign, Work

from .conftest import ScriptedDriver, make_entry, pack_subentry, set_up
from .entity_device import EntityPack
from .inverter_flow import added, answer, begin, change, pick_bus, shown
from .inverter_house import House, gx, house, inverter_subentry, quick_inverters
from .test_translations import ENGLISH

_ports = count(43300)


@pytest.fixture(autouse=True)
def swift(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_inverters(monkeypatch)
    monkeypatch.setattr(flow_inverter_can, "LISTEN_FOR", 0.3)


@pytest.fixture
async def system(hass: HomeAssistant, driver: ScriptedDriver, scripted: None) -> AsyncIterator[MockConfigEntry]:
    entry = make_entry(hass, pack_subentry())
    await set_up(hass, entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def home() -> AsyncIterator[House]:
    async with house(gx(), 100, model="victron_gx") as home:
        yield home


def link(home: House, **changes: Any) -> dict[str, Any]:
    return {"type": "tcp", "host": " 127.0.0.1 ", "port": home.port, "unit_id": home.unit_id, **changes}


async def test_a_gx_is_asked_who_it_is_and_nothing_is_written(
    hass: HomeAssistant, system: MockConfigEntry, home: House
) -> None:
    result = await begin(hass, "victron_gx")
    result = await answer(hass, result, **link(home))
    assert result["step_id"] == "settings"
    assert "2705" in result["description_placeholders"]["tells"]
    assert home.server.writes == []
    result = await answer(hass, result, name="Cellar", share=60)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    inverter = added(system)
    assert inverter.title == "Cellar"
    assert inverter.data["host"] == "127.0.0.1"
    assert inverter.data["share"] == 60
    await hass.async_block_till_done()
    assert len(system.runtime_data.inverters) == 1

    result = await begin(hass, "victron_gx")
    result = await answer(hass, result, **link(home))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_an_inverter_that_does_not_answer_is_told_and_may_be_tried_again(
    hass: HomeAssistant, system: MockConfigEntry, home: House
) -> None:
    home.inverter.manner = Manner.SILENT
    result = await begin(hass, "victron_gx")
    result = await answer(hass, result, **link(home))
    assert result["errors"] == {"base": "no_answer"}
    home.inverter.manner = Manner.OBEYS
    result = await answer(hass, result, **link(home))
    assert result["step_id"] == "settings"


async def test_a_sunspec_inverter_tells_what_it_lacks_and_can_be_changed_but_not_for_another(
    hass: HomeAssistant, system: MockConfigEntry
) -> None:
    front = VirtualSunSpec(VirtualInverter(VirtualPack(soc=60.0), wants=lambda _: 0.0))
    async with house(front, 1) as home:
        result = await begin(hass, "sunspec")
        result = await answer(hass, result, **link(home, setpoint_sign="unknown"))
        assert "sign of a set-point" in result["description_placeholders"]["tells"]
        await answer(hass, result, name="Roof", share=100)
        await hass.async_block_till_done()
        assert "setpoint_sign" not in added(system).data
        assert added(system).data["serial_number"] == "VI-5"

        result = await change(hass, system)
        assert result["menu_options"] == ["sunspec", "sunspec_serial"]
        result = await answer(hass, result, next_step_id="sunspec")
        result = await answer(hass, result, **link(home, setpoint_sign="negative_charges", discharge_power=4500))
        result = await answer(hass, result, name="Roof", share=80)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
        await hass.async_block_till_done()
        assert (added(system).data["setpoint_sign"], added(system).data["share"]) == (-1, 80)

        front.common["SN"] = "VI-6"
        result = await change(hass, system)
        result = await answer(hass, result, next_step_id="sunspec")
        result = await answer(hass, result, **link(home))
        assert result["errors"] == {"base": "wrong_device"}
        assert result["description_placeholders"] == {"expected": "VI-5", "found": "VI-6"}
        assert await hass.config_entries.async_unload(system.entry_id)


# CAN.


@pytest.fixture
def bus() -> dict[str, Any]:
    """Return the form of a bus that only this test is on."""
    return {"channel": "239.74.163.2", "port": next(_ports)}


async def test_a_quiet_bus_may_be_sent_on_and_what_will_be_sent_is_named(
    hass: HomeAssistant, system: MockConfigEntry, bus: dict[str, Any]
) -> None:
    result = await pick_bus(hass, bus)
    assert result["step_id"] == "can_model"
    assert result["description_placeholders"]["heard"] == "nothing"
    result = await answer(hass, result, model="deye_lv")
    assert result["step_id"] == "can_options"
    result = await answer(hass, result, pylontech_lv=shown(result, "pylontech_lv"))
    tells = result["description_placeholders"]["tells"]
    assert "351" in tells
    await answer(hass, result, name="Deye", share=100)
    await hass.async_block_till_done()
    assert added(system).data["can"]["interface"] == "udp_multicast"

    result = await change(hass, system)
    result = await answer(hass, result, next_step_id="can_multicast")
    result = await answer(hass, result, **bus)
    assert result["step_id"] == "can_model"
    result = await answer(hass, result, model="deye_lv")
    result = await answer(hass, result, pylontech_lv=shown(result, "pylontech_lv"))
    result = await answer(hass, result, name="Deye 2", share=100)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    # Another way to a bus begins without what is known of this one.
    result = await change(hass, system)
    result = await answer(hass, result, next_step_id="can_socketcand")
    assert result["step_id"] == "can_socketcand"


async def test_a_bus_on_which_another_battery_speaks_is_refused(
    hass: HomeAssistant, system: MockConfigEntry, bus: dict[str, Any]
) -> None:
    other = CanLink(params_from_data({"interface": "udp_multicast", **bus}))
    claim = await other.claim({0x351}, 0.0)

    async def speak() -> None:
        while True:
            claim.send(frame_of(0x351, bytes(8)))
            await asyncio.sleep(0.02)

    task = asyncio.get_running_loop().create_task(speak())
    try:
        result = await pick_bus(hass, bus)
        assert result["description_placeholders"]["heard"] == "351"
        result = await answer(hass, result, model="deye_lv")
        assert result["errors"] == {"model": "can_ids_in_use"}
        assert result["description_placeholders"]["ids"] == "351"
    finally:
        task.cancel()
        claim.release()
        await other.close()


async def test_a_bus_that_cannot_be_is_told_where(
    hass: HomeAssistant, system: MockConfigEntry, bus: dict[str, Any]
) -> None:
    result = await pick_bus(hass, {**bus, "channel": " "})
    assert result["errors"] == {"channel": "can_channel_missing"}
    # A bus that another part of home_bms has opened in another way.
    params = params_from_data({"interface": "udp_multicast", **bus, "bitrate": 250000})
    _, release = async_hold_can(hass, params)
    result = await answer(hass, result, **bus)
    assert result["errors"] == {"base": "can_link_in_use"}
    await release()


@pytest.mark.parametrize("step", sorted(set(BUS_SCHEMAS) - {"can_multicast"}))
async def test_every_way_to_a_bus_has_its_form(hass: HomeAssistant, system: MockConfigEntry, step: str) -> None:
    result = await begin(hass, "can")
    result = await answer(hass, result, next_step_id=step)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, step)


# Entities.


@pytest.fixture
def device(hass: HomeAssistant) -> EntityPack:
    device = EntityPack(hass, "Inverter of another", domain="solar", sensors=False)
    device.add("number", "charge current", "100", "A", min=0, max=120, step=1)
    device.add("number", "odd", "100", "rpm", min=0, max=120, step=1)
    device.add("switch", "charging", "on")
    return device


OPTIONS = {"current_inverted": False, "rise_after": 60, "least_rise": 5}


async def test_entities_are_chosen_by_role_and_kept_by_what_outlives_a_new_name(
    hass: HomeAssistant, system: MockConfigEntry, device: EntityPack
) -> None:
    number, switch = device.entity("number", "charge current"), device.entity("switch", "charging")
    result = await begin(hass, "entities")
    for chosen, field, error in (
        ({}, "base", "nothing_to_move"),
        ({"charge_limit": number, "discharge_limit": number}, "discharge_limit", "entity_twice"),
        ({"charge_limit": device.entity("number", "odd")}, "charge_limit", "entity_unit"),
        ({"charge_limit": "number.not_there"}, "charge_limit", "entity_gone"),
    ):
        result = await answer(hass, result, **chosen, **OPTIONS)
        assert result["errors"] == {field: error}
    assert result["description_placeholders"] == {"field": "Charge limit", "entity": "number.not_there"}
    result = await answer(hass, result, charge_limit=number, charge_switch=switch, **OPTIONS)
    assert number in result["description_placeholders"]["tells"]
    await answer(hass, result, name="Solar", share=100)
    await hass.async_block_till_done()
    assert added(system).data["roles"]["charge_limit"] == [device.id_of(number)]
    assert device.calls == []

    result = await begin(hass, "entities")
    result = await answer(hass, result, charge_limit=number, **OPTIONS)
    assert result["errors"] == {"charge_limit": "entity_taken"}

    result = await change(hass, system)
    assert shown(result)["charge_limit"] == number
    result = await answer(hass, result, charge_limit=number, **OPTIONS)
    result = await answer(hass, result, name="Solar", share=100)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert set(added(system).data["roles"]) == {"charge_limit"}


async def test_a_work_mode_is_told_what_its_own_options_mean_and_only_as_far_as_that_makes_sense(
    hass: HomeAssistant, system: MockConfigEntry, device: EntityPack
) -> None:
    mode = device.add("select", "mode", "Self use", options=["Self use", "Charge", "Discharge", "Stop"])
    bare = device.add("select", "bare", "Self use")
    watts = {name: device.add("number", name, "0", "W", min=0, max=5000, step=10) for name in ("in", "out", "both")}
    limit = device.entity("number", "charge current")
    result = await begin(hass, "entities")
    for chosen, field, error in (
        ({"work_mode": bare}, "work_mode", "no_options"),
        ({"setpoint": watts["both"]}, "power_sign", "sign_missing"),
        ({"setpoint": watts["both"], "power_sign": "by_mode"}, "power_sign", "sign_without_mode"),
        ({"setpoint": watts["both"], "charge_power": watts["in"]}, "charge_power", "power_twice"),
        ({"charge_power": watts["in"]}, "discharge_power", "power_alone"),
    ):
        result = await answer(hass, result, **chosen, **OPTIONS)
        assert result["errors"] == {field: error}
    assert result["description_placeholders"] == {"field": "Charge power", "other": "Discharge power"}
    result = await answer(hass, result, work_mode=mode, charge_power=watts["in"], **OPTIONS)
    assert result["step_id"] == "works"
    assert result["description_placeholders"]["entity"] == mode
    for works, field, error in (
        ({"standby": "Stop"}, "charge", "power_without_option"),
        ({"standby": "Stop", "charge": "Charge", "discharge": "Discharge"}, "discharge", "option_without_power"),
    ):
        result = await answer(hass, result, **works)
        assert result["errors"] == {field: error}
    assert result["description_placeholders"]["other"] == "Discharge power"
    result = await answer(hass, result, standby="Stop", charge="Charge")
    assert "Charge: “Charge”" in result["description_placeholders"]["tells"]
    await answer(hass, result, name="Hybrid", share=100)
    await hass.async_block_till_done()
    assert added(system).data["works"] == {"standby": "Stop", "charge": "Charge"}
    assert device.calls == []

    # An option that is gone is to be chosen anew.
    device.tell(mode, "Self use", options=["Self use", "Charge", "Idle"])
    result = await change(hass, system)
    both = {"work_mode": mode, "setpoint": watts["both"], "power_sign": "by_mode", **OPTIONS}
    result = await answer(hass, result, **both)
    shown = {str(key): (key.description or {}).get("suggested_value") for key in result["data_schema"].schema}
    assert (shown["charge"], shown["standby"]) == ("Charge", None)
    for works, field, error in (
        ({"standby": "Idle"}, "charge", "power_without_option"),
        ({"standby": "Idle", "charge": "Charge", "discharge": "Charge"}, "discharge", "options_alike"),
    ):
        result = await answer(hass, result, **works)
        assert result["errors"] == {field: error}
    result = await answer(hass, result, standby="Idle", charge="Charge")
    result = await answer(hass, result, name="Hybrid", share=100)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert added(system).data["power_sign"] == "by_mode"
    assert added(system).data["works"]["standby"] == "Idle"

    # Without a work mode there are no options to keep.
    result = await change(hass, system)
    result = await answer(hass, result, charge_limit=limit, **OPTIONS)
    result = await answer(hass, result, name="Hybrid", share=100)
    await hass.async_block_till_done()
    assert "works" not in added(system).data


# The server.


async def test_a_server_is_tried_where_it_is_to_be(hass: HomeAssistant, system: MockConfigEntry) -> None:
    taken = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    form = {"host": "127.0.0.1", "port": port, "unit_id": 1, "first_register": "40000"}
    result = await begin(hass, "server")
    result = await answer(hass, result, **form, peers="192.168.1.0/24, cellar")
    assert result["errors"] == {"peers": "no_networks"}
    assert result["description_placeholders"]["value"] == "cellar"
    result = await answer(hass, result, **{**form, "host": " "})
    assert result["errors"] == {"host": "no_address"}
    result = await answer(hass, result, **form)
    assert result["errors"] == {"base": "cannot_listen"}
    taken.close()
    await taken.wait_closed()
    result = await answer(hass, result, **form, peers="192.168.1.20")
    assert "share" not in result["data_schema"].schema
    await answer(hass, result, name="For others")
    await hass.async_block_till_done()
    assert added(system).data["server"]["base"] == 40000
    assert added(system).data["server"]["peers"] == "192.168.1.20"
    result = await change(hass, system)
    # Its own server is in its own way, which is no reason.
    result = await answer(hass, result, **{**form, "unit_id": 2})
    result = await answer(hass, result, name="For others")
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


async def test_packs_inverters_and_programmes_are_what_a_system_is_made_of(system: MockConfigEntry) -> None:
    made_of = {SUBENTRY_PACK, SUBENTRY_INVERTER, SUBENTRY_PROGRAMME}
    assert set(system.supported_subentry_types) - {SUBENTRY_COMMISSIONING} == made_of


def test_every_field_of_a_form_is_named_and_explained() -> None:
    steps = ENGLISH["config_subentries"]["inverter"]["step"]
    forms = {
        **{step: form.schema for step, form in MODBUS_FORMS.items()},
        "can_model": MODEL_SCHEMA,
        "entities": ENTITIES_SCHEMA,
        "works": works_schema(["one"]),
        "server": SERVER_SCHEMA,
        "settings": settings_schema(shares=True),
        **{step: make([]) for step, (_, make) in BUS_SCHEMAS.items()},
    }
    for step, schema in forms.items():
        fields = {str(key) for key in schema.schema}
        assert set(steps[step]["data"]) == set(steps[step]["data_description"]) == fields, step
    for words, keys in (("inverter_role", INVERTER_SLOTS), ("power_sign", PowerSign), ("work", Work)):
        assert set(ENGLISH["selector"][words]["options"]) == set(keys)
    assert {f"tells_{form.model}" for form in MODBUS_FORMS.values()} <= set(ENGLISH["selector"]["inverter"]["options"])


def test_the_schemas_are_of_inverters_that_there_are() -> None:
    assert {form.model for form in MODBUS_FORMS.values()} == set(MODBUS_INVERTERS)
    assert inverter_subentry({})["subentry_type"] == SUBENTRY_INVERTER
