"""A line on loopback with whatever units a test puts on it, and what was said there."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from custom_components.home_bms.hw.devices import DEVICES, Device
from custom_components.home_bms.hw.driver import Driver
from custom_components.home_bms.hw.frames import crc16
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.hw.wire import Wire

P81 = DEVICES["daly_p81"]

type Say = Callable[[bytes], None]
type Talk = Callable[[bytes, Say], Awaitable[None]]
"""Is given what was heard and how to say something."""


async def silent(heard: bytes, say: Say) -> None:
    """Say nothing."""


class Gateway:
    """A TCP socket behind which `talk` is on the line; it can be rebooted."""

    def __init__(self, talk: Talk = silent, greeting: bytes = b"") -> None:
        self.talk = talk
        self.greeting = greeting
        self.heard: list[bytes] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def url(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        return len(self._writers)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server.abort_clients()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def reboot(self) -> None:
        """Drop whoever is connected; who comes back is served anew."""
        if self._server is not None:
            self._server.abort_clients()

    def say(self, data: bytes) -> None:
        """Say something to whoever is connected."""
        for writer in self._writers:
            if not writer.is_closing():
                writer.write(data)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._spawn(self._serve(reader, writer))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(self.greeting)
            while data := await reader.read(512):
                self.heard.append(data)
                self._spawn(self.talk(data, writer.write))
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()


@asynccontextmanager
async def gateway(talk: Talk = silent, greeting: bytes = b"") -> AsyncIterator[Gateway]:
    found = Gateway(talk, greeting)
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


class Adapter:
    """A serial adapter under a name that stays, which can be pulled out and comes back as another device."""

    def __init__(self, name: Path, talk: Talk) -> None:
        self.name = name
        self.heard: list[bytes] = []
        self._talk = talk
        self._ends: tuple[int, int] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def plug(self) -> None:
        master, slave = self._ends = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self.name.unlink(missing_ok=True)
        self.name.symlink_to(os.ttyname(slave))
        asyncio.get_running_loop().add_reader(master, self._readable, master)

    def pull(self) -> None:
        if self._ends is None:
            return
        master, slave = self._ends
        self._ends = None
        asyncio.get_running_loop().remove_reader(master)
        self.name.unlink()
        os.close(master)
        os.close(slave)

    async def hush(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def say(self, data: bytes) -> None:
        if self._ends is not None:
            os.write(self._ends[0], data)

    def _readable(self, master: int) -> None:
        try:
            data = os.read(master, 512)
        except BlockingIOError:
            return
        self.heard.append(data)
        task = asyncio.ensure_future(self._talk(data, self.say))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def adapter(name: Path, talk: Talk) -> AsyncIterator[Adapter]:
    found = Adapter(name, talk)
    found.plug()
    try:
        yield found
    finally:
        found.pull()
        await found.hush()


@asynccontextmanager
async def own_line(device: Device, pack: VirtualPack, **how: object) -> AsyncIterator[tuple[Driver, VirtualServer]]:
    """Let a pack answer as a device that needs a line of its own, and give a driver on such a line."""
    number = device.unit(1)
    server = VirtualServer(pack, device, unit_id=number)
    wire = Wire(
        f"socket://127.0.0.1:{await server.start_rtu_over_tcp()}",
        baudrate=device.baudrate,
        listens=device.broadcast is not None,
    )
    try:
        yield device.driver(wire.for_unit(number, device.dialect), spacing=0.0, **how), server
    finally:
        await wire.close()
        await server.stop()


class Boards:
    """P81 boards on one line, each with its own memory, that answer as boards do: from 0x50 + board."""

    def __init__(self, **packs: VirtualPack) -> None:
        self.memory = {
            0x80 + int(name.removeprefix("board_")): P81.encode(pack.reading(0.0), pack.info)
            for name, pack in packs.items()
        }
        self.late: dict[int, float] = {}
        """s by which a board's answers come late."""
        self.wire: list[bytes] = []

    async def talk(self, heard: bytes, say: Say) -> None:
        self.wire.append(heard)
        unit, function = heard[0], heard[1]
        address, number = int.from_bytes(heard[2:4], "big"), int.from_bytes(heard[4:6], "big")
        if unit not in self.memory:
            return
        await asyncio.sleep(self.late.get(unit, 0.0))
        memory = self.memory[unit]
        if function == 6:
            memory[address] = number
            # The MOSFETs follow.
            memory[{0x121: 0x52, 0x122: 0x53}[address]] = number
            body = bytes((unit - 0x30,)) + heard[1:6]
        elif all(at in memory for at in range(address, address + number)):
            data = b"".join(memory[address + index].to_bytes(2, "big") for index in range(number))
            body = bytes((unit - 0x30, 3, len(data))) + data
        else:
            body = bytes((unit - 0x30, function | 0x80, 2))
        say(body + crc16(body))
