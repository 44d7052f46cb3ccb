"""What the frames of one DBC say, and how they are made."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final

from bitstruct import Error as BitstructError
from cantools.database.can import Database, Message, Signal
from cantools.database.errors import Error as CantoolsError

from .can_bits import extract
from .can_frame import EXTENDED, LONGEST, CanFrame, frame_of
from .can_quirks import QUIRKS, Told

UNKNOWN: Final = "unknown"
"""The name that our own files give to raw values that stand for nothing (`VAL_`)."""
TEXT: Final = "ASCII"
"""The unit that our own files give to signals that are text, padded with zeros or blanks."""
HOSTS: Final = frozenset({"inverter", "host"})
"""The nodes that our own files call so."""
DIGITS_MOST: Final = 9
FAILURES: Final = (CantoolsError, BitstructError, ValueError, LookupError, TypeError, ArithmeticError)
"""What cantools and its codec may raise for a frame that the file has no words for."""
PRINTABLE: Final = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalLayout:
    """One signal of a message."""

    name: str
    unit: str
    scale: float
    offset: float
    digits: int
    """After the decimal point that a value can have."""
    whole: bool
    """Whether its values are whole numbers."""
    floating: bool
    signed: bool
    bits: int
    start: int
    """The bit at which it begins, as the file counts."""
    little: bool
    """Whether its low byte comes first."""
    selected_by: str | None
    """The multiplexer that says whether the frame has it ..."""
    selected: frozenset[int]
    """... and for which of its values."""
    selects: bool
    """Whether it is a multiplexer itself."""
    unknown: frozenset[int]
    choices: Mapping[int, str]

    @property
    def text(self) -> bool:
        """Whether it is text."""
        return self.unit == TEXT

    @property
    def first(self) -> int:
        """The byte in which it begins, of texts."""
        return max(0, self.start // 8)

    def told(self, raw: float) -> Told:
        """Return what a raw value says."""
        if raw in self.unknown:
            return None
        value = raw * self.scale + self.offset
        if not math.isfinite(value):
            return None
        return int(value) if self.whole else round(value, self.digits)

    def raw(self, value: Told) -> float:
        """Return the raw value that says so. Raises ValueError if none does."""
        if value is None:
            return next(iter(self.unknown), 0)
        if isinstance(value, str) or not self.scale or not math.isfinite(value):
            raise ValueError(f"{self.name} cannot be {value!r}")
        exact = (value - self.offset) / self.scale
        if self.floating:
            return exact
        raw = round(exact)
        low, high = (-(1 << self.bits - 1), (1 << self.bits - 1) - 1) if self.signed else (0, (1 << self.bits) - 1)
        if not low <= raw <= high:
            raise ValueError(f"{self.name} cannot be {value}: that is {raw} of {low} to {high}")
        return raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One message: an identifier, and the signals that its data hold."""

    key: int
    """The identifier, with bit 31 set where it has 29 bits."""
    name: str
    size: int
    """Bytes."""
    period: float | None
    """s from one to the next, where the file tells."""
    asks: bool
    """Whether it comes from who reads a device, as our own files say: an inverter, a host."""
    loose: bool
    """Whether its signals overlap or do not fit, so that each is read by itself."""
    signals: Mapping[str, SignalLayout] = field(repr=False)
    message: Message = field(repr=False)

    def decode(self, data: bytes) -> dict[str, Told]:
        """Return what data say; signals that they are too short for, and unknown multiplexers, are left out."""
        raws = self._apart(data) if self.loose else self._together(data)
        told: dict[str, Told] = {}
        for name, signal in self.signals.items():
            if signal.text:
                told |= {name: text} if (text := _text(data[signal.first :][: signal.bits // 8])) else {}
            elif name in raws:
                told[name] = signal.told(raws[name])
        return told

    def encode(self, values: Mapping[str, Told], size: int | None = None) -> CanFrame:
        """Return the frame that says so; what is not named is unknown, or zero. Raises ValueError."""
        if strangers := values.keys() - self.signals.keys():
            raise ValueError(f"{self.name} has no {', '.join(sorted(strangers))}")
        raws = {
            name: signal.raw(values.get(name))
            for name, signal in self.signals.items()
            if not signal.text and (signal.selected_by is None or self._selected(signal, values))
        }
        data = bytearray(self.size)
        if raws:
            # cantools wants a value for each signal of the selected group; a text's bytes are put in place below.
            full = {**raws, **{name: 0 for name, signal in self.signals.items() if signal.text}}
            try:
                data[:] = self.message.encode(full, scaling=False, padding=False, strict=False)
            except FAILURES as err:
                raise ValueError(f"{self.name} cannot be made: {err}") from err
        for name, signal in self.signals.items():
            if signal.text and (text := values.get(name)) is not None:
                room = signal.bits // 8
                data[signal.first : signal.first + room] = str(text).encode("ascii")[:room].ljust(room, b"\0")
        return frame_of(self.key, bytes(data[: self.size if size is None else size]))

    def _together(self, data: bytes) -> Mapping[str, Any]:
        """Return the raw values by cantools."""
        if all(signal.text for signal in self.signals.values()):
            return {}
        try:
            return self.message.decode_simple(data, decode_choices=False, scaling=False, allow_truncated=True)
        except FAILURES:
            return {}

    def _apart(self, data: bytes) -> Mapping[str, Any]:
        """Return the raw values of signals that cantools cannot take out together."""
        raws = {
            name: extract(
                data,
                start=signal.start,
                bits=signal.bits,
                little=signal.little,
                signed=signal.signed,
                floating=signal.floating,
            )
            for name, signal in self.signals.items()
        }

        def here(signal: SignalLayout) -> bool:
            if signal.selected_by is None:
                return True
            return raws[signal.selected_by] in signal.selected and here(self.signals[signal.selected_by])

        return {name: raw for name, raw in raws.items() if raw is not None and here(self.signals[name])}

    def _selected(self, signal: SignalLayout, values: Mapping[str, Told]) -> bool:
        """Whether the frame that is to be made has a signal."""
        multiplexer = self.signals[signal.selected_by or ""]
        reached = multiplexer.selected_by is None or self._selected(multiplexer, values)
        return reached and multiplexer.raw(values.get(multiplexer.name)) in signal.selected


class FrameMap:
    """The messages of one file."""

    def __init__(self, name: str, database: Database) -> None:
        self.name = name
        layouts = [
            _layout(message) for message in database.messages if message.length <= LONGEST or _assembled(message)
        ]
        self.messages: Mapping[int, Layout] = MappingProxyType({layout.key: layout for layout in layouts})
        self.named: Mapping[str, Layout] = MappingProxyType({layout.name: layout for layout in layouts})

    def decode(self, frame: CanFrame) -> dict[str, Told] | None:
        """Return what a frame says; `None` if this map does not know its identifier. Raises BrokenFrameError."""
        return None if frame.remote or frame.error else self.decode_as(frame.key, frame.data)

    def decode_as(self, key: int, data: bytes) -> dict[str, Told] | None:
        """Return what data say as the message `key`; `None` if there is none. Raises BrokenFrameError."""
        layout = self.messages.get(key)
        if layout is None:
            return None
        values = layout.decode(data)
        quirk = QUIRKS.get((self.name, key))
        return values if quirk is None else quirk(data, values)

    def encode(self, name: str, values: Mapping[str, Told], size: int | None = None) -> CanFrame:
        """Return the frame of the message `name`, cut to `size` bytes. Raises ValueError, KeyError for the name."""
        return self.named[name].encode(values, size)


def _layout(message: Message) -> Layout:
    selectors = {signal.name for signal in message.signals if signal.is_multiplexer}
    return Layout(
        key=message.frame_id | (EXTENDED if message.is_extended_frame else 0),
        name=message.name,
        size=message.length,
        period=message.cycle_time / 1000 if message.cycle_time else None,
        loose=_loose(message),
        asks=not HOSTS.isdisjoint(message.senders),
        signals=MappingProxyType({signal.name: _signal(signal, selectors) for signal in message.signals}),
        message=message,
    )


def _signal(signal: Signal, selectors: set[str]) -> SignalLayout:
    scale, offset = float(signal.conversion.scale), float(signal.conversion.offset)
    floating = bool(signal.conversion.is_float)
    choices = {int(raw): str(name) for raw, name in (signal.choices or {}).items()}
    digits = max(_digits(scale), _digits(offset))
    selector = signal.multiplexer_signal if signal.multiplexer_signal in selectors else None
    return SignalLayout(
        name=signal.name,
        unit=signal.unit or "",
        scale=scale,
        offset=offset,
        digits=DIGITS_MOST if floating else digits,
        whole=not floating and digits == 0,
        floating=floating,
        signed=signal.is_signed,
        bits=signal.length,
        start=signal.start,
        little=signal.byte_order == "little_endian",
        selected_by=selector,
        selected=frozenset(signal.multiplexer_ids or ()) if selector else frozenset(),
        selects=signal.is_multiplexer,
        unknown=frozenset(raw for raw, name in choices.items() if name == UNKNOWN),
        choices=MappingProxyType(choices),
    )


def _loose(message: Message) -> bool:
    """Whether a strict reader would refuse the message."""
    try:
        message.refresh(strict=True)
    except FAILURES:
        message.refresh(strict=False)
        return True
    return False


def _digits(number: float) -> int:
    """Return how many digits after the point a number has."""
    with suppress(InvalidOperation, TypeError, ValueError):
        exponent = Decimal(repr(number)).normalize().as_tuple().exponent
        return min(DIGITS_MOST, max(0, -int(exponent)))
    return DIGITS_MOST


def _text(data: bytes) -> str:
    """Return text up to its first zero, without what cannot be printed."""
    return PRINTABLE.sub("", data.split(b"\0")[0].decode("ascii", errors="replace"))


def _assembled(message: Message) -> bool:
    """Whether a message longer than a frame is put together from several (NMEA 2000)."""
    return bool(message.is_extended_frame) and message.length <= 64 and message.comment == "fast packet"
