"""Checks recorded frames byte by byte, and says in words what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, override

from .registers import READS, SPACES, WRITES, Memory, RegisterMap

SINGLES: Final = (0x05, 0x06)
"""Functions that write one value, which stands where others have the count."""
BITS: Final = ("coil", "discrete")
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


class NothingToldError(FrameError):
    """The frames are sound and bring no registers: nobody answered yet, or only to a write."""


class RefusedError(FrameError):
    """The device answers that it will not; `code` is that of a Modbus exception, `None` for a maker's own reason."""

    def __init__(self, code: int | None, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that could be read: what it asks, of whom."""

    unit: int
    function: int
    address: int
    count: int
    """Registers, coils or inputs."""
    values: tuple[int, ...] = ()
    """What it writes."""

    @property
    def space(self) -> str:
        """The address space that it is about."""
        return READS.get(self.function) or WRITES[self.function]

    @override
    def __str__(self) -> str:
        verb = "read" if self.function in READS else "write"
        noun = {"coil": "coil", "discrete": "input", "holding": "register", "input": "input register"}[self.space]
        return f"asks unit {self.unit} to {verb} {self.count} {noun}{'s' * (self.count != 1)} at 0x{self.address:04X}"


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
    """Return what an RTU request asks. Raises FrameError if it is no whole read or write."""
    body = _checked(frame, "the request")
    unit, function = body[0], body[1]
    if function not in READS and function not in WRITES:
        raise FrameError(f"the request's function 0x{function:02X} neither reads nor writes registers, coils or inputs")
    if len(body) < 6:
        raise FrameError(f"the request is too short: {len(frame)} bytes")
    address, number, rest = int.from_bytes(body[2:4], "big"), int.from_bytes(body[4:6], "big"), body[6:]
    values: tuple[int, ...] = ()
    if function in SINGLES:
        count, values, size = 1, (number,), 0
    elif function in READS:
        count, size = number, 0
    else:
        count, values = number, _values(function, rest[1:], number)
        size = 1 + ((number + 7) // 8 if WRITES[function] in BITS else 2 * number)
    request = Request(unit=unit, function=function, address=address, count=count, values=values)
    if len(rest) != size or (size and rest[0] != size - 1):
        raise FrameError(f"the request {request}, but carries {len(rest)} bytes after the count, not {size}")
    return request


def parse_answer(request: Request, frame: bytes, step: int, answers_from: int = 0) -> dict[int, int]:
    """Return what an RTU answer brings as a `Memory`; of an acknowledged write nothing.

    `answers_from` is what the device's unit id in answers differs by. Raises FrameError if the bytes are not a whole
    answer to this very request.
    """
    unit = request.unit + answers_from
    reads = request.function in READS
    if len(frame) >= 3 and frame[0] == unit and frame[1] == request.function and reads:
        _check_length(frame, 5 + frame[2])
    body = _checked(frame, "the answer")
    if body[0] != unit:
        raise FrameError(f"unit {body[0]} answers, but unit {unit} was asked")
    if body[1] == request.function | EXCEPTION:
        code = body[2] if len(body) == 3 else 0
        raise RefusedError(code, f"the device refuses: exception {code}, {EXCEPTIONS.get(code, 'of unknown meaning')}")
    if body[1] != request.function:
        raise FrameError(f"the answer is to function 0x{body[1]:02X}, asked was 0x{request.function:02X}")
    if not reads:
        number = request.values[0] if request.function in SINGLES else request.count
        if body[2:] != request.address.to_bytes(2, "big") + number.to_bytes(2, "big"):
            raise FrameError("the acknowledgement is of another write")
        return {}
    bits = request.space in BITS
    size = (request.count + 7) // 8 if bits else 2 * request.count
    if body[2] != size:
        raise FrameError(f"the answer brings {body[2]} data bytes, asked was for {size}")
    start, step = SPACES[request.space] + request.address, 1 if bits else step
    values = _values(request.function, body[3:], request.count)
    return {start + step * index: value for index, value in enumerate(values)}


def memory_of(device: RegisterMap, request: bytes | None, answer: bytes | None) -> Memory:
    """Return the register words that a recorded exchange with `device` brings.

    Raises FrameError with the reason where there are none to be had.
    """
    if not answer and not request:
        raise FrameError("there is no answer, nor a request")
    if device.dialect is not None and device.dialect.asked:
        return device.dialect.memory(request, answer)
    if not answer:
        raise NothingToldError(f"there is no answer: the request {parse_request(request or b'')}")
    asked = parse_request(request) if request and valid(request) else None
    if device.frame and (memory := device.frame(answer, asked)):
        return memory
    if not request:
        raise FrameError("without its request nobody can tell which registers the answer brings")
    question = parse_request(request)
    if question.unit not in device.unit_ids:
        raise FrameError(f"the request {question}; a {device.name} has {device.unit_ids[0]} to {device.unit_ids[-1]}")
    memory = parse_answer(question, answer, device.address_step, device.answers_from)
    if not memory:
        raise NothingToldError(f"the answer only acknowledges: the request {question}")
    return memory


def from_tcp(frame: bytes) -> bytes:
    """Return a Modbus TCP frame as the RTU frame that says the same. Raises FrameError if it is none."""
    if len(frame) < 8 or frame[2:4] != b"\0\0" or int.from_bytes(frame[4:6], "big") != len(frame) - 6:
        raise FrameError(f"these {len(frame)} bytes are no Modbus TCP frame")
    return frame[6:] + crc16(frame[6:])


def _values(function: int, data: bytes, count: int) -> tuple[int, ...]:
    """Return the words, or the bits that start at the lowest of the first byte."""
    space = READS.get(function) or WRITES[function]
    if space in BITS:
        return tuple(data[index // 8] >> index % 8 & 1 for index in range(min(count, 8 * len(data))))
    return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data) - 1, 2))


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
