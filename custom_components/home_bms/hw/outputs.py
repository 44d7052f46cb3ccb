"""Holds one output of a relay board with pulses that overlap, and notices when it falls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .driver import DriverError
from .relays import RelayDriver

PULSE: Final = 5.0
"""s for which one pulse holds an output at most: four polls may fail, and a dead host is noticed within this time.

`safety.md` C4 lets a timer run 10 s; the boards' sheet (`modbus/10_diy_boards.md` A1) asks for 3 to 5 s.
"""
OVERLAP: Final = PULSE / 2
"""s that are left of the running pulse when the other of two relays takes over."""
LOOKED: Final = 0.5
"""s for which what the relays were told need not be read again."""
EARLY: Final = 0.3
"""s by which a board's timer may end before ours."""
LATE: Final = 2.5
"""s after its end in which a pulse's end shows: two polls and what they take."""


class Output:
    """One or two relays that drive one coil, and how it is held.

    One relay is held by starting its running pulse anew. Two, whose contacts are in parallel, take turns: only a relay
    that is open gets a pulse, so it does not matter what a second pulse does. It is never closed without an end.
    """

    def __init__(self, board: RelayDriver, relays: tuple[int, ...], clock: Callable[[], float]) -> None:
        self.refusal: DriverError | None = None
        """Why it may not be held any more: the board does what its row says that it does not."""
        self._board = board
        self._relays = relays
        self._clock = clock
        self._ends = dict.fromkeys(relays, 0.0)
        """When each relay's pulse ends, if the board does as it should."""
        self._first_end = 0.0
        """When the first pulse of this time ends, if nothing starts it anew."""
        self._held = False
        """Whether it was seen closed since it was told to be."""
        self._fell = False
        """Whether it opened though it was held; it stays so until it is told to open."""

    @property
    def commanded(self) -> bool | None:
        """What the board was told, as it last said."""
        told = [self._board.relay(relay) for relay in self._relays]
        return True if True in told else None if None in told else False

    @property
    def held(self) -> bool:
        """Whether it was seen closed and its time is not over."""
        return self._held and self._clock() < max(self._ends.values())

    def observe(self) -> None:
        """See whether it fell: its relays are open before their time is over."""
        now = self._clock()
        if not self._held or self._fell or self.commanded is not False:
            return
        if now >= max(self._ends.values()) - EARLY:
            self._held = False
            return
        self._fell = True
        alone = len(self._relays) == 1
        if alone and self._first_end - EARLY <= now <= self._first_end + LATE:
            self.refusal = DriverError(
                "pulse_not_restarted", "the relay opened when its first pulse ended: the board does not restart a pulse"
            )

    def check(self) -> None:
        """Raise DriverError if it may not be held: the board does not keep it, or an input moves it too."""
        if self.refusal is not None:
            raise self.refusal
        linked = [self._board.linked(relay) for relay in self._relays]
        if True in linked:
            raise DriverError("relay_linked", "an input of the board moves the relay: set its mode to 0 (normal)")
        if None in linked:
            raise DriverError("relay_mode_unknown", "the board has not said yet whether an input moves the relay")

    async def async_hold(self, until: float, *, start: bool = True) -> None:
        """Keep it closed, until a time at the latest; close it only if it may `start`.

        Raises DriverError, and then it opens by itself.
        """
        self.check()
        if self._board.age > LOOKED:
            await self._board.async_look()
        self.observe()
        if self._fell or not (start or self.commanded):
            raise self.refusal or DriverError("relay_fell", "the relay is open though it should not be, and stays so")
        seconds = min(PULSE, until - self._clock())
        if (relay := self._due()) is None or seconds <= 0:
            return
        self._note(relay, seconds)
        await self._board.async_pulse(relay, seconds)
        await self._board.async_look()
        if self.commanded is not True:
            raise DriverError("not_effective", f"relay {relay + 1} took no notice of its pulse")
        self._held = True

    async def async_open(self) -> None:
        """Open it now. Raises DriverError after all of its relays were tried."""
        self._held = self._fell = False
        trouble: DriverError | None = None
        for relay in self._relays:
            if self._board.relay(relay) is False and not self._ends[relay]:
                continue
            try:
                await self._board.async_open(relay)
            except DriverError as err:
                trouble = trouble or err
            else:
                self._ends[relay] = 0.0
        if trouble is not None:
            raise trouble

    def _due(self) -> int | None:
        """Return the relay that gets a pulse now, if any."""
        if len(self._relays) == 1:
            return self._relays[0]
        if max(self._ends.values()) - self._clock() > OVERLAP and self.commanded:
            return None
        return next((relay for relay in self._relays if self._board.relay(relay) is False), None)

    def _note(self, relay: int, seconds: float) -> None:
        """Note a pulse before it is sent: if its acknowledgement is lost, it has begun all the same."""
        now = self._clock()
        if not self._held:
            self._first_end = now + seconds
        self._ends[relay] = now + seconds
