"""An inverter on CAN, to which home_bms is the battery.

What is told is sent again and again, for silence stops no inverter for sure: some go on with the last limits, others
with their own (`can/01_pylontech_lv.md`, `can/04_brand_usage.md`). So whatever happens, the frames keep flowing: with
what was last told, and with nothing permitted once that is too old.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final, override

from ...core.bank import STALLED, Bank
from ...core.model import Flow
from ..can import CLAIM_AFTER, CanLink, CanState
from ..can_claim import CanClaim
from ..can_frame import CanFrame, frame_of
from ..driver import DriverError
from .can_protocol import CanProtocol, Heard, Options
from .can_schedule import Schedule
from .inverter import NO_MEMORY, TOLD_FOR, Inverter, InverterInfo, InverterReading, Limits, Memory

LATE_AFTER: Final = 60.0
"""s without a frame of the inverter after which it is called late; a Deye pauses about midnight
(`can/01_pylontech_lv.md`)."""
RELEASE_FOR: Final = 10.0
"""s for which zero limits are sent before the silence: a Sunny Island needs that long to follow (`can/02`)."""
VALUES_FOR: Final = 10.0
"""s for which a measurement of the inverter counts; it is sent every second."""
DRAINED_WITHIN: Final = 1.0
"""s in which a frame leaves, or the bus is in trouble."""
SILENT: Final = "inverter_silent"
"""The alarm that says that the inverter is late."""


def nothing_permitted(bank: Bank) -> Bank:
    """Return the battery as it is, with no current permitted and none asked for; its voltages stay."""
    return replace(
        bank,
        ccl=0.0,
        dcl=0.0,
        charge_permitted=False,
        discharge_permitted=False,
        force_charge=False,
        full_charge=False,
    )


class CanInverter[O: Options](Inverter):
    """One inverter, or several that share a bus and a protocol."""

    def __init__(
        self,
        link: CanLink,
        protocol: CanProtocol[O],
        options: O,
        *,
        name: str = "",
        clock: Callable[[], float] = time.monotonic,
        listen_for: float = CLAIM_AFTER,
        release_for: float = RELEASE_FOR,
    ) -> None:
        """`clock` is that of the link; `listen_for` s the bus is listened to before anything is sent."""
        self.abilities = protocol.abilities
        self.lease = protocol.lease
        self._link = link
        self._protocol = protocol
        self._options = options
        self._rows = protocol.rows(options)
        self._info = InverterInfo(model=name or protocol.name)
        self._clock = clock
        self._listen_for = listen_for
        self._release_for = release_for
        self._heard = Heard()
        self._listening_since: float | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._bank: Bank | None = None
        self._told_at = 0.0
        self._released = False
        self._schedule = Schedule(self._rows, protocol.spacing, clock())
        self._news = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        """Why nothing is sent, until something is."""
        self._sent: int | None = None
        """Key of the frame that was sent last since the identifiers were claimed."""

    @property
    @override
    def info(self) -> InverterInfo:
        return self._info

    @property
    @override
    def memory(self) -> Memory:
        return NO_MEMORY

    @property
    @override
    def tells(self) -> bool:
        return self._sent is not None

    @property
    def heard(self) -> Heard:
        """What the inverter has told."""
        return self._heard

    @property
    def late(self) -> bool:
        """Whether the inverter has not been heard for so long that somebody should look; it is told all the same."""
        if not self._options.keepalive or self._listening_since is None:
            return False
        since = self._listening_since if self._heard.time is None else self._heard.time
        return self._clock() - since >= LATE_AFTER

    @override
    async def async_identify(self) -> InverterInfo:
        """Open the bus and listen; an inverter need not be there yet. Raises CanLinkError."""
        await self._link.open()
        self._listen()
        return self._info

    @override
    async def async_tell(self, bank: Bank, setpoint: float | None) -> None:
        """Have the battery told from now on, first after having listened; there is no set-point on CAN.

        Raises CanLinkError, `can_ids_in_use` where another node sends these identifiers; the next call tries again.
        """
        del setpoint
        self._keep(bank)
        await self._link.open()
        self._listen()
        if self._bank is None:
            return
        if self._sender is not None and self._sender.done():
            self._failure, self._sender = self._sender.exception(), None
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._run())
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if self._link.state in (CanState.SILENT, CanState.BUS_OFF):
            raise DriverError("no_answer", f"nobody on {self._link.params.key} acknowledges what is sent")

    @override
    async def async_read(self) -> InverterReading:
        if self._link.failure is not None:
            raise self._link.failure.with_traceback(None)
        now, heard = self._clock(), self._heard
        fresh = heard.told is not None and now - heard.told <= VALUES_FOR
        voltage, current = (heard.voltage, heard.current) if fresh else (None, None)
        alarms = (heard.alarms or frozenset()) | heard.requests | ({SILENT} if self.late else frozenset())
        return InverterReading(
            time=now,
            voltage=voltage,
            current=current,
            power=None if voltage is None or current is None else voltage * current,
            accepted=Limits(cvl=heard.cvl if fresh else None),
            alarms=alarms if alarms or heard.alarms is not None else None,
        )

    @override
    async def async_release(self, held: Flow = Flow.NONE) -> None:
        """Permit nothing in either direction, keep telling that for a while, and only then go silent."""
        del held
        try:
            if self._sender is not None and self._sent is not None:
                self._released = True
                self._schedule.hurry(self._clock())
                self._news.set()
                await asyncio.wait({self._sender}, timeout=self._release_for)
        finally:
            await self._silence()

    async def _silence(self) -> None:
        """Stop to send and to listen."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.cancel()
            # Why it had ended before does not matter any more.
            await asyncio.gather(sender, return_exceptions=True)
        self._unsubscribe = self._listening_since = self._bank = self._sent = self._failure = None
        self._released = False

    def _keep(self, bank: Bank) -> None:
        """Keep what is told; a charge voltage that cannot be gives way to the last that could, and nothing may flow.

        A Deye that is told such a one goes on charging with the limits it had (`can/04_brand_usage.md`).
        """
        self._told_at = self._clock()
        if bank.cvl > max(0.0, bank.dvl):
            self._bank = bank
        elif self._bank is not None:
            self._bank = nothing_permitted(replace(bank, cvl=self._bank.cvl, dvl=self._bank.dvl))

    def _seen(self, bank: Bank) -> Bank:
        """Return the battery as the inverter is to see it now."""
        if self._released:
            bank = nothing_permitted(bank)
        elif self._clock() - self._told_at > TOLD_FOR:
            bank = nothing_permitted(replace(bank, alarms=bank.alarms | {STALLED}))
        return self._protocol.seen(bank, self._heard)

    # --- The inverter's frames -------------------------------------------------------------------------------------

    def _listen(self) -> None:
        if self._unsubscribe is None:
            self._listening_since = self._clock()
            self._unsubscribe = self._link.subscribe(self._hear, self._protocol.listens)

    def _hear(self, frame: CanFrame) -> None:
        """Take a frame of the inverter; whatever it asks the battery to do is shown, and answers are sent soon."""
        answer = self._protocol.hear(frame, self._heard, self._options)
        self._heard = answer.heard
        for question in answer.asked:
            self._schedule.ask(question)
        self._news.set()

    # --- Our own ---------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Claim the identifiers, then send for ever. Raises CanLinkError."""
        self._sent = None
        claim = await self._link.claim({row.key for row in self._rows}, self._listen_for)
        try:
            self._failure = None
            self._schedule = Schedule(self._rows, self._protocol.spacing, self._clock())
            while True:
                if await self._send_next(claim):
                    await asyncio.sleep(self._protocol.spacing)
                else:
                    await self._wait()
        finally:
            with suppress(asyncio.CancelledError):
                await claim.drained(DRAINED_WITHIN)
            claim.release()

    async def _send_next(self, claim: CanClaim) -> bool:
        """Send the frame whose turn it is; tell whether there was one."""
        if self._bank is None or (self._protocol.waits and self._heard.time is None):
            return False
        row = self._schedule.take(self._clock())
        if row is None:
            return False
        data = row.encode(self._seen(self._bank), self._options)
        if data is not None:
            if row.key == self._sent:
                # It would take the place of the one before.
                await claim.drained(DRAINED_WITHIN)
            claim.send(frame_of(row.key, data))
            self._sent = row.key
        return True

    async def _wait(self) -> None:
        """Wait until a frame is due, or the inverter says something."""
        silent = self._protocol.waits and self._heard.time is None
        self._news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if silent else self._schedule.wait(self._clock())):
                await self._news.wait()
