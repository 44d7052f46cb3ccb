"""Writes what a black box froze as compressed JSON lines, and reads it back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NoReturn

from .blackbox import Tick, Trigger
from .chemistry import FACTS
from .codec import CodecError, codec
from .model import Decision, HardwareRing, PackConfig, PackReading, PackState

FORMAT: Final = 2
"""Of the files; a reader refuses any other: what was recorded holds the state of that version's core."""
LARGEST: Final = 64 * 2**20
"""Bytes of text that a file may hold: half an hour of 400 cells is a tenth of it."""

# zlib's word for the gzip format, whose own module would reach for the clock and the disk.
_GZIP: Final = 31
_GZIP_MAGIC: Final = b"\x1f\x8b"

NO_OVERRIDES: Mapping[str, float] = MappingProxyType({})


class RecordError(ValueError):
    """What is no recording, or one of a newer version; the message names the line and the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line: who wrote it, about what pack, and why."""

    format: int = FORMAT
    home_bms: str
    """Version."""
    home_assistant: str | None = None
    """Version."""
    model: str | None = None
    """The key of the pack's device."""
    time: str | None = None
    """Wall-clock time of `origin`, ISO 8601."""
    origin: float = 0.0
    """The monotonic time that people count from: that of the first trigger."""
    triggers: tuple[Trigger, ...] = ()
    hardware: HardwareRing = HardwareRing()
    """The pack's own protection, and ..."""
    overrides: Mapping[str, float] = NO_OVERRIDES
    """... the thresholds that the user moved, of which `config` was made."""
    acting: bool | None = None
    """Whether home_bms was allowed to control the pack when this was frozen; `None` is not known."""
    config: PackConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A whole file."""

    header: Header
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """Any line but the first: a state that came from outside, or a tick."""

    state: PackState | None = None
    reading: PackReading | None = None
    decision: Decision | None = None
    drill: str | None = None
    error: str | None = None


def text(value: object) -> str:
    """Return a dataclass of the model as one line of JSON: the same text means the same to the last bit."""
    kind: Any = type(value)
    return json.dumps(codec(kind).encode(value), allow_nan=False, check_circular=False, separators=(",", ":"))


def dump(recording: Recording) -> bytes:
    """Return a file's content. Raises CodecError if a value is not what its type says."""
    packer = zlib.compressobj(wbits=_GZIP)
    packed = [packer.compress(f"{line}\n".encode()) for line in _lines(recording)]
    return b"".join((*packed, packer.flush()))


def _lines(recording: Recording) -> Iterator[str]:
    yield text(recording.header)
    for tick in recording.ticks:
        if tick.state is not None:
            yield text(_Line(state=tick.state))
        yield text(_Line(reading=tick.reading, decision=tick.decision, drill=tick.drill, error=tick.error))


def load(content: bytes) -> Recording:
    """Return what a file holds, compressed or not. Raises RecordError."""
    lines = _text(content).split("\n")
    objects = [(number, _object(number, line)) for number, line in enumerate(lines, 1) if line.strip()]
    if not objects or "format" not in objects[0][1]:
        raise RecordError("this is no black box: the first line is no header")
    version = objects[0][1]["format"]
    if version != FORMAT or isinstance(version, bool):
        raise RecordError(f"line 1: format {version!r:.20} is not known here, only {FORMAT}")
    header: Header = _decoded(Header, *objects[0])
    for name, least, most in FACTS:
        # Whoever draws a recording makes room for as many cells as it names.
        if not least <= (value := getattr(header.config, name)) <= most:
            raise RecordError(f"line 1: config.{name}: {value!r:.20} is not {least} to {most}")
    return Recording(
        header=header, ticks=tuple(_ticks((number, _decoded(_Line, number, raw)) for number, raw in objects[1:]))
    )


def _ticks(lines: Iterable[tuple[int, _Line]]) -> Iterator[Tick]:
    """Join the states with the ticks that follow them."""
    state: PackState | None = None
    for number, line in lines:
        if (line.state is None) == (line.reading is None):
            raise RecordError(f"line {number}: neither a state nor a reading, or both")
        if line.reading is None:
            state = line.state
            continue
        yield Tick(reading=line.reading, decision=line.decision, state=state, drill=line.drill, error=line.error)
        state = None


def _text(content: bytes) -> str:
    """Return the text of a file."""
    try:
        if content.startswith(_GZIP_MAGIC):
            unpacker = zlib.decompressobj(wbits=_GZIP)
            content = unpacker.decompress(content, LARGEST + 1)
            if len(content) <= LARGEST and not unpacker.eof:
                raise RecordError("the file is cut off")
        if len(content) > LARGEST:
            raise RecordError(f"the file holds more than {LARGEST // 2**20} MiB of text")
        return content.decode()
    except zlib.error as err:
        raise RecordError(f"the file is damaged: {err}") from None
    except UnicodeDecodeError:
        raise RecordError("this is no black box: it holds no text") from None


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as err:
        raise RecordError(f"line {number}: {err}") from None
    if not isinstance(value, dict):
        raise RecordError(f"line {number}: {line:.40} is no object")
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _decoded(kind: Any, number: int, value: dict[str, Any]) -> Any:  # noqa: ANN401
    try:
        return codec(kind).decode(value)
    except CodecError as err:
        raise RecordError(f"line {number}: {err}") from None
    except RecursionError:
        raise RecordError(f"line {number}: it is too deep") from None
