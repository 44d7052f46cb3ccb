"""What goes wrong in Home Assistant, its machine, its files and its clock."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import threading
import time
from datetime import UTC, datetime
from random import Random
from typing import Any
from unittest.mock import patch

from homeassistant.components.recorder import get_instance
from homeassistant.util import dt as dt_util

from ..matrix.rows_state import Hold
from .house import House
from .table import Act, Fault, Layer

SLEEPERS = 64
JUMPS = (-86400.0 * 365, -3600.0, -30.0, 30.0, 3600.0, 86400.0 * 365)
AT_ONCE = (0.0, 0.0)


def stall(shortest: float, longest: float) -> Act:
    """Let the loop stand still, as a callback of another integration that sleeps."""

    def act(house: House, random: Random) -> None:
        house.stall(random.uniform(shortest, longest), house.notes["look"])

    return act


def fill_executor(house: House, random: Random) -> None:
    """Put sleepers into every thread that Home Assistant has for blocking work."""
    loop: Any = asyncio.get_running_loop()
    wake = threading.Event()
    sleepers = [type(loop).run_in_executor(loop, None, wake.wait) for _ in range(SLEEPERS)]
    house.notes["executor"] = wake, sleepers


async def empty_executor(house: House, random: Random) -> None:
    wake, sleepers = house.notes.pop("executor")
    wake.set()
    await asyncio.gather(*sleepers)


def fill_disk(house: House, random: Random) -> None:
    """Let nothing reach the disk of what is written for good: the stores of all, and black boxes."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    # Home Assistant's writer has its own name for it.
    patches = [patch(name, side_effect=full) for name in ("os.fsync", "atomicwrites._proper_fsync")]
    for each in patches:
        each.start()
    house.notes["disk"] = patches


def empty_disk(house: House, random: Random) -> None:
    for each in house.notes.pop("disk"):
        each.stop()


def hold_recorder(house: House, random: Random) -> None:
    hold = house.notes["recorder"] = Hold()
    get_instance(house.hass).queue_task(hold)


def release_recorder(house: House, random: Random) -> None:
    house.notes.pop("recorder").let_go.set()


def lock_database(house: House, random: Random) -> None:
    """Take the recorder's file for another connection alone, as a backup or a browser of databases does."""
    path, _, _ = get_instance(house.hass).db_url.removeprefix("sqlite:///").partition("?")
    other = house.notes["database"] = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")


def unlock_database(house: House, random: Random) -> None:
    other = house.notes.pop("database")
    other.execute("ROLLBACK")
    other.close()


def set_clock(house: House, random: Random) -> None:
    """Move the wall clock, and keep it there."""
    real, off = time.time, random.choice(JUMPS)
    patches = [
        patch("time.time", lambda: real() + off),
        patch.object(dt_util, "utcnow", lambda: datetime.fromtimestamp(real() + off, UTC)),
    ]
    for each in patches:
        each.start()
    house.notes["clock"] = patches


def right_clock(house: House, random: Random) -> None:
    for each in house.notes.pop("clock"):
        each.stop()


async def reload(house: House, random: Random) -> None:
    await house.reload()


async def kill(house: House, random: Random) -> None:
    await house.kill()


async def tighten(house: House, random: Random) -> None:
    """Move some thresholds to the safe side."""
    await house.change(
        cell_overvoltage_trip=round(random.uniform(3.58, 3.60), 3),
        charge_overtemperature_trip=round(random.uniform(53.0, 55.0), 1),
    )


async def as_before(house: House, random: Random) -> None:
    await house.change()


ROWS = (
    Fault(
        key="stall_short", layer=Layer.HA, text="The loop is stalled for 2 to 9 s",
        how="time passes between two events", slot="loop", lasts=AT_ONCE, begin=stall(2.0, 9.0),
        allowed="the inverter stops by itself after 3 s without limits",
    ),
    Fault(
        key="stall_long", layer=Layer.HA, text="The loop is stalled for 10 to 120 s, or the machine sleeps",
        how="time passes between two events", slot="loop", lasts=AT_ONCE, begin=stall(10.0, 120.0),
        allowed="the inverter stops by itself after 3 s without limits",
    ),
    Fault(
        key="executor", layer=Layer.HA, text="The executor is full", how=f"{SLEEPERS} sleeping jobs", slot="executor",
        lasts=(2.0, 5.0), begin=fill_executor, end=empty_executor, hears_others=True,
        allowed="no frame leaves on CAN: the inverter stops by itself after 3 s",
    ),
    Fault(
        key="disk", layer=Layer.HA, text="The disk is full", how="`fsync` of stores and black boxes: ENOSPC",
        slot="disk", lasts=(5.0, 120.0), begin=fill_disk, end=empty_disk, forgets=True,
        log=(r"Error writing config for", r"Saving file failed"),
        allowed="what is counted or trips meanwhile is lost if Home Assistant is killed too",
    ),
    Fault(
        key="recorder", layer=Layer.HA, text="The recorder is stuck", how="its thread is held", slot="database",
        lasts=(5.0, 90.0), begin=hold_recorder, end=release_recorder, needs_recorder=True, allowed="no effect",
    ),
    Fault(
        key="database", layer=Layer.HA, text="The recorder's database is locked",
        how="SQLite: `BEGIN EXCLUSIVE` on its file from another connection", slot="database", lasts=(5.0, 90.0),
        begin=lock_database, end=unlock_database, needs_recorder=True, log=(r"database is locked",),
        allowed="no effect",
    ),
    Fault(
        key="clock", layer=Layer.HA, text="The clock jumps, and back", how="time.time, utcnow: 30 s, 1 h or a year off",
        slot="clock", lasts=(5.0, 120.0), begin=set_clock, end=right_clock, allowed="no effect",
    ),
    Fault(
        key="reload", layer=Layer.HA, text="It is reloaded", how="the entry is set up anew", slot="entry",
        lasts=AT_ONCE, begin=reload, allowed="limits begin at zero",
    ),
    Fault(
        key="options", layer=Layer.HA, text="Thresholds are changed, and back", how="the pack's settings",
        slot="entry", lasts=(10.0, 90.0), begin=tighten, end=as_before, allowed="limits begin at zero",
    ),
    Fault(
        key="killed", layer=Layer.HA, text="It starts with what was on the disk at a random moment",
        how="files as they are now, no farewell on either link", slot="entry", lasts=AT_ONCE, begin=kill,
        allowed="up to 60 s of counting are lost",
    ),
)  # fmt: skip
