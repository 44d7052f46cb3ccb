"""Tells inspections in words: what to do, and why now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from homeassistant.core import HomeAssistant, callback

from ..core.inspection_book import SYSTEM, Course, Evidence, Item, Record
from ..core.inspection_table import INSPECTIONS
from ..texts import word


class Shown(NamedTuple):
    """How a value is shown: its unit, its digits, and by what it is multiplied."""

    unit: str = ""
    digits: int = 0
    factor: float = 1.0


_PLAIN: Final = Shown()
_MILLIOHMS: Final = Shown("mΩ", 2, 1000.0)
_MILLIAMPERES: Final = Shown("mA", 0, 1000.0)
# By condition; counters and days are told with their word in the sentence.
_SHOWN: Final[Mapping[str, Shown]] = {
    "loose_joint": _MILLIOHMS,
    "joint_risen": _MILLIOHMS,
    "weak_cell": Shown("Ah", 1),
    "leaky_cell": _MILLIAMPERES,
    "micro_short": _MILLIAMPERES,
    "balancing": Shown("Ah", 2),
    "capacity_lost": Shown("%"),
    "resistance_grown": Shown("%"),
    "cell_sensor": Shown("mV", 0, 1000.0),
    "current_sensor": Shown("A", 2),
    "temperature_spread": Shown("K", 1),
}


def day_text(day: int) -> str:
    """Return a day of the calendar as all languages read it."""
    return date.fromordinal(day).isoformat()


@callback
def title(hass: HomeAssistant, key: str) -> str:
    """Return what an inspection is called."""
    return word(hass, "inspection", key)


@callback
def instructions(hass: HomeAssistant, item: Item) -> str:
    """Return what is to be done, and what may be measured."""
    text = word(hass, "inspection_how", item.row.key)
    if item.row.measure is None:
        return text
    return f"{text} {word(hass, 'inspection_why', 'measure', unit=item.row.measure.unit)}"


@callback
def reasons(hass: HomeAssistant, item: Item) -> str:
    """Return why it is due, or will be: the evidence in numbers, else the calendar."""
    told = [_evidence(hass, each) for each in item.evidence]
    if item.regular is not None:
        told.append(_calendar(hass, item, item.regular))
    if item.postponed and item.due is not None:
        told.append(word(hass, "inspection_why", "postponed", until=day_text(item.due)))
    return " ".join(told)


def _calendar(hass: HomeAssistant, item: Item, regular: int) -> str:
    last = item.last
    if last is None:
        return word(hass, "inspection_why", "first", began=day_text(item.began), due=day_text(regular))
    return word(hass, "inspection_why", "calendar", last=day_text(last.day), due=day_text(regular))


def _evidence(hass: HomeAssistant, evidence: Evidence) -> str:
    condition, sign, since = evidence
    shown = _SHOWN.get(condition.key, _PLAIN)
    return word(
        hass,
        "inspection_why",
        condition.key,
        cell="" if sign.cell is None else sign.cell + 1,
        sensor=sensor_name(hass, sign.sensor),
        value=_number(sign.value, shown),
        threshold=_number(sign.threshold, shown),
        since=day_text(since),
    )


def _number(value: float, shown: Shown) -> str:
    return f"{shown.factor * value:.{shown.digits}f} {shown.unit}".rstrip()


def sensor_name(hass: HomeAssistant, sensor: str | None) -> str:
    """Return what a sensor is called that plausibility names `cell_7`, `temperature_1` or `current`."""
    if sensor is None:
        return word(hass, "inspection_sensor", "unknown")
    kind, _, number = sensor.rpartition("_")
    if number.isdigit():
        return word(hass, "inspection_sensor", kind, number=number)
    return word(hass, "inspection_sensor", sensor)


def item_facts(hass: HomeAssistant, item: Item, name: str) -> dict[str, Any]:
    """Return how an inspection stands, for automations and reports; cells count from 1."""
    return {
        "item": item.row.key,
        "name": title(hass, item.row.key),
        "about": name,
        "pack": item.subject or None,
        "standing": item.standing.value,
        "due": None if item.due is None else day_text(item.due),
        "next": None if item.following is None else day_text(item.following),
        "postponed": item.postponed,
        "reason": reasons(hass, item),
        "evidence": [_evidence_facts(each) for each in item.evidence],
        "instructions": instructions(hass, item),
    }


def _evidence_facts(evidence: Evidence) -> dict[str, Any]:
    sign = evidence.sign
    return {
        "condition": evidence.condition.key,
        "cell": None if sign.cell is None else sign.cell + 1,
        "sensor": sign.sensor,
        "value": round(sign.value, 6),
        "threshold": round(sign.threshold, 6),
        "unit": evidence.condition.unit,
        "since": day_text(evidence.since),
    }


def record_facts(record: Record) -> dict[str, Any]:
    """Return what somebody said to have done."""
    return {
        "done": day_text(record.day),
        "told": record.at,
        "by": record.by,
        "note": record.note,
        "value": record.value,
        "unit": record.unit,
        "serial_number": record.serial_number or None,
        "withdrawn": record.withdrawn,
    }


def history_facts(hass: HomeAssistant, where: str, course: Course) -> dict[str, Any]:
    """Return all that was done of one inspection, the newest first; also of packs that are no longer there."""
    subject, _, key = where.rpartition("/")
    return {
        "item": key,
        "name": title(hass, key) if key in INSPECTIONS else key,
        "pack": None if subject == SYSTEM else subject,
        "since": day_text(course.began),
        "records": [record_facts(record) for record in reversed(course.records)],
    }
