"""Tells a grid programme what it asked to be reported, when it asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from math import isinf
from typing import Any, Final, NamedTuple

from ..core.lease_times import DAY
from ..core.leases import writable
from .openadr_client import Version
from .openadr_times import MOST_READ, EventError, Interval, duration, intervals, start_of

MOST_EVENTS: Final = 16
"""With reports, that are kept account of at once."""
MOST_WISHES: Final = 8
"""Reports that one event asks for."""
MOST_AT_ONCE: Final = 8
"""Reports that are made at once."""
LATE: Final = DAY
"""s after which a report that could not be handed in is given up."""
RESOURCE: Final = "battery"
_TOGETHER: Final = "AGGREGATED_REPORT"
_MISSING: Final = {"type": "DATA_QUALITY", "values": ["MISSING"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The battery at a moment; what is `None` is not known."""

    soc: float | None = None
    """Percent."""
    power: float | None = None
    """W, positive when charging."""
    charge_power: float | None = None
    """W, the most that it may be charged with now."""
    discharge_power: float | None = None
    capacity: float | None = None
    """Wh, of a full battery."""


class _Kind(NamedTuple):
    """What can be reported."""

    value: Callable[[Measured], float | None]
    units: Mapping[str, float]
    """By which a value is divided; the first is told where none is asked for."""
    reading: str
    """How it was come by."""


_POWER: Final[Mapping[str, float]] = {"KW": 1000.0, "W": 1.0}
_DIRECT: Final = "DIRECT_READ"
_MEAN: Final = "MEAN"
KINDS: Final[Mapping[str, _Kind]] = {
    "STORAGE_CHARGE_LEVEL": _Kind(lambda now: now.soc, {"PERCENT": 1.0}, _DIRECT),
    "DEMAND": _Kind(lambda now: now.power, _POWER, _MEAN),
    "STORAGE_MAX_CHARGE_POWER": _Kind(lambda now: now.charge_power, _POWER, _DIRECT),
    "STORAGE_MAX_DISCHARGE_POWER": _Kind(lambda now: now.discharge_power, _POWER, _DIRECT),
    "STORAGE_USABLE_CAPACITY": _Kind(lambda now: now.capacity, {"KWH": 1000.0, "WH": 1.0}, _DIRECT),
}
"""What is reported; a mean is that of an interval, all else is as it was at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report to be handed in."""

    key: tuple[str, int, int | None]
    """Event, wish and interval at whose end it is due; of one that is due whenever we like there is no interval."""
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """One report that an event asks for, as its descriptor counts: in intervals."""

    place: int
    kind: str
    units: str
    aggregate: bool
    start: int
    count: int
    every: int
    """Zero for whenever we like."""
    repeat: int | None
    """`None` for without an end."""

    def ends_at(self, place: int) -> bool:
        """Tell whether a report is due at the end of this interval."""
        turn, rest = divmod(place - self.start, self.every)
        return rest == 0 and turn >= 0 and (self.repeat is None or turn < self.repeat)


@dataclass(slots=True)
class _Tally:
    """What an interval came to."""

    last: Measured = field(default_factory=Measured)
    power: float = 0.0
    looks: int = 0
    unknown: int = 0

    def add(self, now: Measured) -> None:
        self.last = now
        self.looks += 1
        if now.power is None:
            self.unknown += 1
        else:
            self.power += now.power

    @property
    def measured(self) -> Measured:
        """What is told of it; a mean of which most is not known is not."""
        known = self.looks - self.unknown
        mean = self.power / known if known > self.unknown else None
        last = self.last
        return Measured(
            soc=last.soc,
            power=mean,
            charge_power=last.charge_power,
            discharge_power=last.discharge_power,
            capacity=last.capacity,
        )


@dataclass(slots=True)
class _Watched:
    """An event that wants reports."""

    name: str
    wishes: tuple[_Wish, ...]
    slots: list[Interval]
    tallies: dict[int, _Tally] = field(default_factory=dict)
    """By the place of the interval."""


class Reporter:
    """Keeps account of the intervals of events, and makes the reports of them.

    It knows what it has seen: of an interval before it began there is nothing to tell, so that no report is made whose
    time was before that.
    """

    def __init__(self, client_name: str, begun: float) -> None:
        """Take the name that reports are handed in under, and the time from which on it watches, in s since 1970."""
        self._client_name = client_name
        self._begun = begun
        self._watched: dict[str, _Watched] = {}
        self._done: set[tuple[str, int, int | None]] = set()

    def follow(self, events: Iterable[Any], now: float) -> list[tuple[str, str]]:
        """Take over what the events of a programme want; returns the event and what of it is not reported."""
        watched: dict[str, _Watched] = {}
        odd: list[tuple[str, str]] = []
        for event in events:
            if not isinstance(event, Mapping) or not event.get("reportDescriptors"):
                continue
            name = writable(str(event.get("id", "")))
            if len(watched) == MOST_EVENTS:
                odd.append((name, "too many events with reports"))
                continue
            try:
                slots = _slots(event, now)
                wishes = tuple(_wishes(event, odd))
            except (EventError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as err:
                odd.append((name, f"no reports: {err}"))
                continue
            before = self._watched.get(name)
            tallies = {} if before is None else before.tallies
            places = {slot.place for slot in slots}
            watched[name] = _Watched(
                name, wishes, slots, {place: each for place, each in tallies.items() if place in places}
            )
        self._watched = watched
        self._done = {key for key in self._done if key[0] in watched}
        return odd

    def look(self, now: float, measured: Measured) -> None:
        """Add a look at the battery to the intervals that hold now."""
        for watched in self._watched.values():
            for slot in watched.slots:
                if slot.start <= now < slot.end:
                    watched.tallies.setdefault(slot.place, _Tally()).add(measured)

    def due(self, now: float, version: Version, *, any_time: bool = False) -> list[Report]:
        """Return some of the reports that are due, and with `any_time` those that are due whenever we like."""
        found = (
            Report(key=key, body=self._body(watched, wish, slots, version))
            for watched in self._watched.values()
            for wish in watched.wishes
            for key, slots in self._ended(watched, wish, now, any_time=any_time)
        )
        return list(islice(found, MOST_AT_ONCE))

    def done(self, report: Report) -> None:
        """Take a report for handed in, or for one that never can be."""
        if report.key[2] is not None:
            self._done.add(report.key)

    def _ended(
        self, watched: _Watched, wish: _Wish, now: float, *, any_time: bool
    ) -> Iterator[tuple[tuple[str, int, int | None], list[Interval]]]:
        """Give the reports of one wish, each with the intervals that it is about."""
        if wish.every == 0:
            holding = [slot for slot in watched.slots if slot.start <= now < slot.end]
            if any_time and holding:
                yield (watched.name, wish.place, None), holding
            return
        earliest = max(self._begun, now - LATE)
        for slot in watched.slots:
            # Asked first, for it leaves few of thousands at each tick.
            if not earliest < slot.end <= now:
                continue
            key = (watched.name, wish.place, slot.place)
            if wish.ends_at(slot.place) and key not in self._done:
                yield key, [each for each in watched.slots if slot.place - wish.count < each.place <= slot.place]

    def _body(self, watched: _Watched, wish: _Wish, slots: list[Interval], version: Version) -> dict[str, Any]:
        """Return a report as the server wants it, without what refers to the programme."""
        kind = KINDS[wish.kind]
        resource = _TOGETHER if wish.aggregate else RESOURCE
        return {
            "eventID": watched.name,
            "clientName": self._client_name,
            "reportName": f"{wish.kind} {watched.name}",
            "payloadDescriptors": [{"payloadType": wish.kind, "readingType": kind.reading, "units": wish.units}],
            "resources": [
                {
                    "resourceName": resource,
                    "intervals": [_told(slot, wish, watched.tallies.get(slot.place), version) for slot in slots],
                }
            ],
        }


def _told(slot: Interval, wish: _Wish, tally: _Tally | None, version: Version) -> dict[str, Any]:
    """Return what is told of one interval."""
    kind = KINDS[wish.kind]
    value = None if tally is None else kind.value(tally.measured)
    told: dict[str, Any] = {"id": slot.number}
    if not isinf(slot.end):
        start = datetime.fromtimestamp(slot.start, UTC).isoformat(timespec="seconds")
        told["intervalPeriod"] = {"start": start, "duration": f"PT{round(slot.end - slot.start)}S"}
    if value is None:
        return {**told, "payloads": [_MISSING]}
    value /= kind.units[wish.units]
    if wish.units == "PERCENT" and version is Version.V3_1:
        # A percentage is a number from 0 to 1 since then.
        value /= 100.0
    return {**told, "payloads": [{"type": wish.kind, "values": [round(value, 4)]}]}


def _slots(event: Mapping[str, Any], now: float) -> list[Interval]:
    """Return the intervals that reports are about; those of an event without any follow from its period."""
    if event.get("intervals"):
        return intervals(event, now)
    period = event.get("intervalPeriod") or {}
    length = duration(period.get("duration"))
    if period.get("start") is None or isinf(length):
        raise EventError("there are no intervals")
    begin = start_of(period, event, now)
    first = max(0, int((now - LATE - begin) // length), int((now - begin) // length) - MOST_READ // 2)
    return [
        Interval(str(place), place, place, begin + place * length, begin + (place + 1) * length)
        for place in range(first, first + MOST_READ)
    ]


def _wishes(event: Mapping[str, Any], odd: list[tuple[str, str]]) -> Iterator[_Wish]:
    """Give the reports that an event asks for, and add what of it is not understood to `odd`."""
    name = str(event.get("id", ""))
    # Of an event that comes round only a part is here: it has as many intervals as are written in it.
    written = len(event.get("intervals") or ())
    for place, row in enumerate(event["reportDescriptors"][:MOST_WISHES]):
        # The specification's own examples spell it in two ways.
        asked = str(row.get("payloadType") or row.get("payLoadType"))
        if (kind := KINDS.get(asked)) is None:
            odd.append((name, f"{asked} is not reported"))
            continue
        if row.get("historical") is False:
            odd.append((name, f"{asked}: no forecast is made"))
            continue
        units = str(row.get("units") or next(iter(kind.units))).upper().replace("PERCENTAGE", "PERCENT")
        if units not in kind.units:
            odd.append((name, f"{asked} is not reported in {units}"))
            continue
        count = _given(row, "numIntervals", max(1, written))
        start = _given(row, "startInterval", max(0, written - 1))
        every = _given(row, "frequency", count)
        repeat = _given(row, "repeat", None, otherwise=1)
        yield _Wish(
            place=place,
            kind=asked,
            units=units,
            aggregate=bool(row.get("aggregate")),
            start=start,
            count=min(MOST_READ, max(1, count)),
            every=every,
            repeat=repeat,
        )


def _given[DefaultT](row: Mapping[str, Any], key: str, default: DefaultT, otherwise: int = -1) -> int | DefaultT:
    """Return a number of a descriptor, in which -1 stands for the default."""
    value = row.get(key)
    number = otherwise if value is None else int(value)
    return default if number < 0 else number
