"""Runs Home Assistant in a process of its own with packs that others serve, and prints what it costs, as JSON."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import yaml
from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.runner import create_event_loop

from custom_components.home_bms.const import DOMAIN

from . import beside
from .home import CONFIGURATION, home, pack, resident, system
from .turns import Collector, waits, watched

WAYS: Final = ("home_bms", "modbus", "nothing")
STARTS: Final = 3
"""Times that a system is set up."""
COMMIT: Final = 6.0
"""s after which the recorder has committed, and one more."""
SHARE: Final = 0.999


@dataclass(slots=True, kw_only=True)
class Counted:
    """What one integration's entities wrote."""

    changed: int = 0
    reported: int = 0


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for Home Assistant's files, empty")
    parser.add_argument("--way", choices=WAYS, required=True)
    parser.add_argument("--ports", type=int, nargs="*", default=[])
    parser.add_argument("--settle", type=float, required=True, help="s before anything is measured")
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=create_event_loop) as runner:
        runner.run(_live(options))
    sys.stdout.flush()
    # Threads of libraries that nobody ends.
    os._exit(0)


async def _live(options: argparse.Namespace) -> None:
    configuration = CONFIGURATION
    if options.way == "modbus":
        hubs = [beside.hub(port, scan_interval=1) for port in options.ports]
        configuration += yaml.safe_dump({"modbus": hubs})
    async with home(options.folder, configuration) as hass:
        entry = await _entry(hass, options.ports) if options.way == "home_bms" else None
        await asyncio.sleep(options.settle)
        told = await _measured(hass, options, entry) if options.seconds else {}
        if entry is not None and options.seconds:
            told["starts"] = [await _started(hass, entry) for _ in range(STARTS)]
    print(json.dumps(told), flush=True)


async def _entry(hass: HomeAssistant, ports: list[int]) -> Any:
    """Return the system, which is there from the second start on."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        return entry
    entry = system(pack(number, port=port) for number, port in enumerate(ports))
    await hass.config_entries.async_add(entry)
    return entry


async def _measured(hass: HomeAssistant, options: argparse.Namespace, entry: Any) -> dict[str, Any]:
    """Return what two windows of time cost: one for the load, one for the loop."""

    def polls() -> int:
        if entry is None:
            return round(perf_counter() * len(options.ports))
        return sum(each.supervisor.statistics.polls for each in entry.runtime_data.packs.values())

    told: dict[str, Any] = {"entities": len(_ours(hass, options.way))}
    told["resident"] = await hass.async_add_executor_job(_settled)
    await asyncio.sleep(COMMIT)
    database = Path(hass.config.path("home-assistant_v2.db"))
    rows, size = await hass.async_add_executor_job(_recorded, database)
    looked = perf_counter()
    written, polled, used, began = _written(), polls(), process_time(), perf_counter()
    with _counting(hass, options.way) as counted:
        await asyncio.sleep(options.seconds)
        told |= {"cpu": process_time() - used, "polls": polls() - polled, "seconds": perf_counter() - began}
        await asyncio.sleep(COMMIT)
        told |= {"disk": _written() - written, "recorded": perf_counter() - looked}
    more_rows, more_size = await hass.async_add_executor_job(_recorded, database)
    told |= {"changed": counted.changed, "reported": counted.reported, "rows": more_rows - rows}
    told["bytes"] = more_size - size
    with watched(asyncio.get_running_loop()) as turns:
        await asyncio.sleep(options.seconds)
    for name in ("walls", "worked", "own"):
        each = getattr(turns, name)
        told[name] = {"longest": max(each), "usual": waits(each, turns.seconds, SHARE)}
    return told


async def _started(hass: HomeAssistant, entry: Any) -> dict[str, float]:
    """Set the system up again, and return the s that it took."""
    await hass.config_entries.async_unload(entry.entry_id)
    # What goes with the entities is no part of it.
    await asyncio.sleep(COMMIT)
    began, used, collector = perf_counter(), process_time(), Collector()
    with collector.heard():
        await hass.config_entries.async_setup(entry.entry_id)
    return {"wall": perf_counter() - began, "cpu": process_time() - used, "collected": collector.seconds}


def _ours(hass: HomeAssistant, way: str) -> set[str]:
    """Return the entities that are measured."""
    if way == "modbus":
        return {name for name in hass.states.async_entity_ids() if name.startswith("sensor.beside")}
    registry = er.async_get(hass)
    return {name for name, entity in registry.entities.items() if entity.platform == DOMAIN and hass.states.get(name)}


@contextmanager
def _counting(hass: HomeAssistant, way: str) -> Iterator[Counted]:
    ours, counted = _ours(hass, way), Counted()

    @callback
    def wanted(data: Any) -> bool:
        return data["entity_id"] in ours

    @callback
    def changed(_: Event[Any]) -> None:
        counted.changed += 1

    @callback
    def reported(_: Event[Any]) -> None:
        counted.reported += 1

    stop = [
        hass.bus.async_listen(EVENT_STATE_CHANGED, changed, event_filter=wanted),
        hass.bus.async_listen(EVENT_STATE_REPORTED, reported, event_filter=wanted),
    ]
    try:
        yield counted
    finally:
        for each in stop:
            each()


def _settled() -> float:
    gc.collect()
    return resident()


def _recorded(database: Path) -> tuple[int, int]:
    """Return the rows of states, and the bytes that are used in the file and its log."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT count(*) FROM states").fetchone()[0]
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
    connection.close()
    return rows, (pages - free) * size


def _written() -> int:
    """Return the bytes that this process had written to a disk."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["write_bytes"])


if __name__ == "__main__":
    sys.exit(main())
