"""How long it takes to even out a pack by charge, beside by voltage and not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from custom_components.home_bms.core.balancing import balance
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import (
    BalanceConfig,
    BalanceMode,
    BalanceState,
    PackConfig,
    Switches,
    Trust,
    Wishes,
)
from custom_components.home_bms.core.plausibility import believe
from custom_components.home_bms.hw.virtual import VirtualPack

from .result import Result

AHEAD: Final = {4: 3.0, 11: 1.5}
"""Ah that these cells hold more than the others at the start."""
ERROR: Final = 0.3
"""Ah, one standard deviation of what is known of each cell's charge; each full charge is measured anew."""
BLEED: Final = 0.2
"""A through each resistor."""
DAYS: Final = 6
EVEN: Final = 0.010
"""V between the highest and the lowest cell of a full pack."""
HIGHEST: Final = 3.55
"""V at which charging would be stopped (`thresholds.md` 2.12)."""
SHARE: Final = 0.5
"""Of the time by voltage that balancing by charge may take."""

_STEP: Final = 10.0
_DAY: Final = 86400.0
# h of the day in which the sun charges and the house discharges, and with how much: two thirds of the pack a day.
_CHARGE: Final = (9.0, 17.0, 40.0)
_DISCHARGE: Final = (18.0, 6.0, -16.0)
# Share of the capacity per hour below which the pack counts as full.
_TAIL: Final = 0.02
_CELLS: Final = 16
_CAPACITY: Final = 280.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A way to balance."""

    name: str
    mode: BalanceMode
    by_charge: bool = False
    """What an estimator knows of the cells' charge is told."""


STRATEGIES: Final = (
    Strategy(name="not at all", mode=BalanceMode.OFF),
    Strategy(name="by voltage at the top", mode=BalanceMode.TOP),
    Strategy(name="by charge", mode=BalanceMode.ALWAYS, by_charge=True),
)


@dataclass(slots=True, kw_only=True)
class Course:
    """What became of a pack."""

    even_after: float | None = None
    """Days until it was even when full; `None` if it never was."""
    apart: float = 0.0
    """V between its cells when it was last full."""
    highest: float = 0.0
    """V, the worst of any cell."""
    bled: float = 0.0
    """Ah of all cells, until it was even."""
    ahead: float = 0.0
    """Ah by which all cells together were ahead at the start."""


def measure(days: float = DAYS) -> Iterator[Result]:
    """Yield for each strategy how long it takes, what it bleeds and what the cells must stand meanwhile."""
    took: dict[str, float] = {}
    for strategy in STRATEGIES:
        course = run(strategy, days)
        reached = course.even_after is not None
        took[strategy.name] = days if course.even_after is None else course.even_after
        name = f"{strategy.name}: until {1000 * EVEN:.0f} mV at the top{'' if reached else ', not reached'}"
        yield Result(name=name, value=took[strategy.name], unit="days")
        yield Result(name="  between the cells when last full", value=1000 * course.apart, unit="mV")
        yield Result(name="  highest cell", value=course.highest, unit="V", most=HIGHEST)
        yield Result(name=f"  bled until then, of {course.ahead:.2f} Ah ahead", value=course.bled, unit="Ah")
    _, by_voltage, by_charge = (took[strategy.name] for strategy in STRATEGIES)
    yield Result(name="by charge: share of the time by voltage", value=by_charge / by_voltage, most=SHARE)


def run(strategy: Strategy, days: float = DAYS, *, seed: int = 1, error: float = ERROR) -> Course:
    """Let a pack with two cells ahead live in a sunny house."""
    pack = VirtualPack(
        cells=_CELLS, capacity=_CAPACITY, seed=seed, soc=30.0, balance_current=BLEED, passive=True, temperature=20.0
    )
    for cell, more in AHEAD.items():
        pack.cells[cell].soc += 100.0 * more / pack.cells[cell].capacity
    config = _config(strategy)
    course = Course(ahead=sum(surplus(pack)))
    state, trust, random = BalanceState(), Trust(), Random(seed)
    errors = [0.0] * _CELLS
    for number in range(round(days * _DAY / _STEP)):
        time = number * _STEP
        if time % _DAY == 0.0:
            errors = [random.gauss(0.0, error) for _ in range(_CELLS)]
        pack.demand = _demand(config, pack, time)
        pack.step(_STEP)
        reading = pack.reading(time)
        trust, believed = believe(config, trust, reading)
        charge: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
        if strategy.by_charge:
            known = tuple([max(0.0, ah + wrong) for ah, wrong in zip(surplus(pack), errors, strict=True)])
            charge = known, (error,) * _CELLS
        state = balance(config, state, Wishes(), believed, reading, *charge)
        pack.apply(Switches(balance=state.active, bleed=state.decision.cells))
        _note(config, course, pack, state, time)
    return course


def surplus(pack: VirtualPack) -> list[float]:
    """Return the Ah that each cell truly holds above the one that will be full last."""
    room = [(100.0 - cell.soc) * cell.capacity / 100.0 for cell in pack.cells]
    return [max(room) - left for left in room]


def _config(strategy: Strategy) -> PackConfig:
    config = configure(
        chemistry="lfp",
        cells=_CELLS,
        capacity=_CAPACITY,
        charge_current=140,
        discharge_current=140,
        temperature_sensors=4,
    )
    return replace(config, balance=BalanceConfig(mode=strategy.mode, masked=True, current=BLEED, pause=10.0))


def _demand(config: PackConfig, pack: VirtualPack, time: float) -> float:
    """Return the A of the hour; charging ends as home_bms's charge voltage limit ends it."""
    hour = (time / 3600.0 + 6.0) % 24.0
    if _CHARGE[0] <= hour < _CHARGE[1]:
        full, high = config.cell_voltage_full, max(cell.voltage for cell in pack.cells)
        limit = _CELLS * min(full, 2 * full - high)
        return max(0.0, min(_CHARGE[2], pack.current_at(limit, _STEP)))
    return _DISCHARGE[2] if hour >= _DISCHARGE[0] or hour < _DISCHARGE[1] else 0.0


def _note(config: PackConfig, course: Course, pack: VirtualPack, state: BalanceState, time: float) -> None:
    voltages = [cell.voltage for cell in pack.cells]
    high, low = max(voltages), min(voltages)
    course.highest = max(course.highest, high)
    full = low >= config.window_top and 0.0 <= pack.current <= _TAIL * _CAPACITY
    if full:
        course.apart = high - low
    if course.even_after is None:
        course.bled = sum(state.budget.charge)
        if full and course.apart <= EVEN:
            course.even_after = time / _DAY
