"""Learns how current divides among packs in parallel, so that no pack gets more than its own limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Final, NamedTuple

# s over which a pack's current is averaged: longer than packs are polled apart, shorter than charge moves between them.
_AVERAGE: Final = 10.0
# What is learned is weighed by the squares of changes of the battery's current, in rated currents. The first guess
# counts as much as one change by a tenth, and what is older than some twenty changes by a third is forgotten.
_GUESS: Final = 0.01
_MOST: Final = 1.0
# By how much a pack's share of further current may be more than is known, before it was seen and after: an old pack and
# long leads beside it, what moves within minutes. Estimated: no source states it.
_UNSURE: Final = 0.50
_SURE: Final = 0.05
# Times its capacity's share that a pack is taken to carry at least and at most.
_SKEWS: Final = (0.4, 2.5)
# Ω of leads and switches beside the cells' own (strings.py).
_LEADS: Final = 0.001

UNSEEN_SHARE: Final = 0.25
"""Of what a pack last permitted, while nobody sees what it carries: as where data are late (`thresholds.md` 2.12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What is known of one direction's limit of a pack."""

    last: float = 0.0
    """A that it permitted when that was last known."""
    unseen: bool = True
    """Whether it is not known now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What is known of one pack's part in the battery's current."""

    skew: float = 1.0
    """Times its capacity's share that it takes of a change."""
    seen: float = 0.0
    """What that rests on."""
    mean: float | None = None
    """A, positive charging, averaged; `None` until it was seen ..."""
    at: float | None = None
    """... and the monotonic time of its last sample."""
    offset: float = 0.0
    """A of `mean` that its share does not explain: what flows between the packs."""
    charge: Side = Side()
    discharge: Side = Side()

    @property
    def is_new(self) -> bool:
        """Whether nothing was seen of it yet."""
        return self.mean is None and self.seen == 0.0


class Load(NamedTuple):
    """One pack on the bus as it is seen now."""

    capacity: float
    rated: float
    """A."""
    ohms: float | None
    """Of its cells together; `None` while not learned."""
    current: float | None
    """A, positive charging; `None` if not known or old ..."""
    at: float | None
    """... and the monotonic time at which it was measured."""
    carries: bool
    """Whether it is counted on to carry its share in both directions."""


class Taker(NamedTuple):
    """A pack in one direction; currents count positive in that direction."""

    key: str
    weight: float
    limit: float
    mean: float
    offset: float
    current: float | None
    doubt: float
    """By how much of itself its share may be more."""


def learn(shares: Mapping[str, Share], loads: Mapping[str, Load]) -> dict[str, Share]:
    """Return the shares of the same packs after what is seen now.

    How a change of the battery's current divides is the ratio of the packs' conductances, whatever flows between them
    anyway. It is told only by samples of all packs that carry: one that is missing makes the others' tell a lie.
    """
    new = {key: _begun(key, share, loads) for key, share in shares.items()}
    told = {key: load for key, load in loads.items() if _is_told(new[key], load)}
    carrying = {key: load for key, load in told.items() if load.carries}
    whole = len(carrying) == len([load for load in loads.values() if load.carries])
    if whole and len(carrying) > 1:
        new |= _divide(new, carrying)
    means = {key: _mean(new[key], load) for key, load in told.items() if whole or not load.carries}
    total = sum([mean for key, mean in means.items() if key in carrying])
    weight = sum([load.capacity * new[key].skew for key, load in carrying.items()])
    for key, mean in means.items():
        share, load = new[key], told[key]
        offset = mean - load.capacity * share.skew / weight * total if load.carries else share.offset
        new[key] = replace(share, mean=mean, at=load.at, offset=offset)
    return new


def _is_told(share: Share, load: Load) -> bool:
    """Tell whether there is a new sample of the current."""
    if load.current is None or load.at is None or not isfinite(load.at):
        return False
    return share.at is None or load.at > share.at


def _fade(share: Share, load: Load) -> float:
    """Return how much the new sample counts in the mean."""
    if share.at is None or load.at is None:
        return 1.0
    return min(1.0, (load.at - share.at) / _AVERAGE)


def _mean(share: Share, load: Load) -> float:
    """Return the averaged current in A with the new sample in it."""
    current = load.current or 0.0
    return current if share.mean is None else share.mean + _fade(share, load) * (current - share.mean)


def _begun(key: str, share: Share, loads: Mapping[str, Load]) -> Share:
    """Return a share to begin with: what the cells' resistances suggest, else the capacity's."""
    own = loads[key]
    if not share.is_new or own.ohms is None:
        return share
    known = [(load.ohms + _LEADS) * load.capacity for load in loads.values() if load.ohms is not None]
    return replace(share, skew=bounded(sum(known) / len(known) / ((own.ohms + _LEADS) * own.capacity)))


def bounded(skew: float) -> float:
    """Return a skew that can be; beyond it something else was seen than how current divides."""
    return min(_SKEWS[1], max(_SKEWS[0], skew))


def _move(share: Share, load: Load) -> float:
    """Return the A by which a pack's current is off its mean."""
    return 0.0 if load.current is None or share.mean is None else load.current - share.mean


def _divide(shares: Mapping[str, Share], loads: Mapping[str, Load]) -> dict[str, Share]:
    """Return the shares with what this change tells of how current divides."""
    moves = {key: _move(shares[key], load) for key, load in loads.items()}
    move, rated = sum(moves.values()), sum([load.rated for load in loads.values()])
    told = (move / rated) ** 2 * max([_fade(shares[key], load) for key, load in loads.items()])
    if not told > 0.0:
        return {}
    weight = sum([load.capacity * shares[key].skew for key, load in loads.items()])
    learned = {}
    for key, load in loads.items():
        share = shares[key]
        part = load.capacity * share.skew / weight
        gain = told / (share.seen + _GUESS + told)
        skew = share.skew * (1.0 + gain * (moves[key] / move / part - 1.0))
        learned[key] = replace(share, skew=bounded(skew), seen=min(_MOST, share.seen + told))
    return learned


def taker(key: str, share: Share, load: Load, *, limit: float, sign: float) -> Taker:
    """Return a pack in one direction; `sign` is 1 for charging and -1 for discharging."""
    learned = share.seen / (share.seen + _GUESS)
    return Taker(
        key=key,
        weight=load.capacity * share.skew,
        limit=limit,
        mean=sign * (share.mean or 0.0),
        offset=sign * share.offset,
        current=None if load.current is None else sign * load.current,
        doubt=_UNSURE + (_SURE - _UNSURE) * learned,
    )


class Most(NamedTuple):
    """What the battery permits, and which pack sets it."""

    value: float
    """A."""
    key: str
    unseen: bool = False
    """Whether that is one that nobody sees."""


def most(takers: Sequence[Taker], halves: Sequence[Taker] = (), unseen: Sequence[Taker] = ()) -> Most:
    """Return the current of the battery at which no pack exceeds its own limit; of at least one taker.

    `halves` are packs that let current through in this direction only: what they carry beside their share shows while
    it flows and not on average, so what was last known of it counts. What packs do that nobody sees is not known: it
    holds whether they carry what they last did or nothing, and they do not get more than `UNSEEN_SHARE` of their last
    limit.
    """
    bounds = _bounds(takers, (*halves, *unseen)) + _exceeded((*takers, *halves))
    if unseen:
        bounds += _bounds(takers, halves)
    seen = sum([each.weight for each in (*takers, *halves)])
    bounds += [Most(_bound(each, each.weight / seen, each.offset), each.key) for each in halves]
    bounds += [
        Most(UNSEEN_SHARE * _bound(each, each.weight / (seen + each.weight), each.offset), each.key, unseen=True)
        for each in unseen
    ]
    lowest = min(bounds, key=lambda bound: bound.value)
    return lowest._replace(value=min(lowest.value, sum([each.limit for each in (*takers, *halves)])))


def _bounds(takers: Sequence[Taker], others: Sequence[Taker]) -> list[Most]:
    """Return what each pack permits, were `others` to carry their share and what last flowed beside it."""
    weight = sum([each.weight for each in (*takers, *others)])
    elsewhere = sum([each.weight for each in others]) / weight
    total = (sum([each.mean for each in takers]) + sum([each.offset for each in others])) / (1.0 - elsewhere)
    bounds = []
    for each in takers:
        part = each.weight / weight
        bounds.append(Most(_bound(each, part, each.mean - part * total), each.key))
    return bounds


def _exceeded(takers: Sequence[Taker]) -> list[Most]:
    """Return what the battery's current has to fall to where a pack has more than its limit now, whatever was learned.

    Another pack may have left without a word.
    """
    total = sum([each.mean if each.current is None else each.current for each in takers])
    return [
        Most(max(0.0, total * each.limit / each.current), each.key)
        for each in takers
        if each.current is not None and each.current > each.limit
    ]


def _bound(each: Taker, part: float, offset: float) -> float:
    """Return the A of the battery at which a pack that takes `part` of it beside `offset` is at its limit."""
    if each.limit <= 0.0:
        return 0.0
    careful = part * (1.0 + each.doubt * (1.0 - part))
    return max(0.0, (each.limit - offset) / careful)
