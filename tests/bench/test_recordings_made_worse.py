"""The estimators' bench reads recordings and harms them as it says."""

from __future__ import annotations

import csv
import gzip
import json
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from .estimators.__main__ import main
from .estimators.degrade import VARIANTS, Harm, degrade, skip
from .estimators.recording import Fault, Recording, Sample, Truth
from .estimators.rivals import Setup
from .estimators.robust import pooled, trial
from .estimators.score import Errors
from .estimators.stretch import DAY, NoLoopError, find_loop, moved, repeat
from .test_estimators import FACTS, HALF, quiet, row

# --- recordings ------------------------------------------------------------------------------------------------------


def write(path: Path, header: str, *lines: str) -> None:
    with gzip.open(path, "wt") if path.suffix == ".gz" else path.open("w") as file:
        csv.writer(file).writerows(line.split(",") for line in (header, *lines))


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    header = "time,current,cell_1,cell_2,temperature_1"
    noisy = ["0.2,1.0,3.3,,20", "19.9,nan,3.3,3.4,20"]
    write(tmp_path / "pack_noisy.csv.gz", f"{header},balancing_1,balancing_2", *(f"{line},0,1" for line in noisy))
    write(tmp_path / "pack_clean.csv", header, "0,1,3.3,3.4,20", "10,1,3.3,3.4,20", "20,1,3.3,3.4,20")
    write(tmp_path / "pack_truth.csv.gz", "time,current,soc,soc_1,soc_2", "0,1,50,51,52", "20,1,60,61,62")
    facts = {"capacity_ah": [99, 101], "balance_current_a": 0.3}
    facts["faults"] = [{"kind": "weak_cell", "cell": 2, "since_s": 5}]
    (tmp_path / "pack_truth.json").write_text(json.dumps(facts))
    return Recording(prefix=tmp_path / "pack")


def test_a_recording_is_read_with_its_truth_and_its_holes(recording: Recording) -> None:
    (first, truth), (second, later) = recording.noisy()
    assert (first.time, first.cells, first.balancing) == (0.2, (3.3, None), (False, True))
    assert second.current is None
    assert truth == Truth(time=0.0, soc=50.0, cells=(51.0, 52.0))
    assert later is not None
    assert later.soc == 60.0


def test_a_clean_row_that_the_noisy_one_lost_has_no_truth(recording: Recording) -> None:
    samples = list(recording.clean())
    assert [truth and truth.soc for _, truth in samples] == [50.0, None, 60.0]
    assert samples[0][0].balancing == ()


def test_cells_of_faults_count_from_zero(recording: Recording) -> None:
    assert recording.facts().faults == (Fault(kind="weak_cell", cell=1, since=5.0),)
    assert recording.facts().capacities == (99, 101)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing_truth\.json"):
        Recording(prefix=tmp_path / "nothing").facts()


# --- made worse ------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_recording_and_another_one_another() -> None:
    first, again, other = (list(degrade(quiet(50), Harm(lost=0.1), seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_lost_share_is_about_right() -> None:
    assert len(list(degrade(quiet(2000), Harm(lost=0.2), 1))) == pytest.approx(1600, abs=80)


def test_sampling_each_minute_takes_every_sixth() -> None:
    assert [row.time for row, _ in degrade(quiet(20), Harm(period=60.0), 1)] == [0.0, 60.0, 120.0, 180.0]


@pytest.mark.parametrize(
    ("harm", "current"), [(Harm(offset=-1.0), 9.0), (Harm(gain=1.02), 10.2), (Harm(offset=1.0, gain=0.98), 10.8)]
)
def test_offset_and_gain_are_in_the_current(harm: Harm, current: float) -> None:
    told = [row.current for row, _ in degrade(quiet(1000), harm, 1)]
    assert sum(told) / len(told) == pytest.approx(current, abs=0.02)


def test_each_cell_is_always_wrong_by_the_same_and_noisy_beside() -> None:
    samples = list(degrade(quiet(2000), Harm(cell_noise=0.005, cell_offset=0.1), 1))
    means = []
    for cell in range(2):
        errors, noise = Errors(), Errors()
        for sample, _ in samples:
            errors.add(sample.cells[cell] - HALF)
        for sample, _ in samples:
            noise.add(sample.cells[cell] - HALF - errors.mean)
        means.append(errors.mean)
        assert noise.rms == pytest.approx(0.005, rel=0.1)
    assert abs(means[0] - means[1]) > 0.01


def test_values_come_in_steps_and_holes_stay_holes() -> None:
    hole = replace(row(0.0, None, HALF, None), temperatures=(20.6, None))
    ((worse, _),) = degrade([(hole, None)], Harm(), 1)
    assert worse.current is None
    assert worse.cells[1] is None
    assert worse.cells[0] == round(worse.cells[0], 3)
    assert worse.temperatures == (21.0, None)


def test_the_beginning_can_be_cut_off() -> None:
    assert [row.time for row, _ in skip(quiet(5), 25.0)] == [30.0, 40.0]


def test_every_variant_differs_from_the_base() -> None:
    plain = {replace(variant, name="") for variant in VARIANTS.values()}
    assert len(plain) == len(VARIANTS) == 12


# --- long without a full charge --------------------------------------------------------------------------------------


def days(count: int, full: float = 99.0) -> Iterator[Sample]:
    """Yield days that end a bit fuller than they began, with a full charge at both ends, each 30 minutes."""
    for tick in range(48 * count + 1):
        hour = tick % 48 / 2
        soc = full if tick in {0, 48 * count} else 50.0 + 20 * min(hour, 24 - hour) / 12 + 0.001 * tick
        truth = Truth(time=1800.0 * tick, soc=soc, cells=(soc, soc))
        yield row(truth.time, 20.0 if hour < 12 else -20.0, 3.2 + soc / 1000, 3.2 + soc / 1000), truth


def test_a_stretch_is_made_long_enough_and_stays_in_order() -> None:
    loop = find_loop(days(4), FACTS, 10 * DAY)
    assert loop is not None
    samples = list(repeat(days(4), loop))
    times = [row.time for row, _ in samples]
    assert times == sorted(set(times))
    fulls = [row.time for row, truth in samples if truth.soc > 98.5]
    assert fulls[1] - fulls[0] >= 10 * DAY
    assert times[-1] == 4 * DAY + loop.added


def test_a_repeated_piece_gains_no_charge() -> None:
    loop = find_loop(days(4), FACTS, 10 * DAY)
    assert loop is not None
    ends = [truth.soc for row, truth in days(4) if row.time in {loop.begin, loop.end}]
    hours = (loop.end - loop.begin) / 3600
    assert ends[1] - ends[0] + loop.current * hours == pytest.approx(0.0)
    lived = [row.current for row, _ in repeat(days(4), loop) if loop.end < row.time <= loop.end + loop.added]
    assert {round(abs(current), 3) for current in lived} == {
        round(20 + loop.current, 3),
        round(20 - loop.current, 3),
    }


def test_a_stretch_that_is_long_enough_stays_as_it_is() -> None:
    assert find_loop(days(4), FACTS, 3 * DAY) is None


@pytest.mark.parametrize("reason", ["balancing", "fault", "never alike"])
def test_nothing_is_repeated_where_the_pack_is_not_the_same(reason: str) -> None:
    samples, facts = list(days(2)), FACTS
    if reason == "balancing":
        samples = [(replace(row, balancing=(True, False)), truth) for row, truth in samples]
    elif reason == "fault":
        onsets = tuple(Fault(kind="loose_joint", cell=0, since=1800.0 * tick) for tick in range(97))
        facts = replace(FACTS, faults=onsets)
    else:
        samples = [(replace(row, cells=(3.0 + row.time / 1e6, HALF)), truth) for row, truth in samples]
    with pytest.raises(NoLoopError):
        find_loop(samples, facts, 10 * DAY)


def test_faults_that_begin_after_the_piece_move_with_it() -> None:
    loop = find_loop(days(4), FACTS, 10 * DAY)
    assert loop is not None
    early, late = (Fault(kind="weak_cell", cell=0, since=since) for since in (0.0, loop.end + 1))
    told = moved(replace(FACTS, faults=(early, late)), loop).faults
    assert [fault.since for fault in told] == [0.0, late.since + loop.added]


# --- the whole -------------------------------------------------------------------------------------------------------


def test_a_recording_becomes_tables_and_what_cannot_be_done_is_told(
    recording: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    ways = ["base", "start unknown", "21 days not full"]
    assert (
        main([str(recording.prefix), "--robust", "--seeds", "2", "--only", "counting", "EKF", "--variants", *ways]) == 0
    )
    told = capsys.readouterr()
    assert "## pack, as recorded" in told.out
    assert "| base | EKF | " in told.out
    assert "21 days not full is left out" in told.err


def test_a_trial_travels_to_another_process_and_tells_the_same_there(recording: Recording) -> None:
    worse = trial(recording, Setup(cells=2, capacity=100.0), ["counting"], VARIANTS["capacity 20 % too high"])
    there = pickle.loads(pickle.dumps(worse))
    assert pickle.loads(pickle.dumps(there.scores(1))) == worse.scores(1)


def test_seeds_are_counted_together(recording: Recording) -> None:
    worse = trial(recording, Setup(cells=2, capacity=100.0), ["counting"], VARIANTS["base"])
    assert pooled(worse, seeds=3, jobs=1)["counting"].all.count == 6
