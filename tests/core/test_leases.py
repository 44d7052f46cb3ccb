"""The book of who has asked what, and what counts of it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.codec import codec
from custom_components.home_bms.core.lease_force import Became, Charge, Claim, InForce, changes, resolve
from custom_components.home_bms.core.lease_times import DAY, Now
from custom_components.home_bms.core.leases import (
    FARTHEST,
    MOST_LEASES,
    RANGES,
    USER,
    WISHES,
    Key,
    Lease,
    LeaseBook,
    Part,
    add,
    expire,
    keep,
    release,
    sound,
)
from custom_components.home_bms.core.model import ConfigError

HOUR = 3600.0
NOW = Now(1793577600.0, HOUR)
# 280 Ah at 52 V: 145.6 Wh a percent.
HALF = Charge(50.0, 145.6, 7000.0)
ALL = tuple(range(7))


def lease(owner: str = "tariff", *, start: float = 0.0, end: float = 2.0, made: float = 0.0, **asks: Any) -> Lease:
    """Return a lease; its times in h from now."""
    if not set(asks) & set(WISHES):
        asks["reserve"] = 20.0
    begin = NOW.time + start * HOUR
    return Lease(owner=owner, made=NOW.time + made, start=begin, end=NOW.time + end * HOUR, **asks)


def book_of(*leases: Lease, reserve: float = 0.0) -> LeaseBook:
    book = LeaseBook(reserve=reserve)
    for each in leases:
        book = add(book, each, NOW)
    return book


def later(hours: float) -> Now:
    return Now(NOW.time + hours * HOUR, NOW.offset)


def force(*leases: Lease, at: float = 0.0, charge: Charge = HALF, reserve: float = 0.0) -> InForce:
    return resolve(book_of(*leases, reserve=reserve), later(at), charge)


def value(found: InForce, part: Part) -> float | None:
    claim = found.claims.get(part)
    return None if claim is None else claim.value


# --- the book --------------------------------------------------------------------------------------------------------


def test_a_second_lease_of_the_same_owner_and_name_takes_the_place_of_the_first() -> None:
    book = book_of(lease(power=1000.0), lease(power=2000.0), lease(power=3000.0, name="night"))
    assert {(each.key, each.power) for each in book.leases} == {
        (Key("tariff", ""), 2000.0),
        (Key("tariff", "night"), 3000.0),
    }


def test_who_only_renews_does_not_become_the_newest() -> None:
    book = book_of(lease("a", power=1000.0), lease("b", power=-1000.0, made=1.0))
    renewed = add(book, lease("a", power=1000.0, made=60.0, end=3.0), NOW)
    assert value(resolve(renewed, NOW, HALF), Part.POWER) == -1000.0
    assert next(each for each in renewed.leases if each.owner == "a").end == NOW.time + 3 * HOUR
    by_six = add(LeaseBook(), lease("a", charge_to=80.0, within=2 * HOUR), NOW)
    same = add(by_six, lease("a", start=0.5, charge_to=80.0, within=1.5 * HOUR, made=9.0), NOW)
    assert same.leases[0].made == NOW.time
    other = add(book, lease("a", power=1500.0, made=60.0), NOW)
    assert value(resolve(other, NOW, HALF), Part.POWER) == 1500.0


@pytest.mark.parametrize(
    ("owner", "name", "left"),
    [
        ("tariff", "night", {("tariff", ""), ("storm", "")}),
        ("tariff", "", {("tariff", "night"), ("storm", "")}),
        ("tariff", None, {("storm", "")}),
        (None, None, set()),
        ("nobody", None, {("tariff", ""), ("tariff", "night"), ("storm", "")}),
    ],
)
def test_what_is_released_ends_and_nothing_else(
    owner: str | None, name: str | None, left: set[tuple[str, str]]
) -> None:
    book = book_of(lease(), lease(name="night"), lease("storm"), reserve=15.0)
    after = release(book, owner, name)
    assert {tuple(each.key) for each in after.leases} == left
    assert after.reserve == 15.0


def test_what_is_over_is_dropped_and_what_will_come_is_not() -> None:
    book = book_of(lease("over", end=1.0), lease("comes", start=5.0, end=6.0), lease("daily", days=ALL, reserve=30.0))
    assert {each.owner for each in expire(book, later(2)).leases} == {"comes", "daily"}
    assert expire(book, NOW) is book
    assert {each.owner for each in expire(book, Now(NOW.time + FARTHEST + 2 * DAY, HOUR)).leases} == set()


def test_a_series_that_names_no_end_has_one_in_a_year() -> None:
    assert book_of(lease(days=(0,), reserve=20.0)).leases[0].last == NOW.time + FARTHEST


def test_there_are_not_more_leases_than_can_be_overlooked() -> None:
    full = book_of(*[lease(f"owner {number}") for number in range(MOST_LEASES)])
    with pytest.raises(ConfigError) as refused:
        add(full, lease("one more"), NOW)
    assert (refused.value.key, refused.value.field) == ("too_many_leases", "owner")
    assert refused.value.placeholders == {"maximum": str(MOST_LEASES)}
    # One of them may be renewed, and one that is over makes room.
    assert len(add(full, lease("owner 3", end=3.0), NOW).leases) == MOST_LEASES
    assert len(add(full, lease("one more", end=5.0), later(3)).leases) == 1


@pytest.mark.parametrize(
    ("changes_", "field"),
    [
        *[({field: least - 1}, field) for field, (least, _) in RANGES.items()],
        *[({field: most + 1}, field) for field, (_, most) in RANGES.items()],
        ({"power": float("nan")}, "power"),
        ({"power": float("inf")}, "power"),
        ({"owner": ""}, "owner"),
        ({"owner": "x" * 65}, "owner"),
        ({"name": "x" * 65}, "name"),
        ({"reason": "x" * 201}, "reason"),
        ({"start": NOW.time + FARTHEST + 1, "end": NOW.time + FARTHEST + 2}, "start"),
        ({"end": NOW.time}, "end"),
        ({"start": NOW.time - 2 * HOUR, "end": NOW.time - HOUR}, "end"),
        ({"end": NOW.time + 14 * DAY + 1}, "end"),
        ({"end": NOW.time + DAY + 1, "days": (0,)}, "end"),
        ({"days": (7,)}, "days"),
        ({"days": (0,), "last": NOW.time - 1}, "last"),
        ({"days": (0,), "last": NOW.time + FARTHEST + 1}, "last"),
        ({"charge_to": 80.0, "within": 2 * HOUR + 1}, "within"),
        ({"charge_to": 80.0, "within": 0.0}, "within"),
        ({"offset": 2 * DAY}, "offset"),
        ({"made": float("nan")}, "made"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_and_its_range(changes_: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        add(LeaseBook(), replace(lease(), **changes_), NOW)
    assert (refused.value.key, refused.value.field) == ("out_of_range", field)
    assert set(refused.value.placeholders) == {"value", "minimum", "maximum"}


@pytest.mark.parametrize(
    ("asks", "key", "field"),
    [
        ({"reserve": None}, "nothing_asked", "power"),
        ({"reserve": 10.0, "within": HOUR}, "charge_needed", "charge_to"),
        ({"charge_to": 80.0, "power": -100.0}, "wrong_direction", "power"),
        ({"charge_to": 80.0, "power": 0.0}, "wrong_direction", "power"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field(asks: dict[str, Any], key: str, field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        add(LeaseBook(), lease(**asks), NOW)
    assert (refused.value.key, refused.value.field) == (key, field)


@pytest.mark.parametrize("reserve", [-1.0, 101.0, float("nan")])
def test_a_reserve_without_an_end_is_a_share_of_the_charge(reserve: float) -> None:
    with pytest.raises(ConfigError) as refused:
        keep(LeaseBook(), reserve)
    assert refused.value.field == "reserve"
    assert keep(LeaseBook(), 20.0).reserve == 20.0


def test_a_book_comes_back_from_json_as_it_was() -> None:
    book = book_of(lease(power=-500.0, days=(0, 5)), lease("storm", charge_to=90.0, within=HOUR), reserve=10.0)
    ways = codec(LeaseBook)
    again = ways.decode(json.loads(json.dumps(ways.encode(book))))
    assert again == book
    assert sound(again)


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(LeaseBook(reserve=200.0), id="reserve"),
        pytest.param(LeaseBook(leases=(lease(reserve=200.0),)), id="lease"),
        pytest.param(LeaseBook(leases=(lease(), lease())), id="the same twice"),
        pytest.param(LeaseBook(leases=tuple([lease(str(number)) for number in range(33)])), id="too many"),
    ],
)
def test_a_spoilt_book_is_not_sound(spoilt: LeaseBook) -> None:
    assert not sound(spoilt)


def test_an_old_book_is_sound_whatever_time_it_is() -> None:
    assert sound(book_of(lease("past", start=-5.0, end=0.5), lease("planned", start=200.0, end=201.0, made=-9.0)))


# --- what counts -----------------------------------------------------------------------------------------------------


def test_nothing_counts_of_an_empty_book_nor_before_its_time_nor_after() -> None:
    assert resolve(LeaseBook(), NOW, HALF) == InForce()
    planned = lease(start=1.0, end=2.0, power=500.0)
    assert force(planned) == InForce()
    assert value(force(planned, at=1.5), Part.POWER) == 500.0
    assert force(planned, at=2.0) == InForce()


@pytest.mark.parametrize(
    ("part", "counts", "does_not"),
    [
        (Part.CHARGE_POWER, 100.0, 200.0),
        (Part.DISCHARGE_POWER, 0.0, 200.0),
        (Part.CHARGE_CURRENT, 5.0, 6.0),
        (Part.DISCHARGE_CURRENT, 5.0, 6.0),
        (Part.RESERVE, 40.0, 20.0),
    ],
)
def test_the_strictest_counts_whatever_its_priority_and_says_over_whom(
    part: Part, counts: float, does_not: float
) -> None:
    strict = lease("strict", priority=0, reason="Storm", **{part.value: counts})
    found = force(strict, lease("lax", priority=100, made=5.0, **{part.value: does_not}))
    claim = found.claims[part]
    assert claim == Claim(part, counts, Key("strict", ""), "Storm", 0, NOW.time, NOW.time + 2 * HOUR)
    (lost,) = found.overridden
    assert (lost.claim.key, lost.claim.value, lost.by) == (Key("lax", ""), does_not, Key("strict", ""))


def test_the_set_point_of_the_highest_priority_counts_and_of_equals_the_newest() -> None:
    high = lease("high", power=-3000.0, priority=80)
    newer = lease("newer", power=2000.0, made=9.0)
    found = force(lease("older", power=1000.0), high, newer)
    assert found.claims[Part.POWER].key == Key("high", "")
    assert {lost.claim.key.owner for lost in found.overridden} == {"older", "newer"}
    assert [each.lease.owner for each in found.holding] == ["high", "newer", "older"]
    assert value(force(lease("older", power=1000.0), newer), Part.POWER) == 2000.0


def test_who_asks_for_the_same_is_overridden_by_nobody() -> None:
    found = force(lease("a", reserve=30.0), lease("b", reserve=30.0, made=1.0))
    assert found.claims[Part.RESERVE].key == Key("b", "")
    assert found.overridden == ()


def test_the_users_reserve_has_no_end_and_a_higher_one_counts_before_it() -> None:
    assert force(reserve=20.0).claims[Part.RESERVE] == Claim(Part.RESERVE, 20.0, Key(USER, ""))
    found = force(lease("storm", reserve=80.0), reserve=20.0)
    assert found.claims[Part.RESERVE].key == Key("storm", "")
    assert found.overridden[0].claim.key == Key(USER, "")


@pytest.mark.parametrize(
    ("soc", "power", "within", "asked"),
    [
        pytest.param(50.0, None, None, 7000.0, id="as fast as the battery is rated for"),
        pytest.param(50.0, 3000.0, None, 3000.0, id="with what is said at most"),
        pytest.param(50.0, 9000.0, None, 7000.0, id="and with no more than it is rated for"),
        pytest.param(50.0, None, 2.0, 30 * 145.6 / 1.8, id="evenly, with a tenth of the time to spare"),
        pytest.param(50.0, 1000.0, 2.0, 1000.0, id="evenly with less than that would take"),
        pytest.param(79.5, None, None, 3500.0, id="the last percent fades"),
        pytest.param(79.96, None, None, None, id="reached"),
        pytest.param(80.0, None, None, None, id="there"),
        pytest.param(None, None, None, None, id="not known"),
    ],
)
def test_a_charge_to_reach_becomes_a_set_point(
    soc: float | None, power: float | None, within: float | None, asked: float | None
) -> None:
    storm = lease("storm", charge_to=80.0, power=power, within=None if within is None else within * HOUR)
    found = value(force(storm, charge=HALF._replace(soc=soc)), Part.POWER)
    assert found == (None if asked is None else pytest.approx(asked))


def test_what_is_not_reached_in_time_is_charged_as_fast_as_possible_and_without_a_voltage_not_evenly() -> None:
    storm = lease("storm", charge_to=80.0, within=HOUR)
    assert value(force(storm, at=1.5), Part.POWER) == 7000.0
    blind = HALF._replace(energy=None)
    assert value(force(storm, charge=blind), Part.POWER) is None
    assert value(force(storm, at=1.5, charge=blind), Part.POWER) == 7000.0


def test_a_charge_that_is_reached_leaves_the_set_point_to_others() -> None:
    storm = lease("storm", charge_to=80.0, priority=90)
    found = force(storm, lease(power=-500.0), charge=HALF._replace(soc=90.0))
    assert found.claims[Part.POWER].key == Key("tariff", "")


# --- what became of them ---------------------------------------------------------------------------------------------


def told(before: InForce, after: InForce, at: float = 0.0) -> list[tuple[str, Became]]:
    return [(each.held.lease.owner, each.became) for each in changes(before, after, later(at))]


def test_what_begins_ends_and_is_released_is_told_once() -> None:
    short = lease("short", end=1.0)
    both = force(short, lease("long"))
    assert told(InForce(), both) == [("long", Became.BEGUN), ("short", Became.BEGUN)]
    assert told(both, both) == []
    assert told(both, force(short, lease("long"), at=1.0), 1.0) == [("short", Became.ENDED)]
    assert told(both, force(short)) == [("long", Became.RELEASED)]


def test_a_renewal_is_no_news_and_another_wish_is() -> None:
    before = force(lease(power=500.0))
    assert told(before, force(lease(power=500.0, end=4.0, made=7.0))) == []
    assert told(before, force(lease(power=700.0))) == [("tariff", Became.CHANGED)]


def test_who_is_overridden_is_told_in_what_and_by_whom() -> None:
    night = lease("night", reserve=30.0)
    before, after = force(night), force(night, lease("storm", reserve=80.0))
    begun, lost = changes(before, after, NOW)
    assert begun.became is Became.BEGUN
    assert (lost.became, lost.held.lease.owner, lost.part, lost.by) == (
        Became.OVERRIDDEN,
        "night",
        Part.RESERVE,
        Key("storm", ""),
    )
    assert changes(after, after, NOW) == ()
    # The user's own reserve is no lease.
    assert told(force(reserve=10.0), force(lease("storm"), reserve=10.0)) == [("storm", Became.BEGUN)]


# --- laws ------------------------------------------------------------------------------------------------------------

LIMITS = (Part.CHARGE_POWER, Part.DISCHARGE_POWER, Part.CHARGE_CURRENT, Part.DISCHARGE_CURRENT)


@st.composite
def any_leases(draw: st.DrawFn) -> Lease:
    asks = {
        field: draw(st.none() | st.floats(least, most))
        for field, (least, most) in RANGES.items()
        if field not in ("priority", "charge_to")
    }
    if all(each is None for each in asks.values()):
        asks["reserve"] = 0.0
    start = draw(st.floats(-3.0, 3.0))
    return lease(
        draw(st.sampled_from("abcde")),
        start=start,
        end=max(0.0, start) + draw(st.floats(0.01, 5.0)),
        made=draw(st.floats(-100.0, 0.0)),
        priority=draw(st.integers(0, 100)),
        days=draw(st.sampled_from([(), ALL, (0, 3)])),
        **asks,
    )


def strictness(found: InForce) -> list[float]:
    """Return all that narrows, each the higher the less it narrows."""
    limits = [(claim.value if (claim := found.claims.get(part)) else float("inf")) for part in LIMITS]
    return [*limits, -(value(found, Part.RESERVE) or 0.0)]


@given(leases=st.lists(any_leases(), max_size=5), one=any_leases(), at=st.floats(0.0, 200.0))
def test_one_lease_more_never_widens_anything(leases: list[Lease], one: Lease, at: float) -> None:
    others = book_of(*[replace(each, owner=f"{number}") for number, each in enumerate(leases)])
    less, more = resolve(others, later(at), HALF), resolve(add(others, one, NOW), later(at), HALF)
    assert all(a <= b for a, b in zip(strictness(more), strictness(less), strict=True))


@given(leases=st.lists(any_leases(), max_size=5), at=st.floats(0.0, 200.0), order=st.randoms(use_true_random=False))
def test_the_order_in_which_they_were_asked_for_does_not_matter(leases: list[Lease], at: float, order: Any) -> None:
    named = [replace(each, owner=f"{number}") for number, each in enumerate(leases)]
    mixed = list(named)
    order.shuffle(mixed)
    assert resolve(book_of(*named), later(at), HALF) == resolve(book_of(*mixed), later(at), HALF)


@given(leases=st.lists(any_leases(), max_size=5), at=st.floats(0.0, 200.0))
def test_whatever_counts_was_asked_by_one_who_holds_and_nothing_is_lost(leases: list[Lease], at: float) -> None:
    found = resolve(book_of(*leases), later(at), HALF)
    holding = {each.lease.key: each for each in found.holding}
    for claim in found.claims.values():
        held = holding[claim.key]
        assert getattr(held.lease, claim.part.value) == claim.value
        assert claim.until == held.span.end > later(at).time
    asked = {(part, getattr(each.lease, part.value)) for each in found.holding for part in Part}
    shown = {(claim.part, claim.value) for claim in found.claims.values()}
    shown |= {(lost.claim.part, lost.claim.value) for lost in found.overridden}
    assert shown == {(part, each) for part, each in asked if each is not None}


def test_half_a_character_is_kept_as_a_question_mark_for_no_file_takes_it() -> None:
    (kept,) = book_of(lease("a\ud800", name="\udfff", reason="why\ud800")).leases
    assert (kept.owner, kept.name, kept.reason) == ("a?", "?", "why?")
