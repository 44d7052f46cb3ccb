"""Whatever bytes come to the served battery are answered shortly or end the talk, and nothing is ever written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from custom_components.home_bms.hw import read_server
from custom_components.home_bms.hw.read_server import READ, Refusal
from custom_components.home_bms.hw.sunspec_server import SunSpecServer
from tests.hw.test_sunspec_server import bank_of, serving, virtual

from .entrance import HANGS, within
from .material import any_bytes

SHARE: Final = 0.2
"""Of the examples that the profile names."""
FLOOD: Final = 60
"""Requests at once: more than are answered without a pause."""
BODIES: Final = tuple(
    bytes.fromhex(body)
    for body in (
        *("01 03 9c40 0002", "01 03 9c40 007d", "01 03 ffff 0001", "02 03 9c40 0002", "01 03 9c40 0000"),
        *("01 06 9c84 0001", "01 10 9c84 0002 04 00010002", "01 05 0000 ff00", "01 0f 0000 0001 01 01"),
        *("01 16 9c84 0000 ffff", "01 17 9c40 0002 9c84 0001 02 0001", "01 15 07 06 0001 0001 0001 0001"),
        *("01 08 0004 0000", "01 2b 0e 01 00", "01 01 0000 0001", "01 04 9c40 0002", "00 06 9c84 0001", "01 ff"),
    )
)
"""From the unit id on: to read, to write in every way that Modbus has, and to do other things."""


def framed(body: bytes, transaction: int = 7) -> bytes:
    return transaction.to_bytes(2) + b"\0\0" + len(body).to_bytes(2) + body


FRAMES: Final = tuple(map(framed, BODIES))


@st.composite
def talks(draw: st.DrawFn) -> tuple[bytes, ...]:
    """Return what somebody sends, piece by piece."""
    body = st.sampled_from(BODIES) | any_bytes(*BODIES, most=260)
    one = st.one_of(st.sampled_from(FRAMES), body.map(framed), any_bytes(*FRAMES))
    sent = b"".join(draw(st.lists(one, max_size=8)))
    if draw(st.integers(0, 9)) == 9:
        sent *= FLOOD
    cuts = sorted(draw(st.lists(st.integers(0, len(sent)), max_size=4)))
    return tuple(sent[begin:end] for begin, end in zip((0, *cuts), (*cuts, len(sent)), strict=True))


def answers(told: bytes) -> Iterator[bytes]:
    """Yield the answers from the unit id on; what comes last may be cut off by the end of the talk."""
    while told:
        length = int.from_bytes(told[4:6])
        assert told[2:4] == b"\0\0"[: len(told[2:4])]
        if len(told) < 6 + length:
            return
        yield told[6 : 6 + length]
        told = told[6 + length :]


async def asked(server: SunSpecServer, pieces: tuple[bytes, ...]) -> bytes:
    """Say all of it and hang up; return what was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        writer.write_eof()
        return await reader.read(-1)
    except OSError:
        # The other side has gone without a word.
        return b""
    finally:
        writer.close()


def test_whatever_is_sent_has_a_short_answer_and_is_never_written(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody waits for the pause of who asks too often.
    monkeypatch.setattr(read_server, "RATE", 1e6)
    shown = [virtual(number)[-1] for number in range(2)]
    sound = framed(BODIES[0])

    async def talk(server: SunSpecServer, pieces: tuple[bytes, ...]) -> None:
        sent = b"".join(pieces)
        before, refused = server.read(40000, 100), server.refused
        async with asyncio.timeout(HANGS):
            told = await asked(server, pieces)
            # Whoever comes next is answered as ever.
            assert (await asked(server, (sound,)))[6:9] == b"\x01\x03\x04"
        assert server.read(40000, 100) == before
        found = list(answers(told))
        assert len(found) <= len(sent) // 8
        for answer in found:
            event(f"function {answer[1]}")
            if answer[1] == READ:
                assert answer[2] == len(answer) - 3
            else:
                assert answer[1] & 0x80
                assert (len(answer), Refusal(answer[2])) == (3, answer[2])
        assert server.refused - refused >= sum(answer[2] == Refusal.FUNCTION for answer in found if answer[1] & 0x80)

    with asyncio.Runner() as runner:
        house = serving(bank_of(shown), shown)
        server = runner.run(house.__aenter__())

        @settings(
            max_examples=max(20, round(settings().max_examples * SHARE)),
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        )
        @given(talks())
        def throw(pieces: tuple[bytes, ...]) -> None:
            with within(HANGS):
                runner.run(talk(server, pieces))

        try:
            throw()
        finally:
            runner.run(house.__aexit__(None, None, None))
