"""A line of home_bms's own: what it takes for an answer, and how it comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modbus_connection import (
    ClientClosedError,
    ModbusConnectionError,
    ModbusExceptionError,
    ModbusProtocolError,
    ModbusTimeoutError,
)

from custom_components.home_bms.hw import wire as module
from custom_components.home_bms.hw.dialect import rtu
from custom_components.home_bms.hw.frames import FrameError, NothingToldError, Request, crc16
from custom_components.home_bms.hw.wire import Wire, WireUnit

from .line import Gateway, Say, adapter, gateway

pytestmark = pytest.mark.usefixtures("socket_enabled")

DIALECT = rtu(-0x30)
UNIT = 0x81


def answer(*words: int, unit: int = UNIT - 0x30, function: int = 3) -> bytes:
    """Return a board's answer to a read."""
    data = b"".join(word.to_bytes(2, "big") for word in words)
    body = bytes((unit, function, len(data))) + data
    return body + crc16(body)


def saying(*parts: bytes):
    """Return a talk that answers each request with these parts, one after another."""

    async def talk(heard: bytes, say: Say) -> None:
        for part in parts:
            say(part)
            await asyncio.sleep(0.01)

    return talk


def unit_on(line: Gateway, timeout: float = 0.2) -> tuple[Wire, WireUnit]:
    wire = Wire(line.url, baudrate=9600)
    unit = wire.for_unit(UNIT, DIALECT)
    unit.require_timeout(timeout)
    return wire, unit


# What is an answer


async def test_an_answer_that_comes_in_pieces_is_whole_in_the_end():
    whole = answer(1, 2, 3)
    async with gateway(saying(whole[:1], whole[1:2], whole[2:6], whole[6:])) as line:
        wire, unit = unit_on(line)
        assert await unit.read_holding_registers(0x10, 3) == [1, 2, 3]
        assert line.heard == [bytes.fromhex("810300100003") + crc16(bytes.fromhex("810300100003"))]
        await wire.close()


async def test_what_was_said_before_the_request_answers_nothing():
    async with gateway(greeting=answer(9, 9)) as line:
        wire, unit = unit_on(line, timeout=0.05)
        heard = asyncio.Event()
        wire.listen(lambda data, now: heard.set())
        await unit.connect()
        async with asyncio.timeout(5):
            await heard.wait()
        with pytest.raises(ModbusTimeoutError, match="stayed silent"):
            await unit.read_holding_registers(0x10, 2)
        await wire.close()


async def test_a_reading_is_found_behind_noise_an_echo_and_another_units_words():
    async def talk(heard: bytes, say: Say) -> None:
        say(b"\x00\xff\x51" + heard + answer(7, 7, unit=0x52) + answer(8) + answer(5, 6))

    async with gateway(talk) as line:
        wire, unit = unit_on(line)
        assert await unit.read_holding_registers(0x10, 2) == [5, 6]
        await wire.close()


@settings(max_examples=40, deadline=None)
@given(noise=st.binary(max_size=300))
async def test_nonsense_is_never_a_reading(noise):
    async with gateway(saying(noise)) as line:
        wire, unit = unit_on(line, timeout=0.02)
        with pytest.raises((ModbusTimeoutError, ModbusProtocolError)):
            await unit.read_holding_registers(0x10, 40)
        await wire.close()


async def test_a_garbled_answer_is_nonsense():
    garbled = bytearray(answer(1, 2))
    garbled[4] ^= 1
    async with gateway(saying(bytes(garbled))) as line:
        wire, unit = unit_on(line, timeout=0.1)
        with pytest.raises(ModbusProtocolError, match="checksum"):
            await unit.read_holding_registers(0x10, 2)
        await wire.close()


async def test_an_answer_that_breaks_off_is_nonsense():
    async with gateway(saying(answer(1, 2)[:-3])) as line:
        wire, unit = unit_on(line, timeout=0.1)
        with pytest.raises(ModbusProtocolError, match="broke off after 6 bytes"):
            await unit.read_holding_registers(0x10, 2)
        await wire.close()


async def test_somebody_who_never_stops_talking_cannot_hold_a_request_up_for_ever(monkeypatch):
    monkeypatch.setattr(module, "REST_MOST", 0.1)
    async with gateway(saying(answer(4))) as line:
        wire, unit = unit_on(line)
        unit.set_message_spacing(0.05)
        await unit.connect()
        talking = asyncio.ensure_future(_chatter(line))
        try:
            assert await unit.read_holding_registers(0x10, 1) == [4]
        finally:
            talking.cancel()
            await wire.close()


async def _chatter(line: Gateway) -> None:
    for _ in range(500):
        line.say(b"\xaa")
        await asyncio.sleep(0.01)


async def test_a_line_that_babbles_is_not_kept_in_memory():
    async with gateway(saying(b"\x51" * 3 * module.HEARD_MOST)) as line:
        wire, unit = unit_on(line, timeout=0.3)
        with pytest.raises(ModbusProtocolError):
            await unit.read_holding_registers(0x10, 1)
        assert len(wire._heard) <= module.HEARD_MOST
        await wire.close()


async def test_the_requests_of_several_units_follow_each_other():
    running = most = 0

    async def talk(heard: bytes, say: Say) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        say(answer(heard[0], unit=heard[0] - 0x30))

    async with gateway(talk) as line:
        wire = Wire(line.url, baudrate=9600)
        units = [wire.for_unit(number, DIALECT) for number in range(0x81, 0x86)]
        found = await asyncio.gather(*(unit.read_holding_registers(0, 1) for unit in units))
        assert found == [[number] for number in range(0x81, 0x86)]
        assert most == 1
        await wire.close()


# What can be asked


async def test_a_write_of_several_words_is_framed_as_modbus_has_it():
    body = bytes.fromhex("511000100002")
    async with gateway(saying(body + crc16(body))) as line:
        wire, unit = unit_on(line)
        await unit.write_registers(0x10, [1, 0xFFFF])
        sent = bytes.fromhex("811000100002040001ffff")
        assert line.heard == [sent + crc16(sent)]
        await wire.close()


async def test_an_acknowledgement_of_another_write_is_none():
    body = bytes.fromhex("510600110001")
    async with gateway(saying(body + crc16(body))) as line:
        wire, unit = unit_on(line, timeout=0.1)
        with pytest.raises(ModbusProtocolError, match="another write"):
            await unit.write_register(0x10, 1)
        await wire.close()


async def test_a_function_that_the_line_does_not_carry_is_not_sent():
    question = Request(unit=UNIT, function=1, address=0, count=1)
    with pytest.raises(FrameError, match="not spoken on this line"):
        DIALECT.ask(question)
    async with gateway() as line:
        wire, unit = unit_on(line)
        with pytest.raises(ModbusProtocolError, match="not spoken"):
            await unit._ask(5, 0, (0xFF00,))
        assert line.heard == []
        await wire.close()


async def test_a_refusal_ends_the_wait():
    body = bytes.fromhex("518304")
    async with gateway(saying(body + crc16(body))) as line:
        wire, unit = unit_on(line, timeout=5.0)
        with pytest.raises(ModbusExceptionError) as told:
            await unit.read_holding_registers(0, 1)
        assert told.value.exception_code == 4
        await wire.close()


def test_an_answer_to_another_function_is_none():
    with pytest.raises(FrameError, match="function 0x04"):
        DIALECT.size(Request(unit=UNIT, function=3, address=0, count=1), answer(1, function=4))


def test_an_answer_without_its_request_tells_no_registers():
    with pytest.raises(FrameError, match="without its request"):
        DIALECT.unwrap(None, answer(1))
    with pytest.raises(NothingToldError, match="is broken"):
        DIALECT.memory(b"\x81", None)


# How a line comes and goes


async def test_an_adapter_that_is_pulled_out_comes_back_by_itself(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(module, "BACK_OFF", 0.01)
    async with adapter(tmp_path / "usb", saying(answer(3))) as line:
        wire = Wire(str(line.name), baudrate=9600)
        unit = wire.for_unit(UNIT, DIALECT)
        lost = []
        unsubscribe = unit.on_connection_lost(lambda: lost.append(True))
        assert await unit.read_holding_registers(0, 1) == [3]
        line.pull()
        with pytest.raises(ModbusConnectionError):
            await unit.read_holding_registers(0, 1)
        assert (unit.connected, lost) == (False, [True])
        line.plug()
        await asyncio.sleep(0.05)
        assert await unit.read_holding_registers(0, 1) == [3]
        unsubscribe()
        unsubscribe()
        await wire.close()
        assert lost == [True]


async def test_a_gateway_that_reboots_in_the_middle_of_a_request_is_a_lost_link():
    async def reboot(heard: bytes, say: Say) -> None:
        line.reboot()

    async with gateway(reboot) as line:
        wire, unit = unit_on(line, timeout=5.0)
        with pytest.raises(ModbusConnectionError, match="lost while an answer was awaited"):
            await unit.read_holding_registers(0, 1)
        line.talk = saying(answer(3))
        assert await unit.read_holding_registers(0, 1) == [3]
        await wire.close()


async def test_a_port_that_cannot_be_opened_is_not_tried_at_every_request(monkeypatch):
    now, tried = 0.0, 0

    async def fail(*args, **kwargs):
        nonlocal tried
        tried += 1
        raise OSError("no such port")

    monkeypatch.setattr(module, "create_serial_connection", fail)
    wire = Wire("/dev/nowhere", baudrate=9600, clock=lambda: now)
    for _ in range(300):
        with pytest.raises(ModbusConnectionError, match="could not be opened"):
            await wire.connect()
        now += 0.1
    # 30 s in steps that double up to 5 s.
    assert 6 <= tried <= 10


async def test_a_port_that_somebody_else_has_is_no_connection(tmp_path: Path):
    async with adapter(tmp_path / "usb", saying(answer(3))) as line:
        first, second = (Wire(str(line.name), baudrate=9600) for _ in range(2))
        await first.connect()
        with pytest.raises(ModbusConnectionError, match="already locked"):
            await second.connect()
        await first.close()


async def test_a_line_that_is_closed_stays_closed():
    async with gateway(saying(answer(3))) as line:
        wire, unit = unit_on(line)
        assert await unit.read_holding_registers(0, 1) == [3]
        await wire.close()
        await wire.close()
        with pytest.raises(ClientClosedError):
            await unit.read_holding_registers(0, 1)


async def test_a_line_that_is_dropped_opens_with_the_next_request():
    async with gateway(saying(answer(3))) as line:
        wire, unit = unit_on(line)
        lost = []
        unit.on_connection_lost(lambda: lost.append(True))
        for _ in range(2):
            assert await unit.read_holding_registers(0, 1) == [3]
            await unit.disconnect()
        # Whoever lets go himself mourns nothing.
        assert (line.connections, lost) == (2, [])
        await wire.close()


async def test_a_line_dropped_while_an_answer_is_awaited_ends_the_wait():
    asked = asyncio.Event()

    async def note(heard: bytes, say: Say) -> None:
        asked.set()

    async with gateway(note) as line:
        wire, unit = unit_on(line, timeout=5.0)
        asking = asyncio.ensure_future(unit.read_holding_registers(0, 1))
        async with asyncio.timeout(5):
            await asked.wait()
        await unit.disconnect()
        with pytest.raises(ModbusConnectionError):
            await asking
        await wire.close()


class Port:
    """A transport that a test scripts."""

    def __init__(self, closing: bool = False, error: Exception | None = None) -> None:
        self.closing, self.error = closing, error
        self.closed = asyncio.Event()

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes) -> None:
        if self.error:
            raise self.error

    def close(self) -> None:
        pass

    async def wait_closed(self) -> None:
        await self.closed.wait()


@pytest.fixture
def port(monkeypatch):
    """Return a function that puts a scripted port in place of the real one."""

    def put(found: Port) -> Port:
        async def connect(loop, factory, *args, **kwargs):
            ear = factory()
            ear.connection_lost(None)
            ear.connection_made(found)
            return found, ear

        monkeypatch.setattr(module, "create_serial_connection", connect)
        return found

    return put


async def test_a_port_that_closes_at_once_is_no_connection(port):
    port(Port(closing=True))
    with pytest.raises(ModbusConnectionError, match="closed at once"):
        await Wire("/dev/x", baudrate=9600).connect()


async def test_a_port_that_takes_no_bytes_is_a_lost_link(port):
    port(Port(error=OSError("broken")))
    unit = Wire("/dev/x", baudrate=9600).for_unit(UNIT, DIALECT)
    with pytest.raises(ModbusConnectionError, match="takes no bytes: broken"):
        await unit.read_holding_registers(0, 1)


async def test_a_port_that_never_closes_is_not_waited_for_for_ever(port, monkeypatch):
    monkeypatch.setattr(module, "CLOSE_WITHIN", 0.01)
    port(Port())
    wire = Wire("/dev/x", baudrate=9600)
    await wire.connect()
    await wire.close()
    assert not wire.connected


async def test_a_line_lost_while_it_is_kept_silent_is_not_written_to(port):
    port(Port())
    wire = Wire("/dev/x", baudrate=9600)
    unit = wire.for_unit(UNIT, DIALECT)
    unit.set_message_spacing(0.2)
    await wire.connect()
    wire._hear(b"x")
    asking = asyncio.ensure_future(unit.read_holding_registers(0, 1))
    await asyncio.sleep(0.01)
    wire._lose(wire._transport)
    with pytest.raises(ModbusConnectionError, match="was lost"):
        await asking


async def test_an_answer_without_the_registers_that_were_asked_for_is_nonsense():
    async with gateway(saying(answer(3))) as line:
        wire, unit = unit_on(line)
        unit._dialect = type(
            "Deaf",
            (),
            {"ask": lambda *_: b"?", "size": lambda *_: 1, "unwrap": lambda *_: {}, "narrow": None},
        )()
        with pytest.raises(ModbusProtocolError, match="lacks register 16"):
            await unit.read_holding_registers(0x10, 1)
        await wire.close()


# Listening


async def test_a_line_that_listens_never_sends_a_byte():
    async with gateway() as line:
        wire = Wire(line.url, baudrate=115200, listens=True)
        heard = []
        unsubscribe = wire.listen(lambda data, now: heard.append(data))
        with pytest.raises(ModbusConnectionError, match="only listened to"):
            await wire.for_unit(1, DIALECT).read_holding_registers(0, 1)
        with pytest.raises(ModbusConnectionError, match="only listened to"):
            await wire.for_unit(1).write_register(0, 1)
        await wire.connect()
        async with asyncio.timeout(5):
            while not heard:
                line.say(b"hello")
                await asyncio.sleep(0.01)
        unsubscribe()
        assert b"".join(heard).startswith(b"hello")
        assert line.heard == []
        await wire.close()


def test_a_time_out_that_nobody_asks_for_is_the_usual_one():
    unit = WireUnit(Wire("socket://127.0.0.1:1", baudrate=9600), 1, DIALECT)
    unit.require_timeout(3.0)
    unit.require_timeout(None)
    assert unit._timeout == module.TIMEOUT
