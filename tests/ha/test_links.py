"""Packs on one link share its order, whichever system they belong to, and leave the link as they found it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
from homeassistant.components.modbus import async_get_unit
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from modbus_connection import ModbusSerialParams
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.helpers import SOCKET_BAUDRATE
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.lane import Lane
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.hw.virtual.bus import BusFault, VirtualBus
from custom_components.home_bms.links.order import on_lane
from custom_components.home_bms.watching import Link

from .conftest import PACK_ID, make_entry, pack_subentry, set_up, until

JK = DEVICES["jk_pb"]
OTHER_ID = "01PACK0000000000000000000B"


@pytest.fixture
async def bus(hass: HomeAssistant, socket_enabled: None, caplog: pytest.LogCaptureFixture) -> AsyncIterator[VirtualBus]:
    """Return two packs behind one gateway."""
    caplog.set_level(logging.CRITICAL, "pymodbus")
    assert await async_setup_component(hass, "modbus", {})
    servers = [VirtualServer(VirtualPack(seed=unit, serial_number=f"JK-{unit}"), JK, unit_id=unit) for unit in (1, 2)]
    bus = VirtualBus(servers, baudrate=115200, turnaround=0.002)
    await bus.start()
    yield bus
    await bus.stop()


@pytest.fixture
async def entry(hass: HomeAssistant, bus: VirtualBus, quick: None) -> AsyncIterator[MockConfigEntry]:
    """Return a system of both."""
    link = {"type": "rtu_over_tcp", "port": bus.port}
    packs = [
        pack_subentry(pack, f"Pack {unit}", unit_id=unit, serial_number=f"JK-{unit}", **link)
        for unit, pack in ((1, PACK_ID), (2, OTHER_ID))
    ]
    entry = make_entry(hass, *packs)
    await set_up(hass, entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def params(bus: VirtualBus) -> ModbusSerialParams:
    return ModbusSerialParams(device=f"socket://127.0.0.1:{bus.port}", framer="rtu", baudrate=SOCKET_BAUDRATE)


async def test_two_packs_are_read_in_turns_and_each_tells_how_often(
    hass: HomeAssistant, bus: VirtualBus, entry: MockConfigEntry
) -> None:
    packs = entry.runtime_data.packs.values()
    await until(lambda: all(pack.statistics.link is Link.ANSWERING for pack in packs))
    await until(lambda: all(pack.statistics.between_readings for pack in packs))
    one, two = (pack.supervisor._driver._lane for pack in packs)
    assert isinstance(one, Lane)
    assert one._line is two._line
    assert one.gap == two.gap == JK.spacing
    # A meter sits behind the lane: what is not asked is not counted.
    assert all(pack.statistics.transactions > 5 for pack in packs)


async def test_a_dead_pack_is_left_alone_and_says_so(
    hass: HomeAssistant, bus: VirtualBus, entry: MockConfigEntry
) -> None:
    alive, dead = entry.runtime_data.packs.values()
    await until(lambda: dead.statistics.link is Link.ANSWERING)
    bus.inject(2, BusFault.DEAD)
    await until(lambda: dead.statistics.link is Link.SILENT, within=20)
    await until(lambda: dead.supervisor._driver._lane.silent >= 3, within=20)
    assert dead.statistics.last_error == "no_answer"
    assert alive.statistics.link is Link.ANSWERING
    failed = dead.statistics.failed_reads
    asked = len([each for each in bus.transactions if each.unit_id == 2])
    await until(lambda: dead.statistics.failed_reads > failed + 5)
    assert len([each for each in bus.transactions if each.unit_id == 2]) <= asked + 1


async def test_a_flow_that_asks_a_pack_takes_its_turn_and_leaves_the_packs_time_out(
    hass: HomeAssistant, bus: VirtualBus, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    unit = async_get_unit(hass, other, params(bus), 1)
    lane = next(iter(entry.runtime_data.packs.values())).supervisor._driver._lane
    with on_lane(hass, params(bus), unit, 1) as borrowed:
        assert borrowed._line is lane._line
        borrowed.require_timeout(7.0)
        assert unit._conn._unit_timeouts[1] == 7.0
    assert unit._conn._unit_timeouts == {1: JK.timeout, 2: JK.timeout}
    await other._async_process_on_unload(hass)


async def test_who_shares_the_link_finds_it_as_it_was_when_the_packs_are_gone(
    hass: HomeAssistant, bus: VirtualBus, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    unit = async_get_unit(hass, other, params(bus), 1)
    assert unit._conn._timeout == JK.timeout
    await hass.config_entries.async_unload(entry.entry_id)
    assert unit._conn._unit_timeouts == {}
    assert unit._conn._timeout == 10
    assert unit._conn._pacer._unit_spacing == {}
    assert len(await unit.read_holding_registers(0x1450, 8)) == 8
    await other._async_process_on_unload(hass)
