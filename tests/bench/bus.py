"""How near the cycle of sixteen packs on one slow RS485 bus comes to what the wire allows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle, pairwise
from typing import Final, cast

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from modbus_connection import ModbusSerialParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.helpers import SOCKET_BAUDRATE
from custom_components.home_bms.hw.devices import DEVICES, Device
from custom_components.home_bms.hw.driver import Driver
from custom_components.home_bms.hw.lane import Lane
from custom_components.home_bms.hw.registers import Kind
from custom_components.home_bms.hw.roundabout import Roundabout
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.hw.virtual.bus import BusFault, Transaction, VirtualBus
from custom_components.home_bms.supervisor import Supervisor

from .reaction import Entry, Loop, Permitting
from .result import Result

BAUDRATE: Final = 9600
PACKS: Final = 16
TURNAROUND: Final = 0.02
"""s that each unit thinks (performance.md B2)."""
SHARE: Final = 1.2
"""The issue: the cycle is at most so many times what the wire allows."""
SETTLED: Final = 2
"""Readings of each pack before anything is measured: by then all are known."""
SUSPECTED: Final = 6
"""Requests that a dead unit has not answered by then."""


class Watching(Permitting):
    """A watcher that permits nothing: only reads are measured."""

    @property
    def control_allowed(self) -> bool:  # type: ignore[override]
        return False


class Timed:
    """A driver that notes when it brought a reading."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.arrivals: list[float] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._driver, name)

    async def async_read(self) -> PackReading:
        """Read, and note when it was done."""
        reading = await self._driver.async_read()
        self.arrivals.append(asyncio.get_running_loop().time())
        return reading


def on_the_bus(count: int) -> list[tuple[Device, int]]:
    """Return so many packs of every kind that speaks plain Modbus in turn, each with a unit id of its own.

    A device that can have but one unit id is there once.
    """
    able = [device for device in DEVICES.values() if device.kind is Kind.PACK and not device.own_line]
    taken: dict[int, Device] = {}
    stuck = 0
    for device in cycle(able):
        free = next((unit for unit in device.unit_ids if unit and unit not in taken), None)
        stuck = stuck + 1 if free is None else 0
        if free is not None:
            taken[free] = device
        if len(taken) == count or stuck == len(able):
            break
    return [(device, unit_id) for unit_id, device in taken.items()]


async def measure(seconds: float, *, packs: int = PACKS, baudrate: int = BAUDRATE) -> Iterator[Result]:
    """Watch the packs for so long, once with all of them alive, once with one more unit that is dead."""
    alive = await _watch(seconds, packs, baudrate, dead=False)
    dead = await _watch(seconds, packs, baudrate, dead=True)
    return iter([*alive, *dead])


async def _watch(seconds: float, packs: int, baudrate: int, *, dead: bool) -> list[Result]:
    """Return what was measured."""
    wired = on_the_bus(packs + 1)
    packs = len(wired) - 1
    servers = [
        VirtualServer(VirtualPack(seed=unit, serial_number=f"BUS-{unit:04}"), device, unit_id=unit)
        for device, unit in wired
    ]
    bus = VirtualBus(servers, baudrate=baudrate, turnaround=TURNAROUND)
    device = f"socket://127.0.0.1:{await bus.start()}"
    connection = ModbusConnection(ModbusSerialParams(device=device, baudrate=SOCKET_BAUDRATE))
    line = Roundabout()
    if dead:
        bus.inject(wired[-1][1], BusFault.DEAD)
    watched = [
        _supervisor(kind, connection, line, server)
        for (kind, _), server in list(zip(wired, servers, strict=True))[: None if dead else packs]
    ]
    drivers, supervisors = [each[0] for each in watched[:packs]], [each[1] for each in watched]
    try:
        await asyncio.gather(*(each.async_start() for each in supervisors))
        async with asyncio.timeout(10 * seconds + 60):
            while not all(len(driver.arrivals) >= SETTLED for driver in drivers) or (  # noqa: ASYNC110 - many at once
                dead and sum(not each.answered for each in bus.transactions) < SUSPECTED
            ):
                await asyncio.sleep(0.1)
        begun = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        ended = asyncio.get_running_loop().time()
    finally:
        for supervisor in supervisors:
            await supervisor.async_stop()
        await _quiet(line)
        await connection.close()
        await bus.stop()
    carried = [each for each in bus.transactions if begun <= each.time < ended]
    gaps = [later - earlier for driver in drivers for earlier, later in pairwise(driver.arrivals) if earlier >= begun]
    return list(_told(bus, carried, gaps, wired[:packs], ended - begun, dead=dead))


def _told(
    bus: VirtualBus,
    carried: Sequence[Transaction],
    gaps: Sequence[float],
    wired: Sequence[tuple[Device, int]],
    seconds: float,
    *,
    dead: bool,
) -> Iterator[Result]:
    """Tell the cycle beside what these very transactions take at the least."""
    measured = sum(gaps) / len(gaps)
    answered = [each for each in carried if each.answered]
    # In the time that was watched each pack was read so often; a cycle's share of the wire is that of one reading each.
    cycles = seconds / measured
    least = bus.minimum(answered) / cycles
    kinds = len({device.key for device, _ in wired})
    about = f"{len(wired)} packs of {kinds} kinds" + (" and a dead unit" if dead else "")
    yield Result(name=f"{about}: wire alone, {len(answered) / cycles:.1f} transactions", value=least, unit="s")
    yield Result(name="  cycle: between two readings of a pack", value=measured, unit="s")
    yield Result(name="  the longest of them", value=max(gaps), unit="s")
    bound = SHARE if not dead else None
    yield Result(name="  cycle beside the wire alone", value=measured / least, unit="times", most=bound)
    if dead:
        held = sum(not each.answered for each in carried)
        yield Result(name="  requests that the dead unit did not answer", value=60 * held / seconds, unit="a minute")


def _supervisor(
    device: Device, connection: ModbusConnection, line: Roundabout, server: VirtualServer
) -> tuple[Timed, Supervisor]:
    """Return the loop of one pack, as Home Assistant runs it, and its driver."""
    pack = server.world.pack
    config = configure(
        chemistry="lfp",
        cells=len(pack.reading(0.0).cells),
        capacity=280,
        charge_current=140,
        discharge_current=140,
        temperature_sensors=pack.info.temperature_sensors,
    )
    lane = Lane(connection.for_unit(server.unit_id), line, server.unit_id)
    driver = Timed(device.driver(lane.unit))
    supervisor = Supervisor(
        cast("HomeAssistant", Loop()),
        cast("ConfigEntry", Entry()),
        name=f"{device.name} {server.unit_id}",
        driver=cast("Driver", driver),
        fingerprint=None,
        config=replace(config),
        state=bms.start(config),
        watcher=Watching(),
    )
    return driver, supervisor


async def _quiet(line: Roundabout) -> None:
    """Wait until nobody is on the link any more."""
    async with asyncio.timeout(30):
        while line.busy:  # noqa: ASYNC110 - the link tells nobody
            await asyncio.sleep(0.01)
