"""Tells the browser of the battery of all packs: who limits whom, by how much and until when."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from homeassistant.core import HomeAssistant

from ..coordinator import PackCoordinator
from ..core.lease_force import Claim
from ..core.lease_times import Now, Span, span
from ..core.leases import WISHES, Key, Lease
from ..core.obedience import Side
from ..entity import current_heard, pack_heard
from ..figures import power
from ..hw.inverters.inverter import charge_current, discharge_current
from ..inverters.coordinator import InverterCoordinator
from ..leases.keeper import LeaseKeeper, wall_clock
from ..system_coordinator import SystemCoordinator
from .places import device_id
from .schema import ClaimShown, DirectionShown, InverterPart, LeaseShown, PackPart, SystemShown
from .why import Clock, current_limit, voltage_limit, why


def system_shown(hass: HomeAssistant, clock: Clock, system: SystemCoordinator) -> SystemShown:
    """Return one look at the battery."""
    together, packs = system.newest, system.packs.values()
    named = partial(device_id, hass, system.config_entry)
    weakest = {key: named(key) for key in (together.weakest_charge, together.weakest_discharge) if key is not None}
    most = [pack.config.cells * pack.config.cell_voltage_full for pack in packs]
    return SystemShown(
        time=clock.now(),
        acting=system.leases.acting,
        voltage=together.voltage,
        current=together.current,
        power=together.power,
        soc=together.soc,
        soh=together.soh,
        stored_energy=together.stored_energy,
        capacity=together.capacity,
        energy_in=together.energy_in,
        energy_out=together.energy_out,
        charge_voltage=voltage_limit(clock, together.cvl, min(most, default=0.0)),
        charge_limit=current_limit(clock, together.ccl, sum(pack.config.charge_current for pack in packs)),
        discharge_limit=current_limit(clock, together.dcl, sum(pack.config.discharge_current for pack in packs)),
        weakest_charge=weakest.get(together.weakest_charge or ""),
        weakest_discharge=weakest.get(together.weakest_discharge or ""),
        stage=together.charging.stage.value,
        stage_why=why(clock.at, together.charging.reason),
        setpoint=system.setpoint,
        reserve=system.leases.book.reserve,
        packs=[_pack(clock, system, key, pack, named(key)) for key, pack in system.packs.items()],
        inverters=[_inverter(clock, inverter, named(key)) for key, inverter in system.inverters.items()],
        claims=list(_claims(system.leases)),
        leases=list(_leases(system.leases)),
    )


def _pack(clock: Clock, system: SystemCoordinator, key: str, pack: PackCoordinator, device: str) -> PackPart:
    snapshot, part = pack.latest, system.newest.packs[key]
    believed, decision = snapshot.believed, snapshot.decision
    with_current = current_heard(snapshot)
    return PackPart(
        device_id=device,
        name=pack.name,
        mode=decision.mode.value,
        link=believed.link.value,
        charges=part.charges,
        discharges=part.discharges,
        why=why(clock.at, part.reason),
        share=part.share,
        current=believed.current if with_current else None,
        power=power(snapshot) if with_current else None,
        soc=snapshot.estimate.soc if pack_heard(snapshot) else None,
        charge_limit=current_limit(clock, decision.ccl, pack.config.charge_current),
        discharge_limit=current_limit(clock, decision.dcl, pack.config.discharge_current),
        worst=decision.worst.name.lower(),
    )


def _inverter(clock: Clock, inverter: InverterCoordinator, device: str) -> InverterPart:
    seen = inverter.data
    bank, reading = (None if seen.order is None else seen.order.bank), seen.reading
    accepted = None if reading is None else reading.accepted
    return InverterPart(
        device_id=device,
        name=inverter.name,
        link=seen.link.value,
        acting=seen.acting,
        share=inverter.share,
        charge_voltage=None if bank is None else bank.cvl,
        setpoint=None if seen.order is None else seen.order.setpoint,
        voltage=None if reading is None else reading.voltage,
        current=None if reading is None else reading.current,
        power=None if reading is None else reading.power,
        charge=_direction(
            clock,
            seen.obedience.charge,
            None if bank is None else charge_current(bank),
            None if accepted is None else accepted.ccl,
        ),
        discharge=_direction(
            clock,
            seen.obedience.discharge,
            None if bank is None else discharge_current(bank),
            None if accepted is None else accepted.dcl,
        ),
    )


def _direction(clock: Clock, side: Side, told: float | None, accepted: float | None) -> DirectionShown:
    """Return what an inverter makes of what it is told in one direction."""
    reason = side.escalation.reason
    return DirectionShown(
        limit=told,
        accepted=accepted,
        response=side.response.value,
        step=side.escalation.step.name.lower(),
        why=None if reason is None else why(clock.at, reason),
        dead_time=side.dead_time,
        settling=side.reaction if side.settlings else None,
    )


def _claims(keeper: LeaseKeeper) -> Iterator[ClaimShown]:
    """Return what counts, then what does not."""
    for claim in keeper.in_force.claims.values():
        yield _claim(claim, None)
    for lost in keeper.in_force.overridden:
        yield _claim(lost.claim, lost.by)


def _claim(claim: Claim, by: Key | None) -> ClaimShown:
    return ClaimShown(
        part=claim.part.value,
        value=claim.value,
        owner=claim.key.owner,
        name=claim.key.name,
        reason=claim.reason,
        until=claim.until,
        overridden_by=None if by is None else by.owner,
    )


def _leases(keeper: LeaseKeeper) -> Iterator[LeaseShown]:
    """Return every lease that holds now or will, the earliest first."""
    now = wall_clock()
    held = [(found, lease) for lease in keeper.book.leases if (found := span(lease.rhythm, now)) is not None]
    for found, lease in sorted(held, key=lambda each: (each[0], each[1].key)):
        yield _lease(lease, found, now)


def _lease(lease: Lease, held: Span, now: Now) -> LeaseShown:
    asks = {field: value for field in WISHES if (value := getattr(lease, field)) is not None}
    return LeaseShown(
        owner=lease.owner,
        name=lease.name,
        reason=lease.reason,
        priority=lease.priority,
        start=held.start,
        end=held.end,
        in_force=held.holds(now),
        repeats=bool(lease.days),
        asks=asks,
    )
