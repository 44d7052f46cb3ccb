"""A virtual pack on a real link says what the pack says, and does what is written."""

import asyncio
import logging
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit
from modbus_connection.exceptions import ModbusConnectionError, ModbusError, ModbusExceptionError, ModbusTimeoutError
from modbus_connection.pymodbus import ModbusConnection as PymodbusConnection
from modbus_connection.tmodbus import ModbusConnection as TmodbusConnection

from custom_components.home_bms.core.model import AskedLimits, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.virtual import VirtualHost, VirtualPack, VirtualServer

JK = DEVICES["jk_pb"]
CHARGE, DISCHARGE, BALANCE = 0x1070, 0x1074, 0x1078

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def pack() -> VirtualPack:
    """Return a pack in the middle of something."""
    pack = VirtualPack(seed=2, soc=61.0)
    pack.demand = -37.0
    pack.step(5)
    return pack


@pytest.fixture
async def server(pack: VirtualPack) -> AsyncIterator[VirtualServer]:
    server = VirtualServer(pack, JK)
    yield server
    await server.stop()


@asynccontextmanager
async def client(port: int, library: str = "tmodbus", unit: int = 1) -> AsyncIterator[ModbusUnit]:
    kinds = {"pymodbus": PymodbusConnection, "tmodbus": TmodbusConnection}
    connection = kinds[library](ModbusTcpParams(host="127.0.0.1", port=port))
    try:
        yield connection.for_unit(unit)
    finally:
        await connection.close()


@asynccontextmanager
async def rtu_client(device: str, unit: int = 1) -> AsyncIterator[ModbusUnit]:
    connection = TmodbusConnection(ModbusSerialParams(device=device, framer="rtu", baudrate=115200))
    try:
        yield connection.for_unit(unit)
    finally:
        await connection.close()


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Return the two ends of a serial cable."""
    ends = tmp_path / "pack", tmp_path / "home"
    process = subprocess.Popen(["socat", *(f"pty,raw,echo=0,link={end}" for end in ends)])
    deadline = time.monotonic() + 5
    while not all(end.exists() for end in ends):
        assert time.monotonic() < deadline, "socat made no cable"
        time.sleep(0.02)
    yield str(ends[0]), str(ends[1])
    process.terminate()
    process.wait(5)


async def heard(server: VirtualServer) -> None:
    """Return in the turn of the loop in which the first request arrives."""
    while True:
        if server.requests:
            return
        await asyncio.sleep(0)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def rounded(reading: PackReading) -> PackReading:
    """Return a reading in the resolution of a JK's registers, as its driver words it."""

    def to(value: float | None, digits: int) -> float | None:
        return None if value is None else round(value, digits)

    return replace(
        reading,
        time=0.0,
        cells_time=None,
        current_time=None,
        temperatures_time=None,
        cells=tuple(to(cell, 3) for cell in reading.cells),
        temperatures=tuple(to(temperature, 1) for temperature in reading.temperatures),
        current=to(reading.current, 3),
        voltage=to(reading.voltage, 3),
        switch_temperature=to(reading.switch_temperature, 1),
        soc=to(reading.soc, 0),
        switches=replace(reading.switches, balance=None),
        # A JK requests a charge voltage of each cell; the pack of physics has no BMS that would.
        asked=reading.asked or AskedLimits(cvl=round(len(reading.cells) * reading.hardware.charge_voltage, 3)),
        asked_time=None,
    )


async def read(unit: ModbusUnit) -> PackReading:
    return rounded(await JK.driver(unit, spacing=0).async_read())


async def write(unit: ModbusUnit, address: int, *words: int) -> None:
    await unit.write_registers(address, list(words))


# What is read


@pytest.mark.parametrize("library", ["pymodbus", "tmodbus"])
async def test_read_over_tcp_equals_the_pack(pack: VirtualPack, server: VirtualServer, library: str) -> None:
    port = await server.start_tcp()
    assert server.port == port
    async with client(port, library) as unit:
        driver = JK.driver(unit, spacing=0)
        info = await driver.async_identify()
        seen = rounded(await driver.async_read())

    assert seen == rounded(pack.reading(0))
    assert info == replace(pack.info, manufacturer=info.manufacturer)


async def test_read_as_rtu_over_tcp_equals_the_pack(pack: VirtualPack, server: VirtualServer) -> None:
    port = await server.start_rtu_over_tcp()
    async with rtu_client(f"socket://127.0.0.1:{port}") as unit:
        assert await read(unit) == rounded(pack.reading(0))


async def test_read_over_a_serial_cable_equals_the_pack(
    pack: VirtualPack, server: VirtualServer, cable: tuple[str, str]
) -> None:
    await server.start_serial(cable[0], 115200)
    async with rtu_client(cable[1]) as unit:
        assert await read(unit) == rounded(pack.reading(0))
        await write(unit, CHARGE, 0, 0)
        assert pack.commanded.charge is False

        pack.inject("cable_pulled")
        unit.require_timeout(0.3)
        with pytest.raises(ModbusError):
            await unit.read_holding_registers(0x1200, 1)


async def test_what_changes_in_the_pack_changes_on_the_wire(pack: VirtualPack, server: VirtualServer) -> None:
    async with client(await server.start_tcp()) as unit:
        driver = JK.driver(unit, spacing=0)
        await driver.async_read()
        pack.inject("dead_cell_sense", cell=3)
        pack.inject("dead_temperature_sensor", cell=1)
        seen = await driver.async_read()
        assert seen.cells[3] == 0
        assert seen.temperatures[1] is None

        pack.clear()
        pack.demand = 80.0
        pack.step(10)
        assert rounded(await driver.async_read()) == rounded(pack.reading(0))


async def test_a_swapped_pack_shows_its_own_serial_number(pack: VirtualPack, server: VirtualServer) -> None:
    pack.inject("wrong_serial")
    async with client(await server.start_tcp()) as unit:
        info = await JK.driver(unit, spacing=0).async_identify()

    assert info.serial_number == "SWAPPED-9999"


async def test_words_between_two_wire_addresses_are_dense(pack: VirtualPack, server: VirtualServer) -> None:
    """A JK counts bytes: word n of a request at address a stands at a + 2n."""
    async with client(await server.start_tcp()) as unit:
        words = await unit.read_holding_registers(0x1200, 16)
        second = await unit.read_holding_registers(0x1202, 1)

    assert words == [round(1000 * cell) for cell in pack.reading(0).cells]
    assert second == words[1:2]


# What is written


@pytest.mark.parametrize("library", ["pymodbus", "tmodbus"])
async def test_writes_move_the_switches(pack: VirtualPack, server: VirtualServer, library: str) -> None:
    async with client(await server.start_tcp(), library) as unit:
        await write(unit, CHARGE, 0, 0)
        assert pack.switches == Switches(charge=False, discharge=True, balance=True)
        await write(unit, DISCHARGE, 0, 0, 0, 0)
        assert pack.switches == Switches(charge=False, discharge=False, balance=False)
        await write(unit, CHARGE, 0, 1)
        assert (await read(unit)).switches == Switches(charge=True, discharge=False)

    assert [(entry.switches, entry.accepted) for entry in server.writes] == [
        (Switches(charge=False), True),
        (Switches(discharge=False, balance=False), True),
        (Switches(charge=True), True),
    ]


@pytest.mark.parametrize(
    ("address", "words", "code"),
    [
        (0x2000, (0, 0), 2),
        (0x1200, (1,), 2),
        (CHARGE, (0, 7), 3),
        (CHARGE, (0,), 3),
    ],
)
async def test_a_write_that_cannot_be_answers_an_exception(
    pack: VirtualPack, server: VirtualServer, address: int, words: tuple[int, ...], code: int
) -> None:
    async with client(await server.start_tcp()) as unit:
        with pytest.raises(ModbusExceptionError) as refused:
            await write(unit, address, *words)

    assert refused.value.exception_code == code
    assert pack.commanded == Switches(charge=True, discharge=True, balance=True)


async def test_a_refused_write_answers_exception_3_and_is_noted(pack: VirtualPack, server: VirtualServer) -> None:
    pack.inject("write_refused")
    async with client(await server.start_tcp()) as unit:
        with pytest.raises(ModbusExceptionError) as refused:
            await write(unit, CHARGE, 0, 0)

    assert refused.value.exception_code == 3
    assert [(entry.switches, entry.accepted) for entry in server.writes] == [(Switches(charge=False), False)]
    assert pack.switches.charge is True


@pytest.mark.parametrize(("address", "count"), [(0x0000, 1), (0x11FE, 1), (0x1201, 1), (0x1500, 20), (0xFFFF, 1)])
async def test_unknown_addresses_answer_exception_2(server: VirtualServer, address: int, count: int) -> None:
    async with client(await server.start_tcp()) as unit:
        with pytest.raises(ModbusExceptionError) as refused:
            await unit.read_holding_registers(address, count)
        await unit.read_holding_registers(0x1200, 1)

    assert refused.value.exception_code == 2


async def test_other_functions_answer_exception_1(server: VirtualServer) -> None:
    async with client(await server.start_tcp()) as unit:
        for request in (unit.read_input_registers(0x1200, 1), unit.write_register(CHARGE, 0)):
            with pytest.raises(ModbusExceptionError) as refused:
                await request
            assert refused.value.exception_code == 1


# The log


async def test_every_request_is_noted(server: VirtualServer) -> None:
    began = time.monotonic()
    async with client(await server.start_tcp()) as unit:
        await unit.read_holding_registers(0x1200, 5)
        await write(unit, BALANCE, 0, 0)

    noted = [(entry.function, entry.address, entry.count, entry.values) for entry in server.requests]
    assert noted == [(3, 0x1200, 5, ()), (16, BALANCE, 2, (0, 0))]
    assert began <= server.requests[0].time <= server.requests[1].time <= time.monotonic()


async def test_one_poll_encodes_the_pack_once(pack: VirtualPack, server: VirtualServer, monkeypatch) -> None:
    counted = []
    encode = type(JK).encode
    monkeypatch.setattr(type(JK), "encode", lambda *given: counted.append(1) or encode(*given))
    async with client(await server.start_tcp()) as unit:
        driver = JK.driver(unit, spacing=0)
        await driver.async_identify()
        await driver.async_read()
        assert len(server.requests) > 3
        assert len(counted) == 1

        pack.step(1)
        await driver.async_read()
        assert len(counted) == 2


# Troubles of the link


async def test_a_pulled_cable_closes_the_link_and_refuses_a_new_one(pack: VirtualPack, server: VirtualServer) -> None:
    port = await server.start_tcp()
    async with client(port) as unit:
        await unit.read_holding_registers(0x1200, 1)
        pack.inject("cable_pulled")
        with pytest.raises(ModbusError):
            await unit.read_holding_registers(0x1200, 1)

        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(2):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

        pack.clear("cable_pulled")
        assert len(await unit.read_holding_registers(0x1200, 1)) == 1


async def test_no_answer_keeps_the_link_open_and_silent(pack: VirtualPack, server: VirtualServer) -> None:
    async with client(await server.start_tcp()) as unit:
        unit.require_timeout(0.2)
        await unit.read_holding_registers(0x1200, 1)
        pack.inject("no_answer")
        with pytest.raises(ModbusTimeoutError):
            await unit.read_holding_registers(0x1200, 1)

        pack.clear()
        assert len(await unit.read_holding_registers(0x1200, 1)) == 1


async def test_slow_answer_takes_longer(pack: VirtualPack, server: VirtualServer) -> None:
    async with client(await server.start_tcp()) as unit:
        await unit.read_holding_registers(0x1200, 1)
        pack.inject("slow_answer", value=0.2)
        began = time.monotonic()
        await unit.read_holding_registers(0x1200, 1)

    assert time.monotonic() - began >= 0.2


async def test_another_unit_is_not_answered_and_nothing_is_logged(
    server: VirtualServer, caplog: pytest.LogCaptureFixture
) -> None:
    port = await server.start_tcp()
    async with client(port, unit=2) as unit:
        unit.require_timeout(0.2)
        with pytest.raises(ModbusTimeoutError):
            await unit.read_holding_registers(0x1200, 1)
    async with client(port) as unit:
        await read(unit)

    assert not warnings(caplog)


# Starting and stopping


async def test_stop_leaves_no_task_and_no_socket(pack: VirtualPack, caplog: pytest.LogCaptureFixture) -> None:
    before = asyncio.all_tasks()
    server = VirtualServer(pack, JK, answer_delay=30)
    port = await server.start_tcp()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(bytes.fromhex("000100000006010312000001"))
    async with asyncio.timeout(2):
        await heard(server)
    await asyncio.sleep(0.05)
    await server.stop()
    await server.stop()

    async with asyncio.timeout(2):
        assert await reader.read() == b""
    writer.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before
    assert not warnings(caplog)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


async def test_a_request_in_the_moment_of_stopping_is_dropped_quietly(
    pack: VirtualPack, caplog: pytest.LogCaptureFixture
) -> None:
    server = VirtualServer(pack, JK)
    _, writer = await asyncio.open_connection("127.0.0.1", await server.start_tcp())
    writer.write(bytes.fromhex("000100000006010312000001"))
    async with asyncio.timeout(2):
        await heard(server)
    await server.stop()
    for _ in range(5):
        await asyncio.sleep(0)

    writer.close()
    assert not warnings(caplog)


async def test_a_server_starts_again_after_it_stopped(server: VirtualServer) -> None:
    await server.start_tcp()
    await server.stop()
    async with rtu_client(f"socket://127.0.0.1:{await server.start_rtu_over_tcp()}") as unit:
        assert len(await unit.read_holding_registers(0x1200, 2)) == 2


async def test_a_running_server_does_not_start_twice(server: VirtualServer) -> None:
    port = await server.start_tcp()
    with pytest.raises(OSError, match="running"):
        await server.start_tcp()
    async with client(port) as unit:
        assert await unit.read_holding_registers(0x1200, 1)


async def test_a_taken_port_and_a_missing_cable_are_told(pack: VirtualPack, server: VirtualServer) -> None:
    port = await server.start_tcp()
    for start in (lambda other: other.start_tcp(port=port), lambda other: other.start_serial("/dev/no-such-port")):
        with pytest.raises(OSError, match="cannot be served"):
            await start(VirtualServer(pack, JK))


async def test_several_packs_are_served_side_by_side() -> None:
    hosts = [VirtualHost(seed=seed, speed=0, serial_number=f"PACK-{seed}") for seed in range(3)]
    ports = [await host.async_start() for host in hosts]
    assert len(set(ports)) == 3
    for host, port in zip(hosts, ports, strict=True):
        async with client(port) as unit:
            driver = JK.driver(unit, spacing=0)
            assert (await driver.async_identify()).serial_number == host.info.serial_number
            assert rounded(await driver.async_read()) == rounded(host.pack.reading(0))
    for host in hosts:
        await host.async_stop()


# The host that Home Assistant runs


async def test_the_host_lives_in_its_own_time_and_obeys() -> None:
    now = 0.0
    host = VirtualHost(speed=60, clock=lambda: now)
    host.house.sun = lambda time: 4000.0
    host.house.load = lambda time: 500.0
    port = await host.async_start()
    async with client(port) as unit:
        driver = JK.driver(unit, spacing=0)
        now = 10.0
        assert (await driver.async_read()).current > 50
        assert host.pack.time == pytest.approx(600)

        host.obey(56.0, 0.0, 100.0)
        now = 12.0
        assert abs((await driver.async_read()).current) < 0.5

        host.inject("hot_cell_now", cell=0, value=70)
        assert (await driver.async_read()).temperatures[0] == 70
        host.clear()
        assert (await driver.async_read()).temperatures[0] < 30

        now = 12.0 + 16.0
        assert (await driver.async_read()).current > 50, "nobody renewed the limits"
    await host.async_stop()


def test_a_host_of_few_cells_has_as_many_sensors() -> None:
    assert VirtualHost(cells=2).info.temperature_sensors == 2


def test_the_host_refuses_an_unknown_device() -> None:
    with pytest.raises(ValueError, match=r"no device 'abacus'; there are: jk_pb"):
        VirtualHost(device_key="abacus")


async def test_a_closed_connection_is_told_to_the_client(server: VirtualServer) -> None:
    async with client(await server.start_tcp()) as unit:
        await unit.read_holding_registers(0x1200, 1)
        await server.stop()
        with pytest.raises(ModbusConnectionError):
            await unit.read_holding_registers(0x1200, 1)
