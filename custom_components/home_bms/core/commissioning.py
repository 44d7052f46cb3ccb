"""Says which steps bring a pack into service, what came of each, and which must be taken again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Outcome(StrEnum):
    """What came of a step."""

    PASSED = "passed"
    PARTLY = "partly"
    """Nothing was wrong, and not all of it could be proven."""
    FAILED = "failed"
    SKIPPED = "skipped"


class State(StrEnum):
    """How far a pack's commissioning is."""

    NEVER = "never"
    IN_PROGRESS = "in_progress"
    PASSED = "passed"
    PASSED_WITH_SKIPS = "passed_with_skips"
    FAILED = "failed"
    OUT_OF_DATE = "out_of_date"


class Aspect(StrEnum):
    """What of a pack may change so that a step must be taken again."""

    SERIAL_NUMBER = "serial_number"
    FIRMWARE = "firmware"
    CELLS = "cells"
    TEMPERATURE_SENSORS = "temperature_sensors"
    BATTERY = "battery"
    """Chemistry and capacity."""
    HARDWARE_RING = "hardware_ring"
    """Its own protection settings."""


class Kind(StrEnum):
    """The steps; there is one `TEMPERATURE_SENSOR` for each sensor."""

    CELL_COUNT = "cell_count"
    CELL_ORDER = "cell_order"
    POLARITY = "polarity"
    SUM_OF_CELLS = "sum_of_cells"
    SENSORS = "sensors"
    TEMPERATURE_SENSOR = "temperature_sensor"
    CHARGE_SIGN = "charge_sign"
    DISCHARGE_SIGN = "discharge_sign"
    SETTINGS = "settings"
    BATTERY = "battery"
    CONTROL = "control"
    DRILL_LINK = "drill_link"
    DRILL_CELL = "drill_cell"
    CONTACTOR = "contactor"


class Need(StrEnum):
    """What a pack must have for a step to apply."""

    SENSORS = "sensors"
    """One step for each temperature sensor."""
    SWITCHES = "switches"
    """Switches or a contactor that home_bms may move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of step."""

    kind: Kind
    rests_on: frozenset[Aspect]
    """What must be as it was when the step was taken; another pack is another pack for every step."""
    needs: Need | None = None
    automatic: bool = False
    """It takes no hands: `selftest` tells."""


_WIRED: Final = frozenset({Aspect.CELLS})
_SENSED: Final = frozenset({Aspect.TEMPERATURE_SENSORS})
_FIRM: Final = frozenset({Aspect.FIRMWARE})

ROWS: Final = (
    Row(kind=Kind.CELL_COUNT, rests_on=_WIRED, automatic=True),
    Row(kind=Kind.POLARITY, rests_on=_WIRED, automatic=True),
    Row(kind=Kind.SUM_OF_CELLS, rests_on=_WIRED, automatic=True),
    Row(kind=Kind.SENSORS, rests_on=_SENSED, automatic=True),
    Row(kind=Kind.CELL_ORDER, rests_on=_WIRED),
    Row(kind=Kind.TEMPERATURE_SENSOR, rests_on=_SENSED, needs=Need.SENSORS),
    Row(kind=Kind.CHARGE_SIGN, rests_on=_FIRM),
    Row(kind=Kind.DISCHARGE_SIGN, rests_on=_FIRM),
    Row(
        kind=Kind.SETTINGS,
        rests_on=frozenset({Aspect.FIRMWARE, Aspect.HARDWARE_RING, Aspect.BATTERY, Aspect.CELLS}),
        automatic=True,
    ),
    Row(kind=Kind.BATTERY, rests_on=frozenset({Aspect.BATTERY, Aspect.CELLS})),
    Row(kind=Kind.CONTROL, rests_on=_FIRM),
    Row(kind=Kind.DRILL_LINK, rests_on=_FIRM),
    Row(kind=Kind.DRILL_CELL, rests_on=frozenset({Aspect.FIRMWARE, Aspect.HARDWARE_RING, Aspect.BATTERY})),
    Row(kind=Kind.CONTACTOR, rests_on=_FIRM, needs=Need.SWITCHES),
)
"""In the order in which they are taken: what is wired wrongly is found before anything may flow."""

type Number = float | str
NOTHING: Final[Mapping[str, Number]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of one pack."""

    key: str
    row: Row
    number: int | None = None
    """Of the sensor, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a step found."""

    outcome: Outcome
    reason: str | None = None
    """The key of what was wrong or not proven; of a skipped step, a person's own words."""
    numbers: Mapping[str, Number] = NOTHING
    """Measured, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Finding):
    """A finding that is kept: when, by whom, and of what pack."""

    at: str
    """ISO 8601."""
    by: str
    basis: Mapping[Aspect, str] = field(default_factory=dict)
    """What the pack was then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that is kept of one pack's commissioning; never changed, only replaced."""

    results: Mapping[str, Result] = field(default_factory=dict)
    by: str = ""
    """Who is at it."""
    finished: str | None = None
    """When what stands now was signed off, ISO 8601; `None` while it is in progress."""
    commissioned_on: str | None = None
    """When that was last done, kept while it is done anew."""
    report: str | None = None
    """The name of the last report."""


def steps(*, sensors: int, switches: bool) -> tuple[Step, ...]:
    """Return the steps that apply to a pack with so many temperature sensors, with or without switches."""
    found: list[Step] = []
    for row in ROWS:
        if row.needs is Need.SENSORS:
            numbers = range(1, sensors + 1)
            found += [Step(key=f"{row.kind}_{number}", row=row, number=number) for number in numbers]
        elif row.needs is not Need.SWITCHES or switches:
            found.append(Step(key=row.kind.value, row=row))
    return tuple(found)


def changed(result: Result, row: Row, basis: Mapping[Aspect, str]) -> frozenset[Aspect]:
    """Return what a result rests on that is no longer so; what is not told now, or was not then, is not judged."""
    watched = row.rests_on | {Aspect.SERIAL_NUMBER}
    return frozenset(
        aspect
        for aspect in watched
        if aspect in basis and aspect in result.basis and basis[aspect] != result.basis[aspect]
    )


def stale(record: Record, applying: tuple[Step, ...], basis: Mapping[Aspect, str]) -> Mapping[str, frozenset[Aspect]]:
    """Return the steps that were taken and must be taken again, each with what has changed."""
    found = {}
    for step in applying:
        result = record.results.get(step.key)
        if result is not None and (aspects := changed(result, step.row, basis)):
            found[step.key] = aspects
    return found


def due(record: Record, applying: tuple[Step, ...], basis: Mapping[Aspect, str]) -> tuple[Step, ...]:
    """Return the steps that are still to be taken, in their order."""
    again = stale(record, applying, basis)
    return tuple(step for step in applying if step.key not in record.results or step.key in again)


def state(record: Record, applying: tuple[Step, ...], basis: Mapping[Aspect, str]) -> State:
    """Return how far it is, in one word."""
    if not record.results:
        # Who begins anew was commissioned before.
        return State.NEVER if record.commissioned_on is None else State.IN_PROGRESS
    if record.finished is None:
        return State.IN_PROGRESS
    if due(record, applying, basis):
        return State.OUT_OF_DATE
    outcomes = {record.results[step.key].outcome for step in applying}
    if Outcome.FAILED in outcomes:
        return State.FAILED
    return State.PASSED if outcomes <= {Outcome.PASSED} else State.PASSED_WITH_SKIPS


def take(record: Record, key: str, result: Result) -> Record:
    """Return the record with one more result; what was signed off is open again."""
    return replace(record, results={**record.results, key: result}, finished=None)


def anew(record: Record) -> Record:
    """Return a record without results."""
    return replace(record, results={}, finished=None)


def sign(record: Record, applying: tuple[Step, ...], at: str, report: str | None) -> Record:
    """Return the record signed off; steps that no longer apply are forgotten."""
    kept = {step.key: record.results[step.key] for step in applying if step.key in record.results}
    return replace(record, results=kept, finished=at, commissioned_on=at, report=report)
