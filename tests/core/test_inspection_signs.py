"""What calls for an inspection of a pack names the place, the value and from where on it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from custom_components.home_bms.core import kalman, resistance
from custom_components.home_bms.core.battery import Ageing, Beside, Estimate, Kind, Trend
from custom_components.home_bms.core.inspection_signs import CONDITIONS, Seen, Sign
from custom_components.home_bms.core.model import Budget, PackConfig
from custom_components.home_bms.core.upkeep import Upkeep

from .cells_world import Life, after_three_days, ailing
from .conftest import make_config


def seen(life: Life | None = None, **changes: Any) -> Seen:
    """Return a pack as inspections see it."""
    facts: dict[str, Any] = {
        "config": make_config() if life is None else life.config,
        "estimate": Estimate() if life is None else life.estimate,
        "budget": Budget(),
        "upkeep": Upkeep(),
    }
    return Seen(**(facts | changes))


def signs(key: str, pack: Seen) -> list[Sign]:
    return list(CONDITIONS[key].see(pack))


@pytest.mark.parametrize("key", CONDITIONS)
def test_a_pack_of_which_nothing_is_known_calls_for_nothing(key: str) -> None:
    assert [sign for sign in signs(key, seen()) if sign.value >= sign.threshold] == []


@pytest.mark.parametrize("key", CONDITIONS)
def test_a_sound_pack_calls_for_nothing(key: str) -> None:
    assert [sign for sign in signs(key, seen(after_three_days())) if sign.value >= sign.threshold] == []


@pytest.mark.parametrize(
    ("key", "cell"),
    [("weak_cell", 1), ("cell_sensor", 2), ("leaky_cell", 3), ("micro_short", 4), ("loose_joint", 5)],
)
def test_each_finding_is_told_at_its_cell(key: str, cell: int) -> None:
    (sign,) = signs(key, seen(ailing()))
    assert sign.cell == cell
    assert sign.value > sign.threshold > 0


def test_the_current_sensor_is_no_cell() -> None:
    life = ailing()
    finding = replace(life.known.findings[0], kind=Kind.SENSOR_DRIFT, cell=None, value=0.4, threshold=0.25)
    life.estimate = replace(life.estimate, knowledge=replace(life.known, findings=(finding,)))
    assert signs("current_sensor", seen(life)) == [Sign(0.4, 0.25, None, "current")]
    assert signs("cell_sensor", seen(life)) == []


def with_resistances(life: Life, **changes: Any) -> Life:
    each = tuple(replace(cell, **changes) for cell in life.known.resistances)
    life.estimate = replace(life.estimate, knowledge=replace(life.known, resistances=each))
    return life


def test_joints_are_compared_once_they_have_settled() -> None:
    settled: dict[str, Any] = {"steps": 10 * resistance.ENOUGH, "measured": 0.001, "slow": 0.0, "fast": 0.0}
    life = with_resistances(after_three_days(), **settled)
    found = signs("joint_risen", seen(life))
    assert [sign.cell for sign in found] == list(range(6))
    assert {sign.threshold for sign in found} == {resistance.threshold(0.001)}
    assert signs("joint_risen", seen(with_resistances(life, steps=10 * resistance.ENOUGH - 1))) == []
    loose = with_resistances(life, **(settled | {"loose_since": 50.0, "fast": 0.0005}))
    assert {sign.value for sign in signs("joint_risen", seen(loose))} == {0.0005}, "the slow mean stands still"
    assert signs("joint_risen", seen(with_resistances(life, **(settled | {"loose_since": None, "slow": None})))) == []


def test_what_is_surely_the_cells_own_is_no_joint() -> None:
    settled: dict[str, Any] = {"steps": 10 * resistance.ENOUGH, "measured": 0.001, "slow": 0.0003, "fast": 0.0003}
    at_once = Beside(ohms=0.0003, doubt=1e-10)
    metal = with_resistances(after_three_days(), **settled, at_once=at_once, in_minutes=at_once)
    assert {sign.value for sign in signs("joint_risen", seen(metal))} == {0.0003}
    sagging = with_resistances(metal, at_once=at_once, in_minutes=Beside(ohms=0.0006, doubt=1e-10))
    assert {sign.value for sign in signs("joint_risen", seen(sagging))} == {0.0}


def test_a_cell_that_always_needs_balancing_is_told() -> None:
    config: PackConfig = make_config(cells=4)
    budget = Budget(daily=(0.0, 0.0, 0.5, 0.0), days=(0.0, 0.0, 0.9, 0.0))
    (sign,) = signs("balancing", seen(config=config, budget=budget))
    assert (sign.value, sign.cell) == (0.5, 2)
    assert sign.threshold == pytest.approx(0.28)


def trend(value: float, doubt: float) -> Trend:
    return Trend(state=(value, 0.0), covariance=kalman.diagonal((doubt, 0.01)))


@pytest.mark.parametrize(
    ("key", "field", "value", "doubt", "told"),
    [
        ("capacity_lost", "sizes", 0.80, 0.01, 20.0),
        ("capacity_lost", "sizes", 0.80, 0.05, None),
        ("capacity_lost", "sizes", 0.90, 0.01, None),
        ("resistance_grown", "ohms", 1.90, 0.01, 90.0),
        ("resistance_grown", "ohms", 1.90, 0.10, None),
        ("resistance_grown", "ohms", 0.50, 0.01, None),
    ],
)
def test_a_worn_cell_is_told_when_it_is_sure(
    key: str, field: str, value: float, doubt: float, told: float | None
) -> None:
    estimate = Estimate()
    life = replace(estimate.life, ageing=Ageing(**{field: (None, trend(value, doubt))}))
    found = signs(key, seen(estimate=replace(estimate, life=life)))
    assert [(sign.cell, sign.value) for sign in found] == ([] if told is None else [(1, pytest.approx(told))])


def test_what_is_counted_is_told_as_it_is() -> None:
    upkeep = Upkeep(trips=3, cycles=10_000, changes=1, doubts={"cell_7": 0.5}, spread=9.0, warmest=2)
    pack = seen(upkeep=upkeep, estimate=Estimate(since_full=31 * 86400.0))
    assert signs("trips", pack) == [Sign(3, 3)]
    assert signs("contactor_cycles", pack) == [Sign(10_000, 10_000)]
    assert signs("changed", pack) == [Sign(1, 1)]
    assert signs("doubted", pack) == [Sign(5.0, 5.0, None, "cell_7")]
    assert signs("temperature_spread", pack) == [Sign(9.0, 8.0, None, "temperature_3")]
    assert signs("not_full", pack) == [Sign(31.0, 31.0)]
    assert signs("temperature_spread", seen(upkeep=Upkeep(spread=9.0))) == [Sign(9.0, 8.0)]
