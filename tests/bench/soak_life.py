"""Lives through days with virtual packs in a process of its own, and prints what it holds after each hour, as JSON."""

# ruff: noqa: E402 - the clocks first
from __future__ import annotations

from .clock import Clock

CLOCK = Clock()
CLOCK.install()

import argparse
import asyncio
import gc
import json
import logging
import os
import sqlite3
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, override

from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from homeassistant.runner import create_event_loop

import custom_components.home_bms
from custom_components.home_bms import helpers, supervisor
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.core.model import PackConfig
from custom_components.home_bms.hw.virtual import host

from .home import CONFIGURATION, KEPT, home, pack, resident, system

HOUR: Final = 3600.0
OURS: Final = "custom_components.home_bms"
SIMULATED: Final = f"{OURS}.hw.virtual"
TRACED: Final = 25
"""Places in the code that hold more than before, of which `--trace` tells."""


def main() -> int:
    """Live."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for Home Assistant's files, empty")
    parser.add_argument("--days", type=float, required=True)
    parser.add_argument("--period", type=float, required=True, help="s between two polls")
    parser.add_argument("--packs", type=int, required=True)
    parser.add_argument("--trace", action="store_true", help="tell which lines ask for memory that stays")
    options = parser.parse_args()
    _stretch(options.period)
    with asyncio.Runner(loop_factory=create_event_loop) as runner:
        runner.run(_live(options))
    sys.stdout.flush()
    # Threads of libraries that nobody ends.
    os._exit(0)


class _Heard(logging.Handler):
    """Keeps what home_bms or Home Assistant says about it that a person should look at."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.about: set[str] = set()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        told = record.getMessage()
        if DOMAIN in f"{record.name} {told}":
            # Without entities and values: each kind once.
            self.about.add(f"{record.name}: {record.msg}"[:200])


def _stretch(period: float) -> None:
    """Poll that seldom, and let all that waits for a poll wait as many of them as before."""
    supervisor.POLL_PERIOD = period
    host.LIMITS_LEASE *= period

    def stretched(data: Mapping[str, Any]) -> PackConfig:
        config = helpers.pack_config(data)
        return replace(config, age_derate=period * config.age_derate, age_stop=period * config.age_stop)

    custom_components.home_bms.pack_config = stretched


async def _live(options: argparse.Namespace) -> None:
    CLOCK.lead(asyncio.get_running_loop())
    async with home(
        options.folder, CONFIGURATION.replace("recorder:", f"recorder:\n  purge_keep_days: {KEPT}")
    ) as hass:
        recorder = get_instance(hass)
        CLOCK.busy = lambda: recorder.backlog > 0
        entry = system(pack(number, type="virtual", seed=number, speed=1.0) for number in range(options.packs))
        await hass.config_entries.async_add(entry)
        await entry.runtime_data.async_allow_control(True)
        logging.getLogger().addHandler(heard := _Heard())
        began, hours, before = time.monotonic(), round(24 * options.days), None
        for hour in range(1, hours + 1):
            used = time.process_time()
            await asyncio.sleep(began + hour * HOUR - time.monotonic())
            used = time.process_time() - used
            told = {"hour": hour, "cpu": used, "tasks": len(asyncio.all_tasks()), **_worked(hass, entry)}
            told["warnings"] = sorted(heard.about)
            held = await hass.async_add_executor_job(_held, Path(hass.config.path("home-assistant_v2.db")))
            print(json.dumps(told | held), flush=True)
            if options.trace and hour in (hours // 3, hours):
                before = await hass.async_add_executor_job(_trace, before)


def _worked(hass: HomeAssistant, entry: Any) -> dict[str, Any]:
    """Return what the packs' loops did until now, and how they are."""
    supervisors = [each.supervisor for each in entry.runtime_data.packs.values()]
    counts = ("polls", "failed_reads", "failed_writes", "faults", "late_ticks")
    decisions = [each.snapshot.decision for each in supervisors]
    return {
        **{name: sum(getattr(each.statistics, name) for each in supervisors) for name in counts},
        "refused": sum(not each.ccl.value and not each.dcl.value for each in decisions),
        "entities": len(hass.states.async_entity_ids()),
        "worst": [each.worst.name for each in decisions],
        "alarms": sorted({f"{alarm.key}: {alarm.level.name}" for each in decisions for alarm in each.alarms}),
        "limits": [(round(each.ccl.value), each.ccl.reason.rule, round(each.dcl.value)) for each in decisions],
        "soc": [
            None if each.host is None else round(each.host.pack.soc, 1) for each in entry.runtime_data.packs.values()
        ],
    }


def _trace(before: tracemalloc.Snapshot | None) -> tracemalloc.Snapshot | None:
    """Begin to trace, or tell what was asked for since and is still held."""
    if before is None:
        tracemalloc.start(8)
    snapshot = tracemalloc.take_snapshot()
    if before is not None:
        for each in snapshot.compare_to(before, "traceback")[:TRACED]:
            print(
                f"{each.size_diff / 1000:.0f} kB, {each.count_diff} blocks",
                *each.traceback.format(),
                sep="\n",
                file=sys.stderr,
            )
    return snapshot


def _held(database: Path) -> dict[str, Any]:
    """Return what this process and its recorder hold, after what is not held any more has gone."""
    gc.collect()
    kinds = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
    ours = {name: count for name, count in kinds.items() if name.startswith(OURS)}
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT max(state_id), count(*) FROM states").fetchone()
    connection.close()
    return {
        "rss": resident(),
        "threads": threading.active_count(),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "objects": kinds.total(),
        "ours": sum(count for name, count in ours.items() if not name.startswith(SIMULATED)),
        "simulated": sum(count for name, count in ours.items() if name.startswith(SIMULATED)),
        "kinds": ours,
        "written": rows[0] or 0,
        "rows": rows[1],
        "database": sum(path.stat().st_size for path in database.parent.glob(f"{database.name}*")) / 1e6,
    }


if __name__ == "__main__":
    sys.exit(main())
