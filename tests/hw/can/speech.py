"""What devices say on CAN, made for the tests."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from custom_components.home_bms.core.model import PackReading
from custom_components.home_bms.hw.can_device import CanDevice, Heard
from custom_components.home_bms.hw.can_ear import Ear
from custom_components.home_bms.hw.can_fast_packet import FIRST, NEXT
from custom_components.home_bms.hw.can_frame import EXTENDED, CanFrame, frame_of
from custom_components.home_bms.hw.can_maps import frame_map


def packets(data: bytes, sequence: int) -> list[bytes]:
    """Return a message as the data of its frames; `sequence` is 0 to 7."""
    frames, rest = [bytes((sequence << 5, len(data))) + data[:FIRST]], data[FIRST:]
    while rest:
        frames.append(bytes((sequence << 5 | len(frames),)) + rest[:NEXT].ljust(NEXT, b"\xff"))
        rest = rest[NEXT:]
    return [frame.ljust(8, b"\xff") for frame in frames]


def frames(*spoken: str, time: float = 100.0) -> list[CanFrame]:
    """Return frames that are written `351 3802E803`; eight digits are 29 bits."""
    made = []
    for text in spoken:
        name, _, data = text.partition(" ")
        key = int(name, 16) | (EXTENDED if len(name) > 3 else 0)
        made.append(frame_of(key, bytes.fromhex(data), time=time))
    return made


def listened(device: CanDevice, heard: Iterable[CanFrame], node: int | None = None) -> Ear:
    """Return the ear that has taken frames."""
    ear = Ear(device, frame_map(device.frames), node)
    for frame in heard:
        ear.take(frame)
    return ear


def heard_of(device: CanDevice, heard: Iterable[CanFrame], now: float | None = None) -> Heard:
    """Return what the first node of a device has said; `now` is the moment of judgement."""
    ear = listened(device, heard)
    told = ear.nodes[min(ear.nodes)]
    told.now = told.last_time if now is None else now
    return told


def reading_of(
    device: CanDevice, heard: Iterable[CanFrame], now: float | None = None, *, inverted: bool = False
) -> PackReading:
    """Return what home_bms makes of frames."""
    told = heard_of(device, heard, now)
    return device.read(told, device.info(told), inverted=inverted)


# What a Pytes V5a tells Venus OS (tests/hw/frames/can/victron_canbms.json).
PYTES = (
    "351 3802E803E803C701",
    "355 33006400",
    "356 8E14F9FFB400",
    "35A 0000000000000000",
    "35E 5059544553",
    "35F 01006E013200",
    "360 00",
    "372 0200010001000200",
    "373 D80CDA0C21012301",
    "374 3038303000000000",
    "375 3034303000000000",
    "378 400800002B070000",
    "379 6400",
)
# A stack of ten Pylontech modules (pylontech_lv.json).
PYLONTECH = ("351 1402740E740ECC01", "355 1A006400", "356 021300004A01", "359 000000000A504E", "35C C000")


def daly(cells: tuple[float, ...], current: float = -12.5, state: int = 2, node: int = 1) -> list[str]:
    """Return the answers of a Daly, all of them."""
    voltage = sum(cells)
    lines = [
        (0x90, struct.pack(">HHHH", round(voltage * 10), round(voltage * 10), round(current * 10) + 30000, 634)),
        (0x91, struct.pack(">HBHB", round(max(cells) * 1000), 1, round(min(cells) * 1000), 2)),
        (0x92, bytes((63, 1, 58, 2))),
        (0x93, struct.pack(">BBBBI", state, 1, 0, 7, 177520)),
        (0x94, struct.pack(">BBBBBH", len(cells), 2, 0, 0, 0, 41)),
        (0x96, bytes((1, 61, 62, 255, 255, 255, 255, 255))),
        (0x97, bytes((0b100, 0, 0, 0, 0, 0, 0, 0))),
        (0x98, bytes((0b10, 0, 0, 0, 0, 0, 0b100, 0))),
        (0x50, struct.pack(">IHH", 280000, 0, 3200)),
    ]
    for start in range(0, len(cells), 3):
        # A board with 16 cells fills the last frame with what stood there before.
        part = [*cells[start : start + 3], 3.0, 3.0][:3]
        lines.append((0x95, struct.pack(">B3Hx", start // 3 + 1, *(round(cell * 1000) for cell in part))))
    return [f"{0x18004000 | what << 16 | node:08X} {data.hex()}" for what, data in lines]


def jk(cells: tuple[float, ...], discharge: float = 12.5) -> list[str]:
    """Return what a JK with the second version of its protocol sends."""
    row = [round(cell * 1000) for cell in cells]
    row += [0] * (-len(row) % 4)
    return [
        f"2F4 {struct.pack('<HHBBH', 525, round((discharge + 400) * 10), 63, 0, 5).hex()}",
        f"4F4 {struct.pack('<HBHB', max(row), 1, min(row), 2).hex()}",
        "5F4 480247014600",
        f"18F128F4 {struct.pack('<HHHH', 1764, 2800, 9000, 41).hex()}",
        "18F228F4 3F484752463C",
        "18F528F4 05",
        *(f"18E{part}28F4 {struct.pack('<4H', *row[4 * part : 4 * part + 4]).hex()}" for part in range(len(row) // 4)),
    ]


def orion(cells: tuple[float, ...], balancing: int = -1) -> list[str]:
    """Return Orion's broadcast of its cells, and the frames of SMA's protocol."""
    lines = []
    for index, cell in enumerate(cells):
        body = struct.pack(">BHHH", index, round(cell * 10000), 0x8000 * (index == balancing) | 25, round(cell * 10000))
        lines.append(f"036 {body.hex()}{(0x36 + 8 + sum(body)) & 0xFF:02x}")
    return [*lines, "351 3002E803E803B801", "355 33006400FE01", "356 8E14F9FFB400", "35A AAAAAAAAAAAAAAAA"]


def tinybms(cells: tuple[float, ...], current: float = -12.5, state: int = 0x93) -> list[str]:
    """Return a TinyBMS's answers."""
    short = [
        (0x14, struct.pack("<f", sum(cells))),
        (0x15, struct.pack("<f", current)),
        (0x18, struct.pack("<H", state)),
        (0x1A, struct.pack("<I", 63_400_000)),
    ]
    lines = [f"241 01{command:02x}{value.hex():0<12}" for command, value in short]
    lines += [
        f"241 011b06{struct.pack('<h', value).hex()}{index:02x}" for index, value in enumerate((312, 215, -32768))
    ]
    return lines + [
        f"241 011c20{struct.pack('<H', round(cell * 10000)).hex()}{index:02x}" for index, cell in enumerate(cells)
    ]


BATRIUM = (
    "500 0400D20439300000",
    f"501 {struct.pack('<HHHBB', 3281, 3302, 3290, 4, 9).hex()}",
    "502 3A3E3C0102",
    "503 010000",
    f"504 {struct.pack('<hhh', 525, -125, -65).hex()}",
    f"505 {struct.pack('<hhHH', 6340, 9800, 1775, 2800).hex()}",
    f"506 {struct.pack('<4H', 560, 1000, 480, 1500).hex()}",
    "507 000101000000",
)


def nmea2000(source: int = 0x11, instance: int = 0, voltage: float = 26.4, kind: int = 0) -> list[str]:
    """Return what a battery monitor says; the second message comes in two frames."""
    status = struct.pack("<BhhHB", instance, round(voltage * 100), -125, 29415, 3)
    details = struct.pack("<BBBBBHHH", 3, instance, kind, 63, 98, 480, 0xFFFF, 178)
    return [
        f"{0x19F21400 | source:08X} {status.hex()}",
        *(f"{0x19F21200 | source:08X} {part.hex()}" for part in packets(details, 5)),
    ]


def ivt(current: float = -12.5, voltage: float = 52.5, order: str = ">", state: int = 0) -> list[str]:
    """Return the results of a current sensor."""
    values = (current * 1000, voltage * 1000, 0, 0, 215, current * voltage, -5000, -300)
    return [
        f"{0x521 + index:03X} {struct.pack(f'{order}BBi', index, state << 4 | 3, round(value)).hex()}"
        for index, value in enumerate(values)
    ]


def hv(address: int = 0) -> list[str]:
    """Return a high-voltage Pylontech's answers."""
    return [
        f"{0x4210 | address:08X} {struct.pack('<HHHBB', 1485, 29875, 1215, 63, 98).hex()}",
        f"{0x4220 | address:08X} {struct.pack('<HHHH', 1620, 1300, 30250, 29750).hex()}",
        f"{0x4230 | address:08X} {struct.pack('<HHHH', 3302, 3281, 4, 9).hex()}",
        f"{0x4240 | address:08X} {struct.pack('<HHHH', 1230, 1198, 1, 2).hex()}",
        f"{0x4250 | address:08X} 022900000200{0x100:04x}",
        f"{0x4280 | address:08X} 00AA000000000000",
        f"{0x7320 | address:08X} 2D00030F90003200",
        f"{0x7330 | address:08X} {b'PYLONTEC'.hex()}",
        f"{0x7340 | address:08X} {b'H'.hex()}",
        f"{0x7310 | address:08X} 0100020103020000",
    ]


def over_time(lines: Iterable[str], start: float, step: float) -> Iterator[CanFrame]:
    """Yield frames that come one after the other."""
    for number, line in enumerate(lines):
        yield from frames(line, time=start + number * step)
