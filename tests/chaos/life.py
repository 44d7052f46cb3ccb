"""Lives one seed: the schedule, a person who resets what has tripped, and the end, at which all must be well again."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import sys
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from traceback import format_stack
from typing import Any

from homeassistant.core import HomeAssistant

from .can_wire import has_multicast
from .counters import SETTLING
from .dangers import level
from .faults_modbus import listening
from .house import House, house
from .judge import Judge, LogWatch, Standing
from .schedule import FAULTS, Happening, has_recorder, is_grouped, scene_of, schedule
from .table import do

LOOK_EVERY = 0.5
RESET_AFTER = 45.0
"""s after the last danger at which a person presses reset ..."""
RESET_EVERY = 20.0
RESET_WITHIN = 600.0
"""... and until which that must have been accepted."""
RISEN_WITHIN = 400.0
"""s in which the limits must be back at the end."""
RISEN = 100.0
"""A."""
CLOSED_WITHIN = 15.0
"""s in which lines close that were given back."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What one life came to."""

    seed: int
    scene: str
    recorder: bool
    grouped: bool
    """CAN was a UDP multicast group."""
    seconds: float
    looks: int = 0
    trips: int = 0
    resets: int = 0
    blind: float = 0.0
    starts: int = 0
    """How often home_bms went on with what it had written."""
    kills: int = 0
    lost: float = 0.0
    """s of counting that the worst kill cost."""
    risen: float | None = None
    """s until the limits were back at the end."""
    violations: list[str] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Left:
    """Tasks, threads and files that are open; of files the kinds, for what is opened anew has another number."""

    tasks: frozenset[asyncio.Task[Any]]
    threads: frozenset[threading.Thread]
    files: Counter[str]
    stuck: frozenset[str]
    """Where Home Assistant's workers are that wait for no work."""

    def since(self, before: Left) -> list[str]:
        """Return what there is more than before; what Home Assistant's pools open stays."""
        return [
            *(f"task {task!r}" for task in self.tasks - before.tasks if not task.done()),
            *(
                f"thread {thread.name}"
                for thread in self.threads - before.threads
                if not thread.name.startswith(("SyncWorker_", "asyncio_", "ImportExecutor", "DbWorker_"))
            ),
            *(
                f"{count} x file {kind}"
                for kind, count in (self.files - before.files).items()
                if not re.search(r"\.db(-wal|-shm)?$", kind)
            ),
            *(f"a worker at {where}" for where in self.stuck - before.stuck),
        ]


def open_now() -> Left:
    """Return what is open now."""
    gc.collect()
    files = Counter[str]()
    for number in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            files[re.sub(r"[:\[]*\d+\]?$", "", str(number.readlink()))] += 1
    threads, frames = frozenset(threading.enumerate()), sys._current_frames()
    workers = [frames[each.ident] for each in threads if each.name.startswith("SyncWorker_") and each.ident in frames]
    stuck = frozenset("".join(format_stack(frame)[-3:]) for frame in workers if frame.f_code.co_name != "_worker")
    return Left(frozenset(asyncio.all_tasks()), threads, files, stuck)


async def unloaded(house: House) -> Left:
    """Unload home_bms, and return what is open when all had time to close."""
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    await house.hass.async_block_till_done()
    await asyncio.sleep(CLOSED_WITHIN)
    return open_now()


class Life:
    """A house, its judge, and what happens to them."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.judge = Judge(house)
        self.resets = 0
        self._random = Random(seed + 1)
        self._due: float | None = None
        """When somebody looks after trips next."""
        self._since: float | None = None
        """Since when trips stand though no danger does."""
        house.notes["look"] = self.judge.look

    async def look(self) -> None:
        """Look, for ever."""
        while True:
            self.judge.look()
            await asyncio.sleep(LOOK_EVERY)

    async def live(self, happenings: list[Happening], seconds: float) -> None:
        """Let all of it happen."""
        began = self.house.now
        ends: list[tuple[float, Standing]] = []
        coming = list(happenings)
        while coming or ends:
            at = min([*(end for end, _ in ends), *(happening.at for happening in coming[:1])])
            await self._until(began + at)
            for pair in [pair for pair in ends if pair[0] <= at]:
                ends.remove(pair)
                await self._end(pair[1])
            while coming and coming[0].at <= at:
                happening = coming.pop(0)
                stands = self.judge.begin(happening)
                await do(happening.fault.begin, self.house, Random(happening.seed))
                if happening.until > happening.at:
                    ends.append((happening.until, stands))
                else:
                    await self._end(stands)
        await self._until(began + seconds)

    async def start_anew(self) -> None:
        """Go through a kill and a reload, however few of them the schedule had."""
        for key in ("killed", "reload"):
            (fault,) = (fault for fault in FAULTS if fault.key == key)
            now = self.house.now
            stands = self.judge.begin(Happening(at=now, until=now, fault=fault, seed=0.0))
            await do(fault.begin, self.house, self._random)
            await self._end(stands)
            await self._until(self.house.now + SETTLING + LOOK_EVERY)

    async def recover(self) -> float | None:
        """Give the pack cells that are well, and see that all comes back; return after how many s."""
        pack, began = self.house.pack, self.house.now
        self.house.look()
        pack.clear()
        for index, cell in enumerate(pack.cells):
            cell.soc = 50.0
            cell.temperature = pack.ambient + cell.place
            level(pack, index)
        self.house.mains.inverter.wants = lambda _: 0.0
        while self.house.now - began < RISEN_WITHIN:
            await self._until(self.house.now + 1.0)
            if self._risen():
                return self.house.now - began
        self.judge.broken(f"the limits are not back after {RISEN_WITHIN:.0f} s")
        return None

    def _risen(self) -> bool:
        if not self.judge.well() or self.judge.trips:
            return False
        decision, told = self.house.coordinator.latest.decision, self.house.mains.inverter.told
        limits = (decision.ccl.value, decision.dcl.value, told.ccl or 0.0, told.dcl or 0.0)
        switches = self.house.pack.switches
        return min(limits) > RISEN and bool(switches.charge) and bool(switches.discharge)

    async def _end(self, stands: Standing) -> None:
        await do(stands.happening.fault.end, self.house, Random(stands.happening.seed))
        self.judge.end(stands)

    async def _until(self, moment: float) -> None:
        """Wait; meanwhile the person of the house looks after what has tripped."""
        while (left := moment - self.house.now) > 0:
            await asyncio.sleep(min(left, 5.0))
            await self._look_after()

    async def _look_after(self) -> None:
        """Press reset once no danger stands any more, until that is accepted."""
        judge, now = self.judge, self.house.now
        if any(stands.happening.fault.danger for stands in judge.standing) or not judge.trips or not judge.well():
            self._due = self._since = None
            return
        if self._due is None:
            self._due, self._since = now + RESET_AFTER, now
        if now < self._due:
            return
        self._due = now + RESET_EVERY
        judge.press()
        if await self.house.reset():
            self.resets += 1
        elif self._since is not None and now - self._since > RESET_WITHIN:
            judge.broken(f"a reset is refused {RESET_WITHIN:.0f} s after the danger")
            self._since = now


async def live(hass: HomeAssistant, folder: Path, seed: int, seconds: float) -> Outcome:
    """Live the life with this number."""
    scene, recorder, grouped = scene_of(seed), has_recorder(seed), is_grouped(seed) and has_multicast()
    outcome = Outcome(seed=seed, scene=scene, recorder=recorder, grouped=grouped, seconds=seconds)
    async with house(hass, folder, scene, Random(seed), recorder=recorder, grouped=grouped) as made:
        # What Home Assistant itself keeps open it has opened by now.
        before = await unloaded(made)
        await made.set_up()
        if made.line is not None:
            made.line.proxy.spoil = listening(made)
        life = Life(made, seed)
        judge = life.judge
        watch = LogWatch(judge)
        logging.getLogger().addHandler(watch)
        looking = asyncio.create_task(life.look())
        try:
            await life.live(schedule(seed, seconds), seconds)
            await life.start_anew()
            outcome.risen = await life.recover()
            judge.finish()
            if looking.done():
                looking.result()
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            left = await unloaded(made)
            logging.getLogger().removeHandler(watch)
    judge.violations += [f"left behind: {each}" for each in left.since(before)]
    outcome.violations = judge.violations
    outcome.looks, outcome.trips, outcome.blind, outcome.resets = judge.looks, judge.tripped, judge.blind, life.resets
    counters = judge.counters
    outcome.starts, outcome.kills, outcome.lost = counters.starts, counters.kills, counters.lost
    outcome.faults = [
        {
            "key": stands.happening.fault.key,
            "seconds": (stands.ended or stands.begun) - stands.begun,
            "back": stands.back,
            "broken": stands.broken,
        }
        for stands in judge.past
    ]
    return outcome
