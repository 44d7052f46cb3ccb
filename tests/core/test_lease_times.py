"""When something that comes round holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.lease_times import DAY, Now, Rhythm, Span, span

HOUR = 3600.0
# Monday, 2 November 2026, 00:00 UTC.
MONDAY = 1793577600.0
ALL = tuple(range(7))


def at(hours: float, offset: float = 0.0) -> Now:
    """Return a moment so many hours after Monday began in UTC, on clocks that are ahead by `offset` h."""
    return Now(MONDAY + hours * HOUR, offset * HOUR)


def hours(found: Span | None) -> tuple[float, float] | None:
    return None if found is None else ((found.start - MONDAY) / HOUR, (found.end - MONDAY) / HOUR)


def rhythm(start: float, end: float, *days: int, offset: float = 0.0, last: float | None = None) -> Rhythm:
    first = Span(MONDAY + start * HOUR, MONDAY + end * HOUR)
    return Rhythm(first, days, offset * HOUR, None if last is None else MONDAY + last * HOUR)


@pytest.mark.parametrize(
    ("now", "holds", "found"),
    [(1.0, False, (2, 4)), (2.0, True, (2, 4)), (3.9, True, (2, 4)), (4.0, False, None), (28.0, False, None)],
)
def test_what_holds_once_is_over_afterwards(now: float, holds: bool, found: tuple[float, float] | None) -> None:
    once = rhythm(2, 4)
    held = span(once, at(now))
    assert hours(held) == found
    assert (held is not None and held.holds(at(now))) is holds


@pytest.mark.parametrize(
    ("now", "found"),
    [
        pytest.param(-30.0, (2, 4), id="before it began for the first time"),
        pytest.param(3.0, (2, 4), id="while it holds"),
        pytest.param(4.0, (26, 28), id="as soon as it ends the next one counts"),
        pytest.param(27.0, (26, 28), id="a day later"),
        pytest.param(24 * 6 + 5.0, (24 * 7 + 2, 24 * 7 + 4), id="in the next week"),
    ],
)
def test_what_comes_round_daily_does_so_at_its_hour(now: float, found: tuple[float, float]) -> None:
    assert hours(span(rhythm(2, 4, *ALL), at(now))) == found


@pytest.mark.parametrize(
    ("now", "found"),
    [
        pytest.param(0.0, (24 + 22, 48 + 6), id="Tuesday is the first of its days"),
        pytest.param(48 + 5.0, (24 + 22, 48 + 6), id="past midnight Tuesday's still holds"),
        pytest.param(48 + 6.0, (24 * 5 + 22, 24 * 6 + 6), id="then Saturday comes"),
        pytest.param(24 * 6 + 6.0, (24 * 8 + 22, 24 * 9 + 6), id="and Tuesday again"),
    ],
)
def test_it_begins_on_its_weekdays_only_and_may_last_past_midnight(now: float, found: tuple[float, float]) -> None:
    assert hours(span(rhythm(22, 30, 1, 5), at(now))) == found


def test_a_day_in_another_time_zone_is_that_of_the_clock_on_the_wall() -> None:
    # 23:30 UTC on Monday is Tuesday, 01:30, two hours to the east.
    east = rhythm(23.5, 24.5, 1, offset=2.0)
    assert hours(span(east, at(24 * 5, 2.0))) == (24 * 7 + 23.5, 24 * 7 + 24.5)


def test_clocks_that_are_changed_take_it_along() -> None:
    # At 02:00 to 04:00 by clocks an hour ahead; later they are two hours ahead.
    winter = rhythm(1, 3, *ALL, offset=1.0)
    assert hours(span(winter, at(24 * 3 + 0.5, 2.0))) == (24 * 3, 24 * 3 + 2)
    # And put back it holds by the clock too.
    assert hours(span(winter, at(24 * 3 + 1.5, 1.0))) == (24 * 3 + 1, 24 * 3 + 3)


def test_a_series_ends() -> None:
    series = rhythm(2, 4, *ALL, last=27)
    assert hours(span(series, at(5))) == (26, 28)
    assert hours(span(series, at(27.5))) == (26, 28)
    assert span(series, at(28)) is None


def test_a_weekday_that_does_not_exist_never_comes() -> None:
    assert span(rhythm(2, 4, 9), at(0)) is None


@given(
    start=st.floats(0, 168),
    length=st.floats(0.01, 24),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    later=st.floats(0, 24 * 30),
    offset=st.sampled_from([-9.5, -5.0, 0.0, 1.0, 5.75, 13.0]),
)
def test_what_is_found_is_never_over_and_no_more_than_a_week_and_a_day_off(
    start: float, length: float, days: frozenset[int], later: float, offset: float
) -> None:
    series = rhythm(start, start + length, *sorted(days), offset=offset)
    now = at(start + later, offset)
    found = span(series, now)
    assert found is not None
    assert found.end > now.time
    assert found.start <= now.time + 8 * DAY
    assert found.end - found.start == pytest.approx(length * HOUR)
    local = found.start + offset * HOUR
    assert (local // DAY + 3) % 7 in days or (local + 1e-3) // DAY != local // DAY
    # Who looks while it holds finds the same.
    inside = Now((max(found.start, now.time) + found.end) / 2, now.offset)
    again = span(series, inside)
    assert again is not None
    assert again.start == pytest.approx(found.start, abs=1e-3)
    assert again.holds(inside)
