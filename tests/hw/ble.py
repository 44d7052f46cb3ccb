"""Packs in the air: what bleak would reach over Bluetooth, down to the bytes of each notification."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError

ADDRESS = "A4:C1:38:12:34:56"
CHUNK = 20
"""Bytes of one notification, as most of these modules send them."""


@dataclass
class JbdPack:
    """A pack with a Jiabaida BMS, which answers as its protocol says."""

    cells: list[float] = field(default_factory=lambda: [3.301, 3.302, 3.303, 3.304])
    temperatures: list[float] = field(default_factory=lambda: [21.5, 22.5])
    current: float = -12.5
    soc: int = 63
    capacity: float = 100.0
    cycles: int = 42
    switches: int = 0b11
    balancing: int = 0
    problems: int = 0
    silent: bool = False
    hears: bool = True
    """Whether it lets itself be connected."""
    hangs: bool = False
    """Whether connecting never ends."""
    connections: int = 0
    asked: list[int] = field(default_factory=list)
    written: list[bytes] = field(default_factory=list)

    def answer(self, request: bytes) -> bytes:
        """Return the frame that answers a request, nothing if it is none or the pack is silent."""
        self.written.append(request)
        if self.silent or request[:2] != b"\xdd\xa5":
            return b""
        command = request[2]
        self.asked.append(command)
        body = {0x03: self._state, 0x04: self._cells, 0x05: lambda: b"JBD-SP04S034"}[command]()
        checked = bytes((0, len(body))) + body
        return b"\xdd" + bytes((command,)) + checked + (0x10000 - sum(checked)).to_bytes(2) + b"\x77"

    def _state(self) -> bytes:
        low, high = self.balancing & 0xFFFF, self.balancing >> 16
        return b"".join(
            (
                round(sum(self.cells) * 100).to_bytes(2),
                round(self.current * 100).to_bytes(2, signed=True),
                round(self.capacity * self.soc).to_bytes(2),
                round(self.capacity * 100).to_bytes(2),
                self.cycles.to_bytes(2),
                bytes(2),
                low.to_bytes(2),
                high.to_bytes(2),
                self.problems.to_bytes(2),
                bytes((0x21, self.soc, self.switches, len(self.cells), len(self.temperatures))),
                *(round((value + 273.1) * 10).to_bytes(2) for value in self.temperatures),
                b"\x00",
            )
        )

    def _cells(self) -> bytes:
        return b"".join(round(cell * 1000).to_bytes(2) for cell in self.cells)


class Services:
    """The services of a module that has none but its BMS's own."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def get_service(self, uuid: str) -> None:
        """Tell no device information."""

    def get_characteristic(self, uuid: str) -> SimpleNamespace:
        """Return one that takes writes without an answer."""
        return SimpleNamespace(uuid=uuid, properties=["write-without-response"])


class Client:
    """What bleak gives for a device."""

    def __init__(self, air: Air, device: BLEDevice, **_: Any) -> None:
        self._air = air
        self._device = device
        self.is_connected = False
        self.services = Services()
        self._tell: Callable[[Any, bytearray], None] | None = None
        air.clients.append(self)

    async def connect(self) -> None:
        """Connect as bleak does."""
        pack = self._air.packs.get(self._device.address)
        if pack is not None and pack.hangs:
            await asyncio.Event().wait()
        if pack is None or not pack.hears:
            raise BleakError("no way to the device")
        pack.connections += 1
        self.is_connected = True

    async def disconnect(self) -> None:
        """Disconnect, which can be done twice."""
        self.is_connected = False

    async def start_notify(self, uuid: str, tell: Callable[[Any, bytearray], None]) -> None:
        """Take who is told."""
        self._tell = tell

    async def write_gatt_char(self, uuid: str, data: bytes, response: bool) -> None:
        """Send a request; the answer comes in pieces."""
        if not self.is_connected:
            raise BleakError("not connected")
        frame = self._air.packs[self._device.address].answer(bytes(data))
        assert self._tell is not None
        for start in range(0, len(frame), CHUNK):
            self._tell(None, bytearray(frame[start : start + CHUNK]))


class Air:
    """Every pack that can be reached, by address."""

    def __init__(self) -> None:
        self.packs: dict[str, JbdPack] = {}
        self.clients: list[Client] = []

    def device(self, address: str = ADDRESS) -> BLEDevice | None:
        """Return what is heard of a pack now."""
        return BLEDevice(address, f"JBD-{address[-2:]}", {}) if address in self.packs else None

    @property
    def open(self) -> int:
        """How many connections are open."""
        return sum(client.is_connected for client in self.clients)

    def drop(self) -> None:
        """Let every connection break."""
        for client in self.clients:
            client.is_connected = False


@pytest.fixture
def air(monkeypatch: pytest.MonkeyPatch) -> Air:
    """Put packs in the air in bleak's place."""
    from aiobmsble import basebms  # noqa: PLC0415 - it must not be imported before Home Assistant's Bluetooth

    air = Air()

    async def establish(client_class: object, device: BLEDevice, name: str, **_: Any) -> Client:
        client = Client(air, device)
        await client.connect()
        return client

    monkeypatch.setattr(basebms, "BleakClient", lambda device, **options: Client(air, device, **options))
    monkeypatch.setattr(basebms, "establish_connection", establish)
    # Its own retries take seconds; a pack in the air answers at once or not at all.
    monkeypatch.setattr(basebms.BaseBMS, "_RETRY_TIMEOUT", 0.01)
    return air
