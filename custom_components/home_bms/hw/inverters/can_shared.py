"""The frames that Pylontech, SMA, Victron and LuxPower have in common, little endian on 11-bit identifiers.

Layouts and periods are those of `can/01_pylontech_lv.md` and `can/02_sma_victron_canbms.md`.
"""

from __future__ import annotations

from struct import pack
from typing import Final

from ...core.bank import Bank, Extreme
from ..can_frame import EXTENDED
from . import can_alarms as a
from .can_fields import (
    U16,
    U32,
    ZERO_CELSIUS,
    RawLimits,
    extreme,
    known,
    letters,
    packed,
    raw,
    version,
    within,
)
from .can_protocol import FrameRow, Options

KEEPALIVE: Final = 0x305
"""Every second from any inverter of the family; a Schneider XW Pro sends it with 29 bits (`can/04_brand_usage.md`)."""
KEEPALIVES: Final = frozenset({KEEPALIVE, KEEPALIVE | EXTENDED})
UNKNOWN_UNSIGNED: Final = 0xFFFF
UNKNOWN_SIGNED: Final = -0x8000

CHARGE_ENABLE: Final = 0x80
DISCHARGE_ENABLE: Final = 0x40
FORCE_CHARGE_1: Final = 0x20
FORCE_CHARGE_2: Final = 0x10
FULL_CHARGE: Final = 0x08

PROTECTION_BITS: Final = (
    *(a.NOTHING, a.ANY_HIGH, a.ANY_LOW, a.ANY_HOT, a.ANY_COLD, a.NOTHING, a.NOTHING, a.DISCHARGE_CURRENT | a.SHORT),
    # System error is bit 3: the maker's table, Sol-Ark, LuxPower, OpenDTU (`can/01_pylontech_lv.md`).
    *(a.CHARGE_CURRENT, a.NOTHING, a.NOTHING, a.SYSTEM | a.IMBALANCE),
)
"""0x359, bytes 0 and 1."""
WARNING_BITS: Final = (
    *(a.NOTHING, a.ANY_HIGH, a.ANY_LOW, a.ANY_HOT, a.ANY_COLD, a.NOTHING, a.NOTHING, a.DISCHARGE_CURRENT),
    *(a.CHARGE_CURRENT, a.NOTHING, a.NOTHING, a.INTERNAL),
)
"""0x359, bytes 2 and 3."""
PAIRS: Final = (
    *(a.GENERAL, a.ANY_HIGH, a.ANY_LOW, a.HOT),
    *(a.COLD, a.HOT_CHARGE, a.COLD_CHARGE, a.DISCHARGE_CURRENT),
    *(a.CHARGE_CURRENT, a.CONTACTOR, a.SHORT, a.INTERNAL),
    # The last three are reserved; "inactive" there is what BYD sends to SMA and Victron.
    *(a.IMBALANCE, a.NOTHING, a.NOTHING, a.NOTHING),
)
"""0x35A, bytes 0 to 3 for alarms, 4 to 7 for warnings."""


def requests(bank: Bank, limits: RawLimits, force: int) -> int:
    """Return byte 0 of 0x35C; nothing is asked for, nor enabled, that the limits told with it do not permit."""
    may_charge = limits.ccl > 0
    return (
        (CHARGE_ENABLE if may_charge else 0)
        | (DISCHARGE_ENABLE if limits.dcl > 0 else 0)
        | (force if bank.force_charge and may_charge else 0)
        | (FULL_CHARGE if bank.full_charge and may_charge else 0)
    )


def alarm_pairs(bank: Bank, options: Options) -> bytes | None:
    """Return 0x35A."""
    del options
    return packed("<II", a.alarm_pairs(bank.alarms, PAIRS), a.alarm_pairs(bank.warnings, PAIRS))


def battery_info(bank: Bank, kind: bytes) -> bytes:
    """Return 0x35F: two letters of the kind of battery, the firmware, Ah of the packs that take part."""
    return kind + pack("<2BHH", *version(bank.firmware), known(raw(bank.capacity, 1, U16), 0), 0)


def module_counts(bank: Bank, options: Options) -> bytes:
    """Return 0x372: modules that are well, that block charging, that block discharging, that are offline."""
    del options
    counts = (bank.packs, bank.packs_blocking_charge, bank.packs_blocking_discharge, bank.packs_offline)
    return pack("<4H", *(within(count, U16) for count in counts))


def cell_extremes(bank: Bank, options: Options) -> bytes | None:
    """Return 0x373 in mV and K; without the temperatures it is shorter."""
    del options
    cells = packed("<2H", extreme(bank.cell_min, 1000, U16), extreme(bank.cell_max, 1000, U16))
    warmth = packed("<2H", kelvin(bank.temperature_min), kelvin(bank.temperature_max))
    return cells if cells is None or warmth is None else cells + warmth


def kelvin(told: Extreme | None) -> int | None:
    """Return a temperature in whole kelvin."""
    return None if told is None else raw(told.value + ZERO_CELSIUS, 1, U16)


def name_of(told: Extreme | None, kind: str) -> bytes | None:
    """Return 0x374 to 0x377: which pack and which cell or sensor it is, as `P1C7`."""
    return None if told is None else letters(f"P{told.pack + 1}{kind}{told.place + 1}", 8)


def installed(bank: Bank, options: Options) -> bytes | None:
    """Return 0x379, in Ah."""
    del options
    return packed("<H", raw(bank.capacity, 1, U16))


def energies(bank: Bank, options: Options) -> bytes | None:
    """Return 0x378: energy in and out, each in 100 Wh."""
    del options
    return packed("<2I", raw(bank.energy_in, 0.01, U32), raw(bank.energy_out, 0.01, U32))


DETAILS: Final[tuple[FrameRow[Options], ...]] = (
    FrameRow(key=0x372, name="modules", encode=module_counts, period=1.0),
    FrameRow(key=0x373, name="cell extremes", encode=cell_extremes, period=1.0),
    FrameRow(key=0x374, name="lowest cell", encode=lambda b, _: name_of(b.cell_min, "C"), period=1.0),
    FrameRow(key=0x375, name="highest cell", encode=lambda b, _: name_of(b.cell_max, "C"), period=1.0),
    FrameRow(key=0x376, name="coldest sensor", encode=lambda b, _: name_of(b.temperature_min, "T"), period=1.0),
    FrameRow(key=0x377, name="warmest sensor", encode=lambda b, _: name_of(b.temperature_max, "T"), period=1.0),
)
"""0x372 to 0x377, which only show what is in the battery."""
