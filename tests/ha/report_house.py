"""A recorder that has a year of a battery in it, and what its numbers add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, pi, sin
from typing import Final

from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from sqlalchemy import insert

from custom_components.home_bms.const import DOMAIN

from .conftest import PACK_ID

YEAR: Final = 2025
# A month without Home Assistant, and a stretch of hours in another.
LOST_MONTH: Final = 8
SILENT: Final = ((5, 10), (5, 12))
"""From the first day, included, to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One number that the recorder has."""

    key: str
    unit: str
    unit_class: str | None
    at: Callable[[float, float], float] | None = None
    """The mean of an hour, by the share of the year and the hour of the day; without it it is a counter."""
    around: float = 0.0


def _season(year: float) -> float:
    """Return 0 in winter to 1 in summer."""
    return 0.5 - 0.5 * cos(2 * pi * year)


NUMBERS: Final = (
    Kept(key="energy_in", unit="kWh", unit_class="energy"),
    Kept(key="energy_out", unit="kWh", unit_class="energy"),
    Kept(
        key="soc", unit="%", unit_class=None, at=lambda year, hour: 50 + 35 * sin(2 * pi * (hour - 12) / 24), around=3
    ),
    Kept(key="efficiency", unit="%", unit_class=None, at=lambda year, hour: 94.5 - 0.6 * year, around=0.1),
    Kept(key="capacity", unit="Ah", unit_class=None, at=lambda year, hour: 276 - 5 * year, around=0.6),
    Kept(key="soh", unit="%", unit_class=None, at=lambda year, hour: 98 - 2 * year),
    Kept(
        key="cell_difference",
        unit="mV",
        unit_class="voltage",
        at=lambda year, hour: 8 + 14 * year + 6 * (hour > 15),
        around=5,
    ),
    Kept(
        key="temperature_max",
        unit="°C",
        unit_class="temperature",
        at=lambda year, hour: 12 + 18 * _season(year) + 4 * sin(2 * pi * (hour - 9) / 24),
        around=1,
    ),
    Kept(
        key="temperature_min",
        unit="°C",
        unit_class="temperature",
        at=lambda year, hour: 9 + 16 * _season(year) + 3 * sin(2 * pi * (hour - 9) / 24),
        around=1,
    ),
)


def charged(time: datetime) -> float:
    """Return the kWh that go in during an hour."""
    return round((0.2 + _season(time.timetuple().tm_yday / 365)) * (9 <= time.hour < 17), 3)


def discharged(time: datetime) -> float:
    """Return the kWh that come out during an hour."""
    return round(0.47 * (0.2 + _season(time.timetuple().tm_yday / 365)) * (time.hour < 6 or time.hour >= 18), 3)


def silent(time: datetime) -> bool:
    """Whether nothing was heard in an hour."""
    return time.month == LOST_MONTH or SILENT[0] <= (time.month, time.day) < SILENT[1]


def hours(start: datetime, end: datetime) -> Iterator[datetime]:
    """Return each hour in Home Assistant's time zone, by the clock that does not jump."""
    time = dt_util.as_utc(start)
    while time < dt_util.as_utc(end):
        yield dt_util.as_local(time)
        time += timedelta(hours=1)


def local(year: int, month: int, day: int = 1) -> datetime:
    """Return a local midnight."""
    return datetime(year, month, day, tzinfo=dt_util.get_default_time_zone())


async def remember(
    hass: HomeAssistant, start: datetime, end: datetime, pack_id: str = PACK_ID, *, times: float = 1.0
) -> None:
    """Fill the recorder with the hours of a pack; `times` is how much more of energy than usual."""
    registry = er.async_get(hass)
    ids = {row.key: registry.async_get_entity_id("sensor", DOMAIN, f"{pack_id}_{row.key}") for row in NUMBERS}
    sums = dict.fromkeys(("energy_in", "energy_out"), 0.0)
    rows: dict[str, list[dict[str, object]]] = {row.key: [] for row in NUMBERS}
    for time in hours(start, end):
        if silent(time):
            continue
        sums["energy_in"] += times * charged(time)
        sums["energy_out"] += times * discharged(time)
        share = (time - start) / timedelta(days=365)
        for row in NUMBERS:
            if row.at is None:
                numbers: dict[str, float | None] = {"state": sums[row.key], "sum": sums[row.key]}
            else:
                mean = row.at(share, float(time.hour))
                numbers = {"mean": mean, "min": mean - row.around, "max": mean + row.around}
            rows[row.key].append({"start": dt_util.as_utc(time), **numbers})
    for row in NUMBERS:
        entity = ids[row.key]
        assert entity is not None, row.key
        metadata = StatisticMetaData(
            mean_type=StatisticMeanType.NONE if row.at is None else StatisticMeanType.ARITHMETIC,
            has_sum=row.at is None,
            name=None,
            source="recorder",
            statistic_id=entity,
            unit_class=row.unit_class,
            unit_of_measurement=row.unit,
        )
        # The first as everybody does it; for the thousands after it that would take minutes.
        async_import_statistics(hass, metadata, rows[row.key][:1])
    await async_wait_recording_done(hass)
    await get_instance(hass).async_add_executor_job(_insert, hass, {ids[key]: found[1:] for key, found in rows.items()})


def _insert(hass: HomeAssistant, rows: dict[str, list[dict[str, object]]]) -> None:
    manager = get_instance(hass).statistics_meta_manager
    with session_scope(hass=hass) as session:
        for entity, found in rows.items():
            known = manager.get_many(session, statistic_ids={entity})[entity]
            session.execute(
                insert(Statistics),
                [
                    {"metadata_id": known[0], "start_ts": start.timestamp(), **row}
                    for row, start in ((dict(row), row["start"]) for row in found)
                    if isinstance(start, datetime) and row.pop("start")
                ],
            )
