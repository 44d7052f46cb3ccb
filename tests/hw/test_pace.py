"""PACE, Gobel and Ritar: what was recorded, the way there and back, and that no pack is read by another's map."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.pace_registers import FAULTS, PROTECTIONS, WARNINGS, Settings
from custom_components.home_bms.hw.driver import Capability, DeviceInfo, DriverError
from custom_components.home_bms.hw.frames import FrameError, crc16, memory_of, parse_request
from custom_components.home_bms.hw.virtual.ring import settings as ring_of

from .real_link import agrees, busy_pack, served
from .recorded import MemoryUnit, vectors

PACE, GOBEL, RITAR = DEVICES["pace"], DEVICES["pace_gobel"], DEVICES["pace_ritar"]
VECTORS = vectors("pace")
STEPS = {
    "cells": 0.001,
    "temperatures": 0.1,
    "current": 0.01,
    "voltage": 0.01,
    "switch_temperature": 0.1,
    "soc": 1,
    "soh": 1,
    "capacity": 0.01,
    "cycles": 1,
}
INFO = DeviceInfo(
    manufacturer="PACE",
    model="P16S100A-00123456",
    serial_number="PACK2023110042",
    firmware="P16S100A-V1.3",
    cells=16,
    capacity=100.0,
    temperature_sensors=4,
)
# A Gobel LA12 at rest, as the test data of aiobmsble's gobel_bms have it.
LA12 = {
    **dict(enumerate([0, 1331, 97, 100, 31505, 32493, 31400, 1, 0, 0, 0, 0x0C00, 0, 0, 0xC000, 4])),
    **dict(enumerate([3327, 3330, 3330, 3329, *[0] * 26, 1, 209, *[0] * 9, 211, 0xFFFF], 16)),
}


def answered(device, start, words):
    """Return the values of a recorded read of unit 1."""
    request = bytes((1, 3)) + start.to_bytes(2, "big") + len(words).to_bytes(2, "big")
    answer = bytes((1, 3, 2 * len(words))) + b"".join(word.to_bytes(2, "big") for word in words)
    return device.decode(memory_of(device, request + crc16(request), answer + crc16(answer)))


# What was recorded


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_recorded_vector_is_read_or_explained(vector):
    request, answer = bytes.fromhex(vector["request"]), bytes.fromhex(vector.get("response", ""))
    if not answer:
        with pytest.raises(FrameError, match="there is no answer: the request asks"):
            memory_of(PACE, request, answer)
        assert parse_request(request).count > 0
        return
    names = {"version": "firmware", "serial": "serial_number", "model": "model"}
    values = PACE.decode(memory_of(PACE, request, answer))
    assert {name: values[names[name]] for name in vector["expected"]} == vector["expected"]


@pytest.mark.parametrize(
    ("start", "count", "layout"),
    [
        *((0, 37, PACE), (0, 8, PACE), (9, 4, PACE), (15, 22, PACE), (60, 55, PACE), (150, 30, PACE), (170, 10, PACE)),
        *((0, 59, GOBEL), (170, 35, GOBEL)),
        *((0, 16, RITAR), (40, 16, RITAR), (120, 4, RITAR), (145, 10, RITAR), (160, 55, RITAR)),
    ],
)
def test_a_recorded_poll_tells_whose_map_it_is(start, count, layout):
    assert PACE.layout(dict.fromkeys(range(start, start + count), 0)) is layout
    assert GOBEL.layout({start: 0}) is GOBEL


def test_a_gobel_reads_in_our_words_whichever_map_is_named():
    for device in (PACE, GOBEL):
        values = answered(device, 0, list(LA12.values()))
        reading = device.layout(LA12).reading(values, {})
        assert reading.cells == (3.327, 3.33, 3.33, 3.329)
        assert (reading.temperatures, reading.switch_temperature) == ((20.9,), 21.1)
        assert (reading.current, reading.voltage, reading.soc, reading.soh) == (0.0, 13.31, 97, 100)
        assert (reading.capacity, reading.cycles, values["remaining_capacity"]) == (324.93, 1, 315.05)
        assert reading.switches == Switches(charge=True, discharge=True)
        assert reading.alarms == frozenset()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({8: 1 << 3, 10: 1 << 15}, {"alarms": frozenset({"alarm_3", "alarm_47"})}),
        ({14: 0x8000}, {"switches": Switches(charge=False, discharge=True)}),
        ({57: 0xFFFF}, {"switch_temperature": None}),
        ({47: 0xFFFF}, {"temperatures": (None,)}),
        ({0: 0xFFFE}, {"current": -0.02}),
    ],
)
def test_a_gobels_flags_and_gaps(changes, told):
    reading = GOBEL.reading(GOBEL.decode(LA12 | changes), {})
    assert {name: getattr(reading, name) for name in told} == told


def test_ritars_polls_read_in_our_words():
    general = answered(RITAR, 0, [0xFC18, 5234, 855, 990, 8550, 10000, 10000, 12, 0, 0, 2, 1, 0, 0, 3, 4])
    cells = answered(RITAR, 40, [3271 + index for index in range(16)])
    heat = answered(RITAR, 120, [726, 725, 500, 400])
    extremes = answered(RITAR, 145, [760, 700, 3286, 16, 3271, 1, 726, 1, 400, 4])
    values = general | cells | heat | extremes
    reading = RITAR.reading(values, {})
    assert (reading.current, reading.voltage, reading.soc, reading.soh) == (-10.0, 52.34, 85.5, 99.0)
    assert (reading.capacity, values["remaining_capacity"], reading.cycles) == (100.0, 85.5, 12)
    assert reading.temperatures == (22.6, 22.5, 0.0, -10.0)
    assert (reading.switch_temperature, values["environment_temperature"]) == (26.0, 20.0)
    assert reading.alarms == {"warning_1", "protection_16"}
    assert (reading.balancing, reading.switches) == (True, Switches())
    info = RITAR.info(values)
    assert (info.cells, info.capacity, info.serial_number, info.hardware_ring) == (16, 100.0, "", HardwareRing())


def test_a_health_that_may_be_whole_percent_is_unknown_on_a_ritar():
    assert RITAR.reading({"soh_raw": 100}, {}).soh is None


# Nobody's map for another


@pytest.mark.parametrize(
    ("device", "values", "why"),
    [
        (PACE, {}, "no version and model where a PACE"),
        (PACE, {"firmware": "1", "model": "P", "soc": 855}, "855 is no charge in percent"),
        (PACE, {"firmware": "1", "model": "P", "soc": 97, "cells": (0.004, 3.3)}, "a count: this is a relative's map"),
        (GOBEL, {"firmware": "P4S200A"}, "no version and model where a Gobel"),
        (GOBEL, {"firmware": "1", "model": "P", "cell_count": 222}, "16 cells and 8 sensors, not 222 and 0"),
        (GOBEL, {"firmware": "1", "model": "P", "cell_count": 0}, "not 0 and 0"),
        (GOBEL, {"firmware": "1", "model": "P", "cell_count": 4, "sensor_count": 9}, "not 4 and 9"),
        (RITAR, {"soc": 120.0}, "120.0 % is no charge"),
        (RITAR, {"soc": 50.0}, "no cell where a Ritar"),
        (RITAR, {"cells": (3.3, 3.4), "cell_max": 3.2, "cell_min": 3.3}, "3.2 V is not the cell max"),
        (RITAR, {"cells": (3.3, 3.4), "cell_max": 3.4}, "0.0 V is not the cell min"),
    ],
)
def test_another_layout_is_refused(device, values, why):
    with pytest.raises(ValueError, match=why):
        device.info(values)


def memory(device):
    """Return the whole memory of an ordinary pack of a kind."""
    reading = PackReading(
        time=0.0,
        cells=(3.344,) * 16,
        temperatures=(20.0,) * 4,
        current=-3.0,
        voltage=53.5,
        soc=85.0,
        soh=99.0,
        capacity=100.0,
        switches=Switches(charge=True, discharge=True),
    )
    # Whatever the others ask for beyond it is answered with zeros.
    return dict.fromkeys(range(320), 0) | device.encode(reading, INFO)


@pytest.mark.parametrize("asked", [PACE, GOBEL, RITAR], ids=lambda device: device.key)
@pytest.mark.parametrize("there", [PACE, GOBEL, RITAR], ids=lambda device: device.key)
async def test_only_its_own_map_identifies_a_pack(asked, there):
    driver = asked.driver(MemoryUnit(asked, memory(there)), clock=lambda: 0.0)
    if asked is there:
        assert (await driver.async_identify()).cells == 16
        return
    with pytest.raises(DriverError) as told:
        await driver.async_identify()
    assert told.value.key == "nonsense"


# The map


def test_every_setting_stands_where_the_sheet_says():
    at = {name: field.address for name, field in Settings.declared_fields.items()}
    assert sorted(at.values()) == list(range(60, 115))
    assert (at["pack_overvoltage"], at["cell_overvoltage"], at["pack_undervoltage"], at["cell_undervoltage"]) == (
        *(61, 65, 69, 73),
    )
    assert (at["charge_current"], at["discharge_current"], at["charge_overtemperature"]) == (77, 80, 85)
    assert (at["balance_start_voltage"], at["balance_difference"], at["short_circuit_delay"]) == (105, 106, 111)


@pytest.mark.parametrize(("names", "field"), [(WARNINGS, 9), (PROTECTIONS, 10), (FAULTS, 11)])
def test_every_bit_raises_a_key_of_its_own(names, field):
    raised = []
    for bit in range(16):
        reading = PACE.reading(PACE.decode({field: 1 << bit}), {})
        raised += sorted(reading.alarms)
        if bit < len(names) and names[bit]:
            assert reading.alarms == {names[bit]}
    assert len(set(raised)) == len(raised) == (10 if names is FAULTS else 16)


@pytest.mark.parametrize(
    ("status", "switches"),
    [(0, Switches(charge=False, discharge=False)), (1 << 10, Switches(charge=True, discharge=False))],
)
def test_the_switches_are_seen_and_cannot_be_moved(status, switches):
    reading = PACE.reading(PACE.decode({11: status}), {})
    assert (reading.switches, reading.commanded, reading.alarms) == (switches, Switches(), frozenset())
    assert PACE.capabilities == GOBEL.capabilities == RITAR.capabilities == Capability.NONE


@pytest.mark.parametrize(("told", "shown"), [(0.0, None), (200.0, None), (-50.0, None), (31.4, 31.4), (-5.0, -5.0)])
def test_a_mosfet_sensor_that_is_not_there_is_unknown(told, shown):
    assert PACE.reading({"mos_temperature": told}, {}).switch_temperature == shown


def test_a_cell_that_was_there_and_shows_nothing_is_still_counted():
    found = {"cells": (3.3,) * 15 + (0.0,)}
    assert PACE.reading({"cells": (3.3,) * 14 + (0.0, 0.0)}, found).cells == (3.3,) * 14 + (0.0,)
    assert RITAR.reading({"cells": (3.3,) * 14 + (0.0, 0.0)}, found).cells == (3.3,) * 14 + (0.0,)


CELLS = st.lists(st.integers(500, 5000).map(lambda raw: raw / 1000), min_size=1, max_size=16).map(tuple)
HEAT = st.integers(-400, 1200).map(lambda raw: raw / 10)
HUNDREDTHS = st.integers(0, 0xFFFF).map(lambda raw: raw / 100)
SWITCHES = st.builds(Switches, charge=st.booleans(), discharge=st.booleans())
COMMON = {
    "time": st.just(0.0),
    "cells": CELLS,
    "current": st.integers(-0x8000, 0x7FFF).map(lambda raw: raw / 100),
    "voltage": HUNDREDTHS,
    "capacity": HUNDREDTHS,
    "cycles": st.integers(0, 0xFFFF),
    "soh": st.integers(11, 100),
}
KEYS = sorted({*filter(None, (*WARNINGS, *PROTECTIONS, *FAULTS)), "protection_15", "status_3", "warning_6"})
OF_PACE = st.builds(
    PackReading,
    **COMMON,
    temperatures=st.tuples(*[HEAT] * 4),
    switch_temperature=st.integers(1, 1200).map(lambda raw: raw / 10),
    soc=st.integers(0, 100),
    switches=SWITCHES,
    balancing=st.booleans(),
    alarms=st.frozensets(st.sampled_from(KEYS)),
)
OF_GOBEL = st.builds(
    PackReading,
    **COMMON,
    temperatures=st.lists(st.none() | HEAT.filter(lambda told: told != -0.1), max_size=8).map(tuple),
    switch_temperature=HEAT.filter(lambda told: told != -0.1),
    soc=st.integers(0, 100),
    switches=SWITCHES,
    alarms=st.frozensets(st.integers(0, 47).map(lambda bit: f"alarm_{bit}")),
)
OF_RITAR = st.builds(
    PackReading,
    **COMMON,
    temperatures=st.tuples(*[HEAT] * 4),
    switch_temperature=HEAT,
    soc=st.integers(0, 1000).map(lambda raw: raw / 10),
    balancing=st.booleans(),
    alarms=st.frozensets(st.builds("{}_{}".format, st.sampled_from(["warning", "protection"]), st.integers(0, 31))),
)
DEGREES = st.integers(-400, 1500).map(lambda raw: raw / 10)
VOLTS = st.integers(1000, 4500).map(lambda raw: raw / 1000)
RINGS = st.builds(
    HardwareRing,
    cell_overvoltage=VOLTS,
    cell_overvoltage_release=VOLTS,
    cell_undervoltage=VOLTS,
    cell_undervoltage_release=VOLTS,
    charge_current=st.integers(0, 300),
    charge_overcurrent_delay=st.integers(0, 600).map(lambda raw: raw / 10),
    discharge_current=st.integers(0, 300),
    discharge_overcurrent_delay=st.integers(0, 600).map(lambda raw: raw / 10),
    charge_overtemperature=DEGREES,
    charge_overtemperature_release=DEGREES,
    charge_undertemperature=DEGREES,
    charge_undertemperature_release=DEGREES,
    discharge_overtemperature=DEGREES,
    discharge_overtemperature_release=DEGREES,
    switch_overtemperature=DEGREES,
    switch_overtemperature_release=DEGREES,
    balance_start_voltage=VOLTS,
    balance_difference=st.integers(0, 1000).map(lambda raw: raw / 1000),
)


async def survives(device, reading, info):
    """Hold that a reading comes back as it was through a device's registers and its driver."""
    driver = device.driver(MemoryUnit(device, device.encode(reading, info)), clock=lambda: 7.0)
    found = await driver.async_identify()
    now = dict.fromkeys(("time", "cells_time", "temperatures_time", "current_time"), 7.0)
    assert await driver.async_read() == replace(reading, **now, hardware=info.hardware_ring)
    return found


@settings(max_examples=80, deadline=None)
@given(reading=OF_PACE, ring=RINGS)
async def test_what_a_pace_tells_survives_the_way_over_the_wire(reading, ring):
    info = replace(INFO, cells=len(reading.cells), hardware_ring=ring)
    assert await survives(PACE, reading, info) == info


@settings(max_examples=60, deadline=None)
@given(reading=OF_GOBEL)
async def test_what_a_gobel_tells_survives_the_way_over_the_wire(reading):
    sensors = len(reading.temperatures)
    info = replace(INFO, manufacturer="Gobel Power", cells=len(reading.cells), temperature_sensors=sensors)
    assert await survives(GOBEL, reading, info) == info


@settings(max_examples=60, deadline=None)
@given(reading=OF_RITAR)
async def test_what_a_ritar_tells_survives_the_way_over_the_wire(reading):
    found = await survives(RITAR, reading, replace(INFO, hardware_ring=HardwareRing()))
    assert (found.cells, found.capacity) == (len(reading.cells), 100.0)


@settings(max_examples=60, deadline=None)
@given(
    device=st.sampled_from([PACE, GOBEL, RITAR]),
    value=st.floats(allow_nan=False, allow_infinity=False),
    name=st.sampled_from(["current", "voltage", "soc", "capacity", "cycles"]),
)
def test_a_value_beyond_the_registers_is_told_as_the_nearest_one(device, value, name):
    encoded = device.encode(PackReading(time=0.0, cells=(3.3,), **{name: value}), INFO)
    assert all(0 <= word <= 0xFFFF for word in encoded.values())
    assert abs(getattr(device.reading(device.decode(encoded), {}), name)) <= abs(value) + 1


@pytest.mark.parametrize("device", [PACE, GOBEL, RITAR], ids=lambda device: device.key)
def test_a_pack_that_knows_nothing_can_still_be_shown(device):
    encoded = device.encode(PackReading(time=0.0), DeviceInfo(manufacturer="", model="", serial_number=""))
    assert set(encoded) == {address for area in device.areas for address in area}
    assert device.reading({}, {}) == PackReading(time=0.0)


# On a real link


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("device", "steps", "untold"),
    [
        (PACE, STEPS, {"commanded"}),
        (GOBEL, STEPS, {"commanded", "balancing"}),
        (RITAR, STEPS | {"soc": 0.1}, {"commanded", "switches"}),
    ],
    ids=["pace", "pace_gobel", "pace_ritar"],
)
@pytest.mark.parametrize("rtu", [False, True])
async def test_a_virtual_pack_reads_the_same_over_a_real_link(device, steps, untold, rtu):
    pack = busy_pack()
    async with served(device, pack, rtu=rtu) as (unit, server):
        driver = device.driver(unit, spacing=0)
        info = await driver.async_identify()
        told = await driver.async_read()
    agrees(told, pack.reading(0), steps, untold)
    assert (info.cells, info.capacity, info.temperature_sensors) == (16, 280.0, 4)
    assert all(entry.function == 3 for entry in server.requests)
    if device is PACE:
        unset = dict.fromkeys(("power_off_voltage", "charge_voltage", "float_voltage"))
        assert info.hardware_ring == replace(ring_of("lfp", 280.0), **unset)
        assert info.serial_number == pack.info.serial_number
