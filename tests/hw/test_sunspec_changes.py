"""A SunSpec battery whose map, sign or heart is in doubt while it is read."""

from dataclasses import replace

import pytest
from modbus_connection import IllegalDataAddressError, ModbusTimeoutError

from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.sunspec.driver import HEARTBEAT_WITHIN, SILENT_HEART
from custom_components.home_bms.hw.sunspec.memory import BASES
from custom_components.home_bms.hw.sunspec.models import BANK, BATTERY, COMMON, MODULE, STORAGE, STRING

from .clock import Clock
from .sunspec_device import INFO, POSITIVE, READING, SUNSPEC, Inverter, asked, places, poll


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def inverter():
    return Inverter()


@pytest.fixture
def driver(inverter, clock):
    return POSITIVE.driver(inverter, clock=clock)


# When the map moves


async def test_a_chain_that_changes_is_walked_anew_and_nothing_is_read_from_a_wrong_place(inverter, driver, clock):
    before = await driver.async_read()
    inverter.between = [(STORAGE, {"WChaMax": 3300})]
    inverter.show(cells=tuple(3.4 for _ in range(16)), voltage=54.4)
    with pytest.raises(DriverError, match="chain of models has changed") as told:
        await poll(driver, clock)
    assert told.value.key == "nonsense"
    after = await poll(driver, clock)
    assert (after.cells, after.voltage) == ((3.4,) * 16, 54.4)
    assert (before.cells, after.cells_time) == (READING.cells, clock.now)


async def test_a_model_that_moves_behind_others_leaves_old_values_to_grow_old(inverter, driver, clock):
    await driver.async_read()
    known = clock.now
    chain = inverter.chain()
    chain.insert(-2, (STORAGE, {}))
    inverter.show_chain(chain)
    reading = await poll(driver, clock)
    assert (reading.cells, reading.cells_time) == (READING.cells, known)
    assert reading.current_time == clock.now
    reading = await poll(driver, clock)
    assert (reading.cells, reading.cells_time) == (READING.cells, clock.now)


async def test_a_module_that_joins_at_the_end_is_seen_within_a_minute(inverter, driver, clock):
    await driver.async_read()
    inverter.behind = [inverter.chain()[-1]]
    inverter.show()
    counts = {len((await poll(driver, clock, 10)).cells) for _ in range(7)}
    assert counts == {16, 24}
    assert len((await poll(driver, clock)).cells) == 24


async def test_a_module_that_is_gone_is_not_replaced_by_memory(inverter, driver, clock):
    await driver.async_read()
    inverter.show_chain(inverter.chain()[:-1])
    reading = await poll(driver, clock)
    assert reading.cells_time == clock.now - 1
    assert len((await poll(driver, clock)).cells) == 8


async def test_another_battery_in_its_place_is_told(inverter, driver, clock):
    await driver.async_read()
    inverter.trouble = {None: ModbusTimeoutError()}
    with pytest.raises(DriverError):
        await poll(driver, clock)
    inverter.trouble = {}
    inverter.info = replace(INFO, serial_number="OTHER")
    inverter.between = [(STORAGE, {})]
    inverter.show()
    for _ in range(2):
        with pytest.raises(DriverError) as told:
            await poll(driver, clock)
        assert told.value.key == "identity_changed"
    inverter.info = INFO
    inverter.show()
    assert (await poll(driver, clock)).cells == READING.cells


async def test_after_a_lost_link_the_chain_is_walked_before_anything_is_believed(inverter, driver, clock):
    await driver.async_read()
    inverter.trouble = {None: ModbusTimeoutError()}
    for _ in range(2):
        with pytest.raises(DriverError):
            await poll(driver, clock)
    inverter.trouble = {BASES[0] + 2: ModbusTimeoutError()}
    with pytest.raises(DriverError) as told:
        await poll(driver, clock)
    assert told.value.key == "no_answer"
    inverter.trouble = {}
    assert (await poll(driver, clock)).cells == READING.cells


async def test_a_walk_that_fails_while_all_is_well_is_tried_again_later(inverter, driver, clock):
    await driver.async_read()
    inverter.trouble = {BASES[0]: ModbusTimeoutError()}
    reading = await poll(driver, clock, 60)
    assert (reading.cells_time, reading.current_time) == (clock.now, clock.now)


async def test_one_part_that_fails_keeps_its_values_and_its_time(inverter, driver, clock):
    await driver.async_read()
    known = clock.now
    inverter.trouble = {places(inverter.chain())[MODULE] + 76: IllegalDataAddressError()}
    reading = await poll(driver, clock)
    assert (reading.cells_time, reading.temperatures_time, reading.current_time) == (known, known, clock.now)


async def test_without_modules_the_temperatures_come_with_the_battery(inverter, driver, clock):
    inverter.show_chain([row for row in inverter.chain() if row[0] is not MODULE])
    reading = await driver.async_read()
    assert (reading.cells, reading.cells_time) == ((), None)
    assert (reading.temperatures, reading.temperatures_time) == ((21.5, -4.2), clock.now)


async def test_without_strings_the_bank_is_read_with_the_battery(inverter, driver, clock):
    inverter.show_chain([row for row in inverter.chain() if row[0] not in (MODULE, STRING)])
    assert (await driver.async_read()).temperatures == (21.5, -4.2)
    at = places(inverter.chain())
    asked(inverter)
    await poll(driver, clock)
    assert asked(inverter) == [(at[BATTERY], 64), (at[BANK], 58)]


async def test_a_string_alone_is_a_battery(inverter, driver):
    inverter.show_chain([row for row in inverter.chain() if row[0] in (COMMON, STRING)])
    reading = await driver.async_read()
    assert (reading.voltage, reading.current, reading.soc) == (52.92, -12.3, 63.21)


# The sign of the current


async def test_the_current_is_unknown_until_the_charge_state_has_said_its_sign(clock):
    inverter = Inverter()
    driver = SUNSPEC.driver(inverter, clock=clock)
    at = places(inverter.chain())[BATTERY]
    told = []
    for state, current in [
        (6, 5.0),
        (None, 5.0),
        (4, 5.0),
        (6, 5.0),
        (6, -5.0),
        (3, 5.0),
        (6, 5.0),
        (3, -5.0),
        (6, 1.0),
    ]:
        inverter.show(current=current)
        inverter.memory[at + 16] = 0xFFFF if state is None else state
        told.append((await poll(driver, clock)).current)
    # Contradicted, it is unknown again until the two agree.
    assert told == [None, None, 5.0, 5.0, -5.0, None, None, -5.0, 1.0]


async def test_the_sign_outlasts_a_new_walk(clock):
    inverter = Inverter()
    driver = SUNSPEC.driver(inverter, clock=clock)
    inverter.show(current=5.0)
    await driver.async_read()
    inverter.between = [(STORAGE, {})]
    inverter.show()
    with pytest.raises(DriverError):
        await poll(driver, clock)
    inverter.memory[places(inverter.chain())[BATTERY] + 16] = 6
    assert (await poll(driver, clock)).current == 5.0


# The heartbeat


async def test_a_heart_that_stops_is_told_and_what_it_told_grows_old(inverter, driver, clock):
    for beat in range(3):
        inverter.show(time=float(beat))
        reading = await poll(driver, clock)
        assert reading.alarms == frozenset()
    last = clock.now
    for _ in range(int(HEARTBEAT_WITHIN) - 1):
        assert (await poll(driver, clock)).current_time == clock.now
    reading = await poll(driver, clock)
    assert reading.alarms == {SILENT_HEART}
    assert (reading.cells_time, reading.temperatures_time, reading.current_time) == (last, last, last)
    assert reading.time == clock.now
    inverter.show(time=9.0)
    reading = await poll(driver, clock)
    assert (reading.alarms, reading.current_time) == (frozenset(), clock.now)


async def test_a_heart_that_never_beat_is_none(inverter, driver, clock):
    at = places(inverter.chain())[BATTERY]
    for beat in (0, 0xFFFF):
        inverter.memory[at + 18] = beat
        for _ in range(5):
            reading = await poll(driver, clock, HEARTBEAT_WITHIN)
            assert (reading.alarms, reading.current_time) == (frozenset(), clock.now)


async def test_a_stopped_heart_makes_no_group_read_that_never_was(inverter, driver, clock):
    for beat in range(2):
        inverter.reading = replace(READING, time=float(beat))
        inverter.show_chain([row for row in inverter.chain() if row[0] is not MODULE])
        await poll(driver, clock)
    reading = await poll(driver, clock, HEARTBEAT_WITHIN)
    assert (reading.cells_time, reading.current_time) == (None, clock.now - HEARTBEAT_WITHIN)
    assert reading.alarms == {SILENT_HEART}


async def test_a_silent_link_is_not_a_silent_heart(inverter, driver, clock):
    for beat in range(2):
        inverter.show(time=float(beat))
        await poll(driver, clock)
    inverter.trouble = {places(inverter.chain())[BATTERY]: IllegalDataAddressError()}
    reading = await poll(driver, clock, 2 * HEARTBEAT_WITHIN)
    assert SILENT_HEART not in reading.alarms
