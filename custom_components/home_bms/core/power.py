"""Foretells what current a pack can carry, and for how long, before a voltage or a temperature ends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Final, NamedTuple

from .battery import Cell, Cells
from .heat import Heat, is_learned, predict, sustainable
from .limits import Candidate, Foresight
from .model import Believed, Curve, Flow, PackConfig, Reaction
from .plausibility import everything_known


class Horizon(NamedTuple):
    """How far is looked ahead."""

    seconds: float
    growth: float
    """Resistance after so long over the one after a second: charge transfer, then diffusion inside the particles."""


# No sheet at hand gives these. The virtual cell's are 1.15, 1.63 and 2.0 (hw/virtual/cell.py) and real LFP goes on
# growing, so they are chosen above that; the other chemistries are given the same.
HORIZONS: Final = (Horizon(10.0, 1.3), Horizon(60.0, 1.7), Horizon(600.0, 2.2))
"""Ten seconds, a minute and ten minutes, as electric vehicles tell their state of function (leaps-and-pains.md L14)."""
_NOW: Final = Horizon(0.0, 1.0)
# What a temperature takes to follow a current (leaps-and-pains.md L14); the s of an inverter do not count beside it.
_TEMPERATURE_AHEAD: Final = 1800.0
_USUAL: Final = Reaction()


class _Way(NamedTuple):
    """One direction; times `sign`, voltages rise towards its end."""

    flow: Flow
    sign: float
    rated: float
    curve: Curve
    """The derating one over the cell voltage."""
    start: float
    """Where that begins to take current away, in V times `sign`."""
    hottest: float
    """°C at which the current ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What the pack can do in one direction for so long; `None` is not known and promises nothing."""

    flow: Flow
    seconds: float
    current: float | None
    """A, without a sign."""
    power: float | None
    """W that can be held all the time, so at the lowest voltage on the way."""
    rule: str
    """What sets it: `limit`, `cell_voltage`, `temperature`, `soc_window` or `value_missing`."""
    place: int | None = None
    """The cell that it is about, or the sensor."""


def gather(each: tuple[Cell | None, ...]) -> Cells:
    """Return the cells with their worst, nothing below zero; for when something was learned, not for each sample."""
    sane = tuple(None if cell is None else Cell(max(0.0, cell.slope), max(0.0, cell.resistance)) for cell in each)
    known = [cell for cell in sane if cell is not None]
    slope = max((cell.slope for cell in known), default=0.0)
    return Cells(sane, Cell(slope, max((cell.resistance for cell in known), default=0.0)))


def foresee(
    config: PackConfig, believed: Believed, cells: Cells, heat: Heat | None, reaction: Reaction = _USUAL
) -> Foresight:
    """Return what is seen coming for the charge and for the discharge current; only what is below the rated one.

    `voltage_ahead` is the current that the derating curve over the cell voltage will still permit when a limit that is
    told now is obeyed, in ten seconds at the soonest; `temperature_ahead` the one that stays below the end of charge
    (or discharge) for half an hour. Their evidence is where the rated current would lead. A cell or a heat of which
    nothing is learned yet lowers nothing; a value that is missing lowers nothing here, as the limits do not rise
    meanwhile and fall in stages.
    """
    if not cells.each and (heat is None or not is_learned(heat)):
        return (), ()
    charge, discharge = _ways(config)
    return (
        tuple(_coming(charge, believed, cells, heat, reaction.charge)),
        tuple(_coming(discharge, believed, cells, heat, reaction.discharge)),
    )


def _coming(way: _Way, believed: Believed, cells: Cells, heat: Heat | None, reaction: float) -> Iterator[Candidate]:
    horizon = _horizon(reaction)
    carried, cell, reached = _tightest(way, horizon, believed, cells)
    if carried < way.rated:
        yield Candidate(carried, "voltage_ahead", cell, way.sign * reached, way.sign * way.start, horizon.seconds)
    temperature = believed.temperature_max
    cool = sustainable(heat, temperature=temperature, limit=way.hottest, horizon=_TEMPERATURE_AHEAD)
    if cool is not None and cool < way.rated:
        warm = predict(heat, temperature=temperature, current=way.rated, horizon=_TEMPERATURE_AHEAD)
        place = believed.temperature_max_index
        yield Candidate(cool, "temperature_ahead", place, warm, way.hottest, _TEMPERATURE_AHEAD)


def _horizon(reaction: float) -> Horizon:
    """Return how far a limit has to look: until it is obeyed, at least to the nearest horizon."""
    near, far = HORIZONS[0], HORIZONS[1]
    if reaction <= near.seconds:
        return near
    part = min(1.0, (reaction - near.seconds) / (far.seconds - near.seconds))
    return Horizon(near.seconds + part * (far.seconds - near.seconds), near.growth + part * (far.growth - near.growth))


def available(
    config: PackConfig,
    believed: Believed,
    cells: Cells,
    heat: Heat | None,
    *,
    soc: float | None,
    charge: float,
    discharge: float,
) -> tuple[Power, ...]:
    """Return what the pack can do for each of `HORIZONS`, charging first, within the limits in A that stand now.

    The open-circuit voltage goes on in a straight line: a knee that lies ahead shows only as the charge that is left.
    With anything unknown nothing is promised; only a heat that is not learned yet is left out.
    """
    ways = _ways(config)
    learned = len(cells.each) == len(believed.cells) and None not in cells.each
    if soc is None or not learned or not everything_known(config, believed):
        return tuple(
            Power(flow=way.flow, seconds=horizon.seconds, current=None, power=None, rule="value_missing")
            for way in ways
            for horizon in HORIZONS
        )
    left = (config.soc_max - soc, soc - config.soc_min)
    return tuple(
        _power(way, horizon, believed, cells, heat, limit, config.capacity * max(0.0, percent) / 100)
        for way, limit, percent in zip(ways, (charge, discharge), left, strict=True)
        for horizon in HORIZONS
    )


def _power(
    way: _Way, horizon: Horizon, believed: Believed, cells: Cells, heat: Heat | None, limit: float, charge: float
) -> Power:
    """Return the lowest of what limits, at the lowest voltage: for charging that of now, for discharging that of then.

    `charge` is what is left to move, in Ah.
    """
    carried, cell, _ = _tightest(way, horizon, believed, cells)
    cool = sustainable(heat, temperature=believed.temperature_max, limit=way.hottest, horizon=horizon.seconds)
    opinions: list[tuple[float, str, int | None]] = [
        (limit, "limit", None),
        (carried, "cell_voltage", cell),
        (charge * 3600 / horizon.seconds, "soc_window", None),
    ]
    if cool is not None:
        opinions.append((cool, "temperature", believed.temperature_max_index))
    current, rule, place = min(opinions, key=itemgetter(0))
    when = _NOW if way.flow is Flow.CHARGE else horizon
    voltage = way.sign * sum(rest + current * ohms for _, rest, ohms in _seen(way, when, believed, cells))
    return Power(
        flow=way.flow, seconds=horizon.seconds, current=current, power=current * voltage, rule=rule, place=place
    )


def _ways(config: PackConfig) -> tuple[_Way, _Way]:
    charge, discharge = config.charge_by_cell_voltage, config.discharge_by_cell_voltage
    hot, hottest = config.charge_by_temperature.points[-1][0], config.discharge_by_temperature.points[-1][0]
    return (
        _Way(Flow.CHARGE, 1.0, config.charge_current, charge, charge.points[0][0], hot),
        _Way(Flow.DISCHARGE, -1.0, config.discharge_current, discharge, -discharge.points[-1][0], hottest),
    )


def _seen(way: _Way, horizon: Horizon, believed: Believed, cells: Cells) -> Iterator[tuple[int, float, float]]:
    """Yield each known cell's index, its voltage without current times the way's sign, and its Ω at the horizon.

    The present current's drop is taken off as if it had begun a second ago and would go on to grow; where it flows the
    other way, as if it would fade in full. Its past is not known, and either is the careful side.
    """
    current = believed.current or 0.0
    fading = horizon.growth if way.sign * current < 0 else 1.0
    hours = horizon.seconds / 3600
    for index, (voltage, cell) in enumerate(zip(believed.cells, cells.each, strict=False)):
        if voltage is not None and cell is not None:
            slope, resistance = cell.slope, cell.resistance
            rest = way.sign * (voltage - current * resistance * fading)
            yield index, rest, resistance * horizon.growth + slope * hours


def _tightest(way: _Way, horizon: Horizon, believed: Believed, cells: Cells) -> tuple[float, int | None, float]:
    """Return the A, up to the rated, that every known cell carries, the cell that sets it and where the rated leads."""
    lowest: tuple[float, int | None, float] = (way.rated, None, way.start)
    if _is_far(way, horizon, believed, cells.worst):
        return lowest
    edges = way.curve.points
    if way.flow is Flow.DISCHARGE:
        edges = tuple((-at, share) for at, share in reversed(edges))
    for index, rest, ohms in _seen(way, horizon, believed, cells):
        reached = rest + way.rated * ohms
        if reached > way.start:
            carried = _carried(way.rated, edges, rest, ohms)
            if carried < lowest[0]:
                lowest = (carried, index, reached)
    return lowest


def _is_far(way: _Way, horizon: Horizon, believed: Believed, worst: Cell) -> bool:
    """Tell whether no cell can get to where the curve begins, were all as bad as the worst."""
    nearest = believed.cell_max if way.flow is Flow.CHARGE else believed.cell_min
    if nearest is None or believed.current is None:
        return True
    against = max(0.0, -way.sign * believed.current)
    drop = (way.rated + against) * worst.resistance * horizon.growth + way.rated * worst.slope * horizon.seconds / 3600
    return way.sign * nearest + drop <= way.start


def _carried(rated: float, edges: tuple[tuple[float, float], ...], rest: float, ohms: float) -> float:
    """Return the current that the curve permits at the very voltage to which that current leads: where both lines meet.

    So it neither hunts nor holds back a pack whose cells the curve lets through.
    """
    for (below, share), (above, less) in pairwise(edges):
        if rest + rated * less * ohms <= above:
            slope = (less - share) / (above - below)
            return rated * (share + slope * (rest - below)) / (1.0 - rated * slope * ohms)
    return rated * edges[-1][1]
