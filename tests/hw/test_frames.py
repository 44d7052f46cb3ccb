"""Broken, foreign and invented frames: explained, never believed."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.frames import FrameError, Request, crc16, memory_of, parse_request

JK = DEVICES["jk_pb"]
VECTORS = {
    vector["id"]: vector
    for vector in json.loads((Path(__file__).parent / "frames" / "jk_pb.json").read_text())["vectors"]
}
READ = VECTORS["jk_fc03_0x1000"]
ASKED, ANSWERED = bytes.fromhex(READ["request"]), bytes.fromhex(READ["response"])
BULK = VECTORS["jk_bulk_type2_2"]
TRIGGER, FRAME = bytes.fromhex(BULK["request"]), bytes.fromhex(BULK["response"])
ACK = bytes.fromhex(BULK["trailing_ack"])


def sealed(hex_text):
    """Return a frame with its checksum."""
    body = bytes.fromhex(hex_text)
    return body + crc16(body)


def summed(body):
    """Return a bulk frame with its sum."""
    return body + bytes((sum(body) & 0xFF,))


@pytest.mark.parametrize("vector", [vector for vector in VECTORS.values() if vector["framing"] == "rtu"])
def test_the_checksum_is_the_recorded_one(vector):
    frame = bytes.fromhex(vector["request"])
    assert crc16(frame[:-2]) == frame[-2:]


BROKEN = {
    "an exception": (ASKED, sealed("00 83 02"), "refuses: exception 2, it does not have the address"),
    "an unknown exception": (ASKED, sealed("00 83 7f"), "exception 127, of unknown meaning"),
    "half an exception": (ASKED, sealed("00 83"), "exception 0"),
    "a flipped checksum": (ASKED, ANSWERED[:-1] + bytes((ANSWERED[-1] ^ 1,)), "the answer's checksum is"),
    "a flipped bit": (ASKED, ANSWERED[:40] + bytes((ANSWERED[40] ^ 4,)) + ANSWERED[41:], "the answer's checksum is"),
    "a cut tail": (ASKED, ANSWERED[:-5], "too short: 128 bytes, by its own count 133"),
    "a long tail": (ASKED, ANSWERED + b"\0\0", "too long: 135 bytes, by its own count 133"),
    "hardly anything": (ASKED, b"\0\3", "too short: 2 bytes"),
    "a bare head": (ASKED, b"\0\3\4\1", "too short: 4 bytes"),
    "another unit": (ASKED, sealed("05" + ANSWERED[1:-2].hex()), "unit 5 answers, but unit 0 was asked"),
    "another function": (ASKED, sealed("00 04 02 00 01"), "the answer is to function 0x04, asked was 0x03"),
    "another length": (ASKED, sealed("00 03 02 00 01"), "brings 2 data bytes, asked was for 128"),
    "no request": (None, ANSWERED, "nobody can tell which registers"),
    "a broken request": (ASKED[:-1] + b"\0", ANSWERED, "the request's checksum is"),
    "a short request": (sealed("00 03 10 00"), ANSWERED, "the request is too short"),
    "another function's request": (sealed("00 2b 0e 01 00"), ANSWERED, "function 0x2B neither reads nor writes"),
    "a request with a tail": (sealed("00 03 10 00 00 40 00"), ANSWERED, "carries 1 bytes after the count, not 0"),
    "a write without its data": (sealed("00 10 10 70 00 02 04"), b"\0" * 8, "carries 1 bytes after the count, not 5"),
    "a foreign unit id": (sealed("30 03 10 00 00 01"), sealed("30 03 02 00 01"), "unit 48 .* has 0 to 15"),
    "an acknowledgement": (TRIGGER, ACK, "the answer only acknowledges: the request asks unit 1 to write 1 register"),
    "another's acknowledgement": (TRIGGER, sealed("01 10 16 1e 00 01"), "the acknowledgement is of another write"),
    "nothing at all": (None, None, "there is no answer, nor a request"),
    "a broken sum": (TRIGGER, FRAME[:-1] + b"\0", "the bulk frame's sum is 00, its bytes give 2d"),
    "a cut bulk frame": (TRIGGER, FRAME[:-1], "too short: 299 of 300 bytes"),
    "a bulk frame with a tail": (TRIGGER, FRAME + b"\1\2\3", "too long: 303 bytes, and no acknowledgement follows"),
    "a bulk frame with many zeros": (TRIGGER, FRAME + bytes(9), "too long: 309 bytes"),
    "a log": (TRIGGER, summed(FRAME[:4] + b"\5" + FRAME[5:-1]), "type 5 holds no registers"),
    "another page": (TRIGGER, summed(FRAME[:4] + b"\1" + FRAME[5:-1]), "is of type 1, but the request asks unit 1"),
    "another unit's page": (TRIGGER, FRAME + sealed("02 10 16 20 00 01"), "unit 2 answers, but unit 1 was asked"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_valid_answer_is_explained_and_gives_no_reading(case):
    request, answer, why = BROKEN[case]
    with pytest.raises(FrameError, match=why):
        memory_of(JK, request, answer)


@pytest.mark.parametrize("tail", [b"", ACK, b"\0\0" + ACK, ACK + b"\0\0", b"\0\0" + ACK + b"\0\0", b"\0\0"])
def test_a_bulk_frame_may_be_followed_by_its_acknowledgement(tail):
    assert memory_of(JK, TRIGGER, FRAME + tail) == memory_of(JK, None, FRAME + tail) == memory_of(JK, None, FRAME)


@pytest.mark.parametrize("counter", [0, 5, 255])
def test_byte_five_of_a_bulk_frame_says_nothing(counter):
    frame = summed(FRAME[:5] + bytes((counter,)) + FRAME[6:-1])
    assert memory_of(JK, TRIGGER, frame) == memory_of(JK, TRIGGER, FRAME)


def test_a_bulk_frame_vouches_for_itself_where_its_request_is_broken():
    assert memory_of(JK, b"\1\2\3", FRAME) == memory_of(JK, TRIGGER, FRAME)


def test_a_request_says_what_it_asks():
    assert parse_request(sealed("01 03 12 90 00 02")) == Request(unit=1, function=3, address=0x1290, count=2)
    write = parse_request(sealed("01 10 10 70 00 02 04 00 00 00 00"))
    assert str(write) == "asks unit 1 to write 2 registers at 0x1070"


@settings(max_examples=500, deadline=None)
@given(
    request=st.none() | st.binary(max_size=20) | st.sampled_from([ASKED, TRIGGER]),
    answer=st.none()
    | st.binary(max_size=320)
    | st.binary(max_size=300).map(lambda body: body + crc16(body))
    | st.binary(min_size=294, max_size=296).map(lambda body: summed(b"\x55\xaa\xeb\x90" + body)),
)
@example(request=ASKED, answer=b"\x55\xaa\xeb\x90")
def test_no_bytes_are_too_strange(request, answer):
    memory = {}
    with suppress(FrameError):
        memory = memory_of(JK, request, answer)
    assert all(0 <= word <= 0xFFFF for word in memory.values())
    JK.reading(JK.decode(memory), {})


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, len(ANSWERED) - 1), flip=st.integers(1, 255))
def test_no_single_byte_can_be_wrong_unnoticed(position, flip):
    spoilt = ANSWERED[:position] + bytes((ANSWERED[position] ^ flip,)) + ANSWERED[position + 1 :]
    with pytest.raises(FrameError):
        memory_of(JK, ASKED, spoilt)


@settings(max_examples=300, deadline=None)
@given(position=st.integers(6, len(FRAME) - 1), flip=st.integers(1, 255))
def test_no_single_byte_of_a_bulk_frame_can_be_wrong_unnoticed(position, flip):
    spoilt = FRAME[:position] + bytes((FRAME[position] ^ flip,)) + FRAME[position + 1 :]
    with pytest.raises(FrameError):
        memory_of(JK, TRIGGER, spoilt)
