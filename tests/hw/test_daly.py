"""Both Modbus dialects of Daly: what was recorded, the way there and back, and two boards that answer as others."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modbus_connection import IllegalDataAddressError, ModbusTimeoutError

from custom_components.home_bms.core.model import HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.daly import FAULTS
from custom_components.home_bms.hw.devices.daly_d2 import Tail
from custom_components.home_bms.hw.devices.daly_p81 import LEVELS
from custom_components.home_bms.hw.driver import Capability, DeviceInfo, DriverError
from custom_components.home_bms.hw.frames import FrameError, crc16, memory_of, parse_request
from custom_components.home_bms.hw.virtual import VirtualServer
from custom_components.home_bms.hw.wire import Wire

from .line import Boards, adapter, own_line
from .real_link import agrees, busy_pack, decide, served
from .recorded import MemoryUnit, milli, same, vectors

D2, P81 = DEVICES["daly_d2"], DEVICES["daly_p81"]
RECORDED = [(device, vector) for device in (D2, P81) for vector in vectors(device.key)]
# What a reading resolves: cells 1 mV, temperatures 1 K, the rest a tenth.
STEPS = {
    "cells": 0.001,
    "temperatures": 1,
    "current": 0.1,
    "voltage": 0.1,
    "switch_temperature": 1,
    "soc": 0.1,
    "capacity": 0.1,
    "cycles": 1,
}


# The recordings' names: our field, and what makes their value ours.
WORDS = {
    "voltage_v": ("voltage", same),
    "current_a": ("current", same),
    "soc_pct": ("soc", same),
    "max_cell_v": ("cell_max", same),
    "max_cell_no": ("cell_max_number", same),
    "min_cell_v": ("cell_min", same),
    "min_cell_no": ("cell_min_number", same),
    "delta_mv": ("cell_difference", milli),
    "avg_cell_v": ("cell_average", same),
    "delta_cell_v": ("cell_difference", same),
    "max_temp_c": ("temperature_max", same),
    "max_temp_probe": ("temperature_max_number", same),
    "min_temp_c": ("temperature_min", same),
    "min_temp_probe": ("temperature_min_number", same),
    "temp_diff": ("temperature_difference", same),
    "state": ("state", same),
    "remaining_ah": ("remaining_capacity", same),
    "cell_count": ("cell_count", same),
    "temp_count": ("sensor_count", same),
    "cycles": ("cycles", same),
    "balancing": ("balance_state", same),
    "balance_state": ("balance_state", same),
    "balance_current_a": ("balance_current", same),
    "charge_mos": ("charge_on", bool),
    "discharge_mos": ("discharge_on", bool),
    "precharge_mos": ("precharge_on", bool),
    "heating_mos": ("heater_on", bool),
    "fan_mos": ("fan_on", bool),
    "power_reg": ("power", same),
    "power_w_unsigned": ("power", same),
    "energy_wh": ("energy", same),
    "board_temp_c": ("board_temperature", same),
    "reg_0x3b": ("unnamed_003b", same),
    "sw": ("firmware", same),
    "hw": ("hardware", same),
    "balancer_on": ("balancer", same),
    "rated_capacity_ah": ("rated_capacity", same),
    "cell_ref_mv": ("cell_reference_voltage", milli),
    "boards": ("board_count", same),
    "cells_board1": ("cells_of_board_1", same),
    "battery_type": ("cell_type", same),
    "sleep_s": ("sleep_delay", same),
    "cell_ov_warn_mv": ("cell_overvoltage_warning", milli),
    "cell_ov_alarm_mv": ("cell_overvoltage", milli),
    "cell_uv_warn_mv": ("cell_undervoltage_warning", milli),
    "cell_uv_alarm_mv": ("cell_undervoltage", milli),
    "pack_ov_warn_v": ("pack_overvoltage_warning", same),
    "pack_ov_alarm_v": ("pack_overvoltage", same),
    "pack_uv_warn_v": ("pack_undervoltage_warning", same),
    "pack_uv_alarm_v": ("pack_undervoltage", same),
    "chg_oc_warn_a": ("charge_overcurrent_warning", same),
    "chg_oc_alarm_a": ("charge_overcurrent", same),
    "dsg_oc_warn_a": ("discharge_overcurrent_warning", same),
    "dsg_oc_alarm_a": ("discharge_overcurrent", same),
    "chg_ot_warn_c": ("charge_overtemperature_warning", same),
    "chg_ot_alarm_c": ("charge_overtemperature", same),
    "chg_ut_warn_c": ("charge_undertemperature_warning", same),
    "chg_ut_alarm_c": ("charge_undertemperature", same),
    "dsg_ot_warn_c": ("discharge_overtemperature_warning", same),
    "dsg_ot_alarm_c": ("discharge_overtemperature", same),
    "dsg_ut_warn_c": ("discharge_undertemperature_warning", same),
    "dsg_ut_alarm_c": ("discharge_undertemperature", same),
    "balance_start_mv": ("balance_start_voltage", milli),
    "balance_delta_mv": ("balance_difference", milli),
    "charge_switch": ("charge", bool),
    "discharge_switch": ("discharge", bool),
    "soc_setting_pct": ("soc_setting", same),
    "mos_ot_c": ("switch_overtemperature", same),
    "mos_temp_c": ("mos_temperature", same),
}
# Of the frames themselves, of what is never read, or in words.
BESIDE = {"raw", "raw_words", "words", "note", "mos_temp", "password_ascii"}


def decoded(device, vector):
    """Return a recorded vector's values."""
    return device.decode(memory_of(device, bytes.fromhex(vector["request"]), bytes.fromhex(vector["response"])))


def named(key, name):
    return next(vector for vector in vectors(key) if vector["id"] == name)


def switchless(reading):
    """Return a reading without the balancer's switch, which is told and cannot be moved."""
    return replace(reading, commanded=replace(reading.commanded, balance=None))


# What was recorded


@pytest.mark.parametrize(("device", "vector"), RECORDED, ids=lambda part: part["id"] if isinstance(part, dict) else "")
def test_every_recorded_value_is_read_as_its_source_says(device, vector):
    values = decoded(device, vector)
    expected = {name: value for name, value in vector["expected"].items() if name not in BESIDE}
    reading = device.reading(values, {})
    for name, found in (("cell_voltages_v", reading.cells), ("temperatures_c", reading.temperatures)):
        if name in expected:
            assert list(found) == expected.pop(name)
    for name, field in (("fault_words", "faults"), ("alarm_words_0x6d_0x73", "levels")):
        if name in expected:
            kind = next(kind for kind in device.live if field in kind.declared_fields)
            words = kind.declared_fields[field].encode(values[field])
            assert [f"0x{word:04x}" for word in words] == expected.pop(name)
    assert {name: values[WORDS[name][0]] for name in expected} == {
        name: WORDS[name][1](value) for name, value in expected.items()
    }


@pytest.mark.parametrize(
    ("name", "alarm"),
    [
        ("status_frame_62_reg_alarm_warn_cell_voltage_high", "cell_overvoltage_warning"),
        ("status_frame_62_reg_alarm_warn_charging_current_high", "charge_overcurrent_warning"),
        ("status_frame_62_reg_alarm_afe_failure", "afe_fault"),
        ("status_frame_62_reg_alarm_temp_diff_critical", "temperature_spread"),
        ("status_frame_62_reg_alarm_temp_diff_warning", "temperature_spread_warning"),
    ],
)
def test_a_recorded_alarm_has_the_name_that_its_source_gives_it(name, alarm):
    assert D2.reading(decoded(D2, named("daly_d2", name)), {}).alarms == {alarm}


def test_a_board_that_discharges_tells_a_negative_current():
    cells, state = decoded(P81, named("daly_p81", "p81_0x0000_2")), decoded(P81, named("daly_p81", "p81_0x0041_3"))
    reading = P81.reading(cells | state, {})
    assert state["state"] == 2
    assert reading.current == -8.9
    assert reading.switches == Switches(charge=True, discharge=True)
    assert reading.capacity is None
    assert reading.soh is None
    # 7 is no state that the sheet knows, and 0 no current around 30000.
    assert reading.balancing is None
    assert reading.balance_current is None


@pytest.mark.parametrize("name", ["password_frame_1"])
def test_the_password_is_no_value(name):
    assert decoded(D2, named("daly_d2", name)) == {}


@pytest.mark.parametrize(("device", "secret"), [(D2, range(0xC9, 0xCC)), (P81, range(0x126, 0x129))])
def test_no_field_and_no_request_covers_the_password(device, secret):
    assert any(set(secret) <= set(unread) for unread in device.unread)
    for kind in device.components:
        for field in kind.declared_fields.values():
            assert set(secret).isdisjoint(device.addresses(kind, field))
        for low, high in kind.register_ranges or ():
            assert set(secret).isdisjoint(range(low, high + 1))


# There and back


CURRENTS = st.integers(-29999, 35534).map(lambda raw: round(raw / 10, 1))
DEGREES = st.integers(-40, 214).map(float)
BOARD = st.none() | st.integers(-39, 214).map(float)
NAMES = [name for names in FAULTS for name in names]
LEVEL_NAMES = [
    name if size == 1 else f"{name}_level_{level}"
    for _, _, size, name in LEVELS
    for level in range(1, 2 if size == 1 else 8)
]


def readings(cells, alarms):
    """Return readings of packs with up to `cells` cells."""
    switch = st.none() | st.booleans()
    return st.builds(
        PackReading,
        time=st.just(0.0),
        cells=st.lists(st.none() | st.integers(0, 5000).map(milli), min_size=1, max_size=cells).map(tuple),
        temperatures=st.lists(st.none() | DEGREES, max_size=8).map(tuple),
        current=st.none() | CURRENTS,
        # A driver that reads more takes the words for swapped.
        voltage=st.none() | st.integers(0, 20000).map(lambda raw: raw / 10),
        switch_temperature=BOARD,
        soc=st.none() | st.integers(0, 1000).map(lambda raw: raw / 10),
        cycles=st.none() | st.integers(0, 65534),
        switches=st.builds(Switches, charge=switch, discharge=switch),
        commanded=st.builds(Switches, charge=switch, discharge=switch, balance=switch),
        balancing=st.none() | st.booleans(),
        balance_current=st.none() | st.integers(-29999, 35534).map(milli),
        alarms=st.frozensets(st.sampled_from(alarms)),
    )


def one_level(alarms):
    """Return the alarms with one level each, as a device has it."""
    return frozenset({name.rpartition("_level_")[0] or name: name for name in sorted(alarms)}.values())


RINGS = st.builds(
    HardwareRing,
    cell_overvoltage=st.integers(1, 5000).map(milli),
    cell_undervoltage=st.integers(1, 5000).map(milli),
    charge_current=st.integers(1, 5000).map(lambda raw: raw / 10),
    discharge_current=st.integers(1, 5000).map(lambda raw: raw / 10),
    charge_overtemperature=DEGREES,
    charge_undertemperature=st.none() | DEGREES,
    discharge_overtemperature=DEGREES,
    switch_overtemperature=DEGREES,
    balance_start_voltage=st.integers(1, 5000).map(milli),
    balance_difference=st.none() | st.integers(1, 1000).map(milli),
)


@settings(max_examples=100, deadline=None)
@given(reading=readings(32, NAMES), ring=RINGS, capacity=st.none() | st.integers(1, 65534).map(lambda raw: raw / 10))
async def test_what_a_d2_tells_survives_the_way_over_the_wire(reading, ring, capacity):
    info = DeviceInfo(
        manufacturer="Daly",
        model="D2",
        serial_number="",
        hardware="DALY-HW-1",
        firmware="SW 30.1",
        cells=len(reading.cells),
        capacity=capacity,
        temperature_sensors=len(reading.temperatures),
        hardware_ring=ring,
        chemistry="lto",
    )
    driver = D2.driver(MemoryUnit(D2, D2.encode(reading, info)), clock=lambda: 7.0)
    assert await driver.async_identify() == info
    expected = replace(reading, time=7.0, cells_time=7.0, temperatures_time=7.0, current_time=7.0, hardware=ring)
    assert await driver.async_read() == replace(expected, capacity=capacity)


@settings(max_examples=100, deadline=None)
@given(reading=readings(48, LEVEL_NAMES))
async def test_what_a_p81_tells_survives_the_way_over_the_wire(reading):
    info = DeviceInfo(
        manufacturer="Daly",
        model="P81",
        serial_number="",
        hardware="ESS41_0323",
        firmware="41_260321_0323ESS-DL-BMS",
        cells=len(reading.cells),
        temperature_sensors=len(reading.temperatures),
    )
    reading = replace(reading, alarms=one_level(reading.alarms))
    driver = P81.driver(MemoryUnit(P81, P81.encode(reading, info)), clock=lambda: 7.0)
    assert await driver.async_identify() == info
    expected = replace(reading, time=7.0, cells_time=7.0, temperatures_time=7.0, current_time=7.0)
    assert await driver.async_read() == replace(expected, hardware=HardwareRing())


@settings(max_examples=100, deadline=None)
@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    name=st.sampled_from(["current", "voltage", "soc", "cycles", "switch_temperature", "balance_current"]),
    device=st.sampled_from([D2, P81]),
)
def test_a_value_beyond_the_registers_is_told_as_the_nearest_one_or_not_at_all(value, name, device):
    info = DeviceInfo(manufacturer="", model="", serial_number="")
    memory = device.encode(PackReading(time=0.0, **{name: value}), info)
    assert all(0 <= word <= 0xFFFF for word in memory.values())
    told = getattr(device.reading(device.decode(memory), {}), name)
    # The ends of a register stand for what was not measured.
    assert told is None or abs(told) <= abs(value) + 1


@pytest.mark.parametrize("device", [D2, P81])
def test_absent_sensors_and_cells_are_unknown(device):
    pack = PackReading(time=0.0, cells=(3.3, None, 3.3), temperatures=(20.0, None))
    memory = device.encode(pack, DeviceInfo(manufacturer="", model="", serial_number=""))
    reading = device.reading(device.decode(memory), {})
    assert (reading.cells, reading.temperatures) == ((3.3, None, 3.3), (20.0, None))
    assert (reading.current, reading.voltage, reading.soc, reading.switch_temperature) == (None,) * 4
    assert reading.switches == Switches()


def test_a_sensor_that_tells_all_ones_is_absent_too():
    sensors = {0x20: 0xFFFF, 0x21: 62, 0x32: 2}
    assert D2.reading(D2.decode({**dict.fromkeys(range(0x20, 0x28), 0), **sensors}), {}).temperatures == (None, 22.0)


def test_cells_read_without_their_number_end_with_the_last_that_tells_something():
    memory = {**dict.fromkeys(range(0x20), 0), 0: 3300, 2: 3301}
    assert D2.reading(D2.decode(memory), {}).cells == (3.3, 0.0, 3.301)


def test_an_alarm_bit_that_nobody_knows_still_shows():
    assert D2.decode({0x3A: 0, 0x3B: 1 << 12, 0x3C: 0, 0x3D: 1 << 8})["faults"] == {"alarm_28", "alarm_56"}


def test_levels_are_told_as_they_are():
    words = dict(
        zip(range(0x6D, 0x74), [0b11_010_001 | 1 << 15, 0, 0b111 << 8 | 0x40, 0x80, 0, 0x0100, 0x2001], strict=True)
    )
    assert P81.decode(words)["levels"] == {
        "cell_overvoltage_level_1",
        "cell_undervoltage_level_2",
        "smart_charger_present",
        "smart_charger_lost",
        "smart_discharger_lost",
        "short_circuit",
        "charge_overcurrent_level_7",
        "parallel_communication_lost",
        "afe_fault",
        "temperature_wire_fault",
        "heater_on",
    }


@pytest.mark.parametrize(("device", "cells"), [(D2, 33), (P81, 49), (D2, 0), (P81, None)])
def test_a_number_of_cells_that_cannot_be_is_no_daly(device, cells):
    with pytest.raises(ValueError, match="cells"):
        device.info({"cell_count": cells})


def test_a_current_setting_counts_by_its_size():
    assert D2.info({"cell_count": 4, "charge_overcurrent": -10.0}).hardware_ring.charge_current == 10.0
    assert D2.info({"cell_count": 4, "charge_overcurrent": 0.0}).hardware_ring.charge_current is None
    assert D2.info({"cell_count": 4, "charge_undertemperature": 0}).hardware_ring.charge_undertemperature == 0


# The registers that some boards do not have


class Mute(MemoryUnit):
    """A board that gives no answer for some registers, or refuses them."""

    def __init__(self, device, memory, without, error=ModbusTimeoutError):
        super().__init__(device, memory)
        self.without, self.error = without, error

    def _read(self, function, address, count):
        if address in self.without:
            self.wire.append((function, address, count))
            raise self.error
        return super()._read(function, address, count)

    @property
    def asked_in_vain(self):
        return [address for _, address, _ in self.wire if address in self.without]


def daly_memory(device):
    pack = busy_pack()
    return device.encode(pack.reading(0.0), pack.info)


async def test_old_firmware_is_asked_twice_for_its_mos_temperature_and_then_left_in_peace():
    now = 0.0
    unit = Mute(D2, daly_memory(D2), {0x3E, 0xA9, 0xCF})
    driver = D2.driver(unit, clock=lambda: now)
    info = await driver.async_identify()
    assert (info.firmware, info.cells) == (None, 16)
    for _ in range(4):
        now += 61.0
        reading = await driver.async_read()
    assert reading.switch_temperature is None
    assert len(reading.cells) == 16
    assert sorted(unit.asked_in_vain) == [0x3E, 0x3E, 0xA9, 0xA9, 0xCF, 0xCF]


async def test_a_firmware_that_refuses_the_tail_is_asked_once():
    now = 0.0
    unit = Mute(D2, daly_memory(D2), {0x3E}, IllegalDataAddressError)
    driver = D2.driver(unit, clock=lambda: now)
    for _ in range(3):
        await driver.async_read()
        now += 61.0
    assert unit.asked_in_vain == [0x3E]


async def test_a_tail_that_once_came_is_asked_for_again_after_a_loss():
    now = 0.0
    unit = Mute(D2, daly_memory(D2), set())
    driver = D2.driver(unit, clock=lambda: now)
    assert (await driver.async_read()).switch_temperature is not None
    unit.without = {0x3E}
    for _ in range(3):
        now += 61.0
        reading = await driver.async_read()
    # Old values are unknown values.
    assert reading.switch_temperature is None
    unit.without = set()
    assert (await driver.async_read()).switch_temperature is not None


def test_the_tail_is_asked_for_as_it_was_recorded():
    first, last = Tail.register_ranges[0]
    question = parse_request(bytes.fromhex(named("daly_d2", "aiobmsble_mos_info")["request"]))
    assert (question.address, question.count) == (first, last - first + 1)
    addresses = [at for field in Tail.declared_fields.values() for at in D2.addresses(Tail, field)]
    assert (min(addresses), max(addresses)) == (first, last)


# On a real link


async def test_a_d2_read_over_a_real_link_says_what_the_pack_says(socket_enabled):
    pack = busy_pack()
    async with served(D2, pack) as (unit, server):
        driver = D2.driver(unit, spacing=0)
        info = await driver.async_identify()
        assert server.unit_id == 0xD2
        told = await driver.async_read()
        agrees(switchless(told), pack.reading(0.0), STEPS, {"soh"})
        assert told.commanded.balance is pack.commanded.balance
        assert (info.cells, info.capacity, info.chemistry, info.serial_number) == (16, 280.0, "lfp", "")
        assert info.hardware_ring.cell_overvoltage == pack.info.hardware_ring.cell_overvoltage
        assert driver.capabilities == Capability.CHARGE_SWITCH | Capability.DISCHARGE_SWITCH
        await driver.async_apply(decide(charge=False))
        assert (await driver.async_read()).switches.charge is False
        writes = [request for request in server.requests if request.function not in (3, 4)]
        assert [(write.function, write.address, write.values) for write in writes] == [(6, 0xA5, (0,))]


async def test_a_p81_answers_from_another_unit_and_is_heard_all_the_same(socket_enabled):
    pack = busy_pack()
    async with own_line(P81, pack) as (driver, server):
        info = await driver.async_identify()
        assert server.unit_id == 0x81
        agrees(switchless(await driver.async_read()), pack.reading(0.0), STEPS, {"soh", "capacity"})
        assert (info.manufacturer, info.model, info.cells, info.capacity) == ("Daly", "P81", 16, None)
        await driver.async_apply(decide(discharge=False))
        assert (await driver.async_read()).switches.discharge is False
        writes = [request for request in server.requests if request.function != 3]
        assert [(write.function, write.address, write.values) for write in writes] == [(6, 0x122, (0,))]


async def test_two_boards_on_one_serial_line_are_read_and_moved_each_for_itself(tmp_path):
    one, two = busy_pack(seed=3), busy_pack(seed=4, cells=8)
    boards = Boards(board_1=one, board_2=two)
    async with adapter(tmp_path / "rs485", boards.talk) as line:
        wire = Wire(str(line.name), baudrate=9600)
        drivers = [P81.driver(wire.for_unit(P81.unit(number), P81.dialect), spacing=0.0) for number in (1, 2)]
        first, second = await asyncio.gather(*(driver.async_read() for driver in drivers))
        agrees(switchless(first), one.reading(0.0), STEPS, {"soh", "capacity"})
        agrees(switchless(second), two.reading(0.0), STEPS, {"soh", "capacity"})
        boards.wire.clear()
        await drivers[1].async_apply(decide(charge=False))
        readings = [await driver.async_read() for driver in drivers]
        assert [reading.switches.charge for reading in readings] == [True, False]
        assert boards.wire[0] == bytes.fromhex("820601210000") + crc16(bytes.fromhex("820601210000"))
        await wire.close()


async def test_a_late_answer_of_one_board_is_not_taken_for_the_others(tmp_path):
    one, two = busy_pack(seed=3), busy_pack(seed=4, cells=8)
    boards = Boards(board_1=one, board_2=two)
    boards.late = {0x81: 0.15, 0x82: 0.3}
    async with adapter(tmp_path / "rs485", boards.talk) as line:
        wire = Wire(str(line.name), baudrate=9600)
        hasty, patient = (wire.for_unit(P81.unit(number), P81.dialect) for number in (1, 2))
        hasty.require_timeout(0.05)
        with pytest.raises(ModbusTimeoutError):
            await hasty.read_holding_registers(0x3C, 2)
        # Board 1's answer, of the same length, arrives while board 2 is asked.
        assert await patient.read_holding_registers(0x3C, 2) == [8, 4]
        await wire.close()


def test_the_answers_of_one_board_can_be_told_apart_by_their_length():
    """A late answer names no address: only its length tells it from the answer to another request."""
    kinds = {*P81.identity, *P81.passport, *P81.settings, *P81.extras, *P81.live, P81.commands}
    spans = []
    for kind in kinds:
        addresses = [at for field in kind.declared_fields.values() for at in P81.addresses(kind, field)]
        spans.append(max(addresses) - min(addresses) + 1)
    assert len(set(spans)) == len(kinds)


async def test_a_refusal_of_a_board_is_a_refusal(tmp_path):
    boards = Boards(board_1=busy_pack())
    async with adapter(tmp_path / "rs485", boards.talk) as line:
        wire = Wire(str(line.name), baudrate=9600)
        unit = wire.for_unit(0x81, P81.dialect)
        with pytest.raises(IllegalDataAddressError, match="it does not have the address"):
            await unit.read_input_registers(0x2000, 1)
        assert await unit.read_holding_registers(0x121, 2) == [1, 1]
        await wire.close()


async def test_a_board_that_is_not_there_does_not_answer(socket_enabled):
    async with own_line(P81, busy_pack()) as (driver, server):
        server.unit_id = 0x82
        with pytest.raises(DriverError) as told:
            await driver.async_identify()
        assert told.value.key == "no_answer"


def test_a_person_may_give_the_number_of_a_board_or_its_unit_id():
    assert [P81.unit(number) for number in (1, 16, 0x81, 0x90)] == [0x81, 0x90, 0x81, 0x90]
    assert [D2.unit(number) for number in (1, 0xD2)] == [0xD2, 0xD2]
    assert (P81.unit(0), P81.unit(17), D2.unit(2)) == (0, 17, 2)
    assert DEVICES["jk_pb"].unit(0) == 0


def test_a_recording_of_another_unit_is_no_daly():
    request = bytes.fromhex("010300000001")
    with pytest.raises(FrameError, match="has 129 to 144"):
        memory_of(P81, request + crc16(request), bytes.fromhex("51030200017188"))


async def test_a_p81_is_not_served_as_modbus_tcp(socket_enabled):
    server = VirtualServer(busy_pack(), P81)
    with pytest.raises(OSError, match="speaks no Modbus TCP"):
        await server.start_tcp()
