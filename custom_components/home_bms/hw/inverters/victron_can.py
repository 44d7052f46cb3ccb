"""Victron's CAN-bus BMS protocol, for a GX device.

Little endian, 11-bit identifiers, 500 kbit/s (`can/02_sma_victron_canbms.md`); the order is that of a BYD battery.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from struct import pack
from typing import Final

from ...core.bank import Bank
from ..can_frame import CanFrame
from . import can_shared as shared
from .can_fields import S16, charge, health, letters, packed, raw, raw_limits
from .can_protocol import Answer, CanProtocol, FrameRow, Heard, Options, option

GX: Final = 0x307
SIGNATURE: Final = b"\x12\x34\x56\x78VIC"


@dataclass(frozen=True, slots=True, kw_only=True)
class VictronOptions(Options):
    """What can be told differently."""

    manufacturer: str = option("", most=8)
    high_resolution_soc: bool = True
    force_charge: bool = True


def _limits(bank: Bank, options: VictronOptions) -> bytes:
    del options
    limits = raw_limits(bank)
    return pack("<H2hH", limits.cvl, limits.ccl, limits.dcl, limits.dvl)


def _charge(bank: Bank, options: VictronOptions) -> bytes | None:
    told = packed("<2H", charge(bank), health(bank))
    if told is None or not options.high_resolution_soc:
        return told
    return told + (packed("<H", charge(bank, 100)) or b"")


def _measured(bank: Bank, options: VictronOptions) -> bytes | None:
    del options
    return packed("<3h", raw(bank.voltage, 100, S16), raw(bank.current, 10, S16), raw(bank.temperature, 10, S16))


def _manufacturer(bank: Bank, options: VictronOptions) -> bytes:
    return letters(options.manufacturer or bank.name, 8)


def _force_charge(bank: Bank, options: VictronOptions) -> bytes:
    wanted = options.force_charge and bank.force_charge and raw_limits(bank).ccl > 0
    return b"\xff" if wanted else b"\0"


def _half(text: str, half: int) -> bytes:
    return letters(text, 16)[8 * half : 8 * half + 8]


def _name(bank: Bank, options: VictronOptions) -> str:
    # It must agree with the maker's in 0x35E.
    return options.manufacturer or bank.name


_ROWS: Final[tuple[FrameRow[VictronOptions], ...]] = (
    FrameRow(key=0x35E, name="manufacturer", encode=_manufacturer, period=1.0),
    FrameRow(key=0x370, name="name 1", encode=lambda b, o: _half(_name(b, o), 0), period=1.0),
    FrameRow(key=0x371, name="name 2", encode=lambda b, o: _half(_name(b, o), 1), period=1.0),
    FrameRow(key=0x382, name="product", encode=lambda b, _: letters(b.name, 8), period=1.0),
    FrameRow(key=0x35F, name="battery", encode=lambda b, _: shared.battery_info(b, b"Li"), period=1.0),
    FrameRow(key=0x35A, name="alarm pairs", encode=shared.alarm_pairs, period=1.0),
    FrameRow(key=0x35B, name="events", encode=lambda _, __: bytes(8), period=1.0),
    FrameRow(key=0x351, name="limits", encode=_limits, period=1.0),
    FrameRow(key=0x355, name="charge", encode=_charge, period=1.0),
    FrameRow(key=0x356, name="measured", encode=_measured, period=1.0),
    FrameRow(key=0x360, name="force charge", encode=_force_charge, period=1.0),
    *shared.DETAILS,
    FrameRow(key=0x378, name="energy", encode=shared.energies, period=1.0),
    FrameRow(key=0x379, name="capacity", encode=shared.installed, period=1.0),
    FrameRow(key=0x380, name="serial number 1", encode=lambda b, _: _half(b.serial_number, 0), period=1.0),
    FrameRow(key=0x381, name="serial number 2", encode=lambda b, _: _half(b.serial_number, 1), period=1.0),
)


def _hear(frame: CanFrame, heard: Heard, options: VictronOptions) -> Answer:
    del options
    if frame.key == GX and frame.data.startswith(SIGNATURE):
        return Answer(replace(heard, time=frame.time, manufacturer="Victron Energy", model="GX"))
    return Answer(replace(heard, time=frame.time))


VICTRON_CAN: Final = CanProtocol(
    key="victron_can",
    name="Victron CAN-bus BMS",
    options=VictronOptions,
    rows=lambda _: _ROWS,
    listens=shared.KEEPALIVES | {0x306, GX},
    hear=_hear,
    lease=3.0,
)
