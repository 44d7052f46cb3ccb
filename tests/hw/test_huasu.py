"""Huasu's sensors, one unit a cell."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import DeviceInfo, DriverError
from custom_components.home_bms.hw.virtual import VirtualPack

from .boards import KINDS, asked, served
from .recorded import MemoryUnit

HUASU = DEVICES["huasu"]
INFO = DeviceInfo(
    manufacturer="Huasu", model="TV-A24-33", serial_number="", firmware="12", cells=1, temperature_sensors=1
)


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_sensor_tells_its_cell_over_a_real_link(kind: str) -> None:
    pack = VirtualPack(seed=7)
    async with served(HUASU, pack, kind) as (server, unit):
        driver = HUASU.driver(unit, spacing=0)
        assert (await driver.async_identify()).fingerprint == INFO.fingerprint
        reading = await driver.async_read()
        assert set(asked(server)) == {(3, 0, 3), (3, 0x12, 1)}

    told = pack.reading(0)
    assert reading.cells == (round(told.cells[0] or 0, 3),)
    assert reading.temperatures == (round(told.temperatures[0] or 0, 1),)
    assert None not in (reading.cells_time, reading.temperatures_time)


@settings(max_examples=60, deadline=None)
@given(
    cell=st.integers(0, 0xFFFF).map(lambda raw: raw / 1000),
    warmth=st.integers(-400, 1500).map(lambda raw: raw / 10),
)
async def test_what_it_tells_survives_the_way_over_the_wire(cell: float, warmth: float) -> None:
    told = PackReading(time=0.0, cells=(cell,), temperatures=(warmth,))
    driver = HUASU.driver(MemoryUnit(HUASU, HUASU.encode(told, INFO)))
    assert await driver.async_identify() == INFO
    found = await driver.async_read()
    assert (found.cells, found.temperatures) == ((cell,), (warmth,))


async def test_a_jar_that_there_is_not_is_another_device() -> None:
    memory = HUASU.encode(PackReading(time=0.0), INFO) | {0x12: 24}
    with pytest.raises(DriverError) as error:
        await HUASU.driver(MemoryUnit(HUASU, memory)).async_identify()
    assert error.value.key == "nonsense"


def test_it_is_one_of_many_and_never_written_to() -> None:
    assert HUASU.channels.array
    assert HUASU.channels.cells == 1
    assert not HUASU.orders
    assert HUASU.reading({}, {}) == PackReading(time=0.0)
    assert HUASU.info({"jar": 2}).firmware is None
