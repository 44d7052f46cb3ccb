"""The entrances by which CAN frames, their recordings and their descriptions come in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from math import isfinite
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from custom_components.home_bms.core.model import ConfigError, PackReading
from custom_components.home_bms.hw.can_controller import CanController
from custom_components.home_bms.hw.can_dbc import FrameMapError
from custom_components.home_bms.hw.can_device import CanDevice
from custom_components.home_bms.hw.can_devices import CAN_DEVICES, guess
from custom_components.home_bms.hw.can_ear import Ear
from custom_components.home_bms.hw.can_frame import (
    EXTENDED_MOST,
    LONGEST,
    CandumpError,
    CanFrame,
    frame_of,
    parse_candump,
)
from custom_components.home_bms.hw.can_layout import FrameMap
from custom_components.home_bms.hw.can_maps import FOLDER, frame_map, map_of
from custom_components.home_bms.hw.can_params import params_from_data
from custom_components.home_bms.hw.inverters.can_protocol import CanProtocol, Heard, data_of, options_from_data
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS
from custom_components.home_bms.hw.user_dbc import UserMap, user_device
from custom_components.home_bms.hw.user_dbc_guess import propose
from custom_components.home_bms.hw.user_dbc_rows import UserMapping, mapping_data, mapping_from_data
from tests.hw.can.recorded import key_of, vectors

from .entrance import Entrance
from .judged import numbers_in, sound
from .material import spoilt_bytes, spoilt_json, spoilt_text

DBCS: Final = {path.stem: path.read_text(encoding="ascii") for path in sorted(FOLDER.glob("*.dbc"))}
USERS: Final = """VERSION ""
NS_ :
BS_:
BU_: BMS
BO_ 1024 Pack: 8 BMS
 SG_ PackVolt : 0|16@1+ (0.1,0) [0|100] "V" Vector__XXX
 SG_ PackCurrent : 16|16@1- (0.1,0) [-500|500] "A" Vector__XXX
 SG_ SOC : 32|8@1+ (1,0) [0|100] "%" Vector__XXX
 SG_ Mux M : 40|8@1+ (1,0) [0|3] "" Vector__XXX
 SG_ Temp_1 m0 : 48|8@1- (1,0) [-40|120] "degC" Vector__XXX
 SG_ Temp_2 m1 : 48|8@1- (1,0) [-40|120] "degC" Vector__XXX
BO_ 2147484929 Cells: 8 BMS
 SG_ Cell_1_Volt : 0|16@1+ (0.001,0) [0|5] "V" Vector__XXX
 SG_ Cell_2_Volt : 16|16@1+ (0.001,0) [0|5] "V" Vector__XXX
 SG_ Cell_3_Volt : 32|16@1+ (0.001,0) [0|5] "V" Vector__XXX
 SG_ Cell_4_Volt : 48|16@1+ (0.001,0) [0|5] "V" Vector__XXX
CM_ SG_ 1024 SOC "state of charge";
VAL_ 1024 Mux 0 "first" 1 "second" ;
"""
USER_MAP: Final = map_of("user", USERS)
USER_ROWS: Final = {
    "rows": [
        {"message": "400", "signal": "PackVolt", "quantity": "voltage"},
        {"message": "400", "signal": "PackCurrent", "quantity": "current", "factor": -1},
        {"message": "400", "signal": "SOC", "quantity": "soc", "invalid": [255], "minimum": 0, "maximum": 100},
        {"message": "00000501", "signal": "Cell_{n}_Volt", "quantity": "cell", "count": 4},
    ],
    "checks": [{"message": "00000501", "kind": "crc8", "byte": 7}],
    "polls": [{"message": "7FF", "data": "0102", "every": 1.0}],
}
CANDUMP: Final = (
    "(1700000000.123456) can0 351#3802E803",
    "  can0  351   [8]  38 02 E8 03 E8 03 C7 01",
    "(0.0) can0 1CEBFF00#R8",
    " (1.5) vcan0 RX - - 00000351 [2] 01 02 'a.'",
)


class Passed(NamedTuple):
    """Frames as they pass on a bus: key and data, each so many s after the last."""

    frames: tuple[tuple[int, bytes, float], ...]

    @property
    def heard(self) -> Iterator[CanFrame]:
        now = 1000.0
        for key, data, later in self.frames:
            now += later
            yield frame_of(key, data, time=now)


def recorded(name: str) -> list[tuple[int, bytes]]:
    """Return what was recorded of the messages of a frame map, and of each of its messages one of zeros."""
    frames = frame_map(name)
    told = [(key_of(frame), bytes.fromhex(frame["data"])) for _, _, frame in vectors()]
    known = [(key, data) for key, data in told if key in frames.messages]
    return known + [(key, bytes(min(LONGEST, layout.size))) for key, layout in frames.messages.items()]


def buses(sound_frames: list[tuple[int, bytes]], flips: int = 0xFF) -> st.SearchStrategy[Passed]:
    """Return what passes on a bus on which a device talks, another one does, and the line spoils it."""

    @st.composite
    def frame(draw: st.DrawFn) -> tuple[int, bytes, float]:
        key, data = draw(st.sampled_from(sound_frames))
        if draw(st.integers(0, 5)) == 0:
            key ^= draw(st.integers(0, flips))
        data = draw(st.one_of(st.just(data), spoilt_bytes(st.just(data)), st.binary(max_size=LONGEST)))
        return key & (EXTENDED_MOST | 1 << 31), data[:LONGEST], draw(st.sampled_from((0.0, 0.1, 1.0, 30.0)))

    return st.lists(frame(), max_size=30).map(lambda frames: Passed(tuple(frames)))


def heard(device: CanDevice, frames: Any, passed: Passed) -> tuple[tuple[PackReading, int, int], ...]:
    """Listen to a bus; return what each node then reads, with its cells and sensors."""
    ear = Ear(device, frames)
    for frame in passed.heard:
        ear.take(frame)
    found = []
    for node in ear.nodes.values():
        node.shown()
        info = device.info(node)
        found.append((device.read(node, info), info.cells or 0, info.temperature_sensors))
    return tuple(found)


def nodes_sound(_: Any, found: tuple[tuple[PackReading, int, int], ...]) -> None:
    for reading, cells, sensors in found:
        # A device that tells its highest and lowest cell alone may say how many it has.
        assert len(reading.cells) in (0, cells)
        sound(reading, cells, sensors)


def asked(protocol: CanProtocol[Any], passed: Passed) -> Heard:
    """Listen to an inverter."""
    known, options = Heard(), protocol.options()
    for frame in passed.heard:
        if frame.key in protocol.listens:
            known = protocol.hear(frame, known, options).heard
    return known


def inverter_sound(_: Any, known: Heard) -> None:
    assert all(map(isfinite, numbers_in((known.voltage, known.current, known.cvl)))), known


def read_map(text: str) -> FrameMap:
    """Read a DBC, propose a mapping, and decode a frame of each message."""
    frames = map_of("user", text)
    # What is proposed may leave a gap for its user to fill.
    with suppress(ConfigError):
        UserMap(frames, mapping_from_data(mapping_data(UserMapping(rows=propose(frames)))))
    for key, layout in list(frames.messages.items())[:40]:
        for data in (bytes(8), b"\xff" * 8, b"\x80\0", b""):
            frames.decode_as(key, data[: layout.size])
    return frames


def read_mapping(data: Any) -> Any:
    """Read a mapping, and what it then makes of frames."""
    mapping = mapping_from_data(data)
    frames = UserMap(USER_MAP, mapping)
    device = user_device("user", "user", frames, mapping)
    cell = bytes.fromhex("e40ce50ce60ce70c")
    passed = Passed(
        ((0x400, bytes(8), 0.0), (0x80000501, cell, 0.1), (0x400, b"\xff" * 8, 0.1), (0x80000501, cell, 0.1))
    )
    return mapping_data(mapping), heard(device, frames, passed)


def mapping_sound(_: Any, told: Any) -> None:
    data, found = told
    assert mapping_data(mapping_from_data(data)) == data
    nodes_sound(None, found)


def errors(passed: Passed) -> CanController:
    """Take error frames of the kernel."""
    controller = CanController()
    controller.opened()
    for frame in passed.heard:
        controller.told(CanFrame(id=frame.id, data=frame.data, error=True, time=frame.time))
    return controller


def guessed(lines: list[str]) -> Any:
    """Read what candump wrote, and say what it may be."""
    return guess([parse_candump(line) for line in lines])


def _lines() -> st.SearchStrategy[list[str]]:
    told = [(key_of(frame), frame["data"]) for _, _, frame in vectors()]
    sound_lines = [f"(1.0) can0 {key & EXTENDED_MOST:0{8 if key >> 31 else 3}X}#{data}" for key, data in told]
    return st.lists(spoilt_text([*sound_lines, *CANDUMP], most=1), min_size=1, max_size=6)


def _devices() -> Iterator[Entrance]:
    for device in CAN_DEVICES.values():
        frames = frame_map(device.frames)
        yield Entrance(
            name=f"{device.key} on CAN",
            made=buses(recorded(device.frames)),
            take=lambda passed, device=device, frames=frames: heard(device, frames, passed),
            allowed=(ValueError,),
            holds=nodes_sound,
            share=0.5,
        )


def _inverters() -> Iterator[Entrance]:
    for protocol in CAN_PROTOCOLS.values():
        sound_frames = [(key, data) for key, data in _all_recorded() if key in protocol.listens]
        sound_frames += [(key, bytes(8)) for key in sorted(protocol.listens)]
        yield Entrance(
            name=f"{protocol.key} inverter on CAN",
            made=buses(sound_frames, flips=0),
            take=lambda passed, protocol=protocol: asked(protocol, passed),
            holds=inverter_sound,
            share=0.5,
        )
        yield Entrance(
            name=f"{protocol.key} options",
            made=spoilt_json({"keepalive": True, **data_of(protocol.options())}),
            take=lambda data, protocol=protocol: (
                options_from_data(protocol.options, data) if isinstance(data, dict) else None
            ),
            allowed=(ConfigError,),
            share=0.5,
        )


def _all_recorded() -> list[tuple[int, bytes]]:
    return [(key_of(frame), bytes.fromhex(frame["data"])) for _, _, frame in vectors()]


ENTRANCES: Final = (
    *_devices(),
    *_inverters(),
    Entrance(
        name="user DBC",
        made=spoilt_text((USERS, USERS, *[text for text in DBCS.values() if len(text) < 4000]), most=6),
        take=read_map,
        allowed=(FrameMapError, ConfigError),
        share=0.5,
    ),
    Entrance(
        name="user DBC mapping",
        made=spoilt_json(USER_ROWS),
        take=lambda data: read_mapping(data) if isinstance(data, dict) else None,
        allowed=(ConfigError,),
        holds=lambda given, told: None if told is None else mapping_sound(given, told),
    ),
    Entrance(
        name="user DBC frames",
        made=buses([(0x400, bytes(8)), (0x400, b"\xff" * 8), (0x80000501, bytes.fromhex("e40ce50ce60ce70c"))]),
        take=lambda passed: heard(_USER_DEVICE, _USER, passed),
        holds=nodes_sound,
    ),
    Entrance(name="candump", made=_lines(), take=guessed, allowed=(CandumpError,)),
    Entrance(name="CAN error frames", made=buses([(0x20000004, bytes(8)), (0x20000040, bytes(8))], 0x1FF), take=errors),
    Entrance(
        name="CAN bus settings",
        made=spoilt_json({"interface": "socketcan", "channel": "can0", "bitrate": 500000, "host": "", "port": 0}),
        take=lambda data: params_from_data(data) if isinstance(data, dict) else None,
        allowed=(ConfigError,),
    ),
)
_MAPPING: Final = mapping_from_data({"rows": USER_ROWS["rows"]})
_USER: Final = UserMap(USER_MAP, _MAPPING)
_USER_DEVICE: Final = user_device("user", "user", _USER, _MAPPING)
