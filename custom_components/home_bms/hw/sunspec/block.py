"""A model of SunSpec as a component that is made from a table of its points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final

from modbus_connection.model import Component, RegisterField
from modbus_connection.model.sunspec import (
    SunSpecComponent,
    SunSpecModel,
    bitfield16,
    bitfield32,
    enum16,
    int16,
    int32,
    model_length_group,
    string,
    sunssf,
    uint16,
    uint32,
    uint64,
)

type Row = Sequence[str]
"""A point's name, its type, and the name of its scale factor where it has one."""

HEADER: Final = 2
"""Registers in front of each model: its number and its length."""
PAD: Final = "pad"
"""The type of a register that means nothing."""
TYPES: Final[Mapping[str, Callable[..., RegisterField[Any]]]] = MappingProxyType(
    {
        "bitfield16": bitfield16,
        "bitfield32": bitfield32,
        "enum16": enum16,
        "int16": int16,
        "int32": int32,
        PAD: enum16,
        "sunssf": sunssf,
        "uint16": uint16,
        "uint32": uint32,
        "uint64": uint64,
    }
)


class Block(SunSpecComponent):
    """A model of a chain; its attributes are called as SunSpec calls its points."""

    number: ClassVar[int]
    title: ClassVar[str]
    """What home_bms calls it."""
    needed: ClassVar[int]
    """Registers without which it is something else."""
    size: ClassVar[int]
    """Registers in front of its repeated parts, the header included."""
    part: ClassVar[str] = ""
    """The attribute that holds its repeated parts; empty where none repeat."""
    stride: ClassVar[int] = 1
    """Registers of one part."""
    counted: ClassVar[str] = ""
    """The point that tells how many of the parts are in use, where there is one."""

    @classmethod
    def fits(cls, found: SunSpecModel) -> bool:
        """Whether a model of a chain is as long as this one can be."""
        return found.span >= cls.needed and (not cls.part or (found.span - cls.size) % cls.stride == 0)


def model(number: int, title: str, table: str, *, part: str = "", parts: str = "", counted: str = "") -> type[Block]:
    """Return the class of a model from its table; a `part` is repeated to the model's end."""
    rows = _rows(table)
    scales = {name: at for (name, *_), at in zip(rows, _places(rows, HEADER), strict=False) if name.endswith("_SF")}
    size = _places(rows, HEADER)[-1]
    real = [at for row, at in zip(rows, _places(rows, HEADER)[1:], strict=True) if row[1] != PAD]
    members: dict[str, Any] = {"number": number, "title": title, "needed": real[-1], "size": size}
    members |= _fields(rows, HEADER, scales)
    if part:
        inner = _rows(parts)
        stride = _places(inner, size)[-1] - size
        repeated: type[Component] = type(f"Part{number}", (Component,), dict(_fields(inner, size, scales)))
        group = model_length_group(repeated, start=size, stride=stride)
        members |= {"needed": size, "part": part, "stride": stride, "counted": counted, part: group}
    return type(f"Model{number}", (Block,), members)


def _rows(table: str) -> list[Row]:
    """Return the rows of a table."""
    return [row.split() for row in table.splitlines() if row.strip()]


def _places(rows: Sequence[Row], start: int) -> list[int]:
    """Return where each row begins, and behind them where the last one ends."""
    places = [start]
    for _, kind, *_ in rows:
        places.append(places[-1] + _field(kind, 0).count)
    return places


def _field(kind: str, address: int, scale: int | None = None) -> RegisterField[Any]:
    """Return a field of a type of SunSpec, with its scale factor at `scale`; `string16` is a text of 16 registers."""
    if kind.startswith("string"):
        return string(address, int(kind.removeprefix("string")))
    return TYPES[kind](address) if scale is None else TYPES[kind](address, scale_register=scale)


def _fields(rows: Sequence[Row], start: int, scales: Mapping[str, int]) -> dict[str, RegisterField[Any]]:
    """Return the fields of a table that begins at register `start`."""
    return {
        name: _field(kind, at, *[scales[scale] for scale in more])
        for (name, kind, *more), at in zip(rows, _places(rows, start), strict=False)
        if kind != PAD
    }
