"""Rows 45 to 49, 65 and 68 to 70: Home Assistant around the loop, and who else is in it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from custom_components.home_bms import PLATFORMS
from custom_components.home_bms.core.model import Level, SystemDecision

from . import proxy
from .bench import Bench
from .checks import (
    ANY_TRIP,
    BROKEN,
    CHARGE_CLOSED,
    CHARGE_OPEN,
    CHARGE_RAMPED,
    FRESH,
    NO_CHARGE,
    NO_CURRENT,
    RAMPED,
    tripped,
    within,
)
from .rows_data import CHARGING, clear, fault
from .rows_link import RETURNS, SHIFTED, sound, spoil
from .table import Act, Check, Due, Row, Scene, Where

HOT: tuple[Due, ...] = (within(3, NO_CHARGE), within(3, tripped("charge_overtemperature")), within(5, CHARGE_OPEN))
COOL: tuple[Due, ...] = (within(110, CHARGE_CLOSED), within(110, CHARGE_RAMPED))
TRIP = ("charge_overtemperature",)

too_hot = fault("hot_cell_now", 6, 57.0)


async def trip(bench: Bench) -> None:
    bench.inject("hot_cell_now", 6, 57.0)
    await bench.until(lambda: bench.level("charge_overtemperature") is Level.TRIP, 5)


async def trip_and_restart(bench: Bench) -> None:
    await trip(bench)
    await bench.poll(2)
    await bench.reload()


async def restart(bench: Bench) -> None:
    await bench.reload()


def block(seconds: float) -> Act:
    """Let the event loop stand still, as a callback of another integration that sleeps."""

    def act(bench: Bench) -> None:
        bench.notes["charge"] = bench.now.estimate.charge_in
        bench.warp.jump(seconds)

    return act


async def block_blind(bench: Bench) -> None:
    """Lose the pack, and then stand still for 12 s."""
    bench.proxy.spoil = proxy.swallow
    await bench.poll(1)
    bench.warp.jump(12.0)


async def exhaust(bench: Bench) -> None:
    """Fill the executor with sleepers, then give the pack reason to be stopped."""
    loop: Any = asyncio.get_running_loop()
    wake = bench.notes["wake"] = threading.Event()
    bench.notes["sleepers"] = [type(loop).run_in_executor(loop, None, wake.wait) for _ in range(64)]
    bench.inject("hot_cell_now", 6, 57.0)


async def wake(bench: Bench) -> None:
    bench.notes["wake"].set()
    await asyncio.gather(*bench.notes["sleepers"])
    bench.clear()


async def deafen(bench: Bench) -> None:
    """Take every entity away, then give the pack reason to be stopped."""
    assert await bench.hass.config_entries.async_unload_platforms(bench.entry, PLATFORMS)
    bench.coordinator._listeners.clear()
    bench.inject("hot_cell_now", 6, 57.0)


async def listen_again(bench: Bench) -> None:
    await bench.hass.config_entries.async_forward_entry_setups(bench.entry, PLATFORMS)
    bench.clear()


def watch_saves(bench: Bench) -> None:
    """Note the time of every write that reaches the disk."""
    kept: Any = bench.entry.runtime_data.store._store
    told = kept._told
    bench.notes["began"] = bench.notes["saved"] = bench.warp.now()

    def tell(written: bool) -> None:
        bench.notes["saved"] = bench.warp.now()
        told(written)

    kept._told = tell


async def stop_polling(bench: Bench) -> None:
    bench.hass.config_entries.async_update_entry(bench.entry, pref_disable_polling=True)
    await bench.hass.async_block_till_done()
    bench.listen()
    bench.inject("hot_cell_now", 6, 57.0)


def together(bench: Bench) -> SystemDecision:
    decision: SystemDecision = bench.entry.runtime_data.system.async_combine()
    return decision


async def shut_down(bench: Bench) -> None:
    began = bench.warp.now()
    await bench.hass.async_stop()
    bench.notes["took"] = bench.warp.now() - began
    bench.notes["writes"] = len(bench.server.writes)
    bench.notes["requests"] = len(bench.server.requests)
    await asyncio.sleep(5)


LEFT_OUT = Check(
    text="the ticks that were missed are counted", holds=lambda b: b.coordinator.statistics.late_ticks > b.notes["late"]
)
MADE_UP = Check(
    text="charge is counted for time that nobody saw",
    holds=lambda b: b.now.estimate.charge_in - b.notes["charge"] > 60.0 * 40 / 3600,
)
SAVED = Check(text="the counters are on disk anew", holds=lambda b: b.notes.get("saved", 0) > b.notes.get("began", 0))
UNSAVED = Check(text="60 s without a save", holds=lambda b: b.warp.now() - b.notes["saved"] > 60.0)
STOPPED = Check(text="it ended within 2 s", holds=lambda b: b.notes.get("took", 9.0) <= 2.0)
SILENCE = Check(
    text="nothing is read or written afterwards",
    holds=lambda b: (len(b.server.writes), len(b.server.requests)) == (b.notes.get("writes"), b.notes.get("requests")),
)
OPENED_LEFT = Check(
    text="no switch is closed by leaving", holds=lambda b: all(w.switches.charge is not True for w in b.server.writes)
)
QUARTERED = Check(
    text="the system's limits are what is left when the silent one gets a quarter of what it last permitted",
    holds=lambda b: (
        all(0.0 < bound.value < 75.0 for bound in (together(b).ccl, together(b).dcl))
        and together(b).ccl.reason.rule == "pack_unseen"
    ),
)
NO_SUM = Check(text="the system's current is unknown", holds=lambda b: together(b).current is None)
ALL_RAMPED = Check(
    text="the system's limits are more than one pack's",
    holds=lambda b: min(together(b).ccl.value, together(b).dcl.value) > 145.0,
)
UNSEEN = (SHIFTED, BROKEN)

ROWS = (
    Row(
        number=45, area="HA", where=Where.HA, fault="Home Assistant restarts in the middle of a charge",
        injected="HA: the entry is set up anew", scene=CHARGING, inject=restart, react=(within(1, NO_CURRENT),),
        never=(ANY_TRIP, BROKEN), mend=lambda _: None, recover=(within(110, RAMPED),),
        why="Limits begin at zero and wait `ramp_hold`, whatever they were.",
    ),
    Row(
        number=45, part="b", area="HA", where=Where.HA, fault="Home Assistant restarts while a trip stands",
        injected="pack: `hot_cell_now` 57 °C; HA: the entry is set up anew", scene=CHARGING, inject=trip_and_restart,
        react=(within(1, tripped(TRIP[0])), within(1, NO_CHARGE), within(1, CHARGE_OPEN)), latches=TRIP, mend=clear,
        recover=COOL,
    ),
    Row(
        number=46, area="HA", where=Where.HA, fault="The event loop stands still for 30 s",
        injected="time: 30 s pass between two events", scene=CHARGING, inject=block(30.0), react=(within(2, LEFT_OUT),),
        never=(*UNSEEN, ANY_TRIP, MADE_UP), watch=5, mend=lambda _: None, recover=(within(3, FRESH),),
        why="The first look afterwards reads before it judges, so old data are never judged as new.",
    ),
    Row(
        number=46, part="b", area="HA", where=Where.HA,
        fault="The event loop stands still for 12 s and the pack is silent",
        injected="line: swallow; time: 12 s pass between two events", scene=CHARGING, inject=block_blind,
        react=(within(2, NO_CURRENT),), never=UNSEEN, mend=sound, recover=RETURNS,
    ),
    Row(
        number=47, area="HA", where=Where.HA, fault="The executor is full of sleepers, and a cell gets hot",
        injected="HA: 64 sleeping jobs; pack: `hot_cell_now` 57 °C", scene=CHARGING, inject=exhaust, react=HOT,
        never=UNSEEN, mend=wake, recover=(), latches=(),
        why="A trip that cannot be saved is waited for only as long as a tick has patience.",
    ),
    Row(
        number=48, area="HA", where=Where.HA, fault="No entity listens, and a cell gets hot",
        injected="HA: platforms unloaded; pack: `hot_cell_now` 57 °C", scene=CHARGING, inject=deafen, react=HOT,
        never=UNSEEN, mend=listen_again, recover=(),
    ),
    Row(
        number=49, area="HA", where=Where.HA, fault="Every tick asks for a save",
        injected="HA: 200 polls while charging",
        scene=CHARGING, inject=watch_saves, react=(within(40, SAVED),), never=(UNSEEN[1], UNSAVED), watch=160,
        mend=lambda _: None,
    ),
    Row(
        number=65, area="multi", where=Where.LINK, fault="One of two parallel packs is silent",
        injected="line: swallow all answers of one pack", scene=Scene(wanted=60.0, two=True),
        inject=spoil(proxy.swallow), react=(within(12, QUARTERED),), never=UNSEEN, mend=sound,
        recover=(within(110, ALL_RAMPED),),
        why="Stricter: nobody knows whether the silent one's switches still carry its share, so the other's limits must"
        " hold alone and the silent one may get a quarter of what it last permitted.",
    ),
    Row(
        number=65, part="b", area="multi", fault="One of two parallel packs is silent: its last current",
        injected="line: swallow all answers of one pack", scene=Scene(wanted=60.0, two=True),
        inject=spoil(proxy.swallow), react=(within(12, NO_SUM),), never=UNSEEN, mend=sound,
        recover=(within(110, ALL_RAMPED),),
    ),
    Row(
        number=68, area="security", where=Where.HA, fault="Someone presses reset while the cause stands",
        injected="pack: `hot_cell_now` 57 °C; HA: button.press", scene=CHARGING, inject=too_hot, react=HOT,
        latches=TRIP,
        mend=clear, recover=COOL,
    ),
    Row(
        number=69, area="HA", where=Where.HA, fault="Polling is switched off for the entry, and a cell gets hot",
        injected="HA: pref_disable_polling; pack: `hot_cell_now` 57 °C", scene=CHARGING, inject=stop_polling, react=HOT,
        never=UNSEEN, latches=TRIP, mend=clear, recover=COOL,
    ),
    Row(
        number=70, area="HA", where=Where.HA, fault="Home Assistant stops in the middle of a charge",
        injected="HA: async_stop", scene=CHARGING, inject=shut_down, react=(within(0, STOPPED), within(0, SILENCE)),
        mend=lambda _: None, recover=(within(0, OPENED_LEFT),),
    ),
)  # fmt: skip
