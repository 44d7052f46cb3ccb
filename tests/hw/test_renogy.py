"""Renogy's batteries: what was recorded, the way there and back, and that their coarse cells decide nothing."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import AskedLimits, HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.renogy import WHAT
from custom_components.home_bms.hw.devices.renogy_registers import PROTECTIONS, SENSING, WARNINGS, Settings
from custom_components.home_bms.hw.driver import Capability, DeviceInfo
from custom_components.home_bms.hw.frames import memory_of

from .real_link import agrees, busy_pack, served
from .recorded import MemoryUnit, vectors

RENOGY = DEVICES["renogy"]
VECTORS = vectors("renogy")
STEPS = {
    "cells": 0.1,
    "temperatures": 0.1,
    "current": 0.01,
    "voltage": 0.1,
    "switch_temperature": 0.1,
    "soc": 0.001,
    "capacity": 0.001,
    "cycles": 1,
}
# The recordings' names and our fields.
WORDS = {
    "serial": "serial_number",
    "model": "model",
    "fw": "firmware",
    "current_a": "current",
    "voltage_v": "voltage",
    "remaining_ah": "remaining_capacity",
    "capacity_ah": "full_capacity",
    "cycles": "cycles",
}
INFO = DeviceInfo(
    manufacturer="RENOGY",
    model="RBT100LFP12SH-G1",
    serial_number="PPTAH01123456789",
    firmware="0119",
    cells=4,
    capacity=100.0,
    temperature_sensors=3,
)


def decoded(vector):
    """Return a recorded vector's values."""
    return RENOGY.decode(memory_of(RENOGY, bytes.fromhex(vector["request"]), bytes.fromhex(vector["response"])))


# What was recorded


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_recorded_value_is_read_as_its_source_says(vector):
    values = decoded(vector)
    assert {name: values[WORDS[name]] for name in vector["expected"]} == vector["expected"]


def test_recorded_batteries_read_in_our_words():
    reading = RENOGY.reading(decoded(VECTORS[1]), {})
    assert (reading.current, reading.voltage, reading.capacity, reading.cycles) == (-0.86, 13.6, 100.0, 15)
    # It tells none, so it is what is left of what there was.
    assert reading.soc == pytest.approx(97.2)
    assert (reading.alarms, reading.switches) == (None, Switches())
    reading = RENOGY.reading(decoded(VECTORS[0]), {})
    assert reading.switches == Switches(charge=True, discharge=True)
    assert (reading.commanded, reading.alarms, reading.soc) == (Switches(), frozenset(), None)
    assert RENOGY.capabilities == Capability.NONE


def test_an_idle_battery_as_it_was_dumped():
    # The README of Grmume/renogy-smart-battery, in the registers of the sheet.
    words = {5000: 4, 5017: 3, 5035: 0, 5042: 0, 5043: 133, 5044: 1, 5045: 3743, 5046: 1, 5047: 34464, 5048: 0}
    words |= {5049: 148, 5050: 100, 5051: 5000, 5052: 55536}
    words |= dict.fromkeys(range(5001, 5005), 33) | dict.fromkeys(range(5005, 5017), 0)
    words |= dict.fromkeys(range(5018, 5021), 180) | dict.fromkeys(range(5021, 5034), 0)
    words |= dict(enumerate([37, 35, 30, 25, 550, 500, 50, 0, 12000, 10000, 6000, 148, 142, 120, 100, 600, 500], 5200))
    words |= dict(enumerate([65436, 65286, 50536, 52536, 54536], 5217))
    values = RENOGY.decode(words)
    reading = RENOGY.reading(values, {})
    assert (reading.cells, reading.temperatures) == ((3.3,) * 4, (18.0,) * 3)
    assert (reading.soc, reading.capacity) == (pytest.approx(69.279), 100.0)
    assert values["discharge_current_limit"] == -100.0
    info = RENOGY.info(values | {"model": "RBT100LFP12SH-G1"})
    assert info.hardware_ring == HardwareRing(
        charge_voltage=3.7,
        charge_current=100.0,
        discharge_current=130.0,
        charge_overtemperature=55.0,
        charge_undertemperature=0.0,
        discharge_overtemperature=60.0,
    )
    assert (info.cells, info.temperature_sensors, info.capacity) == (4, 3, 100.0)


def test_a_battery_without_a_full_capacity_has_no_charge():
    assert RENOGY.reading({"remaining_capacity": 5.0, "full_capacity": 0.0}, {}).soc is None


# Cells in steps of 0.1 V


def test_its_cells_are_shown_and_neither_protect_nor_permit():
    assert RENOGY.cell_resolution == 0.1
    config = configure(
        chemistry="lfp",
        cells=4,
        capacity=100.0,
        charge_current=50.0,
        discharge_current=100.0,
        temperature_sensors=3,
        cell_resolution=RENOGY.cell_resolution,
    )
    state = bms.start(config)
    for time in range(300):
        reading = PackReading(
            time=float(time),
            cells=(3.7, 3.3, 3.3, 2.4),
            cells_time=float(time),
            temperatures=(18.0, 18.1 + time % 2 / 10, 18.0),
            temperatures_time=float(time),
            current=0.0,
            voltage=13.2,
            current_time=float(time),
        )
        state, snapshot = bms.observe(config, state, reading)
    assert [alarm.key for alarm in snapshot.decision.alarms] == ["data_missing"]
    assert (snapshot.decision.ccl.value, snapshot.decision.dcl.value) == (0.0, 0.0)
    assert set(snapshot.believed.doubts.values()) == {"too_coarse"}
    assert snapshot.reading.cells == (3.7, 3.3, 3.3, 2.4)


def test_the_cells_own_limits_are_too_coarse_to_draw_levels_from():
    values = RENOGY.values(PackReading(time=0.0, cells=(3.3,) * 4), INFO) | {"cell_overvoltage": 3.7}
    assert RENOGY.info(values).hardware_ring.cell_overvoltage is None


# Alarms


def alarms(memory):
    words = dict.fromkeys(range(5100, 5110), 0) | memory
    return RENOGY.reading(RENOGY.decode(words), {}).alarms


@pytest.mark.parametrize(
    ("memory", "keys"),
    [
        ({5101: 0b01}, {"cell_1_low"}),
        ({5101: 0b10 << 2}, {"cell_2_high"}),
        ({5101: 0b11 << 14}, {"cell_8_fault"}),
        ({5100: 0b01}, {"cell_9_low"}),
        ({5100: 0b10 << 14, 5101: 0b01}, {"cell_16_high", "cell_1_low"}),
        ({5103: 0b10}, {"temperature_1_high"}),
        ({5104: 0b01 << 14}, {"board_temperature_low"}),
        ({5104: 0b10 << 2}, {"discharge_current_high"}),
        ({5105: 0b11}, {"other_0_fault"}),
        ({5108: 1 << 15}, {"cell_16_sensing_error"}),
        ({5106: 0b1110}, set()),
        ({5107: 0b1110_1001 << 8}, set()),
        ({5107: 0b1 << 9}, {"warning_9"}),
        ({5109: 0xFFFF}, set()),
    ],
)
def test_two_bits_tell_what_is_wrong_with_each_thing(memory, keys):
    assert alarms(memory) == keys


@pytest.mark.parametrize(("field", "names"), [(5106, PROTECTIONS), (5107, WARNINGS), (5108, SENSING)])
def test_every_bit_raises_a_key_of_its_own(field, names):
    for bit, name in enumerate(names):
        assert alarms({field: 1 << bit}) == ({name} if name else set())


@pytest.mark.parametrize(
    ("status", "switches"),
    [(0b010, Switches(charge=True, discharge=False)), (0b100, Switches(charge=False, discharge=True))],
)
def test_the_switches_are_seen(status, switches):
    assert RENOGY.reading({"status_1": status}, {}).switches == switches


# The map


def test_the_command_that_shuts_the_battery_down_is_not_even_read():
    addresses = {
        address
        for kind in RENOGY.components
        for field in kind.declared_fields.values()
        for address in RENOGY.addresses(kind, field)
    }
    assert 5222 not in addresses
    assert max(last for _, last in Settings.register_ranges) == 5221
    assert not RENOGY.orders


@pytest.mark.parametrize(("number", "unit"), [(1, 247), (2, 48), (247, 247), (48, 48)])
def test_a_battery_has_one_of_two_unit_ids(number, unit):
    assert RENOGY.unit(number) == unit


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"model": ""}, "no model where a Renogy"),
        ({"cell_count": 0}, "1 to 16 cells and 16 sensors, not 0 and 3"),
        ({"cell_count": 17}, "not 17 and 3"),
        ({"sensor_count": 17}, "not 4 and 17"),
    ],
)
def test_what_cannot_be_a_renogy_is_refused(changes, why):
    with pytest.raises(ValueError, match=why):
        RENOGY.info({"model": "RBT", "cell_count": 4, "sensor_count": 3} | changes)


def test_a_day_of_manufacture_is_no_serial_number():
    info = RENOGY.info({"model": "RBT100LFP12-BT", "cell_count": 4, "serial_number": "20210526"})
    assert (info.serial_number, info.fingerprint) == ("", "Renogy RBT100LFP12-BT 4S")


def test_a_cell_or_sensor_that_is_no_longer_counted_still_is():
    values = {"cell_count": 3, "sensor_count": 2, "cells": (3.3,) * 16, "temperatures": (18.0,) * 16}
    reading = RENOGY.reading(values, {"cell_count": 4, "sensor_count": 3})
    assert (len(reading.cells), len(reading.temperatures)) == (4, 3)


# There and back


TENTHS = st.integers(-0x8000, 0x7FFF).map(lambda raw: raw / 10)
KEYS = sorted(
    {
        *(f"{thing}_{ending}" for _, things in WHAT for thing in things[:1] for ending in ("low",)),
        *filter(None, (*PROTECTIONS, *WARNINGS, *SENSING)),
        *("cell_16_high", "temperature_3_fault", "board_temperature_high", "warning_12"),
    }
)
READINGS = st.builds(
    PackReading,
    time=st.just(0.0),
    cells=st.lists(st.integers(0, 0xFFFF).map(lambda raw: raw / 10), min_size=1, max_size=16).map(tuple),
    temperatures=st.lists(TENTHS, max_size=16).map(tuple),
    current=st.integers(-0x8000, 0x7FFF).map(lambda raw: raw / 100),
    # Beyond 2000 V the driver takes the whole answer for nonsense.
    voltage=st.integers(0, 20_000).map(lambda raw: raw / 10),
    switch_temperature=TENTHS,
    soc=st.integers(0, 100),
    capacity=st.integers(1000, 2**32 - 1).map(lambda raw: raw / 1000),
    cycles=st.integers(0, 0xFFFF),
    switches=st.builds(Switches, charge=st.booleans(), discharge=st.booleans()),
    alarms=st.frozensets(st.sampled_from(KEYS)),
)
RINGS = st.builds(
    HardwareRing,
    charge_current=st.integers(0, 300),
    discharge_current=st.integers(0, 300),
    charge_overtemperature=TENTHS,
    charge_undertemperature=TENTHS,
    discharge_overtemperature=TENTHS,
)


ASKED = st.none() | st.builds(
    AskedLimits,
    cvl=st.integers(1, 0xFFFF).map(lambda raw: raw / 10),
    ccl=st.integers(1, 0x7FFF).map(lambda raw: raw / 100),
    dcl=st.integers(0, 0x7FFF).map(lambda raw: raw / 100),
    charge_allowed=st.just(True),
    discharge_allowed=st.booleans(),
)


@settings(max_examples=80, deadline=None)
@given(reading=READINGS, ring=RINGS, asked=ASKED)
async def test_what_a_battery_tells_survives_the_way_over_the_wire(reading, ring, asked):
    reading = replace(reading, asked=asked)
    if asked is not None:
        # The charge voltage is told once, as a setting too.
        ring = replace(ring, charge_voltage=asked.cvl / len(reading.cells))
    info = replace(
        INFO,
        cells=len(reading.cells),
        temperature_sensors=len(reading.temperatures),
        capacity=reading.capacity,
        hardware_ring=ring,
    )
    driver = RENOGY.driver(MemoryUnit(RENOGY, RENOGY.encode(reading, info)), clock=lambda: 7.0)
    assert await driver.async_identify() == info
    now = dict.fromkeys(("time", "cells_time", "temperatures_time", "current_time"), 7.0)
    if asked is not None:
        now["asked_time"] = 7.0
    told = await driver.async_read()
    assert told.soc == pytest.approx(reading.soc, abs=0.1)
    assert replace(told, soc=reading.soc) == replace(reading, **now, hardware=ring)


@settings(max_examples=50, deadline=None)
@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    name=st.sampled_from(["current", "voltage", "capacity", "cycles", "switch_temperature"]),
)
def test_a_value_beyond_the_registers_is_told_as_the_nearest_one(value, name):
    encoded = RENOGY.encode(PackReading(time=0.0, cells=(3.3,) * 4, **{name: value}), INFO)
    assert all(0 <= word <= 0xFFFF for word in encoded.values())
    assert abs(getattr(RENOGY.reading(RENOGY.decode(encoded), {}), name)) <= abs(value) + 1


def test_a_pack_that_knows_nothing_can_still_be_shown():
    encoded = RENOGY.encode(PackReading(time=0.0), DeviceInfo(manufacturer="", model="", serial_number=""))
    assert set(encoded) == {address for area in RENOGY.areas for address in area}
    assert RENOGY.reading({}, {}) == PackReading(time=0.0)


# On a real link


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("rtu", [False, True])
async def test_a_virtual_pack_reads_the_same_over_a_real_link(rtu):
    pack = busy_pack(cells=4, capacity=100.0, temperature_sensors=3)
    async with served(RENOGY, pack, rtu=rtu) as (unit, server):
        assert server.unit_id == 247
        driver = RENOGY.driver(unit, spacing=0)
        info = await driver.async_identify()
        told = await driver.async_read()
    agrees(told, pack.reading(0), STEPS | {"soh": 0}, {"soh", "balancing", "commanded"})
    assert (info.cells, info.capacity, info.temperature_sensors) == (4, 100.0, 3)
    # Split at the registers that the battery does not answer.
    assert {(entry.function, entry.address, entry.count) for entry in server.requests} == {
        *((3, 5110, 30), (3, 5200, 22), (3, 5000, 34), (3, 5035, 18), (3, 5100, 10)),
    }
