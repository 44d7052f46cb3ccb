"""Tells one inverter what the battery permits, on absolute ticks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..const import CONF_SERIAL_NUMBER, CONF_SHARE, DOMAIN, LOGGER, POLL_PERIOD, RELEASE_TIMEOUT
from ..core.bank import Bank
from ..core.escalation import Escalation, Step
from ..core.model import Flow
from ..core.obedience import Seen, narrowed, observe, restored, setpoint
from ..helpers import call_each
from ..hw.driver import SWITCHED, DriverError
from ..hw.inverters.can_inverter import nothing_permitted
from ..hw.inverters.inverter import TOLD_FOR, Ability, InverterInfo, Memory, SetpointError
from ..loose import spawn
from ..supervisor import PATIENCE
from ..ticks import Ticks
from ..watching import Link
from .handback import NOTHING_HELD, RELEASE_EVERY, RELEASE_TRIES, Held, async_hand_back, held_at_zero
from .issues import InverterIssues
from .view import InverterStatistics, InverterView, Order, Outcome, known_obedience, stored, stored_part

if TYPE_CHECKING:
    from ..runtime import HomeBmsConfigEntry
    from ..store import HomeBmsStore
    from ..system_coordinator import SystemCoordinator
    from .sources import Opened

SHARE_WHOLE: Final = 100.0
LIMITS: Final = Ability.CCL | Ability.DCL

type StepListener = Callable[[Flow, Escalation, Step], None]
"""Called with the direction, how far its escalation is now, and the step before."""


class InverterCoordinator(DataUpdateCoordinator[InverterView]):
    """One inverter: owns the loop that tells it the battery's limits, feeds its entities.

    It disturbs no pack: whatever fails or hangs here does so in tasks of its own. A look that is slow is never
    cancelled, for the link may be shared.
    """

    config_entry: HomeBmsConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: HomeBmsConfigEntry,
        subentry: ConfigSubentry,
        *,
        opened: Opened,
        system: SystemCoordinator,
        system_device_id: str,
        store: HomeBmsStore,
    ) -> None:
        super().__init__(hass, LOGGER, config_entry=entry, name=subentry.title)
        self.subentry = subentry
        self.identity = subentry.subentry_id
        self.opened = opened
        self.link = opened.link
        self.statistics = InverterStatistics()
        self.device_info = DeviceInfo(
            identifiers={(DOMAIN, self.identity)},
            name=subentry.title,
            model=opened.name,
            via_device_id=system_device_id,
        )
        self._system = system
        self._store = store
        self._fingerprint: str | None = subentry.data.get(CONF_SERIAL_NUMBER)
        self._memory: Memory = opened.memory
        self._issues = InverterIssues(hass, entry_id=entry.entry_id, subentry_id=self.identity, name=self.name)
        self._known = False
        self._foreign = False
        self._last_bank: Bank | None = None
        self._told: Order | None = None
        """What it took last and still goes by."""
        self._told_at = self._told_since = -inf
        self._working: asyncio.Task[Outcome] | None = None
        self._releasing: asyncio.Task[None] | None = None
        self._tries = RELEASE_TRIES if opened.memory else 0  # of what an earlier run has left behind
        self._try_at = 0.0
        self.complaint: DriverError | None = None
        """The error that stands."""
        self._loop: asyncio.Task[None] | None = None
        self._stopped = False
        self._step_listeners: list[StepListener] = []
        self.data = InverterView(obedience=known_obedience(store, self.identity, self.name))
        store.async_add_system_source(stored_part(self.identity), self._saved)

    # What outlives a restart.

    @callback
    def _saved(self) -> Mapping[str, Any]:
        return stored(self._memory, self.data.obedience)

    async def async_keep(self, memory: Memory) -> None:
        """Put on the disk at once what a restart must not lose: the link writes only after that."""
        self._memory = dict(memory)
        await self._store.async_save()

    # What is shown.

    @property
    def acting(self) -> bool:
        """Whether the inverter may be told anything."""
        return self._store.control_allowed or self.opened.reads_only

    @property
    def told(self) -> Bank | None:
        """What it took last and still goes by."""
        return None if self._told is None else self._told.bank

    @property
    def delivers(self) -> bool:
        """Whether both current limits reach it, and have for as long as it takes to obey.

        One that has only just been told, as after a restart, has had no time yet: current that still flows then is no
        reason for a pack to open its switch.
        """
        now = self.hass.loop.time()
        recent = self._told is not None and now - self._told_at <= TOLD_FOR
        return recent and LIMITS in self.link.abilities and now - self._told_since >= self.data.obedience.reaction

    @property
    def share(self) -> float:
        """The part, 0-1, of the battery's current that this inverter may move.

        Where the shares of all that take limits add up to more than the whole, each gets less in proportion: together
        they must not move more than the battery permits.
        """
        each = [one.asked_share for one in self._system.inverters.values() if not one.opened.reads_only]
        return 1.0 if self.opened.reads_only else self.asked_share / max(SHARE_WHOLE, sum(each))

    @property
    def asked_share(self) -> float:
        """Percent of the battery's current as the user has set it."""
        return float(self.subentry.data.get(CONF_SHARE, SHARE_WHOLE))

    @callback
    def async_register_device(self) -> None:
        """Create or update the device, below the system's."""
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id, config_subentry_id=self.identity, **self.device_info
        )

    @callback
    def add_step_listener(self, listener: StepListener) -> CALLBACK_TYPE:
        """Call `listener` whenever an escalation goes up or down. Returns what ends it."""
        self._step_listeners.append(listener)
        return lambda: self._step_listeners.remove(listener)

    # The loop.

    @callback
    def async_start(self) -> None:
        """Begin in the background: an inverter that does not answer keeps nobody waiting."""
        self._issues.async_runs()
        self._loop = self.config_entry.async_create_background_task(self.hass, self._run(), f"home_bms {self.name}")

    async def async_stop(self) -> None:
        """End the loop and hand control back; more than one call does no harm."""
        if self._stopped:
            return
        self._stopped = True
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait({self._loop})
        # What never began has told nothing, and leaves what an earlier run has left behind to the next.
        if self.acting and self._loop is not None:
            held = held_at_zero(self._order(), [pack.latest for pack in self._system.packs.values()])
            await self._release_within(self.opened.release_within, held)
        for task in (self._working, self._releasing):
            if task is not None and not task.done():
                # Its link is closed next.
                task.cancel()
                await asyncio.wait({task}, timeout=RELEASE_TIMEOUT)

    async def async_release(self) -> None:
        """Hand control back, waiting at most RELEASE_TIMEOUT; what takes longer goes on in the background."""
        if not self.opened.reads_only:
            await self._release_within(RELEASE_TIMEOUT)

    async def _release_within(self, seconds: float, held: Held = NOTHING_HELD) -> None:
        if self._foreign:
            return
        self._tries = RELEASE_TRIES
        releasing = self._begin_release(held)
        await asyncio.wait({releasing}, timeout=seconds)
        if not releasing.done():
            LOGGER.warning("Control of %s is not handed back yet", self.name)

    def _begin_release(self, held: Held = NOTHING_HELD) -> asyncio.Task[None]:
        if self._releasing is None or self._releasing.done():
            self._tries -= 1
            self._try_at = self.hass.loop.time() + RELEASE_EVERY
            self._releasing = spawn(self.hass, self._release(held), f"{self.name} release")
        return self._releasing

    async def _release(self, held: Held) -> None:
        """Release after a look that is under way, so that it cannot come last."""
        if self._working is not None:
            await asyncio.wait({self._working})
        self._told = None
        if (left := await async_hand_back(self.link, self.name, self._order(), held)) is None:
            return
        self._tries = 0
        if left:
            self._issues.async_held(left)

    async def _run(self) -> None:
        ticks = Ticks(POLL_PERIOD)
        while True:
            self.statistics.late_ticks += await ticks.wait()
            with self._guarded():
                await self._tick()

    async def _tick(self) -> None:
        """Tell, read, and see what came of it; waits for a part of the period at most."""
        order = self._order()
        released = self._releasing is None or self._releasing.done()
        acting = self.acting and released and order is not None
        self._finish_look()
        if self._working is not None:
            self.statistics.slow += 1
        elif released:
            self._working = spawn(self.hass, self._look(order if acting else None), f"{self.name} look")
        if self._working is not None:
            await asyncio.wait({self._working}, timeout=PATIENCE * POLL_PERIOD)
        self._finish_look()
        if not acting and self._known and self._tries > 0 and released and self.hass.loop.time() >= self._try_at:
            self._begin_release()
        self._judge(order, acting=acting)

    def _finish_look(self) -> None:
        """Take what a look came to, once it is over."""
        working = self._working
        if working is None or not working.done():
            return
        self._working = None
        with self._guarded():
            self._take(Outcome() if working.cancelled() else working.result())

    def _order(self) -> Order | None:
        """Return what is to be told; should home_bms break, nothing may flow and the charge voltage stays."""
        order = None if (last := self._last_bank) is None else Order(bank=nothing_permitted(last), setpoint=None)
        with self._guarded():
            order = self._decided()
            self._last_bank = None if order is None else order.bank
        return order

    def _decided(self) -> Order | None:
        """Return what the battery permits this inverter; `None` of a battery without packs."""
        if (bank := self._system.bank()) is None:
            return None
        share, asked, obedience = self.share, self._system.setpoint, self.data.obedience
        bank = replace(bank, ccl=share * bank.ccl, dcl=share * bank.dcl)
        wanted = None if asked is None else share * asked
        return Order(bank=narrowed(bank, obedience), setpoint=setpoint(obedience, wanted))

    async def _look(self, order: Order | None) -> Outcome:
        """Tell the inverter, if it is to be told, and read it; an error of one keeps nothing from the other."""
        error: DriverError | None = None
        told, reading = None, None
        try:
            if not self._known:
                await self._identify()
            if order is not None:
                try:
                    await self.link.async_tell(order.bank, order.setpoint)
                except SetpointError as err:
                    error = err
                told = order if self.link.tells else None
        except DriverError as err:
            error = err
        if self._known:
            try:
                reading = await self.link.async_read()
            except DriverError as err:
                error = error or err
        return Outcome(told=told, reading=reading, error=error)

    async def _identify(self) -> None:
        """Make sure that it is the inverter that was set up. Raises DriverError."""
        info = await self.link.async_identify()
        if self._fingerprint is not None and info.fingerprint != self._fingerprint:
            self._foreign = True
            raise DriverError("identity_changed", f"inverter {self._fingerprint} now is {info.fingerprint}")
        self._known, self._foreign = True, False
        self._introduce(info)

    def _introduce(self, info: InverterInfo) -> None:
        self.device_info |= DeviceInfo(
            manufacturer=info.manufacturer or None,
            model=info.model or self.opened.name,
            serial_number=info.serial_number or None,
            sw_version=info.firmware or None,
        )
        self.async_register_device()
        self._issues.async_judge_problems(self.link.problems)

    def _take(self, outcome: Outcome) -> None:
        """Take what a look came to, and log a loss and a return once."""
        if outcome.told is not None:
            self.statistics.told += 1
            now = self.hass.loop.time()
            if self._told is None or now - self._told_at > TOLD_FOR:
                self._told_since = now
            self._told, self._told_at = outcome.told, now
        link = Link.ANSWERING
        if (err := outcome.error) is not None:
            self.statistics.failed += 1
            self.statistics.last_error = err.key
            if err.key == "identity_changed":
                self._known, self._foreign = False, True
            link = Link.FOREIGN if self._foreign else Link.ANSWERING if outcome.reading else Link.SILENT
            if self.complaint is None:
                LOGGER.warning("%s: %s", self.name, err)
            self.complaint = err
        elif self.complaint is not None:
            LOGGER.info("%s can be told and read again", self.name)
            self.complaint = None
        self.data = replace(self.data, link=link, reading=outcome.reading)

    def _judge(self, order: Order | None, *, acting: bool) -> None:
        """See what the inverter makes of what it was told, and show it."""
        before, at = self.data, self.hass.loop.time()
        # Where somebody else sends in our place, the inverter no longer goes by what home_bms told it.
        silenced = not self.link.tells and at - self._told_at > TOLD_FOR
        if not acting or silenced:
            # What nobody told nobody can disobey.
            self._told = None
            obedience = restored(before.obedience)
        else:
            told = None if self._told is None else self._told.bank
            seen = Seen(
                time=at,
                ccl=None if told is None else told.ccl,
                dcl=None if told is None else told.dcl,
                current=self._current(order),
                voltage=None if order is None else order.bank.voltage,
                levers=self._levers(),
            )
            obedience = observe(before.obedience, seen)
        self._tell_step(Flow.CHARGE, before.obedience.charge.escalation, obedience.charge.escalation)
        self._tell_step(Flow.DISCHARGE, before.obedience.discharge.escalation, obedience.discharge.escalation)
        self._issues.async_judge(at, self.complaint, before.reading)
        self.async_set_updated_data(replace(before, acting=acting, order=order, obedience=obedience))

    def _current(self, order: Order | None) -> float | None:
        """Return the A through this inverter: by itself, or the battery's where nobody else can be the reason."""
        if self.data.reading is not None and self.data.reading.current is not None:
            return self.data.reading.current
        drivers = [one for one in self._system.inverters.values() if not one.opened.reads_only]
        return order.bank.current if len(drivers) == 1 and order is not None else None

    def _levers(self) -> frozenset[Step]:
        """Return what there is beside the current limits.

        The packs' switches are moved by the packs themselves (`command_ignored`), after the same time and for the same
        reason; here they are only shown as the next step.
        """
        abilities = self.link.abilities
        levers = {
            Step.CVL: Ability.CVL in abilities,
            Step.SETPOINT: Ability.SETPOINT in abilities,
            Step.SWITCH: any(pack.capabilities & SWITCHED for pack in self._system.packs.values()),
        }
        return frozenset(step for step, there in levers.items() if there)

    def _tell_step(self, flow: Flow, before: Escalation, now: Escalation) -> None:
        """Tell once how far it has come."""
        if now.step is before.step:
            return
        log = LOGGER.warning if now.step > before.step else LOGGER.info
        step, direction = now.step.name.lower(), (flow.name or "").lower()
        log("%s: in the direction of %s, home_bms now relies on %s", self.name, direction, step)
        call_each(self._step_listeners, self.name, flow, now, before.step)

    @contextmanager
    def _guarded(self) -> Generator[None]:
        """Survive any error of home_bms, and report the first of them in full."""
        try:
            yield
        except Exception:  # noqa: BLE001 - an inverter must not end the loop that stops it
            self.statistics.faults += 1
            if self.statistics.faults == 1:
                LOGGER.exception("An error in telling %s was survived", self.name)
