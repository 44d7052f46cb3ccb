"""An adapter that is replugged and a gateway that restarts are found again by the driver alone, in a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from modbus_connection import ModbusSerialParams, ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import Driver, DriverError
from custom_components.home_bms.hw.lane import Lane
from custom_components.home_bms.hw.roundabout import RECYCLE_AFTER, Roundabout
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.hw.virtual.bus import VirtualBus

from ..matrix import proxy
from ..matrix.bench import SerialLine
from ..matrix.timewarp import Warp, warped

JK = DEVICES["jk_pb"]
TRIES = 3
"""Readings within which a pack must be back once its link is."""


@pytest.fixture
async def warp() -> AsyncIterator[Warp]:
    """Leave out the waiting; not where a pseudo terminal is in the way, whose kernel takes its own time."""
    with warped(asyncio.get_running_loop()) as warp:
        yield warp


@pytest.fixture
async def stack(socket_enabled: None, caplog: pytest.LogCaptureFixture) -> AsyncIterator[AsyncExitStack]:
    caplog.set_level("CRITICAL", "pymodbus")
    async with AsyncExitStack() as stack:
        yield stack


def pack(unit_id: int = 1) -> VirtualServer:
    return VirtualServer(VirtualPack(seed=unit_id, serial_number=f"JK-{unit_id}"), JK, unit_id=unit_id)


def on(stack: AsyncExitStack, params: ModbusSerialParams | ModbusTcpParams, units: int = 1) -> list[Driver]:
    """Return drivers of so many units on one link."""
    connection = ModbusConnection(params)
    stack.push_async_callback(connection.close)
    line = Roundabout()
    clock = asyncio.get_running_loop().time
    return [JK.driver(Lane(connection.for_unit(unit), line, unit).unit, clock=clock) for unit in range(1, units + 1)]


async def told(driver: Driver) -> str:
    """Read once; return the reason why there is no reading, which there must not be."""
    with pytest.raises(DriverError) as error:
        await driver.async_read()
    return error.value.key


async def back(driver: Driver, tries: int = TRIES) -> PackReading:
    """Read until there is a reading, once a second and so many times at most."""
    for _ in range(tries - 1):
        try:
            return await driver.async_read()
        except DriverError:
            await asyncio.sleep(1)
    return await driver.async_read()


@pytest.fixture
async def adapter(stack: AsyncExitStack, tmp_path: Path) -> tuple[SerialLine, VirtualServer]:
    """Return a USB adapter with a pack behind it."""
    server = pack()
    line = SerialLine(await server.start_rtu_over_tcp(), tmp_path / "by-id")
    stack.push_async_callback(server.stop)
    await line.plug()
    stack.push_async_callback(line.unplug)
    return line, server


async def test_an_adapter_that_comes_back_as_another_device_is_found_under_its_name(
    stack: AsyncExitStack, adapter: tuple[SerialLine, VirtualServer]
) -> None:
    line, _ = adapter
    (driver,) = on(stack, ModbusSerialParams(device=str(line.name), baudrate=JK.baudrate))
    before = await driver.async_read()
    for _ in range(3):
        await line.unplug()
        assert await told(driver) == "cannot_connect"
        await line.plug()
        assert (await back(driver)).cells == before.cells
        assert driver.info.serial_number == "JK-1"


async def test_however_long_it_is_away_it_is_found_again(
    stack: AsyncExitStack, adapter: tuple[SerialLine, VirtualServer]
) -> None:
    line, _ = adapter
    (driver,) = on(stack, ModbusSerialParams(device=str(line.name), baudrate=JK.baudrate))
    await driver.async_read()
    await line.unplug()
    for _ in range(30):
        assert await told(driver) == "cannot_connect"
    await line.plug()
    await back(driver)


async def test_another_pack_behind_the_same_name_is_not_taken_for_ours(
    stack: AsyncExitStack, adapter: tuple[SerialLine, VirtualServer]
) -> None:
    line, server = adapter
    (driver,) = on(stack, ModbusSerialParams(device=str(line.name), baudrate=JK.baudrate))
    await driver.async_read()
    await line.unplug()
    assert await told(driver) == "cannot_connect"
    ours = server.world.pack.info
    server.world.pack.info = replace(ours, serial_number="JK-OTHER")
    server.world.pack.changed()
    await line.plug()
    for _ in range(TRIES):
        assert await told(driver) == "identity_changed"
    server.world.pack.info = ours
    server.world.pack.changed()
    await back(driver)


@pytest.mark.parametrize("kind", ["tcp", "rtu+tcp"])
async def test_a_gateway_that_restarts_is_found_again(warp: Warp, stack: AsyncExitStack, kind: str) -> None:
    server = pack()
    stack.push_async_callback(server.stop)
    start = server.start_tcp if kind == "tcp" else server.start_rtu_over_tcp
    port = await start()
    tcp = ModbusTcpParams(host="127.0.0.1", port=port)
    rtu = ModbusSerialParams(device=f"socket://127.0.0.1:{port}", baudrate=115200)
    (driver,) = on(stack, tcp if kind == "tcp" else rtu)
    before = await driver.async_read()
    await server.stop()
    for _ in range(5):
        assert await told(driver) == "cannot_connect"
    await start(port=port)
    assert (await back(driver)).cells == before.cells


async def test_all_packs_behind_a_gateway_come_back_with_it(warp: Warp, stack: AsyncExitStack) -> None:
    servers = [pack(unit) for unit in (1, 2, 3, 4)]
    bus = VirtualBus(servers, baudrate=115200)
    stack.push_async_callback(bus.stop)
    port = await bus.start()
    drivers = on(stack, ModbusSerialParams(device=f"socket://127.0.0.1:{port}", baudrate=115200), units=4)
    await asyncio.gather(*(driver.async_read() for driver in drivers))
    await bus.stop()
    assert set(await asyncio.gather(*(told(driver) for driver in drivers))) == {"cannot_connect"}
    await bus.start(port=port)
    assert len(await asyncio.gather(*(back(driver) for driver in drivers))) == 4


async def test_a_gateway_that_forgets_its_connections_without_closing_them_is_found_again(
    warp: Warp, stack: AsyncExitStack
) -> None:
    """A power cut sends no farewell: the old connection stays open and nothing comes on it any more."""
    servers = [pack(unit) for unit in (1, 2, 3)]
    bus = VirtualBus(servers, baudrate=115200)
    stack.push_async_callback(bus.stop)
    line = proxy.Proxy()
    port = await line.start(await bus.start())
    stack.push_async_callback(line.stop)
    drivers = on(stack, ModbusSerialParams(device=f"socket://127.0.0.1:{port}", baudrate=115200), units=3)
    await asyncio.gather(*(driver.async_read() for driver in drivers))
    forgotten = line.connections

    async def forget(line: proxy.Proxy, answer: bytes, send: proxy.Send) -> None:
        if line.connections > forgotten:
            send(answer)

    line.spoil = forget
    begun = warp.now()
    await asyncio.gather(*(back(driver, RECYCLE_AFTER) for driver in drivers))
    # It is the link's silence that counts, not that of each pack.
    assert warp.now() - begun < 2 * RECYCLE_AFTER * JK.timeout
