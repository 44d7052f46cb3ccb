"""Tells of one pack: what flowed through it, how it fares, what happened to it and how it is set up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from functools import partial
from typing import Final

from ..core.ageing import SIZE_END
from ..core.model import HardwareRing, Level, Stage
from ..core.ring import REGISTERS
from ..story import QUANTITIES
from .account import SERIAL, PackAccount
from .cells import cells_section
from .markup import Facts, Figure, Part, Section, Table, Text
from .period import Period, Step
from .plots import Look, Plot, Rule, Series, draw
from .words import UNKNOWN, Wording

_PERCENT: Final = 100.0
_COLUMNS: Final = (Level.WARN, Level.DERATE, Level.PROTECT, Level.TRIP)


def pack_section(wording: Wording, period: Period, pack: PackAccount, *, new_page: bool) -> Section:
    """Return all that there is to tell of a pack."""
    parts = (
        _identity(wording, pack),
        _energy(wording, period, pack),
        _condition(wording, period, pack),
        cells_section(wording, pack),
        _events(wording, pack),
        _protections(wording, pack),
    )
    return Section(title=pack.name, parts=tuple(part for part in parts if part is not None), new_page=new_page)


def _identity(wording: Wording, pack: PackAccount) -> Section:
    config = pack.config
    rows = [(wording(field), value) for field, value in pack.identity.items() if field != SERIAL]
    rows += [(wording(SERIAL), value) for field, value in pack.identity.items() if field == SERIAL]
    rows += [
        (wording("chemistry"), wording.of("chemistry", config.chemistry)),
        (wording("cells_in_series"), str(config.cells)),
        (wording("temperature_sensors"), str(config.temperature_sensors)),
        (wording("rated_capacity"), wording.number(config.capacity, 0, "Ah")),
        (wording("rated_energy"), wording.number(config.energy[-1] / 1000, 1, "kWh")),
        (wording("charge_current"), wording.number(config.charge_current, 0, "A")),
        (wording("discharge_current"), wording.number(config.discharge_current, 0, "A")),
    ]
    return Section(title=wording("identity"), parts=(Facts(rows=tuple(rows)),))


# What flowed.


def _energy(wording: Wording, period: Period, pack: PackAccount) -> Section:
    bars = pack.recorded.bars
    plot = Plot(
        title=wording("energy"),
        unit="kWh",
        labels=tuple(_label(wording, period.bars, bar.start) for bar in bars),
        series=(
            Series(name=wording("charged"), values=tuple(bar.charged for bar in bars), look=Look.BARS),
            Series(name=wording("discharged"), values=tuple(bar.discharged for bar in bars), look=Look.BARS),
        ),
        nothing=wording("nothing_recorded"),
        from_zero=True,
        comma=wording.comma,
    )
    recorded = pack.recorded
    table = Table(
        head=(wording(f"each_{period.bars}"), wording("charged"), wording("discharged"), wording("silent")),
        rows=tuple(
            (
                _stretch(wording, period.bars, bar.start),
                wording.number(bar.charged, 1, "kWh"),
                wording.number(bar.discharged, 1, "kWh"),
                wording.number(bar.silent, 0, "h"),
            )
            for bar in bars
        ),
        numbers=frozenset({1, 2, 3}),
        foot=(
            wording("sum"),
            wording.number(recorded.charged, 1, "kWh"),
            wording.number(recorded.discharged, 1, "kWh"),
            wording.number(recorded.silent, 0, "h"),
        ),
    )
    title = wording(f"energy_each_{period.bars}")
    return Section(title=wording("energy"), parts=(Figure(title=title, drawing=draw(plot)), table))


def _stretch(wording: Wording, step: Step, start: datetime) -> str:
    """Return what a row of a table is about."""
    if step == "day":
        return wording.day(start)
    return wording.month(start) if step == "month" else str(start.year)


def _label(wording: Wording, step: Step, start: datetime) -> str:
    """Return what stands below a bar."""
    if step == "day":
        return str(start.day)
    if step == "year":
        return str(start.year)
    return f"{wording.month_short(start.month)} {start:%y}"


# How it fares.


def _condition(wording: Wording, period: Period, pack: PackAccount) -> Section:
    rated = pack.config.capacity
    trend = partial(_trend, wording, period, pack)
    parts: tuple[Part, ...] = (
        Facts(rows=tuple(_state(wording, pack))),
        Text(text=wording("as_of_now")),
        trend(
            "capacity", "Ah", ("capacity",), rules=(
                Rule(name=wording("rated"), at=rated),
                Rule(name=wording("worn_at", share=wording.number(_PERCENT * SIZE_END, 0, "%")), at=SIZE_END * rated),
            ),
        ),
        trend("cell_difference", "mV", ("cell_difference",), from_zero=True),
        trend("temperatures", "°C", ("temperature_max", "temperature_min")),
        trend("efficiency", "%", ("efficiency",)),
        trend("soc", "%", ("soc",), from_zero=True),
    )  # fmt: skip
    return Section(title=wording("condition"), parts=parts)


def _state(wording: Wording, pack: PackAccount) -> Iterator[tuple[str, str]]:
    estimate = pack.snapshot.estimate
    knowledge = estimate.knowledge
    yield wording("capacity"), wording.number(estimate.capacity, 1, "Ah")
    if knowledge is not None:
        doubt = 1.96 * knowledge.typical.capacity_doubt
        middle = knowledge.typical.capacity
        yield wording("capacity_band"), wording.band(middle - doubt, middle + doubt, 0, "Ah")
    yield wording("soh"), wording.number(estimate.life.soh, 0, "%")
    yield wording("cycles"), wording.number(estimate.cycles, 1)
    yield wording("energy_in_ever"), wording.number(estimate.energy_in / 1000, 0, "kWh")
    yield wording("energy_out_ever"), wording.number(estimate.energy_out / 1000, 0, "kWh")
    yield wording("efficiency"), wording.number(estimate.efficiency, 1, "%")
    yield wording("plating"), wording.number(estimate.life.plating.ah, 1, "Ah")


def _trend(
    wording: Wording,
    period: Period,
    pack: PackAccount,
    name: str,
    unit: str,
    keys: tuple[str, ...],
    *,
    rules: tuple[Rule, ...] = (),
    from_zero: bool = False,
) -> Figure:
    """Return how one or two numbers went, each with the band between its lowest and its highest."""
    recorded = pack.recorded

    def series(key: str) -> Series:
        points = recorded.trends.get(key, ())
        return Series(
            name=wording(key) if len(keys) > 1 else wording("mean_and_extremes"),
            values=tuple(point.mean for point in points),
            low=tuple(point.low for point in points),
            high=tuple(point.high for point in points),
        )

    plot = Plot(
        title=wording(name),
        unit=unit,
        labels=tuple(_mark(wording, period, time, place) for place, time in enumerate(recorded.times)),
        series=tuple(series(key) for key in keys),
        nothing=wording("nothing_recorded"),
        rules=rules,
        from_zero=from_zero,
        comma=wording.comma,
    )
    return Figure(title=wording(name), drawing=draw(plot), caption=wording(f"{name}_caption"))


def _mark(wording: Wording, period: Period, time: datetime, place: int) -> str:
    """Return what stands below a point of a line: days of a month, else where a month or a year begins."""
    if period.lines == "day":
        if period.span.value == "month":
            return str(time.day)
        return _label(wording, "month", time) if time.day == 1 or not place else ""
    return _label(wording, "month", time)


# What happened.


def _events(wording: Wording, pack: PackAccount) -> Section:
    if not pack.stories:
        return Section(title=wording("events"), parts=(Text(text=wording("no_events")),))
    table = Table(
        head=(wording("when"), wording("level"), wording("what"), wording("lasted")),
        rows=tuple(
            (
                wording.moment(story.episode.start),
                wording(f"level_{story.episode.level}"),
                "\n".join(
                    [wording.sentence(story.text)]
                    + ([] if story.episode.box is None else [wording("black_box", name=story.episode.box)])
                ),
                wording.duration(None if story.episode.end is None else story.episode.end - story.episode.start),
            )
            for story in pack.stories
        ),
        numbers=frozenset({3}),
    )
    left = sum(pack.counts) - len(pack.stories)
    parts: tuple[Part, ...] = (table,)
    if left:
        parts = (Text(text=wording("events_left_out", count=left)), table)
    return Section(title=wording("events"), parts=parts)


# How it is set up.


def _protections(wording: Wording, pack: PackAccount) -> Section:
    parts: list[Part] = [Text(text=wording("protections_caption"))]
    rows = tuple(_protection(wording, key, stages) for key, stages in pack.config.stages.items() if key in QUANTITIES)
    head = (wording("protection"), *(wording(f"level_{level.name.lower()}") for level in _COLUMNS), wording("lets_go"))
    parts.append(Table(head=head, rows=rows, numbers=frozenset(range(1, len(head)))))
    ring = tuple(_registers(wording, pack.ring))
    if ring:
        parts.append(Table(head=(wording("own_protections"), wording("value")), rows=ring, numbers=frozenset({1})))
    else:
        parts.append(Text(text=wording("no_own_protections")))
    return Section(title=wording("protections"), parts=tuple(parts))


def _protection(wording: Wording, key: str, stages: tuple[Stage, ...]) -> tuple[str, ...]:
    """Return where each level of a protection begins and how long it must last, and where the gravest lets go."""
    quantity = QUANTITIES[key]

    def amount(value: float) -> str:
        told, digits = value * quantity.factor, quantity.digits
        # 1.5 s must not read as 2 s.
        digits += abs(round(told, digits) - told) > 0.02 * abs(told)
        return wording.number(told, digits, quantity.unit)

    def level(of: Level) -> str:
        return "\n".join(
            wording("for", value=amount(stage.at), seconds=wording.number(stage.delay, 0, "s"))
            if stage.delay
            else amount(stage.at)
            for stage in stages
            if stage.level is of
        )

    released = [stage.release for stage in stages if stage.level is not Level.TRIP]
    return (
        wording.protection(key),
        *(level(of) or UNKNOWN for of in _COLUMNS),
        amount(released[-1]) if released else wording("by_hand"),
    )


def _registers(wording: Wording, ring: HardwareRing) -> Iterator[tuple[str, str]]:
    for each in fields(ring):
        value = getattr(ring, each.name)
        if value is not None:
            unit = REGISTERS[each.name].unit
            text = f"{value:g}".replace(".", wording.comma)
            yield wording.of("register", each.name), f"{text} {unit}".rstrip()
