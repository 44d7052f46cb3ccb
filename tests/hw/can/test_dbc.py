"""A user's DBC is read where it can be, and what is wrong with it is told; it never fills the memory."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.hw import can_dbc
from custom_components.home_bms.hw.can_dbc import FrameMapError, parse_dbc, text_of
from custom_components.home_bms.hw.can_frame import EXTENDED
from custom_components.home_bms.hw.can_layout import Layout
from custom_components.home_bms.hw.can_maps import FOLDER, frame_map, map_of

LAYOUTS = {path.stem: tuple(frame_map(path.stem).messages.values()) for path in FOLDER.glob("*.dbc")}
HEAD = 'VERSION ""\n\nNS_ :\n\nBS_:\n\nBU_: bms\n\n'
MESSAGE = 'BO_ 849 limits: 8 bms\n SG_ cvl : 0|16@1+ (0.1,0) [0|0] "V" Vector__XXX\n\n'


def signal(place: str, scale: str = "(1,0)") -> str:
    return HEAD + f'BO_ 849 a: 8 bms\n SG_ c : {place} {scale} [0|0] "V" X\n'


def notices(text: str) -> list[str]:
    return [notice.key for notice in parse_dbc(text).notices]


def test_identifiers_of_29_bits_that_do_not_say_so_are_put_right() -> None:
    """As in rand12345/solax_can_bus, dbc/solax.dbc."""
    text = (
        HEAD
        + 'BO_ 6258 limits: 8 bms\n SG_ cvl : 0|16@1+ (0.1,0) [0|0] "V" X\n\n'
        + 'CM_ SG_ 6258 cvl "two\nlines; BO_ 6258 not a message: 8";\nVAL_ 6258 cvl 65535 "unknown" ;\n'
        + 'BA_DEF_ BO_ "GenMsgCycleTime" INT 0 65535;\nBA_DEF_DEF_ "GenMsgCycleTime" 0;\n'
        + 'BA_ "GenMsgCycleTime" BO_ 6258 500;\n'
    )
    parsed = parse_dbc(text)
    assert [(notice.key, notice.placeholders) for notice in parsed.notices] == [
        ("dbc_extended", {"ids": "00001872", "count": "1"})
    ]
    frames = map_of("solax", text)
    (layout,) = frames.messages.values()
    assert (layout.key, layout.period) == (EXTENDED | 0x1872, 0.5)
    assert frames.decode_as(layout.key, b"\xff\xff") == {"cvl": None}


def test_words_about_signals_that_are_nowhere_are_left_out() -> None:
    """As in Tom-evnut/SimpBMS, SimpBMs.dbc."""
    text = (
        HEAD
        + 'BO_ 3221225472 VECTOR__INDEPENDENT_SIG_MSG: 0 Vector__XXX\n SG_ lost : 0|8@1+ (1,0) [0|0] "" X\n\n'
        + MESSAGE
        + 'CM_ SG_ 3221225472 lost "a comment";\nVAL_ 3221225472 lost 1 "one" ;\nVAL_ 849 gone 1 "x" 2 "a;b" ;\n'
        + 'CM_ BO_ 5 "no such message";\nCM_ SG_ 849 cvl "stays";\n'
    )
    assert notices(text) == ["dbc_orphans"]
    assert list(map_of("simp", text).messages) == [0x349 + 8]


def test_signals_that_overlap_or_do_not_fit_are_read_with_a_warning() -> None:
    overlapping = HEAD + MESSAGE.rstrip() + '\n SG_ ccl : 8|16@1+ (0.1,0) [0|0] "A" X\n'
    assert notices(overlapping) == ["dbc_lenient"]
    assert map_of("x", overlapping).decode_as(849, b"\x01\x02\x03") == {"cvl": 51.3, "ccl": 77.0}
    assert notices(signal("48|32@1+")) == ["dbc_lenient"]
    big = HEAD + 'BO_ 849 a: 4 bms\n SG_ M M : 7|8@0+ (1,0) [0|0] "" X\n'
    big += ' SG_ c m1 : 15|16@0- (1,0) [0|0] "V" X\n SG_ d m1 : 23|16@0- (1,0) [0|0] "V" X\n'
    big += ' SG_ e m2 : 15|32@0+ (1,0) [0|0] "V" X\nSIG_VALTYPE_ 849 e : 1;\n'
    frames = map_of("x", big)
    assert frames.decode_as(849, bytes.fromhex("01fffe0003")) == {"M": 1, "c": -2, "d": -512}
    assert frames.decode_as(849, bytes.fromhex("01fffe")) == {"M": 1, "c": -2}
    assert frames.decode_as(849, bytes.fromhex("0242510000")) == {"M": 2, "e": 52.25}
    assert frames.decode_as(849, b"") == {}


def test_messages_of_can_fd_are_left_out() -> None:
    text = HEAD + MESSAGE + 'BO_ 850 long: 64 bms\n SG_ x : 400|8@1+ (1,0) [0|0] "" X\n'
    assert notices(text) == ["dbc_long_frames"]
    assert list(map_of("x", text).named) == ["limits"]


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("", "dbc_empty", {}),
        ("\ufeff \n", "dbc_empty", {}),
        ('<?xml version="1.0"?><NetworkDefinition/>', "dbc_wrong_format", {"format": "XML"}),
        ("FormatVersion=6.0\n", "dbc_wrong_format", {"format": "SYM"}),
        ('{"a": 1}', "dbc_wrong_format", {"format": "JSON"}),
        ("a shopping list", "dbc_no_messages", {}),
        (HEAD + "BO_ 849 empty: 8 bms\n", "dbc_no_signals", {}),
        (HEAD + 'BO_ 849 a: 8 bms\n SG_ c 0|16@1+ (1,0) [0|0] "V" X\n', "dbc_syntax", {"line": "10"}),
        (HEAD + MESSAGE + 'CM_ SG_ 849 cvl "never ends\n', "dbc_syntax", {"text": 'CM_ SG_ 849 cvl "never ends'}),
        (signal("0|0@1+"), "dbc_unreadable", {}),
        (HEAD + MESSAGE.replace("849", "99999999999"), "dbc_unreadable", {}),
        # Each of these fills the memory, or takes minutes, in cantools 45.1.
        (signal("0|999999@1+"), "dbc_too_large", {"name": "c", "number": "999999", "most": "64"}),
        (signal("9999999|8@0+"), "dbc_too_large", {"most": "511"}),
        (HEAD + MESSAGE.replace(": 8", ": 1000000000"), "dbc_too_large", {"name": "limits"}),
        (HEAD + MESSAGE.replace(": 8", "\n:\n 99999999"), "dbc_too_large", {}),
        (HEAD + MESSAGE.replace(": 0|16", ":\n0|\n9999999"), "dbc_too_large", {}),
        (HEAD + MESSAGE + "SG_MUL_VAL_ 849 cvl cvl 1-2, 3-99999999;\n", "dbc_too_large", {"name": "cvl"}),
    ],
)
def test_what_is_wrong_with_a_file_is_told(text: str, key: str, told: dict) -> None:
    with pytest.raises(FrameMapError) as refused:
        parse_dbc(text)
    assert refused.value.key == key, refused.value
    assert told.items() <= refused.value.placeholders.items(), refused.value.placeholders


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("TEXT_MOST", "dbc_too_long"),
        ("MESSAGES_MOST", "dbc_too_many_messages"),
        ("SIGNALS_MOST", "dbc_too_many_signals"),
        ("STATEMENTS_MOST", "dbc_too_many_statements"),
    ],
)
def test_a_file_that_is_too_much_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, key: str) -> None:
    monkeypatch.setattr(can_dbc, name, 1)
    text = HEAD + MESSAGE + MESSAGE.replace("849", "850").replace("limits", "more") + 'CM_ "a";\nCM_ "b";\n'
    with pytest.raises(FrameMapError) as refused:
        parse_dbc(text)
    assert refused.value.key == key


def test_text_of_other_code_pages_is_read() -> None:
    assert text_of("°C".encode()) == "°C"
    assert text_of("\ufeffa".encode()) == "a"
    assert text_of(b"\xb0C") == "°C"
    with pytest.raises(FrameMapError, match="binary"):
        text_of(b"PK\0\0")
    with pytest.raises(FrameMapError, match="dbc_too_long"):
        text_of(b" " * 1_000_001)


def test_odd_numbers_of_a_file_make_no_odd_values() -> None:
    """A scale of infinity, of zero, a float of seven bits, a signal before the first bit."""
    assert map_of("x", signal("0|16@1+", "(1e999,0)")).decode_as(849, b"\x01\x00") == {"c": None}
    assert map_of("x", signal("0|16@1+", "(0,7)")).decode_as(849, b"\x01\x00") == {"c": 7}
    odd = map_of("x", signal("0|7@1+") + "SIG_VALTYPE_ 849 c : 1;\n")
    assert set(odd.decode_as(849, bytes(8))) <= {"c"}
    with pytest.raises(ValueError, match="cannot be"):
        map_of("x", signal("0|16@1+", "(0,7)")).encode("a", {"c": 1.0})


@settings(max_examples=20)
@given(data=st.binary(min_size=8, max_size=8))
@pytest.mark.parametrize("layout", [one for name in ("daly", "pylontech", "tinybms", "ivt_s") for one in LAYOUTS[name]])
def test_a_signal_taken_out_by_itself_is_what_cantools_takes_out(layout: Layout, data: bytes) -> None:
    alone = dataclasses.replace(layout, loose=True).decode(data)
    together = layout.decode(data)
    # Of a group that nothing selects cantools says nothing at all, not even which one was asked for.
    assert not together or alone == together


@given(text=st.text(alphabet=st.sampled_from(list('BOSG_ 0123456789|@+-:;"()[],\nMmabVAL CEXxIR.\\')), max_size=300))
@settings(max_examples=300)
def test_any_text_is_a_map_or_an_explained_error(text: str) -> None:
    for candidate in (text, HEAD + MESSAGE + text):
        try:
            parse_dbc(candidate)
        except FrameMapError:
            continue


@given(data=st.data())
@settings(max_examples=100)
def test_a_good_file_that_was_spoilt_is_a_map_or_an_explained_error(data: st.DataObject) -> None:
    text = (FOLDER / "jk.dbc").read_text()
    start = data.draw(st.integers(0, len(text)))
    end = min(len(text), start + data.draw(st.integers(0, 40)))
    filling = data.draw(st.text(alphabet=st.sampled_from(list('0123456789 :|@;"\n_BOSGM')), max_size=12))
    try:
        parse_dbc(text[:start] + filling + text[end:])
    except FrameMapError:
        return
