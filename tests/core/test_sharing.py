"""How current divides among packs, and what total keeps each inside its own limit."""

from math import inf, nan
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.sharing import (
    UNSEEN_SHARE,
    Load,
    Share,
    Taker,
    bounded,
    learn,
    most,
    taker,
)


def load(**changes: Any) -> Load:
    facts: dict[str, Any] = {
        "capacity": 100.0, "rated": 100.0, "ohms": None, "current": 0.0, "at": 0.0, "carries": True
    }  # fmt: skip
    return Load(**(facts | changes))


class Rail:
    """Packs as springs on one rail: each has a voltage of its own and a conductance."""

    def __init__(self, **packs: tuple[float, float]) -> None:
        """Give each pack its conductance in A/V and its own voltage."""
        self.packs = packs
        self.shares = {key: Share() for key in packs}
        self.time = 0.0

    @property
    def whole(self) -> float:
        return sum(gain for gain, _ in self.packs.values())

    def currents(self, total: float) -> dict[str, float]:
        voltage = (total + sum(gain * own for gain, own in self.packs.values())) / self.whole
        return {key: gain * (voltage - own) for key, (gain, own) in self.packs.items()}

    def live(self, totals: list[float], **changes: dict[str, Any]) -> None:
        for total in totals:
            self.time += 1.0
            loads = {
                key: load(**({"current": current, "at": self.time} | changes.get(key, {})))
                for key, current in self.currents(total).items()
            }
            self.shares = learn(self.shares, loads)

    def takers(self, sign: float, limit: float) -> list[Taker]:
        return [taker(key, share, load(), limit=limit, sign=sign) for key, share in self.shares.items()]

    def parts(self) -> dict[str, float]:
        weight = sum(share.skew for share in self.shares.values())
        return {key: share.skew / weight for key, share in self.shares.items()}


def wander(seconds: int, seed: int = 0) -> list[float]:
    random = Random(seed)
    return [total for _ in range(seconds // 20) for total in [random.uniform(-150, 150)] * 20]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(80, 160), st.floats(-0.1, 0.1)), min_size=2, max_size=5), st.integers(0, 99))
def test_the_split_of_a_change_is_learned_whatever_flows_between_the_packs(
    packs: list[tuple[float, float]], seed: int
) -> None:
    rail = Rail(**{str(number): pack for number, pack in enumerate(packs)})
    rail.live(wander(400, seed))
    for key, part in rail.parts().items():
        assert part == pytest.approx(rail.packs[key][0] / rail.whole, rel=0.02)
    assert sum(share.offset for share in rail.shares.values()) == pytest.approx(0, abs=1e-6)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(80, 160), st.floats(-0.1, 0.1)), min_size=1, max_size=5),
    st.floats(1, 100),
    st.sampled_from([1.0, -1.0]),
)
def test_at_the_limit_of_the_battery_no_pack_exceeds_its_own(
    packs: list[tuple[float, float]], limit: float, sign: float
) -> None:
    rail = Rail(**{str(number): pack for number, pack in enumerate(packs)})
    rail.live([*wander(200), *[0.0] * 60])
    value = most(rail.takers(sign, limit)).value
    assert value <= len(packs) * limit + 1e-6
    if value > 0:
        assert all(sign * current <= limit + 0.05 for current in rail.currents(sign * value).values())


def test_a_battery_that_rests_learns_nothing() -> None:
    rail = Rail(one=(100.0, 0.0), two=(50.0, 0.0))
    rail.live([10.0] * 60)
    assert {share.seen for share in rail.shares.values()} == {0.0}
    assert {share.skew for share in rail.shares.values()} == {1.0}


def test_while_one_pack_is_not_told_nothing_is_learned_of_any() -> None:
    rail = Rail(one=(100.0, 0.0), two=(50.0, 0.0))
    rail.live(wander(200))
    before = dict(rail.shares)
    for gone in ({"current": None}, {"at": None}, {"at": nan}, {"at": inf}, {"at": rail.time}):
        rail.live([120.0] * 5, two=gone)
        assert rail.shares == before
        rail.time -= 5.0


def test_what_does_not_carry_is_averaged_and_teaches_nothing() -> None:
    rail = Rail(one=(100.0, 0.0), two=(50.0, 0.0))
    rail.live([30.0] * 5)
    rail.live([90.0] * 60, two={"current": 0.0, "carries": False})
    assert rail.shares["two"].mean == pytest.approx(0, abs=0.1)
    assert rail.shares["one"].skew == 1.0
    assert rail.shares["one"].offset == 0.0


def test_the_cells_resistances_are_the_first_guess() -> None:
    loads = {"one": load(ohms=0.004), "two": load(ohms=0.009), "three": load()}
    shares = learn({key: Share() for key in loads}, loads)
    assert shares["one"].skew / shares["two"].skew == pytest.approx(2.0)
    assert shares["three"].skew == 1.0
    again = learn(shares, {key: each._replace(ohms=0.02, at=1.0) for key, each in loads.items()})
    assert again["one"].skew == shares["one"].skew, "only the first one"


def test_a_skew_that_cannot_be_is_bounded() -> None:
    assert (bounded(-3.0), bounded(1.2), bounded(9.0)) == (0.4, 1.2, 2.5)


def pack(key: str, **changes: Any) -> Taker:
    facts: dict[str, Any] = {
        "weight": 100.0, "limit": 100.0, "mean": 0.0, "offset": 0.0, "current": 0.0, "doubt": 0.0
    }  # fmt: skip
    return Taker(key=key, **(facts | changes))


@pytest.mark.parametrize(
    ("takers", "value", "key"),
    [
        ([{}], 100, "0"),
        ([{}, {}], 200, "0"),
        ([{}, {"limit": 40.0}], 80, "1"),
        ([{}, {"limit": 0.0}], 0, "1"),
        ([{"weight": 300.0}, {}], 400 / 3, "0"),
        ([{"mean": 10.0}, {"mean": -10.0}], 180, "0"),
        ([{"mean": 300.0, "limit": 1.0}, {"mean": -300.0}], 0, "0"),
        ([{"doubt": 0.5}, {"doubt": 0.5}], 160, "0"),
        ([{"doubt": 0.5}], 100, "0"),
        ([{"current": 120.0, "mean": 60.0}, {"current": 20.0, "mean": 60.0}], 140 / 1.2, "0"),
        ([{"current": 120.0, "mean": 60.0}, {"current": None, "mean": 60.0}], 150, "0"),
        ([{"current": 1.0, "limit": 0.5}, {"current": -9.0}], 0, "0"),
    ],
)
def test_the_pack_that_is_first_at_its_limit_sets_that_of_the_battery(
    takers: list[dict[str, Any]], value: float, key: str
) -> None:
    found = most([pack(str(number), **changes) for number, changes in enumerate(takers)])
    assert (found.value, found.key, found.unseen) == (pytest.approx(value), key, False)


def test_the_others_must_hold_alone_where_one_is_not_seen() -> None:
    gone = pack("gone", limit=1000.0)
    assert most([pack("one"), pack("two")], (), [gone]).value == 200
    assert most([pack("one", mean=-20.0), pack("two", mean=-20.0)], (), [gone]).value == 200


def test_a_pack_that_is_not_seen_gets_a_quarter_of_what_it_last_permitted() -> None:
    found = most([pack("one"), pack("two")], (), [pack("gone")])
    assert (found.value, found.key, found.unseen) == (UNSEEN_SHARE * 300, "gone", True)
    more = most([pack("one"), pack("two")], (), [pack("gone", offset=60.0)])
    assert more.value == pytest.approx(UNSEEN_SHARE * 120)
    both = most([pack("one")], (), [pack("gone"), pack("lost")])
    assert both.value == pytest.approx(UNSEEN_SHARE * 200), "the other lost one may carry nothing"


def test_a_half_counts_with_what_it_last_carried_beside_its_share() -> None:
    assert most([pack("one", mean=-80.0)], [pack("half")]).value == 200
    assert most([pack("one")], [pack("half", offset=30.0)]).value == pytest.approx(140)


ratings = st.lists(st.floats(0, 200), min_size=2, max_size=4)


@given(ratings, st.lists(st.floats(-50, 50), min_size=4, max_size=4), st.data())
def test_losing_sight_of_a_pack_never_permits_more(
    limits: list[float], means: list[float], data: st.DataObject
) -> None:
    gone = data.draw(st.integers(0, len(limits) - 1))
    total = sum(means[: len(limits)])
    packs = [
        pack(str(n), limit=limit, mean=means[n], offset=means[n] - total / len(limits), current=None)
        for n, limit in enumerate(limits)
    ]
    seen = [each for n, each in enumerate(packs) if n != gone]
    assert most(seen, (), [packs[gone]]).value <= most(packs).value + 1e-9
