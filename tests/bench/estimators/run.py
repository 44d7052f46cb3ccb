"""Lets estimators look at one recording side by side and scores them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from .ours import Ours
from .recording import Facts, Row, Sample
from .rivals import Bmv, Counting, DbusSerialbattery, Estimator, Judgement, Setup, TextbookEkf
from .score import Anchors, Score, Watch, score_capacity, score_cells, score_sample

# How often what changes slowly is looked at, in s: cells, findings.
_LOOK: Final = 600.0

ESTIMATORS: Final[Mapping[str, Callable[[Setup], Estimator]]] = {
    "counting": Counting,
    "dbus-serialbattery": DbusSerialbattery,
    "BMV": Bmv,
    "EKF": TextbookEkf,
    # The best of a grid over this and the noise of the voltage, chosen by the truth of the recording that is published:
    # no user could have chosen so, and it shows what the rule can do at most.
    "EKF, tuned by the truth": lambda setup: TextbookEkf(setup, current=3.0),
    "home_bms": lambda setup: Ours(setup.chemistry, setup.cells, setup.capacity, setup.balance_current),
}


class Runner:
    """One estimator on its way through a recording."""

    def __init__(self, estimator: Estimator) -> None:
        self._estimator = estimator
        self._score = Score(runs=1)
        self._watch = Watch()

    def look(self, sample: Sample, anchors: Anchors, *, slow: bool) -> None:
        """Take a sample; with `slow`, look at cells and findings too."""
        row, truth = sample
        judgement = self._judge(row)
        if truth is not None:
            score_sample(self._score, anchors, judgement, truth)
        if slow and isinstance(self._estimator, Ours):
            self._watch.look(row.time, self._estimator.findings())
            if truth is not None:
                score_cells(self._score, self._estimator.cells(), truth)

    def end(self, facts: Facts) -> Score:
        """Return the score, with what is learned only by the end."""
        if isinstance(self._estimator, Ours):
            score_capacity(self._score, self._estimator.cells(), facts)
            self._score.findings = self._watch.judge(facts.faults)
        return self._score

    def _judge(self, row: Row) -> Judgement:
        if isinstance(self._estimator, Ours):
            return self._estimator.sample(row.time, row.current, row.cells, row.temperatures, row.balancing)
        return self._estimator.sample(row.time, row.current, row.cells, row.temperatures)


def run(samples: Iterable[Sample], facts: Facts, estimators: Mapping[str, Estimator]) -> dict[str, Score]:
    """Return the score of each estimator over the samples."""
    runners = {name: Runner(estimator) for name, estimator in estimators.items()}
    anchors, due = Anchors(), 0.0
    for row, truth in samples:
        if truth is not None:
            anchors.look(truth.soc)
        slow = row.time >= due
        if slow:
            due = row.time + _LOOK
        for runner in runners.values():
            runner.look((row, truth), anchors, slow=slow)
    return {name: runner.end(facts) for name, runner in runners.items()}
