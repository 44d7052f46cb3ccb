"""Where the outermost cells will be once an inverter has heard."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.model import Motion, Reaction, Switches, Trust
from custom_components.home_bms.core.motion import approach, follow
from custom_components.home_bms.core.obedience import Obedience, Seen, observe
from custom_components.home_bms.core.plausibility import believe
from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.inverter import VirtualInverter

from .conftest import Story, make_config, make_reading, with_cell

CONFIG = make_config()
RISING = Motion(time=99.0, high=3.38, low=3.38, current=100.0, rising=0.003, falling=-0.003)
FALLING = Motion(time=99.0, high=3.12, low=3.12, current=-100.0, rising=-0.003, falling=0.003)


def watch(voltages: list[float], *, every: float = 1.0, motion: Motion | None = None, **changes: Any) -> Motion:
    """Look at a pack whose cells are all at one voltage after the other."""
    motion = motion or Motion()
    for number, voltage in enumerate(voltages):
        reading = make_reading(100.0 + number * every, **({"cell": voltage, "current": 100.0} | changes))
        motion = follow(CONFIG, motion, believe(CONFIG, Trust(), reading)[1])
    return motion


def look(motion: Motion, reaction: Reaction, **changes: Any) -> tuple[float | None, float | None]:
    """Return the charge and the discharge current that are left."""
    believed = believe(CONFIG, Trust(), make_reading(100.0, **changes))[1]
    charge, discharge = (rows[0].value if rows else None for rows in approach(CONFIG, motion, believed, reaction))
    return charge, discharge


# --- how fast the cells move -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("rate", [0.003, -0.003])
def test_a_steady_climb_is_measured_whatever_the_poll(rate: float, every: float) -> None:
    motion = watch([3.30 + rate * every * number for number in range(round(90 / every))], every=every)
    assert motion.rising == pytest.approx(rate, rel=0.01)
    assert motion.falling == pytest.approx(-rate, rel=0.01)


def test_one_sample_says_little_and_a_leap_no_more_than_the_fastest_cell_does() -> None:
    steady = [3.30] * 30
    assert watch([*steady, 3.301]).rising < 0.0001
    assert watch([*steady, 3.50]).rising < 0.001


def test_the_steps_in_which_a_coarse_pack_tells_its_cells_are_no_leaps() -> None:
    coarse, motion = replace(CONFIG, cell_resolution=0.010), Motion()
    for second in range(600):
        reading = make_reading(100.0 + second, cell=round(3.0 + 0.0005 * second, 2), current=100.0)
        motion = follow(coarse, motion, believe(CONFIG, Trust(), reading)[1])
        assert motion.rising < 0.0006
    assert motion.rising > 0.0004


def test_a_current_that_leaps_moves_the_cells_and_is_no_climb() -> None:
    before = watch([3.30] * 30, current=0.0)
    after = watch([3.35] * 30, current=100.0, motion=replace(before, time=99.0))
    assert after.rising == pytest.approx(0.0, abs=1e-6)
    assert after.high == 3.35


@pytest.mark.parametrize(
    "lost",
    [
        {"current": None},
        {"cells": with_cell(4, None)},
        {"cells": (None,) * 16},
        {"cells_time": None},
        {"cells_time": 1e9},
    ],
)
def test_what_is_not_known_says_nothing_of_the_motion(lost: dict[str, Any]) -> None:
    believed = believe(CONFIG, Trust(), make_reading(100.0, **lost))[1]
    assert follow(CONFIG, RISING, believed) is RISING


def test_a_cell_that_is_lost_for_a_moment_is_no_leap_of_the_highest() -> None:
    trust, motion = Trust(), Motion()
    for second in range(60):
        cells = with_cell(3, None if second == 40 else 3.45, 3.30)
        trust, believed = believe(CONFIG, trust, make_reading(100.3 + second, cells=cells, current=100.0))
        motion = follow(CONFIG, motion, believed)
        assert (motion.high, motion.rising) == (3.45, 0.0)


def test_a_reading_that_only_grows_old_says_it_once() -> None:
    trust, believed = believe(CONFIG, Trust(), make_reading(100.0))
    motion = follow(CONFIG, RISING, believed)
    assert motion is not RISING
    trust, believed = believe(CONFIG, trust, replace(make_reading(100.0), time=102.0))
    assert follow(CONFIG, motion, believed) is motion


# --- what that leaves ------------------------------------------------------------------------------------------------


def test_a_cell_that_climbs_is_judged_where_it_will_be_and_its_reason_says_in_how_long() -> None:
    believed = believe(CONFIG, Trust(), make_reading(100.0, cells=with_cell(6, 3.39, 3.33), current=100.0))[1]
    (row,), none = approach(CONFIG, RISING, believed, Reaction(charge=8.0))
    assert none == ()
    assert (row.rule, row.place, row.ahead) == ("inverter_reaction", 6, 8.0)
    assert row.measured == pytest.approx(3.39 + 8 * 0.003)
    assert row.threshold == pytest.approx(3.40)
    assert row.value == pytest.approx(100 * CONFIG.charge_by_cell_voltage.at(3.414))


def test_a_cell_that_sinks_under_load_is_judged_alike() -> None:
    believed = believe(CONFIG, Trust(), make_reading(100.0, cells=with_cell(2, 3.11, 3.2), current=-100.0))[1]
    none, (row,) = approach(CONFIG, FALLING, believed, Reaction(discharge=20.0))
    assert none == ()
    assert (row.rule, row.place, row.ahead) == ("inverter_reaction", 2, 20.0)
    assert row.measured == pytest.approx(3.05)
    assert row.threshold == pytest.approx(3.10)
    assert row.value == pytest.approx(150 * CONFIG.discharge_by_cell_voltage.at(3.05))


@pytest.mark.parametrize(
    ("motion", "changes"),
    [
        (RISING, {"cell": 3.35, "current": 100.0}),
        (RISING, {"cell": 3.39, "current": 1.0}),
        (RISING, {"cell": 3.39, "current": -100.0}),
        (replace(RISING, rising=-0.003), {"cell": 3.45, "current": 100.0}),
        (RISING, {"cells": (None,) * 16, "current": 100.0}),
        (FALLING, {"cell": 3.17, "current": -100.0}),
        (FALLING, {"cell": 3.11, "current": -1.0}),
        (FALLING, {"cell": 3.11, "current": 100.0}),
        (replace(FALLING, falling=-0.003), {"cell": 3.05, "current": -100.0}),
        (FALLING, {"cells": (None,) * 16, "current": -100.0}),
    ],
)
def test_nothing_is_taken_from_a_cell_that_is_far_rests_or_goes_back(motion: Motion, changes: dict[str, Any]) -> None:
    assert look(motion, Reaction(), **changes) == (None, None)


@pytest.mark.parametrize(("motion", "cell", "current"), [(RISING, 3.39, 99.0), (FALLING, 3.11, -99.0)])
def test_a_current_that_is_not_known_is_taken_to_flow(motion: Motion, cell: float, current: float) -> None:
    left = look(motion, Reaction(), cell=cell, current=current)
    assert left != (None, None)
    assert look(motion, Reaction(), cell=cell, current=None) == left


@given(
    st.floats(2.5, 3.8),
    st.none() | st.floats(-150, 150),
    st.floats(-0.01, 0.01),
    st.floats(-0.01, 0.01),
    st.floats(0, 60),
    st.floats(0, 60),
)
def test_a_slower_inverter_is_never_given_more(
    cell: float, current: float | None, rising: float, falling: float, reaction: float, more: float
) -> None:
    motion = replace(RISING, rising=rising, falling=falling)
    quick = look(motion, Reaction(charge=reaction, discharge=reaction), cell=cell, current=current)
    slow = look(motion, Reaction(charge=reaction + more, discharge=reaction + more), cell=cell, current=current)
    for before, after, rated in zip(quick, slow, (100.0, 150.0), strict=True):
        assert (rated if after is None else after) <= (rated if before is None else before)


@pytest.mark.parametrize(("cell", "current"), [(3.396, 0.3), (3.375, 100.0)])
def test_a_noisy_pack_is_not_held_back_by_its_noise(story: Story, cell: float, current: float) -> None:
    """2 mV to and fro below the knee: at rest, and under a charge whose inverter is as slow as any."""
    for _ in range(60):
        story.tell(1, cell=cell, current=current + story.time % 3 / 10)
    story.state = bms.deliver(story.state, delivered=True, reaction=Reaction(charge=60.0, discharge=60.0))
    for second in range(120):
        noise = 0.002 * (-1) ** (second // (1 + second // 60))
        story.tell(1, cell=cell + noise, current=current + second % 3 / 10)
        assert story.decision.ccl.value == 100


def test_a_climbing_cell_lowers_the_limit_and_says_why(story: Story) -> None:
    story.state = bms.deliver(story.state, delivered=True, reaction=Reaction(charge=20.0))
    for second in range(40):
        story.tell(1, cells=with_cell(5, 3.33 + 0.0015 * second, 3.33), current=100.0)
    reason = story.decision.ccl.reason
    assert (reason.rule, reason.cell, reason.sensor, reason.ahead) == ("inverter_reaction", 5, None, 20.0)
    assert reason.value == pytest.approx(3.3885 + 20 * 0.0015, abs=0.002)
    assert story.decision.dcl.value == 150


# --- how soon a limit is obeyed --------------------------------------------------------------------------------------


def test_what_is_no_longer_known_of_an_inverter_counts_as_the_worst_that_it_was(story: Story) -> None:
    told = bms.deliver(story.state, delivered=True, reaction=Reaction(charge=2.0, discharge=25.0))
    assert bms.deliver(told, delivered=True, reaction=told.reaction) is told
    lost = bms.deliver(told, delivered=False)
    assert lost.reaction == Reaction(charge=10.0, discharge=25.0)
    assert not lost.delivered
    assert bms.deliver(lost, delivered=False) is lost


# --- the physics -----------------------------------------------------------------------------------------------------

STOP = CONFIG.charge_by_cell_voltage.points[-1][0]
AT_ONCE = Reaction(charge=0.0, discharge=0.0)


def charge(dead_time: float, reckoned: Reaction | None = None) -> float:
    """Charge a pack with one worn cell into the knee; return the highest V of that cell.

    The inverter obeys `dead_time` s late and is asked for less three times on the plateau, so that it is known by then;
    `reckoned` is taken in place of what was measured.
    """
    pack = VirtualPack(cells=4, capacity=100.0, seed=3, soc=70.0)
    pack.apply(Switches(balance=False))
    worn = pack.cells[2]
    worn.capacity *= 0.2
    worn.soc = 40.0
    config = configure(
        chemistry="lfp", cells=4, capacity=100.0, charge_current=50.0, discharge_current=50.0, temperature_sensors=4
    )
    inverter = VirtualInverter(pack, wants=lambda _: 1000.0, dead_time=dead_time)
    state, known, highest = bms.start(config), Obedience(), 0.0
    caps = {60: 20.0, 100: None, 160: 20.0, 200: None, 260: 20.0, 300: None}
    for second in range(1200):
        if second in caps:
            state = bms.wish(config, state, replace(state.wishes, charge_current_cap=caps[second]))
        inverter.advance(1.0)
        measured = Reaction(charge=known.charge.reaction, discharge=known.discharge.reaction)
        state = bms.deliver(state, delivered=False, reaction=reckoned or measured)
        state, decision = bms.step(config, state, pack.reading(float(second)))
        told = {"ccl": decision.ccl.value, "dcl": decision.dcl.value}
        inverter.tell(cvl=decision.cvl.value, **told)
        known = observe(known, Seen(time=float(second), current=pack.current, **told))
        highest = max(highest, worn.voltage)
    return highest


@pytest.mark.parametrize(("dead_time", "overshoots"), [(2.0, False), (20.0, True)])
def test_the_highest_cell_stays_below_its_end_however_late_the_inverter_is(dead_time: float, overshoots: bool) -> None:
    ahead, present = charge(dead_time), charge(dead_time, AT_ONCE)
    assert ahead < STOP - 0.01
    if overshoots:
        assert present > STOP, "judged by present values alone the cell passes the voltage at which charging ends"
        assert ahead < present - 0.025
    else:
        assert ahead == pytest.approx(present, abs=0.003), "a quick inverter gives nothing away"


def test_what_is_assumed_of_an_inverter_that_nobody_has_measured_lies_between() -> None:
    assert charge(20.0) < charge(20.0, Reaction()) < charge(20.0, AT_ONCE)
