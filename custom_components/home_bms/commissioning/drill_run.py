"""Runs a drill on a pack and measures how soon limits, inverters and current follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ..const import LOGGER
from ..coordinator import PackCoordinator
from ..core import drill
from ..core.commissioning import Finding, Number, Outcome
from ..core.drill import LONGEST, RECOVERY, Pretence
from ..core.hands import enough
from ..core.model import Flow, Snapshot
from ..runtime import HomeBmsRuntimeData
from .looks import Progress, looks

CURRENT_WITHIN: Final = 60.0
"""s that a drill waits for current that it could stop."""
# A below which a current counts as stopped: what an inverter's own measurement is off by (faults.md 38).
_STOPPED: Final = 2.0
# Share of the limit before the drill up to which a first stage has come (`communication_lost` leaves a quarter).
_STAGE: Final = 0.3


class DrillRefusedError(Exception):
    """No drill can run now; `key` is the reason's."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


@dataclass(slots=True, kw_only=True)
class _Watch:
    """What was seen of a drill so far; times are s since it began."""

    flow: Flow
    """The directions that must stop."""
    charging: bool
    """Whether it is charging current that is looked at, else discharging."""
    limit: float
    """A before it began."""
    current: float
    """A in that direction before it began."""
    acting: bool
    """Whether anybody who drives the current is told."""
    times: dict[str, float] = field(default_factory=dict)
    last: float = 0.0
    """A in that direction as last seen."""

    def note(self, name: str, seconds: float, *, holds: bool) -> None:
        """Keep when something was first seen."""
        if holds:
            self.times.setdefault(name, round(seconds, 1))

    @property
    def flowed(self) -> bool:
        """Whether there was a current to be stopped."""
        return self.current > _STOPPED

    @property
    def done(self) -> bool:
        """Whether all that can be proven has been."""
        wanted = ["limit_zero"]
        if self.acting:
            wanted += ["told_zero", "current_zero"] if self.flowed else ["told_zero"]
        return all(name in self.times for name in wanted)


async def async_drill(
    runtime: HomeBmsRuntimeData, pack: PackCoordinator, pretence: Pretence, progress: Progress
) -> Finding:
    """Pretend that something is wrong, and return what was proven.

    Whatever ends this, nothing is pretended afterwards; the limits then come back as slowly as after the real thing.
    """
    supervisor, loop = pack.supervisor, pack.hass.loop
    try:
        await _async_free(pack)
        watch = await _async_ready(runtime, pack, pretence, progress)
    except DrillRefusedError as err:
        return Finding(outcome=Outcome.FAILED, reason=err.key)
    LOGGER.warning("%s: a drill begins: %s is pretended for %.0f s at most", pack.name, pretence, LONGEST)
    began = loop.time()
    supervisor.drill = drill.begin(pack.config, supervisor.state, supervisor.reading(), pretence)
    try:
        async for look in looks(pack, LONGEST):
            _see(runtime, pack, watch, look, look.decision.time - began)
            progress(min(1.0, (loop.time() - began) / LONGEST))
            if watch.done or _on(pack) is None:
                break
    finally:
        if (going := _on(pack)) is not None:
            supervisor.drill = drill.end(going, loop.time())
        LOGGER.warning("%s: the drill is over, nothing is pretended any more", pack.name)
    return _finding(runtime, pack, watch)


def _on(pack: PackCoordinator) -> drill.Drill | None:
    """Return the drill that is on; whatever breaks in it, and the end of the pack, ends it."""
    return pack.supervisor.drill


async def _async_free(pack: PackCoordinator) -> None:
    """Wait until the drill before has left nothing behind. Raises DrillRefusedError."""
    if _on(pack) is None:
        return
    async for _ in looks(pack, RECOVERY + LONGEST):
        if _on(pack) is None:
            return
    raise DrillRefusedError("drill_running")


async def _async_ready(
    runtime: HomeBmsRuntimeData, pack: PackCoordinator, pretence: Pretence, progress: Progress
) -> _Watch:
    """Wait a while for a current that could be stopped, if there is anybody to stop it. Raises DrillRefusedError."""
    acting = _acting(runtime, pack)
    least = enough(min(pack.config.charge_current, pack.config.discharge_current))
    seen: Snapshot | None = None
    began = pack.hass.loop.time()
    async for look in looks(pack, CURRENT_WITHIN):
        seen = look
        current = look.believed.current or 0.0
        flows = current >= least or (pretence is Pretence.LINK_LOST and -current >= least)
        progress(min(1.0, (pack.hass.loop.time() - began) / CURRENT_WITHIN))
        if flows or not acting:
            break
    if seen is None:
        raise DrillRefusedError("not_heard")
    if _on(pack) is not None:
        # Somebody else's has begun meanwhile; to take its place would let its limits leap back up.
        raise DrillRefusedError("drill_running")
    current = seen.believed.current or 0.0
    charging = pretence is Pretence.CELL_OVERVOLTAGE or current >= 0
    bound = seen.decision.ccl if charging else seen.decision.dcl
    if bound.value <= 0:
        raise DrillRefusedError("limit_was_zero")
    return _Watch(
        flow=Flow.CHARGE if pretence is Pretence.CELL_OVERVOLTAGE else Flow.BOTH,
        charging=charging,
        limit=bound.value,
        current=max(0.0, current if charging else -current),
        acting=acting,
    )


def _acting(runtime: HomeBmsRuntimeData, pack: PackCoordinator) -> bool:
    """Tell whether somebody who drives the current is told the limits."""
    if pack.host is not None and pack.control_allowed:
        return True
    return any(one.acting and not one.opened.reads_only for one in runtime.inverters.values())


def _see(runtime: HomeBmsRuntimeData, pack: PackCoordinator, watch: _Watch, look: Snapshot, seconds: float) -> None:
    """Take one look."""
    limits = [
        bound.value
        for flow, bound in ((Flow.CHARGE, look.decision.ccl), (Flow.DISCHARGE, look.decision.dcl))
        if flow in watch.flow
    ]
    ours = look.decision.ccl if watch.charging else look.decision.dcl
    zero = max(limits) <= 0
    watch.note("limit_stage", seconds, holds=0 < ours.value <= _STAGE * watch.limit)
    watch.note("limit_zero", seconds, holds=zero)
    current = look.believed.current
    if current is not None:
        watch.last = max(0.0, current if watch.charging else -current)
    if watch.acting and zero:
        watch.note("told_zero", seconds, holds=_told(runtime, pack, watch.flow))
        if watch.flowed:
            watch.note("current_zero", seconds, holds=current is not None and watch.last <= _STOPPED)


def _told(runtime: HomeBmsRuntimeData, pack: PackCoordinator, flow: Flow) -> bool:
    """Tell whether everybody who drives the current has taken the zero."""
    if pack.host is not None:
        # The simulated inverter was told at this very tick.
        return True
    drivers = [one for one in runtime.inverters.values() if one.acting and not one.opened.reads_only]
    banks = [one.told for one in drivers]
    return all(
        bank is not None
        and (Flow.CHARGE not in flow or bank.ccl <= 0)
        and (Flow.DISCHARGE not in flow or bank.dcl <= 0)
        for bank in banks
    )


def _finding(runtime: HomeBmsRuntimeData, pack: PackCoordinator, watch: _Watch) -> Finding:
    """Return what was proven, and what was not."""
    numbers: dict[str, Number] = {"limit_before": round(watch.limit, 1), **watch.times}
    if watch.flowed:
        numbers |= {"current_before": round(watch.current, 1), "current_after": round(watch.last, 1)}
    outcome, reason = _judgement(runtime, pack, watch)
    return Finding(outcome=outcome, reason=reason, numbers=numbers)


def _judgement(runtime: HomeBmsRuntimeData, pack: PackCoordinator, watch: _Watch) -> tuple[Outcome, str | None]:
    times = watch.times
    if "limit_zero" not in times:
        return Outcome.FAILED, "limit_stood"
    if not watch.acting:
        drivers = [one for one in runtime.inverters.values() if not one.opened.reads_only]
        return Outcome.PARTLY, "control_off" if drivers or pack.host is not None else "no_inverter"
    if "told_zero" not in times:
        return Outcome.FAILED, "not_told"
    if not watch.flowed:
        return Outcome.PARTLY, "nothing_to_stop"
    return (Outcome.PASSED, None) if "current_zero" in times else (Outcome.FAILED, "current_flows")
