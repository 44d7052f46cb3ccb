"""Narrows what a battery permits by what is leased of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from .battery import Estimate
from .lease_force import Charge, Claim, InForce
from .leases import Part
from .limits import Candidate, Pace, ramp
from .model import Bound, Ramp, SystemDecision
from .roster import Packs

# Percent above a reserve over which discharging fades out, as at the ends of a state-of-charge window (limits.py).
_FADE: Final = 1.0


class Plant(NamedTuple):
    """What must be known of the battery beside its decision."""

    time: float
    """Monotonic, of the latest look."""
    charge_current: float
    """A, rated ..."""
    discharge_current: float
    voltage: float
    """V, the most that the battery may have."""
    ramp_rate: float
    """Share of the rated current per s by which a limit rises."""
    age: float
    """s after which nothing of what a limit rests on is known."""
    soc: float | None
    """Percent: of what is shown and what is known better the lower."""

    def charge(self, decision: SystemDecision) -> Charge:
        """Return what a set-point that leads to a charge must know."""
        energy = None if decision.voltage is None else decision.capacity * decision.voltage / 100.0
        return Charge(decision.soc, energy, self.charge_current * self.voltage)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectState:
    """Where the limits that follow from leases stand."""

    charge: Ramp = Ramp()
    discharge: Ramp = Ramp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What leases make of a decision."""

    decision: SystemDecision
    setpoint: float | None
    """W that an inverter is to be asked for, within the limits; `None` is none."""


def plant(packs: Packs, decision: SystemDecision) -> Plant:
    """Return what must be known of packs beside what was decided; of at least one."""
    configs = [config for config, _ in packs.values()]
    return Plant(
        time=max([snapshot.decision.time for _, snapshot in packs.values()]),
        charge_current=sum([config.charge_current for config in configs]),
        discharge_current=sum([config.discharge_current for config in configs]),
        voltage=max([config.cells * config.cell_voltage_full for config in configs]),
        ramp_rate=min([config.ramp_rate for config in configs]),
        age=min([config.age_derate for config in configs]),
        soc=_soc(packs, decision),
    )


def _soc(packs: Packs, decision: SystemDecision) -> float | None:
    """Return the charge that permits less: what is shown follows a new truth slowly, a limit must not."""
    takers = {key: config.capacity for key, (config, _) in packs.items() if decision.packs[key].share is not None}
    if decision.soc is None or not takers:
        return decision.soc
    ahead = sum([capacity * _ahead(packs[key][1].estimate) for key, capacity in takers.items()])
    return decision.soc - ahead / sum(takers.values())


def _ahead(estimate: Estimate) -> float:
    """Return the percent by which what is shown is more than what is known better."""
    soc, truth = estimate.soc, estimate.truth
    return 0.0 if soc is None or truth is None else max(0.0, soc - truth)


def narrow(state: EffectState, decision: SystemDecision, force: InForce, battery: Plant) -> tuple[EffectState, Effect]:
    """Return the decision within the limits that are in force, and the set-point within that decision.

    It only narrows. A limit falls at once and rises slowly when a lease is over. A power is turned into a current at
    the voltage of now; where that is not known at the highest there can be, which permits less.
    """
    volts = battery.voltage if decision.voltage is None else max(1.0, decision.voltage)
    new = EffectState(
        charge=_ramped(state.charge, _charging(force.claims, battery, volts), battery, battery.charge_current),
        discharge=_ramped(
            state.discharge, _discharging(force.claims, battery, volts), battery, battery.discharge_current
        ),
    )
    ccl, dcl = _lower(decision.ccl, new.charge), _lower(decision.dcl, new.discharge)
    if (ccl, dcl) != (decision.ccl, decision.dcl):
        decision = replace(decision, ccl=ccl, dcl=dcl)
    return new, Effect(decision=decision, setpoint=_setpoint(decision, force.claims.get(Part.POWER)))


def _ramped(state: Ramp, candidates: Iterator[Candidate], battery: Plant, rated: float) -> Ramp:
    target = min(candidates, key=lambda candidate: candidate.value)
    if state.fell is None:
        # There is nothing to hold back at the first look: what the battery permits has begun at zero.
        state = Ramp(value=rated, fell=battery.time, rose=battery.time)
    return ramp(Pace(0.0, battery.ramp_rate, battery.age), state, target, battery.time, 0.0, rated, known=True)


def _charging(claims: Mapping[Part, Claim], battery: Plant, volts: float) -> Iterator[Candidate]:
    yield from _limits(battery.charge_current, claims.get(Part.CHARGE_CURRENT), claims.get(Part.CHARGE_POWER), volts)


def _discharging(claims: Mapping[Part, Claim], battery: Plant, volts: float) -> Iterator[Candidate]:
    rated = battery.discharge_current
    yield from _limits(rated, claims.get(Part.DISCHARGE_CURRENT), claims.get(Part.DISCHARGE_POWER), volts)
    if (reserve := claims.get(Part.RESERVE)) is None:
        return
    if battery.soc is None:
        yield Candidate(0.0, "value_missing")
        return
    left = min(1.0, max(0.0, (battery.soc - reserve.value) / _FADE))
    yield Candidate(rated * left, "soc_window", None, battery.soc, reserve.value)


def _limits(rated: float, current: Claim | None, power: Claim | None, volts: float) -> Iterator[Candidate]:
    yield Candidate(rated, "rated")
    if current is not None:
        yield Candidate(current.value, "leased", threshold=current.value)
    if power is not None:
        yield Candidate(power.value / volts, "leased", threshold=power.value / volts)


def _lower(bound: Bound, leased: Ramp) -> Bound:
    return bound if bound.value <= leased.value else Bound(value=leased.value, reason=leased.reason)


def _setpoint(decision: SystemDecision, claim: Claim | None) -> float | None:
    """Return a set-point within the limits; where the voltage is not known that is none."""
    if claim is None:
        return None
    volts = decision.voltage or 0.0
    # A limit of zero would else become a set-point of minus nothing.
    return min(decision.ccl.value * volts, max(-decision.dcl.value * volts, claim.value)) + 0.0
