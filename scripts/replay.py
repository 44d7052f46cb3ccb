"""The workbench's `replay`: prints what core makes of a black box, and how that compares with what was recorded."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from custom_components.home_bms.core.blackbox import Tick
from custom_components.home_bms.core.record import LARGEST, load
from custom_components.home_bms.core.replay import Event, Outcome, reconfigure, replay


def add_replay(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the workbench's."""
    parser = commands.add_parser(
        "replay",
        help="run core once more over a black box, as it was or with other settings",
        description="Exit code 0: as recorded, or --set was given; 1: it differs from the record; 2: nothing was run.",
    )
    parser.add_argument("file", type=Path, help="a black box (.jsonl.gz) or any recording of the same make")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="changes",
        help="another setting, as protection.cell_overvoltage.trip=3.55 or open_after=20; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="one JSON line an event, and one that sums up")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Replay a file; return the exit code."""
    try:
        if given.file.stat().st_size > LARGEST:
            return refuse(f"{given.file} is too large for a black box")
        recording = load(given.file.read_bytes())
        changes = dict(map(setting, given.changes))
        changed = reconfigure(recording.header, changes) if changes else None
    except OSError as err:
        return refuse(f"cannot read {given.file}: {err.strerror}")
    except ValueError as err:
        return refuse(str(err))
    say = json.dumps if given.json else sentence
    origin = recording.header.origin
    outcomes = list(replay(recording.header.config, recording.ticks, changed=changed))
    for outcome in outcomes:
        for event in outcome.events:
            print(say(explained_event(event, origin)))
    total = summary(outcomes, recording.ticks, origin)
    print(json.dumps(total) if given.json else total_sentence(total))
    return int(bool(total["different"]) and not changes)


def setting(text: str) -> tuple[str, float]:
    """Return the name and number of `NAME=VALUE`. Raises ValueError."""
    name, equals, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise ValueError(f"{text!r} is not NAME=NUMBER" if equals else f"{text!r} has no '='") from None


def explained_event(event: Event, origin: float) -> dict[str, Any]:
    """Return an event in plain JSON values; cells and sensors count from 1, times from the trigger."""
    reason = event.alarm.reason
    return {
        "time": round(event.time - origin, 3),
        "protection": event.alarm.key,
        "was": event.was.name.lower(),
        "level": event.level.name.lower(),
        "cell": None if reason.cell is None else reason.cell + 1,
        "sensor": None if reason.sensor is None else reason.sensor + 1,
        "value": finite(reason.value),
        "threshold": finite(reason.threshold),
        "recorded": None if event.recorded is None else event.recorded.name.lower(),
    }


def finite(value: float | None) -> float | str | None:
    """Return a number as JSON can carry it."""
    return value if value is None or isfinite(value) else str(value)


def sentence(event: Mapping[str, Any]) -> str:
    """Return an event for people, as `+3.0 s cell_overvoltage ok -> trip, cell 7: 3.661 against 3.65 (as recorded)`."""
    place = next((f", {name} {event[name]}" for name in ("cell", "sensor") if event[name] is not None), "")
    values = [shown(event[name]) for name in ("value", "threshold") if event[name] is not None]
    evidence = f": {' against '.join(values)}" if values else ""
    became = event["level"] if event["was"] == event["level"] else f"{event['was']} -> {event['level']}"
    compared = {None: "nothing recorded", event["level"]: "as recorded"}.get(
        event["recorded"], f"recorded: {event['recorded']}"
    )
    return f"{event['time']:+.1f} s  {event['protection']} {became}{place}{evidence} ({compared})"


def shown(value: float | str) -> str:
    """Return a value with the digits that anybody measures."""
    return value if isinstance(value, str) else f"{round(value, 4):g}"


def summary(outcomes: list[Outcome], ticks: tuple[Tick, ...], origin: float) -> dict[str, Any]:
    """Return how many decisions differ from the recorded ones, and the first that does."""
    different = [outcome for outcome in outcomes if not outcome.same]
    first = different[0] if different else None
    return {
        "readings": len(outcomes),
        "compared": sum(tick.decision is not None for tick in ticks),
        "different": len(different),
        "first": None if first is None else round(first.time - origin, 3),
        "field": None if first is None else first.difference,
        "errors": sorted({outcome.error for outcome in outcomes if outcome.error is not None}),
    }


def total_sentence(total: Mapping[str, Any]) -> str:
    """Return the summary for people."""
    broke = f"; core broke: {', '.join(total['errors'])}" if total["errors"] else ""
    if not total["compared"]:
        return f"{total['readings']} readings, no decisions recorded to compare with{broke}"
    if not total["different"]:
        return f"identical: {total['compared']} decisions as recorded{broke}"
    return (
        f"{total['different']} of {total['compared']} decisions differ, "
        f"first at {total['first']:+.1f} s ({total['field']}){broke}"
    )


def refuse(message: str) -> int:
    """Say why nothing is run; return the exit code."""
    print(f"bms: {message}", file=sys.stderr)
    return 2
