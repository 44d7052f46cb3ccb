"""The whole battery is served over SunSpec where the user wants it, and an inverter is told over it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.bank import Bank
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.shown_pack import ShownPack
from custom_components.home_bms.hw.sunspec_server import ServerConfig, SunSpecServer
from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.inverter import VirtualInverter
from custom_components.home_bms.hw.virtual.inverter_fronts import VirtualSunSpec
from custom_components.home_bms.inverters.served_battery import ServedBattery
from custom_components.home_bms.watching import Link

from .conftest import ScriptedDriver, make_entry, pack_subentry, set_up, until
from .inverter_house import INVERTER_ID, house, inverter_of, inverter_subentry, looks, quick_inverters

SERVED: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "unit_id": 7, "base": 40000}


@pytest.fixture(autouse=True)
def quick_loops(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_inverters(monkeypatch)


def settings(**changes: Any) -> dict[str, Any]:
    return {"type": "sunspec_server", "model": "sunspec_server", "server": {**SERVED, **changes}}


async def test_it_is_served_without_permission_for_it_writes_to_nobody(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    entry = make_entry(hass, pack_subentry(), inverter_subentry(settings()))
    await set_up(hass, entry)
    inverter = inverter_of(entry)
    await until(lambda: inverter.data.link is Link.ANSWERING and inverter.statistics.told)
    assert isinstance(inverter.link, ServedBattery)
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=inverter.link.server.port))
    try:
        marker = await connection.for_unit(7).read_holding_registers(40000, 2)
        assert bytes(byte for word in marker for byte in word.to_bytes(2)) == b"SunS"
    finally:
        await connection.close()
    assert inverter.data.acting
    assert not inverter.delivers
    assert inverter.share == 1.0
    # Withdrawing what it does not need ends nothing.
    await inverter.async_release()
    await looks(inverter)
    assert inverter.link.server.port
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not inverter.link.server.port


async def test_a_port_in_use_is_a_link_that_is_silent(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    entry = make_entry(hass, pack_subentry(), inverter_subentry(settings(port=port)))
    await set_up(hass, entry)
    inverter = inverter_of(entry)
    await until(lambda: inverter.data.link is Link.SILENT)
    assert inverter.statistics.last_error == "cannot_connect"
    server.close()
    await server.wait_closed()
    await until(lambda: inverter.data.link is Link.ANSWERING)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_more_packs_than_fit_are_told_and_disturb_nothing() -> None:
    server = SunSpecServer(ServerConfig(base=50000))
    served = ServedBattery(server, lambda: [ShownPack(**_EMPTY) for _ in range(200)], clock=lambda: 0.0)
    with pytest.raises(DriverError) as refused:
        await served.async_tell(Bank(time=0.0, **_NOTHING), None)
    assert refused.value.key == "refused"
    assert served.memory == {}
    assert served.info.model == "SunSpec server"


_EMPTY: dict[str, Any] = {
    "capacity": 1.0,
    "charge_current": 1.0,
    "discharge_current": 1.0,
    "energy": 1.0,
    "cells": (None,) * 32,
}
_NOTHING: dict[str, Any] = {
    "cvl": 50.0,
    "dvl": 40.0,
    "ccl": 0.0,
    "dcl": 0.0,
    "charge_permitted": False,
    "discharge_permitted": False,
}


async def test_who_is_not_named_does_not_read_it(hass: HomeAssistant, driver: ScriptedDriver, scripted: None) -> None:
    entry = make_entry(hass, pack_subentry(), inverter_subentry(settings(peers="127.0.0.2")))
    await set_up(hass, entry)
    inverter = inverter_of(entry)
    await until(lambda: inverter.data.link is Link.ANSWERING and inverter.statistics.told)
    assert isinstance(inverter.link, ServedBattery)
    for source, size in (("127.0.0.1", 0), ("127.0.0.2", 13)):
        reader, writer = await asyncio.open_connection("127.0.0.1", inverter.link.server.port, local_addr=(source, 0))
        try:
            writer.write(bytes.fromhex("000100000006 07 03 9c40 0002"))
            assert len(await reader.read(64)) == size
        except ConnectionError:
            assert not size
        finally:
            writer.close()
    assert inverter.link.server.turned_away == 1
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("wrong", [{"base": 17}, {"unit_id": 0}, {"host": ""}, {"peers": "cellar"}])
async def test_a_place_that_cannot_be_is_told(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, wrong: dict[str, Any]
) -> None:
    entry = make_entry(hass, pack_subentry(), inverter_subentry(settings(**wrong)))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.error_reason_translation_key == "invalid_inverter"


async def test_a_sunspec_inverter_is_told_as_a_lease(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    front = VirtualSunSpec(VirtualInverter(VirtualPack(soc=60.0), wants=lambda _: 4000.0))
    async with house(front, 1, model="sunspec", setpoint_sign=-1, discharge_power=4500.0) as home:
        entry = await home.set_up(hass)
        inverter = inverter_of(entry)
        await entry.runtime_data.async_allow_control(True)
        await until(lambda: inverter.statistics.told)
        assert front.storage["StorCtl_Mod"] == 3
        assert front.storage["InOutWRte_RvrtTms"] > 0
        driver.cells = [3.70] * 16
        await until(lambda: front.storage["InWRte"] == 0)
        # What a protection holds stays at zero, without a timer that would end it.
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert (front.storage["StorCtl_Mod"], front.storage["InWRte"]) == (1, 0.0)
        assert front.storage["InOutWRte_RvrtTms"] == 0
        assert front.storage["OutWRte"] == 100.0


async def test_an_inverter_that_was_set_up_without_its_discharge_power_is_told_zero_and_a_person_why(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    front = VirtualSunSpec(VirtualInverter(VirtualPack(soc=60.0), wants=lambda _: -4000.0))
    issue_id = f"inverter_discharge_power_{INVERTER_ID}"
    async with house(front, 1, model="sunspec", setpoint_sign=-1) as home:
        entry = await home.set_up(hass)
        await entry.runtime_data.async_allow_control(True)
        await until(lambda: front.storage["StorCtl_Mod"] == 3 and front.storage["InWRte"] > 0)
        assert front.storage["OutWRte"] == 0.0
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        assert issue is not None
        assert issue.translation_key == "inverter_discharge_power"
        # It is entered in the flow, which loads the system anew.
        subentry = entry.subentries[INVERTER_ID]
        hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "discharge_power": 5000.0})
        await hass.async_block_till_done()
        await until(lambda: ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None)
        await hass.config_entries.async_unload(entry.entry_id)
