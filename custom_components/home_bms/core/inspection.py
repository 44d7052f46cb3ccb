"""Plans the inspections of a battery: what is due, why and when next, and what becomes of it when somebody acts.

Days are ordinals of the house's own calendar. A clock that is set back makes nothing due: what was done on a day that
is yet to come counts as done today, unless it lies further ahead than the inspection's own interval, which no set-back
explains. No inspection changes what a pack may do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import isfinite
from types import MappingProxyType
from typing import Final

from .inspection_book import Book, Course, Evidence, Item, Placed, Record, Standing, Subject, place
from .inspection_signs import CONDITIONS, Seen
from .inspection_table import INSPECTIONS, YEAR, About, Inspection
from .model import ConfigError
from .upkeep import NOTHING

SANE: Final = 739_617
"""The first of January 2026, before which there was no home_bms: a clock that shows an earlier day has lost its battery
(faults.md 56)."""
HISTORY: Final = 100
"""Records that are kept of each inspection."""
LETTERS: Final = 500
"""Of a note."""
LONG_AGO: Final = 10 * YEAR
"""Days back for which something may be said to have been done."""
# The share of a threshold at which what called is over, and by what evidence must grow to call again.
_KEPT: Final = 0.8
_WORSE: Final = 1.5


def applying(about: About, left_out: frozenset[str], every: Mapping[str, int]) -> dict[str, int | None]:
    """Return the days of all inspections of a kind but those left out, as the user wants them, within bounds."""
    return {
        row.key: None if row.every is None else bounded(row, every.get(row.key, row.every))
        for row in INSPECTIONS.values()
        if row.about is about and row.key not in left_out
    }


def bounded(row: Inspection, every: int) -> int:
    """Return an interval within what the table permits."""
    return max(row.shortest, min(row.longest, every))


def plan(book: Book, subjects: tuple[Subject, ...], today: int) -> tuple[Book, tuple[Item, ...]]:
    """Return the book brought up to the day, and how all inspections stand, the first due first.

    The courses of what applies no more stay in the book: history belongs to what it is about. A clock that cannot be
    right decides nothing.
    """
    if today < SANE:
        return book, ()
    courses, items = dict(book), []
    for subject in subjects:
        for key, every in subject.intervals.items():
            row, where = INSPECTIONS[key], place(key, subject.key)
            course = _current(courses.get(where), subject, _span(every), today)
            signs = tuple(_signs(row, subject.seen))
            course = _looked(course, signs, _last(course, _span(every), today), today)
            courses[where] = course
            items.append(_item(row, subject.key, every, course, signs, today))
    items.sort(key=lambda item: (item.due is None, item.due or 0, item.place))
    return (book if courses == book else MappingProxyType(courses)), tuple(items)


def tell(book: Book, items: tuple[Item, ...]) -> tuple[Book, tuple[Item, ...]]:
    """Return the book, and the items that have become due since that was last told: each day to act is told once."""
    news = tuple(item for item in items if item.is_due and book[item.place].told != item.due)
    if not news:
        return book, ()
    told = {item.place: replace(book[item.place], told=item.due) for item in news}
    return MappingProxyType({**book, **told}), news


def done(book: Book, item: Item, record: Record, today: int) -> Book:
    """Return the book after somebody has done an inspection.

    Raises ConfigError `out_of_range` (`when` in days, `value`) or `too_long` (`note`).
    """
    _check("when", record.day, today - LONG_AGO, today)
    if record.value is not None:
        measure = item.row.measure
        low, high = (-1e6, 1e6) if measure is None else (measure.lowest, measure.highest)
        _check("value", record.value, low, high)
        if record.unit is None and measure is not None:
            record = replace(record, unit=measure.unit)
    for field, text, most in (("note", record.note, LETTERS), ("unit", record.unit or "", 16)):
        if len(text) > most:
            raise ConfigError("too_long", field, letters=len(text), maximum=most)
    course = book[item.place]
    meant = {placed.where for placed in item.signs if course.raised.get(placed.where, 0) <= record.day}
    lows, seen = dict(course.lows), dict(course.seen)
    for where, condition, sign in item.signs:
        if where not in meant:
            continue
        if condition.grows:
            lows[where] = sign.value
        elif where in course.raised:
            seen[where] = sign.value
    record = replace(record, serial_number=course.serial_number, lows=course.lows)
    # The newest last, and of one day the one that was told last.
    records = tuple(sorted((*course.records, record), key=lambda each: (each.day, each.at)))[-HISTORY:]
    fresh = Course(
        began=course.began,
        serial_number=course.serial_number,
        records=records,
        lows=MappingProxyType(lows),
        seen=MappingProxyType(seen),
    )
    return _with(book, item, fresh)


def undo(book: Book, item: Item) -> Book:
    """Return the book without what was told last of an inspection, which is withdrawn. Raises ConfigError."""
    course = book[item.place]
    standing = [record for record in course.records if _counts(record, course)]
    if not standing:
        raise ConfigError("nothing_to_undo", "item")
    last = max(standing, key=lambda record: record.at)
    records = tuple(replace(record, withdrawn=True) if record is last else record for record in course.records)
    return _with(book, item, replace(course, records=records, lows=last.lows, seen=NOTHING))


def postpone(book: Book, item: Item, until: int, today: int) -> Book:
    """Return the book with an inspection put off until a day.

    Raises ConfigError `out_of_range` (`until` in days), `not_due` where there is nothing to put off, or
    `postponed_enough`.
    """
    if item.due is None or item.latest is None:
        raise ConfigError("not_due", "until")
    earliest = max(today, item.latest - item.row.postpone) + 1
    if earliest > item.latest:
        raise ConfigError("postponed_enough", "until", days=item.row.postpone)
    _check("until", until, earliest, item.latest)
    return _with(book, item, replace(book[item.place], postponed=until, postponed_on=today))


def _with(book: Book, item: Item, course: Course) -> Book:
    return MappingProxyType({**book, item.place: course})


def _check(field: str, value: float, low: float, high: float) -> None:
    if not isfinite(value) or not low <= value <= high:
        raise ConfigError("out_of_range", field, value=value, minimum=low, maximum=high)


def _current(course: Course | None, subject: Subject, span: int, today: int) -> Course:
    """Return the course of what is there now: another pack in the same place begins anew, with its own history."""
    if course is None:
        return Course(began=today, serial_number=subject.serial_number)
    if not _same(course.serial_number, subject.serial_number) or course.began - today > span:
        return Course(began=today, serial_number=subject.serial_number, records=course.records)
    if subject.serial_number and not course.serial_number:
        return replace(course, serial_number=subject.serial_number)
    return course


def _same(one: str, other: str) -> bool:
    """Tell whether two serial numbers may be of the same pack; many tell none."""
    return not one or not other or one == other


def _counts(record: Record, course: Course) -> bool:
    return not record.withdrawn and _same(record.serial_number, course.serial_number)


def _signs(row: Inspection, seen: Seen | None) -> Iterator[Placed]:
    if seen is None:
        return
    for key in row.conditions:
        condition = CONDITIONS[key]
        for sign in condition.see(seen):
            spot = sign.sensor if sign.cell is None else f"cell_{sign.cell + 1}"
            yield Placed(key if spot is None else f"{key}@{spot}", condition, sign)


def _last(course: Course, span: int, today: int) -> Record | None:
    """Return the last record that counts."""
    for record in reversed(course.records):
        if _counts(record, course) and record.day - today <= span:
            return record
    return None


def _looked(course: Course, signs: tuple[Placed, ...], last: Record | None, today: int) -> Course:
    """Return the course with the evidence that stands today, each dated to when it was first seen."""
    lows, seen, raised = dict(course.lows), dict(course.seen), {}
    for placed in signs:
        where, condition, sign = placed
        before = course.raised.get(where)
        kept = sign.threshold * (1.0 if before is None else _KEPT)
        if condition.grows:
            # What was mended is measured from how good it has become, and a counter that was lost from where it is.
            lows[where] = min(sign.value, lows.get(where, sign.value))
            calls = sign.value - lows[where] >= kept
        else:
            calls = sign.value >= kept and not _seen_to(placed, seen, last, today)
        if calls:
            raised[where] = today if before is None else min(before, today)
    standing = {placed.where for placed in signs if placed.sign.value >= _KEPT * placed.sign.threshold}
    seen = {where: value for where, value in seen.items() if where in standing}
    if (lows, seen, raised) == (course.lows, course.seen, course.raised):
        return course
    return replace(course, lows=MappingProxyType(lows), seen=MappingProxyType(seen), raised=MappingProxyType(raised))


def _seen_to(placed: Placed, seen: Mapping[str, float], last: Record | None, today: int) -> bool:
    """Tell whether somebody has looked at this lately, and it is not much worse."""
    value = seen.get(placed.where)
    if value is None or last is None:
        return False
    return placed.sign.value < _WORSE * value and today - last.day < placed.condition.again


def _item(
    row: Inspection, subject: str, every: int | None, course: Course, signs: tuple[Placed, ...], today: int
) -> Item:
    last = _last(course, _span(every), today)
    evidence = tuple(
        Evidence(placed.condition, placed.sign, course.raised[placed.where])
        for placed in signs
        if placed.where in course.raised
    )
    regular = None if every is None else min(today, course.began if last is None else last.day) + every
    base = min([day for day in (regular, *(each.since for each in evidence)) if day is not None], default=None)
    latest = None if base is None else base + row.postpone
    due, postponed = _put_off(course, regular, evidence, latest)
    lead = row.lead if every is None else min(row.lead, every // 2)
    return Item(
        row=row,
        subject=subject,
        due=due,
        regular=regular,
        following=None if every is None else today + every,
        standing=_standing(due, lead, row.grace, today),
        evidence=evidence,
        last=last,
        began=course.began,
        postponed=postponed,
        latest=latest,
        signs=signs,
    )


def _put_off(
    course: Course, regular: int | None, evidence: tuple[Evidence, ...], latest: int | None
) -> tuple[int | None, bool]:
    """Return the day on which it is due, and whether that was put off; what came up later was not meant by it."""
    since, until = course.postponed_on, course.postponed
    meant = [each.since for each in evidence if since is not None and each.since <= since]
    meant += [] if regular is None else [regular]
    later = [each.since for each in evidence if since is None or each.since > since]
    due, put_off = min(meant, default=None), False
    if due is not None and until is not None and latest is not None and min(until, latest) > due:
        due, put_off = min(until, latest), True
    first = min([day for day in (due, *later) if day is not None], default=None)
    return first, put_off and first == due


def _standing(due: int | None, lead: int, grace: int, today: int) -> Standing:
    if due is None or today < due - lead:
        return Standing.LATER
    if today < due:
        return Standing.COMING
    return Standing.OVERDUE if today >= due + grace else Standing.DUE


def _span(every: int | None) -> int:
    """Return how many days ahead of the clock something may lie and still be believed."""
    return YEAR if every is None else every
