"""Joins the supervisors of the packs with Home Assistant: state for entities, wishes from users, issues for repairs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from . import publish
from .black_boxes import BlackBoxes
from .commissioning.keeper import Commissioning
from .const import (
    CONF_HARDWARE_RING,
    CONF_MODEL,
    CONF_SERIAL_NUMBER,
    DOMAIN,
    EVENT_CORRECTION,
    LOGGER,
    RELEASE_TIMEOUT,
    SAVE_RESTING,
    SIGNAL_TICK,
    SUBENTRY_PACK,
    WRITES_TO_TELL,
)
from .core import bms, strings
from .core.battery import Estimate
from .core.blackbox import Box
from .core.causes import root
from .core.model import (
    Alarm,
    ConfigError,
    Flow,
    HardwareRing,
    Join,
    Level,
    PackConfig,
    PackState,
    Reason,
    Snapshot,
    SystemDecision,
    Wishes,
)
from .core.past import Session
from .helpers import LinkMeter, address, call_each, pack_config, refused, ring_data
from .hw.can_driver import CanDriver
from .hw.driver import DeviceInfo as PackInfo
from .hw.driver import Driver
from .hw.parts import PartsDriver
from .hw.virtual import VirtualHost
from .inspections.keeper import InspectionKeeper
from .inverters.coordinator import InverterCoordinator
from .issues import PackIssues
from .learned_view import LearnedView
from .packs.device_changes import DeviceChanges
from .packs.member_watch import MemberWatch
from .programmes.coordinator import ProgrammeCoordinator
from .store import UNUSABLE, HomeBmsStore, LearnedStore
from .story import RELEASED, RESET
from .supervisor import Statistics, Supervisor, Trouble
from .system_coordinator import SystemCoordinator
from .texts import protection_names

type HomeBmsConfigEntry = ConfigEntry[HomeBmsRuntimeData]

type EventListener = Callable[[str, str, Alarm, Alarm], None]
"""Called with the protection's key, what became of it, its alarm, and the alarm that began it.

What became of it is the name of the level that it rose to, or `released` or `reset`.
"""

type SessionListener = Callable[[Session], None]


class PackCoordinator(DataUpdateCoordinator[Snapshot]):
    """One pack: owns its supervisor, feeds its entities.

    It has no interval of its own: a polled coordinator stops without listeners, and when a user switches polling off; a
    BMS must not (home-assistant.md 1.4).
    """

    config_entry: HomeBmsConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: HomeBmsConfigEntry,
        subentry: ConfigSubentry,
        *,
        config: PackConfig,
        driver: Driver,
        meter: LinkMeter | None,
        host: VirtualHost | None,
        system_coordinator: SystemCoordinator,
        system_device_id: str,
        store: HomeBmsStore,
        learned: LearnedStore,
    ) -> None:
        super().__init__(hass, LOGGER, config_entry=entry, name=subentry.title)
        self.subentry = subentry
        self.settings = subentry.data
        """What it was set up with; Home Assistant puts changed settings into the same subentry."""
        self.identity = subentry.subentry_id
        if len(list(entry.get_subentries_of_type(SUBENTRY_PACK))) > 1:
            config = strings.on_shared_bus(config)
        self.config = config
        self.view = LearnedView(config)
        self.capabilities = driver.capabilities
        self.parts = driver if isinstance(driver, PartsDriver) else None
        """What the pack is built from, if it is."""
        self.can = driver if isinstance(driver, CanDriver) else None
        """What listens to the pack, if it is on a CAN bus."""
        self.members = None if self.parts is None else MemberWatch(self.parts)
        """Which of its members answer."""
        self.host = host
        """The simulation behind a virtual pack."""
        self._meter = meter
        self._system = system_coordinator
        self._store = store
        self._learned = learned
        self._event_listeners: list[EventListener] = []
        self._issues = PackIssues(hass, entry_id=entry.entry_id, subentry_id=self.identity, name=subentry.title)
        self._issues.async_judge_parts(self.parts)
        self.black_boxes = BlackBoxes(hass, entry, subentry.subentry_id, subentry.data)
        self.device_info = DeviceInfo(
            identifiers={(DOMAIN, subentry.subentry_id)},
            name=subentry.title,
            model=subentry.data[CONF_MODEL],
            via_device_id=system_device_id,
        )
        self.changes = DeviceChanges(store, self.identity)
        """What has changed in its device."""
        self.stranger: str | None = None
        """The fingerprint of what answers in its place, if something does."""
        self.info: PackInfo | None = None
        """Who it last said it is, and how it is set up."""
        self.commissioning = Commissioning(
            hass,
            store,
            entry_id=entry.entry_id,
            pack_id=self.identity,
            name=subentry.title,
            config=config,
            capabilities=driver.capabilities,
            tell=self.async_update_listeners,
        )
        self.supervisor = Supervisor(
            hass,
            entry,
            name=subentry.title,
            driver=driver,
            fingerprint=subentry.data.get(CONF_SERIAL_NUMBER),
            config=config,
            state=self._restore(),
            watcher=self,
        )
        self.data = self.latest = self.supervisor.snapshot
        self._levels = _levels(self.latest)
        self._reset: frozenset[str] = frozenset()
        self._saved_counters: object = None
        self._corrections = self.latest.estimate.jumps
        self._session_listeners: list[SessionListener] = []
        self._sessions_ended = self.latest.history.sessions.ended
        store.async_add_source(self.identity, lambda: bms.save(self.supervisor.state, hass.loop.time()))
        learned.async_add_source(self.identity, lambda: bms.save_learned(self.config, self.supervisor.state))

    def _restore(self) -> PackState:
        """Return the saved state with what was learned; nobody is the worse for going on without the latter."""
        state = self._restore_state()
        if (error := self._learned.unreadable) is None:
            try:
                return self._learned.restored(self.identity, self.config, state, self._store.gap)
            except UNUSABLE as err:
                LOGGER.exception("What was learned about %s cannot be used", self.name)
                error = str(err)
        self._issues.async_learned_lost(error)
        return state

    def _restore_state(self) -> PackState:
        """Return the saved state, or a new one; what cannot be read back is declared lost, never taken for nothing."""
        saved = self._store.saved(self.identity)
        if saved is not None:
            try:
                return bms.restore(self.config, saved, now=self.hass.loop.time(), gap=self._store.gap)
            except AttributeError, KeyError, TypeError, ValueError:
                LOGGER.exception("The saved state of %s cannot be used", self.name)
                self._store.async_declare_lost()
        return bms.start(self.config)

    @property
    def statistics(self) -> Statistics:
        """How the loop and the link are doing."""
        if (meter := self._meter) is None:
            return self.supervisor.statistics
        return replace(self.supervisor.statistics, transactions=meter.transactions, link_quality=meter.quality)

    @property
    def join(self) -> Join | None:
        """Whether it may close onto the bus that it shares with others, if it shares one."""
        return self._system.joins.get(self.identity)

    @property
    def control_allowed(self) -> bool:
        """Whether anything may be written to the pack."""
        return self._store.control_allowed

    # What the supervisor tells.

    @callback
    def async_identified(self, info: PackInfo) -> None:
        """Show who the pack says it is, and look at how it says it is set up."""
        self.device_info |= DeviceInfo(
            manufacturer=info.manufacturer,
            model=info.model,
            serial_number=info.serial_number or None,
            hw_version=info.hardware,
            sw_version=info.firmware,
        )
        self.async_register_device()
        self._issues.async_audit(self.config, info)
        self.info = info
        all_heard = self.members is None or self.members.all_heard
        self.commissioning.async_identified(info, ring=info.hardware_ring if all_heard else None)
        # What a virtual pack tells follows from its settings here.
        self.changes.async_note(info, settings=all_heard and self.host is None)
        if all_heard:
            # A member that was not heard yet says nothing about what it guards.
            self._follow(info.hardware_ring)

    def _follow(self, ring: HardwareRing) -> None:
        """Draw home_bms's levels anew where the pack's own settings were moved; the entry's update listener reloads it.

        Not while a trip is latched, for that must not widen what tripped. Settings that leave no room are told and not
        followed: a pack that is watched by the old levels is better off than one that cannot be set up.
        """
        subentry = self.config_entry.subentries.get(self.identity)
        if subentry is None or (stored := subentry.data.get(CONF_HARDWARE_RING)) is None:
            return
        told = ring_data(ring)
        if told == stored:
            self._issues.async_ring_accepted()
            return
        if self.latest.decision.worst is Level.TRIP:
            return
        data = {**subentry.data, CONF_HARDWARE_RING: told}
        try:
            pack_config(data)
        except ConfigError as err:
            self._issues.async_ring_refused(err)
            return
        # What is told for the first time, by a newer version of home_bms, nobody has moved; and those of a virtual pack
        # follow from what it is made of.
        changes = {name: (stored[name], told.get(name)) for name in stored if stored[name] != told.get(name)}
        if changes and self.host is None:
            LOGGER.warning("%s: the pack's own protection settings have changed: %s", self.name, changes)
            self._issues.async_ring_changed(changes)
        self.hass.config_entries.async_update_subentry(self.config_entry, subentry, data=data)

    @callback
    def async_register_device(self) -> None:
        """Create or update the device, below the system's."""
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id, config_subentry_id=self.identity, **self.device_info
        )

    @callback
    def async_judged(self, snapshot: Snapshot) -> None:
        """Take one tick: tell events at once and all of them, entities when it is worth it, the disk before long."""
        self.latest = snapshot
        self._tell_events(snapshot)
        self._issues.async_judge(
            snapshot.decision.alarms, acting=self.control_allowed, device_alarms=snapshot.reading.alarms
        )
        if self._meter is not None:
            self._issues.async_judge_link(self._meter.quality, snapshot.decision.time)
        self._issues.async_judge_findings(publish.findings(snapshot))
        self._issues.async_judge_balancing(self.config, snapshot.balance.budget)
        self._tell_correction(snapshot.estimate)
        self._tell_session(snapshot)
        self._system.async_permit_joining()
        together = self._system.async_combine()
        self._obey(together)
        parts_changed = self.members is not None and self.members.look(snapshot.decision.time)
        if parts_changed or publish.due(self.data, snapshot):
            self.async_set_updated_data(snapshot)
            self._system.async_set_updated_data(together)
        elif self._system.leases.take_news():
            self._system.async_set_updated_data(together)
        estimate = snapshot.estimate
        counters = (estimate.energy_in, estimate.energy_out, estimate.soc, estimate.capacity, snapshot.wishes)
        if counters == self._saved_counters:
            self._store.async_schedule_save(SAVE_RESTING)
        else:
            self._saved_counters = counters
            self._store.async_schedule_save()
        self._learned.async_schedule_save()
        async_dispatcher_send(self.hass, SIGNAL_TICK.format(self.identity))

    def _tell_correction(self, estimate: Estimate) -> None:
        """Tell once that the state of charge was counted wrongly and has been set right."""
        before, self._corrections = self._corrections, estimate.jumps
        if estimate.jumps <= before or estimate.truth is None:
            return
        LOGGER.info(
            "%s: the state of charge was corrected by %+.1f to %.1f %%", self.name, estimate.jump, estimate.truth
        )
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, self.identity), self.config_entry.entry_id
        )
        self.hass.bus.async_fire(
            EVENT_CORRECTION,
            {
                ATTR_DEVICE_ID: device and device.id,
                ATTR_NAME: self.name if device is None else device.name_by_user or device.name,
                "change": round(estimate.jump, 1),
                "soc": round(estimate.truth, 1),
            },
        )

    def _tell_session(self, snapshot: Snapshot) -> None:
        """Tell that a session has ended; no two do within one tick."""
        sessions = snapshot.history.sessions
        before, self._sessions_ended = self._sessions_ended, sessions.ended
        if sessions.ended > before:
            call_each(self._session_listeners, f"the sessions of {self.name}", sessions.done[-1])

    def _obey(self, together: SystemDecision) -> None:
        """Hand the limits to the simulated inverter of a virtual pack, where control is allowed.

        Without permission a real inverter would hear nothing either, so the simulated one then goes its own way: the
        demonstration is honest about what the switch does.
        """
        host = self.host if self.control_allowed else None
        self.supervisor.state = bms.deliver(
            self.supervisor.state,
            delivered=host is not None or self._system.delivers,
            reaction=self._system.reaction,
        )
        if host is not None:
            own = self.latest.decision
            host.obey(
                min(together.cvl.value, own.cvl.value),
                min(together.ccl.value, own.ccl.value),
                min(together.dcl.value, own.dcl.value),
            )

    @callback
    def async_frozen(self, box: Box) -> None:
        """Keep what the black box froze."""
        self.black_boxes.async_write(box, acting=self.control_allowed)

    async def async_stop(self) -> None:
        """Stop watching, hand control back, and keep what is in a window that is still open."""
        await self.supervisor.async_stop()
        if self.parts is not None:
            # Members that still owe an answer are not cut off on a link that others may share.
            with suppress(TimeoutError):
                async with asyncio.timeout(RELEASE_TIMEOUT):
                    await self.parts.async_close()
        for box in self.supervisor.black_box.close():
            self.async_frozen(box)
        await self.black_boxes.async_settle()

    async def async_release(self) -> None:
        """Hand control of the pack back, and of a virtual one's inverter."""
        if self.host is not None:
            self.host.obey(None, None, None)
        await self.supervisor.async_release()

    @callback
    def async_trouble(self, trouble: Trouble, stands: bool, error: str = "") -> None:
        """Raise or withdraw a repair issue."""
        issue_id = f"{trouble}_{self.identity}"
        if trouble is Trouble.IDENTITY_CHANGED:
            self.stranger = error if stands else None
        if trouble is Trouble.WRITE_FAILED:
            self._tell_write_failed(stands)
        if not stands:
            ir.async_delete_issue(self.hass, DOMAIN, issue_id)
            return
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            issue_id,
            is_fixable=trouble is Trouble.IDENTITY_CHANGED,
            severity=ir.IssueSeverity.ERROR,
            translation_key=trouble,
            translation_placeholders={
                "name": self.subentry.title,
                "error": error,
                "address": address(self.subentry.data),
            },
            data={"entry_id": self.config_entry.entry_id, "subentry_id": self.identity, "error": error},
        )

    async def async_latched(self) -> None:
        """Write a latched trip to the disk."""
        await self._store.async_save()

    # Events.

    @callback
    def add_event_listener(self, listener: EventListener) -> CALLBACK_TYPE:
        """Call `listener` whenever a protection rises, is released or is reset, at the tick in which it happens.

        Returns what ends it.
        """
        self._event_listeners.append(listener)
        return lambda: self._event_listeners.remove(listener)

    @callback
    def add_session_listener(self, listener: SessionListener) -> CALLBACK_TYPE:
        """Call `listener` with each session that has ended. Returns what ends it."""
        self._session_listeners.append(listener)
        return lambda: self._session_listeners.remove(listener)

    def _tell_events(self, snapshot: Snapshot) -> None:
        """Compare the alarms with those of the tick before."""
        alarms = {alarm.key: alarm for alarm in snapshot.decision.alarms}
        before, self._levels = self._levels, alarms
        for key, alarm in alarms.items():
            was = before[key].level if key in before else Level.OK
            if alarm.level > was:
                self._tell_event(alarm, alarm.level.name.lower(), root(alarm, snapshot.decision.alarms))
        for key, old in before.items():
            now = alarms[key].level if key in alarms else Level.OK
            if key in self._reset and now < old.level:
                self._tell_event(old, RESET, root(old, tuple(before.values())))
            elif now is Level.OK:
                self._tell_event(old, RELEASED, root(old, tuple(before.values())))
        self._reset = frozenset()

    def _tell_write_failed(self, stands: bool) -> None:
        """Tell that the pack ignores commands as if a protection had found it."""
        reason = Reason(rule=Trouble.WRITE_FAILED, threshold=float(WRITES_TO_TELL), since=self.hass.loop.time())
        alarm = Alarm(key=Trouble.WRITE_FAILED, level=Level.PROTECT, flow=Flow.BOTH, reason=reason)
        self._tell_event(alarm, Level.PROTECT.name.lower() if stands else RELEASED, alarm)

    def _tell_event(self, alarm: Alarm, became: str, began: Alarm) -> None:
        call_each(self._event_listeners, f"the protections of {self.name}", alarm.key, became, alarm, began)

    # What users ask for.

    def wished(self, **changes: Any) -> PackState:  # noqa: ANN401 - fields of `Wishes`
        """Return the state with changed wishes, without taking it over.

        Raises ServiceValidationError naming the field and the permitted range.
        """
        state = self.supervisor.state
        try:
            return bms.wish(self.config, state, replace(state.wishes, **changes))
        except ConfigError as err:
            raise refused(err) from err

    async def async_wish(self, **changes: Any) -> None:  # noqa: ANN401 - fields of `Wishes`
        """Take over changed wishes, to be heeded from the next tick on; fields of `Wishes`.

        Raises ServiceValidationError naming the field and the permitted range.
        """
        self.supervisor.state = self.wished(**changes)
        self._show_wishes(self.supervisor.state.wishes)
        await self._store.async_save()

    def _show_wishes(self, wishes: Wishes) -> None:
        """Show the wishes to the entities before the next tick does."""
        self.latest = replace(self.latest, wishes=wishes)
        self.async_set_updated_data(replace(self.data, wishes=wishes))

    def require_control(self) -> None:
        """Raise ServiceValidationError while nothing may be written."""
        if not self.control_allowed:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="control_not_allowed",
                translation_placeholders={"name": self.config_entry.title},
            )

    async def async_relearn(self, learn: Callable[[PackConfig, PackState], PackState]) -> None:
        """Take over another estimate, shown before the next tick and kept at once.

        Raises ServiceValidationError for what core's `learn` refuses.
        """
        try:
            self.supervisor.state = state = learn(self.config, self.supervisor.state)
        except ConfigError as err:
            raise refused(err) from err
        # Sessions that were taken over are no news.
        self._sessions_ended = state.history.sessions.ended
        self.latest = replace(self.latest, estimate=state.estimate, history=state.history)
        self.async_set_updated_data(replace(self.data, estimate=state.estimate, history=state.history))
        await self._store.async_save()
        await self._learned.async_save()

    async def async_reset_trips(self) -> None:
        """Release the latched trips. Raises ServiceValidationError naming those whose cause still stands."""
        before = {key for key, alarm in self._levels.items() if alarm.level is Level.TRIP}
        state, standing = bms.reset_trips(self.config, self.supervisor.state, self.supervisor.reading())
        self.supervisor.state = state
        self._reset = frozenset(before - set(standing))
        await self._store.async_save()
        if standing:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="trips_stand",
                translation_placeholders={
                    "name": self.subentry.title,
                    "protections": protection_names(self.hass, standing),
                },
            )


@dataclass(kw_only=True)
class HomeBmsRuntimeData:
    """All that runs for one battery system."""

    packs: dict[str, PackCoordinator]
    """By subentry id."""
    inverters: dict[str, InverterCoordinator]
    programmes: dict[str, ProgrammeCoordinator]
    system: SystemCoordinator
    store: HomeBmsStore
    learned: LearnedStore
    inspections: InspectionKeeper
    stopped: bool = False

    @property
    def control_allowed(self) -> bool:
        """Whether anything may be written to any pack."""
        return self.store.control_allowed

    async def async_allow_control(self, allowed: bool) -> None:
        """Allow or end control; what ends is handed back at once.

        Raises HomeAssistantError while a lost store is not confirmed, for trips may be forgotten.
        """
        if allowed and self.store.lost:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="store_lost")
        was, self.store.control_allowed = self.store.control_allowed, allowed
        if was and not allowed:
            await asyncio.gather(
                *(pack.async_release() for pack in self.packs.values()),
                *(inverter.async_release() for inverter in self.inverters.values()),
            )
        await self.store.async_save()
        self.system.async_update_listeners()
        for pack in self.packs.values():
            pack.async_update_listeners()

    async def async_stop(self) -> None:
        """Stop watching, hand control back and save; more than one call does no harm."""
        if self.stopped:
            return
        self.stopped = True
        await asyncio.gather(
            *(pack.async_stop() for pack in self.packs.values()),
            *(inverter.async_stop() for inverter in self.inverters.values()),
            *(programme.async_stop() for programme in self.programmes.values()),
        )
        await self.store.async_save()
        await self.learned.async_save()


def _levels(snapshot: Snapshot) -> dict[str, Alarm]:
    """Return the alarms by key."""
    return {alarm.key: alarm for alarm in snapshot.decision.alarms}
