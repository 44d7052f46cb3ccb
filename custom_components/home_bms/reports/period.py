"""Reckons which days a report is about, and into which stretches they are divided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final, Literal

type Step = Literal["day", "month", "year"]

# Bars of months up to three years, lines of days up to a leap year and some: more is too narrow to be read.
_MOST_MONTHS: Final = 37
_MOST_DAYS: Final = 400


class Span(StrEnum):
    """How long a time a report is about."""

    MONTH = "month"
    YEAR = "year"
    SINCE_INSTALLATION = "since_installation"


class NotThenError(ValueError):
    """A day before the first or after the last that there can be a report about."""

    def __init__(self, day: date, first: date, last: date) -> None:
        self.day, self.first, self.last = day, first, last
        super().__init__(f"{day} is not from {first} to {last}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The time that a report is about; all in Home Assistant's time zone."""

    span: Span
    start: datetime
    end: datetime
    """After the last moment."""
    over: bool
    """Nothing will be added to it any more."""

    @property
    def bars(self) -> Step:
        """What one bar sums up."""
        if self.span is Span.MONTH:
            return "day"
        return "month" if len(slots(self, "month")) < _MOST_MONTHS else "year"

    @property
    def lines(self) -> Step:
        """What one point of a line stands for."""
        return "day" if (self.end - self.start).days < _MOST_DAYS else "month"

    @property
    def name(self) -> str:
        """What tells the period from others in a file's name."""
        match self.span:
            case Span.MONTH:
                return f"{self.start:%Y-%m}"
            case Span.YEAR:
                return f"{self.start:%Y}"
            case _:
                return self.span.value.replace("_", "-")


def period(span: Span, day: date | None, *, first: datetime, now: datetime) -> Period:
    """Return the month or year that `day` lies in; `first` is when there were data first.

    Without a day it is the last that is over, or the running one of a battery that has seen no other. Raises
    NotThenError.
    """
    zone = now.tzinfo
    if span is Span.SINCE_INSTALLATION:
        return Period(span=span, start=_midnight(first.date(), zone), end=now, over=False)
    begin = _month if span is Span.MONTH else _year
    if day is None:
        running = begin(now.date())
        day = max(running - timedelta(days=1), min(first.date(), running))
    elif not begin(first.date()) <= day <= now.date():
        raise NotThenError(day, first.date(), now.date())
    start = begin(day)
    end = begin(start + timedelta(days=32 if span is Span.MONTH else 366))
    over = _midnight(end, zone) <= now
    return Period(span=span, start=_midnight(start, zone), end=_midnight(end, zone) if over else now, over=over)


def slots(of: Period, step: Step) -> tuple[datetime, ...]:
    """Return when each day, month or year of a period begins; the first and the last may be cut short."""
    begins = {"day": lambda day: day, "month": _month, "year": _year}[step]
    days = {"day": 1, "month": 32, "year": 366}[step]
    day, found = begins(of.start.date()), []
    while (moment := _midnight(day, of.start.tzinfo)) < of.end:
        found.append(moment)
        day = begins(day + timedelta(days=days))
    return tuple(found)


def _month(day: date) -> date:
    return day.replace(day=1)


def _year(day: date) -> date:
    return day.replace(month=1, day=1)


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    return datetime.combine(day, time(), zone)
