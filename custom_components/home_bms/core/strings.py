"""Decides which of several packs or strings may close onto the bus that they share, one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from .contactors import rests
from .model import ContactorState, Join, Level, PackConfig, Reason, Snapshot
from .roster import Packs

JOIN_RULES: Final = (
    "bus_dead",
    "bus_matched",
    "not_asked",
    "another_joins",
    "bus_unknown",
    "voltage_unknown",
    "bus_busy",
    "voltage_difference",
    "equalising_current",
    "direction_not_permitted",
)
"""Every rule that a permission to join may name; the first two allow it."""

# 1.5 V on 16 cells; foxBMS takes 3 V on far longer strings (thresholds.md 2.10).
_CELL_DIFFERENCE: Final = 1.5 / 16
# Share of the rated current below which the bus rests, for above it the voltages say less about each other; foxBMS
# takes 20 A a string (thresholds.md 2.10). A house never rests altogether.
_IDLE: Final = 0.1
# Forecast current in A that needs no permission of its direction: it is within what counts as none.
_NONE: Final = 1.0
# A forecast must not be too low, so resistances are taken from the lower end: good cells have 0.17 mΩ at 280 Ah, leads
# and switches of a 48 V pack about 1 mΩ. What is estimated is marked so: no source states it.
_CELL_RESISTANCE: Final = 0.05  # Ω·Ah
_LEADS_RESISTANCE: Final = 0.001
# A permission holds for three polls: whoever stops giving it stops the joining.
_LEASE: Final = 3.0

_ON_THE_WAY: Final = (ContactorState.PRECHARGE, ContactorState.CLOSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One pack as the bus sees it; what is old is `None`."""

    cells: int
    voltage: float | None
    current: float | None
    resistance: float
    """Ω, rather too low than too high."""
    charge_current: float
    """A, rated."""
    discharge_current: float
    charge_permitted: bool
    discharge_permitted: bool
    connected: bool | None
    """Whether any of its switches is closed."""
    closing: bool
    wants: bool


def joins(packs: Packs, now: float) -> Mapping[str, Join]:
    """Return for each pack whether it may close now, by its key, and why.

    A pack that is closing goes on; else, of those that want to and may, the lowest comes first while the bus charges
    and the nearest one otherwise. On a dead bus the highest begins.
    """
    members = {key: _member(config, snapshot, now) for key, (config, snapshot) in packs.items()}
    reasons = {
        key: may_join(member, [other for name, other in members.items() if name != key])
        for key, member in members.items()
    }
    willing = [key for key, member in members.items() if member.wants and allows(reasons[key])]
    closing = [key for key, member in members.items() if member.closing]
    bus = [member for member in members.values() if member.connected]
    chosen = closing[0] if closing else min(willing, key=lambda key: _turn(members[key], bus), default=None)
    return {
        key: Join(allowed=key == chosen and allows(reason), reason=reason, until=now + _LEASE)
        for key, reason in _in_turn(reasons, members, chosen).items()
    }


def on_shared_bus(config: PackConfig) -> PackConfig:
    """Return the configuration of a pack with others beside it: it asks first, and voltage behind it proves nothing."""
    return replace(config, contactors=replace(config.contactors, asks=True, link_decay=None))


def may_join(member: Member, others: Sequence[Member]) -> Reason:
    """Return why this pack may close onto the bus of the others, or may not; `allows` tells which.

    Nothing that is not known and fresh on both sides permits, but the first pack of a dead bus may always close: what
    other sources make of that bus is the precharge's matter.
    """
    bus = [other for other in others if other.connected]
    if not bus:
        return Reason(rule="bus_unknown" if any(other.connected is None for other in others) else "bus_dead")
    voltages = [other.voltage for other in bus if other.voltage is not None]
    currents = [other.current for other in bus if other.current is not None]
    if len(voltages) < len(bus) or len(currents) < len(bus):
        return Reason(rule="bus_unknown")
    load, rest = abs(sum(currents)), _IDLE * sum(min(other.charge_current, other.discharge_current) for other in bus)
    if load > rest:
        return Reason(rule="bus_busy", value=load, threshold=rest)
    resistance = 1 / sum(1 / other.resistance for other in bus)
    return _match(member, sum(voltages) / len(voltages), resistance, bus)


def allows(reason: Reason) -> bool:
    """Tell whether a reason of `may_join` lets the pack close."""
    return reason.rule in JOIN_RULES[:2]


def _match(member: Member, bus_voltage: float, bus_resistance: float, bus: Sequence[Member]) -> Reason:
    """Compare the pack with the bus: the difference, the current that it would drive and who may carry that."""
    if member.voltage is None:
        return Reason(rule="voltage_unknown")
    difference = member.voltage - bus_voltage
    if abs(difference) > (widest := member.cells * _CELL_DIFFERENCE):
        return Reason(rule="voltage_difference", value=difference, threshold=widest)
    gives = difference > 0
    forecast = abs(difference) / (member.resistance + bus_resistance)
    own = member.discharge_current if gives else member.charge_current
    theirs = sum(other.charge_current if gives else other.discharge_current for other in bus)
    if forecast > (rating := min(own, theirs)):
        return Reason(rule="equalising_current", value=forecast, threshold=rating)
    permitted = member.discharge_permitted if gives else member.charge_permitted
    permitted = permitted and all(other.charge_permitted if gives else other.discharge_permitted for other in bus)
    if forecast > _NONE and not permitted:
        return Reason(rule="direction_not_permitted", value=forecast)
    return Reason(rule="bus_matched", value=difference, threshold=widest)


def _turn(member: Member, bus: Sequence[Member]) -> float:
    """Return what orders those that may join: the lowest comes first."""
    voltage = member.voltage or 0.0
    if not bus:
        return -voltage
    if sum(other.current or 0.0 for other in bus) > _NONE:
        return voltage
    return abs(voltage - sum(other.voltage or 0.0 for other in bus) / len(bus))


def _in_turn(reasons: Mapping[str, Reason], members: Mapping[str, Member], chosen: str | None) -> Mapping[str, Reason]:
    """Return the reasons, with that of waiting where nothing else speaks against joining."""
    waiting = {True: Reason(rule="another_joins"), False: Reason(rule="not_asked")}
    return {
        key: reason if key == chosen or not allows(reason) else waiting[members[key].wants]
        for key, reason in reasons.items()
    }


def _member(config: PackConfig, snapshot: Snapshot, now: float) -> Member:
    believed, decision, reading = snapshot.believed, snapshot.decision, snapshot.reading
    # A supervisor that has stopped leaves its last snapshot behind.
    fresh = believed.current_age + max(0.0, now - believed.time) < config.age_derate
    positions = (reading.switches.charge, reading.switches.discharge)
    tracks = (snapshot.contactors.charge, snapshot.contactors.discharge)
    wishes = (snapshot.wishes.charge, snapshot.wishes.discharge)
    permitted = (decision.charge_permitted, decision.discharge_permitted)
    return Member(
        cells=config.cells,
        voltage=believed.voltage if fresh else None,
        current=believed.current if fresh else None,
        resistance=config.cells * _CELL_RESISTANCE / config.capacity + _LEADS_RESISTANCE,
        charge_current=config.charge_current,
        discharge_current=config.discharge_current,
        charge_permitted=permitted[0],
        discharge_permitted=permitted[1],
        connected=True if True in positions else None if None in positions or not fresh else False,
        closing=any(track.state in _ON_THE_WAY for track in tracks),
        wants=decision.worst < Level.TRIP
        and any(
            allowed and wish is not False and (wish is True or track.ours) and not rests(config.contactors, track, now)
            for track, wish, allowed in zip(tracks, wishes, permitted, strict=True)
        ),
    )
