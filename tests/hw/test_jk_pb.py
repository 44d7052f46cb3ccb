"""The map of the JK PB: what was recorded, and the way there and back."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import AskedLimits, HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.jk_registers import Alarm
from custom_components.home_bms.hw.driver import DeviceInfo
from custom_components.home_bms.hw.frames import FrameError, memory_of

from .conftest import INFO, READING
from .recorded import MemoryUnit, milli, same, vectors

JK = DEVICES["jk_pb"]
VECTORS = vectors("jk_pb")
ANSWERED = [vector for vector in VECTORS if vector.get("response")]


def number(text):
    return int(text, 16)


def micro(value):
    return value / 1e6


# The recordings' names: our field, and what makes their value ours.
WORDS = {
    "cell_present_mask": ("cell_mask", number),
    "avg_cell_v": ("cell_average", same),
    "delta_v": ("cell_difference", same),
    "max_cell_idx0": ("cell_max_index", same),
    "min_cell_idx0": ("cell_min_index", same),
    "mos_temp_c": ("mos_temperature", same),
    "wire_res_alarm_mask": ("balance_wire_alarms", same),
    "voltage_v": ("voltage", same),
    "power_w": ("power", same),
    "current_a": ("current", same),
    "temp1_c": ("temperature_1", same),
    "temp2_c": ("temperature_2", same),
    "temp3_c": ("temperature_3", same),
    "temp4_c": ("temperature_4", same),
    "temp5_c": ("temperature_5", same),
    "alarms": ("alarm_bits", number),
    "balance_current_a": ("balance_current", same),
    "balance_state": ("balance_state", same),
    "soc_pct": ("soc", same),
    "remaining_ah": ("remaining_capacity", same),
    "full_ah": ("full_capacity", same),
    "cycles": ("cycles", same),
    "cycle_ah": ("cycled_capacity", same),
    "soh_pct": ("soh", same),
    "precharge": ("precharge_state", same),
    "runtime_s": ("run_time", same),
    "charge_on": ("charge_on", same),
    "discharge_on": ("discharge_on", same),
    "temp_sensor_present_mask": ("sensors", number),
    "heating": ("heating", same),
    "volt_0x0e4_v": ("coarse_voltage", same),
    "heat_current_ma": ("heater_current", milli),
    "charger_plugged": ("charger_plugged", same),
    "smart_sleep_v": ("smart_sleep_voltage", same),
    "cell_uvp_v": ("cell_undervoltage", same),
    "cell_uvpr_v": ("cell_undervoltage_release", same),
    "cell_ovp_v": ("cell_overvoltage", same),
    "cell_ovpr_v": ("cell_overvoltage_release", same),
    "balance_trigger_v": ("balance_difference", same),
    "soc100_v": ("full_voltage", same),
    "soc0_v": ("empty_voltage", same),
    "rcv_v": ("charge_voltage", same),
    "rfv_v": ("float_voltage", same),
    "power_off_v": ("power_off_voltage", same),
    "charge_current_a": ("charge_current", same),
    "charge_ocp_delay_s": ("charge_overcurrent_delay", same),
    "charge_ocp_release_s": ("charge_overcurrent_release_time", same),
    "discharge_current_a": ("discharge_current", same),
    "discharge_ocp_delay_s": ("discharge_overcurrent_delay", same),
    "discharge_ocp_release_s": ("discharge_overcurrent_release_time", same),
    "scp_release_s": ("short_circuit_release_time", same),
    "max_balance_a": ("balance_current_max", same),
    "chg_ot_c": ("charge_overtemperature", same),
    "chg_ot_rec_c": ("charge_overtemperature_release", same),
    "dsg_ot_c": ("discharge_overtemperature", same),
    "dsg_ot_rec_c": ("discharge_overtemperature_release", same),
    "chg_ut_c": ("charge_undertemperature", same),
    "chg_ut_rec_c": ("charge_undertemperature_release", same),
    "mos_ot_c": ("switch_overtemperature", same),
    "mos_ot_rec_c": ("switch_overtemperature_release", same),
    "cell_count": ("cell_count", same),
    "charge_switch": ("charge", bool),
    "discharge_switch": ("discharge", bool),
    "balance_switch": ("balance", bool),
    "capacity_ah": ("design_capacity", same),
    "scp_delay_us": ("short_circuit_delay", micro),
    "balance_start_v": ("balance_start_voltage", same),
    "dev_addr": ("device_address", same),
    "precharge_s": ("precharge_time", same),
    "u32_0x1110": ("unnamed_1110", same),
    "control_bits": ("control_bits", number),
    "u8_0x116": ("battery_overtemperature", same),
    "u8_0x117": ("battery_overtemperature_release", same),
    "u8_0x1116": ("battery_overtemperature", same),
    "u8_0x1117": ("battery_overtemperature_release", same),
    "smart_sleep_h": ("smart_sleep_hours", same),
}


def decoded(vector):
    """Return a recorded vector's values."""
    return JK.decode(memory_of(JK, bytes.fromhex(vector["request"]), bytes.fromhex(vector["response"])))


@pytest.mark.parametrize("vector", ANSWERED, ids=lambda vector: vector["id"])
def test_every_recorded_value_is_read_as_its_source_says(vector):
    values = decoded(vector)
    expected = dict(vector["expected"])
    cells, resistances = expected.pop("cell_voltages_v", None), expected.pop("wire_res_mohm", None)
    if cells:
        assert list(JK.reading(values, {}).cells) == cells
        assert list(values["balance_wire_resistances"][: len(resistances)]) == [item / 1000 for item in resistances]
    assert expected
    found = {name: values[WORDS[name][0]] for name in expected}
    assert found == {name: WORDS[name][1](value) for name, value in expected.items()}


def test_a_recorded_state_reads_in_our_words():
    reading = JK.reading(decoded(VECTORS[0]), {})
    assert reading.temperatures == (16.7, 17.2, 17.1, 16.9)
    assert (reading.voltage, reading.current, reading.soc, reading.soh) == (52.287, 0.0, 64, 100)
    assert (reading.capacity, reading.cycles, reading.switch_temperature) == (314.0, 0, 17.4)
    assert reading.switches == Switches(charge=True, discharge=True)
    assert reading.commanded == Switches()
    assert reading.alarms == {"change_password"}
    assert reading.balancing is False


def test_both_byte_orders_lead_to_the_same_settings():
    bulk = next(vector for vector in ANSWERED if vector["id"] == "jk_bulk_type1_9")
    assert decoded(bulk)["cell_overvoltage"] == 2.7
    assert decoded(bulk)["control_bits"] == 0x3210
    words = next(vector for vector in ANSWERED if vector["id"] == "jk_fc03_0x10a0")
    assert decoded(words)["control_bits"] == 0x3200


READINGS = st.integers(1, 32).flatmap(
    lambda cells: st.builds(
        PackReading,
        time=st.just(0.0),
        cells=st.tuples(
            *[st.none() | st.integers(0, 0xFFFF).map(milli)] * (cells - 1), st.integers(1, 5000).map(milli)
        ),
        temperatures=st.tuples(*[st.integers(-0x8000, 0x7FFF).map(lambda raw: round(raw / 10, 1))] * 4),
        # Beyond these an answer makes no sense (hw/sense.py).
        current=st.integers(-10_000_000, 10_000_000).map(milli),
        voltage=st.integers(0, 2_000_000).map(milli),
        switch_temperature=st.integers(-0x8000, 0x7FFF).map(lambda raw: round(raw / 10, 1)),
        soc=st.integers(0, 100),
        soh=st.integers(0, 100),
        capacity=st.integers(0, 10**6).map(milli),
        cycles=st.integers(0, 2**32 - 1),
        switches=st.builds(Switches, charge=st.booleans(), discharge=st.booleans()),
        commanded=st.builds(Switches, charge=st.booleans(), discharge=st.booleans(), balance=st.booleans()),
        balancing=st.booleans(),
        balance_current=st.integers(-0x8000, 0x7FFF).map(milli),
        alarms=st.frozensets(st.sampled_from([bit.name.lower() for bit in Alarm])),
        sleep_in=st.none() | st.integers(1, 86400),
    )
)
TENTHS = st.integers(-400, 1500).map(lambda raw: round(raw / 10, 1))
VOLTS = st.integers(1000, 4500).map(milli)
RINGS = st.builds(
    HardwareRing,
    cell_overvoltage=st.integers(2000, 4500).map(milli),
    cell_undervoltage=st.integers(1000, 3500).map(milli),
    charge_current=st.integers(0, 10**6).map(milli),
    discharge_current=st.integers(0, 10**6).map(milli),
    charge_overtemperature=TENTHS,
    charge_undertemperature=TENTHS,
    discharge_overtemperature=TENTHS,
    cell_overvoltage_release=VOLTS,
    cell_undervoltage_release=VOLTS,
    power_off_voltage=VOLTS,
    charge_voltage=VOLTS,
    float_voltage=VOLTS,
    charge_overcurrent_delay=st.integers(0, 600),
    discharge_overcurrent_delay=st.integers(0, 600),
    charge_overtemperature_release=TENTHS,
    charge_undertemperature_release=TENTHS,
    discharge_overtemperature_release=TENTHS,
    switch_overtemperature=TENTHS,
    switch_overtemperature_release=TENTHS,
    balance_start_voltage=VOLTS,
    balance_difference=st.integers(0, 1000).map(milli),
)


@settings(max_examples=150, deadline=None)
@given(reading=READINGS, ring=RINGS)
async def test_what_a_pack_tells_survives_the_way_over_the_wire(reading, ring):
    info = replace(INFO, cells=len(reading.cells), hardware_ring=ring)
    driver = JK.driver(MemoryUnit(JK, JK.encode(reading, info)), clock=lambda: 7.0)
    found = await driver.async_identify()
    assert found == replace(info, chemistry=found.chemistry)
    now = dict.fromkeys(("time", "cells_time", "temperatures_time", "current_time", "asked_time"), 7.0)
    # It requests a charge voltage of each cell.
    asked = AskedLimits(cvl=round(len(reading.cells) * ring.charge_voltage, 3))
    expected = replace(reading, **now, hardware=ring, asked=asked)
    assert await driver.async_read() == expected


@settings(max_examples=100, deadline=None)
@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    name=st.sampled_from(["current", "voltage", "soc", "soh", "capacity", "cycles", "balance_current"]),
)
def test_a_value_beyond_the_registers_is_told_as_the_nearest_one(value, name):
    memory = JK.encode(replace(READING, **{name: value}), INFO)
    assert all(0 <= word <= 0xFFFF for word in memory.values())
    told = getattr(JK.reading(JK.decode(memory), {}), name)
    assert abs(told) <= abs(value) + 1
    assert told * value >= 0 or abs(value) < 1 or value < 0


def test_a_pack_that_knows_nothing_can_still_be_shown():
    memory = JK.encode(PackReading(time=0.0), DeviceInfo(manufacturer="", model="", serial_number=""))
    assert set(range(0x1200, 0x1300, 2)) <= set(memory)


def test_the_memory_is_whole():
    memory = JK.encode(READING, INFO)
    assert len(memory) == (0x111A - 0x1000 + 0x130E - 0x1200 + 0x1506 - 0x1400) // 2
    assert memory[0x1248] == 15 << 8
    assert (memory[0x1294] << 16 | memory[0x1296]) == round(52.92 * 12.345 * 1000)


@pytest.mark.parametrize(
    ("address", "words", "moved"),
    [
        (0x1070, [0, 0], Switches(charge=False)),
        (0x1074, [0, 1], Switches(discharge=True)),
        (0x1078, [0, 1], Switches(balance=True)),
        (0x1070, [0, 1, 0, 0, 0, 1], Switches(charge=True, discharge=False, balance=True)),
        (0x100C, [0, 3650], Switches()),
        (0x1620, [0], Switches()),
    ],
)
def test_a_write_moves_the_switch_at_its_address(address, words, moved):
    assert JK.written(address, words) == moved


@pytest.mark.parametrize(("address", "words"), [(0x1070, [0]), (0x1072, [1]), (0x1070, [0, 2]), (0x1078, [1, 0])])
def test_half_a_switch_or_no_position_is_refused(address, words):
    with pytest.raises(ValueError, match="no position"):
        JK.written(address, words)


@pytest.mark.parametrize(
    ("overvoltage", "chemistry"), [(3.65, "lfp"), (4.2, "nmc"), (2.7, "lto"), (3.95, None), (0.0, None)]
)
def test_the_overvoltage_setting_proposes_the_chemistry(overvoltage, chemistry):
    values = {**JK.values(READING, INFO), "cell_overvoltage": overvoltage}
    assert JK.info(values).chemistry == chemistry


def test_an_alarm_bit_that_nobody_knows_still_shows():
    values = {"alarm_bits": Alarm(1 << 4 | 1 << 30)}
    assert JK.reading(values, {}).alarms == {"cell_overvoltage", "alarm_30"}


def test_the_third_sensor_is_the_mosfets_and_no_cells():
    values = {**JK.values(READING, INFO), "sensors": 0b001111}
    assert JK.reading(values, {}).temperatures == READING.temperatures[:2]
    assert JK.info(values).temperature_sensors == 2


@pytest.mark.parametrize("word", [2, 255])
def test_a_switch_that_is_neither_on_nor_off_is_unknown(word):
    assert JK.reading({"charge_on": word}, {}).switches.charge is None


def test_no_field_covers_the_pin_or_a_password():
    secrets = {*range(0x1438, 0x1448), *range(0x1460, 0x1490)}
    for kind in JK.components:
        for field in kind.declared_fields.values():
            assert secrets.isdisjoint(JK.addresses(kind, field))


def test_a_bulk_frame_leaves_the_pin_and_the_passwords_where_they_are():
    page = bytearray(b"\x55\xaa\xeb\x90\x03\x00" + bytes(293))
    for offset, text in ((0x00, b"JK_PB2A16S20P"), (0x38, b"1234"), (0x50, b"404210281"), (0x70, b"sesame")):
        page[6 + offset : 6 + offset + len(text)] = text
    frame = bytes(page) + bytes((sum(page) & 0xFF,))
    values = JK.decode(memory_of(JK, None, frame))
    assert (values["model"], values["serial_number"]) == ("JK_PB2A16S20P", "404210281")
    assert "1234" not in str(values)
    assert "sesame" not in str(values)


def test_a_row_of_cells_read_alone_is_shown():
    memory = {0x1200 + 2 * index: 3300 + index for index in range(4)}
    assert JK.reading(JK.decode(memory), {}).cells == (3.3, 3.301, 3.302, 3.303)


def test_a_request_without_an_answer_is_explained():
    polls = [vector for vector in VECTORS if not vector.get("response")]
    assert polls
    for vector in polls:
        with pytest.raises(FrameError, match=r"no answer: the request asks unit \d+ to (read|write)"):
            memory_of(JK, bytes.fromhex(vector["request"]), None)
