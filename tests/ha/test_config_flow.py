"""A user sets up a system, adds and changes packs and moves thresholds, and cannot go wrong unnoticed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TYPE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN, SUBENTRY_PACK
from custom_components.home_bms.flow.forms import shown_thresholds
from custom_components.home_bms.flow.pack import WAYS
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.virtual import VirtualHost

from .conftest import PACK, PACK_ID, VIRTUAL, make_entry, pack_subentry

type Result = Mapping[str, Any]

REAL_SERIAL = "JK-REAL-42"
BATTERY = {
    "name": "Cellar",
    "chemistry": "lfp",
    "cells": 16,
    "capacity": 280.0,
    "charge_current": 100.0,
    "discharge_current": 120.0,
    "temperature_sensors": 4,
}
VIRTUAL_PACK = {"chemistry": "lfp", "cells": 16, "seed": 7, "speed": 60}


@pytest.fixture(autouse=True)
async def stays_unloaded(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Keep what the flows create from being set up; that is test_init's matter."""
    assert await async_setup_component(hass, "modbus", {})
    with (
        patch("custom_components.home_bms.async_setup_entry", return_value=True),
        patch("custom_components.home_bms.async_unload_entry", return_value=True),
    ):
        yield


@pytest.fixture
async def real_pack(socket_enabled: None) -> AsyncGenerator[int]:
    """Serve a pack on loopback, as a gateway would, and return its port."""
    host = VirtualHost(serial_number=REAL_SERIAL, capacity=280.0)
    port = await host.async_start()
    yield port
    await host.async_stop()


def network(port: int, **changes: Any) -> dict[str, Any]:
    return {"type": "tcp", "host": "127.0.0.1", "port": port, "unit_id": 1, "model": "jk_pb", **changes}


def serial(**changes: Any) -> dict[str, Any]:
    return {"device": "/dev/ttyUSB0", "baudrate": 115200, "unit_id": 1, "model": "jk_pb", **changes}


async def begin(hass: HomeAssistant, way: str) -> Result:
    """Start to set up a system whose first pack is reached this way."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    assert tuple(result["menu_options"]) == WAYS
    return await go(hass, result, {"next_step_id": way})


async def go(hass: HomeAssistant, result: Result, user_input: dict[str, Any]) -> Result:
    """Submit a form of the first set-up."""
    return await hass.config_entries.flow.async_configure(result["flow_id"], user_input)


async def begin_pack(hass: HomeAssistant, entry: ConfigEntry, way: str) -> Result:
    """Start to add a pack to a system."""
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_PACK), context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.MENU
    return await go_pack(hass, result, {"next_step_id": way})


async def begin_change(hass: HomeAssistant, entry: ConfigEntry, subentry_id: str = PACK_ID) -> Result:
    """Start to change a pack."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_PACK), context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    )


async def go_pack(hass: HomeAssistant, result: Result, user_input: dict[str, Any]) -> Result:
    """Submit a form about a pack."""
    return await hass.config_entries.subentries.async_configure(result["flow_id"], user_input)


def suggested(result: Result) -> dict[str, Any]:
    """Return what a form proposes."""
    assert result["type"] is FlowResultType.FORM, result
    return {str(key): (key.description or {}).get("suggested_value") for key in result["data_schema"].schema}


def only_pack(entry: ConfigEntry) -> ConfigSubentry:
    (pack,) = entry.subentries.values()
    return pack


# --- The first set-up ------------------------------------------------------------------------------------------------


async def test_a_virtual_pack_is_set_up_without_hardware(hass: HomeAssistant, socket_enabled: None) -> None:
    result = await begin(hass, "virtual")
    assert result["step_id"] == "virtual"
    result = await go(hass, result, VIRTUAL_PACK)
    assert result["step_id"] == "battery"
    assert "VIRTUAL-7" in result["description_placeholders"]["device"]
    proposed = suggested(result)
    assert proposed["name"] == "Pack 1"
    assert (proposed["chemistry"], proposed["cells"], proposed["capacity"]) == ("lfp", 16, 280.0)
    assert proposed["temperature_sensors"] == 4
    assert 0 < proposed["charge_current"] <= 280
    result = await go(hass, result, proposed)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Home battery"
    pack = only_pack(result["result"])
    assert pack.subentry_type == SUBENTRY_PACK
    assert pack.unique_id == "VIRTUAL-7"
    assert pack.title == "Pack 1"
    assert (pack.data[CONF_TYPE], pack.data["seed"], pack.data["speed"]) == ("virtual", 7, 60)
    assert pack.data["model"] == "jk_pb"
    assert "thresholds" not in pack.data


async def test_a_pack_on_the_network_is_asked_who_it_is_and_corrected_by_the_user(
    hass: HomeAssistant, real_pack: int
) -> None:
    result = await go(hass, await begin(hass, "network"), network(real_pack, host=" 127.0.0.1 "))
    proposed = suggested(result)
    assert (proposed["cells"], proposed["capacity"], proposed["chemistry"]) == (16, 280.0, "lfp")
    result = await go(hass, result, BATTERY)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    pack = only_pack(result["result"])
    assert pack.unique_id == REAL_SERIAL
    assert pack.title == "Cellar"
    assert pack.data["serial_number"] == REAL_SERIAL
    assert (pack.data[CONF_HOST], pack.data[CONF_PORT], pack.data["unit_id"]) == ("127.0.0.1", real_pack, 1)
    assert (pack.data["charge_current"], pack.data["discharge_current"]) == (100.0, 120.0)
    # What the pack guards by itself is kept, because home_bms must act before it does.
    assert pack.data["hardware_ring"]["cell_overvoltage"] > 3.5


async def test_a_host_name_is_kept_as_it_is_shared(hass: HomeAssistant) -> None:
    with patch("custom_components.home_bms.flow.link.async_get_temporary_unit", side_effect=HomeAssistantError) as unit:
        await go(hass, await begin(hass, "network"), network(502, host=" Gateway.Local "))
    assert unit.call_args.args[1].host == "gateway.local"


@pytest.mark.parametrize("key", ["cannot_connect", "no_answer", "refused", "nonsense"])
async def test_a_serial_pack_that_does_not_answer_can_be_tried_again(hass: HomeAssistant, key: str) -> None:
    info = VirtualHost(serial_number=REAL_SERIAL).info
    result = await begin(hass, "serial")
    with patch("custom_components.home_bms.hw.modbus.ModbusDriver.async_identify", side_effect=DriverError(key, "no")):
        result = await go(hass, result, serial(baudrate=9600))
    assert result["errors"] == {"base": key}
    # What was typed is still there.
    assert suggested(result)["baudrate"] == 9600
    with patch("custom_components.home_bms.hw.modbus.ModbusDriver.async_identify", return_value=info):
        result = await go(hass, result, serial())
    result = await go(hass, result, BATTERY)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    data = only_pack(result["result"]).data
    assert (data[CONF_TYPE], data["device"], data["baudrate"]) == ("serial", "/dev/ttyUSB0", 115200)


async def test_a_dead_address_is_told_and_mended(hass: HomeAssistant, real_pack: int) -> None:
    result = await go(hass, await begin(hass, "network"), network(1))
    assert result["errors"] == {"base": "cannot_connect"}
    result = await go(hass, result, network(real_pack))
    assert result["step_id"] == "battery"


async def test_a_link_in_use_with_other_settings_is_told(hass: HomeAssistant) -> None:
    result = await begin(hass, "serial")
    with patch(
        "custom_components.home_bms.flow.link.async_get_temporary_unit",
        side_effect=HomeAssistantError("already in use"),
    ):
        result = await go(hass, result, serial())
    assert result["errors"] == {"base": "link_in_use"}


@pytest.mark.parametrize(
    ("broken", "error", "key"),
    [
        ("hw.virtual.VirtualHost.async_start", OSError("no port left"), "cannot_connect"),
        ("hw.modbus.ModbusDriver.async_identify", DriverError("no_answer", "no"), "no_answer"),
    ],
)
async def test_a_virtual_pack_that_cannot_be_served_is_told(
    hass: HomeAssistant, socket_enabled: None, broken: str, error: Exception, key: str
) -> None:
    result = await begin(hass, "virtual")
    with patch(f"custom_components.home_bms.{broken}", side_effect=error):
        result = await go(hass, result, VIRTUAL_PACK)
    assert result["errors"] == {"base": key}
    result = await go(hass, result, VIRTUAL_PACK)
    assert result["step_id"] == "battery"


async def test_levels_that_would_leave_the_pack_to_itself_are_refused(hass: HomeAssistant, real_pack: int) -> None:
    result = await go(hass, await begin(hass, "network"), network(real_pack))
    # The pack guards LFP cells: what is full for LTO is below what the pack calls empty.
    result = await go(hass, result, BATTERY | {"chemistry": "lto"})
    assert result["type"] is FlowResultType.FORM
    assert set(result["errors"].values()) == {"levels_out_of_order"}
    placeholders = result["description_placeholders"]
    assert float(placeholders["lower_value"]) >= float(placeholders["upper_value"])
    result = await go(hass, result, BATTERY)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_sodium_ion_is_taken_only_after_the_datasheet_was_compared(
    hass: HomeAssistant, socket_enabled: None
) -> None:
    result = await go(hass, await begin(hass, "virtual"), VIRTUAL_PACK | {"chemistry": "na_ion"})
    result = await go(hass, result, suggested(result))
    assert result["step_id"] == "datasheet"
    shown = {str(key): value for key, value in sections(result).items()}
    result = await go(hass, result, {**shown, "confirmed": False})
    assert result["errors"] == {"confirmed": "confirm_datasheet"}
    shown["cell_voltage"]["cell_overvoltage_protect"] -= 0.02
    result = await go(hass, result, {**shown, "confirmed": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    data = only_pack(result["result"]).data
    assert data["confirmed"] is True
    assert list(data["thresholds"]) == ["cell_overvoltage_protect"]


def sections(result: Result) -> dict[str, dict[str, float]]:
    """Return what the collapsed sections of a form propose."""
    return {
        str(group): {str(key): key.description["suggested_value"] for key in part.schema.schema}
        for group, part in result["data_schema"].schema.items()
        if hasattr(part, "schema") and hasattr(part, "options")
    }


# --- The same pack twice ---------------------------------------------------------------------------------------------


async def test_the_same_pack_cannot_be_added_by_another_system(hass: HomeAssistant, real_pack: int) -> None:
    make_entry(hass, pack_subentry(serial_number=REAL_SERIAL))
    result = await go(hass, await begin(hass, "network"), network(real_pack))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_the_same_pack_cannot_be_added_to_its_own_system(hass: HomeAssistant, real_pack: int) -> None:
    entry = make_entry(hass, pack_subentry(serial_number=REAL_SERIAL))
    result = await go_pack(hass, await begin_pack(hass, entry, "network"), network(real_pack))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


# --- Further packs, and changing one ---------------------------------------------------------------------------------


async def test_a_second_pack_joins_the_system(hass: HomeAssistant, real_pack: int) -> None:
    entry = make_entry(hass)
    result = await go_pack(hass, await begin_pack(hass, entry, "network"), network(real_pack))
    assert suggested(result)["name"] == "Pack 2"
    result = await go_pack(hass, result, BATTERY)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert {pack.unique_id for pack in entry.subentries.values()} == {PACK["serial_number"], REAL_SERIAL}


async def test_a_pack_may_move_to_another_link_and_keeps_what_the_user_said(
    hass: HomeAssistant, real_pack: int
) -> None:
    entry = make_entry(
        hass,
        pack_subentry(serial_number=REAL_SERIAL, charge_current=90.0, thresholds={"soc_min": 10.0}),
    )
    result = await begin_change(hass, entry)
    assert result["type"] is FlowResultType.MENU
    result = await go_pack(hass, result, {"next_step_id": "network"})
    assert suggested(result)["port"] == 502
    result = await go_pack(hass, result, network(real_pack))
    proposed = suggested(result)
    assert (proposed["name"], proposed["charge_current"]) == ("Pack 1", 90.0)
    result = await go_pack(hass, result, {**proposed, "name": "Garage"})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    pack = only_pack(entry)
    assert pack.title == "Garage"
    assert pack.data[CONF_PORT] == real_pack
    assert pack.data["thresholds"] == {"soc_min": 10.0}
    assert pack.data["hardware_ring"]


async def test_another_pack_on_the_new_link_is_refused_by_name(hass: HomeAssistant, real_pack: int) -> None:
    entry = make_entry(hass)
    before = dict(only_pack(entry).data)
    result = await go_pack(hass, await begin_change(hass, entry), {"next_step_id": "network"})
    result = await go_pack(hass, result, network(real_pack))
    assert result["errors"] == {"base": "wrong_device"}
    assert result["description_placeholders"] == {"expected": PACK["serial_number"], "found": REAL_SERIAL}
    assert only_pack(entry).data == before


async def test_the_old_link_is_forgotten_when_the_pack_moves(hass: HomeAssistant) -> None:
    entry = make_entry(hass)
    info = VirtualHost(serial_number=PACK["serial_number"]).info
    result = await go_pack(hass, await begin_change(hass, entry), {"next_step_id": "serial"})
    with patch("custom_components.home_bms.hw.modbus.ModbusDriver.async_identify", return_value=info):
        result = await go_pack(hass, result, serial())
    result = await go_pack(hass, result, BATTERY)
    assert result["reason"] == "reconfigure_successful"
    data = only_pack(entry).data
    assert data[CONF_TYPE] == "serial"
    assert CONF_HOST not in data


@pytest.mark.parametrize("error", [None, DriverError("no_answer", "no")])
async def test_changing_the_speed_of_a_link_steps_off_it_and_back(
    hass: HomeAssistant, error: DriverError | None
) -> None:
    entry = make_entry(hass, pack_subentry(type="serial", device="/dev/ttyUSB0", baudrate=9600))
    assert await hass.config_entries.async_setup(entry.entry_id)
    info = VirtualHost(serial_number=PACK["serial_number"]).info
    states: list[ConfigEntryState] = []

    async def identify(_: object) -> Any:
        states.append(entry.state)
        if error is not None:
            raise error
        return info

    result = await go_pack(hass, await begin_change(hass, entry), {"next_step_id": "serial"})
    with patch("custom_components.home_bms.hw.modbus.ModbusDriver.async_identify", identify):
        result = await go_pack(hass, result, serial(baudrate=115200))
    assert states == [ConfigEntryState.NOT_LOADED]
    assert entry.state is ConfigEntryState.LOADED
    assert result["errors"] == {"base": "no_answer"} if error else result["step_id"] == "battery"


async def test_a_link_that_stays_the_same_is_shared_while_it_is_asked(hass: HomeAssistant) -> None:
    entry = make_entry(hass, pack_subentry(type="serial", device="/dev/ttyUSB0", baudrate=115200))
    assert await hass.config_entries.async_setup(entry.entry_id)
    info = VirtualHost(serial_number=PACK["serial_number"]).info
    states: list[ConfigEntryState] = []

    async def identify(_: object) -> Any:
        states.append(entry.state)
        return info

    result = await go_pack(hass, await begin_change(hass, entry), {"next_step_id": "serial"})
    with patch("custom_components.home_bms.hw.modbus.ModbusDriver.async_identify", identify):
        await go_pack(hass, result, serial())
    assert states == [ConfigEntryState.LOADED]


async def test_a_virtual_pack_can_run_faster_but_stays_itself(hass: HomeAssistant, socket_enabled: None) -> None:
    entry = make_entry(hass, pack_subentry(**{**VIRTUAL, "serial_number": "VIRTUAL-1", "hardware_ring": {}}))
    result = await begin_change(hass, entry)
    assert result["step_id"] == "virtual"
    assert list(suggested(result)) == ["speed"]
    result = await go_pack(hass, result, {"speed": 600})
    result = await go_pack(hass, result, suggested(result))
    assert result["reason"] == "reconfigure_successful"
    data = only_pack(entry).data
    assert (data["speed"], data["seed"], data["serial_number"]) == (600, 1, "VIRTUAL-1")


async def test_another_chemistry_forgets_what_was_set_for_the_first(hass: HomeAssistant, socket_enabled: None) -> None:
    entry = make_entry(
        hass, pack_subentry(**{**VIRTUAL, "serial_number": "VIRTUAL-1"}, thresholds={"cell_voltage_full": 3.40})
    )
    result = await go_pack(hass, await begin_change(hass, entry), {"speed": 1})
    result = await go_pack(hass, result, {**suggested(result), "chemistry": "nmc"})
    assert result["reason"] == "reconfigure_successful"
    assert "thresholds" not in only_pack(entry).data


# --- Thresholds ------------------------------------------------------------------------------------------------------


async def options(hass: HomeAssistant, entry: ConfigEntry) -> Result:
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    return await go_options(hass, menu, {"next_step_id": "pack"})


async def go_options(hass: HomeAssistant, result: Result, user_input: dict[str, Any]) -> Result:
    return await hass.config_entries.options.async_configure(result["flow_id"], user_input)


async def test_only_moved_thresholds_are_kept(hass: HomeAssistant) -> None:
    entry = make_entry(hass, pack_subentry(hardware_ring={}))
    result = await options(hass, entry)
    assert result["step_id"] == "thresholds"
    shown = sections(result)
    assert shown == shown_thresholds(only_pack(entry).data)
    assert shown["cell_voltage"]["cell_overvoltage_trip"] == 3.6
    shown["soc"]["soc_min"] = 15
    result = await go_options(hass, result, shown)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert only_pack(entry).data["thresholds"] == {"soc_min": 15.0}

    shown = sections(await options(hass, entry))
    assert shown["soc"]["soc_min"] == 15
    shown["soc"]["soc_min"] = 0
    await go_options(hass, await options(hass, entry), shown)
    assert only_pack(entry).data["thresholds"] == {}


async def test_thresholds_in_the_wrong_order_are_refused_with_both_values(hass: HomeAssistant) -> None:
    entry = make_entry(hass, pack_subentry(hardware_ring={}))
    result = await options(hass, entry)
    shown = sections(result)
    shown["cell_voltage"]["cell_overvoltage_protect"] = 3.7
    result = await go_options(hass, result, shown)
    assert result["errors"] == {"base": "levels_out_of_order"}
    told = result["description_placeholders"]
    assert (told["lower"], told["lower_value"]) == ("Over-voltage: stop charging at", "3.7")
    assert (told["upper"], told["upper_value"]) == ("Over-voltage: trip at", "3.6")
    assert "thresholds" not in only_pack(entry).data
    # The section at fault is open, what was typed is still there, and mending it is enough.
    parts = result["data_schema"].schema.items()
    assert [str(group) for group, part in parts if not part.options["collapsed"]] == ["cell_voltage"]
    shown = sections(result)
    assert shown["cell_voltage"]["cell_overvoltage_protect"] == 3.7
    shown["cell_voltage"]["cell_overvoltage_protect"] = 3.5
    result = await go_options(hass, result, shown)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_trip_beyond_the_packs_own_protection_is_refused_and_named(hass: HomeAssistant) -> None:
    entry = make_entry(hass, pack_subentry(hardware_ring={"cell_overvoltage": 3.65}))
    result = await options(hass, entry)
    shown = sections(result)
    shown["cell_voltage"]["cell_overvoltage_trip"] = 3.66
    result = await go_options(hass, result, shown)
    assert result["errors"] == {"base": "levels_out_of_order"}
    assert result["description_placeholders"]["upper"] == "the pack's own over-voltage protection"


async def test_a_threshold_out_of_its_range_is_refused_by_the_form(hass: HomeAssistant) -> None:
    entry = make_entry(hass, pack_subentry(hardware_ring={}))
    result = await options(hass, entry)
    shown = sections(result)
    shown["soc"]["soc_max"] = 101
    with pytest.raises(InvalidData):
        await go_options(hass, result, shown)


async def test_with_several_packs_the_user_picks_one(hass: HomeAssistant) -> None:
    other = pack_subentry("01PACK0000000000000000000B", "Pack 2", serial_number="JK-0002", hardware_ring={})
    entry = make_entry(hass, pack_subentry(hardware_ring={}), other)
    result = await options(hass, entry)
    assert result["step_id"] == "pack"
    result = await go_options(hass, result, {"pack": other["subentry_id"]})
    assert result["description_placeholders"]["name"] == "Pack 2"
    shown = sections(result)
    shown["soc"]["soc_max"] = 90
    await go_options(hass, result, shown)
    assert entry.subentries[other["subentry_id"]].data["thresholds"] == {"soc_max": 90.0}
    assert "thresholds" not in entry.subentries[PACK_ID].data


async def test_a_system_without_packs_has_no_thresholds(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    result = await options(hass, entry)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "no_packs"
