"""The whole chain on a real link: a hot cell, a protection, a user's automation, an open switch, a reason, and back.

The pack is a simulation behind a Modbus server; Home Assistant, the driver and the link are the real ones.
"""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from homeassistant.components.modbus.connection import async_get_connection_info
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.virtual import VirtualHost, VirtualServer
from custom_components.home_bms.runtime import HomeBmsRuntimeData
from custom_components.home_bms.watching import Link

from .conftest import PACK_ID, make_entry, pack_subentry, set_up, until

SERIAL = "VIRTUAL-0001"
ALARM = "user_was_woken"


@asynccontextmanager
async def serial_line(port: int) -> AsyncGenerator[str]:
    """Join a pseudo terminal to a server's TCP port, byte by byte, and return the terminal's path."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    loop = asyncio.get_running_loop()
    loop.add_reader(master, lambda: writer.write(os.read(master, 4096)))

    async def answer() -> None:
        while received := await reader.read(4096):
            os.write(master, received)

    answering = asyncio.create_task(answer())
    try:
        yield os.ttyname(slave)
    finally:
        loop.remove_reader(master)
        answering.cancel()
        writer.close()
        os.close(master)
        os.close(slave)


@pytest.fixture
async def world(socket_enabled: None) -> VirtualHost:
    """Return a pack in its house at ten in the morning, not served yet."""
    return VirtualHost(serial_number=SERIAL, seed=7)


@pytest.fixture(params=["pty", "tcp", "rtu_over_tcp"])
async def server(
    request: pytest.FixtureRequest, world: VirtualHost
) -> AsyncGenerator[tuple[VirtualServer, dict[str, Any]]]:
    """Serve the pack on each kind of link; return the server, and the settings that lead to it."""
    served = VirtualServer(world.world, DEVICES["jk_pb"])
    port = await (served.start_tcp() if request.param == "tcp" else served.start_rtu_over_tcp())
    async with AsyncExitStack() as stack:
        stack.push_async_callback(served.stop)
        if request.param == "pty":
            device = await stack.enter_async_context(serial_line(port))
            yield served, {"type": "serial", "device": device, "baudrate": 115200}
        else:
            yield served, {"type": request.param, "host": "127.0.0.1", "port": port}


@pytest.fixture
async def entry(
    hass: HomeAssistant, server: tuple[VirtualServer, dict[str, Any]], quick: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[MockConfigEntry]:
    """Return the loaded system with the pack behind the link, and end it before the link does."""
    monkeypatch.setattr("custom_components.home_bms.supervisor.POLL_PERIOD", 0.1)
    monkeypatch.setattr("custom_components.home_bms.supervisor.SETUP_PATIENCE", 3.0)
    entry = make_entry(hass, pack_subentry(serial_number=SERIAL, **server[1]))
    await set_up(hass, entry)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


def entity_id(hass: HomeAssistant, platform: str, key: str) -> str:
    """Return the id of a pack's entity."""
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{PACK_ID}_{key}")
    assert found is not None
    return found


async def wake_the_user(hass: HomeAssistant) -> None:
    """Set up what a user would write: wake me when a cell is too hot to charge, and ask for no more charging."""
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "alias": "Wake me",
                "triggers": {"trigger": "state", "entity_id": entity_id(hass, "event", "protection")},
                "conditions": {
                    "condition": "template",
                    "value_template": "{{ trigger.to_state.attributes.event_type == 'charge_overtemperature' }}",
                },
                "actions": {
                    "event": ALARM,
                    "event_data": {
                        "sensor": "{{ trigger.to_state.attributes.sensor }}",
                        "level": "{{ trigger.to_state.attributes.level }}",
                    },
                },
            }
        },
    )
    await hass.async_block_till_done()


async def test_a_hot_cell_opens_the_charge_switch_on_the_wire_and_a_reset_closes_it(
    hass: HomeAssistant,
    world: VirtualHost,
    server: tuple[VirtualServer, dict[str, Any]],
    entry: MockConfigEntry,
) -> None:
    runtime: HomeBmsRuntimeData = entry.runtime_data
    pack: PackCoordinator = runtime.packs[PACK_ID]
    wire = server[0]
    await until(lambda: pack.statistics.link is Link.ANSWERING and pack.latest.decision.charge_permitted, within=60)
    assert not wire.writes

    await wake_the_user(hass)
    woken = async_capture_events(hass, ALARM)
    await hass.services.async_call("switch", "turn_on", {"entity_id": _control_switch(hass, entry)}, blocking=True)
    assert runtime.control_allowed

    world.inject("hot_cell_now", 2, 57.0)
    await until(lambda: woken)
    await until(lambda: not world.pack.switches.charge)
    opened = [write for write in wire.writes if write.switches.charge is False]
    assert opened
    assert all(write.accepted for write in opened)
    assert world.pack.switches.discharge
    levels = [event.data["level"] for event in woken]
    assert levels[-1] == "trip"

    await until(lambda: pack.data.decision.ccl.value == 0.0)
    await hass.async_block_till_done()
    told = hass.states.get(entity_id(hass, "sensor", "ccl_reason"))
    assert told is not None
    assert told.state == "charge_overtemperature"
    assert pack.latest.decision.ccl.reason.value == pytest.approx(57.0, abs=1.0)
    assert pack.latest.decision.ccl.reason.threshold == 55.0

    with pytest.raises(ServiceValidationError):
        await _press_reset(hass)
    assert not world.pack.switches.charge

    world.clear("hot_cell_now")
    await until(lambda: (pack.latest.believed.temperature_max or 99.0) < 45.0)
    await asyncio.sleep(0.5)
    assert not world.pack.switches.charge, "a trip must not release by itself"
    await _press_reset(hass)
    await until(lambda: world.pack.switches.charge, within=60)
    assert [write.switches.charge for write in wire.writes if write.switches.charge is not None][-1] is True
    await hass.async_block_till_done()
    event = hass.states.get(entity_id(hass, "event", "protection"))
    assert event is not None
    assert event.attributes["event_type"] == "reset"


async def test_without_permission_a_hot_cell_writes_nothing_but_is_told(
    hass: HomeAssistant,
    world: VirtualHost,
    server: tuple[VirtualServer, dict[str, Any]],
    entry: MockConfigEntry,
) -> None:
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await until(lambda: pack.statistics.link is Link.ANSWERING)
    await wake_the_user(hass)
    woken = async_capture_events(hass, ALARM)
    world.inject("hot_cell_now", 2, 57.0)
    await until(lambda: woken)
    assert pack.latest.decision.switches.charge is False
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not server[0].writes
    assert world.pack.switches.charge


async def test_a_pulled_cable_is_noticed_and_its_return_too(
    hass: HomeAssistant,
    world: VirtualHost,
    server: tuple[VirtualServer, dict[str, Any]],
    entry: MockConfigEntry,
) -> None:
    pack: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    await until(lambda: pack.statistics.link is Link.ANSWERING)
    (link,) = async_get_connection_info(hass)
    assert link.units == {entry.entry_id: [1]}
    # A network link closes when its cable is pulled; a serial one just falls silent.
    fault = "no_answer" if server[1]["type"] == "serial" else "cable_pulled"
    world.inject(fault)
    await until(lambda: pack.statistics.link is Link.SILENT, within=30)
    assert pack.latest.believed.age > 0
    world.clear(fault)
    await until(lambda: pack.statistics.link is Link.ANSWERING, within=30)


def _control_switch(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the switch that allows control."""
    found = er.async_get(hass).async_get_entity_id("switch", DOMAIN, f"{entry.entry_id}_allow_control")
    assert found is not None
    return found


async def _press_reset(hass: HomeAssistant) -> None:
    """Press the button that resets trips."""
    await hass.services.async_call(
        "button", "press", {"entity_id": entity_id(hass, "button", "reset_trips")}, blocking=True
    )
