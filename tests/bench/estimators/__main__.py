"""Scores estimators of the state of charge on recordings, as Markdown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .degrade import VARIANTS
from .recording import Recording
from .rivals import Setup
from .robust import pooled, trial
from .run import ESTIMATORS, run
from .score import Score
from .stretch import NoLoopError
from .table import markdown


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0; a recording that is not whole raises."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.estimators", description=__doc__)
    parser.add_argument("recordings", nargs="+", type=Path, metavar="RECORDING_PREFIX", help="path up to _noisy.csv.gz")
    parser.add_argument("--robust", action="store_true", help="also on the clean recording made worse in many ways")
    parser.add_argument("--seeds", type=int, default=10, help="of each way to make it worse (%(default)s)")
    parser.add_argument("--capacity", type=float, default=280.0, help="configured, in Ah (%(default)s)")
    parser.add_argument("--chemistry", default="lfp", help="(%(default)s)")
    parser.add_argument("--only", nargs="+", choices=ESTIMATORS, default=list(ESTIMATORS), help="these estimators")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), help="these ways")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once (%(default)s)")
    options = parser.parse_args(arguments)
    for prefix in options.recordings:
        _recording(Recording(prefix=prefix), options)
    return 0


def _recording(recording: Recording, options: argparse.Namespace) -> None:
    facts = recording.facts()
    setup = Setup(
        chemistry=options.chemistry,
        cells=len(facts.capacities),
        capacity=options.capacity,
        balance_current=facts.balance_current,
    )
    print(f"\n## {recording.name}, as recorded\n")
    scores = run(recording.noisy(), facts, {name: ESTIMATORS[name](setup) for name in options.only})
    _show({(name,): score for name, score in scores.items()}, "estimator")
    if options.robust:
        print(f"\n## {recording.name}, clean and made worse, {options.seeds} seeds each\n")
        _show(_robust(recording, setup, options), "variant", "estimator")


def _robust(recording: Recording, setup: Setup, options: argparse.Namespace) -> dict[tuple[str, ...], Score]:
    """Return the scores of each variant and estimator; a variant that cannot be made is told."""
    scores: dict[tuple[str, ...], Score] = {}
    for variant in options.variants:
        try:
            worse = trial(recording, setup, options.only, VARIANTS[variant])
        except NoLoopError as err:
            print(f"{variant} is left out: {err}", file=sys.stderr)
        else:
            scores |= {(variant, name): score for name, score in pooled(worse, options.seeds, options.jobs).items()}
    return scores


def _show(scores: dict[tuple[str, ...], Score], *keys: str) -> None:
    print(*markdown(scores, keys), sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
