"""Rows 50 to 61: files, clocks and settings."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError

from custom_components.home_bms.const import DOMAIN

from ..ha.conftest import ENTRY_ID
from .bench import Bench
from .checks import (
    ANY_ALARM,
    ANY_TRIP,
    BEHIND_TIME,
    BROKEN,
    FELL,
    FRESH,
    NO_CHARGE,
    NO_CURRENT,
    RAMPED,
    issue,
    no_issue,
    tripped,
    within,
)
from .rows_data import CHARGING, clear
from .rows_ha import COOL, HOT, LEFT_OUT, MADE_UP, TRIP, UNSEEN, block, trip
from .table import Act, Check, Row, Scene, Where


async def trip_and_change_options(bench: Bench) -> None:
    """Widen the threshold that has just tripped."""
    await trip(bench)
    (subentry,) = bench.entry.subentries.values()
    data = {**subentry.data, "thresholds": {"charge_overtemperature_trip": 59.0}}
    bench.hass.config_entries.async_update_subentry(bench.entry, subentry, data=data)
    await bench.hass.async_block_till_done()
    bench.listen()


def fill_disk(bench: Bench) -> None:
    failing = patch.object(Store, "_async_write_data", side_effect=WriteError("no space left on device"))
    failing.start()
    bench.notes["disk"] = failing
    bench.inject("hot_cell_now", 6, 57.0)


def empty_disk(bench: Bench) -> None:
    bench.notes["disk"].stop()
    bench.clear()


def spoil_file(content: bytes | None) -> Act:
    """Restart with a store that a power cut or a failing disk has left like this; `None` cuts it in half."""

    async def act(bench: Bench) -> None:
        assert await bench.hass.config_entries.async_unload(bench.entry.entry_id)
        path = bench.folder / ".storage" / f"{DOMAIN}.{ENTRY_ID}"
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content is None else content)
        assert await bench.hass.config_entries.async_setup(bench.entry.entry_id)
        await bench.hass.async_block_till_done()
        bench.listen()

    return act


async def confirm(bench: Bench) -> None:
    await bench.entry.runtime_data.store.async_confirm_lost()
    await bench.allow_control()


def set_clock(**step: float) -> Act:
    """Move the wall clock, and keep it there; the epoch itself where nothing is said."""

    def act(bench: Bench) -> None:
        real, off = time.time, timedelta(**step).total_seconds() if step else -time.time()
        patches = [
            patch("time.time", lambda: real() + off),
            patch.object(dt_util, "utcnow", lambda: datetime.fromtimestamp(real() + off, UTC)),
        ]
        for each in patches:
            each.start()
        bench.notes["clock"] = patches
        bench.notes["soc"] = bench.now.estimate.soc

    return act


async def start_in_1970(bench: Bench) -> None:
    await trip(bench)
    set_clock()(bench)
    await bench.reload()


def right_clock(bench: Bench) -> None:
    for each in bench.notes["clock"]:
        each.stop()
    bench.clear()


async def travel(bench: Bench) -> None:
    bench.notes["soc"] = bench.now.estimate.soc
    await bench.hass.config.async_update(time_zone="Pacific/Kiritimati")


async def stay(bench: Bench) -> None:
    await bench.hass.config.async_update(time_zone="US/Pacific")


def setting(**thresholds: float) -> Act:
    """Start anew with these thresholds in the settings, as someone who edits files might."""

    async def act(bench: Bench) -> None:
        (subentry,) = bench.entry.subentries.values()
        bench.hass.config_entries.async_update_subentry(
            bench.entry, subentry, data={**subentry.data, "thresholds": thresholds}
        )
        await bench.hass.async_block_till_done()

    return act


async def sensible(bench: Bench) -> None:
    await setting()(bench)
    if bench.entry.state is not ConfigEntryState.LOADED:
        await bench.hass.config_entries.async_reload(bench.entry.entry_id)
        await bench.hass.async_block_till_done()
    bench.listen()


async def other_chemistry(bench: Bench) -> None:
    """Say that the cells are NMC, whose limits lie half a volt higher."""
    (subentry,) = bench.entry.subentries.values()
    data = {**subentry.data, "chemistry": "nmc", "confirmed": True}
    bench.hass.config_entries.async_update_subentry(bench.entry, subentry, data=data)
    await bench.hass.async_block_till_done()
    bench.listen()


async def own_chemistry(bench: Bench) -> None:
    (subentry,) = bench.entry.subentries.values()
    bench.hass.config_entries.async_update_subentry(bench.entry, subentry, data={**subentry.data, "chemistry": "lfp"})
    await bench.hass.async_block_till_done()
    bench.listen()


class Hold(RecorderTask):
    """Keep the recorder's thread, and with it the database, until told to let go."""

    commit_before = False

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def run(self, instance: Recorder) -> None:
        self.let_go.wait(60)


def hold_database(bench: Bench) -> None:
    bench.notes["hold"] = hold = Hold()
    get_instance(bench.hass).queue_task(hold)
    bench.inject("hot_cell_now", 6, 57.0)


def release_database(bench: Bench) -> None:
    bench.notes["hold"].let_go.set()
    bench.clear()


SOC_MOVED = Check(text="SoC more than 1 % from before", holds=lambda b: abs(b.now.estimate.soc - b.notes["soc"]) > 1.0)
CONTROL_OFF = Check(text="control is off", holds=lambda b: not b.entry.runtime_data.control_allowed)
CONTROL_ON = Check(text="control can be allowed again", holds=lambda b: b.entry.runtime_data.control_allowed)
REFUSED = Check(text="the system is not set up", holds=lambda b: b.entry.state is ConfigEntryState.SETUP_ERROR)
LOADED = Check(text="the system runs again", holds=lambda b: b.entry.state is ConfigEntryState.LOADED)
HARMLESS = Check(
    text="CVL beyond what the pack's own protection permits", holds=lambda b: b.now.decision.cvl.value > 16 * 3.65
)
NO_EFFECT = (*UNSEEN, FELL, ANY_ALARM, BEHIND_TIME)
HALVES = (
    "One file, written beside and renamed: a cut leaves the old or the new one. A file that is spoiled all the same is"
    " told."
)

ROWS = (
    Row(
        number=50, area="storage", where=Where.HA, fault="The disk is full, and a cell gets hot",
        injected="HA: writes fail with ENOSPC; pack: `hot_cell_now` 57 °C", scene=CHARGING, inject=fill_disk,
        react=(*HOT, within(5, issue("store_failed"))), never=UNSEEN, mend=empty_disk,
        recover=(within(40, no_issue("store_failed")),),
    ),
    *(
        Row(
            number=number, part=part, area="storage", where=Where.HA, fault=f"The saved state is {word}",
            injected="HA: the file is spoiled between two starts", scene=CHARGING, inject=spoil_file(content),
            react=(within(1, issue("store_lost")), within(1, CONTROL_OFF), within(1, NO_CURRENT)), never=(BROKEN,),
            watch=40, mend=confirm, recover=(within(1, no_issue("store_lost")), within(1, CONTROL_ON)), why=HALVES,
        )
        for number, part, word, content in (
            (51, "", "cut in half", None), (51, "b", "empty", b""), (52, "", "no JSON", b"{nonsense"),
            (52, "b", "another's JSON", b'{"version": 1, "minor_version": 1, "key": "x", "data": {"a": 1}}'),
        )
    ),
    *(
        Row(
            number=54, part=part, area="time", where=Where.HA, fault=f"The wall clock steps by {hours:+d} h",
            injected="HA: time.time and utcnow", scene=CHARGING, inject=set_clock(hours=hours), react=(),
            never=(*NO_EFFECT, SOC_MOVED), watch=30, mend=right_clock, recover=(within(1, FRESH),),
        )
        for part, hours in (("", 1), ("b", -1))
    ),
    Row(
        number=55, area="time", where=Where.HA, fault="The time zone changes", injected="HA: UTC-8 to UTC+14",
        scene=CHARGING, inject=travel, react=(), never=(*NO_EFFECT, SOC_MOVED), watch=30, mend=stay,
        recover=(within(1, FRESH),),
    ),
    Row(
        number=56, area="time", where=Where.HA, fault="It starts in 1970 with a trip from the future",
        injected="HA: time.time and utcnow at 0, set up anew; pack: `hot_cell_now` 57 °C", scene=CHARGING,
        inject=start_in_1970, react=(within(1, tripped(TRIP[0])), within(1, NO_CHARGE)), never=UNSEEN, watch=10,
        latches=TRIP, mend=right_clock, recover=COOL,
    ),
    Row(
        number=57, area="time", where=Where.HA, fault="The machine sleeps for ten minutes",
        injected="time: 600 s pass between two events", scene=CHARGING, inject=block(600.0),
        react=(within(2, LEFT_OUT),), never=(*UNSEEN, ANY_TRIP, MADE_UP), watch=5, mend=lambda _: None,
        recover=(within(3, FRESH),), why="How far SoC is unsure after a gap is held by the tests of the estimator.",
    ),
    *(
        Row(
            number=58, part=part, area="config", where=Where.HA, fault=fault_text, injected="HA: in the saved settings",
            scene=CHARGING, inject=setting(**thresholds), react=(within(0, REFUSED),), mend=sensible,
            recover=(within(0, LOADED), within(110, RAMPED)), why="The forms refuse it with the same function.",
        )
        for part, fault_text, thresholds in (
            ("", "Over-voltage below under-voltage", {"cell_overvoltage_protect": 2.6}),
            ("b", "A charge voltage beyond the protection", {"cell_voltage_full": 3.64}),
            ("c", "Not a number", {"cell_overvoltage_trip": float("nan")}),
        )
    ),
    Row(
        number=53, area="storage", where=Where.HA, fault="The recorder's database is locked, and a cell gets hot",
        injected="HA: the recorder's thread is held; pack: `hot_cell_now` 57 °C",
        scene=Scene(wanted=60.0, recorder=True), inject=hold_database, react=HOT, never=UNSEEN, watch=60, latches=TRIP,
        mend=release_database, recover=COOL, why="The loop reads no database.",
    ),
    Row(
        number=59, area="config", where=Where.HA, fault="NMC is set for a pack of LFP cells",
        injected="HA: chemistry changed in the settings", scene=CHARGING, inject=other_chemistry,
        react=(within(60, issue("setting_chemistry")),), never=(BROKEN,), watch=60, mend=own_chemistry,
        recover=(within(20, no_issue("setting_chemistry")), within(110, RAMPED)),
        why="The pack's own settings tell its chemistry, sooner than its voltages can.",
    ),
    Row(
        number=59, part="b", area="config", where=Where.HA, fault="NMC is set for a pack of LFP cells: its limits",
        injected="HA: chemistry changed in the settings", scene=CHARGING, inject=other_chemistry,
        react=(within(60, issue("setting_chemistry")),), never=(HARMLESS,), watch=60, mend=own_chemistry,
    ),
    Row(
        number=61, area="config", where=Where.HA, fault="Thresholds are widened while a trip stands",
        injected="pack: `hot_cell_now` 57 °C; HA: trip moved from 55 to 59 °C", scene=CHARGING,
        inject=trip_and_change_options, react=(within(1, tripped(TRIP[0])), within(1, NO_CHARGE)), latches=TRIP,
        mend=clear,
        recover=COOL,
        why="The trip stands until a person resets it, and the reset needs the release, not the threshold.",
    ),
)  # fmt: skip
