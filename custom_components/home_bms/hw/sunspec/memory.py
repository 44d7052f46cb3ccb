"""A chain of SunSpec models in register words, read both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any, Final, cast

from modbus_connection import ModbusUnit
from modbus_connection.decode import decode_int16
from modbus_connection.encode import encode_int, encode_string
from modbus_connection.model import Component, NumberField, RegisterField
from modbus_connection.model.sunspec import SunSpecModel

from ..registers import SPACES, Memory
from .block import HEADER, Block
from .models import MODELS

type Points = Mapping[str, Any]
"""The values of one model by the names of its points, `ID` and `L` first; repeated parts are a list of such."""

MARKER: Final = (0x5375, 0x6E53)
"""What a chain begins with: "SunS"."""
BASES: Final = (40000, 0, 50000)
"""Where a chain may begin, the likeliest first."""
END: Final = 0xFFFF
"""The number in the last header."""
PAD: Final = 0x8000
NO_SCALE: Final = -0x8000
"""A scale factor that is not implemented: its points cannot be told."""
SCALES: Final = range(-10, 11)
"""What a scale factor can be by the specification; with any other a number may be too large to reckon with."""
NAMES: Final = {"model_id": "ID", "model_length": "L"}
# A block that is only looked at asks nobody.
_NOBODY: Final = cast("ModbusUnit", None)


def told(blocks: Iterable[Block]) -> dict[str, list[Points]]:
    """Return the points of blocks that were just read, by the blocks' titles."""
    values: dict[str, list[Points]] = {}
    for block in blocks:
        values.setdefault(block.title, []).append(_points(block, getattr))
    return values


def found_in(memory: Memory) -> dict[str, Any]:
    """Return what register words tell: the chain's `sunspec` marks as far as they show, and each known model's points.

    Words behind no header mean nothing. Two words alone are a header that somebody asked for.
    """
    values: dict[str, Any] = {}
    for run in _runs(memory):
        marks, models = _chain(memory, run)
        if marks:
            values.setdefault("sunspec", []).extend(marks)
        for model in models:
            kind = MODELS[model.model_id]
            values.setdefault(kind.title, []).append(_decoded(memory, kind(_NOBODY, model)))
    return values


def points_at(memory: Memory, kind: type[Block], model: SunSpecModel) -> Points:
    """Return the points of one model whose words lie in `memory`."""
    return _decoded(memory, kind(_NOBODY, model))


def memory_with(chain: Iterable[tuple[type[Block], Points]], base: int = BASES[0]) -> dict[int, int]:
    """Return the register words of a whole chain at `base`; a point that is `None` or missing is "not implemented".

    A number that its scale factor cannot express becomes the nearest one.
    """
    memory = dict(zip(range(base, base + len(MARKER)), MARKER, strict=True))
    at = base + len(MARKER)
    for kind, points in chain:
        model = SunSpecModel(
            model_id=kind.number,
            address=at,
            length=kind.size + kind.stride * len(points.get(kind.part, ())) - HEADER,
        )
        memory |= dict.fromkeys(range(at, at + model.span), PAD)
        _put(memory, kind(_NOBODY, model), {**points, "ID": model.model_id, "L": model.length})
        at += model.span
    return memory | {at: END, at + 1: 0}


def exponent_for(largest: float, finest: int = -3, most: int = 0x7FFF) -> int:
    """Return the smallest scale factor, `finest` at the least, in which a number up to `largest` still has a place."""
    exponent = finest
    while isfinite(largest) and largest > most * 10.0**exponent:
        exponent += 1
    return exponent


def _runs(memory: Memory) -> Iterator[range]:
    """Return the unbroken stretches of holding registers."""
    places = sorted(at for at in memory if at < SPACES["input"])
    starts = [at for before, at in pairwise([-2, *places]) if at != before + 1]
    for start in starts:
        end = start
        while end in memory:
            end += 1
        yield range(start, end)


def _chain(memory: Memory, run: range) -> tuple[list[dict[str, Any]], list[SunSpecModel]]:
    """Return what a stretch of registers shows of the chain, and its models that are known and whole."""
    marks: list[dict[str, Any]] = []
    models: list[SunSpecModel] = []
    at = run.start
    if tuple(memory.get(at + index) for index in range(len(MARKER))) == MARKER:
        marks.append({"address": at, "marker": "SunS"})
        at += len(MARKER)
    elif len(run) > HEADER and not _whole(memory, at, run):
        return [], []
    while at + 1 in run:
        number, length = memory[at], memory[at + 1]
        if number == END:
            marks.append({"address": at, "end": True})
            break
        marks.append({"address": at, "model": number, "length": length})
        if _whole(memory, at, run):
            models.append(SunSpecModel(model_id=number, address=at, length=length))
        at += HEADER + length
    return marks, models


def _whole(memory: Memory, at: int, run: range) -> bool:
    """Whether a model that is known stands at an address as a whole."""
    model = SunSpecModel(model_id=memory[at], address=at, length=memory[at + 1])
    kind = MODELS.get(model.model_id)
    return kind is not None and kind.fits(model) and at + model.span <= run.stop


def _decoded(memory: Memory, block: Block) -> Points:
    """Return the points of a block whose words lie in `memory`."""

    def value(component: Component, name: str) -> object:
        place = component.resolved_fields[name]
        words = [memory[place.address + index] for index in range(place.count)]
        scale = None if place.scale_address is None else decode_int16([memory[place.scale_address]])
        return _register(place.field).decode(words, scale)

    return _points(block, value)


def _points(block: Block, value: Callable[[Component, str], Any]) -> Points:
    """Return a block's points, and of its parts as many as are in use."""
    points = {NAMES.get(name, name): value(block, name) for name in block.declared_fields}
    if block.part:
        parts: Sequence[Component] = getattr(block, block.part)
        used = points.get(block.counted)
        count = len(parts) if used is None else int(used)
        points[block.part] = [{name: value(part, name) for name in part.declared_fields} for part in parts[:count]]
    return points


def _put(memory: dict[int, int], block: Block, points: Points) -> None:
    """Write the points of a block into `memory`, the scale factors first: the others need them."""
    rows: list[tuple[Component, Points]] = [(block, {**points, **{name: points[said] for name, said in NAMES.items()}})]
    if block.part:
        rows += zip(getattr(block, block.part), points.get(block.part, ()), strict=True)
    for component, values in rows:
        places = component.resolved_fields
        for name in sorted(places, key=lambda name: not name.endswith("_SF")):
            place = places[name]
            scale = 0 if place.scale_address is None else decode_int16([memory[place.scale_address]])
            value = values.get(name) if scale != NO_SCALE else None
            words = _words(_register(place.field), value, scale)
            memory.update(zip(range(place.address, place.address + place.count), words, strict=True))


def _words(field: RegisterField[Any], value: Any, exponent: int) -> list[int]:  # noqa: ANN401 - as the point is
    """Return the words of a point; the nearest that there is, never the ones that mean "not implemented"."""
    if not isinstance(field, NumberField):
        return encode_string(str(value or "").encode("ascii", "ignore").decode()[: 2 * field.count], length=field.count)
    (nothing,) = field.nan or (0,)
    if value is None:
        return encode_int(nothing, count=field.count)
    half = 1 << (16 * field.count - 1)
    low, high = (1 - half, half - 1) if field.signed else (0, 2 * half - 2)
    return encode_int(round(min(max(value / 10.0**exponent, low), high)), count=field.count)


def _register(field: object) -> RegisterField[Any]:
    """Return a point's field; a block of SunSpec has no coils."""
    return cast("RegisterField[Any]", field)
