"""A search finds what is on a bus, says what else answered, never writes, and ends in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from modbus_connection import (
    ModbusConnectionError,
    ModbusDesyncError,
    ModbusError,
    ModbusSerialParams,
    ModbusTcpParams,
    ModbusUnit,
)
from modbus_connection.tmodbus import ModbusConnection

from custom_components.home_bms.hw import detect as searching
from custom_components.home_bms.hw import probe
from custom_components.home_bms.hw.detect import Search, Units, detect
from custom_components.home_bms.hw.detection import Answer, Detection, Finding, Reply
from custom_components.home_bms.hw.devices import DEVICES, Device
from custom_components.home_bms.hw.driver import DeviceInfo, DriverError
from custom_components.home_bms.hw.lane import SILENCE
from custom_components.home_bms.hw.registers import READS, Kind
from custom_components.home_bms.hw.virtual import VirtualPack, VirtualServer
from custom_components.home_bms.hw.virtual.bus import BusFault, VirtualBus
from custom_components.home_bms.hw.wire import Wire

from ..matrix.timewarp import Warp, warped

PACKS = [device for device in DEVICES.values() if device.kind is Kind.PACK]
JK, PACE, SEPLOS, DALY = (DEVICES[key] for key in ("jk_pb", "pace", "seplos_v3", "daly_d2"))
P81, LISTENED = DEVICES["daly_p81"], DEVICES["jk_pb_listen"]


@pytest.fixture
async def warp() -> AsyncIterator[Warp]:
    with warped(asyncio.get_running_loop()) as warp:
        yield warp


class Cellar:
    """A bus with packs on it, and a way to open a link to it."""

    def __init__(self, bus: VirtualBus, warp: Warp, port: int) -> None:
        self.bus = bus
        self.warp = warp
        self.port = port
        self.opened: list[int | None] = []
        self.told: list[tuple[float, str]] = []
        self.speed: int | None = None
        """The only baud rate at which anything is understood."""
        self.taken: frozenset[int | None] = frozenset()
        """Baud rates that others keep the link from."""

    @asynccontextmanager
    async def open(self, baudrate: int | None) -> AsyncIterator[Units]:
        self.opened.append(baudrate)
        if baudrate in self.taken:
            raise DriverError("link_in_use", "at another speed")
        deaf = self.speed not in (None, baudrate)
        connection = ModbusConnection(
            ModbusSerialParams(device=f"socket://127.0.0.1:{self.port}", baudrate=115200)
            if not deaf
            else ModbusTcpParams(host="127.0.0.1", port=self.port)
        )

        async def unit(unit_id: int) -> ModbusUnit:
            return connection.for_unit(unit_id)

        try:
            yield unit
        finally:
            await connection.close()

    async def detect(self, devices: Sequence[Device] = PACKS, **how: Any) -> Detection:
        return await detect(
            Search(
                open_link=self.open,
                devices=devices,
                progress=lambda share, what: self.told.append((share, what)),
                clock=self.warp.now,
                **how,
            )
        )

    @property
    def functions(self) -> set[int]:
        return {each.function for each in self.bus.transactions}


type Build = Callable[..., Any]


@pytest.fixture
async def build(socket_enabled: None, warp: Warp, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Build]:
    caplog.set_level(logging.CRITICAL)
    async with AsyncExitStack() as stack:

        async def build_it(*wired: tuple[Device, int], **how: Any) -> Cellar:
            servers = [
                VirtualServer(VirtualPack(seed=unit, serial_number=f"CELLAR-{unit}"), device, unit_id=unit)
                for device, unit in wired
            ]
            bus = VirtualBus(servers, **{"baudrate": 115200, **how})
            stack.push_async_callback(bus.stop)
            return Cellar(bus, warp, await bus.start())

        yield build_it


def seen(found: Detection) -> set[tuple[str, int]]:
    return {(each.device.key, each.unit_id) for each in found.findings}


async def test_packs_of_every_kind_are_found_on_one_bus_and_nothing_is_written(build: Build) -> None:
    plain = [
        device
        for device in PACKS
        if not device.own_line
        and device.key in ("jk_pb", "pace", "eg4_ll", "seplos_v3", "daly_d2", "tinybms", "renogy", "sunspec")
    ]
    taken: dict[int, Device] = {}
    for device in plain:
        taken[next(unit for unit in device.unit_ids if unit and unit not in taken)] = device
    cellar = await build(*((device, unit) for unit, device in taken.items()))
    found = await cellar.detect(budget=300)
    assert seen(found) == {(device.key, unit) for unit, device in taken.items()}
    assert found.complete
    assert cellar.functions <= set(READS)
    assert not any(server.writes for server in cellar.bus.servers)
    for each in found.findings:
        assert each.sure
        assert each.baudrate is None


async def test_two_packs_of_a_kind_are_told_apart_by_what_they_say(build: Build) -> None:
    cellar = await build((JK, 1), (JK, 7))
    found = await cellar.detect([JK])
    assert [(each.unit_id, each.info.serial_number) for each in found.findings] == [(1, "CELLAR-1"), (7, "CELLAR-7")]


async def test_an_empty_bus_is_searched_in_the_time_that_was_given(build: Build, warp: Warp) -> None:
    cellar = await build()
    begun = warp.now()
    found = await cellar.detect()
    assert found.findings == found.answers == ()
    assert not found.complete
    # The last question may still be waited for.
    assert searching.BUDGET <= warp.now() - begun <= searching.BUDGET + 2 * probe.TIMEOUT


async def test_what_was_found_until_the_time_was_up_is_told(build: Build) -> None:
    cellar = await build((JK, 1), (JK, 16 - 1))
    found = await cellar.detect(budget=8)
    assert seen(found) == {("jk_pb", 1)}
    assert not found.complete


async def test_a_gateway_that_says_at_once_that_nobody_is_there_leaves_time_for_everything(build: Build) -> None:
    cellar = await build((PACE, 9), absent_code=0x0B)
    found = await cellar.detect()
    assert seen(found) == {("pace", 9)}
    assert found.complete
    assert found.answers == ()


async def test_progress_is_told_and_never_goes_back(build: Build) -> None:
    cellar = await build((PACE, 3))
    await cellar.detect([PACE], unit_ids=range(1, 6))
    shares = [share for share, _ in cellar.told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert "PACE, unit 3" in {what for _, what in cellar.told}


async def test_units_that_are_known_are_left_in_peace(build: Build) -> None:
    cellar = await build((JK, 1), (JK, 2))
    found = await cellar.detect([JK], skip=frozenset({1}))
    assert seen(found) == {("jk_pb", 2)}
    assert 1 not in {each.unit_id for each in cellar.bus.transactions}


async def test_only_the_units_that_were_asked_for_are_looked_at(build: Build) -> None:
    cellar = await build((DALY, 210), (PACE, 2))
    found = await cellar.detect(unit_ids=[2, 300, 210])
    assert seen(found) == {("pace", 2), ("daly_d2", 210)}
    assert {each.unit_id for each in cellar.bus.transactions} == {2, 210}


async def test_devices_that_no_modbus_link_reaches_are_named(build: Build) -> None:
    cellar = await build((JK, 1))
    found = await cellar.detect(list(DEVICES.values()), unit_ids=[1])
    assert set(found.not_asked) == {device.name for device in DEVICES.values() if device.own_line}
    assert found.not_asked


def test_relay_boards_are_asked_for_after_all_packs() -> None:
    kinds = [device.kind for device in searching.candidates(DEVICES.values())]
    assert kinds == sorted(kinds, key=list(Kind).index)
    assert kinds[0] is Kind.PACK


# --- Devices with a line of their own --------------------------------------------------------------------------------


class Lonely:
    """A line with one device on it that no Modbus link reaches."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.lines = 0
        self.carries = True

    @asynccontextmanager
    async def open(self, baudrate: int | None) -> AsyncIterator[Units]:
        connection = ModbusConnection(ModbusSerialParams(device=f"socket://127.0.0.1:{self.port}", baudrate=115200))

        async def unit(unit_id: int) -> ModbusUnit:
            return connection.for_unit(unit_id)

        try:
            yield unit
        finally:
            await connection.close()

    @asynccontextmanager
    async def line(self, device: Device, baudrate: int | None) -> AsyncIterator[Units]:
        self.lines += 1
        if not self.carries:
            raise DriverError("needs_serial_frames", "Modbus TCP")
        wire = Wire(f"socket://127.0.0.1:{self.port}", baudrate=device.baudrate)

        async def unit(unit_id: int) -> ModbusUnit:
            return wire.for_unit(unit_id, device.dialect)

        try:
            yield unit
        finally:
            await wire.close()


@pytest.fixture
async def lonely(socket_enabled: None, warp: Warp, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Lonely]:
    caplog.set_level(logging.CRITICAL)
    server = VirtualServer(VirtualPack(serial_number="P81"), P81, unit_id=P81.unit_ids[0])
    yield Lonely(await server.start_rtu_over_tcp())
    await server.stop()


async def test_where_nothing_speaks_modbus_other_tongues_are_tried(lonely: Lonely, warp: Warp) -> None:
    found = await detect(
        Search(open_link=lonely.open, open_line=lonely.line, devices=[JK, P81, LISTENED], budget=120, clock=warp.now)
    )
    assert [(each.device.key, each.unit_id) for each in found.findings] == [("daly_p81", P81.unit_ids[0])]
    # A bus that can only be listened to is not listened to for a search.
    assert found.not_asked == (LISTENED.name,)


@pytest.mark.parametrize("units", [None, [P81.unit_ids[0]]])
async def test_a_link_that_does_not_carry_them_leaves_them_out_and_says_so(
    lonely: Lonely, warp: Warp, units: list[int] | None
) -> None:
    lonely.carries = False
    search = Search(
        open_link=lonely.open, open_line=lonely.line, devices=[JK, P81], unit_ids=units, budget=120, clock=warp.now
    )
    found = await detect(search)
    assert found.findings == ()
    assert found.not_asked == (P81.name,)


async def test_where_a_pack_speaks_modbus_no_other_tongue_is_tried(build: Build) -> None:
    cellar = await build((JK, 1))
    lonely = Lonely(cellar.port)
    found = await detect(
        Search(
            open_link=cellar.open, open_line=lonely.line, devices=[JK, P81], unit_ids=[1, 129], clock=cellar.warp.now
        )
    )
    assert seen(found) == {("jk_pb", 1)}
    assert lonely.lines == 0
    assert found.not_asked == (P81.name,)


# --- Baud rates ------------------------------------------------------------------------------------------------------


async def test_each_device_is_asked_for_at_its_own_speed(build: Build) -> None:
    cellar = await build((SEPLOS, 1))
    cellar.speed = 19200
    rates = searching.baudrates([JK, PACE, SEPLOS])
    assert set(rates) == {115200, 9600, 19200}
    found = await cellar.detect([JK, PACE, SEPLOS], rates=rates, unit_ids=[1, 2])
    assert [(each.device.key, each.baudrate) for each in found.findings] == [("seplos_v3", 19200)]


async def test_a_bus_has_one_speed(build: Build) -> None:
    cellar = await build((SEPLOS, 1), (SEPLOS, 5))
    cellar.speed = 19200
    found = await cellar.detect([JK, PACE, SEPLOS], rates=[9600, 19200, 115200])
    assert seen(found) == {("seplos_v3", 1), ("seplos_v3", 5)}
    assert cellar.opened[:3] == [9600, 19200, 115200]
    assert set(cellar.opened[3:]) == {19200}


async def test_a_link_that_others_use_at_another_speed_is_searched_at_the_rest(build: Build) -> None:
    cellar = await build((SEPLOS, 1))
    cellar.taken = frozenset({9600})
    found = await cellar.detect([PACE, SEPLOS], rates=[9600, 19200], unit_ids=[1, 2])
    assert seen(found) == {("seplos_v3", 1)}
    assert found.in_use == (9600,)
    assert cellar.opened.count(9600) == 1


async def test_a_link_that_others_use_at_every_speed_cannot_be_searched(build: Build) -> None:
    cellar = await build()
    cellar.taken = frozenset({9600, 19200})
    with pytest.raises(DriverError) as told:
        await cellar.detect([PACE, SEPLOS], rates=[9600, 19200])
    assert told.value.key == "link_in_use"


# --- What else answers -----------------------------------------------------------------------------------------------


async def test_a_device_that_refuses_is_told_with_its_exception(build: Build) -> None:
    cellar = await build((JK, 1))
    found = await cellar.detect([PACE], unit_ids=[1])
    assert found.findings == ()
    assert found.answers == (Answer(unit_id=1, baudrate=None, reply=Reply.REFUSED, code=2, devices=("PACE",)),)


@pytest.mark.parametrize(
    ("fault", "reply"),
    [
        # RTU has no place for a foreign answer but the bin: it is silence, as is half of one.
        (BusFault.FOREIGN, None),
        (BusFault.CUT, None),
        (BusFault.DEAD, None),
        (BusFault.SWAPPED, Reply.NONSENSE),
    ],
)
async def test_an_answer_that_makes_no_sense_is_no_finding(build: Build, fault: BusFault, reply: Reply | None) -> None:
    cellar = await build((JK, 1))
    cellar.bus.inject(1, fault)
    found = await cellar.detect([JK], unit_ids=[1])
    assert found.findings == ()
    assert [each.reply for each in found.answers] == ([] if reply is None else [reply])


class Line:
    """A link whose units answer as a test says."""

    def __init__(self, answer: Callable[[int], Any]) -> None:
        self.answer = answer
        self.asked: list[int] = []

    @asynccontextmanager
    async def open(self, baudrate: int | None) -> AsyncIterator[Units]:
        async def unit(unit_id: int) -> ModbusUnit:
            return FakeUnit(self, unit_id)  # type: ignore[return-value]

        yield unit


class FakeUnit:
    """One of them."""

    def __init__(self, line: Line, unit_id: int) -> None:
        self.line = line
        self.unit_id = unit_id
        self.connected = True

    def set_message_spacing(self, seconds: float) -> None:
        assert seconds >= JK.spacing

    def require_timeout(self, seconds: float | None) -> None:
        assert seconds == probe.TIMEOUT

    def on_connection_lost(self, callback: Callable[[], None]) -> Callable[[], None]:
        return lambda: None

    async def disconnect(self) -> None:
        pass

    async def write_register(self, address: int, value: int) -> None:
        raise AssertionError("a search must not write")

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        self.line.asked.append(self.unit_id)
        await asyncio.sleep(0)
        answer = self.line.answer(len(self.line.asked))
        if isinstance(answer, Exception):
            raise answer
        return [answer] * count


async def answers_of(answer: Callable[[int], Any], devices: Sequence[Device] = (JK,)) -> tuple[Detection, Line]:
    line = Line(answer)
    return await detect(Search(open_link=line.open, devices=devices, unit_ids=[1])), line


async def test_an_answer_that_was_broken_on_the_way_is_asked_for_once_more() -> None:
    found, line = await answers_of(lambda count: ModbusError("noise") if count == 1 else 0)
    assert [each.reply for each in found.answers] == [Reply.GARBLED, Reply.NONSENSE]
    assert len(line.asked) > 2


async def test_the_answer_of_another_unit_is_told() -> None:
    found, _ = await answers_of(lambda count: ModbusDesyncError("unit 2 answers"))
    assert [(each.reply, each.devices) for each in found.answers] == [(Reply.FOREIGN, ("JK PB",))]


async def test_a_unit_that_breaks_off_is_told() -> None:
    found, line = await answers_of(lambda count: 0x4142 if count % 2 else SILENCE[0]("nothing"))
    assert [each.reply for each in found.answers] == [Reply.BROKE_OFF]
    assert len(line.asked) == 4


async def test_a_link_that_cannot_be_used_ends_the_search_at_once() -> None:
    line = Line(lambda count: ModbusConnectionError("no such host"))
    with pytest.raises(DriverError) as told:
        await detect(Search(open_link=line.open, devices=[JK]))
    assert told.value.key == "cannot_connect"
    assert len(line.asked) == 1


async def test_a_link_that_is_lost_on_the_way_is_tried_again_a_few_times() -> None:
    found, line = await answers_of(lambda count: 0 if count == 1 else ModbusConnectionError("lost"))
    assert found.findings == ()
    line = Line(lambda count: 0 if count == 1 else ModbusConnectionError("lost"))
    with pytest.raises(DriverError, match="lost"):
        await detect(Search(open_link=line.open, devices=[JK], unit_ids=[1, 2, 3]))
    assert len(line.asked) <= 2 + searching.LOST


async def test_a_driver_that_stumbles_over_a_foreign_answer_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(self: object) -> DeviceInfo:
        raise IndexError("no such word")

    monkeypatch.setattr("custom_components.home_bms.hw.modbus.ModbusDriver._told", stumble)
    found, _ = await answers_of(lambda count: 0)
    assert [each.reply for each in found.answers] == [Reply.NONSENSE]


async def test_a_search_cannot_write(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    async def identify(self: Any) -> DeviceInfo:
        try:
            await self._unit.write_register(1, 1)
        except AttributeError as err:
            tried.append(str(err))
        raise DriverError("no_answer", "none")

    monkeypatch.setattr("custom_components.home_bms.hw.modbus.ModbusDriver.async_identify", identify)
    await answers_of(lambda count: 0)
    assert tried == ["a probe does not write_register"]


async def test_a_search_that_is_called_off_leaves_no_half_request_behind() -> None:
    ended = asyncio.Event()

    class Slow(FakeUnit):
        async def read_holding_registers(self, address: int, count: int) -> list[int]:
            self.line.asked.append(1)
            await asyncio.sleep(0.05)
            ended.set()
            raise ModbusError("nothing")

    line = Line(lambda count: 0)

    @asynccontextmanager
    async def open_it(baudrate: int | None) -> AsyncIterator[Units]:
        async def unit(unit_id: int) -> ModbusUnit:
            return Slow(line, unit_id)  # type: ignore[return-value]

        yield unit

    running = asyncio.create_task(detect(Search(open_link=open_it, devices=[JK])))
    async with asyncio.timeout(10):
        while not line.asked:  # noqa: ASYNC110 - a list tells nobody
            await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()
    assert line.asked == [1]


# --- What is only likely ---------------------------------------------------------------------------------------------


def finding(**info: Any) -> Finding:
    told = DeviceInfo(**{"manufacturer": "x", "model": "y", "serial_number": "", **info})
    return Finding(device=JK, unit_id=1, baudrate=None, info=told)


@pytest.mark.parametrize("told", [{"serial_number": "1"}, {"firmware": "2"}, {"hardware": "3"}])
def test_a_device_that_tells_something_of_itself_is_sure(told: dict[str, str]) -> None:
    assert finding(**told).sure
    assert not finding().sure


async def test_a_board_that_tells_nothing_of_itself_is_a_guess_until_something_sure_is_found(build: Build) -> None:
    board = DEVICES["r4dcb08"]
    cellar = await build((board, 3))
    found = await cellar.detect([board, JK], unit_ids=[3])
    assert [(each.device.key, each.sure) for each in found.findings] == [("r4dcb08", False)]
    # Others are asked for all the same.
    assert [(each.reply, each.devices) for each in found.answers] == [(Reply.REFUSED, ("JK PB",))]
