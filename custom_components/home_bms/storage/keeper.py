"""Keeps a battery that nobody needs for a while, by a lease like any other that it renews day by day."""

from __future__ import annotations

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import LOGGER
from ..core.codec import CodecError, codec
from ..core.lease_times import DAY, Now
from ..core.leases import Key, Lease, LeaseBook, add, release
from ..core.model import ConfigError, SystemDecision
from ..core.roster import Packs
from ..core.storage import (
    OFF,
    TELL_AFTER,
    Ask,
    Rest,
    Seen,
    StorageState,
    asked,
    begin,
    in_danger,
    in_vain,
    seen,
    sound,
    step,
)
from ..leases import keeper as lease_keeper
from ..leases.keeper import LeaseKeeper
from ..repair_issues import async_raise, async_withdraw
from ..store import HomeBmsStore
from ..texts import word

OWNER: Final = "storage"
KEY: Final = Key(OWNER, "")
# Above what asks without saying how much it matters: who rests the battery means all of it.
PRIORITY: Final = 60
IN_VAIN: Final = "storage_in_vain"
IN_DANGER: Final = "storage_in_danger"
_STORED: Final = "storage"
_STATE: Final = codec(StorageState)
# A home_bms that is gone for longer asks for nothing any more; one that runs asks anew every half of it.
_LASTS: Final = DAY


class StorageKeeper:
    """The rest of one battery system: why, between which charges and until when, and what is being done for it."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, store: HomeBmsStore, leases: LeaseKeeper) -> None:
        self._hass = hass
        self._entry = entry
        self._store = store
        self._leases = leases
        self._held_until: float | None = None
        """Until when its lease is known to hold unless somebody releases it."""
        self._issues: frozenset[str] = frozenset()
        self._refusal = ""
        self.seen = Seen(0.0, None, None)
        self.state = self._restore()
        store.async_add_system_source(_STORED, lambda: _STATE.encode(self.state))
        for issue in (IN_VAIN, IN_DANGER):
            self._withdraw(issue)

    def _restore(self) -> StorageState:
        """Return the saved state; what cannot be read back is declared lost, for its limits would be too."""
        if (saved := self._store.saved_system(_STORED)) is None:
            return OFF
        try:
            state: StorageState = _STATE.decode(saved)
        except CodecError as err:
            LOGGER.error("The saved storage mode cannot be used: %s", err)
        else:
            if sound(state):
                return state
            LOGGER.error("The saved storage mode cannot be used: there is something in it that cannot be")
        self._store.async_declare_lost()
        return OFF

    @property
    def acting(self) -> bool:
        """Whether what is asked reaches anybody, or home_bms only shows what it would do."""
        return self._leases.acting

    async def async_begin(self, rest: Rest) -> None:
        """Let the battery rest. Raises ConfigError `out_of_range` or, of the leases, `too_many_leases`."""
        now = lease_keeper.wall_clock()
        state = begin(rest, now.time)
        # Whether there is room for a lease is found out before anything is changed.
        self._leases.change(lambda book, clock: add(book, _placeholder(rest, clock), clock))
        self.state, self._held_until = state, now.time + _LASTS
        await self._store.async_save()

    async def async_end(self) -> None:
        """Let the battery work again; its limits rise slowly."""
        self._end()
        await self._store.async_save()

    def _end(self) -> None:
        self.state, self._held_until = OFF, None
        self._leases.change(lambda book, _: release(book, OWNER))

    @callback
    def async_judge(self, packs: Packs, decision: SystemDecision) -> None:
        """Look at the battery, and lease what follows."""
        if self.state.rest is None or not packs:
            self._tell(frozenset())
            return
        now = lease_keeper.wall_clock()
        before = self.state
        mine = next((lease for lease in self._leases.book.leases if lease.key == KEY), None)
        released = mine is None and self._held_until is not None and now.time < self._held_until
        self.seen = seen(packs, decision.soc, now.time)
        # Whoever releases its lease means the whole of it.
        self.state = OFF if released else step(before, self.seen)
        ask = asked(self.state, self.seen)
        if ask is None:
            self._end()
        else:
            self._lease(ask, mine, packs, now)
        if self.state.phase is not before.phase:
            LOGGER.info("%s: storage mode is now %s", self._entry.title, self.state.phase)
            self._store.async_schedule_save()
        self._judge_issues()

    def _lease(self, ask: Ask, mine: Lease | None, packs: Packs, now: Now) -> None:
        """Ask, unless just that is asked already and for long enough."""
        lease = self._made(ask, packs, now)
        # A clock that is put back must not leave a lease that begins only later.
        lasting = mine is not None and mine.start <= now.time < mine.end - _LASTS / 2
        if mine is not None and lasting and mine.asks == lease.asks:
            self._held_until = mine.end
            return

        def change(book: LeaseBook, clock: Now) -> LeaseBook:
            return add(book, lease, clock)

        try:
            self._leases.change(change)
        except ConfigError as err:
            # Others have taken every place while home_bms was away.
            if str(err) != self._refusal:
                self._refusal = str(err)
                LOGGER.error("%s: storage mode cannot be kept: %s", self._entry.title, err)
            return
        self._refusal = ""
        self._held_until = lease.end
        self._store.async_schedule_save()

    def _made(self, ask: Ask, packs: Packs, now: Now) -> Lease:
        """Return the lease of what is asked, in A and W of all packs."""
        capacity = sum(config.capacity for config, _ in packs.values())
        energy = sum(config.energy[-1] for config, _ in packs.values())
        return Lease(
            owner=OWNER,
            reason=word(self._hass, "storage_phase", self.state.phase),
            priority=PRIORITY,
            made=now.time,
            start=now.time,
            end=now.time + _LASTS,
            reserve=ask.reserve,
            charge_current=None if ask.charge is None else ask.charge * capacity,
            discharge_current=None if ask.discharge is None else ask.discharge * capacity,
            power=None if ask.power is None else ask.power * energy,
            charge_to=ask.charge_to,
        )

    # What people are told.

    def _judge_issues(self) -> None:
        stands = {IN_VAIN: in_vain(self.state, self.seen), IN_DANGER: in_danger(self.state, self.seen)}
        self._tell(frozenset(issue for issue, is_so in stands.items() if is_so))

    def _tell(self, issues: frozenset[str]) -> None:
        """Raise what is new and withdraw what is over."""
        new, over, self._issues = issues - self._issues, self._issues - issues, issues
        for issue in over:
            self._withdraw(issue)
        for issue in new:
            async_raise(
                self._hass,
                f"{issue}_{self._entry.entry_id}",
                severity=ir.IssueSeverity.CRITICAL if issue == IN_DANGER else ir.IssueSeverity.WARNING,
                translation_key=issue,
                shown={
                    "name": self._entry.title,
                    "soc": "–" if self.seen.soc is None else f"{self.seen.soc:.0f} %",
                    "days": f"{TELL_AFTER / DAY:.0f}",
                },
                data={"entry_id": self._entry.entry_id},
            )

    def _withdraw(self, issue: str) -> None:
        async_withdraw(self._hass, f"{issue}_{self._entry.entry_id}")


def _placeholder(rest: Rest, now: Now) -> Lease:
    """Return a lease that takes the place of the one that the first look makes."""
    return Lease(
        owner=OWNER, priority=PRIORITY, made=now.time, start=now.time, end=now.time + _LASTS, reserve=rest.lowest
    )
