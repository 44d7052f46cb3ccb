"""Names the topics of a battery system, and remembers what of them the broker keeps, so that it can be cleared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN

ONLINE: Final = "online"
OFFLINE: Final = "offline"


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one battery system; `system` and packs are named by ids that have nothing to do with hardware."""

    base: str
    system: str

    @property
    def root(self) -> str:
        """What all of them begin with."""
        return f"{self.base}/{self.system}"

    @property
    def availability(self) -> str:
        """Retained: `online` or `offline`."""
        return f"{self.root}/availability"

    @property
    def identity(self) -> str:
        """Retained: `SystemIdentity`."""
        return f"{self.root}/identity"

    @property
    def state(self) -> str:
        """Retained: `SystemState`."""
        return f"{self.root}/state"

    @property
    def event(self) -> str:
        """`SystemEvent`."""
        return f"{self.root}/event"

    @property
    def command(self) -> str:
        """`RequestPower`, `HoldReserve` or `Release`, from the operator."""
        return f"{self.root}/command"

    @property
    def response(self) -> str:
        """`Response`."""
        return f"{self.root}/response"

    def pack_state(self, pack: str) -> str:
        """Retained: `PackState`."""
        return f"{self.root}/packs/{pack}/state"

    def pack_event(self, pack: str) -> str:
        """`PackEvent`."""
        return f"{self.root}/packs/{pack}/event"

    def retained(self, packs: Iterable[str]) -> frozenset[str]:
        """Return all that the broker keeps of a system with these packs."""
        return frozenset({self.availability, self.identity, self.state, *map(self.pack_state, packs)})


class Retained:
    """Which topics the broker may still keep something of, on the disk before the first of it is told."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._store: Store[list[str]] = Store(hass, 1, f"{DOMAIN}.{entry_id}.fleet", atomic_writes=True)
        self.topics: frozenset[str] = frozenset()

    async def async_load(self) -> None:
        """Read what an earlier run has told."""
        kept = await self._store.async_load()
        # A file may hold anything; what is no topic was never told.
        self.topics = (
            frozenset(each for each in kept if isinstance(each, str)) if isinstance(kept, list) else frozenset()
        )

    async def async_add(self, topics: frozenset[str]) -> None:
        """Remember these too."""
        await self._async_become(self.topics | topics)

    async def async_forget(self, topic: str) -> None:
        """Take one for cleared."""
        await self._async_become(self.topics - {topic})

    async def async_remove(self) -> None:
        """Remember nothing."""
        self.topics = frozenset()
        await self._store.async_remove()

    async def _async_become(self, topics: frozenset[str]) -> None:
        if topics == self.topics:
            return
        self.topics = topics
        if topics:
            await self._store.async_save(sorted(topics))
        else:
            await self._store.async_remove()
