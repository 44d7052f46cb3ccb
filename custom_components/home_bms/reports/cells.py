"""Tells of the cells of a pack: what each holds and resists, and where that leads."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import Final

from ..core import learning, resistance
from ..core.ageing import OHMS_END, SIZE_END, VALUE, YEARLY, forecast
from ..core.battery import Trend
from ..learned_view import LearnedView
from .account import PackAccount
from .markup import Figure, Part, Section, Table, Text
from .plots import Look, Plot, Rule, Series, draw
from .words import Wording

# Standard deviations between a value and either end of its band, which holds it nineteen times of twenty.
_BAND: Final = 1.96
_PERCENT: Final = 100.0
# Years by which a trend is drawn ahead, and points a year.
_AHEAD: Final = 5
_A_YEAR: Final = 4
_FAR: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Banded:
    """A value and the ends of its band; all `None` where it is not known."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


_UNKNOWN: Final = _Banded()


def cells_section(wording: Wording, pack: PackAccount) -> Section:
    """Return the section about the cells."""
    knowledge = pack.snapshot.estimate.knowledge
    if knowledge is None:
        return Section(title=wording("cells"), parts=(Text(text=wording("nothing_learned")),))
    count = len(knowledge.cells)
    capacities = [_capacity(pack, cell) for cell in range(count)]
    ohms = [_ohms(pack, cell) for cell in range(count)]
    parts: list[Part] = [
        _each(
            wording, "cell_capacities", "Ah", capacities, rules=(Rule(name=wording("rated"), at=pack.config.capacity),)
        ),
        _each(wording, "cell_resistances", "mΩ", ohms),
        *_trends(wording, pack),
        _table(wording, pack, capacities, ohms),
    ]
    return Section(title=wording("cells"), parts=tuple(parts))


def _capacity(pack: PackAccount, cell: int) -> _Banded:
    """Return the Ah of a cell."""
    knowledge = pack.snapshot.estimate.knowledge
    if knowledge is None:
        return _UNKNOWN
    low, value, high = learning.cell_capacity(knowledge, cell)
    return _Banded(value=value, low=low, high=high)


def _ohms(pack: PackAccount, cell: int) -> _Banded:
    """Return the mΩ of a cell at 25 °C, once its current has stepped often enough."""
    knowledge = pack.snapshot.estimate.knowledge
    if knowledge is None or (known := knowledge.resistances[cell]).steps < resistance.ENOUGH:
        return _UNKNOWN
    value, doubt = known.state[resistance.CELL], _BAND * _deviation(known.covariance[resistance.CELL][resistance.CELL])
    return _Banded(value=1000 * value, low=1000 * max(0.0, value - doubt), high=1000 * (value + doubt))


def _each(wording: Wording, name: str, unit: str, values: list[_Banded], rules: tuple[Rule, ...] = ()) -> Figure:
    """Return a number of each cell with its band."""
    plot = Plot(
        title=wording(name),
        unit=unit,
        labels=tuple(str(cell + 1) for cell in range(len(values))),
        series=(
            Series(
                name="",
                values=tuple(value.value for value in values),
                low=tuple(value.low for value in values),
                high=tuple(value.high for value in values),
                look=Look.POINTS,
            ),
        ),
        nothing=wording("not_learned"),
        rules=rules,
        comma=wording.comma,
    )
    return Figure(title=wording(name), drawing=draw(plot), caption=wording("band_caption"))


def _trends(wording: Wording, pack: PackAccount) -> list[Figure]:
    """Return where capacity and resistance lead, for the worst cell and the middle one."""
    ageing = pack.snapshot.estimate.life.ageing
    return [
        _trend(wording, "capacity_trend", ageing.sizes, SIZE_END, falls=True),
        _trend(wording, "resistance_trend", ageing.ohms, OHMS_END, falls=False),
    ]


def _trend(wording: Wording, name: str, trends: tuple[Trend | None, ...], end: float, *, falls: bool) -> Figure:
    known = [(trend.state[VALUE], cell, trend) for cell, trend in enumerate(trends) if trend is not None]
    known.sort(key=lambda each: each[0] if falls else -each[0])
    middle = known[len(known) // 2 :][:1]
    times = [step / _A_YEAR for step in range(_AHEAD * _A_YEAR + 1)]
    named = [(wording("middle_cell", cell=cell + 1), trend) for _, cell, trend in middle]
    named += [(wording("worst_cell", cell=cell + 1), trend) for _, cell, trend in known[:1] if len(known) > 1]
    plot = Plot(
        title=wording(name),
        unit="%",
        labels=tuple(_in_years(wording, time) for time in times),
        series=tuple(_line(title, trend, times) for title, trend in named),
        nothing=wording("not_learned"),
        rules=(Rule(name=wording("worn_at", share=wording.number(_PERCENT * end, 0, "%")), at=_PERCENT * end),),
        comma=wording.comma,
    )
    return Figure(title=wording(name), drawing=draw(plot), caption=wording(f"{name}_caption"))


def _in_years(wording: Wording, time: float) -> str:
    if time % 1:
        return ""
    return f"+{time:.0f}" if time else wording("now")


def _line(name: str, trend: Trend, times: list[float]) -> Series:
    """Return a trend from now on, with the band that widens the further it goes."""
    values, low, high = [], [], []
    (value, yearly), covariance = trend.state, trend.covariance
    for time in times:
        at = value + time * yearly
        variance = (
            covariance[VALUE][VALUE] + 2 * time * covariance[VALUE][YEARLY] + time * time * covariance[YEARLY][YEARLY]
        )
        doubt = _BAND * _deviation(variance)
        values.append(_PERCENT * at)
        low.append(_PERCENT * max(0.0, at - doubt))
        high.append(_PERCENT * (at + doubt))
    return Series(name=name, values=tuple(values), low=tuple(low), high=tuple(high))


def _table(wording: Wording, pack: PackAccount, capacities: list[_Banded], ohms: list[_Banded]) -> Table:
    # Its own: that of the coordinator remembers for the event loop.
    view, snapshot = LearnedView(pack.config), pack.snapshot
    ageing = snapshot.estimate.life.ageing

    def row(cell: int) -> tuple[str, ...]:
        size, ohm, worn = capacities[cell], ohms[cell], forecast(ageing, cell)
        return (
            str(cell + 1),
            wording.number(size.value, 1),
            wording.band(size.low, size.high, 0),
            wording.number(ohm.value, 2),
            wording.band(ohm.low, ohm.high, 2),
            wording.number(view.cell_joint(snapshot, cell), 2),
            wording.number(view.cell_self_discharge(snapshot, cell), 1),
            wording.number(view.cell_surplus(snapshot, cell), 2),
            "" if worn is None else _years(wording, worn.soonest, worn.latest),
        )

    def middle(values: list[_Banded]) -> float | None:
        known = [value.value for value in values if value.value is not None]
        return median(known) if known else None

    names = ("cell", "capacity", "band", "resistance", "band", "joint", "self_discharge", "surplus", "worn_in")
    units = ("", "Ah", "", "mΩ", "", "mΩ", "mA", "Ah", wording("years"))
    return Table(
        head=tuple(f"{wording(name)}{f' ({unit})' if unit else ''}" for name, unit in zip(names, units, strict=True)),
        rows=tuple(row(cell) for cell in range(len(capacities))),
        numbers=frozenset(range(1, len(names))),
        caption=wording("cells_caption"),
        foot=(
            wording("middle"),
            wording.number(middle(capacities), 1),
            "",
            wording.number(middle(ohms), 2),
            *("",) * 5,
        ),
    )


def _years(wording: Wording, soonest: float, latest: float) -> str:
    """Return when a cell will be worn; what lies beyond 30 years is not told apart."""
    far = latest >= _FAR
    if soonest >= _FAR:
        return f"> {wording.number(_FAR)}"
    return f"{wording.number(soonest)} … {'> ' if far else ''}{wording.number(latest)}"


def _deviation(variance: float) -> float:
    return sqrt(max(0.0, variance))
