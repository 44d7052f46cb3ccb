"""An inverter is looked at before it is added, and whoever adds it reads what will be written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms import flow_inverter, flow_inverter_can
from custom_components.home_bms.can_forms import BUS_SCHEMAS
from custom_components.home_bms.can_lines import async_hold_can
from custom_components.home_bms.const import SUBENTRY_INVERTER, SUBENTRY_PACK
from custom_components.home_bms.hw.can import CanLink
from custom_components.home_bms.hw.can_frame import frame_of
from custom_components.home_bms.hw.can_params import params_from_data
from custom_components.home_bms.hw.inverters.inverter import InverterRow
from custom_components.home_bms.hw.inverters.presets import PRESETS
from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.inverter import Manner, VirtualInverter
from custom_components.home_bms.hw.virtual.inverter_fronts import VirtualSunSpec
from custom_components.home_bms.inverter_forms import (
    ENTITIES_SCHEMA,
    MODBUS_SCHEMAS,
    MODEL_SCHEMA,
    SERVER_SCHEMA,
    settings_schema,
)
from custom_components.home_bms.inverter_roles import INVERTER_SLOTS

from .conftest import ENTRY_ID, ScriptedDriver, make_entry, pack_subentry, set_up
from .entity_device import EntityPack
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


async def begin(hass: HomeAssistant, step: str) -> Any:
    """Begin to add an inverter, and pick a way."""
    result = await hass.config_entries.subentries.async_init((ENTRY_ID, SUBENTRY_INVERTER), context={"source": "user"})
    assert result["type"] is FlowResultType.MENU
    assert set(result["menu_options"]) == set(flow_inverter.WAYS)
    return await answer(hass, result, next_step_id=step)


async def answer(hass: HomeAssistant, result: Any, **form: Any) -> Any:
    return await hass.config_entries.subentries.async_configure(result["flow_id"], form)


async def change(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    (inverter,) = entry.get_subentries_of_type(SUBENTRY_INVERTER)
    return await hass.config_entries.subentries.async_init(
        (ENTRY_ID, SUBENTRY_INVERTER),
        context={"source": "reconfigure", "subentry_id": inverter.subentry_id},
    )


def link(home: House, **changes: Any) -> dict[str, Any]:
    return {"type": "tcp", "host": " 127.0.0.1 ", "port": home.port, "unit_id": home.unit_id, **changes}


def added(entry: MockConfigEntry) -> ConfigSubentry:
    (inverter,) = entry.get_subentries_of_type(SUBENTRY_INVERTER)
    return inverter


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
        assert result["step_id"] == "sunspec"
        result = await answer(hass, result, **link(home, setpoint_sign="negative_charges", discharge_power=4500))
        result = await answer(hass, result, name="Roof", share=80)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
        await hass.async_block_till_done()
        assert (added(system).data["setpoint_sign"], added(system).data["share"]) == (-1, 80)

        front.common["SN"] = "VI-6"
        result = await change(hass, system)
        result = await answer(hass, result, **link(home))
        assert result["errors"] == {"base": "wrong_device"}
        assert result["description_placeholders"] == {"expected": "VI-5", "found": "VI-6"}
        assert await hass.config_entries.async_unload(system.entry_id)


async def test_a_link_in_use_in_another_way_is_told(hass: HomeAssistant, system: MockConfigEntry, home: House) -> None:
    result = await begin(hass, "victron_gx")
    result = await answer(hass, result, **link(home))
    await answer(hass, result, name="Cellar", share=100)
    await hass.async_block_till_done()
    result = await begin(hass, "sunspec")
    result = await answer(hass, result, **link(home, type="rtu_over_tcp", unit_id=1))
    assert set(result["errors"]) == {"base"}


# CAN.


@pytest.fixture
def bus() -> dict[str, Any]:
    """Return the form of a bus that only this test is on."""
    return {"channel": "239.74.163.2", "port": next(_ports)}


async def pick_bus(hass: HomeAssistant, bus: dict[str, Any]) -> Any:
    result = await begin(hass, "can")
    assert set(result["menu_options"]) == set(BUS_SCHEMAS)
    result = await answer(hass, result, next_step_id="can_multicast")
    return await answer(hass, result, **bus)


async def test_a_quiet_bus_may_be_sent_on_and_what_will_be_sent_is_named(
    hass: HomeAssistant, system: MockConfigEntry, bus: dict[str, Any]
) -> None:
    result = await pick_bus(hass, bus)
    assert result["step_id"] == "can_model"
    assert result["description_placeholders"]["heard"] == "nothing"
    result = await answer(hass, result, model="deye_lv")
    tells = result["description_placeholders"]["tells"]
    assert "351" in tells
    assert PRESETS["deye_lv"].note in tells
    await answer(hass, result, name="Deye", share=100)
    await hass.async_block_till_done()
    assert added(system).data["can"]["interface"] == "udp_multicast"

    result = await change(hass, system)
    result = await answer(hass, result, next_step_id="can_multicast")
    result = await answer(hass, result, **bus)
    assert result["step_id"] == "can_model"
    result = await answer(hass, result, model="deye_lv")
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
    shown = {str(key): (key.description or {}).get("suggested_value") for key in result["data_schema"].schema}
    assert shown["charge_limit"] == number
    result = await answer(hass, result, charge_limit=number, **OPTIONS)
    result = await answer(hass, result, name="Solar", share=100)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert set(added(system).data["roles"]) == {"charge_limit"}


# The server.


async def test_a_server_is_tried_where_it_is_to_be(hass: HomeAssistant, system: MockConfigEntry) -> None:
    taken = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    form = {"host": "127.0.0.1", "port": port, "unit_id": 1, "base": "40000"}
    result = await begin(hass, "server")
    result = await answer(hass, result, **form)
    assert result["errors"] == {"base": "cannot_listen"}
    taken.close()
    await taken.wait_closed()
    result = await answer(hass, result, **form)
    assert "share" not in result["data_schema"].schema
    await answer(hass, result, name="For others")
    await hass.async_block_till_done()
    assert added(system).data["server"]["base"] == 40000
    result = await change(hass, system)
    # Its own server is in its own way, which is no reason.
    result = await answer(hass, result, **{**form, "unit_id": 2})
    result = await answer(hass, result, name="For others")
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


async def test_a_pack_and_an_inverter_are_what_a_system_is_made_of(system: MockConfigEntry) -> None:
    assert set(system.supported_subentry_types) == {SUBENTRY_PACK, SUBENTRY_INVERTER}


def test_every_field_of_a_form_is_named_and_explained() -> None:
    steps = ENGLISH["config_subentries"]["inverter"]["step"]
    forms = {
        **MODBUS_SCHEMAS,
        "can_model": MODEL_SCHEMA,
        "entities": ENTITIES_SCHEMA,
        "server": SERVER_SCHEMA,
        "settings": settings_schema(shares=True),
        **{step: make([]) for step, (_, make) in BUS_SCHEMAS.items()},
    }
    for step, schema in forms.items():
        fields = {str(key) for key in schema.schema}
        assert set(steps[step]["data"]) == set(steps[step]["data_description"]) == fields, step
    assert set(ENGLISH["selector"]["inverter_role"]["options"]) == set(INVERTER_SLOTS)
    assert {f"tells_{key}" for key in MODBUS_SCHEMAS} <= set(ENGLISH["selector"]["inverter"]["options"])


def test_the_schemas_are_of_inverters_that_there_are() -> None:
    rows = flow_inverter.MODBUS_INVERTERS
    assert set(MODBUS_SCHEMAS) == set(rows)
    assert all(isinstance(row, InverterRow) for row in rows.values())
    assert inverter_subentry({})["subentry_type"] == SUBENTRY_INVERTER
