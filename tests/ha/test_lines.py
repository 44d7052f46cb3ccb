"""Packs that no Modbus link can speak to, in a real Home Assistant: a line is shared, and never has two masters."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from modbus_connection import ModbusSerialParams, ModbusTcpParams
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.links.lines import _LINES, async_hold_line
from custom_components.home_bms.runtime import HomeBmsRuntimeData
from custom_components.home_bms.watching import Link

from ..hw.line import Boards, Gateway, adapter, gateway
from ..hw.real_link import busy_pack
from .conftest import PACK_ID, make_entry, pack_subentry, set_up, until
from .test_config_flow import BATTERY, begin_change, go, go_pack

SECOND = "01PACK0000000000000000000B"
P81 = "Daly P81 16S"

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture(autouse=True)
async def modbus(hass: HomeAssistant) -> None:
    """Have Home Assistant's own modbus integration, as the manifest asks for it."""
    assert await async_setup_component(hass, "modbus", {})


@pytest.fixture
async def line() -> AsyncGenerator[Gateway]:
    """Return a transparent gateway with two Daly boards behind it."""
    boards = Boards(board_1=busy_pack(seed=3), board_2=busy_pack(seed=4))
    async with gateway(boards.talk) as found:
        yield found


def link(port: int, **changes: Any) -> dict[str, Any]:
    """Return the settings that lead to a socket."""
    return {"type": "rtu_over_tcp", "host": "127.0.0.1", "port": port, "unit_id": 0x81, "model": "daly_p81", **changes}


def packs_of(entry: MockConfigEntry) -> dict[str, Any]:
    runtime: HomeBmsRuntimeData = entry.runtime_data
    return runtime.packs


async def identify(hass: HomeAssistant, **data: Any) -> Any:
    """Fill in the form of a new system's first pack, up to the answer of the pack."""
    way = "serial" if "device" in data else "network"
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await go(hass, await go(hass, result, {"next_step_id": way}), data)


@pytest.fixture
async def entry(hass: HomeAssistant, line: Gateway) -> AsyncGenerator[MockConfigEntry]:
    """Return a loaded system of both boards."""
    entry = make_entry(
        hass,
        pack_subentry(serial_number=P81, **link(line.port)),
        pack_subentry(SECOND, "Pack 2", serial_number=P81, **link(line.port, unit_id=0x82)),
    )
    await set_up(hass, entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


# A pack is set up


async def test_a_person_gives_the_number_of_the_board(hass: HomeAssistant, line: Gateway) -> None:
    result = await identify(hass, **link(line.port, unit_id=2))
    assert result["step_id"] == "battery"
    assert result["description_placeholders"]["device"].startswith("Daly P81")
    with patch("custom_components.home_bms.async_setup_entry", return_value=True):
        result = await go(hass, result, BATTERY)
    (pack,) = result["result"].subentries.values()
    assert (pack.data["unit_id"], pack.data["model"]) == (0x82, "daly_p81")
    assert _LINES not in hass.data or not hass.data[_LINES], "the line was not closed"
    # The same board by the other name is the same pack.
    result = await identify(hass, **link(line.port, unit_id=0x82))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_link_that_frames_modbus_is_explained(hass: HomeAssistant, line: Gateway) -> None:
    result = await identify(hass, **link(line.port, type="tcp"))
    assert result["errors"] == {"base": "needs_serial_frames"}
    assert line.heard == []


async def test_a_board_that_does_not_answer_is_told(hass: HomeAssistant, line: Gateway) -> None:
    result = await identify(hass, **link(line.port, unit_id=3))
    assert result["errors"] == {"base": "no_answer"}


async def test_a_serial_port_that_another_program_has_is_told(hass: HomeAssistant, tmp_path: Path) -> None:
    data = {"baudrate": 9600, "unit_id": 1, "model": "daly_p81"}
    result = await identify(hass, device=str(tmp_path / "nowhere"), **data)
    assert result["errors"] == {"base": "cannot_connect"}


# A line is shared


async def test_two_boards_share_one_line_that_closes_with_the_last(
    hass: HomeAssistant, line: Gateway, entry: MockConfigEntry
) -> None:
    packs = packs_of(entry)
    await until(lambda: all(pack.supervisor.statistics.link is Link.ANSWERING for pack in packs.values()))
    assert line.connections == 1
    assert packs[PACK_ID].latest.reading.cells != packs[SECOND].latest.reading.cells
    assert all(pack.statistics.transactions for pack in packs.values())
    assert [found.holds for found in hass.data[_LINES].values()] == [2]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert hass.data[_LINES] == {}
    line.heard.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: line.heard)
    assert line.connections == 2


async def test_a_pack_is_asked_on_the_line_that_is_open_already(
    hass: HomeAssistant, line: Gateway, entry: MockConfigEntry
) -> None:
    result = await go_pack(hass, await begin_change(hass, entry), {"next_step_id": "network"})
    result = await go_pack(hass, result, link(line.port))
    assert result["step_id"] == "battery"
    assert line.connections == 1


async def test_a_gateway_that_reboots_is_found_again(
    hass: HomeAssistant, line: Gateway, entry: MockConfigEntry
) -> None:
    packs = packs_of(entry)
    await until(lambda: all(pack.supervisor.statistics.link is Link.ANSWERING for pack in packs.values()))
    polls = packs[PACK_ID].supervisor.statistics.polls
    line.reboot()
    await until(lambda: line.connections == 2)
    await until(lambda: packs[PACK_ID].supervisor.statistics.polls > polls + 1)
    await until(lambda: all(pack.supervisor.statistics.link is Link.ANSWERING for pack in packs.values()))


# A line has one master


@pytest.mark.parametrize("kind", ["rtu_over_tcp", "tcp"])
async def test_a_link_that_home_assistant_holds_open_is_not_opened_again(
    hass: HomeAssistant, line: Gateway, kind: str
) -> None:
    params = (
        ModbusTcpParams(host="127.0.0.1", port=line.port)
        if kind == "tcp"
        else ModbusSerialParams(device=line.url, framer="rtu", baudrate=115200)
    )
    async with async_get_temporary_unit(hass, params, 1):
        result = await identify(hass, **link(line.port))
        assert result["errors"] == {"base": "link_in_use"}
        entry = make_entry(hass, pack_subentry(**link(line.port)))
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.error_reason_translation_key == "link_settings_in_use"
    assert line.heard == []


@pytest.mark.parametrize("kind", ["rtu_over_tcp", "tcp"])
async def test_a_line_of_our_own_is_no_link_for_others(
    hass: HomeAssistant, line: Gateway, entry: MockConfigEntry, kind: str
) -> None:
    result = await identify(hass, **link(line.port, type=kind, model="jk_pb", unit_id=1))
    assert list(result["errors"].values()) == ["link_in_use_by"]
    other = MockConfigEntry(
        domain=DOMAIN,
        version=1,
        minor_version=1,
        subentries_data=[pack_subentry(**link(line.port, type=kind, model="jk_pb", unit_id=1))],
    )
    other.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(other.entry_id)
    assert other.error_reason_translation_key == "link_settings_in_use"


async def test_a_line_has_one_speed(hass: HomeAssistant, tmp_path: Path) -> None:
    port = {"device": str(tmp_path / "usb"), "unit_id": 0x81, "model": "daly_p81"}
    _, release = async_hold_line(hass, {"type": "serial", **port, "baudrate": 9600}, DEVICES["daly_p81"])
    result = await identify(hass, **port, baudrate=19200)
    assert result["errors"] == {"base": "link_in_use"}
    await release()


async def test_nobody_speaks_on_a_line_that_is_listened_to(hass: HomeAssistant, line: Gateway) -> None:
    heard = link(line.port, model="jk_pb_listen", unit_id=0)
    _, release = async_hold_line(hass, heard, DEVICES["jk_pb_listen"])
    result = await identify(hass, **link(line.port))
    assert result["errors"] == {"base": "link_in_use"}
    await release()
    assert line.heard == []


async def test_a_link_with_its_own_framing_cannot_be_set_up_as_modbus_tcp(hass: HomeAssistant) -> None:
    entry = make_entry(hass, pack_subentry(**link(502, type="tcp")))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "link_settings_in_use"


async def test_an_ipv6_address_is_the_same_place_on_either_link(hass: HomeAssistant) -> None:
    async with async_get_temporary_unit(hass, ModbusTcpParams(host="::1", port=502), 1):
        result = await identify(hass, **link(502, host="::1"))
    assert result["errors"] == {"base": "link_in_use"}


async def test_changing_how_a_line_is_used_steps_off_it_and_back(
    hass: HomeAssistant, line: Gateway, entry: MockConfigEntry
) -> None:
    await until(lambda: line.heard)
    states: list[ConfigEntryState] = []

    async def look(_: object) -> Any:
        states.append(entry.state)
        return busy_pack().info

    result = await go_pack(hass, await begin_change(hass, entry), {"next_step_id": "network"})
    with patch("custom_components.home_bms.hw.modbus.ModbusDriver.async_identify", look):
        result = await go_pack(hass, result, link(line.port, model="jk_pb", unit_id=1))
    assert states[0] is ConfigEntryState.NOT_LOADED
    assert entry.state is ConfigEntryState.LOADED
    assert result["errors"] == {"base": "wrong_device"}


# Listening


@pytest.fixture
async def bus() -> AsyncGenerator[tuple[VirtualServer, VirtualPack]]:
    """Serve a master pack that tells everything by itself."""
    pack = busy_pack()
    server = VirtualServer(pack, DEVICES["jk_pb_listen"], unit_id=0)
    await server.start_rtu_over_tcp()
    yield server, pack
    await server.stop()


async def test_a_pack_is_watched_by_listening_and_never_controlled(
    hass: HomeAssistant, bus: tuple[VirtualServer, VirtualPack]
) -> None:
    server, truth = bus
    heard = link(server.port, model="jk_pb_listen", unit_id=0)
    result = await identify(hass, **heard)
    assert result["step_id"] == "battery"
    assert result["description_placeholders"]["device"].startswith("Jikong PB, listened to")
    entry = make_entry(hass, pack_subentry(serial_number="Jikong PB, listened to 16S", **heard))
    await set_up(hass, entry)
    pack = packs_of(entry)[PACK_ID]
    await until(lambda: pack.supervisor.statistics.link is Link.ANSWERING)
    reading = pack.latest.reading
    assert reading.voltage == pytest.approx(truth.reading(0.0).voltage, abs=0.001)
    assert reading.cells_time is not None
    assert not server.requests
    switches = [
        found
        for found in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if found.unique_id.endswith(("_charge_switch", "_discharge_switch", "_charge", "_discharge"))
        and found.domain == "switch"
    ]
    assert switches == []
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_serial_line_opens_and_closes_with_its_pack(hass: HomeAssistant, tmp_path: Path) -> None:
    boards = Boards(board_1=busy_pack(seed=3))
    async with adapter(tmp_path / "rs485", boards.talk) as port:
        data = {"device": str(port.name), "baudrate": 9600, "unit_id": 1, "model": "daly_p81"}
        result = await identify(hass, **data)
        assert result["step_id"] == "battery"
        entry = make_entry(hass, pack_subentry(serial_number=P81, type="serial", **{**data, "unit_id": 0x81}))
        await set_up(hass, entry)
        pack = packs_of(entry)[PACK_ID]
        await until(lambda: pack.supervisor.statistics.link is Link.ANSWERING)
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert hass.data[_LINES] == {}
