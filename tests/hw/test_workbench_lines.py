"""The command line and the devices that no Modbus link can speak to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .recorded import FRAMES, vectors
from .test_workbench import WORKBENCH, run


def decode(device: str, text: str, tmp_path: Path) -> list[dict]:
    """Return what is printed about frames as hex text."""
    path = tmp_path / "log.txt"
    path.write_text(text)
    done = run("decode", device, path)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("device", "options", "unit"),
    [
        ("daly_p81", [], 0x82),
        ("eg4_lifepower4_ascii", ["--rtu-over-tcp=0"], 2),
        ("jk_balancer", ["--pty"], 2),
        ("jk_pb_listen", [], 2),
    ],
)
def test_a_served_pack_is_read_in_its_own_dialect(device, options, unit):
    command = [sys.executable, str(WORKBENCH), "serve", device, *options, "--unit=2", "--cells=8", "--speed=0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as pack:
        try:
            told = json.loads(pack.stdout.readline())
            assert (told["device"], told["unit"]) == (device, unit)
            done = run("read", device, told["link"], "--unit", 2)
            assert (done.returncode, done.stderr) == (0, "")
            assert len(json.loads(done.stdout)["cells"]) == 8
        finally:
            pack.send_signal(signal.SIGINT)
            assert pack.wait(timeout=10) == 0


def test_modbus_tcp_is_refused_with_the_reason():
    served, read = run("serve", "daly_p81", "--tcp=0"), run("read", "daly_p81", "tcp://127.0.0.1:1")
    assert (served.returncode, read.returncode) == (1, 1)
    assert "speaks no Modbus TCP" in served.stderr
    assert "passes its own frames through" in read.stderr


@pytest.mark.parametrize("device", ["eg4_lifepower4_ascii", "jk_balancer"])
def test_hex_text_is_read_line_by_line(device, tmp_path):
    vector = vectors(device)[0]
    lines = decode(
        device, "\n".join([vector["request"], vector["response"], vector["response"], vector["request"]]), tmp_path
    )
    assert [line["id"] for line in lines] == ["log:2", "log:3", "log:4"]
    # Such an answer speaks for itself, with its request or without.
    assert lines[0]["reading"] == lines[1]["reading"] is not None
    assert "no answer: the request asks unit 1" in lines[2]["note"]


def test_what_is_never_read_is_not_shown(tmp_path):
    (frame,) = (vector for vector in vectors("daly_d2") if vector["id"] == "password_frame_1")
    (line,) = decode("daly_d2", f"{frame['request']}\n{frame['response']}", tmp_path)
    assert line["note"] == "home_bms never reads these registers: the password"
    assert (line["reading"], line["error"]) == (None, None)
    everything = {"holding": dict.fromkeys(map(str, range(0x200)), 16)}
    everything["holding"] |= {"0x126": 0x7365, "0x127": 0x7361, "0x128": 0x6D65}
    path = tmp_path / "daly_p81.json"
    path.write_text(json.dumps(everything))
    shown = run("decode", path).stdout
    assert json.loads(shown)["reading"]["cells"]
    assert not any(word in shown for word in ("sesame", str(0x7365), str(0x6D65)))


def test_a_frame_of_another_maker_is_no_answer(tmp_path):
    foreign = json.loads((FRAMES / "jk_balancer.json").read_text())["vectors"][0]
    path = tmp_path / "eg4_lifepower4_ascii.json"
    path.write_text(json.dumps([foreign, {**foreign, "framing": "ascii_hex"}]))
    lines = [json.loads(line) for line in run("decode", path).stdout.splitlines()]
    assert "does not speak the framing 'jk_balancer'" in lines[0]["error"]
    assert "no frame from ~" in lines[1]["error"]


def test_registers_that_say_nothing_alone_are_no_error(tmp_path):
    path = tmp_path / "jk_balancer.json"
    path.write_text(json.dumps({"holding": {"900": 1}}))
    assert "means anything" in json.loads(run("decode", path).stdout)["error"]
    path = tmp_path / "daly_d2.json"
    path.write_text(json.dumps({"holding": {"58": 1}}))
    line = json.loads(run("decode", path).stdout)
    assert "say nothing alone" in line["note"]
