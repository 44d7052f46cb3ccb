"""Tells a remote operator about a battery system over MQTT, and hears what they ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.json import json_bytes

from ..const import LOGGER, PUBLISH_SOONEST
from ..coordinator import PackCoordinator
from ..core.lease_force import Change
from ..core.lease_times import Now
from ..core.leases import LeaseBook, release
from ..core.model import Alarm
from ..runtime import HomeBmsConfigEntry
from ..system_coordinator import SystemCoordinator
from ..web.encode import told
from ..web.why import Clock
from .broker import Broker
from .commands import Commands
from .outbox import Outbox
from .settings import OWNER_PREFIX, FleetSettings, fleet_settings
from .topics import OFFLINE, ONLINE, Retained, Topics
from .view import identity, pack_event, pack_state, system_event, system_state

if TYPE_CHECKING:
    from homeassistant.components.mqtt.models import ReceiveMessage

_NEVER: Final = float("-inf")
_GOODBYE: Final = 10.0
"""s in which the broker forgets a system that is removed; a home waits for that no longer."""


class Feed:
    """One retained topic: told at once when what cannot wait has changed, else every ten seconds at most."""

    def __init__(
        self,
        hass: HomeAssistant,
        tell: Callable[[bytes], None],
        build: Callable[[], object],
        urgent: Callable[[], object],
    ) -> None:
        self._hass = hass
        self._tell = tell
        self._build = build
        self._urgent = urgent
        self._shown: object = None
        self._told = _NEVER
        self._payload = b""
        self._later: CALLBACK_TYPE | None = None
        self._broken = False

    @callback
    def look(self) -> None:
        """Tell now, or as soon as it may be told again."""
        try:
            urgent = self._urgent()
            wait = self._told + PUBLISH_SOONEST - self._hass.loop.time()
            if urgent == self._shown and wait > 0.0:
                if self._later is None:
                    self._later = async_call_later(self._hass, wait, HassJob(self._due, cancel_on_shutdown=True))
                return
            self._now(urgent)
        except Exception:  # noqa: BLE001 - what an operator sees must not end the tick of a pack
            if not self._broken:
                LOGGER.exception("What is to be told over MQTT could not be made")
            self._broken = True
        else:
            self._broken = False

    @callback
    def again(self) -> None:
        """Tell it whatever was told before: the broker may have forgotten."""
        self._shown, self._told, self._payload = None, _NEVER, b""
        self.look()

    @callback
    def end(self) -> None:
        """Tell nothing any more."""
        if self._later is not None:
            self._later()
            self._later = None

    @callback
    def _due(self, _: object) -> None:
        self._later = None
        self.look()

    def _now(self, urgent: object) -> None:
        self.end()
        payload = json_bytes(told(self._build()))
        self._shown, self._told = urgent, self._hass.loop.time()
        if payload != self._payload:
            self._payload = payload
            self._tell(payload)


class Fleet:
    """What is told of one battery system, and heard for it."""

    def __init__(self, hass: HomeAssistant, entry: HomeBmsConfigEntry, retained: Retained) -> None:
        self._hass = hass
        self._entry = entry
        self._clock = Clock(hass)
        self._broker = Broker(hass, self._changed, self._hearing)
        self._outbox = Outbox(self._broker, retained)
        self._connected = False
        self._topics: Topics | None = None
        self._commands: Commands | None = None
        self._feeds: list[Feed] = []
        self._ends: list[CALLBACK_TYPE] = []
        self._worker: asyncio.Task[None] | None = None

    @callback
    def async_clear(self, topics: frozenset[str]) -> None:
        """Have the broker forget these."""
        for topic in sorted(topics):
            self._outbox.clear(topic)

    @callback
    def async_follow(self, settings: FleetSettings, topics: Topics) -> None:
        """Tell what the settings let be told, from now on."""
        runtime, hass = self._entry.runtime_data, self._hass
        self._topics = topics
        self._commands = Commands(hass, self._entry, settings, self._clock)
        self._feed(
            topics.identity,
            lambda: identity(hass, self._entry, settings, self._broker.will),
            lambda: None,
            runtime.system.async_add_listener,
        )
        self._feed(
            topics.state,
            lambda: system_state(hass, self._clock, runtime.system),
            partial(_urgent_of_system, runtime.system),
            runtime.system.async_add_listener,
        )
        for key, pack in runtime.packs.items():
            self._feed(
                topics.pack_state(key),
                partial(pack_state, self._clock, pack),
                partial(_urgent_of_pack, pack),
                pack.async_add_listener,
            )
            self._ends.append(
                pack.news.add_event_listener(partial(self._tell_pack_event, topics.pack_event(key), pack))
            )
        self._ends.append(runtime.system.leases.add_listener(partial(self._tell_system_event, topics.event)))

    def _feed(
        self,
        topic: str,
        build: Callable[[], object],
        urgent: Callable[[], object],
        listen: Callable[[CALLBACK_TYPE], CALLBACK_TYPE],
    ) -> None:
        feed = Feed(self._hass, partial(self._outbox.keep, topic), build, urgent)
        self._feeds.append(feed)
        self._ends += [listen(feed.look), feed.end]

    @callback
    def async_start(self) -> None:
        """Begin."""
        self._worker = self._entry.async_create_background_task(self._hass, self._outbox.async_run(), "home_bms fleet")
        self._broker.async_start(None if self._topics is None else (self._topics.command, self._hear))
        self._changed()

    async def async_stop(self) -> None:
        """Say goodbye, and end; more than one call does no harm."""
        # Whatever happens below, nobody obeys by these settings any more.
        self._broker.async_stop()
        while self._ends:
            self._ends.pop()()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait({self._worker})
            self._worker = None
            if self._topics is not None:
                await self._outbox.async_last(self._topics.availability, OFFLINE.encode())

    @callback
    def _changed(self) -> None:
        """Tell everything anew to a broker that has come back: it may not have kept anything."""
        was, self._connected = self._connected, self._broker.connected
        if self._connected and not was and self._topics is not None:
            for feed in self._feeds:
                feed.again()
        self._outbox.wake()

    @callback
    def _hearing(self) -> None:
        """Say that we are here, once commands arrive too."""
        if self._topics is not None:
            self._outbox.keep(self._topics.availability, ONLINE.encode())

    @callback
    def _hear(self, message: ReceiveMessage) -> None:
        """Answer a command."""
        payload = message.payload.encode() if isinstance(message.payload, str) else bytes(message.payload)
        self._entry.async_create_task(
            self._hass, self._async_answer(payload, retained=message.retain), "home_bms fleet command", eager_start=True
        )

    async def _async_answer(self, payload: bytes, *, retained: bool) -> None:
        if self._topics is not None and self._commands is not None:
            answer = await self._commands.async_answer(payload, retained=retained)
            self._outbox.pass_on(self._topics.response, json_bytes(told(answer)))

    @callback
    def _tell_pack_event(
        self, topic: str, pack: PackCoordinator, _: str, became: str, alarm: Alarm, root: Alarm
    ) -> None:
        self._outbox.pass_on(topic, json_bytes(told(pack_event(self._clock, pack, became, alarm, root))))

    @callback
    def _tell_system_event(self, topic: str, change: Change) -> None:
        self._outbox.pass_on(topic, json_bytes(told(system_event(self._clock, change))))


async def async_start_fleet(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> None:
    """Tell of a battery system whose user wants that, and clear what an earlier choice has left with the broker."""
    try:
        await _async_start(hass, entry)
    except Exception:  # noqa: BLE001 - an operator must not keep a battery from being watched
        LOGGER.exception("%s could not be told over MQTT", entry.title)


async def _async_start(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> None:
    settings = fleet_settings(entry.options)
    await _async_end_leases(entry.runtime_data.system, settings)
    retained = Retained(hass, entry.entry_id)
    await retained.async_load()
    topics = None if settings is None else Topics(settings.base, entry.entry_id)
    wanted = frozenset() if topics is None else topics.retained(entry.runtime_data.packs)
    left = retained.topics - wanted
    if not wanted and not left:
        return
    await retained.async_add(wanted)
    fleet = Fleet(hass, entry, retained)
    fleet.async_clear(left)
    if settings is not None and topics is not None:
        fleet.async_follow(settings, topics)
    entry.async_on_unload(hass.async_add_shutdown_job(HassJob(fleet.async_stop, "home_bms fleet")))
    entry.async_on_unload(fleet.async_stop)
    fleet.async_start()


async def async_forget_fleet(hass: HomeAssistant, entry: HomeBmsConfigEntry) -> None:
    """Clear what the broker keeps of a battery system that was removed, if it is there; nobody asks again."""
    retained = Retained(hass, entry.entry_id)
    await retained.async_load()
    broker = Broker(hass)
    outbox = Outbox(broker, retained)
    with suppress(TimeoutError):
        async with asyncio.timeout(_GOODBYE):
            for topic in sorted(retained.topics):
                await outbox.async_last(topic, b"")
    await retained.async_remove()


async def _async_end_leases(system: SystemCoordinator, settings: FleetSettings | None) -> None:
    """End what an operator asks whom the user does not let ask any more."""
    owner = settings.owner if settings is not None and settings.commands else None

    def change(book: LeaseBook, _: Now) -> LeaseBook:
        for lease in book.leases:
            if lease.owner.startswith(OWNER_PREFIX) and lease.owner != owner:
                book = release(book, *lease.key)
        return book

    await system.async_change_leases(change)


def _urgent_of_pack(pack: PackCoordinator) -> tuple[Any, ...]:
    """Return what an operator has to see at once."""
    decision = pack.latest.decision
    return (
        pack.control_allowed,
        decision.charge_permitted,
        decision.discharge_permitted,
        tuple([(alarm.key, alarm.level) for alarm in decision.alarms]),
    )


def _urgent_of_system(system: SystemCoordinator) -> tuple[Any, ...]:
    leases = system.leases
    return (
        leases.acting,
        leases.book,
        tuple([(part, claim.key) for part, claim in leases.in_force.claims.items()]),
    )
