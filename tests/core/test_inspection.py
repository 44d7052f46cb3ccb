"""Inspections come round by the calendar, sooner where a pack calls for them, and never because of a clock."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.battery import Estimate
from custom_components.home_bms.core.codec import codec
from custom_components.home_bms.core.inspection import (
    HISTORY,
    SANE,
    applying,
    bounded,
    done,
    plan,
    postpone,
    tell,
    undo,
)
from custom_components.home_bms.core.inspection_book import Book, Course, Item, Record, Standing, Subject
from custom_components.home_bms.core.inspection_signs import CONDITIONS, Seen
from custom_components.home_bms.core.inspection_table import INSPECTIONS, About
from custom_components.home_bms.core.model import Budget, ConfigError
from custom_components.home_bms.core.upkeep import Upkeep

from .conftest import make_config

BEGAN = date(2027, 3, 1).toordinal()
CONFIG = make_config()
SYSTEM = applying(About.SYSTEM, frozenset(), {})
PACK = applying(About.PACK, frozenset(), {})


class House:
    """A system with one pack, whose plan is looked at when a test says so."""

    def __init__(self, *, every: Mapping[str, int] | None = None) -> None:
        self.book: Book = {}
        self.today = BEGAN
        self.upkeep = Upkeep()
        self.since_full: float | None = None
        self.serial_number = "A"
        self.every = every or {}
        self.items: tuple[Item, ...] = ()
        self.look(BEGAN)

    def look(self, today: int, **upkeep: Any) -> House:
        """Plan on a day; `upkeep` changes what the pack has been through."""
        self.today, self.upkeep = today, replace(self.upkeep, **upkeep)
        seen = Seen(
            config=CONFIG,
            estimate=Estimate(since_full=None if self.since_full is None else 86400 * self.since_full),
            budget=Budget(),
            upkeep=self.upkeep,
        )
        subjects = (
            Subject(intervals=applying(About.SYSTEM, frozenset(), self.every)),
            Subject(
                key="pack",
                serial_number=self.serial_number,
                seen=seen,
                intervals=applying(About.PACK, frozenset(), self.every),
            ),
        )
        self.book, self.items = plan(self.book, subjects, today)
        return self

    def item(self, where: str) -> Item:
        (found,) = [item for item in self.items if item.place == where]
        return found

    def do(self, where: str, **record: Any) -> House:
        """Let somebody say that an inspection was done, today unless told otherwise."""
        facts = {"day": self.today, "at": 86400.0 * self.today, "by": "Erna"} | record
        self.book = done(self.book, self.item(where), Record(**facts), self.today)
        return self.look(self.today)

    def put_off(self, where: str, days: int) -> House:
        self.book = postpone(self.book, self.item(where), self.today + days, self.today)
        return self.look(self.today)

    def due(self) -> set[str]:
        return {item.place for item in self.items if item.is_due}


def test_on_the_first_day_nothing_is_due_and_all_have_their_day() -> None:
    house = House()
    assert house.due() == set()
    assert house.item("fuses").due == BEGAN + 365
    assert house.item("extinguisher").due == BEGAN + 730
    assert house.item("pack/look").due == BEGAN + 182
    assert house.item("pack/cells").due is None, "a pack calls for this, not the calendar"
    assert [item.due for item in house.items if item.due is not None] == sorted(
        item.due for item in house.items if item.due is not None
    )


@pytest.mark.parametrize(
    ("days", "standing"),
    [
        (334, Standing.LATER),
        (335, Standing.COMING),
        (364, Standing.COMING),
        (365, Standing.DUE),
        (378, Standing.DUE),
        (379, Standing.OVERDUE),
        (3650, Standing.OVERDUE),
    ],
)
def test_an_inspection_comes_is_due_and_overdue(days: int, standing: Standing) -> None:
    item = House().look(BEGAN + days).item("fuses")
    assert item.standing is standing
    assert item.is_due == (standing in (Standing.DUE, Standing.OVERDUE))
    assert item.calls == (standing is Standing.OVERDUE)


def test_done_moves_the_next_day_by_the_interval_from_the_day_of_doing() -> None:
    house = House().look(BEGAN + 400).do("fuses")
    item = house.item("fuses")
    assert (item.due, item.following, item.standing) == (BEGAN + 765, BEGAN + 765, Standing.LATER)
    assert item.last is not None
    assert item.last.by == "Erna"
    house.do("fuses", day=BEGAN + 390, at=1.0)
    assert house.item("fuses").due == BEGAN + 765, "an older day told later changes nothing"
    assert [record.day for record in house.book["fuses"].records] == [BEGAN + 390, BEGAN + 400]


def test_short_intervals_are_not_always_coming() -> None:
    house = House(every={"smoke_detector": 10})
    assert house.look(BEGAN + 4).item("smoke_detector").standing is Standing.LATER
    assert house.look(BEGAN + 5).item("smoke_detector").standing is Standing.COMING


def test_the_users_intervals_stay_within_the_tables_bounds() -> None:
    every = applying(About.SYSTEM, frozenset({"extinguisher"}), {"fuses": 1, "cables": 99_999})
    assert "extinguisher" not in every
    assert (every["fuses"], every["cables"]) == (7, 5 * 365)
    assert bounded(INSPECTIONS["fuses"], 100) == 100


# --- what a pack calls for -------------------------------------------------------------------------------------------


def test_a_condition_is_due_on_the_day_it_is_seen_and_over_when_it_is_over() -> None:
    house = House()
    house.since_full = 31.0
    item = house.look(BEGAN + 40).item("pack/full_charge")
    assert (item.due, item.standing) == (BEGAN + 40, Standing.DUE)
    (evidence,) = item.evidence
    assert (evidence.condition.key, evidence.sign.value, evidence.sign.threshold) == ("not_full", 31.0, 31.0)
    assert house.look(BEGAN + 50).item("pack/full_charge").due == BEGAN + 40, "it keeps its date"
    assert house.look(BEGAN + 54).item("pack/full_charge").calls
    house.since_full = 26.0
    assert house.look(BEGAN + 55).due() == {"pack/full_charge"}, "not clearly over"
    house.since_full = 24.0
    assert house.look(BEGAN + 55).due() == set()


def test_who_has_looked_is_left_alone_until_it_is_much_worse_or_long_ago() -> None:
    def looked() -> House:
        house = House().look(BEGAN + 10, doubts={"cell_7": 0.6})
        assert house.due() == {"pack/sensors"}
        return house.do("pack/sensors").look(BEGAN + 11)

    assert looked().due() == set()
    assert looked().look(BEGAN + 20, doubts={"cell_7": 0.8}).due() == set()
    assert looked().look(BEGAN + 20, doubts={"cell_7": 0.9}).due() == {"pack/sensors"}, "half as bad again"
    assert looked().look(BEGAN + 20, doubts={"cell_7": 0.6, "current": 0.6}).due() == {"pack/sensors"}, "another one"
    assert looked().look(BEGAN + 39).due() == set()
    assert looked().look(BEGAN + 40).due() == {"pack/sensors"}
    mended = looked().look(BEGAN + 15, doubts={}).look(BEGAN + 16, doubts={"cell_7": 0.6})
    assert mended.due() == {"pack/sensors"}, "it came back"


def test_counters_call_for_what_has_come_since_the_last_time() -> None:
    house = House().look(BEGAN + 1, trips=2)
    assert house.due() == set()
    assert house.look(BEGAN + 2, trips=3).due() == {"pack/trips"}
    house.do("pack/trips")
    assert house.look(BEGAN + 3, trips=5).due() == set()
    assert house.look(BEGAN + 4, trips=6).due() == {"pack/trips"}
    house.do("pack/trips")
    # The counters were lost: they are measured from where they are.
    assert house.look(BEGAN + 5, trips=0).due() == set()
    assert house.look(BEGAN + 6, trips=3).due() == {"pack/trips"}


def test_what_was_there_before_the_plan_began_calls_for_nothing() -> None:
    house = House()
    house.book = {}
    assert house.look(BEGAN, trips=50, changes=7).due() == set()
    assert house.look(BEGAN + 1, trips=52).due() == set()
    assert house.look(BEGAN + 2, changes=8).due() == {"pack/settings"}


def test_what_was_done_before_the_evidence_came_has_not_seen_to_it() -> None:
    house = House().look(BEGAN + 10, trips=3, doubts={"current": 1.0})
    house.do("pack/trips", day=BEGAN + 9).do("pack/sensors", day=BEGAN + 9)
    assert house.due() == {"pack/trips", "pack/sensors"}


def test_what_is_a_repair_already_calls_nobody_a_second_time() -> None:
    told = {key for key, condition in CONDITIONS.items() if condition.told}
    assert told == {
        *("loose_joint", "weak_cell", "leaky_cell", "micro_short", "balancing", "cell_sensor", "current_sensor"),
    }
    house = House().look(BEGAN + 1, doubts={"current": 1.0})
    item = house.look(BEGAN + 100).item("pack/sensors")
    assert item.calls
    evidence = item.evidence[0]
    silent = evidence._replace(condition=replace(evidence.condition, told=True))
    assert not item._replace(evidence=(silent,)).calls
    assert item._replace(evidence=(silent, evidence)).calls
    assert item._replace(evidence=(silent,), regular=item.due).calls, "the calendar calls too"


# --- putting off, undoing --------------------------------------------------------------------------------------------


def test_putting_off_is_bounded_by_the_day_it_became_due_and_not_each_time_anew() -> None:
    house = House().look(BEGAN + 370)
    house.put_off("smoke_detector", 20)
    item = house.item("smoke_detector")
    assert (item.due, item.postponed, item.latest, item.standing) == (BEGAN + 390, True, BEGAN + 395, Standing.COMING)
    with pytest.raises(ConfigError) as err:
        house.put_off("smoke_detector", 26)
    assert (err.value.key, err.value.placeholders["maximum"]) == ("out_of_range", str(BEGAN + 395))
    with pytest.raises(ConfigError, match="out_of_range"):
        house.put_off("smoke_detector", 0)
    house.look(BEGAN + 395)
    with pytest.raises(ConfigError, match="postponed_enough"):
        house.put_off("smoke_detector", 1)
    assert not house.do("smoke_detector").item("smoke_detector").postponed
    with pytest.raises(ConfigError, match="not_due"):
        house.put_off("pack/cells", 1)


def test_what_is_coming_can_be_put_off_too() -> None:
    house = House().look(BEGAN + 350).put_off("fuses", 40)
    assert house.item("fuses").due == BEGAN + 390
    with pytest.raises(ConfigError, match="out_of_range"):
        house.put_off("fuses", 15)


def test_evidence_that_comes_later_was_not_put_off() -> None:
    house = House().look(BEGAN + 10, doubts={"current": 1.0}).put_off("pack/sensors", 20)
    assert house.look(BEGAN + 12).due() == set()
    item = house.look(BEGAN + 12, doubts={"current": 1.0, "cell_3": 1.0}).item("pack/sensors")
    assert (item.due, item.postponed) == (BEGAN + 12, False)
    house = House().look(BEGAN + 10, doubts={"current": 1.0}).put_off("pack/sensors", 20).look(BEGAN + 30)
    assert house.due() == {"pack/sensors"}


def test_undone_is_as_before_and_stays_in_the_history() -> None:
    house = House().look(BEGAN + 370, trips=3)
    before = house.item("fuses").due, house.due()
    house.do("fuses").do("pack/trips")
    for where in ("fuses", "pack/trips"):
        house.book = undo(house.book, house.item(where))
    house.look(BEGAN + 370)
    assert (house.item("fuses").due, house.due()) == before
    assert [record.withdrawn for record in house.book["fuses"].records] == [True]
    with pytest.raises(ConfigError, match="nothing_to_undo"):
        undo(house.book, house.item("fuses"))


# --- who and what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "record", "key", "field"),
    [
        ("fuses", {"day": BEGAN + 1}, "out_of_range", "when"),
        ("fuses", {"day": BEGAN - 3651}, "out_of_range", "when"),
        ("fuses", {"note": "x" * 501}, "too_long", "note"),
        ("fuses", {"value": 2e6}, "out_of_range", "value"),
        ("fuses", {"value": nan}, "out_of_range", "value"),
        ("fuses", {"value": inf}, "out_of_range", "value"),
        ("fuses", {"value": 1.0, "unit": "x" * 17}, "too_long", "unit"),
        ("pack/torque", {"value": 0.1}, "out_of_range", "value"),
    ],
)
def test_what_cannot_be_is_refused_by_name(where: str, record: dict[str, Any], key: str, field: str) -> None:
    house = House()
    with pytest.raises(ConfigError) as err:
        house.do(where, **record)
    assert (err.value.key, err.value.field) == (key, field)
    assert house.book[where].records == ()


@pytest.mark.parametrize(
    ("where", "record", "unit"),
    [
        ("pack/torque", {"value": 6.0}, "N·m"),
        ("pack/torque", {"value": 6.0, "unit": "Nm"}, "Nm"),
        ("pack/torque", {}, None),
        ("fuses", {"value": 80.0, "unit": "A"}, "A"),
        ("fuses", {"value": 80.0}, None),
    ],
)
def test_a_value_has_the_unit_of_its_inspection(where: str, record: dict[str, Any], unit: str | None) -> None:
    (kept,) = House().do(where, **record).book[where].records
    assert kept.unit == unit
    assert kept.serial_number == ("A" if where.startswith("pack") else "")


def test_the_history_does_not_grow_for_ever() -> None:
    house = House()
    for day in range(HISTORY + 5):
        house.look(BEGAN + day).do("fuses")
    assert len(house.book["fuses"].records) == HISTORY
    assert house.book["fuses"].records[-1].day == BEGAN + HISTORY + 4


def test_another_pack_begins_anew_and_the_old_ones_history_stays() -> None:
    house = House().look(BEGAN + 100).do("pack/look")
    house.serial_number = "B"
    item = house.look(BEGAN + 200).item("pack/look")
    assert (item.last, item.due) == (None, BEGAN + 382)
    assert len(house.book["pack/look"].records) == 1
    assert house.do("pack/look").item("pack/look").last is not None
    with pytest.raises(ConfigError, match="nothing_to_undo"):
        undo(undo(house.book, house.item("pack/look")), house.item("pack/look"))


def test_a_pack_that_tells_its_number_late_is_the_same() -> None:
    house = House()
    house.serial_number, house.book = "", {}
    house.look(BEGAN).do("pack/look")
    house.serial_number = "A"
    assert house.look(BEGAN + 1).item("pack/look").last is not None
    assert house.book["pack/look"].serial_number == "A"
    house.serial_number = ""
    assert house.look(BEGAN + 2).item("pack/look").last is not None


def test_what_applies_no_more_keeps_its_history() -> None:
    house = House().do("fuses")
    book, items = plan(house.book, (Subject(),), BEGAN + 1)
    assert items == ()
    assert book is house.book


def test_each_day_to_act_is_told_once() -> None:
    house = House().look(BEGAN + 364)
    house.book, _ = tell(house.book, house.items)
    house.look(BEGAN + 365)
    house.book, news = tell(house.book, house.items)
    assert "fuses" in {item.place for item in news}
    house.look(BEGAN + 366)
    assert tell(house.book, house.items) == (house.book, ())
    house.put_off("fuses", 10).look(BEGAN + 376)
    assert house.book["fuses"].told == BEGAN + 365
    _, news = tell(house.book, house.items)
    assert {item.place for item in news} == {"fuses"}, "the day to which it was put off is told too"


# --- clocks ----------------------------------------------------------------------------------------------------------


def test_a_clock_that_cannot_be_right_decides_nothing() -> None:
    assert date(2026, 1, 1).toordinal() == SANE
    book: Book = {}
    assert plan(book, (Subject(intervals=SYSTEM),), SANE - 1) == (book, ())
    assert plan(book, (Subject(intervals=SYSTEM),), SANE)[1] != ()


def test_what_was_done_tomorrow_counts_as_done_today_but_not_what_was_done_in_years() -> None:
    house = House().look(BEGAN + 400).do("fuses")
    item = house.look(BEGAN + 300).item("fuses")
    assert (item.due, item.is_due) == (BEGAN + 665, False)
    assert house.look(BEGAN + 400).item("fuses").due == BEGAN + 765
    far = House().look(BEGAN + 30_000).do("fuses").look(BEGAN + 10)
    item = far.item("fuses")
    assert item.last is None
    assert item.due == BEGAN + 365
    late = House()
    late.book = {}
    late.look(BEGAN + 30_000)
    assert late.look(BEGAN + 10).item("fuses").due == BEGAN + 375, "what began in years begins today"


def test_evidence_from_tomorrow_is_of_today() -> None:
    house = House().look(BEGAN + 10, doubts={"current": 1.0}).look(BEGAN + 5)
    assert house.item("pack/sensors").due == BEGAN + 5


# --- laws ------------------------------------------------------------------------------------------------------------

DAYS = st.integers(BEGAN, BEGAN + 4000)
CALENDAR = [key for key, row in INSPECTIONS.items() if row.every is not None]


@given(st.lists(DAYS, min_size=1, max_size=8), st.sampled_from(CALENDAR))
def test_nothing_is_due_by_the_calendar_before_its_interval_is_over_however_the_clock_jumps(
    days: list[int], key: str
) -> None:
    house = House()
    where = key if INSPECTIONS[key].about is About.SYSTEM else f"pack/{key}"
    every = INSPECTIONS[key].every
    assert every is not None
    acts: list[int] = []
    for day in days:
        item = house.look(day).item(where)
        last = max((act for act in acts if act - day <= every), default=BEGAN)
        assert item.due == min(day, last) + every
        assert item.is_due == (day >= last + every)
        if day % 3 == 0:
            house.do(where)
            acts.append(day)


@given(DAYS, st.sampled_from(CALENDAR), st.integers(1, 200))
def test_done_always_moves_the_next_day_on(today: int, key: str, put_off: int) -> None:
    house = House().look(today)
    where = key if INSPECTIONS[key].about is About.SYSTEM else f"pack/{key}"
    before = house.item(where)
    try:
        house.put_off(where, put_off)
    except ConfigError:
        assert house.item(where) == before
    item = house.do(where).item(where)
    assert before.due is not None
    assert item.due is not None
    assert item.due >= before.due
    assert item.due == today + (INSPECTIONS[key].every or 0)
    assert not item.is_due
    assert not item.postponed


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(-5, 400)), max_size=10), st.sampled_from(CALENDAR))
def test_nobody_puts_off_for_ever(steps: list[tuple[int, int]], key: str) -> None:
    house = House()
    row = INSPECTIONS[key]
    where = key if row.about is About.SYSTEM else f"pack/{key}"
    assert row.every is not None
    today = BEGAN
    for forward, days in steps:
        today += forward
        house.look(today)
        with suppress(ConfigError):
            house.put_off(where, days)
        due = house.item(where).due
        assert due is not None
        assert BEGAN + row.every <= due <= BEGAN + row.every + row.postpone


@given(
    st.lists(
        st.tuples(DAYS, st.integers(0, 9), st.floats(0, 1), st.sampled_from(["look", "do", "undo", "put_off"])),
        max_size=12,
    )
)
def test_whatever_happens_the_plan_holds_and_can_be_kept(steps: list[tuple[int, int, float, str]]) -> None:
    house = House()
    for day, trips, doubt, act in steps:
        house.look(day, trips=trips, doubts={"cell_1": doubt})
        for where in ("pack/trips", "pack/sensors", "pack/torque"):
            try:
                match act:
                    case "do":
                        house.do(where)
                    case "undo":
                        house.book = undo(house.book, house.item(where))
                    case "put_off":
                        house.put_off(where, 5)
            except ConfigError:
                continue
        kept = codec(Mapping[str, Course])
        assert kept.decode(kept.encode(house.book)) == house.book
        house.look(day)
        for item in house.items:
            assert (item.due is None) == (item.regular is None and not item.evidence)
            assert item.due is None or item.latest is None or item.due <= item.latest
            assert {evidence.since for evidence in item.evidence} <= set(range(BEGAN, day + 1))
        again = plan(house.book, (Subject(key="pack"),), day)
        assert again[0] is house.book, "looking twice changes nothing"


def test_every_condition_belongs_to_an_inspection_of_a_pack() -> None:
    used = [key for row in INSPECTIONS.values() for key in row.conditions]
    assert sorted(used) == sorted(CONDITIONS)
    for row in INSPECTIONS.values():
        assert row.about is About.PACK or not row.conditions, row.key
        assert row.every is not None or row.conditions, f"{row.key} would never be due"
        assert row.every is None or row.shortest <= row.every <= row.longest
        assert row.grace <= row.postpone
