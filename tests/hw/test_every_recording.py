"""Every file of recorded frames is read, and every vector explained on one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from custom_components.home_bms.hw.devices import DEVICES

from .recorded import FRAMES, vectors

FILES = sorted(path.stem for path in FRAMES.glob("*.json"))
WORKBENCH = Path(__file__).parents[2] / "scripts" / "workbench.py"
# Makers' commands that home_bms never sends: explained, and no reading.
REFUSED = {"reset_cmd": "does not speak the framing"}


@pytest.mark.parametrize("name", FILES)
def test_every_vector_gets_a_line_with_what_it_says(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(WORKBENCH), "decode", str(FRAMES / f"{name}.json")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in lines] == [vector["id"] for vector in vectors(name)]
    for line in lines:
        assert REFUSED.get(line["id"], "") in (line["error"] or "")
        assert (line["error"] is None) is (line["id"] not in REFUSED), line
        assert line["reading"] or line.get("note") or line["error"]


def test_every_recording_has_its_device() -> None:
    assert set(FILES) <= set(DEVICES)


def test_no_secret_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, str(WORKBENCH), "decode", str(FRAMES / "daly_d2.json")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "123456" not in done.stdout
