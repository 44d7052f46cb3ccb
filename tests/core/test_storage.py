"""A battery that nobody needs is brought to a moderate charge, kept there, and topped up before it is too late."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.model import ConfigError
from custom_components.home_bms.core.storage import (
    BANDS,
    GENTLE,
    OFF,
    TELL_AFTER,
    WAKE,
    Ask,
    Phase,
    Purpose,
    Rest,
    Seen,
    StorageState,
    asked,
    begin,
    in_danger,
    in_vain,
    seen,
    sound,
    step,
)

from .conftest import Story

NOW = 1_793_577_600.0
DAY = 86400.0


def rest(purpose: Purpose = Purpose.STORAGE, **changes: Any) -> Rest:
    lowest, highest = BANDS[purpose]
    return replace(Rest(purpose=purpose, lowest=lowest, highest=highest), **changes)


def look(soc: float | None, margin: float | None = 0.3, time: float = NOW) -> Seen:
    return Seen(time, soc, margin)


def lived(purpose: Purpose, *socs: float | None, margin: float | None = 0.3) -> StorageState:
    """Return the state after these charges, one look each."""
    state = begin(rest(purpose), NOW)
    for number, soc in enumerate(socs):
        state = step(state, look(soc, margin, NOW + number))
    return state


@pytest.mark.parametrize(
    ("purpose", "socs", "phase"),
    [
        pytest.param(Purpose.STORAGE, (80,), Phase.LOWERING, id="a full battery is lowered"),
        pytest.param(Purpose.STORAGE, (80, 50.6), Phase.LOWERING, id="until it is nearly there"),
        pytest.param(Purpose.STORAGE, (80, 50.4), Phase.HOLDING, id="and then is held"),
        pytest.param(Purpose.STORAGE, (80, 50.4, 51.9), Phase.HOLDING, id="a little more does not begin it again"),
        pytest.param(Purpose.STORAGE, (80, 50.4, 52.1), Phase.LOWERING, id="much more does"),
        pytest.param(Purpose.STORAGE, (47,), Phase.TOPPING_UP, id="a low battery is raised at once"),
        pytest.param(Purpose.STORAGE, (47, 49.6), Phase.HOLDING, id="until it is nearly there too"),
        pytest.param(Purpose.STORAGE, (50, 50 - WAKE), Phase.HOLDING, id="self-discharge is let be for a while"),
        pytest.param(Purpose.STORAGE, (50, 49.9 - WAKE), Phase.TOPPING_UP, id="and wakes it in time"),
        pytest.param(Purpose.STORAGE, (50, 39, 45), Phase.TOPPING_UP, id="it is topped up whole"),
        pytest.param(Purpose.STORAGE, (None,), Phase.UNKNOWN, id="nothing known"),
        pytest.param(Purpose.STORAGE, (50, None, 47), Phase.TOPPING_UP, id="after a silence it begins anew"),
        pytest.param(Purpose.ABSENCE, (50,), Phase.WORKING, id="within its band it works"),
        pytest.param(Purpose.ABSENCE, (50, 60), Phase.HOLDING, id="charging ends at the top"),
        pytest.param(Purpose.ABSENCE, (50, 60, 58.5), Phase.HOLDING, id="and not begins at once"),
        pytest.param(Purpose.ABSENCE, (50, 60, 57.9), Phase.WORKING, id="but a little below"),
        pytest.param(Purpose.ABSENCE, (50, 59.5), Phase.WORKING, id="up to the top it works"),
        pytest.param(Purpose.ABSENCE, (50, 29), Phase.TOPPING_UP, id="and is topped up"),
        pytest.param(Purpose.WINTER, (100,), Phase.WORKING, id="winter has no top"),
        pytest.param(Purpose.WINTER, (50, 25), Phase.WORKING, id="winter lets it fall a little"),
        pytest.param(Purpose.WINTER, (50, 19), Phase.TOPPING_UP, id="and not further"),
    ],
)
def test_what_is_done_follows_from_the_charge(purpose: Purpose, socs: tuple[float | None, ...], phase: Phase) -> None:
    assert lived(purpose, *socs).phase is phase


def test_a_low_cell_calls_for_charge_whatever_the_charge_is_thought_to_be() -> None:
    for soc in (80.0, 50.0, None):
        state = lived(Purpose.STORAGE, soc, margin=0.0)
        assert state.phase is Phase.TOPPING_UP
        # While it is charged it stands a little too high.
        assert step(state, look(soc, 0.09)).phase is Phase.TOPPING_UP
        assert step(state, look(soc, 0.11)).phase is not Phase.TOPPING_UP
        assert asked(state, look(soc, 0.0)) == Ask(50, GENTLE, None, GENTLE, None)


@pytest.mark.parametrize(
    ("purpose", "socs", "ask"),
    [
        pytest.param(Purpose.STORAGE, (80,), Ask(50, 0, GENTLE, -GENTLE, None), id="down gently"),
        pytest.param(Purpose.STORAGE, (50,), Ask(50, 0, 0, 0, None), id="held"),
        pytest.param(Purpose.STORAGE, (45,), Ask(50, GENTLE, None, GENTLE, 50), id="up gently"),
        pytest.param(Purpose.STORAGE, (None,), Ask(50, 0, 0, 0, None), id="unknown permits nothing"),
        pytest.param(Purpose.ABSENCE, (80,), Ask(40, 0, None, None, None), id="the house uses up what is too much"),
        pytest.param(Purpose.ABSENCE, (50,), Ask(40, None, None, None, None), id="the house works"),
        pytest.param(Purpose.ABSENCE, (60,), Ask(40, 0, None, None, None), id="and does not charge further"),
        pytest.param(Purpose.ABSENCE, (30,), Ask(40, None, None, GENTLE, 40), id="sun may charge faster than asked"),
        pytest.param(Purpose.ABSENCE, (None,), Ask(40, 0, None, None, None), id="unknown does not charge"),
        pytest.param(Purpose.WINTER, (90,), Ask(30, None, None, None, None), id="winter keeps a reserve"),
        pytest.param(Purpose.WINTER, (None,), Ask(30, None, None, None, None), id="which is all that it bounds"),
    ],
)
def test_what_is_leased_follows_from_what_is_done(purpose: Purpose, socs: tuple[float | None, ...], ask: Ask) -> None:
    assert asked(lived(purpose, *socs), look(socs[-1])) == ask


def test_it_ends_by_itself_at_its_time() -> None:
    state = step(begin(rest(until=NOW + 10), NOW), look(50))
    assert step(state, look(50, time=NOW + 9)).phase is Phase.HOLDING
    over = step(state, look(50, time=NOW + 10))
    assert over == OFF == step(OFF, look(50))
    assert asked(over, look(50)) is None
    assert asked(begin(rest(), NOW), look(50)) is None, "nothing is asked before the first look"


@pytest.mark.parametrize(
    ("field", "changes", "minimum", "maximum"),
    [
        ("lowest", {"lowest": 5.0}, 20, 90),
        ("lowest", {"lowest": 95.0, "highest": 99.0}, 20, 90),
        ("lowest", {"lowest": float("nan")}, 20, 90),
        ("highest", {"lowest": 60.0}, 60, 100),
        ("highest", {"highest": 101.0}, 50, 100),
        ("until", {"until": NOW - 1}, NOW + 1, NOW + 731 * DAY),
        ("until", {"until": NOW + 800 * DAY}, NOW + 1, NOW + 731 * DAY),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_range(
    field: str, changes: dict[str, float], minimum: float, maximum: float
) -> None:
    with pytest.raises(ConfigError) as err:
        begin(rest(**changes), NOW)
    assert (err.value.key, err.value.field) == ("out_of_range", field)
    # Placeholders are for people.
    assert (float(err.value.placeholders["minimum"]), float(err.value.placeholders["maximum"])) == (minimum, maximum)


def test_a_state_from_outside_is_looked_at() -> None:
    assert sound(OFF)
    assert sound(begin(rest(), NOW))
    assert sound(begin(rest(until=NOW + 1), NOW)), "its end may have passed meanwhile"
    assert not sound(replace(begin(rest(), NOW), rest=rest(lowest=0.0)))
    assert not sound(StorageState(phase=Phase.HOLDING)), "nobody asked for that"


def test_a_person_is_told_once_it_cannot_be_topped_up_for_days() -> None:
    state = lived(Purpose.STORAGE, 50, 39)
    assert state.waiting_since is not None
    began = state.waiting_since
    for day in range(4):
        state = step(state, look(39 - day / 10, time=began + day * DAY))
        assert in_vain(state, look(39, time=began + day * DAY)) == (day * DAY >= TELL_AFTER)
    # What it has lost meanwhile and got back is gain.
    assert not in_vain(step(state, look(39.3, time=began + 4 * DAY)), look(39.3, time=began + 4 * DAY))
    assert step(state, look(50, time=began + 4 * DAY)).waiting_since is None
    assert not in_vain(OFF, look(39))


@pytest.mark.parametrize("began", [NOW + 10 * 365 * DAY, float("nan")])
def test_a_clock_that_is_put_back_does_not_keep_a_person_from_being_told(began: float) -> None:
    state = replace(lived(Purpose.STORAGE, 50, 39), waiting_since=began)
    state = step(state, look(39, time=NOW))
    late = look(39, time=NOW + TELL_AFTER)
    assert in_vain(step(state, late), late)


def test_a_pack_that_is_not_heard_for_days_may_sleep_and_is_told_too() -> None:
    state = lived(Purpose.STORAGE, 50, None)
    silent = look(None, None, NOW + 4 * DAY)
    assert in_vain(step(state, silent), silent)
    back = look(39, time=NOW + 4 * DAY)
    assert step(step(state, silent), back).waiting_soc == 39


def test_a_pack_about_to_switch_off_is_told_at_once() -> None:
    state = lived(Purpose.WINTER, 30)
    assert in_danger(state, look(30, -0.05))
    assert not in_danger(state, look(30, -0.04))
    assert not in_danger(state, look(30, None))
    assert not in_danger(OFF, look(30, -0.2))


def test_the_lowest_cell_at_rest_counts_and_a_cell_under_load_says_nothing() -> None:
    def told(**changes: Any) -> float | None:
        story = Story()
        story.tell(5, **changes)
        assert story.snapshot is not None
        return seen({"a": (story.config, story.snapshot)}, 50.0, NOW).margin

    assert told(cell=3.30) == pytest.approx(0.3)
    assert told(cell=2.95) == pytest.approx(-0.05)
    # 0.1 C of 280 Ah.
    assert told(cell=2.95, current=-27.0) == pytest.approx(-0.05)
    assert told(cell=2.95, current=-29.0) is None
    assert told(cell=2.95, current=None) is None
    assert told(cells=(None,) * 16) is None
    assert seen({}, None, NOW) == Seen(NOW, None, None)


@given(
    st.sampled_from(list(Purpose)),
    st.lists(st.tuples(st.none() | st.floats(0, 100), st.none() | st.floats(-0.5, 1)), min_size=1, max_size=12),
)
def test_what_is_asked_never_discharges_below_what_is_kept_nor_charges_above_it(
    purpose: Purpose, looks: list[tuple[float | None, float | None]]
) -> None:
    state = begin(rest(purpose), NOW)
    for soc, margin in looks:
        now = look(soc, margin)
        state = step(state, now)
        ask = asked(state, now)
        assert ask is not None
        assert ask.reserve == BANDS[purpose].lowest
        low_cell = margin is not None and margin <= 0.1
        if soc is not None and BANDS[purpose].highest < 100 and soc >= BANDS[purpose].highest and not low_cell:
            assert ask.charge == 0
        if ask.power is not None and ask.power < 0:
            assert soc is not None
            assert soc > ask.reserve
        if ask.power is not None and ask.power > 0 and not low_cell:
            assert soc is not None
            assert soc < ask.reserve
        assert sound(state)
