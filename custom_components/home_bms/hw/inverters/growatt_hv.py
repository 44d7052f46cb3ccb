"""Growatt's high-voltage protocol, of SPH TL3, MOD and MID-XH inverters.

Big endian, 29-bit identifiers, 500 kbit/s (V1.10, `can/03_growatt.md` 3b). The frames that have no row of their own in
the sheet are zeros, which inverters accept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from struct import pack
from typing import Final

from ...core.bank import Bank
from ..can_frame import EXTENDED, CanFrame
from .can_fields import (
    S16,
    U16,
    Span,
    charge,
    cut,
    energy,
    extreme,
    health,
    known,
    letters,
    modules,
    packed,
    place,
    raw,
    raw_limits,
    within,
)
from .can_protocol import Answer, CanProtocol, FrameRow, Heard, Options, option
from .growatt_lv import cell_voltages, demand, status

HEARTBEAT: Final = 0x3010 | EXTENDED
CONTROL: Final = 0x3020 | EXTENDED
TIME: Final = 0x3030 | EXTENDED
COMMAND: Final = 0xAA
ORDERS: Final = ("charge", "discharge", "mask_communication_error", "clear_fault", "", "", "", "wake")
"""What each byte of 0x3020 asks for when it is 0xAA."""
NORMAL: Final = 0x1000
INSULATION_SEEN: Final = 0x2000
U24: Final[Span] = (0, 0xFFFFFF)
type _Encode = Callable[[Bank, GrowattHvOptions], bytes | None]
SILENT_FRAMES: Final = (0x3120, 0x3210, 0x3250, 0x3260, 0x3270, 0x3280, 0x3290, 0x3F00)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowattHvOptions(Options):
    """What the text leaves open, and what the battery is made of."""

    manufacturer: str = option("HB", most=2)
    modules: int = option(0, least=0, most=32)
    discharging_positive: bool = False


def _limits(bank: Bank, options: GrowattHvOptions) -> bytes:
    del options
    limits = raw_limits(bank, current=U16)
    # A set bit forbids, as in the recorded frame.
    word = NORMAL | INSULATION_SEEN | status(bank, charge_bit=limits.ccl == 0, discharge_bit=limits.dcl == 0)
    return pack(">4H", limits.cvl, limits.ccl, limits.dcl, word)


def _measured(bank: Bank, options: GrowattHvOptions) -> bytes | None:
    current = -10 if options.discharging_positive else 10
    return packed(
        ">H2h2B",
        raw(bank.voltage, 10, U16),
        raw(bank.current, current, S16),
        extreme(bank.temperature_max, 10, S16),
        charge(bank),
        health(bank),
    )


def _capacity(bank: Bank, options: GrowattHvOptions) -> bytes:
    remaining, full = known(raw(bank.remaining, 100, U16), 0), known(raw(bank.capacity, 100, U16), 0)
    cycles = known(raw(bank.cycles, 1, U16), 0)
    return pack(">2H", remaining, full) + letters(options.manufacturer, 2) + pack(">H", cycles)


def _topology(bank: Bank, options: GrowattHvOptions) -> bytes | None:
    return packed(
        ">Hh2H",
        raw_limits(bank).dvl,
        extreme(bank.temperature_max, 10, S16),
        within(bank.cells, U16),
        within(modules(bank, options.modules)[0], U16),
    )


def _voltage_places(bank: Bank, options: GrowattHvOptions) -> bytes | None:
    del options
    high, low = place(bank.cell_max, first=1), place(bank.cell_min, first=1)
    return packed(">6Bh", 0, 0, *high, *low, extreme(bank.temperature_min, 10, S16))


def _temperature_places(bank: Bank, options: GrowattHvOptions) -> bytes:
    del options
    return bytes((*place(bank.temperature_max, first=1), *place(bank.temperature_min, first=1), 0, 0, 0, 0))


def _code(bank: Bank, options: GrowattHvOptions) -> bytes:
    return letters(options.manufacturer, 2) + pack(">3H", within(bank.packs, (1, U16[1])), within(bank.cells, U16), 0)


def _cells(bank: Bank, options: GrowattHvOptions) -> bytes:
    del options
    return pack(">B2H3B", demand(bank), *cell_voltages(bank), 0, 0, 0)


def _maker(bank: Bank, options: GrowattHvOptions) -> bytes:
    cutoff = within(cut(bank.cvl / bank.cells, 1000), U16) if bank.cells else 0
    return letters(options.manufacturer, 2) + pack(">2B2H", 1, 0, 0, cutoff)


def _rating(bank: Bank, options: GrowattHvOptions) -> bytes:
    del options
    forced = COMMAND if bank.force_charge and raw_limits(bank).ccl > 0 else 0
    rated = known(raw(energy(bank, bank.capacity), 0.01, U16), 0)
    return bytes(4) + pack(">BHB", forced, rated, 0)


def _part(number: int) -> _Encode:
    """Return what makes one of three frames: the number of the box and 6 letters, 7 letters, 3 letters."""

    def encode(bank: Bank, options: GrowattHvOptions) -> bytes:
        del options
        text = letters(bank.serial_number, 16)
        box = b"\x01" if bank.serial_number else b"\0"
        return bytes((number,)) + (box + text[:6], text[6:13], text[13:16] + bytes(4))[number]

    return encode


def _energies(bank: Bank, options: GrowattHvOptions) -> bytes:
    del options
    out, put = (known(raw(amount, 0.01, U24), 0) for amount in (bank.energy_out, bank.energy_in))
    return b"\x01" + out.to_bytes(3, "big") + b"\x01" + put.to_bytes(3, "big")


def _row(number: int, name: str, encode: _Encode) -> FrameRow[GrowattHvOptions]:
    return FrameRow(key=number | EXTENDED, name=name, encode=encode, period=1.0)


_ROWS: Final = tuple(
    sorted(
        (
            _row(0x3110, "limits", _limits),
            _row(0x3130, "measured", _measured),
            _row(0x3140, "capacity", _capacity),
            _row(0x3150, "topology", _topology),
            _row(0x3160, "cells by voltage", _voltage_places),
            _row(0x3170, "cells by temperature", _temperature_places),
            _row(0x3180, "code", _code),
            _row(0x3190, "cells", _cells),
            _row(0x3200, "maker", _maker),
            _row(0x3220, "rating", _rating),
            # One of them a second: on one identifier the next would replace what has not left yet.
            *(replace(_row(0x3230, f"serial number {n + 1}", _part(n)), period=3.0, phase=n) for n in range(3)),
            _row(0x3240, "energy", _energies),
            *(_row(number, "zeros", lambda _, __: bytes(8)) for number in SILENT_FRAMES),
        ),
        key=lambda row: row.key,
    )
)


def _hear(frame: CanFrame, heard: Heard, options: GrowattHvOptions) -> Answer:
    del options
    heard = replace(heard, time=frame.time, manufacturer="Growatt")
    if frame.key != CONTROL:
        return Answer(heard)
    ordered = {order for order, byte in zip(ORDERS, frame.data, strict=False) if order and byte == COMMAND}
    return Answer(replace(heard, requests=frozenset(ordered)))


GROWATT_HV: Final = CanProtocol(
    key="growatt_hv",
    name="Growatt (high voltage)",
    options=GrowattHvOptions,
    rows=lambda _: _ROWS,
    listens=frozenset({HEARTBEAT, CONTROL, TIME}),
    hear=_hear,
    spacing=0.005,
    waits=True,
)
