"""JK's active balancer: frames of its own, read into registers of our own."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.jk_balancer_frames import ANSWER_SIZE, CELLS, DIALECT
from custom_components.home_bms.hw.driver import Capability, DeviceInfo, DriverError
from custom_components.home_bms.hw.frames import FrameError, NothingToldError, Request, memory_of
from custom_components.home_bms.hw.registers import Kind
from custom_components.home_bms.hw.virtual import VirtualServer
from custom_components.home_bms.hw.wire import Wire

from .line import own_line
from .real_link import busy_pack, decide
from .recorded import MemoryUnit, milli, same, vectors

BALANCER = DEVICES["jk_balancer"]
(VECTOR,) = (vector for vector in vectors("jk_balancer") if vector["id"] == "status_20s")
REQUEST, ANSWER = bytes.fromhex(VECTOR["request"]), bytes.fromhex(VECTOR["response"])
QUESTION = Request(unit=1, function=3, address=0, count=38)

pytestmark = pytest.mark.usefixtures("socket_enabled")


# The recordings' names: our field, and what makes their value ours.
WORDS = {
    "voltage_v": ("voltage", same),
    "avg_cell_v": ("cell_average", same),
    "cells_detected": ("cells_detected", same),
    "max_cell_idx": ("cell_max_index", same),
    "min_cell_idx": ("cell_min_index", same),
    "state": ("state", same),
    "alarm": ("alarm_bits", same),
    "delta_v": ("cell_difference", same),
    "balance_current_raw": ("balance_current", milli),
    "trigger_mv": ("balance_difference", milli),
    "max_balance_ma": ("balance_current_max", milli),
    "switch": ("balance", bool),
    "cells_configured": ("cell_count", same),
    "temp_c": ("board_temperature", same),
}


@pytest.mark.parametrize("vector", vectors("jk_balancer"), ids=lambda vector: vector["id"])
def test_every_recorded_value_is_read_as_its_source_says(vector):
    memory = memory_of(BALANCER, bytes.fromhex(vector["request"]), bytes.fromhex(vector["response"]))
    values = BALANCER.decode(memory)
    expected = dict(vector["expected"])
    assert list(BALANCER.reading(values, {}).cells) == expected.pop("cells_v")
    assert {name: values[WORDS[name][0]] for name in expected} == {
        name: WORDS[name][1](value) for name, value in expected.items()
    }


def test_the_recorded_frames_are_framed_again_byte_for_byte():
    assert DIALECT.ask(QUESTION) == REQUEST
    assert DIALECT.asked(REQUEST + b"more") == (QUESTION, len(REQUEST))
    assert DIALECT.wrap(QUESTION, DIALECT.unwrap(QUESTION, ANSWER)) == ANSWER


def test_a_recorded_status_reads_in_our_words():
    reading = BALANCER.reading(BALANCER.decode(memory_of(BALANCER, None, ANSWER)), {})
    assert (reading.voltage, reading.current, reading.soc) == (66.47, None, None)
    # Its sensor sits on the balancer: of the cells' temperatures it knows nothing.
    assert (reading.temperatures, reading.switch_temperature) == ((), 16.3)
    assert reading.commanded == Switches(balance=True)
    assert reading.balancing is False
    assert reading.alarms == {"cell_count_mismatch"}


READINGS = st.builds(
    PackReading,
    time=st.just(0.0),
    cells=st.lists(st.none() | st.integers(1, 0xFFFF).map(milli), min_size=1, max_size=CELLS).map(tuple),
    voltage=st.integers(0, 0xFFFF).map(lambda raw: raw / 100),
    switch_temperature=st.integers(-0x8000, 0x7FFF).map(lambda raw: round(raw / 10, 1)),
    commanded=st.builds(Switches, balance=st.booleans()),
    balancing=st.booleans(),
    balance_current=st.integers(-0x8000, 0x7FFF).map(milli),
    alarms=st.frozensets(st.sampled_from(["cell_count_mismatch", *(f"alarm_{bit}" for bit in range(1, 8))])),
)


@settings(max_examples=100, deadline=None)
@given(reading=READINGS, difference=st.integers(1, 0xFFFF).map(milli))
async def test_what_a_balancer_tells_survives_the_way_over_the_wire(reading, difference):
    info = DeviceInfo(
        manufacturer="Jikong",
        model="Active balancer",
        serial_number="",
        cells=len(reading.cells),
        hardware_ring=HardwareRing(balance_difference=difference),
    )
    frame = DIALECT.wrap(QUESTION, BALANCER.encode(reading, info))
    assert len(frame) == ANSWER_SIZE
    driver = BALANCER.driver(MemoryUnit(BALANCER, dict(memory_of(BALANCER, REQUEST, frame))), clock=lambda: 7.0)
    assert await driver.async_identify() == info
    expected = replace(reading, time=7.0, cells_time=7.0, temperatures_time=7.0, current_time=7.0)
    assert await driver.async_read() == replace(expected, hardware=info.hardware_ring)


@settings(max_examples=50, deadline=None)
@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    name=st.sampled_from(["voltage", "switch_temperature", "balance_current"]),
)
def test_a_value_beyond_the_frame_is_told_as_the_nearest_one(value, name):
    info = DeviceInfo(manufacturer="", model="", serial_number="")
    frame = DIALECT.wrap(QUESTION, BALANCER.encode(PackReading(time=0.0, **{name: value}), info))
    told = getattr(BALANCER.reading(BALANCER.decode(memory_of(BALANCER, REQUEST, frame)), {}), name)
    assert abs(told) <= abs(value) + 1


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=90))
def test_nonsense_is_never_a_reading(noise):
    with pytest.raises(FrameError):
        DIALECT.unwrap(QUESTION, noise)


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"", "begins with eb90"),
        (ANSWER[:-1], "73 bytes, not 74"),
        (ANSWER[:-1] + b"\0", "sum is 00"),
        (DIALECT.wrap(replace(QUESTION, unit=2), DIALECT.unwrap(None, ANSWER)), "unit 2 answers, but unit 1"),
    ],
)
def test_a_broken_answer_is_refused_with_the_reason(frame, why):
    with pytest.raises(FrameError, match=why):
        DIALECT.unwrap(QUESTION, frame)


def test_an_answer_to_another_command_brings_no_registers():
    body = ANSWER[:3] + b"\xf6" + ANSWER[4:-1]
    with pytest.raises(FrameError, match="command 0xF6"):
        DIALECT.unwrap(None, body + bytes((sum(body) & 0xFF,)))


@pytest.mark.parametrize(("heard", "size"), [(b"\xeb", ANSWER_SIZE), (ANSWER, ANSWER_SIZE)])
def test_an_answer_is_seen_coming(heard, size):
    assert DIALECT.size(QUESTION, heard) == size


@pytest.mark.parametrize("heard", [REQUEST, b"\xeb\x90\x02\xff", b"\xeb\x90\x01\xf6", b"\0"])
def test_an_echo_and_anothers_answer_begin_no_answer(heard):
    with pytest.raises(FrameError, match="begins with eb9001ff"):
        DIALECT.size(QUESTION, heard)


@pytest.mark.parametrize(
    ("heard", "why"),
    [(b"\xeb", "begins with"), (REQUEST[:-1] + b"\0", "sum is"), (b"\x55\xaa\x01\xf6\0\0\xf6", "reads")],
)
def test_what_asks_for_nothing_is_no_request(heard, why):
    with pytest.raises(FrameError, match=why):
        DIALECT.asked(heard)


def test_a_request_that_has_not_come_whole_is_waited_for():
    assert DIALECT.asked(REQUEST[:-1]) is None


def test_nothing_is_ever_written():
    """The sheet lists writes, and no recording proves one."""
    assert BALANCER.capabilities is Capability.NONE
    assert BALANCER.kind is Kind.CELLS
    for function in (5, 6, 16):
        with pytest.raises(FrameError, match="only read"):
            DIALECT.ask(replace(QUESTION, function=function, values=(1,)))


def test_a_request_without_an_answer_is_explained():
    with pytest.raises(NothingToldError, match="asks unit 1 to read 38 registers"):
        memory_of(BALANCER, REQUEST, None)
    with pytest.raises(NothingToldError, match="is broken"):
        memory_of(BALANCER, b"\x55\xaa", None)
    # An answer speaks for itself, whatever was asked.
    assert memory_of(BALANCER, b"\x01\x03", ANSWER) == memory_of(BALANCER, REQUEST, ANSWER)


@pytest.mark.parametrize("cells", [0, 25, None])
def test_a_number_of_cells_that_cannot_be_is_no_balancer(cells):
    with pytest.raises(ValueError, match="cells"):
        BALANCER.info({"cell_count": cells})


def test_a_balancer_without_cells_can_still_be_shown():
    memory = BALANCER.encode(PackReading(time=0.0), DeviceInfo(manufacturer="", model="", serial_number=""))
    assert BALANCER.reading(BALANCER.decode(memory), {}).cells == ()


# On a real link


async def test_read_over_a_real_link_it_says_what_the_pack_says():
    pack = busy_pack()
    async with own_line(BALANCER, pack) as (driver, server):
        info = await driver.async_identify()
        told, truth = await driver.async_read(), pack.reading(0.0)
        assert (info.cells, info.capacity) == (16, None)
        assert told.cells == pytest.approx(truth.cells, abs=0.0005)
        assert told.voltage == pytest.approx(truth.voltage, abs=0.005)
        assert told.commanded == Switches(balance=truth.commanded.balance)
        before = len(server.requests)
        await driver.async_apply(decide(balance=False, charge=False))
        assert len(server.requests) == before


async def test_noise_on_the_way_to_a_balancer_does_not_keep_it_from_answering():
    server = VirtualServer(busy_pack(), BALANCER)
    reader, writer = await asyncio.open_connection("127.0.0.1", await server.start_rtu_over_tcp())
    writer.write(b"\x55\x00" + REQUEST + REQUEST[:3])
    await writer.drain()
    writer.write(REQUEST[3:])
    async with asyncio.timeout(5):
        both = await reader.readexactly(2 * ANSWER_SIZE)
    assert both[:ANSWER_SIZE] == both[ANSWER_SIZE:]
    writer.close()
    await server.stop()
    await server.stop()


async def test_a_balancer_that_is_unplugged_or_silent_is_told_as_such():
    pack = busy_pack()
    async with own_line(BALANCER, pack) as (driver, server):
        await driver.async_identify()
        pack.inject("no_answer")
        with pytest.raises(DriverError) as silent:
            await driver.async_read()
        pack.clear()
        pack.inject("cable_pulled")
        with pytest.raises(DriverError) as pulled:
            await driver.async_read()
        pack.clear()
        assert (silent.value.key, pulled.value.key) == ("no_answer", "cannot_connect")
        assert len((await driver.async_read()).cells) == 16
        server.answer_delay = 0.05
        assert len((await driver.async_read()).cells) == 16


async def test_its_frames_are_served_on_tcp_only():
    server = VirtualServer(busy_pack(), BALANCER)
    with pytest.raises(OSError, match="served on TCP only"):
        await server.start_serial("/dev/nowhere")
    await server.stop()


async def test_a_line_of_its_own_is_served_once():
    server = VirtualServer(busy_pack(), BALANCER)
    await server.start_rtu_over_tcp()
    with pytest.raises(OSError, match="running already"):
        await server.start_rtu_over_tcp()
    await server.stop()


async def test_a_driver_of_a_line_that_leads_nowhere_says_so():
    wire = Wire("socket://127.0.0.1:1", baudrate=9600)
    with pytest.raises(DriverError) as told:
        await BALANCER.driver(wire.for_unit(1, DIALECT)).async_identify()
    assert told.value.key == "cannot_connect"
    await wire.close()
