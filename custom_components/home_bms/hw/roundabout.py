"""Gives the units that share one link their turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from modbus_connection import ModbusError, ModbusUnit

if TYPE_CHECKING:
    from .lane import Lane

NEVER: Final = float("-inf")
RECYCLE_AFTER: Final = 6
"""Requests in a row without a sound answer after which the link is dropped and made anew.

An answer that was cut short leaves some links out of step for as long as they stay open. Each time in vain doubles the
number, for others may use the link in peace.
"""
RECYCLE_MOST: Final = 96
LONGEST_TURN: Final = 3.0
"""s for which one unit of several may hold the link, and at least twice the longest of their time-outs.

Some libraries ask a busy device again for up to a minute, and a link that others opened may wait longer than ours do.
"""


@dataclass(slots=True, eq=False)
class _Turn:
    """A request that waits for the link."""

    lane: Lane
    order: tuple[bool, int]
    go: asyncio.Future[None]


class Roundabout:
    """The order on one link, which carries one request at a time.

    A write goes first, for it may open a switch; then the unit whose poll began first, so that each is read once in a
    cycle. The silence that a unit needs is its own: while it lasts, others have their turns. A unit that does not get
    along with that (`Lane.tight`) has the whole link silent before and after its requests.
    """

    def __init__(self) -> None:
        self._lanes: list[Lane] = []
        self._waiting: list[_Turn] = []
        self._taken = False
        self._timer: asyncio.TimerHandle | None = None
        self._numbers = count()
        self._ended: dict[int, float] = {}
        """When each unit's last request ended, by unit id."""
        self._last_unit: int | None = None
        self._last_end = NEVER
        self._quiet_until = NEVER
        self._deaf = 0
        """Requests in a row without a sound answer, of whichever unit."""
        self._recycle_at = RECYCLE_AFTER
        self._failed: int | None = None
        """The unit whose request was the last to fail since the last sound answer."""
        self._mended = False
        """Whether the link was dropped since then because of two units."""
        self._stale = False
        """Whether the link was open before the first unit said how long it wants to wait."""

    @property
    def shared(self) -> bool:
        """Whether there are several units."""
        return len({lane.unit_id for lane in self._lanes}) > 1

    @property
    def busy(self) -> bool:
        """Whether a request is under way, or waits."""
        return self._taken or bool(self._waiting)

    @property
    def longest_turn(self) -> float:
        """How many s one unit may hold the link."""
        return max(LONGEST_TURN, 2 * max(lane.timeout or 0.0 for lane in self._lanes))

    def number(self) -> int:
        """Return the next number in the order of polls."""
        return next(self._numbers)

    def join(self, lane: Lane) -> None:
        """Take a unit in. A link keeps the time-out that it was opened with, so one that is open is renewed first."""
        self._stale = self._stale or (not self._lanes and lane.connected)
        self._lanes.append(lane)

    def leave(self, lane: Lane) -> Lane | None:
        """Let a unit go; return another lane to the same unit, if there is one."""
        if lane in self._lanes:
            self._lanes.remove(lane)
        return next((other for other in self._lanes if other.unit_id == lane.unit_id), None)

    def others_answer(self, lane: Lane) -> bool:
        """Whether units other than this one answer, so that not the link as a whole is at fault."""
        return any(other.answers for other in self._lanes if other.unit_id != lane.unit_id)

    def returned(self) -> None:
        """Have every unit asked again at once, for the link as a whole has come back."""
        for lane in self._lanes:
            lane.forgive()

    def crowded(self, lane: Lane) -> bool:
        """Whether another unit had the link within the silence that this one needs."""
        since = asyncio.get_running_loop().time() - self._last_end
        return self._last_unit not in (None, lane.unit_id) and since < lane.gap

    @asynccontextmanager
    async def turn(self, lane: Lane, *, urgent: bool) -> AsyncIterator[None]:
        """Have the link for one request."""
        turn = _Turn(lane, (not urgent, lane.order), asyncio.get_running_loop().create_future())
        self._waiting.append(turn)
        self._next()
        try:
            await turn.go
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:
                self._taken = False
            self._next()
            raise
        try:
            yield
        finally:
            self._end(lane)

    async def renew(self, unit: ModbusUnit) -> None:
        """Drop a link that others opened, once, so that it is made anew with the time-out that its units need."""
        if self._stale:
            self._stale = False
            with suppress(ModbusError):
                await unit.disconnect()

    async def heard(self, unit: ModbusUnit, unit_id: int, *, sound: bool, expected: bool) -> None:
        """Note how a request went; a link that has not brought a sound answer for long is dropped.

        It is dropped at once, but only once, when two units fail one after the other of which the second was `expected`
        to answer: half an answer of the first that waits for its end swallows those of others.
        """
        if sound:
            self._deaf, self._recycle_at = 0, RECYCLE_AFTER
            self._failed, self._mended = None, False
            return
        self._deaf += 1
        swallowed = expected and not self._mended and self._failed not in (None, unit_id)
        self._failed, self._mended = unit_id, self._mended or swallowed
        if self._deaf >= self._recycle_at:
            self._deaf, self._recycle_at = 0, min(2 * self._recycle_at, RECYCLE_MOST)
        elif not swallowed:
            return
        with suppress(ModbusError):
            await unit.disconnect()

    def _next(self) -> None:
        """Give the link to whoever is next, or see when that will be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._taken or not self._waiting:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._waiting.sort(key=lambda turn: turn.order)
        first = self._waiting[0]
        # For a unit that needs the whole link silent it is kept so; else whoever need not wait goes ahead.
        able = self._waiting[:1] if first.lane.tight else self._waiting
        chosen = next((turn for turn in able if self._ready_at(turn.lane) <= now), None)
        if chosen is None:
            self._timer = loop.call_at(min(self._ready_at(turn.lane) for turn in able), self._next)
            return
        self._waiting.remove(chosen)
        self._taken = True
        chosen.go.set_result(None)

    def _ready_at(self, lane: Lane) -> float:
        """Return when a unit may be asked."""
        own = self._ended.get(lane.unit_id, NEVER) + lane.gap
        return max(self._quiet_until, own, self._last_end + lane.gap if lane.tight else NEVER)

    def _end(self, lane: Lane) -> None:
        """Pass the link on."""
        now = asyncio.get_running_loop().time()
        self._taken = False
        self._last_end = self._ended[lane.unit_id] = now
        self._last_unit = lane.unit_id
        self._quiet_until = now + lane.gap if lane.tight else NEVER
        self._next()
