"""Keeps what is leased of one battery system, through restarts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..core.codec import CodecError, codec
from ..core.lease_effect import EffectState, narrow, plant
from ..core.lease_force import Change, Charge, InForce, changes, resolve
from ..core.lease_times import Now
from ..core.leases import LeaseBook, expire, sound
from ..core.model import SystemDecision
from ..core.roster import Packs
from ..helpers import call_each
from ..store import HomeBmsStore

_STORED: Final = "leases"
_BOOK: Final = codec(LeaseBook)
_NOTHING_KNOWN: Final = Charge(None, None, 0.0)

type LeaseListener = Callable[[Change], None]
"""Called with what became of a lease, at the tick in which it did."""


def wall_clock() -> Now:
    """Return the time, and how far the clocks on the wall are ahead of UTC."""
    now = dt_util.now()
    offset = now.utcoffset()
    return Now(now.timestamp(), 0.0 if offset is None else offset.total_seconds())


class LeaseKeeper:
    """The leases of one battery system, and what is in force of them."""

    setpoint: float | None = None
    """W that an inverter is to be asked for, positive when charging; `None` is none."""

    def __init__(self, hass: HomeAssistant, store: HomeBmsStore) -> None:
        self._hass = hass
        self._store = store
        self._listeners: list[LeaseListener] = []
        self._state = EffectState()
        self._news = False
        now = wall_clock()
        self.book = expire(self._restore(), now)
        # What held before the restart holds on: that is no news.
        self.in_force: InForce = resolve(self.book, now, _NOTHING_KNOWN)
        store.async_add_system_source(_STORED, lambda: _BOOK.encode(self.book))

    def _restore(self) -> LeaseBook:
        """Return the saved book, or a new one; what cannot be read back is declared lost, never taken for nothing."""
        saved = self._store.saved_system(_STORED)
        if saved is None:
            return LeaseBook()
        try:
            book: LeaseBook = _BOOK.decode(saved)
        except CodecError as err:
            LOGGER.error("The saved leases cannot be used: %s", err)
        else:
            if sound(book):
                return book
            LOGGER.error("The saved leases cannot be used: there is something in them that cannot be")
        self._store.async_declare_lost()
        return LeaseBook()

    @property
    def acting(self) -> bool:
        """Whether what is in force reaches anybody, or home_bms only shows what it would do."""
        return self._store.control_allowed

    @callback
    def change(self, change: Callable[[LeaseBook, Now], LeaseBook]) -> None:
        """Take another book over, to be judged by the next look. Raises ConfigError for what `change` refuses."""
        self.book = change(self.book, wall_clock())

    async def async_save(self) -> None:
        """Write to the disk at once: who has asked for something does not ask again after a restart."""
        await self._store.async_save()

    @callback
    def async_judge(self, packs: Packs, decision: SystemDecision) -> SystemDecision:
        """Return the decision within what is leased now, and tell what became of the leases since the last look."""
        if not packs:
            return decision
        now = wall_clock()
        if (book := expire(self.book, now)) is not self.book:
            self.book = book
            self._store.async_schedule_save()
        battery = plant(packs, decision)
        before, self.in_force = self.in_force, resolve(self.book, now, battery.charge(decision))
        self._state, effect = narrow(self._state, decision, self.in_force, battery)
        self.setpoint = effect.setpoint
        for became in changes(before, self.in_force, now):
            self._tell(became)
        return effect.decision

    def take_news(self) -> bool:
        """Tell whether something became of a lease since this was asked last."""
        news, self._news = self._news, False
        return news

    @callback
    def add_listener(self, listener: LeaseListener) -> CALLBACK_TYPE:
        """Call `listener` with whatever becomes of a lease. Returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, change: Change) -> None:
        self._news = True
        call_each(self._listeners, "the leases", change)
