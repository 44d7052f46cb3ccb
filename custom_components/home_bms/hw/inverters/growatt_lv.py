"""Growatt's low-voltage protocol, "CAN L51" of SPF and SPH inverters.

Big endian, 11-bit identifiers, 500 kbit/s (Rev_04 V1.04, `can/03_growatt.md` 3a). Nobody has confirmed it with home_bms
or, by its sources, with much else: an SPF takes Pylontech's as "L52", which many use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from struct import pack
from types import MappingProxyType
from typing import Final

from ...core.bank import Bank
from ..can_frame import CanFrame
from . import can_alarms as a
from .can_fields import (
    S16,
    U8,
    U16,
    bits,
    charge,
    extreme,
    health,
    known,
    letters,
    packed,
    place,
    raw,
    raw_limits,
    state,
    within,
)
from .can_protocol import Answer, CanProtocol, FrameRow, Heard, Options, option

POLL: Final = 0x301
ALL: Final = "all"
STANDBY, CHARGING, DISCHARGING = 1, 2, 3
CHEMISTRIES: Final[Mapping[str, int]] = MappingProxyType({"lfp": 0, "nmc": 1, "lto": 2})
"""Others have no code, and are told as the first."""
CHARGE_ENABLE: Final = 0x80
DISCHARGE_ENABLE: Final = 0x40
FORCE_CHARGE: Final = 0x20

# Two bytes of protections, then two of warnings (0x312).
_BY_CURRENT_AND_VOLTAGE: Final = (a.PACK_LOW, a.PACK_HIGH, a.CELL_LOW, a.CELL_HIGH)
_BY_TEMPERATURE: Final = (a.COLD_CHARGE, a.COLD, a.HOT_CHARGE, a.HOT)
PROTECTIONS: Final = (
    *(a.NOTHING, *_BY_CURRENT_AND_VOLTAGE, a.SHORT, a.CHARGE_CURRENT, a.DISCHARGE_CURRENT),
    *(a.NOTHING, a.NOTHING, a.IMBALANCE, a.SYSTEM, *_BY_TEMPERATURE),
)
WARNINGS: Final = (
    *(a.NOTHING, *_BY_CURRENT_AND_VOLTAGE, a.NOTHING, a.CHARGE_CURRENT, a.DISCHARGE_CURRENT),
    *(a.INTERNAL, a.NOTHING, a.IMBALANCE, a.NOTHING, *_BY_TEMPERATURE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowattLvOptions(Options):
    """What the text leaves open."""

    manufacturer: str = option("HB", most=2)
    set_bit_forbids: bool = False
    discharging_positive: bool = False


def status(bank: Bank, *, charge_bit: bool, discharge_bit: bool) -> int:
    """Return the lower byte of the status in 0x311."""
    doing = state(bank, standby=STANDBY, charging=CHARGING, discharging=DISCHARGING)
    return doing | bits((False, False, bool(bank.alarms), bank.balancing, False, discharge_bit, charge_bit))


def demand(bank: Bank) -> int:
    """Return the bits of what the cells are and whether they must be charged, at the end of byte 0 of 0x319."""
    forced = FORCE_CHARGE if bank.force_charge and raw_limits(bank).ccl > 0 else 0
    return forced | CHEMISTRIES.get(bank.chemistry, 0)


def difference(bank: Bank) -> int:
    """Return the mV between the highest and the lowest cell; 0 where it is not known."""
    high, low = extreme(bank.cell_max, 1000, U16), extreme(bank.cell_min, 1000, U16)
    return 0 if high is None or low is None else within(high - low, U16)


def _limits(bank: Bank, options: GrowattLvOptions) -> bytes:
    limits = raw_limits(bank, current=U16)
    word = status(
        bank,
        charge_bit=(limits.ccl > 0) is not options.set_bit_forbids,
        discharge_bit=(limits.dcl > 0) is not options.set_bit_forbids,
    )
    return pack(">4H", limits.cvl, limits.ccl, limits.dcl, word)


def _alarms(bank: Bank, options: GrowattLvOptions) -> bytes:
    return (
        pack(
            "<2HB",
            a.alarm_bits(bank.alarms, PROTECTIONS),
            a.alarm_bits(bank.warnings, WARNINGS),
            within(bank.packs, (1, 254)),
        )
        + letters(options.manufacturer, 2)
        + bytes((within(bank.cells, U8),))
    )


def _measured(bank: Bank, options: GrowattLvOptions) -> bytes | None:
    current = -10 if options.discharging_positive else 10
    return packed(
        ">3h2B",
        raw(bank.voltage, 100, S16),
        raw(bank.current, current, S16),
        extreme(bank.temperature_max, 10, S16),
        charge(bank),
        health(bank),
    )


def _capacity(bank: Bank, options: GrowattLvOptions) -> bytes | None:
    del options
    # Nothing left is the safe side of what is not known.
    remaining, cycles = known(raw(bank.remaining, 100, U16), 0), known(raw(bank.cycles, 1, U16), 0)
    return packed(">4H", remaining, raw(bank.capacity, 100, U16), difference(bank), cycles)


def cell_voltages(bank: Bank) -> tuple[int, int]:
    """Return the mV of the highest and the lowest cell, 0 where they are not known.

    Their frame is sent all the same, for what it enables and asks for must not outlive its time.
    """
    return known(extreme(bank.cell_max, 1000, U16), 0), known(extreme(bank.cell_min, 1000, U16), 0)


def _cells(bank: Bank, options: GrowattLvOptions) -> bytes:
    del options
    limits = raw_limits(bank, current=U16)
    enabled = (CHARGE_ENABLE if limits.ccl > 0 else 0) | (DISCHARGE_ENABLE if limits.dcl > 0 else 0)
    (_, highest), (_, lowest) = place(bank.cell_max, first=1), place(bank.cell_min, first=1)
    return pack(">B2H3B", enabled | demand(bank), *cell_voltages(bank), highest, lowest, 0)


def _maker(bank: Bank, options: GrowattLvOptions) -> bytes:
    del bank
    # Hardware and software 1; no date.
    return letters(options.manufacturer, 2) + bytes((1, 1, 0, 0, 0, 0))


_ROWS: Final[tuple[FrameRow[GrowattLvOptions], ...]] = (
    FrameRow(key=0x311, name="limits", encode=_limits, period=1.0, asked=ALL),
    FrameRow(key=0x312, name="alarms", encode=_alarms, period=1.0, asked=ALL),
    FrameRow(key=0x313, name="measured", encode=_measured, period=1.0, asked=ALL),
    FrameRow(key=0x314, name="capacity", encode=_capacity, period=1.0, asked=ALL),
    FrameRow(key=0x319, name="cells", encode=_cells, period=1.0, asked=ALL),
    FrameRow(key=0x320, name="maker", encode=_maker, period=1.0, asked=ALL),
    FrameRow(key=0x321, name="update", encode=lambda _, __: bytes(8), period=1.0, asked=ALL),
)


def _hear(frame: CanFrame, heard: Heard, options: GrowattLvOptions) -> Answer:
    del options
    return Answer(replace(heard, time=frame.time, manufacturer="Growatt"), (ALL,))


GROWATT_LV: Final = CanProtocol(
    key="growatt_lv",
    name="Growatt (48 V, L51)",
    options=GrowattLvOptions,
    rows=lambda _: _ROWS,
    listens=frozenset({POLL}),
    hear=_hear,
)
