"""Polls and recorder rows in a real Home Assistant, with its own Modbus integration beside home_bms."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any, Final

import yaml
from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.jk_registers import Cells, Commands, State
from custom_components.home_bms.hw.virtual import House, VirtualPack, VirtualServer, VirtualWorld
from scripts.hass import CONFIGURATION, Hass, free_port

from .result import Result

DEVICE: Final = DEVICES["jk_pb"]
CELLS: Final = 16
# s that a device behind an RS485 gateway takes to answer (performance.md B1), and none.
TURNAROUNDS: Final = (0.0, 0.020)
SCAN_INTERVAL: Final = 5
"""s; Home Assistant advises against less. home_bms polls every second."""
SETTLE: Final = 40.0
"""s after the start until the limits have risen and every entity has spoken once."""
# s between an answer and the next request from which on nobody hurries.
IDLE: Final = 0.005
# The floors.
READS: Final = 4
READS_BESIDE: Final = 40
ROWS: Final = 2 * 3600


async def measure(folder: Path, seconds: float) -> AsyncIterator[Result]:
    """Yield what a poll costs for both, and what home_bms writes to the recorder, over `seconds`."""
    async with AsyncExitStack() as stack:
        ours = [await _serve(stack, delay, number) for number, delay in enumerate(TURNAROUNDS)]
        theirs = [await _serve(stack, delay, number + 2) for number, delay in enumerate(TURNAROUNDS)]
        configuration = CONFIGURATION + yaml.safe_dump({"modbus": [hub(server.port) for server in theirs]})
        hass = Hass(folder, port=free_port(), configuration=configuration)
        await stack.enter_async_context(hass)
        packs = [(await hass.add("home_bms", "network", {"host": "127.0.0.1", "port": s.port}, {}))[0] for s in ours]

        await asyncio.sleep(SETTLE)
        for server in ours + theirs:
            server.requests.clear()
        before = await _rows(hass, packs)
        await asyncio.sleep(seconds)
        for server, turnaround in zip(ours, TURNAROUNDS, strict=True):
            for result in _polls("home_bms", server, turnaround, most=READS):
                yield result
        for server, turnaround in zip(theirs, TURNAROUNDS, strict=True):
            for result in _polls("modbus integration", server, turnaround, least=READS_BESIDE):
                yield result
        rows = await _rows(hass, packs) - before
        per_hour = rows / len(packs) * 3600 / seconds
        yield Result(name="recorder rows of one pack and its system", value=per_hour, unit="rows/hour", most=ROWS)
    for turnaround in TURNAROUNDS:
        yield await _unspaced(turnaround)


async def _serve(stack: AsyncExitStack, turnaround: float, seed: int) -> VirtualServer:
    """Serve a pack in its house at noon, in real time."""
    pack = VirtualPack(cells=CELLS, seed=seed, serial_number=f"BENCH-{seed}")
    world = VirtualWorld(pack, House(pack, seed=seed, start_hour=12.0))
    server = VirtualServer(world, DEVICE, answer_delay=turnaround)
    await server.start_tcp()
    stack.push_async_callback(server.stop)
    return server


def hub(port: int, scan_interval: int = SCAN_INTERVAL) -> dict[str, Any]:
    """Return the YAML of a user who wants the same values: one sensor for each."""
    return {
        "name": f"beside_{port}",
        "type": "tcp",
        "host": "127.0.0.1",
        "port": port,
        "sensors": [
            {
                "name": f"beside {port} {name}",
                "slave": 1,
                "address": address * DEVICE.address_step,
                "data_type": f"uint{16 * words}",
                "scan_interval": scan_interval,
            }
            for name, address, words in _values()
        ],
    }


def _values() -> Iterator[tuple[str, int, int]]:
    """Yield the name, register and length in words of each value that home_bms judges by, each cell apart."""
    for component in (Cells, State, Commands):
        for name, field in component.declared_fields.items():
            if name == "cells":
                yield from ((f"cell {number + 1}", field.address + number, 1) for number in range(CELLS))
            else:
                yield name, field.address, field.count


def _polls(who: str, server: VirtualServer, turnaround: float, **floor: int) -> Iterator[Result]:
    """Yield the requests of one poll, and the ms from its first to the end of its last.

    Home Assistant's sensors have a timer each, so their requests do not always follow at once. Such gaps are left out:
    in them the bus is free for others. The silence that home_bms keeps on a JK's bus is counted.
    """
    polls = list(_bursts([request.time for request in server.requests]))
    # The first and the last may be cut, and once a minute home_bms looks at the settings too.
    whole = sorted(polls[1:-1], key=len)
    usual = [poll for poll in whole if len(poll) == len(whole[len(whole) // 2])]
    longest = turnaround + (IDLE if "least" in floor else DEVICE.spacing + IDLE)
    taken = fmean(sum(min(after - before, longest) for before, after in pairwise(poll)) + turnaround for poll in usual)
    label = f"{who}, {1000 * turnaround:.0f} ms turnaround"
    yield Result(name=f"{label}: reads a poll", value=fmean(len(poll) for poll in usual), **floor)
    yield Result(name=f"{label}: a poll takes", value=1000 * taken, unit="ms")


def _bursts(times: Sequence[float], apart: float = 0.3) -> Iterator[list[float]]:
    """Yield runs of requests with less than `apart` s between two."""
    burst: list[float] = []
    for time in times:
        if burst and time - burst[-1] > apart:
            yield burst
            burst = []
        burst.append(time)
    yield burst


async def _rows(hass: Hass, packs: list[dict[str, Any]]) -> int:
    """Return how many states of home_bms the recorder holds."""
    ours = {pack["entry_id"] for pack in packs}
    registry = await hass.command("config/entity_registry/list")
    names = [entity["entity_id"] for entity in registry if entity["config_entry_id"] in ours]
    # Written every second.
    await asyncio.sleep(2)
    marks = ",".join("?" * len(names))
    query = f"SELECT count(*) FROM states JOIN states_meta USING (metadata_id) WHERE states_meta.entity_id IN ({marks})"
    with sqlite3.connect(f"file:{hass.folder / 'home-assistant_v2.db'}?mode=ro", uri=True) as database:
        count: int = database.execute(query, names).fetchone()[0]
    return count


async def _unspaced(turnaround: float, polls: int = 100) -> Result:
    """Return the ms of a poll of the driver alone, without the silence that it keeps on a JK's bus."""
    server = VirtualServer(VirtualPack(cells=CELLS), DEVICE, answer_delay=turnaround)
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=await server.start_tcp()))
    await connection.connect()
    try:
        driver = DEVICE.driver(connection.for_unit(1), spacing=0.0)
        await driver.async_identify()
        began = perf_counter()
        for _ in range(polls):
            await driver.async_read()
        taken = (perf_counter() - began) / polls
    finally:
        await connection.close()
        await server.stop()
    name = f"home_bms, {1000 * turnaround:.0f} ms turnaround, no bus silence: a poll takes"
    return Result(name=name, value=1000 * taken, unit="ms")
