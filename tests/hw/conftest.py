"""A JK PB that is nothing but register memory, on real links."""

import asyncio
import os
import pty
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import pytest
from modbus_connection import ModbusConnection, ModbusSerialParams, ModbusTcpParams
from modbus_connection.pymodbus import ModbusConnection as PymodbusConnection
from modbus_connection.tmodbus import ModbusConnection as TmodbusConnection
from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from custom_components.home_bms.core.model import AskedLimits, HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import DeviceInfo
from custom_components.home_bms.hw.frames import crc16

JK = DEVICES["jk_pb"]
FIRST, SIZE = 0x1000, 0x600

READING = PackReading(
    time=0.0,
    cells=tuple((3300 + index) / 1000 for index in range(16)),
    temperatures=(21.5, -4.2, 19.0, 18.3),
    current=-12.345,
    voltage=52.92,
    switch_temperature=31.4,
    soc=63,
    soh=98,
    capacity=279.5,
    cycles=41,
    switches=Switches(charge=True, discharge=True),
    commanded=Switches(charge=True, discharge=True, balance=True),
    balancing=True,
    balance_current=-0.8,
    alarms=frozenset({"discharge_overcurrent", "change_password"}),
    sleep_in=86400,
    # It requests a charge voltage of each cell, as INFO says.
    asked=AskedLimits(cvl=55.2),
)
INFO = DeviceInfo(
    manufacturer="Jikong",
    model="JK_PB2A16S20P",
    serial_number="404210281",
    hardware="15A",
    firmware="15.41",
    cells=16,
    capacity=280.0,
    temperature_sensors=4,
    hardware_ring=HardwareRing(
        cell_overvoltage=3.65,
        cell_overvoltage_release=3.4,
        cell_undervoltage=2.6,
        cell_undervoltage_release=3.0,
        power_off_voltage=2.5,
        charge_voltage=3.45,
        float_voltage=3.35,
        charge_current=140.0,
        charge_overcurrent_delay=30,
        discharge_current=200.0,
        discharge_overcurrent_delay=300,
        charge_overtemperature=55.0,
        charge_overtemperature_release=50.0,
        charge_undertemperature=-3.5,
        charge_undertemperature_release=1.5,
        discharge_overtemperature=60.0,
        discharge_overtemperature_release=55.0,
        switch_overtemperature=80.0,
        switch_overtemperature_release=70.0,
        balance_start_voltage=3.4,
        balance_difference=0.01,
    ),
    chemistry="lfp",
)


@dataclass
class Box:
    """The memory of one pack, and what was asked of it."""

    memory: dict[int, int] = field(default_factory=lambda: JK.encode(READING, INFO))
    requests: list[tuple[str, int, int]] = field(default_factory=list)
    """Kind, wire address, count of every request."""
    wire: list[bytes] = field(default_factory=list)
    """Every request as it came over the wire, where the link lets us see it."""
    refuse: dict[int | tuple[str, int], int] = field(default_factory=dict)
    """The Modbus exception that answers any request, or one kind of request, at a wire address."""
    stuck: bool = False
    """Acknowledge writes and do nothing."""
    spoil: Callable[[bytes], bytes] = bytes
    """What the line makes of an answer (pty only)."""

    def show(self, info: DeviceInfo = INFO, **changes: object) -> None:
        """Let the pack tell something else."""
        self.memory = JK.encode(replace(READING, **changes), info)

    def ask(self, kind: str, address: int, count: int) -> int:
        """Note a request; return the exception that answers it, or 0."""
        self.requests.append((kind, address, count))
        return self.refuse.get(address, 0) or self.refuse.get((kind, address), 0)

    def write(self, address: int, words: list[int]) -> None:
        """Take written words over, and move the MOSFETs with the switches."""
        if self.stuck:
            return
        moved = JK.written(address, words)
        self.memory |= {address + 2 * index: word for index, word in enumerate(words)}
        both = self.memory[0x12C0]
        charge = both >> 8 if moved.charge is None else int(moved.charge)
        discharge = both & 0xFF if moved.discharge is None else int(moved.discharge)
        self.memory[0x12C0] = charge << 8 | discharge

    def answer(self, frame: bytes) -> bytes:
        """Return the RTU answer to an RTU request."""
        self.wire.append(frame)
        unit, function = frame[0], frame[1]
        address, count = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        if code := self.ask("read" if function == 3 else "write", address, count):
            body = bytes((unit, function | 0x80, code))
        elif function == 3:
            words = [self.memory[address + 2 * index] for index in range(count)]
            body = bytes((unit, 3, 2 * count)) + b"".join(word.to_bytes(2, "big") for word in words)
        else:
            self.write(address, [int.from_bytes(frame[at : at + 2], "big") for at in range(7, len(frame) - 2, 2)])
            body = frame[:6]
        return self.spoil(body + crc16(body))


async def serve_tcp(box: Box, framer: FramerType, port: int = 0) -> ModbusTcpServer:
    """Serve a box with pymodbus; its device fills in the dense answers of byte addresses."""

    async def action(function, start, address, count, registers, values):
        if code := box.ask("read" if values is None else "write", address, count):
            return ExcCodes(code)
        if values is not None:
            box.write(address, list(values))
            return None
        for index in range(count):
            registers[address - start + index] = box.memory[address + 2 * index]
        return None

    def trace(sending: bool, data: bytes) -> bytes:
        if not sending:
            box.wire.append(data)
        return data

    device = SimDevice(1, [SimData(FIRST, count=SIZE, values=0, datatype=DataType.REGISTERS)], action=action)
    server = ModbusTcpServer(device, framer=framer, address=("127.0.0.1", port), trace_packet=trace)
    await server.serve_forever(background=True)
    return server


def port_of(server: ModbusTcpServer) -> int:
    return server.transport.sockets[0].getsockname()[1]


def serve_pty(box: Box) -> tuple[str, Callable[[], None]]:
    """Serve a box in RTU framing on a pseudo terminal; return its path and what ends it."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    loop = asyncio.get_running_loop()
    received = bytearray()

    def readable() -> None:
        received.extend(os.read(master, 512))
        while len(received) >= (size := 9 + received[6] if len(received) > 6 and received[1] == 0x10 else 8):
            frame = bytes(received[:size])
            del received[:size]
            os.write(master, box.answer(frame))

    loop.add_reader(master, readable)

    def stop() -> None:
        loop.remove_reader(master)
        os.close(master)
        os.close(slave)

    return os.ttyname(slave), stop


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
async def open_link(socket_enabled: None) -> AsyncIterator[Callable[[Box, str], Awaitable[ModbusConnection]]]:
    """Serve a box on a kind of link and give the link, which connects with the first request as Home Assistant's do."""
    async with AsyncExitStack() as stack:

        async def open_it(box: Box, kind: str) -> ModbusConnection:
            if kind == "pty":
                device, stop = serve_pty(box)
                stack.callback(stop)
            else:
                server = await serve_tcp(box, FramerType.RTU if kind == "rtu+tcp" else FramerType.SOCKET)
                stack.push_async_callback(server.shutdown)
                device = f"socket://127.0.0.1:{port_of(server)}"
            backend = PymodbusConnection if kind == "tcp by pymodbus" else TmodbusConnection
            connection = backend(
                ModbusSerialParams(device=device, baudrate=JK.baudrate)
                if kind in ("pty", "rtu+tcp")
                else ModbusTcpParams(host="127.0.0.1", port=port_of(server))
            )
            stack.push_async_callback(connection.close)
            return connection

        yield open_it
