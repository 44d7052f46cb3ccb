"""What each device says becomes what it means, with its time, and nothing that it does not say is invented."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import AskedLimits, Switches
from custom_components.home_bms.hw.can_devices import CAN_DEVICES, guess, recognised
from custom_components.home_bms.hw.can_fast_packet import FastPackets
from custom_components.home_bms.hw.can_frame import EXTENDED, CanFrame
from custom_components.home_bms.hw.can_maps import frame_map
from custom_components.home_bms.hw.registers import Kind

from .speech import (
    BATRIUM,
    PYLONTECH,
    PYTES,
    daly,
    frames,
    heard_of,
    hv,
    ivt,
    jk,
    listened,
    nmea2000,
    orion,
    over_time,
    packets,
    reading_of,
    tinybms,
)

DOCS = Path(__file__).parents[3] / "docs" / "devices"
CELLS = tuple(3.281 + 0.001 * index for index in range(16))
SPEECH = {
    "can_pylontech": PYTES,
    "can_pylontech_hv": hv(),
    "can_jk": jk(CELLS),
    "can_daly": daly(CELLS),
    "can_orion": orion(CELLS),
    "can_tinybms": tinybms(CELLS),
    "can_batrium": BATRIUM,
    "can_nmea2000": nmea2000(),
    "can_ivt": ivt(),
    "can_ivt_little": ivt(order="<"),
}


# --- All of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", CAN_DEVICES)
def test_a_device_is_recognised_by_what_it_says(key: str) -> None:
    assert guess(frames(*SPEECH[key]))[0].key == key


@pytest.mark.parametrize("key", CAN_DEVICES)
def test_a_device_tells_enough_to_be_read(key: str) -> None:
    device = CAN_DEVICES[key]
    heard = heard_of(device, frames(*SPEECH[key]))
    assert any(heard.known(names) for names in device.needs)
    reading = reading_of(device, frames(*SPEECH[key]))
    assert reading.current is not None
    assert reading.voltage is not None
    assert reading.current_time == 100.0
    # Those that tell only the highest and lowest cell are watched: their cells are not made up.
    assert bool(reading.cells) is device.cells
    assert (reading.cells_time is not None) is device.cells
    assert len(reading.temperatures) == device.info(heard).temperature_sensors


@pytest.mark.parametrize("key", CAN_DEVICES)
def test_every_value_that_a_device_is_read_by_is_in_its_map(key: str) -> None:
    device = CAN_DEVICES[key]
    signals = {name for layout in frame_map(device.frames).messages.values() for name in layout.signals}
    if key == "can_orion":
        signals |= {"cell_1"}
    assert all(names <= signals for names in device.needs)
    masked = {known & device.mask for known in frame_map(device.frames).messages}
    assert {sign & device.mask for signs in device.signs for sign in signs} <= masked


@pytest.mark.parametrize("key", CAN_DEVICES)
def test_a_device_has_a_page(key: str) -> None:
    page = f"{key.removesuffix('_little')}.md"
    assert (DOCS / page).exists()
    assert f"]({page})" in (DOCS / "can.md").read_text()


def test_nothing_is_recognised_in_nothing() -> None:
    assert recognised(()) == []
    assert guess(frames("123 00", "18FF1234 00")) == []
    # A board that is none of a JK's twelve.
    assert guess(frames("2A0 0000000000000000")) == []


def test_a_value_counts_for_three_periods_and_at_least_five_seconds() -> None:
    device = CAN_DEVICES["can_pylontech"]
    lines = frames(*PYTES)
    assert reading_of(device, lines, now=104.9).soc == 51
    late = reading_of(device, lines, now=105.1)
    assert (late.soc, late.soh, late.alarms) == (None, None, None)
    # What has a time of its own tells its age by that.
    assert (late.current, late.current_time, late.temperatures_time) == (-0.7, 100.0, 100.0)
    assert late.capacity == 100


def test_a_group_is_as_old_as_the_oldest_of_its_parts() -> None:
    device = CAN_DEVICES["can_daly"]
    lines = list(over_time(daly(CELLS), 100.0, 0.05))
    reading = reading_of(device, lines)
    first = next(frame.time for frame in lines if frame.id == 0x18954001)
    assert reading.cells_time == pytest.approx(first)
    # One part that stops makes the whole row old.
    again = [
        frame for frame in over_time(daly(CELLS), 110.0, 0.05) if frame.data[:1] != b"\x03" or frame.id != 0x18954001
    ]
    assert reading_of(device, [*lines, *again]).cells_time < 110


def test_what_an_inverter_says_is_no_sign_of_life_of_a_battery() -> None:
    for key, line in (
        ("can_pylontech", "305 0000000000000000"),
        ("can_pylontech_hv", "00004200 00"),
        ("can_daly", "18900140 00"),
    ):
        assert listened(CAN_DEVICES[key], frames(line)).nodes == {}


def test_how_often_a_message_comes_is_learned_where_its_map_does_not_say() -> None:
    device = CAN_DEVICES["can_tinybms"]
    lines = [frame for start in range(0, 80, 8) for frame in frames(*tinybms(CELLS), time=100.0 + start)]
    assert heard_of(device, lines, now=lines[-1].time + 15).get("soc") == 63.4
    assert heard_of(device, lines, now=lines[-1].time + 60).get("soc") is None


@pytest.mark.parametrize("key", CAN_DEVICES)
@settings(max_examples=60)
@given(data=st.data())
def test_what_is_taken_away_is_unknown_and_nothing_else_changes(key: str, data: st.DataObject) -> None:
    device = CAN_DEVICES[key]
    whole = frames(*SPEECH[key])
    full = reading_of(device, whole)
    lengths = data.draw(st.tuples(*(st.integers(-1, len(frame.data)) for frame in whole)))
    left = [
        replace(frame, data=frame.data[:length]) for frame, length in zip(whole, lengths, strict=True) if length >= 0
    ]
    ear = listened(device, left)
    for heard in ear.nodes.values():
        heard.now = heard.last_time
        less = device.reading(heard, device.info(heard))
        # Without an installed capacity the one online is taken.
        assert less.capacity in (None, full.capacity, *([50] if key == "can_pylontech" else []))
        for name in ("current", "voltage", "soc", "soh", "cycles", "switch_temperature"):
            assert getattr(less, name) in (None, getattr(full, name)), name
        assert all(cell in (None, there) for cell, there in zip(less.cells, full.cells, strict=False))
        assert len(less.cells) <= len(full.cells)
        assert (less.alarms or set()) <= full.alarms if full.alarms is not None else less.alarms is None


# --- Pylontech, Victron, SMA -----------------------------------------------------------------------------------------


def test_a_pack_of_the_victron_kind_tells_name_extremes_and_capacity() -> None:
    device = CAN_DEVICES["can_pylontech"]
    info = device.info(heard_of(device, frames(*PYTES)))
    assert (info.manufacturer, info.model, info.serial_number) == ("PYTES", "PYTES", "")
    assert (info.firmware, info.capacity, info.temperature_sensors, info.cells) == ("6e.01", 100, 2, None)
    reading = reading_of(device, frames(*PYTES))
    assert (reading.voltage, reading.current, reading.soc, reading.soh) == (52.62, -0.7, 51, 100)
    assert reading.temperatures == (15.85, 17.85)
    assert reading.alarms == frozenset()
    # Its permissions are no switches.
    assert reading.switches == Switches()


def test_an_older_pylontech_tells_an_average_temperature() -> None:
    device = CAN_DEVICES["can_pylontech"]
    reading = reading_of(device, frames(*PYLONTECH))
    assert (reading.voltage, reading.current, reading.temperatures) == (48.66, 0.0, (33.0,))
    assert reading.alarms == frozenset()
    info = device.info(heard_of(device, frames(*PYLONTECH)))
    assert (info.manufacturer, info.model) == ("unknown", "CAN pack")


@pytest.mark.parametrize(
    ("lines", "alarms"),
    [
        (("359 0200000000",), {"cell_overvoltage"}),
        (("359 0400000000",), {"cell_undervoltage"}),
        (("359 9808000000",), {"discharge_overcurrent", "undertemperature", "overtemperature", "system_error"}),
        (("359 0001000000",), {"charge_overcurrent"}),
        (("359 0000020900",), {"cell_overvoltage_warning", "internal_communication_lost_warning",
                               "charge_overcurrent_warning"}),
        (("35A 0400000004000000",), {"pack_overvoltage", "pack_overvoltage_warning"}),
        (("35A AAAAAAAAAAAAAAAA",), set()),
        (("35A 5555550155555501",), "all"),
        (("359 0000800000", "35A 0040000000000000"), {"discharge_overcurrent", "discharge_overcurrent_warning"}),
    ],
)  # fmt: skip
def test_alarms_of_both_dialects_are_told(lines: tuple[str, ...], alarms: set[str] | str) -> None:
    told = reading_of(CAN_DEVICES["can_pylontech"], frames("356 8E14F9FFB400", *lines)).alarms
    if alarms == "all":
        assert len(told) == 26
        assert {"short_circuit", "contactor_fault", "cell_difference_warning", "device_fault"} <= told
    else:
        assert told == alarms


def test_a_serial_number_counts_only_whole_and_where_it_is_its_own() -> None:
    device = CAN_DEVICES["can_pylontech"]

    def told(*lines: str) -> str:
        return device.info(heard_of(device, frames(*PYTES, *lines))).serial_number

    first, second = f"380 {b'AB123456'.hex()}", f"381 {b'789'.hex()}"
    assert told(first) == ""
    assert told(first, second) == "AB123456789"
    assert told(f"380 {b'JBD87654'.hex()}", f"381 {b'321'.hex()}") == ""


def test_a_longer_name_and_the_online_capacity_are_taken_where_told() -> None:
    device = CAN_DEVICES["can_pylontech"]
    info = device.info(heard_of(device, frames("356 8E14F9FFB400", "35F 4C4901033C02AA00",
                                               f"370 {b'Battery '.hex()}", f"371 {b'Box'.hex()}")))  # fmt: skip
    assert (info.model, info.firmware, info.capacity) == ("Battery Box", "1.03", 572)
    assert device.info(heard_of(device, frames("356 8E14F9FFB400", f"382 {b'PREMIUM'.hex()}"))).model == "PREMIUM"


def test_a_high_voltage_pack_tells_its_build_and_what_it_forbids() -> None:
    device = CAN_DEVICES["can_pylontech_hv"]
    heard = heard_of(device, frames(*hv()))
    info = device.info(heard)
    assert (info.manufacturer, info.model, info.cells, info.capacity) == ("Pylontech", "PYLONTECH", 45, 50)
    assert info.firmware == "3.2"
    reading = reading_of(device, frames(*hv()))
    assert (reading.voltage, reading.current, reading.soc, reading.soh) == (148.5, -12.5, 63, 98)
    assert reading.temperatures == (19.8, 23.0)
    assert (reading.cycles, reading.cells) == (41, ())
    assert reading.alarms == {"cell_overvoltage_warning", "cell_undervoltage"}
    assert heard.get("dcl") == 25.0
    assert heard.get("discharge_forbidden") == 0xAA
    alone = reading_of(device, frames(hv()[0]))
    assert (alone.temperatures, alone.alarms) == ((21.5,), None)


def test_several_high_voltage_packs_are_told_apart_by_their_address() -> None:
    device = CAN_DEVICES["can_pylontech_hv"]
    ear = listened(device, frames(*hv(1), *hv(3)))
    assert sorted(ear.nodes) == [1, 3]
    assert sorted(listened(device, frames(*hv(1), *hv(3)), node=3).nodes) == [3]


def test_a_high_voltage_pack_with_no_cells_is_none() -> None:
    device = CAN_DEVICES["can_pylontech_hv"]
    with pytest.raises(ValueError, match="not 0"):
        device.info(heard_of(device, frames("00007320 0000030F90003200")))


# --- Boards that tell their cells ------------------------------------------------------------------------------------


def test_a_jk_tells_everything_and_its_paper_has_discharging_positive() -> None:
    device = CAN_DEVICES["can_jk"]
    reading = reading_of(device, frames(*jk(CELLS)))
    assert reading.cells == pytest.approx(CELLS)
    assert reading.current == pytest.approx(-12.5)
    assert device.reversible
    assert (reading.voltage, reading.soc, reading.capacity, reading.cycles) == (52.5, 63, 280.0, 41)
    assert reading.temperatures == (22, 21, 20, 10)
    assert reading.switch_temperature == 32
    assert reading.switches == Switches(charge=True, discharge=False)
    assert reading.balancing is True
    assert reading.alarms == frozenset()
    assert device.info(heard_of(device, frames(*jk(CELLS)))).cells == 16


def test_a_jk_of_the_first_version_tells_no_cells() -> None:
    device = CAN_DEVICES["can_jk"]
    lines = frames("2F4 1301D71133006400", "4F4 8C0A059209080000", "5F4 48062F013F000000", "7F4 4300200000000000")
    reading = reading_of(device, lines)
    assert (reading.cells, reading.voltage, reading.soc) == ((), 27.5, 51)
    assert reading.current == pytest.approx(-56.7)
    assert reading.temperatures == (-3, 22)
    assert reading.switch_temperature is None
    # Of three levels the first is the serious one.
    assert reading.alarms == {"cell_overvoltage_warning", "pack_undervoltage", "soc_low_warning"}
    # The frame comes only while an alarm stands.
    more = frames("2F4 1301D71133006400", time=120.0)
    assert reading_of(device, [*lines, *more]).alarms == frozenset()


def test_jk_boards_with_addresses_are_told_apart() -> None:
    device = CAN_DEVICES["can_jk"]
    ear = listened(device, frames("2F5 1301D71133006400", "18E028F6 D20CD20CD20CD20C", "4F4 8C0A059209080000"))
    assert {node: heard.names()[0] for node, heard in ear.nodes.items()} == {
        1: "voltage",
        2: "cell_1",
        0: "cell_max",
    }


def test_a_cell_of_a_jk_that_reads_nothing_any_more_is_unknown() -> None:
    device = CAN_DEVICES["can_jk"]
    gone = frames("18E028F4 D10C0000D30CD40C")
    assert reading_of(device, [*frames(*jk(CELLS)), *gone]).cells[:3] == (3.281, None, 3.283)


def test_a_sensor_and_the_last_cell_that_fall_out_keep_their_places() -> None:
    device = CAN_DEVICES["can_jk"]
    gone = frames("18E328F4 DD0CDE0CDF0C0000", "18F228F4 1F4752463C3C")
    reading = reading_of(device, [*frames(*jk(CELLS)), *gone])
    assert (len(reading.cells), reading.cells[-1]) == (16, None)
    gone = frames("18F228F4 0D4752463C3C")
    assert reading_of(device, [*frames(*jk(CELLS)), *gone]).temperatures == (21, None, 10, None)
    pytes = reading_of(CAN_DEVICES["can_pylontech"], frames(*PYTES, "373 D80CDA0CFFFF2301"))
    assert pytes.temperatures == (None, 17.85)


def test_a_daly_tells_everything_and_no_more_cells_than_it_has() -> None:
    device = CAN_DEVICES["can_daly"]
    reading = reading_of(device, frames(*daly(CELLS)))
    assert reading.cells == pytest.approx(CELLS)
    assert (reading.current, reading.soc, reading.cycles, reading.capacity) == (-12.5, 63.4, 41, 280.0)
    assert reading.temperatures == (21, 22)
    assert reading.switches == Switches(charge=True, discharge=False)
    assert reading.balancing is True
    assert reading.alarms == {"cell_overvoltage", "short_circuit"}


def test_a_daly_whose_current_contradicts_itself_has_none() -> None:
    """Which way is positive differs among boards (`can/07_pack_side.md`)."""
    device = CAN_DEVICES["can_daly"]
    assert reading_of(device, frames(*daly(CELLS, current=12.5, state=2))).current is None
    assert reading_of(device, frames(*daly(CELLS, current=-12.5, state=1))).current is None
    assert reading_of(device, frames(*daly(CELLS, current=0.8, state=2))).current == pytest.approx(0.8)
    assert reading_of(device, frames(*daly(CELLS, current=12.5, state=0))).current == pytest.approx(12.5)
    # Once the user has turned it round it is known.
    turned = frames(*daly(CELLS, current=12.5, state=2))
    assert reading_of(device, turned, inverted=True).current == pytest.approx(-12.5)


def test_a_daly_without_single_sensors_tells_its_extremes() -> None:
    device = CAN_DEVICES["can_daly"]
    lines = [line for line in daly(CELLS) if not line.startswith("1896")]
    assert reading_of(device, frames(*lines)).temperatures == (18, 23)
    with pytest.raises(ValueError, match="not 99"):
        device.info(heard_of(device, frames("18944001 63020000000029")))


def test_two_dalys_are_told_apart() -> None:
    device = CAN_DEVICES["can_daly"]
    assert sorted(listened(device, frames(*daly(CELLS), *daly(CELLS, node=2))).nodes) == [1, 2]
    assert [poll.key_for(2) for poll in device.polls][:2] == [EXTENDED | 0x18900240, EXTENDED | 0x18910240]


def test_an_orion_tells_its_cells_one_by_one() -> None:
    device = CAN_DEVICES["can_orion"]
    reading = reading_of(device, frames(*orion(CELLS, balancing=3)))
    assert reading.cells == pytest.approx(CELLS)
    # Tenths of a percent where others have hundredths.
    assert (reading.soc, reading.current, reading.temperatures) == (51.0, -0.7, (18.0,))
    assert reading.balancing is True
    assert reading.alarms == frozenset()
    broken = [frames(orion(CELLS)[4])[0]]
    broken[0] = CanFrame(id=0x36, data=broken[0].data[:-1] + b"\x00", time=100.0)
    ear = listened(device, [*frames(*orion(CELLS[:4])), *broken])
    assert ear.broken == 1
    assert device.info(ear.nodes[0]).cells == 4


def test_an_orion_with_its_cells_alone_tells_them() -> None:
    reading = reading_of(CAN_DEVICES["can_orion"], frames(*orion(CELLS)[:16]))
    assert len(reading.cells) == 16
    assert (reading.alarms, reading.temperatures, reading.current) == (None, (), None)


def test_a_tinybms_tells_what_it_was_asked_for() -> None:
    device = CAN_DEVICES["can_tinybms"]
    reading = reading_of(device, frames(*tinybms(CELLS)))
    assert reading.cells == pytest.approx(CELLS)
    assert reading.current == -12.5
    assert reading.soc == 63.4
    # The second sensor is not there; the first of all is the board's own.
    assert reading.temperatures == (21.5,)
    assert reading.switch_temperature == pytest.approx(31.2)
    assert reading.alarms == frozenset()
    assert reading_of(device, frames(*tinybms(CELLS, current=12.5))).current is None
    assert reading_of(device, frames(*tinybms(CELLS, state=0x9B))).alarms == {"device_fault"}


# --- What only sums up, and meters -----------------------------------------------------------------------------------


def test_a_batrium_sums_up() -> None:
    device = CAN_DEVICES["can_batrium"]
    info = device.info(heard_of(device, frames(*BATRIUM)))
    assert (info.serial_number, info.hardware, info.firmware, info.capacity) == ("12345", "4", "1234", 280.0)
    reading = reading_of(device, frames(*BATRIUM))
    assert (reading.voltage, reading.current, reading.soc, reading.soh) == (52.5, -12.5, 63.4, 98.0)
    assert reading.temperatures == (18, 22)
    assert (reading.cells, reading.balancing, reading.alarms) == ((), True, frozenset())
    critical = frames("507 010000000000")
    assert reading_of(device, [*frames(*BATRIUM), *critical]).alarms == {"device_fault"}


def test_a_batrium_at_another_base_is_found_where_the_user_says() -> None:
    device = CAN_DEVICES["can_batrium"]
    moved = [f"6{line[1:]}" for line in BATRIUM]
    assert listened(device, frames(*moved)).nodes == {}
    assert list(listened(device, frames(*moved), node=0x600).nodes) == [0x600]


def test_a_battery_monitor_tells_through_long_messages_too() -> None:
    device = CAN_DEVICES["can_nmea2000"]
    reading = reading_of(device, frames(*nmea2000()))
    assert (reading.voltage, reading.current, reading.soc, reading.soh) == (26.4, -12.5, 63, 98)
    assert reading.temperatures == (21.0,)
    assert device.kind is Kind.METER
    # Any sender, any priority; its batteries are parts of it.
    other = [f"0D{line[2:]}" for line in nmea2000(source=0x24, instance=2)]
    ear = listened(device, frames(*nmea2000(), *other))
    assert sorted(ear.nodes) == [0x1100, 0x2402]
    assert listened(device, frames(*nmea2000(), *other), node=0x2402).nodes.keys() == {0x2402}


def test_a_monitor_of_something_else_is_no_battery() -> None:
    device = CAN_DEVICES["can_nmea2000"]
    with pytest.raises(ValueError, match="kind 3"):
        device.info(heard_of(device, frames(*nmea2000(kind=3))))


@given(data=st.binary(min_size=1, max_size=200), sequence=st.integers(0, 7))
def test_a_long_message_is_put_together_whole_or_not_at_all(data: bytes, sequence: int) -> None:
    parts = [CanFrame(id=1, data=part, time=1.0) for part in packets(data, sequence)]
    whole = FastPackets()
    assert [told.data for part in parts if (told := whole.take(part))] == [data]
    for missing in range(len(parts)):
        holed = FastPackets()
        rest = parts[:missing] + parts[missing + 1 :]
        if len(parts) > 1:
            assert [part for part in rest if holed.take(part)] == []


def test_a_long_message_does_not_wait_for_its_rest_for_ever() -> None:
    first, second = (CanFrame(id=1, data=part, time=1.0) for part in packets(bytes(11), 0))
    packed = FastPackets()
    assert packed.take(first) is None
    assert packed.take(CanFrame(id=1, data=second.data, time=9.0)) is None
    assert packed.take(first) is None
    assert packed.take(CanFrame(id=1, data=packets(bytes(11), 1)[1], time=1.1)) is None
    assert packed.take(first) is None
    assert packed.take(CanFrame(id=1, data=second.data[:7], time=1.1)) is None
    assert packed.take(second) is None
    assert packed.take(first) is None
    assert packed.take(second).data == bytes(11)


@pytest.mark.parametrize(("key", "order", "other"), [("can_ivt", ">", "<"), ("can_ivt_little", "<", ">")])
def test_a_current_sensor_whose_bytes_stand_the_other_way_round_is_noticed(key: str, order: str, other: str) -> None:
    device = CAN_DEVICES[key]
    reading = reading_of(device, frames(*ivt(order=order)))
    assert (reading.current, reading.voltage, reading.cells) == (-12.5, 52.5, ())
    with pytest.raises(ValueError, match="other way round"):
        device.info(heard_of(device, frames(*ivt(order=other))))
    wrong = reading_of(device, frames(*ivt(order=order, state=4)))
    assert (wrong.current, wrong.voltage) == (None, None)


# --- What a pack asks for -------------------------------------------------------------------------------------------


def asks(cvl: float, ccl: float, dcl: float, charge: bool | None = None, discharge: bool | None = None) -> AskedLimits:
    return AskedLimits(cvl=cvl, ccl=ccl, dcl=dcl, charge_allowed=charge, discharge_allowed=discharge)


@pytest.mark.parametrize(
    ("key", "lines", "asked"),
    [
        # Recorded; the newer dialect has no flags (victron_canbms.json, pylontech_lv.json).
        ("can_pylontech", PYTES, asks(56.8, 100.0, 100.0)),
        ("can_pylontech", PYLONTECH, asks(53.2, 370.0, 370.0, charge=True, discharge=True)),
        ("can_pylontech", (*PYLONTECH, "35C 4000"), asks(53.2, 370.0, 370.0, charge=False, discharge=True)),
        ("can_pylontech", (*PYLONTECH, "35C 8000"), asks(53.2, 370.0, 370.0, charge=True, discharge=False)),
        # Some tell a discharge limit below zero: -100 A.
        ("can_pylontech", (*PYTES, "351 3802E80318FCC701"), asks(56.8, 100.0, 100.0)),
        ("can_pylontech", PYTES[1:], None),
        ("can_pylontech_hv", hv(), asks(162.0, 25.0, 25.0, charge=True, discharge=False)),
        # Some tell the discharge limit above zero.
        (
            "can_pylontech_hv",
            (*hv(), f"00004220 {struct.pack('<HHHH', 1620, 1300, 30250, 30300).hex()}", "00004280 0000"),
            asks(162.0, 25.0, 30.0, charge=True, discharge=True),
        ),
        ("can_batrium", BATRIUM, asks(56.0, 100.0, 150.0, charge=True, discharge=True)),
        ("can_batrium", (*BATRIUM, "507 000001000000"), asks(56.0, 100.0, 150.0, charge=False, discharge=True)),
        ("can_orion", orion(CELLS), asks(56.0, 100.0, 100.0)),
        ("can_jk", jk(CELLS), None),
        ("can_daly", daly(CELLS), None),
        ("can_tinybms", tinybms(CELLS), None),
    ],
)
def test_the_limits_that_a_pack_asks_for_are_read(key: str, lines: tuple[str, ...], asked: AskedLimits | None) -> None:
    reading = reading_of(CAN_DEVICES[key], frames(*lines))
    assert reading.asked == asked
    assert reading.asked_time == (None if asked is None else 100.0)


def test_a_limit_that_was_not_heard_lately_is_none_and_the_others_are_as_old_as_the_oldest() -> None:
    device = CAN_DEVICES["can_pylontech"]
    lines = [*frames(*PYLONTECH), *frames("351 1402740E740ECC01", time=104.0)]
    assert reading_of(device, lines, now=104.5).asked_time == 100.0
    later = reading_of(device, lines, now=106.0)
    assert (later.asked, later.asked_time) == (AskedLimits(cvl=53.2, ccl=370.0, dcl=370.0), 104.0)
    gone = reading_of(device, lines, now=110.0)
    assert (gone.asked, gone.asked_time) == (None, None)
