"""The analog inputs: volts only of a channel that measures volts, and never of stacked cells."""

import pytest

from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.waveshare_analog_in import INPUTS, RANGES
from custom_components.home_bms.hw.driver import DeviceInfo, DriverError
from custom_components.home_bms.hw.frames import memory_of
from custom_components.home_bms.hw.modbus import ModbusDriver
from custom_components.home_bms.hw.virtual import VirtualPack

from .boards import KINDS, asked, served, taken
from .recorded import MemoryUnit, vectors

BOARD, BOARD_B = DEVICES["waveshare_analog_in"], DEVICES["waveshare_analog_in_b"]
INFO = DeviceInfo(manufacturer="Waveshare", model="Modbus RTU Analog Input 8CH", serial_number="")


def volts(board, *pairs):
    """Return the voltages of channels that read (word, range)."""
    words, kinds = zip(*pairs, strict=True)
    values = dict(zip(INPUTS, words, strict=False)) | dict(zip(RANGES, kinds, strict=False))
    return board.voltages(values)[: len(pairs)]


def test_the_recorded_channels_are_read() -> None:
    (vector,) = vectors("waveshare_analog_in")
    values = BOARD.decode(memory_of(BOARD, bytes.fromhex(vector["request"]), bytes.fromhex(vector["response"])))
    assert list(taken(INPUTS, values)) == vector["expected"]["channels"]
    assert BOARD.voltages(values) == (None,) * 8, "nobody knows yet what the channels are set to"


def test_a_channel_is_read_in_volts_as_it_is_set() -> None:
    assert volts(BOARD, (2640, 0), (1320, 1)) == (2.64, 1.32)
    assert volts(BOARD_B, (7500, 0), (2500, 1)) == (7.5, 2.5)


@pytest.mark.parametrize("kind", [2, 3, 4])
def test_a_channel_that_measures_a_current_or_tells_counts_is_no_voltage(kind: int) -> None:
    assert volts(BOARD, (2640, kind)) == (None,)


def test_the_end_of_a_range_says_only_that_it_is_more() -> None:
    assert volts(BOARD, (5000, 0), (4999, 0)) == (None, 4.999)
    assert volts(BOARD_B, (5000, 0), (10000, 0)) == (5.0, None)


def test_a_channel_from_a_fifth_of_its_range_tells_a_broken_wire() -> None:
    assert volts(BOARD, (900, 1)) == (None,)
    assert volts(BOARD_B, (1900, 1)) == (None,)


def test_they_have_one_ground() -> None:
    assert not BOARD.channels.isolated
    assert not BOARD_B.channels.isolated


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_real_link_tells_inputs_and_ranges(kind: str) -> None:
    async with served(BOARD, VirtualPack(), kind) as (server, unit):
        driver = BOARD.driver(unit, spacing=0)
        assert await driver.async_identify() == INFO
        assert await driver.async_read()
        assert set(asked(server)) == {(4, 0, 8), (3, 0x1000, 8)}
        assert isinstance(driver, ModbusDriver)
        assert BOARD.voltages(driver.values) == (0.0,) * 8
        assert driver.times["voltages_time"]


async def test_a_voltage_survives_the_way_over_the_wire() -> None:
    memory = BOARD.encode(PackReading(time=0.0, link_voltage=2.641), INFO)
    driver = BOARD.driver(MemoryUnit(BOARD, memory))
    await driver.async_read()
    assert isinstance(driver, ModbusDriver)
    assert BOARD.voltages(driver.values)[0] == 2.641


async def test_a_range_that_there_is_not_is_another_device() -> None:
    memory = BOARD.encode(PackReading(time=0.0), INFO) | {0x1003: 9}
    with pytest.raises(DriverError) as error:
        await BOARD.driver(MemoryUnit(BOARD, memory)).async_identify()
    assert error.value.key == "nonsense"
