"""The command line puts other limits beside those that were, over black boxes and exports."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.blackbox import BlackBox
from custom_components.home_bms.core.record import Header, Recording, dump
from custom_components.home_bms.history.export_files import RAW, STATISTICS, Format, Writing
from scripts import workbench

from .test_workbench_replay import CONFIG, look

FACTS = [
    "--cells",
    "16",
    "--capacity",
    "280",
    "--charge-current",
    "100",
    "--discharge-current",
    "150",
    "--temperature-sensors",
    "2",
]


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["bms", "what-if", *map(str, words)])
    code = workbench.main()
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """Cell 7 runs away 20 s after the beginning."""
    ring, state = BlackBox(CONFIG), bms.start(CONFIG)
    for second in range(60):
        cells = (3.40,) * 6 + (3.70,) + (3.40,) * 9 if second >= 20 else (3.40,) * 16
        reading = look(100.0 + second, cells=cells)
        before = state
        state, decision = bms.step(CONFIG, before, reading)
        ring.record(before, reading, decision, state)
    path = tmp_path / "trip.jsonl.gz"
    header = Header(home_bms="0.1.0", origin=120.0, config=CONFIG)
    path.write_bytes(dump(Recording(header=header, ticks=ring.everything().ticks)))
    return path


def export(path: Path, kind: Format, *packs: str) -> Path:
    """Write an hour in which 60 A were charged."""
    writing = Writing(path, kind, RAW)
    for minute in range(60):
        at = datetime.fromtimestamp(1_790_000_000 + 60 * minute, UTC)
        for pack in packs:
            values: dict[str, Any] = {f"cell_{number}": 3.30 + minute / 1000 for number in range(1, 17)}
            values |= {"temperature_1": 20 + minute % 5 / 10, "temperature_2": 21, "current": 60 + minute % 3 / 10}
            writing.write([(at, f"sensor.{key}", pack, key, None, str(value)) for key, value in values.items()])
        writing.write([(at, "sensor.battery", None, "current", "A", "unknown")])
    writing.finish()
    return path


def figures(out: str) -> dict[str, tuple[float, float]]:
    return {line["what"]: (line["present"], line["proposed"]) for line in json.loads(out)["table"]}


def test_a_black_box_under_other_limits(
    box: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run(capsys, monkeypatch, box, "--set", "cell_overvoltage_trip=3.8", "--json")
    assert code == 0
    told = figures(out)
    assert told["trips"] == (1, 0)
    (trip, *_) = [each for each in json.loads(out)["events"]["present"] if each["level"] == "trip"]
    assert (trip["cell"], trip["protection"]) == (7, "cell_overvoltage")
    assert 0 <= trip["time"] < 10
    code, out, _ = run(capsys, monkeypatch, box, box, "--set", "cell_overvoltage_trip=3.8", "--json")
    assert figures(out)["trips"] == (2, 0)
    code, out, _ = run(capsys, monkeypatch, box, "--set", "cell_overvoltage_trip=3.8")
    assert code == 0
    assert "present: " in out
    assert "cell_overvoltage trip" in out
    assert out.splitlines()[0].split() == ["present", "proposed"]


@pytest.mark.parametrize("kind", list(Format))
def test_an_export_under_other_limits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: Format
) -> None:
    path = export(tmp_path / f"a.{kind}", kind, "Pack 1")
    code, out, _ = run(capsys, monkeypatch, path, *FACTS, "--set", "charge_current=40", "--json")
    assert code == 0
    told = figures(out)
    assert told["charge_lost"][0] == 0
    assert told["charge_lost"][1] == pytest.approx(20.1 * 16 * 3.33 * (59 - 2) / 60 / 1000, rel=0.03)
    assert told["trips"] == (0, 0)


def test_what_cannot_be_compared_is_said(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = export(tmp_path / "a.csv", Format.CSV, "Pack 1")
    two = export(tmp_path / "b.csv", Format.CSV, "Pack 1", "Pack 2")
    statistics = tmp_path / "c.csv"
    writing = Writing(statistics, Format.CSV, STATISTICS)
    writing.write([(datetime.now(UTC), "sensor.a", "Pack 1", "current", "A", 1.0, 1.0, 1.0, None, None)])
    writing.finish()
    change = ("--set", "charge_current=40")
    for words, said in (
        ((box, one, *change), "cannot be mixed"),
        ((one, *change), "--cells, --capacity"),
        ((two, *FACTS, *change), "Pack 1 and Pack 2"),
        ((statistics, *FACTS, *change), "holds statistics"),
        ((one, *FACTS, *change, "--pack", "Nobody"), "nothing of a pack"),
        ((one, *FACTS, "--set", "nonsense=1"), "nonsense"),
        ((one, *FACTS, "--set", "nonsense"), "has no '='"),
        ((tmp_path / "gone.csv", *FACTS, *change), "cannot read"),
    ):
        code, _, error = run(capsys, monkeypatch, *words)
        assert code == 2
        assert said in error
    code, out, _ = run(capsys, monkeypatch, two, *FACTS, *change, "--pack", "Pack 2", "--json")
    assert code == 0
    assert figures(out)["charge_lost"][1] > 0
    monkeypatch.setattr("scripts.what_if.LARGEST", 10)
    assert "too large" in run(capsys, monkeypatch, box, *change)[2]
