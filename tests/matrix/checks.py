"""What can be seen of a system after each poll, in words and in fact."""

from __future__ import annotations

from custom_components.home_bms.core.model import Level, LinkState
from custom_components.home_bms.watching import Link

from .bench import Bench
from .table import Check, Due


def within(polls: int, check: Check) -> Due:
    """Return a check with its time."""
    return Due(within=polls, check=check)


NO_CURRENT = Check(
    text="CCL = DCL = 0", holds=lambda b: b.now.decision.ccl.value == 0 and b.now.decision.dcl.value == 0
)
NO_CHARGE = Check(text="CCL = 0", holds=lambda b: b.now.decision.ccl.value == 0)
NO_DISCHARGE = Check(text="DCL = 0", holds=lambda b: b.now.decision.dcl.value == 0)
QUARTER = Check(
    text="a quarter of both currents, at most",
    holds=lambda b: max(b.now.decision.ccl.value, b.now.decision.dcl.value) <= 35.0,
)
REDUCED = Check(text="CCL falls", holds=lambda b: b.now.decision.ccl.value < 139.0)
PERMITTED = Check(
    text="both directions permitted",
    holds=lambda b: b.now.decision.charge_permitted and b.now.decision.discharge_permitted,
)
CHARGE_PERMITTED = Check(text="charging permitted", holds=lambda b: b.now.decision.charge_permitted)
NOT_PERMITTED = Check(
    text="nothing is permitted",
    holds=lambda b: not b.now.decision.charge_permitted and not b.now.decision.discharge_permitted,
)
RAMPED = Check(
    text="limits are back, ramped",
    holds=lambda b: b.now.decision.ccl.value > 100 and b.now.decision.dcl.value > 100,
)
CHARGE_RAMPED = Check(text="CCL is back, ramped", holds=lambda b: b.now.decision.ccl.value > 100)
FELL = Check(text="a limit falls", holds=lambda b: b.now.decision.ccl.value < 140.0 or b.now.decision.dcl.value < 140.0)
ANY_ALARM = Check(text="an alarm of level derate or more", holds=lambda b: b.now.decision.worst >= Level.DERATE)
ANY_TRIP = Check(text="a trip", holds=lambda b: b.now.decision.worst is Level.TRIP)
CHARGE_OPEN = Check(text="the charge switch is open on the pack", holds=lambda b: b.pack.switches.charge is False)
CHARGE_CLOSED = Check(text="the charge switch is closed again", holds=lambda b: b.pack.switches.charge is True)
DISCHARGE_OPEN = Check(
    text="the discharge switch is open on the pack", holds=lambda b: b.pack.switches.discharge is False
)
DISCHARGE_CLOSED = Check(text="the discharge switch is closed again", holds=lambda b: b.pack.switches.discharge is True)
WANTS_CHARGE_OPEN = Check(
    text="the charge switch is wanted open", holds=lambda b: b.now.decision.switches.charge is False
)
WANTS_DISCHARGE_OPEN = Check(
    text="the discharge switch is wanted open", holds=lambda b: b.now.decision.switches.discharge is False
)
BOTH_OPEN = Check(
    text="both switches are told to open",
    holds=lambda b: b.now.decision.switches.charge is False and b.now.decision.switches.discharge is False,
)
CELLS_HIDDEN = Check(text="cell entities unavailable", holds=lambda b: b.state("sensor", "cell_1") == "unavailable")
CELLS_SHOWN = Check(text="cell entities available", holds=lambda b: b.state("sensor", "cell_1") != "unavailable")
SILENT = Check(text="the link is silent", holds=lambda b: b.coordinator.statistics.link is Link.SILENT)
ANSWERING = Check(text="the link answers", holds=lambda b: b.coordinator.statistics.link is Link.ANSWERING)
LOST = Check(text="link state lost", holds=lambda b: b.now.believed.link is LinkState.LOST)
CONNECTED = Check(text="link state connected", holds=lambda b: b.now.believed.link is LinkState.CONNECTED)
SHIFTED = Check(text="a cell's value is believed that no cell has", holds=lambda b: _shifted(b))
BEHIND_TIME = Check(text="a tick is left out", holds=lambda b: b.coordinator.statistics.late_ticks > b.notes["late"])
BROKEN = Check(text="a tick breaks", holds=lambda b: b.coordinator.statistics.faults > 0)
FRESH = Check(text="all data are fresh", holds=lambda b: b.now.believed.age < 2.0)
CELLS_STALE = Check(text="the cells grow old", holds=lambda b: b.now.believed.cells_age > 2.0)


def _shifted(b: Bench) -> bool:
    true = [cell.voltage for cell in b.pack.cells]
    return any(
        told is not None and abs(told - voltage) > 0.05
        for told, voltage in zip(b.now.believed.cells, true, strict=True)
    )


def at_level(key: str, level: Level) -> Check:
    """Return whether a protection stands at this level or above."""
    return Check(text=f"`{key}` at {level.name.lower()}", holds=lambda b: b.level(key) >= level)


def tripped(key: str) -> Check:
    return at_level(key, Level.TRIP)


def stops(key: str) -> Check:
    return at_level(key, Level.PROTECT)


def warns(key: str) -> Check:
    return at_level(key, Level.WARN)


def told(key: str) -> Check:
    """Return whether a protection is above ok; for what must never be."""
    return Check(text=f"`{key}` is told", holds=lambda b: b.level(key) > Level.OK)


def gone(key: str) -> Check:
    return Check(text=f"`{key}` has let go", holds=lambda b: b.level(key) is Level.OK)


def doubted(name: str, reason: str) -> Check:
    return Check(text=f"{name} doubted: {reason}", holds=lambda b: b.now.believed.doubts.get(name) == reason)


def believed(name: str) -> Check:
    return Check(text=f"{name} believed", holds=lambda b: name not in b.now.believed.doubts)


def issue(key: str) -> Check:
    return Check(text=f"repair issue `{key}`", holds=lambda b: b.issue(key))


def no_issue(key: str) -> Check:
    return Check(text=f"repair issue `{key}` withdrawn", holds=lambda b: not b.issue(key))


def error(key: str) -> Check:
    """Return whether the last failed read or write meant this."""
    return Check(text=f"last error `{key}`", holds=lambda b: b.coordinator.statistics.last_error == key)
