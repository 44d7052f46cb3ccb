"""Who of several packs may close onto the bus that they share, and who has to wait."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.model import Join, PackConfig, Snapshot, Switches
from custom_components.home_bms.core.strings import JOIN_RULES, Member, allows, joins, may_join, on_shared_bus
from custom_components.home_bms.core.system import combine

from .conftest import Story, make_config

OPEN = Switches(charge=False, discharge=False, balance=False)
# A pack of 16 cells and 280 Ah with the leads that strings.py supposes: 3.9 mΩ.
RESISTANCE = 16 * 0.05 / 280 + 0.001


def member(**changes: Any) -> Member:
    facts: dict[str, Any] = {
        "cells": 16,
        "voltage": 52.8,
        "current": 0.0,
        "resistance": RESISTANCE,
        "charge_current": 200.0,
        "discharge_current": 200.0,
        "charge_permitted": True,
        "discharge_permitted": True,
        "connected": True,
        "closing": False,
        "wants": False,
    }
    return Member(**(facts | changes))


def joining(**changes: Any) -> Member:
    return member(**({"connected": False, "wants": True} | changes))


def test_the_first_pack_of_a_dead_bus_may_always_close() -> None:
    assert may_join(joining(), []).rule == "bus_dead"
    assert may_join(joining(voltage=None), [joining(voltage=40.0)]).rule == "bus_dead"


@pytest.mark.parametrize(
    ("own", "other", "rule"),
    [
        ({}, {}, "bus_matched"),
        ({"voltage": 53.6}, {}, "bus_matched"),
        ({"voltage": 54.4}, {"charge_current": 250.0}, "voltage_difference"),
        ({"voltage": 51.2}, {}, "voltage_difference"),
        ({"voltage": 54.2, "discharge_current": 100.0}, {}, "equalising_current"),
        ({"voltage": 54.2}, {"charge_current": 100.0}, "equalising_current"),
        ({"voltage": 51.4, "charge_current": 100.0}, {}, "equalising_current"),
        ({"voltage": 53.2}, {"charge_permitted": False}, "direction_not_permitted"),
        ({"voltage": 53.2, "discharge_permitted": False}, {}, "direction_not_permitted"),
        ({"voltage": 52.4, "charge_permitted": False}, {}, "direction_not_permitted"),
        ({"voltage": 52.801, "discharge_permitted": False}, {}, "bus_matched"),
        ({"voltage": None}, {}, "voltage_unknown"),
        ({}, {"voltage": None}, "bus_unknown"),
        ({}, {"current": None}, "bus_unknown"),
        ({}, {"connected": None}, "bus_unknown"),
        ({}, {"current": 30.0}, "bus_busy"),
        ({}, {"current": -15.0}, "bus_matched"),
    ],
)
def test_a_live_bus_is_joined_at_nearly_its_voltage_and_at_rest(
    own: dict[str, Any], other: dict[str, Any], rule: str
) -> None:
    reason = may_join(joining(**own), [member(**other)])
    assert reason.rule == rule
    assert allows(reason) == (rule == "bus_matched")


def test_a_refusal_tells_its_numbers() -> None:
    refused = may_join(joining(voltage=55.0), [member()])
    assert refused.value == pytest.approx(2.2)
    assert refused.threshold == pytest.approx(1.5)
    surge = may_join(joining(voltage=53.8, discharge_current=100.0), [member()])
    assert surge.value == pytest.approx(1.0 / (2 * RESISTANCE))
    assert surge.threshold == 100


def test_the_difference_scales_with_the_cells() -> None:
    small = {"cells": 8, "resistance": 0.02}
    assert may_join(joining(voltage=26.4 + 0.8, **small), [member(voltage=26.4, **small)]).rule == "voltage_difference"
    assert may_join(joining(voltage=26.4 + 0.7, **small), [member(voltage=26.4, **small)]).rule == "bus_matched"


def test_more_packs_on_the_bus_push_harder_and_carry_more() -> None:
    one = may_join(joining(voltage=52.0, charge_current=130.0), [member()])
    many = may_join(joining(voltage=52.0, charge_current=130.0), [member(), member(), member()])
    assert (one.rule, many.rule) == ("bus_matched", "equalising_current")


class Battery:
    """Packs whose switches do what they are told, and one voice that permits joining."""

    def __init__(self, **cells: float) -> None:
        config = on_shared_bus(make_config(capacity=280.0, charge_current=200.0, discharge_current=200.0))
        self.stories = {key: Story(config) for key in cells}
        self.cells = cells
        self.switches = dict.fromkeys(cells, OPEN)
        self.told: dict[str, dict[str, Any]] = {key: {} for key in cells}
        self.joins: dict[str, Join] = {}
        self.order: list[str] = []

    def wish(self, *keys: str) -> None:
        for key in keys:
            story = self.stories[key]
            story.state = bms.wish(story.config, story.state, replace(story.state.wishes, charge=True, discharge=True))

    def live(self, seconds: int, **told: dict[str, Any]) -> None:
        self.told |= told
        for _ in range(seconds):
            for key, story in self.stories.items():
                position = self.switches[key]
                story.tell(1, cell=self.cells[key], switches=position, commanded=position, **self.told[key])
                wish = story.decision.switches
                moved = Switches(
                    charge=position.charge if wish.charge is None else wish.charge,
                    discharge=position.discharge if wish.discharge is None else wish.discharge,
                    balance=False,
                )
                if moved.charge and not position.charge:
                    self.order.append(key)
                self.switches[key] = moved
                self.joins = dict(joins(self.packs, story.time))
                for other, permission in self.joins.items():
                    state = self.stories[other].state
                    self.stories[other].state = bms.join(state, permission if permission.allowed else None)

    @property
    def packs(self) -> dict[str, tuple[PackConfig, Snapshot]]:
        return {
            key: (story.config, story.snapshot) for key, story in self.stories.items() if story.snapshot is not None
        }

    @property
    def closed(self) -> set[str]:
        return {key for key, position in self.switches.items() if position.charge}


def test_packs_join_one_at_a_time_the_highest_first_and_then_the_nearest() -> None:
    battery = Battery(low=3.29, high=3.31, middle=3.30)
    battery.live(3)
    assert battery.closed == set()
    battery.wish("low", "high", "middle")
    battery.live(20)
    assert battery.order == ["high", "middle", "low"]
    assert {permission.reason.rule for permission in battery.joins.values()} == {"not_asked"}


def test_while_the_bus_charges_the_lowest_comes_first() -> None:
    battery = Battery(low=3.28, high=3.31, middle=3.30)
    battery.wish("high")
    battery.live(10)
    battery.wish("low", "middle")
    battery.live(20, high={"current": 10.0})
    assert battery.order == ["high", "low", "middle"]


def test_a_pack_too_far_away_waits_until_the_bus_has_come_to_it() -> None:
    battery = Battery(first=3.30, far=3.45)
    battery.wish("first")
    battery.live(10)
    battery.wish("far")
    battery.live(30)
    assert battery.closed == {"first"}
    assert battery.joins["far"].reason.rule == "voltage_difference"
    for cell in (3.33, 3.36, 3.39, 3.42, 3.44):
        battery.cells["first"] = cell
        battery.live(5)
    assert battery.closed == {"first", "far"}


def test_a_pack_that_trips_leaves_and_the_rest_goes_on_with_less() -> None:
    battery = Battery(first=3.30, second=3.30)
    battery.wish("first", "second")
    battery.live(110)
    assert combine(battery.packs).ccl.value == pytest.approx(320), "not all of 400 A: nobody has seen how they share it"
    battery.live(3, second={"alarms": frozenset({"discharge_short_circuit"})})
    assert battery.closed == {"first"}
    both = combine(battery.packs)
    assert both.ccl.value == pytest.approx(200)
    assert both.cvl.value == pytest.approx(55.2), "a pack that has left holds nobody's voltage down"


def test_a_pack_that_left_comes_back_by_itself_after_its_reset() -> None:
    battery = Battery(first=3.30, second=3.30)
    battery.wish("first", "second")
    battery.live(30)
    battery.live(3, second={"alarms": frozenset({"discharge_short_circuit"})})
    battery.live(20, second={"alarms": frozenset()})
    assert battery.closed == {"first"}
    story = battery.stories["second"]
    assert story.snapshot is not None
    story.state, standing = bms.reset_trips(story.config, story.state, story.snapshot.reading)
    assert standing == ()
    battery.live(15)
    assert battery.closed == {"first", "second"}


def test_a_pack_that_cannot_close_does_not_keep_the_others_waiting() -> None:
    battery = Battery(broken=3.31, sound=3.30)
    battery.wish("broken", "sound")
    stuck = {"switches": OPEN}
    battery.told["broken"] = {}
    original = battery.stories["broken"].tell

    def tell(seconds: float = 1.0, **changes: Any) -> Any:
        return original(seconds, **(changes | stuck))

    battery.stories["broken"].tell = tell  # type: ignore[method-assign]
    battery.live(60)
    assert "sound" in battery.closed
    assert battery.stories["broken"].state.contactors.charge.failure == "contactor_not_closing"


def test_a_voice_that_falls_silent_permits_nothing() -> None:
    config = on_shared_bus(make_config())
    story = Story(config)
    story.tell(3, switches=OPEN, commanded=OPEN)
    story.state = bms.wish(config, story.state, replace(story.state.wishes, charge=True))
    story.tell(20, switches=OPEN, commanded=OPEN)
    assert story.decision.switches.charge is False
    assert story.snapshot is not None
    permission = joins({"only": (config, story.snapshot)}, story.time)["only"]
    assert permission.allowed
    story.state = bms.join(story.state, permission)
    story.time += 5
    story.tell(1, switches=OPEN, commanded=OPEN)
    assert story.decision.switches.charge is False


def test_a_snapshot_that_its_supervisor_left_behind_says_nothing() -> None:
    battery = Battery(first=3.30, second=3.30)
    battery.wish("first")
    battery.live(10)
    battery.wish("second")
    battery.live(1)
    later = joins(battery.packs, battery.stories["first"].time + 6)
    assert not later["second"].allowed
    assert later["second"].reason.rule == "voltage_unknown" or later["second"].reason.rule == "bus_unknown"


def test_the_same_word_again_changes_nothing() -> None:
    """Else every tick would count as a change from outside, and a black box would keep every state."""
    state = bms.start(make_config())
    assert bms.join(state, None) is state


voltages = st.one_of(st.none(), st.floats(40.0, 60.0))
members = st.builds(
    member,
    voltage=voltages,
    current=st.one_of(st.none(), st.floats(-50, 50)),
    charge_permitted=st.booleans(),
    discharge_permitted=st.booleans(),
    connected=st.sampled_from([True, False, None]),
)


@given(members, st.lists(members, max_size=3))
def test_what_is_not_known_permits_no_joining(own: Member, others: list[Member]) -> None:
    reason = may_join(own, others)
    assert reason.rule in JOIN_RULES
    if not allows(reason):
        return
    bus = [other for other in others if other.connected]
    if not bus:
        assert all(other.connected is False for other in others)
        return
    assert own.voltage is not None
    for other in bus:
        assert other.voltage is not None
        assert other.current is not None
    mean = sum(other.voltage or 0.0 for other in bus) / len(bus)
    assert abs(own.voltage - mean) <= 1.5
    assert abs(own.voltage - mean) / (own.resistance + RESISTANCE / len(bus)) <= 200 + 1e-6
