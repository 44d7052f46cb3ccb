"""Seplos V3: what was recorded, the way there and back, and the exact bytes of its switches."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modbus_connection import IllegalDataAddressError, ModbusTimeoutError

from custom_components.home_bms.core.model import AskedLimits, HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.seplos_events import ALARMS, BankEvents, Events, Functions
from custom_components.home_bms.hw.devices.seplos_registers import either
from custom_components.home_bms.hw.devices.seplos_settings import ROWS, Settings
from custom_components.home_bms.hw.driver import Capability, DeviceInfo, DriverError
from custom_components.home_bms.hw.frames import FrameError, NothingToldError, crc16, memory_of, parse_request
from custom_components.home_bms.hw.registers import SPACES
from custom_components.home_bms.hw.virtual.ring import settings as ring_of

from .real_link import agrees, busy_pack, decide, served
from .recorded import MemoryUnit, vectors

SEPLOS = DEVICES["seplos_v3"]
VECTORS = vectors("seplos_v3")

# The recordings' names: our field, and what makes their value ours.
WORDS = {
    "voltage_v": ("voltage", 1),
    "current_a": ("current_raw", 1),
    "remaining_ah": ("remaining_capacity", 1),
    "total_ah": ("full_capacity", 1),
    "total_discharge_x10ah": ("discharged", 10),
    "soc_pct": ("soc", 1),
    "soh_pct": ("soh", 1),
    "cycles": ("cycles", 1),
    "avg_cell_v": ("cell_average", 1),
    "avg_temp_c": ("temperature_average", 1),
    "max_cell_v": ("cell_max", 1),
    "min_cell_v": ("cell_min", 1),
    "max_temp_c": ("temperature_max", 1),
    "min_temp_c": ("temperature_min", 1),
    "max_discharge_a": ("discharge_current_max", 1),
    "max_charge_a": ("charge_current_max", 1),
    "env_temp_c": ("environment_temperature", 1),
    "power_temp_c": ("mos_temperature", 1),
}
STEPS = {
    "cells": 0.001,
    "temperatures": 0.1,
    "current": 0.01,
    "voltage": 0.01,
    "switch_temperature": 0.1,
    "soc": 0.1,
    "soh": 0.1,
    "capacity": 0.01,
    "cycles": 1,
}
INFO = DeviceInfo(
    manufacturer="Seplos",
    model="SG16S200A-SP57B-A",
    serial_number="SP57B-A2506120022",
    firmware="15",
    cells=16,
    capacity=280.0,
    temperature_sensors=4,
)


def decoded(vector):
    """Return a recorded vector's values."""
    return SEPLOS.decode(memory_of(SEPLOS, bytes.fromhex(vector["request"]), bytes.fromhex(vector["response"])))


def frames(request, answer):
    """Return the values of an exchange, given without checksums."""
    request, answer = bytes.fromhex(request), bytes.fromhex(answer)
    return SEPLOS.decode(memory_of(SEPLOS, request + crc16(request), answer + crc16(answer)))


# What was recorded


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_recorded_value_is_read_as_its_source_says(vector):
    values, expected = decoded(vector), dict(vector["expected"])
    reading = SEPLOS.reading(values, {})
    assert list(reading.cells) == expected.pop("cell_voltages_v", [])
    assert list(reading.temperatures) == expected.pop("cell_temps_c", [])
    if raw := expected.pop("raw_words", None):
        memory = memory_of(SEPLOS, bytes.fromhex(vector["request"]), bytes.fromhex(vector["response"]))
        assert [memory[SPACES["input"] + 0x1335 + index] for index in range(0x35)] == [int(word, 16) for word in raw]
        assert (values["discharge_overtemperature"], values["switch_overtemperature"]) == (60.0, 110.0)
        assert (values["balance_start_voltage"], values["charge_request_voltage"]) == (3.4, 57.6)
        assert values["discharge_request_current"] == -180
    if coils := expected.pop("coil_bytes", None):
        assert coils == "01000000000000430000"
        assert [name for name in BankEvents.declared_fields if values[name]] == [
            *("bank_discharging", "bank_discharge", "bank_charge")
        ]
    assert {name: values[WORDS[name][0]] for name in expected} == {
        name: WORDS[name][1] * value for name, value in expected.items()
    }


def test_a_recorded_pack_reads_in_our_words():
    reading = SEPLOS.reading(decoded(VECTORS[0]) | decoded(VECTORS[1]), {})
    assert (reading.current, reading.voltage, reading.capacity, reading.cycles) == (-7.2, 52.34, 280.0, 9)
    assert reading.temperatures == (25.0, 23.8, 23.9, 24.9)
    assert reading.switch_temperature == 26.6
    # The events were not read.
    assert (reading.alarms, reading.balancing, reading.switches) == (None, None, Switches())


def test_the_reserved_temperatures_are_no_sensors():
    values = decoded(VECTORS[1])
    assert not any(name.startswith("temperature_") and name[12:].isdigit() and int(name[12:]) > 4 for name in values)


def test_the_events_of_the_makers_paper_are_read():
    values = frames("000112000090", "000112" + "00" * 8 + "10" + "00" * 6 + "03" + "00" * 2)
    assert [name for name in Events.declared_fields if values[name]] == ["standby", "discharge", "charge"]
    reading = SEPLOS.reading(values, {})
    assert reading.switches == reading.commanded == Switches(charge=True, discharge=True)
    assert (reading.alarms, reading.balancing) == (frozenset(), False)


def test_enabled_functions_are_shown_and_are_no_alarms():
    values = frames("000114000050", "00010affff3f017f2f9f0f636f")
    assert values["cell_overvoltage_enabled"] is True
    assert values["sleep_enabled"] is True
    assert values["buzzer_enabled"] is True
    assert SEPLOS.reading(values, {}).alarms is None


def test_the_bank_of_the_makers_paper_is_read_low_word_first():
    values = frames(
        "00042000001a",
        "00043414a40000ff9cffff058c000027100000000300002710000000010000000000000320000003200000"
        "024001d000010003008e03e8",
    )
    assert (values["bank_voltage"], values["bank_current"], values["bank_full_capacity"]) == (52.84, -10.0, 100.0)
    assert (values["bank_soc"], values["bank_soh"], values["bank_pack_count"], values["bank_cycles"]) == (
        *(14.2, 100.0, 1, 3),
    )
    assert (values["bank_online_mask"], values["bank_charge_current_max"]) == (1, 80.0)
    assert (values["bank_discharged"], values["bank_overvoltage_suggested"]) == (30, 57.6)
    assert SEPLOS.reading(values, {}) == PackReading(time=0.0)


@pytest.mark.parametrize(
    ("tail", "heat", "soc"),
    [
        # The maker's V0.3 and recorded packs; then V0.1; then one in kelvin, and neither.
        ("008e008e000003e800a400a400a400000000", 16.4, 14.2),
        ("00a400a400a400000000008e008e000003e8", 16.4, 14.2),
        ("01e001df005c03e70b4f0b4f0b4f00000000", 16.4, 48.0),
        ("000000000000000000000000000000000000", None, None),
    ],
)
def test_the_extremes_are_read_in_either_order_of_the_makers_papers(tail, heat, soc):
    head = "0ce70ce60007000014a414a40000000000b300ad00af00030001"
    values = frames("000421000016", f"00042c{head}{tail}")
    assert (values["bank_cell_max"], values["bank_cell_max_index"]) == (3.303, 7)
    assert (values["bank_temperature_max"], values["bank_temperature_min"]) == (17.9, 17.3)
    found = values["bank_extremes"] or {}
    assert (found.get("switch_temperature_max"), found.get("soc_max")) == (heat, soc)


@pytest.mark.parametrize(("word", "degrees"), [(179, 17.9), (2731, 0.0), (2910, 17.9), (0xFFF6, -1.0), (2000, 200.0)])
def test_a_banks_temperature_is_in_kelvin_where_it_cannot_be_in_degrees(word, degrees):
    assert either(word) == pytest.approx(degrees)


@pytest.mark.parametrize("unit", ["c0", "e0"])
def test_the_views_of_the_makers_display_and_app_are_read(unit):
    values = frames(f"{unit}0410000011", f"{unit}0422{'14cdff776b4080e801220340' + '03e7' * 11}")
    assert (values["voltage"], values["current_raw"], values["soc"]) == (53.25, -1.37, 83.2)


def test_a_unit_that_no_pack_has_is_refused():
    with pytest.raises(FrameError, match="a Seplos V3 has 0 to 16"):
        frames("110410000011", "110422" + "00" * 34)


def test_the_captured_switch_writes_are_understood():
    request, answer = bytes.fromhex("001015100001 0255AA52BE"), bytes.fromhex("00101510000105D1")
    with pytest.raises(NothingToldError, match="write 1 register at 0x1510"):
        memory_of(SEPLOS, request, answer)
    captured = parse_request(request)
    order = SEPLOS.orders["discharge"]
    assert (captured.function, captured.address, captured.values) == (order.function, order.address, order.off)
    assert SEPLOS.written(0x1510, [0x55AA]) == Switches(discharge=False)


def test_a_refusal_is_told():
    with pytest.raises(FrameError, match="exception 2"):
        frames("00042100001a", "008402")


# The map


def test_every_parameter_stands_where_the_sheet_says():
    at = {name: field.address for name, field in Settings.declared_fields.items()}
    assert len(ROWS) == 0x6A
    assert {name: hex(at[name]) for name in ("cell_overvoltage", "cell_undervoltage", "cell_undervoltage_fault")} == {
        "cell_overvoltage": "0x130d",
        "cell_undervoltage": "0x1311",
        "cell_undervoltage_fault": "0x1312",
    }
    assert (at["charge_current"], at["charge_overcurrent_delay"]) == (0x1317, 0x1318)
    assert (at["discharge_current"], at["discharge_overcurrent_delay"]) == (0x131D, 0x131E)
    assert (at["charge_overtemperature"], at["charge_undertemperature"]) == (0x1332, 0x1336)
    assert (at["discharge_overtemperature"], at["switch_overtemperature"]) == (0x133A, 0x134A)
    assert (at["balance_start_voltage"], at["balance_stop_difference"]) == (0x1350, 0x1352)
    assert (at["rated_capacity"], at["discharge_request_current"]) == (0x1358, 0x1367)


def test_every_event_has_a_coil_and_every_alarm_a_key_of_its_own():
    coils = {field.address for field in Events.declared_fields.values()}
    assert coils <= set(range(0x1200, 0x1290))
    assert len(coils) == len(Events.declared_fields)
    # What is left are the upper bits of three tables of states.
    assert set(range(0x1200, 0x1290)) - coils == {*(0x1246, 0x1247), *range(0x127C, 0x1280), *range(0x1284, 0x1288)}
    assert len(set(ALARMS.values())) == len(ALARMS)
    assert {"cell_overvoltage", "discharge_short_circuit", "switch_overtemperature", "cell_difference"} <= set(
        ALARMS.values()
    )
    assert len({field.address for field in Functions.declared_fields.values()}) == len(Functions.declared_fields)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        *((0x1200, "cell_1_low"), (0x120F, "cell_16_low"), (0x1218, "cell_9_high"), (0x1220, "temperature_1_low")),
        *((0x1249, "cell_overvoltage"), (0x1251, "charge_overtemperature"), (0x1257, "discharge_undertemperature")),
        *((0x125D, "switch_overtemperature"), (0x125F, "alarm_95"), (0x1261, "charge_overcurrent")),
        *((0x1266, "discharge_short_circuit"), (0x1268, "short_circuit_locked"), (0x1274, "cell_difference")),
        *((0x1270, "alarm_112"), (0x1288, "temperature_sensor_fault"), (0x128F, "aerosol_alarm")),
    ],
)
def test_an_event_raises_the_alarm_of_its_table(address, key):
    memory = dict.fromkeys(range(0x21200, 0x21290), 0) | {SPACES["coil"] + address: 1}
    assert SEPLOS.reading(SEPLOS.decode(memory), {}).alarms == {key}


@pytest.mark.parametrize("address", [0x1230, 0x1240, 0x125E, 0x127A, 0x1280])
def test_a_state_raises_no_alarm(address):
    memory = dict.fromkeys(range(0x21200, 0x21290), 0) | {SPACES["coil"] + address: 1}
    reading = SEPLOS.reading(SEPLOS.decode(memory), {})
    assert reading.alarms == frozenset()
    assert reading.balancing is (address == 0x1230)


@pytest.mark.parametrize(
    ("model", "current"), [("SG16S200A-SP57B-A", -7.2), ("SG16S300A-SP57B-A", -72.0), ("SG16S400A", -72.0), ("", -7.2)]
)
def test_boards_for_300_amperes_and_more_count_in_tenths(model, current):
    values = decoded(VECTORS[0]) | {"model": model}
    assert SEPLOS.reading(values, {}).current == current


@pytest.mark.parametrize(("told", "sensors"), [(0, 4), (1, 1), (3, 3), (4, 4), (8, 4)])
def test_as_many_of_the_four_sensors_count_as_are_set_up(told, sensors):
    values = decoded(VECTORS[1]) | {"sensor_count": told}
    assert len(SEPLOS.reading(values, {}).temperatures) == sensors


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"factory": "Somebody"}, "does not name XZH"),
        ({"cell_count": 0}, "1 to 16 cells, not 0"),
        ({"cell_count": 24}, "1 to 16 cells, not 24"),
    ],
)
def test_a_device_that_is_no_seplos_is_refused(changes, why):
    with pytest.raises(ValueError, match=why):
        SEPLOS.info({"factory": "XZH-ElecTech Co.,Ltd", "cell_count": 16} | changes)


def test_a_board_without_a_name_and_numbers_is_still_one():
    info = SEPLOS.info({"factory": "XZH-ElecTech Co.,Ltd", "cell_count": 16})
    assert (info.model, info.serial_number, info.fingerprint) == ("V3", "", "Seplos V3 16S")
    assert SEPLOS.info({"factory": "XZH", "cell_count": 8, "pack_serial_number": "PACK-0815-1"}).serial_number == (
        "PACK-0815-1"
    )


def hundredths(raw):
    return raw / 100


def tenths(raw):
    return raw / 10


HEAT = st.integers(-400, 1500).map(tenths)
VOLTS = st.integers(1000, 4500).map(lambda raw: raw / 1000)
SWITCHES = st.builds(Switches, charge=st.booleans(), discharge=st.booleans())
READINGS = st.builds(
    PackReading,
    time=st.just(0.0),
    cells=st.lists(st.integers(0, 0xFFFF).map(lambda raw: raw / 1000), min_size=1, max_size=16).map(tuple),
    temperatures=st.tuples(*[st.integers(-2731, 62804).map(tenths)] * 4),
    current=st.integers(-0x8000, 0x7FFF).map(hundredths),
    voltage=st.integers(0, 0xFFFF).map(hundredths),
    switch_temperature=st.integers(-2731, 62804).map(tenths),
    soc=st.integers(0, 1000).map(tenths),
    soh=st.integers(0, 1000).map(tenths),
    capacity=st.integers(0, 0xFFFF).map(hundredths),
    cycles=st.integers(0, 0xFFFF),
    switches=SWITCHES,
    balancing=st.booleans(),
    alarms=st.frozensets(st.sampled_from(sorted(ALARMS.values()))),
)
RINGS = st.builds(
    HardwareRing,
    cell_overvoltage=VOLTS,
    cell_overvoltage_release=VOLTS,
    cell_undervoltage=VOLTS,
    cell_undervoltage_release=VOLTS,
    charge_current=st.integers(0, 600),
    charge_overcurrent_delay=st.integers(0, 600).map(tenths),
    discharge_current=st.integers(0, 600),
    discharge_overcurrent_delay=st.integers(0, 600).map(tenths),
    charge_overtemperature=HEAT,
    charge_overtemperature_release=HEAT,
    charge_undertemperature=HEAT,
    charge_undertemperature_release=HEAT,
    discharge_overtemperature=HEAT,
    discharge_overtemperature_release=HEAT,
    switch_overtemperature=HEAT,
    switch_overtemperature_release=HEAT,
    balance_start_voltage=VOLTS,
    balance_difference=st.integers(0, 1000).map(lambda raw: raw / 1000),
)


ASKED = st.none() | st.builds(
    AskedLimits,
    cvl=st.none() | st.integers(1, 0xFFFF).map(lambda raw: raw / 100),
    ccl=st.integers(1, 600),
    dcl=st.integers(0, 600),
)


@settings(max_examples=100, deadline=None)
@given(reading=READINGS, ring=RINGS, asked=ASKED)
async def test_what_a_pack_tells_survives_the_way_over_the_wire(reading, ring, asked):
    reading = replace(reading, asked=asked)
    if asked is not None and asked.cvl is not None:
        # The charge voltage is told once, as a setting too.
        ring = replace(ring, charge_voltage=asked.cvl / len(reading.cells))
    info = replace(INFO, cells=len(reading.cells), hardware_ring=ring)
    driver = SEPLOS.driver(MemoryUnit(SEPLOS, SEPLOS.encode(reading, info)), clock=lambda: 7.0)
    assert await driver.async_identify() == info
    now = dict.fromkeys(("time", "cells_time", "temperatures_time", "current_time"), 7.0)
    expected = replace(reading, **now, hardware=ring, asked_time=None if asked is None else 7.0)
    assert await driver.async_read() == replace(expected, commanded=reading.switches)


@settings(max_examples=50, deadline=None)
@given(current=st.integers(-0x8000, 0x7FFF).map(tenths))
def test_a_large_boards_current_survives_too(current):
    info = replace(INFO, model="SG16S400A")
    values = SEPLOS.decode(SEPLOS.encode(PackReading(time=0.0, current=current), info))
    assert SEPLOS.reading(values, {}).current == current


@settings(max_examples=60, deadline=None)
@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    name=st.sampled_from(["current", "voltage", "soc", "soh", "capacity", "cycles", "switch_temperature"]),
)
def test_a_value_beyond_the_registers_is_told_as_the_nearest_one(value, name):
    memory = SEPLOS.encode(PackReading(time=0.0, cells=(3.3,), **{name: value}), INFO)
    assert all(0 <= word <= 0xFFFF for word in memory.values())
    told = getattr(SEPLOS.reading(SEPLOS.decode(memory), {}), name)
    assert abs(told) <= abs(value) + 1


def test_a_pack_that_knows_nothing_can_still_be_shown():
    memory = SEPLOS.encode(PackReading(time=0.0), DeviceInfo(manufacturer="", model="", serial_number=""))
    assert set(memory) == {address for area in SEPLOS.areas for address in area}


# On a real link


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("rtu", [False, True])
async def test_a_virtual_pack_reads_the_same_over_a_real_link(rtu):
    pack = busy_pack()
    async with served(SEPLOS, pack, rtu=rtu) as (unit, server):
        driver = SEPLOS.driver(unit, spacing=0)
        info = await driver.async_identify()
        told = await driver.async_read()
    truth = pack.reading(0)
    agrees(told, replace(truth, commanded=truth.switches), STEPS, ())
    assert info.serial_number == pack.info.serial_number
    ring = ring_of("lfp", 280.0)
    # What the board has no register for is not told.
    assert info.hardware_ring == replace(ring, power_off_voltage=None, float_voltage=None)
    assert driver.capabilities == Capability.CHARGE_SWITCH | Capability.DISCHARGE_SWITCH
    # Exactly the requests that packs were seen to answer.
    assert [(entry.function, entry.address, entry.count) for entry in server.requests][:6] == [
        (4, 0x1700, 0x33),
        (4, 0x1300, 0x35),
        (4, 0x1335, 0x35),
        (4, 0x1000, 0x11),
        (4, 0x1100, 0x1A),
        (1, 0x1200, 0x90),
    ]


@pytest.mark.usefixtures("socket_enabled")
async def test_switches_are_written_with_the_words_of_the_sheet_and_read_back():
    pack = busy_pack()
    async with served(SEPLOS, pack, rtu=True) as (unit, server):
        driver = SEPLOS.driver(unit, spacing=0)
        await driver.async_identify()
        server.requests.clear()
        await driver.async_apply(decide(charge=False, discharge=True))
        assert pack.switches.charge is False
        await driver.async_apply(decide(charge=True, discharge=False))
        heard = [(entry.function, entry.address, entry.values) for entry in server.requests]
    assert heard == [
        (16, 0x1511, (0x55AA,)),
        (1, 0x1200, ()),
        # What opens is written before what closes.
        (16, 0x1510, (0x55AA,)),
        (16, 0x1511, (0xAA55,)),
        (1, 0x1200, ()),
    ]
    assert (pack.switches.charge, pack.switches.discharge) == (True, False)


async def test_a_board_that_does_not_close_is_told():
    info = replace(INFO, cells=16)
    reading = PackReading(time=0.0, cells=(3.3,) * 16, switches=Switches(charge=False, discharge=True))
    unit = MemoryUnit(SEPLOS, SEPLOS.encode(reading, info))
    driver = SEPLOS.driver(unit, clock=lambda: 0.0)
    with pytest.raises(DriverError, match="charge switch") as told:
        # The memory takes the order; the MOSFET behind it does not move.
        await driver.async_apply(decide(charge=True))
    assert told.value.key == "not_effective"
    assert (16, 0x1511, (0xAA55,)) in unit.wire
    assert (await driver.async_read()).switches.charge is False


@pytest.mark.usefixtures("socket_enabled")
async def test_home_assistants_serial_link_reads_no_unit_0_and_a_gateway_does():
    pack = busy_pack()
    async with served(SEPLOS, pack, unit_id=0, rtu=True) as (unit, server):
        with pytest.raises(DriverError):
            await SEPLOS.driver(unit, spacing=0).async_identify()
        assert not server.requests
    async with served(SEPLOS, pack, unit_id=0) as (unit, _):
        assert (await SEPLOS.driver(unit, spacing=0).async_identify()).cells == 16


# What happens when the events are not heard


class Silent(MemoryUnit):
    """A pack that tells no events any more, or refuses them."""

    error = None

    async def read_coils(self, address, count):
        if self.error:
            raise self.error
        return await super().read_coils(address, count)


@pytest.mark.parametrize("error", [ModbusTimeoutError(), IllegalDataAddressError()])
async def test_events_that_are_no_longer_told_are_unknown_after_ten_seconds(error):
    now = 0.0
    reading = PackReading(time=0.0, cells=(3.3,) * 16, switches=Switches(charge=True, discharge=True))
    unit = Silent(SEPLOS, SEPLOS.encode(reading, INFO))
    driver = SEPLOS.driver(unit, clock=lambda: now)
    assert (await driver.async_read()).alarms == frozenset()
    unit.error = error
    now = 9.0
    told = await driver.async_read()
    assert (told.switches.charge, told.alarms, told.cells_time) == (True, frozenset(), 9.0)
    now = 10.0
    told = await driver.async_read()
    assert (told.switches, told.commanded, told.alarms, told.balancing) == (Switches(), Switches(), None, None)
    assert told.cells == (3.3,) * 16
    unit.error = None
    now = 11.0
    assert (await driver.async_read()).switches == Switches(charge=True, discharge=True)
