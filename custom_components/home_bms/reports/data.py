"""Collects what a report tells of each pack: what the recorder kept, what was learned and how it is set up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import ModuleType
from typing import Any, Final, Literal

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.recorder import DATA_INSTANCE, get_instance, session_scope
from homeassistant.util import dt as dt_util
from sqlalchemy import func, select

from ..const import DOMAIN
from ..coordinator import PackCoordinator
from ..history.recorder_rows import async_settled
from .period import Period, Step, slots

_RECORDER: Final = "homeassistant.components.recorder"
# Where each number has its sensor, and what it is told in here.
ENERGY: Final = ("energy_in", "energy_out")
TRENDS: Final[Mapping[str, float]] = {
    "soc": 1.0,
    "efficiency": 1.0,
    # The recorder is asked for V.
    "cell_difference": 1000.0,
    "capacity": 1.0,
    "soh": 1.0,
    "temperature_max": 1.0,
    "temperature_min": 1.0,
}
# A pack tells its charge whenever it is heard, so an hour without it is an hour of silence.
HEARD: Final = "soc"
_UNITS: Final = {"energy": "kWh", "temperature": "°C", "voltage": "V"}
_EVENT: Final = "protection"
# States after which no older month is asked for.
_MOST_STATES: Final = 5000
# The recorder sums an hour up some seconds after it is over.
_SUMMED_UP: Final = timedelta(minutes=10)
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The statistics of one stretch of time."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None


NO_POINT: Final = Point()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What flowed in one stretch of time, and for how much of it nothing was heard."""

    start: datetime
    charged: float | None
    """kWh; so is the other. `None` where the recorder has nothing."""
    discharged: float | None
    silent: float | None
    """h without data; `None` for what was before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event of a protection as its facts, which `story.tell` makes a sentence of."""

    time: datetime
    facts: Mapping[str, Any]
    box: str | None = None
    """The black box that it is read from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the recorder has of one pack and one period."""

    bars: tuple[Bar, ...] = ()
    times: tuple[datetime, ...] = ()
    """When each stretch of the trends begins."""
    trends: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    first: datetime | None = None
    """When the first data of all are from."""
    hours: float = 0.0
    """h for which there could be data."""
    events: tuple[Told, ...] = ()

    @property
    def charged(self) -> float | None:
        """KWh in the whole period."""
        return _sum(bar.charged for bar in self.bars)

    @property
    def discharged(self) -> float | None:
        """KWh in the whole period."""
        return _sum(bar.discharged for bar in self.bars)

    @property
    def silent(self) -> float | None:
        """H without data in the whole period."""
        return _sum(bar.silent for bar in self.bars)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


class Recordings:
    """Asks the recorder, on its own threads; knows nothing where Home Assistant has none."""

    def __init__(
        self,
        hass: HomeAssistant,
        statistics: ModuleType | None = None,
        history: ModuleType | None = None,
        tables: ModuleType | None = None,
    ) -> None:
        self._hass = hass
        self._statistics = statistics
        self._history = history
        self._tables = tables

    @property
    def there(self) -> bool:
        """Whether there is a recorder."""
        return self._statistics is not None

    @property
    def kept_from(self) -> datetime | None:
        """Since when events are kept; `None` for ever."""
        if not self.there:
            return None
        recorder = get_instance(self._hass)
        return dt_util.now() - timedelta(days=recorder.keep_days) if recorder.auto_purge else None

    async def async_first(self, pack: PackCoordinator) -> datetime | None:
        """Return when a pack was heard first, as its statistics tell."""
        entity = _entity(self._hass, pack, Platform.SENSOR, HEARD)
        if entity is None or not self.there:
            return None
        return await get_instance(self._hass).async_add_executor_job(self._first, entity)

    def _first(self, entity: str) -> datetime | None:
        if self._tables is None:
            return None
        rows, names = self._tables.Statistics, self._tables.StatisticsMeta
        # To ask for all statistics in order to look at the first of them would take seconds.
        oldest = select(func.min(rows.start_ts)).where(rows.metadata_id == names.id, names.statistic_id == entity)
        with session_scope(hass=self._hass, read_only=True) as session:
            first: float | None = session.execute(oldest).scalar()
        return None if first is None else dt_util.as_local(dt_util.utc_from_timestamp(first))

    async def async_read(self, pack: PackCoordinator, period: Period, first: datetime | None) -> Recorded:
        """Return what there is of one pack in a period; `first` is when the first data of all are from."""
        if not self.there:
            return Recorded()
        ids = {
            key: entity
            for key in (*ENERGY, *TRENDS)
            if (entity := _entity(self._hass, pack, Platform.SENSOR, key)) is not None
        }
        event = _entity(self._hass, pack, Platform.EVENT, _EVENT)
        return await get_instance(self._hass).async_add_executor_job(self._read, period, first, ids, event)

    def _read(self, period: Period, first: datetime | None, ids: Mapping[str, str], event: str | None) -> Recorded:
        flows = {key: self._rows(period, period.bars, ids.get(key), "change") for key in ENERGY}
        lines = period.lines
        times = slots(period, lines)
        trends = {}
        for key, factor in TRENDS.items():
            rows = self._rows(period, lines, ids.get(key), "mean", "min", "max")
            trends[key] = tuple(_point(rows.get(time.date()), factor) for time in times)
        heard = self._heard(period, ids.get(HEARD))
        # Without any data all of it is missing.
        begin, end = max(period.start, first or period.start), min(period.end, dt_util.now() - _SUMMED_UP)
        silent = _silence(slots(period, period.bars), begin, end, heard)
        bars = tuple(
            Bar(
                start=time,
                charged=_change(flows["energy_in"].get(time.date())),
                discharged=_change(flows["energy_out"].get(time.date())),
                silent=hours,
            )
            for time, hours in zip(slots(period, period.bars), silent, strict=True)
        )
        return Recorded(
            bars=bars,
            times=times,
            trends=trends,
            first=first,
            hours=len(_hours(begin, end)),
            events=self._events(period, event),
        )

    def _ask(
        self, period: Period, entity: str | None, step: Literal["hour", "day", "month", "year"], *types: str
    ) -> list[Mapping[str, Any]]:
        """Return the rows of one entity, the oldest first."""
        if entity is None or self._statistics is None:
            return []
        rows: list[Mapping[str, Any]] = []
        begins = (period.start, *slots(period, "year")[1:])
        # One year after the other: rows of many years at once would keep the event loop from running.
        for start, end in zip(begins, (*begins[1:], period.end), strict=True):
            found = self._statistics.statistics_during_period(
                self._hass, dt_util.as_utc(start), dt_util.as_utc(end), {entity}, step, _UNITS, set(types)
            )
            rows += found.get(entity, ())
        return rows

    def _rows(self, period: Period, step: Step, entity: str | None, *types: str) -> Mapping[date, Mapping[str, Any]]:
        """Return the rows of one entity by the local day on which their stretch begins."""
        rows = self._ask(period, entity, step, *types)
        return {datetime.fromtimestamp(row["start"], period.start.tzinfo).date(): row for row in rows}

    def _heard(self, period: Period, entity: str | None) -> set[float]:
        """Return the hours, as time stamps, in which the pack was heard."""
        rows = self._ask(period, entity, "hour", "mean")
        return {row["start"] for row in rows if row.get("mean") is not None}

    def _events(self, period: Period, entity: str | None) -> tuple[Told, ...]:
        """Return what the event entity told, in order; what it recalls after a restart is told once."""
        if entity is None or self._history is None:
            return ()
        told: dict[datetime, Told] = {}
        begins = slots(period, "month")
        # The recorder gives the oldest first where there are too many, and a reader wants the newest.
        for begin, end in reversed(tuple(zip(begins, (*begins[1:], period.end), strict=True))):
            found: dict[str, list[State]] = self._history.state_changes_during_period(
                self._hass, dt_util.as_utc(begin), dt_util.as_utc(end), entity,
                limit=_MOST_STATES, include_start_time_state=False,
            )  # fmt: skip
            for state in found.get(entity, ()):
                time = dt_util.parse_datetime(state.state)
                if time is not None and "protection" in state.attributes and period.start <= time < period.end:
                    told[time] = Told(time=dt_util.as_local(time), facts=dict(state.attributes))
            if len(told) >= _MOST_STATES:
                break
        return tuple(told[time] for time in sorted(told))


async def async_recordings(hass: HomeAssistant) -> Recordings:
    """Return what asks the recorder, which has written down all that it was told.

    Home Assistant may have been set up without one, and a BMS waits for none.
    """
    if DATA_INSTANCE not in hass.data:
        return Recordings(hass)
    await async_settled(hass)
    parts = [await async_import_module(hass, f"{_RECORDER}.{name}") for name in ("statistics", "history", "db_schema")]
    return Recordings(hass, *parts)


def _entity(hass: HomeAssistant, pack: PackCoordinator, platform: Platform, key: str) -> str | None:
    """Return the entity, and so the statistic, that shows a number of a pack."""
    return er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{pack.identity}_{key}")


def _point(row: Mapping[str, Any] | None, factor: float) -> Point:
    if row is None:
        return NO_POINT
    mean, low, high = (None if (value := row.get(kind)) is None else factor * value for kind in ("mean", "min", "max"))
    return Point(mean=mean, low=low, high=high)


def _change(row: Mapping[str, Any] | None) -> float | None:
    value: float | None = None if row is None else row.get("change")
    return value


def _hours(begin: datetime, end: datetime) -> range:
    """Return the time stamps of the whole hours between two times."""
    return range(-int(-begin.timestamp() // _HOUR) * 3600, int(end.timestamp() // _HOUR) * 3600, 3600)


def _silence(
    starts: tuple[datetime, ...], begin: datetime, end: datetime, heard: set[float]
) -> tuple[float | None, ...]:
    """Return the h without data of each stretch; `None` where there could be none."""
    found = []
    for start, after in zip(starts, (*starts[1:], end), strict=True):
        hours = _hours(max(start, begin), min(after, end))
        found.append(float(sum(hour not in heard for hour in hours)) if hours else None)
    return tuple(found)
