"""Relay boards: a relay closes only for a time, the exact bytes, and what may not be relied on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from modbus_connection import IllegalDataAddressError, ModbusTcpParams, ModbusUnit, ServerDeviceFailureError
from modbus_connection.pymodbus import ModbusConnection as PymodbusConnection

from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.hw import raw_coil
from custom_components.home_bms.hw.channels import Channels
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.driver import DeviceInfo, DriverError
from custom_components.home_bms.hw.frames import NothingToldError, crc16, memory_of, parse_request
from custom_components.home_bms.hw.lane import Lane
from custom_components.home_bms.hw.registers import Kind
from custom_components.home_bms.hw.relays import FRESH, RelayBoard, RelayDriver
from custom_components.home_bms.hw.roundabout import Roundabout
from custom_components.home_bms.hw.virtual import VirtualHost
from custom_components.home_bms.hw.virtual.line import Line
from custom_components.home_bms.hw.virtual.relays import Second, VirtualRelays
from custom_components.home_bms.links.meter import LinkMeter

from .boards import KINDS, linked, taken
from .recorded import MemoryUnit, vectors

WAVESHARE, N4D = DEVICES["waveshare_relay_io"], DEVICES["n4d_relay"]
BOARDS = [WAVESHARE, N4D]

pytestmark = pytest.mark.usefixtures("socket_enabled")


class Bench:
    """A board on a real link, with a clock of its own."""

    def __init__(self, device) -> None:
        assert isinstance(device, RelayBoard)
        self.now = 100.0
        self.board = VirtualRelays(device, clock=lambda: self.now)
        self.line = Line(self.board)
        self.driver: RelayDriver

    @property
    def writes(self) -> list[str]:
        """The requests that wrote, without unit id and checksum."""
        return [frame[1:-2].hex() for _, frame in self.line.wire if frame[1] not in (1, 2, 3, 4)]

    async def reads(self) -> None:
        await self.driver.async_read()


@asynccontextmanager
async def bench(device, kind: str = "tcp", **settings) -> AsyncIterator[Bench]:
    made = Bench(device)
    for name, value in settings.items():
        setattr(made.board, name, value)
    port = await (made.line.start_tcp() if kind == "tcp" else made.line.start_rtu_over_tcp())
    try:
        async with linked(port, kind) as unit:
            lane = Lane(unit, Roundabout(), 1)
            made.driver = device.driver(lane, clock=lambda: made.now, spacing=0)
            await made.driver.async_identify()
            yield made
    finally:
        await made.line.stop()


# What was recorded


@pytest.mark.parametrize("vector", vectors("waveshare_relay_io"), ids=lambda vector: vector["id"])
def test_every_recorded_frame_is_understood(vector) -> None:
    request, expected = bytes.fromhex(vector["request"]), vector["expected"]
    answer = bytes.fromhex(vector["response"]) if "response" in vector else None
    asked = parse_request(request)
    if "relays" in expected:
        values = WAVESHARE.decode(memory_of(WAVESHARE, request, answer))
        assert [int(told) for told in taken(WAVESHARE.relay_names, values)] == expected["relays"]
        return
    with pytest.raises(NothingToldError):
        memory_of(WAVESHARE, request, answer)
    if "write_multiple" in expected:
        assert list(asked.values) == expected["write_multiple"]
    else:
        assert (asked.address, asked.values[0] == 0xFF00) == (expected["relay"], bool(expected["state"]))


@pytest.mark.parametrize(("frame", "relay", "on"), [("01050001ff00ddfa", 1, True), ("010500000000cdca", 0, False)])
def test_the_virtual_board_does_what_was_recorded(frame: str, relay: int, on: bool) -> None:
    board = VirtualRelays(WAVESHARE, clock=lambda: 0.0)
    line = Line(board)
    board.set(relay, not on)
    assert line.answer(bytes.fromhex(frame)).hex() == frame
    assert board.relay(relay) is on


# The exact bytes


@pytest.mark.parametrize("kind", KINDS)
async def test_waveshares_pulse_and_its_end_have_these_bytes(kind: str) -> None:
    async with bench(WAVESHARE, kind) as made:
        await made.driver.async_pulse(3, 5.0)
        await made.reads()
        assert made.driver.relay(3) is True
        await made.driver.async_open(3)
        assert made.driver.relay(3) is False

    assert made.writes == ["0502030032", "0500030000"]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_n4ds_pulse_and_its_end_have_these_bytes(kind: str) -> None:
    async with bench(N4D, kind) as made:
        await made.driver.async_pulse(3, 5.9)
        await made.reads()
        assert made.driver.relay(3) is True
        await made.driver.async_open(3)
        assert made.driver.relay(3) is False

    assert made.writes == ["0600040605", "0600040200"]


async def test_a_relay_that_takes_no_notice_while_its_time_runs_gets_a_time_of_none() -> None:
    async with bench(N4D, deaf_while_timed=True) as made:
        await made.driver.async_pulse(0, 5.0)
        await made.driver.async_open(0)
        assert made.board.relay(0) is False

    assert made.writes == ["0600010605", "0600010200", "0600010600"]


async def test_a_relay_that_never_opens_is_told() -> None:
    async with bench(WAVESHARE) as made:
        made.board.modes[2] = 1
        made.board.contacts[2] = lambda: True
        with pytest.raises(DriverError) as error:
            await made.driver.async_open(2)
    assert error.value.key == "not_effective"


@pytest.mark.parametrize("device", BOARDS, ids=lambda device: device.key)
async def test_a_relay_opens_by_itself(device) -> None:
    async with bench(device) as made:
        await made.driver.async_pulse(0, 5.0)
        made.now += 4.9
        await made.reads()
        assert made.driver.relay(0) is True
        made.now += 0.2
        await made.reads()
        assert made.driver.relay(0) is False


@pytest.mark.parametrize("device", BOARDS, ids=lambda device: device.key)
async def test_a_pulse_shorter_than_the_board_counts_is_none(device) -> None:
    async with bench(device) as made:
        await made.driver.async_pulse(0, 0.05)
        assert made.writes == []


@pytest.mark.parametrize(("device", "longest"), [(WAVESHARE, 3276.7), (N4D, 255)], ids=["waveshare", "n4d"])
def test_a_pulse_is_never_longer_than_the_board_can(device, longest: float) -> None:
    pulse = device.channels.pulse
    assert pulse.words(1e9) == pulse.words(longest) == pulse.word + pulse.most
    assert pulse.words(0.3 + pulse.unit) >= pulse.word + 1


def test_no_relay_board_has_an_order_that_latches() -> None:
    for device in BOARDS:
        assert device.kind is Kind.RELAYS
        assert not device.orders
        assert not device.capabilities


def test_a_board_whose_relays_stay_closed_is_no_relay_board() -> None:
    latching = replace(WAVESHARE, channels=Channels(relays=8))
    with pytest.raises(ValueError, match="opens by itself"):
        latching.driver(MemoryUnit(WAVESHARE, {}))


@pytest.mark.parametrize("device", BOARDS, ids=lambda device: device.key)
def test_a_board_at_rest_can_be_shown(device) -> None:
    values = device.decode(
        device.encode(PackReading(time=0.0), DeviceInfo(manufacturer="", model="", serial_number=""))
    )
    assert set(taken(device.relay_names, values)) == {False}
    assert device.reading(values, {}) == PackReading(time=0.0)
    assert device.info(values).manufacturer == device.manufacturer


# What is read


@pytest.mark.parametrize("device", BOARDS, ids=lambda device: device.key)
async def test_inputs_are_read_beside_the_relays(device) -> None:
    async with bench(device) as made:
        made.board.contacts[4] = lambda: True
        await made.reads()
        assert [made.driver.contact(channel) for channel in range(8)] == [False] * 4 + [True] + [False] * 3


@pytest.mark.parametrize("device", BOARDS, ids=lambda device: device.key)
async def test_what_was_read_long_ago_is_unknown(device) -> None:
    async with bench(device) as made:
        await made.reads()
        assert (made.driver.relay(0), made.driver.contact(0)) == (False, False)
        made.now += FRESH + 0.1
        assert (made.driver.relay(0), made.driver.contact(0)) == (None, None)


async def test_a_board_without_inputs_is_asked_for_them_once() -> None:
    async with bench(WAVESHARE, missing=frozenset({"discrete", "holding"})) as made:
        await made.reads()
        await made.reads()
        assert made.driver.contact(0) is None
        assert made.driver.linked(0) is False, "without inputs nothing is linked to them"
        assert made.driver.info.firmware is None
        asked = [frame[1] for _, frame in made.line.wire]
        assert asked.count(2) == 1
        assert asked.count(1) == 3


async def test_a_relay_that_follows_its_input_is_known() -> None:
    async with bench(WAVESHARE) as made:
        assert [made.driver.linked(channel) for channel in (0, 1)] == [False, False]
        made.board.modes[1] = 1
        await made.driver.async_identify()
        assert [made.driver.linked(channel) for channel in (0, 1)] == [False, True]
        assert made.driver.info.firmware == "2.00"


class Failing:
    """A unit that has a fault of its own whenever its registers are read."""

    def __init__(self, unit: ModbusUnit) -> None:
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        raise ServerDeviceFailureError


async def test_a_board_that_fails_to_tell_its_modes_is_not_taken_for_one_without() -> None:
    board = Bench(WAVESHARE)
    async with linked(await board.line.start_tcp()) as unit:
        driver = WAVESHARE.driver(cast("ModbusUnit", Failing(unit)), spacing=0)
        assert isinstance(driver, RelayDriver)
        await driver.async_read()
        assert driver.relay(0) is False
        assert driver.linked(0) is None
    await board.line.stop()


async def test_whether_a_relay_is_linked_is_unknown_until_the_board_has_said_so() -> None:
    board = Bench(WAVESHARE)
    port = await board.line.start_tcp()
    async with linked(port) as unit:
        driver = WAVESHARE.driver(unit, spacing=0)
        assert isinstance(driver, RelayDriver)
        assert driver.linked(0) is None
    await board.line.stop()


async def test_a_state_that_is_none_is_another_device() -> None:
    async with bench(N4D) as made:
        strange = dict.fromkeys(range(1, 9), 7)
        made.board.read = lambda request: [strange.get(request.address + at, 0) for at in range(request.count)]
        with pytest.raises(DriverError) as error:
            await made.driver.async_identify()
    assert error.value.key == "nonsense"


async def test_a_pulled_plug_is_told_to_whoever_wants_to_switch() -> None:
    async with bench(WAVESHARE) as made:
        made.board.silent = True
        for attempt in (made.driver.async_pulse(0, 5.0), made.driver.async_open(0)):
            with pytest.raises(DriverError) as error:
                await attempt
            assert error.value.key == "no_answer"


# A coil with any word


async def test_a_library_that_cannot_send_the_word_is_told_and_sends_none(monkeypatch) -> None:
    board = Bench(WAVESHARE)
    port = await board.line.start_tcp()
    connection = PymodbusConnection(ModbusTcpParams(host="127.0.0.1", port=port))
    for unit in (connection.for_unit(1), raw_coil.able(connection.for_unit(1)), SimpleNamespace()):
        with pytest.raises(DriverError) as error:
            await raw_coil.async_write(unit, 0x0200, 50)
        assert error.value.key == "raw_coil_unsupported"
    await connection.close()

    async with linked(port) as unit:
        monkeypatch.delattr(raw_coil.backend, "_map_errors")
        with pytest.raises(DriverError) as error:
            await raw_coil.async_write(unit, 0x0200, 50)
        assert error.value.key == "raw_coil_unsupported"
    assert list(board.line.wire) == []
    await board.line.stop()


async def test_the_word_is_counted_and_takes_its_turn_like_any_other_request() -> None:
    board = Bench(WAVESHARE)
    meter = LinkMeter()
    async with linked(await board.line.start_tcp()) as unit:
        lane = Lane(meter.around(unit), Roundabout(), 1)
        await raw_coil.async_write(lane.unit, 0x0201, 30)
        assert meter.transactions == 1
        assert lane.answers
        with pytest.raises(IllegalDataAddressError):
            await raw_coil.async_write(lane.unit, 0x0301, 30)
        assert meter.transactions == 2
    assert board.writes == ["050201001e", "050301001e"]
    await board.line.stop()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_list_of_coils_reaches_the_virtual_board(kind: str) -> None:
    board = Bench(WAVESHARE)
    port = await (board.line.start_tcp() if kind == "tcp" else board.line.start_rtu_over_tcp())
    async with linked(port, kind) as unit:
        await unit.write_coils(0, [True, False, True])
        assert await unit.read_coils(0, 8) == [True, False, True, False, False, False, False, False]
    await board.line.stop()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refused_word_is_an_error_as_any_other(kind: str) -> None:
    board = Bench(WAVESHARE)
    port = await (board.line.start_tcp() if kind == "tcp" else board.line.start_rtu_over_tcp())
    async with linked(port, kind) as unit:
        assert not unit.connected
        with pytest.raises(IllegalDataAddressError):
            await raw_coil.async_write(unit, 0x0277, 50)
        await raw_coil.async_write(unit, 0x0207, 0x7FFF)
        assert unit.connected
    assert board.writes[-1] == "0502077fff"
    await board.line.stop()


# The virtual boards themselves


def request(text: str):
    return parse_request(bytes.fromhex(text) + crc16(bytes.fromhex(text)))


@pytest.mark.parametrize(
    ("second", "after", "closed"),
    [
        (Second.RESTARTS, 6.0, True),
        (Second.RESTARTS, 8.1, False),
        (Second.IGNORED, 4.9, True),
        (Second.IGNORED, 5.1, False),
        (Second.ADDS, 9.9, True),
        (Second.ADDS, 10.1, False),
    ],
)
def test_a_second_pulse_does_what_the_board_does(second: Second, after: float, closed: bool) -> None:
    now = [0.0]
    board = VirtualRelays(WAVESHARE, clock=lambda: now[0])
    board.second = second
    board.write(request("010502000032"))
    now[0] = 3.0
    board.write(request("010502000032"))
    now[0] = after
    assert board.relay(0) is closed


def test_waveshares_other_commands_work_too() -> None:
    now = [0.0]
    board = VirtualRelays(WAVESHARE, clock=lambda: now[0])
    line = Line(board)
    for text in ("010500ffff00", "010500025500", "010504000014"):
        frame = bytes.fromhex(text)
        assert line.answer(frame + crc16(frame)) == frame + crc16(frame)
    assert [board.relay(channel) for channel in range(4)] == [False, True, False, True]
    now[0] = 2.1
    assert board.relay(0), "it closed again by itself"
    board.write(request("010f0000000801a0"))
    assert [board.relay(channel) for channel in range(8)] == [False] * 5 + [True, False, True]
    board.write(request("010610010001"))
    board.contacts[1] = lambda: True
    assert board.modes[1] == 1
    assert board.relay(1)
    board.power_cycle()
    assert not board.relay(5)


@pytest.mark.parametrize(
    ("device", "text", "code"),
    [
        (WAVESHARE, "010502080032", 2),
        (WAVESHARE, "010502000000", 3),
        (WAVESHARE, "010503000032", 2),
        (WAVESHARE, "010500001234", 3),
        (WAVESHARE, "010620000001", 2),
        (WAVESHARE, "010300000001", 2),
        (WAVESHARE, "010400000001", 1),
        (N4D, "010600090100", 2),
        (N4D, "010600010900", 3),
        (N4D, "01050000ff00", 1),
        (N4D, "010600000100", 2),
    ],
)
def test_the_virtual_boards_refuse_what_the_sheet_does_not_have(device, text: str, code: int) -> None:
    line = Line(VirtualRelays(device, clock=lambda: 0.0))
    frame = bytes.fromhex(text)
    answer = line.answer(frame + crc16(frame))
    assert (answer[1], answer[2]) == (frame[1] | 0x80, code)


def test_the_n4ds_other_commands_work_too() -> None:
    now = [0.0]
    board = VirtualRelays(N4D, clock=lambda: now[0])
    board.write(request("010600010100"))
    board.write(request("010600020300"))
    board.write(request("010600030500"))
    assert [board.relay(channel) for channel in range(4)] == [True, True, True, False]
    now[0] = 1.1
    assert not board.relay(2)
    board.write(request("010600040400"))
    assert [board.relay(channel) for channel in range(4)] == [False, False, False, True]
    board.write(request("010600000700"))
    assert all(board.relay(channel) for channel in board.every())
    board.write(request("010600000800"))
    assert not any(board.relay(channel) for channel in board.every())


async def test_a_board_served_by_the_workbench_has_its_own_relays() -> None:
    host = VirtualHost(device_key="waveshare_relay_io")
    host.server.unit_id = 7
    async with linked(await host.async_start(), unit=7) as unit:
        driver = WAVESHARE.driver(unit, spacing=0)
        assert isinstance(driver, RelayDriver)
        await driver.async_read()
        await driver.async_pulse(1, 2.0)
        await driver.async_look()
        assert driver.relay(1) is True
        assert host.server.unit_id == 7
    await host.async_stop()
    await host.async_stop()


async def test_a_line_starts_once_and_hangs_up_on_nonsense() -> None:
    line = Line(VirtualRelays(WAVESHARE, clock=lambda: 0.0))
    port = await line.start_rtu_over_tcp()
    with pytest.raises(OSError, match="served already"):
        await line.start_tcp()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    async with asyncio.timeout(2):
        assert await reader.read() == b""
    writer.close()
    await line.stop()
