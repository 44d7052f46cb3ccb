"""Packs of different age and size behind one inverter: what each of them gets, whoever leaves or joins."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from random import Random

import pytest

from custom_components.home_bms.core.model import Switches, SystemDecision

from .parallel import LAG, Battery, unit

OPEN = Switches(charge=False, discharge=False)


def four_packs(soc: float = 60.0) -> Battery:
    """Three packs on the bus and a fourth that waits beside it."""
    battery = Battery(
        units={
            "new": unit(seed=1, soc=soc),
            "old": unit(seed=2, capacity=200.0, soc=soc + 1, age=2.0, leads=0.003),
            "small": unit(seed=3, capacity=100.0, soc=soc - 1),
            "late": unit(seed=4, soc=soc, leads=0.002),
        }
    )
    battery.units["late"].pack.apply(OPEN)
    return battery


def restless(battery: Battery, seconds: int, seed: int = 0, *, middle: float = 0.0) -> Iterator[SystemDecision]:
    """Let the house want far more than the packs may give, now in, now out."""
    random = Random(seed)
    for _ in range(seconds // 20):
        battery.demand = middle + random.uniform(-400, 400)
        yield from battery.live(20)


class Watch:
    """Compares each pack's true current with its own limits."""

    def __init__(self, battery: Battery) -> None:
        self.battery = battery
        self.limits: dict[str, list[tuple[float, float]]] = {key: [] for key in battery.units}
        self.surprised = 0.0

    def surprise(self) -> None:
        """Leave out what nobody can prevent: until the inverter has heard of what just happened."""
        self.surprised = self.battery.time + LAG + 2

    def over(self, decisions: Iterable[SystemDecision]) -> SystemDecision:
        """Look at every second; return the last decision."""
        seen = []
        for decision in decisions:
            self.look()
            seen.append(decision)
        return seen[-1]

    def look(self) -> None:
        """A limit that falls cannot be kept before the inverter has heard of it."""
        for key, one in self.battery.units.items():
            limits = self.limits[key]
            limits.append((one.decision.ccl.value, one.decision.dcl.value))
            del limits[: -LAG - 2]
            if one.silent or self.battery.time <= self.surprised:
                continue
            charge, discharge = (max(each) for each in zip(*limits, strict=True))
            current = one.pack.current
            assert -1.02 * discharge - 1.0 <= current <= 1.02 * charge + 1.0, (self.battery.time, key)


@pytest.fixture
def started() -> Battery:
    battery = four_packs()
    battery.run(120)
    return battery


def test_four_packs_behind_one_inverter_stay_inside_their_own_limits_whoever_joins_or_is_lost(
    started: Battery,
) -> None:
    battery, watch = started, Watch(started)
    units = battery.units

    decision = watch.over(restless(battery, 600))
    assert decision.packs["late"].reason.rule == "open"
    alone = decision.ccl.value
    assert 200 < alone < sum(units[key].config.charge_current for key in ("new", "old", "small"))

    battery.wish("late", charge=True, discharge=True)
    battery.demand = 5.0
    decision = watch.over(battery.live(60))
    assert decision.packs["late"].reason.rule == "in"
    decision = watch.over(restless(battery, 600, seed=1))
    assert decision.ccl.value > alone + 50

    small = units["small"]
    small.silent = True
    before = watch.over(restless(battery, 20, seed=2))
    for decision in restless(battery, 600, seed=2):
        watch.look()
        assert abs(small.pack.current) <= 0.25 * small.config.charge_current + 2.0
        assert decision.ccl.value <= before.ccl.value + 3
    assert decision.packs["small"].reason.rule == "unseen"
    assert min(decision.ccl.value, decision.dcl.value) > 40, "a lost pack is no lost battery"
    assert decision.ccl.reason.rule == decision.dcl.reason.rule == "pack_unseen"
    assert (decision.weakest_charge, decision.current) == ("small", None)

    small.silent = False
    battery.demand = 5.0
    parts = [decision.packs["small"].reason.rule for decision in battery.live(200)]
    assert [part for part, after in pairwise([*parts, ""]) if part != after] == ["coming_back", "in"]
    decision = watch.over(restless(battery, 600, seed=3))
    assert decision.ccl.value > alone + 50


def test_the_others_hold_alone_where_a_pack_has_left_the_bus_without_a_word(started: Battery) -> None:
    battery, watch = started, Watch(started)
    watch.over(restless(battery, 400))
    battery.units["new"].pack.apply(OPEN)
    battery.units["new"].silent = True
    watch.surprise()
    decision = watch.over(restless(battery, 400, seed=1))
    assert 30 < decision.ccl.value < 120


def test_a_pack_that_reports_its_switches_open_leaves_all_of_the_current_to_the_others(started: Battery) -> None:
    battery, watch = started, Watch(started)
    watch.over(restless(battery, 400))
    battery.demand = -20.0
    battery.run(5)
    battery.wish("new", charge=False, discharge=False)
    battery.run(5)
    decision = watch.over(restless(battery, 400, seed=1))
    assert decision.packs["new"].reason.rule == "open"
    assert decision.current is not None
    assert 70 < decision.ccl.value < 150


def test_how_current_divides_is_learned_from_use(started: Battery) -> None:
    battery = started
    by_capacity = {key: share.share for key, share in battery.run(1).packs.items()}
    *_, decision = restless(battery, 600)
    lines = {key: battery.units[key].line(1.0)[1] for key in ("new", "old", "small")}
    for key, gain in lines.items():
        learned, known = decision.packs[key].share, by_capacity[key]
        assert learned is not None
        assert known is not None
        truth = gain / sum(lines.values())
        assert abs(learned - truth) < 0.035
        assert abs(learned - truth) < abs(known - truth)


def test_a_battery_of_uneven_packs_is_charged_full_without_any_getting_too_much() -> None:
    battery = four_packs(soc=94.0)
    del battery.units["late"]
    battery.demand = 500.0
    battery.run(60)
    watch = Watch(battery)
    stages = []
    for decision in battery.live(3000):
        watch.look()
        stages.append(decision.charging.stage.value)
        assert max(cell.voltage for one in battery.units.values() for cell in one.pack.cells) < 3.50
    assert [stage for stage, after in pairwise([*stages, ""]) if stage != after][:2] == ["bulk", "absorption"]
    assert decision.soc is not None
    assert decision.soc > 97
