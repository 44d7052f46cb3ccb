"""Several packs as one battery."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from custom_components.home_bms.core.battery import Cell, Cells
from custom_components.home_bms.core.limits import RULES
from custom_components.home_bms.core.model import (
    ContactorsState,
    ContactorState,
    PackConfig,
    PackReading,
    Snapshot,
    Switches,
    SwitchTrack,
    SystemDecision,
)
from custom_components.home_bms.core.roster import PACK_RULES
from custom_components.home_bms.core.system import SYSTEM_RULES, SystemState, combine, step

from .conftest import Story, make_config

NO_CHARGE = Switches(charge=False, discharge=True)
NO_DISCHARGE = Switches(charge=True, discharge=False)
OPEN = Switches(charge=False, discharge=False)
# What two packs that are alike are taken to carry at most, before anything was seen of how current divides.
CAREFUL = 0.5 * (1 + 0.5 * 0.5)


def pack(capacity: float = 280.0, **changes: Any) -> Story:
    story = Story(make_config(capacity=capacity, charge_current=100.0, discharge_current=100.0))
    story.tell(100)
    if changes:
        # What leaps is believed when it is repeated.
        story.tell(2, **changes)
    return story


def packs_of(**packs: Story) -> dict[str, tuple[PackConfig, Snapshot]]:
    return {key: (story.config, story.snapshot) for key, story in packs.items() if story.snapshot}


def together(**packs: Story) -> SystemDecision:
    return combine(packs_of(**packs))


class Battery:
    """Packs that live through readings a second apart, and what is remembered of them together."""

    def __init__(self, **packs: Story) -> None:
        self.packs = packs
        self.state = SystemState()

    def tell(self, seconds: float = 1.0, **changes: dict[str, Any] | None) -> SystemDecision:
        """Let the same arrive for so many seconds; `None` is silence."""
        for _ in range(round(seconds)):
            for key, story in self.packs.items():
                told = changes.get(key, {})
                story.silence(1) if told is None else story.tell(1, **told)
            self.state, decision = step(self.state, packs_of(**self.packs))
            assert all(share.reason.rule in PACK_RULES for share in decision.packs.values())
            rules = {bound.reason.rule for bound in (decision.cvl, decision.ccl, decision.dcl)}
            assert rules <= {*RULES, *SYSTEM_RULES}
        return decision


@pytest.fixture
def battery() -> Battery:
    battery = Battery(first=pack(), second=pack())
    battery.tell(100)
    return battery


def test_two_equal_packs_carry_nearly_twice_the_current_at_the_lower_voltage() -> None:
    first, second = pack(), pack(cell=3.32)
    both = together(first=first, second=second)
    assert (both.ccl.value, both.dcl.value) == (pytest.approx(100 / CAREFUL), pytest.approx(100 / CAREFUL))
    assert both.cvl.value == pytest.approx(55.2)
    assert both.voltage == pytest.approx(16 * 3.31)
    assert both.capacity == 560
    assert both.soc == pytest.approx(50)
    assert {share.share for share in both.packs.values()} == {0.5}


def test_what_a_pack_foresees_is_told_of_the_battery_with_its_seconds(battery: Battery) -> None:
    for second in range(40):
        told = {"cell": 3.33 + 0.0015 * second, "current": 50.0}
        decision = battery.tell(1, first=told, second=told)
    assert (decision.ccl.reason.rule, decision.ccl.reason.ahead) == ("inverter_reaction", 10.0)


def test_one_pack_alone_gives_all_that_it_may() -> None:
    assert together(first=pack()).ccl.value == 100


def test_the_pack_that_permits_least_for_its_share_limits_all() -> None:
    both = together(first=pack(), second=pack(temperatures=(44.0, 45.0)), third=pack(capacity=140.0))
    assert both.ccl.value == pytest.approx(50 / (0.4 * (1 + 0.5 * 0.6)))
    assert (both.weakest_charge, both.ccl.reason.rule, both.ccl.reason.sensor) == ("second", "temperature", 1)
    assert both.weakest_discharge == "first"
    assert both.weakest == "second"


def test_a_pack_with_a_limit_of_zero_and_its_switch_closed_stops_all() -> None:
    both = together(first=pack(), second=pack(temperatures=(51.0, 52.0)))
    assert (both.ccl.value, both.ccl.reason.rule, both.weakest) == (0, "charge_overtemperature", "second")


def test_the_only_pack_that_falls_silent_stops_all() -> None:
    tired = pack()
    tired.silence(11)
    alone = together(first=tired)
    assert (alone.ccl.value, alone.dcl.value, alone.ccl.reason.rule) == (0, 0, "communication_lost")
    assert alone.packs["first"].reason.rule == "unseen"
    assert (alone.current, alone.power) == (None, None)


def test_of_a_lost_pack_of_which_nothing_was_ever_known_nothing_is_permitted() -> None:
    never = Story()
    never.show(PackReading(time=1100.0))
    both = together(first=pack(), second=never)
    assert (both.ccl.value, both.ccl.reason.rule, both.weakest_charge) == (0, "pack_unseen", "second")


def test_a_pack_whose_switch_is_open_takes_no_part() -> None:
    both = together(first=pack(), second=pack(switches=NO_CHARGE))
    assert both.ccl.value == 100
    assert both.dcl.value == pytest.approx(100 / CAREFUL)
    assert both.packs["second"].reason.rule == "charge_open"
    assert (both.packs["second"].charges, both.packs["second"].discharges) == (False, True)
    other = together(first=pack(), second=pack(switches=NO_DISCHARGE))
    assert other.dcl.value == 100
    assert other.packs["second"].reason.rule == "discharge_open"


def test_what_is_off_the_bus_is_in_no_sum() -> None:
    away = pack(switches=OPEN, cell=3.2, current=0.0)
    both = together(first=pack(current=10.0), second=away)
    assert both.packs["second"].reason.rule == "open"
    assert both.packs["second"].share is None
    assert both.voltage == pytest.approx(52.8)
    assert both.current == pytest.approx(10)
    assert both.cvl.value == pytest.approx(55.2)


def test_a_pack_on_its_way_to_the_bus_is_told_as_joining() -> None:
    story = pack(switches=OPEN)
    assert story.snapshot is not None
    track = SwitchTrack(state=ContactorState.PRECHARGE)
    story.snapshot = replace(story.snapshot, contactors=ContactorsState(charge=track, discharge=track))
    assert together(first=pack(), second=story).packs["second"].reason.rule == "joining"


def test_with_every_switch_open_nothing_is_permitted_and_the_gravest_reason_stays() -> None:
    both = together(first=pack(switches=OPEN))
    assert (both.ccl.value, both.ccl.reason.rule, both.weakest) == (0, "packs_open", "first")
    hot = together(first=pack(switches=OPEN), second=pack(switches=OPEN, temperatures=(52.0, 53.0)))
    assert (hot.ccl.value, hot.ccl.reason.rule, hot.weakest_charge) == (0, "charge_overtemperature", "second")
    assert hot.dcl.reason.rule == "packs_open"
    assert hot.voltage == pytest.approx(52.8)


def test_one_unknown_makes_the_sum_unknown() -> None:
    both = together(first=pack(current=10.0), second=pack(current=None))
    assert (both.current, both.power) == (None, None)
    assert both.voltage is not None


def test_charge_and_health_weigh_by_capacity() -> None:
    both = together(first=pack(soh=100.0), second=pack(capacity=140.0, soh=85.0))
    assert both.soh == pytest.approx(95)
    assert together(first=pack(soh=100.0), second=pack()).soh is None


def test_old_current_is_in_no_sum() -> None:
    tired = pack(current=10.0)
    tired.silence(6)
    both = together(first=pack(current=10.0), second=tired)
    assert (both.current, both.voltage, both.power) == (None, None, None)


def test_a_pack_whose_watcher_has_stopped_is_a_lost_one() -> None:
    first, second = pack(), pack()
    first.tell(12)
    both = together(first=first, second=second)
    assert both.packs["second"].reason.rule == "unseen"
    assert both.packs["second"].reason.value == pytest.approx(12, abs=0.1)


def test_power_and_energy_add_up() -> None:
    both = together(first=pack(current=10.0), second=pack(current=-4.0))
    assert both.current == pytest.approx(6)
    assert both.power == pytest.approx(6 * 52.8)
    assert both.energy_in > 0
    assert both.energy_out > 0


def test_no_pack_at_all_permits_nothing() -> None:
    empty = combine({})
    assert (empty.cvl.value, empty.ccl.value, empty.dcl.value, empty.soc, empty.weakest) == (0, 0, 0, None, None)
    assert step(SystemState(), {}) == (SystemState(), empty)


def test_a_battery_begins_at_zero_and_rises_with_its_packs() -> None:
    fresh = Battery(first=Story(), second=Story())
    decision = fresh.tell(1)
    assert (decision.ccl.value, decision.ccl.reason.rule) == (0, "starting")
    assert decision.cvl.value == pytest.approx(16 * 3.35)
    assert fresh.tell(29).ccl.value == 0
    assert 0 < fresh.tell(10).ccl.value < 40
    decision = fresh.tell(120)
    assert decision.ccl.value == pytest.approx(100 / CAREFUL)
    assert decision.cvl.value == pytest.approx(55.2)


def test_the_charge_voltage_rises_in_steps_that_an_inverter_can_follow() -> None:
    fresh = Battery(first=pack(), second=pack())
    voltages = [fresh.tell(1).cvl.value for _ in range(100)]
    rises = [second for second, (low, high) in enumerate(pairwise(voltages)) if high > low]
    assert all(after - before >= 20 for before, after in pairwise(rises))
    assert len(rises) >= 2
    assert voltages[-1] == pytest.approx(55.2)


def test_a_pack_that_falls_silent_lowers_the_limits_in_stages_and_ends_no_battery(battery: Battery) -> None:
    before = battery.tell(1)
    assert battery.tell(4, second=None).ccl.value == before.ccl.value
    late = battery.tell(2, second=None)
    assert late.ccl.value == pytest.approx(25 / CAREFUL)
    lost = battery.tell(20, second=None)
    assert lost.packs["second"].reason.rule == "unseen"
    assert (lost.ccl.value, lost.ccl.reason.rule) == (pytest.approx(25 / CAREFUL), "pack_unseen")
    assert (lost.ccl.reason.threshold, lost.weakest_charge) == (100, "second")
    assert lost.cvl.value == pytest.approx(16 * 3.35), "a pack that nobody sees is not brought to the top"
    assert (lost.current, lost.soc) == (None, pytest.approx(50))


def test_a_lost_pack_that_was_too_hot_still_stops_the_charge(battery: Battery) -> None:
    battery.tell(5, second={"temperatures": (51.0, 52.0)})
    lost = battery.tell(60, second=None)
    assert lost.ccl.value == 0
    assert lost.dcl.value > 20


def test_a_lost_pack_whose_switches_were_open_is_off_the_bus(battery: Battery) -> None:
    battery.tell(5, second={"switches": OPEN})
    lost = battery.tell(60, second=None)
    assert lost.packs["second"].reason.rule == "open"
    assert lost.ccl.value == 100


def test_a_pack_that_is_heard_again_stops_nobody_while_its_limits_rise(battery: Battery) -> None:
    lost = battery.tell(20, second=None)
    for _ in range(15):
        back = battery.tell(1)
        assert back.packs["second"].reason.rule == "coming_back"
        assert back.ccl.value == pytest.approx(lost.ccl.value)
    assert battery.packs["second"].decision.ccl.value < 25
    back = battery.tell(120)
    assert back.packs["second"].reason.rule == "in"
    assert back.ccl.value == pytest.approx(100 / CAREFUL)


def test_a_pack_that_comes_back_hot_is_heeded_at_once(battery: Battery) -> None:
    battery.tell(20, second=None)
    battery.tell(4)
    back = battery.tell(4, second={"temperatures": (51.0, 52.0)})
    assert back.ccl.value == 0


def test_no_limit_leaps_up_where_the_pack_that_held_it_down_has_left(battery: Battery) -> None:
    assert battery.tell(3, second={"temperatures": (51.0, 52.0)}).ccl.value == 0
    left = battery.tell(1, second={"temperatures": (51.0, 52.0), "switches": NO_CHARGE})
    assert 0 < left.ccl.value <= 5
    assert left.ccl.reason.rule == "recovering"
    left = battery.tell(60, second={"temperatures": (51.0, 52.0), "switches": NO_CHARGE})
    assert left.ccl.value == pytest.approx(100)


def test_while_a_pack_is_not_known_no_limit_of_the_battery_rises(battery: Battery) -> None:
    battery.tell(3, first={"temperatures": (51.0, 52.0)})
    battery.tell(3, first={"temperatures": (51.0, 52.0), "switches": NO_CHARGE})
    before = battery.state.charge.value
    gone = {"cells": (None, *(3.3,) * 15), "voltage": 52.8}
    held = battery.tell(4, first={"switches": NO_CHARGE}, second=gone)
    assert held.ccl.value <= before
    assert held.ccl.reason.rule == "value_missing"


def test_a_pack_that_shares_only_one_direction_is_counted_with_what_it_last_carried(battery: Battery) -> None:
    for current in (40.0, -40.0, 40.0, -40.0, 40.0):
        battery.tell(10, first={"current": current}, second={"current": current})
    learned = battery.tell(1, first={"current": 0.0}, second={"current": 0.0})
    assert learned.dcl.value > 100 / CAREFUL + 20
    half = battery.tell(60, first={"current": -30.0}, second={"current": 0.0, "switches": NO_DISCHARGE})
    assert half.dcl.value == pytest.approx(100)
    assert half.ccl.value == pytest.approx(learned.ccl.value, rel=0.05)


def test_halves_alone_are_a_battery_too() -> None:
    both = together(first=pack(switches=NO_CHARGE), second=pack(switches=NO_CHARGE))
    assert both.dcl.value == pytest.approx(100 / CAREFUL)


def test_current_that_exceeds_one_pack_takes_the_battery_down_at_once(battery: Battery) -> None:
    over = battery.tell(1, first={"current": 120.0}, second={"current": 20.0})
    assert over.ccl.value == pytest.approx(140 * 100 / 120)
    assert over.weakest_charge == "first"


def test_learned_resistances_tell_how_current_divides_before_any_flows() -> None:
    stories = {"first": pack(), "second": pack()}
    for key, ohms in (("first", 0.0002), ("second", 0.0006)):
        story = stories[key]
        assert story.snapshot is not None
        knowledge = story.snapshot.estimate.knowledge
        assert knowledge is not None
        known = replace(knowledge, now=Cells((Cell(0.0, ohms),) * 16, Cell(0.0, ohms)))
        story.snapshot = replace(story.snapshot, estimate=replace(story.snapshot.estimate, knowledge=known))
    both = together(**stories)
    first, second = both.packs["first"].share, both.packs["second"].share
    assert first is not None
    assert second is not None
    assert first / second == pytest.approx((16 * 0.0006 + 0.001) / (16 * 0.0002 + 0.001))
