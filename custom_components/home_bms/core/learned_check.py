"""Tells whether what was saved of a battery can be what was once learned of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Final

from . import cells, charge, resistance
from .battery import CellCharge, CellResistance, Knowledge, Life, Trend, Typical
from .cycles import DEPTHS
from .kalman import Matrix

type _Part = Typical | CellCharge | CellResistance | Trend

# No number of it is greater: hours, seconds and squared A are counted over a life, all else is small.
_MOST: Final = 1e9
# Nor less, where it is a size.
_LEAST: Final = 1e-9
# First doubts by which a thing may come to lie beside its first guess: a short of 3 A at 100 Ah is a thousand.
_FAR: Final = 1000.0
_OHMS: Final = 10.0
# What rounding makes of a correlation of one.
_ROUNDED: Final = 1e-6


def problem(chemistry: str, rated: float, knowledge: Knowledge, life: Life) -> str | None:
    """Return what is wrong with it in words, `None` if nothing is."""
    if not _is_number((rated, knowledge, life)) or rated < _LEAST:
        return "a part of it is no number"
    for place, length, permitted in _lengths(knowledge, life):
        if length not in permitted:
            return f"{place} has {length} values"
    for part, guess in _parts(chemistry, rated, knowledge, life):
        if not _fits(part, guess):
            return f"a {type(part).__name__} of it is none"
    if not all(low <= value <= high for low, value, high in _ranges(rated, knowledge, life)):
        return "a part of it is out of range"
    return None


def _is_number(value: object) -> bool:
    """Tell whether every number in it is one."""
    if isinstance(value, int | float):
        return abs(value) <= _MOST
    if isinstance(value, tuple):
        return all(map(_is_number, value))
    return not is_dataclass(value) or all(_is_number(getattr(value, field.name)) for field in fields(value))


def _lengths(knowledge: Knowledge, life: Life) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    count = len(knowledge.cells)
    perhaps = (0, count)
    yield "cells", count, (count or -1,)
    yield "resistances", len(knowledge.resistances), (count,)
    yield "bleed", len(knowledge.tally.bleed), perhaps
    yield "surplus", len(knowledge.surplus), perhaps
    yield "surplus_doubt", len(knowledge.surplus_doubt), (len(knowledge.surplus),)
    yield "now", len(knowledge.now.each), perhaps
    for place in ("sizes", "ohms", "first"):
        yield place, len(getattr(life.ageing, place)), perhaps
    yield "counted", len(life.cycling.counted), (DEPTHS,)


def _parts(chemistry: str, rated: float, knowledge: Knowledge, life: Life) -> Iterator[tuple[_Part, _Part]]:
    """Yield each part with the first guess at it; a trend is its own."""
    yield knowledge.typical, charge.begin(chemistry, rated)
    for cell in knowledge.cells:
        yield cell, cells.begin(rated)
    for ohms in knowledge.resistances:
        yield ohms, resistance.begin(rated)
    for trend in (*life.ageing.sizes, *life.ageing.ohms):
        if trend is not None:
            yield trend, Trend(state=(0.0, 0.0), covariance=((1.0, 0.0), (0.0, 1.0)))


def _fits(part: _Part, guess: _Part) -> bool:
    """Tell whether a part has its shape, a covariance, and values that the first guess does not exclude."""
    size = len(guess.state)
    if {len(line) for line in (part.state, part.covariance, *part.covariance)} != {size}:
        return False
    return _is_covariance(part.covariance) and all(
        (part.state[number] - guess.state[number]) ** 2 <= _FAR**2 * guess.covariance[number][number]
        for number in range(size)
    )


def _is_covariance(matrix: Matrix) -> bool:
    variances = [line[number] for number, line in enumerate(matrix)]
    return min(variances) > 0 and all(
        value * value <= (1 + _ROUNDED) * variances[row] * variances[column]
        for row, line in enumerate(matrix)
        for column, value in enumerate(line)
    )


def _ranges(rated: float, knowledge: Knowledge, life: Life) -> Iterator[tuple[float, float, float]]:
    """Yield the least and the most that a value may be around it."""
    typical, tally, heat = knowledge.typical, knowledge.tally, life.heat
    yield rated / 100, typical.capacity, 100 * rated
    yield 0.0, typical.capacity_doubt, rated
    yield -1.0, typical.lean, 1.0
    for at_least_nothing in (typical.hours, tally.hours, tally.doubt):
        yield 0.0, at_least_nothing, _MOST
    for cell in knowledge.cells:
        yield -cells.UNLIKE, cell.state[cells.CAPACITY], cells.UNLIKE
    for ohms in knowledge.resistances:
        yield 0.0, ohms.steps, _MOST
        yield 0.0, ohms.weight, _MOST
        yield 0.0, ohms.scatter, _OHMS
        for value in (ohms.measured, ohms.fast, ohms.slow, ohms.at_once.ohms, ohms.in_minutes.ohms):
            yield -_OHMS, value or 0.0, _OHMS
        for beside in (ohms.at_once, ohms.in_minutes):
            yield 0.0, beside.doubt, _OHMS
            yield 0.0, beside.hours, _MOST
    for finding in knowledge.findings:
        yield 0, finding.cell or 0, len(knowledge.cells) - 1
    for first in life.ageing.first:
        yield _LEAST, 1.0 if first is None else first, _MOST
    if heat is not None:
        yield _LEAST, heat.scale, _MOST
        yield _LEAST, heat.rise_variance, _MOST
        yield _LEAST, heat.ambient_variance, _MOST
        yield 0.0, heat.covariance**2, heat.rise_variance * heat.ambient_variance
