"""BYD's high-voltage protocol of a Battery-Box Premium HVS, for Fronius GEN24, Deye HV, Solis, Sungrow and others.

Big endian, 11-bit identifiers, 500 kbit/s (`can/06_other_hv.md`). Nothing is sent before the inverter has spoken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from struct import pack
from typing import Final

from ...core.bank import Bank
from ..can_frame import CanFrame
from .can_fields import S16, U16, charge, energy, extreme, health, known, letters, packed, raw, raw_limits
from .can_protocol import Answer, CanProtocol, FrameRow, Heard, Options

IDENTIFY: Final = 0x151
MEASURED: Final = 0x091
CHARGE: Final = 0x0D1
TIME: Final = 0x111
OTHER: Final = 0x191
WHO: Final = "identity"
PRODUCT: Final = "Battery-Box Premium HVS"


@dataclass(frozen=True, slots=True, kw_only=True)
class BydOptions(Options):
    """Where inverters differ."""

    charge_follows_limits: bool = False
    discharging_positive: bool = False


def _limits(bank: Bank, options: BydOptions) -> bytes:
    del options
    limits = raw_limits(bank, current=U16)
    # The discharge current comes first.
    return pack(">4H", limits.cvl, limits.dvl, limits.dcl, limits.ccl)


def _charge(bank: Bank, options: BydOptions) -> bytes | None:
    limits, soc = raw_limits(bank, current=U16), charge(bank, 100)
    if options.charge_follows_limits and (limits.ccl == 0) is not (limits.dcl == 0):
        soc = 10000 if limits.ccl == 0 else 0
    remaining, full = known(raw(bank.remaining, 10, U16), 0), known(raw(bank.capacity, 10, U16), 0)
    return packed(">4H", soc, 100 * health(bank), remaining, full)


def _measured(bank: Bank, options: BydOptions) -> bytes | None:
    current = -10 if options.discharging_positive else 10
    told = packed(">H2h", raw(bank.voltage, 10, U16), raw(bank.current, current, S16), raw(bank.temperature, 10, S16))
    return told and told + b"\x03\x08"


def _temperatures(bank: Bank, options: BydOptions) -> bytes | None:
    del options
    told = packed(">2h", extreme(bank.temperature_max, 10, S16), extreme(bank.temperature_min, 10, S16))
    return told and told + bytes(4)


def _rating(bank: Bank, options: BydOptions) -> bytes:
    del options
    return b"\x03\x29\x00\x66" + pack(">H", known(raw(energy(bank, bank.capacity), 0.01, U16), 0)) + b"\x02\x09"


def _product(part: int, bank: Bank, options: BydOptions) -> bytes:
    del bank, options
    return bytes((part,)) + letters(PRODUCT[7 * part :], 7)


_ROWS: Final[tuple[FrameRow[BydOptions], ...]] = (
    FrameRow(key=0x250, name="rating", encode=_rating, asked=WHO),
    FrameRow(key=0x290, name="version", encode=lambda _, __: bytes.fromhex("063710D900000000"), asked=WHO),
    FrameRow(key=0x2D0, name="maker", encode=lambda _, __: b"\0BYD\0\0\0\0", asked=WHO),
    *(FrameRow(key=0x3D0, name=f"product {part + 1}", encode=partial(_product, part), asked=WHO) for part in range(4)),
    FrameRow(key=0x110, name="limits", encode=_limits, period=2.0),
    FrameRow(key=0x150, name="charge", encode=_charge, period=10.0),
    FrameRow(key=0x1D0, name="measured", encode=_measured, period=10.0),
    FrameRow(key=0x210, name="temperatures", encode=_temperatures, period=10.0),
    # Which bits are which alarm nobody has written down.
    FrameRow(key=0x190, name="alarms", encode=lambda _, __: bytes.fromhex("0000030000000000"), period=60.0),
)


def _hear(frame: CanFrame, heard: Heard, options: BydOptions) -> Answer:
    del options
    first = heard.time is None
    heard = replace(heard, time=frame.time)
    if frame.key == IDENTIFY and frame.data:
        if frame.data[0] & 1:
            return Answer(heard, (WHO,))
        brand = "".join(letter for letter in frame.data[1:].decode("ascii", "ignore") if letter.isprintable())
        heard = replace(heard, manufacturer=brand.strip())
    elif frame.key == MEASURED and len(frame.data) >= 2:
        # The current behind it is not read: 0.1 or 0.01 A, and which sign is charging, are both unproven.
        heard = replace(heard, told=frame.time, voltage=int.from_bytes(frame.data[:2], "big") / 10)
    return Answer(heard, (WHO,) if first else ())


BYD_HVS: Final = CanProtocol(
    key="byd_hvs",
    name="BYD Battery-Box Premium HVS",
    options=BydOptions,
    rows=lambda _: _ROWS,
    listens=frozenset({IDENTIFY, MEASURED, CHARGE, TIME, OTHER}),
    hear=_hear,
    spacing=0.02,
    waits=True,
)
