"""JK's own bulk frames, which bring a whole page of registers behind `55 AA EB 90`."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from modbus_connection.model import NumberField

from ..frames import FrameError, Request, parse_answer, valid
from ..registers import Memory, Series, register_fields
from .jk_registers import About, Balancing, Cells, Details, History, MoreSettings, Passport, Settings, Sleep, State

HEADER: Final = bytes.fromhex("55aaeb90")
SIZE: Final = 300
START: Final = 6
PAGES: Final = MappingProxyType(
    {
        1: (0x1000, (Settings, Balancing, MoreSettings)),
        2: (0x1200, (Cells, State, Details, Sleep)),
        3: (0x1400, (About, Passport, History)),
    }
)
"""By frame type: the first byte address, and what lies there."""
TRIGGERS: Final = MappingProxyType({0x161E: 1, 0x1620: 2, 0x161C: 3, 0x160A: 1, 0x160C: 1, 0x160E: 1})
"""The frame type that answers a write to an address; the three presets bring the new settings."""


def bulk(frame: bytes, request: Request | None) -> dict[int, int]:
    """Return the registers that a bulk frame brings, by wire address; nothing if it is none.

    Its memory is little-endian, so each field tells how its bytes become register words: numbers are reversed, pairs
    of bytes and text stay in order. Byte 5 is a counter and says nothing. Behind the frame the ordinary
    acknowledgement may follow, with two zero bytes before or after it from some adapters. Raises FrameError.
    """
    if not frame.startswith(HEADER):
        return {}
    if len(frame) < SIZE:
        raise FrameError(f"the bulk frame is too short: {len(frame)} of {SIZE} bytes")
    body, total = frame[: SIZE - 1], frame[SIZE - 1]
    if sum(body) & 0xFF != total:
        raise FrameError(f"the bulk frame's sum is {total:02x}, its bytes give {sum(body) & 0xFF:02x}")
    kind = body[4]
    if kind not in PAGES:
        raise FrameError(f"a bulk frame of type {kind} holds no registers that are known")
    if request and TRIGGERS.get(request.address, kind) != kind:
        raise FrameError(f"the bulk frame is of type {kind}, but the request {request}")
    _check_tail(frame[SIZE:], request)
    return _words(kind, body)


def wrap(kind: int, memory: Memory, counter: int = 0) -> bytes:
    """Return the bulk frame of a pack with these registers; what the map does not name is zero."""
    body = bytearray(HEADER + bytes((kind, counter)) + bytes(SIZE - 1 - START))
    for places, size in _layout(kind):
        raw = b"".join(memory.get(address, 0).to_bytes(2, "big") for address in places[::2])
        start = START + places.start - PAGES[kind][0]
        body[start : start + len(raw)] = _turn(raw, size)
    return bytes(body) + bytes((sum(body) & 0xFF,))


def _words(kind: int, body: bytes) -> dict[int, int]:
    """Return the register words of a page, by wire address."""
    base = PAGES[kind][0]
    memory: dict[int, int] = {}
    for places, size in _layout(kind):
        raw = _turn(body[START + places.start - base :][: len(places)], size)
        memory.update(
            zip(places[::2], (int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)), strict=True)
        )
    return memory


def _layout(kind: int) -> Iterator[tuple[range, int]]:
    """Yield the byte addresses of each field of a page, and how many bytes are turned round at a time."""
    for component in PAGES[kind][1]:
        for _, field in register_fields(component):
            places = range(2 * field.address, 2 * (field.address + field.count))
            yield places, 2 if isinstance(field, Series) else len(places) if isinstance(field, NumberField) else 1


def _turn(data: bytes, size: int) -> bytes:
    """Return bytes with each group of `size` in the other order."""
    return b"".join(data[at : at + size][::-1] for at in range(0, len(data), size))


def _check_tail(tail: bytes, request: Request | None) -> None:
    """Raise FrameError if something else than the acknowledgement of the request follows the frame."""
    if len(tail) <= 4 and not any(tail):
        return
    acknowledgements = [part for part in (tail, tail[2:], tail[:-2], tail[2:-2]) if len(part) == 8 and valid(part)]
    if not acknowledgements:
        raise FrameError(f"the bulk frame is too long: {SIZE + len(tail)} bytes, and no acknowledgement follows it")
    if request:
        parse_answer(request, acknowledgements[0], 2)
