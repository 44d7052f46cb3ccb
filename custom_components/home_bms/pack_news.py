"""Tells what happens to a pack at the tick in which it happens: what protections do, corrections, sessions that end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from .const import EVENT_CORRECTION, LOGGER, WRITES_TO_TELL
from .core.battery import Estimate
from .core.causes import root
from .core.model import Alarm, Flow, Level, Reason, Snapshot
from .core.past import History, Session
from .helpers import call_each, device_name, device_of
from .story import RELEASED, RESET
from .watching import Trouble

type EventListener = Callable[[str, str, Alarm, Alarm], None]
"""Called with the protection's key, what became of it, its alarm, and the alarm that began it.

What became of it is the name of the level that it rose to, or `released` or `reset`.
"""

type SessionListener = Callable[[Session], None]


class PackNews:
    """What is new of a pack since the tick before; a listener that breaks keeps nothing from the others."""

    def __init__(self, hass: HomeAssistant, *, entry_id: str, pack_id: str, name: str, first: Snapshot) -> None:
        self._hass = hass
        self._entry_id = entry_id
        self._pack_id = pack_id
        self._name = name
        self._event_listeners: list[EventListener] = []
        self._session_listeners: list[SessionListener] = []
        self._alarms = _by_key(first)
        self._reset: frozenset[str] = frozenset()
        self._corrections = first.estimate.jumps
        self._sessions_ended = first.history.sessions.ended

    @callback
    def add_event_listener(self, listener: EventListener) -> CALLBACK_TYPE:
        """Call `listener` whenever a protection rises, is released or is reset. Returns what ends it."""
        self._event_listeners.append(listener)
        return lambda: self._event_listeners.remove(listener)

    @callback
    def add_session_listener(self, listener: SessionListener) -> CALLBACK_TYPE:
        """Call `listener` with each session that has ended. Returns what ends it."""
        self._session_listeners.append(listener)
        return lambda: self._session_listeners.remove(listener)

    @property
    def tripped(self) -> frozenset[str]:
        """The protections that have tripped."""
        return frozenset(key for key, alarm in self._alarms.items() if alarm.level is Level.TRIP)

    @callback
    def async_reset(self, keys: frozenset[str]) -> None:
        """Take note that a person has reset these, which the next tick shows."""
        self._reset = keys

    @callback
    def async_skip(self, history: History) -> None:
        """Take note of sessions that are no news: they were taken over from elsewhere."""
        self._sessions_ended = history.sessions.ended

    @callback
    def async_tell(self, snapshot: Snapshot) -> None:
        """Tell all that is new in a tick."""
        self._tell_alarms(snapshot)
        self._tell_correction(snapshot.estimate)
        self._tell_session(snapshot.history)

    @callback
    def async_tell_write_failed(self, stands: bool) -> None:
        """Tell that the pack ignores commands as if a protection had found it."""
        reason = Reason(rule=Trouble.WRITE_FAILED, threshold=float(WRITES_TO_TELL), since=self._hass.loop.time())
        alarm = Alarm(key=Trouble.WRITE_FAILED, level=Level.PROTECT, flow=Flow.BOTH, reason=reason)
        self._tell_alarm(alarm, Level.PROTECT.name.lower() if stands else RELEASED, alarm)

    def _tell_alarms(self, snapshot: Snapshot) -> None:
        alarms = _by_key(snapshot)
        before, self._alarms = self._alarms, alarms
        if not alarms and not before:
            return
        for key, alarm in alarms.items():
            was = before[key].level if key in before else Level.OK
            if alarm.level > was:
                self._tell_alarm(alarm, alarm.level.name.lower(), root(alarm, snapshot.decision.alarms))
        for key, old in before.items():
            now = alarms[key].level if key in alarms else Level.OK
            if key in self._reset and now < old.level:
                self._tell_alarm(old, RESET, root(old, tuple(before.values())))
            elif now is Level.OK:
                self._tell_alarm(old, RELEASED, root(old, tuple(before.values())))
        self._reset = _NOTHING

    def _tell_alarm(self, alarm: Alarm, became: str, began: Alarm) -> None:
        call_each(self._event_listeners, f"the protections of {self._name}", alarm.key, became, alarm, began)

    def _tell_correction(self, estimate: Estimate) -> None:
        """Tell once that the state of charge was counted wrongly and has been set right."""
        before, self._corrections = self._corrections, estimate.jumps
        if estimate.jumps <= before or estimate.truth is None:
            return
        LOGGER.info(
            "%s: the state of charge was corrected by %+.1f to %.1f %%", self._name, estimate.jump, estimate.truth
        )
        device = device_of(self._hass, self._entry_id, self._pack_id)
        self._hass.bus.async_fire(
            EVENT_CORRECTION,
            {
                ATTR_DEVICE_ID: device and device.id,
                ATTR_NAME: device_name(device, self._name),
                "change": round(estimate.jump, 1),
                "soc": round(estimate.truth, 1),
            },
        )

    def _tell_session(self, history: History) -> None:
        """Tell that a session has ended; no two do within one tick."""
        sessions = history.sessions
        before, self._sessions_ended = self._sessions_ended, sessions.ended
        if sessions.ended > before:
            call_each(self._session_listeners, f"the sessions of {self._name}", sessions.done[-1])


_NOTHING: Final[frozenset[str]] = frozenset()


def _by_key(snapshot: Snapshot) -> dict[str, Alarm]:
    return {alarm.key: alarm for alarm in snapshot.decision.alarms}
