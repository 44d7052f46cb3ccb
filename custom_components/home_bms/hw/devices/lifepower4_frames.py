"""The ASCII frames of the first LifePower4, `~20...`, as registers of our own.

A frame is `~ ver adr cid1 cid2 len info chk CR`, two hex digits a byte (`modbus/05_eg4.md`). The layout of the alarms
is that of gonzalop/wombatt, internal/bms/lifepower4.go, after the maker's document.

Registers from 0x000 are the answer to command 0x42, from 0x100 that to 0x44: 0 flag, 1 group, 2 number of cells, 3
number of sensors, from 4 on the values behind the sensors in the order of the frame, four bytes as two registers with
the high one first; from 0x30 the cells, from 0x50 the sensors. What a pack does not have is 0xFFFF.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..dialect import Dialect
from ..frames import FrameError, RefusedError, Request
from ..registers import Memory

START: Final = b"~"
END: Final = b"\r"
VERSION: Final = 0x20
LITHIUM: Final = 0x4A
HEAD_SIZE: Final = 13
"""Characters up to the length."""
FRAME_SIZE: Final = 18
"""Characters of a frame without info."""
ABSENT: Final = 0xFFFF
CELLS: Final = 32
SENSORS: Final = 8
CELLS_AT: Final = 0x30
SENSORS_AT: Final = 0x50
HEX: Final = re.compile(rb"[0-9A-Fa-f]*")
REFUSALS: Final = {
    1: "of another version",
    2: "its checksum was wrong",
    3: "the checksum of its length was wrong",
    4: "it does not know the command",
    5: "the format was wrong",
    6: "the data were not valid",
}
ILLEGAL_FUNCTION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One command and what its answer brings."""

    command: int
    base: int
    """Its first register."""
    item: int
    """Bytes of a cell and of a sensor."""
    tail: tuple[int, ...]
    """Bytes of each value behind the sensors."""
    least: int
    """How many of them every firmware tells."""

    @property
    def count(self) -> int:
        """Registers from the first to the last."""
        return SENSORS_AT + SENSORS

    @property
    def places(self) -> list[tuple[int, int]]:
        """The register and the bytes of each value behind the sensors."""
        places, register = [], self.base + 4
        for width in self.tail:
            places.append((register, width))
            register += 2 if width == 4 else 1
        return places


ANALOG: Final = Page(command=0x42, base=0x000, item=2, tail=(*[2] * 7, 1, *[2] * 7, *[4] * 6, 2, 2), least=13)
ALARMS: Final = Page(command=0x44, base=0x100, item=1, tail=(*[1] * 7, 2, *[1] * 4, 4, 1), least=14)
PAGES: Final = (ANALOG, ALARMS)


def ask(question: Request) -> bytes:
    """Return the request for the page that holds the registers. Raises FrameError."""
    if question.function != 3:
        raise FrameError("a LifePower4 is only read")
    return _framed(question.unit, _page(question).command, b"")


def size(question: Request, heard: bytes) -> int | None:
    """Return the answer's size. Raises FrameError if what was heard does not begin with one of this unit."""
    if heard[:1] != START or not HEX.fullmatch(heard[1:HEAD_SIZE]):
        raise FrameError(f"a frame begins with ~ and hex digits, not with {heard[:HEAD_SIZE]!r}")
    head = f"{question.unit:02X}{LITHIUM:02X}".encode()
    if not head.startswith(heard[3:7].upper()):
        raise FrameError(f"unit {question.unit} was asked, but the frame begins with {heard[:7].decode()}")
    if len(heard) < HEAD_SIZE:
        return None
    length = _length(heard)
    if not length and int(heard[7:9], 16) == _page(question).command:
        raise FrameError("the request was heard again")
    return FRAME_SIZE + length


def unwrap(question: Request | None, answer: bytes) -> Memory:
    """Return the registers of an answer. Raises FrameError."""
    unit, code, info = _parsed(answer)
    if question and unit != question.unit:
        raise FrameError(f"unit {unit} answers, but unit {question.unit} was asked")
    if code:
        reason = REFUSALS.get(code, "for a reason of its own")
        raise RefusedError(ILLEGAL_FUNCTION if code == 4 else None, f"the pack refuses with {code}: {reason}")
    pages = PAGES if question is None else (_page(question),)
    for page in pages:
        if memory := _memory(page, info):
            return memory
    raise FrameError(f"{len(info)} bytes are no answer to {' or '.join(f'0x{page.command:02X}' for page in pages)}")


def asked(heard: bytes) -> tuple[Request, int] | None:
    """Return what is asked, and in how many bytes. Raises FrameError."""
    if heard[:1] != START:
        raise FrameError(f"a frame begins with ~, not with {heard[:1]!r}")
    if len(heard) < FRAME_SIZE:
        return None
    unit, command, _ = _parsed(heard[:FRAME_SIZE])
    page = next((page for page in PAGES if page.command == command), None)
    if page is None:
        raise FrameError(f"command 0x{command:02X} reads nothing that is known")
    return Request(unit=unit, function=3, address=page.base, count=page.count), FRAME_SIZE


def wrap(question: Request, memory: Memory) -> bytes:
    """Return the answer of a pack with these registers."""
    page = _page(question)
    base, item = page.base, page.item
    cells, sensors = memory[base + 2], memory[base + 3]
    info = bytes((memory[base] & 0xFF, memory[base + 1] & 0xFF, cells))
    info += b"".join(memory[base + CELLS_AT + index].to_bytes(2, "big")[-item:] for index in range(cells))
    info += bytes((sensors,))
    info += b"".join(memory[base + SENSORS_AT + index].to_bytes(2, "big")[-item:] for index in range(sensors))
    for register, width in page.places:
        word = memory[register]
        value = word << 16 | memory[register + 1] if width == 4 else word & (1 << 8 * width) - 1
        info += value.to_bytes(width, "big")
    return _framed(question.unit, 0, info)


def _page(question: Request) -> Page:
    """Return the page that the registers lie in."""
    return ALARMS if question.address >= ALARMS.base else ANALOG


def _framed(unit: int, code: int, info: bytes) -> bytes:
    """Return a frame; `code` is the command of a request and the verdict of an answer."""
    length = 2 * len(info)
    length |= -sum(length >> shift & 0xF for shift in (0, 4, 8)) % 16 << 12
    text = f"{VERSION:02X}{unit:02X}{LITHIUM:02X}{code:02X}{length:04X}{info.hex().upper()}".encode()
    return START + text + f"{-sum(text) % 0x10000:04X}".encode() + END


def _length(frame: bytes) -> int:
    """Return the characters of a frame's info. Raises FrameError."""
    field = int(frame[9:13], 16)
    if (sum(field >> shift & 0xF for shift in (0, 4, 8)) + (field >> 12)) % 16:
        raise FrameError(f"the length {frame[9:13].decode()} has a wrong checksum")
    return field & 0xFFF


def _parsed(frame: bytes) -> tuple[int, int, bytes]:
    """Return the unit, the code and the info of a whole frame. Raises FrameError."""
    text = frame[1:-1]
    if len(frame) < FRAME_SIZE or frame[:1] != START or frame[-1:] != END or not HEX.fullmatch(text):
        raise FrameError(f"these {len(frame)} bytes are no frame from ~ to the carriage return")
    length = _length(frame)
    if len(frame) != FRAME_SIZE + length or length % 2:
        raise FrameError(f"the frame has {len(frame)} characters, by its own count {FRAME_SIZE + length}")
    if (sum(text[:-4]) + int(text[-4:], 16)) % 0x10000:
        raise FrameError(f"the frame's checksum is {text[-4:].decode()}, it should be {-sum(text[:-4]) % 0x10000:04X}")
    data = bytes.fromhex(text[:-4].decode())
    if data[2] != LITHIUM:
        raise FrameError(f"the frame is of device kind 0x{data[2]:02X}, not 0x{LITHIUM:02X}")
    return data[1], data[3], data[6:]


def _memory(page: Page, info: bytes) -> dict[int, int]:
    """Return the registers that the info of an answer brings, none if it is not of this page."""
    base, item = page.base, page.item
    cells = info[2] if len(info) > 2 else 0
    sensors = info[3 + item * cells] if len(info) > 3 + item * cells else SENSORS + 1
    start = 4 + item * (cells + sensors)
    left = len(info) - start
    if cells > CELLS or sensors > SENSORS or not sum(page.tail[: page.least]) <= left <= sum(page.tail):
        return {}
    memory = dict.fromkeys(range(base, base + page.count), ABSENT)
    memory |= {base: info[0], base + 1: info[1], base + 2: cells, base + 3: sensors}
    for first, count, at in ((CELLS_AT, cells, 3), (SENSORS_AT, sensors, 4 + item * cells)):
        for index in range(count):
            place = at + item * index
            memory[base + first + index] = int.from_bytes(info[place : place + item], "big")
    for register, width in page.places:
        if len(info) < start + width:
            break
        value = int.from_bytes(info[start : start + width], "big")
        start += width
        if width == 4:
            memory[register + 1] = value & 0xFFFF
            value >>= 16
        memory[register] = value
    return memory


DIALECT: Final = Dialect(framing="ascii_hex", ask=ask, size=size, unwrap=unwrap, asked=asked, wrap=wrap)
