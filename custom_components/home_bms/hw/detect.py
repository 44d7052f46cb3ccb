"""Finds out which known devices answer on a link, without writing."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from modbus_connection import ModbusConnectionError, ModbusUnit

from .detection import Answer, Detection, Finding, Reply, reply
from .driver import DriverError
from .modbus import Device, driver_error
from .probe import TIMEOUT, Probe
from .registers import Kind

BUDGET: Final = 60.0
"""s that a search takes at most; what was found by then is told."""
USUAL: Final = range(1, 17)
"""The unit ids that DIP switches can set."""
HIGHEST_UNIT: Final = 255
FEW: Final = 4
"""A device that can have no more unit ids than that is looked for at each of them, wherever they are."""
SILENT_PROBES: Final = 2
"""Devices that must have been asked for in vain before a unit id is left for last."""
LOST: Final = 3
"""Times in a row that the link may fail before the search ends."""

ORDER: Final = MappingProxyType({kind: rank for rank, kind in enumerate(Kind)})
"""Packs first, boards behind them, so that a board that moves contactors is asked once the packs are known.

A read upsets no device: what it does not have it refuses, and a request for another unit it ignores. What could upset
one is haste, so each unit gets the longest silence that any of the devices wants. Asked for is what identifies a device
by its sheet, in its own blocks, and the first refusal ends it: a foreign device sees one request of each kind. Devices
that do not speak Modbus come last, and only where no pack was found that does: it would have to listen to their frames.
"""

type Units = Callable[[int], Awaitable[ModbusUnit]]
type Opener = Callable[[int | None], AbstractAsyncContextManager[Units]]
"""Opens the link at a baud rate, `None` where it has its own. Raises DriverError, also while it is open."""
type OwnOpener = Callable[[Device, int | None], AbstractAsyncContextManager[Units]]
"""The same as a line for a device that needs one of its own."""
type Progress = Callable[[float, str], None]
"""Takes the share that is done, 0 to 1, and what is asked for just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for, and where."""

    open_link: Opener
    open_line: OwnOpener | None = None
    devices: Sequence[Device]
    rates: Sequence[int | None] = (None,)
    """With several each device is asked for at its own; with one, all are at that."""
    unit_ids: Sequence[int] | None = None
    """Narrows the search."""
    skip: frozenset[int] = frozenset()
    """Unit ids that are known."""
    budget: float = BUDGET
    """s."""
    progress: Progress = lambda _share, _what: None
    clock: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class _Place:
    """A unit id at a baud rate."""

    baudrate: int | None
    unit_id: int
    silences: int = 0
    known: bool = False
    """Whether something sure was found."""
    asked: set[str] = field(default_factory=set)
    answers: dict[tuple[Reply, int | None], list[str]] = field(default_factory=dict)


def candidates(devices: Iterable[Device]) -> list[Device]:
    """Return what a Modbus link can reach, in the order in which it is asked for."""
    return sorted((device for device in devices if not device.own_line), key=lambda device: ORDER[device.kind])


def baudrates(devices: Iterable[Device]) -> list[int]:
    """Return the baud rates of devices, those of most of them first."""
    rates = [device.baudrate for device in devices]
    return sorted(set(rates), key=lambda rate: (-rates.count(rate), rate))


def unit_ids(text: str) -> tuple[int, ...] | None:
    """Return the unit ids of a text such as `1-4, 210`, `None` of an empty one. Raises ValueError."""
    found: list[int] = []
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        span = range(int(first), int(last or first) + 1)
        if not span or span[0] < 0 or span[-1] > HIGHEST_UNIT:
            raise ValueError(f"{part!r} are no unit ids from 0 to {HIGHEST_UNIT}")
        found += span
    return tuple(dict.fromkeys(found)) or None


async def detect(search: Search) -> Detection:
    """Search a link, and tell what was found in time and what answered otherwise.

    Raises DriverError if the link cannot be used at all.
    """
    run = _Run(search)
    try:
        await run.all()
    except _OverError:
        run.complete = False
    return run.result()


class _OverError(Exception):
    """The time is up."""


class _Run:
    """One search under way."""

    def __init__(self, search: Search) -> None:
        self.complete = True
        self._search = search
        self._plain = candidates(search.devices)
        # Who only listens would have to be listened to for a round of the bus each.
        self._own = [device for device in search.devices if device.dialect is not None]
        self._deadline = search.clock() + search.budget
        self._spacing = max((device.spacing for device in search.devices), default=0.0)
        self._places: dict[tuple[int | None, int], _Place] = {}
        self._findings: list[Finding] = []
        self._in_use: list[int | None] = []
        self._reached: set[str] = set()
        """Devices with a line of their own that were asked for, by key."""
        self._linked = False
        self._lost = 0
        self._done = 0
        self._all = max(1, sum(len(self._able(rate, unit)) for rate in search.rates for unit in self._ids(rate)))

    def result(self) -> Detection:
        """Return what was found so far."""
        self._search.progress(1.0, "")
        known = {key for key, place in self._places.items() if place.known}
        findings = (each for each in self._findings if each.sure or (each.baudrate, each.unit_id) not in known)
        answers = (
            Answer(unit_id=unit, baudrate=rate, reply=told, code=code, devices=tuple(names))
            for (rate, unit), place in self._places.items()
            if not place.known
            for (told, code), names in place.answers.items()
        )
        missed = (device.name for device in self._search.devices if device.own_line and device.key not in self._reached)
        return Detection(
            findings=tuple(findings),
            answers=tuple(answers),
            complete=self.complete,
            in_use=tuple(self._in_use),
            not_asked=tuple(missed),
        )

    async def all(self) -> None:
        """Go round: where devices usually are, then everywhere, then where nobody answered, then in other tongues.

        Raises _OverError, and DriverError where the link cannot be used at all.
        """
        rates = list(self._search.rates)
        for ids, patient in ((self._first_ids, True), (self._ids, False), (self._ids, True)):
            for rate in rates:
                if rate not in self._in_use:
                    await self._round(rate, ids(rate), patient=patient)
            # A bus has one speed.
            rates = [rate for rate in rates if rate in {found.baudrate for found in self._findings}] or rates
        if self._in_use and len(self._in_use) == len(self._search.rates):
            raise DriverError("link_in_use", "others use the link at another speed")
        if not any(found.sure for found in self._findings):
            for device in self._own:
                await self._line(device)

    def _at(self, device: Device, rate: int | None) -> bool:
        """Whether a device is asked for at a baud rate."""
        return len(self._search.rates) == 1 or device.baudrate == rate

    def _able(self, rate: int | None, unit_id: int) -> list[Device]:
        """Return the devices that can be at a unit id."""
        return [device for device in self._plain if unit_id in device.unit_ids and self._at(device, rate)]

    def _looked_at(self, devices: Iterable[Device]) -> list[int]:
        """Return the unit ids at which devices are looked for."""
        if self._search.unit_ids is not None:
            found = list(self._search.unit_ids)
        else:
            found = [*USUAL, *(unit for device in devices if len(device.unit_ids) <= FEW for unit in device.unit_ids)]
        return [unit for unit in dict.fromkeys(found) if unit not in self._search.skip]

    def _ids(self, rate: int | None) -> list[int]:
        """Return the unit ids at which anything can be."""
        return [unit for unit in self._looked_at(self._plain) if self._able(rate, unit)]

    def _first_ids(self, rate: int | None) -> list[int]:
        """Return the unit ids that devices have when they are new, each device's lowest."""
        ids = self._ids(rate)
        lowest = (next((unit for unit in ids if unit in device.unit_ids), None) for device in self._plain)
        return [unit for unit in dict.fromkeys(lowest) if unit is not None]

    async def _round(self, rate: int | None, ids: Sequence[int], *, patient: bool) -> None:
        """Ask at one baud rate; who is silent is left for later unless this round is a patient one."""
        pending = [
            (self._place(rate, unit), device)
            for unit in ids
            for device in self._able(rate, unit)
            if device.key not in self._place(rate, unit).asked
        ]
        if not pending:
            return
        try:
            async with self._search.open_link(rate) as units:
                for place, device in pending:
                    if not place.known and (patient or place.silences < SILENT_PROBES):
                        await self._ask(await units(place.unit_id), place, device)
        except DriverError as err:
            if err.key != "link_in_use":
                raise
            self._in_use.append(rate)

    async def _line(self, device: Device) -> None:
        """Ask for a device on a line of its own, where there can be one."""
        for rate in self._search.rates:
            if self._search.open_line is None or not self._at(device, rate):
                continue
            boards = [unit for unit in self._looked_at([device]) if unit in device.unit_ids]
            # Where the board's number is not its unit id, the first few boards are looked for.
            boards = boards or [unit for unit in device.unit_ids[:FEW] if self._search.unit_ids is None]
            try:
                async with self._search.open_line(device, rate) as units:
                    for unit_id in boards:
                        self._reached.add(device.key)
                        await self._ask(await units(unit_id), self._place(rate, unit_id), device)
            except DriverError:
                # The link carries no such frames, or is not ours alone.
                self._reached.discard(device.key)

    def _place(self, rate: int | None, unit_id: int) -> _Place:
        return self._places.setdefault((rate, unit_id), _Place(rate, unit_id))

    async def _ask(self, unit: ModbusUnit, place: _Place, device: Device) -> None:
        """Ask a unit whether it is such a device, twice if something went wrong on the way."""
        place.asked.add(device.key)
        for _ in range(2):
            self._tell(place, device)
            # Only who is alone on its line may take its own time.
            probe = Probe(unit, self._spacing, device.timeout if device.own_line else TIMEOUT)
            try:
                info = await device.driver(probe.unit).async_identify()
            except Exception as err:  # noqa: BLE001 - whatever a driver stumbles over, this is no such device
                if not self._note(probe, place, device, err):
                    continue
            else:
                found = Finding(device=device, unit_id=place.unit_id, baudrate=place.baudrate, info=info)
                self._findings.append(found)
                place.known = found.sure
                place.silences = self._lost = 0
                self._linked = True
            break
        self._done += 1

    def _tell(self, place: _Place, device: Device) -> None:
        """Tell how far the search is. Raises _OverError if its time is up."""
        search = self._search
        left = self._deadline - search.clock()
        if left <= 0:
            raise _OverError
        share = max(self._done / self._all, 1 - left / search.budget)
        rate = "" if place.baudrate is None else f", {place.baudrate} baud"
        search.progress(min(0.99, share), f"{device.name}, unit {place.unit_id}{rate}")

    def _note(self, probe: Probe, place: _Place, device: Device, err: Exception) -> bool:
        """Note what came instead; return whether that is all there is to know.

        Raises what was the matter if the link is gone.
        """
        error = probe.cause(err)
        if isinstance(error, ModbusConnectionError):
            self._linked = self._linked or probe.answered
            self._lost += 1
            if self._lost >= LOST or not self._linked:
                raise err if isinstance(err, DriverError) else driver_error(error) from err
            return False
        self._linked, self._lost = True, 0
        told, code = reply(error, answered=probe.answered)
        if told is None:
            place.silences += 1
            return True
        place.silences = 0
        names = place.answers.setdefault((told, code), [])
        if device.name not in names:
            names.append(device.name)
        # What was broken on the way may be whole the next time.
        return told in (Reply.REFUSED, Reply.NONSENSE)
