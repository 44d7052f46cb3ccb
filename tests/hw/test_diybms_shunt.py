"""The diyBMS shunt: floats with the low word first, counters with the high word first, and its own trip."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.hw.channels import Current
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.diybms_shunt import ALARMS, Status
from custom_components.home_bms.hw.driver import DeviceInfo, DriverError
from custom_components.home_bms.hw.virtual import VirtualPack

from .boards import KINDS, asked, served
from .recorded import MemoryUnit

SHUNT = DEVICES["diybms_shunt"]
INFO = DeviceInfo(
    manufacturer="diyBMS",
    model="Current Shunt",
    serial_number="",
    hardware="INA228",
    firmware="0a1b2c3d",
    capacity=280,
)
READING = PackReading(time=0.0, voltage=52.8, current=-41.5, temperatures=(24.0,), soc=63.21, alarms=frozenset())


def float_words(value: float) -> list[int]:
    """Return a float as the board sends it: the low word first."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return [low, high]


def test_floats_come_with_the_low_word_first_and_counters_with_the_high_one() -> None:
    words = [*float_words(53.27), *float_words(-12.5), 0x0001, 0x86A0, 0x0000, 0x01F4, 0xFFF6]
    values = SHUNT.decode(dict(enumerate(words)))
    assert (round(values["voltage"], 3), values["current"]) == (53.27, -12.5)
    assert (values["charge_out"], values["charge_in"], values["temperature"]) == (100.0, 0.5, -10)
    reading = SHUNT.reading(values, {})
    assert (reading.voltage, reading.current, reading.temperatures) == (53.27, -12.5, (-10.0,))


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("kind", KINDS)
async def test_both_words_of_a_number_are_asked_for_in_one_request(kind: str) -> None:
    pack = VirtualPack(seed=4)
    pack.demand = 25.0
    pack.step(5)
    async with served(SHUNT, pack, kind, unit=90) as (server, unit):
        driver = SHUNT.driver(unit, spacing=0)
        info = await driver.async_identify()
        reading = await driver.async_read()
        requests = asked(server)

    assert info.fingerprint == INFO.fingerprint
    assert set(requests) == {(3, 0, 27), (3, 27, 19)}
    told = pack.reading(0)
    assert reading.voltage == pytest.approx(told.voltage, abs=0.001)
    assert reading.current == pytest.approx(told.current, abs=0.001)
    assert reading.soc == pytest.approx(told.soc, abs=0.01)
    assert reading.current_time is not None


@settings(max_examples=100, deadline=None)
@given(
    voltage=st.integers(0, 85_000).map(lambda raw: raw / 1000),
    current=st.integers(-500_000, 500_000).map(lambda raw: raw / 1000),
    temperature=st.integers(-40, 125),
    soc=st.integers(0, 10_000).map(lambda raw: raw / 100),
    alarms=st.frozensets(st.sampled_from(sorted(ALARMS.values()))),
)
async def test_what_it_tells_survives_the_way_over_the_wire(voltage, current, temperature, soc, alarms) -> None:
    told = replace(
        READING, voltage=voltage, current=current, temperatures=(float(temperature),), soc=soc, alarms=alarms
    )
    driver = SHUNT.driver(MemoryUnit(SHUNT, SHUNT.encode(told, INFO)), clock=lambda: 7.0)
    assert await driver.async_identify() == INFO
    found = await driver.async_read()
    assert found.voltage == pytest.approx(voltage, abs=0.006)
    assert found.current == pytest.approx(current, abs=0.04)
    assert (found.temperatures, found.soc, found.alarms) == (told.temperatures, soc, alarms)


@pytest.mark.parametrize("words", [(0, 0x7FC0), (0, 0x7F80), (0, 0xFF80)])
def test_what_is_no_number_is_unknown(words) -> None:
    values = SHUNT.decode({2: words[0], 3: words[1]})
    assert SHUNT.reading(values, {}).current is None


def test_every_alert_has_a_key_of_its_own_and_settings_have_none() -> None:
    for bit in Status:
        reading = SHUNT.reading({"status": bit}, {})
        assert reading.alarms == ({ALARMS[bit]} if bit in ALARMS else frozenset())
    assert len(set(ALARMS.values())) == len(ALARMS)


def test_it_trips_by_itself_and_is_never_written_to() -> None:
    assert SHUNT.channels.trips
    assert SHUNT.channels.current is Current.SIGNED
    assert not SHUNT.orders
    assert tuple(SHUNT.unit_ids) == (90, 98)


async def test_another_chip_is_no_diybms() -> None:
    memory = SHUNT.encode(READING, INFO) | {40: 0x0226}
    with pytest.raises(DriverError) as error:
        await SHUNT.driver(MemoryUnit(SHUNT, memory)).async_identify()
    assert error.value.key == "nonsense"


def test_a_firmware_that_is_no_number_can_still_be_shown() -> None:
    memory = SHUNT.encode(READING, replace(INFO, firmware="15.41"))
    assert (memory[41], memory[42]) == (0, 0)
