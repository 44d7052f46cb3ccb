"""A frame keeps its identifier's length, and candump's lines say what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.hw.can_frame import (
    EXTENDED,
    CandumpError,
    CanFrame,
    candump_line,
    frame_of,
    parse_candump,
    spelled,
)


def test_a_key_tells_the_two_lengths_of_an_identifier_apart() -> None:
    assert CanFrame(id=0x351).key != CanFrame(id=0x351, extended=True).key
    assert frame_of(EXTENDED | 0x351).extended
    assert (spelled(0x51), spelled(EXTENDED | 0x18954001)) == ("051", "18954001")


@given(
    key=st.one_of(st.integers(0, 0x7FF), st.integers(0, 0x1FFFFFFF).map(lambda identifier: identifier | EXTENDED)),
    data=st.binary(max_size=8),
    time=st.floats(0, 2e9).map(lambda time: round(time, 6)),
)
def test_a_line_of_a_log_is_read_back_as_it_was_written(key: int, data: bytes, time: float) -> None:
    frame = frame_of(key, data, time=time)
    read = parse_candump(candump_line(frame, "can0", time))
    assert (read.key, read.data, read.remote, read.error) == (key, data, False, False)
    assert read.time == pytest.approx(time, abs=1e-6)


@pytest.mark.parametrize(
    "line",
    [
        "(1700000000.123456) can0 351#3802E803E803C701",
        "can0  351   [8]  38 02 E8 03 E8 03 C7 01",
        "  can0  351   [8]  38 02 E8 03 E8 03 C7 01   '8.......'",
        " (1700000000.123456)  can0  RX - -  351   [8]  38 02 E8 03 E8 03 C7 01",
        "(1700000000.123456) can0 351#38.02.E8.03.E8.03.C7.01 R",
    ],
)
def test_every_form_of_candump_is_understood(line: str) -> None:
    frame = parse_candump(line)
    assert (frame.key, frame.data.hex()) == (0x351, "3802e803e803c701")


def test_frames_without_data_are_told_apart() -> None:
    assert parse_candump("can0 305 [0]").data == b""
    assert parse_candump("(1.0) can0 305#R").remote
    assert parse_candump("can0 305 [8] remote request").remote
    error = parse_candump("(1.0) can0 20000040#0000000000000000")
    assert error.error
    assert (error.id, error.extended) == (0x40, False)
    assert candump_line(error, "can0", 1.0).split()[-1] == "20000040#0000000000000000"
    assert candump_line(CanFrame(id=0x305, remote=True), "can0", 1.0).endswith("305#R")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "can0 351 [3] 01 02",
        "(1.0) can0 351#0102030405060708FF",
        "(1.0) can0 FFF#00",
        "(1.0) can0 3FFFFFFF1#00",
        "can0 8FF [1] 00",
        "can0 9FFFFFFF [1] 00",
        "(1.0) can0 123##1AABB",
    ],
)
def test_what_is_no_line_is_no_frame(line: str) -> None:
    with pytest.raises(CandumpError):
        parse_candump(line)


@given(st.text(max_size=80))
def test_any_text_is_a_frame_or_no_line(text: str) -> None:
    try:
        parse_candump(text)
    except CandumpError:
        return
