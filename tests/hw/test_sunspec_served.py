"""The way of a pack into SunSpec models, and back."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import AskedLimits, HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.sunspec_events import BATTERY_EVENTS
from custom_components.home_bms.hw.driver import Capability, DeviceInfo
from custom_components.home_bms.hw.sunspec.memory import exponent_for, found_in, memory_with
from custom_components.home_bms.hw.sunspec.models import MODELS

from .recorded import MemoryUnit

SIGNS = [(DEVICES["sunspec_charging_positive"], 1), (DEVICES["sunspec_charging_negative"], -1)]
SUNSPEC, POSITIVE = DEVICES["sunspec"], DEVICES["sunspec_charging_positive"]
INFO = DeviceInfo(
    manufacturer="Voltline", model="Bank 10", serial_number="VL-77", firmware="1.2", cells=20, capacity=280.0
)
READING = PackReading(
    time=5.0,
    cells=tuple((3300 + index) / 1000 for index in range(20)),
    temperatures=(21.5, -4.2),
    current=-12.34,
    voltage=66.19,
    soc=63.21,
    soh=98.4,
    capacity=280.0,
    cycles=41,
    switches=Switches(charge=True, discharge=True),
    balancing=False,
    alarms=frozenset({"fan_fault"}),
)


def hundredths(low, high):
    return st.integers(low, high).map(lambda raw: raw / 100)


@st.composite
def readings(draw):
    cells = draw(st.lists(st.none() | st.integers(1, 0xFFFE).map(lambda raw: raw / 1000), min_size=1, max_size=40))
    sensors = draw(st.integers(0, len(cells)))
    switched = draw(st.booleans())
    return PackReading(
        time=0.0,
        cells=tuple(cells),
        temperatures=tuple(draw(st.integers(-0x7FFF, 0x7FFF)) / 10 for _ in range(sensors)),
        current=draw(st.none() | hundredths(-0x7FFF, 0x7FFF)),
        voltage=draw(hundredths(1, 0xFFFE)),
        soc=draw(st.none() | hundredths(0, 10000)),
        soh=draw(st.none() | st.integers(1, 1000).map(lambda raw: raw / 10)),
        capacity=280.0,
        cycles=draw(st.none() | st.integers(0, 2**32 - 2)),
        switches=Switches(charge=switched, discharge=switched),
        balancing=draw(st.none() | st.booleans()),
        alarms=draw(st.none() | st.frozensets(st.sampled_from(sorted(BATTERY_EVENTS.values())))),
        asked=draw(
            st.builds(
                AskedLimits,
                cvl=st.none() | hundredths(1, 1000),
                ccl=st.none() | hundredths(1, 14000),
                dcl=st.none() | hundredths(0, 16000),
            )
        ),
    )


@settings(max_examples=60, deadline=None)
@given(reading=readings(), way=st.sampled_from(SIGNS))
async def test_what_a_battery_tells_survives_the_way_over_the_wire(reading, way):
    device, _ = way
    info = replace(
        INFO,
        cells=len(reading.cells),
        temperature_sensors=len(reading.temperatures),
        hardware_ring=HardwareRing(charge_current=140.0, discharge_current=160.0),
    )
    driver = device.driver(MemoryUnit(device, device.encode(reading, info)), clock=lambda: 7.0)
    assert await driver.async_identify() == replace(info, hardware_ring=HardwareRing())
    assert driver.capabilities is Capability.NONE
    now = dict.fromkeys(("time", "cells_time", "temperatures_time", "current_time", "asked_time"), 7.0)
    ccl, dcl = (140.0, 160.0) if reading.switches.charge else (0.0, 0.0)
    asked = reading.asked
    if reading.switches.charge:
        ccl, dcl = (140.0 if asked.ccl is None else asked.ccl), (160.0 if asked.dcl is None else asked.dcl)
    # A battery that lets nothing through in either direction, and has not yet, may as well have nothing to tell.
    told = AskedLimits(cvl=asked.cvl, **({"ccl": ccl, "dcl": dcl} if ccl or dcl else {}))
    expected = replace(reading, **now, hardware=HardwareRing(), asked=told)
    if told == AskedLimits():
        expected = replace(expected, asked=None, asked_time=None)
    if "current_imbalance_warning" in (reading.alarms or ()):
        # A string has no such event.
        expected = replace(expected, alarms=reading.alarms | {"alarm_24"})
    assert await driver.async_read() == expected


@settings(max_examples=60, deadline=None)
@given(
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    name=st.sampled_from(["current", "voltage", "soc", "soh"]),
)
def test_a_value_beyond_the_registers_is_told_as_the_nearest_one(value, name):
    memory = POSITIVE.encode(replace(READING, **{name: value}), INFO)
    assert all(0 <= word <= 0xFFFF for word in memory.values())
    told = getattr(POSITIVE.reading(POSITIVE.decode(memory), {}), name)
    if value is None or told is None:
        assert told is None
    else:
        assert abs(told) <= abs(value) + 1


def test_alarms_without_an_event_are_told_as_another_and_the_rest_by_the_nearest():
    alarms = frozenset({"cell_overvoltage", "charge_undertemperature", "water_ingress"})
    memory = POSITIVE.encode(replace(READING, alarms=alarms), INFO)
    told = POSITIVE.reading(POSITIVE.decode(memory), {}).alarms
    assert told == {"pack_overvoltage", "battery_undertemperature", "other_alarm"}


def test_a_passive_balancer_shows_its_cells():
    bleed = tuple(index == 3 for index in range(20))
    memory = POSITIVE.encode(replace(READING, switches=Switches(charge=True, discharge=True, bleed=bleed)), INFO)
    cells = [cell for module in POSITIVE.decode(memory)["modules"] for cell in module["cell"]]
    assert [cell["CellSt"] for cell in cells] == [int(taken) for taken in bleed]
    assert POSITIVE.reading(POSITIVE.decode(memory), {}).balancing is True


def test_a_pack_that_knows_nothing_can_still_be_shown():
    nobody = DeviceInfo(manufacturer="", model="", serial_number="")
    told = SUNSPEC.decode(SUNSPEC.encode(PackReading(time=0.0), nobody))
    assert SUNSPEC.reading(told, {}) == PackReading(time=0.0)
    assert [mark.get("model") for mark in told["sunspec"]] == [None, 1, 802, 803, 804, None]


def test_a_switch_that_is_open_is_a_limit_of_zero():
    reading = replace(READING, switches=Switches(charge=False, discharge=True))
    told = POSITIVE.decode(POSITIVE.encode(reading, replace(INFO, hardware_ring=HardwareRing(discharge_current=90.0))))
    (points,) = told["battery"]
    assert (points["AChaMax"], points["ADisChaMax"], points["State"]) == (0, 90, 4)


@pytest.mark.parametrize(
    ("largest", "finest", "most", "exponent"),
    [(0.0, -3, 0x7FFF, -3), (32.767, -3, 0x7FFF, -3), (32.768, -3, 0x7FFF, -2), (1e6, -2, 0xFFFE, 2), (5.0, 0, 9, 0)],
)
def test_a_scale_is_as_fine_as_there_is_room(largest, finest, most, exponent):
    assert exponent_for(largest, finest, most) == exponent


def test_every_model_fills_the_length_that_its_header_tells():
    for kind in MODELS.values():
        parts = {kind.part: [{}, {}]} if kind.part else {}
        memory = memory_with([(kind, parts)], base=0)
        assert set(memory) == set(range(max(memory) + 1))
        assert memory[3] + 2 == kind.size + 2 * kind.stride * bool(kind.part)
        (mark,) = [mark for mark in found_in(memory)["sunspec"] if "model" in mark]
        assert mark == {"address": 2, "model": kind.number, "length": memory[3]}
