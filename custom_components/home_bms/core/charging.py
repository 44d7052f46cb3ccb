"""Takes a battery from bulk through absorption to float and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from .model import ChargeStage, PackConfig, Reason, Snapshot

CHARGE_RULES: Final = (
    "starting",
    "soc_fell",
    "voltage_fell",
    "cells_apart",
    "balancing_asked",
    "limit_reached",
    "evening_out",
    "settling",
    "cells_level",
    "current_tailed",
    "absorption_over",
)
"""Every rule that the reason of a stage may name.

In bulk it tells why charging began, in absorption what is waited for (`limit_reached`: for the current to tail off), in
float why that was the end.
"""

# V per cell below the charge voltage limit that count as there: a charger's own measurement is off by half a percent.
_NEAR: Final = 0.020
# s at the limit before it is reached: longer than limits wait at the bottom after a restart.
_REACHED: Final = 60.0
# Share of the capacity in A up to which the current has tailed off (Victron: 4 %; estimation.md).
_TAIL: Final = 0.04
# V per cell below float from which on it is charged again (YamBMS: float 3.35, rebulk 3.30; thresholds.md 2.8), and V
# between cells that were level when they came to float (dbus-serialbattery: 80 mV; thresholds.md 2.5).
_FELL: Final = 0.050
_APART: Final = 0.080
# s that either must last: a load's voltage drop is no charge that is missing.
_LASTING: Final = 300.0
# V a second off each cell on the way to float (YamBMS: 0.1 V of 16 cells every 3 min; thresholds.md 2.8), so that an
# inverter does not discharge what has only just been charged.
_SINK: Final = 0.1 / 16 / 180.0
# s after which a balancer that was seen to work has ended: many switch on and off by the second.
_STILL: Final = 60.0
# s between two looks beyond which nothing of that time is known.
_GAP: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeState:
    """How far charging is; all times are sums of what was seen, so that they outlive a restart."""

    stage: ChargeStage = ChargeStage.BULK
    reason: Reason = Reason(rule="starting")
    time: float | None = None
    """When it was last looked at."""
    count: float = 0.0
    """s for which what leads to the next stage has held ..."""
    low: float = 0.0
    """... and what leads back to bulk."""
    absorbed: float = 0.0
    """s of this absorption at the limit ..."""
    still: float = 0.0
    """... and of those the last ones in which no balancer was seen to even out cells."""
    soc: float | None = None
    """Percent, the highest since float began."""
    asked: float | None = None
    """V asked for on the way to float; `None` is there."""


class Bus(NamedTuple):
    """What is known of the packs that take part; `None` is not."""

    time: float
    packs: tuple[tuple[PackConfig, Snapshot], ...]
    """At least one."""
    limit: float
    """V, the charge voltage limit that stands."""
    charges: bool
    """Whether the charge current limit is above zero."""
    voltage: float | None
    current: float | None
    soc: float | None


def advance(state: ChargeState, bus: Bus) -> ChargeState:
    """Take the stage to this look. What is not known ends no stage: only time that was seen counts."""
    elapsed = 0.0 if state.time is None else bus.time - state.time
    return _STAGES[state.stage](replace(state, time=bus.time), bus, elapsed if 0 < elapsed <= _GAP else 0.0)


def resting(state: ChargeState, time: float) -> ChargeState:
    """Return the state after a time in which no pack took part."""
    return replace(state, time=time)


def float_voltage(packs: Iterable[tuple[PackConfig, Snapshot]]) -> float:
    """Return the V at which the battery of these packs floats."""
    return min([config.cells * config.cell_voltage_float for config, _ in packs])


def _bulk(state: ChargeState, bus: Bus, elapsed: float) -> ChargeState:
    count = state.count + elapsed if _at_limit(bus) else 0.0
    if count < _REACHED:
        return replace(state, count=count)
    return _enter(bus, ChargeStage.ABSORPTION, "limit_reached", bus.voltage, bus.limit)


def _absorption(state: ChargeState, bus: Bus, elapsed: float) -> ChargeState:
    if (low := _low(bus)) is not None:
        return _lasting(state, bus, elapsed, low)
    state = replace(state, low=0.0)
    if not _at_limit(bus) or any(_spread(snapshot) is None for _, snapshot in bus.packs):
        # A cloud, or something unknown: what was seen so far still counts.
        return state
    absorbed = state.absorbed + elapsed
    held = any(snapshot.decision.balance.hold_top for _, snapshot in bus.packs)
    if absorbed >= min(config.charging.longest for config, _ in bus.packs) and not held:
        return _enter(bus, ChargeStage.FLOAT, "absorption_over", absorbed, absorbed)
    uneven = _uneven(bus)
    state = replace(state, absorbed=absorbed, still=0.0 if uneven else state.still + elapsed)
    if held:
        return _wait(state, bus, Reason(rule="balancing_asked"))
    if not _tailed(bus):
        return _wait(state, bus, Reason(rule="limit_reached", value=bus.current, threshold=_TAIL * _capacity(bus)))
    if state.still < _STILL:
        return _wait(state, bus, uneven or state.reason)
    return _settle(state, bus, elapsed)


def _wait(state: ChargeState, bus: Bus, reason: Reason) -> ChargeState:
    """Stay for a reason, which stands since it first did."""
    since = state.reason.since if state.reason.rule == reason.rule else bus.time
    return replace(state, reason=replace(reason, since=since))


def _settle(state: ChargeState, bus: Bus, elapsed: float) -> ChargeState:
    """Wait for the last time; nothing else speaks against float."""
    hold = max(config.charging.hold for config, _ in bus.packs)
    count = state.count + elapsed
    if count < hold:
        return _wait(replace(state, count=count), bus, Reason(rule="settling", value=count, threshold=hold))
    even = all(_is_level(config, snapshot) for config, snapshot in bus.packs)
    return _enter(bus, ChargeStage.FLOAT, "cells_level" if even else "current_tailed", count, hold)


def _float(state: ChargeState, bus: Bus, elapsed: float) -> ChargeState:
    if any(snapshot.decision.balance.hold_top for _, snapshot in bus.packs):
        return _enter(bus, ChargeStage.BULK, "balancing_asked")
    soc = state.soc if bus.soc is None else max(bus.soc, bus.soc if state.soc is None else state.soc)
    if bus.soc is not None and soc is not None:
        again = soc - min(config.charging.again for config, _ in bus.packs)
        if bus.soc <= again:
            return _enter(bus, ChargeStage.BULK, "soc_fell", bus.soc, again)
    rest = float_voltage(bus.packs)
    sunk = None if state.asked is None else state.asked - _cells(bus) * _SINK * elapsed
    state = replace(state, soc=soc, asked=None if sunk is None or sunk <= rest else sunk)
    reason = _low(bus)
    if reason is None and state.reason.rule == "cells_level":
        reason = _apart(bus)
    return replace(state, low=0.0) if reason is None else _lasting(state, bus, elapsed, reason)


def _lasting(state: ChargeState, bus: Bus, elapsed: float, reason: Reason) -> ChargeState:
    """Go back to bulk once a reason for it has lasted."""
    low = state.low + elapsed
    if low < _LASTING:
        return replace(state, low=low)
    return ChargeState(reason=replace(reason, since=bus.time), time=bus.time)


_STAGES: Final[Mapping[ChargeStage, Callable[[ChargeState, Bus, float], ChargeState]]] = {
    ChargeStage.BULK: _bulk,
    ChargeStage.ABSORPTION: _absorption,
    ChargeStage.FLOAT: _float,
}


def _enter(
    bus: Bus,
    stage: ChargeStage,
    rule: str,
    value: float | None = None,
    threshold: float | None = None,
) -> ChargeState:
    return ChargeState(
        stage=stage,
        reason=Reason(rule=rule, value=value, threshold=threshold, since=bus.time),
        time=bus.time,
        asked=bus.limit if stage is ChargeStage.FLOAT else None,
    )


def _cells(bus: Bus) -> int:
    return max(config.cells for config, _ in bus.packs)


def _capacity(bus: Bus) -> float:
    return sum(config.capacity for config, _ in bus.packs)


def _at_limit(bus: Bus) -> bool:
    """Tell whether it is charged at the charge voltage, surely."""
    return bus.charges and bus.voltage is not None and bus.voltage >= bus.limit - _cells(bus) * _NEAR


def _tailed(bus: Bus) -> bool:
    return bus.current is not None and abs(bus.current) <= _TAIL * _capacity(bus)


def _low(bus: Bus) -> Reason | None:
    """Return that the battery surely has come down from full."""
    threshold = float_voltage(bus.packs) - _cells(bus) * _FELL
    if bus.voltage is None or bus.voltage >= threshold:
        return None
    return Reason(rule="voltage_fell", value=bus.voltage, threshold=threshold)


def _spread(snapshot: Snapshot) -> float | None:
    """Return the V between highest and lowest cell of a pack of which all is known."""
    believed = snapshot.believed
    if believed.cell_max is None or believed.cell_min is None or None in believed.cells:
        return None
    return believed.cell_max - believed.cell_min


def _is_level(config: PackConfig, snapshot: Snapshot) -> bool:
    spread = _spread(snapshot)
    return spread is not None and spread <= config.charging.difference


def _uneven(bus: Bus) -> Reason | None:
    """Return which cell is ahead, of a pack that is being balanced; a device that chooses by itself may deny it."""
    for config, snapshot in bus.packs:
        works = config.balance.masked or snapshot.reading.balancing is not False
        if snapshot.decision.balance.active and works and not _is_level(config, snapshot):
            return Reason(
                rule="evening_out",
                cell=snapshot.believed.cell_max_index,
                value=_spread(snapshot),
                threshold=config.charging.difference,
            )
    return None


def _apart(bus: Bus) -> Reason | None:
    """Return which cell has left the others."""
    for _, snapshot in bus.packs:
        spread = _spread(snapshot)
        if spread is not None and spread >= _APART:
            return Reason(rule="cells_apart", cell=snapshot.believed.cell_max_index, value=spread, threshold=_APART)
    return None
