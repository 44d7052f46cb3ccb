"""JK packs on the bus of a master pack: heard, told apart, and never spoken to."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.jk_bulk import SIZE, bulk, wrap
from custom_components.home_bms.hw.devices.jk_bus import LIVE_PAGE, JkEar, talk
from custom_components.home_bms.hw.dialect import Told
from custom_components.home_bms.hw.driver import Capability, DriverError
from custom_components.home_bms.hw.frames import crc16
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.hw.wire import Wire

from .conftest import INFO, READING
from .line import Gateway, gateway, own_line
from .real_link import busy_pack, decide
from .recorded import vectors

JK, HEARD = DEVICES["jk_pb"], DEVICES["jk_pb_listen"]
QUICK = replace(HEARD, broadcast=replace(HEARD.broadcast, period=0.3))
RECORDED = [vector for vector in vectors("jk_pb") if vector.get("framing") == "jk_bulk"]

pytestmark = pytest.mark.usefixtures("socket_enabled")


def poll(unit: int, address: int = 0x1620) -> bytes:
    body = bytes((unit, 0x10)) + address.to_bytes(2, "big") + bytes.fromhex("0001020000")
    return body + crc16(body)


def acknowledged(unit: int, address: int = 0x1620) -> bytes:
    body = bytes((unit, 0x10)) + address.to_bytes(2, "big") + bytes.fromhex("0001")
    return body + crc16(body)


def frame(page: int = LIVE_PAGE, counter: int = 0, **changes: object) -> bytes:
    return wrap(page, JK.encode(replace(READING, **changes), INFO), counter)


def heard(*parts: bytes, ear: JkEar | None = None, start: float = 100.0, gap: float = 0.0) -> list[Told]:
    """Return what an ear makes of parts that come `gap` s apart, and of the silence after them."""
    ear, told = ear or JkEar(), []
    for index, part in enumerate(parts):
        told += ear.hear(part, start + index * gap)
    return told + ear.hear(b"", start + len(parts) * gap + 1.0)


def who(*told: Told) -> list[tuple[int, int]]:
    return [(each.unit, each.page) for each in told]


# Frames, and whose they are


@pytest.mark.parametrize("vector", RECORDED, ids=lambda vector: vector["id"])
def test_every_recorded_frame_is_told_with_the_unit_that_sent_it(vector):
    response, ack = bytes.fromhex(vector["response"]), bytes.fromhex(vector["trailing_ack"])
    told = heard(response + ack)
    assert who(*told) == [(ack[0], vector["frame_type"])]
    assert told[0].memory == bulk(response, None)


@pytest.mark.parametrize("vector", RECORDED, ids=lambda vector: vector["id"])
def test_a_recorded_frame_is_framed_again_as_far_as_the_map_goes(vector):
    response = bytes.fromhex(vector["response"])
    memory = bulk(response, None)
    again = wrap(response[4], memory, response[5])
    assert (len(again), again[:6]) == (SIZE, response[:6])
    assert bulk(again, None) == memory


def test_the_master_and_the_packs_that_it_polls_are_told_apart():
    stream = b"".join(
        (
            frame(2) + acknowledged(0),
            frame(1) + acknowledged(0, 0x161E),
            poll(1) + frame(2, counter=5, soc=11) + acknowledged(1),
            poll(2),
            poll(3) + frame(2, counter=5, soc=33) + acknowledged(3),
            poll(4),
        )
    )
    told = heard(stream)
    assert who(*told) == [(0, 2), (0, 1), (1, 2), (3, 2)]
    assert [JK.decode(each.memory).get("soc") for each in told] == [63, None, 11, 33]


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(1, 700), max_size=12), noise=st.binary(max_size=20))
def test_however_the_bytes_are_cut_the_same_is_heard(cuts, noise):
    stream = noise + poll(1) + frame(2, soc=11) + acknowledged(1) + b"\0\0" + frame(2) + b"\0\0" + acknowledged(0)
    edges = [0, *sorted(set(cuts)), len(stream)]
    assert heard(*(stream[a:b] for a, b in pairwise(edges))) == heard(stream)
    assert who(*heard(stream))[-2:] == [(1, 2), (0, 2)]


def test_a_frame_has_the_time_of_its_last_byte():
    whole = frame(2)
    told = heard(whole[:100], whole[100:], acknowledged(0), gap=0.01)
    assert [each.time for each in told] == [pytest.approx(100.01)]


def test_a_frame_whose_acknowledgement_is_lost_is_that_of_the_pack_that_was_just_asked():
    assert who(*heard(poll(3), frame(2), gap=0.05)) == [(3, 2)]
    garbled = bytearray(acknowledged(3))
    garbled[3] ^= 1
    assert who(*heard(poll(3), frame(2) + bytes(garbled) + poll(4), gap=0.05)) == [(3, 2)]


def test_what_the_master_tells_after_a_poll_in_vain_is_not_the_absent_packs():
    assert who(*heard(poll(15), frame(2) + acknowledged(0), gap=0.05)) == [(0, 2)]
    # Without the acknowledgement it is nobody's.
    assert heard(poll(15), frame(2), gap=0.3) == []


def test_a_frame_that_nobody_claims_is_dropped():
    assert heard(frame(2)) == []
    assert heard(poll(3, 0x161E), frame(2)) == []
    assert heard(poll(3) + b"\xaa" + frame(2)) == []
    assert heard(frame(2) + acknowledged(0, 0x161E)) == []
    assert heard(frame(2), acknowledged(0), gap=0.5) == []
    assert heard(acknowledged(0)) == []


def test_a_write_to_another_register_claims_nothing():
    assert heard(poll(3, 0x1070) + frame(2)) == []
    assert heard(frame(2) + acknowledged(3, 0x1070)) == []


def test_a_page_that_nobody_knows_is_passed_over():
    log = bytearray(frame(2))
    log[4] = 5
    log[-1] = sum(log[:-1]) & 0xFF
    assert who(*heard(bytes(log) + acknowledged(0), frame(2) + acknowledged(0))) == [(0, 2)]


@settings(max_examples=150, deadline=None)
@given(noise=st.binary(max_size=700))
def test_nonsense_is_never_a_page(noise):
    assert heard(noise) == []


def test_a_garbled_frame_is_no_page_and_does_not_swallow_the_next():
    garbled = bytearray(frame(2))
    garbled[50] ^= 1
    assert who(*heard(bytes(garbled) + acknowledged(0) + poll(1) + frame(2) + acknowledged(1))) == [(1, 2)]


def test_a_frame_that_broke_off_is_not_filled_up_with_what_comes_later():
    assert who(*heard(frame(2)[:200], frame(2) + acknowledged(0), gap=0.3)) == [(0, 2)]


def test_two_frames_without_acknowledgements_in_between_are_both_told():
    assert who(*heard(poll(1) + frame(2) + poll(2) + frame(2) + acknowledged(2))) == [(1, 2), (2, 2)]
    assert who(*heard(poll(1) + frame(2) + frame(2) + acknowledged(0))) == [(1, 2), (0, 2)]


# The driver


class Bus:
    """What a test lets pass on the bus, on a real socket, and a clock that it moves."""

    def __init__(self, line: Gateway, unit: int) -> None:
        self.now = 1000.0
        self.line = line
        self.wire = Wire(line.url, baudrate=115200, listens=True, clock=lambda: self.now)
        self.driver = QUICK.driver(self.wire.for_unit(unit), clock=lambda: self.now)
        self._count = 0
        self.wire.listen(self._note)

    def _note(self, data: bytes, now: float) -> None:
        self._count += len(data)

    async def say(self, data: bytes) -> None:
        """Say something and wait until it was heard."""
        await self.wire.connect()
        due = self._count + len(data)
        async with asyncio.timeout(5):
            while not self.line.connections:  # noqa: ASYNC110 - the other end of a socket
                await asyncio.sleep(0.01)
            self.line.say(data)
            while self._count < due:  # noqa: ASYNC110 - the other end of a socket
                await asyncio.sleep(0.005)

    async def found(self, *parts: bytes):
        """Have the pack found while these parts pass."""
        finding = asyncio.ensure_future(self.driver.async_identify())
        for part in parts:
            await self.say(part)
        return await finding


@pytest.fixture
async def line():
    async with gateway() as found:
        yield found


@pytest.fixture
async def bus(line):
    found = Bus(line, unit=0)
    yield found
    await found.wire.close()
    assert line.heard == [], "something was sent"


OWN = frame(2) + acknowledged(0)
SETTINGS = frame(1) + acknowledged(0, 0x161E)


async def test_a_master_is_found_by_its_state_and_its_settings(bus):
    info = await bus.found(OWN, SETTINGS)
    assert (info.manufacturer, info.model, info.serial_number) == ("Jikong", "PB, listened to", "")
    assert (info.cells, info.capacity, info.chemistry, info.temperature_sensors) == (16, 280.0, "lfp", 4)
    assert info.hardware_ring == INFO.hardware_ring
    assert info.fingerprint == "Jikong PB, listened to 16S"
    assert bus.driver.capabilities is Capability.NONE
    assert await bus.driver.async_read() == replace(
        READING,
        time=1000.0,
        hardware=INFO.hardware_ring,
        cells_time=1000.0,
        temperatures_time=1000.0,
        current_time=1000.0,
        asked_time=1000.0,
    )


async def test_the_times_of_a_reading_are_those_of_its_frame(bus):
    await bus.found(OWN, SETTINGS)
    bus.now += 0.5
    reading = await bus.driver.async_read()
    assert (reading.time, reading.cells_time, reading.current_time) == (1000.5, 1000.0, 1000.0)
    assert reading.sleep_in == 86400 - 0.5
    await bus.say(frame(2, soc=64, sleep_in=None) + acknowledged(0))
    reading = await bus.driver.async_read()
    assert (reading.soc, reading.cells_time, reading.sleep_in) == (64, 1000.5, None)


async def test_a_polled_pack_that_tells_no_settings_is_found_in_the_second_round(line):
    bus = Bus(line, unit=2)
    mine = poll(2) + frame(2, counter=5) + acknowledged(2)
    info = await bus.found(OWN, mine, SETTINGS, mine)
    assert (info.cells, info.capacity, info.chemistry) == (16, 279.5, None)
    assert info.hardware_ring.cell_overvoltage is None
    reading = await bus.driver.async_read()
    assert reading.commanded.charge is None
    await bus.wire.close()
    assert line.heard == []


async def test_settings_that_come_later_are_taken_over(bus):
    await bus.found(OWN, OWN)
    assert bus.driver.info.hardware_ring.cell_overvoltage is None
    await bus.say(SETTINGS)
    before = (await bus.driver.async_read(), bus.driver.info)[1]
    assert before.hardware_ring == INFO.hardware_ring
    await bus.driver.async_read()
    # The same identity is the same object, which the supervisor goes by.
    assert bus.driver.info is before


async def test_a_page_of_identity_tells_the_versions_and_no_serial_number(bus):
    """It passes only when somebody asks for it, so at the next start it would be missing."""
    info = await bus.found(frame(3) + acknowledged(0, 0x161C), OWN, SETTINGS)
    assert (info.hardware, info.firmware, info.serial_number) == ("15A", "15.41", "")


async def test_two_serial_numbers_on_one_unit_are_two_packs(bus):
    await bus.found(OWN, SETTINGS, frame(3) + acknowledged(0, 0x161C))
    await bus.driver.async_read()
    other = wrap(3, JK.encode(READING, replace(INFO, serial_number="999")))
    await bus.say(other + acknowledged(0, 0x161C))
    with pytest.raises(DriverError) as told:
        await bus.driver.async_read()
    with pytest.raises(DriverError) as again:
        await bus.found(OWN, SETTINGS)
    assert (told.value.key, again.value.key) == ("identity_changed", "identity_changed")
    assert bus.driver.info.serial_number == ""


async def test_a_pack_that_is_not_there_is_not_waited_for_for_ever(line):
    wire = Wire(line.url, baudrate=115200, listens=True)
    driver = QUICK.driver(wire.for_unit(7))
    with pytest.raises(DriverError) as early:
        _ = driver.info
    with pytest.raises(DriverError, match="not heard in a whole round") as told:
        await driver.async_read()
    assert (early.value.key, told.value.key) == ("no_answer", "no_answer")
    await wire.close()
    assert line.heard == []


async def test_a_pack_that_fell_silent_no_longer_answers_and_the_line_is_made_anew(bus, line):
    await bus.found(OWN, SETTINGS)
    bus.now += 3.0
    assert (await bus.driver.async_read()).cells_time == 1000.0
    bus.now += 4.0
    with pytest.raises(DriverError, match="last heard 7 s ago") as told:
        await bus.driver.async_read()
    assert told.value.key == "no_answer"
    assert not bus.wire.connected
    await bus.say(OWN)
    assert (await bus.driver.async_read()).cells_time == 1007.0
    assert line.connections == 2


async def test_a_frame_whose_acknowledgement_never_comes_is_taken_when_the_bus_is_silent(line):
    bus = Bus(line, unit=2)
    await bus.say(poll(2) + frame(2))
    finding = asyncio.ensure_future(bus.driver.async_identify())
    await asyncio.sleep(0.05)
    bus.now += 0.4
    info = await finding
    assert info.cells == 16
    await bus.wire.close()


async def test_a_line_that_leads_nowhere_is_told():
    wire = Wire("socket://127.0.0.1:1", baudrate=115200, listens=True)
    with pytest.raises(DriverError) as told:
        await QUICK.driver(wire.for_unit(0)).async_read()
    assert told.value.key == "cannot_connect"
    await wire.close()


async def test_a_pack_without_cells_is_nonsense(bus):
    empty = frame(2, cells=())
    with pytest.raises(DriverError) as told:
        await bus.found(empty + acknowledged(0), empty + acknowledged(0))
    assert told.value.key == "nonsense"


def test_only_a_device_that_talks_can_be_listened_to():
    with pytest.raises(TypeError, match="cannot be listened to"):
        replace(HEARD, broadcast=None).driver(None)


# A virtual bus


@pytest.mark.parametrize("unit", [0, 1, 15])
async def test_a_virtual_bus_is_heard_over_a_real_link(unit):
    pack = busy_pack()
    quick = replace(QUICK, unit_ids=range(unit, unit + 1))
    async with own_line(quick, pack) as (driver, server):
        info = await driver.async_identify()
        told, truth = await driver.async_read(), pack.reading(0.0)
        assert told.cells == pytest.approx(truth.cells, abs=0.0005)
        assert (told.current, told.voltage) == pytest.approx((truth.current, truth.voltage), abs=0.001)
        assert (info.hardware_ring.cell_overvoltage is None) is (unit != 0)
        await driver.async_apply(decide(charge=False))
        await driver.async_release()
        assert not server.requests


async def test_a_virtual_bus_can_fall_silent_and_be_cut():
    pack: VirtualPack = busy_pack()
    server = VirtualServer(pack, QUICK, unit_id=0)
    port = await server.start_rtu_over_tcp()
    pack.inject("no_answer")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await reader.read(1)
    pack.clear()
    async with asyncio.timeout(5):
        assert await reader.readexactly(4) == b"\x55\xaa\xeb\x90"
        pack.inject("cable_pulled")
        while await reader.read(4096):
            pass
    writer.close()
    await server.stop()
    assert next(iter(talk(3, JK.encode(READING, INFO)))) == poll(1)
