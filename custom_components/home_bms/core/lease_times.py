"""Tells when something that may come round on certain weekdays holds, on clocks that are put forward and back."""

from __future__ import annotations

from typing import Final, NamedTuple

DAY: Final = 86400.0
WEEK: Final = 7
# 1 January 1970 was a Thursday, and weekdays are counted from Monday.
_EPOCH_WEEKDAY: Final = 3


class Now(NamedTuple):
    """A moment of the wall clock."""

    time: float
    """s since 1970, UTC."""
    offset: float = 0.0
    """s by which the clocks on the wall are ahead of UTC."""


class Span(NamedTuple):
    """From when until when something holds, in s since 1970, UTC."""

    start: float
    end: float

    def holds(self, now: Now) -> bool:
        """Tell whether it holds now."""
        return self.start <= now.time < self.end


class Rhythm(NamedTuple):
    """The first time that something holds, and on which weekdays it comes round."""

    first: Span
    days: tuple[int, ...] = ()
    """Weekdays from 0, Monday, on which it begins anew; none for what holds once."""
    offset: float = 0.0
    """As `Now.offset`, of the first time: what comes round does so at the same time of the day as people tell it."""
    last: float | None = None
    """s since 1970 after which it does not begin any more."""


def span(rhythm: Rhythm, now: Now) -> Span | None:
    """Return when it holds now, or will next; `None` when it is over for good.

    Of clocks that are put forward the time that they leave out is lost; of those that are put back it is held twice.
    """
    first, length = rhythm.first, rhythm.first.end - rhythm.first.start
    if not rhythm.days:
        return first if now.time < first.end else None
    local, begin = now.time + now.offset, first.start + rhythm.offset
    time_of_day = begin % DAY
    today = max(begin, local - length) // DAY
    for day in range(int(today), int(today) + WEEK + 2):
        start = day * DAY + time_of_day
        if (day + _EPOCH_WEEKDAY) % WEEK in rhythm.days and start >= begin and start + length > local:
            found = Span(now.time + start - local, now.time + start - local + length)
            return None if rhythm.last is not None and found.start > rhythm.last else found
    return None
