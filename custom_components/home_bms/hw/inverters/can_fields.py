"""Turns values of the battery into the whole numbers of CAN frames, each rounded to its safe side."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from math import floor, isfinite, isnan
from typing import Final, NamedTuple

from ...core.bank import Bank, Extreme
from .inverter import charge_current, discharge_current

type Span = tuple[int, int]
"""The least and the most that a field carries."""

U8: Final[Span] = (0, 0xFF)
U16: Final[Span] = (0, 0xFFFE)
"""0xFFFF says "unknown" in most protocols, so that no value may be told with it."""
S16: Final[Span] = (-0x7FFF, 0x7FFF)
"""0x8000 says "unknown"."""
U32: Final[Span] = (0, 0xFFFFFFFE)
POSITIVE: Final[Span] = (0, 0x7FFF)
"""Of a signed field whose values are not negative."""
MOST: Final = 1e9
"""Beyond it no field reaches."""

ZERO_CELSIUS: Final = 273.15
NOMINAL: Final = {"lfp": 3.2, "nmc": 3.7, "lto": 2.3, "na_ion": 3.1}
"""V of a cell by which makers state the energy of a battery; LFP as in a recorded 0x7320 (`can/05_pylontech_hv.md`)."""
SERIES: Final = (16, 15, 14, 12, 10, 8, 24, 32)
"""Cells of a module in a high-voltage stack, the usual first."""


class RawLimits(NamedTuple):
    """The limits of a battery as whole numbers of 0.1 V and 0.1 A; none of them permits more than it does."""

    cvl: int
    ccl: int
    dcl: int
    dvl: int


def cut(value: float, scale: int) -> int:
    """Return the largest whole number of steps, `scale` of them a unit, that is not above the value; NaN is 0.

    Exact: multiplying alone may end a step too high or too low.
    """
    if isnan(value):
        return 0
    value = max(-MOST, min(MOST, value))
    steps = floor(value * scale)
    if steps / scale > value:
        return steps - 1
    return steps + 1 if (steps + 1) / scale <= value else steps


def raised(value: float, scale: int) -> int:
    """Return the smallest whole number of steps that is not below the value; NaN is 0."""
    return -cut(-value, scale)


def raw_limits(
    bank: Bank, *, charge_voltage: Span = U16, discharge_voltage: Span = U16, current: Span = POSITIVE
) -> RawLimits:
    """Return the limits as whole numbers within what the fields carry.

    What a field cannot say on its safe side permits nothing: a charge voltage below its least takes the charge current
    to zero, a discharge voltage above its most the discharge current.
    """
    cvl, dvl = cut(bank.cvl, 10), raised(bank.dvl, 10)
    ccl = min(current[1], max(0, cut(charge_current(bank), 10))) if cvl >= charge_voltage[0] else 0
    dcl = min(current[1], max(0, cut(discharge_current(bank), 10))) if dvl <= discharge_voltage[1] else 0
    return RawLimits(
        cvl=within(cvl, charge_voltage),
        ccl=ccl,
        dcl=dcl,
        dvl=within(dvl, discharge_voltage),
    )


def within(value: int, span: Span) -> int:
    """Return the nearest number that a field carries."""
    return max(span[0], min(span[1], value))


def raw(value: float | None, scale: float, span: Span) -> int | None:
    """Return a measured value as the nearest whole number of steps, `None` where it is not known."""
    if value is None or not isfinite(value):
        return None
    return within(round(max(-MOST, min(MOST, value)) * scale), span)


def extreme(told: Extreme | None, scale: float, span: Span) -> int | None:
    """Return the highest or lowest value as a whole number of steps, `None` where it is not known."""
    return None if told is None else raw(told.value, scale, span)


def place(told: Extreme | None, *, first: int = 0, span: Span = U8) -> tuple[int, int]:
    """Return the numbers of the pack and of the cell or sensor in it, counted from `first`; unknown is the first."""
    if told is None:
        return first, first
    return within(told.pack + first, span), within(told.place + first, span)


def packed(layout: str, *fields: int | None) -> bytes | None:
    """Return the bytes of a frame, `None` where one of its fields is not known."""
    known = [field for field in fields if field is not None]
    return struct.pack(layout, *known) if len(known) == len(fields) else None


def known(field: int | None, otherwise: int) -> int:
    """Return a field, or what says that it is not known."""
    return otherwise if field is None else field


def health(bank: Bank) -> int:
    """Return the state of health in whole percent; what nobody tells is 100, SMA's own default.

    It is only shown, and no limit comes from it. Many packs tell none, and the frame with the state of charge would be
    lost with it.
    """
    return known(raw(bank.soh, 1, (0, 100)), 100)


def charge(bank: Bank, scale: int = 1) -> int | None:
    """Return the state of charge in steps of `1 / scale` percent."""
    return raw(bank.soc, scale, (0, 100 * scale))


def sign(*, flipped: bool) -> int:
    """Return what turns a current into one that is positive while discharging, where that is wanted."""
    return -1 if flipped else 1


def letters(text: str, size: int, fill: bytes = b"\0") -> bytes:
    """Return a text as ASCII of exactly so many bytes; what is no printable ASCII is left out."""
    plain = "".join(letter for letter in text if letter.isascii() and letter.isprintable())
    return plain.encode("ascii")[:size].ljust(size, fill)


def version(text: str) -> tuple[int, int]:
    """Return the first two numbers of a version as they read in hexadecimal, 1.17 as 0x01 and 0x17."""
    parts = [int(part) for part in text.strip().lstrip("vV").split(".")[:2] if part.isascii() and part.isdigit()]
    first, second = [*parts, 0, 0][:2]
    return int(str(min(first, 99)), 16), int(str(min(second, 99)), 16)


def modules(bank: Bank, given: int) -> tuple[int, int]:
    """Return the modules in series and the cells of each; `given` modules, or 0 for what divides the cells best."""
    if given:
        return given, bank.cells // given
    size = next((size for size in SERIES if bank.cells and bank.cells % size == 0), bank.cells)
    return (bank.cells // size, size) if size else (1, 0)


def nominal_voltage(bank: Bank) -> float:
    """Return the V by which the energy of the battery is stated."""
    return bank.cells * NOMINAL.get(bank.chemistry, NOMINAL["lfp"])


def energy(bank: Bank, amount: float | None) -> float:
    """Return the Wh in so many Ah; what is not known is none."""
    return 0.0 if amount is None else amount * nominal_voltage(bank)


def state(bank: Bank, *, standby: int, charging: int, discharging: int) -> int:
    """Return the code of what the battery does; a current below 0.1 A is none, an unknown one too."""
    current = raw(bank.current, 10, S16) or 0
    return charging if current > 0 else discharging if current < 0 else standby


def bits(told: Sequence[bool]) -> int:
    """Return the number whose bits these are, the lowest first."""
    return sum(1 << bit for bit, is_set in enumerate(told) if is_set)
