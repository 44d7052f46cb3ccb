"""Scores estimators on a clean recording that is made worse in many ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat as always

from .degrade import Variant, degrade, skip
from .recording import Facts, Recording, Sample
from .rivals import Setup
from .run import ESTIMATORS, run
from .score import Score
from .stretch import Loop, find_loop, moved, repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One variant of one recording, for the estimators that are named."""

    recording: Recording
    setup: Setup
    names: tuple[str, ...]
    variant: Variant
    loop: Loop | None = None

    def scores(self, seed: int) -> dict[str, Score]:
        """Score the estimators, each fresh, on what `seed` makes of the recording."""
        facts = self.recording.facts()
        setup = self._configured(facts)
        samples, facts = self._prepared(facts)
        estimators = {name: ESTIMATORS[name](setup) for name in self.names}
        return run(degrade(samples, self.variant.harm, seed), facts, estimators)

    def _configured(self, facts: Facts) -> Setup:
        if self.variant.capacity is None:
            return self.setup
        return replace(self.setup, capacity=self.variant.capacity * sum(facts.capacities) / len(facts.capacities))

    def _prepared(self, facts: Facts) -> tuple[Iterator[Sample], Facts]:
        """Return the clean samples cut and stretched as the variant asks, with the facts that go with them."""
        samples = skip(self.recording.clean(), self.variant.skip)
        return (samples, facts) if self.loop is None else (repeat(samples, self.loop), moved(facts, self.loop))


def trial(recording: Recording, setup: Setup, names: Iterable[str], variant: Variant) -> Trial:
    """Return a variant ready to be run; raises `NoLoopError` where the recording cannot be stretched honestly."""
    loop = find_loop(recording.clean(), recording.facts(), variant.dull) if variant.dull else None
    return Trial(recording=recording, setup=setup, names=tuple(names), variant=variant, loop=loop)


def pooled(worse: Trial, seeds: int, jobs: int) -> dict[str, Score]:
    """Return the scores of all seeds together; with several jobs, in so many processes."""
    total = {name: Score() for name in worse.names}
    if jobs == 1:
        _add(total, map(worse.scores, range(seeds)))
    else:
        with ProcessPoolExecutor(max_workers=jobs) as pool:
            _add(total, pool.map(Trial.scores, always(worse, seeds), range(seeds)))
    return total


def _add(total: dict[str, Score], runs: Iterable[dict[str, Score]]) -> None:
    for scores in runs:
        for name, score in scores.items():
            total[name].merge(score)
