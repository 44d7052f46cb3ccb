"""The command line, run as a person runs it."""

import importlib.util
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKBENCH = ROOT / "scripts" / "workbench.py"
FRAMES = Path(__file__).parent / "frames" / "jk_pb.json"
VECTORS = json.loads(FRAMES.read_text())["vectors"]


def load():
    """Return the workbench as a module."""
    spec = importlib.util.spec_from_file_location("workbench", WORKBENCH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(WORKBENCH), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def decode(tmp_path, monkeypatch, capsys):
    """Return a function that gives the lines that `decode` prints about a file."""

    def decode_it(content, name="file.json"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        monkeypatch.setattr(sys, "argv", ["bms", "decode", "jk_pb", str(path)])
        assert load().main() == 0
        told = capsys.readouterr()
        assert told.err == ""
        return [json.loads(line) for line in told.out.splitlines()]

    return decode_it


def test_the_command_itself_explains_every_recorded_vector():
    done = subprocess.run(
        [ROOT / "scripts" / "bms", "decode", "jk_pb", FRAMES], capture_output=True, text=True, timeout=120, check=True
    )
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [vector["id"] for vector in VECTORS]


def test_every_recorded_vector_gets_one_line_with_a_reading_or_a_reason(decode):
    lines = decode(FRAMES.read_bytes())
    assert [line["id"] for line in lines] == [vector["id"] for vector in VECTORS]
    for line, vector in zip(lines, VECTORS, strict=True):
        assert (line["reading"] is None) == ("response" not in vector)
        assert line["error"] is None
        assert (line["reading"] is None) == ("response" not in vector)
        assert ("no answer" in line.get("note", "")) == ("response" not in vector)
    state, preset, words = lines[0]["reading"], lines[1]["reading"], lines[10]["reading"]
    assert state["cells"] == VECTORS[0]["expected"]["cell_voltages_v"]
    assert state["temperatures"] == [16.7, 17.2, 17.1, 16.9]
    assert state["alarms"] == ["change_password"]
    assert state["switches"] == {"charge": True, "discharge": True, "balance": None}
    assert (state["voltage"], state["soc"], state["balancing"]) == (52.287, 64, False)
    assert preset["settings"]["cell_overvoltage"] == 2.7
    assert words["commanded"] == {"charge": True, "discharge": True, "balance": True}


def test_a_register_dump_is_read(decode):
    (line,) = decode({"holding": {"4608": 3268, "0x1202": 3270, "4752": 0, "4754": 52287}})
    assert line == {"id": "file", "reading": {"cells": [3.268, 3.27], "voltage": 52.287}, "error": None}


def test_hex_text_is_read_line_by_line(decode):
    read, bulk = VECTORS[10], VECTORS[0]
    text = "\n".join(
        ["# recorded", read["request"], read["response"], bulk["response"], "xyz", "00 03 01", bulk["request"]]
    )
    lines = decode(text.encode(), "log.txt")
    assert [line["id"] for line in lines] == ["log:3", "log:4", "log:5", "log:6", "log:7"]
    assert lines[0]["reading"]["settings"]["cell_overvoltage"] == 3.65
    assert lines[1]["reading"]["soc"] == 64
    assert "no hex text" in lines[2]["error"]
    assert "without its request" in lines[3]["error"]
    assert "asks unit 1 to write 1 register at 0x1620" in lines[4]["note"]


def test_the_acknowledgement_beside_a_bulk_frame_tells_who_sent_it(decode):
    foreign, broken = {**VECTORS[0], "trailing_ack": "0210162000010478"}, {**VECTORS[0], "trailing_ack": "0210"}
    lines = decode({"vectors": [foreign, broken]})
    assert (lines[0]["reading"], lines[0]["error"]) == (None, "unit 2 answers, but unit 1 was asked")
    assert lines[1]["reading"]["soc"] == 64


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"\xff\xfe\x00garbage", "without its request"),
        (b"{", "no hex text"),
        (b"[" * 100_000, "no hex text"),
        ({"other": 1}, "neither `vectors` nor `holding`"),
        (7, "neither `vectors` nor `holding`"),
        ([7], "no JSON object"),
        ([{}], "no answer, nor a request"),
        ([{"response": 7}], "7 is no hex text"),
        ([{"response": "0g"}], "'0g' is no hex text"),
        ([{"framing": "tcp", "response": "00"}], "no Modbus TCP frame"),
        ([{"framing": "ascii", "response": "00"}], "does not speak the framing 'ascii'"),
        ([{"framing": ["rtu"]}], "does not speak the framing"),
        ([{"framing": "registers", "registers": {"2700": 1}}], "none of these registers means anything"),
        ([{"framing": "registers", "registers_hex": "0001f"}], "is no hex text"),
        ([{"framing": "registers", "registers_hex": "000102"}], "3 bytes from register 0 on are no words"),
        ([{"framing": "registers", "registers_hex": "0001", "base": "x"}], "from register 'x' on are no words"),
        ([{"framing": "registers", "registers_hex": "0001"}], "none of these registers means anything"),
        ({"holding": {}}, "none of these registers means anything"),
        ({"holding": {"x": 1}}, "'x' is no register address"),
        ({"holding": {"4608": 65536}}, "65536, which is no 16-bit word"),
        ({"holding": {"4608": "a"}}, "'a', which is no 16-bit word"),
    ],
    ids=lambda part: repr(part)[:40],
)
def test_garbage_is_explained(decode, content, why):
    (line,) = decode(content)
    assert line["reading"] is None
    assert why in line["error"]


def test_a_file_that_is_not_there_is_told():
    done = run("decode", "jk_pb", "/nowhere/at.all")
    assert done.returncode == 1
    assert "cannot read" in done.stderr


@pytest.mark.parametrize(
    ("link", "why"),
    [("tcp://127.0.0.1:1", "cannot_connect"), ("/dev/nowhere", "cannot_connect"), ("tcp://127.0.0.1:x", "is no link")],
)
def test_a_link_that_leads_nowhere_is_told(link, why):
    done = run("read", "jk_pb", link)
    assert (done.returncode, done.stdout) == (1, "")
    assert why in done.stderr


@pytest.mark.parametrize("option", ["--tcp=0", "--rtu-over-tcp=0", "--pty"])
def test_a_served_pack_is_read_and_its_faults_are_told_in(option):
    command = [sys.executable, str(WORKBENCH), "serve", "jk_pb", option, "--unit=3", "--cells=8", "--speed=0"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as pack:
        try:
            told = json.loads(pack.stdout.readline())
            assert (told["device"], told["unit"]) == ("jk_pb", 3)
            pack.stdin.write("dead_cell_sense 2 0\nnonsense\n\nhelp\nclear nonsense\ndead_cell_sense x\n")
            pack.stdin.flush()
            complaints = list(iter(pack.stderr.readline, "bms: could not convert string to float: 'x'\n"))
            done = run("read", "jk_pb", told["link"], "--unit", 3, "--count", 1)
            assert (done.returncode, done.stderr) == (0, "")
            reading = json.loads(done.stdout)
            assert len(reading["cells"]) == 8
            assert reading["cells"][1] == 0.0
            assert reading["cells"][0] > 3.0
            assert reading["identity"]["manufacturer"] == "Jikong"
        finally:
            pack.send_signal(signal.SIGINT)
            assert pack.wait(timeout=10) == 0
    assert sum("no fault 'nonsense'" in line for line in complaints) == 2
    assert any(line.startswith("hot_cell cell °C: ") for line in complaints)


def test_a_pack_that_cannot_be_is_not_served():
    done = run("serve", "jk_pb", "--cells=0")
    assert done.returncode == 1
    assert "there is no such pack" in done.stderr
