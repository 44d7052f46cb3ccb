"""Makes leases of what a grid programme asks, whoever has read its events."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..core.lease_times import Now
from ..core.leases import LeaseBook, add, release
from ..core.model import ConfigError
from ..hw.openadr import Plan, Programme, plan
from ..store import HomeBmsStore
from ..system_coordinator import SystemCoordinator
from .keeper import LeaseKeeper

OWNER_LETTERS: Final = 56
"""Of a programme's name: the owner of its leases has a prefix, and a limit of its own."""
_STORED: Final = "programmes"


def owner_of(programme: str) -> str:
    """Return who owns the leases of a programme of this name."""
    return f"openadr:{programme}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What became of the events of a programme."""

    plan: Plan
    followed: tuple[str, ...]
    """The names of the leases that there are now."""
    ignored: tuple[tuple[str, str], ...]
    """Event or lease, and what of it is not followed."""


async def async_follow(system: SystemCoordinator, programme: Programme, events: Sequence[Any]) -> Followed:
    """Lease what the events of a programme ask for, and end what they ask no more.

    Raises EventError for what is no list of events.
    """
    # A thousand events take a while, between two looks at the packs.
    found = await system.hass.async_add_executor_job(plan, programme, events, dt_util.utcnow().timestamp())
    ignored = list(found.ignored)

    def change(book: LeaseBook, clock: Now) -> LeaseBook:
        asked = {lease.key for lease in found.leases}
        for lease in book.leases:
            if lease.owner == programme.owner and lease.key not in asked:
                book = release(book, *lease.key)
        for lease in found.leases:
            try:
                book = add(book, lease, clock)
            except ConfigError as err:
                ignored.append((lease.name, str(err)))
        return book

    await system.async_change_leases(change)
    refused = dict(ignored)
    followed = tuple([lease.name for lease in found.leases if lease.name not in refused])
    return Followed(plan=found, followed=followed, ignored=tuple(ignored))


@callback
def async_end_of_removed(store: HomeBmsStore, leases: LeaseKeeper, owners: Mapping[str, str]) -> None:
    """End the leases of programmes that were there and are not any more; `owners` by subentry.

    Which there were is kept on the disk: a programme may be removed while its system is not loaded.
    """
    before = store.saved_system(_STORED)
    # A file may hold anything; what is no name was nobody's.
    known = {owner for owner in before.values() if isinstance(owner, str)} if isinstance(before, Mapping) else set()
    gone = known - set(owners.values())

    def change(book: LeaseBook, _: Now) -> LeaseBook:
        for owner in gone:
            book = release(book, owner)
        return book

    leases.change(change)
    store.async_add_system_source(_STORED, lambda: dict(owners))


@callback
def async_end_setpoints(leases: LeaseKeeper, owners: Container[str]) -> None:
    """Leave of the leases of programmes that may only narrow what narrows: they may have been permitted more before."""

    def change(book: LeaseBook, _: Now) -> LeaseBook:
        narrowed = [
            replace(lease, power=None, charge_to=None, within=None) if lease.owner in owners else lease
            for lease in book.leases
        ]
        return replace(book, leases=tuple([lease for lease in narrowed if any(ask is not None for ask in lease.asks)]))

    leases.change(change)
