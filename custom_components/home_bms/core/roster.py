"""Tells which packs of a battery take part, and which can no longer be counted on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from typing import Final, NamedTuple

from .model import Bound, ContactorState, PackConfig, PackShare, Reason, Snapshot
from .sharing import UNSEEN_SHARE, Load, Share, Side, learn

type Packs = Mapping[str, tuple[PackConfig, Snapshot]]

PACK_RULES: Final = ("in", "charge_open", "discharge_open", "open", "joining", "unseen", "coming_back")
"""Every rule that the reason of a pack's share may name; with the first three it takes part.

`unseen`: nobody hears it, and it may still be on the bus. `coming_back`: it is heard again, but its limits have not yet
risen to what it was counted on meanwhile.
"""

_ON_THE_WAY: Final = (ContactorState.PRECHARGE, ContactorState.CLOSING)
# Rules under which a limit tells nothing of the pack but that it is not known, or was not a moment ago.
_UNKNOWN: Final = frozenset({"communication_lost", "data_missing", "value_missing"})
_COMING_BACK: Final = _UNKNOWN | {"recovering", "starting"}


class Way(NamedTuple):
    """One direction of current."""

    sign: float
    bound: Callable[[Snapshot], Bound]
    side: Callable[[Share], Side]
    closed: Callable[[Snapshot], bool | None]
    counts: Callable[[Look], bool]


CHARGE: Final = Way(
    1.0,
    lambda snapshot: snapshot.decision.ccl,
    lambda share: share.charge,
    lambda snapshot: snapshot.reading.switches.charge,
    lambda one: one.charges,
)
DISCHARGE: Final = Way(
    -1.0,
    lambda snapshot: snapshot.decision.dcl,
    lambda share: share.discharge,
    lambda snapshot: snapshot.reading.switches.discharge,
    lambda one: one.discharges,
)


class Look(NamedTuple):
    """One pack as the battery sees it."""

    config: PackConfig
    snapshot: Snapshot
    age: float
    """s since all of it was known; infinite if never."""
    fresh: bool
    """Current and voltage are of now."""
    share: Share
    charges: bool
    """Whether it is known, and its switch is not known to be open, in the direction of charging ..."""
    discharges: bool
    """... and of discharging."""

    def counts(self, way: Way) -> bool:
        """Whether it is known, and its switch is not known to be open in this direction."""
        return way.counts(self)

    def may_carry(self, way: Way) -> bool:
        """Whether it may carry current in this direction although nobody knows what it can stand."""
        return way.closed(self.snapshot) is not False and way.side(self.share).unseen

    @property
    def takes_part(self) -> bool:
        """Whether it counts in any direction."""
        return self.charges or self.discharges

    @property
    def carries(self) -> bool:
        """Whether it counts in both."""
        return self.charges and self.discharges

    @property
    def load(self) -> Load:
        """What can be learned from it of how current divides."""
        config, believed = self.config, self.snapshot.believed
        return Load(
            capacity=config.capacity,
            rated=min(config.charge_current, config.discharge_current),
            ohms=_ohms(config, self.snapshot) if self.share.is_new else None,
            current=believed.current if self.fresh else None,
            at=self.snapshot.reading.current_time,
            carries=self.carries,
        )


def look(packs: Packs, before: Mapping[str, Share], now: float) -> dict[str, Look]:
    """Return what every pack shows at `now`, after `before` was known of their shares."""
    looks = {key: _look(config, snapshot, before.get(key, Share()), now) for key, (config, snapshot) in packs.items()}
    shares = learn({key: each.share for key, each in looks.items()}, {key: each.load for key, each in looks.items()})
    return {key: each if shares[key] is each.share else each._replace(share=shares[key]) for key, each in looks.items()}


def entry(each: Look, weight: float) -> PackShare:
    """Return how a pack takes part; `weight` is that of all packs that do."""
    share = each.config.capacity * each.share.skew / weight if each.takes_part else None
    return PackShare(charges=each.charges, discharges=each.discharges, reason=_reason(each), share=share)


def _look(config: PackConfig, snapshot: Snapshot, before: Share, now: float) -> Look:
    believed = snapshot.believed
    # A supervisor that has stopped leaves its last snapshot behind.
    late = max(0.0, now - believed.time)
    age = believed.age + late
    unheard = age >= config.age_stop
    charge = _side(CHARGE, snapshot, before, unheard=unheard)
    discharge = _side(DISCHARGE, snapshot, before, unheard=unheard)
    stays = charge is before.charge and discharge is before.discharge
    share = before if stays else replace(before, charge=charge, discharge=discharge)
    return Look(
        config,
        snapshot,
        age,
        believed.current_age + late < config.age_derate,
        share,
        charges=CHARGE.closed(snapshot) is not False and not charge.unseen,
        discharges=DISCHARGE.closed(snapshot) is not False and not discharge.unseen,
    )


def _side(way: Way, snapshot: Snapshot, before: Share, *, unheard: bool) -> Side:
    """Return what is known of a limit; of one that is not, or has not come back yet, the last that was."""
    bound, was = way.bound(snapshot), way.side(before)
    comes_back = was.unseen and bound.reason.rule in _COMING_BACK and bound.value < UNSEEN_SHARE * was.last
    unseen = unheard or comes_back
    last = was.last if unseen or bound.reason.rule in _UNKNOWN else bound.value
    return was if (last, unseen) == (was.last, was.unseen) else Side(last=last, unseen=unseen)


_IN: Final = Reason(rule="in")


def _reason(each: Look) -> Reason:
    """Return why a pack takes part, or does not."""
    snapshot = each.snapshot
    switches, contactors = snapshot.reading.switches, snapshot.contactors
    if switches.charge is False and switches.discharge is False:
        joins = contactors.charge.state in _ON_THE_WAY or contactors.discharge.state in _ON_THE_WAY
        return Reason(rule="joining" if joins else "open")
    if each.may_carry(CHARGE) or each.may_carry(DISCHARGE):
        heard = each.age < each.config.age_stop
        age = None if each.age == inf else each.age
        return Reason(rule="coming_back" if heard else "unseen", value=age, threshold=each.config.age_stop)
    if switches.charge is False:
        return Reason(rule="charge_open")
    return Reason(rule="discharge_open") if switches.discharge is False else _IN


def _ohms(config: PackConfig, snapshot: Snapshot) -> float | None:
    """Return the Ω of all cells together, once those of each are learned."""
    knowledge = snapshot.estimate.knowledge
    known = [] if knowledge is None else [cell.resistance for cell in knowledge.now.each if cell is not None]
    return sum(known) if len(known) == config.cells else None
