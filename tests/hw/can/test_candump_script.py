"""The workbench explains recorded CAN frames, whoever recorded them."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from custom_components.home_bms.hw.can_frame import candump_line
from scripts import candump

from .recorded import FRAMES, vectors
from .speech import PYLONTECH, PYTES, daly, frames, ivt, nmea2000, orion

WORKBENCH = Path(__file__).parents[3] / "scripts" / "workbench.py"
CELLS = (3.281, 3.282, 3.283, 3.284)


def log(*lines: str) -> bytes:
    """Return a log as `candump -L` writes it."""
    return "".join(
        f"{candump_line(frame, 'can0', 1700000000.0 + number)}\n" for number, frame in enumerate(frames(*lines))
    ).encode()


def explained(content: bytes, wanted: str | None = None) -> list[dict]:
    read = candump.recorded(content)
    assert read is not None
    return list(candump.explained(read, wanted))


@pytest.mark.parametrize("path", sorted(FRAMES.glob("*.json")), ids=lambda path: path.stem)
def test_every_recorded_frame_gets_a_line(path: Path) -> None:
    lines = explained(path.read_bytes())
    assert [line["id"] for line in lines] == [frame["id"] for file, _, frame in vectors() if file == path.stem]
    assert all(line["reading"] and line["error"] is None for line in lines)


def test_the_command_reads_a_log(tmp_path: Path) -> None:
    path = tmp_path / "tinybms.log"
    path.write_bytes(log(*PYTES))
    done = subprocess.run(
        [sys.executable, str(WORKBENCH), "decode", str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    assert len(lines) == len(PYTES)
    assert lines[0] == {
        "id": "351",
        "reading": {"cvl": 56.8, "ccl": 100.0, "dcl": 100.0, "dvl": 45.5},
        "error": None,
        "data": "3802E803E803C701",
        "time": 1700000000.0,
        "map": "pylontech",
        "message": "limits",
    }


def test_the_command_takes_a_device_on_can(tmp_path: Path, monkeypatch, capsys) -> None:
    spec = importlib.util.spec_from_file_location("workbench", WORKBENCH)
    workbench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(workbench)
    path = tmp_path / "frames.txt"
    path.write_text("  can0  351   [8]  38 02 E8 03 E8 03 C7 01\n")
    monkeypatch.setattr(sys, "argv", ["bms", "decode", "can_orion", str(path)])
    assert workbench.main() == 0
    assert json.loads(capsys.readouterr().out)["map"] == "orion"
    path.write_text("hello\n")
    assert workbench.main() == 1


def test_what_fits_is_found_by_the_frames() -> None:
    assert {line["map"] for line in explained(log(*daly(CELLS)))} == {"daly"}
    assert {line["map"] for line in explained(log(*PYLONTECH))} == {"pylontech"}
    assert {line["map"] for line in explained(log(*orion(CELLS)))} == {"orion"}
    # The same identifiers, the other order of bytes.
    assert {line["map"] for line in explained(log(*ivt()))} == {"ivt_s"}
    assert {line["map"] for line in explained(log(*ivt(order="<")))} == {"ivt_s_little"}


def test_boards_with_other_addresses_and_their_requests_are_explained() -> None:
    lines = explained(log("18900240 0000000000000000", "18900140 0000000000000000", *daly(CELLS, node=2)))
    assert lines[0]["error"] == "no frame map knows this identifier"
    assert lines[1]["message"] == "ask_totals"
    assert lines[2]["reading"]["current"] == -12.5


def test_long_messages_are_put_together() -> None:
    first, part, last = explained(log(*nmea2000()))
    assert first["reading"]["voltage"] == 26.4
    assert part["note"] == "it says nothing alone"
    assert last["reading"]["soc"] == 63


def test_what_cannot_be_explained_says_why() -> None:
    content = log(*orion(CELLS)) + (
        b"\n# a comment\n(1.0) can0 123#00\n(1.0) can0 305#R\n(1.0) can0 20000040#0000000000000000\n"
        b"(1.0) can0 036#00000000000000FF\n(1.0) can0 03600\n(1.0) can0 351#\n"
    )
    lines = explained(content)[len(orion(CELLS)) :]
    assert [line["error"] for line in lines[:5]] == [
        "no frame map knows this identifier",
        "a request without data",
        "the controller reports an error of class 0x40",
        "its checksum is wrong",
        "'(1.0) can0 03600' is no line of candump",
    ]
    assert lines[5]["note"] == "it says nothing alone"
    assert explained(log("036 00000000000000FF"), "can_orion")[0]["error"] == "its checksum is wrong"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"01 03 00 00", b'{"vectors": []}', b"[1]", b"# only words\n"])
def test_what_is_no_recording_of_can_is_left_to_others(content: bytes) -> None:
    assert candump.recorded(content) is None


def test_vectors_that_are_none_are_told() -> None:
    data = {"sets": [{"frames": [{"id": "xyz", "data": ""}, {"id": "351"}, {"id": "351", "data": "1402"}]}, 7]}
    lines = explained(json.dumps(data).encode())
    assert [line["error"] is None for line in lines] == [False, False, True]
    assert lines[2]["reading"] == {"cvl": 53.2}
