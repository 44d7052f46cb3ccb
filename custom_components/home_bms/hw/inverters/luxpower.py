"""LuxPower's variant of Pylontech's protocol, for LuxPower and EG4 inverters (V04.2, `can/04_brand_usage.md`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from struct import pack
from typing import Final

from ...core.bank import Bank
from ..can_frame import CanFrame
from . import can_shared as shared
from .can_fields import S16, U16, charge, extreme, health, known, letters, packed, raw, raw_limits
from .can_protocol import Answer, CanProtocol, FrameRow, Heard, Options, option
from .pylontech_lv import FORCES, Force, alarms

COMMAND: Final = 0x300
SHUT_DOWN: Final = 0x01
"""Bit 0 of its byte 0: rapid shut-down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LuxPowerOptions(Options):
    """Where these inverters differ."""

    name: str = option("", most=8)
    coarse_voltage: bool = False
    capacity: bool = True
    force_charge: Force = Force.FIRST


def _limits(bank: Bank, options: LuxPowerOptions) -> bytes:
    del options
    limits = raw_limits(bank)
    return pack("<H2hH", limits.cvl, limits.ccl, limits.dcl, limits.dvl)


def _charge(bank: Bank, options: LuxPowerOptions) -> bytes | None:
    del options
    return packed(
        "<4H", charge(bank), health(bank), extreme(bank.cell_max, 1000, U16), extreme(bank.cell_min, 1000, U16)
    )


def _measured(bank: Bank, options: LuxPowerOptions) -> bytes | None:
    warmest, coldest = extreme(bank.temperature_max, 10, S16), extreme(bank.temperature_min, 10, S16)
    if warmest is not None and warmest == coldest:
        # Two that are the same are not taken; the warmer one is shown 0.1 degree too high.
        warmest = min(warmest + 1, S16[1])
    return packed(
        "<4h",
        raw(bank.voltage, 10 if options.coarse_voltage else 100, S16),
        raw(bank.current, 10, S16),
        warmest,
        coldest,
    )


def _alarms(bank: Bank, options: LuxPowerOptions) -> bytes:
    del options
    return alarms(bank) + pack("<HB", known(raw(bank.capacity, 1, U16), 0), 0)


def _requests(bank: Bank, options: LuxPowerOptions) -> bytes:
    told = shared.requests(bank, raw_limits(bank), FORCES[options.force_charge])
    return pack("<2BH", told, 0, known(raw(bank.cycles, 1, U16), 0))


_ROWS: Final[tuple[FrameRow[LuxPowerOptions], ...]] = (
    FrameRow(key=0x35E, name="name", encode=lambda b, o: letters(o.name or b.name, 8), period=1.0),
    FrameRow(key=0x351, name="limits", encode=_limits, period=1.0),
    FrameRow(key=0x355, name="charge", encode=_charge, period=1.0),
    FrameRow(key=0x356, name="measured", encode=_measured, period=1.0),
    FrameRow(key=0x359, name="alarms", encode=_alarms, period=1.0),
    FrameRow(key=0x35C, name="requests", encode=_requests, period=1.0),
)
_CAPACITY: Final[FrameRow[LuxPowerOptions]] = FrameRow(key=0x379, name="capacity", encode=shared.installed, period=1.0)


def _hear(frame: CanFrame, heard: Heard, options: LuxPowerOptions) -> Answer:
    del options
    if frame.key != COMMAND:
        return Answer(replace(heard, time=frame.time))
    wanted = bool(frame.data) and bool(frame.data[0] & SHUT_DOWN)
    return Answer(replace(heard, time=frame.time, requests=frozenset({"shut_down"} if wanted else ())))


LUXPOWER: Final = CanProtocol(
    key="luxpower",
    name="LuxPower, EG4",
    options=LuxPowerOptions,
    rows=lambda options: (*_ROWS, _CAPACITY) if options.capacity else _ROWS,
    listens=shared.KEEPALIVES | {COMMAND},
    hear=_hear,
)
