"""Keeps the inspection plan of one battery system: looks daily, remembers who did what, and tells what becomes due."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .. import publish
from ..const import CONF_HARDWARE_RING, CONF_SERIAL_NUMBER, LOGGER, SIGNAL_TICK
from ..core.codec import CodecError, codec
from ..core.commissioning import State
from ..core.inspection import applying, done, plan, postpone, tell, undo
from ..core.inspection_book import SYSTEM, Book, Course, Item, Record, Subject, place
from ..core.inspection_signs import Seen
from ..core.inspection_table import COMMISSIONING_TEST, About
from ..core.model import ConfigError
from ..core.upkeep import Upkeep, count, note_settings
from ..store import HomeBmsStore
from ..system_coordinator import SystemCoordinator
from .issues import InspectionIssues
from .settings import InspectionSettings

if TYPE_CHECKING:
    from ..coordinator import PackCoordinator
    from ..runtime import HomeBmsConfigEntry

_BOOK: Final = codec(Mapping[str, Course])
_UPKEEP: Final = codec(Mapping[str, Upkeep])
_STORED: Final = "inspections"
_VERSION: Final = 1
# What changes without a look at a pack is the calendar, and what is learned of ageing day by day.
_EVERY: Final = timedelta(minutes=10)

DUE: Final = "due"
DONE: Final = "done"
POSTPONED: Final = "postponed"
REOPENED: Final = "reopened"
BECAME: Final = (DUE, DONE, POSTPONED, REOPENED)
"""What may become of an inspection."""

type InspectionListener = Callable[[str, Item], None]
"""Called with what became of an inspection, one of BECAME, and how it stands now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What somebody says of an inspection that was done; `None` where nothing was said."""

    by: str | None
    when: date | None = None
    note: str = ""
    value: float | None = None
    unit: str | None = None


class InspectionKeeper:
    """The inspections of one battery system and of its packs.

    It only reads what the packs are: no inspection, done or not, changes what a pack may do.
    """

    def __init__(
        self, hass: HomeAssistant, entry: HomeBmsConfigEntry, system: SystemCoordinator, store: HomeBmsStore
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._system = system
        self._store = store
        self._settings = InspectionSettings.of(entry.options)
        self._issues = InspectionIssues(hass, entry)
        self._listeners: list[InspectionListener] = []
        self._judged_by: dict[str, object] = {}
        self.book, self._upkeep = self._restore(store.saved_system(_STORED))
        self.items: tuple[Item, ...] = ()
        """All that apply, the first due first."""
        self._plan()
        store.async_add_system_source(_STORED, self._content)

    def _restore(self, saved: Any) -> tuple[Book, dict[str, Upkeep]]:  # noqa: ANN401 - JSON has no closed type
        """Return what was kept; what cannot be read stays in the file for whoever can, and a person is told."""
        self._unreadable: Any = None
        if saved is None:
            return MappingProxyType({}), {}
        try:
            found = _decoded(saved)
        except (LookupError, TypeError, AttributeError, CodecError) as err:
            LOGGER.error("The saved inspections of %s cannot be read: %s", self._entry.title, err)
            self._unreadable = saved
            self._issues.async_lost(str(err))
            return MappingProxyType({}), {}
        self._unreadable = saved.get("unreadable")
        return found

    def _content(self) -> dict[str, Any]:
        kept = {"version": _VERSION, "book": _BOOK.encode(self.book), "upkeep": _UPKEEP.encode(self._upkeep)}
        return kept if self._unreadable is None else {**kept, "unreadable": self._unreadable}

    @callback
    def async_start(self) -> None:
        """Follow the packs and the calendar until the entry is unloaded; call it once entities listen."""
        for key in self._system.packs:
            self._entry.async_on_unload(
                async_dispatcher_connect(self._hass, SIGNAL_TICK.format(key), self._ticked(key))
            )
        self._entry.async_on_unload(async_track_time_interval(self._hass, self._look, _EVERY))
        self.async_judge()

    @callback
    def _look(self, _: datetime) -> None:
        """Judge by the calendar; without the decorator Home Assistant would do so in a thread of its own."""
        self.async_judge()

    def _ticked(self, key: str) -> CALLBACK_TYPE:
        """Return what counts a pack's ticks, and judges when one of them brings news."""

        @callback
        def look() -> None:
            pack, today = self._system.packs[key], _today()
            upkeep = self._upkeep[key] = count(self.upkeep(key), pack.latest, today=today)
            news = (today, upkeep.trips, publish.findings(pack.latest))
            if news != self._judged_by.get(key):
                self._judged_by[key] = news
                self.async_judge()

        return look

    @callback
    def async_judge(self) -> None:
        """Bring the plan up to the day, tell what has become due, and call for what is overdue."""
        before = self.book, self.items
        self._plan()
        self.book, news = tell(self.book, self.items)
        self._issues.async_judge(self.items, self.name_of)
        if (self.book, self.items) == before:
            return
        if self.book is not before[0]:
            self._store.async_schedule_save()
        self._system.async_update_listeners()
        for item in news:
            self._tell(DUE, item)

    def _plan(self) -> None:
        self.book, self.items = plan(self.book, tuple(self._subjects()), _today())

    def _subjects(self) -> list[Subject]:
        """Return what inspections may be about today."""
        settings = self._settings
        subjects = [Subject(intervals=applying(About.SYSTEM, settings.left_out(contactor=True), settings.every))]
        for key, pack in self._system.packs.items():
            left_out = settings.left_out(contactor=pack.config.contactors.relays)
            subjects.append(
                Subject(
                    key=key,
                    serial_number=pack.subentry.data.get(CONF_SERIAL_NUMBER) or "",
                    seen=self._see(key, pack),
                    intervals=applying(About.PACK, left_out, settings.every),
                )
            )
        return subjects

    def _see(self, key: str, pack: PackCoordinator) -> Seen:
        ring = pack.subentry.data.get(CONF_HARDWARE_RING, {})
        upkeep = note_settings(self.upkeep(key), pack.device_info.get("sw_version"), ring)
        self._upkeep[key] = upkeep
        snapshot = pack.latest
        return Seen(config=pack.config, estimate=snapshot.estimate, budget=snapshot.balance.budget, upkeep=upkeep)

    def name_of(self, item: Item) -> str:
        """Return what the system, or the pack that an inspection is about, is called."""
        pack = self._system.packs.get(item.subject)
        return self._entry.title if pack is None else pack.name

    def upkeep(self, key: str) -> Upkeep:
        """Return what a pack has been through so far."""
        return self._upkeep.get(key, Upkeep())

    def find(self, place: str) -> Item | None:
        """Return an inspection that applies, by its place."""
        return next((item for item in self.items if item.place == place), None)

    # What people do. Each raises ConfigError for what core refuses, and is on the disk before it returns.

    async def async_done(self, item: Item, told: Told) -> None:
        """Take down that an inspection was done."""
        now = dt_util.utcnow().timestamp()
        record = Record(
            day=_today() if told.when is None else told.when.toordinal(),
            at=now,
            by=told.by,
            note=told.note,
            value=told.value,
            unit=told.unit,
        )
        await self._async_change(DONE, item, done(self.book, item, record, _today()))

    async def async_commissioned(self, by: str) -> None:
        """Take the yearly test down as done, by who signed off, once every pack has passed its commissioning.

        It is as old as the pack's that was tested first. What was left out or only partly proven is no test.
        """
        item = self.find(place(COMMISSIONING_TEST, SYSTEM))
        tests = [pack.commissioning for pack in self._system.packs.values()]
        days = [dt_util.as_local(test.commissioned_on).date() for test in tests if test.commissioned_on is not None]
        if item is None or len(days) < len(tests) or any(test.state is not State.PASSED for test in tests):
            return
        when = min([*days, date.fromordinal(_today())])
        if item.last is None or item.last.day < when.toordinal():
            # One that is older than core takes down leaves it due.
            with suppress(ConfigError):
                await self.async_done(item, Told(by=by, when=when))

    async def async_undo(self, item: Item) -> None:
        """Withdraw what was told last of an inspection."""
        await self._async_change(REOPENED, item, undo(self.book, item))

    async def async_postpone(self, item: Item, until: date) -> None:
        """Put an inspection off."""
        await self._async_change(POSTPONED, item, postpone(self.book, item, until.toordinal(), _today()))

    async def _async_change(self, became: str, item: Item, book: Book) -> None:
        self.book = book
        self._plan()
        self._tell(became, self.find(item.place) or item)
        self.async_judge()
        self._system.async_update_listeners()
        await self._store.async_save()

    @callback
    def add_listener(self, listener: InspectionListener) -> CALLBACK_TYPE:
        """Call `listener` with what becomes of inspections. Returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, became: str, item: Item) -> None:
        for listener in tuple(self._listeners):
            listener(became, item)


def _decoded(saved: Any) -> tuple[Book, dict[str, Upkeep]]:  # noqa: ANN401 - JSON has no closed type
    """Return what was kept. Raises CodecError, or whatever else a spoilt content raises."""
    if saved["version"] != _VERSION:
        raise CodecError(f"version {saved['version']} is not known here")
    return _BOOK.decode(saved["book"]), dict(_UPKEEP.decode(saved["upkeep"]))


def _today() -> int:
    """Return the house's own date, as core counts days."""
    return dt_util.now().date().toordinal()
