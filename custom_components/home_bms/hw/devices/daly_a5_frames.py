"""The 13-byte frames of Daly's old protocol "A5", as registers of our own (`modbus/02_daly_modbus.md`).

A request is `A5 unit command 08`, eight bytes AA and the sum of it all, an answer `A5 board command 08`, eight bytes
and the sum; board 1 is asked as 0x40. Filled with AA a board finds the beginning of a request more surely than with
zeros. Register 0x100 x command + n is the n-th value of the answer, whether it has one byte there or two.

Cells and sensors come in several frames, numbered from 1. Nothing in them tells how many follow: a board that is asked
as unit 0x40 sends those that it has cells for, others send all sixteen (jblance/mpp-solar, issue 83). So as many are
awaited as the board has told with command 0x94.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from ..dialect import Dialect
from ..frames import FrameError, Request
from ..registers import Memory

START: Final = 0xA5
SIZE: Final = 8
"""Data bytes of a frame."""
FILL: Final = b"\xaa" * SIZE
HEAD_SIZE: Final = 4
FRAME_SIZE: Final = HEAD_SIZE + SIZE + 1
UNITS: Final = range(0x40, 0x50)
ANSWERS_FROM: Final = -0x3F
"""What a board's number in its answers differs by from the unit that was asked."""
ABSENT: Final = 0xFFFF
CELLS: Final = 48
SENSORS: Final = 16
"""As many as softwarecrash/Daly2MQTT reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One command and what its answer brings."""

    command: int
    widths: tuple[int, ...]
    """Bytes of each value in a frame."""
    order: Literal["big", "little"] = "big"
    """Of the two bytes of a value."""
    row: int = 0
    """Values at most where they come in numbered frames, 0 where all is in one."""
    counter: int = 0
    """The register that tells how many they are."""

    @property
    def base(self) -> int:
        """Its first register."""
        return self.command << 8

    @property
    def registers(self) -> range:
        """All that it brings."""
        return range(self.base, self.base + (self.row or len(self.widths)))

    def frames(self, values: int) -> int:
        """Return how many frames bring so many values."""
        return max(1, -(-values // len(self.widths))) if self.row else 1


RATED: Final = Page(command=0x50, widths=(2, 2, 2, 2))
MEASURED: Final = Page(command=0x90, widths=(2, 2, 2, 2))
CELL_RANGE: Final = Page(command=0x91, widths=(2, 1, 2, 1))
SENSOR_RANGE: Final = Page(command=0x92, widths=(1, 1, 1, 1))
STATE: Final = Page(command=0x93, widths=(1, 1, 1, 1, 2, 2))
LAYOUT: Final = Page(command=0x94, widths=(1, 1, 1, 1, 1, 2))
CELL_ROW: Final = Page(command=0x95, widths=(2, 2, 2), row=CELLS, counter=LAYOUT.base)
SENSOR_ROW: Final = Page(command=0x96, widths=(1,) * 7, row=SENSORS, counter=LAYOUT.base + 1)
BALANCING: Final = Page(command=0x97, widths=(2, 2, 2, 2))
# As in the registers of D2, where the low byte of a word comes first.
ALARMS: Final = Page(command=0x98, widths=(2, 2, 2, 2), order="little")
PAGES: Final[Mapping[int, Page]] = MappingProxyType(
    {
        page.command: page
        for page in (
            RATED,
            MEASURED,
            CELL_RANGE,
            SENSOR_RANGE,
            STATE,
            LAYOUT,
            CELL_ROW,
            SENSOR_ROW,
            BALANCING,
            ALARMS,
        )
    }
)
"""By command."""


def ask(question: Request) -> bytes:
    """Return the request for the page that holds the registers. Raises FrameError."""
    if question.function != 3:
        raise FrameError("a Daly A5 is only read")
    return _framed(question.unit, _page(question), FILL)


def narrow(question: Request, told: Memory) -> Request:
    """Return the request for no more cells or sensors than the board has told that it has."""
    page = _page(question)
    count = told.get(page.counter)
    if not page.row or count is None or count > page.row:
        return question
    return replace(question, address=page.base, count=count)


def size(question: Request, heard: bytes) -> int | None:
    """Return the answer's size. Raises FrameError if what was heard does not begin with one of this unit."""
    page = _page(question)
    head = _head(question.unit + ANSWERS_FROM, page)
    if not head.startswith(heard[:HEAD_SIZE]):
        raise FrameError(f"an answer to this begins with {head.hex()}, not with {heard[:HEAD_SIZE].hex()}")
    return FRAME_SIZE * page.frames(question.address + question.count - page.base)


def unwrap(question: Request | None, answer: bytes) -> Memory:
    """Return the registers of an answer; of a row all, with `ABSENT` for those that did not come. Raises FrameError."""
    head = answer[:HEAD_SIZE] if question is None else _head(question.unit + ANSWERS_FROM, _page(question))
    page = PAGES.get(head[-2]) if len(head) == HEAD_SIZE else None
    if page is None or head != _head(head[1], page):
        raise FrameError(f"an answer that begins with {head.hex()} brings nothing that is known")
    count = -(-len(answer) // FRAME_SIZE)
    if not 0 < count <= page.frames(page.row):
        raise FrameError(f"{count} frames are no answer to command 0x{page.command:02X}")
    values = [
        value
        for number in range(1, count + 1)
        for value in _values(page, head, number, answer[FRAME_SIZE * (number - 1) : FRAME_SIZE * number])
    ]
    return dict.fromkeys(page.registers, ABSENT) | dict(zip(page.registers, values, strict=False))


def asked(heard: bytes) -> tuple[Request, int] | None:
    """Return what is asked, and in how many bytes. Raises FrameError."""
    if heard[0] != START or (len(heard) > 1 and heard[1] not in UNITS):
        raise FrameError(f"a request begins with a5 and 40 to 4f, not with {heard[:2].hex()}")
    if len(heard) < FRAME_SIZE:
        return None
    frame = heard[:FRAME_SIZE]
    page = PAGES.get(frame[2])
    if page is None:
        raise FrameError(f"command 0x{frame[2]:02X} reads nothing that is known")
    _check(frame, _head(frame[1], page), "request")
    request = Request(unit=frame[1], function=3, address=page.base, count=len(page.registers))
    return request, FRAME_SIZE


def wrap(question: Request, memory: Memory) -> bytes:
    """Return the answer of a board with these registers; of a row as many frames as it has cells or sensors for."""
    page = _page(question)
    words = [memory[register] for register in page.registers]
    frames = page.frames(min(memory[page.counter], page.row) if page.row else 0)
    answer = b""
    for number in range(1, frames + 1):
        data = bytes((number,)) if page.row else b""
        for width, word in zip(page.widths, words[len(page.widths) * (number - 1) :], strict=False):
            data += min(word, (1 << 8 * width) - 1).to_bytes(width, page.order)
        answer += _framed(question.unit + ANSWERS_FROM, page, data.ljust(SIZE, b"\0"))
    return answer


def _page(question: Request) -> Page:
    """Return the page that the registers lie in. Raises FrameError."""
    page = PAGES.get(question.address >> 8)
    if page is None:
        raise FrameError(f"no command brings register 0x{question.address:04X}")
    return page


def _head(sender: int, page: Page) -> bytes:
    return bytes((START, sender, page.command, SIZE))


def _framed(sender: int, page: Page, data: bytes) -> bytes:
    body = _head(sender, page) + data
    return body + bytes((sum(body) & 0xFF,))


def _check(frame: bytes, head: bytes, what: str) -> None:
    """Raise FrameError unless this is a whole frame with that head."""
    if len(frame) != FRAME_SIZE:
        raise FrameError(f"the {what} breaks off after {len(frame)} bytes of a frame of {FRAME_SIZE}")
    if not frame.startswith(head):
        raise FrameError(f"the {what} begins with {frame[:HEAD_SIZE].hex()}, not with {head.hex()}")
    if frame[-1] != (expected := sum(frame[:-1]) & 0xFF):
        raise FrameError(f"the {what}'s sum is {frame[-1]:02x}, its bytes give {expected:02x}")


def _values(page: Page, head: bytes, number: int, frame: bytes) -> list[int]:
    """Return the values of one frame. Raises FrameError."""
    _check(frame, head, "answer")
    at = HEAD_SIZE
    if page.row:
        if frame[at] != number:
            raise FrameError(f"frame {frame[at]} came where frame {number} was awaited")
        at += 1
    values = []
    for width in page.widths:
        values.append(int.from_bytes(frame[at : at + width], page.order))
        at += width
    return values


DIALECT: Final = Dialect(framing="daly_a5", ask=ask, narrow=narrow, size=size, unwrap=unwrap, asked=asked, wrap=wrap)
