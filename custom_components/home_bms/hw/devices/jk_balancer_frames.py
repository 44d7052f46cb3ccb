"""The frames of JK's active balancer, `55 AA` and `EB 90`, as registers of our own (`modbus/10_diy_boards.md`, C2).

Register n is the n-th value of the answer, whether it has one byte there or two.
"""

from __future__ import annotations

from typing import Final

from ..dialect import Dialect
from ..frames import FrameError, Request
from ..registers import Memory

REQUEST: Final = b"\x55\xaa"
ANSWER: Final = b"\xeb\x90"
READ_ALL: Final = 0xFF
REQUEST_SIZE: Final = 7
ANSWER_SIZE: Final = 74
START: Final = 4
CELLS: Final = 24
WIDTHS: Final = (2, 2, 1, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1, *[2] * CELLS, 2)
"""Bytes of each value, from the fourth byte of the answer on."""


def ask(question: Request) -> bytes:
    """Return the request for everything, which is all that is ever asked. Raises FrameError."""
    if question.function != 3:
        raise FrameError("a JK balancer is only read")
    body = REQUEST + bytes((question.unit, READ_ALL, 0, 0))
    return body + _sum(body)


def size(question: Request, heard: bytes) -> int | None:
    """Return the answer's size. Raises FrameError if what was heard does not begin with one of this unit."""
    head = ANSWER + bytes((question.unit, READ_ALL))
    if not head.startswith(heard[: len(head)]):
        raise FrameError(f"an answer of unit {question.unit} begins with {head.hex()}, not with {heard[:4].hex()}")
    return ANSWER_SIZE


def unwrap(question: Request | None, answer: bytes) -> Memory:
    """Return the registers of an answer. Raises FrameError."""
    if not answer.startswith(ANSWER):
        raise FrameError(f"a JK balancer's answer begins with {ANSWER.hex()}, not with {answer[:2].hex()}")
    if len(answer) != ANSWER_SIZE:
        raise FrameError(f"the answer has {len(answer)} bytes, not {ANSWER_SIZE}")
    if answer[-1:] != (expected := _sum(answer[:-1])):
        raise FrameError(f"the answer's sum is {answer[-1]:02x}, its bytes give {expected.hex()}")
    if question and answer[2] != question.unit:
        raise FrameError(f"unit {answer[2]} answers, but unit {question.unit} was asked")
    if answer[3] != READ_ALL:
        raise FrameError(f"the answer is to command 0x{answer[3]:02X}, which brings no registers that are known")
    memory, at = {}, START
    for register, width in enumerate(WIDTHS):
        memory[register] = int.from_bytes(answer[at : at + width], "big")
        at += width
    return memory


def asked(heard: bytes) -> tuple[Request, int] | None:
    """Return what is asked, and in how many bytes. Raises FrameError."""
    if not REQUEST.startswith(heard[:2]):
        raise FrameError(f"a request begins with {REQUEST.hex()}, not with {heard[:2].hex()}")
    if len(heard) < REQUEST_SIZE:
        return None
    if heard[6:7] != (expected := _sum(heard[:6])):
        raise FrameError(f"the request's sum is {heard[6]:02x}, its bytes give {expected.hex()}")
    if heard[3] != READ_ALL:
        raise FrameError(f"command 0x{heard[3]:02X} reads nothing")
    return Request(unit=heard[2], function=3, address=0, count=len(WIDTHS)), REQUEST_SIZE


def wrap(question: Request, memory: Memory) -> bytes:
    """Return the answer of a balancer with these registers."""
    body = ANSWER + bytes((question.unit, READ_ALL))
    for register, width in enumerate(WIDTHS):
        body += min(memory[register], (1 << 8 * width) - 1).to_bytes(width, "big")
    return body + _sum(body)


def _sum(body: bytes) -> bytes:
    return bytes((sum(body) & 0xFF,))


DIALECT: Final = Dialect(framing="jk_balancer", ask=ask, size=size, unwrap=unwrap, asked=asked, wrap=wrap)
