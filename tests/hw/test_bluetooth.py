"""A pack over Bluetooth tells what it knows, nothing that it does not, and is let go when it should be."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from aiobmsble import TempSensor
from aiobmsble.test_data import bms_advertisements, ignore_advertisements
from aiobmsble.utils import load_bms_plugins
from bleak.exc import BleakError
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.model import Switches
from custom_components.home_bms.hw import bluetooth
from custom_components.home_bms.hw.bluetooth import SENDING, UNFIT, BluetoothDriver, async_family
from custom_components.home_bms.hw.bluetooth_sample import one_pack, reading
from custom_components.home_bms.hw.driver import Capability, DriverError

from .ble import ADDRESS, Air, JbdPack, air
from .clock import Clock

__all__ = ["air"]

T = TempSensor.T


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pack(air: Air) -> JbdPack:
    air.packs[ADDRESS] = JbdPack()
    return air.packs[ADDRESS]


@pytest.fixture
async def driver(air: Air, clock: Clock) -> AsyncGenerator[BluetoothDriver]:
    driver = BluetoothDriver(ADDRESS, "jbd_bms", air.device, clock=clock)
    yield driver
    await driver.async_close()
    assert air.open == 0


# --- What a pack tells ------------------------------------------------------------------------------------------------


async def test_a_pack_tells_who_it_is_and_what_it_measures(pack: JbdPack, driver: BluetoothDriver) -> None:
    pack.balancing, pack.problems = 0b100, 0b1001
    info = await driver.async_identify()
    assert (info.manufacturer, info.model, info.serial_number) == ("Jiabaida", "smart BMS", ADDRESS)
    assert (info.hardware, info.firmware) == ("JBD-SP04S034", "2.1")
    assert (info.cells, info.capacity, info.temperature_sensors) == (4, 100.0, 2)
    assert driver.info is info

    told = await driver.async_read()
    assert told.cells == (3.301, 3.302, 3.303, 3.304)
    assert told.temperatures == pytest.approx((21.5, 22.5))
    # Discharging, as everywhere in home_bms, is negative.
    assert (told.current, told.voltage) == (-12.5, 13.21)
    assert (told.soc, told.capacity, told.cycles) == (63.0, 100.0, 42.0)
    assert told.switches == Switches(charge=True, discharge=True)
    assert told.balancing
    assert told.alarms == {"alarm_0", "alarm_3"}
    assert told.switch_temperature is None
    assert told.soh is None


async def test_charging_is_positive(pack: JbdPack, driver: BluetoothDriver) -> None:
    pack.current, pack.switches = 7.25, 0b01
    told = await driver.async_read()
    assert told.current == 7.25
    assert told.switches == Switches(charge=True, discharge=False)
    assert told.alarms == frozenset()
    assert told.balancing is False


async def test_nothing_is_ever_written_but_questions(pack: JbdPack, driver: BluetoothDriver) -> None:
    await driver.async_read()
    assert driver.capabilities is Capability.NONE
    before = list(pack.written)
    await driver.async_apply(None)  # type: ignore[arg-type]
    await driver.async_release()
    assert pack.written == before
    # 0xA5 asks; 0x5A would set.
    assert all(request[1] == 0xA5 for request in pack.written)


async def test_a_cell_that_reads_nothing_makes_all_of_them_unknown(
    pack: JbdPack, driver: BluetoothDriver, clock: Clock
) -> None:
    """aiobmsble leaves a zero out, so the cells behind it would move up."""
    await driver.async_read()
    pack.cells[1] = 0.0
    clock.now += 2
    told = await driver.async_read()
    assert told.cells == (None,) * 4
    assert told.current == -12.5


async def test_a_sensor_that_falls_out_makes_all_of_them_unknown(
    pack: JbdPack, driver: BluetoothDriver, clock: Clock
) -> None:
    await driver.async_read()
    pack.temperatures = [21.5]
    clock.now += 2
    assert (await driver.async_read()).temperatures == (None, None)


async def test_a_pack_whose_cells_cannot_be_told_apart_has_no_known_number_of_them(
    pack: JbdPack, driver: BluetoothDriver
) -> None:
    pack.cells[3] = 0.0
    assert (await driver.async_identify()).cells is None


# --- When it was measured ---------------------------------------------------------------------------------------------


async def test_a_sample_is_as_old_as_its_question_and_repeated_until_the_next(
    pack: JbdPack, driver: BluetoothDriver, clock: Clock
) -> None:
    await driver.async_read()
    asked = len(pack.asked)
    clock.now += 1
    told = await driver.async_read()
    assert len(pack.asked) == asked
    assert (told.time, told.cells_time) == (1001.0, 1000.0)
    clock.now += 1
    told = await driver.async_read()
    assert len(pack.asked) == asked + 2
    assert told.time == told.cells_time == told.current_time == told.temperatures_time == 1002.0


async def test_a_sample_that_came_by_itself_may_be_as_old_as_the_last(
    pack: JbdPack, driver: BluetoothDriver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluetooth, "SENDING", frozenset({"jbd_bms"}))
    await driver.async_read()
    clock.now += 1
    told = await driver.async_read()
    assert (told.time, told.cells_time) == (1001.0, 1000.0)
    clock.now += 5
    assert (await driver.async_read()).cells_time == 1001.0


def families() -> dict[str, Any]:
    return {module.__name__.rpartition(".")[2]: module.BMS for module in load_bms_plugins()}


def sources(kind: type, name: str | None = None) -> list[str]:
    """Return the source of a family's modules, or of one of its functions, the nearest first."""
    own = [base for base in kind.__mro__ if base.__module__.startswith("aiobmsble.bms.")]
    if name is None:
        return [inspect.getsource(inspect.getmodule(base)) for base in own]  # type: ignore[arg-type]
    return [inspect.getsource(vars(base)[name]) for base in own if name in vars(base)]


def test_families_that_send_by_themselves_are_known() -> None:
    """A newer aiobmsble must be looked at: those wait for what comes, or take what has come."""
    waits = ("_wait_event()", "_msg_event.wait()", "_msg_event.is_set()")
    updates = {key: sources(kind, "_async_update")[0] for key, kind in families().items()}
    assert {key for key, text in updates.items() if any(word in text for word in waits)} - UNFIT == SENDING


def test_families_that_tell_no_cells_are_known() -> None:
    texts = {key: "".join(sources(kind)) for key, kind in families().items()}
    blind = {key for key, text in texts.items() if '"cell_voltages"' not in text and "cell_voltages=" not in text}
    assert blind | {"pylontech_bms"} == UNFIT


# --- What can go wrong ------------------------------------------------------------------------------------------------


async def test_a_pack_that_is_not_heard_is_out_of_reach(air: Air, driver: BluetoothDriver) -> None:
    with pytest.raises(DriverError) as caught:
        await driver.async_read()
    assert caught.value.key == "out_of_reach"
    with pytest.raises(DriverError):
        assert driver.info
    assert air.clients == []


async def test_a_silent_pack_is_let_go_and_found_again(
    air: Air, pack: JbdPack, driver: BluetoothDriver, clock: Clock
) -> None:
    await driver.async_read()
    pack.silent = True
    clock.now += 2
    with pytest.raises(DriverError) as caught:
        await driver.async_read()
    assert caught.value.key == "no_answer"
    assert air.open == 0
    pack.silent = False
    assert (await driver.async_read()).current == -12.5
    assert pack.connections == 2


async def test_a_connection_that_broke_is_made_anew(
    air: Air, pack: JbdPack, driver: BluetoothDriver, clock: Clock
) -> None:
    await driver.async_read()
    air.drop()
    clock.now += 2
    await driver.async_read()
    assert (pack.connections, air.open) == (2, 1)


async def test_a_pack_that_refuses_is_not_asked_every_second(
    pack: JbdPack, driver: BluetoothDriver, clock: Clock, air: Air
) -> None:
    pack.hears = False
    for _ in range(3):
        with pytest.raises(DriverError) as caught:
            await driver.async_read()
        assert caught.value.key == "cannot_connect"
        tries = len(air.clients)
        clock.now += 1
    assert tries == len(air.clients)
    pack.hears = True
    clock.now += bluetooth.CONNECT_AGAIN
    assert (await driver.async_read()).current == -12.5


async def test_connecting_ends_in_time(pack: JbdPack, driver: BluetoothDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bluetooth, "CONNECT_WITHIN", 0.01)
    pack.hangs = True
    with pytest.raises(DriverError) as caught:
        await driver.async_read()
    assert caught.value.key == "cannot_connect"


async def test_a_family_that_aiobmsble_has_dropped_is_named(air: Air, pack: JbdPack) -> None:
    driver = BluetoothDriver(ADDRESS, "forgotten_bms", air.device)
    with pytest.raises(DriverError, match="forgotten_bms") as caught:
        await driver.async_read()
    assert caught.value.key == "not_supported"


async def test_a_pack_without_more_to_tell_is_identified_all_the_same(
    pack: JbdPack, driver: BluetoothDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = families()["jbd_bms"]

    async def nothing(self: object) -> Any:
        raise ValueError("BMS data incomplete.")

    monkeypatch.setattr(kind, "_fetch_device_info", nothing)
    info = await driver.async_identify()
    assert (info.hardware, info.firmware, info.cells) == (None, None, 4)


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (TimeoutError(), "no_answer"),
        (BleakError("gone"), "cannot_connect"),
        (EOFError(), "cannot_connect"),
        (ConnectionRefusedError("command rejected"), "refused"),
        (PermissionError("Incorrect secret."), "refused"),
        (ValueError("BMS data incomplete."), "nonsense"),
        (IndexError(), "nonsense"),
    ],
)
async def test_every_failure_has_a_meaning(
    pack: JbdPack, driver: BluetoothDriver, air: Air, monkeypatch: pytest.MonkeyPatch, error: Exception, key: str
) -> None:
    async def fails(self: object) -> Any:
        raise error

    monkeypatch.setattr(families()["jbd_bms"], "_async_update", fails)
    with pytest.raises(DriverError) as caught:
        await driver.async_read()
    assert caught.value.key == key
    assert air.open == 0


async def test_an_error_of_its_own_is_not_hidden_and_lets_go(
    pack: JbdPack, driver: BluetoothDriver, air: Air, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(self: object) -> Any:
        raise AssertionError

    monkeypatch.setattr(families()["jbd_bms"], "_async_update", fails)
    with pytest.raises(AssertionError):
        await driver.async_read()
    assert air.open == 0


async def test_an_empty_sample_is_no_reading(
    pack: JbdPack, driver: BluetoothDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def empty(self: object) -> Any:
        return {}

    monkeypatch.setattr(families()["jbd_bms"], "_async_update", empty)
    with pytest.raises(DriverError) as caught:
        await driver.async_read()
    assert caught.value.key == "nonsense"


# --- Letting go -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["hangs", "silent"])
async def test_a_driver_that_is_closed_gives_up_what_it_is_at(
    air: Air, pack: JbdPack, driver: BluetoothDriver, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    if where == "silent":
        await driver.async_identify()
        monkeypatch.setattr(families()["jbd_bms"], "_await_msg", forever(asyncio.Event()))
        driver._due = bluetooth.NEVER
    else:
        pack.hangs = True
    reading = asyncio.create_task(driver.async_read())
    async with asyncio.timeout(5):
        while driver._waiting is None:  # noqa: ASYNC110 - nothing tells that it waits
            await asyncio.sleep(0.001)
        await driver.async_close()
        with pytest.raises(DriverError):
            await reading
    assert air.open == 0
    with pytest.raises(DriverError):
        await driver.async_read()


def forever(event: asyncio.Event) -> Callable[..., Any]:
    async def wait(*_: Any, **__: Any) -> None:
        await event.wait()

    return wait


async def test_a_pack_that_is_gone_is_let_go_all_the_same(
    air: Air, pack: JbdPack, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = BluetoothDriver(ADDRESS, "jbd_bms", air.device, clock=clock)
    await driver.async_read()

    async def fails() -> None:
        raise OSError("the adapter is gone")

    monkeypatch.setattr(air.clients[-1], "disconnect", fails)
    await driver.async_close()
    with pytest.raises(DriverError):
        await driver._ask(lambda bms: bms.async_update())


# --- What a sample means ----------------------------------------------------------------------------------------------


def meaning(sample: dict[str, Any], *, cells: int = 0, sensors: int = 0) -> Any:
    return reading(one_pack(sample), cells=cells, sensors=sensors, measured=5.0)  # type: ignore[arg-type]


def test_sensors_are_told_apart_by_what_they_are_on() -> None:
    told = meaning(
        {
            "temp_values": [
                TempSensor(40.0, T.MOSFET),
                TempSensor(20.0, T.CELL),
                TempSensor(21.0),
                TempSensor(50.0, T.PCB),
                TempSensor(5.0, T.AMBIENT),
                TempSensor(45.0, T.MOSFET),
            ]
        }
    )
    assert told.temperatures == (20.0, 21.0)
    assert told.switch_temperature == 45.0


def test_what_is_not_told_is_not_known() -> None:
    told = meaning({"voltage": 13.2})
    assert told.voltage == 13.2
    assert (told.cells, told.temperatures) == ((), ())
    unknown = (told.current, told.soc, told.soh, told.capacity, told.cycles, told.alarms, told.balancing)
    assert unknown == (None,) * 7
    assert told.switches == Switches()


def test_a_capacity_of_zero_is_none_at_all() -> None:
    assert meaning({"voltage": 13.2, "design_capacity": 0}).capacity is None


@pytest.mark.parametrize("level", [-1, 101, math.nan, math.inf, "63", None])
def test_a_charge_that_cannot_be_is_not_known(level: Any) -> None:
    assert meaning({"battery_level": level}).soc is None


def test_a_sensor_that_tells_no_number_is_not_known() -> None:
    told = meaning({"temp_values": [TempSensor(math.nan, T.CELL), TempSensor(math.nan, T.MOSFET)]})
    assert told.temperatures == (None,)
    assert told.switch_temperature is None


def test_a_problem_without_a_code_is_an_alarm() -> None:
    assert meaning({"problem": True}).alarms == {"problem"}
    assert meaning({"problem": False}).alarms == frozenset()


def test_the_only_pack_of_a_system_is_the_pack() -> None:
    told = meaning({"voltage": 52.8, "pack_count": 1, "packs": [{"voltage": 52.7, "cell_voltages": [3.3] * 16}]})
    assert (told.voltage, len(told.cells)) == (52.8, 16)


@pytest.mark.parametrize("sample", [{"packs": [{}, {}]}, {"pack_count": 2, "packs": [{}]}, {"pack_count": 3}])
def test_the_sum_of_several_packs_is_no_pack(sample: dict[str, Any]) -> None:
    with pytest.raises(DriverError) as caught:
        meaning(sample)
    assert caught.value.key == "several_packs"


numbers = st.one_of(st.floats(), st.integers(-1000, 1000))


@given(
    voltages=st.lists(numbers, max_size=20),
    expected=st.integers(0, 20),
    count=st.integers(0, 20),
    values=st.dictionaries(
        st.sampled_from(["current", "voltage", "battery_level", "battery_health", "cycles", "balance_current"]), numbers
    ),
)
def test_every_value_is_a_number_or_unknown_and_no_cell_takes_anothers_place(
    voltages: list[float], expected: int, count: int, values: dict[str, float]
) -> None:
    told = meaning({"cell_voltages": voltages, "cell_count": count, **values}, cells=expected)
    assert len(told.cells) == max(len(voltages), expected, count)
    if len(voltages) < max(expected, count):
        assert set(told.cells) == {None}
    numbers = (*told.cells, told.current, told.voltage, told.soc, told.soh, told.cycles, told.balance_current)
    assert all(value is None or math.isfinite(value) for value in numbers)


# --- Who is who -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sample", bms_advertisements(), ids=lambda sample: f"{sample[2]}-{sample[0].local_name or sample[1]}"
)
async def test_a_device_is_known_by_how_it_announces_itself(sample: Any) -> None:
    advertisement, address, key, _ = sample
    family = await async_family(advertisement, address)
    assert (family and family.key) == (None if key in UNFIT else key)


async def test_other_devices_are_left_alone() -> None:
    for advertisement, address, reason, _ in ignore_advertisements():
        assert await async_family(advertisement, address) is None, reason
