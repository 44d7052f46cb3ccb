"""Turns what must survive a restart into plain JSON values and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from .battery import Estimate
from .charging import CHARGE_RULES, ChargeState
from .codec import codec
from .machine import FAILURES, NOT_CLOSING, PRECHARGE_FAILED
from .model import (
    NO_TRACKS,
    BalanceMode,
    BalanceState,
    Budget,
    ChargeStage,
    ContactorsState,
    Level,
    PackConfig,
    PackState,
    Reason,
    SwitchTrack,
    Track,
    Wishes,
    whole,
)
from .protection import LASTING, PROTECTION_KEYS
from .sharing import Share, Side, bounded
from .system import SystemState

# Monotonic times mean nothing after a restart, so these are saved as durations or not at all.
_SUMS: Final = ("charge_in", "charge_out", "energy_in", "energy_out")
_COUNTERS: Final = ("soc", "truth", *_SUMS, "since_full", "full_at", "empty_at")
# What is estimated may lie beyond what is shown, but not by another pack.
_PERCENT: Final = {"soc": (0.0, 100.0), "truth": (-100.0, 200.0)}
_UNTIL: Final = ("lease_until", "balance_until")
_SPENT: Final = ("charge", "seconds", "energy", "today", "daily", "days")
_BALANCED: Final = ("completed", "gave_up")
_MODES: Final = ("balance_mode", "balance_now_mode")
_KNOWN_MODES: Final = frozenset(BalanceMode)
_WISHES: Final = codec(Wishes)
# Nothing that is saved is as large; whole numbers may be larger than any other.
_NO_NUMBER: Final = 1e300
_SIDES: Final = ("charge", "discharge")
_CHARGED: Final = ("count", "low", "absorbed", "still")

# What is saved by these names; `stored` knows from them what a newer version has added.
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "estimate": _COUNTERS,
    "ours": _SIDES,
    "failures": _SIDES,
    "balance": (*_SPENT, *_BALANCED, "day"),
}
EVIDENCE_NAMES: Final = ("age", "cell", "sensor", "value", "threshold")
CHARGING_NAMES: Final = ("stage", "rule", "soc", *_CHARGED)
SHARE_NAMES: Final = ("skew", "seen", "offset", "charge", "discharge")


def save(state: PackState, now: float | None = None) -> dict[str, Any]:
    """Return what must survive: counters, SoC, what has stopped or tripped, wishes, which switches are open or failed.

    Times are saved as seconds since or until `now`, the monotonic time of saving; without it the last estimate's, which
    stands still while the pack is not heard.
    """
    now = (state.estimate.time or 0.0) if now is None else now
    wishes = {field.name: getattr(state.wishes, field.name) for field in fields(Wishes)}
    for name in _UNTIL:
        if wishes[name] is not None:
            wishes[name] -= now
    return {
        "estimate": {name: getattr(state.estimate, name) for name in _COUNTERS},
        "trips": _standing(state, Level.TRIP, PROTECTION_KEYS, now),
        "stops": _standing(state, Level.PROTECT, LASTING, now),
        "ours": {side: getattr(state.contactors, side).ours for side in _SIDES},
        "failures": {side: getattr(state.contactors, side).failure for side in _SIDES},
        "wishes": wishes,
        "balance": _balance(state.balance, now),
    }


def _standing(state: PackState, level: Level, keys: Collection[str], now: float) -> dict[str, Any]:
    """Return the evidence of those of the protections that stand at a level."""
    return {
        key: {
            "age": max(0.0, now - track.since),
            "cell": track.reason.cell,
            "sensor": track.reason.sensor,
            "value": track.reason.value,
            "threshold": track.reason.threshold,
        }
        for key, track in state.tracks.items()
        if track.level is level and track.reason is not None and key in keys
    }


def _balance(state: BalanceState, now: float) -> dict[str, Any]:
    """Return what balancing has cost, and when it was last done: as ages."""
    times = {name: getattr(state, name) for name in _BALANCED} | {"day": state.budget.day}
    return {name: getattr(state.budget, name) for name in _SPENT} | {
        name: None if at is None else max(0.0, now - at) for name, at in times.items()
    }


def restore(config: PackConfig, saved: Mapping[str, Any], *, now: float, gap: float | None) -> PackState:
    """Return a starting state with what was saved.

    `now` is the monotonic time and `gap` the wall-clock seconds since the save, `None` if the clock is not to be
    believed. Values that are no numbers are dropped one by one; what has stopped or tripped never is, and what it takes
    to let go begins anew. Raises ValueError for such a protection, a failed switch or a wish that cannot be understood.
    """
    past = gap or 0.0
    counters = saved.get("estimate", {})
    known: dict[str, Any] = {name: _number(counters.get(name)) for name in _COUNTERS}
    known |= {name: known[name] or 0.0 for name in _SUMS}
    for name, (lowest, highest) in _PERCENT.items():
        if known[name] is not None and not lowest <= known[name] <= highest:
            known[name] = None
    if known["since_full"] is not None:
        known["since_full"] = None if gap is None else known["since_full"] + gap
    if known["soc"] is not None and known["truth"] is not None:
        # What is shown was still on its way to the truth, and goes on from where it was.
        known["debt"] = known["soc"] - known["truth"]
    ours, failures = saved.get("ours", {}), saved.get("failures", {})
    charge, discharge = (_switch(config, ours.get(side), failures.get(side), now) for side in _SIDES)
    stopping = [key for key in LASTING if any(stage.level is Level.PROTECT for stage in config.stages[key])]
    stops = _tracks(saved.get("stops", {}), Level.PROTECT, stopping, now - past)
    trips = _tracks(saved.get("trips", {}), Level.TRIP, PROTECTION_KEYS, now - past)
    return PackState(
        estimate=Estimate(capacity=config.capacity, **known),
        tracks=stops | trips or NO_TRACKS,
        contactors=ContactorsState(charge=charge, discharge=discharge),
        wishes=_wishes(saved.get("wishes", {}), now, gap),
        balance=_balanced(config, saved.get("balance", {}), now, gap),
    )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _NO_NUMBER:
        return None
    return float(value)


def _switch(config: PackConfig, ours: object, failure: object, now: float) -> SwitchTrack:
    """Return what is known of a switch; how much of a rest is over is not kept, so it begins anew."""
    known = SwitchTrack(ours=ours is True)
    if failure is None:
        return known
    if failure not in FAILURES:
        raise ValueError(f"a switch that failed by {failure!r:.40}, which is not known here")
    rests = failure in (NOT_CLOSING, PRECHARGE_FAILED)
    return replace(known, failure=str(failure), rests_until=now + config.contactors.rest if rests else None)


def _tracks(
    saved: Mapping[str, Mapping[str, Any]], level: Level, keys: Collection[str], then: float
) -> dict[str, Track]:
    """Return the protections that stood at a level at this time. Raises ValueError for any that is not of `keys`."""
    tracks = {}
    for key, kept in saved.items():
        if key not in keys:
            raise ValueError(f"a {level.name.lower()} of {key:.40}, which is not known here")
        since = then - (_number(kept.get("age")) or 0.0)
        tracks[key] = Track(
            level=level,
            since=since,
            reason=Reason(
                rule=key,
                cell=kept.get("cell"),
                sensor=kept.get("sensor"),
                value=_number(kept.get("value")),
                threshold=_number(kept.get("threshold")),
                since=since,
            ),
        )
    return tracks


def _wishes(saved: Mapping[str, Any], now: float, gap: float | None) -> Wishes:
    """Return the saved wishes; a lease goes on with what is left of it, and a clock that is not believed ends it.

    Raises ValueError for a wish that cannot be: without it more might be permitted.
    """
    known = {field.name: saved[field.name] for field in fields(Wishes) if field.name in saved}
    for name in _MODES:
        known[name] = known[name] if known.get(name) in _KNOWN_MODES else None
    # A lease that is over is dropped by the first step.
    for name in _UNTIL:
        if known.get(name) is not None:
            known[name] = now if gap is None else now + known[name] - gap
    wishes: Wishes = _WISHES.decode(known)
    for name in known.keys() - set(_UNTIL):
        value = getattr(wishes, name)
        if isinstance(value, int | float) and not value >= 0:
            raise ValueError(f"{name} cannot be {value!r:.20}")
    return wishes


def _balanced(config: PackConfig, saved: Mapping[str, Any], now: float, gap: float | None) -> BalanceState:
    """Return what balancing has cost; what is not one number for each cell is forgotten whole."""
    spent: dict[str, Any] = {name: _numbers(saved.get(name), config.cells) for name in _SPENT}
    if not all(spent.values()):
        spent = {}
    ages = {name: _number(saved.get(name)) for name in (*_BALANCED, "day")}
    # Where the clock is not believed, no time has passed.
    at = {name: None if age is None else now - age - (gap or 0.0) for name, age in ages.items()}
    return BalanceState(
        completed=at["completed"],
        gave_up=at["gave_up"],
        budget=Budget(**spent, day=at["day"] if spent else None),
    )


def _numbers(values: object, count: int) -> tuple[float, ...]:
    """Return the numbers of a list of this length; nothing of any other."""
    numbers = tuple(_number(value) for value in values) if isinstance(values, list | tuple) else ()
    return numbers if len(numbers) == count and whole(numbers) else ()


def save_system(state: SystemState) -> dict[str, Any]:
    """Return what must survive of several packs together: how far charging is, and what is known of their shares."""
    charging = state.charging
    return {
        "charging": {"stage": charging.stage.value, "rule": charging.reason.rule, "soc": charging.soc}
        | {name: getattr(charging, name) for name in _CHARGED},
        "shares": {
            key: {
                "skew": share.skew,
                "seen": share.seen,
                "offset": share.offset,
                "charge": {"last": share.charge.last, "unseen": share.charge.unseen},
                "discharge": {"last": share.discharge.last, "unseen": share.discharge.unseen},
            }
            for key, share in state.shares.items()
        },
    }


def restore_system(configs: Mapping[str, PackConfig], saved: object) -> SystemState:
    """Return a starting state with what was saved of these packs.

    What is spoilt is forgotten: a battery then begins in bulk, learns its shares anew, and permits nothing on the word
    of a pack that is not heard.
    """
    known = _mapping(saved)
    shares = _mapping(known.get("shares"))
    return SystemState(
        shares={key: _share(config, _mapping(shares[key])) for key, config in configs.items() if key in shares},
        charging=_charging(_mapping(known.get("charging"))),
    )


def _charging(saved: Mapping[str, Any]) -> ChargeState:
    stage, rule = saved.get("stage"), saved.get("rule")
    times = {name: max(0.0, _number(saved.get(name)) or 0.0) for name in _CHARGED}
    if stage not in list(ChargeStage) or rule not in CHARGE_RULES:
        return ChargeState()
    return ChargeState(stage=ChargeStage(stage), reason=Reason(rule=rule), soc=_number(saved.get("soc")), **times)


def _share(config: PackConfig, saved: Mapping[str, Any]) -> Share:
    skew, seen, offset = (_number(saved.get(name)) for name in ("skew", "seen", "offset"))
    if skew is None or seen is None or offset is None or seen < 0:
        return Share()
    return Share(
        skew=bounded(skew),
        seen=seen,
        offset=offset,
        charge=_side(_mapping(saved.get("charge")), config.charge_current),
        discharge=_side(_mapping(saved.get("discharge")), config.discharge_current),
    )


def _side(saved: Mapping[str, Any], rated: float) -> Side:
    last = _number(saved.get("last")) or 0.0
    return Side(last=min(rated, max(0.0, last)), unseen=saved.get("unseen") is not False)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
