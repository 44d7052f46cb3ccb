"""A user's own DBC becomes a pack: proposed by names, corrected by the user, read like any other device."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.model import AskedLimits, ConfigError, Switches
from custom_components.home_bms.hw.can_ear import Ear
from custom_components.home_bms.hw.can_frame import EXTENDED, CanFrame
from custom_components.home_bms.hw.can_layout import FrameMap
from custom_components.home_bms.hw.can_maps import FOLDER, frame_map, map_of
from custom_components.home_bms.hw.can_quirks import BrokenFrameError
from custom_components.home_bms.hw.registers import Kind
from custom_components.home_bms.hw.user_dbc import UserMap, crc8, user_device, verify
from custom_components.home_bms.hw.user_dbc_guess import plain, propose
from custom_components.home_bms.hw.user_dbc_rows import (
    CheckKind,
    CheckRow,
    PollRow,
    Quantity,
    SignalRow,
    UserMapping,
    mapping_data,
    mapping_from_data,
)

from .speech import daly, frames

HEAD = 'VERSION ""\n\nNS_ :\n\nBS_:\n\nBU_: X\n\n'
CELLS = tuple(3.281 + 0.001 * index for index in range(16))


def signal(name: str, place: str, unit: str, scale: str = "(1,0)", mux: str = "") -> str:
    return f' SG_ {name} {mux}: {place} {scale} [0|0] "{unit}" X\n'


def message(number: int, name: str, *signals: str) -> str:
    return f"BO_ {number} {name}: 8 X\n{''.join(signals)}\n"


def made(*messages: str) -> FrameMap:
    return map_of("mine", HEAD + "".join(messages))


# Names as real tools write them: an Orion's export, a Leaf's, an open-source board's.
BOARD = made(
    message(
        0x6B0,
        "BMS_Pack",
        signal("Pack_Current", "7|16@0-", "Amps", "(0.1,0)"),
        signal("Pack_Inst_Voltage", "23|16@0+", "Volts", "(0.1,0)"),
        signal("Pack_SOC", "39|8@0+", "Percent", "(0.5,0)"),
        signal("Relay_Discharge", "40|1@1+", ""),
        signal("Fault_Overvoltage", "41|1@1+", ""),
    ),
    message(
        0x6B1,
        "BMS_Limits",
        signal("Pack_DCL", "7|16@0+", "Amps"),
        signal("Pack_CCL", "23|16@0+", "Amps"),
        signal("High_Temperature", "39|8@0-", "Celsius"),
        signal("MosfetTemp", "47|8@0-", "C"),
        signal("Isolation", "55|16@0+", "kOhm"),
    ),
    *(
        message(
            0x700 + part,
            f"Cells{part}",
            *(signal(f"CellVoltage{4 * part + k + 1:02}", f"{16 * k}|16@1+", "mV") for k in range(4)),
        )
        for part in range(4)
    ),
    message(0x710, "Temps", *(signal(f"TempSensor{k}", f"{8 * k}|8@1-", "K", "(1,200)") for k in range(3))),
)
# One cell after the other, the number in the frame (SimpBMS, 0x372).
SIMP = made(
    message(
        0x372,
        "Cell",
        signal("CellNumber", "24|8@1+", ""),
        signal("CellVoltage", "48|16@1+", "V", "(0.001,0)"),
    )
)


def by_quantity(frames_: FrameMap) -> dict[Quantity, SignalRow]:
    return {row.quantity: row for row in propose(frames_)}


# --- The proposal ----------------------------------------------------------------------------------------------------


def test_names_and_units_make_a_proposal() -> None:
    rows = by_quantity(BOARD)
    assert {quantity: row.signal for quantity, row in rows.items()} == {
        Quantity.CELL: "CellVoltage{n:02}",
        Quantity.TEMPERATURE: "TempSensor{n}",
        Quantity.CURRENT: "Pack_Current",
        Quantity.VOLTAGE: "Pack_Inst_Voltage",
        Quantity.SOC: "Pack_SOC",
        Quantity.DCL: "Pack_DCL",
        Quantity.CCL: "Pack_CCL",
        Quantity.SWITCH_TEMPERATURE: "MosfetTemp",
        Quantity.INSULATION: "Isolation",
    }
    cells = rows[Quantity.CELL]
    # Sixteen cells in four messages, in mV: one row.
    assert (cells.message, cells.first, cells.count, cells.factor) == (None, 1, 16, 0.001)
    assert (cells.minimum, cells.maximum) == (0.5, 5.0)
    sensors = rows[Quantity.TEMPERATURE]
    assert (sensors.message, sensors.first, sensors.count, sensors.offset) == (0x710, 0, 3, -273.15)
    assert rows[Quantity.INSULATION].factor == 1000.0


def test_multiplexed_cells_are_one_row() -> None:
    cells = by_quantity(frame_map("daly"))[Quantity.CELL]
    assert (cells.message, cells.signal, cells.first, cells.count) == (EXTENDED | 0x18954001, "cell_{n}", 1, 48)


def test_cells_that_come_one_by_one_are_found_by_their_number() -> None:
    cells = by_quantity(SIMP)[Quantity.CELL]
    assert (cells.signal, cells.number_from, cells.first) == ("CellVoltage", "CellNumber", 0)


def test_of_two_ways_to_the_cells_the_plain_one_is_proposed() -> None:
    both = made(
        message(0x372, "Cell", signal("CellNumber", "24|8@1+", ""), signal("CellVoltage", "48|16@1+", "mV")),
        message(0x373, "Row", signal("Cell1V", "0|16@1+", "mV"), signal("Cell2V", "16|16@1+", "mV")),
    )
    (row,) = [row for row in propose(both) if row.quantity is Quantity.CELL]
    assert (row.signal, row.count, row.number_from) == ("Cell{n}V", 2, "")


def test_a_discharge_current_is_turned_round() -> None:
    assert by_quantity(frame_map("jk"))[Quantity.CURRENT].factor == -1


def test_highest_and_lowest_are_no_row_of_cells() -> None:
    rows = by_quantity(frame_map("batrium"))
    assert Quantity.CELL not in rows
    assert Quantity.TEMPERATURE not in rows


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.dbc")))
def test_every_proposal_can_be_taken_as_it_is_and_kept(name: str) -> None:
    mapping = UserMapping(rows=propose(frame_map(name)))
    assert mapping.rows
    UserMap(frame_map(name), mapping)
    assert mapping_from_data(mapping_data(mapping)) == mapping


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("PackSOC", "pack_soc"),
        ("CellVoltage01", "cell_voltage01"),
        ("BMS.pack-Volts", "bms_pack_volts"),
        ("DCLimit", "dc_limit"),
    ],
)
def test_names_are_taken_apart_into_words(name: str, words: str) -> None:
    assert plain(name) == words


# --- What it reads ---------------------------------------------------------------------------------------------------


def heard(frames_: FrameMap, mapping: UserMapping, spoken: list[CanFrame], now: float | None = None):
    """Return the reading and the identity that a mapping makes of frames."""
    mine = UserMap(frames_, mapping)
    device = user_device("mine", "My board", mine, mapping)
    ear = Ear(device, mine)
    for frame in spoken:
        ear.take(frame)
    told = ear.nodes[0]
    told.now = now or told.last_time
    info = device.info(told)
    return device.reading(told, info), info, device


def board() -> list[CanFrame]:
    """Return what the board of the map above says."""
    lines = [
        f"6B0 {struct.pack('>hHBB', -125, 528, 127, 0b11).hex()}",
        f"6B1 {struct.pack('>HHbbH', 100, 50, 23, 31, 500).hex()}",
        "710 5D5E5F",
    ]
    row = [round(cell * 1000) for cell in CELLS]
    lines += [f"70{part} {struct.pack('<4H', *row[4 * part :][:4]).hex()}" for part in range(4)]
    return frames(*lines)


EXTRA = (
    SignalRow(message=0x6B0, signal="Relay_Discharge", quantity=Quantity.DISCHARGE_SWITCH),
    SignalRow(message=0x6B0, signal="Fault_Overvoltage", quantity=Quantity.ALARM, alarm="cell_overvoltage"),
)


def test_the_whole_board_is_read() -> None:
    mapping = UserMapping(rows=(*propose(BOARD), *EXTRA))
    reading, info, device = heard(BOARD, mapping, board())
    assert reading.cells == pytest.approx(CELLS)
    assert reading.temperatures == pytest.approx((19.85, 20.85, 21.85))
    assert (reading.current, reading.voltage, reading.soc) == (-12.5, 52.8, 63.5)
    assert (reading.switch_temperature, reading.insulation) == (31, 500_000)
    assert reading.switches == Switches(discharge=True)
    assert reading.alarms == {"cell_overvoltage"}
    assert (reading.cells_time, reading.current_time) == (100.0, 100.0)
    assert (info.cells, info.temperature_sensors, info.model) == (16, 3, "My board")
    assert (device.kind, device.cells) == (Kind.PACK, True)
    assert (reading.asked, reading.asked_time) == (AskedLimits(ccl=50.0, dcl=100.0), 100.0)


def test_only_messages_that_are_mapped_are_listened_to() -> None:
    mine = UserMap(BOARD, UserMapping(rows=(EXTRA[0],)))
    assert list(mine.messages) == [0x6B0]
    assert mine.decode_as(0x700, bytes(8)) is None


def test_a_value_that_cannot_be_is_none() -> None:
    row = SignalRow(message=0x6B0, signal="Pack_Current", quantity=Quantity.CURRENT, factor=-1.0, offset=1.0,
                    minimum=-100, maximum=100, invalid=(3276.7,))  # fmt: skip
    mine = UserMap(BOARD, UserMapping(rows=(row,)))

    def told(raw: int) -> dict:
        return mine.decode_as(0x6B0, struct.pack(">h", raw))

    assert told(-125) == {"current": 13.5}
    assert told(1020) == {"current": None}
    assert told(-1020) == {"current": None}
    assert told(32767) == {"current": None}
    assert mine.decode_as(0x6B0, b"\x00") == {}


def test_cells_that_come_one_by_one_are_gathered() -> None:
    row = replace(by_quantity(SIMP)[Quantity.CELL], count=4)
    lines = [f"372 000000{number:02x}0000{struct.pack('<H', 3300 + number).hex()}" for number in (0, 1, 2, 3, 9, 200)]
    reading, info, _ = heard(SIMP, UserMapping(rows=(row,)), frames(*lines))
    assert reading.cells == (3.3, 3.301, 3.302, 3.303)
    assert info.cells == 4
    # What was never heard is unknown, not left out.
    reading, _, _ = heard(SIMP, UserMapping(rows=(row,)), frames(*lines[:2]))
    assert reading.cells == (3.3, 3.301, None, None)


def test_a_dalys_cells_are_read_through_the_general_form_too() -> None:
    mapping = UserMapping(rows=tuple(
        replace(row, count=16) if row.quantity is Quantity.CELL else row
        for row in propose(frame_map("daly")) if row.quantity is not Quantity.TEMPERATURE
    ))  # fmt: skip
    reading, info, _ = heard(frame_map("daly"), mapping, frames(*daly(CELLS)))
    assert reading.cells == pytest.approx(CELLS)
    assert info.capacity == 280.0
    assert reading.alarms is None


def test_an_alarm_that_is_silent_says_nothing() -> None:
    """No news of an alarm is no good news."""
    second = SignalRow(message=0x700, signal="CellVoltage01", quantity=Quantity.ALARM, alarm="other", on=5000.0)
    mapping = UserMapping(rows=(*EXTRA, second))
    reading, _, _ = heard(BOARD, mapping, frames("6B0 00000000000000"))
    assert reading.alarms is None
    reading, _, _ = heard(BOARD, mapping, frames("6B0 00000000000000", "700 8813"))
    assert reading.alarms == {"other"}


def test_a_meter_has_no_cells() -> None:
    mapping = UserMapping(rows=(SignalRow(message=0x521, signal="current", quantity=Quantity.CURRENT),))
    _, info, device = heard(frame_map("ivt_s"), mapping, frames("521 000300000BB8"))
    assert (info.cells, device.kind) == (None, Kind.METER)


# --- Checksums and requests ------------------------------------------------------------------------------------------


def test_a_checksum_that_is_wrong_spoils_the_frame() -> None:
    row = SignalRow(
        message=0x36, signal="cell_voltage", quantity=Quantity.CELL, number_from="cell_id", first=0, count=4
    )
    check = CheckRow(message=0x36, kind=CheckKind.SUM, with_header=True)
    mine = UserMap(frame_map("orion"), UserMapping(rows=(row,), checks=(check,)))
    body = struct.pack(">BHHH", 2, 33000, 25, 33000)
    good = body + bytes(((0x36 + 8 + sum(body)) & 0xFF,))
    assert mine.decode_as(0x36, good) == {"cell_3": 3.3}
    for bad in (body + b"\x00", body):
        with pytest.raises(BrokenFrameError):
            mine.decode_as(0x36, bad)


@given(data=st.binary(min_size=8, max_size=8))
def test_a_crc_of_sae_j1850_is_checked(data: bytes) -> None:
    assert crc8(b"123456789", 0x1D, 0xFF) ^ 0xFF == 0x4B
    check = CheckRow(message=0x100, kind=CheckKind.CRC8)
    right = crc8(data[:7], 0x1D, 0xFF) ^ 0xFF
    verify(check, data[:7] + bytes((right,)))
    with pytest.raises(BrokenFrameError):
        verify(check, data[:7] + bytes((right ^ 0x10,)))


def test_requests_are_part_of_the_device_and_sent_by_nobody_here() -> None:
    mapping = UserMapping(rows=(EXTRA[0],), polls=(PollRow(message=EXTENDED | 0x18900140, data=bytes(8), every=2.0),))
    _, _, device = heard(BOARD, mapping, frames("6B0 00000000000000"))
    (poll,) = device.polls
    assert (poll.key_for(7), poll.data, poll.every) == (EXTENDED | 0x18900140, bytes(8), 2.0)


# --- What a config entry may hold ------------------------------------------------------------------------------------


def test_a_mapping_survives_a_config_entry() -> None:
    mapping = UserMapping(
        rows=(*propose(BOARD), *EXTRA, replace(by_quantity(SIMP)[Quantity.CELL], invalid=(65.535,))),
        checks=(CheckRow(message=0x36, kind=CheckKind.CRC8, byte=6, polynomial=0x2F),),
        polls=(PollRow(message=EXTENDED | 0x18900140, data=b"\x01\x02", every=5.0),),
    )
    data = mapping_data(mapping)
    assert mapping_from_data(data) == mapping
    assert data["polls"] == [{"message": "18900140", "data": "0102", "every": 5.0}]
    assert data["rows"][0]["message"] is None


GOOD = {"message": "6B0", "signal": "Pack_Current", "quantity": "current"}


@pytest.mark.parametrize(
    ("data", "key", "field"),
    [
        ({"rows": "all"}, "dbc_not_readable", "rows"),
        ({"rows": [1]}, "dbc_not_readable", "rows"),
        ({"rows": [GOOD] * 501}, "out_of_range", "rows"),
        ({"rows": [{**GOOD, "colour": "red"}]}, "dbc_unknown_field", "rows.0.colour"),
        ({"rows": [{**GOOD, "quantity": "speed"}]}, "dbc_unknown_quantity", "rows.0.quantity"),
        ({"rows": [GOOD, {**GOOD, "signal": ""}]}, "dbc_signal_missing", "rows.1.signal"),
        ({"rows": [{**GOOD, "message": "xyz"}]}, "dbc_no_identifier", "rows.0.message"),
        ({"rows": [{**GOOD, "message": "8FF"}]}, "dbc_no_identifier", "rows.0.message"),
        ({"rows": [{**GOOD, "message": "FFFFFFFF"}]}, "dbc_no_identifier", "rows.0.message"),
        ({"rows": [{**GOOD, "message": None}]}, "dbc_message_missing", "rows.0.message"),
        ({"rows": [{**GOOD, "factor": "much"}]}, "dbc_not_readable", "rows.0.factor"),
        ({"rows": [{**GOOD, "factor": True}]}, "dbc_not_readable", "rows.0.factor"),
        ({"rows": [{**GOOD, "invalid": 5}]}, "dbc_not_readable", "rows.0.invalid"),
        ({"rows": [{**GOOD, "quantity": "alarm", "alarm": 5}]}, "dbc_not_readable", "rows.0.alarm"),
        ({"rows": [{**GOOD, "number_from": ["a"]}]}, "dbc_not_readable", "rows.0.number_from"),
        ({"rows": [{**GOOD, "factor": float("nan")}]}, "dbc_not_readable", "rows.0.factor"),
        ({"rows": [{**GOOD, "factor": 0}]}, "out_of_range", "rows.0.factor"),
        ({"rows": [{**GOOD, "count": 1.5}]}, "dbc_not_readable", "rows.0.count"),
        ({"rows": [{**GOOD, "index": 1}]}, "out_of_range", "rows.0.index"),
        ({"rows": [{**GOOD, "quantity": "cell", "count": 300}]}, "out_of_range", "rows.0.index"),
        ({"rows": [{**GOOD, "quantity": "cell", "count": 4}]}, "dbc_row_without_number", "rows.0.signal"),
        ({"rows": [{**GOOD, "quantity": "alarm"}]}, "dbc_alarm_name", "rows.0.alarm"),
        ({"rows": [{**GOOD, "quantity": "alarm", "alarm": "Bad Name"}]}, "dbc_alarm_name", "rows.0.alarm"),
        ({"rows": [GOOD], "checks": [{"message": "36", "kind": "magic"}]}, "dbc_unknown_check", "checks.0.kind"),
        ({"rows": [GOOD], "checks": [{"message": "36", "kind": "sum", "byte": 9}]}, "out_of_range", "checks.0.byte"),
        ({"rows": [GOOD], "polls": [{"message": "36", "data": "zz"}]}, "dbc_not_hex", "polls.0.data"),
        ({"rows": [GOOD], "polls": [{"message": "36", "data": "00" * 9}]}, "out_of_range", "polls.0.data"),
        ({"rows": [GOOD], "polls": [{"message": "36", "every": 0.01}]}, "out_of_range", "polls.0.every"),
    ],
)
def test_a_mapping_that_cannot_be_is_told(data: dict, key: str, field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        mapping_from_data(data)
    assert (refused.value.key, refused.value.field) == (key, field)


def test_open_limits_are_kept() -> None:
    (row,) = mapping_from_data({"rows": [{**GOOD, "minimum": None, "maximum": 5}]}).rows
    assert (row.minimum, row.maximum) == (None, 5.0)


@pytest.mark.parametrize(
    ("rows", "key", "field"),
    [
        ([{**GOOD, "signal": "gone"}], "dbc_unknown_signal", "rows.0.signal"),
        ([{**GOOD, "message": "123"}], "dbc_unknown_signal", "rows.0.signal"),
        ([{**GOOD, "number_from": "gone"}], "dbc_unknown_signal", "rows.0.signal"),
        ([{**GOOD, "message": None, "signal": "CellVoltage{n:02}", "quantity": "cell", "count": 17}],
         "dbc_unknown_signal", "rows.0.signal"),
        ([GOOD, GOOD], "dbc_quantity_twice", "rows.1.quantity"),
        ([{**GOOD, "quantity": "cell", "index": 2}], "dbc_gap", "rows"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_its_file_is_told(rows: list, key: str, field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        UserMap(BOARD, mapping_from_data({"rows": rows}))
    assert (refused.value.key, refused.value.field) == (key, field)
