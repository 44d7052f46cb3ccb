"""Wakes a loop on a fixed grid of times."""

from __future__ import annotations

import asyncio


class Ticks:
    """The ticks of one loop, `period` s apart and the first `first` s away; what is missed is not made up for."""

    def __init__(self, period: float, *, first: float = 0.0) -> None:
        self._period = period
        self._first = first
        self._due: float | None = None

    async def wait(self) -> int:
        """Wait for the next tick; return how many were missed since the one before."""
        now, missed = asyncio.get_running_loop().time(), 0
        if self._due is None:
            self._due = now + self._first
        else:
            self._due += self._period
            if (late := now - self._due) >= 0:
                missed = int(late / self._period) + 1
                self._due += missed * self._period
        await asyncio.sleep(self._due - now)
        return missed
