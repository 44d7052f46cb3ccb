"""Home Assistant is killed hard while the pack charges: no trip is forgotten, and a minute of counters at most."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from contextlib import suppress
from math import exp, log
from pathlib import Path
from random import Random
from typing import Any, Final

from custom_components.home_bms.const import SAVE_WITHIN
from custom_components.home_bms.hw.virtual import VirtualServer
from scripts.hass import Hass, HassError

from .conftest import real_hass, served_pack

KILLS: Final = int(os.environ.get("HOME_BMS_KILLS", "2"))
# s of charging before each kill: mostly before anything had to be written, now and then, and at last, well after.
RUNS: Final = (2.0, 45.0)
MOST_LOST: Final = 60.0
"""s of charging."""
WRITTEN: Final = SAVE_WITHIN + 5.0
"""s of charging after which some of it must be on the disk."""
TRIP: Final = "discharge_overcurrent"
SUMS: Final = ("charge_in", "charge_out", "energy_in", "energy_out")
WRONG: Final = re.compile(r"^.*( ERROR .*home_bms|custom_components/home_bms).*$", re.MULTILINE)
"""An error of home_bms in the log, or a traceback that went through it; a bare machine brings others of its own."""


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

        random, kills = Random(KILLS), []
        try:
            for kill in range(KILLS):
                ran = RUNS[1] if kill == KILLS - 1 else exp(random.uniform(*map(log, RUNS)))
                await asyncio.sleep(ran)
                kills.append({"key": "kill_9", "seconds": 0.0, "back": None, "lost": 0.0, "broken": ["not back"]})
                kills[-1] |= await killed(hass, entry, server, ran)
        finally:
            note(kills)
        seconds = ", ".join(f"{kill['lost']:.0f}" for kill in kills)
        print(f"\n{KILLS} kills, seconds of counting lost: {seconds}")
        assert not [broken for kill in kills for broken in kill["broken"]]


async def killed(hass: Hass, entry: dict[str, Any], server: VirtualServer, ran: float) -> dict[str, Any]:
    """Kill it after it has charged for `ran` s, start it, and return what that came to, in s, with what must not be."""
    out = hass.folder / "hass.out"
    before, began, read = await pack(hass, entry), time.monotonic(), len(out.read_text())
    await hass.kill()
    await hass.start()
    after = await pack(hass, entry)

    was, is_ = before["snapshot"]["estimate"], after["snapshot"]["estimate"]
    current, voltage = (before["snapshot"]["believed"][name] for name in ("current", "voltage"))
    assert current * voltage > 1000
    # What was charged since it answers again only makes the loss smaller: by a second or two of it.
    lost = max(3600 * (was["energy_in"] - is_["energy_in"]) / (current * voltage), 0.0)
    most = current * MOST_LOST / 3600
    broken = [
        f"{name} was {was[name]} and is {is_[name]}"
        for name in SUMS
        if (ran > WRITTEN and not is_[name])
        or was[name] - is_[name] > (most if name.startswith("charge") else most * voltage)
    ]
    # It charges on while Home Assistant is away, which nobody counts.
    away = 100 * current * (time.monotonic() - began) / 3600 / was["capacity"]
    if is_["soc"] is None or not was["soc"] - 1.0 <= is_["soc"] + 100 * most / was["capacity"] <= was["soc"] + away + 2:
        broken.append(f"the charge was {was['soc']} % and is {is_['soc']}")
    if TRIP not in trips(after) or server.world.pack.commanded.discharge is not False:
        broken.append("a trip was lost")
    await hass.until(lambda: charging(hass, entry), "charging", 20)
    back = time.monotonic() - began
    broken += [f"in the log: {line[0]}" for line in WRONG.finditer(out.read_text()[read:])]
    return {"seconds": back, "back": back, "lost": lost, "broken": broken}


def note(kills: list[dict[str, Any]]) -> None:
    """Write down what all of them came to, for the table of the chaos, where somebody asks for it."""
    if results := os.environ.get("CHAOS_RESULTS"):
        with Path(results).open("a") as file:
            file.write(json.dumps({"faults": kills}) + "\n")


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
