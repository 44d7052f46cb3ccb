"""The board with eight DS18B20: what was recorded, a sensor that is missing, and one that has not measured."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import DeviceInfo, DriverError
from custom_components.home_bms.hw.frames import memory_of
from custom_components.home_bms.hw.virtual import VirtualPack

from .boards import KINDS, asked, rounded, served
from .recorded import MemoryUnit, vectors

BOARD = DEVICES["r4dcb08"]
INFO = DeviceInfo(manufacturer="eletechsup", model="R4DCB08", serial_number="", temperature_sensors=8)
WORDS = {"ch1_c": "temperature_1", "ch2_correction_c": "correction_2"}


def shown(*temperatures: float | None, **changes) -> PackReading:
    return PackReading(time=0.0, temperatures=temperatures, **{"alarms": frozenset(), **changes})


@pytest.mark.parametrize("vector", vectors("r4dcb08"), ids=lambda vector: vector["id"])
def test_every_recorded_value_is_read_as_its_source_says(vector) -> None:
    values = BOARD.decode(memory_of(BOARD, bytes.fromhex(vector["request"]), bytes.fromhex(vector["response"])))
    assert {name: values[WORDS[name]] for name in vector["expected"]} == vector["expected"]


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_real_link_tells_all_eight_at_once(kind: str) -> None:
    pack = VirtualPack(seed=5)
    async with served(BOARD, pack, kind) as (server, unit):
        driver = BOARD.driver(unit, spacing=0)
        assert await driver.async_identify() == INFO
        reading = await driver.async_read()
        assert set(asked(server)) == {(3, 0, 8), (3, 0xFD, 1)}

    assert reading.temperatures == (*rounded(pack.reading(0).temperatures, 1), None, None, None, None)
    assert reading.temperatures_time is not None
    assert reading.alarms == frozenset()


@settings(max_examples=100, deadline=None)
@given(st.tuples(*[st.none() | st.integers(-550, 1250).filter(lambda raw: raw != 850).map(lambda raw: raw / 10)] * 8))
async def test_what_it_tells_survives_the_way_over_the_wire(temperatures) -> None:
    driver = BOARD.driver(MemoryUnit(BOARD, BOARD.encode(shown(*temperatures), INFO)), clock=lambda: 7.0)
    assert await driver.async_identify() == INFO
    assert (await driver.async_read()).temperatures == temperatures


async def test_a_sensor_that_tells_85_degrees_from_the_start_has_not_measured() -> None:
    memory = BOARD.encode(shown(85.0, 84.9, 21.0), INFO)
    driver = BOARD.driver(MemoryUnit(BOARD, memory))
    assert (await driver.async_read()).temperatures[:3] == (None, 84.9, 21.0)

    memory.update(BOARD.encode(shown(85.0, 85.0, 21.0), INFO))
    assert (await driver.async_read()).temperatures[:3] == (None, 85.0, 21.0), "the second one came there by itself"


@pytest.mark.parametrize("word", [0x8000, 0x7FFF, 0xFC18])
def test_what_no_sensor_measures_is_unknown(word: int) -> None:
    values = BOARD.decode({0: word, 1: 210})
    assert BOARD.reading(values, {}).temperatures == (None, 21.0)


async def test_a_board_whose_every_channel_is_impossible_is_another_device() -> None:
    memory = BOARD.encode(shown(), INFO) | dict.fromkeys(range(8), 0x7FFF)
    with pytest.raises(DriverError) as error:
        await BOARD.driver(MemoryUnit(BOARD, memory)).async_identify()
    assert error.value.key == "nonsense"


async def test_a_board_that_talks_by_itself_says_so() -> None:
    driver = BOARD.driver(MemoryUnit(BOARD, BOARD.encode(shown(21.0, alarms=frozenset({"reports_by_itself"})), INFO)))
    assert (await driver.async_read()).alarms == {"reports_by_itself"}


async def test_a_board_without_that_setting_is_read_all_the_same() -> None:
    memory = BOARD.encode(shown(21.0), INFO)
    for address in (0xFD, 0xFE, 0xFF):
        del memory[address]
    driver = BOARD.driver(MemoryUnit(BOARD, memory))
    reading = await driver.async_read()
    assert (reading.temperatures[0], reading.alarms) == (21.0, None)
