"""Gathers samples into looks and hands each to what learns from it."""

from __future__ import annotations

from dataclasses import replace
from math import exp, hypot, sqrt
from operator import add
from statistics import median
from typing import Final

from . import cells, charge, kalman, resistance
from .battery import NO_CELLS, Cell, CellCharge, Kind, Knowledge, Sample, Tally, Typical, Window
from .curves import DEPTHS, along
from .power import gather

WINDOW: Final = 600.0
"""s whose mean makes a look: long enough for millivolts, short enough for the charge to stay where it is."""
# A look teaches something new once so much charge has moved (share of the rated capacity), or after so many hours.
_MOVED: Final = 0.01
_HOURS: Final = 1.0
# s between two samples up to which what flowed is their mean; beyond it nothing is made up (faults.md 57), and the
# charge is in doubt by a rate that a home rarely exceeds for long (share of the capacity per hour), at most by ...
GAP: Final = 900.0
_UNSEEN: Final = 0.15
_LOST: Final = 0.4
# °C where no sensor tells: only what the current's drop is scaled with.
_CELLAR: Final = 18.0
# A per Ah that a healthy cell loses by itself: 1.5 % a month.
_HEALTHY_LEAK: Final = 2e-5
# What the charge of a pack that was rebuilt is in doubt by, as 0-1.
_REBUILT: Final = 0.1
# What a person who knows the charge may be off by, as 0-1.
_PERSON: Final = 0.01
# Share of the middle cell's capacity that can be used at the least: cells that lie further apart leave nothing, and a
# share of nothing is no number.
_LEAST: Final = 0.01
# Standard deviations that hold 95 %.
_BAND: Final = 1.96
# s between two samples that need no thought, and the share of the current that is in doubt between two further apart.
_CLOSE: Final = 30.0
_BETWEEN: Final = 0.5


def begin(chemistry: str, rated: float, sample: Sample, soc: float | None) -> Knowledge:
    """Return what one sample tells; `soc` in percent is the device's own count where it has one."""
    if soc is None:
        typical = charge.glance(chemistry, rated, volts=median(sample.cells), current=sample.current)
    else:
        typical = charge.trust(chemistry, rated, soc / 100)
    count = len(sample.cells)
    return derive(
        Knowledge(
            typical=typical,
            cells=(cells.begin(rated),) * count,
            resistances=(resistance.begin(rated),) * count,
            window=Window(began=sample.time),
            tally=Tally(bleed=(0.0,) * count),
            last=sample,
        )
    )


def derive(knowledge: Knowledge) -> Knowledge:
    """Return the same with what follows from where the cells stand, for the samples until the next look.

    The first cell to be empty has least left, the first to be full has least room; both move with the middle cell.
    """
    middle = knowledge.typical.capacity
    below = [cell.state[cells.DEPTH] for cell in knowledge.cells]
    left = [cells.capacity(cell, middle) - depth for cell, depth in zip(knowledge.cells, below, strict=True)]
    room = min(below)
    return replace(knowledge, left=max(min(left), _LEAST * middle - room), room=room)


def observe(
    knowledge: Knowledge,
    sample: Sample,
    *,
    chemistry: str,
    rated: float,
    temperature: float | None,
    bleeding: tuple[bool, ...],
    bleed: float,
    opened: bool,
) -> Knowledge:
    """Take in a sample: count it, and look where a window is over.

    `bleed` in A is what each cell of `bleeding` loses to its balancer, `opened` that no switch lets current through.
    """
    last, resistances = knowledge.last, knowledge.resistances
    if sample.cells and last.cells and resistance.stepped(last, sample, rated):
        warm = charge.warmth(_CELLAR if temperature is None else temperature)
        if resistance.followed(resistances, last, sample, warm):
            hours = knowledge.typical.hours + knowledge.tally.hours
            resistances = resistance.learn(resistances, last, sample, warm=warm, hours=hours)
        elif not last.doubted:
            sample = replace(sample, current=last.current, doubted=True)
    tally = _count(knowledge.tally, last, sample, rated, bleeding, bleed)
    window = knowledge.window
    if sample.time - last.time > GAP:
        window = Window(began=sample.time)
    window = _gather(window, sample, temperature, opened)
    if sample.time - window.began < WINDOW:
        return Knowledge(
            typical=knowledge.typical,
            cells=knowledge.cells,
            resistances=resistances,
            window=window,
            tally=tally,
            last=sample,
            left=knowledge.left,
            room=knowledge.room,
            findings=knowledge.findings,
            now=knowledge.now,
            surplus=knowledge.surplus,
            surplus_doubt=knowledge.surplus_doubt,
        )
    now = replace(knowledge, resistances=resistances, window=Window(began=sample.time), tally=tally, last=sample)
    due = abs(tally.charge) >= _MOVED * rated or tally.hours >= _HOURS
    return _look(now, window, chemistry, rated) if due and window.samples else now


def _count(tally: Tally, last: Sample, sample: Sample, rated: float, bleeding: tuple[bool, ...], bleed: float) -> Tally:
    """Add what flowed between two samples; after a long silence only the doubt."""
    seconds = sample.time - last.time
    hours = seconds / 3600
    if seconds > GAP:
        return replace(tally, doubt=tally.doubt + unseen(rated, hours))
    current, doubt = sample.current, tally.doubt
    if seconds > _CLOSE:
        current = (current + last.current) / 2
        doubt += (_BETWEEN * max(abs(sample.current), abs(last.current)) * hours) ** 2
    moved = current * hours
    bled = tally.bleed
    if True in bleeding:
        lost = bleed * hours
        bled = tuple([ah + lost if on else ah for ah, on in zip(bled, bleeding, strict=True)])
    return Tally(
        charge=tally.charge + moved,
        charged=tally.charged + moved if moved > 0 else tally.charged,
        hours=tally.hours + hours,
        doubt=doubt,
        bleed=bled,
    )


def unseen(rated: float, hours: float) -> float:
    """Return the variance in Ah² of what may have flowed while nobody looked."""
    return float(min(_UNSEEN * hours, _LOST) * rated) ** 2


def _gather(window: Window, sample: Sample, temperature: float | None, opened: bool) -> Window:
    """Add a sample to the window; one without all cells is no part of it."""
    if not sample.cells:
        return window
    return Window(
        began=window.began,
        samples=window.samples + 1,
        volts=tuple(map(add, window.volts, sample.cells, strict=True)) if window.volts else sample.cells,
        current=window.current + sample.current,
        squares=window.squares + sample.current * sample.current,
        warmth=window.warmth + (_CELLAR if temperature is None else temperature),
        opened=window.opened and opened,
    )


def _look(knowledge: Knowledge, window: Window, chemistry: str, rated: float) -> Knowledge:
    """Bring the count to the middle of the window, look there, and go on counting to its end."""
    count, tally = window.samples, knowledge.tally
    volts = [volt / count for volt in window.volts]
    current = window.current / count
    spread = sqrt(max(0.0, window.squares / count - current * current))
    warm = charge.warmth(window.warmth / count)
    before = knowledge.typical.current
    half = min(WINDOW / 7200, tally.hours)
    late = Tally(charge=current * half, charged=max(0.0, current * half), hours=half, bleed=(0.0,) * len(volts))
    early = Tally(
        charge=tally.charge - late.charge,
        charged=max(0.0, tally.charged - late.charged),
        hours=tally.hours - half,
        doubt=tally.doubt,
        bleed=tally.bleed,
    )
    typical, each = _advance(knowledge.typical, knowledge.cells, early, rated)
    middle = median(volts)
    if window.opened:
        typical = charge.known_zero(typical, rated, current)
    typical = charge.look(typical, rated, volts=middle, current=current, spread=spread, warm=warm)
    typical = charge.measure(typical, chemistry, rated)
    drop = typical.state[charge.RESISTANCE] * warm * current
    doubts = tuple([line[number] for number, line in enumerate(typical.covariance)][charge.CURVE :])
    each = tuple(
        [
            cells.look(
                cell,
                typical.state[charge.CURVE :],
                doubts,
                rated=rated,
                depth=typical.state[charge.DEPTH],
                difference=volt - middle - current * (ohms.fast or 0.0),
                drop=drop,
                hours=typical.hours,
            )
            for cell, volt, ohms in zip(each, volts, knowledge.resistances, strict=True)
        ]
    )
    typical, each = _advance(typical, each, late, rated)
    slope = along(DEPTHS, typical.state[charge.CURVE :], typical.state[charge.DEPTH] / rated)[1]
    step = None if before is None else current - before
    resistances = tuple(
        [
            resistance.dwell(ohms, volt - middle, step, slope, typical.hours)
            for ohms, volt in zip(knowledge.resistances, volts, strict=True)
        ]
    )
    looked = replace(
        knowledge, typical=typical, cells=each, resistances=resistances, tally=Tally(bleed=(0.0,) * len(volts))
    )
    ahead = gather(_now(looked, rated, warm))
    surplus, doubts = _surplus(looked)
    return derive(replace(looked, now=ahead, surplus=surplus, surplus_doubt=doubts))


def _now(knowledge: Knowledge, rated: float, warm: float) -> tuple[Cell | None, ...]:
    """Return the slope and the resistance of each cell that has stepped often enough."""
    own, below = knowledge.typical.state[charge.CURVE :], knowledge.typical.state[charge.DEPTH]
    found: list[Cell | None] = []
    for cell, ohms in zip(knowledge.cells, knowledge.resistances, strict=True):
        size = exp(cell.state[cells.CAPACITY]) * rated
        slope = -along(DEPTHS, own, (below + cell.state[cells.DEPTH]) / size)[1] / size
        now = ohms.state[resistance.CELL] * warm + resistance.joint(ohms)
        found.append(Cell(slope, now) if ohms.steps >= resistance.ENOUGH else None)
    return tuple(found)


def _surplus(knowledge: Knowledge) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return Ah of each cell above the one that will be full last, and its standard deviation.

    A cell that shorts inside is no measure: the others would be bled for it for ever.
    """
    shorted = {finding.cell for finding in knowledge.findings if finding.kind is Kind.MICRO_SHORT}
    below = [cell.state[cells.DEPTH] for cell in knowledge.cells]
    doubts = [cells.deviation(cell, cells.DEPTH) for cell in knowledge.cells]
    sound = [number for number in range(len(below)) if number not in shorted] or range(len(below))
    last = max(sound, key=below.__getitem__)
    return (
        tuple([max(0.0, below[last] - depth) for depth in below]),
        tuple([hypot(doubts[last], doubt) for doubt in doubts]),
    )


def surplus(knowledge: Knowledge) -> tuple[float, ...]:
    """Return Ah that each cell holds above the one that will be full last, less what was bled since the last look."""
    bled = knowledge.tally.bleed
    if not knowledge.surplus or not any(bled):
        return knowledge.surplus
    return tuple([ahead - lost for ahead, lost in zip(knowledge.surplus, bled, strict=True)])


def _advance(
    typical: Typical, each: tuple[CellCharge, ...], tally: Tally, rated: float
) -> tuple[Typical, tuple[CellCharge, ...]]:
    """Let what was counted flow through all cells."""
    bleed = median(tally.bleed)
    typical = charge.count(typical, rated, tally, bleed)
    return typical, tuple(
        [cells.count(cell, rated, tally.hours, lost - bleed) for cell, lost in zip(each, tally.bleed, strict=True)]
    )


def moved_to(knowledge: Knowledge, told: float) -> Knowledge:
    """Return the same at the charge `told` (0-1), which was counted after this was learned: it is no less sure."""
    by = depth(knowledge) - (knowledge.left - told * (knowledge.left + knowledge.room))
    state = knowledge.typical.state
    return replace(knowledge, typical=replace(knowledge.typical, state=(state[0] - by, *state[1:])))


def forget(knowledge: Knowledge, rated: float, number: int) -> Knowledge:
    """Return the same with nothing known of one cell."""
    each, ohms = list(knowledge.cells), list(knowledge.resistances)
    each[number], ohms[number] = cells.begin(rated), resistance.begin(rated)
    findings = tuple(finding for finding in knowledge.findings if finding.cell != number)
    return derive(
        replace(
            knowledge,
            cells=tuple(each),
            resistances=tuple(ohms),
            findings=findings,
            now=NO_CELLS,
            surplus=(),
            surplus_doubt=(),
        )
    )


def resize(knowledge: Knowledge, chemistry: str, before: float, rated: float, count: int) -> Knowledge:
    """Return what still holds of a pack that has another rated capacity (Ah) or another count of cells now.

    The current sensor is the same one and so is its offset; the charge stays as a share; cells that were there before
    keep their ratio and their sensor's error.
    """
    factor, old = rated / before, knowledge.typical
    fresh = charge.begin(chemistry, rated)
    state = (
        old.state[charge.DEPTH] * factor,
        *old.state[charge.OFFSET : charge.RESISTANCE],
        *fresh.state[charge.RESISTANCE :],
    )
    doubt = old.covariance[charge.DEPTH][charge.DEPTH] * factor * factor + (_REBUILT * rated) ** 2
    covariance = kalman.widen(fresh.covariance, charge.DEPTH, doubt - fresh.covariance[charge.DEPTH][charge.DEPTH])
    stayed = [cells.scaled(cell, rated, factor) for cell in knowledge.cells[:count]]
    each = (*stayed, *(cells.begin(rated),) * (count - len(stayed)))
    return derive(
        replace(
            knowledge,
            typical=replace(fresh, state=state, covariance=covariance, lean=old.lean, hours=old.hours),
            cells=each,
            resistances=(resistance.begin(rated),) * count,
            tally=Tally(doubt=knowledge.tally.doubt * factor * factor, bleed=(0.0,) * count),
            findings=(),
            now=NO_CELLS,
            surplus=(),
            surplus_doubt=(),
        )
    )


def calibrate(knowledge: Knowledge, rated: float, told: float) -> Knowledge:
    """Take in that a user can take `told` (0-1) of the pack now."""
    tally = knowledge.tally
    typical, each = _advance(knowledge.typical, knowledge.cells, tally, rated)
    counted = derive(replace(knowledge, typical=typical, cells=each, tally=Tally(bleed=(0.0,) * len(each))))
    middle = counted.left - told * (counted.left + counted.room)
    return derive(replace(counted, typical=charge.told(typical, 1 - middle / typical.capacity, _PERSON)))


def depth(knowledge: Knowledge) -> float:
    """Return Ah by which the middle cell is below full now."""
    typical, tally = knowledge.typical, knowledge.tally
    state = typical.state
    flowed = tally.charge - state[charge.OFFSET] * tally.hours - state[charge.LOSS] * tally.charged
    return state[charge.DEPTH] - flowed


def soc(knowledge: Knowledge) -> float:
    """Return what a user can take, as 0-1: of what is left until the first cell is empty and room until one is full."""
    below = depth(knowledge)
    return (knowledge.left - below) / (knowledge.left + knowledge.room)


def doubt(knowledge: Knowledge) -> float:
    """Return the standard deviation of the charge as 0-1."""
    typical, hours = knowledge.typical, knowledge.tally.hours
    below = depth(knowledge)
    deep, off = typical.covariance[charge.DEPTH], typical.covariance[charge.OFFSET]
    counted = deep[charge.DEPTH] + hours * (2 * deep[charge.OFFSET] + hours * off[charge.OFFSET])
    counted += knowledge.tally.doubt
    stretched = typical.capacity_doubt * below / typical.capacity
    return sqrt(max(0.0, counted) + stretched * stretched) / typical.capacity


def cell_socs(knowledge: Knowledge) -> tuple[float, ...]:
    """Return the charge of each cell as 0-1."""
    below, middle = depth(knowledge), knowledge.typical.capacity
    return tuple([1 - (below + cell.state[cells.DEPTH]) / cells.capacity(cell, middle) for cell in knowledge.cells])


def self_discharge(knowledge: Knowledge, number: int) -> float:
    """Return A that a cell loses by itself: what a healthy one does, and what this one does beyond the middle cell.

    What all cells lose alike cannot be told from the current sensor's offset.
    """
    leaks = [cell.state[cells.LEAK] for cell in knowledge.cells]
    return max(0.0, _HEALTHY_LEAK * knowledge.typical.capacity + leaks[number] - median(leaks))


def cell_capacity(knowledge: Knowledge, number: int) -> tuple[float, float, float]:
    """Return the lower end of the band, a cell's capacity, and the upper end, in Ah."""
    cell, typical = knowledge.cells[number], knowledge.typical
    size = cells.capacity(cell, typical.capacity)
    spread = _BAND * size * hypot(typical.capacity_doubt / typical.capacity, cells.deviation(cell, cells.CAPACITY))
    return size - spread, size, size + spread
