"""Says why an additional relay of a pack that is built from parts may not close now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..core.model import Decision, Level
from ..core.plausibility import everything_known
from ..core.strings import JOIN_RULES, allows
from ..hw.parts_config import SwitchKind, SwitchRow

if TYPE_CHECKING:
    from ..coordinator import PackCoordinator
    from ..runtime import HomeBmsConfigEntry

type _Permitted = Callable[[Decision], bool]

# A string may charge or be charged by its neighbours; a cell that is bled or taken out is not to be an empty one.
_FLOWS: Final[Mapping[SwitchKind, Mapping[str, _Permitted]]] = MappingProxyType(
    {
        SwitchKind.STRING: {
            "charge_not_permitted": lambda decision: decision.charge_permitted,
            "discharge_not_permitted": lambda decision: decision.discharge_permitted,
        },
        SwitchKind.BYPASS: {"discharge_not_permitted": lambda decision: decision.discharge_permitted},
    }
)
NOT_RUNNING: Final = "not_running"
NOT_KNOWN: Final = "not_known"
REASONS: Final = (
    *("control_not_allowed", "tripped", NOT_KNOWN, NOT_RUNNING, "charge_not_permitted", "discharge_not_permitted"),
    *JOIN_RULES[2:],
)
"""Every reason that there is."""
# Nothing speaks against the pack's joining but that it does not want to, for it is there already.
_NOT_ASKED: Final = "not_asked"


def refusal(pack: PackCoordinator, row: SwitchRow) -> str | None:
    """Return why a relay may not close, as a key of REASONS; `None` if it may.

    What a pack of its own needs to close, one of its relays needs too: permission, no trip, fresh knowledge of
    everything, the directions in which current may then flow, and on a bus that several packs share its turn.
    """
    if not pack.control_allowed:
        return "control_not_allowed"
    snapshot = pack.latest
    decision = snapshot.decision
    if decision.worst is Level.TRIP:
        return "tripped"
    # A supervisor that has stopped leaves its last snapshot behind.
    aged = snapshot.believed.age + max(0.0, pack.hass.loop.time() - decision.time)
    if aged >= pack.config.age_derate or not everything_known(pack.config, snapshot.believed):
        return NOT_KNOWN
    for reason, permitted in _FLOWS[row.kind].items():
        if not permitted(decision):
            return reason
    return _turn(pack) if row.kind is SwitchKind.STRING else None


def _turn(pack: PackCoordinator) -> str | None:
    """Return why the pack may not close onto the bus that it shares, if it shares one."""
    if not pack.config.contactors.asks:
        return None
    join = pack.join
    if join is None or pack.hass.loop.time() >= join.until:
        return "bus_unknown"
    return None if allows(join.reason) or join.reason.rule == _NOT_ASKED else join.reason.rule


def permission(entry: HomeBmsConfigEntry, subentry_id: str) -> Callable[[SwitchRow], str | None]:
    """Return what a driver asks before it closes a relay; while its pack is not running, nothing closes."""

    def permit(row: SwitchRow) -> str | None:
        runtime = getattr(entry, "runtime_data", None)
        pack = None if runtime is None else runtime.packs.get(subentry_id)
        return NOT_RUNNING if pack is None else refusal(pack, row)

    return permit
