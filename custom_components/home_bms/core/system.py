"""Puts the packs of one battery together: what they allow, hold and have moved as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from .charging import Bus, ChargeState, advance, float_voltage, resting
from .limits import Candidate, Pace, ramp
from .model import Bound, ChargeStage, Charging, Ramp, Reason, SystemDecision
from .plausibility import everything_known
from .roster import CHARGE, DISCHARGE, Look, Packs, Way, entry, look
from .sharing import Share, Taker, most, taker

SYSTEM_RULES: Final = ("float", "pack_unseen", "packs_open")
"""What the reason of the battery's limits may name beside `limits.RULES`.

`pack_unseen`: a pack that nobody hears may still be on the bus, and must not get more than a part of what it last
permitted. `packs_open`: there is none on the bus.
"""

NO_SHARES: Final[Mapping[str, Share]] = MappingProxyType({})
# s between two rises of the charge voltage limit (Victron: about 20 s; can/02_sma_victron_canbms.md).
_VOLTAGE_EVERY: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemState:
    """All that one look at the battery hands to the next."""

    shares: Mapping[str, Share] = NO_SHARES
    charging: ChargeState = ChargeState()
    voltage: Ramp = Ramp()
    charge: Ramp = Ramp()
    discharge: Ramp = Ramp()


class _Target(NamedTuple):
    """Where a limit is to go, and which pack says so."""

    bound: Bound
    key: str | None

    @property
    def candidate(self) -> Candidate:
        reason = self.bound.reason
        place = reason.sensor if reason.cell is None else reason.cell
        return Candidate(self.bound.value, reason.rule, place, reason.value, reason.threshold, reason.ahead)


def combine(packs: Packs) -> SystemDecision:
    """Return the view of all packs, wired in parallel, by their keys, as of somebody who sees them for the first time.

    The limits are where their ramps would end. An empty battery permits nothing.
    """
    looks = look(packs, NO_SHARES, _now(packs))
    stage = ChargeState()
    return _decision(
        looks,
        _ceiling(looks).bound,
        _most(looks, CHARGE),
        _most(looks, DISCHARGE),
        Charging(stage=stage.stage, reason=stage.reason),
    )


def step(state: SystemState, packs: Packs) -> tuple[SystemState, SystemDecision]:
    """Take the battery from one look to the next.

    Current divides among the packs as it was seen to divide, so the pack whose own limit is reached first limits all.
    A pack whose switches are known to be open carries nothing and takes no part. One that is no longer heard may carry
    some or not: the others' limits must hold without it, and it must not get more than a part of what it last
    permitted. Limits fall at once and rise slowly, also where a pack that held them down has left; the packs have held
    their own back long enough.
    """
    if not packs:
        return state, combine(packs)
    now = _now(packs)
    looks = look(packs, state.shares, now)
    each = looks.values()
    stage = _charge(state, looks, now)
    voltage, charge, discharge = _asked(stage, looks), _most(looks, CHARGE), _most(looks, DISCHARGE)
    known = _is_known(state, looks)
    pace = Pace(0.0, min([one.config.ramp_rate for one in each]), min([one.config.age_derate for one in each]))
    bottom = min(_resting(looks), voltage.bound.value)
    room = min([one.config.cells * one.config.cell_voltage_full for one in each]) - _resting(looks)
    charge_rated = sum([one.config.charge_current for one in each])
    discharge_rated = sum([one.config.discharge_current for one in each])
    new = SystemState(
        shares={key: one.share for key, one in looks.items()},
        charging=stage,
        voltage=ramp(pace, state.voltage, voltage.candidate, now, bottom, room, known, every=_VOLTAGE_EVERY),
        charge=ramp(pace, state.charge, charge.candidate, now, 0.0, charge_rated, known),
        discharge=ramp(pace, state.discharge, discharge.candidate, now, 0.0, discharge_rated, known),
    )
    return new, _decision(
        looks,
        _stands(new.voltage),
        charge._replace(bound=_stands(new.charge)),
        discharge._replace(bound=_stands(new.discharge)),
        Charging(stage=stage.stage, reason=stage.reason),
    )


def _stands(state: Ramp) -> Bound:
    return Bound(value=state.value, reason=state.reason)


def _now(packs: Packs) -> float:
    """Return the time of the latest look at any pack."""
    return max([snapshot.decision.time for _, snapshot in packs.values()], default=0.0)


def _is_known(state: SystemState, looks: Mapping[str, Look]) -> bool:
    """Tell whether all that takes part is known, and nothing has just come out of sight, or into it."""
    for key, one in looks.items():
        before = state.shares.get(key, Share())
        if (one.share.charge.unseen, one.share.discharge.unseen) != (before.charge.unseen, before.discharge.unseen):
            return False
        if one.takes_part and not (one.fresh and everything_known(one.config, one.snapshot.believed)):
            return False
    return True


def _ceiling(looks: Mapping[str, Look]) -> _Target:
    """Return the charge voltage that every pack tolerates which is, or may be, charged.

    A pack that has left does not hold down the voltage that the others are charged to.
    """
    charged = [one for one in looks.values() if one.counts(CHARGE) or one.may_carry(CHARGE)]
    bound = min(
        [one.snapshot.decision.cvl for one in charged or looks.values()],
        key=lambda bound: bound.value,
        default=Bound(value=0.0, reason=Reason(rule="starting")),
    )
    return _Target(bound, None)


def _asked(stage: ChargeState, looks: Mapping[str, Look]) -> _Target:
    """Return the charge voltage that is asked for: what the packs tolerate, and in float less."""
    ceiling = _ceiling(looks)
    if stage.stage is not ChargeStage.FLOAT:
        return ceiling
    rest = _resting(looks)
    value = rest if stage.asked is None else stage.asked
    if ceiling.bound.value <= value:
        return ceiling
    return _Target(Bound(value=value, reason=Reason(rule="float", value=value, threshold=rest)), None)


def _resting(looks: Mapping[str, Look]) -> float:
    """Return the V at which the battery floats."""
    return float_voltage([(one.config, one.snapshot) for one in looks.values()])


def _charge(state: SystemState, looks: Mapping[str, Look], now: float) -> ChargeState:
    """Take the stage of charging on, by the packs that are surely charged."""
    charged = {key: one for key, one in looks.items() if one.counts(CHARGE)}
    if not charged:
        return resting(state.charging, now)
    bus = Bus(
        time=now,
        packs=tuple([(one.config, one.snapshot) for one in charged.values()]),
        limit=state.voltage.value,
        charges=state.charge.value > 0.0,
        voltage=_mean(charged.values(), _voltage_now),
        current=_sum(charged.values(), _current_now),
        soc=_weighted(charged.values(), lambda one: one.snapshot.estimate.soc),
    )
    return advance(state.charging, bus)


def _most(looks: Mapping[str, Look], way: Way) -> _Target:
    """Return the current that all packs together permit, and the pack that sets it."""
    takers = [_taker(key, one, way) for key, one in looks.items() if one.counts(way) and one.carries]
    halves = [_taker(key, one, way) for key, one in looks.items() if one.counts(way) and not one.carries]
    unseen = [_taker(key, one, way) for key, one in looks.items() if one.may_carry(way)]
    if not takers:
        takers, halves = [half._replace(mean=half.offset) for half in halves], []
    if not takers:
        return _none(looks, way)
    found = most(takers, halves, unseen)
    one = looks[found.key]
    if found.unseen:
        reason = Reason(rule="pack_unseen", value=found.value, threshold=way.side(one.share).last)
        return _Target(Bound(value=found.value, reason=reason), found.key)
    return _Target(Bound(value=found.value, reason=way.bound(one.snapshot).reason), found.key)


def _none(looks: Mapping[str, Look], way: Way) -> _Target:
    """Return zero, and why no pack takes part."""
    for key, one in looks.items():
        bound = way.bound(one.snapshot)
        if bound.value <= 0.0:
            return _Target(Bound(value=0.0, reason=bound.reason), key)
    return _Target(Bound(value=0.0, reason=Reason(rule="packs_open" if looks else "starting")), next(iter(looks), None))


def _taker(key: str, one: Look, way: Way) -> Taker:
    side = way.side(one.share)
    limit = side.last if side.unseen else way.bound(one.snapshot).value
    return taker(key, one.share, one.load, limit=limit, sign=way.sign)


def _decision(
    looks: Mapping[str, Look], cvl: Bound, charge: _Target, discharge: _Target, stage: Charging
) -> SystemDecision:
    each = list(looks.values())
    on_bus = [one for one in each if one.takes_part]
    seen = on_bus or each
    # A pack that nobody sees may carry what no sum knows.
    hidden = any(one.may_carry(CHARGE) or one.may_carry(DISCHARGE) for one in each)
    weight = sum([one.config.capacity * one.share.skew for one in on_bus])
    return SystemDecision(
        cvl=cvl,
        ccl=charge.bound,
        dcl=discharge.bound,
        charging=stage,
        packs={key: entry(one, weight) for key, one in looks.items()},
        voltage=_mean(seen, _voltage_now),
        current=None if hidden else _sum(seen, _current_now),
        power=None if hidden else _sum(seen, _power),
        soc=_weighted(seen, lambda one: one.snapshot.estimate.soc),
        soh=_weighted(each, lambda one: one.snapshot.estimate.life.soh),
        capacity=sum([one.config.capacity for one in each]),
        stored_energy=_sum(each, lambda one: one.snapshot.estimate.life.stored_energy),
        energy_in=sum([one.snapshot.estimate.energy_in for one in each]),
        energy_out=sum([one.snapshot.estimate.energy_out for one in each]),
        weakest_charge=charge.key,
        weakest_discharge=discharge.key,
    )


def _values(looks: Iterable[Look], value: Callable[[Look], float | None]) -> list[float] | None:
    """Return one value of every pack, `None` if that of any is unknown."""
    values = [value(one) for one in looks]
    known = [each for each in values if each is not None]
    return known if known and len(known) == len(values) else None


def _sum(looks: Iterable[Look], value: Callable[[Look], float | None]) -> float | None:
    values = _values(looks, value)
    return None if values is None else sum(values)


def _mean(looks: Iterable[Look], value: Callable[[Look], float | None]) -> float | None:
    values = _values(looks, value)
    return None if values is None else sum(values) / len(values)


def _weighted(looks: Iterable[Look], percent: Callable[[Look], float | None]) -> float | None:
    """Return a mean in which a pack counts by its capacity."""
    each = list(looks)
    total = _sum(each, lambda one: _times(percent(one), one.config.capacity))
    return None if total is None else total / sum([one.config.capacity for one in each])


def _times(value: float | None, by: float | None) -> float | None:
    return None if value is None or by is None else value * by


def _current_now(one: Look) -> float | None:
    """Return a pack's current unless it is old: a sum with yesterday's share in it is none."""
    return one.snapshot.believed.current if one.fresh else None


def _voltage_now(one: Look) -> float | None:
    return one.snapshot.believed.voltage if one.fresh else None


def _power(one: Look) -> float | None:
    return _times(_current_now(one), _voltage_now(one))
