"""One unit's way onto a link that it shares with others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, cast

from modbus_connection import (
    GatewayPathUnavailableError,
    GatewayTargetError,
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
    ModbusTimeoutError,
    ModbusUnit,
)

from .byte_addressed import whole
from .roundabout import NEVER, Roundabout

SILENT_AFTER: Final = 3
"""Requests in a row without an answer after which a unit is asked more and more seldom, while others answer."""
PAUSE_MOST: Final = 30.0
"""s between two requests to a unit that stays silent; the first pause is 1 s, each further one twice as long."""
PAUSE_WRITE: Final = 2.0
"""s between two writes to such a unit: one may open a switch, and must not wait until the unit is asked again."""
SAME_POLL: Final = 0.05
"""s; a request that comes so soon after the last belongs to the same poll, where nobody says when one begins."""
TIGHT_AT: Final = 6
STRIKE: Final = 2
"""What a failed request counts that came within a unit's silence after another unit's; a sound one counts back 1.

Three in a row, or every second one, and the unit has the whole link silent before its requests.
"""

SILENCE: Final = (ModbusTimeoutError, GatewayTargetError, GatewayPathUnavailableError)
"""How a link says that nobody answered; the last two come from a gateway, at once."""
WAITED_FOR: Final = ("read_", "write_", "mask_", "report_", "diagnostics", "get_")
"""What the names of a unit's requests begin with."""

REGISTERS: Final = ("read_holding_registers", "read_input_registers")


class Lane:
    """A Modbus unit that takes its turn on a `Roundabout` for each request.

    A unit that does not answer holds the link for a time-out each time. So while others answer it is left alone for a
    while that doubles; it is asked at once when the link as a whole comes back.
    """

    def __init__(self, unit: ModbusUnit, line: Roundabout, unit_id: int) -> None:
        """Join `line`, behind which `unit_id` is one of several."""
        self.unit_id = unit_id
        self.gap = 0.0
        """s of silence that the unit needs between two of its requests."""
        self.timeout: float | None = None
        """s within which it answers."""
        self.order = line.number()
        """The number of the poll that is under way."""
        self.silent = 0
        """Requests in a row that it did not answer."""
        self.tight = False
        """Whether it answers only if the whole link was silent before."""
        self._unit = unit
        self._line = line
        self._heard = False
        self._ask_at = NEVER
        self._strikes = 0
        self._begins = False
        """Whether whoever asks says when a poll begins."""
        self._ended = NEVER
        line.join(self)
        self._unsubscribe = unit.on_connection_lost(self.forgive)

    @property
    def unit(self) -> ModbusUnit:
        """The lane as what it looks like."""
        return cast("ModbusUnit", self)

    @property
    def connected(self) -> bool:
        """Whether the link is up."""
        return self._unit.connected

    @property
    def answers(self) -> bool:
        """Whether the last request was answered."""
        return self._heard and not self.silent

    def set_message_spacing(self, seconds: float) -> None:
        """Keep the silence here instead of on the link, where it would hold up everybody."""
        self.gap = seconds

    def require_timeout(self, seconds: float | None) -> None:
        """Ask the link for a time-out of at least `seconds`."""
        self.timeout = seconds
        self._unit.require_timeout(seconds)

    def leave(self) -> None:
        """Give back what was asked of the link, which may live on for others."""
        self._unsubscribe()
        other = self._line.leave(self)
        self._unit.require_timeout(None if other is None else other.timeout)

    def begin(self) -> None:
        """Begin a poll: its requests have the place in the order that it has now."""
        self._begins = True
        self.order = self._line.number()

    def forgive(self) -> None:
        """Have the unit asked again at once."""
        self._ask_at = NEVER

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the unit has
        """Pass everything on; a request waits for its turn."""
        found = getattr(self._unit, name)
        if not name.startswith(WAITED_FOR):
            return found

        async def request(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the unit does it
            answer = await found(*args, **kwargs)
            return whole(answer, kwargs.get("count") or args[1]) if name in REGISTERS else answer

        async def taken(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the unit does it
            return await self._ask(lambda: request(*args, **kwargs), urgent="write" in name)

        return taken

    async def _ask(self, request: Callable[[], Awaitable[Any]], *, urgent: bool) -> Any:  # noqa: ANN401 - see above
        """Take a turn, and note how it went; while the unit is left alone that costs the link nothing."""
        now = asyncio.get_running_loop().time()
        left = min(self._ask_at, self._ended + PAUSE_WRITE) - now if urgent else self._ask_at - now
        if left > 0 and self._line.others_answer(self):
            raise ModbusTimeoutError(
                f"unit {self.unit_id} did not answer {self.silent} times and is asked again in {left:.0f} s"
            )
        if not self._begins and now - self._ended > SAME_POLL:
            self.order = self._line.number()
        async with self._line.turn(self, urgent=urgent):
            await self._line.renew(self._unit)
            crowded = self._line.crowded(self)
            try:
                answer = await self._bounded(request)
            except ModbusError as err:
                await self._note(err, crowded=crowded)
                raise
            await self._note(None, crowded=crowded)
            return answer

    async def _bounded(self, request: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - see above
        """Send a request; one that holds up others for too long is given up, and the link with it.

        A request that is given up may leave a link out of step, so the next one has a new link.
        """
        longest = self._line.longest_turn if self._line.shared else None
        try:
            async with asyncio.timeout(longest):
                return await request()
        except TimeoutError as err:
            if isinstance(err, ModbusError):
                raise
            with suppress(ModbusError):
                await self._unit.disconnect()
            raise ModbusTimeoutError(f"unit {self.unit_id} held up the others for {longest} s") from err

    async def _note(self, error: ModbusError | None, *, crowded: bool) -> None:
        """Draw the conclusions from a request."""
        refused = isinstance(error, ModbusExceptionError) and not isinstance(error, SILENCE)
        expected = self.answers and not refused
        if error is None or refused:
            self._answered()
        elif isinstance(error, SILENCE):
            self._unanswered()
        if crowded and not isinstance(error, ModbusConnectionError):
            self._strikes = max(0, self._strikes + (-1 if error is None or refused else STRIKE))
            self.tight = self.tight or self._strikes >= TIGHT_AT
        self._ended = asyncio.get_running_loop().time()
        await self._line.heard(self._unit, self.unit_id, sound=error is None, expected=expected)

    def _answered(self) -> None:
        """Note that the unit is there, and if it is the first to be so again, that the link is."""
        first = self.silent >= SILENT_AFTER and not self._line.others_answer(self)
        self._heard, self.silent = True, 0
        self.forgive()
        if first:
            self._line.returned()

    def _unanswered(self) -> None:
        """Note that nobody answered."""
        self.silent += 1
        if self.silent >= SILENT_AFTER:
            # The exponent is kept small, for a unit may be gone for months.
            pause = min(PAUSE_MOST, 2.0 ** min(self.silent - SILENT_AFTER, 10))
            self._ask_at = asyncio.get_running_loop().time() + pause
