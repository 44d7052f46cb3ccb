"""EG4 LL packs and their master: what was recorded, the way there and back, and which of the two answers."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import AskedLimits, HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.eg4_registers import ERRORS, PROTECTIONS, WARNINGS, Bytes
from custom_components.home_bms.hw.driver import Capability, DeviceInfo, DriverError
from custom_components.home_bms.hw.frames import memory_of

from .real_link import agrees, busy_pack, served
from .recorded import MemoryUnit, same, vectors

EG4, MASTER = DEVICES["eg4_ll"], DEVICES["eg4_ll_master"]
VECTORS = vectors("eg4_ll")
STEPS = {
    "cells": 0.001,
    "temperatures": 1,
    "current": 0.01,
    "voltage": 0.01,
    "switch_temperature": 1,
    "soc": 1,
    "soh": 1,
    "capacity": 0.0001,
    "cycles": 1,
}
INFO = DeviceInfo(
    manufacturer="EG4",
    model="LFP-51.2V100Ah-V1.0",
    serial_number="LL1234567890123",
    firmware="Z02T04",
    cells=16,
    capacity=100.0,
    temperature_sensors=4,
)


def number(text):
    return int(text, 16)


# The recordings' names: our field, and what makes their value ours.
WORDS = {
    "voltage_v": ("voltage", same),
    "current_raw": ("current", lambda raw: raw / 100),
    "current_a": ("current", same),
    "pcb_temp_c": ("mos_temperature", same),
    "temp_19_c": ("temperature_19", same),
    "temp_20_c": ("temperature_20", same),
    "cap_remaining_raw": ("remaining_capacity", same),
    "max_charge_current_raw": ("charge_current_max", same),
    "soh": ("soh", same),
    "soc": ("soc", same),
    "status": ("status", number),
    "warning": ("warning_bits", number),
    "protection": ("protection_bits", number),
    "error": ("error_bits", number),
    "cycles": ("cycles", same),
    "full_capacity_mas": ("full_capacity_raw", same),
    "temps_c": ("temperatures", tuple),
    "cell_count": ("cell_count", same),
    "designed_capacity_ah": ("design_capacity", same),
    "balance_mask": ("balance_mask", number),
    "model": ("model", same),
    "fw": ("firmware", same),
    "serial": ("serial_number", same),
    "soc_bank_pct": ("soc", same),
    "bank_min_voltage_v": ("voltage", same),
    "temp_max_c": ("temperature_max", same),
    "total_remaining_ah": ("remaining_capacity_wrapped", same),
}


def recorded(vector):
    """Return the memory that a recorded vector brings."""
    if found := vector.get("registers"):
        return {int(address): word for address, word in found.items()}
    return memory_of(EG4, bytes.fromhex(vector["request"]), bytes.fromhex(vector["response"]))


# What was recorded


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_recorded_value_is_read_as_its_source_says(vector):
    memory, expected = recorded(vector), dict(vector["expected"])
    values, layout = EG4.decode(memory), EG4.layout(memory)
    reading = layout.reading(values, {})
    expected.pop("note", None)
    for name in ("cell_voltages_v", "cells_1_10_v"):
        if cells := expected.pop(name, None):
            assert list(reading.cells) == cells
    for name in ("full_capacity_ah", "total_full_ah"):
        if capacity := expected.pop(name, None):
            assert reading.capacity == capacity
    assert {name: values[WORDS[name][0]] for name in expected} == {
        name: WORDS[name][1](value) for name, value in expected.items()
    }
    assert (layout is MASTER) == ("master" in vector["id"])


def test_a_recorded_pack_reads_in_our_words():
    values = EG4.decode(recorded(VECTORS[0])) | EG4.decode(recorded(VECTORS[1]))
    reading = EG4.reading(values, {})
    assert (reading.current, reading.voltage, reading.soc, reading.soh) == (1.2, 53.66, 97, 100)
    assert (reading.temperatures, reading.switch_temperature) == ((24, 24, 24, 24), 25)
    assert (reading.capacity, reading.cycles, reading.balancing) == (100.0, 11, False)
    assert (reading.alarms, reading.switches) == (frozenset(), Switches())
    info = EG4.info(values)
    assert (info.model, info.firmware, info.cells, info.capacity) == ("LFP-51.2V100Ah-V1.0", "Z02T04", 16, 100.0)
    # The day on which it was made is no serial number.
    assert info.serial_number == ""
    assert info.hardware_ring == HardwareRing()
    assert EG4.capabilities == MASTER.capabilities == Capability.NONE


# A master and its packs


def test_a_master_shows_the_bank_and_its_own_cells_and_permits_nothing_by_them():
    memory = recorded(VECTORS[2]) | {41: 16} | {113 + index: 3285 + index for index in range(16)}
    reading = MASTER.reading(MASTER.decode(memory), {})
    assert (reading.soc, reading.voltage, reading.capacity, reading.cycles) == (59, 52.54, 840.0, 19)
    assert reading.cells[0] == 3.285
    assert len(reading.cells) == 16
    # It tells the highest temperature alone; whether a cell is too cold nobody knows.
    assert (reading.temperatures, MASTER.info(MASTER.decode(memory)).temperature_sensors) == ((), 0)


@pytest.mark.parametrize(
    ("remaining", "full", "soc", "design", "capacity"),
    [
        (498.0, 184.64, 59, None, 840.0),
        (498.0, 184.64, 59, 280.0, 840.0),
        (498.0, 184.64, 59, 840.0, 840.0),
        (50.0, 100.0, 50, None, 100.0),
        (0.0, 280.0, 0, 280.0, 280.0),
        # 1400 Ah, 700 left: both registers have turned over.
        (44.64, 89.28, 50, 280.0, 1400.0),
        # Worn packs have less than they were made for, and a little more than that is nothing.
        (381.0, 106.64, 50, 280.0, 762.0),
        (500.0, 600.0, 13, 100.0, None),
        (0.0, 0.0, 50, 100.0, None),
        (50.0, 100.0, None, None, None),
    ],
)
def test_a_banks_capacity_agrees_with_its_charge_and_its_packs(remaining, full, soc, design, capacity):
    values = {"remaining_capacity_wrapped": remaining, "full_capacity_wrapped": full, "soc": soc}
    assert MASTER.reading(values | {"design_capacity": design}, {}).capacity == capacity
    assert MASTER.reading({"soc": soc}, {}).capacity is None


def memory(device, **changes):
    reading = PackReading(
        time=0.0,
        cells=(3.3,) * 16,
        temperatures=(20, 21, 22, 23),
        current=-3.0,
        voltage=52.8,
        switch_temperature=25,
        soc=85,
        soh=99,
        capacity=100.0,
        cycles=7,
        **changes,
    )
    return dict.fromkeys(range(136), 0) | device.encode(reading, INFO)


async def test_a_master_is_not_taken_for_a_pack_and_no_pack_for_a_master():
    # Its own cells stand where a pack has its name, which may even be readable.
    words = memory(MASTER) | dict.fromkeys(range(105, 113), 0x4142)
    with pytest.raises(DriverError, match="a master that tells of all packs"):
        await EG4.driver(MemoryUnit(EG4, words), clock=lambda: 0.0).async_identify()
    with pytest.raises(DriverError, match="tells of itself"):
        await MASTER.driver(MemoryUnit(MASTER, memory(EG4)), clock=lambda: 0.0).async_identify()


async def test_a_pack_that_becomes_the_master_is_noticed_within_ten_seconds():
    now = 0.0
    unit = MemoryUnit(MASTER, memory(MASTER))
    driver = MASTER.driver(unit, clock=lambda: now)
    assert (await driver.async_read()).soc == 85
    unit.memory = memory(EG4)
    now = 10.0
    # The link never failed, so the old word holds until it is looked at again.
    await driver.async_read()
    with pytest.raises(DriverError, match="tells of itself"):
        await driver.async_identify()


@pytest.mark.parametrize("head", [[], [0] * 19, [0, 0, 97, 59, *[0] * 15]])
def test_at_most_two_registers_that_tell_something_are_a_masters(head):
    assert EG4.layout(dict(enumerate(head)) | {21: 59}) is MASTER


@pytest.mark.parametrize("memory", [{0: 5256, 2: 3285, 3: 3286, 21: 5}, {105: 0x4C46}, {45: 3}, {113: 3285}])
def test_whatever_else_is_a_packs(memory):
    assert EG4.layout(memory) is EG4


# The map


@pytest.mark.parametrize(
    ("field", "names", "unknown"), [(26, WARNINGS, "warning"), (27, PROTECTIONS, "protection"), (28, ERRORS, "error")]
)
def test_every_bit_raises_a_key_of_its_own(field, names, unknown):
    raised = []
    for bit in range(16):
        (key,) = EG4.reading(EG4.decode(dict.fromkeys(range(19), 7) | {field: 1 << bit}), {}).alarms
        assert key == ((names[bit] if bit < len(names) else "") or f"{unknown}_{bit}")
        raised.append(key)
    assert len(set(raised)) == 16


def test_a_masters_alarms_stand_elsewhere():
    assert MASTER.reading(MASTER.decode({20: 1 << 13}), {}).alarms == {"discharge_short_circuit"}
    assert MASTER.reading(MASTER.decode({34: 1}), {}).alarms == {"pack_overvoltage_warning"}


def test_temperatures_are_signed_bytes_the_high_one_first():
    field = Bytes(33, count=3)
    assert field.decode([0x18FF, 0x0080, 0x7F00]) == (24, -1, 0, -128, 127, 0)
    assert field.encode((24, -1, 0, -128, 127, None)) == [0x18FF, 0x0080, 0x7F00]
    assert field.encode(()) == [0, 0, 0]


@pytest.mark.parametrize(
    ("now", "found", "shown"),
    [
        ((20, 21, 0, 23, 0, 0), (), (20, 21, 0, 23)),
        ((20, 21, 22, 23, 24, 0), (), (20, 21, 22, 23, 24)),
        ((20, 21, 22, 23, 0, -5), (), (20, 21, 22, 23, 0, -5)),
        ((20, 21, 22, 23, 0, 0), (20, 21, 22, 23, 24, 25), (20, 21, 22, 23, 0, 0)),
    ],
)
def test_the_last_two_sensors_count_once_they_have_shown_something(now, found, shown):
    assert EG4.reading({"temperatures": now}, {"temperatures": found}).temperatures == shown


def test_the_current_of_a_12_volt_pack_is_unknown():
    values = EG4.decode(recorded(VECTORS[0])) | {"cell_count": 4}
    reading = EG4.reading(values, {})
    assert (reading.current, len(reading.cells), values["current"]) == (None, 4, 1.2)


def test_settings_are_shown_and_no_limits_are_drawn_from_them():
    values = EG4.decode({67: 3600, 68: 3650, 69: 3400, 91: 45, 94: 105, 80: 10000, 89: 0x0305})
    assert (values["cell_overvoltage"], values["charge_undertemperature"], values["charge_overtemperature"]) == (
        *(3.65, -5.0, 55.0),
    )
    assert (values["charge_overcurrent"], values["charge_retries"], values["discharge_retries"]) == (100.0, 3, 5)
    assert EG4.info({"model": "LFP", "cell_count": 16, "cells": (3.3,) * 16} | values).hardware_ring == HardwareRing()


@pytest.mark.parametrize(
    ("device", "values", "why"),
    [
        (EG4, {}, "no model where an EG4"),
        (EG4, {"model": "LFP", "cells": (3.3,) * 16, "cell_count": 17}, "1 to 16 cells, not 17"),
        (MASTER, {"cell_count": 0}, "1 to 16 cells, not 0"),
    ],
)
def test_what_cannot_be_such_a_pack_is_refused(device, values, why):
    with pytest.raises(ValueError, match=why):
        device.info(values)


CELLS = st.lists(st.integers(500, 5000).map(lambda raw: raw / 1000), min_size=5, max_size=16).map(tuple)
COMMON = {
    "time": st.just(0.0),
    "cells": CELLS,
    "current": st.integers(-0x8000, 0x7FFF).map(lambda raw: raw / 100),
    "voltage": st.integers(1, 0xFFFF).map(lambda raw: raw / 100),
    "soc": st.integers(0, 100),
    "soh": st.integers(0, 100),
}
OF_EG4 = st.builds(
    PackReading,
    **COMMON,
    temperatures=st.lists(st.integers(-128, 127).filter(bool), min_size=4, max_size=6).map(tuple),
    switch_temperature=st.integers(-0x8000, 0x7FFF),
    capacity=st.integers(0, 0xFFFFFFFF).map(lambda raw: raw / 3_600_000),
    cycles=st.integers(0, 0xFFFFFFFF),
    balancing=st.booleans(),
    alarms=st.frozensets(
        st.sampled_from(sorted({*filter(None, (*WARNINGS, *PROTECTIONS, *ERRORS)), "error_3", "warning_15"}))
    ),
)
OF_MASTER = st.builds(
    PackReading,
    **COMMON,
    cycles=st.integers(0, 0xFFFF),
    alarms=st.frozensets(st.sampled_from(sorted({*WARNINGS, *PROTECTIONS, "warning_14", "protection_15"}))),
)


@settings(max_examples=80, deadline=None)
@given(reading=OF_EG4, ccl=st.none() | st.integers(1, 0xFFFF))
async def test_what_a_pack_tells_survives_the_way_over_the_wire(reading, ccl):
    reading = replace(reading, asked=None if ccl is None else AskedLimits(ccl=ccl))
    info = replace(INFO, cells=len(reading.cells), temperature_sensors=len(reading.temperatures))
    driver = EG4.driver(MemoryUnit(EG4, EG4.encode(reading, info)), clock=lambda: 7.0)
    assert await driver.async_identify() == info
    now = dict.fromkeys(("time", "cells_time", "temperatures_time", "current_time"), 7.0)
    now["asked_time"] = None if ccl is None else 7.0
    told = await driver.async_read()
    assert told.capacity == pytest.approx(reading.capacity, abs=1e-6)
    assert replace(told, capacity=reading.capacity) == replace(reading, **now, hardware=HardwareRing())


@settings(max_examples=60, deadline=None)
@given(reading=OF_MASTER, packs=st.integers(1, 6), health=st.floats(0.92, 1.08))
async def test_what_a_master_tells_survives_the_way_over_the_wire(reading, packs, health):
    # Below the modulus; beyond it the smallest bank that fits is told.
    reading = replace(reading, capacity=round(packs * 100.0 * health, 2))
    driver = MASTER.driver(MemoryUnit(MASTER, MASTER.encode(reading, INFO)), clock=lambda: 7.0)
    info = await driver.async_identify()
    assert (info.cells, info.serial_number) == (len(reading.cells), "")
    now = dict.fromkeys(("time", "cells_time", "current_time"), 7.0)
    assert await driver.async_read() == replace(reading, **now, hardware=HardwareRing())


@settings(max_examples=60, deadline=None)
@given(
    device=st.sampled_from([EG4, MASTER]),
    value=st.floats(allow_nan=False, allow_infinity=False),
    name=st.sampled_from(["current", "voltage", "soc", "soh", "cycles"]),
)
def test_a_value_beyond_the_registers_is_told_as_the_nearest_one(device, value, name):
    encoded = device.encode(PackReading(time=0.0, cells=(3.3,) * 8, **{name: value}), INFO)
    assert all(0 <= word <= 0xFFFF for word in encoded.values())
    assert abs(device.decode(encoded)[name]) <= abs(value) + 1


@pytest.mark.parametrize("device", [EG4, MASTER], ids=lambda device: device.key)
def test_a_pack_that_knows_nothing_can_still_be_shown(device):
    encoded = device.encode(PackReading(time=0.0), DeviceInfo(manufacturer="", model="", serial_number=""))
    assert set(encoded) == {address for area in device.areas for address in area}
    assert device.reading({}, {}) == PackReading(time=0.0)


# On a real link


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("rtu", [False, True])
async def test_a_virtual_pack_reads_the_same_over_a_real_link(rtu):
    pack = busy_pack()
    async with served(EG4, pack, unit_id=16, rtu=rtu) as (unit, server):
        driver = EG4.driver(unit, spacing=0)
        info = await driver.async_identify()
        told = await driver.async_read()
    agrees(told, pack.reading(0), STEPS, {"switches", "commanded"})
    assert (info.cells, info.capacity, info.temperature_sensors) == (16, 280.0, 4)
    assert [(entry.function, entry.address, entry.count) for entry in server.requests] == [
        *((3, 105, 23), (3, 0, 39), (3, 0, 39)),
    ]


@pytest.mark.usefixtures("socket_enabled")
async def test_a_virtual_master_reads_the_same_over_a_real_link():
    pack = busy_pack()
    async with served(MASTER, pack) as (unit, _):
        driver = MASTER.driver(unit, spacing=0)
        assert (await driver.async_identify()).capacity == 280.0
        told = await driver.async_read()
    untold = {"temperatures", "switch_temperature", "balancing", "switches", "commanded"}
    agrees(told, pack.reading(0), STEPS, untold)
    assert told.temperatures_time is None
