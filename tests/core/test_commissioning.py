"""A commissioning knows what is still to be taken, what has changed, and how far it is."""

from dataclasses import replace

import pytest

from custom_components.home_bms.core.codec import codec
from custom_components.home_bms.core.commissioning import (
    Aspect,
    Kind,
    Outcome,
    Record,
    Result,
    State,
    anew,
    due,
    sign,
    stale,
    state,
    steps,
    take,
)

STEPS = steps(sensors=2, switches=True)
BASIS = {
    Aspect.SERIAL_NUMBER: "JK-1",
    Aspect.FIRMWARE: "15.30",
    Aspect.CELLS: "16",
    Aspect.TEMPERATURE_SENSORS: "2",
    Aspect.BATTERY: "lfp 280 Ah",
    Aspect.HARDWARE_RING: "cell_overvoltage 3.65",
}
NOW = "2026-11-26T12:00:00+00:00"


def result(outcome: Outcome = Outcome.PASSED, **changes: object) -> Result:
    facts = {"outcome": outcome, "at": NOW, "by": "Ada", "basis": BASIS}
    return Result(**(facts | changes))  # type: ignore[arg-type]


def whole(**outcomes: Outcome) -> Record:
    record = Record(by="Ada")
    for step in STEPS:
        record = take(record, step.key, result(outcomes.get(step.key, Outcome.PASSED)))
    return record


def test_each_sensor_has_a_step_and_switches_only_where_there_are_any() -> None:
    keys = [step.key for step in STEPS]
    assert keys[5:7] == ["temperature_sensor_1", "temperature_sensor_2"]
    assert keys[-1] == "contactor"
    without = [step.key for step in steps(sensors=0, switches=False)]
    assert "contactor" not in without
    assert not any(key.startswith("temperature_sensor_") for key in without)
    assert {step.row.kind for step in STEPS} == set(Kind)


def test_it_goes_on_where_it_was_left() -> None:
    record = take(Record(), "cell_count", result())
    assert [step.key for step in due(record, STEPS, BASIS)][:2] == ["polarity", "sum_of_cells"]
    assert state(record, STEPS, BASIS) is State.IN_PROGRESS


def test_it_is_signed_off_before_it_counts() -> None:
    record = whole()
    assert due(record, STEPS, BASIS) == ()
    assert state(record, STEPS, BASIS) is State.IN_PROGRESS
    record = sign(record, STEPS, NOW, "report.html")
    assert state(record, STEPS, BASIS) is State.PASSED
    assert (record.commissioned_on, record.report) == (NOW, "report.html")


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.SKIPPED, State.PASSED_WITH_SKIPS),
        (Outcome.PARTLY, State.PASSED_WITH_SKIPS),
        (Outcome.FAILED, State.FAILED),
    ],
)
def test_one_step_decides_what_the_whole_is(outcome: Outcome, expected: State) -> None:
    assert state(sign(whole(drill_cell=outcome), STEPS, NOW, None), STEPS, BASIS) is expected


@pytest.mark.parametrize(
    ("aspect", "asked_again"),
    [
        (Aspect.SERIAL_NUMBER, {step.key for step in STEPS}),
        (Aspect.CELLS, {"cell_count", "polarity", "sum_of_cells", "cell_order", "settings", "battery"}),
        (Aspect.TEMPERATURE_SENSORS, {"sensors", "temperature_sensor_1", "temperature_sensor_2"}),
        (Aspect.HARDWARE_RING, {"settings", "drill_cell"}),
        (Aspect.BATTERY, {"settings", "battery", "drill_cell"}),
        (
            Aspect.FIRMWARE,
            {"charge_sign", "discharge_sign", "settings", "control", "drill_link", "drill_cell", "contactor"},
        ),
    ],
)
def test_what_has_changed_is_asked_again_and_nothing_else(aspect: Aspect, asked_again: set[str]) -> None:
    record = sign(whole(), STEPS, NOW, None)
    now = {**BASIS, aspect: "another"}
    again = stale(record, STEPS, now)
    assert set(again) == asked_again
    assert set(again.values()) == {frozenset({aspect})}
    assert state(record, STEPS, now) is State.OUT_OF_DATE
    assert {step.key for step in due(record, STEPS, now)} == asked_again


def test_what_the_pack_does_not_tell_has_not_changed() -> None:
    record = sign(whole(), STEPS, NOW, None)
    assert state(record, STEPS, {}) is State.PASSED
    younger = take(record, "settings", result(basis={}))
    assert "settings" not in stale(younger, STEPS, {**BASIS, Aspect.FIRMWARE: "16"})


def test_a_sensor_more_makes_it_out_of_date() -> None:
    record = sign(whole(), STEPS, NOW, None)
    more = steps(sensors=3, switches=True)
    assert state(record, more, BASIS) is State.OUT_OF_DATE
    assert [step.key for step in due(record, more, BASIS)] == ["temperature_sensor_3"]


def test_a_step_that_no_longer_applies_is_forgotten_when_it_is_signed_again() -> None:
    fewer = steps(sensors=1, switches=False)
    record = sign(whole(contactor=Outcome.FAILED), fewer, NOW, None)
    assert set(record.results) == {step.key for step in fewer}
    assert state(record, fewer, BASIS) is State.PASSED


def test_who_begins_anew_keeps_the_date_of_the_last_time() -> None:
    record = anew(sign(whole(), STEPS, NOW, "report.html"))
    assert record.results == {}
    assert record.commissioned_on == NOW
    assert state(record, STEPS, BASIS) is State.IN_PROGRESS
    assert state(Record(by="Ada"), STEPS, BASIS) is State.NEVER


def test_a_record_is_kept_and_read_back_as_it_was() -> None:
    record = sign(whole(drill_link=Outcome.FAILED), STEPS, NOW, "report.html")
    record = replace(
        record,
        results={**record.results, "drill_link": result(Outcome.FAILED, reason="limit_stood", numbers={"rise": 1.5})},
    )
    both = codec(Record)
    assert both.decode(both.encode(record)) == record
