"""Keeps on disk what takes weeks to learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .const import DOMAIN, LOGGER, SAVE_LEARNED
from .core import bms, stored
from .core.model import PackConfig, PackState
from .repair_issues import async_raise, async_withdraw
from .store import UNUSABLE, KeptStore, TooNewError, seconds_since

ISSUE_LEARNED_TOO_NEW: Final = "learned_too_new"


class LearnedStore:
    """What takes weeks to learn about the packs of one battery system, in a file of its own.

    It is large, changes slowly and is not needed for safety: without it home_bms goes on and learns anew.
    """

    unreadable: str | None = None
    """Why the file could not be read."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        # What is handed over never changes, so that it is turned into JSON beside the event loop.
        self._store = KeptStore(
            hass, f"{DOMAIN}.{entry.entry_id}.learned", stored.unknown_learned, serialize_in_event_loop=False
        )
        self._issue_id = f"{ISSUE_LEARNED_TOO_NEW}_{entry.entry_id}"
        self._title = entry.title
        self._kept: dict[str, Any] = {}
        """What was read of packs of which nothing new was learned yet; taken from in whatever thread."""
        self._sources: dict[str, Callable[[], Mapping[str, Any] | None]] = {}
        self._saved_at: float | None = None
        self._pending_until = 0.0

    async def async_load(self) -> None:
        """Read the file, which may be missing, or a newer version's: then it stays for that, and nothing is kept."""
        async_withdraw(self._hass, self._issue_id)
        try:
            content = await self._store.async_load()
            if content is not None:
                self._kept, self._saved_at = dict(content["packs"]), float(content["saved_at"])
        except TooNewError as err:
            LOGGER.error("What was learned about %s was written by a newer version: %s", self._title, err)
            self._store.make_read_only()
            self._tell_too_new(str(err))
        except (HomeAssistantError, *UNUSABLE) as err:
            LOGGER.exception("What was learned about %s cannot be read", self._title)
            self.unreadable = str(err)

    def _tell_too_new(self, place: str) -> None:
        async_raise(
            self._hass,
            self._issue_id,
            translation_key=ISSUE_LEARNED_TOO_NEW,
            shown={"name": self._title, "place": place},
        )

    def restored(self, subentry_id: str, config: PackConfig, state: PackState, gap: float | None) -> PackState:
        """Return the state with what was learned of a pack; `gap` is that of the state's own file.

        Raises one of UNUSABLE, whose message tells why not.
        """
        saved = self._kept.get(subentry_id)
        if saved is None:
            return state
        # What was counted after this was learned is in the state; where that is lost this is all that is known.
        seconds = seconds_since(self._saved_at) if state.estimate.truth is None else gap
        return bms.load_learned(config, state, saved, now=self._hass.loop.time(), gap=seconds)

    @callback
    def async_add_source(self, subentry_id: str, source: Callable[[], Mapping[str, Any] | None]) -> None:
        """Ask `source` for what is learned of a pack whenever the file is written, in whatever thread."""
        self._sources[subentry_id] = source

    @callback
    def async_forget(self, subentry_id: str) -> None:
        """Keep nothing of what was learned of a pack before."""
        self._kept.pop(subentry_id, None)

    async def async_save(self) -> None:
        """Write now."""
        self._pending_until = 0.0
        await self._store.async_save(self._content())

    @callback
    def async_schedule_save(self) -> None:
        """See that the file is written at most SAVE_LEARNED s from now, however often this is called."""
        now = self._hass.loop.time()
        if now >= self._pending_until:
            self._pending_until = now + SAVE_LEARNED
            self._store.async_delay_save(self._content, SAVE_LEARNED)

    async def async_remove(self) -> None:
        """Delete the file and what was reported about it."""
        await self._store.async_remove()
        async_withdraw(self._hass, self._issue_id)

    def _content(self) -> dict[str, Any]:
        """Return what goes into the file; what could not be taken over stays there until there is something new."""
        packs = {subentry_id: source() for subentry_id, source in self._sources.items()}
        for subentry_id, learned in packs.items():
            if learned is not None:
                self._kept.pop(subentry_id, None)
        return {
            "saved_at": dt_util.utcnow().timestamp(),
            "packs": {key: self._kept.get(key) if learned is None else learned for key, learned in packs.items()},
        }
