"""Joins the supervisors of the packs with Home Assistant: state for entities, wishes from users, issues for repairs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from . import publish
from .black_boxes import BlackBoxes
from .commissioning.keeper import Commissioning
from .const import (
    CONF_MODEL,
    CONF_SERIAL_NUMBER,
    DOMAIN,
    LOGGER,
    RELEASE_TIMEOUT,
    SAVE_RESTING,
    SAVE_STOPS,
    SAVE_WITHIN,
    SIGNAL_TICK,
    SUBENTRY_PACK,
)
from .core import bms, contactors, strings
from .core.blackbox import Box
from .core.model import (
    ConfigError,
    Join,
    Level,
    PackConfig,
    PackState,
    Snapshot,
    SystemDecision,
    Wishes,
)
from .helpers import address, refused
from .hw.can_driver import CanDriver
from .hw.driver import SWITCHED, Driver
from .hw.driver import DeviceInfo as PackInfo
from .hw.parts import PartsDriver
from .hw.virtual import VirtualHost
from .issues import PackIssues
from .learned_store import LearnedStore
from .learned_view import LearnedView
from .links.meter import LinkMeter
from .pack_news import PackNews
from .packs.device_changes import DeviceChanges
from .packs.follow_ring import async_follow_ring
from .packs.member_watch import MemberWatch
from .store import UNUSABLE, HomeBmsStore
from .supervisor import Supervisor
from .system_coordinator import SystemCoordinator
from .texts import protection_names
from .watching import Statistics, Trouble

if TYPE_CHECKING:
    from .runtime import HomeBmsConfigEntry


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
        if not driver.capabilities & SWITCHED:
            config = contactors.only_read(config)
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
        self.news = PackNews(hass, entry_id=entry.entry_id, pack_id=self.identity, name=self.name, first=self.latest)
        self._saved: object = None
        self._stops: set[tuple[str, Level]] = set()
        """What stops a flow, as far as the disk is to know of it."""
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
            async_follow_ring(self, self._issues, info.hardware_ring)

    @callback
    def async_register_device(self) -> None:
        """Create or update the device, below the system's."""
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id, config_subentry_id=self.identity, **self.device_info
        )

    @callback
    def async_judged(self, snapshot: Snapshot) -> None:
        """Take one tick: tell events at once and all of them, entities when it is worth it, the disk before long."""
        before, self.latest = self.latest, snapshot
        self.news.async_tell(snapshot)
        self._issues.async_judge(
            snapshot.decision.alarms, acting=self.control_allowed, device_alarms=snapshot.reading.alarms
        )
        if self._meter is not None:
            self._issues.async_judge_link(self._meter.quality, snapshot.decision.time)
        self._issues.async_judge_findings(publish.findings(snapshot))
        self._issues.async_judge_balancing(self.config, snapshot.balance.budget)
        self._system.async_permit_joining()
        together = self._system.async_heed(at_once=publish.pressing(before, snapshot))
        self._obey(together)
        parts_changed = self.members is not None and self.members.look(snapshot.decision.time)
        if parts_changed or publish.due(self.data, snapshot):
            self.async_set_updated_data(snapshot)
            self._system.async_set_updated_data(together)
        elif self._system.leases.take_news():
            self._system.async_set_updated_data(together)
        estimate = snapshot.estimate
        alarms = {(alarm.key, alarm.level) for alarm in snapshot.decision.alarms}
        stops = {(key, level) for key, level in alarms if level >= Level.PROTECT}
        counters = (estimate.energy_in, estimate.energy_out, estimate.soc, estimate.capacity)
        kept = (*counters, alarms, snapshot.wishes)
        if stops != self._stops:
            self._store.async_schedule_save(SAVE_STOPS)
        else:
            self._store.async_schedule_save(SAVE_RESTING if kept == self._saved else SAVE_WITHIN)
        self._saved, self._stops = kept, stops
        self._learned.async_schedule_save()
        async_dispatcher_send(self.hass, SIGNAL_TICK.format(self.identity))

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
        if trouble is Trouble.IDENTITY_CHANGED:
            self.stranger = error if stands and self.parts is None else None
        if trouble is Trouble.WRITE_FAILED:
            self.news.async_tell_write_failed(stands)
        place, of_parts = address(self.subentry.data), self.parts is not None
        self._issues.async_trouble(trouble, stands=stands, error=error, address=place, of_parts=of_parts)

    async def async_latched(self) -> None:
        """Write a latched trip to the disk."""
        await self._store.async_save()

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
        self.news.async_skip(state.history)
        self.latest = replace(self.latest, estimate=state.estimate, history=state.history)
        self.async_set_updated_data(replace(self.data, estimate=state.estimate, history=state.history))
        await self._store.async_save()
        await self._learned.async_save()

    async def async_reset_trips(self) -> None:
        """Release the latched trips. Raises ServiceValidationError naming those whose cause still stands."""
        before = self.news.tripped
        state, standing = bms.reset_trips(self.config, self.supervisor.state, self.supervisor.reading())
        self.supervisor.state = state
        self.news.async_reset(before - set(standing))
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
