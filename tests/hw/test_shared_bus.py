"""Several packs on one bus are read in turns, and none of them can keep the others from it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from modbus_connection import (
    IllegalDataAddressError,
    ModbusConnectionError,
    ModbusError,
    ModbusProtocolError,
    ModbusSerialParams,
    ModbusTimeoutError,
    ModbusUnit,
    ServerDeviceBusyError,
)
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.core.model import PackReading, Switches
from custom_components.home_bms.hw import roundabout
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import Driver, DriverError
from custom_components.home_bms.hw.frames import crc16
from custom_components.home_bms.hw.lane import Lane
from custom_components.home_bms.hw.roundabout import Roundabout
from custom_components.home_bms.hw.sense import senseless
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.hw.virtual.bus import BusFault, Transaction, VirtualBus

from ..matrix.timewarp import Warp, warped
from .test_modbus import decide

JK = DEVICES["jk_pb"]


@pytest.fixture
def clock(event_loop_time: Warp) -> Callable[[], float]:
    return event_loop_time.now


@pytest.fixture
async def event_loop_time() -> AsyncIterator[Warp]:
    """Leave out the waiting, of which a slow bus is full."""
    loop = asyncio.get_running_loop()
    with warped(loop) as warp:
        yield warp


class Street:
    """A bus with JK PBs on it, and a driver for each, on one link."""

    def __init__(self, bus: VirtualBus, connection: ModbusConnection) -> None:
        self.bus = bus
        self.connection = connection
        self.line = Roundabout()

    def lane(self, unit_id: int) -> Lane:
        return Lane(self.connection.for_unit(unit_id), self.line, unit_id)

    def driver(self, unit_id: int, **how: Any) -> Driver:
        return JK.driver(self.lane(unit_id).unit, **how)

    def carried(self) -> list[Transaction]:
        """Return what was on the line since the last look."""
        found = list(self.bus.transactions)
        self.bus.transactions.clear()
        return found


type Build = Callable[..., Any]


@pytest.fixture
async def build(socket_enabled: None, event_loop_time: Warp) -> AsyncIterator[Build]:
    """Return what wires up units on a bus, in time that passes without waiting."""
    async with AsyncExitStack() as stack:

        async def build_it(*unit_ids: int, **how: Any) -> Street:
            servers = [
                VirtualServer(VirtualPack(seed=unit, serial_number=f"BUS-{unit}"), JK, unit_id=unit)
                for unit in unit_ids
            ]
            bus = VirtualBus(servers, **how)
            port = await bus.start()
            stack.push_async_callback(bus.stop)
            connection = ModbusConnection(ModbusSerialParams(device=f"socket://127.0.0.1:{port}", baudrate=115200))
            stack.push_async_callback(connection.close)
            return Street(bus, connection)

        yield build_it


# --- The line --------------------------------------------------------------------------------------------------------


def transaction(registers: int, turnaround: float = 0.02) -> Transaction:
    return Transaction(time=0.0, unit_id=1, function=3, sent=8, answered=5 + 2 * registers, turnaround=turnaround)


@pytest.mark.parametrize(
    ("baudrate", "registers", "turnaround", "milliseconds"),
    [
        # performance.md B2: one block of 40 registers with 20 ms of turnaround, and the wire alone.
        (9600, 40, 0.02, 131),
        (19200, 40, 0.02, 75),
        (115200, 40, 0.02, 31),
        (9600, 40, 0.0, 114.6),
        (19200, 40, 0.0, 57.3),
        (115200, 40, 0.0, 12.4),
        (9600, 1, 0.0, 25.2),
    ],
)
def test_the_least_time_on_the_wire_is_that_of_the_sheet(
    baudrate: int, registers: int, turnaround: float, milliseconds: float
) -> None:
    least = VirtualBus([], baudrate=baudrate).minimum([transaction(registers, turnaround)])
    assert 1000 * least == pytest.approx(milliseconds, abs=0.6)


async def test_no_transaction_is_quicker_than_its_bits(build: Build) -> None:
    street = await build(1, 2)
    drivers = [street.driver(unit, spacing=0) for unit in (1, 2)]
    await asyncio.gather(*(driver.async_identify() for driver in drivers))
    first, *_, last = carried = street.carried()
    assert last.time - first.time >= street.bus.minimum(carried[:-1]) - 1e-6


async def test_every_unit_is_read_through_one_link(build: Build) -> None:
    street = await build(1, 2, 15)
    drivers = {unit: street.driver(unit) for unit in (1, 2, 15)}
    found = await asyncio.gather(*(driver.async_identify() for driver in drivers.values()))
    assert [info.serial_number for info in found] == ["BUS-1", "BUS-2", "BUS-15"]
    with pytest.raises(DriverError) as told:
        await street.driver(3).async_identify()
    assert told.value.key == "no_answer"


async def test_a_gateway_that_says_that_nobody_is_there_is_no_answer_either(build: Build) -> None:
    street = await build(1, absent_code=0x0B)
    with pytest.raises(DriverError) as told:
        await street.driver(3).async_identify()
    assert told.value.key == "no_answer"


async def test_noise_between_two_requests_is_not_heard(build: Build) -> None:
    street = await build(1)
    reader, writer = await asyncio.open_connection("127.0.0.1", street.bus.port)
    question = bytes.fromhex("01 03 14 50 00 08")
    writer.write(bytes.fromhex("01 2b 0e 01 00 70 77 ff 03 ff ff 10") + question + crc16(question))
    async with asyncio.timeout(10):
        assert await reader.readexactly(3) == bytes((1, 3, 16))
    writer.close()


async def test_a_pack_whose_software_hangs_answers_again_with_its_own_words(build: Build) -> None:
    street = await build(1, 2)
    lane = street.lane(1)
    street.bus.server(1).world.pack.inject("no_answer")
    assert isinstance(await read(lane, 0x1200, 2), ModbusTimeoutError)
    street.bus.server(1).world.pack.clear()
    assert len(await lane.unit.read_holding_registers(0x1200, 3)) == 3
    assert isinstance(await read(lane, 0x2000, 1), IllegalDataAddressError)


async def test_a_bus_that_is_not_there_has_no_port_and_nobody_to_drop() -> None:
    bus = VirtualBus([])
    bus.drop()
    assert bus.port == 0
    await bus.stop()


# --- What is no answer is no reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "keys"),
    [
        (BusFault.DEAD, {"no_answer"}),
        (BusFault.FOREIGN, {"no_answer", "nonsense"}),
        (BusFault.CUT, {"no_answer", "nonsense"}),
        (BusFault.SWAPPED, {"nonsense", "identity_changed"}),
    ],
)
async def test_an_answer_that_makes_no_sense_is_an_explained_error_and_never_a_reading(
    build: Build, clock: Callable[[], float], fault: BusFault, keys: set[str]
) -> None:
    street = await build(1, 2)
    good, bad = street.driver(1, clock=clock), street.driver(2, clock=clock)
    before = await bad.async_read()
    street.bus.inject(2, fault)
    for _ in range(4):
        with pytest.raises(DriverError) as told:
            await bad.async_read()
        assert told.value.key in keys
        assert str(told.value)
        # Half an answer may swallow the next one; then the link is made anew.
        with suppress(DriverError):
            await good.async_read()
        assert (await good.async_read()).voltage
    street.bus.clear(2)
    async with asyncio.timeout(60):
        while True:
            with suppress(DriverError):
                after = await bad.async_read()
                break
            await asyncio.sleep(1)
    assert after.cells == before.cells


async def test_another_pack_on_the_same_address_is_told_from_ours(build: Build, clock: Callable[[], float]) -> None:
    street = await build(1, 2)
    driver = street.driver(2, clock=clock)
    await driver.async_read()
    pack = street.bus.server(2).world.pack
    pack.info = replace(pack.info, serial_number="OTHER")
    pack.changed()
    await asyncio.sleep(11)
    with pytest.raises(DriverError, match="pack BUS-2 now is OTHER") as told:
        await driver.async_read()
    assert told.value.key == "identity_changed"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"voltage": 3_426_811.904}, "3.42681e+06 V"),
        ({"current": -655_360.0}, "-655360 A"),
        ({"voltage": 52.2, "current": -300.0}, None),
        ({"voltage": None, "current": None}, None),
    ],
)
def test_only_what_no_pack_can_have_makes_no_sense(told: dict[str, float], why: str | None) -> None:
    found = senseless(PackReading(time=0.0, **told))
    assert (found is None) if why is None else (why in (found or ""))


# --- Turns -----------------------------------------------------------------------------------------------------------


async def test_while_one_unit_needs_silence_others_are_asked(build: Build) -> None:
    street = await build(1, 2)
    one, two = street.driver(1), street.driver(2)
    await asyncio.gather(one.async_identify(), two.async_identify())
    street.carried()
    await asyncio.gather(*(driver.async_read() for driver in (one, two)))
    assert [each.unit_id for each in street.carried()] == [1, 2, 1, 2]


async def test_each_unit_has_its_own_silence_between_its_requests(build: Build) -> None:
    street = await build(1, 2, baudrate=115200)
    drivers = [street.driver(unit) for unit in (1, 2)]
    await asyncio.gather(*(driver.async_identify() for driver in drivers))
    ends: dict[int, float] = {}
    for each in street.carried():
        assert each.time - ends.get(each.unit_id, -1e9) >= JK.spacing
        ends[each.unit_id] = each.time + (each.sent + each.answered) * street.bus.character + each.turnaround


async def test_every_pack_is_read_once_before_one_is_read_twice(build: Build) -> None:
    units = (1, 2, 3, 4)
    street = await build(*units)
    drivers = [street.driver(unit) for unit in units]
    await asyncio.gather(*(driver.async_identify() for driver in drivers))
    street.carried()

    async def poll(driver: Driver) -> None:
        for _ in range(3):
            await driver.async_read()

    await asyncio.gather(*(poll(driver) for driver in drivers))
    asked = [each.unit_id for each in street.carried()]
    counts = Counter[int]()
    for unit in asked:
        counts[unit] += 1
        # Two requests make a reading; nobody is more than one reading ahead.
        assert max(counts.values()) - min(counts[each] for each in units) <= 4
    assert set(counts.values()) == {6}


async def test_requests_that_follow_each_other_are_one_poll_though_nobody_says_so(event_loop_time: Warp) -> None:
    line = Roundabout()
    units = [Unit() for _ in range(3)]
    lanes = [lane(unit, line, number) for number, unit in enumerate(units, 1)]
    for unit in units:
        unit.takes = 0.1

    async def poll(number: int) -> None:
        for _ in range(3):
            await read(lanes[number])
        done.append(number)

    done: list[int] = []
    await asyncio.gather(*(poll(number) for number in range(3)))
    await asyncio.gather(*(poll(number) for number in (2, 0, 1)))
    # Whoever has begun is through before those behind it.
    assert done == [0, 1, 2, 2, 0, 1]


async def test_a_write_overtakes_whoever_waits_to_read(build: Build) -> None:
    units = (1, 2, 3, 4, 5)
    street = await build(*units)
    drivers = [street.driver(unit) for unit in units]
    await asyncio.gather(*(driver.async_identify() for driver in drivers))
    street.carried()
    reading = [asyncio.create_task(driver.async_read()) for driver in drivers[:4]]
    await asyncio.sleep(0.05)
    await drivers[4].async_apply(decide(charge=False))
    assert [(each.unit_id, each.function) for each in street.carried()][:2] == [(1, 3), (5, 16)]
    await asyncio.gather(*reading)
    assert street.bus.server(5).writes[-1].switches == Switches(charge=False)


async def test_who_stops_waiting_leaves_its_turn_to_others(build: Build) -> None:
    street = await build(1, 2, 3)
    one, two, three = (street.lane(unit) for unit in (1, 2, 3))
    first = asyncio.create_task(one.unit.read_holding_registers(0x1200, 1))
    second = asyncio.create_task(two.unit.read_holding_registers(0x1200, 1))
    third = asyncio.create_task(three.unit.read_holding_registers(0x1200, 1))
    await asyncio.sleep(0)
    second.cancel()
    await first
    assert await third
    assert [each.unit_id for each in street.carried()] == [1, 3]
    assert not street.line.busy


# --- Silent units ----------------------------------------------------------------------------------------------------


async def cycle(drivers: list[Driver], seconds: float) -> Counter[Driver]:
    """Read every pack once a second, as the supervisor does, and count the readings."""
    loop = asyncio.get_running_loop()
    until, counts = loop.time() + seconds, Counter[Driver]()

    async def poll(driver: Driver) -> None:
        while loop.time() < until:
            due = loop.time() + 1
            with suppress(DriverError):
                await driver.async_read()
                counts[driver] += 1
            await asyncio.sleep(max(0.0, due - loop.time()))

    await asyncio.gather(*(poll(driver) for driver in drivers))
    return counts


async def test_a_dead_unit_costs_the_others_little(build: Build, clock: Callable[[], float]) -> None:
    street = await build(1, 2, 3, 4)
    alive, dead = [street.driver(unit, clock=clock) for unit in (1, 2, 3)], street.driver(4, clock=clock)
    without = await cycle(alive, 30)
    street.bus.inject(4, BusFault.DEAD)
    street.carried()
    first, then = await cycle([*alive, dead], 20), await cycle([*alive, dead], 30)
    for driver in alive:
        assert then[driver] >= 0.85 * without[driver]
    assert first[dead] == then[dead] == 0
    # Three requests until it is left alone, then after 1, 2, 4, 8, 16 s and every half minute.
    assert 5 <= sum(each.unit_id == 4 for each in street.carried()) <= 8


async def test_a_unit_that_is_left_alone_says_so_without_touching_the_link(
    build: Build, clock: Callable[[], float]
) -> None:
    street = await build(1, 2)
    alive, dead = street.driver(1, clock=clock), street.driver(2, clock=clock)
    await asyncio.gather(alive.async_read(), dead.async_read())
    street.bus.inject(2, BusFault.DEAD)
    for _ in range(2):
        with pytest.raises(DriverError, match="Response timeout"):
            await dead.async_read()
    await alive.async_read()
    street.carried()
    with pytest.raises(DriverError, match=r"unit 2 did not answer 3 times and is asked again in \d s") as told:
        await dead.async_read()
    assert told.value.key == "no_answer"
    with pytest.raises(DriverError, match="asked again"):
        await dead.async_apply(decide(charge=False))
    assert street.carried() == []


async def test_a_switch_is_opened_though_its_unit_was_left_alone(build: Build, clock: Callable[[], float]) -> None:
    street = await build(1, 2)
    alive, lost = street.driver(1, clock=clock), street.driver(2, clock=clock)
    await cycle([alive, lost], 3)
    street.bus.inject(2, BusFault.DEAD)
    await cycle([alive, lost], 30)
    street.bus.clear(2)
    with pytest.raises(DriverError, match="asked again in"):
        await lost.async_read()
    await lost.async_apply(decide(charge=False))
    assert (await lost.async_read()).commanded.charge is False


async def test_it_is_found_again_by_itself(build: Build, clock: Callable[[], float]) -> None:
    street = await build(1, 2)
    drivers = [street.driver(unit, clock=clock) for unit in (1, 2)]
    await cycle(drivers, 3)
    street.bus.inject(2, BusFault.DEAD)
    await cycle(drivers, 30)
    street.bus.clear(2)
    counts = await cycle(drivers, 32)
    assert counts[drivers[1]] >= 5


async def test_a_unit_that_is_alone_is_always_asked(build: Build, clock: Callable[[], float]) -> None:
    street = await build(1)
    driver = street.driver(1, clock=clock)
    street.bus.inject(1, BusFault.DEAD)
    await cycle([driver], 20)
    assert len(street.carried()) >= 9
    street.bus.clear(1)
    assert await driver.async_read()


async def test_when_all_are_silent_the_line_is_at_fault_and_all_are_asked_until_it_is_back(
    build: Build, clock: Callable[[], float]
) -> None:
    street = await build(1, 2, 3)
    drivers = [street.driver(unit, clock=clock) for unit in (1, 2, 3)]
    await cycle(drivers, 3)
    for unit in (1, 2, 3):
        street.bus.inject(unit, BusFault.DEAD)
    await cycle(drivers, 60)
    for unit in (1, 2, 3):
        street.bus.clear(unit)
    counts = await cycle(drivers, 8)
    assert min(counts[driver] for driver in drivers) >= 2


async def test_a_link_that_was_lost_has_everybody_asked_at_once(build: Build, clock: Callable[[], float]) -> None:
    street = await build(1, 2)
    drivers = [street.driver(unit, clock=clock) for unit in (1, 2)]
    await cycle(drivers, 3)
    street.bus.inject(2, BusFault.DEAD)
    await cycle(drivers, 30)
    street.bus.clear(2)
    street.bus.drop()
    await asyncio.sleep(0.1)
    assert await drivers[1].async_read()


async def test_a_slow_unit_slows_the_others_by_its_own_time_only(build: Build, clock: Callable[[], float]) -> None:
    street = await build(1, 2, 3)
    drivers = [street.driver(unit, clock=clock) for unit in (1, 2, 3)]
    await cycle(drivers, 3)
    street.bus.inject(3, BusFault.SLOW, 0.8)
    counts = await cycle(drivers, 60)
    # Its two requests take 2 s, and the cycle of all is no longer than that and their own.
    assert min(counts.values()) >= 60 / 3.2


# --- Units by themselves ---------------------------------------------------------------------------------------------


class Unit:
    """A unit whose answers a test gives."""

    def __init__(self) -> None:
        self.connected = False
        self.answer: Any = [1]
        self.takes = 0.0
        self.asked: list[tuple[str, float]] = []
        self.timeouts: list[float | None] = []
        self.drops = 0
        self.then: Callable[[], object] = list

    def on_connection_lost(self, callback: Callable[[], None]) -> Callable[[], None]:
        return lambda: None

    def require_timeout(self, seconds: float | None) -> None:
        self.timeouts.append(seconds)

    async def disconnect(self) -> None:
        self.drops += 1
        raise ModbusConnectionError("it was open no more")

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return await self._answered("read")

    async def write_register(self, address: int, value: int) -> None:
        await self._answered("write")

    async def _answered(self, what: str) -> Any:
        self.asked.append((what, asyncio.get_running_loop().time()))
        await asyncio.sleep(self.takes)
        self.then()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def lane(unit: Unit, line: Roundabout, unit_id: int, gap: float = 0.0) -> Lane:
    made = Lane(unit, line, unit_id)  # type: ignore[arg-type]
    made.set_message_spacing(gap)
    return made


async def read(lane: Lane, address: int = 1, count: int = 1) -> ModbusError | None:
    """Ask once; return what went wrong."""
    try:
        await lane.unit.read_holding_registers(address, count)
    except ModbusError as err:
        return err
    return None


async def test_a_link_that_others_opened_is_renewed_once_for_its_time_out(build: Build) -> None:
    street = await build(1, 2)
    await street.connection.connect()
    assert street.connection._client_timeout == 10
    drivers = [street.driver(unit) for unit in (1, 2)]
    street.bus.inject(2, BusFault.DEAD)
    await drivers[0].async_identify()
    assert street.connection._client_timeout == JK.timeout
    with pytest.raises(DriverError, match=r"after 1\.0 seconds"):
        await drivers[1].async_identify()


async def test_a_link_that_we_open_is_not_dropped_first(build: Build) -> None:
    unit, other = Unit(), Unit()
    line = Roundabout()
    assert await read(lane(unit, line, 1)) is None
    unit.connected = other.connected = True
    assert await read(lane(other, line, 2)) is None
    assert unit.drops == other.drops == 0


async def test_who_leaves_gives_its_time_out_back_unless_another_needs_it() -> None:
    line = Roundabout()
    units = [Unit() for _ in range(3)]
    first, second, third = (lane(unit, line, unit_id) for unit, unit_id in zip(units, (1, 1, 2), strict=True))
    for each, seconds in ((first, 1.0), (second, 0.5), (third, 0.4)):
        each.require_timeout(seconds)
    second.leave()
    second.leave()
    third.leave()
    assert units[1].timeouts == [0.5, 1.0, 1.0]
    assert units[2].timeouts == [0.4, None]


async def test_a_busy_unit_does_not_hold_the_link_for_as_long_as_it_likes(
    event_loop_time: Warp,
) -> None:
    busy, other = Unit(), Unit()
    line = Roundabout()
    first, second = lane(busy, line, 1), lane(other, line, 2)
    busy.takes, busy.answer = 60.0, ServerDeviceBusyError()
    began = asyncio.get_running_loop().time()
    one, two = await asyncio.gather(read(first), read(second))
    assert isinstance(one, ModbusTimeoutError)
    assert "held up the others" in str(one)
    assert two is None
    assert other.asked[0][1] - began < 2 * roundabout.LONGEST_TURN
    assert (busy.drops, first.silent) == (1, 1)


async def test_a_busy_unit_that_is_alone_may_take_its_time(event_loop_time: Warp) -> None:
    busy = Unit()
    busy.takes = 60.0
    assert await read(lane(busy, Roundabout(), 1)) is None


async def test_a_unit_that_needs_the_whole_link_silent_gets_it(event_loop_time: Warp) -> None:
    line = Roundabout()
    shy, other = Unit(), Unit()
    first, second = lane(shy, line, 1, gap=0.1), lane(other, line, 2)
    shy.answer = ModbusProtocolError("garbage")
    for _ in range(3):
        await asyncio.sleep(0.1)
        await read(second)
        await read(first)
    assert first.tight
    shy.answer = [1]
    for each in (shy, other):
        each.asked.clear()
    await asyncio.gather(*(read(each) for each in (second, first, second, first, second)))
    asked = sorted((moment, unit) for unit in (shy, other) for _, moment in unit.asked)
    for (before, one), (after, two) in pairwise(asked):
        if shy in (one, two):
            assert after - before >= 0.1


async def test_a_pack_that_needs_the_whole_bus_silent_is_read_all_the_same(
    build: Build, clock: Callable[[], float]
) -> None:
    street = await build(1, 2, 3)
    drivers = [street.driver(unit, clock=clock) for unit in (1, 2, 3)]
    street.bus.inject(2, BusFault.STRICT, 0.07)
    await cycle(drivers, 20)
    counts = await cycle(drivers, 20)
    assert counts[drivers[1]] >= 10


async def test_every_request_of_a_unit_takes_its_turn() -> None:
    unit = Mock(spec=ModbusUnit, read_coils=AsyncMock(return_value=[True]))
    line = Roundabout()
    made = Lane(unit, line, 1)
    unit.write_coil.side_effect = lambda *_: line.busy
    assert await made.unit.read_coils(1, 1) == [True]
    assert await made.unit.write_coil(1, True)
    assert made.connected is unit.connected
    made.unit.require_connect_delay(0.5)
    unit.require_connect_delay.assert_called_once_with(0.5)


async def test_a_unit_that_gets_along_with_others_is_not_given_the_whole_link(event_loop_time: Warp) -> None:
    line = Roundabout()
    sound, other = Unit(), Unit()
    first, second = lane(sound, line, 1, gap=0.1), lane(other, line, 2)
    for number in range(40):
        await asyncio.sleep(0.1)
        await read(second)
        # A fifth of its answers is broken, as on a poor line.
        sound.answer = ModbusProtocolError("garbage") if number % 5 == 0 else [1]
        await read(first)
    assert not first.tight


async def test_a_link_without_a_sound_answer_is_dropped_and_each_time_later() -> None:
    line = Roundabout()
    units = [Unit(), Unit()]
    pair = [lane(unit, line, number) for number, unit in enumerate(units, 1)]
    for unit in units:
        unit.answer = ModbusProtocolError("out of step")
    for number in range(18):
        await read(pair[number % 2])
    assert sum(unit.drops for unit in units) == 2
    for unit in units:
        unit.answer = [1]
    await read(pair[0])
    for unit in units:
        unit.answer = ModbusProtocolError("out of step")
    for number in range(6):
        await read(pair[number % 2])
    # Once because one failed right after the other, once because six requests have failed.
    assert sum(unit.drops for unit in units) == 4


async def test_a_turn_that_is_given_up_as_it_comes_is_passed_on() -> None:
    line = Roundabout()
    units = [Unit() for _ in range(3)]
    first, second, third = (lane(unit, line, number) for number, unit in enumerate(units, 1))
    tasks = [asyncio.create_task(read(each)) for each in (first, second, third)]
    # By then the second has the link, and does not know it yet.
    units[0].then = lambda: asyncio.get_running_loop().call_soon(tasks[1].cancel)
    assert await tasks[2] is None
    assert units[1].asked == []
    assert not line.busy


@pytest.fixture(autouse=True)
def quiet_servers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", "pymodbus")
