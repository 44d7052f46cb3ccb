"""Checks recorded frames byte by byte, and says in words what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, override

from .registers import Memory, RegisterMap

READ: Final = 0x03
WRITE: Final = 0x10
EXCEPTION: Final = 0x80
EXCEPTIONS: Final = {
    1: "it does not know the function",
    2: "it does not have the address",
    3: "the value is out of range",
    4: "the request failed or its checksum was wrong",
    6: "it is busy",
    11: "the device behind the gateway does not answer",
}


class FrameError(ValueError):
    """The bytes are no valid answer; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that could be read: what it asks, of whom."""

    unit: int
    function: int
    address: int
    count: int
    """Registers."""

    @override
    def __str__(self) -> str:
        verb = "read" if self.function == READ else "write"
        return f"asks unit {self.unit} to {verb} {self.count} register{'s' * (self.count != 1)} at 0x{self.address:04X}"


def crc16(data: bytes) -> bytes:
    """Return the Modbus RTU checksum as it stands on the wire."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def valid(frame: bytes) -> bool:
    """Whether the frame ends with the checksum of its bytes."""
    return len(frame) >= 4 and frame[-2:] == crc16(frame[:-2])


def parse_request(frame: bytes) -> Request:
    """Return what an RTU request asks. Raises FrameError if it is no whole read or write of registers."""
    body = _checked(frame, "the request")
    unit, function = body[0], body[1]
    if function not in (READ, WRITE):
        raise FrameError(f"the request's function 0x{function:02X} is neither read (0x03) nor write (0x10) registers")
    if len(body) < 6:
        raise FrameError(f"the request is too short: {len(frame)} bytes")
    request = Request(
        unit=unit,
        function=function,
        address=int.from_bytes(body[2:4], "big"),
        count=int.from_bytes(body[4:6], "big"),
    )
    rest = len(body) - 6
    expected = 0 if function == READ else 1 + 2 * request.count
    if rest != expected or (function == WRITE and body[6] != 2 * request.count):
        raise FrameError(f"the request {request}, but carries {rest} bytes after the count, not {expected}")
    return request


def parse_answer(request: Request, frame: bytes, step: int) -> dict[int, int]:
    """Return the words that an RTU answer brings, by wire address; none for an acknowledged write.

    Raises FrameError if the bytes are not a whole answer to this very request.
    """
    if len(frame) >= 2 and frame[0] == request.unit and frame[1] == READ == request.function and len(frame) >= 3:
        _check_length(frame, 5 + frame[2])
    body = _checked(frame, "the answer")
    if body[0] != request.unit:
        raise FrameError(f"unit {body[0]} answers, but unit {request.unit} was asked")
    if body[1] == request.function | EXCEPTION:
        code = body[2] if len(body) == 3 else 0
        raise FrameError(f"the device refuses: exception {code}, {EXCEPTIONS.get(code, 'of unknown meaning')}")
    if body[1] != request.function:
        raise FrameError(f"the answer is to function 0x{body[1]:02X}, asked was 0x{request.function:02X}")
    if request.function == WRITE:
        if body[2:] != request.address.to_bytes(2, "big") + request.count.to_bytes(2, "big"):
            raise FrameError("the acknowledgement is of another write")
        return {}
    if body[2] != 2 * request.count:
        raise FrameError(f"the answer brings {body[2]} data bytes, asked was for {2 * request.count}")
    data = body[3:]
    return {
        request.address + step * index: int.from_bytes(data[2 * index : 2 * index + 2], "big")
        for index in range(request.count)
    }


def memory_of(device: RegisterMap, request: bytes | None, answer: bytes | None) -> Memory:
    """Return the register words that a recorded exchange with `device` brings.

    Raises FrameError with the reason where there are none to be had.
    """
    if not answer:
        known = f": the request {parse_request(request)}" if request else ", nor a request"
        raise FrameError(f"there is no answer{known}")
    asked = parse_request(request) if request and valid(request) else None
    if device.frame and (memory := device.frame(answer, asked)):
        return memory
    if not request:
        raise FrameError("without its request nobody can tell which registers the answer brings")
    question = parse_request(request)
    if question.unit not in device.unit_ids:
        raise FrameError(f"the request {question}; a {device.name} has {device.unit_ids[0]} to {device.unit_ids[-1]}")
    memory = parse_answer(question, answer, device.address_step)
    if not memory:
        raise FrameError(f"the answer only acknowledges: the request {question}")
    return memory


def _checked(frame: bytes, what: str) -> bytes:
    """Return the frame without its checksum. Raises FrameError if that is wrong."""
    if len(frame) < 4:
        raise FrameError(f"{what} is too short: {len(frame)} bytes")
    body, crc = frame[:-2], frame[-2:]
    if crc != crc16(body):
        raise FrameError(f"{what}'s checksum is {crc.hex()}, its bytes give {crc16(body).hex()}")
    return body


def _check_length(frame: bytes, expected: int) -> None:
    """Raise FrameError unless the frame is as long as it says itself."""
    if len(frame) != expected:
        state = "too short" if len(frame) < expected else "too long"
        raise FrameError(f"the answer is {state}: {len(frame)} bytes, by its own count {expected}")
