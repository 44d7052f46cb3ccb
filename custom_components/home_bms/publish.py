"""Decides when a tick is worth telling to the entities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from .const import PUBLISH_LATEST, PUBLISH_SOONEST
from .core.battery import Finding
from .core.model import Bound, Decision, Snapshot

# A limit that falls by this share is told at once; smaller steps are the curve's ordinary work.
FALL: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Values whose change is news only from a certain size."""

    of: Callable[[Snapshot], Iterable[float | None]]
    width: float


# The noise of what is measured (performance.md B3): below these widths nothing has happened.
BANDS: Final = (
    Band(of=lambda snapshot: snapshot.believed.cells, width=0.002),
    Band(of=lambda snapshot: snapshot.believed.temperatures, width=0.5),
    Band(of=lambda snapshot: (snapshot.believed.current,), width=0.5),
    Band(of=lambda snapshot: (snapshot.believed.voltage, snapshot.decision.cvl.value), width=0.05),
    Band(of=lambda snapshot: (snapshot.decision.ccl.value, snapshot.decision.dcl.value), width=0.5),
    Band(of=lambda snapshot: (snapshot.estimate.soc, snapshot.estimate.life.soh), width=0.1),
    Band(of=lambda snapshot: (snapshot.estimate.soc_low, snapshot.estimate.soc_high), width=0.5),
    # Ah, of what was bled too. The rest of what is learned changes at looks, and can wait for the latest moment.
    Band(of=lambda snapshot: (snapshot.estimate.capacity, *snapshot.balance.budget.charge), width=0.1),
    # Wh
    Band(of=lambda snapshot: (snapshot.estimate.energy_in, snapshot.estimate.energy_out), width=10.0),
)


def due(told: Snapshot, now: Snapshot) -> bool:
    """Whether `now` is to be told, `told` having been told last."""
    silence = now.decision.time - told.decision.time
    if silence >= PUBLISH_LATEST or _urgent(told) != _urgent(now) or _limits_fell(told.decision, now.decision):
        return True
    return silence >= PUBLISH_SOONEST and _moved(told, now)


def pressing(before: Snapshot, now: Snapshot) -> bool:
    """Whether a tick changes what the battery of all packs allows so that it is reckoned anew at once.

    Limits that rise are not: they do so slowly, and can wait for the next of the packs.
    """
    was, limits = before.decision, now.decision
    fell = limits.ccl.value < was.ccl.value or limits.dcl.value < was.dcl.value or limits.cvl.value < was.cvl.value
    return fell or _urgent(before) != _urgent(now)


def _urgent(snapshot: Snapshot) -> tuple[object, ...]:
    """Return all that must be told at once when it changes."""
    decision = snapshot.decision
    return (
        decision.mode,
        decision.charge_permitted,
        decision.discharge_permitted,
        tuple((alarm.key, alarm.level) for alarm in decision.alarms),
        snapshot.reading.switches,
        snapshot.contactors.charge.state,
        snapshot.contactors.discharge.state,
        snapshot.wishes,
        snapshot.believed.link,
        snapshot.believed.quality,
        decision.balance.reason.rule,
        tuple([(finding.kind, finding.cell) for finding in findings(snapshot)]),
    )


def findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Return what a person should look at, as of the last look."""
    knowledge = snapshot.estimate.knowledge
    return () if knowledge is None else knowledge.findings


def _limits_fell(told: Decision, now: Decision) -> bool:
    """Whether a current limit fell much, or came to zero or back."""
    return any(_fell(before, after) for before, after in ((told.ccl, now.ccl), (told.dcl, now.dcl)))


def _fell(told: Bound, now: Bound) -> bool:
    """Whether one limit fell much, or came to zero or back."""
    return (told.value > 0) != (now.value > 0) or now.value < told.value * (1 - FALL)


def _moved(told: Snapshot, now: Snapshot) -> bool:
    """Whether any value left its band, or came or went."""
    return any(_band_left(list(band.of(told)), list(band.of(now)), band.width) for band in BANDS)


def _band_left(told: list[float | None], now: list[float | None], width: float) -> bool:
    """Whether one of a band's values left it, or came or went."""
    return len(told) != len(now) or any(
        (before is None) != (after is None)
        or (before is not None and after is not None and abs(after - before) >= width)
        for before, after in zip(told, now, strict=True)
    )
