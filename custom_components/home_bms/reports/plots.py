"""Draws bars, lines with bands and whiskers as SVG that stands inside a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from html import escape
from itertools import groupby, pairwise
from math import ceil, floor, isfinite, log10
from typing import Final, NewType

Drawing = NewType("Drawing", str)
"""SVG whose texts are escaped: what `draw` made and nothing else."""

# A page's width in its own pixels, so that a text is as large as it says.
_WIDTH: Final = 780.0
_HEIGHT: Final = 220.0
_EMPTY: Final = 48.0
_LEFT: Final = 56.0
_RIGHT: Final = 14.0
_TOP: Final = 30.0
_BOTTOM: Final = 26.0
_TEXT: Final = 12.0
# Least distance of two texts below the axis for each of their letters, and beside that.
_LETTER: Final = 6.8
_BETWEEN: Final = 10.0
_SWATCH: Final = 12.0
_MOST_TICKS: Final = 6
# Share of the values' span that a scale without a fixed end shows beyond them.
_MARGIN: Final = 0.08
# Share of the values themselves below which they count as one and the same.
_FLAT: Final = 1e-9
# Differ in lightness too, for printers without colours and for those who see them otherwise.
COLOURS: Final = ("#1f5f99", "#e08a1e", "#4a8f5a", "#8d4f9c")
_GRID: Final = "#dde3ea"
_AXIS: Final = "#8a97a6"
_INK: Final = "#333d49"
_RULE: Final = "#b3261e"


class Look(StrEnum):
    """How the values of a series are drawn."""

    BARS = "bars"
    LINE = "line"
    POINTS = "points"
    """Each for itself, with a whisker over its band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values of one kind, one for each slot of a plot; `None` is a gap, and nothing is drawn over it."""

    name: str
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    """The lower end of the band around each value; there is none where either end is missing."""
    high: tuple[float | None, ...] = ()
    look: Look = Look.LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A level across the whole plot to compare with."""

    name: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What is drawn: series over slots of equal width."""

    title: str
    """For who hears the page rather than sees it."""
    unit: str
    labels: tuple[str, ...]
    """Of the slots; an empty one has no mark. Where there is no room for all, some are left out."""
    series: tuple[Series, ...]
    nothing: str
    """Written where there is no value at all."""
    rules: tuple[Rule, ...] = ()
    from_zero: bool = False
    comma: str = "."
    """Before the decimals."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where values and slots lie."""

    low: float
    high: float
    slots: int

    def y(self, value: float) -> float:
        """Return the height of a value."""
        inner = _HEIGHT - _TOP - _BOTTOM
        return _TOP + inner * (self.high - value) / (self.high - self.low)

    @property
    def slot(self) -> float:
        """The width of a slot."""
        return (_WIDTH - _LEFT - _RIGHT) / max(1, self.slots)

    def x(self, index: int) -> float:
        """Return the middle of a slot."""
        return _LEFT + (index + 0.5) * self.slot


def ticks(low: float, high: float, most: int = _MOST_TICKS) -> tuple[float, ...]:
    """Return round values at equal steps of 1, 2 or 5, from the last at or below `low` to the first at or above `high`.

    There are `most` at the most, and two at least.
    """
    if high - low < _FLAT * max(1.0, abs(low), abs(high)):
        span = abs(low) if abs(low) > _FLAT else 1.0
        low, high = low - span / 2, high + span / 2
    power = 10.0 ** floor(log10((high - low) / most))
    for factor in (1, 2, 5, 10, 20, 50):
        step = factor * power
        first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
        if last - first < most:
            break
    digits = max(0, -floor(log10(step)) + 1)
    return tuple(round(count * step, digits) for count in range(first, max(last, first + 1) + 1))


def draw(plot: Plot) -> Drawing:
    """Return a plot as SVG."""
    return Drawing("".join(_drawn(replace(plot, series=tuple(_finite(series) for series in plot.series)))))


def _finite(series: Series) -> Series:
    """Return a series in which what is no number is a gap."""

    def known(values: tuple[float | None, ...]) -> tuple[float | None, ...]:
        return tuple(value if value is not None and isfinite(value) else None for value in values)

    return replace(series, values=known(series.values), low=known(series.low), high=known(series.high))


def _drawn(plot: Plot) -> Iterator[str]:
    values = list(_values(plot))
    height = _HEIGHT if values else _EMPTY
    yield (
        f'<svg viewBox="0 0 {_WIDTH:g} {height:g}" role="img" aria-label="{escape(plot.title)}"'
        f' font-size="{_TEXT:g}" font-family="inherit" fill="{_INK}">'
    )
    if values:
        marks = _marks(plot, values)
        scale = _Scale(marks[0], marks[-1], len(plot.labels))
        yield from _grid(plot, scale, marks)
        for part in (_bars, _bands, _rules, _lines, _points, _rule_names):
            yield from part(plot, scale)
        yield from _legend(plot)
    else:
        yield f'<rect x="0.5" y="0.5" width="{_WIDTH - 1:g}" height="{height - 1:g}" fill="#f4f6f8" stroke="{_GRID}"/>'
        yield _words(plot.nothing, _WIDTH / 2, height / 2 + 4, anchor="middle")
    yield "</svg>"


def _values(plot: Plot) -> Iterator[float]:
    """Return all that is drawn of the series."""
    for series in plot.series:
        for values in (series.values, series.low, series.high):
            yield from (value for value in values if value is not None)


def _marks(plot: Plot, values: list[float]) -> tuple[float, ...]:
    values = values + [rule.at for rule in plot.rules]
    low, high = min(values), max(values)
    if plot.from_zero:
        return ticks(min(0.0, low), max(0.0, high) or 1.0)
    margin = _MARGIN * (high - low)
    # What is never negative is not shown as if it could be.
    return ticks(max(0.0, low - margin) if low >= 0 else low - margin, high + margin)


def _grid(plot: Plot, scale: _Scale, marks: tuple[float, ...]) -> Iterator[str]:
    """Draw the scale on the left, and the names of the slots."""
    digits = _digits(marks)
    right = _WIDTH - _RIGHT
    for mark in marks:
        y = scale.y(mark)
        colour = _AXIS if mark in (marks[0], 0) else _GRID
        yield f'<path d="M{_LEFT:g} {y:.1f}H{right:g}" stroke="{colour}"/>'
        yield _words(f"{mark:.{digits}f}".replace(".", plot.comma), _LEFT - 6, y + 4, anchor="end")
    bottom = _HEIGHT - _BOTTOM
    for index, label in _shown(plot.labels, scale):
        yield f'<path d="M{scale.x(index):.1f} {bottom:g}v4" stroke="{_AXIS}"/>'
        yield _words(label, scale.x(index), bottom + 17, anchor="middle")


def _digits(marks: tuple[float, ...]) -> int:
    """Return how many decimals tell the marks apart."""
    step = marks[1] - marks[0]
    return next((digits for digits in range(6) if abs(round(step, digits) - step) < step / 100), 6)


def _shown(labels: tuple[str, ...], scale: _Scale) -> list[tuple[int, str]]:
    """Return the labels for which there is room: each, or each second, third and so on."""
    named = [(index, label) for index, label in enumerate(labels) if label]
    if len(named) < 2:
        return named
    room = min(after - before for (before, _), (after, _) in pairwise(named)) * scale.slot
    wide = max(len(label) for _, label in named) * _LETTER + _BETWEEN
    return named[:: ceil(wide / room)]


def _bars(plot: Plot, scale: _Scale) -> Iterator[str]:
    all_bars = [(index, series) for index, series in enumerate(plot.series) if series.look is Look.BARS]
    if not all_bars:
        return
    width = 0.8 * scale.slot / len(all_bars)
    zero = scale.y(min(max(0.0, scale.low), scale.high))
    for place, (index, series) in enumerate(all_bars):
        for slot, value in enumerate(series.values):
            if value is None:
                continue
            y, x = scale.y(value), scale.x(slot) - 0.4 * scale.slot + place * width
            yield (
                f'<rect x="{x:.1f}" y="{min(y, zero):.1f}" width="{width * 0.94:.1f}" height="{abs(zero - y):.1f}"'
                f' fill="{_colour(index)}"/>'
            )


def _bands(plot: Plot, scale: _Scale) -> Iterator[str]:
    for index, series in enumerate(plot.series):
        if series.look is not Look.LINE:
            continue
        ends = zip(series.low, series.high, strict=True)
        for start, run in _runs([None if low is None or high is None else (low, high) for low, high in ends]):
            upper = [f"{scale.x(start + place):.1f} {scale.y(high):.1f}" for place, (_, high) in enumerate(run)]
            lower = [f"{scale.x(start + place):.1f} {scale.y(low):.1f}" for place, (low, _) in enumerate(run)]
            yield (
                f'<path d="M{"L".join(upper + lower[::-1])}Z" fill="{_colour(index)}" fill-opacity="0.18"'
                f' stroke="{_colour(index)}" stroke-opacity="0.18"/>'
            )


def _lines(plot: Plot, scale: _Scale) -> Iterator[str]:
    for index, series in enumerate(plot.series):
        if series.look is not Look.LINE:
            continue
        for start, run in _runs(series.values):
            points = [f"{scale.x(start + place):.1f} {scale.y(value):.1f}" for place, value in enumerate(run)]
            if len(points) == 1:
                yield _dot(scale.x(start), scale.y(run[0]), _colour(index), 2.5)
            else:
                yield f'<path d="M{"L".join(points)}" fill="none" stroke="{_colour(index)}" stroke-width="1.8"/>'


def _points(plot: Plot, scale: _Scale) -> Iterator[str]:
    whiskers = [(index, series) for index, series in enumerate(plot.series) if series.look is Look.POINTS]
    for place, (index, series) in enumerate(whiskers):
        aside = scale.slot * ((place + 1) / (len(whiskers) + 1) - 0.5)
        none = (None,) * len(series.values)
        rows = zip(series.values, series.low or none, series.high or none, strict=True)
        for slot, (value, low, high) in enumerate(rows):
            x = scale.x(slot) + aside
            if low is not None and high is not None:
                yield (
                    f'<path d="M{x:.1f} {scale.y(low):.1f}V{scale.y(high):.1f}M{x - 4:.1f} {scale.y(low):.1f}h8'
                    f'M{x - 4:.1f} {scale.y(high):.1f}h8" stroke="{_colour(index)}" fill="none"/>'
                )
            if value is not None:
                yield _dot(x, scale.y(value), _colour(index), 4)


def _rules(plot: Plot, scale: _Scale) -> Iterator[str]:
    for rule in plot.rules:
        y = scale.y(rule.at)
        yield f'<path d="M{_LEFT:g} {y:.1f}H{_WIDTH - _RIGHT:g}" stroke="{_RULE}" stroke-dasharray="6 4"/>'


def _rule_names(plot: Plot, scale: _Scale) -> Iterator[str]:
    """Name the rules above all that is drawn."""
    for rule in plot.rules:
        yield _words(rule.name, _WIDTH - _RIGHT - 4, scale.y(rule.at) - 4, anchor="end", colour=_RULE)


def _legend(plot: Plot) -> Iterator[str]:
    """Name the unit and the series above the drawing."""
    yield _words(plot.unit, _LEFT - 6, 14, anchor="end")
    x = _LEFT + 6
    for index, series in enumerate(plot.series):
        if not series.name:
            continue
        yield f'<rect x="{x:.1f}" y="4" width="{_SWATCH:g}" height="{_SWATCH:g}" fill="{_colour(index)}"/>'
        yield _words(series.name, x + _SWATCH + 5, 14)
        x += _SWATCH + 22 + _LETTER * len(series.name)


def _runs[ValueT](values: Sequence[ValueT | None]) -> Iterator[tuple[int, list[ValueT]]]:
    """Return each stretch without a gap, and where it begins."""
    start = 0
    for known, group in groupby(values, key=lambda value: value is not None):
        run = list(group)
        if known:
            yield start, [value for value in run if value is not None]
        start += len(run)


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _dot(x: float, y: float, colour: str, radius: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"/>'


def _words(text: str, x: float, y: float, *, anchor: str = "start", colour: str = "") -> str:
    # What is coloured lies on other drawings; a rim sets it off from them.
    fill = f' fill="{colour}" stroke="#fff" stroke-width="3" paint-order="stroke"' if colour else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{fill}>{escape(text)}</text>'
