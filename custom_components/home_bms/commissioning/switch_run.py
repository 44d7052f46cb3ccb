"""Opens a pack's switches or contactor once, closes them again, and measures both."""

from __future__ import annotations

from typing import Final

from ..coordinator import PackCoordinator
from ..core.commissioning import Finding, Number, Outcome
from ..core.model import ContactorState, Snapshot
from .looks import Progress, looks

OPEN_WITHIN: Final = 15.0
"""s: `opens_within` and what a contactor may wait for its current."""
STILL_FOR: Final = 5.0
"""s for which nothing may flow, and in which the voltage behind it may fall."""
CLOSED_WITHIN: Final = 60.0
"""s: what was opened stays open for ten, then there may be three tries to precharge."""
CURRENT_MOST: Final = 2.0
"""A beyond which the check does not begin: nothing is worn by it (`ContactorConfig.break_current`)."""


def refusal(pack: PackCoordinator) -> str | None:
    """Return the key of why the check cannot begin now, if it cannot."""
    look = pack.latest
    if not pack.control_allowed:
        return "control_off"
    if (current := _current(pack, look)) is None:
        return "current_unknown"
    if abs(current) > CURRENT_MOST:
        return "current_too_high"
    if not _are(look, ContactorState.CLOSED):
        return "not_closed"
    return None


async def async_check_switches(pack: PackCoordinator, progress: Progress) -> Finding:
    """Open, see that nothing flows, and close again.

    Whoever leaves half-way leaves it open, and so does what fails: nothing closes that nobody watches.
    """
    if (key := refusal(pack)) is not None:
        return Finding(outcome=Outcome.FAILED, reason=key)
    numbers: dict[str, Number] = {}
    loop = pack.hass.loop
    began = loop.time()
    await pack.async_wish(charge=False, discharge=False)
    if not await _reached(pack, ContactorState.OPEN, OPEN_WITHIN):
        return Finding(outcome=Outcome.FAILED, reason="not_opened", numbers=numbers)
    numbers["opened_after"] = round(loop.time() - began, 1)
    progress(0.3)
    currents = [_current(pack, look) async for look in looks(pack, STILL_FOR)]
    known = [abs(current) for current in currents if current is not None]
    if known:
        numbers["current_open"] = round(max(known), 1)
    if (behind := pack.latest.reading.link_voltage) is not None:
        numbers["voltage_behind"] = round(behind, 1)
    if max(known, default=0.0) > CURRENT_MOST:
        return Finding(outcome=Outcome.FAILED, reason="current_while_open", numbers=numbers)
    if not known or len(known) < len(currents):
        return Finding(outcome=Outcome.FAILED, reason="current_unknown", numbers=numbers)
    if not pack.control_allowed:
        return Finding(outcome=Outcome.FAILED, reason="control_off", numbers=numbers)
    progress(0.5)
    await pack.async_wish(charge=True, discharge=True)
    try:
        return await _async_close(pack, numbers)
    finally:
        # A wish that stands would close it whenever it may, with nobody beside it.
        if not pack.supervisor.stopped and not _are(pack.latest, ContactorState.CLOSED):
            await pack.async_wish(charge=False, discharge=False)


async def _async_close(pack: PackCoordinator, numbers: dict[str, Number]) -> Finding:
    """Watch the way back."""
    began = pack.hass.loop.time()
    precharge = closing = None
    async for look in looks(pack, CLOSED_WITHIN):
        now = look.decision.time - began
        state = look.contactors.charge.state
        if state is ContactorState.PRECHARGE and precharge is None:
            precharge = now
        if state is ContactorState.CLOSING and closing is None:
            closing = now
        if state is ContactorState.FAILED or _are(look, ContactorState.CLOSED):
            break
    if precharge is not None and closing is not None:
        numbers["precharged_for"] = round(closing - precharge, 1)
    if not _are(pack.latest, ContactorState.CLOSED):
        return Finding(outcome=Outcome.FAILED, reason="not_closed_again", numbers=numbers)
    numbers["closed_after"] = round(pack.latest.decision.time - began, 1)
    if pack.config.contactors.precharge and precharge is None:
        return Finding(outcome=Outcome.FAILED, reason="no_precharge", numbers=numbers)
    return Finding(outcome=Outcome.PASSED, numbers=numbers)


async def _reached(pack: PackCoordinator, state: ContactorState, seconds: float) -> bool:
    async for look in looks(pack, seconds):
        if _are(look, state):
            return True
    return False


def _current(pack: PackCoordinator, look: Snapshot) -> float | None:
    """Return the A that flow; `None` unknown or old."""
    believed = look.believed
    return believed.current if believed.current_age < pack.config.age_derate else None


def _are(look: Snapshot, state: ContactorState) -> bool:
    return look.contactors.charge.state is state and look.contactors.discharge.state is state
