"""What a pack lives through is told from the counters, keeps its extremes, and survives a restart."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.history import HistoryError, bin_of
from custom_components.home_bms.core.model import PackState
from custom_components.home_bms.core.past import BINS, NOTHING, PEAKS, Extremes, Mark, Session, Sessions, Way
from custom_components.home_bms.core.sessions import HOLD, KEPT, follow

from .conftest import Story, make_config, make_reading, with_cell

EPOCH = 1_700_000_000.0
STEP = 10.0
MINUTE = 60.0
HOUR = 3600.0
# Amperes of the pack of 280 Ah.
SUN, CLOUD, KETTLE, HOUSE = 60.0, -4.0, -45.0, -20.0


class House(Story):
    """A pack in a house, looked at every ten seconds; its clock began at EPOCH."""

    day = 1
    warm = 22.0
    step = STEP

    def live(self, hours: float, current: float, **changes: Any) -> House:
        for _ in range(round(hours * HOUR / self.step)):
            self.time += self.step
            breath = {"switch_temperature": 30.0 + self.time % 20 / 100, "temperatures": (self.warm, self.warm + 1)}
            clock = {"clock": EPOCH + self.time, "day": self.day}
            self.show(make_reading(self.time, current=current, **(breath | clock | changes)))
        return self

    @property
    def done(self) -> list[Session]:
        return list(self.state.history.sessions.done)

    def saved(self) -> dict[str, Any]:
        return dict(json.loads(json.dumps(bms.save_learned(self.config, self.state), allow_nan=False)))


def peaks(extremes: Extremes | Session) -> dict[str, float | None]:
    values = extremes.peaks if isinstance(extremes, Session) else extremes.values
    return {name: value for (name, _), value in zip(PEAKS, values, strict=True)}


def restarted(house: House, *, gap: float | None = 0.0) -> House:
    """Return the house with another process' clock; its counters and what was learned come from the disk."""
    other = House(house.config)
    kept = json.loads(json.dumps(bms.save(house.state, house.time)))
    other.time = 5.0
    other.day = house.day
    state = bms.restore(other.config, kept, now=other.time, gap=gap)
    other.state = bms.load_learned(other.config, state, house.saved(), now=other.time, gap=gap)
    return other


def test_a_day_with_clouds_is_one_charge_and_an_evening_with_a_kettle_one_discharge() -> None:
    house = House().live(0.5, 0.0)
    for _ in range(3):
        house.live(0.5, SUN).live(0.15, CLOUD).live(0.05, 0.0)
    house.live(0.5, SUN)
    for _ in range(3):
        house.live(0.5, HOUSE).live(0.05, KETTLE).live(0.1, SUN)
    house.live(0.5, HOUSE).live(1, 0.0)
    charge, discharge = house.done
    assert (charge.way, discharge.way) == (Way.CHARGE, Way.DISCHARGE)
    assert charge.charge_in == pytest.approx(4 * 0.5 * SUN, rel=0.01)
    assert charge.charge_out == pytest.approx(3 * 0.15 * -CLOUD, rel=0.01)
    assert charge.energy_in == pytest.approx(charge.charge_in * 16 * 3.30, rel=0.01)
    assert discharge.charge_out == pytest.approx(2 * -HOUSE + 3 * 0.05 * -KETTLE, rel=0.02)
    assert charge.seconds == pytest.approx(HOUR * (4 * 0.5 + 3 * 0.2), abs=2 * STEP)
    assert charge.start.clock == pytest.approx(EPOCH + 1000 + 0.5 * HOUR, abs=2 * STEP)
    # The discharge began when charging ended, although that was known only after the hold.
    assert discharge.start == charge.end
    assert peaks(charge)["charge_current"] == SUN
    assert peaks(discharge)["discharge_current"] == -KETTLE
    assert house.state.history.sessions.ended == 2
    assert house.state.history.sessions.open is None


def test_what_is_too_small_or_too_short_is_no_session() -> None:
    house = House()
    for _ in range(4):
        # The standby of an inverter, a load of a moment, and a minute that moved next to nothing.
        house.live(0.4, -1.0).live(0.01, HOUSE).live(0.4, 0.0).live(0.03, HOUSE).live(0.4, 0.0)
    assert house.done == []


def test_the_extremes_of_a_break_belong_to_a_session_only_if_it_goes_on() -> None:
    house = House().live(0.5, SUN, cell=3.40).live(0.1, CLOUD, cell=3.20).live(0.5, SUN, cell=3.41)
    house.live(0.3, 0.0, cell=3.10)
    assert peaks(house.done[0])["cell_low"] == 3.20
    assert peaks(house.done[0])["cell_high"] == 3.41
    house.live(0.5, HOUSE, cell=3.15).live(0.3, SUN, cell=3.45).live(0.1, SUN)
    assert peaks(house.done[1])["cell_high"] == 3.15
    assert house.state.history.sessions.open is not None
    assert peaks(house.state.history.sessions.open)["cell_high"] == 3.45


def test_a_peak_between_two_looks_is_seen() -> None:
    house = House().live(0.5, SUN)
    for current in (SUN, SUN + 30, SUN):
        house.tell(1, current=current)
    house.live(0.1, CLOUD)
    house.tell(3, current=-80)
    house.live(0.1, SUN).live(0.5, 0.0)
    assert peaks(house.done[0])["charge_current"] == SUN + 30
    assert peaks(house.done[0])["discharge_current"] == 80


def test_a_session_names_the_rule_that_held_it_down_and_for_how_long() -> None:
    house = House()
    house.step = 2.0
    house.live(0.1, 0.0).live(0.2, SUN)
    for house.warm in range(22, 49):
        house.live(0.01, SUN)
    limit = house.live(0.1, SUN).decision.ccl
    assert limit.reason.rule == "temperature"
    house.live(0.2, limit.value).live(0.3, 1.0)
    (session,) = house.done
    held = dict(session.limits)
    # The 18 minutes at its end, and the last few degrees on the way there.
    assert 0.3 * HOUR <= held["temperature"] <= 0.4 * HOUR
    # A limit that nobody reaches holds nobody down.
    house.live(0.3, HOUSE).live(0.3, 0.0)
    assert house.done[-1].limits == ()


class Cellar:
    """Marks of a pack whose charge is known to the Wh: it takes 53 V, gives 50 V, and stores at 51.5 V."""

    def __init__(self) -> None:
        self.sessions, self.mark = Sessions(), Mark(stored=5000.0)

    def live(self, hours: float, amps: float, *, correction: float = 0.0) -> Cellar:
        for _ in range(round(hours * HOUR / STEP)):
            last, moved = self.mark, amps * STEP / HOUR
            assert last.stored is not None
            self.mark = Mark(
                stored=last.stored + moved * 51.5 + correction,
                charge_in=last.charge_in + max(0.0, moved),
                charge_out=last.charge_out - min(0.0, moved),
                energy_in=last.energy_in + max(0.0, moved) * 53,
                energy_out=last.energy_out - min(0.0, moved) * 50,
            )
            correction = 0.0
            self.sessions = follow(
                self.sessions,
                mean=amps,
                elapsed=STEP,
                last=last,
                mark=self.mark,
                size=280.0,
                seen=NOTHING,
                met=(None, None),
            )
        return self

    @property
    def efficiencies(self) -> list[float | None]:
        return [session.efficiency for session in self.sessions.done]


def test_the_efficiency_of_a_pair_counts_what_is_left_in_the_pack() -> None:
    house = Cellar().live(1, 60.0).live(0.3, 0.0).live(0.95, -60.0).live(0.5, 0.0)
    _, percent = house.efficiencies
    assert percent == pytest.approx(100 * (57 * 50 + 3 * 51.5) / (60 * 53), rel=0.001)


def test_two_chargings_and_one_discharge_are_a_pair_from_where_they_began() -> None:
    house = Cellar().live(1, 60.0).live(0.3, 0.0).live(1, 60.0).live(0.3, 0.0).live(2, -60.0).live(0.5, 0.0)
    assert house.efficiencies == [None, None, pytest.approx(100 * 50 / 53, rel=0.001)]


@pytest.mark.parametrize("out", [0.3, 2.0])
def test_what_does_not_come_back_to_where_it_began_is_no_pair(out: float) -> None:
    house = Cellar().live(1, 60.0).live(0.3, 0.0).live(out, -60.0).live(0.5, 0.0)
    assert house.efficiencies == [None, None]


def test_what_is_stored_may_be_unknown() -> None:
    house = Cellar().live(1, 60.0).live(0.3, 0.0)
    (charge,) = house.sessions.done
    unknown = replace(charge, start=replace(charge.start, stored=None))
    house.sessions = replace(house.sessions, done=(unknown,))
    assert house.live(1, -60.0).live(0.5, 0.0).efficiencies == [None, None]


def test_a_correction_of_the_charge_makes_no_efficiency() -> None:
    house = Cellar().live(1, 60.0).live(0.3, 0.0).live(1.1, -60.0).live(0.1, -60.0, correction=618.0).live(0.5, 0.0)
    assert house.efficiencies == [None, None]


def test_only_the_last_sessions_are_kept_but_all_are_counted() -> None:
    house = House()
    for _ in range(KEPT + 3):
        house.live(0.1, SUN).live(0.26, 0.0)
    assert len(house.done) == KEPT
    assert house.state.history.sessions.ended == KEPT + 3


def test_a_day_begins_with_nothing_and_a_life_keeps_all() -> None:
    house = House().live(0.01, SUN, cells=with_cell(6, 3.45))
    first = house.state.history
    assert first.today == first.ever
    high = first.ever
    assert (high.values[0], high.places[0]) == (3.45, 6)
    assert high.at[0] == EPOCH + 1010
    house.day = 2
    house.live(0.01, HOUSE, cells=with_cell(3, 3.20))
    second = house.state.history
    assert second.yesterday == first.today
    assert (second.today.values[0], second.today.values[1]) == (3.30, 3.20)
    assert second.today.places[:2] == (0, 3)
    assert peaks(second.today)["charge_current"] is None
    assert peaks(second.ever) | {"cell_high": 3.45, "cell_low": 3.20, "charge_current": SUN} == peaks(second.ever)
    assert peaks(second.ever)["spread"] == pytest.approx(0.15)


def test_time_is_counted_where_it_was_spent() -> None:
    house = House().live(1, 0.0)
    for house.warm in range(22, 36):
        house.live(0.02, 0.0)
    house.live(0.5, 0.0)
    spent = house.state.history.exposure
    # The hour, and the warming up to 30 °C; between 30 and 40 °C the rest of that and the half hour.
    warm, warmer = sum(spent[3::7]), sum(spent[4::7])
    assert warm == pytest.approx(HOUR + 8 * 0.02 * HOUR, abs=MINUTE)
    assert warmer == pytest.approx(0.5 * HOUR + 6 * 0.02 * HOUR, abs=MINUTE)
    assert sum(spent) == warm + warmer
    before = sum(spent)
    house.time += 600
    house.live(0.01, 0.0, temperatures=(None, None))
    assert sum(house.state.history.exposure) == before


@pytest.mark.parametrize(
    ("soc", "temperature", "place"), [(0, -5, 0), (9.9, 0, 1), (10, -1, 7), (100, 60, BINS - 1), (50, 25, 38)]
)
def test_the_bins_have_edges(soc: float, temperature: float, place: int) -> None:
    assert bin_of(soc, temperature) == place


def test_a_restart_within_the_hold_cuts_no_session_and_loses_no_charge() -> None:
    house = House().live(0.3, 0.0).live(1, SUN)
    other = restarted(house, gap=120.0).live(1, SUN).live(0.5, 0.0)
    (session,) = other.done
    assert session.charge_in == pytest.approx(2 * SUN, rel=0.01)
    assert session.seconds == pytest.approx(2 * HOUR + 120, abs=5 * STEP)
    assert other.state.history.ever == other.state.history.today
    assert sum(other.state.history.exposure) > 2.5 * HOUR


@pytest.mark.parametrize("gap", [None, HOLD])
def test_a_long_stop_ends_a_session_where_it_last_was(gap: float | None) -> None:
    house = House().live(0.3, 0.0).live(1, SUN)
    other = restarted(house, gap=gap).live(1, SUN).live(0.5, 0.0)
    assert [round(session.charge_in) for session in other.done] == [60, 60]


def test_what_was_counted_after_the_last_write_is_in_the_session() -> None:
    house = House().live(0.3, 0.0).live(1, SUN)
    stale = house.saved()
    house.live(0.2, SUN)
    other = House(house.config)
    other.time = 5.0
    state = bms.restore(house.config, bms.save(house.state, house.time), now=5.0, gap=60.0)
    other.state = bms.load_learned(house.config, state, stale, now=5.0, gap=60.0)
    other.live(0.1, SUN).live(0.5, 0.0)
    assert other.done[0].charge_in == pytest.approx(1.3 * SUN, rel=0.01)


def test_counters_that_began_anew_make_no_flow() -> None:
    house = House().live(0.3, 0.0).live(1, SUN).live(0.5, 0.0).live(0.5, SUN)
    fresh = bms.start(house.config)
    other = House(house.config)
    other.state = bms.load_learned(house.config, fresh, house.saved(), now=other.time, gap=60.0)
    other.live(0.5, SUN).live(0.5, 0.0)
    assert [round(session.charge_in) for session in other.done] == [60, 60]


def test_taken_over_while_the_pack_is_watched_no_extreme_shrinks_and_today_stays() -> None:
    house = House().live(0.3, 0.0, cell=3.45).live(1, SUN).live(0.5, 0.0).live(0.2, SUN)
    watched = House(house.config).live(0.1, HOUSE, cell=3.0)
    before = watched.state.history
    watched.state = bms.load_learned(house.config, watched.state, house.saved(), now=watched.time, gap=0.0)
    after = watched.state.history
    assert (after.today, after.day, after.yesterday) == (before.today, before.day, before.yesterday)
    assert (peaks(after.ever)["cell_high"], peaks(after.ever)["cell_low"]) == (3.45, 3.0)
    assert after.sessions.done[0].charge_in == pytest.approx(SUN, rel=0.01)
    assert after.sessions.open is None
    ended = after.sessions.ended
    watched.live(0.5, 0.0)
    assert watched.state.history.sessions.ended == ended


def test_what_was_saved_by_an_older_version_still_loads() -> None:
    house = House().live(0.2, SUN)
    content = house.saved()
    del content["history"]
    fresh = bms.load_learned(house.config, bms.start(house.config), content, now=5.0, gap=0.0)
    assert fresh.history == PackState().history
    assert fresh.estimate.knowledge is not None


def spoil(place: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def do(content: dict[str, Any]) -> None:
        *way, last = place.split(".")
        part = content["history"]
        for name in way:
            part = part[int(name) if name.isdigit() else name]
        part[last] = value

    return do


@pytest.mark.parametrize(
    "how",
    [
        spoil("exposure", [0.0]),
        spoil("exposure", [-1.0] * BINS),
        spoil("exposure", ["nan"] * BINS),
        spoil("ever.values", [1.0]),
        spoil("ever.at", []),
        spoil("today.places", [0] * 9),
        spoil("sessions.tail", []),
        spoil("sessions.ended", -1),
        spoil("sessions.quiet", -1.0),
        spoil("sessions.open.peaks", [3.3]),
        spoil("sessions.open.end.charge_in", -5.0),
        spoil("sessions.done.0.start.energy_in", 1e9),
        spoil("sessions.open.way", "sideways"),
        spoil("unheard_of", 1),
    ],
)
def test_what_no_pack_has_lived_through_is_refused(how: Callable[[dict[str, Any]], None]) -> None:
    house = House().live(0.5, SUN).live(0.4, 0.0).live(0.5, SUN)
    content = house.saved()
    how(content)
    with pytest.raises(HistoryError, match="history"):
        bms.load_learned(house.config, bms.start(house.config), content, now=5.0, gap=0.0)


def test_a_history_without_a_look_needs_no_counters() -> None:
    content = House().live(0.1, SUN).saved()
    content["history"]["mark"] = None
    fresh = bms.load_learned(make_config(), bms.start(make_config()), content, now=5.0, gap=0.0)
    assert fresh.history.mark is None


def test_a_clock_that_runs_backwards_counts_nothing() -> None:
    house = House().live(0.5, SUN)
    before = house.state.history
    house.time -= 500
    house.live(0.003, SUN)
    after = house.state.history
    assert after.exposure == before.exposure
    assert after.sessions.open == before.sessions.open


STRETCHES = st.lists(
    st.tuples(
        st.floats(0.02, 0.7), st.sampled_from([SUN, CLOUD, KETTLE, HOUSE, 0.0, 1.0, -2.5, 3.5]), st.integers(1, 3)
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=20, deadline=None)
@given(stretches=STRETCHES)
def test_law_sessions_never_overlap_and_hold_what_the_counters_counted(
    stretches: list[tuple[float, float, int]],
) -> None:
    """What no session holds lies between them, and is never more than a hold of little current."""
    house = House()
    told: list[tuple[float, float]] = []
    for hours, current, day in stretches:
        house.day = max(house.day, day)
        for _ in range(round(hours * HOUR / STEP)):
            house.live(STEP / HOUR, current)
            told.append((EPOCH + house.time, current))
    sessions = house.state.history.sessions
    every = [*sessions.done, *([sessions.open] if sessions.open else [])]
    for one, other in pairwise(every):
        assert one.end.charge_in <= other.start.charge_in
        assert one.end.charge_out <= other.start.charge_out
    for session in every:
        assert session.start.clock is not None
        assert session.end.clock is not None
        flowed = [amps for at, amps in told if session.start.clock < at <= session.end.clock]
        assert session.charge_in == pytest.approx(sum(max(0.0, amps) for amps in flowed) * STEP / HOUR, abs=1e-6)
        assert session.charge_out == pytest.approx(-sum(min(0.0, amps) for amps in flowed) * STEP / HOUR, abs=1e-6)
        assert session.seconds == pytest.approx(len(flowed) * STEP)
    beside = [
        amps for at, amps in told if not any((each.start.clock or 0) < at <= (each.end.clock or 0) for each in every)
    ]
    held = sum(each.charge_in + each.charge_out for each in every)
    # The first sample of all has no time before it.
    left = (sum(abs(amps) for amps in beside[1:] if beside) * STEP / HOUR) if beside else 0.0
    counted = house.state.estimate.charge_in + house.state.estimate.charge_out
    assert held + left == pytest.approx(counted, abs=abs(told[0][1]) * STEP / HOUR + 1e-6)


@given(
    looks=st.lists(
        st.tuples(
            st.floats(2.9, 3.6), st.floats(-0.02, 0.02), st.floats(-10, 50), st.floats(-90, 90), st.integers(1, 4)
        ),
        min_size=1,
        max_size=40,
    )
)
def test_law_extremes_never_shrink_and_hold_all_that_was_believed(
    looks: list[tuple[float, float, float, float, int]],
) -> None:
    house = House()
    seen: list[float] = []
    for volts, apart, warm, current, day in looks:
        house.day, house.warm = max(house.day, day), warm
        before = house.state.history.ever
        house.live(STEP / HOUR, current, cells=with_cell(3, volts + apart, volts))
        after = house.state.history
        for (_, upward), old, new, today in zip(
            PEAKS, before.values, after.ever.values, after.today.values, strict=True
        ):
            assert old is None or (new is not None and (new >= old if upward else new <= old))
            assert today is None or (new is not None and (new >= today if upward else new <= today))
        assert house.snapshot is not None
        high = house.snapshot.believed.cell_max
        seen += [] if high is None else [high]
        assert after.ever.values[0] == max(seen, default=None)


@given(
    looks=st.lists(
        st.tuples(st.floats(-20, 60), st.floats(5, 300), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_law_the_bins_add_up_to_the_watched_time(looks: list[tuple[float, float, bool]]) -> None:
    """A look is every ten seconds at the earliest; what lies within two minutes of the last was watched."""
    house = House(make_config())
    house.live(STEP / HOUR, 0.0)
    last, watched = house.time, 0.0
    for warm, seconds, known in looks:
        house.time += seconds - STEP
        house.warm = warm
        house.live(STEP / HOUR, 0.0, **({} if known else {"temperatures": (None, None)}))
        if house.time - last < STEP:
            continue
        believed = house.snapshot.believed if house.snapshot else None
        assert believed is not None
        sure = believed.temperature_min is not None and house.state.estimate.soc is not None
        if sure and house.time - last <= 120:
            watched += house.time - last
        last = house.time
    assert sum(house.state.history.exposure) == pytest.approx(watched)


def test_nothing_that_is_decided_depends_on_it() -> None:
    house = House().live(1, SUN)
    reading = make_reading(house.time + 1, current=SUN)
    with_it = bms.step(house.config, house.state, reading)[1]
    without = bms.step(house.config, replace(house.state, history=PackState().history), reading)[1]
    assert with_it == without
