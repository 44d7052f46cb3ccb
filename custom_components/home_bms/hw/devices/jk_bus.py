"""What passes on a bus of JK packs whose master is one of them, and whose word it is (`modbus/01_jk_pb.md`).

The master tells its own pages, each with the acknowledgement of a write to unit 0 behind it, and then polls the others,
which answer with a page and an acknowledgement. A bulk frame names no pack itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ..dialect import Broadcast, Told
from ..frames import FrameError, crc16, valid
from ..registers import Memory
from .jk_bulk import HEADER, SIZE, TRIGGERS, bulk, wrap

MASTER: Final = 0
UNITS: Final = range(16)
WRITE: Final = 0x10
SETTINGS_PAGE: Final = 1
LIVE_PAGE: Final = 2
ABOUT_PAGE: Final = 3
TRIGGER_OF: Final[Mapping[int, int]] = MappingProxyType({SETTINGS_PAGE: 0x161E, LIVE_PAGE: 0x1620, ABOUT_PAGE: 0x161C})
"""The address of the write that asks for a page."""
SLAVE_COUNTER: Final = 5
"""Byte 5 in the frames of polled packs, as recorded."""
POLL_SIZE: Final = 11
ACKNOWLEDGEMENT_SIZE: Final = 8
ANSWERS_WITHIN: Final = 0.2
"""s from a poll to the page that answers it, where no acknowledgement says whose it is.

An absent pack is polled in vain, and what the master then tells of itself must not be taken for its answer.
"""
ACKNOWLEDGED_WITHIN: Final = 0.2
"""s from a page to its acknowledgement."""
STALLED_AFTER: Final = 0.25
"""s of silence inside a frame after which it will not become whole; 300 bytes take 26 ms."""


@dataclass(frozen=True, slots=True)
class _Write:
    """A poll, or the acknowledgement of one: for which page, to or from whom."""

    unit: int
    page: int


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that came, and who was asked for it right before."""

    page: int
    memory: Memory
    asked: _Write | None
    time: float


class JkEar:
    """Makes out the pages on such a bus and whose they are.

    The acknowledgement behind a page decides. Where it is lost, the poll right before the page does, if the page came
    soon; else the page is nobody's and is dropped.
    """

    def __init__(self) -> None:
        self._heard = bytearray()
        self._began = 0.0
        """When the first byte of what is left came."""
        self._last = 0.0
        self._asked: tuple[_Write, float] | None = None
        """The poll that was heard last with nothing behind it, and when it ended."""
        self._page: _Page | None = None
        """What waits for its acknowledgement."""

    def hear(self, data: bytes, now: float) -> list[Told]:
        """Take bytes as they come; without any, see what the silence up to `now` has settled."""
        told: list[Told] = []
        silence = now - self._last
        if silence > STALLED_AFTER:
            self._heard.clear()
        if silence > ACKNOWLEDGED_WITHIN:
            told += self._settle()
        if not data:
            return told
        if not self._heard:
            self._began = now
        self._heard += data
        self._last = now
        while self._heard and (size := self._size()):
            told += self._take(bytes(self._heard[:size]), now)
            del self._heard[:size]
            self._began = now
        return told

    def _size(self) -> int:
        """Return the size of what begins the bytes that are left: 1 of noise, 0 while that cannot be told."""
        heard = self._heard
        if heard.startswith(HEADER):
            whole = len(heard) >= SIZE
            return 0 if not whole else SIZE if sum(heard[: SIZE - 1]) & 0xFF == heard[SIZE - 1] else 1
        if len(heard) < len(HEADER) and HEADER.startswith(heard):
            return 0
        if heard[0] not in UNITS or (len(heard) > 1 and heard[1] != WRITE):
            return 1
        if len(heard) >= ACKNOWLEDGEMENT_SIZE and valid(bytes(heard[:ACKNOWLEDGEMENT_SIZE])):
            return ACKNOWLEDGEMENT_SIZE
        if len(heard) < POLL_SIZE:
            return 0
        return POLL_SIZE if valid(bytes(heard[:POLL_SIZE])) else 1

    def _take(self, frame: bytes, now: float) -> list[Told]:
        """Take one frame, or a byte of noise. Return what is known now."""
        if len(frame) == SIZE:
            return self._take_page(frame, now)
        if len(frame) == 1:
            # Zeros are what some adapters put between frames; anything else may hide a frame that was garbled.
            if frame[0]:
                self._asked = None
            return []
        page = TRIGGERS.get(int.from_bytes(frame[2:4], "big"))
        write = None if page is None else _Write(frame[0], page)
        if len(frame) == POLL_SIZE:
            told = self._settle()
            self._asked = None if write is None else (write, now)
            return told
        waiting, self._page, self._asked = self._page, None, None
        if waiting is None or write is None or write.page != waiting.page:
            return []
        return [Told(unit=write.unit, page=write.page, memory=waiting.memory, time=waiting.time)]

    def _take_page(self, frame: bytes, now: float) -> list[Told]:
        """Take a page, which waits for its acknowledgement from now on."""
        told = self._settle()
        asked, self._asked = self._asked, None
        try:
            memory = bulk(frame, None)
        except FrameError:
            # A page that nobody knows, such as a log.
            return told
        soon = asked is not None and self._began - asked[1] <= ANSWERS_WITHIN and asked[0].page == frame[4]
        self._page = _Page(frame[4], memory, asked[0] if asked and soon else None, now)
        return told

    def _settle(self) -> list[Told]:
        """Close the page that waits in vain for its acknowledgement."""
        page, self._page = self._page, None
        if page is None or page.asked is None:
            return []
        return [Told(unit=page.asked.unit, page=page.page, memory=page.memory, time=page.time)]


def talk(unit: int, memory: Memory) -> Iterator[bytes]:
    """Yield what is heard in one round of a bus on which only the master and `unit` are there."""
    if unit == MASTER:
        for page in (LIVE_PAGE, SETTINGS_PAGE):
            yield wrap(page, memory) + _acknowledgement(unit, page)
    for polled in UNITS[1:]:
        yield _poll(polled, LIVE_PAGE)
        if polled == unit:
            yield wrap(LIVE_PAGE, memory, SLAVE_COUNTER) + _acknowledgement(unit, LIVE_PAGE)


def _poll(unit: int, page: int) -> bytes:
    return _checked(_head(unit, page) + bytes((2, 0, 0)))


def _acknowledgement(unit: int, page: int) -> bytes:
    return _checked(_head(unit, page))


def _head(unit: int, page: int) -> bytes:
    return bytes((unit, WRITE)) + TRIGGER_OF[page].to_bytes(2, "big") + bytes((0, 1))


def _checked(body: bytes) -> bytes:
    return body + crc16(body)


BROADCAST: Final = Broadcast(
    ear=JkEar, live=LIVE_PAGE, settings=SETTINGS_PAGE, identity=ABOUT_PAGE, talk=talk, period=15.0
)
