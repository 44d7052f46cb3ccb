"""What must hold for every switch, whatever the readings, the faults, the wishes and their order."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.contactors import CONTACTOR, MOSFETS
from custom_components.home_bms.core.model import (
    ContactorState,
    Flow,
    Join,
    Level,
    PackReading,
    Reason,
    Relays,
    Snapshot,
    Switches,
)
from custom_components.home_bms.core.plausibility import everything_known

from .conftest import Story, make_config
from .plant import Plant, RelayStory
from .test_laws import wild_readings

OFF = Relays(main=False, precharge=False, pulse_until=None)
MATCHED = Reason(rule="bus_matched")

# What happens to the pack and its plant before the next looks, and what the sensors tell instead of the truth.
EVENTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "weld": {"plant": {"welded": True}},
    "loosen": {"plant": {"welded": False, "stuck_open": False, "aux_stuck": None, "blind": False}},
    "jam": {"plant": {"stuck_open": True}},
    "blind": {"plant": {"blind": True}},
    "aux_closed": {"plant": {"aux_stuck": True}},
    "aux_open": {"plant": {"aux_stuck": False}},
    "charge": {"plant": {"demand": 30.0}},
    "discharge": {"plant": {"demand": -30.0}},
    "rest": {"plant": {"demand": 0.0}},
    "short": {"plant": {"load": 2.0}},
    "mend": {"plant": {"load": 5000.0}},
    "bare": {"plant": {"capacitance": 0.0002}},
    "trip": {"told": {"alarms": frozenset({"discharge_short_circuit"})}},
    "no_cell": {"told": {"cells": (3.3,) * 15 + (None,), "voltage": 52.8}},
    "no_current": {"told": {"current": None}},
    "no_link": {"told": {"link_voltage": None}},
    "other_link": {"told": {"link_voltage": 52.8}},
    "no_position": {"told": {"switches": Switches(), "commanded": Switches()}},
    "wish_close": {"wish": {"charge": True}},
    "wish_open": {"wish": {"charge": False}},
    "wish_none": {"wish": {"charge": None}},
    "reset": {"reset": True},
    "permit": {"join": True},
    "forbid": {"join": False},
}
events = st.lists(
    st.tuples(st.sampled_from(sorted(EVENTS)), st.sampled_from([1, 2, 3, 12, 40])), min_size=1, max_size=12
)
rules = st.sampled_from(
    [
        CONTACTOR,
        replace(CONTACTOR, precharge=False),
        replace(CONTACTOR, asks=True, link_decay=None),
        replace(CONTACTOR, precharge_soonest=1.5, break_within=0.0, tries=1),
    ]
)


class Watch:
    """Lets a story live through events and holds every law at every look."""

    def __init__(self, story: RelayStory) -> None:
        self.story = story
        self.rules = story.config.contactors
        self.last = OFF
        self.state = ContactorState.UNKNOWN
        self.fell = -1e9
        self.tripped_since: float | None = None
        self.closings = 0

    def live(self, event: dict[str, Any], looks: int) -> None:
        story = self.story
        for name, value in event.get("plant", {}).items():
            setattr(story.plant, name, value)
        if "wish" in event:
            story.wish(**event["wish"])
        if "reset" in event and story.snapshot is not None:
            story.state, _ = bms.reset_trips(story.config, story.state, story.plant.reading())
        if "join" in event:
            story.state = bms.join(story.state, Join(allowed=event["join"], reason=MATCHED, until=story.time + 30))
        for _ in range(looks):
            story.live(story.poll, **event.get("told", {}))
            assert story.snapshot is not None
            self.hold(story.snapshot)

    def hold(self, snapshot: Snapshot) -> None:
        now, relays, last = self.story.time, snapshot.decision.relays or OFF, self.last
        tripped = snapshot.decision.worst is Level.TRIP
        known = everything_known(self.story.config, snapshot.believed)
        position = snapshot.reading.switches.charge
        # Never closed with a trip or with anything unknown: neither coil is switched on, and no precharge goes on.
        if tripped or not known or position is None:
            assert not relays.precharge
            found_closed = self.state is ContactorState.UNKNOWN and position is True
            assert last.main or not relays.main or found_closed
        self.tripped_since = None if not tripped else now if self.tripped_since is None else self.tripped_since
        if self.tripped_since is not None and now - self.tripped_since >= self.rules.break_within:
            assert not relays.main
        if tripped:
            assert relays.pulse_until in (None, last.pulse_until)
        failure = snapshot.contactors.charge.failure
        if failure is not None:
            assert (relays.main, relays.precharge) == (False, False)
            assert snapshot.decision.switches.charge is False
        if relays.main and not last.main and self.state is not ContactorState.UNKNOWN:
            self.closings += 1
            if self.rules.precharge:
                assert self.state is ContactorState.PRECHARGE
                assert last.precharge
                link, current = snapshot.reading.link_voltage, snapshot.believed.current
                assert link is not None
                assert abs(link - 52.8) <= 0.05 * 52.8 + 1e-6
                assert current is not None
                assert abs(current) <= self.rules.precharge_current
        energised, was = relays.main or relays.precharge, last.main or last.precharge
        if energised and not was and self.state is not ContactorState.UNKNOWN:
            assert now - self.fell >= self.rules.open_least
        if was and not energised:
            self.fell = now
        if relays.main or relays.precharge:
            assert relays.pulse_until is None or relays.pulse_until <= now + self.rules.pulse
        self.last, self.state = relays, snapshot.contactors.charge.state


@given(events, rules)
def test_no_past_and_no_fault_breaks_a_law_of_the_contactor(past: list[tuple[str, int]], rules: Any) -> None:
    watch = Watch(RelayStory(wish=False, plant=Plant()))
    watch.story.config = replace(watch.story.config, contactors=rules)
    watch.rules = rules
    watch.live(EVENTS["permit"], 1)
    watch.live(EVENTS["wish_close"], 6)
    # The laws are about closings, so there must be one to begin with.
    assert watch.closings == 1
    for name, looks in past:
        watch.live(EVENTS[name], looks)


@given(st.lists(wild_readings(), min_size=1, max_size=12), st.sampled_from([MOSFETS, CONTACTOR]), st.booleans())
def test_no_reading_at_all_closes_anything_that_is_not_known_and_permitted(
    readings: list[PackReading], rules: Any, wished: bool
) -> None:
    config = replace(make_config(cells=4), contactors=rules)
    state = bms.start(config)
    state = bms.wish(config, state, replace(state.wishes, charge=wished or None, discharge=wished or None))
    for reading in readings:
        state, snapshot = bms.observe(config, state, reading)
        decision, tracks = snapshot.decision, snapshot.contactors
        known = everything_known(config, snapshot.believed)
        for flow, wish, permitted, position, track in (
            (Flow.CHARGE, decision.switches.charge, decision.charge_permitted, reading.switches.charge, tracks.charge),
            (
                Flow.DISCHARGE,
                decision.switches.discharge,
                decision.discharge_permitted,
                reading.switches.discharge,
                tracks.discharge,
            ),
        ):
            if wish is not True:
                continue
            assert known
            assert track.failure is None
            assert not any(alarm.level is Level.TRIP and alarm.flow & flow for alarm in decision.alarms)
            if not rules.relays:
                assert permitted
                assert position is not None
        if decision.relays is not None and decision.relays.precharge:
            assert known
            assert decision.worst is not Level.TRIP


DEEDS = ["quiet", "trip", "reset", "wish_close", "wish_open", "wish_none", "stuck", "free", "late"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(DEEDS),
            st.integers(1, 12),
        ),
        max_size=12,
    )
)
def test_a_mosfet_that_home_bms_opened_stays_open_for_its_least_time(past: list[tuple[str, int]]) -> None:
    story = Story()
    story.tell(40)
    switches = commanded = Switches(charge=True, discharge=True, balance=False)
    stuck, last_open, closings = False, -1e9, 0
    for name, looks in [*past, ("quiet", 12), ("wish_close", 12)]:
        stuck = name == "stuck" or (stuck and name != "free")
        if name.startswith("wish"):
            charge = {"wish_close": True, "wish_open": False, "wish_none": None}[name]
            story.state = bms.wish(story.config, story.state, replace(story.state.wishes, charge=charge))
        if name == "reset" and story.snapshot is not None:
            story.state, _ = bms.reset_trips(story.config, story.state, story.snapshot.reading)
        told: dict[str, Any] = {"alarms": frozenset({"charge_short_circuit"})} if name == "trip" else {}
        for _ in range(looks):
            story.tell(1, switches=switches, commanded=commanded, **told)
            wish = story.decision.switches.charge
            if wish is True and switches.charge is False and commanded.charge is False:
                closings += 1
                assert story.time - last_open >= MOSFETS.open_least
            if wish is False and switches.charge is not False:
                last_open = story.time
            if wish is not None and name != "late":
                commanded = replace(commanded, charge=wish)
                if not stuck:
                    switches = replace(switches, charge=wish)


def test_the_law_of_the_least_time_speaks_of_something() -> None:
    """The same story as above, but one that surely closes again."""
    story = Story()
    story.tell(40)
    opened = Switches(charge=False, discharge=True, balance=False)
    story.state = bms.wish(story.config, story.state, replace(story.state.wishes, charge=False))
    story.tell(1)
    story.tell(1, switches=opened, commanded=opened)
    story.state = bms.wish(story.config, story.state, replace(story.state.wishes, charge=True))
    story.tell(8, switches=opened, commanded=opened)
    assert story.decision.switches.charge is False
    story.tell(2, switches=opened, commanded=opened)
    assert story.decision.switches.charge is True
