"""The workbench looks for devices on a link, run as a person runs it."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.registers import READS
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.hw.virtual.bus import VirtualBus
from scripts.detect import add_detect, progress

from ..matrix.bench import SerialLine

JK, P81 = DEVICES["jk_pb"], DEVICES["daly_p81"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Return what runs the command and gives the exit code, the lines and the complaints."""

    async def run_it(*arguments: object) -> tuple[int, list[dict[str, Any]], str]:
        parser = argparse.ArgumentParser()
        add_detect(parser.add_subparsers())
        given = parser.parse_args(["detect", *map(str, arguments)])
        code = await asyncio.to_thread(given.run, given)
        told = capsys.readouterr()
        return code, [json.loads(line) for line in told.out.splitlines()], told.err

    return run_it


@pytest.fixture
async def bus(socket_enabled: None, caplog: pytest.LogCaptureFixture) -> AsyncIterator[VirtualBus]:
    caplog.set_level("CRITICAL")
    server = VirtualServer(VirtualPack(seed=3, serial_number="CELLAR-3"), JK, unit_id=3)
    async with AsyncExitStack() as stack:
        bus = VirtualBus([server], baudrate=1_000_000, turnaround=0.0, absent_code=0x0B)
        stack.push_async_callback(bus.stop)
        await bus.start()
        yield bus


async def test_what_is_found_is_one_line_and_what_was_left_out_another(
    run: Callable[..., Any], bus: VirtualBus
) -> None:
    code, lines, complaints = await run(f"rtu+tcp://127.0.0.1:{bus.port}", "--units", "3", "--budget", "20")
    assert (code, complaints) == (0, "")
    found, *others, rest = lines
    assert (found["device"], found["unit"], found["sure"]) == ("jk_pb", 3, True)
    assert found["identity"]["serial_number"] == "CELLAR-3"
    assert others == []
    assert rest["complete"]
    assert P81.name in rest["not_asked"]
    assert {each.function for each in bus.transactions} <= set(READS)


async def test_what_answers_and_is_nothing_known_is_explained(
    run: Callable[..., Any], bus: VirtualBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.detect.DEVICES", {"jk_pb": JK, "pace": DEVICES["pace"]})
    pack = bus.server(3).world.pack
    pack.info = replace(pack.info, model="", serial_number="")
    pack.changed()
    code, lines, _ = await run(f"rtu+tcp://127.0.0.1:{bus.port}", "--units", "3")
    assert code == 1
    assert lines[:-1] == [
        {"answer": "nonsense", "unit": 3, "asked_for": ["JK PB"]},
        {"answer": "refused", "unit": 3, "exception": 2, "asked_for": ["PACE"]},
    ]


async def test_a_serial_port_is_searched_at_the_rate_that_was_named(
    run: Callable[..., Any], bus: VirtualBus, tmp_path: Path
) -> None:
    line = SerialLine(bus.port, tmp_path / "adapter")
    await line.plug()
    try:
        code, lines, _ = await run(line.name, "--units", "3", "--baud", "9600", "--budget", "20")
    finally:
        await line.unplug()
    assert code == 0
    assert (lines[0]["device"], lines[0]["baudrate"]) == ("jk_pb", 9600)


async def test_a_device_that_speaks_no_modbus_is_found_on_a_line_of_its_own(
    run: Callable[..., Any], socket_enabled: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("CRITICAL")
    monkeypatch.setattr("scripts.detect.DEVICES", {"jk_pb": JK, "daly_p81": P81})
    server = VirtualServer(VirtualPack(serial_number="P81"), P81, unit_id=129)
    port = await server.start_rtu_over_tcp()
    try:
        code, lines, _ = await run(f"rtu+tcp://127.0.0.1:{port}", "--units", "129")
    finally:
        await server.stop()
    assert code == 0
    assert lines[0]["device"] == "daly_p81"


async def test_modbus_tcp_carries_no_other_tongue(
    run: Callable[..., Any], socket_enabled: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("CRITICAL")
    monkeypatch.setattr("scripts.detect.DEVICES", {"pace": DEVICES["pace"], "daly_p81": P81})
    server = VirtualServer(VirtualPack(), JK, unit_id=1)
    port = await server.start_tcp()
    try:
        code, lines, _ = await run(f"tcp://127.0.0.1:{port}", "--units", "1")
    finally:
        await server.stop()
    assert code == 1
    assert lines[-1]["not_asked"] == [P81.name]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["tcp://127.0.0.1:1"], "cannot_connect"),
        (["/dev/nowhere", "--baud", "9600"], "cannot_connect"),
        (["tcp://127.0.0.1:x"], "Port could not be cast"),
        (["tcp://127.0.0.1:1", "--units", "300"], "no unit ids from 0 to 255"),
    ],
)
async def test_what_cannot_be_searched_is_told(
    run: Callable[..., Any], socket_enabled: None, arguments: list[str], why: str
) -> None:
    code, lines, complaints = await run(*arguments)
    assert (code, lines) == (2, [])
    assert why in complaints


def test_progress_stays_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    progress(0.5, "JK PB, unit 1")
    progress(1.0, "")
    assert capsys.readouterr().err == "\r\x1b[K 50 %  JK PB, unit 1\r\x1b[K100 %  \n"
