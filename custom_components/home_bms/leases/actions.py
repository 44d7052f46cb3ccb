"""Takes leases from automations, tariffs and grid programmes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

import probatio as vol
from homeassistant.const import ATTR_NAME, WEEKDAYS
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..core.lease_times import Now
from ..core.leases import WISHES, Lease, LeaseBook, add, release
from ..core.model import ConfigError
from ..helpers import refused
from ..hw.openadr import Programme
from ..targets import system_of
from .programme import OWNER_LETTERS, async_follow, owner_of
from .words import book_facts, shown_time

ATTR_OWNER: Final = "owner"
ATTR_REASON: Final = "reason"
ATTR_PRIORITY: Final = "priority"
ATTR_RESERVE: Final = "reserve"
ATTR_CHARGE_TO: Final = "charge_to"
ATTR_READY_BY: Final = "ready_by"
ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_DURATION: Final = "duration"
ATTR_PROGRAMME: Final = "programme"
ATTR_EVENTS: Final = "events"
ATTR_OUTAGE_RESERVE: Final = "outage_reserve"
ATTR_DAYS: Final = "days"
ATTR_LAST_DAY: Final = "last_day"

# Ranges are core's to judge, which names the permitted one.
_WHO: Final[dict[vol.Marker, Any]] = {
    vol.Required(ATTR_OWNER): cv.string,
    vol.Optional(ATTR_NAME): cv.string,
    vol.Optional(ATTR_REASON): cv.string,
    vol.Optional(ATTR_PRIORITY): vol.Coerce(int),
}
_WHEN: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_START): cv.datetime,
    vol.Optional(ATTR_END): cv.datetime,
    vol.Optional(ATTR_DURATION): cv.positive_time_period,
    vol.Optional(ATTR_DAYS): cv.weekdays,
    vol.Optional(ATTR_LAST_DAY): cv.date,
}
_CHARGE: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_CHARGE_TO): vol.Coerce(float),
    vol.Optional(ATTR_READY_BY): cv.datetime,
}

REQUEST_POWER: Final[dict[vol.Marker, Any]] = (
    _WHO | {vol.Optional(field): vol.Coerce(float) for field in WISHES} | _CHARGE | _WHEN
)
HOLD_RESERVE: Final[dict[vol.Marker, Any]] = _WHO | {vol.Required(ATTR_RESERVE): vol.Coerce(float)} | _CHARGE | _WHEN
RELEASE: Final[dict[vol.Marker, Any]] = {vol.Optional(ATTR_OWNER): cv.string, vol.Optional(ATTR_NAME): cv.string}

FOLLOW_OPENADR: Final[dict[vol.Marker, Any]] = {
    vol.Required(ATTR_PROGRAMME): vol.All(cv.string, vol.Length(min=1, max=OWNER_LETTERS)),
    # A template makes tuples of lists.
    vol.Required(ATTR_EVENTS): vol.Any(list, tuple),
    vol.Optional(ATTR_PRIORITY): vol.All(vol.Coerce(int), vol.Range(min=0, max=100)),
    vol.Optional(ATTR_OUTAGE_RESERVE): vol.All(vol.Coerce(float), vol.Range(min=0, max=100)),
}

# Fields of core that a user knows by another name, and those that are times.
_NAMES: Final[Mapping[str, str]] = {"within": ATTR_READY_BY, "last": ATTR_LAST_DAY}
_TIMES: Final = frozenset({"start", "end", "last"})


async def async_request(default_name: str, hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Lease what is asked, in the place of what the same owner has under the same name."""
    system = system_of(hass, call)
    data = call.data
    now = dt_util.now()
    start = _utc(data[ATTR_START]) if ATTR_START in data else now.timestamp()
    ready_by = data.get(ATTR_READY_BY)
    offset = dt_util.as_local(dt_util.utc_from_timestamp(start)).utcoffset() or timedelta()
    lease = Lease(
        owner=data[ATTR_OWNER],
        name=data.get(ATTR_NAME, default_name),
        reason=data.get(ATTR_REASON, ""),
        priority=data.get(ATTR_PRIORITY, 50),
        made=now.timestamp(),
        start=start,
        end=_end(data, start),
        days=tuple(sorted({WEEKDAYS.index(day) for day in data.get(ATTR_DAYS, ())})),
        offset=offset.total_seconds(),
        last=_end_of(data[ATTR_LAST_DAY]) if ATTR_LAST_DAY in data else None,
        within=None if ready_by is None else _utc(ready_by) - start,
        **{field: data.get(field) for field in WISHES},
    )

    def change(book: LeaseBook, clock: Now) -> LeaseBook:
        return add(book, lease, clock)

    try:
        await system.async_change_leases(change)
    except ConfigError as err:
        raise _refused(err, lease) from err
    return None


async_request_power: Final = partial(async_request, "power")
async_hold_reserve: Final = partial(async_request, "reserve")


async def async_release(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """End leases before their time; answers how many there were."""

    def change(book: LeaseBook, clock: Now) -> LeaseBook:  # noqa: ARG001
        return release(book, call.data.get(ATTR_OWNER), call.data.get(ATTR_NAME))

    ended = -await system_of(hass, call).async_change_leases(change)
    return {"released": ended} if call.return_response else None


async def async_get_leases(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Answer with all that is leased, and what counts of it."""
    return book_facts(system_of(hass, call).leases)


async def async_follow_openadr(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Lease what the events of a programme ask for, and end what they ask no more; answers what is followed."""
    given = {name: call.data[name] for name in (ATTR_PRIORITY, ATTR_OUTAGE_RESERVE) if name in call.data}
    programme = Programme(owner=owner_of(call.data[ATTR_PROGRAMME]), **given)
    found = await async_follow(system_of(hass, call), programme, call.data[ATTR_EVENTS])
    if not call.return_response:
        return None
    return {
        "followed": list(found.followed),
        "ignored": [{"event": event, "why": why} for event, why in found.ignored],
        "price": found.plan.price_at(dt_util.utcnow().timestamp()),
    }


def _utc(time: datetime) -> float:
    """Return s since 1970; a time without a zone is that of the clock on the wall."""
    return dt_util.as_utc(time).timestamp()


def _end(data: Mapping[str, Any], start: float) -> float:
    """Return when a lease ends. Raises ServiceValidationError unless exactly one end is given."""
    duration: timedelta | None = data.get(ATTR_DURATION)
    end: datetime | None = data.get(ATTR_END)
    if (duration is None) == (end is None):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="one_end")
    return start + duration.total_seconds() if duration is not None else _utc(data[ATTR_END])


def _end_of(day: date) -> float:
    """Return the last second of a day of the clock on the wall."""
    return dt_util.start_of_local_day(day + timedelta(days=1)).timestamp() - 1.0


def _refused(err: ConfigError, lease: Lease) -> ServiceValidationError:
    """Return what a user reads: times as times, and fields by the names of the action."""
    shown = dict(err.placeholders)
    if err.key == "out_of_range" and err.field in {*_TIMES, "within"}:
        since = lease.start if err.field == "within" else 0.0
        shown = {name: shown_time(since + float(value)) for name, value in shown.items()}
    return refused(ConfigError(err.key, _NAMES.get(err.field, err.field), **shown))
