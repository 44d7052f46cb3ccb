"""How a device is spoken to where no Modbus link can do it, as tables that are read both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from .frames import (
    EXCEPTION,
    SINGLES,
    FrameError,
    NothingToldError,
    Request,
    crc16,
    parse_answer,
)
from .registers import READS, Memory

RTU: Final = "rtu"
_EXCEPTION_SIZE: Final = 5
_WRITTEN_SIZE: Final = 8
_ASKED: Final = (3, 4, 6, 16)
"""Functions that a line of our own carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How registers are asked for and told on a device's wire.

    Where the maker has no registers, those of its map are numbers of our own, written down beside the frames.
    """

    framing: str = RTU
    """What recordings call it."""
    ask: Callable[[Request], bytes]
    """Return the bytes that ask. Raises FrameError where none do."""
    size: Callable[[Request, bytes], int | None]
    """Return how long the answer is that begins what was heard, `None` while that cannot be told.

    Raises FrameError if what was heard does not begin with an answer to this request.
    """
    unwrap: Callable[[Request | None, bytes], Memory]
    """Return what a whole answer brings; the request may be unknown where the answer speaks for itself.

    Raises FrameError if it is broken or answers another request, RefusedError if it refuses.
    """
    narrow: Callable[[Request, Memory], Request] | None = None
    """Return the request for no more than the unit has, by what it told before, where no answer tells its own length.

    `size` gets that request then; `unwrap` still brings all that was asked for.
    """
    asked: Callable[[bytes], tuple[Request, int] | None] | None = None
    """Return the request that begins what was heard and its size, `None` while it is not whole. Raises FrameError.

    There is none where the bytes of a request are those of Modbus.
    """
    wrap: Callable[[Request, Memory], bytes] | None = None
    """Return the answer of a device with this memory. Raises KeyError where it has no such registers."""

    def memory(self, request: bytes | None, answer: bytes | None) -> Memory:
        """Return what a recorded exchange brings. Raises FrameError with the reason where that is nothing."""
        question = self._question(request)
        if not answer:
            raise NothingToldError(f"there is no answer: the request {question or 'is broken'}")
        return self.unwrap(question, answer)

    def _question(self, request: bytes | None) -> Request | None:
        """Return what recorded bytes ask, if they can be read."""
        if not request or self.asked is None:
            return None
        try:
            found = self.asked(request)
        except FrameError:
            return None
        return found and found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A page of registers that was heard on a bus, and of which unit it is."""

    unit: int
    page: int
    """Which part of the map it is; each one comes whole."""
    memory: Memory
    time: float
    """When its last byte came."""


class Ear(Protocol):
    """Makes out who says what on a bus."""

    def hear(self, data: bytes, now: float) -> list[Told]:
        """Take bytes as they come; without any, see what the silence up to `now` has settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """How packs are heard that nobody may ask."""

    ear: Callable[[], Ear]
    live: int
    """The page with the live values."""
    settings: int
    identity: int
    talk: Callable[[int, Memory], Iterable[bytes]]
    """What passes on the bus in one round when the unit has this memory."""
    period: float
    """s that a round takes at most."""


def rtu(answers_from: int) -> Dialect:
    """Return Modbus RTU whose answers come from another unit id than the one that was asked."""
    return Dialect(ask=_ask, size=partial(_size, answers_from), unwrap=partial(_unwrap, answers_from))


def _ask(question: Request) -> bytes:
    if question.function not in _ASKED:
        raise FrameError(f"function 0x{question.function:02X} is not spoken on this line")
    number = question.values[0] if question.function in SINGLES else question.count
    body = bytes((question.unit, question.function)) + question.address.to_bytes(2, "big") + number.to_bytes(2, "big")
    if question.values and question.function not in SINGLES:
        body += bytes((2 * question.count,)) + b"".join(word.to_bytes(2, "big") for word in question.values)
    return body + crc16(body)


def _size(answers_from: int, question: Request, heard: bytes) -> int | None:
    if heard[0] != question.unit + answers_from:
        raise FrameError(f"unit {heard[0]} answers, but unit {question.unit + answers_from} was asked")
    if len(heard) < 3:
        return None
    if heard[1] == question.function | EXCEPTION:
        return _EXCEPTION_SIZE
    if heard[1] != question.function:
        raise FrameError(f"the answer is to function 0x{heard[1]:02X}, asked was 0x{question.function:02X}")
    if question.function not in READS:
        return _WRITTEN_SIZE
    if heard[2] != 2 * question.count:
        raise FrameError(f"the answer brings {heard[2]} data bytes, asked was for {2 * question.count}")
    return 5 + heard[2]


def _unwrap(answers_from: int, question: Request | None, answer: bytes) -> Memory:
    if question is None:
        raise FrameError("without its request nobody can tell which registers the answer brings")
    return parse_answer(question, answer, 1, answers_from)
