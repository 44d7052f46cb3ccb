"""The entrances by which a pack device's answers come in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from hypothesis import strategies as st

from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.hw.devices import DEVICES, Device
from custom_components.home_bms.hw.dialect import Dialect
from custom_components.home_bms.hw.driver import DeviceInfo, Driver, DriverError
from custom_components.home_bms.hw.frames import (
    FrameError,
    Request,
    crc16,
    from_tcp,
    memory_of,
    parse_answer,
    parse_request,
)
from custom_components.home_bms.hw.registers import Memory
from custom_components.home_bms.hw.wire import Wire
from tests.hw.recorded import FRAMES, MemoryUnit, vectors
from tests.hw.sunspec_device import INFO, READING

from .entrance import Entrance
from .judged import sound
from .loops import run
from .material import any_bytes, spoilt_bytes, spoilt_memory

SILENT: Final = frozenset({"tinybms"})
"""Devices whose recordings bring no registers."""


class Life(NamedTuple):
    """What a device holds when it is found, and when it is read again."""

    found: Memory
    later: Memory


class Told(NamedTuple):
    """What a driver made of it."""

    info: DeviceInfo
    readings: tuple[PackReading, ...]


class Frames(NamedTuple):
    """A recorded exchange."""

    request: bytes | None
    answer: bytes | None


class Talk(NamedTuple):
    """What a device with frames of its own says: its memory, and what the line makes of each answer."""

    life: Life
    spoil: tuple[bytes | None, ...]
    """What is said in the place of an answer; `None` leaves it as it is."""


def recorded(key: str) -> list[Frames]:
    """Return what was recorded of a device, as far as it is frames."""
    if not (FRAMES / f"{key}.json").exists():
        return []
    told = []
    for vector in vectors(key):
        unwrap = from_tcp if vector.get("framing") == "tcp" else bytes
        request, answer = (vector.get(part) and unwrap(bytes.fromhex(vector[part])) for part in ("request", "response"))
        told += [Frames(request, answer)] if answer else []
    return told


def memories(device: Device) -> st.SearchStrategy[dict[int, int]]:
    return spoilt_memory(device.encode(READING, INFO))


def lives(device: Device) -> st.SearchStrategy[Life]:
    """Return lives of a device that was once as it should be, or never."""
    good = st.just(device.encode(READING, INFO))
    return st.builds(Life, st.one_of(good, good, memories(device)), memories(device))


async def driven(driver: Driver, change: Callable[[], None]) -> Told:
    """Return what a driver makes of a device that changes. Raises DriverError if it cannot even be found."""
    info = await driver.async_identify()
    readings = [await driver.async_read()]
    change()
    with suppress(DriverError):
        readings += [await driver.async_read() for _ in range(2)]
    return Told(info, tuple(readings))


def taken(device: Device, life: Life) -> Told:
    """Read a device on a Modbus link."""
    now = [1000.0]
    unit = MemoryUnit(device, dict(life.found))

    def change() -> None:
        unit.memory = dict(life.later)
        now[0] += 61.0

    driver = device.driver(unit, clock=lambda: now[0], spacing=0.0)  # type: ignore[arg-type]
    return run(driven(driver, change))


def all_sound(_: Any, told: Told) -> None:
    """See to every reading of a device."""
    for reading in told.readings:
        sound(reading, told.info.cells or 0, told.info.temperature_sensors)


class Line(asyncio.Transport):
    """A device at the other end of a wire."""

    def __init__(self, dialect: Dialect, memory: Memory, spoil: tuple[bytes | None, ...]) -> None:
        super().__init__()
        self.memory = memory
        self._dialect = dialect
        self._spoil: Iterator[bytes | None] = iter(spoil)
        self._protocol: asyncio.Protocol | None = None

    async def opened(self, loop: asyncio.AbstractEventLoop, factory: Callable[[], Any], *_: Any, **__: Any) -> Any:
        """Take the place of what opens a serial port."""
        self._protocol = factory()
        self._protocol.connection_made(self)
        return self, self._protocol

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """Leave everything as it is."""

    async def wait_closed(self) -> None:
        """Do not wait."""

    def write(self, data: Any) -> None:
        """Answer."""
        said = next(self._spoil, None)
        if said is None:
            said = self._answer(bytes(data))
        if self._protocol is not None:
            asyncio.get_running_loop().call_soon(self._protocol.data_received, said)

    def _answer(self, asked: bytes) -> bytes:
        question = parse_request(asked) if self._dialect.asked is None else (self._dialect.asked(asked) or (None,))[0]
        if question is None or self._dialect.wrap is None:
            return plain_answer(question, self.memory)
        try:
            return self._dialect.wrap(question, self.memory)
        except KeyError, ValueError, OverflowError:
            # Nothing that the device itself could say.
            return b""


def plain_answer(question: Request | None, memory: Memory) -> bytes:
    """Return how a unit that answers as another one does in Modbus RTU, whatever it is asked."""
    if question is None or question.function != 3:
        return b""
    words = [memory.get(question.address + index, 0) for index in range(question.count)]
    body = bytes((question.unit - 0x30 & 0xFF, 3, 2 * len(words) & 0xFF))
    body += b"".join(word.to_bytes(2, "big") for word in words)
    return body + crc16(body)


def talked(device: Device, talk: Talk) -> Told:
    """Read a device on a line of home_bms's own."""
    dialect = device.dialect
    assert dialect is not None
    line = Line(dialect, talk.life.found, talk.spoil)

    def change() -> None:
        line.memory = talk.life.later

    async def read() -> Told:
        loop = asyncio.get_running_loop()
        with patch("custom_components.home_bms.hw.wire.create_serial_connection", line.opened):
            wire = Wire("fuzz", baudrate=device.baudrate, clock=loop.time)
            driver = device.driver(wire.for_unit(device.unit(1), dialect), clock=loop.time, spacing=0.0)
            try:
                return await driven(driver, change)
            finally:
                await wire.close()

    return run(read())


class Heard(NamedTuple):
    """What passes on a bus that is listened to, piece by piece, each so many s after the last."""

    pieces: tuple[tuple[bytes, float], ...]


def listened(device: Device, heard: Heard) -> tuple[PackReading, ...]:
    """Listen to a bus, and read the pack whenever it can be."""
    now = [1000.0]

    class Unit:
        unit_id = 1

        def listen(self, hear: Callable[[bytes, float], None]) -> None:
            self.hear = hear

        async def connect(self) -> None:
            """Be there."""

        disconnect = connect

    async def read() -> tuple[PackReading, ...]:
        unit = Unit()
        driver = device.driver(unit, clock=lambda: now[0])  # type: ignore[arg-type]
        readings = []
        for piece, later in heard.pieces:
            now[0] += later
            unit.hear(piece, now[0])
            look = asyncio.ensure_future(driver.async_read())
            for _ in range(4):
                await asyncio.sleep(0)
            if not look.done():
                # It waits to hear more.
                look.cancel()
                continue
            try:
                readings.append(look.result())
            except DriverError:
                continue
        return tuple(readings)

    return run(read())


@st.composite
def buses(draw: st.DrawFn, device: Device) -> Heard:
    """Return what passes on a bus on which a pack talks, and the line spoils it."""
    assert device.broadcast is not None
    whole = [
        frame for _ in range(draw(st.integers(1, 3))) for frame in device.broadcast.talk(1, draw(memories(device)))
    ]
    pieces = [draw(spoilt_bytes(st.just(frame), most=2)) if draw(st.integers(0, 3)) == 0 else frame for frame in whole]
    later = st.sampled_from((0.0, 0.05, 0.21, 0.26, 20.0))
    return Heard(tuple((piece, draw(later)) for piece in pieces))


def explained(device: Device, frames: Frames) -> PackReading | None:
    """Explain recorded frames, as `scripts/bms decode` does; `None` for those that tell no reading."""
    values = device.decode(memory_of(device, frames.request, frames.answer))
    return device.reading(values, values)


def readings_sound(_: Any, readings: tuple[PackReading, ...]) -> None:
    for reading in readings:
        sound(reading, len(reading.cells), len(reading.temperatures))


def _recordings(device: Device) -> st.SearchStrategy[Frames]:
    frames = recorded(device.key) or [Frames(None, None)]
    asked = [each.request for each in frames if each.request] or [bytes.fromhex("01030000000ac5cd")]
    answers = [each.answer for each in frames if each.answer]
    return st.one_of(
        st.builds(Frames, st.none() | any_bytes(*asked), st.none() | any_bytes(*answers)),
        st.builds(lambda each, answer: Frames(each.request, answer), st.sampled_from(frames), any_bytes(*answers)),
    )


def _answers() -> st.SearchStrategy[tuple[bytes, bytes]]:
    rtu = [device.key for device in DEVICES.values() if not device.own_line and device.key != "jk_pb"]
    frames = [(each.request, each.answer) for key in rtu for each in recorded(key) if each.request and each.answer]
    return st.sampled_from(frames).flatmap(
        lambda pair: st.tuples(*[st.one_of(st.just(part), any_bytes(part)) for part in pair])
    )


def _parsed(pair: tuple[bytes, bytes]) -> Any:
    request, answer = pair
    return parse_answer(parse_request(request), answer, 1)


def _of(device: Device) -> Iterator[Entrance]:
    if device.broadcast is not None:
        yield Entrance(
            name=f"{device.key} heard",
            made=buses(device),
            take=lambda heard: listened(device, heard),
            holds=readings_sound,
            share=0.3,
        )
    elif device.dialect is not None:
        answers = [each.answer for each in recorded(device.key) if each.answer]
        said = st.lists(st.one_of(st.none(), st.none(), any_bytes(*answers)), max_size=6).map(tuple)
        yield Entrance(
            name=f"{device.key} on a wire",
            made=st.builds(Talk, lives(device), said),
            take=lambda talk: talked(device, talk),
            allowed=(DriverError,),
            holds=all_sound,
            share=0.3,
        )
    else:
        yield Entrance(
            name=f"{device.key} registers",
            made=lives(device),
            take=lambda life: taken(device, life),
            allowed=(DriverError,),
            holds=all_sound,
            share=0.3,
        )
    if device.key not in SILENT and recorded(device.key):
        yield Entrance(
            name=f"{device.key} recordings",
            made=_recordings(device),
            take=lambda frames: explained(device, frames),
            allowed=(FrameError,),
            share=0.5,
        )


ENTRANCES: Final = (
    *(entrance for device in DEVICES.values() for entrance in _of(device)),
    Entrance(name="Modbus RTU frames", made=_answers(), take=_parsed, allowed=(FrameError,)),
    Entrance(
        name="Modbus TCP frames",
        made=any_bytes(*[bytes.fromhex(each["response"]) for each in vectors("sunspec") if each.get("response")]),
        take=from_tcp,
        allowed=(FrameError,),
    ),
)
