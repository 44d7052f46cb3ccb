"""The TinyBMS: what its maker's examples say, the way there and back, waking it, and its own way to refuse."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modbus_connection import ModbusSerialParams, ModbusTimeoutError
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.core.model import HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.tinybms_registers import EVENTS, Log, Real, Serial
from custom_components.home_bms.hw.driver import Capability, DeviceInfo, DriverError
from custom_components.home_bms.hw.frames import (
    FrameError,
    NothingToldError,
    RefusedError,
    crc16,
    memory_of,
    parse_request,
)

from .real_link import agrees, busy_pack, served
from .recorded import MemoryUnit, vectors

TINY = DEVICES["tinybms"]
VECTORS = vectors("tinybms")
STEPS = {
    "cells": 0.0001,
    "temperatures": 0.1,
    "current": 0.0001,
    "voltage": 0.0001,
    "switch_temperature": 0.1,
    "soc": 0.000001,
    "soh": 0.002,
}
UNTOLD = {"capacity", "cycles", "switches", "commanded"}
INFO = DeviceInfo(
    manufacturer="Enepaq",
    model="TinyBMS s516",
    serial_number="0023000D3334510A36393131",
    hardware="2.1",
    firmware="1.242",
    cells=14,
    capacity=66.0,
    temperature_sensors=2,
    hardware_ring=HardwareRing(cell_overvoltage=4.2, cell_undervoltage=2.9),
)
# A device with 14 cells, as clarkni5/tinybms dumped it.
CELLS = (0, 0, 39710, 39720, 39710, 39730, 39730, 39750, 39850, 39860, 39750, 39740, 39730, 39740, 39850, 39850)
DUMP = dict(enumerate(CELLS))
DUMP |= {32: 0xF8D0, 33: 0x00D6, 36: 0xB53F, 37: 0x425E, 38: 0, 39: 0, 40: 3972, 41: 3986, 42: 0x8000, 43: 0x8000}
DUMP |= {46: 0xAA36, 47: 0x04CD, 48: 102, 50: 0x97, 51: 0, 52: 0, 53: 14, 113: 0x1907}
DUMP |= {300: 4150, 301: 3000, 303: 3200, 304: 1000, 306: 6600, 307: 14, 308: 15, 315: 4200, 316: 2900, 317: 60}
DUMP |= {318: 20, 319: 60, 320: 1, 500: 0x0102, 501: 0x0301, 502: 0xF2, 503: 0x0418}
DUMP |= dict.fromkeys(range(200, 298), 0) | {200: 0x1226, 201: 0x6500, 202: 0x4E2B, 203: 0x0203}


# What was recorded


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_recorded_vector_is_explained(vector):
    request, answer = bytes.fromhex(vector["request"]), bytes.fromhex(vector.get("response", ""))
    with pytest.raises(FrameError):
        memory_of(TINY, request, answer)
    if "framing" in vector:
        # The maker's own commands are no Modbus.
        return
    with pytest.raises(NothingToldError, match="only acknowledges: the request asks unit 170 to write 2 registers"):
        memory_of(TINY, request, answer)
    written = parse_request(request)
    values = TINY.decode({written.address + index: word for index, word in enumerate(written.values)})
    assert values["cell_overvoltage"] == vector["expected"]["reg315_ov_cutoff_mv"] / 1000
    assert values["cell_undervoltage"] == vector["expected"]["reg316_uv_cutoff_mv"] / 1000


def test_the_makers_example_of_cells_5_to_9_is_read():
    request, answer = bytes.fromhex("aa03000500058c13"), bytes.fromhex("aa030a97409740972c972c972c3ec7")
    reading = TINY.reading(TINY.decode(memory_of(TINY, request, answer)), {})
    assert reading.cells == (*[None] * 5, 3.872, 3.872, 3.87, 3.87, 3.87)


def test_a_dumped_device_reads_in_our_words():
    values = TINY.decode(DUMP)
    reading, info = TINY.reading(values, {}), TINY.info(values)
    # Such firmware counts the cells from the end of the row.
    assert reading.cells[:3] == (3.985, 3.985, 3.974)
    assert (len(reading.cells), reading.cells[-1]) == (14, 3.971)
    assert (reading.voltage, reading.current, reading.soc) == (55.67700, 0.0, 80.587318)
    assert (reading.temperatures, reading.switch_temperature, reading.balancing) == ((), 10.2, False)
    assert (reading.alarms, reading.switches) == (frozenset(), Switches())
    assert (info.cells, info.capacity, info.hardware, info.firmware) == (14, 66.0, "2.1", "1.242")
    assert (info.temperature_sensors, info.serial_number) == (0, "")
    assert info.hardware_ring == HardwareRing(
        cell_overvoltage=4.2,
        cell_undervoltage=2.9,
        charge_current=20,
        discharge_current=60,
        charge_overtemperature=60,
        discharge_overtemperature=60,
        charge_undertemperature=1,
        balance_start_voltage=3.2,
        balance_difference=0.015,
    )
    assert (values["temperature_highest"], values["temperature_lowest"]) == (25, 7)
    assert values["events"] == ((0x1226, "event_101"), (0x034E2B, "cell_undervoltage"))
    assert TINY.capabilities == Capability.NONE


# The order of the cells


@pytest.mark.parametrize(
    ("row", "count", "cells"),
    [
        ([4.0, 4.1, 4.2, 4.3] + [0] * 12, 4, (4.0, 4.1, 4.2, 4.3)),
        ([0] * 12 + [4.3, 4.2, 4.1, 4.0], 4, (4.0, 4.1, 4.2, 4.3)),
        # A wire is off at the far end; whose end that is still shows.
        ([0.0, 4.1, 4.2, 4.3] + [0] * 12, 4, (0.0, 4.1, 4.2, 4.3)),
        ([0] * 12 + [4.3, 4.2, 4.1, 0.0], 4, (0.0, 4.1, 4.2, 4.3)),
        ([0] * 16, 4, (0, 0, 0, 0)),
        ([4.0] * 15 + [4.1], 16, (4.0,) * 15 + (4.1,)),
        # On both sides: nobody knows which is which.
        ([4.0] * 16, 14, (None,) * 14),
    ],
)
def test_the_cells_are_counted_from_the_end_that_they_fill(row, count, cells):
    values = {"cell_row": tuple(row), "cell_count": count}
    assert TINY.reading(values, {}).cells == cells


# The sign of the current


@pytest.mark.parametrize(
    ("current", "status", "told"),
    [
        *((10.0, 0x91, 10.0), (-10.0, 0x91, None), (-0.5, 0x91, -0.5)),
        *((-10.0, 0x93, -10.0), (10.0, 0x93, None)),
        *((10.0, 0x96, 10.0), (-10.0, 0x97, -10.0), (10.0, None, 10.0), (None, 0x91, None)),
    ],
)
def test_a_current_against_what_the_device_says_of_itself_is_unknown(current, status, told):
    assert TINY.reading({"current": current, "status": status}, {}).current == told


def test_a_fault_is_an_alarm():
    assert TINY.reading({"status": 0x9B}, {}).alarms == {"device_fault"}


@pytest.mark.parametrize(
    ("now", "found", "shown"),
    [
        ({"temperature_1": 20.0, "temperature_2": None}, {}, (20.0,)),
        ({"temperature_1": None, "temperature_2": 21.0}, {}, (21.0,)),
        ({"temperature_1": 20.0, "temperature_2": None}, {"temperature_2": 21.0}, (20.0, None)),
    ],
)
def test_a_sensor_that_was_there_and_is_gone_is_unknown(now, found, shown):
    assert TINY.reading(now, found).temperatures == shown


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"series_cells": 3}, "4 to 16 cells, not 3"),
        ({"status": 0}, "0 is no state"),
        ({"cell_overvoltage": 0.0}, "cuts off between 1.2 and 4.5 V, not at 0.0"),
    ],
)
def test_what_cannot_be_a_tinybms_is_refused(changes, why):
    with pytest.raises(ValueError, match=why):
        TINY.info({"series_cells": 14, "status": 0x97, "cell_overvoltage": 4.2} | changes)


# Fields


def test_a_float_that_is_no_number_is_unknown():
    field = Real(36, unit="V")
    assert field.decode([0x23D7, 0x425F]) == 55.785
    assert field.decode([0, 0x7FC0]) is None
    assert field.decode([0, 0x7F80]) is None
    assert field.encode(None) == [0, 0]
    assert field.decode(field.encode(1e300)) == pytest.approx(3.4028e38, rel=1e-4)


@pytest.mark.parametrize(
    ("words", "text"),
    [([0x0023, 0x000D, 0x3334, 0x510A, 0x3639, 0x3131], INFO.serial_number), ([0] * 6, ""), ([0xFFFF] * 6, "")],
)
def test_the_serial_number_is_twelve_bytes(words, text):
    assert Serial(504, count=6).decode(words) == text
    assert Serial(504, count=6).encode(text) == (words if text else [0] * 6)


def test_an_event_says_when_and_what():
    log = Log(200, count=4)
    assert log.decode([0x4E2B, 0x03B9, 0, 0]) == ((0xB94E2B, EVENTS[3]),)
    assert log.encode(None) == [0] * 4


# Refusals of its own kind


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("aa000300", "refuses the command 0x03: it does not know the command"),
        ("aa001001", "refuses the command 0x10: the checksum was wrong"),
        ("aa000307", "error 7"),
    ],
)
def test_a_refusal_is_told_although_it_is_no_modbus_exception(answer, why):
    request, answer = bytes.fromhex("aa03000500058c13"), bytes.fromhex(answer)
    with pytest.raises(RefusedError, match=why) as told:
        memory_of(TINY, request, answer + crc16(answer))
    assert told.value.code is None
    with pytest.raises(FrameError, match="checksum is wrong"):
        memory_of(TINY, request, answer + b"\0\0")


@pytest.mark.usefixtures("socket_enabled")
async def test_a_refusal_on_a_real_link_gives_no_reading_and_ends():
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(256):
            writer.write(bytes.fromhex("aa000300") + crc16(bytes.fromhex("aa000300")))
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = ModbusConnection(
        ModbusSerialParams(device=f"socket://127.0.0.1:{port}", framer="rtu", baudrate=115200)
    )
    try:
        async with asyncio.timeout(10):
            with pytest.raises(DriverError) as told:
                await TINY.driver(connection.for_unit(170), spacing=0).async_identify()
        assert told.value.key in ("nonsense", "no_answer")
    finally:
        await connection.close()
        server.close()


# Waking it


class Sleepy(MemoryUnit):
    """A device that falls asleep when told to, and then answers the second request."""

    asleep = True

    async def read_holding_registers(self, address, count):
        if self.asleep:
            self.asleep = False
            self.wire.append((3, address, 0))
            raise ModbusTimeoutError
        return await super().read_holding_registers(address, count)


async def test_the_first_request_only_wakes_it():
    unit = Sleepy(TINY, DUMP | dict.fromkeys(set(range(54)) - set(DUMP), 0) | dict.fromkeys(range(321, 344), 0))
    unit.memory |= dict.fromkeys((*(302, 305, 309), *range(310, 315), *range(504, 510)), 0)
    driver = TINY.driver(unit, clock=lambda: 0.0)
    assert (await driver.async_identify()).cells == 14
    assert unit.wire[:2] == [(3, 500, 0), (3, 500, 4)]
    unit.wire.clear()
    unit.asleep = True
    assert (await driver.async_read()).voltage == 55.677
    assert unit.wire == [(3, 0, 0), (3, 0, 54)]


class Dead(MemoryUnit):
    """A device that never answers."""

    async def read_holding_registers(self, address, count):
        self.wire.append((3, address, count))
        raise ModbusTimeoutError


async def test_one_that_stays_silent_is_called_once_and_then_asked_as_any_other():
    unit = Dead(TINY, {})
    driver = TINY.driver(unit, clock=lambda: 0.0)
    for calls in (2, 1, 1):
        unit.wire.clear()
        with pytest.raises(DriverError) as told:
            await driver.async_identify()
        assert told.value.key == "no_answer"
        assert len(unit.wire) == calls


async def test_others_are_not_called_twice():
    unit = Dead(TINY, {})
    with pytest.raises(DriverError):
        await replace(TINY, wakes=False).driver(unit, clock=lambda: 0.0).async_identify()
    assert len(unit.wire) == 1


async def test_a_refusal_is_no_sleep():
    unit = MemoryUnit(TINY, {})
    with pytest.raises(DriverError) as told:
        await TINY.driver(unit, clock=lambda: 0.0).async_identify()
    assert told.value.key == "refused"
    assert len(unit.wire) == 1


# There and back


DEGREES = st.integers(-400, 1200).map(lambda raw: raw / 10)
READINGS = st.builds(
    PackReading,
    time=st.just(0.0),
    cells=st.lists(st.integers(5000, 50000).map(lambda raw: raw / 10000), min_size=4, max_size=16).map(tuple),
    temperatures=st.lists(DEGREES, max_size=2).map(tuple),
    current=st.integers(-100_000, 100_000).map(lambda raw: raw / 100),
    voltage=st.integers(0, 7000).map(lambda raw: raw / 100),
    switch_temperature=DEGREES,
    soc=st.integers(0, 100_000_000).map(lambda raw: round(raw * 1e-6, 6)),
    soh=st.integers(0, 50_000).map(lambda raw: round(raw * 0.002, 3)),
    balancing=st.booleans(),
    alarms=st.sampled_from([frozenset(), frozenset({"device_fault"})]),
)
RINGS = st.builds(
    HardwareRing,
    cell_overvoltage=st.integers(1200, 4500).map(lambda raw: raw / 1000),
    cell_undervoltage=st.integers(800, 3500).map(lambda raw: raw / 1000),
    charge_current=st.integers(1, 750),
    discharge_current=st.integers(1, 750),
    charge_undertemperature=st.integers(-40, 10),
    balance_start_voltage=st.integers(1000, 4500).map(lambda raw: raw / 1000),
    balance_difference=st.integers(15, 100).map(lambda raw: raw / 1000),
)


@settings(max_examples=80, deadline=None)
@given(reading=READINGS, ring=RINGS, heat=st.integers(20, 90))
async def test_what_a_device_tells_survives_the_way_over_the_wire(reading, ring, heat):
    ring = replace(ring, charge_overtemperature=heat, discharge_overtemperature=heat)
    sensors = len(reading.temperatures)
    info = replace(INFO, cells=len(reading.cells), temperature_sensors=sensors, hardware_ring=ring)
    driver = TINY.driver(MemoryUnit(TINY, TINY.encode(reading, info)), clock=lambda: 7.0)
    assert await driver.async_identify() == info
    now = dict.fromkeys(("time", "cells_time", "temperatures_time", "current_time"), 7.0)
    assert await driver.async_read() == replace(reading, **now, hardware=ring)


@settings(max_examples=50, deadline=None)
@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    name=st.sampled_from(["current", "voltage", "soc", "soh"]),
)
def test_a_value_beyond_the_registers_is_told_as_the_nearest_one(value, name):
    encoded = TINY.encode(PackReading(time=0.0, cells=(3.3,) * 8, **{name: value}), INFO)
    assert all(0 <= word <= 0xFFFF for word in encoded.values())
    assert abs(TINY.decode(encoded)[name]) <= abs(value) * 1.000001 + 1


def test_a_pack_that_knows_nothing_can_still_be_shown():
    encoded = TINY.encode(PackReading(time=0.0), DeviceInfo(manufacturer="", model="", serial_number=""))
    assert set(encoded) == {address for area in TINY.areas for address in area}
    assert TINY.reading({}, {}) == PackReading(time=0.0)


# On a real link


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("rtu", [False, True])
async def test_a_virtual_pack_reads_the_same_over_a_real_link(rtu):
    pack = busy_pack(cells=14, chemistry="nmc", temperature_sensors=2)
    async with served(TINY, pack, rtu=rtu) as (unit, server):
        assert server.unit_id == 170
        driver = TINY.driver(unit, spacing=0)
        info = await driver.async_identify()
        told = await driver.async_read()
    agrees(told, pack.reading(0), STEPS | {"capacity": 0, "cycles": 0}, UNTOLD)
    assert (info.cells, info.capacity, info.temperature_sensors) == (14, 280.0, 2)
    # A made-up serial number becomes the digits of its bytes, always the same ones.
    assert bytes.fromhex(info.serial_number).decode() == pack.info.serial_number
    assert {(entry.function, entry.address, entry.count) for entry in server.requests} == {
        *((3, 500, 4), (3, 504, 6), (3, 300, 44), (3, 0, 54)),
    }
