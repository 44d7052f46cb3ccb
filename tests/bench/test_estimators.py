"""The estimators' bench tells rules apart and counts errors as it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from .estimators.hygiene import Hygiene
from .estimators.ours import Ours
from .estimators.recording import Facts, Fault, Row, Sample, Truth
from .estimators.rivals import Bmv, Counting, DbusSerialbattery, Rival, Setup, TextbookEkf
from .estimators.run import ESTIMATORS, run
from .estimators.score import Anchors, Band, Errors, Score, Watch, score_capacity, score_cells, score_sample
from .estimators.stretch import DAY
from .estimators.table import markdown

SETUP = Setup(cells=2, capacity=100.0)
HALF = 3.265
"""V of a resting cell of LFP at 50 %."""
FACTS = Facts(capacities=(100.0, 100.0), faults=(), balance_current=0.0)


def row(time: float, current: float | None = 0.0, *cells: float | None) -> Row:
    return Row(time=time, current=current, cells=cells or (HALF, HALF), temperatures=(20.0,))


def feed(rival: Rival, hours: float, current: float, *cells: float) -> float:
    """Let a rival see the same for a while, every 10 s; return the SoC that it ends with."""
    begin = rival._time or 0.0
    for tick in range(int(hours * 360) + 1):
        sample = row(begin + 10 * tick, current, *cells)
        rival.sample(sample.time, sample.current, sample.cells, sample.temperatures)
    return rival.soc


def quiet(count: int, step: float = 10.0) -> list[Sample]:
    """Return samples of a pack in which nothing changes."""
    return [(row(at * step, 10.0), Truth(time=at * step, soc=50.0, cells=(50.0, 50.0))) for at in range(count)]


# --- rivals ----------------------------------------------------------------------------------------------------------

RIVALS = [Counting, DbusSerialbattery, Bmv, TextbookEkf]


@pytest.mark.parametrize("rule", RIVALS)
def test_every_rival_begins_where_the_generic_curve_says(rule: Callable[[Setup], Rival]) -> None:
    sample = row(0.0)
    soc, low, high = rule(SETUP).sample(sample.time, sample.current, sample.cells, sample.temperatures)
    assert soc == pytest.approx(50.0, abs=1.0)
    assert low <= soc <= high


@pytest.mark.parametrize("rule", RIVALS)
def test_a_rival_that_has_seen_nothing_whole_yet_says_half(rule: Callable[[Setup], Rival]) -> None:
    assert rule(SETUP).sample(0.0, None, (HALF, None), ())[0] == Rival.UNKNOWN


@pytest.mark.parametrize(("voltage", "soc"), [(2.0, 0.0), (2.833, 0.0), (3.1545, 7.5), (3.392, 100.0), (3.6, 100.0)])
def test_the_curve_is_read_backwards_between_its_ends(voltage: float, soc: float) -> None:
    assert Counting(SETUP).soc_at(voltage) == pytest.approx(soc)


def test_counting_counts_what_flows_and_stops_at_the_ends() -> None:
    rival = Counting(SETUP)
    assert feed(rival, 1, 20.0) == pytest.approx(70.0)
    assert feed(rival, 3, 20.0) == 100.0


def test_counting_with_an_offset_drifts_away_from_a_resting_pack_and_the_filter_does_not() -> None:
    assert feed(Counting(SETUP), 20, 1.0) == pytest.approx(70.0)
    # Its curve is so flat here that it gives way a little.
    assert feed(TextbookEkf(SETUP), 20, 1.0) < 65.0


def test_the_filter_forgets_a_wrong_start_where_the_curve_is_steep() -> None:
    rival = TextbookEkf(SETUP)
    feed(rival, 0, 0.0)
    assert feed(rival, 24, 0.0, 3.177, 3.177) == pytest.approx(10.0, abs=2.0)
    _, low, high = rival.judge()
    assert low < 10.0 < high


@pytest.mark.parametrize(
    ("cells", "hours", "full"),
    [
        ((3.452, 3.458), 0.3, True),
        # Not for long enough; cells apart by more than 10 mV, which a real pack is at the end of its charge.
        ((3.452, 3.458), 0.2, False),
        ((3.450, 3.470), 2.0, False),
    ],
)
def test_dbus_serialbattery_is_full_only_with_even_cells(cells: tuple[float, ...], hours: float, full: bool) -> None:
    rival = DbusSerialbattery(SETUP)
    feed(rival, 0, 0.0)
    assert (feed(rival, hours, 0.0, *cells) == 100.0) is full


def test_dbus_serialbattery_is_empty_after_a_minute_under_load_and_not_by_two_glitches() -> None:
    rival = DbusSerialbattery(SETUP)
    for time in (10.0, 20.0, 30.0, 40.0, 150.0, 160.0, 170.0):
        glitch = 0.0 if time in {20.0, 160.0} else HALF
        rival.sample(time, -1.0, (HALF, glitch), ())
    assert rival.soc > 49.0
    assert feed(rival, 0.1, -1.0, 2.85, 3.0) == 0.0


@pytest.mark.parametrize(("current", "synchronised"), [(3.0, True), (5.0, False)])
def test_the_bmv_synchronises_when_the_tail_is_short_at_the_charge_voltage(current: float, synchronised: bool) -> None:
    rival = Bmv(SETUP)
    feed(rival, 0, 0.0)
    assert feed(rival, 0.03, current, 3.45, 3.45) < 60.0
    assert (feed(rival, 0.05, current, 3.45, 3.45) == 100.0) is synchronised


@pytest.mark.parametrize(
    ("current", "moved_by"),
    [
        (0.1, 0.0),
        (10.0, 9.9),
        (-5.0, -5.0),
        # Eight times the 20-hour current costs 11 % more than flows.
        (-40.0, -40.0 * 8**0.05),
    ],
)
def test_the_bmv_counts_less_in_more_out_and_nothing_below_its_threshold(current: float, moved_by: float) -> None:
    rival = Bmv(SETUP)
    feed(rival, 0, 0.0)
    assert feed(rival, 1, current) - 50.0 == pytest.approx(moved_by, abs=0.01)


@pytest.mark.parametrize("wild", [None, 0.0, 65.535, 5.0, 3.9])
def test_one_wild_sample_is_not_believed(wild: float | None) -> None:
    hygiene = Hygiene(SETUP.cells, SETUP.capacity)
    for _ in range(3):
        hygiene(1.0, (HALF, HALF))
    assert hygiene(500.0, (HALF, wild)) == (1.0, [HALF, HALF])


def test_a_jump_that_stays_is_believed_at_the_second_sample_and_a_usual_one_at_once() -> None:
    hygiene = Hygiene(SETUP.cells, SETUP.capacity)
    for _ in range(3):
        hygiene(0.0, (HALF, HALF))
    assert hygiene(40.0, (HALF, HALF)) == (40.0, [HALF, HALF])
    assert hygiene(120.0, (HALF, 3.0)) == (40.0, [HALF, HALF])
    assert hygiene(120.0, (HALF, 3.0)) == (120.0, [HALF, 3.0])


# --- scores ----------------------------------------------------------------------------------------------------------


def truth(soc: float, *cells: float) -> Truth:
    return Truth(time=0.0, soc=soc, cells=cells)


def scored(*pairs: tuple[float, float], half: float = 0.0) -> Score:
    """Score pairs of what was said and what was true, with a band of `half` on both sides."""
    score, anchors = Score(runs=1), Anchors()
    for soc, true in pairs:
        anchors.look(true)
        score_sample(score, anchors, (soc, soc - half, soc + half), truth(true))
    return score


def test_errors_are_told_as_root_mean_square_and_worst() -> None:
    score = scored((53.0, 50.0), (46.0, 50.0))
    assert score.all.rms == pytest.approx(12.5**0.5)
    assert score.all.worst == 4.0
    assert score.all.mean == -0.5
    assert Errors().rms is Errors().mean is None


def test_a_pack_is_known_only_when_it_was_full_and_then_low() -> None:
    # Low before it was full says nothing; a sample that makes it known counts.
    score = scored((10.0, 15.0), (90.0, 99.0), (40.0, 50.0), (17.0, 19.0), (51.0, 50.0))
    assert score.all.count == 5
    assert score.band_anchored.count == 4
    assert score.known.count == 2
    assert score.known.worst == 2.0


def test_a_band_is_told_by_coverage_and_width_and_none_by_nothing() -> None:
    band = scored((50.0, 51.0), (50.0, 53.0), half=2.0).band
    assert (band.coverage, band.width) == (50.0, 4.0)
    assert scored((50.0, 50.0)).band.coverage is None
    assert Band().width is None


def test_cells_and_capacities_that_are_not_told_are_left_out() -> None:
    score = Score()
    cells = [{"cell": 0, "soc": 52.0, "capacity_ah": 102.0}, {"cell": 1, "soc": None, "capacity_ah": None}]
    score_cells(score, cells, truth(50.0, 50.0, 40.0))
    score_capacity(score, cells, FACTS)
    assert (score.cells.count, score.cells.rms) == (1, 2.0)
    assert score.capacity.mean == pytest.approx(2.0)


def test_findings_are_found_missed_or_false() -> None:
    faults = [Fault(kind=kind, cell=cell, since=DAY) for kind, cell in (("weak", 0), ("leak", 1), ("joint", 2))]
    watch = Watch()
    watch.look(0.5 * DAY, [{"kind": "leak", "cell": 1}, {"kind": "weak", "cell": 5}])
    watch.look(3 * DAY, [{"kind": "weak", "cell": 0}, {"kind": "leak", "cell": 1}])
    result = watch.judge(faults)
    # The leak was called out before it was there, and cell 5 was never weak.
    assert (result.found, result.missed, result.false) == (1, 2, 2)
    assert result.delays.mean == 2.0


def test_scores_of_several_runs_are_counted_together() -> None:
    together = scored((51.0, 50.0), half=1.0)
    together.merge(scored((57.0, 50.0), half=2.0))
    assert together.all.rms == pytest.approx(5.0)
    assert together.band.width == 3.0
    assert together.runs == 2


# --- the whole -------------------------------------------------------------------------------------------------------


class Knowing(Ours):
    """Stands in for an estimator of cells."""

    def __init__(self) -> None:
        self.balancing: set[tuple[bool, ...]] = set()

    def sample(self, time, current, cells, temperatures, balancing=()):
        self.balancing.add(balancing)
        return 50.0, 49.0, 51.0

    def cells(self):
        return [{"cell": cell, "soc": 51.0, "capacity_ah": 101.0} for cell in range(2)]

    def findings(self):
        return [{"kind": "weak_cell", "cell": 1}]


def test_all_see_the_same_samples_and_the_table_shows_them() -> None:
    samples = [(replace(row, balancing=(False, True)), told) for row, told in quiet(100)]
    samples[3] = (samples[3][0], None)
    knowing = Knowing()
    facts = replace(FACTS, faults=(Fault(kind="weak_cell", cell=1, since=0.0),))
    scores = run(samples, facts, {"counting": Counting(SETUP), "knowing": knowing})
    assert {score.all.count for score in scores.values()} == {99}
    assert knowing.balancing == {(False, True)}
    assert scores["knowing"].cells.count == 4
    assert scores["knowing"].findings.found == 1
    lines = list(markdown({(name,): score for name, score in scores.items()}, ("estimator",)))
    assert lines[2].startswith("| counting | ")
    assert lines[3] == "| knowing | 0.00 | 0.00 | – | 1.00 | 100.00 | 2.00 | – | – |"
    assert lines[-1].startswith("| knowing | 2 | 1.00 | 1.00 | 1.00 | 1 | 0 | 0 |")


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_of_the_bench_runs(name: str) -> None:
    assert run(quiet(10), FACTS, {name: ESTIMATORS[name](SETUP)})[name].all.count == 10
