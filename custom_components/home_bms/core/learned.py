"""Turns what was learned about a battery into plain JSON values and back, also for a pack that has been rebuilt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final

from . import learning
from .battery import Ageing, Estimate, Knowledge, Life, Sample, Window
from .codec import CodecError, codec
from .learned_check import problem
from .model import ConfigError, PackConfig
from .past import NO_HISTORY, History

FORMAT: Final = 1
"""Of what is saved; any newer one is refused."""


class LearnedError(ValueError):
    """What cannot be taken over; the message names the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """All that takes weeks to learn."""

    format: int = FORMAT
    chemistry: str
    rated: float
    """Ah."""
    knowledge: Knowledge
    life: Life


def save(config: PackConfig, estimate: Estimate, history: History = NO_HISTORY) -> dict[str, Any] | None:
    """Return what was learned, and lived through, as JSON values; `None` before anything was.

    Tuples of numbers are left as they are: the writer of JSON takes them, and a pack has thousands.
    """
    if estimate.knowledge is None:
        return None
    plain: dict[str, Any] = _plain(
        Learned(
            chemistry=config.chemistry,
            rated=config.capacity,
            knowledge=estimate.knowledge,
            life=estimate.life,
        )
    )
    plain["history"] = _plain(replace(history, time=None))
    return plain


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of `Learned`
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple) and any(map(is_dataclass, value)):
        return [_plain(each) for each in value]
    return value


def load(
    config: PackConfig, estimate: Estimate, saved: Mapping[str, Any], *, now: float, gap: float | None
) -> Estimate:
    """Return the estimate with what was learned, which may be older than its counters.

    `now` is the monotonic time and `gap` the seconds in which nobody looked, `None` if that is not known. A pack that
    has more or fewer cells by now, or another capacity, keeps what still holds. Raises LearnedError.
    """
    learned = _decoded(saved)
    if learned.chemistry != config.chemistry:
        raise LearnedError(f"it was learned of {learned.chemistry}, this pack is {config.chemistry}")
    if (wrong := problem(learned.chemistry, learned.rated, learned.knowledge, learned.life)) is not None:
        raise LearnedError(wrong)
    knowledge = _begun_anew(learned.knowledge, learned.rated, now, gap)
    same = learned.rated == config.capacity and len(knowledge.cells) == config.cells
    if not same:
        knowledge = learning.resize(knowledge, config.chemistry, learned.rated, config.capacity, config.cells)
    ageing = learned.life.ageing if same else Ageing(hours=learned.life.ageing.hours)
    if estimate.truth is not None:
        knowledge = learning.moved_to(knowledge, estimate.truth / 100)
    if estimate.knowledge is not None:
        # Taken over while the pack is watched: its charge is no surer than it was.
        doubt = (learning.doubt(estimate.knowledge) * config.capacity) ** 2
        knowledge = replace(knowledge, tally=replace(knowledge.tally, doubt=knowledge.tally.doubt + doubt))
    return replace(
        estimate,
        knowledge=knowledge,
        capacity=knowledge.left + knowledge.room,
        life=replace(learned.life, ageing=ageing),
    )


def _decoded(saved: Mapping[str, Any]) -> Learned:
    version = saved.get("format")
    if version != FORMAT:
        raise LearnedError(f"format {version!r:.20} is not known here, only {FORMAT}")
    # What was lived through is another reader's.
    of_it = {name: value for name, value in saved.items() if name != "history"}
    try:
        learned: Learned = codec(Learned).decode(of_it)
    except CodecError as err:
        raise LearnedError(str(err)) from None
    return learned


def _begun_anew(knowledge: Knowledge, rated: float, now: float, gap: float | None) -> Knowledge:
    """Return the same for a clock that began anew, in doubt by what may have flowed meanwhile."""
    tally = knowledge.tally
    unseen = learning.unseen(rated, float("inf") if gap is None else gap / 3600)
    return replace(
        knowledge,
        window=Window(began=now),
        last=Sample(time=now, current=0.0, cells=()),
        tally=replace(tally, doubt=tally.doubt + unseen, bleed=tally.bleed or (0.0,) * len(knowledge.cells)),
    )


def replace_cell(config: PackConfig, estimate: Estimate, cell: int) -> Estimate:
    """Forget what was learned of one cell, for another is in its place. Raises ConfigError `out_of_range`."""
    if not 0 <= cell < config.cells:
        raise ConfigError("out_of_range", "cell", value=cell + 1, minimum=1, maximum=config.cells)
    knowledge, ageing = estimate.knowledge, estimate.life.ageing
    if knowledge is None:
        return estimate
    forgotten = learning.forget(knowledge, config.capacity, cell)
    ageing = Ageing(
        hours=ageing.hours,
        sizes=_without(ageing.sizes, cell),
        ohms=_without(ageing.ohms, cell),
        first=_without(ageing.first, cell),
    )
    return replace(estimate, knowledge=forgotten, life=replace(estimate.life, ageing=ageing))


def _without[T](values: tuple[T | None, ...], number: int) -> tuple[T | None, ...]:
    return tuple([None if place == number else value for place, value in enumerate(values)])
