"""Reads the events of one grid programme, on absolute ticks, and reports to it."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from ..core.leases import Lease
from ..hw.openadr import Plan, descriptor_units, is_meant
from ..hw.openadr_client import Ven, Version, VtnClient, keeps_back
from ..hw.openadr_http import LONGEST_WAIT, VtnError, VtnTrouble
from ..hw.openadr_reports import Measured, Report, Reporter
from ..leases.programme import async_follow
from .issues import ProgrammeIssues
from .settings import CONF_POLL_PERIOD, CONF_PROGRAMME, CONF_VEN_NAME, programme_of, targets_of

if TYPE_CHECKING:
    from ..runtime import HomeBmsConfigEntry
    from ..system_coordinator import SystemCoordinator
from ..ticks import Ticks

TICK: Final = 10.0
"""s between two looks at the battery, of which means are made, and at what is due."""
READ_WITHIN: Final = 120.0
"""s that a reading may take with all its pages and tries."""
INTRODUCE_EVERY: Final = 3600.0
"""s after which it is looked again what the server grants us, and what the programme means by its numbers."""
REPORT_AGAIN: Final = 60.0
"""s after which a report that could not be handed in is tried again."""
# A battery that nobody has decided on for so many s is not told of as if it were now.
_STALE: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeView:
    """What is shown of a programme."""

    connected: bool | None = None
    """`None` until it was asked for the first time."""
    read: datetime | None = None
    """When its events were last read."""
    reported: datetime | None = None
    held: tuple[tuple[Lease, float], ...] = ()
    """What it asks now, and until when; the gravest first."""
    coming: Lease | None = None
    """What it asks next."""
    price: float | None = None
    ignored: tuple[tuple[str, str], ...] = ()
    """Event, and what of it is not followed or not reported."""


class ProgrammeCoordinator(DataUpdateCoordinator[ProgrammeView]):
    """One programme: owns the loop that reads it, feeds its entities.

    What was read stays in force while the server is silent: it is leased, and leases outlive this loop.
    """

    config_entry: HomeBmsConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: HomeBmsConfigEntry,
        subentry: ConfigSubentry,
        *,
        client: VtnClient,
        system: SystemCoordinator,
        system_device_id: str,
    ) -> None:
        super().__init__(hass, LOGGER, config_entry=entry, name=subentry.title)
        self.subentry = subentry
        self.settings: Mapping[str, Any] = subentry.data
        self.identity = subentry.subentry_id
        self.device_info = DeviceInfo(
            identifiers={(DOMAIN, self.identity)},
            name=subentry.title,
            model="OpenADR 3",
            entry_type=dr.DeviceEntryType.SERVICE,
            via_device_id=system_device_id,
        )
        self.version: Version | None = None
        self.registered = False
        """Whether the server knows us by our name."""
        self.complaint: VtnError | None = None
        """The error that stands."""
        self.faults = 0
        self._client = client
        self._system = system
        self._issues = ProgrammeIssues(hass, entry_id=entry.entry_id, subentry_id=self.identity, name=self.name)
        self._ven: Ven | None = None
        self._introduce_at = 0.0
        self._units: Mapping[str, str] | None = None
        self._programme = programme_of(self.settings, None, {})
        self._plan: Plan | None = None
        self._reporter = Reporter(self.settings[CONF_VEN_NAME], _now())
        self._report_ids: dict[tuple[str, int, int | None], str] = {}
        self._read_at = self._report_at = 0.0
        self._refusals = 0
        self._loop: asyncio.Task[None] | None = None
        self.data = ProgrammeView()

    @property
    def owner(self) -> str:
        """Who owns the leases of this programme."""
        return self._programme.owner

    @property
    def acting(self) -> bool:
        """Whether what it asks reaches anybody, or home_bms only shows what it would do."""
        return self._system.leases.acting

    @property
    def period(self) -> float:
        """The s between two readings."""
        return float(self.settings[CONF_POLL_PERIOD])

    @callback
    def async_register_device(self) -> None:
        """Create or update the device, below the system's."""
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id, config_subentry_id=self.identity, **self.device_info
        )

    # The loop.

    @callback
    def async_start(self) -> None:
        """Begin in the background: a server that does not answer keeps nobody waiting."""
        self._loop = self.config_entry.async_create_background_task(self.hass, self._run(), f"home_bms {self.name}")

    async def async_stop(self) -> None:
        """End the loop; more than one call does no harm."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait({self._loop})

    async def _run(self) -> None:
        self._read_at = self.hass.loop.time()
        ticks = Ticks(TICK)
        while True:
            await ticks.wait()
            with self._guarded():
                await self._tick()

    async def _tick(self) -> None:
        self._reporter.look(_now(), self._measured())
        read = False
        if (now := self.hass.loop.time()) >= self._read_at:
            self._read_at += (int((now - self._read_at) / self.period) + 1) * self.period
            read = await self._read_well()
        await self._report(any_time=read)
        self._show()

    async def _read_well(self) -> bool:
        """Read the events, and tell whether that succeeded."""
        try:
            async with asyncio.timeout(READ_WITHIN):
                await self._introduce()
                events = await self._client.async_events(
                    self.settings[CONF_PROGRAMME], targets_of(self.settings, self._ven)
                )
        except TimeoutError:
            self._failed(VtnError(VtnTrouble.UNREACHABLE, f"it took longer than {READ_WITHIN:.0f} s"))
            return False
        except VtnError as err:
            self._failed(err)
            return False
        self._programme = programme_of(self.settings, self._ven, self._units or {})
        found = await async_follow(self._system, self._programme, events)
        self._plan = found.plan
        # Nobody else uses the reporter meanwhile.
        unreported = await self.hass.async_add_executor_job(self._want_reports, events)
        ignored = (*found.ignored, *unreported)
        self._succeeded()
        self.data = replace(self.data, connected=True, read=dt_util.utcnow(), ignored=ignored)
        return True

    async def _introduce(self) -> None:
        """Find out what the server speaks, make ourselves known, and look what the programme means by its numbers.

        A server that keeps the last two to itself is read all the same. Raises VtnError.
        """
        if self.version is None:
            self.version = await self._client.async_version()
            self.device_info |= DeviceInfo(model=f"OpenADR {self.version}")
            self.async_register_device()
        if self.hass.loop.time() < self._introduce_at:
            return
        try:
            self._ven = await self._client.async_register(self.settings[CONF_VEN_NAME])
            self._units = await self._async_units()
        except VtnError:
            # Without targets and units an event might mean nothing, and what it asked before would end.
            if self._units is None:
                raise
        self.registered = self._ven is not None
        self._introduce_at = self.hass.loop.time() + INTRODUCE_EVERY

    async def _async_units(self) -> Mapping[str, str]:
        """Return the units that the programme itself describes. Raises VtnError."""
        try:
            return descriptor_units(await self._client.async_programme(self.settings[CONF_PROGRAMME]))
        except VtnError as err:
            if keeps_back(err):
                return {}
            raise

    def _failed(self, err: VtnError) -> None:
        """Log a loss once, and leave a server alone that wants that, or that does not know us."""
        if self.complaint is None or self.complaint.trouble is not err.trouble:
            LOGGER.warning("%s: the server of the programme cannot be read: %s", self.name, err)
        self.complaint = err
        self._refusals = self._refusals + 1 if err.trouble is VtnTrouble.REFUSED else 0
        wait = err.retry_after or 0.0
        if self._refusals:
            wait = min(LONGEST_WAIT, self.period * 2 ** min(6, self._refusals))
        self._read_at = max(self._read_at, self.hass.loop.time() + wait)
        self._issues.async_judge(self.hass.loop.time(), err, self._refusals)
        self.data = replace(self.data, connected=False)

    def _succeeded(self) -> None:
        if self.complaint is not None:
            LOGGER.info("%s: the server of the programme can be read again", self.name)
        self.complaint, self._refusals = None, 0
        self._issues.async_judge(self.hass.loop.time(), None, 0)

    # Reports.

    def _want_reports(self, events: Sequence[Any]) -> list[tuple[str, str]]:
        """Take over which reports the events that are meant for us want; returns the event and what is not reported."""
        meant = [event for event in events if is_meant(self._programme, event)]
        unreported = self._reporter.follow(meant, _now())
        there = {str(event.get("id", "")) for event in meant}
        self._report_ids = {key: told for key, told in self._report_ids.items() if key[0] in there}
        return unreported

    async def _report(self, *, any_time: bool) -> None:
        """Hand in what is due, a few at a time."""
        now = self.hass.loop.time()
        if self.version is None or now < self._report_at:
            return
        for report in self._reporter.due(_now(), self.version, any_time=any_time):
            try:
                await self._hand_in(report)
            except VtnError as err:
                LOGGER.debug("%s: a report is not taken: %s", self.name, err)
                if not keeps_back(err):
                    self._report_at = now + max(REPORT_AGAIN, err.retry_after or 0.0)
                    return
                self._reporter.done(report)
                self._note(report.key[0], f"its report is not taken: {err}")

    async def _hand_in(self, report: Report) -> None:
        before = self._report_ids.get(report.key)
        told = await self._client.async_report(report.body, self.settings[CONF_PROGRAMME], before)
        self._reporter.done(report)
        if report.key[2] is None and told:
            self._report_ids[report.key] = told
        self.data = replace(self.data, reported=dt_util.utcnow())

    def _note(self, event: str, why: str) -> None:
        self.data = replace(self.data, ignored=tuple(dict.fromkeys((*self.data.ignored, (event, why)))))

    def _measured(self) -> Measured:
        """Return the battery as it is now."""
        now, decided = self._system.newest, self._system.decided
        if self.hass.loop.time() - decided > _STALE:
            return Measured()
        volts = now.voltage
        return Measured(
            soc=now.soc,
            power=now.power,
            charge_power=None if volts is None else now.ccl.value * volts,
            discharge_power=None if volts is None else now.dcl.value * volts,
            capacity=None if volts is None else now.capacity * volts,
        )

    # What is shown.

    @callback
    def _show(self) -> None:
        """Show what the programme asks now and next."""
        leases, now = self._system.leases, _now()
        held = [
            (holding.lease, holding.span.end)
            for holding in leases.in_force.holding
            if holding.lease.owner == self.owner
        ]
        ahead = [lease for lease in leases.book.leases if lease.owner == self.owner and lease.start > now]
        self.async_set_updated_data(
            replace(
                self.data,
                held=tuple(held),
                coming=min(ahead, key=lambda lease: lease.start, default=None),
                price=None if self._plan is None else self._plan.price_at(now),
            )
        )

    @contextmanager
    def _guarded(self) -> Generator[None]:
        """Survive any error of home_bms, and report the first of them in full."""
        try:
            yield
        except Exception:  # noqa: BLE001 - one odd answer must not end the loop
            self.faults += 1
            if self.faults == 1:
                LOGGER.exception("An error in reading %s was survived", self.name)


def _now() -> float:
    """Return the s since 1970."""
    return dt_util.utcnow().timestamp()
