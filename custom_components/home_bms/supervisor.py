"""Watches over one pack: reads it, judges it, acts and tells, on absolute ticks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import ADDRESS_SHARED_FOR, LOGGER, POLL_PERIOD, RELEASE_TIMEOUT, SETUP_PATIENCE, WRITES_TO_TELL
from .core import bms, drill
from .core.blackbox import BlackBox
from .core.model import Alarm, Decision, Flow, Level, PackConfig, PackReading, PackState, Reason, Snapshot, Switches
from .hw.driver import DeviceInfo, Driver, DriverError, IdentityChangedError
from .loose import spawn
from .ticks import Ticks
from .watching import Link, Statistics, Trouble, Watcher

# The share of a period that a tick waits for the pack; the rest is for acting and for Home Assistant.
PATIENCE: Final = 0.7
# Readings from which the time between two of them is told.
ARRIVALS: Final = 10


class Supervisor:
    """The loop of one pack.

    A slow read is never cancelled, for the link may be shared and a cancelled request can put every user of it out of
    step: the loop stops waiting, ages the last reading and judges that. No error of home_bms ends the loop: a tick that
    breaks gives the fail-safe decision.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        *,
        name: str,
        driver: Driver,
        fingerprint: str | None,
        config: PackConfig,
        state: PackState,
        watcher: Watcher,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._name = name
        self._driver = driver
        self._fingerprint = fingerprint
        self._config = config
        self._watcher = watcher
        self.statistics = Statistics()

        now = hass.loop.time()
        self._last = PackReading(time=now)
        # What core makes of a pack of which nothing is known: zero limits. Made now, to be at hand when core breaks.
        _, self._unknown = bms.observe(config, bms.start(config), self._last)
        self.state, self.snapshot = bms.observe(config, state, self._last)
        self.black_box = BlackBox(config)
        self.black_box.record(state, self._last, self.snapshot.decision, self.state)
        self.drill: drill.Drill | None = None
        """What is pretended beside the truth, if anything is."""

        self._loop: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[PackReading] | None = None
        self._acting: asyncio.Task[None] | None = None
        self._arrivals: deque[float] = deque(maxlen=ARRIVALS)
        self._foreign: deque[float] = deque(maxlen=2)
        """When another pack came in place of ours, the last two times."""
        self._identify = True
        self._introduced: DeviceInfo | None = None
        self._began: float | None = None
        self._late = 0.0
        """s by which this tick began later than a period after the last."""
        self._writes_failed = 0
        self._fault: Exception | None = None
        self._faulty_since: float | None = None
        self._trips = _trips(self.snapshot.decision)
        self._stop_lock = asyncio.Lock()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether it watches no more."""
        return self._stopped

    async def async_start(self, share: float = 0.0) -> None:
        """Judge once, waiting a little longer for the pack's first answer, then go on in the background.

        It ticks a `share` of the period before others that began with it, so that not all load the event loop at once.
        """
        await self._tick(SETUP_PATIENCE)
        self._loop = self._entry.async_create_background_task(self._hass, self._run(share), f"home_bms {self._name}")

    async def async_stop(self) -> None:
        """End the loop and hand control back; more than one call does no harm."""
        async with self._stop_lock:
            if self._stopped:
                return
            self._stopped = True
            self.drill = None
            if self._loop is not None:
                self._loop.cancel()
                await asyncio.wait({self._loop})
            if self._watcher.control_allowed:
                await self.async_release()

    async def async_release(self) -> None:
        """Hand control back, waiting at most RELEASE_TIMEOUT; a pack that is not known is not written to."""
        if self.statistics.link in (Link.CONNECTING, Link.FOREIGN):
            return
        releasing = spawn(self._hass, self._release(), f"{self._name} release")
        await asyncio.wait({releasing}, timeout=RELEASE_TIMEOUT)
        error = None if not releasing.done() else releasing.exception()
        if error is not None or not releasing.done():
            LOGGER.warning("Control of %s could not be handed back: %s", self._name, error or "no answer in time")

    def reading(self) -> PackReading:
        """Return the last reading, aged to now."""
        today = dt_util.now()
        return replace(
            self._last,
            time=self._hass.loop.time(),
            tick_late=self._late,
            clock=today.timestamp(),
            day=today.toordinal(),
        )

    async def _release(self) -> None:
        """Release after a write that is under way, so that it cannot come last."""
        if self._acting is not None:
            await asyncio.wait({self._acting})
        await self._driver.async_release()

    async def _run(self, share: float) -> None:
        ticks = Ticks(POLL_PERIOD, first=(1.0 - share) * POLL_PERIOD)
        while True:
            self.statistics.late_ticks += await ticks.wait()
            with self._guarded():
                await self._tick(PATIENCE * POLL_PERIOD)

    async def _tick(self, patience: float) -> None:
        """Read, judge, act and tell; waits at most twice `patience` seconds."""
        began = self._hass.loop.time()
        self._late = 0.0 if self._began is None else max(0.0, began - self._began - POLL_PERIOD)
        self._began = began
        self._fault = None
        await self._look(patience)
        self.snapshot = snapshot = self._judge()
        self._act(snapshot.decision)
        with self._guarded():
            self._watcher.async_judged(snapshot)
        await self._keep(snapshot.decision, patience)
        await self._await_act(began + patience)
        self._end_faults()
        now = self._hass.loop.time()
        self.statistics.cycle_time = now - began
        if (intervals := len(self._arrivals) - 1) > 0:
            mean = (self._arrivals[-1] - self._arrivals[0]) / intervals
            self.statistics.between_readings = max(mean, now - self._arrivals[-1])

    async def _look(self, patience: float) -> None:
        """Wait a while for a fresh reading; one that comes later is taken at the next tick."""
        looking = self._looking
        if looking is not None and looking.done():
            self._take(looking)
            looking = None
        if looking is None:
            self.statistics.polls += 1
            looking = spawn(self._hass, self._read(), f"{self._name} read")
        await asyncio.wait({looking}, timeout=patience)
        if looking.done():
            self._take(looking)
            looking = None
        else:
            self.statistics.slow_reads += 1
        self._looking = looking

    async def _read(self) -> PackReading:
        """Read the pack, after making sure who it is when that is in doubt."""
        if self._identify:
            self._recognise(await self._driver.async_identify())
            self._identify = False
        reading = await self._driver.async_read()
        # Drivers refresh the identity whenever they read settings: an address may come to belong to another pack, and
        # the settings may have been moved.
        self._recognise(info := self._driver.info)
        if info is not self._introduced:
            self._introduced = info
            self._watcher.async_identified(info)
        return reading

    def _recognise(self, info: DeviceInfo) -> None:
        """Refuse any pack but the one that was set up."""
        if self._fingerprint is not None and info.fingerprint != self._fingerprint:
            raise IdentityChangedError(self._fingerprint, info.fingerprint)

    def _take(self, looking: asyncio.Task[PackReading]) -> None:
        """Take what a read brought."""
        with self._guarded():
            try:
                self._last = looking.result()
            except IdentityChangedError as err:
                self._forget_pack(err)
            except DriverError as err:
                self._lose(err.key, str(err))
            except asyncio.CancelledError:
                self._lose("cancelled", "the read was cancelled")
            except Exception as err:
                self._lose("internal_error", str(err))
                raise
            else:
                self._answer()

    def _answer(self) -> None:
        """Note that the pack answers, and say so once."""
        now = self._hass.loop.time()
        self._arrivals.append(now)
        if self._foreign and now - self._foreign[-1] >= ADDRESS_SHARED_FOR:
            self._foreign.clear()
            self._watcher.async_trouble(Trouble.ADDRESS_SHARED, stands=False)
        was, self.statistics.link = self.statistics.link, Link.ANSWERING
        if was in (Link.SILENT, Link.FOREIGN):
            LOGGER.info("%s answers again", self._name)
        if was is not Link.ANSWERING:
            self._watcher.async_trouble(Trouble.IDENTITY_CHANGED, stands=False)

    def _lose(self, key: str, message: str) -> None:
        """Note a failed read, and say so once; the driver itself makes sure who answers next."""
        self.statistics.failed_reads += 1
        self.statistics.last_error = key
        # Another one must introduce itself.
        self._identify = self._identify or key == "identity_changed"
        if self.statistics.link in (Link.CONNECTING, Link.ANSWERING):
            LOGGER.warning("%s does not answer: %s", self._name, message)
            self.statistics.link = Link.SILENT

    def _forget_pack(self, err: IdentityChangedError) -> None:
        """Note that another pack answers: what is known of ours no longer holds, and the other is not written to."""
        self.statistics.failed_reads += 1
        self.statistics.last_error = err.key
        self._identify = True
        self._last = PackReading(time=self._hass.loop.time())
        if self.statistics.link is not Link.FOREIGN:
            LOGGER.warning("%s: %s", self._name, err)
            self.statistics.link = Link.FOREIGN
            self._watcher.async_trouble(Trouble.IDENTITY_CHANGED, stands=True, error=err.fingerprint)
            self._foreign.append(now := self._hass.loop.time())
            if len(self._foreign) > 1 and now - self._foreign[0] < ADDRESS_SHARED_FOR:
                self._watcher.async_trouble(Trouble.ADDRESS_SHARED, stands=True, error=err.fingerprint)

    def _judge(self) -> Snapshot:
        """Step core; should that break, nothing is permitted."""
        before, reading, snapshot = self.state, self.reading(), None
        with self._guarded():
            self.state, snapshot = bms.observe(self._config, before, reading)
        error, snapshot = (None, snapshot) if snapshot is not None else (repr(self._fault), self._fail_safe())
        told = self._drilled(snapshot, broken=error is not None)
        with self._guarded():
            for box in self.black_box.record(
                before, reading, snapshot.decision, self.state, error=error, drill=told.drill
            ):
                self._watcher.async_frozen(box)
        return told

    def _drilled(self, true: Snapshot, *, broken: bool) -> Snapshot:
        """Let a drill that is on lower what is told; whatever breaks ends it."""
        going, self.drill = self.drill, None
        if going is not None and not broken:
            with self._guarded():
                self.drill, true = drill.step(self._config, going, true)
        return true

    def _fail_safe(self) -> Snapshot:
        """Return the decision for a pack that cannot be judged: zero limits now, open switches after `open_after`."""
        now = self._hass.loop.time()
        since = now if self._faulty_since is None else self._faulty_since
        reason = Reason(rule=Trouble.INTERNAL_ERROR, since=since)
        opened = False if now - since >= self._config.open_after else None
        unknown = self._unknown
        decision = replace(
            unknown.decision,
            time=now,
            ccl=replace(unknown.decision.ccl, value=0.0, reason=reason),
            dcl=replace(unknown.decision.dcl, value=0.0, reason=reason),
            switches=Switches(charge=opened, discharge=opened, balance=False),
            alarms=(Alarm(key=Trouble.INTERNAL_ERROR, level=Level.PROTECT, flow=Flow.BOTH, reason=reason),),
        )
        return replace(
            unknown, reading=self.reading(), estimate=self.state.estimate, wishes=self.state.wishes, decision=decision
        )

    def _act(self, decision: Decision) -> None:
        """Begin to carry the decision out, where that is allowed and the pack is known."""
        if self._acting is not None and self._acting.done():
            self._note_act(self._acting)
        known = self.statistics.link in (Link.ANSWERING, Link.SILENT)
        if self._acting is None and known and self._watcher.control_allowed:
            self._acting = spawn(self._hass, self._driver.async_apply(decision), f"{self._name} apply")

    async def _await_act(self, until: float) -> None:
        """Wait a while for what was begun; the next tick looks again."""
        if self._acting is None:
            return
        await asyncio.wait({self._acting}, timeout=max(0.0, until - self._hass.loop.time()))
        if self._acting.done():
            self._note_act(self._acting)

    def _note_act(self, acting: asyncio.Task[None]) -> None:
        """Note how writing went; a person is told of failures in a row."""
        self._acting = None
        if acting.cancelled():
            return
        error = acting.exception()
        if error is None:
            if self._writes_failed >= WRITES_TO_TELL:
                LOGGER.info("%s takes commands again", self._name)
                self._watcher.async_trouble(Trouble.WRITE_FAILED, stands=False)
            self._writes_failed = 0
            return
        self.statistics.failed_writes += 1
        self._writes_failed += 1
        self.statistics.last_error = error.key if isinstance(error, DriverError) else Trouble.INTERNAL_ERROR
        if self._writes_failed == WRITES_TO_TELL:
            LOGGER.warning("%s does not take commands: %s", self._name, error)
            self._watcher.async_trouble(Trouble.WRITE_FAILED, stands=True, error=str(error))
        if not isinstance(error, DriverError):
            with self._guarded():
                raise error

    async def _keep(self, decision: Decision, patience: float) -> None:
        """Have a new trip written before the next tick; a disk that hangs does not stop the loop."""
        trips = _trips(decision)
        if trips - self._trips:
            keeping = spawn(self._hass, self._watcher.async_latched(), f"{self._name} save")
            await asyncio.wait({keeping}, timeout=patience)
        self._trips = trips

    @contextmanager
    def _guarded(self) -> Generator[None]:
        """Survive an error of home_bms's own, and log the first of a row."""
        try:
            yield
        except Exception as err:  # noqa: BLE001 - whatever it is, it must not end protection
            self._fault = err
            self.statistics.faults += 1
            if self._faulty_since is None:
                self._faulty_since = self._hass.loop.time()
                LOGGER.exception("A tick of %s broke, nothing is permitted until one succeeds", self._name)
                self._watcher.async_trouble(Trouble.INTERNAL_ERROR, stands=True, error=repr(err))

    def _end_faults(self) -> None:
        """Close a tick: one without an error ends a row of them."""
        if self._fault is None and self._faulty_since is not None:
            self._faulty_since = None
            LOGGER.info("The ticks of %s succeed again", self._name)
            self._watcher.async_trouble(Trouble.INTERNAL_ERROR, stands=False)


def _trips(decision: Decision) -> frozenset[str]:
    """Return the protections that have latched."""
    return frozenset(alarm.key for alarm in decision.alarms if alarm.level is Level.TRIP)
