"""A report is about whole local months and years, says when one is not over, and refuses what nobody can know of."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.reports.period import NotThenError, Span, Step, period, slots

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = datetime(2024, 2, 10, 14, 30, tzinfo=BERLIN)
NOW = datetime(2026, 11, 26, 9, 15, tzinfo=BERLIN)


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("span", "day", "start", "end", "over", "name"),
    [
        (Span.MONTH, None, at(2026, 10, 1), at(2026, 11, 1), True, "2026-10"),
        (Span.MONTH, date(2024, 2, 29), at(2024, 2, 1), at(2024, 3, 1), True, "2024-02"),
        (Span.MONTH, date(2024, 2, 1), at(2024, 2, 1), at(2024, 3, 1), True, "2024-02"),
        (Span.MONTH, date(2025, 12, 31), at(2025, 12, 1), at(2026, 1, 1), True, "2025-12"),
        (Span.MONTH, date(2026, 11, 26), at(2026, 11, 1), NOW, False, "2026-11"),
        (Span.YEAR, None, at(2025, 1, 1), at(2026, 1, 1), True, "2025"),
        (Span.YEAR, date(2024, 1, 1), at(2024, 1, 1), at(2025, 1, 1), True, "2024"),
        (Span.YEAR, date(2026, 3, 1), at(2026, 1, 1), NOW, False, "2026"),
        (Span.SINCE_INSTALLATION, None, at(2024, 2, 10), NOW, False, "since-installation"),
        (Span.SINCE_INSTALLATION, date(2025, 1, 1), at(2024, 2, 10), NOW, False, "since-installation"),
    ],
)
def test_a_period_holds_whole_months_and_years(
    span: Span, day: date | None, start: datetime, end: datetime, over: bool, name: str
) -> None:
    found = period(span, day, first=FIRST, now=NOW)
    assert (found.start, found.end, found.over, found.name) == (start, end, over, name)


@pytest.mark.parametrize("span", [Span.MONTH, Span.YEAR])
def test_a_battery_that_has_seen_no_whole_month_is_told_of_in_the_running_one(span: Span) -> None:
    young = datetime(2026, 11, 20, 8, 0, tzinfo=BERLIN)
    found = period(span, None, first=young, now=NOW)
    assert not found.over
    assert found.end == NOW


@pytest.mark.parametrize("day", [date(2024, 1, 31), date(1999, 1, 1), date(2026, 11, 27), date(2100, 1, 1)])
def test_days_without_a_battery_are_refused(day: date) -> None:
    with pytest.raises(NotThenError) as refusal:
        period(Span.MONTH, day, first=FIRST, now=NOW)
    assert (refusal.value.day, refusal.value.first, refusal.value.last) == (day, date(2024, 2, 10), date(2026, 11, 26))


@pytest.mark.parametrize(
    ("span", "first", "bars", "lines"),
    [
        (Span.MONTH, FIRST, "day", "day"),
        (Span.YEAR, FIRST, "month", "day"),
        (Span.SINCE_INSTALLATION, at(2026, 5, 1), "month", "day"),
        (Span.SINCE_INSTALLATION, FIRST, "month", "month"),
        (Span.SINCE_INSTALLATION, at(2015, 1, 1), "year", "month"),
    ],
)
def test_what_is_long_is_told_in_larger_steps(span: Span, first: datetime, bars: Step, lines: Step) -> None:
    found = period(span, None, first=first, now=NOW)
    assert (found.bars, found.lines) == (bars, lines)


def test_days_are_those_of_the_clock_on_the_wall() -> None:
    march = period(Span.MONTH, date(2025, 3, 1), first=FIRST, now=NOW)
    days = slots(march, "day")
    assert len(days) == 31
    assert all(day.hour == 0 for day in days)
    lengths = {(after.timestamp() - before.timestamp()) / 3600 for before, after in pairwise(days)}
    assert lengths == {23.0, 24.0}


@given(
    span=st.sampled_from(Span),
    age=st.integers(0, 9800),
    back=st.integers(0, 9000),
)
def test_slots_cover_their_period_without_a_gap(span: Span, age: int, back: int) -> None:
    first = NOW - timedelta(days=age)
    day = date.fromordinal(max(first.date().toordinal(), NOW.date().toordinal() - back))
    found = period(span, day, first=first, now=NOW)
    for step in ("day", "month", "year"):
        begins = slots(found, step)
        assert begins[0] <= found.start
        assert begins[-1] < found.end
        assert list(begins) == sorted(set(begins))
    assert slots(found, "day")[0] == found.start
    assert len(slots(found, found.bars)) <= 37
    assert len(slots(found, found.lines)) <= 401
