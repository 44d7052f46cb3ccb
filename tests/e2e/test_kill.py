"""Home Assistant is killed hard while the pack charges: no trip is forgotten, and a minute of counters at most."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from scripts.hass import Hass, HassError

from .conftest import real_hass, served_pack

KILLS: Final = int(os.environ.get("HOME_BMS_KILLS", "2"))
# s of charging before each kill: mostly before anything had to be written, now and then well after.
RUNS: Final = (40, 3, 8, 5, 12)
MOST_LOST: Final = 60.0
"""s of charging."""
TRIP: Final = "discharge_overcurrent"


async def test_hard_kills_lose_a_minute_of_counters_at_most_and_no_trip(tmp_path: Path) -> None:
    async with served_pack() as server, real_hass(tmp_path) as hass:
        link = {"host": "127.0.0.1", "port": server.port}
        entry, _ = await hass.add("home_bms", "network", link, {})
        await hass.act("switch.turn_on", entity_id="switch.home_battery_allow_control")

        # Home Assistant registers the diagnostics of what is new a moment later.
        await hass.until(lambda: told(hass, entry), "diagnostics", 20)
        # The trip of one direction, so that the pack goes on charging.
        server.world.pack.inject("current_stuck", value=-250.0)
        await hass.until(lambda: tripped(hass, entry), "a trip", 20)
        server.world.pack.clear()
        await hass.until(lambda: charging(hass, entry), "charging", 20)

        lost = []
        for run in islice(cycle(RUNS), KILLS):
            await asyncio.sleep(run)
            before = await pack(hass, entry)
            await hass.kill()
            await hass.start()
            after = await pack(hass, entry)

            assert TRIP in trips(after)
            assert server.world.pack.commanded.discharge is False
            # What was charged since it answers again only makes the loss smaller: by a second or two of it.
            kept = after["snapshot"]["estimate"]["energy_in"]
            energy = before["snapshot"]["estimate"]["energy_in"] - kept
            assert kept > 0
            power = before["snapshot"]["believed"]["current"] * before["snapshot"]["believed"]["voltage"]
            assert power > 1000
            lost.append(3600 * energy / power)
            assert lost[-1] <= MOST_LOST
            await hass.until(lambda: charging(hass, entry), "charging", 20)
        print(f"\n{KILLS} kills, seconds of counting lost: {', '.join(f'{seconds:.0f}' for seconds in lost)}")


async def pack(hass: Hass, entry: dict[str, Any]) -> dict[str, Any]:
    """Return what home_bms knows of the pack this second, as in a bug report."""
    return (await hass.get(f"/api/diagnostics/config_entry/{entry['entry_id']}"))["data"]["packs"][0]


def trips(known: dict[str, Any]) -> set[str]:
    return {alarm["key"] for alarm in known["snapshot"]["decision"]["alarms"] if alarm["level"] == "trip"}


async def told(hass: Hass, entry: dict[str, Any]) -> bool:
    """Whether there are any by now."""
    with suppress(HassError):
        return bool(await pack(hass, entry))
    return False


async def tripped(hass: Hass, entry: dict[str, Any]) -> bool:
    return TRIP in trips(await pack(hass, entry))


async def charging(hass: Hass, entry: dict[str, Any]) -> bool:
    return ((await pack(hass, entry))["snapshot"]["believed"]["current"] or 0.0) > 10.0
