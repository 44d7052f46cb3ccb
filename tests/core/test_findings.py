"""What a person should look at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from custom_components.home_bms.core import charge
from custom_components.home_bms.core.battery import Finding, Kind
from custom_components.home_bms.core.findings import explain, find

from .cells_world import RATED, Life, after_three_days, ailing

Told = dict[tuple[Kind, int | None], Finding]


def told(life: Life) -> Told:
    return {(finding.kind, finding.cell): finding for finding in life.known.findings}


def test_a_sound_pack_has_no_findings() -> None:
    assert after_three_days().known.findings == ()


def test_each_fault_is_named_and_no_sound_cell_is() -> None:
    assert told(ailing()).keys() == {
        (Kind.WEAK_CELL, 1),
        (Kind.SENSOR_DRIFT, 2),
        (Kind.LEAKY_CELL, 3),
        (Kind.MICRO_SHORT, 4),
        (Kind.LOOSE_JOINT, 5),
    }


@pytest.mark.parametrize(
    ("kind", "cell", "value", "off"),
    [
        (Kind.WEAK_CELL, 1, 6.0, 1.5),
        (Kind.SENSOR_DRIFT, 2, 0.014, 0.002),
        (Kind.LEAKY_CELL, 3, 0.020, 0.006),
        (Kind.MICRO_SHORT, 4, 0.050, 0.012),
        (Kind.LOOSE_JOINT, 5, 0.0006, 0.0001),
    ],
)
def test_the_evidence_is_the_fault(kind: Kind, cell: int, value: float, off: float) -> None:
    finding = told(ailing())[kind, cell]
    assert finding.value == pytest.approx(value, abs=off)
    assert finding.value > finding.threshold > 0
    assert 0.95 < finding.confidence <= 1


def test_what_began_later_is_dated() -> None:
    """The short and the loose joint began after 96 hours; what was there from the beginning is dated to it."""
    known = told(ailing())
    for kind, cell in ((Kind.MICRO_SHORT, 4), (Kind.LOOSE_JOINT, 5)):
        assert 96 < known[kind, cell].since / 3600 < 96 + 40
    for kind, cell in ((Kind.WEAK_CELL, 1), (Kind.LEAKY_CELL, 3)):
        assert known[kind, cell].since == 0


def test_nothing_is_told_before_the_pack_is_known() -> None:
    young = ailing().known
    young = replace(young, typical=replace(young.typical, hours=12.0))
    assert find(young, RATED) == ()


def test_after_a_leap_the_leak_is_not_judged_for_a_day() -> None:
    life = ailing()
    cells = list(life.known.cells)
    cells[4] = replace(cells[4], leak_since=life.known.typical.hours - 3)
    young = replace(life.known, cells=tuple(cells), findings=())
    kinds = {(finding.kind, finding.cell) for finding in find(young, RATED)}
    assert (Kind.MICRO_SHORT, 4) not in kinds
    assert (Kind.LEAKY_CELL, 3) in kinds


def with_offset(life: Life, amperes: float, doubt: float) -> Life:
    """Let the current sensor's offset be known as so much."""
    typical, number = life.known.typical, charge.OFFSET
    state = (*typical.state[:number], amperes, *typical.state[number + 1 :])
    line = typical.covariance[number]
    lines = list(typical.covariance)
    lines[number] = (*line[:number], doubt * doubt, *line[number + 1 :])
    typical = replace(typical, hours=100.0, state=state, covariance=tuple(lines))
    life.estimate = replace(life.estimate, knowledge=replace(life.known, typical=typical))
    return life


@pytest.mark.parametrize(
    ("amperes", "doubt", "is_told"),
    [(0.4, 0.02, True), (-0.4, 0.02, True), (0.4, 0.1, False), (0.2, 0.001, False)],
)
def test_the_current_sensor_is_told_when_it_surely_errs(amperes: float, doubt: float, is_told: bool) -> None:
    life = with_offset(after_three_days(), amperes, doubt)
    found = find(life.known, RATED)
    assert [(finding.kind, finding.cell) for finding in found] == ([(Kind.SENSOR_DRIFT, None)] if is_told else [])


def test_what_was_told_stays_until_it_is_clearly_over() -> None:
    life = with_offset(after_three_days(), 0.4, 0.02)
    first = find(life.known, RATED)
    known = replace(life.known, findings=first)
    life.estimate = replace(life.estimate, knowledge=known)
    slightly = find(with_offset(life, 0.22, 0.02).known, RATED)
    assert [finding.since for finding in slightly] == [first[0].since]
    assert slightly[0].confidence == 0.5
    assert find(with_offset(life, 0.19, 0.02).known, RATED) == ()


def test_the_balancer_need_not_follow_a_cell_that_shorts() -> None:
    """All others would be bled for it for ever."""
    life = ailing()
    life.world.each[4].depth += 8.0
    life.days(1)
    surplus = dict(enumerate(life.known.surplus))
    assert (Kind.MICRO_SHORT, 4) in told(life)
    assert (surplus[3], surplus[4]) == (0, 0)
    assert surplus[0] == pytest.approx(surplus[7], abs=0.3)
    behind = life.world.each[3].depth - life.world.each[0].depth
    assert surplus[0] == pytest.approx(behind, abs=1.5)


def test_a_short_that_leaps_again_began_when_it_first_did() -> None:
    life = ailing()
    first = told(life)[Kind.MICRO_SHORT, 4].since
    each = list(life.known.cells)
    for hours in (1, 30):
        each[4] = replace(each[4], leak_since=life.known.typical.hours - hours)
        again = find(replace(life.known, cells=tuple(each)), RATED)
        assert [finding.since for finding in again if finding.kind is Kind.MICRO_SHORT] == [first]


@pytest.mark.parametrize(
    ("kind", "cell", "value", "threshold", "sentence"),
    [
        (Kind.WEAK_CELL, 1, 6.04, 3.29, "cell 2 holds 6.0 Ah less than the middle cell, told from 3.3 Ah"),
        (
            Kind.LEAKY_CELL,
            0,
            0.0204,
            0.003,
            "cell 1 loses 20.4 mA more than the middle cell by itself, told from 3.0 mA",
        ),
        (Kind.MICRO_SHORT, 4, 0.0503, 0.012, "cell 5 began to lose 50 mA more than the middle cell, told from 12 mA"),
        (
            Kind.LOOSE_JOINT,
            5,
            0.0006,
            0.00015,
            "cell 6 has 0.60 mOhm more in its joint than before, told from 0.15 mOhm",
        ),
        (Kind.SENSOR_DRIFT, 2, 0.014, 0.009, "cell 3 is measured 0.014 off, told from 0.009"),
        (Kind.SENSOR_DRIFT, None, 0.4, 0.25, "the current is measured 0.400 off, told from 0.250"),
    ],
)
def test_a_finding_is_a_sentence_with_its_numbers(
    kind: Kind, cell: int | None, value: float, threshold: float, sentence: str
) -> None:
    finding = Finding(kind=kind, cell=cell, since=0.0, confidence=1.0, value=value, threshold=threshold)
    assert explain(finding) == sentence


def test_every_kind_has_its_sentence() -> None:
    for kind in Kind:
        assert explain(Finding(kind=kind, cell=0, since=0.0, confidence=1.0, value=1.0, threshold=1.0))
