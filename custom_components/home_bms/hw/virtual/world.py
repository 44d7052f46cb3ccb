"""Time for a virtual pack and its house: real, faster, or step by step."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil
from typing import Final

from ...core.model import PackReading, Switches
from .house import House
from .pack import LONGEST_STEP, VirtualPack

TICK: Final = 0.1
"""s of the clock between two looks that find the world moved on: the requests of one poll see one moment."""
LONGEST_GAP: Final = 6 * 3600.0
"""s of the world that are made up for at once; time that nobody saw beyond that did not happen."""


class VirtualWorld:
    """A pack, and a house if there is one, in their own time.

    The world moves when it is looked at, by `speed` seconds for each second of `clock`, or by `advance` alone
    if `speed` is 0.
    """

    def __init__(
        self,
        pack: VirtualPack,
        house: House | None = None,
        *,
        speed: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let the world begin now. Raises ValueError for a negative speed."""
        if not speed >= 0:
            raise ValueError(f"speed must be 0 or more, not {speed}")
        self.pack = pack
        self.house = house
        self.speed = speed
        self._clock = clock
        self._seen = clock()

    def advance(self, seconds: float) -> None:
        """Let `seconds` of the world pass, in steps that the inverter's control is stable with."""
        pieces = max(1, ceil(seconds / LONGEST_STEP))
        for _ in range(pieces):
            if self.house:
                self.house.step(seconds / pieces)
            self.pack.step(seconds / pieces)

    def catch_up(self) -> None:
        """Move on to the clock's time."""
        if not self.speed:
            return
        now = self._clock()
        passed = now - self._seen
        if passed >= TICK:
            self._seen = now
            self.advance(min(passed * self.speed, LONGEST_GAP))

    def reading(self) -> PackReading:
        """Return what the device tells now, at the clock's time."""
        self.catch_up()
        return self.pack.reading(self._clock())

    def apply(self, wish: Switches) -> None:
        """Move switches, now. Raises WriteRefusedError."""
        self.catch_up()
        self.pack.apply(wish)
