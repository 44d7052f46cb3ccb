"""What the signals of a user's DBC mean, as a config entry keeps it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Final

from ..core.model import ConfigError
from .can_frame import EXTENDED, EXTENDED_MOST, LONGEST, STANDARD_MOST, spelled

CELLS_MOST: Final = 255
TEMPERATURES_MOST: Final = 64
ROWS_MOST: Final = 500
EVERY_LEAST: Final = 0.1
"""s between two requests."""
NUMBER: Final = re.compile(r"\{n(?::0(?P<width>[1-9]))?\}")
"""Where a row of signals has its number: `cell_{n}` or, with leading zeros, `cell_{n:02}`."""


class Quantity(StrEnum):
    """What a signal can mean to home_bms."""

    VOLTAGE = "voltage"
    CURRENT = "current"
    SOC = "soc"
    SOH = "soh"
    CAPACITY = "capacity"
    CYCLES = "cycles"
    CELL = "cell"
    TEMPERATURE = "temperature"
    SWITCH_TEMPERATURE = "switch_temperature"
    LINK_VOLTAGE = "link_voltage"
    INSULATION = "insulation"
    CHARGE_SWITCH = "charge_switch"
    DISCHARGE_SWITCH = "discharge_switch"
    BALANCING = "balancing"
    ALARM = "alarm"
    CVL = "cvl"
    """What the pack asks for lowers its limits."""
    CCL = "ccl"
    DCL = "dcl"
    DVL = "dvl"
    """Only shown: no limit of home_bms is one of the lowest voltage."""


NUMBERED: Final = {Quantity.CELL: CELLS_MOST, Quantity.TEMPERATURE: TEMPERATURES_MOST}
"""Of which there are many, counted from 0, and how many."""


NUMBERS: Final = ("factor", "offset", "minimum", "maximum", "on")


class CheckKind(StrEnum):
    """How a frame's checksum is made."""

    SUM = "sum"
    """The sum of the other bytes, and of the identifier and the length where `with_header`, modulo 256."""
    CRC8 = "crc8"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRow:
    """One signal, or a row of them, and what it means."""

    message: int | None
    """The key; `None` of a row of signals that is spread over messages."""
    signal: str
    """Its name; with `{n}` a row of them."""
    quantity: Quantity
    index: int = 0
    """Which cell or sensor, from 0; of a row the first one."""
    first: int = 1
    """Of a row: the number in the first signal's name, or that `number_from` tells of the first."""
    count: int = 1
    """How many there are in a row."""
    number_from: str = ""
    """The signal of the same frame that tells which one it is, where one cell after the other is sent."""
    factor: float = 1.0
    """-1 turns a sign."""
    offset: float = 0.0
    minimum: float | None = None
    """What is below, after factor and offset, is no value ..."""
    maximum: float | None = None
    """... nor what is above."""
    invalid: tuple[float, ...] = ()
    """Values, as the file has them, that stand for nothing."""
    on: float = 1.0
    """Of switches and alarms: the value, as the file has it, that says yes."""
    alarm: str = ""
    """The key of an alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """A checksum that a message carries."""

    message: int
    kind: CheckKind
    byte: int = 7
    """Where it stands; only the bytes before it are summed up."""
    with_header: bool = False
    polynomial: int = 0x1D
    start: int = 0xFF
    last: int = 0xFF
    """What the CRC is combined with in the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRow:
    """A request; it is sent only where the user has confirmed that."""

    message: int
    data: bytes
    every: float = 1.0
    """s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMapping:
    """All that a user says of a DBC."""

    rows: tuple[SignalRow, ...]
    checks: tuple[CheckRow, ...] = ()
    polls: tuple[PollRow, ...] = ()


def mapping_data(mapping: UserMapping) -> dict[str, Any]:
    """Return a mapping as plain JSON values, without what is as usual."""
    parts: Mapping[str, Sequence[SignalRow | CheckRow | PollRow]] = {
        "rows": mapping.rows,
        "checks": mapping.checks,
        "polls": mapping.polls,
    }
    return {name: [_plain(row) for row in rows] for name, rows in parts.items() if rows or name == "rows"}


def _plain(row: SignalRow | CheckRow | PollRow) -> dict[str, Any]:
    usual = {part.name: part.default for part in fields(row)}
    kept: dict[str, Any] = {name: value for name, value in asdict(row).items() if value != usual[name]}
    for name, value in kept.items():
        if isinstance(value, bytes | tuple | StrEnum):
            kept[name] = (
                value.hex() if isinstance(value, bytes) else list(value) if isinstance(value, tuple) else str(value)
            )
    return {**kept, "message": None if row.message is None else spelled(row.message)}


def mapping_from_data(data: Mapping[str, Any]) -> UserMapping:
    """Return what a config entry says. Raises ConfigError; its field is like `rows.3.factor`."""
    return UserMapping(
        rows=tuple(_signal(row, f"rows.{index}") for index, row in enumerate(_list(data, "rows"))),
        checks=tuple(_check(row, f"checks.{index}") for index, row in enumerate(_list(data, "checks"))),
        polls=tuple(_poll(row, f"polls.{index}") for index, row in enumerate(_list(data, "polls"))),
    )


def key_of(text: object, field: str) -> int:
    """Return the key of an identifier as people write it; eight digits have 29 bits. Raises ConfigError."""
    try:
        value = int(str(text), 16)
    except ValueError:
        raise ConfigError("dbc_no_identifier", field, value=text) from None
    extended = len(str(text)) > 3
    if not 0 <= value <= (EXTENDED_MOST if extended else STANDARD_MOST):
        raise ConfigError("dbc_no_identifier", field, value=text)
    return value | EXTENDED if extended else value


def _list(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = data.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ConfigError("dbc_not_readable", name, value=type(rows).__name__)
    if len(rows) > ROWS_MOST:
        raise ConfigError("out_of_range", name, value=len(rows), min=0, max=ROWS_MOST)
    return rows


def _signal(data: Mapping[str, Any], field: str) -> SignalRow:
    known = _known(data, SignalRow, field)
    try:
        quantity = Quantity(known.get("quantity", ""))
    except ValueError:
        raise ConfigError("dbc_unknown_quantity", f"{field}.quantity", value=known.get("quantity")) from None
    if not isinstance(known.get("signal"), str) or not known["signal"]:
        raise ConfigError("dbc_signal_missing", f"{field}.signal")
    message = known.get("message")
    key = None if message is None else key_of(message, f"{field}.message")
    read: dict[str, Any] = {**known, "message": key, "quantity": quantity}
    read |= {name: _number(known, name, field) for name in NUMBERS if name in known}
    read |= {name: _whole(known, name, field) for name in ("index", "first", "count") if name in known}
    read |= {name: _text(known, name, field) for name in ("number_from", "alarm") if name in known}
    invalid = known.get("invalid", [])
    if not isinstance(invalid, list | tuple):
        raise ConfigError("dbc_not_readable", f"{field}.invalid", value=invalid)
    read["invalid"] = tuple(_number({"invalid": value}, "invalid", field) for value in invalid)
    row = SignalRow(**read)
    most = NUMBERED.get(quantity, 1)
    if row.index < 0 or row.count < 1 or row.index + row.count > most:
        raise ConfigError("out_of_range", f"{field}.index", value=row.index + row.count, min=1, max=most)
    if bool(NUMBER.search(row.signal)) == bool(row.number_from) and row.count > 1:
        raise ConfigError("dbc_row_without_number", f"{field}.signal", signal=row.signal)
    if row.message is None and not NUMBER.search(row.signal):
        raise ConfigError("dbc_message_missing", f"{field}.message")
    if quantity is Quantity.ALARM and not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", row.alarm):
        raise ConfigError("dbc_alarm_name", f"{field}.alarm", value=row.alarm)
    if not row.factor:
        raise ConfigError("out_of_range", f"{field}.factor", value=0, min=-1, max=1)
    return row


def _check(data: Mapping[str, Any], field: str) -> CheckRow:
    known = _known(data, CheckRow, field)
    try:
        kind = CheckKind(known.get("kind", ""))
    except ValueError:
        raise ConfigError("dbc_unknown_check", f"{field}.kind", value=known.get("kind")) from None
    most = {"byte": LONGEST - 1, "polynomial": 0xFF, "start": 0xFF, "last": 0xFF}
    whole = {name: _whole(known, name, field) for name in most if name in known}
    for name, value in whole.items():
        if not 0 <= value <= most[name]:
            raise ConfigError("out_of_range", f"{field}.{name}", value=value, min=0, max=most[name])
    header = bool(known.get("with_header", False))
    return CheckRow(message=key_of(known.get("message"), f"{field}.message"), kind=kind, with_header=header, **whole)


def _poll(data: Mapping[str, Any], field: str) -> PollRow:
    known = _known(data, PollRow, field)
    try:
        payload = bytes.fromhex(str(known.get("data", "")))
    except ValueError:
        raise ConfigError("dbc_not_hex", f"{field}.data", value=known.get("data")) from None
    every = _number(known, "every", field) if "every" in known else 1.0
    if len(payload) > LONGEST:
        raise ConfigError("out_of_range", f"{field}.data", value=len(payload), min=0, max=LONGEST)
    if every < EVERY_LEAST:
        raise ConfigError("out_of_range", f"{field}.every", value=every, min=EVERY_LEAST, max=3600)
    return PollRow(message=key_of(known.get("message"), f"{field}.message"), data=payload, every=every)


def _known(data: Mapping[str, Any], kind: type[SignalRow | CheckRow | PollRow], field: str) -> dict[str, Any]:
    strangers = set(data) - {part.name for part in fields(kind)}
    if strangers:
        raise ConfigError("dbc_unknown_field", f"{field}.{min(strangers)}")
    return dict(data)


def _number(data: Mapping[str, Any], name: str, field: str) -> Any:  # noqa: ANN401 - a limit may be open
    value = data[name]
    if value is None and name in ("minimum", "maximum"):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise ConfigError("dbc_not_readable", f"{field}.{name}", value=value)
    return float(value)


def _whole(data: Mapping[str, Any], name: str, field: str) -> int:
    value = data[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError("dbc_not_readable", f"{field}.{name}", value=value)
    return value


def _text(data: Mapping[str, Any], name: str, field: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise ConfigError("dbc_not_readable", f"{field}.{name}", value=value)
    return value
