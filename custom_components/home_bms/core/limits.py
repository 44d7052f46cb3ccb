"""Turns what is known into the charge voltage and the currents that the pack may be given, with reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import inf
from operator import itemgetter
from typing import Final, NamedTuple

from .battery import Estimate
from .model import (
    Alarm,
    Believed,
    Bound,
    Curve,
    Flow,
    HardwareRing,
    LimitsState,
    PackConfig,
    Ramp,
    Reason,
    Wishes,
)
from .plausibility import LINK_FRESH, everything_known
from .protection import PROTECTION_KEYS, share

RULES: Final = (
    "starting",
    "rated",
    "cell_voltage",
    "temperature",
    "voltage_ahead",
    "inverter_reaction",
    "temperature_ahead",
    "soc_window",
    "user_cap",
    "leased",
    "switched_off",
    "asked_by_pack",
    "refused_by_pack",
    "value_missing",
    "recovering",
    "charging_stopped",
    *PROTECTION_KEYS,
)
"""Every rule that a limit's reason may name."""

_PERMITTED: Final = {
    (False, False): Flow.NONE,
    (True, False): Flow.CHARGE,
    (False, True): Flow.DISCHARGE,
    (True, True): Flow.BOTH,
}
# The last percent before the end of a state-of-charge window is ramped, so that the current does not hunt around its
# edge.
_WINDOW_SLOPE: Final = 1.0
# Share of a limit's span below which a fall is noise and does not begin a new hold.
_NOISE: Final = 0.001


# What a pack asks for that bears on the voltage, the charge and the discharge current.
_ASKED_OF: Final = (("cvl",), ("ccl", "charge_allowed"), ("dcl", "discharge_allowed"))
# ... and all of it is known where it asks for nothing.
_SURE: Final = [True, True, True]

_VALUE: Final = itemgetter(0)


class Candidate(NamedTuple):
    """One rule's opinion; the lowest wins."""

    value: float
    rule: str
    place: int | None = None
    measured: float | None = None
    threshold: float | None = None
    ahead: float | None = None
    """s until `measured` is reached; `None` is now."""


type Foresight = tuple[tuple[Candidate, ...], tuple[Candidate, ...]]
"""What is seen coming: for the charge current, for the discharge current."""


def limit(
    config: PackConfig,
    state: LimitsState,
    wishes: Wishes,
    believed: Believed,
    estimate: Estimate,
    alarms: tuple[Alarm, ...],
    *,
    ring: HardwareRing | None,
    delivered: bool,
    coming: Foresight = ((), ()),
) -> tuple[LimitsState, Bound, Bound, Bound, Flow]:
    """Return the new state, CVL in V, CCL and DCL in A, and the directions that are permitted at all.

    A limit falls at once and rises by `ramp_rate` of its span a second after `ramp_hold`. While a value that it needs
    is unknown it does not rise; how long it may stay is the matter of `data_missing` and `communication_lost`.
    `coming` is what is seen ahead of charging and of discharging; it can only lower a limit, and so can what the pack
    itself asks for, which bears on no switch.
    """
    free_charge = _lowest([*_charging(config, wishes, believed, estimate, alarms), *coming[0]])
    free_discharge = _lowest([*_discharging(config, wishes, believed, estimate, alarms), *coming[1]])
    charge, discharge, sure = free_charge, free_discharge, _SURE
    if (asked := believed.asked) is not None:
        charge = _lowest((free_charge, *_asked(asked.ccl, asked.charge_allowed)))
        discharge = _lowest((free_discharge, *_asked(asked.dcl, asked.discharge_allowed)))
        sure = [believed.asked_unsure.isdisjoint(names) for names in _ASKED_OF]
    bottom = config.cells * min(config.cell_voltage_float, _ceiling(ring))
    known = everything_known(config, believed)
    now = believed.time
    room = config.cells * config.cell_voltage_full - bottom
    lowered = _lowered(config, state, believed, room, known=known)
    voltage = _lowest(_voltage(config, wishes, believed, charge, bottom, lowered))
    new = LimitsState(
        exceeded_since=_exceeded_since(state, believed, delivered=delivered),
        voltage=ramp(config, state.voltage, voltage, now, min(bottom, voltage.value), room, known and sure[0]),
        charge=ramp(config, state.charge, charge, now, 0.0, config.charge_current, known and sure[1]),
        discharge=ramp(config, state.discharge, discharge, now, 0.0, config.discharge_current, known and sure[2]),
        lowered=lowered,
    )
    # A pack whose switch home_bms has opened asks for 0 A because of that: it would never be closed again.
    permitted = _PERMITTED[known and free_charge.value > 0, known and free_discharge.value > 0]
    return new, _bound(new.voltage), _bound(new.charge), _bound(new.discharge), permitted


# A tenth and what an inverter's own measurement is off by (faults.md 38).
_OBEYED: Final = 1.1
_ALLOWANCE: Final = 2.0


def _exceeded_since(state: LimitsState, believed: Believed, *, delivered: bool) -> float | None:
    """Return since when the current exceeds the limits that were delivered; time that nobody sees does not count."""
    if not delivered:
        return None
    current, since = believed.current, state.exceeded_since
    if current is None or believed.current_age > LINK_FRESH:
        return None if since is None else since + max(0.0, believed.time - state.charge.rose)
    allowed = state.charge.value if current > 0 else state.discharge.value
    if abs(current) <= _OBEYED * allowed + _ALLOWANCE:
        return None
    return believed.time if since is None else since


# As the levels are drawn inside the pack's own when it is set up (thresholds.md 2.12, "Ordering rule").
_RING_GAP: Final = 0.050


def _ceiling(ring: HardwareRing | None) -> float:
    """Return the V per cell that the pack's own cut-off leaves: it may be another chemistry than was said.

    A register of zeros is none: `settings_out_of_order` stops all current then, and an inverter that is told no voltage
    at all might empty the battery to get there.
    """
    over = None if ring is None else ring.cell_overvoltage
    return inf if over is None or over <= _RING_GAP else over - _RING_GAP


def _bound(ramp: Ramp) -> Bound:
    return Bound(value=ramp.value, reason=ramp.reason)


def _lowest(candidates: Iterable[Candidate]) -> Candidate:
    """Return the lowest; of equals the first, so the gravest rules speak first."""
    return min(candidates, key=_VALUE)


def _charging(
    config: PackConfig, wishes: Wishes, believed: Believed, estimate: Estimate, alarms: tuple[Alarm, ...]
) -> list[Candidate]:
    rated, high = config.charge_current, believed.cell_max
    found = [*_stopped(rated, Flow.CHARGE, alarms), Candidate(rated, "rated")]
    if high is not None:
        found += _curve(rated, config.charge_by_cell_voltage, "cell_voltage", high, believed.cell_max_index)
    found += _temperature(rated, config.charge_by_temperature, believed)
    found += _wished(rated, wishes.charge_current_cap, wishes.leased_charge_current, wishes.charge)
    window = config.soc_max if wishes.leased_soc_max is None else min(config.soc_max, wishes.leased_soc_max)
    if window < 100:
        soc = _charge(estimate, max)
        found.append(_soc(rated, None if soc is None else window - soc, soc, window))
    return found


def _discharging(
    config: PackConfig, wishes: Wishes, believed: Believed, estimate: Estimate, alarms: tuple[Alarm, ...]
) -> list[Candidate]:
    rated, low = config.discharge_current, believed.cell_min
    found = [*_stopped(rated, Flow.DISCHARGE, alarms), Candidate(rated, "rated")]
    if low is not None:
        found += _curve(rated, config.discharge_by_cell_voltage, "cell_voltage", low, believed.cell_min_index)
    found += _temperature(rated, config.discharge_by_temperature, believed)
    found += _wished(rated, wishes.discharge_current_cap, wishes.leased_discharge_current, wishes.discharge)
    window = config.soc_min if wishes.leased_soc_min is None else max(config.soc_min, wishes.leased_soc_min)
    if window > 0:
        soc = _charge(estimate, min)
        found.append(_soc(rated, None if soc is None else soc - window, soc, window))
    return found


# Of the closed loop that keeps the highest cell at its limit. V a second off each cell for each V of excess:
# dbus-serialbattery takes 0.2 V·s⁻¹ off 16 cells, and gives 1 mV·s⁻¹ back (thresholds.md 2.8).
_TAKE: Final = 0.2 / 16
_GIVE: Final = 0.001 / 16
# Share of the capacity in A below which no charging is left that a lower voltage could end.
_ENDED: Final = 0.005


def _lowered(config: PackConfig, state: LimitsState, believed: Believed, room: float, *, known: bool) -> float:
    """Return the V that the charge voltage limit is held below full: the integral of the highest cell's excess.

    Without charging it waits: else a full pack at rest would wind it down to a voltage that an inverter discharges to.
    """
    high, current = believed.cell_max, believed.current
    if high is None or state.charge.fell is None:
        return state.lowered
    elapsed = min(config.age_derate, max(0.0, believed.time - state.charge.rose))
    change = config.cells * _TAKE * (high - config.cell_voltage_full) * elapsed
    if change > 0:
        charges = current is None or current > _ENDED * config.capacity
        return min(room, state.lowered + change) if charges else state.lowered
    return max(0.0, state.lowered + max(change, -config.cells * _GIVE * elapsed)) if known else state.lowered


def _voltage(
    config: PackConfig, wishes: Wishes, believed: Believed, charge: Candidate, bottom: float, lowered: float
) -> Iterator[Candidate]:
    full = config.cell_voltage_full
    if charge.value <= 0:
        # Direct-coupled solar chargers follow the voltage limit only (leaps-and-pains.md, row 2).
        reason = charge.rule if charge.rule in PROTECTION_KEYS else "charging_stopped"
        yield Candidate(bottom, reason, charge.place, charge.measured, charge.threshold)
    yield Candidate(config.cells * full, "rated")
    if believed.asked is not None:
        yield from _asked(believed.asked.cvl, None)
    # A cap below a resting full pack is honoured: an inverter then simply does not charge.
    yield from _wished(inf, wishes.charge_voltage_cap, wishes.leased_charge_voltage, wish=None)
    high = believed.cell_max
    over = 0.0 if high is None else max(0.0, high - full)
    if over or lowered:
        # The cell that runs ahead is brought back to the limit by taking its excess off all of them.
        held = max(bottom, config.cells * (full - over) - lowered)
        yield Candidate(held, "cell_voltage", believed.cell_max_index, high, full)


def _curve(rated: float, curve: Curve, rule: str, value: float, index: int | None) -> tuple[Candidate, ...]:
    factor = curve.at(value)
    return () if factor >= 1 else (Candidate(rated * factor, rule, index, value, _start(curve, value)),)


def _start(curve: Curve, value: float) -> float:
    """Return the point nearest to `value` from which on the curve is full."""
    return min((at for at, factor in curve.points if factor == 1.0), key=lambda at: abs(at - value))


def _temperature(rated: float, curve: Curve, believed: Believed) -> tuple[Candidate, ...]:
    hot, cold = believed.temperature_max, believed.temperature_min
    if hot is None or cold is None:
        return ()
    hottest = _curve(rated, curve, "temperature", hot, believed.temperature_max_index)
    return hottest + _curve(rated, curve, "temperature", cold, believed.temperature_min_index)


def _wished(rated: float, cap: float | None, leased: float | None, wish: bool | None) -> Iterator[Candidate]:
    if cap is not None and cap < rated:
        yield Candidate(cap, "user_cap", threshold=cap)
    if leased is not None and leased < rated:
        yield Candidate(leased, "leased", threshold=leased)
    if wish is False:
        yield Candidate(0.0, "switched_off")


def _asked(value: float | None, allowed: bool | None) -> Iterator[Candidate]:
    """Yield what the pack itself asks for; it is one rule among others, so it can only lower."""
    if allowed is False:
        yield Candidate(0.0, "refused_by_pack")
    if value is not None:
        yield Candidate(value, "asked_by_pack", threshold=value)


def _charge(estimate: Estimate, worse: Callable[[float, float], float]) -> float | None:
    """Return the charge that permits less: what is shown follows a new truth slowly, a limit must not."""
    soc, truth = estimate.soc, estimate.truth
    return soc if soc is None or truth is None else worse(soc, truth)


def _soc(rated: float, room: float | None, soc: float | None, window: float) -> Candidate:
    if room is None:
        return Candidate(0.0, "value_missing")
    return Candidate(rated * min(1.0, max(0.0, room / _WINDOW_SLOPE)), "soc_window", None, soc, window)


def _stopped(rated: float, flow: Flow, alarms: tuple[Alarm, ...]) -> Iterator[Candidate]:
    for alarm in alarms:
        if flow in alarm.flow and (left := share(alarm)) < 1:
            reason = alarm.reason
            index = reason.cell if reason.cell is not None else reason.sensor
            yield Candidate(rated * left, alarm.key, index, reason.value, reason.threshold)


class Pace(NamedTuple):
    """How fast a limit may rise; the fields are those of a pack's configuration."""

    ramp_hold: float
    ramp_rate: float
    age_derate: float


def ramp(
    pace: PackConfig | Pace,
    state: Ramp,
    target: Candidate,
    now: float,
    bottom: float,
    span: float,
    known: bool,
    every: float = 0.0,
) -> Ramp:
    """Return the limit's next place between where it was and `target`: down at once, up by `ramp_rate` of `span`.

    With `every` it rises in steps of so many s.
    """
    if state.fell is None:
        # The first step: wait at the bottom until the hold is over.
        return Ramp(value=min(bottom, target.value), fell=now, rose=now, reason=Reason(rule="starting", since=now))
    stays = target.value == state.value and (known or target.rule != "rated")
    if target.value < state.value or stays:
        fell = now if state.value - target.value > _NOISE * span or target.rule != state.reason.rule else state.fell
        return Ramp(value=target.value, fell=fell, rose=now, reason=_reason(state.reason, target, now))
    if not known:
        return Ramp(
            value=state.value, fell=now, rose=now, reason=_reason(state.reason, Candidate(0.0, "value_missing"), now)
        )
    if now - state.rose > pace.age_derate:
        # Nobody looked in between, so nothing is known of that time: the hold begins anew.
        return Ramp(value=state.value, fell=now, rose=now, reason=state.reason)
    if now - state.fell < pace.ramp_hold:
        held = Candidate(0.0, "starting" if state.reason.rule == "starting" else "recovering", threshold=target.value)
        return Ramp(value=state.value, fell=state.fell, rose=now, reason=_reason(state.reason, held, now))
    rising, passed = pace.ramp_rate * span, max(0.0, now - state.rose)
    if every:
        begun = state.fell + pace.ramp_hold
        passed = every * ((now - begun) // every - (state.rose - begun) // every)
    value = min(target.value, state.value + rising * passed)
    reached = target.value - value <= rising * every
    reason = _reason(state.reason, target if reached else Candidate(0.0, "recovering", threshold=target.value), now)
    return Ramp(value=value, fell=state.fell, rose=now, reason=reason)


# How the rules begin whose place is a cell; that of the others is a sensor.
_OF_CELLS: Final = ("cell", "pack", "voltage", "inverter")


def _reason(before: Reason, candidate: Candidate, now: float) -> Reason:
    """Return the candidate's reason; it stands since it first ruled, whatever its numbers did."""
    _, rule, place, measured, threshold, ahead = candidate
    cell, sensor = (place, None) if rule.startswith(_OF_CELLS) else (None, place)
    same = before.rule == rule and before.cell == cell and before.sensor == sensor
    if same and before.value == measured and before.threshold == threshold and before.ahead == ahead:
        return before
    return Reason(
        rule=rule,
        cell=cell,
        sensor=sensor,
        value=measured,
        threshold=threshold,
        since=before.since if same else now,
        ahead=ahead,
    )
