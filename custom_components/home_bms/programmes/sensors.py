"""Shows what a grid programme asks, and how its link is, as sensors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.util import dt as dt_util

from ..core.leases import RANGES, Lease
from ..described_sensor import DescribedSensor, DescribedSensorDescription
from ..leases.words import NONE, shown_time
from .coordinator import ProgrammeCoordinator

type ProgrammeSensorDescription = DescribedSensorDescription[ProgrammeCoordinator]

_MOST_IGNORED: Final = 20
# What is not followed is told in the words of the server, of which there may be megabytes.
_MOST_LETTERS: Final = 200


def _called(lease: Lease) -> str:
    """Return what people call an event: by its name, or by its number where it has none."""
    # A state of Home Assistant has 255 letters at most; an event's own name has 200 here.
    return lease.reason or lease.name


def _asks(lease: Lease) -> dict[str, Any]:
    asks: dict[str, Any] = {"event": lease.name, "name": lease.reason}
    return asks | {part: value for part in RANGES if (value := getattr(lease, part)) is not None}


def _in_force(programme: ProgrammeCoordinator) -> str:
    held = programme.data.held
    return _called(held[0][0]) if held else NONE


def _limits(programme: ProgrammeCoordinator) -> dict[str, Any]:
    """Return all that the programme asks now, whether it acts, and what of its events is not followed."""
    return {
        "acting": programme.acting,
        "asks": [_asks(lease) | {"until": shown_time(end)} for lease, end in programme.data.held],
        "ignored": [
            {"event": event[:_MOST_LETTERS], "why": why[:_MOST_LETTERS]}
            for event, why in programme.data.ignored[:_MOST_IGNORED]
        ],
    }


def _news(programme: ProgrammeCoordinator) -> object:
    view = programme.data
    return programme.acting, [(lease.key, lease.asks) for lease, _ in view.held], view.ignored


def _next(programme: ProgrammeCoordinator) -> datetime | None:
    coming = programme.data.coming
    return None if coming is None else dt_util.utc_from_timestamp(coming.start)


def _next_asks(programme: ProgrammeCoordinator) -> Mapping[str, Any]:
    coming = programme.data.coming
    return {} if coming is None else _asks(coming) | {"until": shown_time(coming.end)}


SENSORS: Final[tuple[ProgrammeSensorDescription, ...]] = (
    DescribedSensorDescription(
        key="programme_event",
        translation_key="programme_event",
        value_fn=_in_force,
        remark_fn=_news,
        details_fn=_limits,
    ),
    DescribedSensorDescription(
        key="programme_next",
        translation_key="programme_next",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_next,
        remark_fn=_next_asks,
        details_fn=_next_asks,
    ),
    DescribedSensorDescription(
        key="programme_price",
        translation_key="programme_price",
        value_fn=lambda programme: programme.data.price,
    ),
    DescribedSensorDescription(
        key="programme_read",
        translation_key="programme_read",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda programme: programme.data.read,
    ),
)


def programme_sensors(programme: ProgrammeCoordinator) -> list[ProgrammeSensor]:
    """Return the sensors of a programme."""
    return [ProgrammeSensor(programme, description) for description in SENSORS]


class ProgrammeSensor(DescribedSensor[ProgrammeCoordinator]):
    """A sensor of a programme; it tells what was read last, whether the server can be read now or not."""

    digits = 5
    _unrecorded_attributes = frozenset({"acting", "asks", "ignored", "event", "name", "until"})
