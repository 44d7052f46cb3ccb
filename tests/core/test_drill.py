"""A drill lets out only what is worse than the truth, touches nothing that is kept, and ends."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core import bms, drill
from custom_components.home_bms.core.drill import LONGEST, RECOVERY, Drill, Pretence
from custom_components.home_bms.core.model import Level, PackReading, Snapshot

from .conftest import Story, make_reading
from .test_laws import CONFIG, live, pasts, real_readings, wild_readings


class Drilled:
    """A pack that lives through readings with a drill beside it."""

    def __init__(self, story: Story, pretence: Pretence) -> None:
        self.story = story
        assert story.snapshot is not None
        self.drill: Drill | None = drill.begin(story.config, story.state, story.snapshot.reading, pretence)
        self.told: Snapshot = story.snapshot

    def tell(self, seconds: float = 1.0, **changes: Any) -> Snapshot:
        for _ in range(round(seconds)):
            self.story.tell(1, **changes)
            assert self.story.snapshot is not None
            self.told = self.story.snapshot
            if self.drill is not None:
                self.drill, self.told = drill.step(self.story.config, self.drill, self.story.snapshot)
        return self.told

    def level(self, key: str) -> Level:
        return next((alarm.level for alarm in self.told.decision.alarms if alarm.key == key), Level.OK)


def test_a_lost_link_is_pretended_in_stages_while_the_pack_is_still_watched(story: Story) -> None:
    drilled = Drilled(story, Pretence.LINK_LOST)
    seen = []
    for _ in range(12):
        told = drilled.tell(current=20.0)
        assert told.drill == "link_lost"
        assert told.believed.current == 20.0
        seen.append(told.decision.ccl.value)
    assert seen[0] == 100
    assert 0 < seen[6] <= 25
    assert seen[-1] == 0
    assert told.decision.dcl.value == 0
    assert drilled.level("communication_lost") is Level.PROTECT
    assert story.decision.ccl.value == 100
    assert not story.decision.alarms


def test_a_cell_that_is_pretended_too_high_stops_charging_and_trips_nothing(story: Story) -> None:
    drilled = Drilled(story, Pretence.CELL_OVERVOLTAGE)
    told = drilled.tell(3)
    assert told.decision.ccl.value == 0
    assert not told.decision.charge_permitted
    assert told.decision.dcl.value > 0
    assert drilled.level("cell_overvoltage") is Level.PROTECT
    told = drilled.tell(20)
    assert told.decision.worst is Level.PROTECT
    # What is measured is shown and told as it is.
    assert told.reading.cells == (3.30,) * 16
    assert told.believed.cell_max == 3.30


def test_what_was_pretended_comes_back_slowly_and_is_forgotten(story: Story) -> None:
    drilled = Drilled(story, Pretence.CELL_OVERVOLTAGE)
    drilled.tell(5)
    assert drilled.drill is not None
    drilled.drill = drill.end(drilled.drill, story.time)
    limits = [drilled.tell().decision.ccl.value for _ in range(150)]
    assert limits[20] == 0
    assert all(later >= sooner for sooner, later in pairwise(limits))
    assert max(later - sooner for sooner, later in pairwise(limits)) <= 3
    assert limits[-1] == 100
    assert drilled.drill is None
    assert drilled.told.drill is None
    assert drilled.told == story.snapshot


def test_nothing_is_pretended_for_longer_than_its_time(story: Story) -> None:
    drilled = Drilled(story, Pretence.CELL_OVERVOLTAGE)
    drilled.tell(LONGEST + 1)
    assert drilled.drill is not None
    assert not drill.pretends(drilled.drill, story.time)
    drilled.tell(RECOVERY)
    assert drilled.drill is None


def test_a_drill_is_over_in_the_end_though_its_limits_do_not_come_back(story: Story) -> None:
    drilled = Drilled(story, Pretence.CELL_OVERVOLTAGE)
    drilled.tell(5)
    assert drilled.drill is not None
    _, true = bms.observe(story.config, story.state, make_reading(story.time + LONGEST + RECOVERY))
    assert drill.step(story.config, drilled.drill, true) == (None, true)


def test_an_inverter_that_ignores_a_drill_opens_no_switch(story: Story) -> None:
    story.state = bms.deliver(story.state, delivered=True)
    drilled = Drilled(story, Pretence.CELL_OVERVOLTAGE)
    for _ in range(28):
        told = drilled.tell(current=50.0)
        assert told.decision.switches == story.decision.switches
        assert told.decision.switches.charge is not False
    assert drilled.level("command_ignored") is Level.OK
    assert told.decision.ccl.value == 0


def test_a_real_danger_is_told_during_a_drill(story: Story) -> None:
    drilled = Drilled(story, Pretence.LINK_LOST)
    told = drilled.tell(3)
    assert told.decision.worst is Level.OK
    told = drilled.tell(6, cells=(3.90, *(3.30,) * 15))
    assert drilled.level("cell_overvoltage") is Level.TRIP
    assert told.decision.switches.charge is False


def test_a_trip_that_was_reset_during_a_drill_stays_no_trip_of_the_drill(story: Story) -> None:
    drilled = Drilled(story, Pretence.CELL_OVERVOLTAGE)
    drilled.tell(6, cells=(3.90, *(3.30,) * 15))
    drilled.tell(15)
    assert drilled.level("cell_overvoltage") is Level.TRIP
    assert story.snapshot is not None
    story.state, standing = bms.reset_trips(story.config, story.state, story.snapshot.reading)
    assert standing == ()
    told = drilled.tell()
    assert told.drill == "cell_overvoltage"
    assert drilled.level("cell_overvoltage") is Level.PROTECT
    assert told.decision.mode == "protected"


def test_a_cell_that_is_higher_than_what_is_pretended_keeps_its_own_voltage(story: Story) -> None:
    assert story.snapshot is not None
    begun = drill.begin(story.config, story.state, story.snapshot.reading, Pretence.CELL_OVERVOLTAGE)
    higher = make_reading(story.time + 1, cell=3.70)
    assert drill.pretended(begun, higher) is higher


def test_a_link_that_is_pretended_lost_over_midnight_takes_the_calendar_along(story: Story) -> None:
    assert story.snapshot is not None
    last = replace(story.snapshot.reading, clock=1000.0, day=7)
    begun = drill.begin(story.config, story.state, last, Pretence.LINK_LOST)
    told = drill.pretended(begun, make_reading(story.time + 2, clock=1002.0, day=8, current=50.0))
    assert (told.time, told.clock, told.day) == (story.time + 2, 1002.0, 8)
    assert (told.current, told.current_time) == (last.current, last.current_time)


@pytest.mark.parametrize("cells", [(), (None,) * 16])
def test_a_pack_without_a_known_cell_has_nothing_to_pretend_with(story: Story, cells: tuple[float | None, ...]) -> None:
    begun = drill.begin(story.config, story.state, make_reading(5.0, cells=cells), Pretence.CELL_OVERVOLTAGE)
    reading = make_reading(6.0)
    assert drill.pretended(begun, reading) is reading


@pytest.mark.parametrize("cells", [(3.3,), (None,) * 16])
def test_a_pack_that_has_lost_the_cell_meanwhile_is_judged_as_it_is(
    story: Story, cells: tuple[float | None, ...]
) -> None:
    assert story.snapshot is not None
    last = replace(story.snapshot.reading, cells=(*(3.30,) * 15, 3.31))
    begun = drill.begin(story.config, story.state, last, Pretence.CELL_OVERVOLTAGE)
    assert begun.cell == 15
    poorer = make_reading(story.time + 1, cells=cells)
    assert drill.pretended(begun, poorer) is poorer


def test_a_pack_that_tells_no_voltage_is_given_none(story: Story) -> None:
    assert story.snapshot is not None
    begun = drill.begin(story.config, story.state, story.snapshot.reading, Pretence.CELL_OVERVOLTAGE)
    reading = make_reading(story.time + 1, voltage=None)
    assert drill.pretended(begun, reading).voltage is None
    whole = make_reading(story.time + 1)
    told = drill.pretended(begun, whole)
    assert told.voltage == pytest.approx(sum(cell for cell in told.cells if cell is not None))


any_reading = st.one_of(
    wild_readings(), st.builds(lambda facts, time: make_reading(time, **facts), real_readings(), st.floats(101, 200))
)


@given(pasts, st.lists(any_reading, min_size=1, max_size=5), st.sampled_from(Pretence), st.data())
def test_a_drill_never_raises_a_limit_closes_a_switch_or_touches_what_is_kept(
    past: list[dict[str, Any]], readings: list[PackReading], pretence: Pretence, data: st.DataObject
) -> None:
    """The law: whatever is pretended, what comes out is at most what the truth would let out."""
    state, time = live(CONFIG, past)
    state = bms.deliver(state, delivered=data.draw(st.booleans()))
    last = make_reading(time, **past[-1]) if past else make_reading(time, cells=(3.3,) * CONFIG.cells)
    running: Drill | None = drill.begin(CONFIG, state, last, pretence)
    end_after = data.draw(st.integers(0, len(readings)))
    for number, reading in enumerate(readings):
        if running is None:
            break
        if number == end_after:
            running = drill.end(running, reading.time)
        state, true = bms.observe(CONFIG, state, reading)
        kept = repr(state)
        running, told = drill.step(CONFIG, running, true)
        assert told.decision.cvl.value <= true.decision.cvl.value
        assert told.decision.ccl.value <= true.decision.ccl.value
        assert told.decision.dcl.value <= true.decision.dcl.value
        assert told.decision.charge_permitted <= true.decision.charge_permitted
        assert told.decision.discharge_permitted <= true.decision.discharge_permitted
        assert told.decision.switches == true.decision.switches
        assert told.decision.relays == true.decision.relays
        assert told.decision.balance == true.decision.balance
        levels = {alarm.key: alarm.level for alarm in told.decision.alarms}
        assert all(levels[alarm.key] >= alarm.level for alarm in true.decision.alarms)
        assert all(
            level < Level.TRIP for key, level in levels.items() if key not in {a.key for a in true.decision.alarms}
        )
        # All but the decision is the truth, and so is all that is kept of it.
        assert repr(replace(told, decision=true.decision, drill=None)) == repr(true)
        assert repr(state) == kept
        assert (running is None) == (told.drill is None)
