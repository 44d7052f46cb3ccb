"""What an inverter is told of several packs as one battery."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.bank import FULL_EVERY, STALLED, Bank, Extreme, bank_of
from custom_components.home_bms.core.model import (
    Alarm,
    Bound,
    Flow,
    Level,
    PackConfig,
    Reason,
    Snapshot,
    Switches,
)
from custom_components.home_bms.core.system import combine

from .conftest import Story, make_config

type Packs = dict[str, tuple[PackConfig, Snapshot]]

OPEN = Switches(charge=False, discharge=False)


def pack(capacity: float = 280.0, **changes: Any) -> tuple[PackConfig, Snapshot]:
    """Return a pack that has been watched for a while; `changes` is what it tells then."""
    story = Story(make_config(capacity=capacity, charge_current=100.0, discharge_current=100.0))
    story.tell(100)
    if changes:
        story.tell(2, **changes)
    assert story.snapshot is not None
    return story.config, story.snapshot


def bank(packs: Packs, late: float = 0.0, **changes: Any) -> Bank:
    """Return the battery, `late` s after the last look; `changes` replace parts of the decision."""
    decision = replace(combine(packs), **changes)
    found = bank_of(packs, decision, _now(packs), _now(packs) + late)
    assert found is not None
    return found


def _now(packs: Packs) -> float:
    return max(snapshot.decision.time for _, snapshot in packs.values())


def _with(one: tuple[PackConfig, Snapshot], **changes: Any) -> tuple[PackConfig, Snapshot]:
    """Return a pack of whose snapshot `changes` replace parts, by `part__field`."""
    config, snapshot = one
    for name, value in changes.items():
        part, field = name.split("__")
        snapshot = replace(snapshot, **{part: replace(getattr(snapshot, part), **{field: value})})
    return config, snapshot


def test_a_sound_battery_is_told_with_its_limits_and_all_that_is_known() -> None:
    packs = {"one": pack(), "two": pack(cell=3.32)}
    told, decision = bank(packs), combine(packs)
    assert (told.cvl, told.ccl, told.dcl) == (decision.cvl.value, decision.ccl.value, decision.dcl.value)
    assert told.charge_permitted
    assert told.discharge_permitted
    assert told.voltage == pytest.approx(16 * 3.31)
    assert told.cell_max == Extreme(value=3.32, pack=1, place=0)
    assert told.cell_min == Extreme(value=3.30, pack=0, place=0)
    assert told.temperature == pytest.approx(22.5)
    assert told.capacity == 560
    assert told.remaining == pytest.approx(sum(one.estimate.capacity * 0.5 for _, one in packs.values()), rel=0.05)
    assert (told.packs, told.packs_offline, told.packs_blocking_charge, told.packs_blocking_discharge) == (2, 0, 0, 0)
    assert (told.cells, told.chemistry, told.warnings, told.alarms) == (16, "lfp", frozenset(), frozenset())
    assert 0 < told.dvl < told.cvl
    assert told.cycles is not None


def test_a_battery_without_packs_is_nothing_to_tell() -> None:
    assert bank_of({}, combine({}), 0.0, 0.0) is None


def test_when_nobody_has_looked_for_too_long_nothing_may_flow_and_the_charge_voltage_stays() -> None:
    packs = {"one": pack()}
    fresh = bank(packs, 9.0)
    late = bank(packs, 10.0)
    assert (fresh.ccl, fresh.dcl) == (100.0, 100.0)
    assert (late.ccl, late.dcl, late.charge_permitted, late.discharge_permitted) == (0.0, 0.0, False, False)
    assert late.cvl == fresh.cvl
    assert (late.voltage, late.current, late.cell_max, late.temperature, late.temperature_min) == (None,) * 5
    assert STALLED in late.alarms
    assert late.packs_offline == 1


def test_a_decision_that_nobody_has_renewed_counts_no_more_than_an_old_look() -> None:
    packs = {"one": pack()}
    told = bank_of(packs, combine(packs), _now(packs) - 10.0, _now(packs))
    assert told is not None
    assert (told.ccl, told.dcl, told.voltage) == (0.0, 0.0, None)


def test_a_charge_voltage_that_cannot_be_is_not_told_and_permits_no_charge() -> None:
    told = bank({"one": pack()}, cvl=Bound(value=0.0, reason=Reason(rule="starting")))
    assert told.cvl >= told.dvl
    assert told.cvl > 40.0
    assert (told.ccl, told.charge_permitted) == (0.0, False)
    assert told.dcl == 100.0


def test_one_pack_of_which_the_cells_are_not_known_makes_the_extremes_unknown() -> None:
    told = bank({"one": pack(), "two": pack(cells=(None,) * 16)})
    assert told.cell_max is None
    assert told.cell_min is None


def test_protections_are_told_by_what_they_do_and_never_twice() -> None:
    def alarm(key: str, level: Level) -> Alarm:
        return Alarm(key=key, level=level, flow=Flow.CHARGE, reason=Reason(rule=key))

    one = _with(pack(), decision__alarms=(alarm("cell_overvoltage", Level.PROTECT), alarm("low", Level.WARN)))
    two = _with(pack(), decision__alarms=(alarm("cell_overvoltage", Level.DERATE),))
    told = bank({"one": one, "two": two})
    assert told.alarms == {"cell_overvoltage"}
    assert told.warnings == {"low"}


def test_a_pack_with_open_switches_blocks_and_takes_no_part() -> None:
    told = bank({"one": pack(), "two": pack(140.0, switches=OPEN)})
    assert (told.packs, told.packs_blocking_charge, told.packs_blocking_discharge, told.capacity) == (1, 1, 1, 280.0)
    assert bank({"two": pack(140.0, switches=OPEN)}).packs == 0


@pytest.mark.parametrize(
    ("changes", "force", "full"),
    [
        ({}, False, False),
        ({"estimate__empty_at": 0.0}, True, False),
        ({"estimate__since_full": FULL_EVERY}, False, True),
        ({"estimate__since_full": FULL_EVERY - 1}, False, False),
        ({"estimate__since_full": None}, False, False),
    ],
)
def test_an_empty_battery_asks_to_be_charged_and_one_long_not_full_to_be_filled(
    changes: dict[str, Any], force: bool, full: bool
) -> None:
    packs = {"one": _with(pack(), **changes)}
    told = bank(packs)
    assert (told.force_charge, told.full_charge) == (force, full)
    never = bank(packs, ccl=Bound(value=0.0, reason=Reason(rule="temperature")))
    assert (never.force_charge, never.full_charge) == (False, False)


def test_a_pack_that_is_to_be_held_at_its_top_asks_to_be_filled() -> None:
    config, snapshot = pack()
    held = replace(snapshot.decision, balance=replace(snapshot.decision.balance, hold_top=True, active=True))
    told = bank({"one": (config, replace(snapshot, decision=held))})
    assert told.full_charge
    assert told.balancing


def test_what_is_not_known_of_one_pack_is_not_told_of_all() -> None:
    told = bank({"one": pack(), "two": _with(pack(), estimate__soc=None, estimate__capacity=0.0)})
    assert (told.soc, told.remaining, told.cycles) == (None, None, None)


_LIMIT = st.floats(0.0, 500.0)


@given(ccl=_LIMIT, dcl=_LIMIT, cvl=st.floats(-10.0, 100.0), late=st.floats(0.0, 100.0))
def test_nothing_is_told_beyond_what_was_decided(ccl: float, dcl: float, cvl: float, late: float) -> None:
    def bound(value: float) -> Bound:
        return Bound(value=value, reason=Reason(rule="starting"))

    decided: dict[str, Bound] = {"ccl": bound(ccl), "dcl": bound(dcl), "cvl": bound(cvl)}
    told = bank(_SOUND, late, **decided)
    assert 0.0 <= told.ccl <= ccl
    assert 0.0 <= told.dcl <= dcl
    assert told.charge_permitted == (told.ccl > 0.0)
    assert told.discharge_permitted == (told.dcl > 0.0)
    assert told.cvl <= cvl or not told.charge_permitted
    assert told.cvl >= told.dvl > 0.0


_SOUND: Packs = {"one": pack()}
