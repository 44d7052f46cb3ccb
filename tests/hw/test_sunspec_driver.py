"""A SunSpec battery on a link: how it is found and polled."""

from dataclasses import replace

import pytest
from modbus_connection import (
    GatewayTargetError,
    IllegalDataAddressError,
    ModbusConnectionError,
    ModbusTcpParams,
    ModbusTimeoutError,
)
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.core.model import AskedLimits, HardwareRing, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.sunspec.memory import BASES, memory_with
from custom_components.home_bms.hw.sunspec.models import BANK, BATTERY, COMMON, MODULE, STORAGE, STRING
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer

from .clock import Clock
from .sunspec_device import INFO, POSITIVE, READING, Inverter, asked, places, poll


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def inverter():
    return Inverter()


@pytest.fixture
def driver(inverter, clock):
    return POSITIVE.driver(inverter, clock=clock)


# How it is found


@pytest.mark.parametrize("base", BASES)
async def test_the_chain_is_found_wherever_it_may_begin(inverter, driver, base):
    inverter.base = base
    inverter.show()
    assert await driver.async_identify() == INFO
    assert (await driver.async_read()).cells == READING.cells


async def test_what_stands_between_and_behind_the_models_is_left_alone(inverter, driver):
    inverter.between = [(STORAGE, {}), (COMMON, {"Mn": "Voltline", "Md": "Bank 10", "SN": "BATTERY-1"})]
    inverter.behind = [(COMMON, {"SN": "METER"})]
    inverter.show()
    # The last common model in front of the battery is the battery's.
    assert (await driver.async_identify()).serial_number == "BATTERY-1"
    storage = places(inverter.chain())[STORAGE]
    asked(inverter)
    await driver.async_read()
    assert all(not address <= storage < address + count for address, count in asked(inverter))


async def test_a_common_model_of_either_length_is_read(inverter, driver):
    words = memory_with(inverter.chain())
    common = places(inverter.chain())[COMMON]
    shorter = {at - (at > common + 66): word for at, word in words.items() if at != common + 67}
    inverter.memory = {**shorter, common + 1: 65}
    assert await driver.async_identify() == INFO


async def test_a_poll_reads_each_model_once_the_common_one_every_ten_seconds_and_the_chain_once_a_minute(
    inverter, driver, clock
):
    await driver.async_identify()
    asked(inverter)
    at = places(inverter.chain())
    battery, string = at[BATTERY], at[STRING]
    live = [(battery, 64), (string, 77), (at[MODULE], 76), (at[MODULE] + 76, 76)]
    for second in range(1, 60):
        await poll(driver, clock)
        assert asked(inverter) == [(at[COMMON], 67)] * (second % 10 == 0) + live
    await poll(driver, clock)
    headers = [(BASES[0], 2), *((start, 2) for start in sorted({*at.values(), at[MODULE] + 76, at[MODULE] + 152}))]
    assert asked(inverter) == [*headers, (at[COMMON], 67), (at[BANK], 58), *live]


async def test_a_long_model_is_read_in_pieces(inverter, driver):
    inverter.info = replace(INFO, cells=160)
    inverter.show(cells=tuple(3.3 for _ in range(160)))
    assert len((await driver.async_read()).cells) == 160
    assert max(count for _, count in asked(inverter)) <= 125


@pytest.mark.parametrize(
    ("chain", "why"),
    [
        ([(COMMON, {}), (STORAGE, {})], "the device has 1, 124"),
        ([(COMMON, {}), (BATTERY, {}), (BATTERY, {})], "one battery"),
        ([(BATTERY, {}), (COMMON, {})], "no common model"),
    ],
)
async def test_a_chain_without_one_battery_is_refused(inverter, driver, chain, why):
    inverter.show_chain(chain)
    with pytest.raises(DriverError, match=why) as told:
        await driver.async_identify()
    assert told.value.key == "nonsense"


@pytest.mark.parametrize(("kind", "length"), [(BATTERY, 61), (STRING, 60), (MODULE, 75)])
async def test_a_model_of_an_impossible_length_is_refused(inverter, driver, kind, length):
    at = places(inverter.chain())[kind]
    inverter.memory[at + 1] = length
    # What follows is out of step then; let the chain end there.
    inverter.memory |= {at + 2 + length: 0xFFFF, at + 3 + length: 0}
    with pytest.raises(DriverError, match=f"model {kind.number} at {at} cannot be {length} long"):
        await driver.async_identify()


@pytest.mark.parametrize(
    ("trouble", "key"),
    [
        ({None: IllegalDataAddressError()}, "refused"),
        ({None: ModbusTimeoutError()}, "no_answer"),
        ({None: GatewayTargetError()}, "no_answer"),
        ({None: ModbusConnectionError()}, "cannot_connect"),
        ({BASES[0]: IllegalDataAddressError()}, "refused"),
        ({BASES[0] + 2: ModbusTimeoutError()}, "no_answer"),
    ],
)
async def test_who_tells_no_chain_is_no_battery(inverter, driver, trouble, key):
    inverter.trouble = trouble
    with pytest.raises(DriverError) as told:
        await driver.async_identify()
    assert told.value.key == key


async def test_who_answers_with_something_else_is_told_as_nonsense(inverter, driver):
    inverter.memory |= dict.fromkeys(range(100), 7)
    inverter.trouble = {BASES[0]: IllegalDataAddressError()}
    with pytest.raises(DriverError, match="No SunSpec marker") as told:
        await driver.async_identify()
    assert told.value.key == "nonsense"


async def test_a_dead_link_is_not_asked_three_times_over_and_over(inverter, driver):
    inverter.trouble = {None: ModbusTimeoutError()}
    for _ in range(2):
        with pytest.raises(DriverError):
            await driver.async_identify()
    inverter.wire.clear()
    counted = []

    async def count(address, count):
        counted.append(address)
        raise ModbusTimeoutError

    inverter.read_holding_registers = count
    with pytest.raises(DriverError):
        await driver.async_identify()
    assert counted == [BASES[0]]


# On a real link


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("key", ["sunspec", "sunspec_charging_negative", "sunspec_charging_positive"])
async def test_a_virtual_pack_in_a_chain_is_read_over_tcp(key):
    pack = VirtualPack(seed=3, soc=61.0)
    pack.demand = -37.0
    pack.step(5)
    server = VirtualServer(pack, DEVICES[key], unit_id=71)
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=await server.start_tcp()))
    try:
        driver = DEVICES[key].driver(connection.for_unit(71), clock=lambda: 7.0, spacing=0.0)
        info = await driver.async_identify()
        assert info.serial_number == pack.info.serial_number
        assert (info.cells, info.temperature_sensors) == (16, 4)
        seen, truth = await driver.async_read(), pack.reading(7.0)
        assert seen == replace(
            truth,
            cells=tuple(round(cell, 3) for cell in truth.cells),
            temperatures=tuple(round(temperature, 1) for temperature in truth.temperatures),
            current=round(truth.current, 2),
            voltage=round(truth.voltage, 2),
            soc=round(truth.soc, 2),
            switch_temperature=None,
            balance_current=None,
            commanded=Switches(),
            switches=Switches(charge=True, discharge=True),
            hardware=HardwareRing(),
            # What its own settings let through.
            asked=AskedLimits(
                ccl=pack.info.hardware_ring.charge_current, dcl=pack.info.hardware_ring.discharge_current
            ),
            asked_time=7.0,
        )
        assert {request.function for request in server.requests} == {3}
    finally:
        await connection.close()
        await server.stop()
