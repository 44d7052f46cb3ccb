"""Makes one battery of all packs: what they allow together, which may join, and what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import DOMAIN, LOGGER, POLL_PERIOD
from .core import bms, strings, system
from .core.bank import Bank, bank_of
from .core.lease_times import Now
from .core.leases import LeaseBook
from .core.memory import restore_system, save_system
from .core.model import Join, Reaction, SystemDecision
from .core.roster import Packs
from .core.storage import Rest
from .leases.keeper import LeaseKeeper
from .storage.keeper import StorageKeeper
from .store import HomeBmsStore

if TYPE_CHECKING:
    from .coordinator import PackCoordinator
    from .inverters.coordinator import InverterCoordinator
    from .runtime import HomeBmsConfigEntry

STORED: Final = "sharing"
"""The name under which the store keeps how charging goes and how packs share their current."""


class SystemCoordinator(DataUpdateCoordinator[SystemDecision]):
    """What all packs together allow and hold; told whenever a pack is."""

    config_entry: HomeBmsConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: HomeBmsConfigEntry, leases: LeaseKeeper, storage: StorageKeeper
    ) -> None:
        super().__init__(hass, LOGGER, config_entry=entry, name=entry.title)
        self.identity = entry.entry_id
        self.leases = leases
        """Who has asked what of the battery, and what counts of it."""
        self.storage = storage
        """How the battery rests while nobody needs it."""
        self.device_info = DeviceInfo(
            identifiers={(DOMAIN, entry.entry_id)}, manufacturer="home_bms", model="Battery system", name=entry.title
        )
        self.packs: dict[str, PackCoordinator] = {}
        self.inverters: dict[str, InverterCoordinator] = {}
        self.newest = system.combine({})
        """What was decided last, whether it was worth showing or not ..."""
        self.decided = 0.0
        """... and when."""
        self.state = system.SystemState()
        self.joins: Mapping[str, Join] = {}
        """Which pack may close onto the bus that several share, and why the others may not ..."""
        self.permitted = 0.0
        """... and when that was judged."""

    @callback
    def async_combine(self) -> SystemDecision:
        """Return what the packs' last ticks make together, within what is leased."""
        packs = self._packs()
        self.state, decision = system.step(self.state, packs)
        self.storage.async_judge(packs, decision)
        self.newest = self.leases.async_judge(packs, decision)
        self.decided = self.hass.loop.time()
        return self.newest

    @callback
    def async_heed(self, *, at_once: bool) -> SystemDecision:
        """Return what the packs make together: reckoned anew `at_once`, or where that was half a period ago.

        Each of many packs ticks each second, and looking at all of them at each would cost the square of their number.
        """
        if at_once or self.hass.loop.time() - self.decided >= POLL_PERIOD / 2:
            self.async_combine()
        return self.newest

    @property
    def delivers(self) -> bool:
        """Whether an inverter that drives the current is told the limits."""
        return any(inverter.delivers for inverter in self.inverters.values())

    @property
    def reaction(self) -> Reaction | None:
        """The s that the slowest inverter needs to obey, rounded up; `None` without any.

        While one does not obey they grow: each change is kept with its state in the black box, so they do by seconds.
        """
        each = [inverter.data.obedience for inverter in self.inverters.values()]
        if not each:
            return None
        return Reaction(
            charge=float(max(ceil(one.charge.reaction) for one in each)),
            discharge=float(max(ceil(one.discharge.reaction) for one in each)),
        )

    def bank(self) -> Bank | None:
        """Return the battery as an inverter is to see it now; `None` without any pack."""
        return bank_of(self._packs(), self.newest, self.decided, self.hass.loop.time(), name=self.name)

    @callback
    def async_remember(self, store: HomeBmsStore) -> None:
        """Go on where the last run ended, and be kept on the disk from now on."""
        configs = {key: pack.config for key, pack in self.packs.items()}
        self.state = restore_system(configs, store.saved_system(STORED))
        store.async_add_system_source(STORED, lambda: save_system(self.state))

    @property
    def setpoint(self) -> float | None:
        """W that an inverter is to be asked for, within the limits and positive when charging; `None` is none."""
        return self.leases.setpoint

    async def async_change_leases(self, change: Callable[[LeaseBook, Now], LeaseBook]) -> int:
        """Take changed leases over, shown before the next tick and kept at once; return how many more there are.

        Raises ConfigError for what `change` refuses.
        """
        before = self.leases.book
        self.leases.change(change)
        if self.leases.book != before:
            self.async_set_updated_data(self.async_combine())
            await self.leases.async_save()
        return len(self.leases.book.leases) - len(before.leases)

    async def async_rest(self, rest: Rest | None) -> None:
        """Let the battery rest, or with `None` work again, shown before the next tick. Raises ConfigError."""
        if rest is None:
            await self.storage.async_end()
        else:
            await self.storage.async_begin(rest)
        self.async_set_updated_data(self.async_combine())

    @callback
    def async_permit_joining(self) -> None:
        """Give one pack the permission to close onto the bus that it shares, and take it from every other.

        Done after every tick of any pack while one has the word, so that it never outlives what it rests on; else each
        half period, for each pack is compared with all others.
        """
        if not any(pack.config.contactors.asks for pack in self.packs.values()):
            return
        now, given = self.hass.loop.time(), any(join.allowed for join in self.joins.values())
        if not given and now - self.permitted < POLL_PERIOD / 2:
            return
        self.permitted = now
        self.joins = strings.joins(self._packs(), now)
        for key, permission in self.joins.items():
            supervisor = self.packs[key].supervisor
            supervisor.state = bms.join(supervisor.state, permission if permission.allowed else None)

    def _packs(self) -> Packs:
        return {key: (pack.config, pack.latest) for key, pack in self.packs.items()}
