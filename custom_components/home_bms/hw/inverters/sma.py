"""SMA's protocol for a Sunny Island, which GoodWe's 48 V inverters understand too.

Little endian, 11-bit identifiers, 500 kbit/s (`can/02_sma_victron_canbms.md`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from struct import pack
from typing import Final

from ...core.bank import Bank
from ..can_frame import CanFrame
from . import can_shared as shared
from .can_fields import S16, charge, health, known, letters, raw, raw_limits
from .can_protocol import LIMITS, Answer, CanProtocol, FrameRow, Heard, Options, option
from .inverter import Ability

VOLTAGES: Final = (410, 630)
"""0.1 V of charging; what is outside is dropped silently, and the last good one kept."""
CUTOFFS: Final = (410, 480)
CURRENTS: Final = (0, 12000)
"""0.1 A."""
STATE: Final = 0x306
WARNING_STATE: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SmaOptions(Options):
    """Where a Sunny Island and a GoodWe differ."""

    period: float = option(0.5, least=0.1, most=1.0)
    manufacturer: str = option("SMA", most=8)
    values_in_keepalive: bool = True


def _limits(bank: Bank, options: SmaOptions) -> bytes:
    del options
    limits = raw_limits(bank, charge_voltage=VOLTAGES, discharge_voltage=CUTOFFS, current=CURRENTS)
    return pack("<H2hH", limits.cvl, limits.ccl, limits.dcl, limits.dvl)


def _charge(bank: Bank, options: SmaOptions) -> bytes:
    del options
    unknown = shared.UNKNOWN_UNSIGNED
    return pack("<3H", known(charge(bank), unknown), health(bank), known(charge(bank, 100), unknown))


def _measured(bank: Bank, options: SmaOptions) -> bytes:
    del options
    values = (raw(bank.voltage, 100, S16), raw(bank.current, 10, S16), raw(bank.temperature, 10, S16))
    return pack("<3h", *(known(value, shared.UNKNOWN_SIGNED) for value in values))


_ROWS: Final[tuple[FrameRow[SmaOptions], ...]] = (
    FrameRow(key=0x351, name="limits", encode=_limits),
    FrameRow(key=0x355, name="charge", encode=_charge),
    FrameRow(key=0x356, name="measured", encode=_measured),
    FrameRow(key=0x35A, name="alarm pairs", encode=shared.alarm_pairs),
    FrameRow(key=0x35B, name="events", encode=lambda _, __: bytes(8)),
    FrameRow(key=0x35E, name="manufacturer", encode=lambda _, o: letters(o.manufacturer, 8)),
    FrameRow(key=0x35F, name="battery", encode=lambda b, _: shared.battery_info(b, b"Li")),
)


def _rows(options: SmaOptions) -> tuple[FrameRow[SmaOptions], ...]:
    return tuple(replace(row, period=options.period) for row in _ROWS)


def _hear(frame: CanFrame, heard: Heard, options: SmaOptions) -> Answer:
    heard = replace(heard, time=frame.time)
    if not options.values_in_keepalive or len(frame.data) < 8:
        return Answer(heard)
    if frame.key == shared.KEEPALIVE:
        voltage, current, _, _ = struct.unpack("<H3h", frame.data)
        # Negative while charging.
        return Answer(replace(heard, told=frame.time, voltage=_told(voltage, 0xFFFF), current=_told(-current, 0x8000)))
    if frame.key == STATE:
        _, _, state, number, setpoint = struct.unpack("<HBBHH", frame.data)
        alarms = frozenset({f"error_{number}"}) if state >= WARNING_STATE else frozenset()
        return Answer(replace(heard, cvl=_told(setpoint, 0xFFFF), alarms=alarms))
    return Answer(heard)


def _told(value: int, unknown: int) -> float | None:
    return None if value == unknown else value / 10


SMA: Final = CanProtocol(
    key="sma",
    name="SMA Sunny Island",
    options=SmaOptions,
    rows=_rows,
    listens=shared.KEEPALIVES | {STATE, 0x307},
    hear=_hear,
    abilities=LIMITS | Ability.MEASURES,
    lease=60.0,
)
