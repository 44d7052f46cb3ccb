"""The PZEM meter: what was recorded, exactly eight registers, and a current without a direction."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.hw.channels import Current
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import DeviceInfo, DriverError
from custom_components.home_bms.hw.frames import FrameError, memory_of
from custom_components.home_bms.hw.registers import Kind
from custom_components.home_bms.hw.virtual import VirtualPack

from .boards import KINDS, asked, served
from .recorded import MemoryUnit, vectors

PZEM = DEVICES["pzem017"]
VECTORS = {vector["id"]: vector for vector in vectors("pzem017")}
INFO = DeviceInfo(manufacturer="Peacefair", model="PZEM-003/017", serial_number="")

WORDS = {
    "voltage_v": ("voltage", float),
    "current_a": ("current", float),
    "power_w": ("power", float),
    "energy_wh": ("energy", int),
    "high_alarm": ("high_voltage_alarm", bool),
    "low_alarm": ("low_voltage_alarm", bool),
}


def frames(vector):
    return bytes.fromhex(vector["request"]), bytes.fromhex(vector["response"])


def test_every_recorded_value_is_read_as_its_source_says() -> None:
    vector = VECTORS["pzem017_read8"]
    values = PZEM.decode(memory_of(PZEM, *frames(vector)))
    assert {name: WORDS[name][1](values[WORDS[name][0]]) for name in vector["expected"]} == vector["expected"]
    reading = PZEM.reading(values, {})
    assert (reading.voltage, reading.current, reading.alarms) == (11.73, 0.0, frozenset())


def test_the_recorded_refusal_of_ten_registers_is_told() -> None:
    vector = VECTORS["pzem017_read10_rejected"]
    with pytest.raises(FrameError, match=f"exception {vector['expected']['exception']}"):
        memory_of(PZEM, *frames(vector))


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_real_link_is_asked_for_eight_input_registers_at_once(kind: str) -> None:
    pack = VirtualPack(seed=3)
    pack.demand = -37.0
    pack.step(5)
    async with served(PZEM, pack, kind) as (server, unit):
        driver = PZEM.driver(unit, spacing=0)
        assert await driver.async_identify() == INFO
        reading = await driver.async_read()
        live = [request for request in asked(server) if request[0] == 4]

    assert set(live) == {(4, 0, 8)}
    assert (reading.voltage, reading.current) == (round(pack.voltage, 2), round(abs(pack.reading(0).current), 2))
    assert reading.current_time is not None
    assert (reading.cells_time, reading.cells, reading.temperatures) == (None, (), ())


def test_its_current_is_declared_to_have_no_direction() -> None:
    assert PZEM.kind is Kind.METER
    assert PZEM.channels.current is Current.MAGNITUDE
    assert PZEM.stopbits == 2
    assert not PZEM.orders


def test_the_low_word_comes_first() -> None:
    words = {2: 0x86A0, 3: 0x0001, 4: 0x0002, 5: 0x0001}
    values = PZEM.decode({0x10000 + at: word for at, word in words.items()})
    assert (values["power"], values["energy"]) == (10000.0, 0x10002)


@settings(max_examples=100, deadline=None)
@given(
    voltage=st.integers(0, 35000).map(lambda raw: raw / 100),
    current=st.integers(-30000, 30000).map(lambda raw: raw / 100),
    alarms=st.frozensets(st.sampled_from(["pack_overvoltage", "pack_undervoltage"])),
)
async def test_what_it_tells_survives_the_way_over_the_wire(voltage, current, alarms) -> None:
    told = PackReading(time=0.0, voltage=voltage, current=current, alarms=alarms)
    driver = PZEM.driver(MemoryUnit(PZEM, PZEM.encode(told, INFO)), clock=lambda: 7.0)
    found = await driver.async_read()
    assert (found.voltage, found.current, found.alarms) == (voltage, abs(current), alarms)


@pytest.mark.parametrize("power", [0.0, 1500.0])
def test_numbers_that_contradict_each_other_are_none(power: float) -> None:
    reading = PZEM.reading({"voltage": 52.0, "current": 20.0, "power": power}, {})
    assert (reading.voltage, reading.current) == (None, None)


def test_numbers_within_its_accuracy_are_believed() -> None:
    assert PZEM.reading({"voltage": 52.0, "current": 20.0, "power": 1047.0}, {}).current == 20.0
    assert PZEM.reading({}, {}) == PackReading(time=0.0)


@pytest.mark.parametrize("settings", [{"shunt": 4}, {"high_voltage_threshold": 0.0}, {"low_voltage_threshold": 400.0}])
async def test_settings_that_are_none_of_its_own_are_nonsense(settings) -> None:
    values = {**PZEM.values(PackReading(time=0.0), INFO), **settings}
    strange = replace(PZEM, values=lambda _, __: values)
    with pytest.raises(DriverError) as error:
        await PZEM.driver(MemoryUnit(PZEM, strange.encode(PackReading(time=0.0), INFO))).async_identify()
    assert error.value.key == "nonsense"
