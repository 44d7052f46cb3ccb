"""Heltec's BMS as a monitor: bytes the other way round, its sign, and the password that is never read."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import HardwareRing, PackReading, Switches
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.devices.heltec_registers import Warned
from custom_components.home_bms.hw.driver import DeviceInfo, DriverError
from custom_components.home_bms.hw.virtual import VirtualPack

from .boards import KINDS, asked, rounded, served
from .recorded import MemoryUnit

HELTEC = DEVICES["heltec"]
INFO = DeviceInfo(
    manufacturer="Heltec",
    model="YYBMS_24S_200A",
    serial_number="0001-2a3b-4c5d-6e7f",
    hardware="7",
    cells=16,
    capacity=280.0,
    temperature_sensors=2,
    hardware_ring=HardwareRing(
        cell_overvoltage=3.65, cell_undervoltage=2.6, charge_current=140.0, discharge_current=200.0
    ),
    chemistry="lfp",
)
READING = PackReading(
    time=0.0,
    cells=tuple((3300 + index) / 1000 for index in range(16)),
    temperatures=(21.0, 23.0),
    current=-12.34,
    voltage=52.92,
    switch_temperature=31.0,
    soc=63,
    soh=98,
    capacity=279.5,
    switches=Switches(charge=True, discharge=True),
    balancing=True,
    alarms=frozenset({"soc_low"}),
)
TENS = st.integers(-30_000, 30_000).map(lambda raw: raw / 100)


def test_the_low_byte_comes_first() -> None:
    memory = {81: 0xE80C, 76: 0x88CE, 77: 0x0000, 78: 0x40E2, 79: 0x0100, 118: 0xF00A}
    values = HELTEC.decode(memory)
    assert values["cells"] == (3.304,)
    assert (values["voltage"], values["current"], values["total_capacity"]) == (52.872, 1234.56, 280.0)


def test_its_current_is_positive_when_it_discharges() -> None:
    assert HELTEC.reading({"current": 12.34}, {}).current == -12.34
    assert HELTEC.reading({"current": -12.34}, {}).current == 12.34
    assert str(HELTEC.reading({"current": 0.0}, {}).current) == "0.0"


def test_bytes_that_share_a_word_stand_as_the_sheet_says() -> None:
    values = HELTEC.decode({75: 0x1001, 112: 0x3B47, 113: 0x3F3D, 120: 0x3F62})
    assert (values["cell_count"], values["chemistry"]) == (16, 1)
    assert (values["mos_temperature"], values["balancer_temperature"]) == (0x47, 0x3B)
    assert (values["soc"], values["soh"]) == (63, 98)
    reading = HELTEC.reading(values, {})
    assert (reading.temperatures, reading.switch_temperature) == ((21.0, 23.0), 31.0)


@pytest.mark.parametrize("byte", [0, 255])
def test_a_sensor_that_is_not_there_is_unknown(byte: int) -> None:
    assert HELTEC.reading({"temperature_1": byte, "temperature_2": 60}, {}).temperatures == (None, 20.0)


def test_a_share_beyond_100_percent_is_unknown() -> None:
    assert HELTEC.reading({"soc": 101, "soh": 255}, {}).soc is None


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_virtual_pack_reads_the_same_over_a_real_link(kind: str) -> None:
    pack = VirtualPack(seed=6)
    pack.demand = -37.0
    pack.step(5)
    async with served(HELTEC, pack, kind) as (server, unit):
        driver = HELTEC.driver(unit, spacing=0)
        info = await driver.async_identify()
        reading = await driver.async_read()
        requests = asked(server)

    told = pack.reading(0)
    assert (info.cells, info.chemistry, info.capacity) == (16, "lfp", 280.0)
    assert reading.cells == rounded(told.cells, 3)
    assert reading.voltage == round(told.voltage or 0, 3)
    assert reading.current == round(told.current or 0, 2)
    assert reading.temperatures == tuple(float(round(warmth)) for warmth in told.temperatures[:2])
    assert {function for function, _, _ in requests} == {3}
    touched = {address for _, first, count in requests for address in range(first, first + count)}
    assert touched.isdisjoint({47, 48}), "the Bluetooth password"


@settings(max_examples=100, deadline=None)
@given(
    cells=st.lists(st.integers(0, 0xFFFF).map(lambda raw: raw / 1000), min_size=1, max_size=31).map(tuple),
    current=TENS,
    voltage=st.integers(0, 1_000_000).map(lambda raw: raw / 1000),
    temperatures=st.tuples(*[st.none() | st.integers(-39, 150).map(float)] * 2),
    soc=st.integers(0, 100),
    switches=st.builds(Switches, charge=st.booleans(), discharge=st.booleans()),
    balancing=st.booleans(),
    alarms=st.frozensets(st.sampled_from([(bit.name or "").lower() for bit in Warned])),
)
async def test_what_it_tells_survives_the_way_over_the_wire(cells, **told) -> None:
    reading = replace(READING, cells=cells, **told)
    info = replace(INFO, cells=len(cells))
    driver = HELTEC.driver(MemoryUnit(HELTEC, HELTEC.encode(reading, info)), clock=lambda: 7.0)
    assert await driver.async_identify() == info
    expected = replace(reading, time=7.0, cells_time=7.0, temperatures_time=7.0, current_time=7.0)
    assert await driver.async_read() == replace(expected, hardware=info.hardware_ring)


def test_a_warning_that_nobody_knows_still_shows() -> None:
    assert HELTEC.reading({"warnings": Warned(1 << 2 | 1 << 20 | 1)}, {}).alarms == {
        "cell_overvoltage",
        "alarm_2",
        "alarm_20",
    }


def test_its_mosfets_are_told_by_what_is_off() -> None:
    values = HELTEC.values(replace(READING, switches=Switches(charge=False, discharge=True)), INFO)
    assert int(values["run_state"]) == 1 << 28


@pytest.mark.parametrize("serial_number", ["", "nonsense", "0000-0000-0000-0000"])
async def test_without_a_serial_number_it_is_known_by_what_it_is(serial_number: str) -> None:
    info = replace(INFO, serial_number=serial_number)
    driver = HELTEC.driver(MemoryUnit(HELTEC, HELTEC.encode(READING, info)))
    assert (await driver.async_identify()).fingerprint == "Heltec YYBMS_24S_200A 16S"


@pytest.mark.parametrize("strange", [{75: 0x2001}, {75: 0x0001}, dict.fromkeys(range(7, 20), 0)])
async def test_what_no_heltec_tells_is_nonsense(strange) -> None:
    memory = HELTEC.encode(READING, INFO) | strange
    with pytest.raises(DriverError) as error:
        await HELTEC.driver(MemoryUnit(HELTEC, memory)).async_identify()
    assert error.value.key == "nonsense"


async def test_an_unknown_chemistry_proposes_none() -> None:
    memory = HELTEC.encode(READING, replace(INFO, chemistry=None, hardware="mk2"))
    found = await HELTEC.driver(MemoryUnit(HELTEC, memory)).async_identify()
    assert (found.chemistry, found.hardware) == (None, "0")


def test_no_field_covers_the_password() -> None:
    for kind in HELTEC.components:
        for field in kind.declared_fields.values():
            assert {47, 48}.isdisjoint(HELTEC.addresses(kind, field))
    assert not HELTEC.orders
