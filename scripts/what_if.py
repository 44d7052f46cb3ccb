"""The workbench's `what-if`: puts other limits beside those that were, over black boxes or exported history."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import PackConfig
from custom_components.home_bms.core.record import LARGEST, Header, load
from custom_components.home_bms.core.replay import reconfigure
from custom_components.home_bms.core.series import Series, Value
from custom_components.home_bms.core.what_if import Tally, Trial
from custom_components.home_bms.history.export_files import ExportError, Format, read
from custom_components.home_bms.history.what_if_table import event_facts, merged, table
from scripts.replay import refuse, setting

_FACTS: Final = ("chemistry", "cells", "capacity", "charge_current", "discharge_current", "temperature_sensors")

type Both = tuple[Tally, Tally]


def add_what_if(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the workbench's."""
    parser = commands.add_parser(
        "what-if",
        help="put other limits beside those that were, over black boxes or exported history",
        description="Black boxes know their pack; for exports of every state (resolution raw), say what it is.",
    )
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="black boxes (.jsonl.gz), or exports in order"
    )
    parser.add_argument(
        "--set",
        action="append",
        required=True,
        metavar="NAME=VALUE",
        dest="changes",
        help="another setting, as protection.cell_overvoltage.trip=3.55 or charge_current=80; may be repeated",
    )
    parser.add_argument("--pack", help="the name of the pack, where an export has several")
    parser.add_argument("--chemistry", default="lfp", help="of the cells (default: lfp)")
    for name, kind, text in (
        ("cells", int, "cells in series"),
        ("capacity", float, "Ah, rated"),
        ("charge-current", float, "A, the most that it may be charged with"),
        ("discharge-current", float, "A"),
        ("temperature-sensors", int, "cell temperatures"),
    ):
        parser.add_argument(f"--{name}", type=kind, help=text)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Compare; return the exit code: 0, or 2 where nothing could be."""
    try:
        changes = dict(map(setting, given.changes))
        exports = [file.suffix.removeprefix(".") in list(Format) for file in given.files]
        if any(exports) and not all(exports):
            return refuse("black boxes and exports cannot be mixed")
        both = _exports(given, changes) if all(exports) else _boxes(given.files, changes)
    except OSError as err:
        return refuse(f"cannot read {err.filename}: {err.strerror}")
    except ValueError as err:
        return refuse(str(err))
    if not both[0][0].seconds:
        return refuse("nothing of a pack is recorded there: its cells, temperatures and current are needed")
    (present, proposed), moment = both
    events = {
        name: [event_facts(event, moment(event.time)) for event in tally.events]
        for name, tally in (("present", present), ("proposed", proposed))
    }
    lines = table(present, proposed)
    if given.json:
        print(json.dumps({"table": lines, "events": events}))
        return 0
    print(f"{'':42}{'present':>12}{'proposed':>12}")
    for line in lines:
        print(f"{line['what']:36}{line['unit']:>6}{line['present']:>12g}{line['proposed']:>12g}")
    for name, each in events.items():
        for event in each:
            print(f"{name}: {event['time']}  {event['protection']} {event['level']}")
    return 0


def _boxes(files: list[Path], changes: dict[str, float]) -> tuple[Both, Callable[[float], Any]]:
    """Return the tallies of black boxes; their times are seconds from each one's trigger."""
    tallies: list[Both] = []
    origin = 0.0
    for file in files:
        if file.stat().st_size > LARGEST:
            raise ValueError(f"{file} is too large for a black box")
        recording = load(file.read_bytes())
        header, origin = recording.header, recording.header.origin
        changed = reconfigure(header, changes)
        trials = Trial(header.config), Trial(changed, recorded=header.config, proposed=True)
        for trial in trials:
            trial.take(recording.ticks)
        tallies.append((trials[0].tally, trials[1].tally))
    present, proposed = (merged(tally) for tally in zip(*tallies, strict=True))
    single = origin if len(files) == 1 else 0.0
    return (present, proposed), lambda time: round(time - single, 1)


def _exports(given: argparse.Namespace, changes: dict[str, float]) -> tuple[Both, Callable[[float], Any]]:
    """Return the tallies of exports of every state."""
    facts = {name: getattr(given, name) for name in _FACTS}
    if missing := [f"--{name.replace('_', '-')}" for name, value in facts.items() if value is None]:
        raise ValueError(f"an export does not say what the pack is: {', '.join(missing)}")
    config: PackConfig = configure(**facts, confirmed=True)
    trials = Trial(config), Trial(reconfigure(Header(home_bms="", config=config), changes), proposed=True)
    series = Series(config)
    for reading in series.readings(_values(given.files, given.pack), float("-inf")):
        for trial in trials:
            trial.take((reading,))
    return (trials[0].tally, trials[1].tally), lambda time: datetime.fromtimestamp(time, UTC).isoformat()


def _values(files: list[Path], wanted: str | None) -> Iterator[Value]:
    """Yield what exports say of one pack. Raises ExportError where there is more than one."""
    only: str | None = None
    for file in files:
        for row in read(file):
            if "mean" in row:
                raise ExportError(f"{file.name} holds statistics; every state is needed (resolution raw)")
            pack = row["pack"]
            if pack is None or (wanted is not None and pack != wanted):
                continue
            if pack != (only := only or pack):
                raise ExportError(f"{file.name} has several packs, {only} and {pack}: name one with --pack")
            value = None
            with suppress(TypeError, ValueError):
                value = float(row["state"])
            yield row["time"].timestamp(), row["key"], value
