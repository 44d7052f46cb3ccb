"""Puts the packs of one battery together: what they allow, hold and have moved as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

from .model import Bound, PackConfig, Reason, Snapshot, SystemDecision

type Packs = Mapping[str, tuple[PackConfig, Snapshot]]


def combine(packs: Packs) -> SystemDecision:
    """Return the view of all packs, wired in parallel, by their keys.

    Current divides by capacity among the packs whose switches are closed, so the pack that permits least for its size
    limits all. A pack whose switch is known to be open carries nothing and takes no part; one of which that is not
    known does. An empty battery permits nothing.
    """
    ccl, charge_pack = _current(
        packs, lambda snapshot: snapshot.decision.ccl, lambda snapshot: snapshot.reading.switches.charge
    )
    dcl, discharge_pack = _current(
        packs, lambda snapshot: snapshot.decision.dcl, lambda snapshot: snapshot.reading.switches.discharge
    )
    # A pack that has left does not hold down the voltage that the others are charged to.
    carrying = [snapshot for _, snapshot in packs.values() if snapshot.reading.switches.charge is not False]
    cvl = min(
        (snapshot.decision.cvl for snapshot in carrying or [snapshot for _, snapshot in packs.values()]),
        key=lambda bound: bound.value,
        default=Bound(value=0.0, reason=Reason(rule="starting")),
    )
    current = _sum(packs, _current_now)
    voltage = _mean(packs, _voltage_now)
    capacity = sum(config.capacity for config, _ in packs.values())
    charge = _sum(packs, lambda config, snapshot: _times(snapshot.estimate.soc, config.capacity))
    health = _sum(packs, lambda config, snapshot: _times(snapshot.estimate.life.soh, config.capacity))
    return SystemDecision(
        cvl=cvl,
        ccl=ccl,
        dcl=dcl,
        voltage=voltage,
        current=current,
        power=_sum(packs, _power),
        soc=None if charge is None else charge / capacity,
        soh=None if health is None else health / capacity,
        capacity=capacity,
        stored_energy=_sum(packs, lambda _, snapshot: snapshot.estimate.life.stored_energy),
        energy_in=sum(snapshot.estimate.energy_in for _, snapshot in packs.values()),
        energy_out=sum(snapshot.estimate.energy_out for _, snapshot in packs.values()),
        weakest=charge_pack if ccl.value <= dcl.value else discharge_pack,
    )


def _current(
    packs: Packs, bound: Callable[[Snapshot], Bound], closed: Callable[[Snapshot], bool | None]
) -> tuple[Bound, str | None]:
    """Return the current that all packs together permit, and the pack that sets it."""
    carrying = {key: pack for key, pack in packs.items() if closed(pack[1]) is not False}
    total = sum(config.capacity for config, _ in carrying.values())
    lowest, weakest = inf, None
    for key, (config, snapshot) in carrying.items():
        allowed = bound(snapshot).value * total / config.capacity
        if allowed < lowest:
            lowest, weakest = allowed, key
    if weakest is None:
        stopped = [bound(snapshot).reason for _, snapshot in packs.values()]
        return Bound(value=0.0, reason=stopped[0] if stopped else Reason(rule="starting")), next(iter(packs), None)
    return Bound(value=lowest, reason=bound(carrying[weakest][1]).reason), weakest


def _values(packs: Packs, value: Callable[[PackConfig, Snapshot], float | None]) -> list[float] | None:
    """Return one value of every pack, `None` if that of any is unknown."""
    values = [value(config, snapshot) for config, snapshot in packs.values()]
    known = [each for each in values if each is not None]
    return known if known and len(known) == len(values) else None


def _sum(packs: Packs, value: Callable[[PackConfig, Snapshot], float | None]) -> float | None:
    values = _values(packs, value)
    return None if values is None else sum(values)


def _mean(packs: Packs, value: Callable[[PackConfig, Snapshot], float | None]) -> float | None:
    values = _values(packs, value)
    return None if values is None else sum(values) / len(values)


def _times(percent: float | None, capacity: float) -> float | None:
    return None if percent is None else percent * capacity


def _current_now(config: PackConfig, snapshot: Snapshot) -> float | None:
    """Return a pack's current unless it is old: a sum with yesterday's share in it is none."""
    return snapshot.believed.current if snapshot.believed.current_age < config.age_derate else None


def _voltage_now(config: PackConfig, snapshot: Snapshot) -> float | None:
    return snapshot.believed.voltage if snapshot.believed.current_age < config.age_derate else None


def _power(config: PackConfig, snapshot: Snapshot) -> float | None:
    current, voltage = _current_now(config, snapshot), _voltage_now(config, snapshot)
    return None if current is None or voltage is None else current * voltage
