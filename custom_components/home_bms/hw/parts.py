"""Reads and writes a pack that is built from parts, as one driver over those of its members."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, override

from ..core.model import ConfigError, Decision, HardwareRing, Level, PackReading, Switches
from .asked_limits import standing
from .devices import DEVICES
from .driver import Capability, DeviceInfo, Driver, DriverError, IdentityChangedError
from .outputs import Output
from .parts_config import Member, Parts, SwitchRow
from .parts_lint import Severity, lint_parts, may_control
from .parts_reading import Assembly, Seat, first
from .registers import Kind
from .relays import RelayDriver

MANUFACTURER: Final = "home_bms"
PATIENCE: Final = 0.6
"""s that one look waits for a member: a poll is a second, and what the others told must not grow old meanwhile."""

type Connect = Callable[[Member, int], Any]
"""Returns what `Device.driver` takes for a member's unit id: a Modbus unit, able to write coils (`raw_coil.able`)."""
type Permit = Callable[[SwitchRow], str | None]
"""Returns why an additional switch may not close now, as a key, or `None`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraSwitch:
    """An additional relay as it is now."""

    row: SwitchRow
    wanted: bool
    commanded: bool | None
    position: bool | None
    """What its auxiliary contact shows; `None` without one."""


class PartsDriver(Driver):
    """A pack that is several devices on one or more links.

    Every member is read at once; those of one link take turns there. A member that is silent takes its own values with
    it and no others, after `FRESH` seconds. A group's time is that of its oldest value.
    """

    def __init__(
        self,
        parts: Parts,
        connect: Connect,
        *,
        permit: Permit = lambda _: "not_permitted",
        clock: Callable[[], float] = time.monotonic,
        spacing: float | None = None,
    ) -> None:
        """Open every member. Raises ConfigError for a set that is no pack."""
        self.parts = parts
        self.problems = lint_parts(parts)
        if self.problems and self.problems[0].severity is Severity.REFUSED:
            first = self.problems[0]
            raise ConfigError(first.key, first.field, member=first.member or "", detail=first.detail)
        self._permit = permit
        self._clock = clock
        self._seats = [
            Seat(row=row, driver=DEVICES[row.device].driver(connect(row, unit), clock=clock, spacing=spacing))
            for row in parts.members
            for unit in row.unit_ids
        ]
        self._lock = asyncio.Lock()
        """One at a time tells the outputs."""
        self._outputs: dict[str, Output] = {
            name: Output(seat.driver, relays, clock)
            for seat in self._seats
            if isinstance(seat.driver, RelayDriver)
            for name, relays in seat.row.outputs.items()
        }
        self._rows = {row.name: row for member in parts.members for row in member.switches}
        self._wanted = dict.fromkeys(self._rows, False)
        self._info: DeviceInfo | None = None
        self._assembly = Assembly(parts, self._seats, clock)
        self.capabilities: Capability = Capability.NONE
        if may_control(self.problems) and "main" in self._outputs:
            self.capabilities |= Capability.RELAYS
        if self._balancers():
            self.capabilities |= Capability.BALANCE_SWITCH

    @property
    @override
    def info(self) -> DeviceInfo:
        if self._info is None:
            raise DriverError("no_answer", "no member has been identified yet")
        return self._info

    @property
    def members(self) -> Mapping[str, DeviceInfo | None]:
        """Who each member says it is; `None` for one that was never heard."""
        return {seat.row.name: _told(seat.driver) for seat in reversed(self._seats)}

    @property
    def troubles(self) -> Mapping[str, DriverError]:
        """The members that do not answer now, and why."""
        return {seat.row.name: seat.trouble for seat in self._seats if seat.trouble is not None}

    @property
    def extra_switches(self) -> Mapping[str, ExtraSwitch]:
        """The additional relays by name."""
        return {
            name: ExtraSwitch(
                row=row,
                wanted=self._wanted[name],
                commanded=self._outputs[name].commanded,
                position=self._assembly.position(name),
            )
            for name, row in self._rows.items()
        }

    @override
    async def async_identify(self) -> DeviceInfo:
        await self._everyone(lambda driver: driver.async_identify())
        return self.info

    @override
    async def async_read(self) -> PackReading:
        await self._everyone(lambda driver: driver.async_read())
        for output in self._outputs.values():
            output.observe()
        main = self._outputs.get("main")
        return self._assembly.reading(
            commanded=None if main is None else main.commanded, alarms=self._alarms(), ring=self.info.hardware_ring
        )

    @override
    async def async_apply(self, decision: Decision) -> None:
        troubles: list[DriverError] = []
        wish = Switches(balance=decision.switches.balance, bleed=decision.switches.bleed)
        for seat in self._balancers():
            await _try(seat.driver.async_apply(replace(decision, switches=wish, relays=None)), troubles)
        async with self._lock:
            await self._drive(decision, troubles)
        if troubles:
            raise troubles[0]

    @override
    async def async_release(self) -> None:
        """Stop renewing, so that the contactor opens when its pulse ends; a resistor is not left to glow so long."""
        troubles: list[DriverError] = []
        for seat in self._balancers():
            await _try(seat.driver.async_release(), troubles)
        async with self._lock:
            self._wanted = dict.fromkeys(self._wanted, False)
            if (precharge := self._outputs.get("precharge")) is not None and precharge.commanded is not False:
                await _try(precharge.async_open(), troubles)
        if troubles:
            raise troubles[0]

    async def async_close(self) -> None:
        """Wait for members that still owe an answer; their links bound that."""
        if late := [seat.asking for seat in self._seats if seat.asking is not None]:
            await asyncio.wait(late)

    async def async_switch(self, name: str, on: bool) -> None:
        """Switch an additional relay: opening always, closing only with permission. Raises DriverError."""
        output = self._outputs[name]
        async with self._lock:
            self._wanted[name] = False
            if not on:
                await output.async_open()
                return
            self._check_control()
            if (reason := self._permit(self._rows[name])) is not None:
                raise DriverError(reason, f"{name} may not close now: {reason}")
            await output.async_hold(float("inf"))
            self._wanted[name] = True

    async def async_test_pulse(
        self, member: str, relay: int, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> bool:
        """Find out on a relay that drives nothing whether a second pulse starts the running one anew.

        Takes some 7 s. Raises DriverError: `relay_in_use`, or `pulse_adds_up` for a board whose pulses add up, which
        would hold a contactor long after home_bms has died.
        """
        board = next((seat.driver for seat in self._seats if seat.row.name == member), None)
        used = [used for row in self.parts.members if row.name == member for used in _chained(row.outputs.values())]
        if not isinstance(board, RelayDriver) or relay in used:
            raise DriverError("relay_in_use", f"relay {relay + 1} of {member} cannot be tried out")
        async with self._lock:
            await board.async_pulse(relay, 4.0)
            await sleep(2.0)
            await board.async_pulse(relay, 4.0)
            await sleep(2.5)
            await board.async_look()
            restarted = board.relay(relay)
            await sleep(2.1)
            await board.async_look()
            if board.relay(relay) is not False:
                await board.async_open(relay)
                raise DriverError("pulse_adds_up", "the board adds a second pulse to the first")
            return restarted is True

    # Reading.

    async def _everyone(self, ask: Callable[[Driver], Coroutine[Any, Any, PackReading | DeviceInfo]]) -> None:
        """Ask every member at once, and wait a while for each.

        One that takes longer goes on in the background: a request that is given up would put others on its link out of
        step. Raises DriverError if none answers, IdentityChangedError if a stranger does.
        """
        for seat in self._seats:
            if seat.asking is None:
                seat.asking = asyncio.create_task(ask(seat.driver), name=f"home_bms {seat.row.name}")
                seat.asking.add_done_callback(_retrieve)
        await asyncio.wait([seat.asking for seat in self._seats if seat.asking], timeout=PATIENCE)
        for seat in self._seats:
            try:
                _take(seat)
            except DriverError as err:
                seat.trouble = _named(seat.row.name, err)
            else:
                seat.trouble = None
        troubles = [seat.trouble for seat in self._seats if seat.trouble is not None]
        if stranger := next((trouble for trouble in troubles if trouble.key == "identity_changed"), None):
            for seat in self._seats:
                seat.reading = None
            raise stranger
        if len(troubles) == len(self._seats):
            raise troubles[0]
        self._introduce()

    def _introduce(self) -> None:
        """Take over who the members say they are."""
        told = [info for seat in self._seats if (info := _told(seat.driver)) is not None]
        rings = [
            info.hardware_ring
            for seat in self._seats
            if DEVICES[seat.row.device].kind in (Kind.CELLS, Kind.PACK) and (info := _told(seat.driver)) is not None
        ]
        info = DeviceInfo(
            manufacturer=MANUFACTURER,
            model=" + ".join(dict.fromkeys(DEVICES[row.device].name for row in self.parts.members)),
            serial_number="",
            cells=self.parts.cells,
            capacity=first(info.capacity for info in told),
            temperature_sensors=self.parts.temperature_sensors,
            hardware_ring=HardwareRing(
                **{name: first(getattr(ring, name) for ring in rings) for name in HardwareRing.__slots__}
            ),
            chemistry=first(info.chemistry for info in told),
        )
        if info != self._info:
            self._info = info

    def _alarms(self) -> frozenset[str]:
        """Return what is wrong with the outputs."""
        refused = {output.refusal.key for output in self._outputs.values() if output.refusal is not None}
        return frozenset(refused | {"relay_linked" for seat in self._seats if _moved_by_input(seat)})

    # Writing.

    def _balancers(self) -> list[Seat]:
        """Return the members that have a balancer which can be switched; their other switches are left alone."""
        return [seat for seat in self._seats if Capability.BALANCE_SWITCH in seat.driver.capabilities]

    def _check_control(self) -> None:
        """Raise DriverError if the set may only be watched, or a board does not do what it was said to."""
        for problem in self.problems:
            if problem.severity is not Severity.ADVICE:
                raise DriverError(problem.key, f"these parts can only be watched: {problem.key}")
        for output in self._outputs.values():
            output.check()

    async def _drive(self, decision: Decision, troubles: list[DriverError]) -> None:
        """Open what is to be open, then hold what is to be closed."""
        relays, wanted = decision.relays, dict[str, float]()
        # Only on its way to closed, after the precharge, may a coil without power get some.
        starts = relays is not None and relays.precharge
        opened: list[str] = []
        if relays is not None:
            for name, on in (("main", relays.main), ("precharge", relays.precharge)):
                if name not in self._outputs:
                    continue
                if not on:
                    opened.append(name)
                elif relays.pulse_until is not None:
                    wanted[name] = relays.pulse_until
        tripped = decision.worst is Level.TRIP
        for name, closed in self._wanted.items():
            # What fell or was not renewed is closed again by a person only.
            if closed and not tripped and self._outputs[name].held:
                wanted[name] = float("inf")
            elif closed:
                self._wanted[name] = False
            elif not tripped:
                opened.append(name)
        for name in opened:
            await _try(self._outputs[name].async_open(), troubles)
        for name, until in wanted.items():
            try:
                self._check_control()
                await self._outputs[name].async_hold(until, start=starts or name != "main")
            except DriverError as err:
                troubles.append(err)


async def _try(work: Awaitable[None], troubles: list[DriverError]) -> None:
    """Do something and go on if it fails."""
    try:
        await work
    except DriverError as err:
        troubles.append(err)


def _take(seat: Seat) -> None:
    """Take what a member answered. Raises DriverError if it did not, or another did in its place."""
    if seat.asking is None or not seat.asking.done():
        raise DriverError("no_answer", "takes longer than a poll")
    asking, seat.asking = seat.asking, None
    if asking.cancelled():
        raise DriverError("no_answer", "the question was withdrawn")
    answer = asking.result()
    if seat.known is None:
        seat.known = seat.row.fingerprint or seat.driver.info.fingerprint
    if seat.known != (found := seat.driver.info.fingerprint):
        raise IdentityChangedError(seat.known, found)
    if isinstance(answer, PackReading):
        seat.reading = standing(answer, seat.reading)


def _named(name: str, err: DriverError) -> DriverError:
    """Return a member's error as one of the pack that says which member it is; a stranger stays one."""
    if isinstance(err, IdentityChangedError):
        return IdentityChangedError(f"{name} {err.ours}", f"{name} {err.fingerprint}")
    return DriverError(err.key, f"{name}: {err}")


def _retrieve(asking: asyncio.Task[Any]) -> None:
    """Look at a task's error, so that asyncio does not report it when nobody asks any more."""
    if not asking.cancelled():
        asking.exception()


def _told(driver: Driver) -> DeviceInfo | None:
    """Return who a member says it is, if it ever said."""
    try:
        return driver.info
    except DriverError:
        return None


def _moved_by_input(seat: Seat) -> bool:
    """Tell whether an input of a member's board moves a relay that home_bms drives."""
    board = seat.driver
    return isinstance(board, RelayDriver) and any(
        board.linked(relay) is True for relay in _chained(seat.row.outputs.values())
    )


def _chained(relays: Iterable[tuple[int, ...]]) -> list[int]:
    return [relay for some in relays for relay in some]
