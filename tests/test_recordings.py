"""The recordings for benchmarks are what their page says, as far as that needs no PyBaMM."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.recording_cells import roots
from scripts.recording_errors import CELL_ERROR, OFFSET, Recording, spoil
from scripts.recording_house import DULL_FROM, SHORTEST, VOLTAGES, Charger, Deep, plan
from scripts.recording_pack import FEWEST, build, usable

SEEDS = range(10)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("days", [SHORTEST, DULL_FROM, 30])
def test_two_sunny_days_follow_on_a_dull_spell(days: int, seed: int) -> None:
    sunny = plan(days, np.random.default_rng(seed))
    assert len(sunny) == days
    assert sunny[-3:] == [False, True, True]
    assert days < DULL_FROM or not any(sunny[-8:-2])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fault_has_a_cell_of_its_own(seed: int) -> None:
    made = build("lfp", FEWEST, 14, np.random.default_rng(seed))
    assert sorted(fault["cell"] for fault in made.faults) == [1, 2, 3, 4]
    assert made.capacity.argmin() == made.faults[0]["cell"] - 1
    assert made.leakage.argmax() == made.faults[1]["cell"] - 1
    assert all(fault["since_s"] >= 7 * 86400 for fault in made.faults[2:])


def test_the_first_cell_that_is_empty_and_the_first_that_is_full_bound_the_pack() -> None:
    assert usable(np.array([0.5, 0.2]), np.array([100.0, 200.0])) == pytest.approx((40.0, 50.0))


def test_waves_in_a_sphere_fit_it() -> None:
    # Their inverse squares sum up to a tenth, which is what the surface is ahead in the end.
    found = roots(2000)
    assert np.tan(found[:25]) == pytest.approx(found[:25])
    assert np.sum(found**-2) == pytest.approx(0.1, abs=1e-4)


def test_a_full_pack_is_no_longer_charged_and_an_empty_one_no_longer_discharged() -> None:
    rules = VOLTAGES["lfp"]
    charger = Charger(rules, Deep(start=10**9, current=50.0, soc=10.0))
    assert charger.decide(10, 10, 3000.0, np.full(16, 3.3), 50.0) > 30
    for time in range(20, 200, 10):
        current = charger.decide(time, 10, 3000.0, np.full(16, rules.full + 0.01), 99.0)
    assert current < 0
    assert charger.decide(200, 10, -3000.0, np.full(16, 3.3), 50.0) < -30
    assert charger.decide(210, 10, -3000.0, np.append(np.full(15, 3.2), 2.9), 5.0) > -1


def test_errors_leave_the_truth_beside_them() -> None:
    rows, cells = 8640, 4
    time = np.arange(rows) * 10.0
    flat = np.full((rows, cells), 3.3)
    clean = Recording(
        time=time,
        current=np.zeros(rows),
        voltages=flat,
        temperatures=np.full((rows, 4), 20.0),
        balancing=np.zeros((rows, cells)),
        pack_soc=time / rows,
        soc=flat * 10,
    )
    noisy, kept, done = spoil(clean, 10, seed=7)
    assert (flat == 3.3).all()
    assert (clean.current == 0).all()
    assert len(noisy.time) == kept.sum() < rows
    assert (noisy.pack_soc == clean.pack_soc[kept]).all()
    assert np.abs(noisy.time - time[kept]).max() <= done["timestamp_jitter_s"]
    assert np.median(noisy.current) == pytest.approx(done["offset_A"], abs=0.01)
    assert np.median(noisy.voltages, axis=0) - 3.3 == pytest.approx(done["voff_V"], abs=1e-4)
    assert abs(done["offset_A"]) <= OFFSET
    assert max(map(abs, done["voff_V"])) <= CELL_ERROR
    assert done["dropped"] == pytest.approx(1 - kept.mean())
