"""Every recorded frame says what was recorded with it, and every map says the same both ways."""

from __future__ import annotations

import re
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.hw.can_dbc import parse_dbc
from custom_components.home_bms.hw.can_frame import EXTENDED, CanFrame
from custom_components.home_bms.hw.can_layout import Layout
from custom_components.home_bms.hw.can_maps import FOLDER, async_frame_map, frame_map
from custom_components.home_bms.hw.can_quirks import QUIRKS, BrokenFrameError

from .recorded import chosen, key_of, map_for, told, vectors

NAMES = sorted(path.stem for path in FOLDER.glob("*.dbc"))
UNITS = {"", "V", "A", "%", "degC", "Ah", "As", "W", "Wh", "kWh", "h", "s", "min", "Ohm", "ASCII"}


def case(file: str, frame: dict[str, Any], number: int) -> str:
    return f"{number:02}-{file}-{frame['id']}"


RECORDED = [pytest.param(*one, id=case(one[0], one[2], number)) for number, one in enumerate(vectors())]


@pytest.mark.parametrize(("file", "group", "frame"), RECORDED)
def test_every_recorded_frame_says_what_was_recorded(file: str, group: dict, frame: dict) -> None:
    frames, key = map_for(file, frame), key_of(frame)
    values = frames.decode_as(key, bytes.fromhex(frame["data"]))
    assert values is not None
    for name, expected in frame["expect"].items():
        if name == "cells":
            # Cells beyond the board's number are left over from an earlier frame: the device clips them.
            assert {number: values[f"cell_{number}"] for number in expected} == expected
        elif name == "state" and isinstance(expected, str):
            assert chosen(frames, key, "state", values["state"]) == expected
        elif name == "request" and "probe" in expected:
            assert chosen(frames, key, "request", values["request"]) in expected
        elif isinstance(expected, float):
            assert told(name, values) == pytest.approx(expected, abs=1e-9)
        else:
            assert told(name, values) == expected, name


def test_there_are_recordings_of_every_kind() -> None:
    assert len(RECORDED) > 60
    assert {frame["basis"] for _, _, frame in vectors()} == {"source-decode", "spec-arithmetic"}


@pytest.mark.parametrize("name", NAMES)
def test_a_map_is_read_strictly_and_in_our_own_words(name: str) -> None:
    parsed = parse_dbc((FOLDER / f"{name}.dbc").read_text())
    assert [notice.key for notice in parsed.notices] == (["dbc_long_frames"] if name == "nmea2000" else [])
    frames = frame_map(name)
    assert len(frames.messages) == len(parsed.database.messages) == len(frames.named)
    for layout in frames.messages.values():
        assert re.fullmatch(r"[a-z][a-z0-9_]+", layout.name)
        for signal in layout.signals.values():
            assert re.fullmatch(r"[a-z][a-z0-9_]+", signal.name)
            assert signal.unit in UNITS


def test_every_quirk_belongs_to_a_message() -> None:
    assert all(key in frame_map(name).messages for name, key in QUIRKS)


async def test_a_map_is_loaded_once() -> None:
    assert await async_frame_map("pylontech") is frame_map("pylontech")


LAYOUTS = [
    pytest.param(layout, id=f"{name}-{layout.name}") for name in NAMES for layout in frame_map(name).messages.values()
]


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=25)
@given(data=st.data())
def test_what_a_message_says_makes_a_message_that_says_the_same(layout: Layout, data: st.DataObject) -> None:
    raw = data.draw(st.binary(min_size=layout.size, max_size=layout.size))
    for signal in layout.signals.values():
        if signal.selects:
            # Bytes that select nothing say nothing; let them select.
            other = [one for one in layout.signals.values() if one.selected_by == signal.name]
            number = data.draw(st.sampled_from(sorted({number for one in other for number in one.selected})))
            raw = raw[: signal.first] + bytes((number,)) + raw[signal.first + 1 :]
    values = layout.decode(raw)
    if not values:
        # One multiplexer inside another may still select nothing.
        return
    lost = {name for name, value in values.items() if value is None and not layout.signals[name].unknown}
    again = layout.decode(layout.encode(values).data)
    assert {name: value for name, value in again.items() if name not in lost} == {
        name: value for name, value in values.items() if name not in lost
    }


@given(data=st.binary(max_size=8), name=st.sampled_from(NAMES))
def test_any_bytes_say_something_or_nothing(data: bytes, name: str) -> None:
    frames = frame_map(name)
    for key in frames.messages:
        try:
            values = frames.decode_as(key, data)
        except BrokenFrameError:
            continue
        assert values is not None
        assert not any(isinstance(value, float) and value != value for value in values.values())


# --- Against encoders that are written by hand -----------------------------------------------------------------------

volts = st.integers(0, 65534)
amperes = st.integers(-32767, 32767)


@given(cvl=volts, ccl=st.integers(0, 32767), dcl=amperes, dvl=volts)
def test_pylontech_limits_are_those_of_the_paper(cvl: int, ccl: int, dcl: int, dvl: int) -> None:
    data = struct.pack("<HhhH", cvl, ccl, dcl, dvl)
    values = frame_map("pylontech").decode(CanFrame(id=0x351, data=data))
    # Some emulators send the discharge limit as a negative current.
    assert values == pytest.approx({"cvl": cvl / 10, "ccl": ccl / 10, "dcl": abs(dcl) / 10, "dvl": dvl / 10})
    if dcl >= 0:
        assert frame_map("pylontech").encode("limits", values).data == data


@given(voltage=amperes, current=amperes, temperature=amperes)
def test_pylontech_measurements_are_those_of_the_paper(voltage: int, current: int, temperature: int) -> None:
    data = struct.pack("<hhh", voltage, current, temperature)
    values = frame_map("pylontech").decode(CanFrame(id=0x356, data=data))
    assert values == pytest.approx({"voltage": voltage / 100, "current": current / 10, "temperature": temperature / 10})
    assert frame_map("pylontech").encode("measurements", values, 6).data == data


@given(voltage=volts, current=st.integers(1, 65534), soc=st.integers(0, 1000))
def test_daly_totals_are_those_of_the_paper(voltage: int, current: int, soc: int) -> None:
    data = struct.pack(">HHHH", voltage, voltage, current, soc)
    values = frame_map("daly").decode(CanFrame(id=0x18904001, extended=True, data=data))
    assert values["current"] == pytest.approx((current - 30000) / 10)
    assert values["voltage"] == pytest.approx(voltage / 10)
    assert values["soc"] == pytest.approx(soc / 10)


@given(number=st.integers(1, 16), cells=st.tuples(*[st.integers(1, 5000)] * 3))
def test_daly_cells_come_three_at_a_time_under_one_identifier(number: int, cells: tuple[int, ...]) -> None:
    data = struct.pack(">B3Hx", number, *cells)
    values = frame_map("daly").decode(CanFrame(id=0x18954001, extended=True, data=data))
    first = 3 * (number - 1) + 1
    assert values == {"frame": number, **{f"cell_{first + step}": cell / 1000 for step, cell in enumerate(cells)}}


@given(voltage=volts, current=volts, soc=st.integers(0, 255), hours=volts)
def test_jk_measurements_are_those_of_the_paper(voltage: int, current: int, soc: int, hours: int) -> None:
    data = struct.pack("<HHBxH", voltage, current, soc, hours)
    values = frame_map("jk").decode(CanFrame(id=0x2F4, data=data))
    assert values["discharge_current"] == pytest.approx(current / 10 - 400)
    assert (values["voltage"], values["soc"], values["discharge_hours"]) == (pytest.approx(voltage / 10), soc, hours)


@given(voltage=volts, current=volts, temperature=volts, soc=st.integers(0, 100), soh=st.integers(0, 100))
def test_high_voltage_measurements_are_those_of_the_paper(
    voltage: int, current: int, temperature: int, soc: int, soh: int
) -> None:
    data = struct.pack("<HHHBB", voltage, current, temperature, soc, soh)
    values = frame_map("pylontech_hv").decode_as(EXTENDED | 0x4210, data)
    assert values == pytest.approx(
        {
            "voltage": voltage / 10,
            "current": (current - 30000) / 10,
            "temperature": (temperature - 1000) / 10,
            "soc": soc,
            "soh": soh,
        }
    )


@given(cell=st.integers(0, 179), voltage=st.integers(1, 65535), resistance=st.integers(0, 0x7FFF), open_=volts)
def test_an_orion_cell_counts_only_with_its_checksum(cell: int, voltage: int, resistance: int, open_: int) -> None:
    body = struct.pack(">BHHH", cell, voltage, 0x8000 | resistance, open_)
    whole = body + bytes(((0x36 + 8 + sum(body)) & 0xFF,))
    values = frame_map("orion").decode_as(0x36, whole)
    assert values == pytest.approx(
        {
            f"cell_{cell + 1}": voltage / 10000,
            f"cell_balancing_{cell + 1}": 1,
            f"cell_resistance_{cell + 1}": resistance / 100000,
            f"open_voltage_{cell + 1}": open_ / 10000,
        }
    )
    for broken in (whole[:-1], body + bytes((whole[7] ^ 1,))):
        with pytest.raises(BrokenFrameError):
            frame_map("orion").decode_as(0x36, broken)


@pytest.mark.parametrize(("name", "order"), [("ivt_s", ">"), ("ivt_s_little", "<")])
@given(current=st.integers(-(2**31), 2**31 - 1), counter=st.integers(0, 15), state=st.integers(0, 15))
def test_a_current_sensor_says_nothing_while_it_says_that_something_is_wrong(
    name: str, order: str, current: int, counter: int, state: int
) -> None:
    data = struct.pack(f"{order}BBi", 0, state << 4 | counter, current)
    values = frame_map(name).decode(CanFrame(id=0x521, data=data))
    assert values["current"] == (None if state else pytest.approx(current / 1000))
    assert values["current_counter"] == counter


# --- What is not there is not zero -----------------------------------------------------------------------------------


def test_a_short_frame_leaves_out_what_it_is_too_short_for() -> None:
    frames = frame_map("pylontech")
    assert frames.decode(CanFrame(id=0x351, data=b"\x14\x02\x74")) == {"cvl": 53.2}
    assert frames.decode(CanFrame(id=0x351)) == {}
    assert frames.decode(CanFrame(id=0x35E, data=b"PYTES")) == {"manufacturer": "PYTES"}
    assert frames.decode(CanFrame(id=0x35E, data=b"\0\0\0")) == {}


def test_what_says_that_it_is_nothing_is_nothing() -> None:
    frames = frame_map("pylontech")
    values = frames.decode(CanFrame(id=0x351, data=bytes.fromhex("ffff00800080ffff")))
    assert set(values.values()) == {None}
    assert frames.decode(CanFrame(id=0x373, data=bytes(8)))["cell_min"] is None


@pytest.mark.parametrize(
    ("data", "soc"),
    [
        # 51 %, and exactly 51.23 %.
        ("330064000314", 51.23),
        # Pylontech's third version sends 0 there, Luxpower the highest cell in mV, Sofar the capacity.
        ("330064000000", None),
        ("33006400e40c", None),
        ("33006400", None),
        ("33006400ffff", None),
    ],
)
def test_an_exact_charge_counts_only_where_it_agrees(data: str, soc: float | None) -> None:
    values = frame_map("pylontech").decode(CanFrame(id=0x355, data=bytes.fromhex(data)))
    assert values["soc"] == 51
    assert values.get("soc_exact") == soc


def test_an_unknown_multiplexer_says_nothing() -> None:
    assert frame_map("daly").decode_as(EXTENDED | 0x18954001, b"\xff\x0c\xe4\x0c\xe4\x0c\xe4") == {}
    assert frame_map("tinybms").decode_as(0x241, bytes.fromhex("0103200000")) == {}


def test_a_refusal_of_a_tinybms_is_no_value() -> None:
    assert frame_map("tinybms").decode_as(0x241, bytes.fromhex("0014010000000000")) == {}
    answer = b"\x01\x14" + struct.pack("<f", 52.25) + bytes(2)
    assert frame_map("tinybms").decode_as(0x241, answer)["voltage"] == 52.25
    nonsense = b"\x01\x14" + struct.pack("<f", float("nan")) + bytes(2)
    assert frame_map("tinybms").decode_as(0x241, nonsense)["voltage"] is None


def test_frames_of_others_and_without_data_are_none_of_a_map() -> None:
    frames = frame_map("pylontech")
    assert frames.decode(CanFrame(id=0x123)) is None
    assert frames.decode(CanFrame(id=0x351, remote=True)) is None
    assert frames.decode(CanFrame(id=0x351, extended=True, data=bytes(8))) is None


# --- Making frames ---------------------------------------------------------------------------------------------------


def test_what_is_not_named_is_unknown_or_zero() -> None:
    frames = frame_map("pylontech")
    assert frames.encode("limits", {"cvl": 56.0, "ccl": 100}).data.hex() == "3002e8030080ffff"
    assert frames.encode("requests", {"charge_enable": 1, "discharge_enable": 1}, 2).data.hex() == "c000"
    assert frames.encode("manufacturer", {"manufacturer": "PYLON   "}).data == b"PYLON   "
    assert frames.encode("manufacturer", {"manufacturer": "a long name"}).data == b"a long n"
    cell = frame_map("daly").encode("cells", {"frame": 2, "cell_4": 3.3})
    assert (cell.extended, cell.data.hex()) == (True, "020ce40000000000")
    answer = frame_map("tinybms").encode("answer", {"status": 1, "command": 28, "cell_index": 3, "cell_4": 3.3})
    assert answer.data.hex() == "011c00e880030000"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("limits", {"cvl": 7000.0}),
        ("limits", {"cvl": -1}),
        ("limits", {"ccl": "much"}),
        ("limits", {"ccl": float("nan")}),
        ("limits", {"current": 1}),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name: str, values: dict) -> None:
    with pytest.raises(ValueError, match=r"cannot be|has no"):
        frame_map("pylontech").encode(name, values)


def test_a_multiplexer_that_selects_nothing_makes_no_frame() -> None:
    with pytest.raises(ValueError, match="cannot be made"):
        frame_map("tinybms").encode("answer", {"status": 1, "command": 3})
