"""One pack on a real Modbus link in a real Home Assistant, with warped time and a line that can be spoiled."""

from __future__ import annotations

import asyncio
import os
import pty
import time
import tty
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import Alarm, Level, PackReading, Snapshot
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer, VirtualWorld
from custom_components.home_bms.hw.virtual.cell import OpenCircuit

from ..ha.conftest import PACK_ID, make_entry, pack_subentry, set_up
from .proxy import Proxy
from .timewarp import GRACE, GRACE_TERMINAL, Warp, warped

SERIAL = "VIRTUAL-0001"
SENSORS = 4
SECOND_ID = "01PACK0000000000000000000B"
SECOND_SERIAL = "VIRTUAL-0002"
PATIENCE = 60.0
"""s of the test's clock that a judgement may be away before a test calls the loop dead."""


class ClockedDevice:
    """The JK's driver, by the test's clock."""

    own_line = False
    broadcast = None

    def __init__(self) -> None:
        self.change: Callable[[PackReading], PackReading] | None = None
        """What is made of each reading, for what no register can hold."""

    def driver(self, unit: Any, **how: Any) -> Any:
        driver: Any = DEVICES["jk_pb"].driver(unit, clock=lambda: time.monotonic(), **how)
        read = driver.async_read

        async def async_read() -> PackReading:
            reading = await read()
            return reading if self.change is None else self.change(reading)

        driver.async_read = async_read
        return driver


class SerialLine:
    """A USB adapter: a pseudo terminal joined to the line's TCP port, behind a name that stays."""

    def __init__(self, port: int, name: Path) -> None:
        self.name = name
        self._port = port
        self._ends: tuple[int, int] | None = None
        self._answering: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def plug(self) -> None:
        """Appear under a new device, with the old name leading to it."""
        master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends, self._writer = (master, slave), writer
        asyncio.get_running_loop().add_reader(master, self._pass, master, writer)

        async def answer() -> None:
            with suppress(OSError):
                while received := await reader.read(4096):
                    os.write(master, received)

        self._answering = asyncio.create_task(answer())
        self.name.unlink(missing_ok=True)
        self.name.symlink_to(os.ttyname(slave))

    async def unplug(self) -> None:
        """Disappear, name and all."""
        if self._ends is None or self._answering is None or self._writer is None:
            return
        self.name.unlink(missing_ok=True)
        asyncio.get_running_loop().remove_reader(self._ends[0])
        self._answering.cancel()
        with suppress(asyncio.CancelledError):
            await self._answering
        self._writer.close()
        for end in self._ends:
            os.close(end)
        self._ends = None

    @staticmethod
    def _pass(master: int, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(os.read(master, 4096))


@dataclass(slots=True, kw_only=True)
class Line:
    """A pack's server with the line before it."""

    server: VirtualServer
    proxy: Proxy
    serial: SerialLine | None
    settings: dict[str, Any]
    """Of the link, as a pack's subentry has them."""


@asynccontextmanager
async def line_to(world: VirtualWorld, kind: str, folder: Path) -> AsyncGenerator[Line]:
    """Serve a pack and put the line in front of it; `kind` is `tcp`, `rtu_over_tcp` or `serial`."""
    async with AsyncExitStack() as stack:
        server = VirtualServer(world, DEVICES["jk_pb"])
        port = await (server.start_tcp() if kind == "tcp" else server.start_rtu_over_tcp())
        stack.push_async_callback(server.stop)
        proxy = Proxy()
        port = await proxy.start(port)
        stack.push_async_callback(proxy.stop)
        serial: SerialLine | None = None
        settings: dict[str, Any] = {"type": kind, "host": "127.0.0.1", "port": port}
        if kind == "serial":
            serial = SerialLine(port, folder / "usb-adapter")
            await serial.plug()
            stack.push_async_callback(serial.unplug)
            settings = {"type": kind, "device": str(serial.name), "baudrate": 115200}
        yield Line(server=server, proxy=proxy, serial=serial, settings=settings)


@contextmanager
def by_the_clock(warp: Warp) -> Generator[ClockedDevice]:
    """Let all that tells time by itself tell the test's; yields the pack's device."""
    device = ClockedDevice()
    with (
        patch("custom_components.home_bms.packs.sources.DEVICES", {"jk_pb": device}),
        patch("custom_components.home_bms.entity.monotonic", warp.now),
    ):
        yield device


def charge_of(voltage: float) -> float:
    """Return the SoC at which a resting LFP cell has this voltage."""
    curve, low, high = OpenCircuit("lfp"), -10.0, 120.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if curve.at(middle)[0] < voltage else (low, middle)
    return low


@dataclass(slots=True, kw_only=True)
class Bench:
    """What a row of the matrix works with; one poll is one judgement, a second apart."""

    hass: HomeAssistant
    warp: Warp
    world: VirtualWorld
    server: VirtualServer
    proxy: Proxy
    serial: SerialLine | None
    device: ClockedDevice
    entry: MockConfigEntry
    folder: Path
    second: VirtualServer | None
    """Of a second pack, wired in parallel."""
    wanted: float = 0.0
    """A that the inverter would charge (positive) or discharge with, if it may."""
    obeys: bool = True
    polls: int = 0
    """Judgements so far."""
    judged: asyncio.Event = field(default_factory=asyncio.Event)
    notes: dict[str, Any] = field(default_factory=dict)
    """What a row remembers from one step to the next."""

    @property
    def pack(self) -> VirtualPack:
        return self.world.pack

    @property
    def coordinator(self) -> PackCoordinator:
        coordinator: PackCoordinator = self.entry.runtime_data.packs[PACK_ID]
        return coordinator

    @property
    def now(self) -> Snapshot:
        """The last judgement."""
        return self.coordinator.latest

    async def poll(self, count: int = 1) -> None:
        """Wait for so many judgements; the inverter takes each one's limits."""
        for _ in range(count):
            self.judged.clear()
            await asyncio.wait_for(self.judged.wait(), PATIENCE)
            self.polls += 1
            self.drive()

    def listen(self) -> None:
        """Take part in every judgement from now on; a set-up makes new coordinators."""
        coordinator: Any = self.coordinator
        told = coordinator.async_judged

        def judged(snapshot: Snapshot) -> None:
            told(snapshot)
            self.judged.set()

        coordinator.async_judged = judged

    def drive(self) -> None:
        """Let the inverter do what it wants, within the limits if it obeys."""
        decision = self.now.decision
        allowed = max(-decision.dcl.value, min(decision.ccl.value, self.wanted)) if self.obeys else self.wanted
        self.world.catch_up()
        self.pack.demand = allowed

    def disobey(self, current: float) -> None:
        """Let the inverter carry this current whatever it is told."""
        self.wanted, self.obeys = current, False
        self.drive()

    async def until(self, condition: Callable[[], bool], within: int) -> int:
        """Poll until it holds; return the polls it took. Fails after `within`."""
        for count in range(within + 1):
            if condition():
                return count
            await self.poll()
        raise AssertionError(f"not within {within} polls; {self.tell()}")

    def inject(self, name: str, cell: int | None = None, value: float | None = None) -> None:
        """Begin a fault of the pack, now."""
        self.world.catch_up()
        self.pack.inject(name, cell, value)

    def clear(self, name: str | None = None) -> None:
        """End a fault of the pack, now."""
        self.world.catch_up()
        self.pack.clear(name)

    def alarm(self, key: str) -> Alarm | None:
        return next((alarm for alarm in self.now.decision.alarms if alarm.key == key), None)

    def level(self, key: str) -> Level:
        alarm = self.alarm(key)
        return Level.OK if alarm is None else alarm.level

    def issue(self, key: str) -> bool:
        """Whether a repair issue of this kind stands."""
        return any(domain == DOMAIN and name.startswith(key) for domain, name in ir.async_get(self.hass).issues)

    def state(self, platform: str, key: str) -> str:
        """Return an entity's state."""
        entity_id = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, f"{PACK_ID}_{key}")
        assert entity_id is not None, key
        state = self.hass.states.get(entity_id)
        assert state is not None, key
        return state.state

    async def allow_control(self, allowed: bool = True) -> None:
        await self.entry.runtime_data.async_allow_control(allowed)

    async def reload(self) -> None:
        """Set the system up anew, as after a restart or changed options."""
        assert await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.hass.async_block_till_done()
        self.listen()

    async def reset(self) -> bool:
        """Press the button that releases trips; return whether all were."""
        button = er.async_get(self.hass).async_get_entity_id("button", DOMAIN, f"{PACK_ID}_reset_trips")
        try:
            await self.hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
        except ServiceValidationError:
            return False
        return True

    def tell(self) -> str:
        """Return the last judgement in a line, for a failed test."""
        decision, believed = self.now.decision, self.now.believed
        alarms = {alarm.key: alarm.level.name for alarm in decision.alarms}
        return (
            f"poll {self.polls}: ccl {decision.ccl.value:.1f} ({decision.ccl.reason.rule}),"
            f" dcl {decision.dcl.value:.1f} ({decision.dcl.reason.rule}), alarms {alarms},"
            f" doubts {dict(believed.doubts)}, age {believed.age:.2f},"
            f" link age {believed.link_age:.2f}, broken for {believed.broken_for:.2f}, max {believed.cell_max} V,"
            f" min {believed.cell_min} V, {believed.temperature_max} °C, {believed.current} A, switches"
            f" {self.pack.switches}, {self.coordinator.statistics}"
        )


@asynccontextmanager
async def bench(
    hass: HomeAssistant,
    folder: Path,
    *,
    kind: str = "tcp",
    soc: float = 50.0,
    two: bool = False,
    **changes: Any,
) -> AsyncGenerator[Bench]:
    """Serve a pack, put the line in front of it and set a system up behind that; `changes` are of its settings.

    `kind` is `tcp`, `rtu_over_tcp` or `serial`; Home Assistant's own files go to `folder`; with `two` a second pack
    stands beside the first, on a line of its own that is always sound.
    """
    loop = asyncio.get_running_loop()
    loop.set_debug(False)
    async with AsyncExitStack() as stack:
        warp = stack.enter_context(warped(loop, GRACE_TERMINAL if kind == "serial" else GRACE))
        device = stack.enter_context(by_the_clock(warp))
        hass.config.config_dir = str(folder)
        pack = VirtualPack(seed=7, soc=soc, serial_number=SERIAL, temperature_sensors=SENSORS)
        world = VirtualWorld(pack, speed=1.0, clock=warp.now)
        line = await stack.enter_async_context(line_to(world, kind, folder))
        packs = [pack_subentry(**({"serial_number": SERIAL} | line.settings | changes))]
        second: VirtualServer | None = None
        if two:
            twin = VirtualPack(seed=8, soc=soc, serial_number=SECOND_SERIAL, temperature_sensors=SENSORS)
            second = VirtualServer(VirtualWorld(twin, speed=1.0, clock=warp.now), DEVICES["jk_pb"])
            there = {"type": "tcp", "host": "127.0.0.1", "port": await second.start_tcp()}
            stack.push_async_callback(second.stop)
            packs.append(pack_subentry(SECOND_ID, "Pack 2", serial_number=SECOND_SERIAL, **there))
        entry = make_entry(hass, *packs)
        await set_up(hass, entry)
        made = Bench(
            hass=hass,
            warp=warp,
            world=world,
            server=line.server,
            proxy=line.proxy,
            serial=line.serial,
            device=device,
            entry=entry,
            folder=folder,
            second=second,
        )
        made.listen()
        try:
            yield made
        finally:
            if hass.is_running:
                await hass.config_entries.async_unload(entry.entry_id)
                await hass.async_block_till_done()
