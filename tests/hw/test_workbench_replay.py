"""The command line runs a black box once more and says in words what it did, and what it would have done."""

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from custom_components.home_bms.core import bms, chemistry
from custom_components.home_bms.core.blackbox import BlackBox
from custom_components.home_bms.core.model import Alarm, Flow, Level, PackReading, Reason, Switches
from custom_components.home_bms.core.record import Header, Recording, dump
from custom_components.home_bms.core.replay import Event
from scripts import replay

WORKBENCH = Path(replay.__file__).with_name("workbench.py")
CONFIG = chemistry.configure(
    chemistry="lfp", cells=16, capacity=280.0, charge_current=100.0, discharge_current=150.0, temperature_sensors=2
)
CLOSED = Switches(charge=True, discharge=True)


def look(time: float, **changes: object) -> PackReading:
    """Return a healthy pack, or what differs."""
    healthy = PackReading(
        time=time,
        cells=(3.40,) * 16,
        cells_time=time,
        temperatures=(22.0, 23.0),
        temperatures_time=time,
        current=0.0,
        voltage=16 * 3.40,
        current_time=time,
        soc=50.0,
        switches=CLOSED,
        commanded=CLOSED,
    )
    return replace(healthy, **changes)


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Cell 7 runs away 20 s after the beginning, and sensor 2 with it."""
    box, state = BlackBox(CONFIG), bms.start(CONFIG)
    hot = {"cells": (3.40,) * 6 + (3.66,) + (3.40,) * 9, "temperatures": (22.0, 70.0)}
    for second in range(40):
        before, reading = state, look(1000.0 + second, **(hot if second >= 20 else {}))
        state, decision = bms.step(CONFIG, before, reading)
        box.record(before, reading, decision, state)
    (frozen,) = box.close()
    header = Header(home_bms="0.1.0", origin=frozen.triggers[0].time, triggers=frozen.triggers, config=CONFIG)
    return Recording(header=header, ticks=frozen.ticks)


@pytest.fixture(scope="module")
def file(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("boxes") / "box.jsonl.gz"
    path.write_bytes(dump(recording))
    return path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(WORKBENCH), "replay", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Return a function that runs the command here and gives its exit code, lines and complaints."""

    def run_it(*arguments: object) -> tuple[int, list[str], str]:
        parser = replay.argparse.ArgumentParser()
        replay.add_replay(parser.add_subparsers())
        given = parser.parse_args(["replay", *map(str, arguments)])
        code = given.run(given)
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err

    return run_it


def test_the_command_itself_says_that_nothing_differs(file: Path) -> None:
    done = run(file)
    assert (done.returncode, done.stderr) == (0, "")
    *events, total = done.stdout.splitlines()
    assert total == "identical: 40 decisions as recorded"
    trip = next(line for line in events if "cell_overvoltage" in line and "trip" in line)
    assert "cell 7: 3.66 against 3.6" in trip
    assert trip.endswith("(as recorded)")
    assert any("sensor 2: 70 against" in line for line in events)


def test_another_threshold_shows_what_would_have_been(told, file: Path) -> None:
    code, (*events, total), _ = told(file, "--set", "protection.cell_overvoltage.trip=3.75")
    assert code == 0
    assert not any("cell_overvoltage" in line and "-> trip" in line for line in events)
    missed = [line for line in events if "cell_overvoltage" in line and line.endswith("(recorded: trip)")]
    assert missed
    assert " protect, cell 7: 3.66 against" in missed[-1]
    assert "of 40 decisions differ, first at +" in total


def test_more_than_one_setting_can_be_changed(told, file: Path) -> None:
    code, lines, _ = told(
        file, "--set", "charge_overtemperature_trip=80", "--set", "discharge_overtemperature_trip=80", "--json"
    )
    assert code == 0
    events = [json.loads(line) for line in lines[:-1]]
    assert not any("overtemperature" in event["protection"] and event["level"] == "trip" for event in events)


def test_json_has_a_line_an_event_and_one_that_sums_up(told, file: Path) -> None:
    code, lines, _ = told(file, "--json")
    *events, total = [json.loads(line) for line in lines]
    assert code == 0
    assert (total["readings"], total["compared"], total["different"], total["first"]) == (40, 40, 0, None)
    trip = next(event for event in events if event["protection"] == "cell_overvoltage" and event["level"] == "trip")
    assert trip["time"] >= 0
    assert (trip["cell"], trip["value"], trip["recorded"]) == (7, 3.66, "trip")
    assert all(event["recorded"] == event["level"] for event in events)


def test_a_recording_that_decides_otherwise_by_itself_is_told_by_the_exit_code(
    told, recording: Recording, tmp_path: Path
) -> None:
    first, *others = recording.ticks
    forged = replace(first, decision=replace(first.decision, ccl=replace(first.decision.ccl, value=99.0)))
    path = tmp_path / "box.jsonl.gz"
    path.write_bytes(dump(replace(recording, ticks=(forged, *others))))
    code, lines, _ = told(path)
    assert code == 1
    assert lines[-1] == f"1 of 40 decisions differ, first at {1000 - recording.header.origin:+.1f} s (ccl)"


def test_bare_readings_are_run_without_a_comparison(told, recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "readings.jsonl"
    bare = tuple(replace(tick, decision=None) for tick in recording.ticks)
    path.write_bytes(gzip.decompress(dump(replace(recording, ticks=bare))))
    code, (*events, total), _ = told(path)
    assert code == 0
    assert total == "40 readings, no decisions recorded to compare with"
    assert any("-> trip" in line and line.endswith("(nothing recorded)") for line in events)


def test_an_age_without_end_can_be_said_and_written() -> None:
    reason = Reason(rule="communication_lost", value=inf, threshold=10.0)
    alarm = Alarm(key="communication_lost", level=Level.PROTECT, flow=Flow.BOTH, reason=reason)
    event = Event(time=7.0, was=Level.OK, level=Level.PROTECT, recorded=Level.PROTECT, alarm=alarm)
    plain = replay.explained_event(event, 10.0)
    assert json.loads(json.dumps(plain, allow_nan=False))["value"] == "inf"
    assert replay.sentence(plain) == "-3.0 s  communication_lost ok -> protect: inf against 10 (as recorded)"


def test_core_that_breaks_is_told(told, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bms, "step", breaks)
    code, lines, _ = told(file)
    assert code == 1
    assert lines[-1].endswith("(error); core broke: ZeroDivisionError()")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("protection.cell_overvoltage.top=3.6", "unknown_setting: protection.cell_overvoltage.top"),
        ("cell_overvoltage_trip=9", "out_of_range: cell_overvoltage_trip (value=9.0, minimum=1.0, maximum=4.5)"),
        ("cell_overvoltage_trip=3.4", "levels_out_of_order: cell_overvoltage_trip"),
        ("cell_overvoltage_trip=high", "'cell_overvoltage_trip=high' is not NAME=NUMBER"),
        ("cell_overvoltage_trip", "'cell_overvoltage_trip' has no '='"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_the_reason(told, file: Path, change: str, why: str) -> None:
    code, lines, complaint = told(file, "--set", change)
    assert (code, lines) == (2, [])
    assert why in complaint


def test_a_file_that_is_none_is_refused_with_the_reason(told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, complaint = told("/nowhere/at.all")
    assert (code, "cannot read" in complaint) == (2, True)
    path = tmp_path / "letter.txt"
    path.write_text("Dear all,")
    code, _, complaint = told(path)
    assert (code, "line 1" in complaint) == (2, True)
    monkeypatch.setattr(replay, "LARGEST", 3)
    code, _, complaint = told(path)
    assert (code, "too large" in complaint) == (2, True)
