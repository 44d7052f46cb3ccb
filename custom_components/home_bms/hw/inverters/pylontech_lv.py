"""Pylontech's low-voltage protocol, which nearly every 48 V hybrid inverter understands.

Little endian, 11-bit identifiers, 500 kbit/s (`can/01_pylontech_lv.md`, `can/04_brand_usage.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from struct import pack
from types import MappingProxyType
from typing import Final

from ...core.bank import Bank
from . import can_shared as shared
from .can_alarms import alarm_bits
from .can_fields import S16, U8, U16, charge, health, known, letters, packed, raw, raw_limits, sign, within
from .can_protocol import CanProtocol, FrameRow, Options, alive, option


class Frames(StrEnum):
    """Which of the protocol's versions is told."""

    UNION = "union"
    """All of them; what every listed inverter took (YamBMS, "PYLON V2")."""
    V1_2 = "v1_2"
    """0x359 and 0x35C, up to 2020."""
    V1_3 = "v1_3"
    """0x35A and 0x35F; it cannot ask to be charged."""


class Force(StrEnum):
    """Which bit of 0x35C asks to be charged from anywhere."""

    FIRST = "first"
    """Bit 5: nearly empty, 0xA0."""
    SECOND = "second"
    """Bit 4: before it shuts down, 0x90."""
    BOTH = "both"


FORCES: Final[Mapping[Force, int]] = MappingProxyType(
    {
        Force.FIRST: shared.FORCE_CHARGE_1,
        Force.SECOND: shared.FORCE_CHARGE_2,
        Force.BOTH: shared.FORCE_CHARGE_1 | shared.FORCE_CHARGE_2,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PylontechOptions(Options):
    """Where inverters that speak it differ."""

    frames: Frames = Frames.UNION
    name: str = option("PYLON", most=8)
    all_eight_bytes: bool = False
    discharge_voltage: bool = True
    negative_discharge_limit: bool = False
    discharging_positive: bool = False
    coarse_voltage: bool = False
    high_resolution_soc: bool = False
    zero_is_ignored: bool = False
    sofar_extras: bool = False
    force_charge: Force = Force.FIRST


def _limits(bank: Bank, options: PylontechOptions) -> bytes:
    limits = raw_limits(bank)
    least = int(options.zero_is_ignored)
    ccl, dcl = max(limits.ccl, least), max(limits.dcl, least)
    told = pack("<H2h", limits.cvl, ccl, sign(flipped=options.negative_discharge_limit) * dcl)
    return told + pack("<H", limits.dvl) if options.discharge_voltage else told


def _charge(bank: Bank, options: PylontechOptions) -> bytes | None:
    soc = charge(bank)
    if soc is None:
        return None
    told = pack("<2H", soc, health(bank))
    if options.high_resolution_soc or options.sofar_extras or options.frames is Frames.V1_3:
        # Packs of version 1.3 send it as 0.
        told += pack("<H", known(charge(bank, 100), 0) if options.high_resolution_soc else 0)
    if options.sofar_extras:
        told += pack("<H", known(raw(bank.remaining, 1, U16), 0))
    return told


def _measured(bank: Bank, options: PylontechOptions) -> bytes | None:
    told = packed(
        "<3h",
        raw(bank.voltage, 10 if options.coarse_voltage else 100, S16),
        raw(bank.current, 10 * sign(flipped=options.discharging_positive), S16),
        raw(bank.temperature, 10, S16),
    )
    if told is None or not options.sofar_extras:
        return told
    return told + pack("<H", known(raw(bank.cycles, 1, U16), 0))


def alarms(bank: Bank) -> bytes:
    """Return bytes 0 to 4 of 0x359: what stops it, what it warns of, packs in parallel."""
    return pack(
        "<2HB",
        alarm_bits(bank.alarms, shared.PROTECTION_BITS),
        alarm_bits(bank.warnings, shared.WARNING_BITS),
        within(bank.packs, U8),
    )


def _alarms(bank: Bank, options: PylontechOptions) -> bytes:
    del options
    return alarms(bank) + b"PN"


def _requests(bank: Bank, options: PylontechOptions) -> bytes:
    return bytes((shared.requests(bank, raw_limits(bank), FORCES[options.force_charge]), 0))


def _name(bank: Bank, options: PylontechOptions) -> bytes:
    del bank
    return letters(options.name, 8, b" ")


_NAME: Final = FrameRow(key=0x35E, name="name", encode=_name, period=1.0)
_BASIS: Final = (
    FrameRow(key=0x351, name="limits", encode=_limits, period=1.0),
    FrameRow(key=0x355, name="charge", encode=_charge, period=1.0),
    FrameRow(key=0x356, name="measured", encode=_measured, period=1.0),
)
_FIRST: Final = (
    FrameRow(key=0x359, name="alarms", encode=_alarms, period=1.0),
    FrameRow(key=0x35C, name="requests", encode=_requests, period=1.0),
)
_PAIRS: Final[FrameRow[PylontechOptions]] = FrameRow(
    key=0x35A, name="alarm pairs", encode=shared.alarm_pairs, period=1.0
)
_INFO: Final[FrameRow[PylontechOptions]] = FrameRow(
    key=0x35F, name="battery", encode=lambda bank, _: shared.battery_info(bank, b"LI"), period=1.0
)
_INSTALLED: Final[FrameRow[PylontechOptions]] = FrameRow(
    key=0x379, name="capacity", encode=shared.installed, period=1.0
)
_SETS: Final[Mapping[Frames, tuple[FrameRow[PylontechOptions], ...]]] = MappingProxyType(
    {
        Frames.UNION: (_NAME, *_BASIS, *_FIRST, _PAIRS, *shared.DETAILS, _INSTALLED, _INFO),
        Frames.V1_2: (_NAME, *_BASIS, *_FIRST),
        Frames.V1_3: (_NAME, *_BASIS, _PAIRS, _INFO),
    }
)


def _rows(options: PylontechOptions) -> tuple[FrameRow[PylontechOptions], ...]:
    rows = _SETS[options.frames]
    if not options.all_eight_bytes:
        return rows
    return tuple(replace(row, encode=partial(_eight, row.encode)) for row in rows)


def _eight(
    encode: Callable[[Bank, PylontechOptions], bytes | None], bank: Bank, options: PylontechOptions
) -> bytes | None:
    told = encode(bank, options)
    return told and told.ljust(8, b"\0")


PYLONTECH_LV: Final = CanProtocol(
    key="pylontech_lv",
    name="Pylontech (48 V)",
    options=PylontechOptions,
    rows=_rows,
    listens=shared.KEEPALIVES,
    hear=alive,
)
