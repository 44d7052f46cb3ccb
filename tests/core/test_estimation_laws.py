"""Whatever is read, the charge is shown within its band or not at all."""

from __future__ import annotations

from math import inf, isfinite, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.home_bms.core.model import PackReading, Switches

from .cells_world import COUNT, Life, after_three_days


@pytest.mark.parametrize("bleed", [(), (True,), (True,) * 20])
def test_a_mask_of_another_pack_bleeds_nothing(bleed: tuple[bool, ...]) -> None:
    life = Life(told=50.0)
    life.live(0.2, switches=Switches(bleed=bleed), balance_current=0.5, balancing=True)
    assert life.known.tally.bleed == (0.0,) * COUNT


@pytest.mark.parametrize(
    ("told", "balancing", "bled"),
    [(0.5, True, 0.1), (None, True, 0.2), (nan, True, 0.2), (-1.0, True, 0.2), (1e300, True, 0.2), (0.5, False, 0.0)],
)
def test_a_nonsensical_balance_current_is_the_balancers_own(told: float | None, balancing: bool, bled: float) -> None:
    life = Life(told=50.0)
    life.live(0.2)
    before = life.known.tally.bleed[1]
    mask = Switches(bleed=(False, True, *(False,) * (COUNT - 2)))
    life.live(0.2, switches=mask, balance_current=told, balancing=balancing)
    assert life.known.tally.bleed[1] - before == pytest.approx(bled, rel=0.02)


@pytest.mark.parametrize("time", [nan, inf, -inf])
def test_a_time_that_is_none_changes_nothing(time: float) -> None:
    life = after_three_days()
    before = life.estimate
    life.take(life.world.reading(20.0, {}, current_time=time))
    assert life.estimate is before


@settings(max_examples=8)
@given(st.lists(st.sampled_from([nan, inf, -inf, 0.0, -1e5, 1e9, 12.0]), min_size=1, max_size=6), st.floats(-50, 50))
def test_nonsensical_times_are_forgotten_by_the_next_good_samples(times: list[float], current: float) -> None:
    life = after_three_days()
    for time in times:
        life.take(life.world.reading(current, {}, current_time=time, cells_time=time, temperatures_time=time))
    life.live(0.1, -10.0)
    counted = life.estimate.charge_out
    life.live(0.1, -10.0)
    assert life.estimate.charge_out - counted == pytest.approx(0.99, abs=0.02)
    life.fill()
    assert life.estimate.full
    assert life.error == pytest.approx(0, abs=3)


anything = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 65.535, inf, -inf, nan]))
real = st.floats(2.0, 4.2)


@st.composite
def readings(draw: st.DrawFn) -> dict[str, Any]:
    """Half of them may be true."""
    sane = draw(st.booleans())
    volts = real if sane else anything
    return {
        "passed": draw(st.sampled_from([1.0, 10.0, 60.0, 601.0, 5000.0]) if sane else st.floats()),
        "cells": tuple(draw(st.lists(volts, min_size=COUNT, max_size=COUNT))),
        "temperatures": (draw(st.floats(-20, 60) if sane else anything),),
        "current": draw(st.floats(-150, 150) if sane else anything),
        "voltage": draw(anything),
        "soc": draw(anything),
        "soh": draw(anything),
        "balancing": draw(st.none() | st.booleans()),
        "balance_current": draw(anything),
        "switches": Switches(
            charge=draw(st.none() | st.booleans()),
            discharge=draw(st.none() | st.booleans()),
            bleed=draw(st.none() | st.lists(st.booleans(), max_size=COUNT + 1).map(tuple)),
        ),
    }


@settings(max_examples=100)
@given(st.booleans(), st.lists(readings(), max_size=20))
def test_whatever_is_read_the_charge_is_within_its_band_or_unknown(lived: bool, past: list[dict[str, Any]]) -> None:
    life = after_three_days() if lived else Life()
    time = life.world.time
    for changes in past:
        facts = dict(changes)
        time += facts.pop("passed")
        life.take(PackReading(time=time, cells_time=time, temperatures_time=time, current_time=time, **facts))
        time = time if isfinite(time) else 2000.0
        estimate = life.estimate
        numbers = (estimate.soc_low, estimate.soc, estimate.soc_high)
        if estimate.soc is None:
            assert numbers == (None, None, None)
        else:
            assert 0 <= estimate.soc_low <= estimate.soc <= estimate.soc_high <= 100
        assert estimate.capacity > 0
        for number in (estimate.charge_in, estimate.charge_out, estimate.energy_in, estimate.energy_out, estimate.load):
            assert isfinite(number)
        assert estimate.truth is None or isfinite(estimate.truth)
