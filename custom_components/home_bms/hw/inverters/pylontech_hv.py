"""Pylontech's high-voltage protocol: the inverter asks, the battery answers.

29-bit identifiers, little endian, 500 kbit/s (v1.18, `can/05_pylontech_hv.md`). Emulations that work on one inverter or
another differ in the switches of `PylontechHvOptions`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from ...core.bank import Bank
from ..can_frame import EXTENDED, CanFrame
from . import can_alarms as a
from .can_fields import (
    U8,
    U16,
    Span,
    charge,
    extreme,
    health,
    known,
    letters,
    modules,
    nominal_voltage,
    packed,
    place,
    raw,
    raw_limits,
    state,
    within,
)
from .can_protocol import Answer, CanProtocol, FrameRow, Heard, Options, option

ENSEMBLE: Final = "ensemble"
EQUIPMENT: Final = "equipment"
QUESTIONS: Final = {0: ENSEMBLE, 2: EQUIPMENT}
"""By byte 0 of a poll; cell data (1) is told by newer packs alone."""
POLL: Final = 0x4200 | EXTENDED
SLEEP: Final = 0x8200 | EXTENDED
COMMAND: Final = 0x8210 | EXTENDED
MASK: Final = 0x8240 | EXTENDED
HEARTBEAT: Final = 0x3010 | EXTENDED
YES: Final = 0xAA
ASLEEP: Final = 0x55
CURRENT_ZERO: Final = 30000
"""0.1 A that are added."""
TEMPERATURE_ZERO: Final = 1000
"""0.1 degC that are added."""
IDLE, CHARGING, DISCHARGING = 3, 1, 2
FORCE_CHARGE: Final = 0x08
BALANCE_CHARGE: Final = 0x10

BITS: Final = (
    *(a.CELL_LOW, a.CELL_HIGH, a.PACK_LOW, a.PACK_HIGH, a.COLD_CHARGE, a.HOT_CHARGE, a.COLD, a.HOT),
    *(a.CHARGE_CURRENT, a.DISCHARGE_CURRENT | a.SHORT, a.NOTHING, a.NOTHING),
)
"""Alarms and protections of 0x4250."""
ERRORS: Final = (
    *(a.NOTHING, a.NOTHING, a.INTERNAL, a.NOTHING, a.NOTHING, a.CONTACTOR, a.NOTHING, a.GENERAL | a.IMBALANCE),
)
"""Byte 3 of 0x4250: relay check, internal communication, other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PylontechHvOptions(Options):
    """Where inverters differ; the default is the maker's text."""

    address: int = option(1, least=0, most=15)
    big_endian: bool = False
    current_offset: bool = True
    positive_discharge_limit: bool = False
    discharging_positive: bool = False
    temperature_offset: bool = True
    modules: int = option(0, least=0, most=255)
    name: str = option("PYLONTECH", most=16)
    deye_name: bool = False
    unprompted: bool = False


def _u16(options: PylontechHvOptions, layout: str, *fields: int | None) -> bytes | None:
    return packed((">" if options.big_endian else "<") + layout, *fields)


def _current(value: float | None, options: PylontechHvOptions) -> int | None:
    """Return a current as it is told, in the two's complement where nothing is added."""
    zero = CURRENT_ZERO if options.current_offset else 0
    span: Span = (0, U16[1]) if options.current_offset else (-0x7FFF, 0x7FFF)
    steps = raw(value, 10, (span[0] - zero, span[1] - zero))
    return None if steps is None else (steps + zero) & 0xFFFF


def _warmth(told: int | None, options: PylontechHvOptions) -> int | None:
    if told is None:
        return None
    return told + TEMPERATURE_ZERO if options.temperature_offset else told & 0xFFFF


_TENTHS: Final[Span] = (-TEMPERATURE_ZERO, 10000)


def _measured(bank: Bank, options: PylontechHvOptions) -> bytes | None:
    warmth = raw(bank.temperature, 10, _TENTHS)
    current = bank.current if bank.current is None or not options.discharging_positive else -bank.current
    return _u16(
        options,
        "3H2B",
        raw(bank.voltage, 10, U16),
        _current(current, options),
        None if warmth is None else warmth + TEMPERATURE_ZERO,
        charge(bank),
        health(bank),
    )


def _limits(bank: Bank, options: PylontechHvOptions) -> bytes | None:
    limits = raw_limits(bank, current=(0, CURRENT_ZERO))
    discharge = limits.dcl if options.positive_discharge_limit else -limits.dcl
    return _u16(
        options, "4H", limits.cvl, limits.dvl, _current(limits.ccl / 10, options), _current(discharge / 10, options)
    )


def _cells(bank: Bank, options: PylontechHvOptions) -> bytes | None:
    high, low = place(bank.cell_max), place(bank.cell_min)
    return _u16(options, "4H", extreme(bank.cell_max, 1000, U16), extreme(bank.cell_min, 1000, U16), high[1], low[1])


def _temperatures(bank: Bank, options: PylontechHvOptions, *, of_modules: bool = False) -> bytes | None:
    high, low = place(bank.temperature_max), place(bank.temperature_min)
    which = 0 if of_modules else 1
    return _u16(
        options,
        "4H",
        _warmth(extreme(bank.temperature_max, 10, _TENTHS), options),
        _warmth(extreme(bank.temperature_min, 10, _TENTHS), options),
        high[which],
        low[which],
    )


def _status(bank: Bank, options: PylontechHvOptions) -> bytes | None:
    doing = state(bank, standby=IDLE, charging=CHARGING, discharging=DISCHARGING)
    if raw_limits(bank).ccl > 0:
        doing |= (FORCE_CHARGE if bank.force_charge else 0) | (BALANCE_CHARGE if bank.full_charge else 0)
    return _u16(
        options,
        "BHB2H",
        doing,
        known(raw(bank.cycles, 1, U16), 0),
        a.alarm_bits(bank.alarms, ERRORS),
        a.alarm_bits(bank.warnings, BITS),
        a.alarm_bits(bank.alarms, BITS),
    )


def _module_voltages(bank: Bank, options: PylontechHvOptions) -> bytes | None:
    """Return the mean of the modules as their highest and lowest, for no more is known of them."""
    count, _ = modules(bank, options.modules)
    mean = None if bank.voltage is None else raw(bank.voltage / count, 1000, U16)
    return _u16(options, "4H", mean, mean, 0, 0)


def _forbidden(bank: Bank, options: PylontechHvOptions) -> bytes:
    del options
    limits = raw_limits(bank)
    return bytes((0 if limits.ccl > 0 else YES, 0 if limits.dcl > 0 else YES, 0, 0, 0, 0, 0, 0))


def _version(bank: Bank, options: PylontechHvOptions) -> bytes:
    del bank, options
    # Hardware A, V2 R1, software 1.2, as packs tell it.
    return bytes((1, 0, 2, 1, 1, 2, 0, 0))


def _topology(bank: Bank, options: PylontechHvOptions) -> bytes | None:
    count, each = modules(bank, options.modules)
    return _u16(
        options,
        "H2B2H",
        within(bank.cells, U16),
        within(count, U8),
        within(each, U8),
        raw(nominal_voltage(bank), 1, U16),
        raw(bank.capacity, 1, U16),
    )


def _name(half: int, bank: Bank, options: PylontechHvOptions) -> bytes:
    del bank
    return letters(options.name, 16)[8 * half : 8 * half + 8]


type _Encode = Callable[[Bank, PylontechHvOptions], bytes | None]
_ENSEMBLE: Final[tuple[tuple[int, str, _Encode], ...]] = (
    (0x4210, "measured", _measured),
    (0x4220, "limits", _limits),
    (0x4230, "cells", _cells),
    (0x4240, "temperatures", _temperatures),
    (0x4250, "status", _status),
    (0x4260, "module voltages", _module_voltages),
    (0x4270, "module temperatures", partial(_temperatures, of_modules=True)),
    (0x4280, "forbidden", _forbidden),
    (0x4290, "faults", lambda _, __: bytes(8)),
)
_EQUIPMENT: Final[tuple[tuple[int, str, _Encode], ...]] = (
    (0x7310, "version", _version),
    (0x7320, "topology", _topology),
    (0x7330, "name 1", partial(_name, 0)),
    (0x7340, "name 2", partial(_name, 1)),
)
_DEYE: Final[tuple[tuple[int, str, _Encode], ...]] = (
    (0x42E0, "name 1", partial(_name, 0)),
    (0x42F0, "name 2", partial(_name, 1)),
)


def _rows(options: PylontechHvOptions) -> tuple[FrameRow[PylontechHvOptions], ...]:
    period = 1.0 if options.unprompted else None
    told = [(ENSEMBLE, row) for row in _ENSEMBLE + (_DEYE if options.deye_name else ())]
    told += [(EQUIPMENT, row) for row in _EQUIPMENT]
    return tuple(
        FrameRow(key=number + options.address | EXTENDED, name=name, encode=encode, period=period, asked=asked)
        for asked, (number, name, encode) in told
    )


def _hear(frame: CanFrame, heard: Heard, options: PylontechHvOptions) -> Answer:
    heard = replace(heard, time=frame.time)
    data = frame.data
    if frame.key == POLL:
        question = QUESTIONS.get(data[0]) if data else None
        return Answer(heard, (question,) if question else ())
    if frame.key == SLEEP + options.address and data and data[0] in (ASLEEP, YES):
        others = heard.requests - {"sleep", "wake"}
        return Answer(replace(heard, requests=others | {"sleep" if data[0] == ASLEEP else "wake"}))
    if frame.key == COMMAND + options.address:
        ordered = {order for order, byte in zip(("charge", "discharge"), data, strict=False) if byte == YES}
        return Answer(replace(heard, requests=heard.requests - {"charge", "discharge"} | ordered))
    return Answer(heard)


PYLONTECH_HV: Final = CanProtocol(
    key="pylontech_hv",
    name="Pylontech (high voltage)",
    options=PylontechHvOptions,
    rows=_rows,
    listens=frozenset({POLL, HEARTBEAT, *(key + number for key in (SLEEP, COMMAND, MASK) for number in range(16))}),
    hear=_hear,
)
