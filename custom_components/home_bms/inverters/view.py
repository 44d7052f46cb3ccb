"""What is known of one inverter, from its first look to the next restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..const import LOGGER
from ..core.bank import Bank
from ..core.codec import CodecError, codec
from ..core.obedience import Obedience, restored
from ..hw.driver import DriverError
from ..hw.inverters.inverter import NO_MEMORY, InverterReading, Memory
from ..watching import Link

if TYPE_CHECKING:
    from ..store import HomeBmsStore

_OBEDIENCE: Final = codec(Obedience)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an inverter is told at one look."""

    bank: Bank
    setpoint: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterView:
    """One look at an inverter as its entities show it."""

    link: Link = Link.CONNECTING
    acting: bool = False
    """Whether it is told, or home_bms only shows what it would tell."""
    order: Order | None = None
    """What it is told, or would be; `None` of a battery without packs."""
    reading: InverterReading | None = None
    obedience: Obedience = Obedience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one look came to."""

    told: Order | None = None
    """What it has taken."""
    reading: InverterReading | None = None
    error: DriverError | None = None


@dataclass(slots=True, kw_only=True)
class InverterStatistics:
    """How the link is doing since it was set up."""

    told: int = 0
    failed: int = 0
    """Looks at which it could not be told, or not be read."""
    slow: int = 0
    """Ticks at which the last look was not over."""
    late_ticks: int = 0
    faults: int = 0
    """Errors of home_bms itself that were survived."""
    last_error: str | None = None


def stored_part(subentry_id: str) -> str:
    """Return the name under which the store keeps what must be known again of an inverter."""
    return f"inverter_{subentry_id}"


def stored_memory(store: HomeBmsStore, subentry_id: str) -> Memory:
    """Return what the last link to an inverter has left behind."""
    saved = store.saved_system(stored_part(subentry_id)) or {}
    memory: Memory = saved.get("memory") or NO_MEMORY
    return memory


def stored(memory: Memory, obedience: Obedience) -> dict[str, Any]:
    """Return what must be known again of an inverter, as JSON."""
    return {"memory": dict(memory), "obedience": _OBEDIENCE.encode(restored(obedience))}


def known_obedience(store: HomeBmsStore, subentry_id: str, name: str) -> Obedience:
    """Return what was measured of an inverter before; it is measured anew where that cannot be read."""
    saved: Mapping[str, Any] = store.saved_system(stored_part(subentry_id)) or {}
    try:
        known: Obedience = _OBEDIENCE.decode(saved.get("obedience", {}))
    except CodecError as err:
        LOGGER.warning("What was measured of %s cannot be used: %s", name, err)
        return Obedience()
    return restored(known)
