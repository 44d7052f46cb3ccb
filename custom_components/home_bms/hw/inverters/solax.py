"""Solax's protocol of a Triple Power battery, which FoxESS's first generation speaks too.

Little endian, 29-bit identifiers, 500 kbit/s (`can/06_other_hv.md`). The inverter asks every second and tells the
battery to close its contactor. home_bms closes none because an inverter says so: it tells the inverter that the
contactor is closed once the inverter has asked for that, and packs are on the bus by home_bms's own decision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from struct import pack
from typing import Final

from ...core.bank import Bank
from ..can_frame import EXTENDED, CanFrame
from .can_fields import (
    S16,
    U8,
    U16,
    U32,
    charge,
    energy,
    extreme,
    health,
    letters,
    packed,
    raw,
    raw_limits,
    within,
)
from .can_protocol import Answer, CanProtocol, FrameRow, Heard, Options, option

POLL: Final = 0x1871 | EXTENDED
DATA: Final = "data"
ANNOUNCE: Final = "announce"
CLOSING: Final = "closing"
SERIAL_NUMBERS: Final = "serial numbers"
CLOSE: Final = "close_contactor"
OPEN: Final = "open_contactor"
FORGOTTEN: Final = 2.0
"""s without a poll after which the talk begins anew."""
STATUS_POLL: Final = b"\x01\x00\x01\x00"
CONTACTOR_POLL: Final = b"\x02\x00\x01\x00"
SERIAL_POLL: Final = b"\x05\x00\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class SolaxOptions(Options):
    """What differs among batteries."""

    battery_type: int = option(0x50, least=0, most=255)
    ultra: bool = False
    millivolts: bool = False
    discharging_positive: bool = False


def _limits(bank: Bank, options: SolaxOptions) -> bytes:
    del options
    limits = raw_limits(bank, current=U16)
    return pack("<4H", limits.cvl, limits.dvl, limits.ccl, limits.dcl)


def _pack(bank: Bank, options: SolaxOptions) -> bytes | None:
    current = -10 if options.discharging_positive else 10
    return packed(
        "<Hh2H",
        raw(bank.voltage, 10, U16),
        raw(bank.current, current, S16),
        charge(bank),
        raw(energy(bank, bank.remaining), 0.1, U16),
    )


def _cells(bank: Bank, options: SolaxOptions) -> bytes | None:
    steps = 1000 if options.millivolts else 10
    return packed(
        "<2h2H",
        extreme(bank.temperature_max, 10, S16),
        extreme(bank.temperature_min, 10, S16),
        extreme(bank.cell_max, steps, U16),
        extreme(bank.cell_min, steps, U16),
    )


def _status(bank: Bank, options: SolaxOptions) -> bytes | None:
    del options
    return packed("<h6B", raw(bank.temperature, 10, S16), within(bank.packs - 1, U8), 0, int(bank.packs > 0), 0, 0, 0)


def _extremes(bank: Bank, options: SolaxOptions) -> bytes | None:
    del options
    return packed(
        "<hHhH",
        extreme(bank.temperature_max, 10, S16),
        extreme(bank.cell_max, 1000, U16),
        extreme(bank.temperature_min, 10, S16),
        extreme(bank.cell_min, 1000, U16),
    )


def _kind(bank: Bank, options: SolaxOptions) -> bytes:
    del bank
    # Firmware 0x22 of the master, 0x02, as an emulator that works tells it.
    return bytes((0, 0, 0, 0, options.battery_type, 0, 0x22, 0x02))


def _rating(bank: Bank, options: SolaxOptions) -> bytes | None:
    del options
    return packed("<2HI", raw(bank.voltage, 10, U16), 0, raw(energy(bank, bank.capacity), 1, U32))


def _ultra(bank: Bank, options: SolaxOptions) -> bytes | None:
    del options
    return packed("<I4B", raw(energy(bank, bank.capacity), 1, U32), health(bank), charge(bank), 0, 0)


def _closing(bank: Bank, options: SolaxOptions) -> bytes | None:
    del options
    return CONTACTOR_POLL + b"\x01\0\0\0" if bank.packs > 0 else None


def _serial_number(bank: Bank, half: int) -> bytes:
    return b"\0" + letters(bank.serial_number, 14)[7 * half : 7 * half + 7]


def _key(number: int) -> int:
    return number | EXTENDED


_ROWS: Final[tuple[FrameRow[SolaxOptions], ...]] = (
    FrameRow(key=_key(0x1872), name="limits", encode=_limits, asked=DATA),
    FrameRow(key=_key(0x1873), name="pack", encode=_pack, asked=DATA),
    FrameRow(key=_key(0x1874), name="cells", encode=_cells, asked=DATA),
    FrameRow(key=_key(0x1875), name="status", encode=_status, asked=DATA),
    FrameRow(key=_key(0x1876), name="extremes", encode=_extremes, asked=DATA),
    FrameRow(key=_key(0x1877), name="kind", encode=_kind, asked=DATA),
    FrameRow(key=_key(0x1878), name="rating", encode=_rating, asked=DATA),
    FrameRow(key=_key(0x100A001), name="announce", encode=lambda _, __: b"", asked=ANNOUNCE),
    FrameRow(key=_key(0x1801), name="closing", encode=_closing, asked=CLOSING),
    FrameRow(key=_key(0x1881), name="serial number 1", encode=lambda b, _: _serial_number(b, 0), asked=SERIAL_NUMBERS),
    FrameRow(key=_key(0x1882), name="serial number 2", encode=lambda b, _: _serial_number(b, 1), asked=SERIAL_NUMBERS),
)
_ULTRA: Final = FrameRow(key=_key(0x187E), name="ultra", encode=_ultra, asked=DATA)


def _hear(frame: CanFrame, heard: Heard, options: SolaxOptions) -> Answer:
    """Answer a poll; the battery announces itself until it is asked to close, and says once that it does."""
    del options
    lost = heard.time is None or frame.time - heard.time > FORGOTTEN
    asked_to_close = CLOSE in heard.requests and not lost
    heard = replace(heard, time=frame.time, requests=frozenset() if lost else heard.requests)
    data = frame.data.ljust(8, b"\0")
    if data.startswith(SERIAL_POLL):
        return Answer(heard, (SERIAL_NUMBERS,))
    if data.startswith(CONTACTOR_POLL):
        closing = data[4] == 1
        heard = replace(heard, requests=frozenset({CLOSE if closing else OPEN}))
        if closing and not asked_to_close:
            return Answer(heard, (CLOSING, DATA))
        return Answer(heard, (DATA,) if closing else (DATA, ANNOUNCE))
    if data.startswith(STATUS_POLL):
        return Answer(heard, (DATA,) if asked_to_close else (DATA, ANNOUNCE))
    return Answer(heard)


def _seen(bank: Bank, heard: Heard) -> Bank:
    """Return the battery with its contactor as the talk has it: open until the inverter has asked for more."""
    return bank if CLOSE in heard.requests else replace(bank, packs=0)


SOLAX: Final = CanProtocol(
    key="solax",
    name="Solax Triple Power",
    options=SolaxOptions,
    rows=lambda options: (*_ROWS, _ULTRA) if options.ultra else _ROWS,
    listens=frozenset({POLL}),
    hear=_hear,
    seen=_seen,
)
