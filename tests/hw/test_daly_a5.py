"""Daly's old protocol: frames of 13 bytes, some of them in a row, read into registers of our own."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modbus_connection import ModbusProtocolError, ModbusTimeoutError

from custom_components.home_bms.core.model import HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.daly import FAULTS
from custom_components.home_bms.hw.devices.daly_a5_frames import (
    CELL_ROW,
    CELLS,
    DIALECT,
    FRAME_SIZE,
    LAYOUT,
    MEASURED,
    PAGES,
    SENSOR_ROW,
    SENSORS,
)
from custom_components.home_bms.hw.driver import Capability, DeviceInfo, DriverError
from custom_components.home_bms.hw.frames import FrameError, NothingToldError, Request, memory_of
from custom_components.home_bms.hw.wire import Wire

from .line import adapter, gateway, own_line
from .real_link import agrees, busy_pack, decide
from .recorded import MemoryUnit, milli, vectors
from .test_workbench import WORKBENCH, run

A5 = DEVICES["daly_a5"]
VECTORS = {vector["id"]: vector for vector in vectors("daly_a5")}
STEPS = {"cells": 0.001, "temperatures": 1, "current": 0.1, "voltage": 0.1, "soc": 0.1, "capacity": 0.001, "cycles": 1}
UNTOLD = {"soh", "switch_temperature", "commanded"}
# The recordings' names and our field.
WORDS = {
    "voltage_v": "voltage",
    "current_a": "current",
    "soc_pct": "soc",
    "max_cell_v": "cell_max",
    "max_cell_no": "cell_max_number",
    "min_cell_v": "cell_min",
    "min_cell_no": "cell_min_number",
    "max_temp_c": "temperature_max",
    "max_temp_probe": "temperature_max_number",
    "min_temp_c": "temperature_min",
    "min_temp_probe": "temperature_min_number",
    "state": "state",
    "charge_mos": "charge_on",
    "discharge_mos": "discharge_on",
    "life": "heartbeat",
    "remaining_ah": "remaining_capacity",
    "cell_count": "cell_count",
    "temp_count": "sensor_count",
    "charger": "charger_connected",
    "load": "load_connected",
    "dido": "inputs_outputs",
    "cycles": "cycles",
}

pytestmark = pytest.mark.usefixtures("socket_enabled")


def recorded(name):
    return bytes.fromhex(VECTORS[name]["response"])


def question(page, unit=0x40, **changes):
    return replace(Request(unit=unit, function=3, address=page.base, count=len(page.registers)), **changes)


def framed(head, data):
    """Return a frame, written anew from what the sheet says of it."""
    body = bytes.fromhex(head) + data
    return body + bytes((sum(body) % 256,))


def tenth(value):
    return value / 10


@pytest.mark.parametrize("name", VECTORS)
def test_every_recorded_value_is_read_as_its_source_says(name):
    values = A5.decode(memory_of(A5, None, recorded(name)))
    expected = dict(VECTORS[name]["expected"])
    reading = A5.reading(values, {})
    if "cells_v" in expected:
        assert list(reading.cells) == expected.pop("cells_v")
    if "first_temp_c" in expected:
        assert reading.temperatures[0] == expected.pop("first_temp_c")
    assert {name: values[WORDS[name]] for name in expected} == expected


def test_the_requests_are_those_of_the_sheet():
    assert DIALECT.ask(question(CELL_ROW)) == framed("A5409508", b"\xaa" * 8)
    assert DIALECT.ask(question(LAYOUT, unit=0x41)) == framed("A5419408", b"\xaa" * 8)
    for page in PAGES.values():
        request = DIALECT.ask(question(page))
        assert DIALECT.asked(request + b"more") == (question(page), FRAME_SIZE)
    # Others fill a request with zeros.
    assert DIALECT.asked(framed("A5409008", bytes(8))) == (question(MEASURED), FRAME_SIZE)


@pytest.mark.parametrize(("name", "command"), [("readme_90", 0x90), ("16s_90", 0x90), ("discharging_90", 0x90)])
def test_the_recorded_frames_are_framed_again_byte_for_byte(name, command):
    asked = question(PAGES[command])
    assert DIALECT.wrap(asked, DIALECT.unwrap(asked, recorded(name))) == recorded(name)
    assert DIALECT.unwrap(None, recorded(name)) == DIALECT.unwrap(asked, recorded(name))


@pytest.mark.parametrize("board", ["16s", "discharging"])
def test_a_recorded_board_that_says_it_discharges_has_a_negative_current(board):
    values = {
        name: value
        for part in ("90", "93")
        for name, value in A5.decode(memory_of(A5, None, recorded(f"{board}_{part}"))).items()
    }
    assert values["state"] == 2
    assert A5.reading(values, {}).current < -1


@pytest.mark.parametrize(
    ("current", "state", "told"),
    [
        (5.0, 1, 5.0),
        (-5.0, 2, -5.0),
        # Boards of either sign are known: it counts where the state confirms it ...
        (5.0, 2, None),
        (-5.0, 1, None),
        # ... and not where nothing does.
        (5.0, 0, None),
        (-5.0, 7, None),
        (5.0, None, None),
        # Around nothing the two may have been looked at apart.
        (0.9, 2, 0.9),
        (0.0, None, 0.0),
        (None, 1, None),
    ],
)
def test_a_current_that_its_state_does_not_confirm_is_not_known(current, state, told):
    values = {"current": current} | ({} if state is None else {"state": state})
    assert A5.reading(values, {}).current == told


@pytest.mark.parametrize("index", range(8))
def test_each_alarm_byte_stands_where_the_makers_document_has_it(index):
    data = bytearray(8)
    data[index] = 1
    (alarm,) = A5.reading(A5.decode(memory_of(A5, None, framed("A5019808", bytes(data)))), {}).alarms
    assert alarm == (FAULTS[index][0] if FAULTS[index] else "alarm_56")


# There and back


SWITCH = st.none() | st.booleans()
READINGS = st.builds(
    PackReading,
    time=st.just(0.0),
    cells=st.lists(st.none() | st.integers(0, 0xFFFE).map(milli), min_size=1, max_size=CELLS).map(tuple),
    temperatures=st.lists(st.none() | st.integers(-40, 214).map(float), max_size=SENSORS).map(tuple),
    current=st.none() | st.integers(1, 0xFFFE).map(lambda raw: round(3000 - raw / 10, 1)),
    # A driver that reads more takes the words for swapped.
    voltage=st.none() | st.integers(0, 20000).map(tenth),
    soc=st.none() | st.integers(0, 1000).map(tenth),
    cycles=st.none() | st.integers(0, 0xFFFE),
    switches=st.builds(Switches, charge=SWITCH, discharge=SWITCH),
    balancing=st.booleans(),
    alarms=st.frozensets(st.sampled_from([name for names in FAULTS for name in names])),
)


def over_the_wire(memory):
    """Return what is left of a memory after it went through all frames."""
    left = {}
    for page in PAGES.values():
        asked = DIALECT.narrow(question(page), memory)
        answer = DIALECT.wrap(asked, memory)
        assert DIALECT.size(asked, answer) == len(answer)
        left |= DIALECT.unwrap(asked, answer)
    return left


@settings(max_examples=100, deadline=None)
@given(reading=READINGS, capacity=st.none() | st.integers(1, 10_000_000).map(milli))
async def test_what_a_pack_tells_survives_the_way_over_the_wire(reading, capacity):
    info = DeviceInfo(
        manufacturer="Daly",
        model="A5",
        serial_number="",
        cells=len(reading.cells),
        capacity=capacity,
        temperature_sensors=len(reading.temperatures),
    )
    driver = A5.driver(MemoryUnit(A5, over_the_wire(A5.encode(reading, info))), clock=lambda: 7.0)
    assert await driver.async_identify() == info
    expected = replace(reading, time=7.0, cells_time=7.0, temperatures_time=7.0, current_time=7.0)
    assert await driver.async_read() == replace(expected, capacity=capacity, hardware=HardwareRing())


@settings(max_examples=50, deadline=None)
@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    name=st.sampled_from(["current", "voltage", "soc", "cycles", "capacity"]),
)
def test_a_value_beyond_the_frame_is_told_as_the_nearest_one_or_not_at_all(value, name):
    info = DeviceInfo(manufacturer="", model="", serial_number="", capacity=value)
    memory = over_the_wire(A5.encode(PackReading(time=0.0, **{name: value}), info))
    told = getattr(A5.reading(A5.decode(memory), {}), name)
    assert told is None or abs(told) <= abs(value) + 1


def test_a_pack_with_more_cells_than_the_frames_have_room_for_shows_those_that_fit():
    pack = busy_pack(cells=60)
    memory = A5.encode(pack.reading(0.0), pack.info)
    assert len(DIALECT.wrap(question(CELL_ROW), memory)) == 16 * FRAME_SIZE


# What is none of its answers


CELL_FRAMES = recorded("16s_95")[: 6 * FRAME_SIZE]


@settings(max_examples=300, deadline=None)
@given(noise=st.binary(max_size=60), page=st.sampled_from(list(PAGES.values())), asked=st.booleans())
def test_nonsense_is_never_a_reading(noise, page, asked):
    head = bytes((0xA5, 0x01, page.command, 8))
    # A sum that is wrong by one, however long the frame.
    body = head + noise[:8].ljust(8, b"\0")
    for frame in (noise, head + noise, body + bytes(((sum(body) + 1) & 0xFF,))):
        if len(frame) == FRAME_SIZE and frame[-1] == sum(frame[:-1]) & 0xFF:
            continue
        with pytest.raises(FrameError):
            DIALECT.unwrap(question(page) if asked else None, frame)


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"", "0 frames are no answer"),
        (CELL_FRAMES[:-1], "breaks off after 12 bytes"),
        (CELL_FRAMES[:20] + b"\xff" + CELL_FRAMES[21:], "answer's sum is a3, its bytes give"),
        (CELL_FRAMES[FRAME_SIZE:], "frame 2 came where frame 1 was awaited"),
        (CELL_FRAMES[:FRAME_SIZE] + CELL_FRAMES[2 * FRAME_SIZE :], "frame 3 came where frame 2"),
        (recorded("16s_95") + framed("A5019508", b"\x11" + bytes(7)), "17 frames are no answer to command 0x95"),
        # Another command's answer, another board's, and the request heard again.
        (recorded("16s_94"), "begins with a5019408, not with a5019508"),
        (framed("A5029508", b"\x01" + bytes(7)), "begins with a5029508, not with a5019508"),
        (DIALECT.ask(question(CELL_ROW)), "begins with a5409508, not with a5019508"),
    ],
)
def test_a_broken_answer_is_refused_with_the_reason(frame, why):
    with pytest.raises(FrameError, match=why):
        DIALECT.unwrap(question(CELL_ROW), frame)


@pytest.mark.parametrize("frame", [b"", b"\xa5\x01", framed("A5015308", bytes(8)), framed("A5019009", bytes(8))])
def test_an_answer_of_which_nothing_is_known_brings_nothing(frame):
    with pytest.raises(FrameError, match="brings nothing that is known"):
        DIALECT.unwrap(None, frame)


@pytest.mark.parametrize("heard", [b"\0", b"\xa5\x40", b"\xa5\x02\x95\x08", b"\xa5\x01\x94", b"\xa5\x01\x95\x09"])
def test_what_begins_none_of_its_answers_is_not_waited_for(heard):
    with pytest.raises(FrameError, match="begins with a5019508"):
        DIALECT.size(question(CELL_ROW), heard)


@pytest.mark.parametrize(
    ("page", "told", "frames"),
    [
        (CELL_ROW, {LAYOUT.base: 16}, 6),
        (CELL_ROW, {LAYOUT.base: 15}, 5),
        (CELL_ROW, {LAYOUT.base: 1}, 1),
        (CELL_ROW, {LAYOUT.base: 48}, 16),
        # What the board has not told, or not told in earnest, may be all there can be.
        (CELL_ROW, {}, 16),
        (CELL_ROW, {LAYOUT.base: 0xFF}, 16),
        (SENSOR_ROW, {LAYOUT.base + 1: 7}, 1),
        (SENSOR_ROW, {LAYOUT.base + 1: 8}, 2),
        (SENSOR_ROW, {LAYOUT.base + 1: 0}, 1),
        (SENSOR_ROW, {}, 3),
        (MEASURED, {LAYOUT.base: 16}, 1),
    ],
)
def test_as_many_frames_are_awaited_as_the_board_has_cells_or_sensors_for(page, told, frames):
    asked = DIALECT.narrow(question(page), told)
    assert DIALECT.size(asked, b"\xa5\x01") == frames * FRAME_SIZE


@pytest.mark.parametrize(
    ("heard", "why"),
    [
        (b"x", "begins with a5"),
        (b"\xa5\x01", "begins with a5 and 40 to 4f, not with a501"),
        (framed("A540D908", bytes(8)), "0xD9 reads nothing"),
        (framed("A5409508", bytes(8))[:-1] + b"\0", "request's sum is 00"),
        (framed("A5409507", bytes(8)), "begins with a5409507, not with a5409508"),
    ],
)
def test_what_asks_for_nothing_is_no_request(heard, why):
    with pytest.raises(FrameError, match=why):
        DIALECT.asked(heard)


def test_a_request_that_has_not_come_whole_is_waited_for():
    request = DIALECT.ask(question(LAYOUT))
    assert [DIALECT.asked(request[:length]) for length in range(1, FRAME_SIZE)] == [None] * (FRAME_SIZE - 1)


def test_a_request_without_an_answer_is_explained():
    with pytest.raises(NothingToldError, match="asks unit 64 to read 6 registers at 0x9400"):
        memory_of(A5, DIALECT.ask(question(LAYOUT)), None)


def test_nothing_is_ever_written():
    """The sheet lists writes, and no recording proves one."""
    assert A5.capabilities is Capability.NONE
    for function in (5, 6, 16):
        with pytest.raises(FrameError, match="only read"):
            DIALECT.ask(question(LAYOUT, function=function, values=(1,)))
    with pytest.raises(FrameError, match="no command brings register 0xD900"):
        DIALECT.ask(question(LAYOUT, address=0xD900))


@pytest.mark.parametrize("cells", [0, 49, None])
def test_a_number_of_cells_that_cannot_be_is_no_daly(cells):
    with pytest.raises(ValueError, match="cells"):
        A5.info({"cell_count": cells})


def test_a_person_may_give_the_number_of_a_board_or_its_unit_id():
    assert [A5.unit(number) for number in (1, 16, 0x40, 0x4F)] == [0x40, 0x4F, 0x40, 0x4F]


# On a real link


class Boards:
    """A5 boards on one line, each with its own memory."""

    def __init__(self, *packs):
        self.memory = {0x40 + index: A5.encode(pack.reading(0.0), pack.info) for index, pack in enumerate(packs)}
        self.mute = set()
        """Commands that no board answers."""
        self.all_frames = False
        """They send every frame that there can be, with or without cells for it."""
        self.late = {}
        """s by which the answers of a unit come late."""
        self.commands = []

    async def talk(self, heard, say):
        asked, _ = DIALECT.asked(heard)
        self.commands.append(heard[2])
        if asked.unit not in self.memory or heard[2] in self.mute:
            return
        await asyncio.sleep(self.late.get(asked.unit, 0.0))
        memory = self.memory[asked.unit]
        say(DIALECT.wrap(asked, memory))
        if self.all_frames and heard[2] == 0x95:
            sent = CELL_ROW.frames(memory[LAYOUT.base])
            for number in range(sent + 1, 17):
                say(framed(f"A5{asked.unit - 0x3F:02X}9508", bytes((number,)) + bytes(7)))


@pytest.mark.parametrize("demand", [-37.0, 52.0])
async def test_read_over_a_real_link_it_says_what_the_pack_says(demand):
    pack = busy_pack()
    pack.demand = demand
    pack.step(5)
    async with own_line(A5, pack) as (driver, server):
        info = await driver.async_identify()
        agrees(await driver.async_read(), pack.reading(0.0), STEPS, UNTOLD)
        assert (info.manufacturer, info.model, info.cells, info.capacity) == ("Daly", "A5", 16, 280.0)
        assert server.unit_id == 0x40
        before = len(server.requests)
        await driver.async_apply(decide(charge=False))
        assert len(server.requests) == before


async def test_two_boards_on_one_serial_line_are_read_each_for_itself(tmp_path):
    one, two = busy_pack(seed=3), busy_pack(seed=4, cells=8)
    boards = Boards(one, two)
    async with adapter(tmp_path / "rs485", boards.talk) as line:
        wire = Wire(str(line.name), baudrate=9600)
        drivers = [A5.driver(wire.for_unit(A5.unit(number), A5.dialect), spacing=0.0) for number in (1, 2)]
        first, second = await asyncio.gather(*(driver.async_read() for driver in drivers))
        agrees(first, one.reading(0.0), STEPS, UNTOLD)
        agrees(second, two.reading(0.0), STEPS, UNTOLD)
        assert (len(first.cells), len(second.cells)) == (16, 8)
        await wire.close()


async def test_a_late_answer_of_one_board_is_not_taken_for_the_others():
    boards = Boards(busy_pack(seed=3), busy_pack(seed=4, cells=8))
    boards.late = {0x40: 0.15, 0x41: 0.3}
    async with gateway(boards.talk) as line:
        wire = Wire(line.url, baudrate=9600)
        hasty, patient = (wire.for_unit(unit, DIALECT) for unit in (0x40, 0x41))
        hasty.require_timeout(0.05)
        with pytest.raises(ModbusTimeoutError):
            await hasty.read_holding_registers(LAYOUT.base, 2)
        # Board 1's answer, of the same length, arrives while board 2 is asked.
        assert await patient.read_holding_registers(LAYOUT.base, 2) == [8, 4]
        await wire.close()


async def test_a_board_that_sends_frames_for_cells_that_it_has_not_is_read_all_the_same():
    pack = busy_pack()
    boards = Boards(pack)
    boards.all_frames = True
    async with gateway(boards.talk) as line:
        wire = Wire(line.url, baudrate=9600)
        driver = A5.driver(wire.for_unit(0x40, DIALECT), spacing=0.0)
        for _ in range(3):
            agrees(await driver.async_read(), pack.reading(0.0), STEPS, UNTOLD)
        await wire.close()


async def test_what_a_board_does_not_answer_is_asked_for_twice_and_then_no_more():
    now, boards = 0.0, Boards(busy_pack())
    boards.mute = {0x97, 0x98, 0x50}
    async with gateway(boards.talk) as line:
        wire = Wire(line.url, baudrate=9600)
        quick = replace(A5, timeout=0.05)
        driver = quick.driver(wire.for_unit(0x40, DIALECT), clock=lambda: now, spacing=0.0)
        for _ in range(4):
            reading = await driver.async_read()
            now += 61.0
        assert (reading.balancing, reading.alarms, reading.capacity, len(reading.cells)) == (None, None, None, 16)
        assert [boards.commands.count(command) for command in sorted(boards.mute)] == [2, 2, 2]
        await wire.close()


async def test_without_a_word_of_its_state_a_board_has_no_current_and_is_asked_for_it_again():
    now, boards = 0.0, Boards(busy_pack())
    boards.mute = {0x93}
    async with gateway(boards.talk) as line:
        wire = Wire(line.url, baudrate=9600)
        quick = replace(A5, timeout=0.05)
        driver = quick.driver(wire.for_unit(0x40, DIALECT), clock=lambda: now, spacing=0.0)
        for _ in range(3):
            reading = await driver.async_read()
            now += 61.0
        assert (reading.current, reading.switches) == (None, Switches())
        boards.mute = set()
        assert (await driver.async_read()).current == pytest.approx(-37.0, abs=0.5)
        await wire.close()


@pytest.mark.parametrize(("all_frames", "why"), [(False, "broke off after 65"), (True, "frame 3 came where frame 2")])
async def test_a_frame_that_was_lost_on_the_way_costs_the_cells_and_nothing_else(all_frames, why):
    boards = Boards(busy_pack())
    boards.all_frames = all_frames

    async def talk(heard, say):
        def lossy(answer):
            say(answer[:FRAME_SIZE] + answer[2 * FRAME_SIZE :] if answer[2:5] == b"\x95\x08\x01" else answer)

        await boards.talk(heard, lossy)

    async with gateway(boards.talk) as line:
        wire = Wire(line.url, baudrate=9600)
        unit = wire.for_unit(0x40, DIALECT)
        driver = replace(A5, timeout=0.1).driver(unit, spacing=0.0)
        whole = await driver.async_read()
        line.talk = talk
        with pytest.raises(ModbusProtocolError, match=why):
            await unit.read_holding_registers(CELL_ROW.base, CELLS)
        reading = await driver.async_read()
        assert (reading.cells, reading.cells_time) == (whole.cells, whole.cells_time)
        assert reading.current_time > whole.current_time
        await wire.close()


async def test_a_board_that_is_not_there_does_not_answer():
    async with own_line(replace(A5, timeout=0.1), busy_pack()) as (driver, server):
        server.unit_id = 0x41
        with pytest.raises(DriverError) as told:
            await driver.async_identify()
        assert told.value.key == "no_answer"
        assert not server.requests


async def test_what_no_command_brings_is_not_asked_for():
    wire = Wire("socket://127.0.0.1:1", baudrate=9600)
    with pytest.raises(ModbusProtocolError, match="no command brings register 0x0000"):
        await wire.for_unit(0x40, DIALECT).read_holding_registers(0, 1)


def test_a_served_pack_is_read_by_the_command_line():
    command = [sys.executable, str(WORKBENCH), "serve", "daly_a5", "--unit=2", "--cells=8", "--speed=0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as pack:
        try:
            told = json.loads(pack.stdout.readline())
            assert (told["device"], told["unit"]) == ("daly_a5", 0x41)
            done = run("read", "daly_a5", told["link"], "--unit", 2)
            assert (done.returncode, done.stderr) == (0, "")
            assert len(json.loads(done.stdout)["cells"]) == 8
        finally:
            pack.send_signal(signal.SIGINT)
            assert pack.wait(timeout=10) == 0
