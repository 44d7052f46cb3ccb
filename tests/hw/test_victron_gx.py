"""A battery behind a Victron GX: the official list's values, what 0 means, and the way there and back."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modbus_connection import GatewayPathUnavailableError, GatewayTargetError, IllegalDataAddressError, ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.core.model import AskedLimits, PackReading
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.victron_gx import ALARMS, ERRORS, FAULTS, SERVICE
from custom_components.home_bms.hw.devices.victron_registers import Battery, Bms, Cells, LaterAlarms, Limits
from custom_components.home_bms.hw.driver import Capability, DeviceInfo, DriverError
from custom_components.home_bms.hw.registers import fields
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer

from .clock import Clock
from .recorded import FRAMES, MemoryUnit, vectors

GX = DEVICES["victron_gx"]
ROOT = Path(__file__).parents[2]
INFO = DeviceInfo(manufacturer="Victron", model="GX battery service", serial_number="", temperature_sensors=2)
READING = PackReading(
    time=0.0,
    temperatures=(17.5, 21.3),
    current=-12.3,
    voltage=52.87,
    soc=63.5,
    soh=98.0,
    capacity=280.0,
    balancing=False,
    alarms=frozenset(),
)
# The official list's paths, and home_bms's names.
NAMES = {
    "settings /Settings/CGwacs/AcPowerSetPoint": "grid_setpoint",
    "settings /Settings/CGwacs/AcPowerSetPoint (x100)": "coarse_grid_setpoint",
    "settings MaxDischargePower 32-bit": "discharge_power_max",
    "battery /Dc/0/Voltage": "voltage",
    "battery /TimeToGo": "time_to_go",
    None: "grid_setpoint",
}


def told(**values):
    """Return the reading of a battery whose registers hold these values."""
    return GX.reading({"voltage": 52.0, **values}, {})


# What was recorded


@pytest.mark.parametrize("vector", vectors("victron_gx"), ids=lambda vector: vector["id"])
def test_every_recorded_value_is_read_as_the_official_list_says(vector):
    values = GX.decode({int(address): word for address, word in vector["registers"].items()})
    assert values == {NAMES[vector["expected"].get("path")]: vector["expected"]["value"]}
    assert set(vector["expected"].get("unit_ids", ())) <= set(GX.unit_ids)


def test_the_command_explains_every_vector_under_its_service():
    command = [sys.executable, str(ROOT / "scripts" / "workbench.py"), "decode", str(FRAMES / "victron_gx.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in lines] == [vector["id"] for vector in vectors("victron_gx")]
    assert all(line["error"] is None for line in lines)
    assert lines[0]["reading"] == {"settings": {"grid_setpoint": -2500}}
    assert lines[3]["reading"] == {"voltage": 52.87, "battery": {"voltage": 52.87}}


@pytest.mark.parametrize(
    ("registers", "heading", "page"),
    [
        ({265: 123}, "battery", {"consumed_capacity": -12.3}),
        ({330: 0, 331: 70}, "battery", {"wide_consumed_capacity": -70}),
        ({256: 0xFFFF, 257: 0xFF38}, "battery", {"wide_power": -200}),
        ({318: 0xFFF6}, "battery", {"cell_temperature_min": -1.0}),
        ({1290: 331, 1291: 334}, "battery", {"cell_voltage_min": 3.31, "cell_voltage_max": 3.34}),
        ({1306: 0x4331, 1307: 0, 1308: 0, 1309: 0}, "battery", {"cell_voltage_min_id": "C1"}),
        ({2704: 350, 2705: 0xFFFF, 2710: 568}, "settings", {
            "coarse_discharge_power_max": 3500, "charge_current_max": -1, "charge_voltage_max": 56.8,
        }),
        ({2716: 0xFFFF, 2717: 0xF63C}, "settings", {"volatile_grid_setpoint": -2500}),
        ({2901: 100, 2902: 2}, "settings", {"soc_min": 10.0, "ess_mode": 2}),
        ({806: 1, 840: 528, 841: 0xFF9C, 843: 55}, "system", {
            "relay_1": 1, "system_voltage": 52.8, "system_current": -10.0, "system_soc": 55,
        }),
        ({870: 0xFFFF, 871: 0xFF38}, "system", {"inverter_charger_power": -200}),
        ({26: 5280, 37: 0xFF9C, 61: 215}, "vebus", {
            "vebus_voltage": 52.8, "power_setpoint_l1": -100, "vebus_temperature": 21.5,
        }),
    ],
)  # fmt: skip
def test_each_service_is_shown_under_its_heading(registers, heading, page):
    assert GX.shown(GX.decode(registers))[heading] == page


# What 0 means


def test_a_zero_is_unknown_where_a_battery_has_none():
    silent = GX.decode({at: 0 for area in GX.areas for at in area})
    for name in ("voltage", "soc", "soh", "capacity", "temperature", "cell_voltage_min", "time_to_go"):
        assert silent[name] is None
    assert silent["current"] == 0
    assert GX.reading(silent, {}) == PackReading(time=0.0, alarms=frozenset())
    assert told(current=0.0).current == 0.0


def test_a_current_without_a_voltage_is_unknown():
    assert GX.reading({"voltage": None, "current": 12.0}, {}).current is None


def test_a_reserved_register_is_unknown():
    values = GX.decode(dict.fromkeys((259, 266, 304, 309), 0xFFFF))
    assert set(values.values()) == {None}


def test_there_are_no_cells_for_the_lowest_and_highest_are_not_all():
    reading = told(cell_voltage_min=3.3, cell_voltage_max=3.4, cells_per_battery=16)
    assert (reading.cells, reading.cells_time) == ((), None)
    assert GX.info({"cells_per_battery": 16}).cells is None


def test_a_sensor_that_was_there_and_is_gone_is_missed():
    found = {"cell_temperature_max": 20.0, "cell_temperature_min": 19.0, "temperature": 19.5}
    assert told(**found).temperatures == (19.0, 20.0)
    assert GX.reading({"voltage": 52.0, "temperature": 19.5}, found).temperatures == (None, None)
    assert told(temperature=19.5).temperatures == (19.5,)
    assert GX.info(found).temperature_sensors == 2
    assert told(temperature=None).temperatures == ()


# Alarms


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_and_its_warning_have_a_key(name):
    assert told(**{name: 2}).alarms == {name}
    assert told(**{name: 1}).alarms == {f"{name}_warning"}
    assert told(**{name: 7}).alarms == {name}
    assert told(**{name: 0}).alarms == frozenset()


def test_faults_and_error_codes_are_alarms_too():
    for name in FAULTS:
        assert told(**{name: 1, "error_code": 0}).alarms == {name}
    for code, key in ERRORS.items():
        assert told(error_code=code).alarms == {key}
    assert told(error_code=99).alarms == {"error_99"}
    assert told().alarms is None


def test_no_two_registers_share_a_name():
    names = [name for kind in GX.components for name, _ in fields(kind)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("values", "balancing"),
    [
        ({}, None),
        ({"balancing": 1}, True),
        ({"balancing": 0}, None),
        ({"balancer_status": 2}, True),
        ({"balancing": 0, "balancer_status": 1}, False),
        ({"balancer_status": 3}, False),
    ],
)
def test_balancing_is_told_in_either_of_two_ways(values, balancing):
    assert told(**values).balancing is balancing


# The way there and back


def tenths(low, high):
    return st.integers(low, high).map(lambda raw: raw / 10)


READINGS = st.builds(
    PackReading,
    time=st.just(0.0),
    temperatures=st.tuples(tenths(-400, -1), tenths(1, 1200)) | st.just(()),
    current=tenths(-0x8000, 0x7FFF),
    voltage=st.integers(1, 0xFFFE).map(lambda raw: raw / 100),
    soc=st.none() | tenths(1, 1000),
    soh=st.none() | tenths(1, 1000),
    capacity=st.none() | tenths(1, 0xFFFE),
    balancing=st.none() | st.booleans(),
    alarms=st.frozensets(st.sampled_from([*ALARMS, *FAULTS])),
    asked=st.none() | st.builds(AskedLimits, cvl=tenths(1, 0xFFFE), ccl=tenths(0, 0xFFFE), dcl=tenths(0, 0xFFFE)),
)


@settings(max_examples=100, deadline=None)
@given(reading=READINGS)
async def test_what_a_battery_tells_survives_the_way_over_the_wire(reading):
    driver = GX.driver(MemoryUnit(GX, GX.encode(reading, INFO)), clock=lambda: 7.0)
    found = await driver.async_identify()
    assert found == replace(INFO, temperature_sensors=len(reading.temperatures), capacity=reading.capacity)
    times = dict.fromkeys(("time", "temperatures_time", "current_time"), 7.0)
    times["asked_time"] = None if reading.asked is None else 7.0
    assert await driver.async_read() == replace(reading, **times, hardware=INFO.hardware_ring)


@settings(max_examples=60, deadline=None)
@given(
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    name=st.sampled_from(["current", "voltage", "soc", "soh", "capacity"]),
)
def test_a_value_beyond_the_registers_is_told_as_the_nearest_one(value, name):
    memory = GX.encode(replace(READING, **{name: value}), INFO)
    assert all(0 <= word <= 0xFFFF for word in memory.values())
    read = getattr(GX.reading(GX.decode(memory), {}), name)
    if value is None or read is None:
        assert read in (None, 0.0)
    else:
        assert abs(read) <= abs(value) + 0.1


async def test_a_warning_survives_the_way_too():
    memory = GX.encode(replace(READING, alarms=frozenset({"overcurrent_warning"})), INFO)
    assert GX.reading(GX.decode(memory), {}).alarms == {"overcurrent_warning"}


# On a link


@pytest.mark.usefixtures("socket_enabled")
async def test_a_virtual_pack_behind_a_gx_is_read_over_tcp():
    pack = VirtualPack(seed=3, soc=61.0, chemistry="lfp")
    pack.demand = -37.0
    pack.step(5)
    server = VirtualServer(pack, GX, unit_id=225)
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=await server.start_tcp()))
    try:
        driver = GX.driver(connection.for_unit(225), clock=lambda: 7.0)
        seen = await driver.async_read()
        truth = pack.reading(7.0)
        assert driver.capabilities is Capability.NONE
        assert seen == PackReading(
            time=7.0,
            temperatures=(round(min(truth.temperatures), 1), round(max(truth.temperatures), 1)),
            temperatures_time=7.0,
            current=round(truth.current, 1),
            voltage=round(truth.voltage, 2),
            current_time=7.0,
            soc=round(truth.soc, 1),
            soh=100.0,
            capacity=280.0,
            balancing=False,
            alarms=frozenset(),
            hardware=INFO.hardware_ring,
        )
        with pytest.raises(IllegalDataAddressError):
            await connection.for_unit(225).read_holding_registers(280, 2)
        assert {request.function for request in server.requests} == {3}
    finally:
        await connection.close()
        await server.stop()


async def test_no_request_crosses_a_gap_or_is_longer_than_modbus_allows():
    unit = MemoryUnit(GX, GX.encode(READING, INFO))
    driver = GX.driver(unit, clock=lambda: 7.0)
    await driver.async_identify()
    await driver.async_read()
    ranges = [range(first, last + 1) for kind in SERVICE for first, last in kind.register_ranges]
    assert unit.wire
    for function, address, count in unit.wire:
        assert function == 3
        assert count <= 125
        assert any(address in each and address + count - 1 in each for each in ranges)


async def test_an_older_firmware_without_the_later_registers_is_read_without_them():
    memory = GX.encode(READING, INFO)
    for kind in (LaterAlarms, Bms):
        for _, field in fields(kind):
            for at in range(field.address, field.address + field.count):
                del memory[at]
    unit, clock = MemoryUnit(GX, memory), Clock(100.0)
    driver = GX.driver(unit, clock=clock)
    await driver.async_identify()
    unit.wire.clear()
    reading = await driver.async_read()
    assert (reading.voltage, reading.temperatures) == (52.87, (17.5, 21.3))
    live = [kind.register_ranges[0][0] for kind in (Battery, Limits, Cells)]
    assert [address for _, address, _ in unit.wire] == live


@pytest.mark.parametrize("error", [GatewayTargetError, GatewayPathUnavailableError])
async def test_a_unit_that_the_gx_does_not_know_is_told_with_where_to_look(error):
    class Elsewhere(MemoryUnit):
        async def read_holding_registers(self, address, count):
            raise error

    with pytest.raises(DriverError, match="Available services") as told:
        await GX.driver(Elsewhere(GX, {})).async_identify()
    assert told.value.key == "no_answer"


async def test_another_error_keeps_its_own_words():
    with pytest.raises(DriverError, match="exception") as told:
        await GX.driver(MemoryUnit(GX, {})).async_identify()
    assert told.value.key == "refused"


async def test_what_a_block_told_is_forgotten_when_it_has_failed_for_long():
    memory = GX.encode(READING, INFO)
    unit, clock = MemoryUnit(GX, memory), Clock(100.0)
    driver = GX.driver(unit, clock=clock)
    assert (await driver.async_read()).temperatures == (17.5, 21.3)
    del memory[320]
    clock.now += 11
    reading = await driver.async_read()
    assert (reading.temperatures, reading.voltage) == ((None, None), 52.87)
