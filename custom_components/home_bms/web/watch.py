"""Shows what changes to all browsers that look at it, made once for all of them and only while one looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.json import json_bytes

from ..const import LOGGER, SIGNAL_TICK
from .encode import told
from .places import Place
from .why import Clock

type Send = Callable[[bytes], None]
"""Takes an event as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Something that is looked at."""

    name: str
    build: Callable[[HomeAssistant, Clock, Place], object | None]
    """Returns what is shown now; `None` while it is not set up."""
    every: float | None
    """s between two looks; `None` is at each tick of the pack."""


class Watch:
    """One thing that is looked at, while somebody looks; reloads of the entry come and go meanwhile."""

    def __init__(self, hass: HomeAssistant, clock: Clock, view: View, place: Place) -> None:
        self._hass = hass
        self._clock = clock
        self._view = view
        self._place = place
        self._shown: dict[str, Any] | None = None
        self._payload = b"null"
        self._broken = False
        self.browsers: dict[object, Send] = {}
        self._look()
        self._ends: tuple[CALLBACK_TYPE, ...] = (
            async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed),
            self._follow(),
        )

    def _follow(self) -> CALLBACK_TYPE:
        if (every := self._view.every) is None:
            return async_dispatcher_connect(self._hass, SIGNAL_TICK.format(self._place.pack_id), self._tell)
        return async_track_time_interval(self._hass, self._tell, timedelta(seconds=every), cancel_on_shutdown=True)

    @callback
    def begin(self, browser: object, send: Send) -> None:
        """Tell one more browser, at once and from now on."""
        self.browsers[browser] = send
        send(self._payload)

    @callback
    def end(self) -> None:
        """Stop looking."""
        for end in self._ends:
            end()

    @callback
    def _entry_changed(self, _: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Look at once when the system is set up or taken down."""
        if entry.entry_id == self._place.entry_id:
            self._tell()

    @callback
    def _tell(self, *_: object) -> None:
        """Look, and tell all browsers if there is news."""
        if self._look():
            for send in tuple(self.browsers.values()):
                send(self._payload)

    def _look(self) -> bool:
        """Look, and return whether anything but the time has changed."""
        try:
            built = self._view.build(self._hass, self._clock, self._place)
            shown = None if built is None else told(built)
        except Exception:  # noqa: BLE001 - a picture that cannot be made must not end the tick
            # What cannot be shown must not fill the log each second.
            if not self._broken:
                LOGGER.exception("What browsers are to see of %s could not be made", self._view.name)
            self._broken, shown = True, None
        else:
            self._broken = False
        if _timeless(shown) == _timeless(self._shown):
            return False
        self._shown, self._payload = shown, json_bytes(shown)
        return True


def _timeless(shown: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if shown is None else shown | {"time": None}


class Watches:
    """All that is looked at."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._clock = Clock(hass)
        self.running: dict[tuple[str, Place], Watch] = {}

    @callback
    def subscribe(self, view: View, place: Place, send: Send) -> CALLBACK_TYPE:
        """Tell a browser from now on. Returns what ends it; after the last one nothing is done any more."""
        key = view.name, place
        if (watch := self.running.get(key)) is None:
            watch = self.running[key] = Watch(self._hass, self._clock, view, place)
        browser = object()
        watch.begin(browser, send)

        @callback
        def unsubscribe() -> None:
            del watch.browsers[browser]
            if not watch.browsers:
                watch.end()
                del self.running[key]

        return unsubscribe
